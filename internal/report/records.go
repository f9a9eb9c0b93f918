package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/audit"
)

// published is one record as it stands in DNS, and what is wrong with which of its parts.
type published struct {
	title  string
	texts  []string
	faults []audit.Finding // with a place in one of the texts
}

// records shows the records at fault whole, since what is wrong with them is said in pieces, and points at the pieces.
func (p *page) records(r *audit.Report) {
	for _, x := range atFault(r) {
		p.record(x)
	}
}

// atFault are the records that findings are about.
func atFault(r *audit.Report) []published {
	at := map[string]bool{}
	var faults []audit.Finding
	for _, f := range r.Findings {
		bad := f.Status == "fail" || f.Status == "warn"
		at[f.Area] = at[f.Area] || bad
		if bad && f.At != nil {
			faults = append(faults, f)
		}
	}
	var l []published
	if s := r.Evidence.SPF; at["spf"] {
		texts := s.Records
		if len(texts) == 0 && s.Record != "" {
			texts = []string{s.Record}
		}
		l = append(l, published{title: "SPF record of " + r.Domain, texts: texts})
	}
	if d := r.Evidence.DMARC; at["dmarc"] && d.Record != "" {
		l = append(l, published{title: "DMARC record of " + d.FoundAt, texts: []string{d.Record}})
	}
	for _, f := range faults {
		i := slices.IndexFunc(l, func(x published) bool { return slices.Contains(x.texts, f.At.Record) })
		if i < 0 {
			i = len(l)
			l = append(l, published{title: "record of " + f.At.Name, texts: []string{f.At.Record}})
		}
		l[i].faults = append(l[i].faults, f)
	}
	return slices.DeleteFunc(l, func(x published) bool { return len(x.texts) == 0 })
}

// heading is the title, with the number of records where it is not one.
func (x published) heading() string {
	if n := len(x.texts); n > 1 {
		return strings.Replace(x.title, "record of", "records of", 1) + fmt.Sprintf(", %d of them", n)
	}
	return x.title
}

func (p *page) record(x published) {
	p.blank()
	p.prose(0, x.heading())
	for _, s := range x.texts {
		p.whole(2, s)
		p.carets(2, s, x.faults)
	}
}

// mark is a stretch of a record, and the rules that point at it.
type mark struct {
	from, to int
	rules    []string
	more     bool // the fault goes on behind it
}

// carets points at the places of a record that findings are about. A record that is wider than the page is not wrapped,
// so each place is shown again with what stands around it.
func (p *page) carets(indent int, text string, faults []audit.Finding) {
	for _, m := range places(text, faults) {
		before, part := octets(text[:m.from]), octets(text[m.from:m.to])
		if room := p.width - indent; len(octets(text)) > room {
			before, part = p.excerpt(indent, before, part, octets(text[m.to:]))
		}
		line := strings.Repeat(" ", indent+len(before)) + strings.Repeat("^", len(part))
		label := strings.Join(m.rules, ", ")
		if len(line)+1+len(label) > p.width {
			p.line(line)
			line = strings.Repeat(" ", max(indent, min(indent+len(before), p.width-len(label)-1)))
		} else {
			line += " "
		}
		p.line(line + label)
	}
}

// places are the stretches of a record that findings are about, in their order.
func places(text string, faults []audit.Finding) []mark {
	const (
		most    = 6  // more are a record to write anew
		longest = 40 // octets of one: the beginning of a key tells which it is
	)
	var marks []mark
	for _, f := range faults {
		from, to := f.At.Offset, f.At.Offset+f.At.Length
		if f.At.Record != text || from < 0 || to > len(text) || from >= to {
			continue
		}
		i := slices.IndexFunc(marks, func(m mark) bool { return m.from == from && m.to == min(to, from+longest) })
		if i < 0 {
			i = len(marks)
			marks = append(marks, mark{from: from, to: min(to, from+longest), more: to > from+longest})
		}
		if !slices.Contains(marks[i].rules, f.Rule) {
			marks[i].rules = append(marks[i].rules, f.Rule)
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.from, b.from) })
	return marks[:min(len(marks), most)]
}

// excerpt writes the part of a record that a mark is about on a line of its own, with as much before and after it as fits,
// and returns what stands before it and the part, as they were written.
func (p *page) excerpt(indent int, before, part, after string) (lead, shown string) {
	const gap = "..."
	room := max(p.width-indent-2*len(gap), 10)
	if len(part) > room {
		part, after = part[:room], gap
	}
	side := (room - len(part)) / 2
	lead, tail := before, after
	if len(before) > side {
		lead = gap + before[len(before)-side:]
	}
	if len(after) > side {
		tail = after[:side] + gap
	}
	p.line(strings.Repeat(" ", indent) + lead + part + tail)
	return lead, part
}

// tree draws the static walk of the audited domain's SPF record: what each term leads to, and its number in the count of
// lookups (RFC 7208 4.6.4).
func (p *page) tree(s audit.SPF) {
	if s.Tree == nil {
		return
	}
	p.blank()
	p.prose(0, fmt.Sprintf("SPF tree: %d of 10 lookups, %d of 2 void", s.Lookups, s.VoidLookups))
	p.hanging(2, s.Tree.Domain)
	p.branches("  ", s.Tree)
}

func (p *page) branches(stem string, n *audit.SPFNode) {
	for i, t := range n.Terms {
		branch, below := "|- ", "|  "
		if i == len(n.Terms)-1 {
			branch, below = "`- ", "   "
		}
		note := []string{t.Term}
		if t.Lookup > 0 {
			note = append(note, fmt.Sprintf("[%d]", t.Lookup))
		}
		if t.Void {
			note = append(note, "void")
		}
		if t.Tree != nil && t.Tree.Status != "found" {
			note = append(note, t.Tree.Status)
		}
		if t.Cause != "" {
			note = append(note, "("+t.Cause+")")
		}
		for k, l := range wrap(strings.Join(note, " "), max(p.width-len(stem)-len(branch), 10)) {
			if k == 0 {
				p.line(stem + branch + l)
			} else {
				p.line(stem + below + l)
			}
		}
		if t.Tree != nil {
			p.branches(stem+below, t.Tree)
		}
	}
}
