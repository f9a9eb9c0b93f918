package gather

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// Sample is a message of the audited domain, and the stream that it is of.
type Sample struct {
	Stream  string
	From    string // its author domain
	Message *eml.Message
	Trace   eml.Trace
}

// Bounds on signatures and on what is kept of a Received field.
const (
	maxKeyBits = 16 << 10 // a longer key takes seconds; verifiers need not take more than 4096 bits (RFC 8301 3.2)
	maxTrace   = 1000     // octets
)

// messages verifies the signatures of all samples.
func (g *gatherer) messages() []facts.Message {
	return every(g.t.Messages, func(s Sample) facts.Message {
		m := facts.Message{Stream: s.Stream, From: s.From, Why: s.Trace.Why, Sender: s.Trace.Sender}
		if s.Trace.Null {
			m.Sender = "<>"
		}
		if b := s.Trace.Border; b != nil {
			m.Why = ""
			m.Hop = &facts.Hop{Number: b.Number, Of: s.Trace.Received, Text: b.Text[:min(len(b.Text), maxTrace)], By: b.By, HELO: b.HELO, RDNS: b.RDNS, IP: b.IP}
		}
		if a := s.Message.AuthResults(); a != nil {
			m.Results = &facts.AuthResults{Server: a.Server, Results: a.Results}
		}
		if g.t.Preflight {
			m.Content = content(s.Message)
			m.Content.LinkListings = g.linkListings(m.Content.Links)
			m.Content.ARC = g.arc(s.Message)
			m.Scores = g.scores(s)
		}
		l, all := s.Message.Signatures()
		m.Unread = all - len(l)
		keys := every(l, g.signingKey)
		m.Signatures, m.Authors = []facts.Signature{}, s.Message.Authors()
		for i, x := range l { // one after the other: each takes a good part of a second for a large message
			m.Signatures = append(m.Signatures, g.signature(s.Message, x, keys[i]))
		}
		return m
	})
}

// signature verifies one signature with the key that is published now, and says what else stands against it.
func (g *gatherer) signature(m *eml.Message, x eml.Signature, k facts.Key) facts.Signature {
	s := g.verified(m, x, k)
	s.Faults = g.faults(x, k)
	s.Holds = s.Result == facts.SignaturePass
	if !s.Holds && g.ctx.Err() == nil && s.Bits <= maxKeyBits && len(k.Texts) == 1 {
		s.Holds = m.Holds(x, k.Texts[0])
	}
	return s
}

// faults are those of the signature's own tags (RFC 6376 3.5, 6.1.1; RFC 8301 3.1).
func (g *gatherer) faults(x eml.Signature, k facts.Key) []string {
	var l []string
	add := func(fault string, found bool) {
		if found {
			l = append(l, fault)
		}
	}
	seconds := func(tag string) int64 {
		n, _ := strconv.ParseInt(x.Tag(tag), 10, 37)
		return n
	}
	now := g.env.Now().Unix()
	strict := k.Record != nil && k.Record.Strict
	add(facts.FaultExpired, moment.MatchString(x.Tag("x")) && seconds("x") < now)
	add(facts.FaultFuture, seconds("t") > now+clockSkew)
	add(facts.FaultAgent, x.Foreign() || strict && x.Agent() != x.Domain)
	add(facts.FaultUncovered, !slices.Contains(x.Covers(), "from"))
	add(facts.FaultSHA1, strings.EqualFold(x.Tag("a"), "rsa-sha1"))
	add(facts.FaultLength, x.Has("l"))
	add(facts.FaultVersion, x.Tag("v") != "1")
	algorithm := strings.ToLower(x.Tag("a"))
	add(facts.FaultUnknown, !signatureAlgorithms[algorithm] || !canonicalizations.MatchString(x.Tag("c")))
	add(facts.FaultCapitals, algorithm != x.Tag("a"))
	return l
}

var (
	moment              = regexp.MustCompile(`^[0-9]+$`)
	signatureAlgorithms = map[string]bool{"rsa-sha1": true, "rsa-sha256": true, "ed25519-sha256": true}
	canonicalizations   = regexp.MustCompile(`^$|^(?:simple|relaxed)(?:/(?:simple|relaxed))?$`)
)

// clockSkew is how far ahead of ours the clock of a signer may be, in seconds: what OpenDKIM allows.
const clockSkew = 300

