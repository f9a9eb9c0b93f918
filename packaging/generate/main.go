// Command generate writes what goes into archives and packages beside the binary: generate FOLDER VERSION DATE.
//
//	man/           manual pages, and the same compressed, as packages have them
//	completions/   for four shells
//	THIRD-PARTY    the licences of what the binaries are made of, which ask to be passed on
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/cli"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: generate FOLDER VERSION DATE")
	}
	dir, version, date := args[0], args[1], args[2]
	for _, d := range []string{"man", "completions"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := manual(filepath.Join(dir, "man"), version, date); err != nil {
		return err
	}
	for shell, name := range map[string]string{"bash": "mailaudit.bash", "fish": "mailaudit.fish", "powershell": "mailaudit.ps1", "zsh": "_mailaudit"} {
		text, err := command("completion", shell)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "completions", name), text, 0o644); err != nil {
			return err
		}
	}
	text, err := licences(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "THIRD-PARTY"), text, 0o644)
}

// command is what mailaudit prints.
func command(args ...string) ([]byte, error) {
	return world(cli.World{Args: args})
}

func world(w cli.World) ([]byte, error) {
	var out, problems bytes.Buffer
	w.Stdout, w.Stderr = &out, &problems
	w.LookupEnv = func(string) (string, bool) { return "", false }
	if code := cli.Main(w); code != 0 {
		return nil, fmt.Errorf("mailaudit %s: exit %d: %s", strings.Join(w.Args, " "), code, &problems)
	}
	return out.Bytes(), nil
}

// manual writes the pages of this version, and no others.
func manual(dir, version, date string) error {
	old, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	if _, err := world(cli.World{Args: []string{"man", dir}, Version: version, Date: date}); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression) // with no name and no time in it
		if err != nil {
			return err
		}
		if _, err := z.Write(text); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(page+".gz", b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// systems are those whose binaries are made of different modules.
var systems = []string{"linux", "darwin", "windows", "freebsd"}

// licences are those of Go and of each module that the command is made of, whatever the system.
func licences(ctx context.Context) ([]byte, error) {
	folders := map[string]string{} // module and version -> where its source is
	for _, system := range systems {
		list := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "mailaudit/cmd/mailaudit")
		list.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
		for line := range strings.Lines(string(out)) {
			if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				folders[module] = dir
			}
		}
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	folders["Go and its standard library"] = strings.TrimSpace(string(root))
	var b bytes.Buffer
	fmt.Fprintln(&b, "mailaudit is made of these, under the licences that follow each name.")
	for _, module := range slices.Sorted(maps.Keys(folders)) {
		texts, err := licence(folders[module])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", module, err)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s", strings.Repeat("=", 80), module, texts)
	}
	return b.Bytes(), nil
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// licence is what the files of a module say about passing it on. A module that says nothing may not be passed on.
func licence(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n", bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))))
	}
	if b.Len() == 0 {
		return nil, fmt.Errorf("no licence in %s", dir)
	}
	return b.Bytes(), nil
}
