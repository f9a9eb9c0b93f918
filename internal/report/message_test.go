package report

import (
	"html"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/audit"
)

// TestMessage: which Received field was used is told, and that nothing is judged by what the receiver wrote.
func TestMessage(t *testing.T) {
	day := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	r := healthy()
	r.Evidence.Message = &audit.Message{Stream: "default", From: "healthy.example", Learned: []string{"ips", "helo"}, Envelope: "b@healthy.example", Unread: 2,
		Hop: &audit.Hop{Number: 2, Of: 3, By: "mx.rcpt.example", IP: "11.22.33.44", HELO: "mail.healthy.example", RDNS: "out.healthy.example", Text: "from x"},
		Signatures: []audit.Signature{{Domain: "healthy.example", Selector: "s1", Algorithm: "rsa-sha256", Bits: 2048, Expires: &day, Result: "pass"},
			{Domain: "esp.example", Selector: "k\x1b", Result: "fail", Cause: "the body was changed"}},
		AuthenticationResults: &audit.AuthResults{Server: "mx.rcpt.example", Results: []string{"spf=pass", "dkim=pass"}}}
	s := compiled(t, "")
	holds := func(want ...string) {
		t.Helper()
		if err := s.Validate(instance(t, written(t, Options{Format: "json"}, r).Bytes())); err != nil {
			t.Error(err)
		}
		out := show(t, r, Options{Width: 400, Verbose: true}, "")
		for _, w := range want {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), w) {
				t.Errorf("%q is missing in\n%s", w, out)
			}
		}
		// What is folded for its width is compared without white space.
		bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
		page := bare(html.UnescapeString(written(t, Options{Format: "html"}, r).String()))
		text := bare(written(t, Options{Format: "markdown", Verbose: true}, r).String())
		for _, w := range want {
			if !strings.Contains(page, bare(w)) || !strings.Contains(text, bare(strings.ReplaceAll(w, `\x1b`, `\092x1b`))) && !strings.Contains(text, bare(w)) {
				t.Errorf("%q is missing in\n%s\n%s", w, page[len(page)-3000:], text)
			}
		}
	}
	if out := show(t, r, Options{Width: 400}, ""); !strings.Contains(out, "\nthe message: by Received field 2 of 3, which mx.rcpt.example wrote: 11.22.33.44;") || strings.Contains(out, "MESSAGE") {
		t.Errorf("without -v:\n%s", out)
	}
	holds("MESSAGE, from healthy.example; by Received field 2 of 3, which mx.rcpt.example wrote: 11.22.33.44;",
		"HELO mail.healthy.example; PTR then out.healthy.example; envelope sender b@healthy.example; learned: ips, helo; 2 signatures more not looked at",
		"mx.rcpt.example wrote, and nothing is judged by it: spf=pass; dkim=pass",
		"d=healthy.example s=s1 pass rsa-sha256; 2048 bits",
		"s=k\\x1b fail the body was changed")
	delay := int64(-65)
	m := r.Evidence.Message
	m.Path = []audit.Relay{{Number: 1, From: "b\x1b", RDNS: "c.example", IP: "192.0.2.1", By: "a.example", With: "ESMTPS", TLS: "TLS 1.3", Time: &day, Delay: &delay}, {Number: 2, By: "b"}}
	m.Links = []audit.Link{{Domain: "bad.example", Status: "listed", Lists: []string{"dbl.example", "x.example"}}, {Domain: "far.example", Status: "unknown", Lists: []string{}, Cause: "timeout"}}
	m.LinksLeft, m.Attachments, m.ARC = 2, []string{"a\x1b.exe"}, &audit.ARC{Sets: 2, CV: "pass", Result: "fail", Cause: "the seal does not fit", Problems: []string{},
		Signatures: []audit.ARCSignature{{Field: "ARC-Seal", Instance: 2, Domain: "f.example", Selector: "s", Result: "fail", Cause: "the seal does not fit"}}}
	holds("it leads to bad.example listed by dbl.example and x.example, far.example unknown, 2 domains more that no list was asked about", "it carries a\\x1b.exe",
		"2 sets of ARC, cv=pass: fail; the seal does not fit", "1 -1m5s TLS 1.3 from b\\x1b; PTR then c.example; 192.0.2.1; by a.example; ESMTPS", "2 by b")
	r.Evidence.Message = &audit.Message{From: "healthy.example", Learned: []string{}, Cause: "there is no Received field", Signatures: []audit.Signature{}}
	holds("MESSAGE, from healthy.example; there is no Received field", "it carries no DKIM signature")
	r.Evidence.Message = nil
	if out := show(t, r, Options{Width: 300, Verbose: true}, ""); strings.Contains(out, "MESSAGE") {
		t.Error("a message is shown where there is none")
	}
}
