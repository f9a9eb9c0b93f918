package cli

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"mailaudit/internal/fleet"
)

// TestReadResult: whoever can write to the server decides what a result holds. What is written of it is one line of JSON, on
// which no terminal acts, or it is no report.
func TestReadResult(t *testing.T) {
	const whole = `"domain":"a.example","verdict":"pass","score":null,"score_low":null`
	for _, c := range []struct {
		kind       fleet.Kind
		text, want string // "": no report
	}{
		{fleet.Report, "{" + whole + "}", "{" + whole + "}\n"},
		{fleet.Report, "{\n " + whole + "\r\n}\n", "{" + whole + "}\n"},
		{fleet.Report, "{" + whole + ",\"x\":\"\u009b2J\u202e\"}", "{" + whole + `,"x":"\u009b2J\u202e"}` + "\n"},
		{fleet.Report, "{" + whole + "}{}", ""},
		{fleet.Report, `{"domain":"a.example"}`, ""},
		{fleet.Report, `{"domain":"a.example","verdict":"pass","score":1,"score_low":null}`, ""},
		{fleet.Report, `{"line":7,"input":"x","error":"y"}`, ""},
		{fleet.Report, "null", ""},
		{fleet.Report, "", ""},
		{fleet.Invalid, `{"line":7,"input":"x","error":"y"}`, `{"line":7,"input":"x","error":"y"}` + "\n"},
		{fleet.Invalid, `{"line":8,"input":"x","error":"y"}`, ""},
		{fleet.Failed, `{"line":7,"input":"x"}`, ""},
		{"other", "{" + whole + "}", ""},
	} {
		line, _, err := read(fleet.Result{Line: 7, Kind: c.kind, Text: []byte(c.text)})
		if string(line) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %q: %q, %v", c.kind, c.text, line, err)
		}
		if strings.Count(string(line), "\n") > 1 {
			t.Errorf("%q is more than a line", line)
		}
	}
}

// TestBudgetOf: who asks the same servers shares a budget, in whatever order they are named; names are fit for a key.
func TestBudgetOf(t *testing.T) {
	name := func(resolvers ...string) string {
		s, err := budgetOf(resolvers)
		if err != nil || !fleet.BatchName.MatchString(s) {
			t.Errorf("%q, %v", s, err)
		}
		return s
	}
	if name("192.0.2.1", "192.0.2.2:53") != name("192.0.2.2", "192.0.2.1:53") {
		t.Error("the same servers, two budgets")
	}
	if name("192.0.2.1") == name("192.0.2.1:54") {
		t.Error("two servers, one budget")
	}
	if _, err := budgetOf([]string{"no server"}); err == nil {
		t.Error("no server is taken")
	}
}

// TestReadEntriesMemory: a list of a million lines is held in memory, and not the other columns of its rows.
func TestReadEntriesMemory(t *testing.T) {
	const rows, width = 1000, 50_000
	var in strings.Builder
	for i := range rows {
		fmt.Fprintf(&in, "d%d.example,%s\n", i, strings.Repeat("x", width))
	}
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	w, _, _ := world(nil)
	w.Stdin = strings.NewReader(in.String())
	before := heap()
	l, err := readEntries(t.Context(), w, "-")
	if grown := heap() - before; err != nil || len(l) != rows || grown > rows*width/2 {
		t.Errorf("%d entries, %v: %d octets more", len(l), err, grown)
	}
	runtime.KeepAlive(w)
	runtime.KeepAlive(l)
}
