//go:build browser

package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// look is what testdata/browser.mjs says of one page in one window.
type look struct {
	Page       string
	Width      int
	Scheme     string
	Scripts    bool
	Trouble    []string // console, page errors, requests
	Overflow   int      // pixels that the page is wider than the window
	Violations []string // of axe-core
	Copied     string   // by the first copy button
	Sorted     []string // first column, after a click on its head
	Heads      int      // headings that can be seen
}

// TestBrowser opens pages in Chromium: `make browser` says where it and its modules are.
func TestBrowser(t *testing.T) {
	dir := t.TempDir()
	pages := map[string][]byte{
		"one":      written(t, Options{Format: "html"}, telling()).Bytes(),
		"several":  written(t, Options{Format: "html", Several: true}, healthy(), dead(), telling()).Bytes(),
		"attacked": written(t, Options{Format: "html"}, attacked()).Bytes(),
	}
	args := []string{"testdata/browser.mjs"}
	for name, b := range pages {
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); n++ {
		var l look
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(l.Page), ".html")
		if len(l.Trouble) > 0 || l.Overflow > 0 || len(l.Violations) > 0 || l.Heads == 0 {
			t.Errorf("%+v", l)
		}
		if l.Scripts && name == "one" && !strings.HasPrefix(l.Copied, "shop.example.  3600  IN  TXT") {
			t.Errorf("%s at %d: copied %q", name, l.Width, l.Copied)
		}
		if l.Scripts && name == "several" && !slices.Equal(l.Sorted, []string{"dark.example", "healthy.example", "shop.example"}) {
			t.Errorf("%s at %d: sorted %q", name, l.Width, l.Sorted)
		}
	}
	if want := len(pages) * 5; n != want {
		t.Errorf("%d looks, want %d", n, want)
	}
}
