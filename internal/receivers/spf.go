package receivers

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// The libraries that evaluate SPF agree about most records. About the others they do not, as the lab measured, and as libspf2
// itself answers:
//
//	record                   pyspf, Mail::SPF   libspf2 (Exim, OpenDMARC)      rspamd
//	syntax error             permerror          no result; of a domain, no     goes on without the term
//	                                            match; exp= twice, the first
//	more than 10 terms       permerror          permerror, within one record   goes on
//	3 void lookups           permerror          goes on                        goes on
//	two records              permerror          permerror                      takes one of them
//	a record that an         permerror          permerror                      goes on
//	include or redirect
//	leads to is missing
//	or void, or is itself
//	no answer to the         temperror          no result                      temperror
//	first question
//	terms behind redirect=   redirect= last     redirect= in its place         redirect= in its place
//	terms behind all         all in its place   all in its place               all last, and not in an include
//	/0                       everybody          no result                      nobody
//	%{d2} of two labels      as it is           no match                       as it is
//	%{h}, %{l}, %{s}         as they are        no match in OpenDMARC          as they are
//	ip4=                     a modifier         a modifier                     ip4:
//	blanks in front, a tab   no record          no record                      a record
//	no blank behind v=spf1   no record          no record                      a record

// SPF is what receivers make of one identity.
type SPF struct {
	Domain string
	Result string // by RFC 7208, and so of pyspf and Mail::SPF
	Why    string
	Alone  bool // the record is -all alone

	Libspf2   facts.Fact[string]
	OpenDMARC facts.Fact[string] // where it differs from Libspf2
	Rspamd    facts.Fact[string]
}

// openDMARC is the result of OpenDMARC, which uses libspf2 and tells it the domain in MAIL FROM alone.
func (s SPF) openDMARC() facts.Fact[string] {
	if s.OpenDMARC.State == facts.Unasked {
		return s.Libspf2
	}
	return s.OpenDMARC
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
	if record.Root.Status == facts.SPFNone && len(record.Near) == 1 {
		s.Rspamd = ofText(f, record.Root, r.IP, rspamdText(record.Near[0]))
	}
	if record.Root.Status == facts.SPFMultiple {
		s.Rspamd = ofSeveral(f, record.Root, r.IP)
		return s
	}
	if r.Result == permerror || asRspamd.oddly(record.Root, r.IP) {
		s.Rspamd = evaluation{ip: r.IP, as: asRspamd}.of(record.Root)
	}
	if r.Result == permerror || asLibspf2.oddly(record.Root, r.IP) {
		s.Libspf2 = evaluation{ip: r.IP, as: asLibspf2}.of(record.Root)
	}
	if anywhere(record.Root, func(n facts.SPFNode) bool { return slices.ContainsFunc(n.Terms, untold) }) {
		s.OpenDMARC = evaluation{ip: r.IP, as: asLibspf2, nameless: true}.of(record.Root)
	}
	return s
}

// rspamdText is a text as Rspamd reads it: with blanks in front, and with none behind v=spf1.
func rspamdText(text string) string {
	const version = "v=spf1"
	text = strings.Join(strings.Fields(text), " ")
	if len(text) >= len(version) && strings.EqualFold(text[:len(version)], version) {
		return version + " " + text[len(version):]
	}
	return text
}

// anywhere says whether something holds for a node or one beneath it.
func anywhere(n facts.SPFNode, holds func(facts.SPFNode) bool) bool {
	return holds(n) || slices.ContainsFunc(n.Terms, func(t facts.SPFTerm) bool { return t.Child != nil && anywhere(*t.Child, holds) })
}

// oddly says that the library reads a record, or one that it leads to, in a way of its own although nothing is wrong with it.
func (l library) oddly(root facts.SPFNode, ip netip.Addr) bool {
	return anywhere(root, func(n facts.SPFNode) bool {
		if n.Record == nil {
			return false
		}
		all, redirect := false, false // were seen
		for _, t := range n.Record.Terms {
			if zeroLength(t) || redirect && !t.Modifier {
				return true
			}
			if l == asLibspf2 && miscut(t, n.Domain, ip) {
				return true
			}
			if l == asRspamd && (misnamed(t) || all && !t.Modifier || n.Domain != root.Domain && t.Name == "all" && t.Qualifier == "+") {
				return true
			}
			all, redirect = all || t.Name == "all" && !t.Modifier, redirect || t.Name == "redirect" && t.Modifier
		}
		return false
	})
}

