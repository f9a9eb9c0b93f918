package audit

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
	"mailaudit/internal/special"
)

// Shown is whether one server gives a record set as it is to be.
type Shown struct {
	Server string // host and address of an authoritative server, or "the resolver"
	Name   string
	Type   string
	Yes    bool
	Why    string // where it is not known
}

// place is a server that can be asked about a record set.
type place struct {
	name string
	addr netip.Addr // zero: the resolvers
}

// Follow asks for record sets until every authoritative server gives them as they are to be, with a pause between two
// rounds, and tells after each round who does. Where authoritative servers are not to be asked, the resolver is. stale is
// for how long caches may keep what was published before. It ends with the error of ctx when that ends first.
func Follow(ctx context.Context, env gather.Env, t gather.Target, sets []RRset, pause time.Duration, tell func([]Shown)) (stale time.Duration, err error) {
	f := follower{env.DNS, t}
	type item struct {
		set RRset
		at  place
	}
	var all []item
	for i, places := range gather.All(sets, func(s RRset) []place { return f.places(ctx, s.Name) }) {
		for _, p := range places {
			all = append(all, item{sets[i], p})
		}
	}
	for {
		type answer struct {
			shown Shown
			stale time.Duration
		}
		var round []Shown
		done := true
		for _, a := range gather.All(all, func(i item) answer {
			s, old := f.look(ctx, i.set, i.at)
			return answer{s, old}
		}) {
			round = append(round, a.shown)
			done = done && a.shown.Yes
			stale = max(stale, a.stale)
		}
		if ctx.Err() != nil {
			return stale, ctx.Err()
		}
		tell(round)
		if done {
			return stale, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return stale, ctx.Err()
		}
	}
}

type follower struct {
	dns dnsx.Resolver
	t   gather.Target
}

// places are the servers of the zone that a name is in, each at its first address that may be asked.
func (f follower) places(ctx context.Context, name string) []place {
	resolver := []place{{name: "the resolver"}}
	if !f.t.AskServers {
		return resolver
	}
	for zone := name; zone != ""; _, zone, _ = strings.Cut(zone, ".") {
		ns := f.dns.Lookup(ctx, dnsx.Q(zone, dnsx.NS))
		if ns.Status == dnsx.Failed {
			break // those of a zone above would know nothing of it
		}
		if ns.Status != dnsx.Found || len(ns.Chain) > 0 {
			continue
		}
		var l []place
		for _, r := range ns.Records {
			if a, ok := f.address(ctx, r.Target); ok {
				l = append(l, place{fmt.Sprintf("%s (%s)", r.Target, a), a})
			}
		}
		if len(l) > 0 {
			return l
		}
		break
	}
	return resolver
}

func (f follower) address(ctx context.Context, host string) (netip.Addr, bool) {
	for _, kind := range []dnsx.Type{dnsx.A, dnsx.AAAA} {
		if f.t.Family == 6 && kind == dnsx.A || f.t.Family == 4 && kind == dnsx.AAAA {
			continue
		}
		for _, r := range f.dns.Lookup(ctx, dnsx.Q(host, kind)).Records {
			if f.t.AllowPrivate || special.Public(r.Addr, f.t.AssumePublic) {
				return r.Addr, true
			}
		}
	}
	return netip.Addr{}, false
}

// look asks one server for one record set. old is for how long caches may keep what is there instead.
func (f follower) look(ctx context.Context, s RRset, at place) (shown Shown, old time.Duration) {
	kind, _ := dnsx.ParseType(s.Type)
	q := dnsx.Q(s.Name, kind)
	q.Server = at.addr
	shown = Shown{Server: at.name, Name: s.Name, Type: s.Type}
	a := f.dns.Lookup(ctx, q)
	if a.Status == dnsx.Failed {
		shown.Why = a.Cause
		return shown, 0
	}
	var have []string
	for _, r := range a.Records {
		have = append(have, canonical(s.Type, r.Data))
		old = max(old, time.Duration(r.TTL)*time.Second)
	}
	var want []string
	for _, data := range s.Data {
		want = append(want, canonical(s.Type, data))
	}
	slices.Sort(have)
	slices.Sort(want)
	if shown.Yes = slices.Equal(have, want); shown.Yes {
		return shown, 0
	}
	if len(have) == 0 {
		old = f.negative(ctx, s.Name)
	}
	return shown, old
}

// canonical is RDATA in a form that can be compared.
func canonical(kind, data string) string {
	if kind == "TXT" {
		return textOf(data)
	}
	return data
}

// forms are those that canonical gave: where hundreds of records stand at a name, each is compared with each.
type forms map[[2]string]string

func (f forms) same(kind, a, b string) bool { return f.of(kind, a) == f.of(kind, b) }

// index is the place of a record among others: the very strings, else those that say the same; -1 where it is not.
func (f forms) index(kind string, l []string, data string) int {
	if i := slices.Index(l, data); i >= 0 {
		return i
	}
	return slices.IndexFunc(l, func(x string) bool { return f.same(kind, x, data) })
}

func (f forms) of(kind, data string) string {
	k := [2]string{kind, data}
	if _, ok := f[k]; !ok {
		f[k] = canonical(kind, data)
	}
	return f[k]
}

// negative is for how long caches may keep that a name has no record: the lesser of the SOA record's own TTL and its last
// field (RFC 2308 5).
func (f follower) negative(ctx context.Context, name string) time.Duration {
	for zone := name; zone != ""; _, zone, _ = strings.Cut(zone, ".") {
		a := f.dns.Lookup(ctx, dnsx.Q(zone, dnsx.SOA))
		if a.Status != dnsx.Found || len(a.Chain) > 0 {
			continue
		}
		fields := strings.Fields(a.Records[0].Data)
		minimum, err := strconv.ParseUint(fields[len(fields)-1], 10, 32)
		if err != nil {
			return 0
		}
		return time.Duration(min(uint32(minimum), cmp.Or(a.Records[0].TTL, uint32(minimum)))) * time.Second
	}
	return 0
}
