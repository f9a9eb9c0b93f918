package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/dmarcreport"
	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// Bounds on what DMARC aggregate reports lead to.
const (
	maxReported = 32  // addresses that are audited
	maxShown    = 100 // that are in the report
)

// reports are those of --dmarc-report. All of its methods do nothing without any.
type reports struct {
	*dmarcreport.Reader
	file   string
	domain string
}

// readReports reads the reports that --dmarc-report names, before anything is asked.
func (o *checkOptions) readReports(ctx context.Context, w World) error {
	switch {
	case o.dmarcReport == "":
		return nil
	case o.domains != "":
		return usagef("--dmarc-report is of one domain: leave --domains out")
	}
	r, err := waitFor(ctx, w, o.dmarcReport, func() (*dmarcreport.Reader, error) {
		r := dmarcreport.NewReader()
		return r, readReportsFrom(w, o.dmarcReport, r)
	})
	if err != nil {
		return err
	}
	o.reports = &reports{Reader: r, file: o.dmarcReport}
	if r.Reports > 0 {
		return nil
	}
	switch {
	case len(r.Problems) == 1 && r.More == 0:
		return usagef("%s", r.Problems[0])
	case len(r.Problems) > 0:
		return usagef("%s: no report could be read (the first of %d mistakes)", r.Problems[0], len(r.Problems)+r.More)
	}
	return usageError{o.dmarcReport + ": no aggregate report is in it", "a file of XML, .xml.gz or .zip, a message with one, an mbox, or a folder of them"}
}

