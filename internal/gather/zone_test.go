package gather

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

const soaText = " SOA ns1.example. h.example. 7 7200 3600 1209600 3600\n"

func soaAt(apex string) facts.SOA {
	return facts.SOA{Apex: apex, Serial: 7, Refresh: 7200, Retry: 3600, Expire: 1209600, Minimum: 3600, TTL: 300}
}

// zoneOf is what is found out of a domain in a world of one zone.
func zoneOf(t *testing.T, domain, zone string, faults map[dnsx.Question]testnet.DNSFault) facts.Zone {
	t.Helper()
	g := over(t.Context(), serve(t, zone, faults), Target{Domain: domain})
	return g.zone(true).Value
}

func failing(name string, typ dnsx.Type) map[dnsx.Question]testnet.DNSFault {
	return map[dnsx.Question]testnet.DNSFault{{Name: name, Type: typ}: testnet.DNSServFail}
}

func TestApex(t *testing.T) {
	for _, c := range []struct {
		name, domain, zone string
		faults             map[dnsx.Question]testnet.DNSFault
		want               facts.SOA // the zero value: unknown
		servers            facts.State
	}{
		{"at the domain", "d.example", "d.example." + soaText, nil, soaAt("d.example"), facts.Known},
		{"above a subdomain", "a.b.d.example", "d.example." + soaText + "a.b.d.example. A 11.0.0.1", nil, soaAt("d.example"), facts.Known},
		{"the nearest counts", "a.d.example", "d.example." + soaText + "a.d.example." + soaText, nil, soaAt("a.d.example"), facts.Known},
		{"not that of a CNAME's target", "a.d.example", "d.example." + soaText + "a.d.example. CNAME e.example.\ne.example." + soaText, nil, soaAt("d.example"), facts.Known},
		{"of a registry", "d.example", "example." + soaText + "d.example. A 11.0.0.1", nil,
			func() facts.SOA { s := soaAt("example"); s.Registry = true; return s }(), facts.Unasked},
		{"none", "d.example", "d.example. A 11.0.0.1", nil, facts.SOA{Missing: true}, facts.Unasked},
		{"beside name servers none", "d.example", "example." + soaText + "d.example. NS ns1.example.", nil, facts.SOA{Apex: "d.example", Missing: true}, facts.Known},
		{"lost at the domain", "d.example", "example." + soaText, failing("d.example", dnsx.SOA), facts.SOA{}, facts.Unknown},
		{"name servers lost where there is none", "d.example", "example." + soaText, failing("d.example", dnsx.NS), facts.SOA{}, facts.Unknown},
		{"lost above", "d.example", "d.example. A 11.0.0.1", failing("example", dnsx.SOA), facts.SOA{}, facts.Unasked},
		{"too far above", "a.b.c.e.d.example", "d.example. A 11.0.0.1", nil, facts.SOA{}, facts.Unasked},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := zoneOf(t, c.domain, c.zone, c.faults)
			if got := z.SOA.Value; z.SOA.Known() != (c.want != facts.SOA{}) || got != c.want || !z.SOA.Known() && z.SOA.Why == "" {
				t.Errorf("SOA: %+v, want %+v", z.SOA, c.want)
			}
			if z.Servers.State != c.servers {
				t.Errorf("servers: %+v, want %q", z.Servers, c.servers)
			}
		})
	}
}

func TestNameServers(t *testing.T) {
	zone := "d.example." + soaText + "d.example. NS ns2.example.\nd.example. NS ns1.example.\nns1.example. A 11.0.0.53\n"
	z := zoneOf(t, "d.example", zone, lost("ns2.example"))
	if l := z.Servers.Value; len(l) != 2 || l[0].Host != "ns1.example" || !slices.Equal(l[0].Addresses.Value.Addresses, []netip.Addr{netip.MustParseAddr("11.0.0.53")}) ||
		l[1].Addresses.State != facts.Unknown {
		t.Errorf("%+v", l)
	}
	if z = zoneOf(t, "d.example", zone, failing("d.example", dnsx.NS)); z.Servers.State != facts.Unknown || !z.SOA.Known() {
		t.Errorf("without an answer: %+v, SOA %+v", z.Servers, z.SOA)
	}
}

