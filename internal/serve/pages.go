package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	_ "embed" // the pages' style and script

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"mailaudit/internal/history"
	"mailaudit/internal/report"
)

var (
	//go:embed page.css
	pageStyle []byte
	//go:embed page.js
	pageScript []byte
)

// Bounds on what a page lists.
const (
	recentAudits = 20
	shownRuns    = 200
)

// policy is that of a report's page, and beside it this server may be loaded from and sent to.
var policy = strings.NewReplacer("style-src ", "style-src 'self' ", "script-src ", "script-src 'self' ", "form-action 'none'", "form-action 'self'").
	Replace(report.Policy("connect-src 'self'"))

// page writes a page with the looks of a report.
func page(w http.ResponseWriter, status int, title string, body ...g.Node) {
	b, err := report.Page(title, policy, h.Link(h.Rel("stylesheet"), h.Href("/page.css")), g.Group(body), h.Script(h.Src("/page.js"), h.Defer()))
	if err != nil { // a buffer takes everything
		panic(err)
	}
	w.Header().Set("Content-Security-Policy", policy+unframed)
	answer(w, status, "text/html; charset=utf-8", b)
}

// ways leads to other pages.
func ways(more ...g.Node) g.Node {
	return h.Nav(h.Aria("label", "mailaudit"), h.A(h.Href("/"), g.Text("Audit a domain")), g.Group(more))
}

// unframed is what only a header can say, and not a page itself.
const unframed = "; frame-ancestors 'none'"

// text is text from outside.
func text(s string) g.Node { return g.Text(report.Visible(s)) }

// home is the form and the newest audits.
func (s *Server) home(w http.ResponseWriter, q *http.Request) {
	l, err := s.audits(q.Context(), "", recentAudits)
	if err != nil {
		s.broken(w, err)
		return
	}
	s.form(w, http.StatusOK, url.Values{}, "", l)
}

// form shows the form as it was filled in, and what is wrong with it.
func (s *Server) form(w http.ResponseWriter, status int, v url.Values, wrong string, recent []Audit) {
	field := func(name, label, hint string, more ...g.Node) g.Node {
		return h.P(h.Label(h.For(name), g.Text(label)),
			h.Input(append(more, h.ID(name), h.Name(name), h.Value(report.Visible(v.Get(name))), h.Aria("describedby", name+"-hint"), h.AutoComplete("off"), g.Attr("spellcheck", "false"))...),
			h.Small(h.ID(name+"-hint"), g.Text(hint)))
	}
	known := v.Get("ips")+v.Get("selectors")+v.Get("helo")+v.Get("mail_from")+v.Get("daily") != ""
	page(w, status, "Will your mail be refused?",
		g.If(wrong != "", h.P(h.Class("wrong"), h.Role("alert"), text(wrong))),
		h.Form(h.Method("post"), h.Action("/"),
			field("domain", "Domain", "the domain in the From address, such as example.com", h.Required(), g.Attr("inputmode", "url")),
			h.Details(g.If(known, g.Attr("open")), h.Summary(g.Text("How it sends")),
				field("ips", "Sending addresses", "as many as there are, with blanks between; ranges up to /24"),
				field("selectors", "DKIM selectors", "with blanks between, such as s1 s2"),
				field("helo", "HELO name", "what the sending hosts call themselves"),
				field("mail_from", "Envelope sender", "where bounces go, if that is another domain"),
				field("daily", "Messages a day", "5000 and more is bulk mail", g.Attr("inputmode", "numeric"))),
			h.P(h.Button(h.Type("submit"), g.Text("Audit")))),
		g.If(len(recent) > 0, g.Group{h.H2(g.Text("Newest audits")), auditTable(recent, true)}))
}

// auditTable lists audits, with or without their domains.
func auditTable(l []Audit, domains bool) g.Node {
	return h.Div(h.Class("wide"), h.Table(
		h.THead(h.Tr(g.If(domains, h.Th(g.Attr("scope", "col"), g.Text("Domain"))), h.Th(g.Attr("scope", "col"), g.Text("Audited (UTC)")),
			h.Th(g.Attr("scope", "col"), g.Text("Verdict")), h.Th(g.Attr("scope", "col"), g.Text("Score")))),
		h.TBody(g.Map(l, func(a Audit) g.Node {
			when := a.Started
			if when == nil {
				when = a.Submitted
			}
			return h.Tr(
				g.If(domains, h.Td(h.A(h.Href("/domains/"+url.PathEscape(a.Domain)), text(a.Domain)))),
				h.Td(h.A(h.Href("/audits/"+url.PathEscape(a.ID)), h.Time(h.DateTime(when.Format("2006-01-02T15:04:05Z07:00")), g.Text(when.UTC().Format("2006-01-02 15:04"))))),
				h.Td(h.Span(h.Class("chip "+word(a)), g.Text(word(a)))),
				h.Td(g.Text(scored(a))))
		}))))
}

