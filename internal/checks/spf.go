package checks

import (
	"cmp"
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
		Fix: "Publish one TXT record that begins with v=spf1, names every host and service that sends, and ends with ~all",
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
		Fix:   "Let the record begin with v=spf1 and a space",
		Judge: spfRule(spfMeant, spfVersion),
	},
	{
		ID: "spf.syntax", Title: "every SPF term is a known mechanism or a modifier, and well formed", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6", "RFC 7208 12"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "Receivers check the syntax of the whole record before they evaluate it, even of terms that they would never come to." + permerrorHelp,
		Fix:        "Correct or remove the term",
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
		Fix:   "Put a space at the end of the first string",
		Judge: spfRule(spfFound, spfGlued),
	},
	{
		ID: "spf.lookup-limit", Title: "SPF stays within 10 DNS lookups", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "include, a, mx, ptr, exists and redirect count at every occurrence, those of included records too. A receiver that comes to the " +
			"eleventh gives up with permerror, so addresses named further on never authenticate.",
		Fix:   "Remove includes that are no longer used, replace a and mx by ip4 and ip6, or give a service a MAIL FROM subdomain of its own",
		Judge: spfRule(spfTree, spfLookupLimit),
	},
	{
		ID: "spf.lookup-near", Title: "SPF keeps clear of the limit of 10 DNS lookups", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 10.1.1"},
		Needs:      facts.SPFTree,
		Help:       "Included records change without notice: one more include at a provider, and mail fails that passed the day before.",
		Fix:        "Remove includes that are no longer used, or replace a and mx by ip4 and ip6",
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
		Fix:   "Remove the terms that find nothing",
		Judge: spfRule(spfTree, spfVoidLimit),
	},
	{
		ID: "spf.void", Title: "every SPF lookup finds something", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 11.1"},
		Needs:      facts.SPFTree,
		Help: "A term that finds nothing authorises nobody, and the third is a permerror. A name in a domain that has lapsed can be " +
			"registered by somebody who then sends as you.",
		Fix:   "Remove the terms that find nothing",
		Judge: spfRule(where(spfTree, func(s facts.SPF) bool { return s.Void <= maxVoid }), spfVoid),
	},
	{
		ID: "spf.mx-limit", Title: "no SPF mx term leads to more than 10 hosts", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4", "RFC 7208 5.4"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A receiver looks up the addresses of 10 MX hosts of one mx term; with more it gives up with permerror.",
		Fix:        "Replace the mx term by ip4 and ip6",
		Judge:      spfRule(spfTree, treeRule(wideMX, lostMX)),
	},
	{
		ID: "spf.include-missing", Title: "every included domain has an SPF record", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.2"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "An include of a domain without an SPF record is no empty include: the receiver gives up with permerror when it comes to it, " +
			"so addresses named further on never authenticate.",
		Fix:   "Remove the include, or correct its name by the provider's documentation",
		Judge: spfRule(spfTree, treeRule(missingInclude, lostRecord)),
	},
	{
		ID: "spf.include-permerror", Title: "every record that SPF leads to is valid", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 5.2", "RFC 7208 6.1", "RFC 7208 4.6"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help: "The permerror of an included record is the permerror of the record that includes it. The receiver gives up when it comes to the " +
			"include, so addresses named further on never authenticate.",
		Fix:   "Remove the term until the owner of the record has repaired it, and tell them",
		Judge: spfRule(spfTree, treeRule(brokenRecord, lostRecord)),
	},
	{
		ID: "spf.include-loop", Title: "no SPF record leads back to itself", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 4.6.4"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A receiver that comes to the loop follows it until the limit of 10 lookups, and then gives up with permerror.",
		Fix:        "Remove the term that leads back",
		Judge:      spfRule(spfTree, treeRule(loop, lostRecord)),
	},
	{
		ID: "spf.redirect-missing", Title: "every redirect= leads to an SPF record", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 6.1"},
		Replies:    repliesWithoutSPF,
		Refused:    refusedWithoutSPF,
		Needs:      facts.SPFTree,
		Help:       "A redirect= to a domain without an SPF record gives permerror to every address that nothing before it matches.",
		Fix:        "Correct the name in redirect=, or replace it by ~all",
		Judge:      spfRule(spfTree, treeRule(missingRedirect, lostRecord)),
	},
	{
		ID: "spf.redirect-with-all", Title: "redirect= does not stand beside all", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 6.1", "RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help:       "Receivers ignore redirect= in a record that has an all anywhere: nobody who is named behind it is authorised.",
		Fix:        "Remove the redirect=, or the all; to keep both, turn the redirect= into an include: before the all",
		Judge:      spfRule(spfFound, spfRedirectWithAll),
	},
	{
		ID: "spf.all-missing", Title: "SPF ends with all or redirect=", Area: "spf", Worst: Warn, Impact: Spam,
		References: []string{"RFC 7208 4.7", "RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help: "Without an all every other address gets neutral, which receivers must treat as if there were no SPF: forged mail is not told " +
			"apart from yours.",
		Fix:   "End the record with ~all",
		Judge: spfRule(spfFound, spfAllMissing),
	},
	{
		ID: "spf.all-plus", Title: "SPF does not let every address pass", Area: "spf", Worst: Fail, Impact: Spam,
		References: []string{"RFC 7208 5.1", "RFC 7208 4.6.2"},
		Replies:    []string{"550 5.7.24 The SPF record of the sending domain has one or more suspicious entries."},
		Needs:      facts.SPFTree,
		Help: "With +all, or all without a sign, whoever sends as this domain from anywhere passes SPF, and DMARC with it where the domains align. " +
			"The record authenticates nothing.",
		Fix:   "Replace +all by ~all",
		Judge: spfRule(spfTree, spfAllPlus),
	},
	{
		ID: "spf.all-neutral", Title: "SPF does not end in ?all", Area: "spf", Worst: Warn, Impact: Spam,
		References: []string{"RFC 7208 8.2", "RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help:       "Receivers must treat neutral as if there were no SPF: forged mail is not told apart from yours. ?all is for the first days of a test.",
		Fix:        "Replace ?all by ~all",
		Judge:      spfRule(spfTree, spfAllNeutral),
	},
	{
		ID: "spf.all-not-last", Title: "all is the last SPF mechanism", Area: "spf", Worst: Warn, Impact: Reject,
		References: []string{"RFC 7208 5.1"},
		Needs:      facts.SPFTree,
		Help:       "all matches everything, so what stands after it is never tried: addresses that are named only there are not authorised.",
		Fix:        "Move all to the end of the record",
		Judge:      spfRule(spfFound, spfAllNotLast),
	},
	{
		ID: "spf.ptr", Title: "SPF does without ptr", Area: "spf", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 5.5"},
		Needs:      facts.SPFTree,
		Help:       "ptr is slow, fails when reverse DNS does, and should not be published; some receivers skip it.",
		Fix:        "Replace ptr by ip4 and ip6",
		Judge:      spfRule(spfTree, spfPTR),
	},
	{
		ID: "spf.ip-not-covered", Title: "every sending address passes SPF", Area: "spf", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 2.6", "RFC 7208 8.4", "RFC 7208 8.5"},
		Replies: append([]string{
			"550 5.7.26 The MAIL FROM domain [{d}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [{ip}]. To best protect our users from spam and phishing, the message has been blocked.",
			"550 5.7.23 <..>: Recipient address rejected: Message rejected due to: SPF fail - not authorized",
		}, repliesWithoutSPF...),
		Refused: refusedWithoutSPF,
		Needs:   facts.SPFTree,
		Help: "Only pass authenticates; softfail, neutral and none do not. Gmail, Outlook.com and iCloud refuse that from bulk senders. For a " +
			"hard fail (-all) Gmail has a refusal of its own, and filters such as policyd-spf refuse it whatever the volume.",
		Fix:   "Name the address in the SPF record of the MAIL FROM domain by ip4:, ip6: or an include:",
		Judge: each(spfResults, spfNotCovered),
	},
}

// spfExpected are the SPF records that there should be: of MAIL FROM domains, and of the audited one.
func spfExpected(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool { return len(s.MailFrom) > 0 || s.From })
}

