package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
	"mailaudit/internal/history"
	"mailaudit/internal/report"
	"mailaudit/internal/serve"
)

// What serve does unless told otherwise.
const (
	serveAddress = "127.0.0.1:8025"
	serveQueue   = 256
	maxQueue     = 100_000
	serveRate    = 5 // audits that one client may begin in a second
	serveBurst   = 100
	minToken     = 16 // characters
)

// Bounds on one request: what one client may have looked up at once.
const (
	maxRequestAddresses = 256
	maxRequestSelectors = 32
	maxRequestServices  = 8
)

// serveFlags are the flags of check that a server takes, and its own.
var serveFlags = []string{"listen", "queue", "rate", "history", "history-keep", "resolver", "zone", "zone-remove", "offline", "only", "skip", "receivers", "receivers-file",
	"blocklists", "accept-list-terms", "require-dnsbl", "timeout", "ca-file", "probe", "probe-inbound", "egress-check", "trust-ad", "rdap",
	"rdap-server", "allow-private", "assume-public", "concurrency", "ipv4", "ipv6", "config", "quiet", "verbose", "help"}

// serveOptions are the flags of serve.
type serveOptions struct {
	checkOptions
	listen string
	queue  int
	rate   float64
}

func newServe(w World) *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use: "serve", Short: "a page, a JSON API and a probe for Prometheus", Args: cobra.NoArgs,
		Long: "serve answers HTTP: a page with a form, a JSON API, which\n" +
			"/api/v1/openapi.json describes, /probe?target= and /metrics for Prometheus,\n" +
			"/healthz. It listens on loopback unless told otherwise, and then asks for the\n" +
			"token in MAILAUDIT_TOKEN. Private addresses are not dialled, whoever names\n" +
			"them, unless --allow-private is given.",
		Example:           "  mailaudit serve --history mailaudit.db\n  MAILAUDIT_TOKEN=$(openssl rand -hex 32) mailaudit serve --listen 0.0.0.0:8025",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return o.run(cmd, w) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", serveAddress, "listen at this `ADDRESS`, HOST:PORT; port 0 takes a free one")
	f.IntVar(&o.queue, "queue", serveQueue, "the `NUMBER` of audits that may wait")
	f.Float64Var(&o.rate, "rate", serveRate, fmt.Sprintf("the `NUMBER` of audits that one client may begin in a second, over time; %d at once", serveBurst))
	o.register(cmd, "table", report.Formats)
	keep(cmd, serveFlags)
	return cmd
}

// run answers until it is interrupted. That is how a server ends: all that it took on is finished, and the exit code is 0.
func (o *serveOptions) run(cmd *cobra.Command, w World) (failed error) {
	if err := refuse(cmd, serveFlags); err != nil {
		return err
	}
	// What the environment or the config file has for check is no mistake here, and no setting either.
	streams, err := settle(w, cmd)
	if err != nil {
		return err
	}
	o.ofServer()
	token, _ := w.LookupEnv("MAILAUDIT_TOKEN")
	if err := o.safe(token); err != nil {
		return err
	}
	if len(streams) > 0 {
		return usagef("serve takes no streams: each request says its own")
	}
	kept := o.history
	o.history = "" // the server itself keeps the reports
	j, err := o.job(w, nil, cmd, report.Formats)
	if err != nil {
		return err
	}
	defer j.end(&failed)
	file, remove, err := historyFile(kept)
	if err != nil {
		return err
	}
	defer remove()
	store, err := history.Open(cmd.Context(), file)
	if err != nil {
		return usagef("--history %v", err)
	}
	defer store.Close()
	listener, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", o.listen)
	if err != nil {
		return usagef("--listen %s: %v", o.listen, err)
	}
	level := slog.LevelInfo
	switch {
	case o.out.quiet:
		level = slog.LevelWarn
	case o.out.verbose:
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(w.Stderr, &slog.HandlerOptions{Level: level}))
	server := serve.New(serve.Config{
		Audit: func(ctx context.Context, r serve.Request, asked func()) (*audit.Report, error) {
			return j.requested(ctx, r, asked)
		},
		Check: func(r serve.Request) (string, error) {
			t, _, err := j.read(r)
			return t.Domain, err
		},
		History: store, Keep: o.historyKeep, Log: log, Version: w.Version, Token: token, Running: o.concurrency, Queue: o.queue,
		Rate: o.rate, Burst: serveBurst, Timeout: o.timeout, Formats: report.Formats,
	})
	log.Info("listening", "url", "http://"+listener.Addr().String()+"/", "token", token != "", "history", cmp.Or(kept, "until it stops"))
	return server.Serve(cmd.Context(), listener)
}

// ofServer sets what is so for every server.
func (o *serveOptions) ofServer() {
	o.batch, o.lasting = true, true
	o.domains, o.resume, o.record, o.replay, o.baseline, o.suppressions, o.message = "", "", "", "", "", "", ""
	o.ips, o.selectors, o.submission = nil, nil, nil
	o.mailFrom, o.helo, o.dkimDomain, o.daily, o.profile = "", "", "", 0, "auto"
	o.out.format, o.out.file = "table", ""
}

