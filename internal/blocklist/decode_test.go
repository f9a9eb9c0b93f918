package blocklist_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/blocklist"
)

func TestDecode(t *testing.T) {
	f := shipped(t)
	const outside = " is outside 127.0.0.0/8: the resolver rewrites answers, or the zone is no longer the list's"
	cases := []struct {
		name    string
		zone    string
		answers []netip.Addr
		want    blocklist.Verdict
	}{
		{"nothing is clean", "zen.spamhaus.org", nil, blocklist.Verdict{Status: "clean"}},
		{"the worst code counts, all meanings stay", "zen.spamhaus.org", addrs("127.0.0.10", "127.0.0.4"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.4", "127.0.0.10"}, Class: "major", Meanings: []string{"XBL", "PBL, entered by the ISP"}, Compromised: true}},
		{"DROP comes with SBL", "zen.spamhaus.org", addrs("127.0.0.9", "127.0.0.2"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.2", "127.0.0.9"}, Class: "major", Meanings: []string{"SBL", "DROP"}}},
		{"a code twice is one", "zen.spamhaus.org", addrs("127.0.0.2", "127.0.0.2"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.2"}, Class: "major", Meanings: []string{"SBL"}}},
		{"a meaning twice is one", "bl.mailspike.net", addrs("127.0.0.10", "127.0.0.11"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.10", "127.0.0.11"}, Class: "minor", Meanings: []string{"bad reputation"}}},
		{"a mapped answer is the address in it", "zen.spamhaus.org", addrs("::ffff:127.0.0.2"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.2"}, Class: "major", Meanings: []string{"SBL"}}},
		{"two bits", "multi.surbl.org", addrs("127.0.0.80"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.80"}, Class: "domain", Meanings: []string{"MW: malware", "ABUSE"}}},
		{"all bits", "multi.surbl.org", addrs("127.0.0.252"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.252"}, Class: "domain", Meanings: []string{"DM (old)", "PH: phishing", "MW: malware", "CT", "ABUSE", "CR: cracked sites"}}},
		{"the refusing bit wins over listing bits", "multi.surbl.org", addrs("127.0.0.65"),
			blocklist.Verdict{Status: "refused", Codes: []string{"127.0.0.65"}, Why: "127.0.0.65: access blocked"}},
		{"bits are in 127.0.0.X alone", "multi.surbl.org", addrs("127.0.1.64"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.1.64"}, Class: "minor", Meanings: []string{"undocumented code 127.0.1.64"},
				Why: "127.0.1.64 is no code that multi.surbl.org documents: counted as minor"}},
		{"a bit that nobody documents", "multi.surbl.org", addrs("127.0.0.66"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.66"}, Class: "domain", Meanings: []string{"ABUSE"},
				Why: "127.0.0.66 has bits (2) that multi.surbl.org does not document"}},
		{"black and grey is black", "multi.uribl.com", addrs("127.0.0.6"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.6"}, Class: "domain", Meanings: []string{"black", "grey"}}},
		{"grey and red is info", "multi.uribl.com", addrs("127.0.0.12"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.12"}, Class: "info", Meanings: []string{"grey", "red"}}},
		{"no bit at all", "multi.uribl.com", addrs("127.0.0.0"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.0"}, Class: "minor", Meanings: []string{"undocumented code 127.0.0.0"},
				Why: "127.0.0.0 is no code that multi.uribl.com documents: counted as minor"}},
		{"an undocumented code of a major list", "zen.spamhaus.org", addrs("127.0.0.77"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.77"}, Class: "minor", Meanings: []string{"undocumented code 127.0.0.77"},
				Why: "127.0.0.77 is no code that zen.spamhaus.org documents: counted as minor"}},
		{"an undocumented code beside a known one", "zen.spamhaus.org", addrs("127.0.0.77", "127.0.0.11"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.11", "127.0.0.77"}, Class: "pbl", Meanings: []string{"PBL, entered by Spamhaus", "undocumented code 127.0.0.77"},
				Why: "127.0.0.77 is no code that zen.spamhaus.org documents: counted as minor"}},
		{"an undocumented code of a list of info", "bl.0spam.org", addrs("127.0.0.77"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.77"}, Class: "info", Meanings: []string{"undocumented code 127.0.0.77"},
				Why: "127.0.0.77 is no code that bl.0spam.org documents: counted as info"}},
		{"two undocumented codes", "bl.0spam.org", addrs("127.0.0.78", "127.0.0.77"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.77", "127.0.0.78"}, Class: "info", Meanings: []string{"undocumented code 127.0.0.77", "undocumented code 127.0.0.78"},
				Why: "127.0.0.77 is no code that bl.0spam.org documents: counted as info; 127.0.0.78 is no code that bl.0spam.org documents: counted as info"}},
		{"a good reputation is no listing", "rep.mailspike.net", addrs("127.0.0.18"),
			blocklist.Verdict{Status: "clean", Codes: []string{"127.0.0.18"}, Class: "allow", Meanings: []string{"good reputation (H1 to H5)"}}},
		{"a good and a bad reputation", "rep.mailspike.net", addrs("127.0.0.18", "127.0.0.10"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.10", "127.0.0.18"}, Class: "info", Meanings: []string{"worst reputation (L5)", "good reputation (H1 to H5)"}}},
		{"vouched for", "list.dnswl.org", addrs("127.0.9.3"),
			blocklist.Verdict{Status: "clean", Codes: []string{"127.0.9.3"}, Class: "allow", Meanings: []string{"trust high"}}},
		{"what an allowlist does not document says nothing", "list.dnswl.org", addrs("127.0.9.4"),
			blocklist.Verdict{Status: "clean", Codes: []string{"127.0.9.4"}, Class: "none", Meanings: []string{"undocumented code 127.0.9.4"},
				Why: "127.0.9.4 is no code that list.dnswl.org documents: counted as none"}},
		{"an allowlist that refuses does not vouch", "list.dnswl.org", addrs("127.0.0.255", "127.0.9.3"),
			blocklist.Verdict{Status: "refused", Codes: []string{"127.0.0.255", "127.0.9.3"}, Why: "127.0.0.255: too many queries"}},
		{"a whole /64", "zen.spamhaus.org", addrs("127.0.0.3"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.0.0.3"}, Class: "major", Meanings: []string{"CSS (an IPv6 listing covers the /64)"}, Compromised: true, Net64: true}},
		{"one refusal spoils a listing", "zen.spamhaus.org", addrs("127.0.0.2", "127.255.255.254"),
			blocklist.Verdict{Status: "refused", Codes: []string{"127.0.0.2", "127.255.255.254"},
				Why: "127.255.255.254: query through a public or open resolver, or one without attributable reverse DNS"}},
		{"a refusal that the list does not document", "psbl.surriel.com", addrs("127.255.255.7"),
			blocklist.Verdict{Status: "refused", Codes: []string{"127.255.255.7"}, Why: "127.255.255.7: the list refuses to answer this resolver"}},
		{"the net beside that of refusals", "psbl.surriel.com", addrs("127.255.254.7"),
			blocklist.Verdict{Status: "listed", Codes: []string{"127.255.254.7"}, Class: "minor", Meanings: []string{"undocumented code 127.255.254.7"},
				Why: "127.255.254.7 is no code that psbl.surriel.com documents: counted as minor"}},
		{"hijacked", "psbl.surriel.com", addrs("203.0.113.9"),
			blocklist.Verdict{Status: "unknown", Codes: []string{"203.0.113.9"}, Hijacked: true, Why: "203.0.113.9" + outside}},
		{"a hijacked answer spoils a listing and a refusal", "zen.spamhaus.org", addrs("127.0.0.2", "203.0.113.9", "127.255.255.254"),
			blocklist.Verdict{Status: "unknown", Codes: []string{"127.0.0.2", "127.255.255.254", "203.0.113.9"}, Hijacked: true, Why: "203.0.113.9" + outside}},
		{"the unspecified address", "psbl.surriel.com", addrs("0.0.0.0"),
			blocklist.Verdict{Status: "unknown", Codes: []string{"0.0.0.0"}, Hijacked: true, Why: "0.0.0.0" + outside}},
		{"an IPv6 answer", "psbl.surriel.com", addrs("::1"),
			blocklist.Verdict{Status: "unknown", Codes: []string{"::1"}, Hijacked: true, Why: "::1" + outside}},
		{"no address", "psbl.surriel.com", []netip.Addr{{}},
			blocklist.Verdict{Status: "unknown", Codes: []string{"invalid IP"}, Hijacked: true, Why: "invalid IP" + outside}},
		{"more answers than reasons", "psbl.surriel.com", many(65),
			blocklist.Verdict{Status: "unknown", Why: "65 different answers, more than the 64 that a list could mean"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, list(t, f, c.zone).Decode(c.answers)); d != "" {
				t.Error(d)
			}
		})
	}
}

// many makes different answers in 127.0.0.0/8.
func many(n int) []netip.Addr {
	var a []netip.Addr
	for i := range n {
		a = append(a, netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}))
	}
	return a
}

func TestDecodeKeepsItsArgument(t *testing.T) {
	a := addrs("127.0.0.4", "127.0.0.2", "127.0.0.4")
	list(t, shipped(t), "zen.spamhaus.org").Decode(a)
	if d := cmp.Diff("[127.0.0.4 127.0.0.2 127.0.0.4]", fmt.Sprint(a)); d != "" {
		t.Error(d)
	}
}

func TestClass(t *testing.T) {
	order := []blocklist.Class{"none", "info", "policy", "minor", "abused", "pbl", "domain", "major"}
	severity := []string{"", "info", "policy", "minor", "minor", "policy", "major", "major"}
	for i, c := range order {
		for j, d := range order {
			if c.Worse(d) != (i > j) {
				t.Errorf("%s worse than %s: %v", c, d, c.Worse(d))
			}
		}
		if c.Severity() != severity[i] {
			t.Errorf("severity of %s: %q, want %q", c, c.Severity(), severity[i])
		}
	}
	if zero := blocklist.Class(""); zero.Worse("none") || !blocklist.ClassInfo.Worse(zero) || zero.Severity() != "" {
		t.Error("the zero class is not that of no listing")
	}
}

func TestSelfTest(t *testing.T) {
	yes, no := blocklist.Outcome{Answers: addrs("127.0.0.2")}, blocklist.Outcome{}
	refused := blocklist.Outcome{Answers: addrs("127.255.255.254")}
	hijacked := blocklist.Outcome{Answers: addrs("203.0.113.9")}
	failed := blocklist.Outcome{Failed: "SERVFAIL from 192.0.2.53"}
	cases := []struct {
		name              string
		zone              string
		listed, notListed blocklist.Outcome
		fault             blocklist.Fault
		status            blocklist.Status // of the list's questions; only with a fault
		why               string
	}{
		{name: "usable", zone: "zen.spamhaus.org", listed: yes, notListed: no},
		{name: "usable, domains", zone: "multi.surbl.org", listed: blocklist.Outcome{Answers: addrs("127.0.0.254")}, notListed: no, fault: "", why: ""},
		{name: "the test point has a code of its own", zone: "zen.spamhaus.org", listed: blocklist.Outcome{Answers: addrs("127.0.0.88")}, notListed: no},
		{name: "no test points", zone: "dnsrbl.swinog.ch", listed: yes, notListed: no, fault: "untested", status: "unknown", why: "the list has no test points"},
		{name: "refuses everything", zone: "zen.spamhaus.org", listed: refused, notListed: refused, fault: "refused", status: "refused",
			why: "test point 127.0.0.2: 127.255.255.254: query through a public or open resolver"},
		{name: "refuses one", zone: "zen.spamhaus.org", listed: yes, notListed: refused, fault: "refused", status: "refused", why: "test point 127.0.0.1: 127.255.255.254"},
		{name: "refuses in its own way", zone: "multi.uribl.com", listed: blocklist.Outcome{Answers: addrs("127.0.0.1")}, notListed: no, fault: "refused", status: "refused",
			why: "test point test.uribl.com: 127.0.0.1: query refused"},
		{name: "refusal beside a failure", zone: "zen.spamhaus.org", listed: failed, notListed: refused, fault: "refused", status: "refused", why: "127.255.255.254"},
		{name: "hijacked", zone: "psbl.surriel.com", listed: hijacked, notListed: hijacked, fault: "hijacked", status: "unknown", why: "test point 127.0.0.2: 203.0.113.9 is outside"},
		{name: "hijacked silence", zone: "psbl.surriel.com", listed: yes, notListed: hijacked, fault: "hijacked", status: "unknown", why: "test point 127.0.0.1: 203.0.113.9 is outside"},
		{name: "hijacked beside a refusal", zone: "psbl.surriel.com", listed: refused, notListed: hijacked, fault: "hijacked", status: "unknown", why: "203.0.113.9"},
		{name: "an impossible number of answers", zone: "psbl.surriel.com", listed: blocklist.Outcome{Answers: many(65)}, notListed: no, fault: "hijacked", status: "unknown", why: "65 different answers"},
		{name: "lists the world", zone: "bl.spamcop.net", listed: yes, notListed: yes, fault: "lists all", status: "unknown", why: "test point 127.0.0.1 must not be listed and is"},
		{name: "lists the world with a code of its own", zone: "bl.spamcop.net", listed: yes, notListed: blocklist.Outcome{Answers: addrs("127.0.0.99")}, fault: "lists all", status: "unknown", why: "must not be listed"},
		{name: "lists the world beside a failure", zone: "bl.spamcop.net", listed: failed, notListed: yes, fault: "lists all", status: "unknown", why: "must not be listed"},
		{name: "lists all domains", zone: "dbl.spamhaus.org", listed: blocklist.Outcome{Answers: addrs("127.0.1.2")}, notListed: blocklist.Outcome{Answers: addrs("127.0.1.2")},
			fault: "lists all", status: "unknown", why: "test point invalid must not be listed and is"},
		{name: "dead", zone: "bl.spamcop.net", listed: no, notListed: no, fault: "dead", status: "unknown", why: "test point 127.0.0.2 must be listed and is not: the list is dead, or silent to this resolver"},
		{name: "perhaps not registered", zone: "b.barracudacentral.org", listed: no, notListed: no, fault: "dead", status: "unknown", why: "silent to this resolver, which may have to be registered with Barracuda"},
		{name: "the first lookup failed", zone: "bl.spamcop.net", listed: failed, notListed: no, fault: "failed", status: "unknown", why: "test point 127.0.0.2: SERVFAIL from 192.0.2.53"},
		{name: "the second lookup failed", zone: "bl.spamcop.net", listed: yes, notListed: failed, fault: "failed", status: "unknown", why: "test point 127.0.0.1: SERVFAIL from 192.0.2.53"},
		{name: "silence beside a failure", zone: "bl.spamcop.net", listed: no, notListed: failed, fault: "failed", status: "unknown", why: "test point 127.0.0.1: SERVFAIL"},
	}
	f := shipped(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := list(t, f, c.zone).SelfTest(c.listed, c.notListed)
			if h.Fault != c.fault || h.Usable() != (c.fault == "") || !strings.Contains(h.Why, c.why) || (h.Why == "") != (c.fault == "") {
				t.Errorf("got %+v, want %q, %q", h, c.fault, c.why)
			}
			if c.fault != "" && h.Status() != c.status {
				t.Errorf("status %s, want %s", h.Status(), c.status)
			}
		})
	}
}
