package dnsx

import (
	"context"
	"fmt"
	"strings"
)

// NewOverlay answers as under would if z were published and removed were not: each (name, type) in z replaces the
// published RRset whole, and each one in removed is gone unless z brings it back.
//
// It sees published answers only, not zones. So records that come from a published wildcard look to it like the
// name's own: they stay where z replaces that wildcard, or creates the name beside them.
func NewOverlay(z *Zone, removed []Question, under Resolver) Resolver {
	if z == nil {
		z = new(Zone)
	}
	o := &overlay{z: z, removed: map[Question]bool{}, under: under}
	for _, q := range removed {
		o.removed[Q(q.Name, q.Type)] = true
	}
	return o
}

type overlay struct {
	z       *Zone
	removed map[Question]bool
	under   Resolver
}

func (o *overlay) Lookup(ctx context.Context, q Question) Answer {
	q = Q(q.Name, q.Type)
	if ctx.Err() != nil {
		return failed(q, ended(ctx))
	}
	if _, problem := canonical(q.Name); problem != "" {
		return impossible(q, problem)
	}
	a := Answer{Question: q}
	for name := q.Name; ; {
		goOn, done := o.one(ctx, &a, name)
		if done {
			return a
		}
		name = goOn
	}
}

// one answers for one name of the chain: it completes a, or says where to go on.
func (o *overlay) one(ctx context.Context, a *Answer, name string) (goOn string, done bool) {
	t := a.Question.Type
	if goOn, done := o.give(a, o.z.nodes[name]); goOn != "" || done {
		return goOn, done
	}
	if o.removed[Question{name, t}] {
		a.Status = NoData
		return "", true
	}
	published := o.under.Lookup(ctx, Question{name, t})
	a.Asked += published.Asked
	// Walk the published chain up to a name that the overlay changes.
	for _, target := range published.Chain {
		if o.removed[Question{name, CNAME}] {
			a.Status = NoData
			return "", true
		}
		if cause := a.step(target); cause != "" {
			*a = a.fail(cause)
			return "", true
		}
		if name = target; o.changes(name, t) {
			return name, false
		}
	}
	if published.Status == Failed {
		*a = a.fail(published.Cause)
		return "", true
	}
	a.Status, a.Records, a.Cause = published.Status, published.Records, published.Cause
	// AD vouches for the whole answer, and an overlay's CNAME before it is nobody's.
	a.Authenticated = published.Authenticated && len(a.Chain) == len(published.Chain)
	if a.Status != NXDomain {
		return "", true
	}
	if o.z.exists(name) {
		a.Status = NoData
		return "", true
	}
	return o.wildcard(ctx, a, name)
}

// changes reports whether the answer of type t at a name is the overlay's business.
func (o *overlay) changes(name string, t Type) bool {
	sets := o.z.nodes[name]
	return len(sets[t]) > 0 || len(sets[CNAME]) > 0 || o.removed[Question{name, t}] || o.removed[Question{name, CNAME}]
}

// give answers from RRsets of the overlay, if they hold the type or a CNAME.
func (o *overlay) give(a *Answer, sets node) (goOn string, done bool) {
	t := a.Question.Type
	if len(sets[t]) > 0 {
		a.Authenticated = false
		a.found(sets[t])
		return "", true
	}
	cname, ok := next(sets, t)
	if !ok {
		return "", false
	}
	target := fold(cname.Target)
	if cause := a.step(target); cause != "" {
		*a = a.fail(cause)
		return "", true
	}
	return target, false
}

// wildcard looks for a wildcard of the overlay that gives an answer at a name that is not published. It counts only
// under the closest encloser (RFC 4592 3.3.1), published names included: so each name between is asked for.
func (o *overlay) wildcard(ctx context.Context, a *Answer, name string) (goOn string, done bool) {
	covered := false
	for n := parent(name); !covered; n = parent(n) {
		covered = o.z.exists(below("*", n))
		if n == "." {
			break
		}
	}
	if !covered {
		return "", true
	}
	for n := parent(name); ; n = parent(n) {
		if o.z.exists(below("*", n)) {
			a.Status, a.Cause, a.Authenticated = NoData, "", false
			sets, _ := o.z.synthesise(name, n)
			if goOn, done := o.give(a, sets); goOn != "" || done {
				return goOn, done
			}
			return "", true
		}
		if o.z.exists(n) {
			return "", true
		}
		between := o.under.Lookup(ctx, Question{n, a.Question.Type})
		a.Asked += between.Asked
		switch {
		case between.Status == Failed:
			*a = a.fail(between.Cause)
			return "", true
		case between.Status != NXDomain || len(between.Chain) > 0:
			return "", true // it exists, and has no wildcard from us
		}
	}
}

// ParseRemoval reads "NAME TYPE".
func ParseRemoval(s string) (Question, error) {
	f := strings.Fields(s)
	if len(f) != 2 {
		return Question{}, fmt.Errorf(`%q is not "NAME TYPE", such as "example.com TXT"`, s)
	}
	if _, problem := canonical(f[0]); problem != "" {
		return Question{}, fmt.Errorf("%q: %s", f[0], problem)
	}
	t, ok := ParseType(f[1])
	if !ok || 128 <= t && t <= 255 { // RFC 6895 3.1: these are for questions only
		return Question{}, fmt.Errorf("%q is not a record type", f[1])
	}
	return Q(f[0], t), nil
}
