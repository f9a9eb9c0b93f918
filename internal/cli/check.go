package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailaudit"
	"mailaudit/internal/audit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/names"
	"mailaudit/internal/rdapx"
	"mailaudit/internal/receivers"
	"mailaudit/internal/report"
)

// maxConcurrency bounds the audits that are under way: each has its sockets, and its report in memory.
const maxConcurrency = 1000

// demoTimeout bounds each audit of the demo, which takes a fraction of a second.
const demoTimeout = 20 * time.Second

// checkOptions are the flags of check, as they were typed.
type checkOptions struct {
	ips, selectors, resolvers, zones, removals, submission, public []string
	mailFrom, helo, dkimDomain, profile, domains                   string
	daily                                                          int
	offline, allowPrivate, acceptTerms, requireDNSBL, probe        bool
	probeInbound, trustAD, rdap                                    bool
	egressCheck, rdapServer                                        string
	only, skip, receivers                                          []string
	receiversFile                                                  string
	blocklists, caFile, record, replay, message, resume            string
	baseline, suppressions, history                                string
	historyKeep                                                    int
	failOn                                                         string
	minScore                                                       int
	timeout                                                        time.Duration
	concurrency                                                    int
	ordered, ipv4, ipv6                                            bool
	out                                                            outputOptions

	dmarcReport string

	sample  *sample  // what --message names
	samples *samples // likewise, where it names several
	reports *reports // what --dmarc-report names
	batch   bool     // several domains, whose answers are shared
	lasting bool     // the run has no end: what was seen of a host is not remembered for other domains
}

// outputOptions are the flags of everything that writes reports.
type outputOptions struct {
	format, file, color string
	quiet, verbose      bool
	tree                bool
}

func (o *outputOptions) flags(cmd *cobra.Command, format string, formats []string) {
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "f", format, "a `FORMAT` to write: "+strings.Join(formats, ", "))
	f.StringVarP(&o.file, "output", "o", "", "write the report to this `FILE`; html to a folder, FILE/, with a page for each domain")
	f.StringVar(&o.color, "color", "auto", "`WHEN`: auto, always or never; NO_COLOR is obeyed")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress on stderr")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "also what passed, the references and the evidence")
	completes(cmd, "format", formats...)
	completes(cmd, "color", colors...)
}

// completes makes a shell complete the words that a flag takes, and not the names of files.
func completes(cmd *cobra.Command, flag string, words ...string) {
	// It fails for a flag that there is not.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completesList does so for words with commas between them.
func completesList(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		given := strings.Split(begun, ",")
		before := strings.Join(given[:len(given)-1], ",")
		if before != "" {
			before += ","
		}
		var l []string
		for _, word := range words {
			if !slices.Contains(given, word) || word == given[len(given)-1] {
				l = append(l, before+word)
			}
		}
		return l, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

func newCheck(w World, use string) *cobra.Command {
	o := &checkOptions{}
	cmd := &cobra.Command{
		Use: use,
		Example: "  mailaudit check example.com --ip 192.0.2.25 --helo mail.example.com --selector s1\n" +
			"  mailaudit check --domains customers.csv --format ndjson > reports.ndjson",
		Args:              cobra.ArbitraryArgs, // names are checked as domains, with a better message
		ValidArgsFunction: keptDomains(w),
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, w, args) },
	}
	o.registerCheck(cmd)
	return cmd
}

// registerCheck declares the flags of check.
func (o *checkOptions) registerCheck(cmd *cobra.Command) {
	o.register(cmd, "table", report.Formats)
	cmd.Flags().Lookup("quiet").Usage = "no progress on stderr, and with --history or --baseline no report on stdout where nothing changed"
	cmd.Flags().StringVar(&o.dmarcReport, "dmarc-report", "", "learn who sends as the domain from this `FILE` or folder of DMARC aggregate reports")
	cmd.Flags().StringVar(&o.resume, "resume", "", "go on with the batch that began this `FILE`, its ndjson output: what is whole in it is not audited again")
}

