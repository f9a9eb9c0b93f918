package gather

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

func TestReturns(t *testing.T) {
	s := serve(t, `
d.example.    MX 10 mx.d.example.
esp.example.  MX 10 mx.esp.example.
mx.esp.example. A 192.0.2.1
`, map[dnsx.Question]testnet.DNSFault{{Name: "lame.example"}: testnet.DNSServFail})
	from := func(name, sender string) facts.Stream { return facts.Stream{Name: name, MailFrom: sender} }
	g := over(t.Context(), s, Target{Domain: "d.example", Streams: []facts.Stream{
		from("own", "a@d.example"), from("esp", "a@esp.example"), from("again", "b@esp.example"), from("gone", "a@gone.test"), from("lame", "a@lame.example")}})
	l := g.returns()
	if len(l) != 3 {
		t.Fatalf("%+v", l)
	}
	want := facts.Return{Domain: "esp.example", Exists: facts.Know(true), MX: facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{
		{Host: "mx.esp.example", Preference: 10, Addresses: facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1")})}}})}
	if d := cmp.Diff(want, l[0], alike); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff(facts.Return{Domain: "gone.test", Exists: facts.Know(false), MX: facts.Know(facts.MX{Status: facts.MXNone})}, l[1], alike); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	unknown(t, "the existence of a domain that is lost", l[2].Exists, "SERVFAIL")
	unknown(t, "its MX", l[2].MX, "SERVFAIL")
}
