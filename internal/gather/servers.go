package gather

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

// Bounds on what authoritative servers are asked.
const (
	maxPerServer = 2 // addresses of one server
	maxParents   = 2 // servers of the zone above, until one answers
)

// authorities is what the servers of the domain's zone say themselves, and those of the zone above.
type authorities struct {
	talks  []facts.ServerTalk
	parent facts.Fact[facts.Delegation]
	outage facts.Fact[facts.Outage]
}

// authorities asks them. Where the resolver finds nothing out, who fails is looked for from the zone above.
func (g *gatherer) authorities(exists later[facts.Fact[bool]]) authorities {
	soa, servers := g.apex()
	if soa.Known() && servers.Known() {
		parent := soon(func() facts.Fact[facts.Delegation] {
			d, _ := g.delegation(soa.Value.Apex)
			return d
		})
		if soa.Value.Missing {
			return authorities{parent: parent()} // soa.missing; no server can answer the question for it
		}
		a := authorities{talks: g.talks(soa.Value.Apex, g.seatsOf(servers.Value)), parent: parent()}
		if len(a.talks) > 0 && !slices.ContainsFunc(a.talks, func(t facts.ServerTalk) bool { return t.TCP.Answered() }) {
			a.parent.Value.TCP = a.parent.Known() && g.takesTCP(a.parent.Value)
		}
		return a
	}
	if exists().State == facts.Unknown {
		return authorities{outage: g.outage()}
	}
	return authorities{}
}

// takesTCP says whether a server of the zone above is heard over TCP: the control for whether ours lets that out.
func (g *gatherer) takesTCP(d facts.Delegation) bool {
	a := g.dns.Lookup(g.ctx, dnsx.Question{Name: d.Zone, Type: dnsx.SOA, Server: d.Addr, TCP: true})
	return heard(a).Answered()
}

// into adds what was learned to what the resolver says.
func (a authorities) into(z facts.Fact[facts.Zone]) facts.Fact[facts.Zone] {
	if z.Known() {
		z.Value.Talks, z.Value.Parent, z.Value.Outage = a.talks, a.parent, a.outage
	}
	return z
}

// seat is one address of a server.
type seat struct {
	host string
	addr netip.Addr
}

// talks asks each server at each of these addresses.
func (g *gatherer) talks(zone string, l []seat) []facts.ServerTalk {
	return every(l, func(s seat) facts.ServerTalk { return g.askSeat(zone, s) })
}

// seatsOf are the addresses at which servers are asked.
func (g *gatherer) seatsOf(l []facts.NameServer) []seat {
	var seats []seat
	for _, s := range l[:min(len(l), maxServers)] {
		for _, a := range g.seats(s.Addresses.Value.Addresses) {
			seats = append(seats, seat{s.Host, a})
		}
	}
	return seats
}

// seats are the addresses at which a server is asked: the first of each family, or the first two.
func (g *gatherer) seats(l []netip.Addr) []netip.Addr {
	l = slices.DeleteFunc(g.inFamily(l), func(a netip.Addr) bool { return !g.public(a) })
	if i := slices.IndexFunc(l, netip.Addr.Is6); i > 1 {
		l[1] = l[i]
	}
	return l[:min(len(l), maxPerServer)]
}

// askSeat asks one server over UDP and TCP at once.
func (g *gatherer) askSeat(zone string, s seat) facts.ServerTalk {
	q := dnsx.Question{Name: zone, Type: dnsx.SOA, Server: s.addr}
	over := q
	over.TCP = true
	tcp := soon(func() dnsx.Answer { return g.dns.Lookup(g.ctx, over) })
	udp := g.dns.Lookup(g.ctx, q)
	t := facts.ServerTalk{Host: s.host, Addr: s.addr, UDP: heard(udp), TCP: heard(tcp())}
	if udp.Server != nil {
		t.Recased, t.Plain = udp.Server.Recased, udp.Server.Plain
	}
	for _, a := range []dnsx.Answer{tcp(), udp} {
		if a.Status == dnsx.Found {
			t.Serial = soaOf(zone, a.Records[0]).Value.Serial
		}
	}
	return t
}

// heard is what an answer to the question for the SOA record of a zone says of the server.
func heard(a dnsx.Answer) facts.Heard {
	switch {
	case a.Status == dnsx.Found:
		return facts.Heard{State: facts.HeardAuthoritative}
	case a.Missing():
		return facts.Heard{State: facts.HeardLame, Why: "it has authority, and no SOA record of " + a.Question.Name}
	case a.Server == nil:
		return facts.Heard{State: facts.HeardUnreachable, Why: a.Cause}
	}
	return facts.Heard{State: cmp.Or(map[dnsx.Silence]string{
		dnsx.Quiet: facts.HeardQuiet, dnsx.Closed: facts.HeardClosed, dnsx.Garbled: facts.HeardGarbled, dnsx.Unreachable: facts.HeardUnreachable,
	}[a.Server.Silence], facts.HeardLame), Why: a.Cause}
}