// verified is the result by RFC 6376.
func (g *gatherer) verified(m *eml.Message, x eml.Signature, k facts.Key) facts.Signature {
	s := facts.Signature{Domain: x.Domain, Selector: x.Selector, Algorithm: x.Tag("a")}
	is := func(result, format string, args ...any) facts.Signature {
		s.Result, s.Why = result, fmt.Sprintf(format, args...)
		return s
	}
	if result, why := unreadable(x); result != "" {
		return is(result, "%s", why)
	}
	if n, err := strconv.ParseInt(x.Tag("x"), 10, 37); err == nil && n >= 0 {
		s.Expires = time.Unix(n, 0).UTC()
	}
	if k.Record != nil {
		s.Bits = k.Record.Bits
	}
	if result, why := unusable(k); result != "" {
		s.Key = g.fits(m, x, k)
		return is(result, "%s", why)
	}
	if g.ctx.Err() != nil {
		return is(facts.SignatureTempError, overdue)
	}
	result, why := m.Verify(x, keyTexts(k)[0])
	switch {
	case result != facts.SignaturePass:
		return is(result, "%s", why)
	case g.expired(s):
		return is(facts.SignaturePolicy, "it fits, and expired on %s (x=)", s.Expires.Format(time.DateOnly))
	case x.Has("l"):
		return is(facts.SignaturePolicy, "it fits, and l=%.20s has it cover the first octets of the body alone: receivers differ on that (RFC 6376 8.2)", x.Tag("l"))
	}
	return is(facts.SignaturePass, "")
}

func (g *gatherer) expired(s facts.Signature) bool {
	return !s.Expires.IsZero() && g.env.Now().After(s.Expires)
}

// maxKeys bounds the key records of one selector that a signature is tried with.
const maxKeys = 4

// fits is that of several key records with which a signature verifies, "" unless there is one, and one alone. No receiver is
// bound to try them all (RFC 6376 3.6.2.2); it tells which of them is in use.
func (g *gatherer) fits(m *eml.Message, x eml.Signature, k facts.Key) string {
	texts := keyTexts(k)
	if len(texts) < 2 || len(texts) > maxKeys {
		return ""
	}
	found := ""
	for _, text := range texts {
		if g.ctx.Err() != nil {
			return ""
		}
		if dkim.Parse(text).Bits > maxKeyBits {
			continue
		}
		if result, _ := m.Verify(x, text); result != facts.SignaturePass {
			continue
		}
		if found != "" {
			return ""
		}
		found = text
	}
	return found
}

// overdue is why nothing more is verified.
const overdue = "not verified: the audit was over"

// unreadable is the result of a signature that names no key, "" where it does.
func unreadable(x eml.Signature) (result, why string) {
	switch {
	case len(x.Problems) > 0:
		why = "it is no tag list: " + x.Problems[0].Message
	case x.Domain == "":
		why = fmt.Sprintf("d=%.80q is no domain", x.Tag("d"))
	case x.Selector == "":
		why = fmt.Sprintf("s=%.80q is no selector", x.Tag("s"))
	default:
		return "", ""
	}
	return facts.SignaturePermError, why
}

// unusable is the result of whatever was signed with a key that verifiers cannot use, "" where they can.
func unusable(k facts.Key) (result, why string) {
	switch k.Status {
	case facts.KeyValid:
		if k.Record != nil && k.Record.Bits > maxKeyBits {
			return facts.SignaturePermError, fmt.Sprintf("the key at %s has %d bits, and no more than %d are looked at", k.Name, k.Record.Bits, maxKeyBits)
		}
		return "", ""
	case facts.KeyUnknown:
		return facts.SignatureTempError, fmt.Sprintf("the key at %s could not be looked up: %s", k.Name, k.Why)
	case facts.KeyMissing:
		return facts.SignaturePermError, "no key is published at " + k.Name
	case facts.KeyRevoked:
		return facts.SignaturePermError, fmt.Sprintf("the key at %s is revoked: its p= is empty", k.Name)
	}
	what := "it cannot be used"
	switch {
	case k.Dangling:
		return facts.SignaturePermError, fmt.Sprintf("no key is published at %s, whose CNAME leads nowhere", k.Name)
	case len(keyTexts(k)) > 1:
		what = "several key records stand there"
	case k.Record != nil && len(k.Record.Problems) > 0:
		what = k.Record.Problems[0].Message
	}
	return facts.SignaturePermError, fmt.Sprintf("the key at %s: %s", k.Name, what)
}

// learnedBy is whence a selector of a signing domain was learned, "" where a stream was told it by the user.
func (g *gatherer) learnedBy(domain, selector string) string {
	by := ""
	for _, s := range g.t.Streams {
		switch {
		case s.DKIMDomain != domain || !slices.Contains(s.Selectors, selector):
		case !s.HasLearned(facts.LearnedSelectors):
			return ""
		case by != "message":
			by = s.LearnedBy()
		}
	}
	return by
}
