package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/audit"
	"mailaudit/internal/fleet"
	"mailaudit/internal/report"
)

// natsOptions are the flags that lead to a NATS server.
type natsOptions struct{ url, creds string }

func (o *natsOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.url, "nats", "", "the `URL` of a NATS server with JetStream, nats://HOST[:PORT] or tls://HOST[:PORT]; keep passwords in MAILAUDIT_NATS")
	f.StringVar(&o.creds, "nats-creds", "", "a `FILE` of credentials for it")
}

// connect makes the connection. What is said of it never holds the URL, which may hold a password.
func (o natsOptions) connect(ctx context.Context, w World, caFile string, quiet bool) (*fleet.Fleet, error) {
	if o.url == "" {
		return nil, usageError{"no NATS server was given", "--nats nats://queue.example.net"}
	}
	if err := fleet.CheckURL(o.url); err != nil {
		return nil, usageError{"--nats: " + err.Error(), "--nats nats://queue.example.net"}
	}
	c := fleet.Config{URL: o.url, Creds: o.creds, Dial: w.Dial, Tell: func(s string) {
		if !quiet {
			fmt.Fprintln(w.Stderr, "mailaudit: "+report.Visible(s))
		}
	}}
	if o.creds != "" {
		if _, err := readFile(o.creds); err != nil {
			return nil, err
		}
	}
	if caFile != "" {
		roots, err := readRoots(caFile)
		if err != nil {
			return nil, err
		}
		c.Roots = roots
	}
	f, err := fleet.Connect(ctx, c)
	if err != nil && ctx.Err() == nil {
		return nil, refusedBy(err)
	}
	return f, err
}

// refusedBy says what to do where the server, or what is taken for one, does not do what is asked.
func refusedBy(err error) error {
	try := "--nats nats://HOST[:PORT] of a NATS server that runs"
	switch {
	case errors.Is(err, fleet.ErrAccess):
		try = "nats://USER:PASSWORD@HOST or nats://TOKEN@HOST in MAILAUDIT_NATS, or --nats-creds FILE"
	case errors.Is(err, fleet.ErrPermission):
		try = "a user that may publish to mailaudit.>, $JS.> and $KV.>, and subscribe to _INBOX.>"
	case errors.Is(err, fleet.ErrNoJetStream):
		try = "jetstream { store_dir: /var/lib/nats } in the configuration of the server, and in that of the account if it has any"
	}
	return usageError{"--nats: " + err.Error(), try}
}

// submitOptions are the flags of submit.
type submitOptions struct {
	natsOptions
	domains, batch, caFile, resume string
	failOn                         string
	minScore                       int
	again, wait                    bool
	out                            outputOptions
}

