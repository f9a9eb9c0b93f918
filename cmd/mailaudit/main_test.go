package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
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

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"mailaudit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/cli"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/fleet/fleettest"
	"mailaudit/internal/testnet"
)

func TestMain(m *testing.M) {
	fleettest.Main()
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0") // else each command under -race takes a second more
	}
	testscript.Main(m, map[string]func(){"mailaudit": run})
}

// run is main in a world that ends at loopback. Two variables of the environment shape it: TTY is the width of the
// terminal on which stdout and stderr are, and DIVERT holds pairs FROM=TO of addresses, so that a script can have what is
// dialled at a public address or a privileged port answered by a server of its own.
func run() {
	os.Exit(cli.Main(cli.World{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
		Dial: dial, Version: "1.2.3",
		Terminal: func() cli.Terminal {
			width, err := strconv.Atoi(os.Getenv("TTY"))
			return cli.Terminal{Stdout: err == nil, Stderr: err == nil, Width: width}
		},
	}))
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	for pair := range strings.FieldsSeq(os.Getenv("DIVERT")) {
		if from, to, _ := strings.Cut(pair, "="); from == address {
			address = to
		}
	}
	return testnet.Dial(ctx, network, address)
}

// TestScripts runs the command as its users do: see testdata/script/README.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("COLUMNS", "100")
			e.Setenv("TERM", "dumb")
			e.Setenv("ESC", "\x1b")
			e.Values[key{}] = &state{}
			healthy, err := os.ReadFile("testdata/healthy.zone")
			if err == nil {
				err = os.WriteFile(filepath.Join(e.WorkDir, "healthy.zone"), healthy, 0o644)
			}
			if err != nil {
				return err
			}
			lists, err := listZones()
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "lists.zone"), []byte(lists), 0o644)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve": serve, "submission": submission, "mx": mxHost, "https": https, "requests": requests, "pins": pins, "exits": exits, "refused": refused, "took": took, "reports": reports,
			"nats": natsServer, "forget": forget, "rdap": rdap, "fetched": fetched, "found": found, "same": same, "asked": asked, "dialled": dialled, "interrupt": signalled(os.Interrupt), "killed": signalled(os.Kill), "underway": signalled(syscall.Signal(0)), "ended": ended, "closedpipe": closedPipe,
		},
		RequireUniqueNames: true,
	})
}

// state is what the commands of one script share.
type state struct {
	dns   *testnet.DNS
	smtp  []*testnet.SMTP
	ca    *testnet.CA // of the MX hosts and web servers
	https []*testnet.HTTPS
	rdap  *testnet.RDAP
	took  time.Duration
	job   *exec.Cmd
	hit   time.Time // when job was interrupted
}

type key struct{}

func of(ts *testscript.TestScript) *state { return ts.Value(key{}).(*state) }

// listZones are zones in which every blocklist that is asked by default passes its self-test (RFC 5782 5), and which
// list nothing else.
func listZones() (string, error) {
	file, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	var b strings.Builder
	for _, l := range file.Lists {
		yes, _ := l.TestNames()
		if !l.Default || yes == "" {
			continue
		}
		m := l.Codes[0].Match
		fmt.Fprintf(&b, "%s. SOA ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 300\n", l.Zone)
		fmt.Fprintf(&b, "%s. A %d.%d.%d.%d\n", yes, m.Net[0], m.Net[1], m.Net[2], max(m.First, m.Bit))
	}
	return b.String(), err
}

var faults = map[string]testnet.DNSFault{
	"healthy": testnet.DNSHealthy, "drop": testnet.DNSDrop, "servfail": testnet.DNSServFail, "refused": testnet.DNSRefused,
	"formerr": testnet.DNSFormErr, "garbage": testnet.DNSGarbage, "wrongid": testnet.DNSWrongID, "lame": testnet.DNSLame,
	"tcdead": testnet.DNSTruncateDead, "bogus": testnet.DNSBogus, "notcp": testnet.DNSNoTCP, "recase": testnet.DNSRecase,
}

