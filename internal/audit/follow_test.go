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
	"mailaudit/internal/dnsx"
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
