package checks

import "mailaudit/internal/facts"

// goodSigning is a zone signed as one should.
func goodSigning() facts.DNSSEC {
	return facts.DNSSEC{Apex: "healthy.example", Status: facts.Signed, DS: []facts.DS{{Tag: 1, Algorithm: 13, Digest: 2}},
		Keys: []facts.DNSKey{{Tag: 1, Algorithm: 13, Entry: true}}, Vouched: true}
}

func signing(edit func(*facts.DNSSEC)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		d := goodSigning()
		edit(&d)
		f.DNSSEC = facts.Know(d)
	}
}

func delegatedBy(l ...facts.DS) func(*facts.Facts) {
	return signing(func(d *facts.DNSSEC) { d.DS = l })
}

func unsigned(keys ...facts.DNSKey) func(*facts.Facts) {
	return signing(func(d *facts.DNSSEC) { d.Status, d.DS, d.Keys, d.Vouched = facts.Unsigned, nil, keys, false })
}

func signingLost(f *facts.Facts) { f.DNSSEC = facts.Cannot[facts.DNSSEC]("SERVFAIL") }

var dnssecCases = []ruleCase{
	{rule: "dnssec.bogus", want: Fail, says: "does not validate: no DNSKEY", edit: signing(func(d *facts.DNSSEC) { d.Status, d.Why = facts.Bogus, "no DNSKEY" })},
	{rule: "dnssec.bogus", name: "unsigned", want: Pass, edit: unsigned()},
	{rule: "dnssec.bogus", name: "not found out", want: Unknown, says: "SERVFAIL", edit: signingLost},
	{rule: "dnssec.bogus", name: "not asked", want: "", edit: func(f *facts.Facts) { f.DNSSEC = facts.Fact[facts.DNSSEC]{} }},
	{rule: "dnssec.bogus", name: "does not exist", want: "", edit: func(f *facts.Facts) { f.Exists = facts.Know(false) }},

	{rule: "dnssec.missing", want: Info, says: "no DS record leads to it", edit: unsigned()},
	{rule: "dnssec.missing", name: "keys alone", want: Info, says: "1 DNSKEY record, and the zone above has no DS record", edit: unsigned(facts.DNSKey{Tag: 1, Algorithm: 13})},
	{rule: "dnssec.missing", name: "bogus", want: Pass, edit: signing(func(d *facts.DNSSEC) { d.Status = facts.Bogus })},
	{rule: "dnssec.missing", name: "not found out", want: "", edit: signingLost},

	{rule: "dnssec.weak-alg", want: Warn, says: "outdated algorithms alone: 5 (RSASHA1), 7 (RSASHA1-NSEC3-SHA1)",
		edit: delegatedBy(facts.DS{Algorithm: 7, Digest: 2}, facts.DS{Algorithm: 5, Digest: 2}, facts.DS{Algorithm: 5, Digest: 1})},
	{rule: "dnssec.weak-alg", name: "SHA-1", want: Warn, says: "SHA-1 digest", edit: delegatedBy(facts.DS{Algorithm: 13, Digest: 1})},
	{rule: "dnssec.weak-alg", name: "SHA-1 beside SHA-256", want: Pass, edit: delegatedBy(facts.DS{Algorithm: 13, Digest: 1}, facts.DS{Algorithm: 13, Digest: 2})},
	{rule: "dnssec.weak-alg", name: "beside a current one", want: Info, says: "12 (ECC-GOST)", edit: delegatedBy(facts.DS{Algorithm: 12, Digest: 2}, facts.DS{Algorithm: 8, Digest: 2})},
	{rule: "dnssec.weak-alg", name: "unsigned", want: Pass, edit: unsigned()},
	{rule: "dnssec.weak-alg", name: "not found out", want: "", edit: signingLost},
}
