package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/fleet/fleettest"
	"mailaudit/internal/testnet"
)

// natsServer is nats [CONFIG]: it starts a NATS server and sets $NATS.
func natsServer(ts *testscript.TestScript, _ bool, args []string) {
	s, err := fleettest.Start(ts.MkAbs(".nats"), strings.Join(args, " "))
	ts.Check(err)
	ts.Defer(func() { s.Kill() })
	ts.Setenv("NATS", s.URL)
}

// forget is forget SUBJECT: the NATS server no longer has the reports at it, as if they had aged.
func forget(ts *testscript.TestScript, _ bool, args []string) {
	nc, err := nats.Connect(ts.Getenv("NATS"))
	ts.Check(err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	ts.Check(err)
	reports, err := js.Stream(context.Background(), "mailaudit-reports")
	ts.Check(err)
	ts.Check(reports.Purge(context.Background(), jetstream.WithPurgeSubject(args[0])))
}

// fleetWorld is a batch of domains on a resolver of its own. Each domain has an address of its own, about which the one list,
// with a pace of one question a second, is asked.
type fleetWorld struct {
	dns   *testnet.DNS
	queue *fleettest.Server
	dir   string
}

const fleetDomains = 300

func newFleetWorld(t *testing.T) *fleetWorld {
	t.Helper()
	w := &fleetWorld{dir: t.TempDir()}
	var zone, list strings.Builder
	zone.WriteString("bl.example. SOA ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 300\n2.0.0.127.bl.example. A 127.0.0.2\n")
	for i := range fleetDomains {
		fmt.Fprintf(&zone, "d%[1]d.example. TXT \"v=spf1 ip4:11.22.%[2]d.%[3]d -all\"\n", i, i/200, i%200+1)
		fmt.Fprintf(&list, "d%d.example\n", i)
	}
	list.WriteString("localhost\nno domain\n")
	z, err := dnsx.ParseZone("zone", strings.NewReader(zone.String()))
	if err != nil {
		t.Fatal(err)
	}
	if w.dns, err = testnet.ServeDNS(z, testnet.DNSOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.dns.Close() })
	if w.queue, err = fleettest.Start(t.TempDir(), ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.queue.Kill() })
	lists := "zone: bl.example\ndefault: on\nkind: ip\nfamilies: ip4\nscope: address\nlisted: 127.0.0.2\nnot-listed: 127.0.0.1\n" +
		"code: 127.0.0.2 minor listed\nweight: 35\nremoval: https://bl.example/\nrate: 1/s\n"
	for name, text := range map[string]string{"domains": list.String(), "lists": lists} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// command is mailaudit with the arguments, in the folder of the domains.
func (w *fleetWorld) command(t *testing.T, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // one that waits for ever fails
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "mailaudit", append(args, "--nats", w.queue.URL)...)
	cmd.Dir, cmd.Stderr = w.dir, os.Stderr
	return cmd
}

