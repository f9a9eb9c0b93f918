//go:build lab

package labtest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"

	"mailaudit/internal/netlab"
)

// envBanner is the address where a copy of this process greets without an end.
const envBanner = "MAILAUDIT_LAB_BANNER"

// Play plays a part inside a namespace, if that is what this process was started for, and does not return then.
func Play() { netlab.Play(map[string]func(string) error{envBanner: greetForever}) }

// endless greets clients and never comes to the end of it: no daemon of the distribution does that.
var endless = netip.MustParseAddrPort(submissionEndless + ":587")

// misbehaving starts what only an enemy would run.
func (l *Lab) misbehaving(context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return l.Start(l.World, "endless-banner", []string{envBanner + "=" + endless.String()}, self)
}

func greetForever(addr string) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return err
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			for err == nil {
				_, err = fmt.Fprint(c, "220-more follows\r\n")
			}
		}()
	}
}
