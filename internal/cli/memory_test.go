package cli

import (
	"runtime/debug"
	"testing"
)

// TestRarelyCollect: garbage is collected more rarely, unless the environment says how often.
func TestRarelyCollect(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	for _, set := range []bool{true, false} {
		debug.SetMemoryLimit(1 << 40)
		rarelyCollect(World{LookupEnv: func(string) (string, bool) { return "", set }}, 16)
		wantPercent, wantLimit := 400, int64(192<<20)
		if set {
			wantPercent, wantLimit = 100, 1<<40
		}
		if p, l := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); p != wantPercent || l != wantLimit {
			t.Errorf("set by the environment: %v; %d %%, %d octets", set, p, l)
		}
	}
}
