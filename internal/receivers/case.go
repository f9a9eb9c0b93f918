package receivers

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// Case is all that a receiver can see of the mail of one stream from one address, as far as the audit knows it.
type Case struct {
	Domain    string // of From
	Stream    string
	IP        netip.Addr // not valid where no sending address is known
	Candidate bool       // the address was taken from the SPF record: nobody said that it sends
	HELO      string     // "" where it is not known
	MailFrom  string     // an address
	Bulk      bool
	Daily     int // messages a day; 0: not known
	// Answers says that other questions of this audit were answered. Then one that failed did so at the sender's servers,
	// and a receiver that asks gets no answer either.
	Answers bool
	Public  []netip.Prefix // that the user declares public

	PTR       facts.Fact[facts.PTR]
	Generic   string // why the reverse name looks like one out of a range; "" where it does not
	HELOHosts facts.Fact[facts.Hosts]
	HELOMX    facts.Fact[bool]     // the HELO name has an MX record; unasked where it has an address
	Bounce    bool                 // MAIL FROM is the null sender; MailFrom is what SPF is judged by
	Exists    Truth                // the domain in MAIL FROM
	MX        facts.Fact[facts.MX] // of the domain in MAIL FROM
	SPF       facts.Fact[SPF]      // for MAIL FROM
	HELOSPF   facts.Fact[SPF]
	DKIM      facts.Fact[[]Signature] // none: the mail is unsigned
	NoKey     bool                    // no selector of the signing domain can have a key
	DMARC     facts.Fact[facts.DMARC]
	SPFOrg    Truth // the domain in MAIL FROM has the organizational domain of From
	SPFMode   Truth // and is as close to it as aspf= asks

	Authors int // addresses in From; 0 where no message was seen

	Listings []facts.Listing // of the address, of the domains in the mail, and of the name in EHLO
	Lists    bool            // that a list did not answer decides (--require-dnsbl)

	Callout     facts.Fact[Said] // what the sender's own MX says to mail for its address
	NullCallout facts.Fact[Said] // the same from the null sender
}

// Said is a reply of the sender's own MX. Code 0 is that it takes no connection.
type Said struct {
	Code     int
	Text     string
	Greeting bool // it turned the caller away before anything was asked
}

// Signature is one DKIM signature, of a message or as the stream is taken to sign.
type Signature struct {
	Domain  string     // d=
	State   string     // how it verifies, by RFC 6376
	Why     string     // of Lost
	Key     *facts.Key // what it was verified with; nil where nobody asked for it
	Faults  []string   // of facts.Signature
	Holds   bool       // it fits the message and the key, whatever else is wrong
	Relaxed Truth      // it has the organizational domain of From
	Mode    Truth      // it is as close to From as adkim= asks
}

// How a signature verifies. Short is a key that is too short to count and otherwise right; Several keys stand at the
// selector, and one of them is right.
const (
	Verifies = "verifies"
	Short    = "short key"
	Several  = "several keys"
	Missing  = "no key"
	Revoked  = "revoked key"
	Unusable = "unusable key"
	Misused  = "key for another use" // its h=, s= or v= rules it out, which some software does not look at
	Untyped  = "key of unknown type"
	Excused  = "another key, or changed mail, and a key under test" // t=y
	Wrong    = "another key, or changed mail"
	Faulty   = "passed over" // for a fault of its own, such as an x= that is past
	Lost     = "unknown"
)

const (
	noAddress  = "no sending address is known: name one with --ip"
	noSelector = "whether the mail is signed is not known: name the selector with --selector"
	noHELO     = "the name in EHLO is not known: give it with --helo"
)

// Cases are all of a domain: one for each sending address of a stream, and one without an address where none is known.
func Cases(f *facts.Facts) []Case {
	var l []Case
	alignment := checks.Alignments(f)
	generic := faulted(f, "ptr.generic")
	for i, s := range f.Streams {
		c := caseOf(f, s, alignment[i])
		sources := slices.DeleteFunc(slices.Clone(f.Sources), func(x facts.Source) bool { return x.Stream != s.Name })
		if len(sources) == 0 {
			c.PTR, c.SPF = facts.Cannot[facts.PTR](noAddress), facts.Cannot[SPF](noAddress)
			l = append(l, c)
		}
		for _, x := range sources {
			l = append(l, c.from(f, x, generic[x.IP]))
		}
	}
	return l
}

