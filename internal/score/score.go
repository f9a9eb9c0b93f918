// Package score turns findings into score, score_low, grade, coverage and verdict by the model that users rely
// on. It is pure: the same findings always give the same numbers. All weights and caps stand in the two tables below;
// docs/scoring.md explains them, and a test holds the two together.
package score

import (
	"math"
	"net/netip"
	"slices"

	"mailaudit/internal/checks"
)

// Weights are the points that the areas carry together; other areas weigh nothing. Areas in one group share its weight.
var Weights = []Group{
	{[]checks.Area{"spf"}, 20},
	{[]checks.Area{"dkim"}, 20},
	{[]checks.Area{"dmarc"}, 20},
	{[]checks.Area{"ptr"}, 15},
	{[]checks.Area{"dnsbl"}, 15},
	{[]checks.Area{"domain", "mx"}, 5},
	{[]checks.Area{"submission"}, 5},
}

// Group is areas and their weight.
type Group struct {
	Areas  []checks.Area
	Weight float64
}

// Caps are the most that a domain can have whatever else is right.
var Caps = struct{ Warn, Fail, Refused, Listed, Unauthenticated, Dead int }{
	Warn:            96, // any warning
	Fail:            69, // the verdict is fail
	Refused:         59, // Gmail, Yahoo, Outlook.com or Microsoft 365 refuses
	Listed:          39, // on Spamhaus ZEN or DBL
	Unauthenticated: 29, // neither SPF nor DKIM can pass
	Dead:            10, // the domain does not exist, or a sender has a null MX
}

// The share of its area's weight that a finding costs.
const (
	failShare    = 0.5  // a fail
	refusedShare = 1.0  // a fail for which one of the big four refuses mail
	warnShare    = 0.15 // a warning
	missingShare = 0.5  // dmarc.missing as a warning: nothing at all is published
)

// bigFour are the receivers whose refusal costs the whole area.
var bigFour = []string{"gmail", "yahoo", "outlook", "microsoft365"}

// grades are the lowest scores of the letters.
var grades = []struct {
	from  int
	grade string
}{{97, "A+"}, {90, "A"}, {80, "B"}, {70, "C"}, {60, "D"}, {0, "F"}}

// Verdict is the outcome of the whole audit.
type Verdict string

// The verdicts, worst first.
const (
	Fail    Verdict = "fail"
	Unknown Verdict = "unknown"
	Warn    Verdict = "warn"
	Pass    Verdict = "pass"
)

// Score is what the findings come to. Score and Low are nil where nothing of weight could be decided.
type Score struct {
	Verdict  Verdict
	Score    *int
	Low      *int
	Grade    string  // "" where Score and Low fall into different grades, or there is no score
	Coverage float64 // from 0 to 1, in three digits
}

// Of scores a result and sets the points of its findings.
func Of(r checks.Result, auth checks.Auth) Score {
	counted := applicable(r)
	for i, f := range r.Findings {
		if slices.ContainsFunc(counted, func(g Group) bool { return slices.Contains(g.Areas, f.Check.Area) }) {
			r.Findings[i].Points = points(f)
		}
	}
	s := Score{Verdict: VerdictOf(r.Findings)}
	var total, decided float64
	for _, g := range counted {
		total += g.Weight
		decided += g.Weight * share(g, r)
	}
	if total == 0 || decided == 0 {
		return s
	}
	// Rounded down, so that 1 means that all was decided.
	s.Coverage = floor(decided/total*1000) / 1000
	score, low := number(r, auth, false), number(r, auth, true)
	s.Score, s.Low = &score, &low
	if grade(score, s.Coverage) == grade(low, s.Coverage) {
		s.Grade = grade(score, s.Coverage)
	}
	return s
}

// VerdictOf is the worst status of the findings: an unknown that decides nothing does not count.
func VerdictOf(l []checks.Finding) Verdict {
	v := Pass
	for _, f := range l {
		switch {
		case f.Status == checks.Fail:
			return Fail
		case f.Status == checks.Unknown && f.Deciding:
			v = Unknown
		case f.Status == checks.Warn && v == Pass:
			v = Warn
		}
	}
	return v
}

func grade(n int, coverage float64) string {
	for _, g := range grades {
		if n >= g.from && (g.grade != "A+" || coverage == 1) {
			return g.grade
		}
	}
	return "F"
}

