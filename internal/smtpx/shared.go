package smtpx

import (
	"context"
	"crypto/x509"
	"net"
)

// Connect opens a connection to the first address of a target that takes one, within the time of its Connect. The Probe
// says which address that is, or how all of them failed and why. It is for other protocols than SMTP.
func Connect(ctx context.Context, dial DialFunc, t Target) (net.Conn, Probe) {
	p := Probe{Status: Unknown, TLS: NoTLS}
	conn, err := connect(ctx, dial, t, &p)
	if err != nil {
		p.Why = err.Error()
	}
	return conn, p
}

// Examine looks at the certificates that a server of another protocol sent, its own first; nil where there are none. It
// wants Host, Roots and Now of the target.
func Examine(sent []*x509.Certificate, t Target) *Cert { return examine(sent, t) }
