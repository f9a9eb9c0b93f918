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

// npInDoubt is the healthy domain as a subdomain whose parent has np=reject and other tags, and that may not exist.
func npInDoubt(tags string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		withParentDMARC("v=DMARC1; np=reject; " + tags + mailtoAgg)(f)
		f.DMARC.Value.Policy, f.Exists = "", facts.Cannot[bool](lostWhy)
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

// misplaced is the healthy domain with its DMARC record at its own name.
func misplaced(f *facts.Facts) {
	noDMARC(f)
	f.DMARC.Value.Misplaced = []string{"healthy.example"}
}

// lostAlias is the healthy domain with a CNAME at _dmarc that leads nowhere.
func lostAlias(f *facts.Facts) {
	noDMARC(f)
	f.DMARC.Value.CNAME, f.DMARC.Value.Dangling = []string{"d.dm.example"}, true
}

func withOthers(f *facts.Facts) { f.DMARC.Value.Others = []string{"verification=1"} }

func withWildcard(f *facts.Facts) { f.DMARC.Value.Wildcard = facts.Know(true) }

func noWildcard(f *facts.Facts) { f.DMARC.Value.Wildcard = facts.Know(false) }

// withOrg sets the organizational domain by the walk and by the list of public suffixes.
func withOrg(walk, list string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.DMARC.Value.Org, f.DMARC.Value.ListOrg = walk, list
		f.Orgs[0].Org = facts.Know(walk)
	}
}

// withGap is the healthy domain with a record of its own beneath an organizational domain with another.
func withGap(own, above string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		inTurn(withDMARC(own), withOrg("parent.example", "parent.example"))(f)
		f.DMARC.Value.Walk[1] = facts.DMARCStep{Name: "_dmarc.parent.example", Status: "found", Records: []string{above}}
	}
}

// renamed is the healthy domain under another name.
func renamed(domain string) func(*facts.Facts) { return func(f *facts.Facts) { f.Domain = domain } }

// withMailbox is the healthy domain whose reports go to a domain with such an MX.
func withMailbox(domain, mx string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.DMARC.Value.Mailboxes = []facts.Mailbox{{Domain: domain, MX: facts.Know(mx)}} }
}

// withMailFrom is the healthy domain with another MAIL FROM domain, which passes, of an organizational domain.
func withMailFrom(domain, org string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Streams[0].MailFrom = "b@" + domain
		f.Orgs = append(f.Orgs, facts.Org{Domain: domain, Org: facts.Know(org)})
	}
}

// signedBy is the healthy domain whose mail is signed with another one's key, of an organizational domain.
func signedBy(domain, org string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Streams[0].DKIMDomain, f.DKIM[0].Domain = domain, domain
		f.Orgs = append(f.Orgs, facts.Org{Domain: domain, Org: facts.Know(org)})
	}
}

// byOthers is the healthy domain whose mail is sent and signed in somebody else's name.
func byOthers(f *facts.Facts) {
	withMailFrom("bounce.esp.example", "esp.example")(f)
	signedBy("esp.example", "esp.example")(f)
}

const mailtoAgg = "; rua=mailto:agg@reports.example"