// register declares the flags of an audit.
func (o *checkOptions) register(cmd *cobra.Command, format string, formats []string) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.ips, "ip", nil, "a sending `ADDRESS`, or a range up to /24 or /120 (repeatable)")
	f.StringVar(&o.mailFrom, "mail-from", "", "the envelope sender, a `DOMAIN` or an address, where it is not the audited domain")
	f.StringVar(&o.helo, "helo", "", "the `NAME` that the sending hosts say in EHLO")
	f.StringArrayVar(&o.selectors, "selector", nil, "the `NAME` of a DKIM selector in use (repeatable)")
	f.StringVar(&o.dkimDomain, "dkim-domain", "", "the signing `DOMAIN` (d=) where it is not the audited domain")
	f.StringVar(&o.message, "message", "", "learn all of these from a message in this `FILE`, or several (mbox, Maildir), or - for standard input; what other flags say wins")
	f.IntVar(&o.daily, "daily", 0, "a `NUMBER` of messages a day; 5000 and more means bulk")
	f.StringVar(&o.profile, "profile", "auto", "what the domain is for, its `PROFILE`: auto, sender, bulk or parked")
	f.StringArrayVar(&o.submission, "submission", nil, "a submission `SERVICE`, [smtp://|smtps://]HOST[:PORT] (repeatable)")
	f.StringVar(&o.domains, "domains", "", "read domains from this `FILE`, or - for standard input, one a line")
	f.StringArrayVar(&o.resolvers, "resolver", nil, "a DNS `SERVER`, ADDR[:PORT] (repeatable); the system's by default")
	f.StringArrayVar(&o.zones, "zone", nil, "what if: records of this zone `FILE` replace those published (repeatable)")
	f.StringArrayVar(&o.removals, "zone-remove", nil, "what if: this `\"NAME TYPE\"` were not published (repeatable)")
	f.BoolVar(&o.offline, "offline", false, "answer from --zone alone and dial nothing")
	f.StringVar(&o.record, "record", "", "keep every answer of this run in this `FILE`")
	f.StringVar(&o.replay, "replay", "", "run again from the answers in this `FILE`, asking nobody")
	f.StringSliceVar(&o.only, "only", nil, "judge these `AREAS` alone: "+strings.Join(areaNames(), ", "))
	f.StringSliceVar(&o.skip, "skip", nil, "leave these `AREAS` out")
	f.StringSliceVar(&o.receivers, "receivers", nil, "foretell the answers of these `RECEIVERS` alone, such as gmail,postfix-strict")
	f.StringVar(&o.receiversFile, "receivers-file", "", "a YAML `FILE` that changes what receivers ask for")
	f.StringVar(&o.blocklists, "blocklists", "", "use the blocklists of this `FILE`, and no others")
	f.BoolVar(&o.acceptTerms, "accept-list-terms", false, "in a batch, also use blocklists that forbid commercial use in bulk")
	f.BoolVar(&o.requireDNSBL, "require-dnsbl", false, "exit 3 if no major blocklist answered")
	f.StringVar(&o.failOn, "fail-on", "fail", "exit 1 at this `STATUS` and above: fail, warn, unknown or never")
	f.IntVar(&o.minScore, "min-score", 0, "exit 1 below this `SCORE`, and 3 where it cannot be told")
	f.StringVar(&o.baseline, "baseline", "", "only what is new or worse than in this `FILE`, an earlier JSON report, fails")
	f.StringVar(&o.suppressions, "suppressions", "", "a YAML `FILE` of findings that do not count: rule, subject, reason, until")
	o.historyFlags(f)
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "bound on the audit of one domain, a `DURATION` such as 30s or 2m")
	f.StringVar(&o.caFile, "ca-file", "", "a `FILE` of further trusted roots for TLS, in PEM")
	f.BoolVar(&o.probe, "probe", false, "make SMTP connections in a batch, too")
	f.BoolVar(&o.probeInbound, "probe-inbound", false, "ask the domain's own MX hosts about recipients, such as postmaster")
	f.StringVar(&o.egressCheck, "egress-check", "", "a `HOST` of yours that tells whether this machine can connect to ports 25, 465 and 587")
	f.BoolVar(&o.trustAD, "trust-ad", false, "believe the resolver's word that an answer is authentic (DNSSEC)")
	f.BoolVar(&o.rdap, "rdap", false, "ask the registry about the domain's state and age")
	f.StringVar(&o.rdapServer, "rdap-server", "", "like --rdap, but ask the RDAP server at this `URL`, whatever the domain")
	f.BoolVar(&o.allowPrivate, "allow-private", false, "dial private addresses that DNS named")
	f.StringArrayVar(&o.public, "assume-public", nil, "addresses in this `CIDR` count as public (repeatable)")
	f.IntVar(&o.concurrency, "concurrency", 16, "the `NUMBER` of domains audited at once")
	f.BoolVar(&o.ordered, "ordered", false, "ndjson in the order of the input")
	f.BoolVarP(&o.ipv4, "ipv4", "4", false, "dial IPv4 addresses alone")
	f.BoolVarP(&o.ipv6, "ipv6", "6", false, "dial IPv6 addresses alone")
	f.BoolVar(&o.out.tree, "tree", false, "draw the SPF tree in the table")
	f.String("config", "", "a `FILE` of settings and streams in YAML") // settle reads it
	o.out.flags(cmd, format, formats)
	completes(cmd, "profile", profiles...)
	completes(cmd, "fail-on", failOns...)
	completesList(cmd, "only", areaNames()...)
	completesList(cmd, "skip", areaNames()...)
	completesList(cmd, "receivers", receivers.Names()...)
}

