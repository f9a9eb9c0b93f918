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
		f.DKIM[0].Named, f.DKIM[0].Guessed, f.DKIM[0].Keys, f.Streams[0].Selectors = false, 40, nil, nil
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

func asParked(f *facts.Facts) {
	f.Profile = facts.Profile{Name: facts.Parked, Reason: "--profile parked"}
}

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

const (
	goodKey = "v=DKIM1; k=rsa; p=" + rsa2048
	edKey   = "v=DKIM1; k=ed25519; p=" + edExample
)

// doubled is the healthy domain whose key stands where a panel appended the zone once more.
func doubled(f *facts.Facts) {
	withKey()(f)
	f.DKIM[0].Keys[0].Doubled = "s1._domainkey.healthy.example.healthy.example"
}

// chain is what leads to the first key.
func chain(names ...string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.DKIM[0].Keys[0].CNAME = names }
}

// withTwo is the healthy domain with these records at two selectors.
func withTwo(first, second string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		k := keyFacts(second)
		k.Selector, k.Name = "s2", "s2._domainkey.healthy.example"
		f.DKIM[0].Keys = []facts.Key{keyFacts(first), k}
		f.Streams[0].Selectors = []string{"s1", "s2"}
	}
}

// withSelector is the healthy domain with its key at another selector.
func withSelector(selector string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		k := &f.DKIM[0].Keys[0]
		k.Selector, k.Name = selector, selector+"._domainkey.healthy.example"
		f.Streams[0].Selectors = []string{selector}
	}
}

// withExponent is the healthy domain with an RSA key of that exponent.
func withExponent(e int) func(*facts.Facts) {
	n := new(big.Int).SetBit(big.NewInt(1), 2047, 1)
	return withKey("v=DKIM1; p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: n, E: e})))
}

// withLegacy is the healthy domain with TXT records at _domainkey or _adsp._domainkey.
func withLegacy(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.DKIM[0].Legacy = texts }
}

var (
	nothingBeneath = withSubtree(facts.Know(facts.SubtreeAbsent))
	somethingThere = withSubtree(facts.Know(facts.SubtreeExists))
	wildcardThere  = withSubtree(facts.Know(facts.SubtreeWildcard))
	subtreeLost    = withSubtree(facts.Cannot[string]("127.0.0.1:53 answered SERVFAIL"))
)

