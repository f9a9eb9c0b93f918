package cli

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"mailaudit/internal/audit"
	"mailaudit/internal/report"
)

// maxLine bounds one line of a list of domains.
const maxLine = 64 << 10

// entry is one domain to audit, or one line that is none.
type entry struct {
	domain string
	line   int
	input  string
	err    error
}

// done is an entry whose audit has ended.
type done struct {
	entry
	report *audit.Report
	crash  error
}

// source gives one entry after the other, and io.EOF at the end.
type source func() (entry, error)

// several audits the domains of the command line.
func (j *job) several(ctx context.Context, w World, domains []string) error {
	return j.run(ctx, w, len(domains) > 1, len(domains), these(domains))
}

// these are the domains of a command line.
func these(domains []string) source {
	return func() (entry, error) {
		if len(domains) == 0 {
			return entry{}, io.EOF
		}
		e := entry{domain: domains[0]}
		domains = domains[1:]
		return e, nil
	}
}

// batch audits the domains of a file, as they are read.
func (j *job) batch(ctx context.Context, w World, file string) error {
	in, total := w.Stdin, 0
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fileError(file, err)
		}
		defer f.Close()
		in = f
		if j.shown(w) {
			if total, err = countEntries(file, f); err != nil {
				return err
			}
		}
	}
	next, several := newList(file, in).start(ctx), true
	// One domain in the list is one object in JSON, so look whether a second follows before the first is written. The
	// lines of ndjson are the same either way, and need not wait for it.
	if j.out.format != "ndjson" {
		next, several = peek(next)
	}
	return j.run(ctx, w, several, total, next)
}

// countEntries counts what a list holds, for the progress, and goes back to its beginning. A list that has no end to look at,
// such as a pipe, counts 0.
func countEntries(name string, f *os.File) (n int, err error) {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0, nil
	}
	for l := newList(name, f); err == nil; n++ {
		_, err = l.next()
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, fileError(name, err)
	}
	return n - 1, nil
}

// list reads a list of domains: each domain once, and the lines that are none.
type list struct {
	name string
	in   *bufio.Reader
	line int
	body bool            // a line has been seen that is no comment: a header cannot follow
	seen map[string]bool // nil: whoever reads it looks for domains that come again
}

func newList(name string, in io.Reader) *list {
	return &list{name: name, in: bufio.NewReaderSize(in, maxLine), seen: map[string]bool{}}
}

// start reads ahead in the background, so that whoever waits for a terminal or a pipe can be interrupted.
func (l *list) start(ctx context.Context) source {
	type item struct {
		entry
		err error
	}
	items := make(chan item)
	send := func(i item) bool {
		select {
		case items <- i:
			return i.err == nil
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer func() {
			if p := recover(); p != nil {
				send(item{err: crashed(p)})
			}
		}()
		for more := true; more; {
			e, err := l.next()
			more = send(item{e, err})
		}
	}()
	return func() (entry, error) {
		select {
		case i := <-items:
			return i.entry, i.err
		case <-ctx.Done():
			return entry{}, io.EOF
		}
	}
}

// next is a source.
func (l *list) next() (entry, error) {
	for {
		text, whole, err := l.read()
		if errors.Is(err, io.EOF) {
			return entry{}, io.EOF
		}
		if err != nil {
			return entry{}, fileError(l.name, err)
		}
		if !whole {
			return entry{line: l.line, input: text[:32] + "...", err: usagef("the line is longer than %d KiB", maxLine>>10)}, nil
		}
		cell := strings.Clone(firstCell(text)) // what is kept of a line does not keep the rest of it
		if cell == "" {
			continue
		}
		first := !l.body
		l.body = true
		if lower := strings.ToLower(cell); first && (lower == "domain" || lower == "address") {
			continue
		}
		d, err := domainOf(cell)
		if err == nil && l.seen[d] {
			continue
		}
		if d == cell {
			d = cell // one text in memory
		}
		if err == nil && l.seen != nil {
			l.seen[d] = true
		}
		return entry{domain: d, line: l.line, input: cell, err: err}, nil
	}
}

// read gives the next line, and whether it is whole: of one that is too long the rest is passed over.
func (l *list) read() (text string, whole bool, err error) {
	if l.line == 0 {
		if mark, _ := l.in.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
			return "", false, errors.New("it is UTF-16, and UTF-8 is read")
		}
	}
	b, more, err := l.in.ReadLine()
	if err != nil {
		return "", false, err
	}
	text, whole = string(b), !more
	for more && err == nil {
		_, more, err = l.in.ReadLine() // an error comes again with the next line
	}
	l.line++
	return text, whole, nil
}

