package checks

import (
	"fmt"
	"slices"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// refuseUnsigned are the receivers that want a DKIM signature which verifies even where SPF passes.
var refuseUnsigned = []Refusal{
	{Receiver: "gmail", Bulk: true}, {Receiver: "yahoo", Bulk: true}, {Receiver: "outlook", Bulk: true}, {Receiver: "icloud", Bulk: true},
	{Receiver: "gmx"}, {Receiver: "webde"},
}

// unsignedReplies are what receivers answer to mail without such a signature.
var unsignedReplies = []string{
	"550 5.7.30 .. didn't pass DKIM authentication. Gmail requires bulk email senders to authenticate their email with DKIM.",
	"550 5.7.515 Access denied, sending domain {d} doesn't meet the required authentication level.",
	"559 5.1.9 (DKIM reject DKIMr) Missing, invalid or non-matching DKIM signature (250)",
}

var dkimChecks = []*Check{
	{
		ID: "dkim.none-found", Title: "the domain publishes a DKIM key", Area: "dkim", Worst: Warn, Impact: Reject,
		References: []string{"RFC 8020 2", "RFC 6376 3.6.2.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "Every DKIM key stands beneath _domainkey. Where that name does not exist (NXDOMAIN), no selector does, so no " +
			"signature of this domain can verify. GMX and web.de refuse such mail; Gmail, Yahoo, Outlook.com and iCloud refuse it from bulk senders.",
		Fix:   "Turn on DKIM signing at whoever sends your mail, and publish the key that you are given",
		Judge: each(certain, dkimNoneFound),
	},
	{
		ID: "dkim.not-found-maybe", Title: "a DKIM key is found", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 3.6.2.1", "RFC 8020 2"},
		Needs:      facts.Keys,
		Help: "Selectors are free names and cannot be listed, so a key that no guess finds may well exist. The s= tag of the " +
			"DKIM-Signature header of any message that you sent names the selector; with --selector it is judged and not guessed.",
		Fix:   "Read the s= tag in the DKIM-Signature header of a sent message, and audit again with --selector",
		Judge: each(uncertain, dkimNotFoundMaybe),
	},
	{
		ID: "dkim.selector-missing", Title: "each selector in use has a key", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 6.1.2", "RFC 6376 3.6.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "A verifier looks the selector of the signature up. Where it finds no key the signature fails for good " +
			"(PERMFAIL), and the mail counts as unsigned.",
		Fix:   "Publish the key of this selector, which your mail server or its provider shows, or sign with a selector that is published",
		Judge: each(namedKeys, dkimSelectorMissing),
	},
	{
		ID: "dkim.cname-dangling", Title: "no selector is a CNAME to a name without a key", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.2", "RFC 6376 6.1.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "Providers have you point the selector at a key of theirs. The key appears there only once DKIM is turned on " +
			"at the provider, and goes away when the account does: until then every signature with this selector fails.",
		Fix:   "Finish the DKIM set-up at the provider, or remove the CNAME if it is no longer used",
		Judge: each(keys, dkimCNAMEDangling),
	},
	{
		ID: "dkim.multiple", Title: "each selector has one key record", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.2.2", "RFC 6376 6.1.2"},
		Replies:    unsignedReplies,
		Needs:      facts.Keys,
		Help: "There must be one key record at a selector. With more, a verifier may take any of them, so the same signature " +
			"passes here and fails there, and changes its mind from day to day.",
		Fix:   "Keep the record whose key the server signs with, and give the other a selector of its own",
		Judge: each(keys, dkimMultiple),
	},
	{
		ID: "dkim.revoked", Title: "no key is revoked", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1", "RFC 6376 6.1.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "An empty p= says that the key was withdrawn: right for a selector that is no longer used, fatal for one that " +
			"still signs.",
		Fix:   "Sign with a selector whose key is published, or publish the key of this one again",
		Judge: each(keyRecords, dkimRevoked),
	},
	{
		ID: "dkim.p-missing", Title: "key records hold a key", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "The p= tag is the key. A record without it is no key record, and every signature with this selector fails.",
		Fix:        "Publish the record again, whole, as the signing software prints it",
		Judge:      each(keyRecords, keyProblem(dkim.NoKey)),
	},
	{
		ID: "dkim.p-invalid", Title: "keys can be read", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1", "RFC 6376 3.2", "RFC 8463 4.2"},
		Replies:    append([]string{"554 5.7.5 (AU01)"}, unsignedReplies...),
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "A key is long, and panels cut it, put quotes or backslashes into it, or lose a piece where two strings meet. " +
			"One wrong character is enough: the record or its key cannot be decoded, and every signature with this selector fails.",
		Fix:   "Publish the record again: as strings of at most 255 octets, without quotes or backslashes inside the data",
		Judge: each(keyRecords, keyProblem(dkim.BadKey, dkim.Syntax)),
	},
	{
		ID: "dkim.key-short", Title: "RSA keys have 1024 bits or more", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 8301 3.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "An RSA key of fewer than 1024 bits can be computed from the record by others, so verifiers must not accept it. " +
			"Gmail and Yahoo ask for 1024 bits on their own pages too.",
		Fix:   "Make an RSA key of 2048 bits, publish it at a new selector, and sign with that",
		Judge: each(keyRecords, keyProblem(dkim.ShortKey)),
	},
	{
		ID: "dkim.key-1024", Title: "RSA keys have 2048 bits or more", Area: "dkim", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 8301 3.2"},
		Needs:      facts.Keys,
		Help: "1024 bits are the least that verifiers take, and 2048 are what signers should use: the margin is what is missing. " +
			"Where the selector is a CNAME the key is the provider's to change.",
		Fix:   "Make an RSA key of 2048 bits, publish it at a new selector, and sign with that",
		Judge: each(keyRecords, dkimKey1024),
	},
	{
		ID: "dkim.k-unknown", Title: "key types are rsa or ed25519", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1", "RFC 8463 4.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "Verifiers ignore a key whose k= they do not know, and there are two that they may know: rsa and ed25519.",
		Fix:        "Correct k=, or remove it for an RSA key",
		Judge:      each(keyRecords, keyProblem(dkim.KeyType)),
	},
	{
		ID: "dkim.v-wrong", Title: "key records begin with v=DKIM1 or have no v=", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "A v= tag may be left out. Where it stands it must be the first tag and exactly DKIM1, or verifiers discard the record.",
		Fix:        "Put v=DKIM1 first, spelt so",
		Judge:      each(keyRecords, keyProblem(dkim.Version)),
	},
	{
		ID: "dkim.h-sha1", Title: "keys may be used with SHA-256", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 8301 3.1", "RFC 6376 3.6.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "h= lists the hashes that the key may be used with. SHA-1 must not be used any more, so a key for SHA-1 alone " +
			"verifies nothing.",
		Fix:   "Remove h=, or set h=sha256",
		Judge: each(keyRecords, keyProblem(dkim.Hash)),
	},
	{
		ID: "dkim.s-tag", Title: "keys may be used for mail", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "s= lists the services that the key is for. A verifier of mail must ignore a key whose list has neither email nor *.",
		Fix:        "Remove s=, or add email to it",
		Judge:      each(keyRecords, keyProblem(dkim.Service)),
	},
	{
		ID: "dkim.duplicate-tag", Title: "no tag stands twice in a key record", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "A tag that stands twice makes the whole tag list invalid: there is no key then, whatever p= says.",
		Fix:        "Keep one of the two tags",
		Judge:      each(keyRecords, keyProblem(dkim.DuplicateTag)),
	},
	{
		ID: "dkim.t-y", Title: "no key is marked as a test", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 3.6.1"},
		Needs:      facts.Keys,
		Help: "t=y says that the domain is testing DKIM. A signature that fails is then to be treated as if there were none; " +
			"it is forgotten in many records long after the test.",
		Fix:   "Remove t=y once the signatures verify",
		Judge: each(keyRecords, dkimTesting),
	},
}

// searched are the signing domains whose selectors nobody named, so that guesses went out. A parked domain signs
// nothing and is right to have no key.
func searched(f *facts.Facts) []subject[facts.DKIM] {
	if f.Profile.Name == facts.Parked {
		return nil
	}
	l := slices.DeleteFunc(signers(f), func(s subject[facts.DKIM]) bool { return s.of.Value.Named })
	for i, s := range l {
		// What was found is found. Else all depends on the subtree: guesses that got no answer hide nothing that
		// an NXDOMAIN for _domainkey does not rule out.
		if d := s.of.Value; !hasKey(d) {
			l[i].of.State, l[i].of.Why = d.Subtree.State, d.Subtree.Why
		}
	}
	return l
}

// certain leaves out the domains of which it cannot be known whether they have a key: dkim.not-found-maybe.
func certain(f *facts.Facts) []subject[facts.DKIM] {
	return slices.DeleteFunc(searched(f), func(s subject[facts.DKIM]) bool {
		return s.of.Known() && !hasKey(s.of.Value) && s.of.Value.Subtree.Value != facts.SubtreeAbsent
	})
}

// uncertain leaves out the domains that are known to have none: dkim.none-found.
func uncertain(f *facts.Facts) []subject[facts.DKIM] {
	return slices.DeleteFunc(searched(f), func(s subject[facts.DKIM]) bool {
		return s.of.Known() && !hasKey(s.of.Value) && s.of.Value.Subtree.Value == facts.SubtreeAbsent
	})
}

// hasKey says whether a key was found, be it good or not. A revoked one is the remains of a key, and a CNAME to
// nowhere was to be one.
func hasKey(d facts.DKIM) bool {
	return slices.ContainsFunc(d.Keys, func(k facts.Key) bool {
		return k.Status == facts.KeyValid || k.Status == facts.KeyInvalid && !k.Dangling
	})
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

// inUse says whether the user named the selector. Nobody knows whether a guessed one signs, so its faults never fail.
func inUse(k facts.Key) bool { return k.Origin == "flag" }

func dkimSelectorMissing(_ *facts.Facts, k facts.Key) []Violation {
	if k.Status != facts.KeyMissing {
		return nil
	}
	message := fmt.Sprintf("selector %s is in use, but there is no TXT record at %s", k.Selector, k.Name)
	if len(k.Texts) > 0 {
		message = fmt.Sprintf("selector %s is in use, but there is no key at %s, only %s of another kind", k.Selector, k.Name, count(len(k.Texts), "TXT record"))
	}
	return []Violation{{Status: Fail, Message: message, Implied: k.Dangling}} // dkim.cname-dangling
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

func dkimMultiple(_ *facts.Facts, k facts.Key) []Violation {
	n := 0
	for _, text := range k.Texts {
		if dkim.IsKey(text) {
			n++
		}
	}
	switch {
	case n < 2:
		return nil
	case inUse(k):
		return one(Fail, fmt.Sprintf("selector %s is in use, but has %d key records, and which one a verifier takes is undefined", k.Selector, n))
	}
	return one(Info, fmt.Sprintf("selector %s, a guess that may not be in use, has %d key records, and which one a verifier takes is undefined", k.Selector, n))
}

// keyRecords are the selectors at which one record can be read, be it good or not.
func keyRecords(f *facts.Facts) []subject[facts.Key] {
	return slices.DeleteFunc(keys(f), func(s subject[facts.Key]) bool { return s.of.Known() && s.of.Value.Record == nil })
}

// keyProblem judges one kind of fault of which each alone makes verifiers ignore the key.
func keyProblem(kinds ...dkim.Kind) func(*facts.Facts, facts.Key) []Violation {
	return func(_ *facts.Facts, k facts.Key) []Violation {
		for _, p := range k.Record.Problems {
			if slices.Contains(kinds, p.Kind) {
				return ignored(k, clip(p.Message))
			}
		}
		return nil
	}
}

// ignored is the violation of a key that verifiers do not take.
func ignored(k facts.Key, why string) []Violation {
	if inUse(k) {
		return one(Fail, fmt.Sprintf("selector %s is in use, but verifiers ignore its key: %s", k.Selector, why))
	}
	return one(Info, fmt.Sprintf("verifiers ignore the key of selector %s, a guess that may not be in use: %s", k.Selector, why))
}

func dkimRevoked(_ *facts.Facts, k facts.Key) []Violation {
	if k.Status != facts.KeyRevoked {
		return nil
	}
	return ignored(k, "it is revoked (p= is empty)")
}

func dkimKey1024(_ *facts.Facts, k facts.Key) []Violation {
	if k.Record.Bits < 1024 || k.Record.Bits >= 2048 { // below: dkim.key-short, or ed25519 with its 256
		return nil
	}
	message := fmt.Sprintf("the RSA key of selector %s has %d bits, and signers should use 2048 or more", k.Selector, k.Record.Bits)
	switch {
	case len(k.CNAME) > 0:
		return one(Info, message+fmt.Sprintf("; it is for whoever runs %s to change", k.CNAME[len(k.CNAME)-1]))
	case !inUse(k):
		return one(Info, message+"; the selector was guessed and may not be in use")
	}
	return one(Warn, message)
}

func dkimTesting(_ *facts.Facts, k facts.Key) []Violation {
	if !k.Record.Testing {
		return nil
	}
	return one(Info, fmt.Sprintf("the key of selector %s is marked as a test (t=y), so a signature that fails counts as none", k.Selector))
}
