package testnet

import (
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
)

// providers is how many providers the domains of Many share.
const providers = 14

// Many is a resolver on loopback for a world of any number of domains, whose records it makes up as it is asked: d000000.example
// and so on, each with an address of its own, and mail by one of 14 providers.
type Many struct {
	shared *dnsx.Zone
	soa    dns.RR
	udp    *dns.Server
	addr   netip.AddrPort
	asked  atomic.Int64

	mu       sync.Mutex
	distinct map[uint64]struct{} // nil: they are not counted
	sample   Sample
}

// maxSample is of how many questions Many keeps which they were.
const maxSample = 250_000

// ServeMany starts one, over UDP alone. Further records that all domains share, such as those of blocklists, are in the zone
// text. distinct says whether it is to count questions that differ: each takes some memory.
func ServeMany(shared string, distinct bool) (*Many, error) {
	var b strings.Builder
	b.WriteString(shared)
	for e := range providers {
		fmt.Fprintf(&b, "esp%[1]d.example. 300 IN SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300\nmx.esp%[1]d.example. 300 IN A 11.90.%[1]d.25\n", e)
		fmt.Fprintf(&b, "k1.dkim.esp%d.example. 300 IN TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n", e)
		fmt.Fprintf(&b, "_spf.esp%[1]d.example. 300 IN TXT \"v=spf1 include:_n0.esp%[1]d.example include:_n1.esp%[1]d.example -all\"\n", e)
		for i := range 2 {
			fmt.Fprintf(&b, "_n%[2]d.esp%[1]d.example. 300 IN TXT \"v=spf1 ip4:11.91.%[1]d.%[3]d/28 -all\"\n", e, i, i*16)
		}
	}
	z, err := dnsx.ParseZone("shared", strings.NewReader(b.String()))
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	c.SetReadBuffer(8 << 20)
	m := &Many{shared: z, addr: c.LocalAddr().(*net.UDPAddr).AddrPort()}
	if m.soa, err = dns.NewRR("example. 300 IN SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300"); err != nil {
		return nil, err
	}
	if distinct {
		m.distinct = map[uint64]struct{}{}
	}
	up := make(chan struct{})
	m.udp = &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(m.serve), NotifyStartedFunc: func() { close(up) }}
	go m.udp.ActivateAndServe()
	<-up
	return m, nil
}

// Addr is where it listens.
func (m *Many) Addr() netip.AddrPort { return m.addr }

// Asked is how many questions have come so far, and how many of them differ.
func (m *Many) Asked() (all, distinct int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(m.asked.Load()), len(m.distinct)
}

// Sample is questions to ask again.
type Sample []dns.Question

// Sample is the first questions, a quarter of a million at most.
func (m *Many) Sample() Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.sample)
}

// Close stops it.
func (m *Many) Close() error { return m.udp.Shutdown() }

