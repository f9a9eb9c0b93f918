package testnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
)

// DNSFault is a way to answer wrongly.
type DNSFault int

// What a DNS server can do to a question.
const (
	DNSHealthy         DNSFault = iota // answer it; to exempt a question from a wider fault
	DNSDrop                            // no answer
	DNSServFail                        // SERVFAIL
	DNSRefused                         // REFUSED
	DNSFormErr                         // FORMERR, with and without EDNS
	DNSNoEDNS                          // FORMERR to EDNS alone (RFC 6891 7)
	DNSTruncate                        // TC over UDP, the answer over TCP
	DNSTruncateDead                    // TC over UDP, silence over TCP
	DNSLame                            // a referral to the root, and no recursion
	DNSGarbage                         // the ID, then noise
	DNSWrongID                         // the answer under another ID
	DNSWrongName                       // the answer to another name
	DNSBogus                           // SERVFAIL unless CD is set: what a resolver that validates makes of a broken chain (RFC 4035 4.7)
	DNSNoTCP                           // the answer over UDP; a connection is closed without one
	DNSRecase                          // the answer, with the question in lower case
	DNSLate                            // the answer, a third of a second late
	DNSTruncateClosed                  // TC over UDP; a connection is closed without an answer
	DNSOversized                       // over UDP a datagram of some 9,000 octets, whatever the client can take
	DNSCompressionLoop                 // a name that is compressed to itself (RFC 1035 4.1.4)
	DNSAliasLoop                       // two CNAMEs that lead to each other
	DNSAliasChain                      // 30 CNAMEs, one after the other, and nothing at the end
	DNSMany                            // the answer, and 500 TXT records beside it
	DNSHuge                            // the answer, and a TXT record that fills the rest of 64 KiB
)

// lateness is that of DNSLate.
const lateness = 300 * time.Millisecond

// DNSOptions shape a DNS server; the zero value answers at once and rightly.
type DNSOptions struct {
	Delay         time.Duration // before each answer
	Authoritative bool          // answer as a server with authority for the zones in the file, and without recursion
	Validates     bool          // answer as a resolver for which all is signed: with AD
	// Faults by question. Type 0 is any type and name "" any name; the most exact entry counts.
	Faults map[dnsx.Question]DNSFault
	// Answered, where set, is told of each answer once it is sent, and how long after its question that was: timers are late.
	Answered func(dnsx.Question, time.Duration)
}

// DNSAsked is one question as it came in; Unchecked is its CD bit.
type DNSAsked struct {
	dnsx.Question
	TCP bool
}

// DNS is a recursive resolver on loopback, for a world that consists of one zone file, or one of its authoritative servers.
type DNS struct {
	zone     *dnsx.Zone
	options  DNSOptions
	addr     netip.AddrPort
	udp, tcp *dns.Server
	closing  chan struct{}
	close    func() error

	mu    sync.Mutex
	asked []DNSAsked
}

// ServeDNS starts a resolver on 127.0.0.1, UDP and TCP at the same port.
func ServeDNS(z *dnsx.Zone, o DNSOptions) (*DNS, error) {
	l, c, err := listenBoth()
	if err != nil {
		return nil, err
	}
	s := &DNS{zone: z, options: o, addr: l.Addr().(*net.TCPAddr).AddrPort(), closing: make(chan struct{})}
	s.close = sync.OnceValue(s.shutdown)
	var up sync.WaitGroup
	up.Add(2)
	s.udp = &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(s.overUDP), NotifyStartedFunc: up.Done}
	s.tcp = &dns.Server{Listener: l, Handler: dns.HandlerFunc(s.overTCP), NotifyStartedFunc: up.Done}
	go s.udp.ActivateAndServe()
	go s.tcp.ActivateAndServe()
	up.Wait()
	return s, nil
}

