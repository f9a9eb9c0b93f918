package dnsx_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

// counted answers what it is told, and counts how often.
type counted struct {
	mu     sync.Mutex
	n      map[string]int
	answer func(q dnsx.Question) dnsx.Answer
}

func (c *counted) Lookup(_ context.Context, q dnsx.Question) dnsx.Answer {
	c.mu.Lock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[q.Name]++
	c.mu.Unlock()
	a := c.answer(q)
	a.Question, a.Asked = q, 1
	return a
}

// TestCacheAge: an answer is given again for as long as it may be kept, and costs no question then; a failure never is.
func TestCacheAge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer dnsx.Answer
		again  time.Duration // it is still there
		gone   time.Duration // it is no longer
	}{
		{"found", dnsx.Answer{Status: dnsx.Found, Keep: time.Minute}, time.Minute - 1, time.Minute},
		{"missing", dnsx.Answer{Status: dnsx.NXDomain, Keep: time.Second}, time.Second - 1, time.Second},
		{"TTL 0", dnsx.Answer{Status: dnsx.Found}, -1, 0},
		{"failed", dnsx.Answer{Status: dnsx.Failed, Keep: time.Minute, Cause: "no answer"}, -1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			under := &counted{answer: func(dnsx.Question) dnsx.Answer { return tt.answer }}
			c, q := dnsx.NewCache(under), dnsx.Q("a.example", dnsx.A)
			asked := func() int { return c.Lookup(t.Context(), q).Asked }
			if asked() != 1 {
				t.Errorf("%s: nobody was asked", tt.name)
			}
			if tt.again >= 0 {
				time.Sleep(tt.again)
				if asked() != 0 || under.n["a.example"] != 1 {
					t.Errorf("%s: asked again after %v", tt.name, tt.again)
				}
				time.Sleep(tt.gone - tt.again)
			}
			if asked() != 1 || under.n["a.example"] != 2 {
				t.Errorf("%s: not asked again after %v", tt.name, tt.gone)
			}
			if c.Lookup(t.Context(), dnsx.Question{Name: "a.example", Type: dnsx.A, Unchecked: true}).Asked != 1 {
				t.Errorf("%s: it was given to another question", tt.name)
			}
		})
	}
}

// TestCacheShared: those who ask at the same time get one answer, a failure too; but not the failure of an audit whose own
// time was up.
func TestCacheShared(t *testing.T) {
	for _, ends := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			c := dnsx.NewCache(resolverFunc(func(ctx context.Context, q dnsx.Question) dnsx.Answer {
				n++
				select {
				case <-release:
				case <-ctx.Done():
				}
				return dnsx.Answer{Question: q, Status: dnsx.Failed, Asked: 1}
			}))
			q := dnsx.Q("a.example", dnsx.A)
			answers := make(chan dnsx.Answer, 3)
			go func() { answers <- c.Lookup(ctx, q) }()
			synctest.Wait()
			for range 2 {
				go func() { answers <- c.Lookup(t.Context(), q) }()
			}
			synctest.Wait()
			want := 1
			if ends {
				want = 2 // one of those who waited
				cancel()
				synctest.Wait()
			}
			close(release)
			sum := 0
			for range 3 {
				sum += (<-answers).Asked
			}
			if n != want || sum != want {
				t.Errorf("ends %v: asked %d times, %d are counted, want %d", ends, n, sum, want)
			}
		})
	}
}

// TestCacheImpatient: who waits for another's lookup gives up with its own context.
func TestCacheImpatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := dnsx.NewCache(resolverFunc(func(_ context.Context, q dnsx.Question) dnsx.Answer {
			<-release
			return dnsx.Answer{Question: q, Status: dnsx.NoData}
		}))
		q := dnsx.Q("a.example", dnsx.A)
		go c.Lookup(t.Context(), q)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if a := c.Lookup(ctx, q); a.Status != dnsx.Failed || a.Cause != "ended by the time limit" {
			t.Errorf("%+v", a)
		}
		close(release)
	})
}

// TestCachePanic: a panic reaches everybody who waits, and the next one asks again.
func TestCachePanic(t *testing.T) {
	n := 0
	c := dnsx.NewCache(resolverFunc(func(_ context.Context, q dnsx.Question) dnsx.Answer {
		if n++; n == 1 {
			panic("broken")
		}
		return dnsx.Answer{Question: q, Status: dnsx.NoData}
	}))
	q := dnsx.Q("a.example", dnsx.A)
	func() {
		defer func() {
			if p := recover(); !strings.Contains(fmt.Sprint(p), "broken") {
				t.Errorf("recovered %v", p)
			}
		}()
		c.Lookup(t.Context(), q)
	}()
	if a := c.Lookup(t.Context(), q); a.Status != dnsx.NoData {
		t.Errorf("%+v", a)
	}
}

