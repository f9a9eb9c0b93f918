package checks

import (
	"fmt"
	"slices"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// refuseWithoutDMARC are the receivers that document a refusal of bulk mail whose domain has no DMARC record. Gmail's
// pages contradict each other about it.
var refuseWithoutDMARC = []Refusal{{Receiver: "outlook", Bulk: true}, {Receiver: "yahoo", Bulk: true}, {Receiver: "icloud", Bulk: true}}

// withoutDMARCReplies are what receivers answer then.
var withoutDMARCReplies = []string{
	"550 5.7.515 Access denied, sending domain {d} doesn't meet the required authentication level.",
	"550 5.7.40 Your message was blocked because the sending domain doesn't have a DMARC record or the DMARC record doesn't specify a DMARC policy.",
	"501 5.0.2 Mail rejected. DMARC check failed.",
}

var dmarcChecks = []*Check{
	{
		ID: "dmarc.missing", Title: "a DMARC record applies to the domain", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10", "RFC 9989 4.10.1"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help: "Without a record nobody tells you who sends in your name, and anybody may. Outlook.com, Yahoo and iCloud " +
			"refuse bulk mail from such a domain; p=none is enough for them.",
		Fix:   "Publish v=DMARC1; p=none; rua=mailto: with an address of yours, at _dmarc",
		Judge: each(policyState, dmarcMissing),
	},
	{
		ID: "dmarc.multiple", Title: "there is one DMARC record", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10", "RFC 7489 6.6.3"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help: "Receivers that find several DMARC records at one name discard them all, so none of the policies applies and " +
			"no reports are sent.",
		Fix:   "Keep one of the records, with p=none until the reports show that all mail of the domain passes",
		Judge: each(thePolicy, dmarcMultiple),
	},
	{
		ID: "dmarc.version", Title: "the DMARC record begins with v=DMARC1", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help:       "The version must be the first tag and exactly DMARC1, in upper case. Receivers ignore any other record as if it were not there.",
		Fix:        "Begin the record with v=DMARC1; and set p=none until the reports show that all mail of the domain passes",
		Judge:      each(thePolicy, dmarcVersion),
	},
	{
		ID: "dmarc.duplicate-tag", Title: "no tag stands twice in the DMARC record", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.2", "RFC 9989 4.7"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help:       "A DMARC record is a tag list, and a tag that stands twice makes the whole list invalid: no policy applies.",
		Fix:        "Keep one of the two tags, with p=none until the reports show that all mail of the domain passes",
		Judge:      each(policyRecords, dmarcDuplicateTag),
	},
	{
		ID: "dmarc.p-missing", Title: "the DMARC record has a policy", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10.1", "RFC 7489 6.6.3"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC, // it fails only where there is no valid rua either, and so no DMARC
		Needs:      facts.Policy,
		Help: "A record without p= is read as p=none where rua= has a valid address, and else as no record at all. Gmail's text for " +
			"a missing DMARC record names the missing policy too.",
		Fix:   "Add p=none, which refuses no mail, and a stricter policy once the reports show that all mail of the domain passes",
		Judge: each(policyRecords, dmarcPMissing),
	},
	{
		// No Refused: with a valid rua the record is read as p=none, which is what receivers ask of bulk senders.
		ID: "dmarc.p-invalid", Title: "the policy is none, quarantine or reject", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10.1", "RFC 9989 4.7"},
		Replies:    withoutDMARCReplies,
		Needs:      facts.Policy,
		Help: "Somebody wrote a policy and it is not applied: receivers read an unknown p= as p=none where rua= has a valid " +
			"address, and else as no record at all. Anybody may go on sending in the domain's name.",
		Fix:   "Set p=none, which refuses no mail, and the policy that was meant once the reports show that all mail of the domain passes",
		Judge: each(policyRecords, dmarcPInvalid),
	},
	{
		// No Refused, as for dmarc.p-invalid.
		ID: "dmarc.sp-np-invalid", Title: "sp and np are none, quarantine or reject", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10.1", "RFC 9989 4.7"},
		Replies:    withoutDMARCReplies,
		Needs:      facts.Policy,
		Help: "An unknown value in sp= or np= voids p= with it: the whole record is read as p=none where rua= has a valid " +
			"address, and else as no record at all.",
		Fix:   "Correct the value or remove the tag, with p=none until the reports show that all mail of the domain passes",
		Judge: each(policyRecords, dmarcSubInvalid),
	},
	{
		ID: "dmarc.p-none", Title: "the policy asks receivers to act on mail that fails", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 5.1.7", "RFC 9989 7.4"},
		Needs:      facts.Policy,
		Help: "p=none watches and protects nothing, and is the right start. A stricter policy is right only once the reports show " +
			"that all mail of the domain passes; where people post to mailing lists it should not be p=reject at all.",
		Fix:   "Read the reports, and consider p=quarantine once they show that all mail of the domain passes",
		Judge: each(watched, dmarcPNone),
	},
	{
		ID: "dmarc.rua-missing", Title: "aggregate reports are asked for", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9989 4.7", "RFC 9989 8"},
		Needs:      facts.Policy,
		Help: "Without rua= receivers send no aggregate reports, so nobody sees which servers send in the domain's name and " +
			"which mail fails. A stricter policy is then set blind.",
		Fix:   "Add rua=mailto: with an address that is read",
		Judge: each(appliedPolicy, dmarcRUAMissing),
	},
	{
		ID: "dmarc.rua-invalid", Title: "the addresses for aggregate reports are valid", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.8"},
		Needs:      facts.Policy,
		Help: "rua= takes URIs with commas between them, and receivers need to support mailto: only. They send nothing to what " +
			"is none; a record without p= or with a wrong one needs a valid address to count at all.",
		Fix:   "Write each address as mailto:name@domain, with commas between several",
		Judge: each(policyRecords, dmarcRUAInvalid),
	},
	{
		ID: "dmarc.rua-external", Title: "other domains agree to take the reports", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9990 4", "RFC 7489 7.1"},
		Needs:      facts.Policy,
		Help: "Reports to an address outside the organizational domain are sent only if that domain says in the DNS that it takes " +
			"them. Without it receivers drop the address silently.",
		Fix:   "Ask whoever runs that domain to publish the TXT record v=DMARC1 at the name, or use an address of your own",
		Judge: each(reportTargets, dmarcRUAExternal),
	},
	{
		ID: "dmarc.pct", Title: "the policy does without pct", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 A.6", "RFC 7489 6.3"},
		Needs:      facts.Policy,
		Help: "RFC 9989 removed pct=. Receivers that follow it apply the policy to all mail already; older ones still apply " +
			"it to that share only, and would apply it to all mail as soon as the tag is gone.",
		Fix:   "Set the policy one level lower first, and only then remove pct",
		Judge: each(appliedPolicy, dmarcPct),
	},
	{
		ID: "dmarc.reject-spf-only", Title: "p=reject does not rest on SPF alone", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 7.4", "RFC 9989 8"},
		Replies: []string{
			"550 5.7.26 Unauthenticated email from {d} is not accepted due to domain's DMARC policy.",
			"550 5.7.509 Access denied, sending domain {d} does not pass DMARC verification and has a DMARC policy of reject.",
		},
		Needs: facts.Policy | facts.Keys,
		Help: "Forwarded mail comes from an address that the domain's SPF record does not name, and only a DKIM signature " +
			"survives that. With p=reject and no DKIM every forwarded message is refused, so a domain must not publish the one without the other.",
		Fix:   "Sign all mail with DKIM, and lower the policy until that is done",
		Judge: each(rejection, dmarcRejectSPFOnly),
	},
}

// policyState leaves out a domain whose record is published and void: the rule that names the fault says all.
func policyState(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool { return d.Status != facts.DMARCInvalid })
}

