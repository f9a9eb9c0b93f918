package replies

import "sync"

// pattern is a text that tells a cause.
type pattern struct {
	who     string // the receiver whose words they are; "" for any
	code    string // its enhanced code, beside or instead of words; * at its end stands for further digits
	words   string // a pattern over the lower-cased text, addresses replaced by @
	class   Class
	sisimai string // where sisimai has another reason for just this text
}

const microsoft = "microsoft" // both of its receivers

// ours are the words of single receivers, from their pages (reference: docs/receivers.md) and from real replies.
var ours = []pattern{
	// Gmail (SMTP errors and codes).
	{"gmail", "", `gcdp\b|violates .{0,60} e?mail policy`, Policy, ""},
	{"gmail", "", `does not have authentication information|unauthenticated e?mail .{0,60}temporary dns`, Unauthenticated, ""},
	{"gmail", "", `nature of the content`, Spam, ""},
	{"gmail", "", `header name limit|domain policy size per transaction`, TooBigFor, ""},
	{"gmail", "", `must issue a starttls`, StartTLS, "syntaxerror"},
	{"gmail", "", `tls required for rcpt`, StartTLS, ""},
	{"gmail", "", `timeout - closing connection|connection expired`, Expired, ""},
	{"gmail", "", `server busy`, System, ""},
	{"gmail", "", `recipient address .{0,60}not a valid`, NoUser, ""},
	{"gmail", "", `sender address .{0,60}not a valid`, SenderRefused, ""},
	{"gmail", "", `no identity changes`, Login, ""},
	{"gmail", "", `disallowed header|message is malformed|malformed header`, Format, ""},
	{"gmail", "", `unusual rate of|unusual amount`, Rate, "blocked"},
	{"gmail", "", `\bhops\b`, Network, ""},
	{"gmail", "", `encoded-word|rfc 2047`, Format, ""},
	{"gmail", "", `relay limit exceeded|relay rate`, Quota, ""},
	{"gmail", "", `spf authentication didn't pass`, SPF, ""},
	{"gmail", "", `dkim authentication didn't pass`, DKIM, ""},
	{"gmail", "", `not using a tls connection`, TLSPolicy, ""},
	{"gmail", "", `requires all senders to authenticate with either spf or dkim|sender is unauthenticated|fails to pass authentication checks`, Unauthenticated, ""},
	{"gmail", "", `domain's dmarc policy|doesn't have a dmarc record|isn't aligned with either`, DMARC, ""},
	{"gmail", "", `spf record with a hard fail|pass spf authentication|authenticate (?:their email )?with spf|spf record of the sending domain`, SPF, ""},
	{"gmail", "", `pass dkim authentication|authenticate (?:their email )?with dkim`, DKIM, ""},
	{"gmail", "", `ptr record|ipv6 sending guidelines`, PTR, ""},
	{"gmail", "", `helo/ehlo argument`, HELO, ""},
	{"gmail", "", `sent over a tls connection|use tls/ssl`, TLSPolicy, ""},
	{"gmail", "", `temporary system problem|mail server temporarily rejected|multiple destination domains`, System, ""},
	{"gmail", "", `rcpt domain requires|ip not in whitelist for rcpt`, Blocked, ""},
	{"gmail", "", `not authorized to send email directly`, Dynamic, "norelaying"},
	{"gmail", "", `very low reputation|low reputation of the sending`, Reputation, ""},
	{"gmail", "", `unusual rate of unsolicited|likely unsolicited mail|suspicious due to the nature of the content|gmail has detected that this message is likely (?:unsolicited|suspicious)`, Spam, ""},
	{"gmail", "", `receiving e?mail (?:at a rate|too quickly)|exceeded the quota for sending|rate that prevents additional|sending quota|sending limit|rate limit(?:ed)?|try again later.*rate|sent too many|mail too quickly|dns query rate|sending rate`, Rate, ""},
	{"gmail", "", `content presents a potential`, Policy, ""},
	{"gmail", "", `has a policy that prohibit|policy that prohibited`, Policy, ""},
	{"gmail", "", `not rfc 5322 compliant|rfc 5322|missing a valid message-id|multiple addresses in from|duplicate headers|messages? (?:with|missing)`, Format, ""},
	{"gmail", "", `header size|number of (?:headers|attachments)|bytes per individual|total (?:header|number)`, TooBigFor, ""},
	{"gmail", "", `message size limit|size limit`, TooBig, ""},
	{"gmail", "", `relay (?:access )?denied|invalid credentials for relay|mail relay|relaying|not authorized to relay`, Relaying, ""},
	{"gmail", "", `daily .{0,40}limit exceeded|daily sending`, Rate, ""},
	{"gmail", "", `too many login|application-specific password|username and password|authentication required|cannot decode|log ?in (?:via|with)|weblogin|authentication (?:type|mechanism)|auth(?:entication)? (?:unrecogni[sz]ed|failed)|bad credentials|less secure|invalid secret|cannot authenticate due to (?:a )?temporary`, Login, ""},
	{"gmail", "", `group .{0,60}(?:rejected due to spam|spam classification)|rejected due to spam classification`, Spam, ""},
	{"gmail", "", `groups\.google\.com`, SenderRefused, ""},
	{"gmail", "", `account that you tried to reach is (?:disabled|inactive)|p=disableduser`, Disabled, ""},
	{"gmail", "", `does not exist|nosuchuser|find the recipient domain|couldn't find the recipient`, NoUser, ""},
	{"gmail", "", `over quota|out of storage|overquota`, Full, ""},
	{"gmail", "", `e?mail sending denied|sender (?:denied|not allowed)`, SenderRefused, ""},
	{"gmail", "", `(?:ehlo|mail|rcpt|helo|auth|ehlo/helo) first|to pipeline|syntax error|unimplemented|unrecognized|protocol violation|too many (?:unauthenticated|protocol)|argument (?:is )?missing|bad (?:command|sequence)|pipelining`, Syntax, ""},
	{"gmail", "", `mail loop|routing loop|loop detected|too many hops`, Network, ""},

	// Microsoft: NDR reference of Exchange Online, Outlook.com postmaster pages.
	{microsoft, "", `smtpsend\.dns\.`, Network, ""},
	{microsoft, "", `resolver\.adr\.(?:badprimary|invalidinsmtp|ambiguous)`, System, ""},
	{microsoft, "", `resolver\.adr\.reciplimit`, Connections, ""},
	{microsoft, "", `resolver\.rst\.authrequired`, Refuses, "securityerror"}, // the group takes mail of its own people only
	{microsoft, "", `resolver\.rst\.notauthorized`, Refuses, "rejected"},
	{microsoft, "", `resolver\.rst\.sendernot`, SenderRefused, ""},
	{microsoft, "5.7.50*", `banned sender`, SenderRefused, ""},
	{microsoft, "5.5.4", `invalid arguments`, Syntax, ""},
	{microsoft, "", `multiple .?from.? addresses`, Format, ""},
	{microsoft, "", `proxy session setup`, System, ""},
	{microsoft, "", `queue\.expired`, Expired, ""},
	{microsoft, "", `must pass either spf or dkim`, Unauthenticated, ""},
	{microsoft, "", `sender policy framework`, SPF, ""},
	{microsoft, "", `dnssec-invalid`, TLSPolicy, "authfailure"},
	{microsoft, "", `x-dg-ref|policy violation detected|tenant allow block list`, Policy, ""},
	{microsoft, "", `delivery not authorized, message refused`, Policy, ""},
	{microsoft, "", `delivery not authorized`, SenderRefused, ""},
	{microsoft, "", `thread limit exceeded|exceeded permitted limits`, Rate, ""},
	{microsoft, "", `address ambiguous`, NoUser, "systemerror"},
	{microsoft, "", `banned recipient`, NoUser, ""},
	{microsoft, "", `connection refused`, Network, ""},
	{microsoft, "", `journaling`, System, ""},
	{microsoft, "", `message depth exceeded`, Content, ""},
	{microsoft, "", `client was not authenticated`, Login, ""},
	{microsoft, "", `no mail-enabled subscriptions`, NoMail, ""},
	{microsoft, "", `sender (?:was )?not authenticated`, SenderRefused, ""},
	{microsoft, "", `cannot achieve exchange server authentication`, Login, ""},
	{microsoft, "", `traffic not accepted from this ip`, Compromised, "speeding"},
	{microsoft, "", `service not active`, System, ""},
	{microsoft, "5.2.122", `exceeded their limit`, Rate, "toomanyconn"},
	{microsoft, "", `required authentication level`, Unauthenticated, ""},
	{microsoft, "", `dmarc (?:verification|policy)`, DMARC, ""},
	{microsoft, "", `sender id|senderid|spf (?:validation|violation|check)`, SPF, ""},
	{microsoft, "", `starttls-not-supported|starttls is required|tls (?:is )?required|dnssec-invalid`, TLSPolicy, ""},
	{microsoft, "", `tlsa-invalid|certificate-expired|certificate-host-mismatch|mta-sts`, TLSPolicy, "authfailure"},
	{microsoft, "", `must have a reverse dns record`, PTR, "blocked"},
	{microsoft, "", `bad helo`, HELO, ""},
	{microsoft, "", `helo / ehlo requires`, HELO, "systemerror"},
	{microsoft, "", `bad outbound sender|traffic not accepted from this ip|unregistered domain`, Compromised, ""},
	{microsoft, "", `tenant has exceeded|daily limit|hourly limit|exceeded (?:the )?(?:sending|recipient) (?:rate )?limit|per hour message receive limit|sending limit|submission quota|receiv(?:e|ing) (?:rate )?limit`, Rate, ""},
	{microsoft, "", `client host .{0,60}blocked using|\bspamhaus\b`, Listed, ""},
	{microsoft, "", `banned sending ip|banned sender|customer block list|block list|rejected by recipient|not accepted from ipv6|part of their network|restrictdomains|ip address .{0,40}blocked|message rejected by (?:an )?ip|missing authorization`, Blocked, ""},
	{microsoft, "", `spam abuse detected|sender denied|allowed-senders|not authenticated by|rfc 5322|rfc5322|bad sender|sender (?:address )?rejected|message rejected .{0,40}sender|not in allowed`, SenderRefused, ""},
	{microsoft, "", `temporarily rate limited|ip reputation|\(s775\)|rp-00\d`, Reputation, ""},
	{microsoft, "", `message content rejected|similar to (?:spam|messages)|considered spam|(?:sc|ou)-00\d`, Blocked, ""},
	{microsoft, "", `dy-00\d`, Dynamic, ""},
	{microsoft, "", `relay access denied|unable to relay|tenantattribution|relaying denied`, Relaying, ""},
	{microsoft, "5.4.310", `does not exist`, Relaying, ""},
	{microsoft, "", `routing loop|mail loop|hop count|looping|loop detected|invalid arguments|dns (?:domain|query)|domain .{0,60}does not exist`, Network, ""},
	{microsoft, "", `(?:message|mail|queue) (?:expired|delayed)|connection timed out|connection (?:was )?dropped`, Expired, ""},
	{microsoft, "", `all recipient addresses rejected`, SenderRefused, ""},
	{microsoft, "", `resolver\.adr\.|recipnotfound|recipient not found|recipient address rejected|address reserved|x\.400|bad destination|user unknown|mailbox unavailable|recipientnotfound|no such user|recipient .{0,60}not found|does(?:n't| not) exist|legacyexchangedn|invalid recipient`, NoUser, ""},
	{microsoft, "", `recipsizelimit|too large for this recipient|sendersizelimit`, TooBigFor, ""},
	{microsoft, "", `message (?:too big|too large|size exceeds)|size limit|fixed maximum`, TooBig, ""},
	{microsoft, "", `mailbox (?:is )?full|quota exceeded|mailbox.{0,40}quota`, Full, ""},
	{microsoft, "", `mailbox (?:is )?disabled|account (?:is )?(?:disabled|inactive)|mailboxdisabled|mailbox (?:is )?(?:inactive|unavailable)`, Disabled, ""},
	{microsoft, "", `resolver\.rst\.authrequired|authentication required|basic authentication|not authenticated|client not authenticated|authentication unsuccessful|user unknown .{0,20}auth|smtpclientauthentication`, Login, ""},
	{microsoft, "", `invalid characters|invalid message content|content conversion|invalid content|conversion|mime (?:content|error)`, Content, ""},
	{microsoft, "", `missing or bad storedriver|not accepting messages|server is not accepting|not accepting|system not accepting`, NoMail, ""},
	{microsoft, "", `delivery not authorized|message refused|prohibited by|policy`, Policy, ""},
	{microsoft, "", `too many (?:recipients|connections|concurrent|sessions|messages)|recipient limit|concurrent`, Connections, ""},
	{microsoft, "", `insufficient system (?:resources|storage)|disk full|insufficient disk`, SystemFull, ""},
	{microsoft, "", `(?:unrecognized|unimplemented|invalid|bad) (?:command|sequence|parameter)|syntax error|protocol error`, Syntax, ""},
	{microsoft, "", `suspiciousremoteservererror|failed to be replicated|agent busy|service (?:is )?not available|service unavailable|mailing list expansion|expansion problem|misconfigur|temporary (?:server|storage)|storedrv\.|server busy|internal error|local error|intermittent|directory|database|try again`, System, ""},

	// Yahoo, AOL.
	{"yahoo", "", `permanently deferred`, Blocked, "rejected"},
	{"yahoo", "", `sender is unauthenticated`, Unauthenticated, ""},
	{"yahoo", "", `\(au01\)`, DKIM, ""},
	{"yahoo", "", `\[bl2\d\]`, Listed, ""},
	{"yahoo", "", `rtr:rd`, PTR, ""},
	{"yahoo", "", `rtr:(?:du|ddu)`, Dynamic, ""},
	{"yahoo", "", `rtr:`, Blocked, ""},
	{"yahoo", "", `hvu:|\[ph01\]|dm email not accepted|not accepted for policy reasons`, Policy, ""},
	{"yahoo", "", `\[ts\w?\d\d\]|\[tss\d\d\]|unexpected volume|user complaints`, Reputation, ""},
	{"yahoo", "", `unresolvable rfc`, SenderDomain, ""},
	{"yahoo", "", `max message per connection|too many (?:connections|messages|recipients)`, Connections, ""},
	{"yahoo", "", `not rfc compliant`, Format, ""},
	{"yahoo", "", `account (?:is )?(?:disabled|inactive|not active|deactivated|locked)|is no longer valid`, Disabled, ""},
	{"yahoo", "", `doesn't have an? \S+ account|mailbox not found|user not found|no such (?:user|mailbox)`, NoUser, ""},
	{"yahoo", "", `invalid ip for sending mail`, Blocked, ""},
	{"yahoo", "", `resources (?:temporarily )?unavailable|resources restricted`, Connections, ""},
	{"yahoo", "", `syntax error`, Syntax, ""},

	// iCloud.
	{"icloud", "", `dmarc policy`, DMARC, ""},
	{"icloud", "", `\[hme1\]|failing both spf and dkim`, Unauthenticated, ""},
	{"icloud", "", `in the spamhaus|listing in spamhaus|spamhaus|blocked - see`, Listed, ""},
	{"icloud", "", `\[cs0\d\]|\[hm08\]|local policy`, Policy, ""},
	{"icloud", "", `over quota`, Full, ""},
	{"icloud", "", `domain not found`, SenderDomain, ""},
	{"icloud", "", `sender (?:address )?rejected`, SenderRefused, ""},
	{"icloud", "", `inactive email|unknown or illegal alias|does not exist`, NoUser, ""},
	{"icloud", "", `not accepting connections|too many errors`, Blocked, ""},

	// United Internet.
	{"gmx", "", `bad dns ptr|invalid dns ptr`, PTR, ""},
	{"webde", "", `bad dns ptr|invalid dns ptr`, PTR, ""},
	{"gmx", "", `ip address is (?:block|black) ?-?listed`, Listed, ""},
	{"webde", "", `ip address is (?:block|black) ?-?listed`, Listed, ""},
	{"gmx", "", `policy restrictions`, Policy, ""},
	{"webde", "", `policy restrictions`, Policy, ""},

	// T-Online.
	{"tonline", "", `dkim reject|dkim signature`, DKIM, ""},
	{"tonline", "", `\(nowl\)|bad reputation`, Reputation, ""},
	{"tonline", "", `\(bl\)|a problem occurred`, Blocked, ""},
	{"tonline", "", `\(diag\)|dialup/transient`, Dynamic, ""},

	// Orange and La Poste.
	{"orange", "", `spf check failed`, SPF, ""},
	{"orange", "", `dmarc check failed`, DMARC, ""},
	{"orange", "", `ofr_?(?:006_)?10[12]|ofr_?(?:006_)?103|ofr_?999|ofr_?109|ofr_?105`, Blocked, ""},
	{"orange", "", `ofr_?(?:\d{3}_)?104|trop de connexions|too many connections`, Connections, ""},
	{"orange", "", `ofr_?(?:\d{3}_)?106`, Rate, ""},
	{"orange", "", `blacklisted`, Listed, ""},
	{"orange", "", `ofr_?(?:\d{3}_)?(?:405|402)|invalid sender`, SenderRefused, ""},
	{"orange", "", `ofr_?(?:\d{3}_)?416|invalid recipient|recipient invalid`, NoUser, ""},
	{"orange", "", `ofr_?(?:\d{3}_)?417|mailbox full|quota`, Full, ""},
	{"orange", "", `ofr_?(?:\d{3}_)?506`, Spam, ""},
	{"orange", "", `ofr_?\d{3}`, Blocked, ""},
	{"laposte", "", `dmarc`, DMARC, ""},
	{"laposte", "", `spf`, SPF, ""},
	{"laposte", "", `spamhaus|lpnaaa_101`, Listed, ""},
	{"laposte", "", `lpn007_102`, Reputation, ""},
	{"laposte", "", `lpn000_630`, Policy, ""},
	{"laposte", "", `client host rejected|lpn\d{3}_(?:510|630)|service refuse`, Blocked, ""},

	// Mail.ru, Yandex, QQ, NetEase.
	{"mailru", "", `dmarc policy`, DMARC, ""},
	{"mailru", "", `spam message rejected`, Spam, ""},
	{"tencent", "", `rejected by recipients?`, Refuses, "rejected"},
	{"tencent", "", `spf check`, SPF, ""},
	{"tencent", "", `dmarc check`, DMARC, ""},
	{"tencent", "", `suspected spam$|suspected spam [^i]`, Spam, "rejected"},
	{"tencent", "", `suspected spam ip|spam (?:ip|sender)`, Blocked, ""},
	{"tencent", "", `frequency limited`, Connections, ""},
	{"tencent", "", `connection denied|domain frequency`, Blocked, ""},
	{"tencent", "", `mail content denied|content denied|spam`, Spam, ""},
	{"tencent", "", `suspected bounce|bounce attack`, Blocked, ""},
	{"tencent", "", `message too large`, TooBig, ""},
	{"tencent", "", `bad address syntax`, Syntax, ""},
	{"netease", "", `dt:spm`, Spam, ""},
	{"netease", "", `dt:rbl|hl:rep`, Blocked, ""},
	{"netease", "", `hl:i(?:cc|fc)|hl:mep`, Connections, ""},
	{"netease", "", `mi:spf`, SPF, ""},
	{"netease", "", `mi:dma`, DMARC, ""},

	// ISPs of the United States.
	{"comcast", "", `ptr record`, PTR, ""},
	{"comcast", "", `\bbl0\d{5}`, Listed, ""},
	{"comcast", "", `\bes0\d{5}`, Dynamic, ""},
	{"comcast", "", `\brl0\d{5}`, Rate, ""},
	{"cox", "", `ipbl[01]{4}|cdrbl|cxbl|invaluement|ivmsip`, Listed, ""},
	{"cox", "", `data before greeting`, Policy, ""},
	{"cox", "", `temporarily not available`, System, ""},
	{"cox", "", `dns check failure|no rdns|cxdns`, PTR, ""},
	{"cox", "", `urlbl[01]{3}`, Spam, ""},
	{"cox", "", `cxsndr`, SenderRefused, ""},
	{"cox", "", `too many (?:sessions|connections|concurrent)|cxmxrt|concurrent`, Connections, ""},
	{"cox", "", `too many (?:(?:bad|invalid|unknown) )?(?:commands|recipients)|bad commands`, Blocked, ""},
	{"cox", "", `threshold (?:limit|exceeded)|message (?:rate|threshold)`, Rate, ""},
	{"spectrum", "", `aup#11[0-5]0`, PTR, ""},
	{"spectrum", "", `aup#1(?:000|1[6-9]0|2\d0)`, Blocked, ""},
	{"spectrum", "", `aup#13[0-4]0`, Connections, ""},
	{"spectrum", "", `aup#1(?:3[5-9]0|4\d0)`, Rate, ""},
	{"spectrum", "", `aup#1530`, TooBig, ""},

	// Filters.
	{"mimecast", "", `spf sender invalid`, SPF, ""},
	{"mimecast", "", `dkim sender invalid`, DKIM, ""},
	{"mimecast", "", `dmarc sender invalid`, DMARC, ""},
	{"mimecast", "", `ip reputation|local ct ip`, Reputation, ""},
	{"mimecast", "", `internal resources are temporarily unavailable`, Greylisted, ""},
	{"mimecast", "", `host network not allowed`, Blocked, ""},
	{"mimecast", "", `anti-spoofing|security policies|administrative`, Policy, ""},
	{"mimecast", "", `requires encryption|requires tls|high-strength`, TLSPolicy, ""},
	{"proofpoint", "", `dnsbl-lookup|ipcheck\.proofpoint`, Listed, ""},
	{"ironport", "", `poor reputation`, Reputation, ""},
	{"godaddy", "", `\bib108\b|ptr`, PTR, ""},
	{"godaddy", "", `\bib508\b|spf record`, SPF, ""},
	{"godaddy", "", `\bib10[3-6]\b|\bib11\d\b|\bib111\b`, Blocked, ""},
	{"godaddy", "", `\bib50[1-4]\b`, Policy, ""},
	{"godaddy", "", `spamhaus`, Listed, ""},
	{"godaddy", "", `\bib212\b|spam`, Spam, ""},
	{"godaddy", "", `\bib10[12]\b|\bib00\d\b|too many`, Connections, ""},
	{"godaddy", "", `looping`, System, ""},
	{"facebook", "", `rcp-p1`, NoUser, ""},
	{"facebook", "", `rcp-p2`, Refuses, ""},
	{"facebook", "", `rcp-p3`, System, ""},
	{"au", "", `account is disabled`, Disabled, ""},
	{"amazonses", "", `is not verified|not verified`, Relaying, ""},
	{"docomo", "", `unknown user.{0,200}in reply to end of data`, Refuses, "rejected"},
	{"docomo", "", `access (?:is )?denied|refused`, Blocked, ""},
}

