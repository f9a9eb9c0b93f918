package receivers

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/spf"
	"mailaudit/internal/smtpx"
)

// audited are facts of a domain in order.
func audited() *facts.Facts {
	c := healthyCase()
	rec := spf.Parse("v=spf1 ip4:11.22.33.44 -all")
	return &facts.Facts{Domain: c.Domain, Profile: facts.Profile{Name: facts.Sender}, Exists: yes, MX: c.MX, DMARC: c.DMARC,
		Streams: []facts.Stream{{Name: "default", IPs: []netip.Addr{ip4}, MailFrom: c.MailFrom, HELO: c.HELO, DKIMDomain: c.Domain, Selectors: []string{"s1"}}},
		Sources: []facts.Source{{IP: ip4, Stream: "default", Declared: true, PTR: c.PTR}},
		HELOs:   []facts.HELO{{Name: c.HELO, Stream: "default", Addresses: c.HELOHosts}},
		SPF: []facts.SPF{{Domain: c.Domain, From: true, MailFrom: []string{"default"}, Exists: true,
			Root: facts.SPFNode{Domain: c.Domain, Status: facts.SPFFound, Texts: []string{rec.Text}, Record: &rec}}},
		Results: []facts.SPFResult{{IP: ip4, Stream: "default", Identity: "mailfrom", Domain: c.Domain, Result: pass},
			{IP: ip4, Stream: "default", Identity: "helo", Domain: c.HELO, Result: none}},
		DKIM: []facts.DKIM{{Domain: c.Domain, Streams: []string{"default"}, Named: true, Exists: true, Subtree: facts.Know(facts.SubtreeExists),
			Keys: []facts.Key{{Selector: "s1", Origin: "flag", Status: facts.KeyValid}}}},
		Orgs:     []facts.Org{{Domain: c.Domain, Org: facts.Know(c.Domain)}},
		Listings: c.Listings,
	}
}

func TestForecast(t *testing.T) {
	l := Forecast(audited(), nil)
	if len(l) != len(Books) {
		t.Fatalf("%d entries for %d receivers", len(l), len(Books))
	}
	for _, e := range l {
		if e.Verdict != Accepts || e.IP != ip4.String() || e.Stream != "default" {
			t.Errorf("%+v", e)
		}
	}
	if l := Forecast(audited(), []string{"yahoo", "gmail"}); len(l) != 2 || l[0].Receiver != "gmail" {
		t.Errorf("--receivers yahoo,gmail gives %+v", l)
	}
}

// The worst address counts, and each stream stands for itself.
func TestForecastAddresses(t *testing.T) {
	f := audited()
	f.Sources = append(f.Sources, facts.Source{IP: ip6, Stream: "default", Declared: true, PTR: facts.Know(facts.PTR{Confirm: "fail"})})
	f.Results = append(f.Results, facts.SPFResult{IP: ip6, Stream: "default", Identity: "mailfrom", Domain: f.Domain, Result: pass})
	f.Streams = append(f.Streams, facts.Stream{Name: "news", MailFrom: "news@d.example", DKIMDomain: f.Domain})
	l := Forecast(f, []string{"gmail"})
	if len(l) != 2 || l[0].Verdict != Rejects || l[0].IP != ip6.String() || !strings.Contains(l[0].Reply, "["+ip6.String()+"]") {
		t.Fatalf("%+v", l)
	}
	if l[1].Stream != "news" || l[1].Verdict != Undecided || l[1].Reason != noAddress || l[1].IP != "" {
		t.Errorf("a stream without an address: %+v", l[1])
	}
}

func TestForecastCandidate(t *testing.T) {
	f := audited()
	f.Sources[0].Declared, f.Sources[0].PTR = false, facts.Know(facts.PTR{Confirm: "fail"})
	if e := Forecast(f, []string{"gmail"})[0]; !strings.HasPrefix(e.Reason, "if 11.22.33.44 sends: ") {
		t.Errorf("%+v", e)
	}
}

