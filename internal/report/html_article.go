package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"mailaudit/internal/audit"
)

// says is what a verdict means to whoever does not know the words.
var says = map[string]string{
	"fail":    "Mail from this domain is refused somewhere, or an authentication that it relies on does not work.",
	"warn":    "Nothing here gets this mail refused outright, but what is listed below counts against it.",
	"unknown": "A question that decides could not be answered, so nobody can say yet.",
	"pass":    "Nothing stands in the way of this mail, as far as that can be seen from outside.",
}

// about is what an area is about, in the words of somebody who has never seen a DNS record.
var about = map[string]string{
	"domain": "the name itself, and its name servers", "mx": "the hosts that take its mail", "spf": "which hosts may send for it",
	"dkim": "the keys of its signatures", "dmarc": "what becomes of forged mail", "ptr": "names of the sending addresses", "dnsbl": "blocklists",
	"submission": "where its users hand in mail", "tls": "its mail hosts on port 25", "mtasts": "encryption towards it, by web",
	"tlsrpt": "reports on encryption", "dane": "encryption towards it, by DNSSEC", "dnssec": "whether its answers are signed", "bimi": "its logo beside its mail",
	"parked": "a domain that sends nothing", "message": "the message itself",
}

// sheet is an article in the making: parts with a heading each, which its contents name.
type sheet struct {
	id    string
	parts []g.Node
	links []g.Node
}

// add appends a part; key is its id, behind that of the article.
func (s *sheet) add(key, title string, l ...g.Node) {
	id := s.id + "-" + key
	s.links = append(s.links, h.Li(h.A(h.Href("#"+id), g.Text(title))))
	s.parts = append(s.parts, nl, h.Section(nl, h.H3(h.ID(id), g.Text(title)), nl, g.Group(l), nl), nl)
}

// article is a report. The order is that of the table.
func article(r *audit.Report, exit, id string) g.Node {
	s := &sheet{id: id}
	s.add("areas", "Areas", areaList(r.Findings))
	s.findings(r)
	s.receivers(r)
	s.records(r)
	s.fixes(r)
	s.spf(r)
	alignment, ledger := s.alignment(r), s.ledger(r)
	if c := r.WhatIf; c != nil {
		numbers, receivers := differences(c)
		s.add("whatif", "What if", h.P(g.Text("With the records given, against what is published:")), nl,
			h.Ul(g.Map(append(append([]string{transition(c)}, numbers...), receivers...), func(w string) g.Node { return h.Li(g.Text(w)) })))
	}
	s.evidence(r, alignment, ledger)
	return h.Article(h.ID(id), h.Aria("labelledby", id+"-h"), nl,
		hero(r, id), nl,
		h.Nav(h.Class("parts"), h.Aria("label", "Parts of the report on "+r.Domain), h.Ul(s.links...)), nl,
		g.Group(s.parts),
		g.If(exit != "", h.P(h.Class("muted"), g.Text(exit))), nl)
}

// hero is what somebody sees who looks for five seconds.
func hero(r *audit.Report, id string) g.Node {
	e := r.Evidence
	facts := []string{profile(r), senders(r), "coverage " + percent(r.Coverage),
		fmt.Sprintf("%s in %.2f s, %s", count(r.DNSQueries, "question"), float64(r.DurationMS)/1000, r.StartedAt.UTC().Format("2006-01-02 15:04 UTC"))}
	if e.Message != nil {
		facts = append(facts, "the message: "+hop(e.Message))
	}
	if s := ourSide(e.Vantage); s != "" {
		facts = append(facts, s)
	}
	return h.Div(h.Class("hero"), nl, gauge(r), nl,
		h.Div(nl,
			h.H2(h.ID(id+"-h"), g.Text(r.Domain+" "), chip(r.Verdict)), nl,
			h.P(h.Class("lead"), g.Text(says[r.Verdict])), nl,
			h.P(g.Text(scored(r))), nl,
			h.Ul(h.Class("facts"), g.Map(facts, func(s string) g.Node { return h.Li(g.Text(s)) })), nl), nl)
}

// dial is how long the gauge's arc is at 100.
const dial = 2 * math.Pi * 60

