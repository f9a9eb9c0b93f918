// Package checks holds the rules: pure functions over facts. A rule is one entry in a list, one function and
// one test. It looks nothing up, knows no clock, and sees a fact only when that fact is known: the runner,
// once and for all rules, turns "could not be found out" into a finding `unknown` with its cause, so that no
// rule can mistake a timeout for an absence.
package checks

import (
	"net/netip"
	"slices"

	"mailaudit/internal/facts"
)

// Status is the outcome of one rule for one subject.
type Status string

// Fail: this sender's mail is refused somewhere, or an authentication that it relies on is void, under the
// profile in force. Warn: every other violation that matters. Info: hygiene and context. Unknown: it could
// not be found out.
const (
	Fail    Status = "fail"
	Warn    Status = "warn"
	Info    Status = "info"
	Pass    Status = "pass"
	Unknown Status = "unknown"
)

// Impact is what a violation leads to.
type Impact string

// The impacts, worst first.
const (
	Reject  Impact = "reject"
	Defer   Impact = "defer"
	Spam    Impact = "spam"
	Reports Impact = "reports"
	Inbound Impact = "inbound"
	Clients Impact = "clients"
	Hygiene Impact = "hygiene"
)

// Area is a group of rules that is chosen, weighed and shown together.
type Area string

// Areas are all that --only and --skip take, in the order of the report. Some have no rule that applies
// to every domain; their names are accepted all the same, so that a script may leave them out.
var Areas = []Area{
	"domain", "mx", "spf", "dkim", "dmarc", "ptr", "dnsbl", "submission",
	"tls", "mtasts", "tlsrpt", "dane", "dnssec", "bimi", "parked", "message",
}

// Cap names a limit that a finding puts on the score, beside that of its status (score.Caps).
type Cap string

// Listed: on a list that most receivers use. Dead: no mail of this domain can be answered or accepted.
const (
	CapNone   Cap = ""
	CapListed Cap = "listed"
	CapDead   Cap = "dead"
)

// Refusal says that a receiver answers a violation with a permanent 5xx, as its own pages document. Bulk limits
// it to senders that the receiver counts as bulk.
type Refusal struct {
	Receiver string
	Bulk     bool
}

// Check is one rule.
type Check struct {
	ID         string // area.what-is-wrong, never renamed or reused
	Title      string // the good state
	Area       Area
	Worst      Status // the worst status that Judge can give
	Impact     Impact
	References []string  // "RFC 7208 4.6.4": each names its section
	Replies    []string  // what receivers answer, as documented; {ip} and {d} stand for the address and the domain
	Refused    []Refusal // whatever the violation; Violation.Refused adds to them
	Cap        Cap       // the worst that a violation puts on the score
	Needs      facts.Topic
	Help       string // why it matters, for `mailaudit rules ID`
	Fix        string // what to do, beginning with a verb
	Example    Example
	Judge      func(*facts.Facts) []Verdict
}

// Example is something published that breaks the rule, for the documentation; a test audits it. It is what differs from
// the healthy domain example.com: records in zone-file form, each (name, type) replaced whole, names without the dot at
// the end beneath example.com.
type Example struct {
	Zone    string // one record a line
	Remove  string // one "NAME TYPE" a line
	Flags   string // of mailaudit check, besides those of the healthy domain
	Finding Status // what it gives; "" for Worst
}

// Verdict is what one rule found about one subject.
type Verdict struct {
	Subject   string
	Source    netip.Addr // the sending address it is about, where it is about one
	Candidate bool       // the address or service was guessed: at most warn
	Deciding  bool       // unknown here changes verdict and exit code
	Aside     bool       // it costs no coverage: whoever does not know it knows no less of the domain's faults
	Said      Area       // the area whose rules say the same: it is told here only where those are left out
	Unknown   string     // why the subject is not known; then there are no violations
	Broken    []Violation
}

// Violation is one breach of a rule. Status is Fail, Warn or Info, or Unknown where the subject was seen and
// still decides nothing, such as a blocklist that refuses to answer.
type Violation struct {
	Status  Status
	Message string // lower case, no full stop, with the number and the limit, naming the term or record at fault
	Implied bool   // another rule's finding is the cause and carries the points
	Cap     Cap
	Refused []Refusal // besides those of the rule, for this very breach
	Fix     string    // in place of the rule's own, where the case calls for it
	At      Place
}

// Place is where in a published record the fault stands. The zero Place is none.
type Place struct {
	Name   string // the owner of the record
	Record string // its octets, strings joined
	Offset int    // in octets, from the start of Record
	Length int
}

// Finding is one line of the report.
type Finding struct {
	Check     *Check
	Status    Status
	Subject   string
	Message   string
	Source    netip.Addr
	Candidate bool
	Deciding  bool
	Implied   bool
	Cap       Cap
	Refused   []string // receivers that answer 5xx for it under the profile in force
	Could     []string // of Unknown: receivers that would, if the answer turned out to be the worst
	Fix       string
	At        Place
	Points    float64 // what it costs, before the limit of its area; set by score
}

// Share counts what could be decided.
type Share struct{ Decided, Total int }

