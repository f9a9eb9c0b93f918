package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/audit"
)

// evidence shows what the findings rest on, each answer a line. Three columns are all that 60 columns hold: what was
// asked, what came of it, and everything else in words.
func (p *page) evidence(r *audit.Report) error {
	for _, s := range proofs(r) {
		p.blank()
		p.prose(0, s.title)
		if len(s.table.rows) == 0 {
			continue
		}
		if err := p.table(s.table); err != nil {
			return err
		}
	}
	if err := p.messages(r.Evidence); err != nil {
		return err
	}
	return p.vantage(r.Evidence.Vantage)
}

// proof is the evidence of one kind: a title that sums it up, and a table that may have no row.
type proof struct {
	area, title string
	table       table
}

// proofs are those of the areas that were judged.
func proofs(r *audit.Report) []proof {
	e, several := r.Evidence, len(r.Streams) > 1
	judged := areas(r.Findings)
	// None are none only where nothing of the area is unknown.
	found := func(area string, n int, noun string) string {
		if n == 0 && slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Area == area && f.Status == "unknown" }) {
			return "unknown"
		}
		return count(n, noun)
	}
	return slices.DeleteFunc([]proof{
		{"ptr", "ADDRESSES, " + found("ptr", len(e.Sources), "source"), sourceTable(e.Sources, several)},
		{"domain", registrationTitle(e.Registration), table{}},
		{"domain", serversTitle(e.NameServers), serverTable(e.NameServers)},
		{"dnssec", dnssecTitle(e.DNSSEC), table{}},
		{"mx", "MX, " + e.MX.Status, mxTable(e.MX.Hosts)},
		{"spf", spfTitle(e.SPF), spfTable(e.SPF.Results, several)},
		{"dkim", "DKIM, _domainkey: " + e.DKIM.Subtree, keyTable(e.DKIM.Keys)},
		{"dmarc", dmarcTitle(e.DMARC), alignmentTable(e.Alignment)},
		{"dmarc", reportsTitle(e.Reports), reportsTable(e.Reports)},
		{"dnsbl", "BLOCKLISTS, " + count(len(e.DNSBL), "answer"), listingTable(e.DNSBL)},
		{"submission", "SUBMISSION, " + found("submission", len(e.Submission), "service"), serviceTable(e.Submission)},
		{"tls", "PORT 25, " + found("tls", len(e.TLS), "MX host"), talkTable(e.TLS)},
		{"mtasts", "MTA-STS, " + e.MTASTS.Status, policyTable(e.MTASTS)},
		{"tlsrpt", "TLS REPORTS, " + list(append([]string{e.TLSRPT.Status, e.TLSRPT.Cause}, e.TLSRPT.RUA...)...), table{}},
		{"dane", "DANE, " + found("dane", len(e.DANE), "MX host"), daneTable(e.DANE)},
	}, func(s proof) bool { return s.title == "" || !slices.Contains(judged, s.area) })
}

// origins are those of a source and of a key in words.
var origins = map[string]string{
	"flag": "given", "message": "from a message", "dmarc-report": "from DMARC reports",
	"spf": "candidate from the SPF record", "provider": "guessed from the provider", "common": "guessed",
}

func sourceTable(l []audit.Source, several bool) table {
	t := table{head: []string{"ADDRESS", "CONFIRMED", "WHAT"}, right: -1, word: 1}
	for _, s := range l {
		t.rows = append(t.rows, []string{s.IP, s.FCrDNS, list(origins[s.Origin], after("stream ", s.Stream, several),
			after("PTR ", strings.Join(s.PTR, ", "), true), after("HELO ", s.HELO, true))})
	}
	return t
}

