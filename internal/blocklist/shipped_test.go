package blocklist_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit"
	"mailaudit/internal/blocklist"
)

// shipped is the file that the binary carries.
func shipped(t *testing.T) blocklist.File {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func list(t *testing.T, f blocklist.File, zone string) blocklist.List {
	t.Helper()
	i := slices.IndexFunc(f.Lists, func(l blocklist.List) bool { return l.Zone == zone })
	if i < 0 {
		t.Fatalf("no list %s", zone)
	}
	return f.Lists[i]
}

func addrs(s ...string) []netip.Addr {
	var a []netip.Addr
	for _, x := range s {
		a = append(a, netip.MustParseAddr(x))
	}
	return a
}

// TestShippedLists says a second time what each list is, so that a slip in the file is seen.
func TestShippedLists(t *testing.T) {
	want := []string{
		"zen.spamhaus.org ip on 46 address noncommercial 100 major",
		"b.barracudacentral.org ip on 4 address registration 75 major",
		"bl.spamcop.net ip on 4 address free 70 minor",
		"bl.mailspike.net ip on 4 address noncommercial 45 minor",
		"psbl.surriel.com ip on 4 address free 35 minor",
		"dnsbl-1.uceprotect.net ip on 4 address free 35 minor",
		"bl.spameatingmonkey.net ip on 4 address free 30 minor",
		"all.spamrats.com ip on 46 address free 30 minor",
		"bl.blocklist.de ip on 46 address free 25 minor",
		"bip.virusfree.cz ip on 46 address free 25 minor",
		"dnsbl.dronebl.org ip on 46 address free 20 minor",
		"truncate.gbudb.net ip on 4 address free 20 minor",
		"dnsbl.spfbl.net ip on 46 address free 20 minor",
		"spamrbl.swinog.ch ip on 4 address free 20 minor",
		"all.s5h.net ip on 46 address free 15 minor",
		"rbl.interserver.net ip on 4 address free 15 minor",
		"bl.nordspam.com ip on 46 address free 15 minor",
		"bl.0spam.org ip on 4 address free 8 info",
		"dbl.spamhaus.org domain on - domain noncommercial 90 domain",
		"multi.surbl.org domain on - domain noncommercial 70 domain",
		"multi.uribl.com domain on - domain noncommercial 55 domain",
		"dnsbl-2.uceprotect.net ip off 4 net free 5 info",
		"dnsbl-3.uceprotect.net ip off 4 asn free 2 info",
		"z.mailspike.net ip off 4 address noncommercial 35 minor",
		"rep.mailspike.net ip off 4 address noncommercial 0 info",
		"bl.score.senderscore.com ip off 4 address registration 45 minor",
		"score.senderscore.com ip off 4 address registration 0 none",
		"bl.ipv6.spameatingmonkey.net ip off 6 address free 20 minor",
		"dnsrbl.swinog.ch ip off 4 address free 15 minor",
		"nbl.0spam.org ip off 4 net free 2 info",
		"ip.v4bl.org ip off 4 address free 8 minor",
		"singular.ttk.pte.hu ip off 4 address free 8 minor",
		"bl.suomispam.net ip off 46 address free 10 minor",
		"gl.suomispam.net ip off 46 address free 2 info",
		"fresh15.spameatingmonkey.net domain off - domain free 20 minor",
		"uribl.spameatingmonkey.net domain off - domain free 25 minor",
		"dbl.nordspam.com domain off - domain free 15 minor",
	}
	var got []string
	for _, l := range shipped(t).Lists {
		families := ""
		if l.IP4 {
			families += "4"
		}
		if l.IP6 {
			families += "6"
		}
		if families == "" {
			families = "-"
		}
		on := "off"
		if l.Default {
			on = "on"
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %s %s %d %s", l.Zone, l.Kind, on, families, l.Scope, l.Terms, l.Weight, l.Worst()))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestShippedHouseRules holds what must be true of every list that is asked by default.
func TestShippedHouseRules(t *testing.T) {
	f := shipped(t)
	for _, l := range f.Lists {
		if d, ok := f.DeadZone(l.Zone); ok {
			t.Errorf("%s is asked, and not to be asked: %s", l.Zone, d.Reason)
		}
		if l.Operator == l.Zone || l.About == "" {
			t.Errorf("%s: operator %q, about %q", l.Zone, l.Operator, l.About)
		}
		if l.Removal != "" && !strings.HasPrefix(l.Removal, "https://") || l.Removal == "" && l.NoRemoval == "" {
			t.Errorf("%s: removal %q, no-removal %q", l.Zone, l.Removal, l.NoRemoval)
		}
		if u, err := url.Parse(l.Removal); err != nil || u.String() != l.Removal {
			t.Errorf("%s: removal %q: %v", l.Zone, l.Removal, err)
		}
		listed, notListed := l.TestNames()
		if l.Default && (listed == "" || notListed == "" || listed == notListed) {
			t.Errorf("%s is on with the test points %q and %q", l.Zone, listed, notListed)
		}
		if l.Terms == blocklist.TermsKey {
			t.Errorf("%s takes a key, which nobody has yet", l.Zone)
		}
		for _, c := range append(slices.Clone(l.Codes), l.Refused...) {
			if c.Match.Net[0] != 127 {
				t.Errorf("%s: %s is outside 127.0.0.0/8", l.Zone, c.Match)
			}
		}
		major := l.Zone == "zen.spamhaus.org" || l.Zone == "b.barracudacentral.org"
		if (l.Worst() == blocklist.ClassMajor) != major {
			t.Errorf("%s is %s at worst", l.Zone, l.Worst())
		}
	}
}

// TestShippedTestPoints: RFC 5782 5, and the names that the operators of lists of domains publish.
func TestShippedTestPoints(t *testing.T) {
	own := map[string]string{
		"dbl.spamhaus.org": "dbltest.com.dbl.spamhaus.org",
		"multi.surbl.org":  "test.surbl.org.multi.surbl.org",
		"multi.uribl.com":  "test.uribl.com.multi.uribl.com",
	}
	silent := []string{"rep.mailspike.net", "score.senderscore.com", "bl.ipv6.spameatingmonkey.net", "dnsrbl.swinog.ch", "nbl.0spam.org",
		"ip.v4bl.org", "singular.ttk.pte.hu", "bl.suomispam.net", "gl.suomispam.net", "fresh15.spameatingmonkey.net",
		"uribl.spameatingmonkey.net", "dbl.nordspam.com"}
	for _, l := range shipped(t).Lists {
		want := [2]string{"2.0.0.127." + l.Zone, "1.0.0.127." + l.Zone}
		if name, ok := own[l.Zone]; ok {
			want = [2]string{name, "invalid." + l.Zone}
		}
		if slices.Contains(silent, l.Zone) {
			want = [2]string{}
		}
		listed, notListed := l.TestNames()
		if got := [2]string{listed, notListed}; got != want {
			t.Errorf("%s: test points %q, want %q", l.Zone, got, want)
		}
	}
}

// TestShippedCodes decodes every code that the lists document.
func TestShippedCodes(t *testing.T) {
	const refused = blocklist.Class("refused")
	cases := []struct {
		zone, answer string
		class        blocklist.Class // or refused
		meaning      string          // or the reason for refusing
	}{
		{"zen.spamhaus.org", "127.0.0.2", "major", "SBL"},
		{"zen.spamhaus.org", "127.0.0.3", "major", "CSS (an IPv6 listing covers the /64)"},
		{"zen.spamhaus.org", "127.0.0.4", "major", "XBL"},
		{"zen.spamhaus.org", "127.0.0.9", "major", "DROP"},
		{"zen.spamhaus.org", "127.0.0.10", "pbl", "PBL, entered by the ISP"},
		{"zen.spamhaus.org", "127.0.0.11", "pbl", "PBL, entered by Spamhaus"},
		{"zen.spamhaus.org", "127.0.0.30", "minor", "BCL (only with a key)"},
		{"zen.spamhaus.org", "127.255.255.252", refused, "typo in the zone name"},
		{"zen.spamhaus.org", "127.255.255.254", refused, "query through a public or open resolver, or one without attributable reverse DNS"},
		{"zen.spamhaus.org", "127.255.255.255", refused, "excessive queries"},
		{"b.barracudacentral.org", "127.0.0.2", "major", "poor reputation at Barracuda"},
		{"bl.spamcop.net", "127.0.0.2", "minor", "reported as a source of spam"},
		{"bl.mailspike.net", "127.0.0.2", "minor", "zero-hour listing (Z)"},
		{"bl.mailspike.net", "127.0.0.10", "minor", "bad reputation"},
		{"bl.mailspike.net", "127.0.0.11", "minor", "bad reputation"},
		{"bl.mailspike.net", "127.0.0.12", "minor", "bad reputation"},
		{"psbl.surriel.com", "127.0.0.2", "minor", "sent mail to a spam trap"},
		{"dnsbl-1.uceprotect.net", "127.0.0.2", "minor", "level 1: the address itself"},
		{"bl.spameatingmonkey.net", "127.0.0.2", "minor", "SEM-BLACK"},
		{"bl.spameatingmonkey.net", "127.0.0.3", "minor", "SEM-BLACK"},
		{"all.spamrats.com", "127.0.0.36", "policy", "dynamic address"},
		{"all.spamrats.com", "127.0.0.37", "policy", "no reverse name"},
		{"all.spamrats.com", "127.0.0.38", "minor", "source of spam"},
		{"all.spamrats.com", "127.0.0.43", "minor", "attacks on logins"},
		{"bl.blocklist.de", "127.0.0.2", "minor", "attacks, the last number names the service"},
		{"bl.blocklist.de", "127.0.0.21", "minor", "attacks, the last number names the service"},
		{"bip.virusfree.cz", "127.0.0.2", "minor", "source of spam or viruses"},
		{"dnsbl.dronebl.org", "127.0.0.3", "minor", "IRC drone"},
		{"dnsbl.dronebl.org", "127.0.0.5", "minor", "bottler"},
		{"dnsbl.dronebl.org", "127.0.0.6", "minor", "worm or spambot"},
		{"dnsbl.dronebl.org", "127.0.0.7", "minor", "DDoS"},
		{"dnsbl.dronebl.org", "127.0.0.8", "minor", "SOCKS proxy"},
		{"dnsbl.dronebl.org", "127.0.0.9", "minor", "HTTP proxy"},
		{"dnsbl.dronebl.org", "127.0.0.13", "minor", "brute force"},
		{"dnsbl.dronebl.org", "127.0.0.14", "minor", "abuse of another kind"},
		{"dnsbl.dronebl.org", "127.0.0.19", "minor", "abuse of another kind"},
		{"truncate.gbudb.net", "127.0.0.2", "minor", "among the worst addresses of GBUdb"},
		{"dnsbl.spfbl.net", "127.0.0.2", "minor", "bad reputation"},
		{"dnsbl.spfbl.net", "127.0.0.3", "policy", "suspicious: dynamic or without MX"},
		{"dnsbl.spfbl.net", "127.0.0.4", "policy", "residential"},
		{"spamrbl.swinog.ch", "127.0.0.2", "minor", "source of spam at Swiss ISPs"},
		{"all.s5h.net", "127.0.0.2", "minor", "source of spam"},
		{"rbl.interserver.net", "127.0.0.2", "minor", "listed by InterServer"},
		{"bl.nordspam.com", "127.0.0.2", "minor", "source of Nordic spam"},
		{"bl.0spam.org", "127.0.0.2", "info", "listed by 0spam"},
		{"bl.0spam.org", "127.0.0.9", "info", "listed by 0spam"},
		{"dbl.spamhaus.org", "127.0.1.2", "domain", "spam or low reputation"},
		{"dbl.spamhaus.org", "127.0.1.4", "domain", "phishing"},
		{"dbl.spamhaus.org", "127.0.1.5", "domain", "malware"},
		{"dbl.spamhaus.org", "127.0.1.6", "domain", "botnet command and control"},
		{"dbl.spamhaus.org", "127.0.1.102", "abused", "legitimate but abused: spam"},
		{"dbl.spamhaus.org", "127.0.1.103", "abused", "legitimate but abused: redirector"},
		{"dbl.spamhaus.org", "127.0.1.104", "abused", "legitimate but abused: phishing"},
		{"dbl.spamhaus.org", "127.0.1.105", "abused", "legitimate but abused: malware"},
		{"dbl.spamhaus.org", "127.0.1.106", "abused", "legitimate but abused: botnet"},
		{"dbl.spamhaus.org", "127.0.1.255", refused, "queries about addresses are prohibited"},
		{"dbl.spamhaus.org", "127.255.255.252", refused, "typo in the zone name"},
		{"dbl.spamhaus.org", "127.255.255.254", refused, "query through a public or open resolver, or one without attributable reverse DNS"},
		{"dbl.spamhaus.org", "127.255.255.255", refused, "excessive queries"},
		{"multi.surbl.org", "127.0.0.4", "info", "DM (old)"},
		{"multi.surbl.org", "127.0.0.8", "domain", "PH: phishing"},
		{"multi.surbl.org", "127.0.0.16", "domain", "MW: malware"},
		{"multi.surbl.org", "127.0.0.32", "info", "CT"},
		{"multi.surbl.org", "127.0.0.64", "domain", "ABUSE"},
		{"multi.surbl.org", "127.0.0.128", "domain", "CR: cracked sites"},
		{"multi.surbl.org", "127.0.0.1", refused, "access blocked"},
		{"multi.uribl.com", "127.0.0.2", "domain", "black"},
		{"multi.uribl.com", "127.0.0.4", "info", "grey"},
		{"multi.uribl.com", "127.0.0.8", "info", "red"},
		{"multi.uribl.com", "127.0.0.1", refused, "query refused, see uribl.com/refused.shtml"},
		{"dnsbl-2.uceprotect.net", "127.0.0.2", "info", "level 2: the whole allocation is listed"},
		{"dnsbl-3.uceprotect.net", "127.0.0.2", "info", "level 3: the whole autonomous system is listed"},
		{"z.mailspike.net", "127.0.0.2", "minor", "zero-hour listing (Z)"},
		{"rep.mailspike.net", "127.0.0.10", "info", "worst reputation (L5)"},
		{"rep.mailspike.net", "127.0.0.11", "info", "bad reputation (L4)"},
		{"rep.mailspike.net", "127.0.0.12", "info", "bad reputation (L3)"},
		{"rep.mailspike.net", "127.0.0.13", "none", "neutral"},
		{"rep.mailspike.net", "127.0.0.16", "none", "neutral"},
		{"rep.mailspike.net", "127.0.0.17", "none", "good reputation"},
		{"rep.mailspike.net", "127.0.0.20", "none", "good reputation"},
		{"bl.score.senderscore.com", "127.0.0.1", "minor", "listed, the last number names the category"},
		{"bl.score.senderscore.com", "127.0.0.22", "minor", "listed, the last number names the category"},
		{"bl.score.senderscore.com", "127.255.255.255", refused, "not registered"},
		{"score.senderscore.com", "127.0.4.97", "none", "the last number is the score"},
		{"score.senderscore.com", "127.255.255.255", refused, "not registered"},
		{"bl.ipv6.spameatingmonkey.net", "127.0.0.2", "minor", "SEM-IPV6BL"},
		{"dnsrbl.swinog.ch", "127.0.0.3", "minor", "listed by Swiss ISPs"},
		{"nbl.0spam.org", "127.0.0.2", "info", "the whole network is listed"},
		{"ip.v4bl.org", "127.0.0.2", "minor", "listed by v4bl"},
		{"singular.ttk.pte.hu", "127.0.0.2", "minor", "listed by the University of Pecs"},
		{"bl.suomispam.net", "127.0.0.2", "minor", "source of Finnish spam"},
		{"gl.suomispam.net", "127.0.0.2", "info", "on the Finnish greylist"},
		{"fresh15.spameatingmonkey.net", "127.0.0.2", "minor", "registered less than 15 days ago"},
		{"uribl.spameatingmonkey.net", "127.0.0.2", "minor", "named in spam"},
		{"dbl.nordspam.com", "127.0.0.2", "minor", "domain of Nordic spam"},
	}
	f := shipped(t)
	type row struct {
		zone string
		code blocklist.Code
	}
	unseen := map[row]bool{}
	for _, l := range f.Lists {
		for _, c := range append(slices.Clone(l.Codes), l.Refused...) {
			unseen[row{l.Zone, c}] = true
		}
	}
	for _, c := range cases {
		l := list(t, f, c.zone)
		want := blocklist.Verdict{Status: blocklist.Listed, Codes: []string{c.answer}, Class: c.class, Meanings: []string{c.meaning}}
		switch c.class {
		case refused:
			want = blocklist.Verdict{Status: blocklist.Refused, Codes: []string{c.answer}, Why: c.answer + ": " + c.meaning}
		case blocklist.ClassNone:
			want.Status = blocklist.Clean
		}
		if d := cmp.Diff(want, l.Decode(addrs(c.answer))); d != "" {
			t.Errorf("%s %s: %s", c.zone, c.answer, d)
		}
		for r := range unseen {
			if r.zone == c.zone && r.code.Meaning == c.meaning {
				delete(unseen, r)
			}
		}
	}
	for r := range unseen {
		t.Errorf("%s %s %q is not in the table", r.zone, r.code.Match, r.code.Meaning)
	}
}

// TestShippedRefusals: 127.255.255.0/24 is never a listing, on no list.
func TestShippedRefusals(t *testing.T) {
	for _, l := range shipped(t).Lists {
		for _, a := range []string{"127.255.255.0", "127.255.255.252", "127.255.255.254", "127.255.255.255"} {
			if v := l.Decode(addrs(a)); v.Status != blocklist.Refused || v.Why == "" || v.Class != "" {
				t.Errorf("%s %s: %+v", l.Zone, a, v)
			}
		}
	}
}

// TestShippedDead: the zones that copied lists still carry are told, and everything beneath them.
func TestShippedDead(t *testing.T) {
	dead := strings.Fields(`dnsbl.sorbs.net http.dnsbl.sorbs.net new.spam.dnsbl.sorbs.net l1.spews.dnsbl.sorbs.net
		ix.dnsbl.manitu.net cbl.abuseat.org list.dsbl.org multihop.dsbl.org unconfirmed.dsbl.org
		dnsbl.njabl.org combined.njabl.org bhnc.njabl.org dynablock.njabl.org
		dnsbl.ahbl.org ircbl.ahbl.org rhsbl.ahbl.org tor.ahbl.org bl.spamcannibal.org relays.ordb.org dnsbl.inps.de
		rbl.megarbl.net bl.emailbasura.org combined.rbl.msrbl.net images.rbl.msrbl.net phishing.rbl.msrbl.net
		spam.rbl.msrbl.net virus.rbl.msrbl.net ubl.unsubscore.com db.wpbl.info virbl.dnsbl.bit.nl dnsbl.cyberlogic.net
		wormrbl.imp.ch spamrbl.imp.ch dnsbl.madavi.de dnsbl.burnt-tech.com dsn.rfc-ignorant.org abuse.rfc-ignorant.org
		postmaster.rfc-ignorant.org bogusmx.rfc-ignorant.org whois.rfc-ignorant.org fulldom.rfc-ignorant.org
		opm.blitzed.org blackholes.five-ten-sg.com bl.technovision.dk drone.abuse.ch combined.abuse.ch spam.abuse.ch
		httpbl.abuse.ch dnsbl.abuse.ch swl.spamhaus.org _vouch.dwl.spamhaus.org bl.deadbeef.com
		activationcode.r.mail-abuse.com blackholes.mail-abuse.org dialups.mail-abuse.org relays.mail-abuse.org
		sbl.spamhaus.org xbl.spamhaus.org pbl.spamhaus.org sbl-xbl.spamhaus.org`)
	doubtful := strings.Fields(`dul.ru dialups.visi.com blocked.hilli.dk relays.osirusoft.com spews.relays.osirusoft.com
		hostkarma.junkemailfilter.com dnsbl.tornevall.org cidr.bl.mcafee.com dnsbl.justspam.org dnsbl.zapbl.net
		bl.konstant.no spam.dnsbl.anonmails.de korea.services.net short.rbl.jp virus.rbl.jp ubl.lashback.com
		zz.countries.nerd.dk origin.asn.cymru.com torexit.dan.me.uk tor.dan.me.uk`)
	f := shipped(t)
	covered := map[string]bool{}
	for _, zone := range append(slices.Clone(dead), doubtful...) {
		d, ok := f.DeadZone(zone)
		if !ok || d.Reason == "" || d.Doubtful != slices.Contains(doubtful, zone) {
			t.Errorf("%s: %+v, %v", zone, d, ok)
		}
		covered[d.Zone] = true
	}
	for _, d := range f.Dead {
		if !covered[d.Zone] {
			t.Errorf("%s is not in the table", d.Zone)
		}
	}
	for _, zone := range []string{"zen.spamhaus.org", "spamhaus.org", "sorbs.net", "notdnsbl.sorbs.net", ""} {
		if d, ok := f.DeadZone(zone); ok {
			t.Errorf("%q is called dead because of %s", zone, d.Zone)
		}
	}
	if d, ok := f.DeadZone("DNSBL.Sorbs.NET."); !ok || d.Zone != "dnsbl.sorbs.net" {
		t.Errorf("upper case and the dot at the end: %+v, %v", d, ok)
	}
}

// TestDeadZoneMostSpecific: what is known of a part of a zone beats what is known of the whole.
func TestDeadZoneMostSpecific(t *testing.T) {
	whole, part := blocklist.Dead{Zone: "example.org", Reason: "closed"}, blocklist.Dead{Zone: "bl.example.org", Reason: "sold"}
	for _, f := range []blocklist.File{{Dead: []blocklist.Dead{whole, part}}, {Dead: []blocklist.Dead{part, whole}}} {
		for zone, want := range map[string]blocklist.Dead{"a.bl.example.org": part, "bl.example.org": part, "a.example.org": whole} {
			if d, ok := f.DeadZone(zone); !ok || d != want {
				t.Errorf("%s: %+v, want %+v", zone, d, want)
			}
		}
	}
}
