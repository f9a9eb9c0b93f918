package cli

import (
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

func finding(area, status string, deciding bool) audit.Finding {
	return audit.Finding{Area: area, Status: status, Deciding: deciding}
}

func TestOutcomeFailOn(t *testing.T) {
	pass, warn, fail := finding("spf", "pass", false), finding("spf", "warn", false), finding("ptr", "fail", false)
	info, lost, open := finding("spf", "info", false), finding("dnsbl", "unknown", false), finding("dmarc", "unknown", true)
	for _, c := range []struct {
		name                             string
		findings                         []audit.Finding
		onFail, onWarn, onUnknown, never int
	}{
		{"nothing", nil, 0, 0, 0, 0},
		{"pass", []audit.Finding{pass}, 0, 0, 0, 0},
		{"info", []audit.Finding{info}, 0, 0, 0, 0},
		{"unknown that decides nothing", []audit.Finding{lost}, 0, 0, 0, 0},
		{"warn", []audit.Finding{pass, warn}, 0, 1, 0, 0},
		{"fail", []audit.Finding{fail}, 1, 1, 1, 0},
		{"unknown", []audit.Finding{open}, 3, 3, 1, 0},
		{"warn and unknown", []audit.Finding{warn, open}, 3, 1, 1, 0},
		{"fail and unknown", []audit.Finding{open, fail}, 1, 1, 1, 0},
		{"fail and warn", []audit.Finding{fail, warn}, 1, 1, 1, 0},
	} {
		for failOn, want := range map[string]int{"fail": c.onFail, "warn": c.onWarn, "unknown": c.onUnknown, "never": c.never} {
			if got, why := outcome(&audit.Report{Findings: c.findings}, failOn, 0); got != want {
				t.Errorf("%s, --fail-on %s: %d (%s), want %d", c.name, failOn, got, why, want)
			}
		}
	}
}

func TestOutcomeMinScore(t *testing.T) {
	for _, c := range []struct {
		name       string
		score, low int // below 0: none
		min        int
		want       int
	}{
		{"not asked", 10, 10, 0, 0},
		{"above", 80, 80, 70, 0},
		{"equal", 70, 70, 70, 0},
		{"below", 69, 69, 70, 1},
		{"below whatever is unknown", 69, 10, 70, 1},
		{"open", 80, 60, 70, 3},
		{"decided although open", 80, 70, 70, 0},
		{"no score", -1, -1, 1, 3},
		{"no score, none asked", -1, -1, 0, 0},
	} {
		r := &audit.Report{}
		if c.score >= 0 {
			r.Score, r.ScoreLow = &c.score, &c.low
		}
		for _, failOn := range []string{"fail", "never"} { // --min-score applies to never, too
			if got, why := outcome(r, failOn, c.min); got != c.want {
				t.Errorf("%s, --fail-on %s: %d (%s), want %d", c.name, failOn, got, why, c.want)
			}
		}
	}
}

func TestOutcomeSaysWhy(t *testing.T) {
	score, low := 41, 30
	r := &audit.Report{Score: &score, ScoreLow: &low, Findings: []audit.Finding{
		finding("ptr", "fail", false), finding("spf", "fail", false), finding("spf", "warn", false),
		finding("dmarc", "unknown", true), finding("dkim", "unknown", true), finding("dmarc", "unknown", true),
	}}
	for _, c := range []struct {
		failOn string
		min    int
		want   string
	}{
		{"fail", 0, "exit 1: 2 findings at fail"},
		{"warn", 0, "exit 1: 2 findings at fail; 1 finding at warn"},
		{"unknown", 50, "exit 1: 2 findings at fail; undecided: dmarc, dkim; score 41 is below --min-score 50"},
		{"never", 35, "exit 3: the score could be as low as 30, below --min-score 35"},
		{"never", 0, "exit 0"},
	} {
		if _, got := outcome(r, c.failOn, c.min); got != c.want {
			t.Errorf("--fail-on %s --min-score %d: %q, want %q", c.failOn, c.min, got, c.want)
		}
	}
	r.Findings = r.Findings[3:]
	if _, got := outcome(r, "fail", 50); !strings.HasPrefix(got, "exit 1: score") {
		t.Errorf("%q: what is certain comes before what is open", got)
	}
	if _, got := outcome(r, "fail", 35); got != "exit 3: undecided: dmarc, dkim; the score could be as low as 30, below --min-score 35" {
		t.Errorf("%q", got)
	}
}

func TestWorse(t *testing.T) {
	order := []int{exitInternal, exitUsage, exitFindings, exitUnknown, exitOK}
	for i, a := range order {
		for _, b := range order[i:] {
			if worse(a, b) != a || worse(b, a) != a {
				t.Errorf("worse(%d, %d) is %d, and the other way round %d; want %d", a, b, worse(a, b), worse(b, a), a)
			}
		}
	}
}
