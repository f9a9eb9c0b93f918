package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/audit"
)

// tableWriter writes reports to be read: what was judged, what is wrong, what to do, and why the exit code is what it is.
type tableWriter struct {
	w     io.Writer
	o     Options
	after string // what was written last: "", report or invalid
}

func newTable(w io.Writer, o Options) *tableWriter { return &tableWriter{w: w, o: o} }

func (t *tableWriter) Report(r *audit.Report, exit string) error {
	p := newPage(t.o)
	if t.after != "" {
		p.line("")
	}
	t.after = "report"
	p.subject(r)
	p.blank()
	if err := p.findings(r, t.o.Verbose); err != nil {
		return err
	}
	p.records(r)
	if t.o.Verbose {
		if err := p.evidence(r); err != nil {
			return err
		}
	}
	p.fixes(r, t.o.Verbose)
	p.blank()
	p.items(scored(r), "coverage "+percent(r.Coverage), exit)
	return write(t.w, p.Bytes())
}

func (t *tableWriter) Invalid(line int, input string, why error) error {
	p := newPage(t.o)
	if t.after == "report" {
		p.line("")
	}
	t.after = "invalid"
	s := why.Error()
	if input != "" && !strings.Contains(s, input) {
		s = strconv.Quote(input) + ": " + s
	}
	if line > 0 {
		s = fmt.Sprintf("line %d: %s", line, s)
	}
	p.hanging(0, s)
	return write(t.w, p.Bytes())
}

func (t *tableWriter) Close() error { return nil }

// subject says what was judged, and under which assumptions.
func (p *page) subject(r *audit.Report) {
	profile := r.Profile
	if r.ProfileReason != "" {
		profile += " (" + r.ProfileReason + ")"
	}
	p.items(r.Domain, profile, senders(r), fmt.Sprintf("%s in %.2f s", count(r.DNSQueries, "question"), float64(r.DurationMS)/1000))
}

// senders says for which addresses and selectors the judgement holds.
func senders(r *audit.Report) string {
	var declared, candidates, selectors []string
	for _, s := range r.Evidence.Sources {
		if s.Declared {
			declared = append(declared, s.IP)
		} else {
			candidates = append(candidates, s.IP)
		}
	}
	for _, s := range r.Streams {
		selectors = append(selectors, s.Selectors...)
	}
	s := ""
	if n := len(r.Streams); n > 1 {
		s = count(n, "stream") + ", "
	}
	switch d, c := len(distinct(declared)), len(distinct(candidates)); {
	case d > 0:
		s += count(d, "address")
	case c > 0:
		s += count(c, "candidate address")
	default:
		s += "no address"
	}
	if n := len(distinct(selectors)); n > 0 {
		return s + ", " + count(n, "selector")
	}
	return s + ", no selector"
}

// scored says what the findings come to. Without a grade it says how far what is unknown could lower the score.
func scored(r *audit.Report) string {
	switch {
	case r.Score == nil || r.ScoreLow == nil:
		return "not scored"
	case r.Grade == nil:
		return fmt.Sprintf("score %d (no grade: what is unknown could make it %d)", *r.Score, *r.ScoreLow)
	}
	return fmt.Sprintf("score %d (%s), %d at worst", *r.Score, *r.Grade, *r.ScoreLow)
}

// percent rounds down to the tenth, so that 100 % means all.
func percent(share float64) string {
	return strconv.FormatFloat(math.Floor(share*1000+1e-6)/10, 'f', -1, 64) + " %"
}

// row is one line of the table of findings.
type row struct {
	area, status, what string
	lost               float64
	deciding           bool
	replies            []string
}

// findings writes the table, the worst first, and what it leaves out.
func (p *page) findings(r *audit.Report, verbose bool) error {
	var rows []row
	notes := 0
	for _, area := range areas(r.Findings) {
		l, n := areaRows(r, area, verbose)
		rows = append(rows, l...)
		notes += n
	}
	if len(rows) == 0 {
		p.line("  no rule of the chosen areas applies to this domain")
		return nil
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(
			cmp.Compare(rank(a.status), rank(b.status)),
			cmp.Compare(b.lost, a.lost),
			order(b.deciding)-order(a.deciding),
		)
	})
	t := table{head: []string{"AREA", "RESULT", "LOST", "WHAT"}, right: 2, word: 1}
	for _, f := range rows {
		t.rows = append(t.rows, []string{f.area, f.status, lost(f), f.what})
		for _, reply := range f.replies {
			t.rows = append(t.rows, []string{"", "", "", "answered with: " + reply})
		}
	}
	if err := p.table(t); err != nil {
		return err
	}
	if hidden := hidden(r.Evidence.DNSBL); hidden != "" || notes > 0 {
		p.blank()
		if hidden != "" {
			p.prose(2, hidden)
		}
		if notes > 0 {
			p.prose(2, count(notes, "note")+" at info not shown (-v shows all)")
		}
	}
	return nil
}

// areas are those of the findings, in their order.
func areas(l []audit.Finding) []string {
	var a []string
	for _, f := range l {
		a = append(a, f.Area)
	}
	return distinct(a)
}

