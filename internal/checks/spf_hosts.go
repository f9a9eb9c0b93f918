package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/special"
	"mailaudit/internal/spfnet"
)

// Who passes, and who should.

// Prefix lengths of networks that the record's own terms name. A /16, or a /32 of IPv6, is more than nearly any sender has.
// IANA gives IPv4 away in pieces of a /8, and 2000::/3 is all of global IPv6 (RFC 3587 3): what reaches further certainly
// holds hosts of strangers.
const (
	wide4, wide6 = 16, 32
	open4, open6 = 8, 4
)

// manyIPv4 is how many IPv4 addresses may send before somebody should know it.
const manyIPv4 = 1_000_000

// spfWide judges the record's own terms; a provider's networks are as wide as the provider, but not as the Internet. Fail is for a
// record that no longer tells the domain's hosts from others, as +all does not, whoever wrote the term: then SPF is void as an
// authentication. It claims no refusal: that Gmail's "suspicious entries" are wide ranges is likely and not documented.
func spfWide(f *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	private := false
	visit(&s.Root, nil, func(t step) {
		if !t.counts() {
			return
		}
		for _, p := range spfNetworks(t) {
			v := Violation{At: t.at()}
			wide, open := wide4, open4
			if p.Addr().Is6() {
				wide, open = wide6, open6
			}
			if !t.own() {
				wide = open
				v.Fix = fmt.Sprintf("Remove %s, or have its owner narrow %s", clip(t.by().Term.Text), clip(t.Term.Text))
			}
			switch {
			case p.Bits() >= wide:
				continue
			case reserved(f, p) != "": // spf.ip-private
				private = true
				continue
			case p.Bits() < open:
				v.Status, v.Message = Fail, fmt.Sprintf("%s lets all of %s pass, wider than a /%d: hosts of strangers pass as this domain", t, p, open)
			default:
				v.Status, v.Message = Warn, fmt.Sprintf("%s lets all of %s pass, where a /%d is wide already", t, p, wide)
			}
			l = append(l, v)
		}
	})
	if len(l) > 0 {
		return bounded(l)
	}
	sum := spfnet.Authorised(&s.Root)
	if sum.IPv4 > manyIPv4 && sum.IPv4 < 1<<32 && !private { // all of them: spf.all-plus
		return []Violation{mostHosts(s, sum)}
	}
	return undecided(s, func(t step) string {
		four, six := open4, open6
		if t.own() {
			four, six = wide4, wide6
		}
		if host := t.Term.Name == "a" || t.Term.Name == "mx"; host && (t.Term.Prefix4 < four || t.Term.Prefix6 < six) {
			return lostAnswer(t)
		}
		return lostRecord(t) // it could authorise very many
	})
}

// spfNetworks are the networks that a term gives pass, each once.
func spfNetworks(t step) []netip.Prefix {
	if t.Term.Modifier || t.Term.Qualifier != "+" {
		return nil
	}
	if t.Term.Network.IsValid() {
		return []netip.Prefix{t.Term.Network.Masked()}
	}
	var l []netip.Prefix
	for _, a := range t.Addresses {
		bits := t.Term.Prefix6
		if a.Is4() {
			bits = t.Term.Prefix4
		}
		if p, err := a.Prefix(bits); err == nil && !slices.Contains(l, p) {
			l = append(l, p)
		}
	}
	return l
}

// reserved says for what a whole network is reserved, "" where it is not, or the user declares some of it public.
func reserved(f *facts.Facts, p netip.Prefix) string {
	name := special.Name(p.Addr())
	if name != special.Name(spfnet.Last(p)) || slices.ContainsFunc(f.Public, p.Overlaps) {
		return ""
	}
	return name
}

