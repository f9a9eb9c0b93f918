package bimi

import "mailaudit/internal/record/taglist"

// Record is an assertion record with every problem that its text has.
type Record struct {
	Text     string        `json:"text"`
	Tags     []taglist.Tag `json:"tags"`
	Location string        `json:"location,omitempty"` // l=, as published
	Evidence string        `json:"evidence,omitempty"` // a=, as published
	Declined bool          `json:"declined,omitempty"` // both are empty: the domain refuses to take part
	Problems []Problem     `json:"problems,omitempty"`
}

// Kind says what is wrong with a record.
type Kind string

// The kinds of problems. Each but Value makes receivers show no logo.
const (
	Version      Kind = "version"       // v= not first or not exactly BIMI1: no record at all
	DuplicateTag Kind = "duplicate-tag" // the tag list is invalid as a whole (RFC 6376 3.2)
	Syntax       Kind = "syntax"        // a piece that is no tag
	Location     Kind = "location"      // l= missing, or no place of a logo
	Evidence     Kind = "evidence"      // a= is no place of a mark certificate
	Value        Kind = "value"         // avp= with a value that is none: the default applies
)

// Problem is one fault and its place, in octets from the start of the record. What is missing has none: its length is 0.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Tag     string `json:"tag"`
	Offset  int    `json:"offset"`
	Length  int    `json:"length"`
	Message string `json:"message"`
}
