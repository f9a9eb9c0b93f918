package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// config is what these tests read of .goreleaser.yaml. `make release-check` has goreleaser read it all.
type config struct {
	Builds []struct {
		Main, Binary string
		Env, Flags   []string
		Ldflags      []string
		Targets      []string
	}
	Archives []struct{ Files []struct{ Src, Dst string } }
	NFPMs    []struct {
		Formats   []string
		Contents  []struct{ Src, Dst, Type, Packager string }
		Overrides map[string]struct{ Scripts map[string]string }
	} `yaml:"nfpms"`
	SBOMs []struct{ Args []string } `yaml:"sboms"`
}

// root is the folder of the repository, in which goreleaser runs.
const root = "../.."

func readConfig(t *testing.T) config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c config
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 || len(c.Archives) != 1 || len(c.NFPMs) != 1 || len(c.SBOMs) != 1 {
		t.Fatalf("%d builds, %d archives, %d nfpms, %d sboms", len(c.Builds), len(c.Archives), len(c.NFPMs), len(c.SBOMs))
	}
	return c
}

// variable is one of the Makefile.
func variable(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + ` = (.*)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("Makefile has no %s", name)
	}
	return string(m[1])
}

// TestTargets: `make cross` builds what is released, in the way in which it is.
func TestTargets(t *testing.T) {
	b := readConfig(t).Builds[0]
	var targets []string
	for _, target := range b.Targets {
		targets = append(targets, strings.ReplaceAll(target, "_", "/"))
	}
	if diff := cmp.Diff(targets, strings.Fields(variable(t, "TARGETS"))); diff != "" {
		t.Errorf("-.goreleaser.yaml +Makefile\n%s", diff)
	}
	template := strings.NewReplacer("{{ .Version }}", "$(VERSION)", "{{ slice .CommitDate 0 10 }}", "$(DATE)")
	build := strings.Join(b.Env, " ") + " $(GO) build " + strings.Join(b.Flags, " ") + ` -ldflags "` + template.Replace(strings.Join(b.Ldflags, " ")) + `"`
	if diff := cmp.Diff(build, variable(t, "BUILD")); diff != "" {
		t.Errorf("-.goreleaser.yaml +Makefile\n%s", diff)
	}
}

// TestLinked: main is a command, and what is set by the linker is there to be set. The linker itself says nothing of a
// variable that there is not.
func TestLinked(t *testing.T) {
	b := readConfig(t).Builds[0]
	binary := filepath.Join(t.TempDir(), b.Binary)
	flags := strings.NewReplacer("{{ .Version }}", "9.8.7", "{{ slice .CommitDate 0 10 }}", "2026-11-22").Replace(strings.Join(b.Ldflags, " "))
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags", flags, "-o", binary, b.Main)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(binary, "version").Output()
	if err != nil || string(out) != "mailaudit 9.8.7 (2026-11-22)\n" {
		t.Errorf("%v, %q", err, out)
	}
}

// generate fills a folder, and gives its name.
func generate(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "generated")
	if err := run(t.Context(), []string{dir, "1.2.3", "2026-11-22"}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFiles: what archives and packages hold is in the repository or generated, and nothing is generated for nobody.
func TestFiles(t *testing.T) {
	c := readConfig(t)
	generated := generate(t)
	left := map[string]bool{}
	err := filepath.WalkDir(generated, func(name string, d os.DirEntry, err error) error {
		left[name] = err == nil && !d.IsDir()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	has := func(src string) {
		from := filepath.Join(root, src)
		if rest, ok := strings.CutPrefix(src, "generated/"); ok {
			from = filepath.Join(generated, rest)
		}
		found, err := filepath.Glob(from)
		if err != nil || len(found) == 0 {
			t.Errorf("%s: there is none: %v", src, err)
		}
		for _, f := range found {
			left[f] = false
		}
	}
	for _, f := range c.Archives[0].Files {
		has(f.Src)
		// goreleaser takes a dst for a folder only where src is a pattern.
		if name := path.Base(f.Src); f.Dst != "" && !strings.Contains(name, "*") && path.Base(f.Dst) != name {
			t.Errorf("%s goes to %q, which has not its name", f.Src, f.Dst)
		}
	}
	placed := map[string]bool{}
	for _, f := range c.NFPMs[0].Contents {
		has(f.Src)
		if !path.IsAbs(f.Dst) || placed[f.Packager+f.Dst] && !strings.HasSuffix(f.Dst, "/") {
			t.Errorf("%s for %s goes to %s, as another does", f.Src, f.Packager, f.Dst)
		}
		placed[f.Packager+f.Dst] = true
		if strings.HasPrefix(f.Dst, "/etc/") != (f.Type == "config|noreplace") {
			t.Errorf("%s is of type %q: what is in /etc, and no more, is the administrator's", f.Dst, f.Type)
		}
	}
	for format, o := range c.NFPMs[0].Overrides {
		if !slices.Contains(c.NFPMs[0].Formats, format) {
			t.Errorf("%s is not packaged", format)
		}
		for _, script := range o.Scripts {
			has(script)
		}
	}
	for name, is := range left {
		if is {
			t.Errorf("%s is generated for nothing", name)
		}
	}
	if tool := c.SBOMs[0].Args[1]; tool != "mailaudit/packaging/sbom" {
		t.Errorf("sboms by %s", tool)
	}
}

// TestGenerated: twice the same bytes, pages that unpack to themselves, and a licence for each module.
func TestGenerated(t *testing.T) {
	first, second := generate(t), generate(t)
	err := filepath.WalkDir(first, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(first, name)
		if err != nil {
			return err
		}
		a, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(second, rel))
		if err != nil {
			return err
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s is another the second time", rel)
		}
		if page, ok := strings.CutSuffix(name, ".gz"); ok {
			plain, err := os.ReadFile(page)
			if err != nil {
				return err
			}
			z, err := gzip.NewReader(bytes.NewReader(a))
			if err != nil {
				return err
			}
			if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, plain) || z.Name != "" || !z.ModTime.IsZero() {
				t.Errorf("%s: %v", rel, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(first, "THIRD-PARTY"))
	if err != nil {
		t.Fatal(err)
	}
	// The last is of Windows alone.
	for _, want := range []string{"\nGo and its standard library\n", "\ngithub.com/miekg/dns v1", "\ngolang.org/x/net v0", "\ngithub.com/inconshreveable/mousetrap v1"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("THIRD-PARTY lacks %q", want)
		}
	}
}

// TestNoLicence: a module without one stops the release.
func TestNoLicence(t *testing.T) {
	if text, err := licence(t.TempDir()); err == nil {
		t.Errorf("%q", text)
	}
}

// TestStalePages: a page of a command that is gone is gone.
func TestStalePages(t *testing.T) {
	dir := generate(t)
	stale := filepath.Join(dir, "man", "mailaudit-gone.1")
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{dir, "1.2.3", "2026-11-22"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("it is still there")
	}
}
