package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/facts"
)

// TestRegistration: what the registry says, does not know, or was not asked.
func TestRegistration(t *testing.T) {
	day := time.Date(2019, 3, 31, 10, 0, 0, 0, time.UTC)
	found := facts.Registration{Domain: "d.example", Server: "rdap.example", Statuses: []string{"active"}, Registered: facts.Know(day),
		Expires: facts.Cannot[time.Time]("no date"), Registrar: "R"}
	for name, c := range map[string]struct {
		fact facts.Fact[facts.Registration]
		want *audit.Registration
	}{
		"not asked": {},
		"found": {facts.Know(found), &audit.Registration{Domain: "d.example", Status: "found", Server: "rdap.example", Statuses: []string{"active"},
			Registered: &day, Registrar: "R"}},
		"none": {facts.Know(facts.Registration{Domain: "d.example", Missing: true}), &audit.Registration{Domain: "d.example", Status: "none", Statuses: []string{}}},
		"unknown": {facts.Fact[facts.Registration]{State: facts.Unknown, Why: "429", Value: facts.Registration{Domain: "d.example"}},
			&audit.Registration{Domain: "d.example", Status: "unknown", Statuses: []string{}, Cause: "429"}},
	} {
		if d := cmp.Diff(c.want, evidence(&facts.Facts{Registration: c.fact}).Registration); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