// faulted are the messages of a rule by the address that they are about.
func faulted(f *facts.Facts, rule string) map[netip.Addr]string {
	m := map[netip.Addr]string{}
	check, ok := checks.Find(rule)
	if !ok {
		return m
	}
	for _, v := range check.Judge(f) {
		for _, b := range v.Broken {
			m[v.Source] = b.Message
		}
	}
	return m
}

// caseOf is what does not hang on the address.
func caseOf(f *facts.Facts, s facts.Stream, a checks.Alignment) Case {
	c := Case{Domain: f.Domain, Stream: s.Name, HELO: s.HELO, MailFrom: s.MailFrom, Bulk: f.Profile.Name == facts.Bulk, Daily: s.Daily, Answers: answers(f), Public: f.Public,
		HELOHosts: facts.Cannot[facts.Hosts](noHELO), DMARC: f.DMARC, Lists: f.RequireLists,
		SPFOrg: word(a.SPF.Relaxed, "the organizational domain of "+a.SPF.Domain+" is not known"), SPFMode: word(a.SPF.Aligned, "the DMARC record is not known")}
	c.Exists, c.MX = envelope(f, a.SPF.Domain)
	for _, h := range f.HELOs {
		if h.Stream == s.Name {
			c.HELOHosts, c.HELOMX = h.Addresses, h.MX
		}
	}
	c.DKIM, c.NoKey = signatures(f, s, a)
	for _, m := range f.Messages {
		if m.Stream == s.Name {
			c.Authors, c.Bounce = m.Authors, m.Sender == nullSender && s.HasLearned(facts.LearnedMailFrom)
		}
	}
	if c.Bounce { // nobody asks about the domain of an address that is none
		c.Exists, c.MX = yes, facts.Fact[facts.MX]{}
	}
	if talk, ok := preferred(f, a.SPF.Domain); ok && !c.Bounce {
		c.Callout, c.NullCallout = callouts(talk, s.MailFrom, leadsOut(f))
	}
	return c
}

// from is the case of one address.
func (c Case) from(f *facts.Facts, x facts.Source, generic string) Case {
	c.IP, c.Candidate, c.Generic, c.PTR = x.IP, !x.Declared, generic, x.PTR
	if x.PTR.State == facts.Unasked {
		c.PTR = facts.Cannot[facts.PTR](fmt.Sprintf("the reverse name of %s was not looked up", x.IP))
	}
	c.SPF = facts.Cannot[SPF]("SPF was not evaluated")
	for _, r := range f.Results {
		if r.IP != x.IP || r.Stream != c.Stream {
			continue
		}
		if r.Identity == "helo" {
			c.HELOSPF = facts.Know(spfOf(f, r))
		} else {
			c.SPF = facts.Know(spfOf(f, r))
		}
	}
	for _, l := range slices.Concat(f.Listings, f.HELOListings) {
		if l.Kind == "domain" || l.Target == x.IP.String() {
			c.Listings = append(c.Listings, l)
		}
	}
	return c
}

// answers reports whether anything at all was found out in this audit.
func answers(f *facts.Facts) bool {
	return f.Exists.Known() || f.MX.Known() || f.DMARC.Known() || f.Addresses.Known() ||
		slices.ContainsFunc(f.Sources, func(s facts.Source) bool { return s.PTR.Known() }) ||
		slices.ContainsFunc(f.HELOs, func(h facts.HELO) bool { return h.Addresses.Known() }) ||
		slices.ContainsFunc(f.Lists, func(l facts.List) bool { return l.State == facts.ListUsable })
}

// word makes a Truth of the words of checks.Alignment.
func word(s, why string) Truth {
	switch s {
	case "pass":
		return yes
	case "fail":
		return no
	}
	return cannot(why)
}

