package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailaudit/internal/checks"
)

// rule is an entry of the catalogue in JSON.
type rule struct {
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	Area       string    `json:"area"`
	Worst      string    `json:"worst"`
	Impact     string    `json:"impact"`
	References []string  `json:"references"`
	Replies    []string  `json:"replies"`
	Refused    []refusal `json:"refused"`
	Why        string    `json:"why"`
	Fix        string    `json:"fix"`
	Example    *example  `json:"example,omitempty"`
}

// example is what differs from the healthy domain so that the rule finds something.
type example struct {
	Zone    []string `json:"zone"`    // records, each (name, type) in place of the published one
	Removed []string `json:"removed"` // "NAME TYPE"
	Flags   []string `json:"flags"`   // of mailaudit check, after the name if it is another one; one that is empty is left out
	Finding string   `json:"finding"`
}

type refusal struct {
	Receiver string `json:"receiver"`
	Bulk     bool   `json:"bulk"` // only of senders that it counts as bulk
}

func ruleOf(c *checks.Check) rule {
	r := rule{ID: c.ID, Title: c.Title, Area: string(c.Area), Worst: string(c.Worst), Impact: string(c.Impact),
		References: append([]string{}, c.References...), Replies: append([]string{}, c.Replies...),
		Refused: []refusal{}, Why: c.Help, Fix: c.Fix}
	for _, x := range c.Refused {
		r.Refused = append(r.Refused, refusal{x.Receiver, x.Bulk})
	}
	if c.Example != (checks.Example{}) {
		r.Example = &example{Zone: lines(c.Example.Zone), Removed: lines(c.Example.Remove), Flags: strings.Fields(c.Example.Flags),
			Finding: string(cmp.Or(c.Example.Finding, c.Worst))}
	}
	return r
}

// lines are those of a text that are not empty.
func lines(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return l == "" })
}

// changes are, in words, all that differs but the records.
func (e example) changes() []string {
	var l, without, with []string
	for _, r := range e.Removed {
		l = append(l, "without "+octets(r))
	}
	flags := e.Flags
	if len(flags) > 0 && !strings.HasPrefix(flags[0], "-") {
		l, flags = append(l, "audited: "+Visible(flags[0])), flags[1:]
	}
	for _, f := range flags {
		if name, left := strings.CutSuffix(f, "="); left {
			without = append(without, Visible(name))
		} else {
			with = append(with, Visible(f))
		}
	}
	if len(without) > 0 {
		l = append(l, "without "+strings.Join(without, " "))
	}
	if len(with) > 0 {
		l = append(l, "with "+strings.Join(with, " "))
	}
	return l
}

// refusedBy names the receivers in words.
func (r rule) refusedBy() string {
	l := make([]string, len(r.Refused))
	for i, x := range r.Refused {
		l[i] = x.Receiver
		if x.Bulk {
			l[i] += " (bulk senders only)"
		}
	}
	return strings.Join(l, ", ")
}

// RuleFormats are those that Rules and Rule take, in the order of the help text.
var RuleFormats = []string{"table", "json", "markdown"}

// Rules writes the catalogue.
func Rules(w io.Writer, o Options, l []*checks.Check) error {
	all := make([]rule, len(l))
	for i, c := range l {
		all[i] = ruleOf(c)
	}
	switch o.Format {
	case "table":
		p := newPage(o)
		t := table{head: []string{"RULE", "WORST", "IMPACT", "TITLE"}, right: -1, word: 1}
		for _, r := range all {
			t.rows = append(t.rows, []string{r.ID, r.Worst, r.Impact, r.Title})
		}
		if err := p.table(t); err != nil {
			return err
		}
		p.blank()
		p.items(count(len(all), "rule"), "mailaudit rules ID shows one in full")
		return write(w, p.Bytes())
	case "json":
		return writeJSON(w, all)
	case "markdown":
		return write(w, []byte(rulesPage(all)))
	}
	return badFormat(o.Format, RuleFormats)
}

// Rule writes one rule in full.
func Rule(w io.Writer, o Options, c *checks.Check) error {
	r := ruleOf(c)
	switch o.Format {
	case "table":
		p := newPage(o)
		p.items(r.ID, r.Worst+" at worst", "impact "+r.Impact, "area "+r.Area)
		p.blank()
		p.prose(2, r.Title)
		p.section("WHY", r.Why)
		p.section("FIX", r.Fix)
		p.section("REFUSED BY", r.refusedBy())
		p.section("RECEIVERS ANSWER", r.Replies...)
		p.example(r.Example)
		p.section("REFERENCES", strings.Join(r.References, ", "))
		return write(w, p.Bytes())
	case "json":
		return writeJSON(w, r)
	case "markdown":
		return write(w, []byte(ruleSection(r)))
	}
	return badFormat(o.Format, RuleFormats)
}

