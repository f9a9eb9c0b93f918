package gather

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// policyOf gathers the DMARC policy of a domain. Every domain of these tests exists but those that begin with "gone".
func policyOf(t *testing.T, domain, zone string, faults map[dnsx.Question]testnet.DNSFault) (facts.Fact[facts.DMARC], *testnet.DNS) {
	t.Helper()
	if !strings.HasPrefix(domain, "gone") {
		zone += domain + ". MX 10 mx.example.\n"
	}
	s := serve(t, zone, faults)
	return over(t.Context(), s, Target{Domain: domain, Streams: []facts.Stream{stream()}}).dmarc(), s
}

// at is a DMARC record of a domain.
func at(domain, record string) string { return txt("_dmarc."+domain, record) }

// deep has ten labels: its walk leaps from all of them to the last seven.
const deep = "a.b.c.e.f.g.h.i.d.example"

// TestPolicy is RFC 9989 4.10.1: whose record applies, and what it asks for.
func TestPolicy(t *testing.T) {
	for _, tt := range []struct {
		name, domain, zone           string
		status, foundAt, org, policy string
	}{
		{"own", "d.example", at("d.example", "v=DMARC1; p=quarantine"), "found", "d.example", "d.example", "quarantine"},
		{"own, in strings", "d.example", txt("_dmarc.d.example", "v=DMARC1; p=re", "ject"), "found", "d.example", "d.example", "reject"},
		{"own, by an alias", "d.example", "_dmarc.d.example. CNAME d.dm.example.\n" + txt("d.dm.example", "v=DMARC1; p=reject"), "found", "d.example", "d.example", "reject"},
		{"own beside other records", "d.example", at("d.example", "v=DMARC1; p=reject") + at("d.example", "verification=1"), "found", "d.example", "d.example", "reject"},
		{"testing is one level less", "d.example", at("d.example", "v=DMARC1; p=reject; t=y"), "found", "d.example", "d.example", "quarantine"},
		{"p is inherited", "sub.d.example", at("d.example", "v=DMARC1; p=quarantine"), "found", "d.example", "d.example", "quarantine"},
		{"sp", "sub.d.example", at("d.example", "v=DMARC1; p=reject; sp=none; np=reject"), "found", "d.example", "d.example", "none"},
		{"np for what does not exist", "gone.d.example", at("d.example", "v=DMARC1; p=none; sp=quarantine; np=reject"), "found", "d.example", "d.example", "reject"},
		{"no np", "gone.d.example", at("d.example", "v=DMARC1; p=none; sp=quarantine"), "found", "d.example", "d.example", "quarantine"},
		{"the own beats that above", "sub.d.example", at("d.example", "v=DMARC1; p=reject") + at("sub.d.example", "v=DMARC1; p=none"), "found", "sub.d.example", "d.example", "none"},
		{"sp is not for the own domain", "d.example", at("d.example", "v=DMARC1; p=none; sp=reject"), "found", "d.example", "d.example", "none"},
		{"psd=n ends the walk", "x.sub.d.example", at("d.example", "v=DMARC1; p=reject") + at("sub.d.example", "v=DMARC1; p=quarantine; psd=n"), "found", "sub.d.example", "sub.d.example", "quarantine"},
		{"psd=n at the start", "sub.d.example", at("d.example", "v=DMARC1; p=reject") + at("sub.d.example", "v=DMARC1; p=none; psd=n"), "found", "sub.d.example", "sub.d.example", "none"},
		{"the organisation is the highest record", "x.sub.d.example", at("d.example", "v=DMARC1; p=reject") + at("sub.d.example", "v=DMARC1; p=none"), "found", "d.example", "d.example", "reject"},
		{"psd=y above", "sub.d.example", at("example", "v=DMARC1; p=reject; sp=quarantine; psd=y"), "found", "example", "d.example", "quarantine"},
		{"psd=y above the organisation's own", "sub.d.example", at("d.example", "v=DMARC1; p=none") + at("example", "v=DMARC1; p=reject; psd=y"), "found", "d.example", "d.example", "none"},
		{"psd=y at the start is a public suffix that sends", "d.example", at("d.example", "v=DMARC1; p=none; psd=y"), "found", "d.example", "d.example", "none"},
		{"psd=y at the start ends the walk", "sub.d.example", at("d.example", "v=DMARC1; p=reject") + at("sub.d.example", "v=DMARC1; p=none; psd=y"), "found", "sub.d.example", "sub.d.example", "none"},
		{"a deep name jumps to seven labels", deep, at("b.c.e.f.g.h.i.d.example", "v=DMARC1; p=none") + at("d.example", "v=DMARC1; p=reject"), "found", "d.example", "d.example", "reject"},
		{"psd=y where a deep name jumped to", deep, at("e.f.g.h.i.d.example", "v=DMARC1; p=reject; psd=y"), "found", "e.f.g.h.i.d.example", "c.e.f.g.h.i.d.example", "reject"},
		{"several above are none", "sub.d.example", at("d.example", "v=DMARC1; p=none") + at("d.example", "v=DMARC1; p=reject"), "none", "", "sub.d.example", ""},
		{"none", "d.example", "", "none", "", "d.example", ""},
		{"none, and others stand there", "d.example", at("d.example", "verification=1"), "none", "", "d.example", ""},
		{"several", "d.example", at("d.example", "v=DMARC1; p=none") + at("d.example", "v=DMARC1; p=reject"), "invalid", "d.example", "d.example", ""},
		{"several, and one above", "sub.d.example", at("sub.d.example", "v=DMARC1; p=none") + at("sub.d.example", "v=DMARC1; p=none; t=y") + at("d.example", "v=DMARC1; p=reject"), "found", "d.example", "d.example", "reject"},
		{"the version's case", "d.example", at("d.example", "v=dmarc1; p=reject"), "invalid", "d.example", "d.example", ""},
		{"no policy and nobody to tell", "d.example", at("d.example", "v=DMARC1; sp=none"), "invalid", "d.example", "d.example", ""},
		{"no policy and somebody to tell", "d.example", at("d.example", "v=DMARC1; rua=mailto:a@d.example"), "found", "d.example", "d.example", "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, _ := policyOf(t, tt.domain, tt.zone, nil)
			foundAt := tt.foundAt
			if foundAt != "" {
				foundAt = "_dmarc." + foundAt
			}
			d := f.Value
			if !f.Known() || d.Status != tt.status || d.FoundAt != foundAt || d.Org != tt.org || d.Policy != tt.policy {
				t.Errorf("%s %q at %q of %q, want %s %q at %q of %q; %s", d.Status, d.Policy, d.FoundAt, d.Org, tt.status, tt.policy, foundAt, tt.org, f.Why)
			}
			if inherited := tt.status == "found" && tt.foundAt != tt.domain; d.Inherited != inherited {
				t.Errorf("inherited is %v", d.Inherited)
			}
			if (d.Record != nil) != (len(d.Texts) == 1 && len(d.Near) == 0) {
				t.Errorf("record %+v of %q", d.Record, d.Texts)
			}
		})
	}
}

