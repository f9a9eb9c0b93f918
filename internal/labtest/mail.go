//go:build lab

package labtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"mailaudit/internal/netlab"
)

// mailHost is a host of Postfix: an address, a certificate, and what differs from the usual on each of its ports.
type mailHost struct {
	Host, Addr, Cert string
	On               []mailPort // none: nothing listens
}

// mailPort is a port and the parameters of main.cf that differ on it.
type mailPort struct {
	Port    int
	Options []string
}

// on25 is an MX host, submits one that takes mail from users on 587 and 465 with these parameters.
func on25(options ...string) []mailPort { return []mailPort{{25, options}} }

func submits(on587, on465 []string) []mailPort { return []mailPort{{587, on587}, {465, on465}} }

// The parameters that make the difference.
const (
	noTLS     = "smtpd_tls_security_level=none"
	mayTLS    = "smtpd_tls_security_level=may"
	plainAuth = "smtpd_tls_auth_only=no"
	noAuth    = "smtpd_sasl_auth_enable=no"
	noWrapper = "smtpd_tls_wrappermode=no"
	noBounces = "smtpd_sender_restrictions=check_sender_access inline:{ {<> = 550 5.7.1 no bounces, please} }"
	slowly    = "smtpd_client_restrictions=sleep 300, permit"
	oldTLS    = "smtpd_tls_protocols=TLSv1.1"
	anyTLS    = "smtpd_tls_mandatory_protocols=TLSv1.1"
	oldCipher = "tls_high_cipherlist=DEFAULT@SECLEVEL=0" // OpenSSL speaks TLS 1.1 at no other level
	useHigh   = "smtpd_tls_ciphers=high"
	strangers = "mynetworks=0.0.0.0/0"
	// Postfix says no only when it has heard the recipient, unless told otherwise.
	atOnce = "smtpd_delay_reject=no"
)

// submissionEndless is the address of the server that greets without an end.
const submissionEndless = "203.0.113.63"

// mailHosts are all hosts that speak SMTP, or fail to. One at the silent address is there in DNS alone.
var mailHosts = []mailHost{
	{"mx1.good.example", "203.0.113.11", "", on25()},
	{"mx2.good.example", "203.0.113.12", "", on25()},
	{"mx.nostarttls.example", "203.0.113.13", "", on25(noTLS)},
	{"mx.oldcert.example", "203.0.113.14", certExpired, on25()},
	{"mx.othercert.example", "203.0.113.15", certOtherName, on25()},
	{"mx.nonull.example", "203.0.113.16", "", on25(noBounces, atOnce)},
	{"mx.nonulllate.example", "203.0.113.26", "", on25(noBounces)},
	{"mx.nopostmaster.example", "203.0.113.17", "", on25("smtpd_recipient_restrictions=check_recipient_access inline:{ {postmaster@nopostmaster.example = 550 5.1.1 nobody here}, {abuse@nopostmaster.example = 550 5.1.1 nobody here} }")},
	{"mx.openrelay.example", "203.0.113.18", "", on25(strangers, "smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination")},
	{"mx.refused.example", "203.0.113.19", "", nil},
	{"mx.postscreen.example", "203.0.113.20", "", []mailPort{{Port: portPostscreen}}},
	{"mx.danemismatch.example", "203.0.113.21", "", on25()},
	{"mx.danerollover.example", "203.0.113.22", "", on25()},
	{"mx.danenotls.example", "203.0.113.23", "", on25(noTLS)},
	{"mx.daneunsigned.example", "203.0.113.24", "", on25()},
	{"mx.tarpit.example", "203.0.113.25", "", on25(slowly, atOnce)},
	{"mx.filtered.example", silent, "", nil},
	{"mx.oldtls.example", "203.0.113.27", "", on25(oldTLS, oldCipher, useHigh)},
	{"mx.auth.example", "203.0.113.28", "", on25("smtpd_sasl_auth_enable=yes", plainAuth)},
	{"mx.vrfy.example", "203.0.113.29", "", on25("disable_vrfy_command=no")},
	{"mx.catchall.example", "203.0.113.30", "", on25("local_recipient_maps=")},
	{"mx.small.example", "203.0.113.31", "", on25("message_size_limit=1000000")},
	{"mx.selfsigned.example", "203.0.113.32", certSelfSigned, on25()},
	{"mx.expiring.example", "203.0.113.33", certExpiring, on25()},
	{"mx.listed.example", "198.51.100.128", "", nil}, // the first answer of each blocklist

	{"submission.good.example", "203.0.113.51", "", submits(nil, nil)},
	{"plain-auth.good.example", "203.0.113.52", "", submits([]string{plainAuth, mayTLS}, nil)},
	{"expired.good.example", "203.0.113.53", certExpired, submits(nil, nil)},
	{"other-name.good.example", "203.0.113.54", certOtherName, submits(nil, nil)},
	{"self-signed.good.example", "203.0.113.55", certSelfSigned, submits(nil, nil)},
	{"no-starttls.good.example", "203.0.113.56", "", submits([]string{noTLS, plainAuth}, nil)},
	{"no-auth.good.example", "203.0.113.57", "", submits([]string{noAuth, "smtpd_recipient_restrictions=reject"}, []string{noAuth, "smtpd_recipient_restrictions=reject"})},
	{"plain-465.good.example", "203.0.113.58", "", submits(nil, []string{noWrapper, mayTLS})},
	{"refused.good.example", "203.0.113.59", "", nil},
	{"expiring.good.example", "203.0.113.61", certExpiring, submits(nil, nil)},
	{"old-tls.good.example", "203.0.113.62", "", submits([]string{anyTLS, oldCipher, "smtpd_tls_mandatory_ciphers=high"}, nil)},
	{"relay.good.example", "203.0.113.64", "", submits([]string{strangers, "smtpd_recipient_restrictions=permit_mynetworks, reject",
		"smtpd_relay_restrictions=permit_mynetworks, reject"}, nil)},
	{"tarpit.good.example", "203.0.113.60", "", submits([]string{slowly, atOnce}, []string{slowly, atOnce})},
	{"endless.good.example", submissionEndless, "", nil},
	{"filtered.good.example", silent, "", nil},
}

