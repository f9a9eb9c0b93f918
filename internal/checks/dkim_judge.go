package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/taglist"
)

// inUse says whether the user or a message named the selector. Nobody knows whether a guessed one signs, so its faults never fail.
func inUse(k facts.Key) bool { return k.Named() }

// guessNote follows what is said of a key that may not be in use.
func guessNote(k facts.Key) string {
	if inUse(k) {
		return ""
	}
	return "; the selector was guessed and may not be in use"
}

// tagAt is the place of the tag that begins at an offset of a record, up to its semicolon.
func tagAt(at, text string, offset int) Place {
	offset = min(max(offset, 0), len(text)) // saved facts may say anything
	tag, _, _ := strings.Cut(text[offset:], ";")
	return Place{Name: at, Record: text, Offset: offset, Length: len(strings.TrimRight(tag, " \t\r\n"))}
}

// wholeAt is the place of a whole record.
func wholeAt(at, text string) Place { return Place{Name: at, Record: text, Length: len(text)} }

// keyTag is the place of a tag of a key record, or of the whole record where the tag is not there.
func keyTag(k facts.Key, name string) Place {
	i := slices.IndexFunc(k.Record.Tags, func(t taglist.Tag) bool { return t.Name == name })
	if i < 0 {
		return wholeAt(k.Name, k.Record.Text)
	}
	return tagAt(k.Name, k.Record.Text, k.Record.Tags[i].Offset)
}

// here is the list of a single violation at a place.
func here(at Place, s Status, message string) []Violation {
	return []Violation{{Status: s, Message: message, At: at}}
}

func dkimNoneFound(_ *facts.Facts, d facts.DKIM) []Violation {
	if hasKey(d) {
		return nil
	}
	return one(Warn, fmt.Sprintf("no DKIM key: _domainkey.%s does not exist, so no selector beneath it does", d.Domain))
}

func dkimNotFoundMaybe(_ *facts.Facts, d facts.DKIM) []Violation {
	if hasKey(d) {
		return nil
	}
	why := fmt.Sprintf("something stands beneath _domainkey.%s, and selectors cannot be listed", d.Domain)
	if d.Subtree.Value == facts.SubtreeWildcard {
		why = fmt.Sprintf("a wildcard answers for every name beneath _domainkey.%s, so that a guess proves nothing", d.Domain)
	}
	message := fmt.Sprintf("no DKIM key under %s, which does not mean that there is none: %s", count(d.Guessed, "guessed selector"), why)
	if len(d.Lost) > 0 {
		message += fmt.Sprintf("; %d of the guesses got no answer", len(d.Lost))
	}
	revoked := 0
	for _, k := range d.Keys {
		if k.Status == facts.KeyRevoked {
			revoked++
		}
	}
	if revoked > 0 {
		message += "; they found " + count(revoked, "revoked key")
	}
	return one(Info, message)
}

func dkimSelectorMissing(_ *facts.Facts, k facts.Key) []Violation {
	if k.Status != facts.KeyMissing {
		return nil
	}
	message := fmt.Sprintf("selector %s is in use, but there is no TXT record at %s", k.Selector, k.Name)
	if len(k.Texts) > 0 {
		message = fmt.Sprintf("selector %s is in use, but there is no key at %s, only %s of another kind", k.Selector, k.Name, count(len(k.Texts), "TXT record"))
	}
	// dkim.cname-dangling and dkim.doubled-name say why.
	return []Violation{{Status: Fail, Message: message, Implied: k.Dangling || k.Doubled != ""}}
}

func dkimDoubledName(_ *facts.Facts, k facts.Key) []Violation {
	switch {
	case k.Status != facts.KeyMissing:
		return nil
	case k.Doubled == "" && k.Undoubled != "":
		return one(Unknown, k.Undoubled)
	case k.Doubled == "":
		return nil
	}
	return one(Fail, fmt.Sprintf("the key of selector %s stands at %s, and verifiers look at %s", k.Selector, k.Doubled, k.Name))
}

func dkimCNAMEDangling(_ *facts.Facts, k facts.Key) []Violation {
	if !k.Dangling {
		return nil
	}
	target := "a name"
	if n := len(k.CNAME); n > 0 {
		target = k.CNAME[n-1]
	}
	if !inUse(k) {
		return one(Warn, fmt.Sprintf("selector %s is a CNAME to %s, where no key is published", k.Selector, target))
	}
	return one(Fail, fmt.Sprintf("selector %s is in use, but it is a CNAME to %s, where no key is published", k.Selector, target))
}

