package checks

import (
	"net/netip"

	"mailaudit/internal/facts"
)

// The states of a server, for tests.
var (
	authoritative = facts.Heard{State: facts.HeardAuthoritative}
	lame          = facts.Heard{State: facts.HeardLame, Why: "192.0.2.53:53 answered REFUSED"}
	garbled       = facts.Heard{State: facts.HeardGarbled, Why: "192.0.2.53:53: malformed over UDP"}
	closedPort    = facts.Heard{State: facts.HeardClosed, Why: "nothing listens at 192.0.2.53:53"}
	quiet         = facts.Heard{State: facts.HeardQuiet, Why: "192.0.2.53:53 did not answer within 4.5s"}
	noWay         = facts.Heard{State: facts.HeardUnreachable, Why: "192.0.2.53:53 cannot be reached: network is noWay"}
)

func talk(host, addr string, udp, tcp facts.Heard) facts.ServerTalk {
	return facts.ServerTalk{Host: host, Addr: netip.MustParseAddr(addr), UDP: udp, TCP: tcp, Serial: 1}
}

// goodTalks are those of two servers in order.
func goodTalks() []facts.ServerTalk {
	return []facts.ServerTalk{talk("ns1.example", "11.60.1.53", authoritative, authoritative), talk("ns2.example", "11.61.1.53", authoritative, authoritative)}
}

// second is a zone whose second server says something else, and perhaps at further addresses.
func second(udp, tcp facts.Heard, more ...facts.ServerTalk) func(*facts.Facts) {
	return zone(func(z *facts.Zone) {
		z.Talks[1].UDP, z.Talks[1].TCP = udp, tcp
		z.Talks = append(z.Talks, more...)
	})
}

// allServers is a zone of which no server says anything else.
func allServers(udp, tcp facts.Heard) func(*facts.Facts) {
	return zone(func(z *facts.Zone) {
		for i := range z.Talks {
			z.Talks[i].UDP, z.Talks[i].TCP = udp, tcp
		}
	})
}

// tcpAbove is an edit where a server of the zone above is heard over TCP.
func tcpAbove(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.Zone.Value.Parent.Value.TCP = true
	}
}

func secondTalk(edit func(*facts.ServerTalk)) func(*facts.Facts) {
	return zone(func(z *facts.Zone) { edit(&z.Talks[1]) })
}

// parent is a zone with this delegation.
func parent(d facts.Fact[facts.Delegation]) func(*facts.Facts) {
	return zone(func(z *facts.Zone) { z.Parent = d })
}

func delegates(servers ...string) facts.Fact[facts.Delegation] {
	return facts.Know(facts.Delegation{Zone: "example", Server: "a.nic.example", Addr: netip.MustParseAddr("11.62.1.53"), Servers: servers})
}

