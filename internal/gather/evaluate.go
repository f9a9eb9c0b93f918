package gather

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	evaluator "blitiri.com.ar/go/spf"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// results evaluates SPF for every address and identity, as a receiver would: the verdict is the library's on the
// memo's answers, but a syntax error anywhere in a record that the evaluation fetched makes it permerror (RFC
// 7208 4.6), which the library does not see behind a match.
func (g *gatherer) results(sources []facts.Source) []facts.SPFResult {
	var l []facts.SPFResult
	stream := map[string]facts.Stream{}
	for _, s := range g.t.Streams {
		stream[s.Name] = s
	}
	for _, src := range sources {
		s := stream[src.Stream]
		r := facts.SPFResult{IP: src.IP, Stream: s.Name, Declared: src.Declared}
		_, r.Domain, _ = strings.Cut(s.MailFrom, "@")
		r.Identity = "mailfrom"
		l = append(l, r)
		if s.HELO != "" {
			r.Identity, r.Domain = "helo", strings.TrimSuffix(strings.ToLower(s.HELO), ".")
			l = append(l, r)
		}
	}
	return every(l, func(r facts.SPFResult) facts.SPFResult {
		s := stream[r.Stream]
		sender, helo := s.MailFrom, s.HELO
		if r.Identity == "helo" {
			sender = "postmaster@" + r.Domain // RFC 7208 2.3, 4.3
		}
		if helo == "" {
			helo = "unknown" // %{h} has no better value (RFC 7208 7.3)
		}
		r.Result, r.Why = g.evaluate(r.IP, helo, sender, r.Domain)
		return r
	})
}

// evaluate is check_host() of RFC 7208 4.
func (g *gatherer) evaluate(ip netip.Addr, helo, sender, domain string) (result, why string) {
	// RFC 7208 4.3: a domain that is malformed or no multi-label name gives none.
	if !isHost(domain) {
		return "none", fmt.Sprintf("%q is no domain name of several labels", domain)
	}
	w := &witness{g: g, ip: ip, vars: spf.Vars{Sender: sender, HELO: helo, IP: ip}}
	res, err := evaluator.CheckHostWithSender(ip.AsSlice(), helo, sender, evaluator.WithContext(g.ctx), evaluator.WithResolver(w))
	for _, name := range w.fetched {
		if bad, ok := g.syntax(name); ok {
			return "permerror", bad
		}
	}
	if err != nil {
		why = explain(err, w)
	}
	return string(res), why
}

// explain says what matched, or what is wrong, in words of ours.
func explain(err error, w *witness) string {
	for _, c := range []struct {
		is  error
		say string
	}{
		{evaluator.ErrMatchedAll, "all"}, {evaluator.ErrMatchedA, "a"}, {evaluator.ErrMatchedIP, "ip4 or ip6"},
		{evaluator.ErrMatchedMX, "mx"}, {evaluator.ErrMatchedPTR, "ptr"}, {evaluator.ErrMatchedExists, "exists"},
		{evaluator.ErrLookupLimitReached, "more than 10 DNS lookups"}, {evaluator.ErrVoidLookupLimitReached, "more than 2 void lookups"},
		{evaluator.ErrTooManyMXRecords, "an mx with more than 10 hosts"}, {evaluator.ErrMultipleRecords, "more than one SPF record"},
		{evaluator.ErrNoResult, "no SPF record"},
	} {
		if errors.Is(err, c.is) {
			return c.say
		}
	}
	if w.failed != "" {
		return w.failed
	}
	return err.Error()
}

// syntax is the first syntax error of the one SPF record at a name.
func (g *gatherer) syntax(name string) (string, bool) {
	var n facts.SPFNode
	g.read(&n, g.ask(name, dnsx.TXT))
	if n.Record == nil || len(n.Record.Problems) == 0 {
		return "", false
	}
	p := n.Record.Problems[0]
	return fmt.Sprintf("%q in the record of %s: %s", p.Term, dnsx.Q(name, dnsx.TXT).Name, p.Message), true
}

// witness answers the library from the memo and remembers which records it fetched. The library asserts the
// type *net.DNSError, so errors are exactly that, unwrapped, with the flag that it looks at.
type witness struct {
	g  *gatherer
	ip netip.Addr

	vars    spf.Vars
	alias   map[string]string // names that the library cannot read, by those that it was given in their place
	fetched []string          // the library evaluates in one goroutine
	failed  string            // the cause of the last lookup that failed
}

