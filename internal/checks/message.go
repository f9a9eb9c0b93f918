package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
)

// The rules about a message, for `mailaudit message`. A sample that --message names is evidence of a stream, and none of them
// applies to it.
var messageChecks = []*Check{
	{
		ID: "msg.from-missing", Title: "the message has one From field, with one author domain", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5322 3.6.2", "RFC 9989 11.5"},
		Help: "Whom a message is from is what DMARC and the reader go by. A message without a From field, with several, or with one that cannot " +
			"be read breaks the standard, and large receivers refuse it.",
		Fix:   "Write exactly one From field, with one address of your own domain",
		Judge: each(contents, msgFromMissing),
	},
	{
		ID: "msg.from-freemail", Title: "the author is of a domain that the sender may use", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.4", "Email sender guidelines (Gmail)"},
		Needs:      facts.SPFTree,
		Help: "An address at a mailbox provider can be a sender's only by way of that provider: its DMARC policy has receivers refuse or file " +
			"whatever comes from other servers.",
		Fix:   "Write an address of your own domain in From, and the mailbox at the provider in Reply-To",
		Judge: each(contents, msgFromFreemail),
	},
	{
		ID: "msg.message-id", Title: "the message has one Message-ID of the standard's form", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5322 3.6.4"},
		Help: "Every message should have a Message-ID that is its own. Filters take its absence for a sign of spam software, and receivers ask for " +
			"headers that comply with RFC 5322.",
		Fix:   "Write Message-ID: <unique@your.domain>, once",
		Judge: each(contents, msgMessageID),
	},
	{
		ID: "msg.date", Title: "the message has one Date, of the present", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5322 3.6.1", "RFC 5322 3.3"},
		Help:       "The Date field is required, once. Filters distrust mail from long ago or from the future.",
		Fix:        "Write the time of sending in Date, such as Date: Sun, 22 Nov 2026 10:00:00 +0000, and set the clock by NTP",
		Judge:      each(contents, msgDate),
	},
	{
		ID: "msg.duplicate-headers", Title: "each header field stands as often as it may", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5322 3.6"},
		Help: "Fields such as Subject, To or Message-ID may stand once. Of two, one may be signed and the other shown, and so receivers refuse " +
			"such mail as not compliant.",
		Fix:   "Write the field once: look for a program that adds its own",
		Judge: each(contents, msgDuplicateHeaders),
	},
	{
		ID: "msg.header-syntax", Title: "every line of the header is a field", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5322 2.2"},
		Help: "A line in the header that is neither a field nor a continued one ends the header for many readers: the fields below it become " +
			"text, From or the signature among them.",
		Fix:   "Remove the line, or begin it with white space if it continues the one above",
		Judge: each(contents, msgHeaderSyntax),
	},
	{
		ID: "msg.line-length", Title: "no line is longer than 998 octets, and each ends in CRLF", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 4.5.3.1.6", "RFC 5322 2.1.1", "RFC 5321 2.3.8"},
		Help: "Servers need not take longer lines: some refuse them, others break them, which voids the signature. A CR or LF alone is how " +
			"messages are smuggled, and is refused for that.",
		Fix:   "Encode the body as quoted-printable or base64, and end every line in CRLF",
		Judge: each(contents, msgLineLength),
	},
	{
		ID: "msg.8bit-header", Title: "the header is ASCII", Area: "message", Worst: Warn, Impact: Reject,
		References: []string{"RFC 2047 2", "RFC 6532 3.2"},
		Help: "Octets beyond ASCII may stand in a header only where every server on the way offers SMTPUTF8. Others refuse the message or garble " +
			"what is shown.",
		Fix:   "Encode the words as RFC 2047 says, such as =?utf-8?q?h=C3=A9llo?=",
		Judge: each(contents, msg8bitHeader),
	},
	{
		ID: "msg.size", Title: "the message is no larger than receivers take", Area: "message", Worst: Warn, Impact: Reject,
		References: []string{"RFC 5321 4.5.3.1.7"},
		Help: "Gmail's limit is 25 MB, and that of many others 20 MB or less. It counts the message as it is sent, in which an attachment takes " +
			"a third more than on disk.",
		Fix:   "Send a link in place of the attachment",
		Judge: each(contents, msgSize),
	},
	{
		ID: "msg.dkim-fail", Title: "every DKIM signature of the message verifies", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 6.1.3", "RFC 6376 6.1.2"},
		Needs:      facts.Keys,
		Help: "A signature that does not verify is as good as none: the message was changed after it was signed, or the key is not the one " +
			"that is published.",
		Fix:   "Sign last, after footers and rewriting, and publish the key that signs",
		Judge: each(signed, msgDKIMFail),
	},
	{
		ID: "msg.dkim-l-tag", Title: "no DKIM signature leaves a part of the body out", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 6376 8.2"},
		Help:       "With l= anybody can append to a signed message what the reader then takes for yours. Some receivers ignore such signatures.",
		Fix:        "Sign without l=",
		Judge:      each(signed, msgDKIMLength),
	},
	{
		ID: "msg.dkim-x-expired", Title: "no DKIM signature is expired or of the future", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 3.5"},
		Help:       "Verifiers may take a signature past its x= for none, and one whose t= is in the future likewise. x= has to be later than t=.",
		Fix:        "Set the clock of the signing host by NTP, and let signatures live for a week or more",
		Judge:      each(signed, msgDKIMExpired),
	},
	{
		ID: "msg.dkim-oversign", Title: "DKIM signatures cover From, and no second one can be added", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6376 5.4", "RFC 6376 8.15"},
		Help: "A signature must cover From, or verifiers reject it. If h= names From once more than it stands, nobody can add another From in front " +
			"without breaking the signature.",
		Fix:   "Name From twice in h= (OversignHeaders From in OpenDKIM)",
		Judge: each(signed, msgDKIMOversign),
	},
	{
		ID: "msg.dkim-not-aligned", Title: "a DKIM signature of the message is aligned with From", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.4"},
		Replies:    unalignedReplies,
		Needs:      facts.Policy | facts.SPFTree | facts.Keys,
		Help: "DMARC counts a signature only where its d= belongs with the domain of From. Without one DMARC rests on SPF; where SPF does not pass " +
			"for a domain that is aligned either, receivers do with the message what the policy of the domain asks for.",
		Fix:   "Sign with the domain of From",
		Judge: each(signedMailings, msgDKIMNotAligned),
	},
	{
		ID: "msg.spf-not-aligned", Title: "SPF passes, aligned with From, for a message without a signature", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 9989 4.4", "Email sender guidelines (Gmail)"},
		Replies:    unalignedReplies,
		Needs:      facts.Policy | facts.SPFTree,
		Help: "A message without a DKIM signature has SPF alone to say who it is from: it has to pass for the domain in MAIL FROM, and that has to belong " +
			"with the domain of From. Where neither mechanism passes at all, large receivers refuse the message whatever the policy is.",
		Fix:   "Sign the message with the domain of From, or send it from an address that the SPF record of a MAIL FROM domain beneath that of From lets pass",
		Judge: each(unsignedMailings, msgSPFNotAligned),
	},
	{
		ID: "msg.list-unsubscribe", Title: "mail to many offers List-Unsubscribe", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 2369 3.2"},
		Help:       "Gmail, Yahoo and iCloud ask bulk senders for a way out that the mail program can offer. Whoever finds none reports spam.",
		Fix:        "Add List-Unsubscribe: <https://your.domain/unsubscribe/ID> and List-Unsubscribe-Post: List-Unsubscribe=One-Click",
		Judge:      each(bulkContents, msgListUnsubscribe),
	},
	{
		ID: "msg.list-unsubscribe-post", Title: "one click unsubscribes", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 8058 3.1"},
		Help: "One-click unsubscription takes both fields: an https URI in List-Unsubscribe, and List-Unsubscribe-Post with exactly " +
			"List-Unsubscribe=One-Click.",
		Fix:   "Add List-Unsubscribe-Post: List-Unsubscribe=One-Click beside an https URI",
		Judge: each(unsubscribing, msgOneClick),
	},
	{
		ID: "msg.list-unsubscribe-unsigned", Title: "a DKIM signature covers the unsubscribe fields", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 8058 4"},
		Help:       "Receivers offer one-click unsubscription only if a valid signature covers both fields.",
		Fix:        "Add List-Unsubscribe and List-Unsubscribe-Post to the fields that are signed",
		Judge:      each(signedContents, msgUnsubscribeUnsigned),
	},
	{
		ID: "msg.url-listed", Title: "no domain blocklist lists a domain that the message leads to", Area: "message", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5782 3"},
		Replies:    []string{"rejected due to having a domain present in the Spamhaus DBL"},
		Help: "Filters look up the domains of links in text and HTML, images included. iCloud, Cox (URLBL) and AOL (HVU) say that they refuse mail for them. " +
			"The first 20 domains are looked up.",
		Fix:   "Take the link out, and find out why its domain is listed if it is yours",
		Judge: each(links, msgURLListed),
	},
	{
		ID: "msg.public-shortener", Title: "no link goes through a redirector that is abused", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5782 3"},
		Help: "Blocklists name shorteners and redirectors that others abuse by codes of their own. Mail that leads through one shares the name that " +
			"they made of it.",
		Fix:   "Link to a name of your own domain",
		Judge: each(links, msgShortener),
	},
	{
		ID: "msg.attachment-type", Title: "no attachment is of a type that Gmail takes from nobody", Area: "message", Worst: Warn, Impact: Reject,
		References: []string{"RFC 2183 2.3"},
		Replies:    []string{"552-5.7.0 This message was blocked because its content presents a potential security issue"},
		Help: "Gmail names the file types that it blocks on its page \"File types blocked in Gmail\" (support.google.com/mail/answer/6590), and looks into " +
			"archives for them, too, which this rule does not. Other receivers keep lists of their own.",
		Fix:   "Send a link to the file",
		Judge: each(contents, msgAttachmentType),
	},
	{
		ID: "msg.arc", Title: "the ARC chain of the message is whole", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 8617 4.2.1", "RFC 8617 5.2"},
		Help: "A chain that lacks a field, that does not verify, or that says itself that it failed is as good as none to the next receiver: no mail is " +
			"refused for it, but for what the forwarding had broken already. The newest ARC-Message-Signature and every seal are verified.",
		Fix:   "Let the host that forwards seal last, and keep what came with the message",
		Judge: each(arcChains, msgARC),
	},
	{
		ID: "msg.content-score", Title: "the filter that was asked does not take the message for spam", Area: "message", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5321 7.9"},
		Help: "SpamAssassin and Rspamd run at many receivers, each with settings and statistics of its own. What one says of a message is a " +
			"hint, and what weighs most in it names what to look at.",
		Fix:   "Change what the symbols name that weigh most, and ask again",
		Judge: each(scores, msgContentScore),
	},
}

