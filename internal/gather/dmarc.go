package gather

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// policyAt is one name of the tree walk and the record that stands there, if exactly one does.
type policyAt struct {
	step   facts.DMARCStep
	answer dnsx.Answer
	domain string
	record *dmarc.Record // the valid DMARC policy record there
	void   bool          // one record is there, and receivers do no DMARC because of it
}

// treeWalk asks all names of a DNS Tree Walk at once (RFC 9989 4.10): they follow from the domain alone. A receiver
// asks them one after the other and stops early; what it would not have asked changes nothing here.
func (g *gatherer) treeWalk(domain string) []policyAt {
	domains := walkNames(domain)
	var names []string
	for _, d := range domains {
		names = append(names, "_dmarc."+d)
	}
	var l []policyAt
	for i, a := range g.askAll(names, dnsx.TXT) {
		l = append(l, stepOf(domains[i], names[i], a))
	}
	return l
}

// stepOf is what one step of the walk found.
func stepOf(domain, name string, a dnsx.Answer) policyAt {
	p := policyAt{domain: domain, step: facts.DMARCStep{Name: name}, answer: a}
	if a.Status == dnsx.Failed {
		p.step.Status, p.step.Why = "unknown", a.Cause
		return p
	}
	for _, r := range a.Records {
		switch {
		case dmarc.IsDMARC(r.Text):
			p.step.Records = append(p.step.Records, r.Text)
		case dmarc.LooksLike(r.Text):
			p.step.Near = append(p.step.Near, r.Text)
		}
	}
	slices.Sort(p.step.Records)
	slices.Sort(p.step.Near)
	switch len(p.step.Records) {
	case 0:
		p.step.Status = "none"
	case 1:
		p.step.Status = facts.DMARCFound
		rec := dmarc.Parse(p.step.Records[0])
		p.record, p.void = &rec, rec.Void
	default:
		p.step.Status = "multiple" // all discarded (RFC 9989 4.10)
	}
	return p
}

// walkNames are the domains of a tree walk, from the domain itself to the top: at most eight, by leaving out what lies
// between a longer name and its last seven labels (RFC 9989 4.10 step 4).
func walkNames(domain string) []string {
	labels := strings.Split(domain, ".")
	l := []string{domain}
	rest := labels[1:]
	if len(labels) >= 8 {
		rest = labels[len(labels)-7:]
	}
	for i := range rest {
		l = append(l, strings.Join(rest[i:], "."))
	}
	return l
}

// orgOf selects the organizational domain from a tree walk (RFC 9989 4.10.2).
func orgOf(walk []policyAt) facts.Fact[string] {
	org, found := walk[0].domain, false
	for i, p := range walk {
		if p.step.Status == "unknown" {
			// A record at a top-level domain says psd=y, which leaves the name that was found right below it.
			if _, above, _ := strings.Cut(org, "."); found && above == p.domain && !strings.Contains(above, ".") {
				continue
			}
			return facts.Cannot[string](p.step.Name + ": " + p.step.Why)
		}
		if p.record == nil || p.void {
			continue
		}
		switch {
		case p.record.PSD == "n", p.record.PSD == "y" && i == 0: // at its start the walk ends with psd=y, too (RFC 9989 4.10 step 2)
			return facts.Know(p.domain)
		case p.record.PSD == "y":
			// One label below, which a long name's walk leaps over (RFC 9989 4.10 step 4).
			above, _ := strings.CutSuffix(walk[0].domain, "."+p.domain)
			return facts.Know(above[strings.LastIndexByte(above, '.')+1:] + "." + p.domain)
		}
		org, found = p.domain, true
	}
	return facts.Know(org)
}

// orgs finds the organizational domain of every identity that alignment compares.
func (g *gatherer) orgs() []facts.Org {
	var l []facts.Org
	add := func(d string) {
		if !slices.ContainsFunc(l, func(o facts.Org) bool { return o.Domain == d }) {
			l = append(l, facts.Org{Domain: d})
		}
	}
	add(g.t.Domain)
	for _, s := range g.t.Streams {
		_, mailFrom, _ := strings.Cut(s.MailFrom, "@")
		add(mailFrom)
		add(s.DKIMDomain)
	}
	for _, s := range g.t.Messages {
		signatures, _ := s.Message.Signatures()
		for _, x := range signatures {
			if x.Domain != "" {
				add(x.Domain)
			}
		}
	}
	return every(l, func(o facts.Org) facts.Org {
		o.Org = orgOf(g.treeWalk(o.Domain))
		return o
	})
}

