package spfnet

import (
	"flag"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// The same inputs in every run, so that one that fails does so again; -rapid.seed=0 takes new ones.
func init() { _ = flag.Set("rapid.seed", "2026") }

// world is what a walk meets: SPF records and, after "A", the addresses of hosts. "lost" gets no answer.
type world map[string]string

// walked is the static walk of a record, as gather makes it.
func walked(text string, w world) *facts.SPFNode {
	c := counter{w: w}
	n := c.node("d.example", text, nil)
	return &n
}

type counter struct {
	w              world
	lookups, voids int
}

func (c *counter) node(domain, text string, above []string) facts.SPFNode {
	n := facts.SPFNode{Domain: domain, Status: facts.SPFFound}
	for _, a := range above {
		if a == domain {
			return facts.SPFNode{Domain: domain, Status: facts.SPFLoop}
		}
	}
	switch {
	case strings.Contains(domain, "%"):
		return facts.SPFNode{Domain: domain, Status: facts.SPFUndetermined, Why: "a macro"}
	case text == "lost":
		return facts.SPFNode{Domain: domain, Status: facts.SPFUnknown, Why: "SERVFAIL"}
	case text == "unread":
		return facts.SPFNode{Domain: domain, Status: facts.SPFUnread}
	case text == "two":
		return facts.SPFNode{Domain: domain, Status: facts.SPFMultiple, Texts: []string{"v=spf1", "v=spf1"}}
	case text == "":
		return facts.SPFNode{Domain: domain, Status: facts.SPFNone}
	}
	rec := spf.Parse(text)
	n.Record = &rec
	terms := rec.Effective()
	if r, ok := rec.Redirect(); ok {
		terms = append(terms, r)
	}
	for _, t := range terms {
		x := facts.SPFTerm{Term: t}
		if t.NeedsLookup() {
			c.lookup(&x, append(above, domain))
		}
		n.Terms = append(n.Terms, x)
	}
	return n
}

func (c *counter) lookup(x *facts.SPFTerm, path []string) {
	c.lookups++
	x.Lookup, x.Target = c.lookups, x.Term.Spec
	found := c.w[x.Target]
	void := false
	switch name := x.Term.Name; {
	case name == "ptr":
	case name == "include" || name == "redirect":
		void = found == ""
	case strings.Contains(x.Target, "%"):
		x.Target, x.Why = "", "a macro"
	case found == "lost":
		x.Why = "SERVFAIL"
	case strings.HasPrefix(found, "MX "):
		fmt.Sscan(found[3:], &x.Hosts)
	default:
		void = found == ""
		for _, a := range strings.Fields(strings.TrimPrefix(found, "A ")) {
			x.Addresses = append(x.Addresses, netip.MustParseAddr(a))
		}
	}
	if void {
		c.voids++
		x.Void, x.VoidCount = true, c.voids
	}
	if x.Term.Name == "include" || x.Term.Name == "redirect" {
		child := c.node(x.Target, found, path)
		x.Child = &child
	}
}

var hostsOf = world{
	"h.example":    "A 192.0.2.1 2001:db8::1",
	"pair.example": "A 192.0.2.0 192.0.2.1",
	"net.example":  "v=spf1 ip4:198.51.100.0/24 -all",
	"open.example": "v=spf1 ip4:198.51.100.0/24 ?all",
	"less.example": "v=spf1 -ip4:198.51.100.0/25 ip4:198.51.100.0/24 -all",
	"bad.example":  "v=spf1 ip4:198.51.100.0/24 nonsense -all",
	"dead.example": "v=spf1 ip4:198.51.100.0/25 -ip4:192.0.2.0/24 include:gone.example -all",
	"lost.example": "lost",
	"many.example": "MX 11",
}

func TestAuthorised(t *testing.T) {
	const (
		all4 = 1 << 32
		all6 = "340282366920938463463374607431768211456"
	)
	tests := []struct {
		name, record string
		ipv4         uint64
		ipv6         string
		complete     bool
	}{
		{"nobody", "v=spf1 -all", 0, "0", true},
		{"no terms", "v=spf1", 0, "0", true},
		{"one", "v=spf1 ip4:192.0.2.1 -all", 1, "0", true},
		{"network", "v=spf1 ip4:192.0.2.77/24 ip6:2001:db8::/32 -all", 256, "79228162514264337593543950336", true},
		{"twice counts once", "v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.0/25 ip4:192.0.2.255 -all", 256, "0", true},
		{"networks that touch", "v=spf1 ip4:192.0.2.128/25 ip4:192.0.2.0/25 -all", 256, "0", true},
		{"everybody", "v=spf1 +all", all4, all6, true},
		{"everybody of a family", "v=spf1 ip4:0.0.0.0/0 -all", all4, "0", true},
		{"the end of the addresses", "v=spf1 ip4:255.255.255.255 ip6:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff -all", 1, "1", true},
		{"refused before", "v=spf1 -ip4:192.0.2.0/25 ip4:192.0.2.0/24 -all", 128, "0", true},
		{"refused too late", "v=spf1 ip4:192.0.2.0/24 -ip4:192.0.2.0/25 -all", 256, "0", true},
		{"neutral and softfail are no pass", "v=spf1 ?ip4:192.0.2.1 ~ip4:192.0.2.2 ?all", 0, "0", true},
		{"all but some", "v=spf1 -ip4:10.0.0.0/8 +all", all4 - 1<<24, all6, true},
		{"addresses of a host", "v=spf1 a:h.example -all", 1, "1", true},
		{"networks around them", "v=spf1 a:h.example/24//64 -all", 256, "18446744073709551616", true},
		{"hosts in one network", "v=spf1 mx:pair.example/24 -all", 256, "0", true},
		{"an IPv4-mapped network matches nobody", "v=spf1 ip6:::ffff:192.0.2.1 -all", 0, "0", true},
		{"include", "v=spf1 include:net.example -all", 256, "0", true},
		{"the all of an include is not taken over", "v=spf1 include:open.example ~all", 256, "0", true},
		{"what an include refuses it does not match", "v=spf1 include:less.example -all", 128, "0", true},
		{"include that refuses", "v=spf1 -include:net.example ip4:198.51.100.0/23 -all", 256, "0", true},
		{"include that refuses what passed before", "v=spf1 ip4:198.51.100.1 -include:net.example -all", 1, "0", true},
		{"redirect", "v=spf1 ip4:192.0.2.1 redirect=net.example", 257, "0", true},
		{"redirect for the rest alone", "v=spf1 -ip4:198.51.100.0/25 redirect=net.example", 128, "0", true},
		{"after an include of none nobody passes", "v=spf1 ip4:192.0.2.1 include:gone.example ip4:192.0.2.2 -all", 1, "0", true},
		{"after a broken include", "v=spf1 ip4:192.0.2.1 include:bad.example ip4:192.0.2.2 -all", 1, "0", true},
		{"of two records", "v=spf1 include:two.example ip4:192.0.2.2 -all", 0, "0", true},
		{"permerror within an include, for those who come to it", "v=spf1 include:dead.example ip4:192.0.2.0/23 -all", 128 + 256, "0", true},
		{"redirect to none", "v=spf1 ip4:192.0.2.1 redirect=gone.example", 1, "0", true},
		{"a loop", "v=spf1 ip4:192.0.2.1 include:d.example ip4:192.0.2.2 -all", 1, "0", true},
		{"a syntax error anywhere", "v=spf1 ip4:192.0.2.1 -all nonsense", 0, "0", true},
		{"after the tenth lookup", "v=spf1 ip4:192.0.2.2" + strings.Repeat(" a:h.example", 11) + " ip4:192.0.2.3 -all", 2, "1", true},
		{"up to the tenth lookup", "v=spf1" + strings.Repeat(" a:h.example", 10) + " ip4:192.0.2.3 -all", 2, "1", true},
		{"after the third void", "v=spf1 a:v1.example ip4:192.0.2.2 mx:v2.example exists:v3.example ip4:192.0.2.3 -all", 1, "0", true},
		{"after an mx with too many hosts", "v=spf1 mx:many.example ip4:192.0.2.3 -all", 0, "0", true},
		{"beyond the walk", "v=spf1 include:unread.example ip4:192.0.2.3 -all", 0, "0", true},
		{"exists of one name for all", "v=spf1 exists:h.example -all", all4, all6, true},
		{"exists of a name that is not there", "v=spf1 exists:gone.example ip4:192.0.2.1 -all", 1, "0", true},
		{"exists for each message", "v=spf1 exists:%{i}.example ip4:192.0.2.1 -all", 1, "0", false},
		{"exists that was lost", "v=spf1 exists:lost.example ip4:192.0.2.1 -all", 1, "0", false},
		{"ptr of the sender", "v=spf1 ptr:d.example ip4:192.0.2.1 -all", 1, "0", false},
		{"a host that was lost", "v=spf1 a:lost.example ip4:192.0.2.1 -all", 1, "0", false},
		{"an include that was lost", "v=spf1 include:lost.example ip4:192.0.2.1 -all", 1, "0", false},
		{"an include for each message", "v=spf1 include:%{i}.example ip4:192.0.2.1 -all", 1, "0", false},
	}
	w := world{"two.example": "two", "unread.example": "unread"}
	for k, v := range hostsOf {
		w[k] = v
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Authorised(walked(tt.record, w))
			if s.IPv4 != tt.ipv4 || s.IPv6 != tt.ipv6 || s.Complete != tt.complete {
				t.Errorf("%q: %d, %s, complete %v; want %d, %s, %v", tt.record, s.IPv4, s.IPv6, s.Complete, tt.ipv4, tt.ipv6, tt.complete)
			}
		})
	}
}

