// Package fieldlist reads the form that the TXT records of MTA-STS (RFC 8461 3.1) and TLS-RPT (RFC 8460 3) share: a version,
// then fields.
//
//	record      = version 1*(field-delim field) [field-delim]
//	field-delim = *WSP ";" *WSP
//	field       = name "=" value
//	name        = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
//
// It is stricter than a tag list (package taglist): nothing may stand around "=", the version stands first, and names are as
// wide as host names. Fields that are not known are ignored, but must be fields all the same.
package fieldlist

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Field is one field as published. Offset and Length are its place in the text, in octets.
type Field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// Problem is a piece that breaks the grammar, and its place in octets.
type Problem struct {
	Offset, Length int
	Message        string
}

const wsp = " \t"

var (
	name  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$`)
	value = regexp.MustCompile(`^[!-:<>-~]+$`) // no "=", ";", white space and control characters
)

// Begins tells whether text is a record of a version such as "v=STSv1": the version, in this case, and a semicolon. Senders
// discard whatever else stands at the name.
func Begins(text, version string) bool {
	rest, ok := strings.CutPrefix(text, version)
	return ok && strings.HasPrefix(strings.TrimLeft(rest, wsp), ";")
}

// Misnamed says why a text for which Begins is false is no record of the version. Its place is the beginning of the text.
func Misnamed(text, version string) Problem {
	first, _, _ := strings.Cut(text, ";")
	p := Problem{Length: len(first)}
	switch {
	case first == text && strings.TrimRight(first, wsp) == version:
		p.Message = "no semicolon follows " + version + ", so that senders discard the record"
	case strings.EqualFold(first, version):
		p.Message = fmt.Sprintf("the record begins with %q, not with %q: the case counts", first, version)
	default:
		p.Message = fmt.Sprintf("the record begins with %+.40q, not with %q", first, version+";")
	}
	return p
}

// Parse gives the fields behind the version in order, and every piece that is none. The values of the fields in own are the
// caller's to read; other values must be those of an extension.
func Parse(text, version string, own ...string) ([]Field, []Problem) {
	fields, problems := []Field{}, []Problem(nil)
	first, rest, more := strings.Cut(text, ";")
	if strings.TrimRight(first, wsp) != version || !more {
		return fields, nil // Misnamed says what is wrong with the version
	}
	for offset := len(first) + 1; ; {
		piece, tail, more := strings.Cut(rest, ";")
		spec := strings.Trim(piece, wsp)
		f := Field{Offset: offset + strings.Index(piece, spec), Length: len(spec)}
		fault := func(format string, args ...any) {
			problems = append(problems, Problem{f.Offset, f.Length, fmt.Sprintf(format, args...)})
		}
		var found bool
		f.Name, f.Value, found = strings.Cut(spec, "=")
		switch {
		case spec == "" && !more:
			// The optional semicolon at the end.
		case spec == "":
			f.Offset, f.Length = offset+len(piece), 1
			fault("nothing stands where a field belongs")
		case !found:
			fault("%+.40q is no field: it has no \"=\"", spec)
		case !name.MatchString(f.Name):
			fault("%+.40q is no name of a field", f.Name)
		case !slices.Contains(own, f.Name) && !value.MatchString(f.Value):
			fault("%s=%+.40q is no field: its value is empty or has other characters than visible ASCII without \"=\"", f.Name, f.Value)
		default:
			fields = append(fields, f)
		}
		if !more {
			return fields, problems
		}
		offset, rest = offset+len(piece)+1, tail
	}
}