// gauge draws score and grade, and paler how far the score falls at worst.
func gauge(r *audit.Report) g.Node {
	score, grade, high, low := "?", "not scored", 0, 0
	if r.Score != nil && r.ScoreLow != nil {
		score, grade, high, low = strconv.Itoa(*r.Score), "no grade", *r.Score, *r.ScoreLow
	}
	if r.Grade != nil {
		grade = *r.Grade
	}
	ring := func(class string, length float64) g.Node {
		return g.El("circle", h.Class(class), g.Attr("cx", "70"), g.Attr("cy", "70"), g.Attr("r", "60"),
			g.Attr("stroke-dasharray", number(length)+" 400"), g.Attr("transform", "rotate(-90 70 70)"))
	}
	arc := func(score int) float64 { return dial * float64(min(max(score, 0), 100)) / 100 }
	text := func(class, y, s string) g.Node {
		return g.El("text", h.Class(class), g.Attr("x", "70"), g.Attr("y", y), g.Text(s))
	}
	return g.El("svg", h.Class(classes("dial", tone(r.Verdict))), g.Attr("viewBox", "0 0 140 140"), h.Width("140"), h.Height("140"), h.Role("img"), h.Aria("label", scored(r)),
		ring("track", dial), ring("high", arc(high)), ring("low", arc(low)), text("big", "79", score), text("small", "102", grade))
}

// number is a length in a drawing.
func number(x float64) string { return decimal(math.Round(x*10) / 10) }

// rect is a rectangle of a drawing that is 100 wide.
func rect(class string, x, width float64, height string) g.Node {
	return g.El("rect", h.Class(class), g.Attr("x", number(x)), g.Attr("y", "0"), h.Width(number(width)), h.Height(height))
}

// shares draws how a whole is made up, in the order of statuses; n are their numbers.
func shares(n map[string]int) (bar g.Node, words string) {
	all, x := 0, 0.0
	for _, s := range worstFirst {
		all += n[s]
	}
	var rects []g.Node
	var told []string
	for _, s := range worstFirst {
		if n[s] == 0 {
			continue
		}
		w := 100 * float64(n[s]) / float64(all)
		rects, told = append(rects, rect(s, x, w, "10")), append(told, fmt.Sprintf("%d %s", n[s], s))
		x += w
	}
	return g.El("svg", h.Class("bar"), g.Attr("viewBox", "0 0 100 10"), g.Attr("preserveAspectRatio", "none"), h.Aria("hidden", "true"), g.Group(rects)), strings.Join(told, ", ")
}

// worstFirst are the statuses of findings.
var worstFirst = []string{"fail", "warn", "unknown", "info", "pass"}

// areaList shows how the rules of each area came out, the worst first.
func areaList(l []audit.Finding) g.Node {
	type came struct {
		area, as string
		n        map[string]int
	}
	var all []came
	for _, area := range areas(l) {
		c := came{area, "", map[string]int{}}
		for _, f := range l {
			if f.Area == area {
				c.n[f.Status]++
			}
		}
		for _, s := range worstFirst {
			if c.n[s] > 0 {
				c.as = cmp.Or(c.as, s)
			}
		}
		if c.as == "info" && c.n["pass"] > 0 {
			c.as = "pass" // notes are about what is in order
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b came) int { return cmp.Compare(rank(a.as), rank(b.as)) })
	return h.Ul(h.Class("bars"), nl, g.Map(all, func(c came) g.Node {
		bar, words := shares(c.n)
		return g.Group{h.Li(h.Span(h.Class("name"), g.Text(c.area)), g.Text(" "), h.Span(h.Class("about"), g.Text(about[c.area])), g.Text(" "),
			chip(c.as), g.Text(" "), bar, g.Text(" "), h.Span(h.Class("words"), g.Text(words))), nl}
	}))
}

func (s *sheet) findings(r *audit.Report) {
	const title = "What was found"
	rows, notes := results(r, false)
	var l []g.Node
	if len(rows) == 0 {
		l = append(l, h.P(g.Text(nothingJudged)), nl)
	} else {
		l = append(l, scrolling(title, findingTable(rows)), nl)
	}
	if s := silence(r.Evidence.DNSBL); s != "" {
		l = append(l, h.P(g.Text(s)), nl)
	}
	if notes > 0 {
		l = append(l, h.P(h.Class("muted"), g.Text(count(notes, "note")+" of hygiene: see Everything that was checked")), nl)
	}
	s.add("findings", title, l...)
}

