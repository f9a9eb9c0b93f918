package replies

import (
	"strings"
	"sync"
)

// family is the ways in which a cause is said. In its words {rcpt}, {gone}, {no}, {missing} and {ip} stand for the lists below, and [^.;] for what
// goes on a sentence.
type family struct {
	class   Class
	sisimai string // where sisimai has another reason for just these words
	words   []string
}

// What many families have in common.
var vocabulary = strings.NewReplacer(
	"{rcpt}", `(?:user(?:name| ?id| name)?|recipients?|mail ?box|in-?box|account|alias|address(?:es)?|addressee|(?:e-?)?mail(?: address(?:es)?| account| name)|local[- ]part|person|customer|subscriber|member|destination|destinataire|employee|student)`,
	"{gone}", `(?:wrong\b|(?:not|isn\'?t|aren\'?t|wasn\'?t) (?:be )?(?:found|known|exist(?:s|ing|ent)?|present|valid|here|listed|recogni[sz]ed|local|ok|defined|available|registered|hosted|deliverable|a (?:known|valid|local|registered|current)|an? (?:active|existing|valid) (?:address|account|user|mail ?box)|in (?:our|my|the|this) )|unknown|un ?known|unavai?l?able|undeliverable|(?:does|do|did)(?: not|n'?t) (?:exist|appear)|no longer (?:exists?|available|valid|in use|employed|with us|works? |here|on this)|non-?existent|inexistent|left (?:the|our) )`,
	"{no}", `(?:not|no|un\w*able|un(?:known|recogni[sz]ed|deliverable|routable)|invalid|reject\w*|refus\w*|den(?:y|ied)|bad|wrong|illegal|missing|fail\w*|cannot|forbidden|prohibited|blocked)`,
	"{ip}", `\[?(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|(?:ipv6:)?[0-9a-f]{0,4}:[0-9a-f:.]{2,43})`,
	// A sentence ends with a full stop, and a host name does not.
	"[^.;]", `(?:[^.;]|\.\b)`,
	"{missing}", `(?:no such|unknown|invalid|non-?existent|nonexisting|non existent|undefined|inexistent|unrecogni[sz]ed|no valid|not a valid|not an active)`,
)

