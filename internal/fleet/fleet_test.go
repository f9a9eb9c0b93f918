package fleet

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mailaudit/internal/fleet/fleettest"
	"mailaudit/internal/testnet"
)

func TestMain(m *testing.M) {
	fleettest.Main()
	os.Exit(m.Run())
}

func serve(t *testing.T, config string) *fleettest.Server {
	t.Helper()
	s, err := fleettest.Start(t.TempDir(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	return s
}

// connect makes a connection; what it tells goes to the test's log.
func connect(t *testing.T, c Config) *Fleet {
	t.Helper()
	f, err := dialled(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func dialled(t *testing.T, c Config) (*Fleet, error) {
	c.Dial = testnet.Dial
	if c.Tell == nil {
		c.Tell = func(string) {}
	}
	f, err := Connect(t.Context(), c)
	if err == nil {
		t.Cleanup(f.Close)
	}
	return f, err
}

// echo is a worker whose report of a job is its domain.
func echo(n int) Worker {
	return Worker{
		Concurrency: n, LostAfter: time.Hour, UntilEmpty: true,
		Do:     func(_ context.Context, j Job) Result { return Result{Kind: Report, Text: []byte(j.Domain)} },
		Failed: func(_ Job, why error) Result { return Result{Kind: Failed, Text: []byte(why.Error())} },
	}
}

// batch is the ID of a batch.
const batch = "b~0123456789abcdef"

func job(n int) Job {
	return Job{Batch: batch, Line: n, Input: "in", Domain: fmt.Sprintf("d%d.example", n)}
}

func submit(t *testing.T, f *Fleet, jobs, again int) (added int) {
	t.Helper()
	for n := 1; n <= jobs; n++ {
		is, err := f.Submit(t.Context(), job(n), n <= again)
		if err != nil {
			t.Fatal(err)
		}
		if is {
			added++
		}
	}
	return added
}

// collect is what came of a batch: "LINE KIND TEXT", sorted.
func collect(t *testing.T, f *Fleet, n int) []string {
	t.Helper()
	var all []string
	missing, err := f.Collect(t.Context(), batch, n, func(r Result) error {
		all = append(all, fmt.Sprintf("%d %s %s", r.Line, r.Kind, r.Text))
		return nil
	})
	if missing != 0 || err != nil {
		t.Fatal(missing, err)
	}
	slices.Sort(all)
	return all
}

func left(t *testing.T, f *Fleet) int {
	t.Helper()
	i, err := f.jobs.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(i.State.Msgs)
}

// TestBatch: two workers, each job once, and whoever submits again adds nothing: neither while a job waits nor when it is done.
func TestBatch(t *testing.T) {
	s := serve(t, "")
	f, g := connect(t, Config{URL: s.URL}), connect(t, Config{URL: s.URL})
	const n = 60
	if first, second := submit(t, f, n, 0), submit(t, g, n, n); first != n || second != 0 {
		t.Errorf("added %d jobs and %d again", first, second)
	}
	// The server remembers ids for a while only. Without one it must refuse, too.
	for _, at := range []string{jobSubject + batch + ".7", reportSubject + batch + ".7"} {
		_, first := f.js.Publish(t.Context(), at, []byte(`{}`))
		_, second := f.js.Publish(t.Context(), at, []byte(`{}`))
		if (first != nil) != strings.HasPrefix(at, jobSubject) || second == nil {
			t.Errorf("%s: %v, then %v", at, first, second)
		}
	}
	var done atomic.Int64
	var both sync.WaitGroup
	for _, f := range []*Fleet{f, g} {
		w := echo(4)
		do := w.Do
		w.Do = func(ctx context.Context, j Job) Result { done.Add(1); return do(ctx, j) }
		both.Go(func() {
			if err := f.Work(t.Context(), w); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if done.Load() != n-1 || left(t, f) != 0 { // line 7 has a report, though nobody's
		t.Errorf("%d jobs done, %d left", done.Load(), left(t, f))
	}
	if again := submit(t, f, n, n); again != 0 || left(t, f) != 0 {
		t.Errorf("%d added again, %d left", again, left(t, f))
	}
	if err := f.Report(t.Context(), Result{Batch: batch, Line: 8, Kind: Report, Text: []byte("another")}); err != nil {
		t.Error(err)
	}
	var want []string
	for i := 1; i <= n; i++ {
		want = append(want, fmt.Sprintf("%d report d%d.example", i, i))
	}
	want[6] = "7 failed " // what lay there cannot be read
	slices.Sort(want)
	for range 2 {
		if got := collect(t, f, n); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
}

// TestBatchNames: a name is one list's until its batch is complete. Then it is refused, and not taken for done, unless it is begun
// anew; what was left of an earlier one is given up.
func TestBatchNames(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "").URL})
	if _, err := f.Batch(t.Context(), "b"); !errors.Is(err, ErrNoBatch) {
		t.Error(err)
	}
	x, y := Batch{Name: "b", Digest: "x", Begun: time.Unix(1, 0).UTC()}, Batch{Name: "b", Digest: "y", Begun: time.Unix(2, 0).UTC()}
	open := func(b Batch, anew, old bool, want error) Batch {
		t.Helper()
		got, was, err := f.Open(t.Context(), b, anew)
		if was != old || !errors.Is(err, want) || !batchID.MatchString(got.ID()) {
			t.Fatalf("%+v, old %v, %v", got, was, err)
		}
		return got
	}
	add := func(b Batch, line int) {
		t.Helper()
		if added, err := f.Submit(t.Context(), Job{Batch: b.ID(), Line: line, Domain: fmt.Sprint(b.Digest, line)}, false); !added || err != nil {
			t.Fatal(added, err)
		}
	}
	whole := func(b Batch, want error) {
		t.Helper()
		if err := f.Submitted(t.Context(), b); !errors.Is(err, want) {
			t.Fatal(err)
		}
	}
	told := func(b Batch, want string) {
		t.Helper()
		got := ""
		if missing, err := f.Collect(t.Context(), b.ID(), 1, func(r Result) error { got = string(r.Text); return nil }); missing != 0 || err != nil || got != want {
			t.Errorf("%q, want %q; %d missing, %v", got, want, missing, err)
		}
	}
	first := open(x, false, false, nil)
	if again := open(x, false, true, nil); again != first || !again.Begun.Equal(x.Begun) || again.Whole {
		t.Errorf("%+v is not %+v", again, first)
	}
	if other := open(y, false, true, ErrOtherList); other != first {
		t.Errorf("%+v is not %+v", other, first)
	}
	add(first, 1)
	first.Jobs = 1
	whole(first, nil)
	whole(first, nil) // at the same time, by another
	if again := open(x, false, true, nil); !again.Whole || again.Jobs != 1 {
		t.Errorf("%+v", again)
	}
	if err := f.Work(t.Context(), echo(1)); err != nil {
		t.Fatal(err)
	}
	open(x, false, true, ErrComplete)
	second := open(x, true, false, nil)
	if second.ID() == first.ID() {
		t.Error("what was begun anew has the reports of before")
	}
	whole(first, ErrReplaced) // by one of the same list
	add(second, 1)
	add(second, 2)
	third := open(y, true, false, nil)
	whole(second, ErrReplaced)
	if left(t, f) != 0 {
		t.Errorf("%d jobs of a batch that was given up", left(t, f))
	}
	add(third, 1)
	if err := f.Work(t.Context(), echo(1)); err != nil {
		t.Fatal(err)
	}
	told(first, "x1")
	told(third, "y1")
	if err := f.batches.Purge(t.Context(), "b"); err != nil { // as after a year
		t.Fatal(err)
	}
	whole(third, ErrReplaced)
	if forgotten := open(x, false, false, nil); forgotten.ID() == first.ID() {
		t.Error("a name that was forgotten has the reports of before")
	}
	if _, err := f.batches.Put(t.Context(), "b", []byte(`{"run":"*.>"}`)); err != nil {
		t.Fatal(err)
	}
	if b, err := f.Batch(t.Context(), "b"); err == nil {
		t.Errorf("%+v is taken", b)
	}
}

// TestAged: a batch is known by its name for longer than reports are kept, since its jobs may wait for longer; and one of which
// neither jobs nor reports are left does not hold its name.
func TestAged(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "").URL})
	if s, err := f.batches.Status(t.Context()); err != nil || s.TTL() <= Keep || f.jobs.CachedInfo().Config.MaxAge != 0 {
		t.Errorf("batches are known for %v, jobs for %v, %v", s.TTL(), f.jobs.CachedInfo().Config.MaxAge, err)
	}
	x, y := Batch{Name: "b", Digest: "x"}, Batch{Name: "b", Digest: "y"}
	for i, next := range []Batch{x, y} {
		first, old, err := f.Open(t.Context(), x, false)
		if old || err != nil {
			t.Fatal(i, old, err)
		}
		first.Jobs = 1
		if _, err := f.Submit(t.Context(), Job{Batch: first.ID(), Line: 1}, false); err != nil {
			t.Fatal(err)
		}
		if err := f.Submitted(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if _, old, err := f.Open(t.Context(), next, false); !old || (i == 1) != errors.Is(err, ErrOtherList) {
			t.Errorf("%d: with a job left: old %v, %v", i, old, err)
		}
		if err := f.Work(t.Context(), echo(1)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Open(t.Context(), next, false); !errors.Is(err, []error{ErrComplete, ErrOtherList}[i]) {
			t.Errorf("%d: with its report: %v", i, err)
		}
		if err := f.reports.Purge(t.Context()); err != nil { // as after a week
			t.Fatal(err)
		}
		if b, old, err := f.Open(t.Context(), next, false); old || err != nil || b.Digest != next.Digest || b.ID() == first.ID() {
			t.Errorf("%d: %+v, old %v, %v", i, b, old, err)
		}
		if err := f.batches.Purge(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNothingCanCome: who collects does not wait for reports that no job can bring, and reads those that are there.
func TestNothingCanCome(t *testing.T) {
	s := serve(t, "")
	told := make(chan string, 100)
	f := connect(t, Config{URL: s.URL, Tell: func(s string) { told <- s }})
	submit(t, f, 200, 0)
	if err := f.Work(t.Context(), echo(8)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []int{1, 70, 200} { // as if they had aged
		if err := f.reports.Purge(t.Context(), jetstream.WithPurgeSubject(subject(reportSubject, batch, line))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Submit(t.Context(), Job{Batch: "other~0123456789abcdef", Line: 1}, false); err != nil { // what others wait for does not count
		t.Fatal(err)
	}
	n := 0
	count := func(Result) error { n++; return nil }
	if missing, err := f.Collect(t.Context(), batch, 200, count); missing != 3 || n != 197 || err != nil {
		t.Errorf("%d missing, %d read, %v", missing, n, err)
	}
	if missing, err := f.Collect(t.Context(), "gone~0123456789abcdef", 2, count); missing != 2 || n != 197 || err != nil {
		t.Errorf("%d missing, %d read, %v", missing, n, err)
	}
	if len(told) != 0 {
		t.Errorf("%q", <-told)
	}
}

// TestNobodyWorks: jobs that nobody takes may still be done. It is waited for them, and said.
func TestNobodyWorks(t *testing.T) {
	told := make(chan string, 100)
	f := connect(t, Config{URL: serve(t, "").URL, Tell: func(s string) { told <- s }})
	f.silence = 1
	submit(t, f, 1, 0)
	ended := make(chan int)
	go func() {
		missing, err := f.Collect(t.Context(), batch, 1, func(Result) error { return nil })
		if err != nil {
			t.Error(err)
		}
		ended <- missing
	}()
	if s := <-told; !strings.HasSuffix(s, ": no worker has ever asked for a job") {
		t.Error(s)
	}
	if err := f.Work(t.Context(), echo(1)); err != nil {
		t.Fatal(err)
	}
	if missing := <-ended; missing != 0 {
		t.Errorf("%d missing", missing)
	}
	if got := f.hands(t.Context()); got != "jobs wait, and no worker takes them" {
		t.Error(got)
	}
}

// TestTooLarge: a report that the server does not take is not lost in silence.
func TestTooLarge(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "max_payload: 65536").URL})
	submit(t, f, 2, 0)
	w := echo(1)
	noise, random := make([]byte, 100_000), rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	w.Do = func(_ context.Context, j Job) Result {
		if j.Line == 1 {
			return Result{Kind: Report, Text: noise}
		}
		return Result{Kind: Report, Text: []byte(strings.Repeat("a", 1_000_000))} // packed it is small
	}
	if err := f.Work(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	got := collect(t, f, 2)
	if !strings.HasPrefix(got[0], "1 failed its report is larger than the NATS server takes: 100") || len(got[1]) != len("2 report ")+1_000_000 {
		t.Errorf("%.100q", got)
	}
}

// TestPoison: a job that no worker comes to the end of does not go round for ever.
func TestPoison(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "").URL})
	submit(t, f, 1, 0)
	if _, err := f.js.Publish(t.Context(), jobSubject+batch+".2", []byte("no job")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := echo(1)
	begun := 0
	w.Do = func(context.Context, Job) Result {
		if begun++; begun == 1 {
			cancel() // which gives it back
		}
		return Result{}
	}
	if err := f.Work(ctx, w); err != nil {
		t.Fatal(err)
	}
	queue, err := f.jobs.Consumer(t.Context(), queueConsumer)
	if err != nil {
		t.Fatal(err)
	}
	for begun < MaxTries { // it comes in turn with the other one
		b, err := queue.Fetch(1)
		if err != nil {
			t.Fatal(err)
		}
		for m := range b.Messages() {
			if strings.HasSuffix(m.Subject(), ".1") {
				begun++
			}
			_ = m.Nak()
		}
	}
	if err := f.Work(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	got := collect(t, f, 2)
	if begun != MaxTries || got[0] != "1 failed given up: a worker began with it 10 times and came to no end" || !strings.HasPrefix(got[1], "2 failed the job cannot be read") {
		t.Errorf("begun %d times: %q", begun, got)
	}
}

// TestGivenBack: what an interrupted worker holds goes to another at once.
func TestGivenBack(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "").URL})
	submit(t, f, 4, 0)
	ctx, cancel := context.WithCancel(t.Context())
	var begun sync.WaitGroup
	begun.Add(4)
	w := echo(4)
	w.Do = func(ctx context.Context, _ Job) Result {
		begun.Done()
		<-ctx.Done()
		return Result{Kind: Report, Text: []byte("cut short")}
	}
	go func() { begun.Wait(); cancel() }()
	if err := f.Work(ctx, w); err != nil || left(t, f) != 4 {
		t.Fatalf("%v, %d left", err, left(t, f))
	}
	queue, err := f.jobs.Consumer(t.Context(), queueConsumer)
	if err != nil {
		t.Fatal(err)
	}
	if n := queue.CachedInfo().Delivered.Consumer; n != 4 {
		t.Errorf("%d deliveries: the worker took its own jobs again", n)
	}
	if err := f.Work(t.Context(), echo(2)); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, f, 4); got[0] != "1 report d1.example" || len(got) != 4 {
		t.Errorf("%q", got)
	}
}

// TestRestart: a server that is killed and comes back costs nothing: neither who submits nor who works nor who collects.
func TestRestart(t *testing.T) {
	s := serve(t, "")
	f, g, h := connect(t, Config{URL: s.URL}), connect(t, Config{URL: s.URL}), connect(t, Config{URL: s.URL})
	const n = 200
	var all sync.WaitGroup
	restart := func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
		all.Go(func() {
			if err := s.Restart(); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done atomic.Int64
	worked := make(chan error, 1)
	w := echo(8)
	do := w.Do
	w.UntilEmpty, w.Do = false, func(ctx context.Context, j Job) Result {
		if done.Add(1) == n/4 { // others are on their way
			restart()
		}
		return do(ctx, j)
	}
	go func() { worked <- g.Work(ctx, w) }()
	submit(t, f, n, 0)
	all.Wait()
	seen := map[int]int{}
	missing, err := h.Collect(t.Context(), batch, n, func(r Result) error {
		if seen[r.Line]++; len(seen) == n/4 {
			restart()
		}
		return nil
	})
	cancel()
	all.Wait()
	if werr := <-worked; missing != 0 || err != nil || werr != nil || len(seen) != n {
		t.Fatalf("%d lines, %d missing, %v, %v", len(seen), missing, err, werr)
	}
	for line, times := range seen {
		if times != 1 {
			t.Errorf("line %d came %d times", line, times)
		}
	}
}

// TestCollectStops: an error of who uses the results ends it, and so does the end of the context.
func TestCollectStops(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "").URL})
	for n := range 3 {
		if err := f.Report(t.Context(), Result{Batch: batch, Line: n + 1, Kind: Report}); err != nil {
			t.Fatal(err)
		}
	}
	full := errors.New("disk full")
	if _, err := f.Collect(t.Context(), batch, 3, func(Result) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	submit(t, f, 9, 3) // of which six may still come
	_, err := f.Collect(ctx, batch, 9, func(Result) error {
		if n++; n == 3 {
			cancel()
		}
		return nil
	})
	if err != nil || n != 3 {
		t.Errorf("%d results, %v", n, err)
	}
}

// TestShareAmongConnections: the second worker has nothing until the first has less, and what one gives back the other gets.
func TestShareAmongConnections(t *testing.T) {
	s := serve(t, "")
	parts := make(chan [2]float64, 100) // who, and at what
	share := func(who float64) *Share {
		return connect(t, Config{URL: s.URL}).Share("lists", MinLost, func(part float64) time.Duration {
			parts <- [2]float64{who, part}
			return 0
		})
	}
	at := [3]float64{}
	await := func(who int, part float64) {
		for at[who] != part {
			p := <-parts
			if at[int(p[0])] = p[1]; at[1]+at[2] > 1 {
				t.Fatalf("%v together", at)
			}
		}
	}
	first := share(1)
	await(1, 1)
	second := share(2)
	await(1, 0.5)
	await(2, 0.5)
	if !first.Held() {
		t.Error("the first has nothing")
	}
	first.Leave()
	await(1, 0)
	await(2, 1)
	second.Leave()
}

// TestConnect: who is let in, what is said of it, and that it holds no password.
func TestConnect(t *testing.T) {
	const secret = "s3cretpassword"
	s := serve(t, "authorization { user: fleet, password: "+secret+" }")
	with := func(user string) string { return strings.Replace(s.URL, "nats://", "nats://"+user+"@", 1) }
	connect(t, Config{URL: with("fleet:" + secret)})
	for url, want := range map[string]string{
		s.URL:                                    "Authorization Violation",
		with("fleet:not" + secret):               "Authorization Violation",
		"nats://" + secret + "@127.0.0.1:1":      "no servers available",
		"nats://fleet:" + secret + "@[::1":       "not of the form",
		"https://fleet:" + secret + "@127.0.0.1": "not of the form",
		"fleet:" + secret + "@127.0.0.1":         "not of the form",
	} {
		if _, err := dialled(t, Config{URL: url}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := dialled(t, Config{URL: s.URL, Creds: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("credentials that are not there are taken")
	}
}

// TestRefused: what the server does not allow is told by its name, and not as a server that does not answer.
func TestRefused(t *testing.T) {
	users := `authorization { users: [ {user: all, password: p}, {user: none, password: p, permissions: {publish: "x", subscribe: "x"}},
		{user: most, password: p, permissions: {publish: ["$JS.>", "mailaudit.>"], subscribe: "_INBOX.>"}},
		{user: enough, password: p, permissions: {publish: ["$JS.>", "mailaudit.>", "$KV.>"], subscribe: "_INBOX.>"}} ] }`
	s := serve(t, users)
	with := func(user string) string { return strings.Replace(s.URL, "nats://", "nats://"+user+":p@", 1) }
	for url, want := range map[string]error{with("none"): ErrPermission, with("other"): ErrAccess, serve(t, "jetstream: disabled").URL: ErrNoJetStream} {
		if _, err := dialled(t, Config{URL: url}); !errors.Is(err, want) {
			t.Errorf("%v is not: %v", err, want)
		}
	}
	if _, _, err := connect(t, Config{URL: with("most")}).Open(t.Context(), Batch{Name: "b"}, false); !errors.Is(err, ErrPermission) {
		t.Error(err)
	}
	f := connect(t, Config{URL: with("enough")})
	b, _, err := f.Open(t.Context(), Batch{Name: "b"}, false)
	if err != nil {
		t.Fatal(err)
	}
	b.Jobs = 1
	if _, err := f.Submit(t.Context(), Job{Batch: b.ID(), Line: 1}, false); err != nil {
		t.Error(err)
	}
	if err := f.Submitted(t.Context(), b); err != nil {
		t.Error(err)
	}
	if err := f.Work(t.Context(), echo(1)); err != nil {
		t.Error(err)
	}
	if missing, err := f.Collect(t.Context(), b.ID(), 1, func(Result) error { return nil }); missing != 0 || err != nil {
		t.Error(missing, err)
	}
}

// TestLateTimeout: a question that is not answered in time is told as that, whatever the server denied before it. That answers may not be
// heard it denies once, where the connection comes back.
func TestLateTimeout(t *testing.T) {
	const user = `authorization { users: [ {user: u, password: p, permissions: {publish: ["$JS.>", "$KV.>"], subscribe: %q}} ] }`
	s := serve(t, fmt.Sprintf(user, "_INBOX.>"))
	told := make(chan string, 1000)
	url := strings.Replace(s.URL, "nats://", "nats://u:p@", 1)
	f, g := connect(t, Config{URL: url}), connect(t, Config{URL: url, Tell: func(s string) { told <- s }})
	if err := errors.Join(f.nc.Publish("elsewhere", nil), f.nc.Flush()); err != nil {
		t.Fatal(err)
	}
	if err := f.nc.LastError(); !errors.Is(err, nats.ErrPermissionViolation) {
		t.Fatal(err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if _, err := f.Batch(late, "b"); errors.Is(err, ErrPermission) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, _, err := f.Open(late, Batch{Name: "b"}, false); errors.Is(err, ErrPermission) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	s.Become(t.TempDir(), fmt.Sprintf(user, "none"))
	if err := errors.Join(s.Kill(), s.Restart()); err != nil {
		t.Fatal(err)
	}
	for text := ""; !strings.Contains(text, "Subscription"); text = <-told {
	}
	if _, err := g.Batch(late, "b"); !errors.Is(err, ErrPermission) {
		t.Error(err)
	}
}

// TestOtherUsers: a server that comes back and lets nobody in for a while loses no worker, who says so once.
func TestOtherUsers(t *testing.T) {
	dir := t.TempDir()
	s, err := fleettest.Start(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	told := make(chan string, 1000)
	refused := make(chan bool, 1000)
	f, err := Connect(t.Context(), Config{URL: s.URL, Tell: func(s string) { told <- s }, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := testnet.Dial(ctx, network, address)
		if err == nil {
			refused <- true
		}
		return c, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	<-refused // the one that was taken
	restart := func(config string) {
		s.Become(dir, config)
		if err := errors.Join(s.Kill(), s.Restart()); err != nil {
			t.Fatal(err)
		}
	}
	restart("authorization { user: other, password: p }")
	over := f.nc.StatusChanged(nats.CLOSED)
	for range 4 { // by the fourth it has been refused three times, where nats.go gives up at two
		select {
		case <-refused:
		case <-over:
			t.Fatal("it was given up")
		}
	}
	restart("")
	if added, err := f.Submit(t.Context(), job(1), false); !added || err != nil {
		t.Error(added, err)
	}
	times := 0
	for text := ""; text != "the connection to the NATS server is back"; {
		if text = <-told; strings.Contains(text, "uthorization") {
			times++
		}
	}
	if times != 1 {
		t.Errorf("told %d times", times)
	}
}

// TestEmptyServer: a server that comes back without its streams has them again, and a worker goes on. Who collects is told that
// nothing will come.
func TestEmptyServer(t *testing.T) {
	s := serve(t, "")
	f, g := connect(t, Config{URL: s.URL}), connect(t, Config{URL: s.URL})
	submit(t, f, 2, 0)
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	s.Become(t.TempDir(), "")
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if missing, err := g.Collect(t.Context(), batch, 2, func(Result) error { return nil }); missing != 2 || err != nil {
		t.Errorf("%d missing, %v", missing, err)
	}
	submit(t, f, 2, 0)
	if err := f.Work(t.Context(), echo(1)); err != nil {
		t.Error(err)
	}
	if got := collect(t, g, 2); len(got) != 2 {
		t.Errorf("%q", got)
	}
	for err := errors.New("not asked"); !errors.Is(err, ErrNoBatch); { // the buckets come last
		_, err = f.Batch(t.Context(), "b")
	}
}

// TestConnectInterrupted: a server that says nothing holds nobody up who is told to end.
func TestConnectInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			cancel()
			t.Cleanup(func() { c.Close() })
		}
	}()
	if _, err := Connect(ctx, Config{URL: "nats://" + l.Addr().String(), Dial: testnet.Dial, Tell: func(string) {}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestPlaceOf: a line has one subject.
func TestPlaceOf(t *testing.T) {
	if b, n, err := placeOf(jobSubject+batch+".7", jobSubject); b != batch || n != 7 || err != nil {
		t.Error(b, n, err)
	}
	for _, s := range []string{batch + ".+7", batch + ".07", batch + ".0", batch + ".-1", batch + ".x", batch, "b.7", "b~7.7"} {
		if _, _, err := placeOf(jobSubject+s, jobSubject); err == nil {
			t.Errorf("%s is taken", s)
		}
	}
}

// TestTLS: with tls:// the server has to show a certificate that is trusted.
func TestTLS(t *testing.T) {
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	c := ca.Issue("127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, keyFile))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	url := "tls://" + s.URL[strings.Index(s.URL, "://")+3:]
	connect(t, Config{URL: url, Roots: roots})
	if _, err := dialled(t, Config{URL: url}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown root: %v", err)
	}
	plain := serve(t, "")
	if _, err := dialled(t, Config{URL: strings.Replace(plain.URL, "nats://", "tls://", 1), Roots: roots}); err == nil {
		t.Error("tls:// without TLS")
	}
}

// TestForeignStream: a stream of that name that would take two reports of a job is not used.
func TestForeignStream(t *testing.T) {
	s := serve(t, "")
	f := connect(t, Config{URL: s.URL})
	if err := f.js.DeleteStream(t.Context(), reportStream); err != nil {
		t.Fatal(err)
	}
	if _, err := f.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: reportStream, Subjects: []string{reportSubject + "*.*"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := dialled(t, Config{URL: s.URL}); err == nil || !strings.Contains(err.Error(), "is not one of mailaudit's") {
		t.Error(err)
	}
	own := f.jobs.CachedInfo().Config // with another bound, as an administrator may set it
	own.MaxBytes = 1 << 30
	if _, err := f.js.UpdateStream(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	if err := f.js.DeleteStream(t.Context(), reportStream); err != nil {
		t.Fatal(err)
	}
	connect(t, Config{URL: s.URL})
}

// TestQueueDeleted: a worker whose consumer an administrator deletes makes it again, and does not wait for ever.
func TestQueueDeleted(t *testing.T) {
	f := connect(t, Config{URL: serve(t, "").URL})
	submit(t, f, 1, 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan int, 2)
	w := echo(1)
	w.UntilEmpty = false
	do := w.Do
	w.Do = func(ctx context.Context, j Job) Result { done <- j.Line; return do(ctx, j) }
	ended := make(chan error)
	go func() { ended <- f.Work(ctx, w) }()
	<-done
	if err := f.jobs.DeleteConsumer(t.Context(), queueConsumer); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Submit(t.Context(), job(2), false); err != nil {
		t.Fatal(err)
	}
	for line := 0; line != 2; {
		line = <-done // the first may come again: it is acknowledged to nobody
	}
	if got := collect(t, f, 2); got[0] != "1 report d1.example" || got[1] != "2 report d2.example" {
		t.Errorf("%q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// lossy is a connection on which one report is lost on the way to the client, which is told nothing: as what the server had sent
// already is when a connection breaks, and what the client has no room for.
type lossy struct {
	net.Conn
	in   *bufio.Reader
	lose string // the subject
	lost *atomic.Bool
	left []byte
}

// Read implements net.Conn.
func (l *lossy) Read(b []byte) (int, error) {
	for len(l.left) == 0 {
		line, err := l.in.ReadBytes('\n')
		if err != nil {
			return 0, err
		}
		words := strings.Fields(string(line))
		if len(words) == 0 || words[0] != "HMSG" {
			l.left = line
			break
		}
		size, err := strconv.Atoi(words[len(words)-1])
		if err != nil {
			return 0, err
		}
		message := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(l.in, message); err != nil {
			return 0, err
		}
		if words[1] != l.lose || l.lost.Swap(true) {
			l.left = slices.Concat(line, message)
		}
	}
	n := copy(b, l.left)
	l.left = l.left[n:]
	return n, nil
}

// TestLostOnTheWay: the consumer sends each report once. Of one that does not arrive the numbers of those behind it tell, and it
// is asked for again.
func TestLostOnTheWay(t *testing.T) {
	s := serve(t, "")
	f := connect(t, Config{URL: s.URL})
	for n := range 5 {
		if err := f.Report(t.Context(), Result{Batch: batch, Line: n + 1, Kind: Report}); err != nil {
			t.Fatal(err)
		}
	}
	var lost atomic.Bool
	g, err := Connect(t.Context(), Config{URL: s.URL, Tell: func(string) {}, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := testnet.Dial(ctx, network, address)
		return &lossy{Conn: c, in: bufio.NewReader(c), lose: reportSubject + batch + ".3", lost: &lost}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var lines []int
	missing, err := g.Collect(t.Context(), batch, 5, func(r Result) error { lines = append(lines, r.Line); return nil })
	if missing != 0 || err != nil || !slices.Equal(lines, []int{1, 2, 3, 4, 5}) || !lost.Load() {
		t.Errorf("lines %v, %d missing, %v; one was lost: %v", lines, missing, err, lost.Load())
	}
}

// TestNotTaken: of many that the server has no room for one is told, and all are there once it has.
func TestNotTaken(t *testing.T) {
	s := serve(t, "")
	told := make(chan string, 1000)
	f := connect(t, Config{URL: s.URL, Tell: func(s string) { told <- s }})
	room := f.reports.CachedInfo().Config
	full := room
	full.MaxBytes = 1
	if _, err := f.js.UpdateStream(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	g := connect(t, Config{URL: s.URL})
	tried, err := g.nc.SubscribeSync(reportSubject + ">")
	if err := errors.Join(err, g.nc.Flush()); err != nil {
		t.Fatal(err)
	}
	const n = 8
	var all sync.WaitGroup
	for line := range n {
		all.Go(func() {
			if err := f.Report(t.Context(), Result{Batch: batch, Line: line + 1, Kind: Report}); err != nil {
				t.Error(err)
			}
		})
	}
	for times := map[string]int{}; len(times) < n || slices.Min(slices.Collect(maps.Values(times))) < 3; { // each was refused twice
		m, err := tried.NextMsgWithContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		times[m.Subject]++
	}
	if _, err := f.js.UpdateStream(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if len(collect(t, f, n)) != n || len(told) != 1 {
		t.Errorf("told %d times", len(told))
	}
	if s := <-told; !strings.Contains(s, " is not taken yet: ") || !strings.Contains(s, "maximum bytes exceeded") {
		t.Error(s)
	}
}

// TestQueueGone: a worker whose queue is gone says so once, however often it looks for it, and goes on when it is back.
func TestQueueGone(t *testing.T) {
	told := make(chan string, 1000)
	f := connect(t, Config{URL: serve(t, "").URL, Tell: func(s string) { told <- s }})
	w := echo(1)
	w.UntilEmpty = false
	looks := 0
	gone := f.jobs.CachedInfo().Config
	w.Ready = func() bool {
		switch looks++; looks {
		case 1:
			if err := f.js.DeleteStream(t.Context(), jobStream); err != nil {
				t.Error(err)
			}
		case 4:
			if _, err := f.js.CreateStream(t.Context(), gone); err != nil {
				t.Error(err)
			}
			submit(t, f, 1, 0)
		}
		return true
	}
	ctx, cancel := context.WithCancel(t.Context())
	do := w.Do
	w.Do = func(ctx context.Context, j Job) Result { defer cancel(); return do(ctx, j) }
	if err := f.Work(ctx, w); err != nil {
		t.Error(err)
	}
	if looks < 4 || len(told) != 1 {
		t.Fatalf("%d looks, told %d times", looks, len(told))
	}
	if s := <-told; !strings.Contains(s, jobStream) || !strings.Contains(s, "stream not found") {
		t.Error(s)
	}
}
