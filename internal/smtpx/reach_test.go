package smtpx_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"

	"mailaudit/internal/smtpx"
	"mailaudit/internal/testnet"
)

// TestReach: open, refused, silent and our own fault are told apart, and who greets is taken leave of.
func TestReach(t *testing.T) {
	listen := func() net.Listener {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	at := func(l net.Listener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }
	greets, mute := listen(), listen()
	closed, release, err := testnet.Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	said := make(chan string, 1)
	go func() {
		c, err := greets.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "220 mx.example ESMTP\r\n")
		line, _ := bufio.NewReader(c).ReadString('\n')
		said <- line
	}()
	silent := func(context.Context, string, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
	for _, c := range []struct {
		name string
		dial smtpx.DialFunc
		to   netip.AddrPort
		want smtpx.Status
	}{
		{"greets", testnet.Dial, at(greets), smtpx.Open},
		{"mute, as TLS is", testnet.Dial, at(mute), smtpx.Open},
		{"closed", testnet.Dial, closed, smtpx.Refused},
		{"silent", silent, at(mute), smtpx.Filtered},
		{"not to be dialled", testnet.Dial, netip.MustParseAddrPort("192.0.2.1:25"), smtpx.Unknown},
	} {
		s, why := smtpx.Reach(t.Context(), c.dial, c.to)
		if s != c.want || (why == "") != (c.want == smtpx.Open) {
			t.Errorf("%s: %s, %q", c.name, s, why)
		}
	}
	if line := <-said; line != "QUIT\r\n" {
		t.Errorf("said %q", line)
	}
}
