package testnet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

const zone = `
example.      300 IN SOA ns.example. host.example. 1 7200 3600 1209600 300
d.example.    300 IN A 192.0.2.1
d.example.    300 IN TXT "hello"
*.w.example.  300 IN A 192.0.2.2
c.example.    300 IN CNAME d.example.
c1.example.   300 IN CNAME c2.example.
c2.example.   300 IN CNAME c1.example.
out.example.  300 IN CNAME nowhere.test.
`

func serveDNS(t *testing.T, text string, o testnet.DNSOptions) *testnet.DNS {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(text), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ask sends one plain question with miekg/dns's own client.
func ask(t *testing.T, s *testnet.DNS, network, name string, typ uint16, edns uint16) (*dns.Msg, error) {
	t.Helper()
	return askFor(t, time.Minute, s, network, name, typ, edns)
}

// askFor waits no longer than that.
func askFor(t *testing.T, patience time.Duration, s *testnet.DNS, network, name string, typ uint16, edns uint16) (*dns.Msg, error) {
	t.Helper()
	m := new(dns.Msg).SetQuestion(name, typ)
	if edns > 0 {
		m.SetEdns0(edns, false)
	}
	c := dns.Client{Net: network, Timeout: patience, UDPSize: dns.MaxMsgSize}
	r, _, err := c.Exchange(m, s.Addr().String())
	return r, err
}

func TestDNSAnswers(t *testing.T) {
	s := serveDNS(t, zone, testnet.DNSOptions{})
	for _, tt := range []struct {
		name   string
		typ    uint16
		rcode  int
		answer string // owners and types
		soa    string
	}{
		{"D.example.", dns.TypeA, dns.RcodeSuccess, "d.example. A", ""},
		{"d.example.", dns.TypeMX, dns.RcodeSuccess, "", "example."},
		{"n.d.example.", dns.TypeA, dns.RcodeNameError, "", "example."},
		{"w.example.", dns.TypeA, dns.RcodeSuccess, "", "example."},
		{"n.w.example.", dns.TypeA, dns.RcodeSuccess, "n.w.example. A", ""},
		{"c.example.", dns.TypeA, dns.RcodeSuccess, "c.example. CNAME, d.example. A", ""},
		{"c.example.", dns.TypeMX, dns.RcodeSuccess, "c.example. CNAME", "example."},
		{"c1.example.", dns.TypeA, dns.RcodeSuccess, "c1.example. CNAME, c2.example. CNAME", ""},
		{"out.example.", dns.TypeA, dns.RcodeNameError, "out.example. CNAME", "."},
		{"test.", dns.TypeA, dns.RcodeNameError, "", "."},
		{".", dns.TypeA, dns.RcodeSuccess, "", "."},
	} {
		for _, network := range []string{"udp", "tcp"} {
			m, err := ask(t, s, network, tt.name, tt.typ, 1232)
			if err != nil {
				t.Errorf("%s over %s: %v", tt.name, network, err)
				continue
			}
			var answer []string
			for _, rr := range m.Answer {
				answer = append(answer, rr.Header().Name+" "+dns.TypeToString[rr.Header().Rrtype])
			}
			soa := ""
			if len(m.Ns) > 0 && m.Ns[0].Header().Rrtype == dns.TypeSOA {
				soa = m.Ns[0].Header().Name
			}
			if got := strings.Join(answer, ", "); m.Rcode != tt.rcode || got != tt.answer || soa != tt.soa || !m.RecursionAvailable {
				t.Errorf("%s over %s: %v\nwant %s, %q, SOA %q", tt.name, network, m, dns.RcodeToString[tt.rcode], tt.answer, tt.soa)
			}
		}
	}
}

func TestDNSTruncates(t *testing.T) {
	var text strings.Builder
	for i := range 12 {
		fmt.Fprintf(&text, "t.example. 300 IN TXT \"%d %s\"\n", i, strings.Repeat("x", 90))
	}
	for i := range 700 {
		fmt.Fprintf(&text, "huge.example. 300 IN TXT \"%d %s\"\n", i, strings.Repeat("x", 90))
	}
	s := serveDNS(t, text.String(), testnet.DNSOptions{})
	for _, tt := range []struct {
		network string
		edns    uint16
		size    int
		tc      bool
	}{
		{"udp", 0, 512, true}, {"udp", 1, 512, true}, {"udp", 1232, 1232, true}, {"udp", 4096, 4096, false}, {"tcp", 0, 65535, false},
	} {
		m, err := ask(t, s, tt.network, "t.example.", dns.TypeTXT, tt.edns)
		if err != nil {
			t.Errorf("%s %d: %v", tt.network, tt.edns, err)
			continue
		}
		m.Compress = true
		if m.Truncated != tt.tc || m.Len() > tt.size || (len(m.Answer) == 12) == tt.tc {
			t.Errorf("%s with EDNS %d: TC %v, %d records, want TC %v", tt.network, tt.edns, m.Truncated, len(m.Answer), tt.tc)
		}
	}
	if m, err := ask(t, s, "tcp", "huge.example.", dns.TypeTXT, 0); err != nil || m.Rcode != dns.RcodeServerFailure {
		t.Errorf("an answer of 70 KB: %v, %v", m, err)
	}
}

func TestDNSFaults(t *testing.T) {
	d := dnsx.Q("d.example", dnsx.TXT)
	for _, tt := range []struct {
		fault testnet.DNSFault
		edns  uint16
		udp   func(m *dns.Msg, err error) bool
		tcp   func(m *dns.Msg, err error) bool
		vain  string // networks by which nothing comes that can be waited for
	}{
		{testnet.DNSDrop, 0, silent, silent, "udp tcp"},
		{testnet.DNSServFail, 0, rcode(dns.RcodeServerFailure), rcode(dns.RcodeServerFailure), ""},
		{testnet.DNSRefused, 0, rcode(dns.RcodeRefused), rcode(dns.RcodeRefused), ""},
		{testnet.DNSFormErr, 0, rcode(dns.RcodeFormatError), rcode(dns.RcodeFormatError), ""},
		{testnet.DNSNoEDNS, 1232, rcode(dns.RcodeFormatError), rcode(dns.RcodeFormatError), ""},
		{testnet.DNSNoEDNS, 0, hello, hello, ""},
		{testnet.DNSTruncate, 0, truncated, hello, ""},
		{testnet.DNSTruncateDead, 0, truncated, silent, "tcp"},
		{testnet.DNSLame, 0, lame, lame, ""},
		{testnet.DNSGarbage, 0, bad, bad, ""},
		{testnet.DNSWrongID, 0, bad, bad, "udp"},
		{testnet.DNSWrongName, 0, otherName, otherName, ""},
		{testnet.DNSNoTCP, 0, hello, bad, ""},
	} {
		s := serveDNS(t, zone, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{d: tt.fault}})
		for network, suits := range map[string]func(*dns.Msg, error) bool{"udp": tt.udp, "tcp": tt.tcp} {
			patience := time.Minute
			if strings.Contains(tt.vain, network) {
				patience = 300 * time.Millisecond
			}
			if m, err := askFor(t, patience, s, network, "d.example.", dns.TypeTXT, tt.edns); !suits(m, err) {
				t.Errorf("fault %d over %s: %v, %v", tt.fault, network, m, err)
			}
		}
		if m, err := ask(t, s, "udp", "d.example.", dns.TypeA, 0); err != nil || len(m.Answer) != 1 {
			t.Errorf("fault %d spread to another type: %v, %v", tt.fault, m, err)
		}
	}
}