// TestPolicySteps: each name of the walk says what stands there.
func TestPolicySteps(t *testing.T) {
	f, _ := policyOf(t, "x.sub.d.example", at("sub.d.example", "v=DMARC1; p=none")+at("sub.d.example", "v=DMARC1; p=reject")+
		at("d.example", "v=DMARC1; p=reject")+at("d.example", "other")+at("x.sub.d.example", "v=DMARC1 p=none")+at("x.sub.d.example", "v=DMARC; p=none"), lost("_dmarc.example"))
	want := []facts.DMARCStep{
		{Name: "_dmarc.x.sub.d.example", Status: "none", Near: []string{"v=DMARC1 p=none", "v=DMARC; p=none"}},
		{Name: "_dmarc.sub.d.example", Status: "multiple", Records: []string{"v=DMARC1; p=none", "v=DMARC1; p=reject"}},
		{Name: "_dmarc.d.example", Status: "found", Records: []string{"v=DMARC1; p=reject"}},
		{Name: "_dmarc.example", Status: "unknown"},
	}
	got := slices.Clone(f.Value.Walk)
	if len(got) == 4 && strings.Contains(got[3].Why, "SERVFAIL") {
		got[3].Why = ""
	}
	if d := cmp.Diff(want, got, alike); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A record at a top-level domain would leave the organisation where it is, so that it is not missed.
	if f.Value.Status != "found" || f.Value.Org != "d.example" {
		t.Errorf("%+v", f)
	}
}

