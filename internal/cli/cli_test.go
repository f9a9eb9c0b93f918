package cli

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/testnet"
)

// TestPanic: a panic wherever an audit gathers ends with 4 and a stack on stderr, not with a crash, and nothing on stdout
// is half a report.
func TestPanic(t *testing.T) {
	dns, err := testnet.ServeDNS(testnet.MustZone("good.example. A 127.0.0.1\n"), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer dns.Close()
	for network, args := range map[string][]string{
		"udp": {"check", "good.example", "--only", "spf"},
		"tcp": {"check", "good.example", "--only", "submission", "--submission", "127.0.0.1:2525"},
	} {
		w, stdout, stderr := world(nil)
		w.Args = append(slices.Clone(args), "--resolver", dns.Addr().String(), "-f", "json")
		w.Dial = func(ctx context.Context, n, address string) (net.Conn, error) {
			if n == network {
				panic("the cable\x1b[31m is cut")
			}
			return testnet.Dial(ctx, n, address)
		}
		if code := Main(w); code != exitInternal {
			t.Errorf("%s: exit %d, want %d", network, code, exitInternal)
		}
		first, rest, _ := strings.Cut(stderr.String(), "\n")
		if first != `mailaudit: internal error: the cable\x1b[31m is cut` {
			t.Errorf("%s: %q", network, first)
		}
		if !strings.Contains(rest, "cli.TestPanic.func") {
			t.Errorf("%s: the stack does not show where it was:\n%s", network, rest)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: stdout %q", network, stdout)
		}
	}
}

// TestInternalError: what is nobody's mistake on the command line ends with 4, not with 2 and advice.
func TestInternalError(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"rules"}, {"demo"}, {"completion", "bash"}, {"help"}, {"--help"}, {"check", "-h"}, {"config", "print"}} {
		w, _, stderr := world(nil)
		w.Args, w.Stdout = args, failing{}
		if code := Main(w); code != exitInternal || stderr.String() != "mailaudit: disk full\n" {
			t.Errorf("%v: exit %d, stderr %q", args, code, stderr)
		}
	}
}
