package dnsx

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Memo asks each question at most once for as long as it lives, which is one audit: failures are remembered too, so
// that all rules judge the same evidence, and are forgotten with the audit. Callers share what it returns and
// must not change it.
type Memo struct {
	ctx   context.Context
	under Resolver

	mu      sync.Mutex
	entries map[Question]*entry
	asked   int
}

type entry struct {
	done   chan struct{} // closed when answer is there
	answer Answer
	crash  error // a panic of the lookup, which is raised again in every caller: none could catch it otherwise
}

// usual is how many questions an audit asks or so.
const usual = 200

// NewMemo remembers the answers of under. Lookups run under ctx, which is the audit's: one caller that gives up takes
// the answer from no other.
func NewMemo(ctx context.Context, under Resolver) *Memo {
	return &Memo{ctx: ctx, under: under, entries: make(map[Question]*entry, usual)}
}

// Lookup implements Resolver.
func (m *Memo) Lookup(ctx context.Context, q Question) Answer {
	q = q.tidy()
	if ctx.Err() != nil {
		return failed(q, ended(ctx))
	}
	m.mu.Lock()
	e, ok := m.entries[q]
	if !ok {
		e = &entry{done: make(chan struct{})}
		m.entries[q] = e
	}
	m.mu.Unlock()
	switch {
	case ok:
	case ctx.Done() == m.ctx.Done(): // the caller ends with the audit, and need not be able to go before the answer is there
		m.fill(e, q)
	default:
		go m.fill(e, q)
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		if m.ctx.Err() == nil {
			return failed(q, ended(ctx))
		}
		<-e.done // the audit itself is over: the lookup ends now, and knows which server was silent
	}
	if e.crash != nil {
		panic(e.crash)
	}
	return e.answer
}

func (m *Memo) fill(e *entry, q Question) {
	defer close(e.done)
	defer func() {
		if p := recover(); p != nil {
			e.crash = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	e.answer = m.under.Lookup(m.ctx, q)
	m.mu.Lock()
	m.asked += e.answer.Asked
	m.mu.Unlock()
}

// Questions is how many questions have gone out on the wire so far.
func (m *Memo) Questions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}
