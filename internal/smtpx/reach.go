package smtpx

import (
	"bufio"
	"context"
	"io"
	"net/netip"
	"time"
)

// Reach tries whether a connection to an address can be made, and takes leave of whoever answers. why tells of all but Open.
func Reach(ctx context.Context, dial DialFunc, a netip.AddrPort) (s Status, why string) {
	p := Probe{Status: Unknown}
	conn, err := connect(ctx, dial, Target{Addrs: []netip.AddrPort{a}, Patience: DefaultPatience}, &p)
	if err != nil {
		return p.Status, err.Error()
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	// Who speaks SMTP greets first; who speaks TLS waits, and need not be told anything.
	if conn.SetDeadline(time.Now().Add(quitPatience)) != nil {
		return Open, ""
	}
	if _, err := readReply(bufio.NewReader(conn)); err == nil {
		_, _ = io.WriteString(conn, "QUIT\r\n") // nothing hangs on it
	}
	return Open, ""
}
