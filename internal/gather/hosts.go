package gather

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// Bounds on what hostile records can make us ask.
const (
	maxMX       = 20  // mail exchangers that are looked at
	maxPTR      = 11  // names of one address: SPF looks at ten (RFC 7208 4.6.4), and one more tells that there are more
	maxHosts    = 100 // addresses kept of one name
	maxOfSource = 16  // candidate addresses taken from SPF
)

// exists tells whether the domain exists from what is asked of it anyway. NXDOMAIN is for the name, whatever
// the type (RFC 8020 2); any other answer proves that it exists, and wins over a server that contradicts itself.
func (g *gatherer) exists() facts.Fact[bool] { return g.existence(g.t.Domain) }

func (g *gatherer) existence(domain string) facts.Fact[bool] {
	answers := g.askAll([]string{domain}, dnsx.MX, dnsx.TXT)
	for _, a := range answers {
		// A CNAME exists even where it leads nowhere.
		if a.Status == dnsx.Found || a.Status == dnsx.NoData || len(a.Chain) > 0 && a.Status == dnsx.NXDomain {
			return facts.Know(true)
		}
	}
	for _, a := range answers {
		if a.Status == dnsx.NXDomain {
			return facts.Know(false)
		}
	}
	return facts.Cannot[bool](answers[0].Cause)
}

// hosts are the addresses of a name, both families.
func (g *gatherer) hosts(name string) facts.Fact[facts.Hosts] {
	return g.hostsOf(name, dnsx.A, dnsx.AAAA)
}

// hostsOf are the addresses of a name in the families given. What is found is known, although the other
// family was lost, which Lost tells; that there are none is known only when all answered.
func (g *gatherer) hostsOf(name string, types ...dnsx.Type) facts.Fact[facts.Hosts] {
	answers := g.askAll([]string{name}, types...)
	h := facts.Hosts{Addresses: []netip.Addr{}, Missing: true}
	for _, a := range answers {
		if a.Status == dnsx.Failed {
			h.Lost = a.Cause
		}
		for _, r := range a.Records {
			if len(h.Addresses) == maxHosts {
				h.Lost = fmt.Sprintf("only the first %d addresses of %s are looked at", maxHosts, name)
				break
			}
			h.Addresses = append(h.Addresses, r.Addr)
		}
		if len(a.Chain) > len(h.CNAME) {
			h.CNAME = a.Chain
		}
		h.Missing = h.Missing && a.Status == dnsx.NXDomain
	}
	if len(h.Addresses) == 0 && h.Lost != "" {
		return facts.Cannot[facts.Hosts](h.Lost)
	}
	return facts.Know(h)
}

// mx finds the domain's mail exchangers, and their addresses where those are wanted.
func (g *gatherer) mx(withHosts bool) facts.Fact[facts.MX] {
	return g.exchangers(g.t.Domain, withHosts)
}

func (g *gatherer) exchangers(domain string, withHosts bool) facts.Fact[facts.MX] {
	a := g.ask(domain, dnsx.MX)
	switch a.Status {
	case dnsx.Failed:
		return facts.Cannot[facts.MX](a.Cause)
	case dnsx.NoData, dnsx.NXDomain:
		m := facts.MX{Status: facts.MXNone, Hosts: []facts.MXHost{}}
		if a.Status == dnsx.NoData {
			// RFC 5321 5.1: an address stands in for a missing MX.
			own := g.hosts(domain)
			if !own.Known() {
				return facts.Cannot[facts.MX](own.Why)
			}
			if len(own.Value.Addresses) > 0 {
				m.Status = facts.MXImplicit
				m.Hosts = append(m.Hosts, facts.MXHost{Host: domain, Addresses: own})
			}
		}
		return facts.Know(m)
	}
	records := slices.Clone(a.Records)
	slices.SortFunc(records, func(x, y dnsx.Record) int {
		return cmp.Or(cmp.Compare(x.Preference, y.Preference), strings.Compare(x.Target, y.Target))
	})
	m := facts.MX{Status: facts.MXFound, Null: slices.ContainsFunc(records, func(r dnsx.Record) bool { return r.Target == "." })}
	if m.Null && len(records) == 1 {
		m.Status = facts.MXNull // RFC 7505 3
	}
	m.More = max(0, len(records)-maxMX)
	m.Hosts = every(records[:len(records)-m.More], func(r dnsx.Record) facts.MXHost {
		h := facts.MXHost{Host: r.Target, Preference: int(r.Preference)}
		if withHosts && r.Target != "." {
			h.Addresses = g.hosts(r.Target)
		}
		return h
	})
	return facts.Know(m)
}

// reverses adds to each address what its reverse name is. No public DNS knows a private one.
func (g *gatherer) reverses(l []facts.Source) []facts.Source {
	return every(l, func(s facts.Source) facts.Source {
		if special.Public(s.IP, g.t.AssumePublic) {
			s.PTR = g.reverse(s.IP)
		}
		return s
	})
}

