package dnsx

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// maxBurst is how many questions go out by one socket: their answers, of 1,232 octets, fit into what Linux keeps for a socket
// (net.core.rmem_default, 212,992 octets), whoever is slow to read them.
const maxBurst = 32

// LookupAll implements Several. What is asked at once goes out by one socket and is read from it by one goroutine, as long as
// answers settle their questions. Any other question goes its own way from there.
func (c *Client) LookupAll(ctx context.Context, qs []Question, got func(i int, a Answer)) {
	var t Tasks
	defer t.Wait()
	if ctx.Err() != nil {
		for i, q := range qs {
			got(i, failed(q.tidy(), ended(ctx)))
		}
		return
	}
	left := make([]int, 0, len(qs)) // places in qs
	for i, q := range qs {
		q = q.tidy()
		if _, problem := canonical(q.Name); problem != "" || q.Server.IsValid() || q.TCP || len(c.servers) == 0 {
			t.Go(func() { got(i, c.Lookup(ctx, q)) })
			continue
		}
		left = append(left, i)
	}
	size := min((len(left)+1)/2, maxBurst) // RFC 5452 9.2: several questions that are open go out by several ports
	for len(left) > 0 {
		n := c.window.enter(ctx, min(len(left), size))
		if n == 0 {
			for _, i := range left {
				got(i, failed(qs[i].tidy(), ended(ctx)))
			}
			return
		}
		part := left[:n]
		left = left[n:]
		b := burst{Client: c, ctx: ctx, tasks: &t, got: got, places: part}
		if len(left) == 0 { // who waits for the others has nothing else to do
			t.Do(func() { b.run(qs) })
			return
		}
		t.Go(func() { b.run(qs) })
	}
}

// burst is a number of exchanges that are under way by one socket.
type burst struct {
	*Client
	ctx    context.Context
	tasks  *Tasks
	got    func(i int, a Answer)
	places []int // of its questions
	xs     []exchange
	done   [maxBurst]bool // settled, or on its own
	open   int            // exchanges that are not done
	gone   sync.WaitGroup // those that are on their own
	sent   time.Time      // the first question
	early  int            // how often all that are open have been sent again
	again  time.Time      // when to look whether more of that is earned
	line   *line
	conn   socket
	clean  bool // nothing is awaited on conn any more
}