// TestNameServersOnce: a record that a server repeats is no second name server (RFC 2181 5).
func TestNameServersOnce(t *testing.T) {
	twice := dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{{Target: "ns1.example"}, {Target: "ns1.example"}}}
	if s := over(t.Context(), serve(t, "", nil), Target{Domain: "d.example"}).servers(twice); len(s.Value) != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAlias(t *testing.T) {
	beside := "d.example. CNAME e.example.\ne.example. A 11.0.0.1\nd.example. MX 10 mx.example.\nd.example." + soaText
	for _, c := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		want       facts.Fact[facts.Alias]
	}{
		{"beside others", beside, nil, facts.Know(facts.Alias{CNAME: []string{"e.example"}, Beside: []string{"SOA", "MX"}})},
		{"one lost", beside, failing("d.example", dnsx.NS), facts.Know(facts.Alias{CNAME: []string{"e.example"}, Beside: []string{"SOA", "MX"}})},
		{"alone", "d.example. CNAME e.example.\ne.example. A 11.0.0.1", nil, facts.Know(facts.Alias{CNAME: []string{"e.example"}})},
		{"none", "d.example. A 11.0.0.1", nil, facts.Know(facts.Alias{Beside: []string{"A"}})},
	} {
		if got := zoneOf(t, "d.example", c.zone, c.faults).Alias; !cmp.Equal(got, c.want, alike) {
			t.Errorf("%s: %s", c.name, cmp.Diff(c.want, got, alike))
		}
	}
	if got := zoneOf(t, "d.example", "d.example. A 11.0.0.1", failing("d.example", dnsx.MX)).Alias; got.State != facts.Unknown {
		t.Errorf("with an answer lost: %+v", got)
	}
}

func TestAtRandom(t *testing.T) {
	for zone, want := range map[string][]string{
		"d.example. A 11.0.0.1":                                   {},
		"*.d.example. A 11.0.0.1\n*.d.example. MX 10 mx.example.": {"A", "MX"},
		`*.d.example. TXT "v=spf1 -all"`:                          {"TXT"},
		"*.d.example. CNAME e.example.\ne.example. AAAA 2a0f::1":  {"AAAA"},
		"*.d.example. SRV 0 0 25 e.example.":                      {},
	} {
		if got := zoneOf(t, "d.example", zone, nil).Wildcard; !got.Known() || !slices.Equal(got.Value, want) {
			t.Errorf("%s: %+v, want %v", zone, got, want)
		}
	}
	name := unlikely("d.example") + ".d.example"
	for _, typ := range []dnsx.Type{dnsx.TXT, dnsx.MX} {
		if got := zoneOf(t, "d.example", "*.d.example. SRV 0 0 25 e.example.", failing(name, typ)).Wildcard; got.State != facts.Unknown {
			t.Errorf("%s lost: %+v", typ, got)
		}
	}
}

func TestTTLs(t *testing.T) {
	zone := `d.example. 100 MX 10 mx.example.
d.example. 200 TXT "site-verification"
d.example. 200 TXT "V=SPF1 -all"
_dmarc.d.example. 300 TXT "v=DMARC1; p=none"
`
	ttl := func(what, name string, s facts.Fact[uint32]) facts.TTL {
		return facts.TTL{What: what, Name: name, Seconds: s}
	}
	want := []facts.TTL{ttl("MX", "d.example", facts.Know[uint32](100)), ttl("SPF", "d.example", facts.Know[uint32](200)), ttl("DMARC", "_dmarc.d.example", facts.Know[uint32](300))}
	if got := zoneOf(t, "d.example", zone, nil).TTLs; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := zoneOf(t, "d.example", `d.example. TXT "x"`, nil).TTLs; len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
	if got := zoneOf(t, "d.example", zone, failing("d.example", dnsx.MX)).TTLs; len(got) != 3 || got[0].Seconds.State != facts.Unknown {
		t.Errorf("lost: %+v", got)
	}
}

func TestIsSuffix(t *testing.T) {
	for name, want := range map[string]bool{"co.uk": true, "com": true, "github.io": true, "example.co.uk": false, "example": false, "d.example": false} {
		if got := isSuffix(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A name's own zone is asked for before any registry's.
func TestApexAsksNoRegistry(t *testing.T) {
	s := serve(t, "d.example."+soaText, nil)
	over(t.Context(), s, Target{Domain: "d.example"}).zone(true)
	for _, q := range questions(s) {
		if q == "example SOA" {
			t.Error("asked", q)
		}
	}
	if l := repeated(s.Asked()); len(l) > 0 {
		t.Error("asked twice:", l)
	}
}
