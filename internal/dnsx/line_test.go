package dnsx

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// lossy is a network with one resolver at the other end that answers after a delay, and loses what lost says of the datagrams.
// It lives in a synctest bubble.
type lossy struct {
	delay func(packet int) time.Duration
	lost  func(packet int) bool
	cname string // of every name; "": NODATA

	mu      sync.Mutex
	packets int
	sockets int
}

func (l *lossy) dial(context.Context, string, string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sockets++
	return &lossyConn{net: l, in: make(chan []byte, 10), closed: make(chan struct{})}, nil
}

type lossyConn struct {
	net.Conn
	net    *lossy
	in     chan []byte
	closed chan struct{}
	once   sync.Once
	after  <-chan time.Time
}

func (c *lossyConn) Write(b []byte) (int, error) {
	c.net.mu.Lock()
	n := c.net.packets
	c.net.packets++
	c.net.mu.Unlock()
	if c.net.lost != nil && c.net.lost(n) {
		return len(b), nil
	}
	m := new(dns.Msg)
	if err := m.Unpack(b); err != nil {
		return 0, err
	}
	answer := new(dns.Msg).SetReply(m)
	if target := c.net.cname; target != "" {
		answer.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300}, Target: target}}
	}
	reply, err := answer.Pack()
	if err != nil {
		return 0, err
	}
	reply[3] |= 0x80 // recursion available: NODATA
	time.AfterFunc(c.net.delay(n), func() {
		select {
		case c.in <- reply:
		case <-c.closed:
		}
	})
	return len(b), nil
}

func (c *lossyConn) Read(b []byte) (int, error) {
	select {
	case m := <-c.in:
		return copy(b, m), nil
	case <-c.after:
		return 0, os.ErrDeadlineExceeded
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

func (c *lossyConn) SetReadDeadline(t time.Time) error {
	c.after = nil
	if !t.IsZero() {
		c.after = time.After(time.Until(t))
	}
	return nil
}

func (c *lossyConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func always(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

func (l *lossy) client() *Client {
	return NewClient(Config{Servers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}, Dial: l.dial})
}

// ways are those in which many questions are asked.
var ways = map[string]func(ctx context.Context, c *Client, n int, got func(Answer)){
	"each by itself": func(ctx context.Context, c *Client, n int, got func(Answer)) {
		var t Tasks
		for range n {
			t.Go(func() { got(c.Lookup(ctx, Q("d.example", A))) })
		}
		t.Wait()
	},
	"by LookupAll": func(ctx context.Context, c *Client, n int, got func(Answer)) {
		c.LookupAll(ctx, slices.Repeat([]Question{Q("d.example", A)}, n), func(_ int, a Answer) { got(a) })
	},
}

// TestEarly: a lost datagram is sent again after the patience that the answers before have taught, and counts as no question.
func TestEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lossy{delay: always(20 * time.Millisecond), lost: func(p int) bool { return p == 40 }}
		c := l.client()
		for i := range 41 {
			began := time.Now()
			a := c.Lookup(t.Context(), Q("d.example", A))
			took := time.Since(began)
			want := 20 * time.Millisecond
			if i == 40 {
				want += defaultTimeout / hasty
			}
			if a.Status != NoData || a.Asked != 1 || took != want {
				t.Fatalf("question %d: %s after %v, %d asked, want %v", i, a.Status, took, a.Asked, want)
			}
		}
	})
}

// TestUntil: what is left of the time of a lookup is all that the end of a chain gets, and no more.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const measured = 5
		l := &lossy{lost: func(p int) bool { return p > measured+2 }}
		l.delay = func(p int) time.Duration {
			if p < measured {
				return 700 * time.Millisecond
			}
			return 4 * time.Second
		}
		c := l.client()
		for range measured { // so that the client is patient
			c.Lookup(t.Context(), Q("a.example", A))
		}
		l.cname = "b.example."
		began := time.Now()
		a := c.Lookup(t.Context(), Q("a.example", A))
		if took := time.Since(began); a.Status != Failed || a.Asked != 2 || took != defaultTimeout {
			t.Errorf("%+v after %v, want two questions and %v", a, took, defaultTimeout)
		}
	})
}

// TestEarlyUnmeasured: what is lost of the first burst is sent again as soon as the other answers have told how long one takes.
func TestEarlyUnmeasured(t *testing.T) {
	for name, ask := range ways {
		synctest.Test(t, func(t *testing.T) {
			l := &lossy{delay: always(30 * time.Millisecond), lost: func(p int) bool { return p == 0 }}
			c, began, n := l.client(), time.Now(), atomic.Int64{}
			ask(t.Context(), c, 40, func(a Answer) {
				if n.Add(1); a.Status != NoData || a.Asked != 1 {
					t.Errorf("%s: %+v", name, a)
				}
			})
			if took := time.Since(began); took > 150*time.Millisecond || n.Load() != 40 {
				t.Errorf("%s: %d took %v", name, n.Load(), took)
			}
		})
	}
}

