//go:build lab

package netlab

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"text/template"
)

// Lab is one laboratory.
type Lab struct {
	Dir            string // all of its files
	World, Auditor string // the namespaces
	Templates      *template.Template

	daemons []*daemon
}

// New names a lab after this process, so that two do not meet, and reads the templates of its configuration.
func New(templates fs.FS, functions template.FuncMap, patterns ...string) (*Lab, error) {
	l := named(os.Getpid())
	var err error
	l.Templates, err = template.New("").Option("missingkey=error").Funcs(functions).ParseFS(templates, patterns...)
	return l, err
}

// Build makes the binary that is tested.
func (l *Lab) Build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", l.Binary(), "mailaudit/cmd/mailaudit")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return Run(cmd)
}

// Binary is the mailaudit that is tested.
func (l *Lab) Binary() string { return l.Path("mailaudit") }

// Path is a file of the lab.
func (l *Lab) Path(elem ...string) string {
	return filepath.Join(append([]string{l.Dir}, elem...)...)
}

// Write makes a file, and the directories above it.
func (l *Lab) Write(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(l.Path(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(l.Path(name), text, 0o644)
}

// Configure makes a file from the template of the name.
func (l *Lab) Configure(name, from string, data any) error {
	var b bytes.Buffer
	if err := l.Templates.ExecuteTemplate(&b, from, data); err != nil {
		return err
	}
	return l.Write(name, b.Bytes())
}

// Run runs a command to its end; an error holds what it said.
func Run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}

// Give makes a system user own a file.
func Give(file, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return fmt.Errorf("user %s: %w", name, err)
	}
	return os.Chown(file, uid, -1)
}
