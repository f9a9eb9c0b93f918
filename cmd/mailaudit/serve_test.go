package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mailaudit/internal/audit"
	"mailaudit/internal/testnet"
)

// server is a `mailaudit serve` in a process of its own.
type server struct {
	cmd *exec.Cmd
	url string
}

func startServer(t *testing.T, resolver, history string) *server {
	t.Helper()
	s := &server{cmd: exec.Command("mailaudit", "serve", "--listen", "127.0.0.1:0", "--resolver", resolver, "--history", history, "--skip", "dnsbl")}
	stderr, err := s.cmd.StderrPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewReader(stderr)
	first, err := lines.ReadString('\n')
	at := regexp.MustCompile(`url=(http://\S+)/ `).FindStringSubmatch(first)
	if err != nil || at == nil {
		t.Fatalf("%q, %v", first, err)
	}
	s.url = at[1]
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return s
}

// ask sends a request to the API, and gives the status and the object that came.
func (s *server) ask(method, path, body string, into any) (int, error) {
	q, err := http.NewRequest(method, s.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	return a.StatusCode, err
}

// one is an audit as the API shows it.
type one struct {
	ID, Domain, Status string
	Report             *audit.Report
}

// TestServeKilled kills a server amid 50 audits: what it called done is in the history, whole, and nothing else is; a second server
// on the same file does the rest, and one that is told to stop finishes what it has.
func TestServeKilled(t *testing.T) {
	const n = 50
	var zone strings.Builder
	for i := range n {
		fmt.Fprintf(&zone, "d%d.example. MX 10 mx.d%[1]d.example.\nmx.d%[1]d.example. A 127.0.0.1\nd%[1]d.example. TXT \"v=spf1 mx -all\"\n", i)
	}
	// Slow enough that some are under way whenever some are done: 16 run at once.
	dns, err := testnet.ServeDNS(testnet.MustZone(zone.String()), testnet.DNSOptions{Delay: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer dns.Close()
	file := filepath.Join(t.TempDir(), "history.db")
	s := startServer(t, dns.Addr().String(), file)

	ids := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			var a one
			if code, err := s.ask("POST", "/audits", fmt.Sprintf(`{"domain":"d%d.example"}`, i), &a); code != 202 || err != nil {
				t.Errorf("d%d: %d, %v", i, code, err)
			}
			ids[i] = a.ID
		})
	}
	all.Wait()
	told := map[string]bool{} // ids that the server called done
	for len(told) < 5 {
		var l struct{ Audits []one }
		if _, err := s.ask("GET", "/audits?limit=1000", "", &l); err != nil {
			t.Fatal(err)
		}
		for _, a := range l.Audits {
			if a.Status == "done" {
				told[a.ID] = true
			}
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	if len(told) == n {
		t.Fatal("all was done before the server was killed: the test shows nothing")
	}
	integrity(t, file)

	s = startServer(t, dns.Addr().String(), file)
	lost := 0
	for i, id := range ids {
		var a one
		code, err := s.ask("GET", "/audits/"+id, "", &a)
		switch {
		case code == 404 && !told[id]:
			lost++
			if code, err := s.ask("POST", "/audits", fmt.Sprintf(`{"domain":"d%d.example"}`, i), &a); code != 202 || err != nil {
				t.Errorf("d%d again: %d, %v", i, code, err)
			}
		case code != 200 || err != nil || a.Status != "done" || a.Report == nil || a.Report.Domain != fmt.Sprintf("d%d.example", i) || a.Report.Score == nil:
			t.Errorf("d%d: %d, %v, %s %+v", i, code, err, a.Status, a.Report)
		}
	}
	if lost == 0 {
		t.Error("nothing was under way when the server was killed: the test shows nothing")
	}
	// It is told to stop amid the rest, and stops when that is done.
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("told to stop: %v", err)
	}
	integrity(t, file)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var runs, domains int
	if err := db.QueryRow("SELECT count(*), count(DISTINCT domain) FROM runs").Scan(&runs, &domains); err != nil || runs != n || domains != n {
		t.Errorf("%d runs of %d domains, %v; want %d of each", runs, domains, err, n)
	}
}

func integrity(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var word string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&word); err != nil || word != "ok" {
		t.Errorf("integrity: %q, %v", word, err)
	}
}
