package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// refuseWithoutDMARC are the receivers that document a refusal of bulk mail whose domain has no DMARC record. Gmail's
// pages contradict each other about it.
var refuseWithoutDMARC = []Refusal{{Receiver: "outlook", Bulk: true}, {Receiver: "yahoo", Bulk: true}, {Receiver: "icloud", Bulk: true}}

// withoutDMARCReplies are what receivers answer then.
var withoutDMARCReplies = []string{
	"550 5.7.515 Access denied, sending domain {d} doesn't meet the required authentication level.",
	"550 5.7.40 Your message was blocked because the sending domain doesn't have a DMARC record or the DMARC record doesn't specify a DMARC policy.",
	"501 5.0.2 Mail rejected. DMARC check failed.",
}

// unalignedReplies are what receivers answer to mail that fails DMARC, and Gmail to bulk mail without alignment.
var unalignedReplies = []string{
	"550 5.7.26 Unauthenticated email from {d} is not accepted due to domain's DMARC policy.",
	"550 5.7.509 Access denied, sending domain {d} does not pass DMARC verification and has a DMARC policy of reject.",
	unalignedBulkReply,
}

const unalignedBulkReply = "421 4.7.32 .. the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or DKIM organizational domain."

// policyExample is the healthy domain with another DMARC record.
func policyExample(record string) Example {
	return Example{Zone: `_dmarc.example.com. TXT "` + record + `"`}
}

// newsExample is a subdomain of the healthy domain that is as healthy, with a DMARC record of its own.
func newsExample(record string) Example {
	return beneathExample("news.example.com", `_dmarc.news.example.com. TXT "`+record+`"`)
}

// beneathExample is a name beneath the healthy domain that sends as that does, with another record.
func beneathExample(name, record string) Example {
	return Example{Flags: name, Zone: name + ". A 192.0.2.80\n" + name + `. TXT "v=spf1 ip4:192.0.2.25 -all"` + "\n" +
		keyAt("s1._domainkey."+name, "v=DKIM1; p="+rsa2048Example) + "\n" + record}
}

