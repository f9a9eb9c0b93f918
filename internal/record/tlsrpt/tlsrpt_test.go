package tlsrpt

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIsTLSRPT(t *testing.T) {
	for text, want := range map[string][2]bool{ // is one, was meant to be one
		"v=TLSRPTv1; rua=x":   {true, true},
		"v=TLSRPTv1 ;rua=x":   {true, true},
		"v=TLSRPTv1":          {false, true},
		"v=tlsrptv1; rua=x":   {false, true},
		"v=TLSRPTv2; rua=x":   {false, true},
		`"v=TLSRPTv1; rua=x"`: {false, true},
		"V = TLSRPTv1;":       {false, true},
		"rua=x; v=TLSRPTv1":   {false, false},
		"v=STSv1; id=1":       {false, false},
		"":                    {false, false},
	} {
		if got := [2]bool{IsTLSRPT(text), LooksLike(text)}; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text     string
		rua      string   // joined by a space
		problems []string // kind, place, message
	}{
		{"v=TLSRPTv1; rua=mailto:tls@d.example", "mailto:tls@d.example", nil},
		{"v=TLSRPTv1;rua=mailto:tls@d.example , https://d.example/v1?x=y;", "mailto:tls@d.example https://d.example/v1?x=y", nil},
		{"v=TLSRPTv1; ext=1; rua=MAILTO:a%2Bb%21@d.example?subject=x; rua=HTTPS://d.example:8443", "MAILTO:a%2Bb%21@d.example?subject=x HTTPS://d.example:8443", nil},
		{"v=TLSRPTv1;", "", []string{`missing "" there is no rua=, which says where reports go`}},
		{"v=TLSRPTv1; ruf=mailto:a@d.example", "", []string{`missing "" there is no rua=, which says where reports go`}},
		{"v=TLSRPTv1; rua=", "", []string{`destination "" rua="": the destination is missing`}},
		{"v=TLSRPTv1; rua=mailto:a@d.example,", "mailto:a@d.example", []string{`destination "" rua="": the destination is missing`}},
		{"v=TLSRPTv1; rua=a@d.example", "", []string{`destination "a@d.example" rua="a@d.example": mailto: is missing before the address`}},
		{"v=TLSRPTv1; rua=d.example", "", []string{`destination "d.example" rua="d.example": it is no URI: it has no scheme such as mailto:`}},
		{"v=TLSRPTv1; rua=http://d.example/", "", []string{`destination "http://d.example/" rua="http://d.example/": senders report to mailto: and https: alone, not to http:`}},
		{"v=TLSRPTv1; rua=mailto:tls", "", []string{`destination "mailto:tls" rua="mailto:tls": it holds no address to which mail can be sent`}},
		{"v=TLSRPTv1; rua=mailto:a@d.example mailto:b@d.example", "",
			[]string{`destination "mailto:a@d.example mailto:b@d.example" rua="mailto:a@d.example mailto:b@d.example": white space inside a URI (destinations are parted by commas)`}},
		{"v=TLSRPTv1; rua=mailto:a!10m@d.example", "", []string{`destination "mailto:a!10m@d.example" rua="mailto:a!10m@d.example": it holds a character that must be percent-encoded in a URI`}},
		{"v=TLSRPTv1; rua=https:///x", "", []string{`destination "https:///x" rua="https:///x": it names no host`}},
		{"v=TLSRPTv1; rua=https://reports/x", "", []string{`destination "https://reports/x" rua="https://reports/x": its host "reports" is no fully qualified name`}},
		{"v=TLSRPTv1; rua=mailto:a@d.example; x", "mailto:a@d.example", []string{`syntax "x" "x" is no field: it has no "="`}},
		{"v=TLSRPTv1; rua =mailto:a@d.example", "", []string{`missing "" there is no rua=, which says where reports go`, `syntax "rua =mailto:a@d.example" "rua " is no name of a field`}},
		{"v=TLSRPTv1", "", []string{`version "v=TLSRPTv1" no semicolon follows v=TLSRPTv1, so that senders discard the record`}},
		{"v=tlsrptv1; rua=x", "", []string{`version "v=tlsrptv1" the record begins with "v=tlsrptv1", not with "v=TLSRPTv1": the case counts`}},
		{"v=TLSRPT; rua=x", "", []string{`version "v=TLSRPT" the record begins with "v=TLSRPT", not with "v=TLSRPTv1;"`}},
	} {
		r := Parse(tt.text)
		var l []string
		for _, p := range r.Problems {
			l = append(l, string(p.Kind)+` "`+tt.text[p.Offset:p.Offset+p.Length]+`" `+p.Message)
		}
		if r.Text != tt.text || strings.Join(r.RUA, " ") != tt.rua {
			t.Errorf("%q: rua %q", tt.text, r.RUA)
		}
		if d := cmp.Diff(tt.problems, l); d != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=TLSRPTv1; rua=mailto:a@d.example,https://d.example/x;", "v=TLSRPTv1;rua=,;rua=mailto:%zz@\xff;x", "v=tlsrptv1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Parse(text)
		for _, p := range r.Problems {
			if p.Message == "" || p.Length < 0 || p.Offset < 0 || p.Length > len(text)-p.Offset || len(p.Message) > 800 {
				t.Errorf("%+v: no such place, or a message that grows with it", p)
			}
		}
		if len(r.Problems) == 0 && (!IsTLSRPT(text) || len(r.RUA) == 0) {
			t.Errorf("without a problem: %+v", r)
		}
		if slices.ContainsFunc(r.RUA, func(u string) bool { return !strings.Contains(text, u) }) {
			t.Errorf("%q does not hold %q", text, r.RUA)
		}
	})
}