// envelope is whether the domain in MAIL FROM exists, and its mail exchangers.
func envelope(f *facts.Facts, domain string) (Truth, facts.Fact[facts.MX]) {
	if domain == f.Domain {
		return f.Exists, f.MX
	}
	for _, r := range f.Returns {
		if r.Domain == domain {
			return r.Exists, r.MX
		}
	}
	why := "the MX records of " + domain + " were not looked up"
	return cannot(why), facts.Cannot[facts.MX](why)
}

// signatures are those of the stream's sample message. Without one it is taken to sign with the selectors that were named.
func signatures(f *facts.Facts, s facts.Stream, a checks.Alignment) (sigs facts.Fact[[]Signature], noKey bool) {
	var l []Signature
	for _, m := range f.Messages {
		if m.Stream != s.Name {
			continue
		}
		for _, x := range m.Signatures {
			l = append(l, checked(f, m, x, a))
		}
		return facts.Know(l), false
	}
	for _, d := range f.DKIM {
		if d.Domain != s.DKIMDomain {
			continue
		}
		noKey = d.Subtree.Known() && d.Subtree.Value == facts.SubtreeAbsent
		for _, k := range d.Keys {
			if slices.Contains(s.Selectors, k.Selector) && k.Named() {
				sig := Signature{Domain: d.Domain, Key: &k, Holds: true}
				sig.State, sig.Why = keyState(k)
				sig.Relaxed, sig.Mode = closeness(f, d.Domain, a)
				l = append(l, sig)
			}
		}
	}
	if len(l) == 0 {
		return facts.Cannot[[]Signature](noSelector), noKey
	}
	return facts.Know(used(l)), noKey
}

// used are those of several selectors that the mail may be taken to carry: what verifies, if anything does.
func used(l []Signature) []Signature {
	for _, state := range []string{Verifies, Lost, Several} {
		if i := slices.IndexFunc(l, func(s Signature) bool { return s.State == state }); i >= 0 {
			return l[i : i+1]
		}
	}
	return l[:1]
}

// checked is a signature of a message, verified against its key.
func checked(f *facts.Facts, m facts.Message, x facts.Signature, a checks.Alignment) Signature {
	sig := Signature{Domain: x.Domain, State: Wrong, Why: x.Why, Faults: x.Faults, Holds: x.Holds || x.Result == facts.SignaturePass}
	sig.Relaxed, sig.Mode = closeness(f, x.Domain, a)
	key, known := keyAt(f, x.Domain, x.Selector)
	state, why := Unusable, ""
	if known {
		state, why = keyState(key)
		sig.Key = &key
	}
	if m.Hop != nil { // of mail that was delivered: what is sent today has a later date
		sig.Faults = slices.DeleteFunc(slices.Clone(sig.Faults), func(f string) bool { return f == facts.FaultExpired })
	}
	switch {
	case state == Several:
		sig.State = Several
	case x.Result == facts.SignatureTempError || x.Result == facts.SignaturePolicy || state == Lost:
		sig.State, sig.Why = Lost, cmp.Or(x.Why, why)
	case x.Result == "pass":
		sig.State = Verifies
	case known && state != Verifies:
		sig.State = state
	case known && key.Record != nil && key.Record.Testing:
		sig.State = Excused
	case !known && x.Result == "permerror":
		sig.State = Unusable
	}
	return sig
}

// nullSender is facts.Message.Sender of a bounce.
const nullSender = "<>"

func keyAt(f *facts.Facts, domain, selector string) (facts.Key, bool) {
	for _, d := range f.DKIM {
		i := slices.IndexFunc(d.Keys, func(k facts.Key) bool { return d.Domain == domain && k.Selector == selector })
		if i >= 0 {
			return d.Keys[i], true
		}
	}
	return facts.Key{}, false
}

// keyState is how a signature verifies that was made with the private half of a key.
func keyState(k facts.Key) (state, why string) {
	switch k.Status {
	case facts.KeyValid:
		if len(k.Texts) > 1 {
			return Several, "" // what else stands there may come first
		}
		return Verifies, ""
	case facts.KeyRevoked:
		return Revoked, ""
	case facts.KeyMissing:
		return Missing, ""
	case facts.KeyUnknown:
		return Lost, k.Why
	}
	keys := 0
	for _, t := range k.Texts {
		if dkim.IsKey(t) {
			keys++
		}
	}
	switch {
	case keys == 0:
		return Missing, ""
	case keys > 1:
		return Several, ""
	case k.Record == nil || len(k.Record.Problems) != 1:
		return Unusable, ""
	}
	switch k.Record.Problems[0].Kind {
	case dkim.ShortKey:
		return Short, ""
	case dkim.Hash, dkim.Service, dkim.Version:
		return Misused, ""
	case dkim.KeyType:
		return Untyped, ""
	}
	return Unusable, ""
}

