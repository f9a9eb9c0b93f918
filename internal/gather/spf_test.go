package gather

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// world is what the walks below come across, d.example's own record left out.
const world = `
d.example.        MX 10 mx.d.example.
mx.d.example.     A 11.80.0.25
h.d.example.      A 11.80.0.1
six.d.example.    AAAA 2a0f:1::1
text.d.example.   TXT "no address"
pass.example.     A 11.81.0.1
pass.example.     TXT "v=spf1 ip4:11.80.0.1 -all"
one.d.example.    TXT "v=spf1 include:pass.example -all"
two.d.example.    TXT "v=spf1 include:one.d.example -all"
nospf.example.    A 11.81.0.2
twice.example.    TXT "v=spf1 -all"
twice.example.    TXT "v=spf1 +all"
d.example._s.d.example. TXT "v=spf1 ip4:11.80.0.1 -all"
null.example.     MX 0 .
`

// txt is a TXT record for a zone file.
func txt(owner string, strs ...string) string {
	return owner + ". TXT " + strings.Join(quoted(strs), " ") + "\n"
}

// walkOf walks the record of d.example.
func walkOf(t *testing.T, record, more string, faults map[dnsx.Question]testnet.DNSFault) (facts.SPF, *testnet.DNS) {
	t.Helper()
	s := serve(t, world+txt("d.example", record)+more, faults)
	return over(t.Context(), s, Target{Domain: "d.example"}).walk(facts.SPF{Domain: "d.example"}), s
}

// terms lists the terms of the whole tree in the order of an evaluation.
func terms(n facts.SPFNode) []facts.SPFTerm {
	var l []facts.SPFTerm
	for _, t := range n.Terms {
		l = append(l, t)
		if t.Child != nil {
			l = append(l, terms(*t.Child)...)
		}
	}
	return l
}

// TestWalkCounts: every term that looks something up counts at every occurrence (RFC 7208 4.6.4), whatever its form and
// although the first term matches; those that found nothing are named.
func TestWalkCounts(t *testing.T) {
	const first = "v=spf1 ip4:11.80.0.1 "
	for _, tt := range []struct {
		terms   string
		lookups int
		void    []string
	}{
		{"-all", 0, nil},
		{"a -all", 1, []string{"a"}},
		{"a:h.d.example -all", 1, nil},
		{"A:h.d.example +mx MX/24 -all", 3, nil},
		{"?a:h.d.example/24 ~a:h.d.example//64 -a:H.D.Example/24//64 -all", 3, nil},
		{"a:six.d.example -all", 1, nil},
		{"a:text.d.example -all", 1, []string{"a:text.d.example"}},
		{"mx:h.d.example mx:gone.example mx:null.example -all", 3, []string{"mx:h.d.example", "mx:gone.example"}},
		{"exists:h.d.example ptr ptr:d.example -all", 3, nil},
		{"exists:six.d.example -all", 1, []string{"exists:six.d.example"}}, // A alone counts (5.7)
		{"exists:gone.example exists:gone.example -all", 2, []string{"exists:gone.example", "exists:gone.example"}},
		{"exists:a..b.example mx:a..b.example -all", 2, []string{"exists:a..b.example", "mx:a..b.example"}}, // no message can carry the name
		{"include:pass.example include:pass.example -all", 2, nil},
		{"include:two.d.example include:one.d.example -all", 5, nil},
		{"include:gone.example include:nospf.example -all", 2, []string{"include:gone.example", "include:nospf.example"}},
		{"redirect=pass.example", 1, nil},
		{"redirect=gone.example", 1, []string{"redirect=gone.example"}},
		{"redirect=two.d.example", 3, nil},
		{"-all redirect=pass.example", 0, nil},
		{"redirect=pass.example all", 0, nil},
		{"-all a mx include:gone.example", 0, nil}, // behind all nothing is looked up (5.1)
		{"-all exp=gone.example", 0, nil},
		{"exp=gone.example foo=gone.example ip4:11.0.0.0/8 ip6:2a0f::/32 ?all", 0, nil},
		{"a:%{i}.example exists:%{l}.d.example include:%{o} -all", 3, nil},
		{"a:v1.example mx:v2.example exists:v3.example -all", 3, []string{"a:v1.example", "mx:v2.example", "exists:v3.example"}},
	} {
		t.Run(tt.terms, func(t *testing.T) {
			t.Parallel()
			s, _ := walkOf(t, first+tt.terms, "", nil)
			var void []string
			for _, x := range terms(s.Root) {
				if x.Void {
					void = append(void, x.Term.Text)
					if x.VoidCount != len(void) {
						t.Errorf("%s is void number %d, want %d", x.Term.Text, x.VoidCount, len(void))
					}
				}
			}
			if d := cmp.Diff(tt.void, void); d != "" || s.Void != len(tt.void) || s.Lookups != tt.lookups || !s.Whole {
				t.Errorf("%d lookups, want %d; %d void, whole %v; void terms (-want +got):\n%s", s.Lookups, tt.lookups, s.Void, s.Whole, d)
			}
		})
	}
}

