package gather

import (
	"context"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

// Blocklists says of each list whether it answers this resolver honestly (RFC 5782 5). Lists that are off are not asked:
// off says why, "" for one that is on.
func Blocklists(ctx context.Context, env Env, lists []blocklist.List, off func(blocklist.List) string) []facts.List {
	g := &gatherer{ctx: ctx, env: env, dns: dnsx.NewMemo(ctx, env.DNS)}
	return every(lists, func(l blocklist.List) facts.List {
		f := listOf(l)
		if why := off(l); why != "" {
			f.State, f.Left, f.Dead = facts.ListLeft, why, l.Dead != ""
			if l.Note != "" {
				f.Left += "; " + l.Note
			}
			return f
		}
		h := g.selfTest(l)
		f.State, f.Why = stateOf(h), h.Why
		return f
	})
}
