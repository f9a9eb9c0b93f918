package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/facts"
)

// TestScoreEvidence: what each filter said of a message, or why it did not.
func TestScoreEvidence(t *testing.T) {
	m := facts.Message{Scores: []facts.Score{
		{Engine: "spamd", Addr: "127.0.0.1:783", Of: facts.Know(facts.Opinion{Score: 1.5, Required: 5, Symbols: []string{"A"}})},
		{Engine: "rspamd", Addr: "127.0.0.1:11333", Of: facts.Cannot[facts.Opinion]("closed")}}}
	score, required := 1.5, 5.0
	want := []audit.Score{{Engine: "spamd", Address: "127.0.0.1:783", Score: &score, Required: &required, Symbols: []string{"A"}},
		{Engine: "rspamd", Address: "127.0.0.1:11333", Symbols: []string{}, Cause: "closed"}}
	if d := cmp.Diff(want, evidence(&facts.Facts{Messages: []facts.Message{m}}).Message.Scores); d != "" {
		t.Error(d)
	}
}
