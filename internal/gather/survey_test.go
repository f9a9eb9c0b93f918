package gather

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// surveyOf surveys the record of d.example.
func surveyOf(t *testing.T, zone string, faults map[dnsx.Question]testnet.DNSFault) facts.SPF {
	t.Helper()
	return asker(t, zone, faults).survey(facts.SPF{Domain: "d.example"})
}

// TestSurvey: what stands beside the record.
func TestSurvey(t *testing.T) {
	s := surveyOf(t, txt("d.example", "v=spf1 -all")+txt("d.example", "spf2.0/pra -all")+txt("d.example", "SPF2.0/mfrom ?all")+txt("d.example", "ab", "cd")+
		"d.example. TYPE99 \\# 12 0b763d73706631202d616c6c\n", nil)
	if d := cmp.Diff([]string{"SPF2.0/mfrom ?all", "spf2.0/pra -all"}, s.SenderID); d != "" {
		t.Errorf("Sender ID (-want +got):\n%s", d)
	}
	if s.Type99 != facts.Know(true) {
		t.Errorf("type SPF: %+v", s.Type99)
	}
	if want := 12 + 16 + 18 + 6; s.Octets != want { // of each string its length, and an octet before it
		t.Errorf("%d octets of TXT, want %d", s.Octets, want)
	}
	if s := surveyOf(t, txt("d.example", "v=spf1 -all"), nil); s.Type99 != facts.Know(false) {
		t.Errorf("no type SPF: %+v", s.Type99)
	}
	unknown(t, "type SPF", surveyOf(t, "", map[dnsx.Question]testnet.DNSFault{dnsx.Q("d.example", dnsx.SPF): testnet.DNSServFail}).Type99, "SERVFAIL")
}

// TestExp: the explanation, where its name does not depend on the message.
func TestExp(t *testing.T) {
	for _, tt := range []struct {
		record string
		want   facts.Fact[facts.Exp]
	}{
		{"v=spf1 -all", facts.Fact[facts.Exp]{}},
		{"v=spf1 -all exp=why.%{d}", facts.Know(facts.Exp{Target: "why.d.example", Texts: []string{"because", "so"}})},
		{"v=spf1 -all exp=gone.example", facts.Know(facts.Exp{Target: "gone.example"})},
		{"v=spf1 -all exp=%{i}.d.example", facts.Fact[facts.Exp]{}},
		{"v=spf1 -all exp=", facts.Fact[facts.Exp]{}},
		{"v=spf2 -all exp=why.d.example", facts.Fact[facts.Exp]{}},
	} {
		s := surveyOf(t, txt("d.example", tt.record)+txt("why.d.example", "so")+txt("why.d.example", "be", "cause"), nil)
		if d := cmp.Diff(tt.want, s.Exp, alike); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.record, d)
		}
	}
	unknown(t, "a lost explanation", surveyOf(t, txt("d.example", "v=spf1 -all exp=lost.example"), lost("lost.example")).Exp, "SERVFAIL")
}

