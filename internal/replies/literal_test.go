package replies

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNeeded: every list of words that a match cannot do without is found, so that few patterns have to be tried.
func TestNeeded(t *testing.T) {
	for pattern, want := range map[string][][]string{
		`(?:mailbox|quota)[^.;]{0,60}\b(?:full|exceed\w*)`: {{"mailbox", "quota"}, {"full", "exceed"}},
		`full\b.*(?:space|[a-z]+)`:                         {{"full"}},
		`(?:over )?quota+`:                                 {{"quot"}},
		`(?i)full`:                                         nil,
		`[a-z]`:                                            nil,
	} {
		if d := cmp.Diff(want, newMatcher(pattern).words); d != "" {
			t.Errorf("%s: %s", pattern, d)
		}
	}
	m := newMatcher(`mailbox.*full`)
	m.re = nil // nothing can be tried
	if m.MatchString("mailbox") || m.MatchString("full") {
		t.Error("a word alone matches")
	}
}

// TestNeededHold: looking for words first changes no result, on any text that is known.
func TestNeededHold(t *testing.T) {
	var texts []string
	for line := range strings.Lines(file(t, "testdata/wordings.tsv")) {
		texts = append(texts, lowered(line))
	}
	for line := range strings.Lines(file(t, "testdata/sisimai/cases.jsonl")) {
		var c bounceCase
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		for _, e := range readAll(t, file(t, filepath.Join("testdata/sisimai", c.File))) {
			texts = append(texts, lowered(e.Text))
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	for _, f := range slices.Concat(families, guesses) {
		for _, w := range f.words {
			m, plain := newMatcher(vocabulary.Replace(w)), regexp.MustCompile(vocabulary.Replace(w))
			for i, text := range texts {
				if i%7 == len(w)%7 && m.MatchString(text) != plain.MatchString(text) {
					t.Fatalf("%s: %q", w, text)
				}
			}
		}
	}
}
