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
	{"gmail", "", `must issue a starttls`, Login, "syntaxerror"},
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
	{"gmail", "", `must issue a starttls command first`, Login, ""},
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
	{microsoft, "", `sender was not authenticated`, SenderRefused, ""},
	{microsoft, "", `cannot achieve exchange server authentication`, Login, ""},
	{microsoft, "", `traffic not accepted from this ip`, Compromised, "speeding"},
	{microsoft, "", `service not active`, System, ""},
	{microsoft, "5.2.122", `exceeded their limit`, Rate, "toomanyconn"},
	{microsoft, "", `required authentication level`, Unauthenticated, ""},
	{microsoft, "", `dmarc verification`, DMARC, ""},
	{microsoft, "", `sender id|senderid|spf (?:validation|violation|check)`, SPF, ""},
	{microsoft, "", `starttls-not-supported|starttls is required|tls (?:is )?required|dnssec-invalid`, TLSPolicy, ""},
	{microsoft, "", `tlsa-invalid|certificate-expired|certificate-host-mismatch|mta-sts`, TLSPolicy, "authfailure"},
	{microsoft, "", `must have a reverse dns record`, PTR, "blocked"},
	{microsoft, "", `bad helo`, HELO, ""},
	{microsoft, "", `helo / ehlo requires`, HELO, "systemerror"},
	{microsoft, "", `bad outbound sender|traffic not accepted from this ip|unregistered domain`, Compromised, ""},
	{microsoft, "", `tenant has exceeded|daily limit|hourly limit|exceeded (?:the )?(?:sending|recipient) (?:rate )?limit|per hour message receive limit|sending limit|submission quota|receiv(?:e|ing) (?:rate )?limit`, Rate, ""},
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
	{microsoft, "", `resolver\.rst\.authrequired|authentication required|basic authentication|not authenticated|client not authenticated|authentication unsuccessful|user unknown .{0,20}auth|smtpclientauthentication|must issue a starttls`, Login, ""},
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
	{"cox", "", `too many (?:(?:bad|invalid) )?(?:commands|recipients)|bad commands`, Blocked, ""},
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

