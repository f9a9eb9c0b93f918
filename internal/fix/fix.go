// Package fix turns findings into proposals: what to publish, in records ready to paste, or what to do and who does it.
// It is pure. A proposal keeps every other term and tag of a record as it stands, and never tightens a policy: what is
// accepted today must still be accepted with it applied.
package fix

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// Kinds of proposals: a record to publish, something to set on a host, something that a person must do.
const (
	DNS      = "dns"
	Host     = "host"
	Operator = "operator"
)

// Proposal is one fix.
type Proposal struct {
	ID            string
	Rules         []string // that it answers
	Kind          string
	Text          string // who does what, beginning with a verb
	Changes       []Change
	Authenticates bool // with it, mail could pass SPF or DKIM where nothing could before

	clears []checks.Finding
	raises []checks.Finding
}

// Change is one record. Data and Was are RDATA as in a zone file.
type Change struct {
	Op   string // add, replace, remove
	Name string
	Type string
	TTL  int
	Data string
	Was  string
}

// After is what is left of findings once the proposal is carried out, and what it raises itself. A finding that is
// implied by another goes with the last one in its area that could be the cause.
func (p Proposal) After(l []checks.Finding) []checks.Finding {
	left := slices.DeleteFunc(slices.Clone(l), p.answers)
	cause := func(f checks.Finding) bool {
		return !f.Implied && f.Check.Area == p.clears[0].Check.Area && (f.Status == checks.Fail || f.Status == checks.Warn)
	}
	if !slices.ContainsFunc(left, cause) {
		left = slices.DeleteFunc(left, func(f checks.Finding) bool { return f.Implied && f.Check.Area == p.clears[0].Check.Area })
	}
	return append(left, p.raises...)
}

// Worth is the sum of the points of what a proposal answers.
func (p Proposal) Worth() float64 {
	n := 0.0
	for _, f := range p.clears {
		n += f.Points
	}
	return n
}

// answers says whether a finding is gone once the proposal is carried out.
func (p Proposal) answers(f checks.Finding) bool {
	return slices.ContainsFunc(p.clears, func(c checks.Finding) bool {
		return c.Check == f.Check && c.Subject == f.Subject && c.Message == f.Message
	})
}

// ttl of a proposed record, in seconds: short enough to correct a mistake within the hour.
const ttl = 3600

// Propose lists a proposal for every finding that costs something, one for all findings that it answers.
func Propose(f *facts.Facts, findings []checks.Finding) []Proposal {
	p := proposer{facts: f}
	for _, x := range findings {
		if x.Status == checks.Fail || x.Status == checks.Warn {
			p.open = append(p.open, x)
		}
	}
	p.spf()
	p.dmarc()
	p.reverse()
	p.rest()
	return p.list
}

type proposer struct {
	facts *facts.Facts
	open  []checks.Finding // those without a proposal so far
	list  []Proposal
}

// take removes the open findings that a proposal answers.
func (p *proposer) take(want func(checks.Finding) bool) []checks.Finding {
	var l []checks.Finding
	p.open = slices.DeleteFunc(p.open, func(f checks.Finding) bool {
		if want(f) {
			l = append(l, f)
			return true
		}
		return false
	})
	return l
}

func (p *proposer) add(n Proposal, clears []checks.Finding) {
	n.clears = clears
	for _, f := range clears {
		if !slices.Contains(n.Rules, f.Check.ID) {
			n.Rules = append(n.Rules, f.Check.ID)
		}
	}
	n.ID = fmt.Sprintf("%s-%d", n.Rules[0], len(p.list)+1)
	p.list = append(p.list, n)
}

// spf proposes one record for each domain whose own record can be put right term by term.
func (p *proposer) spf() {
	for _, s := range p.facts.SPF {
		switch s.Root.Status {
		case facts.SPFNone:
			p.newSPF(s)
		case facts.SPFFound:
			p.repairSPF(s)
		}
	}
}

// declared are the declared addresses with certain results in a domain's SPF record, for MAIL FROM or HELO.
func (p *proposer) declared(domain string, want func(facts.SPFResult) bool) []netip.Addr {
	var l []netip.Addr
	for _, r := range p.facts.Results {
		if r.Domain == domain && r.Declared && want(r) {
			l = append(l, r.IP)
		}
	}
	return l
}