// TestNoRecord holds that nobody passes by what is no record, and which of them could not be found out.
func TestNoRecord(t *testing.T) {
	for status, complete := range map[string]bool{
		facts.SPFNone: true, facts.SPFMultiple: true, facts.SPFFound: true, facts.SPFUnknown: false, facts.SPFUndetermined: false, "": false,
	} {
		s := Authorised(&facts.SPFNode{Status: status})
		want := Summary{IPv6: "0", Complete: complete, Left: 10, Costs: []Cost{}}
		if diff := cmp.Diff(want, s, cmp.AllowUnexported(Summary{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", status, diff)
		}
	}
}

// TestMalformedFacts holds that facts saved by a stranger crash nothing.
func TestMalformedFacts(t *testing.T) {
	n := facts.SPFNode{Status: facts.SPFFound, Record: &spf.Record{}, Terms: []facts.SPFTerm{
		{Term: spf.Term{Name: "a", Qualifier: "+", Prefix4: 99, Prefix6: -1}, Addresses: []netip.Addr{{}, netip.MustParseAddr("192.0.2.1")}},
		{Term: spf.Term{Name: "ip4", Qualifier: "+"}}, {Term: spf.Term{Name: "include", Qualifier: "+"}}, {},
	}}
	if s := Authorised(&n); s.IPv4 != 0 || s.Complete {
		t.Errorf("%+v", s)
	}
	Redundant(&n)
}

func TestPasses(t *testing.T) {
	s := Authorised(walked("v=spf1 ip4:192.0.2.0/30 ip4:192.0.2.8/29 ip6:2001:db8::/64 -all", nil))
	for a, want := range map[string]bool{
		"192.0.1.255": false, "192.0.2.0": true, "192.0.2.3": true, "192.0.2.4": false, "192.0.2.8": true, "192.0.2.15": true,
		"192.0.2.16": false, "::ffff:192.0.2.1": true, "2001:db8::ffff": true, "2001:db8:0:1::": false, "::": false,
	} {
		if got := s.Passes(netip.MustParseAddr(a)); got != want {
			t.Errorf("Passes(%s) = %v", a, got)
		}
	}
	if s.Passes(netip.Addr{}) {
		t.Error("no address passes")
	}
}

func TestCosts(t *testing.T) {
	w := world{
		"esp.example": "v=spf1 include:a.esp.example include:b.esp.example a:h.example -all", "h.example": "A 192.0.2.1 2001:db8::1",
		"a.esp.example": "v=spf1 ip4:198.51.100.0/24 -all", "b.esp.example": "v=spf1 ip4:198.51.100.0/25 mx:h.example -all",
	}
	got := Authorised(walked("v=spf1 ip4:203.0.113.1 include:esp.example a:h.example ?ptr:d.example -all", w))
	want := Summary{IPv4: 258, IPv6: "1", Lookups: 7, Left: 3, Costs: []Cost{
		{"include:esp.example", 5, 257, "1"}, {"a:h.example", 1, 1, "1"}, {"?ptr:d.example", 1, 0, "0"}}}
	got.pass = nil
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Summary{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if over := Authorised(walked("v=spf1"+strings.Repeat(" a:h.example", 12)+" -all", w)); over.Lookups != 12 || over.Left != 0 {
		t.Errorf("%d lookups, %d left", over.Lookups, over.Left)
	}
}

func TestRedundant(t *testing.T) {
	w := world{
		"net.example": "v=spf1 ip4:198.51.100.0/24 -all", "part.example": "v=spf1 ip4:198.51.100.0/26 -all",
		"same.example": "v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/25 ?all", "h.example": "A 192.0.2.1", "lost.example": "lost",
		"some.example": "v=spf1 ip4:198.51.100.0/24 a:lost.example -all",
	}
	for record, want := range map[string]string{
		"v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all":                              "",
		"v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 -all":                           "ip4:192.0.2.1 by ip4:192.0.2.0/24",
		"v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1 -all":                           "ip4:192.0.2.1 by ip4:192.0.2.0/24",
		"v=spf1 ip4:192.0.2.1 ip4:192.0.2.1 -all":                              "ip4:192.0.2.1 by ip4:192.0.2.1",
		"v=spf1 ip4:192.0.2.1 a:h.example -all":                                "a:h.example by ip4:192.0.2.1",
		"v=spf1 a:h.example ip4:192.0.2.1 -all":                                "a:h.example by ip4:192.0.2.1",
		"v=spf1 ip4:198.51.100.7 include:net.example -all":                     "ip4:198.51.100.7 by include:net.example",
		"v=spf1 include:part.example include:net.example -all":                 "include:part.example by include:net.example",
		"v=spf1 include:net.example include:same.example -all":                 "include:same.example by include:net.example",
		"v=spf1 ip4:198.51.100.7 redirect=net.example":                         "ip4:198.51.100.7 by redirect=net.example",
		"v=spf1 ip4:198.51.100.0/24 redirect=net.example":                      "", // nothing can stand in its place
		"v=spf1 ip4:198.51.100.7 include:some.example -all":                    "ip4:198.51.100.7 by include:some.example",
		"v=spf1 ip4:198.51.100.0/24 include:some.example -all":                 "ip4:198.51.100.0/24 by include:some.example",
		"v=spf1 ip4:198.51.0.0/16 include:some.example -all":                   "", // what was lost of it may be somewhere else
		"v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/25 include:net.example": "ip4:198.51.100.0/25 by include:net.example, ip4:198.51.100.128/25 by include:net.example",
		"v=spf1 -ip4:192.0.2.1 ip4:192.0.2.1 ip4:192.0.2.0/24 -all":            "", // order matters
		"v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 include:gone.example -all":      "", // and there
		"v=spf1 ip4:192.0.2.1 +all":                                            "",
		"v=spf1 ip4:192.0.2.1 exists:h.example -all":                           "",
		"v=spf1 a:gone.example ip4:192.0.2.0/24 -all":                          "",
		"v=spf1 a:lost.example ip4:192.0.2.0/24 -all":                          "",
	} {
		var got []string
		for _, r := range Redundant(walked(record, w)) {
			got = append(got, r.Term.Term.Text+" by "+r.By.Term.Text)
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%q: %q, want %q", record, s, want)
		}
	}
}

// TestRedundantBounded holds that a record of any length is compared in a bounded number of steps.
func TestRedundantBounded(t *testing.T) {
	got := Redundant(walked("v=spf1"+strings.Repeat(" ip4:192.0.2.1", 3000), nil))
	if len(got) != maxCompared-1 {
		t.Errorf("%d of %d", len(got), maxCompared)
	}
}

// naive evaluates for one address, term by term: the words of the RFC without any set.
func naive(n *facts.SPFNode, a netip.Addr) string {
	if n.Status != facts.SPFFound || len(n.Record.Problems) > 0 {
		return "permerror"
	}
	for i := range n.Terms {
		t := &n.Terms[i]
		if t.Lookup > maxLookups || t.VoidCount > maxVoid {
			return "permerror"
		}
		match := false
		switch t.Term.Name {
		case "all":
			match = true
		case "ip4", "ip6":
			match = t.Term.Network.Contains(a)
		case "a":
			for _, h := range t.Addresses {
				p, _ := h.Prefix(t.Term.Prefix4)
				match = match || p.Contains(a)
			}
		case "redirect":
			return naive(t.Child, a)
		case "include":
			switch naive(t.Child, a) {
			case "+":
				match = true
			case "permerror":
				return "permerror"
			}
		}
		if match {
			return t.Term.Qualifier
		}
	}
	return "?"
}

// TestAgrees holds that the sets say of every address what an evaluation for that address says. The addresses are few, so
// that terms overlap in all ways.
func TestAgrees(t *testing.T) {
	var universe []netip.Addr
	for i := range 32 {
		universe = append(universe, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}
	w := world{"h.example": "A 192.0.2.3 192.0.2.20"}
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"r0.example", "r1.example", "r2.example", "r3.example", "gone.example"}
		qualifier := rapid.SampledFrom([]string{"", "", "", "-", "?"})
		record := func(includes []string) string {
			var b strings.Builder
			b.WriteString("v=spf1")
			for range rapid.IntRange(0, 5).Draw(t, "terms") {
				b.WriteString(" " + qualifier.Draw(t, "qualifier"))
				switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
				case kind < 5 || kind < 8 && len(includes) == 0:
					fmt.Fprintf(&b, "ip4:192.0.2.%d/%d", rapid.IntRange(0, 31).Draw(t, "host"), rapid.IntRange(27, 32).Draw(t, "bits"))
				case kind < 8:
					b.WriteString("include:" + rapid.SampledFrom(includes).Draw(t, "include"))
				case kind == 8:
					fmt.Fprintf(&b, "a:h.example/%d", rapid.IntRange(28, 32).Draw(t, "bits"))
				default:
					b.WriteString("a:gone.example")
				}
			}
			end := []string{"", " -all", " ~all", " nonsense", " +all"}
			if len(includes) > 0 {
				end = append(end, " redirect="+rapid.SampledFrom(includes).Draw(t, "redirect"))
			}
			b.WriteString(rapid.SampledFrom(end).Draw(t, "end"))
			return b.String()
		}
		for i := range 4 {
			// A record includes only those before it, so that there are no loops.
			w[names[i]] = record(append(names[:i:i], "gone.example"))
		}
		n := walked(record(names), w)
		s := Authorised(n)
		for _, a := range universe {
			if want := naive(n, a) == "+"; s.Passes(a) != want {
				t.Errorf("%s passes: %v, and by the RFC %v: %q", a, !want, want, n.Record.Text)
			}
		}
		for _, r := range Redundant(n) {
			less := *n
			less.Terms = nil
			for i := range n.Terms {
				if &n.Terms[i] != r.Term {
					less.Terms = append(less.Terms, n.Terms[i])
				}
			}
			if without := Authorised(&less); without.IPv4 != s.IPv4 {
				t.Errorf("%s is not redundant in %q", r.Term.Term.Text, n.Record.Text)
			}
		}
	})
}

// BenchmarkHostile is a record made to cost time: 50 includes of 64 KiB whose terms pass and refuse in turns.
func BenchmarkHostile(b *testing.B) {
	w := world{}
	root := "v=spf1"
	for i := range 50 {
		var text strings.Builder
		text.WriteString("v=spf1")
		for j := 0; text.Len() < 64000; j++ {
			fmt.Fprintf(&text, " -ip4:%d.%d.%d.0/%d ip4:%d.%d.%d.0/%d", i, j%256, j/256, 24+j%9, i, j%256, j/256, 20+j%9)
		}
		w[fmt.Sprintf("r%d.example", i)] = text.String()
		root += fmt.Sprintf(" include:r%d.example", i)
	}
	n := walked(root, w)
	for i := range n.Terms {
		n.Terms[i].Lookup = 1 // as if no limit ended it
	}
	for b.Loop() {
		Authorised(n)
	}
}
