package fieldlist

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const version = "v=STSv1"

func TestBegins(t *testing.T) {
	for text, want := range map[string]bool{
		"v=STSv1;":        true,
		"v=STSv1; id=1":   true,
		"v=STSv1 \t;id=1": true,
		"v=STSv1":         false,
		"v=STSv1 id=1":    false,
		"v=STSv10; id=1":  false,
		"v=stsv1; id=1":   false,
		" v=STSv1; id=1":  false,
		"id=1; v=STSv1;":  false,
		"v = STSv1; id=1": false,
		"":                false,
	} {
		if got := Begins(text, version); got != want {
			t.Errorf("Begins(%q) = %v", text, got)
		}
	}
}

func TestMisnamed(t *testing.T) {
	for text, want := range map[string]string{
		"v=STSv1 ":       "no semicolon follows v=STSv1, so that senders discard the record",
		"v=stsv1; id=1":  `the record begins with "v=stsv1", not with "v=STSv1": the case counts`,
		"v=STSv2; id=1":  `the record begins with "v=STSv2", not with "v=STSv1;"`,
		"\xe9":           `the record begins with "\xe9", not with "v=STSv1;"`,
		"v=STSv1 x; y=1": `the record begins with "v=STSv1 x", not with "v=STSv1;"`,
	} {
		first, _, _ := strings.Cut(text, ";")
		if got := Misnamed(text, version); got != (Problem{Length: len(first), Message: want}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text   string
		fields string   // name=value, joined by a space
		faults []string // places and messages
	}{
		{"v=STSv1; id=2026", "id=2026", nil},
		{"v=STSv1;id=2026;", "id=2026", nil},
		{"v=STSv1 ; id=2026 ;\t x-y.z_1=a:b/c ; ", "id=2026 x-y.z_1=a:b/c", nil},
		{"v=STSv1; id=1; id=2", "id=1 id=2", nil},
		{"v=STSv1; id=", "id=", nil},
		{"v=STSv1; id=a=b c", "id=a=b c", nil}, // the caller's to judge
		{"v=STSv1;", "", nil},
		{"v=STSv1;; id=1", "id=1", []string{`";" nothing stands where a field belongs`}},
		{"v=STSv1; id 1; x=y", "x=y", []string{`"id 1" "id 1" is no field: it has no "="`}},
		{"v=STSv1; id =1", "", []string{`"id =1" "id " is no name of a field`}},
		{"v=STSv1; -x=1", "", []string{`"-x=1" "-x" is no name of a field`}},
		{"v=STSv1; " + strings.Repeat("n", 33) + "=1", "", []string{`"` + strings.Repeat("n", 33) + `=1" "` + strings.Repeat("n", 33) + `" is no name of a field`}},
		{"v=STSv1; x= 1", "", []string{`"x= 1" x=" 1" is no field: its value is empty or has other characters than visible ASCII without "="`}},
		{"v=STSv1; x=\xe9", "", []string{`"x=\xe9" x="\xe9" is no field: its value is empty or has other characters than visible ASCII without "="`}},
		{"v=STSv1", "", nil},
		{"v=STSv2; id=1", "", nil},
	} {
		fields, problems := Parse(tt.text, version, "id")
		var l, faults []string
		for _, f := range fields {
			l = append(l, f.Name+"="+f.Value)
			if at := tt.text[f.Offset : f.Offset+f.Length]; at != f.Name+"="+f.Value {
				t.Errorf("%q: %s=%s at %q", tt.text, f.Name, f.Value, at)
			}
		}
		for _, p := range problems {
			faults = append(faults, strings.ReplaceAll(`"`+tt.text[p.Offset:p.Offset+p.Length]+`" `+p.Message, "\xe9", `\xe9`))
		}
		if got := strings.Join(l, " "); got != tt.fields {
			t.Errorf("%q: fields %q, want %q", tt.text, got, tt.fields)
		}
		if d := cmp.Diff(tt.faults, faults); d != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=STSv1; id=20260101T000000;", "v=STSv1;;x =1; y= \xff; =;", "v=STSv1 ;" + strings.Repeat("a", 40) + "=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields, problems := Parse(text, version, "id")
		if len(fields)+len(problems) > 0 && !Begins(text, version) {
			t.Errorf("%q is no record, and has %v, %v", text, fields, problems)
		}
		end := 0
		for _, f := range fields {
			if f.Offset < end || text[f.Offset:f.Offset+f.Length] != f.Name+"="+f.Value {
				t.Fatalf("%q: %+v stands elsewhere", text, f)
			}
			end = f.Offset + f.Length
		}
		for _, p := range problems {
			if p.Message == "" || p.Length <= 0 || p.Length > len(text)-p.Offset {
				t.Errorf("%q: %+v is no place", text, p)
			}
		}
	})
}
