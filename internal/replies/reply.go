// Package replies says what SMTP replies mean: as they were typed or pasted, in a bounce message (RFC 3464), in a mail server's
// log, or in a mailbox full of bounces. A text is recognised by the receiver and its words first, and by its code last, since
// receivers give codes meanings of their own (Gmail's 5.7.27 is about SPF, that of IANA about a null MX).
//
// All of it is text by strangers: every size is bounded, and all patterns are matched in linear time.
package replies

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds on what is read.
const (
	maxText = 8 << 10 // octets of one reply that are looked at
	maxShow = 2 << 10 // octets of it that are shown
)

// Reply is one reply, or what stands in for it.
type Reply struct {
	Text      string   // what is shown: on one line, repeated codes of its lines taken out
	More      []string // what else is said of it, such as the prose of a bounce message
	Code      int      // 0: none
	Enhanced  string   // "": none
	Status    string   // of the report (RFC 3464 2.3.4), where the reply itself has none
	Outcome   string   // of the report: its Action (RFC 3464 2.3.3)
	Kind      Class    // what the form alone tells: Complaint, AutoReply, Delivered; else ""
	Command   string   // that it answers: connect, EHLO, STARTTLS, AUTH, MAIL, RCPT or DATA; "": not known
	Host      string   // that replied
	HostIP    string
	Recipient string
	Sender    string // the domain of the sender, where the input names it
	IP        string // the sending address, where the reply names it
	When      string // as the input writes it
}

var (
	replyCode    = regexp.MustCompile(`(?:^|[\s:;<("'\[,=])([245][0-5]\d)(?:[- :]+['#(]{0,2}([245]\.\d{1,3}\.\d{1,3})\b|[- ,:;\]]|$)`)
	enhancedCode = regexp.MustCompile(`(?:^|[^0-9.])([245]\.\d{1,3}\.\d{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)`)
	codeToken    = regexp.MustCompile(`^([245]\d\d)(?:-(.*))?$`)
	enhancedOnly = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)
	terminal     = regexp.MustCompile(`\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)`) // sequences of ECMA-48
	// What introduces the words of the other side.
	saidBefore = regexp.MustCompile(`(?i)(?: said:|refused to talk to me:|server returned was:|response from the remote server was:|response was:|responded as follows:|SMTP error from remote mail(?:er| server) after [^:]+:(?:[^:]+:)?|remote server returned|did not like our \S+(?: FROM| TO)?:?)`)

	hostForms = []*regexp.Regexp{
		regexp.MustCompile(`(?i)\bhost ([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?) ?\[([0-9a-f.:]{2,45})\]`),
		regexp.MustCompile(`(?i)\brelay=([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\.? ?\[([0-9a-f.:]{2,45})\]`),
		regexp.MustCompile(`(?i)\bH=([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?) \[([0-9a-f.:]{2,45})\]`),
		regexp.MustCompile(`(?i)\bconnect to ([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\[([0-9a-f.:]{2,45})\]`),
		regexp.MustCompile(`(?i)^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?) \[([0-9a-f.:]{2,45})\] did not like`),
		regexp.MustCompile(`(?i)\bby ([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\.? \[([0-9a-f.:]{2,45})\]`),
		regexp.MustCompile(`(?i)while talking to ([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\.?:()`),
		regexp.MustCompile(`(?i)SMTP Server <([a-z0-9._-]+)>()`),
		regexp.MustCompile(`(?i)^([a-z0-9-]+(?:\.[a-z0-9-]+)+) (?:gave this error|rejected your message)()`),
		regexp.MustCompile(`(?i)\bFQDN=([a-z0-9._-]+)\};\{IP=([0-9a-f.:]{2,45})`),
		regexp.MustCompile(`()(?i)(?:^|said:? |^<[^>]*>: )?\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}) (?:does not like|failed after)`),
	}
	// How mail systems name the command, their own words in the first group.
	commandForms = []*regexp.Regexp{
		regexp.MustCompile(`(?i)\(in reply to (end of DATA|[a-z]+(?: from| to)?) command\)`),                                                                       // Postfix
		regexp.MustCompile(`(?i)\bafter (?:pipelined )?(initial connection|[eh](?:hl|el)o|starttls|auth|mail from|rcpt to|(?:end of )?data|sending data block)\b`), // Exim
		regexp.MustCompile(`(?i)\bdid not like our (?:final )?([a-z]+(?: from| to)?):?`),                                                                           // DragonFly
		regexp.MustCompile(`(?i)\[(connect|[eh](?:hl|el)o|mail_from|rcpt_to|data)\]`),
		regexp.MustCompile(`(?:^|\s)>{3} (EHLO|HELO|STARTTLS|AUTH|MAIL|RCPT|DATA)\b`), // Sendmail
		regexp.MustCompile(`(?i)\b(refused to talk to me|does not like recipient|but sender was rejected|failed after i sent the message)`),
	}
	addressIn   = regexp.MustCompile(`<?([A-Za-z0-9._%+=!#$&'*/?^{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)>?`)
	ipv4In      = regexp.MustCompile(`(?:^|[^0-9.])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)`)
	ipv6In      = regexp.MustCompile(`(?i)\[((?:ipv6:)?[0-9a-f]{1,4}:[0-9a-f:.]{2,43})`)
	mailFrom    = regexp.MustCompile(`(?i)\b(?:MAIL FROM:? ?<|from=<|sender[ =]<?|MAIL FROM domain \[|from domain |sending domain \[?|email from |due to domain \()(?:[^@\s<>]+@)?([a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]{2,63})`)
	aboutSender = regexp.MustCompile(`(?i)<[^\s<>@]*@([a-z0-9][a-z0-9.-]+)>(?::|\.\.\.)? (?:sender (?:address )?(?:was |is )?(?:rejected|refused|denied|blocked|not|unknown)|domain of sender)`)
	domainFor   = regexp.MustCompile(`(?i)\b(?:SPF \[|due to )((?:[a-z0-9-]+\.)+[a-z]{2,63})(?:\]|'s DMARC)`)
)

