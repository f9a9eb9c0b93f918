package dnsx_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

// addrs compares addresses; for how long an answer may be kept is in its own test.
var addrs = cmp.Options{cmpopts.EquateComparable(netip.Addr{}), cmpopts.IgnoreFields(dnsx.Answer{}, "Keep")}

// serve starts a resolver for the zone.
func serve(t testing.TB, zone string, o testnet.DNSOptions) *testnet.DNS {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// client asks on loopback only, and is so patient that a retransmission takes longer than prompt. quick is for servers
// that never answer.
func client(servers ...netip.AddrPort) *dnsx.Client {
	return dnsx.NewClient(dnsx.Config{Servers: servers, Dial: testnet.Dial, Timeout: 90 * time.Second})
}

const prompt = 10 * time.Second

func quick(servers ...netip.AddrPort) *dnsx.Client {
	return dnsx.NewClient(dnsx.Config{Servers: servers, Dial: testnet.Dial, Timeout: 3 * time.Second})
}

// handle starts a server that does what no sane one would, over UDP alone.
func handle(t *testing.T, h dns.HandlerFunc) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, &dns.Server{PacketConn: pc, Handler: h})
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

func run(t *testing.T, s *dns.Server) {
	up := make(chan struct{})
	s.NotifyStartedFunc = func() { close(up) }
	go s.ActivateAndServe()
	<-up
	t.Cleanup(func() { s.Shutdown() })
}

// rr is one record.
func rr(t *testing.T, text string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// nowhere is an address where nothing listens.
func nowhere(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.Dial("udp4", "127.0.0.1:9") // so that nobody else has the port; what others send to it is refused
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

const world = `
example.       300 IN SOA ns.example. host.example. 1 7200 3600 1209600 300
d.example.     60  IN A     192.0.2.1
d.example.     60  IN AAAA  2001:db8::1
D.Example.     60  IN MX    10 Mail.D.Example.
d.example.     60  IN MX    0 .
d.example.     60  IN NS    ns.example.
d.example.     60  IN TXT   "v=spf1 " "-all"
_s._tcp.d.example. 60 IN SRV 1 2 465 mail.d.example.
1.2.0.192.in-addr.arpa. 60 IN PTR mail.d.example.
www.d.example. 60  IN CNAME web.example.
web.example.   60  IN CNAME d.example.
gone.example.  60  IN CNAME nowhere.example.
a.loop.example. 60 IN CNAME b.loop.example.
b.loop.example. 60 IN CNAME a.loop.example.
`

func TestLookup(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{})
	c := client(s.Addr())
	for _, tt := range []struct {
		name string
		typ  dnsx.Type
		want dnsx.Answer
	}{
		{"D.example.", dnsx.A, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "d.example", Type: dnsx.A, TTL: 60, Data: "192.0.2.1", Addr: netip.MustParseAddr("192.0.2.1")}}}},
		{"d.example", dnsx.AAAA, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "d.example", Type: dnsx.AAAA, TTL: 60, Data: "2001:db8::1", Addr: netip.MustParseAddr("2001:db8::1")}}}},
		{"d.example", dnsx.MX, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "d.example", Type: dnsx.MX, TTL: 60, Data: "10 Mail.D.Example.", Preference: 10, Target: "mail.d.example"},
			{Name: "d.example", Type: dnsx.MX, TTL: 60, Data: "0 .", Target: "."}}}},
		{"d.example", dnsx.NS, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "d.example", Type: dnsx.NS, TTL: 60, Data: "ns.example.", Target: "ns.example"}}}},
		{"d.example", dnsx.TXT, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "d.example", Type: dnsx.TXT, TTL: 60, Data: `"v=spf1 " "-all"`, Text: "v=spf1 -all", Strings: []string{"v=spf1 ", "-all"}}}}},
		{"_s._tcp.d.example", dnsx.SRV, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "_s._tcp.d.example", Type: dnsx.SRV, TTL: 60, Data: "1 2 465 mail.d.example.", Priority: 1, Weight: 2, Port: 465, Target: "mail.d.example"}}}},
		{"1.2.0.192.in-addr.arpa", dnsx.PTR, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "1.2.0.192.in-addr.arpa", Type: dnsx.PTR, TTL: 60, Data: "mail.d.example.", Target: "mail.d.example"}}}},
		{"example", dnsx.SOA, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "example", Type: dnsx.SOA, TTL: 300, Data: "ns.example. host.example. 1 7200 3600 1209600 300", Target: "ns.example"}}}},
		{"www.d.example", dnsx.CNAME, dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{
			{Name: "www.d.example", Type: dnsx.CNAME, TTL: 60, Data: "web.example.", Target: "web.example"}}}},
		{"www.d.example", dnsx.A, dnsx.Answer{Status: dnsx.Found, Chain: []string{"web.example", "d.example"}, Records: []dnsx.Record{
			{Name: "d.example", Type: dnsx.A, TTL: 60, Data: "192.0.2.1", Addr: netip.MustParseAddr("192.0.2.1")}}}},
		{"www.d.example", dnsx.PTR, dnsx.Answer{Status: dnsx.NoData, Chain: []string{"web.example", "d.example"}}},
		{"gone.example", dnsx.A, dnsx.Answer{Status: dnsx.NXDomain, Chain: []string{"nowhere.example"}}},
		{"a.loop.example", dnsx.A, dnsx.Answer{Status: dnsx.Failed, Chain: []string{"b.loop.example"}, Cause: "CNAME loop at a.loop.example"}},
		{"d.example", dnsx.PTR, dnsx.Answer{Status: dnsx.NoData}},
		{"_tcp.d.example", dnsx.A, dnsx.Answer{Status: dnsx.NoData}}, // an empty non-terminal
		{"no.d.example", dnsx.A, dnsx.Answer{Status: dnsx.NXDomain}},
		{"no.elsewhere", dnsx.A, dnsx.Answer{Status: dnsx.NXDomain}},
		{".", dnsx.NS, dnsx.Answer{Status: dnsx.NoData}},
	} {
		q := dnsx.Q(tt.name, tt.typ)
		tt.want.Question, tt.want.Asked = q, 1
		got := c.Lookup(t.Context(), dnsx.Question{Name: tt.name, Type: tt.typ})
		if d := cmp.Diff(tt.want, got, addrs); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.name, tt.typ, d)
		}
		if got.Missing() != (got.Status == dnsx.NoData || got.Status == dnsx.NXDomain) {
			t.Errorf("%s %s: Missing is %v with %s", tt.name, tt.typ, got.Missing(), got.Status)
		}
	}
}

