package gather

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

const (
	digestA = "aa11bb22cc33dd44ee55ff6600778899aa11bb22cc33dd44ee55ff6600778899"
	digestB = "bb11bb22cc33dd44ee55ff6600778899aa11bb22cc33dd44ee55ff6600778899"
)

// daneZone is a domain with a host that pins two keys, one that is an alias, and one that pins nothing.
const daneZone = `
d.example. SOA ns.d.example. hm.d.example. 1 2 3 4 5
d.example. MX 10 mx1.d.example.
d.example. MX 20 mx2.d.example.
d.example. MX 30 mx3.d.example.
mx1.d.example. A 11.0.0.25
mx2.d.example. CNAME mx.h.example.
mx3.d.example. AAAA 2a0f::25
_25._tcp.mx1.d.example. TLSA 3 1 1 ` + digestB + `
_25._tcp.mx1.d.example. TLSA 3 1 1 ` + digestA + `
_25._tcp.mx2.d.example. TLSA 3 1 1 ` + digestB + `
h.example. SOA ns.h.example. hm.h.example. 1 2 3 4 5
mx.h.example. A 11.0.0.26
_25._tcp.mx.h.example. CNAME tlsa.h.example.
tlsa.h.example. TLSA 2 0 1 ` + digestA + "\n"

// pinnedBy is a run against a resolver that validates, or does not, and of which the user believes it, or does not.
func pinnedBy(t *testing.T, zone string, faults map[dnsx.Question]testnet.DNSFault, validates, trusted bool) (*gatherer, *testnet.DNS) {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Faults: faults, Validates: validates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return over(t.Context(), s, Target{Domain: "d.example", TrustAD: trusted}), s
}

func (g *gatherer) daneNow() []facts.DANE {
	return g.dane()
}

// daneLines are the facts in short: the host, where its records were looked for, and what they are.
func daneLines(l []facts.DANE) []string {
	var out []string
	for _, d := range l {
		s := d.Host + " " + d.Name
		for _, p := range d.Pins.Value.Records {
			s += " " + p.Record.Kind() + " " + p.Data[6:8] + strings.Repeat("!", len(p.Problems))
		}
		if d.Pins.State == facts.Unknown {
			s += " unknown"
		}
		out = append(out, s)
	}
	return out
}

