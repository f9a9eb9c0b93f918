// Package cli is the command line: it turns flags, environment and a config file into a target and a world, runs
// the audit, and turns the outcome into an exit code. One file per command. It alone knows cobra.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/report"
	"mailaudit/internal/smtpx"
)

// Exit codes (README "Exit codes").
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
	Date           string // of the release, YYYY-MM-DD; "" for what is none
}

// Terminal is what is known of the streams.
type Terminal struct {
	Stdout, Stderr bool // are terminals
	Width          int  // of the terminal, 0 where it is none
}

// release is the version, and of when it is.
func (w World) release() string {
	if w.Date == "" {
		return w.Version
	}
	return w.Version + " (" + w.Date + ")"
}

func (w World) printVersion() error {
	_, err := fmt.Fprintln(w.Stdout, "mailaudit", w.release())
	return err
}

// Main runs one command and returns the exit code.
func Main(w World) (code int) {
	var cmd *cobra.Command
	defer func() {
		if p := recover(); p != nil {
			w.tellCrash(crashed(p))
			code = failed(w, cmd, exitInternal, "internal error")
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	root := newRoot(w)
	began := false
	root.PersistentPreRun = func(*cobra.Command, []string) { began = true }
	root.SetArgs(w.Args)
	root.SetIn(w.Stdin)
	help := &remembering{Writer: w.Stdout}
	root.SetOut(help)
	root.SetErr(w.Stderr)
	var err error
	cmd, err = root.ExecuteContextC(ctx)
	var done exitError
	var use usageError
	switch {
	case err == nil && help.err != nil:
		fmt.Fprintf(w.Stderr, "mailaudit: %s\n", report.Visible(help.err.Error()))
		return failed(w, cmd, exitInternal, help.err.Error())
	case err == nil:
		return exitOK
	case errors.As(err, &done):
		return int(done)
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &use):
		use.what = located(cmd, use.what)
		fmt.Fprintf(w.Stderr, "mailaudit: %s\ntry: %s\n", report.Visible(use.what), report.Visible(cmp.Or(use.try, helpOf(cmd))))
		return failed(w, cmd, exitUsage, use.what)
	case began:
		fmt.Fprintf(w.Stderr, "mailaudit: %s\n", report.Visible(err.Error()))
		return failed(w, cmd, exitInternal, err.Error())
	}
	// What is left is cobra's own: arguments that it could not read.
	fmt.Fprintf(w.Stderr, "mailaudit: %s\ntry: %s\n", report.Visible(strings.TrimSpace(err.Error())), helpOf(cmd))
	return failed(w, cmd, exitUsage, err.Error())
}

// remembering keeps the first error of what is written: cobra drops those of its help.
type remembering struct {
	io.Writer
	err error
}

func (r *remembering) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	r.err = cmp.Or(r.err, err)
	return n, err
}

// tellCrash tells a panic and where it was, on lines of their own.
func (w World) tellCrash(crash error) {
	for line := range strings.Lines("mailaudit: internal error: " + crash.Error()) {
		fmt.Fprintln(w.Stderr, report.Visible(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")))
	}
}

// located puts in front of what is wrong with a flag where its value stands, unless it was typed.
func located(cmd *cobra.Command, what string) string {
	name, _ := leadingFlag(what)
	if f := cmd.Flags().Lookup(name); f != nil && len(f.Annotations[origin]) > 0 {
		return f.Annotations[origin][0] + ": " + what
	}
	return what
}

// leadingFlag is the name of the flag that a message begins with, without its hyphens, and what follows it; "" where it begins with none.
func leadingFlag(what string) (name, rest string) {
	text, ok := strings.CutPrefix(what, "--")
	end := strings.IndexFunc(text, func(r rune) bool { return r != '-' && !('a' <= r && r <= 'z') })
	if !ok || end < 0 {
		return "", what
	}
	return text[:end], text[end:]
}

// helpOf is what to type to see what a command takes.
func helpOf(cmd *cobra.Command) string { return cmd.CommandPath() + " --help" }

// crashed makes an error of a panic that is to be raised again in another goroutine: it keeps the stack of this one.
func crashed(p any) error { return fmt.Errorf("%v\n%s", p, debug.Stack()) }

// exitError ends a command with a code and no word more: the report has said all.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is something that the user can put right, and what to type; "" for the help of the command.
type usageError struct{ what, try string }

func (e usageError) Error() string { return e.what }

func usagef(format string, args ...any) error { return usageError{what: fmt.Sprintf(format, args...)} }

func newRoot(w World) *cobra.Command {
	root := newCheck(w, "mailaudit DOMAIN...")
	root.Short = "find out why your mail would be refused, before you send it"
	root.Long = "mailaudit audits a sending domain as receivers do: SPF, DKIM, DMARC, reverse\nDNS, blocklists and submission.\n" +
		"mailaudit DOMAIN is short for mailaudit check DOMAIN."
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SuggestionsMinimumDistance = 2
	root.SetUsageFunc(usage)
	audit, version := root.RunE, root.Flags().Bool("version", false, "print the version")
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *version {
			return w.printVersion()
		}
		return audit(cmd, args)
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var bad *pflag.InvalidValueError
		if errors.As(err, &bad) {
			return usagef("--%s: %v", bad.GetFlag().Name, badValue(bad.GetFlag(), bad.GetValue(), bad.Unwrap()))
		}
		return usageError{err.Error(), cmp.Or(flagHint(cmd, err), helpOf(cmd))}
	})
	check := newCheck(w, "check DOMAIN...")
	check.Short = "audit domains"
	check.Long = "check audits domains as receivers do. It says what is wrong and how sure that is,\n" +
		"who would refuse the mail, and what to publish. It ends with 0 where nothing\n" +
		"failed, 1 where something did, 2 where the command is wrong and nothing was\n" +
		"audited, 3 where a question that decides could not be answered, 4 on an internal\n" +
		"error."
	root.AddCommand(check, newFix(w), newExplain(w), newHistory(w), newConfig(w), newDemo(w), newConvert(w), newMessage(w), newRecipients(w), newServe(w), newRules(w), newBlocklists(w), newReceivers(w), newSubmit(w), newWorker(w), newVersion(w), newCompletion(w), newMan(w))
	root.SetHelpCommand(newHelp())
	return root
}

// newHelp is cobra's own, but for a word that is no command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "what a command does, and its flags",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 && about.Use != strings.Join(args, " ") { // config print is one command
				try := "mailaudit help"
				if near := cmd.Root().SuggestionsFor(args[0]); len(near) > 0 {
					try += " " + near[0]
				}
				return usageError{fmt.Sprintf("%q is no command", strings.Join(args, " ")), try}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func newCompletion(w World) *cobra.Command {
	shells := map[string]func(root *cobra.Command) error{
		"bash":       func(root *cobra.Command) error { return root.GenBashCompletionV2(w.Stdout, true) },
		"fish":       func(root *cobra.Command) error { return root.GenFishCompletion(w.Stdout, true) },
		"powershell": func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(w.Stdout) },
		"zsh":        func(root *cobra.Command) error { return root.GenZshCompletion(w.Stdout) },
	}
	names := slices.Sorted(maps.Keys(shells))
	return &cobra.Command{
		Use: "completion SHELL", Short: "completion for a shell: " + strings.Join(names, ", "),
		Example:   "  source <(mailaudit completion bash)",
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || shells[args[0]] == nil {
				return usageError{"completion takes one shell: " + strings.Join(names, ", "), "mailaudit completion bash"}
			}
			return shells[args[0]](cmd.Root())
		},
	}
}

func newVersion(w World) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.printVersion() },
	}
}