func TestDefaults(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{})
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}})
	if got := c.Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); got.Status != dnsx.Found {
		t.Errorf("%+v", got)
	}
}

func TestFaults(t *testing.T) {
	q := dnsx.Q("d.example", dnsx.TXT)
	for _, tt := range []struct {
		name  string
		fault testnet.DNSFault
		want  dnsx.Status
		cause string // ADDR is the server's
		asked int
		slow  bool // nothing tells the client that it waits in vain
	}{
		{"healthy", testnet.DNSHealthy, dnsx.Found, "", 1, false},
		{"drop", testnet.DNSDrop, dnsx.Failed, "ADDR did not answer within 3s", 1, true},
		{"servfail", testnet.DNSServFail, dnsx.Failed, "ADDR answered SERVFAIL", 1, false},
		{"refused", testnet.DNSRefused, dnsx.Failed, "ADDR answered REFUSED", 1, false},
		{"formerr", testnet.DNSFormErr, dnsx.Failed, "ADDR answered FORMERR", 2, false},
		{"no EDNS", testnet.DNSNoEDNS, dnsx.Found, "", 2, false},
		{"truncated", testnet.DNSTruncate, dnsx.Found, "", 2, false},
		{"truncated, TCP silent", testnet.DNSTruncateDead, dnsx.Failed, "truncated over UDP, and TCP to ADDR failed: no answer within 3s", 2, true},
		{"lame", testnet.DNSLame, dnsx.Failed, "ADDR does not resolve recursively (lame or a referral)", 1, false},
		{"garbage", testnet.DNSGarbage, dnsx.Failed, "malformed over UDP, and TCP to ADDR failed: malformed there too", 2, false},
		{"wrong id", testnet.DNSWrongID, dnsx.Failed, "ADDR did not answer within 3s; datagrams ignored that answer another question: ", 1, true},
		{"wrong name", testnet.DNSWrongName, dnsx.Failed, "ADDR did not answer within 3s; datagrams ignored that answer another question: ", 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{q: tt.fault}})
			c := client(s.Addr())
			if tt.slow {
				c = quick(s.Addr())
			}
			began := time.Now()
			got := c.Lookup(t.Context(), q)
			took := time.Since(began)
			want := strings.ReplaceAll(tt.cause, "ADDR", s.Addr().String())
			if got.Status != tt.want || strings.TrimRight(got.Cause, "123") != strings.TrimRight(want, "123") || got.Asked != tt.asked {
				t.Errorf("%s, %q, %d asked\nwant %s, %q, %d", got.Status, got.Cause, got.Asked, tt.want, want, tt.asked)
			}
			if !tt.slow && took > prompt {
				t.Errorf("took %v: it waited although it knew", took)
			}
			// The fault was on this question alone.
			if other := c.Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); other.Status != dnsx.Found {
				t.Errorf("d.example A: %s, %q", other.Status, other.Cause)
			}
		})
	}
}

