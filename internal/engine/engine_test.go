package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/testnet"
)

// spamdServer answers each connection with a text, and gives what it was asked.
func spamdServer(t *testing.T, answer string) (addr string, asked <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := make(chan string, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(conn)
			c <- string(b)
			io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	return l.Addr().String(), c
}

func TestSpamd(t *testing.T) {
	addr, asked := spamdServer(t, "SPAMD/1.1 0 EX_OK\r\nContent-length: 20\r\nSpam: True ; 15.3 / 5.0\r\n\r\nGTUBE,MISSING_DATE\r\n")
	got, err := Ask(t.Context(), testnet.Dial, Engine{Spamd, addr}, "a: b\r\n\r\nc\r\n", Envelope{})
	if d := cmp.Diff(Opinion{15.3, 5, []string{"GTUBE", "MISSING_DATE"}}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if q := <-asked; q != "SYMBOLS SPAMC/1.5\r\nContent-length: 11\r\n\r\na: b\r\n\r\nc\r\n" {
		t.Errorf("%q", q)
	}
	for answer, says := range map[string]string{
		"":                                 "no answer",
		"HTTP/1.1 200 OK\r\n\r\n":          "no answer of spamd",
		"SPAMD/1.1\r\n":                    "no answer of spamd",
		"SPAMD/1.0 76 Bad header line\r\n": "it answers",
		"SPAMD/1.1 0 EX_OK\r\n":            "ends in its header",
		"SPAMD/1.1 0 EX_OK\r\n\r\nA\r\n":   "no score",
		"SPAMD/1.1 0 EX_OK\r\nSpam: True ; NaN / 5\r\n\r\n":                      "no score",
		"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 5 / +Inf\r\n\r\n":                     "no score",
		"SPAMD/1.1 0 EX_OK\r\nSpam: True\r\n\r\n":                                "no score",
		"SPAMD/1.1 0 EX_OK\r\nX: " + strings.Repeat("x", maxAnswer) + "\r\n\r\n": "ends in its header",
	} {
		addr, _ := spamdServer(t, answer)
		if _, err := Ask(t.Context(), testnet.Dial, Engine{Spamd, addr}, "", Envelope{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %v, want %q", answer, err, says)
		}
	}
	zero, _ := spamdServer(t, "SPAMD/1.1 0 EX_OK\r\nSpam: False ; -0.0 / 5.0\r\n\r\n")
	if o, err := Ask(t.Context(), testnet.Dial, Engine{Spamd, zero}, "", Envelope{}); err != nil || fmt.Sprint(o.Score) != "0" {
		t.Errorf("%v, %v", o.Score, err)
	}
	addr, _ = spamdServer(t, "SPAMD/1.1 0 EX_OK\r\nSpam: False ; -1 / 5\r\n\r\n"+strings.Repeat("A"+strings.Repeat("B", 1000)+",", 300))
	got, err = Ask(t.Context(), testnet.Dial, Engine{Spamd, addr}, "", Envelope{})
	if err != nil || len(got.Symbols) != maxSymbols || len(got.Symbols[0]) != maxSymbol {
		t.Errorf("%v, %d symbols", err, len(got.Symbols))
	}
}

func TestRspamd(t *testing.T) {
	answer, header, code := "", "", http.StatusOK
	var asked *http.Request
	var body string
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked, body = r, string(b)
		if code == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		if header != "" {
			w.Header().Set("X-Header", header)
		}
		w.WriteHeader(code)
		io.WriteString(w, answer)
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	go s.Serve(l)
	envelope := Envelope{netip.MustParseAddr("11.22.33.44"), "a@b.example", "mail.b.example"}
	ask := func() (Opinion, error) {
		return Ask(t.Context(), testnet.Dial, Engine{Rspamd, l.Addr().String()}, "a: b\r\n", envelope)
	}
	answer = `{"score": 6.5, "required_score": 15, "action": "greylist", "symbols": {"SMALL": {"score": 1}, "BIG": {"score": 5.5}, "NIL": {"score": 0}}}`
	got, err := ask()
	if d := cmp.Diff(Opinion{6.5, 15, []string{"BIG", "SMALL"}}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if got := fmt.Sprint(asked.Method, asked.URL.Path, asked.Header["Ip"], asked.Header["From"], asked.Header["Helo"], body); got != "POST/checkv2[11.22.33.44] [a@b.example] [mail.b.example]a: b\r\n" {
		t.Errorf("%q", got)
	}
	// What is not known is not said, nor what no header holds.
	envelope = Envelope{HELO: "mail\x00.b.example"}
	if _, err := ask(); err != nil || asked.Header["Ip"] != nil || asked.Header["From"] != nil || asked.Header["Helo"] != nil {
		t.Errorf("%v, %v", asked.Header, err)
	}
	answer = `{"score": 4, "required_score": 15, "symbols": {"D": {"score": 1}, "B": {"score": 1}, "A": {"score": 1}, "C": {"score": 1}, "E": {"score": 1}}}`
	if got, err := ask(); err != nil || strings.Join(got.Symbols, "") != "ABCDE" {
		t.Errorf("%v, %v", got, err)
	}
	header = strings.Repeat("x", 100<<10)
	if _, err := ask(); err == nil || !strings.Contains(err.Error(), "header") {
		t.Errorf("a header of 100 KiB: %v", err)
	}
	header = ""
	// As Rspamd 3.4 answers to GTUBE.
	answer = `{"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject","symbols":{"GTUBE":{"name":"GTUBE","score":0.0,"metric_score":0.0}},"messages":{"smtp_message":"Gtube pattern"}}`
	got, err = ask()
	if d := cmp.Diff(Opinion{15, 15, []string{"GTUBE"}}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for text, says := range map[string]string{`{"is_skipped": true, "action": "no action", "score": 0, "required_score": 15}`: `action is "no action"`, "": "no answer of Rspamd", "{}": "no score", `{"is_skipped": true, "action": "reject"}`: `action is "reject"`, "[" + strings.Repeat("1,", maxAnswer): "no answer of Rspamd"} {
		answer = text
		if _, err := ask(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.30q: %v, want %q", text, err, says)
		}
	}
	for _, code = range []int{http.StatusForbidden, http.StatusFound} {
		if _, err := ask(); err == nil || !strings.Contains(err.Error(), fmt.Sprint(code)) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// Whoever waits for an engine that is silent can be interrupted.
func TestInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, kind := range []string{Spamd, Rspamd} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			conn, err := l.Accept()
			if err == nil {
				bufio.NewReader(conn).ReadString('\n') // it is being asked
				cancel()
				t.Cleanup(func() { conn.Close() })
			}
		}()
		if _, err := Ask(ctx, testnet.Dial, Engine{kind, l.Addr().String()}, "x", Envelope{}); !errors.Is(err, context.Canceled) || ctx.Err() == nil {
			t.Errorf("%s: %v", kind, err)
		}
		cancel()
	}
	refused := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("closed") }
	for _, kind := range []string{Spamd, Rspamd} {
		if _, err := Ask(t.Context(), refused, Engine{kind, "127.0.0.1:1"}, "x", Envelope{}); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
