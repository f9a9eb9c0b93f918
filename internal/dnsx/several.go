package dnsx

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Several is a Resolver to which many questions at once cost less than one by one.
type Several interface {
	Resolver
	// LookupAll asks all questions at once. got is given each answer as soon as it is there, with the place of its question,
	// by several goroutines at once; it should not wait for anything. All of them are over when LookupAll returns.
	LookupAll(ctx context.Context, qs []Question, got func(i int, a Answer))
}

// LookupAll asks r all questions at once, as Several does.
func LookupAll(ctx context.Context, r Resolver, qs []Question, got func(i int, a Answer)) {
	if s, ok := r.(Several); ok {
		s.LookupAll(ctx, qs, got)
		return
	}
	var t Tasks
	for i, q := range qs {
		t.Go(func() { got(i, r.Lookup(ctx, q)) })
	}
	t.Wait()
}

// Tasks are done at once. A panic in one of them is raised again where they are waited for.
type Tasks struct {
	running sync.WaitGroup
	mu      sync.Mutex
	crash   error
}

// Go begins f.
func (t *Tasks) Go(f func()) {
	t.running.Go(func() { t.Do(f) })
}

// Do does f here.
func (t *Tasks) Do(f func()) {
	defer func() {
		if p := recover(); p != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.crash = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	f()
}

// Wait waits for all of them.
func (t *Tasks) Wait() {
	t.running.Wait()
	if t.crash != nil {
		panic(t.crash)
	}
}

// crashed is deferred, and tells of a panic, which goes on.
func crashed(tell func(error)) {
	if p := recover(); p != nil {
		tell(fmt.Errorf("%v\n%s", p, debug.Stack()))
		panic(p)
	}
}
