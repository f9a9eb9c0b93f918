package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailaudit/internal/audit"
	"mailaudit/internal/cli"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

// asProgram makes the test binary the program itself, for a test that kills it.
const asProgram = "FAULTS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main(cli.World{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: func(string) (string, bool) { return "", false },
			Dial: testnet.Dial, Terminal: func() cli.Terminal { return cli.Terminal{} }, Version: "test"}))
	}
	os.Exit(m.Run())
}

// often is how often a test does what it does: so often, or as the environment says (make soak).
func often(t *testing.T, variable string, usually int) int {
	t.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return usually
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// selfTests are the records by which the lists of target pass their self-tests.
const selfTests = `zen.spamhaus.org. SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300
2.0.0.127.zen.spamhaus.org. A 127.0.0.2
psbl.surriel.com. SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300
2.0.0.127.psbl.surriel.com. A 127.0.0.2
dbl.spamhaus.org. SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300
dbltest.com.dbl.spamhaus.org. A 127.0.1.2
`

// weather spoils one in 20 of all answers: it is lost, is noise, says SERVFAIL or that it was cut off, or answers something else.
type weather struct {
	mu   sync.Mutex
	dice *rand.Rand
}

func (w *weather) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := testnet.Dial(ctx, network, address)
	if err != nil || network != "udp" {
		return c, err
	}
	return &exposed{c, w}, nil
}

type exposed struct {
	net.Conn
	weather *weather
}

func (c *exposed) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || n < 12 {
			return n, err
		}
		w := c.weather
		w.mu.Lock()
		fault := w.dice.IntN(100)
		w.mu.Unlock()
		switch fault {
		case 0:
			continue // lost
		case 1:
			for i := 4; i < n; i++ {
				b[i] = 0xff
			}
		case 2:
			b[3] = b[3]&0xf0 | 2 // SERVFAIL
		case 3:
			b[2] |= 2 // TC
		case 4:
			b[0]++ // another ID
		}
		return n, nil
	}
}

// descriptors are the files that this process has open; 0 where the system does not tell.
func descriptors() int {
	l, _ := os.ReadDir("/proc/self/fd")
	return len(l)
}

// TestSoak audits domain after domain where one answer in twenty is spoilt, and holds that no domain is blamed for it, and that neither
// memory nor descriptors nor goroutines become more.
func TestSoak(t *testing.T) {
	n := often(t, "SOAK", 200)
	many, err := testnet.ServeMany(selfTests, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { many.Close() })
	before := runtime.NumGoroutine()
	w := &weather{dice: rand.New(rand.NewPCG(2026, 1122))}
	env := gather.Env{Now: time.Now, DNS: dnsx.NewCache(dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{many.Addr()}, Dial: w.dial, Timeout: 2 * time.Second, InFlight: gather.InFlight}))}
	type state struct {
		heap        uint64
		descriptors int
	}
	look := func() state {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return state{m.HeapAlloc, descriptors()}
	}
	lists := target(t).Lists
	audits := func(from, to int) state {
		var wg sync.WaitGroup
		turns := make(chan struct{}, 32)
		for i := from; i < to; i++ {
			turns <- struct{}{}
			wg.Go(func() {
				defer func() { <-turns }()
				name := testnet.ManyName(i)
				x := gather.Target{Domain: name, Lists: lists, NoProbes: true, Streams: []facts.Stream{{Name: "default", MailFrom: "postmaster@" + name, DKIMDomain: name}}}
				r := audit.Run(context.Background(), env, x, audit.Options{Version: "test", Wanted: everything, Timeout: bound})
				for _, f := range r.Findings {
					if f.Status == "fail" {
						t.Errorf("%s is blamed: %s %s", name, f.Rule, f.Message)
					}
				}
			})
		}
		wg.Wait()
		return look()
	}
	half, end := audits(0, n/2), audits(n/2, n)
	t.Logf("%d audits: heap %d KiB at half time, %d KiB at the end; descriptors %d, %d", n, half.heap>>10, end.heap>>10, half.descriptors, end.descriptors)
	// The cache may hold 32 MiB as it reckons, and sockets that are idle 512.
	if end.heap > half.heap+half.heap/4+48<<20 || end.heap > 160<<20 {
		t.Errorf("the heap was %d KiB at half time and is %d KiB", half.heap>>10, end.heap>>10)
	}
	if end.descriptors > half.descriptors+600 {
		t.Errorf("%d descriptors at half time, and %d at the end", half.descriptors, end.descriptors)
	}
	settled(t, before)
}

// TestKilled kills a batch again and again while it writes its reports, and lets the last one come to its end: every report is there, once
// and whole.
func TestKilled(t *testing.T) {
	kills := often(t, "KILLS", 8)
	many, err := testnet.ServeMany(selfTests, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { many.Close() })
	dir := t.TempDir()
	list, reports := filepath.Join(dir, "list"), filepath.Join(dir, "reports.ndjson")
	domains := 30*kills + 30
	var b strings.Builder
	for i := range domains {
		fmt.Fprintln(&b, testnet.ManyName(i))
	}
	if err := os.WriteFile(list, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	start := func() (*exec.Cmd, *bytes.Buffer) {
		var stderr bytes.Buffer
		c := exec.CommandContext(t.Context(), program, "check", "--domains", list, "--resolver", many.Addr().String(), "--skip", "submission,dnsbl", "-f", "ndjson", "--resume", reports)
		c.Env, c.Stderr = append(os.Environ(), asProgram+"=1"), &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c, &stderr
	}
	dice := rand.New(rand.NewPCG(1, 2))
	killed, torn := 0, 0
	for range kills {
		had := size(reports)
		more := int64(dice.IntN(1_000_000)) // 20 reports or so
		c, _ := start()
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		tick := time.NewTicker(time.Millisecond)
		for over := false; !over; {
			select {
			case <-tick.C:
				if size(reports) > had+more {
					c.Process.Kill()
					over = true
				}
			case err := <-ended:
				ended <- err
				over = true
			}
		}
		tick.Stop()
		<-ended
		if c.ProcessState.ExitCode() == -1 {
			killed++
		}
		if text, err := os.ReadFile(reports); err == nil && len(text) > 0 && text[len(text)-1] != '\n' {
			torn++
		}
	}
	c, stderr := start()
	if err := c.Wait(); err != nil && c.ProcessState.ExitCode() != 1 && c.ProcessState.ExitCode() != 3 {
		t.Fatalf("%v: %s", err, stderr)
	}
	t.Logf("%d kills, %d of them within a line", killed, torn)
	if killed < kills/2 {
		t.Errorf("of %d batches only %d were killed", kills, killed)
	}
	seen := map[string]int{}
	text, err := os.ReadFile(reports)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var r struct{ Domain, Verdict string }
		if json.Unmarshal(line, &r) != nil || r.Verdict == "" || !bytes.HasSuffix(line, []byte("\n")) {
			t.Errorf("no whole report: %.80q", line)
		}
		seen[r.Domain]++
	}
	for i := range domains {
		if n := seen[testnet.ManyName(i)]; n != 1 {
			t.Errorf("%s stands there %d times", testnet.ManyName(i), n)
		}
	}
}

// size is that of a file, 0 where there is none.
func size(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}
