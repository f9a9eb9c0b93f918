package fix_test

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mailaudit"
	"mailaudit/internal/audit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

// The same inputs in every run, so that one that fails does so again; -rapid.seed=0 takes new ones.
func init() { _ = flag.Set("rapid.seed", "2026") }

const domain = "healthy.example"

// publish is the zone of the audit's tests, edited: "-NAME TYPE" takes an RRset away, anything else is a line to add.
func publish(t rapid.TB, edits ...string) dnsx.Resolver {
	t.Helper()
	text, err := os.ReadFile("../audit/testdata/healthy.zone")
	if err != nil {
		t.Fatal(err)
	}
	return dnsx.NewOffline(parse(t, testnet.EditZone(string(text), edits...)))
}

func parse(t rapid.TB, text string) *dnsx.Zone {
	t.Helper()
	z, err := dnsx.ParseZone("test.zone", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// spf are the edits that give the healthy domain another SPF record.
func spf(record string) []string {
	return []string{"-healthy.example. TXT", `healthy.example. TXT "` + record + `"`, `healthy.example. TXT "some-site-verification=4f1d2c"`}
}

// reverse are the edits that give its address other reverse names.
func reverse(names ...string) []string {
	l := []string{"-25.2.0.192.in-addr.arpa. PTR"}
	for _, n := range names {
		l = append(l, "25.2.0.192.in-addr.arpa. PTR "+n+".")
	}
	return l
}

// unsigned are the edits that take its DKIM keys away.
var unsigned = []string{"-s1._domainkey.healthy.example. TXT", "-s2._domainkey.healthy.example. TXT"}

// target is the healthy domain, sending from the addresses given.
func target(t rapid.TB, ips ...string) gather.Target {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	s := facts.Stream{Name: "default", MailFrom: "postmaster@" + domain, DKIMDomain: domain, HELO: "mail." + domain, Selectors: []string{"s1", "s2"}}
	for _, ip := range ips {
		s.IPs = append(s.IPs, netip.MustParseAddr(ip))
	}
	return gather.Target{Domain: domain, Streams: []facts.Stream{s},
		AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		Lists: slices.DeleteFunc(f.Lists, func(l blocklist.List) bool {
			return !slices.Contains([]string{"zen.spamhaus.org", "psbl.surriel.com", "dbl.spamhaus.org"}, l.Zone)
		})}
}

func everything(checks.Area) bool { return true }

func run(r dnsx.Resolver, t gather.Target, wanted func(checks.Area) bool) *audit.Report {
	return audit.Run(context.Background(), gather.Env{DNS: r, Now: time.Now}, t, audit.Options{Wanted: wanted, Timeout: 5 * time.Minute})
}

// applied is the world in which a fix has been published.
func applied(t testing.TB, f audit.Fix, under dnsx.Resolver) dnsx.Resolver {
	t.Helper()
	type set struct{ name, kind string }
	sets := map[set][]string{}
	for _, c := range f.Changes {
		k := set{c.Name, c.Type}
		if _, ok := sets[k]; !ok {
			kind, _ := dnsx.ParseType(c.Type)
			sets[k] = []string{}
			for _, r := range under.Lookup(context.Background(), dnsx.Q(c.Name, kind)).Records {
				sets[k] = append(sets[k], r.Data)
			}
		}
		if c.Op != "add" {
			same := func(data string) bool { return data == c.Was }
			if c.Type == "TXT" {
				was := text(t, c.Was)
				same = func(data string) bool { return text(t, data) == was }
			}
			before := len(sets[k])
			sets[k] = slices.DeleteFunc(sets[k], same)
			if len(sets[k]) != before-1 {
				t.Fatalf("%q replaces %d records", c.Was, before-len(sets[k]))
			}
		}
		if c.Op != "remove" {
			sets[k] = append(sets[k], c.Data)
		}
	}
	var b strings.Builder
	for k, l := range sets {
		for _, data := range l {
			fmt.Fprintf(&b, "%s. 3600 IN %s %s\n", k.name, k.kind, data)
		}
	}
	return dnsx.NewOverlay(parse(t, b.String()), nil, under)
}

// text is what TXT RDATA in presentation form stands for.
func text(t testing.TB, data string) string {
	t.Helper()
	a := dnsx.NewOffline(parse(t, "t.example. TXT "+data+"\n")).Lookup(context.Background(), dnsx.Q("t.example", dnsx.TXT))
	if len(a.Records) != 1 {
		t.Fatalf("%q is no TXT record", data)
	}
	return a.Records[0].Text
}

// violations are the rules at fail or warn, each with its subject.
func violations(r *audit.Report) []string {
	var l []string
	for _, f := range r.Findings {
		if f.Status == "fail" || f.Status == "warn" {
			l = append(l, f.Rule+" "+f.Status+" "+f.Subject)
		}
	}
	return l
}