// above finds the zone above another, and its name servers.
func (g *gatherer) above(zone string) (string, dnsx.Answer) {
	var a dnsx.Answer
	for range maxApex {
		_, up, ok := strings.Cut(zone, ".")
		if !ok {
			up = "."
		}
		a = g.ask(up, dnsx.NS)
		if a.Status == dnsx.Found && len(a.Chain) == 0 || a.Status == dnsx.Failed || up == "." {
			return up, a
		}
		zone = up
	}
	return zone, a
}

// delegation asks a server of the zone above for the name servers of a zone. The glue is what addresses it tells with them.
// A server that has both zones answers for the lower one (RFC 1034 4.3.2), and so tells nothing of the delegation, which
// stays unasked where no other server does.
func (g *gatherer) delegation(zone string) (facts.Fact[facts.Delegation], []dnsx.Record) {
	up, ns := g.above(zone)
	if ns.Status != dnsx.Found {
		return facts.Cannot[facts.Delegation](cmp.Or(ns.Cause, "no name server of a zone above "+zone+" is known")), nil
	}
	hosts := targets(ns.Records)
	unknown := facts.Cannot[facts.Delegation]("no server of " + up + " has an address that may be asked")
	for _, h := range hosts[:min(len(hosts), maxParents)] {
		addr, a := g.askAbove(zone, h)
		if !addr.IsValid() {
			continue
		}
		d := facts.Delegation{Zone: up, Server: h, Addr: addr, Servers: []string{}}
		switch {
		case a.Status == dnsx.Found:
			unknown = facts.Fact[facts.Delegation]{}
			continue
		case a.Missing():
			return facts.Know(d), nil
		case a.Server != nil && len(a.Server.Referral) > 0 && a.Server.Referral[0].Name == zone:
			d.Servers = targets(a.Server.Referral)
			return facts.Know(d), a.Server.Glue
		}
		if unknown.State == facts.Unknown {
			unknown.Why = a.Cause
		}
	}
	return unknown, nil
}

// askAbove asks one server of the zone above for the name servers of a zone: at the first of its addresses to which there is
// a way from here. No address: none may be asked.
func (g *gatherer) askAbove(zone, host string) (at netip.Addr, answer dnsx.Answer) {
	for _, at = range g.seats(g.hosts(host).Value.Addresses) {
		answer = g.dns.Lookup(g.ctx, dnsx.Question{Name: zone, Type: dnsx.NS, Server: at})
		if answer.Server == nil || answer.Server.Silence != dnsx.Unreachable {
			break
		}
	}
	return at, answer
}

// targets are the names that NS records point to, in order and each once.
func targets(l []dnsx.Record) []string {
	var names []string
	for _, r := range l {
		names = append(names, r.Target)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// outage asks the servers to which the zone above gives the registered domain. That this zone is found by the same
// resolver, and that its server is heard before and after, is the control.
func (g *gatherer) outage() facts.Fact[facts.Outage] {
	own, _ := zoneNames(g.t.Domain)
	zone := own[len(own)-1]
	d, glue := g.delegation(zone)
	if !d.Known() {
		return facts.Cannot[facts.Outage](cmp.Or(d.Why, "the servers of the zone above have "+zone+" too"))
	}
	o := facts.Outage{Zone: zone, Control: d.Value}
	seats, lost := g.allSeats(d.Value.Servers, glue)
	o.Talks, o.Lost = g.talks(zone, seats), lost
	again := g.dns.Lookup(g.ctx, dnsx.Question{Name: d.Value.Zone, Type: dnsx.SOA, Server: d.Value.Addr})
	if again.Status != dnsx.Found {
		o.Lost = cmp.Or(o.Lost, d.Value.Server+" is not heard any more: "+again.Cause)
	}
	return facts.Know(o)
}

// allSeats are all addresses of servers, by the glue or else by the resolver; lost says why there may be more.
func (g *gatherer) allSeats(hosts []string, glue []dnsx.Record) (all []seat, lost string) {
	if len(hosts) > maxServers {
		hosts, lost = hosts[:maxServers], "only the first "+strconv.Itoa(maxServers)+" name servers are looked at"
	}
	known := map[string][]netip.Addr{}
	for _, r := range glue {
		if !slices.Contains(known[r.Name], r.Addr) {
			known[r.Name] = append(known[r.Name], r.Addr)
		}
	}
	found := every(hosts, func(h string) facts.Fact[facts.Hosts] {
		if len(known[h]) > 0 {
			return facts.Know(facts.Hosts{Addresses: known[h]})
		}
		return g.hosts(h)
	})
	for i, h := range hosts {
		addresses := found[i].Value.Addresses
		public := slices.DeleteFunc(slices.Clone(addresses), func(a netip.Addr) bool { return !g.public(a) })
		may := g.inFamily(public)
		switch why := cmp.Or(found[i].Why, found[i].Value.Lost); {
		case why != "":
			lost = h + ": " + why
		case len(addresses) > 0 && len(may) == 0:
			lost = h + " has no address that may be asked"
		case len(may) < len(public):
			lost = h + " has an address of the family that is not dialled"
		}
		for _, a := range may {
			all = append(all, seat{h, a})
		}
	}
	if most := maxServers * maxPerServer; len(all) > most {
		all, lost = all[:most], "only the first "+strconv.Itoa(most)+" addresses of name servers are asked"
	}
	return all, lost
}
