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

// Bounds on what is asked about those that send nothing, and so would be asked for little.
const (
	maxNearAddresses = 4
	maxNearNames     = 4
)

// listed is what the blocklists and allowlists said.
type listed struct {
	lists      []facts.List
	listings   []facts.Listing
	helos      []facts.Listing
	nearby     []facts.Listing
	allowlists []facts.List
	allowed    []facts.Listing
}

// target is what one list is asked about.
type target struct {
	name     string
	addr     netip.Addr
	declared bool
	beyond   bool   // one too many: it is not asked about
	helo     bool   // it is a name in HELO and no other of the mail's domains
	host     string // of what is nearby: the MX host or name server that it stands for
}

// listings asks every list about every target that it takes, and at the same time whether it can be believed in this
// run (RFC 5782 5): an answer counts only when the self-test holds.
func (g *gatherer) listings(senders later[[]facts.Source], mx later[facts.Fact[facts.MX]], want facts.Topic) listed {
	domains := g.listDomains()
	own := soonIf(want&facts.MXListings != 0, func() []target { return g.ownAddresses(mx()) })
	others := soonIf(want&facts.HostListings != 0, func() []target { return g.otherDomains(domains) })
	helos := g.heloNames(domains)
	lists := slices.DeleteFunc(slices.Clone(g.t.Lists), func(l blocklist.List) bool { return !concerns(l, want) })
	leave := make([]string, len(lists))
	for i, l := range lists {
		leave[i] = g.leave(l)
	}
	// Of each list, by its place: what it is asked about, as far as that is to be had without the others.
	about := func(wanted bool, of func(blocklist.List) []target) later[[][]facts.Listing] {
		return soonIf(wanted, func() [][]facts.Listing {
			return g.askLists(lists, func(i int) []target {
				if leave[i] != "" {
					return nil
				}
				return of(lists[i])
			})
		})
	}
	idle := func(i int) bool { // there is nothing that it need be asked about
		return want&facts.Listings == 0 && len(nearTargets(lists[i], own, others)) == 0
	}
	health := soon(func() []blocklist.Health {
		return g.selfTests(lists, func(i int) bool { return leave[i] == "" && !idle(i) })
	})
	parts := []later[[][]facts.Listing]{
		about(want&facts.Listings != 0, func(l blocklist.List) []target {
			return atOnce(addressTargets(l, senders, g.t.AssumePublic))
		}),
		about(want&facts.Listings != 0, func(l blocklist.List) []target { return atOnce(domainTargets(l, domains, helos)) }),
		soonIf(want&facts.Listings != 0, func() [][]facts.Listing {
			return g.askTested(lists, func(i int) []target {
				if leave[i] != "" {
					return nil
				}
				l := append(addressTargets(lists[i], senders, g.t.AssumePublic), domainTargets(lists[i], domains, helos)...)
				if len(atOnce(l)) < len(l) {
					return l
				}
				return nil
			})
		}),
		about(true, func(l blocklist.List) []target { return nearAddresses(l, own) }),
		about(true, func(l blocklist.List) []target { return nearDomains(l, others) }),
	}
	l := listed{lists: []facts.List{}, listings: []facts.Listing{}, helos: []facts.Listing{}, nearby: []facts.Listing{}, allowlists: []facts.List{}, allowed: []facts.Listing{}}
	for i, list := range lists {
		f := listOf(list)
		if leave[i] != "" {
			f.State, f.Left, f.Dead = facts.ListLeft, leave[i], list.Dead != ""
			l.take(list, f, nil)
			continue
		}
		if idle(i) {
			continue
		}
		var found []facts.Listing
		for _, p := range parts {
			if of := p(); of != nil {
				found = append(found, of[i]...)
			}
		}
		f, found = believe(f, health()[i], found)
		l.take(list, f, found)
	}
	return l
}

// take adds a list and what it said.
func (l *listed) take(list blocklist.List, f facts.List, found []facts.Listing) {
	if list.Allows() {
		l.allowlists, l.allowed = append(l.allowlists, f), append(l.allowed, found...)
		return
	}
	l.lists = append(l.lists, f)
	for _, x := range found {
		switch {
		case x.Host != "":
			l.nearby = append(l.nearby, x)
		case x.HELO:
			l.helos = append(l.helos, x)
		default:
			l.listings = append(l.listings, x)
		}
	}
}

// believe is what a list and its answers are worth after its self-test.
func believe(f facts.List, h blocklist.Health, found []facts.Listing) (facts.List, []facts.Listing) {
	f.State, f.Why = stateOf(h), h.Why
	f.Broken = h.Fault == blocklist.FaultDead || h.Fault == blocklist.FaultListsAll
	if !h.Usable() {
		return f, disbelieve(found, string(h.Status()), h.Why)
	}
	// A list that passes its self-test may still refuse, or answer nonsense, about the target.
	for _, x := range found {
		switch x.Status {
		case facts.Refused:
			f.State, f.Why = facts.ListRefused, x.Why
		case hijacked: // an answer that is not the list's own: nothing that the zone says counts
			f.State, f.Why = facts.ListHijacked, x.Why
			return f, disbelieve(found, facts.NoClue, x.Why)
		}
	}
	return f, found
}

