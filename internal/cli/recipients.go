package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/recipients"
	"mailaudit/internal/report"
)

// recipientsOptions are the flags of recipients.
type recipientsOptions struct {
	out       outputOptions
	resolvers []string
	zones     []string
	offline   bool
	bounces   string
	column    string
}

func newRecipients(w World) *cobra.Command {
	o := &recipientsOptions{}
	cmd := &cobra.Command{
		Use: "recipients FILE", Short: "whom of a list to keep, to put right or to drop", Args: one("file", "mailaudit recipients customers.csv"),
		Long: "recipients reads addresses, CSV or one a line, from a FILE or from - for standard\n" +
			"input. It looks at their syntax, at duplicates, and whether each domain takes\n" +
			"mail. It connects to no mail server. What DNS does not tell is kept.",
		Example: "  mailaudit recipients customers.csv --format csv > judged.csv\n  mailaudit recipients customers.csv --bounces /var/log/mail.log",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, cmd.Flags(), args[0]) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.resolvers, "resolver", nil, "a DNS `SERVER`, ADDR[:PORT] (repeatable); the system's by default")
	f.StringArrayVar(&o.zones, "zone", nil, "what if: records of this zone `FILE` replace those published (repeatable)")
	f.BoolVar(&o.offline, "offline", false, "answer from --zone alone and ask nobody")
	f.StringVar(&o.bounces, "bounces", "", "a `LOG`, or bounce messages: addresses that were refused for good are dropped")
	f.StringVar(&o.column, "column", "", "the `NAME` or number of the column that holds the addresses")
	f.StringVarP(&o.out.format, "format", "f", "table", "a `FORMAT` to write: "+strings.Join(recipients.Formats, ", "))
	f.StringVarP(&o.out.file, "output", "o", "", "write the result to this `FILE`")
	o.out.color = "auto"
	completes(cmd, "format", recipients.Formats...)
	return cmd
}

func (o *recipientsOptions) run(ctx context.Context, w World, flags *pflag.FlagSet, file string) error {
	// The environment says for this command what it says for an audit: who is asked.
	if err := fromEnvironment(w, flags, func(f *pflag.Flag) bool { return f.Name == "resolver" && !o.offline }); err != nil {
		return err
	}
	if err := o.out.check(recipients.Formats); err != nil {
		return err
	}
	dns, err := o.resolver(w)
	if err != nil {
		return err
	}
	var bounced recipients.Bounced
	if o.bounces != "" {
		f, err := os.Open(o.bounces)
		if err != nil {
			return fileError(o.bounces, err)
		}
		bounced, err = waitFor(ctx, w, o.bounces, func() (recipients.Bounced, error) { return recipients.ReadBounces(f) })
		f.Close()
		if err != nil {
			return err
		}
	}
	source := w.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fileError(file, err)
		}
		defer f.Close()
		source = f
	}
	in, err := waitFor(ctx, w, file, func() (*recipients.Reader, error) { return recipients.NewReader(file, source, o.column) })
	if err != nil {
		return err
	}
	out, err := o.out.open(w)
	if err != nil {
		return err
	}
	defer func() { _ = out.finish(false) }()
	writer := recipients.NewWriter(out, o.out.format, in)
	var failed error // to write
	sum, err := recipients.Run(ctx, in, dns, bounced, func(r recipients.Result) error {
		failed = writer.Write(r)
		return failed
	})
	// What has been begun is brought to its end: half an object is no JSON.
	if failed == nil && (sum.Rows > 0) {
		failed = writer.Close(sum)
	}
	interruption := ctx.Err() != nil
	if e := out.finish(err == nil && failed == nil && !interruption); failed == nil {
		failed = e
	}
	switch {
	case interruption:
		return interrupted(w)
	case failed != nil:
		return failed
	case err != nil:
		return fileError(file, err)
	case sum.Rows == 0:
		fmt.Fprintf(w.Stderr, "mailaudit: %s holds no address\ntry: one address a line\n", report.Visible(file))
		return exitError(exitUsage)
	case sum.Fix+sum.Drop > 0:
		return exitError(exitFindings)
	}
	return nil
}

// resolver is who is asked: servers, zone files alone, or servers with zone files laid over them.
func (o *recipientsOptions) resolver(w World) (dnsx.Resolver, error) {
	zone, err := readZones(o.zones)
	switch {
	case err != nil:
		return nil, err
	case o.offline:
		return dnsx.NewOffline(zone), offlineAlone(o.resolvers, o.zones, "mailaudit recipients customers.csv --offline --zone example.com.zone")
	}
	client, err := newClient(w, o.resolvers)
	if err != nil {
		return nil, err
	}
	if len(o.zones) > 0 {
		return dnsx.NewOverlay(zone, nil, client), nil
	}
	return client, nil
}

// offlineAlone says what does not go together with --offline, and what is missing; try is what to type.
func offlineAlone(resolvers, zones []string, try string) error {
	switch {
	case len(resolvers) > 0:
		return usagef("--offline asks nobody: leave --resolver out")
	case len(zones) == 0:
		return usageError{"--offline answers from zone files, and none was given", try}
	}
	return nil
}
