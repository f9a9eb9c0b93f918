package receivers

import (
	"cmp"
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

// Entry is what one receiver would answer to one stream: to the worst of its addresses.
type Entry struct {
	Receiver    string
	Setup       string // of a set-up of the lab
	Stream      string
	IP          string // the address, "" where none is known
	Verdict     Verdict
	Requirement string // the one that decides, "" where none does
	Stage       Stage
	Reply       string
	Rules       []string
	Basis       Basis
	Source      string
	Reason      string // in words: what decides, or what is not known
	Note        string // what else the sources say of the requirement
	Unseen      string // what the receiver goes by that nobody outside can see
	Bulk        *Entry // of a sender that is none: what it would be as a bulk sender, where that is certainly worse
}

// Name is that of the book that answers.
func (e Entry) Name() string { return cmp.Or(e.Setup, e.Receiver) }

// Answers are what books would answer in each case: to each address of each stream by itself, in the order of the books and
// the streams.
func Answers(f *facts.Facts, books []Book) []Entry {
	l := []Entry{}
	cases := Cases(f)
	for _, b := range books {
		for _, s := range f.Streams {
			for _, c := range cases {
				if c.Stream == s.Name {
					l = append(l, b.Answer(c))
				}
			}
		}
	}
	return l
}

// Worst are those of Answers that count: of each receiver and stream the one to the address that fares worst.
func Worst(answers []Entry) []Entry {
	l := []Entry{}
	for _, e := range answers {
		last := len(l) - 1
		switch {
		case last < 0 || l[last].Receiver != e.Receiver || l[last].Setup != e.Setup || l[last].Stream != e.Stream:
			l = append(l, e)
		case rank(e.Verdict) < rank(l[last].Verdict):
			l[last] = e
		}
	}
	return l
}

// rank orders verdicts, the worst first.
func rank(v Verdict) int {
	return slices.Index([]Verdict{Rejects, Defers, Undecided, Files, Accepts}, v)
}

// Answer is what the receiver would say in one case.
func (b Book) Answer(c Case) Entry {
	e := b.answer(c)
	if slices.ContainsFunc(b.Requirements, func(r Requirement) bool { return !r.asked(c) }) {
		c.Bulk, c.Daily = true, 0
		if bulk := b.answer(c); rank(bulk.Verdict) < rank(e.Verdict) && bulk.Verdict != Undecided {
			e.Bulk = &bulk
		}
	}
	return e
}

// asks begins the reason of a requirement that is broken.
const asks = "asks that "

// answer goes through the requirements in their order. The first refusal counts, unless the receiver would go on after it and
// come to another. What is not known counts only where nothing is certain; what is certainly filed as spam counts last.
func (b Book) answer(c Case) Entry {
	var later, unknown, filed *Entry
	first := func(at **Entry, e Entry) {
		if *at == nil {
			*at = &e
		}
	}
	for _, r := range b.Requirements {
		if !r.asked(c) {
			continue
		}
		broken := r.Broken(c)
		decides := broken.Known() && broken.Value
		switch {
		case decides && r.Outcome == Spam:
			first(&filed, b.entry(c, r, Files, asks+r.What))
		case decides && r.Outcome == Unsaid:
			first(&unknown, b.entry(c, r, Undecided, asks+r.What+"; what it does otherwise is not documented"))
		case decides && (r.Later || r.Outcome == Defer && !b.software()):
			// In which order the others look is not known: what is refused for good counts.
			first(&later, b.entry(c, r, Defers, asks+r.What))
		case decides && r.Outcome == Defer:
			return b.entry(c, r, Defers, asks+r.What)
		case decides:
			return b.entry(c, r, Rejects, asks+r.What)
		case broken.State == facts.Unknown && (r.Outcome == Reject || r.Outcome == Defer):
			first(&unknown, b.entry(c, r, Undecided, broken.Why))
		}
	}
	for _, e := range []*Entry{later, unknown, filed} {
		if e != nil {
			return *e
		}
	}
	return b.accepted(c)
}

func (b Book) entry(c Case, r Requirement, v Verdict, reason string) Entry {
	s := b.source(r)
	e := b.blank(c, v)
	e.Requirement, e.Rules, e.Basis, e.Source = r.ID, slices.Clone(r.Rules), b.basis(r), s.cite()
	e.Reason, e.Note = reason, filled(r.Note, c)
	if v == Rejects || v == Defers {
		e.Stage, e.Reply = r.Stage, filled(r.Reply, c)
	}
	if c.Candidate {
		e.Reason = "if " + e.IP + " sends: " + e.Reason
	}
	return e
}

// accepted is the entry of mail with which nothing documented or measured is wrong.
func (b Book) accepted(c Case) Entry {
	e := b.blank(c, Accepts)
	e.Rules, e.Source = []string{}, b.Sources[0].cite()
	e.Basis = Inferred // from what nothing speaks against
	if b.software() {
		e.Basis = Measured
	}
	var silent []string
	for _, l := range c.Listings {
		if (l.Status == facts.Refused || l.Status == facts.NoClue) && b.uses(l) && !slices.Contains(silent, l.Zone) {
			silent = append(silent, l.Zone)
		}
	}
	if len(silent) > 0 {
		e.Reason = strings.Join(silent, ", ") + " did not answer: a listing would not be seen"
	}
	return e
}

// uses says whether a listing would decide anything here.
func (b Book) uses(l facts.Listing) bool {
	l.Status = facts.Listed
	l.Codes = []string{"127.0.0.2", "127.0.0.4", "127.0.1.2"}
	return slices.ContainsFunc(b.Requirements, func(r Requirement) bool {
		if !slices.ContainsFunc(r.Rules, func(id string) bool { return strings.HasPrefix(id, "dnsbl.") }) {
			return false
		}
		t := r.Broken(Case{MailFrom: "x@" + l.Target, Listings: []facts.Listing{l}})
		return t.Known() && t.Value
	})
}

func (b Book) blank(c Case, v Verdict) Entry {
	e := Entry{Receiver: b.Receiver, Setup: b.Setup, Stream: c.Stream, Verdict: v, Unseen: b.Unseen}
	if c.IP.IsValid() {
		e.IP = c.IP.String()
	}
	return e
}

// cite names a source with its date.
func (s Source) cite() string {
	out := cmp.Or(s.Where, s.Title)
	if s.Where != "" && s.Title != "" {
		out = s.Title + ", " + s.Where
	}
	if s.Basis == Inferred {
		out += " (secondary)"
	}
	return out + " (" + s.Date + ")"
}

// filled is a reply with what the case has in place of its placeholders.
func filled(reply string, c Case) string {
	if !strings.Contains(reply, "{") {
		return reply
	}
	_, sender, _ := strings.Cut(c.MailFrom, "@")
	ip := "the sending address"
	if c.IP.IsValid() {
		ip = c.IP.String()
	}
	words := c.NullCallout.Value.Text
	if c.Callout.Known() {
		words = c.Callout.Value.Text
	}
	return strings.NewReplacer("{ip}", ip, "{d}", c.Domain, "{from}", c.MailFrom, "{s}", sender, "{helo}", c.HELO,
		"{rcpt}", "recipient", "{said}", words).Replace(reply)
}
