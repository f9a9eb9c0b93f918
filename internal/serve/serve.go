// Package serve is mailaudit over HTTP: a page with a form, a JSON API, a probe for Prometheus. It queues audits, runs a bounded
// number at once, and keeps every finished report in the history. How one is made it is told by whoever starts it.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"mailaudit/internal/audit"
	"mailaudit/internal/history"
)

// Config is what a server needs.
type Config struct {
	// Audit makes one report. It refuses a request that cannot be carried out by a BadRequest, before it asks anybody. asked is
	// called for each question that went out, from several goroutines.
	Audit func(ctx context.Context, r Request, asked func()) (*audit.Report, error)
	// Check refuses a request as Audit would, and makes nothing. domain is the one that it is about, an A-label name.
	Check   func(Request) (domain string, err error)
	History *history.Store
	Keep    int // runs of each domain that the history keeps, the newest; 0: all
	Log     *slog.Logger
	Version string

	Token   string        // asked of every client but for /healthz; "": none is
	Running int           // audits that run at once
	Queue   int           // audits that wait beside them
	Rate    float64       // audits that one client may begin in a second, over time
	Burst   int           // and at once
	Timeout time.Duration // of one audit, which Audit holds; a client that waits for one is given a little more
	Formats []string      // that reports can be had in
}

// Request is what a client wants audited. Everything else is the server's own setting.
type Request struct {
	Domain     string   `json:"domain"`
	IPs        []string `json:"ips,omitempty"`
	MailFrom   string   `json:"mail_from,omitempty"`
	HELO       string   `json:"helo,omitempty"`
	Selectors  []string `json:"selectors,omitempty"`
	DKIMDomain string   `json:"dkim_domain,omitempty"`
	Daily      int      `json:"daily,omitempty"`
	Profile    string   `json:"profile,omitempty"`
	Submission []string `json:"submission,omitempty"`
	Only       []string `json:"only,omitempty"`
	Skip       []string `json:"skip,omitempty"`
}

// BadRequest is a request that cannot be carried out, and why.
type BadRequest struct{ What string }

func (e BadRequest) Error() string { return e.What }

// Bounds on what one client may cost (RFC 9110 leaves them to the server).
const (
	maxConnections = 1024
	maxHeader      = 16 << 10
	maxBody        = 64 << 10
	headerTime     = 10 * time.Second
	bodyTime       = 15 * time.Second
	writeTime      = 30 * time.Second // of an answer that waits for nothing
	idleTime       = time.Minute
	spare          = 5 * time.Second // beside Config.Timeout, for what is not the audit itself
)

// Server answers HTTP.
type Server struct {
	c       Config
	queue   *queue
	guard   *guard
	metrics *metrics
	http    *http.Server
	mute    sync.Map // connections on which nothing came yet, net.Conn to nothing
}

// New makes a server, and starts what carries out its audits.
func New(c Config) *Server {
	s := &Server{c: c, metrics: newMetrics()}
	s.queue = newQueue(c, s.metrics)
	s.guard = newGuard(c)
	s.http = &http.Server{Handler: s.handler(), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime,
		IdleTimeout: idleTime, ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug), ConnState: s.connected}
	return s
}

// connected keeps count of connections on which nothing came yet, as browsers open them in advance.
func (s *Server) connected(c net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.mute.Store(c, nil)
	} else {
		s.mute.Delete(c)
	}
}

// Serve answers on a listener until ctx ends. Audits that were taken on are brought to their end then, each within its own time
// limit; nothing else is begun.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() { stopped <- s.http.Serve(netutil.LimitListener(l, maxConnections)) }()
	select {
	case err := <-stopped:
		s.queue.close()
		return err
	case <-ctx.Done():
	}
	s.c.Log.Info("stopping", "unfinished", s.queue.unfinished())
	s.queue.close()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), spare)
	defer cancel()
	s.mute.Range(func(c, _ any) bool { // Shutdown gives them 5 s
		_ = c.(net.Conn).Close()
		return true
	})
	if err := s.http.Shutdown(last); err != nil { // whoever still reads slowly is cut off
		_ = s.http.Close()
	}
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the listener: %w", err)
	}
	return nil
}

// route is one thing that can be asked for.
type route struct {
	method, path string
	handle       http.HandlerFunc
	open         bool // no token is asked
	audits       bool // it may begin an audit
}

func (s *Server) routes() []route {
	return []route{
		{method: "GET", path: "/{$}", handle: s.home},
		{method: "POST", path: "/{$}", handle: s.submitForm, audits: true},
		{method: "GET", path: "/audits/{id}", handle: s.auditPage},
		{method: "GET", path: "/domains/{domain}", handle: s.domainPage},
		{method: "GET", path: "/page.css", handle: document("text/css; charset=utf-8", pageStyle)},
		{method: "GET", path: "/page.js", handle: document("text/javascript; charset=utf-8", pageScript)},
		{method: "POST", path: "/api/v1/audits", handle: s.submit, audits: true},
		{method: "GET", path: "/api/v1/audits", handle: s.list},
		{method: "GET", path: "/api/v1/audits/{id}", handle: s.get},
		{method: "GET", path: "/api/v1/audits/{id}/events", handle: s.events},
		{method: "GET", path: "/api/v1/audits/{id}/report", handle: s.report},
		{method: "GET", path: "/api/v1/domains", handle: s.domains},
		{method: "GET", path: "/api/v1/openapi.json", handle: document("application/json", openAPI)},
		{method: "GET", path: "/api/v1/report.schema.json", handle: document("application/schema+json", reportSchema)},
		{method: "GET", path: "/probe", handle: s.probe, audits: true},
		{method: "GET", path: "/metrics", handle: s.showMetrics},
		{method: "GET", path: "/healthz", handle: s.healthz, open: true},
	}
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.guard.wrap(r))
	}
	lost := s.guard.wrap(route{handle: func(w http.ResponseWriter, q *http.Request) { mux.ServeHTTP(&pathless{ResponseWriter: w}, q) }})
	return s.metrics.count(secured(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if _, pattern := mux.Handler(q); pattern == "" {
			lost.ServeHTTP(w, q)
			return
		}
		mux.ServeHTTP(w, q)
	})))
}

// pathless tells what no route takes, as every error is told: the mux does so in plain text.
type pathless struct {
	http.ResponseWriter
	told bool
}

func (p *pathless) WriteHeader(status int) {
	switch status {
	case http.StatusNotFound:
		problem(p.ResponseWriter, status, "there is nothing at this path")
	case http.StatusMethodNotAllowed:
		problem(p.ResponseWriter, status, "this path takes "+p.Header().Get("Allow"))
	default:
		p.ResponseWriter.WriteHeader(status)
		return
	}
	p.told = true
}

func (p *pathless) Write(b []byte) (int, error) {
	if p.told {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}
