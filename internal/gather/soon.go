package gather

import (
	"fmt"
	"runtime/debug"
)

// later waits for a value that is being found out.
type later[T any] func() T

// soon starts f now. A panic in it is raised again where its value is waited for, so that main reports it.
func soon[T any](f func() T) later[T] {
	var (
		v      T
		caught error
		done   = make(chan struct{})
	)
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				caught = fmt.Errorf("%v\n%s", p, debug.Stack())
			}
		}()
		v = f()
	}()
	return func() T {
		<-done
		if caught != nil {
			panic(caught)
		}
		return v
	}
}

// soonIf is soon where the condition holds, else the zero value: a fact that nobody asked for.
func soonIf[T any](wanted bool, f func() T) later[T] {
	if !wanted {
		return func() T { return *new(T) }
	}
	return soon(f)
}

// every runs f for all of l at once and keeps their order.
func every[T, U any](l []T, f func(T) U) []U {
	waits := make([]later[U], len(l))
	for i, x := range l {
		waits[i] = soon(func() U { return f(x) })
	}
	out := make([]U, len(l))
	for i, w := range waits {
		out[i] = w()
	}
	return out
}

// All runs f for all of l at once and keeps their order. A panic in f is raised again in the caller.
func All[T, U any](l []T, f func(T) U) []U { return every(l, f) }
