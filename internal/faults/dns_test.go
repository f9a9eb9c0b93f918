package faults

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailaudit"
	"mailaudit/internal/audit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

const domain = "healthy.example"

// healthy is the zone of internal/audit, with what it leaves out.
func healthy(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../audit/testdata/healthy.zone")
	if err != nil {
		t.Fatal(err)
	}
	return testnet.EditZone(string(text),
		`_mta-sts.healthy.example. TXT "v=STSv1; id=1"`, `_smtp._tls.healthy.example. TXT "v=TLSRPTv1; rua=mailto:tls@healthy.example"`,
		"mta-sts.healthy.example. A 192.0.2.80", `default._bimi.healthy.example. TXT "v=BIMI1; l=; a="`, "healthy.example. CAA 0 issue \"ca.example\"")
}

// target is the domain with all that its owner knows of it.
func target(t testing.TB) gather.Target {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	return gather.Target{Domain: domain,
		Lists: slices.DeleteFunc(f.Lists, func(l blocklist.List) bool {
			return !slices.Contains([]string{"zen.spamhaus.org", "psbl.surriel.com", "dbl.spamhaus.org"}, l.Zone)
		}),
		AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("203.0.113.0/24")},
		Streams: []facts.Stream{{Name: "default", MailFrom: "postmaster@" + domain, DKIMDomain: domain, HELO: "mail." + domain,
			IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}, Selectors: []string{"s1", "s2"}}}}
}

// Bounds: on one lookup where the server is silent, so that it costs little, and elsewhere; on an audit, which no fault may use up,
// though a machine that does other things besides may use up much of it.
const (
	patience = 5 * time.Second
	patient  = time.Minute
	bound    = 3 * time.Minute
)

// audited is one audit against a server with one fault, through a client of its own that waits so long for each answer.
func audited(t testing.TB, z *dnsx.Zone, faults map[dnsx.Question]testnet.DNSFault, wait time.Duration) (*audit.Report, []testnet.DNSAsked) {
	s, err := testnet.ServeDNS(z, testnet.DNSOptions{Faults: faults})
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	defer s.Close()
	env := gather.Env{Now: time.Now, DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial, Timeout: wait, InFlight: gather.InFlight})}
	r := audit.Run(context.Background(), env, target(t), audit.Options{Version: "test", Wanted: everything, Timeout: bound})
	return r, s.Asked()
}

func everything(checks.Area) bool { return true }

// What a fault allows to be said of what was asked.
type outcome int

const (
	right    outcome = iota // just what a healthy server lets be said
	unknown                 // nothing, for this cause
	readable                // the same of this record; of what stands beside it something may be said, too
)

// faultsOfDNS are all that a server can do to a question. In cause are words of the report, if the fault makes it unknown.
var faultsOfDNS = []struct {
	name    string
	fault   testnet.DNSFault
	outcome outcome
	cause   string
}{
	// The first four cost patience.
	{"drop", testnet.DNSDrop, unknown, "did not answer within"},
	{"truncated, TCP stalls", testnet.DNSTruncateDead, unknown, "truncated over UDP, and TCP"},
	{"wrong ID", testnet.DNSWrongID, unknown, "did not answer within"},
	{"wrong question", testnet.DNSWrongName, unknown, "datagrams ignored"},
	{"delay", testnet.DNSLate, right, ""},
	{"SERVFAIL", testnet.DNSServFail, unknown, "SERVFAIL"},
	{"REFUSED", testnet.DNSRefused, unknown, "REFUSED"},
	{"FORMERR", testnet.DNSFormErr, unknown, "FORMERR"},
	{"FORMERR to EDNS", testnet.DNSNoEDNS, right, ""},
	{"truncated", testnet.DNSTruncate, right, ""},
	{"truncated, TCP refused", testnet.DNSTruncateClosed, unknown, "truncated over UDP, and TCP"},
	{"TCP refused", testnet.DNSNoTCP, right, ""},
	{"lame", testnet.DNSLame, unknown, "does not resolve recursively"},
	{"garbage", testnet.DNSGarbage, unknown, "malformed over UDP"},
	{"oversized", testnet.DNSOversized, readable, ""},
	{"compression loop", testnet.DNSCompressionLoop, unknown, "malformed over UDP"},
	{"CNAME loop", testnet.DNSAliasLoop, unknown, "CNAME loop"},
	{"30 CNAMEs", testnet.DNSAliasChain, unknown, "more than 12 CNAMEs"},
	{"500 TXT", testnet.DNSMany, readable, ""},
	{"64 KiB TXT", testnet.DNSHuge, readable, ""},
}

