package gather

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// observer notes of every question which answers had arrived when it was put.
type observer struct {
	dnsx.Resolver
	mu    sync.Mutex
	log   []*observed
	ended []*observed
}

type observed struct {
	question dnsx.Question
	answer   dnsx.Answer
	before   int // of ended, how many
	depth    int
}

func (o *observer) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	o.mu.Lock()
	x := &observed{question: q, before: len(o.ended)}
	o.log = append(o.log, x)
	o.mu.Unlock()
	a := o.Resolver.Lookup(ctx, q)
	o.mu.Lock()
	x.answer = a
	o.ended = append(o.ended, x)
	o.mu.Unlock()
	return a
}

// chain is the longest run of questions each of which could only be put after the answer before it: because that answer
// was the first to name what the question is about. What is given is known from the start.
func (o *observer) chain(t Target) (links []string) {
	given := []string{t.Domain}
	for _, s := range t.Streams {
		given = append(given, s.HELO)
		for _, ip := range s.IPs {
			given = append(given, dnsx.Reverse(ip))
		}
	}
	var last *observed
	from := map[*observed]*observed{}
	for _, x := range o.log {
		x.depth = 1
		if !slices.Contains(given, x.question.Name) {
			// Of several answers that name it the one that could be had first counts.
			for _, y := range o.ended[:x.before] {
				if leads(y.answer, x.question.Name, given) && (from[x] == nil || y.depth+1 < x.depth) {
					x.depth, from[x] = y.depth+1, y
				}
			}
		}
		if last == nil || x.depth > last.depth {
			last = x
		}
	}
	for x := last; x != nil; x = from[x] {
		links = append(links, x.question.Name+" "+x.question.Type.String())
	}
	slices.Reverse(links)
	return links
}

// leads says whether an answer names what a question is about: the name itself, a name above it that was not given, or an
// address that the question has in reverse.
func leads(a dnsx.Answer, about string, given []string) bool {
	above := func(name string) bool {
		known := slices.ContainsFunc(given, func(g string) bool { return within(name, g) })
		return about == name || !known && strings.Contains(name, ".") && within(about, name)
	}
	address := func(ip netip.Addr) bool {
		return !slices.Contains(given, dnsx.Reverse(ip)) && strings.HasPrefix(about, dnsx.ReverseLabels(ip)+".")
	}
	return slices.ContainsFunc(a.Chain, above) || slices.ContainsFunc(a.Records, func(r dnsx.Record) bool {
		words := strings.FieldsFunc(r.Text, func(c rune) bool { return strings.ContainsRune(" :=,;/@", c) })
		return above(r.Target) || r.Addr.IsValid() && address(r.Addr) || slices.ContainsFunc(words, func(w string) bool {
			ip, err := netip.ParseAddr(w)
			return above(w) || err == nil && address(ip)
		})
	})
}

// nested is a domain whose record includes five levels of others, with four addresses and thirty blocklists.
func nested() (zone string, t Target) {
	zone = `
d.example.      MX 10 mx1.d.example.
d.example.      MX 20 mx2.d.example.
mx1.d.example.  A 11.0.1.1
mx2.d.example.  A 11.0.1.2
out.esp.example. A 11.0.2.1
mail.d.example. A 11.0.0.1
` + txt("d.example", "v=spf1 ip4:11.0.0.1 mx include:l1.esp.example -all") + txt("l5.esp.example", "v=spf1 ip4:11.5.0.0/24 a:out.esp.example -all") +
		txt("s1._domainkey.d.example", goodKey) + txt("_dmarc.d.example", "v=DMARC1; p=reject; rua=mailto:a@reports.example") +
		txt("d.example._report._dmarc.reports.example", "v=DMARC1")
	for i := range 4 {
		zone += txt(fmt.Sprintf("l%d.esp.example", i+1), fmt.Sprintf("v=spf1 ip4:11.%d.0.0/24 include:l%d.esp.example -all", i+1, i+2))
	}
	s := stream()
	s.HELO, s.Selectors = "mail.d.example", []string{"s1"}
	for i := range 4 {
		ip := netip.AddrFrom4([4]byte{11, 5, 0, byte(i)})
		s.IPs = append(s.IPs, ip)
		zone += fmt.Sprintf("%s. PTR out%d.d.example.\nout%[2]d.d.example. A %s\n", dnsx.Reverse(ip), i, ip)
	}
	t = Target{Domain: "d.example", Streams: []facts.Stream{s}}
	for i := range 30 {
		l := ipList(fmt.Sprintf("bl%d.example", i))
		t.Lists = append(t.Lists, l)
		listed, _ := l.TestNames()
		zone += listed + ". A 127.0.0.2\n"
	}
	return zone, t
}