// policyRecords is the record that receivers read, or would read if its tags did not void it.
func policyRecords(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool { return d.Record != nil && !policyHas(d, dmarc.Version) })
}

// appliedPolicy is the record that receivers apply.
func appliedPolicy(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool { return d.Status == facts.DMARCFound && d.Record != nil })
}

// watched is the record that receivers apply as it was meant, and not as p=none for want of a valid policy.
func watched(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool {
		return d.Status == facts.DMARCFound && d.Record != nil && !policyHas(d, dmarc.PolicyMissing, dmarc.PolicyInvalid, dmarc.SubInvalid)
	})
}

func policyIf(f *facts.Facts, keep func(facts.DMARC) bool) []subject[facts.DMARC] {
	return slices.DeleteFunc(thePolicy(f), func(s subject[facts.DMARC]) bool { return s.of.Known() && !keep(s.of.Value) })
}

func policyHas(d facts.DMARC, kinds ...dmarc.Kind) bool {
	return slices.ContainsFunc(d.Record.Problems, func(p dmarc.Problem) bool { return slices.Contains(kinds, p.Kind) })
}

// policyProblems are the messages of one kind of problem, in the record's order.
func policyProblems(d facts.DMARC, kind dmarc.Kind) []string {
	var l []string
	for _, p := range d.Record.Problems {
		if p.Kind == kind {
			l = append(l, p.Message)
		}
	}
	return l
}

