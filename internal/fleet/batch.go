package fleet

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Batch is what is known of a batch.
type Batch struct {
	Name   string `json:"-"`      // letters, digits, - and _, 64 at most
	Jobs   int    `json:"jobs"`   // lines that are to be reported on
	Digest string `json:"digest"` // of the list: a name is one list's
	Whole  bool   `json:"whole"`  // all jobs are there
}

// ID names a batch in subjects: by its list, too. A name may be taken for another list once the server has forgotten the batch,
// and some of the earlier reports, which are kept for as long from a later moment on, may still be there then.
func (b Batch) ID() string { return b.Name + "~" + b.Digest[:min(len(b.Digest), 16)] }

// batchID is the form of IDs.
var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(~[0-9a-f]{0,16})?$`)

// Job is one line of a list.
type Job struct {
	Batch  string `json:"-"` // Batch.ID
	Line   int    `json:"line"`
	Input  string `json:"input"`  // as it stands in the list
	Domain string `json:"domain"` // what is to be audited
}

// Result is what came of a line: one line of ndjson, without its end.
type Result struct {
	Batch string // Batch.ID
	Line  int
	Kind  Kind
	Text  []byte
}

// Kind says what a result is.
type Kind string

// The kinds of results.
const (
	Report  Kind = "report"
	Invalid Kind = "invalid" // the line is no domain
	Failed  Kind = "failed"  // it is one, and no report could be had
)

// kindHeader of a message holds the Kind.
const kindHeader = "Mailaudit-Kind"

// maxText bounds a result, unpacked.
const maxText = 64 << 20

// Errors about batches.
var (
	ErrOtherList = errors.New("there is a batch of that name, of another list")
	ErrNoBatch   = errors.New("there is no batch of that name")
)

// BatchName is the form of names.
var BatchName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Open begins a batch, or goes on with the one that was begun with the same list; then again is true.
func (f *Fleet) Open(ctx context.Context, b Batch) (again bool, err error) {
	text, err := json.Marshal(b)
	if err != nil {
		return false, err
	}
	if _, err = f.batches.Create(ctx, b.Name, text); !errors.Is(err, jetstream.ErrKeyExists) {
		return false, err
	}
	old, err := f.Batch(ctx, b.Name)
	if err == nil && (old.Digest != b.Digest || old.Jobs != b.Jobs) {
		err = ErrOtherList
	}
	return true, err
}

// Submitted notes that all jobs of a batch are there.
func (f *Fleet) Submitted(ctx context.Context, b Batch) error {
	b.Whole = true
	text, err := json.Marshal(b)
	if err == nil {
		_, err = f.batches.Put(ctx, b.Name, text)
	}
	return err
}

// Batch is the batch of that name, or ErrNoBatch.
func (f *Fleet) Batch(ctx context.Context, name string) (Batch, error) {
	b := Batch{}
	e, err := f.batches.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return b, ErrNoBatch
	}
	if err == nil {
		err = json.Unmarshal(e.Value(), &b)
	}
	b.Name = name
	return b, err
}

// Submit adds a job, unless it is there or, in a batch that was begun before, has its result. It tries until it is known, or
// ctx ends.
func (f *Fleet) Submit(ctx context.Context, j Job, again bool) (added bool, err error) {
	for again {
		done, err := f.has(ctx, f.reports, subject(reportSubject, j.Batch, j.Line))
		if done {
			return false, nil
		}
		if err == nil {
			break
		}
		if !pause(ctx, firstWait) {
			return false, ctx.Err()
		}
	}
	text, err := json.Marshal(j)
	if err != nil {
		return false, err
	}
	return f.put(ctx, f.jobs, &nats.Msg{Subject: subject(jobSubject, j.Batch, j.Line), Data: text})
}

// Report lays down the result of a job, unless it has one. One that is too large for the server, packed, gives an error that says
// so.
func (f *Fleet) Report(ctx context.Context, r Result) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(r.Text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	m := &nats.Msg{Subject: subject(reportSubject, r.Batch, r.Line), Data: packed.Bytes(), Header: nats.Header{kindHeader: {string(r.Kind)}}}
	_, err := f.put(ctx, f.reports, m)
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("%w: %d octets, packed, where max_payload is %d", err, packed.Len(), f.nc.MaxPayload())
	}
	return err
}

// Collect gives the results of the lines of a batch, by its ID, to use, each once and in the order in which they came, until there are n, or
// ctx ends, which is no error. It waits for those that are still to come, and for a server that is away.
func (f *Fleet) Collect(ctx context.Context, batch string, n int, use func(Result) error) error {
	last := uint64(0)
	for n > 0 && ctx.Err() == nil {
		l, err := f.after(ctx, batch, last)
		for err == nil && n > 0 {
			var m jetstream.Msg
			if m, err = l.Next(jetstream.NextContext(ctx)); err != nil {
				break
			}
			at, merr := m.Metadata()
			if merr != nil || at.Sequence.Stream <= last {
				continue
			}
			last = at.Sequence.Stream
			r, rerr := resultOf(m)
			if rerr != nil {
				f.tell(rerr.Error())
				continue
			}
			n--
			if err := use(r); err != nil {
				l.Stop()
				return err
			}
		}
		if l != nil {
			l.Stop()
		}
		if n > 0 {
			pause(ctx, firstWait)
		}
	}
	return nil
}

// after are the results behind a place of the stream.
func (f *Fleet) after(ctx context.Context, batch string, last uint64) (jetstream.MessagesContext, error) {
	c, err := f.reports.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{reportSubject + batch + ".*"}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: last + 1,
	})
	if err != nil {
		return nil, err
	}
	return c.Messages(jetstream.PullMaxMessages(64), jetstream.PullHeartbeat(lastWait), jetstream.PullExpiry(2*answer))
}

// resultOf reads a message of the reports.
func resultOf(m jetstream.Msg) (r Result, err error) {
	if r.Batch, r.Line, err = placeOf(m.Subject(), reportSubject); err != nil {
		return r, err
	}
	r.Kind = Kind(m.Headers().Get(kindHeader))
	z, err := gzip.NewReader(bytes.NewReader(m.Data()))
	if err == nil {
		r.Text, err = io.ReadAll(io.LimitReader(z, maxText+1))
	}
	if err == nil && len(r.Text) > maxText {
		err = fmt.Errorf("larger than %d MiB", maxText>>20)
	}
	if err != nil { // somebody else's: the line has no other result
		r.Kind, r.Text = Failed, nil
	}
	return r, nil
}

func subject(prefix, batch string, line int) string { return prefix + batch + "." + strconv.Itoa(line) }

// placeOf reads batch and line from a subject.
func placeOf(s, prefix string) (batch string, line int, err error) {
	batch, n, _ := strings.Cut(strings.TrimPrefix(s, prefix), ".")
	line, err = strconv.Atoi(n)
	if err != nil || line < 1 || !batchID.MatchString(batch) {
		return "", 0, fmt.Errorf("%s is no subject of mailaudit's", s)
	}
	return batch, line, nil
}
