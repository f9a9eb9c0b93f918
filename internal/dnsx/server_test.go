package dnsx_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

const delegated = `d.example. SOA ns1.example. h.example. 7 7200 3600 1209600 3600
d.example. NS ns1.example.
d.example. TXT "hello"
c.d.example. CNAME e.example.
s.d.example. NS ns.s.d.example.
ns.s.d.example. A 192.0.2.9
`

var theServer = netip.MustParseAddr("192.0.2.53")

// divert dials at loopback what is meant for port 53 of theServer.
func divert(to netip.AddrPort) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == theServer.String()+":53" {
			address = to.String()
		}
		return testnet.Dial(ctx, network, address)
	}
}

// askServer puts a question to a server itself.
func askServer(t *testing.T, to netip.AddrPort, patience time.Duration, q dnsx.Question) dnsx.Answer {
	t.Helper()
	q.Server = theServer
	return dnsx.NewClient(dnsx.Config{Dial: divert(to), Timeout: patience}).Lookup(t.Context(), q)
}

// authority starts a server with authority.
func authority(t *testing.T, fault testnet.DNSFault) netip.AddrPort {
	return serve(t, delegated, testnet.DNSOptions{Authoritative: true, Faults: map[dnsx.Question]testnet.DNSFault{{}: fault}}).Addr()
}

