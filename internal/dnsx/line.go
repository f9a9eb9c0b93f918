package dnsx

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A lost datagram is sent again as soon as the answer is late by the measure of those before it (RFC 6298 2), and not only
// after a whole second. Resolvers are often late without a loss: they have to ask others. So twenty questions earn one such
// retransmission, and never do more than 5 % of all datagrams go out in vain.
const (
	hasty     = 90 // part of the timeout that patience is at least, 50 ms of 4.5 s: a resolver's own work takes that long now and then
	earning   = 20 // questions that earn an early retransmission
	maxEarned = 20 // retransmissions that are saved up
	maxEarly  = 2  // of one question; after them it is as patient as without a measure
)

// Sockets are used again, since to open and close one costs more than the question. Only so often: a forger has to find the
// port (RFC 5452 9.2), and a way out that has changed shows with a new socket.
const (
	maxUses = 256
	maxIdle = 512
	idleFor = 5 * time.Second
)

// line is what a client knows of its way to one resolver. It is safe for concurrent use; a nil line knows nothing.
type line struct {
	least time.Duration // of patience

	mu     sync.Mutex
	srtt   time.Duration // smoothed round trip; 0: none was measured
	vary   time.Duration // its mean deviation
	earned int           // towards retransmissions
	idle   []socket      // the one that was used last is last
}

// socket is a UDP socket that is connected to the resolver, and on which no answer is awaited.
type socket struct {
	net.Conn
	uses  int
	since time.Time
}

func newLines(servers []netip.AddrPort, timeout time.Duration) map[netip.AddrPort]*line {
	m := map[netip.AddrPort]*line{}
	for _, s := range servers {
		m[s] = &line{least: timeout / hasty}
	}
	return m
}

// measured takes in the round trip of a question that was sent once (RFC 6298 2 and 3).
func (l *line) measured(d time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.srtt == 0 {
		l.srtt, l.vary = max(d, 1), d/2
		return
	}
	l.vary += ((d - l.srtt).Abs() - l.vary) / 4
	l.srtt = max(l.srtt+(d-l.srtt)/8, 1)
}

// patience is how long an answer may take before it is late; 0 where nothing was measured.
func (l *line) patience() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.srtt == 0 {
		return 0
	}
	return max(l.srtt+max(4*l.vary, l.srtt/2), l.least)
}

// earn takes note of a question that is sent for the first time.
func (l *line) earn() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.earned = min(l.earned+1, maxEarned*earning)
}

// spend says whether a question may be sent again early.
func (l *line) spend() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.earned < earning {
		return false
	}
	l.earned -= earning
	return true
}

// take is a socket to use again; a nil Conn where there is none.
func (l *line) take() socket {
	if l == nil {
		return socket{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.idle) - 1
	if n < 0 {
		return socket{}
	}
	if time.Since(l.idle[n].since) > idleFor { // and so is each of the others
		for _, s := range l.idle {
			s.Close()
		}
		l.idle = nil
		return socket{}
	}
	s := l.idle[n]
	l.idle = l.idle[:n]
	return s
}

// put keeps a socket, by which n more questions were asked, for others.
func (l *line) put(s socket, n int) {
	s.uses += n
	s.since = time.Now()
	if l != nil && s.uses < maxUses {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.idle) < maxIdle {
			l.idle = append(l.idle, s)
			return
		}
	}
	s.Close()
}

// A window bounds the questions that are under way. It is shut by half in every second in which more than a tenth of them
// went without an answer past the first attempt's patience, and opened by a sixteenth in every other, up to the bound that
// the client was given: additive increase, multiplicative decrease, as TCP does (RFC 5681 3.1).
type window struct {
	most, least int

	mu      sync.Mutex
	size    int
	busy    int
	waiting []chan struct{} // first come, first served; closed when the turn has come
	began   time.Time       // of the second that is counted
	heard   int
	unheard int
}

// leastWindow keeps a batch going whose questions are slow for other reasons, such as servers of many domains that are dead.
const leastWindow = 64

func newWindow(most int) *window {
	return &window{most: most, least: min(most, leastWindow), size: most, began: time.Now()}
}

// enter waits for a turn, and says how many there are then, of those that are wanted: none if ctx ends before.
func (w *window) enter(ctx context.Context, wanted int) int {
	w.mu.Lock()
	if n := w.more(wanted); n > 0 {
		w.mu.Unlock()
		return n
	}
	turn := make(chan struct{})
	w.waiting = append(w.waiting, turn)
	w.mu.Unlock()
	select {
	case <-turn:
		w.mu.Lock()
		defer w.mu.Unlock()
		return 1 + w.more(wanted-1)
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, t := range w.waiting {
		if t == turn {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return 0
		}
	}
	w.busy-- // the turn came just now
	w.admit()
	return 0
}

// more takes turns that are free, and for which nobody waits: see admit.
func (w *window) more(wanted int) int {
	n := min(wanted, max(w.size-w.busy, 0))
	w.busy += n
	return n
}

// leave gives the turn to the next.
func (w *window) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	w.admit()
}

func (w *window) admit() {
	for w.busy < w.size && len(w.waiting) > 0 {
		close(w.waiting[0])
		w.waiting = w.waiting[1:]
		w.busy++
	}
}

// bound sets how many questions may be under way, and says whether more are. What other questions were lost still counts.
func (w *window) bound(most int) (over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.size == w.most {
		w.size = most
	}
	w.most, w.least = most, min(most, leastWindow)
	w.size = min(max(w.size, w.least), most)
	w.admit()
	return w.busy > most
}

// note counts a question that was answered at once, or not.
func (w *window) note(heard bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if heard {
		w.heard++
	} else {
		w.unheard++
	}
	now := time.Now()
	if now.Sub(w.began) < time.Second {
		return
	}
	if 10*w.unheard > w.heard+w.unheard {
		w.size = max(w.size/2, w.least)
	} else {
		w.size = min(w.size+max(w.most/16, 1), w.most)
	}
	w.began, w.heard, w.unheard = now, 0, 0
	w.admit()
}