// notCovered says whether a finding is that an address does not pass the SPF record of a domain, which is a word of its
// message: its subject is the address.
func notCovered(f checks.Finding, ips []netip.Addr, domain string) bool {
	words := strings.FieldsFunc(f.Message, func(r rune) bool { return r == ' ' || r == ':' })
	return f.Check.ID == "spf.ip-not-covered" && slices.Contains(ips, f.Source) && slices.Contains(words, domain)
}

// newSPF proposes a first record, where the sending addresses are known.
func (p *proposer) newSPF(s facts.SPF) {
	ips := p.declared(s.Domain, func(r facts.SPFResult) bool { return r.Result == "none" })
	switch {
	case len(ips) == 0 || p.facts.Profile.Name == facts.Parked || len(s.Near) > 0:
		return // what would have to stand in it is not known
	case !s.Exists:
		return // a name that has nothing but SPF cannot take the bounces, and is refused still
	}
	clears := p.take(func(f checks.Finding) bool {
		return f.Check.ID == "spf.missing" && f.Subject == s.Domain || notCovered(f, ips, s.Domain)
	})
	if len(clears) == 0 {
		return
	}
	p.add(Proposal{Kind: DNS, Authenticates: true,
		Text:    "Publish an SPF record that names every sending address; add the include of each service that sends for you",
		Changes: []Change{{Op: "add", Name: s.Domain, Type: "TXT", TTL: ttl, Data: quote("v=spf1 " + strings.Join(networks(ips), " ") + " ~all")}}}, clears)
}

// repairSPF keeps every term and puts right what can be put right without knowing more: an all that lets everybody pass
// or decides nothing becomes ~all, a missing one is added, terms behind it are taken into force, and addresses that do
// not pass are named in front, where they match before anything else can go wrong.
func (p *proposer) repairSPF(s facts.SPF) {
	rec := s.Root.Record
	if len(rec.Problems) > 0 {
		return // a person must say what the term was meant to be
	}
	uncovered := p.declared(s.Domain, func(r facts.SPFResult) bool {
		return r.Result == "fail" || r.Result == "softfail" || r.Result == "neutral"
	})
	add := uncovered
	var rules []string
	all, has := rec.All()
	_, redirects := rec.Redirect()
	text := all.Text
	switch {
	case !has && !redirects:
		rules, text = append(rules, "spf.all-missing"), "~all"
	case !inOrder(rec): // a person must say what the terms behind it were meant to do
	case all.Qualifier == "+":
		rules, text = append(rules, "spf.all-plus", "spf.all-not-last"), "~all"
		// Nobody who was declared may be left to the ~all.
		add = append(add, p.declared(s.Domain, func(r facts.SPFResult) bool {
			return r.Result == "temperror" || r.Result == "pass" && r.Why == "all"
		})...)
	case all.Qualifier == "?":
		rules, text = append(rules, "spf.all-neutral", "spf.all-not-last"), "~all"
	case has:
		rules = append(rules, "spf.all-not-last")
	}
	if text == "~all" && len(add) == 0 && !slices.ContainsFunc(rec.Terms, authorises) {
		return // ~all would be all that there is, for mail from hosts that nobody has named
	}
	clears := p.take(func(f checks.Finding) bool {
		// With words of its own, spf.all-plus is about the record of somebody else.
		mine := f.Check.ID != "spf.all-plus" || f.Fix == f.Check.Fix
		return slices.Contains(rules, f.Check.ID) && f.Subject == s.Domain && mine || notCovered(f, uncovered, s.Domain)
	})
	if len(clears) == 0 {
		return
	}
	p.add(Proposal{Kind: DNS, Authenticates: len(add) > 0, Text: "Replace the SPF record of " + s.Domain,
		Changes: []Change{{Op: "replace", Name: s.Domain, Type: "TXT", TTL: ttl, Data: quote(rewritten(rec, networks(add), text)), Was: quote(rec.Text)}}}, clears)
}

func isAll(t spf.Term) bool { return t.Name == "all" && !t.Modifier }

