package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "embed" // the description of the API

	"mailaudit"
	"mailaudit/internal/audit"
	"mailaudit/internal/history"
	"mailaudit/internal/names"
	"mailaudit/internal/report"
)

// openAPI describes what stands under /api/v1 (OpenAPI 3.1), and reportSchema the reports.
var (
	//go:embed openapi.json
	openAPI      []byte
	reportSchema = []byte(mailaudit.ReportSchema)
)

// Bounds on lists.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// progressPause is how often at most a client is told of an audit that goes on, and alivePause how soon at least, so that proxies
// keep the connection.
const (
	progressPause = 100 * time.Millisecond
	alivePause    = 15 * time.Second
)

// plainRun begins the id of an audit that was kept without one, by the command line.
const plainRun = "run-"

// problem answers with an error (RFC 9457).
func problem(w http.ResponseWriter, status int, detail string) {
	b, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, report.Visible(detail)})
	if err != nil { // there is nothing in it that could fail
		panic(err)
	}
	answer(w, status, "application/problem+json", b)
}

// answer writes a whole answer. What cannot be written has nobody left to tell.
func answer(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // a NaN, which no report holds
		panic(err)
	}
	answer(w, status, "application/json", b.Bytes())
}

// document answers with a file that is the same for all.
func document(kind string, b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, kind, b) }
}

// submit takes an audit on.
func (s *Server) submit(w http.ResponseWriter, q *http.Request) {
	if kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		problem(w, http.StatusUnsupportedMediaType, "a request is application/json")
		return
	}
	text, err := io.ReadAll(q.Body)
	if err != nil {
		unread(w, err)
		return
	}
	r, err := requestOf(text)
	if err != nil {
		problem(w, http.StatusBadRequest, "no request as the API describes it: "+strings.TrimPrefix(err.Error(), "json: "))
		return
	}
	j := s.take(context.Background(), w, r, true) // whoever asked may go: the report is kept
	if j == nil {
		return
	}
	a, _ := j.now()
	w.Header().Set("Location", "/api/v1/audits/"+a.ID)
	writeJSON(w, http.StatusAccepted, shown{Audit: a})
}

// unread answers where a body could not be read: it is too large, or did not come.
func unread(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request has %d KiB at most", maxBody>>10))
	case errors.Is(err, os.ErrDeadlineExceeded):
		problem(w, http.StatusBadRequest, fmt.Sprintf("the request did not come within %v", bodyTime))
	default:
		problem(w, http.StatusBadRequest, "the request could not be read: "+err.Error())
	}
}

// requestOf reads one object.
func requestOf(text []byte) (r Request, err error) {
	if err := named(text); err != nil {
		return r, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(&r)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return r, errors.New(strings.TrimPrefix(fmt.Sprintf("%s: %s does not belong there", kind.Field, kind.Value), ": "))
	case errors.Is(err, io.EOF):
		return r, errors.New("there is nothing")
	case err != nil:
		return r, err
	}
	if _, end := d.Token(); !errors.Is(end, io.EOF) {
		return r, errors.New("something follows the object")
	}
	return r, nil
}

// named refuses names that stand twice, of which programs take the first or the last (RFC 8259 4), and those that package json
// alone takes for a field: it does not mind case. What is no object it leaves to package json.
func named(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		k, err := d.Token()
		name, ok := k.(string)
		if err != nil || !ok {
			return nil
		}
		switch {
		case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "":
			return fmt.Errorf("unknown field %q", name)
		case seen[name]:
			return fmt.Errorf("%q stands twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
	}
	return nil
}

// take puts a request into the queue, or says why not and gives nil. The audit ends with ctx.
func (s *Server) take(ctx context.Context, w http.ResponseWriter, r Request, kept bool) *job {
	domain, err := s.c.Check(r)
	var bad BadRequest
	if errors.As(err, &bad) {
		problem(w, http.StatusBadRequest, bad.What)
		return nil
	}
	var j *job
	if err == nil {
		r.Domain = domain // it is shown and looked for, as the history will have it
		j, err = s.queue.add(ctx, r, kept)
	}
	if err != nil {
		w.Header().Set("Retry-After", "5")
		problem(w, http.StatusServiceUnavailable, err.Error())
		return nil
	}
	return j
}

// shown is an audit, and its report where it is asked for alone.
type shown struct {
	Audit
	Report json.RawMessage `json:"report,omitempty"`
}

// list gives the newest audits, of all domains or of one.
func (s *Server) list(w http.ResponseWriter, q *http.Request) {
	limit, err := limitOf(q)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	l, err := s.audits(q.Context(), nameOf(q.URL.Query().Get("domain")), limit)
	if err != nil {
		s.broken(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string][]Audit{"audits": l})
}

// audits are the newest, those that have not ended before the others.
func (s *Server) audits(ctx context.Context, domain string, limit int) ([]Audit, error) {
	l := slices.DeleteFunc(s.queue.live(), func(a Audit) bool { return domain != "" && a.Domain != domain })
	slices.SortFunc(l, func(a, b Audit) int { return b.Submitted.Compare(*a.Submitted) })
	var runs []history.Run
	var err error
	if domain == "" {
		runs, err = s.c.History.Recent(ctx, limit)
	} else {
		runs, err = s.c.History.Runs(ctx, domain, limit)
	}
	// One that was kept a moment ago may still be among those that have not ended.
	l = slices.DeleteFunc(l, func(a Audit) bool {
		return slices.ContainsFunc(runs, func(r history.Run) bool { return r.Ref == a.ID })
	})
	for _, r := range runs {
		l = append(l, ofRun(r))
	}
	return l[:min(len(l), limit)], err
}

// nameOf is a domain as the history has it, of what somebody wrote. What is no domain has no audits.
func nameOf(s string) string {
	if d, err := names.Domain(s); err == nil {
		return d
	}
	return s
}

// ofRun is an audit that is in the history.
func ofRun(r history.Run) Audit {
	id := r.Ref
	if id == "" {
		id = plainRun + strconv.FormatInt(r.ID, 10)
	}
	return Audit{ID: id, Domain: r.Domain, Status: done, Started: &r.At, Verdict: r.Verdict, Score: r.Score, Grade: r.Grade}
}

func limitOf(q *http.Request) (int, error) {
	v := q.URL.Query().Get("limit")
	if v == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fmt.Errorf("limit: a number between 1 and %d", maxLimit)
	}
	return n, nil
}

