package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/audit"
	"mailaudit/internal/history"
	"mailaudit/internal/report"
)

const (
	historyRuns  = 30  // that are told unless --limit says otherwise
	maxHistory   = 500 // runs that can be told: each is read and compared
	toldChanges  = 30  // of one domain, on stderr
	completions  = 200 // domains that a shell is offered
	nearDomains  = 5   // that a hint names
	farthestNear = 2   // characters between names that are nearly the same
	searchedNear = 10_000
)

// historyFlags declares where reports are kept, for commands that keep them.
func (o *checkOptions) historyFlags(f *pflag.FlagSet) {
	f.StringVar(&o.history, "history", "", "keep the report in this database, a `FILE`, and tell what changed since the domain's last run")
	f.IntVar(&o.historyKeep, "history-keep", 0, "keep this `NUMBER` of runs of each domain, the newest; 0 keeps all")
}

// keepsNone hides them from a command that keeps none.
func keepsNone(cmd *cobra.Command) {
	for _, f := range []string{"history", "history-keep"} {
		_ = cmd.Flags().MarkHidden(f) // it fails for a flag that there is not
	}
}

// past is the history that a run keeps. A nil one keeps nothing.
type past struct {
	w      World
	store  *history.Store // nil: it cannot be opened
	file   string
	keep   int
	failed bool // something could not be kept
}

// openPast opens what --history names. A file that is something else is wrong usage. One that cannot be written costs no audit.
func (o *checkOptions) openPast(ctx context.Context, w World) (*past, error) {
	switch {
	case o.historyKeep < 0:
		return nil, usagef("--history-keep %d: it cannot be negative", o.historyKeep)
	case o.history == "":
		return nil, nil
	case len(o.removals) > 0 || len(o.zones) > 0 && !o.offline:
		return nil, usagef("--history keeps what is published, and not what --zone says of it: leave one of them out")
	}
	p := &past{w: w, file: o.history, keep: o.historyKeep}
	var err error
	p.store, err = history.Open(ctx, o.history)
	if errors.Is(err, history.ErrForeign) {
		return nil, usageError{"--history " + err.Error(), "--history mailaudit.db"}
	}
	if err != nil {
		p.fail(err)
	}
	return p, nil
}

// close ends the use of the file.
func (p *past) close() {
	if p != nil && p.store != nil {
		if err := p.store.Close(); err != nil {
			p.fail(err)
		}
	}
}

// fail warns, once: what a full disk is to one report it is to all.
func (p *past) fail(err error) {
	if !p.failed {
		fmt.Fprintf(p.w.Stderr, "mailaudit: %s\n", report.Visible(fmt.Sprintf("--history: %s: not kept: %v", p.file, bare(err))))
	}
	p.failed = true
}

