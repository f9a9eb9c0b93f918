package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// These tests run what packaging/examples shows, in the world of the documented command lines: docs/cron.md has every file of
// it, word for word.

const examples = "../../packaging/examples"

// machine is a folder that stands for / of the examples, with the domains of the daily audit.
type machine struct {
	root string
	env  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{root: t.TempDir(), env: docsWorld(t)}
	for _, d := range []string{"etc/mailaudit", "var/lib/mailaudit", "var/lib/prometheus/node-exporter", "work"} {
		if err := os.MkdirAll(filepath.Join(m.root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(m.path("/etc/mailaudit/domains.txt"), []byte("example.com\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) path(p string) string { return filepath.Join(m.root, p) }

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run has a shell run a script on the machine, with more variables.
func (m *machine) run(t *testing.T, script string, env ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	script = strings.NewReplacer("/usr/bin/mailaudit", "mailaudit", "/etc/mailaudit", m.path("/etc/mailaudit"), "/var/lib", m.path("/var/lib")).Replace(script)
	cmd := exec.CommandContext(ctx, "sh", "-c", script)
	cmd.Dir, cmd.Env = m.path("work"), append(slices.Clone(m.env), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestExamplesAreDocumented(t *testing.T) {
	page := pages(t)["cron.md"]
	files, err := os.ReadDir(examples)
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, f := range files {
		if !strings.Contains(page, "\n"+example(t, f.Name())+"```\n") {
			t.Errorf("docs/cron.md does not have packaging/examples/%s as it is", f.Name())
		}
	}
}

// TestExampleCrontab: the first night says what is, the second nothing, and the third what changed.
func TestExampleCrontab(t *testing.T) {
	m := newMachine(t)
	field := regexp.MustCompile(`^[0-9*/,-]+$`)
	var commands []string
	for line := range strings.Lines(example(t, "crontab")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || regexp.MustCompile(`^[A-Z]+=`).MatchString(line) {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 6 || slices.ContainsFunc(f[:5], func(s string) bool { return !field.MatchString(s) }) || strings.Contains(line, "%") {
			t.Fatalf("no line of a crontab: %s", line) // % would be a new line (crontab(5))
		}
		commands = append(commands, strings.Join(f[5:], " "))
	}
	if len(commands) != 1 {
		t.Fatalf("commands %q", commands)
	}
	if code, out, errs := m.run(t, commands[0]); code != 0 || !strings.Contains(out, "example.com") || errs != "" {
		t.Errorf("first: exit %d\n%s\n%s", code, out, errs)
	}
	if code, out, errs := m.run(t, commands[0]); code != 0 || out != "" || errs != "" {
		t.Errorf("second: exit %d\n%s\n%s", code, out, errs)
	}
	code, out, errs := m.run(t, commands[0], "MAILAUDIT_IP=192.0.2.99")
	if code != 1 || !strings.Contains(out, "exit 1") || !strings.Contains(errs, "worse: new: spf.ip-not-covered") {
		t.Errorf("third: exit %d\n%s\n%s", code, out, errs)
	}
	if info, err := os.Stat(m.path("/var/lib/mailaudit/history.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// performance is what a plugin says behind the bar (the guidelines of the Monitoring Plugins, "Performance data").
var performance = regexp.MustCompile(`^MAILAUDIT (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]* \| \w+=\d+(%|s|ms)?(;\d*){0,4}( \w+=\d+(%|s|ms)?(;\d*){0,4})*\n$`)

func (m *machine) plugin(t *testing.T, command string, want int, word string) {
	t.Helper()
	code, out, _ := m.run(t, command)
	if code != want || !strings.HasPrefix(out, "MAILAUDIT "+word) {
		t.Errorf("%s: exit %d\n%s", command, code, out)
	}
	if want < 3 && !performance.MatchString(out) {
		t.Errorf("%s: no performance data: %s", command, out)
	}
}

func TestExampleNagios(t *testing.T) {
	m := newMachine(t)
	text := example(t, "nagios.cfg")
	value := func(key string) string {
		found := regexp.MustCompile(`(?m)^ +` + key + ` +(.*)$`).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no %s", key)
		}
		return found[1]
	}
	expand := func(call string) string {
		name, args, _ := strings.Cut(call, "!")
		if name != value("command_name") {
			t.Fatalf("%s calls %s", call, name)
		}
		line := value("command_line")
		for i, a := range strings.Split(args, "!") {
			line = strings.ReplaceAll(line, "$ARG"+strconv.Itoa(i+1)+"$", a)
		}
		if strings.Contains(line, "$") {
			t.Fatalf("left: %s", line)
		}
		return line
	}
	m.plugin(t, expand(value("check_command")), 0, "OK")
	m.plugin(t, expand("check_mailaudit!example.com!--ip 192.0.2.99"), 2, "CRITICAL")
	m.plugin(t, expand("check_mailaudit!no..domain!"), 3, "UNKNOWN")
}

func TestExampleIcinga(t *testing.T) {
	m := newMachine(t)
	text := example(t, "icinga2.conf")
	macros := map[string][]string{"$mailaudit_domain$": {"example.com"}, "$mailaudit_ip$": {"192.0.2.25", "2001:db8::25"}, "$mailaudit_selector$": {"s1"}}
	_, list, _ := strings.Cut(text, "command = [")
	list, _, _ = strings.Cut(list, "]")
	var words []string
	for _, w := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(list, -1) {
		word := w[1]
		if v := macros[word]; v != nil {
			word = v[0]
		}
		words = append(words, word)
	}
	arguments := regexp.MustCompile(`"(--[a-z-]+)" = \{ value = "([^"]*)", repeat_key = true \}`).FindAllStringSubmatch(text, -1)
	for _, a := range arguments {
		for _, v := range macros[a[2]] {
			words = append(words, a[1], v)
		}
	}
	if len(arguments) != 2 || len(words) < 10 || strings.Contains(strings.Join(words, " "), "$") {
		t.Fatalf("%q", words)
	}
	m.plugin(t, strings.Join(words, " "), 0, "OK")
}

// TestExampleTextfile: the file is there whole or as it was, and what a finding or a fault does to the exit code.
func TestExampleTextfile(t *testing.T) {
	m := newMachine(t)
	script := example(t, "textfile")
	prom := m.path("/var/lib/prometheus/node-exporter/mailaudit.prom")
	score := regexp.MustCompile(`(?m)^mailaudit_score\{domain="example\.com"\} (\d+)$`)
	read := func() string {
		text, err := os.ReadFile(prom)
		found := score.FindSubmatch(text)
		if err != nil || found == nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return string(found[1])
	}
	if code, out, errs := m.run(t, script); code != 0 || out+errs != "" || read() != "100" {
		t.Errorf("exit %d, score %s\n%s%s", code, read(), out, errs)
	}
	if code, _, _ := m.run(t, script, "MAILAUDIT_IP=192.0.2.99"); code != 0 || read() == "100" {
		t.Errorf("a finding: exit %d, score %s", code, read())
	}
	was := read()
	if code, _, errs := m.run(t, script, "MAILAUDIT_MIN_SCORE=900"); code != 2 || errs == "" || read() != was {
		t.Errorf("a fault: exit %d, score %s, %s", code, read(), errs)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(prom), "*")); err != nil || len(left) != 1 {
		t.Errorf("%q, %v", left, err)
	}
}

func TestExampleGitLab(t *testing.T) {
	m := newMachine(t)
	var jobs map[string]struct {
		Script      []string `yaml:"script"`
		AfterScript []string `yaml:"after_script"`
		Artifacts   struct {
			When    string            `yaml:"when"`
			Paths   []string          `yaml:"paths"`
			Reports map[string]string `yaml:"reports"`
		} `yaml:"artifacts"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(example(t, "gitlab-ci.yml")), &jobs, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	job := jobs["mail"]
	if len(jobs) != 1 || len(job.Script) == 0 || len(job.AfterScript) == 0 {
		t.Fatalf("%+v", jobs)
	}
	for env, want := range map[string]int{"": 0, "MAILAUDIT_DAILY=9000": 0, "MAILAUDIT_MIN_SCORE=100": 0, "MAILAUDIT_DKIM_DOMAIN=example.org": 1} {
		// As the runner does: the first line that fails ends the script, and what comes after runs in any case.
		if code, out, errs := m.run(t, "set -e\n"+strings.Join(job.Script, "\n"), env); code != want {
			t.Errorf("%s: exit %d\n%s%s", env, code, out, errs)
		}
		if code, out, errs := m.run(t, "set -e\n"+strings.Join(job.AfterScript, "\n")); code != 0 || !strings.Contains(out, "# example.com") {
			t.Errorf("%s: exit %d\n%s%s", env, code, out, errs)
		}
		for _, f := range append(job.Artifacts.Paths, job.Artifacts.Reports["junit"]) {
			if err := os.Remove(m.path("work/" + f)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestExampleGitHub(t *testing.T) {
	m := newMachine(t)
	var flow struct {
		Name string
		On   map[string]any
		Jobs map[string]struct {
			RunsOn string `yaml:"runs-on"`
			Steps  []struct{ Name, If, Run string }
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(example(t, "github-workflow.yml")), &flow, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	steps := flow.Jobs["mail"].Steps
	if len(flow.On) == 0 || flow.Jobs["mail"].RunsOn == "" || len(steps) != 2 || steps[1].If != "always()" {
		t.Fatalf("%+v", flow)
	}
	summary := m.path("summary.md")
	for _, s := range steps {
		if code, out, errs := m.run(t, "set -e\n"+s.Run, "GITHUB_STEP_SUMMARY="+summary); code != 0 {
			t.Errorf("%s: exit %d\n%s%s", s.Name, code, out, errs)
		}
	}
	if text, err := os.ReadFile(summary); err != nil || !strings.Contains(string(text), "# example.com") {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestServiceHistory: each unit of the packages keeps its history where it may write.
func TestServiceHistory(t *testing.T) {
	units, err := filepath.Glob("../../packaging/systemd/*.service")
	if err != nil || len(units) != 2 {
		t.Fatalf("%q, %v", units, err)
	}
	for _, name := range units {
		unit, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		state := regexp.MustCompile(`(?m)^StateDirectory=(\S+)$`).FindSubmatch(unit)
		file := regexp.MustCompile(`(?m)^ExecStart=.* --history (\S+)`).FindSubmatch(unit)
		if state == nil || file == nil || filepath.Dir(string(file[1])) != "/var/lib/"+string(state[1]) {
			t.Errorf("%s: %q, %q", name, state, file)
		}
	}
}