// above names where an inherited record stands, to follow what is said of it.
func above(d facts.DMARC) string {
	if !d.Inherited {
		return ""
	}
	return fmt.Sprintf(" (in the record at %s, which this domain inherits)", d.FoundAt)
}

// voided is how much a void record matters. The owner relies on the one at the domain's own name. One further up
// is somebody else's fault, unless a bulk sender has no DMARC for that reason.
func voided(f *facts.Facts, d facts.DMARC, own bool) Status {
	if own || f.Profile.Name == facts.Bulk && d.Status == facts.DMARCInvalid {
		return Fail
	}
	return Warn
}

// voidedAt is the violation of a record at one name of the walk, number i. Where nothing else is found either
// dmarc.missing carries what the lack of a record costs.
func voidedAt(f *facts.Facts, d facts.DMARC, i int, message string) Violation {
	return Violation{Status: voided(f, d, i == 0), Message: message, Implied: d.Status == facts.DMARCNone}
}

// consequence is what receivers make of a record without a usable policy (RFC 9989 4.10.1).
func consequence(d facts.DMARC) string {
	if d.Record.Void {
		return "receivers act as if there were no DMARC record" + above(d)
	}
	return "receivers act as if it were p=none" + above(d)
}

func dmarcMissing(f *facts.Facts, d facts.DMARC) []Violation {
	if d.Status == facts.DMARCFound {
		return nil
	}
	message := fmt.Sprintf("no DMARC record at _dmarc.%s nor above it", f.Domain)
	if f.Profile.Name == facts.Bulk {
		return one(Fail, message)
	}
	return one(Warn, message)
}

// reached are the names at which several records, or one with a wrong version, matter: none above the domain's own
// where that has the record that applies.
func reached(d facts.DMARC) []facts.DMARCStep {
	if d.Status == facts.DMARCFound && !d.Inherited && len(d.Walk) > 1 {
		return d.Walk[:1]
	}
	return d.Walk
}

func dmarcMultiple(f *facts.Facts, d facts.DMARC) []Violation {
	var l []Violation
	for i, step := range reached(d) {
		if step.Status == "multiple" {
			l = append(l, voidedAt(f, d, i, fmt.Sprintf("%s at %s: receivers discard them all", count(len(step.Records), "DMARC record"), step.Name)))
		}
	}
	return l
}

func dmarcVersion(f *facts.Facts, d facts.DMARC) []Violation {
	var l []Violation
	for i, step := range reached(d) {
		if len(step.Near) == 0 {
			continue
		}
		why := "a DMARC record begins with v=DMARC1"
		for _, p := range dmarc.Parse(step.Near[0]).Problems {
			if p.Kind == dmarc.Version {
				why = p.Message
			}
		}
		message := fmt.Sprintf("receivers ignore the record %s at %s: %s", clip(step.Near[0]), step.Name, why)
		if step.Status != "none" {
			l = append(l, Violation{Status: Info, Message: message + "; a DMARC record stands beside it", Fix: "Remove the record that is ignored"})
			continue
		}
		l = append(l, voidedAt(f, d, i, message))
	}
	return l
}

func dmarcDuplicateTag(f *facts.Facts, d facts.DMARC) []Violation {
	l := policyProblems(d, dmarc.DuplicateTag)
	if len(l) == 0 {
		return nil
	}
	return one(voided(f, d, !d.Inherited), clip(l[0])+above(d))
}

func dmarcPMissing(f *facts.Facts, d facts.DMARC) []Violation {
	if !policyHas(d, dmarc.PolicyMissing) {
		return nil
	}
	status := Warn
	if d.Record.Void {
		status = voided(f, d, !d.Inherited)
	}
	return one(status, "the record has no p= tag: "+consequence(d))
}

func dmarcPInvalid(f *facts.Facts, d facts.DMARC) []Violation {
	l := policyProblems(d, dmarc.PolicyInvalid)
	if len(l) == 0 {
		return nil
	}
	return one(voided(f, d, !d.Inherited), l[0]+": "+consequence(d)) // a policy was meant, and none is applied
}

func dmarcSubInvalid(f *facts.Facts, d facts.DMARC) []Violation {
	l := policyProblems(d, dmarc.SubInvalid)
	if len(l) == 0 {
		return nil
	}
	status := Warn // p=none, and read as p=none
	if d.Record.Void || d.Record.Policy == "quarantine" || d.Record.Policy == "reject" {
		status = voided(f, d, !d.Inherited)
	}
	return one(status, l[0]+": "+consequence(d))
}

