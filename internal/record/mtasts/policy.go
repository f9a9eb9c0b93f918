package mtasts

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds on what is kept of a policy, in which 64 KiB of empty lines may stand, or one line of 64 KiB.
const (
	maxProblems = 100
	maxLine     = 500 // octets
)

const (
	wsp = " \t"
	bom = "\ufeff"
)

var (
	fieldName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$`)
	seconds   = regexp.MustCompile(`^[0-9]{1,10}$`)
	// "*." and a Domain (RFC 5321 4.1.2).
	pattern = regexp.MustCompile(`^(\*\.)?` + label + `(\.` + label + `)*$`)
)

const label = `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`

// ParsePolicy reads a policy. Lines end with CRLF or LF alone (3.2, sts-policy-term).
func ParsePolicy(text string) Policy {
	p := policy{Policy: Policy{MX: []Pattern{}}, seen: map[string]bool{}, near: map[string]string{}}
	text, marked := strings.CutPrefix(text, bom)
	for rest, more := text, text != ""; more; {
		p.line++
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		if more {
			line = strings.TrimSuffix(line, "\r")
		}
		if p.text = line; len(line) > maxLine {
			p.text = ""
		}
		if line != "" || more {
			p.read(strings.TrimRight(line, wsp))
		}
	}
	if len(p.seen)+len(p.near) == 0 {
		return none(text)
	}
	p.line, p.text = 0, ""
	if marked {
		p.fault(Syntax, 0, 0, "a byte order mark stands before the first field")
	}
	p.required()
	return p.Policy
}

// policy is one that is being read.
type policy struct {
	Policy
	line int    // its number
	text string // it
	seen map[string]bool
	near map[string]string // names of fields in another case as they stand, by the right ones
}

func (p *policy) fault(kind Kind, offset, length int, format string, args ...any) {
	p.Void = p.Void || kind != Duplicate && kind != Blank && kind != Lifetime
	if len(p.Problems) == maxProblems {
		return
	}
	message := fmt.Sprintf(format, args...)
	if p.line > 0 {
		message = fmt.Sprintf("line %d: %s", p.line, message)
	}
	p.Problems = append(p.Problems, Problem{Kind: kind, Line: p.line, Text: p.text, Offset: offset, Length: length, Message: message})
}

// none is what is no policy at all, such as a web page.
func none(text string) Policy {
	p := policy{Policy: Policy{MX: []Pattern{}}}
	if strings.Trim(text, wsp+"\r\n") == "" {
		p.fault(Version, 0, 0, "the file is empty")
	} else {
		p.fault(Version, 0, 0, "no field of a policy stands in the file, which begins with %+.40q", text)
	}
	return p.Policy
}

// read reads one line, without the white space that may stand at its end.
func (p *policy) read(line string) {
	name, value, found := strings.Cut(line, ":")
	value = strings.TrimLeft(value, wsp)
	switch {
	case line == "":
		p.fault(Blank, 0, 0, "it is empty, where a field belongs")
		return
	case !found:
		p.fault(Syntax, 0, len(line), "%+.40q is no field: it has no colon", line)
		return
	case !fieldName.MatchString(name):
		p.fault(Syntax, 0, len(name), "%+.40q is no name of a field", name)
		return
	}
	at := len(line) - len(value)
	switch name {
	case "version", "mode", "max_age":
		if p.seen[name] {
			p.fault(Duplicate, 0, len(line), "%s stands more than once: the first counts", name)
			return
		}
		p.field(name, value, at)
	case "mx":
		if pattern.MatchString(value) && len(value) <= 255 {
			p.MX = append(p.MX, Pattern(strings.ToLower(value)))
		} else {
			p.fault(MX, at, len(value), "mx %+.80q is neither a host name nor \"*.\" and a domain%s", value, hint(value))
		}
	default:
		p.extension(name, value, at)
		return
	}
	p.seen[name] = true
}

// hint says what an mx that is no pattern was meant to be.
func hint(value string) string {
	switch {
	case strings.HasSuffix(value, "."):
		return ", without a dot at the end"
	case strings.ContainsAny(value, ", \t"):
		return ": each has a line of its own"
	case strings.HasPrefix(value, "."):
		return ": a wildcard begins with \"*.\""
	case strings.ContainsFunc(value, func(r rune) bool { return r >= utf8.RuneSelf }):
		return ": names that are not ASCII stand as A-labels (xn--)"
	}
	return ""
}

// field reads a field that stands once.
func (p *policy) field(name, value string, at int) {
	switch name {
	case "version":
		if value != "STSv1" {
			p.fault(Version, at, len(value), "version is %+.40q, not \"STSv1\"", value)
		}
	case "mode":
		if value != Enforce && value != Testing && value != None {
			p.fault(Mode, at, len(value), "mode is %+.40q, and none of enforce, testing and none", value)
			return
		}
		p.Mode = value
	case "max_age":
		if !seconds.MatchString(value) {
			p.fault(Age, at, len(value), "max_age is %+.40q, and not 1 to 10 digits", value)
			return
		}
		n, _ := strconv.ParseInt(value, 10, 64) // ten digits fit
		p.MaxAge = &n
		if n > MaxAge {
			p.fault(Lifetime, at, len(value), "max_age is %d, above the %d seconds that are allowed", n, MaxAge)
		}
	}
}

// extension looks at a field that is not known. Senders ignore what it says (3.2), as far as it is a field.
func (p *policy) extension(name, value string, at int) {
	if lower := strings.ToLower(name); slices.Contains([]string{"version", "mode", "max_age", "mx"}, lower) {
		p.near[lower] = name
	}
	switch {
	case value == "":
		p.fault(Syntax, 0, at, "%s has no value", name)
	case !utf8.ValidString(value):
		p.fault(Syntax, at, len(value), "the value of %s is not UTF-8", name)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		p.fault(Syntax, at, len(value), "the value of %s holds a control character", name)
	}
}

// required says what is missing (3.2).
func (p *policy) required() {
	for _, f := range []struct {
		name string
		kind Kind
	}{{"version", Version}, {"mode", Mode}, {"max_age", Age}, {"mx", MX}} {
		switch as, near := p.near[f.name]; {
		case p.seen[f.name], f.kind == MX && p.Mode == None:
		case near:
			p.fault(f.kind, 0, 0, "there is no %s: it stands there as %q, and the case counts", f.name, as)
		case f.kind == MX:
			p.fault(MX, 0, 0, "there is no mx: no host may take mail for the domain")
		default:
			p.fault(f.kind, 0, 0, "there is no %s", f.name)
		}
	}
}

// Matches says whether a host is among those of a pattern. "*" stands for exactly one label, the leftmost (4.1).
func (p Pattern) Matches(host string) bool {
	host = strings.ToLower(host)
	base, wild := strings.CutPrefix(string(p), "*.")
	if !wild {
		return host == base
	}
	_, above, _ := strings.Cut(host, ".")
	return above == base
}

// Beneath says whether a host is beneath the domain of a pattern with a wildcard, and too deep for it.
func (p Pattern) Beneath(host string) bool {
	base, wild := strings.CutPrefix(string(p), "*.")
	return wild && strings.HasSuffix(strings.ToLower(host), "."+base) && !p.Matches(host)
}
