package checks

import (
	"net/netip"
	"strings"
	"testing"

	"mailaudit/internal/facts"
)

// leads are reverse names of the healthy sender, each with the addresses that it leads to; confirm is the outcome.
func leads(confirm string, names map[string]string, order ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		p := facts.PTR{Confirm: confirm, Names: []facts.PTRName{}}
		for _, n := range order {
			h := facts.Hosts{Addresses: []netip.Addr{}}
			if a := names[n]; a != "" {
				h.Addresses = append(h.Addresses, netip.MustParseAddr(a))
			}
			p.Names = append(p.Names, facts.PTRName{Name: n, Addresses: facts.Know(h)})
		}
		f.Sources[0].PTR = facts.Know(p)
	}
}

// lead is leads for one name.
func lead(confirm, name, to string) func(*facts.Facts) {
	return leads(confirm, map[string]string{name: to}, name)
}

// calls is the healthy domain whose host says another name, which has an address.
func calls(helo string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.Streams[0].HELO, f.HELOs[0].Name = helo, helo }
}

// literally is calls for what is no name, and so has nothing to be looked up.
func literally(helo string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		calls(helo)(f)
		f.HELOs[0].Addresses = facts.Fact[facts.Hosts]{}
	}
}

// sends is the healthy domain with another declared address, of which no public DNS knows anything.
func sends(ip string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		a := netip.MustParseAddr(ip)
		f.Streams[0].IPs = append(f.Streams[0].IPs, a)
		f.Sources = append(f.Sources, facts.Source{IP: a, Stream: "default", Origin: "flag", Declared: true})
	}
}

// sourceless is the healthy domain with another SPF record and no address that sends.
func sourceless(record string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Streams[0].IPs, f.Sources, f.Results, f.Listings = nil, nil, nil, f.Listings[1:]
		f.SPF[0] = spfFacts(record)
	}
}

