package gather

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/smtpx"
)

// Ports of submission (RFC 6409 3.1, RFC 8314 7.3) and the alternative that hosters offer.
const (
	portSubmission  = 587
	portSubmissions = 465
	portAlternative = 2525
)

// maxServices bounds the services that are connected to.
const maxServices = 8

// place is a service that is to be probed.
type place struct {
	facts.Service
	named bool // the user typed it: it is dialled whatever it resolves to
}

// submission finds the services: those that the user named, else those of the SRV records (RFC 6186, RFC 8314 5.1), else
// the usual names as candidates. A service that is an MX host besides is not connected to again.
func (g *gatherer) submission(inbound later[[]facts.MXTalk]) facts.Submission {
	var sub facts.Submission
	var places []place
	if len(g.t.Submission) > 0 {
		for _, e := range g.t.Submission {
			places = append(places, place{facts.Service{Host: e.Host, Port: e.Port, Implicit: e.Implicit, Origin: "flag"}, !e.Guarded})
		}
	} else {
		var declined bool
		sub.SRV, sub.Implicit, places, sub.Lost, declined = g.srv()
		if sub.SRV.Known() && !sub.SRV.Value && !declined {
			places = g.candidatePlaces()
		}
		if more := len(places) - maxServices; more > 0 {
			sub.Lost = fmt.Sprintf("only the first %d of %d services that SRV records name are looked at", maxServices, len(places))
			places = places[:maxServices]
		}
	}
	sub.Services = every(places, func(p place) facts.Service { return g.service(p, inbound) })
	// A candidate that does not exist is no service at all.
	sub.Services = slices.DeleteFunc(sub.Services, func(s facts.Service) bool { return s.Origin == "candidate" && s.Left != "" })
	return sub
}

// srv reads the SRV records. A target of "." says that the service is not offered (RFC 2782), so that nobody need look for
// it elsewhere.
func (g *gatherer) srv() (named, implicit facts.Fact[bool], l []place, lost string, declined bool) {
	names := []string{"_submissions._tcp." + g.t.Domain, "_submission._tcp." + g.t.Domain}
	answers := g.askAll(names, dnsx.SRV)
	for i, a := range answers {
		records := slices.Clone(a.Records)
		slices.SortFunc(records, func(x, y dnsx.Record) int {
			return cmp.Or(cmp.Compare(x.Priority, y.Priority), cmp.Compare(x.Target, y.Target), cmp.Compare(x.Port, y.Port))
		})
		for _, r := range records {
			if r.Target == "." {
				declined = true
				continue
			}
			// Records that differ in priority and weight alone name one service, which is dialled once.
			p := place{Service: facts.Service{Host: r.Target, Port: int(r.Port), Implicit: i == 0, Origin: "srv"}}
			if !slices.ContainsFunc(l, func(x place) bool { return x.Host == p.Host && x.Port == p.Port && x.Implicit == p.Implicit }) {
				l = append(l, p)
			}
		}
	}
	implicit = facts.Know(slices.ContainsFunc(l, func(p place) bool { return p.Implicit }))
	if answers[0].Status == dnsx.Failed {
		implicit = facts.Cannot[bool](answers[0].Cause)
	}
	for i, a := range answers {
		switch {
		case a.Status != dnsx.Failed:
		case len(l) == 0:
			return facts.Cannot[bool](a.Cause), implicit, nil, "", declined
		default:
			lost = "SRV records at " + names[i] + ": " + a.Cause
		}
	}
	return facts.Know(len(l) > 0), implicit, l, lost, declined
}

// candidatePlaces are the names that hosters commonly tell their users.
func (g *gatherer) candidatePlaces() []place {
	var l []place
	for _, label := range []string{"submission", "smtp", "mail"} {
		host := label + "." + g.t.Domain
		l = append(l,
			place{Service: facts.Service{Host: host, Port: portSubmission, Origin: "candidate"}},
			place{Service: facts.Service{Host: host, Port: portSubmissions, Implicit: true, Origin: "candidate"}})
	}
	return l
}

// service probes one service, or says why it was left alone.
func (g *gatherer) service(p place, inbound later[[]facts.MXTalk]) facts.Service {
	s := p.Service
	addresses, why := g.addressesOf(p)
	switch {
	case addresses == nil && why != "":
		s.Probe = facts.Cannot[facts.Probe](why)
		return s
	case g.env.Probe == nil:
		s.Probe = facts.Cannot[facts.Probe](offline)
		return s
	case !p.named && g.t.NoProbes:
		s.Left = noProbes
		return s
	case len(addresses) == 0:
		s.Probe = facts.Know(facts.Probe{Status: facts.ServiceRefused, Why: s.Host + " has no address", TLS: "none"})
		if s.Origin == "candidate" {
			s.Left = s.Host + " has no address"
		}
		return s
	case !p.named && s.Port != portSubmission && s.Port != portSubmissions && s.Port != portAlternative:
		who := "DNS names"
		if s.Origin == "flag" {
			who = "a stranger names"
		}
		s.Left = fmt.Sprintf("%s port %d: only 465, 587 and 2525 are dialled on such a word", who, s.Port)
		return s
	}
	var dial []netip.AddrPort
	if dial, s.Left = g.reach(s.Host, addresses, s.Port, p.named); s.Left != "" {
		return s
	}
	if s.Port == portMX && !s.Implicit {
		for _, t := range inbound() {
			if t.Host == s.Host && t.Probe.Known() {
				s.Asked, s.Probe = t.Asked, t.Probe
				return s
			}
		}
	}
	if g.t.ProbeInbound {
		s.Asked = []facts.Envelope{g.relay()}
	}
	s.Probe = facts.Know(g.probe(smtpx.Target{Host: s.Host, Addrs: dial, Implicit: s.Implicit, Envelopes: s.Asked}))
	return s
}

// addressesOf are the addresses of a service; why is set where they could not be found out.
func (g *gatherer) addressesOf(p place) (l []netip.Addr, why string) {
	if a, err := netip.ParseAddr(p.Host); err == nil {
		return []netip.Addr{a}, ""
	}
	h := g.hosts(p.Host)
	return h.Value.Addresses, h.Why
}

// inFamily are the addresses that may be dialled as far as their family goes.
func (g *gatherer) inFamily(l []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(l), func(a netip.Addr) bool {
		return g.t.Family == 4 && !a.Is4() || g.t.Family == 6 && !a.Is6()
	})
}
