//go:build lab

package labtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/netlab"
)

// TestEveryCode has every answer that a default list documents given by rbldnsd to somebody, and reads what the report
// makes of it.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	lists, err := defaultLists()
	if err != nil {
		t.Fatal(err)
	}
	reports, exit := audit(t, "good.example", "--only", "dnsbl", "--ip", listedNet.String())
	if exit != 1 {
		t.Errorf("exit %d", exit)
	}
	domains, most := []string{"--only", "dnsbl"}, 0
	for _, l := range lists {
		if l.Kind == blocklist.KindDomain {
			most = max(most, len(answers(l)))
		}
	}
	for i := range most {
		domains = append(domains, fmt.Sprintf("listed%d.example", i))
	}
	more, _ := audit(t, domains...)
	reports = append(reports, more...)
	for _, l := range lists {
		if l.Allows() {
			continue // it lists nobody: TestAllowlist
		}
		for i, a := range answers(l) {
			checkAnswer(t, reports, l, listedName(l, i), a)
		}
		checkClean(t, reports, l)
	}
	checkTwice(t, reports[0])
}

// checkAnswer looks for what a report says of one target on one list.
func checkAnswer(t *testing.T, reports []report, l blocklist.List, target string, want answer) {
	t.Helper()
	for _, r := range reports {
		for _, x := range r.Evidence.DNSBL {
			if x.Zone != l.Zone || x.Target != target {
				continue
			}
			switch {
			case !slices.Equal(x.Codes, []string{want.addr.String()}):
				t.Errorf("%s on %s: codes %v, want %s", target, l.Zone, x.Codes, want.addr)
			case want.refused && (x.Status != "refused" || !strings.Contains(x.Cause, want.code.Meaning)):
				t.Errorf("%s on %s, %s: %s (%s), want refused: %s", target, l.Zone, want.addr, x.Status, x.Cause, want.code.Meaning)
			case !want.refused && (x.Status != "listed" || x.Meaning != want.code.Meaning || x.Severity != want.code.Class.Severity()):
				t.Errorf("%s on %s, %s: %s %q %s, want listed %q %s", target, l.Zone, want.addr, x.Status, x.Meaning, x.Severity, want.code.Meaning, want.code.Class.Severity())
			case !want.refused && x.Reason != "because of "+want.addr.String():
				t.Errorf("%s on %s: the list's own reason is %q", target, l.Zone, x.Reason)
			}
			return
		}
	}
	t.Errorf("no report says anything of %s on %s", target, l.Zone)
}

// checkClean looks for the first address that is on no list, which must be clean on each.
func checkClean(t *testing.T, reports []report, l blocklist.List) {
	t.Helper()
	if l.Kind != blocklist.KindIP {
		return
	}
	clean := "198.51.100.190"
	for _, x := range reports[0].Evidence.DNSBL {
		if x.Zone == l.Zone && x.Target == clean && x.Status == "clean" {
			return
		}
	}
	t.Errorf("%s is not clean on %s", clean, l.Zone)
}

// checkTwice looks for an address with two answers, of which the worse counts.
func checkTwice(t *testing.T, r report) {
	t.Helper()
	for _, x := range r.Evidence.DNSBL {
		if x.Zone == "zen.spamhaus.org" && x.Target == twice {
			if x.Status != "listed" || x.Severity != "major" || !slices.Equal(x.Codes, []string{"127.0.0.2", "127.0.0.11"}) {
				t.Errorf("%s has two answers: %v", twice, x)
			}
			return
		}
	}
	t.Errorf("no word about %s", twice)
}

