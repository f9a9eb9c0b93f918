package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"mailaudit/internal/audit"
)

// shownFixes is how many fixes the table shows: nobody carries out more before the next audit.
const shownFixes = 10

// fixes says who does what, what it wins, whether that is proven, and what to type, of the first of them. The order is the
// report's.
func (p *page) fixes(r *audit.Report, most int, verbose bool) {
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
		if i == most {
			p.prose(2, count(len(r.Fixes)-most, "more fix")+" not shown (-v shows all)")
			break
		}
		p.fix(i+1, f, r.Score, verbose)
	}
}

func (p *page) fix(n int, f audit.Fix, before *int, verbose bool) {
	const indent = 5
	tag := strings.Join(gain(f, before), "  ")
	edge, room := min(p.width, column), 0
	if tag != "" {
		room = len("   ") + len(tag)
	}
	for i, l := range wrap(f.Text, edge-indent-room) {
		lead := strings.Repeat(" ", indent)
		if i == 0 {
			lead = fmt.Sprintf("%3d  ", n)
			if tag != "" {
				l += strings.Repeat(" ", max(1, edge-indent-width(l)-len(tag))) + tag
			}
		}
		p.line(lead + l)
	}
	if !f.Proven && f.Reason != "" && (verbose || len(f.Changes) > 0) {
		p.prose(indent, "not proven: "+f.Reason)
	}
	if verbose && len(f.Rules) > 0 {
		p.prose(indent, "clears "+strings.Join(f.Rules, ", "))
	}
	for _, l := range zoneLines(f.Changes) {
		p.whole(indent, l)
	}
}

// gain says whether a fix is proven, and how it changes the score.
func gain(f audit.Fix, before *int) []string {
	var l []string
	if f.Proven {
		l = append(l, "proven")
	}
	switch {
	case f.ScoreAfter != nil && before != nil:
		l = append(l, fmt.Sprintf("%d -> %d", *before, *f.ScoreAfter))
	case f.ScoreAfter != nil:
		l = append(l, fmt.Sprintf("-> %d", *f.ScoreAfter))
	}
	return l
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
