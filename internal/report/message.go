package report

import (
	"fmt"
	"strings"
	"time"

	"mailaudit/internal/audit"
)

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
	p.contents(m)
	if err := p.path(m.Path); err != nil {
		return err
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

// contents shows what the message leads to and carries.
func (p *page) contents(m *audit.Message) {
	if len(m.Links) > 0 {
		var l []string
		for _, x := range m.Links {
			l = append(l, x.Domain+" "+x.Status+after(" by ", strings.Join(x.Lists, " and "), true))
		}
		if m.LinksLeft > 0 {
			l = append(l, count(m.LinksLeft, "domain")+" more that no list was asked about")
		}
		p.hanging(2, "it leads to "+strings.Join(l, ", "))
	}
	if len(m.Attachments) > 0 {
		p.hanging(2, "it carries "+strings.Join(m.Attachments, ", "))
	}
	if a := m.ARC; a != nil {
		p.hanging(2, fmt.Sprintf("%s of ARC, cv=%s: %s", count(a.Sets, "set"), a.CV, list(a.Result, a.Cause)))
	}
}

// path shows the way that the message came. Whoever sent it may have made it up.
func (p *page) path(l []audit.Relay) error {
	if len(l) == 0 {
		return nil
	}
	t := table{head: []string{"HOP", "DELAY", "TLS", "WAY"}, right: -1, word: 1}
	for _, r := range l {
		delay := ""
		if r.Delay != nil {
			delay = (time.Duration(*r.Delay) * time.Second).String()
		}
		t.rows = append(t.rows, []string{fmt.Sprint(r.Number), delay, r.TLS, list(after("from ", r.From, true), after("PTR then ", r.RDNS, true), r.IP, after("by ", r.By, true), r.With)})
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
