// Command batchbench measures batches (docs/scale.md): mailaudit against a resolver on loopback, in turns with what miekg/dns
// alone reaches with as many questions on the same machine.
//
//	go run ./internal/batchbench -bin ./mailaudit -domains 1000,10000 -rounds 5
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/testnet"
)

func main() {
	bin := flag.String("bin", "./mailaudit", "the program to measure")
	domains := flag.String("domains", "1000", "sizes of batches, with commas between")
	rounds := flag.Int("rounds", 5, "rounds, whose median counts")
	raw := flag.String("raw", "", "ask this server by miekg/dns alone, and nothing else: what is asked comes by standard input")
	flag.Parse()
	work := func() error { return run(*bin, *domains, *rounds) }
	if *raw != "" {
		work = func() error { return ask(*raw) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "batchbench:", err)
		os.Exit(1)
	}
}

func run(bin, sizes string, rounds int) error {
	fmt.Printf("%s, %s/%s, %d CPUs, %s, %s; median of %d\n", time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), runtime.Version(), rounds)
	fmt.Printf("%8s %10s %12s %12s %12s %8s %8s %8s %9s %9s %10s %10s %9s %9s\n", "domains", "domains/s", "questions/s", "raw piped", "raw fresh", "of piped", "of fresh", "us/q", "CPU piped", "CPU fresh", "q/domain", "least q/d", "ms/domain", "peak MiB")
	zone, err := selfTests()
	if err != nil {
		return err
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		if err := measure(bin, zone, n, rounds); err != nil {
			return fmt.Errorf("%d domains: %w", n, err)
		}
	}
	return nil
}

// round is what one round measured, in seconds.
type round struct {
	batch, piped, fresh float64
	program             float64    // CPU time of mailaudit alone
	cpu                 [3]float64 // of client and server together: the batch, piped, fresh
	questions, distinct int
	peak                int64 // KiB
}

func measure(bin, zone string, n, rounds int) error {
	dir, err := os.MkdirTemp("", "batchbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	list := filepath.Join(dir, "domains")
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintln(&b, testnet.ManyName(i))
	}
	lists := filepath.Join(dir, "blocklists")
	if err := errors.Join(os.WriteFile(list, b.Bytes(), 0o600), os.WriteFile(lists, []byte(unpaced()), 0o600)); err != nil {
		return err
	}
	var all []round
	for i := range rounds {
		// To tell questions apart costs the server as much as to answer them, so that one round of several does, whose time is no median.
		r, err := once(bin, zone, lists, list, n, i == 0 && rounds > 2 && n <= 10000)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	median := func(of func(round) float64) float64 {
		var l []float64
		for _, r := range all {
			l = append(l, of(r))
		}
		slices.Sort(l)
		return l[len(l)/2]
	}
	batch := median(func(r round) float64 { return float64(r.questions) / r.batch })
	piped := median(func(r round) float64 { return float64(r.questions) / r.piped })
	fresh := median(func(r round) float64 { return float64(r.questions) / r.fresh })
	least := "-"
	if all[0].distinct > 0 {
		least = fmt.Sprintf("%.1f", float64(all[0].distinct)/float64(n))
	}
	fmt.Printf("%8d %10.1f %12.0f %12.0f %12.0f %7.0f%% %7.0f%% %8.1f %8.0f%% %8.0f%% %10.1f %10s %9.2f %9d\n", n, median(func(r round) float64 { return float64(n) / r.batch }), batch, piped, fresh,
		100*batch/piped, 100*batch/fresh, median(func(r round) float64 { return 1e6 * r.program / float64(r.questions) }), median(func(r round) float64 { return 100 * r.cpu[1] / r.cpu[0] }), median(func(r round) float64 { return 100 * r.cpu[2] / r.cpu[0] }),
		median(func(r round) float64 { return float64(r.questions) / float64(n) }), least, median(func(r round) float64 { return 1000 * r.program / float64(n) }), int(median(func(r round) float64 { return float64(r.peak) / 1024 })))
	return nil
}

// raw is what a process of its own asks, as mailaudit is one.
type raw struct {
	Sample    testnet.Sample
	Questions int
	Fresh     bool
}

// ask asks what standard input says, and prints for how many seconds.
func ask(addr string) error {
	var r raw
	if err := gob.NewDecoder(os.Stdin).Decode(&r); err != nil {
		return err
	}
	server, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := testnet.AskRaw(server, r.Sample, r.Questions, r.Fresh); err != nil {
		return err
	}
	fmt.Println(time.Since(began).Seconds())
	return nil
}

// askRaw has such a process ask, and tells for how many seconds it did and what it took of CPU time, the server's included.
func askRaw(zone string, r raw) (took, used float64, err error) {
	s, err := testnet.ServeMany(zone, false)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	var in bytes.Buffer
	if err := gob.NewEncoder(&in).Encode(r); err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(context.Background(), self, "-raw", s.Addr().String())
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	before := cpu()
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, err
	}
	took, err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return took, cpu() - before + (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), err
}

