package checks

import (
	"net/netip"
	"slices"
	"testing"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// TestSameNetInShort: a thousand name servers make no message of a thousand lines.
func TestSameNetInShort(t *testing.T) {
	l := slices.Repeat([]facts.NameServer{{Host: "ns.example", Addresses: facts.Cannot[facts.Hosts]("only the first 13 name servers are looked at")}}, 1000)
	if v := nsSameNet(nil, l); len(v) != 1 || v[0].Status != Unknown || len(v[0].Message) > 200 {
		t.Errorf("%.300v", v)
	}
}

// goodZone is a zone with which no rule finds fault.
func goodZone() facts.Zone {
	return facts.Zone{
		SOA:      facts.Know(facts.SOA{Apex: "healthy.example", Serial: 1, Refresh: 7200, Retry: 3600, Expire: 1209600, Minimum: 3600, TTL: 3600}),
		Servers:  facts.Know([]facts.NameServer{nameServer("ns1.example", "11.60.1.53"), nameServer("ns2.example", "11.61.1.53")}),
		Alias:    facts.Know(facts.Alias{Beside: []string{"SOA", "NS", "A", "MX", "TXT"}}),
		Wildcard: facts.Know([]string{}),
		TTLs:     []facts.TTL{{What: "MX", Name: "healthy.example", Seconds: facts.Know[uint32](3600)}},
		Talks:    goodTalks(),
		Parent:   delegates("ns1.example", "ns2.example"),
	}
}

func nameServer(host string, ips ...string) facts.NameServer {
	h := facts.Hosts{}
	for _, ip := range ips {
		h.Addresses = append(h.Addresses, netip.MustParseAddr(ip))
	}
	return facts.NameServer{Host: host, Addresses: facts.Know(h)}
}

// zone is the healthy domain in a good zone with one edit of it.
func zone(edit func(*facts.Zone)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		z := goodZone()
		edit(&z)
		f.Zone = facts.Know(z)
	}
}

func asIs(*facts.Zone) {}

// soa is a good zone with one edit of its SOA record.
func soa(edit func(*facts.SOA)) func(*facts.Facts) {
	return zone(func(z *facts.Zone) { edit(&z.SOA.Value) })
}

func servedBy(l ...facts.NameServer) func(*facts.Facts) {
	return zone(func(z *facts.Zone) { z.Servers = facts.Know(l) })
}

// wild is a domain with a wildcard and this DMARC record.
func wild(record string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		zone(func(z *facts.Zone) { z.Wildcard = facts.Know([]string{"A", "MX"}) })(f)
		r := dmarc.Parse(record)
		f.DMARC.Value.Record = &r
	}
}

