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
	panic  any
}

// several audits the domains of the command line.
func (j *job) several(ctx context.Context, w World, domains []string) error {
	return j.run(ctx, w, len(domains) > 1, func(yield func(entry) bool) error {
		for _, d := range domains {
			if !yield(entry{domain: d}) {
				return nil
			}
		}
		return nil
	})
}

// batch audits the domains of a file, as they are read.
func (j *job) batch(ctx context.Context, w World, file string) error {
	in := w.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fileError(file, err)
		}
		defer f.Close()
		in = f
	}
	b := bufio.NewReader(in)
	// One domain in the list is one object in JSON, so look whether a second follows before the first is written.
	first, err := firstTwo(b)
	if err != nil {
		return fileError(file, err)
	}
	return j.run(ctx, w, len(first) > 1, func(yield func(entry) bool) error {
		return readDomains(io.MultiReader(strings.NewReader(strings.Join(first, "")), b), yield)
	})
}

// firstTwo reads lines until two of them hold something that is no comment or header.
func firstTwo(b *bufio.Reader) ([]string, error) {
	var l []string
	n := 0
	for n < 2 {
		line, err := b.ReadString('\n')
		if line != "" {
			l = append(l, line)
			if cell := firstCell(line, len(l) == 1); cell != "" {
				n++
			}
		}
		if errors.Is(err, io.EOF) {
			return l[:len(l):len(l)], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// firstCell is the first column of a line; "" for a blank line, a comment or a header.
func firstCell(line string, first bool) string {
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
	cell := strings.TrimSpace(cells[0])
	if lower := strings.ToLower(cell); first && (lower == "domain" || lower == "address") {
		return ""
	}
	return cell
}

// readDomains yields the domains of a list, each once, and the lines that are none.
func readDomains(in io.Reader, yield func(entry) bool) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(make([]byte, 0, 4096), maxLine)
	seen := map[string]bool{}
	header := true
	for n := 1; sc.Scan(); n++ {
		cell := firstCell(sc.Text(), header)
		if cell == "" {
			header = header && !strings.HasPrefix(strings.ToLower(strings.TrimPrefix(sc.Text(), "\ufeff")), "domain")
			continue
		}
		header = false
		d, err := domainOf(cell)
		if err == nil && seen[d] {
			continue
		}
		seen[d] = err == nil
		if !yield(entry{domain: d, line: n, input: cell, err: err}) {
			return nil
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return usagef("a line of the list of domains is longer than %d KiB", maxLine>>10)
	}
	return sc.Err()
}

// run audits entries, several at once, and writes each report as it is done: in the order of the input, or for ndjson
// as they finish. Memory holds as many reports as are audited at once.
func (j *job) run(ctx context.Context, w World, several bool, entries func(func(entry) bool) error) error {
	out, err := j.out.open(w)
	if err != nil {
		return err
	}
	writer, err := report.New(out, j.out.options(w, several))
	if err != nil {
		return usagef("--format %v", err)
	}
	line := j.progress(w)
	code, valid := exitOK, 0
	var failed error
	readErr := j.each(ctx, entries, func(d done) bool {
		if d.panic != nil {
			panic(d.panic)
		}
		if ctx.Err() != nil {
			j.partial(w, d.report)
			return false
		}
		if d.err != nil {
			failed = writer.Invalid(d.line, d.input, d.err)
			return failed == nil
		}
		valid++
		c, why := outcome(d.report, j.failOn, j.minScore)
		code = worse(code, c)
		line.clear()
		failed = writer.Report(d.report, why)
		line.count(d.domain)
		return failed == nil
	})
	line.clear()
	err = errors.Join(readErr, failed)
	if err == nil && ctx.Err() == nil {
		err = writer.Close()
	}
	if ferr := out.finish(err == nil && ctx.Err() == nil); err == nil {
		err = ferr
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(w.Stderr, "mailaudit: interrupted")
		return exitError(exitInterrupted)
	case err != nil:
		var use usageError
		if errors.As(err, &use) {
			return use
		}
		fmt.Fprintf(w.Stderr, "mailaudit: %s\n", report.Visible(err.Error()))
		return exitError(exitInternal)
	case valid == 0:
		fmt.Fprintln(w.Stderr, "mailaudit: no line of the list is a domain\ntry: one domain a line")
		return exitError(exitUsage)
	case code != exitOK:
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

// each audits the entries with at most j.concurrency at once, and gives what is done to use, one at a time.
func (j *job) each(ctx context.Context, entries func(func(entry) bool) error, use func(done) bool) error {
	inOrder := j.out.format != "ndjson" || j.ordered
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan chan done, j.concurrency-1) // of the order of the input; beside the one that is waited for, its capacity bounds what is under way
	shared := make(chan done, j.concurrency)       // of the order of the end
	var readErr error
	go func() {
		defer close(queue)
		readErr = entries(func(e entry) bool {
			result := make(chan done, 1)
			select {
			case queue <- result:
			case <-ctx.Done():
				return false
			}
			go func() {
				d := j.one(ctx, e)
				if inOrder {
					result <- d
					return
				}
				shared <- d
				close(result)
			}()
			return true
		})
	}()
	for result := range queue {
		var d done
		if inOrder {
			d = <-result
		} else {
			d = <-shared
		}
		if !use(d) {
			cancel()
			break
		}
	}
	for range queue { // the reader ends when it sees that ctx has
	}
	return readErr
}

// one audits one entry; a panic goes to whoever waits.
func (j *job) one(ctx context.Context, e entry) (d done) {
	d.entry = e
	if e.err != nil {
		return d
	}
	defer func() { d.panic = recover() }()
	d.report, d.err = j.audit(ctx, e.domain)
	return d
}

// progress is one line on stderr, where that is a terminal.
type progress struct {
	w     io.Writer
	began time.Time
	n     int
	on    bool
}

func (j *job) progress(w World) *progress {
	return &progress{w: w.Stderr, began: time.Now(), on: w.Terminal().Stderr && !j.out.quiet}
}

func (p *progress) count(domain string) {
	p.n++
	if p.on {
		fmt.Fprintf(p.w, "\r\x1b[K%d audited in %s, last %s", p.n, time.Since(p.began).Round(time.Second), report.Visible(domain))
	}
}

func (p *progress) clear() {
	if p.on {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
