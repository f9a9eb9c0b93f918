package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/facts"
)

// The kinds of subjects. Each function says once which of them count, which are guesses, and which of them
// decide the verdict when they cannot be found out (docs/unknown.md).

// sendingDomain is a domain that mail is sent in the name of.
type sendingDomain struct {
	what   string // in words
	fix    string // in place of the rule's own
	exists bool
}

// sendingDomains are the audited domain and the other domains that stand in MAIL FROM; each exists or does not.
func sendingDomains(f *facts.Facts) []subject[sendingDomain] {
	l := []subject[sendingDomain]{{name: f.Domain, deciding: true,
		of: facts.Fact[sendingDomain]{State: f.Exists.State, Why: f.Exists.Why, Value: sendingDomain{what: "the domain", exists: f.Exists.Value}}}}
	for _, s := range f.SPF {
		if len(s.MailFrom) == 0 || s.Domain == f.Domain {
			continue
		}
		of := facts.Know(sendingDomain{what: "the MAIL FROM domain", fix: "Send with a MAIL FROM domain that exists, and publish SPF there", exists: s.Exists})
		if s.Root.Status == facts.SPFUnknown {
			of = facts.Cannot[sendingDomain](s.Root.Why)
		}
		reported := byReports(f, s.Domain)
		l = append(l, subject[sendingDomain]{name: s.Domain, of: of, candidate: reported, deciding: !reported})
	}
	return l
}

// byReports says whether nobody but DMARC reports says that another domain stands in MAIL FROM. Anybody can mail a report, which
// therefore fails nobody, and decides nothing.
func byReports(f *facts.Facts, domain string) bool {
	return domain != f.Domain && !slices.ContainsFunc(f.Streams, func(s facts.Stream) bool {
		_, d, _ := strings.Cut(s.MailFrom, "@")
		return d == domain && !s.ByReports
	}) && slices.ContainsFunc(f.Streams, func(s facts.Stream) bool { return s.ByReports })
}

// noSender says that another domain in MAIL FROM is known not to exist: then domain.nxdomain says all of it.
func noSender(f *facts.Facts, s facts.SPF) bool {
	return !s.Exists && len(s.MailFrom) > 0 && s.Domain != f.Domain
}

// gone says that the domain is known not to exist: then domain.nxdomain says all, and rules about its records
// do not apply.
func gone(f *facts.Facts) bool { return f.Exists.Known() && !f.Exists.Value }

// absence is the area whose rules say that a domain does not exist, and so has no record that it needs; "" where it exists.
func absence(exists bool) Area {
	if exists {
		return ""
	}
	return "domain"
}

// theMX is the set of mail exchangers of the domain.
func theMX(f *facts.Facts) []subject[facts.MX] {
	if gone(f) {
		return nil
	}
	return []subject[facts.MX]{{name: f.Domain, of: f.MX}}
}

// mxHosts are the hosts of the MX records. Nothing is said of them when the records are not known: theMX does.
func mxHosts(f *facts.Facts) []subject[mxHost] {
	return hostsOf(f.Domain, f.MX)
}

func hostsOf(domain string, mx facts.Fact[facts.MX]) []subject[mxHost] {
	if !mx.Known() || mx.Value.Status != facts.MXFound {
		return nil
	}
	var l []subject[mxHost]
	for _, h := range mx.Value.Hosts {
		if h.Host == "." {
			continue // a null MX beside others: mx.null-plus-others
		}
		l = append(l, subject[mxHost]{name: h.Host, of: facts.Fact[mxHost]{State: h.Addresses.State, Why: h.Addresses.Why,
			Value: mxHost{Host: h.Host, Hosts: h.Addresses.Value, domain: domain, all: mx.Value.Hosts, more: mx.Value.More}}})
	}
	return l
}

// andReturns makes a rule over MX hosts judge, too, each other domain in MAIL FROM by those that it has: the first at fault tells,
// since there is a fault only where none can be reached. byName is a rule over names, for which addresses need not be known.
func andReturns(own func(*facts.Facts) []Verdict, byName bool, judge func(*facts.Facts, mxHost) []Violation) func(*facts.Facts) []Verdict {
	others := each(returnHosts, func(f *facts.Facts, hosts []subject[mxHost]) []Violation {
		for _, h := range hosts {
			l := judge(f, h.of.Value)
			if !byName && h.of.State == facts.Unknown && len(unreachable(f, h.of.Value, "")) > 0 {
				l = one(Unknown, clip(h.name)+": "+h.of.Why)
			}
			if len(l) > 0 {
				return l
			}
		}
		return nil
	})
	return func(f *facts.Facts) []Verdict { return append(own(f), others(f)...) }
}

