package gather

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
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
			m.Scores = g.scores(s)
		}
		l, all := s.Message.Signatures()
		m.Unread = all - len(l)
		keys := every(l, func(x eml.Signature) facts.Key {
			if x.Domain == "" || x.Selector == "" {
				return facts.Key{}
			}
			return g.key(x.Domain, x.Selector, "message", dnsx.Answer{})
		})
		m.Signatures = []facts.Signature{}
		for i, x := range l { // one after the other: each takes a good part of a second for a large message
			m.Signatures = append(m.Signatures, g.signature(s.Message, x, keys[i]))
		}
		return m
	})
}

// signature verifies one signature with the key that is published now.
func (g *gatherer) signature(m *eml.Message, x eml.Signature, k facts.Key) facts.Signature {
	s := facts.Signature{Domain: x.Domain, Selector: x.Selector, Algorithm: x.Tag("a")}
	is := func(result, format string, args ...any) facts.Signature {
		s.Result, s.Why = result, fmt.Sprintf(format, args...)
		return s
	}
	switch {
	case len(x.Problems) > 0:
		return is(facts.SignaturePermError, "it is no tag list: %s", x.Problems[0].Message)
	case x.Domain == "":
		return is(facts.SignaturePermError, "d=%.80q is no domain", x.Tag("d"))
	case x.Selector == "":
		return is(facts.SignaturePermError, "s=%.80q is no selector", x.Tag("s"))
	}
	if n, err := strconv.ParseInt(x.Tag("x"), 10, 37); err == nil && n > 0 {
		s.Expires = time.Unix(n, 0).UTC()
	}
	if k.Record != nil {
		s.Bits = k.Record.Bits
	}
	if result, why := unusable(k); result != "" {
		return is(result, "%s", why)
	}
	i := strings.LastIndexByte(x.Tag("i"), '@')
	switch {
	case s.Bits > maxKeyBits:
		return is(facts.SignaturePermError, "the key at %s has %d bits, and no more than %d are looked at", k.Name, s.Bits, maxKeyBits)
	case k.Record.Strict && i >= 0 && !strings.EqualFold(x.Tag("i")[i+1:], x.Tag("d")):
		return is(facts.SignaturePermError, "the key at %s has t=s, and i=%.80s is of another domain than d= (RFC 6376 3.6.1)", k.Name, x.Tag("i"))
	// The library asks the clock itself and refuses l=, so both are told before it could.
	case !s.Expires.IsZero() && (g.env.Now().After(s.Expires) || time.Now().After(s.Expires)):
		return is(facts.SignaturePolicy, "it expired on %s (x=), so it was not verified: take a message that was sent since", s.Expires.Format(time.DateOnly))
	case x.Has("l"):
		return is(facts.SignaturePolicy, "l=%.20s has it cover the first octets of the body alone, so it was not verified: receivers differ on that (RFC 6376 8.2)", x.Tag("l"))
	case g.ctx.Err() != nil:
		return is(facts.SignatureTempError, "not verified: the audit was over")
	}
	result, why := m.Verify(x, keyTexts(k)[0])
	return is(result, "%s", why)
}

// unusable is the result of whatever was signed with a key that verifiers cannot use, "" where they can.
func unusable(k facts.Key) (result, why string) {
	switch k.Status {
	case facts.KeyValid:
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

// learned says whether all streams that name a selector of a signing domain learned it from a message.
func (g *gatherer) learned(domain, selector string) bool {
	return !slices.ContainsFunc(g.t.Streams, func(s facts.Stream) bool {
		return s.DKIMDomain == domain && slices.Contains(s.Selectors, selector) && !s.HasLearned(facts.LearnedSelectors)
	})
}
