package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

// foretelling is the broken sample with a forecast of every kind.
func foretelling() *audit.Report {
	r := broken()
	const ip = "11.22.33.45"
	refuses := func(receiver, stage, reply string, rules ...string) audit.Forecast {
		return audit.Forecast{Receiver: receiver, Stream: "default", IP: ip, Verdict: "reject", Stage: stage, Reply: reply, Rules: rules, Basis: "documented",
			Source: "its error page (2026-02-15)", Reason: "asks that something holds", Note: "its pages conflict", Unseen: "its reputation data cannot be seen from outside"}
	}
	other := func(receiver, verdict, reason string) audit.Forecast {
		return audit.Forecast{Receiver: receiver, Stream: "default", IP: ip, Verdict: verdict, Rules: []string{}, Basis: "inferred", Source: "its page (2025)", Reason: reason}
	}
	const noPTR = "550-5.7.25 [11.22.33.45] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not " +
		"point to the sending IP. As a policy, Gmail does not accept messages from IPs with missing PTR records."
	deferring := refuses("orange", "data", "421 Emetteur invalide. Invalid sender. SPF check failed", "spf.ip-not-covered")
	deferring.Verdict = "defer"
	bulk := other("outlook", "accept", "")
	bulk.Bulk = &audit.BulkForecast{Verdict: "reject", Reply: "550 5.7.515 Access denied", Rules: []string{"dmarc.missing", "spf.lookup-limit"}}
	filed := other("laposte", "spam", "asks that SPF or DKIM passes")
	filed.Rules = []string{"spf.lookup-limit", "dkim.selector-missing", "dmarc.missing", "spf.syntax"}
	r.Forecast = []audit.Forecast{
		refuses("gmail", "connect", noPTR, "ptr.missing"), refuses("gmx", "connect", "554-Bad DNS PTR resource record.", "ptr.missing"),
		refuses("webde", "connect", "554-Bad DNS PTR resource record.", "ptr.missing"), deferring, bulk,
		other("yahoo", "unknown", "asks that the sending address has a PTR record; what it does otherwise is not documented"), filed,
		refuses("tonline", "data", "559 5.1.9 (DKIM reject DKIMr) Missing, invalid or non-matching DKIM signature (250)", "dkim.selector-missing"),
		refuses("postfix-strict", "rcpt", "550 5.7.25 Client host rejected: cannot find your hostname, [11.22.33.45]", "ptr.missing"),
		other("postfix", "accept", ""), other("exim", "accept", ""), other("rspamd", "accept", ""), other("cox", "accept", "zen.spamhaus.org did not answer: a listing would not be seen"),
	}
	return r
}

// section is what the table has of the forecast.
func section(t *testing.T, r *audit.Report, o Options) string {
	t.Helper()
	out := show(t, r, o, "exit 1")
	from := strings.Index(out, "  WHO WOULD REFUSE")
	if from < 0 {
		t.Fatalf("no forecast in\n%s", out)
	}
	out = out[from:]
	for _, next := range []string{"\nSPF record", "\nADDRESSES", "\nFIX", "\nscore"} {
		if i := strings.Index(out, next); i >= 0 {
			out = out[:i]
		}
	}
	return out
}

func TestForecastGolden(t *testing.T) {
	for _, width := range []int{60, 80, 120} {
		name := fmt.Sprintf("forecast-%d", width)
		t.Run(name, func(t *testing.T) {
			out := section(t, foretelling(), Options{Width: width})
			golden(t, name, []byte(out))
			holdsTable(t, out, width)
		})
	}
	t.Run("verbose", func(t *testing.T) {
		out := section(t, foretelling(), Options{Width: 80, Verbose: true})
		golden(t, "forecast-verbose", []byte(out))
		holdsTable(t, out, 80)
	})
}

func TestForecastWords(t *testing.T) {
	accepting := healthy()
	for _, name := range []string{"gmail", "yahoo", "gmx", "webde"} {
		accepting.Forecast = append(accepting.Forecast, audit.Forecast{Receiver: name, Stream: "default", Verdict: "accept", Rules: []string{}})
	}
	out := show(t, accepting, Options{Width: 80}, "exit 0")
	if !strings.Contains(out, "nothing is known for which 4 receivers would refuse the mail") || strings.Contains(out, "WHO WOULD REFUSE") {
		t.Errorf("where all accept:\n%s", out)
	}
	if out := show(t, healthy(), Options{Width: 80}, "exit 0"); strings.Contains(out, "refuse") {
		t.Errorf("without a forecast:\n%s", out)
	}
	two := foretelling()
	two.Streams = append(two.Streams, audit.Stream{Name: "news"})
	if out := show(t, two, Options{Width: 100}, "exit 1"); !strings.Contains(out, "stream default") {
		t.Errorf("several streams are not told apart:\n%s", out)
	}
}

// A reply names what the sender chose, and a reason what DNS said.
func TestForecastIsMadeVisible(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		r, fresh := foretelling(), foretelling()
		for i := range r.Forecast {
			poison(reflect.ValueOf(&r.Forecast[i]).Elem())
			r.Forecast[i].Verdict = fresh.Forecast[i].Verdict
		}
		holdsTable(t, show(t, r, Options{Width: 80, Verbose: verbose}, "exit 1"), 80)
	}
}

// TestWarmUps: a stream with a volume says how it would grow to it, in every format to be read.
func TestWarmUps(t *testing.T) {
	r := telling()
	r.Streams = []audit.Stream{{Name: "shop", Daily: 300, WarmUp: []int{50, 75, 112, 168, 252, 300}}, {Name: "desk"}}
	for _, format := range []string{"table", "markdown", "html"} {
		out := strings.Join(strings.Fields(written(t, Options{Format: format, Width: 200, Verbose: true}, r).String()), " ")
		for _, want := range []string{"stream shop: if the address or the domain is new: 50 messages on the first day", "300 a day from day 6 on: 50 75 112 168 252 300 (a convention)"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q", format, want)
			}
		}
		if strings.Contains(out, "stream desk: if") {
			t.Errorf("%s: a plan for a stream without a volume", format)
		}
	}
}
