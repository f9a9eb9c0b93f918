// Package fleettest starts real NATS servers for tests, each in a process of its own that can be killed.
package fleettest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// The environment of such a process.
const (
	dirVariable    = "MAILAUDIT_TEST_NATS_DIR"
	listenVariable = "MAILAUDIT_TEST_NATS_PORT"
	configVariable = "MAILAUDIT_TEST_NATS_CONFIG"
)

// Main is the process of a server, where this one was started to be it; else it does nothing. TestMain begins with it.
func Main() {
	dir := os.Getenv(dirVariable)
	if dir == "" {
		return
	}
	if err := serve(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(dir string) error {
	o := &server.Options{JetStream: true}
	if config := os.Getenv(configVariable); config != "" {
		if err := o.ProcessConfigString(config); err != nil {
			return err
		}
	}
	o.Host, o.Port, o.StoreDir, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, dir, true, true
	if port := os.Getenv(listenVariable); port != "" {
		if _, err := fmt.Sscan(port, &o.Port); err != nil {
			return err
		}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		return errors.New("the server does not come up")
	}
	fmt.Println(s.ClientURL())
	_, err = io.Copy(io.Discard, os.Stdin) // it ends with the test, whatever becomes of that
	return err
}

// Server is a server on loopback.
type Server struct {
	URL    string // nats://127.0.0.1:PORT
	dir    string
	config string
	cmd    *exec.Cmd
}

// Start starts a server that keeps its streams in a folder. config is more of what a configuration file may say.
func Start(dir, config string) (*Server, error) {
	s := &Server{dir: dir, config: config}
	return s, s.start("")
}

func (s *Server) start(port string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.cmd = exec.CommandContext(context.Background(), self) // Kill ends it, or its standard input
	s.cmd.Env = append(os.Environ(), dirVariable+"="+s.dir, listenVariable+"="+port, configVariable+"="+s.config)
	s.cmd.Stderr = os.Stderr
	if _, err = s.cmd.StdinPipe(); err != nil { // which ends with this process
		return err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	s.URL = strings.TrimSpace(line)
	return err
}

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = s.cmd.Wait() // it says that it was killed
	return nil
}

// Become is what a server will be that is started again: of another folder, or another configuration.
func (s *Server) Become(dir, config string) { s.dir, s.config = dir, config }

// Restart starts a server that was killed, at the same port, and with the same streams unless it is to become another.
func (s *Server) Restart() error {
	u, err := url.Parse(s.URL)
	if err != nil {
		return err
	}
	return s.start(u.Port())
}