// maxCNAME is how many CNAMEs are nothing to remark on: one to a provider, and what that needs to move keys about.
const maxCNAME = 3

func dkimCNAMEChain(_ *facts.Facts, k facts.Key) []Violation {
	if len(k.CNAME) <= maxCNAME {
		return nil
	}
	return one(Info, fmt.Sprintf("selector %s leads to its key by %d CNAMEs: %s", k.Selector, len(k.CNAME), some(k.CNAME)))
}

// keyTexts parts the TXT records at a selector into keys and others.
func keyTexts(k facts.Key) (keys, others []string) {
	for _, text := range k.Texts {
		if dkim.IsKey(text) {
			keys = append(keys, text)
		} else {
			others = append(others, text)
		}
	}
	return keys, others
}

func dkimMultiple(_ *facts.Facts, k facts.Key) []Violation {
	l, _ := keyTexts(k)
	switch {
	case len(l) < 2:
		return nil
	case inUse(k):
		return here(wholeAt(k.Name, l[1]), Fail, fmt.Sprintf("selector %s is in use, but has %d key records, and which one a verifier takes is undefined", k.Selector, len(l)))
	}
	return here(wholeAt(k.Name, l[1]), Info, fmt.Sprintf("selector %s, a guess that may not be in use, has %d key records, and which one a verifier takes is undefined", k.Selector, len(l)))
}

func dkimNotKey(_ *facts.Facts, k facts.Key) []Violation {
	keys, others := keyTexts(k)
	if len(others) == 0 {
		return nil
	}
	v := Violation{Status: Warn, At: wholeAt(k.Name, others[0]), Implied: len(keys) == 0} // by dkim.selector-missing
	if !inUse(k) {
		v.Status = Info
	}
	v.Message = fmt.Sprintf("a TXT record at %s is no key: %s%s", k.Name, clip(others[0]), guessNote(k))
	if more := len(others) - 1; more > 0 {
		v.Message += fmt.Sprintf("; and %d more", more)
	}
	return []Violation{v}
}

// dkimWildcard is about a wildcard that answers with no key where no selector is published. Signatures with a published
// selector have nothing to fear from it (RFC 4592 2.2.1).
func dkimWildcard(_ *facts.Facts, d facts.DKIM) []Violation {
	_, others := keyTexts(facts.Key{Texts: d.Wildcard})
	if len(others) == 0 {
		return nil
	}
	return here(wholeAt("*._domainkey."+d.Domain, others[0]), Info,
		fmt.Sprintf("a wildcard answers for every name beneath _domainkey.%s with a TXT record that is no key: %s", d.Domain, clip(others[0])))
}

// keyProblem judges one kind of fault of which each alone makes verifiers ignore the key.
func keyProblem(kinds ...dkim.Kind) func(*facts.Facts, facts.Key) []Violation {
	return func(_ *facts.Facts, k facts.Key) []Violation {
		for _, p := range k.Record.Problems {
			if !slices.Contains(kinds, p.Kind) {
				continue
			}
			if p.Kind != dkim.NoKey {
				return ignored(k, tagAt(k.Name, k.Record.Text, p.Offset), clip(p.Message))
			}
			l := ignored(k, wholeAt(k.Name, k.Record.Text), p.Message)
			// What is no tag may be the key: dkim.p-invalid.
			l[0].Implied = slices.ContainsFunc(k.Record.Problems, func(p dkim.Problem) bool { return p.Kind == dkim.Syntax })
			return l
		}
		return nil
	}
}

// ignored is the violation of a key that verifiers do not take.
func ignored(k facts.Key, at Place, why string) []Violation {
	if inUse(k) {
		return here(at, Fail, fmt.Sprintf("selector %s is in use, but verifiers ignore its key: %s", k.Selector, why))
	}
	return here(at, Info, fmt.Sprintf("verifiers ignore the key of selector %s, a guess that may not be in use: %s", k.Selector, why))
}

func dkimRevoked(_ *facts.Facts, k facts.Key) []Violation {
	if k.Status != facts.KeyRevoked {
		return nil
	}
	return ignored(k, keyTag(k, "p"), "it is revoked (p= is empty)")
}

// The sizes of RSA keys that signers should use at least, and that verifiers must take at most (RFC 8301 3.2).
const (
	bitsEnough = 2048
	bitsMost   = 4096
)

