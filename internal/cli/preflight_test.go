package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailaudit/internal/testnet"
)

const draft = "From: a@good.example\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@good.example>\r\n\r\nhello\r\n"

// preflight runs message over a draft, with a zone that has nothing but the start of authority.
func preflight(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	zone := filepath.Join(dir, "zone")
	file := filepath.Join(dir, "draft.eml")
	for name, text := range map[string]string{zone: ". SOA ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 300\n", file: draft} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := testnet.ServeDNS(testnet.MustZone(". SOA ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 300\n"), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "ZONE", zone)
	}
	if !strings.Contains(strings.Join(args, " "), "--offline") {
		args = append(args, "--resolver", s.Addr().String())
	}
	var o, e bytes.Buffer
	code = Main(World{Args: append([]string{"message", file}, args...), Stdin: strings.NewReader(""), Stdout: &o, Stderr: &e, Version: "test", Dial: testnet.Dial,
		LookupEnv: func(string) (string, bool) { return "", false }, Terminal: func() Terminal { return Terminal{} }})
	return code, o.String(), e.String()
}

// A filter is told the message in the form of transit, and what it says is in the report.
func TestPreflightEngine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b, _ := io.ReadAll(bufio.NewReader(c))
		asked <- string(b)
		fmt.Fprint(c, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.5 / 5.0\r\n\r\nGTUBE\r\n")
	}()
	code, out, errs := preflight(t, "--spamd", l.Addr().String(), "-f", "json")
	if code != exitOK || !strings.Contains(out, `"score": 7.5,`) || !strings.Contains(out, `it scores 7.5, and is spam from 5.0: GTUBE`) {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
	if q := <-asked; !strings.HasSuffix(q, "\r\n\r\n"+draft) {
		t.Errorf("%q", q)
	}
}

// An engine that is not asked, or not there, is unknown and decides nothing.
func TestPreflightNoEngine(t *testing.T) {
	nobody, release, err := testnet.Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, args := range [][]string{{"--rspamd", nobody.String()}, {"--offline", "--zone", "ZONE", "--spamd", "127.0.0.1"}} {
		code, out, errs := preflight(t, append(args, "-f", "json")...)
		if code != exitOK || !strings.Contains(out, `"score": null,`) || !strings.Contains(out, `"rule": "msg.content-score"`) || !strings.Contains(out, `"status": "unknown"`) {
			t.Errorf("%v: exit %d\n%s\n%s", args, code, out, errs)
		}
	}
}

func TestPreflightEngineFlags(t *testing.T) {
	for _, bad := range []string{"127.0.0.1:0", "127.0.0.1:x", "a b", "127.0.0.1:70000", ":783"} {
		if code, _, errs := preflight(t, "--spamd", bad); code != exitUsage || !strings.Contains(errs, "--spamd 127.0.0.1:783") {
			t.Errorf("%s: exit %d, %s", bad, code, errs)
		}
	}
	for given, want := range map[string]string{"127.0.0.1": "127.0.0.1:11333", "[::1]": "[::1]:11333", "::1": "[::1]:11333", "Host.example:80": "host.example:80"} {
		l, err := (&preflightOptions{rspamd: given}).engines()
		if err != nil || len(l) != 1 || l[0].Addr != want {
			t.Errorf("%s: %v, %v", given, l, err)
		}
	}
}
