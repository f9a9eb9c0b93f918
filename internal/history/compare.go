package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/audit"
	"mailaudit/internal/clip"
)

// The kinds of a Change.
const (
	Worse  = "worse"
	Better = "better"
	Other  = "other" // neither, or nobody can tell: a record that was edited, an audit that judged something else
)

// Change is one difference between two audits of a domain, in words. The words hold what DNS and servers said: whoever shows
// them makes them inert.
type Change struct {
	Kind    string `json:"kind"`
	Area    string `json:"area"`    // "" of the whole report
	Rule    string `json:"rule"`    // of a finding
	Subject string `json:"subject"` // of a finding or a listing
	Text    string `json:"text"`
}

// Compare says what changed from one report of a domain to a later one: what was asked first, since all else rests on it, then
// what got worse, then what got better. What one of the two could not find out has not changed, unless the verdict rests on it:
// else every list that does not answer one night would come and go. A rule that the earlier audit did not judge is no new
// problem, and is told as such.
func Compare(before, after *audit.Report) []Change {
	c := comparison{before: before, after: after}
	c.settings()
	told := len(c.changes)
	c.outcome()
	c.listings()
	c.records()
	c.findings()
	c.forecast()
	order := []string{Worse, Better, Other}
	slices.SortStableFunc(c.changes[told:], func(a, b Change) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
	return c.changes
}

type comparison struct {
	before, after *audit.Report
	changes       []Change
}

func (c *comparison) add(kind, area, rule, subject, format string, args ...any) {
	c.changes = append(c.changes, Change{Kind: kind, Area: area, Rule: rule, Subject: subject, Text: fmt.Sprintf(format, args...)})
}

// days are when the two audits were made, with the time of day where the day is the same.
func (c *comparison) days() (before, after string) {
	layout := "2006-01-02"
	if c.before.StartedAt.UTC().Format(layout) == c.after.StartedAt.UTC().Format(layout) {
		layout = "2006-01-02 15:04:05"
	}
	return c.before.StartedAt.UTC().Format(layout), c.after.StartedAt.UTC().Format(layout)
}

// kind is that of a number that should be low: worse where it rose.
func kind(before, after int) string {
	switch {
	case after > before:
		return Worse
	case after < before:
		return Better
	}
	return Other
}

// settings are what the audit was told and not what it found.
func (c *comparison) settings() {
	if c.before.Version != c.after.Version {
		c.add(Other, "", "", "", "mailaudit %s -> %s: its rules may differ", c.before.Version, c.after.Version)
	}
	if c.before.Profile != c.after.Profile {
		c.add(Other, "", "", "", "profile %s -> %s", c.before.Profile, c.after.Profile)
	}
	c.sets("", "addresses judged", addresses(c.before), addresses(c.after))
	before, after := areas(c.before), areas(c.after)
	for _, area := range union(before, after) {
		switch was, is := in(before, area), in(after, area); {
		case is && !was:
			c.add(Other, area, "", "", "%s is judged, and was not before, or there was nothing to judge", area)
		case was && !is:
			c.add(Other, area, "", "", "%s is not judged any more, or there is nothing to judge", area)
		}
	}
}

// addresses are those that the report was made for.
func addresses(r *audit.Report) []string {
	var l []string
	for _, s := range r.Evidence.Sources {
		l = append(l, s.IP)
	}
	return l
}

// areas are those of the findings: a rule that holds gives one, too.
func areas(r *audit.Report) []string {
	var l []string
	for _, f := range r.Findings {
		l = append(l, f.Area)
	}
	return union(l, nil)
}

// union is every text once, in their order.
func union(a, b []string) []string {
	l := slices.Concat(a, b)
	slices.Sort(l)
	return slices.Compact(l)
}

// in looks a text up in what union gives. Reports of a file may be anybody's, and their lists of any length.
func in(l []string, text string) bool {
	_, found := slices.BinarySearch(l, text)
	return found
}

// sets tells what joined and what left a list.
func (c *comparison) sets(area, what string, before, after []string) {
	var l []string
	before, after = union(before, nil), union(after, nil)
	for _, x := range union(before, after) {
		switch was, is := in(before, x), in(after, x); {
		case is && !was:
			l = append(l, "+"+x)
		case was && !is:
			l = append(l, "-"+x)
		}
	}
	if len(l) > 0 {
		c.add(Other, area, "", "", "%s: %s", what, some(l))
	}
}

// some are the first of a list, and how many there are beside them.
func some(l []string) string {
	const most = 8
	if len(l) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(l[:most], ", "), len(l)-most)
	}
	return strings.Join(l, ", ")
}

