//go:build lab

package labmatrix

import (
	"slices"
	"strings"
	"testing"
)

// TestCompare counts what is right, what is wrong, and what the order of records decides.
func TestCompare(t *testing.T) {
	tied := senders[slices.IndexFunc(senders, func(s sender) bool { return s.Order })].Name
	replies := []reply{
		{"good", "a", "data", 250, "2.0.0 Ok"}, {"good", "b", "rcpt", 450, "4.7.1 later"}, {"good", "c", "rcpt", 550, "5.7.1 no"},
		{"good", "d", "data", 550, "5.7.0 no"}, {"good", "e", "connect", 0, "timeout"}, {"good", "f", "data", 250, "Ok"},
		{tied, "a", "data", 250, "Ok"}, {"good", "g", "data", 250, "Ok"},
	}
	c := compare(replies, map[cell]forecast{
		{"good", "a"}: {Verdict: "spam"}, {"good", "b"}: {Verdict: "defer", Stage: "rcpt", Reply: "450 4.7.1 later"},
		{"good", "c"}: {Verdict: "reject", Stage: "data", Reply: "550 5.7.1 no"}, {"good", "d"}: {Verdict: "accept"},
		{"good", "f"}: {Verdict: "unknown", Reason: ordered}, {tied, "a"}: {Verdict: "unknown", Reason: ordered + " of two"},
	})
	if c.cells != 7 || c.byOrder != 1 || c.accuracy() != 3.0/7 || c.recall(accepted) != 1.0/3 || c.recall(deferred) != 1 || c.recall(refused) != 0.5 {
		t.Errorf("%d cells, %d by order, accuracy %v, recall %v %v %v", c.cells, c.byOrder, c.accuracy(), c.recall(accepted), c.recall(deferred), c.recall(refused))
	}
	if c.refusals != 2 || c.stages != 1 || c.codes != 2 || len(c.wrong) != 4 || len(c.unlike) != 1 {
		t.Errorf("%d refusals, %d stages, %d codes\n%s", c.refusals, c.stages, c.codes, c)
	}
}

// TestParseFix reads what fix prints: TTL and class, and sets of which nothing stays.
func TestParseFix(t *testing.T) {
	const text = `; d.example: score 96 (A), 96 at worst
; proven: Replace the SPF record of d.example
D.example. 3600 IN TXT "v=spf1 -all" "x y"
d.example. MX 10 mail.d.example.
; no record of type TXT stays at _dmarc.d.example.
`
	want := []record{{"d.example.", "TXT", `"v=spf1 -all" "x y"`}, {"d.example.", "MX", "10 mail.d.example."}, {"_dmarc.d.example.", "TXT", ""}}
	got := parseFix(text)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	gone, stay := removals(got)
	if len(gone) != 1 || len(stay) != 2 || len(without(want, gone)) != 2 {
		t.Errorf("%v, %v", gone, stay)
	}
	if long := split(`"` + strings.Repeat("a", 450) + `"`); strings.Count(long, `" "`) != 2 || strings.Count(long, "a") != 450 {
		t.Error(long)
	}
}