// reverse finds the names of an address and whether one of them leads back to it (RFC 8601 2.7.3).
func (g *gatherer) reverse(ip netip.Addr) facts.Fact[facts.PTR] {
	a := g.ask(dnsx.Reverse(ip), dnsx.PTR)
	if a.Status == dnsx.Failed {
		return facts.Cannot[facts.PTR](a.Cause)
	}
	forward := dnsx.A
	if ip.Is6() {
		forward = dnsx.AAAA
	}
	p := facts.PTR{Confirm: "fail"}
	if len(a.Records) > maxPTR {
		p.Confirm, p.Why = "unknown", fmt.Sprintf("only the first %d of %d names are looked at", maxPTR, len(a.Records))
	}
	p.Names = every(a.Records[:min(len(a.Records), maxPTR)], func(r dnsx.Record) facts.PTRName {
		return facts.PTRName{Name: r.Target, Addresses: g.hostsOf(r.Target, forward)}
	})
	for _, n := range p.Names {
		switch {
		case n.Addresses.Known() && slices.Contains(n.Addresses.Value.Addresses, ip):
			p.Confirm, p.Why = "pass", ""
			return facts.Know(p)
		case n.Addresses.State == facts.Unknown || n.Addresses.Value.Lost != "":
			p.Confirm, p.Why = "unknown", n.Name+": "+cmp.Or(n.Addresses.Why, n.Addresses.Value.Lost)
		}
	}
	return facts.Know(p)
}

// helos finds the addresses, or else the MX records, of the names that the streams' hosts say. A literal or a single label is no host
// name and is not asked for.
func (g *gatherer) helos() []facts.HELO {
	l := []facts.HELO{}
	for _, s := range g.t.Streams {
		if s.HELO != "" {
			l = append(l, facts.HELO{Name: s.HELO, Stream: s.Name})
		}
	}
	return every(l, func(h facts.HELO) facts.HELO {
		if isHost(h.Name) {
			h.Addresses = g.hosts(h.Name)
		}
		if h.Addresses.Known() && len(h.Addresses.Value.Addresses) == 0 {
			h.MX = g.exchanged(h.Name)
		}
		return h
	})
}

// exchanged says whether a name has an MX record, with which some receivers are content in the place of an address.
func (g *gatherer) exchanged(name string) facts.Fact[bool] {
	a := g.ask(name, dnsx.MX)
	if a.Status == dnsx.Failed {
		return facts.Cannot[bool](a.Cause)
	}
	return facts.Know(len(a.Records) > 0)
}

// isHost says whether a HELO argument could be a fully-qualified host name.
func isHost(name string) bool {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err != nil && !strings.HasPrefix(name, "[") && strings.Contains(strings.TrimSuffix(name, "."), ".")
}

// sources are the sending addresses: those that were declared, else candidates from the single-address terms
// of the MAIL FROM domain's own SPF record. What reports tell declares nobody: anybody can mail one.
func (g *gatherer) sources(records []spfRecord) []facts.Source {
	l := []facts.Source{}
	for _, s := range g.t.Streams {
		origin := "flag"
		if s.HasLearned(facts.LearnedIPs) {
			origin = s.LearnedBy()
		}
		for _, ip := range s.IPs {
			l = append(l, facts.Source{IP: ip, Stream: s.Name, Origin: origin, Declared: origin != facts.LearnedByReports})
		}
	}
	if len(l) == 0 {
		l = g.candidates(records)
	}
	for _, ip := range g.t.Reported {
		if !slices.ContainsFunc(l, func(s facts.Source) bool { return s.IP == ip }) {
			l = append(l, facts.Source{IP: ip, Origin: facts.LearnedByReports})
		}
	}
	return l
}

// candidates are the addresses that the SPF records of the MAIL FROM domains name one by one: ip4 and ip6 without
// a range, and a and mx without a prefix length. MX hosts that SPF does not name are no senders.
func (g *gatherer) candidates(records []spfRecord) []facts.Source {
	l := []facts.Source{}
	for _, r := range records {
		if len(r.mailFrom) == 0 {
			continue
		}
		for _, t := range g.own(r.domain) {
			if t.Term.Qualifier != "+" {
				continue
			}
			ips := t.Addresses
			if n := t.Term.Network; n.IsValid() && n.IsSingleIP() {
				ips = []netip.Addr{n.Addr()}
			}
			if (t.Term.Name == "a" || t.Term.Name == "mx") && (t.Term.Prefix4 != 32 || t.Term.Prefix6 != 128) {
				continue
			}
			for _, ip := range ips {
				known := slices.ContainsFunc(l, func(s facts.Source) bool { return s.IP == ip })
				if !known && len(l) < maxOfSource {
					l = append(l, facts.Source{IP: ip, Stream: r.mailFrom[0], Origin: "spf", Term: t.Term.Text})
				}
			}
		}
	}
	return l
}