var dkimCases = []ruleCase{
	{rule: "dkim.doubled-name", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys[0] = facts.Key{Selector: "s1", Name: "s1._domainkey.healthy.example", Origin: "flag", Status: facts.KeyMissing, Undoubled: "127.0.0.1:53 answered SERVFAIL"}
	}},
	{rule: "dkim.twin-missing", want: Info, says: "SendGrid has its customers publish s2 beside selector s1", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys[0].Provider, f.DKIM[0].Keys[0].Twins = "SendGrid", []string{"s2"}
	}},
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

	{rule: "dkim.doubled-name", want: Fail, says: "stands at s1._domainkey.healthy.example.healthy.example", edit: doubled},
	{rule: "dkim.doubled-name", name: "missing here and there", want: Pass, edit: withKey()},
	{rule: "dkim.doubled-name", name: "guessed", want: "", edit: withGuess(goodKey)},
	{rule: "dkim.doubled-name", name: "not found out is selector-missing's", want: "", edit: func(f *facts.Facts) {
		f.DKIM[0].Keys[0] = facts.Key{Selector: "s1", Origin: "flag", Status: facts.KeyUnknown, Why: "timeout"}
	}},
	{rule: "dkim.selector-missing", name: "doubled", want: Fail, edit: doubled},

	{rule: "dkim.cname-chain", want: Info, says: "by 4 CNAMEs: a.example, b.example, c.example, d.example", edit: inTurn(withKey(goodKey), chain("a.example", "b.example", "c.example", "d.example"))},
	{rule: "dkim.cname-chain", name: "3 are nothing to remark on", want: Pass, edit: inTurn(withKey(goodKey), chain("a.example", "b.example", "c.example"))},

	{rule: "dkim.not-dkim-txt", want: Warn, says: "some-site-verification=4f1d2c", edit: withKey(goodKey, "some-site-verification=4f1d2c")},
	{rule: "dkim.not-dkim-txt", name: "several", want: Warn, says: "and 1 more", edit: withKey(goodKey, "v=spf1 -all", "x")},
	{rule: "dkim.not-dkim-txt", name: "guessed", want: Info, says: "may not be in use", edit: withGuess(goodKey, "some-site-verification=4f1d2c")},
	{rule: "dkim.not-dkim-txt", name: "a second key is another rule's", want: Pass, edit: withKey(goodKey, "v=DKIM1; p="+rsaKey(2048))},
	{rule: "dkim.not-dkim-txt", name: "a wildcard does no harm to a key", want: Info, says: "a wildcard answers for every name beneath _domainkey.healthy.example", edit: func(f *facts.Facts) {
		f.DKIM[0].Wildcard = []string{"v=spf1 -all"}
	}},
	{rule: "dkim.not-dkim-txt", name: "a wildcard that revokes all", want: Pass, edit: func(f *facts.Facts) { f.DKIM[0].Wildcard = []string{"v=DKIM1; p="} }},

	{rule: "dkim.key-large", want: Warn, says: "8192 bits, and verifiers need not take more than 4096", edit: withKey("v=DKIM1; p=" + rsaKey(8192))},
	{rule: "dkim.key-large", name: "4096 bits", want: Info, says: "must take up to 4096", edit: withKey("v=DKIM1; p=" + rsaKey(4096))},
	{rule: "dkim.key-large", name: "guessed", want: Info, says: "may not be in use", edit: withGuess("v=DKIM1; p=" + rsaKey(8192))},
	{rule: "dkim.key-large", name: "2048 bits", want: Pass, edit: withKey("v=DKIM1; p=" + rsaKey(2048))},

	{rule: "dkim.key-weak", want: Fail, says: "its exponent is 1", edit: withExponent(1)},
	{rule: "dkim.key-weak", name: "even", want: Fail, says: "its exponent is 65536", edit: withExponent(65536)},
	{rule: "dkim.key-weak", name: "3 is allowed", want: Pass, edit: withExponent(3)},
	{rule: "dkim.key-weak", name: "ROCA", want: Fail, says: "CVE-2017-15361", edit: func(f *facts.Facts) { f.DKIM[0].Keys[0].Record.ROCA = true }},
	{rule: "dkim.key-weak", name: "guessed", want: Warn, says: "may not be in use", edit: inTurn(withGuess(goodKey), func(f *facts.Facts) { f.DKIM[0].Keys[0].Record.ROCA = true })},
	{rule: "dkim.key-weak", name: "ed25519 has no exponent", want: Pass, edit: withKey(edKey)},

	{rule: "dkim.ed25519-only", want: Warn, says: "selector s1", edit: withKey(edKey)},
	{rule: "dkim.ed25519-only", name: "with an RSA key", want: Pass, edit: withTwo(edKey, goodKey)},
	{rule: "dkim.ed25519-only", name: "the RSA key is not good", want: Warn, edit: withTwo(edKey, "v=DKIM1; p=")},
	{rule: "dkim.ed25519-only", name: "the other key is not known", want: "", edit: inTurn(withTwo(edKey, goodKey), func(f *facts.Facts) {
		f.DKIM[0].Keys[1] = facts.Key{Selector: "s2", Origin: "flag", Status: facts.KeyUnknown, Why: "timeout"}
	})},
	{rule: "dkim.ed25519-only", name: "no key is good", want: "", edit: withKey("v=DKIM1; p=")},
	{rule: "dkim.ed25519-only", name: "guessed", want: "", edit: withGuess(edKey)},
	{rule: "dkim.ed25519-only", name: "the RSA key is another stream's", want: Warn, edit: inTurn(withTwo(edKey, goodKey), func(f *facts.Facts) {
		f.Streams[0].Selectors = []string{"s1"}
		f.Streams = append(f.Streams, facts.Stream{Name: "esp", MailFrom: f.Streams[0].MailFrom, DKIMDomain: "healthy.example", Selectors: []string{"s2"}})
	})},

	{rule: "dkim.g-tag", want: Info, says: "g=*", edit: withKey("v=DKIM1; g=*; p=" + rsa2048)},
	{rule: "dkim.g-tag", name: "empty", want: Info, says: "g=,", edit: withKey("v=DKIM1; g=; p=" + rsa2048)},

	{rule: "dkim.record-long", want: Info, says: "takes 513 octets", edit: func(f *facts.Facts) { f.DKIM[0].Keys[0].Octets = 513 }},
	{rule: "dkim.record-long", name: "512 fit", want: Pass, edit: func(f *facts.Facts) { f.DKIM[0].Keys[0].Octets = 512 }},

	{rule: "dkim.same-key-everywhere", want: Info, says: "one key stands at 2 names: s1._domainkey.healthy.example, s2._domainkey.healthy.example", edit: withTwo(goodKey, "p="+rsa2048[:60]+" "+rsa2048[60:])},
	{rule: "dkim.same-key-everywhere", name: "two keys", want: Pass, edit: withTwo(goodKey, edKey)},
	{rule: "dkim.same-key-everywhere", name: "of another domain", want: Info, says: "s1._domainkey.other.example", edit: func(f *facts.Facts) {
		k := keyFacts(goodKey)
		k.Name = "s1._domainkey.other.example"
		f.DKIM = append(f.DKIM, facts.DKIM{Domain: "other.example", Exists: true, Named: true, Keys: []facts.Key{k}})
	}},
	{rule: "dkim.same-key-everywhere", name: "a provider's", want: "", edit: inTurn(withTwo(goodKey, goodKey), viaCNAME)},
	{rule: "dkim.same-key-everywhere", name: "revoked ones are all alike", want: "", edit: withTwo("v=DKIM1; p=", "v=DKIM1; p=")},

	{rule: "dkim.stale", want: Info, says: "by the 202009 in its name, the key of selector mail-202009", edit: withSelector("mail-202009")},
	{rule: "dkim.stale", name: "a day", want: Info, says: "20241121", edit: withSelector("20241121")},
	{rule: "dkim.stale", name: "two years to the day", want: Pass, edit: withSelector("20241122")},
	{rule: "dkim.stale", name: "a month counts from its end", want: Pass, edit: withSelector("s202411")},
	{rule: "dkim.stale", name: "the month before", want: Info, says: "202410", edit: withSelector("s202410")},
	{rule: "dkim.stale", name: "a year counts from its end", want: Pass, edit: withSelector("2024")},
	{rule: "dkim.stale", name: "the year before", want: Info, says: "the 2023 in", edit: withSelector("2023-b")},
	{rule: "dkim.stale", name: "a size of keys", want: Pass, edit: withSelector("s1024")},
	{rule: "dkim.stale", name: "another", want: Pass, edit: withSelector("dkim2048")},
	{rule: "dkim.stale", name: "no date", want: Pass, edit: withSelector("s42582890")},
	{rule: "dkim.stale", name: "before DKIM", want: Pass, edit: withSelector("1999")},
	{rule: "dkim.stale", name: "a provider's fixed name", want: Pass, edit: withSelector("20161025")},
	{rule: "dkim.stale", name: "a provider's key", want: Pass, edit: inTurn(withSelector("202009"), viaCNAME)},
	{rule: "dkim.stale", name: "revoked", want: Pass, edit: inTurn(withKey("v=DKIM1; p="), func(f *facts.Facts) { f.DKIM[0].Keys[0].Selector = "202009" })},

	{rule: "dkim.strict-receivers", want: Info, says: "d=mail.healthy.example and not with d=healthy.example", edit: func(f *facts.Facts) { f.Streams[0].DKIMDomain = "mail.healthy.example" }},
	{rule: "dkim.strict-receivers", name: "above", want: Info, says: "d=example", edit: func(f *facts.Facts) { f.Streams[0].DKIMDomain = "example" }},
	{rule: "dkim.strict-receivers", name: "beside", want: Info, says: "d=esp.example", edit: func(f *facts.Facts) {
		f.Streams[0].DKIMDomain = "esp.example"
		f.Orgs = append(f.Orgs, facts.Org{Domain: "esp.example", Org: facts.Know("healthy.example")})
	}},
	{rule: "dkim.strict-receivers", name: "not aligned at all", want: "", edit: func(f *facts.Facts) {
		f.Streams[0].DKIMDomain = "esp.example"
		f.Orgs = append(f.Orgs, facts.Org{Domain: "esp.example", Org: facts.Know("esp.example")})
	}},
	{rule: "dkim.strict-receivers", name: "above, with psd=n between", want: "", edit: func(f *facts.Facts) {
		f.Streams[0].DKIMDomain = "example"
		f.Orgs = append(f.Orgs, facts.Org{Domain: "example", Org: facts.Know("example")})
	}},
	{rule: "dkim.strict-receivers", name: "beneath, with adkim=s", want: Info, says: "DMARC does not take that", edit: func(f *facts.Facts) {
		withDMARC("v=DMARC1; p=reject; adkim=s" + mailtoAgg)(f)
		f.Streams[0].DKIMDomain = "mail.healthy.example"
		f.Orgs = append(f.Orgs, facts.Org{Domain: "mail.healthy.example", Org: facts.Know("healthy.example")})
	}},
	{rule: "dkim.strict-receivers", name: "beneath, the organisation lost", want: Info, says: "DMARC may take that", edit: func(f *facts.Facts) { f.Streams[0].DKIMDomain = "mail.healthy.example" }},

	{rule: "dkim.adsp", want: Info, says: "dkim=all", edit: withLegacy("dkim=all")},
	{rule: "dkim.adsp", name: "another text", want: Pass, edit: withLegacy("o=~", "v=spf1 -all", "")},
	{rule: "dkim.policy-legacy", want: Info, says: "o=~", edit: withLegacy("o=~")},
	{rule: "dkim.policy-legacy", name: "a test", want: Info, says: "t=y; n=x", edit: withLegacy("t=y; n=x")},
	{rule: "dkim.policy-legacy", name: "another text", want: Pass, edit: withLegacy("dkim=all", "verification=o=~", "some words", "o=")},
}

