//go:build lab

package labtest

import (
	"strings"
	"testing"
)

// TestDNSSEC has signed, unsigned and broken zones told apart through a resolver that validates.
func TestDNSSEC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ domain, rule, status string }{
		{"good.example", "dnssec.missing", "pass"},
		{"unsigned.example", "dnssec.missing", "info"},
		{"expired.example", "dnssec.bogus", "fail"},
		{"wrongds.example", "dnssec.bogus", "fail"},
		{"weak.example", "dnssec.weak-alg", "warn"},
	} {
		t.Run(c.domain, func(t *testing.T) {
			t.Parallel()
			r := one(t, c.domain, "--only", "dnssec", "--trust-ad")
			r.has(t, c.rule, c.status)
			r.silent(t, "dnssec.", c.rule)
			if (r.Verdict == "fail") != (c.status == "fail") {
				t.Errorf("verdict %s", r.Verdict)
			}
		})
	}
}

// TestBogusHidesTheRest has a zone that does not validate: what stands in it is unknown, and nothing is called missing.
func TestBogusHidesTheRest(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"expired.example", "wrongds.example"} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			l, exit := audit(t, domain, "--ip", source, "--trust-ad")
			r := l[0]
			if r.Verdict != "fail" || exit != 1 {
				t.Errorf("verdict %s, exit %d", r.Verdict, exit)
			}
			r.has(t, "dnssec.bogus", "fail")
			for _, rule := range []string{"spf.missing", "dmarc.missing"} {
				r.has(t, rule, "unknown")
			}
			for _, f := range r.Findings {
				if f.Status == "fail" && f.Rule != "dnssec.bogus" && f.Rule != "domain.servfail" {
					t.Errorf("%v", f)
				}
			}
		})
	}
}

// TestUnreachableIsNotBogus has zones whose servers refuse or are silent: that proves nothing about signatures.
func TestUnreachableIsNotBogus(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"servfail.example", "silent.example"} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			l, exit := audit(t, domain, "--resolver", validating)
			r := l[0]
			if r.Verdict != "unknown" || exit != 3 {
				t.Errorf("verdict %s, exit %d", r.Verdict, exit)
			}
			for _, f := range r.Findings {
				if f.Status == "fail" || f.Status == "warn" && strings.HasSuffix(f.Rule, ".missing") {
					t.Errorf("%v", f)
				}
			}
			r.silent(t, "dnssec.", "dnssec.bogus", "dnssec.missing")
		})
	}
}

// TestWithoutValidation has a resolver that does not validate: it answers for a zone that is bogus to others, and its word
// is worth nothing to DANE.
func TestWithoutValidation(t *testing.T) {
	t.Parallel()
	r := one(t, "expired.example", "--resolver", notValidating, "--only", "domain")
	if r.Verdict == "unknown" || r.Verdict == "fail" {
		t.Errorf("verdict %s: %v", r.Verdict, r.Findings)
	}
	good := one(t, "good.example", "--resolver", notValidating, "--only", "dane", "--trust-ad")
	good.has(t, "dane.insecure", "unknown")
}
