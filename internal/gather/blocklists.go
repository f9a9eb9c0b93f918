package gather

import (
	"context"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

// Blocklists says of each list whether it answers this resolver honestly (RFC 5782 5). Lists that are off by default are
// not asked: what is off is mostly so because its silence cannot be told from death, or its terms want an account.
func Blocklists(ctx context.Context, env Env, lists []blocklist.List) []facts.List {
	g := &gatherer{ctx: ctx, env: env, dns: dnsx.NewMemo(ctx, env.DNS)}
	return every(lists, func(l blocklist.List) facts.List {
		f := facts.List{Zone: l.Zone, Kind: string(l.Kind), Major: l.Worst() == blocklist.ClassMajor}
		if !l.Default {
			f.State, f.Left = facts.ListLeft, "off by default"
			if l.Note != "" {
				f.Left += ": " + l.Note
			}
			return f
		}
		h := g.selfTest(l)
		f.State, f.Why = stateOf(h), h.Why
		return f
	})
}
