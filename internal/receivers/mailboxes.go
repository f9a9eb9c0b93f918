package receivers

import "slices"

// mailboxes are the books of those who hold mailboxes for the public.
var mailboxes = []Book{gmail, yahoo, outlook, microsoft365, icloud, gmx, webde, tonline, orange, laposte, mailru, comcast, cox, spectrum}

var gmail = Book{
	Receiver: "gmail", Title: "Gmail", Brands: []string{"gmail.com", "googlemail.com"},
	Bulk: "close to 5,000 messages to personal Gmail accounts within 24 hours, counted for the registered domain with all beneath it; " +
		"who was counted so once stays so (Email sender guidelines)",
	Unseen: "the reputation of address and domain, the share of mail that its users report as spam (above 0.3 % no help is given), TLS, and the " +
		"unsubscribe headers of bulk mail cannot be seen from outside",
	Sources: []Source{
		{"codes", "Gmail SMTP errors and codes", "https://support.google.com/a/answer/3726730", "page of 2026-02-12, copy of 2026-02-15", Documented},
		{"guidelines", "Email sender guidelines", "https://support.google.com/mail/answer/81126", "copy of 2026-03-21", Documented},
		{"faq", "Email sender guidelines FAQ", "https://support.google.com/a/answer/14229414", "copy of 2026-03-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "gmail.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect, Reply: gmailPTR,
			Rules: ptrRules, Since: "2024-02-01", Source: "codes", Note: "421 4.7.0 or 451 4.7.23 may come first"},
		{ID: "gmail.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Reject, Stage: Connect,
			Reply: gmailPTR, Rules: unmatchedRules, Since: "2024-02-01", Source: "codes", Note: "421 4.7.0 or 451 4.7.23 may come first"},
		{ID: "gmail.helo", What: "EHLO gives a host name or an address literal", Broken: heloMalformed, Outcome: Unsaid, Stage: HELO,
			Rules: shortHELORules, Source: "codes",
			Note: "501 5.5.4 says that the argument of EHLO is invalid; which arguments are is not documented"},
		{ID: "gmail.dmarc", What: "mail passes DMARC where the owner of the domain asks to quarantine or reject what fails",
			Broken: disowned(rfc, "quarantine", "reject"), Outcome: Reject, Stage: Data,
			Reply: "550-5.7.26 Unauthenticated email from {d} is not accepted due to domain's DMARC policy. Please contact the administrator of {d} domain " +
				"if this was a legitimate email.",
			Rules: disownedRules, Source: "codes"},
		{ID: "gmail.spf-hard-fail", What: "SPF does not fail by -all on mail without a DKIM signature that verifies",
			Broken: func(c Case) Truth { return all(hardFail(c), dkimFails(c)) }, Outcome: Reject, Stage: Data,
			Reply: "550-5.7.26 The MAIL FROM domain [{s}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: " +
				"[{ip}]. To best protect our users from spam and phishing, the message has been blocked.",
			Rules: authRules, Source: "codes"},
		{ID: "gmail.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Reject, Stage: Data,
			Reply: "550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF " +
				"or DKIM. Authentication results: DKIM = did not pass SPF [{s}] with ip: [{ip}] = did not pass.",
			Rules: authRules, Since: "2024-02-01", Source: "codes"},
		{ID: "gmail.bulk-spf", What: "SPF passes", Bulk: true, Broken: spfFails, Outcome: Reject, Stage: Data,
			Reply: "550 5.7.27 This message was blocked because it didn't pass SPF authentication. Gmail requires bulk email senders to authenticate their " +
				"email with SPF.",
			Rules: spfRules, Since: "2024-02-01", Source: "codes", Note: "421 4.7.27 may come first"},
		{ID: "gmail.bulk-dkim", What: "DKIM passes", Bulk: true, Broken: dkimFails, Outcome: Reject, Stage: Data,
			Reply: "550 5.7.30 .. didn't pass DKIM authentication. Gmail requires bulk email senders to authenticate their " +
				"email with DKIM.",
			Rules: dkimRules, Since: "2024-02-01", Source: "codes", Note: "421 4.7.30 may come first"},
		{ID: "gmail.spf-hard-fail-signed", What: "SPF does not fail by -all", Broken: hardFail, Outcome: Unsaid, Stage: Data,
			Rules: []string{"spf.ip-not-covered"}, Source: "codes",
			Note: "the text of 550-5.7.26 about a hard fail is documented, its use on mail with a signature that verifies is not"},
		{ID: "gmail.dmarc-lookup", What: "what DMARC rests on can be looked up, for mail that is not certain to pass", Broken: policyLost,
			Outcome: Defer, Stage: Data, Reply: "451 4.7.26 Unauthenticated email from {d} is not accepted due to domain's DMARC policy.",
			Rules: []string{"dmarc.missing", "spf.include-temperror", "dkim.selector-missing"}, Source: "codes", Note: "documented for temporary DNS failures"},
		{ID: "gmail.bulk-aligned", What: "the domain of From has the organizational domain of MAIL FROM or of a signature", Bulk: true, Broken: misaligned,
			Outcome: Defer, Stage: Data,
			Reply: "421 4.7.32 .. the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or " +
				"DKIM organizational domain.",
			Rules: []string{"dmarc.unaligned"}, Since: "2024-02-01", Source: "codes",
			Note: "the same text is documented with 421 5.7.32; the FAQ says temporary or permanent failure"},
		{ID: "gmail.bulk-dmarc", What: "there is a DMARC record", Bulk: true, Broken: noDMARC, Outcome: Defer, Stage: Data,
			Reply: "421 4.7.40 Your message was blocked because the sending domain doesn't have a DMARC record or the DMARC record doesn't specify a DMARC policy.",
			Rules: dmarcRules, Since: "2024-02-01", Source: "codes",
			Note: "sources conflict: the page of codes has 421 4.7.40 and 550 5.7.40, the FAQ says that only help is refused"},
	},
}

