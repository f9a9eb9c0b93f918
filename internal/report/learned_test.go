package report

import (
	"strings"
	"testing"
	"time"

	"mailaudit/internal/audit"
)

// taught is a report of an audit by messages and by DMARC reports.
func taught() *audit.Report {
	r := healthy()
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	m := &audit.Message{Stream: "HELO a", From: r.Domain, Learned: []string{}, Cause: "there is no Received field", Signatures: []audit.Signature{}}
	r.Evidence.Message = m
	r.Evidence.Samples = &audit.Samples{Messages: 4, Notes: []string{"1 message from other domains left out: \x1b[31m.example"},
		Streams: []audit.SampleStream{{Stream: "HELO a", Messages: 2, Message: m}, {Stream: "HELO b", Messages: 1}}}
	r.Evidence.Reports = &audit.Reports{Reports: 3, Reporters: []string{"rcpt.example", "\x1b[31m"}, Reporting: 2, Begin: &at, End: &at, Messages: 1000, SPF: 900, DKIM: 950, DMARC: 950,
		Addresses: 6, Beyond: 5, Unknown: audit.UnknownSources{Addresses: 4, Messages: 50}, Others: []audit.OtherDomain{{Domain: "other.example", Messages: 1}},
		Notes: []string{"a.xml: line 2: no XML: \x1b[31m"}, Audited: 2, Candidate: 1, Sources: []audit.ReportSource{
			{IP: "11.22.33.44", Kind: "authorised", Messages: 900, Share: 0.9, SPF: 900, DKIM: 900, DMARC: 900, Last: &at, MailFrom: []string{r.Domain}, Signers: []string{r.Domain}, Audited: true, Declared: true},
			{IP: "11.22.33.80", Kind: "signed", Messages: 50, Share: 0.05, DKIM: 50, DMARC: 50, MailFrom: []string{}, Signers: []string{r.Domain}, Audited: true},
			{IP: "11.22.33.90", Kind: "unauthenticated", Messages: 45, Share: 0.045, MailFrom: []string{}, Signers: []string{}}}}
	return r
}

// TestLearned: what was learned stands at the head, in full behind, and in no format does it do more than stand there.
func TestLearned(t *testing.T) {
	if err := compiled(t, "").Validate(instance(t, written(t, Options{Format: "json"}, taught()).Bytes())); err != nil {
		t.Error(err)
	}
	plain := strings.Join(strings.Fields(written(t, Options{Format: "table", Width: 200}, taught()).String()), " ")
	full := strings.Join(strings.Fields(written(t, Options{Format: "table", Width: 200, Verbose: true}, taught()).String()), " ")
	for _, want := range []string{
		"the messages: 4, of 2 streams",
		"stream HELO a: 2 messages; one of them there is no Received field",
		"stream HELO b: 1 message; one of them too large to be kept",
		"the DMARC reports: 3 by 2 reporters, 2026-11-21 to 2026-11-21: 1000 messages from 6 addresses; 95 % pass DMARC, 90 % SPF and 95 % DKIM, aligned",
		"unknown senders: 4 addresses, whose mail never passed, sent 5 %: 11.22.33.90 (45), 3 more.",
		`the DMARC reports: a.xml: line 2: no XML: \x1b[31m`,
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("no %q in\n%s", want, plain)
		}
	}
	for _, want := range []string{
		"11.22.33.44 900 90 %; authorised; DMARC 100 %; SPF 100 %; DKIM 100 %; audited; MAIL FROM ",
		"11.22.33.80 50 5 %; signed; DMARC 100 %; SPF 0 %; DKIM 100 %; audited as a candidate; d=",
		"11.22.33.90 45 4.5 %; unauthenticated; DMARC 0 %; SPF 0 %; DKIM 0 %; not audited",
		"others 5 addresses that are not shown", `by rcpt.example, \x1b[31m`,
	} {
		if !strings.Contains(full, want) || strings.Contains(plain, want) {
			t.Errorf("no %q with -v alone in\n%s", want, full)
		}
	}
	for _, f := range Formats {
		if out := written(t, Options{Format: f, Verbose: true}, taught()).String(); strings.Contains(out, "\x1b") {
			t.Errorf("%s has an escape", f)
		}
	}
	r := taught()
	r.Evidence.Reports = &audit.Reports{Reports: 1, Reporting: 1}
	if out := written(t, Options{Format: "table"}, r).String(); !strings.Contains(out, "the DMARC reports: 1 by 1 reporter: no message of the domain") || strings.Contains(out, "unknown senders") {
		t.Error(out)
	}
}