// mostHosts is the note that very many addresses may send, with the term that names most of them.
func mostHosts(s facts.SPF, sum spfnet.Summary) Violation {
	v := Violation{Status: Info, Message: fmt.Sprintf("%d IPv4 addresses pass", sum.IPv4),
		Fix: "Remove the includes of services that no longer send for you"}
	if !sum.Complete {
		v.Message = "at least " + v.Message
	}
	var most spfnet.Cost
	for _, c := range sum.Costs {
		if c.IPv4 > most.IPv4 {
			most = c
		}
	}
	if i := slices.IndexFunc(s.Root.Terms, func(t facts.SPFTerm) bool { return t.Term.Text == most.Term }); i >= 0 {
		v.At = step{SPFTerm: &s.Root.Terms[i], in: &s.Root}.at()
		v.Message += fmt.Sprintf(", %d of them by %s", most.IPv4, clip(most.Term))
	}
	return v
}

func spfPrivate(f *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visitOwn(s, func(t step) {
		p := t.Term.Network
		if !p.IsValid() || t.Term.Qualifier != "+" {
			return
		}
		if what := reserved(f, p.Masked()); what != "" {
			l = append(l, Violation{Status: Warn, At: t.at(), Message: fmt.Sprintf("%s is %s: no receiver sees mail come from there", t, what)})
		}
	})
	if len(l) == 0 {
		return undecided(s, lostRedirect)
	}
	return bounded(l)
}

func spfRedundant(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	for _, r := range spfnet.Redundant(&s.Root) {
		if r.Term.Child != nil && r.Term.Target == r.By.Target {
			continue // spf.include-duplicate
		}
		t := step{SPFTerm: r.Term, in: &s.Root}
		v := Violation{Status: Info, At: t.at(), Message: fmt.Sprintf("%s lets nobody pass whom %s does not", t, clip(r.By.Term.Text))}
		if strings.EqualFold(r.Term.Term.Text, r.By.Term.Text) {
			v.Message = fmt.Sprintf("%s stands twice", t)
		}
		if n := spfnet.Lookups(r.Term); n > 0 {
			v.Message += ", and takes " + count(n, "lookup")
		}
		l = append(l, v)
	}
	if len(l) == 0 {
		return undecided(s, lostAnswer)
	}
	return bounded(l)
}

// ptrSource is a sending address of a stream whose SPF record uses ptr.
type ptrSource struct {
	source
	ptr step
}

// spfPTRSources are the declared addresses whose reverse names a receiver would go through.
func spfPTRSources(f *facts.Facts) []subject[ptrSource] {
	var l []subject[ptrSource]
	for _, x := range sources(f) {
		ptr, ok := ptrOf(f, x.source)
		if x.candidate || !ok {
			continue
		}
		l = append(l, subject[ptrSource]{name: x.name, source: x.source,
			of: facts.Fact[ptrSource]{State: x.of.State, Why: x.of.Why, Value: ptrSource{x.of.Value, ptr}}})
	}
	return l
}

// ptrOf finds the first ptr in the walk of the record by which an address is judged.
func ptrOf(f *facts.Facts, ip netip.Addr) (ptr step, ok bool) {
	for _, r := range f.Results {
		i := slices.IndexFunc(f.SPF, func(s facts.SPF) bool { return s.Domain == r.Domain })
		if r.IP != ip || r.Identity != "mailfrom" || i < 0 {
			continue
		}
		visit(&f.SPF[i].Root, nil, func(t step) {
			if t.Term.Name == "ptr" && !ok {
				ptr, ok = t, true
			}
		})
	}
	return ptr, ok
}

func spfPTRLimit(_ *facts.Facts, s ptrSource) []Violation {
	if len(s.PTR.Names) <= maxNames {
		return nil
	}
	return []Violation{{Status: Info, At: s.ptr.at(),
		Message: fmt.Sprintf("%s has more than %d reverse names, and %s looks at %[2]d of them: which ones is left to chance", s.IP, maxNames, s.ptr)}}
}

// greeted is a HELO name with its addresses and the SPF record of the MAIL FROM that its hosts send with.
type greeted struct {
	facts.Hosts
	name, domain string
	sum          spfnet.Summary
}

