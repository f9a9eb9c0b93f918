package gather

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// keys finds the keys of every signing domain. Selectors that the user named are looked up and judged; only where
// none is named are the usual ones tried, and what is not found there proves nothing (RFC 6376 3.1: a selector
// is any name that the signer likes).
func (g *gatherer) keys(records []spfRecord) []facts.DKIM {
	var l []facts.DKIM
	selectors := map[string][]string{}
	for _, s := range g.t.Streams {
		i := slices.IndexFunc(l, func(d facts.DKIM) bool { return d.Domain == s.DKIMDomain })
		if i < 0 {
			i = len(l)
			l = append(l, facts.DKIM{Domain: s.DKIMDomain, Keys: []facts.Key{}, Lost: []facts.Lost{}})
		}
		l[i].Streams = append(l[i].Streams, s.Name)
		for _, x := range s.Selectors {
			if !slices.Contains(selectors[s.DKIMDomain], x) {
				selectors[s.DKIMDomain] = append(selectors[s.DKIMDomain], x)
			}
		}
	}
	return every(l, func(d facts.DKIM) facts.DKIM {
		d.Named = len(selectors[d.Domain]) > 0
		return g.signer(d, selectors[d.Domain], records)
	})
}

// signer finds what one signing domain publishes.
func (g *gatherer) signer(d facts.DKIM, named []string, records []spfRecord) facts.DKIM {
	subtree := soon(func() dnsx.Answer { return g.ask("_domainkey."+d.Domain, dnsx.TXT) })
	wildcard := soon(func() dnsx.Answer { return g.ask(unlikely(d.Domain)+"._domainkey."+d.Domain, dnsx.TXT) })
	adsp := soon(func() dnsx.Answer { return g.ask("_adsp._domainkey."+d.Domain, dnsx.TXT) }) // RFC 5617, historic
	exists := soon(func() bool { return g.ask(d.Domain, dnsx.TXT).Status != dnsx.NXDomain })
	found := every(named, func(sel string) facts.Key {
		origin := "flag"
		if by := g.learnedBy(d.Domain, sel); by != "" {
			origin = by
		}
		k := g.key(d.Domain, sel, origin)
		if k.Status == facts.KeyMissing {
			k.Doubled, k.Undoubled = g.doubled(k.Name, d.Domain)
		}
		return k
	})

	wild := wildcard()
	if !d.Named {
		found = g.guess(&d, subtree(), wild, records)
	}
	d.Keys = append(d.Keys, every(found, func(k facts.Key) facts.Key {
		k.Twins, k.TwinsLost = g.missingTwins(d.Domain, k)
		return k
	})...)
	d.Exists = exists()
	for _, r := range wild.Records {
		d.Wildcard = append(d.Wildcard, r.Text)
	}
	if wild.Status == dnsx.Failed {
		d.Unread = wild.Cause
	}
	for _, a := range []dnsx.Answer{subtree(), adsp()} {
		if a.Status == dnsx.Failed {
			d.Unread = a.Cause
		}
		for _, r := range a.Records {
			if !slices.Contains(d.Wildcard, r.Text) {
				d.Legacy = append(d.Legacy, r.Text)
			}
		}
	}
	slices.Sort(d.Wildcard)
	slices.Sort(d.Legacy)
	d.Subtree = subtreeOf(subtree(), wild, d.Keys)
	return d
}

// subtreeOf is what stands beneath _domainkey: NXDOMAIN there means nothing beneath (RFC 8020 2), and any other answer
// something, were there not servers that get just this wrong: a key that is found proves them so.
func subtreeOf(a, wild dnsx.Answer, keys []facts.Key) facts.Fact[string] {
	some := slices.ContainsFunc(keys, func(k facts.Key) bool { return k.Status != facts.KeyMissing && k.Status != facts.KeyUnknown })
	switch {
	case wild.Status == dnsx.Found:
		return facts.Know(facts.SubtreeWildcard)
	case some:
		return facts.Know(facts.SubtreeExists)
	case wild.Status == dnsx.NoData || len(wild.Chain) > 0:
		return facts.Know(facts.SubtreeWildcard) // of other types, or an alias: every name exists (RFC 4592 2.2.1)
	case a.Status == dnsx.Found || a.Status == dnsx.NoData:
		return facts.Know(facts.SubtreeExists)
	case a.Status == dnsx.NXDomain && len(a.Chain) == 0:
		return facts.Know(facts.SubtreeAbsent)
	case a.Status == dnsx.NXDomain:
		return facts.Know(facts.SubtreeExists) // a CNAME stands there
	}
	return facts.Cannot[string](a.Cause)
}

