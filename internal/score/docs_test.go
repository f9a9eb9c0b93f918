package score

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tables reads the Markdown tables of a text: by heading, the first two cells of each row without the table's own.
func tables(text string) map[string][][2]string {
	all := map[string][][2]string{}
	heading := ""
	for line := range strings.Lines(text) {
		if h, ok := strings.CutPrefix(line, "## "); ok {
			heading = strings.TrimSpace(h)
		}
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], " ---") {
			continue
		}
		all[heading] = append(all[heading], [2]string{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])})
	}
	for h := range all {
		all[h] = all[h][1:]
	}
	return all
}

// TestDocs holds docs/scoring.md to the model.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/scoring.md")
	if err != nil {
		t.Fatal(err)
	}
	percent := func(share float64) string { return fmt.Sprintf("%g %%", share*100) }
	want := map[string][][2]string{
		"What a finding costs": {
			{"fail for which Gmail, Yahoo, Outlook.com or Microsoft 365 refuses", percent(refusedShare)},
			{"fail", percent(failShare)},
			{"dmarc.missing, as a warn", percent(missingShare)},
			{"warn", percent(warnShare)},
		},
		"Caps": {
			{"warn", fmt.Sprint(Caps.Warn)}, {"fail", fmt.Sprint(Caps.Fail)}, {"refused", fmt.Sprint(Caps.Refused)},
			{"listed", fmt.Sprint(Caps.Listed)}, {"unauthenticated", fmt.Sprint(Caps.Unauthenticated)}, {"dead", fmt.Sprint(Caps.Dead)},
		},
	}
	for _, g := range Weights {
		areas := strings.Trim(fmt.Sprint(g.Areas), "[]")
		want["Weights"] = append(want["Weights"], [2]string{strings.ReplaceAll(areas, " ", ", "), fmt.Sprint(g.Weight)})
	}
	for _, g := range grades {
		want["Grade"] = append(want["Grade"], [2]string{g.grade, fmt.Sprint(g.from)})
	}
	got := tables(string(text))
	for heading, rows := range want {
		if diff := cmp.Diff(rows, got[heading]); diff != "" {
			t.Errorf("table under %q (-code +docs):\n%s", heading, diff)
		}
	}
}