const gmailPTR = "550-5.7.25 [{ip}] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not " +
	"point to the sending IP. As a policy, Gmail does not accept messages from IPs with missing PTR records."

var yahoo = Book{
	Receiver: "yahoo", Title: "Yahoo and AOL",
	Brands: []string{"yahoo.com", "AOL", "Verizon", "att.net", "sbcglobal.net", "bellsouth.net", "domains with an MX beneath yahoodns.net"},
	Bulk:   "no figure is published (Sender Requirements)",
	Unseen: "the reputation of address and domain, complaints, and the unsubscribe headers of bulk mail cannot be seen from outside",
	Sources: []Source{
		{"requirements", "Sender Requirements & Recommendations", "https://senders.yahooinc.com", "copy of 2025-04", Documented},
		{"faq", "Sender FAQ", "https://senders.yahooinc.com", "copy of 2025-08", Documented},
		{"codes", "SMTP error codes", "https://senders.yahooinc.com", "copy of 2026-02-15", Documented},
		{"older", "SMTP error codes, older copies", "https://senders.yahooinc.com", "copies before 2026-02", Inferred},
	},
	Requirements: []Requirement{
		{ID: "yahoo.spamhaus-xbl", What: "the sending address is not on the Spamhaus XBL", Broken: xbl, Outcome: Reject, Stage: Connect,
			Reply: "553 5.7.1 [BL23] Connections not accepted from IP addresses on Spamhaus XBL", Rules: []string{"dnsbl.listed-major"}, Source: "older"},
		{ID: "yahoo.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect,
			Reply: "553 5.7.1 [BL21] Connections will not be accepted from {ip}, because the ip is in Spamhaus's list", Rules: spamhausRules, Source: "older"},
		{ID: "yahoo.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Unsaid, Stage: Connect, Rules: ptrRules, Source: "requirements"},
		{ID: "yahoo.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Unsaid, Stage: Connect,
			Rules: unmatchedRules, Source: "requirements"},
		{ID: "yahoo.ptr-generic", What: "the reverse name reflects the sender's domain and is not generic", Broken: generic, Outcome: Unsaid, Stage: Connect,
			Rules: []string{"ptr.generic"}, Source: "requirements"},
		{ID: "yahoo.sender-exists", What: "the domain in MAIL FROM exists", Broken: senderGone, Outcome: Reject, Stage: Mail,
			Reply: "554 Message rejected due to unresolvable RFC.5321 from domain", Rules: goneRules, Source: "codes"},
		{ID: "yahoo.sender-null-mx", What: "the domain in MAIL FROM has no null MX", Broken: nullMX, Outcome: Reject, Stage: Mail,
			Reply: "550 5.7.27 Sender address has null MX", Rules: nullMXRules, Source: "codes",
			Note: "the page names RFC 7505; the text is that of RFC 7505 4.2"},
		{ID: "yahoo.sender-lookup", What: "the domain in MAIL FROM can be looked up", Broken: func(c Case) Truth { return failing(c, c.Exists) }, Outcome: Defer,
			Stage: Mail, Reply: "451 Message temporarily deferred due to unresolvable RFC.5321 from domain", Rules: goneRules, Source: "codes"},
		{ID: "yahoo.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"), Outcome: Reject,
			Stage: Data, Reply: yahooPolicy, Rules: disownedRules, Source: "codes"},
		{ID: "yahoo.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Reject, Stage: Data,
			Reply: "550 5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to authenticate with either SPF or DKIM.",
			Rules: authRules, Since: "2024-02", Source: "older"},
		{ID: "yahoo.bulk-dmarc-record", What: "there is a DMARC record", Bulk: true, Broken: noDMARC, Outcome: Reject, Stage: Data, Reply: yahooPolicy,
			Rules: dmarcRules, Since: "2024-02", Source: "requirements", Note: "a deferral may come instead"},
		{ID: "yahoo.bulk-dmarc", What: "mail passes DMARC", Bulk: true, Broken: unaligned, Outcome: Reject, Stage: Data, Reply: yahooPolicy,
			Rules: disownedRules, Since: "2024-02", Source: "requirements"},
		{ID: "yahoo.bulk-dkim", What: "DKIM passes", Bulk: true, Broken: dkimFails, Outcome: Reject, Stage: Data, Reply: yahooPolicy, Rules: dkimRules,
			Since: "2024-02", Source: "requirements", Note: "421 4.7.0 [TSS04] may come instead"},
		{ID: "yahoo.bulk-spf", What: "SPF passes", Bulk: true, Broken: spfFails, Outcome: Defer, Stage: Data,
			Reply: "421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user complaints", Rules: spfRules, Since: "2024-02",
			Source: "older", Note: "documented for missing authentication, too"},
		asOwnerAsks("yahoo", "requirements"),
	},
}

