package checks

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
	"mailaudit/internal/record/taglist"
)

// policyProblems are the problems of some kinds, in the record's order.
func policyProblems(d facts.DMARC, kinds ...dmarc.Kind) []dmarc.Problem {
	var l []dmarc.Problem
	for _, p := range d.Record.Problems {
		if slices.Contains(kinds, p.Kind) {
			l = append(l, p)
		}
	}
	return l
}

// policyAt is the place of the tag that begins at an offset of the record.
func policyAt(d facts.DMARC, offset int) Place { return tagAt(d.FoundAt, d.Record.Text, offset) }

// policyTag is the place of the first tag with one of the names, or of the whole record where none is there.
func policyTag(d facts.DMARC, names ...string) Place {
	for _, name := range names {
		if t, ok := tagOf(d, name); ok {
			return policyAt(d, t.Offset)
		}
	}
	return wholeAt(d.FoundAt, d.Record.Text)
}

// tagOf is a tag of the record in force, in whatever case its name is (RFC 9989 4.8).
func tagOf(d facts.DMARC, name string) (taglist.Tag, bool) {
	i := slices.IndexFunc(d.Record.Tags, func(t taglist.Tag) bool { return strings.EqualFold(t.Name, name) })
	if i < 0 {
		return taglist.Tag{}, false
	}
	return d.Record.Tags[i], true
}

