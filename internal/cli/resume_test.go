package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"mailaudit/internal/dnsx"
)

// resumeList has two lines that are no domain, one of them not even text.
const resumeList = "a.example\nlocalhost\nb.example\n\xff\xfe\nc.example\n"

// resume runs a batch of resumeList that goes on with a file, and says how many domains it audited.
func resume(t *testing.T, file string) (asked int, err error) {
	t.Helper()
	var n atomic.Int32
	j := jobOf("ndjson", 2, func(ctx context.Context, q dnsx.Question) dnsx.Answer {
		if q.Type == dnsx.MX && strings.HasSuffix(q.Name, ".example") && strings.Count(q.Name, ".") == 1 {
			n.Add(1)
		}
		return found(ctx, q)
	})
	if j.resumed, err = readResumption(file, "fail", 0); err != nil {
		return 0, err
	}
	w, stdout, _ := world(strings.NewReader(resumeList))
	err = j.batch(t.Context(), w, "-")
	if stdout.Len() > 0 {
		t.Errorf("stdout: %q", stdout)
	}
	return int(n.Load()), err
}

// reportLines are the domains of a file's lines, "-" for a bad line, in any order, by count; torn is what is no whole line.
func reportLines(t *testing.T, file string) (n map[string]int, torn int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n = map[string]int{}
	for line := range bytes.Lines(text) {
		var w written
		switch {
		case json.Unmarshal(line, &w) != nil || !bytes.HasSuffix(line, []byte("\n")):
			torn++
		case w.Domain == "":
			n[fmt.Sprint(w.Line)]++
		default:
			n[w.Domain]++
		}
	}
	return n, torn
}

