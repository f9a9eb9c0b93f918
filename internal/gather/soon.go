package gather

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"mailaudit/internal/dnsx"
)

// later waits for a value that is being found out.
type later[T any] func() T

// promised is a value that is being found out.
type promised[T any] struct {
	done   sync.WaitGroup
	v      T
	caught error
}

// soon starts f now. A panic in it is raised again where its value is waited for, so that main reports it.
func soon[T any](f func() T) later[T] {
	var p promised[T]
	p.done.Go(func() {
		defer catch(&p.caught)
		makeRoom(false)
		p.v = f()
	})
	return func() T {
		p.done.Wait()
		raise(p.caught)
		return p.v
	}
}

// soonIf is soon where the condition holds, else the zero value: a fact that nobody asked for.
func soonIf[T any](wanted bool, f func() T) later[T] {
	if !wanted {
		return func() T { return *new(T) }
	}
	return soon(f)
}

// every runs f for all of l at once and keeps their order. The last runs here: who waits for the others has nothing else to do.
func every[T, U any](l []T, f func(T) U) []U {
	out, caught := make([]U, len(l)), make([]error, len(l))
	run := func(i int) {
		defer catch(&caught[i])
		out[i] = f(l[i])
	}
	var others sync.WaitGroup
	for i := range l {
		if i == len(l)-1 {
			run(i)
			break
		}
		others.Go(func() {
			makeRoom(false)
			run(i)
		})
	}
	others.Wait()
	for _, err := range caught {
		raise(err)
	}
	return out
}

// ahead is every for an f that begins with a question, if that has a name, and is given the answer. The questions are asked at once
// (dnsx.Several), and f runs as their answers come. more says of an answer whether f may ask for more then, and so has to wait.
func ahead[T, U any](g *gatherer, l []T, question func(T) dnsx.Question, more func(dnsx.Answer) bool, f func(T, dnsx.Answer) U) []U {
	out := make([]U, len(l))
	var t dnsx.Tasks
	questions, places := make([]dnsx.Question, 0, len(l)), make([]int, 0, len(l))
	for i, x := range l {
		if q := question(x); q.Name != "" {
			questions, places = append(questions, q), append(places, i)
		} else {
			t.Do(func() { out[i] = f(x, dnsx.Answer{}) })
		}
	}
	dnsx.LookupAll(g.ctx, g.dns, questions, func(j int, a dnsx.Answer) {
		i := places[j]
		if !more(a) {
			t.Do(func() { out[i] = f(l[i], a) })
			return
		}
		first := a // so that no other is moved to the heap
		t.Go(func() {
			makeRoom(false)
			out[i] = f(l[i], first)
		})
	})
	t.Wait()
	return out
}

// isThere says of an answer that it has something to follow.
func isThere(a dnsx.Answer) bool { return a.Status == dnsx.Found }

// All runs f for all of l at once and keeps their order. A panic in f is raised again in the caller.
func All[T, U any](l []T, f func(T) U) []U { return every(l, f) }

// catch is deferred, and keeps a panic with its place.
func catch(caught *error) {
	if p := recover(); p != nil {
		*caught = fmt.Errorf("%v\n%s", p, debug.Stack())
	}
}

func raise(caught error) {
	if caught != nil {
		panic(caught)
	}
}

// makeRoom lets the stack of a new goroutine grow at once, while there is nothing on it to move, to what a question needs: its
// frame, nothing of which is used, does not fit into the stack that a goroutine begins with. To grow step by step, with ever more
// to move, took as long as to send the question (docs/performance.md).
//
//go:noinline
func makeRoom(used bool) {
	if used {
		var room [stackRoom]byte
		runtime.KeepAlive(&room)
	}
}

// stackRoom is in octets.
const stackRoom = 8 << 10
