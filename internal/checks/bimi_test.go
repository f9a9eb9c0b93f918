package checks

import (
	"strings"
	"testing"

	"mailaudit/internal/facts"
)

const goodLogo = "v=BIMI1; l=https://www.healthy.example/logo.svg; a=https://www.healthy.example/mark.pem"

// withLogo is the healthy domain with BIMI records.
func withLogo(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.BIMI = facts.Know(facts.BIMI{FoundAt: "default._bimi.healthy.example", Texts: texts})
	}
}

// logoUnder is one that wants its logo shown, under a DMARC policy.
func logoUnder(policy func(*facts.Facts)) func(*facts.Facts) {
	return inTurn(withLogo(goodLogo), policy)
}

// withoutLogo is the healthy domain, of which it is known that it has none.
func withoutLogo(f *facts.Facts) { f.BIMI = facts.Know(facts.BIMI{Texts: []string{}}) }

// logoLost is the healthy domain whose BIMI record is not known.
func logoLost(f *facts.Facts) { f.BIMI = facts.Cannot[facts.BIMI]("SERVFAIL") }

var bimiCases = []ruleCase{
	{rule: "bimi.missing", want: Info, says: "no BIMI record at default._bimi.healthy.example", edit: withoutLogo},
	{rule: "bimi.missing", name: "published", want: Pass, edit: withLogo(goodLogo)},
	{rule: "bimi.missing", name: "p=quarantine", want: Info, edit: inTurn(withDMARC("v=DMARC1; p=quarantine"), withoutLogo)},
	{rule: "bimi.missing", name: "p=none", want: "", edit: inTurn(withDMARC("v=DMARC1; p=none"), withoutLogo)},
	{rule: "bimi.missing", name: "no DMARC", want: "", edit: inTurn(noDMARC, withoutLogo)},
	{rule: "bimi.missing", name: "DMARC lost", want: "", edit: func(f *facts.Facts) {
		withoutLogo(f)
		f.DMARC = facts.Cannot[facts.DMARC]("timeout")
	}},
	{rule: "bimi.missing", name: "nobody knows whether np= holds", want: "", edit: inTurn(npInDoubt("p=none"), withoutLogo)},
	{rule: "bimi.missing", name: "parked", want: "", edit: inTurn(withoutLogo, asParked)},
	{rule: "bimi.missing", name: "no domain", want: "", edit: inTurn(withoutLogo, func(f *facts.Facts) { f.Exists = facts.Know(false) })},
	{rule: "bimi.missing", name: "lost", want: Unknown, says: "SERVFAIL", edit: logoLost},

	{rule: "bimi.multiple", want: Warn, says: "2 BIMI records at default._bimi.healthy.example where 1 is allowed", edit: withLogo(goodLogo, "v=BIMI1; l=;")},
	{rule: "bimi.multiple", name: "one is none", want: Pass, edit: withLogo(goodLogo, "v=bimi1; l=;")},
	{rule: "bimi.multiple", name: "nothing published", want: "", edit: withoutLogo},

	{rule: "bimi.syntax", want: Warn, says: "its scheme is http, and only https is allowed", edit: withLogo("v=BIMI1; l=http://www.healthy.example/logo.svg")},
	{rule: "bimi.syntax", name: "good", want: Pass, edit: withLogo(goodLogo)},
	{rule: "bimi.syntax", name: "wrong version", want: Warn, says: `"bimi1"`, edit: withLogo("v=bimi1; l=x")},
	{rule: "bimi.syntax", name: "wrong version beside a right one", want: Info, says: "beside the right one", edit: withLogo(goodLogo, "v=bimi1; l=x")},
	{rule: "bimi.syntax", name: "an unknown avatar preference", want: Info, says: "avp=", edit: withLogo(goodLogo + "; avp=both")},
	{rule: "bimi.syntax", name: "a hostile record", want: Warn, says: "(and 990 more)", edit: withLogo("v=BIMI1; l=;" + strings.Repeat(" x;", 1000))},
	{rule: "bimi.syntax", name: "nothing published", want: "", edit: withoutLogo},

	{rule: "bimi.dmarc-weak", want: Warn, says: "the DMARC policy at _dmarc.healthy.example is none", edit: logoUnder(withDMARC("v=DMARC1; p=none"))},
	{rule: "bimi.dmarc-weak", name: "no policy at all", want: Warn, says: "no DMARC record applies", edit: logoUnder(noDMARC)},
	{rule: "bimi.dmarc-weak", name: "a void record", want: Warn, says: "ignore", edit: logoUnder(withDMARC("v=DMARC1; p=block"))},
	{rule: "bimi.dmarc-weak", name: "read as p=none", want: Warn, says: "is none", edit: logoUnder(withDMARC("v=DMARC1; p=block" + mailtoAgg))},
	{rule: "bimi.dmarc-weak", name: "sp=none", want: Warn, says: "sp=none at _dmarc.healthy.example", edit: logoUnder(withDMARC("v=DMARC1; p=reject; sp=none"))},
	{rule: "bimi.dmarc-weak", name: "pct", want: Warn, says: "pct=99 with p=quarantine", edit: logoUnder(withDMARC("v=DMARC1; p=quarantine; pct=99"))},
	{rule: "bimi.dmarc-weak", name: "reject", want: Pass, edit: withLogo(goodLogo)},
	{rule: "bimi.dmarc-weak", name: "pct=100", want: Pass, edit: logoUnder(withDMARC("v=DMARC1; p=quarantine; pct=100"))},
	{rule: "bimi.dmarc-weak", name: "no pct", want: Pass, edit: logoUnder(withDMARC("v=DMARC1; p=quarantine"))},
	{rule: "bimi.dmarc-weak", name: "pct with p=reject", want: Pass, edit: logoUnder(withDMARC("v=DMARC1; p=reject; pct=1"))},
	{rule: "bimi.dmarc-weak", name: "testing quarantine", want: Warn, says: "t=y at _dmarc.healthy.example turns p=quarantine into none", edit: logoUnder(withDMARC("v=DMARC1; p=quarantine; t=y"))},
	{rule: "bimi.dmarc-weak", name: "testing reject", want: Pass, edit: logoUnder(withDMARC("v=DMARC1; p=reject; t=y"))},
	{rule: "bimi.dmarc-weak", name: "of the organizational domain", want: Warn, says: "the DMARC policy at _dmarc.org.example is none", edit: logoUnder(func(f *facts.Facts) {
		f.DMARC.Value.Org = "org.example"
		f.DMARC.Value.Walk = append(f.DMARC.Value.Walk, facts.DMARCStep{Name: "_dmarc.org.example", Status: "found", Records: []string{"v=DMARC1; p=none; sp=reject"}})
	})},
	{rule: "bimi.dmarc-weak", name: "several above", want: Pass, edit: logoUnder(func(f *facts.Facts) {
		f.DMARC.Value.Org = "org.example"
		f.DMARC.Value.Walk = append(f.DMARC.Value.Walk, facts.DMARCStep{Name: "_dmarc.org.example", Status: "multiple", Records: []string{"v=DMARC1; p=none", "v=DMARC1; p=none"}})
	})},
	{rule: "bimi.dmarc-weak", name: "policy lost", want: Unknown, says: "timeout", edit: logoUnder(func(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC]("timeout") })},
	{rule: "bimi.dmarc-weak", name: "record lost", want: Unknown, says: "SERVFAIL", edit: logoLost},
	{rule: "bimi.dmarc-weak", name: "declined", want: "", edit: inTurn(withDMARC("v=DMARC1; p=none"), withLogo("v=BIMI1; l=; a=;"))},
	{rule: "bimi.dmarc-weak", name: "no record", want: "", edit: inTurn(withDMARC("v=DMARC1; p=none"), withoutLogo)},

	{rule: "bimi.vmc", want: Info, says: "a= names no mark certificate", edit: withLogo("v=BIMI1; l=https://www.healthy.example/logo.svg")},
	{rule: "bimi.vmc", name: "empty", want: Info, edit: withLogo("v=BIMI1; l=https://www.healthy.example/logo.svg; a=;")},
	{rule: "bimi.vmc", name: "declined", want: "", edit: withLogo("v=BIMI1; l=; a=;")},
	{rule: "bimi.vmc", name: "a logo that is none", want: "", edit: withLogo("v=BIMI1; l=logo.svg")},
	{rule: "bimi.vmc", name: "two records", want: "", edit: withLogo(goodLogo, "v=BIMI1; l=;")},
	{rule: "bimi.vmc", name: "an unknown avatar preference", want: Pass, edit: withLogo(goodLogo + "; avp=both")},

	{rule: "bimi.decline", want: Info, says: "declines to have a logo shown", edit: withLogo("v=BIMI1; l=; a=;")},
	{rule: "bimi.decline", name: "a logo", want: Pass, edit: withLogo(goodLogo)},
	{rule: "bimi.decline", name: "nothing published", want: "", edit: withoutLogo},
}

