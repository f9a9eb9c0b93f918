package mtasts

import "mailaudit/internal/record/fieldlist"

// Record is a TXT record with every problem that its text has.
type Record struct {
	Text     string            `json:"text"`
	Fields   []fieldlist.Field `json:"fields"`       // behind the version
	ID       string            `json:"id,omitempty"` // of the first id=, if it is one
	Void     bool              `json:"void"`         // senders go on as if there were no MTA-STS (3.1)
	Problems []Problem         `json:"problems,omitempty"`
}

// Policy is a policy file with every problem that its text has, but for those beyond the first hundred.
type Policy struct {
	Mode     string    `json:"mode,omitempty"`    // enforce, testing or none; "" where it is none of them
	MaxAge   *int64    `json:"max_age,omitempty"` // seconds
	MX       []Pattern `json:"mx"`                // those that are patterns
	Void     bool      `json:"void"`              // it breaks the grammar, or lacks what is required: senders do not take it
	Problems []Problem `json:"problems,omitempty"`
}

// The modes of a policy (3.2).
const (
	Enforce = "enforce"
	Testing = "testing"
	None    = "none"
)

// MaxAge is the longest life of a policy in seconds (3.2).
const MaxAge = 31557600

// Pattern is what an mx field matches: a host name, or "*." and a domain.
type Pattern string

// Kind says what is wrong with a record or a policy.
type Kind string

// The kinds of problems. A record or policy with others than Duplicate, Blank and Lifetime is void.
const (
	Version   Kind = "version"   // v= not first or not exactly STSv1; no version field, or another
	Syntax    Kind = "syntax"    // a piece or line that is no field
	ID        Kind = "id"        // id= missing, or not 1 to 32 letters and digits
	Mode      Kind = "mode"      // missing, or none of the three
	Age       Kind = "max-age"   // missing, or no number
	MX        Kind = "mx"        // none where the mode asks for one, or one that is no pattern
	Duplicate Kind = "duplicate" // a field for the second time, which is ignored
	Blank     Kind = "blank"     // an empty line
	Lifetime  Kind = "lifetime"  // max_age above MaxAge
)

// Problem is one fault and its place. What is missing has none: its length is 0.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Line    int    `json:"line,omitempty"` // of a policy, from 1; 0: of no line
	Text    string `json:"text,omitempty"` // that line, without its end
	Offset  int    `json:"offset"`         // in octets, from the start of the record, or of the line
	Length  int    `json:"length"`
	Message string `json:"message"`
}
