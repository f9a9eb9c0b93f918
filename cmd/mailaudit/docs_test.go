package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/fleet/fleettest"
	"mailaudit/internal/testnet"
)

// These tests hold README.md and docs/*.md to the program. Each command line in them is run, in the order of the page, in a
// folder with copies of testdata/docs, where example.com is in order and nothing is asked beyond loopback. It has to end with
// 0, or with N where a comment behind it begins with "exit N". A file that a line names is in testdata/docs, was written by a
// line above it, or is mailaudit.yaml, which is the first block of yaml on the page.

// command is mailaudit in a line of a shell, alone or in a pipe, with variables set in front of it.
var command = regexp.MustCompile(`(^|[|;&] *)((?:[A-Z_]+=\S+ )*)(?:mailaudit|go run \./cmd/mailaudit)( |$)`)

var documentedExit = regexp.MustCompile(` # exit (\d+)\b`)

// documented is one command line of a page.
type documented struct {
	line   int    // of the page
	text   string // with continued lines joined
	exit   string // the code that the page says, else 0
	output string // what the page shows of its output, behind a $
}

// commandLines are the command lines of a page: those in blocks of sh, and behind a $ in any block, with what stands beneath.
// Elsewhere a line that begins with the program's name would be run by nobody: then stray is its number.
func commandLines(page string) (all []documented, stray int) {
	fence, opened, begun := "", 0, documented{}
	for i, line := range strings.Split(page, "\n") {
		if kind, ok := strings.CutPrefix(line, "```"); ok {
			if fence != "" {
				kind = ""
			} else if kind == "" {
				kind = "text"
			}
			fence, opened = kind, i+1
			continue
		}
		typed, prompt := strings.CutPrefix(line, "$ ")
		switch {
		case fence == "sh", fence != "" && prompt:
		case fence == "text" && len(all) > 0 && all[len(all)-1].line > opened:
			all[len(all)-1].output += line + "\n"
			continue
		case command.MatchString(strings.TrimSpace(line)) && (fence != "" || strings.HasPrefix(line, "    ")):
			return nil, i + 1
		default:
			continue
		}
		if begun.text == "" {
			begun.line = i + 1
		}
		begun.text += strings.TrimSpace(typed)
		if rest, continued := strings.CutSuffix(begun.text, `\`); continued {
			begun.text = rest
			continue
		}
		if command.MatchString(begun.text) {
			begun.exit = "0"
			if m := documentedExit.FindStringSubmatch(begun.text); m != nil {
				begun.exit = m[1]
			}
			all = append(all, begun)
		}
		begun = documented{}
	}
	return all, 0
}

func TestCommandLines(t *testing.T) {
	page := "```sh\n# mailaudit is a comment\ngo test ./...\nmailaudit a \\\n  b  # exit 1: c\n```\n`mailaudit d`\n\n```\n$ X=1 mailaudit e\nout of it\n```\n" +
		"```sh\ncat f | go run ./cmd/mailaudit g\n```\n"
	got, stray := commandLines(page)
	want := []documented{{4, "mailaudit a b  # exit 1: c", "1", ""}, {10, "X=1 mailaudit e", "0", "out of it\n"}, {14, "cat f | go run ./cmd/mailaudit g", "0", ""}}
	if len(got) != len(want) || stray != 0 {
		t.Fatalf("%+v, stray %d", got, stray)
	}
	for i, g := range got {
		if g != want[i] {
			t.Errorf("%+v, want %+v", g, want[i])
		}
	}
	for _, page := range []string{"text:\n\n    mailaudit a\n", "\n\n```\nmailaudit a\n```\n"} {
		if got, stray := commandLines(page); stray < 3 {
			t.Errorf("%q: %+v, stray %d", page, got, stray)
		}
	}
}

// pages are README.md and the pages of docs that are written by hand: internal/cli audits the examples of docs/rules.md.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	all := map[string]string{}
	for _, f := range append(files, "../../README.md") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = string(text)
	}
	delete(all, "rules.md")
	return all
}

