package dnsx_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

type resolverFunc func(context.Context, dnsx.Question) dnsx.Answer

func (f resolverFunc) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer { return f(ctx, q) }

func TestMemoAsksOnce(t *testing.T) {
	fails := dnsx.Q("fails.example", dnsx.A)
	s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{
		fails:                         testnet.DNSServFail,
		dnsx.Q("d.example", dnsx.TXT): testnet.DNSTruncate,
	}})
	m := dnsx.NewMemo(t.Context(), client(s.Addr()))
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if got := m.Lookup(t.Context(), dnsx.Question{Name: "D.example.", Type: dnsx.A}); got.Status != dnsx.Found {
				t.Errorf("%+v", got)
			}
		})
	}
	wg.Wait()
	if n := len(s.Asked()); n != 1 || m.Questions() != 1 {
		t.Errorf("100 callers: the server saw %d questions, Questions says %d, want 1", n, m.Questions())
	}
	for range 2 {
		if got := m.Lookup(t.Context(), fails); got.Status != dnsx.Failed {
			t.Errorf("%+v", got)
		}
	}
	if n := len(s.Asked()); n != 2 {
		t.Errorf("%d questions, want 2: a failure is remembered", n)
	}
	m.Lookup(t.Context(), dnsx.Q("d.example", dnsx.AAAA)) // the same name, another type
	m.Lookup(t.Context(), dnsx.Q("d.example", dnsx.TXT))  // truncated: 2 questions
	if n := len(s.Asked()); n != 5 || m.Questions() != 5 {
		t.Errorf("the server saw %d questions, Questions says %d, want 5", n, m.Questions())
	}
}

// TestMemoCallerGivesUp: a caller's context is its own affair.
func TestMemoCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := dnsx.Q("d.example", dnsx.A)
		n := 0
		m := dnsx.NewMemo(t.Context(), resolverFunc(func(ctx context.Context, q dnsx.Question) dnsx.Answer {
			n++
			select {
			case <-release:
				return dnsx.Answer{Question: q, Status: dnsx.NoData, Asked: 1}
			case <-ctx.Done():
				return dnsx.Answer{Question: q, Status: dnsx.Failed}
			}
		}))
		first, cancel := context.WithCancel(t.Context())
		answers := make(chan dnsx.Answer, 2)
		go func() { answers <- m.Lookup(first, q) }()
		synctest.Wait()
		cancel()
		if got := <-answers; got.Status != dnsx.Failed || got.Cause != "interrupted" || got.Question != q {
			t.Errorf("the caller that gave up: %+v", got)
		}
		go func() { answers <- m.Lookup(t.Context(), q) }()
		synctest.Wait()
		close(release)
		if got := <-answers; got.Status != dnsx.NoData {
			t.Errorf("the other: %+v", got)
		}
		if n != 1 {
			t.Errorf("%d lookups, want 1", n)
		}
		if got := m.Lookup(first, dnsx.Q("e.example", dnsx.A)); got.Status != dnsx.Failed || n != 1 {
			t.Errorf("with a context that is over: %+v, %d lookups", got, n)
		}
	})
}

// TestMemoEndsWithTheAudit: the context of the audit ends what it has under way.
func TestMemoEndsWithTheAudit(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := dnsx.NewMemo(ctx, resolverFunc(func(ctx context.Context, q dnsx.Question) dnsx.Answer {
		cancel()
		<-ctx.Done()
		return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "interrupted"}
	}))
	if got := m.Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); got.Status != dnsx.Failed || got.Cause != "interrupted" {
		t.Errorf("%+v", got)
	}
}
