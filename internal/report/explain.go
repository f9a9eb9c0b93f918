package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailaudit/internal/audit"
	"mailaudit/internal/replies"
)

// ExplainFormats are those of Explain.
var ExplainFormats = []string{"text", "json", "ndjson"}

// ReplySummary counts what replies mean.
type ReplySummary struct {
	Replies    int
	Recognised int
	Rows       []ReplyCount // the most frequent first
	Left       int          // replies of causes and receivers beyond those that are told apart
}

// ReplyCount is how often a receiver gave a cause.
type ReplyCount struct {
	Class    replies.Class
	Receiver string
	N, Hard  int
	Example  string
}

// ExplainWriter takes explanations one by one.
type ExplainWriter interface {
	// Explain writes what a reply means, whom to write to, and the audit of its sender, both of which may be missing.
	Explain(e replies.Explanation, c *replies.Contact, r *audit.Report) error
	// Close ends the output. A summary that is not nil is written instead of a list, or beneath it.
	Close(s *ReplySummary) error
}

// Explain is the writer of explanations.
func Explain(w io.Writer, o Options) (ExplainWriter, error) {
	switch o.Format {
	case "text":
		return &explainText{w: w, o: o}, nil
	case "json":
		return &explainJSON{&jsonWriter{w: w, several: true}}, nil
	case "ndjson":
		return &explainJSON{&ndjsonWriter{w: w}}, nil
	}
	return nil, badFormat(o.Format, ExplainFormats)
}

// explained is one explanation in JSON.
type explained struct {
	SchemaVersion int              `json:"schema_version"`
	Input         string           `json:"input"`
	Code          *int             `json:"code"`
	EnhancedCode  string           `json:"enhanced_code"`
	Receiver      string           `json:"receiver"`
	Class         replies.Class    `json:"class"`
	Sisimai       string           `json:"sisimai"`
	Permanent     bool             `json:"permanent"`
	Hard          bool             `json:"hard"`
	Side          string           `json:"side"`
	Meaning       string           `json:"meaning"`
	Action        string           `json:"action"`
	Retry         string           `json:"retry"`
	Rules         []string         `json:"rules"`
	Contact       *explainedTo     `json:"contact"`
	Basis         string           `json:"basis"`
	Source        *explainedSource `json:"source"`
	Host          string           `json:"host"`
	Recipient     string           `json:"recipient"`
	SenderDomain  string           `json:"sender_domain"`
	SenderIP      string           `json:"sender_ip"`
	Time          string           `json:"time"`
	Audit         *audit.Report    `json:"audit,omitempty"`
}

