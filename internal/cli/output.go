package cli

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/report"
)

// check refuses settings that no writer knows.
func (o outputOptions) check(formats []string) error {
	if !slices.Contains(formats, o.format) {
		return usagef("--format %q: one of %s", o.format, strings.Join(formats, ", "))
	}
	if !slices.Contains(colors, o.color) {
		return usagef("--color %s: one of %s", o.color, strings.Join(colors, ", "))
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
	return report.Options{Format: o.format, Several: several, Width: width, Color: o.colored(w, term), Verbose: o.verbose, Tree: o.tree}
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
	return term.Stdout && o.toStdout() && no == "" && kind != "dumb"
}

func (o outputOptions) toStdout() bool { return o.file == "" || o.file == "-" }

// sink is where the report goes. A file is written beside its place and put there when it is whole.
type sink struct {
	io.Writer
	file *os.File                                // nil: the writer needs no end
	to   string                                  // the place of the file; "" for a device or a pipe, which is written at once
	put  func(name string, content []byte) error // writes a file of the folder; nil where the report is one
}

func (o outputOptions) open(w World) (*sink, error) {
	switch {
	case o.toStdout():
		return &sink{Writer: w.Stdout}, nil
	case o.toFolder():
		if err := os.Mkdir(o.file, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fileError(o.file, err)
		}
		index, err := openFile(filepath.Join(o.file, "index.html")) // before anything is asked for what cannot be written
		if err != nil {
			return nil, err
		}
		return &sink{Writer: io.Discard, put: o.putFile}, index.finish(false)
	}
	return openFile(o.file)
}

// toFolder says whether a page for each domain is wanted.
func (o outputOptions) toFolder() bool {
	if o.format != "html" || o.toStdout() {
		return false
	}
	info, err := os.Stat(o.file)
	return err == nil && info.IsDir() || err != nil && strings.HasSuffix(filepath.ToSlash(o.file), "/")
}

// putFile writes one file of the folder.
func (o outputOptions) putFile(name string, content []byte) error {
	f, err := openFile(filepath.Join(o.file, name))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if ferr := f.finish(err == nil); err == nil {
		err = ferr
	}
	return err
}

func openFile(name string) (*sink, error) {
	to, mode := name, fs.FileMode(0)
	if info, err := os.Stat(to); err == nil {
		if !info.Mode().IsRegular() {
			f, err := os.OpenFile(to, os.O_WRONLY, 0)
			if err != nil {
				return nil, fileError(name, err)
			}
			return &sink{Writer: f, file: f}, nil
		}
		mode = info.Mode().Perm()
		if to, err = filepath.EvalSymlinks(to); err != nil { // the file is replaced, not a link to it
			return nil, fileError(name, err)
		}
	} else if link, lerr := os.Readlink(to); lerr == nil && errors.Is(err, fs.ErrNotExist) { // to a file that is not there yet
		if !filepath.IsAbs(link) {
			link = filepath.Dir(to) + string(filepath.Separator) + link // as the kernel goes: Join would leave out a link before ..
		}
		return openFile(link)
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+"."+rand.Text()[:8]), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fileError(name, err)
	}
	if mode != 0 { // as private as what it replaces
		if err := f.Chmod(mode); err != nil {
			f.Close()
			os.Remove(f.Name())
			return nil, fileError(name, err)
		}
	}
	return &sink{Writer: f, file: f, to: to}, nil
}

// finish ends the sink, and puts the file in its place or away. Later calls do nothing.
func (s *sink) finish(keep bool) error {
	f := s.file
	if f == nil {
		return nil
	}
	s.file = nil
	err := f.Close()
	if s.to == "" {
		return err
	}
	if err == nil && keep {
		return os.Rename(f.Name(), s.to)
	}
	os.Remove(f.Name())
	return err
}
