package gather

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// alike compares facts: addresses by value, and a list without members as none.
var alike = cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()}

// serve starts a resolver for a world that consists of one zone.
func serve(t testing.TB, zone string, faults map[dnsx.Question]testnet.DNSFault) *testnet.DNS {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// client asks on loopback only, and so patiently that a busy machine does not make it ask again.
func client(s *testnet.DNS) *dnsx.Client {
	return dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial, Timeout: 90 * time.Second})
}

// over is a run of the target that asks s.
func over(ctx context.Context, s *testnet.DNS, t Target) *gatherer {
	r := client(s)
	return &gatherer{ctx: ctx, env: env(r), t: t, dns: dnsx.NewMemo(ctx, r)}
}

// env is a world without connections.
func env(r dnsx.Resolver) Env { return Env{DNS: r, Now: time.Now} }

// asker is a run over one zone for tests that look at one name.
func asker(t testing.TB, zone string, faults map[dnsx.Question]testnet.DNSFault) *gatherer {
	t.Helper()
	return over(t.Context(), serve(t, zone, faults), Target{Domain: "d.example"})
}

// stream is the one stream of d.example.
func stream(ips ...string) facts.Stream {
	s := facts.Stream{Name: "main", IPs: []netip.Addr{}, MailFrom: "postmaster@d.example", DKIMDomain: "d.example", Selectors: []string{}}
	for _, ip := range ips {
		s.IPs = append(s.IPs, netip.MustParseAddr(ip))
	}
	return s
}

// lost makes every question about the names fail.
func lost(names ...string) map[dnsx.Question]testnet.DNSFault {
	m := map[dnsx.Question]testnet.DNSFault{}
	for _, n := range names {
		m[dnsx.Question{Name: n}] = testnet.DNSServFail
	}
	return m
}

// names are the names that were asked for, with their types, as they came in.
func questions(s *testnet.DNS) []string {
	var l []string
	for _, q := range s.Asked() {
		l = append(l, q.Name+" "+q.Type.String())
	}
	return l
}