// firstCell is the first column of a line; "" for a blank line or a comment.
func firstCell(line string) string {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if line == "" || strings.HasPrefix(line, "#") {
		return ""
	}
	r := csv.NewReader(strings.NewReader(line))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	cells, err := r.Read()
	if err != nil || len(cells) == 0 {
		return line
	}
	return strings.TrimSpace(cells[0])
}

// peek says whether a source has more than one entry, and gives the source as it was.
func peek(next source) (same source, several bool) {
	var l []entry
	var end error
	for len(l) < 2 && end == nil {
		var e entry
		if e, end = next(); end == nil {
			l = append(l, e)
		}
	}
	several = len(l) > 1
	return func() (entry, error) {
		if len(l) > 0 {
			e := l[0]
			l = l[1:]
			return e, nil
		}
		if end != nil {
			return entry{}, end
		}
		return next()
	}, several
}

// open is where the reports go.
func (j *job) open(w World) (*sink, error) {
	if j.resumed != nil {
		return j.resumed.open()
	}
	return j.out.open(w)
}

// run audits entries, several at once, and writes each report as it is done: in the order of the input, or for ndjson
// as they finish. Memory holds as many reports as are audited at once. total is how many there are, 0 where nobody knows.
func (j *job) run(ctx context.Context, w World, several bool, total int, next source) error {
	rarelyCollect(w, j.concurrency)
	out, err := j.open(w)
	if err != nil {
		return err
	}
	defer func() { _ = out.finish(false) }() // whatever is left of it after a failure
	options := j.out.options(w, several)
	options.Put = out.put
	options.State = func(r *audit.Report) string { return pluginState(r, j.failOn, j.minScore) }
	writer, err := report.New(out, options)
	if err != nil {
		return usagef("--format %v", err)
	}
	line := j.progress(w, total)
	code, valid, begun := exitOK, 0, false
	written, left := 0, 0         // reports, and those that --quiet leaves out
	if r := j.resumed; r != nil { // what the file says already counts, too
		code, valid, next = r.code, len(r.domains), r.skip(next)
		line.before = len(r.domains) + len(r.invalid)
	}
	var failed error
	readErr := j.each(ctx, next, func(d done) bool {
		if d.crash != nil {
			panic(d.crash)
		}
		if ctx.Err() != nil {
			j.partial(w, d.report)
			return false
		}
		line.clear()
		begun = true
		if d.err != nil {
			line.count()
			written++
			failed = writer.Invalid(d.line, d.input, d.err)
			return failed == nil
		}
		valid++
		suppress(j.suppressed, d.report)
		j.known.accept(d.report)
		c, why := outcome(d.report, j.failOn, j.minScore)
		code = worse(code, c)
		if changed := j.past.add(ctx, d.report); j.silent(d.report, changed) {
			left++
		} else {
			failed = writer.Report(d.report, why)
			written++
		}
		line.count()
		line.show(d.domain)
		return failed == nil
	})
	line.clear()
	err = errors.Join(readErr, failed)
	interrupted := ctx.Err() != nil
	// What has been begun is brought to its end when it is interrupted, too: half an array is no JSON.
	if err == nil && (begun || !interrupted) && (written > 0 || left == 0) {
		err = writer.Close()
	}
	if ferr := out.finish(err == nil && !interrupted); err == nil {
		err = ferr
	}
	switch {
	case interrupted:
		fmt.Fprintln(w.Stderr, "mailaudit: interrupted")
		return exitError(exitInterrupted)
	case err != nil:
		var use usageError
		if errors.As(err, &use) {
			return use
		}
		return err
	case valid == 0:
		fmt.Fprintln(w.Stderr, "mailaudit: no line of the list is a domain\ntry: one domain a line")
		code = exitUsage
	}
	code = worse(code, j.past.code())
	if p, ok := writer.(interface{ State() string }); ok { // the line and the code must agree
		code = pluginCodes[p.State()]
	}
	if code != exitOK {
		return exitError(code)
	}
	return nil
}

