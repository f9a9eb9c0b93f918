package replies

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"mailaudit/internal/eml"
)

// maxRecipients bounds the recipients of one bounce message, maxForwards the messages that one may be attached in.
const (
	maxRecipients = 1000
	maxForwards   = 3
)

// Message finds the replies in a message, one for each recipient. bounce is false for a message that is none: its text then
// is the only reply.
func Message(m *eml.Message) (l []Reply, bounce bool) { return message(m, maxForwards) }

// message reads a message, and up to so many that are attached within each other: people forward the bounces that they get.
func message(m *eml.Message, forwards int) (l []Reply, bounce bool) {
	if inner := rewrapped(m); inner != nil {
		m = inner
	}
	get := eml.Header(m.Fields)
	var texts, pages []string
	var status, feedback, original []string
	for _, p := range m.Parts() {
		switch {
		case strings.HasPrefix(p.Kind, "message/delivery-status"), strings.HasPrefix(p.Kind, "message/global-delivery-status"), strings.HasPrefix(p.Kind, "message/disposition"):
			status = append(status, p.Text)
		case strings.HasPrefix(p.Kind, "message/feedback-report"):
			feedback = append(feedback, p.Text)
		case strings.HasPrefix(p.Kind, "message/rfc822"), strings.HasPrefix(p.Kind, "message/global"), strings.HasSuffix(p.Kind, "rfc822-headers"):
			original = append(original, p.Text)
		case p.Kind == "text/html":
			pages = append(pages, plainOf(p.Text))
		case strings.HasPrefix(p.Kind, "text/"), p.Kind == "application/json":
			if len(status) == 0 && len(original) == 0 || len(texts) == 0 {
				texts = append(texts, p.Text)
			}
		}
	}
	if len(texts) == 0 || strings.TrimSpace(strings.Join(texts, "")) == "" {
		texts = pages
	}
	text, copied := cutOriginal(strings.Join(texts, "\n"))
	if copied != "" {
		original = append(original, copied)
	}
	about := Reply{When: get("Date"), Sender: senderOf(original)}
	if len(feedback) > 0 || unsubscribes(get, text) {
		return complaints(about, text, feedback), true
	}
	if to := junked(get, original); to != "" {
		l := complaints(about, text, nil)
		l[0].Recipient = to
		return l, true
	}
	if l := notification(text, about); l != nil {
		return l, true
	}
	groups := recipientsOf(status)
	if len(groups) == 0 {
		groups = recipientsOf([]string{text})
	}
	blocks := blocksOf(text)
	whole := prose(text)
	for _, g := range groups {
		if len(l) == maxRecipients {
			break
		}
		r := about
		r.fromGroup(g)
		said := untyped(g.get("Diagnostic-Code"))
		if m := statusComment.FindStringSubmatch(g.get("Status")); said == "" && m != nil {
			said = m[1]
		}
		block := blocks[strings.ToLower(r.Recipient)]
		if block == "" && len(groups) == 1 && len(blocks) == 1 {
			for _, b := range blocks {
				block = b
			}
		}
		if said == "" {
			said = block
		} else if block != "" {
			r.More = append(r.More, oneLine(block))
		}
		if said == "" {
			said = whole
		}
		if block == "" || len(groups) == 1 {
			r.More = append(r.More, whole)
		}
		r.say(said)
		l = append(l, r)
	}
	if l != nil {
		return l, true
	}
	daemon := isDaemon(get)
	if away(get) || !daemon && answers(get) {
		r := about
		r.fill(whole)
		// Who answers is who has got the message; addresses in the text are those of others.
		r.Kind, r.Code, r.Enhanced, r.Recipient = AutoReply, 0, "", recipientIn(get("From"))
		return []Reply{r}, true
	}
	if daemon {
		about.Outcome = "failed"
	}
	for _, b := range inOrder(text) {
		if len(l) == maxRecipients {
			break
		}
		r := about
		r.Recipient = b.address
		r.say(b.text)
		r.Recipient = b.address
		r.More = []string{whole}
		l = append(l, r)
	}
	if len(l) > 0 && (daemon || l[0].Code > 0) {
		return l, true
	}
	r := about
	r.say(whole)
	if failed := get("X-Failed-Recipients"); failed != "" {
		r.Recipient = recipientIn(failed)
		daemon = true
	}
	if r.Recipient == "" && daemon {
		r.Recipient = soleRecipient(original)
	}
	if r.Code == 0 && forwards > 0 {
		for _, p := range m.Parts() {
			if p.Kind != "message/rfc822" {
				continue
			}
			if inner, err := eml.Parse(strings.NewReader(p.Text)); err == nil {
				if l, bounce := message(inner, forwards-1); bounce {
					return l, true
				}
			}
		}
	}
	return []Reply{r}, daemon
}

