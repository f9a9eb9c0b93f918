package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/history"
)

// someRuns are runs of a domain with these scores, the newest first; -1 is none.
func someRuns(scores ...int) []history.Run {
	var l []history.Run
	for i, n := range scores {
		r := history.Run{ID: int64(len(scores) - i), Domain: "a.example", At: time.Date(2026, 11, 30-i, 4, 0, 0, 0, time.UTC), Verdict: "warn", Coverage: 0.5}
		if n >= 0 {
			low, grade := n, "B"
			r.Score, r.ScoreLow, r.Grade = &n, &low, &grade
		}
		l = append(l, r)
	}
	return l
}

func someSteps(scores ...int) []Step {
	var l []Step
	for _, r := range someRuns(scores...) {
		l = append(l, Step{Run: r, Changes: []history.Change{}})
	}
	return l
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		scores []int
		width  int
		ascii  bool
		want   string
	}{
		{[]int{100, 0}, 10, false, "▁█"}, // the newest stands last
		{[]int{100, 87, 75, 62, 50, 37, 25, 12, 0}, 10, true, "__.:-=+*#"},
		{[]int{50, -1, 50}, 10, true, "-?-"},
		{[]int{1, 2, 100}, 2, true, "__"},
		{[]int{-500, 9000}, 9, true, "#?"},
		{nil, 5, true, ""},
	} {
		if got := sparkline(someSteps(c.scores...), c.width, c.ascii); got != c.want {
			t.Errorf("%v: %q, want %q", c.scores, got, c.want)
		}
	}
}

// hostileTrend has text that no medium may take for its own.
func hostileTrend() Trend {
	steps := someSteps(59, 100)
	steps[0].Since = &steps[1].ID
	steps[0].Verdict = "<b>fail\x1b[31m"
	steps[0].Changes = []history.Change{
		{Kind: history.Worse, Text: "new: ptr.missing: \x1b]0;owned\x07 has no PTR"},
		{Kind: history.Other, Text: "SPF record: <script>alert(1)</script> -> `|` \u202e"},
	}
	return Trend{SchemaVersion: 1, Domain: "a.example", Runs: steps}
}

func TestTrendFormats(t *testing.T) {
	for _, c := range []struct {
		format string
		want   []string // in this order
	}{
		{"table", []string{"a.example   2 runs, 2026-11-29 04:00 UTC to 2026-11-30 04:00 UTC", "  #=\n", "RUN  WHEN", "59 (B)", "50 %", "1 worse, 1 other", "first kept",
			"run 2, 2026-11-30 04:00 UTC, against run 1", `worse: new: ptr.missing: \x1b]0;owned\x07 has no PTR`, `SPF record: <script>`, `\u202e`}},
		{"markdown", []string{"# a.example", "```text\n#=\n```", "| run | when |", "1 worse, 1 other", "## run 2", "- worse: new: ptr.missing", "SPF record: &lt;script&gt;"}},
		{"html", []string{"default-src &#39;none&#39;", "<h1>a.example</h1>", "<svg ", "<td>59 (B)</td>", "<li>worse: new: ptr.missing", "SPF record: &lt;script&gt;"}},
		{"json", []string{`"schema_version": 1`, `"domain": "a.example"`, `"id": 2`, `"since": 1`, `"kind": "worse"`, `"since": null`, `"changes": []`}},
	} {
		var b bytes.Buffer
		if err := WriteTrend(&b, Options{Format: c.format, Width: 100}, hostileTrend(), true); err != nil {
			t.Fatal(err)
		}
		left := b.String()
		for _, want := range c.want {
			_, rest, ok := strings.Cut(left, want)
			if !ok {
				t.Errorf("%s: no %q, or not there:\n%s", c.format, want, b.String())
				break
			}
			left = rest
		}
		if regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f]|` + "\u202e").Match(b.Bytes()) {
			t.Errorf("%s: text from outside acts on whoever shows it:\n%q", c.format, b.String())
		}
	}
	if err := WriteTrend(io.Discard, Options{Format: "pdf"}, hostileTrend(), true); err == nil {
		t.Error("pdf is taken")
	}
	var back Trend
	var b bytes.Buffer
	if err := WriteTrend(&b, Options{Format: "json"}, hostileTrend(), true); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Runs[0].Verdict != "<b>fail\x1b[31m" {
		t.Errorf("%v, %+v", err, back)
	}
}

// TestTrendWidth: no line of the table is wider than the terminal.
func TestTrendWidth(t *testing.T) {
	trend := Trend{Domain: "a.example", Runs: someSteps(make([]int, 300)...)}
	for _, w := range []int{60, 80, 100} {
		var b bytes.Buffer
		if err := WriteTrend(&b, Options{Format: "table", Width: w}, trend, false); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := width(strings.TrimSuffix(line, "\n")); n > w {
				t.Errorf("%d: %d columns: %s", w, n, line)
			}
		}
	}
}

// drawn reads an SVG as XML and counts its elements.
func drawn(t *testing.T, runs []history.Run) (text string, elements map[string]int) {
	t.Helper()
	var b bytes.Buffer
	if err := TrendSVG(runs).Render(&b); err != nil {
		t.Fatal(err)
	}
	elements = map[string]int{}
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), elements
		}
		if err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
		if s, ok := tok.(xml.StartElement); ok {
			elements[s.Name.Local]++
		}
	}
}

func TestTrendSVG(t *testing.T) {
	for _, c := range []struct {
		name             string
		runs             []history.Run
		circles, strokes int // strokes: polylines
		want             string
	}{
		{"none", nil, 0, 0, "no runs"},
		{"one", someRuns(100), 1, 0, "1 run, last 100 (B) on 2026-11-30 04:00 UTC"},
		{"two", someRuns(0, 100), 2, 1, `points="32.0,8.0 712.0,176.0"`}, // 100 was first, 0 is last
		{"a gap", someRuns(90, 90, -1, 80, 80, 80), 5, 2, "6 runs"},
		{"alone between gaps", someRuns(90, -1, 80), 2, 0, "3 runs"},
		{"all without a score", someRuns(-1, -1), 0, 0, "not scored"},
		{"out of bounds", someRuns(-200, 100000), 1, 0, ""}, // a negative one of this test is none
	} {
		text, n := drawn(t, c.runs)
		if n["circle"] != c.circles || n["polyline"] != c.strokes || !strings.Contains(text, c.want) {
			t.Errorf("%s: %v, want %d circles, %d polylines, %q:\n%s", c.name, n, c.circles, c.strokes, c.want, text)
		}
		if y := regexp.MustCompile(`cy="([^"]*)"`).FindStringSubmatch(text); c.name == "out of bounds" && y[1] != "8.0" {
			t.Errorf("%s: at %s", c.name, y[1])
		}
	}
	// What is unknown could lower it: a line beside the three of the scale.
	runs := someRuns(100, 100)
	low := 69
	runs[0].ScoreLow, runs[0].Grade = &low, nil
	text, n := drawn(t, runs)
	if n["line"] != 4 || !strings.Contains(text, "100 (69 at worst)") {
		t.Errorf("%v\n%s", n, text)
	}
	// Runs in any order, many of them, a verdict of somebody else's making.
	runs = someRuns(make([]int, 300)...)
	runs[0].Verdict = `"/><script>`
	if _, n := drawn(t, runs); n["circle"] != 0 || n["script"] != 0 || n["polyline"] != 1 {
		t.Error(n)
	}
	if text, n := drawn(t, runs[:1]); n["script"] != 0 || n["circle"] != 1 {
		t.Errorf("%v\n%s", n, text)
	}
}
