//go:build lab

package labtest

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"text/template"
	"time"

	"mailaudit/internal/netlab"
	"mailaudit/internal/testnet"
)

// Lab is one running lab.
type Lab struct {
	*netlab.Lab
	ca   *testnet.CA
	keys map[string]tls.Certificate // by host
}

// startTime bounds how long the lab may take to come up, with the compilation of all that it runs.
const startTime = 10 * time.Minute

// New reads the templates of the lab's configuration.
func New(templates fs.FS) (l *Lab, err error) {
	l = &Lab{}
	if l.Lab, err = netlab.New(templates, template.FuncMap{"tlsa": l.tlsa}, "*.tmpl"); err != nil {
		return nil, err
	}
	l.ca, err = testnet.NewCA()
	return l, err
}

// Up starts everything, and returns when everything answers. After an error, too, Down must be called.
func (l *Lab) Up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := l.Connect(ctx, inhabited(), nil); err != nil {
		return err
	}
	built := make(chan error, 1)
	go func() { built <- l.Build(ctx) }()
	for _, step := range []func(context.Context) error{
		l.certificates, l.zones, l.lists, l.nameServers, l.web, l.mail, l.misbehaving, l.filters, l.resolvers,
	} {
		if err := step(ctx); err != nil {
			return errors.Join(err, <-built)
		}
	}
	if err := <-built; err != nil {
		return err
	}
	return l.Wait(ctx, l.World, services()...)
}
