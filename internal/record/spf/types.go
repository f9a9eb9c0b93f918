package spf

import "net/netip"

// Record is a parsed SPF record with every problem that its text has.
type Record struct {
	Text     string    `json:"text"`               // the octets as published, strings joined
	Terms    []Term    `json:"terms"`              // in order, the version left out; malformed ones included
	Problems []Problem `json:"problems,omitempty"` // syntax errors (RFC 7208 4.6): any of them makes the result permerror
}

// Term is one directive or modifier (RFC 7208 4.6.1).
type Term struct {
	Text      string       `json:"text"`                // as published
	Offset    int          `json:"offset"`              // in octets, from the start of Record.Text
	Name      string       `json:"name"`                // mechanism or modifier name, lower case; "" where none could be read
	Modifier  bool         `json:"modifier,omitempty"`  // name=value; otherwise a directive
	Qualifier string       `json:"qualifier,omitempty"` // "+", "-", "~" or "?" of a directive, "+" where it is left out
	Spec      string       `json:"spec,omitempty"`      // the domain-spec or value as published, macros unexpanded; "" where none
	Prefix4   int          `json:"prefix4"`             // dual-cidr-length of a and mx: 32 where left out
	Prefix6   int          `json:"prefix6"`             // 128 where left out
	Network   netip.Prefix `json:"network,omitzero"`    // of ip4 and ip6, as published (not masked)
	Bad       bool         `json:"bad,omitempty"`       // has a problem
}

// Kind says which part of the grammar a problem breaks.
type Kind string

// The kinds of problems.
const (
	Syntax    Kind = "syntax"    // unknown mechanism, malformed term, bad domain-spec or cidr-length, bad octet
	IP4       Kind = "ip4"       // ip4 with a bad network (RFC 7208 5.6)
	IP6       Kind = "ip6"       // ip6 with a bad network
	Macro     Kind = "macro"     // bad macro-string (RFC 7208 7.1)
	Duplicate Kind = "duplicate" // redirect or exp twice (RFC 7208 6)
)

// Problem is one syntax error and its place.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"` // lower case, no full stop, names what is wrong but not the term
	Term    string `json:"term"`    // the term's text
	Offset  int    `json:"offset"`  // of the term in Record.Text
}
