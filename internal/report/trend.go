package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"mailaudit/internal/history"
)

// TrendFormats are those of WriteTrend, in the order of the help text.
var TrendFormats = []string{"table", "json", "markdown", "html"}

// Trend is the history of one domain: one run or more, the newest first, and what each changed.
type Trend struct {
	SchemaVersion int    `json:"schema_version"`
	Domain        string `json:"domain"`
	Runs          []Step `json:"runs"`
}

// Step is one run, and what changed with it. Since is the run that it is compared with, nil where there is none before it.
type Step struct {
	history.Run
	Since   *int64           `json:"since"`
	Changes []history.Change `json:"changes"`
}

// WriteTrend writes a trend in a format. With ascii the chart of the table has no block elements; that of Markdown never
// has, since it is code, which is octets.
func WriteTrend(w io.Writer, o Options, t Trend, ascii bool) error {
	switch o.Format {
	case "table":
		p := newPage(o)
		if err := p.trend(t, ascii); err != nil {
			return err
		}
		return write(w, p.Bytes())
	case "json":
		b, err := encode(t, "", "  ")
		if err != nil {
			return err
		}
		return write(w, b)
	case "markdown":
		var b markdown
		b.trend(t)
		return write(w, b.Bytes())
	case "html":
		return trendPage(t).Render(w)
	}
	return badFormat(o.Format, TrendFormats)
}

// The steps of a chart in text, from 0 to 100. A run without a score is a gap that can be seen.
const (
	blocks    = "▁▂▃▄▅▆▇█"
	asciiRamp = "_.:-=+*#"
	unscored  = '?'
)

// sparkline is the score over time, the oldest run first, one character a run; the newest are kept where the width ends.
func sparkline(steps []Step, width int, ascii bool) string {
	ramp := []rune(blocks)
	if ascii {
		ramp = []rune(asciiRamp)
	}
	var b []rune
	for _, s := range steps[:min(len(steps), width)] {
		r := unscored
		if s.Score != nil {
			r = ramp[min(max(*s.Score, 0)*len(ramp)/101, len(ramp)-1)]
		}
		b = append(b, r)
	}
	slices.Reverse(b)
	return string(b)
}

// stamp is when a run was made.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// points is what a run came to.
func points(r history.Run) string {
	switch {
	case r.Score == nil:
		return "not scored"
	case r.Grade == nil && r.ScoreLow != nil:
		return fmt.Sprintf("%d (%d at worst)", *r.Score, *r.ScoreLow)
	case r.Grade == nil:
		return fmt.Sprint(*r.Score)
	}
	return fmt.Sprintf("%d (%s)", *r.Score, *r.Grade)
}

// span is which runs are told.
func (t Trend) span() string {
	if n := len(t.Runs); n > 1 {
		return fmt.Sprintf("%s, %s to %s", count(n, "run"), stamp(t.Runs[n-1].At), stamp(t.Runs[0].At))
	}
	return fmt.Sprintf("1 run, %s", stamp(t.Runs[0].At))
}

