package report

import (
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

func TestDANEWords(t *testing.T) {
	r := healthy()
	add(r, audit.Finding{Rule: "dane.mismatch", Status: "warn"})
	d := &r.Evidence.DANE
	(*d)[0].Records = append((*d)[0].Records, audit.TLSA{Data: "3 1 1 abcd", Matches: "fail", Cause: "no sender can use the record",
		Problems: []string{"its data is 2 octets long, and SHA-256 has 32"}})
	*d = append(*d, audit.DANE{Host: "mx2.healthy.example", Name: "_25._tcp.mx2.healthy.example", Status: "none", Secure: "fail"},
		audit.DANE{Host: "mx3.healthy.example", Status: "unknown", Secure: "unknown", Cause: "no answer within 4 s"})
	out := show(t, r, Options{Width: 300, Verbose: true}, "")
	for _, want := range []string{
		"DANE, 3 MX hosts",
		"mx1.healthy.example  pass     3 1 1 45bdcea8b103f3bc224ac3581b011ee3ac8d5512ee1b3eb66a69faf9b28bd5b6 matches: pass; " +
			"3 1 1 abcd matches: fail, no sender can use the record, its data is 2 octets long, and SHA-256 has 32",
		"mx2.healthy.example  fail     none at _25._tcp.mx2.healthy.example",
		"mx3.healthy.example  unknown  no answer within 4 s",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}
