package checks

import (
	"fmt"
	"net/netip"
	"testing"

	"mailaudit/internal/facts"
)

const sender6 = "2a0f:1234:5678::25"

// from6 is the healthy domain with an IPv6 address that sends besides, and what its reverse name is.
func from6(p facts.Fact[facts.PTR]) func(*facts.Facts) {
	return func(f *facts.Facts) {
		sends(sender6)(f)
		f.Sources[1].PTR = p
	}
}

// named are so many reverse names, all of which lead back.
func named(n int) func(*facts.Facts) {
	to := map[string]string{}
	var order []string
	for i := range n {
		order = append(order, fmt.Sprintf("mail%c.healthy.example", 'a'+i))
		to[order[i]] = sender.String()
	}
	return leads("pass", to, order...)
}

func ptrLost(f *facts.Facts) { f.Sources[0].PTR = facts.Cannot[facts.PTR]("SERVFAIL") }

// toGoogle lets the HELO name lead to another's host.
func toGoogle(f *facts.Facts) {
	f.HELOs[0].Addresses = facts.Know(facts.Hosts{Addresses: []netip.Addr{netip.MustParseAddr("142.250.1.27")}})
}

var ptrNameCases = []ruleCase{
	{rule: "ptr.ipv6-missing", want: Fail, says: sender6 + " has no PTR record", edit: from6(facts.Know(facts.PTR{Confirm: "fail"}))},
	{rule: "ptr.ipv6-missing", name: "leaves IPv4 alone", want: "", edit: leads("fail", nil)},
	{rule: "ptr.missing", name: "leaves IPv6 alone", want: Pass, edit: from6(facts.Know(facts.PTR{Confirm: "fail"}))},
	{rule: "ptr.missing", name: "IPv6 lost", want: Pass, edit: from6(facts.Cannot[facts.PTR]("SERVFAIL"))},
	{rule: "ptr.ipv6-missing", name: "lost", want: Unknown, says: "SERVFAIL", edit: from6(facts.Cannot[facts.PTR]("SERVFAIL"))},
	{rule: "ptr.ipv6-missing", name: "there", want: Pass, edit: from6(facts.Know(facts.PTR{Confirm: "pass", Names: []facts.PTRName{{Name: "mail.healthy.example"}}}))},
	{rule: "ptr.ipv6-missing", name: "candidate", want: Warn, says: "if this address sends", edit: func(f *facts.Facts) {
		from6(facts.Know(facts.PTR{Confirm: "fail"}))(f)
		f.Sources[1].Declared = false
	}},

	{rule: "ptr.ip-literal", want: Fail, says: `points to no host name: "11.22.33.44" ends in the number 44`, edit: lead("fail", "11.22.33.44", "")},
	{rule: "ptr.ip-literal", name: "a single label", want: Fail, says: `"localhost" names the host itself`, edit: lead("fail", "localhost", "127.0.0.1")},
	{rule: "ptr.ip-literal", name: "one of two names is proper", want: Pass, edit: leads("fail", nil, "11.22.33.44", "gone.healthy.example")},
	{rule: "ptr.ip-literal", name: "an odd name that leads back", want: Warn, says: `although it leads back: "mail/1.healthy.example" holds '/'`, edit: lead("pass", "mail/1.healthy.example", "11.22.33.44")},
	{rule: "ptr.ip-literal", name: "a hyphen at the end", want: Fail, says: `"mail-.healthy.example" has a label that ends in a hyphen`, edit: lead("fail", "mail-.healthy.example", "")},
	{rule: "ptr.ip-literal", name: "a hyphen at the beginning, leading back", want: Warn, says: `"-mail.healthy.example" has a label that begins with a hyphen`, edit: lead("pass", "-mail.healthy.example", "11.22.33.44")},
	{rule: "ptr.ip-literal", name: "a single label that leads back", want: Pass, edit: lead("pass", "mailhost", "11.22.33.44")},
	{rule: "ptr.ip-literal", name: "hyphens within", want: Pass, edit: lead("pass", "mail--1.healthy.example", "11.22.33.44")},
	{rule: "ptr.ip-literal", name: "lost", want: Unknown, says: "SERVFAIL", edit: ptrLost},
	{rule: "ptr.ip-literal", name: "forward lost", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		forwardLost(f)
		f.Sources[0].PTR.Value.Names[0].Name = "mail/1.healthy.example"
	}},
	{rule: "ptr.ip-literal", name: "no name at all", want: "", edit: leads("fail", nil)},
	{rule: "ptr.no-forward", name: "an address for a name", want: "", edit: lead("fail", "11.22.33.44", "")},
	{rule: "ptr.forward-mismatch", name: "localhost for a name", want: "", edit: lead("fail", "localhost", "127.0.0.1")},
	{rule: "ptr.generic", name: "an address for a name", want: "", edit: lead("fail", "11.22.33.44", "")},

	{rule: "ptr.multiple", want: Warn, says: "11.22.33.44 has 4 PTR records, more than 3: maila.healthy.example", edit: named(4)},
	{rule: "ptr.multiple", name: "three", want: Pass, edit: named(3)},
	{rule: "ptr.multiple", name: "ten", want: Warn, says: "has 10 PTR records, more than 3", edit: named(10)},
	{rule: "ptr.multiple", name: "more than were looked at", want: Warn, says: "has more than 10 PTR records: maila", edit: named(11)},
	{rule: "ptr.multiple", name: "lost", want: Unknown, says: "SERVFAIL", edit: ptrLost},
	{rule: "ptr.multiple", name: "none", want: "", edit: leads("fail", nil)},

	{rule: "ptr.underscore", want: Warn, says: "11.22.33.44 points to mail_1.healthy.example", edit: lead("pass", "mail_1.healthy.example", "11.22.33.44")},
	{rule: "ptr.underscore", name: "one of two names is proper", want: Pass, edit: leads("pass",
		map[string]string{"mail.healthy.example": "11.22.33.44"}, "mail_1.healthy.example", "mail.healthy.example")},
	{rule: "ptr.underscore", name: "lost", want: Unknown, says: "SERVFAIL", edit: ptrLost},

	{rule: "ptr.underscore", name: "none", want: "", edit: leads("fail", nil)},

	{rule: "helo.underscore", want: Warn, says: "the HELO name holds an underscore", edit: calls("mail_1.healthy.example")},
	{rule: "helo.underscore", name: "a literal", want: "", edit: literally("[11.22.33.44]")},

	{rule: "ptr.other-domain", want: Info, says: "11.22.33.44 points to s1.hoster.example, which is not of healthy.example", edit: lead("pass", "s1.hoster.example", "11.22.33.44")},
	{rule: "ptr.other-domain", name: "nor of HELO", want: Info, says: "healthy.example or other.example", edit: inTurn(lead("pass", "s1.hoster.example", "11.22.33.44"), calls("mail.other.example"))},
	{rule: "ptr.other-domain", name: "of HELO", want: Pass, edit: inTurn(lead("pass", "s1.hoster.example", "11.22.33.44"), calls("MAIL.Hoster.example"))},
	{rule: "ptr.other-domain", name: "of another stream's HELO", want: Info, says: "hoster.example", edit: inTurn(lead("pass", "s1.hoster.example", "11.22.33.44"), calls("mail.hoster.example"),
		func(f *facts.Facts) { f.HELOs[0].Stream = "other" })},
	{rule: "ptr.other-domain", name: "one of two names", want: Pass, edit: leads("pass", nil, "s1.hoster.example", "mail.healthy.example")},
	{rule: "ptr.other-domain", name: "of a service", want: Pass, edit: lead("pass", "a8-1.smtp-out.amazonses.com", "11.22.33.44")},
	{rule: "ptr.other-domain", name: "claims to be of a service", want: Info, says: "amazonses.com", edit: lead("fail", "a8-1.smtp-out.amazonses.com", "11.22.33.45")},
	{rule: "ptr.other-domain", name: "no host name", want: Pass, edit: lead("fail", "11.22.33.44", "")},
	{rule: "ptr.other-domain", name: "lost", want: Unknown, says: "SERVFAIL", edit: ptrLost},

	{rule: "ptr.ipv6-slaac", want: Info, says: "(ff:fe)", edit: sends("2a0f:1234:5678::5054:ff:fe12:3456")},
	{rule: "ptr.ipv6-slaac", name: "static", want: Pass, edit: sends(sender6)},
	{rule: "ptr.ipv6-slaac", name: "ff:fe toGoogle", want: Pass, edit: sends("2a0f:1234:ff:fe00::25")},
	{rule: "ptr.ipv6-slaac", name: "fe alone", want: Pass, edit: sends("2a0f:1234:5678::1:fe12:3456")},
	{rule: "ptr.ipv6-slaac", name: "link-local", want: "", edit: sends("fe80::5054:ff:fe12:3456")},
	{rule: "ptr.ipv6-slaac", name: "no IPv6", want: "", edit: func(*facts.Facts) {}},

	{rule: "helo.recipient-name", want: Fail, says: "calls itself by a name of gmail.com", edit: inTurn(calls("GMail.com"), toGoogle)},
	{rule: "helo.recipient-name", name: "a host of its", want: Fail, says: "a name of google.com", edit: inTurn(calls("mx.google.com"), toGoogle)},
	{rule: "helo.recipient-name", name: "begins alike", want: "", edit: inTurn(calls("notgmail.com"), toGoogle)},
	{rule: "helo.recipient-name", name: "of the audited domain", want: "", edit: inTurn(calls("mail.gmail.com"), toGoogle, func(f *facts.Facts) { f.Domain = "gmail.com" })},
	{rule: "helo.recipient-name", name: "leads to the sender", want: Pass, edit: calls("mail-sor-f41.google.com")},
	{rule: "helo.recipient-name", name: "the provider's own machine", want: Pass, edit: inTurn(calls("gmail.com"), toGoogle, lead("pass", "mail-sor-f41.google.com", "11.22.33.44"))},
	{rule: "helo.recipient-name", name: "forged reverse name", want: Fail, says: "gmail.com", edit: inTurn(calls("gmail.com"), toGoogle, lead("fail", "mail-sor-f41.google.com", "142.250.1.27"))},
	{rule: "helo.recipient-name", name: "PTR lost", want: Unknown, says: "SERVFAIL", edit: inTurn(calls("gmail.com"), toGoogle, ptrLost)},
	{rule: "helo.recipient-name", name: "PTR half lost", want: Unknown, says: "timeout", edit: inTurn(calls("gmail.com"), toGoogle, forwardLost)},
	{rule: "helo.recipient-name", name: "name lost", want: Unknown, says: "timed out", edit: inTurn(calls("gmail.com"), func(f *facts.Facts) {
		f.HELOs[0].Addresses = facts.Cannot[facts.Hosts]("timed out")
	})},
	{rule: "helo.recipient-name", name: "not all addresses known", want: Unknown, says: "AAAA timed out", edit: inTurn(calls("gmail.com"), toGoogle, func(f *facts.Facts) {
		f.HELOs[0].Addresses.Value.Lost = "AAAA timed out"
	})},
	{rule: "helo.recipient-name", name: "PTR lost, of no matter", want: Pass, edit: inTurn(calls("mail-sor-f41.google.com"), ptrLost)},
	{rule: "helo.recipient-name", name: "no address that says it", want: "", edit: inTurn(calls("gmail.com"), toGoogle, func(f *facts.Facts) { f.Sources[0].Stream = "other" })},
	{rule: "helo.recipient-name", name: "a private address, never asked", want: "", edit: inTurn(calls("gmail.com"), toGoogle, func(f *facts.Facts) { f.Sources[0].PTR = facts.Fact[facts.PTR]{} })},
	{rule: "helo.recipient-name", name: "a guess who says it", want: "", edit: inTurn(calls("gmail.com"), toGoogle, func(f *facts.Facts) { f.Sources[0].Declared = false })},
}

