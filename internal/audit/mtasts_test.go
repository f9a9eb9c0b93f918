package audit_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/gather"
	"mailaudit/internal/httpx"
	"mailaudit/internal/testnet"
)

// stsEdits make healthy.example one with MTA-STS and TLS reports.
var stsEdits = []string{
	`_mta-sts.healthy.example. TXT "v=STSv1; id=20260101"`,
	"mta-sts.healthy.example. A 192.0.2.90",
	`_smtp._tls.healthy.example. TXT "v=TLSRPTv1; rua=mailto:tls@healthy.example"`,
}

const stsPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx1.healthy.example\r\nmx: *.healthy.example\r\nmax_age: 604800\r\n"

// diverted dials servers on loopback where the world would be dialled.
func diverted(lines map[string]netip.AddrPort) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		to, ok := lines[address]
		if !ok {
			return nil, fmt.Errorf("nobody is at %s", address)
		}
		return testnet.Dial(ctx, network, to.String())
	}
}

// stsWorld is healthy.example with a policy host that is a real server.
func stsWorld(t *testing.T, site testnet.Site, ca *testnet.CA, patience time.Duration, edits ...string) world {
	t.Helper()
	s, err := testnet.ServeHTTPS(site)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := offline(t, append(slices.Clone(stsEdits), edits...)...)
	w.env.Roots = ca.Pool()
	dial := diverted(map[string]netip.AddrPort{"192.0.2.90:443": s.Addr()})
	w.env.Fetch = func(ctx context.Context, to httpx.Target) httpx.Page {
		to.Patience = patience
		return httpx.Fetch(ctx, dial, to)
	}
	return w
}

// about are the findings of areas that are no pass, without their messages.
func about(r *audit.Report, areas ...string) []string {
	l := []string{}
	for _, f := range r.Findings {
		if f.Status != "pass" && slices.Contains(areas, f.Area) {
			l = append(l, f.Rule+" "+f.Status)
		}
	}
	return l
}

