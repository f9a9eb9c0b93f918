package report

import (
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

// TestOurSide: what is wrong on our side is told in one line, and nothing is where nothing is.
func TestOurSide(t *testing.T) {
	r := healthy()
	for _, v := range []audit.Vantage{
		{Honest: "pass", TCP: "pass", Validates: "fail", Egress: []audit.Egress{{Port: 25, Status: "open"}, {Port: 587, Status: "unknown", Cause: "no address"}}},
		{Honest: "unknown", TCP: "unknown", Validates: "unknown", Cause: "192.0.2.53:53 did not answer"}, // the findings say so
		{Honest: "pass", TCP: "unknown", Validates: "unknown"},
	} {
		r.Evidence.Vantage = v
		if out := show(t, r, Options{Width: 300}, ""); strings.Contains(out, "our side") {
			t.Errorf("%+v:\n%s", v, out)
		}
	}
	r.Evidence.Vantage = audit.Vantage{Honest: "fail", Rewrites: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, TCP: "unknown", Validates: "unknown", Cause: "connection refused",
		Egress: []audit.Egress{{Port: 25, Status: "blocked", Cause: "a.example: no answer"}, {Port: 587, Status: "perhaps blocked", Cause: "none of 2 hosts answered"}}}
	const want = "our side: the resolver makes up addresses for names that do not exist (192.0.2.1, 192.0.2.2 and 1 more): name another by --resolver; " +
		"the resolver does not answer over TCP: connection refused; port 25 is blocked on the way out: a.example: no answer; " +
		"port 587 is perhaps blocked on the way out: none of 2 hosts answered\n"
	if out := show(t, r, Options{Width: 400}, ""); !strings.Contains(out, want) {
		t.Errorf("%q is missing in\n%s", want, out)
	}
}

func TestVantageWords(t *testing.T) {
	r := healthy()
	add(r, audit.Finding{Rule: "dnssec.bogus", Status: "pass"})
	r.Evidence.Vantage.TrustAD = true
	out := show(t, r, Options{Width: 300, Verbose: true}, "")
	for _, want := range []string{
		"NAME SERVERS, asked themselves",
		"ns1.healthy.example  7       11.22.33.53; UDP authoritative; TCP authoritative",
		"DNSSEC, signed; healthy.example; DS 60485 algorithm 13 digest 2; not validated here",
		"OUR SIDE, resolver: honest; answers over TCP; does not validate DNSSEC; believed about DNSSEC (--trust-ad)",
		"587       open    mail.healthy.example answered at 11.22.33.44",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) { // wherever lines end
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	r.Evidence.NameServers, r.Evidence.DNSSEC, r.Evidence.Vantage = nil, audit.DNSSEC{Status: "unknown", Cause: "not looked for"}, audit.Vantage{}
	out = show(t, r, Options{Width: 300, Verbose: true}, "")
	for _, never := range []string{"NAME SERVERS", "DNSSEC", "OUR SIDE"} {
		if strings.Contains(out, never) {
			t.Errorf("%q of nothing in\n%s", never, out)
		}
	}
}
