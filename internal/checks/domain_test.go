package checks

import (
	"slices"
	"testing"

	"mailaudit/internal/facts"
)

var domainCases = []ruleCase{
	{rule: "domain.nxdomain", want: Fail, says: "NXDOMAIN", edit: func(f *facts.Facts) {
		*f = facts.Facts{Domain: f.Domain, Profile: f.Profile, Exists: facts.Know(false)}
	}},
	{rule: "domain.nxdomain", name: "of MAIL FROM", want: Fail, says: "the MAIL FROM domain does not exist", edit: noMailFrom},
	{rule: "domain.nxdomain", name: "of MAIL FROM, not found out", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		noMailFrom(f)
		f.SPF[1].Exists, f.SPF[1].Root = true, facts.SPFNode{Domain: "bounce.example", Status: facts.SPFUnknown, Why: "127.0.0.1:53 answered SERVFAIL"}
		f.Results[0].Result, f.Results[0].Why = "temperror", "127.0.0.1:53 answered SERVFAIL"
	}},
	{rule: "domain.nxdomain", name: "of MAIL FROM, as reports alone say", want: Warn, says: "does not exist (NXDOMAIN) (if mail is sent with it, as a report says)", edit: func(f *facts.Facts) {
		noMailFrom(f)
		f.Streams = append(f.Streams, facts.Stream{Name: "a report", MailFrom: "postmaster@bounce.example", ByReports: true})
	}},
	{rule: "domain.nxdomain", name: "not found out", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.Exists = facts.Cannot[bool]("127.0.0.1:53 answered SERVFAIL")
	}},
	{rule: "domain.unresolvable", want: Fail, says: "nowhere to go", edit: func(f *facts.Facts) {
		f.MX, f.Addresses = facts.Know(facts.MX{Status: facts.MXNone}), facts.Know(facts.Hosts{})
	}},
	{rule: "domain.unresolvable", name: "sends nothing", want: "", edit: func(f *facts.Facts) {
		f.Profile.Name, f.MX, f.Addresses = facts.Parked, facts.Know(facts.MX{Status: facts.MXNone}), facts.Know(facts.Hosts{})
	}},
	{rule: "domain.unresolvable", name: "an address alone suffices", want: Pass, edit: func(f *facts.Facts) {
		f.MX = facts.Know(facts.MX{Status: facts.MXImplicit})
	}},
	{rule: "domain.unresolvable", name: "an address suffices where MX is lost", want: Pass, edit: func(f *facts.Facts) {
		f.MX = facts.Cannot[facts.MX]("timeout")
	}},
	{rule: "domain.unresolvable", name: "MX none, address lost", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		f.MX, f.Addresses = facts.Know(facts.MX{Status: facts.MXNone}), facts.Cannot[facts.Hosts]("timeout")
	}},
	{rule: "domain.unresolvable", name: "of MAIL FROM", want: Fail, says: "nowhere to go", edit: returnsTo(facts.Know(facts.MX{Status: facts.MXNone}))},
	{rule: "domain.unresolvable", name: "of MAIL FROM, as reports alone say", want: Warn, says: "as a report says", edit: func(f *facts.Facts) {
		returnsTo(facts.Know(facts.MX{Status: facts.MXNone}))(f)
		f.Streams = append(f.Streams, facts.Stream{Name: "a report", MailFrom: "postmaster@bounce.example", ByReports: true})
	}},
	{rule: "domain.unresolvable", name: "of MAIL FROM, which has an address", want: Pass, edit: returnsTo(facts.Know(facts.MX{Status: facts.MXImplicit}))},
	{rule: "domain.unresolvable", name: "of MAIL FROM, lost", want: Unknown, says: "timeout", edit: returnsTo(facts.Cannot[facts.MX]("timeout"))},
	{rule: "domain.unresolvable", name: "of MAIL FROM, which does not exist", want: Pass, edit: func(f *facts.Facts) {
		returnsTo(facts.Know(facts.MX{Status: facts.MXNone}))(f)
		f.Returns[0].Exists = facts.Know(false)
	}},
	{rule: "domain.unresolvable", name: "does not exist at all", want: "", edit: func(f *facts.Facts) { f.Exists = facts.Know(false) }},
}

// TestNXDomainRefusals: who refuses a domain without MX and address refuses one that does not exist.
func TestNXDomainRefusals(t *testing.T) {
	missing, _ := Find("domain.nxdomain")
	bare, _ := Find("domain.unresolvable")
	for _, r := range bare.Refused {
		if !slices.Contains(missing.Refused, r) {
			t.Errorf("%s refuses for %s and not for %s", r.Receiver, bare.ID, missing.ID)
		}
	}
}

// returnsTo has the bounces go to another domain, of whose mail exchangers this is known.
func returnsTo(mx facts.Fact[facts.MX]) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Returns = append(f.Returns, facts.Return{Domain: "bounce.example", Exists: facts.Know(true), MX: mx})
	}
}

// noMailFrom has the mail sent with a MAIL FROM domain that does not exist.
func noMailFrom(f *facts.Facts) {
	elsewhere(func(*facts.Facts) {})(f)
	f.SPF[1].Exists, f.SPF[1].Root = false, facts.SPFNode{Domain: "bounce.example", Status: facts.SPFNone}
	f.Results[0].Result = "none"
}
