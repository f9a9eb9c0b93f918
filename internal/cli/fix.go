package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/internal/audit"
	"mailaudit/internal/gather"
	"mailaudit/internal/report"
)

// A change is looked for this often, and by default for this long.
const (
	watchPause = 5 * time.Second
	watchLimit = time.Hour
)

// fixOptions are the flags of fix.
type fixOptions struct {
	checkOptions
	wait  bool
	limit time.Duration
}

func newFix(w World) *cobra.Command {
	o := &fixOptions{}
	cmd := &cobra.Command{
		Use: "fix DOMAIN", Short: "the records that put a domain right, each proven", Args: one("domain", "mailaudit fix example.com --ip 192.0.2.25 --selector s1"),
		Long: "fix audits a domain and prints what to publish. Each change of DNS is proven: the\n" +
			"audit is run again with it applied. The format zone gives every record set that\n" +
			"changes whole, to be given back to check with --zone or put into the zone.",
		Example:           "  mailaudit fix example.com --ip 192.0.2.25 --selector s1\n  mailaudit fix example.com --ip 192.0.2.25 --format zone > fixed.zone",
		ValidArgsFunction: keptDomains(w),
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, w, args[0]) },
	}
	cmd.Flags().BoolVar(&o.wait, "wait", false, "ask the authoritative servers until all show the change, then audit again")
	cmd.Flags().DurationVar(&o.limit, "wait-limit", watchLimit, "give up waiting after this `DURATION`")
	o.register(cmd, "text", report.RepairFormats)
	keepsNone(cmd)
	return cmd
}

// run prints what to publish for one domain, and with --wait follows it.
func (o *fixOptions) run(cmd *cobra.Command, w World, arg string) (failed error) {
	typed := cmd.Flags().Changed
	formatTyped, domainsTyped := typed("format"), typed("domains")
	streams, err := settle(w, cmd)
	if err != nil {
		return err
	}
	// What the environment or the config file has for check is no mistake here.
	if !formatTyped && !slices.Contains(report.RepairFormats, o.out.format) {
		o.out.format = report.RepairFormats[0]
	}
	if !domainsTyped {
		o.domains = ""
	}
	if err := o.readSample(cmd.Context(), w); err != nil {
		return err
	}
	domain, err := domainArgument(arg)
	switch {
	case err != nil:
		return err
	case o.domains != "":
		return usagef("fix takes one domain, and no --domains")
	case o.wait && (o.offline || o.replay != "" || len(o.zones)+len(o.removals) > 0):
		return usagef("--wait looks at what is published: leave --offline, --replay and --zone out")
	case o.out.format == "nsupdate" && !o.offline && len(o.zones)+len(o.removals) > 0:
		return usagef("nsupdate changes what is published, and not what --zone says of it: take --format zone")
	case o.limit <= 0:
		return usagef("--wait-limit %s: more than nothing is needed", o.limit)
	}
	if err := o.learnedOf(w, domain); err != nil {
		return err
	}
	job, err := o.job(w, streams, cmd, report.RepairFormats)
	if err != nil {
		return err
	}
	defer job.end(&failed)
	ctx, t := cmd.Context(), job.target
	t.Domain = domain
	if t.Streams, err = streamsOf(job.streams, domain); err != nil {
		return err
	}
	tellExpired(w, job.suppressed, job.env.Now())
	job.options.Accept = func(r *audit.Report) {
		suppress(job.suppressed, r)
		job.known.accept(r)
	}
	before, after, sets := audit.Repair(ctx, job.env, t, job.options)
	if ctx.Err() != nil {
		return interrupted(w)
	}
	if err := job.print(w, before, after, sets); err != nil {
		return err
	}
	if !o.wait || len(sets) == 0 {
		return remains(before)
	}
	now, err := o.follow(ctx, w, job, t, sets)
	if err != nil {
		return err
	}
	return remains(now)
}

func interrupted(w World) error {
	fmt.Fprintln(w.Stderr, "mailaudit: interrupted")
	return exitError(exitInterrupted)
}

// print writes the fixes.
func (j *job) print(w World, before, after *audit.Report, sets []audit.RRset) error {
	out, err := j.out.open(w)
	if err != nil {
		return err
	}
	err = report.Repair(out, j.out.options(w, false), before, after, sets)
	if ferr := out.finish(err == nil); err == nil {
		err = ferr
	}
	return err
}

// follow waits for a change to show, saying on stderr where it stands, and audits again.
func (o *fixOptions) follow(ctx context.Context, w World, j *job, t gather.Target, sets []audit.RRset) (*audit.Report, error) {
	say := func(format string, args ...any) {
		if !o.out.quiet {
			fmt.Fprintln(w.Stderr, "mailaudit: "+report.Visible(fmt.Sprintf(format, args...)))
		}
	}
	last := ""
	waiting, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	stale, err := audit.Follow(waiting, j.env, t, sets, watchPause, func(round []audit.Shown) {
		n := 0
		missing := ""
		for _, s := range round {
			if s.Yes {
				n++
			} else if missing == "" {
				missing = fmt.Sprintf("; %s does not show %s %s", s.Server, s.Name, s.Type)
				if s.Why != "" {
					missing += ": " + s.Why
				}
			}
		}
		// Only what is new is told: a wait may last an hour.
		if text := fmt.Sprintf("%d of %d answers show the change%s", n, len(round), missing); text != last {
			say("%s", text)
			last = text
		}
	})
	switch {
	case ctx.Err() != nil:
		return nil, interrupted(w)
	case err != nil:
		say("the change does not show everywhere after %s", o.limit)
		return nil, exitError(exitFindings)
	case stale > 0:
		say("caches may give the old records for up to %s more", stale)
	}
	r := audit.Run(ctx, j.env, t, j.options)
	if ctx.Err() != nil {
		return nil, interrupted(w)
	}
	say("audited again: %s", report.Scored(r))
	return r, nil
}

// remains says by the exit code what is left to do: something that no proven change of DNS does, or that is not known.
// Advice for later is nothing that has to be done.
func remains(r *audit.Report) error {
	for _, f := range r.Fixes {
		if !f.Proven && f.Risk == "" {
			return exitError(exitFindings)
		}
	}
	// Beside a failure that a proven change puts right, too: the verdict would be fail.
	for _, f := range r.Findings {
		if f.Status == "unknown" && f.Deciding && f.Accepted == nil {
			return exitError(exitUnknown)
		}
	}
	return nil
}
