package report

import (
	"fmt"
	"io"
	"math"
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
	p.learned(r.Evidence)
	p.ourSide(r.Evidence.Vantage)
	p.blank()
	if err := p.findings(r, t.o.Verbose); err != nil {
		return err
	}
	if err := p.forecast(r, t.o.Verbose); err != nil {
		return err
	}
	p.records(r)
	if t.o.Tree {
		p.tree(r.Evidence.SPF)
	}
	if t.o.Verbose {
		if err := p.evidence(r); err != nil {
			return err
		}
	}
	most := shownFixes
	if t.o.Verbose {
		most = len(r.Fixes)
	}
	p.fixes(r, most, t.o.Verbose)
	if c := r.WhatIf; c != nil {
		p.blank()
		p.line("WHAT IF: with the records given, against what is published")
		p.line("  " + transition(c))
		p.compared(c)
	}
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
	p.hanging(0, misread(line, input, why))
	return write(t.w, p.Bytes())
}

// misread says what is wrong with a line of input that is no domain.
func misread(line int, input string, why error) string {
	s := why.Error()
	if input != "" && !strings.Contains(s, input) {
		s = strconv.Quote(input) + ": " + s
	}
	if line > 0 {
		s = fmt.Sprintf("line %d: %s", line, s)
	}
	return s
}

func (t *tableWriter) Close() error { return nil }

// subject says what was judged, and under which assumptions.
func (p *page) subject(r *audit.Report) {
	p.items(r.Domain, profile(r), senders(r), fmt.Sprintf("%s in %.2f s", count(r.DNSQueries, "question"), float64(r.DurationMS)/1000))
}

// profile is what the domain was judged as, and why.
func profile(r *audit.Report) string {
	if r.ProfileReason == "" {
		return r.Profile
	}
	return r.Profile + " (" + r.ProfileReason + ")"
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

// count is a number and its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s") || strings.HasSuffix(noun, "x"):
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
