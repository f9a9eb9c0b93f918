package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

func TestFirstCell(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"  \t":                     "",
		"# comment":                "",
		"  # comment":              "",
		"\ufeff":                   "",
		"\ufeffexample.com":        "example.com",
		" example.com ":            "example.com",
		"example.com,owner":        "example.com",
		"example.com , owner":      "example.com",
		`"example.com","a, b"`:     "example.com",
		`"example.com, inc",x`:     "example.com, inc",
		`bücher.example,"a "" b"`:  "bücher.example",
		`"not closed,x`:            "not closed,x",
		",second":                  "",
		"postmaster@example.com,x": "postmaster@example.com",
	} {
		if got := firstCell(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// all reads a list to its end: "LINE DOMAIN", or "LINE ! INPUT" for a line that is none.
func all(l *list) ([]string, error) {
	var out []string
	for {
		e, err := l.next()
		switch {
		case err != nil:
			return out, err
		case e.err != nil:
			out = append(out, fmt.Sprintf("%d ! %s", e.line, e.input))
		default:
			out = append(out, fmt.Sprintf("%d %s", e.line, e.domain))
		}
	}
}

func TestList(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"no line feed at the end", "a.example\nb.example", "1 a.example|2 b.example"},
		{"CRLF, BOM, comments, blank lines", "\ufeffa.example\r\n\r\n# c\r\nb.example,x\r\n", "1 a.example|4 b.example"},
		{"header", "Domain,owner\na.example", "2 a.example"},
		{"another header", `"address","name"` + "\nx@a.example", "2 a.example"},
		{"header after comments", "# c\n\ndomain\na.example", "4 a.example"},
		{"a header is the first line alone", "domain\naddress\na.example\ndomain", "2 ! address|3 a.example|4 ! domain"},
		{"duplicates in any spelling", "a.example\nA.Example.\nx@a.example\nhttps://a.example/\nb.example\na.example", "1 a.example|5 b.example"},
		{"bad lines, each of them", "localhost\na..example\na.example\nlocalhost", "1 ! localhost|2 ! a..example|3 a.example|4 ! localhost"},
		{"octets that are no text", "a\x00.example\n\xff\xfe\nb.example", "1 ! a\x00.example|2 ! \xff\xfe|3 b.example"},
	} {
		got, err := all(newList("list", strings.NewReader(c.in)))
		if !errors.Is(err, io.EOF) || strings.Join(got, "|") != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

// TestListUTF16: what Windows calls Unicode is told as that once, and not as so many lines that are no domain.
func TestListUTF16(t *testing.T) {
	for _, in := range []string{"\xff\xfea\x00.\x00b\x00\n\x00", "\xfe\xff\x00a\x00.\x00b\x00\n"} {
		got, err := all(newList("list", strings.NewReader(in)))
		var use usageError
		if !errors.As(err, &use) || err.Error() != "list: it is UTF-16, and UTF-8 is read" || len(got) != 0 {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestListLongLine: a line without end costs no memory and spoils no other line.
func TestListLongLine(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine)
	for _, in := range []string{"a.example\n" + long + "\nb.example\n", "a.example\r\n" + long + "\r\nb.example"} {
		l := newList("list", strings.NewReader(in))
		got, err := all(l)
		want := []string{"1 a.example", "2 ! " + long[:32] + "...", "3 b.example"}
		if !errors.Is(err, io.EOF) || !slices.Equal(got, want) {
			t.Errorf("%.80q, %v", got, err)
		}
	}
	if got, err := all(newList("list", strings.NewReader(long))); len(got) != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %.80q, %v", got, err)
	}
}

func TestListUnreadable(t *testing.T) {
	got, err := all(newList("domains.txt", io.MultiReader(strings.NewReader("a.example\n"), iotest.ErrReader(errors.New("bad sector")))))
	var use usageError
	if !errors.As(err, &use) || err.Error() != "domains.txt: bad sector" || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzList(f *testing.F) {
	f.Add([]byte("\ufeffdomain,x\r\na.example\n\"b.example\",1\n# c\nlocalhost\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		l := newList("list", bytes.NewReader(in))
		seen := map[string]bool{}
		for last := 0; ; {
			e, err := l.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.line <= last || e.input == "" || (e.domain == "") != (e.err != nil) || e.err == nil && seen[e.domain] {
				t.Fatalf("after line %d: %+v", last, e)
			}
			last, seen[e.domain] = e.line, true
		}
	})
}

func TestPeek(t *testing.T) {
	for in, want := range map[string]bool{
		"": false, "a.example": false, "a.example\na.example": false, "a.example\nb.example": true, "a.example\nlocalhost": true, "a.example\nb.example\nc.example": true,
	} {
		next, several := peek(newList("list", strings.NewReader(in)).next)
		plain, _ := all(newList("list", strings.NewReader(in)))
		var got []string
		for {
			e, err := next()
			if errors.Is(err, io.EOF) {
				break
			}
			got = append(got, e.input)
		}
		if several != want || len(got) != len(plain) {
			t.Errorf("%q: several %v, want %v; %d entries, want %d", in, several, want, len(got), len(plain))
		}
	}
}

// resolver is a world in one function.
type resolver func(ctx context.Context, q dnsx.Question) dnsx.Answer

func (r resolver) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer { return r(ctx, q) }

// jobOf audits the domain area alone.
func jobOf(format string, concurrency int, r resolver) *job {
	return &job{
		env:         gather.Env{DNS: r, Now: time.Now},
		streams:     []streamConfig{{Name: "default"}},
		options:     audit.Options{Wanted: func(a checks.Area) bool { return a == "domain" }, Timeout: time.Hour},
		out:         outputOptions{format: format, color: "never"},
		failOn:      "fail",
		concurrency: concurrency,
	}
}

// world is where a job writes to.
func world(stdin io.Reader) (w World, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return World{Stdin: stdin, Stdout: stdout, Stderr: stderr, LookupEnv: func(string) (string, bool) { return "", false },
		Terminal: func() Terminal { return Terminal{} }}, stdout, stderr
}

// found answers every question for an address.
func found(_ context.Context, q dnsx.Question) dnsx.Answer {
	if q.Type != dnsx.A {
		return dnsx.Answer{Question: q, Status: dnsx.NoData}
	}
	return dnsx.Answer{Question: q, Status: dnsx.Found, Records: []dnsx.Record{{Name: q.Name, Type: q.Type}}}
}

// TestBatchConcurrency: no more audits at once than asked for, whatever waits, and no fewer.
func TestBatchConcurrency(t *testing.T) {
	for _, format := range []string{"json", "ndjson"} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			at := map[string]bool{} // domains that are under way or done
			release := make(chan struct{})
			j := jobOf(format, 3, func(ctx context.Context, q dnsx.Question) dnsx.Answer {
				mu.Lock()
				at[q.Name] = true
				mu.Unlock()
				<-release
				return found(ctx, q)
			})
			var in strings.Builder
			for i := range 10 {
				fmt.Fprintf(&in, "d%d.example\n", i)
			}
			w, stdout, stderr := world(strings.NewReader(in.String()))
			ended := make(chan error, 1)
			go func() { ended <- j.batch(t.Context(), w, "-") }()
			synctest.Wait()
			mu.Lock()
			names := slices.Sorted(maps.Keys(at))
			mu.Unlock()
			if domains := slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, "d") || strings.Count(n, ".") > 1 }); !slices.Equal(domains, []string{"d0.example", "d1.example", "d2.example"}) {
				t.Errorf("%s: %v are under way", format, domains)
			}
			close(release)
			if err := <-ended; err != nil {
				t.Errorf("%s: %v; %s", format, err, stderr)
			}
			if n := strings.Count(stdout.String(), `"schema_version"`); n != 10 {
				t.Errorf("%s: %d reports", format, n)
			}
		})
	}
}

