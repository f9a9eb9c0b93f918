package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mailaudit/internal/record/tlsa"
	"mailaudit/internal/testnet"
)

// pins FILE KIND HOST... starts one server for the MX hosts and sets $MX, its port. It writes a TLSA record of that kind,
// such as 3-1-1, of what the server presents into a zone file, for each host.
func pins(ts *testscript.TestScript, _ bool, args []string) {
	ca, err := testnet.NewCA()
	ts.Check(err)
	below, err := ca.Intermediate()
	ts.Check(err)
	hosts := args[2:]
	cert := below.Issue(hosts[0], time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 60))
	s, err := testnet.ServeSMTP(testnet.Behaviour{Host: hosts[0], Certificate: cert})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	of(ts).smtp = append(of(ts).smtp, s)
	ts.Setenv("MX", strconv.Itoa(s.Port()))
	kind, _ := tlsa.Parse(strings.ReplaceAll(args[1], "-", " "))
	der := cert.Certificate[0]
	if kind.Usage == tlsa.DANETA {
		der = cert.Certificate[1]
	}
	record, err := tlsa.Of(kind.Usage, kind.Selector, kind.Matching, der)
	ts.Check(err)
	var zone strings.Builder
	for _, h := range hosts {
		fmt.Fprintf(&zone, "_25._tcp.%s. TLSA %s\n", h, record)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(zone.String()), 0o644))
}
