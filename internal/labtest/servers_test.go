//go:build lab

package labtest

import "testing"

// TestServers asks authoritative servers themselves, each of them with one fault.
func TestServers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ domain, rule, status, about string }{
		{"lame.example", "ns.lame", "warn", ns2},
		{"serials.example", "soa.missing", "info", "2026010100"}, // one ahead may be a transfer that is under way
		{"notcp.example", "ns.tcp", "warn", nsRBL},
		{"mismatch.example", "ns.parent-mismatch", "warn", ns3},
	} {
		t.Run(c.domain, func(t *testing.T) {
			t.Parallel()
			r := one(t, c.domain, "--only", "domain")
			r.has(t, c.rule, c.status, c.about)
			r.silent(t, "ns.", c.rule)
			r.silent(t, "soa.", c.rule)
		})
	}
	t.Run("good.example", func(t *testing.T) {
		t.Parallel()
		r := one(t, "good.example", "--only", "domain")
		for _, rule := range []string{"ns.lame", "ns.tcp", "ns.parent-mismatch", "soa.missing"} {
			r.has(t, rule, "pass")
		}
	})
}

// TestAllServersFail has zones whose servers all refuse to answer for them, or are silent, while others are found: that is
// the zone's own fault. By the resolver alone it could be anybody's.
func TestAllServersFail(t *testing.T) {
	t.Parallel()
	for domain, server := range map[string]string{"servfail.example": nsRBL, "silent.example": "ns.silent.example"} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			l, exit := audit(t, domain, "--only", "domain")
			l[0].has(t, "domain.servfail", "fail", server)
			if l[0].Verdict != "fail" || exit != 1 {
				t.Errorf("verdict %s, exit %d", l[0].Verdict, exit)
			}
			l, exit = audit(t, domain, "--only", "domain", "--resolver", validating)
			if l[0].Verdict != "unknown" || exit != 3 {
				t.Errorf("by the resolver alone: verdict %s, exit %d", l[0].Verdict, exit)
			}
		})
	}
}

// TestResolverAlone leaves the servers alone when the user names a resolver.
func TestResolverAlone(t *testing.T) {
	t.Parallel()
	r := one(t, "lame.example", "--only", "domain", "--resolver", validating)
	for _, rule := range []string{"ns.lame", "ns.tcp", "ns.parent-mismatch"} {
		for _, f := range r.of(rule) {
			if f.Status != "info" {
				t.Errorf("%v", f)
			}
		}
	}
}
