package audit_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

// wire leads what is dialled at an address of the documentation ranges to a server of the test.
type wire struct {
	mu sync.Mutex
	to map[string]string
}

func (w *wire) lead(from string, to netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to[from] = to.String()
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	if to, ok := w.to[address]; ok {
		address = to
	}
	w.mu.Unlock()
	return testnet.Dial(ctx, network, address)
}

func serve(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(text), testnet.DNSOptions{Authoritative: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Addr()
}

const (
	followed = `d.example. 3600 SOA ns1.d.example. h.d.example. 1 7200 3600 1209600 900
d.example. NS ns1.d.example.
d.example. NS ns2.d.example.
ns1.d.example. A 192.0.2.1
ns2.d.example. A 192.0.2.2
`
	oldRecord = `d.example. 7200 TXT "v=spf1 +all"` + "\n"
	newRecord = `d.example. 300 TXT "v=spf1 " "~all"` + "\n"
)

// TestFollow: the change shows at one server after the other, and the wait ends with the last.
func TestFollow(t *testing.T) {
	before, after := serve(t, followed+oldRecord), serve(t, followed+newRecord)
	w := &wire{to: map[string]string{}}
	w.lead("192.0.2.1:53", before)
	w.lead("192.0.2.2:53", before)
	env := gather.Env{Now: time.Now, DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{before}, Dial: w.dial})}
	target := gather.Target{AskServers: true, AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	sets := []audit.RRset{
		{Name: "d.example", Type: "TXT", TTL: 300, Data: []string{`"v=spf1 ~all"`}},
	}
	var rounds [][]bool
	stale, err := audit.Follow(t.Context(), env, target, sets, time.Millisecond, func(round []audit.Shown) {
		var yes []bool
		for _, s := range round {
			if s.Why != "" {
				t.Errorf("%+v", s)
			}
			yes = append(yes, s.Yes)
		}
		rounds = append(rounds, yes)
		w.lead([]string{"192.0.2.1:53", "192.0.2.2:53", ""}[len(rounds)-1], after)
	})
	if diff := cmp.Diff([][]bool{{false, false}, {true, false}, {true, true}}, rounds); diff != "" || err != nil {
		t.Errorf("%v; rounds (-want +got):\n%s", err, diff)
	}
	if stale != 7200*time.Second {
		t.Errorf("caches may keep the old record for %v, want its TTL", stale)
	}
}

// either asks the first of two resolvers until it is told to ask the second.
type either struct {
	first, second dnsx.Resolver
	turned        atomic.Bool
}

func (e *either) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if e.turned.Load() {
		return e.second.Lookup(ctx, q)
	}
	return e.first.Lookup(ctx, q)
}

// TestFollowResolver: where authoritative servers are not to be asked, the resolver is, and a name without the record is
// kept as long as the zone says.
func TestFollowResolver(t *testing.T) {
	client := func(a netip.AddrPort) dnsx.Resolver {
		return dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{a}, Dial: testnet.Dial})
	}
	r := &either{first: client(serve(t, followed)), second: client(serve(t, followed+newRecord))}
	sets := []audit.RRset{{Name: "d.example", Type: "TXT", TTL: 300, Data: []string{`"v=spf1 ~all"`}}}
	n := 0
	stale, err := audit.Follow(t.Context(), gather.Env{Now: time.Now, DNS: r}, gather.Target{}, sets, time.Millisecond, func(round []audit.Shown) {
		n++
		if len(round) != 1 || round[0].Server != "the resolver" || round[0].Yes != (n > 1) {
			t.Errorf("round %d: %+v", n, round)
		}
		r.turned.Store(true)
	})
	if err != nil || n != 2 || stale != 900*time.Second {
		t.Errorf("%d rounds, %v, %v", n, stale, err)
	}
}

