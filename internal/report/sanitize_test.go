package report

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ascii", "v=spf1 -all ~", "v=spf1 -all ~"},
		{"letters of the world", "größe 例え ½ …", "größe 例え ½ …"},
		{"escape", "\x1b[2J", `\x1b[2J`},
		{"bell, nul, delete", "\x07\x00\x7f", `\x07\x00\x7f`},
		{"line ends and tabs", "a\r\n\tb", `a\x0d\x0a\x09b`},
		{"C1 as an octet", "\x9b31m", `\x9b31m`},
		{"C1 as a rune", "\u009b31m", `\u009b31m`},
		{"not UTF-8", "\xff\xc3(", `\xff\xc3(`},
		{"the replacement character itself", "\ufffd", "\ufffd"},
		{"bidirectional", "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", `\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069`},
		{"zero width", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e", `\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e`},
		{"separators", "\u2028\u2029", `\u2028\u2029`},
		{"spaces that are none", "\u00a0\u2003\u3000", `\u00a0\u2003\u3000`},
		{"letters without ink", "\u115f\u3164\uffa0", `\u115f\u3164\uffa0`},
		{"marks that pile up", "e\u0301\u0489\ufe0f", `e\u0301\u0489\ufe0f`},
		{"private and beyond", "\ue000\U000e0041\U0010ffff", `\ue000\U000e0041\U0010ffff`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Visible(c.in); got != c.want {
				t.Errorf("Visible(%q) = %s, want %s", c.in, got, c.want)
			}
		})
	}
}

func TestOctets(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`"v=spf1 \"x\" \195 -all"`, `"v=spf1 \"x\" \195 -all"`}, // zone form stays as it is
		{"\x1b[2J\r\n\x7f", `\027[2J\013\010\127`},
		{"\u202e\xff", `\226\128\174\255`},
		{"é", `\195\169`},
	} {
		if got := octets(c.in); got != c.want {
			t.Errorf("octets(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestInert(t *testing.T) {
	in, err := json.Marshal(map[string]string{"k\u202e": hostile + "ü\n"})
	if err != nil {
		t.Fatal(err)
	}
	out := Inert(in)
	holdsJSON(t, in, out)
	if !strings.Contains(string(out), "ü") {
		t.Error("a plain letter was escaped")
	}
}

// holdsJSON fails if out acts on a terminal or means something else than in.
func holdsJSON(t *testing.T, in, out []byte) {
	t.Helper()
	if i := strings.IndexFunc(string(out), suspect); i >= 0 {
		t.Errorf("%q stands raw in %q", out[i:], out)
	}
	var a, b any
	if err := json.Unmarshal(in, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &b); err != nil {
		t.Fatalf("no JSON any more: %v: %q", err, out)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%q became %q", in, out)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add(hostile)
	f.Add("\ufffd\xff")
	f.Fuzz(func(t *testing.T, s string) {
		v := Visible(s)
		if !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return !plain(r) }) {
			t.Errorf("Visible(%q) = %q", s, v)
		}
		if Visible(v) != v {
			t.Errorf("Visible(%q) is not visible as it stands", v)
		}
		if o := octets(s); !ascii(o) {
			t.Errorf("octets(%q) = %q", s, o)
		}
		b, err := encode(s, "", "")
		if err != nil {
			t.Fatal(err)
		}
		plainly, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		holdsJSON(t, plainly, b)
	})
}