// The words that flags take.
var (
	profiles = []string{"auto", facts.Sender, facts.Bulk, facts.Parked}
	failOns  = []string{"fail", "warn", "unknown", "never"}
	colors   = []string{"auto", "always", "never"}
)

func areaNames() []string {
	l := make([]string, len(checks.Areas))
	for i, a := range checks.Areas {
		l[i] = string(a)
	}
	return l
}

// run audits what was asked for. All input is read and checked before the first question goes out.
func (o *checkOptions) run(cmd *cobra.Command, w World, args []string) (failed error) {
	streams, err := settle(w, cmd)
	if err != nil {
		return err
	}
	if err := o.readSample(cmd.Context(), w); err != nil {
		return err
	}
	if err := o.readReports(cmd.Context(), w); err != nil {
		return err
	}
	var domains []string
	for _, a := range args {
		d, err := domainArgument(a)
		if near := cmd.SuggestionsFor(a); err != nil && len(near) > 0 {
			return usageError{fmt.Sprintf("%q is neither a command nor a domain name", a), cmd.Root().Name() + " " + near[0]}
		}
		if err != nil {
			return err
		}
		if !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	switch {
	case o.domains != "" && len(domains) > 0:
		return usagef("domains are given both as arguments and by --domains: give one of them")
	case o.domains == "" && len(domains) == 0 && (o.sample != nil || o.samples != nil || o.reports != nil):
		from, err := o.learnedFrom()
		if err != nil {
			return err
		}
		domains = []string{from}
	case o.domains == "" && len(domains) == 0:
		return usageError{"no domain was given", "mailaudit check example.com"}
	}
	if err := o.learnedOf(w, domains...); err != nil {
		return err
	}
	o.batch = o.domains != "" || len(domains) > 1
	past, err := o.openPast(cmd.Context(), w)
	if err != nil {
		return err
	}
	defer past.close()
	job, err := o.job(w, streams, cmd, report.Formats)
	if err != nil {
		return err
	}
	defer job.end(&failed)
	job.past = past
	tellExpired(w, job.suppressed, job.env.Now())
	if o.domains != "" {
		return job.batch(cmd.Context(), w, o.domains)
	}
	return job.several(cmd.Context(), w, domains)
}

// domainArgument reads a domain from the command line, where other things are typed, too.
func domainArgument(word string) (string, error) {
	if err := misplaced(word); err != nil {
		return "", err
	}
	return domainOf(word)
}

func domainOf(s string) (string, error) {
	d, err := names.Domain(s)
	var bad *names.Error
	if errors.As(err, &bad) {
		return "", usageError{bad.What, bad.Try}
	}
	return d, err
}

// job reads everything that the flags name.
func (o *checkOptions) job(w World, fromFile []streamConfig, cmd *cobra.Command, formats []string) (*job, error) {
	j := &job{options: audit.Options{Version: w.Version, Timeout: o.timeout}, out: o.out, failOn: o.failOn, minScore: o.minScore,
		concurrency: o.concurrency, ordered: o.ordered}
	var err error
	steps := []func() error{
		func() error { return o.limits() },
		func() error { return j.out.check(formats) },
		func() error { j.options.Wanted, err = areas(o.only, o.skip); return err },
		func() error { j.options.Receivers, err = known(o.receivers); return err },
		func() error { j.options.Books, err = readBooks(o.receiversFile); return err },
		func() error { j.target, err = o.target(); return err },
		func() error { o.sample.trace(&j.target); return nil },
		func() error { j.lists, err = readLists(o.blocklists); return err },
		func() error {
			j.streams, err = o.streams(fromFile, cmd)
			return err
		},
		func() error { o.samples.into(&j.target); return nil },
		func() error { j.resumed, err = o.resumption(); return err },
		func() error { j.known, err = readBaseline(o.baseline); return err },
		func() error { j.suppressed, err = readSuppressions(o.suppressions); return err },
		// Last, since --record begins its file.
		func() error { j.env, err = o.env(w, j); return err },
		func() error { o.reports.into(w, j); return nil }, // whose age hangs on the time of the run
	}
	for _, step := range steps {
		if err := step(); err != nil {
			j.resumed.close()
			return nil, err
		}
	}
	return j, nil
}

// limits checks what is a number or one of some words.
func (o *checkOptions) limits() error {
	switch {
	case !slices.Contains(failOns, o.failOn):
		return usagef("--fail-on %s: one of %s", o.failOn, strings.Join(failOns, ", "))
	case !slices.Contains(profiles, o.profile):
		return usagef("--profile %s: one of %s", o.profile, strings.Join(profiles, ", "))
	case o.timeout <= 0:
		return usagef("--timeout %s: more than nothing is needed", o.timeout)
	case o.minScore < 0 || o.minScore > 100:
		return usagef("--min-score %d: between 0 and 100", o.minScore)
	case o.daily < 0:
		return usagef("--daily %d: it cannot be negative", o.daily)
	case o.concurrency < 1 || o.concurrency > maxConcurrency:
		return usagef("--concurrency %d: between 1 and %d", o.concurrency, maxConcurrency)
	case o.ipv4 && o.ipv6:
		return usagef("-4 and -6 exclude each other")
	case o.resume != "" && o.out.format != "ndjson":
		return usageError{"--resume goes on with ndjson, and with no other format", "mailaudit check --domains customers.csv --format ndjson --resume reports.ndjson"}
	case o.resume != "" && o.out.file != "":
		return usagef("--resume names the output: leave --output out")
	case o.resume != "" && o.record != "":
		return usagef("--resume and --record exclude each other: a recording holds a run from its beginning")
	case o.record != "" && o.replay != "":
		return usagef("--record and --replay exclude each other")
	case o.offline && o.replay != "":
		return usagef("--offline and --replay exclude each other: both answer from files alone")
	case o.offline:
		return offlineAlone(o.resolvers, o.zones, "mailaudit check example.com --offline --zone example.com.zone")
	}
	return nil
}

// areas makes the filter of --only and --skip; with both, skip wins.
func areas(only, skip []string) (func(checks.Area) bool, error) {
	for _, a := range slices.Concat(only, skip) {
		if !slices.Contains(checks.Areas, checks.Area(a)) {
			return nil, usagef("%q is no area: one of %s", a, strings.Join(areaNames(), ", "))
		}
	}
	return func(a checks.Area) bool {
		return (len(only) == 0 || slices.Contains(only, string(a))) && !slices.Contains(skip, string(a))
	}, nil
}

// known checks the names of --receivers, which may be set-ups of the lab, too.
func known(l []string) ([]string, error) {
	all := receivers.Names()
	for _, r := range l {
		if !slices.Contains(all, r) && !slices.Contains(receivers.Setups(), r) {
			return nil, usagef("--receivers: %q is no receiver: one of %s", r, strings.Join(all, ", "))
		}
	}
	return l, nil
}

// env is the world that is asked: servers, zone files alone, or a recording, with what-if records laid over it.
func (o *checkOptions) env(w World, j *job) (gather.Env, error) {
	zone, err := readZones(o.zones)
	if err != nil {
		return gather.Env{}, err
	}
	var removed []dnsx.Question
	for _, r := range o.removals {
		q, err := dnsx.ParseRemoval(r)
		if err != nil {
			return gather.Env{}, usagef("--zone-remove: %v", err)
		}
		removed = append(removed, q)
	}
	env := gather.Env{Now: time.Now, RDAP: rdapx.NewClient()}
	if o.caFile != "" {
		if env.Roots, err = readRoots(o.caFile); err != nil {
			return env, err
		}
	}
	overlay := zone
	var has func(variable string) bool // which keys of lists there are; with --offline nobody is asked
	switch {
	case o.replay != "":
		r, err := readRecording(o.replay)
		if err != nil {
			return env, err
		}
		env.DNS, env.Probe, env.Now = r, r.Probe, func() time.Time { return r.Started }
		env.Fetch = r.Fetch
		env.Reach, j.target.AskServers = r.Reach, r.AskedServers()
		has = func(variable string) bool { return wasKeyed(r, j.lists, variable) }
	case o.offline:
		env.DNS, overlay = dnsx.NewOffline(zone), new(dnsx.Zone)
	default:
		if j.asks, has, err = newListClient(w, o.resolvers, j.lists); err != nil {
			return env, err
		}
		env.DNS = j.asks
		env.Probe, env.Fetch, env.Reach = gather.Dialled(w.Dial), gather.Fetched(w.Dial), gather.Reached(w.Dial)
		if o.batch {
			env.DNS = dnsx.NewCache(env.DNS)
		}
	}
	j.target.Lists = j.lists.On(has)
	if o.record != "" {
		if err := j.record(&env, o.record); err != nil {
			return env, err
		}
	}
	if !o.lasting {
		env = env.Remembering() // domains of one run have hosts in common
	}
	if len(removed) > 0 || len(o.zones) > 0 && !o.offline {
		env.WhatIf = func(under dnsx.Resolver) dnsx.Resolver { return dnsx.NewOverlay(overlay, removed, under) }
	}
	return env, nil
}

// serversOf are the DNS servers that were named, else those of the system.
func serversOf(resolvers []string) (servers []netip.AddrPort, err error) {
	for _, r := range resolvers {
		s, err := dnsx.ParseServer(r)
		if err != nil {
			return nil, usagef("--resolver: %v", err)
		}
		servers = append(servers, s)
	}
	if len(servers) == 0 {
		if servers, err = dnsx.SystemServers(); err != nil {
			return nil, usageError{err.Error(), "mailaudit check example.com --resolver 192.0.2.53"}
		}
	}
	return servers, nil
}

// newClient asks the servers that were named, else those of the system.
func newClient(w World, resolvers []string) (*dnsx.Client, error) {
	servers, err := serversOf(resolvers)
	if err != nil {
		return nil, err
	}
	return dnsx.NewClient(dnsx.Config{Servers: servers, Dial: w.Dial, InFlight: gather.InFlight}), nil
}

// readZones merges the zone files.
func readZones(files []string) (*dnsx.Zone, error) {
	all := new(dnsx.Zone)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, fileError(name, err)
		}
		z, err := dnsx.ParseZone(name, f)
		f.Close()
		if err == nil {
			err = all.Add(z)
		}
		if err != nil {
			return nil, usagef("%v", err)
		}
	}
	return all, nil
}

