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
		"greets with 554":      {&facts.Probe{Status: smtpx.Unknown, Why: `the greeting is "554 5.7.1 go away"`, Banner: "5.7.1 go away"}, Defers, Rejects},
		"greets with 421":      {&facts.Probe{Status: smtpx.Unknown, Why: `the greeting is "421 4.3.2 too busy"`, Banner: "4.3.2 too busy"}, Defers, Defers},
		"not reached":          {&facts.Probe{Status: smtpx.Filtered, Why: "no answer to a connection attempt"}, Undecided, Undecided},
		"broke off before": {&facts.Probe{Status: smtpx.Open, Why: `the reply to RCPT is "421 4.7.0 later"`, Envelopes: []smtpx.EnvelopeReply{
			{Envelope: smtpx.Envelope{To: "postmaster@d.example"}, Stage: smtpx.StageRcpt, Code: 421}}}, Undecided, Undecided},
	} {
		f := audited()
		if c.probe != nil {
			f.Inbound = []facts.MXTalk{{Host: "mx.d.example", Probe: facts.Know(*c.probe), Asked: []facts.Envelope{{Purpose: facts.AskSender, To: "news@d.example"}}}}
		}
		f.Vantage.Egress = []facts.Egress{{Port: 25, State: facts.EgressOpen}}
		if e := Foretell(f, lab("pf-callout"))[0]; e.Verdict != c.postfix {
			t.Errorf("%s, postfix: %+v", name, e)
		}
		if e := Foretell(f, lab("exim-callout"))[0]; e.Verdict != c.exim {
			t.Errorf("%s, exim: %+v", name, e)
		}
	}
}

