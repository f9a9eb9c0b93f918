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
	"mailaudit/internal/receivers"
)

// TestRefuses: no fix is proven with which mail fares worse than before, with whom or however else it may win.
func TestRefuses(t *testing.T) {
	said := func(l ...receivers.Entry) audited { return audited{report: &Report{}, answers: l} }
	results := func(l ...SPFResult) audited {
		return audited{report: &Report{Evidence: Evidence{SPF: SPF{Results: l}}}}
	}
	aligned := func(l ...Alignment) audited { return audited{report: &Report{Evidence: Evidence{Alignment: l}}} }
	gmail := func(stream string, v receivers.Verdict) receivers.Entry {
		return receivers.Entry{Receiver: "gmail", Stream: stream, IP: "192.0.2.1", Verdict: v, Reason: "asks that SPF passes"}
	}
	other := receivers.Entry{Receiver: "gmail", Stream: "own", IP: "192.0.2.2", Verdict: "accept"}
	refusedOther := other
	refusedOther.Verdict = "reject"
	spf := func(ip, result string) SPFResult {
		return SPFResult{IP: ip, Stream: "own", Identity: "mailfrom", Domain: "d.example", Result: result}
	}
	tests := []struct {
		name          string
		before, after audited
		want          string
	}{
		{"accept to reject", said(gmail("own", "accept")), said(gmail("own", "reject")), "the forecast for gmail is reject instead of accept: asks that SPF passes"},
		{"accept to defer", said(gmail("own", "accept")), said(gmail("own", "defer")), "gmail is defer instead of accept"},
		{"spam to reject", said(gmail("own", "spam")), said(gmail("own", "reject")), "gmail is reject instead of spam"},
		{"unknown to reject", said(gmail("own", "unknown")), said(gmail("own", "reject")), "gmail is reject instead of unknown"},
		{"the second stream", said(gmail("own", "reject"), gmail("esp", "accept")), said(gmail("own", "accept"), gmail("esp", "reject")), "gmail is reject"},
		{"accept to unknown", said(gmail("own", "accept")), said(gmail("own", "unknown")), "gmail is unknown instead of accept"},
		{"spam to unknown", said(gmail("own", "spam")), said(gmail("own", "unknown")), ""},
		{"reject stays", said(gmail("own", "reject")), said(gmail("own", "reject")), ""},
		{"reject to accept", said(gmail("own", "reject")), said(gmail("own", "accept")), ""},
		{"another set-up", said(gmail("own", "accept")), said(receivers.Entry{Receiver: "gmail", Setup: "x", Stream: "own", IP: "192.0.2.1", Verdict: "reject"}), ""},
		{"another address than the one that was refused", said(gmail("own", "reject"), other), said(gmail("own", "accept"), refusedOther), "gmail is reject instead of accept"},
		{"an address that is evaluated no more", results(spf("192.0.2.1", "pass")), results(), "gives no result any more instead of pass"},
		{"one that did not pass", results(spf("192.0.2.1", "softfail")), results(), ""},
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
	if x, err := w.with(ctx, nil); x.report != nil || !errors.Is(err, why) {
		t.Errorf("%v, %v", x.report, err)
	}
}

// TestStood: what a rule says newly is raised unless it was so before, and a graver one spoke for it.
func TestStood(t *testing.T) {
	report := func(status, rule string, a ...Alignment) *Report {
		return &Report{Findings: []Finding{{Rule: rule, Subject: "d.example", Status: status}}, Evidence: Evidence{Alignment: a}}
	}
	dkim := func(dkim, rests string) Alignment { return Alignment{Stream: "own", DKIM: dkim, RestsOn: rests} }
	tests := []struct {
		name          string
		before, after *Report
		raised        bool
	}{
		{"near the limit that was passed", report("fail", "spf.lookup-limit"), report("warn", "spf.lookup-near"), false},
		{"near the limit that bit nobody", report("warn", "spf.lookup-limit"), report("warn", "spf.lookup-near"), false},
		{"near the limit, from far below it", report("pass", "spf.lookup-limit"), report("warn", "spf.lookup-near"), true},
		{"void, by less than too many", report("fail", "spf.void-limit"), report("warn", "spf.void"), false},
		{"void, where nothing was", report("fail", "spf.lookup-limit"), report("warn", "spf.void"), true},
		{"unsigned, as it was", report("fail", "spf.missing", dkim("fail", "")), report("warn", "dmarc.spf-only", dkim("fail", "spf")), false},
		{"signed before", report("fail", "spf.missing", dkim("pass", "dkim")), report("warn", "dmarc.spf-only", dkim("fail", "spf")), true},
		{"not known before", report("fail", "spf.missing", dkim("unknown", "")), report("warn", "dmarc.spf-only", dkim("fail", "spf")), true},
		{"whatever the fix is about", report("fail", "dmarc.aspf-strict"), report("warn", "dmarc.rua-invalid"), true},
	}
	for _, tt := range tests {
		if got := found(tt.before, tt.after, nil, nil); (got != "") != tt.raised {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestCarried: a fault of one term is not raised where that term is published already.
func TestCarried(t *testing.T) {
	const is = "v=spf1 ptr ip4:10.0.0.1 ~all"
	at := func(rule, status, term, name string) Finding {
		return Finding{Rule: rule, Subject: "d.example", Status: status, At: &Place{Name: name, Record: is, Offset: strings.Index(is, term), Length: len(term)}}
	}
	was := []Change{{Op: "replace", Name: "d.example", Type: "TXT", Was: `"v=spf1 ptr ip4" ":10.0.0.1 foo -all"`}}
	tests := []struct {
		name    string
		f       Finding
		changes []Change
		raised  bool
	}{
		{"ptr", at("spf.ptr", "warn", "ptr", "d.example"), was, false},
		{"a private address", at("spf.ip-private", "warn", "ip4:10.0.0.1", "d.example"), was, false},
		{"a term that is new", at("spf.ip-private", "warn", "ip4:10.0.0.1", "d.example"), []Change{{Op: "add", Name: "d.example", Type: "TXT"}}, true},
		{"another name", at("spf.ptr", "warn", "ptr", "e.example"), was, true},
		{"a failure", at("spf.ip-private", "fail", "ip4:10.0.0.1", "d.example"), was, true},
		{"what hangs on the other terms", at("spf.void", "warn", "ptr", "d.example"), was, true},
		{"a record that is read", at("spf.ptr", "warn", "ptr", "e.example"), []Change{{Op: "replace", Name: "e.example", Type: "TXT", Was: `"v=spf1 -all ptr"`}}, true},
		{"nowhere", Finding{Rule: "spf.ptr", Subject: "d.example", Status: "warn"}, was, true},
	}
	for _, tt := range tests {
		before := &Report{Findings: []Finding{{Rule: "spf.multiple", Subject: "d.example", Status: "fail"}}}
		if got := found(before, &Report{Findings: []Finding{tt.f}}, nil, tt.changes); (got != "") != tt.raised {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestBared: what is said of the key that is left of several was so before, and what is said of one that is published was not.
func TestBared(t *testing.T) {
	report := func(rule string) *Report {
		return &Report{Findings: []Finding{{Rule: rule, Subject: "s1", Status: "fail"}}}
	}
	const ed, rsa = `"v=DKIM1; k=ed25519; p=AA=="`, `"v=DKIM1; p=AA=="`
	change := func(op, was string) []Change {
		return []Change{{Op: op, Name: "s1._domainkey.d.example", Type: "TXT", Was: was}}
	}
	tests := []struct {
		name          string
		before, after string
		op, was       string
		raised        bool
	}{
		{"a key that is left", "dkim.multiple", "dkim.ed25519-only", "remove", ed, false},
		{"a short key that is left", "dkim.multiple", "dkim.key-1024", "remove", rsa, false},
		{"the only kind that is left", "dkim.multiple", "dkim.ed25519-only", "remove", rsa, true},
		{"a key that is new", "dkim.multiple", "dkim.ed25519-only", "replace", ed, true},
		{"one that stood alone", "dkim.revoked", "dkim.ed25519-only", "remove", ed, true},
		{"no key is left", "dkim.multiple", "dkim.selector-missing", "remove", ed, true},
		{"another area", "dkim.multiple", "dmarc.unaligned", "remove", ed, true},
	}
	for _, tt := range tests {
		if got := found(report(tt.before), report(tt.after), nil, change(tt.op, tt.was)); (got != "") != tt.raised {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestWatches: that reports go nowhere is left to the owner where p=none is new, and nowhere else.
func TestWatches(t *testing.T) {
	const at = "_dmarc.d.example"
	before := func(status, policy string) *Report {
		return &Report{Evidence: Evidence{DMARC: DMARC{Status: status, FoundAt: at, Policy: policy}}}
	}
	change := func(was, is string) []Change {
		c := Change{Op: "add", Name: at, Type: "TXT", Data: is}
		if was != "" {
			c.Op, c.Was = "replace", was
		}
		return []Change{c}
	}
	after := &Report{Findings: []Finding{{Rule: "dmarc.rua-missing", Subject: at, Status: "warn"}}}
	tests := []struct {
		name    string
		before  *Report
		changes []Change
		raised  bool
	}{
		{"a first record", before("none", ""), change("", `"v=DMARC1; p=none"`), false},
		{"one that was void", before("invalid", ""), change(`"v=dmarc1; p=reject"`, `"v=DMARC1; p=none"`), false},
		{"one that watched before", before("found", "none"), change(`"v=DMARC1; p=none; adkim=s; rua=x"`, `"v=DMARC1; p=none"`), true},
		{"a destination that is lost", before("invalid", ""), change(`"v=dmarc1; p=none; rua=mailto:a@d.example"`, `"v=DMARC1; p=none"`), true},
		{"one that is lost among commas", before("invalid", ""), change(`"v=DMARC1, p=reject, rua=mailto:a@d.example"`, `"v=DMARC1; p=none"`), true},
		{"what was no destination", before("invalid", ""), change(`"v=DMARC1; p=block; rua=a"`, `"v=DMARC1; p=none"`), false},
		{"a policy that stays", before("found", "reject"), change(`"v=DMARC1; p=reject; aspf=s"`, `"v=DMARC1; p=reject"`), true},
		{"a record that is void", before("none", ""), change("", `"v=DMARC1; p=nothing"`), true},
		{"another record", before("none", ""), []Change{{Op: "add", Name: "d.example", Type: "TXT", Data: `"v=DMARC1; p=none"`}}, true},
		{"no change", before("none", ""), nil, true},
	}
	for _, tt := range tests {
		if got := found(tt.before, after, nil, tt.changes); (got != "") != tt.raised {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
