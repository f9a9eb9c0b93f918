package mtasts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIsSTS(t *testing.T) {
	for text, want := range map[string][2]bool{ // is one, was meant to be one
		"v=STSv1; id=1":     {true, true},
		"v=STSv1 ;id=1":     {true, true},
		"v=STSv1":           {false, true},
		"v=stsv1; id=1":     {false, true},
		"v=STSv2; id=1":     {false, true},
		"V = STSv1; id=1":   {false, true},
		`"v=STSv1; id=1"`:   {false, true},
		" v=STSv1; id=1":    {false, true},
		"id=1; v=STSv1":     {false, false},
		"v=spf1 -all":       {false, false},
		"":                  {false, false},
		"v=TLSRPTv1; rua=x": {false, false},
	} {
		if got := [2]bool{IsSTS(text), LooksLike(text)}; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text, id string
		void     bool
		problems []string // kind, place, message
	}{
		{"v=STSv1; id=20260101T000000;", "20260101T000000", false, nil},
		{"v=STSv1; x=y; id=a", "a", false, nil}, // the order is free, others are ignored
		{"v=STSv1; id=" + strings.Repeat("a", 32), strings.Repeat("a", 32), false, nil},
		{"v=STSv1; id=1; id=2", "1", false, []string{`duplicate "id=2" id= stands more than once: the first counts`}},
		{"v=STSv1;", "", true, []string{`id "" there is no id=, by which senders see that the policy has changed`}},
		{"v=STSv1; ID=1", "", true, []string{`id "" there is no id=, by which senders see that the policy has changed`}},
		{"v=STSv1; id=", "", true, []string{`id "id=" id="" is not 1 to 32 letters and digits`}},
		{"v=STSv1; id=2026-01-01", "", true, []string{`id "id=2026-01-01" id="2026-01-01" is not 1 to 32 letters and digits`}},
		{"v=STSv1; id=" + strings.Repeat("a", 33), "", true, []string{`id "id=` + strings.Repeat("a", 33) + `" id="` + strings.Repeat("a", 33) + `" is not 1 to 32 letters and digits`}},
		{"v=STSv1; id=1; mode=testing mx", "1", true, []string{`syntax "mode=testing mx" mode="testing mx" is no field: its value is empty or has other characters than visible ASCII without "="`}},
		{"v=STSv1", "", true, []string{`version "v=STSv1" no semicolon follows v=STSv1, so that senders discard the record`}},
		{"v=stsv1; id=1", "", true, []string{`version "v=stsv1" the record begins with "v=stsv1", not with "v=STSv1": the case counts`}},
		{"v=STSv2; id=1", "", true, []string{`version "v=STSv2" the record begins with "v=STSv2", not with "v=STSv1;"`}},
	} {
		r := Parse(tt.text)
		var l []string
		for _, p := range r.Problems {
			l = append(l, string(p.Kind)+` "`+tt.text[p.Offset:p.Offset+p.Length]+`" `+p.Message)
		}
		if r.Text != tt.text || r.ID != tt.id || r.Void != tt.void {
			t.Errorf("%q: id %q, void %v", tt.text, r.ID, r.Void)
		}
		if d := cmp.Diff(tt.problems, l); d != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=STSv1; id=20260101T000000;", "v=STSv1;id=1;id=2;x=y", "v=stsv1; id=\xff", "v=STSv1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Parse(text)
		for _, p := range r.Problems {
			if p.Message == "" || p.Length < 0 || p.Length > len(text)-p.Offset || len(p.Message) > 600 {
				t.Errorf("%+v: no such place, or a message that grows with it", p)
			}
		}
		if !r.Void && (!IsSTS(text) || r.ID == "") {
			t.Errorf("not void: %+v", r)
		}
		if IsSTS(text) && !LooksLike(text) {
			t.Errorf("%q is one and looks like none", text)
		}
	})
}