// domains are those of the history.
func (s *Server) domains(w http.ResponseWriter, q *http.Request) {
	limit, err := limitOf(q)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	l, err := s.c.History.Domains(q.Context(), strings.ToLower(q.URL.Query().Get("prefix")), limit)
	if err != nil {
		s.broken(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string][]string{"domains": l})
}

// get tells of one audit.
func (s *Server) get(w http.ResponseWriter, q *http.Request) {
	a, r, err := s.lookup(q.Context(), q.PathValue("id"))
	if err != nil {
		s.broken(w, err)
		return
	}
	out := shown{Audit: a}
	if r != nil {
		var b bytes.Buffer
		if err := writeReport(&b, r, "json"); err != nil {
			s.broken(w, err)
			return
		}
		out.Report = b.Bytes()
	}
	writeJSON(w, http.StatusOK, out)
}

// lookup finds an audit, and its report if it has one.
func (s *Server) lookup(ctx context.Context, id string) (Audit, *audit.Report, error) {
	if j := s.queue.find(id); j != nil {
		a, _ := j.now()
		if a.Status != done { // one that is done is in the history by now
			return a, nil, nil
		}
	}
	run, err := s.run(ctx, id)
	if err != nil {
		return Audit{}, nil, err
	}
	r, err := s.c.History.Load(ctx, run.ID)
	if err != nil {
		return Audit{}, nil, err
	}
	a := ofRun(run)
	a.Questions = r.DNSQueries
	return a, r, nil
}

// run is the run of an id.
func (s *Server) run(ctx context.Context, id string) (history.Run, error) {
	if n, ok := strings.CutPrefix(id, plainRun); ok {
		number, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return history.Run{}, history.ErrNoRun
		}
		return s.c.History.Get(ctx, number)
	}
	return s.c.History.Find(ctx, id)
}

// broken answers where an audit is not there, or cannot be had.
func (s *Server) broken(w http.ResponseWriter, err error) {
	if errors.Is(err, history.ErrNoRun) {
		problem(w, http.StatusNotFound, "no such audit: it never was, or it had not ended when the server did")
		return
	}
	s.c.Log.Error("the history cannot be read", "error", err)
	problem(w, http.StatusInternalServerError, "the history cannot be read")
}

// kinds are the media types of formats.
var kinds = map[string]string{"json": "application/json", "ndjson": "application/x-ndjson", "html": "text/html; charset=utf-8",
	"csv": "text/csv; charset=utf-8", "markdown": "text/markdown; charset=utf-8", "junit": "application/xml", "sarif": "application/sarif+json"}

// report gives the report of an audit in a format.
func (s *Server) report(w http.ResponseWriter, q *http.Request) {
	format := q.URL.Query().Get("format")
	if format == "" {
		format = "json"
	}
	if !slices.Contains(s.c.Formats, format) {
		problem(w, http.StatusBadRequest, "format: one of "+strings.Join(s.c.Formats, ", "))
		return
	}
	a, r, err := s.lookup(q.Context(), q.PathValue("id"))
	if err != nil {
		s.broken(w, err)
		return
	}
	if r == nil {
		problem(w, http.StatusConflict, "there is no report: the audit is "+a.Status)
		return
	}
	var b bytes.Buffer
	if err := writeReport(&b, r, format); err != nil {
		s.broken(w, err)
		return
	}
	kind := kinds[format]
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	if format == "html" {
		w.Header().Set("Content-Security-Policy", report.Policy()+unframed)
	}
	answer(w, http.StatusOK, kind, b.Bytes())
}

// tableWidth is that of a table that is not shown in a terminal.
const tableWidth = 120

// writeReport writes one report.
func writeReport(w io.Writer, r *audit.Report, format string) error {
	writer, err := report.New(w, report.Options{Format: format, Width: tableWidth})
	if err != nil {
		return err
	}
	if err := writer.Report(r, ""); err != nil {
		return err
	}
	return writer.Close()
}

// events tells of an audit until it has ended, as server-sent events (https://html.spec.whatwg.org/#server-sent-events).
func (s *Server) events(w http.ResponseWriter, q *http.Request) {
	id := q.PathValue("id")
	j := s.queue.find(id)
	if j == nil { // it has ended, or never was
		a, _, err := s.lookup(q.Context(), id)
		if err != nil {
			s.broken(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_ = s.tell(w, a)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		a, changed := j.now()
		if s.tell(w, a) != nil || a.ended() {
			return
		}
		select {
		case <-changed:
		case <-time.After(alivePause):
			continue
		case <-q.Context().Done():
			return
		}
		select { // what changes at once is told at once
		case <-time.After(progressPause):
		case <-q.Context().Done():
			return
		}
	}
}

// tell sends one event.
func (s *Server) tell(w http.ResponseWriter, a Audit) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	writeWithin(w, writeTime+alivePause)
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", a.Status, b); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// healthz says whether audits can be made and kept.
func (s *Server) healthz(w http.ResponseWriter, q *http.Request) {
	if _, err := s.c.History.Recent(q.Context(), 1); err != nil {
		s.broken(w, err)
		return
	}
	answer(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}
