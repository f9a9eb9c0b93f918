//go:build lab

package labtest

import "testing"

// TestMTASTS fetches policies over HTTPS, good ones and broken ones.
func TestMTASTS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ domain, rule, status string }{
		{"good.example", "mtasts.policy-unreachable", "pass"},
		{"good.example", "mtasts.mx-mismatch", "pass"},
		{"good.example", "tlsrpt.missing", "pass"},
		{"unsigned.example", "mtasts.missing", "info"},
		{"stsmissing.example", "mtasts.policy-unreachable", "warn"},
		{"stsredirect.example", "mtasts.policy-redirect", "warn"},
		{"stscert.example", "mtasts.policy-cert", "warn"},
		{"stshtml.example", "mtasts.content-type", "warn"},
		{"stssyntax.example", "mtasts.policy-syntax", "warn"},
		{"stsmx.example", "mtasts.mx-mismatch", "warn"},
		{"ststesting.example", "mtasts.mode-testing", "info"},
		{"stsrefused.example", "mtasts.policy-unreachable", "warn"},
		{"stsfiltered.example", "mtasts.policy-unreachable", "unknown"},
		{"oldcert.example", "mtasts.mx-tls-fail", "warn"},
	} {
		t.Run(c.domain+" "+c.rule, func(t *testing.T) {
			t.Parallel()
			r := one(t, c.domain, "--only", "mtasts,tlsrpt")
			r.has(t, c.rule, c.status)
			r.silent(t, "mtasts.", c.rule)
			if r.Verdict == "fail" {
				t.Errorf("verdict %s: mail from this domain is not refused for it", r.Verdict)
			}
		})
	}
}
