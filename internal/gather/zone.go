package gather

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// Bounds on what the walk to the top of the zone asks.
const (
	maxApex    = 5  // names
	maxServers = 13 // name servers whose addresses are looked at: as many as the root has
)

// isSuffix says whether the public suffix list has a name as one under which others register theirs. That a top-level
// domain is on no list says nothing.
func isSuffix(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return suffix == domain && (icann || strings.Contains(domain, "."))
}

// zone finds out how the zone serves the domain, and its DMARC record where that is wanted.
func (g *gatherer) zone(withPolicy bool) facts.Fact[facts.Zone] {
	wildcard := soon(g.atRandom)
	alias := soon(g.alias)
	ttls := soon(func() []facts.TTL { return g.ttls(withPolicy) })
	caa := soon(g.caa)
	z := facts.Zone{}
	z.SOA, z.Servers = g.apex()
	z.Wildcard, z.Alias, z.TTLs, z.CAA = wildcard(), alias(), ttls(), caa()
	return facts.Know(z)
}

// zoneNames are the names at which the SOA of the domain's zone can stand, nearest first: its owner's, and those of
// registries above. Names beyond the bound are left out.
func zoneNames(domain string) (own, above []string) {
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		registered = domain // a public suffix itself
	}
	for n, ok := domain, true; ok && len(own)+len(above) < maxApex; _, n, ok = strings.Cut(n, ".") {
		if within(n, registered) {
			own = append(own, n)
		} else {
			above = append(above, n)
		}
	}
	return own, above
}

// apex finds the SOA of the domain's zone, and its name servers.
func (g *gatherer) apex() (facts.Fact[facts.SOA], facts.Fact[[]facts.NameServer]) {
	soa, ns := g.top()
	if !ns.Known() {
		return soa, facts.Fact[[]facts.NameServer]{State: ns.State, Why: ns.Why}
	}
	return soa, g.servers(ns.Value)
}

// top finds the SOA of the domain's zone, and the answer that has its NS records. Registries are asked only where the owner
// has none.
func (g *gatherer) top() (facts.Fact[facts.SOA], facts.Fact[dnsx.Answer]) {
	var servers facts.Fact[dnsx.Answer]
	own, above := zoneNames(g.t.Domain)
	answers := g.askAll(own, dnsx.SOA, dnsx.NS)
	for i, name := range own {
		soa, ns := answers[2*i], answers[2*i+1]
		// What a CNAME leads to is of another zone.
		cut := ns.Status == dnsx.Found && len(ns.Chain) == 0
		switch {
		case soa.Status == dnsx.Failed:
			return facts.Cannot[facts.SOA](soa.Cause), facts.Cannot[dnsx.Answer](soa.Cause)
		case soa.Status == dnsx.Found && len(soa.Chain) == 0:
			return soaOf(name, soa.Records[0]), facts.Know(ns)
		case cut: // RFC 1034 4.2.1: a zone begins where name servers stand
			return facts.Know(facts.SOA{Apex: name, Missing: true}), facts.Know(ns)
		case ns.Status == dnsx.Failed:
			return facts.Cannot[facts.SOA](ns.Cause), facts.Cannot[dnsx.Answer](ns.Cause)
		}
	}
	for i, a := range g.askAll(above, dnsx.SOA) {
		switch {
		case a.Status == dnsx.Failed:
			return facts.Cannot[facts.SOA](a.Cause), servers
		case a.Status == dnsx.Found && len(a.Chain) == 0:
			s := soaOf(above[i], a.Records[0])
			s.Value.Registry = true
			return s, servers
		}
	}
	if strings.Count(g.t.Domain, ".") >= maxApex {
		return facts.Cannot[facts.SOA]("no SOA record at the " + strconv.Itoa(maxApex) + " names that are looked at, from " + g.t.Domain + " upwards"), servers
	}
	return facts.Know(facts.SOA{Missing: true}), servers
}

// soaOf reads the RDATA of an SOA record: two names, then serial, refresh, retry, expire and minimum (RFC 1035 3.3.13).
func soaOf(apex string, r dnsx.Record) facts.Fact[facts.SOA] {
	s := facts.SOA{Apex: apex, TTL: r.TTL}
	f := strings.Fields(r.Data)
	to := []*uint32{&s.Serial, &s.Refresh, &s.Retry, &s.Expire, &s.Minimum}
	if len(f) < len(to) {
		return facts.Cannot[facts.SOA]("unreadable SOA record at " + apex)
	}
	for i, word := range f[len(f)-len(to):] { // from the end: a name may hold a space
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return facts.Cannot[facts.SOA]("unreadable SOA record at " + apex)
		}
		*to[i] = uint32(n)
	}
	return facts.Know(s)
}