func TestTruncatedAndTCPRefused(t *testing.T) {
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg).SetReply(req)
		m.Truncated = true
		m.Answer = []dns.RR{rr(t, "d.example. 300 IN TXT half")}
		w.WriteMsg(m)
	})
	got := client(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.TXT))
	want := fmt.Sprintf("truncated over UDP, and TCP to %s failed: connection refused", addr)
	if got.Status != dnsx.Failed || got.Cause != want || len(got.Records) != 0 {
		t.Errorf("%+v, want Failed, %q", got, want)
	}
}

// TestOverTCP: what can still go wrong once TC has sent the client to TCP.
func TestOverTCP(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edit  func(m *dns.Msg) *dns.Msg // nil closes
		cause string
	}{
		{"the answer", func(m *dns.Msg) *dns.Msg { return m }, ""},
		{"another question", func(m *dns.Msg) *dns.Msg { m.Question[0].Name = "other.example."; return m }, "truncated over UDP, and TCP to ADDR failed: it answered another question"},
		{"truncated again", func(m *dns.Msg) *dns.Msg { m.Truncated = true; return m }, "truncated over UDP, and TCP to ADDR failed: truncated there too"},
		{"SERVFAIL", func(m *dns.Msg) *dns.Msg { m.Rcode = dns.RcodeServerFailure; return m }, "truncated over UDP, and over TCP ADDR answered SERVFAIL"},
		{"closed", func(*dns.Msg) *dns.Msg { return nil }, "truncated over UDP, and TCP to ADDR failed: closed before the answer was whole"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSTruncate}})
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			run(t, &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, req *dns.Msg) {
				m := new(dns.Msg).SetReply(req)
				m.Answer = []dns.RR{rr(t, "d.example. 300 IN A 192.0.2.1")}
				if m = tt.edit(m); m == nil {
					w.Close()
					return
				}
				w.WriteMsg(m)
			})})
			c := dnsx.NewClient(dnsx.Config{
				Servers: []netip.AddrPort{s.Addr()},
				Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					if network == "tcp" {
						address = l.Addr().String()
					}
					return testnet.Dial(ctx, network, address)
				},
			})
			got := c.Lookup(t.Context(), dnsx.Q("d.example", dnsx.A))
			if want := strings.ReplaceAll(tt.cause, "ADDR", s.Addr().String()); got.Cause != want || got.Asked != 2 || (got.Status == dnsx.Found) != (want == "") {
				t.Errorf("%s, %q, %d asked, want %q, 2", got.Status, got.Cause, got.Asked, want)
			}
		})
	}
}