// areaRows are the lines of one area: its findings, or one line that sums it up while nothing is wrong. It counts the
// notes that it leaves out.
func areaRows(r *audit.Report, area string, verbose bool) (rows []row, notes int) {
	var shown []audit.Finding
	passes, wrong, known := 0, false, false
	for _, f := range r.Findings {
		if f.Area != area {
			continue
		}
		known = known || f.Status != "unknown"
		switch f.Status {
		case "pass":
			passes++
			if verbose {
				shown = append(shown, f)
			}
			continue
		case "fail", "warn":
			wrong = true
		}
		shown = append(shown, f)
	}
	sum := ""
	if passes > 0 && !wrong && !verbose {
		sum = summary(r.Evidence, r.StartedAt, area)
	}
	if !verbose && (sum != "" || slices.ContainsFunc(shown, func(f audit.Finding) bool { return f.Status != "info" })) {
		// A note is for whoever tidies up. Who is in trouble sees it only where more than hygiene hangs on it, or
		// where it is all that there is to say about the area.
		all := len(shown)
		shown = slices.DeleteFunc(shown, func(f audit.Finding) bool { return f.Status == "info" && f.Impact == "hygiene" })
		notes = all - len(shown)
	}
	for _, g := range alike(shown, verbose) {
		rows = append(rows, g.row(r, known, verbose))
	}
	if sum == "" && len(rows) == 0 {
		sum = holds(passes)
	}
	if sum != "" {
		rows = append(rows, row{area: area, status: "pass", what: sum})
	}
	return rows, notes
}

// group is findings that say the same of several subjects.
type group []audit.Finding

// alike puts together what can be said once: unknowns of one cause, and more than a handful of subjects with one and
// the same fault, such as the addresses of a network. In full (verbose), each finding stands alone.
func alike(l []audit.Finding, verbose bool) []group {
	const handful = 4
	type key struct{ rule, status, message string }
	at := map[key]int{}
	var groups []group
	for _, f := range l {
		k := key{f.Rule, f.Status, f.Message}
		if f.Subject != "" {
			k.message = strings.ReplaceAll(f.Message, f.Subject, "\x00")
		}
		if f.Status == "unknown" {
			k.rule = ""
		}
		if i, ok := at[k]; ok && !verbose {
			groups[i] = append(groups[i], f)
			continue
		}
		at[k] = len(groups)
		groups = append(groups, group{f})
	}
	var out []group
	for _, g := range groups {
		if g[0].Status != "unknown" && len(g) <= handful {
			for _, f := range g {
				out = append(out, group{f})
			}
			continue
		}
		out = append(out, g)
	}
	return out
}

// row says what a group has in common. Known says that something in its area is known.
func (g group) row(r *audit.Report, known, verbose bool) row {
	f := g[0]
	out := row{area: f.Area, status: f.Status, lost: f.Points}
	var rules, subjects []string
	for _, f := range g {
		rules, subjects = append(rules, f.Rule), append(subjects, f.Subject)
		out.deciding = out.deciding || f.Deciding
	}
	rules, subjects = distinct(rules), distinct(subjects)
	out.what = f.Message
	if f.Status != "pass" && f.Subject != "" && f.Subject != r.Domain && !strings.Contains(f.Message, f.Subject) {
		out.what = f.Subject + ": " + f.Message
	}
	if len(subjects) > 1 {
		out.what += "; likewise " + some(subjects[1:], 2)
	}
	if f.Status == "unknown" && !known && len(rules) > 1 {
		out.what = "nothing could be found out: " + out.what
	}
	switch {
	case len(rules) > 1:
		out.what += fmt.Sprintf(" (%d rules)", len(rules))
	case verbose && len(f.References) > 0:
		out.what += " [" + f.Rule + "; " + strings.Join(f.References, ", ") + "]"
	default:
		out.what += " [" + f.Rule + "]"
	}
	if verbose && (f.Status == "fail" || f.Status == "warn") {
		out.replies = filled(f, r.Domain)
	}
	return out
}

// filled are the replies with what the finding is about in place of {ip} and {d}.
func filled(f audit.Finding, domain string) []string {
	fill := []string{"{d}", domain}
	if _, err := netip.ParseAddr(f.Subject); err == nil {
		fill = append(fill, "{ip}", f.Subject)
	}
	var l []string
	for _, s := range f.Replies {
		l = append(l, strings.NewReplacer(fill...).Replace(s))
	}
	return l
}

// lost is what a line costs; "-" where that is not known.
func lost(f row) string {
	switch n := math.Round(f.lost*10) / 10; {
	case f.status == "unknown":
		return "-"
	case n > 0:
		return strconv.FormatFloat(-n, 'f', -1, 64)
	}
	return ""
}