func authorises(t spf.Term) bool { return !t.Modifier && !isAll(t) && t.Qualifier == "+" }

// inOrder says whether what stands behind all may be put before it. Those terms are ignored today (RFC 7208 5.1), and in
// force one could refuse, or end in permerror: only addresses that pass are certain to do neither.
func inOrder(r *spf.Record) bool {
	i := slices.IndexFunc(r.Terms, isAll)
	certain := func(t spf.Term) bool { return t.Modifier || isAll(t) || t.Qualifier == "+" && t.Network.IsValid() }
	return i < 0 || len(slices.DeleteFunc(slices.Clone(r.Terms[i:]), certain)) == 0
}

// rewritten is a record with terms put in front and, where the terms allow it, one all after its last mechanism.
func rewritten(r *spf.Record, front []string, all string) string {
	text := append([]string{"v=spf1"}, front...)
	last := -1
	for i, t := range r.Terms {
		if !t.Modifier {
			last = i
		}
	}
	if !inOrder(r) {
		all = ""
	}
	if last < 0 {
		text = append(text, all)
	}
	for i, t := range r.Terms {
		if all == "" || !isAll(t) {
			text = append(text, t.Text)
		}
		if i == last {
			text = append(text, all)
		}
	}
	return strings.Join(slices.DeleteFunc(text, func(t string) bool { return t == "" }), " ")
}

// most is how many addresses are named one by one. A record should stay small (RFC 7208 3.4).
const most = 10

// networks are the terms that name exactly these addresses, as ranges where they are many.
func networks(ips []netip.Addr) []string {
	ips = slices.Clone(ips)
	slices.SortFunc(ips, netip.Addr.Compare)
	ips = slices.Compact(ips)
	var l []netip.Prefix
	for _, ip := range ips {
		n := netip.PrefixFrom(ip, ip.BitLen())
		for len(ips) > most && len(l) > 0 {
			before := l[len(l)-1]
			both := netip.PrefixFrom(before.Addr(), before.Bits()-1).Masked()
			if before.Bits() != n.Bits() || !both.Contains(n.Addr()) {
				break
			}
			n, l = both, l[:len(l)-1]
		}
		l = append(l, n)
	}
	var terms []string
	for _, n := range l {
		term := "ip4:"
		if n.Addr().Is6() {
			term = "ip6:"
		}
		if n.IsSingleIP() {
			terms = append(terms, term+n.Addr().String())
			continue
		}
		terms = append(terms, term+n.String())
	}
	return terms
}

// dmarc proposes a record that only watches where there is none.
func (p *proposer) dmarc() {
	if len(p.facts.DMARC.Value.CNAME) > 0 {
		return // no other record may stand beside a CNAME (RFC 1034 3.6.2)
	}
	clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "dmarc.missing" })
	if len(clears) == 0 {
		return
	}
	n := Proposal{Kind: DNS, Text: "Publish a DMARC record that only watches; add rua=mailto: with a mailbox of yours to get reports",
		Changes: []Change{{Op: "add", Name: "_dmarc." + p.facts.Domain, Type: "TXT", TTL: ttl, Data: quote("v=DMARC1; p=none")}}}
	if p.facts.Profile.Name == facts.Parked { // parked.incomplete asks for p=reject: the same record, when it is certain
		n.Text = "Publish a DMARC record that only watches, and set p=reject in it once it is certain that nothing sends"
	}
	// Whose mailbox the reports should go to only the owner knows.
	if rua, ok := checks.Find("dmarc.rua-missing"); ok && p.facts.Profile.Name != facts.Parked {
		n.raises = []checks.Finding{{Check: rua, Status: checks.Warn, Subject: clears[0].Subject}}
	}
	p.add(n, clears)
}