const yahooPolicy = "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes"

var outlook = Book{
	Receiver: "outlook", Title: "Outlook.com", Brands: []string{"outlook.com", "Hotmail", "Live", "msn.com"},
	Bulk:   "more than 5,000 messages a day from one domain (Outlook's new requirements)",
	Unseen: "the reputation of the address, complaints (SC-004), Microsoft's own block list (S3140) and the content cannot be seen from outside",
	Sources: []Source{
		{"announcement", "Strengthening Email Ecosystem: Outlook's New Requirements for High-Volume Senders", "https://techcommunity.microsoft.com", "2025-04-02, changed 2025-04-30", Documented},
		{"515", "support.microsoft.com: 550 5.7.515", "https://go.microsoft.com/fwlink/p/?linkid=2319303", "read in 2026-11", Documented},
		{"postmaster", "Outlook.com Postmaster: Troubleshooting", "https://substrate.office.com/ip-domain-management-snds", "copy of 2026-06-15", Documented},
		{"ndr", "A real bounce", "github.com/sisimai/set-of-emails, rhost-microsoft-06", "2025-12-10", Documented},
		{"365", "Non-delivery reports in Exchange Online", "github.com/MicrosoftDocs/SupportArticles-docs", "read in 2026-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "outlook.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect, Reply: "550 OU-001",
			Rules: spamhausRules, Source: "postmaster"},
		{ID: "outlook.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Unsaid, Stage: Connect, Rules: ptrRules, Source: "postmaster"},
		{ID: "outlook.dynamic", What: "the sending address is not a dynamic one", Broken: generic, Outcome: Unsaid, Stage: Connect, Rules: []string{"ptr.generic"},
			Source: "postmaster", Note: "550 DY-001 refuses dynamic addresses; whether Microsoft takes this one for such cannot be seen"},
		{ID: "outlook.spf-locked", What: "the SPF record is not -all alone", Broken: locked, Outcome: Reject, Stage: Data,
			Reply: "550 Command rejected due to Sender ID validation failure", Rules: []string{"parked.but-sends"}, Source: "postmaster"},
		{ID: "outlook.bulk-spf", What: "SPF passes", Bulk: true, Broken: spfFails, Outcome: Reject, Stage: Data, Reply: outlook515, Rules: spfRules,
			Since: "2025-05-05", Source: "announcement", Note: "a real bounce shows it for mail that passes DMARC by DKIM alone"},
		{ID: "outlook.bulk-dkim", What: "DKIM passes", Bulk: true, Broken: dkimFails, Outcome: Reject, Stage: Data, Reply: outlook515, Rules: dkimRules,
			Since: "2025-05-05", Source: "announcement"},
		{ID: "outlook.bulk-dmarc", What: "there is a DMARC record", Bulk: true, Broken: noDMARC, Outcome: Reject, Stage: Data, Reply: outlook515, Rules: dmarcRules,
			Since: "2025-05-05", Source: "announcement"},
		{ID: "outlook.bulk-aligned", What: "SPF or DKIM passes for a domain that is aligned with From", Bulk: true, Broken: unaligned, Outcome: Reject, Stage: Data,
			Reply: outlook515, Rules: []string{"dmarc.unaligned"}, Since: "2025-05-05", Source: "announcement"},
		{ID: "outlook.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"), Outcome: Reject,
			Stage: Data, Reply: microsoftDMARC, Rules: disownedRules, Source: "365"},
		{ID: "outlook.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Spam, Stage: Data, Rules: authRules, Source: "announcement"},
		asOwnerAsks("outlook", "365"),
	},
}

const (
	outlook515 = "550 5.7.515 Access denied, sending domain {d} doesn't meet the required authentication level. The sender's domain in the 5322.From address " +
		"doesn't meet the authentication requirements defined for the sender. To learn how to fix this see: https://go.microsoft.com/fwlink/p/?linkid=2319303"
	microsoftDMARC = "550 5.7.509 Access denied, sending domain {d} does not pass DMARC verification and has a DMARC policy of reject."
)

var microsoft365 = Book{
	Receiver: "microsoft365", Title: "Microsoft 365", Brands: []string{"domains with an MX beneath mail.protection.outlook.com or mx.microsoft"},
	Unseen: "the block lists of Microsoft (550 5.7.606) and of the recipient's organization, and its own rules, cannot be seen from outside",
	Sources: []Source{
		{"ndr", "Non-delivery reports in Exchange Online", "github.com/MicrosoftDocs/SupportArticles-docs", "read in 2026-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "microsoft365.ptr6", What: "a sending IPv6 address has a PTR record", Broken: func(c Case) Truth { return all(six(c), noPTR(c)) }, Outcome: Reject,
			Stage: Connect, Reply: "550 5.7.25", Rules: []string{"ptr.ipv6-missing"}, Source: "ndr",
			Note: "the page has the code, and in words that the address must have a reverse DNS record"},
		{ID: "microsoft365.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Unsaid, Stage: Connect, Rules: spamhausRules,
			Source: "ndr", Note: "Microsoft uses Spamhaus beside a list of its own (550 5.7.606 to 649)"},
		{ID: "microsoft365.helo", What: "EHLO gives a host name or an address literal", Broken: heloMalformed, Outcome: Unsaid, Stage: HELO,
			Rules: []string{"helo.not-fqdn"}, Source: "ndr", Note: "550 5.7.506 refuses a bad name in EHLO; which are bad is not documented"},
		{ID: "microsoft365.auth6", What: "SPF or DKIM passes for mail over IPv6", Broken: func(c Case) Truth { return all(six(c), unauthenticated(c)) },
			Outcome: Reject, Stage: Data, Reply: "550 5.7.26", Rules: authRules, Source: "ndr", Note: "450 4.7.26 may come first"},
		{ID: "microsoft365.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"),
			Outcome: Reject, Stage: Data, Reply: microsoftDMARC, Rules: disownedRules, Source: "ndr", Note: "an organization may have chosen otherwise"},
		{ID: "microsoft365.spf-hard-fail", What: "SPF does not fail by -all", Broken: hardFail, Outcome: Unsaid, Stage: Data, Rules: []string{"spf.ip-not-covered"},
			Source: "ndr", Note: "550 5.7.23 where the recipient's organization has turned on SPF hard fail"},
		{ID: "microsoft365.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Spam, Stage: Data, Rules: authRules, Source: "ndr", Basis: Inferred},
		asOwnerAsks("microsoft365", "ndr"),
	},
}

var icloud = Book{
	Receiver: "icloud", Title: "iCloud Mail", Brands: []string{"icloud.com", "me.com", "mac.com", "domains with an MX beneath mail.icloud.com"},
	Bulk:   "no figure is published (Postmaster information)",
	Unseen: "reputation, content and the block list of Proofpoint, which Apple asks, cannot be seen from outside",
	Sources: []Source{
		{"postmaster", "Postmaster information for iCloud Mail", "https://support.apple.com/102322", "2025-02-25", Documented},
		{"replies", "Replies collected by sisimai", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "icloud.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect,
			Reply: "550 5.7.1 Mail from IP {ip} was rejected due to listing in Spamhaus SBL/XBL/PBL. For details please see http://www.spamhaus.org/query/bl?ip={ip}",
			Rules: spamhausRules, Source: "replies"},
		{ID: "icloud.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect, Reply: appleLocal, Rules: ptrRules,
			Since: "2025-02-25", Source: "postmaster", Note: "the page says that mail is refused and no text for it; this is the general one"},
		{ID: "icloud.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Unsaid, Stage: Connect,
			Rules: unmatchedRules, Source: "postmaster", Note: "the page asks for reverse DNS, and for no more by name"},
		{ID: "icloud.sender-exists", What: "the domain in MAIL FROM exists", Broken: senderGone, Outcome: Defer, Stage: Mail,
			Reply: "450 4.1.8 <{from}>: Sender address rejected: Domain not found", Rules: goneRules, Source: "replies"},
		{ID: "icloud.dbl", What: "no domain of the mail is on the Spamhaus DBL", Broken: dbl, Outcome: Reject, Stage: Data,
			Reply: "rejected due to having a domain present in the Spamhaus DBL", Rules: []string{"dnsbl.domain-listed"}, Source: "replies"},
		{ID: "icloud.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Reject, Stage: Data,
			Reply: "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks. See https://support.apple.com/en-us/HT204137 " +
				"for mailing best practices",
			Rules: authRules, Source: "replies"},
		{ID: "icloud.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"), Outcome: Reject,
			Stage: Data, Reply: "554 5.7.1 Your message was rejected due to {d}'s DMARC policy. See https://support.apple.com/en-us/HT204137 for info",
			Rules: disownedRules, Source: "replies"},
		{ID: "icloud.bulk-spf", What: "SPF passes", Bulk: true, Broken: spfFails, Outcome: Reject, Stage: Data, Reply: appleLocal, Rules: spfRules,
			Since: "2025-02-25", Source: "postmaster", Note: generalText},
		{ID: "icloud.bulk-dkim", What: "DKIM passes", Bulk: true, Broken: dkimFails, Outcome: Reject, Stage: Data, Reply: appleLocal, Rules: dkimRules,
			Since: "2025-02-25", Source: "postmaster", Note: generalText},
		{ID: "icloud.bulk-dmarc", What: "there is a DMARC record", Bulk: true, Broken: noDMARC, Outcome: Reject, Stage: Data, Reply: appleLocal, Rules: dmarcRules,
			Since: "2025-02-25", Source: "postmaster", Note: generalText},
		asOwnerAsks("icloud", "postmaster"),
	},
}

