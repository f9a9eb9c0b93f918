package report

import (
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

// TestMessageScore: what filters say of a message is shown, and why one says nothing.
func TestMessageScore(t *testing.T) {
	score, required := 1.26, 5.0
	r := healthy()
	r.Evidence.Message = &audit.Message{Learned: []string{}, Signatures: []audit.Signature{}, Scores: []audit.Score{
		{Engine: "spamd", Address: "127.0.0.1:783", Score: &score, Required: &required, Symbols: []string{"A\x1b", "B"}},
		{Engine: "rspamd", Address: "127.0.0.1:11333", Symbols: []string{}, Cause: "rspamd was closed"}}}
	if err := compiled(t, "").Validate(instance(t, written(t, Options{Format: "json"}, r).Bytes())); err != nil {
		t.Error(err)
	}
	out := show(t, r, Options{Width: 400, Verbose: true}, "")
	for _, w := range []string{`spamd at 127.0.0.1:783: 1.3, spam from 5.0; A\x1b; B`, "rspamd was closed"} {
		if !strings.Contains(out, w) {
			t.Errorf("%q is missing in\n%s", w, out)
		}
	}
}
