package eml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/record/taglist"
)

// maxARC is how many sets a chain may have (RFC 8617 4.2.1).
const maxARC = 50

// The fields of a set, in the order in which a seal covers them (RFC 8617 5.1.1).
const (
	arcResults = "ARC-Authentication-Results"
	arcMessage = "ARC-Message-Signature"
	arcSeal    = "ARC-Seal"
)

var arcFields = []string{arcResults, arcMessage, arcSeal}

// ARC are the ARC sets of a message.
type ARC struct {
	Sets     int
	CV       string   // of the newest seal: none, pass or fail
	Problems []string // of their form (RFC 8617 5.2, steps 2 and 3)
	// Chain is what is left to verify (steps 4 and 6): the newest ARC-Message-Signature, then the seals from the newest. It is
	// empty where the form has problems or the newest seal says cv=fail: either ends it.
	Chain []Link

	fields [][]int  // places in Fields, of each set those of arcFields
	forms  []string // the sets as the seals above them cover them; made once, since each seal covers all beneath
}

// Link is one signature of an ARC chain.
type Link struct {
	Field     string // ARC-Message-Signature or ARC-Seal
	Instance  int
	Signature Signature
}

// ARC reads the ARC sets; nil where there are none.
func (m *Message) ARC() *ARC {
	a := &ARC{Problems: []string{}}
	sets := map[int][3][]int{} // by instance, the places of each of arcFields
	seen := false
	for i, f := range m.Fields {
		for kind, name := range arcFields {
			if !f.Is(name) {
				continue
			}
			seen = true
			n := instance(f.Value)
			if n < 1 || n > maxARC {
				a.problem("a field %s has no i= from 1 to %d (RFC 8617 4.2.1)", name, maxARC)
				continue
			}
			set := sets[n]
			set[kind] = append(set[kind], i)
			sets[n] = set
			a.Sets = max(a.Sets, n)
		}
	}
	if !seen {
		return nil
	}
	for n := 1; n <= a.Sets; n++ {
		a.set(m, n, sets[n])
	}
	if len(a.Problems) == 0 && a.CV != "fail" {
		a.chain(m)
	}
	return a
}

// set judges the form of one set.
func (a *ARC) set(m *Message, n int, places [3][]int) {
	var one []int
	for kind, name := range arcFields {
		if l := places[kind]; len(l) != 1 {
			a.problem("set %d has %d fields %s, and not 1 (RFC 8617 5.2)", n, len(l), name)
		} else {
			one = append(one, l[0])
		}
	}
	a.fields = append(a.fields, one)
	if len(one) < len(arcFields) {
		if l := places[2]; n == a.Sets && len(l) > 0 {
			a.CV = strings.ToLower(m.signature(l[0]).Tag("cv"))
		}
		return
	}
	message, seal := m.signature(one[1]), m.signature(one[2])
	if v := missing(message, "a", "b", "bh", "d", "h", "s"); v != passes {
		a.problem("%s %d: %s (RFC 8617 4.1.2)", arcMessage, n, v.why)
	}
	if v := missing(seal, "a", "b", "cv", "d", "s"); v != passes {
		a.problem("%s %d: %s (RFC 8617 4.1.3)", arcSeal, n, v.why)
	}
	if slices.Contains(message.Covers(), "arc-seal") {
		a.problem("%s %d covers an ARC-Seal, which it must not (RFC 8617 4.1.2)", arcMessage, n)
	}
	if seal.Has("h") {
		a.problem("%s %d has h=, which fails the chain (RFC 8617 4.1.3)", arcSeal, n)
	}
	cv, want := strings.ToLower(seal.Tag("cv")), "pass"
	if n == 1 {
		want = "none"
	}
	if n == a.Sets {
		a.CV = cv
	}
	if cv != want && (n < a.Sets || cv != "fail") { // the newest may say that the chain failed: that is CV
		a.problem("seal %d says cv=%.20q, and not %s (RFC 8617 5.2)", n, cv, want)
	}
}

// chain lists the signatures that are left to verify.
func (a *ARC) chain(m *Message) {
	a.Chain = append(a.Chain, Link{arcMessage, a.Sets, m.signature(a.fields[a.Sets-1][1])})
	for _, places := range a.fields {
		a.forms = append(a.forms, m.relaxed(places))
	}
	for n := a.Sets; n > 0; n-- {
		a.Chain = append(a.Chain, Link{arcSeal, n, m.signature(a.fields[n-1][2])})
	}
}

// maxARCProblems bounds what is told of a chain.
const maxARCProblems = 20

func (a *ARC) problem(format string, args ...any) {
	if len(a.Problems) < maxARCProblems {
		a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
	}
}

// VerifyLink verifies one signature of a chain with a key record: pass, fail or permerror, and why, as Verify does.
func (m *Message) VerifyLink(a *ARC, l Link, record string) (result, why string) {
	s := l.Signature
	v := m.once(verification{s.field, record}, func() verdict {
		if v := method(s); v != passes {
			return v
		}
		if v := unfit(s, record); v != passes {
			return v
		}
		if l.Field == arcMessage {
			return m.fits(s, record)
		}
		if !made(s, m.sealed(a, l.Instance), record) {
			return verdict{"fail", "the seal does not fit the ARC fields and the published key"}
		}
		return passes
	})
	return v.result, v.why
}

// sealed is what a seal is made over: the sets up to its own, each in the order of arcFields, in relaxed form, and the seal
// itself without the value of b= (RFC 8617 5.1.1).
func (m *Message) sealed(a *ARC, n int) string {
	own := a.fields[n-1]
	return strings.Join(a.forms[:n-1], "") + m.relaxed(own[:2]) + canonicalField(unsigned(m.Fields[own[2]].Raw), true)
}

// relaxed are fields in relaxed form (RFC 6376 3.4.2).
func (m *Message) relaxed(places []int) string {
	var b strings.Builder
	for _, i := range places {
		b.WriteString(canonicalField(m.Fields[i].Raw, true) + "\r\n")
	}
	return b.String()
}

// instance is the i= of an ARC field, 0 where it is none. In ARC-Authentication-Results it is the first of all (RFC 8617 4.1.1).
func instance(value string) int {
	first, _, _ := strings.Cut(value, ";")
	for _, part := range []string{first, value} {
		tags, _ := taglist.Parse(part)
		for _, t := range tags {
			if t.Name == "i" && len(t.Value) <= 2 {
				n, err := strconv.Atoi(t.Value)
				if err == nil {
					return n
				}
			}
		}
	}
	return 0
}
