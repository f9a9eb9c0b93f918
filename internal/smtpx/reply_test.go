package smtpx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadReply(t *testing.T) {
	for _, c := range []struct {
		name, in string
		code     int
		lines    []string
		rest     string // what is left for the next reply
		err      string
	}{
		{name: "one line", in: "220 mail.example ESMTP\r\n", code: 220, lines: []string{"mail.example ESMTP"}},
		{name: "several lines", in: "250-a\r\n250-b c\r\n250 d\r\n", code: 250, lines: []string{"a", "b c", "d"}},
		{name: "the next reply is left", in: "250 a\r\n220 b\r\n", code: 250, lines: []string{"a"}, rest: "220 b\r\n"},
		{name: "bare line feeds", in: "250-a\n250 b\n", code: 250, lines: []string{"a", "b"}},
		{name: "code alone", in: "250\r\n", code: 250, lines: []string{""}},
		{name: "empty texts", in: "250-\r\n250 \r\n", code: 250, lines: []string{"", ""}},
		{name: "octets as they come", in: "220 \x00\x1b[31m\xff\r\r\n", code: 220, lines: []string{"\x00\x1b[31m\xff\r"}},
		{name: "the longest line", in: "220 " + strings.Repeat("x", maxLine-6) + "\r\n", code: 220, lines: []string{strings.Repeat("x", maxLine-6)}},
		{name: "the most lines", in: strings.Repeat("220-\n", maxLines-1) + "220 \n", code: 220, lines: make([]string, maxLines)},
		{name: "a line too long", in: "220 " + strings.Repeat("x", maxLine-5) + "\r\n", err: "has a line longer than 2048 octets"},
		{name: "a line too many", in: strings.Repeat("220-\n", maxLines) + "220 \n", err: "has more than 64 lines"},
		{name: "an octet too many", in: strings.Repeat("220-"+strings.Repeat("x", 2043)+"\n", 4) + "220\n", err: "is longer than 8192 octets"},
		{name: "two codes", in: "220-a\r\n554 b\r\n", err: "changes its code from 220 to 554"},
		{name: "first digit too low", in: "150 a\r\n", err: `is no SMTP reply: "150 a\r\n"`},
		{name: "first digit too high", in: "600 a\r\n", err: `is no SMTP reply: "600 a\r\n"`},
		{name: "two digits", in: "22 a\r\n", err: `is no SMTP reply: "22 a\r\n"`},
		{name: "four digits", in: "2200 a\r\n", err: `is no SMTP reply: "2200 a\r\n"`},
		{name: "no code", in: "\r\n", err: `is no SMTP reply: "\r\n"`},
		{name: "a long one is quoted in part", in: strings.Repeat("x", 1000) + "\n", err: `is no SMTP reply: "` + strings.Repeat("x", maxQuote) + `..."`},
		{name: "nothing", in: "", err: "EOF"},
		{name: "broken off", in: "250-a\r\n250 b", err: "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := bufio.NewReaderSize(strings.NewReader(c.in), maxLine)
			r, err := readReply(in)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(in)
			if d := cmp.Diff([]any{c.code, c.lines, c.rest}, []any{r.code, r.lines, string(rest)}); d != "" {
				t.Errorf("reply (-want +got):\n%s", d)
			}
		})
	}
}

// FuzzReply holds that no input makes the reader crash, run on or exceed its bounds, and that a reply which it takes
// says the same when it is written down and read again.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"220 mail.example ESMTP\r\n", "250-a\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", "250\n", "250-\r\n550 \r\n", "220-\x00\xff",
		"2", "", strings.Repeat("220-x\r\n", 70), "220 " + strings.Repeat("x", 3000), "250-x\r\n250 AUTH=a A\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(in), maxLine))
		if r.octets > len(in) || r.octets > maxReply+maxLine {
			t.Fatalf("%d octets of %d", r.octets, len(in))
		}
		var bad malformed
		switch {
		case errors.As(err, &bad):
			if len(bad) > 4*maxQuote+100 { // an octet can take four to quote
				t.Fatalf("a message of %d octets", len(bad))
			}
			return
		case err != nil:
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return
		}
		if r.code < 200 || r.code > 599 || len(r.lines) == 0 || len(r.lines) > maxLines || r.octets > maxReply {
			t.Fatalf("code %d, %d lines, %d octets", r.code, len(r.lines), r.octets)
		}
		var again strings.Builder
		for i, line := range r.lines {
			sep := "-"
			if i == len(r.lines)-1 {
				sep = " "
			}
			fmt.Fprintf(&again, "%d%s%s\r\n", r.code, sep, line)
		}
		for _, m := range mechanisms(r.lines) {
			if !mechanism(m) {
				t.Fatalf("mechanism %q", m)
			}
		}
		// Written with CRLF it may be longer than it was and exceed a bound; within the bounds it must come back.
		r2, err := readReply(bufio.NewReaderSize(strings.NewReader(again.String()), maxLine))
		if errors.As(err, &bad) && len(again.String()) > r.octets {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]any{r.code, r.lines}, []any{r2.code, r2.lines}); d != "" {
			t.Fatalf("read again (-first +second):\n%s", d)
		}
	})
}
