package gather

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// scenario is a part of the openspf test suite for RFC 7208: a world and what check_host() gives in it.
type scenario struct {
	Description string                      `yaml:"description"`
	Tests       map[string]suiteCase        `yaml:"tests"`
	Zone        map[string][]map[string]any `yaml:"zonedata"`
}

type suiteCase struct {
	HELO     string `yaml:"helo"`
	Host     string `yaml:"host"`
	MailFrom string `yaml:"mailfrom"`
	Result   any    `yaml:"result"` // one result or a list
}

// suite is all cases: those of openspf from the module of the SPF library, which is in the module cache or there is no
// program to test, and ours.
func suite(t *testing.T) []scenario {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf").Output()
	if err != nil {
		t.Fatalf("where is the SPF library: %v", err)
	}
	openspf := scenarios(t, filepath.Join(strings.TrimSpace(string(dir)), "testdata", "rfc7208-tests.yml"))
	n := 0
	for _, s := range openspf {
		n += len(s.Tests)
	}
	if n != 203 {
		t.Fatalf("the suite has %d cases, not 203: is that all of it?", n)
	}
	return append(openspf, scenarios(t, "testdata/ours.yml")...)
}

func scenarios(t *testing.T, file string) []scenario {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var l []scenario
	for d := yaml.NewDecoder(f); ; {
		var s scenario
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return l
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		l = append(l, s)
	}
}

// list is a YAML value that may stand alone or in a list.
func list(v any) []string {
	l, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprint(v)}
	}
	var out []string
	for _, x := range l {
		out = append(out, fmt.Sprint(x))
	}
	return out
}

// master writes a scenario's world as a zone file. A name whose data says TIMEOUT times out for the types that it does not
// list. Records of the type SPF, which RFC 7208 gave up, stand for TXT where a name has no TXT, as the suite's header says;
// "TXT: NONE" keeps them from it.
func master(zone map[string][]map[string]any) (text string, faults map[dnsx.Question]testnet.DNSFault) {
	var b strings.Builder
	faults = map[dnsx.Question]testnet.DNSFault{}
	for name, records := range zone {
		owner := escape(name, ".-_")
		has := func(key string) bool {
			return slices.ContainsFunc(records, func(r map[string]any) bool { return r[key] != nil })
		}
		add := func(t dnsx.Type, data string) {
			fmt.Fprintf(&b, "%s. 300 IN %s %s\n", owner, t, data)
			faults[dnsx.Q(owner, t)] = testnet.DNSHealthy
		}
		for _, r := range records {
			for key, v := range r {
				switch {
				case key == "TIMEOUT":
					faults[dnsx.Question{Name: dnsx.Q(owner, 0).Name}] = testnet.DNSServFail
				case key == "A":
					add(dnsx.A, v.(string))
				case key == "AAAA":
					add(dnsx.AAAA, v.(string))
				case key == "PTR":
					add(dnsx.PTR, absolute(v))
				case key == "CNAME":
					fmt.Fprintf(&b, "%s. 300 IN CNAME %s\n", owner, absolute(v))
				case key == "MX":
					mx := list(v)
					add(dnsx.MX, mx[0]+" "+absolute(mx[1]))
				case key == "TXT" && v != "NONE", key == "SPF" && !has("TXT"):
					add(dnsx.TXT, strings.Join(quoted(list(v)), " "))
				}
			}
		}
	}
	return b.String(), faults
}

// absolute is a name with the dot at its end that some of the suite's have.
func absolute(name any) string { return escape(strings.TrimSuffix(fmt.Sprint(name), "."), ".-_") + "." }

// quoted are character-strings as a zone file has them, each of at most 255 octets.
func quoted(l []string) []string {
	var out []string
	for _, s := range l {
		for len(s) > 255 {
			out = append(out, `"`+escape(s[:255], "")+`"`)
			s = s[255:]
		}
		out = append(out, `"`+escape(s, "")+`"`)
	}
	if out == nil {
		return []string{`""`} // a TXT without a string is none that a message could carry (RFC 1035 3.3.14)
	}
	return out
}