func TestDocumentedCommands(t *testing.T) {
	env := docsWorld(t)
	for name, page := range pages(t) {
		lines, stray := commandLines(page)
		if stray != 0 {
			t.Errorf("%s:%d: a command line outside a block of sh, so that nobody runs it", name, stray)
		}
		if name == "README.md" && len(lines) < 15 {
			t.Errorf("only %d command lines in %s", len(lines), name)
		}
		if len(lines) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("testdata/docs")); err != nil {
				t.Fatal(err)
			}
			if _, block, ok := strings.Cut(page, "```yaml\n"); ok { // what a page shows as a config file is one
				block, _, _ = strings.Cut(block, "```")
				if err := os.WriteFile(filepath.Join(dir, "mailaudit.yaml"), []byte(block), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range lines {
				runDocumented(t, name, l, dir, env)
			}
		})
	}
}

func runDocumented(t *testing.T, page string, l documented, dir string, env []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a line that waits for ever fails
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command.ReplaceAllString(l.text, "${1}${2}mailaudit$3"))
	cmd.Dir, cmd.Env = dir, env
	cmd.WaitDelay = time.Second
	out, err := combined(cmd)
	exit := new(exec.ExitError)
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s:%d: %v", page, l.line, err)
	}
	code := strconv.Itoa(cmd.ProcessState.ExitCode())
	if shown := missing(l.output, string(out)); shown != "" {
		t.Errorf("%s:%d: %s\nno such line, or not there: %q\n%s", page, l.line, l.text, shown, out)
	}
	if code != l.exit {
		t.Errorf("%s:%d: %s\nexit %s, where %s is documented (see cmd/mailaudit/docs_test.go)\n%.4000s", page, l.line, l.text, code, l.exit, out)
	}
}

// combined runs a command and gives what it writes. A server is terminated once it listens: on a free port, whatever the page says.
func combined(cmd *exec.Cmd) ([]byte, error) {
	line := &cmd.Args[len(cmd.Args)-1]
	if !strings.Contains(*line, "mailaudit serve") {
		return cmd.CombinedOutput()
	}
	*line = "exec env " + strings.ReplaceAll(*line, ":8025", ":0") // env takes the variables in front
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	for in := bufio.NewScanner(r); in.Scan(); {
		out.WriteString(in.Text() + "\n")
		if strings.Contains(in.Text(), "msg=listening") {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				return nil, err
			}
		}
	}
	return []byte(out.String()), cmd.Wait()
}

// missing is the first line of a sample that its output does not have in that place; "..." stands for any lines.
func missing(sample, out string) string {
	varies := regexp.MustCompile(`\d+ questions in \d+\.\d+ s\b|:\d{5}\b`) // ports are of this run
	left := strings.Split(varies.ReplaceAllString(out, "N"), "\n")
	for line := range strings.Lines(varies.ReplaceAllString(sample, "N")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "..." {
			continue
		}
		i := slices.Index(left, line)
		if i < 0 {
			return line
		}
		left = left[i+1:]
	}
	return ""
}

func TestMissing(t *testing.T) {
	for _, c := range []struct{ sample, want string }{
		{"a\n...\n7 questions in 0.5 s\n", ""}, {"a\nx\n", "x"}, {"7 questions in 0.1 s\na\n", "a"},
	} {
		if got := missing(c.sample, "a\nb\n8 questions in 0.07 s\n"); got != c.want {
			t.Errorf("%q: %q, want %q", c.sample, got, c.want)
		}
	}
}

