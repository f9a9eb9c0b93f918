package cli

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzFiles gives every kind of file that the program reads any octets: it says what is wrong, in words that a terminal shows as they
// are, and never panics or asks anybody.
func FuzzFiles(f *testing.F) {
	for _, s := range []string{"", "[]", "{}", "- rule: spf.missing\n  reason: x\n  until: 2030-01-01\n", "streams:\n- name: a\n  ips: [192.0.2.1]\n", "&a [*a]", "a: &x {b: *x}", "\xff\xfe", "daily: 1e9",
		`{"schema_version":1,"domain":"a.example","verdict":"pass","score":100,"score_low":100,"findings":[]}` + "\n", "zone: a.example\nkind: ip\n", "a.example. TXT \"v=spf1 -all\"\n$INCLUDE /etc/passwd\n$GENERATE 1-4294967295 a$ A 192.0.2.1\n"} {
		for kind := range fileFlags {
			f.Add(uint8(kind), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		name := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		args := append(strings.Fields(fileFlags[int(kind)%len(fileFlags)]), name)
		code := Main(World{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Version: "fuzz",
			LookupEnv: func(string) (string, bool) { return "", false }, Terminal: func() Terminal { return Terminal{} },
			Dial: func(context.Context, string, string) (net.Conn, error) {
				t.Error("it dials")
				return nil, context.Canceled
			}})
		if code == exitInternal || strings.Contains(errs.String(), "goroutine") {
			t.Errorf("%q: exit %d, %s", args, code, &errs)
		}
		if !utf8.ValidString(errs.String()) {
			t.Errorf("%q: no UTF-8 on stderr: %q", args, errs.String())
		}
		for _, r := range errs.String() {
			if r < ' ' && r != '\n' || r == 0x7f || 0x80 <= r && r < 0xa0 || r == '\u202e' {
				t.Fatalf("%q: %q on stderr", args, errs.String())
			}
		}
	})
}

// fileFlags lead to each of the readers; the name of the file follows.
var fileFlags = []string{
	"check a.example --offline --only spf -q --suppressions",
	"check a.example --offline --only spf -q --baseline",
	"check a.example --offline --only spf -q --config",
	"check a.example --offline --only spf -q --zone",
	"check a.example --offline --only spf -q --blocklists",
	"check --offline --only spf -q -f ndjson --domains",
	"check a.example b.example --offline --only spf -q -f ndjson --resume",
	"check a.example -q --replay",
	"convert --format table",
	"recipients --offline",
	"message --offline",
	"explain --file",
}