func rank(status string) int {
	return slices.Index([]string{"fail", "warn", "unknown", "info", "pass"}, status)
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hidden warns that a blocklist which does not answer lists nobody, whoever is on it.
func hidden(l []audit.Listing) string {
	var all, silent []string
	for _, d := range l {
		all = append(all, d.Zone)
		if d.Status == "refused" || d.Status == "unknown" {
			silent = append(silent, d.Zone)
		}
	}
	switch n, of := len(distinct(silent)), len(distinct(all)); {
	case n == 0:
		return ""
	case n == of && of > 1:
		return fmt.Sprintf("none of the %d blocklists answered: a listing would not be seen", of)
	default:
		return fmt.Sprintf("%d of %s did not answer: a listing there would not be seen", n, count(of, "blocklist"))
	}
}

// records shows the records at fault whole, since what is wrong with them is said in pieces.
func (p *page) records(r *audit.Report) {
	at := map[string]bool{}
	for _, f := range r.Findings {
		at[f.Area] = at[f.Area] || f.Status == "fail" || f.Status == "warn"
	}
	if l := r.Evidence.SPF.Records; at["spf"] {
		if len(l) == 0 && r.Evidence.SPF.Record != "" {
			l = []string{r.Evidence.SPF.Record}
		}
		p.record("SPF", r.Domain, l)
	}
	if d := r.Evidence.DMARC; at["dmarc"] && d.Record != "" {
		p.record("DMARC", d.FoundAt, []string{d.Record})
	}
}

func (p *page) record(kind, name string, l []string) {
	if len(l) == 0 {
		return
	}
	p.blank()
	if len(l) > 1 {
		p.prose(0, fmt.Sprintf("%s records of %s, %d of them", kind, name, len(l)))
	} else {
		p.prose(0, fmt.Sprintf("%s record of %s", kind, name))
	}
	for _, s := range l {
		p.whole(2, s)
	}
}

// fixes says who does what, what it wins, whether that is proven, and what to type. The order is the report's.
func (p *page) fixes(r *audit.Report, verbose bool) {
	if len(r.Fixes) == 0 {
		return
	}
	p.blank()
	if len(r.Fixes) == 1 {
		p.line("FIX")
	} else {
		p.line("FIXES, best first")
	}
	for i, f := range r.Fixes {
		p.fix(i+1, f, r.Score, verbose)
	}
}

func (p *page) fix(n int, f audit.Fix, before *int, verbose bool) {
	const indent = 5
	var gain []string
	if f.Proven {
		gain = append(gain, "proven")
	}
	switch {
	case f.ScoreAfter != nil && before != nil:
		gain = append(gain, fmt.Sprintf("%d -> %d", *before, *f.ScoreAfter))
	case f.ScoreAfter != nil:
		gain = append(gain, fmt.Sprintf("-> %d", *f.ScoreAfter))
	}
	tag := strings.Join(gain, "  ")
	edge, room := min(p.width, column), 0
	if tag != "" {
		room = len("   ") + len(tag)
	}
	for i, l := range wrap(f.Text, edge-indent-room) {
		lead := strings.Repeat(" ", indent)
		if i == 0 {
			lead = fmt.Sprintf("%3d  ", n)
			if tag != "" {
				l += strings.Repeat(" ", edge-indent-width(l)-len(tag)) + tag
			}
		}
		p.line(lead + l)
	}
	if !f.Proven && f.Reason != "" && verbose {
		p.prose(indent, "not proven: "+f.Reason)
	}
	if verbose && len(f.Rules) > 0 {
		p.prose(indent, "clears "+strings.Join(f.Rules, ", "))
	}
	for _, l := range zoneLines(f.Changes) {
		p.whole(indent, l)
	}
}

// zoneLines are the records of a change in the form of RFC 1035 5.1, what goes with "-" and what comes with "+" before
// it, one below the other.
func zoneLines(l []audit.Change) []string {
	const far = 50 // beyond which nothing is lined up
	type record struct{ sign, name, ttl, rest string }
	var all []record
	names, ttls := 0, 0
	for _, c := range l {
		ttl := ""
		if c.TTL > 0 {
			ttl = strconv.Itoa(c.TTL) + "  "
		}
		// Without the dot at the end a zone file would append its origin.
		name := strings.TrimSuffix(octets(c.Name), ".") + "."
		names, ttls = max(names, min(len(name), far)), max(ttls, len(ttl))
		if c.Op != "add" {
			all = append(all, record{"-", name, ttl, "IN  " + c.Type + "  " + cmp.Or(c.Was, c.Data)})
		}
		if c.Op != "remove" {
			all = append(all, record{"+", name, ttl, "IN  " + c.Type + "  " + c.Data})
		}
	}
	lines := make([]string, len(all))
	for i, r := range all {
		lines[i] = fmt.Sprintf("%s %-*s  %-*s%s", r.sign, names, r.name, ttls, r.ttl, r.rest)
	}
	return lines
}

// count is a number and its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// some is the first n of a list in words, and how many more there are.
func some(l []string, n int) string {
	if len(l) <= n {
		return strings.Join(l, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(l[:n], ", "), len(l)-n)
}

// distinct is l without repetitions, in its order.
func distinct(l []string) []string {
	seen := make(map[string]bool, len(l))
	var out []string
	for _, s := range l {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