// readRoots are the system's roots and those of a file.
func readRoots(file string) (*x509.CertPool, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, usagef("%s: no certificate in PEM form", file)
	}
	return pool, nil
}

// target is what is the same for every domain of the run.
func (o *checkOptions) target() (gather.Target, error) {
	t := gather.Target{RequireLists: o.requireDNSBL, AllowPrivate: o.allowPrivate, LeaveTerms: (o.domains != "" || o.lasting) && !o.acceptTerms,
		NoProbes: (o.domains != "" || o.lasting) && !o.probe, ProbeInbound: o.probeInbound, TrustAD: o.trustAD, RDAP: o.rdap || o.rdapServer != "", EgressCheck: o.egressCheck,
		// With --resolver every question goes there; zone files have no servers to ask, and a recording those that were asked.
		AskServers: len(o.resolvers) == 0 && !o.offline && o.replay == ""}
	if err := hostOrAddress(&t.EgressCheck); err != nil {
		return t, usageError{fmt.Sprintf("--egress-check %q: no host name or address", o.egressCheck), "--egress-check mail.example.com"}
	}
	if o.profile != "auto" {
		t.Profile = o.profile
	}
	switch {
	case o.ipv4:
		t.Family = 4
	case o.ipv6:
		t.Family = 6
	}
	for _, s := range o.public {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return t, usagef("--assume-public %s: no CIDR such as 10.0.0.0/8", s)
		}
		t.AssumePublic = append(t.AssumePublic, p.Masked())
	}
	if o.rdapServer != "" {
		u, err := rdapServer(o.rdapServer)
		if err != nil {
			return t, err
		}
		t.RDAPServer = u
	}
	for _, s := range o.submission {
		e, err := endpoint(s)
		if err != nil {
			return t, err
		}
		t.Submission = append(t.Submission, e)
	}
	return t, nil
}

