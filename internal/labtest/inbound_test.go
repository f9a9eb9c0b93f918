//go:build lab

package labtest

import "testing"

// TestInbound has MX hosts with one fault each.
func TestInbound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		domain, rule, status string
		also                 []string // other rules that may find something
	}{
		{"nostarttls.example", "mx.starttls-missing", "warn", nil},
		{"oldcert.example", "mx.cert-expired", "warn", nil},
		{"othercert.example", "mx.cert-name", "warn", nil},
		{"refused.example", "mx.refused", "unknown", nil},
		{"filtered.example", "mx.refused", "unknown", nil},
		{"tarpit.example", "mx.tarpit", "info", nil},
		{"oldtls.example", "mx.tls-version", "warn", nil},
		{"auth.example", "mx.auth-on-25", "warn", nil},
		{"small.example", "mx.size", "info", nil},
		{"selfsigned.example", "mx.cert-chain", "info", nil},
		{"expiring.example", "mx.cert-expiring", "warn", nil},
	} {
		t.Run(c.domain, func(t *testing.T) {
			t.Parallel()
			r := one(t, c.domain, "--only", "tls")
			r.has(t, c.rule, c.status, "mx."+c.domain)
			r.silent(t, "mx.", append(c.also, c.rule)...)
			if r.Verdict == "fail" {
				t.Errorf("verdict %s: mail from this domain is not refused for it", r.Verdict)
			}
		})
	}
}

// TestGoodInbound has MX hosts without a fault; one of them lets clients wait for the second half of its greeting.
func TestGoodInbound(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"good.example", "postscreen.example"} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			r := one(t, domain, "--only", "tls")
			r.has(t, "mx.refused", "pass")
			r.has(t, "mx.starttls-missing", "pass")
			r.silent(t, "mx.")
		})
	}
}

// TestProbeInbound asks Postfix about recipients.
func TestProbeInbound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ domain, mailFrom, rule, status string }{
		{"nopostmaster.example", "", "mx.postmaster", "warn"},
		{"nopostmaster.example", "", "mx.abuse", "warn"},
		{"nonull.example", "", "mx.dsn-null-sender", "fail"},
		{"openrelay.example", "", "mx.open-relay", "warn"},
		{"vrfy.example", "", "mx.vrfy", "info"},
		{"catchall.example", "", "mx.catch-all", "info"},
		{"good.example", "gone@good.example", "mx.sender-not-deliverable", "warn"},
		{"good.example", "news@good.example", "mx.sender-not-deliverable", "pass"},
		{"good.example", "", "mx.postmaster", "pass"},
		{"good.example", "", "mx.abuse", "pass"},
		{"good.example", "", "mx.dsn-null-sender", "pass"},
		{"good.example", "", "mx.open-relay", "pass"},
		{"good.example", "", "mx.catch-all", "pass"},
	} {
		t.Run(c.domain+" "+c.rule+" "+c.status, func(t *testing.T) {
			t.Parallel()
			args := []string{c.domain, "--only", "tls", "--probe-inbound"}
			if c.mailFrom != "" {
				args = append(args, "--mail-from", c.mailFrom)
			}
			one(t, args...).has(t, c.rule, c.status)
		})
	}
}

// TestNullSenderLate has Postfix refuse the null sender when it hears the recipient, as it does unless told otherwise: the
// sender was taken at first, and yet no bounce arrives.
func TestNullSenderLate(t *testing.T) {
	t.Parallel()
	r := one(t, "nonulllate.example", "--only", "tls", "--probe-inbound")
	for _, f := range r.of("mx.dsn-null-sender") {
		if f.Status == "pass" || f.Status == "info" {
			t.Errorf("%v", f)
		}
	}
}

// TestNoProbe asks no MX host about recipients unless told to.
func TestNoProbe(t *testing.T) {
	t.Parallel()
	r := one(t, "openrelay.example", "--only", "tls")
	for _, rule := range []string{"mx.postmaster", "mx.abuse", "mx.dsn-null-sender", "mx.open-relay", "mx.sender-not-deliverable"} {
		if l := r.of(rule); len(l) > 0 {
			t.Errorf("%v", l)
		}
	}
}