// registrationTitle is what the registry says; "" where it was not asked.
func registrationTitle(r *audit.Registration) string {
	if r == nil {
		return ""
	}
	when := func(word string, t *time.Time) string {
		if t == nil {
			return ""
		}
		return word + t.UTC().Format(time.DateOnly)
	}
	return list("REGISTRATION, "+r.Status, r.Domain, some(r.Statuses, 5), when("registered ", r.Registered), when("ends ", r.Expires),
		after("registrar ", r.Registrar, true), after("says ", r.Server, r.Status != "unknown"), r.Cause)
}

func mxTable(l []audit.MXHost) table {
	t := table{head: []string{"PREFERENCE", "HOST", "ADDRESSES"}, right: 0, word: -1}
	for _, h := range l {
		t.rows = append(t.rows, []string{strconv.Itoa(h.Preference), h.Host, strings.Join(h.Addresses, ", ")})
	}
	return t
}

func spfTitle(s audit.SPF) string {
	if s.Status != "found" {
		return "SPF, " + s.Status
	}
	return fmt.Sprintf("SPF, %s of at most 10, %d void of at most 2%s", count(s.Lookups, "lookup"), s.VoidLookups, whoPasses(s.Authorised)) // RFC 7208 4.6.4
}

// whoPasses says how many addresses a record authorises, and which of its terms cost how much of the lookups.
func whoPasses(a *audit.Authorised) string {
	if a == nil {
		return ""
	}
	s := "; " + count(int(a.IPv4), "IPv4 address")
	if a.IPv6 != "0" {
		s += fmt.Sprintf(" and %s IPv6", a.IPv6)
	}
	s += " pass"
	if !a.Complete {
		s += ", and others that depend on the message or were not found out"
	}
	for _, c := range a.Costs {
		s += fmt.Sprintf("; %s costs %d", c.Term, c.Lookups)
	}
	return s
}

func spfTable(l []audit.SPFResult, several bool) table {
	t := table{head: []string{"ADDRESS", "RESULT", "WHAT"}, right: -1, word: 1}
	for _, s := range l {
		t.rows = append(t.rows, []string{s.IP, s.Result, list(s.Identity+" "+s.Domain, after("stream ", s.Stream, several), s.Matched)})
	}
	return t
}

func keyTable(l []audit.Key) table {
	t := table{head: []string{"SELECTOR", "KEY", "WHAT"}, right: -1, word: 1}
	for _, k := range l {
		t.rows = append(t.rows, []string{k.Selector, k.Status, list(strength(k), k.Name, after("key of ", k.Provider, true), origins[k.Origin])})
	}
	return t
}

func dmarcTitle(d audit.DMARC) string {
	if s := policy(d); s != "" {
		return "DMARC, " + s
	}
	return "DMARC, " + d.Status
}

func alignmentTable(l []audit.Alignment) table {
	t := table{head: []string{"STREAM", "DMARC", "ALIGNED AND PASSING"}, right: -1, word: 1}
	for _, a := range l {
		t.rows = append(t.rows, []string{a.Stream, a.DMARC, list(
			fmt.Sprintf("SPF %s (%s, %s)", a.SPF, a.MailFrom.Domain, alignedIn(a.MailFrom)),
			fmt.Sprintf("DKIM %s (%s, %s)", a.DKIM, a.Signer.Domain, alignedIn(a.Signer)), a.Note)})
	}
	return t
}

// alignedIn says how an identifier stands to the author domain, in the mode that the DMARC record asks for.
func alignedIn(i audit.Identity) string {
	switch i.Aligned {
	case "pass":
		return "aligned"
	case "fail":
		return "not aligned, " + cmp.Or(i.Mode, "mode not known")
	}
	return "alignment not known"
}

func listingTable(l []audit.Listing) table {
	t := table{head: []string{"LIST", "RESULT", "WHAT"}, right: -1, word: 1}
	for _, d := range l {
		t.rows = append(t.rows, []string{d.Zone, d.Status, list(d.Target, strings.Join(d.Codes, ", "), d.Meaning, d.Reason, d.Cause)})
	}
	return t
}

