package checks

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// What is said here is for domains that send nothing. A sender that followed it would be refused everywhere, so a domain of
// another profile hears none of it, nor one that was taken for parked and of which the user names senders.
var parkedChecks = []*Check{
	{
		ID: "parked.complete", Title: "a domain that sends nothing has revoked every DKIM key name, too", Area: "parked", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7208 10.1.2", "RFC 7505 3", "RFC 9989 4.7", "RFC 6376 3.6.1", "M3AAWG Protecting Parked Domains Best Common Practices"},
		Needs:      facts.MXHosts | facts.SPFTree | facts.Policy | facts.Keys,
		Help: "SPF that lets no host pass, p=reject and a null MX together leave nobody a way to send in the name of a domain that " +
			"sends nothing. An empty p= at *._domainkey says the same of signatures, and is optional.",
		Fix: "Leave it so; to say it of DKIM too, publish TXT v=DKIM1; p= at *._domainkey",
		Example: Example{Zone: `example.com. TXT "v=spf1 -all"` + "\nexample.com. MX 0 .\n" + `_dmarc.example.com. TXT "v=DMARC1; p=reject"`,
			Remove: "s1._domainkey.example.com. TXT", Flags: "--ip= --helo= --selector="},
		Judge: parkedComplete,
	},
	{
		ID: "parked.incomplete", Title: "a domain that sends nothing says so by SPF, DMARC and a null MX", Area: "parked", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 7208 10.1.2", "RFC 7505 3", "RFC 9989 4.7", "M3AAWG Protecting Parked Domains Best Common Practices"},
		Needs:      facts.MXHosts | facts.SPFTree | facts.Policy,
		Help: "A domain without mail is what forgers look for: nobody misses its reports. SPF that lets no host pass, a DMARC policy of " +
			"reject and a null MX close it to them, and each of them leaves a gap where another is missing.",
		Fix: "Publish what is missing",
		Example: Example{Zone: `example.com. TXT "v=spf1 -all"` + "\nexample.com. MX 0 .\n" + `_dmarc.example.com. TXT "v=DMARC1; p=none"`,
			Remove: "s1._domainkey.example.com. TXT", Flags: "--ip= --helo= --selector="},
		Judge: parkedIncomplete,
	},
	{
		ID: "parked.but-sends", Title: "the records that say that a domain sends nothing are not those of a sender", Area: "parked", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7208 10.1.2", "RFC 7208 8.4", "RFC 7505 4.2"},
		Replies: []string{
			"550 Command rejected due to Sender ID validation failure",
			"550 5.7.26 The MAIL FROM domain [{d}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [{ip}]. To best protect our users from spam and phishing, the message has been blocked.",
			"550 5.7.27 <..>: Sender address rejected: Domain {d} does not accept mail (nullMX)",
		},
		// Outlook.com documents its answer for a record of -all alone, whatever the volume; what a null MX leads to is CapDead's.
		Refused: []Refusal{{Receiver: "outlook"}},
		Cap:     CapDead,
		Needs:   facts.SPFTree,
		Help: "An SPF record of -all alone says that no host sends for the domain, and a null MX that it takes no mail. Both are right for " +
			"a domain without mail. Outlook.com refuses mail from a domain with the one, Yahoo from a domain with the other.",
		Fix:     "Publish an SPF record that names what sends, and MX records of a host that takes the answers",
		Example: Example{Zone: `example.com. TXT "v=spf1 -all"`},
		Judge:   parkedButSends,
	},
}

// told says whether the user said that the domain is parked; else its records did.
func told(f *facts.Facts) bool { return strings.HasPrefix(f.Profile.Reason, "--profile") }

// given are the sending addresses and selectors that the user named, in words; "" for none.
func given(f *facts.Facts) string {
	var l []string
	for _, s := range f.Streams {
		for _, ip := range s.IPs {
			l = append(l, ip.String())
		}
		for _, x := range s.Selectors {
			l = append(l, "selector "+clip(x))
		}
	}
	if len(l) == 0 {
		return ""
	}
	return some(l)
}

// sendsNothing says whether a domain may be advised to refuse all mail in its name: it is parked by the user's word, or by
// its records while the user names no sender.
func sendsNothing(f *facts.Facts) bool {
	return f.Profile.Name == facts.Parked && (told(f) || given(f) == "")
}

