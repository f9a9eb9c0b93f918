package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the pages' style and script
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"mailaudit/internal/audit"
)

// Pages are made of gomponents nodes: Text and the values of attributes are escaped there. What stands in a place where escaping
// is not enough (a URL, a style, a script, a class, an id, the name of an element or an attribute) is made here of our own words.

var (
	//go:embed html.css
	htmlStyle string
	//go:embed html.js
	htmlScript string
)

// htmlWriter writes one file that needs no other: what it loads or runs stands in it, and its policy forbids all else. Several
// domains are articles, one behind the other, and at the end stands an index with the worst first; only that is held in memory.
type htmlWriter struct {
	w       io.Writer
	several bool
	begun   bool
	index   htmlIndex
}

func (x *htmlWriter) Report(r *audit.Report, exit string) error {
	id := fmt.Sprintf("d%d", len(x.index.rows)+1)
	x.index.add(r, "#"+id)
	return x.add(r.Domain, article(r, exit, id))
}

func (x *htmlWriter) Invalid(line int, input string, why error) error {
	return x.add(input, h.P(h.Class("card"), chip("invalid"), g.Text(" "+misread(line, input, why)), nl))
}

func (x *htmlWriter) Close() error {
	var index g.Node
	if x.several {
		index = h.Nav(h.ID("index"), h.Aria("labelledby", "index-h"), nl, h.H2(h.ID("index-h"), g.Text("All domains")), nl, x.index.table(x.index.sorted()), nl)
	}
	return x.add("no domain", index, pageEnd())
}

// add writes a part of the page, behind its head if it is the first.
func (x *htmlWriter) add(domain string, l ...g.Node) error {
	if !x.begun {
		x.begun = true
		title, link := "Mail audit of "+domain, g.Node(nil)
		if x.several {
			title = "Mail audit of several domains"
			link = h.P(h.A(h.Href("#index"), g.Text("All domains, the worst first")))
		}
		l = append([]g.Node{pageStart(title, Policy(), link)}, l...)
	}
	b, err := rendered(l...)
	if err != nil {
		return err
	}
	return write(x.w, b)
}

// Page is a whole HTML page with the reports' style and script. The title and what is in the body pass through Visible when it is
// rendered, so that text from outside is safe as g.Text or as the value of an attribute that is no URL, style or script.
func Page(title, policy string, body ...g.Node) ([]byte, error) {
	return rendered(append(append([]g.Node{pageStart(title, policy, nil)}, body...), pageEnd())...)
}

// Policy is the Content-Security-Policy of a page, for its head and for HTTP: its own style and script run, by what they are, and
// nothing is loaded or sent. Directives that are given, such as "form-action 'self'", stand in place of those of the same name:
// of two a browser obeys the first (CSP Level 3, 2.2.1).
func Policy(directives ...string) string {
	return strings.Join(append(directives, "default-src 'none'", "style-src "+hash(htmlStyle), "script-src "+hash(htmlScript),
		"img-src data:", "base-uri 'none'", "form-action 'none'"), "; ")
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Article is a report as a part of a page. There is one of it on a page: its ids begin with d1.
func Article(r *audit.Report, exit string) g.Node { return article(r, exit, "d1") }

// pageStart is a page up to the beginning of its main part, and pageEnd the rest.
func pageStart(title, policy string, link g.Node) g.Node {
	return g.Group{
		g.Raw("<!doctype html>\n<html lang=\"en\">\n"),
		h.Head(nl,
			h.Meta(h.Charset("utf-8")), nl,
			h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(policy)), nl,
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")), nl,
			h.Meta(h.Name("color-scheme"), h.Content("light dark")), nl,
			h.Meta(h.Name("referrer"), h.Content("no-referrer")), nl,
			h.Meta(h.Name("robots"), h.Content("noindex")), nl,
			h.TitleEl(g.Text(title)), nl,
			h.Link(h.Rel("icon"), h.Href("data:,")), nl,
			h.StyleEl(g.Raw(htmlStyle)), nl),
		g.Raw("\n<body>\n"),
		h.A(h.Class("skip"), h.Href("#main"), g.Text("Skip to the report")), nl,
		h.Header(nl, h.H1(g.Text(title)), nl, link), nl,
		g.Raw("<main id=\"main\" tabindex=\"-1\">\n"),
	}
}

func pageEnd() g.Node {
	return g.Group{
		g.Raw("\n</main>\n"),
		h.Footer(nl, h.P(g.Text("fail: mail is refused somewhere, or an authentication that the sender relies on does not work. warn: counts against the mail. "+
			"unknown: could not be found out. info: for whoever tidies up. Made by mailaudit; each rule in brackets is explained by mailaudit rules.")), nl), nl,
		h.P(h.Class("status"), h.Role("status")), nl,
		h.Script(g.Raw(htmlScript)), nl,
		g.Raw("</body>\n</html>\n"),
	}
}

// nl is an end of line between elements, for whoever reads the source.
var nl = g.Raw("\n")

// rendered is what nodes come to. Their text may hold what is not plainly visible, which is written out, and line ends.
func rendered(l ...g.Node) ([]byte, error) {
	var b bytes.Buffer
	if err := g.Group(l).Render(&b); err != nil {
		return nil, err
	}
	if !bytes.ContainsFunc(b.Bytes(), suspect) {
		return b.Bytes(), nil
	}
	lines := strings.Split(b.String(), "\n")
	for i, s := range lines {
		lines[i] = Visible(s)
	}
	return []byte(strings.Join(lines, "\n")), nil
}

// chip is a status, a verdict or a result, in its colour.
func chip(word string) g.Node {
	return h.Span(h.Class(classes("chip", tone(word))), g.Text(word))
}

// tone is the status whose colour a word has, "" for one that is not known here.
func tone(word string) string {
	return map[string]string{"31": "fail", "33": "warn", "35": "unknown", "36": "info", "32": "pass"}[colors[word]]
}

func classes(l ...string) string { return strings.TrimSpace(strings.Join(l, " ")) }

// scrolling holds what may be wider than the screen, and is reached by the keyboard.
func scrolling(label string, l ...g.Node) g.Node {
	return h.Div(append([]g.Node{h.Class("wide"), h.Role("group"), h.TabIndex("0"), h.Aria("label", label), nl}, append(l, nl)...)...)
}

// head is the first row of a table; a column whose name ends in # holds numbers.
func head(names ...string) g.Node {
	return h.THead(h.Role("rowgroup"), h.Tr(h.Role("row"), g.Map(names, func(s string) g.Node {
		name, number := strings.CutSuffix(s, "#")
		return h.Th(h.Scope("col"), h.Role("columnheader"), g.If(number, h.Class("n")), g.Text(name))
	})))
}