// families are words that many say, the most certain first. A family is made of the words and stems of a cause: what somebody
// says of a mailbox, and not whose sentence that is. Names, such as rcpthosts, are those of the programs that say them.
var families = []family{
	// A list that refuses the receiver's resolver, or is dead, is no listing.
	{ListError, "", []string{
		`127\.255\.255\.25\d`, `query refused`, `127\.0\.0\.1 -> `,
		`(?:dnsbl|rbl|blocked using|listed (?:at|by|in)).{0,60}(?:sorbs\.net|manitu\.net|njabl\.org|dsbl\.org|ordb\.org|ahbl\.org)`,
	}},
	{Greylisted, "", []string{
		`gr[ea]y-?list`, `\btriplet\b`,
	}},
	{Reputation, "", []string{
		`\b(?:poor|bad|low|negative) (?:\S+ ){0,2}reputation`, `sender ?score(?:\b[^.]|\.org|$)`,
	}},
	{Dynamic, "", []string{
		`\bgeneric (?:r-?dns|ptr|reverse|host ?name)`,
	}},
	{PTR, "", []string{
		`\b(?:no|without|missing|bad|invalid) (?:valid |proper )?(?:reverse|rdns|r-dns|ptr)\b`, `{ip}\]? (?:does(?: not|n't)|cannot|could not) (?:be )?resolve`,
		`(?:unable to|can ?not|could not|can't|couldn't|failed to) (?:look ?up|resolve|find|determine|verify) (?:the |your |a )?(?:reverse |client )?host ?name`,
		`\b(?:client|host|ip|server|address)\b[^.;]{0,20} (?:has|have|with) no (?:host ?|dns )?name\b`,
		`mismatches client ip`, `fix reverse dns`, `\b(?:sender|sender'?s|client|sending|remote) ip\b[^.;]{0,20} not resolv`, `\b(?:client|your)\b[^.;]{0,20} not found in dns`, `reverse dns (?:record |name |entry )?(?:for|of|is|required|fail|lookup)`, `host ?name lookup (?:of|for) {ip}`,
	}},
	// What is said of the client, of the sender or of a place looks like what is said of a recipient: it comes first.
	{Blocked, "", []string{
		`\b(?:ihre|deine|votre|tu|su|seu|uw|il tuo|il suo) (?:adresse |direcci[oó]n |endere[cç]o |indirizzo )?ip\b[^.;]{0,60}(?:gesperrt|blocki|abgelehnt|bloqu|blocc|interdit|rejet|refus|rechaz|recusad|geblokkeerd)`,
		`access to (?:this|our|the) (?:(?:e-?)?mail )?(?:system|server|service)[^.;]{0,60}(?:rejected|denied|refused|blocked)`,
		`\b(?:your|client) (?:server|host|ip|mta|network)\b[^.;]{0,40} {gone}`, `too many (?:invalid|unknown|bad|non-?existent|failed|rejected) (?:recipients|users|rcpts?|addresses)\b`,
		`\b(?:your|this|sending|sender's) country\b`, `\bgeo-?(?:ip|graphic|location|block)`,
		`\byour (?:ip|host|server|network)\b[^.;]{0,40}\b(?:banned|barred)\b`,
	}},
	{HELO, "", []string{
		`\b(?:helo|ehlo) (?:command|name|argument|host ?name|greeting|string)?,? ?(?:is |was )?(?:rejected|invalid|refused)`,
		`\b(?:helo|ehlo)\b[^;]{0,60}(?:host|domain|name) not found`,
	}},
	{SenderDomain, "", []string{
		`sender (?:address )?rejected: unknown domain`, `\byour (?:sending |sender |(?:e-?)?mail )?domain\b[^.;]{0,40} {gone}`, `\breturn address domain\b`, `\bdomain of (?:the )?sender\b[^.;]{0,40}(?:not (?:exist|found|resolve)|unknown)`,
		`sender (?:(?:e-?)?mail )?(?:address )?rejected: .{0,60}(?:domain|host|name)[^;]{0,30}(?:not found|not exist|unknown|unresolv|null mx)`,
		`(?:sender|mail ?from|from|return-?path|envelope|originator|reverse-?path)(?: (?:e-?)?mail| address|\'s)*:? (?:<?@?>? ?)(?:domain|host)(?: name)? (?:\S+ )?(?:not found|does(?:n\'t| not) (?:exist|resolve)|not exist|is invalid|is unknown|cannot be (?:found|resolved)|could not be (?:found|resolved)|unresolvable|is empty|must exist|must resolve)`,
		`mx records? for \S+ violates?`, `sender verif\w+ fail`, `domain name required for sender`, `^517[ -]`,
		`could not complete sender verify`, `recursive cname records`, `from: domain is invalid`, `without a valid sender domain`,
		`unrout\w+ sender`, `sender domain (?:is )?(?:empty|invalid|missing|not found|unresolv\w+)`,
	}},
	{SenderRefused, "", []string{
		`\b(?:sender|sending|originator|return|return-?path|reverse-?path|mail ?from|from:|bounce|envelope(?: sender| from)?)(?:\'s)?(?: (?:e-?)?mail)?(?: address| user| account| mail ?box)?:? ?(?:<?@>? ?)?(?:(?:is|was|could|can|has) )?(?:{gone}|unverifi)`,
		`\bsending as does`, `(?:fake|forged|spoofed) (?:sender|mail ?from|from|address)`, `mail ?from\b[^;]{0,60}mismatch`, `verify mail ?from`,
		`no access for this (?:domain|user|sender)`, `sender address rejected: not (?:logged|owned)`, `badmailfrom`, `\b(?:to|from) an? (?:(?:e-?)?mail )?address\b[^.;]{0,30}listed`, `(?:permission|allowed|authorized|right|able)s? to send (?:mail |messages? )?(?:as|on behalf)`,
		`envelope sender is`, `\bbatv\b`, `backscatter`, `(?:bounces?|dsns?|returned (?:e-?)?mails?)\b[^.;]{0,30}\b(?:not accept|refus|reject)`,
		`(?:null|empty|blank) (?:envelope |return |reverse )?(?:sender|senders|return-?path|from|path)s?\b`,
		`(?:^|\s)<> (?:invalid|is not|not|sender)`, `fully qualified (?:e-?)?mail address required`,
		`sender is (?:a )?spammer`, `[ée]metteur (?:invalide|refus)`, `empty (?:e-?)?mail address`,
		`(?:e-?)?mail address is not verified`,
		`absender .{0,40}(?:gesperrt|abgelehnt|unbekannt|nicht)`, `(?:exp[ée]diteur|mittente|remetente)[^.;]{0,40}(?:refus|rejet|inval|inconnu|bloqu|blocc|rifiut|recusad|rejeitad|sconosciut|desconhecid)`, `remitente .{0,40}(?:rechazad|no v[aá]lid|bloquead)`,
	}},
	{Spam, "", []string{
		`\bcontain(?:s|ing|ed)? spam\b`, `spam (?:or|and) virus`, `spam/virus`,
		`(?:black ?listed|listed|blocked|bad|spam\w*|malicious) (?:url|uri|link|domain in (?:url|body|message))s?\b`,
		`(?:urls?|uris?|links?)\b[^.;]{0,40}(?:black ?list|listed|blocked)`,
		`content filter`, `message (?:was |has been )?filtered`, `banned content`, `mail content`,
		`unacceptable content`, `anti-?spam(?:[ )]|$)`, `blocked by our filter`,
	}},
	{Content, "", []string{
		`8-?bit (?:data|character|octet)s?`, `header size`, `mime complexity`, `invalid mime`,
		`improperly[- ]formatted`, `base64 encoding`,
	}},
	{NoHost, "", []string{
		`mx records? point to non-?exist`, `rejected: unknown domain`,
		`recipient (?:address )?domain (?:must|does|not|is|unknown|could|cannot|can\'t)`, `recipient address rejected: domain not found`,
	}},
	{Network, "", []string{
		`host not found, try again`, `\brelay ?host\b[^.;]{0,20} not found`,
		`forwarding loop (?:for|count)`, `malformed (?:or unexpected )?name ?server`,
		`unrout\w+ mail domain`, `network error`, `host is unreachable`, `dns server returned`,
	}},
	{Full, "", []string{
		`dis[ck] quota exceeded`, `(?:mail ?box|maildir|inbox)[^;]{0,80}(?:file too large|no space left|dis[ck] quota)`,
	}},
	{Program, "", []string{
		`\bcommand (?:died|time limit)`, `\bpipe command\b`, `unknown mailer error`, `\bchild process\b`,
	}},
	{System, "", []string{
		`(?:can ?not|can't|unable to) (?:open|create|read)\b`, `resource limitations?`, `temporary lookup failure`, `server temporarily rejected`, `\b(?:sql|database|backend)\b[^.;]{0,20}\b(?:error|fail\w*|unavailable)\b`,
		`milter[^.;]{0,20}(?:not available|unavailable|fail|error)`, `loops back to (?:my|it)self`, `would create a mail loop`,
		`timeout waiting for`, `queue file`, `\b(?:mail ?box|mail|message) store\b[^.;]{0,20} (?:not\b|un|down|offline)`,
		`(?:contact|connect\w*(?: to)?|reach|query|bind)[^.;]{0,20}\bldap`,
		`\bldap (?:server|error|lookup|connection|failure|timeout)`, `can'?t create (?:\S+ )?output`,
		`mail system configuration`, `error in processing`,
	}},
	{Network, "", []string{
		`\b(?:mail|message|dns|possible|routing|mx) loop\b`, `hop count`, `too many (?:\S+ )?hops|too many \W?received`, `mx (?:records? )?points? back`,
	}},
	{PTR, "", []string{
		`(?:cannot|can\'t|could not|unable to|failed to) (?:resolve|find|determine|verify|look ?up)[^.;]{0,30}(?:your|client|connecting|sending|remote) (?:ip|address|host|hostname|name|server)`,
		`unresolvable relay host`, `dns lookup failure: .{0,40}try again`,
		`your (?:ip|address|host ?name|server)[^.;]{0,40}(?:does not|doesn\'t|cannot be|could not be|not) resolv\w*`,
		`no (?:valid )?(?:reverse|hostname|host name|dns name|name) (?:found )?for (?:your|the|client|sending|connecting|ip)`,
		`rdns|r-dns`,
	}},
	{Blocked, "", []string{
		`no access for this (?:ip|host|server|address)`, `\bsender {ip}`, `dictionary attack`, `\bharvest`,
		`(?:ip|host|server|address) (?:is |was )?(?:identified|flagged|known|marked|reported|classified) as (?:an? )?(?:spam|abus|source)`,
		`(?:spams?|unwanted (?:messages?|e?-?mails?)|abuse|unsolicited e?-?mails?)[^.;]{0,40}\bfrom (?:your|this|the (?:following|sending)) (?:ip|server|host|network|address|domain)`,
		`too many (?:spams?|unwanted)`, `\b(?:for|is|are|you|host|been|currently) sending spam`,
		`(?:bad|invalid|blocked|rejected|suspicious) sender ip`,
		`sender(?:\'s)? ip(?: address)? (?:is |was |has been )?(?:rejected|blocked|refused|denied|black|banned|not allowed)`,
		`\bno (?:connections?|mail|messages?) (?:is |are )?(?:accepted |allowed |taken )?from\b`, `open proxy`, `zombie`, `\bknown spammers?\b`, `\b(?:client|source|your) ip\b[^.;]{0,30}\bnot (?:in|on|among)\b`, `listed as abus`, `no access from`,
		`(?:not|no longer|refus\w+|won\'t|will not)(?: be)? (?:currently )?accept\w* (?:any )?(?:e?-?mail|messages?|connections?) (?:from|by) (?:your|this|the) (?:ip|host|server|network|address|domain)`,
		`(?:access|connections?|(?:e-?)?mails?|messages?|traffic) from (?:your|this|the) (?:ip|host|server|network|address|client)[^;]{0,40}{no}`,
		`accept\w* (?:any )?(?:(?:e-?)?mails?|messages?|connections?) from {ip}`, `\bintrusion\b`,
		`mail from {ip}\]? (?:refused|rejected|denied|not)`,

		`rejected: was not authenticated`, `service unavailable; client blocked`,
	}},
	{NoUser, "", []string{
		`not (?:listed )?in (?:the |our |my |this )?(?:\S+ )?(?:directory|address ?book|public name)`,
		`(?:mail|message|recipient|user) .{0,20}no longer accepts mail`, `address no longer accepts`, `badr?cpt(?:to)?`,
		`\bbadrecipientto`, `not in my (?:validr?cpt|valid)`,
	}},
	{Refuses, "rejected", []string{
		`only accepts? (?:messages?|(?:e-?)?mails?) from (?:people|senders|members|users|those|its)`,
	}},
	{Refuses, "", []string{
		`(?:user|recipient|customer|addressee)s? (?:has |have )?(?:refused|declined|opted out)`,
		`\bonly (?:(?:internal|known|approved) (?:senders?|users?|(?:e-?)?mails?)|(?:authenticated|authori[sz]ed) senders?)\b`,
		`\b(?:user|recipient|customer|addressee|mail ?box)\b[^.;]{0,20} accepts (?:only )?(?:(?:e-?)?mails?|messages?) (?:only )?from\b`,
		`blocked by (?:the )?recipient`, `(?:rejected|refused|denied) by (?:the )?(?:recipient|user|addressee)\b`,
		`recipient .{0,40}(?:only accept|refuses? to|does not want|has blocked|protected)`,
		`only accept\w* mail from (?:specific|known|approved|authori)`, `is not accepting any mail`, `user reject(?:ed|s)?\b`,
		`resolver\.rst\.restricted`,
	}},
	{Disabled, "", []string{
		`\bnot (?:been )?(?:logged in|accessed|used) (?:for|in|since)\b`,
	}},
	{StartTLS, "securityerror", []string{
		`starttls command first`,
	}},
	{Login, "", []string{
		`(?:incorrect|invalid|wrong|bad) authentication`, `\b(?:basic|legacy) auth`, `don'?t authenticate`, `unauthenticated (?:senders?|users?|clients?) (?:is |are )?not`,
		`not subscribed to ses`, `not authori[sz]ed to perform`, `client (?:host|was) (?:rejected: )?not authenticated`,
		`smtp(?:-| )?auth\w* (?:is )?(?:required|needed)`, `authentifizier\w+ (?:erforderlich|fehlgeschlagen)`,
		`authentification (?:requise|invalide|[ée]chou)`,
	}},
	{Relaying, "", []string{
		`\bauthenticat\w* (?:\S+ ){0,3}(?:to|before|for) relay`, `\brcpthosts\b`, `not (?:a )?local (?:host|domain)\b`, `(?:not (?:permitted|allowed|authori[sz]ed)|unable|refus\w+) to relay`,
		`(?:do not|don't|does not|doesn't|won't|will not|cannot|can't) (?:handle|accept|take|relay|serve|process|deliver|host) (?:any )?(?:(?:e-?)?mail|messages?) (?:for|to) (?:this |that |the |your )?(?:domain|host|[a-z0-9-]+\.[a-z])`,
		`\bdomain\b[^;]{0,60}\bnot (?:hosted|served|handled) (?:here|by|on|at)\b`, `send (?:(?:e-?)?mails? |messages? )?through (?:this|our) (?:mail )?server`,
		`open relay`, `relaying (?:mail|messages?)`, `configured to relay`,
		`requires authentication when attempting to send to a non-?local`,
	}},
	{Greylisted, "", []string{
		`postgrey`, `\bgrey\.`, `\bfirst contact\b`, `\bcome back (?:later|in \d)`,
	}},
	{Format, "", []string{
		`not rfc ?\d+ compliant`, `header syntax`, `line length`, `\blines? (?:\S+ ){0,3}(?:too long|longer)`,
	}},
	{Temporary, "", []string{
		`verification in progress`,
	}},
	{SystemFull, "", []string{
		`space shortage`,
	}},
	{Relaying, "", []string{
		`relay(?:ing)? (?:access )?(?:temporarily )?(?:denied|not permitted|not allowed|prohibited|refused)`,
	}},
	{Network, "", []string{
		`too many (?:recursive )?forwards`, `connection (?:with|to) \S+ (?:is |was )?(?:broken|lost|closed|aborted)`,
	}},
	{Refused, "rejected", []string{
		`administrative prohibition`,
	}},
	{NoHost, "", []string{
		`host found but no data record`,
		`host (?:(?:or domain name|\S+) )?not found`, `host name lookup failure: `, `no such host`,
	}},
	{NoMail, "", []string{
		`no mx (?:record )?found`, `find a mail exchanger`, `mx \S+ \S+ \S+ indicated no smtp service`,
	}},
	{Network, "", []string{
		`host name lookup failure`,
	}},
	{Expired, "", []string{
		`\bmessage (?:has )?expired\b`, `failed (?:after )?\d+ attempts`,
	}},
	{Network, "blocked", []string{
		`connection (?:was )?(?:dropped|reset)`, `connection refused(?:[ .;,)\]]|$)`,
	}},
	{Network, "blocked", []string{
		`connection refused by`,
	}},
	{StartTLS, "", []string{
		`does not support (?:tls|starttls)`,
	}},
	{Moved, "", []string{
		`551 (?:\S+ )*not our (?:customer|user)`, `user not local`,
	}},
	{NoUser, "", []string{
		`recipient address rejected: access denied`,
	}},
	{Refused, "", []string{
		`delivery not authorized`,
	}},
	{Network, "", []string{
		`name service error`, `malformed or unexpected name server`, `too many hops`,
	}},
	{Blocked, "", []string{
		`refused to talk to me: [45]\d\d service not available`, `invalid ip\b`,
	}},
	{PTR, "", []string{
		`unverif\w+ sending ip`,
	}},
	{Dynamic, "", []string{
		`use (?:the|your) (?:smtp|mail) server of your (?:isp|provider)`, `through your isp`,
	}},
	{NoHost, "", []string{
		`account or domain may not exist`, `illegal host/domain`, `^(?:@:? )?domain (?:name )?(?:does not exist|not found|unknown)`,
		`: domain (?:does not exist|not found)`, `bad destination (?:system|host)`,
	}},
	{Expired, "", []string{
		`operation timed out`, `could not deliver for the last`,
	}},
	{Network, "", []string{
		`lost connection (?:with|while)`,
	}},
	// Authentication of the sender.
	{Unauthenticated, "", []string{
		`required authentication level`, // of all three, says Microsoft (5.7.515)
		`unauthenticated (?:e-?)?mail`,
	}},
	{DMARC, "", []string{
		`\bdmarc\b`, `\bp=reject\b`,
	}},
	{Unauthenticated, "", []string{
		`(?:fail\w*|not|n't) (?:to )?(?:pass|have) authenticat\w+`, `authentication (?:checks?|information)`,
		`\b(?:message|domain|mail)\b[^.;]{0,30}(?:could not|cannot|can\'t) be authenticated`, `sender is unauthenticated`, `failing both spf and dkim`, `required authentication level`,
		`(?:spf|dkim) (?:and|or) (?:spf|dkim)`, `\barc (?:validation|seal|chain)`,
	}},
	{SPF, "", []string{
		`\bspf\b`, `openspf\.`, `sender policy framework`, `\bsender ?-?id (?:\(pra\) )?(?:validation|check|fail|not\b|policy|framework)`,
		`not (?:allowed|permitted|authorized) to send (?:mail |e-?mail )?(?:from|for) (?:the )?domain`,
	}},
	{DKIM, "", []string{
		`\bdkim\b`,
	}},
	// Reverse names.
	{PTR, "", []string{
		`\bptr\b`, `reverse[- ]?dns`, `\brdns\b`, `reverse (?:lookup|hostname|name|mapping|address)`,
		`cannot find your (?:reverse )?host ?name`, `ip (?:address )?name lookup failed`, `mismatches client ip`,
		`forward[- ]confirmed`, `does not resolve to (?:your|the) (?:ip|address)`,
		`(?:client|your) (?:host|ip)(?: address)?.{0,40}(?:no|without|missing|unresolvable) (?:reverse|host ?name)`, `fcrdns`,
		`dns (?:entry|lookup) .{0,40}does not match`,
	}},
	{HELO, "", []string{
		`(?:bad|invalid|rejected?|denied|incorrect|unacceptable|refused|forged|require|impersonat).{0,40}\b(?:helo|ehlo)\b`,
		`\b(?:helo|ehlo)\b.{0,60}(?:rejected|invalid|denied|required|not (?:allowed|accepted|permitted|fully|an?)|bad|must|should|mismatch|forged|does not|unresolv|error)`,
		`my name was rejected`, `invalid domain name`,
	}},
	// The sender's domain.
	{SenderDomain, "", []string{
		`domain may not exist`, `envelope sender domain must exist`,
		`(?:sender|from|return-?path|envelope|originator|mail ?from)[^;]{0,60}(?:domain|host)[^;]{0,60}(?:not (?:found|exist|resolve)|does not (?:exist|resolve)|doesn't (?:exist|resolve)|must (?:exist|resolve)|unresolvable|is (?:invalid|unknown|bogus)|not valid|no (?:mx|a) record)`,
		`\bdomain of (?:the )?sender\b`, `sender(?:\'s)? domain (?:has|does|is|must|could|cannot|can\'t|not)`, `unresolvable rfc`, `sender address (?:has )?(?:an? )?null ?mx`,
		`sender .{0,60}no a, aaaa`, `bad sender'?s? (?:system|domain)`, `sender unspecified`, `invalid sender domain`,
		`unable to verify (?:the )?sender`, `sender verify failed`, `sender callout|callout\b[^.;]{0,40}\bsender`,
	}},
	// Login and relaying.
	{Login, "", []string{
		`too many (?:failed )?(?:login|authentication) (?:attempts|failures)`,
		`authentication (?:is )?(?:required|failed|failure|unsuccessful|credentials|needed|error)`,
		`auth(?:entication)? (?:mechanism|type)`, `username and password`,
		`(?:must|need to|please|should) (?:first )?(?:authenticate|log ?in|check (?:for (?:new )?)?mail|use smtp auth)`,
		`smtp auth`, `auth (?:required|failed|before)`, `authrequired`, `not authenticated`, `pop[- ]before[- ]smtp`,
		`not logged in`, `bad (?:username|password|credentials)`,
		`invalid (?:login|credentials|password|user ?name or password)`, `login (?:failed|denied|incorrect)`,
		`encryption required for requested auth`,
	}},
	{Relaying, "", []string{
		`\b(?:unable|not permitted|not allowed|not authorized|refused?|denied|isn't allowed|forbidden|unauthorized|prohibited|cannot|don'?t|won'?t|do not|we are not|no|insecure|access denied:?|unacceptable).{0,40}\brelay(?:ing|ed|s)?\b`,
		`\brelay(?:ing|ed)?\b.{0,60}(?:denied|not (?:permitted|allowed|authorized|possible|supported)|prohibited|refused|rejected|forbidden|disallowed|attempt|blocked|restrict|access|not local|for this)`,
		`(?:is|that domain is) not (?:one of )?(?:my|our) (?:local )?domains?`,
		`we do not (?:accept|handle|serve) mail for`, `not configured to (?:accept|receive) mail for`,
		`third[- ]party mail`, `(?:mail|delivery) (?:from|to) .{0,60}not accepted here`, `not a local domain`,
	}},
	{SenderRefused, "", []string{
		`\b(?:sender|originator|return-?path|reverse-?path|mail from|envelope from)(?:\'s)?(?: (?:e-?)?mail)?(?: address)? ?(?:<?@?>?) ?(?:\S+ )?(?:is |was |has been |are )?(?:rejected|refused|denied|invalid|unknown|not (?:allowed|accepted|permitted|authorized|valid|known|acceptable)|unacceptable|disallowed|unauthori[sz]ed|an? (?:banned|blocked))`,
		`(?:invalid|bad|illegal|malformed|forged|unacceptable|incorrect|blocked|banned|denied|unauthori[sz]ed) (?:mail from|sender|return-?path|envelope[- ](?:from|sender)|originator|reverse-?path)\b`,
	}},
	{SenderRefused, "", []string{
		`not owned by user`, `sender address .{0,60}not (?:owned|allowed|match)`, `not permitted to send as`,
		`send(?:ing)? as .{0,40}denied`, `sender (?:does not|doesn't) match`,
	}},
	{Compromised, "", []string{
		`\b(?:account|user|you|mail ?box)\b[^.;]{0,40} (?:blocked|suspended|disabled|barred|stopped|prevented) from sending\b`, `\byour (?:\S+ )?account\b[^.;]{0,30} (?:blocked|locked|suspended|disabled|deactivated)\b`,
		`bad outbound sender`, `account .{0,60}(?:compromised|blocked (?:due to|because of|for) (?:spam|abuse|suspicious))`,
		`outgoing (?:mail|messages?) .{0,60}(?:suspended|disabled|blocked)`,
		`sending (?:has been |is )?(?:suspended|disabled|blocked) (?:for|from) (?:this|your)`,
	}},
	{Quota, "toomanyconn", []string{
		`max (?:emails|defers|messages)[^.;]{0,20}per (?:hour|day|minute)`, `daily message quota exceeded`,
		`maximum sending rate exceeded`,
	}},
	{Quota, "", []string{
		`(?:daily|hourly|per[- ]hour|per[- ]day|max(?:imum)?|monthly) .{0,60}(?:limit|quota|defers).{0,60}(?:exceeded|reached|failures)`,
		`exceeded (?:the |your )(?:max(?:imum)? )?(?:(?:defers|emails?|messages?|sending) (?:per|limit|quota|allow)|daily|hourly|number of (?:messages|emails|recipients) (?:per|an|a))`,
		`sending (?:limit|quota)`,
	}},
	{Rate, "", []string{
		`(?:exceeded|reached) (?:their|its|the|your) limit for the number`,
	}},
	// Mailboxes.
	{Full, "", []string{
		`enough disk space`, `quota exceed`,
		`(?:bo[iî]te|bal|messagerie)[^.;]{0,60}(?:pleine|satur|plein\b)`,
		`quota (?:d[ée]pass|atteint|[üu]berschritten|superad|excedid|esgotad)`, `postfach[^.;]{0,40}(?:voll|limit|[üu]berschr)`,
		`speicherplatz[^.;]{0,40}(?:voll|ersch|[üu]bers)`, `(?:buz[oó]n|casilla|cuenta)[^.;]{0,40}(?:llen|excedi)`,
		`casella[^.;]{0,40}piena`, `caixa[^.;]{0,40}cheia`, `(?:mailbox|postvak)[^.;]{0,40}\bvol\b`, `邮箱(?:已满|空间不足)|邮箱.{0,10}满`,
		`メールボックス.{0,20}(?:一杯|いっぱい|満杯|超)`, `переполнен`,
		`(?:does|do|did) not have (?:enough|sufficient) (?:free |disk |storage |mail )?(?:space|room|storage)`,
		`not enough (?:free |disk |storage |mailbox )?(?:space|room|storage)\b`,
		`over (?:the |its |their |his |her )?(?:allowed |allotted |mail |disk |storage |message |account )*quota`,
		`(?:reached|hit|exhausted|used up|exceeded|exceeds|exceeding|surpassed|is at|beyond) (?:the |its |their |his |her |a )?(?:max\w* |allowed |allotted |mail\w* |disk |storage |account |user |domain )*(?:quota|storage limit|space limit|capacity|allotment|allocation)`,
		`(?:space|storage|quota|mailbox)[^.;]{0,30}(?:used up|exhausted|depleted|insufficient|run out)`,
		`(?:mail ?box|in-?box|account|recipient|user)[^.;]{0,30}(?:has |have )?(?:too many|maximum number of) (?:messages|e?-?mails)`,
		`mail ?box(?:es)? (?:would|will|has|have|is|are|cannot)[^.;]{0,40}(?:maximum|allowed storage|limit|hold)`,
		`(?:user|domain) ?disk ?quota`,
		`no (?:more )?(?:space|room) (?:left )?(?:in|for|on) [^.;]{0,20}(?:mail ?box|user|account|recipient|in-?box)`,
		`quota (?:usage|full|used|\d+ ?%|check failed|warning|overflow)`,
		`{rcpt}[^.;]{0,40}\bno (?:more |free |disk )*(?:space|room|storage)\b`, `{rcpt} (?:has|with) too much mail\b`,
		`(?:disk|disc|mail|mailbox|storage|user|account|recipient)[- ]?quota`, `capacity exceeded`, `full \(\d`, `over ?-?quota`,
		`quota (?:has been |is |was )?(?:exceeded|reached|full|violation|limit)`,
		`exceed(?:s|ed|ing)? .{0,40}(?:quota|(?:storage|dis[ck]|mail) (?:space|alloc)|mail ?box)`, `disk (?:quota|space) .{0,20}(?:exceeded|full)`,
		`(?:mail ?box|mail ?folder|mail ?drop|in-?box|maildir|mailspool|account|user'?s? (?:disk|mail)).{0,50}\b(?:full|exceed(?:s|ed|ing)|out of (?:storage|space)|over (?:the |its |their )?(?:limit|allowed|size))`,
		`(?:mail ?box|in-?box|account) .{0,30}(?:size|storage) limit`,
		`not enough (?:storage|disk)? ?space (?:in|for|left in) .{0,20}(?:mail ?box|user)`,
		`(?:would|will) exceed .{0,40}(?:limit|quota|storage)`, `exceeded storage allocation`, `mailbox (?:is )?(?:over|full)`,
		`full mail ?box`, `user (?:is )?(?:over|full)`, `insufficient (?:space|storage) .{0,20}(?:mailbox|user)`,
		`recipient (?:storage|mailbox) (?:is )?full`, `storage quota`,
		`out of storage`, `(?:space|storage|quota)\b[^.;]{0,20}\bnot (?:enough|sufficient)`,
	}},
	{Moved, "", []string{
		`address .{0,80} (?:has been |was )?(?:replaced|superseded) by`,
		`(?:please )?(?:use|update)[^.;]{0,40}new (?:(?:e-?)?mail )?address`, `no longer at this (?:address|location)`,
		`forward(?:ing)? address (?:is |has )?(?:unknown|expired|gone|no longer)`, `(?:a chang[ée]|neue) (?:d\')?adresse`,
		`(?:has|have|had) (?:been )?(?:moved|changed|migrated|relocated)`, `mailbox (?:has )?moved`,
		`destination mailbox has moved`, `no longer on (?:this )?server`, `recipient no longer`, `user not local; please try`,
		`moved to (?:a )?new`, `{rcpt} (?:has |was )?moved\b`, `{rcpt} (?:has |was )?moved\b`, `(?:new|changed) (?:e-?mail )?address (?:is|to)`, `has been replaced`, `\buse the (?:new )?address`,
		`address (?:has )?changed`,
	}},
	{Disabled, "", []string{
		`{rcpt}[^.;]{0,40} (?:no longer|not) active\b`,
		`{rcpt}[^.;]{0,40} (?:temporar(?:y|ily) )?(?:locked|suspended|inactive|disabled|blocked temporarily)`,
		`\S+ (?:is|has been|was) (?:currently |temporarily )?suspended`, `bo[iî]te[^.;]{0,40}archiv`, `recipient suspend`,
		`mail ?box \S* ?unavailable or access denied`,
		`(?:konto|postfach)[^.;]{0,40}(?:gesperrt|deaktiviert|inaktiv)`,
		`(?:compte|bo[iî]te)[^.;]{0,40}(?:d[ée]sactiv|suspendu|ferm[ée])`,
		`(?:cuenta|conta|buz[oó]n)[^.;]{0,40}(?:desactivad|suspend|inactiv|bloquead|inativ)`,
		`dormant`, `hibernat`,
		`(?:account|mail ?box|user|recipient|address|customer|subscriber|domain)(?:\(s\))?(?: account)?[^.;]{0,60}(?:\bis|\bare|\bhas been|\bwas|\bhas|:|\bcurrently|\btemporarily)? ?\b(?:disabled|suspended|inactive|locked|deactivated|not active|de-activated|expired?\b|frozen|terminated|closed|cancell?ed|discontinued|invalidated|unavailable temporarily)`,
		`(?:disabled|suspended|inactive|locked|deactivated|expired|closed) (?:account|mail ?box|user|recipient|mailbox|customer)`,
		`mailbox (?:currently|temporarily) (?:suspended|disabled|unavailable)`,
		`not (?:currently )?(?:active|enabled) (?:account|mailbox|user)`, `mail(?:box)? (?:is )?disabled`,
		`account not (?:currently )?(?:activated|active)`, `user suspended`,
	}},
	// Size.
	{TooBigFor, "", []string{
		`(?:message|mail|e-?mail|size|content|attachment|body|length|file)s?[^.;]{0,60}(?:exceed(?:s|ed|ing)?|too (?:big|large)|larger than|over the|greater than|limit exceeded)[^.;]{0,60}(?:limit set by|for (?:this )?recipient|set by recipient|recipient'?s? limit)`,
	}},
	{TooBig, "", []string{
		`line limit exceeded`, `too much mail data`, `taille (?:maximale|limite)`, `exceed(?:s|ed|ing)?[^.;]{0,40}(?:message|mail) ?size`,
		`message length exceeds`, `(?:nachricht|(?:e-?)?mail)[^.;]{0,30}zu gro(?:ß|ss)`,
		`message trop (?:gros|volumineux)|taille (?:maximale|du message)`, `(?:demasiado|troppo|muito) grande`, `\bte groot\b`, `слишком больш`,
		`(?:max|maximum|allowed)[^.;]{0,20}(?:size|length)[^.;]{0,30}(?:exceed|\d)`,
		`(?:message|mail|e-?mail|size|attachment|body)s?[^.;]{0,60}(?:exceed(?:s|ed|ing)?[^.;]{0,40}(?:size|limit|max|fixed|length|administrative)|too (?:big|large)|larger than|size limit)`,
		`size (?:limit )?(?:exceed|too)`, `size limit[^.;]{0,30} exceed`, `(?:message|mail) (?:is )?too long\b`, `max(?:imum)? message size`, `exceeds (?:the )?(?:maximum|size|limit)`,
		`message size (?:exceeds|limit)`, `too big for`,
	}},
	{Policy, "", []string{
		`not accept\w* (?:any )?(?:(?:e-?)?mails?|messages?) (?:with|containing|from (?:non|outside|external))`,
	}},
	{Content, "", []string{
		`not accept\w* (?:(?:e-?)?mails?|messages?) in `, `character sets?`,
	}},
	{SenderRefused, "", []string{
		`not accept\w* (?:any )?(?:(?:e-?)?mail|messages?) from (?:this |your |the )?(?:sender|domain|[a-z0-9-]+\.[a-z])`,
	}},
	// Mail that nobody takes.
	{NoMail, "", []string{
		`null ?mx`, `accepts no (?:e-?)?mail`, `does not accept (?:e-?)?mail`, `no mx record`,
		`(?:host|domain|server|address|system|mailbox)[^.;]{0,30} (?:does|do|will|can) ?not (?:accept|receive) (?:any )?(?:e-?)?mail`,
		`not accepting (?:e-?)?mail`, `smtp (?:service|protocol).{0,20} (?:is )?(?:disabled|not (?:accept|supported))`,
		`(?:no longer|doesn'?t|does not) (?:accept|receive)s? (?:any )?(?:e-?)?mail`,
		`mail(?:host|server) (?:does not|do not) accept`, `delivery to this (?:host|domain) is disabled`, `rfc7505`,
	}},
	{Listed, "", []string{
		`listing in \S*spamhaus`, `\b[sx]bl/|/[sx]bl\b|listed (?:in|at|on|by) (?:the )?(?:spamhaus )?(?:zen|sbl|xbl)`,
	}},
	// Blocklists and addresses.
	{Dynamic, "", []string{
		`(?:dial-?up|dynamic|residential|transient)[^.;]{0,40}(?:ip|address|host|pool|space|user|client)`, `(?:dial-?up|residential) (?:network|line)`,
		`(?:ip|address|host|client)[^.;]{0,40}(?:dial-?up|dynamic(?:ally)?)`, `\bpbl\b`,
		`send (?:it |mail )?through your (?:isp|provider)`,
	}},
	{SenderRefused, "", []string{
		`\bsender (?:address )?(?:<?@>? )?(?:is |has been |was )?(?:(?:on|in) (?:\S+ )?)?(?:black|block|deny)-? ?list`,
		`accept\w* (?:any )?(?:(?:e-?)?mail|messages?) from (?:this |your )?(?:sender|domain|[0-9-]*[a-z][a-z0-9-]*\.)`,
	}},
	{Listed, "", []string{
		`\bin an? \w*rbl\b`, `dnsbl`, `\w*rbl\.`,
		`\b(?:ip|server|host|{ip})\b[^.;]{0,40} (?:is|was) (?:on|in) (?:the|an?|our) (?:\S+ ){0,4}list\b`,
		`trend micro (?:rbl|(?:e-?)?mail reputation|network reputation|reputation)`, `block(?:ed|ing)? (?:using|by|at|via) \S+\.\S`,
		`spamhaus`, `spamcop`, `sorbs`, `barracudacentral`, `surbl`, `uribl`, `\bdnsbl\b`, `\brbl\b`, `\bcbl\b`, `\brhsbl\b`,
		`\bxbl\b`, `\bsbl\b`, `black ?-?list`, `block ?-?list`, `deny ?-?list`, `black ?hole`, `listed (?:in|at|by|on) `,
		`is (?:currently )?listed`, `invaluement`, `ivmsip`, `found on one or more`,
	}},
	{Reputation, "", []string{
		`(?:poor|bad|low|no|negative|none/bad) (?:\S+ ){0,2}reputation`, `reputation (?:is|of|score|too|too low|-)`,
		`ip reputation`, `reputation`, `unexpected volume or user complaints`, `csi\.cloudmark`,
	}},
	{Greylisted, "", []string{
		`grey-?list`, `gray-?list`, `postgrey`, `try again in \d+ (?:seconds|minutes)`, `please try again later.{0,20}greylist`,
	}},
	{Connections, "", []string{
		`concurrency limit`, `\brecipients? count\b`, `\bsession limit`, `\bconnection time\b`, `too many (?:\w+ ){0,3}(?:connections?|sessions?)`, `connection limit`, `trop de connexions`,
		`zu viele (?:verbindungen|gleichzeitige)`, `demasiadas conexiones`, `(?:maximum|max)(?: number of)? (?:\w+ )?connections?`,
		`per-domain (?:connection|limit)`,
		`too many (?:simultaneous |concurrent |open |parallel )?(?:connections|sessions|smtp sessions)`,
		`connection (?:rate|limit|count|frequency)`, `concurrent (?:connection|session)`,
		`connections? (?:from|per) .{0,40}(?:exceed|limit|too)`, `too many recipients`, `recipients? (?:limit|exceed)`,
		`max(?:imum)? (?:number of )?(?:messages?|recipients|connections|rcpts?) (?:per|exceed|reached|allowed)`,
		`frequency limited`, `too many messages (?:in|per) (?:this |one |a )?(?:session|connection)`, `too many mails? in`,
		`no more than \d+`,
	}},
	{Rate, "", []string{
		`\bslow(?:er|ly)\b`, `zu viele (?:nachrichten|(?:e-?)?mails)`, `trop de (?:messages|courriels|(?:e-?)?mails)`, `(?:demasiados|muitas|troppi) (?:mensajes|correos|mensagens|messaggi)`,
		`\btoo (?:much|many)\b[^.;]{0,30}(?:per|in (?:a|the|one|last)) (?:second|minute|hour|day|period|short)`,
		`exceed(?:s|ed|ing)? [^.;]{0,50}(?:per (?:second|minute|hour|day))`,
		`too (?:fast|many messages|many e-?mails|many mails|much mail|frequent|quickly|often)`,
		`\bat a rate\b`, `receiving (?:e-?)?mail too`, `(?:rate|sending|message|recipient|volume|mail) ?(?:rate )?(?:limit(?:ed|ing|s)?|throttl\w+|exceeded|control)`, `throttl`,
		`rate.?limit`, `unusual rate`, `flood`, `slow down`,
		`(?:hourly|daily|minute)[- ](?:limit|quota)`, `temporarily deferred due to`, `exceeded .{0,30}rate`, `excessive`,
	}},
	// Content.
	{Virus, "", []string{
		`malicious`, `virus`, `malware`, `trojan`, `\bworm\b`, `\b(?:troj|w32|w97m)/`, `\beicar\b`, `infected`,
		`phishing detected`, `contains (?:a )?(?:worm|exploit)`,
	}},
	{Spam, "", []string{
		`reject(?:ed)?, id=\d+[\d-]*(?: - spam)?$`,
	}},
	{Policy, "", []string{
		`\btransport\.?[ .]?rules?\b`, `(?:forbidden|matched)[ _](?:file|attachment|extension|map)`,
		`\b(?:archive|zip|attachment|macro|extension|file|executable)s?\b[^.;]{0,40}(?:not (?:allowed|permitted|accepted)|blocked|forbidden|prohibited)`,
		`\bdlp\b`, `\bbanned:`, `\bbanned (?:file|attachment|name|extension|type)`,
	}},
	{Spam, "", []string{
		`\bdspam\b`, `gtube`, `bayes`,
		`\bspam\b(?:[^.;]{0,40}(?:detected|content|score|message|mail|rejected|blocked|classified|suspected|probability|-?like|filter|refused|not accepted))?`,
		`\bube\b`, `\buce\b`, `unsolicited`, `\bjunk`, `spam(?:my|assassin|like)`, `bulk (?:e-?)?mail`,
		`message content rejected`, `content (?:rejected|denied|filter)`,
		`(?:looks|considered|identified|classified|marked|tagged|flagged) (?:like|as|to be) (?:spam|junk|unsolicited)`,
		`message (?:rejected|refused|blocked) by (?:spam|content|the filter|filter)`, `suspicion of spam`, `high spam`, `as spam\b`,
	}},
	{Format, "", []string{
		`\b(?:from|date|message-id|subject|sender)\b[^.;]{0,20}\b(?:header|field)s?\b[^.;]{0,30}(?:missing|invalid|malformed|duplicate|absent)`,
		`\bheader\b[^.;]{0,30}\b(?:from|date|message-id|subject)\b(?: (?:is|field|header))*\W{0,3}(?:missing|invalid|malformed|absent|$)`,
		`\bheader\b[^.;]{0,30}(?:missing|invalid|malformed|absent) (?:from|date|message-id|subject)\b`,
		`\b(?:two|several|many|more than one) (?:from|subject|date|to)\b`,
		`multiple \S+ headers?`, `duplicate headers?`, `rfc ?-?(?:2?822|5322)`,
		`(?:missing|lacks|multiple|duplicate|invalid|malformed|more than one|no) [^.;]{0,30}(?:header|from:|message-id|date:|subject)`,
		`headers? (?:are |is )?not`, `non-?compliant`, `not compliant`, `multiple addresses in from`,
	}},
	{Content, "", []string{
		`8-?bit`, `(?:media|body) (?:error|type|not supported)`, `mime (?:error|content|encod|type|violation|boundary)`, `charset`,
		`character ?set`, `(?:improper|invalid|illegal) (?:use of|characters?|content|message|data|header)`, `smtputf8`,
		`non-?ascii`, `content (?:error|conversion|type)`, `conversion`, `message (?:format|content) (?:error|is invalid|invalid)`,
		`\bnull? (?:characters?|bytes?|octets?)\b`, `bare <?(?:lf|cr|newline|carriage)`, `malformed`, `unsupported (?:content|charset|encoding)`,
		`(?:message|header) (?:has|contains) .{0,40}(?:invalid|illegal)`, `improper`,
	}},
	// TLS.
	{StartTLS, "", []string{
		`(?:negotiate|start|establish|initiate) (?:a )?(?:tls|ssl)\b`, `must (?:issue|use) (?:a )?starttls`, `starttls (?:failed|failure|is required|required|not)`,
		`tls (?:handshake|negotiation|session|connection|error|is required|required|not available|currently unavailable|unavailable)`,
		`(?:requires?|need) (?:tls|ssl|encryption|starttls|a secure)`, `cannot start tls`, `encryption (?:is )?(?:needed|required)`,
		`ssl (?:error|handshake|routines)`, `tls (?:version|protocol)`, `server certificate`,
		`certificate (?:verify|verification|not trusted|expired)`,
	}},
	{TLSPolicy, "", []string{
		`\bdane\b`, `tlsa`, `mta-sts`, `dnssec`,
	}},
	{Disabled, "", []string{
		`\b(?:is|are|now|been|was|receiving|currently|temporarily|permanently|administratively) (?:now |currently |temporarily )?(?:disabled|deactivated|inactive|suspended|locked|closed|terminated|frozen|expired|inactivated)\b`,
	}},
	{Refuses, "", []string{ // what more words say has been told above
		`\bnot (?:wanted|want (?:your|this|any) (?:e-?)?mail)`, `\b(?:user|recipient|customer)'s (?:\S+ )?(?:filter|rule)s?\b`,
		`(?:rejected|refused|denied) by (?:this|our) (?:recipient|user|addressee)\b`,
	}},
	{Policy, "", []string{
		`(?:reject|refus)\w* (?:due to|because of|by|for|per) (?:\S+ ){0,3}polic`,
	}},
	{Disabled, "", []string{
		`(?:(?:due|owing) to|for) (?:\S+ )?inactivity`, `\b(?:account|mail ?box)\b[^.;]{0,20} (?:is|was|has been) blocked\b`,
	}},
	{Program, "", []string{
		`pipe to \|`,
	}},
	{NoHost, "", []string{
		`\bdomain (?:name )?(?:does(?:n\'t| not) exist|not found|is unknown|is not reachable|must exist|unknown|invalid|is invalid|has expired|expired)`,
		`\bno dns (?:records?|entr(?:y|ies)) (?:found )?for (?:domain )?[a-z0-9-]*[a-z][a-z0-9-]*\.`,
		`no such (?:domain|host)`, `name or service not known`,
		`\b(?:unknown|invalid|non-?existent|unresolvable|bad) (?:(?:(?:e-?)?mail|recipient\'?s?|destination|target) )(?:domain|host)\b`, `no (?:valid )?mail ?(?:host|server|exchanger)s?\b`,
		`(?:domain|domaine|dominio|dom[ií]nio)[^.;]{0,40}(?:inconnu|nicht gefunden|introuvable|no encontrad|non trovat|não encontrad|existiert nicht|unbekannt|no existe|n\'existe|desconocid|non esiste|onbekend)`,
		`servfail|nxdomain`,
	}},
	{NoHost, "", []string{
		`(?:^|\s)[a-z0-9-]+(?:\.[a-z0-9-]+)+ does not exist`,
	}},
	// Recipients.
	{NoUser, "", []string{
		`undeliverable address`,
		`recipient (?:was |is |has been )?rejected`, `(?:does|do) not have an account`, `(?:cannot|could not|can\'t) be verified`,
		`not? exist`, `not a member of (?:this |the )?domain`, `(?:restricted characters in|malformed) (?:(?:e-?)?mail )?address`,
		`{rcpt}(?:\W{1,3}[^.;:]{0,60}?)?[ :] ?(?:(?:is|was|were|are|has been|could|can|has|seems to be|currently|appears to be) )?{gone}`,
		`{missing} (?:\S+ ){0,2}{rcpt}\b`,
		`^(?:\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3} )?)?@ (?:is )?(?:not found|unknown|does not exist|invalid|rejected|not known)`,
		`(?:can'?t|cannot|could not|couldn't|unable to|don't|do not) (?:accept|find|locate|recogni[sz]e|match|identify|know|have) (?:the |that |this |such |a |any |your )?(?:specified |requested |given |intended |(?:e-?)?mail )?{rcpt}`,
		`no \S+ in (?:name )?directory`,
		`not (?:a )?local (?:address|user|recipient|mailbox)`, `no mail ?box`, `\bnot an? registered\b[^.;]{0,20}\b{rcpt}\b`, `\bno (?:one|body|{rcpt})\b[^.;]{0,20}\b(?:by|of|with) (?:that|this) name`, `{rcpt} (?:has|have) no\b`,
		`(?:there is )?no ?(?:one|body) (?:at|here|by|with)`,
		`recipients? (?:is |are |was |were )?not (?:accepted|ok|allowed here|permitted here)`,
		`(?:utente|usuario|usu[aá]rio|utilisateur|utilizador|gebruiker|benutzer|empf(?:ae?|ä)nger|adressat|destinataire|destinatario|destinat[aá]rio|adresse?|cuenta|conta|casella|casilla|buz[oó]n|bo[iî]te|postfach|mailbox|persona)[^.;]{0,50}(?:inconnu|desconocid|desconhecid|sconosciut|unbekannt|onbekend|inexist|non trovat|no encontrad|non trouv|introuvable|n[aã]o (?:encontrad|localizad)|nicht (?:gefunden|existent|bekannt|vorhanden|g[üu]ltig)|existiert nicht|n\'existe|no existe|n[aã]o existe|non esiste|bestaat niet|invalide|inv[aá]lid|ung[üu]ltig|errat|simile)`,
		`(?:no existe|non esiste|n[aã]o existe|nessun)[^.;]{0,30}(?:usuario|utente|persona|usu[aá]rio|cuenta|buz[oó]n|casilla|direcci[oó]n)`,
		`unbekannter (?:benutzer|empf(?:ae?|ä)nger)|(?:empf(?:ae?|ä)nger|benutzer|adresse)[^.;]{0,40}(?:abgelehnt|unbekannt)`,
		`用户不存在|找不到(?:此|该|这个)?(?:用户|收件人|邮箱|地址|账[号户])|(?:用户|收件人|邮箱|账[号户])找不到|收件人不存在|查无此|地址不存在|无此用户|邮箱不存在`, `(?:存在しません|見つかりません|存在しない|見つからない)`, `(?:не существует|не найден|нет такого|неизвестн)`,
		`account unavailable`, `(?:has|is) (?:left|no longer (?:with|employed|working))`,
		`(?:non ?existent|nonexisting|bogus|fake|dummy|retired|deleted|removed|former|ex-) ?(?:user|account|mail ?box|address|employee|recipient)`,
		`{rcpt}[^.;]{0,30}(?:has been |was |is )?(?:deleted|removed|retired|withdrawn|purged)`, `address rejected\.?$`,
		`not (?:authorized|allowed|permitted) recipient`, `unknown local`,
		`no such (?:person|name|(?:e-?)?mail|entry|local|login|id)`,
		`(?:no such|unknown|invalid|non-?existent|nonexistent|undefined|bad|illegal|inexistent|wrong|incorrect)[^.;<>]{0,20}(?:user|recipient|mail ?box|account|alias|address|destination mailbox|local[- ]part|addressee|person|customer|rcpt|member|username|destinataire|user ?id|list|group)(?:\b|s\b)`,
		`(?:user|recipient|mail ?box|account|alias|address|addressee|user ?name|mailbox name|person|local[- ]part|customer|member|name|destinataire|userid|email address|recipientaddress)(?: <?@?>?| name| address| you entered| given| id| account| here)?\W{0,6}(?:is |was |are |does |do |has |seems |could |can ?|you tried to reach (?:is |does )?)?(?:not (?:found|known|exist|existing|valid|here|listed|a valid|recogni[sz]ed|on this|our|in (?:the )?directory|local|be found|a known|defined|available here)|unknown|doesn'?t exist|n'?t exist|invalid|invalide|nonexistent|non-existent|unavailable|undeliverable|no longer (?:exists|available|valid|active|in use|employed|with)|not exist|inconnu|unrouteable|couldn'?t be found|un ?known|undefined)`,
		`user ?unknown`, `unknown ?user`, `does not exist`, `doesn't exist`, `no mailbox`, `no user`,
		`not a (?:known|valid) (?:user|mailbox|recipient|address|account)`,
		`recipient (?:name )?(?:is )?not (?:recogni[sz]ed|on server)`,
		`(?:can'?t|cannot|able to|could not|couldn'?t) (?:find|locate|verify|be found) .{0,40}(?:user|recipient|mailbox|address|account|alias|match)`,
		`address (?:not found|couldn'?t be found|error)`, `not (?:our|my) customer`,
		`no such (?:person|name|address|entry)`, `mailbox unavailable`, `recipient verify failed`,
		`unrecognized (?:recipient|user)`,
		`there is no (?:such )?(?:user|mailbox|account|one)`, `address does not`, `(?:unable to|can ?not|could not|can\'t|couldn\'t) (?:find|locate) <?@`,
		`delivery to the following recipients? (?:failed|has been rejected)(?:$| permanently\b.{0,30}$)`,
		`recipient(?:s)? (?:unknown|failed|does not|not found|refused|invalid|denied)`, `5\.1\.1`,
		`all (?:the )?recipients (?:were|are) (?:invalid|rejected)`, `adresse .{0,40}invalide`, `unknown address`,
		`user .{0,60} not (?:found|exist)`, `(?:address|recipient|user) .{0,60}(?:could not be found|was not found)`, `#5\.1\.1`,
		`unroutable address`, `doesn't have an? \S+ account`,
	}},
	// Domains and the way there.
	{NoHost, "", []string{
		`host (?:or domain name )?(?:unknown|not found)`, `unknown host`,
		`(?:domain|host)(?: name)?[^.;]{0,60}(?:not found|does ?n[o']t exist|couldn'?t be found|could not be found|is not reachable|unreachable|unknown|non-?existent|not exist|invalid|unresolvable|nxdomain|has no (?:mx|a))`,
		`no such (?:domain|host)`, `illegal host`, `nxdomain`, `unrouteable`, `unroutable`,
		`(?:could not|couldn'?t|cannot|can'?t|unable to) (?:find|resolve|locate|route)[^.;]{0,60}(?:host|domain|exchanger|gateway|name|mx|ip address|route)`,
		`bad destination (?:system|host)`, `recipient'?s? domain\b[^.;]{0,40}\b(?:not?|unknown|invalid|unresolv\w+|nonexist\w+)\b`, `\bno\b[^.;]{0,30} recipient'?s? domain\b`, `account or domain may not exist`, `invalid (?:host|domain)`,
		`(?:domain|host)(?: name)?[^.;]{0,60}(?:could not|cannot|can ?not|can\'t) be resolved`, `all host address lookups failed`, `mail ?server for .{0,60}(?:not found|unknown)`,
	}},
	{Network, "", []string{
		`too many hops`, `hop count`, `mail loop`, `loops? back`, `routing loop`, `loop detected`, `mail is looping`, `looping`,
		`name service error`, `malformed or unexpected name server`, `dns (?:error|failure|lookup|problem|type|time ?-?out)`, `name server`,
		`no route`, `network (?:is )?(?:unreachable|error|unavailable)`, `host (?:is )?(?:unreachable|down)`,
		`unable to (?:connect|lookup)`, `routing error`, `temporary (?:lookup|dns|resolve)`,
		`(?:address|host|domain) (?:lookup|resolution) (?:failed|failure)`, `mx (?:lookup|records? (?:point|loop))`,
		`no route to host`, `unreachable`,
	}},
	{Program, "", []string{
		`\bcommand output: `,
	}},
	{Temporary, "", []string{
		`temporarily deferred`, `(?:message|mail) deferred$`,
	}},
	{Expired, "", []string{
		`(?:stopped|given up|gave up|give up) (?:trying|retrying|on)`, `\bd[ée]lai\b`,
		`(?:could not|cannot|can ?not) send message for`, `(?:retries|attempts) (?:were |are )?(?:exhausted|exceeded)`,
		`delivery attempts? will continue`, `\brequests? to connect`, `failing for (?:a long|too long|\d)`,
		`after (?:\w+ )?(?:many|multiple|several|repeated|numerous|\d+) (?:\w+ )?(?:tries|attempts|retries)`,
		`server did not respond|not respond(?:ing|ed)?\b`, `not reachable within`,
		`giving up (?:after|on delivery)`, `, giving up\.?$`, `\b(?:contact|reach|connect)\w*\b[^.;]{0,30} for [\d.]+ (?:day|hour)`, `allowed queue period`,
		`(?:too long|days?|hours?) in (?:the )?queue`, `max(?:imum)? (?:age|lifetime|time in queue)`,
		`time limit (?:exceeded|reached)`, `zeit[^.;]{0,20}(?:abgelaufen|[üu]berschritten)`,
		`d[ée]lai[^.;]{0,30}(?:d[ée]pass|expir)`,
		`(?:message|mail|envelope|delivery|queue|retry)[^.;]{0,50}(?:expired|timeout|timed out|too long|time ?-?out exceeded|delayed|has been (?:delayed|in the queue))`,
		`in the queue too long`, `max(?:imum)? (?:\S+ )?time (?:without|in|for)`,
		`(?:could not|not|unable to|unable to) (?:be )?deliver(?:ed)?[^.;]{0,60}(?:after|within|for) [\d.]+ ?(?:day|hour|minute|second)`,
		`(?:was |)aborted after [\d.]+ hour`, `connection timed? ?-?out`, `operation timed out`,
		`conversation with .{0,60}timed out`, `timed out`, `connection (?:refused|reset|lost|closed|dropped|failed)`,
		`lost connection`, `deferred`, `retry time not reached`,
		`delivery time(?:d)? ?-?out`, `still trying`, `delayed`, `not been delivered`, `unable to deliver (?:this )?message after`,
		`(?:could not|cannot) be delivered for`, `maximum (?:retry|queue)`, `4\.4\.7`, `expired`,
	}},
	{Blocked, "", []string{
		`\b(?:sender|sending|client|remote|connecting)(?:\'s)? (?:host|ip|server|mta)\b[^.;]{0,40}\b(?:blocked|banned|rejected|refused|denied|not (?:allowed|accepted|permitted|welcome))`,
		`\byour (?:ip|host|server|network)\b[^.;]{0,40}\b(?:blocked|banned|rejected|refused|denied)`,
		`\b(?:access|connections?|mail|messages?|traffic) from (?:ip\b|host\b|{ip})[^.;]{0,60}\b(?:blocked|banned|rejected|refused|denied)`,
	}},
	// The receiver's system.
	{SystemFull, "", []string{
		`insufficient (?:system |disk )?(?:storage|resources|space)`, `disk (?:is )?full`, `no space left`,
		`system (?:is )?(?:full|storage)`, `file system (?:is )?full`, `out of (?:disk|memory)`, `mail system full`,
	}},
	{Program, "", []string{
		`command failed: `, `exit(?:ed)? (?:status|code|with)`, `returned (?:exit )?status \d`,
	}},
	{System, "", []string{
		`(?:database|ldap|backend|directory|storage|server) (?:is )?(?:temporarily |currently )?(?:unavailable|not available|down|offline)`, `shutting down`,
		`duplicat\w+ message-id`, `transaction failed`, `local (?:configuration )?error`,
		`(?:internal|server|system|local|unexpected|software|database|ldap|configuration)[- ](?:server |system |configuration )?(?:error|failure|problem|malfunction)`,
		`config(?:uration)? error`, `(?:incorrectly|wrongly) configured`, `service (?:is )?(?:currently |temporarily )?(?:unavailable|not available)`,
		`temporary (?:system|server|internal) (?:error|problem|failure)`, `misconfigur`, `can'?t open`,
		`cannot (?:open|create|write)`, `interrupted`, `out of service`, `system (?:error|not|problem|down)`,
		`unable to (?:process|complete|relay right)`, `server (?:busy|too busy|not responding)`,
		`try(?: again)? later.{0,30}(?:error|problem)`, `processing error`, `aliasing/forwarding loop`, `alias.{0,20}loop`,
		`command failed`, `i/o error`, `bad file`, `resources? (?:temporarily )?unavailable`,
	}},
	{Program, "", []string{
		`^(?:\S+ )?exit \d+\b`, `^command failed: `, `signal \d+`, `mailer error`, `pipe to \|`,
		`command (?:died|failed|output|time limit|returned)`, `unknown mailer`, `procmail`,
		`/usr/(?:local/)?(?:s?bin|lib(?:exec)?)/`, `x-unix`, `child (?:process|status)`, `exit (?:status|code)`,
		`died with (?:status|signal)`, `local delivery (?:failed|program)`, `delivery agent`, `maildrop`,
		`transport .{0,40}(?:error|failed)`,
	}},
	{Spam, "", []string{
		`spam`, `content[^.;]{0,30}(?:reject|refus|den(?:y|ied)|block|restrict|not (?:allowed|accepted))`,
	}},
	{Content, "", []string{
		`\bmime\b`, `invalid data in`,
	}},
	// Refusals that say little.
	{Policy, "", []string{
		`non-?member`, `members[- ]only list`,
		`not subscribed to this`, `illegal (?:attachment|file|content)`,
		`(?:richtlinie|politique|pol[ií]tica)`, `header error`,
		`(?:due to|by|violates?|violation of|against|for|under|security|local|administrative|message|our|site|company|content|mail)[^.;]{0,20} (?:policy|policies)`,
		`polic(?:y|ies) (?:violation|restrict|reasons?|rejection|prevent|prohibit)`, `prohibited`, `attachment`, `file type`,
		`executable`, `not accepted for policy`, `message (?:is )?(?:prohibited|not permitted|not allowed)`,
		`security (?:policy|issue|violation)`, `denied by policy`, `restricted`,
	}},
	{SenderRefused, "", []string{
		`\bsender (?:(?:e-?)?mail|address|domain)?[^.;]{0,30}\b(?:not|isn\'t|no)\b`,
	}},
	{NoUser, "", []string{
		`recipient (?:e-?mail )?address (?:was |is |has been )?(?:rejected|refused|denied)`,
	}},
	{SenderRefused, "", []string{
		`(?:sender|from|return-?path|originator|envelope)(?: address| was)?[^.;]{0,60}(?:rejected|denied|refused|blocked|not (?:allowed|accepted|permitted|authorized|valid)|invalid|unacceptable|banned|prohibited|unknown|is bad|disallowed|forged|missing|must)`,
		`sender was rejected`, `(?:reject|refus|den(?:y|ied))\w*[^.;]{0,30}(?:sender|from|envelope)`,
		`(?:invalid|bad|illegal|unknown|empty|null|malformed) (?:sender|return-?path|from|envelope)`,
		`\b(?:sender(?:\'s)?|sending|from) domain\b[^.;]{0,30}\b(?:not (?:accepted|allowed|permitted)|rejected|refused|blocked|banned)\b`,
		`\bsender address\b[^.;]{0,30}\b(?:lacks|must|needs?|requires?)\b`, `\b(?:domain|you|user|sender)\b[^.;]{0,40}\b(?:not|n\'t) (?:allowed|permitted|authori[sz]ed) to send\b`,
		`(?:not|aren\'?t|isn\'?t) (?:allowed|authorized|permitted|able) to (?:post|send)[^.;]{0,60}(?:group|list|this|members|address)`,
		`don'?t have permission`, `do not have permission`, `members? only`, `subscribers? only`, `\bonly (?:list )?(?:subscribers|members|moderators)\b`, `moderat`, `not a member`,
		`backscatter`, `bounce messages?`,
	}},
	{Refused, "", []string{
		`dead domain`, `verification failure`, `security (?:error|reasons?)`,
	}},
	{Blocked, "", []string{
		`(?:ihre|deine) (?:ip|(?:e-?)?mail|nachricht)[^.;]{0,40}(?:abgelehnt|blockiert|gesperrt)`,
		`\b(?:connection|access|client|host|server|ip|you|your (?:ip|host|server|network|address|domain)|messages? from|mail from|e-?mail from|ip address)\b[^.;]{0,60}\b(?:rejected|refused|denied|blocked|banned|forbidden|not (?:allowed|accepted|permitted|authorized|welcome)|prohibited|unacceptable)`,
		`(?:blocked|rejected|banned|refused|denied)[^.;]{0,40}\b(?:ip|host|client|address|server|for abuse|- see|by administrator)`,
		`not accepting connections`, `no smtp service`, `access denied`, `blocked`, `refused to talk`,
		`too many errors`, `closing transmission channel`, `service refused`,
	}},
	{Syntax, "", []string{
		`syntax error`, `(?:command|parameter|argument)s? (?:not |un)(?:recognized|implemented|known|supported)`,
		`unrecogni[sz]ed (?:command|parameter|smtp)`, `unimplemented`, `bad (?:sequence|command)`, `out of sequence`,
		`(?:ehlo|helo|mail|rcpt|auth)(?:/helo)? first`, `protocol (?:error|violation)`, `invalid (?:command|argument|parameter)`,
		`unknown (?:command|parameter|option)`, `need (?:mail|rcpt)`, `pipelining`,
		`too many (?:unauthenticated|unrecognized|invalid|bad) commands`,
	}},
	{NoUser, "", []string{
		`\brecipient (?:address )?(?:not accepted|denied|refused)`, `(?:mailbox|user) (?:refused|denied)`,
	}},
	{NoUser, "", []string{
		`recipient (?:address )?rejected`, `no valid recipients`, `address rejected`,
	}},
	{Temporary, "", []string{
		`temporary failure`, `temporarily`, `try (?:again )?later`,
	}},
}

