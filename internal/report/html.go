package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's template, style and script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/audit"
)

var (
	//go:embed html.tmpl
	htmlText string
	//go:embed html.css
	htmlStyle string
	//go:embed html.js
	htmlScript string

	htmlPage = template.Must(template.New("").Parse(htmlText))
)

// htmlWriter writes one file that needs no other: what it loads or runs stands in it, and its policy forbids all else. Nothing
// from outside becomes a link, a style or a script. Several domains are articles, one behind the other, and at the end stands an
// index with the worst first; only that is held in memory.
type htmlWriter struct {
	w       io.Writer
	several bool
	begun   bool
	n       int // articles
	index   []htmlEntry
}

// htmlEntry is a line of the index.
type htmlEntry struct {
	ID, Domain, Verdict, Score, Grade string
	Fails, Warns                      int
	order                             int // by score, what has none first
}

func (h *htmlWriter) Report(r *audit.Report, exit string) error {
	h.n++
	v := htmlView(r, exit)
	v.ID, v.Several = fmt.Sprintf("d%d", h.n), h.several
	e := htmlEntry{ID: v.ID, Domain: r.Domain, Verdict: r.Verdict, Score: v.Score, Grade: v.Grade, order: -1}
	if r.Score != nil {
		e.order = *r.Score
	}
	for _, f := range r.Findings {
		switch f.Status {
		case "fail":
			e.Fails++
		case "warn":
			e.Warns++
		}
	}
	h.index = append(h.index, e)
	return h.add(r.Domain, "report", v)
}

func (h *htmlWriter) Invalid(line int, input string, why error) error {
	return h.add(input, "invalid", misread(line, input, why))
}

func (h *htmlWriter) Close() error {
	slices.SortStableFunc(h.index, func(a, b htmlEntry) int { return cmp.Compare(a.order, b.order) })
	return h.add("no domain", "foot", struct {
		Several bool
		Index   []htmlEntry
		Script  template.JS
	}{h.several, h.index, template.JS(htmlScript)})
}

// add writes a part of the page, behind its head if it is the first.
func (h *htmlWriter) add(domain, part string, v any) error {
	var b bytes.Buffer
	if !h.begun {
		h.begun = true
		title := "Mail audit of " + domain
		if h.several {
			title = "Mail audit of several domains"
		}
		if err := htmlPage.ExecuteTemplate(&b, "head", struct {
			Title, Policy string
			Several       bool
			Style         template.CSS
		}{title, htmlPolicy(), h.several, template.CSS(htmlStyle)}); err != nil {
			return err
		}
	}
	if err := htmlPage.ExecuteTemplate(&b, part, v); err != nil {
		return err
	}
	return write(h.w, visibleLines(b.Bytes()))
}

// htmlPolicy lets the page's own style and script run, by what they are, and load nothing.
func htmlPolicy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(htmlStyle) + "; script-src " + hash(htmlScript) + "; img-src data:; base-uri 'none'; form-action 'none'"
}

// visibleLines makes a text visible but for its line ends.
func visibleLines(b []byte) []byte {
	if !bytes.ContainsFunc(b, suspect) {
		return b
	}
	l := strings.Split(string(b), "\n")
	for i, s := range l {
		l[i] = Visible(s)
	}
	return []byte(strings.Join(l, "\n"))
}

// htmlReport is what the template shows of a report.
type htmlReport struct {
	ID                  string
	Several             bool
	Domain              string
	Verdict, Says       string
	Score, Grade        string
	Scored, Coverage    string
	Arc, Low            string // lengths along the dial
	Facts               []string
	Areas               []htmlArea
	Rows, All           []htmlRow
	Notes               []string
	GridAreas           []string
	Grid                []htmlAnswer
	Taken               string
	Sayings             []htmlSaying
	Fixes               []htmlFix
	Records             []htmlRecord
	Tree                *audit.SPFNode
	Lookups             string
	Boxes               []htmlBar
	Costs               []audit.Cost
	Alignment, Listings *htmlTable
	Evidence            []htmlTable
	More                string
	WhatIf              []string
	Exit                string
}

type htmlArea struct {
	Name, Status, Words string
	Bars                []htmlBar
}

// htmlBar is a rectangle of a drawing that is 100 wide.
type htmlBar struct {
	Class string
	X, W  string
}

type htmlRow struct{ Area, Status, Lost, What, Reply string }

// htmlAnswer is what a receiver would answer, and for each area whether that is why.
type htmlAnswer struct {
	Receiver, Verdict, Stage, Because string
	Cells                             []htmlCell
}

type htmlCell struct{ Class, Word, Rules string }

type htmlSaying struct{ Who, Words string }

type htmlFix struct {
	Text, Reason string
	Gain         []string
	Changes      []htmlChange
}

type htmlChange struct {
	Add  bool
	Line string
}

type htmlRecord struct {
	Title string
	Texts [][]htmlSpan
}