var serverCases = []ruleCase{
	{rule: "ns.lame", want: Warn, says: "ns2.example does not answer for the zone: 192.0.2.53:53 answered REFUSED", edit: second(lame, lame)},
	{rule: "ns.lame", name: "over TCP alone", want: Warn, says: "REFUSED", edit: second(quiet, lame)},
	{rule: "ns.lame", name: "closed", want: Warn, says: "nothing listens", edit: second(closedPort, quiet)},
	{rule: "ns.lame", name: "garbled", want: Warn, says: "malformed", edit: second(garbled, garbled)},
	{rule: "ns.lame", name: "silent beside one that is heard", want: Warn, says: "did not answer", edit: second(quiet, quiet)},
	{rule: "ns.lame", name: "silent alone in its family", want: Unknown, says: "on which side the fault is", edit: zone(func(z *facts.Zone) {
		z.Talks[1] = talk("ns2.example", "2a0f::53", quiet, quiet)
	})},
	{rule: "ns.lame", name: "no way there", want: Unknown, says: "network is noWay", edit: second(noWay, noWay)},
	{rule: "ns.lame", name: "no way there by IPv6", want: Pass, edit: second(authoritative, authoritative, talk("ns2.example", "2a0f::53", noWay, noWay))},
	{rule: "ns.lame", name: "heard over TCP", want: Pass, edit: second(quiet, authoritative)},
	{rule: "ns.lame", name: "none heard", want: Unknown, says: "none of 2 name servers answers us with authority for healthy.example", edit: allServers(lame, lame)},
	{rule: "ns.lame", name: "in order", want: Pass, edit: zone(asIs)},
	{rule: "ns.lame", name: "not asked", want: "", edit: zone(func(z *facts.Zone) { z.Talks = nil })},
	{rule: "ns.lame", name: "does not exist", want: "", edit: func(f *facts.Facts) {
		zone(asIs)(f)
		f.Exists = facts.Know(false)
	}},

	{rule: "ns.parent-mismatch", want: Warn, says: "only example names ns3.example; only the zone itself names ns2.example", edit: parent(delegates("ns1.example", "ns3.example"))},
	{rule: "ns.parent-mismatch", name: "none", want: Warn, says: "a.nic.example, a server of example, names no name server", edit: parent(delegates())},
	{rule: "ns.parent-mismatch", name: "not found out", want: Unknown, says: "timeout", edit: parent(facts.Cannot[facts.Delegation]("timeout"))},
	{rule: "ns.parent-mismatch", name: "nobody heard", want: "", edit: func(f *facts.Facts) {
		allServers(quiet, quiet)(f)
		f.Zone.Value.Parent = facts.Cannot[facts.Delegation]("timeout")
	}},
	{rule: "ns.parent-mismatch", name: "not asked", want: "", edit: parent(facts.Fact[facts.Delegation]{})},
	{rule: "ns.parent-mismatch", name: "in order", want: Pass, edit: zone(asIs)},

	{rule: "ns.tcp", want: Warn, says: "ns2.example answers over UDP and not over TCP: nothing listens", edit: second(authoritative, closedPort)},
	{rule: "ns.tcp", name: "all, and the zone above is heard", want: Warn, says: "nothing listens", edit: tcpAbove(allServers(authoritative, closedPort))},
	{rule: "ns.tcp", name: "all silent, and the zone above is heard", want: Warn, says: "did not answer", edit: tcpAbove(allServers(authoritative, quiet))},
	{rule: "ns.tcp", name: "all, as by a firewall of ours", want: Unknown, says: "our side may block: nothing listens", edit: allServers(authoritative, closedPort)},
	{rule: "ns.tcp", name: "garbled by all", want: Warn, says: "malformed", edit: allServers(authoritative, garbled)},
	{rule: "ns.tcp", name: "silent beside one that is heard", want: Warn, says: "did not answer", edit: second(authoritative, quiet)},
	{rule: "ns.tcp", name: "garbled", want: Warn, says: "malformed", edit: second(authoritative, garbled)},
	{rule: "ns.tcp", name: "all silent", want: Unknown, says: "none of 2 name servers is heard over TCP, which our side may block", edit: allServers(authoritative, quiet)},
	{rule: "ns.tcp", name: "dead", want: "", edit: second(quiet, quiet)},
	{rule: "ns.tcp", name: "lame but there", want: Pass, edit: second(authoritative, lame)},
	{rule: "ns.tcp", name: "nobody heard", want: "", edit: allServers(quiet, quiet)},
	{rule: "ns.tcp", name: "in order", want: Pass, edit: zone(asIs)},

	{rule: "ns.case-0x20", want: Warn, says: "ns2.example (11.61.1.53) changes the case", edit: secondTalk(func(t *facts.ServerTalk) { t.Recased = true })},
	{rule: "ns.case-0x20", name: "refuses mixed case", want: Warn, says: "a name in mixed case: 192.0.2.53:53 answered REFUSED", edit: second(lame, authoritative)},
	{rule: "ns.case-0x20", name: "silent to EDNS", want: Warn, says: "did not answer", edit: second(quiet, authoritative)},
	{rule: "ns.case-0x20", name: "UDP is nobody's", want: "", edit: allServers(quiet, authoritative)},
	{rule: "ns.case-0x20", name: "no EDNS", want: Info, says: "FORMERR to EDNS", edit: secondTalk(func(t *facts.ServerTalk) { t.Plain = true })},
	{rule: "ns.case-0x20", name: "dead", want: "", edit: second(quiet, quiet)},
	{rule: "ns.case-0x20", name: "in order", want: Pass, edit: zone(asIs)},

	{rule: "caa.blocks-issuer", want: Warn, says: `the CAA record at healthy.example, issue ";", lets no authority issue a certificate for mta-sts.healthy.example`, edit: caa(";")},
	{rule: "caa.blocks-issuer", name: "with parameters", want: Warn, says: "lets no authority", edit: caa(" ; account=1", "")},
	{rule: "caa.blocks-issuer", name: "one is named beside", want: Pass, edit: caa(";", "ca.example; account=1")},
	{rule: "caa.blocks-issuer", name: "none", want: Pass, edit: caa()},
	{rule: "caa.blocks-issuer", name: "not found out", want: Unknown, says: "SERVFAIL", edit: zone(func(z *facts.Zone) { z.CAA = facts.Cannot[facts.CAA]("SERVFAIL") })},
	{rule: "caa.blocks-issuer", name: "no MTA-STS", want: "", edit: zone(asIs)},

	{rule: "soa.missing", name: "serials differ", want: Info, says: "2 different serials: 1 at ns1.example, 2 at ns2.example; a transfer may be under way",
		edit: secondTalk(func(t *facts.ServerTalk) { t.Serial = 2 })},
	{rule: "soa.missing", name: "a lame server has no serial", want: "", edit: secondTalk(func(t *facts.ServerTalk) { t.UDP, t.TCP, t.Serial = lame, lame, 0 })},

	{rule: "domain.servfail", want: Fail, says: "every name server of healthy.example that example names fails, and example itself is found: ns1.example: 192.0.2.53:53 did not answer",
		edit: outage(delegates("ns1.example", "ns2.example"), quiet, lame)},
	{rule: "domain.servfail", name: "of servers without address", want: Fail, says: "none of them has an address", edit: outage(delegates("ns1.example"))},
	{rule: "domain.servfail", name: "one answers", want: "", edit: outage(delegates("ns1.example", "ns2.example"), quiet, authoritative)},
	{rule: "domain.servfail", name: "no way to one", want: "", edit: outage(delegates("ns1.example", "ns2.example"), quiet, noWay)},
	{rule: "domain.servfail", name: "silence in another family than the control's", want: "", edit: func(f *facts.Facts) {
		outage(delegates("ns1.example"), quiet)(f)
		f.Zone.Value.Outage.Value.Talks[0].Addr = netip.MustParseAddr("2a0f::53")
	}},
	{rule: "domain.servfail", name: "one not asked", want: "", edit: func(f *facts.Facts) {
		outage(delegates("ns1.example", "ns2.example"), quiet)(f)
		f.Zone.Value.Outage.Value.Lost = "ns2.example: SERVFAIL"
	}},
	{rule: "domain.servfail", name: "no delegation", want: "", edit: outage(delegates())},
	{rule: "domain.servfail", name: "the control fails", want: "", edit: func(f *facts.Facts) {
		outage(delegates("ns1.example"), quiet)(f)
		f.Zone.Value.Outage = facts.Cannot[facts.Outage]("SERVFAIL")
	}},
	{rule: "domain.servfail", name: "in order", want: Pass, edit: zone(asIs)},
}

// outage is a domain of which nothing is found out, whose servers say this.
func outage(control facts.Fact[facts.Delegation], said ...facts.Heard) func(*facts.Facts) {
	return func(f *facts.Facts) {
		*f = *lost()
		o := facts.Outage{Zone: "healthy.example", Control: control.Value}
		for i, h := range said {
			o.Talks = append(o.Talks, talk(control.Value.Servers[i], "11.60.1.53", h, h))
		}
		f.Zone = facts.Know(facts.Zone{Outage: facts.Know(o), SOA: facts.Cannot[facts.SOA]("SERVFAIL"), Servers: facts.Cannot[[]facts.NameServer]("SERVFAIL"),
			Alias: facts.Cannot[facts.Alias]("SERVFAIL"), Wildcard: facts.Cannot[[]string]("SERVFAIL")})
	}
}

// caa is a zone whose MTA-STS host may have certificates of these.
func caa(issue ...string) func(*facts.Facts) {
	return zone(func(z *facts.Zone) {
		z.CAA = facts.Know(facts.CAA{Host: "mta-sts.healthy.example", At: "healthy.example", Issue: issue})
	})
}