// untold says that a term has in it what OpenDMARC does not tell libspf2: the name in EHLO, and the local part of MAIL FROM.
func untold(t facts.SPFTerm) bool {
	if !strings.Contains(t.Term.Spec, "%{") {
		return false
	}
	spec := strings.ToLower(t.Term.Spec)
	return strings.Contains(spec, "%{h") || strings.Contains(spec, "%{l") || strings.Contains(spec, "%{s")
}

// zeroLength says that a term has a prefix length of 0.
func zeroLength(t spf.Term) bool {
	return t.Network.IsValid() && t.Network.Bits() == 0 || (t.Name == "a" || t.Name == "mx") && (t.Prefix4 == 0 || t.Prefix6 == 0) && !t.Bad && !t.Modifier
}

// misnamed says that a modifier has the name of a mechanism, for which Rspamd takes it.
func misnamed(t spf.Term) bool {
	return t.Modifier && slices.Contains([]string{"ip4", "ip6", "a", "mx", "ptr", "include", "exists"}, t.Name)
}

// asMechanism is what Rspamd makes of a modifier that has the name of a mechanism; what would have to be looked up was not.
func asMechanism(t spf.Term) facts.SPFTerm {
	_, value, _ := strings.Cut(t.Text, "=")
	r := spf.Parse("v=spf1 " + t.Name + ":" + value)
	x := facts.SPFTerm{Term: r.Terms[0]}
	if x.Term.NeedsLookup() {
		x.Why = t.Text + " was not looked up"
	}
	return x
}

// terms are those of a record in the order in which a library looks at them: redirect= in its place, and for Rspamd all at the
// end, if it counts at all.
func (e evaluation) terms(n facts.SPFNode) []facts.SPFTerm {
	if n.Record == nil {
		return n.Terms
	}
	var l, last []facts.SPFTerm
	walked := n.Terms // in their order, but redirect= last
	for i := range n.Record.Terms {
		var x *facts.SPFTerm
		switch end := len(walked) - 1; {
		case end >= 0 && walked[0].Term.Offset == n.Record.Terms[i].Offset:
			x, walked = &walked[0], walked[1:]
		case end >= 0 && walked[end].Term.Offset == n.Record.Terms[i].Offset:
			x, walked = &walked[end], walked[:end]
		}
		t := &n.Record.Terms[i]
		if e.elsewhere(t) {
			continue
		}
		if x == nil {
			x = &facts.SPFTerm{Term: *t, Why: t.Text + " was not looked up"}
		}
		switch {
		case e.as == asRspamd && misnamed(*t):
			l = append(l, asMechanism(*t))
		case t.Bad && (e.as == asRspamd || t.Name != "include"), t.Modifier && (t.Name != "redirect" || x.Child == nil && e.as == asRspamd):
		case e.as == asRspamd && t.Name == "all" && e.within:
		case e.as == asRspamd && t.Name == "all":
			last = append(last, *x)
		default:
			l = append(l, *x)
		}
	}
	return append(l, last...)
}

// elsewhere says that a term names a network that the sender is not in: most terms of a large record, each for every address.
func (e evaluation) elsewhere(t *spf.Term) bool {
	return t.Network.IsValid() && !t.Bad && !t.Modifier && !t.Network.Contains(e.ip.Unmap())
}

// maxSpec is how many octets of a domain-spec are looked at, four times the longest name. One that is longer is not evaluated at all
// (internal/gather).
const maxSpec = 1000

var cutMacro = regexp.MustCompile(`%\{([a-zA-Z])([0-9]+)`)

// miscut says that a term has a macro that is to be cut to as many labels as it has, or more, of which libspf2 makes nothing.
func miscut(t spf.Term, domain string, ip netip.Addr) bool {
	if !t.NeedsLookup() || len(t.Spec) > maxSpec || !strings.Contains(t.Spec, "%{") {
		return false
	}
	for _, m := range cutMacro.FindAllStringSubmatch(t.Spec, -1) {
		labels := 1
		switch strings.ToLower(m[1]) {
		case "d", "o":
			labels = strings.Count(domain, ".") + 1
		case "i":
			labels = 4
			if ip.Unmap().Is6() {
				labels = 32
			}
		}
		if n, err := strconv.Atoi(m[2]); err == nil && n >= labels {
			return true
		}
	}
	return false
}