// section is a title and what stands beneath it; without anything there is none.
func (p *page) section(title string, lines ...string) {
	if strings.Join(lines, "") == "" {
		return
	}
	p.blank()
	p.line(title)
	for _, l := range lines {
		if len(lines) > 1 {
			p.hanging(2, l)
		} else {
			p.prose(2, l)
		}
	}
}

// example shows what gives a finding, its records so that they can be pasted.
func (p *page) example(e *example) {
	if e == nil {
		return
	}
	p.section("EXAMPLE", "Of a healthy domain this makes one that gives "+e.Finding+":")
	for _, l := range e.Zone {
		p.whole(4, l)
	}
	for _, l := range e.changes() {
		p.hanging(4, l)
	}
}

func writeJSON(w io.Writer, v any) error {
	b, err := encode(v, "", "  ")
	if err != nil {
		return err
	}
	return write(w, b)
}

func badFormat(f string, formats []string) error {
	return fmt.Errorf("%q is no format: one of %s", f, strings.Join(slices.Sorted(slices.Values(formats)), ", "))
}

// rulesPage is the catalogue as a page: the same rules always give the same octets, so that a test can hold it.
func rulesPage(l []rule) string {
	var b strings.Builder
	b.WriteString("# Rules\n\nGenerated by `mailaudit rules --format markdown`; do not edit.\n\n")
	b.WriteString("`fail`: mail is refused somewhere, or an authentication that the sender relies on is void. ")
	b.WriteString("`warn`: every other violation that matters. `info`: hygiene and context. ")
	b.WriteString("What a rule is listed with is the worst that it can give; what could not be found out is always `unknown`.\n\n")
	b.WriteString("An example is what differs from a healthy example.com, whose zone is internal/cli/testdata/example.com.zone: a record stands ")
	b.WriteString("in place of all of its name and type, and a flag in place of, or beside, `--ip 192.0.2.25 --helo mail.example.com --selector s1`. ")
	b.WriteString("The addresses of RFC 5737 and RFC 3849 count as public there. A test audits each.\n")
	var areas []string
	for _, r := range l {
		areas = append(areas, r.Area)
	}
	for _, area := range distinct(areas) {
		fmt.Fprintf(&b, "\n## Area %s\n\n| rule | worst | impact | holds where |\n| --- | --- | --- | --- |\n", inline(area))
		var sections strings.Builder
		for _, r := range l {
			if r.Area == area {
				fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", inline(r.ID), anchor(r.ID), r.Worst, r.Impact, inline(r.Title))
				sections.WriteString("\n" + ruleSection(r))
			}
		}
		b.WriteString(sections.String())
	}
	return b.String()
}

// ruleSection is one rule.
func ruleSection(r rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n- Holds where %s\n", inline(r.ID), inline(r.Title))
	fmt.Fprintf(&b, "- Area: %s\n- Worst: %s\n- Impact: %s\n", inline(r.Area), r.Worst, r.Impact)
	fmt.Fprintf(&b, "- References: %s\n", inline(strings.Join(r.References, "; ")))
	if who := r.refusedBy(); who != "" {
		fmt.Fprintf(&b, "- Refused by: %s\n", inline(who))
	}
	if r.Why != "" {
		fmt.Fprintf(&b, "\n**Why.** %s\n", inline(r.Why))
	}
	if r.Fix != "" {
		fmt.Fprintf(&b, "\n**Fix.** %s.\n", inline(strings.TrimSuffix(r.Fix, ".")))
	}
	if e := r.Example; e != nil {
		fmt.Fprintf(&b, "\n**Example** that gives %s\n\n```text\n", inline(e.Finding))
		for _, l := range e.Zone {
			b.WriteString(fenced(octets(l)))
		}
		for _, l := range e.changes() {
			b.WriteString(fenced(l))
		}
		b.WriteString("```\n")
	}
	if len(r.Replies) > 0 {
		b.WriteString("\n**Receivers answer**\n\n```text\n")
		for _, s := range r.Replies {
			b.WriteString(fenced(Visible(s)))
		}
		b.WriteString("```\n")
	}
	return b.String()
}

// fenced is a line within a block of code, which it cannot end.
func fenced(s string) string { return strings.ReplaceAll(s, "```", "'''") + "\n" }

// inline escapes what Markdown would take for markup, a cell's end or HTML.
func inline(s string) string {
	return markup.Replace(Visible(s))
}

var markup = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `|`, `\|`, `~`, `\~`, `<`, `&lt;`, `>`, `&gt;`, `&`, `&amp;`)

// anchor is what the usual renderers make of a heading: dots go.
func anchor(id string) string { return strings.ReplaceAll(id, ".", "") }
