package gather

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// Keys: that of RFC 8463 A.2, and another.
const (
	goodKey  = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	otherKey = "v=DKIM1; k=ed25519; p=21qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)

// dkimOf gathers the keys of d.example.
func dkimOf(g *gatherer) facts.DKIM {
	l := g.keys(g.walks(facts.Keys))
	return l[0]
}

// signing is d.example with selectors that the user named, if any.
func signing(selectors ...string) Target {
	s := stream("11.0.0.1")
	s.Selectors = selectors
	return Target{Domain: "d.example", Streams: []facts.Stream{s}}
}

func TestKeys(t *testing.T) {
	faults := lost("lost._domainkey.d.example")
	faults[dnsx.Q("tcp._domainkey.d.example", dnsx.TXT)] = testnet.DNSTruncate
	s := serve(t, "d.example. MX 10 mx.example.\n"+
		txt("valid._domainkey.d.example", goodKey)+
		txt("parts._domainkey.d.example", goodKey[:30], goodKey[30:])+
		txt("beside._domainkey.d.example", goodKey)+txt("beside._domainkey.d.example", "owner=us")+
		txt("revoked._domainkey.d.example", "v=DKIM1; p=")+
		txt("broken._domainkey.d.example", "v=DKIM1; p=MII")+
		txt("other._domainkey.d.example", "v=spf1 -all")+
		txt("two._domainkey.d.example", otherKey)+txt("two._domainkey.d.example", goodKey)+
		txt("tcp._domainkey.d.example", goodKey)+
		"nodata._domainkey.d.example. A 11.0.0.1\n"+
		"cname._domainkey.d.example. CNAME k.esp.example.\n"+txt("k.esp.example", goodKey)+
		"dangling._domainkey.d.example. CNAME gone.esp.example.\n"+
		"empty._domainkey.d.example. CNAME a.esp.example.\na.esp.example. A 11.0.0.1\n", faults)
	key := func(selector, status string, texts ...string) facts.Key {
		return facts.Key{Selector: selector, Name: selector + "._domainkey.d.example", Origin: "flag", Status: status, Texts: texts}
	}
	with := func(k facts.Key, change func(*facts.Key)) facts.Key { change(&k); return k }
	wants := []facts.Key{
		key("valid", facts.KeyValid, goodKey),
		key("parts", facts.KeyValid, goodKey),
		key("beside", facts.KeyValid, "owner=us", goodKey),
		key("revoked", facts.KeyRevoked, "v=DKIM1; p="),
		key("broken", facts.KeyInvalid, "v=DKIM1; p=MII"),
		key("other", facts.KeyMissing, "v=spf1 -all"),
		key("two", facts.KeyInvalid, goodKey, otherKey),
		key("tcp", facts.KeyValid, goodKey),
		key("nodata", facts.KeyMissing),
		key("gone", facts.KeyMissing),
		with(key("cname", facts.KeyValid, goodKey), func(k *facts.Key) { k.CNAME = []string{"k.esp.example"} }),
		with(key("dangling", facts.KeyMissing), func(k *facts.Key) { k.CNAME, k.Dangling = []string{"gone.esp.example"}, true }),
		with(key("empty", facts.KeyMissing), func(k *facts.Key) { k.CNAME, k.Dangling = []string{"a.esp.example"}, true }),
		key("lost", facts.KeyUnknown),
	}
	var selectors []string
	for _, k := range wants {
		selectors = append(selectors, k.Selector)
	}
	d := dkimOf(over(t.Context(), s, signing(selectors...)))
	for i, k := range d.Keys {
		k := facts.Key{Selector: k.Selector, Name: k.Name, Origin: k.Origin, Status: k.Status, Why: k.Why, Texts: k.Texts, CNAME: k.CNAME, Dangling: k.Dangling, Record: k.Record}
		if hasRecord := len(k.Texts) > 0 && k.Selector != "other"; hasRecord != (k.Record != nil) {
			t.Errorf("%s: record %+v", k.Selector, k.Record)
		}
		if unknown := k.Status == facts.KeyUnknown; unknown != strings.Contains(k.Why, "SERVFAIL") {
			t.Errorf("%s: why %q", k.Selector, k.Why)
		}
		if diff := cmp.Diff(wants[i], k, alike, cmpopts.IgnoreFields(facts.Key{}, "Record", "Why")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k.Selector, diff)
		}
	}
	if !d.Named || d.Guessed != 0 || len(d.Keys) != len(wants) || d.Subtree != facts.Know(facts.SubtreeExists) || !d.Exists {
		t.Errorf("%+v", d)
	}
	if l := guessed(s); len(l) > 0 {
		t.Errorf("guessed although selectors were named: %q", l)
	}
}

