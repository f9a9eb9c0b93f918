package checks

import (
	"net/netip"

	"mailaudit/internal/facts"
)

// mxOf is an edit that gives the domain these MX hosts and says which addresses each has.
func mxOf(hosts map[string][]string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.MX.Value.Hosts = nil
		for h, l := range hosts {
			var at facts.Hosts
			for _, a := range l {
				at.Addresses = append(at.Addresses, netip.MustParseAddr(a))
			}
			f.MX.Value.Hosts = append(f.MX.Value.Hosts, facts.MXHost{Host: h, Addresses: facts.Know(at)})
		}
	}
}

// profile is an edit that does another and changes what the domain is for.
func profile(name string, edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.Profile = facts.Profile{Name: name, Reason: "--profile " + name}
	}
}

// moreMX has more MX records than are looked at.
func moreMX(f *facts.Facts) { f.MX.Value.More = 3 }

func nullMX(f *facts.Facts) {
	f.MX = facts.Know(facts.MX{Status: facts.MXNull, Null: true, Hosts: []facts.MXHost{{Host: "."}}})
}

func nullAndOthers(f *facts.Facts) {
	f.MX.Value.Null = true
	f.MX.Value.Hosts = append(f.MX.Value.Hosts, facts.MXHost{Host: "."})
}

// bouncesTo has the bounces go to another domain whose MX host has these addresses.
func bouncesTo(addresses ...string) func(*facts.Facts) {
	var at facts.Hosts
	for _, a := range addresses {
		at.Addresses = append(at.Addresses, netip.MustParseAddr(a))
	}
	return returnsTo(facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{{Host: "mx.bounce.example", Addresses: facts.Know(at)}}}))
}

