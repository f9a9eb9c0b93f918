package recipients

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestIsemail holds the parser against somebody else's cases. What is an error there is one here. What RFC 5322 allows in a
// header field alone, and the obsolete forms, are for SMTP no addresses either.
func TestIsemail(t *testing.T) {
	f, err := os.Open("testdata/isemail.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	good := map[string]bool{"ISEMAIL_ERR": false, "ISEMAIL_VALID_CATEGORY": true, "ISEMAIL_DNSWARN": true,
		"ISEMAIL_RFC5321": true, "ISEMAIL_RFC5322": false, "ISEMAIL_CFWS": false, "ISEMAIL_DEPREC": false}
	// RFC 4291 2.2 reads "::" for one group, and so does everybody, though RFC 5321 4.1.3 wants two.
	other := map[string]bool{"ISEMAIL_RFC5321_TLDNUMERIC": false, "first.last@[IPv6::b4]": false,
		"test@[IPv6:1111:2222:3333:4444:5555:6666::8888]": true}
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
		var c struct{ Address, Category, Diagnosis string }
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		want, known := good[c.Category]
		for _, k := range []string{c.Diagnosis, c.Address} {
			if w, ok := other[k]; ok {
				want = w
			}
		}
		if _, err := Parse(c.Address); !known || (err == nil) != want {
			t.Errorf("%q (%s, %s): %v", c.Address, c.Category, c.Diagnosis, err)
		}
	}
	if n < 200 {
		t.Errorf("%d cases", n)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"User@Example.COM":             "User@example.com",
		"a@b\u00fccher.example":        "a@xn--bcher-kva.example",
		"p\u00f6st@example.com":        "p\u00f6st@example.com",
		`"a b"@example.com`:            `"a b"@example.com`,
		"a@[192.0.2.1]":                "a@[192.0.2.1]",
		"a@[ipv6:2001:DB8::1]":         "a@[IPv6:2001:db8::1]",
		strings.Repeat("a", 64) + "@b": strings.Repeat("a", 64) + "@b",
	} {
		if a, err := Parse(in); err != nil || a.String() != want {
			t.Errorf("%q: %v, %v", in, a, err)
		}
	}
	for in, says := range map[string]string{
		"":                      "nothing",
		"a":                     "no @",
		"@b.example":            "no local part",
		"a@":                    "no domain",
		"a@b..example":          "empty label",
		"a.@b.example":          "ends with a dot",
		".a@b.example":          "begins with a dot",
		"a..b@b.example":        "two dots",
		"a b@b.example":         "' '",
		"a@b_c.example":         "'_'",
		"a@-b.example":          "hyphen",
		"a@b.example.":          "ends with a dot",
		"a@192.0.2.1":           "number",
		"a@[192.0.2.256]":       "literal",
		"a@[fe80::1]":           "literal",
		"a@[IPv6:fe80::1%eth0]": "literal",
		"a@[192.0.2.1":          "not closed",
		"a@[":                   "not closed",
		`"a@b.example`:          "not closed",
		`"a\`:                   "not closed",
		"\"\x01\"@b.example":    `'\x01'`,
		"\"\x7f\"@b.example":    `'\x7f'`,
		"a@" + strings.Repeat("\u00fc.", 60) + "b": "more than 253",
		"a\xff@b.example":                          "UTF-8",
		strings.Repeat("a", 65) + "@b":             "65 octets, more than 64",
		"a@" + strings.Repeat("a.", 120):           "ends with a dot",
		"a@" + strings.Repeat("a.", 126) + "aa":    "256 octets, more than 254",
		"a@" + strings.Repeat("a", 64):             "64 octets, more than 63",
		"a@b.example\u3002\u3002":                  "domain",
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", in, err, says)
		}
	}
}

func TestMailbox(t *testing.T) {
	same := [][2]string{{"a@B.example", "A@b.example"}, {`"a"@b.example`, "a@b.example"}, {`"a\b"@b.example`, "ab@b.example"},
		{"a.b@gmail.com", "ab@gmail.com"}, {"a@b\u00fccher.example", "a@xn--bcher-kva.example"}}
	differ := [][2]string{{"a.b@b.example", "ab@b.example"}, {"a@b.example", "a@c.example"}, {"a+b@gmail.com", "a@gmail.com"}}
	box := func(s string) string {
		a, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return a.mailbox()
	}
	for _, p := range same {
		if box(p[0]) != box(p[1]) {
			t.Errorf("%v differ", p)
		}
	}
	for _, p := range differ {
		if box(p[0]) == box(p[1]) {
			t.Errorf("%v are the same", p)
		}
	}
}

func TestRepaired(t *testing.T) {
	for in, want := range map[string]string{
		"Fred <fred@b.example>":  "fred@b.example",
		"mailto:a@b.example?x=y": "a@b.example",
		"a@b,example":            "a@b.example",
		"a@b..example.":          "a@b.example",
		"a @ b.example;":         "a@b.example",
		"a@b.example (Ann Lee)":  "a@b.example",
		"(Ann) a@b.example":      "",
		"a\uff20b.example":       "a@b.example",
		"a@@b.example":           "",
		"a b@c.example":          "",
		"a@b":                    "",
		"\xff@b.example":         "",
	} {
		if got := repaired(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a@b.example")
	f.Add(`"a\"b"@[IPv6:::1]`)
	f.Fuzz(func(t *testing.T, s string) {
		repaired(trimmed(s))
		a, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(a.String())
		if err != nil || again != a || again.mailbox() != a.mailbox() {
			t.Errorf("%q: %q: %v", s, a, err)
		}
	})
}
