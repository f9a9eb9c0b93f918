package facts

import (
	"encoding/json"
	"flag"
	"net/netip"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mailaudit/internal/record/spf"
)

// The same inputs in every run, so that one that fails does so again; -rapid.seed=0 takes new ones.
func init() { _ = flag.Set("rapid.seed", "2026") }

func TestJSONKeepsOctets(t *testing.T) {
	const octets = "v=spf1 \xc8\xff \u00e8 \U0010FF80 \ufffd \x00 -all"
	record := spf.Parse(octets)
	f := &Facts{Schema: Schema, Domain: "d.example", Started: time.Date(2026, 11, 22, 3, 0, 0, 5, time.UTC),
		Public: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		SPF:    []SPF{{Domain: "d.example", Near: []string{octets}, Root: SPFNode{Texts: []string{octets}, Seams: []string{octets[:8], octets[8:]}, Record: &record}}},
		MX:     Cannot[MX]("\x80"),
		DMARC:  Know(DMARC{Walk: []DMARCStep{{Near: []string{octets}}}}),
		Submission: Submission{Services: []Service{{Probe: Know(Probe{Banner: octets, EHLO: []string{octets},
			Cert: &Cert{Names: []string{octets}, NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}})}}},
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back Facts
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, &back, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("facts, to JSON and back (-was +is):\n%s", diff)
	}
	if f.SPF[0].Near[0] != octets || f.SPF[0].Root.Record.Text != octets {
		t.Error("writing JSON changed the facts")
	}
}

func TestEscape(t *testing.T) {
	for s, want := range map[string]string{
		"":           "",
		"plain":      "plain",
		"\u00e8":     "\u00e8",
		"\xe8":       "\U0010FFE8",
		"\xf0\x9f":   "\U0010FFF0\U0010FF9F",
		"\ufffd":     "\ufffd",
		"\U0010FF80": "\U0010FFF4\U0010FF8F\U0010FFBE\U0010FF80",
	} {
		if got := escape(s); got != want {
			t.Errorf("escape(%+q) = %+q, want %+q", s, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "octets")) + string(rapid.SliceOf(rapid.Rune()).Draw(t, "runes"))
		e := escape(s)
		if !utf8.ValidString(e) || unescape(e) != s {
			t.Fatalf("%+q to %+q to %+q", s, e, unescape(e))
		}
	})
}

// TestJSONReachesEveryString holds that rewrite knows every kind of value that holds strings in facts.
func TestJSONReachesEveryString(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var look func(path string, x reflect.Type)
	look = func(path string, x reflect.Type) {
		if seen[x] {
			return
		}
		seen[x] = true
		switch x.Kind() {
		case reflect.Map, reflect.Array, reflect.Interface:
			t.Errorf("%s is a %s", path, x.Kind())
		case reflect.Pointer, reflect.Slice:
			look(path, x.Elem())
		case reflect.Struct:
			for i := range x.NumField() {
				if f := x.Field(i); f.IsExported() {
					look(path+"."+f.Name, f.Type)
				}
			}
		}
	}
	look("Facts", reflect.TypeFor[Facts]())
}
