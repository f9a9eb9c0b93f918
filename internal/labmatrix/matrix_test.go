//go:build lab

package labmatrix

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailaudit/internal/netlab"
	"mailaudit/internal/receivers"
)

// Least of what is to be foretold: of all cells, and of those of one class.
const (
	leastAccuracy = 0.99
	leastRecall   = 0.95
)

// TestTables has a book for each receiver, and a receiver for each book.
func TestTables(t *testing.T) {
	var rows []string
	for _, r := range receiverTable {
		rows = append(rows, r.Setup)
	}
	if books := receivers.Setups(); !slices.Equal(rows, books) {
		t.Errorf("receivers %v\nbooks     %v", rows, books)
	}
	seen := map[string]bool{}
	for _, s := range senders {
		if seen[s.Name] {
			t.Errorf("two senders are called %s", s.Name)
		}
		seen[s.Name] = true
	}
}

// measured is what all receivers answer to all senders, before anything is put right.
var measured = sync.OnceValues(func() ([]reply, error) { return matrix.send(running, every()) })

func every() []*sender {
	l := make([]*sender, len(senders))
	for i := range senders {
		l[i] = &senders[i]
	}
	return l
}

// forecast is an entry of the report (CONTRACT: JSON report).
type forecast struct{ Setup, Receiver, Verdict, Stage, Reply, Reason string }

// flags are those that tell mailaudit about a sender.
func flags(s *sender) []string {
	l := []string{s.audited(), "--ip", s.addr(), "--helo", s.HELO, "--probe-inbound", "--egress-check", espMX,
		"--assume-public", "198.51.100.0/24", "--assume-public", "203.0.113.0/24", "--assume-public", "192.0.2.128/25", "--ca-file", matrix.Path("ca.pem"), "--timeout", "60s"}
	if s.Unshown {
		l = append(l, "--selector", or(s.Signed[0].Selector, "s1"))
	} else {
		l = append(l, "--message", matrix.Path(sample(s)))
	}
	if s.MailFrom == null {
		return l // the sample's Return-Path says so
	}
	return append(l, "--mail-from", s.MailFrom)
}

// mailaudit runs the binary beside the receivers.
func mailaudit(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := netlab.In(running, matrix.Auditor, append([]string{matrix.Binary()}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := output(cmd)
	var code *exec.ExitError
	if errors.As(err, &code) && (code.ExitCode() == 1 || code.ExitCode() == 3) {
		err = nil // found something
	}
	if err != nil {
		t.Errorf("%v: %v", args, err)
	}
	return out
}

// foretell asks mailaudit what each receiver would answer to each sender.
func foretell(t *testing.T) map[cell]forecast {
	t.Helper()
	var mu sync.Mutex
	out := map[cell]forecast{}
	each(senders, func(s *sender) {
		text := mailaudit(t, append(append([]string{"check"}, flags(s)...), "-f", "json", "--receivers", strings.Join(receivers.Setups(), ","))...)
		var r struct{ Forecast []forecast }
		if err := json.Unmarshal(text, &r); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, f := range r.Forecast {
			out[cell{s.Name, f.Setup}] = f
		}
	})
	return out
}

// each does something for each sender, several at a time, those first of which a server has to be waited for.
func each(l []sender, do func(*sender)) {
	slots := make(chan struct{}, 6)
	l = slices.Clone(l)
	slices.SortStableFunc(l, slowFirst)
	var wg sync.WaitGroup
	for i := range l {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(&l[i])
		})
	}
	wg.Wait()
}

// TestForecasts compares what is foretold of each sender at each receiver with what the receiver answers.
func TestForecasts(t *testing.T) {
	begun := time.Now()
	replies, err := measured()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d messages sent in %s", len(replies), time.Since(begun).Round(time.Second))
	begun = time.Now()
	foretold := foretell(t)
	t.Logf("%d senders audited in %s", len(senders), time.Since(begun).Round(time.Second))
	c := compare(replies, foretold)
	if file := os.Getenv("LAB_TABLE"); file != "" {
		if err := os.WriteFile(file, []byte(c.table()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("\n" + c.String())
	if got := c.accuracy(); got < leastAccuracy {
		t.Errorf("the class is right in %.2f %% of %d cells; least: %.0f %%", 100*got, c.cells, 100*leastAccuracy)
	}
	for _, class := range classes {
		if got := c.recall(class); got < leastRecall {
			t.Errorf("recall of %s: %.2f %%; least: %.0f %%", class, 100*got, 100*leastRecall)
		}
	}
}

// TestFixes publishes what mailaudit says for each sender whose cause is in its own DNS, and sends again. Where a fix is
// proposed, nobody refuses; where it is owed, what is left is counted.
func TestFixes(t *testing.T) {
	before, err := measured()
	if err != nil {
		t.Fatal(err)
	}
	var repaired []*sender
	for i := range senders {
		if senders[i].DNS != elsewhere {
			repaired = append(repaired, &senders[i])
		}
	}
	var mu sync.Mutex
	var fixed []record
	said := map[string]string{}
	each(senders, func(s *sender) {
		if s.DNS == elsewhere {
			return
		}
		text := string(mailaudit(t, append(append([]string{"fix"}, flags(s)...), "-f", "zone", "--profile", "sender")...))
		mu.Lock()
		defer mu.Unlock()
		fixed, said[s.Name] = append(fixed, parseFix(text)...), text
	})
	if err := matrix.republish(running, fixed); err != nil {
		t.Fatal(err)
	}
	after, err := matrix.send(running, repaired)
	if err != nil {
		t.Fatal(err)
	}
	was := map[cell]reply{}
	for _, r := range before {
		was[r.cell()] = r
	}
	turned, left := 0, map[string][]string{}
	for _, r := range after {
		old := was[r.cell()]
		switch {
		case r.class() != accepted:
			left[r.Sender] = append(left[r.Sender], fmt.Sprintf("%s: %d %s, then %d %s", r.Receiver, old.Code, old.Text, r.Code, r.Text))
		case old.class() != accepted:
			turned++
		}
	}
	count := map[remedy]int{}
	stay := map[remedy]int{}
	var debts []string
	for _, s := range repaired {
		count[s.DNS]++
		stay[s.DNS] += len(left[s.Name])
		switch n := len(left[s.Name]); {
		case s.DNS == proposed && n > 0:
			t.Errorf("%s is still refused:\n%s\nproposed:\n%s", s.Name, strings.Join(left[s.Name], "\n"), said[s.Name])
		case s.DNS == owed && n == 0:
			t.Errorf("%s is owed no more: nobody refuses it", s.Name)
		case s.DNS == owed:
			debts = append(debts, fmt.Sprintf("%-18s %d  %s", s.Name, n, s.Cause))
		}
	}
	t.Logf("%d refusals turned into 250 by what `mailaudit fix` says; of %d senders for which it has a fix %d are left, of %d to which it owes one %d:\n%s",
		turned, count[proposed], stay[proposed], count[owed], stay[owed], strings.Join(debts, "\n"))
}
