package fix

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
)

// reverse proposes for each address without a reverse name that leads back what to do about it.
func (p *proposer) reverse() {
	for _, s := range p.facts.Sources {
		clears := p.unconfirmed(s)
		if len(clears) == 0 {
			continue
		}
		n := Proposal{Kind: Operator, Text: fmt.Sprintf("Give %s a reverse name that leads back to it (whoever runs the address block sets it: "+
			"the hoster's panel, or the provider), and let that name have the address as its %s record", s.IP, family(s.IP))}
		name := unpublished(s, p.facts.Domain)
		if names := reverseNames(s); len(names) > 0 {
			n.Text = fmt.Sprintf("Publish an %s record at %s, the reverse name of %s, with that address; or have the reverse name changed to one that has it",
				family(s.IP), cmp.Or(name, names[0]), s.IP)
		}
		if name != "" {
			n.Kind = DNS
			n.Changes = []Change{{Op: "add", Name: name, Type: family(s.IP), TTL: ttl, Data: s.IP.String()}}
			// And the others that have this name: they would find that it leads to this one alone.
			for _, x := range p.facts.Sources {
				if unpublished(x, p.facts.Domain) != name {
					continue
				}
				if also := p.unconfirmed(x); len(also) > 0 {
					clears = append(clears, also...)
					n.Changes = append(n.Changes, Change{Op: "add", Name: name, Type: family(x.IP), TTL: ttl, Data: x.IP.String()})
				}
			}
		}
		p.add(n, clears)
	}
}

// unconfirmed takes the findings that no reverse name of an address leads back to it.
func (p *proposer) unconfirmed(s facts.Source) []checks.Finding {
	return p.take(func(f checks.Finding) bool {
		return f.Source == s.IP && slices.Contains([]string{"ptr.missing", "ptr.ipv6-missing", "ptr.no-forward", "ptr.forward-mismatch"}, f.Check.ID)
	})
}

// reverseNames are the reverse names of an address, in an order that does not depend on the answer's.
func reverseNames(s facts.Source) []string {
	var l []string
	for _, n := range s.PTR.Value.Names {
		l = append(l, n.Name)
	}
	slices.Sort(l)
	return l
}

// unpublished is a reverse name within a domain at which nothing stands that an address would conflict with, "" if there
// is none. The domain itself is left out: its address is that of its web site.
func unpublished(s facts.Source, domain string) string {
	for _, name := range reverseNames(s) {
		i := slices.IndexFunc(s.PTR.Value.Names, func(n facts.PTRName) bool { return n.Name == name })
		a := s.PTR.Value.Names[i].Addresses
		if strings.HasSuffix(name, "."+domain) && a.Known() && len(a.Value.Addresses) == 0 && len(a.Value.CNAME) == 0 {
			return name
		}
	}
	return ""
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "A"
	}
	return "AAAA"
}

// greeting proposes addresses for HELO names of the domain that have none: those of the hosts that say them.
func (p *proposer) greeting() {
	for _, h := range p.facts.HELOs {
		a := h.Addresses
		if !a.Known() || len(a.Value.Addresses) > 0 || len(a.Value.CNAME) > 0 || !strings.HasSuffix(h.Name, "."+p.facts.Domain) {
			continue
		}
		var changes []Change
		for _, s := range p.facts.Sources {
			if s.Stream == h.Stream && s.Declared && len(changes) < most {
				changes = append(changes, Change{Op: "add", Name: h.Name, Type: family(s.IP), TTL: ttl, Data: s.IP.String()})
			}
		}
		if len(changes) == 0 {
			continue
		}
		clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "helo.unresolvable" && f.Subject == h.Name })
		if len(clears) == 0 {
			continue
		}
		p.add(Proposal{Kind: DNS, Text: "Publish the address of the sending host at " + h.Name + ", the name that it says in EHLO", Changes: changes}, clears)
	}
}