// guessed are the common selectors that were asked for.
func guessed(s *testnet.DNS) []string {
	var l []string
	for _, q := range s.Asked() {
		if selector, ok := strings.CutSuffix(q.Name, "._domainkey.d.example"); ok && slices.Contains(commonSelectors, selector) {
			l = append(l, selector)
		}
	}
	return l
}

// TestKeysOfStreams: each signing domain once, with all selectors that its streams use.
func TestKeysOfStreams(t *testing.T) {
	s := serve(t, txt("a._domainkey.d.example", goodKey)+txt("b._domainkey.esp.example", goodKey), nil)
	streams := []facts.Stream{
		{Name: "one", MailFrom: "x@d.example", DKIMDomain: "d.example", Selectors: []string{"a"}},
		{Name: "two", MailFrom: "x@d.example", DKIMDomain: "esp.example", Selectors: []string{"b"}},
		{Name: "three", MailFrom: "x@d.example", DKIMDomain: "d.example", Selectors: []string{"c", "a"}},
	}
	g := over(t.Context(), s, Target{Domain: "d.example", Streams: streams})
	var got []string
	for _, d := range g.keys(nil) {
		line := d.Domain + " of " + strings.Join(d.Streams, " ") + ":"
		for _, k := range d.Keys {
			line += " " + k.Selector + " " + k.Status
		}
		got = append(got, line)
	}
	want := []string{"d.example of one three: a valid c missing", "esp.example of two: b valid"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// found writes the keys of d in short.
func found(d facts.DKIM) []string {
	var l []string
	for _, k := range d.Keys {
		l = append(l, k.Selector+" "+k.Origin+" "+k.Status)
	}
	return l
}

// mailed is a zone of a domain that has mail.
const mailed = "d.example. MX 10 mx.other.example.\nd.example. TXT \"v=spf1 ip4:11.0.0.1 -all\"\n"

func TestGuess(t *testing.T) {
	const more = -1 // than all
	all := len(commonSelectors)
	for _, tt := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		keys       []string
		subtree    facts.Fact[string]
		guessed    int
		lost       []string
	}{
		{"a common selector", mailed + txt("selector1._domainkey.d.example", goodKey) + txt("k1._domainkey.d.example", "v=DKIM1; p="), nil,
			[]string{"selector1 common valid", "k1 common revoked"}, facts.Know(facts.SubtreeExists), all, nil},
		{"a selector that nobody can guess", mailed + txt("x9431._domainkey.d.example", goodKey), nil, nil, facts.Know(facts.SubtreeExists), all, nil},
		{"no subtree", mailed, nil, nil, facts.Know(facts.SubtreeAbsent), 1, nil},
		{"the subtree is lost", mailed + txt("google._domainkey.d.example", goodKey), lost("_domainkey.d.example"),
			[]string{"google common valid"}, facts.Know(facts.SubtreeExists), all, nil}, // a key proves it
		{"whether it is a wildcard's is lost", mailed + txt("google._domainkey.d.example", goodKey), lost(unlikely("d.example") + "._domainkey.d.example"),
			nil, facts.Know(facts.SubtreeExists), all, []string{"google"}},
		{"the subtree is lost and nothing is found", mailed, lost("_domainkey.d.example"), nil, facts.Cannot[string]("SERVFAIL"), all, nil},
		{"lost guesses", mailed + txt("s1._domainkey.d.example", goodKey), lost("k2._domainkey.d.example", "google._domainkey.d.example"),
			[]string{"s1 common valid"}, facts.Know(facts.SubtreeExists), all, []string{"google", "k2"}},
		{"a wildcard of keys", mailed + txt("*._domainkey.d.example", goodKey), nil, nil, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a key of its own beneath a wildcard", mailed + txt("*._domainkey.d.example", goodKey) + txt("s2._domainkey.d.example", otherKey), nil,
			[]string{"s2 common valid"}, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a wildcard of other records", mailed + txt("*.d.example", "v=spf1 -all"), nil, nil, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a wildcard alias of the domain", mailed + "*.d.example. CNAME d.example.\n", nil, nil, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a wildcard alias of a web host", mailed + "*.d.example. CNAME web.example.\nweb.example. A 11.0.0.9\n", nil, nil, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a wildcard alias that leads nowhere", mailed + "*._domainkey.d.example. CNAME gone.example.\n", nil, nil, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a wildcard address", mailed + "*.d.example. A 11.0.0.9\n", nil, nil, facts.Know(facts.SubtreeWildcard), all, nil},
		{"a key where a wildcard address ends", mailed + "*.d.example. A 11.0.0.9\n" + txt("s1._domainkey.d.example", goodKey), nil,
			[]string{"s1 common valid"}, facts.Know(facts.SubtreeExists), all, nil},
		{"an alias that leads nowhere", mailed + "s1._domainkey.d.example. CNAME gone.example.\n", nil, []string{"s1 common invalid"}, facts.Know(facts.SubtreeExists), all, nil},
		{"the subtree is an alias", mailed + "_domainkey.d.example. CNAME gone.example.\n", nil, nil, facts.Know(facts.SubtreeExists), 1, nil},
		{"a provider by MX", "d.example. MX 10 mxext1.mailbox.org.\n" + txt("mbo0002._domainkey.d.example", goodKey), nil,
			[]string{"mbo0002 provider valid"}, facts.Know(facts.SubtreeExists), more, nil},
		{"a provider by include", txt("d.example", "v=spf1 include:spf.messagingengine.com -all") + txt("mesmtp._domainkey.d.example", goodKey), nil,
			[]string{"mesmtp provider valid"}, facts.Know(facts.SubtreeExists), more, nil},
		{"no provider by a likeness", "d.example. MX 10 notmailbox.org.\n" + txt("mbo0002._domainkey.d.example", goodKey), nil, nil, facts.Know(facts.SubtreeExists), all, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.zone, tt.faults)
			d := dkimOf(over(t.Context(), s, signing()))
			if diff := cmp.Diff(tt.keys, found(d)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if d.Guessed != tt.guessed && !(tt.guessed == more && d.Guessed > all) {
				t.Errorf("%d guessed, want %d", d.Guessed, tt.guessed)
			}
			if d.Named || d.Subtree.State != tt.subtree.State || d.Subtree.Value != tt.subtree.Value || !strings.Contains(d.Subtree.Why, tt.subtree.Why) {
				t.Errorf("named %v, subtree %+v, want %+v", d.Named, d.Subtree, tt.subtree)
			}
			var names []string
			for _, l := range d.Lost {
				names = append(names, l.Selector)
				if !strings.Contains(l.Why, "SERVFAIL") {
					t.Errorf("%+v", l)
				}
			}
			if diff := cmp.Diff(tt.lost, names); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGuessOnce: where nothing stands beneath _domainkey, one guess is made against servers that get just that wrong.
func TestGuessOnce(t *testing.T) {
	s := serve(t, mailed, nil)
	dkimOf(over(t.Context(), s, signing()))
	if d := cmp.Diff([]string{"selector1"}, guessed(s)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// denying is a resolver that denies one name, although there are names beneath it.
type denying struct {
	dnsx.Resolver
	denies string
}

func (b denying) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if q.Name == b.denies {
		return dnsx.Answer{Question: q, Status: dnsx.NXDomain, Asked: 1}
	}
	return b.Resolver.Lookup(ctx, q)
}

// TestGuessAgainstRFC8020: a key beneath a name that is said not to exist proves the server wrong, and the guessing goes on.
func TestGuessAgainstRFC8020(t *testing.T) {
	s := serve(t, mailed+txt("selector1._domainkey.d.example", goodKey)+txt("google._domainkey.d.example", goodKey), nil)
	d := dkimOf(run(t.Context(), denying{client(s, patient), "_domainkey.d.example"}, signing()))
	want := []string{"selector1 common valid", "google common valid"}
	if diff := cmp.Diff(want, found(d)); diff != "" || d.Subtree != facts.Know(facts.SubtreeExists) || d.Guessed != len(commonSelectors) {
		t.Errorf("%+v (-want +got):\n%s", d, diff)
	}
}

// TestSignerMissing: whether the signing domain itself exists is known too.
func TestSignerMissing(t *testing.T) {
	for zone, want := range map[string]bool{"d.example. A 11.0.0.1\n": true, "e.example. A 11.0.0.1\n": false} {
		if d := dkimOf(over(t.Context(), serve(t, zone, nil), signing("s1"))); d.Exists != want || d.Keys[0].Status != facts.KeyMissing {
			t.Errorf("%q: %+v", zone, d)
		}
	}
}

// TestLegacyLost: what is historic beneath _domainkey is not known to be absent where an answer is lost.
func TestLegacyLost(t *testing.T) {
	zone := "d.example. A 11.0.0.1\n" + txt("s1._domainkey.d.example", goodKey)
	for _, name := range []string{"_adsp._domainkey.d.example", "_domainkey.d.example", unlikely("d.example") + "._domainkey.d.example"} {
		d := dkimOf(over(t.Context(), serve(t, zone, map[dnsx.Question]testnet.DNSFault{dnsx.Q(name, dnsx.TXT): testnet.DNSServFail}), signing("s1")))
		if d.Unread == "" {
			t.Errorf("%s is lost, and nothing says so: %+v", name, d)
		}
	}
	if d := dkimOf(over(t.Context(), serve(t, zone, nil), signing("s1"))); d.Unread != "" {
		t.Errorf("nothing is lost, and it says %q", d.Unread)
	}
}

// TestTwins: of the selectors that a provider changes between, those that are known to be missing are told.
func TestTwins(t *testing.T) {
	const alias = "fm1._domainkey.d.example. CNAME fm1.d.example.dkim.fmhosted.com.\n"
	zone := "d.example. A 11.0.0.1\n" + alias + txt("fm1.d.example.dkim.fmhosted.com", goodKey) +
		"fm2._domainkey.d.example. CNAME gone.dkim.fmhosted.com.\n" + txt("own._domainkey.d.example", goodKey)
	for name, c := range map[string]struct {
		faults   map[dnsx.Question]testnet.DNSFault
		selector string
		provider string
		want     []string
	}{
		"missing, and an alias to nowhere": {selector: "fm1", provider: "Fastmail", want: []string{"fm2", "fm3"}},
		"one of them lost": {selector: "fm1", provider: "Fastmail", want: []string{"fm2"},
			faults: map[dnsx.Question]testnet.DNSFault{dnsx.Q("fm3._domainkey.d.example", dnsx.TXT): testnet.DNSServFail}},
		"no provider's key": {selector: "own"},
	} {
		t.Run(name, func(t *testing.T) {
			k := dkimOf(over(t.Context(), serve(t, zone, c.faults), signing(c.selector))).Keys[0]
			if k.Status != facts.KeyValid || k.Provider != c.provider || !slices.Equal(k.Twins, c.want) {
				t.Errorf("%s of %q lacks %q, want %q of %q", k.Status, k.Provider, k.Twins, c.want, c.provider)
			}
			if lost := strings.HasPrefix(k.TwinsLost, "fm3._domainkey.d.example: "); lost != (len(c.faults) > 0) {
				t.Errorf("lost %q", k.TwinsLost)
			}
		})
	}
}