// TestChain: the nested domain is audited without a question asked twice, and the chain that BenchmarkGather holds the
// wall time against is the way down the include tree.
func TestChain(t *testing.T) {
	zone, target := nested()
	s := serve(t, zone, nil)
	o := &observer{Resolver: client(s, patient)}
	f := Gather(t.Context(), env(o), target, everything)
	if l := repeated(s.Asked()); len(l) > 0 || f.Questions != len(s.Asked()) {
		t.Errorf("asked again: %q; %d questions are said to have been asked, %d were", l, f.Questions, len(s.Asked()))
	}
	want := []string{"d.example TXT", "l1.esp.example TXT", "l2.esp.example TXT", "l3.esp.example TXT", "l4.esp.example TXT", "l5.esp.example TXT", "out.esp.example A"}
	if got := o.chain(target); len(got) != len(want) || !slices.Equal(got[:6], want[:6]) {
		t.Errorf("longest chain %q, want %q", got, want)
	}
	for _, l := range f.Listings {
		if l.Status != string(blocklist.Clean) {
			t.Errorf("%+v", l)
		}
	}
}

// hosted is a domain in the usual shape: its MX and name servers are somebody else's, so that two answers follow from each
// other at most.
const hosted = `
d.example.         SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300
d.example.         NS ns1.host.example.
d.example.         NS ns2.host.example.
ns1.host.example.  A 11.0.3.1
ns2.host.example.  A 11.0.3.2
d.example.         MX 10 mx.other.example.
mx.other.example.  A 11.0.1.1
mail.d.example.    A 11.0.0.1
out.d.example.     A 11.0.0.2
1.0.0.11.in-addr.arpa. PTR mail.d.example.
2.0.0.11.in-addr.arpa. PTR out.d.example.
`

// shapes are domains with the questions that depend on each other most in different places.
func shapes() []shape {
	zone, target := nested()
	one := func(ip string, selectors ...string) Target {
		s := stream()
		s.Selectors = selectors
		if ip != "" {
			s.IPs, s.HELO = []netip.Addr{netip.MustParseAddr(ip)}, "mail.d.example"
		}
		domains := ipList("dbl.example")
		domains.Kind = blocklist.KindDomain
		return Target{Domain: "d.example", Streams: []facts.Stream{s}, Lists: append(slices.Clone(target.Lists), domains)}
	}
	const policy = "v=DMARC1; p=reject; rua=mailto:a@d.example"
	signed := txt("s1._domainkey.d.example", goodKey) + txt("_dmarc.d.example", policy)
	return []shape{
		{"nested", zone, target, 7},
		{"flat", hosted + signed + txt("d.example", "v=spf1 ip4:11.0.0.1 -all"), one("11.0.0.1", "s1"), 2},
		{"unnamed-selectors", hosted + signed + txt("d.example", "v=spf1 ip4:11.0.0.1 -all"), one("11.0.0.1"), 2},
		{"candidates", hosted + signed + txt("d.example", "v=spf1 ip4:11.0.0.1 a:out.d.example -all"), one("", "s1"), 3},
		{"faults", hosted + txt("d.example", "v=spf1 ip4:11.0.0.1 include:gone.example a:void.d.example +all"), one("11.0.0.1", "s1"), 2},
	}
}

