package fleet

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"
)

// world is a fleet under a clock of its own: a record with compare and set, and members that read, think and write as it comes.
type world struct {
	t        *testing.T
	rng      *rand.Rand
	now      time.Time
	table    table
	revision uint64
	workers  []*worker
}

// worker is a member in it, with what it asks at as somebody outside sees it.
type worker struct {
	*member
	read    table // what it read and has not acted on
	at      time.Time
	seen    uint64
	away    time.Time // without a connection until then
	dead    bool
	held    []hold // parts that may still be asked at
	current int
}

type hold struct {
	part  int
	until time.Time
}

func (w *world) join() {
	lost := time.Duration(60+w.rng.IntN(60)) * time.Second
	v := &worker{}
	v.member = newMember(fmt.Sprintf("w%d", len(w.workers)), lost, func(part float64) time.Duration {
		n, still := int(part*whole+0.5), time.Duration(0)
		if n < v.current {
			still = time.Duration(w.rng.Int64N(int64(lost / 2)))
			v.held = append(v.held, hold{v.current, w.now.Add(still)})
		}
		v.current = n
		return still
	})
	w.workers = append(w.workers, v)
}

// asks is the part that a worker asks at.
func (v *worker) asks(now time.Time) int {
	if v.dead {
		return 0
	}
	most := v.current
	for _, h := range v.held {
		if now.Before(h.until) {
			most = max(most, h.part)
		}
	}
	return most
}

// step lets one worker go on by one step, and checks the sum.
func (w *world) step(v *worker) {
	for _, other := range w.workers { // clocks tick for all
		if !other.dead {
			other.lapse(w.now)
		}
		if w.now.Sub(other.at) > hasty {
			other.read = nil
		}
	}
	switch {
	case v.dead:
	case w.now.Before(v.away):
		v.read = nil
	case v.read == nil:
		v.read, v.at, v.seen = maps.Clone(w.table), w.now, w.revision
		if v.read == nil {
			v.read = table{}
		}
	default:
		next, write := v.turn(v.at, v.read)
		v.read = nil
		if write && v.seen == w.revision { // compare and set
			w.revision++
			w.table = next
			v.wrote(v.at, w.revision)
		}
	}
	sum := 0
	for _, v := range w.workers {
		sum += v.asks(w.now)
	}
	if sum > whole {
		w.t.Fatalf("%v: %d of %d are asked at: %+v", w.now, sum, whole, w.table)
	}
	if err := w.table.check(); err != nil {
		w.t.Fatal(err)
	}
}

// TestShares: whoever joins, leaves, dies or loses the connection, and whenever, the fleet never asks at more than the whole;
// and once it is quiet, everybody has the same part.
func TestShares(t *testing.T) {
	for seed := range uint64(200) {
		w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(0, 0)}
		w.join()
		for range 4000 {
			w.now = w.now.Add(time.Duration(w.rng.IntN(300)) * time.Millisecond)
			v := w.workers[w.rng.IntN(len(w.workers))]
			switch w.rng.IntN(120) {
			case 0:
				if len(w.workers) < 8 {
					w.join()
				}
			case 1:
				v.dead = len(w.workers) > 4
			case 2:
				v.away = w.now.Add(time.Duration(w.rng.IntN(300)) * time.Second)
			}
			w.step(v)
		}
		for range 400 {
			for _, v := range w.workers {
				w.now = w.now.Add(200 * time.Millisecond)
				v.away = time.Time{}
				w.step(v)
				w.step(v)
			}
		}
		alive := 0
		for _, v := range w.workers {
			if !v.dead {
				alive++
			}
		}
		for _, v := range w.workers {
			if !v.dead && v.applied != whole/alive {
				t.Fatalf("seed %d: %s of %d has %d: %+v", seed, v.id, alive, v.applied, w.table)
			}
		}
	}
}

// TestForeignTables: what no worker wrote gives nobody a part.
func TestForeignTables(t *testing.T) {
	for name, bad := range map[string]table{
		"less than nothing": {"a": {Part: -1, LostMS: 1000}},
		"more than all":     {"a": {Part: whole + 1, LostMS: 1000}},
		"together more":     {"a": {Part: whole, LostMS: 1000}, "b": {Part: 1, LostMS: 1000}},
		"never lost":        {"a": {Part: 1, LostMS: 1 << 40}},
		"lost at once":      {"a": {Part: 1}},
	} {
		if bad.check() == nil {
			t.Errorf("%s: %+v is taken", name, bad)
		}
	}
	if err := (table{"a": {Part: whole, LostMS: 1000}, "b": {LostMS: 1000}}).check(); err != nil {
		t.Error(err)
	}
}

// TestShareIsRenewedFirst: who was away too long asks at nothing before the record has taken the entry anew: others may be about to
// strike it out.
func TestShareIsRenewedFirst(t *testing.T) {
	at := -1.0
	m := newMember("a", MinLost, func(part float64) time.Duration { at = part; return 0 })
	now := time.Unix(1000, 0)
	if next, write := m.turn(now, nil); !write || next["a"].Part != whole || at != 0 {
		t.Fatalf("%+v, %v, asks at %v before it is written", next, write, at)
	}
	m.wrote(now, 1)
	written := table{"a": {Part: whole, Beat: m.beat, LostMS: MinLost.Milliseconds()}}
	if m.turn(now.Add(look), written); at != 1 {
		t.Fatalf("asks at %v of what it has", at)
	}
	now = now.Add(MinLost / 2)
	if m.lapse(now); at != 0 {
		t.Fatalf("asks at %v though it was not renewed", at)
	}
	if _, write := m.turn(now, written); !write || at != 0 {
		t.Fatalf("asks at %v, and writes %v", at, write)
	}
	m.wrote(now, 2)
	if m.turn(now.Add(look), written); at != 1 {
		t.Errorf("asks at %v once it is renewed", at)
	}
}
