package checks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

// mxMailChecks are about what an MX host says to envelopes, which are tried with --probe-inbound alone.
var mxMailChecks = []*Check{
	{
		ID: "mx.tenant-mismatch", Title: "the Microsoft 365 tenant of the MX host takes mail for the domain", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5321 3.3", "Microsoft, Non-delivery reports in Exchange Online"},
		Replies:    []string{"550 5.4.1 Recipient address rejected: Access denied"},
		Needs:      facts.Inbound,
		Help: "Microsoft 365 answers 550 5.4.1 for addresses that do not exist, and for every address of a domain that is not one of the " +
			"tenant's. Where it says so of a mailbox that the domain sends from, and accepts no other, it is the latter.",
		Fix:   "Add the domain to the tenant and verify it there, or point the MX to the host that the admin centre shows",
		Judge: each(tenants, mxTenantMismatch),
	},
	{
		ID: "mx.postmaster", Title: "postmaster is taken by the MX hosts", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5321 4.5.1", "RFC 2142 5"},
		Needs:      facts.Inbound,
		Help: "Every domain that takes mail has to take it for postmaster: it is where other operators report what is wrong with its " +
			"mail.",
		Fix:   "Create the address postmaster, or an alias that somebody reads",
		Judge: each(recipients(facts.AskPostmaster), mxRecipient),
	},
	{
		ID: "mx.abuse", Title: "abuse is taken by the MX hosts", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 2142 4"},
		Needs:      facts.Inbound,
		Help:       "Complaints about spam from the domain go to abuse. Where it is refused they go to blocklists and to the provider instead.",
		Fix:        "Create the address abuse, or an alias that somebody reads",
		Judge:      each(recipients(facts.AskAbuse), mxRecipient),
	},
	{
		ID: "mx.dsn-null-sender", Title: "the MX hosts take mail from the null sender", Area: "tls", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 4.5.5", "RFC 5321 6.1", "RFC 1123 5.3.3"},
		Replies:    []string{"550 Sender verify failed"},
		Needs:      facts.Inbound,
		Help: "Bounces come from the null sender, MAIL FROM:<>, and so do the callouts by which some receivers verify a sender. Where it " +
			"is refused no bounce arrives, and those receivers refuse the domain's mail.",
		Fix:   "Accept MAIL FROM:<> on the MX hosts, and filter unwanted bounces by other means",
		Judge: each(nullSenders, mxNullSender),
	},
	{
		ID: "mx.sender-not-deliverable", Title: "the mailboxes that mail is sent from take mail", Area: "tls", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 4.4", "Exim specification, callout verification", "Postfix verify(8)"},
		Replies:    []string{"550 Sender verify failed", "550 Callout verification failed"},
		Needs:      facts.Inbound,
		Help: "The Return-Path is where bounces go. Receivers that verify senders by callout ask for it at the domain's MX host, and " +
			"refuse mail from a mailbox that is refused there. A no-reply address has to exist too.",
		Fix:   "Create the mailbox, or send with a Return-Path that exists",
		Judge: each(recipients(facts.AskSender), mxSender),
	},
	{
		ID: "mx.catch-all", Title: "the MX hosts refuse addresses that nobody has", Area: "tls", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 3.3"},
		Needs:      facts.Inbound,
		Help: "A host that takes mail for any address either keeps it all in a catch-all mailbox, which fills with spam, or bounces it " +
			"later to senders that are mostly forged, which gets it onto blocklists.",
		Fix:   "Refuse unknown recipients at RCPT",
		Judge: each(recipients(facts.AskRandom), mxCatchAll),
	},
	{
		ID: "mx.open-relay", Title: "the MX hosts pass on no mail for strangers", Area: "tls", Worst: Fail, Impact: Reject,
		References: []string{"RFC 2505 2.1", "Outlook.com Postmaster, SC-003"},
		Replies:    []string{"550 SC-003"},
		Needs:      facts.Inbound,
		Help: "Spammers find a host that relays for everybody within hours, and blocklists soon after. It is a failure where the host " +
			"sends the domain's own mail. A host may rightly relay for its own network: try from outside of it. No mail is handed in.",
		Fix:   "Relay for authenticated users and your own networks alone (Postfix: smtpd_relay_restrictions)",
		Judge: each(relays, mxOpenRelay),
	},
	{
		ID: "mx.vrfy", Title: "VRFY does not tell which addresses exist", Area: "tls", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 3.5.3", "RFC 5321 7.3"},
		Needs:      facts.Inbound,
		Help:       "By VRFY those who collect addresses learn without sending mail which exist. A server may answer 252 to all.",
		Fix:        "Switch VRFY off (Postfix: disable_vrfy_command=yes)",
		Judge:      each(verifiers, mxVrfy),
	},
}