var originalTo = regexp.MustCompile(`(?mi)^to:[ \t]*([^\r\n]*)\r?$`)

// soleRecipient is whom a returned message was to, if that was one.
func soleRecipient(original []string) string {
	for _, t := range original {
		if m := originalTo.FindStringSubmatch(t[:min(len(t), 64<<10)]); m != nil && len(addressIn.FindAllString(m[1], 2)) == 1 {
			return recipientIn(m[1])
		}
	}
	return ""
}

var junkMail = regexp.MustCompile(`(?mi)^x-hmxmroriginalrecipient:[ \t]*([^\r\n]*)`)

// junked is who has called the message junk that Microsoft's program for that (JMRP) returns, without a report on it; "" for other messages.
func junked(get func(string) string, original []string) string {
	for _, t := range original {
		if m := junkMail.FindStringSubmatch(t[:min(len(t), 64<<10)]); m != nil {
			return recipientIn(m[1])
		}
	}
	return recipientIn(get("X-HmXmrOriginalRecipient"))
}

// rewrapped is the report that stands as text in the body of another message, as some filters put it there.
func rewrapped(m *eml.Message) *eml.Message {
	if kind := eml.Header(m.Fields)("Content-Type"); !strings.HasPrefix(strings.ToLower(kind), "text/plain") {
		return nil
	}
	body := strings.ReplaceAll(m.Body, "\r\n", "\n")
	at := strings.Index(body, "\nContent-Type: multipart/report;")
	if at < 0 {
		return nil
	}
	start := strings.LastIndex(body[:at], "\n\n") + 2
	if start == 1 {
		start = 0
	}
	inner, err := eml.Parse(strings.NewReader(body[start:]))
	if err != nil {
		return nil
	}
	return inner
}

var quoting = regexp.MustCompile(`(?i)(?:the error that the other server returned was|the response from the remote server was|remote host said|the response was):|unknown address error `)

// say takes the words of the other side out of what a mail system writes about them.
func (r *Reply) say(text string) {
	if all := quoting.FindAllStringIndex(text, -1); all != nil {
		if rest := strings.TrimSpace(text[all[len(all)-1][1]:]); rest != "" {
			r.More = append([]string{oneLine(text)}, r.More...)
			r.fill(rest)
			return
		}
	}
	r.fill(text)
}

// isDaemon says whether a message is by a mail system (RFC 5321 4.5.5, and what old ones do).
func isDaemon(get func(string) string) bool {
	from := strings.ToLower(get("From"))
	for _, s := range []string{"mailer-daemon", "mailer daemon", "postmaster", "post_master", "mail delivery", "mail administrator", "maildaemon", "mail deliver", "system administrator", "<>"} {
		if strings.Contains(from, s) {
			return true
		}
	}
	if strings.TrimSpace(get("Return-Path")) == "<>" && get("Auto-Submitted") == "" {
		return true
	}
	subject := strings.ToLower(typographs.Replace(eml.Words(get("Subject"))))
	for _, s := range []string{"undeliver", "delivery status", "failure notice", "returned mail", "delivery fail", "mail failure", "delivery notification", "error sending your mail", "nondeliverable", "delivery report",
		"non remis", "impossible de remettre", "unzustellbar", "nicht zustell", "no se puede entregar", "no entregado", "recapitare", "mancato recapito", "onbestelbaar",
		"não foi possível entregar", "não entregue", "配信不能", "配信エラー", "配信できません", "недоставлен", "не доставлено", "退信", "无法送达", "未传递"} {
		if strings.Contains(subject, s) {
			return true
		}
	}
	return false
}

