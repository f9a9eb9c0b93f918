// Package fix turns findings into proposals: what to publish, in records ready to paste, or what to do and who does it.
// It is pure. A proposal keeps every other term and tag of a record as it stands, and never tightens a policy: what is
// accepted today must still be accepted with it applied.
package fix

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
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
	Authenticates bool   // with it, mail could pass SPF or DKIM where nothing could before
	Doubt         string // why no audit proves it, whatever comes of it; "" where one does
	Risk          string // of advice that comes after the fix of the same rules: what it could cost; it is never proven

	clears []checks.Finding
	raises []checks.Finding
}

// Change is one record. Data and Was are RDATA as in a zone file.
type Change struct {
	Op   string // add, replace, remove
	Name string
	Type string
	TTL  int // seconds
	Data string
	Was  string
}

// After is what is left of findings once the proposal is carried out, and what it raises itself. A finding that is
// implied by another goes with the last one in its area that could be the cause.
func (p Proposal) After(l []checks.Finding) []checks.Finding {
	if len(p.clears) == 0 {
		return l
	}
	left := slices.DeleteFunc(slices.Clone(l), p.answers)
	cause := func(f checks.Finding) bool {
		return !f.Implied && f.Check.Area == p.clears[0].Check.Area && (f.Status == checks.Fail || f.Status == checks.Warn)
	}
	if !slices.ContainsFunc(left, cause) {
		left = slices.DeleteFunc(left, func(f checks.Finding) bool { return f.Implied && f.Check.Area == p.clears[0].Check.Area })
	}
	return append(left, p.raises...)
}

// Clears are the findings that are gone once the proposal is carried out.
func (p Proposal) Clears() []checks.Finding { return p.clears }

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

// Propose lists a proposal for every finding that costs something, one for all findings that it answers. What somebody answers
// for is accepted: it stays as it is, beside what is put right.
func Propose(f *facts.Facts, findings, accepted []checks.Finding) []Proposal {
	p := proposer{facts: f, accepted: accepted}
	for _, x := range findings {
		if x.Status == checks.Fail || x.Status == checks.Warn {
			p.open = append(p.open, x)
		}
	}
	p.spf()
	p.dkim()
	p.dmarc()
	p.greeting()
	p.exchangers()
	p.bounces()
	p.reverse()
	p.rest()
	return slices.Concat(p.list, p.advice)
}

type proposer struct {
	facts *facts.Facts
	open  []checks.Finding // those without a proposal so far
	list  []Proposal

	accepted []checks.Finding // those that stay

	advice  []Proposal // second choices, each with its risk
	pending []Proposal // those of the proposal that is added next
}

// later notes what may follow the proposal that is added next, when its owner knows more than can be seen.
func (p *proposer) later(text, risk string) {
	p.pending = append(p.pending, Proposal{Kind: DNS, Text: text, Risk: risk})
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

// stays says whether a finding of a rule is accepted, about a domain or an address.
func (p *proposer) stays(rule, subject string) bool {
	return slices.ContainsFunc(p.accepted, func(f checks.Finding) bool { return f.Check.ID == rule && f.Subject == subject })
}

// at makes a proposal about a name that somebody else has the zone of one to that person: nobody can prove for them.
func (p *proposer) at(name string, n Proposal) Proposal {
	if !p.own(name) {
		n.Kind, n.Doubt = Operator, name+" is beyond the audited domain: whoever has its zone must make the change"
	}
	return n
}

// own says whether a name is within the organizational domain, as far as that is known, or within the audited domain.
func (p *proposer) own(name string) bool {
	for _, d := range []string{p.facts.Domain, p.facts.DMARC.Value.ListOrg} {
		if d != "" && (name == d || strings.HasSuffix(name, "."+d)) {
			return true
		}
	}
	return false
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
	for _, more := range p.pending {
		more.ID, more.Rules = n.ID+"-later", n.Rules
		p.advice = append(p.advice, more)
	}
	p.pending = nil
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
	begins := func(prefix string) bool { return strings.HasPrefix(c.ID, prefix) }
	switch {
	case c.Area == "submission" || c.Area == "tls" || c.Area == "message" || begins("helo."):
		return Host
	case c.Area == "mtasts" && c.ID != "mtasts.missing" && !begins("mtasts.txt-"), c.ID == "dane.starttls-missing":
		return Host // the policy is a file on a web server
	case c.Area == "dnsbl" || begins("ptr.") || begins("ip.") || c.ID == "domain.hold" || c.ID == "domain.expiring":
		return Operator
	}
	return DNS
}

// merged leaves one TXT record in the place of several. Where one of them says the same it stays: to take it away after that is
// put in the place of another would leave nothing.
func merged(name string, texts []string, text string) []Change {
	kept := slices.Index(texts, text)
	var l []Change
	for i, was := range texts {
		switch {
		case i == kept:
		case kept < 0 && i == 0:
			l = append(l, Change{Op: "replace", Name: name, Type: "TXT", TTL: ttl, Data: quote(text), Was: quote(was)})
		default:
			l = append(l, Change{Op: "remove", Name: name, Type: "TXT", TTL: ttl, Was: quote(was)})
		}
	}
	return l
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
