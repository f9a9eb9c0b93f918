package audit

import (
	"cmp"
	"net/netip"
	"slices"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/receivers"
	"mailaudit/internal/spfnet"
)

// evidence is the facts in the shape of the report.
func evidence(f *facts.Facts) Evidence {
	return Evidence{
		Sources: sources(f), MX: mx(f), SPF: spf(f), DKIM: dkim(f), DMARC: dmarc(f), Alignment: alignment(f),
		DNSBL: dnsbl(f), Submission: submission(f), TLS: inbound(f), MTASTS: transport(f), TLSRPT: reporting(f), DANE: dane(f), Registration: registration(f), Message: message(f), Samples: samples(f), Reports: reports(f),
		NameServers: nameServers(f), DNSSEC: dnssec(f), Vantage: vantage(f),
	}
}

func streams(f *facts.Facts) []Stream {
	l := []Stream{}
	for _, s := range f.Streams {
		l = append(l, Stream{s.Name, texts(s.IPs), s.MailFrom, s.HELO, s.DKIMDomain, list(s.Selectors), s.Daily, receivers.WarmUp(s.Daily)})
	}
	return l
}

func texts(l []netip.Addr) []string {
	out := []string{}
	for _, a := range l {
		out = append(out, a.String())
	}
	return out
}

func sources(f *facts.Facts) []Source {
	l := []Source{}
	for _, s := range f.Sources {
		out := Source{IP: s.IP.String(), Stream: s.Stream, Origin: s.Origin, Declared: s.Declared, PTR: []string{}, FCrDNS: "unknown"}
		if s.PTR.Known() {
			out.FCrDNS = s.PTR.Value.Confirm
			for _, n := range s.PTR.Value.Names {
				out.PTR = append(out.PTR, n.Name)
			}
		}
		if i := slices.IndexFunc(f.Streams, func(x facts.Stream) bool { return x.Name == s.Stream }); i >= 0 {
			out.HELO = f.Streams[i].HELO
		}
		l = append(l, out)
	}
	return l
}

func mx(f *facts.Facts) MX {
	out := MX{Status: "unknown", Hosts: []MXHost{}}
	if !f.MX.Known() {
		return out
	}
	out.Status = f.MX.Value.Status
	for _, h := range f.MX.Value.Hosts {
		out.Hosts = append(out.Hosts, MXHost{h.Host, h.Preference, texts(h.Addresses.Value.Addresses)})
	}
	return out
}

// spf is the record of the audited domain; the results are those of all identities.
func spf(f *facts.Facts) SPF {
	out := SPF{Status: "unknown", Records: []string{}, Errors: []SPFError{}, Results: []SPFResult{}}
	if i := slices.IndexFunc(f.SPF, func(s facts.SPF) bool { return s.From }); i >= 0 {
		s := f.SPF[i]
		out.Status, out.Lookups, out.VoidLookups = s.Root.Status, s.Lookups, s.Void
		out.Records = list(s.Root.Texts)
		if s.Root.Status == facts.SPFFound {
			out.Record, out.Tree = s.Root.Record.Text, tree(&s.Root)
			out.Authorised = authorised(&s.Root)
			for _, p := range s.Root.Record.Problems {
				out.Errors = append(out.Errors, SPFError{p.Message, p.Term, p.Offset})
			}
		}
		out.Valid = valid(s)
	}
	for _, r := range f.Results {
		out.Results = append(out.Results, SPFResult{r.IP.String(), r.Stream, r.Identity, r.Domain, r.Result, r.Why})
	}
	return out
}

// authorised is who passes by the record, and what its terms cost of the ten lookups.
func authorised(n *facts.SPFNode) *Authorised {
	sum := spfnet.Authorised(n)
	out := &Authorised{IPv4: sum.IPv4, IPv6: sum.IPv6, Complete: sum.Complete, LookupsLeft: sum.Left, Costs: []Cost{}}
	for _, c := range sum.Costs {
		out.Costs = append(out.Costs, Cost(c))
	}
	return out
}

func tree(n *facts.SPFNode) *SPFNode {
	out := &SPFNode{Domain: n.Domain, Status: n.Status, Cause: n.Why}
	if n.Record != nil {
		out.Record = n.Record.Text
	}
	for _, t := range n.Terms {
		x := SPFTerm{Term: t.Term.Text, Offset: t.Term.Offset, Lookup: t.Lookup, Void: t.Void, Target: t.Target, Cause: t.Why}
		if t.Child != nil {
			x.Tree = tree(t.Child)
		}
		out.Terms = append(out.Terms, x)
	}
	return out
}

// valid says whether no evaluation could end in permerror; nil where that could not be found out. A domain without a
// record has nothing that could be invalid.
func valid(s facts.SPF) *bool {
	records, voids := undetermined(&s.Root)
	switch {
	case s.Root.Status == facts.SPFMultiple || s.Lookups > maxLookups || s.Void > maxVoid || faulty(&s.Root):
		return new(bool)
	case s.Root.Status == facts.SPFUnknown || !s.Whole || records > 0 || s.Void+voids > maxVoid:
		return nil
	}
	yes := true
	return &yes
}

