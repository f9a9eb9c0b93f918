package cli

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/audit"
)

// outcome is the exit code of one report, and why (README "Exit codes").
func outcome(r *audit.Report, failOn string, minScore int) (code int, why string) {
	var fails, warns int
	var undecided []string // areas: one question that nobody answers leaves many rules unknown
	for _, f := range r.Findings {
		switch {
		case f.Status == "fail":
			fails++
		case f.Status == "warn":
			warns++
		case f.Status == "unknown" && f.Deciding && !slices.Contains(undecided, f.Area):
			undecided = append(undecided, f.Area)
		}
	}
	var at, open []string // reasons for 1 and for 3
	if failOn != "never" {
		if fails > 0 {
			at = append(at, number(fails, "finding")+" at fail")
		}
		if failOn == "warn" && warns > 0 {
			at = append(at, number(warns, "finding")+" at warn")
		}
		switch {
		case undecided != nil && failOn == "unknown":
			at = append(at, "undecided: "+strings.Join(undecided, ", "))
		case undecided != nil:
			open = append(open, "undecided: "+strings.Join(undecided, ", "))
		}
	}
	if minScore > 0 {
		switch {
		case r.Score == nil:
			open = append(open, fmt.Sprintf("no score to compare with --min-score %d", minScore))
		case *r.Score < minScore:
			at = append(at, fmt.Sprintf("score %d is below --min-score %d", *r.Score, minScore))
		case *r.ScoreLow < minScore:
			open = append(open, fmt.Sprintf("the score could be as low as %d, below --min-score %d", *r.ScoreLow, minScore))
		}
	}
	switch {
	case len(at) > 0:
		return exitFindings, fmt.Sprintf("exit %d: %s", exitFindings, strings.Join(at, "; "))
	case len(open) > 0:
		return exitUnknown, fmt.Sprintf("exit %d: %s", exitUnknown, strings.Join(open, "; "))
	}
	return exitOK, "exit 0"
}

func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// worse is the exit code of several domains: the worst in the order 4, 2, 1, 3, 0.
func worse(a, b int) int {
	rank := map[int]int{exitInternal: 4, exitUsage: 3, exitFindings: 2, exitUnknown: 1, exitOK: 0}
	if rank[a] > rank[b] {
		return a
	}
	return b
}
