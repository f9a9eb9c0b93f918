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
	q = q.tidy()
	if ctx.Err() != nil {
		return failed(q, ended(ctx))
	}
	if _, problem := canonical(q.Name); problem != "" {
		return impossible(q, problem)
	}
	if q.Server.IsValid() {
		return o.under.Lookup(ctx, q) // what a server says of itself is no record
	}
	a := Answer{Question: q}
	for name := q.Name; name != ""; {
		name = o.one(ctx, &a, name)
	}
	return a
}

// one answers for one name of the chain. It says at which name to go on; "" means that a is complete.
func (o *overlay) one(ctx context.Context, a *Answer, name string) (goOn string) {
	t := a.Question.Type
	if goOn, given := give(a, o.z.nodes[name]); given {
		return goOn
	}
	if o.removed[Question{Name: name, Type: t}] {
		a.Status = NoData
		return ""
	}
	published := o.under.Lookup(ctx, a.Question.of(name))
	a.Asked += published.Asked
	// Walk the published chain up to a name that the overlay changes.
	for _, target := range published.Chain {
		if o.removed[Question{Name: name, Type: CNAME}] {
			a.Status = NoData
			return ""
		}
		if cause := a.step(target); cause != "" {
			*a = a.fail(cause)
			return ""
		}
		if name = target; o.changes(name, t) {
			return name
		}
	}
	if published.Status == Failed {
		a.Rcode = published.Rcode
		*a = a.fail(published.Cause)
		return ""
	}
	a.Status, a.Records, a.Cause = published.Status, published.Records, published.Cause
	// AD vouches for the published answer, not for a CNAME of the overlay before it.
	a.Authenticated = published.Authenticated && len(a.Chain) == len(published.Chain)
	switch {
	case a.Status != NXDomain:
	case o.z.exists(name):
		a.Status, a.Authenticated = NoData, false
	default:
		return o.wildcard(ctx, a, name)
	}
	return ""
}

// changes reports whether the answer of type t at a name is the overlay's business.
func (o *overlay) changes(name string, t Type) bool {
	sets := o.z.nodes[name]
	return len(sets[t]) > 0 || len(sets[CNAME]) > 0 || o.removed[Question{Name: name, Type: t}] || o.removed[Question{Name: name, Type: CNAME}]
}

// give answers from RRsets of the overlay, if they hold the type or a CNAME to follow; goOn is as for one.
func give(a *Answer, sets node) (goOn string, given bool) {
	if rrs := sets[a.Question.Type]; len(rrs) > 0 {
		a.found(rrs)
		return "", true
	}
	cname, ok := next(sets, a.Question.Type)
	if !ok {
		return "", false
	}
	target := fold(cname.Target)
	if cause := a.step(target); cause != "" {
		*a = a.fail(cause)
		return "", true
	}
	return target, true
}

// wildcard looks for a wildcard of the overlay for a name that is not published. Only the one under the closest encloser
// counts (RFC 4592 3.3.1), published names included: so each name on the way up to it is asked for.
func (o *overlay) wildcard(ctx context.Context, a *Answer, name string) (goOn string) {
	for n, way := parent(name), o.enclosed(name); way; n = parent(n) {
		if o.z.exists(below("*", n)) {
			a.Status, a.Cause, a.Authenticated = NoData, "", false
			sets, _ := o.z.synthesise(name, n)
			goOn, _ := give(a, sets)
			return goOn
		}
		if o.z.exists(n) {
			break
		}
		between := o.under.Lookup(ctx, a.Question.of(n))
		a.Asked += between.Asked
		if between.Status == Failed {
			*a = a.fail(between.Cause)
			break
		}
		if between.Status != NXDomain || len(between.Chain) > 0 {
			break // it exists, and no wildcard of ours is under it
		}
	}
	return ""
}

// enclosed reports whether any name above has a wildcard in the overlay.
func (o *overlay) enclosed(name string) bool {
	for name != "." {
		if name = parent(name); o.z.exists(below("*", name)) {
			return true
		}
	}
	return false
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
