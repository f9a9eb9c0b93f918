package report

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/checks"
)

func TestRulesGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"rules-60": {Format: "table", Width: 60}, "rules-80": {Format: "table", Width: 80}, "rules-120": {Format: "table", Width: 120},
		"rules-json": {Format: "json"}, "rules-markdown": {Format: "markdown"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Rules(&b, o, rules); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
			if o.Format == "table" {
				holdsTable(t, b.String(), o.Width)
			}
		})
		t.Run("one of "+name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Rule(&b, o, rules[0]); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.Replace(name, "rules", "rule", 1), b.Bytes())
			if o.Format == "table" {
				holdsTable(t, b.String(), o.Width)
			}
		})
	}
}

func TestRulesJSON(t *testing.T) {
	var b bytes.Buffer
	if err := Rules(&b, Options{Format: "json"}, nil); err != nil {
		t.Fatal(err)
	}
	if b.String() != "[]\n" {
		t.Errorf("got %q for no rule", b.String())
	}
	b.Reset()
	if err := Rules(&b, Options{Format: "json"}, []*checks.Check{{ID: "a.b"}}); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) || strings.Contains(b.String(), "null") {
		t.Errorf("a rule without lists has null: %s", b.String())
	}
}

func TestRulesBadFormat(t *testing.T) {
	if err := Rules(nil, Options{Format: "yaml"}, rules); err == nil || !strings.Contains(err.Error(), `"yaml"`) {
		t.Errorf("Rules gives %v", err)
	}
	if err := Rule(nil, Options{Format: "ndjson"}, rules[0]); err == nil || !strings.Contains(err.Error(), `"ndjson"`) {
		t.Errorf("Rule gives %v", err)
	}
}

// leftOut begins the part of docs/rules.md that is written by hand.
const leftOut = "## Not judged, and why\n"

// TestRulesDocument holds docs/rules.md to the rules; -update writes it, but for its last part.
func TestRulesDocument(t *testing.T) {
	var b bytes.Buffer
	if err := Rules(&b, Options{Format: "markdown"}, checks.All); err != nil {
		t.Fatal(err)
	}
	const path = "../../docs/rules.md"
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, byHand, ok := strings.Cut(string(have), leftOut)
	if !ok {
		t.Fatalf("%s has no part %q", path, leftOut)
	}
	want := b.String() + "\n" + leftOut + byHand
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(have) {
		t.Errorf("%s is stale: make golden writes it anew\n%s", path, cmp.Diff(strings.Split(string(have), "\n"), strings.Split(want, "\n")))
	}
}

// TestCatalogue: what the catalogue that the rules were made from names is a rule, or docs/rules.md says why it is none.
func TestCatalogue(t *testing.T) {
	ids, err := os.ReadFile("testdata/catalogue.txt")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, why, _ := strings.Cut(string(document), leftOut)
	words := strings.FieldsFunc(why, func(r rune) bool { return r == ' ' || r == ',' || r == ':' || r == '|' || r == '\n' })
	for id := range strings.FieldsSeq(string(ids)) {
		_, rule := checks.Find(id)
		switch named := slices.Contains(words, id); {
		case !rule && !named:
			t.Errorf("%s is neither a rule nor left out with a reason", id)
		case rule && named:
			t.Errorf("%s is a rule, and said to be left out", id)
		}
	}
}

// Rules of one area stand together in the page, wherever they stand in the list.
func TestRulesPageGroups(t *testing.T) {
	mixed := []*checks.Check{rules[0], rules[2], rules[1]}
	var b bytes.Buffer
	if err := Rules(&b, Options{Format: "markdown"}, mixed); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "## Area spf\n"); n != 1 {
		t.Errorf("area spf stands %d times", n)
	}
	if strings.Index(b.String(), "### spf.all-neutral") > strings.Index(b.String(), "## Area dmarc") {
		t.Error("a rule stands outside its area")
	}
}