func dkimKey1024(_ *facts.Facts, k facts.Key) []Violation {
	if k.Record.Bits < 1024 || k.Record.Bits >= bitsEnough { // below: dkim.key-short, or ed25519 with its 256
		return nil
	}
	message := fmt.Sprintf("the RSA key of selector %s has %d bits, and signers should use %d or more", k.Selector, k.Record.Bits, bitsEnough)
	switch {
	case len(k.CNAME) > 0:
		return here(keyTag(k, "p"), Info, message+fmt.Sprintf("; it is for whoever runs %s to change", k.CNAME[len(k.CNAME)-1]))
	case !inUse(k):
		return here(keyTag(k, "p"), Info, message+guessNote(k))
	}
	return here(keyTag(k, "p"), Warn, message)
}

func dkimKeyLarge(_ *facts.Facts, k facts.Key) []Violation {
	switch bits := k.Record.Bits; {
	case bits <= bitsEnough:
		return nil
	case bits <= bitsMost || !inUse(k):
		return here(keyTag(k, "p"), Info, fmt.Sprintf("the RSA key of selector %s has %d bits: verifiers must take up to %d, and %d are enough%s",
			k.Selector, bits, bitsMost, bitsEnough, guessNote(k)))
	default:
		return here(keyTag(k, "p"), Warn, fmt.Sprintf("the RSA key of selector %s has %d bits, and verifiers need not take more than %d", k.Selector, bits, bitsMost))
	}
}

func dkimKeyWeak(_ *facts.Facts, k facts.Key) []Violation {
	r := k.Record
	var why string
	switch {
	case r.ROCA:
		why = "its modulus bears the mark of CVE-2017-15361 (ROCA), so that its private half can be computed"
	case r.Exponent == 1:
		why = "its exponent is 1, so that anybody can make signatures that verify"
	case r.Exponent > 0 && r.Exponent%2 == 0:
		why = fmt.Sprintf("its exponent is %d, and that of an RSA key is odd", r.Exponent)
	default:
		return nil
	}
	s := Fail
	if !inUse(k) {
		s = Warn // whoever holds it signs as the domain, whether the domain does or not
	}
	return here(keyTag(k, "p"), s, fmt.Sprintf("the key of selector %s is worthless: %s%s", k.Selector, why, guessNote(k)))
}

func dkimEd25519Only(_ *facts.Facts, l []facts.Key) []Violation {
	if slices.ContainsFunc(l, func(k facts.Key) bool { return k.Record.KeyType != "ed25519" }) {
		return nil
	}
	return here(keyTag(l[0], "k"), Warn, fmt.Sprintf("the only key that verifies is ed25519 (selector %s): to a verifier that does not know it the mail is unsigned", l[0].Selector))
}

func dkimTesting(_ *facts.Facts, k facts.Key) []Violation {
	if !k.Record.Testing {
		return nil
	}
	return here(keyTag(k, "t"), Info, fmt.Sprintf("the key of selector %s is marked as a test (t=y), so a signature that fails counts as none", k.Selector))
}

func dkimGranularity(_ *facts.Facts, k facts.Key) []Violation {
	for _, t := range k.Record.Tags {
		if t.Name == "g" {
			return here(keyTag(k, "g"), Info, fmt.Sprintf("the key of selector %s has g=%s, which RFC 6376 removed: verifiers ignore it", k.Selector, clip(t.Value)))
		}
	}
	return nil
}

// maxAnswer is the size of a DNS message over UDP without EDNS (RFC 1035 4.2.1).
const maxAnswer = 512

func dkimRecordLong(_ *facts.Facts, k facts.Key) []Violation {
	if k.Octets <= maxAnswer {
		return nil
	}
	return one(Info, fmt.Sprintf("the TXT data at %s takes %d octets, and an answer of more than %d needs EDNS or TCP", k.Name, k.Octets, maxAnswer))
}

// dkimSameKey compares all keys with each other. What a CNAME leads to is the provider's, who may have its reasons.
func dkimSameKey(f *facts.Facts) []Verdict {
	var own []facts.Key
	for _, s := range onlyKnown(keyRecords)(f) {
		if k := s.of.Value; k.Status == facts.KeyValid && len(k.CNAME) == 0 {
			own = append(own, k)
		}
	}
	if len(own) < 2 {
		return nil
	}
	v := Verdict{Subject: f.Domain}
	for i, k := range own {
		same := func(o facts.Key) bool { return keyData(o) == keyData(k) }
		if slices.ContainsFunc(own[:i], same) {
			continue // said of the first of them
		}
		var names []string
		for _, o := range own[i:] {
			if same(o) {
				names = append(names, o.Name)
			}
		}
		if len(names) > 1 {
			v.Broken = append(v.Broken, here(keyTag(k, "p"), Info, fmt.Sprintf("one key stands at %d names: %s", len(names), some(names)))...)
		}
	}
	return []Verdict{v}
}

