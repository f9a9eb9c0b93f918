// Package mtasts reads what a domain publishes for MTA-STS (RFC 8461): the TXT record at _mta-sts.<domain>, whose id= changes
// with the policy (3.1), and the policy itself, a text file on the domain's web server (3.2). It looks nothing up. All
// sections named here are those of RFC 8461.
//
// The record says that there is a policy, and the policy in which hosts mail may be handed in, and that it may not be handed
// in without TLS and a valid certificate:
//
//	_mta-sts.example.com. TXT "v=STSv1; id=20260101T000000;"
//
//	version: STSv1
//	mode: enforce
//	mx: mail.example.com
//	mx: *.example.net
//	max_age: 604800
//
// Names and values are case-sensitive. Of a field that stands twice the first counts, except for mx.
package mtasts

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/record/fieldlist"
)

const version = "v=STSv1"

// IsSTS tells whether text is an MTA-STS record. Senders discard everything else as if it were not there (3.1).
func IsSTS(text string) bool { return fieldlist.Begins(text, version) }

// LooksLike tells whether text was meant to be one.
func LooksLike(text string) bool {
	start := strings.ToLower(text[:min(len(text), 40)])
	return strings.HasPrefix(strings.NewReplacer(" ", "", "\t", "", `"`, "").Replace(start), "v=sts")
}

var id = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// Parse reads a record.
func Parse(text string) Record {
	fields, faults := fieldlist.Parse(text, version, "id")
	r := Record{Text: text, Fields: fields}
	for _, f := range faults {
		r.fault(Syntax, f.Offset, f.Length, "%s", f.Message)
	}
	seen := false
	for _, f := range fields {
		switch {
		case f.Name != "id":
		case seen:
			r.fault(Duplicate, f.Offset, f.Length, "id= stands more than once: the first counts")
		case !id.MatchString(f.Value):
			r.fault(ID, f.Offset, f.Length, "id=%+.60q is not 1 to 32 letters and digits", f.Value)
		default:
			r.ID = f.Value
		}
		seen = seen || f.Name == "id"
	}
	switch {
	case !IsSTS(text):
		p := fieldlist.Misnamed(text, version)
		r.fault(Version, p.Offset, p.Length, "%s", p.Message)
	case !seen:
		r.fault(ID, 0, 0, "there is no id=, by which senders see that the policy has changed")
	}
	r.Void = slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind != Duplicate })
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return cmp.Compare(a.Offset, b.Offset) })
	return r
}

func (r *Record) fault(kind Kind, offset, length int, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Kind: kind, Offset: offset, Length: length, Message: fmt.Sprintf(format, args...)})
}
