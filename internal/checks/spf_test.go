package checks

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// names are what a walk meets in the DNS: an SPF record, "A" with addresses or without one for the sender's, "MX" with a
// number of hosts, "lost", "two" for two records, or "lapsed" for a name in a domain that is not registered. A name that
// is not among them does not exist.
type names map[string]string

// walked is the SPF of healthy.example with all that it leads to.
func walked(text string, dns names) facts.SPF {
	s := spfFacts(text)
	s.Lookups = 0
	s.Root = node(&s, "healthy.example", text, dns, nil)
	return s
}

func node(s *facts.SPF, domain, text string, dns names, above []string) facts.SPFNode {
	n := facts.SPFNode{Domain: domain, Status: facts.SPFFound, Texts: []string{text}}
	switch {
	case slices.Contains(above, domain):
		return facts.SPFNode{Domain: domain, Status: facts.SPFLoop}
	case strings.Contains(domain, "%"):
		return facts.SPFNode{Domain: domain, Status: facts.SPFUndetermined, Why: "a macro"}
	case text == "lost":
		s.Whole = false
		return facts.SPFNode{Domain: domain, Status: facts.SPFUnknown, Why: "SERVFAIL"}
	case text == "two":
		n.Status, n.Texts = facts.SPFMultiple, []string{"v=spf1 -all", "v=spf1 ~all"}
		return n
	case !spf.IsSPF(text):
		return facts.SPFNode{Domain: domain, Status: facts.SPFNone}
	}
	rec := spf.Parse(text)
	n.Record = &rec
	terms := rec.Effective()
	if t, ok := rec.Redirect(); ok {
		terms = append(terms, t)
	}
	for _, t := range terms {
		x := facts.SPFTerm{Term: t}
		if t.NeedsLookup() {
			s.Lookups++
			x.Lookup, x.Target = s.Lookups, t.Spec
			found, ok := dns[t.Spec]
			if found == "lapsed" {
				ok, x.Unregistered = false, registered(t.Spec)
			}
			if x.Void = !ok && t.Name != "ptr" && t.Spec != "" && t.Spec != "healthy.example" && !strings.Contains(t.Spec, "%"); x.Void {
				s.Void++
				x.VoidCount = s.Void
			}
			hosts, isMX := strings.CutPrefix(found, "MX ")
			switch {
			case t.Name == "include", t.Name == "redirect":
				if strings.Contains(t.Spec, "%") {
					x.Target, x.Why = "", "a macro"
				}
				child := node(s, t.Spec, found, dns, append(slices.Clone(above), domain))
				x.Child = &child
			case found == "lost":
				x.Why, s.Whole = "SERVFAIL", false
			case isMX:
				x.Hosts = len(hosts)
			case found == "A":
				x.Addresses = []netip.Addr{sender}
			case strings.HasPrefix(found, "A "):
				for _, a := range strings.Fields(found)[1:] {
					x.Addresses = append(x.Addresses, netip.MustParseAddr(a))
				}
			case strings.Contains(t.Spec, "%"):
				x.Target, x.Why = "", "a macro"
			}
		}
		n.Terms = append(n.Terms, x)
	}
	return n
}

// publishes is an edit: the domain publishes this, and the address that sends gets a result.
func publishes(text string, dns names, result string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.SPF = []facts.SPF{walked(text, dns)}
		f.Results[0].Result, f.Results[0].Why = result, ""
	}
}

// noSource is an edit after which nobody knows what sends.
func noSource(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.Results = nil
	}
}

// guessed is an edit after which the address that sends is a candidate.
func guessed(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.Results[0].Declared = false
	}
}

// elsewhere is an edit after which MAIL FROM is another domain, and the audited one is From alone.
func elsewhere(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.SPF[0].MailFrom = nil
		esp := spfFacts("v=spf1 ip4:11.22.33.44 -all")
		esp.Domain, esp.Root.Domain, esp.From = "bounce.example", "bounce.example", false
		f.SPF = append(f.SPF, esp)
		f.Results[0].Domain, f.Results[0].Result = "bounce.example", "pass"
	}
}

// unpublished is an edit: the domain has no SPF record but these texts that were meant to be one.
func unpublished(near ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.SPF[0].Root = facts.SPFNode{Domain: f.Domain, Status: facts.SPFNone}
		f.SPF[0].Near = near
		f.Results[0].Result, f.Results[0].Why = "none", "no SPF record"
	}
}

// strung is an edit: the record stands in several strings.
func strung(parts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		publishes(strings.Join(parts, ""), nil, "permerror")(f)
		f.SPF[0].Root.Seams = parts
	}
}

// gets is an edit after which the sending address has a result.
func gets(result string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.Results[0].Result = result }
}

// beneathIt is an edit: MAIL FROM is a subdomain without a record.
func beneathIt(f *facts.Facts) {
	elsewhere(func(*facts.Facts) {})(f)
	f.SPF[1].Domain, f.SPF[1].Root = "news.healthy.example", facts.SPFNode{Domain: "news.healthy.example", Status: facts.SPFNone}
	f.Results[0].Domain, f.Results[0].Result = "news.healthy.example", "none"
}

// helloRecord is an edit: the HELO name has SPF with this status.
func helloRecord(status string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.SPF = append(f.SPF, facts.SPF{Domain: "mail.healthy.example", HELO: []string{"default"}, Exists: true, Root: facts.SPFNode{Domain: "mail.healthy.example", Status: status, Why: "SERVFAIL"}})
	}
}

// helloResult is an edit after which the HELO name and MAIL FROM have these results for the sending address.
func helloResult(helo, mailFrom string) func(*facts.Facts) {
	return inTurn(helloRecord(facts.SPFFound), func(f *facts.Facts) {
		ip := f.Sources[0].IP
		f.Results = []facts.SPFResult{
			{IP: ip, Stream: "default", Declared: true, Identity: "mailfrom", Domain: f.Domain, Result: mailFrom},
			{IP: ip, Stream: "default", Declared: true, Identity: "helo", Domain: "mail.healthy.example", Result: helo},
		}
	})
}

// TestHELOImplied: an address that MAIL FROM refuses, too, costs its points once.
func TestHELOImplied(t *testing.T) {
	for mailFrom, want := range map[string]bool{"fail": true, "pass": false} {
		f := healthy()
		helloResult("fail", mailFrom)(f)
		for _, x := range Run(f, func(Area) bool { return true }).Findings {
			if x.Check.ID == "spf.helo-not-covered" && x.Implied != want {
				t.Errorf("MAIL FROM %s: implied %t", mailFrom, x.Implied)
			}
		}
	}
}

// sendsAs is an edit: the stream's MAIL FROM and d= are these domains, each its own organizational domain unless beneath
// healthy.example.
func sendsAs(mailFrom, signer string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Streams[0].MailFrom, f.Streams[0].DKIMDomain = "bounce@"+mailFrom, signer
		for _, d := range []string{mailFrom, signer} {
			org := d
			if strings.HasSuffix(d, ".healthy.example") {
				org = "healthy.example"
			}
			f.Orgs = append(f.Orgs, facts.Org{Domain: d, Org: facts.Know(org)})
		}
	}
}

// strictMailFrom is an edit after which aspf=s is asked for.
func strictMailFrom(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.DMARC.Value.Record.ASPF = "s"
	}
}

// hello is an edit: the HELO name has these addresses.
func hello(addresses ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.HELOs[0].Addresses.Value.Addresses = nil
		for _, a := range addresses {
			f.HELOs[0].Addresses.Value.Addresses = append(f.HELOs[0].Addresses.Value.Addresses, netip.MustParseAddr(a))
		}
	}
}

// policy is an edit: the DMARC policy that receivers apply.
func policy(p string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.DMARC.Value.Policy = p }
}

// reverseNames is an edit: the sending address has so many.
func reverseNames(n int) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Sources[0].PTR.Value.Names = slices.Repeat(f.Sources[0].PTR.Value.Names, n)
	}
}

func twoRecords(f *facts.Facts) {
	f.SPF[0].Root = facts.SPFNode{Domain: f.Domain, Status: facts.SPFMultiple, Texts: []string{"v=spf1 -all", "v=spf1 ~all"}}
	f.Results[0].Result = "permerror"
}

func lostRoot(f *facts.Facts) {
	f.SPF[0].Root = facts.SPFNode{Domain: f.Domain, Status: facts.SPFUnknown, Why: "SERVFAIL"}
	f.Results[0].Result, f.Results[0].Why = "temperror", "SERVFAIL"
}

const own = "ip4:11.22.33.44 "

// many are n terms with their names.
func many(term string, n int) (terms string, dns names) {
	dns = names{}
	for i := range n {
		name := "h" + string(rune('a'+i)) + ".example"
		terms += term + name + " "
		dns[name] = "A"
	}
	return terms, dns
}

var (
	nineTerms, nine     = many("a:", 9)
	tenTerms, ten       = many("a:", 10)
	elevenTerms, eleven = many("a:", 11)
	bad                 = names{"bad.example": "v=spf1 ip4:11.1.1.1 foo bar -all"}
	looping             = names{"loop.example": "v=spf1 include:healthy.example -all"}
	lostNames           = names{"lost.example": "lost", "fine.example": "v=spf1 -all", "host.example": "A"}
)

var lapsedNames = names{"a.lapsed.example": "lapsed"}

const (
	deadInclude   = "v=spf1 include:_spf.mimecast.com " + own + "-all"
	lapsedHost    = "v=spf1 " + own + "a:a.lapsed.example -all"
	lostInclude   = "v=spf1 " + own + "include:lost.example -all"
	lostRedirects = "v=spf1 " + own + "redirect=lost.example"
	lostA         = "v=spf1 " + own + "a:lost.example -all"
	lostM         = "v=spf1 " + own + "mx:lost.example -all"
)

