package dnsx_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

// many are n questions about names that do not exist, and in their midst those that are given.
func many(n int, among ...dnsx.Question) []dnsx.Question {
	var l []dnsx.Question
	for i := range n {
		if i == n/2 {
			l = append(l, among...)
		}
		l = append(l, dnsx.Q(fmt.Sprintf("x%d.example", i), dnsx.TXT))
	}
	return l
}

// lookupAll are the answers to questions that are asked at once.
func lookupAll(t *testing.T, r dnsx.Resolver, qs []dnsx.Question) []dnsx.Answer {
	t.Helper()
	l := make([]dnsx.Answer, len(qs))
	var mu sync.Mutex
	times := map[int]int{}
	dnsx.LookupAll(t.Context(), r, qs, func(i int, a dnsx.Answer) {
		mu.Lock()
		defer mu.Unlock()
		l[i] = a
		times[i]++
	})
	for i := range qs {
		if times[i] != 1 {
			t.Errorf("%v was answered %d times", qs[i], times[i])
		}
	}
	return l
}

// TestLookupAll: what is asked at once gets the same answers as what is asked one by one, goes out once, and by few sockets.
func TestLookupAll(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{})
	var sockets atomic.Int64
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Timeout: 90 * time.Second,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			sockets.Add(1)
			return testnet.Dial(ctx, network, address)
		}})
	qs := many(90, dnsx.Q("D.example.", dnsx.A), dnsx.Q("d.example", dnsx.TXT), dnsx.Q("www.d.example", dnsx.A), dnsx.Q("gone.example", dnsx.A),
		dnsx.Q("a.loop.example", dnsx.A), dnsx.Q("a..b", dnsx.A))
	for range 3 {
		before := len(s.Asked())
		got := lookupAll(t, c, qs)
		asked := map[dnsx.Question]int{}
		for _, a := range s.Asked()[before:] {
			asked[a.Question]++
		}
		for i, q := range qs {
			if want := client(s.Addr()).Lookup(t.Context(), q); !cmp.Equal(want, got[i], addrs) {
				t.Errorf("%v: %s", q, cmp.Diff(want, got[i], addrs))
			}
			if n := asked[q]; n != got[i].Asked {
				t.Errorf("%v went out %d times, want %d", q, n, got[i].Asked)
			}
		}
	}
	if n := sockets.Load(); n > 4 { // 95 questions are three bursts, and one for the last of a loop
		t.Errorf("%d sockets", n)
	}
}

// TestLookupAllFaults: whatever befalls one question, it is answered as if it had been asked alone, and the others are answered
// beside it.
func TestLookupAllFaults(t *testing.T) {
	t.Parallel()
	q := dnsx.Q("d.example", dnsx.TXT)
	for fault := testnet.DNSHealthy; fault <= testnet.DNSHuge; fault++ {
		for _, everywhere := range []bool{false, true} {
			t.Run(fmt.Sprint(int(fault), everywhere), func(t *testing.T) {
				t.Parallel()
				faults := map[dnsx.Question]testnet.DNSFault{q: fault}
				if everywhere {
					faults = map[dnsx.Question]testnet.DNSFault{{}: fault}
				}
				s := serve(t, world, testnet.DNSOptions{Faults: faults})
				patience := prompt
				switch fault {
				case testnet.DNSDrop, testnet.DNSTruncateDead, testnet.DNSWrongID, testnet.DNSWrongName: // no answer comes
					patience = 1800 * time.Millisecond
				}
				impatient := func() *dnsx.Client {
					return dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial, Timeout: patience})
				}
				alone := impatient().Lookup(t.Context(), q)
				for i, a := range lookupAll(t, impatient(), many(40, q)) {
					want := alone
					if i != 20 {
						if everywhere {
							continue
						}
						want = dnsx.Answer{Question: a.Question, Status: dnsx.NXDomain, Asked: 1}
					}
					// Strays at a socket that is shared belong to nobody.
					cut := func(s string) string { s, _, _ = strings.Cut(s, "; datagrams ignored"); return s }
					want.Cause, a.Cause = cut(want.Cause), cut(a.Cause)
					if !cmp.Equal(want, a, addrs) {
						t.Errorf("%s", cmp.Diff(want, a, addrs))
					}
				}
			})
		}
	}
}

