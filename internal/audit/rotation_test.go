package audit

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/dnsx"
)

// rotating gives the records of names that nobody made in another order.
type rotating struct{ dnsx.Resolver }

func (r rotating) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	a := r.Resolver.Lookup(ctx, q)
	if strings.HasPrefix(q.Name, "mailaudit-") {
		a.Records = slices.Clone(a.Records)
		slices.Reverse(a.Records)
	}
	return a
}

// TestCopiesInAnyOrder: what a wildcard says is the same in whatever order a server gives it.
func TestCopiesInAnyOrder(t *testing.T) {
	z, err := dnsx.ParseZone("z", strings.NewReader("d.example. SOA ns1.d.example. h.d.example. 1 1 1 1 1\n*.d.example. A 8.8.4.30\n*.d.example. A 8.8.4.31\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{}
	w.env.DNS, w.env.WhatIf = rotating{dnsx.NewOffline(z)}, func(r dnsx.Resolver) dnsx.Resolver { return r }
	l, bare := w.copies(t.Context(), []Change{{Op: "add", Name: "bounce.d.example", Type: "TXT", Data: `"v=spf1 -all"`}})
	if len(l) != 2 || bare != "" {
		t.Errorf("%+v, %q", l, bare)
	}
}
