package report

import (
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

func TestEvidenceWords(t *testing.T) {
	r := healthy()
	r.Streams = append(r.Streams, audit.Stream{Name: "esp"})
	e := &r.Evidence
	e.Sources = append(e.Sources, audit.Source{IP: "11.22.33.45", Stream: "esp", Origin: "spf", FCrDNS: "unknown"})
	e.SPF.Results[0].Stream = "esp"
	e.DKIM.Keys[1] = audit.Key{Selector: "k1", Name: "k1._domainkey.healthy.example", Status: "revoked", Origin: "common"}
	e.Submission[0].AuthBeforeTLS, e.Submission[0].Certificate.Trusted = true, false
	e.TLS[0].Certificate.TrustUnknown = "no roots"
	e.Submission[1] = audit.Service{Host: "mail.healthy.example", Port: 465, Status: "filtered", TLS: "none", Cause: "no answer within 4 s"}
	e.DNSBL[0] = audit.Listing{Zone: "zen.spamhaus.org", Target: "11.22.33.44", Status: "listed", Codes: []string{"127.0.0.2", "127.0.0.4"}, Meaning: "SBL; XBL", Reason: "see there"}
	add(r, audit.Finding{Rule: "tls.any", Status: "pass"})
	out := show(t, r, Options{Width: 200, Verbose: true}, "")
	for _, want := range []string{
		"11.22.33.44  pass       given; stream default; PTR mail.healthy.example; HELO mail.healthy.example",
		"11.22.33.45  unknown    candidate from the SPF record; stream esp",
		"11.22.33.44  pass    mailfrom healthy.example; stream esp; ip4:11.22.33.0/24",
		"k1        revoked  k1._domainkey.healthy.example; guessed",
		"TLS 1.3 by STARTTLS; AUTH PLAIN LOGIN before TLS; certificate until 2027-01-22 for mail.healthy.example, not trusted; greets with",
		"mail.healthy.example:465  filtered  no answer within 4 s",
		"mx1.healthy.example  open      11.22.33.25; TLS 1.3 by STARTTLS TLS_AES_128_GCM_SHA256; certificate until 2027-01-22 for mx1.healthy.example, whether trusted is not known: no roots;",
		"RCPT for postmaster@healthy.example: 250 2.1.5 ok",
		"mx2.healthy.example  filtered  no answer to a connection attempt within 4s",
		"zen.spamhaus.org        listed  11.22.33.44; 127.0.0.2, 127.0.0.4; SBL; XBL; see there",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// None are none only where that was found out.
func TestEvidenceOfWhatIsUnknown(t *testing.T) {
	r := healthy()
	e := &r.Evidence
	e.Sources, e.Submission, e.TLS, e.DANE = nil, nil, nil, nil
	for area, title := range map[string]string{"ptr": "ADDRESSES, 0 sources", "submission": "SUBMISSION, 0 services", "tls": "PORT 25, 0 MX hosts", "dane": "DANE, 0 MX hosts"} {
		only(r, "spf")
		add(r, audit.Finding{Rule: area + ".any", Area: area, Status: "pass"})
		if out := show(t, r, Options{Width: 80, Verbose: true}, ""); !strings.Contains(out, title) {
			t.Errorf("no %q in\n%s", title, out)
		}
		add(r, audit.Finding{Rule: area + ".other", Area: area, Status: "unknown", Message: "no answer"})
		kind, _, _ := strings.Cut(title, ",")
		if out := show(t, r, Options{Width: 80, Verbose: true}, ""); !strings.Contains(out, kind+", unknown") || strings.Contains(out, title) {
			t.Errorf("%s:\n%s", area, out)
		}
	}
}

// What was not judged is not shown either: with --only, evidence of the other areas is only half known.
func TestEvidenceOfJudgedAreas(t *testing.T) {
	r := healthy()
	only(r, "spf")
	out := show(t, r, Options{Width: 80, Verbose: true}, "")
	if !strings.Contains(out, "\nSPF, 3 lookups") || strings.Contains(out, "\nDKIM") || strings.Contains(out, "\nBLOCKLISTS") {
		t.Error(out)
	}
}