func dmarcPNone(_ *facts.Facts, d facts.DMARC) []Violation {
	switch {
	case d.Inherited && d.Policy == "none":
		return one(Info, fmt.Sprintf("the policy for this domain is none%s: receivers report and do nothing else", above(d)))
	case !d.Inherited && d.Record.Policy == "none":
		return one(Info, "the policy is p=none: receivers report and do nothing else")
	}
	return nil
}

func dmarcRUAMissing(f *facts.Facts, d facts.DMARC) []Violation {
	if len(d.Record.RUA) > 0 {
		return nil
	}
	message := "no rua= tag, so receivers send no aggregate reports" + above(d)
	if f.Profile.Name == facts.Parked {
		return one(Info, message) // of a domain without mail they tell of nobody's mistakes
	}
	return one(Warn, message)
}

func dmarcRUAInvalid(_ *facts.Facts, d facts.DMARC) []Violation {
	l := policyProblems(d, dmarc.RUAInvalid)
	if len(l) == 0 {
		return nil
	}
	message := "rua= " + l[0]
	if len(l) > 1 {
		message += fmt.Sprintf(" (and %d more that are wrong)", len(l)-1)
	}
	return one(Warn, message+above(d))
}

func dmarcRUAExternal(_ *facts.Facts, t reportTarget) []Violation {
	if t.ok {
		return nil
	}
	return one(Warn, fmt.Sprintf("no reports reach %s: %s does not agree to take them with v=DMARC1 at %s", clip(t.URI), t.Domain, t.Name))
}

func dmarcPct(_ *facts.Facts, d facts.DMARC) []Violation {
	r := d.Record
	switch {
	case r.Percent == nil:
		return nil
	case *r.Percent == 100:
		return []Violation{{Status: Info, Message: "pct=100 was removed by RFC 9989 and changes nothing for older receivers" + above(d), Fix: "Remove pct"}}
	case r.Policy == "none" && (r.SP == "" || r.SP == "none"):
		return []Violation{{Status: Info, Message: fmt.Sprintf("pct=%d was removed by RFC 9989 and has no effect with p=none%s", *r.Percent, above(d)), Fix: "Remove pct"}}
	}
	return one(Info, fmt.Sprintf("pct=%d was removed by RFC 9989, and older receivers still apply the policy to %d %% of the mail only%s: never remove it alone, or they apply it to all",
		*r.Percent, *r.Percent, above(d)))
}

// rejection is whether DKIM can bear a policy of reject. Where a selector in use is at fault the dkim rules say so:
// that is one defect and not two.
func rejection(f *facts.Facts) []subject[bool] {
	l := thePolicy(f)
	if len(l) == 0 || f.Profile.Name == facts.Parked {
		return nil
	}
	d, s := l[0].of, subject[bool]{name: f.Domain, of: bearable(f)}
	switch {
	case s.of.State == facts.Unasked, s.of.Known() && s.of.Value && !d.Known():
		return nil // whatever the policy is
	case d.State != facts.Known:
		s.of, s.deciding = facts.Fact[bool]{State: d.State, Why: d.Why}, true
	case d.Value.Policy != "reject":
		return nil
	}
	return []subject[bool]{s}
}

// bearable says whether a DKIM key exists. It is unasked where that cannot be known: a guess that finds nothing
// beneath a _domainkey that exists tells nothing, and a named selector without a key tells nothing of the others.
func bearable(f *facts.Facts) facts.Fact[bool] {
	for _, d := range f.DKIM {
		if slices.ContainsFunc(d.Keys, func(k facts.Key) bool { return k.Status == facts.KeyValid }) {
			return facts.Know(true)
		}
	}
	if len(f.DKIM) == 0 {
		return facts.Fact[bool]{}
	}
	fact := facts.Know(false)
	for _, d := range f.DKIM {
		switch {
		case d.Named, hasKey(d), d.Subtree.State == facts.Unasked, d.Subtree.Known() && d.Subtree.Value != facts.SubtreeAbsent:
			return facts.Fact[bool]{}
		case d.Subtree.State == facts.Unknown:
			fact = facts.Cannot[bool](d.Subtree.Why)
		}
	}
	return fact
}

func dmarcRejectSPFOnly(f *facts.Facts, signs bool) []Violation {
	if signs {
		return nil
	}
	return one(Fail, fmt.Sprintf("the policy is reject%s and rests on SPF alone: %s has no DKIM key, and forwarded mail does not pass SPF",
		above(f.DMARC.Value), f.Domain))
}
