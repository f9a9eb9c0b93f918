// Package dnsx is the first seam of mailaudit: one resolver interface with one method. The client
// that asks real servers, zone files, the what-if overlay, the per-audit memo and the tests' servers all
// meet here. It is, beside testnet, the only package that knows github.com/miekg/dns.
//
// A lookup never returns an error: a failure is evidence (Answer.Status is Failed and Cause says why), so
// that no caller can mistake "could not find out" for "is not there" (RFC 2308 keeps NXDOMAIN, NODATA and
// server failure apart, and so does Status).
package dnsx

import (
	"context"
	"net/netip"
	"time"
)

// Type is a DNS record type by its number (IANA DNS parameters).
type Type uint16

// The types that mailaudit asks for.
const (
	A      Type = 1
	NS     Type = 2
	CNAME  Type = 5
	SOA    Type = 6
	PTR    Type = 12
	MX     Type = 15
	TXT    Type = 16
	AAAA   Type = 28
	SRV    Type = 33
	DS     Type = 43
	RRSIG  Type = 46
	DNSKEY Type = 48
	TLSA   Type = 52
	SPF    Type = 99 // retired (RFC 7208 14.1)
	CAA    Type = 257
)

// Question is one name and type, class IN. Name is in presentation form, lower case, without the dot at the
// end; the root is ".". Use Q to make one.
type Question struct {
	Name string `json:"name"`
	Type Type   `json:"type"`

	// Unchecked sets CD: a resolver that validates gives what does not validate, too (RFC 4035 3.2.2).
	Unchecked bool `json:"unchecked,omitempty"`
	// Server is an authoritative server that is asked itself, on port 53 and without recursion; zero: the resolvers are.
	Server netip.Addr `json:"server,omitzero"`
	// TCP asks over TCP at once.
	TCP bool `json:"tcp,omitempty"`
}

// Status is the outcome of a lookup.
type Status string

// The four outcomes. NoData: the name exists, records of this type do not. Failed: nothing is known.
const (
	Found    Status = "found"
	NoData   Status = "nodata"
	NXDomain Status = "nxdomain"
	Failed   Status = "failed"
)

// Record is one resource record of the type that was asked for.
type Record struct {
	Name       string     `json:"name"` // owner, as Question.Name
	Type       Type       `json:"type"`
	TTL        uint32     `json:"ttl"`               // seconds
	Data       string     `json:"data"`              // RDATA in presentation form, as in a zone file
	Text       string     `json:"text,omitempty"`    // TXT: the strings' octets joined with nothing between (RFC 7208 3.3), unescaped
	Strings    []string   `json:"strings,omitempty"` // TXT: the octets of each character-string
	Addr       netip.Addr `json:"addr,omitzero"`     // A, AAAA
	Target     string     `json:"target,omitempty"`  // MX, NS, PTR, CNAME, SRV, SOA mname: a name as Question.Name; "." for the root
	Preference uint16     `json:"preference,omitempty"`
	Priority   uint16     `json:"priority,omitempty"`
	Weight     uint16     `json:"weight,omitempty"`
	Port       uint16     `json:"port,omitempty"`
}

// Answer is what one lookup found out. With Found, Records holds at least one record. Chain lists the targets of the
// CNAMEs that were followed, in order; Status is then that of the last of them.
type Answer struct {
	Question      Question `json:"question"`
	Status        Status   `json:"status"`
	Records       []Record `json:"records,omitempty"`
	Chain         []string `json:"chain,omitempty"`
	Authenticated bool     `json:"authenticated,omitempty"` // the resolver set AD
	Cause         string   `json:"cause,omitempty"`         // why Failed, in words, with whose side it is on where that can be told; why NXDomain, if the name cannot exist
	Asked         int      `json:"asked"`                   // questions put on the wire for this answer: a repeat over TCP counts, a retransmission does not
	Rcode         string   `json:"rcode,omitempty"`         // of Failed: the last response code that came, such as SERVFAIL; "" where none did
	// Keep is how long a cache may give the answer again: what the TTLs allow (RFC 1035 3.2.1, RFC 2308 5). It is no evidence.
	Keep time.Duration `json:"-"`

	Server *Server `json:"server,omitempty"` // where Question.Server was asked: what else was seen of it
}

// Server is how an authoritative server took a question. An answer without authority is Failed: it is as good as none
// (RFC 1912 2.8).
type Server struct {
	Authoritative bool     `json:"authoritative,omitempty"` // it set AA
	Silence       Silence  `json:"silence,omitempty"`       // why there is no answer from it
	Referral      []Record `json:"referral,omitempty"`      // the NS records that it names instead of an answer (RFC 1034 4.3.1)
	Glue          []Record `json:"glue,omitempty"`          // addresses of these that came along
	Recased       bool     `json:"recased,omitempty"`       // it changed the case of the name in the question, which it has to copy
	Plain         bool     `json:"plain,omitempty"`         // it takes a question only without EDNS (RFC 6891 7)
}

// Silence is why no message of a server could be used.
type Silence string

// Quiet and Unreachable may be our own network's doing.
const (
	Heard       Silence = ""            // one could
	Quiet       Silence = "quiet"       // nothing came in time
	Closed      Silence = "closed"      // the port is closed, or the connection was ended without an answer
	Unreachable Silence = "unreachable" // nothing could be sent, or the caller gave up before its time
	Garbled     Silence = "garbled"     // what came was no answer
)

// Resolver answers questions. Lookup returns when ctx ends at the latest, then with Failed.
type Resolver interface {
	Lookup(ctx context.Context, q Question) Answer
}
