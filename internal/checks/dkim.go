package checks

import (
	"slices"
	"strings"

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
		Fix: "Turn on DKIM signing at whoever sends your mail, and publish the key that you are given",
		Example: Example{Remove: "s1._domainkey.example.com. TXT", Flags: "--selector=",
			Zone: `_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`},
		Judge: each(certain, dkimNoneFound),
	},
	{
		ID: "dkim.not-found-maybe", Title: "a DKIM key is found", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 3.6.2.1", "RFC 8020 2"},
		Needs:      facts.Keys,
		Help: "Selectors are free names and cannot be listed, so a key that no guess finds may well exist. The s= tag of the " +
			"DKIM-Signature header of any message that you sent names the selector; with --selector it is judged and not guessed.",
		Fix: "Read the s= tag in the DKIM-Signature header of a sent message, and audit again with --selector",
		Example: Example{Zone: keyAt("our-own-name._domainkey.example.com", "v=DKIM1; p="+rsa2048Example),
			Remove: "s1._domainkey.example.com. TXT", Flags: "--selector="},
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
		Fix:     "Publish the key of this selector, which your mail server or its provider shows, or sign with a selector that is published",
		Example: Example{Flags: "--selector s9"},
		Judge:   each(namedKeys, dkimSelectorMissing),
	},
	{
		ID: "dkim.doubled-name", Title: "no key stands beneath the domain's name twice", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.2.1", "RFC 1035 5.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "Many panels append the zone to whatever name is typed. A name that was typed in full then ends in the domain twice, " +
			"and verifiers, which look for the right name, find no key.",
		Fix: "Create the record again with the name up to _domainkey only, without the domain",
		Example: Example{Zone: keyAt("s1._domainkey.example.com.example.com", "v=DKIM1; p="+rsa2048Example),
			Remove: "s1._domainkey.example.com. TXT"},
		Judge: each(hints("dkim", namedKeys), dkimDoubledName),
	},
	{
		ID: "dkim.cname-dangling", Title: "no selector is a CNAME to a name without a key", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.2", "RFC 6376 6.1.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "Providers have you point the selector at a key of theirs. The key appears there only once DKIM is turned on " +
			"at the provider, and goes away when the account does: until then every signature with this selector fails.",
		Fix: "Finish the DKIM set-up at the provider, or remove the CNAME if it is no longer used",
		Example: Example{Zone: "s1._domainkey.example.com. CNAME s1.example-com.dkim.example.net.",
			Remove: "s1._domainkey.example.com. TXT"},
		Judge: each(keys, dkimCNAMEDangling),
	},
	{
		ID: "dkim.cname-chain", Title: "selectors lead to their keys by at most 3 CNAMEs", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 1034 3.6.2"},
		Needs:      facts.Keys,
		Help: "Each CNAME is one more name, and often one more zone, that has to answer before a verifier sees the key. Resolvers give " +
			"long chains up, each at a length of its own, and the signature then fails for a while.",
		Fix: "Point the selector at the last name of the chain",
		Example: Example{Remove: "s1._domainkey.example.com. TXT",
			Zone: "s1._domainkey.example.com. CNAME a.example.net.\na.example.net. CNAME b.example.net.\nb.example.net. CNAME c.example.net.\n" +
				"c.example.net. CNAME d.example.net.\n" + keyAt("d.example.net", "v=DKIM1; p="+rsa2048Example)},
		Judge: each(saidIn("dkim", keys), dkimCNAMEChain),
	},
	{
		ID: "dkim.multiple", Title: "each selector has one key record", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.2.2", "RFC 6376 6.1.2"},
		Replies:    unsignedReplies,
		Needs:      facts.Keys,
		Help: "There must be one key record at a selector. With more, a verifier may take any of them, so the same signature " +
			"passes here and fails there, and changes its mind from day to day.",
		Fix:     "Keep the record whose key the server signs with, and give the other a selector of its own",
		Example: Example{Zone: s1Example("v=DKIM1; k=ed25519; p="+edExample, "v=DKIM1; k=ed25519; p="+otherEd)},
		Judge:   each(keys, dkimMultiple),
	},
	{
		ID: "dkim.not-dkim-txt", Title: "nothing but its key stands at a selector", Area: "dkim", Worst: Warn, Impact: Reject,
		References: []string{"RFC 6376 3.6.2.2", "RFC 4592 2.2.1"},
		Needs:      facts.Keys,
		Help: "There must be one TXT record at a selector; what verifiers make of a key beside another text is not defined. Such texts " +
			"are often those of a wildcard, which makes a key of every name that somebody tries.",
		Fix:     "Remove the TXT records that are no keys from the name, or the wildcard that they come from",
		Example: Example{Zone: s1Example("v=DKIM1; p="+rsa2048Example, "site-verification=4f1d2c")},
		Judge: func(f *facts.Facts) []Verdict {
			return append(each(saidIn("dkim", keys), dkimNotKey)(f), each(saidIn("dkim", probed), dkimWildcard)(f)...)
		},
	},
	{
		ID: "dkim.revoked", Title: "no key is revoked", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1", "RFC 6376 6.1.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "An empty p= says that the key was withdrawn: right for a selector that is no longer used, fatal for one that " +
			"still signs.",
		Fix:     "Sign with a selector whose key is published, or publish the key of this one again",
		Example: Example{Zone: s1Example("v=DKIM1; p=")},
		Judge:   each(keyRecords, dkimRevoked),
	},
	{
		ID: "dkim.p-missing", Title: "key records hold a key", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "The p= tag is the key. A record without it is no key record, and every signature with this selector fails.",
		Fix:        "Publish the record again, whole, as the signing software prints it",
		Example:    Example{Zone: s1Example("v=DKIM1; k=rsa")},
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
		Fix:     "Publish the record again: as strings of at most 255 octets, without quotes or backslashes inside the data",
		Example: Example{Zone: s1Example("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9HSLbYtS9S1")},
		Judge:   each(keyRecords, keyProblem(dkim.BadKey, dkim.Syntax)),
	},
	{
		ID: "dkim.key-short", Title: "RSA keys have 1024 bits or more", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 8301 3.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help: "An RSA key of fewer than 1024 bits can be computed from the record by others, so verifiers must not accept it. " +
			"Gmail and Yahoo ask for 1024 bits on their own pages too.",
		Fix:     "Make an RSA key of 2048 bits, publish it at a new selector, and sign with that",
		Example: Example{Zone: s1Example("v=DKIM1; p=" + rsa512Example)},
		Judge:   each(keyRecords, keyProblem(dkim.ShortKey)),
	},
	{
		ID: "dkim.key-1024", Title: "RSA keys have 2048 bits or more", Area: "dkim", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 8301 3.2"},
		Needs:      facts.Keys,
		Help: "1024 bits are the least that verifiers take, and 2048 are what signers should use: the margin is what is missing. " +
			"Where the selector is a CNAME the key is the provider's to change.",
		Fix:     "Make an RSA key of 2048 bits, publish it at a new selector, and sign with that",
		Example: Example{Zone: s1Example("v=DKIM1; p=" + rsa1024Example)},
		Judge:   each(keyRecords, dkimKey1024),
	},
	{
		ID: "dkim.key-large", Title: "RSA keys are no larger than 2048 bits", Area: "dkim", Worst: Warn, Impact: Reject,
		References: []string{"RFC 8301 3.2"},
		Needs:      facts.Keys,
		Help: "Verifiers must take RSA keys of up to 4096 bits and may refuse larger ones. Above 2048 the record outgrows a DNS answer of " +
			"512 octets and every signature costs more, for a margin that signatures on mail do not need.",
		Fix:     "Make an RSA key of 2048 bits, publish it at a new selector, and sign with that",
		Example: Example{Zone: s1Example("v=DKIM1; p=" + rsa4096Example), Finding: Info},
		Judge:   each(saidIn("dkim", keyRecords), dkimKeyLarge),
	},
	{
		ID: "dkim.key-weak", Title: "nobody else can sign with the domain's keys", Area: "dkim", Worst: Fail, Impact: Spam,
		References: []string{"RFC 8017 3.1", "CVE-2017-15361"},
		Needs:      facts.Keys,
		Help: "With an exponent of 1 anybody can make signatures that verify, and an even one belongs to no RSA key. Keys from chips with the " +
			"ROCA fault (CVE-2017-15361) show it in the modulus, and their private half can be computed. Whoever does signs as the domain.",
		Fix:     "Make a new RSA key of 2048 bits with other software, publish it at a new selector, and revoke this one with an empty p=",
		Example: Example{Zone: s1Example("v=DKIM1; p=" + weakExample)},
		Judge:   each(saidIn("dkim", keyRecords), dkimKeyWeak),
	},
	{
		ID: "dkim.ed25519-only", Title: "an RSA key stands beside an ed25519 key", Area: "dkim", Worst: Warn, Impact: Reject,
		References: []string{"RFC 8463 6"},
		Replies:    unsignedReplies,
		Needs:      facts.Keys,
		Help: "Many verifiers do not know ed25519 yet, and to those that do not a message without a second signature is unsigned. A " +
			"signature of each kind, with a selector of its own, suits both.",
		Fix:     "Sign with an RSA key of 2048 bits as well, at a selector of its own",
		Example: Example{Zone: s1Example("v=DKIM1; k=ed25519; p=" + edExample)},
		Judge:   each(signingKeys, dkimEd25519Only),
	},
	{
		ID: "dkim.k-unknown", Title: "key types are rsa or ed25519", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1", "RFC 8463 4.2"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "Verifiers ignore a key whose k= they do not know, and there are two that they may know: rsa and ed25519.",
		Fix:        "Correct k=, or remove it for an RSA key",
		Example:    Example{Zone: s1Example("v=DKIM1; k=ed448; p=" + edExample)},
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
		Example:    Example{Zone: s1Example("v=dkim1; k=ed25519; p=" + edExample)},
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
		Fix:     "Remove h=, or set h=sha256",
		Example: Example{Zone: s1Example("v=DKIM1; h=sha1; k=ed25519; p=" + edExample)},
		Judge:   each(keyRecords, keyProblem(dkim.Hash)),
	},
	{
		ID: "dkim.s-tag", Title: "keys may be used for mail", Area: "dkim", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.6.1"},
		Replies:    unsignedReplies,
		Refused:    refuseUnsigned,
		Needs:      facts.Keys,
		Help:       "s= lists the services that the key is for. A verifier of mail must ignore a key whose list has neither email nor *.",
		Fix:        "Remove s=, or add email to it",
		Example:    Example{Zone: s1Example("v=DKIM1; s=tlsrpt; k=ed25519; p=" + edExample)},
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
		Example:    Example{Zone: s1Example("v=DKIM1; k=ed25519; p=" + edExample + "; k=ed25519")},
		Judge:      each(keyRecords, keyProblem(dkim.DuplicateTag)),
	},
	{
		ID: "dkim.t-y", Title: "no key is marked as a test", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 3.6.1"},
		Needs:      facts.Keys,
		Help: "t=y says that the domain is testing DKIM. A signature that fails is then to be treated as if there were none; " +
			"it is forgotten in many records long after the test.",
		Fix:     "Remove t=y once the signatures verify",
		Example: Example{Zone: s1Example("v=DKIM1; t=y; p=" + rsa2048Example)},
		Judge:   each(keyRecords, dkimTesting),
	},
	{
		ID: "dkim.g-tag", Title: "key records do without g=", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 C.2"},
		Needs:      facts.Keys,
		Help: "g= named the local parts that a key was for, and went with RFC 6376. Verifiers ignore it; one that is older takes an empty " +
			"g= for no local part at all.",
		Fix:     "Remove g=",
		Example: Example{Zone: s1Example("v=DKIM1; g=*; p=" + rsa2048Example)},
		Judge:   each(saidIn("dkim", keyRecords), dkimGranularity),
	},
	{
		ID: "dkim.record-long", Title: "key records fit into a DNS answer of 512 octets", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 1035 4.2.1", "RFC 7766 5"},
		Needs:      facts.Keys,
		Help: "A larger answer needs EDNS or TCP all the way from your name servers to each verifier. Where a firewall drops one of them, " +
			"verifiers there find no key, and say so as a passing failure.",
		Fix:     "See that your name servers answer over TCP, and use a key of 2048 bits, which fits",
		Example: Example{Zone: s1Example("v=DKIM1; p=" + rsa4096Example)},
		Judge:   each(saidIn("dkim", keyRecords), dkimRecordLong),
	},
	{
		ID: "dkim.same-key-everywhere", Title: "each selector has a key of its own", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 3.1"},
		Needs:      facts.Keys,
		Help: "Selectors are there so that each system signs with a key of its own, which can be withdrawn alone. Where they share one, " +
			"whoever gets it from one system signs for all of them, and all must change at once.",
		Fix: "Make a key for each selector",
		Example: Example{Zone: s1Example("v=DKIM1; p="+rsa2048Example) + "\n" + keyAt("s2._domainkey.example.com", "v=DKIM1; p="+rsa2048Example),
			Flags: "--selector s1 --selector s2"},
		Judge: dkimSameKey,
	},
	{
		ID: "dkim.stale", Title: "keys are not older than two years by their selectors", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6376 3.1", "M3AAWG DKIM Key Rotation Best Common Practices"},
		Needs:      facts.Keys,
		Help: "A selector that holds a date tells when its key was made. The longer a private key lies about, the more copies of it do; " +
			"M3AAWG recommends a new one every six months.",
		Fix:     "Make a new key, publish it at a new selector, sign with that, and remove the old one once no mail that it signed is under way",
		Example: Example{Zone: keyAt("mail201901._domainkey.example.com", "v=DKIM1; p="+rsa2048Example), Flags: "--selector mail201901"},
		Judge:   each(saidIn("dkim", keyRecords), dkimStale),
	},
	{
		ID: "dkim.twin-missing", Title: "all selectors of a provider are published", Area: "dkim", Worst: Info, Impact: Reject,
		References: []string{"RFC 6376 3.1", "M3AAWG DKIM Key Rotation Best Common Practices"},
		Needs:      facts.Keys,
		Help: "Some providers have their customers publish two selectors or more, and change from one to the next without asking. " +
			"Where the next one is missing, all signatures fail from that day on.",
		Fix: "Publish the missing selectors as the provider's page shows them",
		Example: Example{Zone: "s1._domainkey.example.com. CNAME s1.domainkey.u1.wl1.sendgrid.net.\n" + keyAt("s1.domainkey.u1.wl1.sendgrid.net", "v=DKIM1; p="+rsa2048Example),
			Remove: "s1._domainkey.example.com. TXT"},
		Judge: each(saidIn("dkim", keys), dkimTwinMissing),
	},
	{
		ID: "dkim.strict-receivers", Title: "signatures carry the very domain of From", Area: "dkim", Worst: Info, Impact: Reject,
		References: []string{"RFC 9989 3.2.10.2", "RFC 9989 4.4.1"},
		Replies:    []string{"559 5.1.9 (DKIM reject DKIMr) Missing, invalid or non-matching DKIM signature (250)"},
		Help: "DMARC takes a signature of a domain above or beneath that of From. T-Online does not, since July 2025: it refuses mail " +
			"without a signature whose d= is exactly the domain of From.",
		Fix: "Sign with d= the domain of From, alone or besides",
		Example: Example{Zone: keyAt("s1._domainkey.mail.example.com", "v=DKIM1; p="+rsa2048Example),
			Flags: "--dkim-domain mail.example.com"},
		Judge: each(signedFor, dkimStrictReceivers),
	},
	{
		ID: "dkim.adsp", Title: "no ADSP record is left", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5617 4.2.1"},
		Needs:      facts.Keys,
		Help:       "ADSP told receivers what to make of unsigned mail before DMARC did. It is historic: nobody ought to look, and whoever does may refuse mail for it.",
		Fix:        "Delete the TXT record at _adsp._domainkey",
		Example:    Example{Zone: `_adsp._domainkey.example.com. TXT "dkim=all"`},
		Judge:      each(probed, dkimADSP),
	},
	{
		ID: "dkim.policy-legacy", Title: "no DomainKeys policy is left", Area: "dkim", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 4870 3.6"},
		Needs:      facts.Keys,
		Help:       "DomainKeys, which came before DKIM, had a policy at _domainkey itself. It is historic, and no DKIM verifier looks at it.",
		Fix:        "Delete the TXT record at _domainkey",
		Example:    Example{Zone: `_domainkey.example.com. TXT "t=y; o=~"`},
		Judge:      each(saidIn("dkim", probed), dkimPolicyLegacy),
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

// probed are the signing domains of which something beneath _domainkey got an answer. What is not known of the rest is said
// once, by the rules about keys; that an answer is lost which tells of what is historic, by dkim.adsp.
func probed(f *facts.Facts) []subject[facts.DKIM] {
	l := signers(f)
	for i, s := range l {
		switch d := s.of.Value; {
		case !d.Subtree.Known():
			l[i].of, l[i].said = facts.Cannot[facts.DKIM](d.Subtree.Why), "dkim"
		case d.Unread != "" && len(d.Legacy)+len(d.Wildcard) == 0:
			l[i].of, l[i].aside = facts.Cannot[facts.DKIM](clip(d.Unread)), true
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

// keyRecords are the selectors at which one record can be read, be it good or not.
func keyRecords(f *facts.Facts) []subject[facts.Key] {
	return slices.DeleteFunc(keys(f), func(s subject[facts.Key]) bool { return s.of.Known() && s.of.Value.Record == nil })
}

// onlyKnown leaves out what is not known, for rules that would only say again what the first rule about it says.
func onlyKnown[T any](subjects func(*facts.Facts) []subject[T]) func(*facts.Facts) []subject[T] {
	return func(f *facts.Facts) []subject[T] {
		return slices.DeleteFunc(subjects(f), func(s subject[T]) bool { return !s.of.Known() })
	}
}

// saidIn leaves it to the rules of an area, mostly further ones of the same, to say what is not known: once is enough. Yet what is
// known of the rest does not make a rule pass.
func saidIn[T any](area Area, subjects func(*facts.Facts) []subject[T]) func(*facts.Facts) []subject[T] {
	return func(f *facts.Facts) []subject[T] {
		l := subjects(f)
		for i := range l {
			if l[i].of.State == facts.Unknown {
				l[i].said = area
			}
		}
		return l
	}
}

// hints are what is known, for rules that ask more about it: what that further question leaves open decides nothing.
func hints[T any](area Area, subjects func(*facts.Facts) []subject[T]) func(*facts.Facts) []subject[T] {
	return func(f *facts.Facts) []subject[T] {
		l := saidIn(area, subjects)(f)
		for i := range l {
			l[i].deciding = false
		}
		return l
	}
}

// signingKeys are, for each stream whose selectors were named, the keys that verify its signatures. There is nothing to say
// of a stream that has none; one that may be of the other kind dkim.selector-missing tells of.
func signingKeys(f *facts.Facts) []subject[[]facts.Key] {
	var l []subject[[]facts.Key]
	for _, s := range f.Streams {
		var valid []facts.Key
		lost := false
		for _, k := range keysOfStream(f, s) {
			lost = lost || k.Status == facts.KeyUnknown
			if k.Status == facts.KeyValid {
				valid = append(valid, k)
			}
		}
		switch {
		case lost:
			l = append(l, subject[[]facts.Key]{name: s.DKIMDomain, said: "dkim", of: facts.Cannot[[]facts.Key]("not all of its keys are known")})
		case len(valid) > 0:
			l = append(l, subject[[]facts.Key]{name: s.DKIMDomain, of: facts.Know(valid)})
		}
	}
	return l
}

// keysOfStream are the keys at the selectors of one stream.
func keysOfStream(f *facts.Facts, s facts.Stream) []facts.Key {
	var l []facts.Key
	for _, d := range f.DKIM {
		for _, k := range d.Keys {
			if d.Domain == s.DKIMDomain && slices.Contains(s.Selectors, k.Selector) {
				l = append(l, k)
			}
		}
	}
	return l
}

// inDomain says whether a name is a domain or stands beneath it.
func inDomain(name, domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }

// signedFor are the signing domains that DMARC takes for the audited one. Of others dmarc.unaligned and dmarc.spf-only say that.
func signedFor(f *facts.Facts) []subject[string] {
	var l []subject[string]
	for _, s := range f.Streams {
		d := s.DKIMDomain
		x := subject[string]{name: d, of: facts.Know(d)}
		// A name above or beneath has another organizational domain where psd= says so (RFC 9989 4.10.2).
		if org := sameOrg(f, d); org == "fail" || org == "unknown" && !inDomain(d, f.Domain) && !inDomain(f.Domain, d) {
			x.said = "dmarc"
		}
		l = append(l, x)
	}
	return l
}
