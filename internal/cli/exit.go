package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/internal/audit"
	"mailaudit/internal/report"
)

// outcome is the exit code of one report, and why (README "Exit codes").
func outcome(r *audit.Report, failOn string, minScore int) (code int, why string) {
	var fails, warns, accepted int
	var undecided []string // areas: one question that nobody answers leaves many rules unknown
	for _, f := range r.Findings {
		switch {
		case f.Accepted != nil:
			if f.Status == "fail" || f.Status == "warn" || f.Status == "unknown" && f.Deciding {
				accepted++
			}
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
	aside := ""
	if accepted > 0 {
		aside = " (" + number(accepted, "finding") + " accepted)"
	}
	switch {
	case len(at) > 0:
		return exitFindings, fmt.Sprintf("exit %d: %s%s", exitFindings, strings.Join(at, "; "), aside)
	case len(open) > 0:
		return exitUnknown, fmt.Sprintf("exit %d: %s%s", exitUnknown, strings.Join(open, "; "), aside)
	}
	return exitOK, "exit 0" + aside
}

// pluginCodes are the exit codes of a monitoring plugin (--format nagios).
var pluginCodes = map[string]int{"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}

// pluginState is what a plugin says of a report: what would end with 1 is critical, with 3 unknown, and beneath --fail-on a
// warning is one still, unless nothing is to fail.
func pluginState(r *audit.Report, failOn string, minScore int) string {
	switch code, _ := outcome(r, failOn, minScore); {
	case code == exitFindings:
		return "CRITICAL"
	case code == exitUnknown:
		return "UNKNOWN"
	case failOn != "never" && slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Status == "warn" && f.Accepted == nil }):
		return "WARNING"
	}
	return "OK"
}

// asPlugin says whether the command was to be a monitoring plugin, whose usage errors and crashes are 3, too. Flags behind one
// that is wrong have not been read.
func asPlugin(w World, cmd *cobra.Command) bool {
	if cmd != nil {
		if n := cmd.Name(); n != "check" && n != cmd.Root().Name() { // no other command audits for a monitoring system
			return false
		}
		set, _ := w.LookupEnv("MAILAUDIT_FORMAT") // it is read after the flags, which win
		if slices.ContainsFunc(w.Args, func(a string) bool { return strings.HasPrefix(a, "--format") || strings.HasPrefix(a, "-f") }) {
			set = ""
		}
		if f := cmd.Flags().Lookup("format"); f != nil && (f.Value.String() == "nagios" || !f.Changed && set == "nagios") {
			return true
		}
	}
	for i, a := range w.Args {
		if a == "--format=nagios" || a == "-fnagios" || a == "nagios" && i > 0 && (w.Args[i-1] == "--format" || w.Args[i-1] == "-f") {
			return true
		}
	}
	return false
}

// failed is the exit code of a run that came to no report. A monitoring system shows what a plugin says on stdout.
func failed(w World, cmd *cobra.Command, code int, what string) int {
	if !asPlugin(w, cmd) {
		return code
	}
	fmt.Fprintln(w.Stdout, report.NagiosLine("UNKNOWN", what))
	return pluginCodes["UNKNOWN"]
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