// returnHosts are the other domains in MAIL FROM, with their MX hosts.
func returnHosts(f *facts.Facts) []subject[[]subject[mxHost]] {
	var l []subject[[]subject[mxHost]]
	for _, r := range returns(f) {
		s := subject[[]subject[mxHost]]{name: r.Domain, candidate: byReports(f, r.Domain),
			of: facts.Fact[[]subject[mxHost]]{State: r.MX.State, Why: r.MX.Why, Value: hostsOf(r.Domain, r.MX)}}
		if r.MX.State == facts.Unknown {
			s.said = "mx" // by mx.null
		}
		l = append(l, s)
	}
	return l
}

// everyHost are those hosts and, of a record set beyond the bound, what was not looked at, which mx.unresolvable says.
func everyHost(hosts func(*facts.Facts) []subject[mxHost], said Area) func(*facts.Facts) []subject[mxHost] {
	return func(f *facts.Facts) []subject[mxHost] {
		l := hosts(f)
		if why := beyondMX(f); why != "" && len(l) > 0 {
			l = append(l, subject[mxHost]{name: f.Domain, of: facts.Cannot[mxHost](why), said: said})
		}
		return l
	}
}

// beyondMX says that there are more MX records than are looked at, "" where there are not.
func beyondMX(f *facts.Facts) string {
	if !f.MX.Known() {
		return ""
	}
	return beyond(len(f.MX.Value.Hosts), f.MX.Value.More)
}

func beyond(hosts, more int) string {
	if more == 0 {
		return ""
	}
	return fmt.Sprintf("only the first %d of %d MX records are looked at", hosts, hosts+more)
}

// mxHost is one mail exchanger with its addresses, beside all of them.
type mxHost struct {
	Host string
	facts.Hosts
	domain string // whose MX host it is
	all    []facts.MXHost
	more   int // records beyond those of all
}

// spfSenders are the SPF records of the domains that stand in MAIL FROM, as RFC 7208 judges them.
func spfSenders(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool { return len(s.MailFrom) > 0 })
}

// spfAll are all SPF records that some receiver evaluates: of MAIL FROM domains and of HELO names.
func spfAll(f *facts.Facts) []subject[facts.SPF] {
	return spfPublished(f, func(s facts.SPF) bool { return len(s.MailFrom) > 0 || s.Root.Status == facts.SPFMultiple })
}

// spfFound are those of spfAll that are one record.
func spfFound(f *facts.Facts) []subject[facts.SPF] {
	return spfPublished(f, func(facts.SPF) bool { return false })
}

// spfPublished are the records that were found and those that there may be, and what else is to be kept. That the record of a name
// which is not in MAIL FROM is not known, spf.missing and spf.helo-missing say.
func spfPublished(f *facts.Facts, keep func(facts.SPF) bool) []subject[facts.SPF] {
	l := spfOf(f, func(s facts.SPF) bool {
		return s.Root.Status == facts.SPFFound || s.Root.Status == facts.SPFUnknown || keep(s)
	})
	for i, s := range l {
		if !s.of.Known() && !s.deciding {
			l[i].said = "spf"
		}
	}
	return l
}

func spfOf(f *facts.Facts, keep func(facts.SPF) bool) []subject[facts.SPF] {
	l := make([]subject[facts.SPF], 0, len(f.SPF))
	for _, s := range f.SPF {
		if !keep(s) {
			continue
		}
		fact := facts.Know(s)
		if s.Root.Status == facts.SPFUnknown {
			fact = facts.Cannot[facts.SPF](s.Root.Why)
		}
		reported := len(s.MailFrom) > 0 && byReports(f, s.Domain)
		l = append(l, subject[facts.SPF]{name: s.Domain, of: fact, candidate: reported, deciding: len(s.MailFrom) > 0 && !reported,
			said: absence((s.Domain != f.Domain || !gone(f)) && !noSender(f, s))})
	}
	return l
}

