package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
)

// spamd asks SpamAssassin (spamd/PROTOCOL in its sources, SPAMC/1.5, the command SYMBOLS).
func spamd(ctx context.Context, dial DialFunc, addr, message string, _ Envelope) (o Opinion, err error) {
	c, err := dial(ctx, "tcp", addr)
	if err != nil {
		return o, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if _, err := fmt.Fprintf(c, "SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s", len(message), message); err != nil {
		return o, err
	}
	if half, ok := c.(*net.TCPConn); ok {
		_ = half.CloseWrite() // it says the same as the length
	}
	r := bufio.NewReader(io.LimitReader(c, maxAnswer))
	status, err := r.ReadString('\n')
	if err != nil {
		return o, fmt.Errorf("no answer: %w", err)
	}
	words := strings.Fields(status)
	if len(words) < 3 || !strings.HasPrefix(words[0], "SPAMD/") {
		return o, fmt.Errorf("%.80q is no answer of spamd", strings.TrimSpace(status))
	}
	if words[1] != "0" {
		return o, fmt.Errorf("it answers %.80q", strings.TrimSpace(status))
	}
	scored := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return o, fmt.Errorf("the answer ends in its header: %w", err)
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Spam") {
			continue
		}
		// "True ; 15.3 / 5.0"
		_, numbers, _ := strings.Cut(value, ";")
		score, required, _ := strings.Cut(numbers, "/")
		var bad [2]error
		o.Score, bad[0] = strconv.ParseFloat(strings.TrimSpace(score), 64)
		o.Required, bad[1] = strconv.ParseFloat(strings.TrimSpace(required), 64)
		scored = bad == [2]error{} && finite(o.Score) && finite(o.Required)
	}
	if !scored {
		return Opinion{}, fmt.Errorf("the answer has no score")
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return Opinion{}, err
	}
	o.Score += 0 // it writes -0.0
	o.Symbols = symbols(strings.FieldsFunc(string(body), func(r rune) bool { return r == ',' || r <= ' ' }))
	return o, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
