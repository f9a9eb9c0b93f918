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
	if strings.HasPrefix(rest, "From ") {
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

// addresses are those of an address list. Where it breaks the grammar, as a name with an unquoted "@" does, it is what stands
// between the last angle brackets.
func addresses(value string) []string {
	var l []string
	if parsed, err := asIs.ParseList(value); err == nil {
		for _, a := range parsed {
			l = append(l, a.Address)
		}
		return l
	}
	if i := strings.LastIndexByte(value, '<'); i >= 0 {
		value, _, _ = strings.Cut(value[i+1:], ">")
	}
	if !strings.Contains(value, "@") {
		return nil
	}
	return []string{value}
}
