package report

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"mailaudit/internal/audit"
)

// markdownWriter writes what the table says, for an issue, a merge request or a wiki.
type markdownWriter struct {
	w     io.Writer
	o     Options
	begun bool
}

// markdown is text in Markdown. All text from outside passes through prose or code, which escape it.
type markdown struct{ bytes.Buffer }

func (m *markdownWriter) Report(r *audit.Report, exit string) error {
	var b markdown
	b.heading(1, r.Domain)
	fmt.Fprintf(&b, "**%s**, %s, coverage %s\n\n", prose(r.Verdict), prose(scored(r)), percent(r.Coverage))
	b.line("- " + prose(profile(r)))
	b.line("- " + prose(senders(r)))
	b.line("- " + prose(fmt.Sprintf("%s in %.2f s, %s", count(r.DNSQueries, "question"), float64(r.DurationMS)/1000, r.StartedAt.UTC().Format("2006-01-02 15:04 UTC"))))
	if x := r.Evidence.Message; x != nil {
		b.line("- " + prose("the message: "+hop(x)))
	}
	if s := ourSide(r.Evidence.Vantage); s != "" {
		b.line("- " + prose(s))
	}
	b.findings(r, m.o.Verbose)
	b.forecast(r, m.o.Verbose)
	b.records(r)
	if m.o.Verbose {
		b.evidence(r)
	}
	b.fixes(r)
	if c := r.WhatIf; c != nil {
		b.heading(2, "What if")
		numbers, receivers := differences(c)
		for _, s := range append(append([]string{"with the records given, against what is published: " + transition(c)}, numbers...), receivers...) {
			b.line("- " + prose(strings.Join(strings.Fields(strings.Replace(s, "   verdict", ", verdict", 1)), " ")))
		}
	}
	if exit != "" {
		b.blank()
		b.line(prose(exit))
	}
	return m.add(append(bytes.TrimRight(b.Bytes(), "\n"), '\n'))
}

func (m *markdownWriter) Invalid(line int, input string, why error) error {
	return m.add([]byte(prose(misread(line, input, why)) + "\n"))
}

func (m *markdownWriter) Close() error { return nil }

func (m *markdownWriter) add(b []byte) error {
	if m.begun {
		b = append([]byte("\n"), b...)
	}
	m.begun = true
	return write(m.w, b)
}

func (b *markdown) line(s string) { b.WriteString(s + "\n") }

// blank ends a block; there is never more than one empty line.
func (b *markdown) blank() {
	if l := b.Bytes(); len(l) > 0 && !bytes.HasSuffix(l, []byte("\n\n")) {
		b.WriteByte('\n')
	}
}

func (b *markdown) heading(level int, s string) {
	b.blank()
	b.line(strings.Repeat("#", level) + " " + prose(s) + "\n")
}

// table writes rows; a table without any is left out.
func (b *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	b.line("| " + strings.Join(head, " | ") + " |\n|" + strings.Repeat(" --- |", len(head)))
	for _, r := range rows {
		for _, s := range r {
			b.WriteString("| " + prose(s) + " ")
		}
		b.line("|")
	}
}

func (b *markdown) findings(r *audit.Report, verbose bool) {
	b.heading(2, "Findings")
	rows, notes := results(r, verbose)
	if len(rows) == 0 {
		b.line(prose(nothingJudged))
		return
	}
	var cells [][]string
	for _, x := range rows {
		cells = append(cells, []string{x.area, x.status, lost(x), list(x.what, after("receivers answer: ", x.reply, true))})
	}
	b.table([]string{"area", "result", "lost", "what"}, cells)
	for _, s := range []string{silence(r.Evidence.DNSBL), notesLeft(notes)} {
		if s != "" {
			b.line("\n" + prose(s))
		}
	}
}

