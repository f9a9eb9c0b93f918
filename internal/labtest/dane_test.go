//go:build lab

package labtest

import "testing"

// TestDANE holds TLSA records from signed zones against the keys that Postfix presents.
func TestDANE(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ domain, rule, status string }{
		{"good.example", "dane.mismatch", "pass"},
		{"good.example", "dane.insecure", "pass"},
		{"good.example", "dane.rollover", "info"},
		{"danemismatch.example", "dane.mismatch", "warn"},
		{"danerollover.example", "dane.mismatch", "pass"},
		{"danerollover.example", "dane.rollover", "pass"},
		{"danenotls.example", "dane.starttls-missing", "warn"},
		{"daneunsigned.example", "dane.insecure", "warn"},
		{"unsigned.example", "dane.missing", "pass"}, // its MX host is that of good.example
	} {
		t.Run(c.domain+" "+c.rule, func(t *testing.T) {
			t.Parallel()
			r := one(t, c.domain, "--only", "dane", "--trust-ad")
			r.has(t, c.rule, c.status)
			if r.Verdict == "fail" {
				t.Errorf("verdict %s: mail from this domain is not refused for it", r.Verdict)
			}
		})
	}
}

// TestDANEUntrusted does not take the resolver's word unless told to.
func TestDANEUntrusted(t *testing.T) {
	t.Parallel()
	one(t, "good.example", "--only", "dane").has(t, "dane.insecure", "unknown")
}