// askLists asks each list, by its place, about its targets.
func (g *gatherer) askLists(lists []blocklist.List, of func(i int) []target) [][]facts.Listing {
	type one struct {
		list int
		target
	}
	var all []one
	for i := range lists {
		for _, t := range of(i) {
			all = append(all, one{i, t})
		}
	}
	question := func(x one) dnsx.Question {
		name, err := lists[x.list].Name(x.name)
		if err != nil || x.beyond {
			return dnsx.Question{}
		}
		return dnsx.Q(name, dnsx.A)
	}
	found := ahead(g, all, question, isThere, func(x one, a dnsx.Answer) facts.Listing { return g.listing(lists[x.list], x.target, a) })
	out := make([][]facts.Listing, len(lists))
	for k, x := range all {
		out[x.list] = append(out[x.list], found[k])
	}
	return out
}

// askTested asks each list, by its place, about its targets if it is fit for use. None waits for the self-test of another.
func (g *gatherer) askTested(lists []blocklist.List, of func(i int) []target) [][]facts.Listing {
	type many struct {
		list    int
		targets []target
	}
	var all []many
	for i := range lists {
		if l := of(i); len(l) > 0 {
			all = append(all, many{i, l})
		}
	}
	out := make([][]facts.Listing, len(lists))
	for k, found := range every(all, func(x many) (found []facts.Listing) {
		alone := lists[x.list : x.list+1]
		if g.selfTests(alone, func(int) bool { return true })[0].Usable() {
			return g.askLists(alone, func(int) []target { return x.targets })[0]
		}
		for _, t := range x.targets {
			found = append(found, unasked(alone[0], t))
		}
		return found
	}) {
		out[all[k].list] = found
	}
	return out
}

// concerns says whether a list has a part in what is wanted.
func concerns(l blocklist.List, want facts.Topic) bool {
	return want&facts.Listings != 0 || want&facts.MXListings != 0 && isMajor(l) || want&facts.HostListings != 0 && listsDomains(l)
}

// isMajor says whether many refuse what a list of addresses holds.
func isMajor(l blocklist.List) bool {
	return l.Kind == blocklist.KindIP && l.Worst() == blocklist.ClassMajor
}

// listsDomains says whether mail is refused for what a list of domains holds.
func listsDomains(l blocklist.List) bool {
	return l.Kind == blocklist.KindDomain && l.Worst() == blocklist.ClassDomain
}

// listOf is a list of which nothing is known yet.
func listOf(l blocklist.List) facts.List {
	return facts.List{Zone: l.Zone, Kind: string(l.Kind), Major: isMajor(l) || listsDomains(l)}
}

// leave says why a list is not asked.
func (g *gatherer) leave(l blocklist.List) string {
	switch {
	case l.Dead != "":
		return l.Dead
	case g.t.LeaveTerms && l.Terms == blocklist.TermsNonCommercial:
		return "its terms forbid use in bulk without an agreement; --accept-list-terms says that there is one"
	}
	return ""
}

// addressTargets are the senders that a list of addresses is asked about.
func addressTargets(l blocklist.List, senders later[[]facts.Source], assumed []netip.Prefix) []target {
	if l.Kind != blocklist.KindIP {
		return nil
	}
	return listAddresses(senders(), assumed, l)
}

// atOnce are targets that a list may be asked about before its self-test is known: all or none.
func atOnce(l []target) []target {
	if len(l) > maxUntested {
		return nil
	}
	return l
}

// domainTargets are the names that a list of names is asked about.
func domainTargets(l blocklist.List, domains, helos []target) []target {
	switch {
	case l.Kind == blocklist.KindIP:
		return nil
	case listsDomains(l):
		return slices.Concat(domains, askable(l, helos))
	}
	return domains
}

// nearTargets are what one list is asked about those that send nothing. MX records name anything; a list is asked about
// what it could hold.
func nearTargets(l blocklist.List, addresses, domains later[[]target]) []target {
	return append(nearAddresses(l, addresses), nearDomains(l, domains)...)
}

func nearAddresses(l blocklist.List, addresses later[[]target]) []target {
	if !isMajor(l) {
		return nil
	}
	return askable(l, addresses())
}

func nearDomains(l blocklist.List, domains later[[]target]) []target {
	if !listsDomains(l) {
		return nil
	}
	return askable(l, domains())
}

// askable are the targets that a list could hold.
func askable(l blocklist.List, targets []target) []target {
	return slices.DeleteFunc(slices.Clone(targets), func(t target) bool {
		_, err := l.Name(t.name)
		return err != nil
	})
}

