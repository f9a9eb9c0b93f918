package audit_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/facts"
)

// TestMessageEvidence: what was learned, by which line, and what came of the signatures.
func TestMessageEvidence(t *testing.T) {
	day := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	streams := []facts.Stream{{Name: "default", Learned: []string{"ips", "helo"}}}
	full := facts.Message{Stream: "default", From: "d.example", Sender: "b@d.example", Unread: 2,
		Hop: &facts.Hop{Number: 2, Of: 3, Text: "from a", By: "mx.r.example", HELO: "a", RDNS: "b", IP: netip.MustParseAddr("192.0.2.1")},
		Signatures: []facts.Signature{{Domain: "d.example", Selector: "s1", Result: "pass", Holds: true, Bits: 2048, Algorithm: "rsa-sha256", Expires: day},
			{Domain: "esp.example", Selector: "k", Result: "fail", Why: "changed"}},
		Results: &facts.AuthResults{Server: "mx.r.example", Results: []string{"spf=pass"}}}
	delay := int64(3)
	written := facts.Message{Stream: "other", From: "d.example", Why: "no Received", Content: &facts.Content{
		Path:  []facts.Relay{{Number: 1, From: "a", IP: netip.MustParseAddr("192.0.2.1"), By: "b", With: "ESMTPS", TLS: "TLS 1.3", Time: day, Delay: &delay}, {Number: 2, By: "a"}},
		Links: []string{"bad.example", "good.example", "lost.example", "far.example"}, LinksLeft: 3,
		LinkListings: []facts.Listing{{Zone: "y", Target: "bad.example", Status: facts.Clean}, {Zone: "x", Target: "bad.example", Status: facts.Listed},
			{Zone: "x", Target: "good.example", Status: facts.NoClue, Why: "timeout"}, {Zone: "y", Target: "good.example", Status: facts.Clean}, {Zone: "x", Target: "lost.example", Status: facts.NoClue, Why: "timeout"}},
		Attachments: []string{"a.png"}, ARC: &facts.ARC{Sets: 2, CV: "pass", Result: "unknown", Why: "timeout",
			Signatures: []facts.ARCSignature{{Field: "ARC-Seal", Instance: 2, Domain: "f.example", Selector: "s", Result: "temperror", Why: "timeout"}}}}}
	for name, c := range map[string]struct {
		of   []facts.Message
		want *audit.Message
	}{
		"none": {},
		"never delivered": {[]facts.Message{{Stream: "other", From: "d.example", Why: "no Received"}},
			&audit.Message{Stream: "other", From: "d.example", Learned: []string{}, Cause: "no Received", Signatures: []audit.Signature{}}},
		"before it is sent": {[]facts.Message{written}, &audit.Message{Stream: "other", From: "d.example", Learned: []string{}, Cause: "no Received", Signatures: []audit.Signature{},
			Path: []audit.Relay{{Number: 1, From: "a", IP: "192.0.2.1", By: "b", With: "ESMTPS", TLS: "TLS 1.3", Time: &day, Delay: &delay}, {Number: 2, By: "a"}},
			Links: []audit.Link{{Domain: "bad.example", Status: "listed", Lists: []string{"x"}}, {Domain: "good.example", Status: "clean", Lists: []string{}},
				{Domain: "lost.example", Status: "unknown", Lists: []string{}, Cause: "x: timeout"}, {Domain: "far.example", Status: "unknown", Lists: []string{}, Cause: "no list was asked"}},
			LinksLeft: 3, Attachments: []string{"a.png"}, ARC: &audit.ARC{Sets: 2, CV: "pass", Result: "unknown", Cause: "timeout", Problems: []string{},
				Signatures: []audit.ARCSignature{{Field: "ARC-Seal", Instance: 2, Domain: "f.example", Selector: "s", Result: "temperror", Cause: "timeout"}}}}},
		"delivered": {[]facts.Message{full}, &audit.Message{Stream: "default", From: "d.example", Learned: []string{"ips", "helo"}, Envelope: "b@d.example", Unread: 2,
			Hop: &audit.Hop{Number: 2, Of: 3, By: "mx.r.example", IP: "192.0.2.1", HELO: "a", RDNS: "b", Text: "from a"},
			Signatures: []audit.Signature{{Domain: "d.example", Selector: "s1", Algorithm: "rsa-sha256", Bits: 2048, Expires: &day, Result: "pass", Fits: true},
				{Domain: "esp.example", Selector: "k", Result: "fail", Cause: "changed"}},
			AuthenticationResults: &audit.AuthResults{Server: "mx.r.example", Results: []string{"spf=pass"}}}},
	} {
		if d := cmp.Diff(c.want, evidence(&facts.Facts{Streams: streams, Messages: c.of}).Message); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
