package blocklist

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Status is what an answer says about the target.
type Status string

// The statuses. Refused: the list answers, but not to this resolver. Unknown: the answer says nothing.
const (
	Listed  Status = "listed"
	Clean   Status = "clean"
	Refused Status = "refused"
	Unknown Status = "unknown"
)

// Verdict is a decoded answer.
type Verdict struct {
	Status   Status
	Codes    []string // the answers in order, each once
	Class    Class    // of a listing: the worst of its codes
	Meanings []string // of every code, in the order of the file
	Why      string   // why Refused or Unknown, or what is odd about the codes
	Hijacked bool     // an answer is not the list's own: nothing that the zone says counts

	Compromised bool // a code stands for a hijacked host or account
	Net64       bool // a code is about the whole /64 of an IPv6 address
}

// maxAnswers bounds the different answers to one question. Lists give one for each reason; what gives more is not
// a list.
const maxAnswers = 64

// Decode says what the A records of a name mean. No records is the authoritative no (NXDOMAIN or NODATA): do not
// call Decode with the answers of a lookup that failed.
//
// A code that the list does not document is a listing (RFC 5782 2.1: that there is an answer is the listing), but
// one of unknown meaning: it counts as minor, or as info on a list whose own codes are all milder than minor, and
// so it never fails a sender. On an allowlist it says nothing.
func (l List) Decode(answers []netip.Addr) Verdict {
	answers = slices.Clone(answers)
	for i := range answers {
		answers[i] = answers[i].Unmap()
	}
	slices.SortFunc(answers, netip.Addr.Compare)
	answers = slices.Compact(answers)
	if n := len(answers); n == 0 {
		return Verdict{Status: Clean}
	} else if n > maxAnswers {
		return Verdict{Status: Unknown, Why: fmt.Sprintf("%d different answers, more than the %d that a list could mean", n, maxAnswers)}
	}
	v := Verdict{Status: Clean}
	for _, a := range answers {
		v.Codes = append(v.Codes, a.String())
	}
	for _, a := range answers { // RFC 5782 2.1; RFC 6471 3.3
		if !a.Is4() || a.As4()[0] != 127 {
			v.Status, v.Hijacked = Unknown, true
			v.Why = fmt.Sprintf("%s is outside 127.0.0.0/8: the resolver rewrites answers, or the zone is no longer the list's", a)
			return v
		}
	}
	for _, a := range answers {
		if why, ok := l.refusal(a.As4()); ok {
			v.Status, v.Why = Refused, fmt.Sprintf("%s: %s", a, why)
			return v
		}
	}
	l.classify(answers, &v)
	if v.Class != "" && v.Class != ClassNone && v.Class != ClassAllow {
		v.Status = Listed
	}
	v.Compromised, v.Net64 = anyOf(l.Compromised, answers), anyOf(l.Net64, answers)
	return v
}

func anyOf(l []Match, answers []netip.Addr) bool {
	return slices.ContainsFunc(answers, func(a netip.Addr) bool {
		return slices.ContainsFunc(l, func(m Match) bool { return m.holds(a.As4()) })
	})
}

// refusal gives the reason for which an answer refuses.
func (l List) refusal(answer [4]byte) (string, bool) {
	for _, c := range l.Refused {
		if c.Match.holds(answer) {
			return c.Meaning, true
		}
	}
	if refuses(answer[:3]) {
		return "the list refuses to answer this resolver", true
	}
	return "", false
}

// refuses reports whether a net is 127.255.255.0/24, with which any list refuses.
func refuses(net []byte) bool { return [3]byte(net) == [3]byte{127, 255, 255} }

