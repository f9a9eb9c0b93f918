package main

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// TestRun: the packages of .goreleaser.yaml, whole, with what goreleaser would add.
func TestRun(t *testing.T) {
	t.Chdir("../..")
	var b bytes.Buffer
	if err := run([]string{"bin/x", "1.2.3", "2026-11-22"}, &b); err != nil {
		t.Fatal(err)
	}
	var p struct {
		Name, Arch, Version, Mtime string
		Formats                    []string
		Contents                   []map[string]any
		Overrides                  map[string]struct{ Scripts map[string]string }
	}
	if err := yaml.Unmarshal(b.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	have := []string{p.Name, p.Arch, p.Version, p.Mtime, fmt.Sprint(p.Formats)}
	if diff := cmp.Diff([]string{"mailaudit", runtime.GOARCH, "1.2.3", "2026-11-22T00:00:00Z", "[]"}, have); diff != "" {
		t.Error(diff)
	}
	last := p.Contents[len(p.Contents)-1]
	if len(p.Contents) < 10 || last["src"] != "bin/x" || last["dst"] != "/usr/bin/mailaudit" {
		t.Errorf("%d contents, the last %v", len(p.Contents), last)
	}
	if len(p.Overrides["deb"].Scripts) != 3 || len(p.Overrides["rpm"].Scripts) != 3 {
		t.Errorf("scripts: %v", p.Overrides)
	}
}

// TestUsage: a version that no packager takes is told here.
func TestUsage(t *testing.T) {
	t.Chdir("../..")
	for _, args := range [][]string{nil, {"bin/x", "c82d903-dirty", "2026-11-22"}, {"bin/x", "1.2.3", ""}} {
		if err := run(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
