// Command nfpm turns the packages of .goreleaser.yaml into a file for nfpm, the library that goreleaser makes packages with:
// nfpm BINARY VERSION DATE > nfpm.yaml.
//
// It lets CI make and install the package of its own machine within seconds. goreleaser takes minutes to build.
package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"time"

	"github.com/goccy/go-yaml"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "nfpm:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: nfpm BINARY VERSION DATE")
	}
	binary, version, date := args[0], args[1], args[2]
	if !regexp.MustCompile(`^\d+\.\d+\.\d+`).MatchString(version) {
		return fmt.Errorf("version %q: packages need one such as 1.2.3 (make packages VERSION=1.2.3)", version)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return err
	}
	text, err := os.ReadFile(".goreleaser.yaml")
	if err != nil {
		return err
	}
	var release struct {
		Name     string           `yaml:"project_name"`
		Packages []map[string]any `yaml:"nfpms"`
	}
	if err := yaml.Unmarshal(text, &release); err != nil {
		return err
	}
	if len(release.Packages) != 1 {
		return fmt.Errorf("%d entries of nfpms, not one", len(release.Packages))
	}
	p := release.Packages[0]
	contents, ok := p["contents"].([]any)
	if !ok {
		return fmt.Errorf("nfpms has no contents")
	}
	// What goreleaser adds, and what it alone knows.
	delete(p, "id")
	delete(p, "formats")
	p["name"], p["arch"], p["version"] = release.Name, runtime.GOARCH, version
	p["mtime"] = date + "T00:00:00Z"
	p["contents"] = append(contents, map[string]any{"src": binary, "dst": "/usr/bin/" + release.Name, "file_info": map[string]any{"mode": 0o755}})
	out, err := yaml.Marshal(p)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}