// points is what a finding costs, before the limit of its area.
func points(f checks.Finding) float64 {
	w := weight(f.Check.Area)
	switch {
	case f.Implied:
		return 0
	case f.Status == checks.Fail && refused(f):
		return w * refusedShare
	case f.Status == checks.Fail:
		return w * failShare
	case f.Status == checks.Warn && f.Check.ID == "dmarc.missing":
		return w * missingShare
	case f.Status == checks.Warn:
		return w * warnShare
	}
	return 0
}

func refused(f checks.Finding) bool {
	return slices.ContainsFunc(f.Refused, func(r string) bool { return slices.Contains(bigFour, r) })
}

func weight(a checks.Area) float64 {
	for _, g := range Weights {
		if slices.Contains(g.Areas, a) {
			return g.Weight
		}
	}
	return 0
}

// applicable are the groups of which some rule had something to judge.
func applicable(r checks.Result) []Group {
	var l []Group
	for _, g := range Weights {
		if slices.ContainsFunc(g.Areas, func(a checks.Area) bool { return r.Shares[a].Total > 0 }) {
			l = append(l, g)
		}
	}
	return l
}

func share(g Group, r checks.Result) float64 {
	var n, of int
	for _, a := range g.Areas {
		n, of = n+r.Shares[a].Decided, of+r.Shares[a].Total
	}
	return float64(n) / float64(of)
}

// number is the score; low counts each unknown deciding question as all that its answer could cost.
func number(r checks.Result, auth checks.Auth, low bool) int {
	var total, lost float64
	limit := 100
	for _, g := range applicable(r) {
		total += g.Weight
		l := loss(g, r.Findings)
		if low && slices.ContainsFunc(r.Findings, func(f checks.Finding) bool { return undecided(f) && slices.Contains(g.Areas, f.Check.Area) }) {
			l = g.Weight
		}
		lost += l
	}
	for _, f := range r.Findings {
		switch {
		case f.Status == checks.Warn:
			limit = min(limit, Caps.Warn)
		case f.Status == checks.Fail:
			limit = min(limit, capOf(f))
		case low && undecided(f):
			limit = min(limit, worstCap(f))
		}
	}
	if auth.None || low && auth.MaybeNone {
		limit = min(limit, Caps.Unauthenticated)
	}
	return min(limit, int(floor((total-lost)/total*100)))
}

// floor rounds down. The tolerance keeps 90 a 90: 0.15 and its like have no exact binary form.
func floor(x float64) float64 { return math.Floor(x + 1e-9) }

func undecided(f checks.Finding) bool { return f.Status == checks.Unknown && f.Deciding }

func capOf(f checks.Finding) int {
	n := Caps.Fail
	if refused(f) {
		n = Caps.Refused
	}
	switch f.Cap {
	case checks.CapListed:
		n = min(n, Caps.Listed)
	case checks.CapDead:
		n = min(n, Caps.Dead)
	}
	return n
}

// worstCap is the cap of the worst finding that the answer to an undecided question could give.
func worstCap(f checks.Finding) int {
	if f.Check.Worst != checks.Fail {
		return Caps.Warn
	}
	worst := f
	worst.Refused, worst.Cap = f.Could, f.Check.Cap
	return capOf(worst)
}

// loss is what an area's findings cost together: each rule once, the worst source, and never more than the weight.
func loss(g Group, l []checks.Finding) float64 {
	common := map[string]float64{}                  // by rule: findings that are about no address
	bySource := map[netip.Addr]map[string]float64{} // and by address
	for _, f := range l {
		if !slices.Contains(g.Areas, f.Check.Area) || f.Points == 0 {
			continue
		}
		m := common
		if f.Source.IsValid() {
			if m = bySource[f.Source]; m == nil {
				m = map[string]float64{}
				bySource[f.Source] = m
			}
		}
		m[f.Check.ID] = max(m[f.Check.ID], f.Points)
	}
	worst := sum(common)
	for _, m := range bySource {
		for rule, p := range common {
			m[rule] = max(m[rule], p)
		}
		worst = max(worst, sum(m))
	}
	return min(g.Weight, worst)
}

func sum(m map[string]float64) float64 {
	// In a fixed order: floating-point addition is not associative, and equal findings must give equal scores.
	l := make([]float64, 0, len(m))
	for _, p := range m {
		l = append(l, p)
	}
	slices.Sort(l)
	n := 0.0
	for _, p := range l {
		n += p
	}
	return n
}
