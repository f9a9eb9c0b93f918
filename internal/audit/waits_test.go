package audit_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailaudit/internal/dnsx"
)

// late answers one second after it was asked.
type late struct{ dnsx.Resolver }

func (l late) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	time.Sleep(time.Second)
	return l.Resolver.Lookup(ctx, q)
}

// TestWaits: where nothing takes time but answers, a comparison with what is published takes no longer than the audit, and
// proofs none at all: what they need to know is known.
func TestWaits(t *testing.T) {
	faulty := []string{"-_dmarc." + domain + ". TXT", "-" + domain + ". TXT", domain + `. 300 IN TXT "v=spf1 ip4:192.0.2.25 +all"`}
	for name, x := range map[string]struct {
		edits  []string
		whatIf bool
		proofs bool
	}{
		"healthy": {},
		"what if": {whatIf: true},
		"faulty":  {edits: faulty, proofs: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := offline(t, x.edits...)
			w.env.DNS = late{w.env.DNS}
			start := time.Now() // the clock of the bubble: it stands while anybody works
			w.gathered()
			alone := time.Since(start)
			if x.whatIf {
				z, err := dnsx.ParseZone("what if", strings.NewReader(domain+`. TXT "v=spf1 a:fresh.healthy.example -all"`))
				if err != nil {
					t.Fatal(err)
				}
				w.env.WhatIf = func(under dnsx.Resolver) dnsx.Resolver { return dnsx.NewOverlay(z, nil, under) }
			}
			start = time.Now()
			r := w.audited()
			took := time.Since(start)
			proven := 0
			for _, f := range r.Fixes {
				if f.Proven {
					proven++
				}
			}
			if alone == 0 || took != alone || x.proofs != (proven > 1) || x.whatIf != (r.WhatIf != nil) {
				t.Errorf("%s: %v, %v without it, %d of %d fixes proven", name, took, alone, proven, len(r.Fixes))
			}
		})
	}
}