// outcome is verdict and score.
func (c *comparison) outcome() {
	if b, a := c.before.Verdict, c.after.Verdict; a != b {
		rank := map[string]int{"pass": 0, "warn": 1, "fail": 2}
		k := Other
		if b != "unknown" && a != "unknown" {
			k = kind(rank[b], rank[a])
		}
		c.add(k, "", "", "", "verdict %s -> %s", b, a)
	}
	b, a := c.before.Score, c.after.Score
	k := Other
	switch {
	case b != nil && a != nil && *b != *a:
		k = kind(*a, *b) // a high one is good
	case (b == nil) == (a == nil): // the grade alone follows the coverage, which is what could be found out
		return
	}
	c.add(k, "", "", "", "score %s -> %s", points(c.before), points(c.after))
}

// points is the score with its grade.
func points(r *audit.Report) string {
	switch {
	case r.Score == nil:
		return "none"
	case r.Grade == nil:
		return fmt.Sprintf("%d (no grade)", *r.Score)
	}
	return fmt.Sprintf("%d (%s)", *r.Score, *r.Grade)
}

type target struct{ zone, name string }

// listed are the answers of the blocklists, by list and target.
func listed(r *audit.Report) map[target]audit.Listing {
	m := map[target]audit.Listing{}
	for _, l := range r.Evidence.DNSBL {
		m[target{l.Zone, l.Target}] = l
	}
	return m
}

// listings are what blocklists and allowlists say.
func (c *comparison) listings() {
	was := listed(c.before)
	day, now := c.days()
	for _, l := range c.after.Evidence.DNSBL {
		b, asked := was[target{l.Zone, l.Target}]
		worse, better := Worse, Better
		if l.Status == "listed" && harmless(l) || b.Status == "listed" && harmless(b) {
			worse, better = Other, Other
		}
		switch {
		case l.Status == "listed" && b.Status == "clean":
			c.add(worse, "dnsbl", "", l.Target, "%s is listed on %s since %s, and was not on %s", l.Target, l.Zone, now, day)
		case l.Status == "listed" && b.Status == "listed" && !same(b.Codes, l.Codes):
			c.add(Other, "dnsbl", "", l.Target, "%s is listed on %s for another reason: %s -> %s", l.Target, l.Zone, strings.Join(b.Codes, ", "), strings.Join(l.Codes, ", "))
		case l.Status == "listed" && asked && b.Status != "listed":
			c.add(worse, "dnsbl", "", l.Target, "%s is listed on %s, seen on %s; on %s the list did not say", l.Target, l.Zone, now, day)
		case l.Status == "listed" && !asked:
			c.add(worse, "dnsbl", "", l.Target, "%s is listed on %s, seen on %s; on %s the list was not asked about it", l.Target, l.Zone, now, day)
		case l.Status == "clean" && b.Status == "listed":
			c.add(better, "dnsbl", "", l.Target, "%s is no longer listed on %s", l.Target, l.Zone)
		}
	}
}

// harmless is a listing that costs nobody mail: an allowlist, or a list that hardly anybody uses.
func harmless(l audit.Listing) bool { return l.Severity == "" || l.Severity == "info" }

func same(a, b []string) bool { return slices.Equal(union(a, nil), union(b, nil)) }

// records are what the domain publishes. Where one of the two audits could not find it out, nothing is said.
func (c *comparison) records() {
	b, a := c.before.Evidence, c.after.Evidence
	if known(b.SPF.Status, a.SPF.Status) {
		c.edited("spf", "SPF record", spfText(b.SPF), spfText(a.SPF))
		if b.SPF.Lookups != a.SPF.Lookups && b.SPF.Tree != nil && a.SPF.Tree != nil {
			c.add(overLimit(b.SPF.Lookups, a.SPF.Lookups), "spf", "", "", "SPF lookups %d -> %d, where 10 are allowed", b.SPF.Lookups, a.SPF.Lookups)
		}
	}
	if known(b.DMARC.Status, a.DMARC.Status) {
		if p, q := policy(b.DMARC), policy(a.DMARC); p != q {
			c.add(Other, "dmarc", "", "", "DMARC policy %s -> %s", p, q)
		}
		c.edited("dmarc", "DMARC record", b.DMARC.Record, a.DMARC.Record)
	}
	if known(b.MX.Status, a.MX.Status) {
		c.sets("mx", "MX hosts", hosts(b.MX), hosts(a.MX))
	}
	c.keys()
	c.reverse()
}

func known(states ...string) bool {
	return !slices.ContainsFunc(states, func(s string) bool { return s == "unknown" || s == "" })
}

