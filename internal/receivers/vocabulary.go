package receivers

import "slices"

// Condition is what may be broken, by a name that a file of books can use.
type Condition struct {
	Name   string
	Words  string // when it is true
	broken func(Case) Truth
	of     []string // requirements of the books that have it
}

// Vocabulary are the conditions with names of their own. A file may name any other by the requirement that has it.
var Vocabulary = []Condition{
	{"no-ptr", "the sending address has no PTR record", noPTR, ofAll("ptr",
		"gmail", "yahoo", "outlook", "icloud", "gmx", "webde", "tonline", "orange", "laposte", "comcast", "cox", "spectrum", "proofpoint")},
	{"no-ptr-ipv6", "the sending address is of IPv6 and has no PTR record", func(c Case) Truth { return all(six(c), noPTR(c)) }, ofAll("ptr6", "microsoft365")},
	{"ptr-unconfirmed", "there is a reverse name, and none leads back to the address", misled,
		ofAll("ptr-confirmed", "gmail", "yahoo", "icloud", "gmx", "webde", "tonline", "orange", "comcast", "spectrum", "proofpoint")},
	{"ptr-generic", "the reverse name looks like one out of a range", generic,
		append(ofAll("ptr-generic", "yahoo", "gmx", "webde", "proofpoint"), "outlook.dynamic", "tonline.dynamic")},
	{"on-zen", "the sending address is on Spamhaus ZEN", zen,
		append(ofAll("spamhaus", "yahoo", "outlook", "microsoft365", "icloud", "orange", "laposte", "comcast", "cox"), "gmx.blocklist", "webde.blocklist")},
	{"on-xbl", "the sending address is on the Spamhaus XBL", xbl, ofAll("spamhaus-xbl", "yahoo")},
	{"on-dbl", "a domain of the mail is on the Spamhaus DBL", dbl, ofAll("dbl", "icloud")},
	{"on-barracuda", "the sending address is on the Barracuda Reputation Block List", listed("b.barracudacentral.org", address, anyCode), ofAll("listed", "barracuda")},
	{"on-spamcop", "the sending address is on SpamCop", listed("bl.spamcop.net", address, anyCode), nil},
	{"helo-malformed", "EHLO gives neither a host name nor an address literal", heloMalformed, ofAll("helo", "gmail", "microsoft365")},
	{"helo-short", "the name in EHLO is not fully qualified", heloShort, ofAll("helo", "gmx", "webde")},
	{"helo-unresolvable", "the name in EHLO has neither an address nor an MX record", heloUnknown, nil},
	{"helo-short-or-unresolvable", "the name in EHLO is not fully qualified, or has neither an address nor an MX record",
		func(c Case) Truth { return some(heloShort(c), heloUnknown(c)) }, ofAll("helo", "orange")},
	{"sender-gone", "the domain in MAIL FROM does not exist", senderGone, ofAll("sender-exists", "yahoo", "icloud", "orange")},
	{"sender-null-mx", "the domain in MAIL FROM has a null MX", nullMX, ofAll("sender-null-mx", "yahoo")},
	{"sender-unreachable", "the domain in MAIL FROM has neither MX records nor an address", unreachable, ofAll("sender-mx", "gmx", "webde")},
	{"sender-lookup-fails", "the domain in MAIL FROM cannot be looked up at its own servers", func(c Case) Truth { return failing(c, c.Exists) },
		ofAll("sender-lookup", "yahoo")},
	{"spf-not-pass", "SPF does not pass for MAIL FROM", spfFails,
		append(ofAll("bulk-spf", "gmail", "yahoo", "outlook", "icloud"), "orange.spf")},
	{"spf-fail", "the SPF record says fail of the address", hardFail,
		append(ofAll("spf-hard-fail", "microsoft365"), "gmail.spf-hard-fail-signed", "mimecast.spf")},
	{"spf-fail-unsigned", "the SPF record says fail of the address, and no DKIM signature verifies", func(c Case) Truth { return all(hardFail(c), dkimFails(c)) },
		ofAll("spf-hard-fail", "gmail")},
	{"spf-softfail", "the SPF record says softfail of the address", spfIs(rfc, softfail), nil},
	{"spf-permerror", "the SPF record is void", spfIs(rfc, permerror), nil},
	{"spf-temperror", "SPF cannot be looked up at the sender's servers", spfIs(rfc, temperror), nil},
	{"spf-locked", "the SPF record is -all alone", locked, ofAll("spf-locked", "outlook")},
	{"dkim-not-pass", "no DKIM signature verifies", dkimFails,
		append(ofAll("bulk-dkim", "gmail", "yahoo", "outlook", "icloud"), "orange.dkim")},
	{"dkim-not-aligned", "no DKIM signature verifies whose domain has the organizational domain of From", dkimUnaligned, ofAll("dkim", "gmx", "webde")},
	{"dkim-not-from", "no DKIM signature verifies whose domain is that of From itself", dkimOther, ofAll("dkim", "tonline")},
	{"dkim-broken", "a DKIM signature is there and does not verify", signatureIs(Missing, Revoked, Unusable, Misused, Untyped, Short, Wrong, Excused), ofAll("dkim", "mimecast")},
	{"unauthenticated", "neither SPF nor DKIM passes, for whatever domain", unauthenticated,
		ofAll("authenticated", "gmail", "yahoo", "outlook", "microsoft365", "icloud", "mailru", "proofpoint")},
	{"unauthenticated-ipv6", "the sending address is of IPv6, and neither SPF nor DKIM passes", func(c Case) Truth { return all(six(c), unauthenticated(c)) },
		ofAll("auth6", "microsoft365")},
	{"unaligned", "what passes, if anything, has not the organizational domain of From", unaligned,
		[]string{"yahoo.bulk-dmarc", "outlook.bulk-aligned", "laposte.aligned"}},
	{"misaligned", "neither MAIL FROM nor a signature has the organizational domain of From, whatever passes", misaligned, ofAll("bulk-aligned", "gmail")},
	{"no-dmarc", "there is no DMARC record", noDMARC,
		append(ofAll("bulk-dmarc", "gmail", "outlook", "icloud"), "yahoo.bulk-dmarc-record")},
	{"dmarc-fails", "there is no DMARC record, or DMARC fails", dmarcFails, ofAll("dmarc", "orange")},
	{"dmarc-reject", "DMARC fails, and the policy is reject", disowned(rfc, "reject"), ofAll("dmarc",
		"yahoo", "outlook", "microsoft365", "icloud", "gmx", "webde", "tonline", "laposte", "mailru", "comcast", "cox", "spectrum", "proofpoint", "barracuda")},
	{"dmarc-quarantine", "DMARC fails, and the policy is quarantine", disowned(rfc, "quarantine"), ofAll("spam-quarantine", "yahoo", "outlook", "microsoft365", "icloud")},
	{"dmarc-quarantine-or-reject", "DMARC fails, and the policy is quarantine or reject", disowned(rfc, "quarantine", "reject"), ofAll("dmarc", "gmail", "mimecast")},
	{"dmarc-lookup-fails", "what DMARC rests on cannot be looked up, and mail is not certain to pass", policyLost, ofAll("dmarc-lookup", "gmail")},
}

// ofAll are the requirements of several books that end alike.
func ofAll(what string, receivers ...string) []string {
	l := make([]string, len(receivers))
	for i, r := range receivers {
		l[i] = r + "." + what
	}
	return l
}

// when is the name of the condition of a requirement of the books.
func when(r Requirement) string {
	if r.When != "" {
		return r.When
	}
	for _, c := range Vocabulary {
		if slices.Contains(c.of, r.ID) {
			return c.Name
		}
	}
	return r.ID
}

// conditionOf is the condition of a name: of the vocabulary, else that of the requirement of the books with this ID.
func conditionOf(name string) (func(Case) Truth, bool) {
	for _, c := range Vocabulary {
		if c.Name == name {
			return c.broken, true
		}
	}
	for _, b := range Books {
		for _, r := range b.Requirements {
			if r.ID == name {
				return r.Broken, true
			}
		}
	}
	return nil, false
}