type explainedTo struct {
	To      string `json:"to"`
	Why     string `json:"why"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

type explainedSource struct {
	Title string `json:"title"`
	Where string `json:"where"`
	Date  string `json:"date"`
}

type explainedSummary struct {
	SchemaVersion int            `json:"schema_version"`
	Replies       int            `json:"replies"`
	Recognised    int            `json:"recognised"`
	Summary       []explainedRow `json:"summary"`
	Left          int            `json:"left"`
}

type explainedRow struct {
	Class    replies.Class `json:"class"`
	Sisimai  string        `json:"sisimai"`
	Side     string        `json:"side"`
	Receiver string        `json:"receiver"`
	Count    int           `json:"count"`
	Hard     int           `json:"hard"`
	Example  string        `json:"example"`
}

type explainJSON struct {
	out interface {
		add(v any) error
		Close() error
	}
}

func (j *explainJSON) Explain(e replies.Explanation, c *replies.Contact, r *audit.Report) error {
	x := explained{SchemaVersion: audit.SchemaVersion, Input: e.Shown(), EnhancedCode: cmp.Or(e.Enhanced, e.Status), Receiver: e.Who, Class: e.Class,
		Sisimai: e.Sisimai, Permanent: e.Permanent, Hard: e.Hard, Side: e.Side, Meaning: e.Meaning, Action: e.Action, Retry: e.Retry,
		Rules: append([]string{}, e.Rules...), Basis: e.Basis, Host: e.Host, Recipient: e.Recipient, SenderDomain: e.Sender, SenderIP: e.IP, Time: e.When, Audit: r}
	if e.Code > 0 {
		x.Code = &e.Code
	}
	if c != nil {
		x.Contact = &explainedTo{c.To, c.Why, c.Subject, c.Text}
	}
	if e.Source.ID != "" {
		x.Source = &explainedSource{e.Source.Title, e.Source.Where, e.Source.Date}
	}
	return j.out.add(x)
}

func (j *explainJSON) Close(s *ReplySummary) error {
	if s != nil {
		x := explainedSummary{audit.SchemaVersion, s.Replies, s.Recognised, []explainedRow{}, s.Left}
		for _, r := range s.Rows {
			a := replies.Of(r.Class)
			x.Summary = append(x.Summary, explainedRow{r.Class, a.Sisimai, a.Side, r.Receiver, r.N, r.Hard, r.Example})
		}
		if err := j.out.add(x); err != nil {
			return err
		}
	}
	return j.out.Close()
}

// explainText writes for people.
type explainText struct {
	w    io.Writer
	o    Options
	some bool
}

var sides = map[string]string{
	replies.SenderDNS: "the sender's DNS", replies.SenderHost: "the sending host", replies.SenderContent: "the message and whom it is sent to",
	replies.SenderVolume: "the sender's volume", replies.Recipient: "the recipient", replies.Receiver: "the receiver", replies.OwnAccount: "your own account",
}

var again = map[string]string{
	replies.Never: "never to this address", replies.AfterFix: "after the fix", replies.Later: "later",
}

func (t *explainText) Explain(e replies.Explanation, c *replies.Contact, r *audit.Report) error {
	p := newPage(t.o)
	if t.some {
		p.line("")
	}
	t.some = true
	p.hanging(0, "REPLY "+cmp.Or(e.Shown(), "(empty)"))
	p.hanging(2, list("cause: "+string(e.Class), after("receiver: ", e.Who, true), after("recipient: ", e.Recipient, true)))
	p.hanging(2, e.Meaning)
	p.hanging(2, "to do: "+e.Action)
	resend := again[e.Retry]
	switch {
	case e.Class == replies.Delivered:
		resend = "there is no need"
	case e.Retry == replies.Never && e.Side != replies.Recipient:
		resend = "never"
	}
	kind := "temporary"
	if e.Permanent {
		kind = "permanent"
	}
	if e.Hard {
		kind += ", and the address is dead"
	}
	p.hanging(2, list("send again: "+resend, kind, "to act: "+sides[e.Side]))
	if len(e.Rules) > 0 {
		p.hanging(2, "rules that find it: "+strings.Join(e.Rules, ", "))
	}
	basis := "known by " + e.Basis
	if e.Class == replies.Unknown {
		basis = e.Basis
	}
	if e.Source.ID != "" {
		basis = list(basis, e.Source.Title, e.Source.Where, e.Source.Date)
	}
	p.hanging(2, basis)
	if c != nil {
		p.hanging(2, fmt.Sprintf("write to: %s (%s)", c.To, c.Why))
		p.hanging(4, "Subject: "+c.Subject)
		for line := range strings.Lines(c.Text) {
			if line = strings.TrimRight(line, "\n"); line == "" {
				p.line("")
			} else {
				p.hanging(4, line)
			}
		}
	}
	if r != nil {
		if err := t.checked(p, e, r); err != nil {
			return err
		}
	}
	return write(t.w, p.Bytes())
}

// checked shows what the audit finds of the rules behind the cause.
func (t *explainText) checked(p *page, e replies.Explanation, r *audit.Report) error {
	p.blank()
	bad := table{head: []string{"RULE", "RESULT", "WHAT"}, right: -1, word: 1}
	for _, f := range r.Findings {
		if slices.Contains(e.Rules, f.Rule) && f.Status != "pass" {
			bad.rows = append(bad.rows, []string{f.Rule, f.Status, list(f.Subject, f.Message)})
		}
	}
	if len(bad.rows) == 0 {
		p.prose(2, fmt.Sprintf("CHECKED %s now: none of these rules is broken", r.Domain))
		return nil
	}
	p.prose(2, fmt.Sprintf("CHECKED %s now", r.Domain))
	return p.table(bad)
}

func (t *explainText) Close(s *ReplySummary) error {
	p := newPage(t.o)
	switch {
	case s != nil:
		if t.some {
			p.line("")
		}
		p.prose(0, fmt.Sprintf("%d replies, %d of them recognised", s.Replies, s.Recognised))
		rows := table{head: []string{"CAUSE", "RECEIVER", "COUNT", "TO ACT", "EXAMPLE"}, right: 2, word: -1}
		for _, r := range s.Rows {
			rows.rows = append(rows.rows, []string{string(r.Class), r.Receiver, fmt.Sprint(r.N), sides[replies.Of(r.Class).Side], r.Example})
		}
		if len(rows.rows) > 0 {
			if err := p.table(rows); err != nil {
				return err
			}
		}
		if s.Left > 0 {
			p.prose(2, fmt.Sprintf("and %d more of other causes and receivers", s.Left))
		}
	case !t.some:
		p.line("no reply was found")
	}
	return write(t.w, p.Bytes())
}
