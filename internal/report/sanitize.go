package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text from outside can hold anything: escape sequences that clear the screen or set the window's title (ECMA-48),
// bidirectional marks that make exe.gnp read as a picture (Unicode TR 36 2.5), marks that pile up over the lines above,
// octets that are no UTF-8. What is not plainly visible is therefore written out, and this file alone decides what is.

// plain says whether a rune stands for itself on a terminal: a letter, number, sign or the space. Controls, formatting,
// line separators, other spaces, private and unassigned runes do not, nor do combining marks and fillers without ink.
func plain(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsPrint(r) && !unicode.Is(unicode.M, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// Visible writes s so that a terminal acts on none of it: \x1b for an octet, \u202e and \U000e0041 for a rune.
func Visible(s string) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i]) // not UTF-8
		case plain(r):
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// octets writes what is to be pasted into a zone file or was read from one: any octet but printable ASCII as \DDD
// (RFC 1035 5.1), so that pasting gives the very same octets.
func octets(s string) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(rune(c)) && c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String()
}

// ascii says whether s is printable ASCII alone, as nearly all text is.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Inert escapes within encoded JSON what JSON allows and a terminal acts on: DEL, C1 and all else that is not plain.
// Outside of its strings JSON has none of that, so the value stays the same. Line feeds are the layout's own: the
// encoder has escaped those of the text.
func Inert(b []byte) []byte {
	i := 0
	for i < len(b) && (' ' <= b[i] && b[i] <= '~' || b[i] == '\n') {
		i++
	}
	if i == len(b) { // as of most reports
		return b
	}
	out := append(make([]byte, 0, len(b)+64), b[:i]...)
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case !suspect(r):
			out = append(out, b[i:i+n]...)
		case r <= 0xFFFF:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		}
		i += n
	}
	return out
}

func suspect(r rune) bool { return r != '\n' && !plain(r) }
