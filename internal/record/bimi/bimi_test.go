package bimi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/record/taglist"
)

func TestIsBIMI(t *testing.T) {
	for text, want := range map[string]bool{
		"v=BIMI1":                               true,
		"v=BIMI1;":                              true,
		"v=BIMI1; l=https://e.example/l.svg":    true,
		"v \t=\t BIMI1 ;l=":                     true,
		"":                                      false,
		"v=bimi1; l=":                           false, // capitalization is not mended
		"V=BIMI1; l=":                           false,
		"v=BIMI2; l=":                           false,
		"v=BIMI10; l=":                          false,
		"v=BIMI1 l=https://e.example/l.svg":     false,
		" v=BIMI1; l=":                          false,
		"l=; v=BIMI1":                           false,
		"BIMI1; l=":                             false,
		`"v=BIMI1; l="`:                         false,
		`v=BIMI1\; l=https://e.example/l.svg\;`: false,
		"v=spf1 -all":                           false,
	} {
		if got := IsBIMI(text); got != want {
			t.Errorf("IsBIMI(%q) = %v", text, got)
		}
	}
}

const (
	logo = "https://e.example/logo.svg"
	cert = "https://e.example/mark.pem"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, text         string
		location, evidence string
		declined           bool
		problems           []Kind
	}{
		{"a logo", "v=BIMI1; l=" + logo, logo, "", false, nil},
		{"a logo and a certificate", "v=BIMI1; l=" + logo + "; a=" + cert + ";", logo, cert, false, nil},
		{"an empty a=", "v=BIMI1; l=" + logo + "; a=;", logo, "", false, nil},
		{"the tags after v= in any order", "v=BIMI1; a=" + cert + "; avp=personal; l=" + logo, logo, cert, false, nil},
		{"compressed", "v=BIMI1; l=https://e.example/logo.svgz", "https://e.example/logo.svgz", "", false, nil},
		{"no ending", "v=BIMI1; l=https://e.example/logo?size=96", "https://e.example/logo?size=96", "", false, nil},
		{"the scheme in upper case", "v=BIMI1; l=HTTPS://e.example/logo.svg", "HTTPS://e.example/logo.svg", "", false, nil},
		{"a port and an encoded comma", "v=BIMI1; l=https://e.example:8443/a%2Cb.svg", "https://e.example:8443/a%2Cb.svg", "", false, nil},
		{"tags of later versions", "v=BIMI1; l=" + logo + "; lps=news,billing; x=y", logo, "", false, nil},
		{"declined", "v=BIMI1; l=; a=;", "", "", true, nil},
		{"declined without a=", "v=BIMI1; l=", "", "", true, nil},

		{"v= in lower case", "v=bimi1; l=" + logo, logo, "", false, []Kind{Version}},
		{"another version", "v=BIMI2; l=" + logo, logo, "", false, []Kind{Version}},
		{"v= not first", "l=" + logo + "; v=BIMI1", logo, "", false, []Kind{Version}},
		{"no v=", "l=" + logo, logo, "", false, []Kind{Version}},
		{"declined by what is no record", "v=bimi1; l=; a=", "", "", false, []Kind{Version}},
		{"no l=", "v=BIMI1; a=" + cert, "", cert, false, []Kind{Location}},
		{"L= in upper case", "v=BIMI1; L=" + logo, "", "", false, []Kind{Location}},
		{"nothing at all", "v=BIMI1", "", "", false, []Kind{Location}},
		{"a certificate without a logo", "v=BIMI1; l=; a=" + cert, "", cert, false, []Kind{Location}},
		{"http", "v=BIMI1; l=http://e.example/logo.svg", "http://e.example/logo.svg", "", false, []Kind{Location}},
		{"no scheme", "v=BIMI1; l=e.example/logo.svg", "e.example/logo.svg", "", false, []Kind{Location}},
		{"no URI", "v=BIMI1; l=https://e.example:x/logo.svg", "https://e.example:x/logo.svg", "", false, []Kind{Location}},
		{"no host", "v=BIMI1; l=https:///logo.svg", "https:///logo.svg", "", false, []Kind{Location}},
		{"a host of one label", "v=BIMI1; l=https://web/logo.svg", "https://web/logo.svg", "", false, []Kind{Location}},
		{"an address", "v=BIMI1; l=https://192.0.2.80/logo.svg", "https://192.0.2.80/logo.svg", "", false, []Kind{Location}},
		{"an IPv6 address", "v=BIMI1; l=https://[2001:db8::80]/logo.svg", "https://[2001:db8::80]/logo.svg", "", false, []Kind{Location}},
		{"two places", "v=BIMI1; l=" + logo + "," + logo, logo + "," + logo, "", false, []Kind{Location}},
		{"white space", "v=BIMI1; l=https://e.example/our logo.svg", "https://e.example/our logo.svg", "", false, []Kind{Location}},
		{"another kind of image", "v=BIMI1; l=https://e.example/logo.PNG?v=2", "https://e.example/logo.PNG?v=2", "", false, []Kind{Location}},
		{"a certificate over http", "v=BIMI1; l=" + logo + "; a=http://e.example/mark.pem", logo, "http://e.example/mark.pem", false, []Kind{Evidence}},
		{"the logo in place of the certificate", "v=BIMI1; l=" + logo + "; a=" + logo, logo, logo, false, []Kind{Evidence}},
		{"an unknown avatar preference", "v=BIMI1; l=" + logo + "; avp=Brand", logo, "", false, []Kind{Value}},
		{"a tag twice", "v=BIMI1; l=" + logo + "; l=", logo, "", false, []Kind{DuplicateTag}},
		{"a piece that is no tag", "v=BIMI1; " + logo, "", "", false, []Kind{Location, Syntax}},
		{"an empty piece", "v=BIMI1;; l=" + logo, logo, "", false, []Kind{Syntax}},
		{"octets beyond ASCII", "v=BIMI1; l=https://e.example/\u00e9.svg", "https://e.example/\u00e9.svg", "", false, []Kind{Syntax}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Parse(tt.text)
			var kinds []Kind
			for _, p := range r.Problems {
				kinds = append(kinds, p.Kind)
			}
			want := Record{Text: tt.text, Location: tt.location, Evidence: tt.evidence, Declined: tt.declined}
			if diff := cmp.Diff(want, r, cmpopts.IgnoreFields(Record{}, "Tags", "Problems")); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.problems, kinds); diff != "" {
				t.Errorf("problems %+v (-want +got):\n%s", r.Problems, diff)
			}
		})
	}
}