// partial tells on stderr what is known of an audit that was interrupted.
func (j *job) partial(w World, r *audit.Report) {
	if r == nil || j.out.quiet {
		return
	}
	o := j.out.options(w, false)
	o.Format, o.Color = "table", false
	if t, err := report.New(w.Stderr, o); err == nil {
		if t.Report(r, "interrupted") == nil {
			_ = t.Close() // stderr: there is nobody left to tell
		}
	}
}

// each audits the entries with at most j.concurrency at once, and gives what is done to use, one at a time. It ends when
// use says so, without waiting for a source that may never come to its end.
func (j *job) each(ctx context.Context, next source, use func(done) bool) error {
	inOrder := j.out.format != "ndjson" || j.ordered
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan chan done, j.concurrency-1) // of the order of the input; beside the one that is waited for, its capacity bounds what is under way
	shared := make(chan done, j.concurrency)       // of the order of the end
	ended := make(chan error, 1)
	go func() {
		defer close(queue)
		for {
			e, err := next()
			if err != nil {
				ended <- err
				return
			}
			result := make(chan done, 1)
			select {
			case queue <- result:
			case <-ctx.Done():
				ended <- io.EOF
				return
			}
			go func() {
				d := j.one(ctx, e)
				if inOrder {
					result <- d
				} else {
					shared <- d
				}
			}()
		}
	}()
	for result := range queue {
		from := shared
		if inOrder {
			from = result
		}
		if !use(<-from) {
			return nil
		}
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// one audits one entry; a panic goes to whoever waits.
func (j *job) one(ctx context.Context, e entry) (d done) {
	d.entry = e
	if e.err != nil {
		return d
	}
	defer func() {
		if p := recover(); p != nil {
			d.crash = crashed(p)
		}
	}()
	d.report, d.err = j.audit(ctx, e.domain)
	return d
}

// progress is one line on stderr, where that is a terminal.
type progress struct {
	w      io.Writer
	began  time.Time
	total  int // 0: unknown
	before int // of total, what an earlier run has done
	n      int
	on     bool
}

func (j *job) shown(w World) bool { return w.Terminal().Stderr && !j.out.quiet }

func (j *job) progress(w World, total int) *progress {
	return &progress{w: w.Stderr, began: time.Now(), total: total, on: j.shown(w)}
}

// count takes note of an entry that is done.
func (p *progress) count() { p.n++ }

// show tells how far the batch is, how fast, and how long it will take at this pace.
func (p *progress) show(domain string) {
	if p.on {
		fmt.Fprintf(p.w, "\r\x1b[K%s, last %s", p.state(time.Since(p.began)), report.Visible(domain))
	}
}

func (p *progress) state(took time.Duration) string {
	if p.total == 0 {
		return fmt.Sprintf("%d audited in %s%s", p.n, took.Round(time.Second), p.rate(took))
	}
	left := ""
	if open := p.total - p.before - p.n; open > 0 {
		left = fmt.Sprintf(", %s left", time.Duration(float64(took)/float64(p.n)*float64(open)).Round(time.Second))
	}
	return fmt.Sprintf("%d of %d audited in %s%s%s", p.before+p.n, p.total, took.Round(time.Second), p.rate(took), left)
}

// rate is told once there has been time enough to have one.
func (p *progress) rate(took time.Duration) string {
	if took < time.Second {
		return ""
	}
	return fmt.Sprintf(", %.1f a second", float64(p.n)/took.Seconds())
}

func (p *progress) clear() {
	if p.on {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
