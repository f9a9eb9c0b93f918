package gather

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

const (
	stsRecord = `_mta-sts.d.example. TXT "v=STSv1; id=1"` + "\n"
	stsZone   = stsRecord + "mta-sts.d.example. A 11.0.0.9\n"
	stsPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx.d.example\r\nmax_age: 604800\r\n"
)

// site starts the server of the policy of d.example, and a line that leads to it from 11.0.0.9.
func site(t *testing.T, ca *testnet.CA, s testnet.Site) (*testnet.HTTPS, *switchboard) {
	t.Helper()
	now := time.Now()
	s.Certificate = ca.Issue("mta-sts.d.example", now.Add(-time.Hour), now.Add(time.Hour))
	server, err := testnet.ServeHTTPS(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, &switchboard{lines: map[string]netip.AddrPort{"11.0.0.9:443": server.Addr()}}
}

// TestMTASTS: where exactly one record is valid the policy is fetched as senders fetch it, and from nowhere else.
func TestMTASTS(t *testing.T) {
	ca := authority(t)
	server, lines := site(t, ca, testnet.Site{Body: stsPolicy})
	s := serve(t, `_mta-sts.d.example. CNAME sts.esp.example.`+"\n"+`sts.esp.example. TXT "v=STSv1" "; id=1"`+"\nsts.esp.example. TXT \"other\"\n"+
		"mta-sts.d.example. A 11.0.0.9\n", nil)
	g := over(t.Context(), s, Target{Domain: "d.example", NoProbes: true}) // which is about SMTP
	g.env.Fetch, g.env.Roots = Fetched(lines.dial), ca.Pool()
	f := g.mtasts()
	m := f.Value
	if !f.Known() || m.Name != "_mta-sts.d.example" || m.Host != "mta-sts.d.example" || m.Record == nil || m.Record.ID != "1" {
		t.Fatalf("%+v", f)
	}
	if d := cmp.Diff([]string{"v=STSv1; id=1"}, m.Texts); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"sts.esp.example"}, m.CNAME); d != "" {
		t.Errorf("CNAME (-want +got):\n%s", d)
	}
	if !m.Page.Known() || m.Page.Value.Status != facts.PageAnswered || m.Page.Value.Code != 200 || m.Page.Value.Body != stsPolicy {
		t.Errorf("page %+v", m.Page)
	}
	if m.Policy == nil || m.Policy.Mode != "enforce" || len(m.Policy.MX) != 1 || m.Policy.Void {
		t.Errorf("policy %+v", m.Policy)
	}
	if d := cmp.Diff([]string{"11.0.0.9:443"}, lines.called()); d != "" {
		t.Errorf("dialled (-want +got):\n%s", d)
	}
	if l := server.Requests(); len(l) != 1 || l[0].Host != "mta-sts.d.example" || l[0].Path != "/.well-known/mta-sts.txt" {
		t.Errorf("requests %+v", l)
	}
}

// TestMTASTSRecords: without exactly one valid record there is no MTA-STS, and nobody fetches a policy (RFC 8461 3.1).
func TestMTASTSRecords(t *testing.T) {
	for _, tt := range []struct {
		name, zone string
		texts      []string
		record     bool
	}{
		{"none", "d.example. A 11.0.0.1\n", []string{}, false},
		{"another", `_mta-sts.d.example. TXT "v=spf1 -all"` + "\n", []string{}, false},
		{"a void one", `_mta-sts.d.example. TXT "v=STSv1; id=a-b"` + "\n", []string{"v=STSv1; id=a-b"}, true},
		{"one in another case", `_mta-sts.d.example. TXT "v=stsv1; id=1"` + "\n", []string{"v=stsv1; id=1"}, false},
		{"two", `_mta-sts.d.example. TXT "v=STSv1; id=2"` + "\n" + stsRecord, []string{"v=STSv1; id=1", "v=STSv1; id=2"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.zone+"mta-sts.d.example. A 11.0.0.9\n", nil)
			g := over(t.Context(), s, Target{Domain: "d.example"})
			lines := &switchboard{}
			g.env.Fetch = Fetched(lines.dial)
			m := g.mtasts()
			if !m.Known() || (m.Value.Record != nil) != tt.record || m.Value.Page.State != facts.Unasked || m.Value.Policy != nil {
				t.Errorf("%+v", m)
			}
			if d := cmp.Diff(tt.texts, m.Value.Texts); d != "" {
				t.Errorf("records (-want +got):\n%s", d)
			}
			if l := lines.called(); len(l) > 0 || slices.ContainsFunc(questions(s), func(q string) bool { return strings.HasPrefix(q, "mta-sts.") }) {
				t.Errorf("dialled %q, asked %q", l, questions(s))
			}
		})
	}
	g := asker(t, stsZone, lost("_mta-sts.d.example"))
	unknown(t, "the record", g.mtasts(), "SERVFAIL")
}

