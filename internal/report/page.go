package report

import (
	"bytes"
	"cmp"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// page is text for a terminal. All text from outside passes through one of its methods, and each of them but line makes
// it visible before it is measured.
type page struct {
	bytes.Buffer
	width int
	color bool
}

// The width of what is not told, the least that can be laid out, and the most that prose is wrapped to: longer lines
// lose the eye. Tables use all there is.
const (
	usual  = 80
	least  = 40
	column = 100
)

func newPage(o Options) *page {
	return &page{width: max(least, cmp.Or(o.Width, usual)), color: o.Color}
}

// line writes a line as it is.
func (p *page) line(s string) {
	p.WriteString(s)
	p.WriteByte('\n')
}

// blank ends a section; there is never more than one empty line.
func (p *page) blank() {
	if b := p.Bytes(); len(b) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		p.WriteByte('\n')
	}
}

// prose writes a paragraph, wrapped at words.
func (p *page) prose(indent int, s string) {
	for _, l := range wrap(s, min(p.width, column)-indent) {
		p.line(strings.Repeat(" ", indent) + l)
	}
}

// items writes short statements beside each other with room between, as many on a line as fit.
func (p *page) items(l ...string) {
	const gap = "   "
	indent, line := "", ""
	flush := func() {
		if width(indent+line) > p.width { // one statement alone is too long
			p.hanging(len(indent), line)
		} else {
			p.line(indent + line)
		}
		indent, line = "  ", ""
	}
	for _, s := range l {
		s = Visible(s)
		if line != "" && s != "" && width(indent+line+gap+s) > p.width {
			flush()
		}
		if line != "" && s != "" {
			line += gap
		}
		line += s
	}
	if line != "" {
		flush()
	}
}

// hanging writes a paragraph whose lines but the first are indented further.
func (p *page) hanging(indent int, s string) {
	for i, l := range wrap(s, p.width-indent-2) {
		if i == 1 {
			indent += 2
		}
		p.line(strings.Repeat(" ", indent) + l)
	}
}

// whole writes what is to be pasted: never wrapped, never cut, whatever the width.
func (p *page) whole(indent int, s string) {
	p.line(strings.Repeat(" ", indent) + octets(s))
}

// ANSI colours, of 16, for the words of the cells that are coloured.
var colors = map[string]string{
	"fail": "31", "listed": "31", "refused": "31", "permerror": "31", "missing": "31", "invalid": "31", "softfail": "31",
	"warn": "33", "revoked": "33", "neutral": "33", "filtered": "33",
	"unknown": "35", "temperror": "35",
	"info": "36", "none": "36",
	"reject": "31", "defer": "33", "spam": "33", "accept": "32",
	"pass": "32", "clean": "32", "valid": "32", "open": "32",
}

// table is rows of cells beneath a head.
type table struct {
	head  []string
	rows  [][]string
	right int // the column that is aligned to the right, -1 for none
	word  int // the column that is coloured: one word a cell, so that no colour spans a line's end
}

// table writes t, indented by two, in no more than the page's width. The library aligns the cells and knows how wide
// they are on the screen; the wrapping is ours, because its own either lets long words stick out or marks its cuts.
func (p *page) table(t table) error {
	const indent, gap = 2, 2
	cells := make([][]string, len(t.rows))
	for i, r := range t.rows {
		cells[i] = make([]string, len(r))
		for c, s := range r {
			cells[i][c] = Visible(s)
		}
	}
	widths := fit(t.head, cells, p.width-indent-gap*(len(t.head)-1))
	for _, r := range cells {
		for c, s := range r {
			lines := wrap(s, widths[c])
			if c == t.word && p.color && len(lines) == 1 && colors[s] != "" {
				lines[0] = "\x1b[" + colors[s] + "m" + s + "\x1b[0m"
			}
			r[c] = strings.Join(lines, "\n")
		}
	}
	align := make([]tw.Align, len(t.head))
	for c := range align {
		align[c] = tw.AlignLeft
		if c == t.right {
			align[c] = tw.AlignRight
		}
	}
	var b bytes.Buffer
	lib := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), // it would rename what it capitalises
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align),
		// One space on each side: a wider pad is repeated as a whole, and cut where it is one too many, with a stray
		// end of colour in its place.
		tablewriter.WithPadding(tw.PaddingDefault),
		tablewriter.WithEastAsian(tw.Off), // else guessed from LANG
	)
	lib.Header(t.head)
	if err := lib.Bulk(cells); err != nil {
		return err
	}
	if err := lib.Render(); err != nil {
		return err
	}
	for l := range strings.Lines(b.String()) {
		p.line(" " + strings.TrimRight(l, " \n"))
	}
	return nil
}

// fit shares out the width: every column what it needs, and the widest gives way until all fit.
func fit(head []string, cells [][]string, total int) []int {
	w := make([]int, len(head))
	for c, s := range head {
		w[c] = width(s)
	}
	for _, r := range cells {
		for c, s := range r {
			w[c] = min(max(w[c], width(s)), total)
		}
	}
	for sum(w) > total {
		widest := 0
		for c := range w {
			if w[c] >= w[widest] {
				widest = c
			}
		}
		if w[widest] == 1 {
			break
		}
		w[widest]--
	}
	return w
}

func sum(l []int) int {
	n := 0
	for _, v := range l {
		n += v
	}
	return n
}

// wrap breaks text into lines of at most w columns, at spaces. What is longer than a line comes apart where it has
// parts. There are no lines where there is no text.
func wrap(s string, w int) []string {
	w = max(w, 2) // the widest rune
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(Visible(s)) {
		n := width(word)
		if line != "" && used+1+n <= w {
			line, used = line+" "+word, used+1+n
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for n > w {
			var head string
			head, word = cut(word, w)
			lines = append(lines, head)
			n = width(word)
		}
		line, used = word, n
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// seams are where long words come apart, the best first: URLs and lists, then names at their labels, then within labels.
var seams = []string{"/,;", ".", "-_=:@&"}

// cut splits a word that is wider than w after the last of the best seams, or anywhere if there is none.
func cut(word string, w int) (head, tail string) {
	at, used := 0, 0
	after := make([]int, len(seams))
	for i, r := range word {
		used += width(string(r))
		if used > w {
			break
		}
		at = i + utf8.RuneLen(r)
		for k, s := range seams {
			if used > w/3 && strings.ContainsRune(s, r) { // an earlier cut would leave a stub
				after[k] = at
			}
		}
	}
	at = cmp.Or(append(after, at)...)
	return word[:at], word[at:]
}

// width is the number of columns that visible text takes on a terminal.
func width(s string) int {
	if ascii(s) {
		return len(s)
	}
	return twwidth.WidthWithOptions(s, twwidth.Options{})
}
