package gather

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
)

// TestListShares: workers of one owner that share a list's pace ask it no faster together than one may alone, also while the
// shares change and audits wait for turns that they were promised.
func TestListShares(t *testing.T) {
	for _, perSecond := range []float64{0.5, 20, 200} {
		synctest.Test(t, func(t *testing.T) { listShares(t, perSecond) })
	}
}

type counting func(context.Context, dnsx.Question) dnsx.Answer

func (f counting) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer { return f(ctx, q) }

func listShares(t *testing.T, perSecond float64) {
	l := ipList("bl.example")
	l.Rate = perSecond
	var asked atomic.Int64
	began := time.Now()
	list := counting(func(ctx context.Context, q dnsx.Question) dnsx.Answer {
		if ctx.Err() != nil { // a client sends nothing then
			return dnsx.Answer{Question: q, Status: dnsx.Failed}
		}
		n := asked.Add(1)
		// Nothing is saved up, since somebody waits for each turn; one for each worker may have begun.
		if most := perSecond*time.Since(began).Seconds() + 3; float64(n) > most {
			t.Errorf("%v a second: %d questions after %v", perSecond, n, time.Since(began))
		}
		return dnsx.Answer{Question: q, Status: dnsx.NXDomain}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var workers [3]*ListDNS
	var all sync.WaitGroup
	for i := range workers {
		workers[i] = NewListDNS(list, []blocklist.List{l}, nil)
		workers[i].Share(0)
		for k := range 25 { // audits, each of which waits its 30 s or so for a turn
			limit := 29*time.Second + time.Duration(25*i+k)*7*time.Millisecond
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					audit, cancel := context.WithTimeout(ctx, limit)
					if a := workers[i].Lookup(audit, dnsx.Q(fmt.Sprintf("%d.0.0.11.bl.example", n), dnsx.A)); a.Status == dnsx.Failed {
						time.Sleep(time.Second)
					}
					cancel()
				}
			})
		}
	}
	if workers[0].Share(1); asked.Load() > 0 {
		t.Errorf("%d questions at once", asked.Load())
	}
	time.Sleep(2 * time.Minute)
	alone := asked.Load()
	// Each has less before another has more, as the fleet has it.
	time.Sleep(workers[0].Share(1. / 2))
	workers[1].Share(1. / 2)
	time.Sleep(2 * time.Minute)
	time.Sleep(max(workers[0].Share(1./3), workers[1].Share(1./3)))
	workers[2].Share(1. / 3)
	time.Sleep(2 * time.Minute)
	time.Sleep(workers[0].Share(0))
	workers[1].Share(1. / 2)
	workers[2].Share(1. / 2)
	time.Sleep(2 * time.Minute)
	cancel()
	all.Wait()
	if least := int64(perSecond * 110); alone < least || asked.Load() < 3*least { // and no slower than it has to be
		t.Errorf("%v a second: %d questions alone, %d in all", perSecond, alone, asked.Load())
	}
}
