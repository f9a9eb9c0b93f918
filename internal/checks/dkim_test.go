package checks

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// rsaKey is p= of an RSA key of that many bits, well formed and good for nothing.
func rsaKey(bits uint) string {
	n := new(big.Int).SetBit(big.NewInt(1), int(bits)-1, 1)
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: n, E: 65537}))
}

// keyFacts is a selector in use with these TXT records, the first of which is read.
func keyFacts(texts ...string) facts.Key {
	k := facts.Key{Selector: "s1", Name: "s1._domainkey.healthy.example", Origin: "flag", Status: facts.KeyMissing, Texts: texts}
	if len(texts) == 0 {
		return k
	}
	r := dkim.Parse(texts[0])
	k.Record = &r
	switch {
	case r.Usable():
		k.Status = facts.KeyValid
	case len(r.Problems) == 0:
		k.Status = facts.KeyRevoked
	default:
		k.Status = facts.KeyInvalid
	}
	return k
}

// withKey is the healthy domain with these records at its selector.
func withKey(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.DKIM[0].Keys[0] = keyFacts(texts...) }
}

// withGuess is the healthy domain where no selector was named, and guessing found these records, or nothing.
func withGuess(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.DKIM[0].Named, f.DKIM[0].Guessed, f.DKIM[0].Keys = false, 40, nil
		if len(texts) > 0 {
			k := keyFacts(texts...)
			k.Origin = "common"
			f.DKIM[0].Keys = []facts.Key{k}
		}
	}
}

// withSubtree is a guessed domain without keys and what is known of _domainkey.
func withSubtree(s facts.Fact[string]) func(*facts.Facts) {
	return func(f *facts.Facts) {
		withGuess()(f)
		f.DKIM[0].Subtree = s
	}
}

// inTurn makes one edit of several.
func inTurn(edits ...func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for _, edit := range edits {
			edit(f)
		}
	}
}

func asParked(f *facts.Facts) { f.Profile.Name = facts.Parked }

func asBulk(f *facts.Facts) { f.Profile.Name = facts.Bulk }

func viaCNAME(f *facts.Facts) { f.DKIM[0].Keys[0].CNAME = []string{"k.esp.example"} }

func dangling(f *facts.Facts) {
	k := keyFacts()
	k.Origin, k.CNAME, k.Dangling = f.DKIM[0].Keys[0].Origin, []string{"k.esp.example", "gone.esp.example"}, true
	if k.Origin != "flag" {
		k.Status = facts.KeyInvalid // a guess that finds nothing is no key; one that finds this is
	}
	f.DKIM[0].Keys[0] = k
}

func lostGuesses(f *facts.Facts) {
	f.DKIM[0].Lost = []facts.Lost{{Selector: "s1", Why: "timeout"}, {Selector: "s2", Why: "timeout"}}
}

const goodKey = "v=DKIM1; k=rsa; p=" + rsa2048

var (
	nothingBeneath = withSubtree(facts.Know(facts.SubtreeAbsent))
	somethingThere = withSubtree(facts.Know(facts.SubtreeExists))
	wildcardThere  = withSubtree(facts.Know(facts.SubtreeWildcard))
	subtreeLost    = withSubtree(facts.Cannot[string]("127.0.0.1:53 answered SERVFAIL"))
)