// TestPolicies: every way in which a policy can be broken gives its rule, and no other, from a real HTTPS server.
func TestPolicies(t *testing.T) {
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	const host = "mta-sts.healthy.example"
	now := time.Now()
	good := ca.Issue(host, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))
	without := func(field string) string {
		return strings.Join(slices.DeleteFunc(strings.SplitAfter(stsPolicy, "\n"), func(l string) bool { return strings.HasPrefix(l, field) }), "")
	}
	with := func(was, is string) string { return strings.Replace(stsPolicy, was, is, 1) }
	for _, tt := range []struct {
		name     string
		site     testnet.Site
		patience time.Duration
		edits    []string
		want     []string
		says     string
	}{
		{name: "nothing is wrong", site: testnet.Site{Body: stsPolicy}, want: []string{}},
		{name: "bare LF", site: testnet.Site{Body: strings.ReplaceAll(stsPolicy, "\r", "")}, want: []string{}},
		{name: "by HTTP/1.1", site: testnet.Site{Body: stsPolicy, HTTP1: true}, want: []string{}},
		{name: "404", site: testnet.Site{Code: 404, Body: "gone"}, want: []string{"mtasts.policy-unreachable warn"}, says: "answered with 404, not 200"},
		{name: "500 with a policy", site: testnet.Site{Code: 500, Body: stsPolicy}, want: []string{"mtasts.policy-unreachable warn"}},
		{name: "redirect", site: testnet.Site{Code: 301, Location: "https://www.healthy.example/mta-sts.txt", Body: stsPolicy}, want: []string{"mtasts.policy-redirect warn"},
			says: "leads to https://www.healthy.example/mta-sts.txt"},
		{name: "wrong content type", site: testnet.Site{ContentType: "text/html; charset=utf-8", Body: stsPolicy}, want: []string{"mtasts.content-type warn"}, says: "served as text/html"},
		{name: "no content type", site: testnet.Site{ContentType: "-", Body: stsPolicy}, want: []string{"mtasts.content-type warn"}},
		{name: "expired certificate", site: testnet.Site{Certificate: ca.Issue(host, now.AddDate(0, -2, 0), now.AddDate(0, 0, -2))}, want: []string{"mtasts.policy-cert warn"}, says: "expired on"},
		{name: "certificate of another name", site: testnet.Site{Certificate: ca.Issue("www.healthy.example", now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))},
			want: []string{"mtasts.policy-cert warn"}, says: "holds www.healthy.example, and not mta-sts.healthy.example"},
		{name: "untrusted chain", site: testnet.Site{Certificate: stranger.Issue(host, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))}, want: []string{"mtasts.policy-cert warn"}, says: "cannot trust"},
		{name: "self-signed", site: testnet.Site{Certificate: testnet.SelfSigned(host, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))}, want: []string{"mtasts.policy-cert warn"}, says: "self-signed"},
		{name: "certificate that ends soon", site: testnet.Site{Certificate: ca.Issue(host, now.AddDate(0, -1, 0), now.AddDate(0, 0, 5)), Body: stsPolicy}, want: []string{"mtasts.policy-cert info"}},
		{name: "too long", site: testnet.Site{Body: stsPolicy + strings.Repeat("x: y\r\n", 11000)}, want: []string{"mtasts.policy-syntax warn"}, says: "longer than 65536 octets"},
		{name: "endless", site: testnet.Site{Body: stsPolicy, Endless: true}, want: []string{"mtasts.policy-syntax warn"}, says: "longer than 65536 octets"},
		{name: "no version", site: testnet.Site{Body: without("version")}, want: []string{"mtasts.policy-syntax warn"}, says: "there is no version"},
		{name: "no mode", site: testnet.Site{Body: without("mode")}, want: []string{"mtasts.policy-syntax warn"}, says: "there is no mode"},
		{name: "no mx in enforce", site: testnet.Site{Body: without("mx")}, want: []string{"mtasts.policy-syntax warn"}, says: "there is no mx"},
		{name: "no max_age", site: testnet.Site{Body: without("max_age")}, want: []string{"mtasts.policy-syntax warn"}, says: "there is no max_age"},
		{name: "byte order mark", site: testnet.Site{Body: "\ufeff" + stsPolicy}, want: []string{"mtasts.policy-syntax warn"}, says: "byte order mark"},
		{name: "octets that are no UTF-8", site: testnet.Site{Body: stsPolicy + "x: \xff\xfe\r\n"}, want: []string{"mtasts.policy-syntax warn"}, says: "not UTF-8"},
		{name: "a web page", site: testnet.Site{ContentType: "text/html", Body: "<html>\n<body>\nWelcome\n"}, want: []string{"mtasts.content-type warn", "mtasts.policy-syntax warn"}, says: "no field of a policy"},
		{name: "a field twice, of which the first counts", site: testnet.Site{Body: stsPolicy + "mode: none\r\nmax_age: 1\r\n"}, want: []string{"mtasts.policy-syntax info", "mtasts.policy-syntax info"},
			says: "mode stands more than once: the first counts"},
		{name: "max_age over the limit", site: testnet.Site{Body: with("604800", "31557601")}, want: []string{"mtasts.max-age warn"}, says: "above the 31557600 seconds"},
		{name: "max_age of an hour", site: testnet.Site{Body: with("604800", "3600")}, want: []string{"mtasts.max-age warn"}},
		{name: "an MX that is not matched", site: testnet.Site{Body: with("mx: *.healthy.example\r\n", "")}, want: []string{"mtasts.mx-mismatch warn"}, says: "mx2.healthy.example is none of"},
		{name: "a wildcard for two labels", site: testnet.Site{Body: stsPolicy}, edits: []string{"healthy.example. MX 30 a.b.healthy.example.", "a.b.healthy.example. A 192.0.2.37"},
			want: []string{"mtasts.mx-mismatch warn", "mtasts.wildcard warn"}, says: "does not match a.b.healthy.example"},
		{name: "testing", site: testnet.Site{Body: with("enforce", "testing")}, want: []string{"mtasts.mode-testing info"}},
		{name: "no TLS", site: testnet.Site{NotTLS: "HTTP/1.1 400 Bad Request\r\n\r\n"}, want: []string{"mtasts.policy-unreachable warn"}, says: "the TLS handshake broke off"},
		{name: "no HTTP", site: testnet.Site{Raw: stsPolicy}, want: []string{"mtasts.policy-unreachable warn"}, says: "the HTTP response broke off"},
		{name: "slow drip", site: testnet.Site{Body: stsPolicy, Drip: 50 * time.Millisecond}, patience: time.Second, want: []string{"mtasts.policy-unreachable unknown"}, says: "did not end within 1s"},
		{name: "silence", site: testnet.Site{Silent: true}, patience: time.Second, want: []string{"mtasts.policy-unreachable unknown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.site.Certificate.Certificate == nil {
				tt.site.Certificate = good
			}
			r := stsWorld(t, tt.site, ca, tt.patience, tt.edits...).audited()
			got := findings(r, "fail", "warn", "info", "unknown")
			if d := cmp.Diff(tt.want, about(r, "mtasts", "tlsrpt")); d != "" {
				t.Errorf("(-want +got):\n%s%s", d, strings.Join(got, "\n"))
			}
			if !slices.ContainsFunc(got, func(f string) bool { return strings.HasPrefix(f, "mtasts.") && strings.Contains(f, tt.says) }) && tt.says != "" {
				t.Errorf("nothing says %q:\n%s", tt.says, strings.Join(got, "\n"))
			}
		})
	}
}