// TestLookupAllNextServer: where nothing listens at the first server, the second is asked.
func TestLookupAllNextServer(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{})
	for _, a := range lookupAll(t, client(nowhere(t), s.Addr()), many(50)) {
		if a.Status != dnsx.NXDomain {
			t.Errorf("%+v", a)
		}
	}
	for _, a := range lookupAll(t, client(nowhere(t)), many(50)) {
		if a.Status != dnsx.Failed || !strings.HasPrefix(a.Cause, "nothing listens at ") {
			t.Errorf("%+v", a)
		}
	}
	for _, a := range lookupAll(t, client(), many(3)) {
		if a.Status != dnsx.Failed {
			t.Errorf("%+v", a)
		}
	}
}

// TestLookupAllEnds: all are over with the context, whatever is under way, waits for a turn or was not begun.
func TestLookupAllEnds(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSDrop}})
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial, InFlight: 40, Timeout: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for range 2 {
		var n atomic.Int64
		began := time.Now()
		c.LookupAll(ctx, many(100), func(_ int, a dnsx.Answer) {
			if n.Add(1); a.Status != dnsx.Failed || !strings.HasPrefix(a.Cause, "ended by the time limit") {
				t.Errorf("%+v", a)
			}
		})
		if took := time.Since(began); n.Load() != 100 || took > prompt {
			t.Errorf("%d answers after %v", n.Load(), took)
		}
	}
}

// TestLookupAllInFlight: no more questions at once than allowed, and all in the end.
func TestLookupAllInFlight(t *testing.T) {
	var now, most atomic.Int64
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		m := new(dns.Msg).SetReply(req)
		m.Authoritative = true
		w.WriteMsg(m)
	})
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{addr}, Dial: testnet.Dial, InFlight: 5, Timeout: time.Minute})
	var all dnsx.Tasks
	for range 3 {
		all.Go(func() {
			for _, a := range lookupAll(t, c, many(60)) {
				if a.Status != dnsx.NoData {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	all.Wait()
	if most.Load() > 5 {
		t.Errorf("%d at once, want 5", most.Load())
	}
}

// TestLookupAllChain: the end of an alias is asked for where the answer leaves it out.
func TestLookupAllChain(t *testing.T) {
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg).SetReply(req)
		m.RecursionAvailable = true
		if name := req.Question[0].Name; name == "end.example." {
			m.Answer = []dns.RR{rr(t, "end.example. 60 IN TXT end")}
		} else {
			m.Answer = []dns.RR{rr(t, name+" 60 IN CNAME end.example.")}
		}
		w.WriteMsg(m)
	})
	for _, a := range lookupAll(t, client(addr), many(40)) {
		if a.Status != dnsx.Found || a.Asked != 2 || len(a.Chain) != 1 || a.Records[0].Text != "end" {
			t.Errorf("%+v", a)
		}
	}
}

// TestMemoLookupAll and the cache: nobody asks what is known or under way, and what is asked at once is known afterwards.
func TestMemoLookupAll(t *testing.T) {
	for name, over := range map[string]func(dnsx.Resolver) dnsx.Resolver{
		"memo":  func(r dnsx.Resolver) dnsx.Resolver { return dnsx.NewMemo(t.Context(), r) },
		"cache": func(r dnsx.Resolver) dnsx.Resolver { return dnsx.NewCache(r) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, world, testnet.DNSOptions{Delay: 5 * time.Millisecond})
			r := over(client(s.Addr()))
			first := dnsx.Q("d.example", dnsx.TXT)
			r.Lookup(t.Context(), first)
			var all dnsx.Tasks
			for range 4 {
				all.Go(func() {
					for i, a := range lookupAll(t, r, many(50, first, first)) {
						if want := map[bool]dnsx.Status{true: dnsx.Found, false: dnsx.NXDomain}[i == 25 || i == 26]; a.Status != want {
							t.Errorf("%+v", a)
						}
					}
				})
				all.Go(func() { r.Lookup(t.Context(), dnsx.Q("x7.example", dnsx.TXT)) })
			}
			all.Wait()
			if n := len(s.Asked()); n != 51 {
				t.Errorf("%d questions, want 51", n)
			}
			if m, ok := r.(*dnsx.Memo); ok && m.Questions() != 51 {
				t.Errorf("Questions says %d", m.Questions())
			}
		})
	}
}