// TestUnderscoreOnce holds that a name with an underscore in PTR and HELO is one defect, and two in two names.
func TestUnderscoreOnce(t *testing.T) {
	for helo, want := range map[string]bool{"Mail_1.healthy.example": true, "mail_2.healthy.example": false} {
		f := healthy()
		inTurn(lead("pass", "mail_1.healthy.example", "11.22.33.44"), calls(helo))(f)
		n := 0
		for _, x := range Run(f, everything).Findings {
			switch x.Check.ID {
			case "ptr.underscore":
				if n++; x.Implied {
					t.Errorf("HELO %s: %q is implied", helo, x.Message)
				}
			case "helo.underscore":
				if n++; x.Implied != want {
					t.Errorf("HELO %s: %q: implied is %v", helo, x.Message, x.Implied)
				}
			}
		}
		if n != 2 {
			t.Errorf("HELO %s: %d findings", helo, n)
		}
	}
}

// TestMissingReverseOfIPv6 holds that Microsoft 365, which wants a PTR record of IPv6 alone, refuses for that alone.
func TestMissingReverseOfIPv6(t *testing.T) {
	f := healthy()
	inTurn(leads("fail", nil), from6(facts.Know(facts.PTR{Confirm: "fail"})))(f)
	got := map[string]bool{}
	for _, x := range Run(f, everything).Findings {
		for _, r := range x.Refused {
			got[x.Check.ID+" "+r] = true
		}
	}
	if !got["ptr.ipv6-missing microsoft365"] || got["ptr.missing microsoft365"] || !got["ptr.missing gmail"] {
		t.Errorf("refused: %v", got)
	}
}