var dmarcChecks = []*Check{
	{
		ID: "dmarc.missing", Title: "a DMARC record applies to the domain", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10", "RFC 9989 4.10.1"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help: "Without a record nobody tells you who sends in your name, and anybody may. Outlook.com, Yahoo and iCloud " +
			"refuse bulk mail from such a domain; p=none is enough for them.",
		Fix:     "Publish v=DMARC1; p=none; rua=mailto: with an address of yours, at _dmarc",
		Example: Example{Remove: "_dmarc.example.com. TXT", Flags: "--daily 5000"},
		Judge:   each(policyState, dmarcMissing),
	},
	{
		ID: "dmarc.wrong-location", Title: "no DMARC record stands where nobody looks", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.5", "RFC 9989 4.10.1"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help: "Receivers ask for _dmarc beneath the domain and for nothing else. A record at the domain itself, or at a name that a panel " +
			"made by appending the zone once more, is not there for them.",
		Fix: "Move the record to _dmarc, with p=none until the reports show that all mail of the domain passes",
		Example: Example{Remove: "_dmarc.example.com. TXT",
			Zone: `example.com. TXT "v=spf1 ip4:192.0.2.25 include:_spf.example.net -all"` + "\n" +
				`example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"`},
		Judge: each(hints("dmarc", thePolicy), dmarcWrongLocation),
	},
	{
		ID: "dmarc.cname", Title: "the CNAME at _dmarc leads to a record", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.5", "RFC 1034 3.6.2"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help: "A provider that manages DMARC has you point _dmarc at a name of its own. Where nothing is published there, before the " +
			"set-up is finished or after the contract has ended, the domain has no record.",
		Fix:     "Finish the set-up at the provider, or put a TXT record in the place of the CNAME, with p=none until the reports show that all mail passes",
		Example: Example{Zone: "_dmarc.example.com. CNAME example-com.dmarc.example.net.", Remove: "_dmarc.example.com. TXT"},
		Judge:   each(policyAlias, dmarcCNAME),
	},
	{
		ID: "dmarc.wildcard-txt", Title: "nothing but the DMARC record stands at _dmarc", Area: "dmarc", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 9989 4.10", "RFC 4592 2.2.1"},
		Needs:      facts.Policy,
		Help: "Receivers discard what is no DMARC record. It is mostly the answer of a wildcard, which speaks for every name that has no " +
			"record of its own, and hides that _dmarc has none.",
		Fix:     "Publish a DMARC record at _dmarc, and remove the other text or the wildcard that it comes from",
		Example: policyExample("site-verification=4f1d2c"),
		Judge:   each(onlyKnown(thePolicy), dmarcWildcardTXT),
	},
	{
		ID: "dmarc.multiple", Title: "there is one DMARC record", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10", "RFC 7489 6.6.3"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help: "Receivers that find several DMARC records at one name discard them all, so none of the policies applies and " +
			"no reports are sent.",
		Fix: "Keep one of the records, with p=none until the reports show that all mail of the domain passes",
		Example: Example{Zone: `_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"` + "\n" +
			`_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`},
		Judge: each(thePolicy, dmarcMultiple),
	},
	{
		ID: "dmarc.version", Title: "the DMARC record begins with v=DMARC1", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help:       "The version must be the first tag and exactly DMARC1, in upper case. Receivers ignore any other record as if it were not there.",
		Fix:        "Begin the record with v=DMARC1; and set p=none until the reports show that all mail of the domain passes",
		Example:    policyExample("v=dmarc1; p=reject; rua=mailto:dmarc@example.com"),
		Judge:      each(thePolicy, dmarcVersion),
	},
	{
		ID: "dmarc.duplicate-tag", Title: "no tag stands twice in the DMARC record", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.2", "RFC 9989 4.7"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC,
		Needs:      facts.Policy,
		Help:       "A DMARC record is a tag list, and a tag that stands twice makes the whole list invalid: no policy applies.",
		Fix:        "Keep one of the two tags, with p=none until the reports show that all mail of the domain passes",
		Example:    policyExample("v=DMARC1; p=none; p=reject; rua=mailto:dmarc@example.com"),
		Judge:      each(policyRecords, dmarcDuplicateTag),
	},
	{
		ID: "dmarc.separator", Title: "semicolons part the tags of the DMARC record", Area: "dmarc", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 9989 4.8", "RFC 6376 3.2"},
		Needs:      facts.Policy,
		Help: "Tags are name=value with semicolons between them, in plain ASCII. A comma, a missing semicolon or a curly quote makes a tag " +
			"a part of another or of nothing, and what it says is lost.",
		Fix:     "Write the tags as name=value, with a semicolon between two",
		Example: policyExample("v=DMARC1; p=reject; rua:mailto:dmarc@example.com"),
		Judge:   each(onlyKnown(policyRecords), dmarcSeparator),
	},
	{
		ID: "dmarc.p-missing", Title: "the DMARC record has a policy", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10.1", "RFC 7489 6.6.3"},
		Replies:    withoutDMARCReplies,
		Refused:    refuseWithoutDMARC, // it fails only where there is no valid rua either, and so no DMARC
		Needs:      facts.Policy,
		Help: "A record without p= is read as p=none where rua= has a valid address, and else as no record at all. Gmail's text for " +
			"a missing DMARC record names the missing policy too.",
		Fix:     "Add p=none, which refuses no mail, and a stricter policy once the reports show that all mail of the domain passes",
		Example: policyExample("v=DMARC1; sp=reject"),
		Judge:   each(policyRecords, dmarcPMissing),
	},
	{
		// With a valid rua the record is read as p=none, which is what receivers ask of bulk senders: see unusable.
		ID: "dmarc.p-invalid", Title: "the policy is none, quarantine or reject", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10.1", "RFC 9989 4.7"},
		Replies:    withoutDMARCReplies,
		Needs:      facts.Policy,
		Help: "Somebody wrote a policy and it is not applied: receivers read an unknown p= as p=none where rua= has a valid " +
			"address, and else as no record at all, which costs a bulk sender what dmarc.missing does. Anybody may go on sending in the domain's name.",
		Fix:     "Set p=none, which refuses no mail, and the policy that was meant once the reports show that all mail of the domain passes",
		Example: policyExample("v=DMARC1; p=block; rua=mailto:dmarc@example.com"),
		Judge:   each(policyRecords, dmarcPInvalid),
	},
	{
		// As for dmarc.p-invalid.
		ID: "dmarc.sp-np-invalid", Title: "sp and np are none, quarantine or reject", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.10.1", "RFC 9989 4.7"},
		Replies:    withoutDMARCReplies,
		Needs:      facts.Policy,
		Help: "An unknown value in sp= or np= voids p= with it: the whole record is read as p=none where rua= has a valid " +
			"address, and else as no record at all.",
		Fix:     "Correct the value or remove the tag, with p=none until the reports show that all mail of the domain passes",
		Example: policyExample("v=DMARC1; p=reject; sp=block; rua=mailto:dmarc@example.com"),
		Judge:   each(policyRecords, dmarcSubInvalid),
	},
	{
		ID: "dmarc.value-invalid", Title: "every tag of the DMARC record has a value that it may have", Area: "dmarc", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 9989 4.8", "RFC 9989 4.7"},
		Needs:      facts.Policy,
		Help:       "Receivers put the default in the place of a value that they do not know: what was meant by the tag is not done.",
		Fix:        "Correct the value, or remove the tag",
		Example:    policyExample("v=DMARC1; p=reject; adkim=strict; rua=mailto:dmarc@example.com"),
		Judge:      each(onlyKnown(policyRecords), dmarcValueInvalid),
	},
	{
		ID: "dmarc.unknown-tag", Title: "the DMARC record has no unknown tags", Area: "dmarc", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 6376 3.2"},
		Needs:      facts.Policy,
		Help:       "Receivers ignore a tag that they do not know, silently. Often its name is misspelt, and what was meant is not done.",
		Fix:        "Correct the name of the tag, in lower case, or remove it",
		Example:    policyExample("v=DMARC1; p=reject; ruaa=mailto:dmarc@example.com; rua=mailto:dmarc@example.com"),
		Judge:      each(onlyKnown(policyRecords), dmarcUnknownTag),
	},
	{
		ID: "dmarc.p-not-second", Title: "p= comes right after v=DMARC1", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7489 6.4", "RFC 9989 4.8"},
		Needs:      facts.Policy,
		Help:       "RFC 9989 lets tags stand in any order. RFC 7489 had p= as the second, and a receiver that goes by that may ignore the record.",
		Fix:        "Put p= right after v=DMARC1",
		Example:    policyExample("v=DMARC1; rua=mailto:dmarc@example.com; p=reject"),
		Judge:      each(ownPolicy, dmarcPNotSecond),
	},
	{
		ID: "dmarc.p-none", Title: "the policy asks receivers to act on mail that fails", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 5.1.7", "RFC 9989 7.4"},
		Needs:      facts.Policy,
		Help: "p=none watches and protects nothing, and is the right start. A stricter policy is right only once the reports show " +
			"that all mail of the domain passes; where people post to mailing lists it should not be p=reject at all.",
		Fix:     "Read the reports, and consider p=quarantine once they show that all mail of the domain passes",
		Example: policyExample("v=DMARC1; p=none; rua=mailto:dmarc@example.com"),
		Judge:   each(enforced(watched), dmarcPNone),
	},
	{
		ID: "dmarc.t-y", Title: "the policy is in force and not tested", Area: "dmarc", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 A.6"},
		Needs:      facts.Policy,
		Help: "t=y asks receivers to apply the policy one level lower: quarantine for reject, and none for quarantine. Receivers that go by " +
			"RFC 7489 do not know the tag and apply the policy as it stands.",
		Fix:     "Remove t=y once the reports show that all mail of the domain passes",
		Example: policyExample("v=DMARC1; p=reject; t=y; rua=mailto:dmarc@example.com"),
		Judge:   each(inForce, dmarcTesting),
	},
	{
		ID: "dmarc.pct", Title: "the policy does without pct", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 A.6", "RFC 7489 6.3"},
		Needs:      facts.Policy,
		Help: "RFC 9989 removed pct=. Receivers that follow it apply the policy to all mail already; older ones still apply " +
			"it to that share only, and would apply it to all mail as soon as the tag is gone.",
		Fix:     "Set the policy one level lower first, and only then remove pct",
		Example: policyExample("v=DMARC1; p=quarantine; pct=50; rua=mailto:dmarc@example.com"),
		Judge:   each(appliedPolicy, dmarcPct),
	},
	{
		ID: "dmarc.pct-zero", Title: "older receivers apply the policy to all mail", Area: "dmarc", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7489 6.3", "RFC 9989 A.6"},
		Needs:      facts.Policy,
		Help: "With pct= receivers that go by RFC 7489 apply the policy to that share of the mail and the next lower one to the rest, while those " +
			"that go by RFC 9989 apply it to all. The domain has two policies, and logos (BIMI) are not shown.",
		Fix:     "Set the one policy that all mail passes, lower if need be, and then remove pct",
		Example: policyExample("v=DMARC1; p=reject; pct=0; rua=mailto:dmarc@example.com"),
		Judge:   each(onlyKnown(enforced(inForce)), dmarcPctZero),
	},
	{
		ID: "dmarc.rf-ri", Title: "the DMARC record does without rf and ri", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 C.5.2", "RFC 7489 6.3"},
		Needs:      facts.Policy,
		Help:       "rf= and ri= asked for a format and an interval of reports. RFC 9989 removed both, and receivers ignore them.",
		Fix:        "Remove rf and ri",
		Example:    policyExample("v=DMARC1; p=reject; ri=3600; rua=mailto:dmarc@example.com"),
		Judge:      each(ownPolicy, dmarcRfRi),
	},
	{
		ID: "dmarc.sp-weaker", Title: "subdomains are protected like the domain", Area: "dmarc", Worst: Warn, Impact: Spam,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10.1"},
		Needs:      facts.Policy,
		Help: "Whoever cannot forge the domain forges a name beneath it, which readers take for the same. sp= is the policy of all subdomains " +
			"that have no record of their own, and np= that of names that do not exist.",
		Fix:     "Raise sp= or np= to the policy of the domain, or remove it, once the reports show that all mail of the subdomains passes",
		Example: policyExample("v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@example.com"),
		Judge:   each(orgPolicy, dmarcSPWeaker),
	},
	{
		ID: "dmarc.sp-on-subdomain", Title: "sp= and np= stand at the organizational domain only", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10.1"},
		Needs:      facts.Policy,
		Help:       "Names beneath a subdomain take their policy from the organizational domain, not from the subdomain, so sp= and np= there say nothing to anybody.",
		Fix:        "Remove sp= and np=, or publish a record at each name that sends",
		Example:    newsExample("v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@example.com"),
		Judge:      each(placedPolicy, dmarcSPOnSubdomain),
	},
	{
		ID: "dmarc.subdomain-policy-gap", Title: "a subdomain's own record is no weaker than the policy that it replaces", Area: "dmarc", Worst: Warn, Impact: Spam,
		References: []string{"RFC 9989 4.10.1"},
		Needs:      facts.Policy,
		Help: "A record at the domain itself takes the place of what the organizational domain asks for its subdomains. A weaker one, often a " +
			"test that was forgotten, opens this name to forgers.",
		Fix:     "Raise the policy, once the reports show that all mail of this name passes, or remove the record so that the one above applies",
		Example: newsExample("v=DMARC1; p=none; rua=mailto:dmarc@example.com"),
		Judge:   each(placedPolicy, dmarcPolicyGap),
	},
	{
		ID: "dmarc.np-missing", Title: "mail From names that do not exist is refused", Area: "dmarc", Worst: Info, Impact: Spam,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10.1"},
		Needs:      facts.Policy,
		Help: "np= is the policy of names beneath the domain that are not in the DNS. Nobody should send with them, so np=reject can come long " +
			"before p=reject; but programs may send as root@ their host's name, which the reports show.",
		Fix:     "Add np=reject once the aggregate reports show no mail From names beneath the domain that do not exist",
		Example: policyExample("v=DMARC1; p=none; rua=mailto:dmarc@example.com"),
		Judge:   each(madeNames, dmarcNPMissing),
	},
	{
		ID: "dmarc.np-wildcard", Title: "np= can apply, as no wildcard makes names exist", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 A.4", "RFC 9989 3.2.13", "RFC 4592 2.2.1"},
		Needs:      facts.Policy,
		Help:       "np= is for names of which the DNS says that they do not exist. A wildcard, of whatever type, makes every name exist, and sp= applies to them.",
		Fix:        "Set sp= to the policy that was meant, or remove the wildcard",
		Example:    Example{Zone: `*.example.com. A 192.0.2.80` + "\n" + `_dmarc.example.com. TXT "v=DMARC1; p=reject; np=reject; rua=mailto:dmarc@example.com"`},
		Judge:      each(npWildcards, dmarcNPWildcard),
	},
	{
		ID: "dmarc.psd", Title: "only public suffixes say psd=y", Area: "dmarc", Worst: Warn, Impact: Spam,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10.2"},
		Needs:      facts.Policy,
		Help: "psd=y is for registries: it makes every name one label below a domain of its own, which is not aligned with its neighbours nor with the " +
			"name above. Mail of news.example.com that is signed by example.com then fails.",
		Fix:     "Remove psd=y",
		Example: policyExample("v=DMARC1; p=reject; psd=y; rua=mailto:dmarc@example.com"),
		Judge:   each(inForce, dmarcPSD),
	},
	{
		ID: "dmarc.psd-n", Title: "psd=n stands at the registered domain only", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.10.2"},
		Needs:      facts.Policy,
		Help: "psd=n makes a name an organizational domain of its own, whatever stands above it. Signatures and MAIL FROM of the domain above or of " +
			"its other subdomains are then not aligned with it. That may be meant.",
		Fix:     "Remove psd=n if mail of this name is signed or bounced by a name that does not stand beneath it",
		Example: newsExample("v=DMARC1; p=reject; psd=n; rua=mailto:dmarc@example.com"),
		Judge:   each(ownPolicy, dmarcPSDN),
	},
	{
		ID: "dmarc.psl-vs-walk", Title: "old and new receivers judge alignment alike", Area: "dmarc", Worst: Warn, Impact: Spam,
		References: []string{"RFC 9989 4.10.2", "RFC 9989 C.3", "RFC 7489 3.2"},
		Needs:      facts.Policy,
		Help: "RFC 9989 finds the organizational domain by a walk up the DNS to the highest DMARC record, RFC 7489 by a list of public suffixes. Where " +
			"they differ the same mail is aligned here and not there, and a record above is found by the ones and not by the others.",
		Fix:     "Publish a record at every domain that stands in From, and sign with that very domain; against a record above the registered domain add psd=n",
		Example: Example{Zone: `_dmarc.com. TXT "v=DMARC1; p=none"`},
		Judge:   each(hints("dmarc", inForce), dmarcPSLvsWalk),
	},
	{
		ID: "dmarc.deep-name", Title: "no DMARC record is leapt over", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.10"},
		Needs:      facts.Policy,
		Help:       "The walk up the DNS asks for the name itself and then for its last seven labels: from nine labels on it leaps over the names between.",
		Fix:        "Publish a DMARC record at the domain itself",
		Example:    beneathExample("a.b.c.d.e.f.g.example.com", ""),
		Judge:      each(deepNames, dmarcDeepName),
	},
	{
		ID: "dmarc.rua-missing", Title: "aggregate reports are asked for", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9989 4.7", "RFC 9989 8"},
		Needs:      facts.Policy,
		Help: "Without rua= receivers send no aggregate reports, so nobody sees which servers send in the domain's name and " +
			"which mail fails. A stricter policy is then set blind.",
		Fix:     "Add rua=mailto: with an address that is read",
		Example: policyExample("v=DMARC1; p=reject"),
		Judge:   each(appliedPolicy, dmarcRUAMissing),
	},
	{
		ID: "dmarc.rua-invalid", Title: "the addresses for aggregate reports are valid", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.8"},
		Needs:      facts.Policy,
		Help: "rua= takes URIs with commas between them, and receivers need to support mailto: only. They send nothing to what " +
			"is none; a record without p= or with a wrong one needs a valid address to count at all.",
		Fix:     "Write each address as mailto:name@domain, with commas between several",
		Example: policyExample("v=DMARC1; p=reject; rua=dmarc@example.com"),
		Judge:   each(policyRecords, dmarcRUAInvalid),
	},
	{
		ID: "dmarc.idn", Title: "addresses for reports have their domain in ASCII", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9989 4.8", "RFC 8616 6"},
		Needs:      facts.Policy,
		Help:       "A URI is ASCII, and an internationalised domain stands in it as its A-label, which begins with xn--. Receivers ignore an address with any other.",
		Fix:        "Write the domain of the address as its A-label (xn--...)",
		Example:    policyExample(`v=DMARC1; p=reject; rua=mailto:dmarc@b\195\188cher.example`),
		Judge:      each(onlyKnown(policyRecords), dmarcIDN),
	},
	{
		ID: "dmarc.rua-external", Title: "other domains agree to take the reports", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 9990 4", "RFC 7489 7.1"},
		Needs:      facts.Policy,
		Help: "Reports to an address outside the organizational domain are sent only if that domain says in the DNS that it takes " +
			"them. Without it receivers drop the address silently.",
		Fix:     "Ask whoever runs that domain to publish the TXT record v=DMARC1 at the name, or use an address of your own",
		Example: policyExample("v=DMARC1; p=reject; rua=mailto:dmarc@example.net"),
		Judge:   each(reportTargets, dmarcRUAExternal),
	},
	{
		ID: "dmarc.rua-undeliverable", Title: "the addresses for reports take mail", Area: "dmarc", Worst: Warn, Impact: Reports,
		References: []string{"RFC 5321 5.1", "RFC 7505 3", "RFC 9989 5.1.3"},
		Needs:      facts.Policy,
		Help:       "Reports are mail, and need a host to go to. Those to a domain without one, or with a null MX, bounce, and nobody tells you.",
		Fix:        "Name an address at a domain that takes mail, and read what comes",
		Example:    policyExample("v=DMARC1; p=reject; rua=mailto:dmarc@reports.example.com"),
		Judge:      each(mailboxes, dmarcRUAUndeliverable),
	},
	{
		ID: "dmarc.rua-size", Title: "addresses for reports have no size limit", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.8", "RFC 9989 C.4"},
		Needs:      facts.Policy,
		Help:       "RFC 9989 removed the limit that could follow an address behind an exclamation mark. Reporters that follow it ignore the limit; others may send no report that is larger.",
		Fix:        "Remove the size from the address",
		Example:    policyExample("v=DMARC1; p=reject; rua=mailto:dmarc@example.com!10m"),
		Judge:      each(ownPolicy, dmarcRUASize),
	},
	{
		ID: "dmarc.rua-many", Title: "reports go to at most 2 addresses", Area: "dmarc", Worst: Info, Impact: Reports,
		References: []string{"RFC 7489 6.2"},
		Needs:      facts.Policy,
		Help:       "Reporters must serve two addresses and may leave further ones out, so what a third one gets has holes.",
		Fix:        "Name at most 2 addresses, and forward from there",
		Example:    policyExample("v=DMARC1; p=reject; rua=mailto:dmarc@example.com,mailto:a@example.com,mailto:b@example.com"),
		Judge:      each(ownPolicy, dmarcRUAMany),
	},
	{
		ID: "dmarc.ruf", Title: "no reports on single messages are asked for", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 10.2"},
		Needs:      facts.Policy,
		Help:       "ruf= asks for a report on each message that fails. Few receivers send any, and those hold people's mail, so that whoever reads them needs leave to.",
		Fix:        "Remove ruf=, unless the reports are read by somebody who may",
		Example:    policyExample("v=DMARC1; p=reject; rua=mailto:dmarc@example.com; ruf=mailto:dmarc@example.com"),
		Judge:      each(ownPolicy, dmarcRUF),
	},
	{
		ID: "dmarc.fo", Title: "fo= is valid and has a ruf= to go with", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 4.7", "RFC 9989 4.8"},
		Needs:      facts.Policy,
		Help:       "fo= says of which failures reports on single messages are wanted. Receivers ignore it where ruf= does not ask for such reports.",
		Fix:        "Remove fo=, or correct it",
		Example:    policyExample("v=DMARC1; p=reject; fo=1; rua=mailto:dmarc@example.com"),
		Judge:      each(ownPolicy, dmarcFO),
	},
	{
		ID: "dmarc.size", Title: "the DMARC record fits into a DNS answer of 512 octets", Area: "dmarc", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 1035 4.2.1", "RFC 7766 5"},
		Needs:      facts.Policy,
		Help:       "A larger answer needs EDNS or TCP all the way from your name servers to each receiver. Where a firewall drops one of them, the record cannot be read.",
		Fix:        "Shorten the record, mostly by naming fewer addresses",
		Example:    Example{Zone: keyAt("_dmarc.example.com", "v=DMARC1; p=reject; rua="+strings.Repeat("mailto:dmarc@example.com,", 20)+"mailto:dmarc@example.com")},
		Judge:      each(ownPolicy, dmarcSize),
	},
	{
		ID: "dmarc.adkim-strict", Title: "signatures are aligned as adkim= asks", Area: "dmarc", Worst: Warn, Impact: Reject,
		References: []string{"RFC 9989 4.4", "RFC 9989 3.2.10.2"},
		Replies:    unalignedReplies,
		Needs:      facts.Policy,
		Help:       "With adkim=s a signature of a domain above or beneath that of From counts for nothing: only the very same domain does. In practice relaxed alignment suffices.",
		Fix:        "Set adkim=r or remove the tag, or use the very domain of From",
		Example: Example{Zone: keyAt("s1._domainkey.mail.example.com", "v=DKIM1; p="+rsa2048Example) + "\n" +
			`_dmarc.example.com. TXT "v=DMARC1; p=reject; adkim=s; rua=mailto:dmarc@example.com"`, Flags: "--dkim-domain mail.example.com"},
		Judge: each(strictUnder("adkim"), dmarcStrict),
	},
	{
		ID: "dmarc.aspf-strict", Title: "MAIL FROM is aligned as aspf= asks", Area: "dmarc", Worst: Warn, Impact: Reject,
		References: []string{"RFC 9989 4.4", "RFC 9989 3.2.10.2"},
		Replies:    unalignedReplies,
		Needs:      facts.Policy,
		Help:       "With aspf=s a MAIL FROM of a domain above or beneath that of From counts for nothing: only the very same domain does. In practice relaxed alignment suffices.",
		Fix:        "Set aspf=r or remove the tag, or use the very domain of From",
		Example:    Example{Zone: `_dmarc.example.com. TXT "v=DMARC1; p=reject; aspf=s; rua=mailto:dmarc@example.com"`, Flags: "--mail-from bounce@mail.example.com"},
		Judge:      each(strictUnder("aspf"), dmarcStrict),
	},
	{
		ID: "dmarc.unaligned", Title: "an identifier of each stream is aligned with the domain of From", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.4", "RFC 9989 8"},
		Replies:    unalignedReplies,
		// Gmail documents its refusal for p=reject and p=quarantine, and for bulk mail without alignment.
		Refused: []Refusal{{Receiver: "gmail"}, {Receiver: "yahoo", Bulk: true}, {Receiver: "outlook", Bulk: true}},
		Needs:   facts.Policy,
		Help: "SPF and DKIM count for DMARC only where the domain that passes, MAIL FROM or d=, belongs with that of From. Where neither does, all mail of " +
			"the stream fails DMARC, however well both pass by themselves.",
		Fix: "Sign with the domain of From, and have the service use a MAIL FROM beneath it",
		Example: Example{Zone: keyAt("s1._domainkey.example.net", "v=DKIM1; p="+rsa2048Example) + "\n" + `example.net. TXT "v=spf1 ip4:192.0.2.25 -all"`,
			Flags: "--mail-from bounce@example.net --dkim-domain example.net"},
		Judge: each(aligned, dmarcUnaligned),
	},
	{
		ID: "dmarc.reject-spf-only", Title: "p=reject does not rest on SPF alone", Area: "dmarc", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 7.4", "RFC 9989 8"},
		Replies: []string{
			"550 5.7.26 Unauthenticated email from {d} is not accepted due to domain's DMARC policy.",
			"550 5.7.509 Access denied, sending domain {d} does not pass DMARC verification and has a DMARC policy of reject.",
		},
		Needs: facts.Policy | facts.Keys,
		Help: "Forwarded mail comes from an address that the domain's SPF record does not name, and only a DKIM signature " +
			"survives that. With p=reject and no DKIM every forwarded message is refused, so a domain must not publish the one without the other.",
		Fix:     "Sign all mail with DKIM, and lower the policy until that is done",
		Example: Example{Remove: "s1._domainkey.example.com. TXT", Flags: "--selector="},
		Judge:   each(rejection, dmarcRejectSPFOnly),
	},
	{
		ID: "dmarc.spf-only", Title: "DMARC does not rest on SPF alone", Area: "dmarc", Worst: Warn, Impact: Reject,
		References: []string{"RFC 9989 7.4", "RFC 9989 8"},
		Replies:    unalignedReplies[:2],
		Needs:      facts.Policy | facts.Keys,
		Help: "Forwarded mail comes from an address that the SPF record does not name, and only an aligned DKIM signature survives that. With " +
			"p=reject forwarded mail is refused, and no domain may publish that while it rests on SPF alone.",
		Fix:     "Sign the mail of this stream with the domain of From",
		Example: Example{Zone: keyAt("s1._domainkey.example.net", "v=DKIM1; p="+rsa2048Example), Flags: "--dkim-domain example.net"},
		Judge:   each(supported, dmarcSPFOnly),
	},
	{
		ID: "dmarc.unauth-mx-parked", Title: "a domain that sends nothing asks for reject", Area: "dmarc", Worst: Info, Impact: Spam,
		References: []string{"RFC 9989 4.7", "M3AAWG Protecting Parked Domains Best Common Practices"},
		Needs:      facts.Policy,
		Help:       "No mail of a domain that sends nothing is genuine, so there is nothing to watch before p=reject, and all that it refuses is forged.",
		Fix:        "Set p=reject, once it is certain that nothing sends",
		Example: Example{Zone: "example.com. MX 0 .\n" + `example.com. TXT "v=spf1 -all"` + "\n" + `_dmarc.example.com. TXT "v=DMARC1; p=none"`,
			Remove: "s1._domainkey.example.com. TXT", Flags: "--ip= --helo= --selector="},
		Judge: each(onlyKnown(enforced(parkedPolicy)), dmarcParked),
	},
}