// spfMeant are those where somebody meant to publish something.
func spfMeant(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool {
		return len(s.Near) > 0 || s.Root.Status == facts.SPFFound || s.Root.Status == facts.SPFUnknown && len(s.MailFrom) > 0
	})
}

// spfTree are the records with all that they lead to. What is lost within a tree decides nothing: the result for each
// address says whether it matters (CONTRACT "Deciding questions").
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

func spfMissing(f *facts.Facts, s facts.SPF) []Violation {
	if s.Root.Status != facts.SPFNone {
		return nil
	}
	v := Violation{Status: Fail, Message: "no TXT record begins with v=spf1"}
	switch {
	case len(s.MailFrom) == 0:
		// SPF is about MAIL FROM and HELO (RFC 7208 2.3, 2.4); a From domain that is neither needs none.
		v.Status, v.Message = Info, "no SPF record, and none is needed to send: this domain stands in no MAIL FROM"
		v.Fix = "Leave it so, or publish v=spf1 -all if this domain is never to stand in MAIL FROM"
	case !s.Exists:
		v.Message = "the MAIL FROM domain does not exist (NXDOMAIN), so it has no SPF record"
		v.Fix = "Send with a MAIL FROM domain that exists, and publish SPF there"
	case f.Profile.Name == facts.Parked:
		v.Status, v.Message = Warn, "no SPF record says that this domain sends nothing"
		v.Fix = "Publish the TXT record v=spf1 -all" // RFC 7208 10.1.2
	}
	return []Violation{v}
}

