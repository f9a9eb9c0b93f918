package gather

import (
	"context"
	"sync"
	"time"

	"mailaudit/internal/dnsx"
)

// Bounds on what is kept for other audits.
const (
	keptFor = 5 * time.Minute // about as long as lists let resolvers keep an answer
	maxKept = 2000            // answers of one generation, of which there are two
)

// kept are answers that other audits of the process need, too, such as the self-tests of lists. Failures are forgotten at
// once. What is asked for again outlives what only one audit wanted.
type kept struct {
	now func() time.Time

	mu         sync.Mutex
	young, old map[dnsx.Question]*keptAnswer
}

type keptAnswer struct {
	done   chan struct{} // closed when answer is there
	since  time.Time
	answer dnsx.Answer
	ours   bool // the audit that asked was over before an answer came: that says nothing to others
}

func newKept() *kept {
	return &kept{now: time.Now, young: map[dnsx.Question]*keptAnswer{}}
}

// lookup is the answer that is kept, that another audit waits for, or that ask finds out.
func (k *kept) lookup(ctx context.Context, q dnsx.Question, ask func() dnsx.Answer) dnsx.Answer {
	a, mine := k.entry(q)
	if mine {
		defer close(a.done)
		defer k.forget(q, a)
		a.answer = ask()
		a.ours = ctx.Err() != nil
		return a.answer
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return ask() // it knows how to say that
	}
	if a.ours || a.answer.Status == "" {
		return ask()
	}
	return a.answer
}

// entry is what there is for a question, and whether it is the caller's to fill.
func (k *kept) entry(q dnsx.Question) (a *keptAnswer, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a = k.young[q]
	if a == nil {
		a = k.old[q]
	}
	if a == nil || k.now().Sub(a.since) > keptFor {
		a, mine = &keptAnswer{done: make(chan struct{}), since: k.now()}, true
	}
	if k.young[q] == nil && len(k.young) >= maxKept {
		k.old, k.young = k.young, map[dnsx.Question]*keptAnswer{}
	}
	k.young[q] = a
	return a, mine
}

// forget drops a failure, or what a panic left.
func (k *kept) forget(q dnsx.Question, a *keptAnswer) {
	if a.answer.Status != "" && a.answer.Status != dnsx.Failed {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range []map[dnsx.Question]*keptAnswer{k.young, k.old} {
		if m[q] == a {
			delete(m, q)
		}
	}
}
