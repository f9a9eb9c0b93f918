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
	health := g.selfTests(lists, func(i int) bool { return off(lists[i]) == "" })
	out := make([]facts.List, len(lists))
	for i, l := range lists {
		f := listOf(l)
		if why := off(l); why != "" {
			f.State, f.Left, f.Dead = facts.ListLeft, why, l.Dead != ""
			if l.Note != "" {
				f.Left += "; " + l.Note
			}
		} else {
			f.State, f.Why = stateOf(health[i]), health[i].Why
		}
		out[i] = f
	}
	return out
}