// policyState leaves out a domain whose record is published and void, or where nobody looks: the rule that names the fault
// says all.
func policyState(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool {
		return d.Status == facts.DMARCFound || d.Status == facts.DMARCNone && len(d.Misplaced) == 0 && !d.Dangling
	})
}

// policyAlias is the policy where _dmarc of the domain is a CNAME.
func policyAlias(f *facts.Facts) []subject[facts.DMARC] {
	return slices.DeleteFunc(onlyKnown(thePolicy)(f), func(s subject[facts.DMARC]) bool { return len(s.of.Value.CNAME) == 0 })
}

// policyRecords is the record that receivers read, or would read if its tags did not void it.
func policyRecords(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool { return d.Record != nil && !policyHas(d, dmarc.Version) })
}

// appliedPolicy is the record that receivers apply.
func appliedPolicy(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool { return d.Status == facts.DMARCFound && d.Record != nil })
}

// inForce is the record that receivers apply, where that is known: that it is not is said once, by the rules above.
func inForce(f *facts.Facts) []subject[facts.DMARC] { return onlyKnown(appliedPolicy)(f) }

// lostPolicyOf is why it is not known which policy of the record in force is that of the domain: np= is for names that do not exist
// (RFC 9989 4.7), and whether this one does was not found out. "" where it is known, or no record is in force.
func lostPolicyOf(f *facts.Facts) string {
	if d := f.DMARC.Value; !f.DMARC.Known() || d.Status != facts.DMARCFound || d.Policy != "" {
		return ""
	}
	return fmt.Sprintf("which policy holds hangs on whether %s exists: %s", f.Domain, cmp.Or(f.Exists.Why, "no answer"))
}