// asked is what an MX host said to one envelope.
type asked struct {
	facts.EnvelopeReply
	talk   facts.MXTalk
	backup bool // mail goes to another host first
}

// envelopes are the answers to the envelopes of one purpose, of those MX hosts that greeted. Where plain does not hold for
// an answer it is not known what it means.
func envelopes(f *facts.Facts, purpose string, plain func(asked) bool) []subject[asked] {
	var l []subject[asked]
	for _, t := range f.Inbound {
		if !t.Probe.Known() || t.Probe.Value.Status != facts.ServiceOpen {
			if slices.ContainsFunc(f.Inbound, func(x facts.MXTalk) bool { return len(x.Answers(purpose)) > 0 }) { // mx.refused says why
				l = append(l, subject[asked]{name: t.Host, of: facts.Cannot[asked](cmp.Or(t.Left, t.Probe.Why, t.Probe.Value.Why)), said: "tls"})
			}
			continue
		}
		for _, a := range t.Answers(purpose) {
			s := subject[asked]{name: t.Host, of: facts.Fact[asked]{State: a.State, Why: a.Why, Value: asked{a.Value, t, isBackup(f, t)}}}
			if purpose == facts.AskSender {
				s.name = a.Value.To
			}
			if a.Known() && !plain(s.of.Value) {
				s.of = facts.Cannot[asked](ambiguous(t.Host, a.Value))
			}
			l = append(l, s)
		}
	}
	return l
}

func isBackup(f *facts.Facts, t facts.MXTalk) bool {
	return slices.ContainsFunc(f.Inbound, func(x facts.MXTalk) bool { return x.Preference < t.Preference })
}

// ambiguous says why a reply decides nothing.
func ambiguous(host string, r facts.EnvelopeReply) string {
	because := "which may be about us"
	if r.Code/100 == 4 {
		because = "which may be another later"
	}
	return fmt.Sprintf("%s answers %s with %s, %s", host, strings.ToUpper(r.Stage), quoted(r), because)
}

func quoted(r facts.EnvelopeReply) string {
	return fmt.Sprintf("%q", clip(strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, r.Text))))
}

// recipients are the answers to RCPT: yes, or a permanent no for the sake of the recipient.
func recipients(purpose string) func(*facts.Facts) []subject[asked] {
	return func(f *facts.Facts) []subject[asked] {
		return envelopes(f, purpose, func(a asked) bool { return taken(a.EnvelopeReply) || noMailbox(a.EnvelopeReply) })
	}
}

func taken(r facts.EnvelopeReply) bool { return r.Stage == facts.StageRcpt && r.Code/100 == 2 }

// Enhanced codes that say that a mailbox is the matter (RFC 3463 3.2 and 3.3, and Microsoft's own use of 5.4.1 and 5.1.10), and
// how servers say so that send none. Refusals of a client for itself name it, or the sender, or a list.
var (
	mailboxCodes = []string{"5.1.1", "5.1.6", "5.1.10", "5.2.1", "5.2.2", "5.4.1"}
	mailboxWords = regexp.MustCompile(`(?i)(user|mailbox|recipient|address|account)[^.]{0,40}(unknown|not found|unavailable|not exist|disabled)|` +
		`(unknown|no such|unrouteable) (user|mailbox|recipient|address|account|person)`)
	clientWords = regexp.MustCompile(`(?i)sender|client|helo|block|black|list|spam|reputation|policy`)
)