func (w *fleetWorld) worker(t *testing.T, resolver string) *exec.Cmd {
	t.Helper()
	cmd := w.command(t, "worker", "--quiet", "--resolver", resolver, "--only", "spf,dnsbl", "--blocklists", "lists", "--timeout", "5s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// asked is how many questions the list has been asked, retransmissions and self-tests aside.
func (w *fleetWorld) asked() int {
	seen := map[dnsx.Question]bool{}
	for _, q := range w.dns.Asked() {
		if strings.HasSuffix(q.Name, ".22.11.bl.example") {
			seen[q.Question] = true
		}
	}
	return len(seen)
}

// ambush is a resolver that asks the one of the batch, and kills a worker when it is asked about the tenth domain, which it does not
// answer: so the worker has that domain in hand, and has not reported on it.
type ambush struct {
	at string // where it listens

	mu      sync.Mutex
	victim  *os.Process
	domains map[string]bool
	caught  string // what the worker was killed over
	err     error
}

func (w *fleetWorld) ambush(t *testing.T) *ambush {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	a := &ambush{at: c.LocalAddr().String(), domains: map[string]bool{}}
	domain := regexp.MustCompile(`^d\d+\.example\.$`)
	go func() {
		for {
			b := make([]byte, 4096)
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			go func() {
				var m dnsmessage.Message
				if err := m.Unpack(b[:n]); err != nil || len(m.Questions) != 1 {
					return
				}
				q := m.Questions[0]
				if q.Type == dnsmessage.TypeTXT && domain.MatchString(q.Name.String()) && a.sprung(q.Name.String()) {
					return
				}
				if reply, err := w.ask(b[:n]); err == nil {
					_, _ = c.WriteTo(reply, from) // whoever asked may be dead
				}
			}()
		}
	}()
	return a
}

// ask hands a question on to the resolver of the batch.
func (w *fleetWorld) ask(question []byte) (reply []byte, err error) {
	c, err := net.Dial("udp4", w.dns.Addr().String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	if _, err := c.Write(question); err != nil {
		return nil, err
	}
	reply = make([]byte, 64<<10)
	n, err := c.Read(reply)
	return reply[:n], err
}

// sprung says whether the worker has been killed, and kills it at the tenth domain.
func (a *ambush) sprung(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.domains[name] = true; len(a.domains) == 10 && a.caught == "" {
		a.caught, a.err = strings.TrimSuffix(name, "."), a.victim.Kill()
	}
	return a.caught != ""
}

// catch is the domain over which the worker was killed.
func (a *ambush) catch() (domain string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.caught, a.err
}

// TestFleet: of three workers one is killed in mid-batch, and so is the server, which comes back. Each domain is reported
// once all the same, and the list was asked no faster than one process may.
func TestFleet(t *testing.T) {
	w := newFleetWorld(t)
	if err := w.command(t, "submit", "--batch", "none", "--wait", "--quiet").Run(); err == nil { // it makes the streams
		t.Fatal("there is a batch")
	}
	w.queueConsumer(t)
	began := time.Now()
	a := w.ambush(t)
	workers := []*exec.Cmd{w.worker(t, a.at), w.worker(t, w.dns.Addr().String()), w.worker(t, w.dns.Addr().String())}
	a.mu.Lock()
	a.victim = workers[0].Process // it has nothing to ask about yet
	a.mu.Unlock()
	w.shared(t, len(workers))
	out, err := w.command(t, "submit", "--domains", "domains", "--quiet").Output()
	if err != nil {
		t.Fatal(err)
	}
	batch := strings.TrimSpace(string(out))
	collector := w.command(t, "submit", "--wait", "--batch", batch, "--fail-on", "never", "--quiet")
	reports, err := collector.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Start(); err != nil {
		t.Fatal(err)
	}
	seen, errors := map[string]int{}, 0
	lines := bufio.NewScanner(reports)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var r struct{ Domain, Error string }
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if seen[r.Domain]++; r.Error != "" {
			errors++
		}
		if n == 120 {
			if err := w.queue.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := w.queue.Restart(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := collector.Wait(); err != nil {
		t.Errorf("the collector ends with %v", err)
	}
	for i := range fleetDomains {
		if n := seen[fmt.Sprintf("d%d.example", i)]; n != 1 {
			t.Errorf("d%d.example is reported %d times", i, n)
		}
	}
	if errors != 2 || len(seen) != fleetDomains+1 {
		t.Errorf("%d errors, %d subjects", errors, len(seen))
	}
	if most := int(time.Since(began).Seconds()) + 4; w.asked() > most || w.asked() == 0 {
		t.Errorf("the list was asked %d questions, where %d are the most", w.asked(), most)
	}
	for _, worker := range workers[1:] {
		if err := worker.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if worker.Wait(); worker.ProcessState.ExitCode() != 130 {
			t.Errorf("a worker that is told to end does with %d", worker.ProcessState.ExitCode())
		}
	}
	caught, err := a.catch()
	if caught == "" || err != nil {
		t.Fatalf("no worker was killed: %v", err)
	}
	if workers[0].Wait(); workers[0].ProcessState.ExitCode() != -1 {
		t.Errorf("the worker that was killed ended with %v", workers[0].ProcessState)
	}
	if taken := dnsx.Q(caught, dnsx.TXT); !slices.ContainsFunc(w.dns.Asked(), func(q testnet.DNSAsked) bool { return q.Question == taken }) {
		t.Errorf("%s was in the hands of the worker that was killed, and nobody else has audited it", caught)
	}
}

// jetStream is a connection of the test's own.
func (w *fleetWorld) jetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(w.queue.URL, nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// shared waits until so many workers share the pace of the lists.
func (w *fleetWorld) shared(t *testing.T, workers int) {
	t.Helper()
	budgets, err := w.jetStream(t).KeyValue(t.Context(), "mailaudit-budgets")
	if err != nil {
		t.Fatal(err)
	}
	records, err := budgets.Watch(t.Context(), "lists")
	if err != nil {
		t.Fatal(err)
	}
	defer records.Stop()
	for r := range records.Updates() {
		if r == nil { // what was there has been seen
			continue
		}
		var parts map[string]struct{ Part int }
		if err := json.Unmarshal(r.Value(), &parts); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range parts {
			if p.Part == 1_000_000/workers {
				n++
			}
		}
		if n == workers {
			return
		}
	}
}

// queueConsumer makes the workers' consumer as an administrator may, so that what the dead held comes back soon.
func (w *fleetWorld) queueConsumer(t *testing.T) {
	t.Helper()
	_, err := w.jetStream(t).CreateConsumer(t.Context(), "mailaudit-jobs", jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 3 * time.Second, MaxDeliver: -1, MaxAckPending: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
}
