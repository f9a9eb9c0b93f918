package dnsx

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// How long an answer is kept at most, and how much of all of them together.
const (
	maxKeep     = time.Hour        // whatever its TTL: nobody wants to wait longer for a change to show
	maxNegative = 5 * time.Minute  // that something is missing: it is what people mend
	unsaid      = 30 * time.Second // that something is missing, without an SOA record that says how long (RFC 2308 5 would keep none)
	maxOctets   = 32 << 20         // of both generations, as weigh reckons
	maxWeight   = 64 << 10         // of one answer
)

// Cache gives the answers that many audits need to all of them: what a provider publishes is asked once for all of its
// customers, as long as its TTL allows. Failures are given to those who wait for the very same lookup, and to nobody after
// them. Memory is bounded: the answers of the last questions are young; once they are too many they become the old ones, and
// the old ones are dropped but for those that were asked for again. So one domain's own answers make way for shared ones.
//
// A hit costs no question: its Answer.Asked is 0. Callers share what is returned and must not change it.
type Cache struct {
	under Resolver

	mu         sync.Mutex
	flights    map[Question]*flight
	young, old map[Question]keptAnswer
	octets     int // of young
}

// keptAnswer is an answer and when it is out of date.
type keptAnswer struct {
	answer Answer
	until  time.Time
}

// flight is a lookup under way.
type flight struct {
	done   chan struct{} // closed when answer is there
	answer Answer
	cut    bool  // whoever asked has given up: that says nothing to others
	crash  error // a panic of the lookup, raised again in everybody who waits
}

// NewCache keeps answers of under.
func NewCache(under Resolver) *Cache {
	return &Cache{under: under, flights: map[Question]*flight{}, young: map[Question]keptAnswer{}}
}

// Lookup implements Resolver.
func (c *Cache) Lookup(ctx context.Context, q Question) Answer {
	q = q.tidy()
	for {
		a, f, ours := c.at(q)
		switch {
		case f == nil:
			return a
		case ours:
			return c.fly(ctx, q, f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return failed(q, ended(ctx))
		}
		if f.crash != nil {
			panic(f.crash)
		}
		if !f.cut {
			return f.answer.again()
		}
	}
}

// again is an answer for somebody else than who asked.
func (a Answer) again() Answer {
	a.Asked = 0
	return a
}

// at is the answer that is kept, or else the lookup that is under way, which may be the caller's to do.
func (c *Cache) at(q Question) (a Answer, f *flight, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, young := c.young[q]
	if !young {
		k = c.old[q]
	}
	if time.Now().Before(k.until) {
		if !young {
			c.keep(q, k)
		}
		return k.answer, nil, false
	}
	if f = c.flights[q]; f == nil {
		f, ours = &flight{done: make(chan struct{})}, true
		c.flights[q] = f
	}
	return a, f, ours
}

// fly asks, and tells all who wait.
func (c *Cache) fly(ctx context.Context, q Question, f *flight) Answer {
	defer func() {
		if p := recover(); p != nil {
			f.crash = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
		c.mu.Lock()
		delete(c.flights, q)
		if f.crash == nil && f.answer.Status != Failed && f.answer.Keep > 0 {
			c.keep(q, keptAnswer{f.answer.again(), time.Now().Add(f.answer.Keep)})
		}
		c.mu.Unlock()
		close(f.done)
		if f.crash != nil {
			panic(f.crash)
		}
	}()
	f.answer = c.under.Lookup(ctx, q)
	f.cut = f.answer.Status == Failed && ctx.Err() != nil
	return f.answer
}

// keep puts an answer among the young ones.
func (c *Cache) keep(q Question, k keptAnswer) {
	n := weigh(k.answer)
	if n > maxWeight {
		return
	}
	if c.octets+n > maxOctets/2 {
		c.old, c.young, c.octets = c.young, map[Question]keptAnswer{}, 0
	}
	if _, ok := c.young[q]; !ok {
		c.octets += n
	}
	c.young[q] = k
}

// weigh reckons what an answer takes of memory, in octets, and rather too much than too little.
func weigh(a Answer) int {
	n := 700 + 2*len(a.Question.Name)
	records := a.Records
	if s := a.Server; s != nil {
		records = slices.Concat(records, s.Referral, s.Glue)
	}
	for _, r := range records {
		n += 300 + len(r.Name) + len(r.Target) + len(r.Data) + 2*len(r.Text)
	}
	for _, name := range a.Chain {
		n += 16 + len(name)
	}
	return n
}

// lifetime is for how long a message with an answer of type t may be used: the least TTL of what leads there, and where
// nothing is there as long as the zone says of what is missing (RFC 2308 5).
func lifetime(m *dns.Msg, t Type) time.Duration {
	d, has := maxKeep, false
	for _, rr := range m.Answer {
		d = min(d, seconds(rr.Header().Ttl))
		has = has || Type(rr.Header().Rrtype) == t
	}
	if has && m.Rcode == dns.RcodeSuccess {
		return d
	}
	for _, rr := range m.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(d, maxNegative, seconds(soa.Hdr.Ttl), seconds(soa.Minttl))
		}
	}
	return min(d, unsaid)
}

// seconds is a TTL; one with the highest bit set counts as zero (RFC 2181 8).
func seconds(ttl uint32) time.Duration {
	if int32(ttl) < 0 {
		return 0
	}
	return time.Duration(ttl) * time.Second
}