// serve [validates] [FAULT[=NAME[/TYPE]]]... ZONEFILE... starts a DNS server and sets $RESOLVER. In a later file each name
// and type takes the place of those before it; without data it is gone. One that validates sets AD in every answer. With
// the word system, what is dialled at the system's own resolvers is led there, too. With at=ADDRESS it is an authoritative
// server instead, to which port 53 of that address is led.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	o := testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{}}
	var lines []string
	place := ""
	for _, arg := range args {
		if arg == "validates" {
			o.Validates = true
			continue
		}
		word, at, _ := strings.Cut(arg, "=")
		if word == "at" || word == "system" {
			o.Authoritative, place = word == "at", arg
			continue
		}
		fault, ok := faults[word]
		if !ok {
			lines = overlay(lines, ts.ReadFile(arg))
			continue
		}
		var q dnsx.Question
		if name, typ, _ := strings.Cut(at, "/"); name != "" {
			t, _ := dnsx.ParseType(typ)
			q = dnsx.Q(name, t)
		}
		o.Faults[q] = fault
	}
	z, err := dnsx.ParseZone("zone", strings.NewReader(strings.Join(lines, "\n")+"\n"))
	ts.Check(err)
	s, err := testnet.ServeDNS(z, o)
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	if address, ok := strings.CutPrefix(place, "at="); ok {
		divert(ts, address+":53", s.Addr().String())
		return
	}
	if place == "system" {
		servers, err := dnsx.SystemServers()
		ts.Check(err)
		for _, a := range servers {
			divert(ts, a.String(), s.Addr().String())
		}
	}
	of(ts).dns = s
	ts.Setenv("RESOLVER", s.Addr().String())
}

func overlay(lines []string, text string) []string {
	set := func(line string) string {
		f := strings.Fields(line)
		if len(f) < 2 {
			return ""
		}
		return f[0] + " " + f[1]
	}
	var more, replaced []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		replaced = append(replaced, set(line))
		if f := strings.Fields(line); len(f) > 2 || strings.HasPrefix(line, "$") {
			more = append(more, line)
		}
	}
	kept := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.HasPrefix(l, "$") && slices.Contains(replaced, set(l)) })
	return append(kept, more...)
}

// submission [DAYS] starts the two services of submission.good.example and sets $STARTTLS and $SMTPS, their ports, and
// $CA, the file of the root. Their certificates are good for DAYS days, 60 where that is not given.
func submission(ts *testscript.TestScript, _ bool, args []string) {
	days := 60
	if len(args) > 0 {
		n, err := strconv.Atoi(args[0])
		ts.Check(err)
		days = n
	}
	const host = "submission.good.example"
	cert := root(ts).Issue(host, time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, days))
	for name, implicit := range map[string]bool{"STARTTLS": false, "SMTPS": true} {
		s, err := testnet.ServeSMTP(testnet.Behaviour{Host: host, Certificate: cert, Implicit: implicit})
		ts.Check(err)
		ts.Defer(func() { s.Close() })
		of(ts).smtp = append(of(ts).smtp, s)
		ts.Setenv(name, strconv.Itoa(s.Port()))
	}
}

// rdap FILE starts an RDAP server that stands for every host, and sets $RDAP, where it listens, and $CA, the file of its
// root. Each line of the file is a host and path, and what is answered there: a status, a URL to be led to, or the file of
// the body, in which @+10d@ is the time ten days from now.
func rdap(ts *testscript.TestScript, _ bool, args []string) {
	replies := map[string]testnet.RDAPReply{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		at, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		what = strings.TrimSpace(what)
		status, err := strconv.Atoi(what)
		switch {
		case err == nil:
			replies[at] = testnet.RDAPReply{Status: status}
		case strings.Contains(what, "://"):
			replies[at] = testnet.RDAPReply{Status: 302, Location: what}
		default:
			body := regexp.MustCompile(`@[+-]\d+d@`).ReplaceAllStringFunc(ts.ReadFile(what), func(s string) string {
				days, err := strconv.Atoi(strings.Trim(s, "@d"))
				ts.Check(err)
				return time.Now().UTC().AddDate(0, 0, days).Format(time.RFC3339)
			})
			replies[at] = testnet.RDAPReply{Body: body}
		}
	}
	s, err := testnet.ServeRDAP(root(ts), replies)
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	of(ts).rdap = s
	ts.Setenv("RDAP", s.Addr().String())
}

// fetched N [HOST/PATH]: the RDAP server has been asked so many times, for that or for anything.
func fetched(ts *testscript.TestScript, _ bool, args []string) {
	l := of(ts).rdap.Asked()
	n := len(l)
	if len(args) > 1 {
		n = len(slices.DeleteFunc(slices.Clone(l), func(s string) bool { return s != args[1] }))
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests, want %s: %q", n, args[0], l)
	}
}

