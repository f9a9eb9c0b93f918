package history

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
)

// healthy is a report of a domain in order, in the shape in which audits write it.
func healthy() *audit.Report {
	score, grade := 100, "A+"
	return &audit.Report{SchemaVersion: 1, Version: "1.0", Domain: "a.example", Profile: "sender", Verdict: "pass", Score: &score, ScoreLow: &score, Grade: &grade,
		Coverage: 1, StartedAt: time.Date(2026, 11, 19, 4, 0, 0, 0, time.UTC),
		Streams: []audit.Stream{{Name: "default"}},
		Evidence: audit.Evidence{
			Sources: []audit.Source{{IP: "192.0.2.25", Stream: "default", FCrDNS: "pass", PTR: []string{"mail.a.example"}}},
			MX:      audit.MX{Status: "found", Hosts: []audit.MXHost{{Host: "mx.a.example", Preference: 10}}},
			SPF:     audit.SPF{Status: "found", Record: "v=spf1 ip4:192.0.2.25 ~all", Records: []string{"v=spf1 ip4:192.0.2.25 ~all"}, Lookups: 7, Tree: &audit.SPFNode{}},
			DKIM:    audit.DKIM{Keys: []audit.Key{{Selector: "s1", Name: "s1._domainkey.a.example", Status: "valid", Record: "p=A"}}},
			DMARC:   audit.DMARC{Status: "found", Record: "v=DMARC1; p=none", EffectivePolicy: "none"},
			DNSBL: []audit.Listing{{Zone: "zen.spamhaus.org", Target: "192.0.2.25", Status: "clean", Severity: "major"},
				{Zone: "list.dnswl.org", Target: "192.0.2.25", Status: "clean"}},
		},
		Findings: []audit.Finding{
			{Rule: "ptr.missing", Area: "ptr", Status: "pass", Subject: "a.example", Message: "every sending address has a PTR record"},
			{Rule: "ptr.generic", Area: "ptr", Status: "pass", Subject: "a.example"},
			{Rule: "dmarc.p-none", Area: "dmarc", Status: "warn", Subject: "_dmarc.a.example", Message: "p=none since 40 days"},
			{Rule: "dnsbl.listed-major", Area: "dnsbl", Status: "pass", Subject: "a.example"},
		},
		Forecast: []audit.Forecast{{Receiver: "gmail", Stream: "default", Verdict: "accept"}, {Receiver: "gmx", Stream: "default", Verdict: "accept"},
			{Receiver: "yahoo", Stream: "default", Verdict: "unknown"}},
	}
}

// set gives a rule of a report another status about a subject, and a message.
func set(r *audit.Report, rule, status, subject string) {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Rule == rule {
			f.Status, f.Subject, f.Message, f.Deciding = status, subject, "what is wrong", status == "unknown"
			return
		}
	}
	area, _, _ := strings.Cut(rule, ".")
	r.Findings = append(r.Findings, audit.Finding{Rule: rule, Area: area, Status: status, Subject: subject, Message: "what is wrong"})
}

func drop(r *audit.Report, so func(audit.Finding) bool) {
	r.Findings = slices.DeleteFunc(r.Findings, so)
}

func area(name string) func(audit.Finding) bool {
	return func(f audit.Finding) bool { return f.Area == name }
}