// freemail are domains in which everybody can have an address, and nobody's server may send for it.
var freemail = []string{"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "outlook.com", "hotmail.com", "live.com",
	"msn.com", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "t-online.de", "orange.fr", "wanadoo.fr",
	"laposte.net", "mail.ru", "comcast.net", "cox.net", "proton.me", "protonmail.com"}

// signature is one of a message, with what it says of itself.
type signature struct {
	facts.Signature
	facts.Coverage
	message facts.Message
}

// contents are the messages that are looked at before they are sent.
func contents(f *facts.Facts) []subject[facts.Message] {
	var l []subject[facts.Message]
	for _, m := range f.Messages {
		if m.Content != nil {
			l = append(l, subject[facts.Message]{name: f.Domain, of: facts.Know(m)})
		}
	}
	return l
}

// bulkContents are those that go to many: by the profile, or by their own word.
func bulkContents(f *facts.Facts) []subject[facts.Message] {
	return slices.DeleteFunc(contents(f), func(s subject[facts.Message]) bool {
		c := s.of.Value.Content
		return f.Profile.Name != facts.Bulk && !c.List && len(c.OneClick) == 0
	})
}

// unsubscribing are those of them that have a field for it: where neither is, msg.list-unsubscribe says it.
func unsubscribing(f *facts.Facts) []subject[facts.Message] {
	return slices.DeleteFunc(bulkContents(f), func(s subject[facts.Message]) bool {
		return len(s.of.Value.Content.OneClick) == 0 && len(s.of.Value.Content.Unsubscribe) == 0
	})
}