func readReportsFrom(w World, name string, r *dmarcreport.Reader) error {
	if name == "-" {
		r.File(name, w.Stdin)
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		r.Dir(os.DirFS(name), name)
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r.File(name, f)
	return nil
}

// about is the one domain that the reports are about: with those that share its registrable domain, that of most mail.
func (r *reports) about() (string, error) {
	l := r.Domains()
	for _, d := range l {
		if registrable(d) != registrable(l[0]) {
			return "", usageError{fmt.Sprintf("%s: reports about several domains: %s", r.file, some(l)), fmt.Sprintf("mailaudit check %s --dmarc-report %s", l[0], fileWord(r.file))}
		}
	}
	return l[0], nil
}

// some is the first maxNamed of a list in words.
func some(l []string) string {
	if len(l) <= maxNamed {
		return strings.Join(l, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(l[:maxNamed], ", "), len(l)-maxNamed)
}

// of refuses to audit a domain that the reports do not name.
func (r *reports) of(domains ...string) error {
	switch {
	case r == nil:
		return nil
	case len(domains) != 1:
		return usagef("--dmarc-report is of one domain: give one")
	}
	r.domain = domains[0]
	if l := r.Domains(); !slices.Contains(l, r.domain) {
		return usageError{fmt.Sprintf("%s: no report has mail from %s; they are about %s", r.file, r.domain, some(l)), fmt.Sprintf("mailaudit check %s --dmarc-report %s", l[0], fileWord(r.file))}
	}
	return nil
}

// into adds what the reports tell to what is audited. It stands beside what the user says, and takes the place of a stream that
// says nothing.
func (r *reports) into(w World, j *job) {
	if r == nil {
		return
	}
	now := j.env.Now()
	u := r.Usage(r.domain, now, maxReported, func(a netip.Addr) bool { return special.Public(a, j.target.AssumePublic) })
	notes := r.notes(u, now)
	j.target.Reports, j.target.Reported = reportFacts(r.Reader, u, notes), u.Candidate
	var l []streamConfig
	for _, s := range u.Streams {
		c := streamConfig{Name: s.Name(), MailFrom: s.MailFrom, DKIMDomain: s.Signer, Selectors: s.Selectors, ByReports: true,
			Learned: []string{facts.LearnedSelectors}}
		if s.Signer != "" {
			c.Learned = append(c.Learned, facts.LearnedDKIMDomain)
		}
		if s.HELO {
			c.HELO, c.Learned = s.MailFrom, append(c.Learned, facts.LearnedHELO)
		}
		for _, ip := range s.IPs {
			c.IPs = append(c.IPs, ip.String())
		}
		if len(s.IPs) > 0 {
			c.Learned = append(c.Learned, facts.LearnedIPs, facts.LearnedMailFrom)
		}
		l = append(l, c)
	}
	if len(l) > 0 && len(j.streams) == 1 && j.streams[0].empty() {
		j.streams = nil
	}
	j.streams = append(j.streams, l...)
	tell(w, r.file, notes)
}

// empty says whether a stream says nothing but how much mail there is.
func (c streamConfig) empty() bool {
	return len(c.IPs) == 0 && c.MailFrom == "" && c.HELO == "" && c.DKIMDomain == "" && len(c.Selectors) == 0
}

// notes say what was left out, and what must not be relied on.
func (r *reports) notes(u dmarcreport.Usage, now time.Time) []string {
	var l []string
	say := func(n int, noun, format string, args ...any) {
		if n > 0 {
			l = append(l, number(n, noun)+" "+fmt.Sprintf(format, args...))
		}
	}
	for _, p := range r.Problems {
		l = append(l, p.String())
	}
	say(r.More, "problem", "more")
	say(r.Unread, "file", "not read: the bound is %d", dmarcreport.MaxFiles)
	say(r.Twice, "report", "came again, counted once")
	say(r.None, "message", "without a report passed over")
	say(int(u.Left), "message", "left out: their addresses are too many to be kept")
	if len(u.Others) > 0 {
		var names []string
		n := 0
		for _, o := range u.Others {
			names, n = append(names, o.Domain), n+int(o.Messages)
		}
		say(n, "message", "from other domains left out: %s", some(names))
	}
	days := int(now.Sub(u.End).Hours() / 24)
	switch {
	case u.End.IsZero():
		l = append(l, "of which time they are is not known, so that no stream is made of them")
	case days > 30:
		l = append(l, fmt.Sprintf("they end %d days ago, so that no stream is made of them", days))
	}
	daily := int64(0)
	if d := int64(u.End.Sub(u.Begin).Hours()/24 + 0.5); !u.Begin.IsZero() && d > 0 {
		daily = u.Messages / d
	}
	if daily >= 5000 {
		l = append(l, fmt.Sprintf("%d messages a day: with --daily %d the domain is judged as a bulk sender", daily, daily))
	}
	return l
}

// reportFacts is what is kept of the reports.
func reportFacts(r *dmarcreport.Reader, u dmarcreport.Usage, notes []string) *facts.Reports {
	passes := func(c dmarcreport.Counts) facts.Passes { return facts.Passes(c) }
	out := &facts.Reports{Reports: r.Reports, Reporting: len(r.Reporters), Begin: u.Begin, End: u.End, Passes: passes(u.Counts),
		Sources: []facts.ReportSource{}, Addresses: len(u.Sources), Beyond: u.Left, Notes: notes}
	names := slices.SortedFunc(maps.Keys(r.Reporters), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Reporters[b], r.Reporters[a]), cmp.Compare(a, b))
	})
	out.Reporters = names[:min(len(names), maxNamed)]
	for i, s := range u.Sources {
		if s.Kind == dmarcreport.Unauthenticated {
			out.Unknown, out.UnknownOf = out.Unknown+1, out.UnknownOf+s.Messages
		}
		if i >= maxShown {
			out.Beyond += s.Messages
			continue
		}
		out.Sources = append(out.Sources, facts.ReportSource{IP: s.IP, Passes: passes(s.Counts), Kind: string(s.Kind), Forwarded: s.Forwarded,
			Last: s.Last, MailFrom: s.MailFrom, Signers: s.Signers})
	}
	for _, o := range u.Others[:min(len(u.Others), maxShown)] {
		out.Others = append(out.Others, facts.ReportOther(o))
	}
	return out
}