// listenBoth finds a port that is free in both protocols.
func listenBoth() (l net.Listener, c *net.UDPConn, err error) {
	for range 20 {
		if l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
		at := l.Addr().(*net.TCPAddr)
		if c, err = net.ListenUDP("udp4", &net.UDPAddr{IP: at.IP, Port: at.Port}); err == nil {
			c.SetReadBuffer(4 << 20) // a burst of questions is not to be lost by us
			return l, c, nil
		}
		l.Close()
	}
	return nil, nil, fmt.Errorf("no port is free for both UDP and TCP: %w", err)
}

// Addr is where the server listens.
func (s *DNS) Addr() netip.AddrPort { return s.addr }

// Asked lists the questions so far, as they came in; those that were not answered too.
func (s *DNS) Asked() []DNSAsked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Close stops the server and drops the answers that it still holds back.
func (s *DNS) Close() error { return s.close() }

func (s *DNS) shutdown() error {
	close(s.closing)
	err := s.udp.Shutdown()
	if tcpErr := s.tcp.Shutdown(); err == nil {
		err = tcpErr
	}
	return err
}

func (s *DNS) overUDP(w dns.ResponseWriter, req *dns.Msg) { s.serve(w, req, false) }
func (s *DNS) overTCP(w dns.ResponseWriter, req *dns.Msg) { s.serve(w, req, true) }

func (s *DNS) serve(w dns.ResponseWriter, req *dns.Msg, tcp bool) {
	if len(req.Question) != 1 {
		return // a bare header passes miekg/dns
	}
	came := time.Now()
	q := dnsx.Q(req.Question[0].Name, dnsx.Type(req.Question[0].Qtype))
	s.mu.Lock()
	s.asked = append(s.asked, DNSAsked{dnsx.Question{Name: q.Name, Type: q.Type, Unchecked: req.CheckingDisabled}, tcp})
	s.mu.Unlock()
	fault := s.fault(q)
	if (fault == DNSNoTCP || fault == DNSTruncateClosed) && tcp {
		w.Close()
		return
	}
	reply := s.reply(req, fault, tcp)
	if reply == nil {
		return
	}
	delay := s.options.Delay
	if fault == DNSLate {
		delay += lateness
	}
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-s.closing:
			return
		}
	}
	w.Write(reply) // the client may be gone: its loss
	if s.options.Answered != nil {
		s.options.Answered(q, time.Since(came))
	}
}

func (s *DNS) fault(q dnsx.Question) DNSFault {
	for _, k := range []dnsx.Question{q, {Name: q.Name}, {Type: q.Type}, {}} {
		if f, ok := s.options.Faults[k]; ok {
			return f
		}
	}
	return DNSHealthy
}

// reply packs the answer; nil is silence.
func (s *DNS) reply(req *dns.Msg, fault DNSFault, tcp bool) []byte {
	m := new(dns.Msg).SetReply(req)
	m.RecursionAvailable, m.AuthenticatedData = !s.options.Authoritative, s.options.Validates
	answer := s.zone.Reply
	if s.options.Authoritative {
		answer = s.zone.Serve
	}
	edns := req.IsEdns0()
	size := dns.MinMsgSize
	if edns != nil {
		size = max(size, int(edns.UDPSize()))
	}
	switch fault {
	case DNSDrop:
		return nil
	case DNSServFail:
		m.Rcode = dns.RcodeServerFailure
	case DNSRefused:
		m.Rcode = dns.RcodeRefused
	case DNSFormErr:
		m.Rcode = dns.RcodeFormatError
	case DNSLame:
		m.RecursionAvailable = false
		m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 300}, Ns: "a.root.invalid."}}
	case DNSNoEDNS:
		if edns != nil {
			m.Rcode = dns.RcodeFormatError
			edns = nil
			break
		}
		answer(m)
	case DNSTruncateDead:
		if tcp {
			return nil
		}
		m.Truncated = true
	case DNSTruncateClosed:
		m.Truncated = true
	case DNSAliasLoop, DNSAliasChain:
		m.Answer = aliases(req.Question[0].Name, fault == DNSAliasLoop)
	case DNSOversized, DNSMany, DNSHuge:
		answer(m)
		m.Answer = append(m.Answer, ballast(req.Question[0].Name, fault)...)
	case DNSTruncate:
		if !tcp {
			m.Truncated = true
			break
		}
		answer(m)
	case DNSBogus:
		if !req.CheckingDisabled {
			m.Rcode = dns.RcodeServerFailure
			break
		}
		answer(m)
	default:
		answer(m)
	}
	if edns != nil {
		m.SetEdns0(4096, false)
	}
	if !tcp && fault != DNSOversized {
		m.Truncate(size) // miekg/dns leaves that to us
	} else {
		m.Compress = true
	}
	switch fault {
	case DNSWrongID:
		m.Id++
	case DNSWrongName:
		m.Question[0].Name = "other.example."
	case DNSRecase:
		m.Question[0].Name = strings.ToLower(m.Question[0].Name)
	}
	b, err := m.Pack()
	if err != nil || len(b) > dns.MaxMsgSize { // more than any message can hold
		b, err = new(dns.Msg).SetRcode(req, dns.RcodeServerFailure).Pack()
	}
	if err != nil {
		return nil
	}
	if fault == DNSCompressionLoop {
		b = looped(req)
	}
	if fault == DNSGarbage {
		b = append(b[:2:2], "\xff\xff\xff\xff this is no DNS message"...)
	}
	return b
}