// exchangers proposes MX records that name hosts and not aliases, and takes a null MX away from among others.
func (p *proposer) exchangers() {
	if !p.facts.MX.Known() || p.facts.MX.Value.Status != facts.MXFound {
		return
	}
	record := func(h facts.MXHost, target string) string {
		return fmt.Sprintf("%d %s.", h.Preference, strings.TrimSuffix(target, "."))
	}
	hosts := p.facts.MX.Value.Hosts
	p.dead(hosts, record)
	named := map[string]bool{} // by a change before
	for _, h := range hosts {
		a := h.Addresses
		if !a.Known() || len(a.Value.CNAME) == 0 || len(a.Value.Addresses) == 0 {
			continue
		}
		target := a.Value.CNAME[len(a.Value.CNAME)-1]
		clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "mx.cname" && f.Subject == h.Host })
		if len(clears) == 0 {
			continue // it stands twice
		}
		var changes []Change
		for _, x := range hosts {
			if x.Host != h.Host {
				continue
			}
			change := Change{Op: "replace", Name: p.facts.Domain, Type: "MX", TTL: ttl, Data: record(x, target), Was: record(x, x.Host)}
			if named[target] || slices.ContainsFunc(hosts, func(other facts.MXHost) bool { return other.Host == target }) {
				change.Op, change.Data = "remove", ""
			}
			named[target] = true
			changes = append(changes, change)
		}
		p.add(Proposal{Kind: DNS, Text: "Let the MX name " + target + ", where the alias " + h.Host + " leads", Changes: changes}, clears)
	}
	if clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "mx.null-plus-others" && f.Subject == p.facts.Domain }); len(clears) > 0 {
		var changes []Change
		for _, h := range hosts {
			if h.Host == "." {
				changes = append(changes, Change{Op: "remove", Name: p.facts.Domain, Type: "MX", TTL: ttl, Was: record(h, ".")})
			}
		}
		if len(changes) == len(hosts) {
			changes = changes[1:] // that the domain takes no mail is its owner's word
		}
		if len(changes) == 0 {
			return
		}
		p.add(Proposal{Kind: DNS, Text: "Remove the null MX from among the MX records of " + p.facts.Domain, Changes: changes}, clears)
	}
}

// dead takes away MX hosts that nobody can deliver to, where another one is left; where none is, the sending host takes the
// place of the first. Callouts of receivers, and bounces, fail at them.
func (p *proposer) dead(hosts []facts.MXHost, record func(facts.MXHost, string) string) {
	bad := func(f checks.Finding) bool {
		// Of another domain in MAIL FROM the subject is that domain, which may have the name of a host here.
		another := slices.ContainsFunc(p.facts.Returns, func(r facts.Return) bool { return r.Domain == f.Subject })
		return !another && slices.Contains([]string{"mx.unresolvable", "mx.private-ip", "mx.ip-literal", "mx.localhost"}, f.Check.ID)
	}
	var gone []facts.MXHost
	left := 0
	for _, h := range hosts {
		switch {
		case slices.ContainsFunc(p.open, func(f checks.Finding) bool { return bad(f) && f.Subject == h.Host }):
			gone = append(gone, h)
		case h.Host != "." && h.Addresses.Known() && len(h.Addresses.Value.Addresses) > 0:
			left++
		}
	}
	if len(gone) == 0 || p.facts.Profile.Name == facts.Parked {
		return
	}
	text := "Remove the MX records of hosts that nobody can deliver to, or give the hosts public addresses"
	var changes []Change
	for i, h := range gone {
		c := Change{Op: "remove", Name: p.facts.Domain, Type: "MX", TTL: ttl, Was: record(h, h.Host)}
		if i == 0 && left == 0 {
			host := p.sendingHost()
			if host == "" || slices.ContainsFunc(gone, func(x facts.MXHost) bool { return x.Host == host }) {
				return // what takes the mail only its owner knows
			}
			c.Op, c.Data = "replace", record(h, host)
			text = "Let the MX name the host that takes the domain's mail, here the sending host " + host + ", and have it accept mail"
		}
		changes = append(changes, c)
	}
	clears := p.take(func(f checks.Finding) bool {
		return (bad(f) || f.Check.ID == "mx.cname") && slices.ContainsFunc(gone, func(h facts.MXHost) bool { return h.Host == f.Subject })
	})
	p.add(Proposal{Kind: DNS, Text: text, Changes: changes}, clears)
}

// sendingHost is a name that a sending host says in EHLO, of the domain's own and with addresses; "" where none is known.
func (p *proposer) sendingHost() string {
	for _, h := range p.facts.HELOs {
		if p.own(h.Name) && h.Addresses.Known() && len(h.Addresses.Value.Addresses) > 0 && len(h.Addresses.Value.CNAME) == 0 {
			return h.Name
		}
	}
	return ""
}

// bounces proposes an MX record for a sender that has none, or a null MX: the sending host's own name. Its mail is refused
// because nothing can be answered (RFC 5321 5.1, RFC 7505 4.2).
func (p *proposer) bounces() {
	isCause := func(f checks.Finding) bool {
		return (f.Check.ID == "mx.null" || f.Check.ID == "domain.unresolvable") && f.Subject == p.facts.Domain
	}
	if p.facts.Profile.Name == facts.Parked || !slices.ContainsFunc(p.open, isCause) {
		return
	}
	host := p.sendingHost()
	if host == "" {
		return
	}
	change := Change{Op: "add", Name: p.facts.Domain, Type: "MX", TTL: ttl, Data: "10 " + host + "."}
	if mx := p.facts.MX.Value; len(mx.Hosts) == 1 {
		change.Op, change.Was = "replace", fmt.Sprintf("%d .", mx.Hosts[0].Preference)
	}
	p.add(Proposal{Kind: DNS, Changes: []Change{change},
		Text: "Publish the MX of the host that takes the bounces, here the sending host " + host + ", and have it accept them"}, p.take(isCause))
}
