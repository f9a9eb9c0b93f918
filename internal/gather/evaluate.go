package gather

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
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
		s, known := stream[src.Stream]
		if !known { // an address of DMARC reports: its MAIL FROM is not the domain's
			continue
		}
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
	ip = ip.Unmap() // RFC 7208 5: an IPv4-mapped address is an IPv4 address
	w := &witness{g: g, ip: ip, vars: spf.Vars{Sender: sender, HELO: helo, IP: ip}}
	res, err := evaluator.CheckHostWithSender(ip.AsSlice(), helo, sender, evaluator.WithContext(g.ctx), evaluator.WithResolver(w))
	for _, name := range w.fetched {
		if bad, ok := g.syntax(name); ok {
			return "permerror", bad
		}
	}
	// A reverse name that is lost matches nothing (RFC 7208 5.5) for as long as it is: what a receiver that is luckier
	// concludes, nobody knows.
	if w.unproven != "" && res != evaluator.Pass {
		return string(evaluator.TempError), w.unproven
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
	alias   map[string]alias // by the name that the library was given in the place of another
	fetched []string         // the library evaluates in one goroutine
	failed  string           // the cause of the last lookup that failed

	reversed []string // the names of the sender's address, as given to the library
	unproven string   // why ptr or %{p} may have missed one of them
}

