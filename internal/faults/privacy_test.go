package faults

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailaudit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/cli"
	"mailaudit/internal/testnet"
)

// TestPrivacy holds what docs/privacy.md and SECURITY.md promise: an audit connects to the resolver that was named and to the
// domain's own hosts on the ports that are said there, and to nobody else; every name that is asked for is the domain's own, one that
// its records name, or one in the zone of a list that is on; and the key of a list is in questions alone.
func TestPrivacy(t *testing.T) {
	const key = "canary0key1of2nobody"
	dns, err := testnet.ServeDNS(testnet.MustZone(healthy(t)), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	resolver := dns.Addr().String()
	var mu sync.Mutex
	dialled := map[string]bool{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		dialled[address] = true
		mu.Unlock()
		if address != resolver {
			return nil, context.DeadlineExceeded
		}
		return testnet.Dial(ctx, network, address)
	}
	for _, format := range []string{"table", "json", "html", "csv", "prometheus"} {
		var out, errs bytes.Buffer
		cli.Main(cli.World{Args: []string{"check", domain, "--resolver", resolver, "--ip", "192.0.2.25", "--selector", "s1", "--helo", "mail.healthy.example", "--assume-public", "192.0.2.0/24", "-v", "-f", format},
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dial: dial, Version: "test", Terminal: func() cli.Terminal { return cli.Terminal{Width: 100} },
			LookupEnv: func(name string) (string, bool) {
				if name == "MAILAUDIT_DQS_KEY" {
					return key, true
				}
				return "", false
			}})
		if out.Len() == 0 || bytes.Contains(out.Bytes(), []byte(key)) || bytes.Contains(errs.Bytes(), []byte(key)) {
			t.Errorf("%s: %d octets, or the key is in them or on stderr: %s", format, out.Len(), &errs)
		}
	}
	// MX hosts, the host of the MTA-STS policy, and mail.healthy.example, which may be a submission service by its name.
	own := []string{resolver, "192.0.2.35:25", "192.0.2.36:25", "192.0.2.80:443", "192.0.2.25:465", "192.0.2.25:587"}
	for address := range dialled {
		if !slices.Contains(own, address) {
			t.Errorf("it dialled %s", address)
		}
	}
	if len(dialled) != len(own) {
		t.Errorf("it dialled %v, want all of %v, so that this test says little", dialled, own)
	}

	file, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{domain, "host.example", "esp.example", "in-addr.arpa"}
	for _, l := range file.On(func(variable string) bool { return variable == "MAILAUDIT_DQS_KEY" }) {
		allowed = append(allowed, strings.Replace(l.Zone, blocklist.Placeholder, key, 1))
	}
	keyed := false
	for _, a := range dns.Asked() {
		keyed = keyed || strings.Contains(a.Name, key)
		switch a.Name {
		case ".", "_dmarc.example", "mailaudit.invalid": // whether there is an Internet, the tree walk, and whether the resolver makes up answers
			continue
		}
		if !slices.ContainsFunc(allowed, func(zone string) bool { return a.Name == zone || strings.HasSuffix(a.Name, "."+zone) }) {
			t.Errorf("it asked for %s %s", a.Name, a.Type)
		}
	}
	if !keyed {
		t.Error("no question has the key, so that this test says little")
	}
}