// signedContents are those with both unsubscribe fields and a signature.
func signedContents(f *facts.Facts) []subject[facts.Message] {
	return slices.DeleteFunc(contents(f), func(s subject[facts.Message]) bool {
		c := s.of.Value.Content
		return len(c.Unsubscribe) == 0 || len(c.OneClick) == 0 || len(c.Coverage) == 0
	})
}

// signed are the signatures of these messages.
func signed(f *facts.Facts) []subject[signature] {
	var l []subject[signature]
	for _, m := range contents(f) {
		for i, c := range m.of.Value.Content.Coverage {
			if i < len(m.of.Value.Signatures) {
				s := m.of.Value.Signatures[i]
				l = append(l, subject[signature]{name: s.Selector + "._domainkey." + s.Domain, of: facts.Know(signature{s, c, m.of.Value})})
			}
		}
	}
	return l
}

func msgFromMissing(_ *facts.Facts, m facts.Message) []Violation {
	c := m.Content
	switch {
	case c.From == 0:
		return one(Fail, "there is no From field")
	case c.From > 1:
		return one(Fail, fmt.Sprintf("there are %d From fields, and a message has one", c.From))
	case c.Author == "":
		return one(Fail, c.AuthorWhy)
	}
	return nil
}

func msgFromFreemail(f *facts.Facts, m facts.Message) []Violation {
	author := m.Content.Author
	if !slices.Contains(freemail, author) {
		return nil
	}
	for _, s := range m.Signatures {
		if s.Domain != author {
			continue
		}
		switch verified(s) {
		case "pass":
			return nil
		case "unknown":
			return one(Unknown, fmt.Sprintf("whether %s signed it is not known: %s", author, s.Why))
		}
	}
	declared := false
	for _, s := range f.Streams {
		declared = declared || s.Name == m.Stream && len(s.IPs) > 0
	}
	for _, r := range f.Results {
		if r.Stream != m.Stream || r.Identity != "mailfrom" || r.Domain != author {
			continue
		}
		switch r.Result {
		case "pass":
			return nil
		case "temperror":
			return one(Unknown, fmt.Sprintf("whether %s lets %s send is not known: %s", author, r.IP, r.Why))
		}
	}
	if !declared {
		return one(Warn, fmt.Sprintf("From is at %s, which only its own servers may send for: the message has no valid signature of it", author))
	}
	return one(Fail, fmt.Sprintf("From is at %s, and neither a signature of it nor SPF says that the sender may use it", author))
}

