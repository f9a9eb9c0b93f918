package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"mailaudit/internal/fleet"
	"mailaudit/internal/gather"
	"mailaudit/internal/report"
)

// workerFlags are the flags of check that a worker takes, and its own.
var workerFlags = []string{"nats", "nats-creds", "until-empty", "ip", "mail-from", "helo", "selector", "dkim-domain", "daily", "profile", "submission", "resolver", "only", "skip",
	"receivers", "receivers-file", "blocklists", "accept-list-terms", "require-dnsbl", "baseline", "suppressions", "timeout", "ca-file", "probe",
	"probe-inbound", "egress-check", "trust-ad", "rdap", "rdap-server", "allow-private", "assume-public", "concurrency", "ipv4", "ipv6",
	"config", "quiet", "help"}

// workerOptions are the flags of worker.
type workerOptions struct {
	checkOptions
	natsOptions
	untilEmpty bool
}

func newWorker(w World) *cobra.Command {
	o := &workerOptions{}
	cmd := &cobra.Command{
		Use: "worker", Short: "audit the domains that submit has handed in", Args: cobra.NoArgs,
		Long: "worker takes domains from a NATS server, where \"mailaudit submit\" put them, audits\n" +
			"them and lays their reports there, until it is interrupted. Any number of them may\n" +
			"run, on any number of machines: they share what lists and resolvers may be asked.\n" +
			"All of them should have the same flags, which say how the domains are audited.",
		Example:           "  mailaudit worker --nats nats://queue.example.net --until-empty",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return o.run(cmd, w) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.natsOptions.flags(f)
	f.BoolVar(&o.untilEmpty, "until-empty", false, "end when no domain is left, of other workers neither")
	o.register(cmd, "ndjson", []string{"ndjson"})
	keep(cmd, workerFlags)
	return cmd
}

// run audits what comes, until it is interrupted.
func (o *workerOptions) run(cmd *cobra.Command, w World) (failed error) {
	if err := refuse(cmd, workerFlags); err != nil {
		return err
	}
	streams, err := settle(w, cmd)
	if err != nil {
		return err
	}
	o.ofWorker()
	rarelyCollect(w, o.concurrency)
	j, err := o.job(w, streams, cmd, []string{"ndjson"})
	if err != nil {
		return err
	}
	defer j.end(&failed)
	lost := max(fleet.MinLost, 2*o.timeout)
	if lost > fleet.MaxLost {
		return usagef("--timeout %s: %s at most for a worker, whose part of what may be asked nobody else has until it counts as lost", o.timeout, fleet.MaxLost/2)
	}
	servers, err := budgetOf(o.resolvers)
	if err != nil {
		return err
	}
	tellExpired(w, j.suppressed, j.env.Now())
	ctx := cmd.Context()
	f, err := o.connect(ctx, w, o.caFile, o.out.quiet)
	if err != nil {
		return err
	}
	defer f.Close()

	lists := f.Share("lists", lost, j.asks.Share)
	defer lists.Leave()
	resolver := f.Share(servers, lost, j.asks.client.Share)
	defer resolver.Leave()

	d := &duty{job: j, w: w, line: j.progress(w, 0), worlds: map[string]gather.Env{}}
	err = f.Work(ctx, fleet.Worker{
		Concurrency: o.concurrency, LostAfter: lost, UntilEmpty: o.untilEmpty,
		Ready:  func() bool { return lists.Held() && resolver.Held() },
		Do:     d.do,
		Failed: d.failed,
	})
	d.line.clear()
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(w.Stderr, "mailaudit: interrupted")
		return exitError(exitInterrupted)
	case err != nil:
		return err
	case d.broken.Load():
		return exitError(exitInternal)
	}
	return nil
}

// ofWorker sets what is so for every worker, whatever the environment or the config file has for check.
func (o *workerOptions) ofWorker() {
	o.batch, o.lasting, o.offline = true, true, false
	o.domains, o.resume, o.record, o.replay, o.message, o.dmarcReport = "", "", "", "", "", ""
	o.zones, o.removals = nil, nil
	o.out.format, o.out.file = "ndjson", ""
}

// budgetOf is the name of the budget of the DNS servers that a worker asks: all who ask the same ones share it. Those on loopback are
// each machine's own.
func budgetOf(resolvers []string) (string, error) {
	servers, err := serversOf(resolvers)
	if err != nil {
		return "", err
	}
	var all []string
	for _, s := range servers {
		where := s.String()
		if s.Addr().IsLoopback() {
			host, err := os.Hostname()
			if err != nil {
				return "", err
			}
			where += " " + host
		}
		all = append(all, where)
	}
	slices.Sort(all)
	return fmt.Sprintf("resolver-%x", sha256.Sum256([]byte(strings.Join(all, "\n"))))[:40], nil
}

// duty is what a worker does with jobs.
type duty struct {
	job    *job
	w      World
	broken atomic.Bool // an audit crashed

	mu     sync.Mutex
	line   *progress
	worlds map[string]gather.Env // by batch
}

// maxWorlds bounds the batches whose hosts are remembered.
const maxWorlds = 4

// of is the job of a batch: in one batch no host is connected to twice.
func (d *duty) of(batch string) *job {
	d.mu.Lock()
	defer d.mu.Unlock()
	env, ok := d.worlds[batch]
	if !ok {
		if len(d.worlds) >= maxWorlds {
			clear(d.worlds)
		}
		env = d.job.env.Remembering()
		d.worlds[batch] = env
	}
	j := *d.job
	j.env = env
	return &j
}

// do audits the domain of a job.
func (d *duty) do(ctx context.Context, j fleet.Job) fleet.Result {
	e := entry{line: j.Line, input: j.Input}
	e.domain, e.err = domainOf(j.Domain) // anybody who can write to the server could have put it there
	one := d.of(j.Batch).one(ctx, e)
	defer d.tell(one.domain)
	switch {
	case one.crash != nil:
		d.crashed(one.crash)
		return d.failed(j, errors.New("internal error: the audit came to no end"))
	case one.err != nil:
		return insteadOf(j, fleet.Invalid, one.err)
	}
	suppress(d.job.suppressed, one.report)
	d.job.known.accept(one.report)
	return resultOf(j, fleet.Report, func(l report.Writer) error { return l.Report(one.report, "") })
}

// crashed tells of a crash, one at a time: audits run at once.
func (d *duty) crashed(err error) {
	d.broken.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.w.tellCrash(err)
}

// failed is what is told of a job that has no report.
func (d *duty) failed(j fleet.Job, why error) fleet.Result { return insteadOf(j, fleet.Failed, why) }

// tell counts an audit, on a terminal.
func (d *duty) tell(domain string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line.count()
	d.line.show(domain)
}