// spfResults are the results for MAIL FROM, one for each address. A temperror is what a receiver concludes when
// it cannot find out, and so do we.
func spfResults(f *facts.Facts) []subject[facts.SPFResult] {
	if gone(f) {
		return nil
	}
	var l []subject[facts.SPFResult]
	for _, r := range f.Results {
		absent := slices.ContainsFunc(f.SPF, func(s facts.SPF) bool { return s.Domain == r.Domain && noSender(f, s) })
		if r.Identity != "mailfrom" || absent {
			continue
		}
		fact := facts.Know(r)
		if r.Result == "temperror" {
			fact = facts.Cannot[facts.SPFResult](r.Why)
		}
		l = append(l, subject[facts.SPFResult]{name: r.IP.String(), of: fact, source: r.IP, candidate: !r.Declared, deciding: r.Declared})
	}
	return l
}

// signers are the signing domains.
func signers(f *facts.Facts) []subject[facts.DKIM] {
	l := make([]subject[facts.DKIM], 0, len(f.DKIM))
	for _, d := range f.DKIM {
		if d.Exists || d.Domain != f.Domain {
			l = append(l, subject[facts.DKIM]{name: d.Domain, of: facts.Know(d)})
		}
	}
	return l
}

// namedKeys are the keys at selectors that the user or a message says are in use: what is missing there is missing.
func namedKeys(f *facts.Facts) []subject[facts.Key] {
	return keysOf(f, facts.Key.Named)
}

// keys are the named ones and those that were found by guessing; nobody knows whether the latter are in use.
func keys(f *facts.Facts) []subject[facts.Key] {
	return keysOf(f, func(facts.Key) bool { return true })
}

func keysOf(f *facts.Facts, keep func(facts.Key) bool) []subject[facts.Key] {
	var l []subject[facts.Key]
	for _, d := range f.DKIM {
		for _, k := range d.Keys {
			if !keep(k) {
				continue
			}
			fact := facts.Know(k)
			if k.Status == facts.KeyUnknown {
				fact = facts.Cannot[facts.Key](k.Why)
			}
			reported := k.Origin == facts.LearnedByReports // anybody can mail a report, which therefore fails nobody
			l = append(l, subject[facts.Key]{name: k.Name, of: fact, candidate: reported, deciding: k.Named() && !reported,
				said: absence(d.Exists || d.Domain != f.Domain)})
		}
	}
	return l
}

// thePolicy is the DMARC policy of the domain.
func thePolicy(f *facts.Facts) []subject[facts.DMARC] {
	return []subject[facts.DMARC]{{name: "_dmarc." + f.Domain, of: f.DMARC, deciding: true, said: absence(!gone(f))}}
}

// reportTargets are the destinations of reports that need an authorisation (RFC 9990 4).
func reportTargets(f *facts.Facts) []subject[reportTarget] {
	if !f.DMARC.Known() {
		return nil
	}
	var l []subject[reportTarget]
	for _, r := range f.DMARC.Value.Reports {
		l = append(l, subject[reportTarget]{name: r.Domain, of: facts.Fact[reportTarget]{State: r.Authorised.State, Why: r.Authorised.Why,
			Value: reportTarget{ReportTo: r, ok: r.Authorised.Value}}})
	}
	if why := beyondReports(f); why != "" {
		l = append(l, subject[reportTarget]{name: "_dmarc." + f.Domain, of: facts.Cannot[reportTarget](why)})
	}
	return l
}

// beyondReports says that there are more destinations of reports than are looked at, "" where there are not.
func beyondReports(f *facts.Facts) string {
	d := f.DMARC.Value
	if d.More == 0 {
		return ""
	}
	return fmt.Sprintf("only the first %d of %d domains that reports go to are looked at", len(d.Mailboxes), len(d.Mailboxes)+d.More)
}

type reportTarget struct {
	facts.ReportTo
	ok bool
}

// source is a sending address with its reverse names.
type source struct {
	facts.Source
	facts.PTR
}

