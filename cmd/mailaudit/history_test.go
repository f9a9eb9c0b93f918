package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"mailaudit/internal/history"
)

// TestHistoryOfSeveralProcesses: batches of several processes, which begin the same history and write it at once. Each report is
// there, and SQLite finds the file in order.
func TestHistoryOfSeveralProcesses(t *testing.T) {
	const processes = 5
	file := filepath.Join(t.TempDir(), "h.db")
	var running []*exec.Cmd
	errs := make([]bytes.Buffer, processes)
	for i := range processes {
		cmd := exec.CommandContext(t.Context(), "mailaudit", "check", "good.example", "esp.example", fmt.Sprintf("sub%d.good.example", i),
			"--offline", "--zone", "testdata/healthy.zone", "--only", "spf,dmarc", "--fail-on", "never", "--history", file, "--format", "ndjson")
		cmd.Stderr = &errs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for i, cmd := range running {
		if err := cmd.Wait(); err != nil { // 4, if one of its reports was not kept
			t.Errorf("%v: %s", err, errs[i].String())
		}
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var word string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&word); err != nil || word != "ok" {
		t.Errorf("integrity: %q, %v", word, err)
	}
	store, err := history.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	want := map[string]int{"good.example": processes, "esp.example": processes}
	for i := range processes {
		want[fmt.Sprintf("sub%d.good.example", i)] = 1
	}
	for domain, n := range want {
		runs, err := store.Runs(t.Context(), domain, 0)
		if err != nil || len(runs) != n {
			t.Errorf("%s: %d runs, want %d, %v", domain, len(runs), n, err)
		}
		for _, r := range runs {
			if report, err := store.Load(t.Context(), r.ID); err != nil || report.Domain != domain {
				t.Errorf("%s: %v", domain, err)
			}
		}
	}
}