// guesses are who or what a text is about, and that it is refused, for texts that neither a family nor a code tells.
var guesses = []family{
	{Expired, "", []string{`\b(?:after|within|for) (?:more than )?[\d.]+ (?:day|hour)s?\b`}},
	{Full, "", []string{`\b(?:{rcpt}|disk|mail)\b.{0,80}\b(?:full|quota|exceed\w*|storage|capacity)\b`}},
	{Disabled, "", []string{`\b{rcpt}\b.{0,60}\b(?:banned|disabled|suspend\w*|inactiv\w*|closed|expired|locked)\b`}},
	{SenderRefused, "", []string{`\b(?:sender|originator|envelope|return-?path|mail ?from|from address)\b.{0,80}\b{no}\b`, `\b{no}\b.{0,40}\b(?:sender|originator|return-?path|mail ?from)\b`}},
	{Blocked, "", []string{`\b(?:ip|client|host|server|connections?|network|hostname)\b.{0,80}\b(?:reject\w*|refus\w*|den(?:y|ied)|blocked|forbidden|prohibited|not (?:allowed|accepted|permitted|welcome))\b`}},
	{Policy, "", []string{`\b(?:captcha|headers?|mailing list|settings)\b.{0,60}\b{no}\b`, `\b{no}\b.{0,40}\b(?:headers?|mailing list)\b`}},
	{Network, "", []string{`\b(?:rout(?:e|ing)|gateway|exchanger)\b.{0,60}\b{no}\b`, `\b{no}\b.{0,40}\b(?:rout(?:e|ing)|gateway|exchanger)\b`}},
	{NoUser, "", []string{`\b{rcpt}\b.{0,80}\b{no}\b`, `\b{no}\b.{0,40}\b{rcpt}\b`}},
	{NoMail, "", []string{`\bnot accept\w* (?:any )?(?:mail|messages)\b`}},
	{HELO, "", []string{`\b(?:helo|ehlo)\b`}},
	{NoHost, "", []string{`\bno mx\b`}},
}

// spelled is a family with its words spelled out.
func spelled(families []family) []compiled {
	l := make([]compiled, len(families))
	for i, f := range families {
		words := make([]string, len(f.words))
		for k, w := range f.words {
			words[k] = vocabulary.Replace(w)
		}
		l[i] = compiled{pattern: pattern{class: f.class, sisimai: f.sisimai}, text: anyOf(words)}
	}
	return l
}

// They are compiled when the first reply is explained: no other command needs them.
var (
	commonWords = sync.OnceValue(func() []compiled { return spelled(families) })
	guessWords  = sync.OnceValue(func() []compiled { return spelled(guesses) })
)
