package replies

import (
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/receivers"
)

// What an explanation rests on, the most certain first.
const (
	ByForm  = "the form of the message"
	ByText  = "the receiver's own text"
	ByCode  = "the receiver's own code"
	ByWords = "words that many receivers use"
	ByStage = "the command that it answers"
	ByGuess = "what its words are about"
	ByIANA  = "the registered meaning of its code"
	ByBasic = "its code alone"
	Nothing = "nothing in it is known"
)

// Explanation is what a reply means.
type Explanation struct {
	Reply
	About
	Who       string // the receiver: the name in our books or signs, else a domain
	Known     bool   // Who is one of those
	Permanent bool   // the reply's own word: 5xx
	Basis     string
	Source    receivers.Source // where the text stands, if a book has it
}

// Recognised says whether a cause was found.
func (e Explanation) Recognised() bool { return e.Class != Unknown }

var (
	anAddress = regexp.MustCompile(`<?[^\s<>()\[\]"]+@[^\s<>()\[\]",;:]+>?`)
	aSpeaker  = regexp.MustCompile(`\bhost \S+ ?\[[^\]\s]{2,60}\](?: said:|:)`)
	aHost     = regexp.MustCompile(`\b(?:[a-z0-9_-]+\.)+[a-z0-9-]{2,} ?(\[[0-9a-f.:]{3,45}\])`)
	// How mail systems introduce a reply and end it, as lowered leaves it: the words are about the talk.
	aFrame     = regexp.MustCompile(`\bsmtp error from remote mail(?:er| server) after (?:pipelined )?(?:(?:mail from|rcpt to):\S*(?: size=\d+)?|[a-z .]{3,40}):|\bdid not like our [a-z ]+:|\(in reply to [a-z ]+\)`)
	aPath      = regexp.MustCompile(`(https?://[^\s/?]+)[/?]\S*`)
	aFragment  = regexp.MustCompile(`(https?://[^\s#]+)#\S*`)
	bare       = regexp.MustCompile(`^[^a-z]*@?[^a-z]*access denied\W*$|\.\.\. access denied\W*`)
	refusal    = regexp.MustCompile(`\b(?:reject|refus|den(?:y|ied)\b|bounced by|prohibit)|not (?:allowed|accepted|permitted|authori[sz]ed)\b`) // and not why
	suspended  = strings.NewReplacer("delivery temporarily suspended: ", "", "mail-box", "mailbox", "mail box", "mailbox")                      // Postfix, before what happened
	inWords    = regexp.MustCompile(`([a-z])([A-Z])`)
	typographs = strings.NewReplacer("\u2019", "'", "\u2018", "'", "`", "'", "\u00a0", " ")
)

// lowered is a text as the patterns are written for: what stands in an address, or in the name of a host before its address, is no word
// about the mail.
func lowered(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	s = suspended.Replace(strings.ToLower(typographs.Replace(s)))
	s = aFragment.ReplaceAllString(s, "$1")
	s = aHost.ReplaceAllString(aSpeaker.ReplaceAllString(s, ""), "$1")
	return anAddress.ReplaceAllString(s, "@")
}

// unframed is a lowered text without what a mail system writes around a reply, and without the paths of pages: a page about spam stands beside
// refusals of all kinds.
func unframed(s string) string {
	return aPath.ReplaceAllString(aFrame.ReplaceAllString(s, ""), "$1")
}

// Explain says what a reply means.
func Explain(r Reply) Explanation {
	originals := append([]string{r.Text}, r.More...)
	texts := make([]string, len(originals))
	for i, t := range originals {
		texts[i] = lowered(t)
	}
	for _, m := range r.More {
		if r.Command == "" {
			r.Command = commandIn(m)
		}
	}
	e := Explanation{Reply: r}
	e.Who, e.Known = receiver(r, strings.ToLower(r.Text+" "+strings.Join(r.More, " ")))
	enhanced := r.Enhanced
	if enhanced == "" {
		enhanced = r.Status
	}
	switch {
	case r.Code > 0:
		e.Permanent = r.Code/100 == 5
	case enhanced != "":
		e.Permanent = enhanced[0] == '5'
	default:
		e.Permanent = r.Outcome == "failed"
	}
	class, sisimai := e.class(originals, texts, enhanced)
	e.About = Of(class)
	e.Rules = slices.Clone(e.Rules)
	e.fromBook(texts)
	if e.Class == NoMail {
		e.Hard = e.Permanent || e.Code == 0 // what DNS says holds, and the word of a server as long as its code says
	}
	if sisimai != "" {
		e.Sisimai = sisimai
	}
	if e.Retry == Later && e.Permanent && e.Side != Receiver && e.Class != Full {
		e.Retry = AfterFix // the queue does not try again
	}
	return e
}

// fromBook takes the rules of the receiver's book, if that knows the text: in place of those of the class where both are about
// the same, else beside them.
func (e *Explanation) fromBook(texts []string) {
	for _, t := range texts {
		rules, source := inBooks(e.Who, e.Code, t)
		if rules == nil {
			continue
		}
		if e.Class == Unknown {
			e.About, e.Basis = Of(ofRule(rules[0])), ByWords
		}
		if !sameArea(e.Rules, rules) {
			for _, r := range e.Rules {
				rules = appendNew(rules, r)
			}
		}
		e.Rules = rules
		if e.Known {
			e.Source, e.Basis = source, ByText
		}
		return
	}
}

