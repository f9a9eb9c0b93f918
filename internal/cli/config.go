package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/report"
)

// tokenVariable is the token of serve.
const tokenVariable = "MAILAUDIT_TOKEN"

func newConfig(w World) *cobra.Command {
	o := &checkOptions{}
	cmd := &cobra.Command{
		Use: "config print", Short: "the settings in force, and where each comes from",
		Long: "config print writes the settings that check would have with the same flags, the\n" +
			"same environment and the same file, as YAML that --config reads. A comment says\n" +
			"where each comes from; what nobody set is a comment whole. Secrets are not shown.",
		Example:   "  mailaudit config print\n  mailaudit config print --config mailaudit.yaml --fail-on warn > new.yaml",
		ValidArgs: []string{"print"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "print" {
				return usageError{"config takes one word: print", "mailaudit config print"}
			}
			return o.print(cmd, w)
		},
	}
	o.registerCheck(cmd)
	return cmd
}

// print writes the settings, once they have been looked through as check does.
func (o *checkOptions) print(cmd *cobra.Command, w World) error {
	fromFile, err := settle(w, cmd)
	if err != nil {
		return err
	}
	var streams []streamConfig
	var lists blocklist.File
	for _, step := range []func() error{
		o.limits,
		func() error { return o.out.check(report.Formats) },
		func() error { _, err = areas(o.only, o.skip); return err },
		func() error { _, err = known(o.receivers); return err },
		func() error { _, err = readBooks(o.receiversFile); return err },
		func() error { _, err = o.target(); return err },
		func() error { streams, err = o.streams(fromFile, cmd); return err },
		func() error { lists, err = readLists(o.blocklists); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	// Flags of a stream take the place of those that the file has.
	named := len(fromFile) > 0 && &streams[0] == &fromFile[0]
	var b strings.Builder
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !isSetting(f) || f.Hidden || named && slices.Contains(streamFlags, f.Name) {
			return
		}
		line := strings.ReplaceAll(f.Name, "-", "_") + ": " + yamlValue(f)
		switch {
		case f.Name == "config" && f.Changed: // no file names another
			fmt.Fprintf(&b, "# %s  # %s\n", line, came(f))
		case f.Name == "config":
		case f.Changed:
			fmt.Fprintf(&b, "%s  # %s\n", line, came(f))
		default:
			fmt.Fprintf(&b, "# %s  # default\n", line)
		}
	})
	if named {
		fmt.Fprintf(&b, "streams:  # %s\n", report.Visible(cmd.Flags().Lookup("config").Value.String()))
		for _, s := range streams {
			b.WriteString(yamlStream(s))
		}
	}
	variables := []string{tokenVariable}
	for _, l := range lists.Lists {
		if l.Key != "" && !slices.Contains(variables, l.Key) {
			variables = append(variables, l.Key)
		}
	}
	for _, v := range variables {
		state := "not set"
		if x, _ := w.LookupEnv(v); x != "" {
			state = "set, and not shown"
		}
		fmt.Fprintf(&b, "# %s: %s\n", v, state)
	}
	_, err = io.WriteString(w.Stdout, b.String())
	return err
}

// came is where the value of a flag that has one came from.
func came(f *pflag.Flag) string {
	if l := f.Annotations[origin]; len(l) > 0 {
		return report.Visible(l[0])
	}
	return "--" + f.Name
}

// yamlValue is the value of a flag as YAML.
func yamlValue(f *pflag.Flag) string {
	if l, ok := f.Value.(pflag.SliceValue); ok {
		return yamlList(l.GetSlice())
	}
	switch f.Value.Type() {
	case "bool", "int", "float64":
		return f.Value.String()
	}
	return quoted(f.Value.String())
}

func yamlList(l []string) string {
	q := make([]string, len(l))
	for i, s := range l {
		q[i] = quoted(s)
	}
	return "[" + strings.Join(q, ", ") + "]"
}

// quoted is a text in quotes, in which neither YAML nor a terminal takes anything for its own (YAML 1.2 5.7 has the escapes of Go).
func quoted(s string) string { return strconv.Quote(s) }

// yamlStream is one entry of streams, without what it does not say.
func yamlStream(s streamConfig) string {
	l := []string{"name: " + quoted(s.Name)}
	text := func(key, v string) {
		if v != "" {
			l = append(l, key+": "+quoted(v))
		}
	}
	list := func(key string, v []string) {
		if len(v) > 0 {
			l = append(l, key+": "+yamlList(v))
		}
	}
	list("ips", s.IPs)
	text("mail_from", s.MailFrom)
	text("helo", s.HELO)
	text("dkim_domain", s.DKIMDomain)
	list("selectors", s.Selectors)
	if s.Daily != 0 {
		l = append(l, fmt.Sprintf("daily: %d", s.Daily))
	}
	return "  - " + strings.Join(l, "\n    ") + "\n"
}