// codesOf are codes that a receiver gives a meaning of its own, and one meaning only.
var codesOf = []pattern{
	{"gmail", "5.7.25", "", PTR, ""}, {"gmail", "4.7.23", "", PTR, ""},
	{"gmail", "5.7.24", "", SPF, ""}, {"gmail", "4.7.24", "", SPF, ""}, {"gmail", "5.7.27", "", SPF, ""}, {"gmail", "4.7.27", "", SPF, ""},
	{"gmail", "5.7.26", "", Unauthenticated, ""}, {"gmail", "4.7.26", "", Unauthenticated, ""},
	{"gmail", "4.7.30", "", DKIM, ""}, {"gmail", "5.7.29", "", TLSPolicy, ""}, {"gmail", "4.7.29", "", TLSPolicy, ""},
	{"gmail", "5.7.28", "", Rate, ""}, {"gmail", "4.7.28", "", Rate, ""}, {"gmail", "4.7.32", "", DMARC, ""}, {"gmail", "5.7.32", "", DMARC, ""}, {"gmail", "4.7.40", "", DMARC, ""},
	{microsoft, "5.7.515", "", Unauthenticated, ""}, {microsoft, "5.7.509", "", DMARC, ""}, {microsoft, "5.7.23", "", SPF, ""},
	{microsoft, "5.7.506", "", HELO, ""}, {microsoft, "5.7.512", "", Format, ""}, {microsoft, "5.7.60*", "", Blocked, ""}, {microsoft, "5.7.61*", "", Blocked, ""},
	{microsoft, "5.7.62*", "", Blocked, ""}, {microsoft, "5.7.63*", "", Blocked, ""}, {microsoft, "5.7.513", "", Blocked, ""}, {microsoft, "5.7.510", "", Blocked, ""}, {microsoft, "5.7.511", "", Blocked, ""}, {microsoft, "5.7.507", "", Blocked, ""}, {microsoft, "5.7.508", "", Blocked, ""},
	{microsoft, "5.7.50*", "", Blocked, ""}, {microsoft, "5.7.64", "", Relaying, ""}, {microsoft, "5.7.705", "", Rate, ""}, {microsoft, "5.7.708", "", Compromised, ""},
	{microsoft, "5.7.750", "", Compromised, ""}, {microsoft, "5.7.32*", "", TLSPolicy, ""}, {microsoft, "4.7.32*", "", TLSPolicy, ""}, {microsoft, "5.1.8", "", Compromised, ""},
	{microsoft, "5.7.30", "", Login, ""}, {microsoft, "5.1.10", "", NoUser, ""}, {microsoft, "5.4.1", "", NoUser, ""}, {microsoft, "5.4.14", "", Network, ""}, {microsoft, "5.1.90", "", Rate, ""},
	{microsoft, "5.2.12*", "", Rate, ""}, {microsoft, "5.7.57", "", Login, ""}, {microsoft, "4.7.50*", "", Blocked, ""}, {microsoft, "4.7.65*", "", Reputation, ""},
	{"tonline", "5.1.9", "", DKIM, ""},
}

