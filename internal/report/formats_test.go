package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"

	"mailaudit/internal/audit"
)

// writers are those of all formats but table and JSON, which have tests of their own.
var writers = Formats[slices.Index(Formats, "markdown"):]

// settled is a report with one of each way to be accepted.
func settled() *audit.Report {
	r := broken()
	for i := range r.Findings {
		switch r.Findings[i].Rule {
		case "ptr.missing":
			r.Findings[i].Accepted = &audit.Accepted{By: "baseline"}
		case "ptr.generic":
			r.Findings[i].Accepted = &audit.Accepted{By: "suppression", Reason: "moves in March", Until: "2027-03-31"}
		}
	}
	return r
}

// telling is a report with something in every part.
func telling() *audit.Report {
	r := settled()
	f := foretelling()
	r.Forecast = append(slices.Clone(f.Forecast), audit.Forecast{Receiver: "outlook", Stream: "default", Verdict: "accept", Rules: []string{},
		Bulk: &audit.BulkForecast{Verdict: "reject", Rules: []string{"dmarc.missing"}}})
	at := strings.Index(r.Evidence.SPF.Record, "?all")
	for i := range r.Findings {
		if r.Findings[i].Rule == "spf.all-neutral" {
			r.Findings[i].At = &audit.Place{Name: r.Domain, Record: r.Evidence.SPF.Record, Offset: at, Length: len("?all")}
		}
	}
	r.Evidence.SPF.Tree = &audit.SPFNode{Domain: r.Domain, Status: "found", Record: r.Evidence.SPF.Record, Terms: []audit.SPFTerm{
		{Term: "include:sendgrid.net", Offset: 7, Lookup: 1, Tree: &audit.SPFNode{Domain: "sendgrid.net", Status: "unknown", Cause: "SERVFAIL"}},
		{Term: "include:servers.mcsv.net", Offset: 28, Lookup: 2, Tree: &audit.SPFNode{Domain: "servers.mcsv.net", Status: "found", Terms: []audit.SPFTerm{{Term: "ip4:192.0.2.0/24"}}}},
		{Term: "a", Offset: 60, Lookup: 3, Void: true}}}
	r.Evidence.SPF.Authorised = &audit.Authorised{IPv4: 256, IPv6: "0", Costs: []audit.Cost{{Term: "include:servers.mcsv.net", Lookups: 1, IPv4: 256, IPv6: "0"}}}
	r.WhatIf = &audit.WhatIf{ScoreBefore: ptr(42), VerdictBefore: "fail", VerdictAfter: "unknown", LookupsBefore: 17, LookupsAfter: 9,
		RefusedBefore: []string{"gmail"}, RefusedAfter: []string{"gmx"}}
	r.Evidence.Message = &audit.Message{From: "shop.example", Learned: []string{}, Cause: "there is no Received field", Signatures: []audit.Signature{}}
	return r
}

func TestFormatsGolden(t *testing.T) {
	for _, f := range writers {
		t.Run(f, func(t *testing.T) {
			golden(t, "one-"+f, written(t, Options{Format: f}, telling()).Bytes())
			golden(t, "several-"+f, written(t, Options{Format: f, Several: true}, dead(), healthy(), partly()).Bytes())
		})
	}
	golden(t, "verbose-markdown", written(t, Options{Format: "markdown", Verbose: true}, telling()).Bytes())
}