// TestBatchStreams: ndjson does not wait for a second line before it audits the first, for the list may be a pipe.
func TestBatchStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, more := io.Pipe()
		w, stdout, _ := world(in)
		ended := make(chan error, 1)
		go func() { ended <- jobOf("ndjson", 4, found).batch(t.Context(), w, "-") }()
		if _, err := io.WriteString(more, "a.example\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := strings.Count(stdout.String(), "\n"); n != 1 {
			t.Errorf("%d lines while the list goes on", n)
		}
		more.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestBatchInterruptedWhileReading: a list from a terminal that nobody types can be interrupted.
func TestBatchInterruptedWhileReading(t *testing.T) {
	for _, format := range []string{"json", "ndjson", "table"} {
		synctest.Test(t, func(t *testing.T) {
			in, more := io.Pipe()
			defer more.Close() // ends the goroutine that reads
			w, stdout, stderr := world(in)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- jobOf(format, 4, found).batch(ctx, w, "-") }()
			synctest.Wait()
			cancel()
			synctest.Wait()
			select {
			case err := <-ended:
				if !errors.Is(err, exitError(exitInterrupted)) || stdout.Len() > 0 || stderr.String() != "mailaudit: interrupted\n" {
					t.Errorf("%s: %v, stdout %q, stderr %q", format, err, stdout, stderr)
				}
			default:
				t.Errorf("%s: it still waits", format)
			}
		})
	}
}