type shape struct {
	name   string
	zone   string
	target Target
	chain  int // answers that follow from each other
}

// late answers one second after it was asked.
type late struct{ dnsx.Resolver }

func (l late) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	time.Sleep(time.Second)
	a := l.Resolver.Lookup(ctx, q)
	a.Asked = 1
	return a
}

// TestShapes: where nothing takes time but answers, an audit takes just as long as those that follow from each other, and no
// question is put twice.
func TestShapes(t *testing.T) {
	for _, x := range shapes() {
		synctest.Test(t, func(t *testing.T) {
			z, err := dnsx.ParseZone("shape", strings.NewReader(x.zone))
			if err != nil {
				t.Fatal(err)
			}
			o := &observer{Resolver: late{dnsx.NewOffline(z)}}
			start := time.Now() // the clock of the bubble: it stands while anybody works
			f := Gather(t.Context(), env(o), x.target, everything)
			took := time.Since(start)
			if got := o.chain(x.target); len(got) != x.chain || took != time.Duration(x.chain)*time.Second {
				t.Errorf("%s: it took %v, want %d s; longest chain %q", x.name, took, x.chain, got)
			}
			if f.Questions != len(o.log) {
				t.Errorf("%s: %d questions, asked %d", x.name, f.Questions, len(o.log))
			}
		})
	}
}

// asServer makes the test binary a DNS server on loopback, for the zone file that it names: what serves takes CPU time and
// turns of the scheduler, which in the process of the audit are taken from the audit.
const asServer, serverDelay = "GATHER_SERVER", "GATHER_SERVER_DELAY"

func TestMain(m *testing.M) {
	if zone := os.Getenv(asServer); zone != "" {
		if err := serveApart(zone); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveApart prints where it listens, and serves until its input ends. For each line of that it prints what it answered since
// the line before, how long each answer took it, and an empty line.
func serveApart(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	delay, err := time.ParseDuration(os.Getenv(serverDelay))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var log strings.Builder
	answered := 0
	s, err := testnet.ServeDNS(testnet.MustZone(string(text)), testnet.DNSOptions{Delay: delay, Answered: func(q dnsx.Question, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		answered++
		fmt.Fprintf(&log, "%s\t%v\t%d\n", q.Name, q.Type, took)
	}})
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		mu.Lock()
		for answered < len(s.Asked()) { // an answer is there before the server has said so
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
		}
		fmt.Println(log.String())
		log.Reset()
		mu.Unlock()
	}
	return s.Close()
}

// apartServer is a DNS server in a process of its own.
type apartServer struct {
	addr netip.AddrPort
	in   io.Writer
	out  *bufio.Reader
}

// apart serves a zone, with a delay before every answer.
func apart(b *testing.B, zone string, delay time.Duration) *apartServer {
	b.Helper()
	file := filepath.Join(b.TempDir(), "zone")
	if err := os.WriteFile(file, []byte(zone), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asServer+"="+file, serverDelay+"="+delay.String())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	s := &apartServer{in: in, out: bufio.NewReader(out)}
	s.addr = netip.MustParseAddrPort(s.line(b))
	return s
}

func (s *apartServer) line(b *testing.B) string {
	b.Helper()
	l, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(l)
}

// answered is how long each answer took since it was last asked for, by "name type", and what was asked for again.
func (s *apartServer) answered(b *testing.B) (took map[string]time.Duration, again []string) {
	b.Helper()
	fmt.Fprintln(s.in)
	took = map[string]time.Duration{}
	for l := s.line(b); l != ""; l = s.line(b) {
		f := strings.Split(l, "\t")
		q := f[0] + " " + f[1]
		if _, ok := took[q]; ok {
			again = append(again, q)
		}
		ns, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		took[q] = time.Duration(ns)
	}
	return took, again
}

// BenchmarkGather audits each shape with a delay before every answer. An audit costs its longest chain of dependent questions
// and not their sum: it fails where the fastest audit takes more than 1.15 times as long as the chain that was seen in it, a
// question is asked twice, or more than 5 % of the datagrams go out in vain.
func BenchmarkGather(b *testing.B) {
	for _, x := range shapes() {
		for _, delay := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s/%v", x.name, delay), func(b *testing.B) { x.bench(b, delay) })
		}
	}
}

