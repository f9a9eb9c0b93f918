// Package engine asks a filter for its opinion of a message: spamd of SpamAssassin and Rspamd, by the protocols that their
// own clients speak. The user names the filter; what it answers is text by a stranger, bounded in size and time.
package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// The engines.
const (
	Spamd  = "spamd"
	Rspamd = "rspamd"
)

// Bounds on one answer.
const (
	timeout    = 20 * time.Second
	maxAnswer  = 1 << 20
	maxSymbols = 200
	maxSymbol  = 100 // octets
)

// Engine is a filter at an address, HOST:PORT.
type Engine struct{ Kind, Addr string }

// Envelope is what the receiver would know of the sender beside the message; what is not known is zero.
type Envelope struct {
	IP   netip.Addr
	From string
	HELO string
}

// Opinion is what an engine says.
type Opinion struct {
	Score, Required float64 // it takes the message for spam from Required on
	Symbols         []string
}

// DialFunc makes a connection.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Ask gives the engine's opinion of a message, whose lines end in CRLF.
func Ask(ctx context.Context, dial DialFunc, e Engine, message string, from Envelope) (Opinion, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()
	ask := spamd
	if e.Kind == Rspamd {
		ask = rspamd
	}
	o, err := ask(ctx, dial, e.Addr, message, from)
	if err != nil && ctx.Err() != nil { // what the connection says of its end is not why it ended
		err = context.Cause(ctx)
	}
	return o, err
}

// symbols bounds the names of what matched.
func symbols(l []string) []string {
	out := []string{}
	for _, s := range l[:min(len(l), maxSymbols)] {
		out = append(out, s[:min(len(s), maxSymbol)])
	}
	return out
}
