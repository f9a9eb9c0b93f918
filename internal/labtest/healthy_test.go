//go:build lab

package labtest

import "testing"

// TestHealthy audits a domain with everything in place, with every probe there is, as its owner would.
func TestHealthy(t *testing.T) {
	t.Parallel()
	l, exit := audit(t, "good.example", "--ip", source, "--helo", "mail.good.example", "--mail-from", "news@good.example",
		"--selector", "s1", "--selector", "s2", "--daily", "10000", "--trust-ad", "--probe-inbound", "--require-dnsbl", "--egress-check", goodMX)
	r := l[0]
	if exit != 0 || r.Verdict != "pass" || r.Score == nil || *r.Score != 100 || r.Grade == nil || *r.Grade != "A+" || r.Coverage != 1 {
		t.Errorf("exit %d, verdict %s, score %v, grade %v, coverage %v", exit, r.Verdict, r.Score, r.Grade, r.Coverage)
	}
	for _, f := range r.Findings {
		if f.Status != "pass" && f.Status != "info" {
			t.Errorf("%v", f)
		}
	}
	if len(r.of("spf.missing")) == 0 || len(r.of("dkim.missing")) == 0 && len(r.of("dkim.selector-missing")) == 0 {
		t.Errorf("what was found right is not in the report: %d findings", len(r.Findings))
	}
}
