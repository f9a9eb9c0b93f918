package gather

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/facts"
	"mailaudit/internal/names"
	"mailaudit/internal/rdapx"
)

// registration asks the registry about the registered domain. The names of registries are registered nowhere.
func (g *gatherer) registration() facts.Fact[facts.Registration] {
	r := facts.Registration{Domain: registeredName(g.t.Domain)}
	if r.Domain == "" {
		return facts.Fact[facts.Registration]{}
	}
	a := rdapx.Answer{Status: rdapx.Failed, Why: "offline: nothing is dialled"}
	if g.env.Fetch != nil && g.env.RDAP != nil {
		a = g.env.RDAP.Lookup(g.ctx, rdapx.Query{Fetch: g.env.Fetch, Domain: r.Domain, Server: g.t.RDAPServer, Reach: g.registryAt,
			Roots: g.env.Roots, Now: g.env.Now()})
	}
	r.Server = a.Server
	if a.Status == rdapx.Failed {
		return facts.Fact[facts.Registration]{State: facts.Unknown, Why: a.Why, Value: r}
	}
	r.Missing, r.Statuses, r.Registrar = a.Status == rdapx.None, a.Statuses, a.Registrar
	r.Registered, r.Expires = dated(a.Registered), dated(a.Expires)
	return facts.Know(r)
}

// dated is a date as a fact.
func dated(d rdapx.Date) facts.Fact[time.Time] {
	switch {
	case d.Why != "":
		return facts.Cannot[time.Time](d.Why)
	case d.Time.IsZero():
		return facts.Fact[time.Time]{}
	}
	return facts.Know(d.Time)
}

// registeredName is the name of one label beneath a registry's suffix that the domain is, or that stands above it. That a
// private organisation gives names away beneath its own, as github.io, is nothing that a registry knows of.
func registeredName(domain string) string {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	for !icann && strings.Contains(suffix, ".") {
		_, above, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(above)
	}
	beneath, ok := strings.CutSuffix(domain, "."+suffix)
	if !ok {
		return ""
	}
	return beneath[strings.LastIndex(beneath, ".")+1:] + "." + suffix
}

// registryAt is where an RDAP server may be asked: anywhere if the user typed it, else at public addresses.
func (g *gatherer) registryAt(host string, port int, typed bool) ([]netip.AddrPort, error) {
	a, err := netip.ParseAddr(host)
	l := []netip.Addr{a}
	if err != nil {
		name, err := names.Host(host)
		if err != nil {
			return nil, fmt.Errorf("%q is no host name: %w", host, err)
		}
		h := g.hosts(name)
		if !h.Known() {
			return nil, errors.New(h.Why)
		}
		l = h.Value.Addresses
	}
	at, left := g.reach(host, l, port, typed)
	if left != "" {
		return nil, fmt.Errorf("%s is not asked: %s", host, left)
	}
	return at, nil
}
