package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit"
	"mailaudit/internal/audit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/demo"
	"mailaudit/internal/report"
)

func newDemo(w World) *cobra.Command {
	o := outputOptions{}
	cmd := &cobra.Command{
		Use: "demo", Short: "audit two sample domains on this machine alone", Args: cobra.NoArgs,
		Long: "demo starts a DNS server and SMTP servers on loopback and audits two sample\n" +
			"domains through them, one neglected and one in order. It needs no network, and\n" +
			"ends with 0 since it only shows.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := o.check(report.Formats); err != nil {
				return err
			}
			file, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
			if err != nil {
				return err
			}
			world, err := demo.Start(defaults(file))
			if err != nil {
				return fmt.Errorf("the demo's servers: %w", err)
			}
			defer func() { _ = world.Close() }() // the process ends with them
			out, err := o.open(w)
			if err != nil {
				return err
			}
			defer func() {
				if ferr := out.finish(err == nil); err == nil {
					err = ferr
				}
			}()
			options := o.options(w, true)
			options.Put = out.put
			writer, err := report.New(out, options)
			if err != nil {
				return err
			}
			opts := audit.Options{Version: w.Version, Wanted: func(checks.Area) bool { return true }, Timeout: demoTimeout}
			for _, t := range world.Targets {
				r := audit.Run(cmd.Context(), world.Env, t, opts)
				if err := cmd.Context().Err(); err != nil {
					return err
				}
				if err := writer.Report(r, "exit 0: a demo"); err != nil {
					return err
				}
			}
			return writer.Close()
		},
	}
	o.flags(cmd, "table", report.Formats)
	return cmd
}
