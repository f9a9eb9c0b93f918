package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/audit"
)

// csvWriter writes one finding a row beneath one head. Columns are only ever added, behind the last.
type csvWriter struct {
	w     io.Writer
	begun bool
}

var csvHead = []string{"domain", "rule", "status", "area", "impact", "subject", "message", "points", "deciding", "fix", "references", "accepted",
	"profile", "verdict", "score", "score_low", "grade", "coverage", "started_at"}

func (c *csvWriter) Report(r *audit.Report, _ string) error {
	number := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	grade := ""
	if r.Grade != nil {
		grade = *r.Grade
	}
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{r.Domain, f.Rule, f.Status, f.Area, f.Impact, f.Subject, f.Message, decimal(f.Points), strconv.FormatBool(f.Deciding), f.Fix,
			strings.Join(f.References, "; "), accepted(f), r.Profile, r.Verdict, number(r.Score), number(r.ScoreLow), grade, decimal(r.Coverage),
			r.StartedAt.UTC().Format(time.RFC3339)})
	}
	return c.add(rows)
}

// Invalid is a row of the status invalid.
func (c *csvWriter) Invalid(line int, input string, why error) error {
	row := make([]string, len(csvHead))
	row[0], row[2], row[6] = input, "invalid", misread(line, "", why)
	return c.add([][]string{row})
}

// Close writes the head, where there was nothing to write beneath it.
func (c *csvWriter) Close() error {
	if c.begun {
		return nil
	}
	return c.add(nil)
}

func (c *csvWriter) add(rows [][]string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if !c.begun {
		rows = append([][]string{slices.Clone(csvHead)}, rows...) // its cells are written below, and the head is everybody's
	}
	c.begun = true
	for _, r := range rows {
		for i := range r {
			r[i] = within.ReplaceAllString(literal(r[i]), ";'$1")
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return write(c.w, b.Bytes())
}

// within is what would begin a formula where a spreadsheet parts cells at semicolons, as it does in much of Europe.
var within = regexp.MustCompile(`;([=+@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}-])`)

// literal keeps a spreadsheet from taking a cell for a formula: before what could begin one it puts an apostrophe
// (https://owasp.org/www-community/attacks/CSV_Injection).
func literal(s string) string {
	s = Visible(s)
	for _, start := range []string{"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"} { // the wide forms count in East Asian settings
		if strings.HasPrefix(s, start) {
			return "'" + s
		}
	}
	return s
}

// decimal is a number as short as it can be.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
