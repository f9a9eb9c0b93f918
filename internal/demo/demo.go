// Package demo is the world of `mailaudit demo`: two sample domains behind a real DNS server and real SMTP servers on
// loopback, the same that the tests use. The ordinary audit runs against it, with no network at all.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

//go:embed demo.zone
var zone string

// The sample domains.
const (
	Healthy = "post.example"
	Broken  = "shop.example"
)

// World is what was started, and what to audit in it.
type World struct {
	Env     gather.Env
	Targets []gather.Target

	running []io.Closer
	lines   map[string]string // addresses of the sample domains' MX hosts, and where their servers are
}

// dial puts connections to the sample addresses through to the servers on loopback, and makes no others.
func (w *World) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if to, ok := w.lines[address]; ok {
		address = to
	}
	return testnet.Dial(ctx, network, address)
}

// exchanger is an MX host as it should be.
func exchanger(host string, ca *testnet.CA) testnet.Behaviour {
	now := time.Now()
	return testnet.Behaviour{Host: host, NoAuth: true, Offers: []string{"SMTPUTF8", "REQUIRETLS"},
		Certificate: ca.Issue(host, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))}
}

// Start starts the servers. lists are the blocklists that are asked.
func Start(lists []blocklist.List) (w *World, err error) {
	w = &World{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	z, err := dnsx.ParseZone("demo.zone", strings.NewReader(zone+ListZones(lists)))
	if err != nil {
		return w, err
	}
	server, err := testnet.ServeDNS(z, testnet.DNSOptions{})
	if err != nil {
		return w, fmt.Errorf("no DNS server on loopback: %w", err)
	}
	w.running = append(w.running, server)
	ca, err := testnet.NewCA()
	if err != nil {
		return w, err
	}
	w.Env = gather.Env{Now: time.Now, Probe: gather.Dialled(w.dial), Roots: ca.Pool(),
		DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{server.Addr()}, Dial: testnet.Dial})}

	now := time.Now()
	good := ca.Issue("submission."+Healthy, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))
	old := ca.Issue("submission."+Broken, now.AddDate(-1, 0, 0), now.AddDate(0, 0, -9))
	ports := make([]int, 0, 6)
	w.lines = map[string]string{}
	for _, x := range []struct {
		at string // where the demo's DNS says that the server is; "" for what is named with its port
		testnet.Behaviour
	}{
		{"", testnet.Behaviour{Host: "submission." + Healthy, Certificate: good}},
		{"", testnet.Behaviour{Host: "submission." + Healthy, Certificate: good, Implicit: true}},
		{"", testnet.Behaviour{Host: "submission." + Broken, Certificate: old, EarlyAuth: true}},
		{"192.0.2.35:25", exchanger("mx1."+Healthy, ca)},
		{"192.0.2.36:25", exchanger("mx2."+Healthy, ca)},
		{"198.51.100.25:25", testnet.Behaviour{Host: "mail." + Broken, Certificate: old, EarlyAuth: true}},
	} {
		s, err := testnet.ServeSMTP(x.Behaviour)
		if err != nil {
			return w, fmt.Errorf("no SMTP server on loopback: %w", err)
		}
		w.running = append(w.running, s)
		ports = append(ports, s.Port())
		if x.at != "" {
			w.lines[x.at] = s.Addr().String()
		}
	}
	w.Targets = []gather.Target{
		target(Broken, lists, []gather.Endpoint{{Host: "submission." + Broken, Port: ports[2]}}, facts.Stream{
			IPs: []netip.Addr{netip.MustParseAddr("198.51.100.25"), netip.MustParseAddr("198.51.100.26")}, HELO: "mail", Selectors: []string{"s1", "s2"}}),
		target(Healthy, lists, []gather.Endpoint{{Host: "submission." + Healthy, Port: ports[0]}, {Host: "submission." + Healthy, Port: ports[1], Implicit: true}},
			facts.Stream{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25"), netip.MustParseAddr("192.0.2.26")}, HELO: "mail.post.example", Selectors: []string{"s2026"}}),
	}
	return w, nil
}

func target(domain string, lists []blocklist.List, services []gather.Endpoint, s facts.Stream) gather.Target {
	s.Name, s.MailFrom, s.DKIMDomain = "default", "postmaster@"+domain, domain
	return gather.Target{Domain: domain, Streams: []facts.Stream{s}, Lists: lists, Submission: services,
		// The sample addresses are of the documentation ranges (RFC 5737), which are public in this world.
		AssumePublic: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24")}}
}

// Close ends the servers.
func (w *World) Close() error {
	var all error
	for _, c := range w.running {
		all = errors.Join(all, c.Close())
	}
	return all
}

// ListZones are zones in which every list passes its self-test (RFC 5782 5) and lists nothing else.
func ListZones(lists []blocklist.List) string {
	var b strings.Builder
	for _, l := range lists {
		fmt.Fprintf(&b, "%s. SOA ns1.hoster.example. hostmaster.hoster.example. 1 7200 3600 1209600 300\n", l.Zone)
		if yes, _ := l.TestNames(); yes != "" {
			fmt.Fprintf(&b, "%s. A %s\n", yes, answer(l.Codes[0].Match))
		}
	}
	return b.String()
}

// answer is an address that a code matches.
func answer(m blocklist.Match) netip.Addr {
	last := m.First
	if m.Bit != 0 {
		last = m.Bit
	}
	return netip.AddrFrom4([4]byte{m.Net[0], m.Net[1], m.Net[2], last})
}
