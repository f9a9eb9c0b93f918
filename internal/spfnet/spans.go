package spfnet

import (
	"cmp"
	"container/heap"
	"net/netip"
	"slices"
)

// span is a range of addresses of one family, both ends included.
type span struct{ from, to netip.Addr }

// spans are sorted, IPv4 first, and no two of them overlap or touch.
type spans []span

var everybody = spans{{netip.IPv4Unspecified(), top(netip.IPv4Unspecified())}, {netip.IPv6Unspecified(), top(netip.IPv6Unspecified())}}

// top is the highest address of a family.
func top(of netip.Addr) netip.Addr { return Last(netip.PrefixFrom(of, 0)) }

// Last is the highest address in a network.
func Last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		if host := 8*(i+1) - p.Bits(); host > 0 {
			b[i] |= byte(1<<min(host, 8) - 1)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// network are the addresses in a network. An IPv4-mapped address is judged as the IPv4 address that it stands for (RFC
// 7208 5), so that a network of nothing else matches nobody.
func network(p netip.Prefix) spans {
	if !p.IsValid() || p.Addr().Is4In6() && p.Bits() >= 96 {
		return nil
	}
	return spans{{p.Masked().Addr(), Last(p)}}
}

// holding finds the span that holds an address, or nearest below it.
func (l spans) holding(a netip.Addr) (span, bool) {
	i, found := slices.BinarySearchFunc(l, a, func(s span, a netip.Addr) int { return s.from.Compare(a) })
	if !found {
		i--
	}
	if i < 0 || a.Compare(l[i].to) > 0 {
		return span{}, false
	}
	return l[i], true
}

func (l spans) contains(a netip.Addr) bool {
	_, ok := l.holding(a)
	return ok
}

// covers says whether all of another set is in this one.
func (l spans) covers(other spans) bool {
	for _, s := range other {
		if in, ok := l.holding(s.from); !ok || s.to.Compare(in.to) > 0 {
			return false
		}
	}
	return true
}

// The results that terms claim for addresses.
const (
	passes = iota
	errs
	rest
)

// claim gives a result to addresses that no claim before it has.
type claim struct {
	to     spans
	result int
}

// union is one set out of spans in any order.
func union(l spans) spans {
	var claims []claim
	for _, s := range l {
		claims = append(claims, claim{spans{s}, passes})
	}
	out, _ := settle(claims)
	return out
}

// settle gives each address the result of the first claim that names it. It goes through the addresses at which some span
// begins or is over, and keeps the claims in force on a heap: the order of the work is that of sorting.
func settle(claims []claim) (pass, permerror spans) {
	type edge struct {
		at    netip.Addr
		begin pending // the zero one where a span is over
	}
	var edges []edge
	for i, c := range claims {
		for _, s := range c.to {
			edges = append(edges, edge{s.from, pending{s.to, i, c.result}})
			if after := s.to.Next(); after.IsValid() {
				edges = append(edges, edge{at: after})
			}
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
	var open queue
	for i, e := range edges {
		if e.begin.to.IsValid() {
			heap.Push(&open, e.begin)
		}
		if i+1 < len(edges) && edges[i+1].at == e.at {
			continue
		}
		for len(open) > 0 && open[0].to.Less(e.at) {
			heap.Pop(&open)
		}
		if len(open) == 0 {
			continue
		}
		to := top(e.at)
		if i+1 < len(edges) && edges[i+1].at.BitLen() == e.at.BitLen() {
			to = edges[i+1].at.Prev()
		}
		switch open[0].result {
		case passes:
			pass = pass.and(span{e.at, to})
		case errs:
			permerror = permerror.and(span{e.at, to})
		}
	}
	return pass, permerror
}

// and adds a span behind the others, or makes the last one longer.
func (l spans) and(s span) spans {
	if n := len(l); n > 0 && l[n-1].to.Next() == s.from {
		l[n-1].to = s.to
		return l
	}
	return append(l, s)
}

// pending is a claim in force, up to an address.
type pending struct {
	to            netip.Addr
	order, result int
}

// queue is a heap with the first claim on top.
type queue []pending

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return cmp.Less(q[i].order, q[j].order) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(pending)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
