// Package demo is the world of `mailaudit demo`: two sample domains behind a real DNS server and real SMTP servers on
// loopback, the same that the tests use. The ordinary audit runs against it, with no network at all.
package demo

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
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
	w.Env = gather.Env{Now: time.Now, Probe: gather.Dialled(testnet.Dial), Roots: ca.Pool(),
		DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{server.Addr()}, Dial: testnet.Dial})}

	now := time.Now()
	good := ca.Issue("submission."+Healthy, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))
	old := ca.Issue("submission."+Broken, now.AddDate(-1, 0, 0), now.AddDate(0, 0, -9))
	ports := make([]int, 0, 3)
	for _, b := range []testnet.Behaviour{
		{Host: "submission." + Healthy, Certificate: good},
		{Host: "submission." + Healthy, Certificate: good, Implicit: true},
		{Host: "submission." + Broken, Certificate: old, EarlyAuth: true},
	} {
		s, err := testnet.ServeSMTP(b)
		if err != nil {
			return w, fmt.Errorf("no SMTP server on loopback: %w", err)
		}
		w.running = append(w.running, s)
		ports = append(ports, s.Port())
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
