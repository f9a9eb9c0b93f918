package checks

import (
	"slices"
	"testing"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
)

// by is a listing of the healthy sender by an operator.
func by(operator string, weight int, class blocklist.Class) func(*facts.Facts) {
	return also(lists(operator+".example", "ip", class, "127.0.0.2"), func(l *facts.Listing) { l.Operator, l.Weight = operator, weight })
}

var (
	spamhaus = by("spamhaus", 100, blocklist.ClassMajor)
	spamcop  = by("spamcop", 70, blocklist.ClassMinor)
	psbl     = by("psbl", 30, blocklist.ClassMinor)
)

var dnsblOperatorCases = []ruleCase{
	{rule: "dnsbl.too-many", want: Warn, says: "3 independent operators list 11.22.33.44", edit: inTurn(spamhaus, spamcop, psbl)},
	{rule: "dnsbl.too-many", name: "two", want: Pass, edit: inTurn(spamhaus, spamcop)},
	{rule: "dnsbl.too-many", name: "two lists of one operator", want: Pass, edit: inTurn(spamhaus, spamcop, by("spamcop", 40, blocklist.ClassMinor))},
	{rule: "dnsbl.too-many", name: "a light one", want: Pass, edit: inTurn(spamhaus, spamcop, by("light", 29, blocklist.ClassMinor))},
	{rule: "dnsbl.too-many", name: "a policy list", want: Pass, edit: inTurn(spamhaus, spamcop, by("pbl", 100, blocklist.ClassPBL))},
	{rule: "dnsbl.too-many", name: "the neighbours", want: Pass, edit: inTurn(spamhaus, spamcop, also(psbl, func(l *facts.Listing) { l.Scope = "net" }))},
	{rule: "dnsbl.too-many", name: "two addresses", want: Pass, edit: inTurn(spamhaus, spamcop, also(psbl, func(l *facts.Listing) { l.Target = "11.22.33.45" }))},
	{rule: "dnsbl.too-many", name: "two, and one answer lost", want: "", edit: inTurn(spamhaus, spamcop, silent("psbl.example", "ip", false))},
	{rule: "dnsbl.too-many", name: "three, and one answer lost", want: Warn, says: "3 independent operators", edit: inTurn(spamhaus, spamcop, psbl, silent("s5h.example", "ip", false))},
	{rule: "dnsbl.too-many", name: "candidate", want: Warn, says: "spamhaus, spamcop, psbl", edit: inTurn(spamhaus, spamcop, psbl, func(f *facts.Facts) {
		for i := range f.Listings {
			f.Listings[i].Declared = false
		}
	})},
	{rule: "dnsbl.too-many", name: "no address", want: "", edit: func(f *facts.Facts) { f.Listings = f.Listings[1:] }},
}

// TestTooManyCostsNothing holds that what each listing costs is not counted once more.
func TestTooManyCostsNothing(t *testing.T) {
	f := healthy()
	inTurn(spamhaus, spamcop, psbl)(f)
	l := Run(f, everything).Findings
	i := slices.IndexFunc(l, func(x Finding) bool { return x.Check.ID == "dnsbl.too-many" })
	if i < 0 || !l[i].Implied || l[i].Source != sender {
		t.Errorf("%+v", l)
	}
}
