package cli

import (
	"strings"
	"testing"
	"time"

	"mailaudit/internal/audit"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"": {}, "2026-11-01": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "30d": now.AddDate(0, 0, -30), "0d": now, "36h": now.Add(-36 * time.Hour), "90s": now.Add(-90 * time.Second),
	} {
		if got, err := moment(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"yesterday", "d", "-3d", "-3h", "3", "99999999999d", "2026-13-01", "1.5d"} {
		if got, err := moment(s, now); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"shop.example", "shop.example", 0}, {"shpo.example", "shop.example", 2}, {"shop.exampel", "shop.example", 2},
		{"shp.example", "shop.example", 1}, {"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("%q %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestUTF8Terminal(t *testing.T) {
	for _, c := range []struct {
		env  string
		want bool
	}{
		{"", false}, {"LANG=C.UTF-8", true}, {"LANG=de_DE.utf8", true}, {"LANG=C", false}, {"LANG=C.UTF-8 LC_CTYPE=C", false}, {"LANG=C LC_CTYPE=C.UTF-8", true},
		{"LC_ALL=C LC_CTYPE=C.UTF-8 LANG=C.UTF-8", false}, {"LC_ALL= LANG=C.UTF-8", true},
	} {
		w := World{LookupEnv: func(k string) (string, bool) {
			for pair := range strings.FieldsSeq(c.env) {
				if name, v, _ := strings.Cut(pair, "="); name == k {
					return v, true
				}
			}
			return "", false
		}}
		if got := utf8Terminal(w); got != c.want {
			t.Errorf("%q: %v", c.env, got)
		}
	}
}

// TestSilent: what --quiet leaves out, and what it never does.
func TestSilent(t *testing.T) {
	clean := &audit.Report{Domain: "a.example", Findings: []audit.Finding{{Status: "pass"}, {Status: "info"}, {Status: "unknown"}}}
	known := &audit.Report{Domain: "a.example", Findings: []audit.Finding{{Status: "fail", Accepted: &audit.Accepted{By: "baseline"}}}}
	bad := func(status string) *audit.Report {
		return &audit.Report{Domain: "a.example", Findings: []audit.Finding{{Status: status, Deciding: true}}}
	}
	base := baseline{"a.example": {}}
	for _, c := range []struct {
		name    string
		job     job
		report  *audit.Report
		changed bool
		want    bool
	}{
		{"nothing changed", job{past: &past{}}, bad("fail"), false, true},
		{"something changed", job{past: &past{}}, clean, true, false},
		{"neither history nor baseline", job{}, clean, false, false},
		{"known to the baseline", job{known: base}, known, true, true},
		{"nothing to know", job{known: base}, clean, true, true},
		{"new", job{known: base}, bad("fail"), true, false},
		{"a new warning", job{known: base}, bad("warn"), true, false},
		{"a new question", job{known: base}, bad("unknown"), true, false},
		{"a domain that the baseline does not have", job{known: baseline{"b.example": {}}}, clean, true, false},
		{"the history goes first", job{past: &past{}, known: base}, known, true, false},
		{"to a file", job{past: &past{}, out: outputOptions{file: "x"}}, clean, false, false},
		{"to stdout by its sign", job{past: &past{}, out: outputOptions{file: "-"}}, clean, false, true},
		{"nagios", job{past: &past{}, out: outputOptions{format: "nagios"}}, clean, false, false},
		{"prometheus", job{past: &past{}, out: outputOptions{format: "prometheus"}}, clean, false, false},
		{"the file of --resume", job{past: &past{}, resumed: &resumption{}}, clean, false, false},
	} {
		c.job.out.quiet = true
		if got := c.job.silent(c.report, c.changed); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		c.job.out.quiet = false
		if c.job.silent(c.report, c.changed) {
			t.Errorf("%s, and not quiet: silent", c.name)
		}
	}
}