func TestServer(t *testing.T) {
	soa, other := dnsx.Q("d.example", dnsx.SOA), dnsx.Q("other.test", dnsx.SOA)
	with := func(s dnsx.Server) dnsx.Server { s.Authoritative = true; return s }
	for _, tt := range []struct {
		name   string
		fault  testnet.DNSFault
		q      dnsx.Question
		status dnsx.Status
		rcode  string
		cause  string
		server dnsx.Server
		asked  int
	}{
		{"healthy", testnet.DNSHealthy, soa, dnsx.Found, "", "", with(dnsx.Server{}), 1},
		{"nodata", testnet.DNSHealthy, dnsx.Q("d.example", dnsx.MX), dnsx.NoData, "", "", with(dnsx.Server{}), 1},
		{"nxdomain", testnet.DNSHealthy, dnsx.Q("x.d.example", dnsx.MX), dnsx.NXDomain, "", "", with(dnsx.Server{}), 1},
		{"alias", testnet.DNSHealthy, dnsx.Q("c.d.example", dnsx.A), dnsx.Failed, "", "c.d.example leads to e.example by a CNAME", with(dnsx.Server{}), 1},
		{"refused", testnet.DNSHealthy, other, dnsx.Failed, "REFUSED", "answered REFUSED", dnsx.Server{}, 1},
		{"servfail", testnet.DNSServFail, soa, dnsx.Failed, "SERVFAIL", "192.0.2.53:53 answered SERVFAIL", with(dnsx.Server{}), 1},
		{"lame", testnet.DNSLame, soa, dnsx.Failed, "NOERROR", "without authority, with a referral for .", dnsx.Server{Referral: []dnsx.Record{
			{Name: ".", Type: dnsx.NS, TTL: 300, Data: "a.root.invalid.", Target: "a.root.invalid"}}}, 1},
		{"recased", testnet.DNSRecase, soa, dnsx.Found, "", "", with(dnsx.Server{Recased: true}), 1},
		{"without EDNS", testnet.DNSNoEDNS, soa, dnsx.Found, "", "", with(dnsx.Server{Plain: true}), 2},
		{"FORMERR to all", testnet.DNSFormErr, soa, dnsx.Failed, "FORMERR", "answered FORMERR", dnsx.Server{}, 2},
		{"truncated", testnet.DNSTruncate, soa, dnsx.Found, "", "", with(dnsx.Server{}), 2},
		{"silent", testnet.DNSDrop, soa, dnsx.Failed, "", "192.0.2.53:53 did not answer within 3s", dnsx.Server{Silence: dnsx.Quiet}, 1},
		{"silent over TCP", testnet.DNSDrop, dnsx.Question{Name: "d.example", Type: dnsx.SOA, TCP: true}, dnsx.Failed, "",
			"TCP to 192.0.2.53:53 failed: no answer within 3s", dnsx.Server{Silence: dnsx.Quiet}, 1},
		{"hangs up over TCP", testnet.DNSNoTCP, dnsx.Question{Name: "d.example", Type: dnsx.SOA, TCP: true}, dnsx.Failed, "",
			"TCP to 192.0.2.53:53 failed: ", dnsx.Server{Silence: dnsx.Closed}, 1},
		{"over TCP", testnet.DNSRecase, dnsx.Question{Name: "d.example", Type: dnsx.SOA, TCP: true}, dnsx.Found, "", "", with(dnsx.Server{}), 1},
		{"noise", testnet.DNSGarbage, soa, dnsx.Failed, "", "malformed there too", dnsx.Server{Silence: dnsx.Garbled}, 2},
		{"noise over TCP", testnet.DNSGarbage, dnsx.Question{Name: "d.example", Type: dnsx.SOA, TCP: true}, dnsx.Failed, "",
			"TCP to 192.0.2.53:53 failed: malformed", dnsx.Server{Silence: dnsx.Garbled}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			patience := 90 * time.Second
			if tt.server.Silence == dnsx.Quiet {
				patience = 3 * time.Second
			}
			a := askServer(t, authority(t, tt.fault), patience, tt.q)
			if tt.fault == testnet.DNSServFail {
				tt.server.Authoritative = a.Server.Authoritative // some set it, some do not
			}
			if a.Status != tt.status || a.Rcode != tt.rcode || !strings.Contains(a.Cause, tt.cause) || (a.Cause == "") != (tt.cause == "") || a.Asked != tt.asked {
				t.Errorf("%+v", a)
			}
			if d := cmp.Diff(tt.server, *a.Server, addrs, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// TestReferral: what a server gives away it refers for, with the addresses that it has.
func TestReferral(t *testing.T) {
	a := askServer(t, authority(t, testnet.DNSHealthy), 90*time.Second, dnsx.Q("s.d.example", dnsx.NS))
	if a.Status != dnsx.Failed || len(a.Server.Referral) != 1 || a.Server.Referral[0].Name != "s.d.example" || a.Server.Referral[0].Target != "ns.s.d.example" ||
		len(a.Server.Glue) != 1 || a.Server.Glue[0].Addr.String() != "192.0.2.9" {
		t.Errorf("%+v", a)
	}
}

// TestReferralIsBounded: a hostile server's referral is cut, and so is its glue.
func TestReferralIsBounded(t *testing.T) {
	s := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg).SetReply(req)
		m.Compress = true
		for range 60 {
			m.Ns = append(m.Ns, &dns.NS{Hdr: dns.RR_Header{Name: "d.example.", Rrtype: dns.TypeNS, Class: dns.ClassINET}, Ns: "ns.d.example."})
		}
		for range 210 {
			m.Extra = append(m.Extra, &dns.A{Hdr: dns.RR_Header{Name: "ns.d.example.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 1)},
				&dns.A{Hdr: dns.RR_Header{Name: "x.example.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 2)})
		}
		m.Extra = m.Extra[:200]
		w.WriteMsg(m)
	})
	a := askServer(t, s, 90*time.Second, dnsx.Q("d.example", dnsx.NS))
	if len(a.Server.Referral) != 50 || len(a.Server.Glue) != 100 {
		t.Errorf("%d NS records, %d addresses: %s", len(a.Server.Referral), len(a.Server.Glue), a.Cause)
	}
}

// TestServerUnreached: a closed port and a network without a way there are told apart from silence.
func TestServerUnreached(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		q := dnsx.Question{Name: "d.example", Type: dnsx.SOA, TCP: tcp}
		if a := askServer(t, nowhere(t), 90*time.Second, q); a.Status != dnsx.Failed || a.Server.Silence != dnsx.Closed {
			t.Errorf("TCP %v, nothing listens: %+v, %+v", tcp, a, a.Server)
		}
		q.Server = theServer // testnet.Dial refuses to go there
		if a := dnsx.NewClient(dnsx.Config{Dial: testnet.Dial}).Lookup(t.Context(), q); a.Status != dnsx.Failed || a.Server.Silence != dnsx.Unreachable {
			t.Errorf("TCP %v, no way there: %+v, %+v", tcp, a, a.Server)
		}
	}
}

// TestHeaderBits: a server is asked without recursion and by a name in mixed case over UDP; CD goes to a resolver.
func TestHeaderBits(t *testing.T) {
	type seen struct {
		name       string
		rd, cd, ad bool
	}
	got := make(chan seen, 1)
	s := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		got <- seen{req.Question[0].Name, req.RecursionDesired, req.CheckingDisabled, req.AuthenticatedData}
		m := new(dns.Msg).SetReply(req)
		m.Authoritative, m.RecursionAvailable = true, true
		w.WriteMsg(m)
	})
	askServer(t, s, 90*time.Second, dnsx.Q("d.example", dnsx.SOA))
	if got, want := <-got, (seen{"D.eXaMpLe.", false, false, false}); got != want {
		t.Errorf("to a server: %+v, want %+v", got, want)
	}
	client(s).Lookup(t.Context(), dnsx.Question{Name: "d.example", Type: dnsx.SOA, Unchecked: true})
	if got, want := <-got, (seen{"d.example.", true, true, true}); got != want {
		t.Errorf("to a resolver: %+v, want %+v", got, want)
	}
}

// TestTCPAtOnce: over TCP no datagram is sent first, and the next resolver is asked where one does not take connections.
func TestTCPAtOnce(t *testing.T) {
	deaf := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSNoTCP}})
	s := serve(t, world, testnet.DNSOptions{Validates: true})
	q := dnsx.Question{Name: "d.example", Type: dnsx.TXT, TCP: true}
	a := client(deaf.Addr(), s.Addr()).Lookup(t.Context(), q)
	if a.Status != dnsx.Found || !a.Authenticated || a.Question != q || a.Server != nil {
		t.Errorf("%+v", a)
	}
	for _, l := range [][]testnet.DNSAsked{deaf.Asked(), s.Asked()} {
		if len(l) != 1 || !l[0].TCP {
			t.Errorf("asked %+v", l)
		}
	}
	if a := client(deaf.Addr()).Lookup(t.Context(), q); a.Status != dnsx.Failed || !strings.HasPrefix(a.Cause, "TCP to "+deaf.Addr().String()+" failed: ") {
		t.Errorf("%+v", a)
	}
}