// findingTable becomes blocks on a narrow screen; that it is a table is said by roles then.
func findingTable(rows []row) g.Node {
	return h.Table(h.Class("stack"), h.Role("table"), nl, head("Area", "Result", "Lost#", "What"), nl, h.TBody(h.Role("rowgroup"), nl, g.Map(rows, func(f row) g.Node {
		return g.Group{h.Tr(h.Role("row"),
			h.Th(h.Scope("row"), h.Role("rowheader"), g.Text(f.area)),
			h.Td(h.Role("cell"), chip(f.status)),
			h.Td(h.Role("cell"), h.Class("n"), g.Text(lost(f))),
			h.Td(h.Role("cell"), h.Class("text"), ruled(f.what), g.If(f.reply != "", g.Group{h.Br(), h.Q(g.Text(f.reply))})),
		), nl}
	})))
}

// ruled sets off the rules, which stand in brackets behind what they say.
func ruled(what string) g.Node {
	from := strings.LastIndex(what, " [")
	if from < 0 {
		return g.Text(what)
	}
	to := strings.IndexByte(what[from:], ']')
	if to < 0 {
		return g.Text(what)
	}
	return g.Group{g.Text(what[:from+1]), h.Span(h.Class("rule"), g.Text(what[from+1:from+to+1])), g.Text(what[from+to+1:])}
}

// answered is what some receivers would all answer, and for each area whether that is why.
type answered struct {
	who                     []string
	verdict, stage, because string
	cells                   []cell
}

type cell struct{ tone, word, rules string }

// receivers shows who would answer what. Those that have nothing against the mail stand on a line of their own.
func (s *sheet) receivers(r *audit.Report) {
	if len(r.Forecast) == 0 {
		return
	}
	const title = "Who would refuse, and why"
	_, accept := answers(r, false)
	names, rows := grid(r)
	var l []g.Node
	if len(rows) > 0 {
		l = append(l, scrolling(title, h.Table(h.Class("stack grid"), h.Role("table"), nl,
			head(append(append([]string{"Receiver", "Verdict", "At"}, names...), "Because")...), nl,
			h.TBody(h.Role("rowgroup"), nl, g.Map(rows, func(x answered) g.Node {
				return g.Group{h.Tr(h.Role("row"),
					h.Th(h.Scope("row"), h.Role("rowheader"), g.Text(strings.Join(distinct(x.who), ", "))),
					h.Td(h.Role("cell"), chip(x.verdict)),
					h.Td(h.Role("cell"), g.Text(x.stage)),
					g.Group(gridCells(names, x.cells)),
					h.Td(h.Role("cell"), h.Class("text"), g.Text(x.because))), nl}
			})))), nl)
	}
	if len(accept) > 0 {
		l = append(l, h.P(g.Text(taken(distinct(accept), len(rows) > 0, true))), nl)
	}
	for _, s := range warmUps(r, true) {
		l = append(l, h.P(g.Text(s)), nl)
	}
	if all := sayings(r.Forecast); len(all) > 0 {
		l = append(l, h.Details(h.Summary(g.Text("What they would answer")), nl, h.Dl(g.Map(all, func(x saying) g.Node {
			return g.Group{h.Dt(g.Text(x.who())), h.Dd(h.Q(g.Text(x.words))), nl}
		}))), nl)
	}
	s.add("receivers", title, l...)
}

func gridCells(names []string, cells []cell) []g.Node {
	l := make([]g.Node, len(cells))
	for i, c := range cells {
		// On a narrow screen the name of the area stands in the cell itself.
		l[i] = h.Td(h.Role("cell"), g.If(c.word == "", h.Class("none")), g.If(c.word != "", g.Group{
			h.Span(h.Class("in"), g.Text(names[i]+" ")), h.Span(h.Class(classes("chip", c.tone)), h.Title(c.rules), g.Text(c.word))}))
	}
	return l
}

