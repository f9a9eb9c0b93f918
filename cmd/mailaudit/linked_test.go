package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestNothingCallsMethodsByName: a call of reflect's Method or MethodByName with a name that the linker cannot see, as templates
// make it, keeps every exported method of the program in the binary (docs/decisions/0010-html.md).
func TestNothingCallsMethodsByName(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", os.DevNull, "-ldflags=-dumpdep", ".")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	seen := false
	for line := range strings.Lines(string(out)) {
		from, _, arrow := strings.Cut(line, " -> ")
		seen = seen || arrow && strings.HasPrefix(from, "main.main")
		// reflect's own wrappers stand there in any program.
		if name, by := strings.CutSuffix(from, " <ReflectMethod>"); arrow && by && !strings.HasPrefix(name, "reflect.") {
			t.Fatalf("%s calls methods by name", name)
		}
	}
	if !seen {
		t.Fatal("the linker told nothing")
	}
}