func spfMultiple(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Root.Status != facts.SPFMultiple {
		return nil
	}
	var l []string
	for _, text := range s.Root.Texts {
		l = append(l, fmt.Sprintf("%q", clip(text)))
	}
	return one(Fail, fmt.Sprintf("%s where 1 is allowed: %s", count(len(l), "SPF record"), some(l)))
}

func spfVersion(_ *facts.Facts, s facts.SPF) []Violation {
	status := Fail
	if s.Root.Status != facts.SPFNone {
		status = Info // receivers discard it, and find another
	}
	var l []Violation
	for _, text := range s.Near {
		why, _ := spf.LooksLike(text)
		l = append(l, Violation{Status: status, Message: fmt.Sprintf("receivers do not take %q for SPF: %s", clip(text), why)})
	}
	return bounded(l)
}

// record is a node's parsed record; the empty one where there is none.
func record(n facts.SPFNode) spf.Record {
	if n.Record == nil {
		return spf.Record{}
	}
	return *n.Record
}

// bounded keeps the first violations of a rule and says how many more there are.
func bounded(l []Violation) []Violation {
	if more := len(l) - maxFaults; more > 0 {
		l = l[:maxFaults]
		l[maxFaults-1].Message += fmt.Sprintf(" (and %d more)", more)
	}
	return l
}

// place says what is wrong with a term and where it stands, counted from 1.
func place(p spf.Problem) string {
	return fmt.Sprintf("%s at octet %d: %s", clip(p.Term), p.Offset+1, p.Message)
}

// syntaxErrors are the problems of a record that a rule reports. One that comes from a seam is that of another rule.
func syntaxErrors(s facts.SPF, mine func(spf.Problem) bool) []Violation {
	glued := seams(s.Root)
	var l []Violation
	for _, p := range record(s.Root).Problems {
		if mine(p) {
			l = append(l, Violation{Status: Fail, Message: place(p), Implied: glued[p.Offset] != nil})
		}
	}
	return bounded(l)
}

// spfProblems is the rule over one kind of problem.
func spfProblems(k spf.Kind) func(*facts.Facts, facts.SPF) []Violation {
	return func(_ *facts.Facts, s facts.SPF) []Violation {
		return syntaxErrors(s, func(p spf.Problem) bool { return p.Kind == k })
	}
}

func spfSyntax(_ *facts.Facts, s facts.SPF) []Violation {
	return syntaxErrors(s, func(p spf.Problem) bool {
		return p.Kind == spf.Syntax || p.Kind == spf.Duplicate && !secondRedirect(p) // a second exp=
	})
}

