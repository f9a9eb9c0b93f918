package checks

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// The limits of an evaluation (RFC 7208 4.6.4).
const (
	maxLookups = 10
	maxVoid    = 2
	maxMXHosts = 10
	maxNames   = 10 // of a ptr
)

// maxFaults is how many faults of one kind a rule reports one by one; a hostile record can have thousands.
const maxFaults = 10

// refusedWithoutSPF are the receivers that want SPF to pass from bulk senders, whatever DKIM says.
var refusedWithoutSPF = []Refusal{{Receiver: "gmail", Bulk: true}, {Receiver: "outlook", Bulk: true}, {Receiver: "icloud", Bulk: true}}

// repliesWithoutSPF are what they answer, and what Gmail answers anybody whose DKIM does not pass either.
var repliesWithoutSPF = []string{
	"550 5.7.27 This message was blocked because it didn't pass SPF authentication. Gmail requires bulk email senders to authenticate their email with SPF.",
	"550 5.7.26 This email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. Authentication results: DKIM = did not pass SPF [{d}] with ip: [{ip}] = did not pass.",
	"550 5.7.515 Access denied, sending domain {d} doesn't meet the required authentication level.",
}

// What Gmail answers to a hard fail, and to a record that it distrusts.
const (
	hardFailReply = "550 5.7.26 The MAIL FROM domain [{d}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks " +
		"with the ip: [{ip}]. To best protect our users from spam and phishing, the message has been blocked."
	suspiciousReply = "550 5.7.24 The SPF record of the sending domain has one or more suspicious entries."
)

const permerrorHelp = " The result is permerror for every message, so SPF authenticates none: Gmail, Outlook.com and iCloud refuse that from bulk senders."

