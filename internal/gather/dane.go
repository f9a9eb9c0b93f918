package gather

import (
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/tlsa"
)

// maxPins bounds the TLSA records of one host that are looked at.
const maxPins = 20

// dane finds what each MX host pins its certificate to, of those that are connected to. A host without addresses is
// unreachable, and an address in place of a name has no such records (RFC 7672 2.2, 2.2.2).
func (g *gatherer) dane() []facts.DANE {
	var hosts []string
	for _, h := range g.mx(false).Value.Hosts {
		if h.Host != "." && !slices.Contains(hosts, h.Host) && len(hosts) < maxTalks {
			hosts = append(hosts, h.Host)
		}
	}
	hosts = slices.DeleteFunc(hosts, func(h string) bool {
		_, err := netip.ParseAddr(h)
		return err == nil
	})
	all := every(hosts, func(h string) *facts.DANE {
		addresses := soon(func() facts.Fact[facts.Hosts] { return g.hosts(h) })
		d := g.pinned(h, addresses)
		if addresses().Known() && len(addresses().Value.Addresses) == 0 {
			return nil
		}
		return &d
	})
	l := []facts.DANE{}
	for _, d := range all {
		if d != nil {
			l = append(l, *d)
		}
	}
	return l
}

// pinned is one MX host. Where it is an alias, the name that it leads to comes first, and its own where there is nothing
// (RFC 7672 2.2.2). Its own are asked for at once: only an alias has to wait.
func (g *gatherer) pinned(host string, addresses later[facts.Fact[facts.Hosts]]) facts.DANE {
	secure := soon(func() [2]facts.Fact[bool] {
		addresses := g.askAll([]string{host}, dnsx.A, dnsx.AAAA)
		return [2]facts.Fact[bool]{g.secure(addresses...), g.secure(g.ask(g.t.Domain, dnsx.MX))}
	})
	d := g.pinsAt(host, host)
	alias := addresses().Value.CNAME
	if len(alias) > 0 {
		target := g.pinsAt(host, alias[len(alias)-1])
		if !target.Pins.Known() || len(target.Pins.Value.Records) > 0 {
			d = target
		}
	}
	d.SecureAddresses, d.SecureMX = secure()[0], secure()[1]
	if len(alias) > 0 && d.Base == host && d.SecureAddresses == facts.Know(false) {
		// An alias that is signed itself counts, wherever it leads.
		d.SecureAddresses = facts.Cannot[bool](host + " is an alias, which may be signed by itself")
	}
	return d
}

// pinsAt are the TLSA records of a host with one base domain (RFC 7672 2.2.3).
func (g *gatherer) pinsAt(host, base string) facts.DANE {
	d := facts.DANE{Host: host, Base: base, Name: "_25._tcp." + base}
	a := g.ask(d.Name, dnsx.TLSA)
	d.Secure = g.secure(a)
	if a.Status == dnsx.Failed {
		d.Pins = facts.Cannot[facts.Pinned](a.Cause)
		return d
	}
	p := facts.Pinned{Records: []facts.Pin{}}
	for _, r := range a.Records {
		pin := facts.Pin{Data: r.Data}
		pin.Record, pin.Problems = tlsa.Parse(r.Data)
		p.Records = append(p.Records, pin)
	}
	slices.SortFunc(p.Records, func(x, y facts.Pin) int { return strings.Compare(x.Data, y.Data) })
	p.More = max(0, len(p.Records)-maxPins)
	p.Records = p.Records[:len(p.Records)-p.More]
	d.Pins = facts.Know(p)
	return d
}

// secure says whether DNSSEC vouches for all of the answers.
func (g *gatherer) secure(answers ...dnsx.Answer) facts.Fact[bool] {
	if !g.t.TrustAD {
		return facts.Cannot[bool]("the resolver's AD bit is not trusted without --trust-ad")
	}
	all := true
	for _, a := range answers {
		switch {
		case a.Status == dnsx.Failed:
			return facts.Cannot[bool](a.Cause)
		case a.Asked == 0:
			return facts.Cannot[bool]("the answer about " + a.Question.Name + " comes from a file, which nobody signs")
		}
		all = all && a.Authenticated
	}
	return facts.Know(all)
}