func spfRedirectMultiple(_ *facts.Facts, s facts.SPF) []Violation {
	return syntaxErrors(s, secondRedirect)
}

func secondRedirect(p spf.Problem) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(p.Term, "+-~?"), "=")
	return p.Kind == spf.Duplicate && strings.EqualFold(name, "redirect")
}

func spfGlued(_ *facts.Facts, s facts.SPF) []Violation {
	glued := seams(s.Root)
	var l []Violation
	for _, t := range record(s.Root).Terms { // in order
		parts := glued[t.Offset]
		if parts == nil {
			continue
		}
		for i := range parts {
			parts[i] = clip(parts[i])
		}
		l = append(l, Violation{Status: Fail,
			Message: fmt.Sprintf("no space between %s where two strings of the TXT record meet: they make the one term %s", strings.Join(parts, " and "), clip(t.Text)),
			Fix:     fmt.Sprintf("Put a space after %s, at the end of its string", strings.Join(parts[:len(parts)-1], " and after "))})
	}
	return bounded(l)
}

// seams finds the malformed terms that fall apart into good ones where two character-strings of the record meet: the
// strings are joined "without adding spaces" (RFC 7208 3.3). The keys are the terms' offsets.
func seams(n facts.SPFNode) map[int][]string {
	var cuts []int
	for i, at := 0, 0; i < len(n.Seams)-1; i++ {
		at += len(n.Seams[i])
		cuts = append(cuts, at)
	}
	glued := map[int][]string{}
	for _, t := range record(n).Terms {
		from, _ := slices.BinarySearch(cuts, t.Offset+1)
		to, _ := slices.BinarySearch(cuts, t.Offset+len(t.Text))
		// A term runs over many strings only in a record made to cost time.
		if !t.Bad || to <= from || to-from > 8 {
			continue
		}
		inner := slices.Clone(cuts[from:to])
		for i := range inner {
			inner[i] -= t.Offset
		}
		if parts := fallApart(t.Text, inner); parts != nil {
			glued[t.Offset] = parts
		}
	}
	return glued
}

// fallApart cuts a text at some of the places given so that every part is a term by itself; nil where none does that.
func fallApart(text string, cuts []int) []string {
	for i, at := range cuts {
		if !isTerm(text[:at]) {
			continue
		}
		if isTerm(text[at:]) {
			return []string{text[:at], text[at:]}
		}
		rest := slices.Clone(cuts[i+1:])
		for j := range rest {
			rest[j] -= at
		}
		if parts := fallApart(text[at:], rest); parts != nil {
			return append([]string{text[:at]}, parts...)
		}
	}
	return nil
}

// isTerm says whether a text without spaces is one term without a problem.
func isTerm(text string) bool {
	r := spf.Parse("v=spf1 " + text)
	return len(r.Terms) == 1 && len(r.Problems) == 0
}

// step is one term of the walk and the one that leads to its record.
type step struct {
	*facts.SPFTerm
	from *step
}

// String is the way to the term from the record at the top.
func (s step) String() string {
	if s.from == nil {
		return clip(s.Term.Text)
	}
	return s.from.String() + " > " + clip(s.Term.Text)
}

// visit shows every term of a walk in the order in which an evaluation comes to it.
func visit(n *facts.SPFNode, from *step, see func(step)) {
	for i := range n.Terms {
		s := step{&n.Terms[i], from}
		see(s)
		if s.Child != nil {
			here := s
			visit(s.Child, &here, see)
		}
	}
}

// bites is how much a fault weighs that makes an evaluation end in permerror, but only one that comes to it (CONTRACT
// "SPF result"): a failure where it happens to an address of this domain, or where no declared address shows that
// mail gets by. Candidates show nothing: an address that stands first in the record says nothing of those behind it.
func bites(f *facts.Facts, domain string) (status Status, note string) {
	declared, lost := false, false
	for _, r := range f.Results {
		if r.Identity != "mailfrom" || r.Domain != domain {
			continue
		}
		switch r.Result {
		case "permerror":
			return Fail, ""
		case "temperror":
			lost = true
		}
		declared = declared || r.Declared
	}
	switch {
	case !declared:
		return Fail, ""
	case lost:
		return Warn, ""
	}
	return Warn, "; no declared address comes that far"
}