// mxHost ADDRESS HOST [WORD]... starts an MX host, has $DIVERT lead what is dialled at ADDRESS on port 25 there, and sets $CA,
// the file of its root. The words are faults, or mailboxes that it takes mail for.
func mxHost(ts *testscript.TestScript, _ bool, args []string) {
	days := 60
	b := testnet.Behaviour{Host: args[1], NoAuth: true, Mailboxes: []string{}, RepliesTLS: map[string]string{}}
	for _, word := range args[2:] {
		switch word {
		case "expired":
			days = -3
		case "notls":
			b.NoTLS = true
		case "away":
			b.Greeting = "554 5.7.1 go away\r\n"
		case "nonull":
			b.RepliesTLS["MAIL FROM:<>"] = "550 5.7.1 no bounces\r\n"
		case "relay":
			b.RepliesTLS["RCPT TO:<mailaudit@relay-test.invalid>"] = "250 2.1.5 ok\r\n"
		case "greylists":
			b.RepliesTLS["RCPT"] = "451 4.7.1 greylisted\r\n"
		default:
			b.Mailboxes = append(b.Mailboxes, word)
		}
	}
	b.Certificate = root(ts).Issue(b.Host, time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, days))
	server, err := testnet.ServeSMTP(b)
	ts.Check(err)
	ts.Defer(func() { server.Close() })
	of(ts).smtp = append(of(ts).smtp, server)
	divert(ts, args[0]+":25", server.Addr().String())
}

// root is the authority of the MX hosts and web servers of a script, and $CA the file of its root.
func root(ts *testscript.TestScript) *testnet.CA {
	s := of(ts)
	if s.ca == nil {
		ca, err := testnet.NewCA()
		ts.Check(err)
		s.ca = ca
		ts.Check(os.WriteFile(ts.MkAbs("root.pem"), ca.PEM(), 0o644))
	}
	ts.Setenv("CA", "root.pem")
	return s.ca
}

// exits CODE COMMAND [ARG...] runs a command that must end with that code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	start := time.Now()
	err := ts.Exec(args[1], args[2:]...)
	of(ts).took = time.Since(start)
	code := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit %d, want %s", code, args[0])
	}
}

// refused PATTERN COMMAND [ARG...] runs a command that must end as a usage error does: with 2, nothing on stdout, on
// stderr one line that matches, and one more, of what to type.
func refused(ts *testscript.TestScript, _ bool, args []string) {
	exits(ts, false, append([]string{"2"}, args[1:]...))
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout is not empty")
	}
	what, try, _ := strings.Cut(ts.ReadFile("stderr"), "\n")
	if !strings.HasPrefix(what, "mailaudit: ") || !regexp.MustCompile(args[0]).MatchString(what) {
		ts.Fatalf("the first line on stderr does not match %q", args[0])
	}
	if !strings.HasPrefix(try, "try: ") || strings.Count(try, "\n") != 1 {
		ts.Fatalf("the second line on stderr is not what to type")
	}
}

// took DURATION: the last command that exits or refused ran took no longer.
func took(ts *testscript.TestScript, _ bool, args []string) {
	bound, err := time.ParseDuration(args[0])
	ts.Check(err)
	if d := of(ts).took; d > bound {
		ts.Fatalf("took %v", d)
	}
}

type finding struct{ Rule, Status, Subject, Message string }

type auditReport struct {
	Domain   string
	Verdict  string
	Findings []finding
}

// decode reads the reports of stdout or a file: one, an array, or one a line.
func decode(ts *testscript.TestScript, file string) []auditReport {
	var all []auditReport
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return all
		}
		ts.Check(err)
		var l []auditReport
		if raw[0] == '[' {
			ts.Check(json.Unmarshal(raw, &l))
		} else {
			l = make([]auditReport, 1)
			ts.Check(json.Unmarshal(raw, &l[0]))
		}
		all = append(all, l...)
	}
}

// reports FILE [DOMAIN...] wants the reports of a file, or stdout, to be of these domains in this order, - being a line
// that is no domain.
func reports(ts *testscript.TestScript, _ bool, args []string) {
	got := []string{}
	for _, r := range decode(ts, args[0]) {
		if r.Verdict == "" {
			r.Domain = "-"
		}
		got = append(got, r.Domain)
	}
	if !slices.Equal(got, args[1:]) {
		ts.Fatalf("reports of %q", got)
	}
}