// questions are those that an area stands on: what the report says of each must be unknown where its answer cannot be had, and
// the same as ever where it can. says is "unknown" where the report leaves that open.
var questions = []struct {
	area string
	q    dnsx.Question
	says func(r *audit.Report) string
}{
	{"domain", dnsx.Q(domain, dnsx.NS), openIn("domain")},
	{"domain", dnsx.Q(domain, dnsx.SOA), openIn("domain")},
	{"domain", dnsx.Q("ns1.host.example", dnsx.A), openIn("domain")},
	{"mx", dnsx.Q(domain, dnsx.MX), func(r *audit.Report) string { return r.Evidence.MX.Status }},
	{"mx", dnsx.Q("mx1."+domain, dnsx.A), openIn("mx")},
	{"spf", dnsx.Q(domain, dnsx.TXT), func(r *audit.Report) string { return r.Evidence.SPF.Status }},
	{"spf", dnsx.Q("_spf.esp.example", dnsx.TXT), func(r *audit.Report) string {
		if r.Evidence.SPF.Valid == nil {
			return "unknown"
		}
		return fmt.Sprint(*r.Evidence.SPF.Valid)
	}},
	{"dkim", dnsx.Q("s1._domainkey."+domain, dnsx.TXT), func(r *audit.Report) string { return r.Evidence.DKIM.Keys[0].Status }},
	{"dmarc", dnsx.Q("_dmarc."+domain, dnsx.TXT), func(r *audit.Report) string { return r.Evidence.DMARC.Status }},
	{"ptr", dnsx.Q("25.2.0.192.in-addr.arpa", dnsx.PTR), func(r *audit.Report) string { return r.Evidence.Sources[0].FCrDNS }},
	{"ptr", dnsx.Q("mail."+domain, dnsx.A), func(r *audit.Report) string { return r.Evidence.Sources[0].FCrDNS }},
	{"dnsbl", dnsx.Q("25.2.0.192.zen.spamhaus.org", dnsx.A), listing("zen.spamhaus.org")},
	{"dnsbl", dnsx.Q("2.0.0.127.zen.spamhaus.org", dnsx.A), listing("zen.spamhaus.org")},
	{"dnsbl", dnsx.Q("1.0.0.127.psbl.surriel.com", dnsx.A), listing("psbl.surriel.com")},
	{"dnsbl", dnsx.Q(domain+".dbl.spamhaus.org", dnsx.A), listing("dbl.spamhaus.org")},
	{"submission", dnsx.Q("_submission._tcp."+domain, dnsx.SRV), openIn("submission")},
	{"mtasts", dnsx.Q("_mta-sts."+domain, dnsx.TXT), func(r *audit.Report) string { return r.Evidence.MTASTS.Status }},
	{"tlsrpt", dnsx.Q("_smtp._tls."+domain, dnsx.TXT), func(r *audit.Report) string { return r.Evidence.TLSRPT.Status }},
	{"dane", dnsx.Q("_25._tcp.mx1."+domain, dnsx.TLSA), openIn("dane")},
	{"dnssec", dnsx.Q(domain, dnsx.DS), func(r *audit.Report) string { return r.Evidence.DNSSEC.Status }},
	{"bimi", dnsx.Q("default._bimi."+domain, dnsx.TXT), openIn("bimi")},
}

// openIn is whether a finding of an area is unknown.
func openIn(area string) func(*audit.Report) string {
	return func(r *audit.Report) string {
		for _, f := range r.Findings {
			if f.Area == area && f.Status == "unknown" {
				return "unknown"
			}
		}
		return "decided"
	}
}

// listing is what the report says of the first target of a list.
func listing(zone string) func(*audit.Report) string {
	return func(r *audit.Report) string {
		for _, l := range r.Evidence.DNSBL {
			if l.Zone == zone {
				return l.Status
			}
		}
		return "not asked"
	}
}

// bad are the findings of a report that cost something, but for those that say no more than that a lookup failed.
func bad(r *audit.Report) []string {
	var l []string
	for _, f := range r.Findings {
		lookup := strings.HasSuffix(f.Rule, "-temperror") || strings.HasSuffix(f.Rule, "servfail")
		if f.Status == "fail" || f.Status == "warn" && !lookup {
			l = append(l, f.Rule+" "+f.Status+" "+f.Subject)
		}
	}
	slices.Sort(l)
	return l
}

