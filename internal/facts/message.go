package facts

import (
	"net/netip"
	"slices"
	"time"
)

// The fields of a Stream that a message can tell.
const (
	LearnedIPs        = "ips"
	LearnedMailFrom   = "mail_from"
	LearnedHELO       = "helo"
	LearnedDKIMDomain = "dkim_domain"
	LearnedSelectors  = "selectors"
)

// HasLearned says whether a field of the stream was taken from a message.
func (s Stream) HasLearned(field string) bool { return slices.Contains(s.Learned, field) }

// Named says whether somebody named the selector, the user or mail that was signed with it. Whether a guessed one is
// in use nobody knows.
func (k Key) Named() bool {
	return k.Origin == "flag" || k.Origin == "message" || k.Origin == LearnedByReports
}

// Message is what one sample message showed of the way it was sent.
type Message struct {
	Stream     string       `json:"stream"`           // the stream that was learned from it
	From       string       `json:"from"`             // the author domain (RFC 5322 From), an A-label name
	Hop        *Hop         `json:"hop,omitempty"`    // the Received field by which it came to the receiver; nil where none is seen
	Why        string       `json:"why,omitempty"`    // why none is
	Sender     string       `json:"sender,omitempty"` // the envelope sender, by Return-Path: an address, "<>", or "" where it is not known
	Signatures []Signature  `json:"signatures"`
	Authors    int          `json:"authors,omitempty"` // addresses in From
	Unread     int          `json:"unread,omitempty"`  // signatures beyond those that are looked at
	Content    *Content     `json:"content,omitempty"` // of the pre-flight of a message; nil for a sample
	Scores     []Score      `json:"scores,omitempty"`  // what the filters that were named say of it
	Results    *AuthResults `json:"results,omitempty"` // what the receiver wrote: its word, and nothing is judged by it
}

// Hop is the Received field that tells who handed the message to the receiver.
type Hop struct {
	Number int        `json:"number"` // from the top of the message, from 1
	Of     int        `json:"of"`     // Received fields
	Text   string     `json:"text"`
	By     string     `json:"by"`
	HELO   string     `json:"helo"`
	RDNS   string     `json:"rdns,omitempty"` // as the receiver saw it
	IP     netip.Addr `json:"ip"`
}

// AuthResults is the topmost Authentication-Results of a message (RFC 8601).
type AuthResults struct {
	Server  string   `json:"server"` // the authserv-id
	Results []string `json:"results"`
}

// Signature is one DKIM-Signature of a message, verified against the keys published now (RFC 6376 6.1).
type Signature struct {
	Domain   string `json:"domain"`   // d=
	Selector string `json:"selector"` // s=
	// Result is pass, fail, policy, temperror or permerror (RFC 8601 2.7.1). policy is a signature that fits message and key, and
	// does not count everywhere: receivers differ on l=, and one that is past its x= says nothing of mail that is sent today.
	Result    string    `json:"result"`
	Why       string    `json:"why,omitempty"`
	Bits      int       `json:"bits,omitempty"` // of the published key
	Key       string    `json:"key,omitempty"`  // of several key records at the selector, the only one with which it verifies
	Algorithm string    `json:"algorithm,omitempty"`
	Expires   time.Time `json:"expires,omitzero"` // x=
	// Faults are what RFC 6376 and RFC 8301 have verifiers, or let them, take for none; Holds says whether it fits the message and
	// the key in p= of the record for one who minds neither them nor the rest of the record.
	Faults []string `json:"faults,omitempty"`
	Holds  bool     `json:"holds"`
}

// The faults of a Signature.
const (
	FaultExpired   = "expired"   // x= is past
	FaultFuture    = "future"    // t= is still to come
	FaultAgent     = "agent"     // i= is not of d=
	FaultUncovered = "uncovered" // it does not cover From
	FaultSHA1      = "sha1"
	FaultLength    = "length"   // l=
	FaultVersion   = "version"  // v= is not 1
	FaultUnknown   = "unknown"  // a= or c= that there is not
	FaultCapitals  = "capitals" // in a=
)

// The results of a Signature.
const (
	SignaturePass      = "pass"
	SignatureFail      = "fail"
	SignaturePolicy    = "policy"
	SignatureTempError = "temperror"
	SignaturePermError = "permerror"
)
