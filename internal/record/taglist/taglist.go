// Package taglist reads the tag lists of RFC 6376 3.2, the "name=value; name=value" syntax that DKIM keys, DMARC
// (RFC 9989 4.7) and BIMI records share.
//
//	tag-list = tag-spec *( ";" tag-spec ) [ ";" ]
//	tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
//
// Names are case-sensitive, unknown ones are the caller's to ignore, an empty value is not the same as a missing tag, and
// a name that stands twice makes the whole list invalid. The list ends at a semicolon or at the end of the text, so a
// semicolon never stands in a value.
package taglist

import (
	"fmt"
	"strings"
)

// space is what may stand around names and values. CR and LF belong to folding white space only, so they are trimmed here
// and complained about where they do not fold.
const space = " \t\r\n"

// Parse returns the tags of text in order, and everything in it that breaks the grammar. A piece without "=" or with a bad
// name is a problem and no tag; a tag that stands twice is in the list twice.
func Parse(text string) ([]Tag, []Problem) {
	var (
		tags     = []Tag{}
		problems []Problem
		seen     = map[string]bool{}
	)
	for start := 0; start <= len(text); {
		piece := text[start:]
		if i := strings.IndexByte(piece, ';'); i >= 0 {
			piece = piece[:i]
		}
		end := start + len(piece)
		spec := strings.TrimLeft(piece, space)
		offset := end - len(spec)
		spec = strings.TrimRight(spec, space)
		start = end + 1

		fault := func(tag, format string, args ...any) {
			problems = append(problems, Problem{Tag: tag, Offset: offset, Message: fmt.Sprintf(format, args...)})
		}
		name, value, found := strings.Cut(spec, "=")
		name = strings.TrimRight(name, space)
		switch {
		case spec == "" && end == len(text) && len(tags)+len(problems) > 0:
			// The optional semicolon at the end.
		case spec == "":
			fault("", "nothing stands where a tag belongs")
		case !found:
			fault(spec, "%+.40q is no tag: it has no \"=\"", spec)
		case !isName(name):
			fault(spec, "%+.40q is no tag name", name)
		default:
			tag := Tag{Name: name, Value: strings.Trim(value, space), Offset: offset}
			tags = append(tags, tag)
			if c, bad := badOctet(piece); bad {
				fault(name, "%s= holds the octet 0x%02x", name, c)
			}
			if seen[name] {
				fault(name, "%s= stands more than once, which makes the whole list invalid", name)
				problems[len(problems)-1].Duplicate = true
			}
			seen[name] = true
		}
	}
	return tags, problems
}

// Format is the text of a tag list: names and values as they are, joined by "; ".
func Format(tags []Tag) string {
	var b strings.Builder
	for i, t := range tags {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(t.Name + "=" + t.Value)
	}
	return b.String()
}

// isName tells whether s is a tag-name: ALPHA *( ALPHA / DIGIT / "_" ).
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && (c == '_' || '0' <= c && c <= '9'):
		default:
			return false
		}
	}
	return s != ""
}

// badOctet finds the first octet of piece that is neither visible ASCII nor white space. A line break is white space only
// where it folds: CRLF with SP or TAB after it.
func badOctet(piece string) (byte, bool) {
	for i := 0; i < len(piece); i++ {
		c, rest := piece[i], piece[i:]
		if strings.HasPrefix(rest, "\r\n ") || strings.HasPrefix(rest, "\r\n\t") {
			i += 2
		} else if c != '\t' && (c < ' ' || c > '~') {
			return c, true
		}
	}
	return 0, false
}