// word is what is told of an audit in one word.
func word(a Audit) string {
	if a.Verdict != "" {
		return a.Verdict
	}
	return a.Status
}

func scored(a Audit) string {
	if a.Score == nil {
		return "-"
	}
	s := strconv.Itoa(*a.Score)
	if a.Grade != nil {
		s += " (" + *a.Grade + ")"
	}
	return s
}

// submitForm takes on what the form says, and shows the way to the audit.
func (s *Server) submitForm(w http.ResponseWriter, q *http.Request) {
	if err := q.ParseForm(); err != nil {
		unread(w, err)
		return
	}
	v := q.PostForm
	r := Request{Domain: strings.TrimSpace(v.Get("domain")), IPs: words(v.Get("ips")), Selectors: words(v.Get("selectors")),
		HELO: strings.TrimSpace(v.Get("helo")), MailFrom: strings.TrimSpace(v.Get("mail_from"))}
	var err error
	if d := strings.TrimSpace(v.Get("daily")); d != "" {
		if r.Daily, err = strconv.Atoi(d); err != nil {
			err = BadRequest{fmt.Sprintf("messages a day: %q is no number", d)}
		}
	}
	if err == nil {
		_, err = s.c.Check(r)
	}
	var bad BadRequest
	if errors.As(err, &bad) {
		s.form(w, http.StatusBadRequest, v, bad.What, nil)
		return
	}
	j := s.take(context.Background(), w, r, true)
	if j == nil {
		return
	}
	a, _ := j.now()
	http.Redirect(w, q, "/audits/"+a.ID, http.StatusSeeOther)
}

// words are separated by blanks, commas or line ends.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) })
}

// auditPage shows how an audit goes on, or its report.
func (s *Server) auditPage(w http.ResponseWriter, q *http.Request) {
	a, r, err := s.lookup(q.Context(), q.PathValue("id"))
	switch {
	case errors.Is(err, history.ErrNoRun):
		page(w, http.StatusNotFound, "No such audit", ways(), h.P(g.Text("It never was, or it had not ended when the server did.")))
	case err != nil:
		s.broken(w, err)
	case a.Status == failed:
		page(w, http.StatusOK, "No report on "+a.Domain, ways(), h.P(h.Class("wrong"), text(a.Error)))
	case r == nil:
		page(w, http.StatusOK, "Auditing "+a.Domain, ways(),
			h.P(h.ID("progress"), h.Role("status"), h.Data("events", "/api/v1/audits/"+url.PathEscape(a.ID)+"/events"), g.Text(told(a))),
			h.P(h.A(h.Href("/audits/"+url.PathEscape(a.ID)), g.Text("Look again")))) // for whoever has no scripts
	default:
		all := h.A(h.Href("/domains/"+url.PathEscape(a.Domain)), g.Text("All audits of "), text(a.Domain))
		page(w, http.StatusOK, "Mail audit of "+a.Domain, ways(all), report.Article(r, ""))
	}
}

// told is how far an audit is, in words; page.js says the same.
func told(a Audit) string {
	if a.Status == queued {
		return "It waits for others to end."
	}
	return fmt.Sprintf("%d questions asked", a.Questions)
}

// domainPage is the score of a domain over time, what changed last, and its audits.
func (s *Server) domainPage(w http.ResponseWriter, q *http.Request) {
	domain := nameOf(q.PathValue("domain"))
	runs, err := s.c.History.Runs(q.Context(), domain, shownRuns)
	if err != nil {
		s.broken(w, err)
		return
	}
	l, err := s.audits(q.Context(), domain, shownRuns)
	if err != nil {
		s.broken(w, err)
		return
	}
	if len(l) == 0 {
		page(w, http.StatusNotFound, "No audits of "+domain, ways())
		return
	}
	changes, err := s.changes(q, runs)
	if err != nil {
		s.broken(w, err)
		return
	}
	page(w, http.StatusOK, "Audits of "+domain, ways(),
		g.If(len(runs) > 1, h.Section(h.Aria("label", "score over time"), report.TrendSVG(runs))),
		g.If(len(changes) > 0, g.Group{h.H2(g.Text("What the last audit changed")), h.Ul(g.Map(changes, func(x history.Change) g.Node {
			return h.Li(h.Class(x.Kind), text(x.Text))
		}))}),
		h.H2(g.Text("Audits")), auditTable(l, false))
}

// changes are those between the two newest runs.
func (s *Server) changes(q *http.Request, runs []history.Run) ([]history.Change, error) {
	if len(runs) < 2 {
		return nil, nil
	}
	after, err := s.c.History.Load(q.Context(), runs[0].ID)
	if err != nil {
		return nil, err
	}
	before, err := s.c.History.Load(q.Context(), runs[1].ID)
	if err != nil {
		return nil, err
	}
	return history.Compare(before, after), nil
}
