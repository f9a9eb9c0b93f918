package receivers

import (
	"net/netip"
	"slices"
)

// What mail software does hangs on how it is set up. Each name of the contract stands for one set-up, which Policy tells; the
// lab's others are in Lab. All were measured on Debian 12 unless a requirement says otherwise.

var (
	measured = Source{"lab", "The lab: 524 senders, 19 receivers of Debian 12", "internal/labmatrix", "measured 2026-11", Measured}
	manual   = Source{"manual", "The software's documentation and source", "", "read in 2026-11", Inferred}
)

// onSoftware is a book of software.
func onSoftware(receiver, title, policy, unseen string, l ...Requirement) Book {
	return Book{Receiver: receiver, Title: title, Policy: policy, Unseen: unseen, Sources: []Source{measured, manual}, Requirements: l}
}

// step is a requirement that was measured.
func step(id, what string, broken func(Case) Truth, outcome Outcome, stage Stage, reply string, rules ...string) Requirement {
	return Requirement{ID: id, What: what, Broken: broken, Outcome: outcome, Stage: stage, Reply: reply, Rules: rules, Source: "lab"}
}

// later marks requirements after which the receiver goes on: Postfix's defer_if_permit.
func later(r Requirement) Requirement {
	r.Later = true
	return r
}

// unmeasured marks what stands in the documentation or the source, and not in the lab.
func unmeasured(r Requirement) Requirement {
	r.Source = "manual"
	return r
}

var software = []Book{
	onSoftware("postfix", "Postfix as Debian sets it up",
		"no restriction but that on relaying: neither names nor lists are looked up",
		"what its administrator has added cannot be seen from outside"),
	onSoftware("postfix-strict", "Postfix with the usual restrictions",
		"reject_unknown_client_hostname, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname, reject_non_fqdn_sender, "+
			"reject_unknown_sender_domain, zen.spamhaus.org, bl.spamcop.net and dbl.spamhaus.org, policyd-spf, reject_unverified_sender, OpenDKIM and OpenDMARC; "+
			"the reply codes set to 550",
		"whether the sender's MX takes mail for its address is asked with --probe-inbound alone",
		strict...),
	onSoftware("postscreen", "Postfix with postscreen", "zen.spamhaus.org, and a test that the client waits for the greeting",
		"whether the client waits for the greeting cannot be seen from outside", postscreenList),
	onSoftware("exim", "Exim as its authors set it up", "require verify = sender, and its own syntax check of EHLO",
		"what its administrator has added cannot be seen from outside",
		eximHELO, eximAddress, unmeasured(eximSender(loopback, zero)), eximSenderLost),
	onSoftware("opensmtpd", "OpenSMTPD with its filters on reverse names", "filters rdns and fcrdns",
		"what its administrator has added cannot be seen from outside", openSMTPD...),
	onSoftware("policyd-spf", "Postfix with policyd-spf (Python)", "HELO_reject = Fail, Mail_From_reject = Fail, as shipped",
		"what its administrator has added cannot be seen from outside", policydSPF...),
	onSoftware("opendkim", "OpenDKIM told to refuse", "On-BadSignature, On-KeyNotFound, On-SignatureError and On-Security reject, On-DNSError tempfail",
		"as shipped it refuses nothing", openDKIM...),
	onSoftware("opendmarc", "OpenDMARC told to refuse", "RejectFailures, SPFSelfValidate, HoldQuarantinedMessages; OpenDKIM before it",
		"as shipped it refuses nothing", openDMARC...),
	onSoftware("rspamd", "Rspamd as Debian sets it up, and DMARC in force", `actions { reject = "reject" } for DMARC`,
		"its statistics, its lists of links, and the content cannot be seen from outside", rspamdDMARC...),
}

// Postfix. Its own code for what could change is 450; unknown_client_reject_code and its like make another of it, but not of a
// lookup that failed.