// parking is what a domain that sends nothing publishes to say so, and what not.
type parking struct {
	lacks   []string // in words
	publish []string // the records that would say it
	takes   int      // MX hosts of a domain that takes mail, which may be meant
	lost    string   // why one of the three is not known
}

// parked is that of a domain that sends nothing; it is false of any other.
func parked(f *facts.Facts) (p parking, ok bool) {
	if !sendsNothing(f) || gone(f) {
		return p, false
	}
	for _, s := range f.SPF {
		if s.From {
			p.spf(s)
		}
	}
	p.dmarc(f)
	p.mx(f)
	return p, true
}

func (p *parking) spf(s facts.SPF) {
	lack := ""
	switch hard := nobody(s.Root); {
	case !hard.Known():
		p.lost = hard.Why
	case s.Root.Status == facts.SPFNone:
		lack = "there is no SPF record"
	case s.Root.Status == facts.SPFMultiple:
		lack = fmt.Sprintf("there are %d SPF records", len(s.Root.Texts))
	case !hard.Value:
		lack = fmt.Sprintf("the SPF record %q is not -all alone", clip(record(s.Root).Text))
	}
	if lack != "" {
		p.lacks = append(p.lacks, lack)
		p.publish = append(p.publish, fmt.Sprintf(`%s. TXT "v=spf1 -all" as the only SPF record`, s.Domain))
	}
}

// nobody says whether a record lets no host pass: its first mechanism is -all, or it hands over to one of which that is true.
func nobody(n facts.SPFNode) facts.Fact[bool] {
	if n.Status == facts.SPFUnknown {
		return facts.Cannot[bool](n.Why)
	}
	rec := record(n)
	if n.Status != facts.SPFFound || len(rec.Problems) > 0 {
		return facts.Know(false)
	}
	if l := rec.Effective(); len(l) > 0 {
		return facts.Know(l[0].Name == "all" && l[0].Qualifier == "-")
	}
	for _, t := range n.Terms {
		if t.Term.Name == "redirect" && t.Child != nil {
			return nobody(*t.Child)
		}
	}
	return facts.Know(false)
}

func (p *parking) dmarc(f *facts.Facts) {
	d, lack := f.DMARC.Value, ""
	how := fmt.Sprintf(`_dmarc.%s. TXT "v=DMARC1; p=reject"`, f.Domain)
	switch {
	case !f.DMARC.Known():
		p.lost = f.DMARC.Why
	case lostPolicyOf(f) != "":
		p.lost = lostPolicyOf(f)
	case d.Status == facts.DMARCNone:
		lack = "there is no DMARC record"
	case d.Status == facts.DMARCInvalid:
		lack = "receivers ignore what stands at " + d.FoundAt
	case d.Policy != "reject":
		lack = fmt.Sprintf("the DMARC policy is %s, not reject", d.Policy)
		if !d.Inherited {
			how = fmt.Sprintf("p=reject in the record at %s, all its other tags as they are", d.FoundAt)
			if d.Record != nil && d.Record.Testing {
				how += ", but for t=y"
			}
		}
	}
	if lack != "" {
		p.lacks, p.publish = append(p.lacks, lack), append(p.publish, how)
	}
}

func (p *parking) mx(f *facts.Facts) {
	lack := ""
	switch mx := f.MX.Value; {
	case !f.MX.Known():
		p.lost = f.MX.Why
	case mx.Status == facts.MXFound:
		p.takes = len(mx.Hosts)
	case mx.Status == facts.MXImplicit:
		lack = "there is no MX record, so mail to it goes to its own address"
	case mx.Status == facts.MXNone:
		lack = "there is no null MX"
	}
	if lack != "" {
		p.lacks, p.publish = append(p.lacks, lack), append(p.publish, fmt.Sprintf("%s. MX 0 .", f.Domain))
	}
}

func parkedComplete(f *facts.Facts) []Verdict {
	p, ok := parked(f)
	if !ok || p.lost != "" || p.takes > 0 || len(p.lacks) > 0 {
		return nil // parked.incomplete says so
	}
	v := Verdict{Subject: f.Domain}
	if !keyless(f) {
		v.Broken = one(Info, "SPF lets no host pass, DMARC asks to reject and the null MX takes no mail: nobody can send in its name")
	}
	return []Verdict{v}
}