// guess tries the selectors that the domain's providers use, then the usual ones. Where _domainkey does not exist a
// single one is tried, against servers that break RFC 8020.
func (g *gatherer) guess(d *facts.DKIM, subtree, wild dnsx.Answer, records []spfRecord) []facts.Key {
	try := make([]guess, 0, len(commonSelectors))
	for _, s := range commonSelectors {
		try = append(try, guess{s, "common"})
	}
	if subtree.Status == dnsx.NXDomain {
		first := g.key(d.Domain, try[0].selector, try[0].origin)
		if first.Status == facts.KeyMissing || first.Status == facts.KeyUnknown {
			d.Guessed = 1
			return nil
		}
	}
	// What the providers' names in MX and SPF add is known only when those are; the usual ones need not wait.
	usual := soon(func() []facts.Key { return g.tryAll(d.Domain, try, wild) })
	var more []guess
	for _, s := range providerSelectors(g.providerNames(records)) {
		if !slices.Contains(commonSelectors, s) {
			more = append(more, guess{s, "provider"})
		}
	}
	tried := append(g.tryAll(d.Domain, more, wild), usual()...)
	d.Guessed = len(tried)
	var found []facts.Key
	for _, k := range tried {
		switch k.Status {
		case facts.KeyMissing:
		case facts.KeyUnknown:
			d.Lost = append(d.Lost, facts.Lost{Selector: k.Selector, Why: k.Why})
		default:
			if wild.Status == dnsx.Failed {
				d.Lost = append(d.Lost, facts.Lost{Selector: k.Selector, Why: "what stands there may stand at every name: " + wild.Cause})
				continue
			}
			found = append(found, k)
		}
	}
	return found
}

type guess struct{ selector, origin string }

func (g *gatherer) tryAll(domain string, l []guess, wild dnsx.Answer) []facts.Key {
	name := func(x guess) dnsx.Question { return keyName(domain, x.selector) }
	return ahead(g, l, name, isThere, func(x guess, a dnsx.Answer) facts.Key {
		return keyOf(domain, x.selector, x.origin, a, wild)
	})
}

// keyName is where a key stands (RFC 6376 3.6.2.1).
func keyName(domain, selector string) dnsx.Question {
	return dnsx.Q(selector+"._domainkey."+domain, dnsx.TXT)
}

// key looks one selector up.
func (g *gatherer) key(domain, selector, origin string) facts.Key {
	return keyOf(domain, selector, origin, g.dns.Lookup(g.ctx, keyName(domain, selector)), dnsx.Answer{})
}

