// Package spfnet computes who is authorised by an SPF record that was walked: the set of addresses that get pass, however
// many terms and includes name them.
//
// Mechanisms are tried from left to right and the first that matches decides (RFC 7208 4.6.2). An include matches where the
// other record gives pass (5.2), a redirect takes over its result (6.1), and what makes a receiver give up with permerror
// (4.6, 4.6.4) takes from every address that nothing before it matched the chance to pass. So each record splits all
// addresses into those that pass, those that end in permerror and the rest, and a record that includes it goes on from there.
//
// What depends on the message (macros, ptr), and what was lost, is in no set: then the sum is a lower bound and says so.
package spfnet

import (
	"math/big"
	"net/netip"

	"mailaudit/internal/facts"
)

// The limits of an evaluation (RFC 7208 4.6.4).
const (
	maxLookups = 10
	maxVoid    = 2
	maxMXHosts = 10
)

// Summary is who passes by a record, and what its terms cost.
type Summary struct {
	IPv4     uint64 // addresses; those that several terms name count once
	IPv6     string // addresses, a decimal number: it may have 39 digits
	Complete bool   // nobody else could pass: nothing was lost, and nothing depends on the message
	Lookups  int    // that all terms cause together
	Left     int    // of the 10 that are allowed
	Costs    []Cost // of the record's own terms that cause lookups, in order

	pass spans
}

// Cost is what one term of the record itself takes of the 10 lookups, with all that it leads to, and whom it names.
type Cost struct {
	Term    string
	Lookups int
	IPv4    uint64
	IPv6    string
}

// Authorised says who passes by a walked record.
func Authorised(n *facts.SPFNode) Summary {
	out := evaluate(n)
	s := Summary{Complete: out.whole, Costs: []Cost{}, pass: out.pass}
	s.IPv4, s.IPv6 = out.pass.size()
	for i := range n.Terms {
		t := &n.Terms[i]
		lookups := Lookups(t)
		if lookups == 0 {
			continue
		}
		c := Cost{Term: t.Term.Text, Lookups: lookups}
		c.IPv4, c.IPv6 = matched(t).pass.size()
		s.Costs = append(s.Costs, c)
		s.Lookups += lookups
	}
	s.Left = max(0, maxLookups-s.Lookups)
	return s
}

// Passes says whether an address is among those that pass. Where the sum is not complete, others may.
func (s Summary) Passes(a netip.Addr) bool { return s.pass.contains(a.Unmap()) }

// Lookups is what a term takes of the 10 lookups, with all that it leads to.
func Lookups(t *facts.SPFTerm) int {
	n := 0
	if t.Lookup > 0 {
		n = 1
	}
	if t.Child != nil {
		for i := range t.Child.Terms {
			n += Lookups(&t.Child.Terms[i])
		}
	}
	return n
}

// outcome splits all addresses: those that pass, those that end in permerror, and the rest.
type outcome struct {
	pass, permerror spans
	whole           bool // nothing was lost, and nothing depends on the message
}

var (
	nobody   = outcome{whole: true}
	failsAll = outcome{permerror: everybody, whole: true}
	unknown  = outcome{}
)

// evaluate is check_host() for all addresses at once. The numbers of lookups and voids are those of an address that no
// term matches; one that a fail within an include ends early has fewer of them, and none passes because of it.
func evaluate(n *facts.SPFNode) outcome {
	switch n.Status {
	case facts.SPFFound:
	case facts.SPFNone, facts.SPFMultiple, facts.SPFLoop, facts.SPFUnread: // the last is far beyond the 10 lookups
		return failsAll
	default:
		return unknown
	}
	if n.Record == nil || len(n.Record.Problems) > 0 {
		return failsAll
	}
	out := outcome{whole: true}
	var claims []claim
	for i := range n.Terms {
		t := &n.Terms[i]
		m := matched(t)
		out.whole = out.whole && m.whole
		result := rest
		if t.Term.Modifier || t.Term.Qualifier == "+" {
			result = passes
		}
		claims = append(claims, claim{m.permerror, errs}, claim{m.pass, result})
	}
	out.pass, out.permerror = settle(claims)
	return out
}

// matched is whom a term matches, and for whom it ends the evaluation.
func matched(t *facts.SPFTerm) outcome {
	if t.Lookup > maxLookups || t.VoidCount > maxVoid || t.Hosts > maxMXHosts {
		return failsAll
	}
	switch t.Term.Name {
	case "all":
		return outcome{pass: everybody, whole: true}
	case "ip4", "ip6":
		return outcome{pass: union(network(t.Term.Network)), whole: true}
	case "a", "mx":
		return outcome{pass: hosts(t), whole: t.Why == ""}
	case "include", "redirect":
		if t.Child == nil {
			return unknown
		}
		return evaluate(t.Child)
	case "exists":
		switch {
		case t.Void:
			return nobody
		case t.Why != "" || t.Target == "":
			return unknown
		}
		return outcome{pass: everybody, whole: true} // the name is the same whoever sends, and it has an address (RFC 7208 5.7)
	}
	return unknown // ptr
}

// hosts are the networks around the addresses that an a or mx leads to.
func hosts(t *facts.SPFTerm) spans {
	var l spans
	for _, a := range t.Addresses {
		bits := t.Term.Prefix6
		if a.Is4() {
			bits = t.Term.Prefix4
		}
		l = append(l, network(netip.PrefixFrom(a, bits))...)
	}
	return union(l)
}

// size counts addresses.
func (l spans) size() (ipv4 uint64, ipv6 string) {
	six := new(big.Int)
	for _, s := range l {
		if s.from.Is4() {
			ipv4 += number(s.to).Uint64() - number(s.from).Uint64() + 1
			continue
		}
		n := number(s.to)
		six.Add(six, n.Sub(n, number(s.from)).Add(n, big.NewInt(1)))
	}
	return ipv4, six.String()
}

func number(a netip.Addr) *big.Int { return new(big.Int).SetBytes(a.AsSlice()) }