// enforced are those of some records of which it is known what they ask for.
func enforced(subjects func(*facts.Facts) []subject[facts.DMARC]) func(*facts.Facts) []subject[facts.DMARC] {
	return func(f *facts.Facts) []subject[facts.DMARC] {
		l := subjects(f)
		for i, s := range l {
			if why := lostPolicyOf(f); s.of.Known() && why != "" {
				l[i].of = facts.Cannot[facts.DMARC](why)
			}
		}
		return l
	}
}

// ownPolicy is that record where it stands at the domain's own name. What is amiss above is its owner's to hear.
func ownPolicy(f *facts.Facts) []subject[facts.DMARC] {
	return inForceIf(f, func(d facts.DMARC) bool { return !d.Inherited })
}

// placedPolicy is that record beneath or at an organizational domain: dmarc.psl-vs-walk says where that is not known.
func placedPolicy(f *facts.Facts) []subject[facts.DMARC] {
	l := ownPolicy(f)
	for i, s := range l {
		if s.of.Value.Org == "" {
			l[i].of, l[i].said = facts.Cannot[facts.DMARC](lostOrg(f)), "dmarc"
		}
	}
	return l
}

// orgPolicy is that record where it is the organizational domain's, so that subdomains come under it.
func orgPolicy(f *facts.Facts) []subject[facts.DMARC] {
	return inForceIf(f, func(d facts.DMARC) bool { return !d.Inherited && d.Org == f.Domain && usablePolicy(d) })
}