func TestDANE(t *testing.T) {
	var many strings.Builder
	for i := range 30 {
		fmt.Fprintf(&many, "_25._tcp.mx.d.example. TLSA 3 1 1 %064x\n", i)
	}
	one := "d.example. SOA ns.d.example. hm.d.example. 1 2 3 4 5\nd.example. MX 10 mx.d.example.\nmx.d.example. A 11.0.0.25\n"
	for _, tt := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		want       []string
	}{
		{"an alias is where it leads", daneZone, nil, []string{
			"mx1.d.example _25._tcp.mx1.d.example 3 1 1 aa 3 1 1 bb",
			"mx2.d.example _25._tcp.mx.h.example 2 0 1 aa",
			"mx3.d.example _25._tcp.mx3.d.example"}},
		{"or the name itself, where there is nothing", strings.ReplaceAll(daneZone, "tlsa.h.example. TLSA", "x.h.example. TLSA"), nil, []string{
			"mx1.d.example _25._tcp.mx1.d.example 3 1 1 aa 3 1 1 bb",
			"mx2.d.example _25._tcp.mx2.d.example 3 1 1 bb",
			"mx3.d.example _25._tcp.mx3.d.example"}},
		{"lookups fail", daneZone, lost("_25._tcp.mx1.d.example", "_25._tcp.mx.h.example"), []string{
			"mx1.d.example _25._tcp.mx1.d.example unknown",
			"mx2.d.example _25._tcp.mx.h.example unknown",
			"mx3.d.example _25._tcp.mx3.d.example"}},
		{"of no use", one + "_25._tcp.mx.d.example. TLSA 3 1 1 abcd\n_25._tcp.mx.d.example. TLSA 1 0 2 " + digestA + "\n", nil, []string{
			"mx.d.example _25._tcp.mx.d.example 1 0 2 aa! 3 1 1 ab!"}},
		{"the domain itself", "d.example. SOA ns.d.example. hm.d.example. 1 2 3 4 5\nd.example. A 11.0.0.25\n_25._tcp.d.example. TLSA 3 1 1 " + digestA + "\n", nil, []string{
			"d.example _25._tcp.d.example 3 1 1 aa"}},
		{"no hosts", "d.example. MX 10 gone.d.example.\nd.example. MX 20 192.0.2.1.\nd.example. MX 30 .\n192.0.2.1. A 11.0.0.25\n", nil, nil},
		{"a host twice", one + "d.example. MX 20 mx.d.example.\n", nil, []string{"mx.d.example _25._tcp.mx.d.example"}},
		{"MX lost", one, lost("d.example"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, _ := pinnedBy(t, tt.zone, tt.faults, false, false)
			if d := cmp.Diff(tt.want, daneLines(g.daneNow())); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	g, _ := pinnedBy(t, one+many.String(), nil, false, false)
	if p := g.daneNow()[0].Pins.Value; len(p.Records) != maxPins || p.More != 30-maxPins {
		t.Errorf("%d records, %d more", len(p.Records), p.More)
	}
}

// TestDANEBounded: as many hosts as are connected to.
func TestDANEBounded(t *testing.T) {
	zone := ""
	for i := range 10 {
		zone += fmt.Sprintf("d.example. MX %d mx%d.d.example.\nmx%[2]d.d.example. A 11.0.0.%[2]d\n", i, i)
	}
	g, s := pinnedBy(t, zone, nil, false, false)
	if l := g.daneNow(); len(l) != maxTalks || l[maxTalks-1].Host != "mx4.d.example" {
		t.Errorf("%q", daneLines(l))
	}
	n := 0
	for _, q := range s.Asked() {
		if q.Type == dnsx.TLSA {
			n++
		}
	}
	if n != maxTalks {
		t.Errorf("%d questions", n)
	}
}

// TestDANESecure: the AD bit counts where the user says so, and only of an answer.
func TestDANESecure(t *testing.T) {
	secure := func(d facts.DANE) []facts.Fact[bool] {
		return []facts.Fact[bool]{d.Secure, d.SecureAddresses, d.SecureMX}
	}
	g, _ := pinnedBy(t, daneZone, nil, true, false)
	for _, d := range g.daneNow() {
		for _, f := range secure(d) {
			unknown(t, d.Host+", not trusted", f, "not trusted without --trust-ad")
		}
	}
	for _, validates := range []bool{true, false} {
		g, _ := pinnedBy(t, daneZone, nil, validates, true)
		for _, d := range g.daneNow() {
			for _, f := range secure(d) {
				if f != facts.Know(validates) {
					t.Errorf("%s: %+v where AD is %v", d.Host, f, validates)
				}
			}
		}
	}
	g, _ = pinnedBy(t, daneZone, map[dnsx.Question]testnet.DNSFault{
		{Name: "_25._tcp.mx1.d.example"}: testnet.DNSServFail, {Name: "mx1.d.example", Type: dnsx.AAAA}: testnet.DNSServFail,
	}, true, true)
	d := g.daneNow()[0]
	unknown(t, "the records", d.Pins, "SERVFAIL")
	unknown(t, "whether they are secure", d.Secure, "SERVFAIL")
	unknown(t, "whether the addresses are", d.SecureAddresses, "SERVFAIL")
	if d.SecureMX != facts.Know(true) {
		t.Errorf("MX %+v", d.SecureMX)
	}
}

// TestDANEFromFile: nobody signs a zone file, and that says nothing of what will be published.
func TestDANEFromFile(t *testing.T) {
	g := run(t.Context(), dnsx.NewOffline(testnet.MustZone(daneZone)), Target{Domain: "d.example", TrustAD: true})
	l := g.daneNow()
	if len(l) != 3 || len(l[0].Pins.Value.Records) != 2 {
		t.Fatalf("%q", daneLines(l))
	}
	for _, f := range []facts.Fact[bool]{l[0].Secure, l[0].SecureAddresses, l[0].SecureMX} {
		unknown(t, "secure", f, "comes from a file, which nobody signs")
	}
}

// TestDANESecureAll: one answer that DNSSEC does not vouch for spoils the others.
func TestDANESecureAll(t *testing.T) {
	g := run(t.Context(), dnsx.NewOffline(nil), Target{TrustAD: true})
	yes, no := dnsx.Answer{Status: dnsx.Found, Asked: 1, Authenticated: true}, dnsx.Answer{Status: dnsx.NoData, Asked: 1}
	for _, tt := range []struct {
		answers []dnsx.Answer
		want    bool
	}{{[]dnsx.Answer{yes, yes}, true}, {[]dnsx.Answer{yes, no}, false}, {[]dnsx.Answer{no, yes}, false}} {
		if got := g.secure(tt.answers...); got != facts.Know(tt.want) {
			t.Errorf("%+v of %+v", got, tt.answers)
		}
	}
}

// TestDANESecureAlias: a host that is an alias may be signed although what it leads to is not (RFC 7672 2.2.2).
func TestDANESecureAlias(t *testing.T) {
	g, _ := pinnedBy(t, strings.ReplaceAll(daneZone, "tlsa.h.example. TLSA", "x.h.example. TLSA"), nil, false, true)
	l := g.daneNow()
	unknown(t, l[1].Host, l[1].SecureAddresses, "is an alias, which may be signed by itself")
	if l[0].SecureAddresses != facts.Know(false) {
		t.Errorf("%s: %+v", l[0].Host, l[0].SecureAddresses)
	}
}