// reverse proposes for each address without a reverse name that leads back what to do about it.
func (p *proposer) reverse() {
	for _, s := range p.facts.Sources {
		clears := p.unconfirmed(s)
		if len(clears) == 0 {
			continue
		}
		n := Proposal{Kind: Operator, Text: fmt.Sprintf("Give %s a reverse name that leads back to it (whoever runs the address block sets it: "+
			"the hoster's panel, or the provider), and let that name have the address as its %s record", s.IP, family(s.IP))}
		name := unpublished(s, p.facts.Domain)
		if names := reverseNames(s); len(names) > 0 {
			n.Text = fmt.Sprintf("Publish an %s record at %s, the reverse name of %s, with that address; or have the reverse name changed to one that has it",
				family(s.IP), cmp.Or(name, names[0]), s.IP)
		}
		if name != "" {
			n.Kind = DNS
			n.Changes = []Change{{Op: "add", Name: name, Type: family(s.IP), TTL: ttl, Data: s.IP.String()}}
			// And the others that have this name: they would find that it leads to this one alone.
			for _, x := range p.facts.Sources {
				if unpublished(x, p.facts.Domain) != name {
					continue
				}
				if also := p.unconfirmed(x); len(also) > 0 {
					clears = append(clears, also...)
					n.Changes = append(n.Changes, Change{Op: "add", Name: name, Type: family(x.IP), TTL: ttl, Data: x.IP.String()})
				}
			}
		}
		p.add(n, clears)
	}
}

// unconfirmed takes the findings that no reverse name of an address leads back to it.
func (p *proposer) unconfirmed(s facts.Source) []checks.Finding {
	return p.take(func(f checks.Finding) bool {
		return f.Source == s.IP && slices.Contains([]string{"ptr.missing", "ptr.ipv6-missing", "ptr.no-forward", "ptr.forward-mismatch"}, f.Check.ID)
	})
}

// reverseNames are the reverse names of an address, in an order that does not depend on the answer's.
func reverseNames(s facts.Source) []string {
	var l []string
	for _, n := range s.PTR.Value.Names {
		l = append(l, n.Name)
	}
	slices.Sort(l)
	return l
}

// unpublished is a reverse name within a domain at which nothing stands that an address would conflict with, "" if there
// is none. The domain itself is left out: its address is that of its web site.
func unpublished(s facts.Source, domain string) string {
	for _, name := range reverseNames(s) {
		i := slices.IndexFunc(s.PTR.Value.Names, func(n facts.PTRName) bool { return n.Name == name })
		a := s.PTR.Value.Names[i].Addresses
		if strings.HasSuffix(name, "."+domain) && a.Known() && len(a.Value.Addresses) == 0 && len(a.Value.CNAME) == 0 {
			return name
		}
	}
	return ""
}

// rest gives every other finding its rule's own words, one proposal for each rule and text.
func (p *proposer) rest() {
	for len(p.open) > 0 {
		first := p.open[0]
		if first.Implied {
			// What causes it has a proposal of its own.
			p.open = p.open[1:]
			continue
		}
		clears := p.take(func(f checks.Finding) bool { return f.Check == first.Check && f.Fix == first.Fix })
		text := first.Fix
		if len(clears) == 1 {
			text = fmt.Sprintf("%s (%s)", text, object(first))
		}
		p.add(Proposal{Kind: kindOf(first.Check), Text: text}, clears)
	}
}

// object is what a finding is about: the term or tag of a record where it is about one, else its subject.
func object(f checks.Finding) string {
	const longest = 60 // octets of a term that still reads as one
	if a := f.At; a.Length > 0 && a.Length <= longest && a.Offset >= 0 && a.Offset+a.Length <= len(a.Record) {
		return a.Record[a.Offset : a.Offset+a.Length]
	}
	return f.Subject
}

// kindOf says where a rule's violation is put right.
func kindOf(c *checks.Check) string {
	switch {
	case c.Area == "submission" || strings.HasPrefix(c.ID, "helo."):
		return Host
	case c.Area == "dnsbl" || strings.HasPrefix(c.ID, "ptr.") || strings.HasPrefix(c.ID, "ip."):
		return Operator
	}
	return DNS
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "A"
	}
	return "AAAA"
}

// quote is TXT RDATA in presentation form: strings of at most 255 octets, what is not plain ASCII as \DDD (RFC 1035 5.1).
func quote(s string) string {
	const most = 255
	var b strings.Builder
	for len(s) > 0 || b.Len() == 0 {
		part := s[:min(len(s), most)]
		s = s[len(part):]
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		for _, c := range []byte(part) {
			switch {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ' || c > '~':
				fmt.Fprintf(&b, "\\%03d", c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}
