package gather

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"mailaudit/internal/httpx"
	"mailaudit/internal/smtpx"
)

// Remembering is a world in which nobody is connected to twice: another audit, of the same domain with some records changed
// or of one with the same hosts, gets the answers that the first one got. What the end of an audit cut short is asked again.
func (e Env) Remembering() Env {
	if probe := e.Probe; probe != nil {
		var m remembered[smtpx.Probe]
		e.Probe = func(ctx context.Context, t smtpx.Target) smtpx.Probe {
			return m.get(ctx, fmt.Sprintf("%s %v %t %+v", t.Host, t.Addrs, t.Implicit, t.Envelopes), func() smtpx.Probe { return probe(ctx, t) })
		}
	}
	if fetch := e.Fetch; fetch != nil {
		var m remembered[httpx.Page]
		e.Fetch = func(ctx context.Context, t httpx.Target) httpx.Page {
			return m.get(ctx, fmt.Sprintf("%s %v %q", t.Host, t.Addrs, t.Path), func() httpx.Page { return fetch(ctx, t) })
		}
	}
	if reach := e.Reach; reach != nil {
		type reached struct {
			status smtpx.Status
			why    string
		}
		var m remembered[reached]
		e.Reach = func(ctx context.Context, a netip.AddrPort) (smtpx.Status, string) {
			r := m.get(ctx, a.String(), func() (r reached) {
				r.status, r.why = reach(ctx, a)
				return r
			})
			return r.status, r.why
		}
	}
	return e
}

// maxRemembered bounds what a long batch keeps. Hosts that many domains share come early.
const maxRemembered = 1000

// remembered are values that are found out once each.
type remembered[T any] struct {
	mu sync.Mutex
	m  map[string]*finding[T]
}

// finding is a value that is being found out, and done once it is.
type finding[T any] struct {
	done chan struct{}
	v    T
	kept bool
}

func (r *remembered[T]) get(ctx context.Context, key string, find func() T) T {
	for {
		f, ours := r.at(key)
		if ours {
			return r.found(ctx, key, f, find)
		}
		select {
		case <-f.done:
			if f.kept {
				return f.v
			}
		case <-ctx.Done():
			return find() // which says that the time is up
		}
	}
}

// at is the finding of a key, which is the caller's to make where nobody has begun.
func (r *remembered[T]) at(key string) (f *finding[T], ours bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.m[key]; ok {
		return f, false
	}
	f = &finding[T]{done: make(chan struct{})}
	if r.m == nil {
		r.m = map[string]*finding[T]{}
	}
	if len(r.m) < maxRemembered {
		r.m[key] = f
	}
	return f, true
}

// found finds a value out and keeps it, unless the context ended or find panicked.
func (r *remembered[T]) found(ctx context.Context, key string, f *finding[T], find func() T) T {
	defer func() {
		if !f.kept {
			r.mu.Lock()
			if r.m[key] == f {
				delete(r.m, key)
			}
			r.mu.Unlock()
		}
		close(f.done)
	}()
	f.v = find()
	f.kept = ctx.Err() == nil
	return f.v
}