// noMailbox says that RCPT was refused for good because of the recipient.
func noMailbox(r facts.EnvelopeReply) bool {
	if r.Stage != facts.StageRcpt || r.Code/100 != 5 {
		return false
	}
	if r.Enhanced != "" {
		return slices.Contains(mailboxCodes, r.Enhanced)
	}
	return mailboxWords.MatchString(r.Text) && !clientWords.MatchString(r.Text)
}

func mxRecipient(_ *facts.Facts, a asked) []Violation {
	if taken(a.EnvelopeReply) {
		return nil
	}
	return one(Warn, fmt.Sprintf("mail to %s is refused: %s", clip(a.To), quoted(a.EnvelopeReply)))
}

func mxSender(_ *facts.Facts, a asked) []Violation {
	if taken(a.EnvelopeReply) {
		return nil
	}
	return one(ifFirst(a, Fail), fmt.Sprintf("%s refuses mail to the Return-Path %s: %s", a.talk.Host, clip(a.To), quoted(a.EnvelopeReply)))
}

// ifFirst is a status for a host that mail goes to first, and a warning for others: callouts ask the first that answers.
func ifFirst(a asked, s Status) Status {
	if a.backup {
		return Warn
	}
	return s
}

func mxCatchAll(_ *facts.Facts, a asked) []Violation {
	if !taken(a.EnvelopeReply) {
		return nil
	}
	return one(Info, fmt.Sprintf("mail to %s, which was made up, is taken: %s", clip(a.To), quoted(a.EnvelopeReply)))
}

// nullSenders are the MX hosts with the reply to mail from <>, where that tells of the null sender: MAIL is refused and was
// not to another sender in the same session, or RCPT is, in words that name <> as the sender. Postfix refuses no earlier
// than at RCPT unless told otherwise (smtpd_delay_reject).
func nullSenders(f *facts.Facts) []subject[asked] {
	return envelopes(f, facts.AskPostmaster, func(a asked) bool {
		if a.Stage == facts.StageRcpt {
			return taken(a.EnvelopeReply) || noMailbox(a.EnvelopeReply) || refusesNull(a.EnvelopeReply)
		}
		other := a.talk.Answer(facts.AskRelay)
		return a.Code/100 == 5 && other.Known() && other.Value.Stage == facts.StageRcpt
	})
}

// nullWords are how servers say at RCPT that <> is what they refuse.
var nullWords = regexp.MustCompile(`(?i)<>.*sender|sender.*<>|null sender`)

// aboutClient is how they say besides that it is the client, and repeat its envelope.
var aboutClient = regexp.MustCompile(`(?i)client|helo|block|listed|spf`)

func refusesNull(r facts.EnvelopeReply) bool {
	return r.Code/100 == 5 && nullWords.MatchString(r.Text) && !aboutClient.MatchString(r.Text)
}

func mxNullSender(_ *facts.Facts, a asked) []Violation {
	if a.Stage == facts.StageRcpt && !refusesNull(a.EnvelopeReply) {
		return nil
	}
	return one(ifFirst(a, Fail), fmt.Sprintf("mail from <> is refused, and bounces are from there: %s", quoted(a.EnvelopeReply)))
}

// relaying is how servers refuse to relay; such a refusal counts also where it is temporary, as Postfix has it by default.
var relaying = regexp.MustCompile(`(?i)relay|rcpthosts|authenticat|not local|recipient address rejected: access denied`)

// noRelay says that an envelope was refused because it would have been relaying. Servers repeat the recipient, whose own name
// says relay.
func noRelay(r facts.EnvelopeReply) bool {
	text := strings.ReplaceAll(strings.ToLower(r.Text), strings.ToLower(r.To), "")
	return r.Code == 530 || r.Code == 551 || r.Stage == facts.StageRcpt && r.Code >= 400 && relaying.MatchString(text)
}

// relays are the answers to a recipient elsewhere. A refusal for another reason, such as that the recipient's domain does not
// exist, says nothing about relaying.
func relays(f *facts.Facts) []subject[asked] {
	return envelopes(f, facts.AskRelay, func(a asked) bool { return taken(a.EnvelopeReply) || noRelay(a.EnvelopeReply) })
}