// TestCacheBound: what all ask for stays, the rest makes way.
func TestCacheBound(t *testing.T) {
	long := strings.Repeat("x", 10000)
	under := &counted{answer: func(q dnsx.Question) dnsx.Answer {
		a := dnsx.Answer{Status: dnsx.Found, Keep: time.Hour, Records: []dnsx.Record{{Text: long}}}
		if q.Name == "huge.example" {
			a.Records[0].Text = strings.Repeat(long, 10)
		}
		return a
	}}
	c := dnsx.NewCache(under)
	const n = 8000 // times 20 KB: five times what there is room for
	for i := range n {
		c.Lookup(t.Context(), dnsx.Q(fmt.Sprintf("d%d.example", i), dnsx.A))
		c.Lookup(t.Context(), dnsx.Q("shared.example", dnsx.A))
	}
	if under.n["shared.example"] != 1 {
		t.Errorf("the shared answer was asked for %d times", under.n["shared.example"])
	}
	there := 0
	for i := n - 1; i >= 0; i-- {
		if c.Lookup(t.Context(), dnsx.Q(fmt.Sprintf("d%d.example", i), dnsx.A)).Asked > 0 {
			break
		}
		there++
	}
	if there == 0 || there > 2000 {
		t.Errorf("the last %d answers are kept", there)
	}
	for range 2 {
		if c.Lookup(t.Context(), dnsx.Q("huge.example", dnsx.A)).Asked != 1 {
			t.Error("an answer is kept that takes the room of many")
		}
	}
}

// TestCacheAges: a lookup that is under way while so much is asked that the young answers become the old ones is waited for still.
func TestCacheAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		slow := dnsx.Q("slow.example", dnsx.A)
		asked := 0
		c := dnsx.NewCache(resolverFunc(func(_ context.Context, q dnsx.Question) dnsx.Answer {
			if q == slow {
				asked++
				<-release
			}
			return dnsx.Answer{Question: q, Status: dnsx.Found, Keep: time.Hour, Asked: 1, Records: []dnsx.Record{{Text: strings.Repeat("x", 10000)}}}
		}))
		var sum atomic.Int64
		var all sync.WaitGroup
		ask := func() { sum.Add(int64(c.Lookup(t.Context(), slow).Asked)) }
		all.Go(ask)
		synctest.Wait()
		for i := range 1200 { // times 20 KB, of the 16 MiB for the young
			c.Lookup(t.Context(), dnsx.Q(fmt.Sprintf("d%d.example", i), dnsx.A))
		}
		all.Go(ask)
		synctest.Wait()
		close(release)
		synctest.Wait()
		ask()
		all.Wait()
		if asked != 1 || sum.Load() != 1 {
			t.Errorf("asked %d times, %d are counted", asked, sum.Load())
		}
	})
}

// TestKeep: for how long the client says that an answer may be kept.
func TestKeep(t *testing.T) {
	soa := "example. %d IN SOA ns.example. host.example. 1 7200 3600 1209600 %d"
	for _, tt := range []struct {
		name   string
		rcode  int
		answer []string
		ns     []string
		want   time.Duration
	}{
		{"the TTL", 0, []string{"d.example. 60 IN A 192.0.2.1"}, nil, time.Minute},
		{"the least TTL", 0, []string{"d.example. 60 IN A 192.0.2.1", "d.example. 20 IN A 192.0.2.2"}, nil, 20 * time.Second},
		{"an alias on the way", 0, []string{"d.example. 5 IN CNAME e.example.", "e.example. 60 IN A 192.0.2.2"}, nil, 5 * time.Second},
		{"no more than an hour", 0, []string{"d.example. 86400 IN A 192.0.2.1"}, nil, time.Hour},
		{"not at all", 0, []string{"d.example. 0 IN A 192.0.2.1"}, nil, 0},
		{"the highest bit", 0, []string{"d.example. 2147483648 IN A 192.0.2.1"}, nil, 0},
		{"missing: the SOA's minimum", dns.RcodeNameError, nil, []string{fmt.Sprintf(soa, 300, 90)}, 90 * time.Second},
		{"missing: the SOA's TTL", 0, nil, []string{fmt.Sprintf(soa, 40, 90)}, 40 * time.Second},
		{"missing: five minutes", dns.RcodeNameError, nil, []string{fmt.Sprintf(soa, 7200, 7200)}, 5 * time.Minute},
		{"missing, without an SOA", dns.RcodeNameError, nil, nil, 30 * time.Second},
		{"an alias to what is missing", dns.RcodeNameError, []string{"d.example. 5 IN CNAME e.example."}, []string{fmt.Sprintf(soa, 300, 90)}, 5 * time.Second},
	} {
		addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
			m := new(dns.Msg).SetReply(req)
			m.Rcode, m.RecursionAvailable = tt.rcode, true
			for _, s := range tt.answer {
				m.Answer = append(m.Answer, rr(t, s))
			}
			for _, s := range tt.ns {
				m.Ns = append(m.Ns, rr(t, s))
			}
			w.WriteMsg(m)
		})
		if got := client(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); got.Keep != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got.Keep, tt.want)
		}
	}
}

// TestCacheOverClient: a server is asked once by two audits.
func TestCacheOverClient(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{})
	c := dnsx.NewCache(client(s.Addr()))
	sum := 0
	for range 2 {
		audit := dnsx.NewMemo(t.Context(), c)
		for _, q := range []dnsx.Question{dnsx.Q("d.example", dnsx.A), dnsx.Q("no.example", dnsx.A), dnsx.Q("www.d.example", dnsx.A)} {
			audit.Lookup(t.Context(), q)
		}
		sum += audit.Questions()
	}
	if n := len(s.Asked()); n != 3 || sum != 3 {
		t.Errorf("asked %d times, the audits count %d", n, sum)
	}
}
