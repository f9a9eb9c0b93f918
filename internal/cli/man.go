package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// exitCodes are what README "Exit codes" says, for the manual.
var exitCodes = [][2]string{
	{"0", "audited, and nothing at or above --fail-on (default fail)"},
	{"1", "something at or above it, or the score is below --min-score"},
	{"2", "wrong usage or unreadable input: nothing was audited"},
	{"3", "nothing failed, but a question that decides could not be answered, or it is open whether the score reaches --min-score"},
	{"4", "internal error, or a history that could not be written"},
	{"130", "interrupted"},
}

// newMan writes the manual for packages. Who has the program has its help, so it is not shown there.
func newMan(w World) *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "write manual pages, one for each command", Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{"man takes one folder", "mailaudit man FOLDER"}
			}
			root := cmd.Root()
			pages := map[string]string{root.Name(): manRoot(w, root)}
			for _, c := range listed(root) {
				pages[manName(c)] = manPage(w, c)
			}
			for name, text := range pages {
				if err := os.WriteFile(filepath.Join(args[0], name+".1"), []byte(text), 0o644); err != nil {
					return fileError(args[0], err)
				}
			}
			return nil
		},
	}
}

// listed are the commands that have a page: all but help itself and what is hidden.
func listed(root *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(root.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() })
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manRoot is the page about the program: what it has flags for is in that of check.
func manRoot(w World, root *cobra.Command) string {
	var b strings.Builder
	manHead(&b, w, root)
	b.WriteString(".SH COMMANDS\n")
	var also []string
	for _, c := range listed(root) {
		fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(manName(c)), roff(c.Short))
		also = append(also, ".BR "+roff(manName(c))+" (1)")
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", e[0], roff(e[1]))
	}
	b.WriteString(".PP\nSeveral domains give the worst, in the order 4, 2, 1, 3, 0.\n")
	b.WriteString(".SH ENVIRONMENT\n.TP\n.BI MAILAUDIT_ FLAG\na value for a flag of " + roff("mailaudit-check") + "(1), in upper case and with _ for -,\n" +
		"such as MAILAUDIT_RESOLVER. Flags win over it, and it wins over the file of\n.BR " + roff("--config") + " .\n" +
		".TP\n.B NO_COLOR\nif set, no colours are written.\n")
	b.WriteString(".SH FILES\n.TP\n.I /etc/mailaudit/config.yaml\nthe settings of the timer, in packages. Nothing is read unless\n.B " + roff("--config") + "\nnames it.\n")
	b.WriteString(".SH SEE ALSO\n" + strings.Join(also, " ,\n") + "\n")
	return b.String()
}

// manPage is the page of one command.
func manPage(w World, c *cobra.Command) string {
	var b strings.Builder
	manHead(&b, w, c)
	if c.HasAvailableFlags() {
		b.WriteString(".SH OPTIONS\n")
		c.Flags().VisitAll(func(f *pflag.Flag) { manFlag(&b, f) })
	}
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(strings.ReplaceAll("\n"+c.Example, "\n  ", "\n")[1:]))
	}
	b.WriteString(".SH SEE ALSO\n.BR mailaudit (1)\n")
	return b.String()
}

func manHead(b *strings.Builder, w World, c *cobra.Command) {
	fmt.Fprintf(b, ".TH %s 1 \"%s\" \"mailaudit %s\"\n", strings.ToUpper(roff(manName(c))), roff(w.Date), roff(w.Version))
	fmt.Fprintf(b, ".SH NAME\n%s \\- %s\n", roff(manName(c)), roff(c.Short))
	fmt.Fprintf(b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(b, ".SH DESCRIPTION\n%s\n", roff(about))
}

func manFlag(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	b.WriteString(".TP\n")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\fB%s\\fR, ", roff("-"+f.Shorthand))
	}
	fmt.Fprintf(b, "\\fB%s\\fR", roff("--"+f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	if !slices.Contains([]string{"", "0", "false", "[]"}, f.DefValue) {
		usage += " (default " + f.DefValue + ")"
	}
	fmt.Fprintf(b, "\n%s\n", roff(usage))
}

// roff is a text as groff prints it: nothing in it is taken for a request, and hyphens can be copied.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `"`, `\(dq`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`).Replace(s)
	return strings.TrimPrefix(strings.ReplaceAll("\n"+s, "\n.", "\n\\&."), "\n")
}
