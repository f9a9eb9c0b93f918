package spf

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var ignorePlace = cmpopts.IgnoreFields(Term{}, "Offset", "Text")

func TestIsSPF(t *testing.T) {
	for txt, want := range map[string]bool{
		"v=spf1":             true,
		"v=spf1 ":            true,
		"v=spf1 -all":        true,
		"V=SPF1 -all":        true,
		"":                   false,
		"v=spf":              false,
		"v=spf10 -all":       false,
		"v=spf1-all":         false,
		"v=spf1;":            false,
		"v=spf1,a":           false,
		"v=spf1\t-all":       false,
		" v=spf1 -all":       false,
		"\"v=spf1 -all\"":    false,
		"\ufeffv=spf1 -all":  false,
		"v= spf1 -all":       false,
		"spf1 -all":          false,
		"v=DMARC1; p=reject": false,
	} {
		if got := IsSPF(txt); got != want {
			t.Errorf("IsSPF(%q) = %v", txt, got)
		}
	}
}

func TestLooksLike(t *testing.T) {
	for txt, want := range map[string]string{
		" v=spf1 -all":      `" " stands before v=spf1`,
		"\"v=spf1 -all\"":   `"\"" stands before v=spf1`,
		"“v=spf1 -all”":     `"\u201c" stands before v=spf1`,
		"\ufeffv=spf1 -all": `"\ufeff" stands before v=spf1`,
		"v=spf10 -all":      `"0 -all" follows v=spf1 where a space belongs`,
		"v=spf1;":           `";" follows v=spf1 where a space belongs`,
		"v=spf1,a":          `",a" follows v=spf1 where a space belongs`,
		"v=spf1-all":        `"-all" follows v=spf1 where a space belongs`,
		"V=SPF1\t-all":      `"\t-all" follows v=spf1 where a space belongs`,
		"v=spf1\u00a0-all":  `"\u00a0-all" follows v=spf1 where a space belongs`,
		"v= spf1 -all":      `it begins with "v= spf1" instead of v=spf1`,
		"v =spf1 -all":      `it begins with "v =spf1" instead of v=spf1`,
		"v=spf 1 -all":      `it begins with "v=spf" instead of v=spf1`,
		"v=spf -all":        `it begins with "v=spf" instead of v=spf1`,
		"v=spf2 -all":       `it begins with "v=spf2" instead of v=spf1`,
		"v=spfl -all":       `it begins with "v=spfl" instead of v=spf1`,
		"v:spf1 -all":       `it begins with "v:spf1" instead of v=spf1`,
		"vspf1 -all":        `it begins with "vspf1" instead of v=spf1`,
		"spf1 -all":         `it begins with "spf1" instead of v=spf1`,
		"SPF1":              `it begins with "SPF1" instead of v=spf1`,
	} {
		if why, ok := LooksLike(txt); !ok || why != want {
			t.Errorf("LooksLike(%q) = %q, %v, want %q", txt, why, ok, want)
		}
	}
	for _, txt := range []string{
		"", "v=spf1 -all", "V=spf1", "spf2.0/pra -all", "spf2.0/mfrom,pra ?all", "v=DMARC1; p=none", "v=DKIM1; p=",
		"not spf v=spf1 +all", "spf1-verification=abc", "spf-check", "google-site-verification=v=spf1", "\xff\xfe",
	} {
		if why, ok := LooksLike(txt); ok {
			t.Errorf("LooksLike(%q): %s", txt, why)
		}
	}
}