// madeNames is that record where names that nobody made do not exist, so that np= could apply to them.
func madeNames(f *facts.Facts) []subject[facts.DMARC] {
	return slices.DeleteFunc(orgPolicy(f), func(s subject[facts.DMARC]) bool {
		d := s.of.Value
		return f.Profile.Name == facts.Parked || len(d.Record.RUA) == 0 || !d.Wildcard.Known() || d.Wildcard.Value
	})
}

// parkedPolicy is that record of a domain that sends nothing.
func parkedPolicy(f *facts.Facts) []subject[facts.DMARC] {
	return inForceIf(f, func(facts.DMARC) bool { return sendsNothing(f) })
}

func inForceIf(f *facts.Facts, keep func(facts.DMARC) bool) []subject[facts.DMARC] {
	return slices.DeleteFunc(inForce(f), func(s subject[facts.DMARC]) bool { return !keep(s.of.Value) })
}

// npWildcards is whether a wildcard makes names exist, where np= counts on that none does.
func npWildcards(f *facts.Facts) []subject[bool] {
	var l []subject[bool]
	for _, s := range orgPolicy(f) {
		if s.of.Value.Record.NP != "" {
			l = append(l, subject[bool]{name: "*." + f.Domain, of: s.of.Value.Wildcard})
		}
	}
	return l
}