func postfixClient(code string) []Requirement {
	reply := ": Client host rejected: cannot find your hostname, [{ip}]"
	return []Requirement{
		step("postfix.client", "a reverse name leads back to the sending address", unconfirmedFirst(hostName), outcomeOf(code), Rcpt,
			status(code, "7.25")+reply, "ptr.missing", "ptr.ipv6-missing", "ptr.no-forward", "ptr.forward-mismatch", "ptr.ip-literal"),
		step("postfix.client-lookup", "the reverse name can be looked up", forwardFails, Defer, Rcpt, "450 4.7.25"+reply,
			"ptr.no-forward", "ptr.forward-mismatch"),
	}
}

var postfixReverse = []Requirement{
	step("postfix.reverse", "the sending address has a PTR record", noName(hostName), Defer, Rcpt,
		"450 4.7.1 Client host rejected: cannot find your reverse hostname, [{ip}]", noNameRules...),
	unmeasured(step("postfix.reverse-lookup", "the PTR record can be looked up", func(c Case) Truth { return failing(c, c.PTR) }, Defer, Rcpt,
		"450 4.7.1 Client host rejected: cannot find your reverse hostname, [{ip}]", "ptr.missing", "ptr.ipv6-missing")),
}

func postfixHELO(code string) []Requirement {
	return []Requirement{
		step("postfix.helo-literal", "an address in brackets in EHLO is one, with IPv6: before one of IPv6", heloBadLiteral, Reject, Rcpt,
			"501 5.5.2 <{helo}>: Helo command rejected: invalid ip address", shortHELORules...),
		unmeasured(step("postfix.helo-invalid", "EHLO gives a host name or an address", heloMalformed, Reject, Rcpt,
			"501 5.5.2 <{helo}>: Helo command rejected: Invalid name", shortHELORules...)),
		step("postfix.helo-short", "the name in EHLO is fully qualified", heloShort, Reject, Rcpt,
			"504 5.5.2 <{helo}>: Helo command rejected: need fully-qualified hostname", shortHELORules...),
		step("postfix.helo-unknown", "the name in EHLO has an address or an MX record", heloNotFound, outcomeOf(code), Rcpt,
			status(code, "7.1")+" <{helo}>: Helo command rejected: Host not found", unknownHELORules...),
		later(step("postfix.helo-lookup", "the name in EHLO can be looked up", heloFails, Defer, Rcpt,
			"450 4.7.1 <{helo}>: Helo command rejected: Host not found", "helo.unresolvable")),
	}
}

// postfixSender is reject_unknown_sender_domain.
func postfixSender(code string) []Requirement {
	return []Requirement{
		step("postfix.sender-null-mx", "the domain in MAIL FROM has no null MX", nullMXToo, Reject, Rcpt,
			"550 5.7.27 <{from}>: Sender address rejected: Domain {s} does not accept mail (nullMX)", append([]string{"mx.null-plus-others"}, nullMXRules...)...),
		step("postfix.sender", "the domain in MAIL FROM has an MX record or an address", unreachable, outcomeOf(code), Rcpt,
			status(code, "1.8")+" <{from}>: Sender address rejected: Domain not found", noReturnRules...),
		later(step("postfix.sender-lookup", "the domain in MAIL FROM can be looked up", senderFails, Defer, Rcpt,
			"450 4.1.8 <{from}>: Sender address rejected: Domain not found", lostReturnRules...)),
	}
}

var (
	loopback = netip.MustParsePrefix("127.0.0.0/8")
	private  = netip.MustParsePrefix("10.0.0.0/8")
	private2 = netip.MustParsePrefix("192.168.0.0/16")
	private3 = netip.MustParsePrefix("172.16.0.0/12")
	zero     = netip.MustParsePrefix("0.0.0.0/32")
)

// postfixMX is check_sender_mx_access with a table of networks that no MX of others is in.
var postfixMX = []Requirement{
	unmeasured(step("postfix.sender-mx-loopback", "no MX host of the domain in MAIL FROM is on a loopback address", loops(loopback), Reject, Rcpt,
		"550 5.7.1 <{from}>: Sender address rejected: sender MX is in a loopback network", "mx.private-ip", "mx.localhost")),
	unmeasured(step("postfix.sender-mx-private", "no MX host of the domain in MAIL FROM is on a private address", loops(private), Reject, Rcpt,
		"550 5.7.1 <{from}>: Sender address rejected: sender MX is in a private network", "mx.private-ip")),
}

