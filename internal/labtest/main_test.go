//go:build lab

package labtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"mailaudit/internal/netlab"
)

// lab is the lab that all tests share. They change nothing in it.
var lab *Lab

func TestMain(m *testing.M) {
	Play()
	code, err := runIn(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// runIn runs the tests in a new lab. With LAB_STAY=1 the lab is there for whoever started it until an interrupt, and no
// test runs; with LAB_DOWN=1 what killed runs left behind is removed, and nothing else is done.
func runIn(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := netlab.Sweep(ctx); err != nil {
		return 0, err
	}
	if os.Getenv("LAB_DOWN") != "" {
		return 0, nil
	}
	if lab, err = New(os.DirFS("../../lab")); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lab.Down(context.WithoutCancel(ctx))) }()
	if err := lab.Up(ctx); err != nil {
		return 0, err
	}
	if os.Getenv("LAB_STAY") != "" {
		fmt.Printf("the lab is up; its files are in %s\nip netns exec %s %s check good.example --assume-public 198.51.100.0/24 --assume-public 203.0.113.0/24 --ca-file %s\n",
			lab.Dir, lab.Auditor, lab.Binary(), lab.CAFile())
		<-ctx.Done()
		return 0, nil
	}
	// An interrupt ends what the tests have started, so that they end themselves.
	running = ctx
	return m.Run(), nil
}

// running ends when the tests are interrupted.
var running context.Context
