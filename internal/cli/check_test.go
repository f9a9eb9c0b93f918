package cli

import (
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/checks"
	"mailaudit/internal/gather"
)

func TestEndpoint(t *testing.T) {
	for in, want := range map[string]gather.Endpoint{
		"mail.example.com":             {Host: "mail.example.com", Port: 587},
		"Mail.Example.COM.":            {Host: "mail.example.com", Port: 587},
		"bücher.example":               {Host: "xn--bcher-kva.example", Port: 587},
		"mail.example.com:587":         {Host: "mail.example.com", Port: 587},
		"mail.example.com:2525":        {Host: "mail.example.com", Port: 2525},
		"mail.example.com:465":         {Host: "mail.example.com", Port: 465, Implicit: true},
		"smtp://mail.example.com":      {Host: "mail.example.com", Port: 587},
		"smtp://mail.example.com:465":  {Host: "mail.example.com", Port: 465},
		"smtps://mail.example.com":     {Host: "mail.example.com", Port: 465, Implicit: true},
		"smtps://mail.example.com:587": {Host: "mail.example.com", Port: 587, Implicit: true},
		"SMTPS://mail.example.com":     {Host: "mail.example.com", Port: 465, Implicit: true},
		"localhost:2525":               {Host: "localhost", Port: 2525},
		"192.0.2.25":                   {Host: "192.0.2.25", Port: 587},
		"192.0.2.25:465":               {Host: "192.0.2.25", Port: 465, Implicit: true},
		"2001:DB8::25":                 {Host: "2001:db8::25", Port: 587},
		"[2001:db8::25]":               {Host: "2001:db8::25", Port: 587},
		"[2001:db8::25]:465":           {Host: "2001:db8::25", Port: 465, Implicit: true},
		"smtps://[2001:db8::25]:587":   {Host: "2001:db8::25", Port: 587, Implicit: true},
	} {
		if got, err := endpoint(in); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", ":587", "smtp://", "ftp://mail.example.com", "mail.example.com:0", "mail.example.com:65536", "mail.example.com:-1",
		"mail.example.com:smtp", "smtp://mail.example.com:587/", "a..example", "two words", "user@mail.example.com", "mail.example.com:587:587"} {
		if got, err := endpoint(in); err == nil {
			t.Errorf("%q: %+v, want an error", in, got)
		}
	}
}

func TestAreas(t *testing.T) {
	for _, c := range []struct{ only, skip, want string }{
		{"", "", strings.Join(areaNames(), " ")},
		{"spf", "", "spf"},
		{"dmarc spf", "", "spf dmarc"},
		{"", "tls submission", "domain mx spf dkim dmarc ptr dnsbl mtasts tlsrpt dane dnssec bimi parked message"},
		{"spf dmarc", "spf", "dmarc"},
		{"spf", "spf", ""},
		{"spf", "dkim", "spf"},
	} {
		wanted, err := areas(strings.Fields(c.only), strings.Fields(c.skip))
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		var got []string
		for _, a := range checks.Areas {
			if wanted(a) {
				got = append(got, string(a))
			}
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("--only %q --skip %q: %q, want %q", c.only, c.skip, got, c.want)
		}
	}
	for _, bad := range []string{"spff", "SPF", " spf", "helo"} {
		if _, err := areas([]string{bad}, nil); err == nil {
			t.Errorf("--only %q was taken", bad)
		}
		if _, err := areas(nil, []string{bad}); err == nil {
			t.Errorf("--skip %q was taken", bad)
		}
	}
}