func silent(_ *dns.Msg, err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
func bad(_ *dns.Msg, err error) bool    { return err != nil }
func hello(m *dns.Msg, err error) bool  { return err == nil && len(m.Answer) == 1 && !m.Truncated }
func truncated(m *dns.Msg, err error) bool {
	return err == nil && m.Truncated && len(m.Answer) == 0
}
func lame(m *dns.Msg, err error) bool {
	return err == nil && !m.RecursionAvailable && len(m.Answer) == 0 && len(m.Ns) == 1 && m.Ns[0].Header().Rrtype == dns.TypeNS
}
func otherName(m *dns.Msg, err error) bool {
	return err == nil && m.Question[0].Name == "other.example."
}
func rcode(want int) func(*dns.Msg, error) bool {
	return func(m *dns.Msg, err error) bool { return err == nil && m.Rcode == want && len(m.Answer) == 0 }
}

// TestDNSFaultsByQuestion: the most exact entry counts.
func TestDNSFaultsByQuestion(t *testing.T) {
	s := serveDNS(t, zone, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{
		{}:                            testnet.DNSServFail,
		{Type: dnsx.MX}:               testnet.DNSRefused,
		{Name: "d.example"}:           testnet.DNSFormErr,
		dnsx.Q("d.example", dnsx.TXT): testnet.DNSHealthy,
	}})
	for _, tt := range []struct {
		name string
		typ  uint16
		want int
	}{
		{"d.example.", dns.TypeTXT, dns.RcodeSuccess}, {"d.example.", dns.TypeMX, dns.RcodeFormatError},
		{"e.example.", dns.TypeMX, dns.RcodeRefused}, {"e.example.", dns.TypeA, dns.RcodeServerFailure},
	} {
		if m, err := ask(t, s, "udp", tt.name, tt.typ, 0); err != nil || m.Rcode != tt.want {
			t.Errorf("%s %s: %v, %v, want %s", tt.name, dns.TypeToString[tt.typ], m, err, dns.RcodeToString[tt.want])
		}
	}
	want := []testnet.DNSAsked{
		{Question: dnsx.Q("d.example", dnsx.TXT)}, {Question: dnsx.Q("d.example", dnsx.MX)},
		{Question: dnsx.Q("e.example", dnsx.MX)}, {Question: dnsx.Q("e.example", dnsx.A)},
	}
	if d := cmp.Diff(want, s.Asked(), cmpopts.EquateComparable(netip.Addr{})); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

func TestDNSDelay(t *testing.T) {
	const delay = 40 * time.Millisecond
	s := serveDNS(t, zone, testnet.DNSOptions{Delay: delay})
	began := time.Now()
	if m, err := ask(t, s, "udp", "d.example.", dns.TypeA, 0); err != nil || len(m.Answer) != 1 {
		t.Fatal(m, err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("answered after %v, want %v and more", took, delay)
	}
}

// TestDNSClose: Close does not wait for answers that are still to come.
func TestDNSClose(t *testing.T) {
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Delay: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c, err := testnet.Dial(t.Context(), "udp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00")); err != nil { // a header that promises a question
		t.Fatal(err)
	}
	b, err := new(dns.Msg).SetQuestion("d.example.", dns.TypeA).Pack()
	if err != nil {
		t.Fatal(err)
	}
	for len(s.Asked()) == 0 {
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if l, err := net.Listen("tcp4", s.Addr().String()); err != nil {
		t.Errorf("the port is still taken: %v", err)
	} else {
		l.Close()
	}
}

func TestDial(t *testing.T) {
	for _, address := range []string{"192.0.2.1:53", "[2001:db8::1]:53", "10.0.0.1:25", "localhost:53", "127.0.0.1", "[::ffff:192.0.2.1]:53", ""} {
		if c, err := testnet.Dial(t.Context(), "udp", address); err == nil {
			c.Close()
			t.Errorf("%q was dialled", address)
		}
	}
	s := serveDNS(t, zone, testnet.DNSOptions{})
	for _, network := range []string{"udp", "tcp"} {
		c, err := testnet.Dial(t.Context(), network, s.Addr().String())
		if err != nil {
			t.Errorf("%s: %v", network, err)
			continue
		}
		c.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := testnet.Dial(ctx, "tcp", s.Addr().String()); err == nil {
		t.Error("dialled with a context that is over")
	}
}

func TestMustZone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for text that is no zone")
		}
	}()
	testnet.MustZone("this is no zone")
}

