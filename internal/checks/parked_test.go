package checks

import (
	"net/netip"
	"strings"
	"testing"

	"mailaudit/internal/facts"
)

// byRecords is a domain that sends nothing and was taken for parked by its records; edits come after.
func byRecords(edits ...func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Profile = facts.Profile{Name: facts.Parked, Reason: "a null MX"}
		f.MX = facts.Know(facts.MX{Status: facts.MXNull, Null: true, Hosts: []facts.MXHost{{Host: "."}}})
		f.SPF[0] = spfFacts("v=spf1 -all")
		f.Streams[0].IPs, f.Streams[0].Selectors, f.Streams[0].HELO = nil, nil, ""
		f.Sources, f.Results, f.HELOs, f.Listings = nil, nil, nil, f.Listings[1:]
		f.DKIM[0].Named, f.DKIM[0].Keys, f.DKIM[0].Subtree = false, nil, facts.Know(facts.SubtreeAbsent)
		for _, e := range edits {
			e(f)
		}
	}
}

// keysRevoked is a wildcard of empty keys beneath _domainkey.
func keysRevoked(f *facts.Facts) { f.DKIM[0].Wildcard = []string{"v=DKIM1; p="} }

// takesMail gives the domain its MX hosts back.
func takesMail(f *facts.Facts) { f.MX = healthy().MX }

// selects is a selector that the user named, and for which there is a key.
func selects(f *facts.Facts) { f.Streams[0].Selectors, f.DKIM = []string{"s1"}, healthy().DKIM }

// userSays is the profile by the user's word.
func userSays(f *facts.Facts) { f.Profile.Reason = "--profile parked" }

// spfRecord gives the domain another record.
func spfRecord(text string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.SPF[0] = spfFacts(text) }
}

// spfNode gives the domain's SPF another state.
func spfNode(n facts.SPFNode) func(*facts.Facts) {
	return func(f *facts.Facts) { f.SPF[0].Root = n }
}

// handsOver is a record that goes on in another one.
func handsOver(to facts.SPFNode) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.SPF[0] = spfFacts("v=spf1 redirect=_none.host.example")
		f.SPF[0].Root.Terms[0].Child = &to
	}
}

