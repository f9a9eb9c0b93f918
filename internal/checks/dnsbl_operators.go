package checks

import (
	"fmt"
	"net/netip"
	"slices"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
)

// Operators that see the same independently of each other, and the weight from which a list counts.
const (
	tooMany   = 3
	minWeight = 30
)

var dnsblOperatorChecks = []*Check{
	{
		ID: "dnsbl.too-many", Title: "no sending address is on the lists of several operators", Area: "dnsbl", Worst: Warn, Impact: Reject,
		References: []string{"RFC 5782 2.1"},
		Needs:      facts.Listings,
		Help: "One list may be wrong. Operators that measure independently of each other and agree have seen spam: there is an " +
			"incident on the host, and asking one list after the other for removal does not end it.",
		Fix: "Treat it as an incident: stop outgoing mail, find the account, script or host that sends, change its passwords, " +
			"and ask for removal only then",
		Example: Example{Zone: "25.2.0.192.zen.spamhaus.org. A 127.0.0.3\n25.2.0.192.bl.spamcop.net. A 127.0.0.2\n" +
			"25.2.0.192.psbl.surriel.com. A 127.0.0.2"},
		Judge: dnsblTooMany,
	},
}

// dnsblTooMany counts the operators that list one address for what it sent: policy lists accuse nobody, and what covers a
// network is about its neighbours. Each listing costs where it stands, so that this costs nothing more.
func dnsblTooMany(f *facts.Facts) []Verdict {
	type target struct {
		Verdict
		operators []string
		lost      bool
	}
	var order []string
	targets := map[string]*target{}
	for _, x := range f.Listings {
		if x.Kind != string(blocklist.KindIP) {
			continue
		}
		t := targets[x.Target]
		if t == nil {
			t = &target{Verdict: Verdict{Subject: x.Target, Candidate: !x.Declared}}
			t.Source, _ = netip.ParseAddr(x.Target)
			targets[x.Target], order = t, append(order, x.Target)
		}
		class := blocklist.Class(x.Class)
		switch {
		case !answered(x):
			t.lost = true
		case x.Status == facts.Listed && x.Weight >= minWeight && (class == blocklist.ClassMajor || class == blocklist.ClassMinor) &&
			blocklist.Scope(x.Scope) == blocklist.ScopeAddress && !slices.Contains(t.operators, x.Operator):
			t.operators = append(t.operators, x.Operator)
		}
	}
	var l []Verdict
	for _, name := range order {
		t := targets[name]
		switch {
		case len(t.operators) >= tooMany:
			t.Broken = []Violation{{Status: Warn, Implied: true, Message: fmt.Sprintf("%d independent operators list %s, and %d are too many "+
				"for a mistake: %s", len(t.operators), name, tooMany, some(t.operators))}}
		case t.lost: // what did not answer stands in the rules about listings and lists
			t.Unknown, t.Said = "not all lists answered about "+name, "dnsbl"
		}
		l = append(l, t.Verdict)
	}
	return l
}