// TestReplies is about messages that only a broken or a very particular server sends.
func TestReplies(t *testing.T) {
	soa := "example. 300 IN SOA ns.example. host.example. 1 7200 3600 1209600 300"
	for _, tt := range []struct {
		name  string
		edit  func(m *dns.Msg)
		want  dnsx.Status
		cause string
	}{
		{"SOA makes NODATA", func(m *dns.Msg) { m.Ns = []dns.RR{rr(t, soa)} }, dnsx.NoData, ""},
		{"AA makes NODATA", func(m *dns.Msg) { m.Authoritative = true }, dnsx.NoData, ""},
		{"RA makes NODATA", func(m *dns.Msg) { m.RecursionAvailable = true }, dnsx.NoData, ""},
		{"neither AA nor RA", func(m *dns.Msg) {}, dnsx.Failed, "does not resolve recursively (lame or a referral)"},
		{"a referral, RA set", func(m *dns.Msg) {
			m.RecursionAvailable = true
			m.Ns = []dns.RR{rr(t, "example. 300 IN NS ns.example.")}
		}, dnsx.Failed, "does not resolve recursively (lame or a referral)"},
		{"records of another name", func(m *dns.Msg) {
			m.RecursionAvailable = true
			m.Answer = []dns.RR{rr(t, "other.example. 300 IN TXT x")}
		}, dnsx.Failed, "answered with records of other names only"},
		{"records beside another name's", func(m *dns.Msg) {
			m.Answer = []dns.RR{rr(t, "other.example. 300 IN TXT x"), rr(t, "D.EXAMPLE. 300 IN TXT y"), rr(t, "d.example. 300 CH TXT z")}
		}, dnsx.Found, ""},
		{"NXDOMAIN with records", func(m *dns.Msg) {
			m.Rcode = dns.RcodeNameError
			m.Answer = []dns.RR{rr(t, "d.example. 300 IN TXT y")}
		}, dnsx.Failed, "the answer is NXDOMAIN and yet holds records"},
		{"REFUSED without the question", func(m *dns.Msg) { m.Rcode, m.Question = dns.RcodeRefused, nil }, dnsx.Failed, "answered REFUSED"},
		{"NOTIMP", func(m *dns.Msg) { m.Rcode = dns.RcodeNotImplemented }, dnsx.Failed, "answered NOTIMP"},
		{"a code that nobody knows", func(m *dns.Msg) { m.Rcode = 13 }, dnsx.Failed, "answered with the unknown response code 13"},
		{"success without the question", func(m *dns.Msg) { m.Question = nil }, dnsx.Failed, "malformed over UDP"},
		{"two questions", func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, dnsx.Failed, "malformed over UDP"},
		{"no response", func(m *dns.Msg) { m.Response = false }, dnsx.Failed, "did not answer"},
		{"the class is another", func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, dnsx.Failed, "did not answer"},
		{"the type is another", func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA }, dnsx.Failed, "did not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
				m := new(dns.Msg).SetReply(req)
				tt.edit(m)
				w.WriteMsg(m)
			})
			got := quick(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.TXT))
			if got.Status != tt.want || !strings.Contains(got.Cause, tt.cause) {
				t.Errorf("%s, %q, want %s, %q", got.Status, got.Cause, tt.want, tt.cause)
			}
			if got.Status == dnsx.Found && (len(got.Records) != 1 || got.Records[0].Text != "y") {
				t.Errorf("records: %+v", got.Records)
			}
		})
	}
}

// TestMalformed edits the octets: miekg/dns takes the first two for whole messages.
func TestMalformed(t *testing.T) {
	for name, edit := range map[string]func(b []byte) []byte{
		"one record less than announced": func(b []byte) []byte { b[7] = 2; return b },
		"a record without data":          func(b []byte) []byte { b[len(b)-5] = 0; return b[:len(b)-4] },
		"cut inside a record":            func(b []byte) []byte { return b[:len(b)-1] },
	} {
		t.Run(name, func(t *testing.T) {
			addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
				m := new(dns.Msg).SetReply(req)
				m.Answer = []dns.RR{rr(t, "d.example. 300 IN A 192.0.2.1")} // ends with the length, two octets, and four of address
				b, err := m.Pack()
				if err != nil {
					t.Error(err)
				}
				w.Write(edit(b))
			})
			got := client(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A))
			if got.Status != dnsx.Failed || !strings.HasPrefix(got.Cause, "malformed over UDP, and TCP to ") {
				t.Errorf("%s, %q", got.Status, got.Cause)
			}
		})
	}
}