var spfChecks = []*Check{
	{
		ID: "spf.missing", Title: "the sender's domain publishes SPF", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 3", "RFC 7208 4.5", "RFC 7208 10.1.2"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "SPF says which addresses may send with this domain in MAIL FROM, and records do not pass from a domain to its subdomains. " +
			"Without one nothing but DKIM can authenticate the mail; Gmail, Outlook.com and iCloud refuse that from bulk senders.",
		Fix:     "Publish one TXT record that begins with v=spf1, names every host and service that sends, and ends with ~all",
		Example: Example{Remove: "example.com. TXT"},
		// Where something was meant to be SPF and is none, spf.version says so.
		Judge: spfRule(where(spfExpected, func(s facts.SPF) bool { return s.Root.Status != facts.SPFNone || len(s.Near) == 0 }), spfMissing),
	},
	{
		ID: "spf.multiple", Title: "SPF stands in one record", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 3.2", "RFC 7208 4.5"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A receiver that finds two SPF records takes neither." + permerrorHelp,
		Fix:        "Merge the terms of all into one TXT record and delete the others",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 -all", `example.com. TXT "v=spf1 include:_spf.example.net ~all"`),
		Judge:      spfRule(spfAll, spfMultiple),
	},
	{
		ID: "spf.version", Title: "every record meant as SPF begins with v=spf1 and a space", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.5"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "A receiver discards a record that does not begin with exactly v=spf1 and then a space or the end, as if it were not there. " +
			"A quote, a space in front, v=spf10 or v=spf1; suffice.",
		Fix:     "Let the record begin with v=spf1 and a space",
		Example: spfExample("v=spf10 ip4:192.0.2.25 -all"),
		Judge:   spfRule(spfMeant, spfVersion),
	},
	{
		ID: "spf.type99", Title: "SPF stands in TXT records only", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 3.1", "RFC 7208 14.1"},
		Needs:      facts.SPFTree,
		Help: "The record type SPF (99) was an experiment, and receivers look at TXT records alone. The second copy is forgotten at the next " +
			"change, and then misleads whoever reads it.",
		Fix:     "Delete the record of type SPF and keep the TXT record",
		Example: Example{Zone: `example.com. SPF "v=spf1 ip4:192.0.2.25 -all"`},
		Judge:   each(spfType99, spfRetiredType),
	},
	{
		ID: "spf.senderid", Title: "no Sender ID record is left", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 4406 3.4"},
		Needs:      facts.SPFTree,
		Help:       "Sender ID was an experiment of 2006 that came to nothing: receivers of SPF look at v=spf1 alone. The record does no harm and no good.",
		Fix:        "Delete the TXT record that begins with spf2.0/",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 -all", `example.com. TXT "spf2.0/pra ip4:192.0.2.25 -all"`),
		Judge:      spfRule(spfAll, spfSenderID),
	},
	{
		ID: "spf.syntax", Title: "every SPF term is a known mechanism or a modifier, and well formed", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6", "RFC 7208 12"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "Receivers check the syntax of the whole record before they evaluate it, even of terms that they would never come to." + permerrorHelp,
		Fix:        "Correct or remove the term",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 ipv4:192.0.2.26 -all"),
		Judge:      spfRule(spfFound, spfSyntax),
	},
	{
		ID: "spf.ip4-invalid", Title: "every ip4 names an IPv4 address or network", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.6", "RFC 7208 4.6"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "ip4 takes four numbers of 0 to 255 without leading zeros, and a prefix length of 0 to 32; anything else is a syntax error." + permerrorHelp,
		Fix:        "Correct the address, or write ip6: for an IPv6 address",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 ip4:192.0.2.256 -all"),
		Judge:      spfRule(spfFound, spfProblems(spf.IP4)),
	},
	{
		ID: "spf.ip6-invalid", Title: "every ip6 names an IPv6 address or network", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.6", "RFC 7208 4.6"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "ip6 takes an IPv6 address and a prefix length of 0 to 128; anything else is a syntax error." + permerrorHelp,
		Fix:        "Correct the address, or write ip4: for an IPv4 address",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 ip6:192.0.2.26 -all"),
		Judge:      spfRule(spfFound, spfProblems(spf.IP6)),
	},
	{
		ID: "spf.macro-invalid", Title: "every SPF macro is well formed", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 7.1", "RFC 7208 4.6"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A percent sign begins a macro such as %{i}; one that is misspelt or stands alone is a syntax error." + permerrorHelp,
		Fix:        "Correct the macro, or write %% for a percent sign",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 exists:%{x}.example.com -all"),
		Judge:      spfRule(spfFound, spfProblems(spf.Macro)),
	},
	{
		ID: "spf.redirect-multiple", Title: "redirect= stands once at most", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 6"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A record goes on in one other record or in none; two redirect= are a syntax error." + permerrorHelp,
		Fix:        "Keep one redirect= and turn the other into an include: before it",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 redirect=_spf.example.net redirect=_spf.example.com"),
		Judge:      spfRule(spfFound, spfRedirectMultiple),
	},
	{
		ID: "spf.string-too-long", Title: "no term is glued to the next where the record's strings meet", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 3.3", "RFC 1035 3.3.14"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "A TXT record longer than 255 octets is written as several strings, which receivers join with nothing between them. " +
			"A space that is missing at the seam makes one term out of two." + permerrorHelp,
		Fix:     "Put a space at the end of the first string",
		Example: Example{Zone: `example.com. TXT "v=spf1 ip4:192.0.2.25" "-all"`},
		Judge:   spfRule(spfFound, spfGlued),
	},
	{
		ID: "spf.record-size", Title: "SPF fits into a small DNS answer", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 3.4"},
		Needs:      facts.SPFTree,
		Help: "An answer of more than 512 octets needs EDNS or TCP; where a receiver's firewall lets neither through, SPF of this domain cannot be " +
			"looked up there. All TXT records at the name count, those of site verifications too.",
		Fix: "Shorten the record, or have verification records moved to names of their own",
		Example: Example{Zone: `example.com. TXT "v=spf1` + strings.Repeat(" ip4:192.0.2.25", 16) + ` " "` +
			strings.Repeat("ip4:192.0.2.25 ", 16) + `-all"`},
		Judge: spfRule(spfFound, spfRecordSize),
	},
	{
		ID: "spf.lookup-limit", Title: "SPF stays within 10 DNS lookups", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "include, a, mx, ptr, exists and redirect count at every occurrence, those of included records too. A receiver that comes to the " +
			"eleventh gives up with permerror, so addresses named further on never authenticate.",
		Fix:     "Remove includes that are no longer used, replace a and mx by ip4 and ip6, or give a service a MAIL FROM subdomain of its own",
		Example: spfExample("v=spf1" + strings.Repeat(" a:mx1.example.com", 11) + " ip4:192.0.2.25 -all"),
		Judge:   spfRule(spfTree, spfLookupLimit),
	},
	{
		ID: "spf.lookup-near", Title: "SPF keeps clear of the limit of 10 DNS lookups", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 10.1.1"},
		Needs:      facts.SPFTree,
		Help:       "Included records change without notice: one more include at a provider, and mail fails that passed the day before.",
		Fix:        "Remove includes that are no longer used, or replace a and mx by ip4 and ip6",
		Example:    spfExample("v=spf1 ip4:192.0.2.25" + strings.Repeat(" a:mx1.example.com", 9) + " -all"),
		Judge:      spfRule(where(spfTree, func(s facts.SPF) bool { return s.Lookups <= maxLookups }), spfLookupNear),
	},
	{
		ID: "spf.void-limit", Title: "at most 2 SPF lookups find nothing", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 11.1"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "A lookup is void when the name does not exist or has no record of the type. A receiver that meets the third gives up with " +
			"permerror, so addresses named further on never authenticate.",
		Fix:     "Remove the terms that find nothing",
		Example: spfExample("v=spf1 a:gone1.example.com a:gone2.example.com a:gone3.example.com ip4:192.0.2.25 -all"),
		Judge:   spfRule(spfTree, spfVoidLimit),
	},
	{
		ID: "spf.mech-a-mx-void", Title: "every a and mx of SPF leads to an address", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 5.3", "RFC 7208 5.4", "RFC 7208 4.6.4"},
		Needs:      facts.SPFTree,
		Help: "A term that leads to no address authorises nobody. It is mostly the name of a host that is gone, and with a third of them " +
			"every evaluation that comes so far ends in permerror.",
		Fix:     "Remove the term, or correct its name",
		Example: spfExample("v=spf1 ip4:192.0.2.25 a:gone.example.com -all"),
		Judge:   spfRule(spfTree, spfNoAddress),
	},
	{
		ID: "spf.void", Title: "every SPF lookup finds something", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 11.1"},
		Needs:      facts.SPFTree,
		Help: "A term that finds nothing authorises nobody, and the third is a permerror. A name in a domain that has lapsed can be " +
			"registered by somebody who then sends as you.",
		Fix:     "Remove the terms that find nothing",
		Example: spfExample("v=spf1 ip4:192.0.2.25 exists:gone.example.com -all"),
		Judge:   spfRule(where(spfTree, func(s facts.SPF) bool { return s.Void <= maxVoid }), spfVoid),
	},
	{
		ID: "spf.mx-limit", Title: "no SPF mx term leads to more than 10 hosts", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 5.4"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A receiver looks up the addresses of 10 MX hosts of one mx term; with more it gives up with permerror.",
		Fix:        "Replace the mx term by ip4 and ip6",
		Example:    spfExample("v=spf1 mx:many.example.com ip4:192.0.2.25 -all", lines("many.example.com. MX 10 mx%d.example.net.", 11)...),
		Judge:      spfRule(spfTree, treeRule(wideMX, lostMX)),
	},
	{
		ID: "spf.ptr-limit", Title: "no sending address has more than 10 reverse names where SPF uses ptr", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 5.5"},
		Needs:      facts.SPFTree, // not Reverse: a note is worth no question of its own, and rules of area ptr ask the same
		Help: "A receiver looks at 10 reverse names of the sending address and ignores the others. Which 10 is left to chance, and so is " +
			"whether the address passes by ptr.",
		Fix: "Replace ptr by ip4 and ip6, or remove reverse names that nobody needs",
		Example: spfExample("v=spf1 ip4:192.0.2.25 ptr -all", append(
			lines("25.2.0.192.in-addr.arpa. PTR mail%d.example.com.", 11), lines("mail%d.example.com. A 192.0.2.25", 11)...)...),
		Judge: each(spfPTRSources, spfPTRLimit),
	},
	{
		ID: "spf.known-dead-include", Title: "no include: names a provider's record that does not exist", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.2"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "Public lists still give names for some providers that were never right or are gone. An include of them is permerror for every " +
			"address that nothing before it matches.",
		Fix:     "Replace the name by the one in the provider's documentation",
		Example: spfExample("v=spf1 include:spf.barracudanetworks.com ip4:192.0.2.25 -all"),
		Judge:   spfRule(spfTree, treeRule(deadProvider, lostProvider)),
	},
	{
		ID: "spf.include-missing", Title: "every included domain has an SPF record", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.2"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "An include of a domain without an SPF record is no empty include: the receiver gives up with permerror when it comes to it, " +
			"so addresses named further on never authenticate.",
		Fix:     "Remove the include, or correct its name by the provider's documentation",
		Example: spfExample("v=spf1 include:gone.example.net ip4:192.0.2.25 -all"),
		Judge:   spfRule(spfTree, treeRule(missingInclude, lostRecord)),
	},
	{
		ID: "spf.include-permerror", Title: "every record that SPF leads to is valid", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.2", "RFC 7208 6.1", "RFC 7208 4.6"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "The permerror of an included record is the permerror of the record that includes it. The receiver gives up when it comes to the " +
			"include, so addresses named further on never authenticate.",
		Fix:     "Remove the term until the owner of the record has repaired it, and tell them",
		Example: spfExample("v=spf1 include:_spf.example.net ip4:192.0.2.25 -all", `_spf.example.net. TXT "v=spf1 203.0.113.0/26 -all"`),
		Judge:   spfRule(spfTree, treeRule(brokenRecord, lostRecord)),
	},
	{
		ID: "spf.include-temperror", Title: "every record that SPF leads to can be looked up", Area: "spf", Worst: Unknown, Impact: Defer,
		References: []string{"RFC 7208 5.2", "RFC 7208 8.6"},
		Needs:      facts.SPFTree,
		Help: "A receiver that gets no answer for an included record concludes temperror, and may defer the message until its sender gives up. What was " +
			"lost on the way to this audit others may well find, so nothing is held against the record.",
		Fix:     tryAgain,
		Example: Example{Zone: "_spf.example.net. CNAME _spf.example.org.\n_spf.example.org. CNAME _spf.example.net.", Remove: "_spf.example.net. TXT"},
		Judge:   spfRule(spfTree, spfTempError),
	},
	{
		ID: "spf.include-loop", Title: "no SPF record leads back to itself", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A receiver that comes to the loop follows it until the limit of 10 lookups, and then gives up with permerror.",
		Fix:        "Remove the term that leads back",
		Example:    spfExample("v=spf1 include:_spf.example.net ip4:192.0.2.25 -all", `_spf.example.net. TXT "v=spf1 include:example.com -all"`),
		Judge:      spfRule(spfTree, treeRule(loop, lostRecord)),
	},
	{
		ID: "spf.include-duplicate", Title: "no SPF record is included twice", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 10.1.1"},
		Needs:      facts.SPFTree,
		Help: "Each occurrence counts towards the limit of 10 lookups, with all that the record leads to, and whom the first did not match the " +
			"second does not match either.",
		Fix:     "Remove one of them",
		Example: spfExample("v=spf1 ip4:192.0.2.25 include:_spf.example.net include:_spf.example.net -all"),
		Judge:   spfRule(spfTree, spfIncludeDuplicate),
	},
	{
		ID: "spf.include-qualifier", Title: "every include: lets the addresses pass that it names", Area: "spf", Worst: Warn, Impact: Reject,
		References: []string{"RFC 7208 5.2", "RFC 7208 4.6.2"},
		Needs:      facts.SPFTree,
		Help: "The sign in front of an include: is the result for the addresses that pass the included record, not for all others: -include: " +
			"refuses the very hosts that it names.",
		Fix:     "Write include: without a sign; what the others get is said by all at the end",
		Example: spfExample("v=spf1 ip4:192.0.2.25 -include:_spf.example.net -all"),
		Judge:   spfRule(spfTree, spfIncludeQualifier),
	},
	{
		ID: "spf.redirect-missing", Title: "every redirect= leads to an SPF record", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 6.1"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A redirect= to a domain without an SPF record gives permerror to every address that nothing before it matches.",
		Fix:        "Correct the name in redirect=, or replace it by ~all",
		Example:    spfExample("v=spf1 redirect=gone.example.net"),
		Judge:      spfRule(spfTree, treeRule(missingRedirect, lostRecord)),
	},
	{
		ID: "spf.redirect-with-all", Title: "redirect= does not stand beside all", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 6.1", "RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help:       "Receivers ignore redirect= in a record that has an all anywhere: nobody who is named behind it is authorised.",
		Fix:        "Remove the redirect=; to keep both, turn it into an include: before the all",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 redirect=_spf.example.net -all"),
		Judge:      spfRule(spfFound, spfRedirectWithAll),
	},
	{
		ID: "spf.all-missing", Title: "SPF ends with all or redirect=", Area: "spf", Worst: Warn, Impact: Spam,
		References: []string{"RFC 7208 4.7", "RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help: "Without an all every other address gets neutral, which receivers must treat as if there were no SPF: forged mail is not told " +
			"apart from yours.",
		Fix:     "End the record with ~all",
		Example: spfExample("v=spf1 ip4:192.0.2.25"),
		Judge:   spfRule(spfFound, spfAllMissing),
	},
	{
		ID: "spf.all-plus", Title: "SPF does not let every address pass", Area: "spf", Worst: Fail, Impact: Spam,
		References: []string{"RFC 7208 5.1", "RFC 7208 4.6.2"},
		Replies:    []string{suspiciousReply},
		Needs:      facts.SPFTree,
		Help: "With +all, or all without a sign, whoever sends as this domain from anywhere passes SPF, and DMARC with it where the domains align. " +
			"The record authenticates nothing.",
		Fix:     "Replace +all by ~all",
		Example: spfExample("v=spf1 ip4:192.0.2.25 +all"),
		Judge:   spfRule(spfTree, spfAllPlus),
	},
	{
		ID: "spf.all-neutral", Title: "SPF does not end in ?all", Area: "spf", Worst: Warn, Impact: Spam,
		References: []string{"RFC 7208 8.2", "RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help:       "Receivers must treat neutral as if there were no SPF: forged mail is not told apart from yours. ?all is for the first days of a test.",
		Fix:        "Replace ?all by ~all",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 ?all"),
		Judge:      spfRule(spfTree, spfAllNeutral),
	},
	{
		ID: "spf.all-not-last", Title: "all is the last SPF mechanism", Area: "spf", Worst: Warn, Impact: Reject,
		References: []string{"RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help:       "all matches everything, so what stands after it is never tried: addresses that are named only there are not authorised.",
		Fix:        "Remove what stands behind all, or move all to the end once each of those terms is known to be right",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 -all include:_spf.example.net"),
		Judge:      spfRule(spfFound, spfAllNotLast),
	},
	{
		ID: "spf.all-hard", Title: "-all stands beside a DMARC policy of reject", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 7.1", "RFC 7208 8.4"},
		Replies:    []string{hardFailReply},
		Needs:      facts.SPFTree | facts.Policy,
		Help: "Receivers may refuse a hard fail before they look at DKIM and DMARC. Forwarded mail is lost that a DKIM signature would save, " +
			"and no DMARC report tells of it; ~all leaves the decision to DMARC.",
		Fix:     "Consider ~all as long as the DMARC policy is not reject",
		Example: Example{Zone: `_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`},
		Judge:   spfRule(spfPolicies, spfAllHard),
	},
	{
		ID: "spf.ptr", Title: "SPF does without ptr", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 5.5"},
		Needs:      facts.SPFTree,
		Help:       "ptr is slow, fails when reverse DNS does, and should not be published; some receivers skip it.",
		Fix:        "Replace ptr by ip4 and ip6",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 ptr -all"),
		Judge:      spfRule(spfTree, spfPTR),
	},
	{
		ID: "spf.exists", Title: "SPF itself says who may send", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 5.7", "RFC 7208 11.6"},
		Needs:      facts.SPFTree,
		Help: "exists: asks for a name made of the sender's address or mailbox. Who is authorised stands in somebody's name server and cannot be " +
			"read from the record, and the questions tell that server who mails whom.",
		Fix:     "Check the documentation of the service, and keep the term only while the service is used",
		Example: spfExample("v=spf1 ip4:192.0.2.25 exists:%{i}._spf.example.com -all"),
		Judge:   spfRule(spfTree, spfExists),
	},
	{
		ID: "spf.macro-p", Title: "SPF does without %{p}", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 7.3", "RFC 7208 5.5"},
		Needs:      facts.SPFTree,
		Help: "%{p} stands for the reverse name of the sending address. A receiver needs up to 11 lookups to find it, it is the word unknown " +
			"wherever reverse DNS is not in order, and it should not be published.",
		Fix:     "Replace the term by ip4 and ip6, or the macro by %{i}",
		Example: spfExample("v=spf1 ip4:192.0.2.25 exists:%{p}._spf.example.com -all"),
		Judge:   spfRule(spfTree, spfMacroP),
	},
	{
		ID: "spf.exp", Title: "the explanation that exp= leads to can be read", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 6.2"},
		Needs:      facts.SPFTree,
		Help:       "Receivers may give the explanation to whoever fails. They need one TXT record of plain ASCII at the name, and do as if there were no exp= otherwise.",
		Fix:        "Publish one TXT record of plain ASCII text at the name, or remove exp=",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 -all exp=gone.example.com"),
		Judge:      each(spfExplained, spfExp),
	},
	{
		ID: "spf.ip-wide", Title: "SPF names no more addresses than belong to one sender", Area: "spf", Worst: Fail, Impact: Spam,
		References: []string{"RFC 7208 5.6", "RFC 9989 7.1"},
		Replies:    []string{suspiciousReply},
		Needs:      facts.SPFTree,
		Help: "Whoever rents a machine within the range passes SPF as this domain. Gmail has a refusal for suspicious entries in SPF records " +
			"without saying which those are; it is not known to count ranges.",
		Fix:     "Narrow the network to the addresses that send",
		Example: spfExample("v=spf1 ip4:192.0.2.25/7 -all"),
		Judge:   spfRule(spfTree, spfWide),
	},
	{
		ID: "spf.ip-private", Title: "SPF names public addresses", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 6890 2.2.2", "RFC 6890 2.2.3"},
		Needs:      facts.SPFTree,
		Help: "No receiver on the Internet sees mail come from a private or reserved address, so the term authorises nobody there. What they see " +
			"is the public address of the gateway, which may be missing from the record.",
		Fix:     "Remove the term, and name the public address that receivers see",
		Example: spfExample("v=spf1 ip4:192.0.2.25 ip4:10.0.0.0/8 -all"),
		Judge:   spfRule(spfTree, spfPrivate),
	},
	{
		ID: "spf.redundant", Title: "every SPF term authorises somebody whom no other does", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 3.4", "RFC 7208 10.1.1"},
		Needs:      facts.SPFTree,
		Help:       "A term that adds nobody makes the record longer, and an a, mx or include: takes one of the 10 lookups besides.",
		Fix:        "Remove the term, unless it is to stay when the other one changes",
		Example:    spfExample("v=spf1 ip4:192.0.2.25 a:mail.example.com -all"),
		Judge:      spfRule(spfTree, spfRedundant),
	},
	{
		ID: "spf.too-many-providers", Title: "SPF includes the records of at most 5 other domains", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 9989 7.1", "RFC 7208 10.1.1"},
		Needs:      facts.SPFTree,
		Help:       "All customers of every service that is included pass SPF as this domain, as far as the service lets them. Of many, some are mostly not in use any more.",
		Fix:        "Remove the includes of services that no longer send for you",
		Example: Example{Zone: `example.com. TXT "v=spf1 ip4:192.0.2.25 include:_spf.a.example include:_spf.b.example include:_spf.c.example ` +
			`include:_spf.d.example include:_spf.e.example include:_spf.f.example -all"` + "\n" + strings.Join([]string{
			`_spf.a.example. TXT "v=spf1 -all"`, `_spf.b.example. TXT "v=spf1 -all"`, `_spf.c.example. TXT "v=spf1 -all"`,
			`_spf.d.example. TXT "v=spf1 -all"`, `_spf.e.example. TXT "v=spf1 -all"`, `_spf.f.example. TXT "v=spf1 -all"`}, "\n")},
		Judge: spfRule(spfTree, spfProviders),
	},
	{
		ID: "spf.takeover", Title: "every domain that SPF leads to is registered", Area: "spf", Worst: Fail, Impact: Spam,
		References: []string{"RFC 7208 5.2", "RFC 7208 5.3", "RFC 8020 2"},
		Needs:      facts.SPFTree,
		Help: "Whoever registers the domain decides who passes SPF as you, and DMARC with it where the domains align. Lapsed domains in SPF " +
			"records are looked for and bought for that.",
		Fix:     "Remove the term at once",
		Example: spfExample("v=spf1 ip4:192.0.2.25 a:mail.lapsed-example.com -all"),
		Judge:   spfRule(spfTree, spfTakeover),
	},
	{
		ID: "spf.ip-not-covered", Title: "every sending address passes SPF", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 2.6", "RFC 7208 8.4", "RFC 7208 8.5"},
		Replies: append([]string{
			hardFailReply,
			"550 5.7.23 <..>: Recipient address rejected: Message rejected due to: SPF fail - not authorized",
		}, repliesWithoutSPF...),
		Refused: refusedWithoutSPF,
		Needs:   facts.SPFTree,
		Help: "Only pass authenticates; softfail, neutral and none do not. Gmail, Outlook.com and iCloud refuse that from bulk senders. For a " +
			"hard fail (-all) Gmail has a refusal of its own, and filters such as policyd-spf refuse it whatever the volume.",
		Fix:     "Name the address in the SPF record of the MAIL FROM domain by ip4:, ip6: or an include:",
		Example: spfExample("v=spf1 ip4:192.0.2.26 -all"),
		Judge:   each(spfResults, spfNotCovered),
	},
	{
		ID: "spf.ip6-not-covered", Title: "the sending host passes SPF over IPv6, too", Area: "spf", Worst: Warn, Impact: Reject,
		References: []string{"RFC 7208 5", "RFC 7208 5.6"},
		Replies:    []string{"550 5.7.1 ... does not meet IPv6 sending guidelines regarding PTR records and authentication"},
		Needs:      facts.SPFTree | facts.Greeting,
		Help: "A host with an IPv6 address uses it for receivers that have one, such as Gmail, as soon as its mail server may. An SPF record that " +
			"names its IPv4 address alone does not cover that.",
		Fix:     "Add ip6: with the address to the SPF record, or have the host send over IPv4 only",
		Example: Example{Zone: "mail.example.com. AAAA 2001:db8::25"},
		Judge:   each(spfGreeted, spfIPv6),
	},
	{
		ID: "spf.unaligned-note", Title: "the domain in MAIL FROM is aligned with that in From", Area: "spf", Worst: Warn, Impact: Reject,
		References: []string{"RFC 9989 4.4", "RFC 9989 4.4.2", "RFC 9989 5.1.1"},
		Replies: []string{
			unalignedBulkReply,
			"550 5.7.515 Access denied, sending domain {d} doesn't meet the required authentication level.",
		},
		Needs: facts.SPFTree | facts.Policy,
		Help: "DMARC counts SPF only if the domain in MAIL FROM and that in From have the same organizational domain (relaxed alignment), or with " +
			"aspf=s are the same. What passes for a service's own bounce domain says nothing about yours.",
		Fix: "Have the service use a MAIL FROM domain beneath yours (a custom return path), or sign with a DKIM d= of your domain",
		Example: Example{Zone: `example.net. TXT "v=spf1 ip4:192.0.2.25 -all"` + "\n" + `_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`,
			Flags: "--mail-from bounce@example.net --dkim-domain example.net --selector="},
		Judge: spfUnaligned,
	},
	{
		ID: "spf.helo-missing", Title: "the HELO name publishes SPF", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 2.4", "RFC 7208 10.1.2", "RFC 7208 10.1.3"},
		Needs:      facts.SPFTree,
		Help:       "A bounce has no MAIL FROM, and receivers take postmaster at the HELO name for it. Without a record there the result is none.",
		Fix:        "Publish the TXT record v=spf1 a -all at the HELO name",
		Example:    Example{Remove: "mail.example.com. TXT"},
		Judge:      spfRule(spfNamed, spfHELOMissing),
	},
	{
		ID: "spf.helo-not-covered", Title: "the HELO name authorises the hosts that say it", Area: "spf", Worst: Warn, Impact: Reject,
		References: []string{"RFC 7208 2.3", "RFC 7208 2.6.4", "RFC 7208 8.4"},
		Replies:    []string{"550 5.7.23 <..>: Recipient address rejected: Message rejected due to: SPF fail - not authorized."},
		Needs:      facts.SPFTree,
		Help: "Receivers may check the HELO name by itself, before MAIL FROM. policyd-spf does unless told otherwise, and refuses what its " +
			"record says must not come from the address.",
		Fix:     "Name the sending addresses in the SPF record of the HELO name (v=spf1 a -all where its A and AAAA records are all of them)",
		Example: Example{Zone: `mail.example.com. TXT "v=spf1 -all"`},
		Judge:   spfRule(spfHELO, spfHELOFail),
	},
	{
		ID: "spf.parked", Title: "a domain that sends nothing says so in SPF", Area: "spf", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 10.1.2"},
		Needs:      facts.SPFTree,
		Help:       "v=spf1 -all says that no host sends with this domain. Any other record leaves room for somebody to send in its name.",
		Fix:        "Publish v=spf1 -all, once it is certain that nothing sends",
		Example:    Example{Zone: `example.com. TXT "v=spf1 include:_spf.example.net -all"`, Flags: "--profile parked --ip= --helo= --selector="},
		Judge:      spfRule(spfParkedRecord, spfParked),
	},
}

// spfExpected are the SPF records that there should be: of MAIL FROM domains, and of the audited one.
func spfExpected(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool { return len(s.MailFrom) > 0 || s.From })
}

// spfMeant are those where somebody meant to publish something.
func spfMeant(f *facts.Facts) []subject[facts.SPF] {
	return spfPublished(f, func(s facts.SPF) bool { return len(s.Near) > 0 })
}

// spfTree are the records with all that they lead to. What is lost within a tree decides nothing: the result for each
// address says whether it matters.
func spfTree(f *facts.Facts) []subject[facts.SPF] {
	l := spfFound(f)
	for i := range l {
		l[i].deciding = l[i].deciding && !l[i].of.Known()
	}
	return l
}

// where takes away the records of which a rule has nothing to say.
func where(subjects func(*facts.Facts) []subject[facts.SPF], applies func(facts.SPF) bool) func(*facts.Facts) []subject[facts.SPF] {
	return func(f *facts.Facts) []subject[facts.SPF] {
		return slices.DeleteFunc(subjects(f), func(s subject[facts.SPF]) bool { return s.of.Known() && !applies(s.of.Value) })
	}
}

// spfRule makes a rule out of one over a single record. Only the SPF of MAIL FROM domains is relied upon; what is wrong
// with that of a HELO name, or of a From domain that stands in no MAIL FROM, is a warning.
func spfRule(subjects func(*facts.Facts) []subject[facts.SPF], judge func(*facts.Facts, facts.SPF) []Violation) func(*facts.Facts) []Verdict {
	return each(subjects, func(f *facts.Facts, s facts.SPF) []Violation {
		l := judge(f, s)
		for i := range l {
			if l[i].Status == Fail && len(s.MailFrom) == 0 {
				l[i].Status = Warn
			}
		}
		return l
	})
}

// bounded keeps the first violations of a rule and says how many more there are.
func bounded(l []Violation) []Violation {
	if more := len(l) - maxFaults; more > 0 {
		l = l[:maxFaults]
		l[maxFaults-1].Message += fmt.Sprintf(" (and %d more)", more)
	}
	return l
}

// spfExample is the healthy domain with another SPF record, and what else is published.
func spfExample(record string, more ...string) Example {
	return Example{Zone: strings.Join(append([]string{`example.com. TXT "` + record + `"`}, more...), "\n")}
}

// lines is a format with the numbers from 1.
func lines(format string, n int) []string {
	l := make([]string, n)
	for i := range l {
		l[i] = fmt.Sprintf(format, i+1)
	}
	return l
}