// away says whether a message is an answer that a mailbox gave by itself (RFC 3834 5, and what vacation programs write).
func away(get func(string) string) bool {
	subject := strings.ToLower(typographs.Replace(eml.Words(get("Subject"))))
	for _, s := range []string{"out of office", "out of the office", "vacation", "auto:", "autoreply", "auto-reply", "automatic reply", "away from", "auto response", "auto-response", "autoresponse", "on holiday",
		"automatische antwort", "abwesen", "absence", "réponse automatique", "respuesta automática", "fuera de la oficina", "risposta automatica", "fuori sede", "fuori ufficio", "resposta automática", "automatisch antwoord",
		"afwezig", "autosvar", "automaattinen vastaus", "automatická odpověď", "automatyczna odpowiedź", "自動返信", "自動応答", "不在", "自动回复", "自動回覆", "автоответ", "автоматический ответ"} {
		if strings.Contains(subject, s) {
			return true
		}
	}
	from := strings.ToLower(get("From"))
	return strings.HasPrefix(strings.ToLower(get("Auto-Submitted")), "auto-replied") && !strings.Contains(from, "daemon") && !strings.Contains(from, "postmaster") && !strings.Contains(from, "delivery") ||
		get("X-Autoreply") != "" || get("X-Autorespond") != "" || strings.EqualFold(get("Precedence"), "auto_reply") || strings.EqualFold(get("X-Apple-Action"), "vacation")
}

// answers says whether a message that nobody wrote (RFC 3834 5) is the answer to one, and asks for none.
func answers(get func(string) string) bool {
	by := strings.ToLower(get("Auto-Submitted"))
	return (strings.HasPrefix(by, "auto-generated") || strings.HasPrefix(by, "auto-notified")) && (get("In-Reply-To") != "" || get("X-Auto-Response-Suppress") != "")
}

// unsubscribes says whether a message asks by itself to be taken off a list, as mail programs do for their users, or complains
// in a form of its own.
func unsubscribes(get func(string) string, text string) bool {
	t := strings.ToLower(oneLine(text))
	return strings.Contains(t, "sent this email to unsubscribe from") || strings.Contains(t, "email abuse report for an email message") ||
		strings.Contains(t, "this is an email abuse report") || strings.Contains(t, "opt-out report for an email") || strings.Contains(strings.ToLower(get("Content-Type")), "feedback-report")
}

// complaints are those of a feedback report (RFC 5965), one for each recipient that it names.
func complaints(r Reply, text string, reports []string) (l []Reply) {
	r.fill(prose(text))
	r.Kind, r.Code, r.Enhanced, r.Recipient = Complaint, 0, "", ""
	for _, f := range groupsOf(strings.Join(reports, "\n")) {
		if ip := f.get("Source-IP"); ip != "" {
			r.IP = sendingIP("["+ip+"]", "")
		}
	}
	for _, m := range toField.FindAllStringSubmatch(strings.Join(reports, "\n"), maxRecipients) {
		r.Recipient = recipientIn(m[1])
		l = append(l, r)
	}
	if l == nil {
		l = []Reply{r}
	}
	return l
}

var toField = regexp.MustCompile(`(?mi)^original-rcpt-to:[ \t]*(.*)$`)

// group is the fields of one recipient in a delivery status (RFC 3464 2.1).
type group map[string]string

func (g group) get(name string) string { return g[strings.ToLower(name)] }

var statusField = regexp.MustCompile(`^([A-Za-z][A-Za-z-]+)[ \t]*:[ \t]*(.*)$`)