// treeRule makes a rule out of what is wrong with one term of the walk; it says "" where nothing is. That nothing is
// wrong anywhere is certain only if nothing was lost that could have been.
func treeRule(wrong, lost func(step) string) func(*facts.Facts, facts.SPF) []Violation {
	return func(f *facts.Facts, s facts.SPF) []Violation {
		status, note := bites(f, s.Domain)
		var l []Violation
		visit(&s.Root, nil, func(t step) {
			if w := wrong(t); w != "" {
				l = append(l, Violation{Status: status, Message: w + note})
			}
		})
		if len(l) == 0 {
			return undecided(s, lost)
		}
		return bounded(l)
	}
}

// undecided is the violation that is none yet: a lookup of the walk got no answer, and that could hide one.
func undecided(s facts.SPF, lost func(step) string) []Violation {
	why := ""
	visit(&s.Root, nil, func(t step) { why = cmp.Or(why, lost(t)) })
	if why == "" {
		return nil
	}
	return []Violation{{Status: Unknown, Message: why, Fix: "Try again; if it stays so, have the name servers of that name repaired"}}
}

// lostRecord is why the record that a term leads to is not known. One beyond the bounds of the walk (facts.SPFUnread) is
// beyond those of any evaluation too.
func lostRecord(t step) string {
	if t.Child == nil || t.Child.Status != facts.SPFUnknown {
		return ""
	}
	return fmt.Sprintf("the SPF record of %s is not known: %s", clip(t.Child.Domain), cmp.Or(t.Child.Why, "no answer"))
}

// lostAnswer is that, or why it is not known whether a term finds anything. A term without a target stands for a part
// of each message, and nothing was lost of it.
func lostAnswer(t step) string {
	if t.Why == "" || t.Target == "" || len(t.Addresses) > 0 || t.Hosts > 0 {
		return lostRecord(t)
	}
	return fmt.Sprintf("what %s finds is not known: %s", clip(t.Term.Text), t.Why)
}

// lostMX is why the hosts of an mx are not known.
func lostMX(t step) string {
	if t.Term.Name == "mx" {
		return lostAnswer(t)
	}
	return lostRecord(t)
}

// lostRedirect is why the record that takes the place of the one at the top is not known.
func lostRedirect(t step) string {
	if t.Term.Name == "redirect" && t.own() {
		return lostRecord(t)
	}
	return ""
}

func wideMX(t step) string {
	if t.Term.Name != "mx" || t.Hosts <= maxMXHosts {
		return ""
	}
	return fmt.Sprintf("%s leads to %s where %d are allowed", t, count(t.Hosts, "MX host"), maxMXHosts)
}

func missingInclude(t step) string {
	if t.Child == nil || t.Child.Status != facts.SPFNone || t.Term.Name != "include" {
		return ""
	}
	return fmt.Sprintf("%s: no SPF record at %s", t, clip(t.Child.Domain))
}

func missingRedirect(t step) string {
	if t.Child == nil || t.Child.Status != facts.SPFNone || t.Term.Name != "redirect" {
		return ""
	}
	return fmt.Sprintf("%s: no SPF record at %s", t, clip(t.Child.Domain))
}

func brokenRecord(t step) string {
	if t.Child == nil {
		return ""
	}
	if t.Child.Status == facts.SPFMultiple {
		return fmt.Sprintf("%s: %s where 1 is allowed", t, count(len(t.Child.Texts), "SPF record"))
	}
	problems := record(*t.Child).Problems
	if len(problems) == 0 {
		return ""
	}
	more := ""
	if len(problems) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(problems)-1)
	}
	return fmt.Sprintf("%s: %s%s", t, place(problems[0]), more)
}

func loop(t step) string {
	if t.Child == nil || t.Child.Status != facts.SPFLoop {
		return ""
	}
	return fmt.Sprintf("%s leads back to %s", t, clip(t.Child.Domain))
}