// reported are words of the system that writes the bounce, where they say more than the reply that it quotes.
var reported = []pattern{
	{words: `was aborted after [\d.]+ hour`, class: Expired},
	{words: `because the address couldn't be found|address couldn't be found, or is unable`, class: NoUser},
}

// registered are the codes of IANA's registry (RFC 3463, 5248, 7372, 7505, 8617, 8689), for texts that nobody knows. X.7.27
// and X.7.30 are left out: Gmail and Microsoft give them other meanings, and of a text without a receiver nobody knows whose it is.
var registered = []pattern{
	{code: ".1.0", class: Unknown}, {code: ".1.1", class: NoUser}, {code: ".1.2", class: NoHost}, {code: ".1.3", class: NoUser}, {code: ".1.4", class: NoUser}, {code: ".1.6", class: Moved},
	{code: ".1.7", class: SenderRefused}, {code: ".1.8", class: SenderDomain}, {code: ".1.10", class: NoMail},
	{code: ".2.1", class: Disabled}, {code: ".2.2", class: Full}, {code: ".2.3", class: TooBigFor}, {code: ".2.4", class: System},
	{code: ".3.0", class: System}, {code: ".3.1", class: SystemFull}, {code: ".3.2", class: NoMail}, {code: ".3.3", class: System}, {code: ".3.4", class: TooBig}, {code: ".3.5", class: System},
	{code: ".4.0", class: Network}, {code: ".4.1", class: Expired}, {code: ".4.2", class: Expired}, {code: ".4.3", class: System}, {code: ".4.4", class: Network}, {code: ".4.5", class: System},
	{code: ".4.6", class: Network}, {code: ".4.7", class: Expired},
	{code: ".5.1", class: Syntax}, {code: ".5.2", class: Syntax}, {code: ".5.3", class: Connections}, {code: ".5.4", class: Syntax}, {code: ".5.5", class: Syntax}, {code: ".5.6", class: Syntax},
	{code: ".6.0", class: Content}, {code: ".6.1", class: Content}, {code: ".6.2", class: Content}, {code: ".6.3", class: Content}, {code: ".6.5", class: Content}, {code: ".6.6", class: Content},
	{code: ".6.7", class: Content}, {code: ".6.8", class: Content}, {code: ".6.9", class: Content},
	{code: ".7.0", class: Refused}, {code: ".7.1", class: Refused}, {code: ".7.3", class: Content}, {code: ".7.4", class: Login}, {code: ".7.8", class: Login}, {code: ".7.9", class: Login}, {code: ".7.10", class: StartTLS}, {code: ".7.11", class: Login}, {code: ".7.12", class: Login},
	{code: ".7.13", class: Compromised}, {code: ".7.14", class: Login}, {code: ".7.17", class: Moved}, {code: ".7.18", class: Moved}, {code: ".7.20", class: DKIM}, {code: ".7.21", class: DKIM}, {code: ".7.22", class: DKIM},
	{code: ".7.23", class: SPF}, {code: ".7.24", class: SPF}, {code: ".7.25", class: PTR}, {code: ".7.26", class: Unauthenticated}, {code: ".7.28", class: Rate},
}

