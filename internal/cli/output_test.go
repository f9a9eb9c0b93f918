package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestColored(t *testing.T) {
	for _, c := range []struct {
		flag, file, noColor, term string
		terminal, want            bool
	}{
		{flag: "auto", terminal: true, term: "xterm", want: true},
		{flag: "auto", terminal: true, want: true},
		{flag: "auto", terminal: true, term: "xterm", file: "-", want: true},
		{flag: "auto", terminal: true, term: "dumb"},
		{flag: "auto", terminal: true, term: "xterm", noColor: "1"},
		{flag: "auto", terminal: true, term: "xterm", file: "report"},
		{flag: "auto", term: "xterm"},
		{flag: "always", want: true},
		{flag: "always", term: "dumb", noColor: "1", file: "report", want: true},
		{flag: "never", terminal: true, term: "xterm"},
	} {
		env := map[string]string{"NO_COLOR": c.noColor, "TERM": c.term}
		w := World{LookupEnv: func(k string) (string, bool) { return env[k], env[k] != "" }}
		if got := (outputOptions{color: c.flag, file: c.file}).colored(w, Terminal{Stdout: c.terminal}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestOutputFile: a file is replaced whole or not at all, keeps its mode, and is found where a link to it leads.
func TestOutputFile(t *testing.T) {
	dir := t.TempDir()
	private, link := filepath.Join(dir, "private"), filepath.Join(dir, "link")
	if err := os.WriteFile(private, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("private", link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, want string
		keep       bool
	}{{"half", "before", false}, {"whole", "whole", true}} {
		s, err := outputOptions{file: link}.open(World{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(private); string(b) != "before" {
			t.Errorf("%q stands there before the end", b)
		}
		for range 2 {
			if err := s.finish(c.keep); err != nil {
				t.Error(err)
			}
		}
		if b, _ := os.ReadFile(private); string(b) != c.want {
			t.Errorf("keep %v: %q, want %q", c.keep, b, c.want)
		}
	}
	if info, err := os.Lstat(private); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if l, err := os.ReadDir(dir); err != nil || len(l) != 2 {
		t.Errorf("left behind: %v, %v", l, err)
	}
}

// TestOutputLinkAhead: a link to a file that is not there yet stays, and the file comes to be.
func TestOutputLinkAhead(t *testing.T) {
	dir := t.TempDir()
	for name, to := range map[string]string{"latest": "second", "second": filepath.Join(dir, "today"), "astray": "nowhere/today"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := outputOptions{file: filepath.Join(dir, "latest")}.open(World{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.finish(true); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"latest": fs.ModeSymlink, "second": fs.ModeSymlink, "today": 0} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode().Type() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := (outputOptions{file: filepath.Join(dir, "astray")}).open(World{}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a link to a folder that is not there: %v", err)
	}
}
