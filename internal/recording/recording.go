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
	"sync"
	"time"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/smtpx"
)

// version is that of the file's form.
const version = 1

// maxEntries bounds what is read of a recording.
const maxEntries = 4 << 20

// ProbeFunc looks at one SMTP service.
type ProbeFunc = func(context.Context, smtpx.Target) smtpx.Probe

// entry is one line.
type entry struct {
	Version int       `json:"mailaudit_recording,omitempty"` // of the first line alone
	Started time.Time `json:"started,omitzero"`              // likewise
	DNS     *answer   `json:"dns,omitempty"`
	SMTP    *talk     `json:"smtp,omitempty"`
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

// Recording answers from a file. Of several answers to one question the first counts.
type Recording struct {
	Started time.Time // when the recorded run did
	answers map[dnsx.Question]dnsx.Answer
	probes  map[service]smtpx.Probe
}

// Read reads a recording whole. Its errors tell the line.
func Read(r io.Reader) (*Recording, error) {
	rec := &Recording{answers: map[dnsx.Question]dnsx.Answer{}, probes: map[service]smtpx.Probe{}}
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

// Probe answers for a service.
func (r *Recording) Probe(_ context.Context, t smtpx.Target) smtpx.Probe {
	if p, ok := r.probes[serviceOf(t)]; ok {
		return p
	}
	return smtpx.Probe{Status: smtpx.Unknown, TLS: smtpx.NoTLS, Why: "not in the recording"}
}