// alias is a name that the library knows under another.
type alias struct {
	name   string
	exists bool   // it is the target of an exists mechanism
	lost   string // why nobody is asked
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

// askFor asks for what the library knows under another name.
func (w *witness) askFor(about alias, t dnsx.Type) (dnsx.Answer, error) {
	if about.lost != "" {
		w.failed = about.lost
		return dnsx.Answer{}, &net.DNSError{Err: about.lost, Name: about.name, IsTemporary: true}
	}
	return w.ask(about.name, t)
}

// literal is a name that macros made, in presentation form: a backslash in it is no escape.
func literal(name string) string { return strings.ReplaceAll(name, `\`, `\\`) }

// LookupTXT implements the library's DNSResolver.
func (w *witness) LookupTXT(_ context.Context, name string) ([]string, error) {
	about := w.named(name)
	if about.lost == "" {
		w.fetched = append(w.fetched, name)
		about = alias{name: name}
	}
	a, err := w.askFor(about, dnsx.TXT)
	var l []string
	for _, r := range a.Records {
		l = append(l, w.readable(r.Text, name))
	}
	return l, err
}

// maxSpec is how many octets of a domain-spec are evaluated: four times the longest name. Each evaluation would expand it again.
const maxSpec = 1000

// readable is a record in which the library can read every term and asks the right questions. The names of some terms are
// given to it under others: RFC 7208 7.1 lets a domain-spec hold any visible octet but "%", and the library takes a "/" in
// that of a and mx for a prefix length; and for exists alone an IPv6 sender is looked up as an IPv4 one is (5.7). What
// decides nothing for this sender is left out, so that a record of thousands of terms costs the library no more than others.
func (w *witness) readable(text, domain string) string {
	if !spf.IsSPF(text) {
		return text
	}
	vars := w.vars
	vars.Domain = strings.TrimSuffix(domain, ".")
	var b strings.Builder
	b.WriteString("v=spf1")
	lookups := 0
	for _, t := range w.g.parsed(text).Terms {
		if w.idle(t) {
			continue
		}
		b.WriteByte(' ')
		b.WriteString(w.term(t, vars))
		if t.NeedsLookup() && !t.Modifier { // redirect comes last, wherever it stands
			lookups++
		}
		if t.Bad || lookups > maxLookups {
			break // of what follows nothing changes the result
		}
	}
	return b.String()
}

// maxLookups is the limit of terms that cause lookups (RFC 7208 4.6.4).
const maxLookups = 10

// idle says that a term decides nothing: a network that the sender is not in, or a modifier that is to be ignored (RFC 7208 6).
func (w *witness) idle(t spf.Term) bool {
	switch {
	case t.Bad:
		return false
	case t.Modifier:
		return t.Name != "redirect"
	}
	// An IPv4-mapped network matches nobody (RFC 7208 5), and the library takes it for an IPv4 one.
	return (t.Name == "ip4" || t.Name == "ip6") && (!t.Network.Contains(w.ip) || t.Network.Addr().Is4In6())
}

// term is one as the library is given it.
func (w *witness) term(t spf.Term, vars spf.Vars) string {
	if t.Bad || t.Spec == "" || !t.NeedsLookup() {
		return t.Text
	}
	if len(t.Spec) > maxSpec {
		lost := fmt.Sprintf("a domain-spec of %d octets is not evaluated", len(t.Spec))
		if t.Name == "ptr" { // it is compared, and not asked for
			w.unproven = lost
		}
		return strings.Replace(t.Text, t.Spec, w.other(alias{lost: lost}), 1)
	}
	text := w.validated(t.Text, vars.Domain)
	if text != t.Text {
		t = spf.Parse("v=spf1 " + text).Terms[0]
	}
	exists := t.Name == "exists"
	if t.Bad || t.Modifier || !exists && !((t.Name == "a" || t.Name == "mx") && strings.Contains(t.Spec, "/")) {
		return text
	}
	name, ok := spf.Expand(t.Spec, vars)
	if !ok {
		return text // nothing is left of it that could be asked for
	}
	return strings.Replace(text, t.Spec, w.other(alias{name: name, exists: exists}), 1)
}

// other is the name under which the library is to ask for something.
func (w *witness) other(a alias) string {
	if w.alias == nil {
		w.alias = map[string]alias{}
	}
	name := fmt.Sprintf("alias%d.invalid", len(w.alias)) // RFC 6761 6.4: nobody's
	w.alias[name] = a
	return name
}

var clientMacro = regexp.MustCompile(`%%|%\{[pP][^}]*\}`)

// validated writes the validated domain name of the sender in the place of %{p}, which the library does not know.
func (w *witness) validated(text, domain string) string {
	return clientMacro.ReplaceAllStringFunc(text, func(macro string) string {
		if macro == "%%" {
			return macro
		}
		same := strings.NewReplacer("%{p", "%{h", "%{P", "%{H").Replace(macro) // its transformers are those of every letter
		value, ok := spf.Expand(same, spf.Vars{HELO: w.client(domain)})
		if !ok {
			return macro // malformed
		}
		return value
	})
}

// client is the value of %{p} (RFC 7208 7.3): of the sender's names that lead back to it the domain itself, else one
// beneath it, else any.
func (w *witness) client(domain string) string {
	var l []string
	p := w.g.reverse(w.ip)
	if why := cmp.Or(p.Why, p.Value.Why); why != "" {
		w.unproven = "%{p}: " + why
	}
	for _, n := range p.Value.Names {
		// What is no host name could bring terms of its own into the record.
		host := !strings.ContainsFunc(n.Name, func(c rune) bool {
			return !(c == '.' || c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z')
		})
		if host && n.Addresses.Known() && slices.Contains(n.Addresses.Value.Addresses, w.ip) {
			l = append(l, n.Name)
		}
	}
	slices.Sort(l) // the order of records in an answer means nothing
	domain = strings.ToLower(domain)
	for _, fits := range []func(string) bool{
		func(n string) bool { return n == domain },
		func(n string) bool { return within(n, domain) },
		func(string) bool { return true },
	} {
		if i := slices.IndexFunc(l, fits); i >= 0 {
			return l[i]
		}
	}
	return "unknown"
}

// named is what a question of the library's is about.
func (w *witness) named(name string) alias {
	if a, ok := w.alias[name]; ok {
		return a
	}
	return alias{name: name}
}

// LookupMX implements the library's DNSResolver.
func (w *witness) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	a, err := w.askFor(w.named(name), dnsx.MX)
	var l []*net.MX
	for _, r := range a.Records {
		l = append(l, &net.MX{Host: r.Target, Pref: r.Preference})
	}
	return l, err
}

// LookupIPAddr implements the library's DNSResolver, which is to give the addresses of the sender's family (RFC 7208 5.3),
// and the IPv4 ones where exists asks (5.7).
func (w *witness) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	about, t := w.named(host), dnsx.A
	if w.ip.Is6() && !about.exists {
		t = dnsx.AAAA
	}
	a, err := w.askFor(about, t)
	if a.Status == dnsx.Failed && slices.Contains(w.reversed, host) {
		w.unproven = w.failed
	}
	var l []net.IPAddr
	for _, r := range a.Records {
		l = append(l, net.IPAddr{IP: r.Addr.AsSlice()})
	}
	return l, err
}

// LookupAddr implements the library's DNSResolver.
func (w *witness) LookupAddr(_ context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: addr, IsNotFound: true}
	}
	a, err := w.ask(dnsx.Reverse(ip), dnsx.PTR)
	if a.Status == dnsx.Failed {
		w.unproven = w.failed
	}
	for _, r := range a.Records {
		w.reversed = append(w.reversed, r.Target+".")
	}
	return w.reversed, err
}