// TestEmptyTXT: a TXT record without any string counts as one empty string, and spoils no other.
func TestEmptyTXT(t *testing.T) {
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg).SetReply(req)
		m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: "d.example.", Rrtype: dns.TypeTXT, Class: dns.ClassINET}}, rr(t, "d.example. 300 IN TXT full")}
		w.WriteMsg(m)
	})
	got := client(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.TXT))
	want := []dnsx.Record{
		{Name: "d.example", Type: dnsx.TXT, Data: `""`, Strings: []string{""}},
		{Name: "d.example", Type: dnsx.TXT, TTL: 300, Data: `"full"`, Text: "full", Strings: []string{"full"}},
	}
	if d := cmp.Diff(want, got.Records, addrs); d != "" {
		t.Errorf("%s, %q (-want +got):\n%s", got.Status, got.Cause, d)
	}
}

func TestForgedAnswersAreIgnored(t *testing.T) {
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		right := new(dns.Msg).SetReply(req)
		right.Answer = []dns.RR{rr(t, "d.example. 300 IN TXT right")}
		id := right.Copy()
		id.Id++
		name := right.Copy()
		name.Question[0].Name = "other.example."
		for _, m := range []*dns.Msg{id, name} {
			m.Answer = []dns.RR{rr(t, "d.example. 300 IN TXT forged")}
			w.WriteMsg(m)
		}
		w.Write([]byte("short"))
		right.Question[0].Name = "D.eXample." // a server may change the case
		w.WriteMsg(right)
	})
	got := client(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.TXT))
	if got.Status != dnsx.Found || got.Records[0].Text != "right" || got.Asked != 1 {
		t.Errorf("%+v", got)
	}
}

func TestRetransmission(t *testing.T) {
	var n atomic.Int32
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		if n.Add(1) == 3 {
			m := new(dns.Msg).SetReply(req)
			m.Answer = []dns.RR{rr(t, "d.example. 300 IN A 192.0.2.1")}
			w.WriteMsg(m)
		}
	})
	if got := quick(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); got.Status != dnsx.Found || got.Asked != 1 {
		t.Errorf("%+v: want Found at the third attempt, 1 question", got)
	}
}

// silent is a connection into the void that notes when something is sent.
type silent struct {
	net.Conn
	sent   func()
	closed chan struct{}
	after  <-chan time.Time
}

func (s *silent) Write(b []byte) (int, error) { s.sent(); return len(b), nil }
func (s *silent) Close() error                { close(s.closed); return nil }

func (s *silent) Read([]byte) (int, error) {
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	case <-s.after:
		return 0, os.ErrDeadlineExceeded
	}
}

func (s *silent) SetReadDeadline(t time.Time) error {
	s.after = nil
	if !t.IsZero() {
		s.after = time.After(time.Until(t))
	}
	return nil
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var sent []string
		c := dnsx.NewClient(dnsx.Config{
			Servers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53"), netip.MustParseAddrPort("127.0.0.2:53")},
			Dial: func(_ context.Context, network, address string) (net.Conn, error) {
				return &silent{sent: func() { sent = append(sent, fmt.Sprint(network, " ", address, " ", time.Since(began))) }, closed: make(chan struct{})}, nil
			},
		})
		got := c.Lookup(t.Context(), dnsx.Q("d.example", dnsx.A))
		if want := "127.0.0.1:53 did not answer within 4.5s; 127.0.0.2:53 did not answer within 4.5s"; got.Cause != want || got.Asked != 1 {
			t.Errorf("%q, %d asked, want %q, 1", got.Cause, got.Asked, want)
		}
		if d := cmp.Diff([]string{"udp 127.0.0.1:53 0s", "udp 127.0.0.2:53 1s", "udp 127.0.0.1:53 2.5s"}, sent); d != "" {
			t.Errorf("attempts (-want +got):\n%s", d)
		}
		if took := time.Since(began); took != 4500*time.Millisecond {
			t.Errorf("took %v, want 4.5s", took)
		}
	})
}

// TestLateAnswer: the first server answers only once the second has been asked, and is heard.
func TestLateAnswer(t *testing.T) {
	second := make(chan struct{})
	var once sync.Once
	slow := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		select {
		case <-second:
		case <-t.Context().Done():
		}
		m := new(dns.Msg).SetReply(req)
		m.Answer = []dns.RR{rr(t, "d.example. 300 IN A 192.0.2.1")}
		w.WriteMsg(m)
	})
	dead := handle(t, func(dns.ResponseWriter, *dns.Msg) { once.Do(func() { close(second) }) })
	if got := quick(slow, dead).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); got.Status != dnsx.Found || got.Asked != 1 {
		t.Errorf("%+v", got)
	}
}

