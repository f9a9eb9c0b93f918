package gather

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// serveZone starts an authoritative server.
func serveZone(t *testing.T, zone string, fault testnet.DNSFault) *testnet.DNS {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Authoritative: true, Faults: map[dnsx.Question]testnet.DNSFault{{}: fault}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// closedAt is a place on loopback where nothing listens.
func closedAt(t *testing.T) netip.AddrPort {
	t.Helper()
	s := serveZone(t, "", testnet.DNSHealthy)
	s.Close()
	return s.Addr()
}

// internet dials at loopback what stands at port 53 of these addresses, and nothing else.
func internet(at map[string]netip.AddrPort) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if to, ok := at[host]; ok && err == nil && port == "53" {
			address = to.String()
		}
		return testnet.Dial(ctx, network, address)
	}
}

// among is a run that asks a resolver, and servers.
func among(t *testing.T, resolver *testnet.DNS, at map[string]netip.AddrPort, patience time.Duration) *gatherer {
	r := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{resolver.Addr()}, Dial: internet(at), Timeout: patience})
	return run(t.Context(), r, Target{Domain: "d.example", AskServers: true})
}

// ownZone is d.example as its servers have it.
const ownZone = "d.example." + soaText + "d.example. NS ns1.example.\n"

// TestTalks: each server is told apart by what it answers itself.
func TestTalks(t *testing.T) {
	behind := "d.example. SOA ns1.example. h.example. 6 7200 3600 1209600 3600\n"
	elsewhere := serveZone(t, "e.example."+soaText, testnet.DNSHealthy)
	at := map[string]netip.AddrPort{
		"11.0.0.1": serveZone(t, ownZone, testnet.DNSHealthy).Addr(),
		"11.0.0.2": serveZone(t, behind, testnet.DNSHealthy).Addr(),
		"11.0.0.3": elsewhere.Addr(),
		"11.0.0.4": serveZone(t, ownZone, testnet.DNSNoTCP).Addr(),
		"11.0.0.5": serveZone(t, ownZone, testnet.DNSRecase).Addr(),
		"11.0.0.6": serveZone(t, ownZone, testnet.DNSNoEDNS).Addr(),
		"11.0.0.7": closedAt(t),
		"11.0.0.8": serveZone(t, "example."+soaText, testnet.DNSHealthy).Addr(),
		"2a0f::1":  serveZone(t, ownZone, testnet.DNSGarbage).Addr(),
		"10.0.0.1": serveZone(t, ownZone, testnet.DNSHealthy).Addr(),
	}
	zone := ownZone
	for host, a := range map[string]string{"ns1": "11.0.0.1", "ns2": "11.0.0.2", "ns3": "11.0.0.3", "ns4": "11.0.0.4", "ns5": "11.0.0.5", "ns6": "11.0.0.6",
		"ns7": "11.0.0.7", "ns8": "11.0.0.8", "ns9": "11.0.0.9", "private": "10.0.0.1"} {
		zone += "d.example. NS " + host + ".example.\n" + host + ".example. A " + a + "\n"
	}
	zone += "ns1.example. AAAA 2a0f::1\nexample. NS ns1.example.\n"
	g := among(t, serve(t, zone, nil), at, patient)
	got := map[string]facts.ServerTalk{}
	for _, x := range g.authorities(g.exists).talks {
		got[x.Addr.String()] = x
	}
	const good = facts.HeardAuthoritative
	for _, w := range []struct {
		addr, udp, tcp string
		serial         uint32
		recased, plain bool
		why            string
	}{
		{"11.0.0.1", good, good, 7, false, false, ""},
		{"11.0.0.2", good, good, 6, false, false, ""},
		{"11.0.0.3", facts.HeardLame, facts.HeardLame, 0, false, false, "11.0.0.3:53 answered REFUSED"},
		{"11.0.0.4", good, facts.HeardClosed, 7, false, false, ""},
		{"11.0.0.5", good, good, 7, true, false, ""},
		{"11.0.0.6", good, facts.HeardLame, 7, false, true, ""},
		{"11.0.0.7", facts.HeardClosed, facts.HeardClosed, 0, false, false, "nothing listens at 11.0.0.7:53"},
		{"11.0.0.8", facts.HeardLame, facts.HeardLame, 0, false, false, "it has authority, and no SOA record of d.example"},
		{"11.0.0.9", facts.HeardUnreachable, facts.HeardUnreachable, 0, false, false, "11.0.0.9:53 cannot be reached"},
		{"2a0f::1", facts.HeardGarbled, facts.HeardGarbled, 0, false, false, "malformed"},
	} {
		x, ok := got[w.addr]
		if !ok || x.UDP.State != w.udp || x.TCP.State != w.tcp || x.Serial != w.serial || x.Recased != w.recased || x.Plain != w.plain || !strings.Contains(x.UDP.Why, w.why) {
			t.Errorf("%s: %+v", w.addr, x)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d addresses asked, want 10: %+v", len(got), got)
	}
	for _, q := range elsewhere.Asked() {
		if q.Name != "d.example" || q.Type != dnsx.SOA {
			t.Errorf("asked %+v", q)
		}
	}
	if l := repeated(elsewhere.Asked()); len(l) > 0 || len(elsewhere.Asked()) != 2 {
		t.Errorf("asked %+v", elsewhere.Asked())
	}
}

func TestSilentServer(t *testing.T) {
	at := map[string]netip.AddrPort{"11.0.0.1": serveZone(t, ownZone, testnet.DNSDrop).Addr()}
	g := among(t, serve(t, ownZone+"ns1.example. A 11.0.0.1", nil), at, 900*time.Millisecond)
	talks := g.authorities(g.exists).talks
	if len(talks) != 1 || talks[0].UDP.State != facts.HeardQuiet || talks[0].TCP.State != facts.HeardQuiet || talks[0].UDP.Why == "" {
		t.Errorf("%+v", talks)
	}
}

// TestNobodyIsAskedForNothing: servers of a zone without SOA record are not asked for it, which soa.missing says.
func TestNobodyIsAskedForNothing(t *testing.T) {
	own := serveZone(t, ownZone, testnet.DNSHealthy)
	g := among(t, serve(t, "d.example. NS ns1.example.\nns1.example. A 11.0.0.1\n", nil), map[string]netip.AddrPort{"11.0.0.1": own.Addr()}, patient)
	if a := g.authorities(g.exists); len(a.talks) > 0 || len(own.Asked()) > 0 {
		t.Errorf("%+v, asked %+v", a, own.Asked())
	}
}

// TestOurTimeIsUp: an audit that ends before a server's patience is over says nothing against the server.
func TestOurTimeIsUp(t *testing.T) {
	dial := internet(map[string]netip.AddrPort{"11.0.0.1": serveZone(t, ownZone, testnet.DNSDrop).Addr()})
	ctx, cancel := context.WithCancel(t.Context())
	var dialled atomic.Int32
	r := dnsx.NewClient(dnsx.Config{Timeout: patient, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dialled.Add(1) == 2 { // UDP and TCP
			defer cancel()
		}
		return dial(ctx, network, address)
	}})
	x := run(ctx, r, Target{Domain: "d.example"}).askSeat("d.example", seat{"ns1.example", netip.MustParseAddr("11.0.0.1")})
	if x.UDP.State != facts.HeardUnreachable || x.TCP.State != facts.HeardUnreachable {
		t.Errorf("%+v", x)
	}
}