// unread says that libspf2 cannot read a record: any mistake but one in the domain of a term, and but a modifier that stands
// twice.
func unread(r spf.Record) bool {
	return slices.ContainsFunc(r.Terms, zeroLength) || slices.ContainsFunc(r.Problems, func(p spf.Problem) bool {
		name, spec, _ := strings.Cut(strings.TrimLeft(p.Term, "+-~?"), ":")
		domain := slices.Contains([]string{"a", "mx", "ptr", "include", "exists"}, strings.ToLower(name)) && len(spec) < len(p.Term)-len(name) &&
			strings.Contains(p.Term, ":") && !strings.Contains(p.Message, "prefix length") && strings.Count(spec, "%{") == strings.Count(spec, "}")
		return p.Kind != spf.Duplicate && !domain
	})
}

// ofSeveral is the result that all of several records give: of which a receiver takes one is up to its resolver.
func ofSeveral(f *facts.Facts, n facts.SPFNode, ip netip.Addr) facts.Fact[string] {
	var results []string
	for _, text := range n.Texts {
		r := ofText(f, n, ip, text)
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

// ofText is what Rspamd makes of a text at a node whose terms were not walked.
func ofText(f *facts.Facts, n facts.SPFNode, ip netip.Addr, text string) facts.Fact[string] {
	rec := spf.Parse(text)
	one := facts.SPFNode{Domain: n.Domain, Status: facts.SPFFound, Record: &rec}
	if !spf.IsSPF(text) {
		one.Status = facts.SPFNone
	}
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
	return evaluation{ip: ip, as: asRspamd}.of(one)
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

// library is one that goes through a record in a way of its own.
type library string

const (
	asLibspf2 library = "libspf2"
	asRspamd  library = "rspamd"
)

// evaluation goes through a walked record as a library does that does not keep to RFC 7208.
type evaluation struct {
	ip       netip.Addr
	as       library
	nameless bool // of EHLO and MAIL FROM it was told the domains alone
	within   bool // an include
}

var qualifiers = map[string]string{"+": pass, "-": fail, "~": softfail, "?": neutral}

// of is the result of one record.
func (e evaluation) of(n facts.SPFNode) facts.Fact[string] {
	strict := e.as == asLibspf2 // an include or redirect= of nothing, and an include of what is void, make the record void (RFC 7208 5.2, 6.1)
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
	if strict && n.Record != nil && unread(*n.Record) {
		return facts.Know(none)
	}
	lookups := 0
	for _, t := range e.terms(n) {
		if t.Term.NeedsLookup() {
			if lookups++; strict && lookups > maxLookups {
				return facts.Know(permerror)
			}
		}
		if strict && t.Term.Name == "mx" && t.Hosts > maxLookups {
			return facts.Know(permerror)
		}
		if t.Term.Name == "redirect" {
			if t.Child == nil {
				return facts.Cannot[string](t.Why)
			}
			r := e.of(*t.Child)
			if strict && r.Value == none {
				return facts.Know(permerror)
			}
			return r
		}
		var m Truth
		switch {
		case t.Term.Bad && t.Term.Name == "include":
			return facts.Know(permerror)
		case t.Term.Bad, strict && miscut(t.Term, n.Domain, e.ip), e.nameless && untold(t), !strict && zeroLength(t.Term):
			m = no
		case t.Term.Name == "include" && t.Child != nil:
			inner := e
			inner.within = true
			r := inner.of(*t.Child)
			if strict && (r.Value == none || r.Value == permerror) {
				return facts.Know(permerror)
			}
			m = is(r, func(r string) bool { return r == pass })
		default:
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
func (e evaluation) matches(t facts.SPFTerm) Truth {
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
func (e evaluation) near(t spf.Term, a netip.Addr) bool {
	bits := t.Prefix6
	if a.Is4() {
		bits = t.Prefix4
	}
	p, err := a.Prefix(bits)
	return err == nil && p.Contains(e.ip.Unmap())
}
