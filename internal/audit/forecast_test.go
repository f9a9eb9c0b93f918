package audit_test

import (
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/receivers"
)

func verdictOf(t *testing.T, r *audit.Report, receiver string) audit.Forecast {
	t.Helper()
	i := slices.IndexFunc(r.Forecast, func(f audit.Forecast) bool { return f.Receiver == receiver })
	if i < 0 {
		t.Fatalf("no forecast for %s", receiver)
	}
	return r.Forecast[i]
}

func TestForecast(t *testing.T) {
	for _, f := range offline(t).audited().Forecast {
		if f.Verdict == "reject" || f.Verdict == "defer" || f.Source == "" || f.Rules == nil {
			t.Errorf("healthy: %+v", f)
		}
	}

	r := offline(t, "-25.2.0.192.in-addr.arpa. PTR").audited()
	if f := verdictOf(t, r, "gmail"); f.Verdict != "reject" || !slices.Equal(f.Rules, []string{"ptr.missing"}) || f.IP != "192.0.2.25" || f.Basis != "documented" {
		t.Errorf("without a PTR record: %+v", f)
	}

	// Of the many rules behind a requirement those are named that found something.
	r = offline(t, "-_dmarc.healthy.example. TXT").audited()
	if f := verdictOf(t, r, "outlook"); f.Verdict != "accept" || f.Bulk == nil || !slices.Equal(f.Bulk.Rules, []string{"dmarc.missing"}) {
		t.Errorf("without DMARC: %+v, %+v", f, f.Bulk)
	}
}

// TestForecastRests: whatever a receiver refuses for or puts off for, a finding says.
func TestForecastRests(t *testing.T) {
	reverse, mx := "-25.2.0.192.in-addr.arpa. PTR", "-healthy.example. MX"
	for _, c := range []struct {
		name, helo, mailFrom string
		refused              string // a receiver that does
		unsigned             bool
		edits                []string
	}{
		{name: "null MX", refused: "yahoo", edits: []string{mx, "healthy.example. 3600 IN MX 0 ."}},
		{name: "null MX among others", refused: "postfix-strict", edits: []string{"healthy.example. 3600 IN MX 0 ."}},
		{name: "null MX among others of MAIL FROM", refused: "postfix-strict", mailFrom: "b@bounce.healthy.example",
			edits: []string{"bounce.healthy.example. 3600 IN MX 0 .", "bounce.healthy.example. 3600 IN MX 10 mx1.healthy.example.", `bounce.healthy.example. 3600 IN TXT "v=spf1 ip4:192.0.2.25 -all"`}},
		{name: "MX host of MAIL FROM on loopback", refused: "exim", mailFrom: "b@bounce.healthy.example",
			edits: []string{"bounce.healthy.example. 3600 IN MX 10 lo.healthy.example.", "lo.healthy.example. 3600 IN A 127.0.0.1", `bounce.healthy.example. 3600 IN TXT "v=spf1 ip4:192.0.2.25 -all"`}},
		{name: "MX host of MAIL FROM that does not exist", refused: "exim", mailFrom: "b@bounce.healthy.example",
			edits: []string{"bounce.healthy.example. 3600 IN MX 10 gone.healthy.example.", `bounce.healthy.example. 3600 IN TXT "v=spf1 ip4:192.0.2.25 -all"`}},
		{name: "MAIL FROM that does not exist, unsigned", refused: "gmail", mailFrom: "b@gone.esp.example", unsigned: true, edits: []string{"esp.example. 3600 IN SOA a.example. b.example. 1 1 1 1 1"}},
		{name: "localhost as MX", refused: "exim", edits: []string{mx, "healthy.example. 3600 IN MX 10 localhost.", "localhost. 3600 IN SOA a.example. b.example. 1 1 1 1 1"}},
		{name: "an address as MX", refused: "exim", edits: []string{mx, "healthy.example. 3600 IN MX 10 192.0.2.35.healthy.example."}},
		{name: "a reverse name that ends in a hyphen", refused: "postfix-strict", edits: []string{reverse, "25.2.0.192.in-addr.arpa. 3600 IN PTR mail-.healthy.example.", "mail-.healthy.example. 3600 IN A 192.0.2.25"}},
		{name: "an address as reverse name", refused: "opensmtpd", edits: []string{reverse, "25.2.0.192.in-addr.arpa. 3600 IN PTR 192.0.2.25."}},
		{name: "a hyphen before the name in EHLO", refused: "postfix-strict", helo: "-mail.healthy.example", edits: []string{`\\045mail.healthy.example. 3600 IN A 192.0.2.25`}},
		{name: "a dot behind the name in EHLO", refused: "postfix-strict", helo: "mail.healthy.example."},
		{name: "EHLO localhost.localdomain", refused: "postfix-strict", helo: "localhost.localdomain", edits: []string{"localdomain. 3600 IN SOA a.example. b.example. 1 1 1 1 1"}},
		{name: "an IPv6 literal without its tag", refused: "postfix-strict", helo: "[2001:db8::25]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := offline(t, c.edits...)
			if c.helo != "" {
				w.target.Streams[0].HELO = c.helo
			}
			if c.mailFrom != "" {
				w.target.Streams[0].MailFrom = c.mailFrom
			}
			r := w.audited()
			if c.unsigned {
				f := w.gathered()
				f.Messages = []facts.Message{{Stream: "default", From: domain, Signatures: []facts.Signature{}}}
				r = audit.Judge(f, options)
			}
			if f := verdictOf(t, r, c.refused); f.Verdict != "reject" {
				t.Errorf("%+v", f)
			}
			for _, f := range r.Forecast {
				silent := slices.DeleteFunc(slices.Clone(f.Rules), func(id string) bool {
					return slices.ContainsFunc(r.Findings, func(x audit.Finding) bool { return x.Status != "pass" && x.Rule == id })
				})
				if (f.Verdict == "reject" || f.Verdict == "defer") && (len(f.Rules) == 0 || len(silent) > 0) {
					t.Errorf("%s: %s for %v, of which nothing was found by %v", f.Receiver, f.Verdict, f.Rules, silent)
				}
			}
		})
	}
}

