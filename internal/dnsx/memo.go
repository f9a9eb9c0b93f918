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
	settled bool          // answer is there, or crash
	done    chan struct{} // closed when it is; nil as long as nobody waits
	answer  Answer
	crash   error // a panic of the lookup, which is raised again in every caller: none could catch it otherwise
}

// expected is how many questions an audit asks or so.
const expected = 200

// NewMemo remembers the answers of under. Lookups run under ctx, which is the audit's: one caller that gives up takes
// the answer from no other. If under is a memo of the same audit it is given back: to remember twice takes as long as twice.
func NewMemo(ctx context.Context, under Resolver) *Memo {
	if m, ok := under.(*Memo); ok && m.ctx.Done() == ctx.Done() {
		return m
	}
	return &Memo{ctx: ctx, under: under, entries: make(map[Question]*entry, expected)}
}

// Lookup implements Resolver.
func (m *Memo) Lookup(ctx context.Context, q Question) Answer {
	q = q.tidy()
	if ctx.Err() != nil {
		return failed(q, ended(ctx))
	}
	here := ctx.Done() == m.ctx.Done() // the caller ends with the audit, and need not be able to go before the answer is there
	e, done, ours := m.at(q, here)
	switch {
	case ours && here:
		m.fill(e, q)
	case ours:
		go m.fill(e, q)
	}
	if done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			if m.ctx.Err() == nil {
				return failed(q, ended(ctx))
			}
			<-done // the audit itself is over: the lookup ends now, and knows which server was silent
		}
	}
	if e.crash != nil {
		panic(e.crash)
	}
	return e.answer
}

// at is the entry of a question, which is the caller's to fill where nobody has begun, be it here or while it waits. done is nil
// where there is nothing to wait for.
func (m *Memo) at(q Question, here bool) (e *entry, done <-chan struct{}, ours bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, known := m.entries[q]
	if !known {
		e = new(entry)
		m.entries[q] = e
	}
	if e.settled || !known && here {
		return e, nil, !known
	}
	if e.done == nil {
		e.done = make(chan struct{})
	}
	return e, e.done, !known
}

func (m *Memo) fill(e *entry, q Question) {
	defer func() {
		if p := recover(); p != nil {
			e.crash = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
		m.settle(e)
	}()
	e.answer = m.under.Lookup(m.ctx, q)
}

func (m *Memo) settle(e *entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked += e.answer.Asked
	e.settled = true
	if e.done != nil {
		close(e.done)
	}
}

// LookupAll implements Several.
func (m *Memo) LookupAll(ctx context.Context, qs []Question, got func(i int, a Answer)) {
	var t Tasks
	defer t.Wait()
	fresh := make([]Question, 0, len(qs))
	entries, places := make([]*entry, 0, len(qs)), make([]int, 0, len(qs)) // of fresh; places are in qs
	here := ctx.Done() == m.ctx.Done() && ctx.Err() == nil
	for i, q := range qs {
		q = q.tidy()
		if here {
			if e, ours := m.mine(q); ours {
				fresh, entries, places = append(fresh, q), append(entries, e), append(places, i)
				continue
			}
		}
		t.Go(func() { got(i, m.Lookup(ctx, q)) })
	}
	t.Do(func() {
		defer crashed(func(err error) {
			for _, e := range entries {
				if !e.settled {
					e.crash = err
					m.settle(e)
				}
			}
		})
		LookupAll(m.ctx, m.under, fresh, func(j int, a Answer) {
			entries[j].answer = a
			m.settle(entries[j])
			got(places[j], a)
		})
	})
}

// mine is the entry of a question that nobody has asked, for the caller to fill.
func (m *Memo) mine(q Question) (*entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries[q] != nil {
		return nil, false
	}
	e := new(entry)
	m.entries[q] = e
	return e, true
}

// Questions is how many questions have gone out on the wire so far.
func (m *Memo) Questions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}