const (
	appleLocal  = "550 5.7.1 [HM08] Message rejected due to local policy."
	generalText = "the page gives no text for it; this is the general one"
)

// unitedInternet are the requirements of GMX and WEB.DE, which are run together.
func unitedInternet(receiver, title string, brands ...string) Book {
	return Book{
		Receiver: receiver, Title: title, Brands: brands,
		Bulk:   "no figure is published (requirements and recommendations)",
		Unseen: "reputation, and whether the address is static, cannot be seen from outside",
		Sources: []Source{
			{"requirements", "Requirements and recommendations", "https://postmaster.web.de/en/requirements-and-recommendations", "read in 2026-11", Documented},
			{"errors", "GMX error messages", "https://postmaster.gmx.net/en/error-messages", "read in 2026-11", Documented},
			{"kumomta", "Replies collected by KumoMTA", "github.com/KumoCorp/kumomta, bounces.toml", "read in 2026-11", Documented},
			{"spamresource", "Spam Resource and egressif.io on GMX and WEB.DE", "", "2026-05-06 and 2026-06", Inferred},
		},
		Requirements: []Requirement{
			{ID: receiver + ".blocklist", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect,
				Reply: "554-No SMTP service 554-IP address is block listed. 554 For explanation visit https://postmaster.gmx.net/en/case?c=r0201&i=ip&v={ip}",
				Rules: spamhausRules, Source: "errors"},
			{ID: receiver + ".ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect, Reply: gmxPTR, Rules: ptrRules, Source: "errors"},
			{ID: receiver + ".ptr-generic", What: "the reverse name is not generic", Broken: generic, Outcome: Reject, Stage: Connect, Reply: gmxPTR,
				Rules: []string{"ptr.generic"}, Source: "requirements", Note: "the page says: usually"},
			{ID: receiver + ".ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Reject, Stage: Connect,
				Reply: gmxPTR, Rules: unmatchedRules, Source: "spamresource"},
			{ID: receiver + ".helo", What: "the name in EHLO is fully qualified", Broken: heloShort, Outcome: Unsaid, Stage: HELO, Rules: shortHELORules, Source: "requirements"},
			{ID: receiver + ".sender-mx", What: "the domain in MAIL FROM has an MX record or an address", Broken: unreachable, Outcome: Reject, Stage: Mail,
				Reply: gmxPolicy, Rules: noReturnRules, Source: "requirements", Note: generalText},
			{ID: receiver + ".dkim", What: "DKIM passes for a domain that is aligned with From", Broken: dkimUnaligned, Outcome: Reject, Stage: Data, Reply: gmxPolicy,
				Rules: append([]string{"dmarc.unaligned", "dmarc.spf-only"}, dkimRules...), Source: "requirements",
				Note: "SPF alone is not sufficient, says the page; it gives no text for it, and this is the general one"},
			{ID: receiver + ".dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"),
				Outcome: Reject, Stage: Data, Reply: "554-Transaction failed 554 Reject due to domain's DMARC policy",
				Rules: append([]string{"dmarc.adkim-strict"}, disownedRules...), Since: "2026-05", Source: "spamresource"},
		},
	}
}

