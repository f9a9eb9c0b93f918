package checks

import (
	"net/netip"
	"slices"
	"strconv"

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
		l = append(l, subject[sendingDomain]{name: s.Domain, of: of, deciding: true})
	}
	return l
}

// noSender says that another domain in MAIL FROM is known not to exist: then domain.nxdomain says all of it.
func noSender(f *facts.Facts, s facts.SPF) bool {
	return !s.Exists && len(s.MailFrom) > 0 && s.Domain != f.Domain
}

// gone says that the domain is known not to exist: then domain.nxdomain says all, and rules about its records
// do not apply.
func gone(f *facts.Facts) bool { return f.Exists.Known() && !f.Exists.Value }

// theMX is the set of mail exchangers of the domain.
func theMX(f *facts.Facts) []subject[facts.MX] {
	if gone(f) {
		return nil
	}
	return []subject[facts.MX]{{name: f.Domain, of: f.MX}}
}

// mxHosts are the hosts of the MX records. Nothing is said of them when the records are not known: theMX does.
func mxHosts(f *facts.Facts) []subject[mxHost] {
	if !f.MX.Known() || f.MX.Value.Status != facts.MXFound {
		return nil
	}
	var l []subject[mxHost]
	for _, h := range f.MX.Value.Hosts {
		if h.Host == "." {
			continue // a null MX beside others: mx.null-plus-others
		}
		l = append(l, subject[mxHost]{name: h.Host, of: facts.Fact[mxHost]{State: h.Addresses.State, Why: h.Addresses.Why,
			Value: mxHost{Host: h.Host, Hosts: h.Addresses.Value, all: f.MX.Value.Hosts}}})
	}
	return l
}

// mxHost is one mail exchanger with its addresses, beside all of them.
type mxHost struct {
	Host string
	facts.Hosts
	all []facts.MXHost
}

// spfSenders are the SPF records of the domains that stand in MAIL FROM, as RFC 7208 judges them.
func spfSenders(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool { return len(s.MailFrom) > 0 })
}

// spfAll are all SPF records that some receiver evaluates: of MAIL FROM domains and of HELO names.
func spfAll(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool {
		return len(s.MailFrom) > 0 || s.Root.Status == facts.SPFFound || s.Root.Status == facts.SPFMultiple
	})
}

// spfFound are those of spfAll that are one record.
func spfFound(f *facts.Facts) []subject[facts.SPF] {
	return spfOf(f, func(s facts.SPF) bool {
		return s.Root.Status == facts.SPFFound || s.Root.Status == facts.SPFUnknown && len(s.MailFrom) > 0
	})
}

func spfOf(f *facts.Facts, keep func(facts.SPF) bool) []subject[facts.SPF] {
	var l []subject[facts.SPF]
	for _, s := range f.SPF {
		if !s.Exists && s.Domain == f.Domain || noSender(f, s) || !keep(s) {
			continue
		}
		fact := facts.Know(s)
		if s.Root.Status == facts.SPFUnknown {
			fact = facts.Cannot[facts.SPF](s.Root.Why)
		}
		l = append(l, subject[facts.SPF]{name: s.Domain, of: fact, deciding: len(s.MailFrom) > 0})
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
	var l []subject[facts.DKIM]
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
		if !d.Exists && d.Domain == f.Domain {
			continue // domain.nxdomain says all
		}
		for _, k := range d.Keys {
			if !keep(k) {
				continue
			}
			fact := facts.Know(k)
			if k.Status == facts.KeyUnknown {
				fact = facts.Cannot[facts.Key](k.Why)
			}
			reported := k.Origin == facts.LearnedByReports // anybody can mail a report, which therefore fails nobody
			l = append(l, subject[facts.Key]{name: k.Name, of: fact, candidate: reported, deciding: k.Named() && !reported})
		}
	}
	return l
}

// thePolicy is the DMARC policy of the domain.
func thePolicy(f *facts.Facts) []subject[facts.DMARC] {
	if gone(f) {
		return nil
	}
	return []subject[facts.DMARC]{{name: "_dmarc." + f.Domain, of: f.DMARC, deciding: true}}
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
	return l
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
	var l []subject[source]
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

// listings are the answers of blocklists about one kind of target.
func listings(kind string) func(*facts.Facts) []subject[facts.Listing] {
	return func(f *facts.Facts) []subject[facts.Listing] {
		var l []subject[facts.Listing]
		for _, x := range f.Listings {
			if x.Kind != kind || x.Status == facts.NoClue || x.Status == facts.Refused {
				continue // dnsbl.query-refused, dnsbl.self-test and dnsbl.hijacked say so once for each list
			}
			s := subject[facts.Listing]{name: x.Target, of: facts.Know(x)}
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
	var l []subject[facts.List]
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

// talked are the services that were seen to speak SMTP.
func talked(f *facts.Facts) []subject[service] {
	return slices.DeleteFunc(services(f), func(s subject[service]) bool {
		return s.of.Known() && s.of.Value.Talk.Status != facts.ServiceOpen
	})
}

// service is one submission service and what it was seen to do.
type service struct {
	facts.Service
	Talk facts.Probe
}

func endpoint(s facts.Service) string { return s.Host + ":" + strconv.Itoa(s.Port) }
