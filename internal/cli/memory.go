package cli

import "runtime/debug"

// Garbage may grow to four times what is alive, and all of the heap to what is left of 250 MiB at the usual concurrency: an audit
// leaves a megabyte behind, and the runtime's own measure would spend a fifth of a batch's time on it (docs/performance.md).
const (
	garbage        = 400       // per cent of what is alive
	memory         = 128 << 20 // octets that the heap may take before garbage is looked for more often
	memoryForAudit = 4 << 20   // more of them for each audit at once
)

// rarelyCollect sets that, unless the environment says otherwise (GOGC, GOMEMLIMIT).
func rarelyCollect(w World, audits int) {
	if _, set := w.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(garbage)
	}
	if _, set := w.LookupEnv("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(memory + int64(audits)*memoryForAudit)
	}
}