// groupsOf reads fields in groups that empty lines end.
func groupsOf(text string) (l []group) {
	g, last := group{}, ""
	end := func() {
		if len(g) > 0 {
			l = append(l, g)
		}
		g, last = group{}, ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			end()
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && last != "" {
			if len(g[last]) < maxText {
				g[last] += " " + strings.TrimSpace(line)
			}
			continue
		}
		m := statusField.FindStringSubmatch(line)
		if m == nil {
			// A reply whose further lines were not folded.
			if last == "diagnostic-code" && len(g[last]) < maxText {
				g[last] += " " + strings.TrimSpace(line)
			}
			continue
		}
		name := strings.ToLower(m[1])
		if name == "final-recipient" && g[name] != "" { // no empty line between two recipients
			end()
		}
		if _, has := g[name]; !has {
			g[name] = m[2]
		}
		last = name
	}
	end()
	return l
}

// recipientsOf are the groups that are about a recipient.
func recipientsOf(texts []string) (l []group) {
	for _, t := range texts {
		for _, g := range groupsOf(t) {
			if g.get("Final-Recipient") != "" || g.get("Original-Recipient") != "" && (g.get("Action") != "" || g.get("Diagnostic-Code") != "") || g.get("Action") != "" && g.get("Status") != "" {
				l = append(l, g)
			}
		}
	}
	return l
}

var typed = regexp.MustCompile(`(?i)^(?:rfc822|smtp|dns|utf-8|x-[a-z0-9-]+|x\.?400|lmtp)\s*;\s*`)

// untyped takes the type off a value (RFC 3464 2.1.2).
func untyped(s string) string { return typed.ReplaceAllString(strings.TrimSpace(s), "") }

var escape = regexp.MustCompile(`\\x\{([0-9A-Fa-f]{2,6})\}`)

// unescaped is an address with the letters that it names by number (RFC 6533 3, utf-8-addr-xtext). Other signs stay as they are: they could
// be for the terminal.
func unescaped(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		n, err := strconv.ParseInt(e[3:len(e)-1], 16, 32)
		if c := rune(n); err == nil && (unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsNumber(c)) {
			return string(c)
		}
		return e
	})
}

// fromGroup takes what a delivery status says of one recipient.
func (r *Reply) fromGroup(g group) {
	for _, name := range []string{"Final-Recipient", "X-Actual-Recipient", "Original-Recipient"} {
		value := untyped(g.get(name))
		if a := recipientIn(value); a != "" && !escape.MatchString(value) {
			r.Recipient = a
			break
		}
		if strings.Contains(value, "@") && !strings.ContainsAny(value, " \t<>") { // in letters of all languages (RFC 6533 3)
			r.Recipient = oneLine(unescaped(value))
			break
		}
	}
	action, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(g.get("Action"))), " ")
	r.Outcome = strings.Trim(action, "();,")
	switch r.Outcome {
	case "delivered", "relayed", "expanded", "deliverable":
		r.Kind = Delivered
	}
	if m := enhancedCode.FindStringSubmatch(g.get("Status")); m != nil {
		r.Status = m[1]
	}
	if host, _, _ := strings.Cut(untyped(g.get("Remote-MTA")), " "); strings.Contains(host, ".") {
		r.Host = hostName(strings.Trim(host, "()[]"))
	}
	if when := g.get("Last-Attempt-Date"); when != "" {
		r.When = when
	}
}

// Where a bounce message begins to quote what was sent.
var quotes = regexp.MustCompile(`(?mi)^[ \t]*(?:-{2,} ?(?:below (?:this line|the next line) is|this is a copy|included is a copy|enclosed (?:is|are)|the (?:header|body) of|original message|returned message|message (?:header|body)|unsent message|undelivered message|begin forwarded|forwarded message|copy of|start of|non-delivered message|attachment)|original message follows|included is a copy of the message|(?:the )?(?:original )?message (?:headers? )?follows|below is a copy of the original|-{2,}[ -]*original message|-{3,}\s*returned\s+(?:message|text)|the original message (?:headers|follows)|<<<? ?original message|\*{3,} ?original message|_{5,} ?original message|received: from |\s*-+\s*message header|your original message|return-path:|x-original-message|original message headers|--- enclosed)`)

