package checks

import (
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// withDMARC is the healthy domain with this DMARC record at its own name, whatever receivers make of it.
func withDMARC(text string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		r, d := dmarc.Parse(text), &f.DMARC.Value
		d.Status, d.Texts, d.Record, d.Policy, d.Reports = facts.DMARCFound, []string{text}, &r, r.Effective(), nil
		d.Walk[0].Records = []string{text}
		if r.Void {
			d.Status = facts.DMARCInvalid
		}
	}
}

// withParentDMARC is the healthy domain as a subdomain whose parent has the record.
func withParentDMARC(text string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		withDMARC(text)(f)
		d := &f.DMARC.Value
		d.Inherited, d.FoundAt, d.Org = true, "_dmarc.parent.example", "parent.example"
		d.Policy = d.Record.Enforced(d.Record.PolicyFor(dmarc.Subdomain))
		d.Walk = []facts.DMARCStep{{Name: "_dmarc.healthy.example", Status: "none"}, {Name: "_dmarc.parent.example", Status: "found", Records: []string{text}}}
	}
}

// withWalk is the healthy domain with what the tree walk met, where no record applies.
func withWalk(status string, walk ...facts.DMARCStep) func(*facts.Facts) {
	return func(f *facts.Facts) { f.DMARC = facts.Know(facts.DMARC{Status: status, Org: f.Domain, Walk: walk}) }
}

// Steps of the walk of the healthy domain.
var (
	ownEmpty    = facts.DMARCStep{Name: "_dmarc.healthy.example", Status: "none"}
	ownTwo      = facts.DMARCStep{Name: "_dmarc.healthy.example", Status: "multiple", Records: []string{"v=DMARC1; p=reject", "v=DMARC1; p=none"}}
	ownNear     = facts.DMARCStep{Name: "_dmarc.healthy.example", Status: "none", Near: []string{"v=dmarc1; p=reject"}}
	parentTwo   = facts.DMARCStep{Name: "_dmarc.example", Status: "multiple", Records: []string{"v=DMARC1; p=reject", "v=DMARC1; p=none"}}
	parentNear  = facts.DMARCStep{Name: "_dmarc.example", Status: "none", Near: []string{"v=dmarc1; p=reject"}}
	parentEmpty = facts.DMARCStep{Name: "_dmarc.example", Status: "none"}
)

var noDMARC = withWalk(facts.DMARCNone, ownEmpty, parentEmpty)

const mailtoAgg = "; rua=mailto:agg@reports.example"

