package audit_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/facts"
)

// TestInboundEvidence: what MX hosts were seen to do, and that nothing is said of one that was not.
func TestInboundEvidence(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	postmaster := facts.Envelope{Purpose: facts.AskPostmaster, To: "postmaster@d.example"}
	f := &facts.Facts{Domain: "d.example", Started: now, Inbound: []facts.MXTalk{
		{Host: "mx1.d.example", Probe: facts.Know(facts.Probe{Status: facts.ServiceOpen, Addr: netip.MustParseAddr("192.0.2.25"), Banner: "hello", TLS: "starttls", Version: "TLS 1.3", Cipher: "C",
			EHLO: []string{"mx1", "STARTTLS"}, EHLOTLS: []string{"mx1", "SIZE 1", "8BITMIME"}, Why: "closed",
			Cert:      &facts.Cert{Names: []string{"mx1.d.example"}, Issuer: "CN=x", NotBefore: now.AddDate(0, 0, -90), NotAfter: now.Add(-time.Hour), NameOK: true, ChainOK: true},
			Envelopes: []facts.EnvelopeReply{{Envelope: postmaster, Stage: "rcpt", Code: 550, Enhanced: "5.1.1", Text: "5.1.1 no"}}})},
		{Host: "mx2.d.example", Probe: facts.Know(facts.Probe{Status: facts.ServiceOpen, TLS: "none", EHLO: []string{"mx2"},
			Cert: &facts.Cert{NotAfter: now, NameOK: true, InDate: true, ChainUnknown: true, ChainWhy: "no roots"}})},
		{Host: "mx3.d.example", Probe: facts.Cannot[facts.Probe]("SERVFAIL")},
		{Host: "mx4.d.example", Left: "a batch"},
	}}
	want := []audit.MXTalk{
		{Host: "mx1.d.example", Address: "192.0.2.25", Status: "open", Banner: "hello", TLS: "starttls", Version: "TLS 1.3", Cipher: "C", Capabilities: []string{"SIZE 1", "8BITMIME"}, Cause: "closed",
			Certificate: &audit.Cert{Names: []string{"mx1.d.example"}, Issuer: "CN=x", NotBefore: now.AddDate(0, 0, -90), NotAfter: now.Add(-time.Hour), DaysLeft: -1, NameOK: true},
			Replies:     []audit.Reply{{Purpose: "postmaster", To: "postmaster@d.example", Stage: "rcpt", Code: 550, Enhanced: "5.1.1", Text: "5.1.1 no"}}},
		{Host: "mx2.d.example", Status: "open", TLS: "none", Capabilities: []string{}, Replies: []audit.Reply{},
			Certificate: &audit.Cert{Names: []string{}, NotAfter: now, NameOK: true, TrustUnknown: "no roots"}},
		{Host: "mx3.d.example", Status: "unknown", TLS: "none", Capabilities: []string{}, Replies: []audit.Reply{}, Cause: "SERVFAIL"},
		{Host: "mx4.d.example", Status: "unknown", TLS: "none", Capabilities: []string{}, Replies: []audit.Reply{}, Cause: "a batch"},
	}
	if d := cmp.Diff(want, evidence(f).TLS); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