func TestNextServer(t *testing.T) {
	good := serve(t, world, testnet.DNSOptions{}).Addr()
	everything := func(f testnet.DNSFault) netip.AddrPort {
		return serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: f}}).Addr()
	}
	servfail, refused, lame, garbage, none := everything(testnet.DNSServFail), everything(testnet.DNSRefused), everything(testnet.DNSLame), everything(testnet.DNSGarbage), nowhere(t)
	for _, tt := range []struct {
		name    string
		servers []netip.AddrPort
		want    dnsx.Status
		cause   string
	}{
		{"after all kinds of failure", []netip.AddrPort{none, servfail, refused, lame, garbage, good}, dnsx.Found, ""},
		{"all fail", []netip.AddrPort{servfail, none, refused}, dnsx.Failed, fmt.Sprintf("%s answered SERVFAIL; nothing listens at %s; %s answered REFUSED", servfail, none, refused)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Now()
			got := client(tt.servers...).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A))
			if got.Status != tt.want || got.Cause != tt.cause {
				t.Errorf("%s, %q, want %s, %q", got.Status, got.Cause, tt.want, tt.cause)
			}
			if took := time.Since(began); took > prompt {
				t.Errorf("took %v: it waited for a retransmission", took)
			}
		})
	}
}

func TestNothingListens(t *testing.T) {
	a, b := nowhere(t), nowhere(t)
	began := time.Now()
	got := client(a, b).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A))
	if want := fmt.Sprintf("nothing listens at %s; nothing listens at %s", a, b); got.Status != dnsx.Failed || got.Cause != want {
		t.Errorf("%s, %q, want %q", got.Status, got.Cause, want)
	}
	if took := time.Since(began); took > prompt {
		t.Errorf("took %v", took)
	}
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53")}, Dial: testnet.Dial})
	got = c.Lookup(t.Context(), dnsx.Q("d.example", dnsx.A))
	if want := `192.0.2.1:53 cannot be reached: testnet dials loopback addresses only, not "192.0.2.1:53"`; got.Cause != want {
		t.Errorf("%q, want %q", got.Cause, want)
	}
	if got := client().Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); got.Status != dnsx.Failed || got.Cause != "there is no DNS server to ask" {
		t.Errorf("without a server: %+v", got)
	}
}

func TestContextEnds(t *testing.T) {
	s := serve(t, world, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSDrop}})
	q := dnsx.Q("d.example", dnsx.A)

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got := client(s.Addr()).Lookup(ctx, q)
	if want := fmt.Sprintf("ended by the time limit; %s did not answer", s.Addr()); got.Status != dnsx.Failed || got.Cause != want {
		t.Errorf("deadline: %s, %q, want %q", got.Status, got.Cause, want)
	}

	ctx, cancel = context.WithCancel(t.Context())
	answer := make(chan dnsx.Answer)
	go func() { answer <- client(s.Addr()).Lookup(ctx, q) }()
	for len(s.Asked()) < 2 { // the question is out
		runtime.Gosched()
	}
	cancel()
	if got := <-answer; got.Status != dnsx.Failed || got.Cause != fmt.Sprintf("interrupted; %s did not answer", s.Addr()) {
		t.Errorf("cancelled: %+v", got)
	}
	if got := client(s.Addr()).Lookup(ctx, q); got.Status != dnsx.Failed || got.Cause != "interrupted" || got.Asked != 0 {
		t.Errorf("cancelled before: %+v", got)
	}
}