func TestParseTerms(t *testing.T) {
	dual := func(t Term) Term { // what a and mx have where no prefix length is given
		t.Qualifier, t.Prefix4, t.Prefix6 = "+", 32, 128
		return t
	}
	tests := []struct {
		term string
		want Term
	}{
		{"all", Term{Name: "all", Qualifier: "+"}},
		{"+all", Term{Name: "all", Qualifier: "+"}},
		{"-ALL", Term{Name: "all", Qualifier: "-"}},
		{"~all", Term{Name: "all", Qualifier: "~"}},
		{"?all", Term{Name: "all", Qualifier: "?"}},
		{"Include:_spf.Example.org", Term{Name: "include", Qualifier: "+", Spec: "_spf.Example.org"}},
		{"-include:%{d}", Term{Name: "include", Qualifier: "-", Spec: "%{d}"}},
		{"a", dual(Term{Name: "a"})},
		{"A/24", Term{Name: "a", Qualifier: "+", Prefix4: 24, Prefix6: 128}},
		{"a//64", Term{Name: "a", Qualifier: "+", Prefix4: 32, Prefix6: 64}},
		{"a/0//0", Term{Name: "a", Qualifier: "+"}},
		{"a:example.org", dual(Term{Name: "a", Spec: "example.org"})},
		{"a:example.org.", dual(Term{Name: "a", Spec: "example.org."})},
		{"a:example.org/24//64", Term{Name: "a", Qualifier: "+", Spec: "example.org", Prefix4: 24, Prefix6: 64}},
		{"a:%{d4}/24", Term{Name: "a", Qualifier: "+", Spec: "%{d4}", Prefix4: 24, Prefix6: 128}},
		{"a:foo:bar/baz.example.org", dual(Term{Name: "a", Spec: "foo:bar/baz.example.org"})},
		{"a:x/1.example.org", dual(Term{Name: "a", Spec: "x/1.example.org"})},
		{"mx", dual(Term{Name: "mx"})},
		{"mx:example.org//128", dual(Term{Name: "mx", Spec: "example.org"})},
		{"ptr", Term{Name: "ptr", Qualifier: "+"}},
		{"ptr:example.org", Term{Name: "ptr", Qualifier: "+", Spec: "example.org"}},
		{"ip4:192.0.2.1", Term{Name: "ip4", Qualifier: "+", Spec: "192.0.2.1", Network: netip.MustParsePrefix("192.0.2.1/32")}},
		{"IP4:192.0.2.1/24", Term{Name: "ip4", Qualifier: "+", Spec: "192.0.2.1/24", Network: netip.MustParsePrefix("192.0.2.1/24")}},
		{"ip4:0.0.0.0/0", Term{Name: "ip4", Qualifier: "+", Spec: "0.0.0.0/0", Network: netip.MustParsePrefix("0.0.0.0/0")}},
		{"ip6:2001:DB8::/32", Term{Name: "ip6", Qualifier: "+", Spec: "2001:DB8::/32", Network: netip.MustParsePrefix("2001:db8::/32")}},
		{"ip6:::", Term{Name: "ip6", Qualifier: "+", Spec: "::", Network: netip.MustParsePrefix("::/128")}},
		{"ip6:::ffff:192.0.2.1", Term{Name: "ip6", Qualifier: "+", Spec: "::ffff:192.0.2.1", Network: netip.PrefixFrom(netip.MustParseAddr("::ffff:192.0.2.1"), 128)}},
		{"exists:%{ir}.sbl.example.org", Term{Name: "exists", Qualifier: "+", Spec: "%{ir}.sbl.example.org"}},
		{"redirect=_spf.example.org", Term{Name: "redirect", Modifier: true, Spec: "_spf.example.org"}},
		{"EXP=e.%{d2}", Term{Name: "exp", Modifier: true, Spec: "e.%{d2}"}},
		{"moo.cow-far_out=man:dog/cat", Term{Name: "moo.cow-far_out", Modifier: true, Spec: "man:dog/cat"}},
		{"ra=", Term{Name: "ra", Modifier: true}},
		{"all=x", Term{Name: "all", Modifier: true, Spec: "x"}}, // an unknown modifier by the grammar
	}
	for _, tt := range tests {
		t.Run(tt.term, func(t *testing.T) {
			r := Parse("v=spf1 " + tt.term)
			if len(r.Problems) > 0 {
				t.Fatalf("problems: %+v", r.Problems)
			}
			if diff := cmp.Diff([]Term{tt.want}, r.Terms, ignorePlace, cmp.Comparer(samePrefix)); diff != "" {
				t.Errorf("terms (-want +got):\n%s", diff)
			}
		})
	}
}

func samePrefix(a, b netip.Prefix) bool { return a == b }