// deepNames are domains of which the walk up the DNS leaps over names (RFC 9989 4.10).
func deepNames(f *facts.Facts) []subject[facts.DMARC] {
	if labels(f.Domain) < deepLabels {
		return nil
	}
	return onlyKnown(thePolicy)(f)
}

// mailboxes are the domains that reports are mailed to.
func mailboxes(f *facts.Facts) []subject[mailbox] {
	var l []subject[mailbox]
	for _, s := range inForce(f) {
		for _, m := range s.of.Value.Mailboxes {
			l = append(l, subject[mailbox]{name: m.Domain, of: facts.Fact[mailbox]{State: m.MX.State, Why: m.MX.Why, Value: mailbox{m.Domain, m.MX.Value}}})
		}
		if why := beyondReports(f); why != "" { // dmarc.rua-external says so
			l = append(l, subject[mailbox]{name: s.name, of: facts.Cannot[mailbox](why), said: "dmarc"})
		}
	}
	return l
}

type mailbox struct{ domain, mx string }

// streams are the streams of a domain to which DMARC applies. A parked domain has none.
func streams(f *facts.Facts) []Alignment {
	if len(inForce(f)) == 0 || f.Profile.Name == facts.Parked {
		return nil
	}
	return Alignments(f)
}

// strictUnder are the identities that adkim= or aspf= of the record in force wants to be the domain itself.
func strictUnder(tag string) func(*facts.Facts) []subject[strictIdentity] {
	return func(f *facts.Facts) []subject[strictIdentity] {
		var l []subject[strictIdentity]
		for _, a := range streams(f) {
			i := a.DKIM
			if tag == "aspf" {
				i = a.SPF
			}
			if i.Mode == "strict" && (i.Strict == "pass" || i.Relaxed != "unknown") {
				l = append(l, subject[strictIdentity]{name: i.Domain, of: facts.Know(strictIdentity{i, tag, a.Stream})})
			}
		}
		return l
	}
}

