package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/internal/audit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/names"
	"mailaudit/internal/replies"
	"mailaudit/internal/report"
	"mailaudit/internal/special"
)

// Bounds on what explain holds: more replies than that are told as a summary, which counts so many pairs of cause and receiver.
// Each audit of --check takes its time.
const (
	maxTold   = 10
	maxCounts = 10000
	maxRows   = 200
	maxAudits = 10
)

// explainOptions are the flags of explain. Those of check are for --check.
type explainOptions struct {
	checkOptions
	file                  string
	lines, check, summary bool
}

func newExplain(w World) *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use: "explain [TEXT...]", Short: "what a reply, a bounce or a log line means", Args: cobra.ArbitraryArgs,
		Long: "explain tells the cause of an SMTP reply, whose turn it is, and what to do. It\n" +
			"reads the reply itself, a bounce message, an mbox of them, or the log of Postfix,\n" +
			"Exim, Sendmail, Exchange, qmail, OpenSMTPD or PowerMTA. More than " + fmt.Sprint(maxTold) + " replies\n" +
			"are told as a summary.",
		Example:           "  mailaudit explain '550 5.7.1 relaying denied'\n  mailaudit explain --file bounce.eml --check\n  mailaudit explain --file /var/log/mail.log",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, w, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.file, "file", "", "read this `FILE`, or - for standard input")
	f.BoolVar(&o.lines, "lines", false, "each line of the input is one reply")
	f.BoolVar(&o.summary, "summary", false, "only count, by cause and receiver")
	f.BoolVar(&o.check, "check", false, "audit the sender that the reply names, with the flags below")
	o.register(cmd, "text", report.ExplainFormats)
	keepsNone(cmd)
	return cmd
}

func (o *explainOptions) run(cmd *cobra.Command, w World, args []string) (failed error) {
	typed := cmd.Flags().Changed("format")
	streams, err := settle(w, cmd)
	if err != nil {
		return err
	}
	// What the environment or the config file has for check is no mistake here.
	if !typed && !slices.Contains(report.ExplainFormats, o.out.format) {
		o.out.format = report.ExplainFormats[0]
	}
	in, err := o.input(w, args)
	if err != nil {
		return err
	}
	defer in.Close()
	e := &explainer{o: o, w: w, counts: map[counted]*report.ReplyCount{}, audits: map[string]*audit.Report{}}
	if o.check {
		if e.job, err = o.job(w, streams, cmd, report.ExplainFormats); err != nil {
			return err
		}
		if e.job.finish != nil {
			defer func() {
				if err := e.job.finish(); err != nil {
					failed = err
				}
			}()
		}
		e.lists = e.job.lists
	} else if err := o.out.check(report.ExplainFormats); err != nil {
		return err
	} else if e.lists, err = readLists(o.blocklists); err != nil {
		return err
	}
	sink, err := o.out.open(w)
	if err != nil {
		return err
	}
	e.out, err = report.Explain(sink, o.out.options(w, true))
	if err == nil {
		err = e.all(cmd.Context(), in)
	}
	if ferr := sink.finish(err == nil); err == nil {
		err = ferr
	}
	if err == nil && e.summary.Recognised == 0 {
		if len(args) == 1 && isFile(args[0]) {
			fmt.Fprintf(w.Stderr, "mailaudit: that is the name of a file\ntry: mailaudit explain --file %s\n", report.Visible(fileWord(args[0])))
		}
		return exitError(exitUnknown)
	}
	return err
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// input is the text of the command line, or a file.
func (o *explainOptions) input(w World, args []string) (io.ReadCloser, error) {
	switch {
	case o.file != "" && len(args) > 0:
		return nil, usagef("a reply is given both as arguments and by --file: give one of them")
	case o.file == "" && strings.TrimSpace(strings.Join(args, "")) == "":
		return nil, usageError{"no reply was given", "mailaudit explain '550 5.7.1 relaying denied'"}
	case o.file == "":
		return io.NopCloser(strings.NewReader(strings.Join(args, " "))), nil
	case o.file == "-":
		return io.NopCloser(w.Stdin), nil
	}
	f, err := os.Open(o.file)
	if err != nil {
		return nil, fileError(o.file, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, usagef("%s: is a directory", o.file)
	}
	return f, nil
}

// counted is what the summary tells apart.
type counted struct {
	class    replies.Class
	receiver string
}

// explainer explains one reply after the other.
type explainer struct {
	o       *explainOptions
	w       World
	job     *job // of --check; nil without
	lists   blocklist.File
	out     report.ExplainWriter
	held    []replies.Explanation // text is written at the end, when it is known how many there are
	summary report.ReplySummary
	counts  map[counted]*report.ReplyCount
	audits  map[string]*audit.Report // by domain, address and areas
}

// all reads the input in a goroutine of its own, so that whoever waits for a terminal or a pipe can be interrupted.
func (e *explainer) all(ctx context.Context, in io.Reader) error {
	found := make(chan replies.Reply)
	ended := make(chan error, 1)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	give := func(r replies.Reply) error {
		select {
		case found <- r:
			return nil
		case <-reading.Done():
			return reading.Err()
		}
	}
	go func() {
		read := replies.Read
		if e.o.lines {
			read = replies.Lines
		}
		err := read(in, give)
		close(found)
		ended <- err
	}()
	for {
		select {
		case <-ctx.Done():
			return interrupted(e.w)
		case r, more := <-found:
			if more {
				if err := e.one(ctx, replies.Explain(r)); err != nil {
					return err
				}
				continue
			}
			if err := <-ended; err != nil {
				return fileError(cmp.Or(e.o.file, "the reply"), err)
			}
			return e.end(ctx)
		}
	}
}

// one takes an explanation.
func (e *explainer) one(ctx context.Context, x replies.Explanation) error {
	e.count(x)
	switch {
	case e.o.summary:
		return nil
	case e.o.out.format == "text" && !e.o.lines:
		if len(e.held) <= maxTold {
			e.held = append(e.held, x)
		}
		return nil
	}
	return e.write(ctx, x)
}

func (e *explainer) count(x replies.Explanation) {
	e.summary.Replies++
	if x.Recognised() {
		e.summary.Recognised++
	}
	key := counted{x.Class, x.Who}
	c := e.counts[key]
	if c == nil {
		if len(e.counts) == maxCounts {
			e.summary.Left++
			return
		}
		c = &report.ReplyCount{Class: x.Class, Receiver: strings.Clone(x.Who), Example: strings.Clone(first(x.Shown(), 120))}
		e.counts[key] = c
	}
	c.N++
	if x.Hard {
		c.Hard++
	}
}

// first is the beginning of a text.
func first(s string, n int) string {
	for i := range s {
		if i >= n {
			return s[:i] + "..."
		}
	}
	return s
}

// end writes what was held back.
func (e *explainer) end(ctx context.Context) error {
	if e.o.summary || len(e.held) > maxTold {
		for _, c := range e.counts {
			e.summary.Rows = append(e.summary.Rows, *c)
		}
		slices.SortFunc(e.summary.Rows, func(a, b report.ReplyCount) int {
			return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Receiver, b.Receiver))
		})
		if n := len(e.summary.Rows); n > maxRows {
			for _, r := range e.summary.Rows[maxRows:] {
				e.summary.Left += r.N
			}
			e.summary.Rows = e.summary.Rows[:maxRows]
		}
		return e.out.Close(&e.summary)
	}
	for _, x := range e.held {
		if err := e.write(ctx, x); err != nil {
			return err
		}
	}
	return e.out.Close(nil)
}