// classify fills in the class and the meanings of answers that are codes.
func (l List) classify(answers []netip.Addr, v *Verdict) {
	var odd []string
	for _, c := range l.Codes {
		hit := func(a netip.Addr) bool { return c.Match.holds(a.As4()) }
		if !slices.ContainsFunc(answers, hit) {
			continue
		}
		if v.Class == "" || c.Class.Worse(v.Class) {
			v.Class = c.Class
		}
		if !slices.Contains(v.Meanings, c.Meaning) {
			v.Meanings = append(v.Meanings, c.Meaning)
		}
	}
	for _, a := range answers {
		known, bits := l.documented(a.As4())
		switch {
		case !known:
			class := l.undocumented()
			if v.Class == "" || class.Worse(v.Class) {
				v.Class = class
			}
			v.Meanings = append(v.Meanings, "undocumented code "+a.String())
			odd = append(odd, fmt.Sprintf("%s is no code that %s documents: counted as %s", a, l.Zone, class))
		case bits != 0:
			odd = append(odd, fmt.Sprintf("%s has bits (%d) that %s does not document", a, bits, l.Zone))
		}
	}
	v.Why = strings.Join(odd, "; ")
}

// documented reports whether the list has a code for an answer, and the bits of it that no code explains.
func (l List) documented(answer [4]byte) (known bool, bits byte) {
	bits = answer[3]
	for _, c := range l.Codes {
		if !c.Match.holds(answer) {
			continue
		}
		if c.Match.Bit == 0 {
			return true, 0
		}
		known, bits = true, bits&^c.Match.Bit
	}
	return known, bits
}

// undocumented is the class of a code that the list does not document.
func (l List) undocumented() Class {
	switch {
	case l.Allows():
		return ClassNone
	case l.Worst().Worse(ClassPolicy):
		return ClassMinor
	}
	return ClassInfo
}

// Outcome is what the lookup of a test point gave: its A records, none of them where the name does not exist, or
// why it failed.
type Outcome struct {
	Answers []netip.Addr
	Failed  string
}

// Fault is why a list is not believed.
type Fault string

// The faults. A list without one is usable.
const (
	FaultNone     Fault = ""
	FaultUntested Fault = "untested" // it has no test points
	FaultFailed   Fault = "failed"   // a lookup failed
	FaultRefused  Fault = "refused"  // it refuses this resolver
	FaultHijacked Fault = "hijacked" // the answers are not the list's
	FaultListsAll Fault = "lists all"
	FaultDead     Fault = "dead" // its listed test point is not listed
)

// Health is the result of a self-test.
type Health struct {
	Fault Fault
	Why   string
}

// Usable reports whether the list's answers count in this run.
func (h Health) Usable() bool { return h.Fault == FaultNone }

// Status is that of every question that an unusable list is not asked.
func (h Health) Status() Status {
	if h.Fault == FaultRefused {
		return Refused
	}
	return Unknown
}

// SelfTest judges a list by its two test points (RFC 5782 5). What either answer gives away about the zone comes
// before a lookup that failed, because a dead list often does both.
func (l List) SelfTest(listed, notListed Outcome) Health {
	if l.Listed == "" || l.NotListed == "" {
		return Health{FaultUntested, "the list has no test points: its silence cannot be told from death"}
	}
	points := [2]struct {
		name string
		Outcome
		Verdict
	}{{name: l.Listed, Outcome: listed}, {name: l.NotListed, Outcome: notListed}}
	for i := range points {
		points[i].Verdict = l.Decode(points[i].Answers)
	}
	for _, p := range points {
		if p.Status == Unknown {
			return Health{FaultHijacked, fmt.Sprintf("test point %s: %s", p.name, p.Why)}
		}
	}
	for _, p := range points {
		if p.Status == Refused {
			return Health{FaultRefused, fmt.Sprintf("test point %s: %s", p.name, p.Why)}
		}
	}
	if p := points[1]; p.Status == Listed || p.Class == ClassAllow {
		return Health{FaultListsAll, fmt.Sprintf("test point %s must not be listed and is: the zone lists everything", p.name)}
	}
	for _, p := range points {
		if p.Failed != "" {
			return Health{FaultFailed, fmt.Sprintf("test point %s: %s", p.name, p.Failed)}
		}
	}
	if p := points[0]; len(p.Answers) == 0 {
		why := fmt.Sprintf("test point %s must be listed and is not: the list is dead, or silent to this resolver", p.name)
		switch {
		case l.Key != "":
			why += ", which may not take the key in " + l.Key
		case l.Terms == TermsRegistration:
			why += ", which may have to be registered with " + l.Operator
		}
		return Health{FaultDead, why}
	}
	return Health{}
}