func (w *witness) ask(name string, t dnsx.Type) (dnsx.Answer, error) {
	a := w.g.ask(literal(name), t)
	switch a.Status {
	case dnsx.NXDomain:
		return a, &net.DNSError{Err: "NXDOMAIN", Name: name, IsNotFound: true}
	case dnsx.Failed:
		w.failed = a.Question.Name + " " + t.String() + ": " + a.Cause
		return a, &net.DNSError{Err: a.Cause, Name: name, IsTemporary: true}
	}
	return a, nil
}

// literal is a name that macros made, in presentation form: a backslash in it is no escape.
func literal(name string) string { return strings.ReplaceAll(name, `\`, `\\`) }

// LookupTXT implements the library's DNSResolver.
func (w *witness) LookupTXT(_ context.Context, name string) ([]string, error) {
	w.fetched = append(w.fetched, name)
	a, err := w.ask(name, dnsx.TXT)
	var l []string
	for _, r := range a.Records {
		l = append(l, w.readable(r.Text, name))
	}
	return l, err
}

// readable is a record in which the library can read every term. RFC 7208 7.1 lets a domain-spec hold any visible octet
// but "%", and the library takes a "/" in that of a and mx for a prefix length: such a name is given to it under another.
func (w *witness) readable(text, domain string) string {
	if !spf.IsSPF(text) {
		return text
	}
	vars := w.vars
	vars.Domain = domain
	rec := spf.Parse(text)
	for i := len(rec.Terms) - 1; i >= 0; i-- { // from the end, so that offsets hold
		t := rec.Terms[i]
		if t.Bad || t.Name != "a" && t.Name != "mx" || !strings.Contains(t.Spec, "/") {
			continue
		}
		name, ok := spf.Expand(t.Spec, vars)
		if !ok {
			continue // %{p}: left to the library
		}
		if w.alias == nil {
			w.alias = map[string]string{}
		}
		alias := fmt.Sprintf("alias%d.invalid", len(w.alias)) // RFC 6761 6.4: nobody's
		w.alias[alias] = name
		term := strings.Replace(t.Text, t.Spec, alias, 1)
		text = text[:t.Offset] + term + text[t.Offset+len(t.Text):]
	}
	return text
}

// named is the name that a question of the library's is about.
func (w *witness) named(name string) string {
	if real, ok := w.alias[name]; ok {
		return real
	}
	return name
}

// LookupMX implements the library's DNSResolver.
func (w *witness) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	a, err := w.ask(w.named(name), dnsx.MX)
	var l []*net.MX
	for _, r := range a.Records {
		l = append(l, &net.MX{Host: r.Target, Pref: r.Preference})
	}
	return l, err
}

// LookupIPAddr implements the library's DNSResolver. For an IPv4 sender every mechanism looks at A records. For an
// IPv6 sender a, mx and ptr look at AAAA records and exists at A (RFC 7208 5.3, 5.7); the library does not say which
// of them asks, and tells the families apart itself.
func (w *witness) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	types := []dnsx.Type{dnsx.A}
	if w.ip.Is6() {
		types = []dnsx.Type{dnsx.AAAA, dnsx.A}
	}
	var l []net.IPAddr
	var first error
	for _, t := range types {
		a, err := w.ask(w.named(host), t)
		for _, r := range a.Records {
			l = append(l, net.IPAddr{IP: r.Addr.AsSlice()})
		}
		first = cmpErr(first, err)
	}
	if len(l) > 0 {
		return l, nil
	}
	return nil, first
}

// cmpErr keeps the error that says less: a lookup that failed outweighs a name that does not exist.
func cmpErr(a, b error) error {
	var d *net.DNSError
	if a == nil || errors.As(b, &d) && d.IsTemporary {
		return b
	}
	return a
}

// LookupAddr implements the library's DNSResolver.
func (w *witness) LookupAddr(_ context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: addr, IsNotFound: true}
	}
	a, err := w.ask(dnsx.Reverse(ip), dnsx.PTR)
	var l []string
	for _, r := range a.Records {
		l = append(l, r.Target+".")
	}
	return l, err
}
