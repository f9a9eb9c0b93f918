package gather

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
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

// BenchmarkGather audits the nested domain with 20 ms before every answer. An audit costs its longest chain of dependent
// questions and not their sum: it fails where the wall time is more than half as much again, or a question is asked twice.
func BenchmarkGather(b *testing.B) {
	const delay = 20 * time.Millisecond
	zone, target := nested()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Delay: delay})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var wall time.Duration
	var audits, chain, asked, again int
	for b.Loop() {
		before := len(s.Asked())
		o := &observer{Resolver: client(s, patient)}
		start := time.Now()
		Gather(b.Context(), env(o), target, everything)
		wall += time.Since(start)
		audits++
		log := s.Asked()[before:]
		asked += len(log)
		again += len(repeated(log))
		chain = max(chain, len(o.chain(target)))
	}
	wall /= time.Duration(audits)
	ratio := float64(wall) / float64(time.Duration(chain)*delay)
	b.ReportMetric(float64(wall.Microseconds())/1000, "ms/audit")
	b.ReportMetric(float64(chain), "chain")
	b.ReportMetric(float64((time.Duration(chain) * delay).Milliseconds()), "chain-ms")
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(float64(asked)/float64(audits), "questions/audit")
	b.ReportMetric(float64(again), "duplicates")
	if ratio > 1.5 || again > 0 {
		b.Fatalf("%v for a chain of %d questions at %v is %.2f times as long, want 1.5 at most; asked again: %d", wall, chain, delay, ratio, again)
	}
}
