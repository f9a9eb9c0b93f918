// Package receivers foretells what receivers would answer to a sender. Each has a book: what it requires of whom, in the
// order in which it would look, what it does where that is broken, in which words, and who says so. Nothing here looks
// anything up: a book sees a Case, which is what the audit knows of one stream from one address as a receiver would see it.
//
// A book says no more than its sources. What a receiver asks for without telling what it does otherwise is Unsaid: broken, it
// makes the forecast unknown. Reputation, which nobody outside can see, is named in Unseen and decides nothing.
package receivers

import (
	"cmp"
	"slices"

	"mailaudit/internal/facts"
)

// Outcome is what a receiver does with mail that breaks a requirement.
type Outcome string

// The outcomes. Spam is mail that is accepted, and filed as spam or held.
const (
	Reject Outcome = "reject"
	Defer  Outcome = "defer"
	Spam   Outcome = "spam"
	Unsaid Outcome = "unsaid" // required, and nobody says what happens otherwise
)

// Verdict is what comes of a forecast. Accept promises nothing: content and reputation are not seen.
type Verdict string

// The verdicts, worst first.
const (
	Rejects   Verdict = "reject"
	Defers    Verdict = "defer"
	Undecided Verdict = "unknown"
	Files     Verdict = "spam"
	Accepts   Verdict = "accept"
)

// Stage is where in the talk a refusal comes (RFC 5321 3). Of a receiver whose pages do not say it is the first at which
// it can know what the refusal rests on.
type Stage string

// The stages. At Data the message is there.
const (
	Connect Stage = "connect"
	HELO    Stage = "helo"
	Mail    Stage = "mail"
	Rcpt    Stage = "rcpt"
	Data    Stage = "data"
)

// Stages are in the order of the talk.
var Stages = []Stage{Connect, HELO, Mail, Rcpt, Data}

// Basis is what a statement rests on: the receiver's own pages or real replies of it (Documented), the replies of the
// software itself (Measured), or others who write about it, and what follows from them (Inferred).
type Basis string

// The bases.
const (
	Documented Basis = "documented"
	Measured   Basis = "measured"
	Inferred   Basis = "inferred"
)

// Source is where something stands.
type Source struct {
	ID    string // by which the book's requirements name it
	Title string
	Where string // a URL or a repository
	Date  string // of the page, or of the copy that was read
	Basis Basis  // what a requirement that stands there rests on
}

// Requirement is one thing that a receiver asks of a sender.
type Requirement struct {
	ID      string // receiver.what-is-wrong
	What    string // the good state
	Bulk    bool   // asked only of senders that the receiver counts as bulk
	Volume  int    // messages a day from which on it is asked of bulk senders; 0: of all
	Broken  func(Case) Truth
	When    string // the name of Broken, where a file chose it
	Outcome Outcome
	Stage   Stage
	// Reply is the receiver's text as its source has it. {ip} is the sending address, {d} the domain of From, {from} the
	// address in MAIL FROM and {s} its domain, {helo} the name in EHLO, {rcpt} the recipient, {said} what the sender's own MX
	// said to a callout.
	Reply  string
	Later  bool // the receiver goes on, and a refusal further on comes instead (Postfix: defer_if_permit)
	Rules  []string
	Since  string
	Source string // of a Source of the book
	Basis  Basis  // where it differs from the source's
	Note   string // what else its sources say, where they do not agree
}

// asked says whether it is asked of a sender.
func (r Requirement) asked(c Case) bool {
	if r.Volume > 0 && c.Daily > 0 {
		return c.Daily >= r.Volume
	}
	return !r.Bulk || c.Bulk
}

// Book is what is known of one receiver.
type Book struct {
	Receiver     string // the name that users and scripts rely on
	Setup        string // of a policy of the lab: its name there
	Title        string
	Brands       []string
	Policy       string // of software: how it is set up
	Bulk         string // who counts as bulk, and who says so
	Unseen       string // what it also goes by that nobody outside can see
	Sources      []Source
	Requirements []Requirement
}

// Books are those of all receivers, in the order of the report.
var Books = slices.Concat(mailboxes, software, filters)

// Names are those of all receivers, in the order of the report.
func Names() []string {
	l := make([]string, len(Books))
	for i, b := range Books {
		l[i] = b.Receiver
	}
	return l
}

// Setups are the names of the lab's set-ups.
func Setups() []string {
	l := make([]string, len(Lab))
	for i, b := range Lab {
		l[i] = b.Setup
	}
	return l
}

// Name is what a book is asked for by.
func (b Book) Name() string { return cmp.Or(b.Setup, b.Receiver) }

// software says whether the book is of software that anybody may run: its requirements are in the order in which it looks.
func (b Book) software() bool { return b.Policy != "" }

// source is the one that a requirement names.
func (b Book) source(r Requirement) Source {
	i := slices.IndexFunc(b.Sources, func(s Source) bool { return s.ID == r.Source })
	if i < 0 {
		return Source{}
	}
	return b.Sources[i]
}

// basis is what a requirement rests on.
func (b Book) basis(r Requirement) Basis {
	if r.Basis != "" {
		return r.Basis
	}
	return b.source(r).Basis
}

// Truth is yes, no, or unknown with the cause. One that nobody asked about, or that cannot be seen from outside, is unasked:
// it decides nothing.
type Truth = facts.Fact[bool]

var (
	yes    = facts.Know(true)
	no     = facts.Know(false)
	unseen = Truth{}
)

func truth(b bool) Truth { return facts.Know(b) }

func cannot(why string) Truth { return facts.Cannot[bool](why) }

// is makes a Truth out of a fact.
func is[T any](f facts.Fact[T], holds func(T) bool) Truth {
	if !f.Known() {
		return Truth{State: f.State, Why: f.Why}
	}
	return truth(holds(f.Value))
}

func not(t Truth) Truth {
	if t.Known() {
		return truth(!t.Value)
	}
	return t
}

// all is yes where each is, and no where one is not, whatever the others.
func all(l ...Truth) Truth {
	out := yes
	for _, t := range l {
		switch {
		case t.Known() && !t.Value:
			return no
		case t.State == facts.Unasked, t.State == facts.Unknown && out.Known():
			out = t
		}
	}
	return out
}

// some is yes where one is, and no where none is.
func some(l ...Truth) Truth {
	out := no
	for _, t := range l {
		switch {
		case t.Known() && t.Value:
			return yes
		case t.State == facts.Unknown, t.State == facts.Unasked && out.Known():
			out = t
		}
	}
	return out
}
