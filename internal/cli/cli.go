// Package cli is the command line: it turns flags, environment and a config file into a target and a world, runs
// the audit, and turns the outcome into an exit code. One file per command. It alone knows cobra.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"mailaudit/internal/report"
	"mailaudit/internal/smtpx"
)

// Exit codes (CONTRACT "Exit codes").
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitUnknown     = 3
	exitInternal    = 4
	exitInterrupted = 130
)

// World is what a process has: its streams, its environment, and the way out to the network. Tests give their own.
type World struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Dial           smtpx.DialFunc  // for every connection, DNS included
	Terminal       func() Terminal // of Stdout and Stderr
	Version        string
}

// Terminal is what is known of the streams.
type Terminal struct {
	Stdout, Stderr bool // are terminals
	Width          int  // of the terminal, 0 where it is none
}

// Main runs one command and returns the exit code.
func Main(w World) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(w.Stderr, "mailaudit: internal error: %s\n", report.Visible(fmt.Sprint(p)))
			fmt.Fprintf(w.Stderr, "%s\n", debug.Stack())
			code = exitInternal
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	root := newRoot(w)
	root.SetArgs(w.Args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	err := root.ExecuteContext(ctx)
	var done exitError
	var use usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &done):
		return int(done)
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &use):
		fmt.Fprintf(w.Stderr, "mailaudit: %s\n", report.Visible(use.what))
		if use.try != "" {
			fmt.Fprintf(w.Stderr, "try: %s\n", report.Visible(use.try))
		}
		return exitUsage
	}
	// What is left is cobra's own: flags and arguments that it could not read.
	fmt.Fprintf(w.Stderr, "mailaudit: %s\ntry: mailaudit help\n", report.Visible(strings.TrimSpace(err.Error())))
	return exitUsage
}

// exitError ends a command with a code and no word more: the report has said all.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is something that the user can put right, and what to type.
type usageError struct{ what, try string }

func (e usageError) Error() string { return e.what }

func usagef(format string, args ...any) error { return usageError{what: fmt.Sprintf(format, args...)} }

func newRoot(w World) *cobra.Command {
	root := newCheck(w, "mailaudit DOMAIN...")
	root.Short = "find out why your mail would be refused, before you send it"
	root.Long = "mailaudit audits a sending domain as receivers do: SPF, DKIM, DMARC, reverse DNS, blocklists and submission.\n" +
		"mailaudit DOMAIN is short for mailaudit check DOMAIN."
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.HiddenDefaultCmd = false
	check := newCheck(w, "check DOMAIN...")
	check.Short = "audit domains"
	root.AddCommand(check, newDemo(w), newRules(w), newVersion(w))
	return root
}

func newVersion(w World) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(w.Stdout, "mailaudit", w.Version)
			return err
		},
	}
}