func (x shape) bench(b *testing.B, delay time.Duration) {
	const limit = 1.15
	s := apart(b, x.zone, delay)
	// What another process takes from one of them is not ours: where none was left alone, more follow.
	runs, most := int(200*time.Millisecond/delay), int(4*time.Second/delay)
	var ratios []float64
	var links, asked, again, sent int
	var wall, chain time.Duration
	for b.Loop() {
		for i := 0; i < runs || slices.Min(ratios) > limit && i < most; i++ {
			l := &lossy{}
			o := &observer{Resolver: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.addr}, Dial: l.dial, Timeout: patient, InFlight: InFlight})}
			start := time.Now()
			Gather(b.Context(), env(o), x.target, everything)
			took := time.Since(start)
			answers, twice := s.answered(b)
			one := time.Duration(0)
			longest := o.chain(x.target)
			for _, q := range longest {
				if answers[q] < delay {
					b.Fatalf("%s was answered after %v, want %v", q, answers[q], delay)
				}
				one += answers[q]
			}
			links = len(longest)
			wall, chain = wall+took, chain+one
			ratios = append(ratios, float64(took)/float64(one))
			asked, again, sent = asked+len(answers), again+len(twice), sent+l.packets
		}
	}
	slices.Sort(ratios)
	ratio, audits := ratios[0], len(ratios)
	b.ReportMetric(float64(links), "chain")
	b.ReportMetric(float64(chain.Microseconds())/1000/float64(audits), "chain-ms")
	b.ReportMetric(float64(wall.Microseconds())/1000/float64(audits), "ms/audit")
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(ratios[audits/2], "median-ratio")
	b.ReportMetric(float64(audits), "audits")
	b.ReportMetric(float64(asked)/float64(audits), "questions/audit")
	b.ReportMetric(float64(again), "duplicates")
	b.ReportMetric(float64(sent)/float64(asked), "datagrams/question")
	if ratio > limit || again > 0 || sent*100 > asked*105 {
		b.Fatalf("a chain of %d questions at %v took %.2f times as long at best, want %v at most; asked again: %d; %d datagrams for %d questions", links, delay, ratio, limit, again, sent, asked)
	}
}

// lossy dials, and loses one in so many of the datagrams that go out; 0: none. TCP sends again what is lost.
type lossy struct {
	one  int
	dice *rand.Rand

	mu      sync.Mutex
	packets int
}

func (l *lossy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := testnet.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if network == "tcp" {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.packets++
		return c, nil
	}
	return &lossyConn{c, l}, nil
}

type lossyConn struct {
	net.Conn
	net *lossy
}

