//go:build lab

package labtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"mailaudit/internal/netlab"
)

// lab is the lab that all tests share. They change nothing in it.
var lab *Lab

// running ends when the tests are interrupted: what they have started ends then, so that they end themselves.
var running context.Context

func TestMain(m *testing.M) {
	Play()
	os.Exit(netlab.Main(func() (w netlab.World, err error) {
		lab, err = New(os.DirFS("../../lab"))
		return lab, err
	}, func() string {
		return fmt.Sprintf("the lab is up; its files are in %s\nip netns exec %s %s check good.example --assume-public 198.51.100.0/24 --assume-public 203.0.113.0/24 --ca-file %s",
			lab.Dir, lab.Auditor, lab.Binary(), lab.CAFile())
	}, func(ctx context.Context) int {
		running = ctx
		return m.Run()
	}))
}
