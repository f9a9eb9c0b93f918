package eml

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Single are the fields that a message may have once (RFC 5322 3.6, RFC 2369 3, RFC 8058 3.1, RFC 2045 3).
var Single = []string{"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject",
	"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}

// Values are the values of the fields of a name, from the top.
func (m *Message) Values(name string) []string {
	l := []string{}
	for _, f := range m.all(name) {
		l = append(l, f.Value)
	}
	return l
}

// Repeated are the names of Single that stand several times, in lower case.
func (m *Message) Repeated() []string {
	l := []string{}
	for _, name := range Single {
		if len(m.all(name)) > 1 {
			l = append(l, strings.ToLower(name))
		}
	}
	return l
}

// EightBit are the names of the fields with octets that are not ASCII, in lower case, each once.
func (m *Message) EightBit() []string {
	l := []string{}
	for _, f := range m.Fields {
		name := strings.ToLower(f.Name)
		if name != "" && !slices.Contains(l, name) && strings.ContainsFunc(f.Raw, func(r rune) bool { return r >= utf8.RuneSelf }) {
			l = append(l, name)
		}
	}
	return l
}

// Date is the time of the one Date field; zero where there is none that can be read.
func (m *Message) Date() time.Time {
	l := m.Values("Date")
	if len(l) != 1 {
		return time.Time{}
	}
	t, err := mail.ParseDate(l[0])
	if err != nil {
		return time.Time{}
	}
	return t
}

// Transit is the message as it is sent: its lines end in CRLF (RFC 5321 2.3.8).
func (m *Message) Transit() string {
	return strings.ReplaceAll(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n", "\r\n")
}

// Lines is how the lines of a message end, and its longest one.
type Lines struct {
	Size           int // octets in transit, where each line ends in CRLF (RFC 5321 2.3.8)
	Longest        int // octets, without the end
	At             int // the number of the longest, from 1
	CRLF           int
	BareCR, BareLF int
}

// Lines reads the lines of the message as it lies in the file.
func (m *Message) Lines() Lines {
	l := Lines{Size: len(m.Text)}
	number, start := 1, 0
	end := func(i int) {
		if n := i - start; n > l.Longest {
			l.Longest, l.At = n, number
		}
	}
	for i := range len(m.Text) {
		switch {
		case m.Text[i] == '\r' && (i+1 == len(m.Text) || m.Text[i+1] != '\n'):
			l.BareCR++
		case m.Text[i] != '\n':
		case i > 0 && m.Text[i-1] == '\r':
			l.CRLF++
			end(i - 1)
			number, start = number+1, i+1
		default:
			l.BareLF++
			end(i)
			number, start = number+1, i+1
		}
	}
	end(len(m.Text))
	l.Size += l.BareLF
	return l
}