func TestEditZone(t *testing.T) {
	const text = "a.example. A 192.0.2.1\na.example. A 192.0.2.2\na.example. TXT \"x\"\n"
	if got, want := testnet.EditZone(text, "-a.example. A", "b.example. A 192.0.2.3"), "a.example. TXT \"x\"\nb.example. A 192.0.2.3\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("taking away what is not there is no mistake")
		}
	}()
	testnet.EditZone(text, "-b.example. A")
}

// TestDNSAuthoritative: a server with authority answers for its zones, refers beneath them and refuses beyond.
func TestDNSAuthoritative(t *testing.T) {
	s := serveDNS(t, `example. SOA ns1.example. h.example. 7 7200 3600 1209600 3600
a.example. A 192.0.2.1
d.example. NS ns.d.example.
d.example. DS 1 13 2 00
ns.d.example. A 192.0.2.53
`, testnet.DNSOptions{Authoritative: true})
	for _, tt := range []struct {
		name              string
		typ               uint16
		aa                bool
		rcode, answer, ns int
		glue              int
	}{
		{"a.example.", dns.TypeA, true, dns.RcodeSuccess, 1, 0, 0},
		{"b.example.", dns.TypeA, true, dns.RcodeNameError, 0, 1, 0},
		{"d.example.", dns.TypeDS, true, dns.RcodeSuccess, 1, 0, 0},
		{"d.example.", dns.TypeNS, false, dns.RcodeSuccess, 0, 1, 1},
		{"x.d.example.", dns.TypeA, false, dns.RcodeSuccess, 0, 1, 1},
		{"other.test.", dns.TypeA, false, dns.RcodeRefused, 0, 0, 0},
	} {
		m, err := ask(t, s, "udp", tt.name, tt.typ, 0)
		if err != nil || m.Authoritative != tt.aa || m.RecursionAvailable || m.Rcode != tt.rcode || len(m.Answer) != tt.answer ||
			len(m.Ns) != tt.ns || len(m.Extra) != tt.glue {
			t.Errorf("%s %s: %v, %v", tt.name, dns.TypeToString[tt.typ], m, err)
		}
	}
}