// TestEnforcedWithoutTLS: a policy that is enforced over an MX host without STARTTLS keeps mail out.
func TestEnforcedWithoutTLS(t *testing.T) {
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	w := stsWorld(t, testnet.Site{Body: stsPolicy, Certificate: ca.Issue("mta-sts.healthy.example", now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))}, ca, 0)
	lines := map[string]netip.AddrPort{}
	for i, b := range []testnet.Behaviour{{NoTLS: true}, {Certificate: ca.Issue("mx2.healthy.example", now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))}} {
		s, err := testnet.ServeSMTP(b)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		lines[fmt.Sprintf("192.0.2.%d:25", 35+i)] = s.Addr()
	}
	w.env.Probe = gather.Dialled(diverted(lines))
	o := options
	o.Wanted = func(a checks.Area) bool { return a == "mtasts" }
	r := audit.Run(t.Context(), w.env, w.target, o)
	if d := cmp.Diff([]string{"mtasts.mx-tls-fail warn"}, about(r, "mtasts")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if l := findings(r, "warn"); len(l) != 1 || l[0] != "mtasts.mx-tls-fail warn mx1.healthy.example: no STARTTLS is offered on port 25: senders that enforce the policy hand in no mail" {
		t.Errorf("%q", l)
	}
}

// TestTransportEvidence: the report shows the record and the policy as they were found.
func TestTransportEvidence(t *testing.T) {
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	site := testnet.Site{Body: stsPolicy, Certificate: ca.Issue("mta-sts.healthy.example", now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))}
	e := stsWorld(t, site, ca, 0).audited().Evidence
	m := e.MTASTS
	if m.Certificate == nil || !m.Certificate.Trusted || m.MaxAge == nil || *m.MaxAge != 604800 {
		t.Errorf("certificate %+v, max_age %v", m.Certificate, m.MaxAge)
	}
	m.Certificate, m.MaxAge = nil, nil
	want := audit.MTASTS{Status: "found", Record: "v=STSv1; id=20260101", ID: "20260101", PolicyURL: "https://mta-sts.healthy.example/.well-known/mta-sts.txt",
		Fetch: "answered", HTTPStatus: 200, ContentType: "text/plain", Mode: "enforce", MX: []string{"mx1.healthy.example", "*.healthy.example"}}
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(audit.TLSRPT{Status: "found", Record: "v=TLSRPTv1; rua=mailto:tls@healthy.example", RUA: []string{"mailto:tls@healthy.example"}}, e.TLSRPT); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	for name, tt := range map[string]struct {
		edits          []string
		status, tlsrpt string
		fetch          string
	}{
		"nothing":  {nil, "none", "none", ""},
		"two":      {[]string{`_mta-sts.healthy.example. TXT "v=STSv1; id=1"`, `_mta-sts.healthy.example. TXT "v=STSv1; id=2"`}, "multiple", "none", ""},
		"void":     {[]string{`_mta-sts.healthy.example. TXT "v=STSv1; id=a-b"`, `_smtp._tls.healthy.example. TXT "v=TLSRPTv1; rua=x"`}, "invalid", "invalid", ""},
		"almost":   {[]string{`_mta-sts.healthy.example. TXT "v=stsv1; id=1"`, `_smtp._tls.healthy.example. TXT "v=tlsrptv1; rua=x"`}, "invalid", "invalid", ""},
		"no host":  {[]string{`_mta-sts.healthy.example. TXT "v=STSv1; id=1"`}, "found", "none", "no-address"},
		"offline":  {stsEdits, "found", "found", "unknown"},
		"a domain": {[]string{`_smtp._tls.healthy.example. TXT "v=spf1 -all"`}, "none", "none", ""},
	} {
		e := offline(t, tt.edits...).audited().Evidence
		if e.MTASTS.Status != tt.status || e.TLSRPT.Status != tt.tlsrpt || e.MTASTS.Fetch != tt.fetch || (tt.fetch != "") != (e.MTASTS.Cause != "") {
			t.Errorf("%s: %+v, %+v", name, e.MTASTS, e.TLSRPT)
		}
	}
}
