package report

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/audit"
)

// row is one line of the table of findings.
type row struct {
	area, status, what string
	lost               float64
	deciding           bool
	reply              string
}

// nothingJudged stands in where there is no row at all.
const nothingJudged = "no rule of the chosen areas applies to this domain"

// results are the rows of all findings, the worst first, and how many notes they leave out.
func results(r *audit.Report, verbose bool) (rows []row, notes int) {
	for _, area := range areas(r.Findings) {
		l, n := areaRows(r, area, verbose)
		rows = append(rows, l...)
		notes += n
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(
			cmp.Compare(rank(a.status), rank(b.status)),
			cmp.Compare(b.lost, a.lost),
			order(b.deciding)-order(a.deciding),
		)
	})
	return rows, notes
}

// notesLeft says that notes are left out, if any are.
func notesLeft(n int) string {
	if n == 0 {
		return ""
	}
	return count(n, "note") + " at info not shown (-v shows all)"
}

// findings writes the table, the worst first, and what it leaves out.
func (p *page) findings(r *audit.Report, verbose bool) error {
	rows, notes := results(r, verbose)
	if len(rows) == 0 {
		p.line("  " + nothingJudged)
		return nil
	}
	t := table{head: []string{"AREA", "RESULT", "LOST", "WHAT"}, right: 2, word: 1}
	for _, f := range rows {
		t.rows = append(t.rows, []string{f.area, f.status, lost(f), f.what})
		if f.reply != "" {
			t.rows = append(t.rows, []string{"", "", "", "receivers answer: " + f.reply})
		}
	}
	if err := p.table(t); err != nil {
		return err
	}
	p.blank()
	p.prose(2, silence(r.Evidence.DNSBL))
	p.prose(2, notesLeft(notes))
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

// optional are areas of which no receiver asks anything: that they are empty is a note.
var optional = []string{"bimi"}

// areaRows are the lines of one area: its findings, or one line that sums it up while nothing is wrong. It counts the
// notes that it leaves out.
func areaRows(r *audit.Report, area string, verbose bool) (rows []row, notes int) {
	var shown []audit.Finding
	passes, wrong, known, open := 0, false, false, false
	for _, f := range r.Findings {
		if f.Area != area {
			continue
		}
		known = known || f.Status != "unknown"
		open = open || f.Deciding // and so nothing is summed up as if it held
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
	if passes > 0 && !wrong && !open && !verbose {
		sum = summary(r.Evidence, r.StartedAt, area)
	}
	if !verbose && (sum != "" || slices.Contains(optional, area) || slices.ContainsFunc(shown, func(f audit.Finding) bool { return f.Status != "info" })) {
		// A note is for whoever tidies up. Who is in trouble sees it only where more than hygiene hangs on it, or
		// where it is all that there is to say about the area.
		all := len(shown)
		shown = slices.DeleteFunc(shown, func(f audit.Finding) bool { return f.Status == "info" && f.Impact == "hygiene" })
		notes = all - len(shown)
	}
	for _, g := range alike(shown) {
		rows = append(rows, g.row(r, known, verbose))
	}
	if sum == "" && len(rows) == 0 && (passes > 0 || !slices.Contains(optional, area)) {
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
// the same fault, such as the addresses of a network.
func alike(l []audit.Finding) []group {
	const handful = 4
	type key struct{ rule, status, message, accepted string }
	at := map[key]int{}
	var groups []group
	for _, f := range l {
		k := key{f.Rule, f.Status, f.Message, accepted(f)}
		if f.Subject != "" {
			k.message = strings.ReplaceAll(f.Message, f.Subject, "\x00")
		}
		if f.Status == "unknown" {
			k.rule = ""
		}
		if i, ok := at[k]; ok {
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
	out.what = stated(r.Domain, f)
	most := 2
	if verbose {
		most = len(g)
	}
	if len(subjects) > 1 {
		out.what += "; likewise " + some(subjects[1:], most)
	}
	if f.Status == "unknown" && !known && len(rules) > 1 {
		out.what = "nothing could be found out: " + out.what
	}
	switch ids := strings.Join(rules, ", "); {
	case len(rules) > 1 && !verbose:
		out.what += fmt.Sprintf(" (%d rules)", len(rules))
	case len(rules) == 1 && verbose && len(f.References) > 0:
		out.what += " [" + ids + "; " + strings.Join(f.References, ", ") + "]"
	default:
		out.what += " [" + ids + "]"
	}
	if s := accepted(f); s != "" {
		out.what += "; " + s
	}
	// Of several replies it depends on the case which one comes: mailaudit rules ID has them all.
	if verbose && f.Status == "fail" && len(f.Replies) == 1 {
		out.reply = filled(f.Replies[0], f.Subject, r.Domain)
	}
	return out
}

// stated is a finding's message, with its subject where the message does not name it.
func stated(domain string, f audit.Finding) string {
	if f.Status != "pass" && f.Subject != "" && f.Subject != domain && !strings.Contains(f.Message, f.Subject) {
		return f.Subject + ": " + f.Message
	}
	return f.Message
}

// accepted says why a finding does not count, "" where it does.
func accepted(f audit.Finding) string {
	switch a := f.Accepted; {
	case a == nil:
		return ""
	case a.By == "baseline":
		return "known: it is in the baseline"
	default:
		return "accepted until " + a.Until + ": " + a.Reason
	}
}

// filled is a reply with what the finding is about in place of {ip} and {d}.
func filled(reply, subject, domain string) string {
	reply = strings.ReplaceAll(reply, "{d}", domain)
	if _, err := netip.ParseAddr(subject); err == nil {
		reply = strings.ReplaceAll(reply, "{ip}", subject)
	}
	return reply
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

// silence warns that a blocklist which does not answer shows no listing, whoever is on it.
func silence(l []audit.Listing) string {
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
	case of == 1:
		return "the blocklist did not answer: a listing would not be seen"
	case n == of:
		return fmt.Sprintf("none of the %d blocklists answered: a listing would not be seen", of)
	default:
		return fmt.Sprintf("%d of %s did not answer: a listing there would not be seen", n, count(of, "blocklist"))
	}
}