// docsWorld is the environment of the documented commands: servers on loopback for a domain that is in order.
func docsWorld(t *testing.T) []string {
	t.Helper()
	zone, err := os.ReadFile("testdata/docs.zone")
	if err != nil {
		t.Fatal(err)
	}
	lists, err := listZones()
	if err != nil {
		t.Fatal(err)
	}
	z, err := dnsx.ParseZone("docs.zone", strings.NewReader(string(zone)+lists))
	if err != nil {
		t.Fatal(err)
	}
	server, err := testnet.ServeDNS(z, testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	const host = "mx1.example.com"
	mx, err := testnet.ServeSMTP(testnet.Behaviour{
		Host: host, NoAuth: true, Mailboxes: []string{"postmaster@example.com", "abuse@example.com", "news@example.com"},
		Certificate: ca.Issue(host, time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 2, 0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := fleettest.Start(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); mx.Close(); queue.Kill() })
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, ca.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "COLUMNS=100", "TERM=dumb", "HOME="+t.TempDir(), "DIVERT=192.0.2.26:25="+mx.Addr().String()+" queue.example.net:4222="+strings.TrimPrefix(queue.URL, "nats://"),
		"MAILAUDIT_RESOLVER="+server.Addr().String(), "MAILAUDIT_LISTEN=127.0.0.1:0", "MAILAUDIT_CA_FILE="+roots, "MAILAUDIT_ASSUME_PUBLIC=192.0.2.0/24,2001:db8::/32")
}

// TestEveryCommandIsDocumented: what --help names stands in docs/commands.md, and each flag of an audit in docs/check.md.
func TestEveryCommandIsDocumented(t *testing.T) {
	docs := pages(t)
	help := func(args ...string) string {
		out, err := exec.Command("mailaudit", append(args, "--help")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	_, list, _ := strings.Cut(help(), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	commands := strings.Split(list, "\n")
	if len(commands) < 5 {
		t.Fatalf("commands %q", commands)
	}
	for _, c := range commands {
		if name := strings.Fields(c)[0]; !strings.Contains(docs["commands.md"], "\n| ["+name+"](") {
			t.Errorf("docs/commands.md has no row for %s", name)
		}
	}
	for command, page := range map[string]string{"check": "check.md", "fix": "fix.md"} {
		text := docs[page]
		if command == "fix" {
			text += docs["check.md"]
		}
		flags := regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z0-9-]+)`).FindAllStringSubmatch(help(command), -1)
		if len(flags) < 30 {
			t.Fatalf("only %d flags of %s", len(flags), command)
		}
		for _, f := range flags {
			if f[1] != "--help" && !regexp.MustCompile("`"+f[1]+"[ `]").MatchString(text) {
				t.Errorf("docs/%s does not say what %s does", page, f[1])
			}
		}
	}
}

// TestDocumentedRules: rules that a page names are rules.
func TestDocumentedRules(t *testing.T) {
	areas := map[string]bool{}
	for _, c := range checks.All {
		area, _, _ := strings.Cut(c.ID, ".")
		areas[area] = true
	}
	n := 0
	for name, page := range pages(t) {
		for _, m := range regexp.MustCompile("`([a-z0-9]+)\\.([a-z0-9-]+)`").FindAllStringSubmatch(page, -1) {
			if !areas[m[1]] || m[2] == "go" || m[2] == "md" { // a file
				continue
			}
			n++
			if _, ok := checks.Find(m[1] + "." + m[2]); !ok {
				t.Errorf("docs/%s names %s.%s, which is no rule", name, m[1], m[2])
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d rules named", n)
	}
}

// TestArchitecture: docs/architecture.md shows code that is there, and names every package's folder.
func TestArchitecture(t *testing.T) {
	page := pages(t)["architecture.md"]
	var sources strings.Builder
	files, err := filepath.Glob("../../internal/checks/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(text)
	}
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	code := flat(sources.String())
	blocks := strings.Split(page, "```go\n")[1:]
	for _, b := range blocks {
		b, _, _ = strings.Cut(b, "```")
		if !strings.Contains(code, flat(b)) {
			t.Errorf("this stands nowhere in internal/checks:\n%s", b)
		}
	}
	if len(blocks) < 3 {
		t.Errorf("only %d blocks of code", len(blocks))
	}
	folders, err := os.ReadDir("../../internal")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(page, "## Where things are")
	for _, f := range folders {
		if !regexp.MustCompile(`\b` + f.Name() + `\b`).MatchString(table) {
			t.Errorf("docs/architecture.md does not say what internal/%s is", f.Name())
		}
	}
}

// TestLinks: what a page of ours links to within the repository is there.
func TestLinks(t *testing.T) {
	for name, page := range pages(t) {
		dir := "../../docs"
		if name == "README.md" {
			dir = "../.."
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
}