// TestProblems holds what is said of a fault, and that its place is the text at fault.
func TestProblems(t *testing.T) {
	for _, tt := range []struct{ text, at, message string }{
		{"v=bimi1; l=", "v=bimi1", `v= is "bimi1", not "BIMI1": the case counts`},
		{"v=BIMI2; l=", "v=BIMI2", `v= is "BIMI2", not "BIMI1"`},
		{"l=; v=BIMI1;", "v=BIMI1", "v=BIMI1 is not the first thing in the record"},
		{"l=", "", "the record does not begin with v=BIMI1"},
		{"v=BIMI1; a=", "", "there is no l= tag, which says where the logo is"},
		{"v=BIMI1; l = ; a=" + cert, "l =", "l= is empty beside an a= that is not: this names no logo, and declines none either"},
		{"v=BIMI1; l=ftp://e.example/l.svg ; a=", "l=ftp://e.example/l.svg", "l= is no place of a logo: its scheme is ftp, and only https is allowed"},
		{"v=BIMI1; l=logo.svg", "l=logo.svg", "l= is no place of a logo: it does not begin with https://"},
		{"v=BIMI1; l=https://%zz", "l=https://%zz", "l= is no place of a logo: it is no URI"},
		{"v=BIMI1; l=https:logo.svg", "l=https:logo.svg", "l= is no place of a logo: it names no host"},
		{"v=BIMI1; l=https://web.", "l=https://web.", `l= is no place of a logo: its host "web" is no fully qualified domain name`},
		{"v=BIMI1; l=" + logo + "," + logo, "l=" + logo + "," + logo, "l= is no place of a logo: a comma stands in it: it takes one URI, in which a comma is written %2C"},
		{"v=BIMI1; l=https://e.example/l.JPG", "l=https://e.example/l.JPG", "l= is no place of a logo: it ends in .jpg"},
		{"v=BIMI1; l=" + logo + "; a= " + logo + ";", "a= " + logo, "a= is no place of a mark certificate: it ends in .svg"},
		{"v=BIMI1; l=; avp=none", "avp=none", `avp="none" is neither brand nor personal`},
		{"v=BIMI1;; l=", ";", "nothing stands where a tag belongs"},
		{"v=BIMI1; l=; l=", "l=", "l= stands more than once, which makes the whole list invalid"},
	} {
		l := Parse(tt.text).Problems
		if len(l) != 1 {
			t.Errorf("%q: %d problems: %+v", tt.text, len(l), l)
			continue
		}
		if p := l[0]; p.Message != tt.message || tt.text[p.Offset:p.Offset+p.Length] != tt.at {
			t.Errorf("%q: %q at %q; want %q at %q", tt.text, p.Message, tt.text[p.Offset:p.Offset+p.Length], tt.message, tt.at)
		}
	}
}

// TestQuoteIsClipped holds that a message does not grow with the record.
func TestQuoteIsClipped(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	for _, text := range []string{"v=" + long, "v=BIMI1; l=" + long + "://h", "v=BIMI1; l=https://" + long, "v=BIMI1; l=; avp=" + long, "v=BIMI1; l=; " + long} {
		for _, p := range Parse(text).Problems {
			if len(p.Message) > 200 {
				t.Errorf("%.20q: a message of %d octets", text, len(p.Message))
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=BIMI1; l=" + logo + "; a=" + cert + "; avp=brand; lps=a,b", "v=BIMI1; l=; a=;", "v=bimi1;l=http://x, y;;a=https://[::1]/m.svg",
		"l=\xff; v=BIMI1; l=https://a.b:99/%2", `v=BIMI1\; l=`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Parse(text)
		for _, p := range r.Problems {
			if p.Message == "" || p.Length < 0 || p.Length > len(text)-p.Offset {
				t.Errorf("%+v: no such place", p)
			}
			if p.Length > 0 && !strings.HasPrefix(text[p.Offset:], p.Tag) {
				t.Errorf("%+v: the tag does not stand there", p)
			}
		}
		if r.Declined && (!IsBIMI(text) || r.Location+r.Evidence != "") {
			t.Errorf("declined: %+v", r)
		}
		if len(r.Problems) > 0 {
			return
		}
		if !IsBIMI(text) || !r.Declined && r.Location == "" {
			t.Errorf("without a problem: %+v", r)
		}
		again := Parse(taglist.Format(r.Tags))
		for i := range again.Tags {
			again.Tags[i].Offset = r.Tags[i].Offset
		}
		again.Text = r.Text
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("its tags do not parse to the same record:\n%s", diff)
		}
	})
}
