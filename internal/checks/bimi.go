package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/bimi"
	"mailaudit/internal/record/dmarc"
	"mailaudit/internal/record/taglist"
)

// bimiDraft names the draft in references, which go on with the section.
const bimiDraft = "draft-brand-indicators-for-message-identification-14 "

// BIMI refuses no mail: at worst the logo is not shown, so nothing here is more than a warning, nor that without a record.
var bimiChecks = []*Check{
	{
		ID: "bimi.missing", Title: "a BIMI record names the domain's logo", Area: "bimi", Worst: Info, Impact: Hygiene,
		References: []string{bimiDraft + "4", bimiDraft + "7.2"},
		Needs:      facts.Logo | facts.Policy,
		Help: "BIMI lets mail programs show the domain's logo beside its mail. It is optional, makes no mail pass or fail, and is " +
			"open to domains with a DMARC policy of quarantine or reject.",
		Fix:     "Publish v=BIMI1; l=https://... at default._bimi where a logo is to be shown; else leave it so",
		Example: Example{Remove: "default._bimi.example.com. TXT"},
		Judge:   each(logoWanted, bimiMissing),
	},
	{
		ID: "bimi.multiple", Title: "there is one BIMI record", Area: "bimi", Worst: Warn, Impact: Hygiene,
		References: []string{bimiDraft + "7.2"},
		Needs:      facts.Logo,
		Help:       "Receivers that find several BIMI records at one name take none of them, and show no logo.",
		Fix:        "Keep one of the records",
		Example: Example{Zone: `default._bimi.example.com. TXT "v=BIMI1; l=https://www.example.com/logo.svg"` + "\n" +
			`default._bimi.example.com. TXT "v=BIMI1; l=https://www.example.com/new.svg"`},
		Judge: each(logoMeant, bimiMultiple),
	},
	{
		ID: "bimi.syntax", Title: "the BIMI record can be read", Area: "bimi", Worst: Warn, Impact: Hygiene,
		References: []string{bimiDraft + "4.3", bimiDraft + "4.3.2", "RFC 6376 3.2"},
		Needs:      facts.Logo,
		Help: "The record begins with exactly v=BIMI1 and names an SVG image, and a mark certificate if there is one, by https. " +
			"Receivers must not mend mistakes, not even of case, and show no logo.",
		Fix:     "Correct the tag",
		Example: Example{Zone: `default._bimi.example.com. TXT "v=BIMI1; l=http://www.example.com/logo.svg"`},
		Judge:   each(logoMeant, bimiSyntax),
	},
	{
		ID: "bimi.dmarc-weak", Title: "the DMARC policy is strict enough for a logo", Area: "bimi", Worst: Warn, Impact: Hygiene,
		References: []string{bimiDraft + "7.1"},
		Needs:      facts.Logo | facts.Policy,
		Help: "Receivers show the logo only where forged mail is kept out: the domain and its organizational domain need p=quarantine " +
			"for all mail or p=reject, and no sp=none.",
		Fix: "Read the reports, and raise the policy once they show that all mail of the domain passes; until then expect no logo",
		Example: Example{Zone: `default._bimi.example.com. TXT "v=BIMI1; l=https://www.example.com/logo.svg; a=https://www.example.com/mark.pem"` + "\n" +
			`_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`},
		Judge: each(logoPolicy, bimiDMARCWeak),
	},
	{
		ID: "bimi.vmc", Title: "the BIMI record names a mark certificate", Area: "bimi", Worst: Info, Impact: Hygiene,
		References: []string{bimiDraft + "4.3", bimiDraft + "7.3"},
		Needs:      facts.Logo,
		Help: "A mark certificate (VMC or CMC) is an authority's word that the logo is yours. Gmail and Apple Mail show no logo without " +
			"one; a few others do.",
		Fix:     "Have a mark certificate issued, and name it in a=",
		Example: Example{Zone: `default._bimi.example.com. TXT "v=BIMI1; l=https://www.example.com/logo.svg"`},
		Judge:   each(logoShown, bimiVMC),
	},
	{
		ID: "bimi.decline", Title: "the BIMI record does not decline to show a logo", Area: "bimi", Worst: Info, Impact: Hygiene,
		References: []string{bimiDraft + "4.3.1", bimiDraft + "7.5"},
		Needs:      facts.Logo,
		Help: "With l= and a= empty the domain says that no logo is to be shown beside its mail, not even one of the organizational " +
			"domain. That is a choice and no mistake.",
		Fix:     "Name the logo in l= if one is to be shown; else leave it so",
		Example: Example{Zone: `default._bimi.example.com. TXT "v=BIMI1; l=; a=;"`},
		Judge:   each(logoRecord, bimiDecline),
	},
}

