package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSize: a release for the usual server stays below 25 MB.
func TestSize(t *testing.T) {
	const limit = 25_000_000
	bin := filepath.Join(t.TempDir(), "mailaudit")
	flags := strings.NewReplacer("$(GO)", "go", "$(VERSION)", "v1.0.0", "$(DATE)", "2026-11-22").Replace(variable(t, "BUILD"))
	build := exec.CommandContext(t.Context(), "sh", "-c", flags+` -o "$0" ./cmd/mailaudit`, bin)
	build.Dir, build.Env = root, append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(bin)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= limit {
		t.Errorf("%d octets, want less than %d", info.Size(), limit)
	}
	t.Logf("%d octets", info.Size())
}