// htmlSpan is a stretch of a record, and the rules that point at it.
type htmlSpan struct{ Text, Rules string }

type htmlTable struct {
	Title string
	Head  []string
	Rows  [][]htmlCell
}

// says is what a verdict means to whoever does not know the words.
var says = map[string]string{
	"fail":    "Mail from this domain is refused somewhere, or an authentication that it relies on does not work.",
	"warn":    "Nothing here gets this mail refused outright, but what is listed below counts against it.",
	"unknown": "A question that decides could not be answered, so nobody can say yet.",
	"pass":    "Nothing stands in the way of this mail, as far as that can be seen from outside.",
}

func htmlView(r *audit.Report, exit string) htmlReport {
	e := r.Evidence
	v := htmlReport{Domain: r.Domain, Verdict: r.Verdict, Says: says[r.Verdict], Scored: scored(r), Coverage: percent(r.Coverage), Exit: exit}
	v.Score, v.Grade, v.Arc, v.Low = "?", "not scored", "0", "0"
	if r.Score != nil && r.ScoreLow != nil {
		v.Score, v.Grade, v.Arc, v.Low = strconv.Itoa(*r.Score), "no grade", arc(*r.Score), arc(*r.ScoreLow)
	}
	if r.Grade != nil {
		v.Grade = *r.Grade
	}
	v.Facts = []string{profile(r), senders(r), fmt.Sprintf("%s in %.2f s, %s", count(r.DNSQueries, "question"), float64(r.DurationMS)/1000, r.StartedAt.UTC().Format("2006-01-02 15:04 UTC"))}
	if e.Message != nil {
		v.Facts = append(v.Facts, "the message: "+hop(e.Message))
	}
	if s := ourSide(e.Vantage); s != "" {
		v.Facts = append(v.Facts, s)
	}
	for _, a := range areas(r.Findings) {
		v.Areas = append(v.Areas, areaBar(a, r.Findings))
	}
	rows, notes := results(r, false)
	v.Rows = htmlRows(rows)
	all, _ := results(r, true)
	v.All = htmlRows(all)
	if s := silence(e.DNSBL); s != "" {
		v.Notes = append(v.Notes, s)
	}
	if notes > 0 {
		v.Notes = append(v.Notes, count(notes, "note")+" of hygiene: see Everything that was checked")
	}
	v.grid(r)
	for _, s := range sayings(r.Forecast) {
		v.Sayings = append(v.Sayings, htmlSaying{s.who(), s.words})
	}
	for _, f := range r.Fixes {
		v.Fixes = append(v.Fixes, htmlFixOf(f, r.Score))
	}
	for _, x := range atFault(r) {
		rec := htmlRecord{Title: x.heading()}
		for _, text := range x.texts {
			rec.Texts = append(rec.Texts, spans(text, places(text, x.faults)))
		}
		v.Records = append(v.Records, rec)
	}
	if e.SPF.Tree != nil {
		v.Tree, v.Boxes = e.SPF.Tree, boxes(e.SPF.Lookups)
		v.Lookups = fmt.Sprintf("%s of at most 10, %d void of at most 2", count(e.SPF.Lookups, "lookup"), e.SPF.VoidLookups) // RFC 7208 4.6.4
		if e.SPF.Authorised != nil {
			v.Costs = e.SPF.Authorised.Costs
		}
	}
	for _, x := range proofs(r) {
		t := htmlTableOf(x)
		switch {
		case x.area == "dmarc" && len(t.Rows) > 0:
			v.Alignment = &t
		case x.area == "dnsbl" && len(t.Rows) > 0:
			v.Listings = &t
		default:
			v.Evidence = append(v.Evidence, t)
		}
	}
	v.More = more(r)
	if c := r.WhatIf; c != nil {
		numbers, receivers := differences(c)
		v.WhatIf = append(append([]string{transition(c)}, numbers...), receivers...)
	}
	return v
}

// dial is how long the dial's arc is at 100.
const dial = 2 * math.Pi * 60

func arc(score int) string {
	return strconv.FormatFloat(dial*float64(min(max(score, 0), 100))/100, 'f', 1, 64)
}

// areaBar shows how the rules of an area came out, as shares of a bar.
func areaBar(area string, l []audit.Finding) htmlArea {
	n, all := map[string]int{}, 0
	for _, f := range l {
		if f.Area == area {
			n[f.Status]++
			all++
		}
	}
	a := htmlArea{Name: area}
	var words []string
	x := 0.0
	for _, s := range []string{"fail", "warn", "unknown", "info", "pass"} {
		if n[s] == 0 {
			continue
		}
		a.Status = cmp.Or(a.Status, s)
		words = append(words, fmt.Sprintf("%d %s", n[s], s))
		w := 100 * float64(n[s]) / float64(all)
		a.Bars = append(a.Bars, htmlBar{s, decimal(math.Round(x*10) / 10), decimal(math.Round(w*10) / 10)})
		x += w
	}
	if a.Status == "info" && n["pass"] > 0 {
		a.Status = "pass" // notes are about what is in order
	}
	a.Words = strings.Join(words, ", ")
	return a
}