var postfixLists = []Requirement{
	step("postfix.zen", "the sending address is not on Spamhaus ZEN", zen, Reject, Rcpt,
		"554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org", spamhausRules...),
	unmeasured(step("postfix.spamcop", "the sending address is not on SpamCop", listed("bl.spamcop.net", address, anyCode), Reject, Rcpt,
		"554 5.7.1 Service unavailable; Client host [{ip}] blocked using bl.spamcop.net", "dnsbl.listed-minor", "dnsbl.listed-major")),
	step("postfix.dbl", "the domain in MAIL FROM is not on the Spamhaus DBL", dblSender, Reject, Rcpt,
		"554 5.7.1 Service unavailable; Sender address [{from}] blocked using dbl.spamhaus.org", "dnsbl.domain-listed"),
	step("postfix.dbl-helo", "the name in EHLO is not on the Spamhaus DBL", dblHELO, Reject, Rcpt,
		"554 5.7.1 Service unavailable; Helo command [{helo}] blocked using dbl.spamhaus.org", "dnsbl.domain-listed"),
}

// postfixCallout is reject_unverified_sender: whatever the sender's MX says, Postfix's own answer is 450 unless set otherwise.
func postfixCallout(code string) []Requirement {
	word := "unverified"
	if code == "550" {
		word = "undeliverable"
	}
	return []Requirement{
		step("postfix.callout-refused", "the sender's MX takes mail for its address", answered(fromAnybody, refusingLater), outcomeOf(code), Rcpt,
			status(code, "1.7")+" <{from}>: Sender address rejected: "+word+" address: {said}", "mx.sender-not-deliverable"),
		unmeasured(step("postfix.callout-unroutable", "an MX host of the domain in MAIL FROM has an address", namesNothing, outcomeOf(code), Rcpt,
			status(code, "1.7")+" <{from}>: Sender address rejected: "+word+" address: Host or domain name not found", unroutableRules...)),
		step("postfix.callout-lookup", "the MX hosts of the domain in MAIL FROM can be looked up", onlyLostMX, Defer, Rcpt,
			"450 4.1.7 <{from}>: Sender address rejected: unverified address: Host or domain name not found", "mx.unresolvable"),
		step("postfix.callout-loop", "the MX hosts of the domain in MAIL FROM are not on loopback addresses", loopsBack, outcomeOf(code), Rcpt,
			status(code, "1.7")+" <{from}>: Sender address rejected: "+word+" address: mail for {s} loops back to myself", "mx.private-ip", "mx.localhost"),
		step("postfix.callout-private", "an MX host of the domain in MAIL FROM is not on a private address", unreached, Defer, Rcpt,
			"450 4.1.7 <{from}>: Sender address rejected: unverified address: Address verification in progress", "mx.private-ip"),
		step("postfix.callout-deferred", "the sender's MX takes mail for its address at once", answered(fromAnybody, waitingLonger), Defer, Rcpt,
			"450 4.1.7 <{from}>: Sender address rejected: unverified address: {said}", "mx.sender-not-deliverable", "mx.refused"),
	}
}

func outcomeOf(code string) Outcome {
	if code[0] == '4' {
		return Defer
	}
	return Reject
}

// status is a reply code with its enhanced code (RFC 3463 2).
func status(code, detail string) string { return code + " " + code[:1] + "." + detail }

var postscreenList = step("postscreen.zen", "the sending address is not on Spamhaus ZEN", zen, Reject, Rcpt,
	"550 5.7.1 Service unavailable; client [{ip}] blocked using zen.spamhaus.org", spamhausRules...)

// strict is the lab's pf-strict550.
var strict = concat(postfixClient("550"), postfixHELO("550"), postfixSender("550"), postfixMX, postfixLists, policydSPF, postfixCallout("550"), openDMARC)

func concat(l ...[]Requirement) []Requirement {
	var out []Requirement
	for _, x := range l {
		out = append(out, x...)
	}
	return out
}

