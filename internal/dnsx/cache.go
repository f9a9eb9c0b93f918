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
// A hit costs no question: its Answer.Asked is 0. Callers share what is returned and must not change it. A name that is not in
// the form of Q is another one here.
type Cache struct {
	under Resolver

	mu         sync.Mutex
	young, old map[Question]*kept
	octets     int // of young
}

// kept is an answer, or a lookup that is under way.
type kept struct {
	flying bool          // it is under way
	done   chan struct{} // closed at its end; nil as long as nobody else waits
	answer Answer
	until  time.Time // from when on the answer is out of date
	octets int       // of young that it takes
	cut    bool      // whoever asked has given up: that says nothing to others
	crash  error     // a panic of the lookup, raised again in everybody who waits
}

// NewCache keeps answers of under.
func NewCache(under Resolver) *Cache {
	return &Cache{under: under, young: map[Question]*kept{}}
}

// Lookup implements Resolver.
func (c *Cache) Lookup(ctx context.Context, q Question) Answer {
	for {
		k, done, ours := c.at(q)
		switch {
		case ours:
			return c.fly(ctx, q, k)
		case done == nil:
			return k.answer
		}
		select {
		case <-done:
		case <-ctx.Done():
			return failed(q, ended(ctx))
		}
		if k.crash != nil {
			panic(k.crash)
		}
		if !k.cut {
			return k.answer
		}
	}
}

// again is an answer for somebody else than who asked.
func (a Answer) again() Answer {
	a.Asked = 0
	return a
}

// at is what is kept for a question, else a lookup for the caller to do. done is nil where the answer is there.
func (c *Cache) at(q Question) (k *kept, done <-chan struct{}, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	young := c.young[q]
	if k = young; k == nil {
		k = c.old[q]
	}
	switch {
	case k == nil, !k.flying && !time.Now().Before(k.until):
		k = &kept{flying: true}
		c.put(q, k, young, 0)
		return k, nil, true
	case !k.flying:
		if k != young {
			c.put(q, k, young, k.octets)
		}
		return k, nil, false
	case k.done == nil:
		k.done = make(chan struct{})
	}
	return k, k.done, false
}

// fly asks, and tells all who wait.
func (c *Cache) fly(ctx context.Context, q Question, k *kept) (a Answer) {
	defer func() {
		if p := recover(); p != nil {
			k.crash = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
		c.land(q, k)
		if k.crash != nil {
			panic(k.crash)
		}
	}()
	a = c.under.Lookup(ctx, q)
	k.take(ctx, a)
	return a
}

// take keeps an answer.
func (k *kept) take(ctx context.Context, a Answer) {
	k.answer, k.cut = a.again(), a.Status == Failed && ctx.Err() != nil
}

// LookupAll implements Several.
func (c *Cache) LookupAll(ctx context.Context, qs []Question, got func(i int, a Answer)) {
	var t Tasks
	defer t.Wait()
	fresh := make([]Question, 0, len(qs))
	flying, places := make([]*kept, 0, len(qs)), make([]int, 0, len(qs)) // of fresh; places are in qs
	for i, q := range qs {
		switch k, done, ours := c.at(q); {
		case ours:
			fresh, flying, places = append(fresh, q), append(flying, k), append(places, i)
		case done == nil:
			got(i, k.answer)
		default:
			t.Go(func() { got(i, c.Lookup(ctx, q)) })
		}
	}
	t.Do(func() {
		defer crashed(func(err error) {
			for j, k := range flying {
				if k.flying {
					k.crash = err
					c.land(fresh[j], k)
				}
			}
		})
		LookupAll(ctx, c.under, fresh, func(j int, a Answer) {
			flying[j].take(ctx, a)
			c.land(fresh[j], flying[j])
			got(places[j], a)
		})
	})
}

// land ends a lookup.
func (c *Cache) land(q Question, k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k.flying = false
	young, n := c.young[q], weigh(k.answer)
	switch {
	case k.crash == nil && k.answer.Status != Failed && k.answer.Keep > 0 && n <= maxWeight:
		k.until = time.Now().Add(k.answer.Keep)
		c.put(q, k, young, n)
	case k == young:
		delete(c.young, q)
	}
	if k.done != nil {
		close(k.done)
	}
}

// put makes k the youngest of what is kept for a question, which takes n octets, in the place of what is there of it already.
func (c *Cache) put(q Question, k, before *kept, n int) {
	if before != nil {
		c.octets -= before.octets
	}
	if c.octets+n > maxOctets/2 {
		c.old, c.young, c.octets, before = c.young, map[Question]*kept{}, 0, nil
	}
	k.octets = n
	c.octets += n
	if k != before {
		c.young[q] = k
	}
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
