package replies

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// matcher is a pattern with words that a text must have to match it: looking for words is much faster, and of the hundreds of
// patterns a text has the words of few.
type matcher struct {
	words [][]string // of each list one
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
	if m.any != nil {
		return slices.ContainsFunc(m.any, func(one *matcher) bool { return one.MatchString(s) })
	}
	for _, l := range m.words {
		if !slices.ContainsFunc(l, func(w string) bool { return strings.Contains(s, w) }) {
			return false
		}
	}
	return m.re.MatchString(s)
}

// needed are lists of words: every match has at least one of each. There is none where no word is of use.
func needed(t *syntax.Regexp) [][]string {
	switch t.Op {
	case syntax.OpLiteral:
		if t.Flags&syntax.FoldCase != 0 || len(t.Rune) < 2 {
			return nil
		}
		return [][]string{{string(t.Rune)}}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(t.Sub[0])
	case syntax.OpConcat:
		var all [][]string
		for _, sub := range t.Sub {
			all = append(all, needed(sub)...)
		}
		return all
	case syntax.OpAlternate:
		var all []string
		for _, sub := range t.Sub {
			l := needed(sub)
			if l == nil {
				return nil
			}
			// Any of its lists will do: the one with the longest words is the rarest.
			all = append(all, slices.MaxFunc(l, func(a, b []string) int { return shortest(a) - shortest(b) })...)
		}
		return [][]string{all}
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