// wholeBatch is the file of a batch that came to its end, and what it holds.
func wholeBatch(t *testing.T) (file string, text []byte) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "reports.ndjson")
	if n, err := resume(t, file); n != 3 || err != nil {
		t.Fatalf("%d audited, %v", n, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, text
}

// TestResumeAnywhere: wherever a batch was cut off, the next one leaves every report once and whole.
func TestResumeAnywhere(t *testing.T) {
	file, whole := wholeBatch(t)
	for cut := 0; cut <= len(whole); cut += 1 + len(whole)/150 {
		if err := os.WriteFile(file, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		before, _ := reportLines(t, file)
		asked, err := resume(t, file)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		after, torn := reportLines(t, file)
		domains := 0
		for d := range before {
			if strings.Contains(d, ".") {
				domains++
			}
		}
		if torn > 0 || len(after) != 5 || asked != 3-domains {
			t.Errorf("cut at %d: %v, %d torn, %d audited although %d were whole", cut, after, torn, asked, domains)
		}
		for d, n := range after {
			if n != 1 {
				t.Errorf("cut at %d: %s stands there %d times", cut, d, n)
			}
		}
	}
}

// TestResumePowerLoss: octets 0 where the last lines were to be are dropped as a torn line is.
func TestResumePowerLoss(t *testing.T) {
	file, whole := wholeBatch(t)
	for _, text := range []string{string(whole) + strings.Repeat("\x00", 4096), string(whole[:len(whole)-100]) + strings.Repeat("\x00", 100)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := resume(t, file); err != nil {
			t.Error(err)
		}
		if after, torn := reportLines(t, file); torn > 0 || len(after) != 5 {
			t.Errorf("%v, %d torn", after, torn)
		}
	}
}

// TestLineOf: a line without end is not read to its end.
func TestLineOf(t *testing.T) {
	in := bufio.NewReaderSize(io.MultiReader(strings.NewReader(strings.Repeat("x", 99)+"\n"+strings.Repeat("y", 100)+"\n"), iotest.ErrReader(errors.New("too far"))), 16)
	if line, err := lineOf(in, 100); len(line) != 100 || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	if line, err := lineOf(in, 100); !errors.Is(err, bufio.ErrTooLong) {
		t.Errorf("%q, %v", line, err)
	}
}

// TestResumeLocked: a batch that finds another one in its file does not begin, and afterwards it does.
func TestResumeLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reports.ndjson")
	other, err := readResumption(file, "fail", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = resume(t, file)
	var use usageError
	if !errors.As(err, &use) || !strings.Contains(use.what, "another mailaudit is writing to it") {
		t.Errorf("%v", err)
	}
	other.close()
	if n, err := resume(t, file); n != 3 || err != nil {
		t.Errorf("%d audited, %v", n, err)
	}
}

// TestResumeForeign: a file that is no output of a batch is left as it is.
func TestResumeForeign(t *testing.T) {
	for _, text := range []string{"a.example\nb.example\n", "a.example", "{}\n", `{"domain":"a.example"}` + "\n", "[\n", `{"domain":"a.example","verdict":"pass","score":1}` + "\n",
		`{"name":"somebody else's file, without a line feed"}`, "\x00\x00a.example"} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := resume(t, file)
		var use usageError
		if !errors.As(err, &use) || !strings.HasSuffix(use.what, "file:1: no report of a batch") {
			t.Errorf("%.80q: %v", text, err)
		}
		if now, _ := os.ReadFile(file); string(now) != text {
			t.Errorf("%.80q became %.80q", text, now)
		}
	}
	if _, err := resume(t, t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

// TestResumeCode: the exit code is that of all reports in the file, whoever wrote them.
func TestResumeCode(t *testing.T) {
	line := func(domain, verdict, status string, score, low int) string {
		return fmt.Sprintf(`{"domain":%q,"verdict":%q,"score":%d,"score_low":%d,"findings":[{"status":%q,"area":"spf","deciding":true}]}`+"\n", domain, verdict, score, low, status)
	}
	for _, tt := range []struct {
		text, failOn string
		minScore     int
		want         int
	}{
		{line("a.example", "pass", "pass", 100, 100), "fail", 0, exitOK},
		{line("a.example", "fail", "fail", 69, 69), "fail", 0, exitFindings},
		{line("a.example", "fail", "fail", 69, 69), "never", 0, exitOK},
		{line("a.example", "warn", "warn", 96, 96), "warn", 0, exitFindings},
		{line("a.example", "unknown", "unknown", 100, 59), "fail", 0, exitUnknown},
		{line("a.example", "unknown", "unknown", 100, 59) + line("b.example", "fail", "fail", 69, 69), "fail", 0, exitFindings},
		{line("a.example", "pass", "pass", 80, 80), "fail", 90, exitFindings},
	} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := readResumption(file, tt.failOn, tt.minScore)
		if err != nil || r.code != tt.want {
			t.Errorf("%s --fail-on %s --min-score %d: %d, %v, want %d", tt.text, tt.failOn, tt.minScore, r.code, err, tt.want)
		}
	}
}

// TestProgress: how far, how fast and how long, where that can be told.
func TestProgress(t *testing.T) {
	for _, tt := range []struct {
		p    progress
		took time.Duration
		want string
	}{
		{progress{n: 3}, 100 * time.Millisecond, "3 audited in 0s"},
		{progress{n: 300}, time.Minute, "300 audited in 1m0s, 5.0 a second"},
		{progress{n: 300, total: 1000}, time.Minute, "300 of 1000 audited in 1m0s, 5.0 a second, 2m20s left"},
		{progress{n: 300, total: 1000, before: 500}, time.Minute, "800 of 1000 audited in 1m0s, 5.0 a second, 40s left"},
		{progress{n: 500, total: 1000, before: 500}, time.Minute, "1000 of 1000 audited in 1m0s, 8.3 a second"},
		{progress{n: 10_000, total: 10_000_000}, 10_000 * time.Second, "10000 of 10000000 audited in 2h46m40s, 1.0 a second, 2775h0m0s left"},
	} {
		if got := tt.p.state(tt.took); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestCountEntries: the progress counts what the batch will audit.
func TestCountEntries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, []byte("domain\n# c\n"+resumeList+"a.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := countEntries(file, f); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got, _ := all(newList(file, f)); len(got) != 5 {
		t.Errorf("what is left: %q", got)
	}
}

// TestResumeBehind: what is torn goes, and the next line stands behind the last whole one.
func TestResumeBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("whole\ntorn"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&resumption{name: file, file: f, size: 6}).open()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(s, "next")
	if err := s.finish(true); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(file); string(text) != "whole\nnext\n" {
		t.Errorf("%q", text)
	}
}