// escape writes every octet but letters, digits and plain ones by its number (RFC 1035 5.1).
func escape(s, plain string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(plain, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	return b.String()
}

// eachCase runs f for every case of the suite, the marked ones too, in a run of its own.
func eachCase(t *testing.T, f func(t *testing.T, name string, c suiteCase, g *gatherer)) {
	for _, sc := range suite(t) {
		text, faults := master(sc.Zone)
		s := serve(t, text, faults)
		for name, c := range sc.Tests {
			t.Run(sc.Description+"/"+name, func(t *testing.T) {
				f(t, name, c, over(t.Context(), s, Target{Domain: "d.example"}))
			})
		}
	}
}

// identity is what a receiver checks: MAIL FROM, or HELO where that is empty (RFC 7208 2.4).
func (c suiteCase) identity() (identity string, s facts.Stream) {
	s = facts.Stream{Name: "case", MailFrom: c.MailFrom, HELO: c.HELO}
	if c.MailFrom == "" {
		return "helo", s
	}
	if strings.HasPrefix(c.MailFrom, "@") {
		s.MailFrom = "postmaster" + c.MailFrom // 4.3
	}
	return "mailfrom", s
}

// judge evaluates the case as results does for a declared address.
func (c suiteCase) judge(t *testing.T, g *gatherer) facts.SPFResult {
	t.Helper()
	identity, s := c.identity()
	g.t.Streams = []facts.Stream{s}
	ip, err := netip.ParseAddr(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range g.results([]facts.Source{{IP: ip, Stream: s.Name}}) {
		if r.Identity == identity {
			return r
		}
	}
	t.Fatalf("no result for %s", identity)
	return facts.SPFResult{}
}

// TestSuite holds the evaluation against every case of the RFC 7208 suite, those included that the library's own tests skip.
func TestSuite(t *testing.T) {
	eachCase(t, func(t *testing.T, _ string, c suiteCase, g *gatherer) {
		r := c.judge(t, g)
		if want := list(c.Result); !slices.Contains(want, r.Result) {
			t.Errorf("%s of %q from %s is %s (%s), want one of %q", r.Identity, r.Domain, c.Host, r.Result, r.Why, want)
		}
	})
}

// TestResults: every address of every stream, by MAIL FROM and, where there is one, by HELO.
func TestResults(t *testing.T) {
	s := serve(t, txt("d.example", "v=spf1 exists:%{h}.helo.d.example exists:%{l}.local.d.example -all")+txt("mail.d.example", "v=spf1 exists:%{l}.local.d.example -all")+`
unknown.helo.d.example.     A 127.0.0.1
postmaster.local.d.example. A 127.0.0.1
`, nil)
	ip := netip.MustParseAddr("11.0.0.1")
	g := over(t.Context(), s, Target{Domain: "d.example", Streams: []facts.Stream{
		{Name: "no HELO", MailFrom: "bounce@d.example"},
		{Name: "HELO", MailFrom: "bounce@d.example", HELO: "Mail.D.Example."},
	}})
	want := []facts.SPFResult{
		{IP: ip, Stream: "no HELO", Declared: true, Identity: "mailfrom", Domain: "d.example", Result: "pass", Why: "exists"}, // %{h} is "unknown"
		{IP: ip, Stream: "HELO", Identity: "mailfrom", Domain: "d.example", Result: "fail", Why: "all"},
		{IP: ip, Stream: "HELO", Identity: "helo", Domain: "mail.d.example", Result: "pass", Why: "exists"}, // by postmaster (RFC 7208 2.4)
	}
	got := g.results([]facts.Source{{IP: ip, Stream: "no HELO", Declared: true}, {IP: ip, Stream: "HELO"}})
	if d := cmp.Diff(want, got, alike); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestResultsWhy: a result says what matched, or what is wrong, and where.
func TestResultsWhy(t *testing.T) {
	more := ""
	for i := range 11 {
		more += fmt.Sprintf("many.example. MX 10 m%d.example.\n", i)
	}
	for record, want := range map[string]string{
		"v=spf1 ip4:11.0.0.0/24 -all":                         "pass: ip4 or ip6",
		"v=spf1 a:h.d.example -all":                           "fail: all",
		"v=spf1 a:own.example -all":                           "pass: a",
		"v=spf1 mx:own.example -all":                          "pass: mx",
		"v=spf1 ptr:own.example ?all":                         "pass: ptr",
		"v=spf1 ip4:11.0.0.1 a:b,c":                           `permerror: "a:b,c" in the record of d.example: the domain "b,c" has no dot and top-level label at its end (RFC 7208 7.1)`,
		"v=spf1 ?include:bad.example ip4:11.0.0.1":            `permerror: "moo" in the record of bad.example: there is no mechanism "moo"`,
		"v=spf1 include:gone.example -all":                    "permerror: no SPF record",
		"v=spf1 include:twice.example -all":                   "permerror: more than one SPF record",
		"v=spf1 a:v1.x.example a:v2.x.example a:v3.x.example": "permerror: more than 2 void lookups",
		"v=spf1 mx:many.example -all":                         "permerror: an mx with more than 10 hosts",
		"v=spf1" + strings.Repeat(" a:h.d.example", 11):       "permerror: more than 10 DNS lookups",
		"v=spf1 a:lost.example -all":                          "temperror: lost.example A: ",
		"v=spf1":                                              "neutral: ",
		"v=spf2 -all":                                         "none: no SPF record",
	} {
		s := serve(t, world+more+txt("d.example", record)+txt("bad.example", "v=spf1 -all moo")+
			"own.example. A 11.0.0.1\nown.example. MX 10 own.example.\n1.0.0.11.in-addr.arpa. PTR own.example.\n", lost("lost.example"))
		r, why := over(t.Context(), s, Target{}).evaluate(netip.MustParseAddr("11.0.0.1"), "h.example", "a@d.example", "d.example")
		if got := r + ": " + why; got != want && !(r == "temperror" && strings.HasPrefix(got, want) && strings.HasSuffix(got, "answered SERVFAIL")) {
			t.Errorf("%s\n got %s\nwant %s", record, got, want)
		}
	}
}

// TestResultsReverseLost: that a reverse name is lost is no proof that it does not match, although a receiver that lost it
// goes on as if (RFC 7208 5.5).
func TestResultsReverseLost(t *testing.T) {
	const reverse, name = "1.0.0.11.in-addr.arpa", "own.example"
	for _, tt := range []struct{ record, lost, want, why string }{
		{"v=spf1 ptr:own.example -all", reverse, "temperror", reverse + " PTR: "},
		{"v=spf1 ptr:own.example -all", name, "temperror", name + " A: "},
		{"v=spf1 exists:%{p}.x.example -all", reverse, "temperror", "%{p}: "},
		{"v=spf1 exists:%{p}.x.example -all", name, "temperror", "%{p}: " + name + ": "},
		{"v=spf1 ptr:own.example ip4:11.0.0.1 -all", reverse, "pass", "ip4 or ip6"},
		{"v=spf1 -all ptr", reverse, "fail", "all"},
	} {
		s := serve(t, txt("d.example", tt.record)+reverse+". PTR own.example.\nown.example. A 11.0.0.1\n", lost(tt.lost))
		r, why := over(t.Context(), s, Target{}).evaluate(netip.MustParseAddr("11.0.0.1"), "h.example", "a@d.example", "d.example")
		if r != tt.want || !strings.HasPrefix(why, tt.why) {
			t.Errorf("%s with %s lost: %s because %q, want %s because %q", tt.record, tt.lost, r, why, tt.want, tt.why)
		}
	}
}

// TestReadableLong: a record as long as an answer can be costs what is in it, and not a copy of it for each term.
func TestReadableLong(t *testing.T) {
	record := "v=spf1" + strings.Repeat(" exists:a.b", 5500)
	w := &witness{g: &gatherer{}, ip: netip.MustParseAddr("11.0.0.1")}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := w.readable(record, "d.example")
	runtime.ReadMemStats(&after)
	if n := strings.Count(got, " exists:alias"); n != 11 || !strings.HasSuffix(got, " exists:alias10.invalid") { // the last is over the limit
		t.Errorf("%d terms of 5500 in %.80q..., want 11", n, got)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 64 {
		t.Errorf("%d MB for %d octets", mb, len(record))
	}
}

// TestReadableIdle: what decides nothing for a sender is not given to the library, which would read it again for each address.
func TestReadableIdle(t *testing.T) {
	long := strings.Repeat("%{d}.", 300) + "x.example"
	for _, tt := range []struct{ record, ip, want string }{
		{"v=spf1" + strings.Repeat(" ip4:11.1.0.0/16 x=y -ip6:2001:db8::/32", 900) + " ip4:11.0.0.0/8 -all", "11.0.0.1", "v=spf1 ip4:11.0.0.0/8 -all"},
		{"v=spf1 ip4:11.0.0.1 ip6:2001:db8::/32 -all", "2001:db8::1", "v=spf1 ip6:2001:db8::/32 -all"},
		{"v=spf1 ip6:::ffff:11.0.0.1/96 ip6:::ffff:0:0/32 exp=e.example ?all", "11.0.0.1", "v=spf1 ?all"},
		{"v=spf1 ip4:11.1.2 a" + strings.Repeat(" b", 900), "11.0.0.1", "v=spf1 ip4:11.1.2"},
		{"v=spf1 redirect=r.example a a a a a a a a a a -all", "11.0.0.1", "v=spf1 redirect=r.example a a a a a a a a a a -all"},
		{"v=spf1 ip4:11.1.2.3 a:a/b.example/24 include:" + long + " ?all", "11.0.0.1", "v=spf1 a:alias0.invalid/24 include:alias1.invalid ?all"},
	} {
		w := &witness{g: &gatherer{}, ip: netip.MustParseAddr(tt.ip)}
		if got := w.readable(tt.record, "d.example"); got != tt.want {
			t.Errorf("%.80q... for %s: %.200q, want %q", tt.record, tt.ip, got, tt.want)
		}
	}
}

// TestResultsLongSpec: a domain-spec that is too long to be expanded for each address leaves the result open.
func TestResultsLongSpec(t *testing.T) {
	long := strings.Repeat("%{d}.", 300) + "x.example"
	for _, tt := range []struct{ record, want, why string }{
		{"v=spf1 include:" + long + " -all", "temperror", "a domain-spec of 1509 octets is not evaluated"},
		{"v=spf1 a:" + long + " -all", "temperror", "a domain-spec of 1509 octets is not evaluated"},
		{"v=spf1 mx:" + long + " -all", "temperror", "a domain-spec of 1509 octets is not evaluated"},
		{"v=spf1 exists:" + long + " -all", "temperror", "a domain-spec of 1509 octets is not evaluated"},
		{"v=spf1 ptr:" + long + " -all", "temperror", "a domain-spec of 1509 octets is not evaluated"},
		{"v=spf1 redirect=" + long, "temperror", "a domain-spec of 1509 octets is not evaluated"},
		{"v=spf1 -all a:" + long, "fail", "all"},
		{"v=spf1 x=" + long + " ip4:11.0.0.1 -all", "pass", "ip4 or ip6"},
	} {
		s := serve(t, txt("d.example", tt.record), nil)
		r, why := over(t.Context(), s, Target{}).evaluate(netip.MustParseAddr("11.0.0.1"), "h.example", "a@d.example", "d.example")
		if r != tt.want || why != tt.why {
			t.Errorf("%.40s...: %s because %q, want %s because %q", tt.record, r, why, tt.want, tt.why)
		}
	}
}

// TestWalkBounded: however large the records are that an include leads to, one walk reads so many terms and says what it left.
func TestWalkBounded(t *testing.T) {
	const each = 4000
	zone := "d.example. TXT \"v=spf1"
	for i := range 9 {
		zone += fmt.Sprintf(" include:i%d.example", i)
	}
	zone += " -all\"\n"
	for i := range 9 {
		zone += txt(fmt.Sprintf("i%d.example", i), "v=spf1"+strings.Repeat(" ip4:11.0.0.1", each))
	}
	s := over(t.Context(), serve(t, zone, nil), Target{}).walk(facts.SPF{Domain: "d.example"})
	if s.Whole {
		t.Error("the walk is called whole")
	}
	for i, x := range s.Root.Terms[:9] {
		if want := i < 8; (x.Child.Status == facts.SPFFound) != want || !want && x.Child.Why != "32010 terms were read before it" {
			t.Errorf("record %d: %s because %q", i, x.Child.Status, x.Child.Why)
		}
	}
}
