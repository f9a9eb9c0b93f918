package eml

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Bounds on messages among others, in octets.
const (
	MaxMember   = 16 << 20
	maxFromLine = 300 // of a line that parts them: an address and a time
)

// Mbox reads the messages of an mbox file (RFC 4155), or the one message that any other file is. A message begins at a line
// "From " with a time, at the start or behind an empty line. Lines that were quoted with ">" are as they were before that, as
// mboxrd does it; of mboxo, which quotes no line twice, that is wrong for a line that had its ">" from its author.
type Mbox struct {
	// Cut is how much of a message is read, in octets: what is beyond is passed over. 0 refuses messages larger than MaxMember.
	Cut int

	in            *bufio.Reader
	read          func(io.Reader) (*Message, error)
	most          int // octets of a message among others
	begun         bool
	several, over bool
}

// MessageError is about one message; those behind it can be read.
type MessageError struct{ err error }

func (e *MessageError) Error() string { return e.err.Error() }
func (e *MessageError) Unwrap() error { return e.err }

// NewMbox makes a reader of r.
func NewMbox(r io.Reader) *Mbox {
	return &Mbox{in: bufio.NewReaderSize(r, 64<<10), read: Parse, most: MaxMember}
}

// First is the first message of an mbox file, or the one message that any other file is, with or without a header field; several:
// others follow.
func First(r io.Reader) (m *Message, several bool, err error) {
	b := NewMbox(r)
	b.read, b.most = Read, MaxSize
	m, err = b.Next()
	var bad *MessageError
	if errors.As(err, &bad) {
		err = bad.Unwrap()
	}
	return m, b.several, err
}

// Several says whether more than one message was seen yet.
func (b *Mbox) Several() bool { return b.several }

var (
	separator = regexp.MustCompile(`^From \S* ?[^\n]*\d\d:\d\d`)
	quotedOff = regexp.MustCompile(`^>+From `)
)

// Next is the next message, a MessageError where that is none, and io.EOF at the end.
func (b *Mbox) Next() (*Message, error) {
	if b.over {
		return nil, io.EOF
	}
	if !b.begun {
		b.begun = true
		begin, err := b.in.Peek(maxFromLine)
		if err != nil && !errors.Is(err, io.EOF) && len(begin) == 0 { // else it comes again
			return nil, err
		}
		if !fromLine(strings.TrimPrefix(string(begin), "\ufeff")) {
			b.over = true
			if b.Cut > 0 {
				return b.whole(io.LimitReader(b.in, int64(b.Cut)))
			}
			return b.whole(b.in)
		}
		if _, err := b.line(nil); err != nil {
			b.over = true
			return nil, &MessageError{errors.New("nothing follows its first line")}
		}
	}
	var text strings.Builder
	large, blank := false, false
	for {
		if begin, _ := b.in.Peek(maxFromLine); blank && separator.Match(begin) { // an error comes again
			_, err := b.line(nil)
			b.several, b.over = true, err != nil
			return b.member(text.String(), large && b.Cut == 0)
		}
		line, err := b.line(func(s string) {
			if large = large || text.Len()+len(s) > cmp.Or(b.Cut, b.most); !large {
				text.WriteString(s)
			}
		})
		blank = strings.TrimRight(line, "\r\n") == ""
		if err != nil {
			b.over = true
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
			return b.member(text.String(), large && b.Cut == 0)
		}
	}
}

// line reads one line, gives its pieces to keep, and returns what of it fits into the buffer.
func (b *Mbox) line(keep func(string)) (string, error) {
	start := ""
	for first := true; ; first = false {
		piece, err := b.in.ReadSlice('\n')
		s := string(piece)
		if first {
			start = s
			if strings.HasPrefix(s, ">") && quotedOff.MatchString(s) {
				s = s[1:]
			}
		}
		if keep != nil {
			keep(s)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return start, err
		}
	}
}

func (b *Mbox) member(text string, large bool) (*Message, error) {
	if large {
		return nil, &MessageError{fmt.Errorf("larger than %d MiB", b.most>>20)}
	}
	return b.whole(strings.NewReader(text))
}

func (b *Mbox) whole(r io.Reader) (*Message, error) {
	m, err := b.read(r)
	if err != nil {
		return nil, &MessageError{err}
	}
	return m, nil
}