// keyData is the value of p= without its white space.
func keyData(k facts.Key) string {
	for _, t := range k.Record.Tags {
		if t.Name == "p" {
			return strings.Join(strings.Fields(t.Value), "")
		}
	}
	return ""
}

// fixedSelectors hold a date and are no dates of their customers' keys: they are the providers' own names (Google, Pardot,
// Tencent, Cloudflare).
var fixedSelectors = []string{"20161025", "20230601", "200608", "s201512", "cf2024-1"}

func dkimStale(f *facts.Facts, k facts.Key) []Violation {
	if k.Status != facts.KeyValid || len(k.CNAME) > 0 || slices.Contains(fixedSelectors, k.Selector) {
		return nil
	}
	today := f.Started.UTC().Truncate(24 * time.Hour)
	made, date, ok := selectorDate(k.Selector, today)
	if !ok || !made.AddDate(2, 0, 0).Before(today) {
		return nil
	}
	return one(Info, fmt.Sprintf("by the %s in its name, the key of selector %s is older than 2 years", date, k.Selector))
}

func dkimTwinMissing(_ *facts.Facts, k facts.Key) []Violation {
	switch {
	case len(k.Twins) == 0 && k.TwinsLost != "":
		return one(Unknown, clip(k.TwinsLost))
	case len(k.Twins) == 0:
		return nil
	}
	return one(Info, fmt.Sprintf("%s has its customers publish %s beside selector %s, and nothing stands there",
		k.Provider, strings.Join(k.Twins, ", "), k.Selector))
}

// selectorDate reads the date that a selector holds, as YYYY, YYYYMM or YYYYMMDD. Where a day or month is missing it is the
// last. Numbers that are no date of DKIM's time are none: 1024 and 2048 are sizes of keys.
func selectorDate(selector string, today time.Time) (day time.Time, date string, ok bool) {
	for _, date := range strings.FieldsFunc(selector, func(c rune) bool { return c < '0' || c > '9' }) {
		for _, form := range []struct {
			layout              string
			years, months, days int
		}{{"20060102", 0, 0, 0}, {"200601", 0, 1, -1}, {"2006", 1, 0, -1}} {
			t, err := time.Parse(form.layout, date)
			if err == nil && t.Year() >= 2004 && !t.After(today) {
				return t.AddDate(form.years, form.months, form.days), date, true
			}
		}
	}
	return time.Time{}, "", false
}

func dkimStrictReceivers(f *facts.Facts, d string) []Violation {
	if d == f.Domain {
		return nil
	}
	_, mode := modes(f)
	takes := "DMARC may take that"
	switch identity(f, d, mode, "").Aligned {
	case "pass":
		takes = "DMARC takes that"
	case "fail":
		takes = "DMARC does not take that"
	}
	return one(Info, fmt.Sprintf("mail is signed with d=%s and not with d=%s: %s, and T-Online does not", d, f.Domain, takes))
}

func dkimADSP(_ *facts.Facts, d facts.DKIM) []Violation {
	for _, text := range d.Legacy {
		// RFC 5617 4.2.1: dkim= comes first.
		if tags, _ := taglist.Parse(text); len(tags) > 0 && tags[0].Name == "dkim" {
			return here(wholeAt("_adsp._domainkey."+d.Domain, text), Info, fmt.Sprintf("an ADSP record, historic, stands at _adsp._domainkey.%s: %s", d.Domain, clip(text)))
		}
	}
	return nil
}

func dkimPolicyLegacy(_ *facts.Facts, d facts.DKIM) []Violation {
	for _, text := range d.Legacy {
		// RFC 4870 3.6: o= says whether all mail is signed, and t=y that it is a test.
		tags, problems := taglist.Parse(text)
		is := func(t taglist.Tag) bool {
			return t.Name == "o" && (t.Value == "~" || t.Value == "-") || t.Name == "t" && t.Value == "y"
		}
		if len(problems) == 0 && slices.ContainsFunc(tags, is) {
			return here(wholeAt("_domainkey."+d.Domain, text), Info, fmt.Sprintf("a DomainKeys policy, historic, stands at _domainkey.%s: %s", d.Domain, clip(text)))
		}
	}
	return nil
}
