package report

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
)

// written is what a writer makes of some reports and of a line that is no domain between them.
func written(t *testing.T, o Options, l ...*audit.Report) *calls {
	t.Helper()
	var b calls
	w, err := New(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range l {
		if i == 1 {
			if err := w.Invalid(2, "bad..name\x1b\u202e\xff", errors.New("an empty label\x07")); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Report(r, "exit 0"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

const badLine = `{"schema_version":1,"line":2,"input":"bad..name\u001b\u202e\ufffd","error":"an empty label\u0007"}`

func TestJSONOne(t *testing.T) {
	b := written(t, Options{Format: "json"}, healthy())
	golden(t, "healthy-json", b.Bytes())
	if b.n != 1 {
		t.Errorf("%d calls of Write", b.n)
	}
	var got audit.Report
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(healthy(), &got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}

func TestJSONSeveral(t *testing.T) {
	b := written(t, Options{Format: "json", Several: true}, healthy(), broken())
	if !strings.HasPrefix(b.String(), "[\n  {\n    \"schema_version\": 1,\n") || !strings.HasSuffix(b.String(), "\n  }\n]\n") {
		t.Errorf("the array is not indented by two:\n%.60s ... %s", b, b.Bytes()[b.Len()-20:])
	}
	if b.n != 4 {
		t.Errorf("%d calls of Write for three entries and the end", b.n)
	}
	var l []json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l) != 3 {
		t.Fatalf("%d entries, want 3", len(l))
	}
	var bad strings.Builder
	for line := range strings.Lines(string(l[1])) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
		bad.WriteString(k)
		if v != "" {
			bad.WriteString(":" + v)
		}
	}
	if bad.String() != badLine {
		t.Errorf("got  %s\nwant %s", bad.String(), badLine)
	}
}

func TestJSONNone(t *testing.T) {
	if got := written(t, Options{Format: "json", Several: true}).String(); got != "[]\n" {
		t.Errorf("got %q for no domain at all", got)
	}
}

func TestNDJSON(t *testing.T) {
	b := written(t, Options{Format: "ndjson", Several: true}, healthy(), attacked())
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 3 || b.n != 3 {
		t.Fatalf("%d lines by %d calls of Write, want 3 by 3", len(lines), b.n)
	}
	if lines[1] != badLine {
		t.Errorf("got  %s\nwant %s", lines[1], badLine)
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("no JSON: %.80s", l)
		}
	}
}

// A terminal that shows the JSON of a hostile domain is safe, and a reader gets what was found.
func TestJSONHostile(t *testing.T) {
	for _, f := range []string{"json", "ndjson"} {
		b := written(t, Options{Format: f}, attacked())
		if i := strings.IndexFunc(b.String(), suspect); i >= 0 {
			t.Errorf("%s: raw %q", f, b.String()[i:])
		}
		if !strings.Contains(b.String(), "<script>") {
			t.Errorf("%s: records cannot be read for the escapes of HTML", f)
		}
		var got audit.Report
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(hostile)); got.Evidence.Submission[0].Banner != want {
			t.Errorf("%s: read %q, want %q", f, got.Evidence.Submission[0].Banner, want)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := New(nil, Options{Format: "yaml"}); err == nil || !strings.Contains(err.Error(), `"yaml"`) {
		t.Errorf("got %v", err)
	}
}
