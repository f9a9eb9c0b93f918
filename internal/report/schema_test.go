package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
)

const schemaFile = "../../docs/report.schema.json"

func schema(t *testing.T) map[string]any {
	t.Helper()
	b, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// compiled is the schema of a report, or of what stands at a pointer into it.
func compiled(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("report.json", any(schema(t))); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instance(t *testing.T, b []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOutputFollowsSchema(t *testing.T) {
	s := compiled(t, "")
	for _, x := range samples {
		if err := s.Validate(instance(t, written(t, Options{Format: "json"}, x.report()).Bytes())); err != nil {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	foretold := healthy()
	foretold.Forecast = []audit.Forecast{{Receiver: "gmail", Stream: "default", Verdict: "reject", Stage: "connect",
		Reply: "550-5.7.25 ...", Rules: []string{"ptr.missing"}, Basis: "documented", Source: "https://support.google.com/a/answer/3726730"}}
	if err := s.Validate(instance(t, written(t, Options{Format: "json"}, foretold).Bytes())); err != nil {
		t.Errorf("with a forecast: %v", err)
	}
	entries, ok := instance(t, written(t, Options{Format: "json", Several: true}, healthy(), dead()).Bytes()).([]any)
	if !ok || len(entries) != 3 {
		t.Fatalf("no array of 3")
	}
	if err := compiled(t, "#/$defs/invalid").Validate(entries[1]); err != nil {
		t.Errorf("a line that is no domain: %v", err)
	}
	if s.Validate(entries[1]) == nil {
		t.Error("a line that is no domain passes for a report")
	}
}

// The schema is no use if it lets everything pass.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t, "")
	for name, spoil := range map[string]func(*audit.Report){
		"another version":        func(r *audit.Report) { r.SchemaVersion = 2 },
		"a verdict of its own":   func(r *audit.Report) { r.Verdict = "ok" },
		"a score above 100":      func(r *audit.Report) { r.Score = ptr(101) },
		"a share above 1":        func(r *audit.Report) { r.Coverage = 92 },
		"null for a list":        func(r *audit.Report) { r.Fixes = nil },
		"null for an inner list": func(r *audit.Report) { r.Evidence.DKIM.Keys = nil },
		"an unknown grade":       func(r *audit.Report) { r.Grade = ptr("E") },
		"an unknown area":        func(r *audit.Report) { r.Findings[0].Area = "mail" },
		"an unknown result":      func(r *audit.Report) { r.Evidence.SPF.Results[0].Result = "ok" },
		"a broken tree":          func(r *audit.Report) { r.Evidence.SPF.Tree.Terms[1].Tree.Status = "" },
		"port 0":                 func(r *audit.Report) { r.Evidence.Submission[0].Port = 0 },
	} {
		r := healthy()
		spoil(r)
		b, err := encode(r, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(instance(t, b)) == nil {
			t.Errorf("%s passes", name)
		}
	}
	b, err := encode(healthy(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Validate(instance(t, bytes.Replace(b, []byte(`"verdict":"pass",`), nil, 1))) == nil {
		t.Error("a report without a verdict passes")
	}
}

// Every field of the structs stands in the schema, and the schema has no other, so that neither can rot.
func TestSchemaHasEveryField(t *testing.T) {
	s := schema(t)
	seen := map[reflect.Type]bool{}
	fields(t, s, "report", s, reflect.TypeFor[audit.Report](), seen)
	defs := s["$defs"].(map[string]any)
	fields(t, s, "invalid", defs["invalid"].(map[string]any), reflect.TypeFor[invalid](), seen)
	// One definition for each type, and the report itself.
	if len(seen) != len(defs)+1 {
		t.Errorf("%d types, but %d definitions: %v", len(seen), len(defs)+1, slices.Sorted(maps.Keys(defs)))
	}
}

func fields(t *testing.T, root map[string]any, at string, s map[string]any, typ reflect.Type, seen map[reflect.Type]bool) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		if typ.Kind() == reflect.Slice {
			if s["type"] != "array" {
				t.Errorf("%s is a list, but not in the schema", at)
				return
			}
			s = resolve(root, s["items"].(map[string]any))
		}
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ.PkgPath() == "time" || seen[typ] {
		return
	}
	seen[typ] = true
	props, _ := s["properties"].(map[string]any)
	var required, inSchema, inType []string
	for _, n := range s["required"].([]any) {
		inSchema = append(inSchema, n.(string))
	}
	for i := range typ.NumField() {
		name, rest, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		inType = append(inType, name)
		if rest != "omitempty" {
			required = append(required, name)
		}
		if p, ok := props[name].(map[string]any); ok {
			fields(t, root, at+"."+name, resolve(root, p), typ.Field(i).Type, seen)
		}
	}
	if got, want := sorted(inSchema), sorted(required); !slices.Equal(got, want) {
		t.Errorf("%s requires %v, the struct has %v", at, got, want)
	}
	if got, want := slices.Sorted(maps.Keys(props)), sorted(inType); !slices.Equal(got, want) {
		t.Errorf("%s has the properties %v, the struct %v", at, got, want)
	}
	if s["additionalProperties"] != true {
		t.Errorf("%s leaves no room to grow", at)
	}
}

func sorted(l []string) []string { return slices.Sorted(slices.Values(l)) }

// resolve follows a reference into the definitions.
func resolve(root, s map[string]any) map[string]any {
	if r, ok := s["$ref"].(string); ok {
		return root["$defs"].(map[string]any)[strings.TrimPrefix(r, "#/$defs/")].(map[string]any)
	}
	return s
}

func TestSchemaHasEveryArea(t *testing.T) {
	finding := schema(t)["$defs"].(map[string]any)["finding"].(map[string]any)["properties"].(map[string]any)
	var got []string
	for _, a := range finding["area"].(map[string]any)["enum"].([]any) {
		got = append(got, a.(string))
	}
	var want []string
	for _, a := range checks.Areas {
		want = append(want, string(a))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