func (b *markdown) forecast(r *audit.Report, verbose bool) {
	if len(r.Forecast) == 0 {
		return
	}
	b.heading(2, "Who would refuse")
	rows, accept := answers(r, verbose)
	var cells [][]string
	for _, x := range rows {
		cells = append(cells, []string{strings.Join(distinct(x.receivers), ", "), x.verdict, x.stage, x.reason})
	}
	b.table([]string{"receiver", "verdict", "at", "because"}, cells)
	if s := taken(distinct(accept), len(rows) > 0, verbose); s != "" {
		b.line("\n" + prose(s))
	}
	for _, s := range sayings(r.Forecast) {
		b.line("\n" + prose(s.who()) + ":\n\n> " + prose(s.words))
	}
	for _, s := range warmUps(r, verbose) {
		b.line("\n" + prose(s))
	}
}

func (b *markdown) records(r *audit.Report) {
	for _, x := range atFault(r) {
		b.heading(2, x.heading())
		for _, text := range x.texts {
			b.code(octets(text))
			b.blank()
			for _, m := range places(text, x.faults) {
				part := octets(text[m.from:m.to])
				if m.more {
					part += "..."
				}
				b.line("- " + prose(part+": "+strings.Join(m.rules, ", ")))
			}
		}
	}
}

func (b *markdown) evidence(r *audit.Report) {
	b.heading(2, "Evidence")
	for _, x := range proofs(r) {
		b.heading(3, x.title)
		head := make([]string, len(x.table.head))
		for i, s := range x.table.head {
			head[i] = strings.ToLower(s)
		}
		b.table(head, x.table.rows)
	}
	p := newPage(Options{Width: column})
	if err := p.messages(r.Evidence); err != nil {
		b.line(prose(err.Error()))
	}
	if text := strings.TrimSpace(p.String()); text != "" {
		b.heading(3, "Messages")
		b.code(strings.Split(text, "\n")...)
	}
}

func (b *markdown) fixes(r *audit.Report) {
	if len(r.Fixes) == 0 {
		return
	}
	b.heading(2, "Fixes, best first")
	for i, f := range r.Fixes {
		b.line(fmt.Sprintf("%d. %s", i+1, prose(list(append([]string{f.Text}, gain(f, r.Score)...)...))))
		if !f.Proven && f.Reason != "" && (len(f.Changes) > 0 || f.Risk != "") { // of all else that is plain
			b.line("\n   " + prose("not proven: "+f.Reason))
		}
		if l := zoneLines(f.Changes); len(l) > 0 {
			b.blank()
			b.code(l...)
			b.blank()
		}
	}
}

// code writes what is to be pasted, which is octets of a zone file: what could end the block or begin markup for whoever takes
// the block for HTML is written as \DDD, which says the same (RFC 1035 5.1).
func (b *markdown) code(lines ...string) {
	b.line("```text")
	for _, l := range lines {
		b.line(pasted.Replace(octets(l)))
	}
	b.line("```")
}

var pasted = strings.NewReplacer("`", `\096`, "<", `\060`, "](", `]\040`)

// prose escapes what Markdown would take for markup. Brackets are links only before a target, so all others stay as they are:
// every rule stands in some.
func prose(s string) string {
	var b strings.Builder
	s = Visible(s)
	at := 0
	for _, m := range mention.FindAllStringSubmatchIndex(s, -1) {
		from, to := m[2], m[3]
		b.WriteString(brackets.Replace(inline(s[at:from])) + "`" + s[from:to] + "`")
		at = to
	}
	b.WriteString(brackets.Replace(inline(s[at:])))
	return b.String()
}

// mention is what tells somebody of an issue that it stands in, or with @all of GitLab everybody, unless it is code. Behind a
// letter or digit it is the domain of an address.
var mention = regexp.MustCompile(`(?:^|[^0-9A-Za-z_])(@[0-9A-Za-z_-]+)`)

var brackets = strings.NewReplacer(`\](`, "&#93;(", `\]\[`, "&#93;[", `\[`, "[", `\]`, "]")
