package eml

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const from = "From a@b.example Sun Nov 22 10:00:00 2026\n"

// messagesOf are the bodies that a file has, and what is said of those that are none.
func messagesOf(t *testing.T, r io.Reader) (l []string, several bool) {
	t.Helper()
	b := NewMbox(r)
	for {
		m, err := b.Next()
		var bad *MessageError
		switch {
		case errors.Is(err, io.EOF):
			if _, err := b.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("behind the end: %v", err)
			}
			return l, b.Several()
		case errors.As(err, &bad):
			l = append(l, "! "+err.Error())
		case err != nil:
			return append(l, "!! "+err.Error()), b.Several()
		default:
			l = append(l, m.Fields[0].Value+": "+m.Body)
		}
	}
}

func TestMbox(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		several    bool
	}{
		{"a message", "Subject: a\n\nb\n\nFrom a Sun Nov 22 10:00:00 2026\n", []string{"a: b\n\nFrom a Sun Nov 22 10:00:00 2026\n"}, false},
		{"a message with quotes", "Subject: a\n\n>From b\n", []string{"a: >From b\n"}, false},
		{"one", from + "Subject: a\n\nb\n", []string{"a: b\n"}, false},
		{"two", from + "Subject: a\n\nb\n\n" + from + "Subject: c\n\nd\n\n", []string{"a: b\n\n", "c: d\n\n"}, true},
		{"CRLF and a mark", "\ufeff" + strings.ReplaceAll(from+"Subject: a\n\nb\n\n"+from+"Subject: c\n\nd\n", "\n", "\r\n"), []string{"a: b\r\n\r\n", "c: d\r\n"}, true},
		{"quoted", from + "Subject: a\n\nb\n\n>From c 10:00\n>>From d\n> From e\n>Fromage\n", []string{"a: b\n\nFrom c 10:00\n>From d\n> From e\n>Fromage\n"}, false},
		{"From without an empty line, or without a time", from + "Subject: a\n\nb\n" + from + "\nFrom here on it is quiet\n", []string{"a: b\n" + from + "\nFrom here on it is quiet\n"}, false},
		{"no message among them", from + "Subject: a\n\nb\n\n" + from + "\nno header\n\n" + from + "Subject: c\n\nd\n", []string{"a: b\n\n", "! no message: nothing in it is a header field", "c: d\n"}, true},
		{"a large one among them", from + "Subject: a\n\n" + strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 16) + "\n" + from + "Subject: c\n\nd\n", []string{"! larger than 16 MiB", "c: d\n"}, true},
		{"a line longer than the buffer", from + "Subject: a\n\n" + strings.Repeat("x", 100000) + "\n\n" + from + "Subject: c\n\nd\n", []string{"a: " + strings.Repeat("x", 100000) + "\n\n", "c: d\n"}, true},
		{"nothing", "", []string{"! no message: nothing in it is a header field"}, false},
		{"a first line alone", from[:20], []string{"! nothing follows its first line"}, false},
		{"it ends with a first line", from + "Subject: a\n\nb\n\n" + from, []string{"a: b\n\n", "! no message: nothing in it is a header field"}, true},
	} {
		l, several := messagesOf(t, strings.NewReader(c.text))
		if d := cmp.Diff(c.want, l); d != "" || several != c.several {
			t.Errorf("%s: several %v (-want +got)\n%.2000s", c.name, several, d)
		}
	}
	failing := io.MultiReader(strings.NewReader(from+"Subject: a\n\nb\n\n"+from+"Subject: c\n"), iotest.ErrReader(errors.New("disk")))
	if l, _ := messagesOf(t, failing); len(l) != 2 || l[1] != "!! disk" {
		t.Errorf("%q", l)
	}
}

// TestFirst: an mbox file is read as one where a single message is asked for, too, however much is in it.
func TestFirst(t *testing.T) {
	large := "Subject: a\n\n" + strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 17)
	for _, c := range []struct {
		name, text, want string
		several          bool
	}{
		{"a message", "Subject: a\n\n>From b\n", "Subject: a\n\n>From b\n", false},
		{"no header", "Dear all\n", "Dear all\n", false},
		{"nothing", "", "", false},
		{"an mbox of one", from + "Subject: a\n\n>From b\n>>From c\n", "Subject: a\n\nFrom b\n>From c\n", false},
		{"an mbox of two", from + "Subject: a\n\nb\n\n" + from + "Subject: c\n\nd\n", "Subject: a\n\nb\n\n", true},
		{"without header fields", from + "\nb\n", "\nb\n", false},
		{"a large message", large, large, false},
		{"a large one in an mbox", from + large, large, false},
	} {
		m, several, err := First(strings.NewReader(c.text))
		if err != nil || m.Text != c.want || several != c.several {
			t.Errorf("%s: %v, several: %v", c.name, err, several)
		}
	}
	for _, text := range []string{from[:20], from + large + large + large, large + large + large} {
		if m, _, err := First(strings.NewReader(text)); err == nil {
			t.Errorf("%d octets are read", len(m.Text))
		}
	}
}

func TestMaildir(t *testing.T) {
	file := &fstest.MapFile{}
	l, folders, err := Maildir(fstest.MapFS{"cur/2.b:2,S": file, "cur/1.b:2,": file, "new/0.c": file, "tmp/3.d": file, ".Sent/cur/1": file, "cur/dir/x": file, "note": file,
		".A/new/1": file, "Old/cur/1": file, "Old/new/2": file, "cur/new/x": file, "tmp/cur/x": file, "notes/a": file, "odd/cur": file})
	if d := cmp.Diff([]string{"new/0.c", "cur/1.b:2,", "cur/2.b:2,S"}, l); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	if d := cmp.Diff([]string{".A", ".Sent", "Old"}, folders); d != "" {
		t.Error(d)
	}
	if l, folders, err := Maildir(fstest.MapFS{"cur/1": file}); len(l) != 1 || len(folders) != 0 || err != nil {
		t.Errorf("without new: %v, %v, %v", l, folders, err)
	}
	if _, _, err := Maildir(fstest.MapFS{"a.eml": file}); !errors.Is(err, ErrNoMaildir) {
		t.Error(err)
	}
}

// FuzzMbox: every octet of a message comes from the file, and it ends.
func FuzzMbox(f *testing.F) {
	f.Add(from + "Subject: a\n\n>From b\n\n" + from + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		b, n := NewMbox(strings.NewReader(s)), 0
		for {
			m, err := b.Next()
			var bad *MessageError
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if m != nil {
				n += len(m.Text)
			}
		}
		if n > len(s) {
			t.Errorf("%d octets of %d", n, len(s))
		}
	})
}
