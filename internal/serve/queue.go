package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"mailaudit/internal/audit"
)

// The states of an audit.
const (
	queued  = "queued"
	running = "running"
	done    = "done"
	failed  = "failed"
)

// errFull and errClosed say why an audit is not taken on.
var (
	errFull   = errors.New("too many audits wait already")
	errClosed = errors.New("the server is stopping")
)

// keptFailures bounds the audits that came to no report and can still be asked for. Those with a report are in the history.
const keptFailures = 1000

// Audit is one audit as the API shows it.
type Audit struct {
	ID        string     `json:"id"`
	Domain    string     `json:"domain"`
	Status    string     `json:"status"` // queued, running, done, failed
	Submitted *time.Time `json:"submitted_at,omitempty"`
	Started   *time.Time `json:"started_at,omitempty"`
	Questions int        `json:"questions"` // that were asked so far
	Error     string     `json:"error,omitempty"`
	Verdict   string     `json:"verdict,omitempty"`
	Score     *int       `json:"score,omitempty"`
	Grade     *string    `json:"grade,omitempty"`
}

// job is an audit that is queued, runs, or failed.
type job struct {
	ctx     context.Context // of the audit
	request Request
	report  *audit.Report // of a probe, which is not kept
	kept    bool          // its report goes into the history

	mu      sync.Mutex
	state   Audit
	changed chan struct{} // closed and replaced with each change
}

// now is the state, and what is closed when there is another.
func (j *job) now() (Audit, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state, j.changed
}

func (j *job) change(f func(*Audit)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(&j.state)
	close(j.changed)
	j.changed = make(chan struct{})
}

// ended says whether nothing more will come.
func (a Audit) ended() bool { return a.Status == done || a.Status == failed }

// queue holds the audits that were taken on, and carries out a bounded number of them at once.
type queue struct {
	c       Config
	metrics *metrics
	waiting chan *job
	workers sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	jobs     map[string]*job
	failures []string // ids, the oldest first
}

func newQueue(c Config, m *metrics) *queue {
	q := &queue{c: c, metrics: m, waiting: make(chan *job, c.Queue), jobs: map[string]*job{}}
	for range c.Running {
		q.workers.Go(func() {
			for j := range q.waiting {
				q.run(j)
			}
		})
	}
	m.waiting = func() int { return len(q.waiting) }
	return q
}

// add takes an audit on, which ends with ctx; kept ones go into the history.
func (q *queue) add(ctx context.Context, r Request, kept bool) (*job, error) {
	now := time.Now().UTC()
	j := &job{ctx: ctx, request: r, kept: kept, changed: make(chan struct{}),
		state: Audit{ID: rand.Text(), Domain: r.Domain, Status: queued, Submitted: &now}}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, errClosed
	}
	select {
	case q.waiting <- j:
		q.jobs[j.state.ID] = j
		return j, nil
	default:
		return nil, errFull
	}
}

// find is an audit that is not in the history: it has not ended, or it failed.
func (q *queue) find(id string) *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.jobs[id]
}

// live are the audits that have not ended.
func (q *queue) live() []Audit {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := []Audit{}
	for _, j := range q.jobs {
		if a, _ := j.now(); !a.ended() && j.kept {
			l = append(l, a)
		}
	}
	return l
}

func (q *queue) unfinished() int { return len(q.waiting) + int(q.metrics.running.Load()) }

// close takes on nothing more, and waits until all that was taken on has ended.
func (q *queue) close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
	q.mu.Unlock()
	q.workers.Wait()
}

// run carries out one audit. It is done once its report is in the history, whole.
func (q *queue) run(j *job) {
	q.metrics.running.Add(1)
	now := time.Now().UTC()
	j.change(func(a *Audit) { a.Status, a.Started = running, &now })
	r, err := q.audit(j)
	if err == nil && j.kept {
		// The client may be gone, and the server stopping: the report is kept all the same.
		err = q.keep(r, j.state.ID)
	}
	q.metrics.running.Add(-1) // before its end is told: whoever hears of it finds it so
	if err != nil {
		q.metrics.ended("failed")
		j.request = Request{Domain: j.request.Domain} // a failure is remembered, and not all that was asked
		j.change(func(a *Audit) { a.Status, a.Error = failed, err.Error() })
		q.forget(j, !j.kept)
		return
	}
	q.metrics.ended(r.Verdict)
	j.report = r
	j.change(func(a *Audit) { summarise(a, r) })
	q.forget(j, true)
}

// keep puts a report into the history, and drops the oldest of its domain where there are too many.
func (q *queue) keep(r *audit.Report, id string) error {
	if _, err := q.c.History.AddAs(context.Background(), r, id); err != nil {
		q.c.Log.Error("a report could not be kept", "domain", r.Domain, "error", err)
		return errors.New("its report could not be kept")
	}
	if q.c.Keep > 0 {
		if err := q.c.History.Trim(context.Background(), r.Domain, q.c.Keep); err != nil {
			q.c.Log.Error("old reports could not be dropped", "domain", r.Domain, "error", err)
		}
	}
	return nil
}

// summarise fills in what a report says.
func summarise(a *Audit, r *audit.Report) {
	a.Status, a.Verdict, a.Score, a.Grade, a.Questions = done, r.Verdict, r.Score, r.Grade, r.DNSQueries
}

// audit asks for the report, and survives a panic.
func (q *queue) audit(j *job) (r *audit.Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			q.c.Log.Error("internal error", "domain", j.request.Domain, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	if j.ctx.Err() != nil {
		return nil, errors.New("whoever asked for it did not wait")
	}
	return q.c.Audit(j.ctx, j.request, func() { j.change(func(a *Audit) { a.Questions++ }) })
}

// forget drops a job that has ended: those in the history are found there, probes are nowhere, and of failures the last are kept.
func (q *queue) forget(j *job, stored bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if stored {
		delete(q.jobs, j.state.ID)
		return
	}
	q.failures = append(q.failures, j.state.ID)
	if len(q.failures) > keptFailures {
		delete(q.jobs, q.failures[0])
		q.failures = q.failures[1:]
	}
}