// logoFact is what stands at the default selector.
func logoFact(f *facts.Facts) []subject[facts.BIMI] {
	if gone(f) {
		return nil
	}
	return []subject[facts.BIMI]{{name: "default._bimi." + f.Domain, of: f.BIMI}}
}

// logoWanted is that where a logo could be shown. Of a domain without mail, or with a policy that admits none, nothing is said.
func logoWanted(f *facts.Facts) []subject[facts.BIMI] {
	lost := cmp.Or(f.DMARC.Why, lostPolicyOf(f))
	if f.Profile.Name == facts.Parked || f.DMARC.State == facts.Unasked || lost == "" && !strict(f.DMARC.Value.Policy) {
		return nil
	}
	l := logoFact(f)
	for i := range l {
		if lost != "" {
			l[i].of, l[i].said = facts.Cannot[facts.BIMI]("the DMARC policy: "+lost), "dmarc"
		}
	}
	return l
}

// logoMeant is that where something was published.
func logoMeant(f *facts.Facts) []subject[facts.BIMI] {
	return slices.DeleteFunc(logoFact(f), func(s subject[facts.BIMI]) bool { return s.of.Known() && len(s.of.Value.Texts) == 0 })
}

// assertion is one record, as receivers take it.
type assertion struct {
	bimi.Record
	at string
}

// logoRecord is the one record that receivers find.
func logoRecord(f *facts.Facts) []subject[assertion] {
	var l []subject[assertion]
	for _, s := range logoFact(f) {
		texts := assertions(s.of.Value)
		if s.of.Known() && len(texts) != 1 {
			continue
		}
		a := subject[assertion]{name: s.name, of: facts.Fact[assertion]{State: s.of.State, Why: s.of.Why}}
		if s.of.Known() {
			a.of.Value = assertion{bimi.Parse(texts[0]), s.of.Value.FoundAt}
		}
		l = append(l, a)
	}
	return l
}

// logoShown is that record where it names a logo that could be fetched.
func logoShown(f *facts.Facts) []subject[assertion] {
	return slices.DeleteFunc(logoRecord(f), func(s subject[assertion]) bool {
		return s.of.Known() && (s.of.Value.Declined || slices.ContainsFunc(s.of.Value.Problems, func(p bimi.Problem) bool { return p.Kind != bimi.Value }))
	})
}

// logoPolicy is the DMARC policy of a domain that wants a logo shown.
func logoPolicy(f *facts.Facts) []subject[facts.DMARC] {
	var l []subject[facts.DMARC]
	for _, s := range logoRecord(f) {
		d := subject[facts.DMARC]{name: s.name, of: f.DMARC}
		switch {
		case s.of.Known() && s.of.Value.Declined:
			continue
		case !s.of.Known():
			d.of = facts.Fact[facts.DMARC]{State: s.of.State, Why: s.of.Why}
		}
		l = append(l, d)
	}
	return l
}

// assertions are the records that receivers do not discard (7.2 of the draft).
func assertions(b facts.BIMI) []string {
	return slices.DeleteFunc(slices.Clone(b.Texts), func(text string) bool { return !bimi.IsBIMI(text) })
}

func bimiMissing(f *facts.Facts, b facts.BIMI) []Violation {
	if len(b.Texts) > 0 {
		return nil
	}
	return one(Info, fmt.Sprintf("no BIMI record at default._bimi.%s: no logo is shown beside the mail, which is optional", f.Domain))
}

func bimiMultiple(_ *facts.Facts, b facts.BIMI) []Violation {
	l := assertions(b)
	if len(l) < 2 {
		return nil
	}
	return []Violation{{Status: Warn, Message: fmt.Sprintf("%s at %s where 1 is allowed: receivers take none of them", count(len(l), "BIMI record"), b.FoundAt),
		At: Place{Name: b.FoundAt, Record: l[1], Length: len(l[1])}}}
}