// disbelieve leaves of listings nothing but that they count for nothing.
func disbelieve(l []facts.Listing, status, why string) []facts.Listing {
	for i, x := range l {
		l[i] = facts.Listing{Zone: x.Zone, Target: x.Target, Kind: x.Kind, Declared: x.Declared, Host: x.Host, HELO: x.HELO, Status: status, Why: why, Codes: []string{}}
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

// selfTests asks each list, by its place, for its two test points if it is to be tested.
func (g *gatherer) selfTests(lists []blocklist.List, tested func(i int) bool) []blocklist.Health {
	var names []string
	for i, l := range lists {
		if yes, no := l.TestNames(); yes != "" && tested(i) {
			names = append(names, yes, no)
		}
	}
	question := func(name string) dnsx.Question { return dnsx.Q(name, dnsx.A) }
	settled := func(dnsx.Answer) bool { return false }
	o := ahead(g, names, question, settled, func(_ string, a dnsx.Answer) blocklist.Outcome { return outcome(a) })
	health := make([]blocklist.Health, len(lists))
	for i, l := range lists {
		switch yes, _ := l.TestNames(); {
		case !tested(i):
		case yes == "":
			health[i] = l.SelfTest(blocklist.Outcome{}, blocklist.Outcome{})
		default:
			health[i] = l.SelfTest(o[0], o[1])
			o = o[2:]
		}
	}
	return health
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
	return facts.Listing{Zone: l.Zone, Target: t.name, Kind: string(l.Kind), Declared: t.declared, Host: t.host, HELO: t.helo, Codes: []string{}}
}

// listing is what one list answered about one target. It asks for the reason where that is listed.
func (g *gatherer) listing(l blocklist.List, t target, a dnsx.Answer) facts.Listing {
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
	if v.Status != blocklist.Listed && v.Class != blocklist.ClassAllow {
		return f
	}
	f.Class, f.Meaning = string(v.Class), strings.Join(v.Meanings, "; ")
	if v.Status != blocklist.Listed {
		return f
	}
	f.Operator, f.Weight, f.Compromised, f.Net64 = l.Operator, l.Weight, v.Compromised, v.Net64
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
			out = append(out, target{name: s.IP.String(), addr: s.IP, declared: s.Declared, beyond: len(out) >= maxListed})
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

// heloNames are the host names that the streams' hosts say, but for those that are asked about anyway. Receivers ask lists of
// domains about them as they stand: reject_rhsbl_helo of Postfix.
func (g *gatherer) heloNames(asked []target) []target {
	var l []target
	for _, s := range g.t.Streams {
		name := strings.ToLower(s.HELO)
		known := func(t target) bool { return t.name == name }
		if isHost(name) && !slices.ContainsFunc(asked, known) && !slices.ContainsFunc(l, known) {
			l = append(l, target{name: name, declared: true, helo: true})
		}
	}
	return l
}

// registrable is the domain that somebody registered; the name itself where it is a public suffix.
func registrable(name string) string {
	if r, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return r
	}
	return name
}

// ownAddresses are the first addresses of the MX hosts within the audited domain's own registration. What is said of a
// provider's MX hosts says nothing of its customers.
func (g *gatherer) ownAddresses(mx facts.Fact[facts.MX]) []target {
	var l []target
	org := registrable(g.t.Domain)
	for _, h := range mx.Value.Hosts {
		for _, a := range h.Addresses.Value.Addresses {
			known := slices.ContainsFunc(l, func(t target) bool { return t.addr == a })
			if !known && len(l) < maxNearAddresses && within(h.Host, org) && special.Public(a, g.t.AssumePublic) {
				l = append(l, target{name: a.String(), addr: a, host: h.Host})
			}
		}
	}
	return l
}

// otherDomains are the first domains in which the MX hosts and name servers are, but for those that are asked about anyway.
// Their names are enough.
func (g *gatherer) otherDomains(asked []target) []target {
	var hosts []string
	for _, h := range g.mx(false).Value.Hosts {
		hosts = append(hosts, h.Host)
	}
	own, _ := zoneNames(g.t.Domain)
	for _, a := range g.askAll(own, dnsx.NS) {
		if a.Status != dnsx.Found || len(a.Chain) > 0 {
			continue
		}
		var servers []string
		for _, r := range a.Records {
			servers = append(servers, r.Target)
		}
		slices.Sort(servers)
		hosts = append(hosts, servers...)
		break // those of the zones above serve other names
	}
	var l []target
	for _, h := range hosts {
		r, err := publicsuffix.EffectiveTLDPlusOne(h)
		known := func(t target) bool { return t.name == r }
		if err == nil && len(l) < maxNearNames && !slices.ContainsFunc(asked, known) && !slices.ContainsFunc(l, known) {
			l = append(l, target{name: r, host: h})
		}
	}
	return l
}
