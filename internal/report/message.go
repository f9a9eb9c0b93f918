package report

import (
	"fmt"
	"strings"

	"mailaudit/internal/audit"
)

// learned says in one line which Received field is believed: it decides what is audited.
func (p *page) learned(m *audit.Message) {
	if m != nil {
		p.hanging(0, "the message: "+hop(m))
	}
}

// hop is the way that a message came to its receiver, or why it is not known.
func hop(m *audit.Message) string {
	h := m.Hop
	if h == nil {
		return m.Cause
	}
	return fmt.Sprintf("by Received field %d of %d, which %s wrote: %s", h.Number, h.Of, h.By, list(h.IP, after("HELO ", h.HELO, true), after("PTR then ", h.RDNS, true)))
}

// message shows what was learned from a message, by which of its lines, and how its signatures verify.
func (p *page) message(m *audit.Message) error {
	if m == nil {
		return nil
	}
	unread := ""
	if m.Unread > 0 {
		unread = count(m.Unread, "signature") + " more not looked at"
	}
	p.blank()
	p.prose(0, "MESSAGE, "+list("from "+m.From, hop(m), after("envelope sender ", m.Envelope, true), after("learned: ", strings.Join(m.Learned, ", "), true), unread))
	if r := m.AuthenticationResults; r != nil {
		p.hanging(2, fmt.Sprintf("%s wrote, and nothing is judged by it: %s", r.Server, list(r.Results...)))
	}
	for _, s := range m.Scores {
		p.hanging(2, score(s))
	}
	if len(m.Signatures) == 0 {
		p.hanging(2, "it carries no DKIM signature")
		return nil
	}
	t := table{head: []string{"SIGNATURE", "RESULT", "WHAT"}, right: -1, word: 1}
	for _, s := range m.Signatures {
		bits := ""
		if s.Bits > 0 {
			bits = fmt.Sprintf("%d bits", s.Bits)
		}
		t.rows = append(t.rows, []string{"d=" + s.Domain + " s=" + s.Selector, s.Result, list(s.Algorithm, bits, s.Cause)})
	}
	return p.table(t)
}

// score is what one filter says of the message.
func score(s audit.Score) string {
	if s.Score == nil || s.Required == nil {
		return s.Cause
	}
	return fmt.Sprintf("%s at %s: %.1f, spam from %.1f; %s", s.Engine, s.Address, *s.Score, *s.Required, list(s.Symbols...))
}