// TestKeyPlaces holds where in a record the dkim rules point.
func TestKeyPlaces(t *testing.T) {
	for _, c := range []struct {
		rule, want string
		edit       func(*facts.Facts)
	}{
		{"dkim.p-missing", "v=DKIM1; k=rsa", withKey("v=DKIM1; k=rsa")},
		{"dkim.p-invalid", "p=AA!", withKey("v=DKIM1; p=AA! ; t=s")},
		{"dkim.key-short", "p=" + rsaKey(512), withKey("v=DKIM1; p=" + rsaKey(512))},
		{"dkim.key-1024", "p = " + rsaKey(1024), withKey("v=DKIM1; p = " + rsaKey(1024) + "\t;")},
		{"dkim.key-large", "p=" + rsaKey(4096), withKey("v=DKIM1;p=" + rsaKey(4096))},
		{"dkim.key-weak", "p=" + rsa2048, inTurn(withKey(goodKey), func(f *facts.Facts) { f.DKIM[0].Keys[0].Record.ROCA = true })},
		{"dkim.ed25519-only", "k=ed25519", withKey(edKey)},
		{"dkim.k-unknown", "k=dsa", withKey("v=DKIM1; k=dsa; p=" + rsa2048)},
		{"dkim.v-wrong", "v=DKIM1", withKey("p=" + rsa2048 + "; v=DKIM1")},
		{"dkim.h-sha1", "h=sha1", withKey("h=sha1; p=" + rsa2048)},
		{"dkim.s-tag", "s=tlsrpt", withKey("s=tlsrpt; p=" + rsa2048)},
		{"dkim.duplicate-tag", "k=rsa ", withKey("k=rsa; p=" + rsa2048 + "; k=rsa ")},
		{"dkim.revoked", "p=", withKey("v=DKIM1; p=;")},
		{"dkim.t-y", "t=y", withKey("v=DKIM1; t=y; p=" + rsa2048)},
		{"dkim.g-tag", "g=*", withKey("g=*; p=" + rsa2048)},
		{"dkim.multiple", edKey, withKey(goodKey, edKey)},
		{"dkim.not-dkim-txt", "words", withKey(goodKey, "words")},
		{"dkim.same-key-everywhere", "p=" + rsa2048, withTwo(goodKey, goodKey)},
		{"dkim.adsp", "dkim=all", withLegacy("o=~", "dkim=all")},
		{"dkim.policy-legacy", "o=~", withLegacy("dkim=all", "o=~")},
	} {
		t.Run(c.rule, func(t *testing.T) { points(t, c.rule, strings.TrimSpace(c.want), c.edit) })
	}
}

