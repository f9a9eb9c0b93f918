package report

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"mailaudit/internal/checks"
)

func TestEveryAreaIsToldInPlainWords(t *testing.T) {
	for _, a := range checks.Areas {
		if about[string(a)] == "" {
			t.Errorf("nothing is said of the area %s", a)
		}
	}
}

// A page of serve's is made of the same parts, and escapes what it is given.
func TestPage(t *testing.T) {
	b, err := Page(hostile, Policy("form-action 'self'"), h.P(h.Class("card"), h.Title(hostile), g.Text(hostile)), Article(attacked(), hostile))
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.IndexFunc(b, suspect); i >= 0 {
		t.Errorf("raw %.20q", b[i:])
	}
	htmlElements["p"] = "title"
	defer func() { htmlElements["p"] = "" }()
	holdsHTML(t, b)
}

// The first of two directives of a name holds.
func TestPolicy(t *testing.T) {
	first := map[string]string{}
	for d := range strings.SplitSeq(Policy("form-action 'self'", "connect-src 'self'"), "; ") {
		name, value, _ := strings.Cut(d, " ")
		if _, there := first[name]; !there {
			first[name] = value
		}
	}
	if first["form-action"] != "'self'" || first["connect-src"] != "'self'" || first["default-src"] != "'none'" || first["base-uri"] != "'none'" ||
		!strings.HasPrefix(first["script-src"], "'sha256-") || !strings.HasPrefix(first["style-src"], "'sha256-") || strings.Contains(Policy(), "unsafe") {
		t.Errorf("%v", first)
	}
}

// files is what a folder holds.
type files map[string][]byte

func (f files) put(name string, page []byte) error {
	if f[name] != nil {
		return fmt.Errorf("%s twice", name)
	}
	f[name] = page
	return nil
}

func TestFolder(t *testing.T) {
	got := files{}
	w, err := New(nil, Options{Format: "html", Several: true, Put: got.put})
	if err != nil {
		t.Fatal(err)
	}
	odd := attacked()
	odd.Domain = "../" + hostile
	again, far, port := healthy(), healthy(), healthy()
	far.Domain, port.Domain = strings.Repeat("a.", 120)+"example", "con.example"
	for _, r := range []func() error{
		func() error { return w.Report(healthy(), "exit 0") }, func() error { return w.Report(broken(), "") }, func() error { return w.Report(dead(), "") },
		func() error { return w.Report(odd, "") }, func() error { return w.Report(again, "") }, func() error { return w.Report(far, "") }, func() error { return w.Report(port, "") },
		func() error { return w.Invalid(7, "bad..name"+hostile, errors.New("an empty label")) }, w.Close,
	} {
		if err := r(); err != nil {
			t.Fatal(err)
		}
	}
	safe := regexp.MustCompile(`^[a-z0-9][a-z0-9._~-]{1,200}\.html$`)
	for name, page := range got {
		if !safe.MatchString(name) {
			t.Errorf("a file %q", name)
		}
		if i := bytes.IndexFunc(page, suspect); i >= 0 {
			t.Errorf("%s: raw %.20q", name, page[i:])
		}
		holdsHTML(t, page)
		for _, m := range regexp.MustCompile(`href="([^"#]+\.html)"`).FindAllSubmatch(page, -1) {
			if got[string(m[1])] == nil {
				t.Errorf("%s leads to %s, which is not there", name, m[1])
			}
		}
	}
	for _, name := range []string{"healthy.example.html", "healthy.example~2.html", "shop.example.html", "dark.example.html", "index.html"} {
		if got[name] == nil {
			t.Errorf("no %s among %v", name, slices.Sorted(maps.Keys(got)))
		}
	}
	if len(got) != 8 {
		t.Errorf("%d files", len(got))
	}
	golden(t, "folder-index", got["index.html"])
}

// An index of many is several pages, the worst first, with every domain once.
func TestManyAreIndexedInPages(t *testing.T) {
	got := files{}
	w := newFolder(func(name string, page []byte) error {
		if strings.HasPrefix(name, "index") {
			return got.put(name, page)
		}
		return nil
	})
	const n = 2*indexRows + 1
	r := healthy()
	only(r)
	for i := range n {
		r.Domain, r.Score, r.ScoreLow = fmt.Sprintf("d%d.example", i), ptr(i%101), ptr(i%101)
		if err := w.Report(r, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i := range indexLines + 5 {
		if err := w.Invalid(i, "x", errors.New("no domain")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	seen, last := map[string]bool{}, -1
	for i := range 3 {
		page := string(got[indexName(i)])
		for _, m := range regexp.MustCompile(`<a href="(d\d+\.example)\.html">.*?data-sort="(\d+)">(\d+)</td><td role="cell" data-sort`).FindAllStringSubmatch(page, -1) {
			var score int
			if _, err := fmt.Sscan(m[3], &score); err != nil || score < last {
				t.Fatalf("%s has %s behind %d", m[1], m[3], last)
			}
			seen[m[1]], last = true, score
		}
	}
	if len(got) != 3 || len(seen) != n {
		t.Errorf("%d pages, %d domains", len(got), len(seen))
	}
	if first := string(got["index.html"]); !strings.Contains(first, "no domain: 105 lines of the list<") || !strings.Contains(first, "and 5 more") || !strings.Contains(first, `href="index-2.html"`) || strings.Contains(first, `href="index-3.html"`) {
		t.Errorf("%.3000s", first)
	}
}

// What keeps a folder from being written ends it.
func TestFolderThatCannotBeWritten(t *testing.T) {
	full := errors.New("no space left")
	w := newFolder(func(string, []byte) error { return full })
	if err := w.Report(healthy(), ""); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

// Nothing that a report says becomes a class, an id or a file's name, whatever is in it.
func TestWordsAreNoClasses(t *testing.T) {
	r := telling()
	lead(reflect.ValueOf(r).Elem(), "card stack ")
	for i := range r.Fixes {
		for k := range r.Fixes[i].Changes {
			r.Fixes[i].Changes[k].Op = "add"
		}
	}
	b, err := Page("x", Policy(), Article(r, ""))
	if err != nil {
		t.Fatal(err)
	}
	holdsHTML(t, b)
	if m := regexp.MustCompile(`class="[^"]*card[^"]*"`).Find(b); m != nil {
		t.Errorf("%s", m)
	}
}