var parkedCases = []ruleCase{
	{rule: "parked.complete", want: Info, says: "nobody can send in its name", edit: byRecords()},
	{rule: "parked.complete", name: "no key either", want: Pass, edit: byRecords(keysRevoked)},
	{rule: "parked.complete", name: "a wildcard that is a key", want: Info, edit: byRecords(func(f *facts.Facts) { f.DKIM[0].Wildcard = []string{goodKey} })},
	{rule: "parked.complete", name: "by the user's word", want: Info, edit: byRecords(userSays, selects)},
	{rule: "parked.complete", name: "no null MX", want: "", edit: byRecords(takesMail)},
	{rule: "parked.complete", name: "incomplete", want: "", edit: byRecords(withDMARC("v=DMARC1; p=none"))},
	{rule: "parked.complete", name: "lost", want: "", edit: byRecords(func(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC]("timeout") })},
	{rule: "parked.complete", name: "sends", want: "", edit: byRecords(selects)},
	{rule: "parked.complete", name: "a sender", want: "", edit: func(*facts.Facts) {}},

	{rule: "parked.incomplete", want: Warn, says: "the DMARC policy is none, not reject", edit: byRecords(withDMARC("v=DMARC1; p=none"))},
	{rule: "parked.incomplete", name: "quarantine", want: Warn, says: "is quarantine", edit: byRecords(withDMARC("v=DMARC1; p=quarantine"))},
	{rule: "parked.incomplete", name: "testing", want: Warn, says: "is quarantine", edit: byRecords(withDMARC("v=DMARC1; p=reject; t=y"))},
	{rule: "parked.incomplete", name: "inherited", want: Pass, edit: byRecords(withParentDMARC("v=DMARC1; p=none; sp=reject" + mailtoAgg))},
	{rule: "parked.incomplete", name: "no DMARC", want: Warn, says: "no DMARC record", edit: byRecords(noDMARC)},
	{rule: "parked.incomplete", name: "void DMARC", want: Warn, says: "ignore what stands at _dmarc.healthy.example", edit: byRecords(withDMARC("v=DMARC1; p=block"))},
	{rule: "parked.incomplete", name: "no SPF", want: Warn, says: "no SPF record", edit: byRecords(spfNode(facts.SPFNode{Domain: "healthy.example", Status: facts.SPFNone}))},
	{rule: "parked.incomplete", name: "two SPF records", want: Warn, says: "2 SPF records",
		edit: byRecords(spfNode(facts.SPFNode{Domain: "healthy.example", Status: facts.SPFMultiple, Texts: []string{"v=spf1 -all", "v=spf1 ~all"}}))},
	{rule: "parked.incomplete", name: "SPF that names a host", want: Warn, says: `"v=spf1 mx -all" is not -all alone`, edit: byRecords(spfRecord("v=spf1 mx -all"))},
	{rule: "parked.incomplete", name: "a soft fail", want: Warn, says: `"v=spf1 ~all"`, edit: byRecords(spfRecord("v=spf1 ~all"))},
	{rule: "parked.incomplete", name: "SPF with an explanation", want: Pass, edit: byRecords(spfRecord("v=spf1 exp=why.healthy.example -all"))},
	{rule: "parked.incomplete", name: "SPF that cannot be read", want: Warn, says: "is not -all alone", edit: byRecords(spfRecord("v=spf1 -all ipv4:11.22.33.44"))},
	{rule: "parked.incomplete", name: "SPF without any mechanism", want: Warn, says: "is not -all alone", edit: byRecords(spfRecord("v=spf1"))},
	{rule: "parked.incomplete", name: "hands over to -all", want: Pass, edit: byRecords(handsOver(spfFacts("v=spf1 -all").Root))},
	{rule: "parked.incomplete", name: "hands over to hosts", want: Warn, says: "redirect=_none.host.example", edit: byRecords(handsOver(spfFacts("v=spf1 mx -all").Root))},
	{rule: "parked.incomplete", name: "hands over to what is lost", want: Unknown, says: "timeout", edit: byRecords(handsOver(facts.SPFNode{Status: facts.SPFUnknown, Why: "timeout"}))},
	{rule: "parked.incomplete", name: "no MX", want: Warn, says: "mail to it goes to its own address", edit: byRecords(func(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXImplicit}) })},
	{rule: "parked.incomplete", name: "no MX and no address", want: Warn, says: "no null MX", edit: byRecords(func(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXNone}) })},
	{rule: "parked.incomplete", name: "takes mail", want: Info, says: "mail to it is taken by 2 MX hosts", edit: byRecords(takesMail)},
	{rule: "parked.incomplete", name: "takes mail, and more", want: Warn, says: "no DMARC record; mail to it is taken by 2 MX hosts", edit: byRecords(takesMail, noDMARC)},
	{rule: "parked.incomplete", name: "lost, and more", want: Warn, says: "no DMARC record", edit: byRecords(noDMARC, func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX]("timeout") })},
	{rule: "parked.incomplete", name: "nobody knows whether np= holds", want: Unknown, says: lostWhy, edit: byRecords(npInDoubt("p=none"))},
	{rule: "parked.incomplete", name: "SPF lost", want: Unknown, says: "timeout", edit: byRecords(spfNode(facts.SPFNode{Status: facts.SPFUnknown, Why: "timeout"}))},
	{rule: "parked.incomplete", name: "MX lost", want: Unknown, says: "timeout", edit: byRecords(func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX]("timeout") })},
	{rule: "parked.incomplete", name: "sends", want: "", edit: byRecords(noDMARC, selects)},
	{rule: "parked.incomplete", name: "no domain", want: "", edit: byRecords(noDMARC, func(f *facts.Facts) { f.Exists = facts.Know(false) })},
	{rule: "parked.incomplete", name: "a sender", want: "", edit: noDMARC},

	{rule: "parked.but-sends", want: Fail, says: "no host sends, and yet one does: selector s1", edit: byRecords(takesMail, selects)},
	{rule: "parked.but-sends", name: "a null MX", want: Fail, says: "without mail, and yet it sends: selector s1", edit: byRecords(spfRecord("v=spf1 ip4:11.22.33.44 -all"), selects)},
	{rule: "parked.but-sends", name: "with another MAIL FROM", want: Info, says: "with another domain in MAIL FROM: selector s1", edit: byRecords(takesMail, selects, func(f *facts.Facts) { f.SPF[0].MailFrom = nil })},
	{rule: "parked.but-sends", name: "a null MX, with another MAIL FROM", want: Info, edit: byRecords(selects, func(f *facts.Facts) { f.SPF[0].MailFrom = nil })},
	{rule: "parked.but-sends", name: "many", want: Fail, says: "and 1 more", edit: byRecords(takesMail, func(f *facts.Facts) { f.Streams[0].Selectors = []string{"a", "b", "c", "d", "e", "f"} })},
	{rule: "parked.but-sends", name: "nobody", want: Pass, edit: byRecords()},
	{rule: "parked.but-sends", name: "by the user's word", want: "", edit: byRecords(userSays, selects)},
	{rule: "parked.but-sends", name: "a sender", want: "", edit: func(*facts.Facts) {}},
	{rule: "parked.but-sends", name: "no domain", want: "", edit: byRecords(selects, func(f *facts.Facts) { f.Exists = facts.Know(false) })},
}

