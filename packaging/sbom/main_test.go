package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSBOM: of a real binary, all that go version -m tells.
func TestSBOM(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "mailaudit")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "mailaudit/cmd/mailaudit").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "sbom.json")
	if err := run([]string{"-o", file, binary, "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	program := d.Metadata.Component
	if d.Format != "CycloneDX" || program.Name != "mailaudit" || program.Version != "1.2.3" || program.Hashes[0].Content != fmt.Sprintf("%x", sha256.Sum256(text)) {
		t.Errorf("%+v", program)
	}
	target := property{"mailaudit:GOOS", runtime.GOOS}
	if !strings.Contains(fmt.Sprint(program.Properties), fmt.Sprint(target)) {
		t.Errorf("the target is missing: %v", program.Properties)
	}
	told, err := exec.Command("go", "version", "-m", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pkg:golang/std@" + strings.TrimPrefix(runtime.Version(), "go")}
	for line := range strings.Lines(string(told)) {
		if f := strings.Fields(line); f[0] == "dep" {
			want = append(want, "pkg:golang/"+f[1]+"@"+f[2])
		}
	}
	var have []string
	for _, c := range d.Components {
		have = append(have, c.PURL)
	}
	if diff := cmp.Diff(want, have); len(want) < 2 || diff != "" {
		t.Error(diff)
	}
}

// TestNoBinary: what is none is an error, not an empty list.
func TestNoBinary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sbom.json")
	for _, args := range [][]string{nil, {"-o", file, "main.go", "1.2.3"}, {"-o", file, "missing", "1.2.3"}} {
		if err := run(args); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a list was written")
	}
}
