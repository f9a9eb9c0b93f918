package report

import (
	"fmt"
	"strings"
	"time"

	"mailaudit/internal/audit"
)

// learned says in few lines what was learned and by what: it decides what is audited.
func (p *page) learned(e audit.Evidence) {
	switch {
	case e.Samples != nil:
		for _, s := range sampled(e.Samples) {
			p.hanging(0, s)
		}
	case e.Message != nil:
		p.hanging(0, "the message: "+hop(e.Message))
	}
	if r := e.Reports; r != nil {
		p.hanging(0, "the DMARC reports: "+reported(r))
		if s := strangers(r); s != "" {
			p.hanging(0, s)
		}
		for _, n := range r.Notes {
			p.hanging(0, "the DMARC reports: "+n)
		}
	}
}

// messages shows what was learned from each message that is kept.
func (p *page) messages(e audit.Evidence) error {
	if e.Samples == nil {
		return p.message(e.Message)
	}
	for _, s := range e.Samples.Streams {
		if err := p.message(s.Message); err != nil {
			return err
		}
	}
	return nil
}

// sampled says for each stream how many messages there are, and which line of one of them is believed.
func sampled(s *audit.Samples) []string {
	l := []string{fmt.Sprintf("the messages: %d, of %s", s.Messages, count(len(s.Streams), "stream"))}
	for _, x := range s.Streams {
		way := "too large to be kept"
		if x.Message != nil {
			way = hop(x.Message)
		}
		l = append(l, fmt.Sprintf("stream %s: %s; one of them %s", x.Stream, count(x.Messages, "message"), way))
	}
	return append(l, s.Notes...)
}

// reported sums the reports up.
func reported(r *audit.Reports) string {
	of := fmt.Sprintf("%d by %s", r.Reports, count(r.Reporting, "reporter"))
	if r.Begin != nil && r.End != nil {
		of += fmt.Sprintf(", %s to %s", r.Begin.UTC().Format(time.DateOnly), r.End.UTC().Format(time.DateOnly))
	}
	if r.Messages == 0 {
		return of + ": no message of the domain"
	}
	return fmt.Sprintf("%s: %s from %s; %s pass DMARC, %s SPF and %s DKIM, aligned", of, count(int(r.Messages), "message"), count(r.Addresses, "address"),
		portion(r.DMARC, r.Messages), portion(r.SPF, r.Messages), portion(r.DKIM, r.Messages))
}

// strangers are the addresses whose mail passed by nothing, those that send most in front; "" where there are none.
func strangers(r *audit.Reports) string {
	const shown = 3
	if r.Unknown.Addresses == 0 {
		return ""
	}
	var l []string
	for _, s := range r.Sources {
		if s.Kind == "unauthenticated" && len(l) < shown {
			l = append(l, fmt.Sprintf("%s (%d)", s.IP, s.Messages))
		}
	}
	if more := r.Unknown.Addresses - len(l); more > 0 {
		l = append(l, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("unknown senders: %s, whose mail never passed, sent %s: %s. A sender that was forgotten, a forwarder, or somebody else",
		count(r.Unknown.Addresses, "address"), portion(r.Unknown.Messages, r.Messages), strings.Join(l, ", "))
}

// portion is a share of messages.
func portion(n, of int64) string { return percent(float64(n) / float64(max(of, 1))) }

func reportsTitle(r *audit.Reports) string {
	if r == nil {
		return ""
	}
	return list("DMARC REPORTS, "+reported(r), after("by ", strings.Join(r.Reporters, ", "), true))
}

// reportsTable has a line for each address that receivers saw.
func reportsTable(r *audit.Reports) table {
	t := table{head: []string{"ADDRESS", "MESSAGES", "WHAT"}, right: 1, word: -1}
	if r == nil {
		return t
	}
	for _, s := range r.Sources {
		audited := "not audited"
		switch {
		case s.Declared:
			audited = "audited"
		case s.Audited:
			audited = "audited as a candidate"
		}
		t.rows = append(t.rows, []string{s.IP, fmt.Sprint(s.Messages), list(portion(s.Messages, r.Messages), s.Kind, "DMARC "+portion(s.DMARC, s.Messages),
			"SPF "+portion(s.SPF, s.Messages), "DKIM "+portion(s.DKIM, s.Messages), audited, after("MAIL FROM ", strings.Join(s.MailFrom, ", "), true),
			after("d=", strings.Join(s.Signers, ", "), true))})
	}
	if r.Beyond > 0 {
		t.rows = append(t.rows, []string{"others", fmt.Sprint(r.Beyond), "addresses that are not shown"})
	}
	return t
}
