package mtasts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"

func TestParsePolicy(t *testing.T) {
	const rest = "\nmode: testing\nmx: a.example\nmax_age: 86400\n"
	for _, tt := range []struct {
		name, text string
		want       string   // mode, max_age, mx
		void       bool     //
		problems   []string // kind, the place, message
	}{
		{"good", goodPolicy, "enforce 604800 [mail.example.com *.example.net]", false, nil},
		{"LF alone", strings.ReplaceAll(goodPolicy, "\r", ""), "enforce 604800 [mail.example.com *.example.net]", false, nil},
		{"no end of the last line", strings.TrimSuffix(goodPolicy, "\r\n"), "enforce 604800 [mail.example.com *.example.net]", false, nil},
		{"mode none needs no mx", "version: STSv1\nmode: none\nmax_age: 0\n", "none 0 []", false, nil},
		{"any order, tabs, space at the end, other fields", "max_age:86400\nx-note: a \u00e9 b\nmx:\tA.Example  \r\nversion:STSv1\t\nmode:   testing\n", "testing 86400 [a.example]", false, nil},
		{"a field twice", "version: STSv1\nmode: testing\nmode: enforce\nmax_age: 1\nmax_age: x\nmx: a.example", "testing 1 [a.example]", false,
			[]string{`duplicate "mode: enforce" line 3: mode stands more than once: the first counts`, `duplicate "max_age: x" line 5: max_age stands more than once: the first counts`}},
		{"an empty line", "version: STSv1\n" + rest + "\r\n", "testing 86400 [a.example]", false,
			[]string{`blank "" line 2: it is empty, where a field belongs`, `blank "" line 6: it is empty, where a field belongs`}},
		{"too long a life", "version: STSv1\nmode: testing\nmx: a.example\nmax_age: 31557601", "testing 31557601 [a.example]", false,
			[]string{`lifetime "31557601" line 4: max_age is 31557601, above the 31557600 seconds that are allowed`}},
		{"the longest life", "version: STSv1\nmode: testing\nmx: a.example\nmax_age: 31557600", "testing 31557600 [a.example]", false, nil},

		{"no version", "mode: enforce\nmx: a.example\nmax_age: 1", "enforce 1 [a.example]", true, []string{`version "" there is no version`}},
		{"another version", "version: STSv2" + rest, "testing 86400 [a.example]", true, []string{`version "STSv2" line 1: version is "STSv2", not "STSv1"`}},
		{"no mode", "version: STSv1\nmx: a.example\nmax_age: 1", " 1 [a.example]", true, []string{`mode "" there is no mode`}},
		{"a mode in upper case", "version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 1", " 1 [a.example]", true,
			[]string{`mode "Enforce" line 2: mode is "Enforce", and none of enforce, testing and none`}},
		{"no mx", "version: STSv1\nmode: enforce\nmax_age: 1", "enforce 1 []", true, []string{`mx "" there is no mx: no host may take mail for the domain`}},
		{"no max_age", "version: STSv1\nmode: enforce\nmx: a.example", "enforce - [a.example]", true, []string{`max-age "" there is no max_age`}},
		{"a max_age that is no number", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1d", "enforce - [a.example]", true,
			[]string{`max-age "1d" line 4: max_age is "1d", and not 1 to 10 digits`}},
		{"a negative max_age", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1", "enforce - [a.example]", true,
			[]string{`max-age "-1" line 4: max_age is "-1", and not 1 to 10 digits`}},
		{"a max_age without end", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999", "enforce - [a.example]", true,
			[]string{`max-age "99999999999" line 4: max_age is "99999999999", and not 1 to 10 digits`}},
		{"names in upper case", "Version: STSv1" + rest, "testing 86400 [a.example]", true,
			[]string{`version "" there is no version: it stands there as "Version", and the case counts`}},
		{"a byte order mark", "\ufeff" + goodPolicy, "enforce 604800 [mail.example.com *.example.net]", true,
			[]string{`syntax "" a byte order mark stands before the first field`}},
		{"CR alone", "version: STSv1\rmode: enforce\rmx: a.example\rmax_age: 1\r", " - []", true,
			[]string{`version "STSv1\rmode: enforce\rmx: a.example\rmax_age: 1\r" line 1: version is "STSv1\rmode: enforce\rmx: a.example\rmax_ag", not "STSv1"`,
				`mode "" there is no mode`, `max-age "" there is no max_age`, `mx "" there is no mx: no host may take mail for the domain`}},
		{"a line that is no field", "version: STSv1\n# ours" + rest, "testing 86400 [a.example]", true, []string{`syntax "# ours" line 2: "# ours" is no field: it has no colon`}},
		{"a name that is none", "version: STSv1\n mode: enforce" + rest, "testing 86400 [a.example]", true, []string{`syntax " mode" line 2: " mode" is no name of a field`}},
		{"space before the colon", "version : STSv1" + rest, "testing 86400 [a.example]", true,
			[]string{`syntax "version " line 1: "version " is no name of a field`, `version "" there is no version`}},
		{"octets that are no UTF-8", "version: STSv1\nx: \xff\xfe" + rest, "testing 86400 [a.example]", true, []string{`syntax "\xff\xfe" line 2: the value of x is not UTF-8`}},
		{"a control character", "version: STSv1\nx: a\x00b" + rest, "testing 86400 [a.example]", true, []string{`syntax "a\x00b" line 2: the value of x holds a control character`}},
		{"a field without a value", "version: STSv1\nx: " + rest, "testing 86400 [a.example]", true, []string{`syntax "x:" line 2: x has no value`}},
		{"an empty file", "", " - []", true, []string{`version "" the file is empty`}},
		{"empty lines alone", "\r\n \n", " - []", true, []string{`version "" the file is empty`}},
		{"a web page", "<!DOCTYPE html>\n<title>404: gone</title>\n", " - []", true,
			[]string{`version "" no field of a policy stands in the file, which begins with "<!DOCTYPE html>\n<title>404: gone</title>"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := ParsePolicy(tt.text)
			age := "-"
			if p.MaxAge != nil {
				age = fmt.Sprint(*p.MaxAge)
			}
			if got := fmt.Sprintf("%s %s %v", p.Mode, age, p.MX); got != tt.want || p.Void != tt.void {
				t.Errorf("%q, void %v; want %q", got, p.Void, tt.want)
			}
			var l []string
			for _, x := range p.Problems {
				l = append(l, fmt.Sprintf("%s %+q %s", x.Kind, x.Text[x.Offset:x.Offset+x.Length], x.Message))
				if lines := strings.Split(tt.text, "\n"); x.Line > 0 && strings.TrimSuffix(lines[x.Line-1], "\r") != strings.TrimSuffix(x.Text, "\r") {
					t.Errorf("line %d is not %q", x.Line, x.Text)
				}
			}
			if d := cmp.Diff(tt.problems, l); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	for value, says := range map[string]string{
		"mail.example.com":                "",
		"*.example.com":                   "",
		"localhost":                       "",
		"xn--bcher-kva.example":           "",
		"mail.example.com.":               "without a dot at the end",
		"a.example, b.example":            "each has a line of its own",
		".example.com":                    `a wildcard begins with "*."`,
		"b\u00fccher.example":             "names that are not ASCII stand as A-labels (xn--)",
		"*":                               "is neither a host name nor",
		"mail.*.example.com":              "is neither a host name nor",
		"m*.example.com":                  "is neither a host name nor",
		"*.*.example.com":                 "is neither a host name nor",
		"mx_1.example.com":                "is neither a host name nor",
		"-a.example":                      "is neither a host name nor",
		"a..example":                      "is neither a host name nor",
		"":                                "is neither a host name nor",
		strings.Repeat("a", 64) + ".d":    "is neither a host name nor",
		strings.Repeat("a.", 130) + "d":   "is neither a host name nor",
		"https://mail.example.com/":       "is neither a host name nor",
		"192.0.2.1 ; DROP TABLE x \u202e": "each has a line of its own",
	} {
		p := ParsePolicy("version: STSv1\nmode: testing\nmax_age: 1\nmx: ok.example\nmx: " + value)
		switch {
		case says == "" && (len(p.Problems) > 0 || len(p.MX) != 2):
			t.Errorf("%q: %+v", value, p.Problems)
		case says != "" && (len(p.Problems) != 1 || p.Problems[0].Kind != MX || !strings.Contains(p.Problems[0].Message, says)):
			t.Errorf("%q: %+v, want %q", value, p.Problems, says)
		}
	}
}

// TestMatches is section 4.1: the wildcard is the whole leftmost label, and exactly one.
func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, host    string
		matches, beneath bool
	}{
		{"mail.example.com", "mail.example.com", true, false},
		{"mail.example.com", "MAIL.example.com", true, false},
		{"mail.example.com", "x.mail.example.com", false, false},
		{"*.example.com", "mail.example.com", true, false},
		{"*.example.com", "example.com", false, false},
		{"*.example.com", "foo.bar.example.com", false, true},
		{"*.example.com", "fooexample.com", false, false},
		{"*.example.com", "mail.example.org", false, false},
		{"*.com", "example.com", true, false},
		{"example.com", "foo.bar.example.com", false, false},
	} {
		p := Pattern(tt.pattern)
		if p.Matches(tt.host) != tt.matches || p.Beneath(tt.host) != tt.beneath {
			t.Errorf("%s and %s: matches %v, beneath %v", tt.pattern, tt.host, p.Matches(tt.host), p.Beneath(tt.host))
		}
	}
}

// TestBounds: a hostile file makes neither many problems nor long ones.
func TestBounds(t *testing.T) {
	for name, text := range map[string]string{
		"empty lines": goodPolicy + strings.Repeat("\n", 64<<10),
		"a long line": goodPolicy + strings.Repeat("x", 64<<10),
		"many fields": goodPolicy + strings.Repeat("x\n", 32<<10),
		"a long mx":   goodPolicy + "mx: " + strings.Repeat("x", 64<<10),
	} {
		p := ParsePolicy(text)
		size := 0
		for _, x := range p.Problems {
			size += len(x.Text) + len(x.Message)
		}
		if len(p.Problems) == 0 || size > 64<<10 {
			t.Errorf("%s: %d problems of %d octets", name, len(p.Problems), size)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{goodPolicy, "\ufeffversion: STSv1\nmode: none\n\nmax_age: 31557601", "mx:*.\xff\rMode: x\n:", "<html>\r\n\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := ParsePolicy(text)
		for _, x := range p.Problems {
			long := x.Line > 0 && x.Text == ""
			if x.Message == "" || x.Length < 0 || x.Offset < 0 || !long && x.Length > len(x.Text)-x.Offset {
				t.Errorf("%+v: no such place", x)
			}
			if len(x.Message) > 800 {
				t.Errorf("a message of %d octets", len(x.Message))
			}
		}
		if len(p.Problems) > maxProblems {
			t.Errorf("%d problems", len(p.Problems))
		}
		if p.Void && len(p.Problems) == 0 || !p.Void && (p.Mode == "" || p.MaxAge == nil || len(p.MX) == 0 && p.Mode != None) {
			t.Errorf("void %v: %+v", p.Void, p)
		}
		for _, m := range p.MX {
			if !m.Matches(strings.Replace(string(m), "*", "any", 1)) {
				t.Errorf("%s matches nothing", m)
			}
		}
	})
}