// TestInFlight: no more questions at once than allowed, and those that wait give up with their context.
func TestInFlight(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	full, release := make(chan struct{}, 9), make(chan struct{})
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		full <- struct{}{}
		<-release
		mu.Lock()
		now--
		mu.Unlock()
		m := new(dns.Msg).SetReply(req)
		m.Authoritative = true
		w.WriteMsg(m)
	})
	c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{addr}, Dial: testnet.Dial, InFlight: 3, Timeout: time.Minute})
	var wg sync.WaitGroup
	for i := range 9 {
		wg.Go(func() {
			if got := c.Lookup(t.Context(), dnsx.Q(fmt.Sprintf("d%d.example", i), dnsx.A)); got.Status != dnsx.NoData {
				t.Errorf("%+v", got)
			}
		})
	}
	for range 3 {
		<-full
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.Lookup(ctx, dnsx.Q("late.example", dnsx.A)); got.Status != dnsx.Failed || got.Cause != "interrupted" || got.Asked != 0 {
		t.Errorf("while all slots are taken: %+v", got)
	}
	close(release)
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	if most != 3 {
		t.Errorf("%d questions at once, want 3", most)
	}
}

// TestChainLeftToUs: an answer may end with a CNAME alone.
func TestChainLeftToUs(t *testing.T) {
	answers := map[string]string{
		"d.example.": "d.example. 300 IN CNAME e.example.", "e.example.": "e.example. 300 IN CNAME f.example.", "f.example.": "f.example. 300 IN A 192.0.2.1",
		"l.example.": "l.example. 300 IN CNAME m.example.", "m.example.": "m.example. 300 IN CNAME l.example.",
	}
	for i := range 20 {
		answers[fmt.Sprintf("c%d.example.", i)] = fmt.Sprintf("c%d.example. 300 IN CNAME c%d.example.", i, i+1)
	}
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg).SetReply(req)
		m.Authoritative = true
		m.AuthenticatedData = req.Question[0].Name != "f.example."
		if a, ok := answers[req.Question[0].Name]; ok {
			m.Answer = []dns.RR{rr(t, a)}
		}
		w.WriteMsg(m)
	})
	for _, tt := range []struct {
		name, cause string
		want        dnsx.Status
		asked       int
	}{
		{"d.example", "", dnsx.Found, 3},
		{"l.example", "CNAME loop at l.example", dnsx.Failed, 2},
		{"c0.example", "more than 12 CNAMEs from c0.example", dnsx.Failed, 13},
	} {
		got := client(addr).Lookup(t.Context(), dnsx.Q(tt.name, dnsx.A))
		if got.Status != tt.want || got.Cause != tt.cause || got.Asked != tt.asked || got.Authenticated {
			t.Errorf("%s: %+v, want %s, %q, %d asked, not authenticated", tt.name, got, tt.want, tt.cause, tt.asked)
		}
	}
}

func TestAuthenticated(t *testing.T) {
	addr := handle(t, func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg).SetReply(req)
		m.Authoritative = true
		m.AuthenticatedData = req.AuthenticatedData && req.RecursionDesired && req.IsEdns0().UDPSize() == 1232
		w.WriteMsg(m)
	})
	if got := client(addr).Lookup(t.Context(), dnsx.Q("d.example", dnsx.A)); !got.Authenticated {
		t.Errorf("AD is lost, or the query lacks AD, RD or EDNS: %+v", got)
	}
}