func (c *lossyConn) Write(b []byte) (int, error) {
	l := c.net
	l.mu.Lock()
	l.packets++
	lost := l.one > 0 && l.dice.IntN(l.one) == 0
	l.mu.Unlock()
	if lost {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// BenchmarkLoss audits each shape where one datagram in fifty is lost: it fails where the median takes more than three times as
// long as the chain.
func BenchmarkLoss(b *testing.B) {
	for _, x := range shapes() {
		for _, delay := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s/%v", x.name, delay), func(b *testing.B) { x.loss(b, delay) })
		}
	}
}

func (x shape) loss(b *testing.B, delay time.Duration) {
	const audits = 21
	s := apart(b, x.zone, delay)
	var all []float64
	for b.Loop() {
		for range audits {
			l := &lossy{one: 50, dice: rand.New(rand.NewPCG(1, uint64(len(all))))}
			r := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.addr}, Dial: l.dial, InFlight: InFlight})
			start := time.Now()
			Gather(b.Context(), env(r), x.target, everything)
			all = append(all, float64(time.Since(start))/float64(time.Duration(x.chain)*delay))
		}
	}
	slices.Sort(all)
	median := all[len(all)/2]
	b.ReportMetric(median, "median-ratio")
	b.ReportMetric(all[len(all)-1], "worst-ratio")
	if median > 3 {
		b.Fatalf("with 2 %% lost the median is %.2f times the chain of %d answers at %v, want 3 at most", median, x.chain, delay)
	}
}

// wire notes for each question how long its answer took to come, from the moment when it went out.
type wire struct {
	mu      sync.Mutex
	slowest time.Duration
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := testnet.Dial(ctx, network, address)
	return &timed{Conn: c, wire: w}, err
}

// timed is the connection of one question.
type timed struct {
	net.Conn
	wire *wire
	sent atomic.Int64
}

func (c *timed) Write(b []byte) (int, error) {
	c.sent.CompareAndSwap(0, time.Now().UnixNano())
	return c.Conn.Write(b)
}

func (c *timed) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if sent := c.sent.Load(); err == nil && sent > 0 {
		c.wire.mu.Lock()
		c.wire.slowest = max(c.wire.slowest, time.Duration(time.Now().UnixNano()-sent))
		c.wire.mu.Unlock()
	}
	return n, err
}

// BenchmarkLists asks 60 lists about 8 addresses, self-tests included, with 200 ms before every answer. They are asked at
// once: it fails where the whole takes more than twice as long as the slowest single answer of the same run.
func BenchmarkLists(b *testing.B) {
	const lists, addresses, delay = 60, 8, 200 * time.Millisecond
	var zone strings.Builder
	var target Target
	var senders []facts.Source
	for i := range lists {
		l := ipList(fmt.Sprintf("bl%d.example", i))
		l.Rate = 1000
		target.Lists = append(target.Lists, l)
		listed, _ := l.TestNames()
		zone.WriteString(listed + ". A 127.0.0.2\n")
	}
	for i := range addresses {
		senders = append(senders, facts.Source{IP: netip.AddrFrom4([4]byte{11, 0, 0, byte(i)}), Declared: true})
	}
	target.Domain = "d.example"
	s, err := testnet.ServeDNS(testnet.MustZone(zone.String()), testnet.DNSOptions{Delay: delay})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var wall, slowest time.Duration
	runs := 0
	for b.Loop() {
		w := &wire{}
		c := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: w.dial, Timeout: patient, InFlight: InFlight})
		g := run(b.Context(), NewListDNS(c, target.Lists, nil), target)
		start := time.Now()
		got := listingsFrom(g, senders)
		wall += time.Since(start)
		slowest += w.slowest
		runs++
		for _, x := range got.listings {
			if x.Status != facts.Clean {
				b.Fatalf("%+v", x)
			}
		}
		if n := len(got.listings); n != lists*addresses {
			b.Fatalf("%d answers", n)
		}
	}
	if n := len(s.Asked()); n != runs*lists*(addresses+2) {
		b.Fatalf("%d questions", n)
	}
	ratio := float64(wall) / float64(slowest)
	b.ReportMetric(float64(wall.Microseconds())/1000/float64(runs), "ms/run")
	b.ReportMetric(float64(slowest.Microseconds())/1000/float64(runs), "slowest-ms")
	b.ReportMetric(ratio, "ratio")
	if ratio > 2 {
		b.Fatalf("%v for %d questions whose slowest answer took %v is %.2f times as long, want 2 at most", wall/time.Duration(runs), lists*(addresses+2), slowest/time.Duration(runs), ratio)
	}
}
