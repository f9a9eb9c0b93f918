//go:build lab

package labtest

import "testing"

// TestRewritingResolver has a resolver that gives an address for a domain that does not exist.
func TestRewritingResolver(t *testing.T) {
	t.Parallel()
	args := []string{"gone.example", "--only", "domain,mx", "--resolver"}
	l, exit := audit(t, append(args, validating)...)
	l[0].has(t, "domain.nxdomain", "fail")
	if exit != 1 {
		t.Errorf("an honest resolver: exit %d", exit)
	}
	r := one(t, append(args, rewriting)...)
	for _, f := range r.Findings {
		if f.Status == "fail" || f.Rule == "mx.missing" && f.Status != "unknown" {
			t.Errorf("judged by a made-up address: %v", f)
		}
	}
	r.has(t, "domain.unresolvable", "unknown", madeUp)
}

// TestHonestAnswersOfRewritingResolver has the same resolver answer for a domain that exists.
func TestHonestAnswersOfRewritingResolver(t *testing.T) {
	t.Parallel()
	r := one(t, "good.example", "--only", "domain,mx,spf,dmarc", "--ip", source, "--resolver", rewriting)
	if r.Verdict != "pass" {
		t.Errorf("verdict %s: %v", r.Verdict, r.Findings)
	}
}

// TestEgress has an MX host from which nothing comes, and tells whose fault that is by another host that the user names.
func TestEgress(t *testing.T) {
	t.Parallel()
	for host, words := range map[string]string{
		goodMX:                  "not that of our own network",
		"filtered.good.example": "our own network lets nobody out",
		"":                      "perhaps in our own network",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			args := []string{"filtered.example", "--only", "tls"}
			if host != "" {
				args = append(args, "--egress-check", host)
			}
			one(t, args...).has(t, "mx.refused", "unknown", words)
		})
	}
}
