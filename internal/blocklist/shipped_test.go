package blocklist_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
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
		"list.dnswl.org ip on 46 address free 0 none",
		"<key>.zen.dq.spamhaus.net ip MAILAUDIT_DQS_KEY>zen.spamhaus.org 46 address key 100 major",
		"<key>.dbl.dq.spamhaus.net domain MAILAUDIT_DQS_KEY>dbl.spamhaus.org - domain key 90 domain",
		"<key>.authbl.dq.spamhaus.net ip MAILAUDIT_DQS_KEY> 46 address key 20 minor",
		"<key>.combined.mail.abusix.zone ip MAILAUDIT_ABUSIX_KEY> 46 address key 70 major",
		"<key>.zrd.dq.spamhaus.net domain off - domain key 30 minor",
		"dwl.dnswl.org domain off - domain free 0 none",
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
		switch {
		case l.Default:
			on = "on"
		case l.WithKey:
			on = l.Key + ">" + l.Replaces
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
		if (l.Default || l.WithKey) && (listed == "" || notListed == "" || listed == notListed) {
			t.Errorf("%s is on with the test points %q and %q", l.Zone, listed, notListed)
		}
		if (l.Terms == blocklist.TermsKey) != (l.Key != "") {
			t.Errorf("%s: terms %s, key %q", l.Zone, l.Terms, l.Key)
		}
		for _, c := range append(slices.Clone(l.Codes), l.Refused...) {
			if c.Match.Net[0] != 127 {
				t.Errorf("%s: %s is outside 127.0.0.0/8", l.Zone, c.Match)
			}
		}
		major := slices.Contains([]string{"zen.spamhaus.org", "<key>.zen.dq.spamhaus.net", "b.barracudacentral.org", "<key>.combined.mail.abusix.zone"}, l.Zone)
		if (l.Worst() == blocklist.ClassMajor) != major {
			t.Errorf("%s is %s at worst", l.Zone, l.Worst())
		}
	}
}

// TestShippedRates: where an operator documents 100,000 questions a day, that is what we keep to.
func TestShippedRates(t *testing.T) {
	for _, l := range shipped(t).Lists {
		bounded := strings.Contains(l.Note, "100,000")
		if bounded != (l.Rate == 1) || !bounded && l.Rate != 0 {
			t.Errorf("%s: rate %v, note %q", l.Zone, l.Rate, l.Note)
		}
	}
}

// TestShippedAllowlists: those of dnswl.org vouch, and the scale of Mailspike lists too.
func TestShippedAllowlists(t *testing.T) {
	for _, l := range shipped(t).Lists {
		if want := strings.HasSuffix(l.Zone, ".dnswl.org"); l.Allows() != want {
			t.Errorf("%s is an allowlist: %v", l.Zone, !want)
		}
	}
}

// TestShippedTestPoints: RFC 5782 5, and the names that the operators of lists of domains publish.
func TestShippedTestPoints(t *testing.T) {
	own := map[string]string{
		"dbl.spamhaus.org": "dbltest.com.dbl.spamhaus.org",
		"multi.surbl.org":  "test.surbl.org.multi.surbl.org",
		"multi.uribl.com":  "test.uribl.com.multi.uribl.com",

		"<key>.dbl.dq.spamhaus.net": "dbltest.com.<key>.dbl.dq.spamhaus.net",
	}
	silent := []string{"rep.mailspike.net", "score.senderscore.com", "bl.ipv6.spameatingmonkey.net", "dnsrbl.swinog.ch", "nbl.0spam.org",
		"ip.v4bl.org", "singular.ttk.pte.hu", "bl.suomispam.net", "gl.suomispam.net", "fresh15.spameatingmonkey.net",
		"uribl.spameatingmonkey.net", "dbl.nordspam.com", "<key>.zrd.dq.spamhaus.net", "dwl.dnswl.org"}
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

const refused = blocklist.Class("refused")

// documented is one line of testdata/codes.txt.
type documented struct {
	zone, answer string
	class        blocklist.Class // or refused
	meaning      string          // or the reason for refusing
}

func codes(t *testing.T) []documented {
	t.Helper()
	text, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	var l []documented
	for line := range strings.Lines(string(text)) {
		if f := strings.SplitN(strings.TrimSpace(line), " ", 4); len(f) == 4 && f[0] != "#" {
			l = append(l, documented{f[0], f[1], blocklist.Class(f[2]), f[3]})
		}
	}
	return l
}

// TestShippedCodes decodes every code that the lists document.
func TestShippedCodes(t *testing.T) {
	cases := codes(t)
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
		case blocklist.ClassNone, blocklist.ClassAllow:
			want.Status = blocklist.Clean
		}
		got := l.Decode(addrs(c.answer))
		got.Compromised, got.Net64 = false, false // TestShippedMarks
		if d := cmp.Diff(want, got); d != "" {
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

// TestShippedMarks: which codes stand for a hijacked host or account, and which for the /64 of an IPv6 address.
func TestShippedMarks(t *testing.T) {
	want := strings.Fields(`
		zen.spamhaus.org:127.0.0.3 zen.spamhaus.org:127.0.0.4
		<key>.zen.dq.spamhaus.net:127.0.0.3 <key>.zen.dq.spamhaus.net:127.0.0.4
		<key>.authbl.dq.spamhaus.net:127.0.0.20 <key>.combined.mail.abusix.zone:127.0.0.4
		all.spamrats.com:127.0.0.43 bl.blocklist.de:127.0.0.2 bl.blocklist.de:127.0.0.21
		dnsbl.dronebl.org:127.0.0.3 dnsbl.dronebl.org:127.0.0.5 dnsbl.dronebl.org:127.0.0.6 dnsbl.dronebl.org:127.0.0.7
		dnsbl.dronebl.org:127.0.0.8 dnsbl.dronebl.org:127.0.0.9 dnsbl.dronebl.org:127.0.0.13`)
	wide := []string{"<key>.zen.dq.spamhaus.net:127.0.0.3", "zen.spamhaus.org:127.0.0.3"}
	f := shipped(t)
	var hijacked, net64 []string
	for _, c := range codes(t) {
		v := list(t, f, c.zone).Decode(addrs(c.answer))
		if v.Compromised {
			hijacked = append(hijacked, c.zone+":"+c.answer)
		}
		if v.Net64 {
			net64 = append(net64, c.zone+":"+c.answer)
		}
	}
	slices.Sort(want)
	slices.Sort(hijacked)
	slices.Sort(net64)
	if d := cmp.Diff(want, hijacked); d != "" {
		t.Errorf("compromised (-want +got):\n%s", d)
	}
	if d := cmp.Diff(wide, net64); d != "" {
		t.Errorf("net64 (-want +got):\n%s", d)
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
