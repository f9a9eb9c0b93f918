package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// printed is what config print says with these arguments, variables and config file.
func printed(t *testing.T, args []string, env map[string]string, file string) string {
	t.Helper()
	if file != "" {
		name := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", name)
	}
	var out, errs bytes.Buffer
	w := World{Args: append([]string{"config", "print"}, args...), Stdout: &out, Stderr: &errs, LookupEnv: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}
	if code := Main(w); code != exitOK {
		t.Fatalf("%q: exit %d: %s", args, code, errs.String())
	}
	return out.String()
}

// TestConfigPrint: every setting stands there once, with where it came from.
func TestConfigPrint(t *testing.T) {
	got := printed(t, []string{"--fail-on", "warn", "--ip", "192.0.2.1"}, map[string]string{"MAILAUDIT_TIMEOUT": "5s", "MAILAUDIT_HELO": "env.example", "MAILAUDIT_IP": "192.0.2.9"},
		"# a comment\nhelo: file.example\nonly: [spf, dkim]\nfail_on: never\nmin-score: 90\n")
	for _, want := range []string{
		`fail_on: "warn"  # --fail-on`, `ip: ["192.0.2.1"]  # --ip`, `timeout: "5s"  # MAILAUDIT_TIMEOUT`, `helo: "env.example"  # MAILAUDIT_HELO`,
		`only: ["spf", "dkim"]  # `, `config.yaml:3`, `min_score: 90  # `, `config.yaml:5`, `# daily: 0  # default`, `# format: "table"  # default`,
	} {
		if !strings.Contains("\n"+got, "\n"+want) && !strings.Contains(want, "config.yaml") || !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	newCheck(World{}, "check").Flags().VisitAll(func(f *pflag.Flag) {
		key := strings.ReplaceAll(f.Name, "-", "_") + ": "
		n := strings.Count("\n"+got, "\n"+key) + strings.Count("\n"+got, "\n# "+key)
		if want := !slices.Contains([]string{"help", "version"}, f.Name); (n == 1) != want {
			t.Errorf("%s stands there %d times", key, n)
		}
	})
}

// TestConfigPrintRoundTrip: what is printed gives the same settings again, whatever is in them.
func TestConfigPrintRoundTrip(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  map[string]string
		file string
	}{
		{},
		{args: []string{"--ip", "192.0.2.1", "--ip", "2001:db8::1", "--helo", "mail.example.com", "--selector", "s1", "--daily", "7", "--offline", "--zone", "a b#c.zone",
			"--zone-remove", "_dmarc.example.com TXT", "--only", "spf,dkim", "--timeout", "90s", "--trust-ad", "-4", "--history", "h.db", "--history-keep", "9"}},
		{args: []string{"--output", "a\tb\n: \"c\" 'd' # {e} [f] \\ é \u202e \x01 yes", "--record", "- x", "--ca-file", "~", "--replay", ""}},
		{env: map[string]string{"MAILAUDIT_RESOLVER": "192.0.2.53,192.0.2.54", "MAILAUDIT_QUIET": "true"}, file: "format: json\nreceivers: gmail,yahoo\nskip:\n  - dnsbl\n"},
		{file: "fail_on: warn\nstreams:\n  - {name: own, ips: [192.0.2.25], helo: mail.example.com, selectors: [s1], daily: 100}\n  - mail_from: bounce@esp.example\n    dkim_domain: esp.example\n"},
		{args: []string{"--ip", "192.0.2.1"}, file: "streams:\n  - {name: own, ips: [192.0.2.25]}\n"}, // the flag wins
	} {
		first := printed(t, c.args, c.env, c.file)
		second := printed(t, nil, nil, first)
		settings := func(text string) (l []string) {
			for line := range strings.Lines(text) {
				setting, _, _ := strings.Cut(line, "  # ")
				if setting = strings.TrimRight(setting, "\n"); !strings.HasPrefix(setting, "# config: ") {
					l = append(l, setting)
				}
			}
			return l
		}
		if d := cmp.Diff(settings(first), settings(second)); d != "" {
			t.Errorf("%q %q: -first +second\n%s", c.args, c.file, d)
		}
		if set := slices.ContainsFunc(settings(first), func(s string) bool { return !strings.HasPrefix(s, "# ") }); set != (c.args != nil || c.file != "") {
			t.Errorf("%q %q: something is set: %v\n%s", c.args, c.file, set, first)
		}
		if strings.ContainsAny(first, "\u202e\x01\t") {
			t.Errorf("it acts on a terminal: %q", first)
		}
	}
}

// TestConfigPrintSecrets: they are in the environment alone, and stay there.
func TestConfigPrintSecrets(t *testing.T) {
	env := map[string]string{"MAILAUDIT_TOKEN": "secret-token-0123456789", "MAILAUDIT_DQS_KEY": "secretkey"}
	got := printed(t, nil, env, "")
	if strings.Contains(got, "secret") {
		t.Errorf("a secret is told:\n%s", got)
	}
	for _, want := range []string{"# MAILAUDIT_TOKEN: set, and not shown", "# MAILAUDIT_DQS_KEY: set, and not shown", "# MAILAUDIT_ABUSIX_KEY: not set"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