func bimiSyntax(_ *facts.Facts, b facts.BIMI) []Violation {
	var l []Violation
	taken := len(assertions(b)) > 0
	for _, text := range b.Texts {
		for _, p := range bimi.Parse(text).Problems {
			v := Violation{Status: Warn, Message: clip(p.Message), At: Place{Name: b.FoundAt, Record: text, Offset: p.Offset, Length: p.Length}}
			switch {
			case p.Kind == bimi.Value:
				v.Status = Info
			case p.Kind == bimi.Version && taken:
				v.Status, v.Fix = Info, "Remove the record that is ignored"
				v.Message = "receivers ignore a record beside the right one: " + v.Message
			}
			l = append(l, v)
			if p.Kind == bimi.Version {
				break // of what is no record, nothing else matters
			}
		}
	}
	return bounded(l)
}

func bimiDMARCWeak(f *facts.Facts, d facts.DMARC) []Violation {
	switch {
	case d.Status == facts.DMARCNone:
		return one(Warn, fmt.Sprintf("no DMARC record applies to %s, and without a policy of quarantine or reject no logo is shown", f.Domain))
	case d.Status == facts.DMARCInvalid || d.Record == nil:
		return []Violation{{Status: Warn, Implied: true, Message: fmt.Sprintf("receivers ignore the DMARC record at %s, and without a policy no logo is shown", d.FoundAt)}}
	}
	l := weaknesses(d.FoundAt, *d.Record)
	// The organizational domain's own record counts beside that of the domain.
	if at := "_dmarc." + d.Org; at != d.FoundAt {
		for _, step := range d.Walk {
			if step.Name == at && len(step.Records) == 1 {
				l = append(l, weaknesses(at, dmarc.Parse(step.Records[0]))...)
			}
		}
	}
	return l
}

// weaknesses are what in one DMARC record keeps receivers from showing a logo (7.1 of the draft). pct counts with
// p=quarantine alone, and is 100 where it is left out.
func weaknesses(at string, r dmarc.Record) []Violation {
	var l []Violation
	weak := func(tag, format string, args ...any) {
		l = append(l, Violation{Status: Warn, Message: fmt.Sprintf(format, args...), At: placeOfTag(at, r.Text, r.Tags, tag)})
	}
	policy := r.Effective()
	switch {
	case r.Void:
		return nil
	case policy == "none" && r.Testing && r.Policy != "none":
		weak("t", "t=y at %s turns p=%s into none: no logo is shown", at, r.Policy)
	case policy == "none":
		weak("p", "the DMARC policy at %s is none: no logo is shown", at)
	case policy == "quarantine" && r.Percent != nil && *r.Percent < 100:
		weak("pct", "pct=%d with p=quarantine at %s, less than 100: no logo is shown", *r.Percent, at)
	}
	if r.SP == "none" {
		weak("sp", "sp=none at %s: no logo is shown, not for the domain itself either", at)
	}
	return l
}

// placeOfTag is where the first tag of a name stands in a record, the zero Place where it does not.
func placeOfTag(at, text string, tags []taglist.Tag, name string) Place {
	i := slices.IndexFunc(tags, func(t taglist.Tag) bool { return strings.EqualFold(t.Name, name) })
	if i < 0 {
		return Place{}
	}
	tag, _, _ := strings.Cut(text[tags[i].Offset:], ";")
	return Place{Name: at, Record: text, Offset: tags[i].Offset, Length: len(strings.TrimRight(tag, " \t\r\n"))}
}

func bimiVMC(_ *facts.Facts, r assertion) []Violation {
	if r.Evidence != "" {
		return nil
	}
	return []Violation{{Status: Info, Message: "a= names no mark certificate: Gmail and Apple Mail show no logo without one",
		At: placeOfTag(r.at, r.Text, r.Tags, "a")}}
}

func bimiDecline(_ *facts.Facts, r assertion) []Violation {
	if !r.Declined {
		return nil
	}
	return []Violation{{Status: Info, Message: fmt.Sprintf("l= and a= at %s are empty: the domain declines to have a logo shown", r.at),
		At: placeOfTag(r.at, r.Text, r.Tags, "l")}}
}
