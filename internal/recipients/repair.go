package recipients

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// trimmed is a cell without what no address has at its ends or shows: white space, marks of bytes order and of direction. Text that is
// not UTF-8 stays what it is: strings.Map would make something else of it.
func trimmed(cell string) string {
	if isASCII(cell) || !utf8.ValidString(cell) {
		return strings.TrimSpace(cell)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case r == '\u00a0':
			return ' '
		}
		return r
	}, cell))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// repaired is what was probably meant by a cell that is no address; "" where that cannot be told.
func repaired(cell string) string {
	if !utf8.ValidString(cell) {
		return ""
	}
	s := cell
	if i, j := strings.LastIndexByte(s, '<'), strings.LastIndexByte(s, '>'); i >= 0 && j > i {
		s = s[i+1 : j] // Name <user@example.com>
	}
	if len(s) > len("mailto:") && strings.EqualFold(s[:len("mailto:")], "mailto:") {
		s, _, _ = strings.Cut(s[len("mailto:"):], "?")
	}
	if i := strings.LastIndexByte(s, '('); i > strings.IndexByte(s, '@') && strings.HasSuffix(s, ")") {
		s = s[:i] // a comment, such as a name
	}
	s = strings.NewReplacer("\uff20", "@", "\u3002", ".").Replace(s) // full-width
	s = strings.Trim(s, " \t<>()[]'\",;:.")
	local, domain, ok := strings.Cut(s, "@")
	if !ok || strings.Contains(domain, "@") {
		return ""
	}
	domain = strings.Join(strings.Fields(strings.ReplaceAll(domain, ",", ".")), "")
	for strings.Contains(domain, "..") {
		domain = strings.ReplaceAll(domain, "..", ".")
	}
	s = strings.TrimSpace(local) + "@" + strings.Trim(domain, ".")
	if a, err := Parse(s); err != nil || !strings.Contains(a.Domain, ".") {
		return ""
	}
	return s
}
