package receivers

import (
	"net/netip"
	"slices"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// The libraries that evaluate SPF agree about records without a mistake. About the others they do not, as the lab measured:
//
//	mistake             pyspf, Mail::SPF   libspf2 (Exim, OpenDMARC)   rspamd
//	syntax error        permerror          no result                   goes on without the term
//	more than 10 terms  permerror          permerror                   goes on
//	3 void lookups      permerror          goes on                     goes on
//	two records         permerror          permerror                   takes one of them
//	a record that an    permerror          permerror                   goes on
//	include or redirect
//	leads to is missing
//	or void, or is itself
//	no answer to the    temperror          no result                   temperror
//	first question

// SPF is what receivers make of one identity.
type SPF struct {
	Domain string
	Result string // by RFC 7208, and so of pyspf and Mail::SPF
	Why    string
	Alone  bool // the record is -all alone

	Libspf2 facts.Fact[string]
	Rspamd  facts.Fact[string]
}

// maxLookups is the limit of terms that cause lookups (RFC 7208 4.6.4).
const maxLookups = 10

// The results that decide something here.
const (
	pass      = "pass"
	fail      = "fail"
	softfail  = "softfail"
	neutral   = "neutral"
	none      = "none"
	permerror = "permerror"
	temperror = "temperror"
)

// spfOf adds to a result what the libraries make of it that do not keep to RFC 7208.
func spfOf(f *facts.Facts, r facts.SPFResult) SPF {
	s := SPF{Domain: r.Domain, Result: r.Result, Why: r.Why, Libspf2: facts.Know(r.Result), Rspamd: facts.Know(r.Result)}
	i := slices.IndexFunc(f.SPF, func(x facts.SPF) bool { return x.Domain == r.Domain })
	if i < 0 {
		return s
	}
	record := f.SPF[i]
	if rec := record.Root.Record; rec != nil && len(rec.Terms) == 1 {
		s.Alone = rec.Terms[0].Name == "all" && rec.Terms[0].Qualifier == "-" && !rec.Terms[0].Bad
	}
	if record.Root.Status == facts.SPFUnknown {
		s.Libspf2 = facts.Know(none)
	}
	if r.Result != permerror {
		return s
	}
	if record.Root.Status == facts.SPFMultiple {
		s.Rspamd = ofSeveral(f, record.Root, r.IP)
		return s
	}
	loose, bounded := evaluation{ip: r.IP}, evaluation{ip: r.IP, limit: maxLookups, strict: true}
	s.Rspamd = loose.of(record.Root)
	s.Libspf2 = bounded.of(record.Root)
	if rec := record.Root.Record; rec != nil && len(rec.Problems) > 0 {
		s.Libspf2 = facts.Know(none)
	}
	return s
}

// ofSeveral is the result that all of several records give: of which a receiver takes one is up to its resolver.
func ofSeveral(f *facts.Facts, n facts.SPFNode, ip netip.Addr) facts.Fact[string] {
	var results []string
	for _, text := range n.Texts {
		rec := spf.Parse(text)
		one := facts.SPFNode{Domain: n.Domain, Status: facts.SPFFound, Record: &rec}
		for _, t := range rec.Effective() {
			x := facts.SPFTerm{Term: t, Why: "it was not looked up"}
			if t.Spec == "" && n.Domain == f.Domain {
				switch {
				case t.Name == "a" && f.Addresses.Known():
					x.Addresses, x.Why = f.Addresses.Value.Addresses, ""
				case t.Name == "mx" && f.MX.Known():
					x.Addresses, x.Why = exchangers(f.MX.Value)
				}
			}
			one.Terms = append(one.Terms, x)
		}
		e := evaluation{ip: ip}
		r := e.of(one)
		if !r.Known() {
			return r
		}
		results = append(results, r.Value)
	}
	if l := slices.Compact(results); len(l) != 1 {
		return facts.Cannot[string]("it hangs on which of the SPF records of " + n.Domain + " a receiver gets first")
	}
	return facts.Know(results[0])
}

// exchangers are the addresses of all MX hosts, or why they are not known.
func exchangers(m facts.MX) (l []netip.Addr, lost string) {
	for _, h := range m.Hosts {
		l = append(l, h.Addresses.Value.Addresses...)
		if h.Addresses.State == facts.Unknown {
			lost = h.Addresses.Why
		}
	}
	return l, lost
}

// evaluation goes through a walked record without the limits of RFC 7208 but one: of terms that cause lookups, 0 for none.
type evaluation struct {
	ip      netip.Addr
	limit   int
	strict  bool // an include or redirect= of nothing, and an include of what is void, make the record void (RFC 7208 5.2, 6.1)
	lookups int
}

var qualifiers = map[string]string{"+": pass, "-": fail, "~": softfail, "?": neutral}

// of is the result of one record. Terms that cannot be read are not in its list.
func (e *evaluation) of(n facts.SPFNode) facts.Fact[string] {
	switch n.Status {
	case facts.SPFFound:
	case facts.SPFNone:
		return facts.Know(none)
	case facts.SPFMultiple:
		return facts.Know(permerror)
	case facts.SPFUnknown:
		return facts.Know(temperror)
	case facts.SPFLoop:
		return facts.Know(permerror)
	default:
		return facts.Cannot[string]("the SPF record of " + n.Domain + " was not walked to its end")
	}
	for _, t := range n.Terms {
		if t.Term.NeedsLookup() {
			if e.lookups++; e.limit > 0 && e.lookups > e.limit {
				return facts.Know(permerror)
			}
		}
		if e.strict && t.Term.Name == "mx" && t.Hosts > maxLookups {
			return facts.Know(permerror)
		}
		if t.Term.Name == "redirect" {
			if t.Child == nil {
				return facts.Cannot[string](t.Why)
			}
			r := e.of(*t.Child)
			if e.strict && r.Value == none {
				return facts.Know(permerror)
			}
			return r
		}
		var m Truth
		if t.Term.Name == "include" && t.Child != nil {
			r := e.of(*t.Child)
			if e.strict && (r.Value == none || r.Value == permerror) {
				return facts.Know(permerror)
			}
			m = is(r, func(r string) bool { return r == pass })
		} else {
			m = e.matches(t)
		}
		switch {
		case m.State == facts.Unknown:
			return facts.Cannot[string](m.Why)
		case m.Value:
			return facts.Know(qualifiers[t.Term.Qualifier])
		}
	}
	return facts.Know(neutral)
}

// matches says whether a mechanism does.
func (e *evaluation) matches(t facts.SPFTerm) Truth {
	switch t.Term.Name {
	case "all":
		return yes
	case "ip4", "ip6":
		return truth(t.Term.Network.Contains(e.ip.Unmap()))
	case "a", "mx":
		if slices.ContainsFunc(t.Addresses, func(a netip.Addr) bool { return e.near(t.Term, a) }) {
			return yes
		}
		if t.Why != "" {
			return cannot(t.Why)
		}
		return no
	case "include":
		return cannot(t.Why)
	}
	if t.Void {
		return no
	}
	return cannot(t.Term.Text + " is not evaluated here")
}

// near says whether the sender is within the prefix length of an address.
func (e *evaluation) near(t spf.Term, a netip.Addr) bool {
	bits := t.Prefix6
	if a.Is4() {
		bits = t.Prefix4
	}
	p, err := a.Prefix(bits)
	return err == nil && p.Contains(e.ip.Unmap())
}
