//go:build lab

package labmatrix

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"mailaudit/internal/netlab"
	"mailaudit/internal/testnet"
)

// Matrix is a running laboratory: the senders' side in its World, the receivers' and mailaudit in its Auditor.
type Matrix struct {
	*netlab.Lab
	keys   map[string]crypto.Signer
	public map[string]string // halves of them
	zones  map[string]bool   // that the name server has
}

// startTime bounds how long the lab may take to come up, with the compilation of all that it runs. Rspamd compiles its patterns for a quarter of a minute.
const startTime = 10 * time.Minute

// New reads the templates of the lab's configuration.
func New(templates fs.FS) (*Matrix, error) {
	l, err := netlab.New(templates, nil, "nsd.conf.tmpl", "zone.tmpl", "unbound.conf.tmpl", "receivers/*.tmpl")
	return &Matrix{Lab: l, zones: map[string]bool{}}, err
}

// Up starts everything, and returns when everything answers. After an error, too, Down must be called.
func (m *Matrix) Up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	world, auditor := []string{nsd, rbl, espMX}, []string{}
	for _, s := range senders {
		world = append(world, s.addr())
	}
	for _, r := range receiverTable {
		auditor = append(auditor, r.Addr)
	}
	if err := m.Connect(ctx, world, auditor); err != nil {
		return err
	}
	built := make(chan error, 1)
	go func() { built <- m.Build(ctx) }()
	return errors.Join(m.start(ctx), <-built)
}

func (m *Matrix) start(ctx context.Context) error {
	if err := errors.Join(m.makeKeys(), m.publish(0, nil), m.messages(), m.configureResolver(), m.configureReceivers(ctx)); err != nil {
		return err
	}
	if err := errors.Join(m.nameServers(), m.sinks()); err != nil {
		return err
	}
	// A resolver that asks too early remembers that nobody answered.
	if err := m.Wait(ctx, m.World, "dns/"+nsd+":53/mail.good.example", "dns/"+rbl+":53/2.0.0.127.zen.spamhaus.org"); err != nil {
		return err
	}
	return m.startOthers(ctx)
}

// startOthers starts all that remembers.
func (m *Matrix) startOthers(ctx context.Context) error {
	if err := errors.Join(m.resolver(), m.startReceivers()); err != nil {
		return err
	}
	return m.Wait(ctx, m.Auditor, append(places(), "dns/"+netlab.AuditorEnd+":53/mail.good.example")...)
}

// republish changes records, and makes everybody forget the old ones.
func (m *Matrix) republish(ctx context.Context, fixed []record) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	const next = 1
	if err := errors.Join(m.publish(next, fixed), m.Stop(ctx, remembering...), m.Signal("nsd", syscall.SIGHUP)); err != nil {
		return err
	}
	if err := m.Wait(ctx, m.World, "dns/"+nsd+":53/"+marker(next)); err != nil {
		return err
	}
	return m.startOthers(ctx)
}

// sinks starts the senders' MX hosts.
func (m *Matrix) sinks() error {
	ca, err := testnet.NewCA()
	if err != nil {
		return err
	}
	if err := m.Write("ca.pem", ca.PEM()); err != nil {
		return err
	}
	l := []sink{{Addr: espMX, Host: "mx.esp.example", Domain: "esp.example"}}
	for _, s := range senders {
		if !s.Deaf {
			l = append(l, sink{Addr: s.addr(), Host: "mail." + s.domain(), Domain: s.domain(), Rcpt: s.Rcpt, Null: s.Null, Greeting: s.Greeting})
		}
	}
	for i := range l {
		file := "tls/" + l[i].Host + ".pem"
		text, err := pemOf(ca.Issue(l[i].Host, time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 90)))
		if err := errors.Join(err, m.Write(file, text)); err != nil {
			return err
		}
		l[i].Certificate = m.Path(file)
	}
	return m.play(envSink, "sinks", l)
}

// pemOf is a private key and its certificates.
func pemOf(c tls.Certificate) ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range c.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text, err
}

// play starts a copy of this process in the senders' namespace.
func (m *Matrix) play(part, name string, v any) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := m.Write(name+".json", text); err != nil {
		return err
	}
	return m.Start(m.World, name, []string{part + "=" + m.Path(name+".json")}, self)
}

// send sends the samples of some senders to every receiver, those first of which a server has to be waited for.
func (m *Matrix) send(ctx context.Context, from []*sender) ([]reply, error) {
	var jobs []mail
	from = slices.Clone(from)
	slices.SortStableFunc(from, func(a, b *sender) int { return slowFirst(*a, *b) })
	for _, s := range from {
		for _, r := range receiverTable {
			jobs = append(jobs, mail{s.Name, s.addr(), s.HELO, s.MailFrom, m.Path(sample(s)), r.Setup, r.Addr})
		}
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		return nil, err
	}
	if err := m.Write("jobs.json", text); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := netlab.In(ctx, m.World, self)
	cmd.Env = append(os.Environ(), envSend+"="+m.Path("jobs.json"))
	out, err := output(cmd)
	if err != nil {
		return nil, err
	}
	var replies []reply
	return replies, json.Unmarshal(out, &replies)
}

func slowFirst(a, b sender) int {
	switch {
	case a.Slow == b.Slow:
		return 0
	case a.Slow:
		return -1
	}
	return 1
}

// output is what a command prints; an error holds what it said on stderr.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = errors.Join(err, errors.New(string(failed.Stderr)))
	}
	return out, err
}
