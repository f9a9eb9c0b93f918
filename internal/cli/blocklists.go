package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/recording"
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
			"resolver, is not believed in an audit. Lists that need a key take it from the\n" +
			"variable of the environment that is shown; the key itself is shown nowhere.",
		Example: "  mailaudit blocklists --resolver 192.0.2.53\n  mailaudit blocklists --check my-lists.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			// The environment says for this command what it says for an audit: who is asked, and about which lists.
			same := func(f *pflag.Flag) bool { return slices.Contains([]string{"resolver", "blocklists", "color"}, f.Name) }
			if err := fromEnvironment(w, cmd.Flags(), same); err != nil {
				return err
			}
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
			resolver, has, err := newListClient(w, resolvers, lists)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			env := gather.Env{DNS: resolver, Now: time.Now}
			var rows []report.BlocklistRow
			off := func(l blocklist.List) string { return lists.Off(l, has) }
			for i, f := range gather.Blocklists(ctx, env, lists.Lists, off) {
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
	keyed, about := 0, ""
	for _, l := range f.Lists {
		// What this program knows to be dead is dead in a file of one's own, too (RFC 6471 3.4).
		switch d, known := shipped.DeadZone(l.Zone); {
		case known && !d.Doubtful:
			return usagef("%s: %s is dead: %s", name, l.Zone, d.Reason)
		case known:
			about += fmt.Sprintf("%s is doubtful, its test points decide: %s\n", l.Zone, d.Reason)
		}
		if l.WithKey {
			keyed++
		}
	}
	on := fmt.Sprintf("%d of them on", len(defaults(f)))
	if keyed > 0 {
		on += fmt.Sprintf(", %d with a key", keyed)
	}
	_, err = fmt.Fprintf(w.Stdout, "%s: %s, %s, %d dead zones\n%s", report.Visible(name), number(len(f.Lists), "list"), on, len(f.Dead), about)
	return err
}

// bury marks the lists of somebody's own file that are known to be dead: whoever answers for them now, they are not asked.
func bury(f blocklist.File) error {
	shipped, err := readLists("")
	if err != nil {
		return err
	}
	for i, l := range f.Lists {
		if d, dead := shipped.DeadZone(l.Zone); dead && !d.Doubtful {
			f.Lists[i].Dead = d.Reason
		}
	}
	return nil
}

// listClient asks lists with their keys and at their pace, and all else as its client does.
type listClient struct {
	*gather.ListDNS
	client *dnsx.Client
}

// newListClient asks the servers that were named, about the lists with the keys that the environment has. has says which
// these are.
func newListClient(w World, resolvers []string, lists blocklist.File) (c *listClient, has func(variable string) bool, err error) {
	keys := map[string]string{}
	for _, l := range lists.Lists {
		key, _ := w.LookupEnv(l.Key)
		if l.Key == "" || key == "" {
			continue
		}
		if err := blocklist.CheckKey(key); err != nil { // it does not say the key
			return nil, nil, usageError{l.Key + ": " + err.Error(), "unset " + l.Key}
		}
		keys[l.Key] = key
	}
	client, err := newClient(w, resolvers)
	if err != nil {
		return nil, nil, err
	}
	return &listClient{gather.NewListDNS(client, lists.Lists, keys), client}, func(variable string) bool { return keys[variable] != "" }, nil
}

// wasKeyed says whether a recorded run had the key of a variable: then it has asked a list that takes it.
func wasKeyed(r *recording.Recording, lists blocklist.File, variable string) bool {
	return slices.ContainsFunc(lists.Lists, func(l blocklist.List) bool {
		listed, _ := l.TestNames()
		return l.Key == variable && r.Asked(dnsx.Q(listed, dnsx.A))
	})
}

func listRow(l blocklist.List, f facts.List) report.BlocklistRow {
	r := report.BlocklistRow{Zone: l.Zone, Kind: string(l.Kind), Allows: l.Allows(), Key: l.Key, Operator: l.Operator, State: f.State, Cause: cmp.Or(f.Left, f.Why),
		Severity: l.Worst().Severity(), Terms: string(l.Terms), UsedBy: l.UsedBy, Removal: cmp.Or(l.Removal, l.NoRemoval)}
	if f.State == facts.ListLeft {
		r.State = "off"
	}
	return r
}
