package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/internal/checks"
	"mailaudit/internal/report"
)

func newRules(w World) *cobra.Command {
	o := outputOptions{color: "auto"}
	cmd := &cobra.Command{
		Use: "rules [ID]", Short: "what is judged: the catalogue, or one rule in full", Args: cobra.ArbitraryArgs, // RunE has a better message
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var l []string
			for _, c := range checks.All {
				l = append(l, c.ID)
			}
			return l, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{"rules takes one rule at most", "mailaudit rules spf.lookup-limit"}
			}
			if err := o.check(report.RuleFormats); err != nil {
				return err
			}
			opts := o.options(w, false)
			if len(args) == 0 {
				return report.Rules(w.Stdout, opts, checks.All)
			}
			c, ok := checks.Find(args[0])
			if !ok {
				return unknownRule(args[0])
			}
			return report.Rule(w.Stdout, opts, c)
		},
	}
	cmd.Flags().StringVarP(&o.format, "format", "f", "table", "a `FORMAT` to write: "+strings.Join(report.RuleFormats, ", "))
	return cmd
}
