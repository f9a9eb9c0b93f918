//go:build lab

package labtest

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"mailaudit/internal/netlab"
)

// gtube is what every filter has to take for spam (spamassassin.apache.org/gtube).
const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// TestFilters: what SpamAssassin and Rspamd themselves say of a message that is in order, and of one that is spam by agreement.
func TestFilters(t *testing.T) {
	t.Parallel()
	if err := lab.Wait(t.Context(), lab.Auditor, "tcp/"+spamd, "tcp/"+rspamd); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		body, status string
	}{
		{"Hello Ann, the minutes of Monday are on the usual page. See you on Thursday. Ben", "pass"},
		{gtube, "warn"},
	} {
		file := filepath.Join(t.TempDir(), "m.eml")
		text := "From: Ben <ben@good.example>\r\nTo: Ann <ann@good.example>\r\nSubject: minutes\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n" +
			"Message-ID: <20261122100000.1234567@good.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + tt.body + "\r\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := netlab.In(running, lab.Auditor, append([]string{lab.Binary(), "message", file, "--only", "message", "-f", "json", "--spamd", spamd, "--rspamd", rspamd}, public()...)...)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.Output()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		var r struct {
			report
			Evidence struct {
				Message struct {
					Scores []struct {
						Engine          string
						Score, Required *float64
						Symbols         []string
						Cause           string
					} `json:"scores"`
				} `json:"message"`
			} `json:"evidence"`
		}
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("%v: %.500s", err, out)
		}
		scores := r.Evidence.Message.Scores
		if len(scores) != 2 {
			t.Fatalf("%d filters answer", len(scores))
		}
		for _, s := range scores {
			spam := tt.status == "warn"
			if s.Score == nil || s.Required == nil || *s.Score >= *s.Required != spam || spam != slices.Contains(s.Symbols, "GTUBE") {
				t.Errorf("%s of %.20q: %+v", s.Engine, tt.body, s)
			}
		}
		// A rule that holds of all is one finding.
		if l := r.of("msg.content-score"); len(l) != map[string]int{"pass": 1, "warn": 2}[tt.status] || l[0].Status != tt.status {
			t.Errorf("of %.20q: %+v", tt.body, l)
		}
	}
}
