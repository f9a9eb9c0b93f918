package audit_test

import (
	"fmt"
	"net/netip"
	"testing"

	"mailaudit/internal/audit"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

func number(p *int) string {
	if p == nil {
		return "null"
	}
	return fmt.Sprint(*p)
}

func grade(r *audit.Report) string {
	if r.Grade == nil {
		return "null"
	}
	return *r.Grade
}

// TestExamples are the examples of docs/scoring.md, from the question on the wire to the number.
func TestExamples(t *testing.T) {
	four := func(t *gather.Target) {
		for _, ip := range []string{"192.0.2.26", "192.0.2.27", "192.0.2.28"} {
			t.Streams[0].IPs = append(t.Streams[0].IPs, netip.MustParseAddr(ip))
		}
	}
	tests := []struct {
		name                       string
		edits                      []string
		faults                     map[dnsx.Question]testnet.DNSFault
		target                     func(*gather.Target)
		score, low, grade, verdict string
		coverage                   float64
	}{
		{name: "healthy", score: "100", low: "100", grade: "A+", verdict: "pass", coverage: 1},
		{name: "no DMARC, a sender", edits: []string{"-_dmarc.healthy.example. TXT"},
			score: "90", low: "90", grade: "A", verdict: "warn", coverage: 1},
		{name: "no DMARC, bulk", edits: []string{"-_dmarc.healthy.example. TXT"}, target: func(t *gather.Target) { t.Streams[0].Daily = 5000 },
			score: "59", low: "59", grade: "F", verdict: "fail", coverage: 1},
		{name: "one of four sources without PTR", target: four, edits: []string{
			"-healthy.example. TXT", `healthy.example. TXT "v=spf1 ip4:192.0.2.24/29 -all"`, "-mail.healthy.example. TXT",
			"26.2.0.192.in-addr.arpa. PTR out1.healthy.example.", "out1.healthy.example. A 192.0.2.26",
			"27.2.0.192.in-addr.arpa. PTR out2.healthy.example.", "out2.healthy.example. A 192.0.2.27"},
			score: "59", low: "59", grade: "F", verdict: "fail", coverage: 1},
		{name: "listed on ZEN", edits: []string{"25.2.0.192.zen.spamhaus.org. A 127.0.0.2"},
			score: "39", low: "39", grade: "F", verdict: "fail", coverage: 1},
		{name: "DMARC SERVFAIL", faults: map[dnsx.Question]testnet.DNSFault{{Name: "_dmarc.healthy.example"}: testnet.DNSServFail},
			score: "100", low: "69", grade: "null", verdict: "unknown", coverage: 0.8},
		{name: "include alone", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1 include:_spf.esp.example -all"`},
			target: func(t *gather.Target) { t.Streams[0].IPs, t.Streams[0].HELO = nil, "" },
			score:  "100", low: "100", grade: "A+", verdict: "pass", coverage: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := served(t, tt.faults, tt.edits...)
			if tt.target != nil {
				tt.target(&w.target)
			}
			r := w.audited()
			got := fmt.Sprintln(number(r.Score), number(r.ScoreLow), grade(r), r.Verdict, r.Coverage)
			if want := fmt.Sprintln(tt.score, tt.low, tt.grade, tt.verdict, tt.coverage); got != want {
				t.Errorf("score, low, grade, verdict, coverage %s, want %s\n%q", got, want, findings(r, "fail", "warn", "unknown"))
			}
		})
	}
}