func htmlRows(l []row) []htmlRow {
	rows := make([]htmlRow, len(l))
	for i, r := range l {
		rows[i] = htmlRow{r.area, r.status, lost(r), r.what, r.reply}
	}
	return rows
}

// grid is who would answer what, and which areas are why.
func (v *htmlReport) grid(r *audit.Report) {
	of := map[string]string{}
	for _, f := range r.Findings {
		of[f.Rule] = f.Area
	}
	area := func(rule string) string {
		a, _, _ := strings.Cut(rule, ".")
		return cmp.Or(of[rule], a)
	}
	named := map[string]bool{}
	l := slices.Clone(r.Forecast)
	for _, f := range l {
		for _, rule := range append(slices.Clip(f.Rules), bulkRules(f)...) {
			named[area(rule)] = true
		}
	}
	for _, a := range areas(r.Findings) {
		if named[a] {
			v.GridAreas = append(v.GridAreas, a)
		}
	}
	slices.SortStableFunc(l, func(a, b audit.Forecast) int { return cmp.Compare(severity(a.Verdict), severity(b.Verdict)) })
	for _, f := range l {
		x := htmlAnswer{Receiver: f.Receiver, Verdict: f.Verdict, Stage: f.Stage, Because: because(f, len(r.Evidence.Sources) > 1, false)}
		if len(r.Streams) > 1 {
			x.Receiver += ", stream " + f.Stream
		}
		for _, a := range v.GridAreas {
			in := func(rules []string) string {
				return strings.Join(slices.DeleteFunc(slices.Clone(rules), func(rule string) bool { return area(rule) != a }), ", ")
			}
			c := htmlCell{Class: f.Verdict, Word: f.Verdict, Rules: in(f.Rules)}
			if c.Rules == "" {
				c = htmlCell{}
				if s := in(bulkRules(f)); s != "" {
					c = htmlCell{f.Bulk.Verdict, f.Bulk.Verdict + " if bulk", s}
				}
			}
			x.Cells = append(x.Cells, c)
		}
		v.Grid = append(v.Grid, x)
	}
	if len(l) > 0 {
		v.Taken = "accept means that nothing is known for which the receiver would refuse the mail; content and reputation are not seen"
	}
}

func bulkRules(f audit.Forecast) []string {
	if f.Bulk == nil {
		return nil
	}
	return f.Bulk.Rules
}

func htmlFixOf(f audit.Fix, before *int) htmlFix {
	x := htmlFix{Text: f.Text, Gain: gain(f, before)}
	if !f.Proven && f.Reason != "" && (len(f.Changes) > 0 || f.Risk != "") { // of all else that is plain
		x.Reason = "not proven: " + f.Reason
	}
	for _, l := range zoneLines(f.Changes) {
		x.Changes = append(x.Changes, htmlChange{l[0] == '+', octets(l[2:])})
	}
	return x
}

// spans cut a record at the marks; what two marks share belongs to the first.
func spans(text string, marks []mark) []htmlSpan {
	var l []htmlSpan
	at := 0
	for _, m := range marks {
		from := max(m.from, at)
		if from >= m.to {
			continue
		}
		l = append(l, htmlSpan{Text: octets(text[at:from])}, htmlSpan{octets(text[from:m.to]), strings.Join(m.rules, ", ")})
		at = m.to
	}
	return append(l, htmlSpan{Text: octets(text[at:])})
}

// boxes draw the budget of ten lookups, and what is beyond it.
func boxes(lookups int) []htmlBar {
	const most = 20
	n := max(10, min(lookups, most))
	l := make([]htmlBar, n)
	w := 100 / float64(n)
	for i := range l {
		class := "free"
		switch {
		case i >= 10:
			class = "fail"
		case i < lookups:
			class = "used"
		}
		l[i] = htmlBar{class, decimal(math.Round(w*float64(i)*10) / 10), decimal(math.Round((w-1)*10) / 10)}
	}
	return l
}

func htmlTableOf(x proof) htmlTable {
	t := htmlTable{Title: x.title}
	for _, s := range x.table.head {
		t.Head = append(t.Head, strings.ToLower(s))
	}
	for _, r := range x.table.rows {
		cells := make([]htmlCell, len(r))
		for c, s := range r {
			cells[c].Word = s
			if c == x.table.word && colors[s] != "" {
				cells[c].Class = tone(s)
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// tone is the status whose colour a word has.
func tone(word string) string {
	return map[string]string{"31": "fail", "33": "warn", "35": "unknown", "36": "info", "32": "pass"}[colors[word]]
}

// more is the evidence that is no table, as text.
func more(r *audit.Report) string {
	p := newPage(Options{Width: column})
	if err := p.message(r.Evidence.Message); err != nil {
		return err.Error()
	}
	if err := p.vantage(r.Evidence.Vantage); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(p.String())
}
