package gather

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/smtpx"
)

// nowhere is a name that does not exist, by its top-level domain (RFC 6761 6.4).
const nowhere = "mailaudit.invalid"

// portSMTP is where mail exchangers listen (RFC 5321 4.5.4.2).
const portSMTP = 25

// vantage is from where this audit looks. Where nobody is asked, as from files, there is none.
func (g *gatherer) vantage() facts.Vantage {
	tested := soon(g.testEgress)
	rewrites := soon(g.rewrites)
	root := g.root()
	v := facts.Vantage{Trusted: g.t.TrustAD, Rewrites: rewrites(), Tested: tested()}
	switch {
	case root.Asked == 0:
	case root.Status != dnsx.Failed:
		v.TCP, v.Validates = facts.Know(true), facts.Know(root.Authenticated)
	case root.Rcode != "":
		v.TCP, v.Validates = facts.Know(true), facts.Cannot[bool](root.Cause)
	default:
		v.TCP, v.Validates = facts.Cannot[bool](root.Cause), facts.Cannot[bool](root.Cause)
	}
	return v
}

// root asks for what every resolver has, and one that validates with AD.
func (g *gatherer) root() dnsx.Answer {
	return g.dns.Lookup(g.ctx, dnsx.Question{Name: ".", Type: dnsx.SOA, TCP: true})
}

// rewrites are the addresses that the resolver makes up.
func (g *gatherer) rewrites() facts.Fact[[]netip.Addr] {
	a := g.ask(nowhere, dnsx.A)
	switch {
	case a.Asked == 0:
		return facts.Fact[[]netip.Addr]{}
	case a.Status == dnsx.Failed:
		return facts.Cannot[[]netip.Addr](a.Cause)
	}
	l := []netip.Addr{}
	records := a.Records
	if a.Status == dnsx.Found {
		records = slices.Concat(records, g.ask(nowhere, dnsx.AAAA).Records)
	}
	for _, r := range records[:min(len(records), maxHosts)] {
		l = append(l, r.Addr)
	}
	return facts.Know(l)
}

// honest is a resolver whose made-up addresses prove nothing: an answer that holds none but those is a failure, and ours.
type honest struct {
	memo     *dnsx.Memo
	rewrites func() facts.Fact[[]netip.Addr]
}

// Lookup implements dnsx.Resolver. Only addresses wait for the test, and only such as somebody was asked for.
func (h honest) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	a := h.memo.Lookup(ctx, q)
	if mayBeMade(a) {
		return h.tested(a)
	}
	return a
}

// LookupAll implements dnsx.Several.
func (h honest) LookupAll(ctx context.Context, qs []dnsx.Question, got func(int, dnsx.Answer)) {
	var t dnsx.Tasks
	defer t.Wait()
	h.memo.LookupAll(ctx, qs, func(i int, a dnsx.Answer) {
		if !mayBeMade(a) {
			got(i, a)
			return
		}
		doubtful := a // so that no other is moved to the heap
		t.Go(func() { got(i, h.tested(doubtful)) })
	})
}

// mayBeMade says of an answer that a resolver might have made it up.
func mayBeMade(a dnsx.Answer) bool {
	q := a.Question
	return a.Status == dnsx.Found && a.Asked > 0 && (q.Type == dnsx.A || q.Type == dnsx.AAAA) && q.Name != nowhere && !q.Server.IsValid()
}

// tested is the answer, if it is not made up.
func (h honest) tested(a dnsx.Answer) dnsx.Answer {
	made := h.rewrites().Value
	if len(made) == 0 || slices.ContainsFunc(a.Records, func(r dnsx.Record) bool { return !slices.Contains(made, r.Addr) }) {
		return a
	}
	return dnsx.Answer{Question: a.Question, Status: dnsx.Failed, Asked: a.Asked,
		Cause: fmt.Sprintf("our resolver answers with %s, as it does for names that do not exist: another --resolver is needed", made[0])}
}

// mailPorts are those whose way out matters.
var mailPorts = []int{portSMTP, portSubmissions, portSubmission}

// testEgress connects to the host that the user named for this, whatever it resolves to.
func (g *gatherer) testEgress() []facts.Egress {
	host := g.t.EgressCheck
	if host == "" || g.env.Reach == nil {
		return nil
	}
	addresses, why := g.addressesOf(place{Service: facts.Service{Host: host}})
	addresses = g.inFamily(addresses)
	return every(mailPorts, func(port int) facts.Egress {
		e := facts.Egress{Port: port, Why: cmp.Or(why, host+" has no address that may be dialled")}
		for _, a := range addresses[:min(len(addresses), maxPerServer)] {
			status, why := g.env.Reach(g.ctx, netip.AddrPortFrom(a, uint16(port)))
			switch status {
			case smtpx.Open:
				return heardFrom(host, a, port)
			case smtpx.Filtered:
				e.State = facts.EgressBlocked
			}
			// Neither proves a reset that the port is open, nor that it is not: firewalls at our end answer with it, too.
			e.Why = fmt.Sprintf("%s at %s: %s", host, a, why)
		}
		return e
	})
}

// heardFrom is a port that leads out, by word of a host that took a connection.
func heardFrom(host string, a netip.Addr, port int) facts.Egress {
	return facts.Egress{Port: port, State: facts.EgressOpen, Why: fmt.Sprintf("%s answered at %s", host, a)}
}

// outwards is what all connections of a run tell of the way out, beside the test: one host that took a connection proves
// that it is open; several that all kept silent, or at several addresses all refused, make one wonder. A firewall treats all
// alike: where some are silent and others refuse, it is their own doing.
func outwards(f *facts.Facts) []facts.Egress {
	type tried struct {
		host  string
		port  int
		probe facts.Fact[facts.Probe]
	}
	var all []tried
	for _, t := range f.Inbound {
		all = append(all, tried{t.Host, portSMTP, t.Probe})
	}
	for _, s := range f.Submission.Services {
		all = append(all, tried{s.Host, s.Port, s.Probe})
	}
	l := []facts.Egress{}
	for _, port := range mailPorts {
		e := facts.Egress{Port: port}
		if i := slices.IndexFunc(f.Vantage.Tested, func(t facts.Egress) bool { return t.Port == port }); i >= 0 {
			e = f.Vantage.Tested[i]
		}
		var silent, resets []string
		for _, t := range all {
			p := t.probe.Value
			switch {
			case t.port != port || !t.probe.Known():
			case p.Status == smtpx.Open:
				e = heardFrom(t.host, p.Addr, port)
			case p.Status == smtpx.Refused && p.Addr.IsValid() && !slices.Contains(resets, p.Addr.String()):
				resets = append(resets, p.Addr.String())
			case p.Status == smtpx.Filtered && !slices.Contains(silent, t.host):
				silent = append(silent, t.host)
			}
		}
		switch {
		case e.State != "":
		case len(silent) > 1 && len(resets) == 0:
			e.State, e.Why = facts.EgressPerhaps, fmt.Sprintf("none of %d hosts answered", len(silent))
		case len(resets) > 1 && len(silent) == 0:
			e.State, e.Why = facts.EgressPerhaps, fmt.Sprintf("all %d addresses refuse connections", len(resets))
		}
		if e.State != "" || e.Why != "" {
			l = append(l, e)
		}
	}
	return l
}
