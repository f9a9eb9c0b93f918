//go:build lab

package labtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/netlab"
)

// report is what the tests read of a report (CONTRACT: JSON report).
type report struct {
	Domain   string    `json:"domain"`
	Verdict  string    `json:"verdict"`
	Score    *int      `json:"score"`
	Grade    *string   `json:"grade"`
	Coverage float64   `json:"coverage"`
	Took     int       `json:"duration_ms"`
	Findings []finding `json:"findings"`
	Evidence struct {
		DNSBL []struct {
			Zone, Target, Status, Meaning, Reason, Severity, Cause string
			Codes                                                  []string
		} `json:"dnsbl"`
		Submission []struct {
			Host, Status, TLS string
			Port              int
		} `json:"submission"`
	} `json:"evidence"`
}

type finding struct{ Rule, Status, Subject, Message string }

// public are the flags that every audit here needs: the lab's addresses are those of documentation, its root is nobody's.
func public() []string {
	return []string{"--assume-public", "198.51.100.0/24", "--assume-public", "203.0.113.0/24", "--ca-file", lab.CAFile()}
}

// audit runs the binary beside the resolvers and reads the reports that it prints; exit is its exit code.
func audit(t *testing.T, args ...string) (l []report, exit int) {
	t.Helper()
	cmd := netlab.In(running, lab.Auditor, append(append([]string{lab.Binary(), "check", "-f", "json"}, public()...), args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var code *exec.ExitError
	if err != nil && !errors.As(err, &code) {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	exit = cmd.ProcessState.ExitCode()
	if text := strings.TrimSpace(stdout.String()); strings.HasPrefix(text, "[") {
		err = json.Unmarshal([]byte(text), &l)
	} else {
		l = make([]report, 1)
		err = json.Unmarshal([]byte(text), &l[0])
	}
	if err != nil {
		t.Fatalf("%v: exit %d, %v\n%s%s", cmd.Args, exit, err, &stdout, &stderr)
	}
	return l, exit
}

// one audits one domain.
func one(t *testing.T, args ...string) report {
	t.Helper()
	l, _ := audit(t, args...)
	if len(l) != 1 {
		t.Fatalf("%v: %d reports", args, len(l))
	}
	return l[0]
}

// of are the findings of a rule.
func (r report) of(rule string) []finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f finding) bool { return f.Rule != rule })
}

// has checks that a rule found this status somewhere, with these words in its subject or message.
func (r report) has(t *testing.T, rule, status string, words ...string) {
	t.Helper()
	for _, f := range r.of(rule) {
		said := f.Subject + ": " + f.Message
		if f.Status == status && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(said, w) }) {
			return
		}
	}
	t.Errorf("%s: no %s of %s with %q; it says %v", r.Domain, status, rule, words, r.of(rule))
}

// silent checks that of the rules whose names begin so, none but these found a fault or an unknown.
func (r report) silent(t *testing.T, prefix string, but ...string) {
	t.Helper()
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Rule, prefix) && f.Status != "pass" && f.Status != "info" && !slices.Contains(but, f.Rule) {
			t.Errorf("%s: %v", r.Domain, f)
		}
	}
}