// uriAt is the place of one destination of reports.
func uriAt(d facts.DMARC, u dmarc.URI) Place {
	at := Place{Name: d.FoundAt, Record: d.Record.Text, Offset: u.Offset, Length: len(u.Text)}
	if at.Length == 0 || at.Offset < 0 || at.Offset+at.Length > len(at.Record) {
		return policyTag(d, "rua")
	}
	return at
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
func voidedAt(f *facts.Facts, d facts.DMARC, i int, at Place, message string) Violation {
	return Violation{Status: voided(f, d, i == 0), Message: message, At: at, Implied: d.Status == facts.DMARCNone}
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
		if step.Status == "multiple" && len(step.Records) > 0 {
			l = append(l, voidedAt(f, d, i, wholeAt(step.Name, step.Records[len(step.Records)-1]),
				fmt.Sprintf("%s at %s: receivers discard them all", count(len(step.Records), "DMARC record"), step.Name)))
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
		why, at := "a DMARC record begins with v=DMARC1", wholeAt(step.Name, step.Near[0])
		for _, p := range dmarc.Parse(step.Near[0]).Problems {
			if p.Kind == dmarc.Version {
				why, at = p.Message, tagAt(step.Name, step.Near[0], p.Offset)
				break
			}
		}
		message := fmt.Sprintf("receivers ignore the record %s at %s: %s", clip(step.Near[0]), step.Name, why)
		if step.Status != "none" {
			l = append(l, Violation{Status: Info, Message: message + "; a DMARC record stands beside it", At: at, Fix: "Remove the record that is ignored"})
			continue
		}
		l = append(l, voidedAt(f, d, i, at, message))
	}
	return l
}

func dmarcWrongLocation(f *facts.Facts, d facts.DMARC) []Violation {
	switch {
	case d.Status != facts.DMARCNone:
		return nil
	case len(d.Misplaced) == 0 && d.Unplaced != "":
		return one(Unknown, d.Unplaced)
	case len(d.Misplaced) == 0:
		return nil
	}
	return one(Fail, fmt.Sprintf("a DMARC record stands at %s, where no receiver looks, and none at _dmarc.%s", some(d.Misplaced), f.Domain))
}

func dmarcCNAME(_ *facts.Facts, d facts.DMARC) []Violation {
	if !d.Dangling {
		return nil
	}
	return one(Fail, fmt.Sprintf("_dmarc is a CNAME to %s, where no record is published", d.CNAME[len(d.CNAME)-1]))
}

// dmarcWildcardTXT is about what stands beside or in the place of a record. Beside one it does no harm.
func dmarcWildcardTXT(f *facts.Facts, d facts.DMARC) []Violation {
	if len(d.Others) == 0 {
		return nil
	}
	name := "_dmarc." + f.Domain
	v := Violation{Status: Warn, Implied: d.Status == facts.DMARCNone, At: wholeAt(name, d.Others[0]), // dmarc.missing
		Message: fmt.Sprintf("what stands at %s is no DMARC record: %s", name, clip(d.Others[0]))}
	if len(d.Walk) > 0 && d.Walk[0].Status != "none" {
		v.Status = Info
		v.Message = fmt.Sprintf("beside the DMARC record at %s stands what is none: %s", name, clip(d.Others[0]))
	}
	return []Violation{v}
}

func dmarcDuplicateTag(f *facts.Facts, d facts.DMARC) []Violation {
	l := policyProblems(d, dmarc.DuplicateTag)
	if len(l) == 0 {
		return nil
	}
	return here(policyAt(d, l[0].Offset), voided(f, d, !d.Inherited), clip(l[0].Message)+above(d))
}

// dmarcSeparator is about tags that are lost between others. What is said of the same tag by another rule is not said again.
func dmarcSeparator(_ *facts.Facts, d facts.DMARC) []Violation {
	// faulty says whether the tag that a place is in has a value that is none.
	faulty := func(offset int) bool {
		start := 0
		for _, t := range d.Record.Tags {
			if t.Offset <= offset {
				start = t.Offset
			}
		}
		l := policyProblems(d, dmarc.PolicyInvalid, dmarc.SubInvalid, dmarc.ValueInvalid, dmarc.RUAInvalid, dmarc.RUFInvalid, dmarc.DuplicateTag)
		return slices.ContainsFunc(l, func(p dmarc.Problem) bool { return p.Offset == start })
	}
	var l []Violation
	for _, p := range policyProblems(d, dmarc.Syntax, dmarc.Separator) {
		v := Violation{Status: Warn, Message: clip(p.Message) + above(d), At: policyAt(d, p.Offset)}
		switch {
		case len(l) == maxFaults:
			return l
		case p.Kind == dmarc.Separator:
			v.Implied = faulty(p.Offset)
		case p.Tag == "":
			v.Status, v.Message = Info, "two semicolons follow each other, which some receivers take for a fault"+above(d)
			v.At = Place{Name: d.FoundAt, Record: d.Record.Text, Offset: min(max(p.Offset, 0), len(d.Record.Text)), Length: 1}
		case faulty(p.Offset):
			continue
		}
		l = append(l, v)
	}
	return l
}

func dmarcPMissing(f *facts.Facts, d facts.DMARC) []Violation {
	if !policyHas(d, dmarc.PolicyMissing) {
		return nil
	}
	status := Warn
	if d.Record.Void {
		status = voided(f, d, !d.Inherited)
	}
	return here(wholeAt(d.FoundAt, d.Record.Text), status, "the record has no p= tag: "+consequence(d))
}

func dmarcPInvalid(f *facts.Facts, d facts.DMARC) []Violation {
	l := policyProblems(d, dmarc.PolicyInvalid)
	if len(l) == 0 {
		return nil
	}
	// A policy was meant, and none is applied.
	return unusable(d, l[0], voided(f, d, !d.Inherited))
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
	return unusable(d, l[0], status)
}

// unusable is the violation of a value that takes the policy out of force. Where it leaves no record at all, receivers
// refuse as for want of one.
func unusable(d facts.DMARC, p dmarc.Problem, s Status) []Violation {
	v := Violation{Status: s, Message: p.Message + ": " + consequence(d), At: policyAt(d, p.Offset)}
	if d.Record.Void {
		v.Refused = refuseWithoutDMARC
	}
	return []Violation{v}
}

// eachProblem is a warning for each of some problems.
func eachProblem(d facts.DMARC, l []dmarc.Problem) []Violation {
	var out []Violation
	for _, p := range l[:min(len(l), maxFaults)] {
		out = append(out, Violation{Status: Warn, Message: clip(p.Message) + above(d), At: policyAt(d, p.Offset)})
	}
	return out
}

func dmarcValueInvalid(_ *facts.Facts, d facts.DMARC) []Violation {
	return eachProblem(d, slices.DeleteFunc(policyProblems(d, dmarc.ValueInvalid), isFO)) // dmarc.fo
}

func isFO(p dmarc.Problem) bool { return strings.EqualFold(p.Tag, "fo") }

func dmarcUnknownTag(_ *facts.Facts, d facts.DMARC) []Violation {
	return eachProblem(d, policyProblems(d, dmarc.UnknownTag))
}

func dmarcPNotSecond(_ *facts.Facts, d facts.DMARC) []Violation {
	t, ok := tagOf(d, "p")
	if !ok || len(d.Record.Tags) > 1 && d.Record.Tags[1] == t {
		return nil
	}
	return here(policyAt(d, t.Offset), Info, "p= does not come right after v=DMARC1, where receivers that go by RFC 7489 want it")
}

func dmarcPNone(_ *facts.Facts, d facts.DMARC) []Violation {
	switch {
	case d.Inherited && d.Policy == "none":
		return here(policyTag(d, "sp", "p"), Info, fmt.Sprintf("the policy for this domain is none%s: receivers report and do nothing else", above(d)))
	case !d.Inherited && d.Record.Policy == "none":
		return here(policyTag(d, "p"), Info, "the policy is p=none: receivers report and do nothing else")
	}
	return nil
}

// strict says whether a policy asks receivers to act on mail that fails.
func strict(policy string) bool { return policy == "quarantine" || policy == "reject" }

func dmarcTesting(_ *facts.Facts, d facts.DMARC) []Violation {
	r := d.Record
	switch {
	case !r.Testing:
		return nil
	case strict(r.Policy) || strict(r.SP) || strict(r.NP):
		message := "t=y: receivers apply the policy one level lower"
		if d.Policy != "" {
			message += fmt.Sprintf(", %s to mail of this domain", d.Policy)
		}
		return here(policyTag(d, "t"), Warn, message+above(d))
	}
	return here(policyTag(d, "t"), Info, "t=y has no effect on a policy of none"+above(d))
}

func dmarcPct(_ *facts.Facts, d facts.DMARC) []Violation {
	r, at := d.Record, policyTag(d, "pct")
	switch {
	case r.Percent == nil:
		return nil
	case *r.Percent == 100:
		return []Violation{{Status: Info, At: at, Message: "pct=100 was removed by RFC 9989 and changes nothing for older receivers" + above(d), Fix: "Remove pct"}}
	case r.Policy == "none" && (r.SP == "" || r.SP == "none"):
		return []Violation{{Status: Info, At: at, Message: fmt.Sprintf("pct=%d was removed by RFC 9989 and has no effect with p=none%s", *r.Percent, above(d)), Fix: "Remove pct"}}
	}
	return here(at, Info, fmt.Sprintf("pct=%d was removed by RFC 9989, and older receivers still apply the policy to %d %% of the mail only%s: never remove it alone, or they apply it to all",
		*r.Percent, *r.Percent, above(d)))
}

// dmarcPctZero is about the two policies that a domain has. That of quarantine for a part of the mail is dmarc.pct's alone.
func dmarcPctZero(_ *facts.Facts, d facts.DMARC) []Violation {
	r := d.Record
	if r.Percent == nil || *r.Percent == 100 || !strict(d.Policy) || d.Policy == "quarantine" && *r.Percent > 0 {
		return nil
	}
	lower := "none"
	if d.Policy == "reject" {
		lower = "quarantine"
	}
	return here(policyTag(d, "pct"), Warn, fmt.Sprintf("pct=%d: of the mail that fails, receivers that go by RFC 7489 %s %d %% and apply %s to the rest, and those that go by RFC 9989 %s all of it%s",
		*r.Percent, d.Policy, *r.Percent, lower, d.Policy, above(d)))
}

func dmarcRfRi(_ *facts.Facts, d facts.DMARC) []Violation {
	var l []Violation
	for _, p := range policyProblems(d, dmarc.Obsolete) {
		if !strings.EqualFold(p.Tag, "pct") {
			l = append(l, here(policyAt(d, p.Offset), Info, p.Message)...)
		}
	}
	return l
}

func dmarcSize(_ *facts.Facts, d facts.DMARC) []Violation {
	if n := len(d.Record.Text); n > maxAnswer {
		return one(Info, fmt.Sprintf("the record at %s has %d octets, and an answer of more than %d needs EDNS or TCP", d.FoundAt, n, maxAnswer))
	}
	return nil
}

func dmarcParked(_ *facts.Facts, d facts.DMARC) []Violation {
	if d.Policy == "reject" {
		return nil
	}
	return here(policyTag(d, "p"), Info, fmt.Sprintf("the domain sends nothing, and its policy is %s%s", d.Policy, above(d)))
}

func dmarcRejectSPFOnly(f *facts.Facts, signs bool) []Violation {
	if signs {
		return nil
	}
	d := f.DMARC.Value
	at := Place{}
	if d.Record != nil {
		at = policyTag(d, "p")
	}
	return here(at, Fail, fmt.Sprintf("the policy is reject%s and rests on SPF alone: %s has no DKIM key, and forwarded mail does not pass SPF", above(d), f.Domain))
}
