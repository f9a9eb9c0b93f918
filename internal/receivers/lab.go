package receivers

import "slices"

// Lab are the set-ups of the lab by their names there. Each belongs to a receiver of the contract; where that is the very same
// set-up, its book is. The texts of Exim's and OpenSMTPD's refusals are partly those of the lab's own configuration.
var Lab = []Book{
	inLab("pf-fcrdns", "postfix", "reject_unknown_client_hostname", postfixClient("450")...),
	inLab("pf-rptr", "postfix", "reject_unknown_reverse_client_hostname", postfixReverse...),
	inLab("pf-helo", "postfix", "reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname", postfixHELO("450")...),
	inLab("pf-senderdom", "postfix", "reject_non_fqdn_sender, reject_unknown_sender_domain, check_sender_mx_access", concat(postfixSender("450"), postfixMX)...),
	inLab("pf-rbl", "postfix", "reject_rbl_client and reject_rhsbl_sender with ZEN, SpamCop and DBL", postfixLists...),
	inLab("pf-callout", "postfix", "reject_unknown_sender_domain, reject_unverified_sender", concat(postfixSender("450"), postfixCallout("450"))...),
	inLab("pf-spfpy", "policyd-spf", "policyd-spf (Python) as shipped", policydSPF...),
	inLab("pf-spfpystrict", "policyd-spf", "policyd-spf (Python) with Mail_From_reject = Softfail, PermError_reject and TempError_Defer", policydSPFStrict...),
	inLab("pf-spfperl", "policyd-spf", "policyd-spf (Perl)", policydSPFPerl...),
	inLab("pf-dmarc", "opendmarc", "OpenDKIM and OpenDMARC with RejectFailures", openDMARC...),
	inLab("pf-dkimrej", "opendkim", "OpenDKIM that refuses", openDKIM...),
	inLab("pf-postscreen", "postscreen", "postscreen with ZEN", postscreenList),
	inLab("pf-rspamd", "rspamd", "Rspamd with DMARC in force", rspamdDMARC...),
	inLab("pf-strict550", "postfix-strict", "all of these, and 550 for each code that is 450 otherwise", strict...),
	inLab("exim-spf", "exim", "spf = fail : permerror denied, temperror deferred", eximHELO, eximAddress,
		step("exim.spf-fail", "SPF does not fail", spfIs(libspf2, fail), Reject, Rcpt, "550 SPF: {ip} is not allowed to send mail from {s}.", "spf.ip-not-covered"),
		step("exim.spf-permerror", "the SPF record is valid", spfIs(libspf2, permerror), Reject, Rcpt, "550 SPF: permerror for {s}", spfRules...),
		step("exim.spf-temperror", "SPF can be looked up", spfIs(libspf2, temperror), Defer, Rcpt, "451 SPF: temperror for {s}", "spf.include-temperror")),
	inLab("exim-callout", "exim", "verify = sender/callout", eximHELO, eximAddress, eximSender(loopback, zero, private, private2, private3), eximSenderLost,
		step("exim.callout-unreached", "the MX host of the domain in MAIL FROM is where others reach it", unreachedBeyond(loopback, zero, private, private2, private3), Defer, Rcpt,
			"451 Could not complete sender verify callout", "mx.private-ip"),
		step("exim.callout-refused", "the sender's MX takes mail for its address from the null sender", answered(fromNobody, refusing), Reject, Rcpt,
			"550 Sender verify failed", "mx.dsn-null-sender", "mx.sender-not-deliverable"),
		step("exim.callout-deferred", "the sender's MX takes mail for its address at once", answered(fromNobody, waiting), Defer, Rcpt,
			"451 Could not complete sender verify callout", "mx.sender-not-deliverable", "mx.refused")),
	inLab("exim-conn", "exim", "verify = reverse_host_lookup, dnslists, verify = helo, verify = sender", eximHELO, eximAddress,
		step("exim.reverse", "a reverse name leads back to the sending address", unconfirmedNames(eximName), Reject, Rcpt, "550 Reverse DNS lookup failed for host {ip}",
			"ptr.missing", "ptr.ipv6-missing", "ptr.no-forward", "ptr.forward-mismatch", "ptr.ip-literal"),
		step("exim.reverse-lookup", "the reverse name can be looked up", forwardFails, Defer, Rcpt, "451 Temporary local problem - please try later", "ptr.no-forward"),
		step("exim.zen", "the sending address is not on Spamhaus ZEN", listed("zen.spamhaus.org", address, anyCode), Reject, Rcpt,
			"550 {ip} is listed at zen.spamhaus.org", spamhausRules...),
		step("exim.dbl", "the domain in MAIL FROM is not on the Spamhaus DBL", listed("dbl.spamhaus.org", senderDomain, anyCode), Reject, Rcpt,
			"550 {ip} is listed at dbl.spamhaus.org", "dnsbl.domain-listed", "dnsbl.domain-abused-legit"),
		step("exim.helo-elsewhere", "the name in EHLO leads to the sending address", heloElsewhere, Reject, Rcpt, "550 HELO {helo} does not match {ip}",
			"helo.ptr-mismatch", "helo.unresolvable", "helo.not-fqdn"),
		eximSender(loopback, zero, private, private2, private3), eximSenderLost),
	inLab("exim-dkim", "exim", "dkim_status = fail : invalid denied", eximHELO, eximAddress,
		step("exim.dkim-invalid", "the key of each signature can be used", eximDKIM.signatureIs(Missing, Revoked, Unusable, Lost), Reject, Data, "550 DKIM: invalid for {d}", dkimRules...),
		step("exim.dkim-fail", "each signature verifies", eximDKIM.signatureIs(Wrong, Excused, Short), Reject, Data, "550 DKIM: fail for {d}", dkimRules...)),
	inLab("osmtpd-fcrdns", "opensmtpd", "filters rdns and fcrdns", openSMTPD...),
}

// inLab is a book of a receiver that has IPv4 alone.
func inLab(setup, receiver, policy string, l ...Requirement) Book {
	l = slices.Clone(l)
	for i, r := range l {
		l[i].Broken = func(c Case) Truth { return r.Broken(c.four()) }
	}
	return Book{Setup: setup, Receiver: receiver, Title: setup, Policy: policy, Sources: []Source{measured, manual}, Requirements: l}
}