// TestEarlyShare: however unsteady a resolver is, without a loss no more than 5 % of the datagrams go out in vain.
func TestEarlyShare(t *testing.T) {
	for name, delay := range map[string]func(int) time.Duration{
		"steady":             always(20 * time.Millisecond),
		"now and then late":  func(p int) time.Duration { return []time.Duration{5, 5, 5, 5, 5, 5, 5, 400}[p%8] * time.Millisecond },
		"late after a while": func(p int) time.Duration { return time.Duration(1+p/1000*300) * time.Millisecond },
	} {
		for way, ask := range ways {
			synctest.Test(t, func(t *testing.T) {
				l := &lossy{delay: delay}
				c := l.client()
				const questions = 4000
				for range questions / 20 {
					ask(t.Context(), c, 20, func(Answer) {})
				}
				if l.packets > questions*105/100 {
					t.Errorf("%s, %s: %d datagrams for %d questions", name, way, l.packets, questions)
				}
			})
		}
	}
}

// TestSockets: sockets are used again, but only so often, and not after a while.
func TestSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lossy{delay: always(time.Millisecond)}
		c := l.client()
		for range 2 * maxUses {
			c.Lookup(t.Context(), Q("d.example", A))
		}
		if l.sockets != 2 {
			t.Errorf("%d sockets for %d questions, want 2", l.sockets, 2*maxUses)
		}
		c.Lookup(t.Context(), Q("d.example", A))
		time.Sleep(idleFor + 1)
		c.Lookup(t.Context(), Q("d.example", A))
		if l.sockets != 4 {
			t.Errorf("%d sockets, want another one after %v", l.sockets, idleFor)
		}
	})
}

// TestBurstIDs: questions that go out at once by one socket may have the same ID by chance, once in 130 bursts.
func TestBurstIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lossy{delay: always(time.Millisecond)}
		c := l.client()
		var qs []Question
		for i := range 2 * maxBurst {
			qs = append(qs, Q(fmt.Sprintf("x%d.example", i), A))
		}
		const bursts = 1500
		for range bursts {
			c.LookupAll(t.Context(), qs, func(i int, a Answer) {
				if a.Status != NoData || a.Question != qs[i] {
					t.Errorf("%+v", a)
				}
			})
		}
		if l.packets != bursts*len(qs) {
			t.Errorf("%d datagrams, want %d", l.packets, bursts*len(qs))
		}
	})
}

// TestBurstAliases: the ends of aliases are asked for at once, too.
func TestBurstAliases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lossy{delay: always(20 * time.Millisecond), cname: "end.example."}
		began := time.Now()
		ways["by LookupAll"](t.Context(), l.client(), maxBurst, func(a Answer) {
			if a.Asked != 2 {
				t.Errorf("%+v", a)
			}
		})
		if took := time.Since(began); took != 40*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// TestBurstPorts: several questions that are open at once go out by several ports (RFC 5452 9.2).
func TestBurstPorts(t *testing.T) {
	for _, n := range []int{2, 3, 10, maxBurst, maxBurst + 1} {
		synctest.Test(t, func(t *testing.T) {
			l := &lossy{delay: always(time.Millisecond)}
			ways["by LookupAll"](t.Context(), l.client(), n, func(Answer) {})
			if l.sockets < 2 {
				t.Errorf("%d questions went out by %d sockets", n, l.sockets)
			}
		})
	}
}

// TestBurstEarns: what is lost and cannot be sent again yet is, as soon as other questions have earned that.
func TestBurstEarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lossy{delay: always(10 * time.Millisecond), lost: func(p int) bool { return p < 2 }}
		c, began := l.client(), time.Now()
		var others sync.WaitGroup
		others.Go(func() {
			time.Sleep(150 * time.Millisecond)
			ways["each by itself"](t.Context(), c, 20, func(Answer) {})
		})
		ways["by LookupAll"](t.Context(), c, 30, func(Answer) {})
		if took := time.Since(began); took > 300*time.Millisecond {
			t.Errorf("took %v", took)
		}
		others.Wait()
	})
}

// TestBurstSocket: a socket on which an answer may still come is used for nothing else.
func TestBurstSocket(t *testing.T) {
	for _, tt := range []struct {
		name string
		lost func(int) bool
		want int // sockets that are kept, of two
	}{
		{"nothing lost", func(int) bool { return false }, 2},
		{"one lost", func(p int) bool { return p == 5 }, 1},
		{"all lost", func(p int) bool { return p < maxBurst }, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lossy{delay: always(20 * time.Millisecond), lost: tt.lost}
			c := l.client()
			ways["by LookupAll"](t.Context(), c, maxBurst, func(Answer) {})
			kept := slices.DeleteFunc(c.lines[netip.MustParseAddrPort("127.0.0.1:53")].idle, func(s socket) bool { return s.uses != maxBurst/2 })
			if len(kept) != tt.want {
				t.Errorf("%s: %d sockets are kept, want %d", tt.name, len(kept), tt.want)
			}
		})
	}
}