// TestWalkNumbers: a lookup's number is that of the evaluation, which goes into an include before it goes on.
func TestWalkNumbers(t *testing.T) {
	s, _ := walkOf(t, "v=spf1 a:h.d.example include:two.d.example ip4:11.0.0.1 mx -all", "", nil)
	got := map[string]int{}
	for _, x := range terms(s.Root) {
		got[x.Term.Text] = x.Lookup
	}
	want := map[string]int{"a:h.d.example": 1, "include:two.d.example": 2, "include:one.d.example": 3, "include:pass.example": 4,
		"ip4:11.80.0.1": 0, "ip4:11.0.0.1": 0, "mx": 5, "-all": 0}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWalkAddresses(t *testing.T) {
	s, _ := walkOf(t, "v=spf1 a:both.example mx:many.example exists:h.d.example -all", `
both.example. A 11.0.0.1
both.example. AAAA 2a0f::1
many.example. MX 10 both.example.
many.example. MX 20 h.d.example.
many.example. MX 30 gone.example.
`, nil)
	want := [][]string{{"11.0.0.1", "2a0f::1"}, {"11.0.0.1", "11.80.0.1", "2a0f::1"}, nil}
	for i, w := range want {
		x := s.Root.Terms[i]
		if d := cmp.Diff(addresses(w...), x.Addresses, alike); d != "" {
			t.Errorf("%s (-want +got):\n%s", x.Term.Text, d)
		}
	}
	if n := s.Root.Terms[1].Hosts; n != 3 {
		t.Errorf("mx has %d hosts, want 3", n)
	}
}

// TestWalkMXLimit: of an mx with more than ten hosts the number is kept, and no more than ten are looked up (4.6.4).
func TestWalkMXLimit(t *testing.T) {
	zone := ""
	for i := range 15 {
		zone += fmt.Sprintf("many.example. MX 10 m%d.many.example.\nm%d.many.example. A 11.82.0.%d\n", i, i, i)
	}
	s, server := walkOf(t, "v=spf1 mx:many.example -all", zone, nil)
	if n, asked := s.Root.Terms[0].Hosts, len(server.Asked()); n != 15 || asked != 2+2*10 {
		t.Errorf("%d hosts after %d questions, want 15 after 22", n, asked)
	}
}

func TestWalkMacros(t *testing.T) {
	s, server := walkOf(t, "v=spf1 include:%{d2}._s.d.example a:%{d} exists:%{ir}.x.d.example include:%{l}.d.example mx:%{h} redirect=%{o}.example", "", nil)
	l := s.Root.Terms
	if l[0].Target != "d.example._s.d.example" || l[0].Child.Status != facts.SPFFound || l[1].Target != "d.example" {
		t.Errorf("%%{d} is known: %+v", l[:2])
	}
	for _, x := range l[2:] {
		if x.Target != "" || x.Why == "" || x.Void {
			t.Errorf("%s stands for no name: %+v", x.Term.Text, x)
		}
	}
	for _, i := range []int{3, 5} {
		if c := l[i].Child; c.Status != facts.SPFUndetermined || c.Domain != l[i].Term.Spec || c.Why == "" {
			t.Errorf("%s: %+v", l[i].Term.Text, c)
		}
	}
	if s.Lookups != 6 || !s.Whole {
		t.Errorf("%d lookups, whole %v; what depends on the message is counted, and nothing was lost", s.Lookups, s.Whole)
	}
	want := []string{"d.example A", "d.example AAAA", "d.example TXT", "d.example._s.d.example TXT"}
	if d := cmp.Diff(want, slices.Sorted(slices.Values(questions(server)))); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

// TestWalkMacroDomain: %{d} in an included record is the included domain (RFC 7208 7.2).
func TestWalkMacroDomain(t *testing.T) {
	s, _ := walkOf(t, "v=spf1 include:esp.example -all", txt("esp.example", "v=spf1 a:%{d1r}.x.%{d} -all")+"esp.x.esp.example. A 11.0.0.1\n", nil)
	if x := s.Root.Terms[0].Child.Terms[0]; x.Target != "esp.x.esp.example" || len(x.Addresses) != 1 {
		t.Errorf("%+v", x)
	}
}

func TestWalkNodes(t *testing.T) {
	for _, tt := range []struct{ record, domain, status string }{
		{"v=spf1 include:pass.example -all", "pass.example", facts.SPFFound},
		{"v=spf1 include:PASS.Example. -all", "pass.example", facts.SPFFound},
		{"v=spf1 include:nospf.example -all", "nospf.example", facts.SPFNone},
		{"v=spf1 include:gone.example -all", "gone.example", facts.SPFNone},
		{"v=spf1 redirect=gone.example", "gone.example", facts.SPFNone},
		{"v=spf1 include:twice.example -all", "twice.example", facts.SPFMultiple},
		{"v=spf1 include:lost.example -all", "lost.example", facts.SPFUnknown},
		{"v=spf1 redirect=lost.example", "lost.example", facts.SPFUnknown},
		{"v=spf1 include:d.example -all", "d.example", facts.SPFLoop},
		{"v=spf1 include:D.Example. -all", "d.example", facts.SPFLoop},
		{"v=spf1 redirect=d.example", "d.example", facts.SPFLoop},
		{"v=spf1 include:a..b.example -all", "a..b.example", facts.SPFNone}, // no message can carry the name
	} {
		t.Run(tt.record, func(t *testing.T) {
			t.Parallel()
			s, _ := walkOf(t, tt.record, "", lost("lost.example"))
			c := s.Root.Terms[len(s.Root.Terms)-1].Child
			if c == nil {
				c = s.Root.Terms[0].Child
			}
			if c.Domain != tt.domain || c.Status != tt.status {
				t.Errorf("%+v, want %s at %s", c, tt.status, tt.domain)
			}
			if lost := tt.status == facts.SPFUnknown; lost == s.Whole || lost != strings.Contains(c.Why, "SERVFAIL") {
				t.Errorf("whole %v, why %q", s.Whole, c.Why)
			}
		})
	}
}

// TestWalkPathsApart: what one branch has come through is nothing to the branch beside it.
func TestWalkPathsApart(t *testing.T) {
	s, _ := walkOf(t, "v=spf1 include:a.example -all", txt("a.example", "v=spf1 include:b.example -all")+txt("b.example", "v=spf1 include:x.example include:y.example -all")+
		txt("x.example", "v=spf1 include:c.example -all")+txt("c.example", "v=spf1 include:y.example -all")+txt("y.example", "v=spf1 -all"), nil)
	for _, x := range terms(s.Root) {
		if x.Child != nil && x.Child.Status != facts.SPFFound {
			t.Errorf("%s: %s", x.Term.Text, x.Child.Status)
		}
	}
}

func TestWalkRoot(t *testing.T) {
	for _, tt := range []struct {
		name, zone, status string
		texts, seams, near []string
		exists             bool
	}{
		{"found", txt("d.example", "v=spf1 -all"), facts.SPFFound, []string{"v=spf1 -all"}, nil, nil, true},
		{"found in upper case", txt("d.example", "V=SPF1 -all"), facts.SPFFound, []string{"V=SPF1 -all"}, nil, nil, true},
		{"strings join with nothing between", txt("d.example", "v=spf1 ip4:11.80", ".0.1 -all"), facts.SPFFound,
			[]string{"v=spf1 ip4:11.80.0.1 -all"}, []string{"v=spf1 ip4:11.80", ".0.1 -all"}, nil, true},
		{"beside other records", txt("d.example", "MS=1") + txt("d.example", "v=spf1 -all") + txt("d.example", "not v=spf1"), facts.SPFFound, []string{"v=spf1 -all"}, nil, nil, true},
		{"octets beside it", txt("d.example", "\xff\xfe") + txt("d.example", "v=spf1 -all"), facts.SPFFound, []string{"v=spf1 -all"}, nil, nil, true},
		{"multiple", txt("d.example", "v=spf1 b") + txt("d.example", "v=spf1 a"), facts.SPFMultiple, []string{"v=spf1 a", "v=spf1 b"}, nil, nil, true},
		{"v=spf10", txt("d.example", "v=spf10 -all"), facts.SPFNone, nil, nil, []string{"v=spf10 -all"}, true},
		{"quoted beside a right one", txt("d.example", `"v=spf1 a"`) + txt("d.example", "v=spf1 -all"), facts.SPFFound, []string{"v=spf1 -all"}, nil, []string{`"v=spf1 a"`}, true},
		{"no TXT", "d.example. A 11.0.0.1\n", facts.SPFNone, nil, nil, nil, true},
		{"NXDOMAIN", "e.example. A 11.0.0.1\n", facts.SPFNone, nil, nil, nil, false},
		{"alias", "d.example. CNAME pass.example.\n" + txt("pass.example", "v=spf1 -all"), facts.SPFFound, []string{"v=spf1 -all"}, nil, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := asker(t, tt.zone, nil).walk(facts.SPF{Domain: "d.example"})
			want := facts.SPF{Domain: "d.example", Near: tt.near, Whole: true, Exists: tt.exists,
				Root: facts.SPFNode{Domain: "d.example", Status: tt.status, Texts: tt.texts, Seams: tt.seams}}
			s.Root.Record, s.Root.Terms = nil, nil
			if d := cmp.Diff(want, s, alike); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestWalkLong: a record that no datagram holds comes over TCP, and whole (T2).
func TestWalkLong(t *testing.T) {
	record := "v=spf1"
	for i := range 300 {
		record += fmt.Sprintf(" ip4:11.80.%d.0/24", i%256)
	}
	s, server := walkOf(t, record+" -all", "", nil)
	if s.Root.Status != facts.SPFFound || len(s.Root.Record.Terms) != 301 || strings.Join(s.Root.Seams, "") != record+" -all" {
		t.Errorf("%s, %d terms", s.Root.Status, len(s.Root.Record.Terms))
	}
	if l := server.Asked(); len(l) != 2 || !l[1].TCP {
		t.Errorf("asked %+v", l)
	}
}

// TestWalkLost: what could not be looked up is named, and the walk is not whole where that could be void.
func TestWalkLost(t *testing.T) {
	for _, tt := range []struct {
		record      string
		whole, lost bool
	}{
		{"v=spf1 a:lost.example -all", false, true},
		{"v=spf1 mx:lost.example -all", false, true},
		{"v=spf1 exists:lost.example -all", false, true},
		{"v=spf1 mx:half.example -all", true, true}, // another host is known
		{"v=spf1 include:in.example -all", false, true},
		{"v=spf1 a:one.example -all", true, true}, // one family is known
		{"v=spf1 mx:m.one.example -all", true, true},
		{"v=spf1 -all a:lost.example", true, false},
	} {
		t.Run(tt.record, func(t *testing.T) {
			t.Parallel()
			faults := lost("lost.example")
			faults[dnsx.Q("one.example", dnsx.AAAA)] = testnet.DNSServFail
			s, _ := walkOf(t, tt.record, "half.example. MX 10 lost.example.\nhalf.example. MX 20 h.d.example.\nh.d.example. A 11.0.0.2\none.example. A 11.0.0.1\nm.one.example. MX 10 one.example.\n"+
				txt("in.example", "v=spf1 a:lost.example -all"), faults)
			why := ""
			for _, x := range terms(s.Root) {
				why += x.Why
				if x.Void {
					t.Errorf("%s was lost, not void", x.Term.Text)
				}
			}
			if s.Whole != tt.whole || tt.lost != strings.Contains(why, "SERVFAIL") {
				t.Errorf("whole %v, why %q", s.Whole, why)
			}
		})
	}
}

// TestWalkBombs: a hostile tree ends soon, the same way every time, and says that it was not read to the end (T10).
func TestWalkBombs(t *testing.T) {
	includes := func(prefix string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "include:%s%d.d.example ", prefix, i)
		}
		return b.String()
	}
	wide := txt("d.example", "v=spf1 "+includes("w", 10)+"-all")
	deep := txt("d.example", "v=spf1 include:l0.d.example -all")
	for i := range 10 {
		w := fmt.Sprintf("w%d", i)
		wide += txt(w+".d.example", "v=spf1 "+includes(w+"x", 10)+"-all")
		for j := range 10 {
			wide += txt(fmt.Sprintf("%sx%d.d.example", w, j), "v=spf1 "+includes("w", 10)+"-all")
		}
	}
	for i := range 200 {
		deep += txt(fmt.Sprintf("l%d.d.example", i), fmt.Sprintf("v=spf1 include:l%d.d.example -all", i+1))
	}
	hosts, exchangers := "v=spf1", "v=spf1"
	mx := ""
	for i := range 300 {
		hosts += fmt.Sprintf(" a:h%d.d.example", i)
	}
	for i := range 60 {
		exchangers += fmt.Sprintf(" mx:m%d.d.example", i)
		for j := range 10 {
			mx += fmt.Sprintf("m%d.d.example. MX 10 h%d.m%d.d.example.\n", i, j, i)
		}
	}
	for _, tt := range []struct {
		name, zone string
		most       int // questions
		whole      bool
	}{
		{"wide", wide, 100, false},
		{"deep", deep, 20, false},
		{"redirect loop", txt("d.example", "v=spf1 redirect=r.d.example") + txt("r.d.example", "v=spf1 redirect=d.example"), 2, true},
		{"loop through three", txt("d.example", "v=spf1 include:r.d.example") + txt("r.d.example", "v=spf1 include:s.d.example") + txt("s.d.example", "v=spf1 include:r.d.example include:d.example"), 3, true},
		{"doubling", txt("d.example", "v=spf1 include:e.d.example include:e.d.example") + txt("e.d.example", "v=spf1 include:f.d.example include:f.d.example") +
			txt("f.d.example", "v=spf1 include:g.d.example include:g.d.example") + txt("g.d.example", "v=spf1 a:h.d.example a:h.d.example a:h.d.example a:h.d.example a:h.d.example a:h.d.example a:h.d.example a:h.d.example"), 6, false},
		{"hosts", txt("d.example", hosts), 1 + 1 + 2*maxTerms, false}, // once more over TCP
		{"exchangers", txt("d.example", exchangers) + mx, 1 + 1 + maxTerms + 10*10*2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.zone, nil)
			var walks []facts.SPF
			for range 2 {
				before := len(server.Asked())
				s := over(t.Context(), server, Target{Domain: "d.example"}).walk(facts.SPF{Domain: "d.example"})
				if n := len(server.Asked()) - before; n > tt.most {
					t.Errorf("%d questions, want at most %d", n, tt.most)
				}
				if s.Whole != tt.whole {
					t.Errorf("whole is %v", s.Whole)
				}
				walks = append(walks, s)
			}
			if !reflect.DeepEqual(walks[0], walks[1]) {
				t.Error("a second walk comes to something else")
			}
		})
	}
}

// TestWalks: each domain that is an identity is walked once, and knows for whom; HELO only where SPF is judged.
func TestWalks(t *testing.T) {
	streams := []facts.Stream{
		{Name: "own", MailFrom: "postmaster@d.example", HELO: "Mail.D.Example."},
		{Name: "esp", MailFrom: "bounce@esp.example", HELO: "mail.d.example"},
		{Name: "esp2", MailFrom: "b@esp.example", HELO: "d.example"},
		{Name: "odd", MailFrom: "x@d.example", HELO: "[192.0.2.1]"},
	}
	s := serve(t, txt("esp.example", "v=spf1 -all"), nil)
	for _, tt := range []struct {
		want facts.Topic
		l    []facts.SPF
	}{
		{facts.SPFTree, []facts.SPF{
			{Domain: "d.example", From: true, MailFrom: []string{"own", "odd"}, HELO: []string{"esp2"}},
			{Domain: "mail.d.example", HELO: []string{"own", "esp"}},
			{Domain: "esp.example", MailFrom: []string{"esp", "esp2"}},
		}},
		{facts.Keys, []facts.SPF{
			{Domain: "d.example", From: true, MailFrom: []string{"own", "odd"}},
			{Domain: "esp.example", MailFrom: []string{"esp", "esp2"}},
		}},
	} {
		var got []facts.SPF
		for _, r := range over(t.Context(), s, Target{Domain: "d.example", Streams: streams}).walks(tt.want) {
			w := r.walk()
			got = append(got, facts.SPF{Domain: w.Domain, From: w.From, MailFrom: w.MailFrom, HELO: w.HELO})
		}
		if d := cmp.Diff(tt.l, got, alike); d != "" {
			t.Errorf("topic %b (-want +got):\n%s", tt.want, d)
		}
	}
}

// TestCandidates: without addresses those are senders that the record of MAIL FROM names one by one.
func TestCandidates(t *testing.T) {
	zone := world + `
both.example. A 11.0.0.1
both.example. AAAA 2a0f::1
many.example. MX 10 both.example.
many.example. MX 20 h.d.example.
`
	sixteen := ""
	for i := range 40 {
		sixteen += fmt.Sprintf(" ip4:11.1.0.%d", i)
	}
	for _, tt := range []struct {
		name, record string
		want         []string
	}{
		{"single addresses", "v=spf1 ip4:11.1.1.1 ip6:2a0f::9 -all", []string{"11.1.1.1 ip4:11.1.1.1", "2a0f::9 ip6:2a0f::9"}},
		{"full prefix lengths", "v=spf1 ip4:11.1.1.1/32 ip6:2a0f::9/128 -all", []string{"11.1.1.1 ip4:11.1.1.1/32", "2a0f::9 ip6:2a0f::9/128"}},
		{"ranges", "v=spf1 ip4:11.1.1.0/24 ip4:11.1.1.1/31 ip6:2a0f::/127 a:both.example/24 mx:many.example//64 -all", nil},
		{"a of another name", "v=spf1 a:both.example -all", []string{"11.0.0.1 a:both.example", "2a0f::1 a:both.example"}},
		{"mx where that term stands", "v=spf1 mx:many.example -all", []string{"11.0.0.1 mx:many.example", "11.80.0.1 mx:many.example", "2a0f::1 mx:many.example"}},
		{"no mx where it does not", "v=spf1 ip4:11.1.1.1 -all", []string{"11.1.1.1 ip4:11.1.1.1"}},
		{"each once", "v=spf1 ip4:11.80.0.1 a:h.d.example mx:many.example -all", []string{"11.80.0.1 ip4:11.80.0.1", "11.0.0.1 mx:many.example", "2a0f::1 mx:many.example"}},
		{"what passes alone", "v=spf1 -ip4:11.1.1.1 ?ip4:11.1.1.2 ~a:h.d.example +ip4:11.1.1.4 -all", []string{"11.1.1.4 +ip4:11.1.1.4"}},
		{"of the own record alone", "v=spf1 include:pass.example -all", nil},
		{"not behind all", "v=spf1 -all ip4:11.1.1.1", nil},
		{"at most 16", "v=spf1" + sixteen + " -all", func() (l []string) {
			for i := range 16 {
				l = append(l, fmt.Sprintf("11.1.0.%d ip4:11.1.0.%[1]d", i))
			}
			return l
		}()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, zone+txt("d.example", tt.record), nil)
			g := over(t.Context(), s, Target{Domain: "d.example", Streams: []facts.Stream{stream()}})
			var got []string
			for _, x := range g.sources(g.walks(0)) {
				if x.Declared || x.Origin != "spf" || x.Stream != "main" {
					t.Errorf("%+v", x)
				}
				got = append(got, x.IP.String()+" "+x.Term)
			}
			if d := cmp.Diff(tt.want, got, alike); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestSourcesDeclared: whoever names addresses means those, in all streams, and nothing of SPF is added to them.
func TestSourcesDeclared(t *testing.T) {
	s := serve(t, txt("d.example", "v=spf1 ip4:11.1.1.1 -all"), nil)
	esp := facts.Stream{Name: "esp", MailFrom: "b@esp.example", IPs: addresses("2a0f::1")}
	g := over(t.Context(), s, Target{Domain: "d.example", Streams: []facts.Stream{stream("11.0.0.1", "11.0.0.2"), esp}})
	want := []facts.Source{
		{IP: addresses("11.0.0.1")[0], Stream: "main", Origin: "flag", Declared: true},
		{IP: addresses("11.0.0.2")[0], Stream: "main", Origin: "flag", Declared: true},
		{IP: addresses("2a0f::1")[0], Stream: "esp", Origin: "flag", Declared: true},
	}
	if d := cmp.Diff(want, g.sources(g.walks(0)), alike); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestSourcesOfMailFrom: candidates come from the MAIL FROM domain, not from From.
func TestSourcesOfMailFrom(t *testing.T) {
	s := serve(t, txt("d.example", "v=spf1 ip4:11.1.1.1 -all")+txt("esp.example", "v=spf1 ip4:11.2.2.2 -all"), nil)
	g := over(t.Context(), s, Target{Domain: "d.example", Streams: []facts.Stream{{Name: "esp", MailFrom: "b@esp.example"}}})
	l := g.sources(g.walks(0))
	if len(l) != 1 || l[0].IP != addresses("11.2.2.2")[0] || l[0].Stream != "esp" {
		t.Errorf("%+v", l)
	}
}

// TestMappedNetworks: an IPv4-mapped ip6-network matches nobody, and an IPv4 sender least of all (RFC 7208 5).
func TestMappedNetworks(t *testing.T) {
	for record, want := range map[string]string{
		"v=spf1 ip6:::ffff:11.0.0.1 -all":              "fail",
		"v=spf1 ?ip6:::ffff:0:0/96 ip4:11.0.0.1 -all":  "pass",
		"v=spf1 ip6:2001:db8::/32 ip4:11.0.0.1 -all":   "pass",
		"v=spf1 -ip6:::ffff:11.0.0.1 a:d.example -all": "pass",
	} {
		g := over(t.Context(), serve(t, "d.example. A 11.0.0.1\n"+txt("d.example", record), nil), Target{})
		if got, why := g.evaluate(netip.MustParseAddr("11.0.0.1"), "h.example", "a@d.example", "d.example"); got != want {
			t.Errorf("%s: %s because %s, want %s", record, got, why, want)
		}
	}
}
