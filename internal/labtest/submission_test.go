//go:build lab

package labtest

import (
	"slices"
	"testing"
	"time"
)

// talk bounds one talk with a service, and what an audit does around it, on a machine that is busy with others.
const talk = 20 * time.Second

// TestSubmission tells good services from bad ones, and the ways to be bad from one another.
func TestSubmission(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service     string
		status, tls string
		rule        string // the only one that finds a fault
		found       string
	}{
		{"submission.good.example:587", "open", "starttls", "", ""},
		{"submission.good.example:465", "open", "implicit", "", ""},
		{"plain-auth.good.example:587", "open", "starttls", "submission.auth-plaintext", "fail"},
		{"expired.good.example:587", "open", "starttls", "submission.cert-expired", "fail"},
		{"expired.good.example:465", "open", "implicit", "submission.cert-expired", "fail"},
		{"expiring.good.example:587", "open", "starttls", "submission.cert-expired", "warn"},
		{"old-tls.good.example:587", "open", "starttls", "submission.tls-version", "fail"},
		{"other-name.good.example:587", "open", "starttls", "submission.cert-name", "fail"},
		{"self-signed.good.example:465", "open", "implicit", "submission.cert-chain", "fail"},
		{"no-auth.good.example:587", "open", "starttls", "submission.no-auth", "fail"},
		{"no-auth.good.example:465", "open", "implicit", "submission.no-auth", "fail"},
		{"plain-465.good.example:465", "open", "none", "submission.465-no-tls", "fail"},
		{"plain-465.good.example:587", "open", "starttls", "", ""},
		{"refused.good.example:587", "refused", "none", "submission.closed", "fail"},
		{"filtered.good.example:587", "filtered", "none", "submission.closed", "unknown"},
		{"tarpit.good.example:587", "unknown", "none", "submission.closed", "unknown"},
		{"tarpit.good.example:465", "unknown", "implicit", "submission.closed", "unknown"},
		{"endless.good.example:587", "unknown", "none", "submission.closed", "unknown"},
	} {
		t.Run(c.service, func(t *testing.T) {
			t.Parallel()
			r := one(t, "good.example", "--only", "submission", "--submission", c.service)
			if len(r.Evidence.Submission) != 1 {
				t.Fatalf("%d services", len(r.Evidence.Submission))
			}
			s := r.Evidence.Submission[0]
			if s.Status != c.status || s.TLS != c.tls {
				t.Errorf("%s, TLS %s; want %s, %s: %v", s.Status, s.TLS, c.status, c.tls, r.Findings)
			}
			if c.rule != "" {
				r.has(t, c.rule, c.found)
			}
			r.silent(t, "submission.", c.rule)
			if took := time.Duration(r.Took) * time.Millisecond; took > talk {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestNoSTARTTLS stands apart: without TLS there are two faults.
func TestNoSTARTTLS(t *testing.T) {
	t.Parallel()
	r := one(t, "good.example", "--only", "submission", "--submission", "no-starttls.good.example:587")
	if s := r.Evidence.Submission[0]; s.Status != "open" || s.TLS != "none" {
		t.Errorf("%s, TLS %s", s.Status, s.TLS)
	}
	r.has(t, "submission.587-no-starttls", "fail", "587")
	r.has(t, "submission.auth-plaintext", "fail", "PLAIN")
	r.silent(t, "submission.", "submission.587-no-starttls", "submission.auth-plaintext")
}

// TestSubmissionForStrangers has a service that passes on mail without a login, which only --probe-inbound finds out.
func TestSubmissionForStrangers(t *testing.T) {
	t.Parallel()
	args := []string{"good.example", "--only", "submission", "--probe-inbound", "--submission"}
	one(t, append(args, "relay.good.example:587")...).has(t, "submission.relay-unauth", "fail")
	one(t, append(args, "submission.good.example:587")...).has(t, "submission.relay-unauth", "pass")
}

// TestSRV has the services of the domain's own SRV records found and connected to.
func TestSRV(t *testing.T) {
	t.Parallel()
	r := one(t, "good.example", "--only", "submission")
	var ports []int
	for _, s := range r.Evidence.Submission {
		if s.Host != "submission.good.example" || s.Status != "open" {
			t.Errorf("%v", s)
		}
		ports = append(ports, s.Port)
	}
	slices.Sort(ports)
	if !slices.Equal(ports, []int{465, 587}) {
		t.Errorf("ports %v", ports)
	}
	if r.Verdict != "pass" {
		t.Errorf("verdict %s: %v", r.Verdict, r.Findings)
	}
}