// TestSeats: of many addresses one of each family is asked, or two of the only one.
func TestSeats(t *testing.T) {
	for l, want := range map[string]string{
		"11.0.0.1 11.0.0.2 11.0.0.3 2a0f::1 2a0f::2": "11.0.0.1 2a0f::1",
		"11.0.0.1 2a0f::1":                           "11.0.0.1 2a0f::1",
		"11.0.0.1 11.0.0.2 11.0.0.3":                 "11.0.0.1 11.0.0.2",
		"10.0.0.1 11.0.0.2":                          "11.0.0.2",
		"127.0.0.1":                                  "",
		"":                                           "",
	} {
		var in []netip.Addr
		for _, a := range strings.Fields(l) {
			in = append(in, netip.MustParseAddr(a))
		}
		given := slices.Clone(in)
		var got []string
		for _, a := range run(t.Context(), nil, Target{}).seats(in) {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != want || !slices.Equal(given, in) {
			t.Errorf("%q: %q, want %q", l, got, want)
		}
	}
	if got := run(t.Context(), nil, Target{Family: 6}).seats([]netip.Addr{netip.MustParseAddr("11.0.0.1"), netip.MustParseAddr("2a0f::1")}); len(got) != 1 || !got[0].Is6() {
		t.Errorf("with -6: %v", got)
	}
}

// TestDelegation: a server of the zone above is asked itself, and the next one where the first does not say.
func TestDelegation(t *testing.T) {
	above := "example." + soaText + "example. NS a.nic.example.\nexample. NS b.nic.example.\n"
	resolver := above + ownZone + "a.nic.example. A 11.0.9.1\nb.nic.example. A 11.0.9.2\nns1.example. A 11.0.0.1\n"
	named := above + "d.example. NS ns2.example.\nd.example. NS ns1.example.\nns2.example. A 11.0.0.2\n"
	for _, c := range []struct {
		name, zone string // of the first server of the zone above
		fault      testnet.DNSFault
		resolver   string
		want       []string // nil: unknown
		server     string
		why        string
	}{
		{"a referral", named, testnet.DNSHealthy, resolver, []string{"ns1.example", "ns2.example"}, "a.nic.example", ""},
		{"it has both zones, and the next does not", named + ownZone, testnet.DNSHealthy, resolver, []string{"ns1.example"}, "b.nic.example", ""},
		{"no such zone", above, testnet.DNSHealthy, resolver, []string{}, "a.nic.example", ""},
		{"the first is lame", named, testnet.DNSRefused, resolver, []string{"ns1.example"}, "b.nic.example", ""},
		{"no address", named, testnet.DNSHealthy, above + ownZone, nil, "", "no server of example has an address"},
		{"no zone above", named, testnet.DNSHealthy, ownZone, nil, "", "no name server of a zone above d.example is known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := map[string]netip.AddrPort{
				"11.0.9.1": serveZone(t, c.zone, c.fault).Addr(),
				"11.0.9.2": serveZone(t, above+"d.example. NS ns1.example.\n", testnet.DNSHealthy).Addr(),
				"11.0.0.1": serveZone(t, ownZone, testnet.DNSHealthy).Addr(),
			}
			g := among(t, serve(t, c.resolver, nil), at, patient)
			d := g.authorities(g.exists).parent
			if d.Known() != (c.want != nil) || !slices.Equal(d.Value.Servers, c.want) || d.Value.Server != c.server || !strings.Contains(d.Why, c.why) ||
				d.Known() && d.Value.Zone != "example" {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestDelegationByWhoHasBoth: what a server of both zones says is of the lower one, and tells nothing of the delegation.
func TestDelegationByWhoHasBoth(t *testing.T) {
	both := "example." + soaText + "example. NS a.nic.example.\nd.example. NS forgotten.example.\na.nic.example. A 11.0.9.1\nns1.example. A 11.0.0.1\n" + ownZone
	at := map[string]netip.AddrPort{
		"11.0.9.1": serveZone(t, both, testnet.DNSHealthy).Addr(),
		"11.0.0.1": serveZone(t, ownZone, testnet.DNSHealthy).Addr(),
	}
	g := among(t, serve(t, both, nil), at, patient)
	if a := g.authorities(g.exists); a.parent.State != facts.Unasked || len(a.talks) != 1 {
		t.Errorf("%+v", a)
	}
	g = among(t, serve(t, both, lost("d.example")), at, patient)
	if o := g.authorities(g.exists).outage; o.State != facts.Unknown || o.Why == "" {
		t.Errorf("%+v", o)
	}
}

// TestDelegationByTheOtherFamily: to a server of the zone above that has no way by IPv4 there may be one by IPv6.
func TestDelegationByTheOtherFamily(t *testing.T) {
	above := "example." + soaText + "example. NS a.nic.example.\na.nic.example. A 11.0.9.1\na.nic.example. AAAA 2a0f::9\n"
	at := map[string]netip.AddrPort{"2a0f::9": serveZone(t, above+"d.example. NS ns1.example.\n", testnet.DNSHealthy).Addr()}
	g := among(t, serve(t, above+ownZone, nil), at, patient)
	if d, _ := g.delegation("d.example"); !d.Known() || d.Value.Addr.String() != "2a0f::9" || !slices.Equal(d.Value.Servers, []string{"ns1.example"}) {
		t.Errorf("%+v", d)
	}
}

// TestControlOverTCP: where no server is heard over TCP one of the zone above is tried, and only there.
func TestControlOverTCP(t *testing.T) {
	zones := "example." + soaText + "example. NS a.nic.example.\na.nic.example. A 11.0.9.1\nns1.example. A 11.0.0.1\n"
	for _, c := range []struct {
		own, above testnet.DNSFault
		want       bool
		asked      int
	}{{testnet.DNSNoTCP, testnet.DNSHealthy, true, 2}, {testnet.DNSServFail, testnet.DNSHealthy, false, 1}, {testnet.DNSNoTCP, testnet.DNSNoTCP, false, 2}, {testnet.DNSHealthy, testnet.DNSHealthy, false, 1}} {
		above := serveZone(t, zones+"d.example. NS ns1.example.\n", c.above)
		at := map[string]netip.AddrPort{"11.0.9.1": above.Addr(), "11.0.0.1": serveZone(t, ownZone, c.own).Addr()}
		g := among(t, serve(t, zones+ownZone, nil), at, patient)
		if d := g.authorities(g.exists).parent; !d.Known() || d.Value.TCP != c.want || len(above.Asked()) != c.asked {
			t.Errorf("%+v: %+v, asked %+v", c, d, above.Asked())
		}
	}
}

// TestDelegationElsewhere: a referral for another zone is none for this one.
func TestDelegationElsewhere(t *testing.T) {
	at := map[string]netip.AddrPort{"11.0.9.1": serveZone(t, "example."+soaText+"c.example. NS ns.c.example.\n", testnet.DNSHealthy).Addr()}
	g := among(t, serve(t, "example. NS a.nic.example.\na.nic.example. A 11.0.9.1\n", nil), at, patient)
	if d, _ := g.delegation("d.c.example"); d.Known() || !strings.Contains(d.Why, "a referral for c.example") {
		t.Errorf("%+v", d)
	}
}

// TestOutage: where the resolver finds nothing out, the servers are asked from the zone above.
func TestOutage(t *testing.T) {
	above := "example." + soaText + "example. NS a.nic.example.\na.nic.example. A 11.0.9.1\nns1.example. A 11.0.0.1\nns2.example. A 11.0.0.2\n"
	referral := above + "d.example. NS ns1.example.\nd.example. NS ns2.example.\n"
	at := map[string]netip.AddrPort{
		"11.0.0.1": serveZone(t, ownZone, testnet.DNSServFail).Addr(),
		"11.0.0.2": closedAt(t),
	}
	for _, c := range []struct {
		name, parent string
		faults       map[dnsx.Question]testnet.DNSFault
		talks        int
		lost         string
		state        facts.State
	}{
		{"by glue", referral, lost("d.example", "ns1.example", "ns2.example"), 2, "", facts.Known},
		{"by the resolver", strings.ReplaceAll(referral, "ns2.example. A 11.0.0.2\n", ""), lost("d.example"), 2, "", facts.Known},
		{"one not found", strings.ReplaceAll(referral, "ns2.example. A 11.0.0.2\n", ""), lost("d.example", "ns2.example"), 1, "ns2.example: ", facts.Known},
		{"one private", strings.ReplaceAll(referral, "11.0.0.2", "10.0.0.2"), lost("d.example"), 1, "ns2.example has no address that may be asked", facts.Known},
		{"the control is lost", referral, lost("d.example", "example"), 0, "", facts.Unknown},
		{"nothing is lost", referral, nil, 0, "", facts.Unasked},
	} {
		t.Run(c.name, func(t *testing.T) {
			at["11.0.9.1"] = serveZone(t, c.parent, testnet.DNSHealthy).Addr()
			s := serve(t, above+"d.example. MX 10 mx.example.\n", c.faults)
			g := among(t, s, at, patient)
			o := g.authorities(g.exists).outage
			if o.State != c.state || len(o.Value.Talks) != c.talks || !strings.HasPrefix(o.Value.Lost, c.lost) || c.lost == "" && o.Value.Lost != "" {
				t.Fatalf("%+v", o)
			}
			if c.state == facts.Known && (o.Value.Zone != "d.example" || o.Value.Control.Zone != "example" || o.Value.Control.Addr.String() != "11.0.9.1" ||
				o.Value.Talks[0].UDP.State != facts.HeardLame) {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestAllSeats: before every server is said to fail every address of each is asked, or it is said why not.
func TestAllSeats(t *testing.T) {
	glue := func(l ...string) (out []dnsx.Record) {
		for _, s := range l {
			name, a, _ := strings.Cut(s, " ")
			out = append(out, dnsx.Record{Name: name, Addr: netip.MustParseAddr(a)})
		}
		return out
	}
	var many []string
	var wide []dnsx.Record
	for i := range 14 {
		host := "ns" + strconv.Itoa(10+i) + ".example"
		many = append(many, host)
		for j := range 3 {
			wide = append(wide, dnsx.Record{Name: host, Addr: netip.AddrFrom4([4]byte{11, 0, byte(i), byte(j)})})
		}
	}
	ns1 := []string{"ns1.example"}
	for _, c := range []struct {
		name   string
		target Target
		hosts  []string
		glue   []dnsx.Record
		want   string
		lost   string
	}{
		{"three of one family", Target{}, ns1, glue("ns1.example 2a0f::1", "ns1.example 2a0f::2", "ns1.example 11.0.0.1", "ns1.example 11.0.0.1"), "2a0f::1 2a0f::2 11.0.0.1", ""},
		{"a private one beside", Target{}, ns1, glue("ns1.example 10.0.0.1", "ns1.example 11.0.0.1"), "11.0.0.1", ""},
		{"-4", Target{Family: 4}, ns1, glue("ns1.example 11.0.0.1", "ns1.example 2a0f::1"), "11.0.0.1", "ns1.example has an address of the family that is not dialled"},
		{"-4, IPv6 alone", Target{Family: 4}, ns1, glue("ns1.example 2a0f::1"), "", "ns1.example has no address that may be asked"},
		{"one family lost", Target{}, []string{"half.example"}, nil, "11.0.0.7", "half.example: "},
		{"more hosts than are asked", Target{}, many[:14], glue("ns10.example 11.0.0.1"), "11.0.0.1", "only the first 13 name servers"},
		{"more addresses than are asked", Target{}, many[:13], wide, "", "only the first 26 addresses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, "example."+soaText+"half.example. A 11.0.0.7\n", map[dnsx.Question]testnet.DNSFault{dnsx.Q("half.example", dnsx.AAAA): testnet.DNSServFail})
			seats, lost := over(t.Context(), s, c.target).allSeats(c.hosts, c.glue)
			var got []string
			for _, x := range seats {
				got = append(got, x.addr.String())
			}
			if !strings.HasPrefix(lost, c.lost) || (c.lost == "") != (lost == "") || c.want != "" && strings.Join(got, " ") != c.want || len(seats) > 26 {
				t.Errorf("%v, lost %q", got, lost)
			}
		})
	}
}

// TestDelegationOffline: a file has no servers to ask.
func TestDelegationOffline(t *testing.T) {
	r := dnsx.NewOffline(testnet.MustZone("example." + soaText + "example. NS a.nic.example.\na.nic.example. A 11.0.9.1\n"))
	if d, _ := run(t.Context(), r, Target{Domain: "d.example"}).delegation("d.example"); d.State != facts.Unknown || !strings.HasPrefix(d.Why, "offline: ") {
		t.Errorf("%+v", d)
	}
}

// TestOutageOfOurs: that the server of the zone above is not heard any more tells that it is our way out that failed.
func TestOutageOfOurs(t *testing.T) {
	above := "example." + soaText + "example. NS a.nic.example.\na.nic.example. A 11.0.9.1\nd.example. NS ns1.example.\nns1.example. A 11.0.0.1\n"
	s, err := testnet.ServeDNS(testnet.MustZone(above), testnet.DNSOptions{Authoritative: true,
		Faults: map[dnsx.Question]testnet.DNSFault{dnsx.Q("example", dnsx.SOA): testnet.DNSGarbage}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	at := map[string]netip.AddrPort{"11.0.9.1": s.Addr(), "11.0.0.1": closedAt(t)}
	g := among(t, serve(t, above, lost("d.example")), at, patient)
	if o := g.authorities(g.exists).outage; !o.Known() || len(o.Value.Talks) != 1 || !strings.HasPrefix(o.Value.Lost, "a.nic.example is not heard any more: ") {
		t.Errorf("%+v", o)
	}
}

// TestServersAreAskedOnDemand: no server is asked itself where that was not allowed, nor where no rule needs it.
func TestServersAreAskedOnDemand(t *testing.T) {
	own := serveZone(t, ownZone, testnet.DNSHealthy)
	above := serveZone(t, "example."+soaText+"d.example. NS ns1.example.\n", testnet.DNSHealthy)
	s := serve(t, ownZone+"ns1.example. A 11.0.0.1\nexample. NS a.nic.example.\na.nic.example. A 11.0.9.1\n", nil)
	r := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Timeout: patient,
		Dial: internet(map[string]netip.AddrPort{"11.0.0.1": own.Addr(), "11.0.9.1": above.Addr()})})
	for _, c := range []struct {
		ask   bool
		want  facts.Topic
		talks int
	}{{false, everything, 0}, {true, everything &^ facts.Servers, 0}, {true, everything, 1}} {
		f := Gather(t.Context(), env(r), Target{Domain: "d.example", Streams: []facts.Stream{stream()}, AskServers: c.ask}, c.want)
		if len(f.Zone.Value.Talks) != c.talks || f.Zone.Value.Parent.Known() != (c.talks > 0) || len(own.Asked()) != 2*c.talks || len(above.Asked()) != c.talks {
			t.Errorf("%+v: %+v, %+v, asked %+v, %+v", c, f.Zone.Value.Talks, f.Zone.Value.Parent, own.Asked(), above.Asked())
		}
	}
}