const (
	gmxPTR = "554-gmx.net (mxgmx104) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad DNS PTR resource record. 554 For explanation visit " +
		"http://postmaster.gmx.com/en/error-messages?ip={ip}&c=rdns"
	gmxPolicy = "554-Transaction failed 554-Reject due to policy restrictions."
)

var (
	gmx   = unitedInternet("gmx", "GMX", "gmx.net", "mail.com", "domains at 1&1 and IONOS")
	webde = unitedInternet("webde", "WEB.DE", "web.de")
)

var tonline = Book{
	Receiver: "tonline", Title: "T-Online", Brands: []string{"t-online.de", "magenta.de"},
	Unseen: "an address that T-Online does not know yet is refused until its postmaster was asked (554 .. (NOWL)); whether it knows this one " +
		"cannot be seen from outside, nor whether the web site of the reverse name has an imprint",
	Sources: []Source{
		{"postmaster", "postmaster.t-online.de, section 4.1, as quoted in repositories and threads", "http://postmaster.t-online.de", "read in 2026-11", Documented},
		{"others", "mapp.com and powerdmarc.com on the change of 2 July 2025; bounces of ZoneMTA", "", "2025-07", Inferred},
	},
	Requirements: []Requirement{
		{ID: "tonline.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect, Reply: tonlineUnknown, Rules: ptrRules,
			Source: "postmaster", Note: "a PTR record is required of who asks to be let in"},
		{ID: "tonline.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Reject, Stage: Connect,
			Reply: tonlineUnknown, Rules: unmatchedRules, Source: "postmaster", Note: "it is required of who asks to be let in"},
		{ID: "tonline.dynamic", What: "the sending address is not a dynamic one", Broken: generic, Outcome: Unsaid, Stage: Connect, Rules: []string{"ptr.generic"},
			Source: "others", Note: "554 IP={ip} .. (DIAG) refuses dial-up addresses; whether T-Online takes this one for such cannot be seen"},
		{ID: "tonline.dkim", What: "DKIM passes for the very domain of From", Broken: dkimOther, Outcome: Reject, Stage: Data,
			Reply: "559 5.1.9 (DKIM reject DKIMr) Missing, invalid or non-matching DKIM signature (250)",
			Rules: append([]string{"dkim.strict-receivers", "dmarc.unaligned", "dmarc.spf-only", "spf.unaligned-note"}, dkimRules...), Since: "2025-07-02", Source: "others"},
		{ID: "tonline.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"), Outcome: Unsaid,
			Stage: Data, Rules: disownedRules, Source: "postmaster"},
	},
}

