package history

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
)

// asProcess is the environment variable that makes this test another process, which keeps reports: "FILE DOMAIN COUNT". Each
// that is kept is told on stdout.
const asProcess = "HISTORY_TEST_PROCESS"

func TestMain(m *testing.M) {
	if job := strings.Fields(os.Getenv(asProcess)); len(job) > 0 {
		if err := write(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func write(job []string) error {
	count, err := strconv.Atoi(job[2])
	if err != nil {
		return err
	}
	s, err := Open(context.Background(), job[0])
	if err != nil {
		return err
	}
	defer s.Close()
	for i := range count {
		r := report(job[1], time.Unix(int64(i), 0))
		if _, err := s.Add(context.Background(), r); err != nil {
			return err
		}
		fmt.Println(i)
	}
	return nil
}

// process is such a process.
func process(t *testing.T, job string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), asProcess+"="+job)
	return cmd
}

// report is a small one of a domain; what a run keeps beside it differs from the zero values.
func report(domain string, at time.Time) *audit.Report {
	score, low, grade := 90, 70, "A"
	return &audit.Report{SchemaVersion: audit.SchemaVersion, Version: "1.2.3", Domain: domain, Verdict: "warn", StartedAt: at.UTC(),
		Score: &score, ScoreLow: &low, Grade: &grade, Coverage: 0.75,
		Findings: []audit.Finding{{Rule: "dmarc.missing", Area: "dmarc", Status: "warn", Message: strings.Repeat("no DMARC record ", 500)}}}
}

func open(t *testing.T, file string) *Store {
	t.Helper()
	s, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// whole asks SQLite whether the file is in order, by a connection of its own.
func whole(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var word string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&word); err != nil || word != "ok" {
		t.Fatalf("integrity: %q, %v", word, err)
	}
}

func TestAddAndRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a folder?of #100%.db") // what a URL would take for something else
	s := open(t, file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	day := time.Date(2026, 11, 20, 3, 0, 0, 123456789, time.FixedZone("", 3600))
	var want []Run
	for i := range 3 {
		r := report("a.example", day.AddDate(0, 0, i))
		got, err := s.Add(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		want = append([]Run{{ID: int64(i + 1), Domain: "a.example", At: day.AddDate(0, 0, i).UTC().Truncate(time.Millisecond), Version: "1.2.3",
			Verdict: "warn", Score: r.Score, ScoreLow: r.ScoreLow, Grade: r.Grade, Coverage: 0.75}}, want...)
		if d := cmp.Diff(want[0], got); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
	// An audit that was begun earlier, and kept later; one without a score.
	dead := &audit.Report{SchemaVersion: 1, Domain: "b.example", Verdict: "unknown", StartedAt: day}
	if _, err := s.Add(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), report("a.example", day.AddDate(0, 0, -1))); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, file) // all of it is in the file
	got, err := s.Runs(t.Context(), "a.example", 3)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, d)
	}
	if all, err := s.Runs(t.Context(), "a.example", 0); err != nil || len(all) != 4 || all[3].ID != 5 {
		t.Errorf("%v, %v", all, err)
	}
	if b, err := s.Runs(t.Context(), "b.example", 1); err != nil || len(b) != 1 || b[0].Score != nil || b[0].ScoreLow != nil || b[0].Grade != nil {
		t.Errorf("%v, %v", b, err)
	}
	text, err := s.Report(t.Context(), 1)
	if wrote, _ := json.Marshal(report("a.example", day)); err != nil || !bytes.Equal(text, wrote) {
		t.Errorf("%v, %.200s", err, text)
	}
	if r, err := s.Load(t.Context(), 1); err != nil || r.Domain != "a.example" || len(r.Findings) != 1 {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := s.Report(t.Context(), 99); !errors.Is(err, ErrNoRun) {
		t.Error(err)
	}
	if none, err := s.Runs(t.Context(), "c.example", 0); err != nil || none == nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}

func TestDomains(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "h.db"))
	for _, d := range []string{"shop.example", "example.com", "shop.example", "example.net", "xn--exmple-cua.com", "ex_mple.com",
		"$(reboot).shop.example", "e\x1b[2J.example.com", "Example.org", strings.Repeat("e.", 200) + "example"} { // of a file that somebody else wrote
		if _, err := s.Add(t.Context(), report(d, time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		prefix string
		limit  int
		want   []string
	}{
		{"", 0, []string{"ex_mple.com", "example.com", "example.net", "shop.example", "xn--exmple-cua.com"}},
		{"", 2, []string{"ex_mple.com", "example.com"}},
		{"ex", 0, []string{"ex_mple.com", "example.com", "example.net"}},
		{"exam", 0, []string{"example.com", "example.net"}},
		{"ex_", 0, []string{"ex_mple.com"}}, // no pattern
		{"%", 0, []string{}},
		{"shop.example", 0, []string{"shop.example"}},
	} {
		got, err := s.Domains(t.Context(), c.prefix, c.limit)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%q %d: %v, -want +got\n%s", c.prefix, c.limit, err, d)
		}
	}
}

