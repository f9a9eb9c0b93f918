package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// settled are the flags of check after settle, with these arguments, variables and config file.
func settled(t *testing.T, args string, env map[string]string, file string) (*pflag.FlagSet, []streamConfig, error) {
	t.Helper()
	w := World{LookupEnv: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}
	cmd := newCheck(w, "check")
	if file != "" {
		name := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args += " --config " + name
	}
	if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	streams, err := settle(w, cmd)
	return cmd.Flags(), streams, err
}

// TestSettle: flags, then environment, then file, then the default; each setting for itself.
func TestSettle(t *testing.T) {
	defaults := map[string]string{"ip": "[]", "only": "[]", "helo": "", "fail-on": "fail", "daily": "0", "offline": "false", "timeout": "30s", "format": "table"}
	for _, c := range []struct {
		name, args, file string
		env, want        map[string]string // want: what differs from the defaults
	}{
		{name: "defaults"},
		{name: "file", file: "ip: [192.0.2.1, 192.0.2.2]\nonly: [spf, dkim]\nhelo: a\nfail-on: warn\ndaily: 7\noffline: true\ntimeout: 1m\nformat: json",
			want: map[string]string{"ip": "[192.0.2.1,192.0.2.2]", "only": "[spf,dkim]", "helo": "a", "fail-on": "warn", "daily": "7", "offline": "true", "timeout": "1m0s", "format": "json"}},
		{name: "file with underscores", file: "fail_on: warn", want: map[string]string{"fail-on": "warn"}},
		{name: "one value where several could stand", file: "ip: 192.0.2.1\nonly: spf,dkim", want: map[string]string{"ip": "[192.0.2.1]", "only": "[spf,dkim]"}},
		{name: "environment over file", file: "ip: [192.0.2.1]\nhelo: a\nformat: json",
			env:  map[string]string{"MAILAUDIT_IP": "192.0.2.3, 192.0.2.4", "MAILAUDIT_FORMAT": "ndjson", "MAILAUDIT_DAILY": ""},
			want: map[string]string{"ip": "[192.0.2.3,192.0.2.4]", "helo": "a", "format": "ndjson"}},
		{name: "flags over both", args: "--ip 192.0.2.9 --fail-on never", file: "ip: [192.0.2.1]\nhelo: a",
			env:  map[string]string{"MAILAUDIT_IP": "192.0.2.3", "MAILAUDIT_HELO": "b", "MAILAUDIT_FAIL_ON": "warn"},
			want: map[string]string{"ip": "[192.0.2.9]", "helo": "b", "fail-on": "never"}},
		{name: "a flag that says the default", args: "--format table", file: "format: json"},
		{name: "keys that say nothing", file: "helo:\nip: ~\nstreams:"},
		{name: "no settings of an audit", env: map[string]string{"MAILAUDIT_HELP": "true", "MAILAUDIT_NOSUCH": "1"}},
	} {
		flags, streams, err := settled(t, c.args, c.env, c.file)
		if err != nil || len(streams) != 0 {
			t.Errorf("%s: %v, streams %v", c.name, err, streams)
			continue
		}
		for name, want := range defaults {
			if x, ok := c.want[name]; ok {
				want = x
			}
			if got := flags.Lookup(name).Value.String(); got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, name, got, want)
			}
		}
	}
}

func TestSettleStreams(t *testing.T) {
	flags, streams, err := settled(t, "--helo mail.example.com", nil, `
streams:
  - {name: own, ips: [192.0.2.25], helo: mail.example.com, selectors: [s1], daily: 100}
  - name: esp
    mail_from: bounce@esp.example
    dkim_domain: esp.example
timeout: 5s
`)
	want := []streamConfig{
		{Name: "own", IPs: []string{"192.0.2.25"}, HELO: "mail.example.com", Selectors: []string{"s1"}, Daily: 100},
		{Name: "esp", MailFrom: "bounce@esp.example", DKIMDomain: "esp.example"},
	}
	if d := cmp.Diff(want, streams); d != "" || err != nil || flags.Lookup("timeout").Value.String() != "5s" {
		t.Errorf("%v, timeout %v, -want +got\n%s", err, flags.Lookup("timeout").Value, d)
	}
}

func TestSettleRefuses(t *testing.T) {
	for _, c := range []struct {
		file string
		env  map[string]string
		want string
	}{
		{file: "format: json\ncolour: never", want: `config.yaml:2: "colour" is no setting`},
		{file: "config: other.yaml", want: `"config" is no setting`},
		{file: "help: true", want: `"help" is no setting`},
		{file: "# one\n\ntimeout: soon", want: `config.yaml:3: timeout: "soon" is not a duration`},
		{file: "daily: many", want: `config.yaml:1: daily: "many" is not a whole number`},
		{file: "offline: perhaps", want: `config.yaml:1: offline: "perhaps" is neither true nor false`},
		{file: "format: json\nonly: [spf", want: "config.yaml:2: "},
		{file: "format: json\nformat: table", want: "config.yaml:2: "},
		{file: "- format", want: "config.yaml:1: "},
		{file: "streams: own", want: "config.yaml:1: "},
		{file: "streams:\n  - name: own\n    hello: a", want: `config.yaml:3: unknown field "hello"`},
		{file: "streams:\n  - name: own\n    ips: 192.0.2.1", want: "config.yaml:3: "},
		{file: "streams:\n  - name: own\nselector: s1", want: "config.yaml:3: selector stands beside streams"},
		{file: "\x00", want: "config.yaml:"},
		{env: map[string]string{"MAILAUDIT_DAILY": "many"}, want: `MAILAUDIT_DAILY: "many" is not a whole number`},
		{env: map[string]string{"MAILAUDIT_CONFIG": "/nonexistent"}, want: "/nonexistent: no such file"},
	} {
		_, _, err := settled(t, "", c.env, c.file)
		if use := new(usageError); !errors.As(err, use) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %v: %v, want a usage error with %q", c.file, c.env, err, c.want)
		}
	}
}

// TestYAMLBounds: what the library would read in minutes, or not within the memory of a machine, is refused before it sees it.
func TestYAMLBounds(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"brackets", "ip: " + strings.Repeat("[", 100), ":1: nested deeper than 32"},
		{"braces", "ip: 192.0.2.1\nhelo: " + strings.Repeat("{a: ", 100), ":2: nested deeper than 32"},
		{"lists", strings.Repeat("- ", 100) + "a", ":1: nested deeper than 32"},
		{"keys", strings.Repeat("a:\n", maxYAML/3+1), ": larger than 128 KiB"},
	} {
		if _, _, err := settled(t, "", nil, c.text); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s in a config file: %v, want ...%s", c.name, err, c.want)
		}
		file := filepath.Join(t.TempDir(), "suppressions.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readSuppressions(file); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s in suppressions: %v, want ...%s", c.name, err, c.want)
		}
	}
	if _, _, err := settled(t, "", nil, "ip: ["+strings.Repeat("192.0.2.1, ", 9000)+"192.0.2.2]"); err != nil {
		t.Errorf("9,000 addresses: %v", err)
	}
}
