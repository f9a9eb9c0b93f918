package cli

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/facts"
)

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.25":            "192.0.2.25",
		" 192.0.2.25 ":          "192.0.2.25",
		"2001:DB8:0::25":        "2001:db8::25",
		"::ffff:192.0.2.25":     "192.0.2.25",
		"192.0.2.25/32":         "192.0.2.25",
		"192.0.2.25/30":         "192.0.2.24 192.0.2.25 192.0.2.26 192.0.2.27",
		"255.255.255.254/31":    "255.255.255.254 255.255.255.255",
		"2001:db8::ff/127":      "2001:db8::fe 2001:db8::ff",
		"::ffff:192.0.2.25/127": "192.0.2.24 192.0.2.25",
	} {
		l, err := addresses(in)
		var got []string
		for _, a := range l {
			got = append(got, a.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"192.0.2.0/24", "2001:db8::/120", "::ffff:192.0.2.0/120"} {
		if l, err := addresses(in); err != nil || len(l) != 256 {
			t.Errorf("%q: %d addresses, %v; want 256", in, len(l), err)
		}
	}
}

func TestAddressesRefused(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "not an IP address",
		"mail.example.com":      "not an IP address",
		"192.0.2.256":           "not an IP address",
		"fe80::1%eth0":          "not an IP address",
		"192.0.2.25:25":         "not an IP address",
		"192.0.2.25,192.0.2.26": "not an IP address",
		"192.0.2.0/33":          "not a range",
		"192.0.2.0/":            "not a range",
		"/24":                   "not a range",
		"192.0.2.0/23":          "wider than /24",
		"0.0.0.0/0":             "wider than /24",
		"2001:db8::/119":        "wider than /120",
		"::/0":                  "wider than /120",
		"::ffff:192.0.2.0/119":  "wider than /24",
		"::ffff:0.0.0.0/95":     "wider than /120",
	} {
		l, err := addresses(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want an error with %q", in, l, err, want)
		}
	}
}

func TestMailFrom(t *testing.T) {
	for in, want := range map[string]string{
		"bounce@example.com":       "bounce@example.com",
		"Bounce+x=y@Example.COM.":  "Bounce+x=y@example.com",
		"example.com":              "postmaster@example.com",
		"@example.com":             "postmaster@example.com",
		" <bounce@example.com> ":   "bounce@example.com",
		"_spf.example.com":         "postmaster@_spf.example.com",
		"bounce@mta-1.example.com": "bounce@mta-1.example.com",
	} {
		if got, err := mailFrom(in); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "bounce@", "bounce@a..example", "bounce@exa mple.com", "bounce@[192.0.2.1]", `"a@b"@example.com`, strings.Repeat("x", 256) + "@example.com"} {
		if got, err := mailFrom(in); err == nil {
			t.Errorf("%.40q: %q, want an error", in, got)
		}
	}
}

func TestStreamsOf(t *testing.T) {
	got, err := streamsOf([]streamConfig{
		{Name: "own", IPs: []string{"192.0.2.25", "192.0.2.24/31"}, HELO: " mail.example.com ", Selectors: []string{"S1", " s1", "s2"}, Daily: 7},
		{Name: "esp", MailFrom: "bounce@esp.example", DKIMDomain: "ESP.example"},
	}, "example.com")
	want := []facts.Stream{
		{Name: "own", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25"), netip.MustParseAddr("192.0.2.24")}, HELO: "mail.example.com",
			MailFrom: "postmaster@example.com", DKIMDomain: "example.com", Selectors: []string{"s1", "s2"}, Daily: 7},
		{Name: "esp", IPs: []netip.Addr{}, MailFrom: "bounce@esp.example", DKIMDomain: "esp.example", Selectors: []string{}},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); d != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, d)
	}
	for name, c := range map[string][]streamConfig{
		"two streams are named":     {{Name: "a"}, {Name: "a"}},
		"no argument of EHLO":       {{HELO: "two words"}},
		"is not a selector":         {{Selectors: []string{"a..b"}}},
		"is not a domain name":      {{DKIMDomain: "localhost"}},
		"not an IP address":         {{IPs: []string{"localhost"}}},
		"--mail-from":               {{MailFrom: "bounce@"}},
		strings.Repeat("h", 40):     {{HELO: strings.Repeat("h", 256)}},
		"wider than /24":            {{IPs: []string{"10.0.0.0/8"}}},
		"a local part of 300 octet": {{MailFrom: strings.Repeat("l", 300) + "@example.com"}},
	} {
		_, err := streamsOf(c, "example.com")
		var use usageError
		if !errors.As(err, &use) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want a usage error with %q", err, name)
		}
	}
}
