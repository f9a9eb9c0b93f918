package gather

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// The key of RFC 4034 5.4, whose key tag is 60485.
const (
	rfcKey = "d.example. DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/" +
		"M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==\n"
	rfcDS = "d.example. DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n"
)

func TestDNSSEC(t *testing.T) {
	own := "d.example." + soaText
	keys := []facts.DNSKey{{Tag: 60485, Algorithm: 5}}
	ds := []facts.DS{{Tag: 60485, Algorithm: 5, Digest: 1}}
	other := facts.DS{Tag: 1, Algorithm: 13, Digest: 2}
	for _, c := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		want       facts.Fact[facts.DNSSEC]
	}{
		{"signed", own + rfcKey + rfcDS, nil, facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Signed, DS: ds, Keys: keys})},
		{"unsigned", own, nil, facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Unsigned})},
		{"keys alone", own + rfcKey, nil, facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Unsigned, Keys: keys})},
		{"unsigned, keys lost", own, failing("d.example", dnsx.DNSKEY), facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Unsigned})},
		{"DS alone", own + rfcDS, nil, facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Bogus, DS: ds,
			Why: "the zone above has a DS record, and the zone has no DNSKEY record"})},
		{"DS of another key", own + rfcKey + "d.example. DS 1 13 2 00", nil, facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Bogus, DS: []facts.DS{other}, Keys: keys,
			Why: "no DNSKEY record is the one that a DS record of the zone above names (key tag 1)"})},
		{"DS of another key beside the right one", own + rfcKey + rfcDS + "d.example. DS 1 13 2 00", nil,
			facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Signed, DS: []facts.DS{ds[0], other}, Keys: keys})},
		{"an algorithm that nobody knows", own + "d.example. DS 1 99 2 00", nil,
			facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Signed, DS: []facts.DS{{Tag: 1, Algorithm: 99, Digest: 2}}})},
		{"a key that is no zone key", own + strings.Replace(rfcKey, "256", "0", 1), nil, facts.Know(facts.DNSSEC{Apex: "d.example", Status: facts.Unsigned})},
		{"DS lost", own + rfcKey, failing("d.example", dnsx.DS), facts.Fact[facts.DNSSEC]{State: facts.Unknown}},
		{"keys lost", own + rfcDS, failing("d.example", dnsx.DNSKEY), facts.Fact[facts.DNSSEC]{State: facts.Unknown}},
		{"of a registry", "example." + soaText, nil, facts.Fact[facts.DNSSEC]{}},
		{"no zone", "", nil, facts.Fact[facts.DNSSEC]{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := over(t.Context(), serve(t, c.zone, c.faults), Target{Domain: "d.example"}).dnssec()
			if (got.Why == "") != (c.want.State != facts.Unknown) {
				t.Errorf("%+v", got)
			}
			got.Why = ""
			if d := cmp.Diff(c.want, got, alike); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestVouched: AD counts where the user believes it, and an answer that has it is not called bogus.
func TestVouched(t *testing.T) {
	s, err := testnet.ServeDNS(testnet.MustZone("d.example."+soaText+rfcKey+"d.example. DS 1 13 2 00"), testnet.DNSOptions{Validates: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, trusted := range []bool{true, false} {
		d := over(t.Context(), s, Target{Domain: "d.example", TrustAD: trusted}).dnssec().Value
		if !d.Vouched || d.Validated != trusted || d.Status != facts.Signed {
			t.Errorf("trusted %v: %+v", trusted, d)
		}
	}
}

// TestOwnZoneOfTheResolver: one that validates would not answer for a zone whose chain is broken, so what it answers with is
// another.
func TestOwnZoneOfTheResolver(t *testing.T) {
	broken := serve(t, "d.example."+soaText+rfcDS, nil)
	root, err := testnet.ServeDNS(testnet.MustZone("."+soaText), testnet.DNSOptions{Validates: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	r := recovering{client(broken, patient), client(root, patient)} // over TCP it is asked about the root alone
	if d := run(t.Context(), r, Target{Domain: "d.example"}).dnssec(); d.State != facts.Unknown || !strings.Contains(d.Why, "our resolver validates") {
		t.Errorf("%+v", d)
	}
}

// TestSigningInTime: that there was no time for a question is not that nobody could be asked.
func TestSigningInTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := asking(func(q dnsx.Question) dnsx.Answer {
		if q.Type == dnsx.DS {
			cancel()
			return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "ended by the time limit"}
		}
		return dnsx.NewOffline(testnet.MustZone("d.example."+soaText)).Lookup(t.Context(), q)
	})
	if d := run(ctx, r, Target{Domain: "d.example"}).dnssec(); d.State != facts.Unknown || d.Why == "" {
		t.Errorf("%+v", d)
	}
}

// asking is a resolver.
type asking func(dnsx.Question) dnsx.Answer

func (f asking) Lookup(_ context.Context, q dnsx.Question) dnsx.Answer { return f(q) }

// TestBogus: SERVFAIL is a broken chain only where the same question without checks is answered, and fails again with them.
func TestBogus(t *testing.T) {
	all := func(f testnet.DNSFault, but ...dnsx.Question) map[dnsx.Question]testnet.DNSFault {
		m := map[dnsx.Question]testnet.DNSFault{{Name: "d.example"}: f}
		for _, q := range but {
			m[q] = testnet.DNSHealthy
		}
		return m
	}
	const own = "d.example." + soaText
	q := func(t dnsx.Type) dnsx.Question { return dnsx.Q("d.example", t) }
	for _, c := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		bogus      bool
	}{
		{"bogus", own + rfcDS, all(testnet.DNSBogus, q(dnsx.DS)), true},
		{"and so the zone above", own + rfcDS, all(testnet.DNSBogus), true},
		{"no DS record", own, all(testnet.DNSBogus, q(dnsx.DS)), false},
		{"SERVFAIL without checks too", own + rfcDS, all(testnet.DNSServFail, q(dnsx.DS)), false},
		{"REFUSED", own + rfcDS, all(testnet.DNSRefused, q(dnsx.DS)), false},
		{"MX is answered", own + rfcDS, all(testnet.DNSBogus, q(dnsx.DS), q(dnsx.MX)), false},
		{"no zone there", rfcDS, all(testnet.DNSBogus, q(dnsx.DS)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := over(t.Context(), serve(t, c.zone, c.faults), Target{Domain: "d.example"}).dnssec()
			if c.bogus && (!d.Known() || d.Value.Status != facts.Bogus || d.Value.Apex != "d.example" || !strings.Contains(d.Value.Why, "(CD)")) ||
				!c.bogus && (d.State != facts.Unknown || d.Why == "") {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestBogusForAWhile: a resolver that recovers between two questions has proved nothing.
func TestBogusForAWhile(t *testing.T) {
	bogus := serve(t, "d.example."+soaText+rfcDS, map[dnsx.Question]testnet.DNSFault{{Name: "d.example"}: testnet.DNSBogus, dnsx.Q("d.example", dnsx.DS): testnet.DNSHealthy})
	well := serve(t, "d.example."+soaText+rfcDS, nil)
	r := recovering{client(bogus, patient), client(well, patient)}
	if d := run(t.Context(), r, Target{Domain: "d.example"}).dnssec(); d.State != facts.Unknown {
		t.Errorf("%+v", d)
	}
}

// recovering is a resolver that is well again by the time it is asked over TCP.
type recovering struct{ bad, good dnsx.Resolver }

func (r recovering) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if q.TCP {
		return r.good.Lookup(ctx, q)
	}
	return r.bad.Lookup(ctx, q)
}

// TestHealthyIsNotDoubted: CD is for domains that fail.
func TestHealthyIsNotDoubted(t *testing.T) {
	s := serve(t, "d.example."+soaText, nil)
	over(t.Context(), s, Target{Domain: "d.example"}).dnssec()
	if slices.ContainsFunc(s.Asked(), func(q testnet.DNSAsked) bool { return q.Unchecked }) || len(s.Asked()) != 4 { // SOA, NS, DS, DNSKEY
		t.Errorf("%+v", s.Asked())
	}
}

// TestSigningOffline: zone files hold no more of the zone above than they say.
func TestSigningOffline(t *testing.T) {
	for zone, want := range map[string]facts.State{
		"d.example." + soaText:                        facts.Unasked,
		"d.example." + soaText + "example." + soaText: facts.Known,
		"d.example." + soaText + rfcDS:                facts.Known,
	} {
		if d := run(t.Context(), dnsx.NewOffline(testnet.MustZone(zone)), Target{Domain: "d.example"}).dnssec(); d.State != want {
			t.Errorf("%s: %+v", zone, d)
		}
	}
}

// TestHostileSigning: records that cannot be read are left out, and so are those beyond the bound.
func TestHostileSigning(t *testing.T) {
	a := dnsx.Answer{Records: []dnsx.Record{{Data: ""}, {Data: "1 2"}, {Data: "70000 1 1 00"}, {Data: "x y z"}, {Data: "256 3 13"}, {Data: "256 3 13 !!"}}}
	if l := dsOf(a); len(l) != 2 {
		t.Errorf("%+v", l)
	}
	if l := keysOf(a); len(l) != 1 {
		t.Errorf("%+v", l)
	}
	for range 100 {
		a.Records = append(a.Records, dnsx.Record{Data: "257 3 13 AA=="})
	}
	if l := keysOf(a); len(l) > maxSigning {
		t.Errorf("%d keys", len(l))
	}
}
