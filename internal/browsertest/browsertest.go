//go:build browser

// Package browsertest opens pages in a real Chromium, on every kind of screen, and says what is wrong with them. `make browser` runs
// the tests that use it; without the browser or its modules they fail.
package browsertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Look is one page on one screen.
type Look struct {
	Page    string // its URL
	Width   int    // 360, 768 or 1280 px
	Scheme  string // light or dark
	Scripts bool
	Text    string          // what can be read of it, headings and paragraphs
	PDF     int             // octets of it on paper; 0 where it was not printed
	Seen    json.RawMessage // what the scenario returns
}

// Looks opens each page, a URL or a file, on each screen, and lets the scenario act in it: a module whose default export is called
// with Playwright's page and the look, and returns what the test holds. Before that the page is held to what holds for any: nothing
// on the console, no dialog, no request beyond its own origin or folder, nothing wider than the window, no violation that axe-core
// knows, the keyboard reaches everything in the order of the page and it can be seen where it is, and on paper nothing is folded.
func Looks(t *testing.T, scenario string, pages ...string) []Look {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	args := []string{filepath.Join(filepath.Dir(here), "run.mjs")}
	for _, p := range append([]string{scenario}, pages...) {
		if _, err := os.Stat(p); err == nil {
			abs, err := filepath.Abs(p)
			if err != nil {
				t.Fatal(err)
			}
			p = "file://" + abs
		}
		args = append(args, p)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: is everything there that internal/browsertest/install brings?", err)
	}
	var looks []Look
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		l := struct {
			Look
			Trouble []string
		}{}
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		for _, x := range l.Trouble {
			t.Errorf("%s at %d px, %s, scripts %v: %s", l.Page, l.Width, l.Scheme, l.Scripts, x)
		}
		looks = append(looks, l.Look)
	}
	if err := s.Err(); err != nil || len(looks) != screens*len(pages) {
		t.Fatalf("%d looks at %d pages, %v", len(looks), len(pages), err)
	}
	return looks
}

// screens is how many there are in run.mjs.
const screens = 6