var mxCases = []ruleCase{
	{rule: "mx.null", want: Fail, says: "null MX", edit: nullMX},
	{rule: "mx.null", name: "of a bulk sender", want: Fail, edit: profile(facts.Bulk, nullMX)},
	{rule: "mx.null", name: "of a parked domain", want: Pass, edit: profile(facts.Parked, nullMX)},
	{rule: "mx.null", name: "none at all", want: Pass, edit: func(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXImplicit}) }},
	{rule: "mx.null", name: "not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX]("timeout") }},
	{rule: "mx.null", name: "of MAIL FROM", want: Fail, says: "null MX): the MAIL FROM domain says that it accepts no mail", edit: returnsTo(facts.Know(facts.MX{Status: facts.MXNull}))},
	{rule: "mx.null", name: "of MAIL FROM, which has hosts", want: Pass, edit: returnsTo(facts.Know(facts.MX{Status: facts.MXFound}))},
	{rule: "mx.null", name: "of MAIL FROM, lost", want: Unknown, says: "timeout", edit: returnsTo(facts.Cannot[facts.MX]("timeout"))},
	{rule: "mx.null", name: "of MAIL FROM, while nothing is sent", want: Pass, edit: profile(facts.Parked, returnsTo(facts.Know(facts.MX{Status: facts.MXNull})))},
	{rule: "mx.unresolvable", name: "more hosts than are looked at", want: Unknown, says: "only the first 2 of 5 MX records are looked at", edit: moreMX},
	{rule: "mx.unresolvable", name: "one of the others may be reached", want: Warn, says: "mx1.healthy.example", edit: func(f *facts.Facts) {
		mxOf(map[string][]string{"mx1.healthy.example": {}})(f)
		moreMX(f)
	}},
	{rule: "mx.cname", name: "more hosts than are looked at", want: "", edit: moreMX},
	{rule: "mx.no-ipv6", name: "more hosts than are looked at", want: Unknown, says: "only the first 2 of 5", edit: func(f *facts.Facts) {
		moreMX(f)
		f.MX.Value.Hosts[0].Addresses = f.MX.Value.Hosts[1].Addresses
	}},
	{rule: "mx.duplicate-pref-host", name: "more hosts than are looked at", want: Unknown, says: "only the first 2 of 5", edit: moreMX},
	{rule: "mtasts.mx-mismatch", name: "more hosts than are looked at", want: Unknown, says: "only the first 2 of 5", edit: moreMX},
	{rule: "mx.null", name: "no domain", want: "", edit: func(f *facts.Facts) { f.Exists = facts.Know(false) }},

	{rule: "mx.null", name: "with another preference", want: Fail, says: "the only MX record is 10 . (null MX)", edit: func(f *facts.Facts) {
		nullMX(f)
		f.MX.Value.Hosts[0].Preference = 10
	}},

	{rule: "mx.null-plus-others", want: Fail, says: "3 MX records of the domain", edit: nullAndOthers},
	{rule: "mx.null-plus-others", name: "of MAIL FROM", want: Fail, says: "2 MX records of the MAIL FROM domain", edit: returnsTo(facts.Know(facts.MX{Status: facts.MXFound, Null: true,
		Hosts: []facts.MXHost{{Host: "."}, {Host: "mx.bounce.example", Preference: 10}}}))},
	{rule: "mx.null-plus-others", name: "of MAIL FROM, lost, as mx.null says", want: "", edit: returnsTo(facts.Cannot[facts.MX]("timeout"))},
	{rule: "mx.null-plus-others", name: "lost", want: Unknown, says: "timeout", edit: func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX]("timeout") }},
	{rule: "mx.null-plus-others", name: "of a parked domain", want: Warn, edit: profile(facts.Parked, nullAndOthers)},
	{rule: "mx.null-plus-others", name: "alone", want: Pass, edit: nullMX},

	{rule: "mx.private-ip", name: "one family lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) { f.MX.Value.Hosts[0].Addresses.Value.Lost = "AAAA: SERVFAIL" }},
	{rule: "mx.cname", want: Warn, says: "mx2.healthy.example is a CNAME for a.example > b.example", edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[1].Addresses.Value.CNAME = []string{"a.example", "b.example"}
	}},
	{rule: "mx.cname", name: "not found out", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[1].Addresses = facts.Cannot[facts.Hosts]("SERVFAIL")
	}},
	{rule: "mx.cname", name: "no MX records", want: "", edit: func(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXNone}) }},

	{rule: "mx.unresolvable", want: Fail, says: "mx1.healthy.example has neither A nor AAAA records, and no other MX host can be reached", edit: mxOf(map[string][]string{"mx1.healthy.example": nil})},
	{rule: "mx.unresolvable", name: "beside one that resolves", want: Warn, says: "does not exist (NXDOMAIN)", edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[1].Addresses = facts.Know(facts.Hosts{Missing: true})
	}},
	{rule: "mx.unresolvable", name: "beside one that is not known", want: Warn, says: "mx2", edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[0].Addresses = facts.Cannot[facts.Hosts]("timeout")
		f.MX.Value.Hosts[1].Addresses = facts.Know(facts.Hosts{})
	}},
	{rule: "mx.unresolvable", name: "beside one that is not known, which is unknown", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[0].Addresses = facts.Cannot[facts.Hosts]("timeout")
		f.MX.Value.Hosts[1].Addresses = facts.Know(facts.Hosts{})
	}},
	{rule: "mx.unresolvable", name: "beside a private one", want: Fail, edit: mxOf(map[string][]string{"mx1.healthy.example": nil, "mx2.healthy.example": {"10.1.2.3"}})},
	{rule: "mx.unresolvable", name: "beside a null MX", want: Fail, edit: func(f *facts.Facts) {
		mxOf(map[string][]string{"mx1.healthy.example": nil})(f)
		nullAndOthers(f)
	}},
	{rule: "mx.unresolvable", name: "of a parked domain", want: Warn, edit: profile(facts.Parked, mxOf(map[string][]string{"mx1.healthy.example": nil}))},

	{rule: "mx.private-ip", want: Fail, says: "mx1.healthy.example resolves to 10.1.2.3, private (RFC 1918), and no other MX host", edit: mxOf(map[string][]string{"mx1.healthy.example": {"10.1.2.3"}})},
	{rule: "mx.private-ip", name: "beside a public host", want: Warn, says: "127.0.0.1, loopback (RFC 1122), and to 1 more such", edit: mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}, "mx2.healthy.example": {"127.0.0.1", "::1"}})},
	{rule: "mx.private-ip", name: "beside a public address", want: Warn, says: "fd00::25", edit: mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25", "fd00::25"}})},
	{rule: "mx.private-ip", name: "declared public", want: Pass, edit: func(f *facts.Facts) {
		mxOf(map[string][]string{"mx1.healthy.example": {"10.1.2.3"}})(f)
		f.Public = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}},
	{rule: "mx.private-ip", name: "of MAIL FROM", want: Fail, says: "no other MX host of bounce.example, the MAIL FROM domain, can be reached", edit: bouncesTo("127.0.0.1")},
	{rule: "mx.private-ip", name: "of MAIL FROM, beside a public one", want: Pass, edit: bouncesTo("127.0.0.1", "11.22.33.25")},
	{rule: "mx.private-ip", name: "of MAIL FROM, as reports alone say", want: Warn, says: "as a report says", edit: func(f *facts.Facts) {
		bouncesTo("127.0.0.1")(f)
		f.Streams = append(f.Streams, facts.Stream{Name: "a report", MailFrom: "postmaster@bounce.example", ByReports: true})
	}},
	{rule: "mx.unresolvable", name: "of MAIL FROM", want: Fail, says: "mx.bounce.example has neither A nor AAAA records, and no other MX host of bounce.example", edit: bouncesTo()},
	{rule: "mx.unresolvable", name: "of MAIL FROM, lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		bouncesTo()(f)
		f.Returns[0].MX.Value.Hosts[0].Addresses = facts.Cannot[facts.Hosts]("SERVFAIL")
	}},
	{rule: "mx.ip-literal", name: "of MAIL FROM, lost", want: Pass, edit: func(f *facts.Facts) {
		bouncesTo()(f)
		f.Returns[0].MX.Value.Hosts[0].Addresses = facts.Cannot[facts.Hosts]("SERVFAIL")
	}},
	{rule: "mx.unresolvable", name: "of MAIL FROM, lost beside one that is public", want: Pass, edit: func(f *facts.Facts) {
		bouncesTo("11.22.33.25")(f)
		mx := &f.Returns[0].MX.Value
		mx.Hosts = append([]facts.MXHost{{Host: "lost.bounce.example", Addresses: facts.Cannot[facts.Hosts]("SERVFAIL")}}, mx.Hosts...)
	}},
	{rule: "mx.unresolvable", name: "of MAIL FROM, hosts of the domain's own", want: Pass, edit: func(f *facts.Facts) { returnsTo(f.MX)(f) }},
	{rule: "mx.private-ip", name: "of MAIL FROM, where the domain has another host", want: Fail, says: "and no other MX host of bounce.example", edit: func(f *facts.Facts) {
		bouncesTo("127.0.0.1")(f)
		f.MX.Value.Hosts = append(f.MX.Value.Hosts, f.Returns[0].MX.Value.Hosts[0])
	}},
	{rule: "mx.ip-literal", name: "of MAIL FROM", want: Fail, says: "11.22.33.25.bounce.example is an address with the domain appended", edit: func(f *facts.Facts) {
		bouncesTo()(f)
		f.Returns[0].MX.Value.Hosts[0].Host = "11.22.33.25.bounce.example"
	}},
	{rule: "mx.localhost", name: "of MAIL FROM", want: Fail, says: "whichever host looks it up", edit: func(f *facts.Facts) {
		bouncesTo("127.0.0.1")(f)
		f.Returns[0].MX.Value.Hosts[0].Host = "localhost.bounce.example"
	}},
	{rule: "mx.private-ip", name: "of a parked domain", want: Warn, edit: profile(facts.Parked, mxOf(map[string][]string{"mx1.healthy.example": {"10.1.2.3"}}))},
}
