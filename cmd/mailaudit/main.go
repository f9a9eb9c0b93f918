// Command mailaudit finds out why receivers would refuse a domain's mail, before it is sent.
package main

import (
	"net"
	"os"

	"golang.org/x/term"

	"mailaudit/internal/cli"
)

// Set by the linker in releases: the version, and the day of its commit (YYYY-MM-DD).
var (
	version = "devel"
	date    = ""
)

func main() {
	os.Exit(cli.Main(cli.World{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
		Dial: new(net.Dialer).DialContext, Terminal: terminal, Version: version, Date: date,
	}))
}

func terminal() cli.Terminal {
	t := cli.Terminal{Stdout: term.IsTerminal(int(os.Stdout.Fd())), Stderr: term.IsTerminal(int(os.Stderr.Fd()))}
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		t.Width = w
	}
	return t
}