func newSubmit(w World) *cobra.Command {
	o := &submitOptions{out: outputOptions{format: "ndjson", color: "never"}}
	cmd := &cobra.Command{
		Use: "submit", Short: "hand a batch of domains to workers on other machines", Args: cobra.NoArgs,
		Long: "submit puts each domain of a list on a NATS server, for \"mailaudit worker\", and\n" +
			"prints the name of the batch. With --wait it collects the reports: each as it\n" +
			"comes, one line of ndjson, and each once. A list that is submitted again under the\n" +
			"name of its batch adds what is missing; once that is complete, only with --again.",
		Example: "  mailaudit submit --nats nats://queue.example.net --domains customers.csv --batch tonight --again\n" +
			"  mailaudit submit --nats nats://queue.example.net --batch tonight --wait > reports.ndjson",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return o.run(cmd, w) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.natsOptions.flags(f)
	f.StringVar(&o.domains, "domains", "", "read domains from this `FILE`, or - for standard input, one a line")
	f.StringVar(&o.batch, "batch", "", "the `NAME` of the batch; one that is not complete is gone on with")
	f.BoolVar(&o.again, "again", false, "begin a batch anew under a name that was in use, and give up what is left of the earlier one")
	f.BoolVar(&o.wait, "wait", false, "collect the reports, until all are there")
	f.StringVarP(&o.out.file, "output", "o", "", "write the reports to this `FILE`")
	f.StringVar(&o.resume, "resume", "", "go on with collecting in this `FILE`: what is whole in it is not written again")
	f.StringVar(&o.failOn, "fail-on", "fail", "exit 1 at this `STATUS` and above: fail, warn, unknown or never")
	f.IntVar(&o.minScore, "min-score", 0, "exit 1 below this `SCORE`")
	f.StringVar(&o.caFile, "ca-file", "", "trust the certificates of this `FILE` too")
	f.BoolVarP(&o.out.quiet, "quiet", "q", false, "nothing on stderr but errors")
	completes(cmd, "fail-on", failOns...)
	return cmd
}

// check refuses what does not go together.
func (o *submitOptions) check() error {
	switch {
	case o.domains == "" && o.batch == "":
		return usageError{"no list of domains was given", "mailaudit submit --nats nats://queue.example.net --domains customers.csv"}
	case o.domains == "" && !o.wait:
		return usagef("--batch %s: with --domains it is submitted, with --wait its reports are collected", o.batch)
	case o.again && (o.domains == "" || o.batch == ""):
		return usagef("--again is for a list of --domains and the name of a --batch")
	case o.batch != "" && !fleet.BatchName.MatchString(o.batch):
		return usagef("--batch %q: letters, digits, - and _, at most 64", o.batch)
	case !o.wait && (o.resume != "" || o.out.file != ""):
		return usagef("reports are written with --wait alone")
	case o.resume != "" && o.out.file != "":
		return usagef("--resume names the output: leave --output out")
	}
	return (&checkOptions{failOn: o.failOn, minScore: o.minScore, profile: "auto", timeout: 1, concurrency: 1}).limits()
}

// run submits, collects, or both.
func (o *submitOptions) run(cmd *cobra.Command, w World) error {
	same := func(f *pflag.Flag) bool {
		return slices.Contains([]string{"nats", "nats-creds", "ca-file", "fail-on", "min-score", "quiet"}, f.Name)
	}
	if err := fromEnvironment(w, cmd.Flags(), same); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	ctx := cmd.Context()
	var resumed *resumption
	var list *spooled
	var err error
	if o.resume != "" {
		if resumed, err = readResumption(o.resume, o.failOn, o.minScore); err != nil {
			return err
		}
		defer resumed.close() // once more is no harm
	}
	if o.domains != "" {
		if list, err = spool(ctx, w, o.domains); err != nil {
			return err
		}
		defer list.remove()
	}
	f, err := o.connect(ctx, w, o.caFile, o.out.quiet)
	if err != nil {
		return err
	}
	defer f.Close()
	var b fleet.Batch
	if list != nil {
		b, err = o.submit(ctx, w, f, list)
	} else if b, err = f.Batch(ctx, o.batch); err == nil && !o.out.quiet {
		fmt.Fprintf(w.Stderr, "mailaudit: batch %s of %s: %s\n", b.Name, day(b), number(b.Jobs, "line"))
	}
	switch {
	case ctx.Err() != nil:
		return o.interrupted(w, b.Name)
	case err != nil:
		return o.refused(b, err)
	case !b.Whole:
		return usageError{fmt.Sprintf("--batch %s: it was not submitted to its end", b.Name), "the same once more, with its --domains"}
	case o.wait:
		return o.collect(ctx, w, f, b, resumed)
	}
	if _, err := fmt.Fprintln(w.Stdout, b.Name); err != nil {
		return err
	}
	return anyValid(w, list.valid)
}

// day is when a batch was begun.
func day(b fleet.Batch) string { return b.Begun.UTC().Format("2006-01-02 15:04 UTC") }

// refused says what to do where a name does not lead to a batch.
func (o *submitOptions) refused(b fleet.Batch, err error) error {
	switch {
	case errors.Is(err, fleet.ErrNoBatch):
		return usagef("--batch %s: %v, or it is older than %s", o.batch, err, number(int(fleet.Remember.Hours()/24), "day"))
	case errors.Is(err, fleet.ErrOtherList):
		return usageError{fmt.Sprintf("--batch %s: %v, from %s", o.batch, err, day(b)), "another --batch, or --again to give that one up"}
	case errors.Is(err, fleet.ErrComplete):
		return usageError{fmt.Sprintf("--batch %s: the batch of %s is complete: its reports are up to %s old", o.batch, day(b), number(int(time.Since(b.Begun).Hours())+1, "hour")),
			"another --batch, --again to audit the list anew, or no --domains and --wait for those reports"}
	case errors.Is(err, fleet.ErrReplaced):
		return usagef("--batch %s: %v", o.batch, err)
	case errors.Is(err, fleet.ErrPermission):
		return refusedBy(err)
	}
	return err
}

// interrupted ends the command, and says how it goes on.
func (o *submitOptions) interrupted(w World, batch string) error {
	fmt.Fprintln(w.Stderr, "mailaudit: interrupted")
	if batch != "" && !o.out.quiet {
		fmt.Fprintf(w.Stderr, "mailaudit: what is submitted of the batch %s goes on without this command\n", batch)
	}
	return exitError(exitInterrupted)
}

// anyValid ends with a usage error, as a batch of check does, where no line was a domain.
func anyValid(w World, valid bool) error {
	if valid {
		return nil
	}
	fmt.Fprintln(w.Stderr, "mailaudit: no line of the list is a domain\ntry: one domain a line")
	return exitError(exitUsage)
}

// publishers is how many lines are on their way to the server at once.
const publishers = 64

// submit puts the lines of a list on the server: each as a job, or as a result where it is no domain.
func (o *submitOptions) submit(ctx context.Context, w World, f *fleet.Fleet, list *spooled) (fleet.Batch, error) {
	b := fleet.Batch{Name: o.batch, Begun: time.Now().UTC(), Digest: list.digest}
	if b.Name == "" {
		b.Name = b.Begun.Format("20060102-150405-") + rand.Text()[:8]
	}
	b, old, err := f.Open(ctx, b, o.again)
	if err != nil {
		return b, err
	}
	lines, added, err := publishAll(ctx, f, b, list, old)
	if err != nil {
		return b, err
	}
	if b.Jobs = lines; !b.Whole {
		if err := f.Submitted(ctx, b); err != nil {
			return b, err
		}
		b.Whole = true
	}
	if !o.out.quiet {
		goes := ""
		if old {
			goes = " of " + day(b) + " goes on"
		}
		fmt.Fprintf(w.Stderr, "mailaudit: batch %s%s: %s, %s added\n", b.Name, goes, number(lines, "line"), number(added, "job"))
	}
	return b, nil
}

// publishAll puts the lines on the server, several at once, and says how many there are and how many jobs that added.
func publishAll(ctx context.Context, f *fleet.Fleet, b fleet.Batch, list *spooled, old bool) (lines, added int, err error) {
	var jobs atomic.Int64
	var all sync.WaitGroup
	queue, failed := make(chan entry), make(chan error, publishers)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range publishers {
		all.Go(func() {
			for e := range queue {
				is, err := publish(ctx, f, b.ID(), e, old)
				if err != nil {
					failed <- err
					cancel()
					return
				}
				if is {
					jobs.Add(1)
				}
			}
		})
	}
	err = list.each(func(e entry) bool {
		lines++
		select {
		case queue <- e:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(queue)
	all.Wait()
	select {
	case err := <-failed:
		return 0, 0, err
	default:
	}
	if err == nil {
		err = ctx.Err()
	}
	return lines, int(jobs.Load()), err
}

// publish puts one line on the server, and says whether that added a job.
func publish(ctx context.Context, f *fleet.Fleet, batch string, e entry, old bool) (added bool, err error) {
	if e.err != nil {
		return false, f.Report(ctx, insteadOf(fleet.Job{Batch: batch, Line: e.line, Input: e.input}, fleet.Invalid, e.err))
	}
	return f.Submit(ctx, fleet.Job{Batch: batch, Line: e.line, Input: e.input, Domain: e.domain}, old)
}

// insteadOf is what is told of a line in the place of its report.
func insteadOf(j fleet.Job, kind fleet.Kind, why error) fleet.Result {
	return resultOf(j, kind, func(l report.Writer) error { return l.Invalid(j.Line, j.Input, why) })
}

// resultOf is one line of ndjson, as it is written in a batch on one machine.
func resultOf(j fleet.Job, kind fleet.Kind, write func(report.Writer) error) fleet.Result {
	var text bytes.Buffer
	l, err := report.New(&text, report.Options{Format: "ndjson", Several: true})
	if err == nil {
		err = write(l)
	}
	if err != nil { // the format is known, and a buffer takes all
		panic(err)
	}
	return fleet.Result{Batch: j.Batch, Line: j.Line, Kind: kind, Text: bytes.TrimSuffix(text.Bytes(), []byte("\n"))}
}

// collect writes the results of a batch as they come, each in one piece.
func (o *submitOptions) collect(ctx context.Context, w World, f *fleet.Fleet, b fleet.Batch, resumed *resumption) error {
	before, err := resumed.reports()
	if err != nil {
		return err
	}
	j := &job{out: o.out, resumed: resumed}
	out, err := j.open(w)
	if err != nil {
		return err
	}
	defer func() { _ = out.finish(false) }() // whatever is left of it after a failure
	line := j.progress(w, b.Jobs)
	code, valid, fresh := exitOK, false, 0
	missing, err := f.Collect(ctx, b.ID(), b.Jobs, func(r fleet.Result) error {
		text, what, err := read(r)
		if err != nil {
			r = insteadOf(fleet.Job{Batch: r.Batch, Line: r.Line}, fleet.Failed, err)
			if text, what, err = read(r); err != nil {
				return err
			}
		}
		switch r.Kind {
		case fleet.Report:
			c, _ := outcome(&audit.Report{Score: what.Score, ScoreLow: what.ScoreLow, Findings: what.Findings}, o.failOn, o.minScore)
			code, valid = worse(code, c), true
		case fleet.Failed:
			code, valid = exitInternal, true
		}
		line.clear()
		line.count()
		defer line.show(what.Domain + what.Input)
		if resumed != nil {
			at, there := before[what.Domain]
			switch {
			case there && at != startedAt(text):
				return usageError{fmt.Sprintf("--resume %s: it holds another report on %s, which is not of this batch", o.resume, what.Domain), "--resume and a file that is not there yet"}
			case there, resumed.invalid[badLine{what.Line, what.Input}]:
				return nil
			}
		}
		fresh++
		_, err = out.Write(text)
		return err
	})
	line.clear()
	if missing > 0 && resumed != nil { // the file has what the server no longer has
		missing = max(b.Jobs-fresh-len(before)-len(resumed.invalid), 0)
		code, valid = worse(code, resumed.code), valid || len(before) > 0
		for l := range resumed.invalid {
			if _, err := domainOf(l.input); err == nil { // it is a domain, and had no report
				code, valid = exitInternal, true
			}
		}
	}
	interrupted := ctx.Err() != nil
	if ferr := out.finish(err == nil && !interrupted && missing == 0); err == nil {
		err = ferr
	}
	switch {
	case interrupted:
		return o.interrupted(w, b.Name)
	case err != nil:
		return err
	case missing > 0:
		fmt.Fprintf(w.Stderr, "mailaudit: batch %s of %s: %d of %s have no report, and none will come: the server has forgotten it, or its job was taken away\n"+
			"try: the list once more, with --domains and --again\n", b.Name, day(b), missing, number(b.Jobs, "line"))
		return exitError(exitInternal)
	case !valid:
		return anyValid(w, false)
	case code != exitOK:
		return exitError(code)
	}
	return nil
}

// reports are those of the file, by domain: when each audit began, which no other one did at that moment.
func (r *resumption) reports() (map[string]string, error) {
	l := map[string]string{}
	if r == nil {
		return l, nil
	}
	for in := bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.size), 1<<20); ; {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return nil, fileError(r.name, err)
		}
		var w struct{ Domain string }
		if json.Unmarshal(line, &w) == nil && w.Domain != "" {
			l[w.Domain] = startedAt(line)
		}
	}
}

// startedAt is the started_at of a report, as it is written.
func startedAt(report []byte) string {
	var r struct {
		At string `json:"started_at"`
	}
	_ = json.Unmarshal(report, &r) // it was read before
	return r.At
}

// read makes one line of a result, and reads in it what decides the exit code. It is written by a worker, or by somebody who can
// write to the server.
func read(r fleet.Result) (line []byte, what written, err error) {
	var text bytes.Buffer
	if err := json.Compact(&text, r.Text); err != nil || json.Unmarshal(r.Text, &what) != nil {
		return nil, what, errors.New("what came for this line is no report")
	}
	text.WriteByte('\n')
	ok := what.Line == r.Line && what.Error != ""
	if r.Kind == fleet.Report {
		ok = what.Domain != "" && what.Verdict != "" && (what.Score == nil) == (what.ScoreLow == nil)
	}
	if !ok {
		return nil, what, errors.New("what came for this line is no report")
	}
	return report.Inert(text.Bytes()), what, nil
}