// messageID is the form of a Message-ID (RFC 5322 3.6.4), with comments around it and obsolete white space left out.
var messageID = regexp.MustCompile(`^(?:\([^()]*\)\s*)?<[^\s<>@]+@[^\s<>@]+>(?:\s*\([^()]*\))?$`)

func msgMessageID(_ *facts.Facts, m facts.Message) []Violation {
	l := m.Content.MessageIDs
	switch {
	case len(l) == 0:
		return one(Warn, "there is no Message-ID")
	case len(l) > 1:
		return one(Warn, fmt.Sprintf("there are %d Message-ID fields, and a message has one", len(l)))
	case !messageID.MatchString(l[0]):
		return one(Warn, fmt.Sprintf("the Message-ID %.80q is not of the form <left@right>", l[0]))
	}
	return nil
}

// maxDateOff is how far Date may be from the time of an audit, if the message was not sent yet.
const maxDateOff = 7 * 24 * time.Hour

func msgDate(f *facts.Facts, m facts.Message) []Violation {
	c := m.Content
	switch {
	case len(c.Dates) == 0:
		return one(Warn, "there is no Date")
	case len(c.Dates) > 1:
		return one(Warn, fmt.Sprintf("there are %d Date fields, and a message has one", len(c.Dates)))
	case c.Date.IsZero():
		return one(Warn, fmt.Sprintf("the Date %.80q cannot be read", c.Dates[0]))
	case c.Received > 0: // how old it was when it came is no longer to be seen
		return nil
	}
	if off := f.Started.Sub(c.Date); off.Abs() > maxDateOff {
		return one(Warn, fmt.Sprintf("the Date is %d days off, more than %d", int(off.Abs().Hours()/24), int(maxDateOff.Hours()/24)))
	}
	return nil
}

