package serve

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// expositions is the media type of Prometheus' text format.
const expositions = "text/plain; version=0.0.4; charset=utf-8"

// metrics are what /metrics tells of the server itself.
type metrics struct {
	began   time.Time
	running atomic.Int64
	waiting func() int

	mu       sync.Mutex
	audits   map[string]int // by verdict, or failed
	requests map[int]int    // by status
}

func newMetrics() *metrics {
	m := &metrics{began: time.Now(), audits: map[string]int{}, requests: map[int]int{}}
	for _, v := range []string{"pass", "warn", "unknown", "fail", "failed"} { // a series that is there from the beginning can be counted with
		m.audits[v] = 0
	}
	return m
}

// ended counts an audit.
func (m *metrics) ended(how string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.audits[how]++
}

// count counts the answers.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s := &seen{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, q)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.requests[s.status]++
	})
}

// seen remembers the status of an answer.
type seen struct {
	http.ResponseWriter
	status int
}

func (s *seen) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// showMetrics writes them (https://prometheus.io/docs/instrumenting/exposition_formats/).
func (s *Server) showMetrics(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	family := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	m := s.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	family("mailaudit_serve_audits_total", "counter", "Audits that ended, by verdict; failed are those without a report.")
	for _, v := range slices.Sorted(maps.Keys(m.audits)) {
		fmt.Fprintf(&b, "mailaudit_serve_audits_total{verdict=%q} %d\n", v, m.audits[v])
	}
	family("mailaudit_serve_audits_running", "gauge", "Audits under way.")
	fmt.Fprintf(&b, "mailaudit_serve_audits_running %d\n", m.running.Load())
	family("mailaudit_serve_audits_waiting", "gauge", "Audits that wait.")
	fmt.Fprintf(&b, "mailaudit_serve_audits_waiting %d\n", m.waiting())
	family("mailaudit_serve_http_requests_total", "counter", "Requests that were answered, by status.")
	for _, c := range slices.Sorted(maps.Keys(m.requests)) {
		fmt.Fprintf(&b, "mailaudit_serve_http_requests_total{code=\"%d\"} %d\n", c, m.requests[c])
	}
	family("mailaudit_build_info", "gauge", "1; the label is the version.")
	fmt.Fprintf(&b, "mailaudit_build_info{version=%q} 1\n", s.c.Version)
	family("process_start_time_seconds", "gauge", "When the process began.")
	fmt.Fprintf(&b, "process_start_time_seconds %d\n", m.began.Unix())
	family("go_goroutines", "gauge", "Goroutines that there are.")
	fmt.Fprintf(&b, "go_goroutines %d\n", runtime.NumGoroutine())
	answer(w, http.StatusOK, expositions, b.Bytes())
}

// scrapeMargin is what of Prometheus' patience is left for the way there and back.
const scrapeMargin = 500 * time.Millisecond

// probe audits a domain while Prometheus waits, in the manner of blackbox_exporter: target names it, and the fields of a request
// may follow by their names.
func (s *Server) probe(w http.ResponseWriter, q *http.Request) {
	v, err := url.ParseQuery(q.URL.RawQuery)
	if err != nil { // else what cannot be read would be passed over
		problem(w, http.StatusBadRequest, "the parameters: "+err.Error())
		return
	}
	r := Request{Domain: v.Get("target"), IPs: v["ip"], MailFrom: v.Get("mail_from"), HELO: v.Get("helo"), Selectors: v["selector"],
		DKIMDomain: v.Get("dkim_domain"), Profile: v.Get("profile"), Submission: v["submission"], Only: v["only"], Skip: v["skip"]}
	for name, values := range v {
		switch {
		case slices.Contains([]string{"ip", "selector", "submission", "only", "skip"}, name):
		case !slices.Contains([]string{"target", "mail_from", "helo", "dkim_domain", "profile", "daily"}, name):
			problem(w, http.StatusBadRequest, fmt.Sprintf("%q is no parameter", name))
			return
		case len(values) > 1:
			problem(w, http.StatusBadRequest, fmt.Sprintf("%q stands twice", name))
			return
		}
	}
	if d := v.Get("daily"); d != "" {
		n, err := strconv.Atoi(d)
		if err != nil {
			problem(w, http.StatusBadRequest, "daily: a number")
			return
		}
		r.Daily = n
	}
	wait := s.c.Timeout + spare
	if t, err := strconv.ParseFloat(q.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64); err == nil && t > 0 && t < wait.Seconds() {
		wait = max(time.Duration(t*float64(time.Second))-scrapeMargin, scrapeMargin)
	}
	writeWithin(w, wait+writeTime)
	ctx, cancel := context.WithTimeout(q.Context(), wait)
	defer cancel() // whoever is gone needs no audit
	// It ends a little earlier, so that there is a report: what is open by then is unknown.
	limit := wait - min(scrapeMargin, wait/10)
	audit, end := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the %s that Prometheus leaves for it", limit))
	defer end()
	j := s.take(audit, w, r, false)
	if j == nil {
		return
	}
	for {
		a, changed := j.now()
		if a.ended() {
			s.showProbe(w, j, a)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.showProbe(w, j, a)
			return
		}
	}
}

// showProbe writes what a probe found out; of one that has not ended, or failed, only that.
func (s *Server) showProbe(w http.ResponseWriter, j *job, a Audit) {
	var b bytes.Buffer
	success := 0
	if a.Status == done && (a.Verdict == "pass" || a.Verdict == "warn") {
		success = 1
	}
	fmt.Fprintf(&b, "# HELP probe_success Whether the audit came to an end, with the verdict pass or warn.\n# TYPE probe_success gauge\nprobe_success %d\n", success)
	fmt.Fprintf(&b, "# HELP probe_duration_seconds How long the answer took, with the time in the queue.\n# TYPE probe_duration_seconds gauge\nprobe_duration_seconds %g\n", time.Since(*a.Submitted).Seconds())
	if a.Status == done {
		if err := writeReport(&b, j.report, "prometheus"); err != nil {
			s.broken(w, err)
			return
		}
	}
	answer(w, http.StatusOK, expositions, b.Bytes())
}