// SPF policies of Postfix.

const (
	spfRejected = "550 5.7.23 <{rcpt}>: Recipient address rejected: Message rejected due to: "
	spfWhy      = ". Please see http://www.openspf.net/Why?s=mfrom;id={from};ip={ip}"
)

var policydSPF = []Requirement{
	unmeasured(step("policyd-spf.helo", "SPF does not fail for the name in EHLO", heloSPFIs(fail), Reject, Rcpt,
		spfRejected+"SPF fail - not authorized. Please see http://www.openspf.net/Why?s=helo;id={helo};ip={ip}", "spf.helo-not-covered")),
	step("policyd-spf.mail-from", "SPF does not fail", spfIs(rfc, fail), Reject, Rcpt, spfRejected+"SPF fail - not authorized"+spfWhy, "spf.ip-not-covered", "parked.but-sends"),
}

var policydSPFStrict = []Requirement{
	policydSPF[0],
	unmeasured(step("policyd-spf.helo-permerror", "the SPF record of the name in EHLO is valid", heloSPFIs(permerror), Reject, Rcpt,
		"550 5.7.24 <{rcpt}>: Recipient address rejected: Message rejected due to: SPF Permanent Error", "spf.syntax")),
	step("policyd-spf.helo-temperror", "SPF can be looked up for the name in EHLO", heloSPFIs(temperror), Defer, Rcpt, spfDeferred, "spf.include-temperror"),
	policydSPF[1],
	step("policyd-spf.softfail", "SPF does not softfail", spfIs(rfc, softfail), Reject, Rcpt, spfRejected+"domain owner discourages use of this host"+spfWhy,
		"spf.ip-not-covered"),
	step("policyd-spf.permerror", "the SPF record is valid", spfIs(rfc, permerror), Reject, Rcpt,
		"550 5.7.24 <{rcpt}>: Recipient address rejected: Message rejected due to: SPF Permanent Error"+spfWhy, spfRules...),
	step("policyd-spf.temperror", "SPF can be looked up", spfIs(rfc, temperror), Defer, Rcpt, spfDeferred, "spf.include-temperror"),
}

const spfDeferred = "450 4.7.24 <{rcpt}>: Recipient address rejected: Message deferred due to: SPF Temporary Error"

var policydSPFPerl = []Requirement{
	step("policyd-spf-perl.helo-invalid", "the name in EHLO can be asked for", heloUnaskable, Defer, Rcpt,
		"451 4.3.5 <{rcpt}>: Recipient address rejected: Server configuration problem", shortHELORules...),
	unmeasured(step("policyd-spf-perl.helo", "SPF does not fail for the name in EHLO", heloSPFIs(fail), Reject, Rcpt,
		"550 5.7.1 <{rcpt}>: Recipient address rejected: Please see http://www.openspf.org/Why?s=helo;id={helo};ip={ip}", "spf.helo-not-covered")),
	step("policyd-spf-perl.helo-temperror", "SPF can be looked up for the name in EHLO", heloSPFIs(temperror), Defer, Rcpt,
		"450 4.7.1 <{rcpt}>: Recipient address rejected: SPF-Result={helo}", "spf.include-temperror"),
	step("policyd-spf-perl.mail-from", "SPF does not fail", spfIs(rfc, fail), Reject, Rcpt,
		"550 5.7.1 <{rcpt}>: Recipient address rejected: Please see http://www.openspf.org/Why?s=mfrom;id={from};ip={ip}", "spf.ip-not-covered"),
	step("policyd-spf-perl.temperror", "SPF can be looked up", spfIs(rfc, temperror), Defer, Rcpt,
		"450 4.7.1 <{rcpt}>: Recipient address rejected: SPF-Result={s}", "spf.include-temperror"),
}

// Milters.