func TestForecastIsChosen(t *testing.T) {
	w := offline(t)
	o := options
	o.Receivers = []string{"webde", "gmail"}
	if r := audit.Judge(w.gathered(), o); len(r.Forecast) != 2 || r.Forecast[0].Receiver != "gmail" {
		t.Errorf("--receivers webde,gmail: %+v", r.Forecast)
	}
	for _, left := range []checks.Area{"spf", "ptr", "dnsbl"} {
		o = options
		o.Wanted = func(a checks.Area) bool { return a != left }
		if r := audit.Judge(w.gathered(), o); (len(r.Forecast) > 0) != (left == "dnsbl") {
			t.Errorf("without area %s there are %d forecasts", left, len(r.Forecast))
		}
	}
	parked := offline(t, "-healthy.example. TXT", `healthy.example. 3600 IN TXT "v=spf1 -all"`)
	if r := parked.audited(); len(r.Forecast) == 0 {
		t.Error("no forecast for the declared address of a domain whose records say that it sends nothing")
	}
	parked.target.Streams[0].IPs = nil
	if r := parked.audited(); len(r.Forecast) != 0 {
		t.Errorf("a domain that sends nothing: %+v", r.Forecast)
	}
}

// TestProofAsksAll: no proof goes by fewer receivers than there are, whoever is shown and whatever areas are judged.
func TestProofAsksAll(t *testing.T) {
	odd := receivers.Book{Receiver: "odd", Title: "refuses whoever has a policy", Sources: []receivers.Source{{ID: "s", Title: "s", Date: "2026"}},
		Requirements: []receivers.Requirement{{ID: "odd.dmarc", What: "there is no DMARC record", Outcome: receivers.Reject, Stage: receivers.Data, Source: "s",
			Broken: func(c receivers.Case) receivers.Truth { return facts.Know(c.DMARC.Value.Status == facts.DMARCFound) }}}}
	w := offline(t, "-_dmarc.healthy.example. TXT")
	repaired := func(o audit.Options) audit.Fix {
		r, _, _ := audit.Repair(t.Context(), w.env, w.target, o)
		i := slices.IndexFunc(r.Fixes, func(f audit.Fix) bool { return slices.Contains(f.Rules, "dmarc.missing") })
		if i < 0 {
			t.Fatalf("no fix of dmarc.missing: %+v", r.Fixes)
		}
		return r.Fixes[i]
	}
	o := options
	o.Receivers = []string{"gmail"}
	if f := repaired(o); !f.Proven {
		t.Errorf("without the odd one: %s", f.Reason)
	}
	o.Books = append(slices.Clone(receivers.Books), odd)
	if f := repaired(o); f.Proven || !strings.Contains(f.Reason, "the forecast for odd is reject instead of accept") {
		t.Errorf("--receivers gmail: %+v", f)
	}
	o.Receivers, o.Wanted = nil, func(a checks.Area) bool { return a == "dmarc" }
	if f := repaired(o); f.Proven || !strings.Contains(f.Reason, "the forecast for odd is reject instead of accept") {
		t.Errorf("--only dmarc: %+v", f)
	}
	o.Wanted = everything
	if f := verdictOf(t, audit.Judge(w.gathered(), o), "odd"); f.Verdict != "accept" {
		t.Errorf("a book of one's own: %+v", f)
	}
}
