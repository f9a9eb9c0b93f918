package report

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"mailaudit/internal/audit"
)

// indexed is a line of an index. 100,000 of them are some 20 MB.
type indexed struct {
	href                   string // made here: "#d1", or a file's name
	domain, verdict, grade string
	score                  int // -1: none
	fails, warns           int
}

// htmlIndex is what is kept of reports that are written.
type htmlIndex struct{ rows []indexed }

func (x *htmlIndex) add(r *audit.Report, href string) {
	e := indexed{href: href, domain: r.Domain, verdict: r.Verdict, grade: "not scored", score: -1}
	if r.Score != nil && r.ScoreLow != nil {
		e.score, e.grade = *r.Score, "no grade"
	}
	if r.Grade != nil {
		e.grade = *r.Grade
	}
	for _, f := range r.Findings {
		switch f.Status {
		case "fail":
			e.fails++
		case "warn":
			e.warns++
		}
	}
	x.rows = append(x.rows, e)
}

// sorted has the worst first: what has no score, then by score.
func (x *htmlIndex) sorted() []indexed {
	slices.SortStableFunc(x.rows, func(a, b indexed) int { return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(b.fails, a.fails)) })
	return x.rows
}

// table has a row for each; the script sorts it by what data-sort says, else by the text.
func (x *htmlIndex) table(rows []indexed) g.Node {
	column := func(name string, more ...g.Node) g.Node {
		return h.Th(append([]g.Node{h.Scope("col"), h.Role("columnheader"), g.Text(name)}, more...)...)
	}
	cell := func(more ...g.Node) g.Node { return h.Td(append([]g.Node{h.Role("cell")}, more...)...) }
	n := func(i int) g.Node { return cell(h.Class("n"), g.Text(strconv.Itoa(i))) }
	// On a narrow screen its rows are no table's any more: that it is one is said by roles then.
	return scrolling("All domains", h.Table(h.Class("sortable"), h.Role("table"), nl,
		h.THead(h.Role("rowgroup"), h.Tr(h.Role("row"), column("Domain"), column("Verdict"), column("Score", h.Class("n"), h.Aria("sort", "ascending")),
			column("Grade"), column("Fail", h.Class("n")), column("Warn", h.Class("n")))), nl,
		h.TBody(h.Role("rowgroup"), nl, g.Map(rows, func(e indexed) g.Node {
			score := strconv.Itoa(e.score)
			if e.score < 0 {
				score = "?"
			}
			return g.Group{h.Tr(h.Role("row"), h.Th(h.Scope("row"), h.Role("rowheader"), h.A(h.Href(e.href), g.Text(e.domain))),
				cell(h.Data("sort", strconv.Itoa(rank(e.verdict))), chip(e.verdict)),
				cell(h.Class("n"), h.Data("sort", strconv.Itoa(e.score)), g.Text(score)),
				cell(h.Data("sort", strconv.Itoa(-e.score)), g.Text(e.grade)), n(e.fails), n(e.warns)), nl}
		}))))
}

// The size of an index and of what it says of lines that are no domain: a browser shows a few thousand rows at once.
const (
	indexRows  = 2000
	indexLines = 100
)

// folderWriter writes a page for each report, and at the end an index of them with the worst first: in several pages, if there are
// more domains than indexRows. Each page is a file that needs no other, so that it can be sent to somebody.
type folderWriter struct {
	put   func(name string, page []byte) error
	index htmlIndex
	names map[string]int // files, by what is before .html
	lines []string       // that are no domain, the first of them
	more  int            // and how many more
}

func newFolder(put func(string, []byte) error) *folderWriter {
	return &folderWriter{put: put, names: map[string]int{}}
}

func (f *folderWriter) Report(r *audit.Report, exit string) error {
	name := f.file(r.Domain)
	f.index.add(r, name)
	up := h.Nav(h.Aria("label", "Index"), h.P(h.A(h.Href("index.html"), g.Text("All domains"))))
	page, err := Page("Mail audit of "+r.Domain, Policy(), up, nl, Article(r, exit))
	if err != nil {
		return err
	}
	return f.put(name, page)
}

func (f *folderWriter) Invalid(line int, input string, why error) error {
	if len(f.lines) == indexLines {
		f.more++
		return nil
	}
	f.lines = append(f.lines, misread(line, input, why))
	return nil
}

func (f *folderWriter) Close() error {
	rows := f.index.sorted()
	n := max(1, (len(rows)+indexRows-1)/indexRows)
	for i := range n {
		var body []g.Node
		if i == 0 {
			body = append(body, f.overview(rows), nl)
		}
		body = append(body, pager(i, n), f.index.table(rows[i*indexRows:min((i+1)*indexRows, len(rows))]), nl, pager(i, n))
		page, err := Page("Mail audit of several domains", Policy(), body...)
		if err != nil {
			return err
		}
		if err := f.put(indexName(i), page); err != nil {
			return err
		}
	}
	return nil
}

// overview says how the batch came out as a whole.
func (f *folderWriter) overview(rows []indexed) g.Node {
	n := map[string]int{}
	for _, e := range rows {
		n[e.verdict]++
	}
	bar, words := shares(n)
	l := []g.Node{h.Class("card"), nl, h.H2(g.Text(count(len(rows), "domain"))), nl, h.P(h.Class("lead"), g.Text(words)), nl, bar, nl}
	if len(f.lines) > 0 {
		s := "no domain: " + count(len(f.lines)+f.more, "line") + " of the list"
		l = append(l, h.Details(h.Summary(g.Text(s)), h.Ul(g.Map(f.lines, func(s string) g.Node { return h.Li(g.Text(s)) })),
			g.If(f.more > 0, h.P(g.Textf("and %d more", f.more)))), nl)
	}
	return h.Div(l...)
}

// pager leads to the other pages of an index that has several.
func pager(at, n int) g.Node {
	if n == 1 {
		return nil
	}
	l := []g.Node{g.Textf("Page %d of %d, the worst first", at+1, n)}
	if at > 0 {
		l = append(l, g.Text(" "), h.A(h.Href(indexName(at-1)), g.Text("worse")))
	}
	if at < n-1 {
		l = append(l, g.Text(" "), h.A(h.Href(indexName(at+1)), g.Text("better")))
	}
	return g.Group{h.P(l...), nl}
}

// indexName is the file of a page of the index: no domain's, for it has no dot before .html.
func indexName(i int) string {
	if i == 0 {
		return "index.html"
	}
	return fmt.Sprintf("index-%d.html", i+1)
}

// plainName is a name that is safe as a file on every system and as a relative URL: an ordinary domain, and with more room beneath
// 255 octets than .html takes. The devices of Windows are files there whatever follows the dot.
var (
	plainName = regexp.MustCompile(`^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$`)
	device    = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])\.`)
)

// file is the name of a domain's page, and of no other: the hash of a domain that makes no good name, and a number behind one that
// comes again.
func (f *folderWriter) file(domain string) string {
	name := domain
	if len(name) > 200 || !plainName.MatchString(name) || device.MatchString(name) {
		name = fmt.Sprintf("x-%x", sha256.Sum256([]byte(domain)))
	}
	f.names[name]++
	if n := f.names[name]; n > 1 {
		name += fmt.Sprintf("~%d", n)
	}
	return name + ".html"
}