// grid is who would not simply take the mail, and which areas are why. Receivers that answer the same for the same reason share
// a row.
func grid(r *audit.Report) (names []string, rows []answered) {
	of := map[string]string{}
	for _, f := range r.Findings {
		of[f.Rule] = f.Area
	}
	area := func(rule string) string {
		a, _, _ := strings.Cut(rule, ".")
		return cmp.Or(of[rule], a)
	}
	l := slices.DeleteFunc(slices.Clone(r.Forecast), func(f audit.Forecast) bool { return f.Verdict == "accept" && f.Bulk == nil })
	slices.SortStableFunc(l, func(a, b audit.Forecast) int { return cmp.Compare(severity(a.Verdict), severity(b.Verdict)) })
	named := map[string]bool{}
	for _, f := range l {
		for _, rule := range append(slices.Clip(f.Rules), bulkRules(f)...) {
			named[area(rule)] = true
		}
	}
	names = slices.DeleteFunc(areas(r.Findings), func(a string) bool { return !named[a] })
	for _, f := range l {
		x := answered{[]string{f.Receiver}, f.Verdict, f.Stage, because(f, len(r.Evidence.Sources) > 1, false), nil}
		if len(r.Streams) > 1 {
			x.because = list(x.because, "stream "+f.Stream)
		}
		for _, a := range names {
			in := func(rules []string) string {
				return strings.Join(slices.DeleteFunc(slices.Clone(rules), func(rule string) bool { return area(rule) != a }), ", ")
			}
			c := cell{}
			if s := in(f.Rules); s != "" {
				c = cell{tone(f.Verdict), f.Verdict, s}
			} else if s := in(bulkRules(f)); s != "" {
				c = cell{tone(f.Bulk.Verdict), f.Bulk.Verdict + " if bulk", s}
			}
			x.cells = append(x.cells, c)
		}
		i := slices.IndexFunc(rows, func(y answered) bool {
			return x.verdict == y.verdict && x.stage == y.stage && x.because == y.because && slices.Equal(x.cells, y.cells)
		})
		if i < 0 {
			rows = append(rows, x)
		} else {
			rows[i].who = append(rows[i].who, f.Receiver)
		}
	}
	return names, rows
}

func bulkRules(f audit.Forecast) []string {
	if f.Bulk == nil {
		return nil
	}
	return f.Bulk.Rules
}

func (s *sheet) records(r *audit.Report) {
	var l []g.Node
	for _, x := range atFault(r) {
		l = append(l, h.H4(g.Text(x.heading())), nl)
		for _, text := range x.texts {
			l = append(l, h.P(h.Class("record"), h.Code(spans(text, places(text, x.faults))...)), nl)
		}
	}
	if len(l) > 0 {
		s.add("records", "Records at fault", l...)
	}
}

// spans cut a record at the marks; what two marks share belongs to the first.
func spans(text string, marks []mark) []g.Node {
	var l []g.Node
	at := 0
	for _, m := range marks {
		from := max(m.from, at)
		if from >= m.to {
			continue
		}
		l = append(l, g.Text(octets(text[at:from])), h.Mark(g.Text(octets(text[from:m.to]))), g.Text(" "), h.Span(h.Class("tag"), g.Text(strings.Join(m.rules, ", "))), g.Text(" "))
		at = m.to
	}
	return append(l, g.Text(octets(text[at:])))
}

func (s *sheet) fixes(r *audit.Report) {
	if len(r.Fixes) == 0 {
		return
	}
	s.add("fixes", "Fixes, best first", h.Ol(h.Class("fixes"), nl, g.Map(r.Fixes, func(f audit.Fix) g.Node {
		reason := ""
		if !f.Proven && f.Reason != "" && (len(f.Changes) > 0 || f.Risk != "") { // of all else that is plain
			reason = "not proven: " + f.Reason
		}
		return g.Group{h.Li(
			h.P(g.Text(f.Text), g.Map(gain(f, r.Score), func(s string) g.Node {
				return g.Group{g.Text(" "), h.Span(h.Class(classes("tag", map[string]string{"proven": "pass"}[s])), g.Text(strings.ReplaceAll(s, "->", "\u2192")))}
			})),
			g.If(reason != "", h.P(h.Class("muted"), g.Text(reason))), nl,
			g.Map(zoneLines(f.Changes), func(l string) g.Node {
				if l[0] == '+' {
					return g.Group{h.Div(h.Class("paste"), h.Pre(h.Ins(g.Text(octets(l[2:]))))), nl}
				}
				return g.Group{h.Div(h.Class("gone"), h.Pre(h.Del(g.Text(octets(l[2:]))))), nl}
			})), nl}
	})))
}

