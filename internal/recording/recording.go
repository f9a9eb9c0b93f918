// Package recording keeps what the world answered in one run, and answers from that in another: a report can be made
// again with nobody to ask, by whoever is sent the file. It stands at the first seam, in front of the resolver and the
// SMTP probe, so that nothing behind it knows. A recording is a file of JSON objects, one a line.
package recording

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"
	"unicode/utf8"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/httpx"
	"mailaudit/internal/smtpx"
)

// version is that of the file's form.
const version = 1

// maxEntries bounds what is read of a recording.
const maxEntries = 4 << 20

// ProbeFunc looks at one SMTP service.
type ProbeFunc = func(context.Context, smtpx.Target) smtpx.Probe

// ReachFunc tries whether a connection can be made.
type ReachFunc = func(context.Context, netip.AddrPort) (smtpx.Status, string)

// FetchFunc gets one file over HTTPS.
type FetchFunc = func(context.Context, httpx.Target) httpx.Page

// entry is one line.
type entry struct {
	Version int       `json:"mailaudit_recording,omitempty"` // of the first line alone
	Started time.Time `json:"started,omitzero"`              // likewise
	DNS     *answer   `json:"dns,omitempty"`
	SMTP    *talk     `json:"smtp,omitempty"`
	HTTPS   *page     `json:"https,omitempty"`
	Reach   *reach    `json:"reach,omitempty"`
}

// answer is one lookup. The octets of TXT records stand beside it, because JSON has no room for those that are not UTF-8.
type answer struct {
	dnsx.Answer
	Octets [][][]byte `json:"octets,omitempty"` // by record and character-string
}

// talk is one probe. Octets of a banner that are not UTF-8 become U+FFFD: no verdict hangs on them.
type talk struct {
	service
	Probe smtpx.Probe `json:"probe"`
}

// service is what a probe was of.
type service struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Implicit bool   `json:"implicit"`
}

func serviceOf(t smtpx.Target) service {
	s := service{Host: t.Host, Implicit: t.Implicit}
	if len(t.Addrs) > 0 {
		s.Port = int(t.Addrs[0].Port())
	}
	return s
}

// reach is one connection that was tried.
type reach struct {
	Addr   netip.AddrPort `json:"addr"`
	Status smtpx.Status   `json:"status"`
	Why    string         `json:"why,omitempty"`
}

// page is one file that was fetched. The octets of a body that is not UTF-8 stand beside it.
type page struct {
	file
	Page   httpx.Page `json:"page"`
	Octets []byte     `json:"octets,omitempty"`
}

func pageOf(f file, p httpx.Page) *page {
	out := &page{file: f, Page: p}
	if !utf8.ValidString(p.Body) {
		out.Page.Body, out.Octets = "", []byte(p.Body)
	}
	return out
}

// whole is the page as it was fetched.
func (p page) whole() httpx.Page {
	if len(p.Octets) > 0 {
		p.Page.Body = string(p.Octets)
	}
	return p.Page
}

// file is what a fetch was of.
type file struct {
	Host  string `json:"host"`
	Port  int    `json:"port"`
	Path  string `json:"path"`
	Plain bool   `json:"plain,omitempty"`
}

func fileOf(t httpx.Target) file {
	f := file{Host: t.Host, Path: t.Path, Plain: t.Plain}
	if len(t.Addrs) > 0 {
		f.Port = int(t.Addrs[0].Port())
	}
	return f
}

// Writer records. It is safe for concurrent use.
type Writer struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error // the first that writing met
}

// NewWriter begins a recording of a run that started at a time.
func NewWriter(w io.Writer, started time.Time) *Writer {
	r := &Writer{enc: json.NewEncoder(w)}
	r.write(entry{Version: version, Started: started.UTC()})
	return r
}

func (w *Writer) write(e entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.enc.Encode(e)
	}
}

// Err is the first error that writing met: the recording is not whole then.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Resolver records every answer of another.
func (w *Writer) Resolver(under dnsx.Resolver) dnsx.Resolver { return recorder{w, under} }

type recorder struct {
	w     *Writer
	under dnsx.Resolver
}

// Lookup implements dnsx.Resolver.
func (r recorder) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	a := r.under.Lookup(ctx, q)
	e := &answer{Answer: a}
	if q.Type == dnsx.TXT {
		for _, x := range a.Records {
			var l [][]byte
			for _, s := range x.Strings {
				l = append(l, []byte(s))
			}
			e.Octets = append(e.Octets, l)
		}
	}
	r.w.write(entry{DNS: e})
	return a
}

