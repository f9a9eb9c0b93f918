// Package eml reads one message as it lies in a file (RFC 5322): its header fields in order and as they were written, the
// author domain, the path that it came (received.go, trace.go), its DKIM signatures (dkim.go) and what the receiver wrote of
// them (RFC 8601, authres.go). It looks nothing up and believes nothing: a message is text by whoever sent it, but for what
// the receiver's own servers put on top.
package eml

import (
	"fmt"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"sync"

	"mailaudit/internal/names"
)

// Bounds on what is read.
const (
	MaxSize   = 50 << 20 // octets of a message
	maxHeader = 1 << 20  // octets of its header
	maxLines  = 10000    // lines of its header
	maxFrom   = 64 << 10 // octets of the From field that are parsed
)

// Message is one message.
type Message struct {
	Fields []Field
	Body   string // with the line ends of the file
	Text   string // the whole message as it lies in the file

	mu       sync.Mutex
	verified map[verification]func() verdict
	sums     map[summed][]byte // under one
}

// Field is one header field.
type Field struct {
	Name  string // as written; "" for a line that is no field
	Value string // unfolded (RFC 5322 2.2.3), without white space around it
	Raw   string // its lines as they are, with their ends
}

// Is says whether the field has a name, which is written in any case (RFC 5322 1.2.2).
func (f Field) Is(name string) bool { return strings.EqualFold(f.Name, name) }

// Parse reads a message. A line in front that begins as in an mbox file is passed over. The error is about what was read:
// it is larger than the bounds, or nothing in it is a header field.
func Parse(r io.Reader) (*Message, error) {
	m, err := Read(r)
	if err != nil {
		return nil, err
	}
	for _, f := range m.Fields {
		if f.Name != "" {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no message: nothing in it is a header field")
}

// Read is Parse, but for text without any header field: the pre-flight of a message says what it lacks.
func Read(r io.Reader) (*Message, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("larger than %d MiB", MaxSize>>20)
	}
	rest := strings.TrimPrefix(string(b), "\ufeff")
	if fromLine(rest) {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	m := &Message{Text: rest, verified: map[verification]func() verdict{}, sums: map[summed][]byte{}}
	text, start, end, lines := rest, 0, 0, 0 // where the field that is being read begins and ends
	flush := func() {
		if end > start {
			m.Fields = append(m.Fields, field(text[start:end]))
		}
		start = end
	}
	for end < len(text) {
		line := text[end:]
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		bare := strings.TrimRight(line, "\r\n")
		if bare == "" {
			m.Body = text[end+len(line):]
			break
		}
		if bare[0] != ' ' && bare[0] != '\t' {
			flush()
		}
		end, lines = end+len(line), lines+1
		switch {
		case end > maxHeader:
			return nil, fmt.Errorf("its header is larger than %d MiB", maxHeader>>20)
		case lines > maxLines:
			return nil, fmt.Errorf("its header has more than %d lines", maxLines)
		}
	}
	flush()
	return m, nil
}

// fromLine says whether a text begins as messages in an mbox file do, and not with a field in the obsolete way, "From : ..." (RFC
// 5322 4.5).
func fromLine(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return strings.HasPrefix(first, "From ") && field(first).Name == ""
}

// field reads one field from its lines.
func field(raw string) Field {
	f := Field{Raw: raw}
	name, value, found := strings.Cut(raw, ":")
	name = strings.TrimRight(name, " \t") // obsolete, and legal to read (RFC 5322 4.5)
	if !found || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return f
	}
	f.Name = name
	f.Value = strings.TrimSpace(strings.NewReplacer("\r\n", "", "\n", "").Replace(value))
	return f
}

// all are the fields of a name, from the top.
func (m *Message) all(name string) []Field {
	var l []Field
	for _, f := range m.Fields {
		if f.Is(name) {
			l = append(l, f)
		}
	}
	return l
}

// From is the author domain: that of the addresses in the one From field (RFC 5322 3.6.2), an A-label name. A message
// without it, or whose authors are of several domains, has none that DMARC could apply to (RFC 9989 5.3.1).
func (m *Message) From() (string, error) {
	fields := m.all("From")
	if len(fields) != 1 {
		return "", fmt.Errorf("%d From fields: a message has one", len(fields))
	}
	value := fields[0].Value
	if len(value) > maxFrom {
		return "", fmt.Errorf("a From field of %d octets", len(value))
	}
	from := ""
	for _, a := range addresses(value) {
		d, err := names.Domain(a[strings.LastIndexByte(a, '@')+1:])
		switch {
		case err != nil:
			return "", fmt.Errorf("From: %w", err)
		case from != "" && d != from:
			return "", fmt.Errorf("From names authors of two domains, %s and %s", from, d)
		}
		from = d
	}
	if from == "" {
		return "", fmt.Errorf("no address in From: %.80q", value)
	}
	return from, nil
}

// Authors is how many addresses the From fields name.
func (m *Message) Authors() int {
	n := 0
	for _, f := range m.all("From") {
		n += len(addresses(f.Value))
	}
	return n
}

// asIs reads words in any charset: of names nothing but their end is wanted.
var asIs = &mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil }}}