// undetermined counts the terms whose macros stand for parts of each message: those that lead to a record, which may
// not be there, and others, which may be void.
func undetermined(n *facts.SPFNode) (records, voids int) {
	for _, t := range n.Terms {
		switch {
		case t.Child != nil && t.Child.Status == facts.SPFUndetermined:
			records++
		case t.Child != nil:
			r, v := undetermined(t.Child)
			records, voids = records+r, voids+v
		case t.Lookup > 0 && t.Target == "" && t.Why != "":
			voids++
		}
	}
	return records, voids
}

// The limits of RFC 7208 4.6.4.
const (
	maxLookups = 10
	maxVoid    = 2
	maxMX      = 10
)

// faulty says whether a record of the tree has a syntax error, or a term leads where no record is.
func faulty(n *facts.SPFNode) bool {
	if n.Record != nil && len(n.Record.Problems) > 0 {
		return true
	}
	return slices.ContainsFunc(n.Terms, func(t facts.SPFTerm) bool {
		if t.Hosts > maxMX {
			return true
		}
		c := t.Child
		return c != nil && (c.Status == facts.SPFNone || c.Status == facts.SPFMultiple || c.Status == facts.SPFLoop || faulty(c))
	})
}

func dkim(f *facts.Facts) DKIM {
	out := DKIM{Subtree: "unknown", Keys: []Key{}}
	// The audited domain's own where it signs, else that of the first that does.
	own := slices.IndexFunc(f.DKIM, func(d facts.DKIM) bool { return d.Domain == f.Domain })
	for i, d := range f.DKIM {
		if i == max(own, 0) && d.Subtree.Known() {
			out.Subtree = d.Subtree.Value
		}
		for _, k := range d.Keys {
			x := Key{Selector: k.Selector, Name: k.Name, Status: k.Status, Origin: k.Origin, Provider: k.Provider}
			if k.Record != nil {
				x.Type, x.Bits, x.Record = k.Record.KeyType, k.Record.Bits, k.Record.Text
			}
			out.Keys = append(out.Keys, x)
		}
	}
	return out
}

func dmarc(f *facts.Facts) DMARC {
	out := DMARC{Status: "unknown", RUA: []string{}}
	if !f.DMARC.Known() {
		return out
	}
	d := f.DMARC.Value
	out.Status, out.FoundAt, out.OrgDomain, out.EffectivePolicy = d.Status, d.FoundAt, d.Org, d.Policy
	if len(d.Texts) > 0 {
		out.Record = d.Texts[0]
	}
	if r := d.Record; r != nil {
		out.Policy, out.SubdomainPolicy, out.NP, out.Testing = r.Policy, r.SP, r.NP, r.Testing
		out.ADKIM, out.ASPF = r.ADKIM, r.ASPF
		for _, u := range r.RUA {
			out.RUA = append(out.RUA, u.Text)
		}
	}
	return out
}

// alignment is the truth table of RFC 9989 4.4 for each stream.
func alignment(f *facts.Facts) []Alignment {
	l := []Alignment{}
	for _, a := range checks.Alignments(f) {
		l = append(l, Alignment{Stream: a.Stream, SPF: a.SPF.Result, DKIM: a.DKIM.Result, DMARC: a.DMARC,
			MailFrom: identity(a.SPF), Signer: identity(a.DKIM), RestsOn: a.Single, Note: a.Note})
	}
	return l
}

func identity(i checks.Identity) Identity {
	return Identity{Domain: i.Domain, Passes: i.Passes, Relaxed: i.Relaxed, Strict: i.Strict, Mode: i.Mode, Aligned: i.Aligned}
}

func dnsbl(f *facts.Facts) []Listing {
	l := []Listing{}
	for _, x := range f.Listings {
		l = append(l, Listing{Zone: x.Zone, Target: x.Target, Kind: x.Kind, Status: x.Status, Codes: list(x.Codes),
			Meaning: x.Meaning, Reason: x.Reason, Severity: blocklist.Class(x.Class).Severity(), Cause: x.Why})
	}
	return l
}

func submission(f *facts.Facts) []Service {
	l := []Service{}
	for _, s := range f.Submission.Services {
		p := s.Probe.Value
		out := Service{Host: s.Host, Port: s.Port, Status: string(facts.ServiceUnknown), TLS: cmp.Or(p.TLS, "none"), Version: p.Version,
			Auth: list(p.Auth), AuthBeforeTLS: len(p.AuthPlain) > 0, Banner: p.Banner, Cause: cmp.Or(s.Left, s.Probe.Why, p.Why), Certificate: certificate(f, p.Cert)}
		if s.Probe.Known() {
			out.Status = string(p.Status)
		}
		l = append(l, out)
	}
	return l
}
