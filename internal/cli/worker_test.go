package cli

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"mailaudit/internal/fleet/fleettest"
	"mailaudit/internal/testnet"
)

// TestWorkerCrash: an audit that crashes costs its own domain alone: the worker goes on, says so on stderr, and ends with 4; and so
// does who collects.
func TestWorkerCrash(t *testing.T) {
	queue, err := fleettest.Start(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Kill() })
	run := func(stdin string, args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		code = Main(World{
			Args: append(args, "--nats", queue.URL), Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
			LookupEnv: func(string) (string, bool) { return "", false }, Terminal: func() Terminal { return Terminal{} },
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == "127.0.0.1:53" {
					panic("the cable\x1b[31m is cut")
				}
				return testnet.Dial(ctx, network, address)
			},
		})
		return code, out.String(), errs.String()
	}
	if code, _, errs := run("a.example\nb.example\n", "submit", "--domains", "-", "--batch", "b"); code != exitOK {
		t.Fatal(code, errs)
	}
	code, out, errs := run("", "worker", "--resolver", "127.0.0.1", "--only", "spf", "--until-empty")
	if code != exitInternal || out != "" || !strings.Contains(errs, "internal error: the cable") || strings.Contains(errs, "\x1b") {
		t.Errorf("exit %d\n%s%.300q", code, out, errs)
	}
	code, out, _ = run("", "submit", "--batch", "b", "--wait")
	if code != exitInternal || strings.Count(out, `"error":"internal error: the audit came to no end"`) != 2 || strings.Count(out, "\n") != 2 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestWorkerPatience: one whose audits may take so long that no other worker would read the record of the shares is refused.
func TestWorkerPatience(t *testing.T) {
	for timeout, want := range map[string]string{"1h0m1s": "--timeout 1h0m1s: 1h0m0s at most", "1h": "no NATS server was given"} {
		w, _, stderr := world(nil)
		w.Args = []string{"worker", "--resolver", "127.0.0.1", "--timeout", timeout}
		if code := Main(w); code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit %d, %s", timeout, code, stderr)
		}
	}
}

func TestMain(m *testing.M) {
	fleettest.Main()
	os.Exit(m.Run())
}