// firstOf is the first mistake of a file, on one line, and how many there are.
func firstOf(err error) error {
	if l, ok := err.(interface{ Unwrap() []error }); ok && len(l.Unwrap()) > 1 {
		return usagef("%v (the first of %d mistakes)", l.Unwrap()[0], len(l.Unwrap()))
	}
	return usagef("%v", err)
}

// readLists reads the user's own lists, or those that come with the program.
func readLists(own string) (blocklist.File, error) {
	name, text := "blocklists.txt", mailaudit.Blocklists
	if own != "" {
		b, err := readFile(own)
		if err != nil {
			return blocklist.File{}, err
		}
		name, text = own, string(b)
	}
	file, err := blocklist.Parse(name, strings.NewReader(text))
	if err != nil {
		return file, firstOf(err)
	}
	if own != "" {
		return file, bury(file)
	}
	return file, nil
}

// defaults are the lists that are asked unless told otherwise, by whoever has no key.
func defaults(f blocklist.File) []blocklist.List { return f.On(nil) }

// endpoint reads [smtp://|smtps://]HOST[:PORT].
func endpoint(s string) (gather.Endpoint, error) {
	bad := usageError{fmt.Sprintf("--submission %q: not of the form [smtp://|smtps://]HOST[:PORT]", s), "--submission smtps://mail.example.com:465"}
	e := gather.Endpoint{}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	host, port := rest, ""
	// A bare IPv6 address has colons of its own; brackets tell its port.
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && (strings.Count(rest, ":") == 1 || strings.HasSuffix(rest[:i], "]")) {
		host, port = rest[:i], rest[i+1:]
	}
	scheme = strings.ToLower(scheme) // RFC 3986 3.1
	switch scheme {
	case "", "smtp":
		e.Port = 587
	case "smtps":
		e.Port, e.Implicit = 465, true
	default:
		return e, bad
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return e, bad
		}
		e.Port = int(n)
	}
	if scheme == "" && e.Port == 465 {
		e.Implicit = true
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		e.Host = a.String()
		return e, nil
	}
	name, err := names.Host(host)
	if err != nil {
		return e, bad
	}
	e.Host = name
	return e, nil
}

