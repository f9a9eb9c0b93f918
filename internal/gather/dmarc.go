package gather

import (
	"slices"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// policyAt is one name of the tree walk and the record that stands there, if exactly one does.
type policyAt struct {
	step   facts.DMARCStep
	domain string
	record *dmarc.Record // the valid DMARC policy record there
	void   bool          // one record is there, and receivers do no DMARC because of it
}

// treeWalk asks all names of a DNS Tree Walk at once (RFC 9989 4.10): they follow from the domain alone. A receiver
// asks them one after the other and stops early; what it would not have asked changes nothing here.
func (g *gatherer) treeWalk(domain string) []policyAt {
	return every(walkNames(domain), func(d string) policyAt {
		p := policyAt{domain: d, step: facts.DMARCStep{Name: "_dmarc." + d}}
		a := g.ask(p.step.Name, dnsx.TXT)
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
	})
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
			// A record at a top-level domain says psd=y, which leaves the name that was found below it.
			if found && !strings.Contains(p.domain, ".") {
				continue
			}
			return facts.Cannot[string](p.step.Name + ": " + p.step.Why)
		}
		if p.record == nil || p.void {
			continue
		}
		switch {
		case p.record.PSD == "n":
			return facts.Know(p.domain)
		case p.record.PSD == "y" && i > 0:
			return facts.Know(walk[i-1].domain)
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
	return every(l, func(o facts.Org) facts.Org {
		o.Org = orgOf(g.treeWalk(o.Domain))
		return o
	})
}

// dmarc finds the policy that applies to the audited domain (RFC 9989 4.10.1).
func (g *gatherer) dmarc() facts.Fact[facts.DMARC] {
	walk := g.treeWalk(g.t.Domain)
	own := walk[0]
	if own.step.Status == "unknown" {
		return facts.Cannot[facts.DMARC](own.step.Why)
	}
	d := facts.DMARC{Status: facts.DMARCNone, Near: own.step.Near, Reports: []facts.ReportTo{}}
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
	if !at.void {
		d.Policy = g.policy(at, d.Inherited)
		d.Reports = g.reports(at, d.Org)
	}
	return facts.Know(d)
}

// policy is what receivers apply to mail From the audited domain.
func (g *gatherer) policy(at policyAt, inherited bool) string {
	author := dmarc.Own
	if inherited {
		author = dmarc.Subdomain
		// Only NXDOMAIN makes a name one that does not exist (RFC 9989 4.7, np).
		if e := g.exists(); e.Known() && !e.Value {
			author = dmarc.NonExistent
		}
	}
	return at.record.Enforced(at.record.PolicyFor(author))
}

// reports finds out whether destinations of reports outside the organizational domain agreed to get them (RFC 9990 4).
func (g *gatherer) reports(at policyAt, org string) []facts.ReportTo {
	l := []facts.ReportTo{}
	for _, u := range slices.Concat(at.record.RUA, at.record.RUF) {
		known := slices.ContainsFunc(l, func(r facts.ReportTo) bool { return r.Domain == u.Domain })
		if u.Fault != "" || u.Domain == "" || known || within(u.Domain, org) || within(u.Domain, at.domain) || len(l) == maxReports {
			continue
		}
		l = append(l, facts.ReportTo{URI: u.Text, Domain: u.Domain, Name: at.domain + "._report._dmarc." + u.Domain})
	}
	l = every(l, func(r facts.ReportTo) facts.ReportTo {
		theirs := soon(func() facts.Fact[string] { return orgOf(g.treeWalk(r.Domain)) })
		a := g.ask(r.Name, dnsx.TXT)
		yes := slices.ContainsFunc(a.Records, func(x dnsx.Record) bool { return dmarc.IsDMARC(x.Text) })
		switch o := theirs(); {
		case o.Known() && o.Value == org: // of the same organisation: nothing to authorise
		case yes:
			r.Authorised = facts.Know(true)
		case a.Status == dnsx.Failed:
			r.Authorised = facts.Cannot[bool](a.Cause)
		case !o.Known():
			r.Authorised = facts.Cannot[bool](o.Why)
		default:
			r.Authorised = facts.Know(false)
		}
		return r
	})
	return slices.DeleteFunc(l, func(r facts.ReportTo) bool { return r.Authorised.State == facts.Unasked })
}

// maxReports bounds the destinations that are looked up.
const maxReports = 10