func msgDuplicateHeaders(_ *facts.Facts, m facts.Message) []Violation {
	if l := m.Content.Repeated; len(l) > 0 {
		return one(Fail, "more than once stands "+strings.Join(l, ", "))
	}
	return nil
}

func msgHeaderSyntax(_ *facts.Facts, m facts.Message) []Violation {
	if n := m.Content.Broken; n > 0 {
		return one(Warn, "no field: "+count(n, "line")+" of the header")
	}
	return nil
}

// maxLineOctets is without CRLF.
const maxLineOctets = 998

func msgLineLength(_ *facts.Facts, m facts.Message) []Violation {
	var l []Violation
	c := m.Content
	if c.Longest > maxLineOctets {
		l = append(l, Violation{Status: Fail, Message: fmt.Sprintf("line %d has %d octets, more than %d", c.LongestAt, c.Longest, maxLineOctets)})
	}
	if c.BareCR > 0 {
		l = append(l, Violation{Status: Fail, Message: count(c.BareCR, "CR") + " without LF"})
	}
	if c.BareLF > 0 {
		l = append(l, Violation{Status: Fail, Message: count(c.BareLF, "LF") + " without CR, though other lines end in CRLF"})
	}
	return l
}

func msg8bitHeader(_ *facts.Facts, m facts.Message) []Violation {
	if l := m.Content.EightBit; len(l) > 0 {
		return one(Warn, "octets beyond ASCII stand in "+strings.Join(l, ", "))
	}
	return nil
}

// The limits of Gmail and of many others, in octets.
const (
	gmailSize = 25 << 20
	manySize  = 20 << 20
)

func msgSize(_ *facts.Facts, m facts.Message) []Violation {
	switch n := m.Content.Size; {
	case n > gmailSize:
		return one(Warn, fmt.Sprintf("%d MiB, more than the %d of Gmail", n>>20, gmailSize>>20))
	case n > manySize:
		return one(Info, fmt.Sprintf("%d MiB, more than the %d that many receivers take", n>>20, manySize>>20))
	}
	return nil
}

func msgDKIMFail(_ *facts.Facts, s signature) []Violation {
	switch s.Result {
	case facts.SignatureFail, facts.SignaturePermError:
		return one(Fail, fmt.Sprintf("the signature d=%s s=%s is void: %s", s.Domain, s.Selector, s.Why))
	case facts.SignatureTempError: // one that fits and does not count everywhere (policy) is other rules' affair
		return one(Unknown, fmt.Sprintf("the signature d=%s s=%s: %s", s.Domain, s.Selector, s.Why))
	}
	return nil
}

func msgDKIMLength(_ *facts.Facts, s signature) []Violation {
	if !s.Partial {
		return nil
	}
	return one(Warn, fmt.Sprintf("l=%.20s has the signature d=%s cover the first octets of the body alone", s.Length, s.Domain))
}

// clockSlack is how far the clocks of signers and verifiers may be apart.
const clockSlack = 5 * time.Minute