// What a writer writes depends on nothing but the report: one that was saved gives the same.
func TestWritersArePure(t *testing.T) {
	saved := func(r *audit.Report) *audit.Report {
		var out audit.Report
		if err := json.Unmarshal(written(t, Options{Format: "json"}, r).Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return &out
	}
	for _, x := range samples {
		r := x.report()
		if x.name == "attacked" { // JSON has no word for octets that are no UTF-8
			r = saved(r)
		}
		for _, f := range Formats {
			o := Options{Format: f, Verbose: true, Tree: true}
			if live, again := written(t, o, r).String(), written(t, o, saved(r)).String(); live != again {
				t.Errorf("%s of %s is another once it was saved", f, x.name)
			}
		}
	}
}

// TestFormatsAreInert: whatever field a string comes from, it acts on no terminal, browser, spreadsheet or parser.
func TestFormatsAreInert(t *testing.T) {
	keeps := [][]string{nil, {"Status", "Area", "Op", "Identity", "TLS", "Rule"}, {"Status", "Area", "Op", "Verdict", "Rules", "Domain", "By"}}
	for i, start := range []string{"", "=cmd|' /C calc'!A0 ", "-", "+", "@", "\uff1d", "\t=", "`````", "</script></style></pre>", `" onload="x`, "\n\n# x\n\n|---|\n", "@all `", "x;=cmd|' /C calc'!A0;-"} {
		r, fresh := telling(), telling()
		poison(reflect.ValueOf(r).Elem())
		lead(reflect.ValueOf(r).Elem(), start)
		restore(reflect.ValueOf(r).Elem(), reflect.ValueOf(fresh).Elem(), keeps[i%len(keeps)])
		for _, f := range writers {
			b := written(t, Options{Format: f, Several: true, Verbose: true}, r, r)
			if i := bytes.IndexFunc(b.Bytes(), suspect); i >= 0 {
				t.Fatalf("%s: raw %.20q", f, b.Bytes()[i:])
			}
			rulesOf[f](t, b.Bytes())
		}
	}
}

// lead puts s before every string of v.
func lead(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s + v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			lead(v.Elem(), s)
		}
	case reflect.Slice:
		for i := range v.Len() {
			lead(v.Index(i), s)
		}
	case reflect.Struct:
		if v.Type().PkgPath() != "time" {
			for i := range v.NumField() {
				lead(v.Field(i), s)
			}
		}
	}
}

// rulesOf are the rules of each format.
var rulesOf = map[string]func(*testing.T, []byte){
	"markdown": holdsMarkdown, "html": holdsHTML, "csv": holdsCSV, "junit": holdsJUnit, "sarif": holdsSARIF, "nagios": holdsNagios, "prometheus": holdsPrometheus,
}

var unescapedBar = regexp.MustCompile(`(^|[^\\])(\\\\)*\|`)

// told is a name that GitHub and GitLab tell of the issue: one that is no code.
var told = regexp.MustCompile("(^|[^0-9A-Za-z_`])@[0-9A-Za-z_-]")

func holdsMarkdown(t *testing.T, b []byte) {
	t.Helper()
	code, columns := false, 0
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSuffix(l, "\n")
		if strings.HasPrefix(l, "```") {
			code = !code
			if l != "```" && l != "```text" {
				t.Fatalf("a block of code begins with %q", l)
			}
			continue
		}
		if strings.ContainsAny(l, "<") || strings.Contains(l, "](") || code && strings.Contains(l, "`") {
			t.Fatalf("live: %q", l)
		}
		if !code && told.MatchString(l) {
			t.Fatalf("tells somebody: %q", l)
		}
		n := len(unescapedBar.FindAllString(l, -1))
		switch {
		case code || !strings.HasPrefix(l, "|"):
			columns = 0
		case columns == 0:
			columns = n
		case n != columns:
			t.Fatalf("%d bars in a row of a table of %d: %q", n, columns, l)
		}
	}
	if code {
		t.Fatal("a block of code has no end")
	}
}