// TestTXT: octets go through unchanged, and Data gives them back as a zone file.
func TestTXT(t *testing.T) {
	var octets []byte
	for i := range 256 {
		octets = append(octets, byte(i))
	}
	zone := "example. IN SOA . . 1 1 1 1 1\n" +
		`q.example. IN TXT "say \"hi\" \\ ; done" "" "v=spf1" " -all"` + "\n" +
		"u.example. IN TXT v=spf1 -all\n" + // unquoted: two strings, no space
		"t.example. IN TXT \"tab\there \\009 é\"\n" +
		`n.example. IN TXT "\0001"` + "\n" +
		"b.example. IN TXT"
	for i := 0; i < 256; i += 128 {
		zone += ` "`
		for _, c := range octets[i : i+128] {
			zone += fmt.Sprintf(`\%03d`, c)
		}
		zone += `"`
	}
	s := serve(t, zone+"\n", testnet.DNSOptions{})
	for _, tt := range []struct {
		name string
		want []string
		data string
	}{
		{"q.example", []string{`say "hi" \ ; done`, "", "v=spf1", " -all"}, `"say \"hi\" \\ ; done" "" "v=spf1" " -all"`},
		{"u.example", []string{"v=spf1", "-all"}, `"v=spf1" "-all"`},
		{"t.example", []string{"tab\there \t \xc3\xa9"}, `"tab\009here \009 \195\169"`},
		{"n.example", []string{"\x001"}, `"\0001"`},
		{"b.example", []string{string(octets[:128]), string(octets[128:])}, ""},
	} {
		got := client(s.Addr()).Lookup(t.Context(), dnsx.Q(tt.name, dnsx.TXT))
		if got.Status != dnsx.Found {
			t.Fatalf("%s: %+v", tt.name, got)
		}
		r := got.Records[0]
		if d := cmp.Diff(tt.want, r.Strings); d != "" || r.Text != strings.Join(tt.want, "") {
			t.Errorf("%s: text %q (-want +got):\n%s", tt.name, r.Text, d)
		}
		if tt.data != "" && r.Data != tt.data {
			t.Errorf("%s: data %s, want %s", tt.name, r.Data, tt.data)
		}
		again := testnet.MustZone(tt.name + ". 300 IN TXT " + r.Data + "\n")
		if d := cmp.Diff(got.Records, dnsx.NewOffline(again).Lookup(t.Context(), got.Question).Records, addrs); d != "" {
			t.Errorf("%s: Data does not give the record back (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestLargeAnswers(t *testing.T) {
	var zone strings.Builder
	for i := range 500 {
		fmt.Fprintf(&zone, "t.example. 300 IN TXT \"noise-%d=%s\"\n", i, strings.Repeat("x", 90))
	}
	for i := range 1500 {
		fmt.Fprintf(&zone, "a.example. 300 IN A 192.%d.%d.1\n", i/256, i%256)
	}
	s := serve(t, zone.String(), testnet.DNSOptions{})
	got := client(s.Addr()).Lookup(t.Context(), dnsx.Q("t.example", dnsx.TXT))
	if got.Status != dnsx.Found || len(got.Records) != 500 || got.Asked != 2 {
		t.Errorf("TXT: %s, %q, %d records, %d asked", got.Status, got.Cause, len(got.Records), got.Asked)
	}
	got = client(s.Addr()).Lookup(t.Context(), dnsx.Q("a.example", dnsx.A))
	if got.Status != dnsx.Failed || len(got.Records) != 0 || got.Cause != "1500 records at one name, more than 1000" {
		t.Errorf("A: %s, %q, %d records", got.Status, got.Cause, len(got.Records))
	}
	want := []testnet.DNSAsked{{Question: dnsx.Q("t.example", dnsx.TXT)}, {Question: dnsx.Q("t.example", dnsx.TXT), TCP: true},
		{Question: dnsx.Q("a.example", dnsx.A)}, {Question: dnsx.Q("a.example", dnsx.A), TCP: true}}
	if d := cmp.Diff(want, s.Asked(), addrs); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

func TestImpossibleNames(t *testing.T) {
	c := dnsx.NewClient(dnsx.Config{
		Servers: []netip.AddrPort{nowhere(t)},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("a name that cannot exist was asked for")
			return nil, errors.New("no")
		},
	})
	for name, cause := range map[string]string{
		strings.Repeat("a", 64) + ".example":       "label longer than 63 octets",
		strings.Repeat("abcdefg.", 32) + "example": "name longer than 255 octets",
		"a..example": "empty label",
		".example":   "empty label",
		"":           "empty name",
		`a\`:         "bad escape",
		`a\25`:       "bad escape",
		`a\256`:      "bad escape",
	} {
		q := dnsx.Question{Name: name, Type: dnsx.TXT}
		for _, r := range []dnsx.Resolver{c, dnsx.NewOffline(nil), dnsx.NewOverlay(nil, nil, c)} {
			if got := r.Lookup(t.Context(), q); got.Status != dnsx.NXDomain || got.Cause != cause || got.Asked != 0 {
				t.Errorf("%T, %q: %+v, want nxdomain, %q", r, name, got, cause)
			}
		}
	}
}

func BenchmarkClient(b *testing.B) {
	s := serve(b, world, testnet.DNSOptions{})
	c := client(s.Addr())
	q := dnsx.Q("d.example", dnsx.TXT)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if a := c.Lookup(b.Context(), q); a.Status != dnsx.Found {
				b.Error(a.Cause)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}