// addresses are those of an address list, or what can be made of one that breaks the grammar.
func addresses(value string) []string {
	var l []string
	parsed, err := asIs.ParseList(value)
	if err != nil {
		return guessed(value)
	}
	for _, a := range parsed {
		l = append(l, a.Address)
	}
	return l
}

var (
	inAngles = regexp.MustCompile(`<([^<>]*@[^<>]*)`)
	folded   = regexp.MustCompile(`\s*([.@])\s*([^\s.@])`) // white space that may stand there (RFC 5322 4.4)
	atEnd    = regexp.MustCompile(`(?:^|\s)([^\s@]+@[^\s@]+)\s*$`)
)

// guessed are the addresses of a list that the library does not read: it knows no comment within an address, which is legal (RFC
// 5322 3.4.1), no route, and no name with an unquoted "@" or comma, which are not. An address in angle brackets is one. Of what
// stands without them a name may be a part, so that it counts only as a domain of mail.
func guessed(value string) []string {
	var l []string
	for _, piece := range pieces(value) {
		piece = folded.ReplaceAllString(piece, "$1$2")
		found := inAngles.FindAllStringSubmatch(piece, -1)
		for _, m := range found {
			l = append(l, strings.TrimSpace(m[1]))
		}
		if m := atEnd.FindStringSubmatch(piece); m != nil && len(found) == 0 {
			if d, err := names.Domain(m[1]); err == nil {
				l = append(l, "x@"+d)
			}
		}
	}
	if l == nil && strings.Contains(value, "@") {
		return []string{value}
	}
	return l
}

// pieces are what stands between the commas and semicolons of an address list, without comments, and with an x for each quoted
// string: nothing in them is an address. A quote or a comment that nobody ends is text.
func pieces(value string) []string {
	var l []string
	var b strings.Builder
	quote, comment, route := true, true, false // one may still end; commas stand in routes, too (RFC 5322 4.4)
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' && quote:
			if n := quotedLen(value[i:]); n > 0 {
				b.WriteByte('x')
				i += n - 1
			} else {
				quote = false
			}
		case c == '(' && comment:
			if n := commentLen(value[i:]); n > 0 {
				i += n - 1
			} else {
				comment = false
			}
		case (c == ',' || c == ';') && !route:
			l = append(l, b.String())
			b.Reset()
		default:
			route = c == '<' || route && c != '>'
			b.WriteByte(c)
		}
	}
	return append(l, b.String())
}

// quotedLen is the length of the quoted string that a text begins with, 0 where it has no end.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// commentLen is that of a comment; they nest (RFC 5322 3.2.2).
func commentLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