// holdsHTML parses as a browser does: the page has the elements, attributes and classes that are ours, one style and one script,
// those that its policy names, loads nothing, and leads nowhere but to itself and its folder.
func holdsHTML(t *testing.T, b []byte) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	n, ids, targets := map[string]int{}, map[string]bool{}, map[string]bool{}
	var walk func(*html.Node)
	walk = func(x *html.Node) {
		if x.Type == html.CommentNode {
			t.Fatalf("a comment: %q", x.Data)
		}
		if x.Type == html.ElementNode {
			n[x.Data]++
			ours, known := htmlElements[x.Data]
			if !known {
				t.Fatalf("a %s", x.Data)
			}
			for _, a := range x.Attr {
				if !slices.Contains(strings.Fields(ours+" "+htmlAttributes), a.Key) {
					t.Fatalf("%s has %s=%q", x.Data, a.Key, a.Val)
				}
				switch a.Key {
				case "href":
					if !htmlLink.MatchString(a.Val) {
						t.Fatalf("%s leads to %q", x.Data, a.Val)
					}
					if to, here := strings.CutPrefix(a.Val, "#"); here {
						targets[to] = true
					}
				case "id":
					if ids[a.Val] || !htmlID.MatchString(a.Val) {
						t.Fatalf("id %q", a.Val)
					}
					ids[a.Val] = true
				case "class":
					for _, c := range strings.Fields(a.Val) {
						if !slices.Contains(htmlClasses, c) {
							t.Fatalf("%s has the class %q", x.Data, c)
						}
					}
				}
			}
		}
		for c := range x.ChildNodes() {
			walk(c)
		}
	}
	walk(root)
	if n["script"] != 1 || n["style"] != 1 || n["title"] != 1 || n["main"] != 1 || n["h1"] != 1 {
		t.Fatalf("elements: %v", n)
	}
	for to := range targets {
		if !ids[to] {
			t.Fatalf("nothing is at #%s", to)
		}
	}
	for _, part := range []string{"<style>" + htmlStyle + "</style>", "<script>" + htmlScript + "</script>"} {
		if !bytes.Contains(b, []byte(part)) {
			t.Fatalf("%.40s... is not what its hash is of", part)
		}
	}
}

// What pages are made of: the elements, each with the attributes that it alone has, those of any, and the classes.
var (
	htmlElements = map[string]string{"html": "lang", "head": "", "meta": "charset http-equiv content name", "title": "", "link": "rel href", "style": "", "script": "",
		"body": "", "header": "", "main": "tabindex", "footer": "", "nav": "", "article": "", "section": "", "div": "tabindex", "p": "", "span": "title", "br": "", "a": "href",
		"h1": "", "h2": "", "h3": "", "h4": "", "ul": "", "ol": "", "li": "", "dl": "", "dt": "", "dd": "", "q": "", "code": "", "pre": "", "ins": "", "del": "", "mark": "",
		"details": "", "summary": "", "table": "", "thead": "", "tbody": "", "tr": "", "th": "scope aria-sort", "td": "data-sort",
		"svg": "viewbox viewBox width height preserveaspectratio preserveAspectRatio", "circle": "cx cy r stroke-dasharray transform", "rect": "x y width height", "text": "x y"}
	htmlAttributes = "class id role aria-label aria-labelledby aria-hidden"
	htmlLink       = regexp.MustCompile(`^(data:,|#[a-z0-9-]+|[a-z0-9._~-]+\.html)$`)
	htmlID         = regexp.MustCompile(`^[a-z0-9-]+$`)
	htmlClasses    = strings.Fields("skip card hero lead facts parts muted dial track high low big small bars name about words bar chip cell tag rule wide stack grid in none n text " +
		"fixes paste gone record tree costs budget used free line sortable status fail warn unknown info pass")
)

func holdsCSV(t *testing.T, b []byte) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		for i, c := range r {
			if strings.ContainsAny(c[:min(len(c), 1)], "=+-@\t\r") || strings.HasPrefix(c, "\uff1d") {
				t.Fatalf("%s begins as a formula: %q", rows[0][i], c)
			}
			if strings.Contains(c, ";=") || strings.Contains(c, ";-") {
				t.Fatalf("%s has a formula where cells are parted at semicolons: %q", rows[0][i], c)
			}
		}
	}
}

