//go:build lab

//go:debug rsa1024min=0
package labmatrix

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

// matrix is the lab that all tests share.
var matrix *Matrix

func TestMain(m *testing.M) {
	netlab.Play(Parts())
	code, err := runIn(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// runIn runs the tests in a new lab. With LAB_STAY=1 the lab is there for whoever started it until an interrupt, and no
// test runs.
func runIn(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := netlab.Sweep(ctx); err != nil {
		return 0, err
	}
	if matrix, err = New(os.DirFS("../../lab")); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, matrix.Down(context.WithoutCancel(ctx))) }()
	if err := matrix.Up(ctx); err != nil {
		return 0, err
	}
	if os.Getenv("LAB_STAY") != "" {
		fmt.Printf("the lab is up; its files are in %s\nip netns exec %s %s check good.example --ip %s\n", matrix.Dir, matrix.Auditor, matrix.Binary(), senders[0].addr())
		<-ctx.Done()
		return 0, nil
	}
	// An interrupt ends what the tests have started, so that they end themselves.
	running = ctx
	return m.Run(), nil
}

// running ends when the tests are interrupted.
var running context.Context
