package replies

import "slices"

// Class is a cause, one of a documented set (docs/explain.md).
type Class string

// The classes.
const (
	Unauthenticated Class = "unauthenticated"
	SPF             Class = "spf"
	DKIM            Class = "dkim"
	DMARC           Class = "dmarc"
	PTR             Class = "reverse-dns"
	HELO            Class = "helo"
	SenderDomain    Class = "sender-domain"
	SenderRefused   Class = "sender-refused"
	Listed          Class = "blocklisted"
	ListError       Class = "blocklist-error"
	Blocked         Class = "address-refused"
	Dynamic         Class = "dynamic-address"
	Reputation      Class = "reputation"
	Rate            Class = "rate"
	Connections     Class = "connections"
	Spam            Class = "spam"
	Virus           Class = "virus"
	Content         Class = "content"
	Format          Class = "format"
	Policy          Class = "policy"
	Refused         Class = "refused"
	TooBig          Class = "too-big"
	TooBigFor       Class = "too-big-for-recipient"
	StartTLS        Class = "starttls"
	TLSPolicy       Class = "tls-policy"
	Relaying        Class = "relaying"
	Login           Class = "login"
	Quota           Class = "sending-limit"
	Compromised     Class = "account-blocked"
	NoUser          Class = "recipient-unknown"
	Full            Class = "mailbox-full"
	Disabled        Class = "mailbox-disabled"
	Moved           Class = "recipient-moved"
	Refuses         Class = "recipient-refuses"
	NoHost          Class = "domain-unknown"
	NoMail          Class = "domain-takes-no-mail"
	Network         Class = "network"
	Expired         Class = "expired"
	System          Class = "receiver-error"
	SystemFull      Class = "receiver-full"
	Program         Class = "delivery-program"
	Syntax          Class = "protocol"
	Greylisted      Class = "greylisted"
	Temporary       Class = "temporary"
	Delivered       Class = "delivered"
	Complaint       Class = "complaint"
	AutoReply       Class = "auto-reply"
	Unknown         Class = "unknown"
)

// Sides that must act.
const (
	SenderDNS     = "sender-dns"
	SenderHost    = "sender-host"
	SenderContent = "sender-content"
	SenderVolume  = "sender-volume"
	Recipient     = "recipient"
	Receiver      = "receiver"
	OwnAccount    = "own-account"
)

// What is to become of the message.
const (
	Never    = "never"
	AfterFix = "after-fix"
	Later    = "later"
)

// About is what is known of a class.
type About struct {
	Class   Class
	Sisimai string // the equal reason of sisimai
	Side    string
	Retry   string
	Hard    bool // the address must not be tried again
	Meaning string
	Action  string
	Rules   []string // of the catalogue, that would have caught it
	Write   bool     // writing to the receiver can help
}

// The rules of the catalogue behind causes. Where a receiver's own book knows the text, its rules take their place.
var (
	spfRules  = []string{"spf.missing", "spf.multiple", "spf.syntax", "spf.lookup-limit", "spf.void-limit", "spf.include-missing", "spf.include-permerror", "spf.ip-not-covered"}
	dkimRules = []string{"dkim.none-found", "dkim.selector-missing", "dkim.revoked", "dkim.p-invalid", "dkim.key-short", "dkim.h-sha1"}
	anyRules  = slices.Concat(spfRules, dkimRules)
	dmarc     = slices.Concat([]string{"dmarc.missing", "dmarc.multiple", "dmarc.unaligned"}, anyRules)
	ptrRules  = []string{"ptr.missing", "ptr.ipv6-missing", "ptr.no-forward", "ptr.forward-mismatch", "ptr.generic"}
	heloRules = []string{"helo.not-fqdn", "helo.ip-literal", "helo.unresolvable", "helo.ptr-mismatch"}
	goneRules = []string{"domain.nxdomain", "domain.unresolvable", "domain.hold", "mx.null", "mx.unresolvable", "mx.sender-not-deliverable"}
	listRules = []string{"dnsbl.listed-major", "dnsbl.listed-policy", "dnsbl.listed-minor", "dnsbl.domain-listed"}
	logRules  = []string{"submission.closed", "submission.no-auth", "submission.auth-mechs", "submission.587-no-starttls", "submission.465-missing"}
)

