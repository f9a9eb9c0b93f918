package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"mailaudit/internal/report"
)

// check refuses settings that no writer knows.
func (o outputOptions) check() error {
	if !slices.Contains(report.Formats, o.format) {
		_, err := report.New(io.Discard, report.Options{Format: o.format})
		return usagef("--format %v", err)
	}
	if !slices.Contains([]string{"auto", "always", "never"}, o.color) {
		return usagef("--color %s: one of auto, always, never", o.color)
	}
	return nil
}

// options are those of the writer, by what the streams are.
func (o outputOptions) options(w World, several bool) report.Options {
	term := w.Terminal()
	width := term.Width
	if v, ok := w.LookupEnv("COLUMNS"); ok {
		if n, err := strconv.Atoi(v); err == nil && n > 0 {
			width = n
		}
	}
	if width <= 0 {
		width = 80
	}
	return report.Options{Format: o.format, Several: several, Width: width, Color: o.colored(w, term), Verbose: o.verbose}
}

// colored: --color always and never decide; auto is a terminal that is not dumb, and NO_COLOR unset (no-color.org).
func (o outputOptions) colored(w World, term Terminal) bool {
	no, _ := w.LookupEnv("NO_COLOR")
	kind, _ := w.LookupEnv("TERM")
	switch o.color {
	case "always":
		return true
	case "never":
		return false
	}
	return term.Stdout && o.file == "" && no == "" && kind != "dumb"
}

// sink is where the report goes. A file is written beside its place and put there when it is whole.
type sink struct {
	io.Writer
	finish func(keep bool) error
}

func (o outputOptions) open(w World) (sink, error) {
	if o.file == "" || o.file == "-" {
		return sink{w.Stdout, func(bool) error { return nil }}, nil
	}
	if info, err := os.Stat(o.file); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(o.file, os.O_WRONLY, 0) // a device or a pipe
		if err != nil {
			return sink{}, fileError(o.file, err)
		}
		return sink{f, func(bool) error { return f.Close() }}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(o.file), "."+filepath.Base(o.file)+".*")
	if err != nil {
		return sink{}, fileError(o.file, err)
	}
	return sink{f, func(keep bool) error {
		err := f.Close()
		if err == nil && keep {
			if err = os.Chmod(f.Name(), 0o644); err == nil {
				return os.Rename(f.Name(), o.file)
			}
		}
		os.Remove(f.Name())
		if err != nil {
			return fmt.Errorf("%s: %w", o.file, err)
		}
		return nil
	}}, nil
}