// TestUnregistered: a name that SPF relies on and that anybody could register, wherever in the tree it stands.
func TestUnregistered(t *testing.T) {
	s := surveyOf(t, txt("d.example", "v=spf1 a:x.gone.com include:in.example a:x.lost.com a:x.kept.com a:x.gone.invalidtld include:spf.gone.co.uk -all")+
		txt("in.example", "v=spf1 exists:y.gone.org a:found.com -all")+"kept.com. NS ns.example.\nfound.com. A 11.0.0.1\n", lost("lost.com"))
	got := map[string]string{}
	for _, x := range terms(s.Root) {
		if x.Unregistered != "" {
			got[x.Term.Text] = x.Unregistered
		}
	}
	want := map[string]string{"a:x.gone.com": "gone.com", "exists:y.gone.org": "gone.org", "include:spf.gone.co.uk": "gone.co.uk"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestKeysAside: what stands where keys are looked for and is none.
func TestKeysAside(t *testing.T) {
	s := serve(t, txt("_domainkey.d.example", "o=-; r=a@d.example")+txt("_adsp._domainkey.d.example", "dkim=all")+
		txt("s1._domainkey.d.example.d.example", goodKey)+txt("s2._domainkey.d.example.d.example", "no key")+
		"zoho._domainkey.d.example. CNAME zoho._domainkey.zoho.eu.\n"+txt("zoho._domainkey.zoho.eu", goodKey), nil)
	d := dkimOf(over(t.Context(), s, signing("s1", "s2", "zoho")))
	if diff := cmp.Diff([]string{"dkim=all", "o=-; r=a@d.example"}, d.Legacy); diff != "" {
		t.Errorf("legacy (-want +got):\n%s", diff)
	}
	if d.Keys[0].Doubled != "s1._domainkey.d.example.d.example" || d.Keys[1].Doubled != "" {
		t.Errorf("doubled %q and %q", d.Keys[0].Doubled, d.Keys[1].Doubled)
	}
	if d.Keys[0].Provider != "" || !strings.HasPrefix(d.Keys[2].Provider, "Zoho") || d.Keys[2].Octets != len(goodKey)+1 {
		t.Errorf("providers %q and %q, %d octets", d.Keys[0].Provider, d.Keys[2].Provider, d.Keys[2].Octets)
	}
	d = dkimOf(over(t.Context(), serve(t, txt("*.d.example", "b")+txt("*.d.example", "a"), nil), signing()))
	if diff := cmp.Diff([]string{"a", "b"}, d.Wildcard); diff != "" || len(d.Legacy) > 0 {
		t.Errorf("legacy %q, wildcard (-want +got):\n%s", d.Legacy, diff)
	}
}

// TestPolicyAside: what stands where DMARC is looked for and is none.
func TestPolicyAside(t *testing.T) {
	f, _ := policyOf(t, "mail.d.example", at("mail.d.example", "z")+at("mail.d.example", "a")+at("mail.d.example", "v=DMARC1; p=none"), nil)
	if d := cmp.Diff([]string{"a", "z"}, f.Value.Others); d != "" || f.Value.ListOrg != "d.example" || f.Value.Wildcard != facts.Know(false) {
		t.Errorf("%+v; others (-want +got):\n%s", f.Value, d)
	}
	f, _ = policyOf(t, "d.example", txt("d.example", "v=DMARC1; p=none")+txt("_dmarc.d.example.d.example", "v=DMARC1; p=none"), nil)
	if d := cmp.Diff([]string{"d.example", "_dmarc.d.example.d.example"}, f.Value.Misplaced); d != "" {
		t.Errorf("misplaced (-want +got):\n%s", d)
	}
	f, _ = policyOf(t, "d.example", at("d.example", "v=DMARC1; p=none")+txt("d.example", "v=DMARC1; p=none"), nil)
	if len(f.Value.Misplaced) > 0 {
		t.Errorf("misplaced beside one at its place: %q", f.Value.Misplaced)
	}
	f, _ = policyOf(t, "d.example", "_dmarc.d.example. CNAME a.example.\na.example. CNAME gone.example.\n", nil)
	if d := cmp.Diff([]string{"a.example", "gone.example"}, f.Value.CNAME); d != "" || !f.Value.Dangling || f.Value.Status != facts.DMARCNone {
		t.Errorf("%+v; CNAME (-want +got):\n%s", f.Value, d)
	}
	for zone, want := range map[string]bool{"*.d.example. A 11.0.0.1\n": true, "*.d.example. CNAME gone.example.\n": true, "": false} {
		if f, _ := policyOf(t, "d.example", zone, nil); f.Value.Wildcard != facts.Know(want) {
			t.Errorf("%q: wildcard %+v", zone, f.Value.Wildcard)
		}
	}
	f, _ = policyOf(t, "d.example", "", lost(unlikely("d.example")+".d.example"))
	unknown(t, "wildcard", f.Value.Wildcard, "SERVFAIL")
}

// TestMailboxes: whether the domains that reports go to take mail.
func TestMailboxes(t *testing.T) {
	f, _ := policyOf(t, "d.example", at("d.example", "v=DMARC1; p=none; rua=mailto:a@d.example,mailto:a@null.example,mailto:a@a.example,mailto:b@a.example; "+
		"ruf=mailto:a@none.example,mailto:a@gone.example,mailto:a@lost.example,mailto:a@half.example,https://x.example/")+
		"null.example. MX 0 .\na.example. A 11.0.0.1\nnone.example. TXT none\nhalf.example. TXT half\n", map[dnsx.Question]testnet.DNSFault{
		{Name: "lost.example"}: testnet.DNSServFail, dnsx.Q("half.example", dnsx.A): testnet.DNSServFail})
	var got []string
	for _, m := range f.Value.Mailboxes {
		what := m.MX.Value
		if !m.MX.Known() && strings.Contains(m.MX.Why, "SERVFAIL") {
			what = "unknown"
		}
		got = append(got, m.Domain+" "+what)
	}
	want := []string{"d.example found", "null.example null", "a.example implicit", "none.example none", "gone.example none", "lost.example unknown", "half.example unknown"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestBIMI: the assertion record of the domain, else of its organisation.
func TestBIMI(t *testing.T) {
	const record = "v=BIMI1; l=https://d.example/logo.svg"
	org := at("d.example", "v=DMARC1; p=reject")
	for _, tt := range []struct {
		name, zone string
		want       facts.BIMI
	}{
		{"none", org, facts.BIMI{}},
		{"own", org + txt("default._bimi.mail.d.example", record) + txt("default._bimi.d.example", "v=BIMI1; l="), facts.BIMI{FoundAt: "default._bimi.mail.d.example", Texts: []string{record}}},
		{"the organisation's", org + txt("default._bimi.d.example", record), facts.BIMI{FoundAt: "default._bimi.d.example", Texts: []string{record}}},
		{"no organisation above", txt("default._bimi.d.example", record), facts.BIMI{}},
		{"others", org + txt("default._bimi.mail.d.example", "x=BIMI1"), facts.BIMI{}},
	} {
		f := over(t.Context(), serve(t, tt.zone, nil), Target{Domain: "mail.d.example"}).bimi()
		if d := cmp.Diff(facts.Know(tt.want), f, alike); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	for _, name := range []string{"default._bimi.mail.d.example", "default._bimi.d.example", "_dmarc.d.example"} {
		f := over(t.Context(), serve(t, org, lost(name)), Target{Domain: "mail.d.example"}).bimi()
		unknown(t, "BIMI without "+name, f, "SERVFAIL")
	}
	f := over(t.Context(), serve(t, txt("default._bimi.mail.d.example", record), lost("_dmarc.d.example")), Target{Domain: "mail.d.example"}).bimi()
	if !f.Known() || len(f.Value.Texts) != 1 {
		t.Errorf("a record of its own, and the organisation is lost: %+v", f)
	}
}

// TestHintsLost: that a place could not be looked at is no sign that nothing stands there.
func TestHintsLost(t *testing.T) {
	const twice = "_dmarc.d.example.d.example"
	f, _ := policyOf(t, "d.example", "d.example. A 11.0.0.1\n", map[dnsx.Question]testnet.DNSFault{dnsx.Q(twice, dnsx.TXT): testnet.DNSServFail})
	if d := f.Value; d.Status != facts.DMARCNone || len(d.Misplaced) > 0 || !strings.Contains(d.Unplaced, twice) {
		t.Errorf("%s, misplaced %q, not known for %q", d.Status, d.Misplaced, d.Unplaced)
	}
	key := "s1._domainkey.d.example.d.example"
	faults := map[dnsx.Question]testnet.DNSFault{dnsx.Q(key, dnsx.TXT): testnet.DNSServFail}
	k := dkimOf(over(t.Context(), serve(t, "d.example. A 11.0.0.1\n", faults), signing("s1"))).Keys[0]
	if k.Status != facts.KeyMissing || k.Doubled != "" || !strings.Contains(k.Undoubled, key) {
		t.Errorf("%s, doubled %q, not known for %q", k.Status, k.Doubled, k.Undoubled)
	}
}
