package replies

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// matcher is a pattern with the words of which a text must have one to match it: looking for words is much faster, and of the
// hundreds of patterns a text has the words of few.
type matcher struct {
	words []string // nil: none is needed
	re    *regexp.Regexp
	any   []*matcher // instead of re: one of these
}

// anyOf matches what one of several patterns matches: each has its own words, and few of them have to be tried.
func anyOf(patterns []string) *matcher {
	m := &matcher{any: make([]*matcher, len(patterns))}
	for i, p := range patterns {
		m.any[i] = newMatcher(p)
	}
	return m
}

func newMatcher(pattern string) *matcher {
	m := &matcher{re: regexp.MustCompile(pattern)}
	if tree, err := syntax.Parse(pattern, syntax.Perl); err == nil {
		m.words = needed(tree.Simplify())
	}
	return m
}

// MatchString is that of the pattern.
func (m *matcher) MatchString(s string) bool {
	for _, one := range m.any {
		if one.MatchString(s) {
			return true
		}
	}
	if m.any != nil {
		return false
	}
	if m.words == nil {
		return m.re.MatchString(s)
	}
	for _, w := range m.words {
		if strings.Contains(s, w) {
			return m.re.MatchString(s)
		}
	}
	return false
}

// needed are words of which every match has at least one; nil where there are none of use.
func needed(t *syntax.Regexp) []string {
	switch t.Op {
	case syntax.OpLiteral:
		if t.Flags&syntax.FoldCase != 0 || len(t.Rune) < 2 {
			return nil
		}
		return []string{string(t.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(t.Sub[0])
	case syntax.OpConcat:
		var best []string
		for _, sub := range t.Sub {
			if l := needed(sub); l != nil && (best == nil || shortest(l) > shortest(best)) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range t.Sub {
			l := needed(sub)
			if l == nil {
				return nil
			}
			all = append(all, l...)
		}
		return all
	}
	return nil
}

func shortest(l []string) int {
	n := len(l[0])
	for _, s := range l {
		n = min(n, len(s))
	}
	return n
}
