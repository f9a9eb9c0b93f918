package tlsa

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var digest256, digest512 = strings.Repeat("ab", 32), strings.Repeat("cd", 64)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text    string
		kind    string
		octets  int
		usable  bool
		problem string // "" for none
	}{
		{"3 1 1 " + digest256, "3 1 1", 32, true, ""},
		{"3 1 1 " + strings.ToUpper(digest256), "3 1 1", 32, true, ""},
		{"  3\t1  1\n" + digest256[:7] + " " + digest256[7:] + " ", "3 1 1", 32, true, ""},
		{"2 0 2 " + digest512, "2 0 2", 64, true, ""},
		{"3 1 0 3003020101", "3 1 0", 5, true, ""},
		{"0 0 1 " + digest256, "0 0 1", 32, false, ""},
		{"1 1 1 " + digest256, "1 1 1", 32, false, ""},
		{"3 1 1 " + digest256[2:], "3 1 1", 31, false, "31 octets long, and SHA-256 has 32"},
		{"3 1 1 " + digest512, "3 1 1", 64, false, "64 octets long, and SHA-256 has 32"},
		{"3 1 2 " + digest256, "3 1 2", 32, false, "32 octets long, and SHA-512 has 64"},
		{"3 1 1", "3 1 1", 0, false, "0 octets long"},
		{"1 1 1 ab", "1 1 1", 1, false, "1 octets long"},
		{"3 0 0", "3 0 0", 0, false, "no certificate or key in DER"},
		{"3 0 0 " + digest256, "3 0 0", 32, false, "no certificate or key in DER"},
		{"3 1 0 300302010100", "3 1 0", 6, false, "no certificate or key in DER"},
		{"4 1 1 " + digest256, "4 1 1", 32, false, "usage 4 means nothing"},
		{"255 1 1 " + digest256, "255 1 1", 32, false, "usage 255 means nothing"},
		{"3 2 1 " + digest256, "3 2 1", 32, false, "selector 2 means nothing"},
		{"3 1 3 " + digest256, "3 1 3", 32, false, "matching type 3 means nothing"},
		{"256 1 1 " + digest256, "0 0 0", 0, false, `"256" is no number from 0 to 255`},
		{"-1 1 1 " + digest256, "0 0 0", 0, false, `"-1" is no number`},
		{"3 x 1 " + digest256, "3 0 0", 0, false, `"x" is no number`},
		{"3 1 1 " + digest256[1:], "3 1 1", 0, false, "not hexadecimal"},
		{"3 1 1 " + digest256 + "zz", "3 1 1", 0, false, "not hexadecimal"},
		{"", "0 0 0", 0, false, "does not begin with three numbers"},
		{"3 1", "0 0 0", 0, false, "does not begin with three numbers"},
		{`\# 4 03 01 01 ab`, "0 0 0", 0, false, "is no number"},
		{"3 9 1 " + strings.Repeat("ab", maxData+1), "3 9 1", maxData + 1, false, "more than a record can hold"},
		{"3 9 1 " + strings.Repeat(" a", 4*maxData), "0 0 0", 0, false, "more than a record can hold"},
	} {
		r, problems := Parse(tt.text)
		name := fmt.Sprintf("%.40q", tt.text)
		if r.Kind() != tt.kind || len(r.Data) != tt.octets || r.Usable() != tt.usable && tt.problem == "" {
			t.Errorf("%s: %s, %d octets, usable %v", name, r.Kind(), len(r.Data), r.Usable())
		}
		if tt.usable != (len(problems) == 0 && !r.PKIX()) {
			t.Errorf("%s: usable is to be %v; problems %q", name, tt.usable, problems)
		}
		if got := strings.Join(problems, "; "); !strings.Contains(got, tt.problem) || (tt.problem == "") != (got == "") {
			t.Errorf("%s: problems %q, want %q", name, got, tt.problem)
		}
	}
}

// TestParseAll: several things wrong are all told.
func TestParseAll(t *testing.T) {
	if _, problems := Parse("9 9 9 ab"); len(problems) != 3 {
		t.Errorf("problems %q", problems)
	}
}

func TestString(t *testing.T) {
	r, _ := Parse("3 1 1 " + strings.ToUpper(digest256[:10]) + " " + digest256[10:])
	if got := r.String(); got != "3 1 1 "+digest256 {
		t.Errorf("%s", got)
	}
	if other, _ := Parse("3 1 1 " + digest256); !r.Equal(other) {
		t.Error("two spellings of one record differ")
	}
	for _, other := range []string{"3 0 1 " + digest256, "3 1 1 " + strings.Repeat("ac", 32)} {
		if o, _ := Parse(other); r.Equal(o) {
			t.Errorf("equal to %s", o)
		}
	}
}

// TestStrongest: beside a stronger digest of the same usage and selector a weaker one is ignored (RFC 7671 9).
func TestStrongest(t *testing.T) {
	for _, tt := range []struct{ have, want []string }{
		{[]string{"3 1 1", "3 1 2"}, []string{"3 1 2"}},
		{[]string{"3 1 1", "3 1 1", "3 1 2", "3 1 0"}, []string{"3 1 2", "3 1 0"}},
		{[]string{"3 1 1", "3 0 2", "2 1 2"}, []string{"3 1 1", "3 0 2", "2 1 2"}},
		{nil, nil},
	} {
		var l []Record
		for _, kind := range tt.have {
			r, _ := Parse(kind)
			l = append(l, r)
		}
		var got []string
		for _, r := range Strongest(l) {
			got = append(got, r.Kind())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("of %q: %q, want %q", tt.have, got, tt.want)
		}
	}
}

// FuzzParse: any text is read, what is read is bounded and writes back, and comparing it never panics.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"3 1 1 " + digest256, "2 0 2 " + digest512, "3 1 0 3003020101", "0 0 0", "3 1 1 a b", "", "256 1 1", "9 9 9 ff"} {
		f.Add(s)
	}
	chain := vectors(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, problems := Parse(text)
		if r.Usable() && len(problems) > 0 {
			t.Errorf("usable with problems %q", problems)
		}
		if len(r.Data) > len(text) {
			t.Errorf("%d octets of %d", len(r.Data), len(text))
		}
		again, same := Parse(r.String())
		if len(problems) == 0 && (!again.Equal(r) || len(same) > 0) {
			t.Errorf("%s reads back as %s: %q", r, again, same)
		}
		if ok, why := r.Match(chain, midway, "mx1.example.com"); ok == (why != "") {
			t.Errorf("match %v: %q", ok, why)
		}
		garbage := [][]byte{[]byte(text), r.Data}
		if ok, _ := r.Match(garbage, midway, text); ok && !bytes.Equal(r.Data, garbage[0]) {
			t.Error("garbage matches")
		}
	})
}