// TestWindow: many unanswered questions shut the window by half each second, answers open it again.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(1024)
		second := func(heard, unheard int) int {
			for range heard {
				w.note(true)
			}
			for range unheard - 1 {
				w.note(false)
			}
			time.Sleep(time.Second)
			w.note(unheard == 0)
			return w.size
		}
		for i, x := range []struct{ heard, unheard, want int }{
			{100, 0, 1024}, {90, 10, 1024}, {80, 20, 512}, {0, 5, 256}, {0, 5, 128}, {0, 5, 64}, {0, 5, 64}, {100, 0, 128}, {100, 0, 192},
		} {
			if got := second(x.heard, x.unheard); got != x.want {
				t.Errorf("second %d: %d, want %d", i, got, x.want)
			}
		}
	})
}

// TestWindowTurns: turns come in order, and one that comes to somebody who gives up at that moment goes on to the next.
func TestWindowTurns(t *testing.T) {
	for range 50 { // who is first is left to chance
		synctest.Test(t, func(t *testing.T) {
			w := newWindow(1)
			w.enter(t.Context(), 1)
			var order []int
			ctx, cancel := context.WithCancel(t.Context())
			for i := range 3 {
				c := t.Context()
				if i == 0 {
					c = ctx
				}
				go func() {
					if w.enter(c, 1) > 0 {
						order = append(order, i)
						w.leave()
					}
				}()
				synctest.Wait()
			}
			cancel()
			w.leave()
			synctest.Wait()
			if order = slices.DeleteFunc(order, func(i int) bool { return i == 0 }); !slices.Equal(order, []int{1, 2}) || w.busy != 0 {
				t.Errorf("%v, %d busy", order, w.busy)
			}
		})
	}
}

// TestLoss: 150 questions in four waves, each after the answers to the one before, take three times as long at the median at
// most where 2 % of the datagrams are lost.
func TestLoss(t *testing.T) {
	for i, delay := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		way := []string{"each by itself", "by LookupAll"}[i/2]
		var took []time.Duration
		for seed := range uint64(101) {
			synctest.Test(t, func(t *testing.T) {
				dice := rand.New(rand.NewPCG(1, seed))
				lost := make([]bool, 1000)
				for i := range lost {
					lost[i] = dice.IntN(50) == 0
				}
				l := &lossy{delay: always(delay), lost: func(p int) bool { return lost[p] }}
				c, began := l.client(), time.Now()
				for _, n := range []int{100, 30, 10, 10} {
					ways[way](t.Context(), c, n, func(a Answer) {
						if a.Status != NoData || a.Asked != 1 {
							t.Errorf("%+v", a)
						}
					})
				}
				took = append(took, time.Since(began))
			})
		}
		slices.Sort(took)
		if median := took[len(took)/2]; median > 3*4*delay {
			t.Errorf("%s, at %v the median is %v, the slowest %v", way, delay, median, took[len(took)-1])
		} else {
			t.Logf("%s, at %v the median is %v of %v without a loss, the slowest %v", way, delay, median, 4*delay, took[len(took)-1])
		}
	}
}

// TestWindowMore: who waits for several turns gets all that are free when the first comes.
func TestWindowMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(1)
		w.enter(t.Context(), 1)
		got := 0
		go func() { got = w.enter(t.Context(), 5) }()
		synctest.Wait()
		w.bound(4)
		synctest.Wait()
		if got != 3 {
			t.Errorf("%d turns, want 3", got)
		}
	})
}

// TestWindowBound: less is let out at once, what is under way counts until it is over, and nobody who waits is forgotten.
func TestWindowBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(8)
		var in atomic.Int64
		for range 12 {
			go func() {
				if w.enter(t.Context(), 1) > 0 {
					in.Add(1)
				}
			}()
		}
		synctest.Wait()
		for i, x := range []struct {
			most int
			over bool
			in   int64
		}{{8, false, 8}, {4, true, 8}, {8, false, 8}, {0, true, 8}, {10, false, 10}, {12, false, 12}, {11, true, 12}} {
			if over := w.bound(x.most); over != x.over {
				t.Errorf("step %d: over %v", i, over)
			}
			if synctest.Wait(); in.Load() != x.in {
				t.Errorf("step %d: %d are in, want %d", i, in.Load(), x.in)
			}
		}
		w.bound(1000)
		for range 3 { // seconds in which nothing is heard
			w.note(false)
			time.Sleep(time.Second)
			w.note(false)
		}
		if w.bound(2000); w.size >= 1000 {
			t.Errorf("%d at once though questions are lost", w.size)
		}
	})
}

// TestClientShare: nothing goes out without a part, and a part is of what the client may have under way.
func TestClientShare(t *testing.T) {
	c := NewClient(Config{Servers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}, InFlight: 100})
	for part, want := range map[float64]int{0: 0, 0.001: 1, 0.5: 50, 1: 100} {
		if still := c.Share(part); still != 0 || c.window.most != want {
			t.Errorf("%v: %d, for %v", part, c.window.most, still)
		}
	}
	c.Share(1) // a map has no last part
	c.window.enter(t.Context(), 1)
	if still := c.Share(0); still != defaultTimeout {
		t.Errorf("one under way may take %v", still)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a := c.Lookup(ctx, Q("example.com", A)); a.Status != Failed || a.Asked != 0 {
		t.Errorf("%+v", a)
	}
}