// run asks, and reads until every exchange is settled or on its own.
func (b *burst) run(qs []Question) {
	until := time.Now().Add(b.timeout)
	b.xs, b.open, b.clean = make([]exchange, len(b.places)), len(b.places), true
	for j := range b.xs {
		b.xs[j].begin(b.ctx, b.Client, qs[b.places[j]].tidy(), b.servers, until)
	}
	defer b.close()
	b.line = b.xs[0].peers[0].line
	if b.conn = b.line.take(); b.conn.Conn == nil {
		conn, err := b.dial(b.ctx, "udp", b.servers[0].String())
		if err != nil {
			b.leaveAll((*exchange).ask) // each finds out for itself
			return
		}
		b.conn.Conn = conn
	}
	b.sent = time.Now()
	due := b.sent.Add(b.xs[0].firstPatience())
	b.send()
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for b.open > 0 {
		now := time.Now()
		if !now.Before(due) || b.ctx.Err() != nil {
			b.linger()
			return
		}
		late := due
		if patience := b.line.patience(); b.early < maxEarly && patience > 0 {
			late = b.sent.Add(patience << b.early)
		}
		if late.Before(b.again) {
			late = b.again
		}
		if !now.Before(late) {
			b.repeat()
			continue
		}
		// A socket fails to take a deadline only where it fails to read, too.
		_ = b.conn.SetReadDeadline(now.Add(min(late.Sub(now), attention)))
		n, err := b.conn.Read(buf[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			b.broken()
		default:
			b.take(buf[:n])
		}
	}
}

// send sends all questions.
func (b *burst) send() {
	for j := range b.xs {
		x := &b.xs[j]
		p := &x.peers[0]
		query, err := newQuery(x.q, false)
		if err != nil {
			b.leave(j, (*exchange).ask)
			continue
		}
		x.attempts, x.turn, x.started = 1, 1, true
		p.query, p.state, p.sent = query, asked, time.Now()
		x.due = p.sent.Add(x.firstPatience())
		p.line.earn()
		if _, err := b.conn.Write(query); err != nil {
			b.broken()
			return
		}
	}
}

// broken ends the use of the socket. Which question the error is about nobody knows, and of the others the answers may be lost:
// each is asked anew.
func (b *burst) broken() {
	b.leaveAll(func(x *exchange) *dns.Msg {
		q, until := x.q, x.until
		*x = exchange{}
		x.begin(b.ctx, b.Client, q, b.servers, until)
		return x.ask()
	})
}

// linger lets those go that have no answer, and reads on for them: a late answer to the first attempt still counts.
func (b *burst) linger() {
	_ = b.conn.SetReadDeadline(time.Time{})
	var l []awaited
	for j := range b.xs {
		if x := &b.xs[j]; !b.done[j] && x.started {
			l = append(l, awaited{x, x.context(), [2]byte(x.peers[0].query)})
		}
	}
	b.leaveAll(func(*exchange) *dns.Msg { return nil })
	go hear(b.conn, l)
	b.gone.Wait() // then the socket is closed
}

// awaited is an exchange that waits for an answer at a socket that is not its own.
type awaited struct {
	x   *exchange
	ctx context.Context // of x, which is by itself
	id  [2]byte
}

// hear posts what arrives on a socket to those who wait for it, until it is closed.
func hear(conn socket, l []awaited) {
	buf := make([]byte, readSize)
	for {
		n, err := conn.Read(buf)
		if err != nil { // they have asked anew, by sockets that tell them
			return
		}
		for _, w := range l {
			if n >= 2 && [2]byte(buf) == w.id {
				w.x.post(w.ctx, event{peer: &w.x.peers[0], message: bytes.Clone(buf[:n])})
			}
		}
	}
}

// repeat sends again what is late, as far as retransmissions are earned: what is not waits until some are.
func (b *burst) repeat() {
	for j := range b.xs {
		switch x := &b.xs[j]; {
		case b.done[j], x.early > b.early:
		case !b.line.spend():
			b.again = time.Now().Add(b.line.least)
			return
		default:
			x.early++
			b.clean = false
			_, _ = b.conn.Write(x.peers[0].query) // an error shows when the socket is read
		}
	}
	b.early++
}

// take takes in a datagram. Two questions may have the same ID.
func (b *burst) take(message []byte) {
	for j := range b.xs {
		x := &b.xs[j]
		p := &x.peers[0]
		if b.done[j] || len(message) < 2 || [2]byte(message) != [2]byte(p.query) {
			continue
		}
		m, k := x.parse(message, p.query)
		if k == stray {
			x.strays++
			continue
		}
		switch {
		case k == broken, m.Truncated, m.Rcode == dns.RcodeFormatError, x.refusal(m) != "":
			e := event{peer: p, message: bytes.Clone(message)}
			b.leave(j, func(x *exchange) *dns.Msg { return x.handle(e) })
		default:
			if x.early == 0 {
				p.line.measured(time.Since(p.sent))
			}
			b.settle(j, m)
		}
		return
	}
}

// settle ends an exchange with the message that answers it.
func (b *burst) settle(j int, m *dns.Msg) {
	b.done[j] = true
	b.open--
	x := &b.xs[j]
	x.close()
	if has[*dns.CNAME](m.Answer) { // its end may have to be asked for
		b.tasks.Go(func() {
			defer b.window.leave()
			b.tell(j, x.outcome(m, ""))
		})
		return
	}
	defer b.window.leave()
	b.tell(j, x.outcome(m, ""))
}

// tell gives the answer that an exchange has led to.
func (b *burst) tell(j int, r outcome) {
	b.got(b.places[j], b.follow(b.ctx, b.xs[j].q, r, b.xs[j].until))
}

// leave lets an exchange go on by itself, with sockets of its own, from what f makes of it.
func (b *burst) leave(j int, f func(*exchange) *dns.Msg) {
	b.done[j] = true
	b.open--
	x := &b.xs[j]
	b.gone.Add(1)
	b.tasks.Go(func() {
		defer b.gone.Done()
		defer b.window.leave()
		b.tell(j, x.finish(f))
	})
}

// leaveAll lets those go that have no answer.
func (b *burst) leaveAll(f func(*exchange) *dns.Msg) {
	for j := range b.xs {
		if !b.done[j] {
			b.clean = false
			b.leave(j, f)
		}
	}
}

func (b *burst) close() {
	for range b.open { // a panic has ended run
		b.clean = false
		b.window.leave()
	}
	switch {
	case b.conn.Conn == nil:
	case b.clean:
		b.line.put(b.conn, len(b.xs))
	default:
		b.conn.Close()
	}
}
