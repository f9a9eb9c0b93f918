//go:build browser

package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/browsertest"
)

// seen is what testdata/browser.mjs returns.
type seen struct {
	Owned      bool
	Background string
	Buttons    int // without scripts
	Copies     [][2]string
	Sorts      map[string][]string
	Followed   string
}

// TestBrowser opens the pages in Chromium: `make browser`.
func TestBrowser(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, page []byte) error { return os.WriteFile(filepath.Join(dir, name), page, 0o644) }
	evil := telling()
	poison(reflect.ValueOf(evil).Elem())
	lead(reflect.ValueOf(evil).Elem(), `"><img src=http://192.0.2.1/ onerror=alert(1)><script>alert(2)</script></style></script><a href=javascript:alert(3)>`)
	restore(reflect.ValueOf(evil).Elem(), reflect.ValueOf(telling()).Elem(), []string{"Status", "Area", "Op", "Verdict", "Rules"})
	for name, b := range map[string][]byte{
		"one.html":      written(t, Options{Format: "html"}, telling()).Bytes(),
		"several.html":  written(t, Options{Format: "html", Several: true}, healthy(), dead(), telling()).Bytes(),
		"attacked.html": written(t, Options{Format: "html"}, attacked()).Bytes(),
		"evil.html":     written(t, Options{Format: "html"}, evil).Bytes(),
	} {
		if err := put(name, b); err != nil {
			t.Fatal(err)
		}
	}
	var trend bytes.Buffer
	if err := WriteTrend(&trend, Options{Format: "html"}, hostileTrend(), false); err != nil {
		t.Fatal(err)
	}
	if err := put("history.html", trend.Bytes()); err != nil {
		t.Fatal(err)
	}
	w, err := New(nil, Options{Format: "html", Put: put})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range samples {
		if err := w.Report(r.report(), "exit 0"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, name := range []string{"one.html", "several.html", "attacked.html", "evil.html", "index.html", "history.html"} {
		pages = append(pages, filepath.Join(dir, name))
	}
	for _, l := range browsertest.Looks(t, "testdata/browser.mjs", pages...) {
		name := filepath.Base(l.Page)
		var s seen
		if err := json.Unmarshal(l.Seen, &s); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Owned || s.Buttons > 0 {
			t.Errorf("%s at %d: %+v", name, l.Width, s)
		}
		if l.Width == 1280 && l.PDF < 10_000 {
			t.Errorf("%s: %d octets of PDF", name, l.PDF)
		}
		if dark := strings.HasPrefix(s.Background, "rgb(1"); l.Scripts && dark != (l.Scheme == "dark") || !l.Scripts && s.Background != "" {
			t.Errorf("%s: %s on %s", name, l.Scheme, s.Background)
		}
		switch name {
		case "one.html":
			for _, words := range []string{"What was found", "11.22.33.45 has no PTR", "Who would refuse", "Fixes, best first", "SPF tree", "Blocklist ledger", "Alignment"} {
				if !strings.Contains(l.Text, words) {
					t.Errorf("%s at %d, scripts %v: no %q in\n%s", name, l.Width, l.Scripts, words, l.Text)
				}
			}
			if l.Scripts && (len(s.Copies) != 2 || !strings.HasPrefix(s.Copies[0][0], "shop.example.")) {
				t.Errorf("%s at %d: copied %q", name, l.Width, s.Copies)
			}
		case "several.html", "index.html":
			if !l.Scripts {
				continue
			}
			by := func(head string, want ...string) {
				if got := s.Sorts[head]; !slices.Equal(got, want) {
					t.Errorf("%s at %d, by %s: %q", name, l.Width, head, got)
				}
			}
			if name == "several.html" {
				by("Domain ascending", "dark.example", "healthy.example", "shop.example")
				by("Domain descending", "shop.example", "healthy.example", "dark.example")
				by("Verdict ascending", "shop.example", "dark.example", "healthy.example")
				by("Score ascending", "dark.example", "shop.example", "healthy.example")
				by("Fail ascending", "dark.example", "healthy.example", "shop.example")
				if s.Followed != "several.html#d2" {
					t.Errorf("followed to %s", s.Followed)
				}
			} else if !strings.HasSuffix(s.Followed, ".example.html") {
				t.Errorf("followed to %s", s.Followed)
			}
		}
		for _, c := range s.Copies {
			if c[0] != c[1] {
				t.Errorf("%s: copied %q of %q", name, c[1], c[0])
			}
		}
	}
}
