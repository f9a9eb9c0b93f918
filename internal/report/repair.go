package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/audit"
)

// RepairFormats are those that Repair takes, in the order of the help text.
var RepairFormats = []string{"text", "zone", "nsupdate", "json"}

// repair is one domain's fixes in JSON.
type repair struct {
	SchemaVersion int           `json:"schema_version"`
	Domain        string        `json:"domain"`
	WhatIf        *audit.WhatIf `json:"what_if,omitempty"` // of all proven fixes together; left out where there are none
	Fixes         []audit.Fix   `json:"fixes"`
	RRsets        []audit.RRset `json:"rrsets"` // what to publish for all proven fixes together, each set whole
}

// Repair writes the fixes of a domain: what to publish, whole, and what all proven ones win together. after is the audit
// with them applied, nil where there are none.
func Repair(w io.Writer, o Options, before, after *audit.Report, sets []audit.RRset) error {
	p := newPage(o)
	switch o.Format {
	case "text":
		p.repair(o, before, after)
	case "zone":
		p.zone(before, after, sets)
	case "nsupdate":
		p.nsupdate(before)
	case "json":
		r := repair{SchemaVersion: audit.SchemaVersion, Domain: before.Domain, Fixes: before.Fixes, RRsets: []audit.RRset{}}
		if after != nil {
			r.WhatIf, r.RRsets = audit.Compare(before, after), sets
		}
		b, err := encode(r, "", "  ")
		if err != nil {
			return err
		}
		return write(w, b)
	default:
		return badFormat(o.Format, RepairFormats)
	}
	return write(w, p.Bytes())
}

func (p *page) repair(o Options, before, after *audit.Report) {
	p.items(before.Domain, scored(before))
	if before.WhatIf != nil {
		p.prose(0, assumed)
	}
	p.accepted(before)
	if len(before.Fixes) == 0 {
		p.line("nothing to fix")
		return
	}
	p.fixes(before, len(before.Fixes), o.Verbose)
	p.blank()
	if after == nil {
		p.prose(0, "none of them is a change of DNS that could be proven here")
		return
	}
	p.items("WITH ALL PROVEN ONES", scored(after))
	p.compared(audit.Compare(before, after))
}

// accepted says that nothing is proposed for what somebody answers for, or was there before.
func (p *page) accepted(r *audit.Report) {
	n := 0
	for _, f := range r.Findings {
		if f.Accepted != nil {
			n++
		}
	}
	if n > 0 {
		p.prose(0, count(n, "finding")+" accepted by --suppressions or --baseline: nothing is proposed for that")
	}
}

// compared says what records change, beside the score.
func (p *page) compared(c *audit.WhatIf) {
	numbers, receivers := differences(c)
	for _, s := range numbers {
		p.line("  " + s)
	}
	for _, s := range receivers {
		p.prose(2, s)
	}
}

// differences are what records change beside score and verdict: in numbers, and for whom.
func differences(c *audit.WhatIf) (numbers, receivers []string) {
	if c.LookupsBefore != c.LookupsAfter {
		numbers = append(numbers, fmt.Sprintf("DNS lookups of SPF   %d -> %d", c.LookupsBefore, c.LookupsAfter))
	}
	if was, is := addresses(c.IPv4Before), addresses(c.IPv4After); was != is {
		numbers = append(numbers, "IPv4 that passes SPF "+was+" -> "+is)
	}
	gone := slices.DeleteFunc(slices.Clone(c.RefusedBefore), func(r string) bool { return slices.Contains(c.RefusedAfter, r) })
	come := slices.DeleteFunc(slices.Clone(c.RefusedAfter), func(r string) bool { return slices.Contains(c.RefusedBefore, r) })
	if len(gone) > 0 {
		receivers = append(receivers, "no longer refused by "+strings.Join(gone, ", "))
	}
	if len(come) > 0 {
		receivers = append(receivers, "now refused by "+strings.Join(come, ", "))
	}
	if len(c.RefusedAfter) > 0 && len(come) < len(c.RefusedAfter) {
		receivers = append(receivers, "still refused by "+strings.Join(slices.DeleteFunc(slices.Clone(c.RefusedAfter), func(r string) bool { return slices.Contains(come, r) }), ", "))
	}
	return numbers, receivers
}

// transition is the score and the verdict before and after.
func transition(c *audit.WhatIf) string {
	score := func(n *int) string {
		if n == nil {
			return "none"
		}
		return strconv.Itoa(*n)
	}
	return fmt.Sprintf("score %s -> %s   verdict %s -> %s", score(c.ScoreBefore), score(c.ScoreAfter), c.VerdictBefore, c.VerdictAfter)
}

func addresses(n *uint64) string {
	if n == nil {
		return "none"
	}
	return count(int(*n), "address")
}

// zone writes the record sets that change, each whole, in the form of RFC 1035 5.1.
func (p *page) zone(before, after *audit.Report, sets []audit.RRset) {
	p.comments(before)
	if after != nil {
		p.comment("with these record sets: " + scored(after))
	}
	for _, s := range sets {
		name := octets(strings.TrimSuffix(s.Name, ".")) + "."
		if len(s.Data) == 0 {
			p.comment("no record of type " + s.Type + " stays at " + name)
		}
		for _, data := range s.Data {
			p.whole(0, fmt.Sprintf("%s %d IN %s %s", name, s.TTL, s.Type, data))
		}
	}
}

// nsupdate writes the changes as commands of nsupdate(1), each in the zone that it finds by itself (RFC 2136).
func (p *page) nsupdate(before *audit.Report) {
	p.comments(before)
	sent := false
	for _, f := range before.Fixes {
		if !f.Proven {
			continue
		}
		for _, c := range f.Changes {
			name := octets(strings.TrimSuffix(c.Name, ".")) + "."
			if c.Op != "add" {
				p.whole(0, fmt.Sprintf("update delete %s %s %s", name, c.Type, c.Was))
			}
			if c.Op != "remove" {
				p.whole(0, fmt.Sprintf("update add %s %d %s %s", name, c.TTL, c.Type, c.Data))
			}
		}
		// Names in different zones go in different messages (RFC 2136 2.3).
		p.line("send")
		sent = true
	}
	if !sent {
		p.comment("nothing to change")
	}
}

// comments say what is fixed and what is left to do by hand, in a form that zone files and nsupdate take for comments.
func (p *page) comments(r *audit.Report) {
	p.comment(r.Domain + ": " + scored(r))
	if r.WhatIf != nil {
		p.comment(assumed)
	}
	for _, f := range r.Fixes {
		word := "proven: "
		if !f.Proven {
			word = "by hand: "
		}
		p.comment(word + f.Text)
	}
}

// assumed is said of fixes of records that are not published.
const assumed = "this takes the records of --zone and --zone-remove for published"

func (p *page) comment(s string) { p.line("; " + Visible(s)) }

// Scored is the score of a report in words, for a line on stderr.
func Scored(r *audit.Report) string { return scored(r) }