// cutOriginal parts what the mail system says from the message that it returns.
func cutOriginal(text string) (said, original string) {
	if len(text) > eml.MaxPart {
		text = text[:eml.MaxPart]
	}
	for _, at := range quotes.FindAllStringIndex(text, 20) {
		if strings.TrimSpace(text[:at[0]]) != "" {
			return text[:at[0]], text[at[1]:]
		}
	}
	return text, ""
}

// prose is a text without the lines that say nothing of the cause.
func prose(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		t := strings.TrimSpace(line)
		if t == "" || noise.MatchString(t) {
			continue
		}
		b.WriteString(t[:max(0, min(len(t), maxText-b.Len()))])
		b.WriteByte(' ')
		if b.Len() > maxText {
			break
		}
	}
	return oneLine(b.String())
}

var noise = regexp.MustCompile(`(?i)^(?:-{2,}|={3,}|\*{3,}|_{3,}|(?:subject|date|from|to|cc|sent|message-id|received|arrival-date|reporting-mta|x-[a-z-]+|mime-version|content-[a-z-]+|final-recipient|original-recipient|last-attempt-date|action|status|message id|received-from-mta|sender|size|number of lines)[ \t]*:|this (?:message|report) (?:was created|relates to)|a message that you (?:have )?sent could not|recipients?\. this is a permanent error|this is a permanent error|this is an? (?:automatic|mime)|this is the (?:mail system|qmail-send|postfix)|i'm (?:sorry|afraid)|hi\. this|your message could not be delivered to|for further assistance|if you do so|delete your own text|the original message was received|please,? do not reply|you do not need|please note|to: |the following (?:address|recipient)|unable to deliver (?:message|your message) to the following|sorry,? we were unable|delivery to the following recipients? |message from |please (?:contact|verify|visit|send mail)|your mail message to the following|is a permanent error|still having difficulty|customer support)`)

// block is what a text says of one recipient.
type block struct{ address, text string }

var (
	addressLine = regexp.MustCompile(`^[ \t]*(?:[*>-]+ ?)?(?:\d+\. )?(?:recipient(?: address)?: ?|addressed to: ?)?["<(]*([A-Za-z0-9._%+=!#$&'*/?^{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)[">)]*[ \t]*(?:<[^>]*>)?(?:[:,]|\(reason|$|[ \t]+\S| \[|\.\.\.)`)
	fieldLine   = regexp.MustCompile(`(?i)^[ \t]*(?:from|to|cc|sender|reply-to|subject|message-id|return-path|for|by|rcpt to|mail from)[ \t]*:`)
)

// inOrder are the recipients that a text names at the beginning of lines, each with what is said of it up to the next. Where several stand
// together, what follows is said of all.
func inOrder(text string) (l []block) {
	index := map[string]int{}
	var open []int
	said := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		m := addressLine.FindStringSubmatchIndex(line)
		if m != nil && !fieldLine.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "<<<") {
			address := line[m[2]:m[3]]
			key := strings.ToLower(address)
			i, has := index[key]
			if !has {
				if len(l) == maxRecipients {
					return l
				}
				i = len(l)
				index[key] = i
				l = append(l, block{address: address})
			}
			if said {
				open, said = nil, false
			}
			open = append(open, i)
			if rest := strings.Trim(line[m[3]:], " \t<>:()\"*,"); rest != "" && rest != address {
				said = true
				l[i].add(line)
			}
			continue
		}
		if strings.TrimSpace(line) == "" || noise.MatchString(strings.TrimSpace(line)) {
			continue
		}
		for _, i := range open {
			l[i].add(line)
			said = true
		}
	}
	return l
}

