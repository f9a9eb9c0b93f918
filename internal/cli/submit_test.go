package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

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

// TestSpool: a list comes back whole, each domain once and at its first line, with what is wrong with the others, and nothing of it is
// left on disk.
func TestSpool(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w, _, _ := world(nil)
	list := func(in string) (*spooled, []string) {
		t.Helper()
		w.Stdin = strings.NewReader(in)
		s, err := spool(t.Context(), w, "-")
		if err != nil {
			t.Fatal(err)
		}
		defer s.remove()
		var l []string
		if err := s.each(func(e entry) bool {
			l = append(l, fmt.Sprintf("%d %s %s %v", e.line, e.input, e.domain, e.err))
			return true
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(l)
		return s, l
	}
	const in = "domain\nB.example,x\n\nlocalhost\nb.example\na.example\nlocalhost\na.example\n"
	s, got := list(in)
	for i, want := range []string{"2 B.example b.example <nil>", "4 localhost  ", "6 a.example a.example <nil>", "7 localhost  "} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if len(got) != 4 || !s.valid || strings.HasSuffix(got[1], "<nil>") {
		t.Errorf("%q, valid %v", got, s.valid)
	}
	if same, _ := list(in); same.digest != s.digest {
		t.Error("the same list, two checksums")
	}
	if other, _ := list(in + "c.example\n"); other.digest == s.digest {
		t.Error("two lists, one checksum")
	}
	if none, got := list("localhost\n"); none.valid || len(got) != 1 {
		t.Errorf("%q, valid %v", got, none.valid)
	}
	w.Stdin = iotest.ErrReader(errors.New("bad sector"))
	if _, err := spool(t.Context(), w, "-"); err == nil || !strings.Contains(err.Error(), "bad sector") {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestSpoolMemory: memory does not hold the list.
func TestSpoolMemory(t *testing.T) {
	const rows = 200_000
	var in bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&in, "d%d.example.com\n", i)
	}
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	w, _, _ := world(nil)
	w.Stdin = &in
	before := heap()
	s, err := spool(t.Context(), w, "-")
	if err != nil {
		t.Fatal(err)
	}
	defer s.remove()
	n, most := 0, heap()
	err = s.each(func(entry) bool {
		if n++; n%(rows/10) == 0 {
			most = max(most, heap())
		}
		return true
	})
	if grown := most - before; err != nil || n != rows || grown > rows*20 { // the names alone are as much
		t.Errorf("%d entries, %v: %d octets more", n, err, grown)
	}
	runtime.KeepAlive(w)
}
