package fleet

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Batch is what is known of a batch.
type Batch struct {
	Name   string    `json:"-"`      // letters, digits, - and _, 64 at most
	Run    string    `json:"run"`    // tells it from others that had its name
	Begun  time.Time `json:"begun"`  // by the clock of who submitted it
	Digest string    `json:"digest"` // of the list
	Jobs   int       `json:"jobs"`   // lines that are to be reported on; 0 before Whole
	Whole  bool      `json:"whole"`  // all jobs are there, or were

	revision uint64 // of the record on the server
}

// ID names a batch in subjects: by its run, too. Jobs and reports of an earlier batch of that name may still be there.
func (b Batch) ID() string { return b.Name + "~" + b.Run }

// batchID is the form of IDs.
var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}~[0-9a-f]{16}$`)

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
	ErrComplete  = errors.New("there is a batch of that name, and nothing of it is left to do")
	ErrReplaced  = errors.New("somebody else has begun a batch of that name meanwhile")
	ErrNoBatch   = errors.New("there is no batch of that name")
)

// BatchName is the form of names.
var BatchName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Open begins a batch, or goes on with the one of that name: then old is true. It refuses to where that one is of another list,
// or complete, and gives it; one that is complete and whose reports have all aged is in nobody's way. With anew it begins one in any
// case, and what is still to be done of an earlier one is given up.
func (f *Fleet) Open(ctx context.Context, b Batch, anew bool) (open Batch, old bool, err error) {
	run := make([]byte, 8)
	_, _ = rand.Read(run) // it never fails
	b.Run, b.Jobs, b.Whole = hex.EncodeToString(run), 0, false
	text, err := json.Marshal(b)
	if err != nil {
		return b, false, err
	}
	denied := f.denied()
	if b.revision, err = f.batches.Create(ctx, b.Name, text); !errors.Is(err, jetstream.ErrKeyExists) {
		return b, false, named("the record of the batch "+b.Name, f.cause(err, denied))
	}
	before, err := f.Batch(ctx, b.Name)
	if err != nil {
		return before, true, err
	}
	left, lies := true, true
	if before.Whole && !anew {
		// The queue first: what has left it by then has its report there.
		if left, err = f.left(ctx, before.ID()); err == nil && !left {
			lies, err = f.lies(ctx, before.ID())
		}
	}
	switch {
	case err != nil:
		return before, true, err
	case anew, !left && !lies:
		if b.revision, err = f.batches.Update(ctx, b.Name, text, before.revision); errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return b, false, ErrReplaced
		}
		if err == nil {
			err = f.jobs.Purge(ctx, jetstream.WithPurgeSubject(jobSubject+before.ID()+".*"))
		}
		return b, false, err
	case before.Digest != b.Digest:
		return before, true, ErrOtherList
	case !left:
		return before, true, ErrComplete
	}
	return before, true, nil
}

// left says whether a job of a batch, by its ID, lies in the queue or in the hands of a worker.
func (f *Fleet) left(ctx context.Context, batch string) (bool, error) {
	return found(f.jobs.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(jobSubject+batch+".*")))
}

// lies says whether the server still has a report of a batch, by its ID.
func (f *Fleet) lies(ctx context.Context, batch string) (bool, error) {
	return found(f.reports.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(reportSubject+batch+".*")))
}

// Submitted notes that all jobs of a batch are there, and how many. It tries until it is known, or ctx ends.
func (f *Fleet) Submitted(ctx context.Context, b Batch) error {
	b.Whole = true
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	for {
		if _, err = f.batches.Update(ctx, b.Name, text, b.revision); err == nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			var now Batch
			switch now, err = f.Batch(ctx, b.Name); {
			case err == nil && (now.Run != b.Run || now.Digest != b.Digest), errors.Is(err, ErrNoBatch):
				return ErrReplaced
			case err == nil && now.Whole: // who submitted the same list at the same time was faster, or the answer was lost
				return nil
			}
		}
		f.say(b.Name, err)
		if !pause(ctx, firstWait) {
			return ctx.Err()
		}
	}
}

// Batch is the batch of that name, or ErrNoBatch.
func (f *Fleet) Batch(ctx context.Context, name string) (Batch, error) {
	b, denied := Batch{}, f.denied()
	e, err := f.batches.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return b, ErrNoBatch
	}
	if err == nil {
		if err = json.Unmarshal(e.Value(), &b); err == nil {
			b.Name, b.revision = name, e.Revision()
		}
	}
	if err == nil && (!batchID.MatchString(b.ID()) || b.Jobs < 0) {
		err = errors.New("no mailaudit of this version wrote it")
	}
	return b, named("the record of the batch "+name, f.cause(err, denied))
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

// Collect gives the results of the lines of a batch, by its ID, to use, each once and in the order in which they came, until there
// are n, or ctx ends, which is no error. It waits for those that are still to come, and for a server that is away. missing is how many
// there are not, and will not be: of a batch that is whole no job is left that could bring one. Reports age, and a queue can be emptied.
func (f *Fleet) Collect(ctx context.Context, batch string, n int, use func(Result) error) (missing int, err error) {
	last, heard, wait := uint64(0), time.Now(), f.silence
	for n > 0 && ctx.Err() == nil {
		// The queue first: what has left it by then has its report there.
		left, lerr := f.left(ctx, batch)
		there, err := f.after(ctx, batch, last, lerr == nil && !left, func(m jetstream.Msg, place uint64) (bool, error) {
			last, heard, wait = place, time.Now(), f.silence
			r, err := resultOf(m)
			if err != nil {
				f.tell(err.Error())
				return true, nil
			}
			n--
			return n > 0, use(r)
		})
		switch mute := time.Since(heard); {
		case err != nil:
			return 0, err
		case n > 0 && there:
			return n, nil
		case left && mute >= wait && ctx.Err() == nil:
			f.tell(fmt.Sprintf("no report for %s: %s", mute.Round(time.Second), f.hands(ctx)))
			wait = 2 * mute
		}
		if n > 0 {
			pause(ctx, firstWait)
		}
	}
	return 0, nil
}

// after gives the results behind a place of the stream to use, until that has enough, or none comes for a while, or one was lost
// on the way. With those alone that are there, whole says that these were all.
func (f *Fleet) after(ctx context.Context, batch string, last uint64, alone bool, use func(m jetstream.Msg, place uint64) (more bool, err error)) (whole bool, err error) {
	c, cerr := f.reports.CreateConsumer(ctx, jetstream.ConsumerConfig{
		FilterSubject: reportSubject + batch + ".*", DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: last + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, InactiveThreshold: time.Minute,
	})
	if cerr != nil { // the server is away
		return false, nil
	}
	pending := c.CachedInfo().NumPending
	for taken := uint64(0); !alone || taken < pending; {
		l, ferr := c.Fetch(64, jetstream.FetchMaxWait(listen))
		if ferr != nil {
			return false, nil
		}
		for before := taken; !alone || taken < pending; {
			var m jetstream.Msg
			select {
			case m = <-l.Messages():
			case <-ctx.Done():
			}
			if m == nil && taken > before && ctx.Err() == nil {
				break // of this request that was all
			}
			if m == nil {
				return false, nil
			}
			at, merr := m.Metadata()
			if merr != nil || at.Sequence.Consumer != taken+1 {
				return false, nil
			}
			taken++
			if more, err := use(m, at.Sequence.Stream); err != nil || !more {
				return false, err
			}
		}
	}
	return true, nil
}

// hands tells what is known of workers.
func (f *Fleet) hands(ctx context.Context) string {
	queue, err := f.jobs.Consumer(ctx, queueConsumer)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return "no worker has ever asked for a job"
	case err != nil:
		return err.Error()
	case queue.CachedInfo().NumAckPending == 0:
		return "jobs wait, and no worker takes them"
	}
	return fmt.Sprintf("workers have %d jobs in hand, or had when they died", queue.CachedInfo().NumAckPending)
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
	if err != nil || line < 1 || n != strconv.Itoa(line) || !batchID.MatchString(batch) {
		return "", 0, fmt.Errorf("%s is no subject of mailaudit's", s)
	}
	return batch, line, nil
}