var dmarcCases = []ruleCase{
	{rule: "dmarc.missing", want: Fail, says: "no DMARC record at _dmarc.healthy.example nor above it", edit: inTurn(noDMARC, asBulk)},
	{rule: "dmarc.missing", name: "sender", want: Warn, edit: noDMARC},
	{rule: "dmarc.missing", name: "parked", want: Warn, edit: inTurn(noDMARC, asParked)},
	{rule: "dmarc.missing", name: "inherited", want: Pass, edit: withParentDMARC("v=DMARC1; p=none" + mailtoAgg)},
	{rule: "dmarc.missing", name: "void is another rule's", want: "", edit: inTurn(withWalk(facts.DMARCInvalid, ownTwo), asBulk)},
	{rule: "dmarc.missing", name: "not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC]("timeout") }},
	{rule: "dmarc.missing", name: "the domain does not exist", want: "", edit: inTurn(noDMARC, func(f *facts.Facts) { f.Exists = facts.Know(false) })},

	{rule: "dmarc.multiple", want: Fail, says: "2 DMARC records at _dmarc.healthy.example", edit: withWalk(facts.DMARCInvalid, ownTwo, parentEmpty)},
	{rule: "dmarc.multiple", name: "though the parent's applies", want: Fail, edit: func(f *facts.Facts) {
		withParentDMARC("v=DMARC1; p=none" + mailtoAgg)(f)
		f.DMARC.Value.Walk[0] = ownTwo
	}},
	{rule: "dmarc.multiple", name: "above", want: Warn, says: "_dmarc.example", edit: withWalk(facts.DMARCNone, ownEmpty, parentTwo)},
	{rule: "dmarc.multiple", name: "above a record that applies", want: Pass, edit: func(f *facts.Facts) { f.DMARC.Value.Walk[1] = parentTwo }},

	{rule: "dmarc.version", want: Fail, says: "v=dmarc1; p=reject at _dmarc.healthy.example", edit: withWalk(facts.DMARCInvalid, ownNear, parentEmpty)},
	{rule: "dmarc.version", name: "no v= at all", want: Fail, says: "does not begin with v=DMARC1", edit: withWalk(facts.DMARCInvalid,
		facts.DMARCStep{Name: "_dmarc.healthy.example", Status: "none", Near: []string{"p=reject"}})},
	{rule: "dmarc.version", name: "above", want: Warn, says: "_dmarc.example", edit: withWalk(facts.DMARCNone, ownEmpty, parentNear)},
	{rule: "dmarc.version", name: "beside a right one", want: Info, says: "a DMARC record stands beside it", edit: func(f *facts.Facts) {
		f.DMARC.Value.Walk[0].Near = ownNear.Near
	}},
	{rule: "dmarc.version", name: "above a record that applies", want: Pass, edit: func(f *facts.Facts) { f.DMARC.Value.Walk[1] = parentNear }},

	{rule: "dmarc.duplicate-tag", want: Fail, says: "p= stands more than once", edit: withDMARC("v=DMARC1; p=none; p=reject" + mailtoAgg)},
	{rule: "dmarc.duplicate-tag", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=none; p=reject" + mailtoAgg)},
	{rule: "dmarc.duplicate-tag", name: "inherited by a bulk sender", want: Fail, edit: inTurn(withParentDMARC("v=DMARC1; p=none; p=reject"+mailtoAgg), asBulk)},
	{rule: "dmarc.duplicate-tag", name: "a wrong version is another rule's", want: "", edit: withDMARC("v=dmarc1; p=none; p=none")},

	{rule: "dmarc.p-missing", want: Fail, says: "no DMARC record", edit: withDMARC("v=DMARC1; rua=agg@reports.example")},
	{rule: "dmarc.p-missing", name: "with a valid rua", want: Warn, says: "p=none", edit: withDMARC("v=DMARC1" + mailtoAgg)},
	{rule: "dmarc.p-missing", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; sp=none")},
	{rule: "dmarc.p-invalid", want: Fail, says: "p=none", edit: withDMARC("v=DMARC1; p=block" + mailtoAgg)},
	{rule: "dmarc.p-invalid", name: "without rua", want: Fail, says: "no DMARC record", edit: withDMARC("v=DMARC1; p=block")},
	{rule: "dmarc.p-invalid", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=block" + mailtoAgg)},
	{rule: "dmarc.p-invalid", name: "nothing published", want: "", edit: noDMARC},
	{rule: "dmarc.sp-np-invalid", want: Fail, says: "sp=", edit: withDMARC("v=DMARC1; p=reject; sp=block" + mailtoAgg)},
	{rule: "dmarc.sp-np-invalid", name: "np", want: Fail, says: "np=", edit: withDMARC("v=DMARC1; p=quarantine; np=block" + mailtoAgg)},
	{rule: "dmarc.sp-np-invalid", name: "nothing is lost", want: Warn, says: "p=none", edit: withDMARC("v=DMARC1; p=none; sp=block" + mailtoAgg)},
	{rule: "dmarc.sp-np-invalid", name: "the record is void", want: Fail, says: "no DMARC record", edit: withDMARC("v=DMARC1; p=none; sp=block")},
	{rule: "dmarc.sp-np-invalid", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=reject; sp=block" + mailtoAgg)},

	{rule: "dmarc.p-none", want: Info, says: "p=none", edit: withDMARC("v=DMARC1; p=none" + mailtoAgg)},
	{rule: "dmarc.p-none", name: "by the parent's sp", want: Info, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=reject; sp=none" + mailtoAgg)},
	{rule: "dmarc.p-none", name: "the parent's sp is stricter than its p", want: Pass, edit: withParentDMARC("v=DMARC1; p=none; sp=reject" + mailtoAgg)},
	{rule: "dmarc.p-none", name: "for want of a policy", want: "", edit: withDMARC("v=DMARC1; p=block" + mailtoAgg)},

	{rule: "dmarc.rua-missing", want: Warn, says: "no rua= tag", edit: withDMARC("v=DMARC1; p=reject")},
	{rule: "dmarc.rua-missing", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=reject")},
	{rule: "dmarc.rua-missing", name: "parked", want: Info, edit: inTurn(withDMARC("v=DMARC1; p=reject"), asParked)},
	{rule: "dmarc.rua-missing", name: "invalid is another rule's", want: Pass, edit: withDMARC("v=DMARC1; p=reject; rua=")},
	{rule: "dmarc.rua-missing", name: "of a void record", want: "", edit: withDMARC("v=DMARC1; p=block")},
	{rule: "dmarc.rua-invalid", want: Warn, says: "agg@reports.example", edit: withDMARC("v=DMARC1; p=reject; rua=agg@reports.example")},
	{rule: "dmarc.rua-invalid", name: "two", want: Warn, says: "1 more", edit: withDMARC("v=DMARC1; p=reject; rua=agg@reports.example,b@reports.example")},
	{rule: "dmarc.rua-invalid", name: "empty", want: Warn, edit: withDMARC("v=DMARC1; p=reject; rua=")},
	{rule: "dmarc.rua-invalid", name: "size suffix", want: Pass, edit: withDMARC("v=DMARC1; p=reject; rua=mailto:agg@reports.example!10m")},
	{rule: "dmarc.rua-invalid", name: "beside what voids the record", want: Warn, edit: withDMARC("v=DMARC1; p=block; rua=agg@reports.example")},
	{rule: "dmarc.rua-external", want: Warn, says: "healthy.example._report._dmarc.reports.example", edit: func(f *facts.Facts) {
		f.DMARC.Value.Reports[0].Authorised = facts.Know(false)
	}},
	{rule: "dmarc.rua-external", name: "not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		f.DMARC.Value.Reports[0].Authorised = facts.Cannot[bool]("timeout")
	}},
	{rule: "dmarc.rua-external", name: "none outside", want: "", edit: withDMARC("v=DMARC1; p=reject; rua=mailto:a@healthy.example")},

	{rule: "dmarc.pct", want: Info, says: "never remove it alone", edit: withDMARC("v=DMARC1; p=reject; pct=50" + mailtoAgg)},
	{rule: "dmarc.pct", name: "100", want: Info, says: "changes nothing", edit: withDMARC("v=DMARC1; p=reject; pct=100" + mailtoAgg)},
	{rule: "dmarc.pct", name: "p=none", want: Info, says: "no effect", edit: withDMARC("v=DMARC1; p=none; pct=50" + mailtoAgg)},
	{rule: "dmarc.pct", name: "p=none and a stricter sp", want: Info, says: "never remove it alone", edit: withDMARC("v=DMARC1; p=none; sp=reject; pct=0" + mailtoAgg)},

	{rule: "dmarc.reject-spf-only", want: Fail, says: "healthy.example has no DKIM key", edit: nothingBeneath},
	{rule: "dmarc.reject-spf-only", name: "inherited", want: Fail, says: "_dmarc.parent.example", edit: inTurn(withParentDMARC("v=DMARC1; p=none; sp=reject"+mailtoAgg), nothingBeneath)},
	{rule: "dmarc.reject-spf-only", name: "a guessed key", want: Pass, edit: withGuess(goodKey)},
	{rule: "dmarc.reject-spf-only", name: "something stands beneath", want: "", edit: somethingThere},
	{rule: "dmarc.reject-spf-only", name: "subtree not known", want: Unknown, says: "SERVFAIL", edit: subtreeLost},
	{rule: "dmarc.reject-spf-only", name: "the only selector is missing", want: "", edit: func(f *facts.Facts) {
		withKey()(f)
		f.DKIM[0].Subtree = facts.Know(facts.SubtreeAbsent)
	}},
	{rule: "dmarc.reject-spf-only", name: "a guessed key that is broken", want: "", edit: func(f *facts.Facts) {
		withGuess("v=DKIM1; k=rsa")(f)
		f.DKIM[0].Subtree = facts.Cannot[string]("timeout")
	}},
	{rule: "dmarc.reject-spf-only", name: "the named selector has no answer", want: "", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys[0] = facts.Key{Selector: "s1", Origin: "flag", Status: facts.KeyUnknown, Why: "timeout"}
		f.DKIM[0].Subtree = facts.Cannot[string]("timeout")
	}},
	{rule: "dmarc.reject-spf-only", name: "another stream signs", want: Pass, edit: func(f *facts.Facts) {
		f.DKIM = append([]facts.DKIM{{Domain: "other.example", Exists: true, Subtree: facts.Know(facts.SubtreeAbsent)}}, f.DKIM...)
	}},
	{rule: "dmarc.reject-spf-only", name: "another stream's subtree is not known", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		subtreeLost(f)
		f.DKIM = append(f.DKIM, facts.DKIM{Domain: "other.example", Exists: true, Subtree: facts.Know(facts.SubtreeAbsent)})
	}},
	{rule: "dmarc.reject-spf-only", name: "policy not known", want: Unknown, says: "timeout", edit: inTurn(nothingBeneath, func(f *facts.Facts) {
		f.DMARC = facts.Cannot[facts.DMARC]("timeout")
	})},
	{rule: "dmarc.reject-spf-only", name: "policy not known and a key", want: "", edit: func(f *facts.Facts) {
		f.DMARC = facts.Cannot[facts.DMARC]("timeout")
	}},
	{rule: "dmarc.reject-spf-only", name: "quarantine", want: "", edit: inTurn(withDMARC("v=DMARC1; p=quarantine"+mailtoAgg), nothingBeneath)},
	{rule: "dmarc.reject-spf-only", name: "t=y", want: "", edit: inTurn(withDMARC("v=DMARC1; p=reject; t=y"+mailtoAgg), nothingBeneath)},
	{rule: "dmarc.reject-spf-only", name: "no signing domain", want: "", edit: func(f *facts.Facts) { f.DKIM = nil }},
	{rule: "dmarc.reject-spf-only", name: "parked", want: "", edit: inTurn(nothingBeneath, asParked)},
}

// TestDMARCRefusals holds whom a bulk sender is refused by, and that nobody else is.
func TestDMARCRefusals(t *testing.T) {
	whoever := []string{"outlook", "yahoo", "icloud"}
	for _, c := range []struct {
		name string
		edit func(*facts.Facts)
		want []string
	}{
		{"missing", noDMARC, whoever},
		{"two records", withWalk(facts.DMARCInvalid, ownTwo), whoever},
		{"void for want of p and rua", withDMARC("v=DMARC1; sp=none"), whoever},
		{"read as p=none", withDMARC("v=DMARC1; p=block" + mailtoAgg), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := healthy()
			c.edit(f)
			asBulk(f)
			fails := withStatus(f, Fail)
			if len(fails) != 1 || !slices.Equal(fails[0].Refused, c.want) {
				t.Errorf("%+v, want one failure refused by %v", fails, c.want)
			}
			f.Profile.Name = facts.Sender
			for _, x := range withStatus(f, Fail) {
				if len(x.Refused) > 0 {
					t.Errorf("%s: %v refuse a sender of little mail", x.Check.ID, x.Refused)
				}
			}
		})
	}
}

// TestVoidAboveOnce holds that several records or a wrong version above the domain cost nothing beside the
// dmarc.missing that they lead to.
func TestVoidAboveOnce(t *testing.T) {
	for name, step := range map[string]facts.DMARCStep{"two records": parentTwo, "wrong version": parentNear} {
		t.Run(name, func(t *testing.T) {
			f := healthy()
			inTurn(withWalk(facts.DMARCNone, ownEmpty, step), asBulk)(f)
			fails, warns := withStatus(f, Fail), withStatus(f, Warn)
			if len(fails) != 1 || fails[0].Check.ID != "dmarc.missing" {
				t.Errorf("fails: %+v, want dmarc.missing alone", fails)
			}
			if len(warns) != 1 || !warns[0].Implied {
				t.Errorf("warns: %+v, want one that is implied", warns)
			}
		})
	}
}

// TestHostileRecords holds that no text from outside, however long, makes a long message.
func TestHostileRecords(t *testing.T) {
	long := strings.Repeat("x", 30000)
	for name, edit := range map[string]func(*facts.Facts){
		"tag name twice": withDMARC("v=DMARC1; p=none; " + long + "=1; " + long + "=2"),
		"policy":         withDMARC("v=DMARC1; p=" + long + "; sp=" + long),
		"address":        withDMARC("v=DMARC1; p=none; rua=" + long),
		"version": withWalk(facts.DMARCInvalid,
			facts.DMARCStep{Name: "_dmarc.healthy.example", Status: "none", Near: []string{"v=dmarc1; " + long}}),
		"report target": func(f *facts.Facts) {
			f.DMARC.Value.Reports[0].URI, f.DMARC.Value.Reports[0].Authorised = "mailto:"+long, facts.Know(false)
		},
		"key":                withKey("v=" + long + "; k=" + long + "; h=" + long + "; s=" + long + "; p=" + long),
		"tag twice in a key": withKey("p=" + rsa2048 + "; " + long + "=1; " + long + "=2"),
		"no tag in a key":    withKey("p=" + rsa2048 + "; " + long),
	} {
		t.Run(name, func(t *testing.T) {
			f := healthy()
			edit(f)
			broken := 0
			for _, x := range Run(f, everything).Findings {
				if x.Status != Pass {
					broken++
				}
				if len(x.Message) > 500 {
					t.Errorf("%s: a message of %d octets", x.Check.ID, len(x.Message))
				}
			}
			if broken == 0 {
				t.Error("nothing is wrong with it")
			}
		})
	}
}
