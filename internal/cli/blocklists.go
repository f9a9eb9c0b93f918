package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/report"
)

func newBlocklists(w World) *cobra.Command {
	var (
		o         outputOptions
		resolvers []string
		own, file string
		timeout   time.Duration
	)
	cmd := &cobra.Command{
		Use: "blocklists", Short: "the lists, and whether each answers this resolver honestly", Args: cobra.NoArgs,
		Long: "blocklists asks every list for its two test points (RFC 5782 5), one of which\n" +
			"must be listed and the other not. A list that fails this, or refuses this\n" +
			"resolver, is not believed in an audit.",
		Example: "  mailaudit blocklists --resolver 192.0.2.53\n  mailaudit blocklists --check my-lists.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(report.ListFormats); err != nil {
				return err
			}
			if timeout <= 0 {
				return usagef("--timeout %s: more than nothing is needed", timeout)
			}
			if file != "" {
				return checkLists(w, file)
			}
			lists, err := readLists(own)
			if err != nil {
				return err
			}
			client, err := newClient(w, resolvers)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			env := gather.Env{DNS: client, Now: time.Now}
			var rows []report.BlocklistRow
			for i, f := range gather.Blocklists(ctx, env, lists.Lists) {
				rows = append(rows, listRow(lists.Lists[i], f))
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return report.Blocklists(w.Stdout, o.options(w, false), rows)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&resolvers, "resolver", nil, "a DNS `SERVER`, ADDR[:PORT] (repeatable); the system's by default")
	f.StringVar(&own, "blocklists", "", "use the lists of this `FILE`")
	f.StringVar(&file, "check", "", "only check this `FILE` of lists")
	f.DurationVar(&timeout, "timeout", 30*time.Second, "bound on all questions, a `DURATION` such as 30s or 2m")
	f.StringVarP(&o.format, "format", "f", "table", "a `FORMAT` to write: "+strings.Join(report.ListFormats, ", "))
	f.StringVar(&o.color, "color", "auto", "`WHEN`: auto, always or never; NO_COLOR is obeyed")
	return cmd
}

// checkLists reads a file of lists and says what is wrong with it.
func checkLists(w World, name string) error {
	text, err := readFile(name)
	if err != nil {
		return err
	}
	f, err := blocklist.Parse(name, bytes.NewReader(text))
	if err != nil {
		return firstOf(err)
	}
	shipped, err := readLists("")
	if err != nil {
		return err
	}
	for _, l := range f.Lists {
		// What this program knows to be dead is dead in a file of one's own, too (RFC 6471 3.4).
		if d, dead := shipped.DeadZone(l.Zone); dead && !d.Doubtful {
			return usagef("%s: %s is dead: %s", name, l.Zone, d.Reason)
		}
	}
	_, err = fmt.Fprintf(w.Stdout, "%s: %s, %d of them on, %d dead zones\n", report.Visible(name), number(len(f.Lists), "list"), len(defaults(f)), len(f.Dead))
	return err
}

func listRow(l blocklist.List, f facts.List) report.BlocklistRow {
	r := report.BlocklistRow{Zone: l.Zone, Kind: string(l.Kind), Operator: l.Operator, State: f.State, Cause: cmp.Or(f.Left, f.Why),
		Severity: l.Worst().Severity(), Terms: string(l.Terms), UsedBy: l.UsedBy, Removal: cmp.Or(l.Removal, l.NoRemoval)}
	if f.State == facts.ListLeft {
		r.State = "off"
	}
	return r
}
