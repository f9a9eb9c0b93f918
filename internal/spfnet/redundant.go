package spfnet

import (
	"slices"

	"mailaudit/internal/facts"
)

// maxCompared is how many terms of a record are compared with each other. RFC 7208 3.4 wants a record below 450 octets,
// which has no room for a fifth of them.
const maxCompared = 200

// Redundancy is a term that authorises nobody whom another term of the same record does not.
type Redundancy struct {
	Term, By *facts.SPFTerm
}

// Redundant finds the terms of a record that could be left out. Of two that authorise the same addresses it is the one that
// costs more lookups, else the later one. Nothing is said of a record in which order matters: where a term refuses
// addresses, or ends the evaluation of some.
func Redundant(n *facts.SPFNode) []Redundancy {
	if len(evaluate(n).permerror) > 0 || slices.ContainsFunc(n.Terms, refuses) {
		return nil
	}
	type party struct {
		*facts.SPFTerm
		of   outcome
		rank int // of two that do the same the one with the lower rank stays
	}
	var l []party
	for i := range n.Terms[:min(len(n.Terms), maxCompared)] {
		t := &n.Terms[i]
		// An all or exists that everybody passes makes all others redundant, which is not what is wrong with it.
		if m := matched(t); len(m.pass) > 0 && !m.pass.covers(everybody) {
			l = append(l, party{t, m, Lookups(t)*len(n.Terms) + i})
		}
	}
	var out []Redundancy
	for _, a := range l {
		if !a.of.whole || a.Term.Modifier {
			continue
		}
		i := slices.IndexFunc(l, func(b party) bool {
			same := b.of.whole && a.of.pass.covers(b.of.pass)
			return a.rank != b.rank && b.of.pass.covers(a.of.pass) && (!same || b.rank < a.rank)
		})
		if i >= 0 {
			out = append(out, Redundancy{a.SPFTerm, l[i].SPFTerm})
		}
	}
	return out
}

// refuses says whether a term gives somebody another result than pass, other than the all at the end.
func refuses(t facts.SPFTerm) bool {
	return !t.Term.Modifier && t.Term.Qualifier != "+" && t.Term.Name != "all"
}
