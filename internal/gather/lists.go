package gather

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// maxListed bounds the sending addresses that are looked up on blocklists: a /24 that was declared.
const maxListed = 256

// maxUntested is how many targets a list is asked about before its self-test is known. To ask a list that refuses us about a
// whole range is what it refuses us for, and one that is silent would take the lookups that others need.
const maxUntested = 16

// listed is what the blocklists said.
type listed struct {
	lists    []facts.List
	listings []facts.Listing
}

// target is what one list is asked about.
type target struct {
	name     string
	addr     netip.Addr
	declared bool
	beyond   bool // one too many: it is not asked about
}

// listings asks every list about every target that it takes, and at the same time whether it can be believed in this
// run (RFC 5782 5): an answer counts only when the self-test holds.
func (g *gatherer) listings(senders later[[]facts.Source]) listed {
	domains := g.listDomains()
	type asked struct {
		list     facts.List
		listings []facts.Listing
	}
	answers := every(g.t.Lists, func(l blocklist.List) asked {
		f := facts.List{Zone: l.Zone, Kind: string(l.Kind), Major: l.Worst() == blocklist.ClassMajor}
		if g.t.LeaveTerms && l.Terms == blocklist.TermsNonCommercial {
			f.State, f.Left = facts.ListLeft, "its terms forbid use in bulk without an agreement; --accept-list-terms says that there is one"
			return asked{list: f}
		}
		health := soon(func() blocklist.Health { return g.selfTest(l) })
		targets := domains
		if l.Kind == blocklist.KindIP {
			targets = listAddresses(senders(), g.t.AssumePublic, l)
		}
		look := g.listing
		if len(targets) > maxUntested && !health().Usable() {
			look = unasked
		}
		found := every(targets, func(t target) facts.Listing { return look(l, t) })
		h := health()
		f.State, f.Why = stateOf(h), h.Why
		f.Broken = h.Fault == blocklist.FaultDead || h.Fault == blocklist.FaultListsAll
		if !h.Usable() {
			return asked{f, disbelieve(found, string(h.Status()), h.Why)}
		}
		// A list that passes its self-test may still refuse, or answer nonsense, about the target.
		for _, x := range found {
			switch x.Status {
			case facts.Refused:
				f.State, f.Why = facts.ListRefused, x.Why
			case hijacked: // an answer that is not the list's own: nothing that the zone says counts
				f.State, f.Why = facts.ListHijacked, x.Why
				return asked{f, disbelieve(found, facts.NoClue, x.Why)}
			}
		}
		return asked{f, found}
	})
	l := listed{lists: []facts.List{}, listings: []facts.Listing{}}
	for _, a := range answers {
		l.lists = append(l.lists, a.list)
		l.listings = append(l.listings, a.listings...)
	}
	return l
}

// disbelieve leaves of listings nothing but that they count for nothing.
func disbelieve(l []facts.Listing, status, why string) []facts.Listing {
	for i, x := range l {
		l[i] = facts.Listing{Zone: x.Zone, Target: x.Target, Kind: x.Kind, Declared: x.Declared, Status: status, Why: why, Codes: []string{}}
	}
	return l
}

// hijacked marks an answer that is not the list's own until its list has been told of it.
const hijacked = "hijacked"

func stateOf(h blocklist.Health) string {
	switch h.Fault {
	case blocklist.FaultNone:
		return facts.ListUsable
	case blocklist.FaultRefused:
		return facts.ListRefused
	case blocklist.FaultHijacked:
		return facts.ListHijacked
	}
	return facts.ListFailed
}

// selfTest asks a list's two test points.
func (g *gatherer) selfTest(l blocklist.List) blocklist.Health {
	yes, no := l.TestNames()
	if yes == "" {
		return l.SelfTest(blocklist.Outcome{}, blocklist.Outcome{})
	}
	o := every([]string{yes, no}, func(name string) blocklist.Outcome { return outcome(g.ask(name, dnsx.A)) })
	return l.SelfTest(o[0], o[1])
}

func outcome(a dnsx.Answer) blocklist.Outcome {
	if a.Status == dnsx.Failed {
		return blocklist.Outcome{Failed: a.Cause}
	}
	return blocklist.Outcome{Answers: addrs(a)}
}

func addrs(a dnsx.Answer) []netip.Addr {
	var l []netip.Addr
	for _, r := range a.Records {
		l = append(l, r.Addr)
	}
	return l
}

// unasked is a listing of which nothing is known yet.
func unasked(l blocklist.List, t target) facts.Listing {
	return facts.Listing{Zone: l.Zone, Target: t.name, Kind: string(l.Kind), Declared: t.declared, Codes: []string{}}
}

// listing asks one list about one target, and for its reason where it is listed.
func (g *gatherer) listing(l blocklist.List, t target) facts.Listing {
	f := unasked(l, t)
	if t.beyond {
		f.Status, f.Why = facts.NoClue, fmt.Sprintf("only the first %d addresses are looked up on blocklists", maxListed)
		return f
	}
	name, err := l.Name(t.name)
	if err != nil {
		f.Status, f.Why = facts.NoClue, err.Error()
		return f
	}
	a := g.ask(name, dnsx.A)
	if a.Status == dnsx.Failed {
		f.Status, f.Why = facts.NoClue, a.Cause
		return f
	}
	v := l.Decode(addrs(a))
	f.Status, f.Why = string(v.Status), v.Why
	f.Codes = append(f.Codes, v.Codes...)
	if v.Hijacked {
		f.Status = hijacked
	}
	if v.Status != blocklist.Listed {
		return f
	}
	f.Class, f.Meaning = string(v.Class), strings.Join(v.Meanings, "; ")
	f.Operator, f.Weight = l.Operator, l.Weight
	f.Scope, f.UsedBy, f.Removal = string(l.Scope), l.UsedBy, l.Removal
	if f.Removal == "" {
		f.Removal = l.NoRemoval
	}
	if r := g.ask(name, dnsx.TXT); len(r.Records) > 0 {
		f.Reason = r.Records[0].Text
	}
	return f
}

// listAddresses are the senders that a list takes. Lists know nothing of private addresses.
func listAddresses(l []facts.Source, assumed []netip.Prefix, list blocklist.List) []target {
	var out []target
	for _, s := range l {
		known := slices.ContainsFunc(out, func(t target) bool { return t.addr == s.IP })
		if !known && list.Takes(s.IP) && special.Public(s.IP, assumed) {
			out = append(out, target{s.IP.String(), s.IP, s.Declared, len(out) >= maxListed})
		}
	}
	return out
}

// listDomains are the domains that stand in the mail, each with the registrable domain above it: domain lists hold
// those, and some the exact host.
func (g *gatherer) listDomains() []target {
	var out []target
	add := func(d string) {
		if !slices.ContainsFunc(out, func(t target) bool { return t.name == d }) {
			out = append(out, target{name: d, declared: true})
		}
	}
	both := func(d string) {
		add(d)
		if r, err := publicsuffix.EffectiveTLDPlusOne(d); err == nil {
			add(r)
		}
	}
	both(g.t.Domain)
	for _, s := range g.t.Streams {
		_, mailFrom, _ := strings.Cut(s.MailFrom, "@")
		both(mailFrom)
		both(s.DKIMDomain)
	}
	return out
}