// dmarc finds the policy that applies to the audited domain, and what else stands where DMARC is looked for.
func (g *gatherer) dmarc() facts.Fact[facts.DMARC] {
	wildcard := soon(func() facts.Fact[bool] { return g.wildcard(g.t.Domain) })
	walk := g.treeWalk(g.t.Domain)
	f := g.applied(walk)
	made := wildcard()
	if !f.Known() {
		return f
	}
	d, own := &f.Value, walk[0].answer
	d.Wildcard = made
	d.CNAME, d.Dangling = own.Chain, len(own.Chain) > 0 && own.Missing()
	for _, r := range own.Records {
		if !dmarc.IsDMARC(r.Text) && !dmarc.LooksLike(r.Text) {
			d.Others = append(d.Others, r.Text)
		}
	}
	slices.Sort(d.Others)
	if o, err := publicsuffix.EffectiveTLDPlusOne(g.t.Domain); err == nil {
		d.ListOrg = o
	}
	if d.Status == facts.DMARCNone {
		d.Misplaced, d.Unplaced = g.misplaced()
	}
	return f
}

// wildcard says whether names that nobody made exist beneath a domain (RFC 4592).
func (g *gatherer) wildcard(domain string) facts.Fact[bool] {
	a := g.ask(unlikely(domain)+"."+domain, dnsx.TXT)
	if a.Status == dnsx.Failed {
		return facts.Cannot[bool](a.Cause)
	}
	return facts.Know(a.Status != dnsx.NXDomain || len(a.Chain) > 0)
}

// misplaced are the names where a DMARC record stands that no receiver looks at: the domain itself, and the name that a
// panel makes when it appends the zone to a name that has it already.
func (g *gatherer) misplaced() (l []string, lost string) {
	for _, name := range []string{g.t.Domain, "_dmarc." + g.t.Domain + "." + g.t.Domain} {
		a := g.ask(name, dnsx.TXT)
		if slices.ContainsFunc(a.Records, func(r dnsx.Record) bool { return dmarc.IsDMARC(r.Text) }) {
			l = append(l, name)
		}
		if a.Status == dnsx.Failed {
			lost = name + ": " + a.Cause
		}
	}
	return l, lost
}

// destinations are the domains that a record has reports mailed to, each once.
func destinations(rec *dmarc.Record) []string {
	var l []string
	seen := map[string]bool{"": true}
	for _, u := range slices.Concat(rec.RUA, rec.RUF) {
		if u.Fault == "" && !seen[u.Domain] {
			l, seen[u.Domain] = append(l, u.Domain), true
		}
	}
	return l
}

// mailboxes are the domains that a record has reports mailed to, and whether they take mail.
func (g *gatherer) mailboxes(rec *dmarc.Record) []facts.Mailbox {
	l := []facts.Mailbox{}
	for i, d := range destinations(rec) {
		if i < maxReports {
			l = append(l, facts.Mailbox{Domain: d})
		}
	}
	return every(l, func(m facts.Mailbox) facts.Mailbox {
		a := g.ask(m.Domain, dnsx.MX)
		switch {
		case a.Status == dnsx.Failed:
			m.MX = facts.Cannot[string](a.Cause)
		case a.Status == dnsx.Found && len(a.Records) == 1 && a.Records[0].Target == ".":
			m.MX = facts.Know(facts.MXNull)
		case a.Status == dnsx.Found:
			m.MX = facts.Know(facts.MXFound)
		case a.Status == dnsx.NXDomain:
			m.MX = facts.Know(facts.MXNone)
		default: // RFC 5321 5.1: an address stands in for a missing MX
			switch h := g.hosts(m.Domain); {
			case !h.Known():
				m.MX = facts.Cannot[string](h.Why)
			case len(h.Value.Addresses) > 0:
				m.MX = facts.Know(facts.MXImplicit)
			default:
				m.MX = facts.Know(facts.MXNone)
			}
		}
		return m
	})
}

// bimi finds the assertion record of the default selector: at the audited domain, else at its organizational domain.
func (g *gatherer) bimi() facts.Fact[facts.BIMI] {
	at := func(domain string) (facts.BIMI, string) {
		b := facts.BIMI{Texts: []string{}}
		a := g.ask("default._bimi."+domain, dnsx.TXT)
		for _, r := range a.Records {
			if strings.HasPrefix(strings.ToLower(r.Text), "v=bimi") {
				b.FoundAt, b.Texts = "default._bimi."+domain, append(b.Texts, r.Text)
			}
		}
		slices.Sort(b.Texts)
		if a.Status == dnsx.Failed {
			return b, a.Cause
		}
		return b, ""
	}
	own := soon(func() facts.Fact[facts.BIMI] {
		b, why := at(g.t.Domain)
		if why != "" {
			return facts.Cannot[facts.BIMI](why)
		}
		return facts.Know(b)
	})
	org := orgOf(g.treeWalk(g.t.Domain))
	b := own()
	switch {
	case !b.Known() || len(b.Value.Texts) > 0:
		return b
	case !org.Known():
		return facts.Cannot[facts.BIMI](org.Why)
	case org.Value == g.t.Domain:
		return b
	}
	above, why := at(org.Value)
	if why != "" {
		return facts.Cannot[facts.BIMI](why)
	}
	return facts.Know(above)
}