// TestBIMIPlaces holds that a finding points at what it is about.
func TestBIMIPlaces(t *testing.T) {
	const second = "v=BIMI1; l=https://www.healthy.example/new.svg"
	for _, c := range []struct {
		rule     string
		edit     func(*facts.Facts)
		at, text string
	}{
		{"bimi.syntax", withLogo("v=BIMI1; l=http://x.example/l.svg ; a="), "default._bimi.healthy.example", "l=http://x.example/l.svg"},
		{"bimi.multiple", withLogo(goodLogo, second), "default._bimi.healthy.example", second},
		{"bimi.dmarc-weak", logoUnder(withDMARC("v=DMARC1; p=none ; adkim=s")), "_dmarc.healthy.example", "p=none"},
		{"bimi.dmarc-weak", logoUnder(withDMARC("v=DMARC1; p=reject; sp=none")), "_dmarc.healthy.example", "sp=none"},
		{"bimi.dmarc-weak", logoUnder(withDMARC("v=DMARC1; p=quarantine; pct=0")), "_dmarc.healthy.example", "pct=0"},
		{"bimi.dmarc-weak", logoUnder(withDMARC("v=DMARC1; p=quarantine; t=y")), "_dmarc.healthy.example", "t=y"},
		{"bimi.vmc", withLogo("v=BIMI1; l=https://x.example/l.svg; a= ;"), "default._bimi.healthy.example", "a="},
		{"bimi.decline", withLogo("v=BIMI1; l=; a=;"), "default._bimi.healthy.example", "l="},
	} {
		holdsPlace(t, c.rule, c.edit, c.at, c.text)
	}
}

// holdsPlace holds where a rule's first violation stands.
func holdsPlace(t *testing.T, rule string, edit func(*facts.Facts), at, text string) {
	t.Helper()
	f := healthy()
	edit(f)
	for _, x := range Run(f, everything).Findings {
		if x.Check.ID != rule || x.Status == Pass {
			continue
		}
		p := x.At
		if p.Name != at || p.Offset < 0 || p.Length > len(p.Record)-p.Offset || p.Record[p.Offset:p.Offset+p.Length] != text {
			t.Errorf("%s: the place is %+v, not %q at %s", rule, p, text, at)
		}
		return
	}
	t.Errorf("%s: no finding", rule)
}