// class goes from what is most certain to what is least.
func (e *Explanation) class(originals, texts []string, enhanced string) (c Class, sisimai string) {
	if e.Kind != "" {
		e.Basis = ByForm
		return e.Kind, ""
	}
	for _, t := range texts {
		for _, p := range ownWords() {
			if e.is(p.who) && p.has(enhanced) && p.text.MatchString(t) {
				e.Basis = ByText
				if p.class == TooBig && strings.HasSuffix(enhanced, ".2.3") {
					return TooBigFor, ""
				}
				return p.class, p.sisimai
			}
		}
	}
	for _, p := range codesOf {
		if enhanced != "" && e.is(p.who) && p.has(enhanced) {
			e.Basis = ByCode
			return p.class, ""
		}
	}
	for _, p := range reportWords() {
		if p.text.MatchString(strings.Join(texts, " ")) {
			e.Basis = ByWords
			return p.class, ""
		}
	}
	for _, t := range texts {
		if p, ok := common(unframed(t)); ok {
			e.Basis = ByWords
			switch c := e.atStage(p.class); {
			case c != p.class:
				return c, ""
			case p.class == Blocked && bare.MatchString(t) && strings.HasSuffix(enhanced, ".7.1"):
				return Refused, ""
			case p.class == TooBig && strings.HasSuffix(enhanced, ".2.3"):
				return TooBigFor, ""
			}
			return p.class, p.sisimai
		}
	}
	if enhanced != "" {
		for _, p := range registered {
			if enhanced[1:] == p.code && p.class != Unknown {
				e.Basis = ByIANA
				return p.class, ""
			}
		}
	}
	return e.guess(originals, texts)
}

// guess is what is left where neither words nor codes are known.
func (e *Explanation) guess(originals, texts []string) (c Class, sisimai string) {
	for i, t := range texts {
		// Names in one word, such as MailLoop, in several.
		if apart := inWords.ReplaceAllString(originals[i], "$1 $2"); apart != originals[i] {
			if p, ok := common(unframed(lowered(apart))); ok {
				e.Basis = ByWords
				return p.class, p.sisimai
			}
		}
		for _, p := range guessWords() {
			if e.Permanent && p.text.MatchString(unframed(t)) {
				e.Basis = ByGuess
				return e.atStage(p.class), ""
			}
		}
	}
	if c, ok := stages[e.Command]; ok && e.Code > 0 {
		e.Basis = ByStage
		return c, ""
	}
	if e.Outcome == "delayed" || e.Outcome == "expired" {
		e.Basis = ByForm
		return Expired, ""
	}
	if c, ok := basics[e.Code]; ok {
		e.Basis = ByBasic
		if e.Code == 552 && e.Command == "DATA" { // the mailbox had room for the recipient
			c = TooBig
		}
		return c, ""
	}
	for _, t := range texts {
		if refusal.MatchString(t) && e.Permanent {
			e.Basis = ByWords
			return Refused, ""
		}
	}
	e.Basis = Nothing
	return Unknown, ""
}

// atStage corrects a class by the command that was refused: what answers MAIL is about the sender, and before DATA nobody has
// seen the content.
func (e *Explanation) atStage(c Class) Class {
	switch {
	case c == Spam && stages[e.Command] != "":
		return Blocked
	case stages[e.Command] == Blocked && (c == SenderRefused || c == NoUser): // no address was named yet
		return Blocked
	case e.Command == "MAIL" && (c == NoUser || c == Blocked):
		return SenderRefused
	case e.Command == "MAIL" && c == NoHost:
		return SenderDomain
	}
	return c
}

// has says whether a pattern is about an enhanced code.
func (p pattern) has(enhanced string) bool {
	if begin, open := strings.CutSuffix(p.code, "*"); open {
		return len(enhanced) > len(begin) && strings.HasPrefix(enhanced, begin)
	}
	return p.code == "" || p.code == enhanced
}

func common(text string) (compiled, bool) {
	for _, p := range commonWords() {
		if p.text.MatchString(text) {
			return p, true
		}
	}
	return compiled{}, false
}

func (e *Explanation) is(who string) bool {
	return who == e.Who || who == microsoft && (e.Who == "microsoft365" || e.Who == "outlook")
}

// ofRule is the class that a rule of a book stands for.
func ofRule(rule string) Class {
	area, _, _ := strings.Cut(rule, ".")
	switch area {
	case "spf":
		return SPF
	case "dkim":
		return DKIM
	case "dmarc":
		return DMARC
	case "ptr":
		return PTR
	case "helo":
		return HELO
	case "dnsbl":
		return Listed
	case "domain", "mx", "parked":
		return SenderDomain
	}
	return Unknown
}

// sameArea says whether two lists of rules are about the same.
func sameArea(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		area, _, _ := strings.Cut(x, ".")
		return slices.ContainsFunc(b, func(y string) bool { return strings.HasPrefix(y, area+".") })
	})
}

// Shown is the text of the reply, short enough to be shown.
func (r Reply) Shown() string { return clip(r.Text) }