// found STATUS RULE [SUBJECT] looks for a finding on stdout; each may be * for any.
func found(ts *testscript.TestScript, neg bool, args []string) {
	is := func(want, got string) bool { return want == "*" || want == got }
	args = append(args, "*")
	all := decode(ts, "stdout")
	if len(all) == 0 {
		ts.Fatalf("no report on stdout")
	}
	for _, r := range all {
		for _, f := range r.Findings {
			if is(args[0], f.Status) && is(args[1], f.Rule) && is(args[2], f.Subject) {
				if neg {
					ts.Fatalf("%s is %s for %s: %s", f.Rule, f.Status, f.Subject, f.Message)
				}
				return
			}
		}
	}
	if !neg {
		ts.Fatalf("no such finding")
	}
}

// asked NAME: the DNS server was asked about that name or one beneath it; . is any.
func asked(ts *testscript.TestScript, neg bool, args []string) {
	if some := of(ts).wasAsked(args[0]); some == neg {
		ts.Fatalf("asked about %s: %v", args[0], some)
	}
}

func (s *state) wasAsked(name string) bool {
	return slices.ContainsFunc(s.dns.Asked(), func(a testnet.DNSAsked) bool {
		return name == "." || a.Name == name || strings.HasSuffix(a.Name, "."+name)
	})
}

// same FILE wants the reports on stdout to be those of a file, but for what time makes of them.
func same(ts *testscript.TestScript, _ bool, args []string) {
	timeless := func(file string) map[string]any {
		var m map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &m))
		delete(m, "started_at")
		delete(m, "duration_ms")
		return m
	}
	if d := cmp.Diff(timeless(args[0]), timeless("stdout")); d != "" {
		ts.Fatalf("-%s +stdout\n%s", args[0], d)
	}
}

// dialled N: the submission services have seen as many connections together.
func dialled(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, s := range of(ts).smtp {
		n += s.Connections()
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d connections, want %s", n, args[0])
	}
}

// signalled is interrupt NAME or killed NAME: the signal goes to the command in the background as soon as it has asked the DNS
// server about that name.
func signalled(signal os.Signal) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		s := of(ts)
		s.job = ts.BackgroundCmds()[0]
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for late := time.After(time.Minute); !s.wasAsked(args[0]); {
			select {
			case <-tick.C:
			case <-late:
				ts.Fatalf("no question about %s in a minute", args[0])
			}
		}
		s.hit = time.Now()
		ts.Check(s.job.Process.Signal(signal))
	}
}

// ended CODE DURATION: the command that was interrupted, and has been waited for, ended with this code soon enough.
func ended(ts *testscript.TestScript, _ bool, args []string) {
	bound, err := time.ParseDuration(args[1])
	ts.Check(err)
	s := of(ts)
	if code := s.job.ProcessState.ExitCode(); strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit %d, want %s", code, args[0])
	}
	if d := time.Since(s.hit); d > bound {
		ts.Fatalf("ended after %v", d)
	}
}

// closedPipe COMMAND [ARG...] runs a command whose stdout nobody reads. It must neither crash nor claim success.
func closedPipe(ts *testscript.TestScript, _ bool, args []string) {
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	defer w.Close()
	cmd := exec.Command(args[0], args[1:]...)
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = w, &stderr
	err = cmd.Run()
	exit := new(exec.ExitError)
	if !errors.As(err, &exit) {
		ts.Fatalf("ended with %v", err)
	}
	if code := exit.ExitCode(); code != -1 && code != 4 { // SIGPIPE, or the error of the write
		ts.Fatalf("exit %d", code)
	}
	if s := stderr.String(); strings.Contains(s, "goroutine") || strings.Contains(s, "internal error") {
		ts.Fatalf("crashed: %s", s)
	}
}

// TestEveryFlagHasAScript: a flag that no script gives is a flag that nobody would miss.
func TestEveryFlagHasAScript(t *testing.T) {
	out, err := exec.Command("mailaudit", "check", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	var scripts strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(b)
	}
	flags := regexp.MustCompile(`(?m)^ +(?:(-\w), )?(--[a-z0-9-]+)`).FindAllStringSubmatch(string(out), -1)
	if len(flags) < 30 {
		t.Fatalf("only %d flags in the help text", len(flags))
	}
	for _, f := range flags {
		for _, name := range f[1:] {
			if given := regexp.MustCompile(`(?m)^[^#\n]* ` + regexp.QuoteMeta(name) + `\b`); name != "" && !given.MatchString(scripts.String()) {
				t.Errorf("no script gives %s", name)
			}
		}
	}
}
