package demo_test

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit"
	"mailaudit/internal/audit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/demo"
	"mailaudit/internal/smtpx"
)

// start starts the world of `mailaudit demo`, with the lists that it ships with.
func start(t *testing.T) *demo.World {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	w, err := demo.Start(slices.DeleteFunc(f.Lists, func(l blocklist.List) bool { return !l.Default }))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// audited are the reports of both domains.
func audited(t *testing.T, w *demo.World) map[string]*audit.Report {
	t.Helper()
	reports := map[string]*audit.Report{}
	for _, target := range w.Targets {
		reports[target.Domain] = audit.Run(context.Background(), w.Env, target,
			audit.Options{Wanted: func(checks.Area) bool { return true }, Timeout: 20 * time.Second})
	}
	if len(reports) != 2 || reports[demo.Broken] == nil || reports[demo.Healthy] == nil {
		t.Fatalf("targets %+v", w.Targets)
	}
	return reports
}

// areas are those in which a report has a finding of one of the statuses.
func areas(r *audit.Report, statuses ...string) []string {
	var l []string
	for _, f := range r.Findings {
		if slices.Contains(statuses, f.Status) && !slices.Contains(l, f.Area) {
			l = append(l, f.Area)
		}
	}
	return l
}

func TestDemo(t *testing.T) {
	w := start(t)
	defer w.Close()
	reports := audited(t, w)
	broken, healthy := reports[demo.Broken], reports[demo.Healthy]
	for _, r := range reports {
		if l := areas(r, "unknown"); len(l) > 0 || r.Coverage != 1 || r.Score == nil || *r.Score != *r.ScoreLow {
			t.Errorf("%s: unknown in %v, coverage %v", r.Domain, l, r.Coverage)
		}
		for _, a := range []string{"domain", "mx", "spf", "dkim", "dmarc", "ptr", "dnsbl", "submission", "tls"} {
			if !slices.Contains(areas(r, "fail", "warn", "info", "pass"), a) {
				t.Errorf("%s: nothing found in %s", r.Domain, a)
			}
		}
		if len(r.Evidence.DNSBL) < 10 || len(r.Evidence.Sources) != 2 || len(r.Evidence.Submission) == 0 {
			t.Errorf("%s: %d listings, %d sources, %d services", r.Domain, len(r.Evidence.DNSBL), len(r.Evidence.Sources), len(r.Evidence.Submission))
		}
	}
	if l := areas(healthy, "fail", "warn"); len(l) > 0 || healthy.Verdict != "pass" || *healthy.Score != 100 || *healthy.Grade != "A+" || len(healthy.Fixes) > 0 {
		t.Errorf("%s: %s, score %d, fixes %+v; faults in %v", healthy.Domain, healthy.Verdict, *healthy.Score, healthy.Fixes, l)
	}
	if broken.Verdict != "fail" || *broken.Score >= 60 {
		t.Errorf("%s: %s, score %d", broken.Domain, broken.Verdict, *broken.Score)
	}
	if l := areas(broken, "fail", "warn"); !slices.Equal(l, []string{"spf", "dkim", "dmarc", "ptr", "dnsbl", "submission", "tls"}) {
		t.Errorf("%s: faults in %v", broken.Domain, l)
	}
	kinds := map[string]bool{}
	for _, f := range broken.Fixes {
		kinds[f.Kind] = true
	}
	if !kinds["dns"] || !kinds["host"] || !kinds["operator"] {
		t.Errorf("%s: fixes of the kinds %v", broken.Domain, kinds)
	}
}

// TestLoopback: the demo needs no network, and uses none.
func TestLoopback(t *testing.T) {
	w := start(t)
	defer w.Close()
	elsewhere := netip.MustParseAddrPort("192.0.2.25:587")
	p := w.Env.Probe(context.Background(), smtpx.Target{Host: "mail.example", Addrs: []netip.AddrPort{elsewhere}, Now: time.Now()})
	if p.Status != smtpx.Unknown || !strings.Contains(p.Why, "loopback") {
		t.Errorf("it dials addresses that are not on loopback: %s, %s", p.Status, p.Why)
	}
}

// TestClose: nothing is left running.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		w := start(t)
		audited(t, w)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	// What a closed connection leaves behind ends by itself, and need not be there at once.
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, and %d after Close:\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
	}
}