func mxOpenRelay(f *facts.Facts, a asked) []Violation {
	if !taken(a.EnvelopeReply) {
		return nil
	}
	status, how := Warn, ""
	if i := slices.IndexFunc(f.Sources, func(s facts.Source) bool { return s.Declared && s.IP == a.talk.Probe.Value.Addr }); i >= 0 {
		status, how = Fail, ", a sending address,"
	}
	return one(status, fmt.Sprintf("from here %s%s takes mail to %s without a login: %s", a.talk.Probe.Value.Addr, how, clip(a.To), quoted(a.EnvelopeReply)))
}

// verifiers are the answers to VRFY of an address that has to exist, where one that does not was tried too.
func verifiers(f *facts.Facts) []subject[asked] {
	settled := func(r facts.EnvelopeReply) bool { return r.Code/100 != 4 }
	l := envelopes(f, facts.AskVrfy, func(a asked) bool { return settled(a.EnvelopeReply) })
	for i, s := range l {
		if !s.of.Known() {
			continue
		}
		switch other := s.of.Value.talk.Answer(facts.AskVrfyUnknown); {
		case !other.Known():
			l[i].of = facts.Cannot[asked](other.Why)
		case !settled(other.Value):
			l[i].of = facts.Cannot[asked](ambiguous(s.name, other.Value))
		}
	}
	return l
}

func mxVrfy(_ *facts.Facts, a asked) []Violation {
	other := a.talk.Answer(facts.AskVrfyUnknown).Value
	// RFC 5321 3.5.3: 550 and 553 deny an address, 551 refers elsewhere; 500 and 502 deny the command.
	if a.Code/100 != 2 || other.Code < 550 || other.Code > 553 {
		return nil
	}
	return one(Info, fmt.Sprintf("VRFY tells addresses apart: %s for postmaster, %s for one that was made up", quoted(a.EnvelopeReply), quoted(other)))
}

// tenant is an MX host of Microsoft 365 and how many addresses of the domain it refuses alike.
type tenant struct {
	refused int // with 550 5.4.1
	taken   bool
}

// tenants are the MX hosts of Microsoft 365, where it can be told whether they know the domain: an address that was taken
// says yes; a no takes a mailbox that is used, besides those that may well be missing.
func tenants(f *facts.Facts) []subject[tenant] {
	var l []subject[tenant]
	for _, t := range f.Inbound {
		if !strings.HasSuffix(t.Host, ".mail.protection.outlook.com") && !strings.HasSuffix(t.Host, ".mx.microsoft") ||
			len(t.Asked) == 0 || !t.Probe.Known() || t.Probe.Value.Status != facts.ServiceOpen {
			continue
		}
		s, of := subject[tenant]{name: t.Host}, tenant{}
		used := false
		for _, purpose := range []string{facts.AskPostmaster, facts.AskAbuse, facts.AskSender, facts.AskRandom} {
			for _, a := range t.Answers(purpose) {
				used = used || purpose == facts.AskSender
				switch {
				case !a.Known():
					s.of = facts.Cannot[tenant](a.Why)
				case taken(a.Value):
					of.taken = true
				case a.Value.Code == 550 && a.Value.Enhanced == "5.4.1":
					of.refused++
				default:
					s.of = facts.Cannot[tenant](ambiguous(t.Host, a.Value))
				}
			}
		}
		if of.taken || s.of.State == facts.Unasked && used {
			s.of = facts.Know(of)
		} else if s.of.State == facts.Unasked {
			s.of = facts.Cannot[tenant]("postmaster, abuse and a made-up address are refused with 550 5.4.1: they may all be missing; --mail-from with a mailbox that exists tells")
		}
		l = append(l, s)
	}
	return l
}

func mxTenantMismatch(_ *facts.Facts, t tenant) []Violation {
	if t.taken {
		return nil
	}
	return one(Warn, fmt.Sprintf("all %d addresses that were tried are refused with 550 5.4.1, the Return-Path among them: the domain is not one of the tenant's", t.refused))
}