// TestRulesOfListings has one address or domain of each class, and the rule that tells of it.
func TestRulesOfListings(t *testing.T) {
	t.Parallel()
	r := one(t, "good.example", "--only", "dnsbl", "--ip", twice)
	r.has(t, "dnsbl.listed-major", "fail", twice, "zen.spamhaus.org")
	// The sixth answer of ZEN is that of the PBL.
	pbl := one(t, "good.example", "--only", "dnsbl", "--ip", "198.51.100.133")
	pbl.has(t, "dnsbl.listed-policy", "fail", "PBL", "zen.spamhaus.org")
	pbl.has(t, "dnsbl.listed-minor", "warn", "bl.blocklist.de")
	domain := one(t, "listed0.example", "--only", "dnsbl")
	domain.has(t, "dnsbl.domain-listed", "fail", "dbl.spamhaus.org")
	abused := one(t, "listed4.example", "--only", "dnsbl")
	abused.has(t, "dnsbl.domain-abused-legit", "warn", "dbl.spamhaus.org")
	if len(abused.of("dnsbl.domain-listed")) > 0 && abused.of("dnsbl.domain-listed")[0].Message == domain.of("dnsbl.domain-listed")[0].Message {
		t.Errorf("a domain that is abused is told as one that is listed: %v", abused.of("dnsbl.domain-listed"))
	}
}

// TestAllowlist has an address that is vouched for, which is no fault.
func TestAllowlist(t *testing.T) {
	t.Parallel()
	lists, err := defaultLists()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		for i, a := range answers(l) {
			if a.code.Class != blocklist.ClassAllow {
				continue
			}
			r := one(t, "good.example", "--only", "dnsbl", "--ip", listedName(l, i))
			r.has(t, "dnswl.listed", "info", l.Zone, a.code.Meaning)
			return
		}
	}
	t.Error("no list vouches for anybody")
}

// TestListedMX has an MX host that is listed, and sends nothing.
func TestListedMX(t *testing.T) {
	t.Parallel()
	r := one(t, "listed.example", "--only", "dnsbl,mx,tls", "--ip", source)
	r.has(t, "mx.on-dnsbl", "warn", "zen.spamhaus.org", "198.51.100.128")
	if r.Verdict == "fail" {
		t.Errorf("verdict %s: %v", r.Verdict, r.Findings)
	}
}

// TestBlocklistsCommand has every default list pass its self-test.
func TestBlocklistsCommand(t *testing.T) {
	t.Parallel()
	out, err := netlab.In(running, lab.Auditor, lab.Binary(), "blocklists", "-f", "json").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lists []struct{ Zone, State string }
	if err := json.Unmarshal(out, &lists); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	asked, err := defaultLists()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range asked {
		i := slices.IndexFunc(lists, func(l struct{ Zone, State string }) bool { return l.Zone == want.Zone })
		if i < 0 || lists[i].State != "usable" {
			t.Errorf("%s: %v", want.Zone, lists)
			return
		}
	}
}

// TestFaultyLists has lists that cannot be believed or asked, and none of them may say clean or listed.
func TestFaultyLists(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lists.txt")
	if err := os.WriteFile(file, []byte(faultyListFile()), 0o644); err != nil {
		t.Fatal(err)
	}
	r := one(t, "good.example", "--only", "dnsbl", "--ip", source, "--blocklists", file)
	want := map[string]struct{ status, rule string }{
		"honest.rbl.example":   {status: "clean"},
		"refusing.rbl.example": {"refused", "dnsbl.query-refused"},
		"choosy.rbl.example":   {"refused", "dnsbl.query-refused"},
		"hijacked.rbl.example": {"unknown", "dnsbl.hijacked"},
		"world.rbl.example":    {"unknown", "dnsbl.self-test"},
		"dead.rbl.example":     {"unknown", "dnsbl.self-test"},
		"servfail.rbl.example": {"unknown", "dnsbl.self-test"},
		"silent.rbl.example":   {"unknown", "dnsbl.self-test"},
	}
	got := map[string]string{}
	for _, x := range r.Evidence.DNSBL {
		got[x.Zone] = x.Status
	}
	for zone, w := range want {
		if got[zone] != w.status {
			t.Errorf("%s: %q, want %s", zone, got[zone], w.status)
		}
		if w.rule != "" {
			r.has(t, w.rule, "unknown", zone)
		}
	}
	r.silent(t, "dnsbl.listed")
	if r.Verdict != "pass" {
		t.Errorf("verdict %s: lists that do not answer decide nothing", r.Verdict)
	}
	required, exit := audit(t, "good.example", "--only", "dnsbl", "--ip", source, "--blocklists", file, "--require-dnsbl")
	if exit != 0 || required[0].Verdict != "pass" {
		t.Errorf("one major list answers, and --require-dnsbl gives %s, exit %d", required[0].Verdict, exit)
	}
}