// write tells one reply, with the audit of its sender if that was asked for.
func (e *explainer) write(ctx context.Context, x replies.Explanation) error {
	r, err := e.audit(ctx, x)
	if err != nil {
		return err
	}
	return e.out.Explain(x, x.Contact(e.removal(x)), r)
}

// removal is the page of the blocklist that a reply names.
func (e *explainer) removal(x replies.Explanation) string {
	text := strings.ToLower(x.Text)
	for _, l := range e.lists.Lists {
		if l.Removal != "" && strings.Contains(text, l.Zone) {
			return l.Removal
		}
	}
	return ""
}

// audit runs the rules that would have caught the cause on the domain and the address in the reply. It is nil where there
// is nothing to audit.
func (e *explainer) audit(ctx context.Context, x replies.Explanation) (*audit.Report, error) {
	if e.job == nil || len(x.Rules) == 0 {
		return nil, nil
	}
	domain, err := names.Domain(x.Sender)
	if err != nil {
		e.say("no sender's domain is named: nothing is audited for %s", first(x.Shown(), 60))
		return nil, nil
	}
	j := *e.job
	areas := areasOf(x.Rules)
	if len(e.o.only) == 0 {
		j.options.Wanted = func(a checks.Area) bool { return slices.Contains(areas, a) && !slices.Contains(e.o.skip, string(a)) }
	}
	j.streams = slices.Clone(j.streams)
	if a, err := netip.ParseAddr(x.IP); err == nil && len(j.streams) == 1 && len(j.streams[0].IPs) == 0 && special.Public(a, j.target.AssumePublic) {
		j.streams[0].IPs = []string{a.String()}
	}
	key := fmt.Sprint(domain, x.IP, areas)
	if r := e.audits[key]; r != nil {
		return r, nil
	}
	if len(e.audits) == maxAudits {
		e.say("%s is not audited: %d others were", domain, maxAudits)
		return nil, nil
	}
	r, err := j.audit(ctx, domain)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, interrupted(e.w)
	}
	e.audits[key] = r
	return r, nil
}

func (e *explainer) say(format string, args ...any) {
	if !e.o.out.quiet {
		fmt.Fprintln(e.w.Stderr, "mailaudit: "+report.Visible(fmt.Sprintf(format, args...)))
	}
}

// areasOf are the areas of rules.
func areasOf(rules []string) (l []checks.Area) {
	for _, id := range rules {
		if c, ok := checks.Find(id); ok && !slices.Contains(l, c.Area) {
			l = append(l, c.Area)
		}
	}
	return l
}