// stages are what a refusal without known words is about, where the command leaves one thing only: who connects, or the sender.
var stages = map[string]Class{"connect": Blocked, "EHLO": Blocked, "MAIL": SenderRefused}

// basics are codes whose meaning RFC 5321 4.2.2, 4954, 7504 and 5248 leave little doubt of; 550 and 554 can mean anything.
var basics = map[int]Class{
	422: Full, 432: Login, 452: SystemFull, 454: Login, 500: Syntax, 501: Syntax, 502: Syntax, 503: Syntax, 504: Syntax, 521: NoMail, 523: TooBig, 530: Login, 534: Login, 535: Login, 538: Login,
	551: NoUser, 552: Full, 555: Syntax, 556: NoMail, 421: Temporary, 450: Temporary, 451: System,
}

type compiled struct {
	pattern
	text *matcher
}

func compile(l []pattern) []compiled {
	out := make([]compiled, len(l))
	for i, p := range l {
		out[i].pattern = p
		if p.words != "" {
			out[i].text = newMatcher(p.words)
		}
	}
	return out
}

// They are compiled when the first reply is explained: no other command needs them.
var (
	ownWords    = sync.OnceValue(func() []compiled { return compile(ours) })
	reportWords = sync.OnceValue(func() []compiled { return compile(reported) })
)
