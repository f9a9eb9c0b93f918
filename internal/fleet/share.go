package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A budget is what all workers together may ask of somebody, such as the pace of each blocklist. Each has a part of it. The parts
// stand in one record of the bucket mailaudit-budgets, which is written by compare and set alone, so that their sum never is more
// than the whole: who joins has none, and waits until the others have written that they have less. They write it once they do ask
// less, and nothing that was promised at the earlier pace is left.
//
// A worker that dies leaves its part behind. Others take it when the worker's entry has not changed for as long as it says, by
// their own clocks, from when they saw it first. The worker itself asks nothing more well before that, if it cannot write to the
// record: it takes no jobs then, and those that it has are over. No clock of one machine is compared with that of another.
const whole = 1_000_000

// table is the record: who has which part.
type table map[string]seat

// seat is what a worker has of a budget.
type seat struct {
	Part   int    `json:"part"`    // of whole
	Beat   uint64 `json:"beat"`    // another with each writing
	LostMS int64  `json:"lost_ms"` // after so long without a writing it is nobody's
}

func (s seat) lost() time.Duration { return time.Duration(s.LostMS) * time.Millisecond }

// MaxLost bounds how long a dead worker keeps its part. A record in which somebody wants more is nobody's.
const MaxLost = 2 * time.Hour

// check refuses a table that no worker wrote.
func (t table) check() error {
	sum := 0
	for id, s := range t {
		if s.Part < 0 || s.Part > whole || s.LostMS <= 0 || s.lost() > MaxLost {
			return fmt.Errorf("the entry %.40q of the budget is none", id)
		}
		sum += s.Part
	}
	if sum > whole {
		return errors.New("the parts of the budget are more than the whole")
	}
	return nil
}

// member is what one worker knows of one budget.
type member struct {
	id    string
	lost  time.Duration
	apply func(part float64) time.Duration

	beat     uint64
	applied  int       // part that is asked at, never more than the table has
	lowered  time.Time // when applied has come to hold
	renewed  time.Time // before the last writing
	revision uint64    // of the last writing
	seen     map[string]sighting
}

// sighting is when an entry was first seen as it is.
type sighting struct {
	beat uint64
	at   time.Time
}

func newMember(id string, lost time.Duration, apply func(float64) time.Duration) *member {
	m := &member{id: id, lost: lost, apply: apply, seen: map[string]sighting{}}
	m.apply(0)
	return m
}

// set asks at a part from now on.
func (m *member) set(now time.Time, part int) {
	if part == m.applied {
		return
	}
	still := m.apply(float64(part) / whole)
	if end := now.Add(still); part < m.applied && end.After(m.lowered) {
		m.lowered = end
	}
	m.applied = part
}

// lapse gives the part up, if it could not be renewed: with half of the time left for what is under way to end, before others
// take it.
func (m *member) lapse(now time.Time) {
	if !m.fresh(now) {
		m.set(now, 0)
	}
}

func (m *member) fresh(now time.Time) bool { return now.Sub(m.renewed) <= m.lost*5/12 }

// turn takes in the table as it stands, and gives the one that is to be written, if one is.
func (m *member) turn(now time.Time, t table) (next table, write bool) {
	next = maps.Clone(t)
	if next == nil {
		next = table{}
	}
	others := 0
	maps.DeleteFunc(m.seen, func(id string, _ sighting) bool { _, in := t[id]; return !in })
	for id, s := range t {
		if id == m.id {
			continue
		}
		if last, ok := m.seen[id]; !ok || last.beat != s.Beat {
			m.seen[id] = sighting{s.Beat, now}
		} else if now.Sub(last.at) > s.lost() {
			delete(next, id)
			write = true
			continue
		}
		others += s.Part
	}
	mine, in := next[m.id]
	if !in {
		write = true
	}
	next[m.id] = mine
	fair := whole / len(next)
	if m.fresh(now) {
		m.set(now, min(fair, mine.Part))
	}
	switch {
	case fair < mine.Part && !now.Before(m.lowered), fair > mine.Part && others+fair <= whole:
		mine.Part = fair
		write = true
	case now.Sub(m.renewed) > m.lost/8:
		write = true
	}
	if write {
		m.beat++ // not that of the table: who was thrown out and comes back must not look as before
		mine.Beat, mine.LostMS = m.beat, m.lost.Milliseconds()
		next[m.id] = mine
	}
	return next, write
}

