package gather

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

// TestKeptSelfTests: two audits of a process ask a list for its test points once, and about each address of their own.
func TestKeptSelfTests(t *testing.T) {
	s := serve(t, selfTest, nil)
	lists := []blocklist.List{ipList("bl.example")}
	r := NewListDNS(client(s, patient), lists, nil)
	for i := range 2 {
		g := run(t.Context(), r, listTarget(lists...))
		g.vantage()
		for _, x := range listingsOf(g, fmt.Sprintf("11.0.0.%d", i)).listings {
			if x.Status != facts.Clean {
				t.Errorf("%+v", x)
			}
		}
	}
	if l := repeated(s.Asked()); len(l) > 0 || len(s.Asked()) != 2+2+2 { // test points, addresses, the root and nowhere
		t.Errorf("asked %q, again %q", questions(s), l)
	}
}

// TestKeptFailure: what fails is asked again by the next audit.
func TestKeptFailure(t *testing.T) {
	k, q := newKept(), dnsx.Q("2.0.0.127.bl.example", dnsx.A)
	var status dnsx.Status
	asked := 0
	look := func() dnsx.Status {
		return k.lookup(t.Context(), q, func() dnsx.Answer { asked++; return dnsx.Answer{Status: status} }).Status
	}
	for i, x := range []struct{ answers, want dnsx.Status }{
		{dnsx.Failed, dnsx.Failed}, {dnsx.Found, dnsx.Found}, {dnsx.NXDomain, dnsx.Found},
	} {
		status = x.answers
		if got := look(); got != x.want {
			t.Errorf("%d: %s, want %s", i, got, x.want)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// TestKeptAge: an answer is kept for so long.
func TestKeptAge(t *testing.T) {
	k, at := newKept(), time.Now()
	k.now = func() time.Time { return at }
	asked := 0
	for _, later := range []time.Duration{0, keptFor, time.Second, keptFor} {
		at = at.Add(later)
		k.lookup(t.Context(), dnsx.Q("a.example", dnsx.A), func() dnsx.Answer { asked++; return dnsx.Answer{Status: dnsx.Found} })
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// TestKeptBound: what is asked for again and again stays, and the rest does not pile up.
func TestKeptBound(t *testing.T) {
	k, again := newKept(), 0
	look := func(name string, n *int) {
		k.lookup(t.Context(), dnsx.Q(name, dnsx.A), func() dnsx.Answer { *n++; return dnsx.Answer{Status: dnsx.NXDomain} })
	}
	for i := range 4 * maxKept {
		once := 0
		look(fmt.Sprintf("%d.example", i), &once)
		look("shared.example", &again)
	}
	if n := len(k.young) + len(k.old); again != 1 || n > 2*maxKept {
		t.Errorf("asked %d times, %d are kept", again, n)
	}
}

// TestKeptEnded: an audit that is over takes the answer from no other; a failure that says something is told to all that wait.
func TestKeptEnded(t *testing.T) {
	for _, ends := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			k, q := newKept(), dnsx.Q("a.example", dnsx.A)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			answered := make(chan struct{})
			asking := func(ctx context.Context, s dnsx.Status) later[dnsx.Answer] {
				defer synctest.Wait()
				return soon(func() dnsx.Answer {
					return k.lookup(ctx, q, func() dnsx.Answer {
						<-answered
						return dnsx.Answer{Status: s}
					})
				})
			}
			first := asking(ctx, dnsx.Failed)
			second, third := asking(t.Context(), dnsx.Found), asking(ctx, dnsx.NoData)
			want := [3]dnsx.Status{dnsx.Failed, dnsx.Failed, dnsx.Failed}
			if ends {
				cancel()
				want = [3]dnsx.Status{dnsx.Failed, dnsx.Found, dnsx.NoData}
				synctest.Wait()
			}
			close(answered)
			if got := [3]dnsx.Status{first().Status, second().Status, third().Status}; got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestKeptAllowlist: nobody waits for a turn with an allowlist, which decides nothing.
func TestKeptAllowlist(t *testing.T) {
	l := slow("wl.example")
	l.Codes = []blocklist.Code{{Class: blocklist.ClassAllow}}
	r := NewListDNS(client(serve(t, "", nil), patient), []blocklist.List{l}, nil)
	var last dnsx.Answer
	for i := range listBurst + 1 {
		last = r.Lookup(t.Context(), dnsx.Q(fmt.Sprintf("%d.wl.example", i), dnsx.A)) // no time limit: it would wait for hours
	}
	if last.Status != dnsx.Failed {
		t.Errorf("%+v", last)
	}
}
