package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// What is said of subdomains, of the organizational domain, and of alignment with it.

// rank orders policies by how much they ask of receivers.
func rank(policy string) int { return slices.Index([]string{"none", "quarantine", "reject"}, policy) }

func dmarcSPWeaker(_ *facts.Facts, d facts.DMARC) []Violation {
	var l []Violation
	r := d.Record
	if r.SP != "" && rank(r.SP) < rank(r.Policy) {
		l = append(l, here(policyTag(d, "sp"), Warn, fmt.Sprintf("sp=%s is weaker than p=%s: names beneath the domain can be forged where the domain cannot", r.SP, r.Policy))...)
	}
	if r.NP != "" && rank(r.NP) < rank(cmp.Or(r.SP, r.Policy)) {
		l = append(l, here(policyTag(d, "np"), Warn, fmt.Sprintf("np=%s is weaker than the policy of subdomains that exist, %s: names that do not can be forged", r.NP, cmp.Or(r.SP, r.Policy)))...)
	}
	return l
}

// dmarcSPOnSubdomain is silent where the list of public suffixes takes the name for an organizational domain: older
// receivers apply the tags.
func dmarcSPOnSubdomain(f *facts.Facts, d facts.DMARC) []Violation {
	if d.Org == f.Domain || d.ListOrg == f.Domain || d.Record.SP == "" && d.Record.NP == "" {
		return nil
	}
	return here(policyTag(d, "sp", "np"), Info, fmt.Sprintf("sp= and np= are ignored here: the organizational domain is %s", d.Org))
}

func dmarcPolicyGap(f *facts.Facts, d facts.DMARC) []Violation {
	if d.Org == f.Domain {
		return nil
	}
	for _, step := range d.Walk {
		if step.Name != "_dmarc."+d.Org || len(step.Records) != 1 {
			continue
		}
		r := dmarc.Parse(step.Records[0])
		if want := r.Enforced(r.PolicyFor(dmarc.Subdomain)); rank(d.Policy) < rank(want) {
			return here(policyTag(d, "p"), Warn, fmt.Sprintf("the policy of this name's own record is %s, and the record at %s has %s for subdomains without one", d.Policy, step.Name, want))
		}
	}
	return nil
}

// dmarcNPMissing leaves a weak sp= to dmarc.sp-weaker.
func dmarcNPMissing(_ *facts.Facts, d facts.DMARC) []Violation {
	policy := d.Record.PolicyFor(dmarc.NonExistent)
	if d.Record.NP != "" || policy == "reject" || rank(policy) < rank(d.Record.Policy) {
		return nil
	}
	return here(wholeAt(d.FoundAt, d.Record.Text), Info, fmt.Sprintf("without np= the policy of names that do not exist is %s, though nobody should send with them", policy))
}

func dmarcNPWildcard(f *facts.Facts, made bool) []Violation {
	if !made {
		return nil
	}
	return here(policyTag(f.DMARC.Value, "np"), Info, fmt.Sprintf("np= never applies: a wildcard makes every name beneath %s exist", f.Domain))
}

// recordDomain is the domain whose record applies.
func recordDomain(d facts.DMARC) string { return strings.TrimPrefix(d.FoundAt, "_dmarc.") }

func dmarcPSD(_ *facts.Facts, d facts.DMARC) []Violation {
	// What the list of public suffixes takes for one may say so.
	if at := recordDomain(d); d.Record.PSD == "y" && d.ListOrg != "" && inDomain(at, d.ListOrg) {
		return here(policyTag(d, "psd"), Warn, fmt.Sprintf("psd=y says that %s is a public suffix: each name beneath it is an organizational domain of its own and not aligned with it", at))
	}
	return nil
}

func dmarcPSDN(f *facts.Facts, d facts.DMARC) []Violation {
	if d.Record.PSD != "n" || d.ListOrg == "" || d.ListOrg == f.Domain {
		return nil
	}
	return here(policyTag(d, "psd"), Info, fmt.Sprintf("psd=n makes %s an organizational domain of its own: identifiers of %s are not aligned with it", f.Domain, d.ListOrg))
}

