package dmarcreport

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text gives a file as UTF-8. What a report is read for is ASCII, so that an octet of another character set, which reporters
// write into their own names, becomes a replacement character and hurts nobody.
type text struct {
	in      *bufio.Reader
	next    func() (rune, error)
	pending []byte
}

// newText tells UTF-16 by its mark or by its first signs (XML 1.0 appendix F.1), and drops a mark of byte order.
func newText(r io.Reader) *text {
	t := &text{in: bufio.NewReaderSize(r, 64<<10)}
	begin, _ := t.in.Peek(3) // an error comes again
	skip := 0
	t.next = t.utf8
	switch s := string(begin); {
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		skip = 3
	case strings.HasPrefix(s, "\xfe\xff"):
		skip, t.next = 2, t.utf16(binary.BigEndian)
	case strings.HasPrefix(s, "\xff\xfe"):
		skip, t.next = 2, t.utf16(binary.LittleEndian)
	case strings.HasPrefix(s, "\x00<"):
		t.next = t.utf16(binary.BigEndian)
	case strings.HasPrefix(s, "<\x00"):
		t.next = t.utf16(binary.LittleEndian)
	}
	_, _ = t.in.Discard(skip) // it was read already
	return t
}

// Read gives whole characters.
func (t *text) Read(b []byte) (int, error) {
	n := copy(b, t.pending)
	t.pending = t.pending[n:]
	for n < len(b) {
		r, err := t.next()
		if err != nil {
			if n > 0 {
				return n, nil // the error comes again
			}
			return 0, err
		}
		var buf [utf8.UTFMax]byte
		size := utf8.EncodeRune(buf[:], r)
		done := copy(b[n:], buf[:size])
		n += done
		if done < size {
			t.pending = append(t.pending[:0], buf[done:size]...)
		}
	}
	return n, nil
}

func (t *text) utf8() (rune, error) {
	r, _, err := t.in.ReadRune() // utf8.RuneError for what is none
	return r, err
}

// utf16 reads units of two octets, and pairs of them for what does not fit into one.
func (t *text) utf16(order binary.ByteOrder) func() (rune, error) {
	unit := func() (rune, error) {
		var b [2]byte
		_, err := io.ReadFull(t.in, b[:])
		return rune(order.Uint16(b[:])), err
	}
	return func() (rune, error) {
		r, err := unit()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		second, err := unit()
		return utf16.DecodeRune(r, second), err // utf8.RuneError for what is no pair
	}
}

// charset lets pass what newText has read already, and what is ASCII but for single octets.
func charset(label string, in io.Reader) (io.Reader, error) {
	label = strings.ToLower(label)
	for _, known := range []string{"utf", "us-ascii", "ascii", "iso-8859-", "windows-125", "latin"} {
		if strings.HasPrefix(label, known) {
			return in, nil
		}
	}
	return nil, fmt.Errorf("the character set %.40q is not read", label)
}