// Result is what all chosen rules found.
type Result struct {
	Findings []Finding // by the order of All; fails, warnings and the rest stand where their rule stands
	Shares   map[Area]Share
}

// Run judges the facts by every rule of the areas that are wanted.
func Run(f *facts.Facts, wanted func(Area) bool) Result {
	r := Result{Shares: map[Area]Share{}, Findings: make([]Finding, 0, len(All))}
	for _, c := range All {
		if wanted(c.Area) {
			r.judge(c, f, wanted)
		}
	}
	return r
}

func (r *Result) judge(c *Check, f *facts.Facts, wanted func(Area) bool) {
	share := r.Shares[c.Area]
	judged, clean := 0, true
	verdicts := c.Judge(f)
	for _, v := range verdicts {
		if v.Said != "" && wanted(v.Said) {
			clean = clean && v.Unknown == "" && len(v.Broken) == 0
			continue
		}
		judged++
		decided := v.Unknown == ""
		if !decided {
			r.Findings = append(r.Findings, Finding{Check: c, Status: Unknown, Subject: v.Subject, Message: v.Unknown,
				Source: v.Source, Candidate: v.Candidate, Deciding: v.Deciding, Could: refusedBy(c.Refused, f.Profile.Name)})
		}
		for _, b := range v.Broken {
			r.Findings = append(r.Findings, finding(c, f, v, b))
			decided = decided && b.Status != Unknown
		}
		clean = clean && decided && len(v.Broken) == 0
		// What the command line alone decides says nothing about how much could be found out.
		if c.Needs != 0 && !v.Aside {
			share.Total++
			if decided {
				share.Decided++
			}
		}
	}
	if judged == 0 {
		return // not applicable
	}
	r.Shares[c.Area] = share
	if clean {
		subject := f.Domain
		if len(verdicts) == 1 {
			subject = verdicts[0].Subject
		}
		r.Findings = append(r.Findings, Finding{Check: c, Status: Pass, Subject: subject, Message: c.Title})
	}
}

func finding(c *Check, f *facts.Facts, v Verdict, b Violation) Finding {
	out := Finding{Check: c, Status: b.Status, Subject: v.Subject, Message: b.Message, Source: v.Source,
		Candidate: v.Candidate, Implied: b.Implied, Cap: b.Cap, Fix: b.Fix, At: b.At, Deciding: b.Status == Unknown && v.Deciding}
	if out.Fix == "" && b.Status != Unknown { // what is not known needs no putting right
		out.Fix = c.Fix
	}
	if v.Candidate && b.Status == Fail {
		out.Status, out.Cap = Warn, CapNone
		out.Message += candidateNote(c.Area, v.Source)
	}
	switch out.Status {
	case Fail:
		out.Refused = refusedBy(slices.Concat(c.Refused, b.Refused), f.Profile.Name)
	case Unknown:
		out.Could = refusedBy(c.Refused, f.Profile.Name)
	}
	return out
}

// candidateNote says under which condition a candidate's finding holds.
func candidateNote(a Area, source netip.Addr) string {
	switch {
	case a == "submission":
		return " (if clients are told to use it)"
	case a == "dkim":
		return " (if mail is signed with it, as a report says)"
	case !source.IsValid():
		return " (if mail is sent with it, as a report says)"
	}
	return " (if this address sends)"
}

// refusedBy lists those receivers that refuse under a profile.
func refusedBy(refusals []Refusal, profile string) []string {
	var l []string
	for _, r := range refusals {
		if !r.Bulk || profile == facts.Bulk {
			l = append(l, r.Receiver)
		}
	}
	return l
}

// Find is the rule with an id.
func Find(id string) (*Check, bool) {
	i := slices.IndexFunc(All, func(c *Check) bool { return c.ID == id })
	if i < 0 {
		return nil, false
	}
	return All[i], true
}

// Needs is the union of what the rules of the wanted areas need.
func Needs(wanted func(Area) bool) facts.Topic {
	var t facts.Topic
	for _, c := range All {
		if wanted(c.Area) {
			t |= c.Needs
		}
	}
	return t
}

// subject is one thing that rules judge: a record, an address, a key, a service.
type subject[T any] struct {
	name      string
	of        facts.Fact[T]
	source    netip.Addr
	candidate bool
	deciding  bool
	aside     bool
	said      Area
}

// each makes a rule over all subjects of one kind out of a rule over one: it alone deals with what is not known.
func each[T any](subjects func(*facts.Facts) []subject[T], judge func(*facts.Facts, T) []Violation) func(*facts.Facts) []Verdict {
	return func(f *facts.Facts) []Verdict {
		all := subjects(f)
		l := make([]Verdict, 0, len(all))
		for _, s := range all {
			v := Verdict{Subject: s.name, Source: s.source, Candidate: s.candidate, Deciding: s.deciding, Aside: s.aside, Said: s.said}
			switch s.of.State {
			case facts.Known:
				v.Broken = judge(f, s.of.Value)
			case facts.Unknown:
				v.Unknown = s.of.Why
			default:
				continue // unasked: not applicable
			}
			l = append(l, v)
		}
		return l
	}
}

// one is the list of a single violation.
func one(s Status, message string) []Violation { return []Violation{{Status: s, Message: message}} }