var zoneCases = []ruleCase{
	{rule: "domain.public-suffix", want: Warn, says: "public suffix list", edit: func(f *facts.Facts) { f.Suffix = true }},
	{rule: "domain.public-suffix", name: "sends nothing", want: "", edit: profile(facts.Parked, func(f *facts.Facts) { f.Suffix = true })},

	{rule: "domain.wildcard", want: Warn, says: "A, MX records, by a wildcard, and no DMARC policy", edit: wild("v=DMARC1; p=none")},
	{rule: "domain.wildcard", name: "sp=none", want: Warn, edit: wild("v=DMARC1; p=reject; sp=none")},
	{rule: "domain.wildcard", name: "in testing", want: Warn, edit: wild("v=DMARC1; p=quarantine; t=y")},
	{rule: "domain.wildcard", name: "no DMARC record", want: Warn, edit: func(f *facts.Facts) {
		wild("v=DMARC1; p=none")(f)
		f.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone})
	}},
	{rule: "domain.wildcard", name: "guarded", want: Info, says: "the DMARC policy for them is quarantine", edit: wild("v=DMARC1; p=none; sp=quarantine")},
	{rule: "domain.wildcard", name: "DMARC not found out", want: Unknown, says: "is not known: SERVFAIL", edit: func(f *facts.Facts) {
		wild("v=DMARC1; p=none")(f)
		f.DMARC = facts.Cannot[facts.DMARC]("SERVFAIL")
	}},
	{rule: "domain.wildcard", name: "none", want: Pass, edit: zone(asIs)},
	{rule: "domain.wildcard", name: "not found out", want: Unknown, says: "timeout", edit: zone(func(z *facts.Zone) { z.Wildcard = facts.Cannot[[]string]("timeout") })},

	{rule: "domain.cname-apex", want: Warn, says: "a CNAME for x.example, beside MX, TXT records", edit: zone(func(z *facts.Zone) {
		z.Alias = facts.Know(facts.Alias{CNAME: []string{"x.example"}, Beside: []string{"MX", "TXT"}})
	})},
	{rule: "domain.cname-apex", name: "the CNAME alone", want: Pass, edit: zone(func(z *facts.Zone) { z.Alias = facts.Know(facts.Alias{CNAME: []string{"x.example"}}) })},
	{rule: "domain.cname-apex", name: "no CNAME", want: Pass, edit: zone(asIs)},
	{rule: "domain.cname-apex", name: "does not exist", want: "", edit: func(f *facts.Facts) {
		zone(asIs)(f)
		f.Exists = facts.Know(false)
	}},

	{rule: "ns.count", want: Warn, says: "ns1.example is the only name server, where there must be 2 or more", edit: servedBy(nameServer("ns1.example", "11.60.1.53"))},
	{rule: "ns.count", name: "none", want: Warn, says: "no NS record", edit: servedBy()},
	{rule: "ns.count", name: "two", want: Pass, edit: zone(asIs)},
	{rule: "ns.count", name: "the zone of a registry", want: "", edit: zone(func(z *facts.Zone) { z.Servers = facts.Fact[[]facts.NameServer]{} })},
	{rule: "ns.count", name: "not found out", want: Unknown, says: "SERVFAIL", edit: zone(func(z *facts.Zone) { z.Servers = facts.Cannot[[]facts.NameServer]("SERVFAIL") })},
	{rule: "ns.count", name: "nothing found out", want: Unknown, says: "panic", edit: func(f *facts.Facts) { f.Zone = facts.Cannot[facts.Zone]("panic") }},

	{rule: "ns.same-net", want: Info, says: "all 2 name servers are in 11.60.1.0/24", edit: servedBy(nameServer("ns1.example", "11.60.1.53"), nameServer("ns2.example", "11.60.1.54"))},
	{rule: "ns.same-net", name: "IPv6", want: Info, says: "2a0f:1:2::/48", edit: servedBy(nameServer("ns1.example", "2a0f:1:2::1"), nameServer("ns2.example", "2a0f:1:2:9::1"))},
	{rule: "ns.same-net", name: "one each of IPv4 and IPv6", want: Pass, edit: servedBy(nameServer("ns1.example", "11.60.1.53"), nameServer("ns2.example", "2a0f:1:2::1"))},
	{rule: "ns.same-net", name: "apart in IPv6", want: Pass, edit: servedBy(nameServer("ns1.example", "11.60.1.53", "2a0f:1:2::1"), nameServer("ns2.example", "11.60.1.54", "2a0f:1:3::1"))},
	{rule: "ns.same-net", name: "apart", want: Pass, edit: zone(asIs)},
	{rule: "ns.same-net", name: "only one", want: Pass, edit: servedBy(nameServer("ns1.example", "11.60.1.53"))},
	{rule: "ns.same-net", name: "one not found out", want: Unknown, says: "timeout", edit: servedBy(nameServer("ns1.example", "11.60.1.53"), facts.NameServer{Host: "ns2.example", Addresses: facts.Cannot[facts.Hosts]("timeout")})},
	{rule: "ns.same-net", name: "apart, and one not found out", want: Pass, edit: servedBy(nameServer("ns1.example", "11.60.1.53"), nameServer("ns2.example", "11.61.1.53"), facts.NameServer{Addresses: facts.Cannot[facts.Hosts]("timeout")})},

	{rule: "soa.missing", want: Warn, says: "no SOA record at healthy.example, nor at any name above it", edit: soa(func(s *facts.SOA) { *s = facts.SOA{Missing: true} })},
	{rule: "soa.missing", name: "beside name servers", want: Warn, says: "name servers are named at healthy.example", edit: soa(func(s *facts.SOA) { *s = facts.SOA{Apex: "healthy.example", Missing: true} })},
	{rule: "soa.missing", name: "that of the zone above", want: Pass, edit: soa(func(s *facts.SOA) { s.Apex = "example" })},
	{rule: "soa.missing", name: "not found out", want: Unknown, says: "SERVFAIL", edit: zone(func(z *facts.Zone) { z.SOA = facts.Cannot[facts.SOA]("SERVFAIL") })},

	{rule: "soa.values", want: Info, says: "expire is 604799 s, less than 604800", edit: soa(func(s *facts.SOA) { s.Expire = 604799 })},
	{rule: "soa.values", name: "retry", want: Info, says: "retry is 7201 s, more than refresh, which is 7200", edit: soa(func(s *facts.SOA) { s.Retry = 7201 })},
	{rule: "soa.values", name: "minimum", want: Info, says: "remembered for 86401 s", edit: soa(func(s *facts.SOA) { s.Minimum, s.TTL = 90000, 86401 })},
	{rule: "soa.values", name: "a short TTL bounds the minimum", want: Pass, edit: soa(func(s *facts.SOA) { s.Minimum = 90000 })},
	{rule: "soa.values", name: "at the limits", want: Pass, edit: soa(func(s *facts.SOA) { s.Expire, s.Minimum, s.TTL = 604800, 86400, 86400 })},
	{rule: "soa.values", name: "none", want: "", edit: soa(func(s *facts.SOA) { *s = facts.SOA{Missing: true} })},
	{rule: "soa.values", name: "of a registry", want: "", edit: soa(func(s *facts.SOA) { s.Expire, s.Registry = 1, true })},

	{rule: "ttl.long", want: Info, says: "the TTL of the MX record is 86401 s or more, above 86400", edit: zone(func(z *facts.Zone) { z.TTLs[0].Seconds.Value = 86401 })},
	{rule: "ttl.long", name: "a day", want: Pass, edit: zone(func(z *facts.Zone) { z.TTLs[0].Seconds.Value = 86400 })},
	{rule: "ttl.long", name: "not found out", want: "", edit: zone(func(z *facts.Zone) { z.TTLs[0].Seconds = facts.Cannot[uint32]("timeout") })},
}

// TestGoodZone holds that no rule finds fault with a zone in order.
func TestGoodZone(t *testing.T) {
	f := healthy()
	f.Zone = facts.Know(goodZone())
	for _, x := range Run(f, everything).Findings {
		if x.Status != Pass {
			t.Errorf("%s is %s: %s", x.Check.ID, x.Status, x.Message)
		}
	}
}
