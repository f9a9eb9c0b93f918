package eml

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, text string) *Message {
	t.Helper()
	m, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		text string
		want Lines
	}{
		{"", Lines{}},
		{"abc", Lines{Size: 3, Longest: 3, At: 1}},
		{"a\r\nbcd\r\ne\r\n", Lines{Size: 11, Longest: 3, At: 2, CRLF: 3}},
		{"a\nbcd\n", Lines{Size: 8, Longest: 3, At: 2, BareLF: 2}},
		{"a\r\nb\nc\rd\r", Lines{Size: 10, Longest: 4, At: 3, CRLF: 1, BareLF: 1, BareCR: 2}},
	} {
		if d := cmp.Diff(c.want, read(t, c.text).Lines()); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}

func TestTransit(t *testing.T) {
	if got := read(t, "a: b\nc: d\r\n\ne").Transit(); got != "a: b\r\nc: d\r\n\r\ne" {
		t.Errorf("%q", got)
	}
}

func TestContent(t *testing.T) {
	m := read(t, "From: a@b.example\nsubject: x\nSUBJECT: \xc3\xa9\nX-A: 1\nX-A: \xff\nX-A: \xff\nDate: Sun, 22 Nov 2026 10:00:00 +0100\nno field\n\nbody \xff")
	if d := cmp.Diff([]string{"subject"}, m.Repeated()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"subject", "x-a"}, m.EightBit()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"x", "\xc3\xa9"}, m.Values("Subject")); d != "" {
		t.Error(d)
	}
	if want := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC); !m.Date().Equal(want) {
		t.Error(m.Date())
	}
	if tr := read(t, "").Trace(nil); tr.Border != nil || tr.Sender != "" {
		t.Errorf("%+v", tr)
	}
	for _, text := range []string{"", "Date: today\n", "Date: Sun, 22 Nov 2026 10:00:00 +0100\nDate: Sun, 22 Nov 2026 10:00:00 +0100\n"} {
		if d := read(t, text).Date(); !d.IsZero() {
			t.Errorf("%q: %s", text, d)
		}
	}
}