// keyless says whether an empty key stands at every selector of the domain (RFC 6376 3.6.1).
func keyless(f *facts.Facts) bool {
	return slices.ContainsFunc(f.DKIM, func(d facts.DKIM) bool {
		return d.Domain == f.Domain && len(d.Wildcard) > 0 && !slices.ContainsFunc(d.Wildcard, func(text string) bool { return !dkim.Parse(text).Revoked })
	})
}

func parkedIncomplete(f *facts.Facts) []Verdict {
	p, ok := parked(f)
	if !ok {
		return nil
	}
	v := Verdict{Subject: f.Domain}
	takes := fmt.Sprintf("mail to it is taken by %s", count(p.takes, "MX host"))
	// A domain may take mail and send none. Its MX records are its own affair, and advice to delete them would do harm.
	const null = "%s. MX 0 . in place of the MX records, if nobody reads its mail either"
	switch {
	case len(p.lacks) > 0:
		if p.takes > 0 {
			p.publish = append(p.publish, fmt.Sprintf(null, f.Domain))
			p.lacks = append(p.lacks, takes)
		}
		v.Broken = []Violation{{Status: Warn, Message: "a domain that sends nothing, and " + strings.Join(p.lacks, "; "), Fix: "Publish " + strings.Join(p.publish, "; ")}}
	case p.lost != "":
		v.Unknown = p.lost
	case p.takes > 0:
		v.Broken = []Violation{{Status: Info, Message: "a domain that sends nothing, and " + takes, Fix: "Leave it so, or publish " + fmt.Sprintf(null, f.Domain)}}
	}
	return []Verdict{v}
}

// sendsYet says whether a domain that was taken for parked by its records sends with its own name in MAIL FROM.
func sendsYet(f *facts.Facts) bool {
	return !told(f) && given(f) != "" && slices.ContainsFunc(f.SPF, func(s facts.SPF) bool { return s.From && len(s.MailFrom) > 0 })
}

// parkedButSends is about a domain that was taken for parked by its records alone. Where the user said so there is no doubt.
func parkedButSends(f *facts.Facts) []Verdict {
	if f.Profile.Name != facts.Parked || gone(f) || told(f) {
		return nil
	}
	v := Verdict{Subject: f.Domain}
	who := given(f)
	if who == "" {
		return []Verdict{v}
	}
	i := slices.IndexFunc(f.SPF, func(s facts.SPF) bool { return s.From })
	if i < 0 {
		return nil
	}
	own := f.SPF[i]
	if !sendsYet(f) { // SPF and null MX alike are about the domain in MAIL FROM (RFC 7208 2.4, RFC 7505 4.2)
		v.Broken = []Violation{{Status: Info, Message: "it was taken for a domain that sends nothing, while it sends with another domain in MAIL FROM: " + who,
			Fix: "Give --profile sender, so that the domain is judged as one"}}
		return []Verdict{v}
	}
	if f.MX.Known() && f.MX.Value.Status == facts.MXNull {
		v.Broken = append(v.Broken, Violation{Status: Fail, Cap: CapDead, Fix: "Publish the MX records of a host that takes the answers, or send from another domain",
			Message: "the null MX says that the domain is without mail, and yet it sends: " + who})
	}
	switch hard := nobody(own.Root); {
	case !hard.Known():
		v.Unknown = "whether the SPF record lets any host pass: " + hard.Why
	case f.MX.State == facts.Unknown:
		v.Unknown = "whether there is a null MX: " + f.MX.Why
	}
	if nobody(own.Root).Value {
		// One defect: what it costs is with the addresses that do not pass.
		implied := slices.ContainsFunc(f.Results, func(r facts.SPFResult) bool {
			return r.Identity == "mailfrom" && r.Domain == own.Domain && r.Declared && r.Result == "fail"
		})
		v.Broken = append(v.Broken, Violation{Status: Fail, Implied: implied, At: hardAll(own), Fix: "Publish an SPF record that names what sends, or send with a MAIL FROM of another domain",
			Message: "the SPF record says that no host sends, and yet one does: " + who})
	}
	return []Verdict{v}
}

// hardAll is where -all stands in a domain's own record.
func hardAll(s facts.SPF) Place {
	if all, ok := record(s.Root).All(); ok {
		return Place{Name: s.Domain, Record: record(s.Root).Text, Offset: all.Offset, Length: len(all.Text)}
	}
	return Place{}
}
