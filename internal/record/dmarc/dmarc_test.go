package dmarc

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/record/taglist"
)

func TestIsDMARC(t *testing.T) {
	for text, want := range map[string]bool{
		"v=DMARC1":                     true,
		"v=DMARC1;":                    true,
		"v=DMARC1; p=none":             true,
		"v=DMARC1;p=none":              true,
		"v \t=\t DMARC1 ; p=none":      true,
		"V=DMARC1; p=none":             true, // only "DMARC1" is case-sensitive in the ABNF
		"":                             false,
		"v=dmarc1; p=none":             false,
		"v=DMARC10; p=none":            false,
		"v=DMARC1 p=none":              false,
		"v=DMARC2; p=none":             false,
		" v=DMARC1; p=none":            false,
		"p=none; v=DMARC1":             false,
		"DMARC1; p=none":               false,
		"\"v=DMARC1; p=none\"":         false,
		"v=spf1 -all":                  false,
		"\u212a=DMARC1":                false,
		"v=\u201cDMARC1\u201d; p=none": false,
	} {
		if got := IsDMARC(text); got != want {
			t.Errorf("IsDMARC(%q) = %v", text, got)
		}
	}
}

func TestLooksLike(t *testing.T) {
	for text, want := range map[string]bool{
		"v=dmarc1; p=none":               true,
		"v=DMARC1 p=none":                true,
		"v=DMARC2; p=none":               true,
		"v=DMARC; p=none":                true,
		"v:DMARC1; p=none":               true,
		" v=DMARC1; p=none":              true,
		"DMARC1; p=none":                 true,
		"\"v=DMARC1; p=none\"":           true,
		"\u201cv=DMARC1; p=none\u201d":   true,
		"v=\u201cDMARC1\u201d; p=none":   true,
		"\ufeffv=DMARC1; p=none":         true,
		"p=none; v=DMARC1":               true,
		"p=reject; rua=mailto:a@b.c":     true,
		"":                               false,
		"v=DMARC1; p=none":               false,
		"v=spf1 -all":                    false,
		"v=DKIM1; p=":                    false,
		"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GN": false,
		"verification=1":                 false,
		"about v=DMARC1":                 false,
		"p=none; v=spf1":                 false,
	} {
		if got := LooksLike(text); got != want {
			t.Errorf("LooksLike(%q) = %v", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	percent := 50
	base := func(change func(*Record)) Record { // a record without problems, less Text and Tags
		r := Record{Policy: "none", ADKIM: "r", ASPF: "r", PSD: "u"}
		change(&r)
		return r
	}
	tests := []struct {
		name, text string
		want       Record
		problems   []Kind
	}{
		{"p alone", "v=DMARC1; p=none", base(func(*Record) {}), nil},
		{"every tag", "v=DMARC1; p=quarantine; sp=none; np=reject; adkim=s; aspf=s; psd=n; t=y; fo=1:d:s; ruf=mailto:f@example.org; rua=mailto:a@example.org;",
			Record{Policy: "quarantine", SP: "none", NP: "reject", ADKIM: "s", ASPF: "s", PSD: "n", Testing: true,
				RUA: []URI{{Text: "mailto:a@example.org", Domain: "example.org"}},
				RUF: []URI{{Text: "mailto:f@example.org", Domain: "example.org"}}}, nil},
		{"values in upper case", "v=DMARC1; p=ReJect; sp=NONE; np=None; adkim=S; aspf=S; psd=Y; t=Y; fo=D",
			Record{Policy: "reject", SP: "none", NP: "none", ADKIM: "s", ASPF: "s", PSD: "y", Testing: true}, nil},
		{"defaults spelled out", "v=DMARC1; p=none; adkim=r; aspf=r; psd=u; t=n; fo=0", base(func(*Record) {}), nil},
		{"p not second", "v=DMARC1; adkim=s; p=none", base(func(r *Record) { r.ADKIM = "s" }), nil},
		{"pct", "v=DMARC1; p=none; pct=50", base(func(r *Record) { r.Percent = &percent }), []Kind{Obsolete}},
		{"rf and ri", "v=DMARC1; p=none; rf=afrf; ri=86400", base(func(*Record) {}), []Kind{Obsolete, Obsolete}},
		{"unknown tag", "v=DMARC1; p=none; adkm=s", base(func(*Record) {}), []Kind{UnknownTag}},
		{"tag name in upper case", "v=DMARC1; P=none", base(func(*Record) {}), []Kind{UnknownTag}},
		{"bad values give way to the defaults", "v=DMARC1; p=none; adkim=x; aspf=; psd=z; t=1; fo=2; pct=101", base(func(*Record) {}),
			[]Kind{ValueInvalid, ValueInvalid, ValueInvalid, ValueInvalid, ValueInvalid, Obsolete, ValueInvalid}},
		{"a piece that is no tag", "v=DMARC1; p=none; mailto:a@example.org", base(func(*Record) {}), []Kind{Syntax}},
		{"empty piece", "v=DMARC1;; p=none", base(func(*Record) {}), []Kind{Syntax}},
		{"lists of addresses", "v=DMARC1; p=none; rua=mailto:a@Example.org!10M \t, mailto:b@example.net", base(func(r *Record) {
			r.RUA = []URI{{Text: "mailto:a@Example.org!10M", Domain: "example.org", Size: "!10M"}, {Text: "mailto:b@example.net", Domain: "example.net"}}
		}), nil},
		{"bad address beside a good one", "v=DMARC1; p=none; rua=a@example.org,mailto:b@example.net", base(func(r *Record) {
			r.RUA = []URI{{Text: "a@example.org", Fault: "mailto: is missing before the address"}, {Text: "mailto:b@example.net", Domain: "example.net"}}
		}), []Kind{RUAInvalid}},
		{"bad ruf", "v=DMARC1; p=none; ruf=https://example.org/", base(func(r *Record) {
			r.RUF = []URI{{Text: "https://example.org/", Fault: "receivers need to support mailto: only and ignore https:"}}
		}), []Kind{RUFInvalid}},
		{"tag twice", "v=DMARC1; p=none; p=reject", base(func(r *Record) { r.Void = true }), []Kind{DuplicateTag}},
		{"tag twice in two cases", "v=DMARC1; p=none; P=reject", base(func(r *Record) { r.Void = true }), []Kind{DuplicateTag}},
		{"unknown tag twice", "v=DMARC1; p=none; x=1; x=2", base(func(r *Record) { r.Void = true }), []Kind{UnknownTag, DuplicateTag}},

		// RFC 9989 4.10.1
		{"no p, valid rua", "v=DMARC1; rua=mailto:a@example.org", base(func(r *Record) {
			r.Policy, r.RUA = "", []URI{{Text: "mailto:a@example.org", Domain: "example.org"}}
		}), []Kind{PolicyMissing}},
		{"no p, rua of another scheme", "v=DMARC1; rua=https://example.org/report", base(func(r *Record) {
			r.Policy = ""
			r.RUA = []URI{{Text: "https://example.org/report", Fault: "receivers need to support mailto: only and ignore https:"}}
		}), []Kind{PolicyMissing, RUAInvalid}},
		{"no p, bad rua", "v=DMARC1; rua=a", base(func(r *Record) {
			r.Policy, r.Void, r.RUA = "", true, []URI{{Text: "a", Fault: "it is no URI: it has no scheme such as mailto:"}}
		}), []Kind{PolicyMissing, RUAInvalid}},
		{"no p, no rua", "v=DMARC1", base(func(r *Record) { r.Policy, r.Void = "", true }), []Kind{PolicyMissing}},
		{"bad p, no rua", "v=DMARC1; p=block", base(func(r *Record) { r.Policy, r.Void = "", true }), []Kind{PolicyInvalid}},
		{"empty p, no rua", "v=DMARC1; p=", base(func(r *Record) { r.Policy, r.Void = "", true }), []Kind{PolicyInvalid}},
		{"bad p, valid rua", "v=DMARC1; p=block; rua=mailto:a@example.org", base(func(r *Record) {
			r.Policy, r.RUA = "", []URI{{Text: "mailto:a@example.org", Domain: "example.org"}}
		}), []Kind{PolicyInvalid}},
		{"bad sp, no rua", "v=DMARC1; p=reject; sp=x", base(func(r *Record) { r.Policy, r.Void = "reject", true }), []Kind{SubInvalid}},
		{"bad np, valid rua", "v=DMARC1; p=reject; np=x; rua=mailto:a@example.org", base(func(r *Record) {
			r.Policy, r.RUA = "reject", []URI{{Text: "mailto:a@example.org", Domain: "example.org"}}
		}), []Kind{SubInvalid}},

		// Text that is no DMARC record is read all the same.
		{"version in lower case", "v=dmarc1; p=reject", base(func(r *Record) { r.Policy, r.Void = "reject", true }), []Kind{Version}},
		{"another version", "v=DMARC2; p=reject", base(func(r *Record) { r.Policy, r.Void = "reject", true }), []Kind{Version}},
		{"version not first", "p=reject; v=DMARC1", base(func(r *Record) { r.Policy, r.Void = "reject", true }), []Kind{Version}},
		{"leading space", " v=DMARC1; p=reject", base(func(r *Record) { r.Policy, r.Void = "reject", true }), []Kind{Version}},
		{"no version", "p=reject", base(func(r *Record) { r.Policy, r.Void = "reject", true }), []Kind{Version}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Parse(tt.text)
			var kinds []Kind
			for _, p := range got.Problems {
				kinds = append(kinds, p.Kind)
			}
			if diff := cmp.Diff(tt.problems, kinds); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got.Text != tt.text {
				t.Errorf("Text = %q", got.Text)
			}
			for _, l := range [][]URI{got.RUA, got.RUF} {
				for i := range l {
					if !strings.HasPrefix(tt.text[l[i].Offset:], l[i].Text) {
						t.Errorf("%q does not stand at %d", l[i].Text, l[i].Offset)
					}
					l[i].Offset = 0
				}
			}
			got.Text, got.Tags, got.Problems = "", nil, nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		text string
		want Problem // the first
	}{
		{"v=dmarc1; p=none", Problem{Version, "v", 0, `v= is "dmarc1", not "DMARC1": the case counts`}},
		{"v=DMARC1 p=none", Problem{Version, "v", 0, `v= is "DMARC1 p=none", not "DMARC1"`}},
		{"v=DMARC1", Problem{PolicyMissing, "p", 0, "there is no p= tag, and without a valid address in rua= there is no DMARC record at all (RFC 9989 4.10.1)"}},
		{"v=DMARC1.0; p=none", Problem{Version, "v", 0, `v= is "DMARC1.0", not "DMARC1"`}},
		{"p=none; v=DMARC1", Problem{Version, "v", 8, "v=DMARC1 is not the first thing in the record"}},
		{"p=none", Problem{Version, "v", 0, "the record does not begin with v=DMARC1"}},
		{"v=DMARC1; p=none; p=none", Problem{DuplicateTag, "p", 18, "p= stands more than once, which makes the whole record void (RFC 6376 3.2)"}},
		{"v=DMARC1; p=none; x", Problem{Syntax, "x", 18, `"x" is no tag: it has no "="`}},
		{"v=DMARC1; p=block", Problem{PolicyInvalid, "p", 10, `p="block" is none of none, quarantine, reject`}},
		{"v=DMARC1; p=\u201cnone\u201d; rua=mailto:a@b.c", Problem{Syntax, "p", 10, "p= holds the octet 0xe2"}},
		{"v=DMARC1; rua=mailto:a@b.c", Problem{PolicyMissing, "p", 0, "there is no p= tag, so receivers act as if it were p=none (RFC 9989 4.10.1)"}},
		{"v=DMARC1; p=none; sp=x", Problem{SubInvalid, "sp", 18, `sp="x" is none of none, quarantine, reject, which makes the whole policy void (RFC 9989 4.10.1)`}},
		{"v=DMARC1; p=none; NP=x", Problem{SubInvalid, "NP", 18, `np="x" is none of none, quarantine, reject, which makes the whole policy void (RFC 9989 4.10.1)`}},
		{"v=DMARC1; p=none; rua=mailto:a", Problem{RUAInvalid, "rua", 18, `"mailto:a": it holds no address: there is no @`}},
		{"v=DMARC1; p=none; ruf=", Problem{RUFInvalid, "ruf", 18, `"": the address is missing`}},
		{"v=DMARC1; p=none; psd=x", Problem{ValueInvalid, "psd", 18, `psd="x" is none of u, y, n: the default u applies`}},
		{"v=DMARC1; p=none; fo=0:1", Problem{ValueInvalid, "fo", 18, `fo="0:1": it takes 0 or 1, d and s, each at most once, with colons between them`}},
		{"v=DMARC1; p=none; adkm=s", Problem{UnknownTag, "adkm", 18, `"adkm" is no tag of DMARC and is ignored`}},
		{"v=DMARC1; p=none; RUA=mailto:a@b.c", Problem{UnknownTag, "RUA", 18, `"RUA" is not in lower case: receivers that read tag names as RFC 6376 3.2 does ignore it`}},
		{"v=DMARC1; p=none; pct=50", Problem{Obsolete, "pct", 18, "pct= was removed by RFC 9989; older receivers still apply the policy to that percentage only"}},
		{"v=DMARC1; p=none; ri=60", Problem{Obsolete, "ri", 18, "ri= was removed by RFC 9989 and is ignored"}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			problems := Parse(tt.text).Problems
			if len(problems) == 0 {
				t.Fatal("no problems")
			}
			if diff := cmp.Diff(tt.want, problems[0]); diff != "" {
				t.Errorf("first problem (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSwallowed holds where a semicolon is missing, and that none is missed where a value may go on so.
func TestSwallowed(t *testing.T) {
	for text, want := range map[string][]Problem{
		"v=DMARC1; p=none rua=mailto:a@b.c": {{Separator, "rua", 17, "no semicolon stands before rua=, which is read as a part of p="}},
		"v=DMARC1; p=none,\tSP = none ;x=1 pct=5": {
			{Separator, "SP", 18, "no semicolon stands before SP=, which is read as a part of p="},
			{Separator, "pct", 33, "no semicolon stands before pct=, which is read as a part of x="},
		},
		"v=DMARC1 p=none;": {{Separator, "p", 9, "no semicolon stands before p=, which is read as a part of v="}},
		"v=DMARC1; p=none; rua=mailto:a@b.c?subject=p=none, mailto:t=1@b.c, mailto:b@b.c": nil,
		"v=DMARC1; p=none; note=see sp and np":                                            nil,
	} {
		t.Run(text, func(t *testing.T) {
			var got []Problem
			for _, p := range Parse(text).Problems {
				if p.Kind == Separator {
					got = append(got, p)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestURIOffsets holds where each destination stands, white space and all.
func TestURIOffsets(t *testing.T) {
	text := "v=DMARC1; p=none; ruf = \tmailto:a@b.c; rua=mailto:a@b.c!1m ,\t mailto:a@b.c,,x"
	r := Parse(text)
	var got []string
	for _, u := range append(r.RUF, r.RUA...) {
		got = append(got, text[u.Offset:])
	}
	want := []string{"mailto:a@b.c; rua=mailto:a@b.c!1m ,\t mailto:a@b.c,,x", "mailto:a@b.c!1m ,\t mailto:a@b.c,,x", "mailto:a@b.c,,x", ",x", "x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what stands from each on (-want +got):\n%s", diff)
	}
}

func TestFO(t *testing.T) {
	for value, want := range map[string]bool{
		"0": true, "1": true, "d": true, "s": true, "S": true, "1:d:s": true, "d:0": true, "d:s:1": true, "d:1:s": true,
		"": false, "01": false, "0:1": false, "0:0": false, "d:d": false, "x": false, "1:": false, "1,d": false, "1: d": false,
	} {
		if got := validFO(value); got != want {
			t.Errorf("validFO(%q) = %v", value, got)
		}
	}
}

func TestParseURI(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := []struct {
		text  string
		want  URI // without Text
		valid bool
	}{
		{"mailto:a@example.org", URI{Domain: "example.org"}, true},
		{"MAILTO:a.b+c@Sub.Example.ORG", URI{Domain: "sub.example.org"}, true},
		{"mailto:a%2Bb%21@example.org", URI{Domain: "example.org"}, true},
		{"mailto:a%40b@example.org", URI{Fault: `"a@b" is no local-part of an address`}, false},
		{"mailto:%22a@b%22@example.org", URI{Domain: "example.org"}, true},
		{"mailto:a@example.org?subject=x", URI{Domain: "example.org"}, true},
		{"mailto:" + long + "@example.org", URI{Domain: "example.org"}, true},
		{"mailto:a@_dmarc.example.org", URI{Domain: "_dmarc.example.org"}, true},
		{"mailto:a@example.org!10m", URI{Domain: "example.org", Size: "!10m"}, true},
		{"mailto:a@example.org!0G", URI{Domain: "example.org", Size: "!0G"}, true},
		{"mailto:a@example.org!500", URI{Domain: "example.org", Size: "!500"}, true},
		{"https://example.org/dmarc", URI{Fault: "receivers need to support mailto: only and ignore https:"}, true},
		{"ftp:", URI{Fault: "receivers need to support mailto: only and ignore ftp:"}, false},
		{"", URI{Fault: "the address is missing"}, false},
		{"a@example.org", URI{Fault: "mailto: is missing before the address"}, false},
		{"none", URI{Fault: "it is no URI: it has no scheme such as mailto:"}, false},
		{"mailto: a@example.org", URI{Fault: "white space inside a URI (addresses are separated by commas)"}, false},
		{"mailto:a@example.org!", URI{Fault: `"!" is neither encoded as %21 nor the start of a size such as !10m`}, true},
		{"mailto:a@example.org!10p", URI{Fault: `"!" is neither encoded as %21 nor the start of a size such as !10m`}, true},
		{"mailto:a!b@example.org!10m", URI{Size: "!10m", Fault: `"!" is neither encoded as %21 nor the start of a size such as !10m`}, true},
		{"https://example.org/!", URI{Fault: `"!" is neither encoded as %21 nor the start of a size such as !10m`}, true},
		{"a!b@example.org", URI{Fault: "mailto: is missing before the address"}, false},
		{"mailto:a b!@example.org", URI{Fault: "white space inside a URI (addresses are separated by commas)"}, false},
		{"mailto:<a@example.org>", URI{Fault: "it holds a character that must be percent-encoded in a URI"}, false},
		{"mailto:a%zz@example.org", URI{Fault: "it holds a character that must be percent-encoded in a URI"}, false},
		{"mailto:a@b\u00fccher.example", URI{Fault: "it holds a character that must be percent-encoded in a URI"}, false},
		{"mailto:a@b%C3%BCcher.example", URI{Fault: `"b\u00fccher.example" is no domain`}, false},
		{"mailto:", URI{Fault: "it holds no address: there is no @"}, false},
		{"mailto:example.org", URI{Fault: "it holds no address: there is no @"}, false},
		{"mailto://a@example.org", URI{Fault: "mailto: takes no slashes"}, false},
		{"mailto:@example.org", URI{Fault: `"" is no local-part of an address`}, false},
		{"mailto:a..b@example.org", URI{Fault: `"a..b" is no local-part of an address`}, false},
		{"mailto:a" + long + "@example.org", URI{Fault: `"a` + long + `" is no local-part of an address`}, true},
		{"mailto:a@", URI{Fault: `"" is no domain`}, false},
		{"mailto:a@example..org", URI{Fault: `"example..org" is no domain`}, false},
		{"https://example.org/%zz", URI{Fault: "it holds a character that must be percent-encoded in a URI"}, false},
		{"mailto:a@%E2%84%AA.example", URI{Fault: `"\u212a.example" is no domain`}, false}, // the Kelvin sign, whose lower case is k
		{"mailto:a@-example.org", URI{Fault: `"-example.org" is no domain`}, true},
		{"mailto:a@[192.0.2.1]", URI{Fault: `"[192.0.2.1]" is no domain`}, false},
		{"mailto:a@" + strings.Repeat("a.", 126) + "xy", URI{Fault: `"` + strings.Repeat("a.", 35) + `" is no domain`}, true},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			tt.want.Text = tt.text
			got, valid := parseURI(tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("URI (-want +got):\n%s", diff)
			}
			if valid != tt.valid {
				t.Errorf("valid = %v", valid)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	tests := []struct {
		name, text                       string
		own, subdomain, absent, enforced string
	}{
		{"p alone", "v=DMARC1; p=reject", "reject", "reject", "reject", "reject"},
		{"sp", "v=DMARC1; p=reject; sp=none", "reject", "none", "none", "reject"},
		{"np", "v=DMARC1; p=none; np=reject", "none", "none", "reject", "none"},
		{"sp and np", "v=DMARC1; p=none; sp=quarantine; np=reject", "none", "quarantine", "reject", "none"},
		{"testing reject", "v=DMARC1; p=reject; t=y", "reject", "reject", "reject", "quarantine"},
		{"testing quarantine", "v=DMARC1; p=quarantine; t=y", "quarantine", "quarantine", "quarantine", "none"},
		{"testing none", "v=DMARC1; p=none; t=y", "none", "none", "none", "none"},
		{"no p, valid rua", "v=DMARC1; sp=reject; rua=mailto:a@example.org", "none", "none", "none", "none"},
		{"bad np, valid rua", "v=DMARC1; p=reject; sp=reject; np=x; rua=mailto:a@example.org", "none", "none", "none", "none"},
		{"void", "v=DMARC1; p=reject; p=none", "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Parse(tt.text)
			for scope, want := range map[Scope]string{Own: tt.own, Subdomain: tt.subdomain, NonExistent: tt.absent} {
				if got := r.PolicyFor(scope); got != want {
					t.Errorf("PolicyFor(%d) = %q, want %q", scope, got, want)
				}
			}
			if got := r.Effective(); got != tt.enforced {
				t.Errorf("Effective = %q, want %q", got, tt.enforced)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=DMARC1; p=reject; sp=none; np=x; rua=mailto:a%21@b.c!10m, https://d/; ruf=mailto:\"x\"@y;", " v=dmarc1;;p",
		"v=DMARC1;pct=9999999999999999999;fo=0:d;t=y;psd=n;adkim=s;P=none;rf=1;ri", "p=none;v=DMARC1\r\n ", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if IsDMARC(text) && LooksLike(text) {
			t.Error("a DMARC record looks like one that is none")
		}
		r := Parse(text)
		if r.Void != (r.Effective() == "") {
			t.Errorf("Void = %v and Effective = %q", r.Void, r.Effective())
		}
		for _, p := range r.Problems {
			absent := p.Kind == PolicyMissing || p.Kind == Version
			if p.Message == "" || p.Offset > len(text) || !absent && !strings.HasPrefix(text[p.Offset:], p.Tag) {
				t.Errorf("%+v: the tag does not stand there", p)
			}
		}
		for _, u := range append(r.RUA, r.RUF...) {
			if (u.Fault == "") != (u.Domain != "") {
				t.Errorf("%+v has a fault and a domain, or neither", u)
			}
			if !strings.HasPrefix(text[u.Offset:], u.Text) {
				t.Errorf("%q does not stand at %d", u.Text, u.Offset)
			}
		}
		if len(r.Problems) > 0 {
			return
		}
		again := Parse(taglist.Format(r.Tags))
		for i := range again.Tags {
			again.Tags[i].Offset = r.Tags[i].Offset
		}
		for i := range again.RUA {
			again.RUA[i].Offset = r.RUA[i].Offset
		}
		for i := range again.RUF {
			again.RUF[i].Offset = r.RUF[i].Offset
		}
		again.Text = r.Text
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("its tags do not parse to the same record:\n%s", diff)
		}
	})
}