// hostOrAddress puts the name of a host, or its address, into the form that is asked and dialled.
func hostOrAddress(s *string) (err error) {
	if *s == "" {
		return nil
	}
	if a, err := netip.ParseAddr(strings.Trim(*s, "[]")); err == nil {
		*s = a.String()
		return nil
	}
	*s, err = names.Host(*s)
	return err
}

// rdapServer reads the base URL of an RDAP server.
func rdapServer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	port := uint64(1)
	if err == nil && u.Port() != "" {
		port, err = strconv.ParseUint(u.Port(), 10, 16)
	}
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || port == 0 || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usageError{fmt.Sprintf("--rdap-server %q: not of the form http[s]://HOST[:PORT]/PATH", s), "--rdap-server https://rdap.example.net/"}
	}
	return u, nil
}

// defaultStream is the name of the one that they make.
const defaultStream = "default"

// streamFlags are the flags that make a stream.
var streamFlags = []string{"ip", "mail-from", "helo", "dkim-domain", "selector", "message", "daily"}

// streams are those of the flags, else those of the config file, else one that says nothing.
func (o *checkOptions) streams(fromFile []streamConfig, cmd *cobra.Command) ([]streamConfig, error) {
	own := streamConfig{Name: defaultStream, IPs: o.ips, MailFrom: o.mailFrom, HELO: o.helo, DKIMDomain: o.dkimDomain, Selectors: o.selectors, Daily: o.daily}
	o.sample.fill(&own)
	byFlag := slices.ContainsFunc(streamFlags, func(f string) bool { return f != "daily" && cmd.Flags().Changed(f) })
	switch {
	case byFlag || len(fromFile) == 0:
		typed := slices.ContainsFunc(streamFlags, func(f string) bool { return f != "message" && cmd.Flags().Changed(f) })
		fromFile = o.samples.streams(own, typed)
	case cmd.Flags().Changed("daily"):
		return nil, usagef("--daily %d: the config file has streams, and each says its own", o.daily)
	}
	for i := range fromFile {
		if fromFile[i].Name == "" {
			fromFile[i].Name = fmt.Sprintf("stream %d", i+1)
		}
	}
	// Each is tried once with a name that is certainly good, so that a mistake is told before anything is asked.
	_, err := streamsOf(fromFile, "example.com")
	return fromFile, err
}

// job is everything but the domains.
type job struct {
	env         gather.Env
	target      gather.Target
	lists       blocklist.File
	asks        *listClient // the world's own; nil where nobody is asked
	streams     []streamConfig
	options     audit.Options
	out         outputOptions
	failOn      string
	minScore    int
	concurrency int
	ordered     bool
	resumed     *resumption // nil: the batch begins
	known       baseline    // of --baseline
	past        *past       // of --history
	suppressed  []suppression
	finish      func() error // ends what the world keeps, such as a recording
}

// audit runs one domain.
func (j *job) audit(ctx context.Context, domain string) (*audit.Report, error) {
	t := j.target
	t.Domain = domain
	var err error
	if t.Streams, err = streamsOf(j.streams, domain); err != nil {
		return nil, err
	}
	return audit.Run(ctx, j.env, t, j.options), nil
}
