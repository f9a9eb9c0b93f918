//go:build lab

package netlab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// World is a lab with the servers of a package's tests.
type World interface {
	Up(context.Context) error
	Down(context.Context) error
}

// Main runs tests in a new world, and gives their exit code. With LAB_STAY=1 the world is there for whoever started it until an
// interrupt, with a line that says how to look at it, and no test runs; with LAB_DOWN=1 what killed runs left behind is removed, and
// nothing else is done. tests gets what ends when they are interrupted.
func Main(build func() (World, error), try func() string, tests func(context.Context) int) int {
	code, err := runIn(build, try, tests)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		code = max(code, 1)
	}
	return code
}

func runIn(build func() (World, error), try func() string, tests func(context.Context) int) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := Sweep(ctx); err != nil {
		return 0, err
	}
	if os.Getenv("LAB_DOWN") != "" {
		return 0, nil
	}
	w, err := build()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Down(context.WithoutCancel(ctx))) }()
	if err := w.Up(ctx); err != nil {
		return 0, err
	}
	if os.Getenv("LAB_STAY") != "" {
		fmt.Println(try())
		<-ctx.Done()
		return 0, nil
	}
	return tests(ctx), nil
}