// bare is the error of a file without the name of what was done.
func bare(err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// code is the exit code of what became of the history.
func (p *past) code() int {
	if p != nil && p.failed {
		return exitInternal
	}
	return exitOK
}

// add keeps a report, and says whether it differs from the last of its domain. What changed it tells on stderr. A first report
// differs, and so does one that nothing is known about.
func (p *past) add(ctx context.Context, r *audit.Report) (changed bool) {
	if p == nil || p.store == nil {
		return true
	}
	ctx = context.WithoutCancel(ctx) // an audit that ended is kept
	before, err := p.last(ctx, r.Domain)
	if err != nil {
		p.fail(err)
	}
	if _, err := p.store.Add(ctx, r); err != nil {
		p.fail(err)
		return true
	}
	if p.keep > 0 {
		if err := p.store.Trim(ctx, r.Domain, p.keep); err != nil {
			p.fail(err)
		}
	}
	if before == nil {
		return true
	}
	changes := history.Compare(before, r)
	p.tell(before, r, changes)
	return len(changes) > 0
}

// last is the newest report of a domain, nil where there is none.
func (p *past) last(ctx context.Context, domain string) (*audit.Report, error) {
	runs, err := p.store.Runs(ctx, domain, 1)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return p.store.Load(ctx, runs[0].ID)
}

func (p *past) tell(before, r *audit.Report, changes []history.Change) {
	for i, c := range changes {
		text := c.Text
		if c.Kind != history.Other {
			text = c.Kind + ": " + text
		}
		if i == toldChanges {
			text = fmt.Sprintf("and %d more: mailaudit history %s --history %s", len(changes)-i, r.Domain, fileWord(p.file))
		}
		fmt.Fprintln(p.w.Stderr, report.Visible(fmt.Sprintf("%s: since %s: %s", r.Domain, before.StartedAt.UTC().Format("2006-01-02 15:04 UTC"), text)))
		if i == toldChanges {
			return
		}
	}
}

// silent says whether --quiet keeps a report from stdout: nothing changed, by the history, else by the baseline. What a file or
// a monitoring system gets is always whole.
func (j *job) silent(r *audit.Report, changed bool) bool {
	switch {
	case !j.out.quiet || !j.out.toStdout() || j.resumed != nil || j.out.format == "nagios" || j.out.format == "prometheus":
		return false
	case j.past != nil:
		return !changed
	case j.known[r.Domain] == nil:
		return false
	}
	return !slices.ContainsFunc(r.Findings, func(f audit.Finding) bool {
		return f.Accepted == nil && (f.Status == "fail" || f.Status == "warn" || f.Status == "unknown" && f.Deciding)
	})
}

// historyOptions are the flags of history.
type historyOptions struct {
	out                        outputOptions
	file, since, between, conf string
	limit                      int
}

func newHistory(w World) *cobra.Command {
	o := &historyOptions{}
	cmd := &cobra.Command{
		Use: "history DOMAIN", Short: "the score of a domain over time, and what changed",
		Long: "history reads what check kept with --history: the runs of a domain, the newest\n" +
			"first, the score over time, and what each run changed, in words. Nothing is asked\n" +
			"and nothing judged again: it ends with 0, whatever the runs say.",
		Example: "  mailaudit history example.com --history mailaudit.db\n  mailaudit history example.com --history mailaudit.db --since 30d --format html > history.html",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, w, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.file, "history", "", "the database, a `FILE`")
	f.StringVar(&o.since, "since", "", "tell runs from this `TIME` on: a day such as 2026-11-01, or a time ago such as 36h or 30d")
	f.IntVar(&o.limit, "limit", historyRuns, fmt.Sprintf("tell this `NUMBER` of runs at most, the newest; up to %d", maxHistory))
	f.StringVar(&o.between, "between", "", "tell what changed from one run to another, their `NUMBERS` with a comma between")
	f.StringVar(&o.conf, "config", "", "read settings from this YAML `FILE`")
	o.out.flags(cmd, "table", report.TrendFormats)
	for _, name := range []string{"quiet", "verbose"} { // of reports
		_ = f.MarkHidden(name) // it fails for a flag that there is not
	}
	cmd.ValidArgsFunction = keptDomains(w)
	return cmd
}

// ofHistory are the settings that history shares with check.
func ofHistory(f *pflag.Flag) bool {
	return f.Name == "history" || f.Name == "color" || f.Name == "config"
}

func (o *historyOptions) run(cmd *cobra.Command, w World, args []string) error {
	if err := settleSome(w, cmd, ofHistory); err != nil {
		return err
	}
	const try = "mailaudit history example.com --history mailaudit.db"
	if len(args) != 1 {
		return usageError{"history takes one domain", try}
	}
	if err := o.out.check(report.TrendFormats); err != nil {
		return err
	}
	domain, err := domainOf(args[0])
	switch {
	case err != nil:
		return err
	case o.file == "":
		return usageError{"no history was given", try}
	case o.limit < 1 || o.limit > maxHistory:
		return usagef("--limit %d: between 1 and %d", o.limit, maxHistory)
	case o.between != "" && o.since != "":
		return usagef("--between and --since exclude each other")
	}
	since, err := moment(o.since, time.Now())
	if err != nil {
		return err
	}
	store, err := openKept(cmd.Context(), o.file)
	if err != nil {
		return err
	}
	defer store.Close()
	steps, err := o.steps(cmd.Context(), store, domain, since)
	if err != nil {
		return err
	}
	sink, err := o.out.open(w)
	if err != nil {
		return err
	}
	defer func() { _ = sink.finish(false) }() // whatever is left of it after a failure
	t := report.Trend{SchemaVersion: audit.SchemaVersion, Domain: domain, Runs: steps}
	if err := report.WriteTrend(sink, o.out.options(w, false), t, !utf8Terminal(w)); err != nil {
		return err
	}
	return sink.finish(true)
}

// openKept opens a history to read it: one that is not there is not made.
func openKept(ctx context.Context, file string) (*history.Store, error) {
	if _, err := os.Stat(file); err != nil {
		use := fileError("--history "+file, err)
		if errors.Is(err, fs.ErrNotExist) {
			use = usageError{use.Error(), "mailaudit check example.com --history " + fileWord(file)}
		}
		return nil, use
	}
	store, err := history.Open(ctx, file)
	if err != nil {
		return nil, usagef("--history %v", err)
	}
	return store, nil
}

// steps are the runs that were asked for, the newest first, each compared with the one before it.
func (o *historyOptions) steps(ctx context.Context, store *history.Store, domain string, since time.Time) ([]report.Step, error) {
	if o.between != "" {
		return o.two(ctx, store, domain)
	}
	runs, err := store.Runs(ctx, domain, o.limit+1) // one more, to compare the oldest with
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 {
		return nil, unknownDomain(ctx, store, domain, o.file)
	}
	var steps []report.Step
	after, err := store.Load(ctx, runs[0].ID)
	for i := 0; err == nil && i < min(len(runs), o.limit) && !runs[i].At.Before(since); i++ {
		s := report.Step{Run: runs[i], Changes: []history.Change{}}
		if i+1 < len(runs) {
			var before *audit.Report
			if before, err = store.Load(ctx, runs[i+1].ID); err != nil {
				break
			}
			s.Since, s.Changes = &runs[i+1].ID, append(s.Changes, history.Compare(before, after)...)
			after = before
		}
		steps = append(steps, s)
	}
	if err == nil && len(steps) == 0 {
		return nil, usageError{fmt.Sprintf("%s has no run since %s: the last was on %s", domain, o.since, runs[0].At.Format("2006-01-02 15:04 UTC")), "leave --since out"}
	}
	return steps, err
}

// two is what changed between two runs by their numbers.
func (o *historyOptions) two(ctx context.Context, store *history.Store, domain string) ([]report.Step, error) {
	a, b, ok := strings.Cut(o.between, ",")
	first, err1 := strconv.ParseInt(strings.TrimSpace(a), 10, 64)
	second, err2 := strconv.ParseInt(strings.TrimSpace(b), 10, 64)
	if !ok || err1 != nil || err2 != nil || first == second {
		return nil, usageError{fmt.Sprintf("--between %q: the numbers of two runs are needed", o.between), "--between 1,2"}
	}
	var reports []*audit.Report
	var steps []report.Step
	for _, id := range []int64{first, second} {
		run, err := store.Get(ctx, id)
		if err != nil && !errors.Is(err, history.ErrNoRun) {
			return nil, err
		}
		if run.Domain != domain {
			return nil, usageError{fmt.Sprintf("--between: %s has no run %d", domain, id), "mailaudit history " + domain + " --history " + fileWord(o.file)}
		}
		r, err := store.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
		steps = append([]report.Step{{Run: run, Changes: []history.Change{}}}, steps...)
	}
	steps[0].Since, steps[0].Changes = &first, append(steps[0].Changes, history.Compare(reports[0], reports[1])...)
	return steps, nil
}

// unknownDomain says that a domain has no runs, and which have that are written nearly the same.
func unknownDomain(ctx context.Context, store *history.Store, domain, file string) error {
	all, err := store.Domains(ctx, "", searchedNear)
	if err != nil {
		return err
	}
	type near struct {
		name     string
		distance int
	}
	var l []near
	for _, d := range all {
		// Names that differ more in length are farther apart, and to compare ten thousand takes long.
		between := farthestNear + 1
		if len(d)-len(domain) <= farthestNear && len(domain)-len(d) <= farthestNear {
			between = distance(domain, d)
		}
		if between <= farthestNear || strings.HasSuffix(d, "."+domain) || strings.HasSuffix(domain, "."+d) {
			l = append(l, near{d, between})
		}
	}
	slices.SortStableFunc(l, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	if len(l) == 0 {
		return usageError{fmt.Sprintf("%s: no run of %s", file, domain), "mailaudit check " + domain + " --history " + fileWord(file)}
	}
	var names []string
	for _, x := range l[:min(len(l), nearDomains)] {
		names = append(names, x.name)
	}
	return usageError{fmt.Sprintf("%s: no run of %s, but of %s", file, domain, strings.Join(names, ", ")), "mailaudit history " + names[0] + " --history " + fileWord(file)}
}

// distance is the number of characters to add, drop or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// moment reads a day, or a time ago. Nothing is the beginning of time.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		if days, err := strconv.ParseUint(n, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(days)), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usageError{fmt.Sprintf("--since %q: neither a day nor a time ago", s), "--since 2026-11-01, or --since 30d"}
}

// utf8Terminal says whether text is shown in UTF-8, by the first of these variables that is set (POSIX, 8.2).
func utf8Terminal(w World) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v, _ := w.LookupEnv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// keptDomains completes domains from the history that the flags, the environment or the config file name.
func keptDomains(w World) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		const nothing = cobra.ShellCompDirectiveNoFileComp
		if cmd.Name() == "history" && len(args) > 0 {
			return nil, nothing
		}
		if err := settleSome(w, cmd, func(f *pflag.Flag) bool { return f.Name == "history" || f.Name == "config" }); err != nil {
			return nil, nothing
		}
		file := cmd.Flags().Lookup("history").Value.String()
		if file == "" {
			return nil, nothing
		}
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		store, err := openKept(ctx, file)
		if err != nil {
			return nil, nothing
		}
		defer store.Close()
		l, err := store.Domains(ctx, strings.ToLower(begun), completions)
		if err != nil {
			return nil, nothing
		}
		return slices.DeleteFunc(l, func(d string) bool { return slices.Contains(args, d) }), nothing
	}
}