// strictIdentity is one of them, the tag and its stream.
type strictIdentity struct {
	Identity
	tag, stream string
}

// aligned are the streams, where it is known whether some identifier is aligned.
func aligned(f *facts.Facts) []subject[Alignment] {
	var l []subject[Alignment]
	for _, a := range streams(f) {
		s := subject[Alignment]{name: f.Domain, of: facts.Know(a)}
		switch or(a.SPF.Aligned, a.DKIM.Aligned) {
		case "unknown":
			s.of = facts.Cannot[Alignment](lostOrg(f))
		case "fail":
			if why := lostPolicyOf(f); why != "" && f.Profile.Name != facts.Bulk { // then it weighs the same under every policy
				s.of = facts.Cannot[Alignment](why)
			}
		}
		l = append(l, s)
	}
	return l
}

// lostOrg is why an organizational domain is not known.
func lostOrg(f *facts.Facts) string {
	for _, o := range f.Orgs {
		if !o.Org.Known() {
			return fmt.Sprintf("the organizational domain of %s: %s", o.Domain, o.Org.Why)
		}
	}
	return "the organizational domain is not known"
}

// supported are the streams of which it is known by what they pass.
func supported(f *facts.Facts) []subject[Alignment] {
	var l []subject[Alignment]
	for _, a := range streams(f) {
		switch {
		case a.Single == "spf" || a.DKIM.Result == "pass":
			l = append(l, subject[Alignment]{name: f.Domain, of: facts.Know(a)})
		case a.SPF.Result == "pass" && a.DKIM.Passes == "pass" && a.DKIM.Aligned == "unknown":
			l = append(l, subject[Alignment]{name: f.Domain, of: facts.Cannot[Alignment](lostOrg(f))})
		}
	}
	return l
}