func (b *block) add(line string) {
	if room := maxText - len(b.text); room > 0 {
		line = strings.TrimSpace(line)
		b.text += line[:min(len(line), room)] + " "
	}
}

// blocksOf is what a text says of each recipient.
func blocksOf(text string) map[string]string {
	l := map[string]string{}
	for _, b := range inOrder(text) {
		l[strings.ToLower(b.address)] = b.text
	}
	return l
}

var statusComment = regexp.MustCompile(`^[245]\.\d+\.\d+ *\((.*)\)`)

var fromField = regexp.MustCompile(`(?mi)^(?:return-path|from|x-return-path):[^\r\n]*?[^\s<>@"]+@([a-z0-9][a-z0-9.-]+[a-z0-9])`)

// senderOf is the domain that a returned message is from.
func senderOf(original []string) string {
	for _, t := range original {
		if all := fromField.FindAllStringSubmatch(t[:min(len(t), 64<<10)], 10); all != nil {
			for _, m := range all {
				if strings.HasPrefix(strings.ToLower(m[0]), "from") {
					return hostName(m[1])
				}
			}
			return hostName(all[0][1])
		}
	}
	return ""
}

// notification reads a bounce, complaint or delivery that Amazon SES tells by JSON, as its guide describes it.
func notification(text string, about Reply) (l []Reply) {
	at := strings.IndexByte(text, '{')
	if at < 0 || !strings.Contains(text, "notificationType") {
		return nil
	}
	var envelope struct {
		Message string
		sesNotice
	}
	// Its one line is folded on the way, as no line may be longer than 998 octets.
	if json.NewDecoder(strings.NewReader(strings.NewReplacer("\r\n ", "", "\n ", "").Replace(text[at:]))).Decode(&envelope) != nil {
		return nil
	}
	n := envelope.sesNotice
	if envelope.Message != "" && json.Unmarshal([]byte(envelope.Message), &n) != nil {
		return nil
	}
	if s := hostName(n.Mail.Source[strings.LastIndexByte(n.Mail.Source, '@')+1:]); s != "" {
		about.Sender = s
	}
	switch strings.ToLower(n.NotificationType) {
	case "bounce":
		for _, b := range n.Bounce.BouncedRecipients[:min(len(n.Bounce.BouncedRecipients), maxRecipients)] {
			r := about
			r.Recipient, r.Outcome = b.EmailAddress, strings.ToLower(b.Action)
			if m := enhancedCode.FindStringSubmatch(b.Status); m != nil {
				r.Status = m[1]
			}
			r.fill(untyped(b.DiagnosticCode))
			l = append(l, r)
		}
	case "complaint":
		for _, b := range n.Complaint.ComplainedRecipients[:min(len(n.Complaint.ComplainedRecipients), maxRecipients)] {
			r := about
			r.Recipient, r.Kind, r.Text = b.EmailAddress, Complaint, oneLine("complaint "+n.Complaint.ComplaintFeedbackType)
			l = append(l, r)
		}
	case "delivery":
		for _, a := range n.Delivery.Recipients[:min(len(n.Delivery.Recipients), maxRecipients)] {
			r := about
			r.Recipient, r.Kind = a, Delivered
			r.fill(n.Delivery.SMTPResponse)
			l = append(l, r)
		}
	}
	return l
}

type sesNotice struct {
	NotificationType string `json:"notificationType"`
	Mail             struct {
		Source string `json:"source"`
	} `json:"mail"`
	Bounce struct {
		BouncedRecipients []struct {
			EmailAddress   string `json:"emailAddress"`
			Action         string `json:"action"`
			Status         string `json:"status"`
			DiagnosticCode string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		ComplainedRecipients []struct {
			EmailAddress string `json:"emailAddress"`
		} `json:"complainedRecipients"`
		ComplaintFeedbackType string `json:"complaintFeedbackType"`
	} `json:"complaint"`
	Delivery struct {
		Recipients   []string `json:"recipients"`
		SMTPResponse string   `json:"smtpResponse"`
	} `json:"delivery"`
}
