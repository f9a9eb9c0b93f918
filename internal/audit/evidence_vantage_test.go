package audit_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/facts"
)

// noVantage is that of an audit that asked nobody.
var noVantage = audit.Vantage{Honest: "unknown", Rewrites: []string{}, TCP: "unknown", Validates: "unknown", Egress: []audit.Egress{}}

// noDNSSEC is what such an audit says of signatures.
var noDNSSEC = audit.DNSSEC{Status: "unknown", Validated: "unknown", DS: []audit.DS{}, Keys: []audit.DNSKey{}, Cause: "not looked for"}

func TestVantageEvidence(t *testing.T) {
	made := netip.MustParseAddr("192.0.2.66")
	for _, c := range []struct {
		name string
		of   facts.Vantage
		want audit.Vantage
	}{
		{"nobody was asked", facts.Vantage{}, noVantage},
		{"in order", facts.Vantage{Trusted: true, Rewrites: facts.Know([]netip.Addr{}), TCP: facts.Know(true), Validates: facts.Know(true)},
			audit.Vantage{Honest: "pass", Rewrites: []string{}, TCP: "pass", Validates: "pass", TrustAD: true, Egress: []audit.Egress{}}},
		{"wrong in all", facts.Vantage{Rewrites: facts.Know([]netip.Addr{made}), TCP: facts.Cannot[bool]("no answer"), Validates: facts.Know(false), Egress: []facts.Egress{
			{Port: 25, State: facts.EgressBlocked, Why: "a"}, {Port: 465, State: facts.EgressPerhaps, Why: "b"}, {Port: 587, State: facts.EgressOpen, Why: "c"}, {Port: 2525, Why: "d"}}},
			audit.Vantage{Honest: "fail", Rewrites: []string{"192.0.2.66"}, TCP: "unknown", Validates: "fail", Cause: "no answer", Egress: []audit.Egress{
				{Port: 25, Status: "blocked", Cause: "a"}, {Port: 465, Status: "perhaps blocked", Cause: "b"}, {Port: 587, Status: "open", Cause: "c"}, {Port: 2525, Status: "unknown", Cause: "d"}}}},
	} {
		if d := cmp.Diff(c.want, evidence(&facts.Facts{Vantage: c.of}).Vantage); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestNameServerEvidence(t *testing.T) {
	heard, lame := facts.Heard{State: facts.HeardAuthoritative}, facts.Heard{State: facts.HeardLame, Why: "REFUSED"}
	a := netip.MustParseAddr("192.0.2.53")
	f := &facts.Facts{Zone: facts.Know(facts.Zone{
		Talks:  []facts.ServerTalk{{Host: "ns1.example", Addr: a, UDP: heard, TCP: lame, Serial: 7}},
		Outage: facts.Know(facts.Outage{Talks: []facts.ServerTalk{{Host: "ns2.example", Addr: a, UDP: lame, TCP: heard}}})})}
	want := []audit.NameServer{
		{Host: "ns1.example", Address: "192.0.2.53", UDP: "authoritative", TCP: "lame", Serial: 7, Cause: "REFUSED"},
		{Host: "ns2.example", Address: "192.0.2.53", UDP: "lame", TCP: "authoritative", Cause: "REFUSED"},
	}
	if d := cmp.Diff(want, evidence(f).NameServers); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDNSSECEvidence(t *testing.T) {
	ds, keys := []facts.DS{{Tag: 1, Algorithm: 13, Digest: 2}}, []facts.DNSKey{{Tag: 1, Algorithm: 13, Entry: true}}
	wantDS, wantKeys := []audit.DS{{Tag: 1, Algorithm: 13, Digest: 2}}, []audit.DNSKey{{Tag: 1, Algorithm: 13, Entry: true}}
	for _, c := range []struct {
		name string
		of   facts.Fact[facts.DNSSEC]
		want audit.DNSSEC
	}{
		{"not looked for", facts.Fact[facts.DNSSEC]{}, noDNSSEC},
		{"lost", facts.Cannot[facts.DNSSEC]("SERVFAIL"), audit.DNSSEC{Status: "unknown", Validated: "unknown", DS: []audit.DS{}, Keys: []audit.DNSKey{}, Cause: "SERVFAIL"}},
		{"unsigned", facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Unsigned}),
			audit.DNSSEC{Apex: "d.example", Status: "unsigned", Validated: "unknown", DS: []audit.DS{}, Keys: []audit.DNSKey{}}},
		{"signed", facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Signed, DS: ds, Keys: keys}),
			audit.DNSSEC{Apex: "d.example", Status: "signed", Validated: "unknown", DS: wantDS, Keys: wantKeys, Cause: "not validated here: the resolver does not say that it has"}},
		{"vouched", facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Signed, DS: ds, Keys: keys, Vouched: true}),
			audit.DNSSEC{Apex: "d.example", Status: "signed", Validated: "unknown", DS: wantDS, Keys: wantKeys,
				Cause: "not validated here: the resolver says that it has, and is not believed without --trust-ad"}},
		{"validated", facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Signed, DS: ds, Keys: keys, Vouched: true, Validated: true}),
			audit.DNSSEC{Apex: "d.example", Status: "signed", Validated: "pass", DS: wantDS, Keys: wantKeys}},
		{"bogus", facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Bogus, Why: "CD", DS: ds}),
			audit.DNSSEC{Apex: "d.example", Status: "bogus", Validated: "fail", DS: wantDS, Keys: []audit.DNSKey{}, Cause: "CD"}},
	} {
		if d := cmp.Diff(c.want, evidence(&facts.Facts{DNSSEC: c.of}).DNSSEC); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