// once runs a batch, and asks as many questions by miekg/dns alone. distinct says whether it is to count those that differ.
func once(bin, zone, lists, list string, n int, distinct bool) (r round, err error) {
	s, err := testnet.ServeMany(zone, distinct)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(context.Background(), bin, "check", "--domains", list, "--resolver", s.Addr().String(), "--skip", "submission", "--blocklists", lists, "--format", "ndjson")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	cmd.Stderr = os.Stderr
	began, before := time.Now(), cpu()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	reports := 0
	in := bufio.NewReaderSize(out, 1<<20)
	for {
		part, err := in.ReadSlice('\n')
		if bytes.HasSuffix(part, []byte("\n")) {
			reports++
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return r, err
		}
		if reports%50 == 0 {
			r.peak = max(r.peak, resident(cmd.Process.Pid))
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return r, err
	}
	r.batch, r.program = time.Since(began).Seconds(), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	r.cpu[0] = r.program + cpu() - before
	r.questions, r.distinct = s.Asked()
	sample := s.Sample()
	if err := s.Close(); err != nil {
		return r, err
	}
	if reports != n {
		return r, fmt.Errorf("%d reports, exit %d", reports, cmd.ProcessState.ExitCode())
	}
	if r.piped, r.cpu[1], err = askRaw(zone, raw{sample, r.questions, false}); err != nil {
		return r, err
	}
	r.fresh, r.cpu[2], err = askRaw(zone, raw{sample, r.questions, true})
	return r, err
}

// resident is the most memory that a process had so far, in KiB; 0 where that is not told.
func resident(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	n, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, _ := strconv.ParseInt(n, 10, 64)
	return kib
}

// processor is its name, where the system tells it.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	_, rest, _ := strings.Cut(string(text), "model name")
	name, _, _ := strings.Cut(rest, "\n")
	return cmp.Or(strings.TrimLeft(name, "\t :"), runtime.GOARCH)
}

// unpaced is the file of lists without their pace, which would be what is measured.
func unpaced() string {
	var b strings.Builder
	for line := range strings.Lines(mailaudit.Blocklists) {
		if strings.HasPrefix(line, "rate:") {
			continue
		}
		b.WriteString(line)
		if strings.HasPrefix(line, "zone:") {
			b.WriteString("rate: 1000/s\n")
		}
	}
	return b.String()
}

// selfTests are records with which every default list passes its self-test, and lists nothing else.
func selfTests() (string, error) {
	file, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	var b strings.Builder
	for _, l := range file.Lists {
		listed, _ := l.TestNames()
		if !l.Default || listed == "" {
			continue
		}
		m := l.Codes[0].Match
		fmt.Fprintf(&b, "%s. 300 SOA ns1.host.example. h.host.example. 1 7200 3600 1209600 300\n", l.Zone)
		fmt.Fprintf(&b, "%s. 300 A %d.%d.%d.%d\n", listed, m.Net[0], m.Net[1], m.Net[2], max(m.First, m.Bit))
	}
	return b.String(), err
}