// TestBatchInterruptedInTheMiddle: what is on stdout is whole.
func TestBatchInterruptedInTheMiddle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := jobOf("json", 1, func(ctx context.Context, q dnsx.Question) dnsx.Answer {
		if q.Name == "b.example" {
			cancel()
			<-ctx.Done()
		}
		return found(ctx, q)
	})
	w, stdout, _ := world(strings.NewReader("a.example\nb.example\nc.example\n"))
	err := j.batch(ctx, w, "-")
	var l []audit.Report
	if jerr := json.Unmarshal(stdout.Bytes(), &l); jerr != nil || len(l) != 1 || l[0].Domain != "a.example" {
		t.Errorf("%v, %d reports", jerr, len(l))
	}
	if !errors.Is(err, exitError(exitInterrupted)) {
		t.Error(err)
	}
}

// TestBatchWriteError: a report that cannot be written ends the run, although the list goes on.
func TestBatchWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, more := io.Pipe()
		defer more.Close()
		w, _, _ := world(in)
		w.Stdout = failing{}
		ended := make(chan error, 1)
		go func() { ended <- jobOf("ndjson", 4, found).batch(t.Context(), w, "-") }()
		if _, err := io.WriteString(more, "a.example\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case err := <-ended:
			if !errors.Is(err, errDisk) {
				t.Error(err)
			}
		default:
			t.Error("it still waits")
		}
	})
}

var errDisk = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errDisk }

// TestBatchShares: what two domains have in common is asked once, the audit that asked counts it, and a recording has it for
// whichever is audited again first.
func TestBatchShares(t *testing.T) {
	s, err := testnet.ServeDNS(testnet.MustZone(`
a.example. 300 IN SOA ns.example. h.example. 1 7200 3600 1209600 300
b.example. 300 IN SOA ns.example. h.example. 1 7200 3600 1209600 300
a.example. 300 IN TXT "v=spf1 include:_spf.esp.example -all"
b.example. 300 IN TXT "v=spf1 include:_spf.esp.example -all"
_spf.esp.example. 300 IN TXT "v=spf1 ip4:11.0.0.1 -all"
`), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	file := filepath.Join(t.TempDir(), "recording")
	check := func(list string, args ...string) (queries int, findings string) {
		w, stdout, stderr := world(strings.NewReader(list))
		w.Dial = testnet.Dial
		w.Args = append([]string{"check", "--domains", "-", "--only", "spf", "-f", "ndjson", "--ordered"}, args...)
		code := Main(w)
		for line := range strings.Lines(stdout.String()) {
			var r audit.Report
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			queries += r.DNSQueries
			for _, f := range r.Findings {
				findings += fmt.Sprintln(f.Subject, f.Rule, f.Status, f.Message)
			}
		}
		if findings == "" {
			t.Fatalf("exit %d, %s", code, stderr)
		}
		return queries, findings
	}
	const list = "a.example\nb.example\n"
	queries, findings := check(list, "--resolver", s.Addr().String(), "--record", file)
	asked := map[testnet.DNSAsked]bool{} // whatever a slow machine sends again
	for _, q := range s.Asked() {
		asked[q] = true
	}
	if !asked[testnet.DNSAsked{Question: dnsx.Q("_spf.esp.example", dnsx.TXT)}] || queries != len(asked) {
		t.Errorf("%d questions are counted, %d different ones were asked", queries, len(asked))
	}
	if _, again := check(list, "--replay", file); again != findings {
		t.Errorf("replayed: %s\nwant %s", again, findings)
	}
}