// New reads one reply, as it was typed or pasted: several lines are one reply.
func New(input string) Reply {
	r := Reply{}
	r.fill(input)
	return r
}

// fill takes the words apart; what is set already stays.
func (r *Reply) fill(input string) {
	raw := oneLine(input)
	r.Code, r.Enhanced = codes(raw)
	for _, f := range hostForms {
		if m := f.FindStringSubmatch(raw); m != nil && r.Host == "" {
			r.Host, r.HostIP = hostName(m[1]), m[2]
		}
	}
	r.Text = joined(raw, r.Code)
	if r.Command == "" {
		r.Command = commandIn(raw)
	}
	about := raw
	if m := aboutSender.FindStringSubmatchIndex(raw); m != nil {
		if r.Sender == "" {
			r.Sender = hostName(raw[m[2]:m[3]])
		}
		about = raw[:m[0]] + raw[m[1]:]
	}
	if r.Sender == "" {
		for _, f := range []*regexp.Regexp{mailFrom, domainFor} {
			if m := f.FindStringSubmatch(raw); m != nil {
				r.Sender = hostName(m[1])
				break
			}
		}
	}
	if r.Recipient == "" && r.Command != "MAIL" { // whose reply names no other address than the sender's
		r.Recipient = recipientIn(about)
	}
	if r.IP == "" {
		r.IP = sendingIP(raw, r.HostIP)
	}
}

// commandIn is the last command that a text says it is the answer to.
func commandIn(s string) string {
	for _, f := range commandForms {
		all := f.FindAllStringSubmatch(s, 20)
		if all == nil {
			continue
		}
		switch w := strings.ToUpper(all[len(all)-1][1]); {
		case w == "INITIAL CONNECTION", w == "CONNECT", w == "REFUSED TO TALK TO ME":
			return "connect"
		case w == "HELO", w == "EHLO":
			return "EHLO"
		case w == "STARTTLS", w == "AUTH":
			return w
		case strings.HasPrefix(w, "MAIL"), w == "BUT SENDER WAS REJECTED":
			return "MAIL"
		case strings.HasPrefix(w, "RCPT"), w == "DOES NOT LIKE RECIPIENT":
			return "RCPT"
		case strings.HasSuffix(w, "DATA"), w == "SENDING DATA BLOCK", w == "FAILED AFTER I SENT THE MESSAGE":
			return "DATA"
		}
	}
	return ""
}

