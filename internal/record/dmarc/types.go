package dmarc

import "mailaudit/internal/record/taglist"

// Record is a DMARC policy record (RFC 9989 4.7) with every problem that its text has.
type Record struct {
	Text     string        `json:"text"`
	Tags     []taglist.Tag `json:"tags"`
	Policy   string        `json:"policy"`       // p=: none, quarantine, reject; "" where missing or invalid
	SP       string        `json:"sp,omitempty"` // sp=, "" where missing or invalid
	NP       string        `json:"np,omitempty"`
	ADKIM    string        `json:"adkim"` // r or s; r where left out
	ASPF     string        `json:"aspf"`
	PSD      string        `json:"psd"`                // y, n or u; u where left out
	Testing  bool          `json:"testing,omitempty"`  // t=y
	Percent  *int          `json:"percent,omitempty"`  // pct=, removed by RFC 9989, still honoured by older receivers
	RUA      []URI         `json:"rua,omitempty"`      // as published, in order, invalid ones included
	RUF      []URI         `json:"ruf,omitempty"`      //
	Problems []Problem     `json:"problems,omitempty"` //
	Void     bool          `json:"void,omitempty"`     // no DMARC record at all for a receiver: version, duplicate tag, or no policy and no valid rua (RFC 9989 4.10.1)
}

// URI is one destination of reports.
type URI struct {
	Text   string `json:"text"`             // as published, without white space
	Offset int    `json:"offset"`           // in octets from the start of the record
	Domain string `json:"domain,omitempty"` // of a mailto address, lower case; "" where the URI is invalid
	Size   string `json:"size,omitempty"`   // the "!10m" suffix of RFC 7489, with its mark
	Fault  string `json:"fault,omitempty"`  // why it is no valid destination
}

// Kind says what is wrong with a record.
type Kind string

// The kinds of problems.
const (
	Version       Kind = "version"       // v= not first or not exactly DMARC1
	DuplicateTag  Kind = "duplicate-tag" // the tag list is invalid as a whole (RFC 6376 3.2)
	Syntax        Kind = "syntax"        // a piece that is no tag
	Separator     Kind = "separator"     // a tag that is part of another's value for want of a semicolon
	PolicyMissing Kind = "p-missing"     //
	PolicyInvalid Kind = "p-invalid"     //
	SubInvalid    Kind = "sp-np-invalid" // sp or np
	RUAInvalid    Kind = "rua-invalid"   //
	RUFInvalid    Kind = "ruf-invalid"   //
	ValueInvalid  Kind = "value"         // adkim, aspf, fo, psd, t, pct with a value that is none: the default applies
	UnknownTag    Kind = "unknown-tag"   // ignored by receivers (RFC 9989 4.7)
	Obsolete      Kind = "obsolete"      // pct, rf, ri
)

// Problem is one fault and its place, in octets from the start of the record.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Tag     string `json:"tag"`
	Offset  int    `json:"offset"`
	Message string `json:"message"`
}
