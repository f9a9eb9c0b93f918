// Package fix turns findings into proposals: what to publish, in records ready to paste, or what to do and who does it.
// It is pure. A proposal keeps every other term and tag of a record as it stands, and never tightens a policy: what is
// accepted today must still be accepted with it applied.
package fix

import (
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

// Clears says whether a finding is gone once the proposal is carried out.
func (p Proposal) Clears(f checks.Finding) bool {
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
		if len(s.MailFrom) == 0 {
			continue
		}
		var uncovered []netip.Addr
		for _, r := range p.facts.Results {
			if r.Identity == "mailfrom" && r.Domain == s.Domain && r.Declared && r.Result != "pass" && r.Result != "temperror" &&
				!slices.Contains(uncovered, r.IP) {
				uncovered = append(uncovered, r.IP)
			}
		}
		switch s.Root.Status {
		case facts.SPFNone:
			p.newSPF(s, uncovered)
		case facts.SPFFound:
			p.repairSPF(s, uncovered)
		}
	}
}

// newSPF proposes a first record, where the sending addresses are known.
func (p *proposer) newSPF(s facts.SPF, ips []netip.Addr) {
	if len(ips) == 0 || p.facts.Profile.Name == facts.Parked || len(s.Near) > 0 {
		return // what would have to stand in it is not known
	}
	clears := p.take(func(f checks.Finding) bool {
		return f.Check.ID == "spf.missing" && f.Subject == s.Domain || f.Check.ID == "spf.ip-not-covered"
	})
	if len(clears) == 0 {
		return
	}
	var terms []string
	for _, ip := range ips {
		terms = append(terms, network(ip))
	}
	p.add(Proposal{Kind: DNS, Authenticates: true,
		Text:    "Publish an SPF record that names every sending address; add the include of each service that sends for you",
		Changes: []Change{{Op: "add", Name: s.Domain, Type: "TXT", TTL: ttl, Data: quote("v=spf1 " + strings.Join(terms, " ") + " ~all")}}}, clears)
}

// repairSPF keeps every term and puts right what can be put right without knowing more: an `all` that lets
// everybody pass or nobody decide becomes ~all, a missing one is added, addresses that do not pass are named.
func (p *proposer) repairSPF(s facts.SPF, uncovered []netip.Addr) {
	if len(s.Root.Record.Problems) > 0 {
		return // a person must say what the term was meant to be
	}
	rules := []string{}
	var terms []string
	all := ""
	for _, t := range s.Root.Record.Terms {
		if t.Name != "all" || t.Modifier {
			terms = append(terms, t.Text)
			continue
		}
		if all == "" { // the first one counts (RFC 7208 5.1)
			all = t.Text
		}
	}
	_, redirects := s.Root.Record.Redirect()
	switch first, ok := s.Root.Record.All(); {
	case ok && first.Qualifier == "+":
		rules, all = append(rules, "spf.all-plus"), "~all"
	case ok && first.Qualifier == "?":
		rules, all = append(rules, "spf.all-neutral"), "~all"
	case !ok && !redirects:
		rules, all = append(rules, "spf.all-missing"), "~all"
	}
	after := afterAll(s.Root.Record)
	if after {
		// Taking the terms that are ignored today into force could let more hosts pass, never fewer.
		rules = append(rules, "spf.all-not-last")
	}
	if mine := slices.ContainsFunc(p.facts.Results, func(r facts.SPFResult) bool {
		return r.Domain == s.Domain && (r.Result == "fail" || r.Result == "softfail" || r.Result == "neutral")
	}); mine && len(uncovered) > 0 {
		rules = append(rules, "spf.ip-not-covered")
		for i := len(uncovered) - 1; i >= 0; i-- {
			terms = slices.Insert(terms, 0, network(uncovered[i]))
		}
	}
	clears := p.take(func(f checks.Finding) bool {
		return slices.Contains(rules, f.Check.ID) && (f.Subject == s.Domain || f.Check.ID == "spf.ip-not-covered")
	})
	if len(clears) == 0 {
		return
	}
	// Modifiers may stand anywhere; mechanisms after `all` are ignored.
	text := strings.Join(slices.DeleteFunc(append([]string{"v=spf1"}, append(terms, all)...), func(t string) bool { return t == "" }), " ")
	p.add(Proposal{Kind: DNS, Authenticates: true, Text: "Replace the SPF record of " + s.Domain,
		Changes: []Change{{Op: "replace", Name: s.Domain, Type: "TXT", TTL: ttl, Data: quote(text), Was: quote(s.Root.Record.Text)}}}, clears)
}

// afterAll says whether mechanisms stand behind the first all.
func afterAll(r *spf.Record) bool {
	i := slices.IndexFunc(r.Terms, func(t spf.Term) bool { return t.Name == "all" && !t.Modifier })
	return i >= 0 && slices.ContainsFunc(r.Terms[i+1:], func(t spf.Term) bool { return !t.Modifier })
}

// dmarc proposes a record that only watches where there is none.
func (p *proposer) dmarc() {
	clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "dmarc.missing" })
	if len(clears) == 0 {
		return
	}
	p.add(Proposal{Kind: DNS, Text: "Publish a DMARC record that only watches; add rua=mailto: with a mailbox of yours to get reports",
		Changes: []Change{{Op: "add", Name: "_dmarc." + p.facts.Domain, Type: "TXT", TTL: ttl, Data: quote("v=DMARC1; p=none")}}}, clears)
}

// reverse proposes a reverse name for each declared address that has none that leads back.
func (p *proposer) reverse() {
	for _, s := range p.facts.Sources {
		clears := p.take(func(f checks.Finding) bool {
			return f.Source == s.IP && slices.Contains([]string{"ptr.missing", "ptr.no-forward", "ptr.forward-mismatch"}, f.Check.ID)
		})
		if len(clears) == 0 {
			continue
		}
		ip := s.IP.String()
		n := Proposal{Kind: Operator, Text: fmt.Sprintf("Give %s a reverse name that leads back to it (whoever runs the address block sets it: "+
			"the hoster's panel, or the provider), and let that name have the address as its %s record", ip, family(s.IP))}
		if names := s.PTR.Value.Names; len(names) > 0 {
			n.Text = fmt.Sprintf("Publish an %s record at %s, the reverse name of %s, with that address; or have the reverse name changed to one that has it",
				family(s.IP), names[0].Name, ip)
			if within(names[0].Name, p.facts.Domain) && clears[0].Check.ID == "ptr.no-forward" {
				n.Kind = DNS
				n.Changes = []Change{{Op: "add", Name: names[0].Name, Type: family(s.IP), TTL: ttl, Data: ip}}
			}
		}
		p.add(n, clears)
	}
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
			text = fmt.Sprintf("%s (%s)", text, first.Subject)
		}
		p.add(Proposal{Kind: kindOf(first.Check), Text: text}, clears)
	}
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

func network(ip netip.Addr) string {
	if ip.Is4() {
		return "ip4:" + ip.String()
	}
	return "ip6:" + ip.String()
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "A"
	}
	return "AAAA"
}

func within(name, domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }

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