// TestForecastRefusedCallout: a reset may come from our own network, as long as nothing shows that port 25 leads out of it.
func TestForecastRefusedCallout(t *testing.T) {
	asked := []facts.Envelope{{Purpose: facts.AskSender, To: "news@d.example"}}
	for name, c := range map[string]struct {
		egress string
		asked  []facts.Envelope
		want   Verdict
	}{
		"nothing tells":              {"", asked, Undecided},
		"ours, it seems":             {facts.EgressPerhaps, asked, Undecided},
		"ours":                       {facts.EgressBlocked, asked, Undecided},
		"theirs":                     {facts.EgressOpen, asked, Defers},
		"theirs, although not asked": {facts.EgressOpen, nil, Defers},
		"nothing tells, nor asked":   {"", nil, Accepts},
	} {
		f := audited()
		f.Vantage.Egress = []facts.Egress{{Port: 25, State: c.egress}}
		f.Inbound = []facts.MXTalk{{Host: "mx.d.example", Asked: c.asked, Probe: facts.Know(facts.Probe{Status: smtpx.Refused, Why: "11.22.33.25: connection refused"})}}
		if e := Forecast(f, []string{"postfix-strict"})[0]; e.Verdict != c.want || c.want == Undecided && !strings.Contains(e.Reason, "perhaps by our own network") {
			t.Errorf("%s: %+v", name, e)
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

// TestEngines holds how software reads signatures and keys that RFC 6376 calls void.
func TestEngines(t *testing.T) {
	const good = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
	key := func(text string) *facts.Key {
		r := dkim.Parse(text)
		k := facts.Key{Status: facts.KeyInvalid, Texts: []string{text}, Record: &r}
		if r.Usable() {
			k.Status = facts.KeyValid
		}
		return &k
	}
	healthy := "v=DKIM1; k=rsa; p=" + good
	for name, c := range map[string]struct {
		key                     string
		faults                  []string
		fails                   bool // it does not hold
		opendkim, exim, rspamd  string
		opendmarc, signedRspamd bool // counts as signed
	}{
		"well":                     {key: healthy, opendkim: Verifies, exim: Verifies, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"changed":                  {key: healthy, fails: true, opendkim: Wrong, exim: Wrong, rspamd: Wrong},
		"changed, under test":      {key: "v=DKIM1; t=y; p=" + good, fails: true, opendkim: Excused, exim: Excused, rspamd: Excused},
		"expired":                  {key: healthy, faults: []string{facts.FaultExpired}, opendkim: Faulty, exim: Verifies, rspamd: Faulty},
		"of tomorrow":              {key: healthy, faults: []string{facts.FaultFuture}, opendkim: Faulty, exim: Verifies, rspamd: Faulty},
		"by another agent":         {key: healthy, faults: []string{facts.FaultAgent}, opendkim: Faulty, exim: Verifies, rspamd: Verifies, signedRspamd: true},
		"without From":             {key: healthy, faults: []string{facts.FaultUncovered}, opendkim: Faulty, exim: Verifies, rspamd: Faulty},
		"by SHA-1":                 {key: healthy, faults: []string{facts.FaultSHA1}, opendkim: Verifies, exim: Verifies, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"over a part":              {key: healthy, faults: []string{facts.FaultLength}, opendkim: Verifies, exim: Verifies, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"over a part, changed":     {key: healthy, faults: []string{facts.FaultLength}, fails: true, opendkim: Wrong, exim: Wrong, rspamd: Wrong},
		"v= behind":                {key: "k=rsa; p=" + good + "; v=DKIM1", opendkim: Verifies, exim: Verifies, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"another version":          {key: "v=DKIM2; p=" + good, opendkim: Misused, exim: Unusable, rspamd: Verifies, signedRspamd: true},
		"backslashes":              {key: `v=DKIM1\; k=rsa\; p=` + good, opendkim: Unusable, exim: Unusable, rspamd: Verifies, signedRspamd: true},
		"blanks before semicolons": {key: "v=DKIM1 ; k=rsa ; p=" + good, opendkim: Verifies, exim: Verifies, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"blanks before values":     {key: "v= DKIM1; k= rsa; p= " + good, opendkim: Verifies, exim: Unusable, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"for mail and more":        {key: "v=DKIM1; s=email:x; p=" + good, opendkim: Verifies, exim: Unusable, rspamd: Verifies, opendmarc: true, signedRspamd: true},
		"for SHA-1":                {key: "v=DKIM1; h=sha1; p=" + good, opendkim: Misused, exim: Unusable, rspamd: Verifies, signedRspamd: true},
		"of another type":          {key: "v=DKIM1; k=dsa; p=" + good, opendkim: Untyped, exim: Verifies, rspamd: Verifies, signedRspamd: true},
		"no key":                   {key: "v=DKIM1; k=rsa; p=AAAA", opendkim: Unusable, exim: Unusable, rspamd: Unusable},
	} {
		s := Signature{Domain: "d.example", State: Lost, Why: "it was not verified", Key: key(c.key), Faults: c.faults, Holds: !c.fails}
		for _, e := range []struct {
			name, want string
			engine     engine
		}{{"OpenDKIM", c.opendkim, opendmarc}, {"Exim", c.exim, eximDKIM}, {"Rspamd", c.rspamd, rspamd}} {
			if got := e.engine.state(s); got != e.want {
				t.Errorf("%s: %s says %q, want %q", name, e.name, got, e.want)
			}
		}
		if rfc.state(s) != Lost {
			t.Errorf("%s: by RFC 6376 %q", name, rfc.state(s))
		}
		mail := Case{DKIM: facts.Know([]Signature{s})}
		if got := dkimPasses(mail, opendmarc); got != truth(c.opendmarc) {
			t.Errorf("%s: signed for OpenDMARC: %+v", name, got)
		}
		if got := dkimPasses(mail, rspamd); got != truth(c.signedRspamd) {
			t.Errorf("%s: signed for Rspamd: %+v", name, got)
		}
	}
	other := Signature{State: Missing, Key: &facts.Key{Status: facts.KeyInvalid, Texts: []string{"v=spf1 -all"}}, Holds: true}
	if got := opendmarc.state(other); got != Unusable {
		t.Errorf("other text, OpenDKIM: %q", got)
	}
	for _, k := range []*facts.Key{{Status: facts.KeyMissing}, {Status: facts.KeyRevoked, Texts: []string{"p="}}} {
		want, _ := keyState(*k)
		for _, e := range []engine{opendmarc, eximDKIM, rspamd} {
			if got := e.state(Signature{State: want, Key: k, Holds: true}); got != want {
				t.Errorf("%s is %q", want, got)
			}
		}
	}
}

// Of mail that was delivered an x= that is past says nothing of what is sent today.
func TestForecastExpired(t *testing.T) {
	lab := func(name string) Book {
		return Lab[slices.IndexFunc(Lab, func(b Book) bool { return b.Setup == name })]
	}
	f := audited()
	r := dkim.Parse("v=DKIM1; k=ed25519; p=MCowBQYDK2VwAyEAJ8=")
	f.DKIM[0].Keys[0] = facts.Key{Selector: "s1", Origin: "message", Status: facts.KeyValid, Texts: []string{r.Text}, Record: &r}
	f.Results[0].Result = fail
	f.Messages = []facts.Message{{Stream: "default", Signatures: []facts.Signature{{Domain: "d.example", Selector: "s1", Result: facts.SignaturePolicy,
		Why: "it expired", Faults: []string{facts.FaultExpired}, Holds: true}}}}
	if e := Foretell(f, lab("pf-dmarc"))[0]; e.Verdict != Rejects {
		t.Errorf("about to be sent: %+v", e)
	}
	if e := Forecast(f, []string{"gmx"})[0]; e.Verdict != Undecided || e.Reason != "it expired" {
		t.Errorf("elsewhere: %+v", e)
	}
	f.Messages[0].Hop = &facts.Hop{}
	if e := Foretell(f, lab("pf-dmarc"))[0]; e.Verdict != Accepts {
		t.Errorf("delivered: %+v", e)
	}
}

// TestReadings holds what OpenDMARC and Rspamd make of records that are none, or not quite.
func TestReadings(t *testing.T) {
	for text, c := range map[string]struct{ opendmarc, rspamd string }{
		"v=DMARC1; p=reject":                  {"reject", "reject"},
		" v=DMARC1; p=reject":                 {"reject", "foreign"},
		"v=DMARC1 p=reject":                   {"", "reject"},
		`v=DMARC1\; p=reject`:                 {"", "none"},
		"v=DMARC1; p=none; p=reject":          {"reject", "reject"},
		"p=reject; v=DMARC1":                  {"reject", "foreign"},
		"v=dmarc1; p=reject":                  {"", "foreign"},
		"v=DMARC1; P=Reject":                  {"reject", "reject"},
		"v=DMARC1; p=r":                       {"reject", ""},
		"p=reject":                            {"", "foreign"},
		"V=DMARC1; p=reject":                  {"", "foreign"},
		"v=DMARC1; p=rejected":                {"", ""},
		"v=DMARC1; rua=mailto:x@d.example":    {"", "none"},
		"v=DMARC1; p=reject; adkim=x":         {"", ""},
		"v=DMARC1; p=reject; adkim=s; aspf=s": {"reject", "reject"},
		"v=DMARC1; p=reject; sp=all":          {"", "reject"},
		"v=DMARC1; p=reject; pct=200":         {"", "reject"},
		"some other text":                     {"", "foreign"},
	} {
		say := func(r reading) string {
			switch {
			case r.foreign:
				return "foreign"
			case r.void:
				return ""
			}
			return r.p
		}
		if got := say(openDMARCPolicy(text)); got != c.opendmarc {
			t.Errorf("OpenDMARC reads %q in %q, want %q", got, text, c.opendmarc)
		}
		if got := say(rspamdPolicy(text)); got != c.rspamd {
			t.Errorf("Rspamd reads %q in %q, want %q", got, text, c.rspamd)
		}
	}
	if r := openDMARCPolicy("v=DMARC1; p=none; sp=quarantine; adkim=s; aspf=r; pct=30"); r != (reading{p: "none", sp: "quarantine", adkim: "s", aspf: "r", percent: 30}) {
		t.Errorf("%+v", r)
	}
	if r := rspamdPolicy("v=DMARC1; p=none; sp=quarantine; adkim=s; aspf=r; pct=30"); r != (reading{p: "none", sp: "quarantine", adkim: "s", aspf: "r", percent: 30}) {
		t.Errorf("%+v", r)
	}
}

// What stands at _dmarc beside the record decides where the first text is taken for it, and nowhere else.
func TestPublished(t *testing.T) {
	c := healthyCase()
	c.DMARC.Value.Walk = []facts.DMARCStep{{Name: "_dmarc.d.example", Records: []string{"v=DMARC1; p=reject"}}}
	c.DMARC.Value.Others = []string{"some other text"}
	foreign(&c)
	c.MailFrom = "x@esp.example"
	if got := disownedOlder(opendmarc, "reject")(c); got.Known() || got.Why != whichRecord {
		t.Errorf("OpenDMARC: %+v", got)
	}
	if got := disownedOlder(rspamd, "reject")(c); got != yes {
		t.Errorf("Rspamd: %+v", got)
	}
	c.Authors = 2
	if got := unlessSeveral(disownedOlder(rspamd, "reject"))(c); got != no {
		t.Errorf("of several authors: %+v", got)
	}
}

// TestLooseSPF holds what Rspamd and libspf2 make of records that are right, and of texts that are none.
func TestLooseSPF(t *testing.T) {
	for text, c := range map[string]struct{ result, libspf2, rspamd string }{
		"v=spf1 -all ip4:11.22.33.44":                             {fail, fail, pass},
		"v=spf1 -all a":                                           {fail, fail, ""},
		"v=spf1 ip4=11.22.33.44 -all":                             {fail, fail, pass},
		"v=spf1 ip4=11.22.33 -all":                                {fail, fail, fail},
		" v=spf1 ip4:11.22.33.44 -all":                            {none, none, pass},
		"v=spf1\tip4:11.22.33.44 -all":                            {none, none, pass},
		"v=spf1ip4:11.22.33.44 -all":                              {none, none, pass},
		"v=spf1 exists:%{l}.%{o} -all":                            {pass, pass, pass},
		"\"v=spf1 ip4:11.22.33.44 -all\"":                         {none, none, none},
		"v=spf1 exists:%{d2} -all":                                {pass, fail, pass},
		"v=spf1 exists:%{d1} -all":                                {pass, pass, pass},
		"v=spf1 exists:%{i4} -all":                                {pass, fail, pass},
		"v=spf1 ip4:11.22.33.44 exp=a.example exp=b.example -all": {permerror, pass, pass},
		"v=spf1 a:foo..bar a: exists:%(i) ip4:11.22.33.44 -all":   {permerror, pass, pass},
		"v=spf1 include:1.2.3.4 ip4:11.22.33.44 -all":             {permerror, permerror, pass},
		"v=spf1 a:x.example/33 ip4:11.22.33.44 -all":              {permerror, none, pass},
		"v=spf1 exists:%{i ip4:11.22.33.44 -all":                  {permerror, none, pass},
		"v=spf1 ip4:11.22.33.44/0 -all":                           {pass, none, fail},
		"v=spf1 include=x.example -all":                           {fail, fail, ""},
	} {
		rec := spf.Parse(text)
		n := facts.SPFNode{Domain: "d.example", Status: facts.SPFFound, Record: &rec}
		x := facts.SPF{Domain: "d.example"}
		if !spf.IsSPF(text) {
			n = facts.SPFNode{Domain: "d.example", Status: facts.SPFNone}
			x.Near = []string{text}
		}
		for _, term := range rec.Effective() {
			n.Terms = append(n.Terms, facts.SPFTerm{Term: term})
		}
		x.Root = n
		s := spfOf(&facts.Facts{Domain: "d.example", SPF: []facts.SPF{x}}, facts.SPFResult{IP: ip4, Domain: "d.example", Result: c.result})
		if strings.Contains(text, "%{l}") && s.openDMARC() != facts.Know(fail) || !strings.Contains(text, "%{l}") && s.openDMARC() != s.Libspf2 {
			t.Errorf("%q: OpenDMARC %+v", text, s.openDMARC())
		}
		if s.Libspf2.Value != c.libspf2 || s.Rspamd.Value != c.rspamd || s.Result != c.result {
			t.Errorf("%q: libspf2 %+v, rspamd %+v", text, s.Libspf2, s.Rspamd)
		}
	}
}

// TestHELOConditions holds what each takes for an argument of EHLO.
func TestHELOConditions(t *testing.T) {
	for helo, c := range map[string]struct{ unknown, refused, unaskable bool }{
		"mail.d.example":                       {},
		"mail.d.example.":                      {unknown: true, refused: true},
		"mail-.d.example":                      {},
		"-mail.d.example":                      {refused: true},
		"mail_1.d.example":                     {},
		"mail+1.d.example":                     {refused: true},
		"mail..d.example":                      {refused: true, unaskable: true},
		strings.Repeat("a", 64) + ".d.example": {refused: true, unaskable: true},
		"[11.22.33.44]":                        {},
		"[IPv6:2a0f::44]":                      {},
		"[11.22.33.444]":                       {refused: true},
		"[mail.d.example]":                     {refused: true},
		"localhost":                            {},
		"11.22.33.44":                          {},
	} {
		mail := healthyCase()
		mail.HELO = helo
		if heloUnknown(mail) != no || heloNotFound(mail) != truth(c.unknown) || heloRefused(mail) != truth(c.refused) || heloUnaskable(mail) != truth(c.unaskable) {
			t.Errorf("%s: %v %v %v", helo, heloNotFound(mail), heloRefused(mail), heloUnaskable(mail))
		}
	}
	mail := healthyCase()
	heloNowhere(&mail)
	for mx, want := range map[facts.Fact[bool]]Truth{facts.Know(true): no, facts.Know(false): yes, facts.Cannot[bool](lost): cannot(lost)} {
		mail.HELOMX = mx
		if got := heloUnknown(mail); got != want {
			t.Errorf("MX %+v: %+v", mx, got)
		}
	}
	if heloFails(mail).Value != (mail.HELOMX.State == facts.Unknown) {
		t.Errorf("%+v: %+v", mail.HELOMX, heloFails(mail))
	}
	mail.HELO = ""
	for _, broken := range []func(Case) Truth{heloUnknown, heloRefused, heloUnaskable, heloFails} {
		if got := broken(mail); got.Why != noHELO {
			t.Errorf("without a name: %+v", got)
		}
	}
}

// TestReverseNames: which of them count is for each to say.
func TestReverseNames(t *testing.T) {
	named := func(l ...string) Case {
		c := healthyCase()
		c.PTR.Value.Names = nil
		for _, n := range l {
			c.PTR.Value.Names = append(c.PTR.Value.Names, facts.PTRName{Name: n, Addresses: at(ip4)})
		}
		return c
	}
	for _, c := range []struct {
		names                    []string
		postfix, opensmtpd, exim Truth
	}{
		{[]string{"mail.d.example"}, no, no, no},
		{[]string{"mail-.d.example"}, yes, no, yes},
		{[]string{"-mail.d.example"}, yes, yes, yes},
		{[]string{"_mail.d.example"}, no, no, no},
		{[]string{"mail.d.example", "mail-.d.example"}, cannot("it hangs on which of the reverse names a receiver gets first"), no, no},
	} {
		mail := named(c.names...)
		if got := unconfirmedFirst(hostName)(mail); got != c.postfix {
			t.Errorf("%q, Postfix: %+v", c.names, got)
		}
		if got := unconfirmedFirst(resolverName)(mail); got != c.opensmtpd {
			t.Errorf("%q, OpenSMTPD: %+v", c.names, got)
		}
		if got := unconfirmedNames(eximName)(mail); got != c.exim {
			t.Errorf("%q, Exim: %+v", c.names, got)
		}
	}
}

// The null sender has no domain that could be asked about; SPF goes by the name in EHLO.
func TestForecastBounce(t *testing.T) {
	f := audited()
	f.Streams[0].MailFrom, f.Streams[0].Learned = "postmaster@mail.d.example", []string{facts.LearnedMailFrom}
	f.Results[0].Domain = "mail.d.example"
	f.Returns = []facts.Return{{Domain: "mail.d.example", Exists: no, MX: facts.Know(facts.MX{Status: facts.MXNone})}}
	f.Messages = []facts.Message{{Stream: "default", Sender: "<>", Signatures: []facts.Signature{{Domain: "d.example", Selector: "s1", Result: "pass"}}}}
	for _, b := range Lab {
		if e := Foretell(f, b)[0]; e.Verdict != Accepts {
			t.Errorf("%s: %+v", b.Setup, e)
		}
	}
	f.Messages[0].Sender = "a@mail.d.example"
	if e := Foretell(f, Lab[slices.IndexFunc(Lab, func(b Book) bool { return b.Setup == "pf-senderdom" })])[0]; e.Verdict != Defers {
		t.Errorf("not the null sender: %+v", e)
	}
}

// MX hosts without an address are passed over, and private ones are not.
func TestForemost(t *testing.T) {
	host := func(preference int, l ...netip.Addr) facts.MXHost {
		return facts.MXHost{Preference: preference, Addresses: at(l...)}
	}
	lan, wan := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("11.22.33.25")
	for _, c := range []struct {
		hosts []facts.MXHost
		want  Truth
	}{
		{[]facts.MXHost{host(10), host(20, lan), host(30, wan)}, yes},
		{[]facts.MXHost{host(10), host(20, wan), host(30, lan)}, no},
		{[]facts.MXHost{host(10, lan), host(10, wan)}, cannot("it hangs on which of the addresses of its MX hosts a receiver tries first")},
		{[]facts.MXHost{host(10, netip.MustParseAddr("127.0.0.1"))}, no},
		{[]facts.MXHost{{Preference: 10, Addresses: facts.Cannot[facts.Hosts](lost)}, host(20, wan)}, no},
		{[]facts.MXHost{{Preference: 10, Addresses: facts.Cannot[facts.Hosts]("the audit was over")}, host(20, wan)}, cannot("the audit was over")},
		{[]facts.MXHost{host(10, netip.MustParseAddr("192.0.2.1"))}, yes},
		{[]facts.MXHost{host(10, netip.MustParseAddr("169.254.1.1"))}, yes},
		{[]facts.MXHost{host(10)}, no},
	} {
		mail := healthyCase()
		mail.MX.Value.Hosts = c.hosts
		if got := unreached(mail); got != c.want {
			t.Errorf("%+v: %+v", c.hosts, got)
		}
	}
	mail := healthyCase()
	mail.MX.Value.Hosts = []facts.MXHost{host(10, lan), host(20, netip.MustParseAddr("169.254.1.1"))}
	if got := unreachedBeyond(private)(mail); got != yes {
		t.Errorf("beyond 10.0.0.0/8: %+v", got)
	}
	mail.MX.Value.Hosts[1] = host(20, wan)
	if got := unreachedBeyond(private)(mail); got != no {
		t.Errorf("with a public one: %+v", got)
	}
	mail.MX.Value.Hosts = []facts.MXHost{host(10, netip.MustParseAddr("192.0.2.1"))}
	mail.Public = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	if got := unreached(mail); got != no {
		t.Errorf("declared public: %+v", got)
	}
}

// The lab's receivers have IPv4 alone.
func TestLabHasIPv4(t *testing.T) {
	c := healthyCase()
	mxAt(ip6)(&c)
	if e := Lab[slices.IndexFunc(Lab, func(b Book) bool { return b.Setup == "exim-conn" })].Answer(c); e.Verdict != Rejects || e.Requirement != "exim.sender" {
		t.Errorf("%+v", e)
	}
	if e := Books[slices.IndexFunc(Books, func(b Book) bool { return b.Receiver == "exim" })].Answer(c); e.Verdict != Accepts {
		t.Errorf("with IPv6: %+v", e)
	}
	if len(c.MX.Value.Hosts[0].Addresses.Value.Addresses) != 1 {
		t.Error("the case was changed")
	}
}

// TestTermsElsewhere: of a large record a library is shown what could match, for each address anew, and redirect= where it looks at it.
func TestTermsElsewhere(t *testing.T) {
	rec := spf.Parse("v=spf1 redirect=r.example" + strings.Repeat(" ip4:11.9.0.0/16 -ip6:2001:db8::/32", 2000) + " ip4:11.0.0.0/8 a")
	n := facts.SPFNode{Domain: "d.example", Status: facts.SPFFound, Record: &rec}
	for _, x := range rec.Effective() {
		n.Terms = append(n.Terms, facts.SPFTerm{Term: x, Target: "walked"})
	}
	r, _ := rec.Redirect()
	n.Terms = append(n.Terms, facts.SPFTerm{Term: r, Target: "walked", Child: &facts.SPFNode{}})
	var got []string
	for _, x := range (evaluation{ip: netip.MustParseAddr("11.0.0.1"), as: asLibspf2}).terms(n) {
		got = append(got, x.Term.Text+" "+x.Target)
	}
	if want := []string{"redirect=r.example walked", "ip4:11.0.0.0/8 walked", "a walked"}; !slices.Equal(got, want) {
		t.Errorf("%d terms, %.300q, want %q", len(got), got, want)
	}
}
