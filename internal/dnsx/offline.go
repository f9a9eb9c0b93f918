package dnsx

import (
	"context"
	"fmt"
)

// NewOffline answers from zone files alone. Only beneath an SOA does absence mean anything: of all else the files know
// nothing, and of what they delegate neither.
func NewOffline(z *Zone) Resolver {
	if z == nil {
		z = new(Zone)
	}
	return offline{z}
}

type offline struct{ z *Zone }

func (o offline) Lookup(ctx context.Context, q Question) Answer {
	q = q.tidy()
	if ctx.Err() != nil {
		return failed(q, ended(ctx))
	}
	if _, problem := canonical(q.Name); problem != "" {
		return impossible(q, problem)
	}
	if q.Server.IsValid() {
		return failed(q, "offline: no server is asked")
	}
	a := Answer{Question: q}
	for name := q.Name; ; {
		sets, exists := o.z.at(name)
		if cname, ok := next(sets, q.Type); ok {
			name = fold(cname.Target)
			if cause := a.step(name); cause != "" {
				return a.fail(cause)
			}
			continue
		}
		covers := name
		if q.Type == DS && len(sets[NS])+len(sets[SOA]) > 0 {
			covers = parent(name) // RFC 4035 3.1.4.1: the record is the parent zone's
		}
		soa, cut := o.z.apex(covers)
		switch {
		case len(sets[q.Type]) > 0:
			a.found(sets[q.Type])
			return a
		case soa == nil:
			return a.fail("no zone given covers " + name)
		case cut != "":
			return a.fail(fmt.Sprintf("no zone given covers %s: %s is delegated or a DNAME", name, cut))
		case exists:
			a.Status = NoData
		default:
			a.Status = NXDomain
		}
		return a
	}
}
