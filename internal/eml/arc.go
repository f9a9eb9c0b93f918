package eml

import (
	"fmt"
	"strconv"
	"strings"

	"mailaudit/internal/record/taglist"
)

// maxARC is how many sets a chain may have (RFC 8617 4.2.1).
const maxARC = 50

// ARC is what the ARC sets of a message say of themselves. Their signatures are not verified: no library that we know does.
type ARC struct {
	Sets     int
	CV       string   // of the newest seal: none, pass or fail
	Problems []string // of their form (RFC 8617 5.2, steps 2 and 3)
}

// ARC reads the ARC sets; nil where there are none.
func (m *Message) ARC() *ARC {
	kinds := []string{"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"}
	found := map[int][3]int{} // by instance, how often each stands
	cv := map[int]string{}
	a := &ARC{Problems: []string{}}
	seen := false
	for kind, name := range kinds {
		for _, f := range m.all(name) {
			seen = true
			i := instance(f.Value)
			if i < 1 || i > maxARC {
				a.problem("a field %s has no i= from 1 to %d (RFC 8617 4.2.1)", name, maxARC)
				continue
			}
			n := found[i]
			n[kind]++
			found[i] = n
			a.Sets = max(a.Sets, i)
			if kind == 0 {
				cv[i] = strings.ToLower(sealed(f.Value))
			}
		}
	}
	if !seen {
		return nil
	}
	for i := 1; i <= a.Sets; i++ {
		for kind, name := range kinds {
			if n := found[i][kind]; n != 1 {
				a.problem("set %d has %d fields %s, and not 1 (RFC 8617 5.2)", i, n, name)
			}
		}
		switch want := map[bool]string{true: "none", false: "pass"}[i == 1]; {
		case found[i][0] == 0 || cv[i] == want:
		case i == a.Sets && cv[i] == "fail": // the newest seal may say so; it is CV
		default:
			a.problem("seal %d says cv=%.20q, and not %s (RFC 8617 5.2)", i, cv[i], want)
		}
	}
	a.CV = cv[a.Sets]
	return a
}

// maxARCProblems bounds what is told of a chain.
const maxARCProblems = 20

func (a *ARC) problem(format string, args ...any) {
	if len(a.Problems) < maxARCProblems {
		a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
	}
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

// sealed is the cv= of a seal.
func sealed(value string) string {
	tags, _ := taglist.Parse(value)
	for _, t := range tags {
		if t.Name == "cv" {
			return t.Value
		}
	}
	return ""
}