var dkimCases = []ruleCase{
	{rule: "dkim.none-found", want: Warn, says: "_domainkey.healthy.example does not exist", edit: nothingBeneath},
	{rule: "dkim.none-found", name: "lost guesses hide nothing beneath an NXDOMAIN", want: Warn, says: "does not exist", edit: inTurn(nothingBeneath, lostGuesses)},
	{rule: "dkim.none-found", name: "a guess finds one", want: Pass, edit: withGuess(goodKey)},
	{rule: "dkim.none-found", name: "found, whatever became of the subtree", want: Pass, edit: func(f *facts.Facts) {
		withGuess(goodKey)(f)
		f.DKIM[0].Subtree = facts.Cannot[string]("timeout")
	}},
	{rule: "dkim.none-found", name: "something stands beneath", want: "", edit: somethingThere},
	{rule: "dkim.none-found", name: "subtree not known", want: Unknown, says: "SERVFAIL", edit: subtreeLost},
	{rule: "dkim.none-found", name: "selectors are named", want: "", edit: func(f *facts.Facts) { f.DKIM[0].Subtree = facts.Know(facts.SubtreeAbsent) }},
	{rule: "dkim.none-found", name: "parked", want: "", edit: inTurn(nothingBeneath, asParked)},
	{rule: "dkim.none-found", name: "one of two signing domains", want: Warn, says: "_domainkey.other.example", edit: func(f *facts.Facts) {
		f.DKIM = append(f.DKIM, facts.DKIM{Domain: "other.example", Exists: true, Subtree: facts.Know(facts.SubtreeAbsent)})
	}},

	{rule: "dkim.not-found-maybe", want: Info, says: "40 guessed selectors", edit: somethingThere},
	{rule: "dkim.not-found-maybe", name: "wildcard", want: Info, says: "a wildcard answers", edit: wildcardThere},
	{rule: "dkim.not-found-maybe", name: "lost guesses", want: Info, says: "2 of the guesses got no answer", edit: inTurn(somethingThere, lostGuesses)},
	{rule: "dkim.not-found-maybe", name: "a revoked key is none", want: Info, says: "1 revoked key", edit: withGuess("v=DKIM1; p=")},
	{rule: "dkim.not-found-maybe", name: "a CNAME to nowhere is none", want: Info, says: "selectors cannot be listed", edit: inTurn(withGuess(goodKey), dangling)},
	{rule: "dkim.not-found-maybe", name: "a guess finds one", want: Pass, edit: withGuess(goodKey)},
	{rule: "dkim.not-found-maybe", name: "certain", want: "", edit: nothingBeneath},
	{rule: "dkim.not-found-maybe", name: "subtree not known", want: Unknown, says: "SERVFAIL", edit: subtreeLost},
	{rule: "dkim.not-found-maybe", name: "parked", want: "", edit: inTurn(somethingThere, asParked)},

	{rule: "dkim.selector-missing", want: Fail, says: "no TXT record at s1._domainkey.healthy.example", edit: withKey()},
	{rule: "dkim.selector-missing", name: "no key among the records", want: Fail, says: "only 1 TXT record of another kind", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys[0] = facts.Key{Selector: "s1", Name: "s1._domainkey.healthy.example", Origin: "flag", Status: facts.KeyMissing, Texts: []string{"v=spf1 -all"}}
	}},
	{rule: "dkim.selector-missing", name: "one of two", want: Fail, says: "selector s1 is in use", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys = append(f.DKIM[0].Keys, keyFacts())
	}},
	{rule: "dkim.selector-missing", name: "not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys[0].Status, f.DKIM[0].Keys[0].Why = facts.KeyUnknown, "timeout"
	}},
	{rule: "dkim.selector-missing", name: "guessed", want: "", edit: withGuess(goodKey)},

	{rule: "dkim.cname-dangling", want: Fail, says: "gone.esp.example, where no key is published", edit: dangling},
	{rule: "dkim.cname-dangling", name: "guessed", want: Warn, says: "gone.esp.example", edit: inTurn(withGuess(goodKey), dangling)},

	{rule: "dkim.multiple", want: Fail, says: "2 key records", edit: withKey(goodKey, "v=DKIM1; p="+rsaKey(2048))},
	{rule: "dkim.multiple", name: "guessed", want: Info, says: "2 key records", edit: withGuess(goodKey, "v=DKIM1; p="+rsaKey(2048))},
	{rule: "dkim.multiple", name: "a text that is no key", want: Pass, edit: withKey(goodKey, "some-site-verification=4f1d2c")},

	{rule: "dkim.revoked", want: Fail, says: "revoked", edit: withKey("v=DKIM1; p=")},
	{rule: "dkim.revoked", name: "guessed", want: Info, says: "may not be in use", edit: withGuess("v=DKIM1; p=")},
	{rule: "dkim.revoked", name: "nothing there", want: "", edit: withKey()},

	{rule: "dkim.p-missing", want: Fail, says: "there is no p= tag", edit: withKey("v=DKIM1; k=rsa")},
	{rule: "dkim.p-missing", name: "guessed", want: Info, says: "may not be in use", edit: withGuess("v=DKIM1; k=rsa")},
	{rule: "dkim.p-invalid", want: Fail, says: "base64", edit: withKey("v=DKIM1; p=" + rsa2048[:80] + "!!")},
	{rule: "dkim.p-invalid", name: "no tag list", want: Fail, says: "\"rubbish\"", edit: withKey(goodKey + "; rubbish")},
	{rule: "dkim.p-invalid", name: "guessed", want: Info, says: "base64", edit: withGuess("v=DKIM1; p=" + rsa2048[:80] + "!!")},
	{rule: "dkim.key-short", want: Fail, says: "512 bits", edit: withKey("v=DKIM1; p=" + rsaKey(512))},
	{rule: "dkim.key-short", name: "1024 bits are enough", want: Pass, edit: withKey("v=DKIM1; p=" + rsaKey(1024))},
	{rule: "dkim.key-1024", want: Warn, says: "1024 bits", edit: withKey("v=DKIM1; p=" + rsaKey(1024))},
	{rule: "dkim.key-1024", name: "2047 bits", want: Warn, says: "2047 bits", edit: withKey("v=DKIM1; p=" + rsaKey(2047))},
	{rule: "dkim.key-1024", name: "the provider's", want: Info, says: "k.esp.example", edit: inTurn(withKey("v=DKIM1; p="+rsaKey(1024)), viaCNAME)},
	{rule: "dkim.key-1024", name: "guessed", want: Info, says: "guessed", edit: withGuess("v=DKIM1; p=" + rsaKey(1024))},
	{rule: "dkim.key-1024", name: "too short is another rule's", want: Pass, edit: withKey("v=DKIM1; p=" + rsaKey(512))},
	{rule: "dkim.key-1024", name: "ed25519 has 256", want: Pass, edit: withKey("v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(make([]byte, 32)))},
	{rule: "dkim.k-unknown", want: Fail, says: "dsa", edit: withKey("v=DKIM1; k=dsa; p=" + rsa2048)},
	{rule: "dkim.v-wrong", want: Fail, says: "DKIM2", edit: withKey("v=DKIM2; p=" + rsa2048)},
	{rule: "dkim.v-wrong", name: "no v=", want: Pass, edit: withKey("p=" + rsa2048)},
	{rule: "dkim.h-sha1", want: Fail, says: "sha256", edit: withKey("v=DKIM1; h=sha1; p=" + rsa2048)},
	{rule: "dkim.s-tag", want: Fail, says: "tlsrpt", edit: withKey("v=DKIM1; s=tlsrpt; p=" + rsa2048)},
	{rule: "dkim.duplicate-tag", want: Fail, says: "k= stands more than once", edit: withKey("v=DKIM1; k=rsa; k=rsa; p=" + rsa2048)},
	{rule: "dkim.t-y", want: Info, says: "t=y", edit: withKey("v=DKIM1; t=y; p=" + rsa2048)},
}

// TestDKIMKinds holds that no fault that voids a key goes unsaid, that a selector in use makes it a failure of its own
// area only, and that a guess never fails.
func TestDKIMKinds(t *testing.T) {
	kinds := []dkim.Kind{dkim.Version, dkim.DuplicateTag, dkim.Syntax, dkim.NoKey, dkim.BadKey, dkim.KeyType, dkim.Hash, dkim.Service, dkim.ShortKey}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			broken := func(f *facts.Facts) {
				k := &f.DKIM[0].Keys[0]
				k.Status, k.Record.Problems = facts.KeyInvalid, []dkim.Problem{{Kind: kind, Message: "the fault"}}
			}
			f := healthy()
			broken(f)
			fails := withStatus(f, Fail)
			if len(fails) != 1 || fails[0].Check.Area != "dkim" || !strings.Contains(fails[0].Message, "the fault") {
				t.Errorf("named: %+v, want one failure in dkim", fails)
			}
			f = healthy()
			withGuess(goodKey)(f)
			broken(f)
			if fails := withStatus(f, Fail); len(fails) > 0 {
				t.Errorf("guessed: fails with %s %q", fails[0].Check.ID, fails[0].Message)
			}
			if infos := withStatus(f, Info); len(infos) != 1 || !strings.Contains(infos[0].Message, "the fault") {
				t.Errorf("guessed: %+v, want one info", infos)
			}
		})
	}
}

// TestDanglingOnce holds that a CNAME that leads nowhere costs once.
func TestDanglingOnce(t *testing.T) {
	f := healthy()
	dangling(f)
	var own []string
	for _, x := range withStatus(f, Fail) {
		if !x.Implied {
			own = append(own, x.Check.ID)
		}
	}
	if len(own) != 1 || own[0] != "dkim.cname-dangling" {
		t.Errorf("not implied by another: %v, want dkim.cname-dangling alone", own)
	}
}

func withStatus(f *facts.Facts, s Status) []Finding {
	var l []Finding
	for _, x := range Run(f, everything).Findings {
		if x.Status == s {
			l = append(l, x)
		}
	}
	return l
}