// points fails unless a rule's finding on an edited healthy domain points at a part of a record.
func points(t *testing.T, rule, want string, edit func(*facts.Facts)) {
	t.Helper()
	f := healthy()
	edit(f)
	for _, x := range Run(f, everything).Findings {
		if x.Check.ID != rule || x.Status == Pass {
			continue
		}
		if at := x.At; at.Name == "" || at.Offset+at.Length > len(at.Record) || at.Record[at.Offset:at.Offset+at.Length] != want {
			t.Errorf("%+v, want %q", at, want)
		}
		return
	}
	t.Errorf("no finding")
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

// TestMissingOnce holds that a missing key of which another rule says why costs once.
func TestMissingOnce(t *testing.T) {
	for rule, edit := range map[string]func(*facts.Facts){
		"dkim.cname-dangling": dangling, "dkim.doubled-name": doubled, "dkim.p-invalid": withKey(`v=DKIM1; t=s;""p=` + rsa2048),
	} {
		f := healthy()
		edit(f)
		var own []string
		for _, x := range withStatus(f, Fail) {
			if !x.Implied {
				own = append(own, x.Check.ID)
			}
		}
		if len(own) != 1 || own[0] != rule {
			t.Errorf("not implied by another: %v, want %s alone", own, rule)
		}
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

// TestHintsDecideNothing: what only a further question leaves open changes no verdict.
func TestHintsDecideNothing(t *testing.T) {
	f := healthy()
	f.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone, Unplaced: "SERVFAIL", Walk: []facts.DMARCStep{{Name: "_dmarc.healthy.example", Status: "none"}}})
	f.DKIM[0].Keys[0].Status, f.DKIM[0].Keys[0].Undoubled = facts.KeyMissing, "SERVFAIL"
	for _, x := range Run(f, everything).Findings {
		if (x.Check.ID == "dmarc.wrong-location" || x.Check.ID == "dkim.doubled-name") && (x.Status != Unknown || x.Deciding) {
			t.Errorf("%s is %s, deciding %v", x.Check.ID, x.Status, x.Deciding)
		}
	}
}
