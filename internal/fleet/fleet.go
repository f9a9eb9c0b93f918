// Package fleet spreads a batch over many machines by NATS JetStream (docs/fleet.md, docs/decisions/0007-fleet.md). It knows
// nothing of audits: a job is one line of a list, and what comes of it is octets.
//
// Two streams carry a batch. A job lies in the work queue mailaudit-jobs, at mailaudit.job.BATCH.LINE, until a worker
// acknowledges it, which it does once its result lies in mailaudit-reports, at mailaudit.report.BATCH.LINE. So at every moment a
// job that was submitted is in one of them, and whoever dies loses nothing. Both streams refuse a second message at a subject
// that has one: not only for as long as the server remembers message ids, but as long as the first one lies there. So
// nothing is reported twice, whoever died, and a batch that is submitted again adds only what is missing.
//
// Two buckets hold what is known of batches, and how the fleet shares what it may ask of others (see Share).
package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The names on the server.
const (
	jobStream     = "mailaudit-jobs"
	reportStream  = "mailaudit-reports"
	batchBucket   = "mailaudit-batches"
	budgetBucket  = "mailaudit-budgets"
	jobSubject    = "mailaudit.job."
	reportSubject = "mailaudit.report."
	queueConsumer = "workers"
)

// Keep is for how long reports lie on the server.
const Keep = 7 * 24 * time.Hour

// Remember is for how long a batch can be collected by its name: jobs do not age, and the reports of those that wait longer than
// Keep for a worker would be nobody's.
const Remember = 365 * 24 * time.Hour

// How long the server may take, and how long to wait before it is asked again.
const (
	patience  = 10 * time.Second // for a connection
	answer    = 5 * time.Second  // to one request
	firstWait = 100 * time.Millisecond
	lastWait  = 2 * time.Second
	listen    = 5 * time.Second // for the next report, before it is asked whether one can come
	silence   = time.Minute     // without one, before a person is told
)

// Config says which server is used, and how.
type Config struct {
	URL   string         // nats:// or tls://HOST[:PORT], several with commas between; user information may be a token, or a name and a password
	Creds string         // a file of credentials; "": none
	Roots *x509.CertPool // of TLS; nil: the system's
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Tell  func(string) // what a person ought to know of the connection; several goroutines call it
}

// Fleet is a connection to the server that the fleet shares. It comes back by itself when the server does, and is safe for
// concurrent use.
type Fleet struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	jobs    jetstream.Stream
	reports jetstream.Stream
	batches jetstream.KeyValue
	budgets jetstream.KeyValue
	tell    func(string)
	silence time.Duration // after which Collect says that no report comes

	mu   sync.Mutex
	said map[string]time.Time // when what was told last
}

// Errors of a server that is there.
var (
	ErrAccess      = errors.New("the NATS server does not know this user")
	ErrPermission  = errors.New("the NATS server does not let this user do what is needed")
	ErrNoJetStream = errors.New("the NATS server has no JetStream, or not for this account")
	ErrNoNATS      = errors.New("what listens there does not speak NATS")
)

// CheckURL says what is wrong with a Config.URL, without repeating it: it may hold a password.
func CheckURL(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("not of the form nats://HOST[:PORT] or tls://HOST[:PORT]")
		}
	}
	return nil
}