var openDKIM = []Requirement{
	step("opendkim.missing", "the key of a signature is published", unlessSigned(opendmarc, opendmarc.signatureIs(Missing)), Reject, Data, "550 5.7.0 DKIM key retrieval failed",
		"dkim.selector-missing", "dkim.doubled-name", "dkim.cname-dangling"),
	step("opendkim.revoked", "not every key is revoked", unlessSigned(opendmarc, opendmarc.signatureIs(Revoked)), Reject, Data, "550 5.7.1 Command rejected", "dkim.revoked"),
	step("opendkim.bad", "a signature verifies", unlessSigned(opendmarc, opendmarc.signatureIs(Wrong)), Reject, Data, "550 5.7.0 bad DKIM signature data", "dkim.p-invalid"),
}

var openDMARC = []Requirement{
	step("opendmarc.reject", "mail passes DMARC where the owner of the domain asks to reject what fails", unlessNoPolicy(disownedOlder(opendmarc, "reject")),
		Reject, Data, "550 5.7.1 rejected by DMARC policy for {d}", disownedRules...),
	step("opendmarc.quarantine", "mail passes DMARC where the owner of the domain asks to quarantine what fails",
		unlessNoPolicy(disownedOlder(opendmarc, "quarantine")), Spam, Data, "", disownedRules...),
}

var rspamdDMARC = []Requirement{
	step("rspamd.reject", "mail passes DMARC where the owner of the domain asks to reject what fails", unlessSeveral(unlessLost(disownedOlder(rspamd, "reject"))), Reject, Data,
		"554 5.7.1 Spam message rejected", disownedRules...),
	unmeasured(step("rspamd.quarantine", "mail passes DMARC where the owner of the domain asks to quarantine what fails", unlessSeveral(unlessLost(disownedOlder(rspamd, "quarantine"))),
		Spam, Data, "", disownedRules...)),
}

// Exim. Parts of the texts are of the lab's ACLs.

// eximHELO is Exim's own check, in whatever set-up.
var eximHELO = unmeasured(step("exim.helo", "the name in EHLO is made of letters, digits, hyphens and dots", heloForeign, Reject, HELO,
	"501 Syntactically invalid EHLO argument(s)", "helo.underscore", "helo.not-fqdn", "helo.ip-literal"))

// eximAddress is its check of MAIL FROM.
var eximAddress = step("exim.address", "the domain in MAIL FROM is made of letters, digits, hyphens and dots", foreignSender, Reject, Mail,
	"501 <{from}>: malformed address", "mx.sender-not-deliverable")

// eximSender is verify = sender: the address can be routed, beyond the networks that its routers ignore.
func eximSender(ignored ...netip.Prefix) Requirement {
	broken := func(c Case) Truth { return some(nullMX(c), unroutable(ignored...)(c)) }
	return step("exim.sender", "mail to the address in MAIL FROM can be routed", broken, Reject, Rcpt, "550 Sender verify failed",
		slices.Concat(noReturnRules, nullMXRules, unroutableRules, []string{"mx.private-ip"})...)
}

var eximSenderLost = step("exim.sender-lookup", "the domain in MAIL FROM and its MX hosts can be looked up",
	func(c Case) Truth { return some(senderFails(c), onlyLostMX(c)) }, Defer, Rcpt,
	"451 Temporary local problem - please try later", append([]string{"mx.unresolvable"}, lostReturnRules...)...)

var openSMTPD = []Requirement{
	step("opensmtpd.rdns", "the sending address has a PTR record", noName(resolverName), Reject, Connect, "550 5.7.25 no reverse DNS", noNameRules...),
	step("opensmtpd.fcrdns", "the reverse name leads back to the sending address", func(c Case) Truth { return some(forwardFails(c), unconfirmedFirst(resolverName)(c)) },
		Reject, Connect, "550 5.7.25 reverse DNS does not match", unmatchedRules...),
	step("opensmtpd.sender", "the local part of MAIL FROM is made of atoms", quotedSender, Reject, Mail, "553 5.1.0 Sender address syntax error",
		"mx.sender-not-deliverable"),
	step("opensmtpd.helo", "EHLO gives a host name or an address literal", heloRefused, Reject, HELO, "501 5.5.4 Invalid command arguments: Invalid domain name",
		shortHELORules...),
}