func TestTrim(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "h.db"))
	for i := range 5 {
		for _, d := range []string{"a.example", "b.example"} {
			if _, err := s.Add(t.Context(), report(d, time.Unix(int64(100-i), 0))); err != nil { // the newest is kept first
				t.Fatal(err)
			}
		}
	}
	if err := s.Trim(t.Context(), "a.example", 2); err != nil {
		t.Fatal(err)
	}
	a, err := s.Runs(t.Context(), "a.example", 0)
	if err != nil || len(a) != 2 || a[0].At.Unix() != 100 || a[1].At.Unix() != 99 {
		t.Errorf("%v, %v", a, err)
	}
	if b, err := s.Runs(t.Context(), "b.example", 0); err != nil || len(b) != 5 {
		t.Errorf("%v, %v", b, err)
	}
}

// TestForeign: what is no history stays as it is, byte for byte.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	database := func(name string, statements ...string) string {
		file := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, x := range statements {
			if _, err := db.ExecContext(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		return file
	}
	text := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range []struct{ file, want string }{
		{text("short.txt", "x"), "not an SQLite database"},
		{text("report.json", strings.Repeat(`{"schema_version":1}`+"\n", 500)), "not an SQLite database"},
		{text("torn.db", "SQLite format 3\x00"+strings.Repeat("\xff", 5000)), "not an SQLite database"},
		{database("other.db", "CREATE TABLE bookmarks (url TEXT)"), "another program"},
		{database("marked.db", "PRAGMA application_id = 7"), "another program"},
		{database("newer.db", tables, fmt.Sprintf("PRAGMA application_id = %d", application), fmt.Sprintf("PRAGMA user_version = %d", schema+1)), "newer mailaudit"},
		{dir, "not a regular file"},
	} {
		before, _ := os.ReadFile(c.file)
		s, err := Open(t.Context(), c.file)
		if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: %v, want %q", c.file, err, c.want)
		}
		if s != nil {
			s.Close()
		}
		if after, _ := os.ReadFile(c.file); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", c.file)
		}
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "nosuch", "h.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	s := open(t, text("empty.db", "")) // as mktemp leaves it
	if _, err := s.Add(t.Context(), report("a.example", time.Unix(1, 0))); err != nil {
		t.Error(err)
	}
}

// TestHostileReport: rows that somebody else wrote are errors, not crashes.
func TestHostileReport(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "h.db"))
	packed := func(r *audit.Report) []byte {
		b, err := pack(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := packed(report("a.example", time.Unix(1, 0)))
	for _, blob := range [][]byte{{}, []byte("{}"), good[:len(good)/2], good[:len(good)-1], packed(&audit.Report{SchemaVersion: 99})} {
		res, err := s.db.ExecContext(t.Context(), "INSERT INTO runs (domain, at, version, verdict, coverage, report) VALUES ('a.example', 1, '', '', 0, ?)", blob)
		if err != nil {
			t.Fatal(err)
		}
		id, _ := res.LastInsertId()
		if r, err := s.Load(t.Context(), id); err == nil {
			t.Errorf("%q: %v", blob, r)
		}
	}
}

// TestSeveralProcesses: all of them begin the same file, and write it at the same time.
func TestSeveralProcesses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "h.db")
	const processes, each = 6, 40
	var running []*exec.Cmd
	for i := range processes {
		cmd := process(t, fmt.Sprintf("%s p%d.example %d", file, i, each))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	whole(t, file)
	s := open(t, file)
	for i := range processes {
		runs, err := s.Runs(t.Context(), fmt.Sprintf("p%d.example", i), 0)
		if err != nil || len(runs) != each {
			t.Errorf("process %d: %d runs, %v", i, len(runs), err)
		}
	}
}

// TestKilled: what a process told that it had kept is there after kill -9, whole, and the file goes on.
func TestKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "h.db")
	for round := range 3 {
		cmd := process(t, fmt.Sprintf("%s r%d.example %d", file, round, 1<<30))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		told := 0
		for in := (lines{out, make([]byte, 1)}); told < 20*(round+1); told++ {
			if err := in.skip(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		whole(t, file)
		s := open(t, file)
		runs, err := s.Runs(t.Context(), fmt.Sprintf("r%d.example", round), 0)
		if err != nil || len(runs) < told {
			t.Fatalf("%d runs of %d, %v", len(runs), told, err)
		}
		for _, r := range runs {
			if _, err := s.Load(t.Context(), r.ID); err != nil {
				t.Error(err)
			}
		}
		s.Close()
	}
}

// lines reads line by line and no further.
type lines struct {
	in  io.Reader
	one []byte
}

func (l lines) skip() error {
	for {
		if _, err := l.in.Read(l.one); err != nil {
			return err
		}
		if l.one[0] == '\n' {
			return nil
		}
	}
}