// keyOf is what stands at one selector. What a wildcard answers for every name is no key of this selector.
func keyOf(domain, selector, origin string, a, wild dnsx.Answer) facts.Key {
	k := facts.Key{Selector: selector, Name: keyName(domain, selector).Name, Origin: origin, Texts: []string{}}
	k.CNAME, k.Provider = a.Chain, providerOf(a.Chain)
	switch a.Status {
	case dnsx.Failed:
		k.Status, k.Why = facts.KeyUnknown, a.Cause
		return k
	case dnsx.NXDomain, dnsx.NoData:
		k.Status = facts.KeyMissing
		k.Dangling = len(a.Chain) > 0
		if k.Dangling && !k.Named() && !slices.Equal(a.Chain, wild.Chain) {
			k.Status = facts.KeyInvalid // worth a word although nobody named it
		}
		return k
	}
	for _, r := range a.Records {
		k.Octets += len(r.Text) + len(r.Strings)
		byWildcard := slices.ContainsFunc(wild.Records, func(w dnsx.Record) bool { return w.Text == r.Text })
		if !byWildcard {
			k.Texts = append(k.Texts, r.Text)
		}
	}
	slices.Sort(k.Texts)
	texts := keyTexts(k)
	if len(texts) == 0 {
		k.Status = facts.KeyMissing
		return k
	}
	// RFC 6376 3.6.2.2: what several records mean is undefined. The first stands for them in the evidence.
	rec := dkim.Parse(texts[0])
	k.Record = &rec
	switch {
	case len(texts) > 1:
		k.Status = facts.KeyInvalid
	case rec.Revoked && len(rec.Problems) == 0:
		k.Status = facts.KeyRevoked
	case rec.Usable():
		k.Status = facts.KeyValid
	default:
		k.Status = facts.KeyInvalid
	}
	return k
}

// keyTexts are the records at a selector that are meant to be keys.
func keyTexts(k facts.Key) []string {
	return slices.DeleteFunc(slices.Clone(k.Texts), func(t string) bool { return !dkim.IsKey(t) })
}

// doubled is the name at which a key stands that is missing at its own: panels that append the zone to whatever is typed
// publish it beneath the domain twice.
func (g *gatherer) doubled(name, domain string) (at, lost string) {
	twice := name + "." + domain
	a := g.ask(twice, dnsx.TXT)
	for _, r := range a.Records {
		if dkim.IsKey(r.Text) {
			return twice, ""
		}
	}
	if a.Status == dnsx.Failed {
		return "", twice + ": " + a.Cause
	}
	return "", ""
}

// missingTwins are the other selectors of a key's provider at which nothing stands, and why that is not known of some.
func (g *gatherer) missingTwins(domain string, k facts.Key) (missing []string, lost string) {
	all := twins[k.Provider]
	if k.Status != facts.KeyValid || !slices.Contains(all, k.Selector) {
		return nil, ""
	}
	for _, twin := range every(all, func(sel string) facts.Key { return g.key(domain, sel, "provider") }) {
		switch {
		case twin.Status == facts.KeyMissing || twin.Dangling:
			missing = append(missing, twin.Selector)
		case twin.Status == facts.KeyUnknown:
			lost = twin.Name + ": " + twin.Why
		}
	}
	return missing, lost
}

// providerOf is the provider that a selector's CNAME leads to.
func providerOf(chain []string) string {
	for _, c := range chain {
		for _, p := range providers {
			if slices.ContainsFunc(p.names, func(n string) bool { return within(c, n) }) {
				return p.name
			}
		}
	}
	return ""
}

// unlikely is a label that nobody publishes unless by a wildcard, the same in every run so that a replay asks for it too.
func unlikely(domain string) string {
	sum := sha256.Sum256([]byte(domain))
	return "mailaudit-" + hex.EncodeToString(sum[:5])
}

// Unmade is the name beneath another that an audit asks for to see a wildcard there: nobody made it.
func Unmade(above string) string {
	return unlikely(strings.TrimPrefix(above, "_domainkey.")) + "." + above
}

// providerNames are the names that tell who hosts and sends the domain's mail: MX hosts and what SPF includes.
// Nothing here waits for their addresses.
func (g *gatherer) providerNames(records []spfRecord) []string {
	var l []string
	for _, h := range g.mx(false).Value.Hosts {
		l = append(l, h.Host)
	}
	for _, r := range records {
		l = append(l, g.includes(r.domain)...)
	}
	return l
}

// providerSelectors are the fixed selectors of the providers that own the names.
func providerSelectors(names []string) []string {
	var l []string
	for _, p := range providers {
		if slices.ContainsFunc(names, func(n string) bool { return slices.ContainsFunc(p.names, func(s string) bool { return within(n, s) }) }) {
			l = append(l, p.selectors...)
		}
	}
	slices.Sort(l)
	return slices.Compact(l)
}

// within says whether a name is a domain or stands beneath it.
func within(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}