// closeness is whether a signing domain is aligned: with the organizational domain of From, and as adkim= asks.
func closeness(f *facts.Facts, domain string, a checks.Alignment) (relaxed, mode Truth) {
	const why = "the organizational domain of the signing domain is not known"
	switch {
	case domain == f.Domain:
		return yes, yes
	case lastLabels(domain) != lastLabels(f.Domain):
		return no, no // names of different registrable domains have no organizational domain in common
	case domain == a.DKIM.Domain:
		return word(a.DKIM.Relaxed, why), word(a.DKIM.Aligned, "the DMARC record is not known")
	case a.DKIM.Mode == "strict":
		return cannot(why), no
	}
	return cannot(why), cannot(why)
}

// lastLabels are the last two labels of a name: who shares an organizational domain shares them.
func lastLabels(name string) string {
	l := strings.Split(name, ".")
	return strings.Join(l[max(0, len(l)-2):], ".")
}

// preferred is what was said by the MX host that a callout to a domain asks: the first of those that were connected to.
func preferred(f *facts.Facts, domain string) (facts.Probe, bool) {
	if domain != f.Domain {
		return facts.Probe{}, false
	}
	for _, t := range f.Inbound {
		p := t.Probe.Value
		refused := p.Status == facts.ServiceRefused && (len(t.Asked) > 0 || leadsOut(f))
		if t.Probe.Known() && (refused || len(p.Envelopes) > 0 || len(t.Asked) > 0 && greetingCode(p) > 0) {
			return p, true
		}
	}
	for _, t := range f.Inbound { // none said anything
		if t.Probe.Known() && len(t.Asked) > 0 && t.Probe.Value.Why != "" {
			return t.Probe.Value, true
		}
	}
	return facts.Probe{}, false
}

// leadsOut says whether port 25 of our own network is known to lead out: firewalls at our end answer with a reset, too.
func leadsOut(f *facts.Facts) bool { return f.Vantage.Port(25).State == facts.EgressOpen }

// callouts are what an MX said to mail for an address, from somebody and from the null sender.
func callouts(p facts.Probe, address string, out bool) (somebody, nobody facts.Fact[Said]) {
	if p.Status == facts.ServiceRefused && !out {
		p.Why = "connection refused, perhaps by our own network: --egress-check tells"
	}
	if p.Status == facts.ServiceRefused && out {
		said := facts.Know(Said{Text: "connection refused"})
		return said, said
	}
	if code := greetingCode(p); code > 0 {
		said := facts.Know(Said{Code: code, Text: p.Banner, Greeting: true})
		return said, said
	}
	if p.Why != "" { // what was not answered before the talk broke off
		somebody, nobody = facts.Cannot[Said](p.Why), facts.Cannot[Said](p.Why)
	}
	for _, e := range p.Envelopes {
		if e.Verify || !strings.EqualFold(e.To, address) {
			continue
		}
		said := facts.Know(Said{Code: e.Code, Text: e.Text})
		if e.From != "" {
			somebody = said
			continue
		}
		nobody = said
		// Who answers to the recipient, and not to the null sender, says the same to mail from anybody.
		if e.Stage == string(Rcpt) && !somebody.Known() {
			somebody = said
		}
	}
	return somebody, nobody
}

var turnedAway = regexp.MustCompile(`^the greeting is "([45][0-9][0-9])\b`)

// greetingCode is the code of a greeting that turned us away, 0 where there was none.
func greetingCode(p facts.Probe) int {
	found := turnedAway.FindStringSubmatch(p.Why)
	if found == nil {
		return 0
	}
	code, _ := strconv.Atoi(found[1])
	return code
}