// TestRcode: the code of a failure is kept, so that a SERVFAIL can be told from silence.
func TestRcode(t *testing.T) {
	for fault, want := range map[testnet.DNSFault]string{testnet.DNSServFail: "SERVFAIL", testnet.DNSRefused: "REFUSED", testnet.DNSHealthy: ""} {
		s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: fault}})
		for _, r := range []dnsx.Resolver{client(s.Addr()), dnsx.NewOverlay(nil, nil, client(s.Addr()))} {
			if a := r.Lookup(t.Context(), dnsx.Q("d.example", dnsx.TXT)); a.Rcode != want {
				t.Errorf("%T: %+v, want %q", r, a, want)
			}
		}
	}
}

// TestWholeQuestion: who stands between the caller and the client keeps apart what differs in CD, server or transport.
func TestWholeQuestion(t *testing.T) {
	var got []dnsx.Question
	under := resolverFunc(func(_ context.Context, q dnsx.Question) dnsx.Answer {
		got = append(got, q)
		return dnsx.Answer{Question: q, Status: dnsx.NoData}
	})
	all := []dnsx.Question{
		{Name: "d.example", Type: dnsx.SOA},
		{Name: "d.example", Type: dnsx.SOA, Unchecked: true},
		{Name: "d.example", Type: dnsx.SOA, TCP: true},
		{Name: "d.example", Type: dnsx.SOA, Server: theServer},
		{Name: "d.example", Type: dnsx.SOA, Server: theServer, TCP: true},
	}
	published := testnet.MustZone("d.example. SOA a. b. 1 2 3 4 5\n")
	for name, r := range map[string]dnsx.Resolver{"memo": dnsx.NewMemo(t.Context(), under), "overlay": dnsx.NewOverlay(nil, nil, under)} {
		got = nil
		for _, q := range all {
			q.Name = "D.example."
			r.Lookup(t.Context(), q)
		}
		if !slices.Equal(got, all) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// What the overlay gives is given unchecked, too; what a server says of itself is never laid over.
	got = nil
	over := dnsx.NewOverlay(published, nil, under)
	for i, q := range all {
		if a := over.Lookup(t.Context(), q); (a.Status == dnsx.Found) != (i < 3) {
			t.Errorf("%+v: %+v", q, a)
		}
	}
	if !slices.Equal(got, all[3:]) {
		t.Errorf("beneath the overlay: %+v", got)
	}
	for i, q := range all {
		a := dnsx.NewOffline(published).Lookup(t.Context(), q)
		if (a.Status == dnsx.Found) != (i < 3) || i >= 3 && (a.Status != dnsx.Failed || !strings.Contains(a.Cause, "offline")) {
			t.Errorf("offline, %+v: %+v", q, a)
		}
	}
}

// TestOfflineDS: the DS records of a zone are its parent's, of which the zone's own file says nothing.
func TestOfflineDS(t *testing.T) {
	const own = "d.example. SOA a. b. 1 2 3 4 5\nd.example. NS ns.d.example.\n"
	for zone, want := range map[string]dnsx.Status{
		own:                                  dnsx.Failed,
		own + "example. SOA a. b. 1 2 3 4 5": dnsx.NoData,
		own + "d.example. DS 1 13 2 00":      dnsx.Found,
	} {
		if a := dnsx.NewOffline(testnet.MustZone(zone)).Lookup(t.Context(), dnsx.Q("d.example", dnsx.DS)); a.Status != want {
			t.Errorf("%s: %+v, want %s", zone, a, want)
		}
	}
}