func (s *sheet) spf(r *audit.Report) {
	e := r.Evidence.SPF
	if e.Tree == nil {
		return
	}
	lookups := fmt.Sprintf("%s of at most 10, %d void of at most 2", count(e.Lookups, "lookup"), e.VoidLookups) // RFC 7208 4.6.4
	l := []g.Node{h.P(g.Text(lookups)), nl, budget(e.Lookups, lookups), nl,
		h.Div(h.Class("tree"), h.P(h.Code(g.Text(e.Tree.Domain)), found(e.Tree)), branches(e.Tree)), nl}
	if e.Authorised != nil && len(e.Authorised.Costs) > 0 {
		const title = "What each term costs, and how many addresses it lets send"
		l = append(l, h.P(h.Class("muted"), g.Text(title)), nl, scrolling(title, h.Table(h.Class("costs"), head("Term", "Lookups#", "IPv4#", "IPv6#"), h.TBody(nl, g.Map(e.Authorised.Costs, func(c audit.Cost) g.Node {
			n := func(s string) g.Node { return h.Td(h.Class("n"), g.Text(s)) }
			return g.Group{h.Tr(h.Td(h.Code(g.Text(c.Term))), n(strconv.Itoa(c.Lookups)), n(strconv.FormatUint(c.IPv4, 10)), n(c.IPv6)), nl}
		})))))
	}
	s.add("spf", "SPF tree", l...)
}

// budget draws the ten lookups, and what is beyond them.
func budget(lookups int, words string) g.Node {
	const most = 20
	n := max(10, min(lookups, most))
	w := 100 / float64(n)
	var l []g.Node
	for i := range n {
		class := "free"
		switch {
		case i >= 10:
			class = "fail"
		case i < lookups:
			class = "used"
		}
		l = append(l, rect(class, w*float64(i), w-0.8, "6"))
	}
	return g.El("svg", h.Class("budget"), g.Attr("viewBox", "0 0 100 6"), g.Attr("preserveAspectRatio", "none"), h.Role("img"), h.Aria("label", words), g.Group(l))
}

// branches are the terms of a record, and those of the records that they lead to.
func branches(n *audit.SPFNode) g.Node {
	if len(n.Terms) == 0 {
		return nil
	}
	return g.Group{nl, h.Ul(nl, g.Map(n.Terms, func(t audit.SPFTerm) g.Node {
		l := []g.Node{h.Code(g.Text(t.Term))}
		if t.Lookup > 0 {
			l = append(l, g.Text(" "), h.Span(h.Class("tag"), g.Textf("lookup %d", t.Lookup)))
		}
		if t.Void {
			l = append(l, g.Text(" "), h.Span(h.Class("chip warn"), g.Text("void")))
		}
		if t.Tree != nil {
			l = append(l, found(t.Tree))
		}
		if t.Cause != "" {
			l = append(l, g.Text(" "+t.Cause))
		}
		if t.Tree != nil {
			l = append(l, branches(t.Tree))
		}
		return g.Group{h.Li(l...), nl}
	}))}
}

// found tells of a record that could not be walked.
func found(n *audit.SPFNode) g.Node {
	if n.Status == "found" {
		return nil
	}
	return g.Group{g.Text(" "), h.Span(h.Class("chip unknown"), g.Text(n.Status))}
}

// alignment is the truth table of DMARC: each identifier passes, is aligned, or not. It says whether there is one.
func (s *sheet) alignment(r *audit.Report) bool {
	l := r.Evidence.Alignment
	if len(l) == 0 || !slices.Contains(areas(r.Findings), "dmarc") {
		return false
	}
	const title = "Alignment"
	one := func(name, result string, i audit.Identity) g.Node {
		return h.Td(h.Role("cell"), h.Class("text"), h.Span(h.Class("in"), g.Text(name+" ")), chip(result), g.Text(" "), h.Code(g.Text(i.Domain)), h.Br(),
			h.Span(h.Class("muted"), g.Text(list("by itself "+i.Passes, alignedIn(i)))))
	}
	s.add("alignment", title, h.P(g.Text(dmarcTitle(r.Evidence.DMARC)+": mail passes if SPF or DKIM passes for a domain that is aligned with "+r.Domain)), nl,
		scrolling(title, h.Table(h.Class("stack"), h.Role("table"), nl, head("Stream", "DMARC", "SPF, of MAIL FROM", "DKIM, of d=", "Note"), nl,
			h.TBody(h.Role("rowgroup"), nl, g.Map(l, func(a audit.Alignment) g.Node {
				return g.Group{h.Tr(h.Role("row"), h.Th(h.Scope("row"), h.Role("rowheader"), g.Text(a.Stream)), h.Td(h.Role("cell"), chip(a.DMARC)),
					one("SPF", a.SPF, a.MailFrom), one("DKIM", a.DKIM, a.Signer), h.Td(h.Role("cell"), h.Class("text"), g.Text(a.Note))), nl}
			})))))
	return true
}