// overLimit is worse or better where the limit of RFC 7208 4.6.4 lies between.
func overLimit(before, after int) string {
	const most = 10
	return kind(max(before, most), max(after, most))
}

func spfText(s audit.SPF) string {
	l := slices.Clone(s.Records) // several stand in any order
	slices.Sort(l)
	return strings.Join(l, " | ")
}

func (c *comparison) edited(area, what, before, after string) {
	switch {
	case before == after:
	case before == "":
		c.add(Other, area, "", "", "%s: there is one now: %s", what, clip.Text(after, maxRecord))
	case after == "":
		c.add(Other, area, "", "", "%s: there is none any more; it was %s", what, clip.Text(before, maxRecord))
	default:
		c.add(Other, area, "", "", "%s: %s -> %s", what, clip.Text(before, maxRecord), clip.Text(after, maxRecord))
	}
}

// maxRecord bounds a record in a line of text, in octets; the report has it whole.
const maxRecord = 500

func policy(d audit.DMARC) string { return cmp.Or(d.EffectivePolicy, "none published") }

func hosts(m audit.MX) []string {
	var l []string
	for _, h := range m.Hosts {
		l = append(l, fmt.Sprintf("%d %s", h.Preference, h.Host))
	}
	return l
}

// keys are the DKIM keys of both reports.
func (c *comparison) keys() {
	was := map[string]audit.Key{}
	for _, k := range c.before.Evidence.DKIM.Keys {
		was[k.Name] = k
	}
	for _, k := range c.after.Evidence.DKIM.Keys {
		b, ok := was[k.Name]
		switch {
		case !ok || !known(b.Status, k.Status):
		case b.Status != k.Status:
			kind := Other
			if b.Status == "valid" {
				kind = Worse
			} else if k.Status == "valid" {
				kind = Better
			}
			c.add(kind, "dkim", "", k.Name, "DKIM key of selector %s: %s -> %s", k.Selector, b.Status, k.Status)
		case b.Record != k.Record:
			c.add(Other, "dkim", "", k.Name, "DKIM key of selector %s is another", k.Selector)
		}
	}
}

// reverse is the names of the sending addresses.
func (c *comparison) reverse() {
	was := map[string]audit.Source{}
	for _, s := range c.before.Evidence.Sources {
		was[s.IP] = s
	}
	seen := map[string]bool{} // an address may send in several streams
	for _, s := range c.after.Evidence.Sources {
		b, ok := was[s.IP]
		if ok && !seen[s.IP] && known(b.FCrDNS, s.FCrDNS) {
			c.sets("ptr", "PTR of "+s.IP, b.PTR, s.PTR)
		}
		seen[s.IP] = true
	}
}

type about struct{ rule, subject string }

// worst are the findings that speak where there are several about one subject, by their places.
func worst(r *audit.Report) map[about]int {
	m := map[about]int{}
	for i, f := range r.Findings {
		k := about{f.Rule, f.Subject}
		if w, ok := m[k]; notable(f) && (!ok || severity(f.Status) > severity(r.Findings[w].Status)) {
			m[k] = i
		}
	}
	return m
}

// tally is how often a rule says each status of a subject.
type tally struct{ warn, fail, unknown int }

func (t tally) of(status string) int {
	switch status {
	case "warn":
		return t.warn
	case "fail":
		return t.fail
	}
	return t.unknown
}

// counted are the statuses that notable findings may have.
func counted(r *audit.Report) map[about]tally {
	m := map[about]tally{}
	for _, f := range r.Findings {
		k := about{f.Rule, f.Subject}
		t := m[k]
		switch f.Status {
		case "warn":
			t.warn++
		case "fail":
			t.fail++
		case "unknown":
			t.unknown++
		default:
			continue
		}
		m[k] = t
	}
	return m
}

// severity orders the statuses that somebody has to act on; 0 of others.
func severity(status string) int { return slices.Index([]string{"warn", "fail"}, status) + 1 }