// TestParkedAdvice holds what a parked domain is told to publish: what is missing and nothing else, its MX records only
// on a condition, and no tag of its DMARC record taken away.
func TestParkedAdvice(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*facts.Facts)
		want string
	}{
		{"DMARC", byRecords(noDMARC), `Publish _dmarc.healthy.example. TXT "v=DMARC1; p=reject"`},
		{"its own DMARC record", byRecords(withDMARC("v=DMARC1; p=none" + mailtoAgg)), "Publish p=reject in the record at _dmarc.healthy.example, all its other tags as they are"},
		{"its own, testing", byRecords(withDMARC("v=DMARC1; p=reject; t=y")), "Publish p=reject in the record at _dmarc.healthy.example, all its other tags as they are, but for t=y"},
		{"one above", byRecords(withParentDMARC("v=DMARC1; p=none" + mailtoAgg)), `Publish _dmarc.healthy.example. TXT "v=DMARC1; p=reject"`},
		{"all", byRecords(noDMARC, spfNode(facts.SPFNode{Status: facts.SPFNone}), func(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXNone}) }),
			`Publish healthy.example. TXT "v=spf1 -all" as the only SPF record; _dmarc.healthy.example. TXT "v=DMARC1; p=reject"; healthy.example. MX 0 .`},
		{"SPF, of what takes mail", byRecords(takesMail, spfNode(facts.SPFNode{Status: facts.SPFNone})),
			`Publish healthy.example. TXT "v=spf1 -all" as the only SPF record; healthy.example. MX 0 . in place of the MX records, if nobody reads its mail either`},
		{"MX alone", byRecords(takesMail), "Leave it so, or publish healthy.example. MX 0 . in place of the MX records, if nobody reads its mail either"},
		{"DMARC, with SPF lost", byRecords(noDMARC, spfNode(facts.SPFNode{Status: facts.SPFUnknown, Why: "timeout"})), `Publish _dmarc.healthy.example. TXT "v=DMARC1; p=reject"`},
	} {
		f := healthy()
		c.edit(f)
		got := ""
		for _, x := range Run(f, everything).Findings {
			if x.Check.ID == "parked.incomplete" {
				got = x.Fix
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestNoParkedAdviceForSenders holds that no domain that sends is told to publish what would have its mail refused.
func TestNoParkedAdviceForSenders(t *testing.T) {
	for name, edit := range map[string]func(*facts.Facts){
		"sender":        noDMARC,
		"bulk":          inTurn(noDMARC, asBulk),
		"given senders": byRecords(noDMARC, selects),
	} {
		f := healthy()
		edit(f)
		for _, x := range Run(f, func(a Area) bool { return a == "parked" }).Findings {
			if strings.Contains(x.Fix+x.Message, "v=spf1 -all") || strings.Contains(x.Fix+x.Message, "MX 0 .") {
				t.Errorf("%s: %s says %q, %q", name, x.Check.ID, x.Message, x.Fix)
			}
		}
	}
}

// TestButSendsOnce holds that an address that does not pass SPF is one defect: what it costs is in the area of SPF.
func TestButSendsOnce(t *testing.T) {
	ip := netip.MustParseAddr("11.22.33.44")
	f := healthy()
	byRecords(takesMail)(f)
	f.Streams[0].IPs = []netip.Addr{ip}
	f.Results = []facts.SPFResult{{IP: ip, Stream: "default", Declared: true, Identity: "mailfrom", Domain: "healthy.example", Result: "fail", Why: "-all"}}
	implied := map[string]bool{}
	for _, x := range Run(f, everything).Findings {
		if x.Status == Fail {
			implied[x.Check.ID] = x.Implied
		}
	}
	if len(implied) != 2 || implied["spf.ip-not-covered"] || !implied["parked.but-sends"] {
		t.Errorf("failures, and whether they are implied: %v", implied)
	}
}

// TestButSendsCaps holds that a null MX of a sender limits the score as mx.null does, and -all alone by who refuses it.
func TestButSendsCaps(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*facts.Facts)
		want Cap
	}{
		"null MX": {byRecords(spfRecord("v=spf1 ip4:11.22.33.44 -all"), selects), CapDead},
		"-all":    {byRecords(takesMail, selects), CapNone},
	} {
		f := healthy()
		c.edit(f)
		for _, x := range Run(f, func(a Area) bool { return a == "parked" }).Findings {
			if x.Status == Fail && x.Cap != c.want {
				t.Errorf("%s: cap %q, want %q", name, x.Cap, c.want)
			}
		}
	}
	holdsPlace(t, "parked.but-sends", byRecords(takesMail, selects), "healthy.example", "-all")
}

// TestNoHarmfulAdvice: a domain that was taken for parked, and of which the user names senders, is not told to publish what
// refuses their mail.
func TestNoHarmfulAdvice(t *testing.T) {
	weak := inTurn(withDMARC("v=DMARC1; p=none"+mailtoAgg), spfRecord("v=spf1 include:esp.example ~all"))
	none := func(f *facts.Facts) { f.SPF[0].Root = facts.SPFNode{Domain: f.Domain, Status: facts.SPFNone} }
	for name, edit := range map[string]func(*facts.Facts){"weak records": weak, "no SPF": inTurn(weak, none)} {
		t.Run(name, func(t *testing.T) {
			f := healthy()
			byRecords(edit, selects)(f)
			for _, x := range Run(f, everything).Findings {
				if strings.Contains(x.Fix, "v=spf1 -all") || strings.Contains(x.Fix, "p=reject") {
					t.Errorf("%s advises: %s", x.Check.ID, x.Fix)
				}
			}
			// Without senders it is.
			f = healthy()
			byRecords(edit)(f)
			advised := 0
			for _, x := range Run(f, everything).Findings {
				if strings.Contains(x.Fix, "v=spf1 -all") || strings.Contains(x.Fix, "p=reject") {
					advised++
				}
			}
			if advised == 0 {
				t.Error("a domain that sends nothing is not told how to say so")
			}
		})
	}
}