func msgDKIMExpired(f *facts.Facts, s signature) []Violation {
	day := func(t time.Time) string { return t.Format(time.RFC3339) }
	switch {
	case !s.Expires.IsZero() && !s.Signed.IsZero() && !s.Expires.After(s.Signed):
		return one(Fail, fmt.Sprintf("x= of d=%s, %s, is not later than its t=", s.Domain, day(s.Expires)))
	case s.message.Content.Received > 0: // it may well have been in time when it came
		return nil
	case !s.Expires.IsZero() && f.Started.After(s.Expires):
		return one(Fail, fmt.Sprintf("the signature of d=%s expired at %s", s.Domain, day(s.Expires)))
	case s.Signed.After(f.Started.Add(clockSlack)):
		return one(Fail, fmt.Sprintf("t= of d=%s, %s, is in the future", s.Domain, day(s.Signed)))
	}
	return nil
}

func msgDKIMOversign(_ *facts.Facts, s signature) []Violation {
	n := 0
	for _, name := range s.Fields {
		if name == "from" {
			n++
		}
	}
	switch {
	case n == 0:
		return one(Fail, fmt.Sprintf("h= of d=%s does not name From", s.Domain))
	case n <= s.message.Content.From:
		return one(Info, fmt.Sprintf("h= of d=%s names From no more often than it stands, so that another can be added", s.Domain))
	}
	return nil
}

func msgListUnsubscribe(_ *facts.Facts, m facts.Message) []Violation {
	if len(m.Content.Unsubscribe) == 0 {
		return one(Warn, "there is no List-Unsubscribe")
	}
	if !slices.ContainsFunc(m.Content.Unsubscribe, unsubscribeURI.MatchString) {
		return one(Warn, fmt.Sprintf("List-Unsubscribe, %.80q, has no mailto or https URI in angle brackets", m.Content.Unsubscribe[0]))
	}
	return nil
}

// unsubscribeURI is one that a mail program can offer: it reads what stands in angle brackets alone (RFC 2369 2).
var unsubscribeURI = regexp.MustCompile(`(?i)<\s*(?:mailto:|https?://)[^<>]+>`)

var httpsURI = regexp.MustCompile(`(?i)<\s*https://[^<>]+>`) // white space in it is to be left out (RFC 2369 2)

func msgOneClick(_ *facts.Facts, m facts.Message) []Violation {
	c := m.Content
	https := slices.ContainsFunc(c.Unsubscribe, httpsURI.MatchString)
	switch {
	case len(c.OneClick) == 0:
		return one(Warn, "there is no List-Unsubscribe-Post")
	case c.OneClick[0] != "List-Unsubscribe=One-Click":
		return one(Warn, fmt.Sprintf("List-Unsubscribe-Post is %.60q, and not List-Unsubscribe=One-Click", c.OneClick[0]))
	case !https:
		return one(Warn, "List-Unsubscribe has no https URI")
	}
	return nil
}

func msgUnsubscribeUnsigned(_ *facts.Facts, m facts.Message) []Violation {
	lost := ""
	for i, c := range m.Content.Coverage {
		if i >= len(m.Signatures) || !slices.Contains(c.Fields, "list-unsubscribe") || !slices.Contains(c.Fields, "list-unsubscribe-post") {
			continue
		}
		switch verified(m.Signatures[i]) {
		case "pass":
			return nil
		case "unknown":
			lost = m.Signatures[i].Why
		}
	}
	if lost != "" {
		return one(Unknown, "whether a signature covers them is not known: "+lost)
	}
	return one(Warn, "no valid signature covers both List-Unsubscribe and List-Unsubscribe-Post")
}

// scores are what filters say of the messages.
func scores(f *facts.Facts) []subject[facts.Opinion] {
	var l []subject[facts.Opinion]
	for _, m := range contents(f) {
		for _, s := range m.of.Value.Scores {
			l = append(l, subject[facts.Opinion]{name: s.Engine + " " + s.Addr, of: s.Of})
		}
	}
	return l
}

func msgContentScore(_ *facts.Facts, o facts.Opinion) []Violation {
	if o.Score < o.Required {
		return nil
	}
	return one(Warn, fmt.Sprintf("it scores %.1f, and is spam from %.1f: %s", o.Score, o.Required, some(o.Symbols)))
}