// A key is no signature: which one the mail carries is told, or not known.
func TestForecastSignatures(t *testing.T) {
	short, two := dkim.Parse("v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKox8p+rXKe8JdVcN/0igCWQq3an9jRw0/FCN2pAUIRp9S3NEdeTaVDB2UNx5kjvhd3y+69JI3DtIYzTKL17wG0CAwEAAQ=="), "v=DKIM1; p="
	message := func(l ...facts.Signature) func(*facts.Facts) {
		return func(f *facts.Facts) { f.Messages = []facts.Message{{Stream: "default", Signatures: l}} }
	}
	key := func(k facts.Key) func(*facts.Facts) {
		return func(f *facts.Facts) {
			k.Selector, k.Origin = "s1", "flag"
			f.DKIM[0].Keys = []facts.Key{k}
		}
	}
	for name, c := range map[string]struct {
		edit func(*facts.Facts)
		want Verdict // of GMX, which asks for an aligned signature
		why  string
	}{
		"a selector":                 {func(*facts.Facts) {}, Accepts, ""},
		"no selector":                {func(f *facts.Facts) { f.Streams[0].Selectors = nil }, Undecided, "--selector"},
		"nothing beneath _domainkey": {func(f *facts.Facts) { f.Streams[0].Selectors, f.DKIM[0].Subtree = nil, facts.Know(facts.SubtreeAbsent) }, Rejects, "aligned"},
		"a missing key":              {key(facts.Key{Status: facts.KeyMissing}), Rejects, "aligned"},
		"a revoked key":              {key(facts.Key{Status: facts.KeyRevoked}), Rejects, "aligned"},
		"a short key":                {key(facts.Key{Status: facts.KeyInvalid, Texts: []string{short.Text}, Record: &short}), Rejects, "aligned"},
		"two keys":                   {key(facts.Key{Status: facts.KeyInvalid, Texts: []string{two, two + "x"}}), Undecided, "which key"},
		"a key that cannot be had":   {key(facts.Key{Status: facts.KeyUnknown, Why: lost}), Undecided, lost},
		"one of two selectors": {func(f *facts.Facts) {
			f.Streams[0].Selectors = []string{"s0", "s1"}
			f.DKIM[0].Keys = append([]facts.Key{{Selector: "s0", Origin: "flag", Status: facts.KeyMissing}}, f.DKIM[0].Keys...)
		}, Accepts, ""},
		"an unsigned message":         {message(), Rejects, "aligned"},
		"a message that verifies":     {message(facts.Signature{Domain: "d.example", Selector: "s1", Result: "pass"}), Accepts, ""},
		"a message that does not":     {message(facts.Signature{Domain: "d.example", Selector: "s1", Result: "fail"}), Rejects, "aligned"},
		"a message of unknown keys":   {message(facts.Signature{Domain: "d.example", Selector: "s2", Result: "temperror", Why: lost}), Undecided, lost},
		"a message not verified":      {message(facts.Signature{Domain: "d.example", Selector: "s1", Result: "policy", Why: "it has l="}), Undecided, "it has l="},
		"a message of a broken key":   {message(facts.Signature{Domain: "d.example", Selector: "s2", Result: "permerror"}), Rejects, "aligned"},
		"a message of another domain": {message(facts.Signature{Domain: "esp.test", Selector: "s1", Result: "pass"}), Rejects, "aligned"},
		"a message of both":           {message(facts.Signature{Domain: "esp.test", Selector: "s1", Result: "pass"}, facts.Signature{Domain: "d.example", Selector: "s1", Result: "pass"}), Accepts, ""},
		"a message from beneath":      {message(facts.Signature{Domain: "mail.d.example", Selector: "s1", Result: "pass"}), Undecided, "organizational domain"},
	} {
		f := audited()
		c.edit(f)
		if e := Forecast(f, []string{"gmx"})[0]; e.Verdict != c.want || !strings.Contains(e.Reason, c.why) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Bounces of another domain go where its own MX records say.
func TestForecastReturns(t *testing.T) {
	f := audited()
	f.Streams[0].MailFrom = "bounce@esp.example"
	f.Results[0].Domain = "esp.example"
	if e := Forecast(f, []string{"gmx"})[0]; e.Verdict != Undecided || !strings.Contains(e.Reason, "esp.example") {
		t.Errorf("not looked up: %+v", e)
	}
	f.Returns = []facts.Return{{Domain: "esp.example", Exists: no, MX: facts.Know(facts.MX{Status: facts.MXNone})}}
	if e := Forecast(f, []string{"gmx"})[0]; e.Requirement != "gmx.sender-mx" {
		t.Errorf("not there: %+v", e)
	}
	f.Returns[0] = facts.Return{Domain: "esp.example", Exists: yes, MX: f.MX}
	if e := Forecast(f, []string{"gmx"})[0]; e.Verdict != Accepts {
		t.Errorf("there: %+v", e)
	}
}

// What the sender's own MX says to a callout is known with --probe-inbound alone.
func TestForecastCallout(t *testing.T) {
	lab := func(name string) Book {
		return Lab[slices.IndexFunc(Lab, func(b Book) bool { return b.Setup == name })]
	}
	reply := func(from, stage string, code int) smtpx.EnvelopeReply {
		return smtpx.EnvelopeReply{Envelope: smtpx.Envelope{From: from, To: "NEWS@d.example"}, Stage: stage, Code: code, Text: "so be it"}
	}
	for name, c := range map[string]struct {
		probe         *facts.Probe
		postfix, exim Verdict
	}{
		"not asked":            {nil, Accepts, Accepts},
		"connected to alone":   {&facts.Probe{Status: smtpx.Open}, Accepts, Accepts},
		"takes it":             {&facts.Probe{Status: smtpx.Open, Envelopes: []smtpx.EnvelopeReply{reply("", smtpx.StageRcpt, 250)}}, Accepts, Accepts},
		"no such user":         {&facts.Probe{Status: smtpx.Open, Envelopes: []smtpx.EnvelopeReply{reply("", smtpx.StageRcpt, 550)}}, Defers, Rejects},
		"later":                {&facts.Probe{Status: smtpx.Open, Envelopes: []smtpx.EnvelopeReply{reply("", smtpx.StageRcpt, 450)}}, Defers, Defers},
		"not from nobody":      {&facts.Probe{Status: smtpx.Open, Envelopes: []smtpx.EnvelopeReply{reply("", smtpx.StageMail, 550)}}, Accepts, Rejects},
		"from somebody alone":  {&facts.Probe{Status: smtpx.Open, Envelopes: []smtpx.EnvelopeReply{reply("", smtpx.StageMail, 550), reply("a@b.example", smtpx.StageRcpt, 550)}}, Defers, Rejects},
		"takes no connections": {&facts.Probe{Status: smtpx.Refused}, Defers, Defers},
	} {
		f := audited()
		if c.probe != nil {
			f.Inbound = []facts.MXTalk{{Host: "mx.d.example", Probe: facts.Know(*c.probe)}}
		}
		if e := Foretell(f, lab("pf-callout"))[0]; e.Verdict != c.postfix {
			t.Errorf("%s, postfix: %+v", name, e)
		}
		if e := Foretell(f, lab("exim-callout"))[0]; e.Verdict != c.exim {
			t.Errorf("%s, exim: %+v", name, e)
		}
	}
}

// TestEvaluation holds what the libraries make of records that RFC 7208 calls a permerror.
func TestEvaluation(t *testing.T) {
	net := func(text string, l ...facts.SPFTerm) facts.SPFNode {
		rec := spf.Parse(text)
		n := facts.SPFNode{Domain: "d.example", Status: facts.SPFFound, Texts: []string{text}, Record: &rec}
		for i, term := range rec.Effective() {
			x := facts.SPFTerm{Term: term}
			if i < len(l) {
				x = l[i]
				x.Term = term
			}
			n.Terms = append(n.Terms, x)
		}
		if r, ok := rec.Redirect(); ok {
			n.Terms = append(n.Terms, facts.SPFTerm{Term: r, Child: &facts.SPFNode{Domain: "r.example", Status: facts.SPFNone}})
		}
		return n
	}
	none11 := func() (l []facts.SPFTerm) {
		for range 11 {
			l = append(l, facts.SPFTerm{Child: &facts.SPFNode{Status: facts.SPFFound}})
		}
		return l
	}
	includes := "v=spf1" + strings.Repeat(" include:x.example", 11) + " ip4:11.22.33.44 -all"
	voids := []facts.SPFTerm{{Void: true}, {Void: true}, {Void: true}}
	for name, c := range map[string]struct {
		root            facts.SPFNode
		libspf2, rspamd string // "" for unknown
	}{
		"eleven terms":   {net(includes, none11()...), permerror, pass},
		"three voids":    {net("v=spf1 a:v1.example a:v2.example exists:v3.example ip4:11.22.33.0/24 -all", voids...), pass, pass},
		"a bad term":     {net("v=spf1 ip4:11.22.33.999 -all"), none, fail},
		"two of one":     {facts.SPFNode{Domain: "d.example", Status: facts.SPFMultiple, Texts: []string{"v=spf1 ip4:11.22.33.44 -all", "v=spf1 ip4:11.22.33.44 ~all"}}, permerror, pass},
		"two, differing": {facts.SPFNode{Domain: "d.example", Status: facts.SPFMultiple, Texts: []string{"v=spf1 -all", "v=spf1 ip4:11.22.33.44 ~all"}}, permerror, ""},
		"a lost address": {net("v=spf1 a:v1.example -all", facts.SPFTerm{Why: lost}), "", ""},
		"a near address": {net("v=spf1 mx/24 ?all", facts.SPFTerm{Addresses: []netip.Addr{netip.MustParseAddr("11.22.33.1")}}), pass, pass},
		"no match":       {net("v=spf1 ip4:11.22.33.45"), neutral, neutral},
		"to nowhere":     {net("v=spf1 redirect=r.example"), permerror, none},
	} {
		f := &facts.Facts{Domain: "d.example", SPF: []facts.SPF{{Domain: "d.example", Root: c.root}}}
		s := spfOf(f, facts.SPFResult{IP: ip4, Domain: "d.example", Result: permerror})
		if s.Libspf2.Value != c.libspf2 || s.Rspamd.Value != c.rspamd || s.Result != permerror {
			t.Errorf("%s: libspf2 %+v, rspamd %+v", name, s.Libspf2, s.Rspamd)
		}
	}
}

func TestHostNames(t *testing.T) {
	for name, want := range map[string]bool{"mail.d.example": true, "mail_1.d.example": true, "localhost": true, "11.22.33.44": false, "-a.example": false, "a..example": false, "a b": false, "": false} {
		if hostName(name) != want {
			t.Errorf("hostName(%q) is %v", name, !want)
		}
	}
	for name, want := range map[string]bool{"[11.22.33.44]": true, "[IPv6:2a0f::44]": true, "11.22.33.44": false, "[mail]": false, "]": false, "": false} {
		if literal(name) != want {
			t.Errorf("literal(%q) is %v", name, !want)
		}
	}
}

func TestTruth(t *testing.T) {
	unknown := cannot(lost)
	for _, c := range []struct {
		l        []Truth
		all, any Truth
	}{
		{nil, yes, no},
		{[]Truth{yes, no, unknown, unseen}, no, yes},
		{[]Truth{yes, unknown}, unknown, yes},
		{[]Truth{no, unknown}, no, unknown},
		{[]Truth{yes, unseen, unknown}, unseen, yes},
		{[]Truth{no, unseen, unknown}, no, unknown},
		{[]Truth{no, unseen}, no, unseen},
	} {
		if got := all(c.l...); got != c.all {
			t.Errorf("all of %v is %v", c.l, got)
		}
		if got := some(c.l...); got != c.any {
			t.Errorf("some of %v is %v", c.l, got)
		}
	}
}