// Probe records every probe of another.
func (w *Writer) Probe(under ProbeFunc) ProbeFunc {
	return func(ctx context.Context, t smtpx.Target) smtpx.Probe {
		p := under(ctx, t)
		w.write(entry{SMTP: &talk{serviceOf(t), p}})
		return p
	}
}

// Reach records every connection that another tries.
func (w *Writer) Reach(under ReachFunc) ReachFunc {
	return func(ctx context.Context, a netip.AddrPort) (smtpx.Status, string) {
		s, why := under(ctx, a)
		w.write(entry{Reach: &reach{a, s, why}})
		return s, why
	}
}

// Fetch records every fetch of another.
func (w *Writer) Fetch(under FetchFunc) FetchFunc {
	return func(ctx context.Context, t httpx.Target) httpx.Page {
		p := under(ctx, t)
		w.write(entry{HTTPS: pageOf(fileOf(t), p)})
		return p
	}
}

// Recording answers from a file. Of several answers to one question the first counts.
type Recording struct {
	Started time.Time // when the recorded run did
	answers map[dnsx.Question]dnsx.Answer
	probes  map[service]smtpx.Probe
	pages   map[file]httpx.Page
	reached map[netip.AddrPort]reach
}

// Read reads a recording whole. Its errors tell the line.
func Read(r io.Reader) (*Recording, error) {
	rec := &Recording{answers: map[dnsx.Question]dnsx.Answer{}, probes: map[service]smtpx.Probe{}, pages: map[file]httpx.Page{},
		reached: map[netip.AddrPort]reach{}}
	dec := json.NewDecoder(r)
	for line := 1; ; line++ {
		var e entry
		err := dec.Decode(&e)
		switch {
		case errors.Is(err, io.EOF) && line > 1:
			return rec, nil
		case err != nil:
			return nil, fmt.Errorf("line %d: no recording of mailaudit: %w", line, err)
		case line == 1 && e.Version != version:
			return nil, fmt.Errorf("line 1: no recording of mailaudit, or one of another version than %d", version)
		case line > maxEntries:
			return nil, fmt.Errorf("line %d: more than %d answers", line, maxEntries)
		case line == 1:
			rec.Started = e.Started
		case e.DNS != nil:
			rec.keep(*e.DNS)
		case e.SMTP != nil:
			if _, known := rec.probes[e.SMTP.service]; !known {
				rec.probes[e.SMTP.service] = e.SMTP.Probe
			}
		case e.Reach != nil:
			if _, known := rec.reached[e.Reach.Addr]; !known {
				rec.reached[e.Reach.Addr] = *e.Reach
			}
		case e.HTTPS != nil:
			if _, known := rec.pages[e.HTTPS.file]; !known {
				rec.pages[e.HTTPS.file] = e.HTTPS.whole()
			}
		}
	}
}

func (r *Recording) keep(a answer) {
	if _, known := r.answers[a.Question]; known {
		return
	}
	for i := range a.Records {
		if i >= len(a.Octets) {
			break
		}
		x := &a.Records[i]
		x.Text, x.Strings = "", nil
		for _, s := range a.Octets[i] {
			x.Strings = append(x.Strings, string(s))
			x.Text += string(s)
		}
	}
	r.answers[a.Question] = a.Answer
}

// Lookup implements dnsx.Resolver. What was not asked then is not known now.
func (r *Recording) Lookup(_ context.Context, q dnsx.Question) dnsx.Answer {
	if a, ok := r.answers[q]; ok {
		return a
	}
	return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "not in the recording"}
}

// AskedServers says whether authoritative servers were asked themselves in the recorded run.
func (r *Recording) AskedServers() bool {
	for q := range r.answers {
		if q.Server.IsValid() {
			return true
		}
	}
	return false
}

// Reach answers for a connection.
func (r *Recording) Reach(_ context.Context, a netip.AddrPort) (smtpx.Status, string) {
	if x, ok := r.reached[a]; ok {
		return x.Status, x.Why
	}
	return smtpx.Unknown, "not in the recording"
}

// Asked says whether a question was asked in the recorded run.
func (r *Recording) Asked(q dnsx.Question) bool {
	_, ok := r.answers[q]
	return ok
}

// Probe answers for a service.
func (r *Recording) Probe(_ context.Context, t smtpx.Target) smtpx.Probe {
	if p, ok := r.probes[serviceOf(t)]; ok {
		return p
	}
	return smtpx.Probe{Status: smtpx.Unknown, TLS: smtpx.NoTLS, Why: "not in the recording"}
}

// Fetch answers for a file.
func (r *Recording) Fetch(_ context.Context, t httpx.Target) httpx.Page {
	if p, ok := r.pages[fileOf(t)]; ok {
		return p
	}
	return httpx.Page{Status: httpx.Unknown, Why: "not in the recording"}
}
