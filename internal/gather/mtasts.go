package gather

import (
	"fmt"
	"net/netip"
	"slices"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/httpx"
	"mailaudit/internal/record/mtasts"
	"mailaudit/internal/record/tlsrpt"
)

// portHTTPS is where a policy is fetched (RFC 8461 3.3).
const portHTTPS = 443

// mtasts finds the MTA-STS record and fetches the policy as senders do: where exactly one record is valid (RFC 8461 3.1).
func (g *gatherer) mtasts() facts.Fact[facts.MTASTS] {
	m := facts.MTASTS{Name: "_mta-sts." + g.t.Domain, Host: "mta-sts." + g.t.Domain}
	a := g.ask(m.Name, dnsx.TXT)
	if a.Status == dnsx.Failed {
		return facts.Cannot[facts.MTASTS](a.Cause)
	}
	m.CNAME = a.Chain
	var found []string
	m.Texts, found = meant(a, mtasts.IsSTS, mtasts.LooksLike)
	if len(found) != 1 {
		return facts.Know(m)
	}
	record := mtasts.Parse(found[0])
	m.Record = &record
	if record.Void {
		return facts.Know(m)
	}
	m.Page = g.page(m.Host, facts.PolicyPath)
	if p := m.Page.Value; p.Status == facts.PageAnswered && p.Code == facts.PageOK && !p.More {
		policy := mtasts.ParsePolicy(p.Body)
		m.Policy = &policy
	}
	return facts.Know(m)
}

// tlsrpt finds the TLS reporting record.
func (g *gatherer) tlsrpt() facts.Fact[facts.TLSRPT] {
	r := facts.TLSRPT{Name: "_smtp._tls." + g.t.Domain}
	a := g.ask(r.Name, dnsx.TXT)
	if a.Status == dnsx.Failed {
		return facts.Cannot[facts.TLSRPT](a.Cause)
	}
	var found []string
	if r.Texts, found = meant(a, tlsrpt.IsTLSRPT, tlsrpt.LooksLike); len(found) == 1 {
		record := tlsrpt.Parse(found[0])
		r.Record = &record
	}
	return facts.Know(r)
}

// meant are the TXT records of an answer that were meant to be of a kind, and those that are, in no order of the server's.
func meant(a dnsx.Answer, is, like func(string) bool) (all, found []string) {
	all = []string{}
	for _, r := range a.Records {
		if is(r.Text) || like(r.Text) {
			all = append(all, r.Text)
		}
		if is(r.Text) {
			found = append(found, r.Text)
		}
	}
	slices.Sort(all)
	return all, found
}

// page fetches a file from a host that DNS named. That it has no address where the world could fetch it is an answer; that we
// are not to dial those that it has is none.
func (g *gatherer) page(host, path string) facts.Fact[facts.Page] {
	h := g.hosts(host)
	if !h.Known() {
		return facts.Cannot[facts.Page](h.Why)
	}
	all := h.Value.Addresses
	public := slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return !g.public(a) })
	dial := g.inFamily(public)
	switch {
	case len(all) == 0 && h.Value.Missing:
		return facts.Know(facts.Page{Status: facts.PageNoAddress, Why: host + " does not exist"})
	case len(public) == 0 && h.Value.Lost != "":
		return facts.Cannot[facts.Page](h.Value.Lost)
	case len(all) == 0:
		return facts.Know(facts.Page{Status: facts.PageNoAddress, Why: host + " has no address"})
	case len(public) == 0:
		return facts.Know(facts.Page{Status: facts.PageNoAddress, Why: fmt.Sprintf("%s is at %s, which is no public address", host, all[0])})
	case g.env.Fetch == nil:
		return facts.Cannot[facts.Page]("offline: nothing is dialled")
	case len(dial) == 0:
		return facts.Cannot[facts.Page](fmt.Sprintf("%s has no IPv%d address, and no other is to be dialled", host, g.t.Family))
	}
	to := httpx.Target{Host: host, Path: path, Roots: g.env.Roots, Now: g.env.Now()}
	for _, a := range dial {
		to.Addrs = append(to.Addrs, netip.AddrPortFrom(a, portHTTPS))
	}
	return facts.Know(g.env.Fetch(g.ctx, to))
}