// Connect makes the connection, and on the server what is not there yet. What is there has to be fit: streams that an
// administrator made, with replicas, are used as they are.
func Connect(ctx context.Context, c Config) (*Fleet, error) {
	if err := CheckURL(c.URL); err != nil {
		return nil, err
	}
	f := &Fleet{tell: c.Tell, silence: silence, said: map[string]time.Time{}}
	options := []nats.Option{
		nats.Name("mailaudit"), nats.Timeout(patience), nats.MaxReconnects(-1), nats.ReconnectWait(firstWait), nats.ReconnectJitter(firstWait, lastWait),
		nats.IgnoreAuthErrorAbort(), // else it is over where the server came back with other users for a moment, and nobody is told
		nats.SetCustomDialer(dialer{c.Dial}), nats.SkipHostLookup(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.Tell("the connection to the NATS server is lost: " + err.Error())
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			c.Tell("the connection to the NATS server is back")
			go remake(nc, c.Tell)
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			what := err.Error()
			if errors.Is(err, nats.ErrPermissionViolation) {
				what = nats.ErrPermissionViolation.Error() // it names another subject each time
			}
			f.once(what, err.Error())
		}),
		func(o *nats.Options) error { // whether there is TLS is said by the URL, or by the server
			o.TLSConfig = &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
			return nil
		},
	}
	if c.Creds != "" {
		options = append(options, nats.UserCredentials(c.Creds))
	}
	nc, err := link(ctx, c.URL, options)
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired):
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	case errors.Is(err, io.EOF), errors.Is(err, nats.ErrNoInfoReceived):
		return nil, fmt.Errorf("%w: %w", ErrNoNATS, err)
	case err != nil:
		return nil, err
	}
	f.nc = nc
	if err := f.open(ctx); err != nil {
		err = f.cause(err, nil)
		nc.Close()
		return nil, err
	}
	return f, nil
}

// denied is the last word of the server where that is what this user may not do; else nil.
func (f *Fleet) denied() error {
	if last := f.nc.LastError(); errors.Is(last, nats.ErrPermissionViolation) {
		return last
	}
	return nil
}

// cause says why the server did not answer, where it told that apart from the question. What it had denied before the question is no
// reason, unless that is to hear answers: it is said once, and holds for all.
func (f *Fleet) cause(err, before error) error {
	denied := f.denied()
	switch {
	case errors.Is(err, context.DeadlineExceeded) && denied != nil && (!errors.Is(denied, before) || strings.Contains(denied.Error(), `Subscription to "`+nats.InboxPrefix)):
		return fmt.Errorf("%w: %w", ErrPermission, denied)
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w: %w", ErrNoJetStream, err)
	}
	return err
}

// remake makes what is not there any more of a server that came back, perhaps with an empty disk: workers would wait for it for ever.
func remake(nc *nats.Conn, tell func(string)) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*patience)
	defer cancel()
	for wait := firstWait; ; wait = min(2*wait, lastWait) { // a cluster has to find its leader first
		err := (&Fleet{nc: nc}).open(ctx)
		if err == nil || !nc.IsConnected() {
			return
		}
		if !pause(ctx, wait) {
			tell(err.Error())
			return
		}
	}
}

// link is nats.Connect, and ends with ctx.
func link(ctx context.Context, url string, options []nats.Option) (*nats.Conn, error) {
	type made struct {
		nc  *nats.Conn
		err error
	}
	c := make(chan made)
	go func() {
		nc, err := nats.Connect(url, options...)
		select {
		case c <- made{nc, err}:
		case <-ctx.Done():
			if err == nil {
				nc.Close()
			}
		}
	}()
	select {
	case m := <-c:
		return m.nc, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dialer is how nats.go wants it.
type dialer struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return d.dial(ctx, network, address)
}

// open finds or makes the streams and the buckets.
func (f *Fleet) open(ctx context.Context) (err error) {
	if f.js, err = jetstream.New(f.nc, jetstream.WithDefaultTimeout(answer)); err != nil {
		return err
	}
	one := jetstream.StreamConfig{MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, AllowDirect: true}
	jobs, reports := one, one
	jobs.Name, jobs.Subjects, jobs.Retention = jobStream, []string{jobSubject + "*.*"}, jetstream.WorkQueuePolicy
	reports.Name, reports.Subjects, reports.MaxAge = reportStream, []string{reportSubject + "*.*"}, Keep
	if f.jobs, err = f.stream(ctx, jobs); err != nil {
		return err
	}
	if f.reports, err = f.stream(ctx, reports); err != nil {
		return err
	}
	if f.batches, err = f.bucket(ctx, batchBucket, Remember); err != nil {
		return err
	}
	f.budgets, err = f.bucket(ctx, budgetBucket, Keep)
	return err
}

// stream makes a stream, or takes the one that is there if it does what counts.
func (f *Fleet) stream(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := f.js.CreateStream(ctx, want)
	if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return s, named(want.Name, err)
	}
	if s, err = f.js.Stream(ctx, want.Name); err != nil {
		return nil, named(want.Name, err)
	}
	has := s.CachedInfo().Config
	if has.Retention != want.Retention || has.MaxMsgsPerSubject != 1 || has.Discard != jetstream.DiscardNew || !has.DiscardNewPerSubject ||
		!has.AllowDirect || !slices.Equal(has.Subjects, want.Subjects) {
		return nil, fmt.Errorf("the stream %s is there and is not one of mailaudit's: it needs the subjects %s, one message for each at most, to discard new ones for each, direct gets, and %v retention",
			want.Name, strings.Join(want.Subjects, " "), want.Retention)
	}
	return s, nil
}