// Classes are all classes, in the order of the documentation.
var Classes = []About{
	{Class: Unauthenticated, Sisimai: "authfailure", Side: SenderDNS, Retry: AfterFix, Rules: anyRules,
		Meaning: "the receiver could verify neither SPF nor DKIM of your mail, or not as much of them as it asks for",
		Action:  "Publish SPF that covers the sending address and sign with DKIM for the domain of From, then send again"},
	{Class: SPF, Sisimai: "authfailure", Side: SenderDNS, Retry: AfterFix, Rules: spfRules,
		Meaning: "the SPF record of your envelope sender's domain does not allow the address that sent the mail",
		Action:  "Add the sending address to the SPF record of the domain in MAIL FROM, or send through a host that it names"},
	{Class: DKIM, Sisimai: "authfailure", Side: SenderDNS, Retry: AfterFix, Rules: dkimRules,
		Meaning: "the mail carries no DKIM signature that the receiver can verify and accept",
		Action:  "Sign with a key that is published, for the domain of From"},
	{Class: DMARC, Sisimai: "authfailure", Side: SenderDNS, Retry: AfterFix, Rules: dmarc,
		Meaning: "the mail fails DMARC: neither SPF nor DKIM passes for the domain of From, or there is no policy",
		Action:  "Make SPF or DKIM pass for the domain in From: align MAIL FROM or the signing domain with it"},
	{Class: PTR, Sisimai: "requireptr", Side: SenderHost, Retry: AfterFix, Rules: ptrRules,
		Meaning: "the sending address has no reverse name, or one that does not lead back to the address",
		Action:  "Have the owner of the address (your hosting provider) set a PTR record to the host's name, whose A or AAAA record is that address"},
	{Class: HELO, Sisimai: "blocked", Side: SenderHost, Retry: AfterFix, Rules: heloRules,
		Meaning: "the name that your server says in EHLO is not accepted",
		Action:  "Set the server's name (Postfix: myhostname) to a full host name that resolves to the sending address"},
	{Class: SenderDomain, Sisimai: "rejected", Side: SenderDNS, Retry: AfterFix, Rules: goneRules,
		Meaning: "the domain of the sender does not exist, or takes no mail, as the receiver sees it",
		Action:  "Publish an MX or A record for the domain in MAIL FROM, or correct the envelope sender"},
	{Class: SenderRefused, Sisimai: "rejected", Side: SenderContent, Retry: AfterFix, Write: true, Rules: []string{"dnsbl.domain-listed", "domain.young"},
		Meaning: "the receiver refuses this sender: the address or domain in MAIL FROM or From",
		Action:  "Check the sender address, and ask the receiver or the recipient to allow it"},
	{Class: Listed, Sisimai: "blocked", Side: SenderHost, Retry: AfterFix, Write: true, Rules: listRules,
		Meaning: "the sending address or domain is on a blocklist that the receiver uses",
		Action:  "Find out why it is listed and end it, then ask the list to be removed"},
	{Class: ListError, Sisimai: "blocked", Side: Receiver, Retry: Later, Write: true, Rules: []string{"dnsbl.dead-zone", "dnsbl.query-refused", "dnsbl.listed-major"},
		Meaning: "the receiver takes an error of a blocklist for a listing: its resolver is refused, or the list is dead",
		Action:  "Tell the receiver's postmaster: nothing of yours is listed by this reply"},
	{Class: Blocked, Sisimai: "blocked", Side: SenderHost, Retry: AfterFix, Write: true, Rules: slices.Concat([]string{"dnsbl.listed-major", "dnsbl.listed-policy"}, ptrRules),
		Meaning: "the receiver takes no mail from the sending address",
		Action:  "Look for the address on blocklists, then ask the receiver's postmaster to lift the block"},
	{Class: Dynamic, Sisimai: "blocked", Side: SenderHost, Retry: AfterFix, Write: true, Rules: []string{"ptr.generic", "dnsbl.listed-policy"},
		Meaning: "the receiver takes the sending address for a dynamic one, from which no mail is accepted",
		Action:  "Send through the mail server of your provider, or have the address registered as static with a reverse name of your own"},
	{Class: Reputation, Sisimai: "badreputation", Side: SenderVolume, Retry: Later, Write: true, Rules: listRules,
		Meaning: "the sending address or domain has a bad reputation, or none yet, at the receiver",
		Action:  "Send less, to recipients who want it, and let the volume grow slowly; remove recipients who complain"},
	{Class: Rate, Sisimai: "speeding", Side: SenderVolume, Retry: Later, Rules: nil,
		Meaning: "more mail came in a time than the receiver allows",
		Action:  "Send more slowly; the queue tries again by itself"},
	{Class: Connections, Sisimai: "toomanyconn", Side: SenderVolume, Retry: Later, Rules: nil,
		Meaning: "too many connections, or too many messages or recipients in one, came from your server",
		Action:  "Lower the number of parallel connections, and of messages or recipients in each, for this receiver"},
	{Class: Spam, Sisimai: "spamdetected", Side: SenderContent, Retry: AfterFix, Write: true, Rules: []string{"dnsbl.domain-listed"},
		Meaning: "the receiver takes the content of the message for spam",
		Action:  "Check links and content, and send only to those who asked for it; do not send the same message again"},
	{Class: Virus, Sisimai: "virusdetected", Side: SenderContent, Retry: Never, Rules: nil,
		Meaning: "the receiver found a virus in the message",
		Action:  "Check the machine that it came from; do not send it again"},
	{Class: Content, Sisimai: "contenterror", Side: SenderContent, Retry: AfterFix, Rules: []string{"mx.8bitmime-smtputf8"},
		Meaning: "the content is in a form that the receiver cannot take, such as 8-bit octets in a header",
		Action:  "Correct the encoding of header and body (RFC 2047, RFC 2045)"},
	{Class: Format, Sisimai: "notcompliantrfc", Side: SenderContent, Retry: AfterFix, Rules: nil,
		Meaning: "the message breaks RFC 5322, such as by two From or Subject fields or a missing Message-ID",
		Action:  "Correct the header: one From, one Date, one Subject, one Message-ID"},
	{Class: Policy, Sisimai: "policyviolation", Side: SenderContent, Retry: AfterFix, Write: true, Rules: nil,
		Meaning: "the receiver refuses the message by a policy of its own",
		Action:  "Look at attachments, links and header fields, and ask the receiver's postmaster which policy it was"},
	{Class: Refused, Sisimai: "securityerror", Side: SenderHost, Retry: AfterFix, Write: true, Rules: listRules,
		Meaning: "the receiver does not let this mail in, and does not say by which rule",
		Action:  "Look for the sending address and domain on blocklists, and ask the receiver's postmaster"},
	{Class: TooBig, Sisimai: "mesgtoobig", Side: SenderContent, Retry: AfterFix, Rules: []string{"mx.size"},
		Meaning: "the message is larger than the receiver takes",
		Action:  "Send it smaller, or a link to the file"},
	{Class: TooBigFor, Sisimai: "exceedlimit", Side: SenderContent, Retry: AfterFix, Rules: []string{"mx.size"},
		Meaning: "the message exceeds a limit that is set for this recipient or for the parts of a message",
		Action:  "Send it smaller, or a link to the file"},
	{Class: StartTLS, Sisimai: "failedstarttls", Side: SenderHost, Retry: AfterFix, Rules: nil,
		Meaning: "TLS is required or was tried, and could not be started",
		Action:  "Turn on TLS for outgoing mail (Postfix: smtp_tls_security_level = may), with TLS 1.2 or later"},
	{Class: TLSPolicy, Sisimai: "securityerror", Side: Receiver, Retry: Later, Write: true, Rules: []string{"dane.mismatch", "mtasts.mx-mismatch", "mtasts.mx-tls-fail", "mx.starttls-missing", "mx.cert-expired", "mx.cert-name"},
		Meaning: "the receiving domain's own TLS policy (DANE, MTA-STS) is not met by its server",
		Action:  "Tell the receiver's postmaster; the mail can be delivered once its certificate and records agree"},
	{Class: Relaying, Sisimai: "norelaying", Side: OwnAccount, Retry: AfterFix, Rules: logRules,
		Meaning: "the server delivers mail for others only to users who log in, or does not know the recipient's domain as its own",
		Action:  "Log in: set the mail program to submission on port 465 (TLS) or 587 (STARTTLS) with user name and password; if you did, the recipient's MX points to a server that does not serve the domain"},
	{Class: Login, Sisimai: "securityerror", Side: OwnAccount, Retry: AfterFix, Rules: logRules,
		Meaning: "the server asks for a login, or refused it",
		Action:  "Check the submission settings: port 465 (TLS) or 587 (STARTTLS), authentication on, user name and password (with some providers an application password)"},
	{Class: Quota, Sisimai: "speeding", Side: OwnAccount, Retry: Later, Rules: nil,
		Meaning: "your own account has sent as much as your provider allows",
		Action:  "Wait until the limit is renewed; make sure that nobody else sends through the account"},
	{Class: Compromised, Sisimai: "rejected", Side: OwnAccount, Retry: AfterFix, Rules: nil,
		Meaning: "your own provider has stopped your account from sending, as it does when spam was sent through it",
		Action:  "Change the password, end all sessions, remove unknown forwarding rules and app passwords, clean the machine, then ask the provider to let the account send again"},
	{Class: NoUser, Sisimai: "userunknown", Side: Recipient, Retry: Never, Hard: true,
		Meaning: "the recipient's address does not exist",
		Action:  "Remove the address from your list; check it for a typing error"},
	{Class: Full, Sisimai: "mailboxfull", Side: Recipient, Retry: Later,
		Meaning: "the recipient's mailbox is full",
		Action:  "Try again in some days; remove the address if it stays so"},
	{Class: Disabled, Sisimai: "suspend", Side: Recipient, Retry: Never,
		Meaning: "the recipient's mailbox is disabled, suspended or long unused",
		Action:  "Send no more to this address until the recipient confirms it"},
	{Class: Moved, Sisimai: "hasmoved", Side: Recipient, Retry: Never, Hard: true,
		Meaning: "the recipient has moved to another address",
		Action:  "Remove the address, and use the new one if the reply names it"},
	{Class: Refuses, Sisimai: "filtered", Side: Recipient, Retry: Never,
		Meaning: "the recipient, or a filter that it set, does not want this mail",
		Action:  "Send no more to this address, or ask the recipient to allow yours"},
	{Class: NoHost, Sisimai: "hostunknown", Side: Recipient, Retry: Never, Hard: true,
		Meaning: "the domain of the recipient's address, or its mail server, does not exist",
		Action:  "Check the domain for a typing error, else remove the address"},
	{Class: NoMail, Sisimai: "notaccept", Side: Recipient, Retry: Never,
		Meaning: "the domain or host of the recipient takes no mail at all",
		Action:  "Remove the address"},
	{Class: Network, Sisimai: "networkerror", Side: Receiver, Retry: Later,
		Meaning: "the receiver's mail server could not be found or reached, or mail goes in a circle",
		Action:  "Try again later; if it stays so, tell the recipient another way"},
	{Class: Expired, Sisimai: "expired", Side: Receiver, Retry: Later,
		Meaning: "the message could not be delivered in the time that it may wait in the queue",
		Action:  "Send again later; look in the log for the reason of each attempt"},
	{Class: System, Sisimai: "systemerror", Side: Receiver, Retry: Later, Write: true,
		Meaning: "the receiver's system has an error of its own",
		Action:  "Try again later"},
	{Class: SystemFull, Sisimai: "systemfull", Side: Receiver, Retry: Later,
		Meaning: "the receiver's system has no room",
		Action:  "Try again later"},
	{Class: Program, Sisimai: "mailererror", Side: Receiver, Retry: Later,
		Meaning: "the program that delivers to the mailbox failed",
		Action:  "Tell the recipient another way, or the postmaster of its domain"},
	{Class: Syntax, Sisimai: "syntaxerror", Side: SenderHost, Retry: AfterFix,
		Meaning: "the server did not understand a command, or got it out of order",
		Action:  "Look at the talk in the log of the sending program; a filter between the two may change commands"},
	{Class: Greylisted, Sisimai: "greylisted", Side: Receiver, Retry: Later,
		Meaning: "the receiver puts off mail from senders that it does not know yet",
		Action:  "Nothing: the queue tries again by itself, and is then let in"},
	{Class: Temporary, Sisimai: "onhold", Side: Receiver, Retry: Later,
		Meaning: "the receiver could not take the mail, and does not say why",
		Action:  "Try again later"},
	{Class: Delivered, Sisimai: "delivered", Side: Receiver, Retry: Never,
		Meaning: "the message was delivered: this is a receipt",
		Action:  "Nothing"},
	{Class: Complaint, Sisimai: "feedback", Side: SenderContent, Retry: Never,
		Meaning: "the recipient has complained about your mail, or asks to be removed",
		Action:  "Remove the recipient from your list"},
	{Class: AutoReply, Sisimai: "vacation", Side: Recipient, Retry: Never,
		Meaning: "the recipient's mailbox answers by itself: the message was delivered",
		Action:  "Nothing"},
	{Class: Unknown, Sisimai: "undefined", Side: Receiver, Retry: Later,
		Meaning: "the cause is not known from this text",
		Action:  "Read the text; give the whole bounce message, with its header, if this was a part of it"},
}

// Of is what is known of a class.
func Of(c Class) About {
	i := slices.IndexFunc(Classes, func(a About) bool { return a.Class == c })
	if i < 0 {
		return Of(Unknown)
	}
	return Classes[i]
}
