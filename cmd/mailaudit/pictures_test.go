package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestPictures: README.md shows the pictures of docs/images, all of them, and they are small. `make pictures` makes them.
func TestPictures(t *testing.T) {
	const most = 150_000 // octets: whoever reads the page loads them
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`docs/images/[a-z-]+\.(?:svg|png)`).FindAll(page, -1) {
		shown[string(m)] = true
	}
	files, err := filepath.Glob("../../docs/images/*")
	if err != nil || len(files) == 0 || len(files) != len(shown) {
		t.Errorf("%d files, %d shown, %v", len(files), len(shown), err)
	}
	for name := range shown {
		if info, err := os.Stat(filepath.Join("../..", name)); err != nil || info.Size() > most {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