// applied finds the record that applies to the audited domain (RFC 9989 4.10.1).
func (g *gatherer) applied(walk []policyAt) facts.Fact[facts.DMARC] {
	own := walk[0]
	if own.step.Status == "unknown" {
		return facts.Cannot[facts.DMARC](own.step.Why)
	}
	d := facts.DMARC{Status: facts.DMARCNone, Near: own.step.Near, Reports: []facts.ReportTo{}, Mailboxes: []facts.Mailbox{}}
	for _, p := range walk {
		d.Walk = append(d.Walk, p.step)
	}
	org := orgOf(walk)
	d.Org = org.Value
	at := own
	if own.record == nil {
		// RFC 9989 4.10.1: then that of the organizational domain, then that of the public suffix domain.
		if !org.Known() {
			return facts.Cannot[facts.DMARC](org.Why)
		}
		for _, p := range walk[1:] {
			if p.record != nil && (p.domain == d.Org || p.record.PSD == "y") {
				at, d.Inherited = p, true
				break
			}
		}
	}
	switch {
	case at.record == nil:
		if own.step.Status == "multiple" || len(own.step.Near) > 0 {
			d.Status, d.FoundAt = facts.DMARCInvalid, own.step.Name
			d.Texts = slices.Concat(own.step.Records, own.step.Near)
		}
		return facts.Know(d)
	case at.void:
		d.Status = facts.DMARCInvalid
	default:
		d.Status = facts.DMARCFound
	}
	d.FoundAt, d.Texts, d.Record = at.step.Name, at.step.Records, at.record
	d.More = max(0, len(destinations(at.record))-maxReports)
	mailboxes := soon(func() []facts.Mailbox { return g.mailboxes(at.record) })
	if !at.void {
		d.Policy = g.policy(at, d.Inherited)
		d.Reports = g.reports(at, org)
	}
	d.Mailboxes = mailboxes()
	return facts.Know(d)
}

// policy is what receivers apply to mail From the audited domain; "" where that hangs on whether it exists, and nobody knows.
func (g *gatherer) policy(at policyAt, inherited bool) string {
	author := dmarc.Own
	if inherited {
		author = dmarc.Subdomain
		// Only NXDOMAIN makes a name one that does not exist (RFC 9989 4.7, np).
		switch e := g.exists(); {
		case e.Known() && !e.Value:
			author = dmarc.NonExistent
		case !e.Known() && at.record.PolicyFor(dmarc.NonExistent) != at.record.PolicyFor(author):
			return ""
		}
	}
	return at.record.Enforced(at.record.PolicyFor(author))
}

// reports finds out whether destinations of reports outside the organizational domain agreed to get them (RFC 9990 4).
// What does not stand beneath it is outside, whatever its own tree walk would say.
func (g *gatherer) reports(at policyAt, org facts.Fact[string]) []facts.ReportTo {
	l := []facts.ReportTo{}
	for _, u := range slices.Concat(at.record.RUA, at.record.RUF) {
		known := slices.ContainsFunc(l, func(r facts.ReportTo) bool { return r.Domain == u.Domain })
		ours := within(u.Domain, at.domain) || org.Known() && within(u.Domain, org.Value)
		if u.Fault != "" || u.Domain == "" || known || ours || len(l) == maxReports {
			continue
		}
		l = append(l, facts.ReportTo{URI: u.Text, Domain: u.Domain, Name: at.domain + "._report._dmarc." + u.Domain})
	}
	return every(l, func(r facts.ReportTo) facts.ReportTo {
		a := g.ask(r.Name, dnsx.TXT)
		switch {
		case slices.ContainsFunc(a.Records, func(x dnsx.Record) bool { return dmarc.IsDMARC(x.Text) }):
			r.Authorised = facts.Know(true)
		case a.Status == dnsx.Failed:
			r.Authorised = facts.Cannot[bool](a.Cause)
		case !org.Known() && mayShareOrg(r.Domain, at.domain):
			r.Authorised = facts.Cannot[bool](org.Why)
		default:
			r.Authorised = facts.Know(false)
		}
		return r
	})
}

// mayShareOrg says whether a name stands beneath a domain that could be the organizational domain of another.
func mayShareOrg(name, other string) bool {
	return slices.ContainsFunc(walkNames(other), func(d string) bool { return strings.Contains(d, ".") && within(name, d) })
}

// maxReports bounds the destinations that are looked up.
const maxReports = 10