// ledger is what the blocklists said: first those that list something or said nothing, folded those that are clean. It says
// whether there is one.
func (s *sheet) ledger(r *audit.Report) bool {
	if len(r.Evidence.DNSBL) == 0 || !slices.Contains(areas(r.Findings), "dnsbl") {
		return false
	}
	const title = "Blocklist ledger"
	order := []string{"listed", "refused", "unknown"}
	var told, clean []audit.Listing
	n := map[string]int{}
	for _, d := range r.Evidence.DNSBL {
		n[d.Status]++
		if d.Status == "clean" {
			clean = append(clean, d)
		} else {
			told = append(told, d)
		}
	}
	slices.SortStableFunc(told, func(a, b audit.Listing) int {
		return cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status))
	})
	var words []string
	for _, status := range append(order, "clean") {
		if n[status] > 0 {
			words = append(words, fmt.Sprintf("%d %s", n[status], status))
		}
	}
	l := []g.Node{h.P(g.Text(count(len(r.Evidence.DNSBL), "answer") + ": " + strings.Join(words, ", "))), nl}
	if len(told) > 0 {
		l = append(l, scrolling(title, tableOf(listingTable(told))), nl)
	}
	if len(clean) > 0 {
		l = append(l, h.Details(h.Summary(g.Text(count(len(clean), "clean answer"))), nl, scrolling("Clean answers", tableOf(listingTable(clean)))), nl)
	}
	s.add("lists", title, l...)
	return true
}

// evidence is what the findings rest on, folded, but for what has a part of its own.
func (s *sheet) evidence(r *audit.Report, alignment, ledger bool) {
	const everything = "Everything that was checked"
	all, _ := results(r, true)
	l := []g.Node{h.Details(h.Summary(g.Text(everything)), nl, scrolling(everything, findingTable(all))), nl}
	for _, x := range proofs(r) {
		switch {
		case x.area == "dmarc" && alignment || x.area == "dnsbl" && ledger:
		case len(x.table.rows) == 0:
			l = append(l, h.P(h.Class("line"), g.Text(x.title)), nl)
		default:
			l = append(l, h.Details(h.Summary(g.Text(x.title)), nl, scrolling(x.title, tableOf(x.table))), nl)
		}
	}
	if text := more(r); text != "" {
		l = append(l, h.Details(h.Summary(g.Text("More")), nl, h.Pre(g.Text(text))), nl)
	}
	s.add("evidence", "Evidence", l...)
}

// tableOf is a table of the terminal's, with its one word a row in colour.
func tableOf(t table) g.Node {
	names := make([]string, len(t.head))
	for i, s := range t.head {
		names[i] = strings.ToLower(s)
	}
	return h.Table(h.Class("stack"), h.Role("table"), nl, head(names...), nl, h.TBody(h.Role("rowgroup"), nl, g.Map(t.rows, func(r []string) g.Node {
		cells := make([]g.Node, len(r))
		for c, s := range r {
			text := g.Text(s)
			if c == t.word && tone(s) != "" {
				text = chip(s)
			}
			cells[c] = h.Td(h.Role("cell"), g.If(c == len(r)-1, h.Class("text")), text)
		}
		return g.Group{h.Tr(append([]g.Node{h.Role("row")}, cells...)...), nl}
	})))
}

// more is the evidence that is no table, as text.
func more(r *audit.Report) string {
	p := newPage(Options{Width: column})
	if err := p.messages(r.Evidence); err != nil {
		return err.Error()
	}
	if err := p.vantage(r.Evidence.Vantage); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(p.String())
}
