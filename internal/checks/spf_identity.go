package checks

import (
	"cmp"
	"fmt"
	"slices"

	"mailaudit/internal/facts"
)

// Which names need SPF, and what it is worth to the one in From.

// spfUnaligned judges each stream whose MAIL FROM is another domain than the audited one. DMARC still passes by DKIM: only
// where that is known to be impossible the mail has nothing left.
func spfUnaligned(f *facts.Facts) []Verdict {
	if f.Profile.Name == facts.Parked || gone(f) {
		return nil
	}
	var l []Verdict
	for _, a := range Alignments(f) {
		if a.SPF.Domain == f.Domain || a.SPF.Domain == "" {
			continue
		}
		v := Verdict{Subject: a.SPF.Domain}
		switch a.SPF.Aligned {
		case "unknown":
			v.Unknown = fmt.Sprintf("whether %s is aligned with %s is not known: %s", clip(a.SPF.Domain), f.Domain, whyNotAligned(f, a.SPF.Domain))
		case "fail":
			v.Broken = []Violation{unaligned(f, a)}
		}
		l = append(l, v)
	}
	return l
}

// whyNotAligned is the cause of what is not known about alignment.
func whyNotAligned(f *facts.Facts, domain string) string {
	for _, o := range f.Orgs {
		if (o.Domain == domain || o.Domain == f.Domain) && o.Org.State == facts.Unknown {
			return o.Org.Why
		}
	}
	if f.DMARC.State == facts.Unknown {
		return f.DMARC.Why
	}
	return "the organizational domain of one of them is missing"
}

func unaligned(f *facts.Facts, a Alignment) Violation {
	// Where both have one organizational domain aspf=s alone parts them, which dmarc.aspf-strict says; and that no identifier
	// is aligned dmarc.unaligned does, where there is a policy.
	policy := f.DMARC.Known() && f.DMARC.Value.Status == facts.DMARCFound
	v := Violation{Status: Info, Implied: a.SPF.Relaxed == "pass" || a.DKIM.Aligned == "fail" && policy}
	if a.SPF.Relaxed == "pass" {
		v.Message = fmt.Sprintf("aspf=s wants %s itself in MAIL FROM, and it is %s", f.Domain, clip(a.SPF.Domain))
	} else {
		v.Message = fmt.Sprintf("MAIL FROM is %s, whose organizational domain is %s and not %s", clip(a.SPF.Domain), clip(orgOf(f, a.SPF.Domain)), orgOf(f, f.Domain))
	}
	v.Message += ": DMARC does not count its SPF"
	if a.DKIM.Result == "fail" {
		v.Status = Warn
		v.Message += ", and DKIM with d=" + clip(a.DKIM.Domain)
		if a.DKIM.Aligned == "fail" {
			v.Message += " is not aligned either"
		} else {
			v.Message += " cannot pass either"
		}
	} else {
		v.Message += " and rests on DKIM with d=" + clip(a.DKIM.Domain)
	}
	v.Message += stream(f, a.Stream)
	return v
}

// spfNamed are the HELO names that are nothing else, those of hosts that do not exist among them: helo.unresolvable says that.
func spfNamed(f *facts.Facts) []subject[facts.SPF] {
	l := spfOf(f, func(s facts.SPF) bool { return len(s.HELO) > 0 && len(s.MailFrom) == 0 && !s.From })
	for i, s := range l {
		if s.of.Known() && !s.of.Value.Exists {
			l[i].said = "ptr"
		}
	}
	return l
}

// spfHELO are those but for hosts that do not exist.
func spfHELO(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool { return len(s.HELO) > 0 && len(s.MailFrom) == 0 && !s.From && s.Exists })
}

func spfHELOMissing(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Root.Status != facts.SPFNone {
		return nil
	}
	return []Violation{{Status: Info, Message: fmt.Sprintf("%s has no SPF record, so a bounce that its host sends gets none", clip(s.Domain)),
		Fix: fmt.Sprintf("Publish the TXT record v=spf1 a -all at %s", clip(s.Domain))}}
}

// spfHELOFail names the declared addresses that the record of a HELO name refuses. Where MAIL FROM refuses them too,
// spf.ip-not-covered carries the points.
func spfHELOFail(f *facts.Facts, s facts.SPF) []Violation {
	var l []string
	implied, lost := true, ""
	for _, r := range f.Results {
		if r.Identity != "helo" || r.Domain != s.Domain || !r.Declared {
			continue
		}
		if r.Result == "temperror" {
			lost = fmt.Sprintf("what %s gets from the SPF record of %s is not known: %s", r.IP, clip(s.Domain), clip(r.Why))
		}
		if r.Result != "fail" {
			continue
		}
		l = append(l, r.IP.String())
		implied = implied && slices.ContainsFunc(f.Results, func(m facts.SPFResult) bool {
			return m.Identity == "mailfrom" && m.IP == r.IP && m.Stream == r.Stream && m.Result == "fail"
		})
	}
	switch {
	case len(l) == 0 && lost != "":
		return one(Unknown, lost)
	case len(l) == 0:
		return nil
	}
	verb := "get"
	if len(l) == 1 {
		verb = "gets"
	}
	return []Violation{{Status: Warn, Implied: implied, Message: fmt.Sprintf("%s %s fail from the SPF record of %s, the name in EHLO, which receivers may check by itself", some(l), verb, clip(s.Domain))}}
}

// spfParkedRecord is the record of a domain that sends nothing.
func spfParkedRecord(f *facts.Facts) []subject[facts.SPF] {
	if !sendsNothing(f) {
		return nil
	}
	return spfOf(f, func(s facts.SPF) bool { return s.From && s.Root.Status == facts.SPFFound })
}

func spfParked(_ *facts.Facts, s facts.SPF) []Violation {
	if nobody(s.Root).Value {
		return nil
	}
	v := Violation{Status: Info, Message: "the domain sends nothing, and its record says more than -all"}
	if l := record(s.Root).Effective(); len(l) > 0 {
		v.At = at(s.Root, l[0].Offset, l[0].Text)
		v.Message += ": " + clip(l[0].Text)
	}
	return []Violation{v}
}

// spfPolicies are the records of MAIL FROM domains, beside the DMARC policy. That this one is not known the rules about it say.
func spfPolicies(f *facts.Facts) []subject[facts.SPF] {
	if f.DMARC.State == facts.Unasked || f.Profile.Name == facts.Parked {
		return nil
	}
	l := slices.DeleteFunc(spfTree(f), func(s subject[facts.SPF]) bool { return s.of.Known() && len(s.of.Value.MailFrom) == 0 })
	for i := range l {
		if why := cmp.Or(f.DMARC.Why, lostPolicyOf(f)); why != "" || !f.DMARC.Known() {
			l[i].of, l[i].deciding, l[i].said = facts.Cannot[facts.SPF]("the DMARC policy: "+why), false, "dmarc"
		}
	}
	return l
}

func spfAllHard(f *facts.Facts, s facts.SPF) []Violation {
	policy := f.DMARC.Value.Policy
	var l []Violation
	visitOwn(s, func(t step) {
		if t.Term.Name != "all" || t.Term.Qualifier != "-" || policy == "reject" {
			return
		}
		what := "the DMARC policy is " + policy
		if policy == "" {
			what = "there is no DMARC policy"
		}
		l = []Violation{{Status: Info, At: t.at(), Message: fmt.Sprintf("%s asks receivers to refuse before they look at DKIM, and %s", t, what)}}
	})
	if len(l) == 0 {
		return undecided(s, lostRedirect)
	}
	return l
}