// decided are all findings, but for those that are unknown.
func decided(r *audit.Report) []string {
	var l []string
	for _, f := range r.Findings {
		l = append(l, f.Rule+" "+f.Status+" "+f.Subject)
	}
	slices.Sort(l)
	return l
}

// TestDNS puts every fault on every question, one at a time, and holds what the whole audit says.
func TestDNS(t *testing.T) {
	z := testnet.MustZone(healthy(t))
	clean, asked := audited(t, z, nil, patient)
	if l := bad(clean); len(l) > 0 {
		t.Fatalf("a healthy world: %q", l)
	}
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	waiting, working := make(chan struct{}, 40), make(chan struct{}, 4)
	for _, x := range questions {
		if !slices.ContainsFunc(asked, func(a testnet.DNSAsked) bool { return a.Question == x.q }) {
			t.Errorf("nobody asks for %s %s", x.q.Name, x.q.Type)
		}
		for i, f := range faultsOfDNS {
			turns, wait := working, patient
			if i < 4 {
				turns, wait = waiting, patience
			}
			name := fmt.Sprintf("%s on %s %s (%s)", f.name, x.q.Name, x.q.Type, x.area)
			turns <- struct{}{}
			wg.Go(func() {
				defer func() { <-turns }()
				began := time.Now()
				r, _ := audited(t, z, map[dnsx.Question]testnet.DNSFault{x.q: f.fault}, wait)
				if r == nil {
					return
				}
				if took := time.Since(began); took > bound+patience {
					t.Errorf("%s: it took %v", name, took)
				}
				judge(t, name, r, clean, f.outcome, f.cause, x.says)
			})
		}
	}
	wg.Wait()
	settled(t, before)
}

// TestCrowd: where hundreds of records stand instead of one, an audit does not compare each with each at the cost of a parse, and
// fits into little memory, all that it ever had taken together.
func TestCrowd(t *testing.T) {
	z := testnet.MustZone(healthy(t))
	for _, x := range questions {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, _ := audited(t, z, map[dnsx.Question]testnet.DNSFault{x.q: testnet.DNSMany}, patient)
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; r == nil || took > 512 {
			t.Errorf("%s %s: %d MiB", x.q.Name, x.q.Type, took)
		}
	}
}

// judge holds one report against that of a healthy world.
func judge(t *testing.T, name string, r, clean *audit.Report, want outcome, cause string, says func(*audit.Report) string) {
	// A CNAME that came instead, or records beside the answer, may be worth a warning.
	odd := want == readable || strings.Contains(cause, "CNAME")
	if l := slices.DeleteFunc(bad(r), func(s string) bool { return odd && !strings.Contains(s, " fail ") }); len(l) > 0 {
		t.Errorf("%s blames the domain: %q", name, l)
	}
	switch got := says(r); want {
	case right:
		if now, then := decided(r), decided(clean); !slices.Equal(now, then) {
			t.Errorf("%s: the answer came, and yet the findings differ: %q", name, difference(now, then))
		}
		fallthrough
	case readable:
		if got != says(clean) {
			t.Errorf("%s: %q, want %q as in a healthy world", name, got, says(clean))
		}
	case unknown:
		if got != "unknown" {
			t.Errorf("%s: %q, want unknown", name, got)
		}
		told := slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Status == "unknown" && strings.Contains(f.Message, cause) })
		if !told {
			t.Errorf("%s: no finding that is unknown has the cause %q", name, cause)
		}
		if r.Score != nil && *r.Score < *clean.Score && !odd {
			t.Errorf("%s costs points: %d", name, *r.Score)
		}
		if r.ScoreLow != nil && *r.ScoreLow > *clean.ScoreLow {
			t.Errorf("%s wins points: %d", name, *r.ScoreLow)
		}
	}
}

// difference is what stands in one list alone.
func difference(a, b []string) (l []string) {
	for _, s := range a {
		if !slices.Contains(b, s) {
			l = append(l, "+ "+s)
		}
	}
	for _, s := range b {
		if !slices.Contains(a, s) {
			l = append(l, "- "+s)
		}
	}
	return l
}

// settled waits until no more goroutines are left than there were.
func settled(t *testing.T, before int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(20 * time.Second); runtime.NumGoroutine() > before; {
		select {
		case <-tick.C:
		case <-late:
			stacks := make([]byte, 1<<16)
			t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}
