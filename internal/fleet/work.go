package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MaxTries is how often a job is begun. One that a worker never came to the end of gets Worker.Failed's result then.
const MaxTries = 10

// Timing of a worker.
const (
	pull     = time.Second     // for which the server is asked for jobs at a time
	lastWord = 5 * time.Second // to publish what is done when the worker is told to end
)

// Worker is what is done with jobs.
type Worker struct {
	Concurrency int                                     // jobs at once at most
	LostAfter   time.Duration                           // a job of which its worker says nothing for so long is given to another; the fleet's first worker decides
	UntilEmpty  bool                                    // end when no job is left, of others neither
	Ready       func() bool                             // whether jobs may be taken; nil: always
	Do          func(ctx context.Context, j Job) Result // what comes of a job; it ends soon after ctx, and its result is not used then
	Failed      func(j Job, cause error) Result         // what is told of a job instead
}

// Work takes jobs until ctx ends, which is no error. It gives back those that are not done by then. Without a connection it takes
// none, and goes on with those that it has.
func (f *Fleet) Work(ctx context.Context, w Worker) error {
	queue, err := f.queue(ctx, w.LostAfter)
	if err != nil {
		return err
	}
	every := queue.CachedInfo().Config.AckWait / 4
	said := ""
	var hands sync.WaitGroup
	defer hands.Wait()
	over := make(chan struct{}) // closed when nothing more is asked for: what is given back before comes back to us
	defer close(over)
	free := make(chan struct{}, w.Concurrency) // holds one for each job in hand
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		n := 1
		for n < w.Concurrency && grab(free) {
			n++
		}
		got := 0
		if f.nc.IsConnected() && (w.Ready == nil || w.Ready()) {
			// It is waited for whatever happens to ctx: what the server has handed over is to be given back.
			batch, err := queue.Fetch(n, jetstream.FetchMaxWait(pull))
			if err == nil {
				for m := range batch.Messages() {
					got++
					hands.Go(func() {
						defer func() { <-free }()
						if !f.one(ctx, m, every, w) {
							<-over
							_ = m.Nak() // else it is given to another when it counts as lost
						}
					})
				}
				err = batch.Error()
			}
			if gone(err) { // somebody deleted it: it is made again
				if next, err := f.queue(ctx, w.LostAfter); err == nil {
					queue, said = next, ""
				} else if err.Error() != said && ctx.Err() == nil {
					said = err.Error()
					f.tell(said)
				}
			}
		}
		for range n - got {
			<-free
		}
		if got > 0 {
			continue
		}
		if w.UntilEmpty && len(free) == 0 {
			if info, err := f.jobs.Info(ctx); err == nil && info.State.Msgs == 0 {
				return nil
			}
		}
		if !pause(ctx, firstWait) {
			return nil
		}
	}
}

// queue is the consumer that all workers share, which the first of them makes.
func (f *Fleet) queue(ctx context.Context, lostAfter time.Duration) (jetstream.Consumer, error) {
	queue, err := f.jobs.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: queueConsumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: lostAfter, MaxDeliver: -1, MaxAckPending: -1,
	})
	if errors.Is(err, jetstream.ErrConsumerExists) {
		queue, err = f.jobs.Consumer(ctx, queueConsumer)
	}
	return queue, named(jobStream, err)
}

// gone says whether an error of a fetch is that there is no such consumer.
func gone(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound)
}

// grab takes a place, if there is one.
func grab(free chan struct{}) bool {
	select {
	case free <- struct{}{}:
		return true
	default:
		return false
	}
}

// one brings a job to its end: its result is there before it is acknowledged. It says whether it came to one.
func (f *Fleet) one(ctx context.Context, m jetstream.Msg, every time.Duration, w Worker) bool {
	if ctx.Err() != nil {
		return false
	}
	quit := make(chan struct{})
	defer close(quit)
	go alive(m, every, quit)

	var j Job
	var err error
	if err = json.Unmarshal(m.Data(), &j); err != nil {
		err = fmt.Errorf("the job cannot be read: %w", err)
	}
	var perr error
	if j.Batch, j.Line, perr = placeOf(m.Subject(), jobSubject); perr != nil {
		f.tell(perr.Error())
		_ = m.Term() // it comes again otherwise, and is said again
		return true
	}
	if done, derr := f.has(ctx, f.reports, subject(reportSubject, j.Batch, j.Line)); derr == nil && done {
		_ = m.Ack() // likewise
		return true
	}
	var r Result
	meta, merr := m.Metadata()
	switch {
	case err != nil:
		r = w.Failed(j, err)
	case merr == nil && meta.NumDelivered > MaxTries:
		r = w.Failed(j, fmt.Errorf("given up: a worker began with it %d times and came to no end", MaxTries))
	default:
		r = w.Do(ctx, j)
	}
	if ctx.Err() != nil {
		return false
	}
	ctx, cancel := outlast(ctx, lastWord)
	defer cancel()
	r.Batch, r.Line = j.Batch, j.Line
	err = f.Report(ctx, r)
	if errors.Is(err, errTooLarge) {
		r = w.Failed(j, fmt.Errorf("its report is %w", err))
		r.Batch, r.Line = j.Batch, j.Line
		err = f.Report(ctx, r)
	}
	if err == nil {
		_ = m.Ack()
	}
	return err == nil
}

// alive says that a job is worked on, until quit is closed.
func alive(m jetstream.Msg, every time.Duration, quit chan struct{}) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_ = m.InProgress() // without a connection there is nobody to tell
		case <-quit:
			return
		}
	}
}

// outlast is a context that ends d after ctx.
func outlast(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}