var ptrCases = []ruleCase{
	{rule: "ip.private", want: Fail, says: "10.1.2.3 is private (RFC 1918)", edit: sends("10.1.2.3")},
	{rule: "ip.private", name: "IPv6", want: Fail, says: "link-local", edit: sends("fe80::1")},
	{rule: "ip.private", name: "assumed public", want: Pass, edit: func(f *facts.Facts) {
		sends("10.1.2.3")(f)
		f.Public = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}},
	{rule: "ip.private", name: "nothing declared", want: "", edit: func(f *facts.Facts) { f.Streams[0].IPs = nil }},

	{rule: "ip.no-source", want: Info, says: "the record leads to _spf.sender.example, other.example",
		edit: sourceless("v=spf1 include:_spf.sender.example include:_spf.sender.example redirect=other.example")},
	{rule: "ip.no-source", name: "no provider either", want: Info, says: "address blocklists were not judged", edit: sourceless("v=spf1 ip4:11.22.33.0/24 -all")},
	{rule: "ip.no-source", name: "another provider for HELO", want: Info, says: "leads to mail.example", edit: func(f *facts.Facts) {
		helo := spfFacts("v=spf1 include:helo.example -all")
		helo.From, helo.MailFrom, helo.HELO, helo.Domain = false, nil, []string{"default"}, "mail.healthy.example"
		sourceless("v=spf1 include:mail.example -all")(f)
		f.SPF = append([]facts.SPF{helo}, f.SPF...)
	}},
	{rule: "ip.no-source", name: "SPF lost", want: "", edit: func(f *facts.Facts) {
		sourceless("v=spf1 -all")(f)
		f.SPF[0].Root = facts.SPFNode{Domain: f.Domain, Status: facts.SPFUnknown, Why: "timeout"}
	}},
	{rule: "ip.no-source", name: "parked", want: "", edit: func(f *facts.Facts) {
		sourceless("v=spf1 -all")(f)
		f.Profile.Name = facts.Parked
	}},
	{rule: "ip.no-source", name: "no domain", want: "", edit: func(f *facts.Facts) {
		sourceless("v=spf1 -all")(f)
		f.Exists = facts.Know(false)
	}},

	{rule: "ptr.missing", want: Fail, says: "11.22.33.44 has no PTR record", edit: leads("fail", nil)},
	{rule: "ptr.missing", name: "candidate", want: Warn, says: "if this address sends", edit: func(f *facts.Facts) {
		leads("fail", nil)(f)
		f.Sources[0].Declared = false
	}},
	{rule: "ptr.missing", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.Sources[0].PTR = facts.Cannot[facts.PTR]("SERVFAIL")
	}},
	{rule: "ptr.missing", name: "private, never asked", want: "", edit: func(f *facts.Facts) {
		f.Sources[0].PTR = facts.Fact[facts.PTR]{}
	}},

	{rule: "ptr.no-forward", want: Fail, says: "gone.healthy.example, which has no A record", edit: lead("fail", "gone.healthy.example", "")},
	{rule: "ptr.no-forward", name: "IPv6", want: Fail, says: "no AAAA record", edit: func(f *facts.Facts) {
		lead("fail", "gone.healthy.example", "")(f)
		f.Sources[0].IP = netip.MustParseAddr("2a0f:1234:5678::25")
	}},
	{rule: "ptr.no-forward", name: "a second name confirms", want: Pass, edit: leads("pass",
		map[string]string{"mail.healthy.example": "11.22.33.44"}, "gone.healthy.example", "mail.healthy.example")},
	{rule: "ptr.no-forward", name: "a second name leads elsewhere", want: Pass, edit: leads("fail",
		map[string]string{"mx1.healthy.example": "11.22.33.25"}, "gone.healthy.example", "mx1.healthy.example")},
	{rule: "ptr.no-forward", name: "no name at all", want: "", edit: leads("fail", nil)},
	{rule: "ptr.no-forward", name: "forward lost", want: Unknown, says: "mail.healthy.example: timeout", edit: forwardLost},

	{rule: "ptr.forward-mismatch", want: Fail, says: "mx1.healthy.example, which leads to 11.22.33.25 and not back", edit: lead("fail", "mx1.healthy.example", "11.22.33.25")},
	{rule: "ptr.forward-mismatch", name: "of two names neither confirms", want: Fail, says: "gone.healthy.example, which leads to nothing", edit: leads("fail",
		map[string]string{"mx1.healthy.example": "11.22.33.25"}, "gone.healthy.example", "mx1.healthy.example")},
	{rule: "ptr.forward-mismatch", name: "a second name confirms", want: Pass, edit: leads("pass",
		map[string]string{"mx1.healthy.example": "11.22.33.25", "mail.healthy.example": "11.22.33.44"}, "mx1.healthy.example", "mail.healthy.example")},
	{rule: "ptr.forward-mismatch", name: "no forward", want: Pass, edit: lead("fail", "gone.healthy.example", "")},
	{rule: "ptr.forward-mismatch", name: "forward lost", want: Unknown, says: "timeout", edit: forwardLost},

	{rule: "ptr.generic", want: Warn, says: "ip-11-22-33-44.isp.example.net contains its address", edit: lead("pass", "ip-11-22-33-44.isp.example.net", "11.22.33.44")},
	{rule: "ptr.generic", name: "by a word", want: Warn, says: `contains the word "dyn"`, edit: lead("fail", "c7.dyn.example.net", "")},
	{rule: "ptr.generic", name: "one of two names is proper", want: Pass, edit: leads("pass",
		map[string]string{"mail.healthy.example": "11.22.33.44"}, "c7.dyn.example.net", "mail.healthy.example")},
	{rule: "ptr.generic", name: "of a service", want: Pass, edit: lead("pass", "mta-22-33-44.sparkpostmail.com", "11.22.33.44")},
	{rule: "ptr.generic", name: "claims to be of a service", want: Warn, says: "sparkpostmail.com", edit: lead("fail", "mta-22-33-44.sparkpostmail.com", "11.22.33.25")},
	{rule: "ptr.generic", name: "forward lost", want: Warn, says: "contains its address", edit: func(f *facts.Facts) {
		forwardLost(f)
		f.Sources[0].PTR.Value.Names[0].Name = "ip-11-22-33-44.isp.example.net"
	}},
	{rule: "ptr.generic", name: "no name at all", want: "", edit: leads("fail", nil)},

	{rule: "helo.not-fqdn", want: Fail, says: `"mailhost" is a single label`, edit: literally("mailhost")},
	{rule: "helo.not-fqdn", name: "a hyphen at the beginning of a label", want: Fail, says: "has a label that begins with a hyphen", edit: calls("mx.-mail.healthy.example")},
	{rule: "helo.not-fqdn", name: "a hyphen at the end of a label", want: Fail, says: "has a label that ends in a hyphen", edit: calls("mail-.healthy.example")},
	{rule: "helo.not-fqdn", name: "localhost", want: Fail, says: "to nobody else", edit: literally("LOCALHOST")},
	{rule: "helo.not-fqdn", name: "localhost.localdomain", want: Fail, says: "to nobody else", edit: calls("localhost.localdomain")},
	{rule: "helo.not-fqdn", name: "a port", want: Fail, says: `holds ':'`, edit: calls("mail.healthy.example:25")},
	{rule: "helo.not-fqdn", name: "half a literal", want: Fail, says: `holds '['`, edit: literally("[11.22.33.44")},
	{rule: "helo.not-fqdn", name: "a dot at the end", want: Fail, says: "empty label", edit: calls("mail.healthy.example.")},
	{rule: "helo.not-fqdn", name: "a number at the end", want: Fail, says: "ends in the number 44", edit: calls("11.22.44")},
	{rule: "helo.not-fqdn", name: "a long label", want: Fail, says: "64 octets, more than 63", edit: calls(strings.Repeat("a", 64) + ".example")},
	{rule: "helo.not-fqdn", name: "a long name", want: Fail, says: "263 octets, more than 253",
		edit: calls(strings.Repeat(strings.Repeat("a", 63)+".", 4) + "example")},
	{rule: "helo.not-fqdn", name: "an underscore", want: Pass, edit: calls("mail_1.healthy.example")},
	{rule: "helo.not-fqdn", name: "a literal", want: "", edit: literally("[11.22.33.44]")},
	{rule: "helo.not-fqdn", name: "not given", want: "", edit: func(f *facts.Facts) { f.HELOs = nil }},

	{rule: "helo.ip-literal", want: Warn, says: "literal [11.22.33.44]", edit: literally("[11.22.33.44]")},
	{rule: "helo.ip-literal", name: "IPv6", want: Warn, says: "literal [IPv6:2a0f::1]", edit: literally("[IPv6:2a0f::1]")},
	{rule: "helo.ip-literal", name: "bare", want: Warn, says: "bare address 11.22.33.44", edit: literally("11.22.33.44")},
	{rule: "helo.ip-literal", name: "not given", want: "", edit: func(f *facts.Facts) { f.HELOs = nil }},

	{rule: "helo.unresolvable", want: Fail, says: "NXDOMAIN", edit: func(f *facts.Facts) {
		f.HELOs[0].Addresses = facts.Know(facts.Hosts{Missing: true})
	}},
	{rule: "helo.unresolvable", name: "no address", want: Fail, says: "neither A nor AAAA", edit: func(f *facts.Facts) {
		f.HELOs[0].Addresses = facts.Know(facts.Hosts{})
	}},
	{rule: "helo.unresolvable", name: "lost", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		f.HELOs[0].Addresses = facts.Cannot[facts.Hosts]("timeout")
	}},
	{rule: "helo.unresolvable", name: "no name that could", want: "", edit: func(f *facts.Facts) {
		calls("localhost.localdomain")(f)
		f.HELOs[0].Addresses = facts.Know(facts.Hosts{Missing: true})
	}},

	{rule: "helo.ptr-mismatch", want: Info, says: "calls itself smtp.healthy.example, its address is called mail.healthy.example", edit: calls("smtp.healthy.example")},
	{rule: "helo.ptr-mismatch", name: "another case", want: Pass, edit: calls("MAIL.healthy.example")},
	{rule: "helo.ptr-mismatch", name: "one of two addresses", want: Pass, edit: func(f *facts.Facts) {
		sends("11.22.33.45")(f)
		f.Sources[1].PTR = facts.Know(facts.PTR{Names: []facts.PTRName{{Name: "mail2.healthy.example"}}, Confirm: "pass"})
	}},
	{rule: "helo.ptr-mismatch", name: "of another stream", want: "", edit: func(f *facts.Facts) { f.Sources[0].Stream = "other" }},
	{rule: "helo.ptr-mismatch", name: "PTR lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.Sources[0].PTR = facts.Cannot[facts.PTR]("SERVFAIL")
	}},
	{rule: "helo.ptr-mismatch", name: "one PTR lost, another fits", want: Pass, edit: func(f *facts.Facts) {
		sends("11.22.33.45")(f)
		f.Sources[1].PTR = facts.Cannot[facts.PTR]("SERVFAIL")
	}},
	{rule: "helo.ptr-mismatch", name: "one PTR lost, another does not fit", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		sends("11.22.33.45")(f)
		f.Sources[1].PTR = facts.Cannot[facts.PTR]("SERVFAIL")
		calls("smtp.healthy.example")(f)
	}},
	{rule: "helo.ptr-mismatch", name: "no PTR", want: "", edit: leads("fail", nil)},
	{rule: "helo.ptr-mismatch", name: "no name", want: "", edit: literally("mailhost")},
}