// anyones are words that many say, the most certain first.
var anyones = []pattern{
	// A list that refuses the receiver's resolver, or is dead, is no listing.
	{words: `127\.255\.255\.25\d|query refused|127\.0\.0\.1 -> |(?:dnsbl|rbl|blocked using|listed (?:at|by|in)).{0,60}(?:sorbs\.net|manitu\.net|njabl\.org|dsbl\.org|ordb\.org|ahbl\.org)`, class: ListError},
	{words: `host (?:(?:or domain name|\S+) )?not found|host name lookup failure: |no such host`, class: NoHost},
	{words: `no mx (?:record )?found|find a mail exchanger`, class: NoMail},
	{words: `host name lookup failure`, class: Network},
	{words: `connection refused by`, class: Network, sisimai: "blocked"},
	{words: `does not support (?:tls|starttls)`, class: StartTLS},
	{words: `551 (?:\S+ )*not our (?:customer|user)|user not local`, class: Moved},
	{words: `does not have authentication information|fails? to pass authentication|authentication checks failed`, class: Unauthenticated},
	{words: `recipient address rejected: access denied`, class: NoUser},
	{words: `delivery not authorized`, class: Refused},
	{words: `name service error|malformed or unexpected name server|too many hops`, class: Network},
	{words: `refused to talk to me: [45]\d\d service not available|invalid ip\b`, class: Blocked},
	{words: `unverif\w+ sending ip`, class: PTR},
	{words: `use (?:the|your) (?:smtp|mail) server of your (?:isp|provider)|through your isp`, class: Dynamic},
	{words: `account or domain may not exist|illegal host/domain|^(?:@:? )?domain (?:name )?(?:does not exist|not found|unknown)|: domain (?:does not exist|not found)|bad destination (?:system|host)`, class: NoHost},
	{words: `(?:in the )?queue too long|operation timed out|could not deliver for the last`, class: Expired},
	{words: `lost connection with`, class: Network},
	{words: `sending to/from an address`, class: SenderRefused},
	// Authentication of the sender.
	{words: `\bdmarc\b`, class: DMARC},
	{words: `sender is unauthenticated|failing both spf and dkim|required authentication level|(?:spf|dkim) (?:and|or) (?:spf|dkim)`, class: Unauthenticated},
	{words: `\bspf\b|openspf\.|sender policy framework|sender id (?:validation|check)|not (?:allowed|permitted|authorized) to send (?:mail |e-?mail )?(?:from|for) (?:the )?domain`, class: SPF},
	{words: `\bdkim\b`, class: DKIM},
	// Reverse names.
	{words: `\bptr\b|reverse[- ]?dns|\brdns\b|reverse (?:lookup|hostname|name|mapping|address)|cannot find your (?:reverse )?host ?name|ip (?:address )?name lookup failed|mismatches client ip|forward[- ]confirmed|does not resolve to (?:your|the) (?:ip|address)|(?:client|your) (?:host|ip)(?: address)?.{0,40}(?:no|without|missing|unresolvable) (?:reverse|host ?name)|fcrdns|dns (?:entry|lookup) .{0,40}does not match`, class: PTR},
	{words: `(?:bad|invalid|rejected?|denied|incorrect|unacceptable|refused|forged|require|impersonat).{0,40}\b(?:helo|ehlo)\b|\b(?:helo|ehlo)\b.{0,60}(?:rejected|invalid|denied|required|not (?:allowed|accepted|permitted|fully|an?)|bad|must|mismatch|forged|does not|unresolv|error)|my name was rejected|invalid domain name`, class: HELO},
	// The sender's domain.
	{words: `(?:sender|from|return-?path|envelope|originator|mail ?from)[^;]{0,60}(?:domain|host)[^;]{0,60}(?:not (?:found|exist|resolve)|does not (?:exist|resolve)|doesn't (?:exist|resolve)|must (?:exist|resolve)|unresolvable|is (?:invalid|unknown|bogus)|not valid|no (?:mx|a) record)|domain of (?:the )?sender|no such domain|sender domain|unresolvable rfc|sender address (?:has )?(?:an? )?null ?mx|sender .{0,60}no a, aaaa|bad sender'?s? (?:system|domain)|domain (?:may not exist|must exist)|sender unspecified|invalid sender domain|unable to verify (?:the )?sender|sender verify failed|callout verification`, class: SenderDomain},
	// Login and relaying.
	{words: `too many (?:failed )?(?:login|authentication) (?:attempts|failures)|authentication (?:is )?(?:required|failed|failure|unsuccessful|credentials|needed|error)|auth(?:entication)? (?:mechanism|type)|username and password|(?:must|need to|please|should) (?:first )?(?:authenticate|log ?in|check (?:for (?:new )?)?mail|use smtp auth)|smtp auth|auth (?:required|failed|before)|authrequired|not authenticated|pop[- ]before[- ]smtp|starttls command first|not logged in|bad (?:username|password|credentials)|invalid (?:login|credentials|password|user ?name or password)|login (?:failed|denied|incorrect)|encryption required for requested auth`, class: Login},
	{words: `(?:5\.7\.1 |^)?(?:unable|not permitted|not allowed|not authorized|refused?|denied|isn't allowed|forbidden|unauthorized|prohibited|cannot|don'?t|won'?t|do not|we are not|no|insecure|access denied:?|unacceptable).{0,40}\brelay(?:ing|ed|s)?\b|\brelay(?:ing|ed)?\b.{0,60}(?:denied|not (?:permitted|allowed|authorized|possible|supported)|prohibited|refused|rejected|forbidden|disallowed|attempt|blocked|restricted|access|not local|for this)|list of allowed rcpthosts|not a gateway|(?:is|that domain is) not (?:one of )?(?:my|our) (?:local )?domains?|we do not (?:accept|handle|serve) mail for|not configured to (?:accept|receive) mail for|as a relay|third[- ]party mail|(?:mail|delivery) (?:from|to) .{0,60}not accepted here|not a local domain`, class: Relaying},
	{words: `not owned by user|sender address .{0,60}not (?:owned|allowed|match)|not permitted to send as|send(?:ing)? as .{0,40}denied|sender (?:does not|doesn't) match`, class: SenderRefused},
	{words: `bad outbound sender|account .{0,60}(?:compromised|blocked (?:due to|because of|for) (?:spam|abuse|suspicious))|outgoing (?:mail|messages?) .{0,60}(?:suspended|disabled|blocked)|sending (?:has been |is )?(?:suspended|disabled|blocked) (?:for|from) (?:this|your)`, class: Compromised},
	{words: `(?:daily|hourly|per[- ]hour|per[- ]day|max(?:imum)?|monthly) .{0,60}(?:limit|quota|defers).{0,60}(?:exceeded|reached|failures)|exceeded (?:the |your )(?:max(?:imum)? )?(?:defers|emails?|messages?|sending|daily|hourly|number of (?:messages|emails|recipients) (?:per|an|a))|sending (?:limit|quota)`, class: Quota},
	// Mailboxes.
	{words: `over ?-?quota|quota (?:has been |is |was )?(?:exceeded|reached|full|violation|limit)|exceed(?:s|ed|ing)? .{0,40}(?:quota|storage alloc|mailbox|mail ?box)|disk (?:quota|space) .{0,20}(?:exceeded|full)|(?:mail ?box|mail ?folder|mail ?drop|in-?box|maildir|mailspool|account|user'?s? (?:disk|mail)).{0,50}\b(?:full|exceeded|out of (?:storage|space)|over (?:the |its |their )?(?:limit|allowed|size))|(?:mail ?box|in-?box|account) .{0,30}(?:size|storage) limit|too much mail (?:data|stored)|not enough (?:storage|disk)? ?space (?:in|for|left in) .{0,20}(?:mail ?box|user)|(?:would|will) exceed .{0,40}(?:limit|quota|storage)|exceeded storage allocation|mailbox (?:is )?(?:over|full)|full mail ?box|user (?:is )?(?:over|full)|insufficient (?:space|storage) .{0,20}(?:mailbox|user)|number of messages in recipient's mailbox|recipient (?:storage|mailbox) (?:is )?full|storage quota|out of storage`, class: Full},
	{words: `(?:has|have|had) (?:been )?(?:moved|changed|migrated|relocated)|mailbox (?:has )?moved|destination mailbox has moved|no longer on (?:this )?server|recipient no longer|user not local; please try|moved to (?:a )?new|(?:new|changed) (?:e-?mail )?address (?:is|to)|has been replaced|\buse the (?:new )?address|address (?:has )?changed`, class: Moved},
	{words: `(?:account|mail ?box|user|recipient|address|customer|subscriber|domain)(?:\(s\))?(?: account)?[^.;]{0,60}(?:\bis|\bare|\bhas been|\bwas|\bhas|:|\bcurrently|\btemporarily)? ?(?:disabled|suspended|inactive|locked|deactivated|not active|de-activated|expired?\b|frozen|terminated|closed|cancell?ed|discontinued|invalidated|unavailable temporarily)|(?:disabled|suspended|inactive|locked|deactivated|expired|closed) (?:account|mail ?box|user|recipient|mailbox|customer)|mailbox (?:currently|temporarily) (?:suspended|disabled|unavailable)|not (?:currently )?(?:active|enabled) (?:account|mailbox|user)|mail(?:box)? (?:is )?disabled|account that you tried to reach is disabled|account not (?:currently )?(?:activated|active)|user suspended|vdelivermail: account is locked`, class: Disabled},
	// Size.
	{words: `(?:message|mail|e-?mail|size|content|attachment|body|length|file)s?[^.;]{0,60}(?:exceed(?:s|ed|ing)?|too (?:big|large)|larger than|over the|greater than|limit exceeded)[^.;]{0,60}(?:limit set by|for (?:this )?recipient|set by recipient|recipient'?s? limit)|message length exceeds`, class: TooBigFor},
	{words: `(?:message|mail|e-?mail|size|attachment|body)s?[^.;]{0,60}(?:exceed(?:s|ed|ing)?[^.;]{0,40}(?:size|limit|max|fixed|length|administrative)|too (?:big|large)|larger than|size limit)|size (?:limit )?(?:exceed|too)|max(?:imum)? message size|exceeds (?:the )?(?:maximum|size|limit)|message size (?:exceeds|limit)|too big for`, class: TooBig},
	// Mail that nobody takes.
	{words: `null ?mx|does not accept (?:e-?)?mail|no mx record|(?:host|domain|server|address|system|mailbox)[^.;]{0,30} (?:does|do|will|can) ?not (?:accept|receive) (?:any )?(?:e-?)?mail|not accepting (?:e-?)?mail|smtp (?:service|protocol).{0,20} (?:is )?(?:disabled|not (?:accept|available|supported))|(?:no longer|doesn'?t|does not) (?:accept|receive)s? (?:any )?(?:e-?)?mail|mail(?:host|server) (?:does not|do not) accept|delivery to this (?:host|domain) is disabled|rfc7505`, class: NoMail},
	// Blocklists and addresses.
	{words: `(?:dial-?up|dynamic|residential|transient)[^.;]{0,40}(?:ip|address|host|pool|space|user|client)|(?:ip|address|host|client)[^.;]{0,40}(?:dial-?up|dynamic(?:ally)?)|\bpbl\b|send (?:it |mail )?through your (?:isp|provider)`, class: Dynamic},
	{words: `block(?:ed|ing)? (?:using|by|at|via) \S+\.\S|spamhaus|spamcop|sorbs|barracudacentral|surbl|uribl|\bdnsbl\b|\brbl\b|\bcbl\b|\brhsbl\b|\bxbl\b|\bsbl\b|black ?-?list|block ?-?list|deny ?-?list|black ?hole|listed (?:in|at|by|on) |is (?:currently )?listed|trend micro|invaluement|ivmsip|found on one or more`, class: Listed},
	{words: `(?:poor|bad|low|no|negative|none/bad) (?:\S+ ){0,2}reputation|reputation (?:is|of|score|too|too low|-)|ip reputation|reputation|unexpected volume or user complaints|csi\.cloudmark`, class: Reputation},
	{words: `grey-?list|gray-?list|postgrey|try again in \d+ (?:seconds|minutes)|please try again later.{0,20}greylist`, class: Greylisted},
	{words: `too many (?:simultaneous |concurrent |open |parallel )?(?:connections|sessions|smtp sessions)|connection (?:rate|limit|count|frequency)|concurrent (?:connection|session)|connections? (?:from|per) .{0,40}(?:exceed|limit|too)|too many recipients|recipients? (?:limit|exceed)|max(?:imum)? (?:number of )?(?:messages?|recipients|connections|rcpts?) (?:per|exceed|reached|allowed)|frequency limited|too many messages (?:in|per) (?:this |one |a )?(?:session|connection)|too many mails? in|no more than \d+`, class: Connections},
	{words: `too (?:fast|many messages|many e-?mails|many mails|much mail|frequent|quickly|often)|(?:rate|sending|message|recipient|volume|mail) ?(?:rate )?(?:limit(?:ed|ing|s)?|throttl\w+|exceeded|control)|throttl|rate.?limit|receiving mail at a rate|unusual rate|flood|slow down|(?:hourly|daily|minute)[- ](?:limit|quota)|temporarily deferred due to|exceeded .{0,30}rate|excessive`, class: Rate},
	// Content.
	{words: `virus|malware|trojan|infected|phishing detected|contains (?:a )?(?:worm|exploit)`, class: Virus},
	{words: `\bspam\b(?:[^.;]{0,40}(?:detected|content|score|message|mail|rejected|blocked|classified|suspected|probability|-?like|filter|refused|not accepted))?|\bube\b|\buce\b|unsolicited|junk ?mail|spam(?:my|assassin|like)|bulk (?:e-?)?mail|message content rejected|content (?:rejected|denied|filter)|(?:looks|considered|identified|classified|marked|tagged|flagged) (?:like|as|to be) (?:spam|junk|unsolicited)|message (?:rejected|refused|blocked) by (?:spam|content|the filter|filter)|suspicion of spam|high spam|as spam\b`, class: Spam},
	{words: `rfc ?-?(?:2?822|5322)|(?:missing|multiple|duplicate|invalid|malformed|more than one|no) [^.;]{0,30}(?:header|from:|message-id|date:|subject)|headers? (?:are |is )?not|non-?compliant|not compliant|multiple addresses in from`, class: Format},
	{words: `8-?bit|media (?:error|type|not supported)|mime (?:error|content|encod|type|violation|boundary)|charset|character ?set|(?:improper|invalid|illegal) (?:use of|characters?|content|message|data|header)|smtputf8|non-?ascii|content (?:error|conversion|type)|conversion|message (?:format|content) (?:error|is invalid|invalid)|bare (?:lf|cr|newline)|malformed|unsupported (?:content|charset|encoding)|(?:message|header) (?:has|contains) .{0,40}(?:invalid|illegal)|improper`, class: Content},
	// TLS.
	{words: `must (?:issue|use) (?:a )?starttls|starttls (?:failed|failure|is required|required|not)|tls (?:handshake|negotiation|session|connection|error|is required|required|not available|currently unavailable|unavailable)|(?:requires?|need) (?:tls|ssl|encryption|starttls|a secure)|cannot start tls|encryption (?:is )?(?:needed|required)|ssl (?:error|handshake|routines)|tls (?:version|protocol)|server certificate|certificate (?:verify|verification|not trusted|expired)`, class: StartTLS},
	{words: `\bdane\b|tlsa|mta-sts|dnssec`, class: TLSPolicy},
	{words: `(?:^|\s)[a-z0-9-]+(?:\.[a-z0-9-]+)+ does not exist`, class: NoHost},
	// Recipients.
	{words: `(?:no such|unknown|invalid|non-?existent|nonexistent|undefined|bad|illegal|inexistent|wrong|incorrect)[^.;<>]{0,20}(?:user|recipient|mail ?box|account|alias|address|destination mailbox|local[- ]part|addressee|person|customer|rcpt|member|username|destinataire|user ?id|list|group)(?:\b|s\b)|(?:user|recipient|mail ?box|account|alias|address|addressee|user ?name|mailbox name|person|local[- ]part|customer|member|name|destinataire|userid|email address|recipientaddress)(?: <?@?>?| name| address| you entered| given| id| account| here)?\W{0,6}(?:is |was |are |does |do |has |seems |could |can ?|you tried to reach (?:is |does )?)?(?:not (?:found|known|exist|existing|valid|here|listed|a valid|recogni[sz]ed|on this|our|in (?:the )?directory|local|be found|a known|defined|available here)|unknown|doesn'?t exist|n'?t exist|invalid|invalide|nonexistent|non-existent|unavailable|undeliverable|no longer (?:exists|available|valid|active|in use|employed|with)|not exist|inconnu|unrouteable|couldn'?t be found|un ?known|undefined)|user ?unknown|unknown ?user|does not exist|doesn't exist|no mailbox|no user|not a (?:known|valid) (?:user|mailbox|recipient|address|account)|recipient (?:name )?(?:is )?not (?:recogni[sz]ed|on server)|(?:can'?t|cannot|unable to|could not|couldn'?t) (?:find|locate|verify|be found) .{0,40}(?:user|recipient|mailbox|address|account|alias|match)|address (?:not found|couldn'?t be found|error)|not (?:our|my) customer|no account by that name|no such (?:person|name|address|entry)|mailbox unavailable|recipient verify failed|unrecognized (?:recipient|user)|dosn't exist|not listed in|didn'?t match|there is no (?:such )?(?:user|mailbox|account|one)|address does not|that user|no one by that name|delivery to the following recipients? (?:failed|has been rejected)(?:$| permanently\b.{0,30}$)|this user has no|recipient(?:s)? (?:unknown|failed|does not|not found|refused|invalid|denied)|5\.1\.1|all (?:the )?recipients (?:were|are) (?:invalid|rejected)|adresse .{0,40}invalide|unknown address|user .{0,60} not (?:found|exist)|(?:address|recipient|user) .{0,60}(?:could not be found|was not found)|#5\.1\.1|rejecting for|not associated with|unroutable address|doesn't have an? \S+ account`, class: NoUser},
	// Domains and the way there.
	{words: `host (?:or domain name )?(?:unknown|not found)|unknown host|(?:domain|host)(?: name)?[^.;]{0,60}(?:not found|does ?n[o']t exist|couldn'?t be found|could not be found|is not reachable|unreachable|unknown|non-?existent|not exist|invalid|unresolvable|nxdomain|has no (?:mx|a))|no such (?:domain|host)|illegal host|nxdomain|unrouteable|unroutable|(?:could not|couldn'?t|cannot|can'?t|unable to) (?:find|resolve|locate|route)[^.;]{0,60}(?:host|domain|exchanger|gateway|name|mx|ip address|route)|bad destination (?:system|host)|recipient'?s? domain|account or domain may not exist|invalid (?:host|domain)|all host address lookups failed|mail ?server for .{0,60}(?:not found|unknown)`, class: NoHost},
	{words: `too many hops|hop count|mail loop|loops? back|routing loop|loop detected|mail is looping|looping|name service error|malformed or unexpected name server|dns (?:error|failure|lookup|problem|type)|name server|no route|network (?:is )?(?:unreachable|error|unavailable)|host (?:is )?(?:unreachable|down)|unable to (?:connect|lookup)|routing error|temporary (?:lookup|dns|resolve)|(?:address|host|domain) (?:lookup|resolution) (?:failed|failure)|mx (?:lookup|records? (?:point|loop))|no route to host|unreachable`, class: Network},
	{words: `(?:message|mail|envelope|delivery|queue|retry)[^.;]{0,50}(?:expired|timeout|timed out|too long|time ?-?out exceeded|delayed|has been (?:delayed|in the queue))|in the queue too long|(?:could not|not|unable to|unable to) (?:be )?deliver(?:ed)?[^.;]{0,60}(?:after|within|for) [\d.]+ ?(?:day|hour|minute|second)|(?:was |)aborted after [\d.]+ hour|connection timed? ?-?out|operation timed out|conversation with .{0,60}timed out|timed out|connection (?:refused|reset|lost|closed|dropped|failed)|lost connection|deferred|retry time not reached|did not accept our requests to connect|delivery time(?:d)? ?-?out|still trying|delayed|not been delivered|unable to deliver (?:this )?message after|(?:could not|cannot) be delivered for|maximum (?:retry|queue)|4\.4\.7|expired`, class: Expired},
	// The receiver's system.
	{words: `insufficient (?:system |disk )?(?:storage|resources|space)|disk (?:is )?full|no space left|system (?:is )?(?:full|storage)|file system (?:is )?full|out of (?:disk|memory)|mail system full`, class: SystemFull},
	{words: `duplicated? message-id|could not load|transaction failed|local (?:configuration )?error|(?:internal|server|system|local|unexpected|software|database|ldap|configuration)[- ](?:server |system |configuration )?(?:error|failure|problem|malfunction)|config(?:uration)? error|service (?:is )?(?:currently |temporarily )?(?:unavailable|not available)|temporary (?:system|server|internal) (?:error|problem|failure)|misconfigur|can'?t open|cannot (?:open|create|write)|interrupted|out of service|system (?:error|not|problem|down)|unable to (?:process|complete|relay right)|server (?:busy|too busy|not responding)|try(?: again)? later.{0,30}(?:error|problem)|processing error|aliasing/forwarding loop|alias.{0,20}loop|command failed|proxy|i/o error|bad file|permission denied|resources? (?:temporarily )?unavailable`, class: System},
	{words: `mailer error|pipe to \||command (?:died|failed|output|time limit|returned)|unknown mailer|procmail|/usr/(?:local/)?(?:s?bin|lib(?:exec)?)/|x-unix|child (?:process|status)|exit (?:status|code)|died with (?:status|signal)|local delivery (?:failed|program)|delivery agent|maildrop|\bhad error\b|mail delivery program|transport .{0,40}(?:error|failed)`, class: Program},
	// Refusals that say little.
	{words: `header error|(?:due to|by|violates?|violation of|against|for|under|security|local|administrative|message|our|site|company|content|mail)[^.;]{0,20} (?:policy|policies)|polic(?:y|ies) (?:violation|restrict|reasons?|rejection|prevent|prohibit)|prohibited|attachment|file type|executable|not accepted for policy|message (?:is )?(?:prohibited|not permitted|not allowed)|security (?:policy|issue|violation)|denied by policy|restricted`, class: Policy},
	{words: `(?:sender|from|return-?path|originator|envelope)(?: address| was)?[^.;]{0,60}(?:rejected|denied|refused|blocked|not (?:allowed|accepted|permitted|authorized|valid)|invalid|unacceptable|banned|prohibited|unknown|is bad|disallowed|forged|missing|must)|sender was rejected|(?:reject|refus|den(?:y|ied))\w*[^.;]{0,30}(?:sender|from|envelope)|(?:invalid|bad|illegal|unknown|empty|null|malformed) (?:sender|return-?path|from|envelope)|(?:from|to/from) an address that has been|not (?:allowed|authorized|permitted|able) to (?:post|send)[^.;]{0,60}(?:group|list|this|members|address)|don'?t have permission|do not have permission|members? only|subscribers? only|moderat|not a member|backscatter|bounce messages?|\btype of mail\b`, class: SenderRefused},
	{words: `(?:connection|access|client|host|server|ip|you|your (?:ip|host|server|network|address|domain)|messages? from|mail from|e-?mail from|ip address)[^.;]{0,60}(?:rejected|refused|denied|blocked|banned|forbidden|not (?:allowed|accepted|permitted|authorized|welcome)|prohibited|unacceptable)|(?:blocked|rejected|banned|refused|denied)[^.;]{0,40}(?:ip|host|client|address|server|for abuse|- see|by administrator)|not accepting connections|no smtp service|go away|access denied|blocked|weren't sent|refused to talk|too many errors|closing transmission channel|service refused`, class: Blocked},
	{words: `syntax error|(?:command|parameter|argument)s? (?:not |un)(?:recognized|implemented|known|supported)|unrecogni[sz]ed (?:command|parameter|smtp)|unimplemented|bad (?:sequence|command)|out of sequence|(?:ehlo|helo|mail|rcpt|auth)(?:/helo)? first|protocol (?:error|violation)|invalid (?:command|argument|parameter)|unknown (?:command|parameter|option)|need (?:mail|rcpt)|pipelining|too many (?:unauthenticated|unrecognized|invalid|bad) commands`, class: Syntax},
	{words: `recipient (?:address )?rejected|no valid recipients|address rejected`, class: NoUser},
	{words: `temporary failure|temporarily|try (?:again )?later`, class: Temporary},
}

// reported are words of the system that writes the bounce, where they say more than the reply that it quotes.
var reported = []pattern{
	{words: `was aborted after [\d.]+ hour`, class: Expired},
	{words: `because the address couldn't be found|address couldn't be found, or is unable`, class: NoUser},
}

// registered are the codes of IANA's registry (RFC 3463, 5248, 7372, 7505, 8617, 8689), for texts that nobody knows.
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
	{code: ".7.23", class: SPF}, {code: ".7.24", class: SPF}, {code: ".7.25", class: PTR}, {code: ".7.26", class: Unauthenticated}, {code: ".7.27", class: SenderDomain}, {code: ".7.28", class: Rate},
	{code: ".7.30", class: StartTLS},
}

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
	commonWords = sync.OnceValue(func() []compiled { return compile(anyones) })
)
