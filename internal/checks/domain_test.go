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