func (m *Many) serve(w dns.ResponseWriter, req *dns.Msg) {
	n := m.asked.Add(1)
	if len(req.Question) != 1 {
		return
	}
	q := req.Question[0]
	if n <= maxSample {
		m.mu.Lock()
		m.sample = append(m.sample, q)
		m.mu.Unlock()
	}
	if m.distinct != nil {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s/%d", q.Name, q.Qtype)
		m.mu.Lock()
		m.distinct[h.Sum64()] = struct{}{}
		m.mu.Unlock()
	}
	reply := new(dns.Msg).SetReply(req)
	reply.RecursionAvailable = true
	if data, exists, ours := made(q.Name, q.Qtype); ours {
		for _, d := range data {
			if rr, err := dns.NewRR(q.Name + " 300 IN " + d); err == nil {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		if len(data) == 0 {
			reply.Ns = []dns.RR{m.soa}
		}
		if !exists {
			reply.Rcode = dns.RcodeNameError
		}
	} else {
		m.shared.Reply(reply)
	}
	if req.IsEdns0() != nil {
		reply.SetEdns0(4096, false)
	}
	w.WriteMsg(reply)
}

// made is the data at a name of one domain: ours says that it is one.
func made(name string, qtype uint16) (data []string, exists, ours bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if rest, ok := strings.CutSuffix(name, ".11.in-addr.arpa"); ok {
		var a, b, c int
		if n, err := fmt.Sscanf(rest, "%d.%d.%d", &c, &b, &a); n != 3 || err != nil || a < 100 {
			return nil, false, true
		}
		return at(qtype, dns.TypePTR, fmt.Sprintf("PTR out.%s.", ManyName((a-100)<<16|b<<8|c))), true, true
	}
	rest, ok := strings.CutSuffix(name, ".example")
	if !ok {
		return nil, false, false
	}
	sub, domain := "", rest
	if i := strings.LastIndexByte(rest, '.'); i >= 0 {
		sub, domain = rest[:i], rest[i+1:]
	}
	n, err := strconv.Atoi(strings.TrimPrefix(domain, "d"))
	if err != nil || domain[0] != 'd' {
		return nil, false, false
	}
	esp := fmt.Sprintf("esp%d.example.", n%providers)
	ip := fmt.Sprintf("11.%d.%d.%d", 100+n>>16, n>>8&255, n&255)
	switch sub {
	case "":
		switch qtype {
		case dns.TypeMX:
			return []string{"MX 10 mx." + esp}, true, true
		case dns.TypeNS:
			return []string{"NS ns1.host.example.", "NS ns2.host.example."}, true, true
		case dns.TypeSOA:
			return []string{"SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300"}, true, true
		}
		return at(qtype, dns.TypeTXT, fmt.Sprintf(`TXT "v=spf1 ip4:%s include:_spf.%s -all"`, ip, strings.TrimSuffix(esp, "."))), true, true
	case "out":
		return at(qtype, dns.TypeA, "A "+ip), true, true
	case "_domainkey":
		return nil, true, true
	case "selector1._domainkey":
		return []string{"CNAME k1.dkim." + esp}, true, true
	case "_dmarc":
		return at(qtype, dns.TypeTXT, `TXT "v=DMARC1; p=reject"`), true, true
	}
	return nil, false, true
}

// at is the data of one type.
func at(asked, has uint16, data string) []string {
	if asked == has {
		return []string{data}
	}
	return nil
}

// ManyName is the name of the nth domain.
func ManyName(n int) string { return fmt.Sprintf("d%06d.example", n) }

// AskRaw asks n questions by miekg/dns alone, those of the sample over and over, and does nothing with the answers: what a client
// on this machine can reach. With fresh each has a socket of its own; else 8 sockets have 32 under way at once each, told apart
// by their IDs.
func AskRaw(addr netip.AddrPort, sample Sample, n int, fresh bool) error {
	workers := 8
	if fresh {
		workers = 64
	}
	var wg sync.WaitGroup
	failed := make(chan error, workers)
	for i := range workers {
		wg.Go(func() {
			ask := askPiped
			if fresh {
				ask = askFresh
			}
			question := func(j int) *dns.Msg {
				q := sample[(i*(n/workers)+j)%len(sample)]
				return new(dns.Msg).SetQuestion(q.Name, q.Qtype).SetEdns0(1232, false)
			}
			if err := ask(addr.String(), n/workers, question); err != nil {
				failed <- err
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func askFresh(addr string, n int, question func(int) *dns.Msg) error {
	c := &dns.Client{Timeout: 5 * time.Second}
	for i := range n {
		if _, _, err := c.Exchange(question(i), addr); err != nil {
			return err
		}
	}
	return nil
}

func askPiped(addr string, n int, question func(int) *dns.Msg) error {
	const window = 32
	conn, err := dns.DialTimeout("udp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	turns, failed := make(chan struct{}, window), make(chan error, 1)
	go func() {
		defer close(failed)
		for range n {
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := conn.ReadMsg(); err != nil {
				failed <- err
				return
			}
			<-turns
		}
	}()
	for i := range n {
		select {
		case turns <- struct{}{}:
		case err := <-failed:
			return err
		}
		m := question(i)
		m.Id = uint16(i)
		if err := conn.WriteMsg(m); err != nil {
			return err
		}
	}
	return <-failed
}