var spfCases = []ruleCase{
	{rule: "spf.missing", want: Fail, says: "no TXT record begins with v=spf1", edit: unpublished()},
	{rule: "spf.missing", name: "no such MAIL FROM domain: domain.nxdomain says it", want: "", edit: noMailFrom},
	{rule: "spf.ip-not-covered", name: "no such MAIL FROM domain", want: "", edit: noMailFrom},
	{rule: "spf.missing", name: "a subdomain", want: Fail, says: "at news.healthy.example; SPF of healthy.example does not hold for its subdomains", edit: beneathIt},
	{rule: "spf.missing", name: "a subdomain, parked", want: Warn, says: "sends nothing", edit: profile(facts.Parked, beneathIt)},
	{rule: "spf.missing", name: "From alone", want: Info, says: "none is needed", edit: elsewhere(unpublished())},
	{rule: "spf.missing", name: "HELO alone", want: Pass, edit: func(f *facts.Facts) {
		f.SPF = append(f.SPF, facts.SPF{Domain: "mail.healthy.example", HELO: []string{"default"}, Exists: true,
			Root: facts.SPFNode{Domain: "mail.healthy.example", Status: facts.SPFNone}})
	}},
	{rule: "spf.missing", name: "parked", want: Warn, says: "sends nothing", edit: profile(facts.Parked, noSource(unpublished()))},
	{rule: "spf.missing", name: "not found out", want: Unknown, says: "SERVFAIL", edit: lostRoot},
	{rule: "spf.missing", name: "spf.version says it", want: "", edit: unpublished("v=spf10 -all")},
	{rule: "spf.missing", name: "no domain", want: "", edit: func(f *facts.Facts) {
		unpublished()(f)
		f.Exists, f.SPF[0].Exists = facts.Know(false), false
	}},
	{rule: "spf.missing", name: "two are not none", want: Pass, edit: twoRecords},

	{rule: "spf.multiple", want: Fail, says: `2 SPF records where 1 is allowed: "v=spf1 -all", "v=spf1 ~all"`, edit: twoRecords},
	{rule: "spf.multiple", name: "of a parked domain", want: Fail, edit: profile(facts.Parked, twoRecords)},
	{rule: "spf.multiple", name: "From alone", want: Warn, edit: elsewhere(twoRecords)},
	{rule: "spf.multiple", name: "none", want: Pass, edit: unpublished()},

	{rule: "spf.version", want: Fail, says: `"v=spf10 -all" for SPF: "0 -all" follows v=spf1`, edit: unpublished("v=spf10 -all")},
	{rule: "spf.version", name: "beside a record", want: Info, says: "stands before v=spf1", edit: func(f *facts.Facts) { f.SPF[0].Near = []string{" v=spf1 -all"} }},
	{rule: "spf.version", name: "From alone", want: Warn, edit: elsewhere(unpublished("v=spf10 -all"))},
	{rule: "spf.version", name: "a parked domain relies on it", want: Fail, edit: profile(facts.Parked, unpublished("v=spf10 -all"))},
	{rule: "spf.version", name: "nothing was meant", want: "", edit: unpublished()},
	{rule: "spf.version", name: "not found out", want: Unknown, edit: lostRoot},
	{rule: "spf.version", name: "lost, and only From", want: "", edit: elsewhere(lostRoot)},

	{rule: "spf.syntax", want: Fail, says: `ipv4:11.22.33.45 at octet 24: there is no mechanism "ipv4"`, edit: publishes("v=spf1 "+own+"ipv4:11.22.33.45 -all", nil, "permerror")},
	{rule: "spf.syntax", name: "after all", want: Fail, says: "nonsense at octet 29", edit: publishes("v=spf1 "+own+"-all nonsense", nil, "permerror")},
	{rule: "spf.syntax", name: "a second exp", want: Fail, says: "exp= stands more than once", edit: publishes("v=spf1 "+own+"-all exp=a.example exp=b.example", nil, "permerror")},
	{rule: "spf.syntax", name: "a second redirect is another rule's", want: Pass, edit: publishes("v=spf1 redirect=a.example redirect=b.example", nil, "permerror")},
	{rule: "spf.syntax", name: "a bad address is another rule's", want: Pass, edit: publishes("v=spf1 ip4:1.2.3 ip6:1.2.3.4 exists:%{x}.example -all", nil, "permerror")},
	{rule: "spf.syntax", name: "thousands", want: Fail, says: "(and 990 more)", edit: publishes("v=spf1"+strings.Repeat(" x", 1000), nil, "permerror")},
	{rule: "spf.syntax", name: "From alone", want: Warn, edit: elsewhere(publishes("v=spf1 foo -all", nil, ""))},
	{rule: "spf.syntax", name: "two records are not judged", want: "", edit: twoRecords},
	{rule: "spf.syntax", name: "not found out", want: Unknown, edit: lostRoot},
	{rule: "spf.ip4-invalid", want: Fail, says: "ip4:11.22.33.444 at octet 24", edit: publishes("v=spf1 "+own+"ip4:11.22.33.444 -all", nil, "permerror")},
	{rule: "spf.ip4-invalid", name: "other problems are others'", want: Pass, edit: publishes("v=spf1 ip6:1 foo -all", nil, "permerror")},
	{rule: "spf.ip6-invalid", want: Fail, says: "write ip4:", edit: publishes("v=spf1 ip6:11.22.33.4 -all", nil, "permerror")},
	{rule: "spf.ip6-invalid", name: "other problems are others'", want: Pass, edit: publishes("v=spf1 ip4:1 foo -all", nil, "permerror")},
	{rule: "spf.macro-invalid", want: Fail, says: "no macro letter", edit: publishes("v=spf1 exists:%{x}.healthy.example -all", nil, "permerror")},
	{rule: "spf.redirect-multiple", want: Fail, says: "redirect=b.example at octet 27: redirect= stands more than once", edit: publishes("v=spf1 redirect=a.example redirect=b.example", nil, "permerror")},
	{rule: "spf.redirect-multiple", name: "in upper case", want: Fail, edit: publishes("v=spf1 redirect=a.example REDIRECT=b.example", nil, "permerror")},
	{rule: "spf.redirect-multiple", name: "a second exp is another rule's", want: Pass, edit: publishes("v=spf1 -all exp=a.example exp=b.example", nil, "permerror")},

	{rule: "spf.string-too-long", want: Fail, says: "no space between ip4:11.80.0.1 and -all where two strings", edit: strung("v=spf1 ip4:11.80.0.1", "-all")},
	{rule: "spf.string-too-long", name: "two seams, one of them harmless", want: Fail, says: "between ip4:11.80.0.1 and -all where", edit: strung("v=spf1 ip4:11.80", ".0.1", "-all")},
	{rule: "spf.string-too-long", name: "three terms", want: Fail, says: "between a and mx and -all where", edit: strung("v=spf1 a", "mx", "-all")},
	{rule: "spf.string-too-long", name: "an empty string between", want: Fail, says: "between mx and -all where", edit: strung("v=spf1 mx", "", "-all")},
	{rule: "spf.string-too-long", name: "a seam within a good term", want: Pass, edit: strung("v=spf1 ip4:11.80", ".0.1 -all")},
	{rule: "spf.string-too-long", name: "a seam within a bad term", want: Pass, edit: strung("v=spf1 ip4:11.80", ".0.999 -all")},
	{rule: "spf.string-too-long", name: "a seam beside a bad term", want: Pass, edit: strung("v=spf1 ", "foo", " -all")},
	{rule: "spf.string-too-long", name: "an include takes in the all", want: Fail, says: "between include:fine.example and -all where two strings of the TXT record meet: they make the one term include:fine.example-all, which leads nowhere", edit: strung("v=spf1 include:fine.example", "-all")},
	{rule: "spf.string-too-long", name: "an include behind the match takes in the all", want: Warn, says: "no declared address comes that far", edit: inTurn(strung("v=spf1 "+own+"include:fine.example", "-all"), gets("pass"))},
	{rule: "spf.string-too-long", name: "an a takes in the all", want: Warn, says: "a:v1.example-all, which finds nothing", edit: inTurn(strung("v=spf1 "+own+"a:v1.example", "-all"), gets("pass"))},
	{rule: "spf.string-too-long", name: "a seam within a dead include", want: Pass, edit: strung("v=spf1 include:gone", ".example -all")},
	{rule: "spf.string-too-long", name: "a term of many strings", want: Pass, edit: strung(append([]string{"v=spf1 a"}, strings.Split(strings.Repeat("mx", 30), "")...)...)},

	{rule: "spf.lookup-limit", want: Fail, says: "11 DNS lookups where 10 are allowed; out of reach: a:hk.example (lookup 11)", edit: publishes("v=spf1 "+elevenTerms+own+"-all", eleven, "permerror")},
	{rule: "spf.lookup-limit", name: "out of reach", want: Warn, says: "(lookup 11); no declared address comes that far", edit: publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass")},
	{rule: "spf.lookup-limit", name: "no source", want: Fail, edit: noSource(publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass"))},
	{rule: "spf.lookup-limit", name: "a candidate that passes shows nothing", want: Fail, edit: guessed(publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass"))},
	{rule: "spf.lookup-limit", name: "one of two sources", want: Fail, edit: func(f *facts.Facts) {
		publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass")(f)
		f.Results = append(f.Results, f.Results[0])
		f.Results[1].Result = "permerror"
	}},
	{rule: "spf.lookup-limit", name: "the result for HELO is no evidence", want: Fail, edit: func(f *facts.Facts) {
		publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass")(f)
		f.Results[0].Identity = "helo"
	}},
	{rule: "spf.lookup-limit", name: "nor is that for another domain", want: Fail, edit: func(f *facts.Facts) {
		publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass")(f)
		f.Results[0].Domain = "bounce.example"
	}},
	{rule: "spf.lookup-limit", name: "From alone", want: Warn, edit: elsewhere(publishes("v=spf1 "+elevenTerms+"-all", eleven, ""))},
	{rule: "spf.lookup-limit", name: "ten", want: Pass, edit: publishes("v=spf1 "+tenTerms+own+"-all", ten, "pass")},
	{rule: "spf.lookup-limit", name: "in includes, and many", want: Fail, says: "include:a.example > a:hj.example (lookup 11), a (lookup 12), a (lookup 13), a (lookup 14), a (lookup 15) and 3 more",
		edit: noSource(publishes("v=spf1 include:a.example a a a a a a a -all", with(ten, "a.example", "v=spf1 "+tenTerms), ""))},
	{rule: "spf.lookup-limit", name: "a lost include", want: Unknown, says: "the SPF record of lost.example is not known: SERVFAIL", edit: publishes(lostInclude, lostNames, "pass")},
	{rule: "spf.lookup-limit", name: "certain in spite of a lost include", want: Fail, edit: noSource(publishes("v=spf1 "+elevenTerms+"include:lost.example -all", with(eleven, "lost.example", "lost"), ""))},
	{rule: "spf.lookup-limit", name: "a lost address counts all the same", want: Pass, edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.lookup-limit", name: "a macro is nothing lost", want: Pass, edit: publishes("v=spf1 include:%{i}.example -all", nil, "pass")},
	{rule: "spf.lookup-near", want: Warn, says: "10 DNS lookups where 10 are allowed", edit: publishes("v=spf1 "+own+tenTerms+"-all", ten, "pass")},
	{rule: "spf.lookup-near", name: "nine", want: Warn, says: "9 DNS lookups", edit: publishes("v=spf1 "+own+nineTerms+"-all", nine, "pass")},
	{rule: "spf.lookup-near", name: "eight", want: Pass, edit: publishes("v=spf1 "+own+strings.Replace(nineTerms, "a:ha.example ", "", 1)+"-all", nine, "pass")},
	{rule: "spf.lookup-near", name: "over the limit", want: "", edit: publishes("v=spf1 "+own+elevenTerms+"-all", eleven, "pass")},
	{rule: "spf.lookup-near", name: "a lost include", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.void-limit", want: Fail, says: "3 void lookups where 2 are allowed: a:v1.example, mx:v2.example, exists:v3.example", edit: publishes("v=spf1 a:v1.example mx:v2.example exists:v3.example "+own+"-all", nil, "permerror")},
	{rule: "spf.void-limit", name: "out of reach", want: Warn, says: "no declared address", edit: publishes("v=spf1 "+own+"a:v1.example a:v2.example a:v3.example -all", nil, "pass")},
	{rule: "spf.void-limit", name: "two", want: Pass, edit: publishes("v=spf1 "+own+"a:v1.example a:v2.example -all", nil, "pass")},
	{rule: "spf.void-limit", name: "a lost address", want: Unknown, says: "what a:lost.example finds is not known: SERVFAIL", edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.void-limit", name: "a lost include", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},
	{rule: "spf.void-limit", name: "a macro is nothing lost", want: Pass, edit: publishes("v=spf1 exists:%{i}.example -all", nil, "pass")},
	{rule: "spf.void-limit", name: "hosts of which some are lost are not void", want: Pass, edit: func(f *facts.Facts) {
		publishes("v=spf1 "+own+"mx:many.example -all", names{"many.example": "MX hh"}, "pass")(f)
		f.SPF[0].Root.Terms[1].Why = "SERVFAIL"
	}},
	{rule: "spf.void", want: Warn, says: "a:v1.example finds nothing; 2 such terms are allowed", edit: publishes("v=spf1 "+own+"a:v1.example -all", nil, "pass")},
	{rule: "spf.void", name: "two", want: Warn, says: "a:v1.example, include:in.example > a:v2.example find nothing", edit: publishes("v=spf1 "+own+"a:v1.example include:in.example -all", names{"in.example": "v=spf1 a:v2.example"}, "pass")},
	{rule: "spf.void", name: "over the limit", want: "", edit: publishes("v=spf1 "+own+"a:v1.example a:v2.example a:v3.example -all", nil, "pass")},
	{rule: "spf.void", name: "a lost address", want: Unknown, edit: publishes(lostA, lostNames, "pass")},

	{rule: "spf.mx-limit", want: Fail, says: "mx:many.example leads to 11 MX hosts where 10 are allowed", edit: publishes("v=spf1 mx:many.example -all", names{"many.example": "MX hhhhhhhhhhh"}, "permerror")},
	{rule: "spf.mx-limit", name: "out of reach", want: Warn, says: "no declared address", edit: publishes("v=spf1 "+own+"mx:many.example -all", names{"many.example": "MX hhhhhhhhhhh"}, "pass")},
	{rule: "spf.mx-limit", name: "ten", want: Pass, edit: publishes("v=spf1 "+own+"mx:many.example -all", names{"many.example": "MX hhhhhhhhhh"}, "pass")},
	{rule: "spf.mx-limit", name: "lost", want: Unknown, edit: publishes(lostM, lostNames, "pass")},
	{rule: "spf.mx-limit", name: "a lost address is no mx", want: Pass, edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.mx-limit", name: "a lost include", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.include-missing", want: Fail, says: "include:gone.example: no SPF record at gone.example", edit: publishes("v=spf1 include:gone.example "+own+"-all", nil, "permerror")},
	{rule: "spf.include-missing", name: "a name without SPF", want: Fail, edit: publishes("v=spf1 include:host.example "+own+"-all", lostNames, "permerror")},
	{rule: "spf.include-missing", name: "behind the match", want: Warn, says: "no declared address", edit: publishes("v=spf1 "+own+"include:gone.example -all", nil, "pass")},
	{rule: "spf.include-missing", name: "nobody knows what happens", want: Warn, says: "no SPF record at gone.example", edit: publishes("v=spf1 "+own+"include:gone.example -all", nil, "temperror")},
	{rule: "spf.include-missing", name: "no source", want: Fail, edit: noSource(publishes("v=spf1 "+own+"include:gone.example -all", nil, ""))},
	{rule: "spf.include-missing", name: "a candidate comes to it", want: Fail, edit: guessed(publishes("v=spf1 include:gone.example "+own+"-all", nil, "permerror"))},
	{rule: "spf.include-missing", name: "within an include", want: Fail, says: "include:in.example > include:gone.example: no SPF record at gone", edit: publishes("v=spf1 include:in.example -all", names{"in.example": "v=spf1 include:gone.example"}, "permerror")},
	{rule: "spf.include-missing", name: "a redirect is another rule's", want: Pass, edit: publishes("v=spf1 redirect=gone.example", nil, "permerror")},
	{rule: "spf.include-missing", name: "lost", want: Unknown, says: "lost.example", edit: publishes(lostInclude, lostNames, "pass")},
	{rule: "spf.include-missing", name: "a macro", want: Pass, edit: publishes("v=spf1 include:%{i}.example -all", nil, "pass")},
	{rule: "spf.include-missing", name: "From alone", want: Warn, edit: elsewhere(publishes("v=spf1 include:gone.example -all", nil, ""))},

	{rule: "spf.include-permerror", want: Fail, says: `include:bad.example: foo at octet 21: there is no mechanism "foo" (and 1 more)`, edit: publishes("v=spf1 include:bad.example "+own+"-all", bad, "permerror")},
	{rule: "spf.include-permerror", name: "two records", want: Fail, says: "include:two.example: 2 SPF records where 1 is allowed", edit: publishes("v=spf1 include:two.example -all", names{"two.example": "two"}, "permerror")},
	{rule: "spf.include-permerror", name: "by redirect", want: Fail, says: "redirect=bad.example: foo", edit: publishes("v=spf1 redirect=bad.example", bad, "permerror")},
	{rule: "spf.include-permerror", name: "behind the match", want: Warn, edit: publishes("v=spf1 "+own+"include:bad.example -all", bad, "pass")},
	{rule: "spf.include-permerror", name: "lost", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.include-loop", want: Fail, says: "include:loop.example > include:healthy.example leads back to healthy.example", edit: publishes("v=spf1 include:loop.example "+own+"-all", looping, "permerror")},
	{rule: "spf.include-loop", name: "to itself by redirect", want: Fail, says: "redirect=healthy.example leads back", edit: publishes("v=spf1 redirect=healthy.example", nil, "permerror")},
	{rule: "spf.include-loop", name: "behind the match", want: Warn, edit: publishes("v=spf1 "+own+"include:loop.example -all", looping, "pass")},
	{rule: "spf.include-loop", name: "lost", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.redirect-missing", want: Fail, says: "redirect=gone.example: no SPF record at gone.example", edit: publishes("v=spf1 ip4:11.22.33.45 redirect=gone.example", nil, "permerror")},
	{rule: "spf.redirect-missing", name: "behind the match", want: Warn, edit: publishes("v=spf1 "+own+"redirect=gone.example", nil, "pass")},
	{rule: "spf.redirect-missing", name: "ignored beside all", want: Pass, edit: publishes("v=spf1 "+own+"-all redirect=gone.example", nil, "pass")},
	{rule: "spf.redirect-missing", name: "lost", want: Unknown, edit: publishes(lostRedirects, lostNames, "pass")},

	{rule: "spf.redirect-with-all", want: Warn, says: "redirect=a.example is ignored beside -all", edit: publishes("v=spf1 redirect=a.example "+own+"-all", nil, "pass")},
	{rule: "spf.redirect-with-all", name: "alone", want: Pass, edit: publishes("v=spf1 redirect=fine.example", lostNames, "fail")},
	{rule: "spf.redirect-with-all", name: "malformed", want: Pass, edit: publishes("v=spf1 redirect= -all", nil, "permerror")},

	{rule: "spf.all-missing", want: Warn, says: "any other address gets neutral", edit: publishes("v=spf1 "+own, nil, "pass")},
	{rule: "spf.all-missing", name: "a redirect ends it", want: Pass, edit: publishes("v=spf1 redirect=fine.example", lostNames, "fail")},
	{rule: "spf.all-missing", name: "-all alone", want: Pass, edit: profile(facts.Parked, noSource(publishes("v=spf1 -all", nil, "")))},

	{rule: "spf.all-plus", want: Fail, says: "+all: every address on the Internet passes", edit: publishes("v=spf1 "+own+"+all", nil, "pass")},
	{rule: "spf.all-plus", name: "bare", want: Fail, says: "all, which means +all: every", edit: publishes("v=spf1 all", nil, "pass")},
	{rule: "spf.all-plus", name: "by redirect", want: Fail, says: "redirect=open.example > +all", edit: publishes("v=spf1 redirect=open.example", names{"open.example": "v=spf1 +all"}, "pass")},
	{rule: "spf.all-plus", name: "by include", want: Fail, says: "include:in.example > include:open.example > all, which", edit: publishes("v=spf1 include:in.example -all", names{"in.example": "v=spf1 include:open.example", "open.example": "v=spf1 all"}, "pass")},
	{rule: "spf.all-plus", name: "an include that does not give pass", want: Pass, edit: publishes("v=spf1 "+own+"?include:open.example -all", names{"open.example": "v=spf1 +all"}, "pass")},
	{rule: "spf.all-plus", name: "never reached", want: Pass, edit: publishes("v=spf1 "+own+"-all +all", nil, "pass")},
	{rule: "spf.all-plus", name: "of another sign", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example ~all", names{"in.example": "v=spf1 -all"}, "pass")},
	{rule: "spf.all-plus", name: "lost", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},
	{rule: "spf.all-plus", name: "From alone", want: Warn, edit: elsewhere(publishes("v=spf1 +all", nil, ""))},

	{rule: "spf.all-neutral", want: Warn, says: "?all: any other address gets neutral", edit: publishes("v=spf1 "+own+"?all", nil, "pass")},
	{rule: "spf.all-neutral", name: "by redirect", want: Warn, says: "redirect=in.example > ?all", edit: publishes("v=spf1 "+own+"redirect=in.example", names{"in.example": "v=spf1 ?all"}, "pass")},
	{rule: "spf.all-neutral", name: "of an include", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ?all"}, "pass")},
	{rule: "spf.all-neutral", name: "a redirect within an include", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 redirect=deep.example", "deep.example": "v=spf1 ?all"}, "pass")},
	{rule: "spf.all-neutral", name: "a lost redirect", want: Unknown, edit: publishes(lostRedirects, lostNames, "pass")},
	{rule: "spf.all-neutral", name: "a lost include", want: Pass, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.all-not-last", want: Warn, says: "ignored after -all: include:a.example", edit: publishes("v=spf1 "+own+"-all include:a.example", nil, "pass")},
	{rule: "spf.all-not-last", name: "a second all", want: Warn, says: "ignored after ~all: -all", edit: publishes("v=spf1 "+own+"~all -all", nil, "pass")},
	{rule: "spf.all-not-last", name: "modifiers", want: Pass, edit: publishes("v=spf1 "+own+"-all exp=e.example redirect=a.example x=y", nil, "pass")},
	{rule: "spf.all-not-last", name: "a malformed term", want: Pass, edit: publishes("v=spf1 "+own+"-all nonsense", nil, "permerror")},
	{rule: "spf.all-not-last", name: "no all", want: Pass, edit: publishes("v=spf1 "+own, nil, "pass")},

	{rule: "spf.ptr", want: Warn, says: "ptr:healthy.example asks for the reverse name", edit: publishes("v=spf1 "+own+"ptr:healthy.example -all", nil, "pass")},
	{rule: "spf.ptr", name: "by redirect", want: Warn, says: "redirect=in.example > ptr", edit: publishes("v=spf1 "+own+"redirect=in.example", names{"in.example": "v=spf1 ptr -all"}, "pass")},
	{rule: "spf.ptr", name: "somebody else's", want: Info, says: "include:in.example > ptr", edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ptr -all"}, "pass")},

	{rule: "spf.ip-not-covered", want: Fail, says: "11.22.33.44 gets softfail from healthy.example (all): only pass authenticates", edit: func(f *facts.Facts) {
		publishes("v=spf1 ip4:11.22.33.45 ~all", nil, "softfail")(f)
		f.Results[0].Why = "all"
	}},
	{rule: "spf.ip-not-covered", name: "fail", want: Fail, says: "gets fail from healthy.example: only", edit: publishes("v=spf1 ip4:11.22.33.45 -all", nil, "fail")},
	{rule: "spf.ip-not-covered", name: "neutral", want: Fail, says: "neutral", edit: publishes("v=spf1 ?all", nil, "neutral")},
	{rule: "spf.ip-not-covered", name: "none", want: Fail, says: "(no SPF record)", edit: unpublished()},
	{rule: "spf.ip-not-covered", name: "permerror", want: Fail, says: "permerror", edit: twoRecords},
	{rule: "spf.ip-not-covered", name: "temperror", want: Unknown, says: "SERVFAIL", edit: lostRoot},
	{rule: "spf.ip-not-covered", name: "a candidate", want: Warn, says: "(if this address sends)", edit: guessed(publishes("v=spf1 ?"+own+"-all", nil, "neutral"))},
	{rule: "spf.ip-not-covered", name: "HELO is not judged here", want: Pass, edit: func(f *facts.Facts) {
		helo := f.Results[0]
		helo.Identity, helo.Result = "helo", "none"
		f.Results = append(f.Results, helo)
	}},
	{rule: "spf.ip-not-covered", name: "no source", want: "", edit: noSource(func(*facts.Facts) {})},

	{rule: "spf.type99", want: Warn, says: "retired type SPF (99)", edit: func(f *facts.Facts) { f.SPF[0].Type99 = facts.Know(true) }},
	{rule: "spf.type99", name: "none", want: Pass, edit: func(f *facts.Facts) { f.SPF[0].Type99 = facts.Know(false) }},
	{rule: "spf.type99", name: "not found out", want: "", edit: func(f *facts.Facts) { f.SPF[0].Type99 = facts.Cannot[bool]("timeout") }},
	{rule: "spf.type99", name: "not asked", want: "", edit: func(*facts.Facts) {}},
	{rule: "spf.type99", name: "no domain", want: "", edit: func(f *facts.Facts) { f.SPF[0].Exists, f.SPF[0].Type99 = false, facts.Know(false) }},

	{rule: "spf.senderid", want: Info, says: `"spf2.0/pra +all"`, edit: func(f *facts.Facts) { f.SPF[0].SenderID = []string{"spf2.0/pra +all"} }},
	{rule: "spf.senderid", name: "beside no SPF", want: Info, edit: func(f *facts.Facts) { unpublished()(f); f.SPF[0].SenderID = []string{"spf2.0/pra"} }},

	{rule: "spf.record-size", want: Info, says: "the record has 451 octets; with up to 450", edit: publishes("v=spf1 "+own+"x="+strings.Repeat("y", 421)+" -all", nil, "pass")},
	{rule: "spf.record-size", name: "450", want: Pass, edit: publishes("v=spf1 "+own+"x="+strings.Repeat("y", 420)+" -all", nil, "pass")},
	{rule: "spf.record-size", name: "all records", want: Info, says: "513 octets together", edit: func(f *facts.Facts) { f.SPF[0].Octets = 513 }},
	{rule: "spf.record-size", name: "all records, 512", want: Pass, edit: func(f *facts.Facts) { f.SPF[0].Octets = 512 }},

	{rule: "spf.mech-a-mx-void", want: Warn, says: "a:v1.example authorises nobody: v1.example has neither A nor AAAA records", edit: publishes("v=spf1 "+own+"a:v1.example -all", nil, "pass")},
	{rule: "spf.mech-a-mx-void", name: "mx", want: Warn, says: "include:in.example > mx:v1.example authorises nobody: v1.example has no MX records", edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 mx:v1.example"}, "pass")},
	{rule: "spf.mech-a-mx-void", name: "hosts without addresses", want: Warn, says: "no MX host of many.example has an address", edit: publishes("v=spf1 "+own+"mx:many.example -all", names{"many.example": "MX hh"}, "pass")},
	{rule: "spf.mech-a-mx-void", name: "hosts of which some are lost", want: Pass, edit: func(f *facts.Facts) {
		publishes("v=spf1 "+own+"mx:many.example -all", names{"many.example": "MX hh"}, "pass")(f)
		f.SPF[0].Root.Terms[1].Why = "SERVFAIL"
	}},
	{rule: "spf.mech-a-mx-void", name: "a void exists is no host", want: Pass, edit: publishes("v=spf1 "+own+"exists:v1.example -all", nil, "pass")},
	{rule: "spf.mech-a-mx-void", name: "lost", want: Unknown, says: "what a:lost.example finds", edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.mech-a-mx-void", name: "a lost exists is no host", want: Pass, edit: publishes("v=spf1 "+own+"exists:lost.example -all", lostNames, "pass")},

	{rule: "spf.ptr-limit", want: Info, says: "11.22.33.44 has more than 10 reverse names, and ptr looks at 10", edit: inTurn(publishes("v=spf1 "+own+"ptr -all", nil, "pass"), reverseNames(11))},
	{rule: "spf.ptr-limit", name: "ten", want: Pass, edit: inTurn(publishes("v=spf1 "+own+"ptr -all", nil, "pass"), reverseNames(10))},
	{rule: "spf.ptr-limit", name: "no ptr", want: "", edit: reverseNames(11)},
	{rule: "spf.ptr-limit", name: "a candidate", want: "", edit: inTurn(publishes("v=spf1 "+own+"ptr -all", nil, "pass"), reverseNames(11), func(f *facts.Facts) { f.Sources[0].Declared = false })},
	{rule: "spf.ptr-limit", name: "not found out", want: Unknown, says: "timeout", edit: inTurn(publishes("v=spf1 "+own+"ptr -all", nil, "pass"), func(f *facts.Facts) { f.Sources[0].PTR = facts.Cannot[facts.PTR]("timeout") })},

	{rule: "spf.known-dead-include", want: Fail, says: "include:_spf.mimecast.com: there is no such record", edit: publishes(deadInclude, nil, "permerror")},
	{rule: "spf.known-dead-include", name: "behind the match", want: Warn, says: "no declared address", edit: publishes("v=spf1 "+own+"include:spf.barracudanetworks.com -all", nil, "pass")},
	{rule: "spf.known-dead-include", name: "it is there now", want: Pass, edit: publishes(deadInclude, names{"_spf.mimecast.com": "v=spf1 -all"}, "pass")},
	{rule: "spf.known-dead-include", name: "any other name", want: Pass, edit: publishes("v=spf1 include:gone.example "+own+"-all", nil, "permerror")},
	{rule: "spf.known-dead-include", name: "a host there is another matter", want: Pass, edit: publishes("v=spf1 "+own+"a:_spf.mimecast.com -all", nil, "pass")},
	{rule: "spf.known-dead-include", name: "lost", want: Unknown, edit: publishes(deadInclude, names{"_spf.mimecast.com": "lost"}, "temperror")},
	{rule: "spf.known-dead-include", name: "another one lost", want: Pass, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.include-temperror", want: Unknown, says: "include:lost.example: the SPF record of lost.example is not known: SERVFAIL", edit: publishes(lostInclude, lostNames, "temperror")},
	{rule: "spf.include-temperror", name: "redirect", want: Unknown, says: "redirect=lost.example", edit: publishes(lostRedirects, lostNames, "pass")},
	{rule: "spf.include-temperror", name: "a host", want: Pass, edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.include-temperror", name: "a missing one is known", want: Pass, edit: publishes("v=spf1 include:gone.example -all", nil, "permerror")},

	{rule: "spf.include-duplicate", want: Warn, says: "the record of fine.example is asked for 2 times, by include:fine.example, include:fine.example; each time takes 1 lookup", edit: publishes("v=spf1 "+own+"include:fine.example include:fine.example -all", lostNames, "pass")},
	{rule: "spf.include-duplicate", name: "nested", want: Warn, says: "by include:in.example > include:fine.example, include:fine.example; each time takes 2 lookups", edit: publishes("v=spf1 "+own+"include:in.example include:fine.example -all",
		names{"in.example": "v=spf1 include:fine.example", "fine.example": "v=spf1 a:host.example", "host.example": "A"}, "pass")},
	{rule: "spf.include-duplicate", name: "in two includes", want: Warn, says: "by include:in.example > include:fine.example, include:on.example > redirect=fine.example", edit: publishes("v=spf1 "+own+"include:in.example include:on.example -all",
		names{"in.example": "v=spf1 include:fine.example", "on.example": "v=spf1 redirect=fine.example", "fine.example": "v=spf1 -all"}, "pass")},
	{rule: "spf.include-duplicate", name: "by one provider", want: Info, says: "2 times", edit: publishes("v=spf1 "+own+"include:in.example -all",
		names{"in.example": "v=spf1 include:fine.example include:fine.example", "fine.example": "v=spf1 -all"}, "pass")},
	{rule: "spf.include-duplicate", name: "with all that is in it", want: Warn, says: "the record of in.example is", edit: publishes("v=spf1 "+own+"include:in.example ~include:in.example include:in.example -all",
		names{"in.example": "v=spf1 include:fine.example", "fine.example": "v=spf1 -all"}, "pass")},
	{rule: "spf.include-duplicate", name: "a loop is another rule's", want: Pass, edit: publishes("v=spf1 include:loop.example "+own+"-all", looping, "permerror")},
	{rule: "spf.include-duplicate", name: "hosts are no records", want: Pass, edit: publishes("v=spf1 "+own+"a:host.example a:host.example -all", lostNames, "pass")},
	{rule: "spf.include-duplicate", name: "macros", want: Pass, edit: publishes("v=spf1 "+own+"include:%{i}.example include:%{i}.example -all", nil, "pass")},
	{rule: "spf.include-duplicate", name: "lost", want: Unknown, edit: publishes(lostInclude, lostNames, "pass")},

	{rule: "spf.include-qualifier", want: Warn, says: "-include:fine.example gives fail to the very addresses that fine.example lets pass", edit: publishes("v=spf1 "+own+"-include:fine.example -all", lostNames, "pass")},
	{rule: "spf.include-qualifier", name: "softfail", want: Warn, says: "gives softfail", edit: publishes("v=spf1 "+own+"~include:fine.example -all", lostNames, "pass")},
	{rule: "spf.include-qualifier", name: "neutral, by redirect", want: Warn, says: "redirect=in.example > ?include:fine.example gives neutral", edit: publishes("v=spf1 "+own+"redirect=in.example", names{"in.example": "v=spf1 ?include:fine.example -all", "fine.example": "v=spf1 -all"}, "pass")},
	{rule: "spf.include-qualifier", name: "a plus is none", want: Pass, edit: publishes("v=spf1 "+own+"+include:fine.example -all", lostNames, "pass")},
	{rule: "spf.include-qualifier", name: "somebody else's", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 -include:fine.example -all", "fine.example": "v=spf1 -all"}, "pass")},
	{rule: "spf.include-qualifier", name: "a lost redirect", want: Unknown, edit: publishes(lostRedirects, lostNames, "pass")},

	{rule: "spf.all-hard", want: Info, says: "-all asks receivers to refuse before they look at DKIM, and the DMARC policy is none", edit: policy("none")},
	{rule: "spf.all-hard", name: "no policy", want: Info, says: "there is no DMARC policy", edit: func(f *facts.Facts) { f.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone}) }},
	{rule: "spf.all-hard", name: "by redirect", want: Info, says: "redirect=fine.example > -all", edit: inTurn(policy("quarantine"), publishes("v=spf1 "+own+"redirect=fine.example", lostNames, "pass"))},
	{rule: "spf.all-hard", name: "~all", want: Pass, edit: inTurn(policy("none"), publishes("v=spf1 "+own+"~all", nil, "pass"))},
	{rule: "spf.all-hard", name: "of an include", want: Pass, edit: inTurn(policy("none"), publishes("v=spf1 "+own+"include:fine.example ~all", lostNames, "pass"))},
	{rule: "spf.all-hard", name: "parked", want: "", edit: profile(facts.Parked, policy("none"))},
	{rule: "spf.all-hard", name: "DMARC is lost", want: "", edit: func(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC]("timeout") }},
	{rule: "spf.all-hard", name: "nobody knows whether np= holds", want: "", edit: npInDoubt("p=none")}, // the dmarc rules say that
	{rule: "spf.all-hard", name: "From alone", want: "", edit: inTurn(policy("none"), func(f *facts.Facts) { f.SPF[0].MailFrom = nil })},
	{rule: "spf.all-hard", name: "a lost redirect", want: Unknown, edit: inTurn(policy("none"), publishes(lostRedirects, lostNames, "pass"))},

	{rule: "spf.exists", want: Info, says: "exists:%{i}.example leaves to the servers of that name", edit: publishes("v=spf1 "+own+"exists:%{i}.example -all", nil, "pass")},
	{rule: "spf.exists", name: "somebody else's", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 exists:%{i}.example"}, "pass")},

	{rule: "spf.macro-p", want: Warn, says: "exists:%{p}.example needs the reverse name of every sending address", edit: publishes("v=spf1 "+own+"exists:%{p}.example -all", nil, "pass")},
	{rule: "spf.macro-p", name: "with transformers, in capitals", want: Warn, edit: publishes("v=spf1 "+own+"exists:%{P2r}.example -all", nil, "pass")},
	{rule: "spf.macro-p", name: "in exp=", want: Warn, says: "exp=%{p}.example needs the reverse name of every address that fails", edit: publishes("v=spf1 "+own+"-all exp=%{p}.example", nil, "pass")},
	{rule: "spf.macro-p", name: "somebody else's", want: Info, says: "include:in.example > a:%{p}.example", edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 a:%{p}.example"}, "pass")},
	{rule: "spf.macro-p", name: "a percent sign before it", want: Pass, edit: publishes("v=spf1 "+own+"a:%%{p}.example -all", names{"%%{p}.example": "A"}, "pass")},
	{rule: "spf.macro-p", name: "other macros", want: Pass, edit: publishes("v=spf1 "+own+"exists:%{i}.%{d}.p.example -all", nil, "pass")},

	{rule: "spf.exp", want: Info, says: "exp= leads to why.example, and there is no TXT record", edit: explains()},
	{rule: "spf.exp", name: "two", want: Info, says: "there are 2 TXT records where 1 is allowed", edit: explains("a", "b")},
	{rule: "spf.exp", name: "not ASCII", want: Info, says: "the text is not ASCII", edit: explains("n\xc3\xb6")},
	{rule: "spf.exp", name: "not even UTF-8", want: Info, says: "the text is not ASCII", edit: explains("\xff")},
	{rule: "spf.exp", name: "one", want: Pass, edit: explains("Ask postmaster@%{d}")},
	{rule: "spf.exp", name: "not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) { f.SPF[0].Exp = facts.Cannot[facts.Exp]("timeout") }},
	{rule: "spf.exp", name: "none", want: "", edit: func(*facts.Facts) {}},

	{rule: "spf.ip-wide", want: Fail, says: "ip4:11.0.0.0/7 lets all of 10.0.0.0/7 pass, wider than a /8", edit: publishes("v=spf1 ip4:11.0.0.0/7 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "a whole family", want: Fail, says: "0.0.0.0/0", edit: publishes("v=spf1 ip4:0.0.0.0/0 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "/8", want: Warn, says: "all of 11.0.0.0/8 pass, where a /16 is wide already", edit: publishes("v=spf1 ip4:11.0.0.0/8 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "/15", want: Warn, edit: publishes("v=spf1 ip4:11.22.0.0/15 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "/16", want: Pass, edit: publishes("v=spf1 ip4:11.22.0.0/16 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "all of IPv6", want: Fail, says: "all of 2000::/3 pass, wider than a /4", edit: publishes("v=spf1 "+own+"ip6:2000::/3 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "IPv6 /31", want: Warn, says: "where a /32 is wide already", edit: publishes("v=spf1 "+own+"ip6:2a0f::/31 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "IPv6 /32", want: Pass, edit: publishes("v=spf1 "+own+"ip6:2a0f::/32 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "around a host", want: Fail, says: "a:host.example/4//16 lets all of 0.0.0.0/4 pass", edit: publishes("v=spf1 a:host.example/4//16 -all", lostNames, "pass")},
	{rule: "spf.ip-wide", name: "around its IPv6 address", want: Warn, says: "2a0f::/16", edit: publishes("v=spf1 "+own+"mx:six.example//16 -all", names{"six.example": "A 2a0f::25"}, "pass")},
	{rule: "spf.ip-wide", name: "refused", want: Pass, edit: publishes("v=spf1 "+own+"-ip4:11.0.0.0/7 ~all", nil, "pass")},
	{rule: "spf.ip-wide", name: "reserved is another rule's", want: Pass, edit: publishes("v=spf1 "+own+"ip4:10.0.0.0/8 -all", nil, "pass")},
	{rule: "spf.ip-wide", name: "a provider's", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ip4:11.0.0.0/13"}, "pass")},
	{rule: "spf.ip-wide", name: "an include of everybody", want: Fail, says: "include:in.example > ip4:0.0.0.0/0 lets all of 0.0.0.0/0 pass, wider than a /8: hosts of strangers pass",
		edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ip4:0.0.0.0/0 -all"}, "pass")},
	{rule: "spf.ip-wide", name: "an include of all around a host", want: Fail, says: "include:in.example > include:far.example > a:host.example/0 lets",
		edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 include:far.example", "far.example": "v=spf1 a:host.example/0", "host.example": "A"}, "pass")},
	{rule: "spf.ip-wide", name: "an include of everybody that gives no pass", want: Pass, edit: publishes("v=spf1 "+own+"?include:in.example -all", names{"in.example": "v=spf1 ip4:0.0.0.0/0"}, "pass")},
	{rule: "spf.ip-wide", name: "a provider's /8", want: Info, says: "16777217 IPv4 addresses pass", edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ip4:12.0.0.0/8"}, "pass")},
	{rule: "spf.ip-wide", name: "a provider's host that was lost", want: Unknown, says: "what a:lost.example/0 finds", edit: publishes("v=spf1 "+own+"include:in.example -all", with(lostNames, "in.example", "v=spf1 a:lost.example/0"), "pass")},
	{rule: "spf.ip-wide", name: "a provider's host that was lost, with a few around it", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", with(lostNames, "in.example", "v=spf1 a:lost.example/12//48"), "pass")},
	{rule: "spf.ip-wide", name: "by redirect", want: Warn, says: "redirect=in.example > ip4:11.0.0.0/13", edit: publishes("v=spf1 "+own+"redirect=in.example", names{"in.example": "v=spf1 ip4:11.0.0.0/13"}, "pass")},
	{rule: "spf.ip-wide", name: "a million by a provider", want: Info, says: "1048576 IPv4 addresses pass, 1048576 of them by include:in.example", edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ip4:11.16.0.0/12"}, "pass")},
	{rule: "spf.ip-wide", name: "and who knows whom else", want: Info, says: "at least 1048577 IPv4 addresses pass", edit: publishes("v=spf1 ip4:12.1.1.1 include:in.example ptr -all", names{"in.example": "v=spf1 ip4:11.16.0.0/12"}, "pass")},
	{rule: "spf.ip-wide", name: "+all is another rule's", want: Pass, edit: publishes("v=spf1 +all", nil, "pass")},
	{rule: "spf.ip-wide", name: "a host that was lost", want: Unknown, says: "what a:lost.example/8 finds", edit: publishes("v=spf1 "+own+"a:lost.example/8 -all", lostNames, "pass")},
	{rule: "spf.ip-wide", name: "a single host that was lost", want: Pass, edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.ip-wide", name: "a provider that was lost", want: Unknown, says: "lost.example", edit: publishes(lostInclude, lostNames, "pass")},
	{rule: "spf.ip-wide", name: "From alone", want: Warn, edit: elsewhere(publishes("v=spf1 ip4:11.0.0.0/7 -all", nil, ""))},

	{rule: "spf.ip-private", want: Warn, says: "ip4:10.0.0.0/8 is private (RFC 1918): no receiver", edit: publishes("v=spf1 "+own+"ip4:10.0.0.0/8 -all", nil, "pass")},
	{rule: "spf.ip-private", name: "IPv6", want: Warn, says: "ip6:fe80::1 is link-local", edit: publishes("v=spf1 "+own+"ip6:fe80::1 -all", nil, "pass")},
	{rule: "spf.ip-private", name: "declared public", want: Pass, edit: inTurn(publishes("v=spf1 "+own+"ip4:10.1.0.0/16 -all", nil, "pass"), func(f *facts.Facts) { f.Public = []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")} })},
	{rule: "spf.ip-private", name: "not all of it", want: Pass, edit: publishes("v=spf1 "+own+"ip4:10.0.0.0/7 -all", nil, "pass")},
	{rule: "spf.ip-private", name: "refused", want: Pass, edit: publishes("v=spf1 "+own+"-ip4:10.0.0.0/8 -all", nil, "pass")},
	{rule: "spf.ip-private", name: "a provider's", want: Pass, edit: publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ip4:10.0.0.0/8"}, "pass")},

	{rule: "spf.redundant", want: Info, says: "a:host.example lets nobody pass whom ip4:11.22.33.44 does not, and takes 1 lookup", edit: publishes("v=spf1 "+own+"a:host.example -all", lostNames, "pass")},
	{rule: "spf.redundant", name: "within a network", want: Info, says: "ip4:11.22.33.44 lets nobody pass whom ip4:11.22.33.0/24 does not", edit: publishes("v=spf1 "+own+"ip4:11.22.33.0/24 -all", nil, "pass")},
	{rule: "spf.redundant", name: "twice", want: Info, says: "IP4:11.22.33.44 stands twice", edit: publishes("v=spf1 "+own+"IP4:11.22.33.44 -all", nil, "pass")},
	{rule: "spf.redundant", name: "an include twice is another rule's", want: Pass, edit: publishes("v=spf1 include:in.example include:in.example -all", names{"in.example": "v=spf1 " + own}, "pass")},

	{rule: "spf.too-many-providers", want: Info, says: "6 other domains are included: p1.example, p2.example, p3.example, p4.example, p5.example and 1 more", edit: publishes(providers(6), nil, "")},
	{rule: "spf.too-many-providers", name: "five", want: Pass, edit: publishes(providers(5), nil, "")},
	{rule: "spf.too-many-providers", name: "of one owner, and the domain's own", want: Pass, edit: publishes("v=spf1 include:a.esp.co.uk include:b.esp.co.uk include:c.esp.co.uk include:d.esp.co.uk include:e.esp.co.uk include:_a.healthy.example include:_b.healthy.example -all", nil, "")},
	{rule: "spf.too-many-providers", name: "macros in front of the name", want: Info, edit: publishes(providers(5)[:len(providers(5))-4]+"include:%{i}._ip.%{d}._spf.p9.example -all", nil, "")},
	{rule: "spf.too-many-providers", name: "macros alone", want: Pass, edit: publishes(providers(5)[:len(providers(5))-4]+"include:%{i}.%{d} -all", nil, "")},

	{rule: "spf.takeover", want: Fail, says: "a:a.lapsed.example: lapsed.example is not registered; whoever registers it passes SPF as healthy.example", edit: publishes(lapsedHost, lapsedNames, "pass")},
	{rule: "spf.takeover", name: "an include", want: Fail, edit: publishes("v=spf1 "+own+"include:a.lapsed.example -all", lapsedNames, "pass")},
	{rule: "spf.takeover", name: "a redirect", want: Fail, edit: publishes("v=spf1 "+own+"redirect=a.lapsed.example", lapsedNames, "pass")},
	{rule: "spf.takeover", name: "in somebody else's record", want: Fail, says: "include:in.example > mx:a.lapsed.example", edit: publishes("v=spf1 "+own+"include:in.example -all", with(lapsedNames, "in.example", "v=spf1 mx:a.lapsed.example"), "pass")},
	{rule: "spf.takeover", name: "that passes nobody", want: Pass, edit: publishes("v=spf1 "+own+"?include:in.example -all", with(lapsedNames, "in.example", "v=spf1 mx:a.lapsed.example"), "pass")},
	{rule: "spf.takeover", name: "refused", want: Pass, edit: publishes("v=spf1 "+own+"-a:a.lapsed.example -all", lapsedNames, "pass")},
	{rule: "spf.takeover", name: "gone, in a domain that is there", want: Pass, edit: publishes("v=spf1 "+own+"a:v1.example -all", nil, "pass")},
	{rule: "spf.takeover", name: "lost", want: Unknown, edit: publishes(lostA, lostNames, "pass")},
	{rule: "spf.takeover", name: "From alone", want: Warn, edit: elsewhere(publishes(lapsedHost, lapsedNames, ""))},

	{rule: "spf.ip6-not-covered", want: Warn, says: "mail.healthy.example passes SPF of healthy.example over IPv4, and also has the address 2a0f::25 and 1 more, which does not", edit: hello("11.22.33.44", "2a0f::25", "2a0f::26")},
	{rule: "spf.ip6-not-covered", name: "covered", want: Pass, edit: inTurn(publishes("v=spf1 "+own+"ip6:2a0f::/64 -all", nil, "pass"), hello("11.22.33.44", "2a0f::25"))},
	{rule: "spf.ip6-not-covered", name: "covered by an include", want: Pass, edit: inTurn(publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 ip6:2a0f::/64"}, "pass"), hello("11.22.33.44", "2a0f::25"))},
	{rule: "spf.ip6-not-covered", name: "declared", want: Pass, edit: inTurn(hello("11.22.33.44", "2a0f::25"), func(f *facts.Facts) {
		f.Sources = append(f.Sources, facts.Source{IP: netip.MustParseAddr("2a0f::25"), Stream: "default", Declared: true})
	})},
	{rule: "spf.ip6-not-covered", name: "not public", want: Pass, edit: hello("11.22.33.44", "fd00::25")},
	{rule: "spf.ip6-not-covered", name: "a host that does not send by this record", want: Pass, edit: hello("11.99.33.44", "2a0f::25")},
	{rule: "spf.ip6-not-covered", name: "the record may cover it", want: "", edit: inTurn(publishes("v=spf1 "+own+"exists:%{i}.example -all", nil, "pass"), hello("11.22.33.44", "2a0f::25"))},
	{rule: "spf.ip6-not-covered", name: "what was lost of it may", want: "", edit: inTurn(publishes(lostInclude, lostNames, "pass"), hello("11.22.33.44", "2a0f::25"))},
	{rule: "spf.ip6-not-covered", name: "no IPv6 to cover", want: Pass, edit: publishes(lostInclude, lostNames, "pass")},
	{rule: "spf.ip6-not-covered", name: "no record", want: "", edit: inTurn(unpublished(), hello("11.22.33.44", "2a0f::25"))},
	{rule: "spf.ip6-not-covered", name: "parked", want: "", edit: profile(facts.Parked, hello("11.22.33.44", "2a0f::25"))},
	{rule: "spf.ip6-not-covered", name: "the host was lost", want: Unknown, says: "timeout", edit: func(f *facts.Facts) { f.HELOs[0].Addresses = facts.Cannot[facts.Hosts]("timeout") }},
	{rule: "spf.ip6-not-covered", name: "a stranger's facts", want: "", edit: func(f *facts.Facts) { f.HELOs[0].Stream = "no such" }},

	{rule: "spf.unaligned-note", want: Warn, says: "MAIL FROM is bounce.example, whose organizational domain is bounce.example and not healthy.example: DMARC does not count its SPF, and DKIM with d=signer.example is not aligned either", edit: sendsAs("bounce.example", "signer.example")},
	{rule: "spf.unaligned-note", name: "DKIM saves it", want: Info, says: "and rests on DKIM with d=healthy.example", edit: sendsAs("bounce.example", "healthy.example")},
	{rule: "spf.unaligned-note", name: "DKIM has no key", want: Warn, says: "d=healthy.example cannot pass either", edit: inTurn(sendsAs("bounce.example", "healthy.example"), func(f *facts.Facts) { f.DKIM[0].Keys[0].Status = facts.KeyMissing })},
	{rule: "spf.unaligned-note", name: "a subdomain is aligned", want: Pass, edit: sendsAs("bounce.healthy.example", "healthy.example")},
	{rule: "spf.unaligned-note", name: "a subdomain under aspf=s", want: Info, says: "aspf=s wants healthy.example itself in MAIL FROM, and it is bounce.healthy.example", edit: strictMailFrom(sendsAs("bounce.healthy.example", "healthy.example"))},
	{rule: "spf.unaligned-note", name: "the organizational domain was lost", want: Unknown, says: "timeout", edit: inTurn(sendsAs("bounce.example", "healthy.example"), func(f *facts.Facts) { f.Orgs[1].Org = facts.Cannot[string]("timeout") })},
	{rule: "spf.unaligned-note", name: "the policy was lost", want: Unknown, says: "timeout", edit: inTurn(sendsAs("bounce.healthy.example", "healthy.example"), func(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC]("timeout") })},
	{rule: "spf.unaligned-note", name: "a stranger's facts", want: Unknown, says: "missing", edit: inTurn(sendsAs("bounce.example", "healthy.example"), func(f *facts.Facts) { f.Orgs = nil })},
	{rule: "spf.unaligned-note", name: "the domain itself", want: "", edit: func(*facts.Facts) {}},
	{rule: "spf.unaligned-note", name: "parked", want: "", edit: profile(facts.Parked, sendsAs("bounce.example", "signer.example"))},

	{rule: "spf.helo-not-covered", want: Warn, says: "11.22.33.44 gets fail from the SPF record of mail.healthy.example", edit: helloResult("fail", "pass")},
	{rule: "spf.helo-not-covered", name: "softfail refuses nobody", want: Pass, edit: helloResult("softfail", "pass")},
	{rule: "spf.helo-missing", want: Info, says: "mail.healthy.example has no SPF record, so a bounce", edit: helloRecord(facts.SPFNone)},
	{rule: "spf.helo-missing", name: "it has one", want: Pass, edit: helloRecord(facts.SPFFound)},
	{rule: "spf.helo-missing", name: "not found out", want: Unknown, says: "SERVFAIL", edit: helloRecord(facts.SPFUnknown)},
	{rule: "spf.helo-missing", name: "it does not exist", want: "", edit: inTurn(helloRecord(facts.SPFNone), func(f *facts.Facts) { f.SPF[1].Exists = false })},
	{rule: "spf.helo-missing", name: "it is MAIL FROM, too", want: "", edit: inTurn(helloRecord(facts.SPFNone), func(f *facts.Facts) { f.SPF[1].MailFrom = []string{"default"} })},

	{rule: "spf.parked", want: Info, says: "its record says more than -all: include:fine.example", edit: profile(facts.Parked, publishes("v=spf1 include:fine.example -all", lostNames, ""))},
	{rule: "spf.parked", name: "~all", want: Info, says: "more than -all: ~all", edit: profile(facts.Parked, publishes("v=spf1 ~all", nil, ""))},
	{rule: "spf.parked", name: "nothing", want: Info, says: "says more than -all", edit: profile(facts.Parked, publishes("v=spf1", nil, ""))},
	{rule: "spf.parked", name: "-all", want: Pass, edit: profile(facts.Parked, publishes("v=spf1 -all", nil, ""))},
	{rule: "spf.parked", name: "-all by redirect", want: Pass, edit: profile(facts.Parked, publishes("v=spf1 redirect=fine.example", lostNames, ""))},
	{rule: "spf.parked", name: "a sender", want: "", edit: publishes("v=spf1 ~all", nil, "")},

	{rule: "spf.all-plus", name: "exists of one name for all", want: Fail, says: "exists:host.example, whose name is the same for every sender and has an address: every address", edit: publishes("v=spf1 exists:host.example -all", lostNames, "pass")},
	{rule: "spf.all-plus", name: "exists of nothing", want: Pass, edit: publishes("v=spf1 "+own+"exists:v1.example -all", nil, "pass")},
	{rule: "spf.all-plus", name: "exists for each message", want: Pass, edit: publishes("v=spf1 "+own+"exists:%{i}.example -all", nil, "pass")},
	{rule: "spf.all-plus", name: "exists that was lost", want: Unknown, says: "what exists:lost.example finds is not known", edit: publishes("v=spf1 "+own+"exists:lost.example -all", lostNames, "pass")},
	{rule: "spf.lookup-near", name: "most of them by one term", want: Warn, says: "9 DNS lookups where 10 are allowed; include:in.example takes 8 of them", edit: publishes("v=spf1 a:ha.example include:in.example "+own+"-all", with(nine, "in.example", "v=spf1 "+strings.Replace(strings.Replace(nineTerms, "a:ha.example ", "", 1), "a:hb.example ", "", 1)), "pass")},
}

// explains is an edit: exp= leads to these texts.
func explains(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		publishes("v=spf1 "+own+"-all exp=why.example", nil, "pass")(f)
		f.SPF[0].Exp = facts.Know(facts.Exp{Target: "why.example", Texts: texts})
	}
}

// providers is a record that includes those of so many domains.
func providers(n int) string {
	return "v=spf1 " + strings.Join(lines("include:_spf.p%d.example", n), " ") + " -all"
}

// with is names and one more.
func with(dns names, name, is string) names {
	all := names{name: is}
	for k, v := range dns {
		all[k] = v
	}
	return all
}

// after runs all rules over the healthy domain with one edit.
func after(edit func(*facts.Facts)) Result {
	f := healthy()
	edit(f)
	return Run(f, everything)
}

// of are the findings of one rule.
func of(r Result, rule string) []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(x Finding) bool { return x.Check.ID != rule })
}

// TestSPFImplied holds which findings are the consequence of others, so that one defect costs points once.
func TestSPFImplied(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		edit       func(*facts.Facts)
		want       bool
	}{
		{"none, and nothing was meant", "spf.missing", unpublished(), false},
		{"a term glued at a seam: ip4", "spf.ip4-invalid", strung("v=spf1 ip4:11.80.0.1", "-all"), true},
		{"a term glued at a seam: mechanism", "spf.syntax", strung("v=spf1 mx", "-all"), true},
		{"the seam itself", "spf.string-too-long", strung("v=spf1 mx", "-all"), false},
		{"a bad term beside a seam", "spf.syntax", strung("v=spf1 mx ", "foo -all"), false},
		{"all is lost in a glued term", "spf.all-missing", strung("v=spf1 ip4:11.80.0.1", "-all"), true},
		{"all is lost in an include", "spf.all-missing", strung("v=spf1 include:fine.example", "-all"), true},
		{"the include that took it in", "spf.include-missing", strung("v=spf1 include:fine.example", "-all"), true},
		{"the a that took it in", "spf.mech-a-mx-void", strung("v=spf1 a:v1.example", "-all"), true},
		{"its void lookup", "spf.void", strung("v=spf1 a:v1.example", "-all"), true},
		{"redirect is malformed", "spf.all-missing", publishes("v=spf1 redirect=", nil, "permerror"), true},
		{"all is missing beside another error", "spf.all-missing", publishes("v=spf1 foo", nil, "permerror"), false},
		{"a void include", "spf.void", publishes("v=spf1 "+own+"include:gone.example -all", nil, "pass"), true},
		{"a void include and a void a", "spf.void", publishes("v=spf1 "+own+"include:gone.example a:v1.example -all", nil, "pass"), true},
		{"a void exists", "spf.void", publishes("v=spf1 "+own+"exists:v1.example -all", nil, "pass"), false},
		{"a void a itself", "spf.mech-a-mx-void", publishes("v=spf1 "+own+"a:v1.example -all", nil, "pass"), false},
		{"a void a among too many", "spf.mech-a-mx-void", publishes("v=spf1 exists:v1.example exists:v2.example a:v3.example "+own+"-all", nil, "permerror"), true},
		{"a known dead include", "spf.known-dead-include", publishes(deadInclude, nil, "permerror"), false},
		{"a known dead include is missing", "spf.include-missing", publishes(deadInclude, nil, "permerror"), true},
		{"a lapsed include that nobody gets by", "spf.takeover", publishes("v=spf1 include:a.lapsed.example "+own+"-all", lapsedNames, "permerror"), true},
		{"is missing", "spf.include-missing", publishes("v=spf1 include:a.lapsed.example "+own+"-all", lapsedNames, "permerror"), false},
		{"a lapsed include behind the match", "spf.takeover", publishes("v=spf1 "+own+"include:a.lapsed.example -all", lapsedNames, "pass"), false},
		{"is missing there", "spf.include-missing", publishes("v=spf1 "+own+"include:a.lapsed.example -all", lapsedNames, "pass"), true},
		{"a lapsed host", "spf.takeover", publishes(lapsedHost, lapsedNames, "pass"), false},
		{"has no address", "spf.mech-a-mx-void", publishes(lapsedHost, lapsedNames, "pass"), true},
		{"is void", "spf.void", publishes(lapsedHost, lapsedNames, "pass"), true},
		{"a lapsed exists is void", "spf.void", publishes("v=spf1 "+own+"exists:a.lapsed.example -all", lapsedNames, "pass"), true},
		{"aspf=s alone parts them", "spf.unaligned-note", strictMailFrom(sendsAs("bounce.healthy.example", "healthy.example")), true},
		{"DKIM saves it", "spf.unaligned-note", sendsAs("bounce.example", "healthy.example"), false},
		{"dmarc.unaligned carries it", "spf.unaligned-note", sendsAs("bounce.example", "signer.example"), true},
		{"no policy says it", "spf.unaligned-note", inTurn(sendsAs("bounce.example", "signer.example"), func(f *facts.Facts) { f.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone}) }), false},
		{"three void includes", "spf.void-limit", publishes("v=spf1 include:g1.example include:g2.example include:g3.example "+own+"-all", nil, "permerror"), true},
		{"void addresses", "spf.void-limit", publishes("v=spf1 a:v1.example a:v2.example a:v3.example -all", nil, "permerror"), false},
		{"result none", "spf.ip-not-covered", unpublished(), true},
		{"result fail", "spf.ip-not-covered", publishes("v=spf1 -all", nil, "fail"), false},
		{"another domain's record explains nothing", "spf.ip-not-covered", func(f *facts.Facts) { unpublished()(f); f.Results[0].Domain = "a.example" }, false},
		{"parked, and yet it sends", "spf.ip-not-covered", profile(facts.Parked, unpublished()), false},
	} {
		found := of(after(c.edit), c.rule)
		if len(found) != 1 || found[0].Implied != c.want || found[0].Status == Pass {
			t.Errorf("%s: %s: want one finding, implied %v; found %+v", c.name, c.rule, c.want, found)
		}
	}
}

// TestSPFBites holds how much a fault weighs that an evaluation must come to, by the results of the domain.
func TestSPFBites(t *testing.T) {
	result := func(r string, declared bool) facts.SPFResult {
		return facts.SPFResult{Domain: "healthy.example", Identity: "mailfrom", Result: r, Declared: declared}
	}
	const passed = "; no declared address comes that far"
	for _, c := range []struct {
		results []facts.SPFResult
		status  Status
		note    string
	}{
		{nil, Fail, ""},
		{[]facts.SPFResult{result("pass", true)}, Warn, passed},
		{[]facts.SPFResult{result("softfail", true)}, Warn, passed},
		{[]facts.SPFResult{result("pass", true), result("permerror", true)}, Fail, ""},
		{[]facts.SPFResult{result("pass", false)}, Fail, ""},
		{[]facts.SPFResult{result("permerror", false)}, Fail, ""},
		{[]facts.SPFResult{result("pass", true), result("pass", false)}, Warn, passed},
		{[]facts.SPFResult{result("pass", true), result("temperror", true)}, Warn, ""},
		{[]facts.SPFResult{{Domain: "healthy.example", Identity: "helo", Result: "permerror"}, result("pass", true)}, Warn, passed},
		{[]facts.SPFResult{{Domain: "a.example", Identity: "mailfrom", Result: "permerror"}, result("pass", true)}, Warn, passed},
	} {
		if status, note := bites(&facts.Facts{Results: c.results}, "healthy.example"); status != c.status || note != c.note {
			t.Errorf("%+v: %s %q, want %s %q", c.results, status, note, c.status, c.note)
		}
	}
}

// TestSPFBounded holds that a rule names the first faults and counts the rest, and counts none that it names.
func TestSPFBounded(t *testing.T) {
	for n, last := range map[int]string{1: "x", 10: "x", 11: "x (and 1 more)", 500: "x (and 490 more)"} {
		l := bounded(slices.Repeat([]Violation{{Message: "x"}}, n))
		if len(l) != min(n, 10) || l[len(l)-1].Message != last || len(l) > 1 && l[0].Message != "x" {
			t.Errorf("of %d: %d, the last %q, want %q", n, len(l), l[len(l)-1].Message, last)
		}
	}
	one := after(publishes("v=spf1 include:bad.example -all", names{"bad.example": "v=spf1 foo"}, "permerror"))
	want := `include:bad.example: foo at octet 8: there is no mechanism "foo"`
	if found := of(one, "spf.include-permerror"); len(found) != 1 || found[0].Message != want {
		t.Errorf("found %+v, want %q", found, want)
	}
}

// TestSPFErrorHasItsCause holds that wherever an address gets none or permerror some rule fails that carries the points:
// that with the cause, or, where the walk shows none, spf.ip-not-covered itself.
func TestSPFErrorHasItsCause(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*facts.Facts)
		rule string
	}{
		"none":                                  {unpublished(), "spf.missing"},
		"version":                               {unpublished("v=spf10 -all"), "spf.version"},
		"no such domain":                        {func(f *facts.Facts) { unpublished()(f); f.SPF[0].Exists = false }, "spf.missing"},
		"another domain":                        {func(f *facts.Facts) { f.Results[0].Domain, f.Results[0].Result = "a.example", "permerror" }, "spf.ip-not-covered"},
		"two records":                           {twoRecords, "spf.multiple"},
		"syntax":                                {publishes("v=spf1 "+own+"-all foo", nil, "permerror"), "spf.syntax"},
		"seam":                                  {strung("v=spf1 ip4:11.80.0.1", "-all"), "spf.string-too-long"},
		"lookups":                               {publishes("v=spf1 "+elevenTerms+"-all", eleven, "permerror"), "spf.lookup-limit"},
		"voids":                                 {publishes("v=spf1 a:v1.example a:v2.example a:v3.example -all", nil, "permerror"), "spf.void-limit"},
		"MX hosts":                              {publishes("v=spf1 mx:many.example -all", names{"many.example": "MX hhhhhhhhhhh"}, "permerror"), "spf.mx-limit"},
		"include of none":                       {publishes("v=spf1 include:gone.example -all", nil, "permerror"), "spf.include-missing"},
		"dead provider":                         {publishes(deadInclude, nil, "permerror"), "spf.known-dead-include"},
		"lapsed include":                        {publishes("v=spf1 include:a.lapsed.example -all", lapsedNames, "permerror"), "spf.include-missing"},
		"broken include":                        {publishes("v=spf1 include:bad.example -all", bad, "permerror"), "spf.include-permerror"},
		"loop":                                  {publishes("v=spf1 include:loop.example -all", looping, "permerror"), "spf.include-loop"},
		"redirect to none":                      {publishes("v=spf1 redirect=gone.example", nil, "permerror"), "spf.redirect-missing"},
		"voids of a family":                     {publishes("v=spf1 "+tenTerms+"-all", ten, "permerror"), "spf.ip-not-covered"},
		"voids of a family, beside two for all": {publishes("v=spf1 a:v1.example a:v2.example a:ha.example -all", ten, "permerror"), "spf.ip-not-covered"},
		"macros":                                {publishes("v=spf1 include:%{i}.example -all", nil, "permerror"), "spf.ip-not-covered"},
	} {
		var causes []string
		for _, x := range after(c.edit).Findings {
			if x.Status == Fail && !x.Implied && x.Check.Area == "spf" {
				causes = append(causes, x.Check.ID)
			}
		}
		if diff := cmp.Diff([]string{c.rule}, causes); diff != "" {
			t.Errorf("%s: the fails that are not implied (-want +got):\n%s", name, diff)
		}
	}
}

// TestSPFOfOthers holds that no rule fails because of a record that no MAIL FROM relies on.
func TestSPFOfOthers(t *testing.T) {
	for _, c := range spfCases {
		if c.rule == "spf.ip-not-covered" {
			continue // it is about MAIL FROM alone
		}
		f := healthy()
		c.edit(f)
		for i := range f.SPF {
			f.SPF[i].MailFrom, f.SPF[i].HELO = nil, []string{"default"}
		}
		for _, x := range of(Run(f, everything), c.rule) {
			if x.Status == Fail {
				t.Errorf("%s %s: fails for a HELO name: %s", c.rule, c.name, x.Message)
			}
		}
	}
}

// TestSPFDeciding holds that the record is a deciding question, and what it leads to is none.
func TestSPFDeciding(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*facts.Facts)
		want bool
	}{
		"record":         {lostRoot, true},
		"include":        {publishes(lostInclude, lostNames, "pass"), false},
		"address":        {publishes(lostA, lostNames, "pass"), false},
		"redirect":       {publishes(lostRedirects, lostNames, "pass"), false},
		"record of From": {elsewhere(lostRoot), false},
	} {
		found := 0
		for _, x := range after(c.edit).Findings {
			if x.Status == Unknown && x.Check.Area == "spf" {
				found++
				if x.Deciding != c.want {
					t.Errorf("%s: %s decides: %v, want %v", name, x.Check.ID, x.Deciding, c.want)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s: nothing is unknown", name)
		}
	}
}

// TestSPFPlaces holds that a finding points at the term, and into the record that it stands in.
func TestSPFPlaces(t *testing.T) {
	for _, c := range []struct {
		rule, in, text string
		edit           func(*facts.Facts)
	}{
		{"spf.version", "healthy.example", " v=spf1", func(f *facts.Facts) { f.SPF[0].Near = []string{" v=spf1 -all"} }},
		{"spf.version", "healthy.example", "v=spf10", unpublished("v=spf10 -all")},
		{"spf.senderid", "healthy.example", "spf2.0/pra", func(f *facts.Facts) { f.SPF[0].SenderID = []string{"spf2.0/pra -all"} }},
		{"spf.syntax", "healthy.example", "nonsense", publishes("v=spf1 "+own+"-all nonsense", nil, "permerror")},
		{"spf.ip4-invalid", "healthy.example", "ip4:11.22.33.444", publishes("v=spf1 "+own+"ip4:11.22.33.444 -all", nil, "permerror")},
		{"spf.redirect-multiple", "healthy.example", "redirect=b.example", publishes("v=spf1 redirect=a.example redirect=b.example", nil, "permerror")},
		{"spf.string-too-long", "healthy.example", "ip4:11.80.0.1-all", strung("v=spf1 ip4:11.80.0.1", "-all")},
		{"spf.record-size", "healthy.example", "yy -all", publishes("v=spf1 "+own+"x="+strings.Repeat("y", 427)+" -all", nil, "pass")},
		{"spf.lookup-limit", "healthy.example", "a:hk.example", publishes("v=spf1 "+elevenTerms+own+"-all", eleven, "permerror")},
		{"spf.lookup-near", "healthy.example", "include:in.example", publishes("v=spf1 a:ha.example include:in.example -all", with(ten, "in.example", "v=spf1 "+nineTerms[:len("a:ha.example ")*8]), "")},
		{"spf.void-limit", "healthy.example", "exists:v3.example", publishes("v=spf1 a:v1.example mx:v2.example exists:v3.example -all", nil, "permerror")},
		{"spf.mech-a-mx-void", "in.example", "a:v1.example", publishes("v=spf1 "+own+"include:in.example -all", names{"in.example": "v=spf1 a:v1.example"}, "pass")},
		{"spf.include-missing", "healthy.example", "include:gone.example", publishes("v=spf1 include:gone.example "+own+"-all", nil, "permerror")},
		{"spf.include-permerror", "bad.example", "foo", publishes("v=spf1 include:bad.example "+own+"-all", bad, "permerror")},
		{"spf.include-permerror", "healthy.example", "include:two.example", publishes("v=spf1 include:two.example -all", names{"two.example": "two"}, "permerror")},
		{"spf.include-loop", "loop.example", "include:healthy.example", publishes("v=spf1 include:loop.example "+own+"-all", looping, "permerror")},
		{"spf.include-temperror", "healthy.example", "include:lost.example", publishes(lostInclude, lostNames, "temperror")},
		{"spf.include-duplicate", "healthy.example", "include:fine.example", publishes("v=spf1 include:fine.example include:in.example -all", names{"in.example": "v=spf1 include:fine.example", "fine.example": "v=spf1 -all"}, "")},
		{"spf.redirect-with-all", "healthy.example", "redirect=a.example", publishes("v=spf1 redirect=a.example "+own+"-all", nil, "pass")},
		{"spf.all-missing", "healthy.example", "ip4:11.22.33.44", publishes("v=spf1 a:host.example "+own, lostNames, "pass")},
		{"spf.all-plus", "open.example", "all", publishes("v=spf1 include:open.example -all", names{"open.example": "v=spf1 all"}, "pass")},
		{"spf.all-neutral", "healthy.example", "?all", publishes("v=spf1 "+own+"?all", nil, "pass")},
		{"spf.all-not-last", "healthy.example", "include:a.example", publishes("v=spf1 "+own+"-all include:a.example mx", nil, "pass")},
		{"spf.exp", "healthy.example", "exp=why.example", explains()},
		{"spf.ip-wide", "healthy.example", "include:in.example", publishes("v=spf1 a:host.example include:in.example -all", names{"host.example": "A", "in.example": "v=spf1 ip4:11.16.0.0/12"}, "pass")},
		{"spf.redundant", "healthy.example", "a:host.example", publishes("v=spf1 "+own+"a:host.example -all", lostNames, "pass")},
		{"spf.too-many-providers", "healthy.example", "include:_spf.p6.example", publishes(providers(7), nil, "")},
		{"spf.takeover", "in.example", "mx:a.lapsed.example", publishes("v=spf1 "+own+"include:in.example -all", with(lapsedNames, "in.example", "v=spf1 mx:a.lapsed.example"), "pass")},
		{"spf.parked", "healthy.example", "include:fine.example", profile(facts.Parked, publishes("v=spf1 include:fine.example -all", lostNames, ""))},
	} {
		found := of(after(c.edit), c.rule)
		if len(found) == 0 {
			t.Errorf("%s finds nothing", c.rule)
			continue
		}
		at := found[0].At
		if at.Name != c.in || at.Offset+at.Length > len(at.Record) || at.Record[at.Offset:at.Offset+at.Length] != c.text {
			t.Errorf("%s points at %+v, want %q in the record of %s", c.rule, at, c.text, c.in)
		}
	}
}

// TestSPFEveryPlace holds that whatever is about a term says where it stands.
func TestSPFEveryPlace(t *testing.T) {
	nowhere := []string{"spf.missing", "spf.multiple", "spf.type99", "spf.ip-not-covered", "spf.ip6-not-covered", "spf.unaligned-note", "spf.helo-missing", "spf.helo-not-covered"}
	for _, c := range spfCases {
		for _, x := range of(after(c.edit), c.rule) {
			at := x.At
			switch {
			case x.Status != Fail && x.Status != Warn && x.Status != Info, slices.Contains(nowhere, c.rule):
				if at != (Place{}) && c.rule != "spf.include-temperror" {
					t.Errorf("%s %s: %s points at %+v", c.rule, c.name, x.Status, at)
				}
			case at == (Place{}) && (c.rule == "spf.record-size" || c.name == "nothing"): // of no one term
			case at.Name == "" || at.Offset < 0 || at.Length <= 0 || at.Offset+at.Length > len(at.Record):
				t.Errorf("%s %s: %q points at %+v", c.rule, c.name, x.Message, at)
			}
		}
	}
}

// TestSPFRefused holds who refuses mail without SPF: some, from bulk senders.
func TestSPFRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*facts.Facts)
		want []string
	}{
		"sender":         {unpublished(), nil},
		"bulk":           {profile(facts.Bulk, unpublished()), []string{"gmail", "outlook", "icloud"}},
		"bulk, warnings": {profile(facts.Bulk, elsewhere(unpublished("v=spf10 -all"))), nil},
	} {
		var got []string
		for _, x := range after(c.edit).Findings {
			if x.Check.Area == "spf" {
				got = append(got, x.Refused...)
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, slices.Compact(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSPFFix holds the advice that names what to type.
func TestSPFFix(t *testing.T) {
	for _, c := range []struct {
		rule, want string
		edit       func(*facts.Facts)
	}{
		{"spf.redirect-with-all", "Remove the redirect=; to keep both", publishes("v=spf1 redirect=fine.example -all", lostNames, "")},
		{"spf.missing", "v=spf1 -all", profile(facts.Parked, noSource(unpublished()))},
		{"spf.missing", "Leave it so", func(f *facts.Facts) { unpublished()(f); f.SPF[0].MailFrom = nil }},
		{"spf.include-missing", "Try again", publishes(lostInclude, lostNames, "pass")},
		{"spf.string-too-long", "after ip4:11.80.0.1, at", strung("v=spf1 ip4:11.80.0.1", "-all")},
		{"spf.string-too-long", "after a and after mx, at", strung("v=spf1 a", "mx", "-all")},
		{"spf.all-plus", "Replace +all by ~all", publishes("v=spf1 +all", nil, "pass")},
		{"spf.all-plus", "Remove include:open.example", publishes("v=spf1 include:open.example -all", names{"open.example": "v=spf1 +all"}, "pass")},
		{"spf.ip-not-covered", "Add ip4:11.22.33.44", publishes("v=spf1 -all", nil, "fail")},
		{"spf.ip-not-covered", "Add ip6:2a0f::25", func(f *facts.Facts) {
			publishes("v=spf1 -all", nil, "fail")(f)
			f.Results[0].IP = netip.MustParseAddr("2a0f::25")
		}},
		{"spf.ip-not-covered", "Name the address", twoRecords},
		{"spf.known-dead-include", "Replace include:_spf.mimecast.com by", publishes(deadInclude, nil, "permerror")},
		{"spf.takeover", "Remove include:in.example at once, or have its owner remove mx:", publishes("v=spf1 "+own+"include:in.example -all", with(lapsedNames, "in.example", "v=spf1 mx:a.lapsed.example"), "pass")},
		{"spf.all-plus", "let its name hold %{i}", publishes("v=spf1 exists:host.example -all", lostNames, "pass")},
		{"spf.ip-wide", "Remove include:in.example, or have its owner narrow ip4:0.0.0.0/0", publishes("v=spf1 include:in.example -all", names{"in.example": "v=spf1 ip4:0.0.0.0/0"}, "pass")},
		{"spf.all-plus", "have exists:host.example removed", publishes("v=spf1 include:in.example -all", with(lostNames, "in.example", "v=spf1 exists:host.example"), "pass")},
		{"spf.include-temperror", "Try again", publishes(lostInclude, lostNames, "temperror")},
		{"spf.ip6-not-covered", "Add ip6:2a0f::25", hello("11.22.33.44", "2a0f::25")},
		{"spf.helo-missing", "at mail.healthy.example", helloRecord(facts.SPFNone)},
	} {
		if found := of(after(c.edit), c.rule); len(found) != 1 || !strings.Contains(found[0].Fix, c.want) {
			t.Errorf("%s: no fix with %q in %+v", c.rule, c.want, found)
		}
	}
}

// TestSPFMalformedFacts holds that facts saved by a stranger crash nothing.
func TestSPFMalformedFacts(t *testing.T) {
	for name, n := range map[string]facts.SPFNode{
		"found without a record": {Status: facts.SPFFound},
		"no status":              {},
		"seams of another text":  {Status: facts.SPFFound, Record: &spf.Record{Text: "v=spf1 x", Terms: []spf.Term{{Text: "x", Offset: 7, Bad: true}}}, Seams: []string{"v=spf1 x and so on", "", "more"}},
		"a term without text":    {Status: facts.SPFFound, Record: &spf.Record{Terms: []spf.Term{{Offset: 6, Bad: true}}}, Seams: []string{"v=spf1", "x"}},
		"a child without a record": {Status: facts.SPFFound, Record: &spf.Record{}, Terms: []facts.SPFTerm{
			{Term: spf.Term{Name: "include"}, Child: &facts.SPFNode{Status: facts.SPFFound}}, {Term: spf.Term{Name: "redirect", Modifier: true}}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := healthy()
			f.SPF[0].Root, f.SPF[0].Near = n, []string{"17"}
			for _, c := range spfChecks {
				c.Judge(f)
			}
		})
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("ü", 121)
	for in, want := range map[string]string{
		"": "", "short": "short", strings.Repeat("ü", 120): strings.Repeat("ü", 120), long: strings.Repeat("ü", 120) + "…",
		strings.Repeat("\xff", 130): strings.Repeat("\xff", 120) + "…",
	} {
		if got := clip(in); got != want {
			t.Errorf("clip(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 records", 1: "1 record", 2: "2 records"} {
		if got := count(n, "record"); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestSome(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{
		{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b", "c", "d", "e"}, "a, b, c, d, e"},
		{[]string{"a", "b", "c", "d", "e", "f", "g"}, "a, b, c, d, e and 2 more"},
	} {
		if got := some(c.in); got != c.want {
			t.Errorf("some(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