// findings are the rules that are violated now and were not, and the other way round. Messages are not compared: they hold
// counts and dates.
func (c *comparison) findings() {
	was, is := counted(c.before), counted(c.after)
	judgedBefore, judgedAfter := judged(c.before), judged(c.after)
	speak, listed := worst(c.after), c.targets()
	day, _ := c.days()
	told := map[about]bool{}
	for _, f := range c.after.Findings {
		k := about{f.Rule, f.Subject}
		if told[k] || f.Area == "dnsbl" && listed[f.Subject] || !notable(f) {
			continue
		}
		b := was[k]
		f = c.after.Findings[speak[k]]
		told[k] = true
		switch {
		case f.Status == "unknown":
			if b.unknown == 0 {
				c.add(Other, f.Area, f.Rule, f.Subject, "%s could not be found out: %s", f.Rule, f.Message)
			}
		case b.fail > 0 && f.Status == "warn":
			c.add(Better, f.Area, f.Rule, f.Subject, "%s is a warning and no failure any more: %s", f.Rule, f.Message)
		case b.warn > 0 && f.Status == "fail":
			c.add(Worse, f.Area, f.Rule, f.Subject, "%s fails, and was a warning: %s", f.Rule, f.Message)
		case b.of(f.Status) >= is[k].of(f.Status):
		case b.of(f.Status) > 0:
			c.add(Worse, f.Area, f.Rule, f.Subject, "%s in %d cases instead of %d: %s", f.Rule, is[k].of(f.Status), b.of(f.Status), f.Message)
		case judgedBefore.has(f, c.before.Version != c.after.Version):
			c.add(Worse, f.Area, f.Rule, f.Subject, "new: %s: %s", f.Rule, f.Message)
		default:
			c.add(Other, f.Area, f.Rule, f.Subject, "%s: %s (not judged on %s, or there was nothing to judge)", f.Rule, f.Message, day)
		}
	}
	gone := map[about]bool{}
	for _, f := range c.before.Findings {
		k := about{f.Rule, f.Subject}
		if told[k] || gone[k] || f.Area == "dnsbl" && listed[f.Subject] || !notable(f) {
			continue
		}
		gone[k] = true
		switch {
		case is[k].unknown > 0: // nobody knows whether it is gone
		case f.Status == "unknown":
			if judgedAfter.has(f, c.before.Version != c.after.Version) {
				c.add(Better, f.Area, f.Rule, f.Subject, "%s could be found out again", f.Rule)
			}
		case judgedAfter.doubtful(f.Rule):
		case judgedAfter.has(f, c.before.Version != c.after.Version):
			c.add(Better, f.Area, f.Rule, f.Subject, "cleared: %s: %s", f.Rule, f.Message)
		default:
			c.add(Other, f.Area, f.Rule, f.Subject, "%s is not judged any more, or there is nothing to judge; it was: %s", f.Rule, f.Message)
		}
	}
}

// notable is a finding that verdict or exit code may rest on.
func notable(f audit.Finding) bool {
	return severity(f.Status) > 0 || f.Status == "unknown" && f.Deciding
}

// targets are those of which a change of their listings is told: that of a finding about them is the same.
func (c *comparison) targets() map[string]bool {
	m := map[string]bool{}
	for _, x := range c.changes {
		if x.Area == "dnsbl" && x.Rule == "" && x.Subject != "" {
			m[x.Subject] = true
		}
	}
	return m
}

// scope is what a report judged: rules, those that left a subject open, and areas.
type scope struct{ rules, open, areas map[string]bool }

func judged(r *audit.Report) scope {
	s := scope{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, f := range r.Findings {
		s.rules[f.Rule], s.areas[f.Area] = true, true
		if f.Status == "unknown" {
			s.open[f.Rule] = true
		}
	}
	return s
}

// has says whether the rule of a finding was judged in the other report. One that gives no finding there had nothing to judge,
// if the program is the same; another version may not have had the rule.
func (s scope) has(f audit.Finding, otherVersion bool) bool {
	return s.rules[f.Rule] || s.areas[f.Area] && !otherVersion
}

// doubtful says whether a rule left a subject open: what it says of others proves nothing.
func (s scope) doubtful(rule string) bool { return s.open[rule] }

// forecast is what receivers would answer. One that could not be foretold has not changed.
func (c *comparison) forecast() {
	order := []string{"accept", "spam", "defer", "reject"}
	type which struct{ receiver, setup, stream string }
	was := map[which]string{}
	for _, f := range c.before.Forecast {
		was[which{f.Receiver, f.Setup, f.Stream}] = f.Verdict
	}
	turned := map[[2]string][]string{}
	var turns [][2]string
	for _, f := range c.after.Forecast {
		b, ok := was[which{f.Receiver, f.Setup, f.Stream}]
		if !ok || b == f.Verdict || !known(b, f.Verdict) {
			continue
		}
		turn := [2]string{b, f.Verdict}
		if turned[turn] == nil {
			turns = append(turns, turn)
		}
		name := cmp.Or(f.Setup, f.Receiver)
		if len(c.after.Streams) > 1 {
			name += " (" + f.Stream + ")"
		}
		turned[turn] = append(turned[turn], name)
	}
	for _, t := range turns {
		c.add(kind(slices.Index(order, t[0]), slices.Index(order, t[1])), "", "", "", "forecast of %s: %s -> %s", some(union(turned[t], nil)), t[0], t[1])
	}
}