// servers are the name servers of an answer, with their addresses.
func (g *gatherer) servers(a dnsx.Answer) facts.Fact[[]facts.NameServer] {
	if a.Status == dnsx.Failed {
		return facts.Cannot[[]facts.NameServer](a.Cause)
	}
	if len(a.Chain) > 0 {
		return facts.Know([]facts.NameServer{})
	}
	hosts := targets(a.Records)
	l := every(hosts[:min(len(hosts), maxServers)], func(h string) facts.NameServer {
		return facts.NameServer{Host: h, Addresses: g.hosts(h)}
	})
	for _, h := range hosts[len(l):] {
		l = append(l, facts.NameServer{Host: h, Addresses: facts.Cannot[facts.Hosts]("only the first " + strconv.Itoa(maxServers) + " name servers are looked at")})
	}
	return facts.Know(l)
}

// alias tells whether the domain is a CNAME, and what stands beside that: each type is asked for anyway, and a server
// that has both answers some with the CNAME and others without.
func (g *gatherer) alias() facts.Fact[facts.Alias] {
	types := []dnsx.Type{dnsx.SOA, dnsx.NS, dnsx.A, dnsx.AAAA, dnsx.MX, dnsx.TXT}
	var x facts.Alias
	cause := ""
	for i, a := range g.askAll([]string{g.t.Domain}, types...) {
		switch {
		case len(a.Chain) > 0:
			if x.CNAME == nil {
				x.CNAME = a.Chain
			}
		case a.Status == dnsx.Found:
			x.Beside = append(x.Beside, types[i].String())
		case a.Status == dnsx.Failed:
			cause = a.Cause
		}
	}
	if cause != "" && (len(x.CNAME) == 0 || len(x.Beside) == 0) {
		return facts.Cannot[facts.Alias](cause)
	}
	return facts.Know(x)
}

// atRandom are the types of records that a name which nobody made has beneath the domain (RFC 4592). NXDOMAIN for one
// type is for all (RFC 8020 2); a server that denies nothing but has nothing either has no wildcard.
func (g *gatherer) atRandom() facts.Fact[[]string] {
	name := unlikely(g.t.Domain) + "." + g.t.Domain
	first := g.ask(name, dnsx.TXT)
	switch first.Status {
	case dnsx.Failed:
		return facts.Cannot[[]string](first.Cause)
	case dnsx.NXDomain:
		return facts.Know([]string{})
	}
	types := []dnsx.Type{dnsx.A, dnsx.AAAA, dnsx.MX, dnsx.TXT}
	l, cause := []string{}, ""
	for i, a := range g.askAll([]string{name}, types...) {
		switch a.Status {
		case dnsx.Found:
			l = append(l, types[i].String())
		case dnsx.Failed:
			cause = a.Cause
		}
	}
	if len(l) == 0 && cause != "" {
		return facts.Cannot[[]string](cause)
	}
	return facts.Know(l)
}

// ttls are how long resolvers may go on with the records that decide about mail. A resolver that has them says what is
// left of that time, so each is at least so long.
func (g *gatherer) ttls(withPolicy bool) []facts.TTL {
	type kept struct {
		what, name string
		of         dnsx.Type
		is         func(text string) bool
	}
	records := []kept{
		{"MX", g.t.Domain, dnsx.MX, func(string) bool { return true }},
		{"SPF", g.t.Domain, dnsx.TXT, func(text string) bool { return len(text) >= 6 && strings.EqualFold(text[:6], "v=spf1") }},
	}
	if withPolicy {
		records = append(records, kept{"DMARC", "_dmarc." + g.t.Domain, dnsx.TXT, dmarc.IsDMARC})
	}
	l := []facts.TTL{}
	for _, x := range records {
		t := facts.TTL{What: x.what, Name: x.name}
		a := g.ask(x.name, x.of)
		i := slices.IndexFunc(a.Records, func(r dnsx.Record) bool { return x.is(r.Text) })
		switch {
		case a.Status == dnsx.Failed:
			t.Seconds = facts.Cannot[uint32](a.Cause)
		case i < 0:
			continue
		default:
			t.Seconds = facts.Know(a.Records[i].TTL)
		}
		l = append(l, t)
	}
	return l
}
