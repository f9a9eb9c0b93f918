package smtpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"mailaudit/internal/clip"
)

// maxAddrs is how many addresses of a host are tried.
const maxAddrs = 4

// connect opens a connection to the first address that takes one and notes it in p, or notes how they failed. The
// addresses share the time, so that an unreachable one costs no more than its part.
func connect(ctx context.Context, dial DialFunc, t Target, p *Probe) (net.Conn, error) {
	if len(t.Addrs) == 0 {
		return nil, errors.New("no address to connect to")
	}
	addrs := t.Addrs[:min(len(t.Addrs), maxAddrs)]
	patience := t.Connect
	if patience <= 0 {
		patience = t.Patience * 2 / 3
	}
	end := time.Now().Add(patience)
	var whys []string
	for i, a := range addrs {
		share := (time.Until(end) / time.Duration(len(addrs)-i)).Round(time.Millisecond)
		start := time.Now()
		c, err := within(ctx, share, dial, a.String())
		if err == nil {
			p.Addr, p.RoundTrip = a.Addr(), time.Since(start).Milliseconds()
			return c, nil
		}
		if over(ctx) {
			p.Status = Unknown
			return nil, errors.New("no answer to a connection attempt " + ended(ctx))
		}
		status, why := failure(share, err)
		switch status {
		case Filtered: // the weaker claim than Refused, and so the one that holds for the host
			p.Status = Filtered
		case Refused:
			p.Addr = a.Addr()
			if p.Status != Filtered {
				p.Status = Refused
			}
		}
		if len(addrs) > 1 {
			why = a.Addr().String() + ": " + why
		}
		whys = append(whys, why)
	}
	return nil, errors.New(strings.Join(whys, "; "))
}

func within(ctx context.Context, d time.Duration, dial DialFunc, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return dial(ctx, "tcp", address)
}

// failure tells the ways apart in which an attempt to connect can fail. Only a reset and silence say something about
// the host; the rest lies on our side or on the way.
func failure(d time.Duration, err error) (Status, string) {
	var timeout interface{ Timeout() bool } // net.Error, and context.DeadlineExceeded
	switch {
	case errors.Is(err, errRefused):
		return Refused, "connection refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return Filtered, fmt.Sprintf("no answer to a connection attempt within %v: a firewall on either side", d)
	}
	return Unknown, clip.Text(fmt.Sprintf("our side or the way there: %v", err), maxQuote)
}

// over reports whether ctx has ended. Package net looks at the deadline itself and can be a moment ahead of ctx.Err.
func over(ctx context.Context) bool {
	d, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(d)
}

// ended says for what reason of the caller's a context is over.
func ended(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "before the audit was cancelled"
	}
	return "before the time of the audit was up"
}