// wrote takes note that a table was written that was read at asked or later.
func (m *member) wrote(asked time.Time, revision uint64) { m.renewed, m.revision = asked, revision }

// Share is a worker's part of one budget.
type Share struct {
	fleet *Fleet
	key   string
	m     *member
	held  atomic.Bool
	quit  context.CancelFunc
	ended chan struct{}
}

// Timing of shares.
const (
	look    = time.Second // how often the record is read
	hasty   = time.Second // how long that may take
	rewrite = 8           // how often it is tried again where another was faster
)

// MinLost is the least time after which a worker that is silent counts as lost.
const MinLost = time.Minute

// Share takes a part of a budget, which it keeps until Leave. apply sets the part, 0 to 1, at which is asked from now on, and
// returns for how long the one before may still be asked at; a Share calls it from one goroutine. lost is the time
// after which a worker that is silent counts as dead: MinLost to MaxLost, and twice what a job takes at most.
func (f *Fleet) Share(budget string, lost time.Duration, apply func(part float64) time.Duration) *Share {
	ctx, quit := context.WithCancel(context.Background())
	s := &Share{fleet: f, key: budget, m: newMember(rand.Text(), lost, apply), quit: quit, ended: make(chan struct{})}
	go s.keep(ctx)
	return s
}

// Held says whether there is anything that may be asked.
func (s *Share) Held() bool { return s.held.Load() }

// keep holds the part until ctx ends.
func (s *Share) keep(ctx context.Context) {
	defer close(s.ended)
	tick := time.NewTicker(look)
	defer tick.Stop()
	said := ""
	for ctx.Err() == nil {
		err := s.exchange(ctx, s.m.turn)
		s.held.Store(s.m.applied > 0)
		if err != nil && ctx.Err() == nil && s.fleet.nc.IsConnected() && err.Error() != said {
			said = err.Error()
			s.fleet.tell(budgetBucket + ", " + s.key + ": " + said)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// Leave gives the part back. Nothing may be asked any more.
func (s *Share) Leave() {
	s.quit()
	<-s.ended
	s.m.set(time.Now(), 0)
	if !s.fleet.nc.IsConnected() {
		return
	}
	// If it cannot be given back now, others take it when it counts as lost.
	_ = s.exchange(context.Background(), func(_ time.Time, t table) (table, bool) {
		next := maps.Clone(t)
		delete(next, s.m.id)
		return next, len(next) < len(t)
	})
}

// exchange reads the record and writes what turn makes of it, once more where another was faster.
func (s *Share) exchange(ctx context.Context, turn func(now time.Time, t table) (table, bool)) error {
	ctx, cancel := context.WithTimeout(ctx, hasty)
	defer cancel()
	var err error
	for range rewrite {
		now := time.Now()
		s.m.lapse(now)
		t, revision, rerr := s.read(ctx)
		if rerr != nil {
			return rerr
		}
		if revision < s.m.revision { // a replica that is behind
			return nil
		}
		next, write := turn(now, t)
		if !write {
			return nil
		}
		text, merr := json.Marshal(next)
		if merr != nil {
			return merr
		}
		if revision == 0 {
			revision, err = s.fleet.budgets.Create(ctx, s.key, text)
		} else {
			revision, err = s.fleet.budgets.Update(ctx, s.key, text, revision)
		}
		if err == nil {
			s.m.wrote(now, revision)
			return nil
		}
	}
	return err
}

// read is the record as it stands, and its revision.
func (s *Share) read(ctx context.Context) (t table, revision uint64, err error) {
	e, err := s.fleet.budgets.Get(ctx, s.key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if err := json.Unmarshal(e.Value(), &t); err != nil {
		return nil, 0, fmt.Errorf("the record of the budget cannot be read: %w", err)
	}
	return t, e.Revision(), t.check()
}