// TestWalkQuestions: a walk costs at most eight questions, and asks for the names of RFC 9989 4.10.
func TestWalkQuestions(t *testing.T) {
	for domain, want := range map[string][]string{
		"d.example":          {"d.example", "example"},
		"a.b.d.example":      {"a.b.d.example", "b.d.example", "d.example", "example"},
		"1.2.3.4.5.d.exampl": {"1.2.3.4.5.d.exampl", "2.3.4.5.d.exampl", "3.4.5.d.exampl", "4.5.d.exampl", "5.d.exampl", "d.exampl", "exampl"},
		"1.2.3.4.5.6.d.ex":   {"1.2.3.4.5.6.d.ex", "2.3.4.5.6.d.ex", "3.4.5.6.d.ex", "4.5.6.d.ex", "5.6.d.ex", "6.d.ex", "d.ex", "ex"},
		"a.b.c.d.e.f.g.h.i.j.mail.example.com": {"a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
			"i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"}, // the RFC's example
	} {
		s := serve(t, "", nil)
		var walk, asked []string
		for _, p := range over(t.Context(), s, Target{Domain: domain}).treeWalk(domain) {
			walk = append(walk, strings.TrimPrefix(p.step.Name, "_dmarc."))
		}
		for _, q := range s.Asked() {
			name, is := strings.CutPrefix(q.Name, "_dmarc.")
			if !is || q.Type != dnsx.TXT {
				t.Errorf("%s: asked %v", domain, q)
			}
			asked = append(asked, name)
		}
		if d := cmp.Diff(want, walk); d != "" {
			t.Errorf("%s: walk (-want +got):\n%s", domain, d)
		}
		if d := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(asked))); d != "" {
			t.Errorf("%s: asked (-want +got):\n%s", domain, d)
		}
	}
}

// TestPolicyLost: a record that could be the one that applies makes the policy unknown; any other does not.
func TestPolicyLost(t *testing.T) {
	own, above := at("sub.d.example", "v=DMARC1; p=none"), at("d.example", "v=DMARC1; p=reject")
	for _, tt := range []struct {
		name, zone, lost string
		want             string // policy, "" where it is unknown
	}{
		{"the own", above, "_dmarc.sub.d.example", ""},
		{"that above", "", "_dmarc.d.example", ""},
		{"that above although there is one of its own", own, "_dmarc.d.example", "none"},
		{"the top-level domain's", above, "_dmarc.example", "reject"},
		{"the top-level domain's, which could be the only one", "", "_dmarc.example", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, _ := policyOf(t, "sub.d.example", tt.zone, lost(tt.lost))
			if tt.want == "" {
				unknown(t, "the policy", f, "SERVFAIL")
			} else if !f.Known() || f.Value.Policy != tt.want {
				t.Errorf("%+v, want %s", f, tt.want)
			}
		})
	}
}

// TestOrgs: the organizational domain of every identity (RFC 9989 4.10.2), each domain once.
func TestOrgs(t *testing.T) {
	s := serve(t, at("d.example", "v=DMARC1; p=none")+at("x.esp.example", "v=DMARC1; p=none; psd=n")+at("esp.example", "v=DMARC1; p=none")+
		at("void.example", "v=DMARC1; sp=none")+at("suffix.example", "v=DMARC1; p=none; psd=y"), lost("_dmarc.dead.example"))
	g := over(t.Context(), s, Target{Domain: "mail.d.example", Streams: []facts.Stream{
		{Name: "a", MailFrom: "b@bounce.d.example", DKIMDomain: "mail.d.example"},
		{Name: "b", MailFrom: "b@y.x.esp.example", DKIMDomain: "esp.example"},
		{Name: "c", MailFrom: "b@none.example", DKIMDomain: "a.void.example"},
		{Name: "d", MailFrom: "b@a.b.suffix.example", DKIMDomain: "suffix.example"},
		{Name: "e", MailFrom: "b@a.dead.example", DKIMDomain: "a.dead.example"},
	}})
	got := map[string]facts.Fact[string]{}
	l := g.orgs()
	for _, o := range l {
		got[o.Domain] = o.Org
	}
	unknown(t, "the organisation of a domain below a lost one", got["a.dead.example"], "_dmarc.dead.example: ")
	delete(got, "a.dead.example")
	want := map[string]facts.Fact[string]{
		"mail.d.example":     facts.Know("d.example"),
		"bounce.d.example":   facts.Know("d.example"),
		"y.x.esp.example":    facts.Know("x.esp.example"),
		"esp.example":        facts.Know("esp.example"),
		"none.example":       facts.Know("none.example"),
		"a.void.example":     facts.Know("a.void.example"),
		"a.b.suffix.example": facts.Know("b.suffix.example"),
		"suffix.example":     facts.Know("suffix.example"),
	}
	if d := cmp.Diff(want, got); d != "" || len(l) != 9 {
		t.Errorf("%d domains (-want +got):\n%s", len(l), d)
	}
}

// TestOrgTopLost: an answer of the top-level domain that is lost may have been psd=y, which makes a record right below it
// that of the organisation, and one further below not.
func TestOrgTopLost(t *testing.T) {
	s := serve(t, at("d.example", "v=DMARC1; p=none")+at("mail.e.example", "v=DMARC1; p=none"), lost("_dmarc.example"))
	g := over(t.Context(), s, Target{})
	if o := orgOf(g.treeWalk("d.example")); o != facts.Know("d.example") {
		t.Errorf("d.example: %+v", o)
	}
	unknown(t, "the organisation of mail.e.example", orgOf(g.treeWalk("mail.e.example")), "_dmarc.example: ")
}