func forwardLost(f *facts.Facts) {
	f.Sources[0].PTR = facts.Know(facts.PTR{Confirm: "unknown", Why: "mail.healthy.example: timeout",
		Names: []facts.PTRName{{Name: "mail.healthy.example", Addresses: facts.Cannot[facts.Hosts]("timeout")}}})
}

// TestPrivateOnce holds that an address in two streams is one finding.
func TestPrivateOnce(t *testing.T) {
	f := healthy()
	sends("10.1.2.3")(f)
	f.Streams = append(f.Streams, f.Streams[0])
	n := 0
	for _, x := range Run(f, everything).Findings {
		if x.Check.ID == "ip.private" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d findings about one address", n)
	}
}

// TestPTRDecides holds that the PTR of a declared address decides, and that of a candidate does not.
func TestPTRDecides(t *testing.T) {
	for _, declared := range []bool{true, false} {
		f := healthy()
		f.Sources[0].PTR = facts.Cannot[facts.PTR]("SERVFAIL")
		f.Sources[0].Declared = declared
		for _, x := range Run(f, everything).Findings {
			if x.Check.ID == "ptr.missing" && x.Deciding != declared {
				t.Errorf("declared %v: deciding is %v", declared, x.Deciding)
			}
		}
	}
}

// TestNoSourceCountsForNothing holds that an audit without an address has no share in what could be decided.
func TestNoSourceCountsForNothing(t *testing.T) {
	f := healthy()
	sourceless("v=spf1 include:_spf.sender.example -all")(f)
	f.HELOs = nil
	if s := Run(f, everything).Shares["ptr"]; s.Total != 0 {
		t.Errorf("%d of %d questions of ptr count", s.Decided, s.Total)
	}
}