// TestDNSChecking: CD has a bogus name answered, AD is set by who validates, and both are noted as they came in.
func TestDNSChecking(t *testing.T) {
	s := serveDNS(t, zone, testnet.DNSOptions{Validates: true, Faults: map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSBogus}})
	for _, checked := range []bool{true, false} {
		q := new(dns.Msg).SetQuestion("d.example.", dns.TypeTXT)
		q.CheckingDisabled = !checked
		m, err := dns.Exchange(q, s.Addr().String())
		if err != nil || (m.Rcode == dns.RcodeServerFailure) != checked || (len(m.Answer) == 1) == checked || !m.AuthenticatedData {
			t.Errorf("checked %v: %v, %v", checked, m, err)
		}
	}
	if l := s.Asked(); len(l) != 2 || l[0].Unchecked || !l[1].Unchecked {
		t.Errorf("%+v", l)
	}
}

func TestDNSCase(t *testing.T) {
	s := serveDNS(t, zone, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{Type: dnsx.TXT}: testnet.DNSRecase}})
	for typ, want := range map[uint16]string{dns.TypeTXT: "d.example.", dns.TypeA: "D.eXample."} {
		if m, err := ask(t, s, "udp", "D.eXample.", typ, 0); err != nil || m.Question[0].Name != want {
			t.Errorf("%v, %v", m, err)
		}
	}
}