// TestReports: a destination outside the organisation has to agree (RFC 9990 4).
func TestReports(t *testing.T) {
	const auth = "d.example._report._dmarc."
	for _, tt := range []struct {
		name, record, zone string
		lost               []string
		want               []string // destination and what is known of it
	}{
		{"none wanted", "v=DMARC1; p=none", "", nil, nil},
		{"the own domain", "v=DMARC1; p=none; rua=mailto:a@d.example,mailto:a@D.Example!10m", "", nil, nil},
		{"beneath the own domain", "v=DMARC1; p=none; rua=mailto:a@reports.d.example", "", nil, nil},
		{"agreed", "v=DMARC1; p=none; rua=mailto:a@esp.example", txt(auth+"esp.example", "v=DMARC1"), nil, []string{"esp.example true"}},
		{"agreed for everybody", "v=DMARC1; p=none; rua=mailto:a@esp.example", txt("*._report._dmarc.esp.example", "v=DMARC1;"), nil, []string{"esp.example true"}},
		{"not agreed", "v=DMARC1; p=none; rua=mailto:a@esp.example", "esp.example. A 11.0.0.1\n", nil, []string{"esp.example false"}},
		{"another record is no consent", "v=DMARC1; p=none; rua=mailto:a@esp.example", txt("*._report._dmarc.esp.example", "v=spf1 -all"), nil, []string{"esp.example false"}},
		{"a destination that does not exist", "v=DMARC1; p=none; rua=mailto:a@gone.example", "", nil, []string{"gone.example false"}},
		{"each destination once, of rua and ruf", "v=DMARC1; p=none; rua=mailto:a@esp.example,mailto:b@esp.example; ruf=mailto:c@esp.example,mailto:d@esp2.example",
			txt(auth+"esp.example", "v=DMARC1"), nil, []string{"esp.example true", "esp2.example false"}},
		{"no destination at all", "v=DMARC1; p=none; rua=https://esp.example/,a@esp.example", "", nil, nil},
		{"the answer is lost", "v=DMARC1; p=none; rua=mailto:a@esp.example", "", []string{auth + "esp.example"}, []string{"esp.example unknown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, _ := policyOf(t, "d.example", at("d.example", tt.record)+tt.zone, lost(tt.lost...))
			if d := cmp.Diff(tt.want, agreed(f.Value)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func agreed(d facts.DMARC) []string {
	var l []string
	for _, r := range d.Reports {
		what := "unknown"
		if r.Authorised.Known() {
			what = fmt.Sprint(r.Authorised.Value)
		} else if !strings.Contains(r.Authorised.Why, "SERVFAIL") {
			what += " for no reason"
		}
		l = append(l, r.Domain+" "+what)
	}
	return l
}

// TestReportsInherited: consent is asked for by the name of the domain that has the record.
func TestReportsInherited(t *testing.T) {
	f, _ := policyOf(t, "sub.d.example", at("d.example", "v=DMARC1; p=none; rua=mailto:a@esp.example,mailto:a@d.example")+txt("d.example._report._dmarc.esp.example", "v=DMARC1"), nil)
	if d := cmp.Diff([]string{"esp.example true"}, agreed(f.Value)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestReportsOrgLost: where our own organisation is not known, a domain above may be of it or not.
func TestReportsOrgLost(t *testing.T) {
	f, _ := policyOf(t, "a.b.d.example", at("a.b.d.example", "v=DMARC1; p=none; rua=mailto:a@d.example,mailto:a@esp.example")+at("d.example", "v=DMARC1; p=none; psd=n"),
		lost("_dmarc.b.d.example"))
	if d := cmp.Diff([]string{"d.example unknown", "esp.example false"}, agreed(f.Value)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestReportsBounded(t *testing.T) {
	rua := "v=DMARC1; p=none; rua=mailto:a@r0.example"
	for i := range 30 {
		rua += fmt.Sprintf(",mailto:a@r%d.example", i+1)
	}
	f, s := policyOf(t, "d.example", at("d.example", rua), nil)
	if n := len(s.Asked()); len(f.Value.Reports) != maxReports || n > 10+4*maxReports {
		t.Errorf("%d destinations after %d questions", len(f.Value.Reports), n)
	}
	if n := len(f.Value.Mailboxes); n != maxReports || f.Value.More != 31-maxReports {
		t.Errorf("%d of 31 domains, and %d more", n, f.Value.More)
	}
}