const tonlineUnknown = "554 IP={ip} - None/bad reputation. Ask your postmaster for help or to contact postmaster@rx.t-online.de for reset. (NOWL)"

var orange = Book{
	Receiver: "orange", Title: "Orange", Brands: []string{"orange.fr", "Wanadoo"},
	Unseen: "reputation, limits of concurrency, and above 1,000 messages a day membership in Signal Spam and the share of complaints cannot be seen from outside",
	Sources: []Source{
		{"postmaster", "postmaster.orange.fr", "https://postmaster.orange.fr", "2026-05-15", Documented},
		{"replies", "Replies collected by sisimai (France PTT) and KumoMTA", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
		{"egressif", "Sender requirements of Orange", "https://egressif.io/resources/sender-requirements/orange", "2026-06", Inferred},
	},
	Requirements: []Requirement{
		{ID: "orange.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Unsaid, Stage: Connect, Rules: ptrRules, Source: "egressif"},
		{ID: "orange.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Unsaid, Stage: Connect,
			Rules: unmatchedRules, Source: "egressif"},
		{ID: "orange.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Unsaid, Stage: Connect, Rules: spamhausRules, Source: "egressif"},
		{ID: "orange.helo", What: "the name in EHLO is fully qualified and has an address", Broken: func(c Case) Truth { return some(heloShort(c), heloUnknown(c)) },
			Outcome: Unsaid, Stage: HELO, Rules: append([]string{"helo.unresolvable"}, shortHELORules...), Source: "egressif"},
		{ID: "orange.sender-exists", What: "the domain in MAIL FROM exists", Broken: senderGone, Outcome: Reject, Stage: Mail, Reply: "OFR_405", Rules: goneRules,
			Source: "egressif", Note: "the number stands for an invalid sender"},
		{ID: "orange.dmarc", What: "there is a DMARC record, and mail passes", Broken: dmarcFails, Outcome: Reject, Stage: Data,
			Reply: "501 5.0.2 Mail rejected. DMARC check failed.", Rules: slices.Concat([]string{"dmarc.unaligned"}, dmarcRules, authRules), Source: "postmaster"},
		{ID: "orange.spf", What: "SPF passes", Broken: spfFails, Outcome: Defer, Stage: Data,
			Reply: "421 Emetteur invalide. Invalid sender. SPF check failed, please verify the SPF/DNS configuration", Rules: spfRules, Source: "replies",
			Note: "others say that it is refused for good"},
		{ID: "orange.dkim", What: "DKIM passes", Broken: dkimFails, Outcome: Unsaid, Stage: Data, Rules: dkimRules, Source: "egressif"},
	},
}

var laposte = Book{
	Receiver: "laposte", Title: "La Poste", Brands: []string{"laposte.net"},
	Unseen: "reputation (Sender Score, LPN007_102) and content cannot be seen from outside",
	Sources: []Source{
		{"replies", "Replies collected by sisimai (France PTT)", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
		{"others", "Articles on the change of 9 September 2025", "", "2025-09", Inferred},
	},
	Requirements: []Requirement{
		{ID: "laposte.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect,
			Reply: "550 5.7.1 Service unavailable; client [{ip}] blocked using Spamhaus. Les emails vers La Poste doivent etre envoyes .. LPNAAA_101",
			Rules: spamhausRules, Source: "replies", Basis: Inferred},
		{ID: "laposte.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Unsaid, Stage: Connect, Rules: ptrRules, Source: "others",
			Note: "554 5.7.1 Client host rejected LPN000_630 may be its reply"},
		{ID: "laposte.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"), Outcome: Reject,
			Stage: Data, Reply: "571 5.7.1 Message refused, DMARC verification Failed. LPN007_517", Rules: disownedRules, Source: "replies", Basis: Inferred},
		{ID: "laposte.aligned", What: "SPF or DKIM passes for a domain that is aligned with From", Broken: unaligned, Outcome: Spam, Stage: Data, Rules: disownedRules,
			Since: "2025-09-09", Source: "others", Note: "at best; it may be refused"},
	},
}

var mailru = Book{
	Receiver: "mailru", Title: "Mail.ru", Brands: []string{"mail.ru", "VK"},
	Unseen: "reputation, complaints and content cannot be seen from outside",
	Sources: []Source{
		{"replies", "Replies collected in set-of-emails, and help.mail.ru as they cite it", "github.com/sisimai/set-of-emails, lhost-postfix-72", "2025-12-10", Documented},
	},
	Requirements: []Requirement{
		{ID: "mailru.dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"), Outcome: Reject,
			Stage: Data, Reply: "550 5.7.1 This message was not accepted due to domain ({d}) owner DMARC policy (RFC 7489) https://help.mail.ru/mail-help/postmaster/dmarc",
			Rules: disownedRules, Source: "replies"},
		{ID: "mailru.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Unsaid, Stage: Data, Rules: authRules, Source: "replies", Basis: Inferred},
	},
}

var comcast = Book{
	Receiver: "comcast", Title: "Comcast", Brands: []string{"comcast.net"},
	Unseen: "reputation (Cloudmark CSI, Sender Score), rate limits, and whether the mailbox has moved to Yahoo already (2025 to 2026) cannot be seen from outside",
	Sources: []Source{
		{"replies", "Comcast's postmaster page as quoted, and replies collected by sisimai", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "comcast.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect, Reply: "554 .. BL000001",
			Rules: spamhausRules, Source: "replies"},
		{ID: "comcast.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect,
			Reply: "554 .. Comcast requires that all mail servers must have a PTR record with a valid Reverse DNS entry", Rules: ptrRules, Source: "replies"},
		{ID: "comcast.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Unsaid, Stage: Connect,
			Rules: unmatchedRules, Source: "replies", Note: "what a valid entry is, is not said"},
		undocumentedDMARC("comcast"),
	},
}

var cox = Book{
	Receiver: "cox", Title: "Cox", Brands: []string{"Cox"},
	Unseen: "reputation (Validity, ivmSIP, Cloudmark CSI: IPBL0010 to IPBL1000) and the content cannot be seen from outside",
	Sources: []Source{
		{"replies", "Replies collected by sisimai", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "cox.spamhaus", What: "the sending address is not on a list of Spamhaus", Broken: zen, Outcome: Reject, Stage: Connect, Reply: "IPBL0001",
			Rules: spamhausRules, Source: "replies"},
		{ID: "cox.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect, Reply: "rejected - no rDNS", Rules: ptrRules, Source: "replies"},
		undocumentedDMARC("cox"),
	},
}

var spectrum = Book{
	Receiver: "spectrum", Title: "Spectrum (Charter)", Brands: []string{"Charter"},
	Unseen: "reputation (Cloudmark) and limits of rate and connections cannot be seen from outside",
	Sources: []Source{
		{"replies", "Replies collected by sisimai", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
	},
	Requirements: []Requirement{
		{ID: "spectrum.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Reject, Stage: Connect, Reply: "AUP#1100-1150", Rules: ptrRules,
			Source: "replies", Note: "one number out of these, for a reverse name that is missing or bad"},
		{ID: "spectrum.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Unsaid, Stage: Connect,
			Rules: unmatchedRules, Source: "replies", Note: "what a bad reverse name is, is not said"},
		undocumentedDMARC("spectrum"),
	},
}

// undocumentedDMARC is of receivers that say nothing about DMARC: whether they do what the owner asks is not known.
func undocumentedDMARC(receiver string) Requirement {
	return Requirement{ID: receiver + ".dmarc", What: "mail passes DMARC where the owner of the domain asks to reject what fails", Broken: disowned(rfc, "reject"),
		Outcome: Unsaid, Stage: Data, Rules: disownedRules, Source: "replies", Basis: Inferred, Note: "its sources say nothing about DMARC"}
}

// asOwnerAsks is of receivers that say that they do what the owner asks.
func asOwnerAsks(receiver, source string) Requirement {
	return Requirement{ID: receiver + ".spam-quarantine", What: "mail passes DMARC where the owner of the domain asks to quarantine what fails",
		Broken: disowned(rfc, "quarantine"), Outcome: Spam, Stage: Data, Rules: disownedRules, Source: source, Basis: Inferred, Note: "as the owner asks (RFC 9989 7.4)"}
}