func spfLookupLimit(f *facts.Facts, s facts.SPF) []Violation {
	if s.Lookups <= maxLookups {
		return undecided(s, lostRecord)
	}
	var beyond []string
	visit(&s.Root, nil, func(t step) {
		if t.Lookup > maxLookups {
			beyond = append(beyond, fmt.Sprintf("%s (lookup %d)", t, t.Lookup))
		}
	})
	status, note := bites(f, s.Domain)
	return one(status, fmt.Sprintf("%s where %d are allowed; out of reach: %s%s", count(s.Lookups, "DNS lookup"), maxLookups, some(beyond), note))
}

func spfLookupNear(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Lookups < maxLookups-1 {
		return undecided(s, lostRecord)
	}
	return one(Warn, fmt.Sprintf("%s where %d are allowed", count(s.Lookups, "DNS lookup"), maxLookups))
}

// voids are the terms that find nothing. All of them are implied where each is a record that is missing: rules of their
// own say so.
func voids(s facts.SPF) (terms []string, implied bool) {
	implied = true
	visit(&s.Root, nil, func(t step) {
		if t.Void {
			terms = append(terms, t.String())
			implied = implied && missingInclude(t)+missingRedirect(t) != ""
		}
	})
	return terms, implied
}

func spfVoidLimit(f *facts.Facts, s facts.SPF) []Violation {
	if s.Void <= maxVoid {
		return undecided(s, lostAnswer)
	}
	terms, implied := voids(s)
	status, note := bites(f, s.Domain)
	return []Violation{{Status: status, Implied: implied,
		Message: fmt.Sprintf("%s where %d are allowed: %s%s", count(s.Void, "void lookup"), maxVoid, some(terms), note)}}
}

func spfVoid(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Void == 0 {
		return undecided(s, lostAnswer)
	}
	terms, implied := voids(s)
	verb := "find"
	if s.Void == 1 {
		verb = "finds"
	}
	return []Violation{{Status: Warn, Implied: implied,
		Message: fmt.Sprintf("%s %s nothing; %d such terms are allowed", some(terms), verb, maxVoid)}}
}

func spfRedirectWithAll(_ *facts.Facts, s facts.SPF) []Violation {
	rec := record(s.Root)
	all, ok := rec.All()
	i := slices.IndexFunc(rec.Terms, func(t spf.Term) bool { return t.Modifier && t.Name == "redirect" && !t.Bad })
	if !ok || i < 0 {
		return nil
	}
	return one(Warn, fmt.Sprintf("%s is ignored beside %s", clip(rec.Terms[i].Text), all.Text))
}

func spfAllMissing(_ *facts.Facts, s facts.SPF) []Violation {
	rec := record(s.Root)
	_, all := rec.All()
	_, redirect := rec.Redirect()
	if all || redirect {
		return nil
	}
	// A malformed term that was meant to be one of them is reported as such.
	meant := slices.ContainsFunc(rec.Terms, func(t spf.Term) bool {
		text := strings.ToLower(t.Text)
		return t.Bad && (strings.Contains(text, "redirect") || strings.Contains(text, "all"))
	})
	return []Violation{{Status: Warn, Implied: meant, Message: "neither all nor redirect= at the end: any other address gets neutral"}}
}

func spfAllPlus(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	for i := range s.Root.Terms {
		t := step{SPFTerm: &s.Root.Terms[i]}
		way, ok := passesAll(t)
		if !ok {
			continue
		}
		v := Violation{Status: Fail, Message: way + ": every address on the Internet passes"}
		if t.Child != nil {
			v.Fix = fmt.Sprintf("Remove %s, or have +all replaced by ~all in the record that it leads to", clip(t.Term.Text))
		}
		l = append(l, v)
	}
	if len(l) == 0 {
		return undecided(s, lostRecord)
	}
	return bounded(l)
}

// passesAll says whether a term gives pass to every address, and the way to the all that does: a redirect takes over
// the result of the other record (RFC 7208 6.1), an include matches where that is pass (5.2).
func passesAll(t step) (way string, ok bool) {
	if !t.Term.Modifier && t.Term.Qualifier != "+" {
		return "", false
	}
	if t.Term.Name == "all" && !t.Term.Modifier {
		way = t.String()
		if !strings.HasPrefix(t.Term.Text, "+") {
			way += ", which means +all" // the qualifier defaults to + (RFC 7208 4.6.2)
		}
		return way, true
	}
	if t.Child == nil {
		return "", false
	}
	for i := range t.Child.Terms {
		if way, ok := passesAll(step{&t.Child.Terms[i], &t}); ok {
			return way, true
		}
	}
	return "", false
}