// TestFollowEnds: a change that never shows is given up when the time is over.
func TestFollowEnds(t *testing.T) {
	before := serve(t, followed+oldRecord)
	env := gather.Env{Now: time.Now, DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{before}, Dial: testnet.Dial})}
	sets := []audit.RRset{{Name: "d.example", Type: "TXT", TTL: 300, Data: []string{`"v=spf1 ~all"`}}}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := audit.Follow(ctx, env, gather.Target{}, sets, time.Hour, func([]audit.Shown) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ends with %v", err)
	}
}

// noServers does not tell the name servers of one name.
type noServers struct {
	dnsx.Resolver
	of string
}

func (n noServers) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if q.Name == n.of && q.Type == dnsx.NS {
		return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "SERVFAIL"}
	}
	return n.Resolver.Lookup(ctx, q)
}

// TestFollowLost: where the name servers of a zone cannot be found out, those of the zone above are not asked in their place:
// they know nothing of the record.
func TestFollowLost(t *testing.T) {
	after := serve(t, followed+"sub."+newRecord)
	env := gather.Env{Now: time.Now, DNS: noServers{dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{after}, Dial: testnet.Dial}), "sub.d.example"}}
	target := gather.Target{AskServers: true, AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := audit.Follow(ctx, env, target, []audit.RRset{{Name: "sub.d.example", Type: "TXT", TTL: 300, Data: []string{`"v=spf1 ~all"`}}}, time.Hour, func(round []audit.Shown) {
		if len(round) != 1 || round[0].Server != "the resolver" || !round[0].Yes {
			t.Errorf("%+v", round)
			cancel()
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// TestRepairKeepsTTL: what is replaced keeps the TTL that an authoritative server gives, not what a resolver has left of it; where
// no such server may be asked, or answers, that of the resolver counts.
func TestRepairKeepsTTL(t *testing.T) {
	cached := serve(t, followed+"d.example. A 192.0.2.80\nd.example. 17 TXT \"v=spf1 ip4:192.0.2.25 +all\"\nd.example. 17 TXT \"x=y\"\n")
	zone := func(ttl string) netip.AddrPort {
		return serve(t, followed+"d.example. A 192.0.2.80\nd.example. "+ttl+" TXT \"v=spf1 ip4:192.0.2.25 +all\"\nd.example. "+ttl+" TXT \"x=y\"\n")
	}
	tests := []struct {
		name string
		ask  bool
		at   []netip.AddrPort // of the two servers
		want int
	}{
		{"the authoritative server's", true, []netip.AddrPort{zone("7200"), zone("7200")}, 7200},
		{"of the second one", true, []netip.AddrPort{{}, zone("7200")}, 7200},
		{"of none", true, []netip.AddrPort{{}, {}}, 17},
		{"of nobody but the resolver", false, []netip.AddrPort{zone("7200"), zone("7200")}, 17},
		{"none at all", true, []netip.AddrPort{zone("0"), zone("0")}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &wire{to: map[string]string{}}
			for i, at := range tt.at {
				if at.IsValid() {
					w.lead([]string{"192.0.2.1:53", "192.0.2.2:53"}[i], at)
				}
			}
			env := gather.Env{Now: time.Now, DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{cached}, Dial: w.dial})}
			g := gather.Target{Domain: "d.example", AskServers: tt.ask, AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Profile: "sender",
				Streams: []facts.Stream{{Name: "default", MailFrom: "a@d.example", DKIMDomain: "d.example", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}}}}
			o := options
			o.Wanted = func(a checks.Area) bool { return a == "spf" }
			before, _, sets := audit.Repair(t.Context(), env, g, o)
			if len(sets) != 1 || sets[0].Name != "d.example" || sets[0].TTL != tt.want {
				t.Fatalf("sets %+v, want one with a TTL of %d", sets, tt.want)
			}
			for _, c := range before.Fixes[0].Changes {
				if c.TTL != tt.want {
					t.Errorf("%+v, want a TTL of %d", c, tt.want)
				}
			}
		})
	}
}
