package cli

import (
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/checks"
)

// TestRivals holds what other auditors were seen to get wrong (checkdmarc, domain-security-scanner and others, 2023 to
// 2026): six mistakes about SPF, three about DKIM, and one suite's extension. Each case names the mistake.
func TestRivals(t *testing.T) {
	const (
		own = "example.com. TXT "
		key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2vjl9Gou+xK85mQCezXiLjuZwLaNOX/1Ky57SaEFcrUiDnYHDban7r0rGmWP1h2YHod32GSHU8MHpUaErBwClWJJ9AJkzEmevjW+ibD2hoGy9+eMiQXvbRH89Tm+dSgoD4ylGTLqFO23XFhgzTunu1Ls3UOCg0omQjhdEkmHg4iIIZVjgwYaBdwNgIsxznAysBOrp35ZkEw8mZoLvtv73Q4H2MhZa75dtho+IY6KOAP7FbF1QQfjyyE3Fu7JSlH6g7bv3KzngNRHDaM3+rYqlvKXiKVKLJotXcApleWOZ/DJXLqF+t5ITpqfrtuwLumUDuRrke+b8rrBIKb/T2tQMQIDAQAB"
	)
	eleven := ""
	for range 11 {
		eleven += "a:mail.example.com "
	}
	for _, c := range []struct {
		mistake string
		zone    string
		remove  string
		flags   string
		result  string // of SPF for MAIL FROM
		rules   string // "rule status" that must be there, by commas; "!rule" that must not, at fail or warn
		key     string // status of s1
		lookups int
		void    int
	}{
		// SPF.
		{mistake: "the record is cut at 255 octets, or a space is put where two strings meet (RFC 7208 3.3)",
			zone:   own + `"v=spf1 ip4:192.0.2" ".25 -all"`,
			result: "pass", rules: "!spf.ip4-invalid,!spf.syntax,!spf.string-too-long"},
		{mistake: "two records are one that is fine (RFC 7208 4.5)",
			zone:   own + `"v=spf1 ip4:192.0.2.25 -all"` + "\n" + own + `"v=spf1 -all"`,
			result: "permerror", rules: "spf.multiple fail"},
		{mistake: "v=spf10 is SPF (RFC 7208 4.5)",
			zone:   own + `"v=spf10 ip4:192.0.2.25 -all"`,
			result: "none", rules: "spf.version fail"},
		{mistake: "a bare all is set up correctly, though it means +all (RFC 7208 4.6.2)",
			zone:   own + `"v=spf1 ip4:192.0.2.25 all"`,
			result: "pass", rules: "spf.all-plus fail"},
		{mistake: "only include counts: 11 terms a: are valid (RFC 7208 4.6.4)",
			zone:   own + `"v=spf1 ` + eleven + `-all"`,
			result: "pass", rules: "spf.lookup-limit warn", lookups: 11},
		{mistake: "an include of a name that does not exist is valid, with a warning (RFC 7208 5.2)",
			zone:   own + `"v=spf1 include:gone.example.com ip4:192.0.2.25 -all"`,
			result: "permerror", rules: "spf.include-missing fail", lookups: 1, void: 1},
		{mistake: "a void lookup counts twice, for A and for AAAA (RFC 7208 4.6.4)",
			zone:   own + `"v=spf1 a:v1.example.com a:v2.example.com ip4:192.0.2.25 -all"`,
			result: "pass", rules: "!spf.void-limit", lookups: 2, void: 2},
		// DKIM.
		{mistake: "a revoked key is set up (RFC 6376 3.6.1)",
			zone: `s1._domainkey.example.com. TXT "v=DKIM1; k=rsa; p="`, result: "pass", rules: "dkim.revoked fail", key: "revoked"},
		{mistake: "an Ed25519 key is invalid (RFC 8463)",
			zone: `s1._domainkey.example.com. TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`, result: "pass",
			rules: "!dkim.p-invalid,!dkim.k-unknown,!dkim.key-short", key: "valid"},
		{mistake: "a key without v= is invalid (RFC 6376 3.6.1)",
			zone: `s1._domainkey.example.com. TXT "p=` + key[:200] + `" "` + key[200:] + `"`, result: "pass", rules: "!dkim.v-wrong,!dkim.p-invalid", key: "valid"},
		{mistake: "a key that no guess finds is a critical fault (RFC 6376 3.1)",
			zone: `x9z._domainkey.example.com. TXT "p=` + key[:200] + `" "` + key[200:] + `"`, remove: "s1._domainkey.example.com. TXT", flags: "--selector=", result: "pass",
			rules: "dkim.not-found-maybe info,!dkim.none-found,!dkim.selector-missing"},
		// RFC 7208 6: "Unrecognized modifiers MUST be ignored no matter where, or how often, they appear in a record." The
		// suite of pyspf wants default= to mean something (pyspf/default-modifier).
		{mistake: "default= is a modifier", zone: own + `"v=spf1 default=-all"`, flags: "--ip 198.51.100.1", result: "neutral", rules: "!spf.syntax"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			t.Parallel()
			r := auditExample(t, checks.Example{Zone: c.zone, Remove: c.remove, Flags: c.flags})
			result := ""
			for _, x := range r.Evidence.SPF.Results {
				if x.Identity == "mailfrom" {
					result = x.Result
				}
			}
			if result != c.result {
				t.Errorf("SPF gives %q, want %q", result, c.result)
			}
			if c.lookups+c.void > 0 && (r.Evidence.SPF.Lookups != c.lookups || r.Evidence.SPF.Void != c.void) {
				t.Errorf("%d lookups and %d void, want %d and %d", r.Evidence.SPF.Lookups, r.Evidence.SPF.Void, c.lookups, c.void)
			}
			for want := range strings.SplitSeq(c.rules, ",") {
				rule, status, _ := strings.Cut(strings.TrimPrefix(want, "!"), " ")
				there := slices.ContainsFunc(r.Findings, func(f exampleFinding) bool {
					return f.Rule == rule && (f.Status == status || status == "" && (f.Status == "fail" || f.Status == "warn"))
				})
				if there == strings.HasPrefix(want, "!") {
					t.Errorf("%s: %s", want, r.of(rule))
				}
			}
			if c.key != "" && !slices.ContainsFunc(r.Evidence.DKIM.Keys, func(k struct{ Selector, Status, Type string }) bool {
				return k.Selector == "s1" && k.Status == c.key
			}) {
				t.Errorf("keys %+v, want s1 %s", r.Evidence.DKIM.Keys, c.key)
			}
		})
	}
}