var dmarcCases = []ruleCase{
	{rule: "dmarc.wrong-location", name: "the other places lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone, Unplaced: "healthy.example: 127.0.0.1:53 answered SERVFAIL", Walk: []facts.DMARCStep{{Name: "_dmarc.healthy.example", Status: "none"}}})
	}},
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
	{rule: "dmarc.p-none", name: "nobody knows whether np= holds", want: Unknown, says: "hangs on whether healthy.example exists: " + lostWhy, edit: npInDoubt("p=none")},
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
	{rule: "dmarc.reject-spf-only", name: "no SPF either: it rests on nothing", want: "", edit: inTurn(nothingBeneath, func(f *facts.Facts) {
		f.Results, f.SPF[0].Root = nil, facts.SPFNode{Domain: f.Domain, Status: facts.SPFNone}
	})},
	{rule: "dmarc.reject-spf-only", name: "quarantine", want: "", edit: inTurn(withDMARC("v=DMARC1; p=quarantine"+mailtoAgg), nothingBeneath)},
	{rule: "dmarc.reject-spf-only", name: "t=y", want: "", edit: inTurn(withDMARC("v=DMARC1; p=reject; t=y"+mailtoAgg), nothingBeneath)},
	{rule: "dmarc.reject-spf-only", name: "nobody knows whether np= holds", want: Unknown, says: lostWhy, edit: inTurn(npInDoubt("p=none"), nothingBeneath)},
	{rule: "dmarc.reject-spf-only", name: "no signing domain", want: "", edit: func(f *facts.Facts) { f.DKIM = nil }},
	{rule: "dmarc.reject-spf-only", name: "parked", want: "", edit: inTurn(nothingBeneath, asParked)},

	{rule: "dmarc.wrong-location", want: Fail, says: "stands at healthy.example, where no receiver looks, and none at _dmarc.healthy.example", edit: misplaced},
	{rule: "dmarc.wrong-location", name: "none anywhere", want: Pass, edit: noDMARC},
	{rule: "dmarc.wrong-location", name: "another one applies", want: Pass, edit: func(f *facts.Facts) { f.DMARC.Value.Misplaced = []string{"healthy.example"} }},
	{rule: "dmarc.missing", name: "in the wrong place", want: "", edit: inTurn(misplaced, asBulk)},
	{rule: "dmarc.cname", want: Fail, says: "a CNAME to d.dm.example, where no record is published", edit: lostAlias},
	{rule: "dmarc.cname", name: "to a record", want: Pass, edit: func(f *facts.Facts) { f.DMARC.Value.CNAME = []string{"d.dm.example"} }},
	{rule: "dmarc.missing", name: "behind a CNAME", want: "", edit: inTurn(lostAlias, asBulk)},
	{rule: "dmarc.wildcard-txt", want: Warn, says: "is no DMARC record: verification=1", edit: inTurn(noDMARC, withOthers)},
	{rule: "dmarc.wildcard-txt", name: "beside a record", want: Info, says: "beside the DMARC record", edit: withOthers},
	{rule: "dmarc.wildcard-txt", name: "the parent's applies", want: Warn, says: "_dmarc.healthy.example", edit: inTurn(withParentDMARC("v=DMARC1; p=reject"+mailtoAgg), withOthers)},

	{rule: "dmarc.separator", want: Warn, says: `"sp:none" is no tag`, edit: withDMARC("v=DMARC1; p=reject; sp:none" + mailtoAgg)},
	{rule: "dmarc.separator", name: "none before a tag", want: Warn, says: "no semicolon stands before rua=", edit: withDMARC("v=DMARC1; p=none rua=mailto:agg@reports.example")},
	{rule: "dmarc.separator", name: "two of them", want: Info, says: "two semicolons", edit: withDMARC("v=DMARC1;; p=reject" + mailtoAgg)},
	{rule: "dmarc.separator", name: "a line break", want: Warn, says: "octet 0x0a", edit: withDMARC("v=DMARC1; p=reject\n" + mailtoAgg)},
	{rule: "dmarc.separator", name: "a curly quote in the policy is another rule's", want: Pass, edit: withDMARC("v=DMARC1; p=\u201creject\u201d" + mailtoAgg)},
	{rule: "dmarc.separator", name: "in a void record", want: Warn, says: "no semicolon stands before p=", edit: withDMARC("v=DMARC1; sp=none, p=reject")},
	{rule: "dmarc.separator", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=reject; sp:none" + mailtoAgg)},
	{rule: "dmarc.separator", name: "the one at the end", want: Pass, edit: withDMARC("v=DMARC1; p=reject" + mailtoAgg + ";")},

	{rule: "dmarc.value-invalid", want: Warn, says: `adkim="strict"`, edit: withDMARC("v=DMARC1; p=reject; adkim=strict" + mailtoAgg)},
	{rule: "dmarc.value-invalid", name: "pct", want: Warn, says: `pct="half"`, edit: withDMARC("v=DMARC1; p=reject; pct=half" + mailtoAgg)},
	{rule: "dmarc.value-invalid", name: "fo is another rule's", want: Pass, edit: withDMARC("v=DMARC1; p=reject; fo=x" + mailtoAgg)},
	{rule: "dmarc.unknown-tag", want: Warn, says: `"adkm"`, edit: withDMARC("v=DMARC1; p=reject; adkm=s" + mailtoAgg)},
	{rule: "dmarc.unknown-tag", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=reject; adkm=s" + mailtoAgg)},
	{rule: "dmarc.unknown-tag", name: "upper case", want: Warn, says: `"P" is not in lower case`, edit: withDMARC("v=DMARC1; P=reject" + mailtoAgg)},
	{rule: "dmarc.unknown-tag", name: "new ones are known", want: Pass, edit: withDMARC("v=DMARC1; p=reject; np=reject; psd=u; t=n" + mailtoAgg)},
	{rule: "dmarc.idn", want: Warn, says: "is not in ASCII", edit: withDMARC("v=DMARC1; p=reject; rua=mailto:agg@b\u00fccher.example")},
	{rule: "dmarc.idn", name: "percent-encoded, in ruf", want: Warn, says: "mailto:x@b%C3%BCcher.example", edit: withDMARC("v=DMARC1; p=reject; ruf=mailto:x@b%C3%BCcher.example" + mailtoAgg)},
	{rule: "dmarc.idn", name: "an A-label", want: Pass, edit: withDMARC("v=DMARC1; p=reject; rua=mailto:agg@xn--bcher-kva.example")},
	{rule: "dmarc.idn", name: "another fault", want: Pass, edit: withDMARC("v=DMARC1; p=reject; rua=mailto:agg@%20.example")},

	{rule: "dmarc.p-not-second", want: Info, says: "right after v=DMARC1", edit: withDMARC("v=DMARC1; sp=reject; p=reject" + mailtoAgg)},
	{rule: "dmarc.p-not-second", name: "no p", want: Pass, edit: withDMARC("v=DMARC1" + mailtoAgg)},
	{rule: "dmarc.p-not-second", name: "inherited", want: "", edit: withParentDMARC("v=DMARC1; sp=reject; p=reject" + mailtoAgg)},
	{rule: "dmarc.t-y", want: Warn, says: "one level lower, quarantine to mail of this domain", edit: withDMARC("v=DMARC1; p=reject; t=y" + mailtoAgg)},
	{rule: "dmarc.t-y", name: "of a subdomain's policy", want: Warn, says: "none to mail of this domain", edit: withDMARC("v=DMARC1; p=none; np=reject; t=y" + mailtoAgg)},
	{rule: "dmarc.t-y", name: "nobody knows whether np= holds", want: Warn, says: "one level lower (in", edit: npInDoubt("p=none; t=y")},
	{rule: "dmarc.t-y", name: "p=none", want: Info, says: "no effect", edit: withDMARC("v=DMARC1; p=none; t=y" + mailtoAgg)},
	{rule: "dmarc.t-y", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: withParentDMARC("v=DMARC1; p=reject; t=y" + mailtoAgg)},
	{rule: "dmarc.pct-zero", want: Warn, says: "reject 50 % and apply quarantine to the rest, and those that go by RFC 9989 reject all", edit: withDMARC("v=DMARC1; p=reject; pct=50" + mailtoAgg)},
	{rule: "dmarc.pct-zero", name: "quarantine", want: Warn, says: "quarantine 0 % and apply none to the rest", edit: withDMARC("v=DMARC1; p=quarantine; pct=0" + mailtoAgg)},
	{rule: "dmarc.pct-zero", name: "a part of quarantine", want: Pass, edit: withDMARC("v=DMARC1; p=quarantine; pct=50" + mailtoAgg)},
	{rule: "dmarc.pct-zero", name: "none", want: Pass, edit: withDMARC("v=DMARC1; p=none; pct=0" + mailtoAgg)},
	{rule: "dmarc.pct-zero", name: "nobody knows whether np= holds", want: "", edit: npInDoubt("p=none; pct=50")},
	{rule: "dmarc.pct-zero", name: "100", want: Pass, edit: withDMARC("v=DMARC1; p=reject; pct=100" + mailtoAgg)},
	{rule: "dmarc.rf-ri", want: Info, says: "ri= was removed", edit: withDMARC("v=DMARC1; p=reject; rf=afrf; ri=1" + mailtoAgg)},
	{rule: "dmarc.rf-ri", name: "pct is another rule's", want: Pass, edit: withDMARC("v=DMARC1; p=reject; pct=100" + mailtoAgg)},

	{rule: "dmarc.sp-weaker", want: Warn, says: "sp=none is weaker than p=reject", edit: withDMARC("v=DMARC1; p=reject; sp=none" + mailtoAgg)},
	{rule: "dmarc.sp-weaker", name: "np", want: Warn, says: "np=none is weaker than the policy of subdomains that exist, quarantine", edit: withDMARC("v=DMARC1; p=reject; sp=quarantine; np=none" + mailtoAgg)},
	{rule: "dmarc.sp-weaker", name: "stricter", want: Pass, edit: withDMARC("v=DMARC1; p=none; sp=quarantine; np=reject" + mailtoAgg)},
	{rule: "dmarc.sp-weaker", name: "inherited", want: "", edit: withParentDMARC("v=DMARC1; p=reject; sp=none" + mailtoAgg)},
	{rule: "dmarc.sp-weaker", name: "on a subdomain", want: "", edit: inTurn(withDMARC("v=DMARC1; p=reject; sp=none"+mailtoAgg), withOrg("example", "healthy.example"))},
	{rule: "dmarc.sp-weaker", name: "of a policy that is void", want: "", edit: withDMARC("v=DMARC1; p=reject; sp=none; np=x" + mailtoAgg)},
	{rule: "dmarc.sp-on-subdomain", want: Info, says: "the organizational domain is parent.example", edit: inTurn(withDMARC("v=DMARC1; p=reject; sp=reject"+mailtoAgg), withOrg("parent.example", "parent.example"))},
	{rule: "dmarc.sp-on-subdomain", name: "older receivers apply it", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; sp=reject"+mailtoAgg), withOrg("example", "healthy.example"))},
	{rule: "dmarc.sp-on-subdomain", name: "at the organizational domain", want: Pass, edit: withDMARC("v=DMARC1; p=reject; sp=reject" + mailtoAgg)},
	{rule: "dmarc.sp-on-subdomain", name: "the organizational domain is not known", want: "", edit: inTurn(withDMARC("v=DMARC1; p=reject; np=reject"+mailtoAgg), withOrg("", "parent.example"))},
	{rule: "dmarc.subdomain-policy-gap", want: Warn, says: "is none, and the record at _dmarc.parent.example has quarantine", edit: withGap("v=DMARC1; p=none", "v=DMARC1; p=none; sp=quarantine")},
	{rule: "dmarc.subdomain-policy-gap", name: "by t=y", want: Warn, says: "is quarantine", edit: withGap("v=DMARC1; p=reject; t=y", "v=DMARC1; p=reject")},
	{rule: "dmarc.subdomain-policy-gap", name: "as strict", want: Pass, edit: withGap("v=DMARC1; p=reject", "v=DMARC1; p=reject; np=none")},
	{rule: "dmarc.subdomain-policy-gap", name: "the one above is void", want: Pass, edit: withGap("v=DMARC1; p=none", "v=DMARC1; p=reject; p=reject")},
	{rule: "dmarc.np-missing", want: Info, says: "is quarantine, though", edit: inTurn(withDMARC("v=DMARC1; p=none; sp=quarantine"+mailtoAgg), noWildcard)},
	{rule: "dmarc.np-missing", name: "np=none is a choice", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=none; np=none"+mailtoAgg), noWildcard)},
	{rule: "dmarc.np-missing", name: "a weak sp is another rule's", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; sp=none"+mailtoAgg), noWildcard)},
	{rule: "dmarc.np-missing", name: "t=y lowers np= as well", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; t=y"+mailtoAgg), noWildcard)},
	{rule: "dmarc.np-missing", name: "by sp", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=none; sp=reject"+mailtoAgg), noWildcard)},
	{rule: "dmarc.np-missing", name: "without reports", want: "", edit: inTurn(withDMARC("v=DMARC1; p=none"), noWildcard)},
	{rule: "dmarc.np-missing", name: "with a wildcard", want: "", edit: inTurn(withDMARC("v=DMARC1; p=none"+mailtoAgg), withWildcard)},
	{rule: "dmarc.np-missing", name: "where that is not known", want: "", edit: withDMARC("v=DMARC1; p=none" + mailtoAgg)},
	{rule: "dmarc.np-missing", name: "parked", want: "", edit: inTurn(withDMARC("v=DMARC1; p=none"+mailtoAgg), noWildcard, asParked)},
	{rule: "dmarc.np-wildcard", want: Info, says: "every name beneath healthy.example exist", edit: inTurn(withDMARC("v=DMARC1; p=reject; np=reject"+mailtoAgg), withWildcard)},
	{rule: "dmarc.np-wildcard", name: "none", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; np=reject"+mailtoAgg), noWildcard)},
	{rule: "dmarc.np-wildcard", name: "not found out", want: Unknown, says: "timeout", edit: inTurn(withDMARC("v=DMARC1; p=reject; np=reject"+mailtoAgg), func(f *facts.Facts) {
		f.DMARC.Value.Wildcard = facts.Cannot[bool]("timeout")
	})},
	{rule: "dmarc.np-wildcard", name: "no np", want: "", edit: inTurn(withDMARC("v=DMARC1; p=reject"+mailtoAgg), withWildcard)},

	{rule: "dmarc.psd", want: Warn, says: "healthy.example is a public suffix", edit: inTurn(withDMARC("v=DMARC1; p=reject; psd=y"+mailtoAgg), withOrg("healthy.example", "healthy.example"))},
	{rule: "dmarc.psd", name: "above", want: Warn, says: "parent.example is a public suffix", edit: inTurn(withParentDMARC("v=DMARC1; p=reject; psd=y"+mailtoAgg), withOrg("healthy.example", "parent.example"))},
	{rule: "dmarc.psd", name: "a public suffix", want: Pass, edit: withDMARC("v=DMARC1; p=reject; psd=y" + mailtoAgg)},
	{rule: "dmarc.psd", name: "above, by a registry", want: Pass, edit: inTurn(withParentDMARC("v=DMARC1; p=reject; psd=y"+mailtoAgg), withOrg("healthy.example", "healthy.example"))},
	{rule: "dmarc.psd-n", want: Info, says: "identifiers of parent.example are not aligned", edit: inTurn(withDMARC("v=DMARC1; p=reject; psd=n"+mailtoAgg), withOrg("healthy.example", "parent.example"))},
	{rule: "dmarc.psd-n", name: "at the registered domain", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; psd=n"+mailtoAgg), withOrg("healthy.example", "healthy.example"))},
	{rule: "dmarc.psl-vs-walk", want: Warn, says: "any name beneath example is aligned", edit: withOrg("example", "healthy.example")},
	{rule: "dmarc.psl-vs-walk", name: "who finds the record", want: Warn, says: "only the former find the record at _dmarc.parent.example", edit: inTurn(withParentDMARC("v=DMARC1; p=reject"+mailtoAgg), withOrg("parent.example", "grand.example"))},
	{rule: "dmarc.psl-vs-walk", name: "aligned for old ones", want: Warn, says: "bounce.parent.example is aligned for the latter only", edit: inTurn(withOrg("healthy.example", "parent.example"), withMailFrom("bounce.parent.example", "parent.example"))},
	{rule: "dmarc.psl-vs-walk", name: "aligned for new ones", want: Warn, says: "bounce.example is aligned for the former only", edit: inTurn(withOrg("example", "healthy.example"), withMailFrom("bounce.example", "example"))},
	{rule: "dmarc.psl-vs-walk", name: "who knows what comes of it", want: Unknown, says: "whether that makes a difference is not known", edit: inTurn(withOrg("healthy.example", "parent.example"), func(f *facts.Facts) {
		f.Streams[0].MailFrom, f.Streams[0].DKIMDomain = "b@esp.example", "lost.example"
		f.Orgs = append(f.Orgs, facts.Org{Domain: "esp.example", Org: facts.Know("esp.example")})
	})},
	{rule: "dmarc.psl-vs-walk", name: "strict alignment needs neither", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; aspf=s"+mailtoAgg),
		withOrg("healthy.example", "parent.example"), withMailFrom("bounce.parent.example", "parent.example"))},
	{rule: "dmarc.rua-external", name: "more than are looked at", want: Unknown, says: "only the first 0 of 7 domains that reports go to are looked at", edit: func(f *facts.Facts) { f.DMARC.Value.More = 7 }},
	{rule: "dmarc.rua-undeliverable", name: "more than are looked at", want: "", edit: func(f *facts.Facts) { f.DMARC.Value.More = 7 }},
	{rule: "dmarc.psl-vs-walk", name: "one is not known", want: Unknown, says: "the organizational domain is not known", edit: withOrg("", "healthy.example")},
	{rule: "dmarc.deep-name", want: Info, says: "9 labels and no record of its own: receivers go on with the last 7 and leap over 1 name", edit: inTurn(noDMARC, renamed("a.b.c.d.e.f.g.healthy.example"))},
	{rule: "dmarc.deep-name", name: "inherited", want: Info, says: "2 names", edit: inTurn(withParentDMARC("v=DMARC1; p=reject"+mailtoAgg), renamed("a.b.c.d.e.f.g.h.healthy.example"))},
	{rule: "dmarc.deep-name", name: "a record of its own", want: Pass, edit: renamed("a.b.c.d.e.f.g.healthy.example")},
	{rule: "dmarc.deep-name", name: "8 labels", want: "", edit: inTurn(noDMARC, renamed("a.b.c.d.e.f.healthy.example"))},

	{rule: "dmarc.rua-undeliverable", want: Warn, says: "reports.example, which has neither MX nor address", edit: withMailbox("reports.example", facts.MXNone)},
	{rule: "dmarc.rua-undeliverable", name: "null MX", want: Warn, says: "its MX is null", edit: withMailbox("reports.example", facts.MXNull)},
	{rule: "dmarc.rua-undeliverable", name: "an address suffices", want: Pass, edit: withMailbox("reports.example", facts.MXImplicit)},
	{rule: "dmarc.rua-undeliverable", name: "not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		f.DMARC.Value.Mailboxes = []facts.Mailbox{{Domain: "reports.example", MX: facts.Cannot[string]("timeout")}}
	}},
	{rule: "dmarc.rua-size", want: Info, says: "ends with a size limit, !10m", edit: withDMARC("v=DMARC1; p=reject; rua=mailto:agg@reports.example!10m")},
	{rule: "dmarc.rua-many", want: Info, says: "rua= names 3 addresses", edit: withDMARC("v=DMARC1; p=reject; rua=mailto:a@reports.example,mailto:b@reports.example,mailto:c@reports.example")},
	{rule: "dmarc.rua-many", name: "2", want: Pass, edit: withDMARC("v=DMARC1; p=reject; rua=mailto:a@reports.example,mailto:b@reports.example")},
	{rule: "dmarc.ruf", want: Info, says: "few receivers send", edit: withDMARC("v=DMARC1; p=reject; ruf=mailto:a@reports.example" + mailtoAgg)},
	{rule: "dmarc.ruf", name: "wrong", want: Info, says: `"a@reports.example": mailto: is missing`, edit: withDMARC("v=DMARC1; p=reject; ruf=a@reports.example" + mailtoAgg)},
	{rule: "dmarc.fo", want: Info, says: "fo=1 has no effect without ruf=", edit: withDMARC("v=DMARC1; p=reject; fo=1" + mailtoAgg)},
	{rule: "dmarc.fo", name: "wrong", want: Info, says: `fo="2"`, edit: withDMARC("v=DMARC1; p=reject; fo=2; ruf=mailto:a@reports.example" + mailtoAgg)},
	{rule: "dmarc.fo", name: "with ruf", want: Pass, edit: withDMARC("v=DMARC1; p=reject; fo=1; ruf=mailto:a@reports.example" + mailtoAgg)},
	{rule: "dmarc.size", want: Info, says: "has 513 octets", edit: withDMARC("v=DMARC1; p=reject; rua=mailto:" + strings.Repeat("a", 513-47) + "@reports.example")},
	{rule: "dmarc.size", name: "512", want: Pass, edit: withDMARC("v=DMARC1; p=reject; rua=mailto:" + strings.Repeat("a", 512-47) + "@reports.example")},

	{rule: "dmarc.adkim-strict", want: Warn, says: "d= is mail.healthy.example, which adkim=s does not take for healthy.example", edit: inTurn(withDMARC("v=DMARC1; p=reject; adkim=s"+mailtoAgg), signedBy("mail.healthy.example", "healthy.example"))},
	{rule: "dmarc.adkim-strict", name: "the very domain", want: Pass, edit: withDMARC("v=DMARC1; p=reject; adkim=s" + mailtoAgg)},
	{rule: "dmarc.adkim-strict", name: "relaxed", want: "", edit: signedBy("mail.healthy.example", "healthy.example")},
	{rule: "dmarc.adkim-strict", name: "aligned in no way", want: Pass, edit: inTurn(withDMARC("v=DMARC1; p=reject; adkim=s"+mailtoAgg), signedBy("esp.example", "esp.example"))},
	{rule: "dmarc.adkim-strict", name: "not known", want: "", edit: inTurn(withDMARC("v=DMARC1; p=reject; adkim=s"+mailtoAgg), signedBy("lost.example", ""))},
	{rule: "dmarc.aspf-strict", want: Warn, says: "MAIL FROM is bounce.healthy.example, which aspf=s", edit: inTurn(withDMARC("v=DMARC1; p=reject; aspf=s"+mailtoAgg), withMailFrom("bounce.healthy.example", "healthy.example"))},
	{rule: "dmarc.aspf-strict", name: "inherited", want: Warn, says: "_dmarc.parent.example", edit: inTurn(withParentDMARC("v=DMARC1; p=reject; aspf=s"+mailtoAgg), withMailFrom("bounce.healthy.example", "healthy.example"))},
	{rule: "dmarc.aspf-strict", name: "the very domain", want: Pass, edit: withDMARC("v=DMARC1; p=reject; aspf=s" + mailtoAgg)},

	{rule: "dmarc.unaligned", want: Fail, says: "neither MAIL FROM (bounce.esp.example) nor d= (esp.example) is aligned with healthy.example", edit: byOthers},
	{rule: "dmarc.unaligned", name: "quarantine", want: Fail, says: "the policy is quarantine", edit: inTurn(withDMARC("v=DMARC1; p=quarantine"+mailtoAgg), byOthers)},
	{rule: "dmarc.unaligned", name: "none", want: Warn, edit: inTurn(withDMARC("v=DMARC1; p=none"+mailtoAgg), byOthers)},
	{rule: "dmarc.unaligned", name: "none, bulk", want: Fail, edit: inTurn(withDMARC("v=DMARC1; p=none"+mailtoAgg), byOthers, asBulk)},
	{rule: "dmarc.unaligned", name: "one of two streams", want: Fail, says: "(stream esp)", edit: func(f *facts.Facts) {
		byOthers(f)
		f.Streams[0].Name = "esp"
		f.Streams = append(f.Streams, facts.Stream{Name: "own", MailFrom: "b@healthy.example", DKIMDomain: "healthy.example"})
	}},
	{rule: "dmarc.unaligned", name: "one is", want: Pass, edit: withMailFrom("esp.example", "esp.example")},
	{rule: "dmarc.unaligned", name: "not known", want: Unknown, says: "the organizational domain of lost.example: timeout", edit: inTurn(byOthers, func(f *facts.Facts) {
		f.Streams[0].DKIMDomain = "lost.example"
		f.Orgs = append(f.Orgs, facts.Org{Domain: "lost.example", Org: facts.Cannot[string]("timeout")})
	})},
	{rule: "dmarc.unaligned", name: "nobody knows whether np= holds", want: Unknown, says: lostWhy, edit: inTurn(npInDoubt("p=none"), byOthers)},
	{rule: "dmarc.unaligned", name: "nobody knows whether np= holds, bulk", want: Fail, says: "the policy is not known", edit: inTurn(npInDoubt("p=none"), byOthers, asBulk)},
	{rule: "dmarc.unaligned", name: "no DMARC", want: "", edit: inTurn(noDMARC, byOthers)},
	{rule: "dmarc.unaligned", name: "parked", want: "", edit: inTurn(byOthers, asParked)},
	{rule: "dmarc.spf-only", want: Warn, says: "its signatures carry d=esp.example, which is not aligned with healthy.example; the policy is reject", edit: signedBy("esp.example", "esp.example")},
	{rule: "dmarc.spf-only", name: "none", want: Info, says: "forwarded mail fails", edit: inTurn(withDMARC("v=DMARC1; p=none"+mailtoAgg), signedBy("esp.example", "esp.example"))},
	{rule: "dmarc.spf-only", name: "no key", want: Info, says: "no key verifies", edit: withKey()},
	{rule: "dmarc.spf-only", name: "whether DKIM passes is not known", want: "", edit: func(f *facts.Facts) { f.Streams[0].Selectors = nil }},
	{rule: "dmarc.spf-only", name: "DKIM alone", want: Pass, edit: func(f *facts.Facts) { f.Results[0].Result = "fail" }},

	{rule: "dmarc.unauth-mx-parked", want: Info, says: "its policy is quarantine", edit: inTurn(withDMARC("v=DMARC1; p=quarantine"+mailtoAgg), asParked)},
	{rule: "dmarc.unauth-mx-parked", name: "nobody knows whether np= holds", want: "", edit: inTurn(npInDoubt("p=none"), asParked)},
	{rule: "dmarc.unauth-mx-parked", name: "reject", want: Pass, edit: asParked},
	{rule: "dmarc.unauth-mx-parked", name: "a sender", want: "", edit: withDMARC("v=DMARC1; p=quarantine" + mailtoAgg)},
}

// TestImpliedDMARC holds that a fault of which another rule says as much costs once.
func TestImpliedDMARC(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		edit       func(*facts.Facts)
		implied    bool
	}{
		{"a semicolon is missing, and the policy is lost", "dmarc.separator", withDMARC("v=DMARC1; p=none rua=mailto:agg@reports.example"), true},
		{"a semicolon is missing, and nothing else is said", "dmarc.separator", withDMARC("v=DMARC1; p=reject" + mailtoAgg + "; ri=1 sp=none"), false},
		{"a piece that is no tag", "dmarc.separator", withDMARC("v=DMARC1; p=reject; sp:none" + mailtoAgg), false},
		{"an address that is invalid, too", "dmarc.idn", withDMARC("v=DMARC1; p=reject; rua=mailto:agg@b\u00fccher.example"), true},
		{"reports to the domain, which sends and has no MX", "dmarc.rua-undeliverable", withMailbox("healthy.example", facts.MXNull), true},
		{"reports to a parked domain", "dmarc.rua-undeliverable", inTurn(withMailbox("healthy.example", facts.MXNull), asParked), false},
		{"a wildcard where there is no record", "dmarc.wildcard-txt", inTurn(noDMARC, withOthers), true},
		{"signatures that do not count", "dmarc.spf-only", signedBy("esp.example", "esp.example"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := healthy()
			c.edit(f)
			for _, x := range Run(f, everything).Findings {
				if x.Check.ID == c.rule && x.Status == Warn {
					if x.Implied != c.implied {
						t.Errorf("implied: %v, want %v: %s", x.Implied, c.implied, x.Message)
					}
					return
				}
			}
			t.Error("no warning")
		})
	}
}

// TestPolicyPlaces holds where in a record the dmarc rules point.
func TestPolicyPlaces(t *testing.T) {
	for _, c := range []struct {
		rule, want string
		edit       func(*facts.Facts)
	}{
		{"dmarc.multiple", "v=DMARC1; p=none", withWalk(facts.DMARCInvalid, ownTwo)},
		{"dmarc.version", "v=dmarc1", withWalk(facts.DMARCInvalid, ownNear)},
		{"dmarc.wildcard-txt", "verification=1", withOthers},
		{"dmarc.duplicate-tag", "p=reject", withDMARC("v=DMARC1; p=none; p=reject; rua=mailto:a@b.example")},
		{"dmarc.separator", "sp:none", withDMARC("v=DMARC1; p=none; sp:none ; rua=mailto:a@b.example")},
		{"dmarc.separator", "rua=mailto:a@b.example", withDMARC("v=DMARC1; p=none, rua=mailto:a@b.example")},
		{"dmarc.separator", ";", withDMARC("v=DMARC1; p=none;;")},
		{"dmarc.p-missing", "v=DMARC1; sp=none", withDMARC("v=DMARC1; sp=none")},
		{"dmarc.p-invalid", "P = block", withDMARC("v=DMARC1; P = block ;")},
		{"dmarc.sp-np-invalid", "np=block", withDMARC("v=DMARC1; p=none; np=block")},
		{"dmarc.value-invalid", "aspf=x", withDMARC("v=DMARC1; p=none; aspf=x")},
		{"dmarc.unknown-tag", "adkm=s", withDMARC("v=DMARC1; p=none; adkm=s")},
		{"dmarc.idn", "mailto:a@\u00fc.example", withDMARC("v=DMARC1; p=none; rua=mailto:a@b.example,mailto:a@\u00fc.example")},
		{"dmarc.p-not-second", "p=none", withDMARC("v=DMARC1; sp=none; p=none")},
		{"dmarc.p-none", "p=none", withDMARC("v=DMARC1; p=none")},
		{"dmarc.p-none", "sp=none", withParentDMARC("v=DMARC1; p=reject; sp=none")},
		{"dmarc.t-y", "t=y", withDMARC("v=DMARC1; p=reject; t=y")},
		{"dmarc.pct", "pct=5", withDMARC("v=DMARC1; p=reject; pct=5")},
		{"dmarc.pct-zero", "pct=5", withDMARC("v=DMARC1; p=reject; pct=5")},
		{"dmarc.rf-ri", "ri=1", withDMARC("v=DMARC1; p=reject; ri=1")},
		{"dmarc.sp-weaker", "sp=none", withDMARC("v=DMARC1; p=reject; sp=none")},
		{"dmarc.sp-on-subdomain", "np=none", inTurn(withDMARC("v=DMARC1; p=reject; np=none"), withOrg("parent.example", "parent.example"))},
		{"dmarc.subdomain-policy-gap", "p=none", withGap("v=DMARC1; p=none", "v=DMARC1; p=reject")},
		{"dmarc.np-missing", "v=DMARC1; p=none; rua=mailto:a@b.example", inTurn(withDMARC("v=DMARC1; p=none; rua=mailto:a@b.example"), noWildcard)},
		{"dmarc.np-wildcard", "np=reject", inTurn(withDMARC("v=DMARC1; p=none; np=reject"), withWildcard)},
		{"dmarc.psd", "psd=y", inTurn(withDMARC("v=DMARC1; p=none; psd=y"), withOrg("healthy.example", "healthy.example"))},
		{"dmarc.psd-n", "psd=n", inTurn(withDMARC("v=DMARC1; p=none; psd=n"), withOrg("healthy.example", "parent.example"))},
		{"dmarc.rua-missing", "v=DMARC1; p=none", withDMARC("v=DMARC1; p=none")},
		{"dmarc.rua-invalid", "c@d.example", withDMARC("v=DMARC1; p=none; rua=mailto:a@b.example , c@d.example")},
		{"dmarc.rua-invalid", "rua=", withDMARC("v=DMARC1; p=none; rua=;")},
		{"dmarc.rua-external", "mailto:agg@reports.example", func(f *facts.Facts) { f.DMARC.Value.Reports[0].Authorised = facts.Know(false) }},
		{"dmarc.rua-undeliverable", "mailto:agg@reports.example", withMailbox("reports.example", facts.MXNone)},
		{"dmarc.rua-size", "mailto:a@b.example!1m", withDMARC("v=DMARC1; p=none; rua=mailto:a@b.example!1m")},
		{"dmarc.rua-many", "rua=mailto:a@b.example,mailto:a@c.example,mailto:a@d.example", withDMARC("v=DMARC1; p=none; rua=mailto:a@b.example,mailto:a@c.example,mailto:a@d.example")},
		{"dmarc.ruf", "ruf=mailto:a@b.example", withDMARC("v=DMARC1; p=none; ruf=mailto:a@b.example")},
		{"dmarc.fo", "fo=1", withDMARC("v=DMARC1; p=none; fo=1")},
		{"dmarc.adkim-strict", "adkim=s", inTurn(withDMARC("v=DMARC1; p=none; adkim=s"), signedBy("mail.healthy.example", "healthy.example"))},
		{"dmarc.aspf-strict", "aspf=s", inTurn(withDMARC("v=DMARC1; p=none; aspf=s"), withMailFrom("mail.healthy.example", "healthy.example"))},
		{"dmarc.reject-spf-only", "p=reject", nothingBeneath},
		{"dmarc.unauth-mx-parked", "p=none", inTurn(withDMARC("v=DMARC1; p=none"), asParked)},
	} {
		t.Run(c.rule, func(t *testing.T) { points(t, c.rule, c.want, c.edit) })
	}
}

// TestBrokenOffsets holds that saved facts whose offsets are wrong crash nothing.
func TestBrokenOffsets(t *testing.T) {
	for _, offset := range []int{-1, 1 << 30} {
		f := healthy()
		inTurn(withDMARC("v=DMARC1; p=none, adkm=s; x; sp=x; ri=1; pct=1; fo=1; rua=a,b!1m; ruf=c@\u00fc"), withKey("v=DKIM2; p=1; t=y; g=1; k=2"))(f)
		r, k := f.DMARC.Value.Record, f.DKIM[0].Keys[0].Record
		for i := range r.Tags {
			r.Tags[i].Offset = offset
		}
		for i := range r.Problems {
			r.Problems[i].Offset = offset
		}
		for i := range r.RUA {
			r.RUA[i].Offset, r.RUF[0].Offset = offset, offset
		}
		for i := range k.Tags {
			k.Tags[i].Offset = offset
		}
		for i := range k.Problems {
			k.Problems[i].Offset = offset
		}
		for _, x := range Run(f, everything).Findings {
			if at := x.At; at.Offset < 0 || at.Offset+at.Length > len(at.Record) {
				t.Errorf("%s points outside of the record: %+v", x.Check.ID, at)
			}
		}
	}
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
		{"void for want of a valid p and rua", withDMARC("v=DMARC1; p=block"), whoever},
		{"void for want of a valid sp and rua", withDMARC("v=DMARC1; p=none; sp=block"), whoever},
		{"read as p=none", withDMARC("v=DMARC1; p=block" + mailtoAgg), nil},
		{"read as p=none for its sp", withDMARC("v=DMARC1; p=reject; sp=block" + mailtoAgg), nil},
		{"in the wrong place", misplaced, whoever},
		{"behind a CNAME to nowhere", lostAlias, whoever},
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
