package dnsx

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// Bounds on what is kept of a referral.
const (
	maxReferral = 50
	maxGlue     = 200
)

// server asks an authoritative server itself, until the deadline. No CNAME is followed: where it leads is the affair of other servers.
func (c *Client) server(ctx context.Context, q Question, deadline time.Time) Answer {
	at := netip.AddrPortFrom(q.Server, port53)
	r := c.exchange(ctx, q, []netip.AddrPort{at}, deadline)
	a := Answer{Question: q, Asked: r.asked, Server: &Server{Silence: r.silence}}
	m := r.message
	if m == nil {
		return a.fail(r.cause)
	}
	a.Server.Authoritative = m.Authoritative
	a.Server.Plain = r.plain && m.Rcode != dns.RcodeFormatError
	a.Server.Recased = !q.TCP && recased(m, mixed(dns.Fqdn(q.Name)))
	cnames, owned := sections(m, q.Type)
	if cause := a.Server.refusal(m, r.rcode); cause != "" {
		a.Rcode = r.rcode
		return a.fail(at.String() + " answered " + cause)
	}
	a.Keep = min(maxKeep, lifetime(m, q.Type))
	switch {
	case len(owned[q.Name]) > 0:
		a.found(owned[q.Name])
	case cnames[q.Name] != "":
		return a.fail(fmt.Sprintf("%s leads to %s by a CNAME", q.Name, cnames[q.Name]))
	case m.Rcode == dns.RcodeNameError:
		a.Status = NXDomain
	default:
		a.Status = NoData
	}
	return a
}

// refusal says what a message is if it is no answer with authority.
func (s *Server) refusal(m *dns.Msg, rcode string) string {
	switch {
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		return rcode
	case m.Authoritative:
		return ""
	}
	s.refer(m)
	if len(s.Referral) > 0 {
		return "without authority, with a referral for " + s.Referral[0].Name
	}
	return rcode + " without authority"
}

// recased reports whether the name of a question came back in other case than it went out. Servers compare names without
// regard to case, and copy the question as it is (RFC 4343 3, RFC 5452 9.1).
func recased(m *dns.Msg, sent string) bool {
	return len(m.Question) == 1 && m.Question[0].Name != sent && len(m.Question[0].Name) == len(sent)
}

// refer keeps the name servers of a referral, and their addresses.
func (s *Server) refer(m *dns.Msg) {
	if m.Rcode != dns.RcodeSuccess || has[*dns.SOA](m.Ns) {
		return
	}
	targets := map[string]bool{}
	for _, rr := range m.Ns {
		if ns, ok := rr.(*dns.NS); ok && len(s.Referral) < maxReferral {
			r := record(ns)
			targets[r.Target] = true
			s.Referral = append(s.Referral, r)
		}
	}
	for _, rr := range m.Extra {
		r := record(rr)
		if r.Addr.IsValid() && targets[r.Name] && len(s.Glue) < maxGlue {
			s.Glue = append(s.Glue, r)
		}
	}
}