// holdsJUnit holds the order of elements and the attributes that the schema of Ant's reports demands.
func holdsJUnit(t *testing.T, b []byte) {
	t.Helper()
	inner := map[string][]string{"testsuites": {"testsuite"}, "testsuite": {"properties", "testcase", "system-out", "system-err"}, "properties": {"property"},
		"testcase": {"skipped", "error", "failure"}, "": {"testsuites"}}
	attributes := map[string]string{"testsuites": "", "testsuite": "name package id timestamp hostname tests failures errors skipped time", "property": "name value",
		"testcase": "name classname time", "skipped": "message", "error": "message type", "failure": "message type"}
	type element struct {
		name     string
		children []string
	}
	stack := []element{{}}
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			up := &stack[len(stack)-1]
			up.children = append(up.children, x.Name.Local)
			var names []string
			for _, a := range x.Attr {
				names = append(names, a.Name.Local)
			}
			if want := attributes[x.Name.Local]; strings.Join(names, " ") != want {
				t.Fatalf("%s has %v, want %s", x.Name.Local, names, want)
			}
			stack = append(stack, element{name: x.Name.Local})
		case xml.EndElement:
			e := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			last := 0
			for _, c := range e.children {
				i := slices.Index(inner[e.name], c)
				if i < last {
					t.Fatalf("%s holds %v", e.name, e.children)
				}
				last = i
			}
			if e.name == "testcase" && len(e.children) > 1 {
				t.Fatalf("a case with %v", e.children)
			}
		}
	}
}

// holdsSARIF validates by the schema of OASIS, as it comes with its specification.
func holdsSARIF(t *testing.T, b []byte) {
	t.Helper()
	schema, err := sarifSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(instance(t, b)); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results []sarifResult
			Tool    sarifTool
		}
	}
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	prints := map[string]bool{}
	for _, r := range log.Runs[0].Results {
		if log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Fatalf("ruleIndex %d is not %s", r.RuleIndex, r.RuleID)
		}
		if p := r.Fingerprints["mailaudit/v1"]; prints[p] {
			t.Fatalf("fingerprint %s twice", p)
		} else {
			prints[p] = true
		}
	}
}

var sarifSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	f, err := os.Open("testdata/sarif-2.1.0.schema.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", v); err != nil {
		return nil, err
	}
	return c.Compile("sarif.json")
})

var pluginLine = regexp.MustCompile("^MAILAUDIT (OK|WARNING|CRITICAL|UNKNOWN) - [^|`$&'\"<>\n]*\\|( [a-z]+=[0-9.]+%?(;[0-9]*){2,4})+\n$")

func holdsNagios(t *testing.T, b []byte) {
	t.Helper()
	if !pluginLine.Match(b) {
		t.Fatalf("%q", b)
	}
}

var sampleLine = regexp.MustCompile(`^(mailaudit_[a-z_]+)(\{([a-z]+="([^"\\\n]|\\\\|\\")*",?)+\}) -?[0-9.]+$`)

func holdsPrometheus(t *testing.T, b []byte) {
	t.Helper()
	typed, seen := "", map[string]bool{}
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSuffix(l, "\n")
		switch f := strings.Fields(l); {
		case strings.HasPrefix(l, "# HELP "):
		case strings.HasPrefix(l, "# TYPE "):
			if seen[f[2]] {
				t.Fatalf("%s stands apart", f[2])
			}
			typed = f[2]
			seen[typed] = true
		default:
			m := sampleLine.FindStringSubmatch(l)
			if m == nil || m[1] != typed || seen[m[1]+m[2]] {
				t.Fatalf("%q", l)
			}
			seen[m[1]+m[2]] = true
		}
	}
}

func TestFormatsHoldTheirRules(t *testing.T) {
	for _, x := range samples {
		for _, f := range writers {
			t.Run(x.name+" "+f, func(t *testing.T) {
				rulesOf[f](t, written(t, Options{Format: f}, x.report()).Bytes())
			})
		}
	}
	for _, f := range writers {
		t.Run("none "+f, func(t *testing.T) { rulesOf[f](t, written(t, Options{Format: f, Several: true}).Bytes()) })
	}
}
