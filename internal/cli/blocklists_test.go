package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/report"
	"mailaudit/internal/testnet"
)

const canary = "canary0key1of2nobody"

// keyedZone is a world in which the keyed zones of Spamhaus answer to the canary, and list the sender with words and
// aliases that hold it.
const keyedZone = `
d.example. SOA ns.d.example. h.d.example. 1 2 3 4 5
d.example. TXT "v=spf1 ip4:11.0.0.1 -all"
d.example. MX 10 mx.d.example.
mx.d.example. A 11.0.0.2
2.0.0.127.` + canary + `.zen.dq.spamhaus.net. A 127.0.0.2
1.0.0.11.` + canary + `.zen.dq.spamhaus.net. CNAME listed.` + canary + `.zen.dq.spamhaus.net.
listed.` + canary + `.zen.dq.spamhaus.net. A 127.0.0.4
listed.` + canary + `.zen.dq.spamhaus.net. TXT "asked with CANARY0KEY1OF2NOBODY" " as ` + canary + `"
dbltest.com.` + canary + `.dbl.dq.spamhaus.net. CNAME a.` + canary + `.dbl.dq.spamhaus.net.
a.` + canary + `.dbl.dq.spamhaus.net. CNAME dbltest.com.` + canary + `.dbl.dq.spamhaus.net.
`

// TestKeyNowhere: the key of a list is in the questions, and in nothing else that leaves the process: no format, no
// recording, no message, whatever goes wrong.
func TestKeyNowhere(t *testing.T) {
	for name, fault := range map[string]testnet.DNSFault{
		"answered": testnet.DNSHealthy, "SERVFAIL": testnet.DNSServFail, "refused": testnet.DNSRefused, "garbage": testnet.DNSGarbage,
		"truncated": testnet.DNSTruncateDead, "silent": testnet.DNSDrop, "lame": testnet.DNSLame, "another name": testnet.DNSWrongName,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := testnet.ServeDNS(testnet.MustZone(keyedZone), testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{{}: fault}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			rec := filepath.Join(t.TempDir(), "rec")
			check := []string{"check", "d.example", "--ip", "11.0.0.1", "--only", "dnsbl,mx", "--timeout", "700ms"}
			live := append(slices.Clone(check), "--resolver", s.Addr().String())
			runs := [][]string{append(slices.Clone(live), "--record", rec)}
			for _, f := range report.Formats {
				runs = append(runs, append(slices.Clone(live), "-v", "--format", f))
			}
			for _, f := range report.ListFormats {
				runs = append(runs, []string{"blocklists", "--resolver", s.Addr().String(), "--timeout", "700ms", "--format", f})
			}
			runs = append(runs, append(slices.Clone(check), "--replay", rec, "-v"))
			for _, args := range runs {
				out, code := runKeyed(args, canary)
				if strings.Contains(strings.ToLower(out), canary) || code == exitInternal || code == exitUsage && !slices.Contains(args, "nagios") {
					t.Errorf("%q: exit %d\n%s", args, code, out)
				}
				if slices.Contains(args, "json") && !strings.Contains(out, "zen.dq.spamhaus.net") {
					t.Errorf("%q says nothing of the list\n%s", args, out)
				}
			}
			text, err := os.ReadFile(rec)
			if err != nil || strings.Contains(strings.ToLower(string(text)), canary) || !bytes.Contains(text, []byte(`.zen.dq.spamhaus.net`)) {
				t.Errorf("recorded: %v\n%s", err, text)
			}
			asked := slices.ContainsFunc(s.Asked(), func(q testnet.DNSAsked) bool { return strings.HasSuffix(q.Name, canary+".zen.dq.spamhaus.net") })
			public := slices.ContainsFunc(s.Asked(), func(q testnet.DNSAsked) bool {
				return strings.HasSuffix(q.Name, "zen.spamhaus.org") || strings.HasSuffix(q.Name, "dbl.spamhaus.org")
			})
			if !asked || public {
				t.Errorf("the keyed zone was asked: %v; the one that it takes the place of: %v", asked, public)
			}
		})
	}
}

// runKeyed runs the command with the key of Spamhaus in its environment, and gives all that it writes.
func runKeyed(args []string, key string) (out string, code int) {
	var b bytes.Buffer
	code = Main(World{Args: args, Stdin: strings.NewReader(""), Stdout: &b, Stderr: &b, Version: "test", Dial: testnet.Dial,
		LookupEnv: func(name string) (string, bool) {
			value, set := map[string]string{"MAILAUDIT_DQS_KEY": key}[name]
			return value, set
		},
		Terminal: func() Terminal { return Terminal{} }})
	return b.String(), code
}

// TestKeyRefused: what cannot be a key is told without it.
func TestKeyRefused(t *testing.T) {
	for _, key := range []string{canary + ".x", canary + " ", "\"" + canary, strings.Repeat(canary, 4), "-" + canary} {
		for _, args := range [][]string{
			{"check", "d.example", "--resolver", "127.0.0.1:1", "--record", filepath.Join(t.TempDir(), "rec")},
			{"blocklists", "--resolver", "127.0.0.1:1"},
		} {
			out, code := runKeyed(args, key)
			if code != exitUsage || strings.Contains(out, "canary") || !strings.HasPrefix(out, "mailaudit: MAILAUDIT_DQS_KEY: the key ") || !strings.HasSuffix(out, "\ntry: unset MAILAUDIT_DQS_KEY\n") {
				t.Errorf("%q: exit %d\n%s", key, code, out)
			}
			if len(args) > 4 {
				if _, err := os.Stat(args[5]); err == nil {
					t.Error("a recording was begun")
				}
			}
		}
	}
}

// TestKeyUnset: without it the list is known and off, and the public zone is asked.
func TestKeyUnset(t *testing.T) {
	s, err := testnet.ServeDNS(testnet.MustZone("zen.spamhaus.org. SOA ns. h. 1 2 3 4 5\n2.0.0.127.zen.spamhaus.org. A 127.0.0.2\n"), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, code := runKeyed([]string{"blocklists", "--resolver", s.Addr().String()}, "")
	if code != exitOK || !strings.Contains(strings.Join(strings.Fields(out), " "), "needs a key: set MAILAUDIT_DQS_KEY") {
		t.Errorf("exit %d\n%s", code, out)
	}
	for _, q := range s.Asked() {
		if strings.Contains(q.Name, "dq.spamhaus.net") || strings.Contains(q.Name, "<") {
			t.Errorf("asked %s", q.Name)
		}
	}
}