func TestParseProblems(t *testing.T) {
	tests := []struct {
		term    string
		kind    Kind
		message string
	}{
		{"moo", Syntax, `there is no mechanism "moo"`},
		{"nclude:spf.example.org", Syntax, `there is no mechanism "nclude"`},
		{"spf.example.org", Syntax, `there is no mechanism "spf.example.org"`},
		{"--all", Syntax, `there is no mechanism "-all"`},
		{"-", Syntax, "the name of the mechanism is missing"},
		{"mx;", Syntax, `there is no mechanism "mx;"`},
		{"-all.", Syntax, `there is no mechanism "all."`},
		{"all:x", Syntax, `all takes no argument, and here is ":x"`},
		{"all/8", Syntax, `all takes no argument, and here is "/8"`},
		{"a\tmx", Syntax, "octet 0x09: terms are visible ASCII with spaces between them, nothing else"},
		{"\u2013all", Syntax, "octet 0xe2: terms are visible ASCII with spaces between them, nothing else"},
		{"a:example.org\x00", Syntax, "octet 0x00: terms are visible ASCII with spaces between them, nothing else"},
		{"include", Syntax, "include needs a domain after a colon"},
		{"include/24", Syntax, "include needs a domain after a colon"},
		{"include:", Syntax, "the domain is empty"},
		{"include:example.org/24", Syntax, `"org/24" at the end of the domain is no top-level label (RFC 7208 7.1)`},
		{"include:example.org,", Syntax, `"org," at the end of the domain is no top-level label (RFC 7208 7.1)`},
		{"exists", Syntax, "exists needs a domain after a colon"},
		{"exists:%{l1r+}._.", Syntax, `"_" at the end of the domain is no top-level label (RFC 7208 7.1)`},
		{"a:", Syntax, "the domain is empty"},
		{"a:/24", Syntax, "the domain is empty"},
		{"a:museum", Syntax, `the domain "museum" has no dot and top-level label at its end (RFC 7208 7.1)`},
		{"a:%{d}org", Syntax, `the domain "%{d}org" has no dot and top-level label at its end (RFC 7208 7.1)`},
		{"a:abc.123", Syntax, `"123" at the end of the domain is no top-level label (RFC 7208 7.1)`},
		{"a:example.-org", Syntax, `"-org" at the end of the domain is no top-level label (RFC 7208 7.1)`},
		{"a:example.org-", Syntax, `"org-" at the end of the domain is no top-level label (RFC 7208 7.1)`},
		{"a:example.org..", Syntax, `the domain "example.org.." has no dot and top-level label at its end (RFC 7208 7.1)`},
		{"a:192.0.2.1", Syntax, `"192.0.2.1" is an address and no domain: write ip4: or ip6:`},
		{"a/abc", Syntax, `"/abc" is no prefix length`},
		{"a/33", Syntax, `"33" is no IPv4 prefix length of 0 to 32 (one for IPv6 follows two slashes)`},
		{"a/24/64", Syntax, `"24/64" is no IPv4 prefix length of 0 to 32 (one for IPv6 follows two slashes)`},
		{"a/", Syntax, `"" is no IPv4 prefix length of 0 to 32 (one for IPv6 follows two slashes)`},
		{"a/024", Syntax, `"024" is no IPv4 prefix length of 0 to 32 (one for IPv6 follows two slashes)`},
		{"mx//129", Syntax, `"129" is no IPv6 prefix length of 0 to 128`},
		{"mx///64", Syntax, `"/64" is no IPv6 prefix length of 0 to 128`},
		{"mx//", Syntax, `"" is no IPv6 prefix length of 0 to 128`},
		{"mx//1000", Syntax, `"1000" is no IPv6 prefix length of 0 to 128`},
		{"ptr:", Syntax, "the domain is empty"},
		{"ptr/0", Syntax, "ptr takes a domain and no prefix length"},
		{"ip4", IP4, "ip4 needs an address after a colon"},
		{"ip4:", IP4, "ip4 needs an address after a colon"},
		{"ip4/8", IP4, "ip4 needs an address after a colon"},
		{"ip4:192.0.2", IP4, `"192.0.2" is no IPv4 address`},
		{"ip4:192.0.2.256", IP4, `"192.0.2.256" is no IPv4 address`},
		{"ip4:192.0.2.01", IP4, `"192.0.2.01" is no IPv4 address`},
		{"ip4:192.0.2.1:25", IP4, `"192.0.2.1:25" is no IPv4 address`},
		{"ip4:192.0.2.1~all", IP4, `"192.0.2.1~all" is no IPv4 address`},
		{"ip4:2001:db8::1", IP4, "2001:db8::1 is an IPv6 address: write ip6:"},
		{"ip4:192.0.2.0/33", IP4, `"33" is no IPv4 prefix length of 0 to 32`},
		{"ip4:192.0.2.0/024", IP4, `"024" is no IPv4 prefix length of 0 to 32`},
		{"ip4:192.0.2.0//24", IP4, `"/24" is no IPv4 prefix length of 0 to 32`},
		{"ip4:192.0.2.0/", IP4, `"" is no IPv4 prefix length of 0 to 32`},
		{"ip4:%{i}", IP4, `"%{i}" is no IPv4 address`},
		{"ip6", IP6, "ip6 needs an address after a colon"},
		{"ip6:2001:db8:::1", IP6, `"2001:db8:::1" is no IPv6 address`},
		{"ip6:192.0.2.1", IP6, "192.0.2.1 is an IPv4 address: write ip4:"},
		{"ip6:fe80::1%eth0", IP6, `"fe80::1%eth0" is no IPv6 address`},
		{"ip6:2001:db8::/129", IP6, `"129" is no IPv6 prefix length of 0 to 128`},
		{"redirect:example.org", Syntax, "redirect is a modifier: write redirect= instead of redirect:"},
		{"exp", Syntax, "exp is a modifier: write exp= instead of exp:"},
		{"redirect=", Syntax, "the domain is empty"},
		{"redirect=-all", Syntax, `the domain "-all" has no dot and top-level label at its end (RFC 7208 7.1)`},
		{"?redirect=example.org", Syntax, `a modifier takes no qualifier, and here is "?"`},
		{"=all", Syntax, `what stands before "=" is no modifier name`},
		{"1up=foo", Syntax, `what stands before "=" is no modifier name`},
		{"foo=%abc", Macro, `"%a" is no macro: after % comes {, %, _ or - (RFC 7208 7.3)`},
		{"exp=%{r}.example.org", Macro, `"%{r}": the macro letter r is for explanation texts only (RFC 7208 7.2)`},
		{"exists:%(ir).example.org", Macro, `"%(" is no macro: after % comes {, %, _ or - (RFC 7208 7.3)`},
		{"exists:%{ir", Macro, `"%{ir" has no closing brace`},
		{"exists:foo%", Macro, `"%" is no macro: after % comes {, %, _ or - (RFC 7208 7.3)`},
		{"exists:%{x}.example.org", Macro, `"%{x}": there is no macro letter "x" (RFC 7208 7.2)`},
		{"exists:%{}.example.org", Macro, `"%{}": the macro letter is missing`},
		{"exists:%{d0}", Macro, `"%{d0}": the number of parts to keep must not be zero (RFC 7208 7.3)`},
		{"exists:%{d2x}", Macro, `"%{d2x}": "x" is neither a transformer nor a delimiter`},
		{"exists:%{dr2}", Macro, `"%{dr2}": "2" is neither a transformer nor a delimiter`},
	}
	for _, tt := range tests {
		t.Run(tt.term, func(t *testing.T) {
			const before = "v=spf1  ip4:192.0.2.9 "
			r := Parse(before + tt.term + " -all ")
			want := []Problem{{Kind: tt.kind, Message: tt.message, Term: tt.term, Offset: len(before)}}
			if diff := cmp.Diff(want, r.Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			for _, term := range r.Terms {
				if term.Bad != (term.Text == tt.term) {
					t.Errorf("term %q: Bad is %v", term.Text, term.Bad)
				}
			}
		})
	}
}

func TestParseReportsEveryProblem(t *testing.T) {
	r := Parse("v=spf1 a:x/33//129 moo exp=a.example -all redirect=b.example exp=c.example redirect=d.example %")
	type place struct {
		Kind   Kind
		Offset int
	}
	var got []place
	for _, p := range r.Problems {
		got = append(got, place{p.Kind, p.Offset})
	}
	want := []place{{Syntax, 7}, {Syntax, 7}, {Syntax, 7}, {Syntax, 19}, {Duplicate, 61}, {Duplicate, 75}, {Syntax, 94}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if got, want := r.Problems[4].Message, "exp= stands more than once (RFC 7208 6)"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

func TestParseOfOtherText(t *testing.T) {
	r := Parse("v=spf10 -all")
	if len(r.Terms) != 0 || len(r.Problems) != 1 || r.Problems[0].Kind != Syntax {
		t.Errorf("Parse = %+v, want no terms and one problem", r)
	}
}

func TestOffsets(t *testing.T) {
	r := Parse("V=SPF1  a   -mx:example.org moo  exp=e.example.org  ")
	var texts []string
	for _, term := range r.Terms {
		texts = append(texts, term.Text)
		if got := r.Text[term.Offset : term.Offset+len(term.Text)]; got != term.Text {
			t.Errorf("%q stands at %d, not %q", got, term.Offset, term.Text)
		}
	}
	if diff := cmp.Diff([]string{"a", "-mx:example.org", "moo", "exp=e.example.org"}, texts); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

// TestSuite holds Parse against those cases of the RFC 7208 test suite (openspf.org, 2014.04) that are about syntax.
func TestSuite(t *testing.T) {
	tests := []struct {
		name, record string
		ok           bool
	}{
		{"non-ascii-policy", "v=spf1 a:\xef\xbb\xbfgarbage.example.net -all", false},
		{"non-ascii-mech", "v=spf1 \x80a:example.net -all", false},
		{"non-ascii-result", "v=spf1 a:example.net \x96all", false},
		{"control-char-policy", "v=spf1 a:ctrl.example.com\x0dptr -all", false},
		{"badip4", "v=spf1 ip4:192.0.2.5\x0a include:spf.protection.outlook.com ~all", false},
		{"two-spaces", "v=spf1 a  -all", true},
		{"trailing-space", "v=spf1 a -all ", true},
		{"empty", "v=spf1", true},
		{"detect-errors-anywhere", "v=spf1 ip4:1.2.3.4 -all moo", false},
		{"modifier-charset-good", "v=spf1 moo.cow-far_out=man:dog/cat ip4:1.2.3.4 -all", true},
		{"modifier-charset-bad1", "v=spf1 moo.cow/far_out=man:dog/cat ip4:1.2.3.4 -all", false},
		{"modifier-charset-bad2", "v=spf1 moo.cow:far_out=man:dog/cat ip4:1.2.3.4 -all", false},
		{"redirect-is-modifier", "v=spf1 ip4:1.2.3.4 redirect:t2.example.com", false},
		{"invalid-domain", "v=spf1 a:foo-bar -all", false},
		{"invalid-domain-empty-label", "v=spf1 a:mail.example...com -all", true}, // syntax only: 4.8 leaves the result open
		{"invalid-domain-long", "v=spf1 a:a123456789012345678901234567890123456789012345678901234567890123.example.com -all", true},
		{"all-dot", "v=spf1 -all.", false},
		{"all-arg", "v=spf1 -all:foobar", false},
		{"all-cidr", "v=spf1 -all/8", false},
		{"all-double", "v=spf1 all -all", true},
		{"ptr-cidr", "v=spf1 ptr/0 -all", false},
		{"ptr-empty-domain", "v=spf1 ptr:", false},
		{"a-cidr6", "v=spf1 a//33 -all", true},
		{"a-bad-cidr4", "v=spf1 a/33 -all", false},
		{"a-bad-cidr6", "v=spf1 a//129 -all", false},
		{"a-dual-cidr-ip4-match", "v=spf1 a/24//64 -all", true},
		{"a-dual-cidr-ip4-err", "v=spf1 a/24/64 -all", false},
		{"a-bad-domain", "v=spf1 a:example.com:8080", false},
		{"a-null", "v=spf1 a:foo.example.com\x00", false},
		{"a-numeric", "v=spf1 a:111.222.33.44", false},
		{"a-numeric-toplabel", "v=spf1 a:abc.123", false},
		{"a-dash-in-toplabel", "v=spf1 a:foo.example.xn--zckzah -all", true},
		{"a-bad-toplabel", "v=spf1 a:example.-com", false},
		{"a-only-toplabel", "v=spf1 a:museum", false},
		{"a-only-toplabel-trailing-dot", "v=spf1 a:museum.", false},
		{"a-colon-domain", "v=spf1 a:foo:bar/baz.example.com", true},
		{"a-empty-domain", "v=spf1 a:", false},
		{"include-syntax-error", "v=spf1 include +all", false},
		{"include-cidr", "v=spf1 include:ip5.example.com/24 -all", false},
		{"include-empty-domain", "v=spf1 include: -all", false},
		{"exists-implicit", "v=spf1 exists", false},
		{"exists-cidr", "v=spf1 exists:mail.example.com/24", false},
		{"cidr4-0", "v=spf1 ip4:1.1.1.1/0 -all", true},
		{"cidr4-33", "v=spf1 ip4:1.2.3.4/33 -all", false},
		{"cidr4-032", "v=spf1 ip4:1.2.3.4/032 -all", false},
		{"bare-ip4", "v=spf1 ip4", false},
		{"bad-ip4-port", "v=spf1 ip4:1.2.3.4:8080", false},
		{"bad-ip4-short", "v=spf1 ip4:1.2.3", false},
		{"ip4-dual-cidr", "v=spf1 ip4:1.2.3.4//32", false},
		{"ip4-mapped-ip6", "v=spf1 -ip4:1.2.3.4 ip6:::FFFF:1.2.3.4", true},
		{"bare-ip6", "v=spf1 -all ip6", false},
		{"cidr6-0", "v=spf1 ip6:::1.1.1.1/0", true},
		{"cidr6-129", "v=spf1 ip6:::1.1.1.1/129", false},
		{"cidr6-bad", "v=spf1 ip6:::1.1.1.1//33", false},
		{"cidr6-33", "v=spf1 ip6:Cafe:Babe:8000::/33", true},
		{"ip6-bad1", "v=spf1 ip6::CAFE::BABE", false},
		{"invalid-modifier", "v=spf1 1up=foo", false},
		{"empty-modifier-name", "v=spf1 =all", false},
		{"unknown-modifier-syntax", "v=spf1 -all foo=%abc", false},
		{"exp-empty-domain", "v=spf1 exp= -all", false},
		{"exp-twice", "v=spf1 exp=e13msg.example.com -all exp=e11msg.example.com", false},
		{"redirect-twice", "v=spf1 redirect=e12.example.com -all redirect=e12.example.com", false},
		{"exp-syntax-error", "v=spf1 exp=-all", false},
		{"redirect-syntax-error", "v=spf1 redirect=-all ?all", false},
		{"redirect-empty-domain", "v=spf1 ?all redirect=", false},
		{"default-modifier-obsolete2", "v=spf1 default=+", true},
		{"trailing-dot-domain", "v=spf1 redirect=%{d}.d.spf.example.com.", true},
		{"exp-only-macro-char", "v=spf1 -all exp=%{r}.example.com", false},
		{"invalid-macro-char", "v=spf1 -exists:%(ir).sbl.example.com ?all", false},
		{"invalid-embedded-macro-char", "v=spf1 exists:foo%(ir).sbl.example.com ?all", false},
		{"invalid-trailing-macro-char", "v=spf1 exists:foo%.sbl.example.com ?all", false},
		{"macro-mania-in-domain", "v=spf1 a:macro%%percent%_%_space%-url-space.example.com -all", true},
		{"undef-macro", "v=spf1 a:%{a}.example.com -all", false},
		{"macro-multiple-delimiters", "v=spf1 exists:%{l2r+-}.user.%{d2}", true},
		{"upper-macro", "v=spf1 -all exp=msg8.%{D2}", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := Parse(tt.record); (len(r.Problems) == 0) != tt.ok {
				t.Errorf("Parse(%q): problems %+v", tt.record, r.Problems)
			}
		})
	}
}

func TestString(t *testing.T) {
	if got, want := Parse("V=spf1  A:Example.org   -ALL ").String(), "v=spf1 A:Example.org -ALL"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestAllAndRedirect(t *testing.T) {
	tests := []struct {
		name, record, all, redirect string
	}{
		{"neither", "v=spf1 a", "", ""},
		{"all", "v=spf1 a ~all -all", "~all", ""},
		{"redirect", "v=spf1 a redirect=a.example redirect=b.example", "", "redirect=a.example"},
		{"redirect before all", "v=spf1 redirect=a.example -all", "-all", ""},
		{"redirect after all", "v=spf1 all redirect=a.example", "all", ""},
		{"a malformed all is none", "v=spf1 -all:x redirect=a.example", "", "redirect=a.example"},
		{"an unknown modifier is no all", "v=spf1 all=x redirect=a.example", "", "redirect=a.example"},
		{"a malformed redirect is none", "v=spf1 redirect=a", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Parse(tt.record)
			if got, ok := r.All(); got.Text != tt.all || ok != (tt.all != "") {
				t.Errorf("All = %q, %v, want %q", got.Text, ok, tt.all)
			}
			if got, ok := r.Redirect(); got.Text != tt.redirect || ok != (tt.redirect != "") {
				t.Errorf("Redirect = %q, %v, want %q", got.Text, ok, tt.redirect)
			}
		})
	}
}

func TestEffective(t *testing.T) {
	for record, want := range map[string]string{
		"v=spf1":                                    "",
		"v=spf1 a exp=e.example mx":                 "a mx",
		"v=spf1 a -all mx ~all":                     "a -all",
		"v=spf1 moo a include: all=x -all":          "a -all",
		"v=spf1 redirect=r.example ip4:192.0.2.1 a": "ip4:192.0.2.1 a",
	} {
		var got []string
		for _, t := range Parse(record).Effective() {
			got = append(got, t.Text)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("Effective of %q = %q, want %q", record, s, want)
		}
	}
}

func TestNeedsLookup(t *testing.T) {
	for term, want := range map[string]bool{
		"include:a.example": true, "a": true, "a/24": true, "a:x.example/24//64": true, "+mx": true, "MX": true, "ptr": true,
		"exists:%{i}.a.example": true, "redirect=a.example": true,
		"all": false, "ip4:192.0.2.1": false, "ip6:::1": false, "exp=a.example": false, "mx=a.example": false, "moo": false,
	} {
		if got := Parse("v=spf1 " + term).Terms[0].NeedsLookup(); got != want {
			t.Errorf("NeedsLookup of %s = %v", term, got)
		}
	}
}

// TestJSON holds that a record survives the facts' way through JSON.
func TestJSON(t *testing.T) {
	r := Parse("v=spf1 ip4:192.0.2.1/24 ip6:::ffff:192.0.2.1/120 ip6:2001:db8::/32 moo -all")
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Record
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back, cmp.Comparer(samePrefix)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=spf1", "V=SPF1 a:x.y/24//64 -all ", "v=spf1 exists:%{l1r+-}.%%.%{d} exp=a.b exp=%{S}", "v=spf1 ip6:::1/0 ip4:1.2.3.4/33 =",
		"v=spf1 +redirect=\xff ?", "v=spf1 a:%{d0}//", " v=spf1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, txt string) {
		if _, ok := LooksLike(txt); ok && IsSPF(txt) {
			t.Error("an SPF record looks like one that is none")
		}
		r := Parse(txt)
		for _, term := range r.Terms {
			if !strings.HasPrefix(txt[term.Offset:], term.Text) {
				t.Errorf("%q does not stand at %d", term.Text, term.Offset)
			}
			Expand(term.Spec, Vars{Sender: "a.b@c.example", Domain: "d.example", HELO: "h", IP: netip.IPv6Loopback()})
		}
		for _, p := range r.Problems {
			if p.Message == "" || !strings.HasPrefix(txt[p.Offset:], p.Term) {
				t.Errorf("%+v: the term does not stand there", p)
			}
		}
		if !IsSPF(txt) {
			return
		}
		again := Parse(r.String())
		if diff := cmp.Diff(r.Terms, again.Terms, cmpopts.IgnoreFields(Term{}, "Offset"), cmp.Comparer(samePrefix)); diff != "" {
			t.Errorf("String does not parse to the same terms:\n%s", diff)
		}
		if diff := cmp.Diff(r.Problems, again.Problems, cmpopts.IgnoreFields(Problem{}, "Offset")); diff != "" {
			t.Errorf("String does not parse to the same problems:\n%s", diff)
		}
	})
}