// usablePolicy says whether the record is applied as it was meant, and not as p=none for want of a valid policy.
func usablePolicy(d facts.DMARC) bool {
	return !policyHas(d, dmarc.PolicyMissing, dmarc.PolicyInvalid, dmarc.SubInvalid)
}

// watched is the record that receivers apply as it was meant, and not as p=none for want of a valid policy.
func watched(f *facts.Facts) []subject[facts.DMARC] {
	return policyIf(f, func(d facts.DMARC) bool {
		return d.Status == facts.DMARCFound && d.Record != nil && usablePolicy(d)
	})
}

func policyIf(f *facts.Facts, keep func(facts.DMARC) bool) []subject[facts.DMARC] {
	return slices.DeleteFunc(thePolicy(f), func(s subject[facts.DMARC]) bool { return s.of.Known() && !keep(s.of.Value) })
}

func policyHas(d facts.DMARC, kinds ...dmarc.Kind) bool {
	return slices.ContainsFunc(d.Record.Problems, func(p dmarc.Problem) bool { return slices.Contains(kinds, p.Kind) })
}

// rejection is whether DKIM can bear a policy of reject. Where a selector in use is at fault the dkim rules say so:
// that is one defect and not two. Where SPF cannot pass either the policy rests on nothing, as a domain without mail may
// have it.
func rejection(f *facts.Facts) []subject[bool] {
	l := thePolicy(f)
	if spf, _ := spfCould(f); len(l) == 0 || f.Profile.Name == facts.Parked || !spf {
		return nil
	}
	d, s := l[0].of, subject[bool]{name: f.Domain, of: bearable(f)}
	switch {
	case s.of.State == facts.Unasked, s.of.Known() && s.of.Value && !d.Known():
		return nil // whatever the policy is
	case d.State != facts.Known:
		s.of, s.deciding = facts.Fact[bool]{State: d.State, Why: d.Why}, true
	case lostPolicyOf(f) != "":
		s.of = facts.Cannot[bool](lostPolicyOf(f))
	case d.Value.Policy != "reject":
		return nil
	}
	return []subject[bool]{s}
}

// bearable says whether a DKIM key exists. It is unasked where that cannot be known: a guess that finds nothing
// beneath a _domainkey that exists tells nothing, and a named selector without a key tells nothing of the others.
func bearable(f *facts.Facts) facts.Fact[bool] {
	for _, d := range f.DKIM {
		if slices.ContainsFunc(d.Keys, func(k facts.Key) bool { return k.Status == facts.KeyValid }) {
			return facts.Know(true)
		}
	}
	if len(f.DKIM) == 0 {
		return facts.Fact[bool]{}
	}
	fact := facts.Know(false)
	for _, d := range f.DKIM {
		switch {
		case d.Named, hasKey(d), d.Subtree.State == facts.Unasked, d.Subtree.Known() && d.Subtree.Value != facts.SubtreeAbsent:
			return facts.Fact[bool]{}
		case d.Subtree.State == facts.Unknown:
			fact = facts.Cannot[bool](d.Subtree.Why)
		}
	}
	return fact
}