// safe refuses to listen where strangers are without asking them for a token.
func (o *serveOptions) safe(token string) error {
	host, _, err := net.SplitHostPort(o.listen)
	a, aerr := netip.ParseAddr(host)
	loopback := host == "localhost" || aerr == nil && a.Unmap().IsLoopback()
	const try = "MAILAUDIT_TOKEN=$(openssl rand -hex 32) mailaudit serve --listen 0.0.0.0:8025"
	switch {
	case err != nil:
		return usageError{fmt.Sprintf("--listen %q: not of the form HOST:PORT", o.listen), "mailaudit serve --listen " + serveAddress}
	case o.historyKeep < 0:
		return usagef("--history-keep %d: it cannot be negative", o.historyKeep)
	case o.queue < 1 || o.queue > maxQueue:
		return usagef("--queue %d: between 1 and %d", o.queue, maxQueue)
	case !(o.rate > 0):
		return usagef("--rate %v: more than nothing is needed", o.rate)
	case token != "" && len(token) < minToken:
		return usageError{fmt.Sprintf("MAILAUDIT_TOKEN has %d characters: %d are needed at least", len(token), minToken), try}
	case token == "" && !loopback:
		return usageError{fmt.Sprintf("--listen %s is not loopback: that takes a token, in MAILAUDIT_TOKEN", o.listen), try}
	}
	return nil
}

// historyFile is where reports are kept: without --history until the server stops.
func historyFile(file string) (_ string, remove func(), err error) {
	if file != "" {
		return file, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "mailaudit-")
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, "history.db"), func() { _ = os.RemoveAll(dir) }, nil
}

// read makes a target of a request, or says by a serve.BadRequest what is wrong with it. The settings of the server stand; a
// request can narrow them, and not widen them.
func (j *job) read(r serve.Request) (gather.Target, audit.Options, error) {
	t, o := j.target, j.options
	err := func() error {
		domain, err := domainOf(r.Domain)
		if err != nil {
			return err
		}
		t.Domain = domain
		switch {
		case r.Daily < 0:
			return usagef("daily %d: it cannot be negative", r.Daily)
		case len(r.Selectors) > maxRequestSelectors:
			return usagef("selectors: %d at most", maxRequestSelectors)
		case len(r.Submission) > maxRequestServices:
			return usagef("submission: %d services at most", maxRequestServices)
		case r.Profile != "" && !slices.Contains(profiles, r.Profile):
			return usagef("profile %q: one of %s", r.Profile, strings.Join(profiles, ", "))
		}
		if r.Profile != "" && r.Profile != "auto" {
			t.Profile = r.Profile
		}
		if err := fewAddresses(r.IPs); err != nil {
			return err
		}
		if t.Streams, err = streamsOf([]streamConfig{{Name: defaultStream, IPs: r.IPs, MailFrom: r.MailFrom, HELO: r.HELO,
			DKIMDomain: r.DKIMDomain, Selectors: r.Selectors, Daily: r.Daily}}, domain); err != nil {
			return err
		}
		for _, s := range r.Submission {
			e, err := endpoint(s)
			if err != nil {
				return err
			}
			e.Guarded = true // who asks is a stranger
			t.Submission = append(t.Submission, e)
		}
		wanted, err := areas(r.Only, r.Skip)
		if err != nil {
			return err
		}
		server := o.Wanted
		o.Wanted = func(a checks.Area) bool { return server(a) && wanted(a) }
		return nil
	}()
	var use usageError
	if errors.As(err, &use) {
		flag, rest := leadingFlag(use.what)
		err = serve.BadRequest{What: strings.ReplaceAll(flag, "-", "_") + rest} // who asks typed no flag, but a parameter
	}
	return t, o, err
}

// fewAddresses refuses more than one request may name. It goes no further than that: to sort out 256 ranges takes seconds.
func fewAddresses(ips []string) error {
	all := map[netip.Addr]bool{}
	for i, x := range ips {
		l, err := addresses(x)
		if err != nil {
			return err
		}
		for _, a := range l {
			all[a] = true
		}
		if i >= maxRequestAddresses || len(all) > maxRequestAddresses {
			return usagef("%d addresses at most", maxRequestAddresses)
		}
	}
	return nil
}

// requested audits for a request.
func (j *job) requested(ctx context.Context, r serve.Request, asked func()) (*audit.Report, error) {
	t, o, err := j.read(r)
	if err != nil {
		return nil, err
	}
	env := j.env.Remembering()
	env.DNS = tallied{env.DNS, asked}
	return audit.Run(ctx, env, t, o), nil
}

// tallied tells of every question that went out.
type tallied struct {
	dnsx.Resolver
	asked func()
}

func (c tallied) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	a := c.Resolver.Lookup(ctx, q)
	for range a.Asked {
		c.asked()
	}
	return a
}
