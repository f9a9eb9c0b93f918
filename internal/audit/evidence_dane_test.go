package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/tlsa"
)

func TestDANEEvidence(t *testing.T) {
	const good, short = "3 1 1 45bdcea8b103f3bc224ac3581b011ee3ac8d5512ee1b3eb66a69faf9b28bd5b6", "3 1 1 abcd"
	pins := facts.Pinned{}
	for _, data := range []string{good, short} {
		r, problems := tlsa.Parse(data)
		pins.Records = append(pins.Records, facts.Pin{Data: data, Record: r, Problems: problems})
	}
	f := &facts.Facts{Domain: "d.example", Vantage: facts.Vantage{Trusted: true, Validates: facts.Know(true)},
		DANE: []facts.DANE{
			{Host: "mx1.d.example", Name: "_25._tcp.mx1.d.example", Pins: facts.Know(pins), Secure: facts.Know(true)},
			{Host: "mx2.d.example", Name: "_25._tcp.mx2.d.example", Pins: facts.Know(facts.Pinned{}), Secure: facts.Know(false)},
			{Host: "mx3.d.example", Name: "_25._tcp.mx3.d.example", Pins: facts.Cannot[facts.Pinned]("no answer"), Secure: facts.Cannot[bool]("no answer")},
			{Host: "mx4.d.example", Name: "_25._tcp.mx4.d.example", Pins: facts.Know(facts.Pinned{Records: pins.Records[:1]}), Secure: facts.Know(true)},
		},
		Inbound: []facts.MXTalk{
			{Host: "mx1.d.example", Probe: facts.Know(facts.Probe{Status: facts.ServiceOpen, TLS: "starttls", Chain: [][]byte{[]byte("garbage")}})},
			{Host: "mx4.d.example", Probe: facts.Know(facts.Probe{Status: facts.ServiceRefused, TLS: "none", Why: "connection refused"})}}}
	want := []audit.DANE{
		{Host: "mx1.d.example", Name: "_25._tcp.mx1.d.example", Status: "found", Secure: "pass", Records: []audit.TLSA{
			{Data: good, Matches: "fail", Cause: "the certificate cannot be read: x509: malformed certificate", Problems: []string{}},
			{Data: short, Matches: "fail", Cause: "the certificate cannot be read: x509: malformed certificate", Problems: []string{"its data is 2 octets long, and SHA-256 has 32"}}}},
		{Host: "mx2.d.example", Name: "_25._tcp.mx2.d.example", Status: "none", Secure: "fail", Records: []audit.TLSA{}},
		{Host: "mx3.d.example", Name: "_25._tcp.mx3.d.example", Status: "unknown", Secure: "unknown", Records: []audit.TLSA{}, Cause: "no answer"},
		{Host: "mx4.d.example", Name: "_25._tcp.mx4.d.example", Status: "found", Secure: "pass", Records: []audit.TLSA{
			{Data: good, Matches: "unknown", Cause: "connection refused", Problems: []string{}}}},
	}
	if d := cmp.Diff(want, evidence(f).DANE); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	f.Vantage.Validates = facts.Know(false)
	if got := evidence(f).DANE[1].Secure; got != "unknown" {
		t.Errorf("secure is %q by a resolver that does not validate", got)
	}
}