// links are the domains that messages lead to, each with what the lists that answered say of it.
func links(f *facts.Facts) []subject[[]facts.Listing] {
	var l []subject[[]facts.Listing]
	for _, m := range contents(f) {
		c := m.of.Value.Content
		for _, d := range c.Links {
			asked, said, why := false, []facts.Listing{}, ""
			for _, x := range c.LinkListings {
				switch {
				case x.Target != d:
				case answered(x):
					asked, said = true, append(said, x)
				default:
					asked, why = true, x.Zone+": "+x.Why
				}
			}
			switch {
			case len(said) > 0:
				l = append(l, subject[[]facts.Listing]{name: d, of: facts.Know(said)})
			case asked:
				l = append(l, subject[[]facts.Listing]{name: d, of: facts.Cannot[[]facts.Listing]("no list of domains answered; " + why)})
			}
		}
	}
	return l
}

// viaRedirector says whether a listing is of a redirector that others abuse.
func viaRedirector(l facts.Listing) bool {
	return l.Status == facts.Listed && blocklist.Class(l.Class) == blocklist.ClassAbused && strings.Contains(l.Meaning, "redirector")
}

func msgURLListed(_ *facts.Facts, said []facts.Listing) []Violation {
	var l []Violation
	for _, x := range said {
		switch {
		case x.Status != facts.Listed || viaRedirector(x):
		case blocklist.Class(x.Class) == blocklist.ClassDomain:
			l = append(l, listed(Fail, x))
		case blocklist.Class(x.Class) == blocklist.ClassAbused:
			l = append(l, listed(Warn, x))
		}
	}
	return l
}

func msgShortener(_ *facts.Facts, said []facts.Listing) []Violation {
	for _, x := range said {
		if viaRedirector(x) {
			return []Violation{listed(Warn, x)}
		}
	}
	return nil
}

// gmailBlocks are the types of files that Gmail names as blocked (support.google.com/mail/answer/6590).
var gmailBlocks = []string{".ade", ".adp", ".apk", ".appx", ".appxbundle", ".bat", ".cab", ".chm", ".cmd", ".com", ".cpl", ".diagcab", ".diagcfg", ".diagpkg",
	".dll", ".dmg", ".ex", ".ex_", ".exe", ".hta", ".img", ".ins", ".iso", ".isp", ".jar", ".jnlp", ".js", ".jse", ".lib", ".lnk", ".mde", ".mjs", ".msc", ".msi",
	".msix", ".msixbundle", ".msp", ".mst", ".nsh", ".pif", ".ps1", ".scr", ".sct", ".shb", ".sys", ".vb", ".vbe", ".vbs", ".vhd", ".vxd", ".wsc", ".wsf", ".wsh", ".xll"}

func msgAttachmentType(_ *facts.Facts, m facts.Message) []Violation {
	var l []string
	for _, name := range m.Content.Attachments {
		if i := strings.LastIndexByte(name, '.'); i >= 0 && slices.Contains(gmailBlocks, strings.ToLower(strings.TrimRight(name[i:], " \t"))) {
			l = append(l, clip(name))
		}
	}
	if len(l) == 0 {
		return nil
	}
	return one(Warn, "Gmail blocks files such as "+some(l))
}

// arcChains are the ARC chains of messages.
func arcChains(f *facts.Facts) []subject[facts.ARC] {
	var l []subject[facts.ARC]
	for _, m := range contents(f) {
		if a := m.of.Value.Content.ARC; a != nil {
			l = append(l, subject[facts.ARC]{name: f.Domain, of: facts.Know(*a)})
		}
	}
	return l
}

func msgARC(_ *facts.Facts, a facts.ARC) []Violation {
	switch {
	case len(a.Problems) > 0:
		return one(Warn, "the chain is broken: "+some(a.Problems))
	case a.CV == "fail":
		return one(Warn, fmt.Sprintf("the newest of %d seals says cv=fail: the chain did not verify there", a.Sets))
	case a.Result == facts.ARCFail:
		return one(Warn, fmt.Sprintf("the chain of %s does not verify: %s", count(a.Sets, "set"), a.Why))
	case a.Result == facts.ARCUnknown:
		return one(Unknown, "whether the chain verifies is not known: "+a.Why)
	}
	return nil
}