func (f *Fleet) bucket(ctx context.Context, name string, age time.Duration) (jetstream.KeyValue, error) {
	b, err := f.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, TTL: age})
	if errors.Is(err, jetstream.ErrBucketExists) {
		b, err = f.js.KeyValue(ctx, name)
	}
	return b, named(name, err)
}

// named says what an error is about.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Close ends the connection, after what was said on it.
func (f *Fleet) Close() {
	if f.nc.IsConnected() {
		_ = f.nc.FlushTimeout(lastWait) // what is lost by it comes again
	}
	f.nc.Close()
}

// errTooLarge is a message that the server does not take.
var errTooLarge = errors.New("larger than the NATS server takes")

// put lays a message at its subject, and says whether it is that one that lies there now, and not an earlier one. It tries
// until it is known, or ctx ends.
func (f *Fleet) put(ctx context.Context, stream jetstream.Stream, m *nats.Msg) (added bool, err error) {
	name := stream.CachedInfo().Config.Name
	id := strings.TrimPrefix(strings.TrimPrefix(m.Subject, jobSubject), reportSubject)
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		ack, err := f.js.PublishMsg(ctx, m, jetstream.WithMsgID(id), jetstream.WithExpectStream(name))
		var refused *jetstream.APIError
		switch {
		case err == nil:
			return !ack.Duplicate, nil
		case errors.Is(err, nats.ErrMaxPayload), errors.As(err, &refused) && refused.ErrorCode == tooLarge:
			return false, errTooLarge
		case errors.Is(err, nats.ErrConnectionClosed):
			return false, err
		case errors.As(err, &refused):
			// One that lies there is the commonest reason, and the only one for which the server has no number of its own.
			if there, herr := f.has(ctx, stream, m.Subject); herr == nil && there {
				return false, nil
			}
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		f.say(m.Subject, err)
		if !pause(ctx, wait) {
			return false, ctx.Err()
		}
	}
}

// tooLarge is the server's number for a message beyond the bound of its stream.
const tooLarge jetstream.ErrorCode = 10054

// say tells that the server does not take something, and why: not where the connection is lost, which is told as that.
func (f *Fleet) say(what string, err error) {
	if f.nc.IsConnected() {
		f.once(err.Error(), fmt.Sprintf("%s is not taken yet: %v", what, err))
	}
}

// once tells of many things that have the same cause one in a while: many wait for the same, and what finds room makes none for the
// others.
func (f *Fleet) once(cause, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, told := f.said[cause]; told && time.Since(at) < f.silence {
		return
	}
	if len(f.said) >= maxSaid {
		clear(f.said)
	}
	f.said[cause] = time.Now()
	f.tell(text)
}

// maxSaid bounds the causes that are remembered.
const maxSaid = 32

// has says whether a message lies at a subject.
func (f *Fleet) has(ctx context.Context, stream jetstream.Stream, subject string) (bool, error) {
	return found(stream.GetLastMsgForSubject(ctx, subject))
}

// found says whether there was a message.
func found(_ *jetstream.RawStreamMsg, err error) (bool, error) {
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, err
}

// pause waits, and says whether ctx lasted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