// summary is how many changes there are of each kind.
func (s Step) summary() string {
	if s.Since == nil {
		return "first kept"
	}
	var l []string
	for _, kind := range []string{history.Worse, history.Better, history.Other} {
		n := 0
		for _, c := range s.Changes {
			if c.Kind == kind {
				n++
			}
		}
		if n > 0 {
			l = append(l, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if l == nil {
		return "nothing"
	}
	return strings.Join(l, ", ")
}

var trendHead = []string{"RUN", "WHEN", "VERDICT", "SCORE", "COVERAGE", "CHANGED"}

func (t Trend) rows() [][]string {
	var l [][]string
	for _, s := range t.Runs {
		l = append(l, []string{fmt.Sprint(s.ID), stamp(s.At), s.Verdict, points(s.Run), percent(s.Coverage), s.summary()})
	}
	return l
}

// heading is that of a run's changes.
func (s Step) heading() string {
	return fmt.Sprintf("run %d, %s, against run %d", s.ID, stamp(s.At), *s.Since)
}

// sentence is a change on one line.
func sentence(c history.Change) string {
	if c.Kind == history.Other {
		return c.Text
	}
	return c.Kind + ": " + c.Text
}

func (p *page) trend(t Trend, ascii bool) error {
	p.items(t.Domain, t.span())
	p.blank()
	p.line("  " + sparkline(t.Runs, p.width-2, ascii))
	p.blank()
	if err := p.table(table{head: trendHead, rows: t.rows(), right: 0, word: 2}); err != nil {
		return err
	}
	for _, s := range t.Runs {
		if len(s.Changes) == 0 {
			continue
		}
		p.blank()
		p.prose(0, s.heading())
		for _, c := range s.Changes {
			p.hanging(2, sentence(c))
		}
	}
	return nil
}

func (b *markdown) trend(t Trend) {
	b.heading(1, t.Domain)
	b.line(prose(t.span()))
	b.blank()
	b.code(sparkline(t.Runs, usual, true))
	b.blank()
	head := make([]string, len(trendHead))
	for i, s := range trendHead {
		head[i] = strings.ToLower(s)
	}
	b.table(head, t.rows())
	for _, s := range t.Runs {
		if len(s.Changes) == 0 {
			continue
		}
		b.heading(2, s.heading())
		for _, c := range s.Changes {
			b.line("- " + prose(sentence(c)))
		}
	}
}

// The chart: its size in its own units, the room around the plot, and up to how many runs each gets a mark.
const (
	chartWidth, chartHeight = 720.0, 200.0
	chartLeft, chartRight   = 32.0, 8.0
	chartTop, chartBottom   = 8.0, 24.0
	maxMarks                = 200
)

// marks are the colours of the verdicts, which read on white and on black.
var marks = map[string]string{"pass": "#2e8b57", "warn": "#c77700", "fail": "#d03b3b", "unknown": "#8a63d2"}

// TrendSVG is the score over time as a drawing: runs stand where their time is, a run without a score is a gap, and a line
// downwards is how far what is unknown could lower it. It takes its text colour from the page, and has no script and no style.
func TrendSVG(runs []history.Run) g.Node {
	l := slices.Clone(runs)
	slices.SortStableFunc(l, func(a, b history.Run) int { return a.At.Compare(b.At) })
	label := "score over time: no runs"
	if len(l) > 0 {
		label = fmt.Sprintf("score over time: %s, last %s on %s", count(len(l), "run"), points(l[len(l)-1]), stamp(l[len(l)-1].At))
	}
	nodes := []g.Node{
		g.Attr("viewBox", fmt.Sprintf("0 0 %g %g", chartWidth, chartHeight)), g.Attr("class", "trend"), g.Attr("role", "img"), g.Attr("width", "100%"),
		g.Attr("aria-label", Visible(label)), g.El("title", g.Text(Visible(label))),
	}
	for _, v := range []int{0, 50, 100} {
		nodes = append(nodes, stroke(chartLeft, height(v), chartWidth-chartRight, height(v), "currentColor", "0.25"),
			caption(chartLeft-6, height(v)+4, "end", fmt.Sprint(v)))
	}
	if len(l) == 0 {
		return g.El("svg", nodes...)
	}
	first, last := l[0].At, l[len(l)-1].At
	place := func(t time.Time) float64 {
		width := chartWidth - chartLeft - chartRight
		if !last.After(first) {
			return chartLeft + width/2
		}
		return chartLeft + width*t.Sub(first).Seconds()/last.Sub(first).Seconds()
	}
	if last.After(first) {
		nodes = append(nodes, caption(chartLeft, chartHeight-6, "start", first.UTC().Format(time.DateOnly)))
	}
	nodes = append(nodes, caption(chartWidth-chartRight, chartHeight-6, "end", last.UTC().Format(time.DateOnly)))
	var line []string
	flush := func() {
		if len(line) > 1 {
			nodes = append(nodes, g.El("polyline", g.Attr("points", strings.Join(line, " ")), g.Attr("fill", "none"), g.Attr("stroke", "currentColor"), g.Attr("stroke-width", "1.5")))
		}
		line = nil
	}
	var dots []g.Node
	for _, r := range l {
		if r.Score == nil {
			flush()
			continue
		}
		x, y := place(r.At), height(*r.Score)
		line = append(line, fmt.Sprintf("%.1f,%.1f", x, y))
		if r.ScoreLow != nil && *r.ScoreLow < *r.Score {
			dots = append(dots, stroke(x, y, x, height(*r.ScoreLow), marks["unknown"], "0.7"))
		}
		if len(l) <= maxMarks {
			color, ok := marks[r.Verdict]
			if !ok {
				color = "currentColor"
			}
			dots = append(dots, g.El("circle", g.Attr("cx", fmt.Sprintf("%.1f", x)), g.Attr("cy", fmt.Sprintf("%.1f", y)), g.Attr("r", "3.5"), g.Attr("fill", color),
				g.El("title", g.Text(Visible(fmt.Sprintf("%s: %s, %s", stamp(r.At), points(r), r.Verdict))))))
		}
	}
	flush()
	return g.El("svg", append(nodes, dots...)...)
}

// height is where a score stands.
func height(score int) float64 {
	share := math.Min(math.Max(float64(score), 0), 100) / 100
	return chartTop + (chartHeight-chartTop-chartBottom)*(1-share)
}

func stroke(x1, y1, x2, y2 float64, color, opacity string) g.Node {
	at := func(name string, v float64) g.Node { return g.Attr(name, fmt.Sprintf("%.1f", v)) }
	return g.El("line", at("x1", x1), at("y1", y1), at("x2", x2), at("y2", y2), g.Attr("stroke", color), g.Attr("stroke-opacity", opacity))
}

func caption(x, y float64, anchor, s string) g.Node {
	return g.El("text", g.Attr("x", fmt.Sprintf("%.1f", x)), g.Attr("y", fmt.Sprintf("%.1f", y)), g.Attr("text-anchor", anchor),
		g.Attr("font-size", "11"), g.Attr("fill", "currentColor"), g.Text(s))
}

// trendPage is a page that needs nothing beside itself.
func trendPage(t Trend) g.Node {
	runs := make([]history.Run, len(t.Runs))
	for i, s := range t.Runs {
		runs[i] = s.Run
	}
	title := Visible(t.Domain) + ": history"
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(h.Meta(h.Charset("utf-8")), h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content("default-src 'none'; style-src 'unsafe-inline'")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")), h.TitleEl(g.Text(title)), h.StyleEl(g.Raw(trendCSS))),
		h.Body(h.Main(
			h.H1(g.Text(Visible(t.Domain))), h.P(g.Text(t.span())), TrendSVG(runs),
			scrolling("Runs", h.Table(h.THead(h.Tr(g.Map(trendHead, func(s string) g.Node { return h.Th(g.Attr("scope", "col"), g.Text(strings.ToLower(s))) })...)),
				h.TBody(g.Map(t.rows(), func(r []string) g.Node {
					return h.Tr(g.Map(r, func(s string) g.Node { return h.Td(g.Text(Visible(s))) })...)
				})...))),
			g.Map(t.Runs, func(s Step) g.Node {
				if len(s.Changes) == 0 {
					return g.Group{}
				}
				return g.Group{h.H2(g.Text(s.heading())), h.Ul(g.Map(s.Changes, func(c history.Change) g.Node { return h.Li(g.Text(Visible(sentence(c)))) })...)}
			}),
		)),
	))
}

const trendCSS = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}main{max-width:60rem;margin:0 auto;padding:1rem}` +
	`table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8886;vertical-align:top}h1,li{overflow-wrap:anywhere}` +
	`.wide{overflow-x:auto}@media(max-width:46rem){th,td{padding-right:.35rem;font-size:.8125rem}.trend{overflow:visible}.trend text{font-size:24px}}`