// oneLine bounds a text and puts it on one line, without what a terminal would act on.
func oneLine(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	s = terminal.ReplaceAllString(strings.ToValidUTF8(s, "\ufffd"), "")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// clip bounds what is shown, at a rune.
func clip(s string) string {
	if len(s) <= maxShow {
		return s
	}
	n := maxShow
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

// codes finds the reply code (RFC 5321 4.2.1) and the enhanced one (RFC 3463 2) in a line. What follows the words that introduce a reply
// counts first, and a code with an enhanced one of its class next.
func codes(line string) (code int, enhanced string) {
	part := line
	if all := saidBefore.FindAllStringIndex(line, -1); all != nil {
		part = line[all[len(all)-1][1]:]
	}
	for _, s := range []string{part, line} {
		l := replyCode.FindAllStringSubmatch(s, 40)
		var best []string
		for _, m := range l {
			if m[2] != "" && m[2][0] == m[1][0] {
				best = m
				break
			}
		}
		if best == nil && l != nil {
			best = l[0]
		}
		if best != nil {
			code, enhanced = number(best[1]), best[2]
			break
		}
	}
	if enhanced == "" {
		for _, m := range enhancedCode.FindAllStringSubmatch(line, 40) {
			if code == 0 || int(m[1][0]-'0') == code/100 {
				enhanced = m[1]
				break
			}
		}
	}
	return code, enhanced
}

func number(s string) (n int) {
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// joined takes the codes out that each line of a reply repeats (RFC 5321 4.2.1): texts wrap in the middle of a sentence.
func joined(line string, code int) string {
	if code == 0 {
		return line
	}
	words := strings.Fields(line)
	out := make([]string, 0, len(words))
	several := false
	seen := false
	for i := 0; i < len(words); i++ {
		w := words[i]
		m := codeToken.FindStringSubmatch(w)
		if m == nil || number(m[1]) != code {
			out = append(out, w)
			continue
		}
		rest := m[2]
		dash := len(w) > 3
		several = several || dash
		if !seen {
			seen = true
			out = append(out, m[1])
			if rest != "" {
				out = append(out, rest)
			}
			continue
		}
		if !several { // the number, and not the code of another line
			out = append(out, w)
			continue
		}
		switch {
		case enhancedOnly.MatchString(rest):
		case rest != "":
			out = append(out, rest)
		case i+1 < len(words) && enhancedOnly.MatchString(words[i+1]):
			i++
		}
	}
	return strings.Join(out, " ")
}

func hostName(s string) string { return strings.ToLower(strings.Trim(s, ".")) }

var aboutAddress = regexp.MustCompile(`^(?:[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?)?<([^\s<>@]+@[^\s<>@]+)>`)

// recipientIn is the first address that a text names, but for those of a postmaster and the like, unless the text begins with it.
func recipientIn(s string) string {
	for _, mark := range []string{"to=<", "RCPT TO:<", "RCPT TO: <"} {
		if _, rest, ok := strings.Cut(s, mark); ok {
			if m := addressIn.FindStringSubmatchIndex(rest); m != nil && m[2] == 0 {
				return rest[m[2]:m[3]]
			}
		}
	}
	if m := aboutAddress.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	for _, m := range addressIn.FindAllStringSubmatchIndex(s, 5) {
		before, _ := utf8.DecodeLastRuneInString(s[:m[0]])
		if before >= utf8.RuneSelf && unicode.In(before, unicode.Latin, unicode.Cyrillic, unicode.Greek) && s[m[0]] != '<' {
			continue // the end of an address with such letters (RFC 6531 3.3), which is another's
		}
		if a := s[m[2]:m[3]]; !mailboxIn.MatchString(a) { // whom to write to
			return a
		}
	}
	return ""
}

// sendingIP is the first address that is not that of the host that replies.
func sendingIP(s, host string) string {
	var l []string
	for _, m := range ipv6In.FindAllStringSubmatch(s, 20) {
		l = append(l, strings.TrimPrefix(strings.ToLower(m[1]), "ipv6:"))
	}
	for _, m := range ipv4In.FindAllStringSubmatch(s, 20) {
		l = append(l, m[1])
	}
	for _, x := range l {
		if a, err := netip.ParseAddr(x); err == nil && x != host && !a.IsLoopback() && !a.IsUnspecified() {
			return a.String()
		}
	}
	return ""
}