// spfAllNeutral judges the all that is in force: that of the record, or of the one that redirect= leads to.
func spfAllNeutral(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visit(&s.Root, nil, func(t step) {
		if t.Term.Name == "all" && t.Term.Qualifier == "?" && t.own() {
			l = one(Warn, fmt.Sprintf("%s: any other address gets neutral, which counts as no SPF", t))
		}
	})
	if len(l) == 0 {
		return undecided(s, lostRedirect)
	}
	return l
}

// own says whether a term stands in the record itself, or in one that takes its place by redirect=.
func (s step) own() bool {
	return s.from == nil || s.from.Term.Name == "redirect" && s.from.own()
}

func spfAllNotLast(_ *facts.Facts, s facts.SPF) []Violation {
	rec := record(s.Root)
	all, ok := rec.All()
	if !ok {
		return nil
	}
	var after []string
	for _, t := range rec.Terms {
		// Modifiers may stand anywhere (RFC 7208 6); malformed terms are reported as such.
		if t.Offset > all.Offset && !t.Modifier && !t.Bad {
			after = append(after, clip(t.Text))
		}
	}
	if len(after) == 0 {
		return nil
	}
	return one(Warn, fmt.Sprintf("ignored after %s: %s", all.Text, some(after)))
}

// spfPTR reports ptr in the record itself; in somebody else's it is theirs to change.
func spfPTR(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visit(&s.Root, nil, func(t step) {
		if t.Term.Name != "ptr" {
			return
		}
		status := Info
		if t.own() {
			status = Warn
		}
		l = append(l, Violation{Status: status, Message: fmt.Sprintf("%s asks for the reverse name of every sending address", t)})
	})
	return bounded(l)
}

func spfNotCovered(f *facts.Facts, r facts.SPFResult) []Violation {
	if r.Result == "pass" {
		return nil
	}
	why := ""
	if r.Why != "" {
		why = " (" + clip(r.Why) + ")"
	}
	v := Violation{Status: Fail, Implied: explained(f, r),
		Message: fmt.Sprintf("%s gets %s from %s%s: only pass authenticates", r.IP, r.Result, clip(r.Domain), why)}
	switch r.Result {
	case "fail", "softfail", "neutral":
		mechanism := "ip4"
		if r.IP.Unmap().Is6() {
			mechanism = "ip6"
		}
		v.Fix = fmt.Sprintf("Add %s:%s, or the include: of the service that it belongs to, to the SPF record of %s, before its all",
			mechanism, r.IP.Unmap(), clip(r.Domain))
	}
	return []Violation{v}
}

// explained says whether another rule fails with the cause of a none or permerror. It does not where the static walk
// finds nothing wrong: lookups that are void for one address family only, or macros that stand for parts of a message.
func explained(f *facts.Facts, r facts.SPFResult) bool {
	return slices.ContainsFunc(spfSenders(f), func(x subject[facts.SPF]) bool {
		s := x.of.Value
		switch {
		case s.Domain != r.Domain || !x.of.Known():
			return false
		case r.Result == "none":
			return s.Root.Status == facts.SPFNone && (f.Profile.Name != facts.Parked || len(s.Near) > 0)
		case r.Result == "permerror":
			return s.Root.Status == facts.SPFMultiple || len(record(s.Root).Problems) > 0 || s.Lookups > maxLookups || s.Void > maxVoid || faulty(s)
		}
		return false
	})
}

// faulty says whether some term of the walk makes an evaluation end in permerror.
func faulty(s facts.SPF) bool {
	found := false
	visit(&s.Root, nil, func(t step) {
		found = found || missingInclude(t)+missingRedirect(t)+brokenRecord(t)+loop(t)+wideMX(t) != ""
	})
	return found
}