// sources are the sending addresses. Declared ones decide.
func sources(f *facts.Facts) []subject[source] {
	l := make([]subject[source], 0, len(f.Sources))
	for _, s := range f.Sources {
		l = append(l, subject[source]{name: s.IP.String(), source: s.IP, candidate: !s.Declared, deciding: s.Declared,
			of: facts.Fact[source]{State: s.PTR.State, Why: s.PTR.Why, Value: source{Source: s, PTR: s.PTR.Value}}})
	}
	return l
}

// confirmed are the sending addresses, where it is known whether a reverse name leads back.
func confirmed(f *facts.Facts) []subject[source] {
	l := sources(f)
	for i, s := range l {
		if s.of.Known() && s.of.Value.Confirm == "unknown" {
			l[i].of = facts.Cannot[source](s.of.Value.PTR.Why)
		}
	}
	return l
}

// greetings are the HELO names that were given.
func greetings(f *facts.Facts) []subject[facts.HELO] {
	var l []subject[facts.HELO]
	for _, h := range f.HELOs {
		l = append(l, subject[facts.HELO]{name: h.Name, of: facts.Know(h)})
	}
	return l
}

// greetingHosts are the HELO names that are host names, with their addresses.
func greetingHosts(f *facts.Facts) []subject[facts.Hosts] {
	var l []subject[facts.Hosts]
	for _, h := range f.HELOs {
		l = append(l, subject[facts.Hosts]{name: h.Name, of: h.Addresses})
	}
	return l
}

// listings are the answers of blocklists about one kind of target. That a list does not answer, or not in a way that can be
// believed, dnsbl.query-refused, dnsbl.self-test and dnsbl.hijacked say once for each list.
func listings(kind string) func(*facts.Facts) []subject[facts.Listing] {
	return func(f *facts.Facts) []subject[facts.Listing] {
		var l []subject[facts.Listing]
		for _, x := range f.Listings {
			if x.Kind != kind {
				continue
			}
			s := subject[facts.Listing]{name: x.Target, of: facts.Know(x)}
			if !answered(x) {
				s.of.State, s.of.Why, s.said = facts.Unknown, x.Zone+": "+clip(x.Why), "dnsbl"
			}
			if kind == "ip" {
				s.source, _ = netip.ParseAddr(x.Target)
				s.candidate = !x.Declared
			}
			l = append(l, s)
		}
		return l
	}
}

// theLists are the blocklists and allowlists of this run. An allowlist that says nothing hides no listing.
func theLists(f *facts.Facts) []subject[facts.List] {
	l := make([]subject[facts.List], 0, len(f.Lists)+len(f.Allowlists))
	for _, x := range slices.Concat(f.Lists, f.Allowlists) {
		if x.State != facts.ListLeft {
			aside := slices.ContainsFunc(f.Allowlists, func(a facts.List) bool { return a.Zone == x.Zone })
			l = append(l, subject[facts.List]{name: x.Zone, of: facts.Know(x), aside: aside})
		}
	}
	return l
}

// services are the submission services that were connected to.
func services(f *facts.Facts) []subject[service] {
	var l []subject[service]
	for _, s := range f.Submission.Services {
		l = append(l, subject[service]{name: endpoint(s), candidate: !s.Named(),
			of: facts.Fact[service]{State: s.Probe.State, Why: s.Probe.Why, Value: service{Service: s, Talk: s.Probe.Value}}})
	}
	return l
}

// lostServices stand for those that SRV records may name besides, one of each kind. submission.closed says so.
func lostServices(f *facts.Facts) []subject[service] {
	if f.Submission.Lost == "" {
		return nil
	}
	s := subject[service]{name: f.Domain, said: "submission", of: facts.Cannot[service](f.Submission.Lost)}
	implicit := s
	implicit.of.Value.Implicit = true
	return []subject[service]{s, implicit}
}

// talked are the services that were seen to speak SMTP.
func talked(f *facts.Facts) []subject[service] {
	return slices.DeleteFunc(append(services(f), lostServices(f)...), func(s subject[service]) bool {
		return s.of.Known() && s.of.Value.Talk.Status != facts.ServiceOpen
	})
}

// service is one submission service and what it was seen to do.
type service struct {
	facts.Service
	Talk facts.Probe
}

func endpoint(s facts.Service) string { return s.Host + ":" + strconv.Itoa(s.Port) }