// TestMTASTSHost: what DNS says of the host of the policy, and where we may dial it.
func TestMTASTSHost(t *testing.T) {
	for _, tt := range []struct {
		name, hosts string
		faults      map[dnsx.Question]testnet.DNSFault
		target      Target
		offline     bool
		page        string // its status, or why it is unknown
		dialed      []string
	}{
		{name: "gone", hosts: "", page: "no-address: mta-sts.d.example does not exist"},
		{name: "gone, offline", hosts: "", offline: true, page: "no-address: mta-sts.d.example does not exist"},
		{name: "no address", hosts: `mta-sts.d.example. TXT "x"`, page: "no-address: mta-sts.d.example has no address"},
		{name: "lost", hosts: "mta-sts.d.example. A 11.0.0.9", faults: lost("mta-sts.d.example"), page: "SERVFAIL"},
		{name: "private", hosts: "mta-sts.d.example. A 10.0.0.9", page: "no-address: mta-sts.d.example is at 10.0.0.9, which is no public address"},
		{name: "private, and the rest lost", hosts: "mta-sts.d.example. A 10.0.0.9", page: "SERVFAIL",
			faults: map[dnsx.Question]testnet.DNSFault{dnsx.Q("mta-sts.d.example", dnsx.AAAA): testnet.DNSServFail}},
		{name: "private and allowed", hosts: "mta-sts.d.example. A 10.0.0.9", target: Target{AllowPrivate: true}, page: "unknown: ", dialed: []string{"10.0.0.9:443"}},
		{name: "private beside public", hosts: "mta-sts.d.example. A 10.0.0.9\nmta-sts.d.example. A 11.0.0.9", page: "unknown: ", dialed: []string{"11.0.0.9:443"}},
		{name: "another family", hosts: "mta-sts.d.example. A 11.0.0.9", target: Target{Family: 6}, page: "has no IPv6 address, and no other is to be dialled"},
		{name: "a family", hosts: "mta-sts.d.example. A 11.0.0.9\nmta-sts.d.example. AAAA 2a0f::9", target: Target{Family: 6}, page: "unknown: ", dialed: []string{"[2a0f::9]:443"}},
		{name: "offline", hosts: "mta-sts.d.example. A 11.0.0.9", offline: true, page: "offline: nothing is dialled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.target.Domain = "d.example"
			g := over(t.Context(), serve(t, stsRecord+tt.hosts+"\n", tt.faults), tt.target)
			lines := &switchboard{}
			if !tt.offline {
				g.env.Fetch = Fetched(lines.dial)
			}
			p := g.mtasts().Value.Page
			got := p.Why
			if p.Known() {
				got = string(p.Value.Status) + ": " + p.Value.Why
			}
			if !strings.Contains(got, tt.page) || p.State == facts.Unasked {
				t.Errorf("page %q, want %q", got, tt.page)
			}
			if d := cmp.Diff(tt.dialed, lines.called()); d != "" {
				t.Errorf("dialled (-want +got):\n%s", d)
			}
		})
	}
}

// TestMTASTSPages: what is no policy is not read as one.
func TestMTASTSPages(t *testing.T) {
	ca := authority(t)
	for name, page := range map[string]testnet.Site{
		"404":      {Code: 404, Body: stsPolicy},
		"redirect": {Code: 301, Location: "https://www.d.example/", Body: stsPolicy},
		"too long": {Body: stsPolicy + strings.Repeat("x", facts.MaxPage)},
		"no HTTP":  {Raw: stsPolicy},
	} {
		_, lines := site(t, ca, page)
		g := over(t.Context(), serve(t, stsZone, nil), Target{Domain: "d.example"})
		g.env.Fetch, g.env.Roots = Fetched(lines.dial), ca.Pool()
		if m := g.mtasts(); !m.Value.Page.Known() || m.Value.Policy != nil {
			t.Errorf("%s: page %+v, policy %+v", name, m.Value.Page, m.Value.Policy)
		}
	}
}

func TestTLSRPT(t *testing.T) {
	one, two := `_smtp._tls.d.example. TXT "v=TLSRPTv1; rua=mailto:a@d.example"`+"\n", `_smtp._tls.d.example. TXT "v=TLSRPTv1; rua=mailto:b@d.example"`+"\n"
	for _, tt := range []struct {
		name, zone string
		texts      []string
		record     bool
	}{
		{"none", "d.example. A 11.0.0.1\n", []string{}, false},
		{"one", one + `_smtp._tls.d.example. TXT "other"` + "\n", []string{"v=TLSRPTv1; rua=mailto:a@d.example"}, true},
		{"two", two + one, []string{"v=TLSRPTv1; rua=mailto:a@d.example", "v=TLSRPTv1; rua=mailto:b@d.example"}, false},
		{"one that is none", `_smtp._tls.d.example. TXT "v=TLSRPTv1"` + "\n", []string{"v=TLSRPTv1"}, false},
	} {
		f := asker(t, tt.zone, nil).tlsrpt()
		if !f.Known() || f.Value.Name != "_smtp._tls.d.example" || (f.Value.Record != nil) != tt.record {
			t.Errorf("%s: %+v", tt.name, f)
		}
		if d := cmp.Diff(tt.texts, f.Value.Texts); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	unknown(t, "the record", asker(t, one, lost("_smtp._tls.d.example")).tlsrpt(), "SERVFAIL")
}
