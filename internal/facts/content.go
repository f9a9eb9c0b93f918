package facts

import (
	"net/netip"
	"time"
)

// Content is what a message itself says, as it was written (RFC 5322). Names of fields are in lower case.
type Content struct {
	Size        int        `json:"size"`             // octets, with the line ends of a message in transit
	Received    int        `json:"received"`         // Received fields
	From        int        `json:"from"`             // From fields
	Author      string     `json:"author,omitempty"` // the author domain; "" where none can be told
	AuthorWhy   string     `json:"author_why,omitempty"`
	Dates       []string   `json:"dates"` // as written
	Date        time.Time  `json:"date,omitzero"`
	MessageIDs  []string   `json:"message_ids"`
	Repeated    []string   `json:"repeated"`             // fields that may stand once and stand several times
	Broken      int        `json:"broken,omitempty"`     // lines of the header that are no field
	EightBit    []string   `json:"eight_bit"`            // fields with octets that are not ASCII
	Longest     int        `json:"longest"`              // octets of the longest line, without its end
	LongestAt   int        `json:"longest_at,omitempty"` // its number, from 1
	BareCR      int        `json:"bare_cr,omitempty"`
	BareLF      int        `json:"bare_lf,omitempty"` // where other lines end in CRLF
	List        bool       `json:"list,omitempty"`    // it says itself that it is sent to many: List-Id, or Precedence: bulk or list
	Unsubscribe []string   `json:"unsubscribe"`       // List-Unsubscribe (RFC 2369 3.2)
	OneClick    []string   `json:"one_click"`         // List-Unsubscribe-Post (RFC 8058 3.1)
	Coverage    []Coverage `json:"coverage"`          // one for each of Message.Signatures

	Path         []Relay   `json:"path"`                 // the way that it came by its Received fields, the newest first
	Links        []string  `json:"links"`                // registrable domains that it leads to
	LinksLeft    int       `json:"links_left,omitempty"` // further ones, which no list is asked about
	LinkListings []Listing `json:"link_listings"`        // what domain blocklists say of Links
	Attachments  []string  `json:"attachments"`          // names of files
	ARC          *ARC      `json:"arc,omitempty"`        // nil without ARC fields
}

// Relay is one Received field (RFC 5321 4.4). Whoever sent the message may have written it.
type Relay struct {
	Number int        `json:"number"` // from the top of the message, from 1
	From   string     `json:"from"`   // the name in HELO
	RDNS   string     `json:"rdns,omitempty"`
	IP     netip.Addr `json:"ip,omitzero"`
	By     string     `json:"by"`
	With   string     `json:"with"`
	TLS    string     `json:"tls,omitempty"` // as eml.Received
	Time   time.Time  `json:"time,omitzero"`
	Delay  *int64     `json:"delay,omitempty"` // seconds since the hop before; negative where clocks differ; nil where a time is missing
}

// ARC are the ARC sets of a message (RFC 8617), verified with the keys that are published now.
type ARC struct {
	Sets     int      `json:"sets"`
	CV       string   `json:"cv"`       // of the newest seal
	Problems []string `json:"problems"` // of their form
	// Result is the Chain Validation Status (RFC 8617 5.2), pass or fail, or unknown where a key could not be looked up.
	Result     string         `json:"result"`
	Why        string         `json:"why,omitempty"`
	Signatures []ARCSignature `json:"signatures,omitempty"` // the newest ARC-Message-Signature, then the seals from the newest
}

// The results of ARC.
const (
	ARCPass    = "pass"
	ARCFail    = "fail"
	ARCUnknown = "unknown"
)

// ARCSignature is one signature of the chain. Its Result is as that of Signature, and never policy.
type ARCSignature struct {
	Field    string `json:"field"` // ARC-Message-Signature or ARC-Seal
	Instance int    `json:"instance"`
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	Result   string `json:"result"`
	Why      string `json:"why,omitempty"`
}

// Score is what one filter says of a message.
type Score struct {
	Engine string        `json:"engine"` // spamd or rspamd
	Addr   string        `json:"addr"`
	Of     Fact[Opinion] `json:"of"`
}

// Opinion is a filter's score; it takes the message for spam from Required on.
type Opinion struct {
	Score    float64  `json:"score"`
	Required float64  `json:"required"`
	Symbols  []string `json:"symbols"`
}

// Coverage is what a signature says of itself (RFC 6376 3.5).
type Coverage struct {
	Fields  []string  `json:"fields"`            // h=, as often as it names them
	Length  string    `json:"length,omitempty"`  // l=, as written
	Partial bool      `json:"partial,omitempty"` // it has l=
	Signed  time.Time `json:"signed,omitzero"`   // t=
}