func serviceTable(l []audit.Service) table {
	t := table{head: []string{"SERVICE", "RESULT", "WHAT"}, right: -1, word: 1}
	for _, s := range l {
		how := s.Version
		switch s.TLS {
		case "starttls":
			how += " by STARTTLS"
		case "implicit":
			how += " from the start"
		default:
			how = "without TLS"
		}
		if s.Status != "open" {
			how = ""
		}
		auth := strings.Join(s.Auth, " ")
		if s.AuthBeforeTLS {
			auth += " before TLS"
		}
		t.rows = append(t.rows, []string{fmt.Sprintf("%s:%d", s.Host, s.Port), s.Status,
			list(strings.TrimSpace(how), after("AUTH ", auth, true), certificate(s.Certificate), after("greets with ", s.Banner, true), s.Cause)})
	}
	return t
}

// certificate is one in words, "" where there is none.
func certificate(c *audit.Cert) string {
	if c == nil {
		return ""
	}
	s := "certificate until " + c.NotAfter.UTC().Format("2006-01-02") + after(" for ", some(c.Names, 3), true)
	switch {
	case c.TrustUnknown != "":
		s += ", whether trusted is not known: " + c.TrustUnknown
	case !c.Trusted:
		s += ", not trusted"
	}
	return s
}

// talkTable has a row for each MX host, with what it offers and what it said to envelopes.
func talkTable(l []audit.MXTalk) table {
	t := table{head: []string{"MX HOST", "PORT 25", "WHAT"}, right: -1, word: 1}
	for _, h := range l {
		how := ""
		if h.Status == "open" {
			how = "without TLS"
		}
		if h.TLS != "none" {
			how = strings.TrimSpace(h.Version + " by STARTTLS " + h.Cipher)
		}
		what := []string{h.Address, how, certificate(h.Certificate), after("EHLO: ", strings.Join(h.Capabilities, ", "), true),
			after("greets with ", h.Banner, true), h.Cause}
		for _, r := range h.Replies {
			what = append(what, fmt.Sprintf("%s for %s: %d %s", strings.ToUpper(r.Stage), r.To, r.Code, r.Text))
		}
		t.rows = append(t.rows, []string{h.Host, h.Status, list(what...)})
	}
	return t
}

// policyTable has the one row of the policy, where senders look for one.
func policyTable(m audit.MTASTS) table {
	t := table{head: []string{"POLICY", "FETCH", "WHAT"}, right: -1, word: 1}
	if m.Fetch == "" {
		return t
	}
	answer, age := "", ""
	if m.HTTPStatus > 0 {
		answer = list(fmt.Sprintf("HTTP %d", m.HTTPStatus), m.ContentType)
	}
	if m.MaxAge != nil {
		age = fmt.Sprintf("max_age %d", *m.MaxAge)
	}
	t.rows = [][]string{{m.PolicyURL, m.Fetch, list(answer, after("mode ", m.Mode, true), age, after("mx ", some(m.MX, 5), true), m.Cause)}}
	return t
}

// daneTable has a row for each host, with its TLSA records and whether they match.
func daneTable(l []audit.DANE) table {
	t := table{head: []string{"MX HOST", "DNSSEC", "TLSA RECORDS"}, right: -1, word: 1}
	for _, d := range l {
		what := []string{d.Cause}
		for _, r := range d.Records {
			what = append(what, r.Data+after(" matches: ", r.Matches, true)+after(", ", r.Cause, true)+after(", ", strings.Join(r.Problems, ", "), true))
		}
		if d.Status == "none" {
			what = []string{"none at " + d.Name}
		}
		t.rows = append(t.rows, []string{d.Host, d.Secure, list(what...)})
	}
	return t
}

// list joins what there is.
func list(l ...string) string {
	return strings.Join(slices.DeleteFunc(l, func(s string) bool { return s == "" }), "; ")
}

// after is s behind a word that says what it is, if it is wanted and there is any.
func after(word, s string, wanted bool) string {
	if s == "" || !wanted {
		return ""
	}
	return word + s
}
