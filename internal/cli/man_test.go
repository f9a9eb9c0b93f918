package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"mailaudit"
)

// manual are the pages of version 1.2.3 by their names.
func manual(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	w, stdout, stderr := world(nil)
	w.Args, w.Version, w.Date = []string{"man", dir}, "1.2.3", "2026-11-22"
	if code := Main(w); code != exitOK || stdout.Len()+stderr.Len() > 0 {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[f.Name()] = string(text)
	}
	return pages
}

// TestManual: a page for each command that help shows, with each of its flags, and one that names them all.
func TestManual(t *testing.T) {
	pages := manual(t)
	w, _, _ := world(nil)
	root := newRoot(w)
	want := []string{"mailaudit.1"}
	for _, c := range root.Commands() {
		if c.Hidden {
			continue
		}
		name := "mailaudit-" + c.Name()
		want = append(want, name+".1")
		page := pages[name+".1"]
		if !strings.HasPrefix(page, ".TH "+strings.ToUpper(roff(name))+` 1 "2026\-11\-22" "mailaudit 1.2.3"`+"\n") || !strings.Contains(page, roff(c.Short)) {
			t.Errorf("%s begins with\n%.200s", name, page)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" && !strings.Contains(page, `\fB`+roff("--"+f.Name)+`\fR`) {
				t.Errorf("%s does not tell of --%s", name, f.Name)
			}
		})
		if !strings.Contains(pages["mailaudit.1"], ".BR "+roff(name)+" (1)\n"+roff(c.Short)) {
			t.Errorf("mailaudit.1 does not name %s", name)
		}
	}
	var have []string
	for name := range pages {
		have = append(have, name)
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	if p := pages["mailaudit-check.1"]; !strings.Contains(p, `\fB\-f\fR, \fB\-\-format\fR \fIFORMAT\fR`+"\n") || !strings.Contains(p, "(default 30s)\n") {
		t.Errorf("flags are told otherwise:\n%s", p)
	}
}

// TestManualExitCodes: they are those of the README.
func TestManualExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Exit codes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var want [][2]string
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \|$`).FindAllStringSubmatch(section, -1) {
		want = append(want, [2]string{m[1], strings.ReplaceAll(m[2], "`", "")})
	}
	if diff := cmp.Diff(want, exitCodes); len(want) == 0 || diff != "" {
		t.Error(diff)
	}
}

// TestRoff: no text is a request, or loses a character.
func TestRoff(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"plain":           "plain",
		"--ip a-b":        `\-\-ip a\-b`,
		`a\nb`:            `a\enb`,
		".TH x\n.SH\n'br": "\\&.TH x\n\\&.SH\n\\(aqbr",
		"\n.x":            "\n\\&.x",
		"\"~^`":           `\(dq\(ti\(ha\(ga`,
	} {
		if have := roff(in); have != want {
			t.Errorf("%q: %q, want %q", in, have, want)
		}
	}
}

// TestManualUsage: it takes one folder that there is.
func TestManualUsage(t *testing.T) {
	for _, args := range [][]string{{"man"}, {"man", "a", "b"}, {"man", filepath.Join(t.TempDir(), "missing")}} {
		w, _, stderr := world(nil)
		w.Args = args
		if code := Main(w); code != exitUsage {
			t.Errorf("%v: exit %d: %s", args, code, stderr)
		}
	}
}

// TestVersionDate: a release says of when it is.
func TestVersionDate(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		w, stdout, _ := world(nil)
		w.Args, w.Version, w.Date = args, "1.2.3", "2026-11-22"
		if code := Main(w); code != exitOK || stdout.String() != "mailaudit 1.2.3 (2026-11-22)\n" {
			t.Errorf("%v: exit %d, %q", args, code, stdout)
		}
	}
}

// TestPackagedConfig: the config file of the packages is one, with each line of it that is commented out, too, and its lists
// are those inside the program.
func TestPackagedConfig(t *testing.T) {
	text, err := os.ReadFile("../../packaging/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	flags, _, err := settled(t, "", nil, string(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"domains": "/etc/mailaudit/domains.txt", "blocklists": "/etc/mailaudit/blocklists.txt", "resolver": "[]", "probe": "false"} {
		if have := flags.Lookup(name).Value.String(); have != want {
			t.Errorf("%s: %s, want %s", name, have, want)
		}
	}
	all := regexp.MustCompile(`(?m)^#(\w)`).ReplaceAllString(string(text), "$1")
	flags, _, err = settled(t, "", nil, all)
	if err != nil {
		t.Fatal(err)
	}
	if have := flags.Lookup("ip").Value.String(); have != "[192.0.2.25,2001:db8::25]" {
		t.Errorf("ip: %s", have)
	}
	if have := flags.Lookup("fail-on").Value.String(); have != "warn" {
		t.Errorf("fail-on: %s", have)
	}
	shipped, err := readLists("")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "blocklists.txt")
	if err := os.WriteFile(file, []byte(mailaudit.Blocklists), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := readLists(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shipped.Lists, own.Lists); diff != "" {
		t.Errorf("the same lists from a file are others:\n%s", diff)
	}
}
