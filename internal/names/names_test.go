package names_test

import (
	"strings"
	"testing"

	"mailaudit/internal/names"
)

func TestDomain(t *testing.T) {
	for in, want := range map[string]string{
		"healthy.example":                  "healthy.example",
		"HEALTHY.Example.":                 "healthy.example",
		"\ufeffhealthy.example":            "healthy.example",
		" healthy.example\r":               "healthy.example",
		"postmaster@healthy.example":       "healthy.example",
		"Shop <news@healthy.example>":      "healthy.example",
		"https://healthy.example/page?x=1": "healthy.example",
		"https://user@healthy.example:443": "healthy.example",
		"bücher.example":                   "xn--bcher-kva.example",
		"BÜCHER.example":                   "xn--bcher-kva.example",
		"bücher。example":                   "xn--bcher-kva.example",
		"faß.example":                      "xn--fa-hia.example",
		"_spf.healthy.example":             "_spf.healthy.example",
		"xn--bcher-kva.example":            "xn--bcher-kva.example",
	} {
		if got, err := names.Domain(in); got != want || err != nil {
			t.Errorf("Domain(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, says := range map[string]string{
		"":                                "nothing",
		"shop":                            "single label",
		"localhost":                       "single label",
		"a..example":                      "empty label",
		".example":                        "empty label",
		strings.Repeat("a", 64) + ".test": "more than 63",
		strings.Repeat("a.", 200) + "b":   "more than 253",
		"not a domain":                    "other signs",
		"192.0.2.1":                       "an address",
		"[192.0.2.1]":                     "an address",
		"2001:db8::1":                     "an address",
		"1.2.3.444":                       "is a number",
		"-a.example":                      "invalid label",
		"a-.example":                      "invalid label",
		"https://":                        "without a host",
		"a\x1b[2J.example":                "", // refused by IDNA or by us, with some reason
		"xn--a.example":                   "A-label",
		"b\xfccher.example":               "not in UTF-8", // ISO 8859-1
		"b\ufffdcher.example":             "not in UTF-8",
	} {
		if got, err := names.Domain(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Domain(%q) = %q, %v; want an error that says %q", in, got, err, says)
		}
	}
}

func TestSelector(t *testing.T) {
	for in, want := range map[string]string{"s1": "s1", "20230601": "20230601", "2024.mail": "2024.mail", "a.2048.": "a.2048", "s_1": "s_1", "bücher": "xn--bcher-kva"} {
		if got, err := names.Selector(in); got != want || err != nil {
			t.Errorf("Selector(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", " ", ".", "a..b", ".a", "a b", "a/b", strings.Repeat("a", 64), strings.Repeat("a.", 124) + "a"} {
		if got, err := names.Selector(in); err == nil {
			t.Errorf("Selector(%q) = %q, and it is none", in, got)
		}
	}
}

func FuzzDomain(f *testing.F) {
	for _, s := range []string{"a.example", "bücher.example", "x@y.example", "https://a.example/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		name, err := names.Domain(in)
		if err != nil {
			return
		}
		if again, err := names.Domain(name); again != name || err != nil {
			t.Errorf("Domain(%q) = %q, and that again %q, %v", in, name, again, err)
		}
	})
}
