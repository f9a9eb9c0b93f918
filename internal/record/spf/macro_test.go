package spf

import (
	"net/netip"
	"strings"
	"testing"
)

// The sender, domain and addresses of RFC 7208 7.4.
var (
	vars4 = Vars{
		Sender: "strong-bad@email.example.com", Domain: "email.example.com", HELO: "mx.example.org",
		IP: netip.MustParseAddr("192.0.2.3"),
	}
	vars6 = Vars{Domain: "email.example.com", IP: netip.MustParseAddr("2001:db8::cb01")}
)

func TestExpand(t *testing.T) {
	with := func(change func(*Vars)) Vars {
		v := vars4
		change(&v)
		return v
	}
	tests := []struct {
		spec string
		vars Vars
		want string
	}{
		// RFC 7208 7.4
		{"%{s}", vars4, "strong-bad@email.example.com"},
		{"%{o}", vars4, "email.example.com"},
		{"%{d}", vars4, "email.example.com"},
		{"%{d4}", vars4, "email.example.com"},
		{"%{d3}", vars4, "email.example.com"},
		{"%{d2}", vars4, "example.com"},
		{"%{d1}", vars4, "com"},
		{"%{dr}", vars4, "com.example.email"},
		{"%{d2r}", vars4, "example.email"},
		{"%{l}", vars4, "strong-bad"},
		{"%{l-}", vars4, "strong.bad"},
		{"%{lr}", vars4, "strong-bad"},
		{"%{lr-}", vars4, "bad.strong"},
		{"%{l1r-}", vars4, "strong"},
		{"%{ir}.%{v}._spf.%{d2}", vars4, "3.2.0.192.in-addr._spf.example.com"},
		{"%{lr-}.lp._spf.%{d2}", vars4, "bad.strong.lp._spf.example.com"},
		{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", vars4, "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
		{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", vars4, "3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{"%{d2}.trusted-domains.example.net", vars4, "example.com.trusted-domains.example.net"},
		{"%{ir}.%{v}._spf.%{d2}", vars6, "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"},
		// What the examples leave out.
		{"", vars4, "email.example.com"},
		{"example.org.", vars4, "example.org"},
		{"%{h}", vars4, "mx.example.org"},
		{"%{IR}.example.org", vars4, "3.2.0.192.example.org"},
		{"macro%%percent%_%_space%-url-space.example.com", vars4, "macro%percent  space%20url-space.example.com"},
		{"%{i}.x", with(func(v *Vars) { v.IP = netip.MustParseAddr("::ffff:192.0.2.3") }), "192.0.2.3.x"},
		{"%{l}.x", with(func(v *Vars) { v.Sender = "email.example.com" }), "postmaster.x"},
		{"%{s}", with(func(v *Vars) { v.Sender = "@email.example.com" }), "postmaster@email.example.com"},
		{"%{l}.x", with(func(v *Vars) { v.Sender = `"a@b"@c.example` }), `"a@b".x`},
		{"%{l2r+-}.user.%{d2}", with(func(v *Vars) { v.Sender = "foo-bar+zip+quux@e.example" }), "bar.foo.user.example.com"},
		{"%{l99999999999999999999-}.x", vars4, "strong.bad.x"},
		{"%{l--}.x", with(func(v *Vars) { v.Sender = "-a--b@e.example" }), ".a..b.x"},
		{"%{L}.x", with(func(v *Vars) { v.Sender = "~jack&jill=up-a_b3.c@e8.example.com" }), "~jack%26jill%3Dup-a_b3.c.x"},
		{"%{LR-}.x", with(func(v *Vars) { v.Sender = "a+-b@e.example" }), "b.a%2B.x"},
	}
	for _, tt := range tests {
		t.Run(tt.spec, func(t *testing.T) {
			if got, ok := Expand(tt.spec, tt.vars); !ok || got != tt.want {
				t.Errorf("Expand = %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

// TestExpandUnknown holds that no name is made up for what is not known.
func TestExpandUnknown(t *testing.T) {
	tests := []struct {
		spec string
		vars Vars
	}{
		{"", Vars{Sender: "a@b.example"}},
		{"%{s}.x", Vars{Domain: "d.example"}},
		{"%{l}.x", Vars{Domain: "d.example"}},
		{"%{o}.x", Vars{Domain: "d.example"}},
		{"%{l}.x", Vars{Sender: "a@"}},
		{"%{d}", Vars{Sender: "a@b.example"}},
		{"%{h}", Vars{Domain: "d.example"}},
		{"%{i}.x", Vars{Domain: "d.example"}},
		{"%{v}.x", Vars{Domain: "d.example"}},
		{"%{p}.x", vars4},
		{"%{c}.x", vars4},
		{"%{d", vars4},
		{strings.Repeat("a", 254), vars4}, // nothing is left after truncation
	}
	for _, tt := range tests {
		if got, ok := Expand(tt.spec, tt.vars); ok || got != "" {
			t.Errorf("Expand(%q, %+v) = %q, %v", tt.spec, tt.vars, got, ok)
		}
	}
}

// TestExpandTruncates is RFC 7208 7.3 and the suite's domain-name-truncation: labels go from the left until 253 octets remain.
func TestExpandTruncates(t *testing.T) {
	v := Vars{Sender: "test@somewhat.long.exp.example.com"}
	got, ok := Expand("foobar."+strings.Repeat("%{o}.", 8)+"example.com", v)
	want := strings.Repeat("somewhat.long.exp.example.com.", 8) + "example.com"
	if !ok || got != want {
		t.Errorf("Expand = %q, %v, want %q", got, ok, want)
	}
	exact := strings.Repeat("a", 250) + ".xy"
	for spec, want := range map[string]string{exact: exact, "b." + exact: exact} {
		if got, _ := Expand(spec, v); got != want {
			t.Errorf("Expand of %d octets has %d, want %d", len(spec), len(got), len(want))
		}
	}
}