func dmarcPSLvsWalk(f *facts.Facts, d facts.DMARC) []Violation {
	if d.Org == "" {
		return one(Unknown, lostOrg(f))
	}
	if d.ListOrg == "" || d.Org == d.ListOrg {
		return nil
	}
	message := fmt.Sprintf("the organizational domain is %s for receivers that go by RFC 9989, and %s for those that go by the list of public suffixes (RFC 7489)", d.Org, d.ListOrg)
	var effects []string
	if inDomain(d.ListOrg, d.Org) {
		effects = append(effects, fmt.Sprintf("to the former any name beneath %s is aligned with this domain", d.Org))
	}
	if d.Inherited && recordDomain(d) != d.ListOrg {
		effects = append(effects, fmt.Sprintf("only the former find the record at %s", d.FoundAt))
	}
	lost := false
	for _, a := range Alignments(f) {
		for _, i := range []Identity{a.SPF, a.DKIM} {
			lost = lost || i.Mode == "relaxed" && i.Relaxed == "unknown"
			listed := inDomain(i.Domain, d.ListOrg)
			if i.Mode != "relaxed" || i.Strict == "pass" || i.Relaxed == "unknown" || listed == (i.Relaxed == "pass") {
				continue
			}
			whom := "former"
			if listed {
				whom = "latter"
			}
			effects = append(effects, fmt.Sprintf("%s is aligned for the %s only", i.Domain, whom))
		}
	}
	switch {
	case len(effects) == 0 && lost:
		return one(Unknown, message+"; whether that makes a difference is not known: "+lostOrg(f))
	case len(effects) == 0:
		return nil // a difference that makes none
	}
	slices.Sort(effects)
	return one(Warn, message+": "+some(slices.Compact(effects)))
}

// deepLabels is the number of labels from which the walk leaps (RFC 9989 4.10 step 4): to the last seven.
const (
	deepLabels = 9
	walkLabels = 7
)

func labels(domain string) int { return strings.Count(domain, ".") + 1 }

func dmarcDeepName(f *facts.Facts, d facts.DMARC) []Violation {
	if d.Status == facts.DMARCFound && !d.Inherited {
		return nil
	}
	n := labels(f.Domain)
	return one(Info, fmt.Sprintf("the domain has %d labels and no record of its own: receivers go on with the last %d and leap over %s",
		n, walkLabels, count(n-1-walkLabels, "name")))
}

// stream names one of several streams, to follow what is said of it.
func stream(f *facts.Facts, name string) string {
	if len(f.Streams) < 2 {
		return ""
	}
	return fmt.Sprintf(" (stream %s)", clip(name))
}

func dmarcStrict(f *facts.Facts, i strictIdentity) []Violation {
	if i.Strict == "pass" || i.Relaxed == "fail" {
		return nil
	}
	what := "d="
	if i.tag == "aspf" {
		what = "MAIL FROM"
	}
	d := f.DMARC.Value
	return here(policyTag(d, i.tag), Warn, fmt.Sprintf("%s is %s, which %s=s does not take for %s, while relaxed alignment would%s%s", what, i.Domain, i.tag, f.Domain, stream(f, i.stream), above(d)))
}

func dmarcUnaligned(f *facts.Facts, a Alignment) []Violation {
	if or(a.SPF.Aligned, a.DKIM.Aligned) != "fail" {
		return nil
	}
	d := f.DMARC.Value
	message := fmt.Sprintf("neither MAIL FROM (%s) nor d= (%s) is aligned with %s: all mail that is sent so fails DMARC, and the policy is %s%s%s",
		a.SPF.Domain, a.DKIM.Domain, f.Domain, cmp.Or(d.Policy, "not known"), stream(f, a.Stream), above(d))
	if strict(d.Policy) || f.Profile.Name == facts.Bulk {
		return one(Fail, message)
	}
	return one(Warn, message)
}

// badlySigned says what is wrong with the signatures of a stream's sample message although the published keys are good, "" where
// there is no message, or rules about keys or alignment say it.
func badlySigned(f *facts.Facts, a Alignment) string {
	l, sampled := signaturesOf(f, a.Stream)
	if sampled && len(l) == 0 {
		return "the message carries no DKIM signature" + stream(f, a.Stream)
	}
	for _, x := range l {
		if x.Domain == a.DKIM.Domain && a.DKIM.Aligned == "pass" && x.Result == facts.SignatureFail {
			return fmt.Sprintf("the signature of the message with d=%s and s=%s fails: %s%s", clip(x.Domain), clip(x.Selector), clip(x.Why), stream(f, a.Stream))
		}
	}
	return ""
}

// dmarcSPFOnly is about signatures that do not count. Where there are none, dmarc.reject-spf-only and the dkim rules say so.
func dmarcSPFOnly(f *facts.Facts, a Alignment) []Violation {
	if a.Single != "spf" {
		return nil
	}
	const message = "DMARC rests on SPF alone, and forwarded mail fails: "
	why := badlySigned(f, a)
	if why == "" && a.DKIM.Aligned == "pass" {
		return []Violation{{Status: Info, Implied: true, Message: message + "no key verifies its signatures" + stream(f, a.Stream)}}
	}
	if why == "" {
		why = fmt.Sprintf("its signatures carry d=%s, which is not aligned with %s%s", a.DKIM.Domain, f.Domain, stream(f, a.Stream))
	}
	if f.DMARC.Value.Policy == "reject" {
		return one(Warn, message+why+"; the policy is reject")
	}
	return one(Info, message+why)
}