// portPostscreen marks the host whose port 25 postscreen answers, which greets in two parts.
const portPostscreen = 0

func mailHostAddr(host string) string {
	i := slices.IndexFunc(mailHosts, func(h mailHost) bool { return h.Host == host })
	return mailHosts[i].Addr
}

// mail starts Dovecot, which knows the users, and Postfix.
func (l *Lab) mail(ctx context.Context) error {
	for _, dir := range []string{"spool", "data", "dovecot"} {
		if err := os.Mkdir(l.Path(dir), 0o755); err != nil {
			return err
		}
	}
	if err := netlab.Give(l.Path("data"), "postfix"); err != nil {
		return err
	}
	var receives []string
	for _, d := range domains {
		receives = append(receives, d.name)
	}
	data := struct {
		Dir     string
		Domains []string
		Hosts   []mailHost
	}{l.Dir, receives, mailHosts}
	for file, from := range map[string]string{"postfix/main.cf": "main.cf.tmpl", "postfix/master.cf": "master.cf.tmpl", "dovecot.conf": "dovecot.conf.tmpl"} {
		if err := l.Configure(file, from, data); err != nil {
			return err
		}
	}
	// It makes the queue's directories, where Dovecot then puts its socket.
	if err := netlab.Run(exec.CommandContext(ctx, "postfix", "-c", l.Path("postfix"), "check")); err != nil {
		return err
	}
	if err := l.Start(l.World, "dovecot", nil, "dovecot", "-F", "-c", l.Path("dovecot.conf")); err != nil {
		return err
	}
	return l.Start(l.World, "postfix", nil, "/usr/lib/postfix/sbin/master", "-c", l.Path("postfix"), "-d")
}

// Option is a parameter as master.cf takes it.
func (mailPort) Option(s string) string {
	name, value, _ := strings.Cut(s, "=")
	return fmt.Sprintf("-o { %s = %s }", name, value)
}

// services are the places that answer when the world is up.
func services() []string {
	l := []string{"tcp/" + web + ":443", "tcp/" + endless.String()}
	for _, h := range mailHosts {
		for _, p := range h.On {
			if p.Port == portPostscreen {
				p.Port = 25
			}
			l = append(l, fmt.Sprintf("tcp/%s:%d", h.Addr, p.Port))
		}
	}
	return l
}