// TestLookupAllPanic: a panic in one lookup is raised again in whoever waits for it, and nobody waits for ever.
func TestLookupAllPanic(t *testing.T) {
	bad := dnsx.Q("x3.example", dnsx.TXT)
	under := resolverFunc(func(_ context.Context, q dnsx.Question) dnsx.Answer {
		if q == bad {
			panic("out of order")
		}
		return dnsx.Answer{Question: q, Status: dnsx.NXDomain, Asked: 1}
	})
	for name, r := range map[string]dnsx.Resolver{"none": under, "memo": dnsx.NewMemo(t.Context(), under), "cache": dnsx.NewCache(under)} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				var n atomic.Int64
				func() {
					defer func() {
						if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "out of order") {
							t.Errorf("%v", p)
						}
					}()
					dnsx.LookupAll(t.Context(), r, many(6), func(int, dnsx.Answer) { n.Add(1) })
				}()
				if n.Load() != 5 {
					t.Errorf("%d others were answered", n.Load())
				}
			}
		})
	}
}

// TestLookupAllLate: an answer to the first attempt counts as long as one that is awaited alone, whatever becomes of the second.
func TestLookupAllLate(t *testing.T) {
	var mu sync.Mutex
	held := map[string]func(){}
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		mu.Lock()
		defer mu.Unlock()
		name := req.Question[0].Name
		if answer := held[name]; answer != nil {
			answer()
			return
		}
		held[name] = func() {
			m := new(dns.Msg).SetReply(req)
			m.RecursionAvailable = true
			w.WriteMsg(m)
		}
	})
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{addr}, Dial: testnet.Dial, Timeout: 2700 * time.Millisecond})
	for _, a := range lookupAll(t, c, many(5)) {
		if a.Status != dnsx.NoData || a.Asked != 1 {
			t.Errorf("%+v", a)
		}
	}
}

// TestLookupAllApart: what goes its own way leaves the others alone, be it the first of them.
func TestLookupAllApart(t *testing.T) {
	qs := many(30)
	s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{qs[0]: testnet.DNSNoEDNS, qs[9]: testnet.DNSLate}})
	c := client(s.Addr())
	for range 2 { // the first tells how long an answer takes
		for i, a := range lookupAll(t, c, qs) {
			if want := map[bool]int{false: 1, true: 2}[i == 0]; a.Status != dnsx.NXDomain || a.Asked != want {
				t.Errorf("%+v", a)
			}
		}
	}
}

// faulty is a socket of which a call fails that has been made a number of times.
type faulty struct {
	net.Conn
	writes, reads atomic.Int64
	write, read   int64
}

func (f *faulty) Write(b []byte) (int, error) {
	if f.writes.Add(1) == f.write {
		return 0, syscall.EPERM
	}
	return f.Conn.Write(b)
}

func (f *faulty) Read(b []byte) (int, error) {
	if f.reads.Add(1) == f.read {
		return 0, syscall.ECONNREFUSED
	}
	return f.Conn.Read(b)
}

// TestLookupAllError: what befalls one question of a burst, such as a firewall's refusal, is not held against the others.
func TestLookupAllError(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{})
	for _, fault := range []*faulty{{write: 3}, {write: 1}, {read: 1}, {read: 4}} {
		var sockets atomic.Int64
		c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Timeout: 90 * time.Second,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := testnet.Dial(ctx, network, address)
				if err != nil || sockets.Add(1) > 1 {
					return conn, err
				}
				fault.Conn = conn
				return fault, nil
			}})
		for _, a := range lookupAll(t, c, many(20)) {
			if a.Status != dnsx.NXDomain || a.Asked != 1 {
				t.Errorf("%+v", a)
			}
		}
		if sockets.Load() < 2 {
			t.Error("nothing went wrong")
		}
	}
}

// TestLookupAllTurns: a panic takes no turn with it.
func TestLookupAllTurns(t *testing.T) {
	q := dnsx.Q("d.example", dnsx.TXT)
	s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{q: testnet.DNSTruncate}})
	for _, bad := range []string{"udp", "tcp"} {
		var crashed atomic.Bool
		c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, InFlight: 1, Timeout: 90 * time.Second,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if network == bad && crashed.CompareAndSwap(false, true) {
					panic("out of order")
				}
				return testnet.Dial(ctx, network, address)
			}})
		func() {
			defer func() {
				if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "out of order") {
					t.Errorf("%v", p)
				}
			}()
			c.LookupAll(t.Context(), []dnsx.Question{q}, func(int, dnsx.Answer) {})
		}()
		ctx, cancel := context.WithTimeout(t.Context(), prompt)
		if a := c.Lookup(ctx, q); a.Status != dnsx.Found {
			t.Errorf("after a panic of %s: %+v", bad, a)
		}
		cancel()
	}
}