func TestCompare(t *testing.T) {
	type edit = func(b, a *audit.Report)
	const ip = "192.0.2.25"
	listing := func(r *audit.Report, i int, status string, codes ...string) {
		r.Evidence.DNSBL[i].Status, r.Evidence.DNSBL[i].Codes = status, codes
	}
	for _, c := range []struct {
		name string
		edit edit
		want []string // kind and text
	}{
		{"nothing", func(_, _ *audit.Report) {}, nil},
		{"what varies by itself", func(_, a *audit.Report) {
			a.DurationMS, a.DNSQueries, a.Coverage = 9, 9, 0.9
			grade := "A"
			a.Grade, a.Findings[2].Message = &grade, "p=none since 41 days"
			slices.Reverse(a.Findings)
			slices.Reverse(a.Evidence.DNSBL)
		}, nil},
		{"verdict and score", func(_, a *audit.Report) {
			score, grade := 59, "F"
			a.Verdict, a.Score, a.Grade = "fail", &score, &grade
		}, []string{"worse verdict pass -> fail", "worse score 100 (A+) -> 59 (F)"}},
		{"verdict and score, back", func(b, _ *audit.Report) {
			score := 96
			b.Verdict, b.Score, b.Grade = "warn", &score, nil
		}, []string{"better verdict warn -> pass", "better score 96 (no grade) -> 100 (A+)"}},
		{"nothing known", func(_, a *audit.Report) { a.Verdict, a.Score, a.Grade = "unknown", nil, nil },
			[]string{"other verdict pass -> unknown", "other score 100 (A+) -> none"}},
		{"profile and addresses", func(_, a *audit.Report) {
			a.Profile = "bulk"
			a.Evidence.Sources = append(a.Evidence.Sources, audit.Source{IP: "192.0.2.26"}, audit.Source{IP: ip, Stream: "two", FCrDNS: "pass", PTR: []string{"mail.a.example"}})
		}, []string{"other profile sender -> bulk", "other addresses judged: +192.0.2.26"}},

		{"listed", func(_, a *audit.Report) {
			listing(a, 0, "listed", "127.0.0.2")
			set(a, "dnsbl.listed-major", "fail", ip)
		}, []string{"worse 192.0.2.25 is listed on zen.spamhaus.org since 2026-11-20, and was not on 2026-11-19"}},
		{"listed the same day", func(b, a *audit.Report) {
			listing(a, 0, "listed")
			a.StartedAt = b.StartedAt.Add(time.Minute)
		}, []string{"worse 192.0.2.25 is listed on zen.spamhaus.org since 2026-11-19 04:01:00, and was not on 2026-11-19 04:00:00"}},
		{"listed, and nobody knows since when", func(b, a *audit.Report) { listing(b, 0, "refused"); listing(a, 0, "listed") },
			[]string{"worse 192.0.2.25 is listed on zen.spamhaus.org, seen on 2026-11-20; on 2026-11-19 the list did not say"}},
		{"listed on a list that was not asked", func(b, a *audit.Report) { b.Evidence.DNSBL = b.Evidence.DNSBL[1:]; listing(a, 0, "listed") },
			[]string{"worse 192.0.2.25 is listed on zen.spamhaus.org, seen on 2026-11-20; on 2026-11-19 the list was not asked about it"}},
		{"listed for another reason", func(b, a *audit.Report) { listing(b, 0, "listed", "127.0.0.2"); listing(a, 0, "listed", "127.0.0.4") },
			[]string{"other 192.0.2.25 is listed on zen.spamhaus.org for another reason: 127.0.0.2 -> 127.0.0.4"}},
		{"codes in another order", func(b, a *audit.Report) {
			listing(b, 0, "listed", "127.0.0.2", "127.0.0.4")
			listing(a, 0, "listed", "127.0.0.4", "127.0.0.2")
		}, nil},
		{"no longer listed", func(b, a *audit.Report) { listing(b, 0, "listed"); set(b, "dnsbl.listed-major", "fail", ip) },
			[]string{"better 192.0.2.25 is no longer listed on zen.spamhaus.org"}},
		{"a list that does not answer", func(_, a *audit.Report) { listing(a, 0, "unknown") }, nil},
		{"a listing that nobody can see any more", func(b, a *audit.Report) {
			listing(b, 0, "listed")
			listing(a, 0, "unknown")
			set(b, "dnsbl.listed-major", "fail", ip)
			set(a, "dnsbl.listed-major", "unknown", ip)
			a.Findings[3].Deciding = false
		}, nil},
		{"on an allowlist", func(_, a *audit.Report) { listing(a, 1, "listed") },
			[]string{"other 192.0.2.25 is listed on list.dnswl.org since 2026-11-20, and was not on 2026-11-19"}},

		{"SPF", func(_, a *audit.Report) {
			a.Evidence.SPF.Records, a.Evidence.SPF.Lookups = []string{"v=spf1 mx ~all"}, 11
		}, []string{"worse SPF lookups 7 -> 11, where 10 are allowed", "other SPF record: v=spf1 ip4:192.0.2.25 ~all -> v=spf1 mx ~all"}},
		{"SPF within the limit", func(_, a *audit.Report) { a.Evidence.SPF.Lookups = 8 }, []string{"other SPF lookups 7 -> 8, where 10 are allowed"}},
		{"SPF gone", func(_, a *audit.Report) { a.Evidence.SPF = audit.SPF{Status: "none"} },
			[]string{"other SPF record: there is none any more; it was v=spf1 ip4:192.0.2.25 ~all"}},
		{"SPF unknown", func(_, a *audit.Report) { a.Evidence.SPF = audit.SPF{Status: "unknown"} }, nil},
		{"DMARC", func(_, a *audit.Report) {
			a.Evidence.DMARC.Record, a.Evidence.DMARC.EffectivePolicy = "v=DMARC1; p=reject", "reject"
		},
			[]string{"other DMARC policy none -> reject", "other DMARC record: v=DMARC1; p=none -> v=DMARC1; p=reject"}},
		{"DMARC published", func(b, _ *audit.Report) { b.Evidence.DMARC = audit.DMARC{Status: "none"} },
			[]string{"other DMARC policy none published -> none", "other DMARC record: there is one now: v=DMARC1; p=none"}},
		{"DMARC unknown", func(b, _ *audit.Report) { b.Evidence.DMARC = audit.DMARC{Status: "unknown"} }, nil},
		{"MX", func(_, a *audit.Report) {
			a.Evidence.MX.Hosts = []audit.MXHost{{Host: "mx2.a.example", Preference: 10}}
		}, []string{"other MX hosts: -10 mx.a.example, +10 mx2.a.example"}},
		{"MX unknown", func(_, a *audit.Report) { a.Evidence.MX = audit.MX{Status: "unknown"} }, nil},
		{"key gone", func(_, a *audit.Report) { a.Evidence.DKIM.Keys[0].Status = "missing" },
			[]string{"worse DKIM key of selector s1: valid -> missing"}},
		{"key back", func(b, _ *audit.Report) { b.Evidence.DKIM.Keys[0].Status = "revoked" },
			[]string{"better DKIM key of selector s1: revoked -> valid"}},
		{"key unknown", func(b, _ *audit.Report) { b.Evidence.DKIM.Keys[0].Status = "unknown" }, nil},
		{"key rolled", func(_, a *audit.Report) { a.Evidence.DKIM.Keys[0].Record = "p=B" }, []string{"other DKIM key of selector s1 is another"}},
		{"PTR", func(_, a *audit.Report) { a.Evidence.Sources[0].PTR = []string{"host-25.isp.example"} },
			[]string{"other PTR of 192.0.2.25: +host-25.isp.example, -mail.a.example"}},
		{"PTR of an address in two streams", func(_, a *audit.Report) {
			a.Evidence.Sources[0].PTR = nil
			a.Evidence.Sources = append(a.Evidence.Sources, a.Evidence.Sources[0])
		}, []string{"other PTR of 192.0.2.25: -mail.a.example"}},
		{"PTR unknown", func(_, a *audit.Report) {
			a.Evidence.Sources[0].PTR, a.Evidence.Sources[0].FCrDNS = nil, "unknown"
		}, nil},

		{"new", func(_, a *audit.Report) { set(a, "ptr.missing", "fail", ip) }, []string{"worse new: ptr.missing: what is wrong"}},
		{"cleared", func(b, _ *audit.Report) { set(b, "ptr.missing", "fail", ip) }, []string{"better cleared: ptr.missing: what is wrong"}},
		{"failed, warns", func(b, a *audit.Report) { set(b, "ptr.missing", "fail", ip); set(a, "ptr.missing", "warn", ip) },
			[]string{"better ptr.missing is a warning and no failure any more: what is wrong"}},
		{"warned, fails", func(b, a *audit.Report) { set(b, "ptr.missing", "warn", ip); set(a, "ptr.missing", "fail", ip) },
			[]string{"worse ptr.missing fails, and was a warning: what is wrong"}},
		{"one more", func(b, a *audit.Report) {
			set(b, "ptr.missing", "warn", ip)
			set(a, "ptr.missing", "warn", ip)
			a.Findings = append(a.Findings, a.Findings[0])
		}, []string{"worse ptr.missing in 2 cases instead of 1: what is wrong"}},
		{"info", func(_, a *audit.Report) { set(a, "ptr.missing", "info", ip) }, nil},
		{"a rule of another version", func(_, a *audit.Report) { a.Version = "1.1"; set(a, "ptr.new-rule", "fail", ip) },
			[]string{"other mailaudit 1.0 -> 1.1: its rules may differ", "other ptr.new-rule: what is wrong (not judged on 2026-11-19, or there was nothing to judge)"}},
		{"a rule that another version dropped", func(b, _ *audit.Report) { b.Version = "0.9"; set(b, "ptr.old-rule", "fail", ip) },
			[]string{"other mailaudit 0.9 -> 1.0: its rules may differ", "other ptr.old-rule is not judged any more, or there is nothing to judge; it was: what is wrong"}},
		{"a rule of another version that both judged", func(_, a *audit.Report) { a.Version = "1.1"; set(a, "ptr.missing", "fail", ip) },
			[]string{"other mailaudit 1.0 -> 1.1: its rules may differ", "worse new: ptr.missing: what is wrong"}},
		{"a rule that had nothing to judge", func(_, a *audit.Report) { set(a, "ptr.no-forward", "fail", ip) }, []string{"worse new: ptr.no-forward: what is wrong"}},
		{"an area that was left out", func(b, a *audit.Report) { drop(b, area("ptr")); set(a, "ptr.missing", "fail", ip) },
			[]string{"other ptr is judged, and was not before, or there was nothing to judge",
				"other ptr.missing: what is wrong (not judged on 2026-11-19, or there was nothing to judge)"}},
		{"an area that is left out", func(b, a *audit.Report) { set(b, "ptr.missing", "fail", ip); drop(a, area("ptr")) },
			[]string{"other ptr is not judged any more, or there is nothing to judge",
				"other ptr.missing is not judged any more, or there is nothing to judge; it was: what is wrong"}},
		{"a question that decides", func(_, a *audit.Report) { set(a, "ptr.missing", "unknown", ip) }, []string{"other ptr.missing could not be found out: what is wrong"}},
		{"a question that decides, twice", func(b, a *audit.Report) { set(b, "ptr.missing", "unknown", ip); set(a, "ptr.missing", "unknown", ip) }, nil},
		{"a question that decided, and is open still", func(b, a *audit.Report) {
			set(b, "ptr.missing", "unknown", ip)
			set(a, "ptr.missing", "unknown", ip)
			a.Findings[0].Deciding = false
		}, nil},
		{"a question that decides, answered", func(b, _ *audit.Report) { set(b, "ptr.missing", "unknown", ip) }, []string{"better ptr.missing could be found out again"}},
		{"found out, and bad", func(b, a *audit.Report) { set(b, "ptr.missing", "unknown", ip); set(a, "ptr.missing", "fail", ip) },
			[]string{"worse new: ptr.missing: what is wrong"}},
		{"bad, and not known any more", func(b, a *audit.Report) {
			set(b, "ptr.missing", "fail", ip)
			set(a, "ptr.missing", "unknown", "a.example") // of the domain, and not decisive
			a.Findings[0].Deciding = false
		}, nil},

		{"forecast", func(_, a *audit.Report) {
			for i := range a.Forecast {
				a.Forecast[i].Verdict = "reject"
			}
		}, []string{"worse forecast of gmail, gmx: accept -> reject"}},
		{"forecast, better", func(b, a *audit.Report) { b.Forecast[0].Verdict = "defer"; a.Forecast[0].Verdict = "spam" },
			[]string{"better forecast of gmail: defer -> spam"}},
		{"forecast of a receiver that was not asked for", func(b, a *audit.Report) { b.Forecast = b.Forecast[1:]; a.Forecast[0].Verdict = "reject" }, nil},
	} {
		before, after := healthy(), healthy()
		after.StartedAt = before.StartedAt.AddDate(0, 0, 1)
		c.edit(before, after)
		var got []string
		for _, x := range Compare(before, after) {
			got = append(got, x.Kind+" "+x.Text)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

// TestCompareHostile: names and records of any length stay short.
func TestCompareHostile(t *testing.T) {
	before, after := healthy(), healthy()
	after.Evidence.SPF.Records = []string{strings.Repeat("é", 60000)}
	for range 500 {
		after.Evidence.MX.Hosts = append(after.Evidence.MX.Hosts, audit.MXHost{Host: strings.Repeat("a", 250)})
	}
	for i := range 500 {
		after.Evidence.MX.Hosts[i].Preference = i
	}
	n := 0
	for _, c := range Compare(before, after) {
		n++
		if len(c.Text) > 4000 || !strings.Contains(c.Text, "more") && !strings.Contains(c.Text, "...") {
			t.Errorf("%d octets: %.200s", len(c.Text), c.Text)
		}
	}
	if n != 2 {
		t.Errorf("%d changes", n)
	}
}

// TestCompareMany: reports of a file that is anybody's are compared in the time that it takes to read them: pair by pair each of
// these would take minutes, and all of them longer than a test may.
func TestCompareMany(t *testing.T) {
	for _, c := range []struct {
		what        string
		n           int
		grow        func(r *audit.Report, n int, name func(int) string)
		told, other int // changes at least, and the other way round
	}{
		{"findings", 150_000, func(r *audit.Report, n int, name func(int) string) {
			r.Findings = slices.Grow(r.Findings, n)
			for i := range n {
				r.Findings = append(r.Findings, audit.Finding{Rule: "spf.missing", Area: name(i), Status: "fail", Subject: name(i)})
			}
		}, 150_000, 150_000},
		{"listings", 150_000, func(r *audit.Report, n int, name func(int) string) {
			r.Evidence.DNSBL = slices.Grow(r.Evidence.DNSBL, n)
			for i := range n {
				r.Evidence.DNSBL = append(r.Evidence.DNSBL, audit.Listing{Zone: "z.example", Target: name(i), Status: "listed"})
			}
		}, 150_000, 0},
		{"hosts", 400_000, func(r *audit.Report, n int, name func(int) string) {
			r.Evidence.MX.Hosts = slices.Grow(r.Evidence.MX.Hosts, n)
			for i := range n {
				r.Evidence.MX.Hosts = append(r.Evidence.MX.Hosts, audit.MXHost{Host: name(i)})
			}
		}, 1, 1},
	} {
		digits := make([]byte, 0, 6*c.n) // all names in one piece
		for i := range c.n {
			digits = fmt.Appendf(digits, "%06d", i)
		}
		all := string(digits)
		before, after := healthy(), healthy()
		c.grow(after, c.n, func(i int) string { return all[6*i : 6*i+6] })
		for range 2 {
			if told, other := len(Compare(before, after)), len(Compare(after, before)); told < c.told || other < c.other {
				t.Fatalf("%s: %d changes, and %d the other way", c.what, told, other)
			}
		}
	}
}
