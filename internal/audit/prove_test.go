package audit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
)

// TestRefuses: no fix is proven with which mail fares worse than before, with whom or however else it may win.
func TestRefuses(t *testing.T) {
	forecasts := func(l ...Forecast) *Report { return &Report{Forecast: l} }
	results := func(l ...SPFResult) *Report { return &Report{Evidence: Evidence{SPF: SPF{Results: l}}} }
	aligned := func(l ...Alignment) *Report { return &Report{Evidence: Evidence{Alignment: l}} }
	gmail := func(stream, verdict string) Forecast {
		return Forecast{Receiver: "gmail", Stream: stream, Verdict: verdict, Rules: []string{"spf.syntax"}}
	}
	spf := func(ip, result string) SPFResult {
		return SPFResult{IP: ip, Stream: "own", Identity: "mailfrom", Domain: "d.example", Result: result}
	}
	tests := []struct {
		name          string
		before, after *Report
		want          string
	}{
		{"accept to reject", forecasts(gmail("own", "accept")), forecasts(gmail("own", "reject")), "the forecast for gmail is reject instead of accept: spf.syntax"},
		{"accept to defer", forecasts(gmail("own", "accept")), forecasts(gmail("own", "defer")), "gmail is defer instead of accept"},
		{"spam to reject", forecasts(gmail("own", "spam")), forecasts(gmail("own", "reject")), "gmail is reject instead of spam"},
		{"unknown to reject", forecasts(gmail("own", "unknown")), forecasts(gmail("own", "reject")), "gmail is reject instead of unknown"},
		{"the second stream", forecasts(gmail("own", "reject"), gmail("esp", "accept")), forecasts(gmail("own", "accept"), gmail("esp", "reject")), "gmail is reject"},
		{"reject stays", forecasts(gmail("own", "reject")), forecasts(gmail("own", "reject")), ""},
		{"reject to accept", forecasts(gmail("own", "reject")), forecasts(gmail("own", "accept")), ""},
		{"another set-up", forecasts(gmail("own", "accept")), forecasts(Forecast{Receiver: "gmail", Setup: "x", Stream: "own", Verdict: "reject"}), ""},
		{"SPF passes no longer", results(spf("192.0.2.1", "pass")), results(spf("192.0.2.1", "softfail")), "SPF of 192.0.2.1 gives softfail instead of pass"},
		{"SPF fails", results(spf("192.0.2.1", "neutral")), results(spf("192.0.2.1", "fail")), "gives fail instead of neutral"},
		{"SPF is void", results(spf("192.0.2.1", "softfail")), results(spf("192.0.2.1", "permerror")), "gives permerror instead of softfail"},
		{"SPF softfails", results(spf("192.0.2.1", "neutral")), results(spf("192.0.2.1", "softfail")), ""},
		{"whose place in the list is another", results(spf("192.0.2.1", "pass"), spf("192.0.2.2", "softfail")),
			results(spf("192.0.2.2", "softfail"), spf("192.0.2.1", "pass")), ""},
		{"who is behind somebody new", results(spf("192.0.2.2", "pass")), results(spf("192.0.2.1", "pass"), spf("192.0.2.2", "fail")), "SPF of 192.0.2.2 gives fail"},
		{"DMARC of the second stream", aligned(Alignment{Stream: "own", DMARC: "fail"}, Alignment{Stream: "esp", DMARC: "pass"}),
			aligned(Alignment{Stream: "own", DMARC: "pass"}, Alignment{Stream: "esp", DMARC: "unknown"}), "mail of stream esp no longer passes DMARC"},
	}
	for _, tt := range tests {
		if got := refuses(tt.before, tt.after); got != tt.want && (tt.want == "" || !strings.Contains(got, tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestFound: the reason is about the first finding, however often it is asked for.
func TestFound(t *testing.T) {
	warn := func(rule string) Finding { return Finding{Rule: rule, Subject: "d.example", Status: "warn"} }
	after := &Report{Findings: []Finding{warn("spf.b"), warn("spf.c"), warn("spf.a"), warn("spf.d"), warn("spf.e")}}
	for range 20 {
		if got := found(&Report{}, after, nil, nil); got != "with it applied, spf.b is found at d.example" {
			t.Fatal(got)
		}
	}
}

// TestLost: what could be found out before, and is to be cleared, is not cleared by an answer that does not come.
func TestLost(t *testing.T) {
	rule := &checks.Check{ID: "ptr.no-forward"}
	clears := []checks.Finding{{Check: rule, Subject: "192.0.2.1"}}
	unknown := func(subject string, deciding bool) *Report {
		return &Report{Findings: []Finding{{Rule: rule.ID, Subject: subject, Status: "unknown", Message: "SERVFAIL", Deciding: deciding}}}
	}
	if got := lost(&Report{}, unknown("192.0.2.1", false), clears); !strings.Contains(got, "could not be found out: ptr.no-forward: SERVFAIL") {
		t.Errorf("what it clears is unknown: %q", got)
	}
	if got := lost(&Report{}, unknown("192.0.2.2", true), clears); got == "" {
		t.Error("what decides is unknown, and nobody says so")
	}
	if got := lost(&Report{}, unknown("192.0.2.2", false), clears); got != "" {
		t.Errorf("what decides nothing: %q", got)
	}
	if got := lost(unknown("192.0.2.2", true), unknown("192.0.2.2", true), clears); got != "" {
		t.Errorf("what was unknown before: %q", got)
	}
}

// TestProofEnds: an audit that the time did not suffice for proves nothing.
func TestProofEnds(t *testing.T) {
	why := errors.New("the time is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	w, _ := newWorld(ctx, gather.Env{DNS: dnsx.NewOffline(new(dnsx.Zone)), Now: time.Now}, gather.Target{Domain: "d.example"},
		Options{Wanted: func(checks.Area) bool { return true }})
	if r, err := w.with(ctx, nil); r != nil || !errors.Is(err, why) {
		t.Errorf("%v, %v", r, err)
	}
}