// spfGreeted are the HELO names of streams whose SPF record can be computed. Whether an address that it does not name may
// pass all the same, by a macro or a record that was lost, is not known: then nothing is said.
func spfGreeted(f *facts.Facts) []subject[greeted] {
	var l []subject[greeted]
	for _, h := range f.HELOs {
		stream := slices.IndexFunc(f.Streams, func(s facts.Stream) bool { return s.Name == h.Stream })
		if stream < 0 || f.Profile.Name == facts.Parked {
			continue
		}
		_, domain, _ := strings.Cut(f.Streams[stream].MailFrom, "@")
		i := slices.IndexFunc(f.SPF, func(s facts.SPF) bool { return s.Domain == domain && s.Root.Status == facts.SPFFound })
		if i < 0 {
			continue
		}
		g := greeted{h.Addresses.Value, h.Name, domain, spfnet.Authorised(&f.SPF[i].Root)}
		if !g.sum.Complete && len(uncovered(f, g)) > 0 {
			continue
		}
		x := subject[greeted]{name: h.Name, of: facts.Fact[greeted]{State: h.Addresses.State, Why: h.Addresses.Why, Value: g}}
		if g.Lost != "" && len(uncovered(f, g)) == 0 {
			x.of = facts.Cannot[greeted](fmt.Sprintf("%s may have more addresses: %s", clip(h.Name), g.Lost))
		}
		l = append(l, x)
	}
	return l
}

// uncovered are the host's public IPv6 addresses that do not pass, other than declared ones: those have a result of their own.
func uncovered(f *facts.Facts, g greeted) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(g.Addresses), func(a netip.Addr) bool {
		declared := slices.ContainsFunc(f.Sources, func(s facts.Source) bool { return s.Declared && s.IP == a })
		return a.Is4() || declared || !special.Public(a, f.Public) || g.sum.Passes(a)
	})
}

// spfIPv6 judges hosts of which an IPv4 address passes: of another it is not known that it sends by this record.
func spfIPv6(f *facts.Facts, g greeted) []Violation {
	l := uncovered(f, g)
	sends := slices.ContainsFunc(g.Addresses, func(a netip.Addr) bool { return a.Is4() && g.sum.Passes(a) })
	if len(l) == 0 || !sends {
		return nil
	}
	more := ""
	if len(l) > 1 {
		more = fmt.Sprintf(" and %d more", len(l)-1)
	}
	return []Violation{{Status: Warn,
		Message: fmt.Sprintf("%s passes SPF of %s over IPv4, and also has the address %s%s, which does not", clip(g.name), clip(g.domain), l[0], more),
		Fix:     fmt.Sprintf("Add ip6:%s to the SPF record of %s, or have the host send over IPv4 only", l[0], clip(g.domain))}}
}

func spfNotCovered(f *facts.Facts, r facts.SPFResult) []Violation {
	if r.Result == "pass" {
		return nil
	}
	why := ""
	if r.Why != "" {
		why = " (" + clip(r.Why) + ")"
	}
	v := Violation{Status: Fail, Implied: explained(f, r),
		Message: fmt.Sprintf("%s gets %s from %s%s: only pass authenticates", r.IP, r.Result, clip(r.Domain), why)}
	switch r.Result {
	case "fail", "softfail", "neutral":
		mechanism := "ip4"
		if r.IP.Unmap().Is6() {
			mechanism = "ip6"
		}
		v.Fix = fmt.Sprintf("Add %s:%s, or the include: of the service that it belongs to, to the SPF record of %s, before its all",
			mechanism, r.IP.Unmap(), clip(r.Domain))
	}
	return []Violation{v}
}

// explained says whether another rule fails with the cause of a none or permerror. It does not where the static walk
// finds nothing wrong: lookups that are void for one address family only, or macros that stand for parts of a message.
func explained(f *facts.Facts, r facts.SPFResult) bool {
	return slices.ContainsFunc(spfSenders(f), func(x subject[facts.SPF]) bool {
		s := x.of.Value
		switch {
		case s.Domain != r.Domain || !x.of.Known():
			return false
		case r.Result == "none":
			return s.Root.Status == facts.SPFNone && (!sendsNothing(f) || len(s.Near) > 0)
		case r.Result == "permerror":
			return s.Root.Status == facts.SPFMultiple || len(record(s.Root).Problems) > 0 || s.Lookups > maxLookups || s.Void > maxVoid || faulty(s)
		}
		return false
	})
}
