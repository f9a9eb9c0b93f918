package audit_test

import (
	"context"
	"crypto/x509"
	"net/netip"
	"os"
	"slices"
	"strings"
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

// zone is testdata/healthy.zone edited: "-NAME TYPE" takes an RRset away, anything else is a line to add.
func zone(t testing.TB, edits ...string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/healthy.zone")
	if err != nil {
		t.Fatal(err)
	}
	return testnet.EditZone(string(text), edits...)
}

// world is what an audit asks, and what is audited there.
type world struct {
	env    gather.Env
	target gather.Target
}

// offline is a world without a server.
func offline(t testing.TB, edits ...string) world {
	t.Helper()
	z, err := dnsx.ParseZone("healthy.zone", strings.NewReader(zone(t, edits...)))
	if err != nil {
		t.Fatal(err)
	}
	return world{gather.Env{DNS: dnsx.NewOffline(z), Now: time.Now}, target(t)}
}

// served is a world behind a DNS server and two submission services, all real.
func served(t testing.TB, faults map[dnsx.Question]testnet.DNSFault, edits ...string) world {
	t.Helper()
	dns, err := testnet.ServeDNS(testnet.MustZone(zone(t, edits...)), testnet.DNSOptions{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	w := world{gather.Env{Now: time.Now, Probe: gather.Dialled(testnet.Dial),
		DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{dns.Addr()}, Dial: testnet.Dial})}, target(t)}
	w.env.Roots, w.target.Submission = submission(t)
	return w
}

// submission starts a service with STARTTLS and one with implicit TLS.
func submission(t testing.TB) (*x509.CertPool, []gather.Endpoint) {
	t.Helper()
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	const host = "submission." + domain
	now := time.Now()
	var l []gather.Endpoint
	for _, implicit := range []bool{false, true} {
		s, err := testnet.ServeSMTP(testnet.Behaviour{Host: host, Certificate: ca.Issue(host, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0)), Implicit: implicit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		l = append(l, gather.Endpoint{Host: host, Port: s.Port(), Implicit: implicit})
	}
	return ca.Pool(), l
}

// target is the healthy domain with all that its owner knows of it.
func target(t testing.TB) gather.Target {
	t.Helper()
	return gather.Target{Domain: domain, Lists: lists(t),
		AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("203.0.113.0/24")},
		Streams: []facts.Stream{{Name: "default", MailFrom: "postmaster@" + domain, DKIMDomain: domain, HELO: "mail." + domain,
			IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}, Selectors: []string{"s1", "s2"}}}}
}

// lists are those that the zone holds.
func lists(t testing.TB) []blocklist.List {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(f.Lists, func(l blocklist.List) bool {
		return !slices.Contains([]string{"zen.spamhaus.org", "psbl.surriel.com", "dbl.spamhaus.org"}, l.Zone)
	})
}

func everything(checks.Area) bool { return true }

var options = audit.Options{Version: "test", Wanted: everything, Timeout: 20 * time.Second}

// gathered are the facts of a world.
func (w world) gathered() *facts.Facts {
	return gather.Gather(context.Background(), w.env, w.target, checks.Needs(everything))
}

func (w world) audited() *audit.Report {
	return audit.Run(context.Background(), w.env, w.target, options)
}

// findings are those of a report with one of the statuses, in words.
func findings(r *audit.Report, statuses ...string) []string {
	var l []string
	for _, f := range r.Findings {
		if slices.Contains(statuses, f.Status) {
			l = append(l, f.Rule+" "+f.Status+" "+f.Subject+": "+f.Message)
		}
	}
	return l
}