// aliases are CNAMEs from a name that lead in a loop, or far away and to nothing.
func aliases(name string, loop bool) []dns.RR {
	target := func(i int) string {
		if loop && i%2 == 0 {
			return name
		}
		return fmt.Sprintf("alias%d.example.", i)
	}
	n := 30
	if loop {
		n = 2
	}
	var l []dns.RR
	for i := range n {
		l = append(l, &dns.CNAME{Hdr: dns.RR_Header{Name: target(i), Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300}, Target: target(i + 1)})
	}
	if !loop {
		l[0].Header().Name = name
	}
	return l
}

// ballast is what a fault puts beside the answer.
func ballast(name string, fault DNSFault) []dns.RR {
	records, octets := 500, 100
	switch fault {
	case DNSOversized:
		records = 90
	case DNSHuge:
		records, octets = 1, 62000
	}
	var l []dns.RR
	for i := range records {
		txt := &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 300}}
		for text := fmt.Sprintf("ballast-%d %s", i, strings.Repeat("x", octets)); text != ""; {
			n := min(len(text), 255)
			txt.Txt, text = append(txt.Txt, text[:n]), text[n:]
		}
		l = append(l, txt)
	}
	return l
}

// looped is an answer with one record, whose name is a pointer to that pointer.
func looped(req *dns.Msg) []byte {
	b, err := new(dns.Msg).SetReply(req).Pack()
	if err != nil {
		return nil
	}
	b[3] |= 0x80 // recursion available
	b[7] = 1     // one answer
	at := len(b)
	return append(b, 0xC0|byte(at>>8), byte(at), 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 127, 0, 0, 1)
}

// EditZone changes the text of a zone file with one record a line, "NAME TYPE DATA": an edit "-NAME TYPE" takes an RRset
// away, any other is a line to add. Taking away what is not there is a mistake in a test, and panics.
func EditZone(text string, edits ...string) string {
	lines := strings.SplitAfter(text, "\n")
	for _, e := range edits {
		cut, isCut := strings.CutPrefix(e, "-")
		if !isCut {
			lines = append(lines, e+"\n")
			continue
		}
		name, typ, _ := strings.Cut(cut, " ")
		before := len(lines)
		lines = slices.DeleteFunc(lines, func(l string) bool {
			f := strings.Fields(l)
			return len(f) > 1 && f[0] == name && f[1] == typ
		})
		if len(lines) == before {
			panic("nothing to take away at " + cut)
		}
	}
	return strings.Join(lines, "")
}

// MustZone parses zone-file text, which is part of the program, and panics if that is wrong.
func MustZone(text string) *dnsx.Zone {
	z, err := dnsx.ParseZone("zone", strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	return z
}

// Dial is a dialer that refuses every address that is not on loopback, so that no test can leave the machine.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().Unmap().IsLoopback() {
		return nil, fmt.Errorf("testnet dials loopback addresses only, not %q", address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}
