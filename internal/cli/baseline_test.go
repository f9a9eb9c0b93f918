package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
)

// reported is a report with findings, each "status rule subject".
func reported(domain string, l ...string) *audit.Report {
	r := &audit.Report{SchemaVersion: audit.SchemaVersion, Domain: domain, Verdict: "fail", StartedAt: time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)}
	for _, s := range l {
		f := strings.Fields(s)
		r.Findings = append(r.Findings, audit.Finding{Status: f[0], Rule: f[1], Subject: strings.Join(f[2:], " "), Deciding: f[0] == "unknown"})
	}
	return r
}

// open are the findings that count.
func open(r *audit.Report) []string {
	l := []string{}
	for _, f := range r.Findings {
		if f.Accepted == nil {
			l = append(l, strings.TrimSpace(f.Status+" "+f.Rule+" "+f.Subject))
		}
	}
	return l
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func saved(t *testing.T, l ...*audit.Report) string {
	t.Helper()
	var b strings.Builder
	for _, r := range l {
		if err := json.NewEncoder(&b).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	return file(t, b.String())
}

func TestBaseline(t *testing.T) {
	for _, c := range []struct {
		name      string
		was, is   []string
		wantCount []string
	}{
		{"the same", []string{"fail spf.missing d.example", "warn ptr.generic 192.0.2.1"}, []string{"fail spf.missing d.example", "warn ptr.generic 192.0.2.1"}, []string{}},
		{"new", []string{"fail spf.missing d.example"}, []string{"fail spf.missing d.example", "fail dmarc.multiple d.example"}, []string{"fail dmarc.multiple d.example"}},
		{"another subject", []string{"fail ptr.missing 192.0.2.1"}, []string{"fail ptr.missing 192.0.2.1", "fail ptr.missing 192.0.2.2"}, []string{"fail ptr.missing 192.0.2.2"}},
		{"worse", []string{"warn dmarc.missing d.example"}, []string{"fail dmarc.missing d.example"}, []string{"fail dmarc.missing d.example"}},
		{"better", []string{"fail dmarc.missing d.example"}, []string{"warn dmarc.missing d.example"}, []string{}},
		{"passed before", []string{"pass dmarc.missing d.example", "info spf.ptr d.example"}, []string{"fail dmarc.missing d.example", "warn spf.ptr d.example"}, []string{"fail dmarc.missing d.example", "warn spf.ptr d.example"}},
		{"one more of the same", []string{"fail spf.syntax d.example"}, []string{"fail spf.syntax d.example", "fail spf.syntax d.example"}, []string{"fail spf.syntax d.example"}},
		{"a failure is answered for before a warning", []string{"fail spf.syntax d.example"}, []string{"warn spf.syntax d.example", "fail spf.syntax d.example"}, []string{"warn spf.syntax d.example"}},
		{"not known now", []string{"pass dmarc.missing d.example", "warn ptr.generic 192.0.2.1"}, []string{"unknown dmarc.missing d.example", "unknown ptr.generic 192.0.2.1"},
			[]string{"unknown dmarc.missing d.example", "unknown ptr.generic 192.0.2.1"}},
		{"not known before either, or failed", []string{"unknown dmarc.missing d.example", "fail spf.missing d.example"}, []string{"unknown dmarc.missing d.example", "unknown spf.missing d.example"}, []string{}},
		{"not known before", []string{"unknown dmarc.missing d.example"}, []string{"warn dmarc.missing d.example"}, []string{"warn dmarc.missing d.example"}},
		{"notes and passes are left alone", nil, []string{"pass spf.missing d.example", "info spf.ptr d.example"}, []string{"pass spf.missing d.example", "info spf.ptr d.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := readBaseline(saved(t, reported("other.example"), reported("d.example", c.was...)))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a batch may have the domain again
				r := reported("d.example", c.is...)
				b.accept(r)
				if diff := cmp.Diff(c.wantCount, open(r)); diff != "" {
					t.Errorf("-want +counts:\n%s", diff)
				}
			}
		})
	}
}

func TestBaselineWithoutTheDomain(t *testing.T) {
	b, err := readBaseline(saved(t, reported("other.example", "fail spf.missing d.example")))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []baseline{b, nil} {
		r := reported("d.example", "fail spf.missing d.example")
		b.accept(r)
		if len(open(r)) != 1 {
			t.Error("a failure of a domain that the baseline does not have is accepted")
		}
	}
	if _, err := readBaseline("/nonexistent/old.json"); err == nil {
		t.Error("a baseline that is not there passes")
	}
}

func TestSuppressions(t *testing.T) {
	l, err := readSuppressions(file(t, `
- rule: ptr.generic
  subject: 192.0.2.25
  reason: the provider changes it
  until: 2026-11-22
- rule: dmarc.missing
  reason: "not ours: moves away"
  until: "2027-03-31"
- rule: spf.missing
  subject: News.example.
  reason: over
  until: 2026-11-21
`))
	if err != nil {
		t.Fatal(err)
	}
	r := reported("d.example", "warn ptr.generic 192.0.2.25", "warn ptr.generic 192.0.2.26", "fail dmarc.missing d.example", "fail spf.missing news.example", "pass dmarc.missing x.example")
	suppress(l, r)
	if diff := cmp.Diff([]string{"warn ptr.generic 192.0.2.26", "fail spf.missing news.example", "pass dmarc.missing x.example"}, open(r)); diff != "" {
		t.Errorf("-want +counts:\n%s", diff)
	}
	if got, want := *r.Findings[2].Accepted, (audit.Accepted{By: "suppression", Reason: "not ours: moves away", Until: "2027-03-31"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// Its last day counts whole, and ends with the day in UTC.
	r = reported("d.example", "warn ptr.generic 192.0.2.25", "fail spf.missing news.example")
	r.StartedAt = time.Date(2026, 11, 22, 0, 30, 0, 0, time.FixedZone("", 3600)) // the 21st
	if suppress(l, r); len(open(r)) != 0 {
		t.Errorf("on the day before: %v", open(r))
	}
	r = reported("d.example", "warn ptr.generic 192.0.2.25")
	r.StartedAt = r.StartedAt.Add(time.Hour)
	if suppress(l, r); len(open(r)) != 1 {
		t.Error("on the day after it counts still")
	}
}

func TestExpiredSuppressionsAreTold(t *testing.T) {
	var b strings.Builder
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	tellExpired(World{Stderr: &b}, []suppression{
		{Rule: "spf.missing", Subject: "news.example", Reason: "soon\x1b", Until: "2026-11-21", at: "s.yaml:3"}, {Rule: "ptr.generic", Until: "2026-11-22", at: "s.yaml:7"}}, now)
	if want := "mailaudit: s.yaml:3: the suppression of spf.missing news.example ended on 2026-11-21, and counts no longer: soon\\x1b\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestSuppressionsRefused(t *testing.T) {
	const good = "  reason: r\n  until: 2027-03-31\n"
	for name, c := range map[string]struct{ text, want string }{
		"no rule":          {"- rule: spf.mising\n" + good, `:1: rule "spf.mising" is no rule`},
		"nothing":          {"- subject: a\n" + good, `:1: rule "" is no rule`},
		"no reason":        {"\n- rule: spf.missing\n  until: 2027-03-31\n", ":2: spf.missing is suppressed without a reason"},
		"no day":           {"- rule: spf.missing\n  reason: r\n", `until ""`},
		"no such day":      {"- rule: spf.missing\n  reason: r\n  until: 2027-02-31\n", `until "2027-02-31"`},
		"no day but words": {"- rule: spf.missing\n  reason: r\n  until: soon\n", `until "soon"`},
		"another key":      {"- rule: spf.missing\n  resaon: r\n", `:2: unknown field "resaon"`},
		"no list":          {"rule: spf.missing\n", ":1: "},
		"an empty entry":   {"-\n- rule: spf.missing\n" + good, "entry 1 is empty"},
		"no YAML":          {"- rule: [\n", ":1: "},
	} {
		_, err := readSuppressions(file(t, c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestAcceptedDoesNotCount(t *testing.T) {
	r := reported("d.example", "fail spf.missing d.example", "warn ptr.generic 192.0.2.1", "unknown dmarc.missing d.example", "info spf.ptr d.example")
	for i := range r.Findings {
		r.Findings[i].Accepted = &audit.Accepted{By: "baseline"}
	}
	for _, failOn := range failOns {
		if code, why := outcome(r, failOn, 0); code != exitOK || why != "exit 0 (3 findings accepted)" {
			t.Errorf("--fail-on %s: %d, %s", failOn, code, why)
		}
		if s := pluginState(r, failOn, 0); s != "OK" {
			t.Errorf("--fail-on %s: %s", failOn, s)
		}
	}
	r.Findings[1].Accepted = nil
	if code, why := outcome(r, "warn", 0); code != exitFindings || why != "exit 1: 1 finding at warn (2 findings accepted)" {
		t.Errorf("%d, %s", code, why)
	}
}

func TestPluginState(t *testing.T) {
	low := 40
	for _, c := range []struct {
		finding, failOn string
		minScore        int
		want            string
	}{
		{"pass spf.missing d.example", "fail", 0, "OK"},
		{"fail spf.missing d.example", "fail", 0, "CRITICAL"},
		{"fail spf.missing d.example", "never", 0, "OK"},
		{"warn spf.missing d.example", "fail", 0, "WARNING"},
		{"warn spf.missing d.example", "warn", 0, "CRITICAL"},
		{"warn spf.missing d.example", "never", 0, "OK"},
		{"unknown spf.missing d.example", "fail", 0, "UNKNOWN"},
		{"unknown spf.missing d.example", "unknown", 0, "CRITICAL"},
		{"pass spf.missing d.example", "fail", 50, "CRITICAL"},
	} {
		r := reported("d.example", c.finding)
		r.Score, r.ScoreLow = &low, &low
		if got := pluginState(r, c.failOn, c.minScore); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
