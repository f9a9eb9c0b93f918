package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/tlsa"
)

// DANE is about mail to the domain: senders that use it hold back or return what they cannot deliver as the records ask.
var daneChecks = []*Check{
	{
		ID: "dane.missing", Title: "the MX hosts in signed zones have TLSA records", Area: "dane", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7672 2.2.3", "RFC 7672 3.1.1"},
		Needs:      facts.MXHosts | facts.Pins,
		Help: "With a TLSA record, senders that use DANE know that the host speaks TLS and with which key, and nobody on the way can " +
			"lead them to cleartext. It takes a zone signed by DNSSEC, which these hosts have. A lookup that fails is worse than no " +
			"record: such senders then do not deliver to the host (RFC 7672 2.1.1).",
		Fix: "Publish TLSA 3 1 1 (the SHA-256 of the host's public key) at _25._tcp of the MX host, once renewals of its certificate " +
			"keep the key or bring the record up to date, or ask who runs the host to",
		Judge: daneMissing,
	},
	{
		ID: "dane.insecure", Title: "TLSA records are authenticated by DNSSEC", Area: "dane", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 7672 2.1.1", "RFC 7672 2.2", "RFC 7672 2.2.1"},
		Needs:      facts.MXHosts | facts.Pins,
		Help: "Senders use TLSA records only where DNSSEC vouches for them and for the addresses of the host. Where the MX records " +
			"are not signed, whoever forges those leads mail to a host of his own. The audit sees it by the resolver's AD bit, " +
			"which takes --trust-ad and a resolver that validates.",
		Fix:   "Sign the zones of the domain and of its MX hosts, and have the registrar publish their DS records",
		Judge: daneInsecure,
	},
	{
		ID: "dane.mismatch", Title: "the MX hosts present what their TLSA records pin", Area: "dane", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 7672 3.2", "RFC 7672 2.2", "RFC 6698 2.1"},
		Replies:    []string{"5.7.323 tlsa-invalid"},
		Needs:      facts.MXHosts | facts.Pins | facts.Inbound,
		Help: "A sender that uses DANE does not deliver to a host whose certificate no record matches: it tries the next, holds the " +
			"mail back and returns it in the end. Most often a certificate was renewed with a new key and the record was not. Names " +
			"and dates count for usage 2 alone, and its authority's certificate has to be sent, be it a root.",
		Fix:     "Publish a record of the key in use beside the old one, and delete the old one when caches have forgotten it",
		Example: Example{Zone: "_25._tcp.mx1.example.com. TLSA 3 1 1 abcd\n_25._tcp.mx2.example.com. TLSA 3 1 1 abcd"},
		Judge:   daneMismatch,
	},
	{
		ID: "dane.usage-pkix", Title: "TLSA records have usage 2 or 3", Area: "dane", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 7672 3.1.3"},
		Needs:      facts.MXHosts | facts.Pins,
		Help: "Usages 0 and 1 add to what public authorities vouch for, and mail servers have no list of those in common: senders " +
			"ignore such records, and with no other encrypt without knowing to whom.",
		Fix:     "Publish 3 1 1 (the host's key) or 2 1 1 (an authority whose certificate the host sends) in place of it",
		Example: Example{Zone: "_25._tcp.mx1.example.com. TLSA 1 1 1 " + exampleDigest + "\n_25._tcp.mx2.example.com. TLSA 1 1 1 " + exampleDigest},
		Judge:   each(pinned, danePKIX),
	},
	{
		ID: "dane.rollover", Title: "TLSA records stand ready for the next key", Area: "dane", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7671 8.1", "RFC 7672 4"},
		Needs:      facts.MXHosts | facts.Pins,
		Help: "Before a host presents a new key, its record must have been in DNS for longer than caches keep the old ones. Whoever " +
			"publishes the next key, or an authority beside the key, ahead of time cannot come too late. A host that keeps its key " +
			"for ever has no need of it.",
		Fix:     "Publish the next key as a second 3 1 1 record, or the authority as 2 1 1 beside it",
		Example: Example{Zone: "_25._tcp.mx1.example.com. TLSA 3 1 1 " + exampleDigest + "\n_25._tcp.mx2.example.com. TLSA 3 1 1 " + exampleDigest},
		Judge:   each(pinned, daneRollover),
	},
	{
		ID: "dane.all-mx", Title: "all MX hosts have TLSA records, or none", Area: "dane", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 7672 2.2.1"},
		Needs:      facts.MXHosts | facts.Pins,
		Help: "Each MX host is secured by its own records alone. Who wants to read the mail keeps senders from the hosts that have " +
			"them, and waits at the one that has none.",
		Fix:     "Publish TLSA records at _25._tcp of every MX host, or delete the MX record of the host that has none",
		Example: Example{Zone: "_25._tcp.mx1.example.com. TLSA 3 1 1 " + exampleDigest},
		Judge:   daneAllMX,
	},
	{
		ID: "dane.starttls-missing", Title: "the MX hosts with TLSA records speak TLS", Area: "dane", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 7672 2.2"},
		Replies:    []string{"5.7.321 starttls-not-supported"},
		Needs:      facts.MXHosts | facts.Pins | facts.Inbound,
		Help: "A TLSA record, of whatever kind, promises TLS. Senders that use DANE do not deliver to a host that does not keep " +
			"that promise.",
		Fix:   "Enable STARTTLS on port 25 of the host, or delete its TLSA records",
		Judge: each(daneTalks, daneSTARTTLS),
	},
	{
		ID: "dane.matching-0", Title: "TLSA records hold digests", Area: "dane", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7672 3.1.2", "RFC 6698 2.1.3"},
		Needs:      facts.MXHosts | facts.Pins,
		Help: "A whole certificate or key (matching type 0) makes DNS answers long, which have to be fetched again over TCP, and spares " +
			"nothing: the host has to send the certificate all the same.",
		Fix: "Publish the SHA-256 (matching type 1) instead",
		Example: Example{Zone: "_25._tcp.mx1.example.com. TLSA 3 1 0 " + exampleKey + "\n" +
			"_25._tcp.mx2.example.com. TLSA 3 1 0 " + exampleKey},
		Judge: each(pinned, daneMatching),
	},
}

// A digest and a key for examples.
const (
	exampleDigest = "45bdcea8b103f3bc224ac3581b011ee3ac8d5512ee1b3eb66a6da227158cc0d1"
	exampleKey    = "3059301306072a8648ce3d020106082a8648ce3d03010703420004cb35d73f835c87c2d08dcf0d7a51df9e89e32f12d0445d281468102f718fd7d9a2116e3493a7bb2e62372f67a377456b50f6189b5de9a5dd30e8423a879efa0b"
)

// pins are the TLSA records of one MX host that senders may go by.
type pins struct {
	facts.DANE
	usable []tlsa.Record
	doubt  string // added to what is wrong, where it is not known whether the zone is signed
}

// pinsOf are the hosts that have TLSA records which are not known to be void for want of DNSSEC: of those dane.insecure
// says all.
func pinsOf(f *facts.Facts) []pins {
	var l []pins
	for _, d := range f.DANE {
		secure, addresses := Authentic(f, d.Secure), Authentic(f, d.SecureAddresses)
		if len(d.Pins.Value.Records) == 0 || denied(secure) || denied(addresses) {
			continue
		}
		p := pins{DANE: d}
		for _, x := range d.Pins.Value.Records {
			if x.Record.Usable() {
				p.usable = append(p.usable, x.Record)
			}
		}
		if !secure.Known() || !addresses.Known() {
			p.doubt = " (if its zone is signed)"
		}
		l = append(l, p)
	}
	return l
}

// pinned are the same as subjects.
func pinned(f *facts.Facts) []subject[pins] {
	var l []subject[pins]
	for _, p := range pinsOf(f) {
		l = append(l, subject[pins]{name: p.Host, of: facts.Know(p)})
		if p.Pins.Value.More > 0 {
			l = append(l, subject[pins]{name: p.Host, of: facts.Cannot[pins](fmt.Sprintf("only the first %d of %d TLSA records at %s are looked at",
				len(p.Pins.Value.Records), len(p.Pins.Value.Records)+p.Pins.Value.More, clip(p.Name)))})
		}
	}
	for _, d := range unlooked(f) {
		l = append(l, subject[pins]{name: d.Host, said: "dane", of: facts.Cannot[pins](d.Pins.Why)})
	}
	return l
}

// unlooked are the hosts of which it is not known whether they have records: dane.missing says so.
func unlooked(f *facts.Facts) []facts.DANE {
	return slices.DeleteFunc(slices.Clone(f.DANE), func(d facts.DANE) bool { return d.Pins.State != facts.Unknown })
}

// Authentic is what the AD bit says of an answer. That it is not set says something only where the resolver sets it at all.
func Authentic(f *facts.Facts, ad facts.Fact[bool]) facts.Fact[bool] {
	v := f.Vantage.Validates
	switch {
	case !ad.Known() || ad.Value || v.Known() && v.Value:
		return ad
	case v.Known():
		return facts.Cannot[bool]("the resolver does not validate: it sets no AD bit for the root zone, which is signed")
	case v.State == facts.Unknown:
		return facts.Cannot[bool]("whether the resolver validates: " + v.Why)
	}
	return facts.Cannot[bool]("it is not known whether the resolver validates")
}

func denied(f facts.Fact[bool]) bool { return f.Known() && !f.Value }

// talkWith is what a host was seen to do on port 25; why not, where nothing is known.
func talkWith(f *facts.Facts, host string) facts.Fact[facts.Probe] {
	i := slices.IndexFunc(f.Inbound, func(t facts.MXTalk) bool { return t.Host == host })
	switch {
	case i < 0:
		return facts.Cannot[facts.Probe](host + " was not connected to")
	case f.Inbound[i].Probe.State == facts.Unasked:
		return facts.Cannot[facts.Probe](host + " was not connected to: " + f.Inbound[i].Left)
	}
	return f.Inbound[i].Probe
}

// bare says that a host is known to speak no TLS: dane.starttls-missing says so.
func bare(p facts.Probe) bool {
	return p.TLS != "starttls" && (p.TLSFault != "" || p.Complete)
}

// brief is a record cut short.
func brief(r tlsa.Record) string {
	const digits = 16
	s := r.String()
	if head := len(r.Kind()) + 1 + digits; len(s) > head {
		return s[:head] + "…"
	}
	return s
}

// daneMissing says what of DANE is not known, too, once for each host.
func daneMissing(f *facts.Facts) []Verdict {
	if f.MX.State == facts.Unknown && !gone(f) {
		return []Verdict{{Subject: f.Domain, Unknown: f.MX.Why}}
	}
	pinned := slices.ContainsFunc(f.DANE, func(d facts.DANE) bool { return len(d.Pins.Value.Records) > 0 })
	var l []Verdict
	for _, d := range f.DANE {
		v, secure := Verdict{Subject: d.Host}, Authentic(f, d.Secure)
		switch {
		case d.Pins.State == facts.Unknown:
			v.Unknown = lookupFailed(f, d)
		case len(d.Pins.Value.Records) > 0:
		case pinned || denied(secure) || !f.Vantage.Trusted:
			continue // dane.all-mx judges it; or DANE cannot be; or nobody asked whether it could
		case !secure.Known():
			v.Unknown = "whether the zone of " + clip(d.Host) + " is signed: " + secure.Why
		default:
			v.Broken = one(Info, clip(d.Name)+" has no TLSA record, although its zone is signed")
		}
		l = append(l, v)
	}
	return l
}

// lookupFailed says what it means that TLSA records could not be looked up: where the zone is signed it keeps senders away.
func lookupFailed(f *facts.Facts, d facts.DANE) string {
	s := d.Pins.Why
	if a := Authentic(f, d.SecureAddresses); a.Known() && a.Value {
		s += "; the zone is signed, and while that lasts senders that use DANE do not deliver to the host (RFC 7672 2.1.1)"
	}
	return s
}

func daneInsecure(f *facts.Facts) []Verdict {
	var l []Verdict
	for _, d := range f.DANE {
		if d.Pins.State == facts.Unknown {
			l = append(l, Verdict{Subject: d.Host, Said: "dane", Unknown: d.Pins.Why}) // by dane.missing
		}
		if len(d.Pins.Value.Records) == 0 {
			continue
		}
		if !f.Vantage.Trusted { // the same for all hosts
			return []Verdict{{Subject: f.Domain, Unknown: "whether the TLSA records are authenticated: " + d.Secure.Why}}
		}
		v := Verdict{Subject: d.Host}
		for _, x := range []struct {
			of       facts.Fact[bool]
			what, so string
		}{
			{d.Secure, "the TLSA records at " + clip(d.Name), "no sender uses them"},
			{d.SecureAddresses, "the addresses of " + clip(d.Host), "no sender looks for its TLSA records"},
			{d.SecureMX, "the MX records of " + f.Domain, "who forges them leads mail past the TLSA records of " + clip(d.Host)},
		} {
			a := Authentic(f, x.of)
			if !a.Known() {
				v.Unknown = "whether " + x.what + " are authenticated: " + a.Why
				break
			}
			if !a.Value {
				v.Broken = one(Warn, x.what+" are not authenticated by DNSSEC: "+x.so)
				break
			}
		}
		l = append(l, v)
	}
	return l
}

func daneMismatch(f *facts.Facts) []Verdict {
	var l []Verdict
	for _, p := range pinsOf(f) {
		v := Verdict{Subject: p.Host}
		for _, x := range p.Pins.Value.Records {
			if len(x.Problems) > 0 {
				v.Broken = append(v.Broken, Violation{Status: Warn, Fix: "Correct the record or delete it",
					Message: fmt.Sprintf("senders cannot use TLSA %s: %s", clip(x.Data), strings.Join(x.Problems, "; "))})
			}
		}
		talk := talkWith(f, p.Host)
		switch {
		case len(p.usable) == 0: // senders only encrypt (RFC 7672 2.2)
		case !talk.Known():
			v.Unknown = "whether a TLSA record matches: " + clip(talk.Why)
		case bare(talk.Value):
		case len(talk.Value.Chain) == 0:
			v.Unknown = "whether a TLSA record matches: " + why(talk.Value)
		default:
			p.compare(f, talk.Value.Chain, &v)
		}
		if v.Unknown != "" || len(v.Broken) > 0 || len(p.usable) > 0 && !bare(talk.Value) {
			l = append(l, v)
		}
	}
	for _, d := range unlooked(f) {
		l = append(l, Verdict{Subject: d.Host, Said: "dane", Unknown: d.Pins.Why})
	}
	return l
}

// compare holds the records against what the host presented.
func (p pins) compare(f *facts.Facts, chain [][]byte, v *Verdict) {
	matches := func(r tlsa.Record) bool {
		ok, _ := r.Match(chain, f.Started, identifiers(f, p.DANE)...)
		return ok
	}
	used := tlsa.Strongest(p.usable)
	switch more := p.Pins.Value.More; {
	case slices.ContainsFunc(used, matches):
		return
	case more > 0:
		v.Unknown = fmt.Sprintf("none of the first %d TLSA records matches, and %d more were not looked at", len(p.Pins.Value.Records), more)
		return
	case slices.ContainsFunc(p.usable, matches):
		v.Broken = append(v.Broken, Violation{Status: Warn, Fix: "Bring the SHA-512 records up to date or delete them", Message: fmt.Sprintf(
			"only a SHA-256 record matches what %s presents, and senders go by those with SHA-512, the stronger digest (RFC 7671 9)%s", clip(p.Host), p.doubt)})
		return
	}
	var whys []string
	for _, r := range used {
		_, why := PinMatch(f, p.DANE, r)
		whys = append(whys, brief(r)+": "+clip(why))
	}
	broken := Violation{Status: Warn, Message: fmt.Sprintf("no TLSA record matches what %s presents (%s): senders that use DANE do not deliver to it%s",
		clip(p.Host), some(whys), p.doubt)}
	if now, err := tlsa.Of(tlsa.DANEEE, tlsa.SPKI, tlsa.SHA256, chain[0]); err == nil {
		broken.Fix = fmt.Sprintf("Publish %s TLSA %s, the key in use now, and delete what pins another when caches have forgotten it", clip(p.Name), now)
	}
	v.Broken = append(v.Broken, broken)
}

// identifiers are the names that a certificate may be for where its authority is pinned. That of the domain counts unless
// somebody on the way could have chosen the host (RFC 7672 3.2.2).
func identifiers(f *facts.Facts, d facts.DANE) []string {
	names := []string{d.Base, d.Host}
	if !denied(Authentic(f, d.SecureMX)) {
		names = append(names, f.Domain)
	}
	return slices.Compact(names)
}

// PinMatch says whether a TLSA record is of what its host was seen to present: pass, fail or unknown, and why it does not pass.
func PinMatch(f *facts.Facts, d facts.DANE, r tlsa.Record) (result, why string) {
	talk := talkWith(f, d.Host)
	switch {
	case !talk.Known():
		return "unknown", talk.Why
	case len(talk.Value.Chain) == 0:
		return "unknown", cmp.Or(talk.Value.Why, d.Host+" presented no certificate")
	}
	ok, why := r.Match(talk.Value.Chain, f.Started, identifiers(f, d)...)
	if !ok {
		return "fail", why
	}
	return "pass", ""
}

func danePKIX(_ *facts.Facts, p pins) []Violation {
	var l []Violation
	for _, x := range p.Pins.Value.Records {
		if len(x.Problems) > 0 || !x.Record.PKIX() {
			continue
		}
		s := fmt.Sprintf("TLSA %s has usage %d, which senders of mail ignore", brief(x.Record), x.Record.Usage)
		if len(p.usable) == 0 {
			s += "; there is no other that they could use"
		}
		l = append(l, Violation{Status: Warn, Message: s})
	}
	return l
}

// daneRollover looks for a record beside that of the key in use: another one of the same kind, or an authority beside a
// certificate. Two digests of one key are no such pair.
func daneRollover(_ *facts.Facts, p pins) []Violation {
	for i, r := range p.usable {
		if slices.ContainsFunc(p.usable[:i], func(o tlsa.Record) bool { return o.Usage != r.Usage || o.Kind() == r.Kind() && !o.Equal(r) }) {
			return nil
		}
	}
	if len(p.usable) == 0 {
		return nil
	}
	return one(Info, fmt.Sprintf("%s pins one key alone (%s): no record stands ready for the next", clip(p.Host), brief(p.usable[0])))
}

func daneAllMX(f *facts.Facts) []Verdict {
	have := pinsOf(f)
	if len(have) == 0 {
		return nil
	}
	var l []Verdict
	for _, d := range f.DANE {
		v := Verdict{Subject: d.Host}
		switch {
		case !d.Pins.Known():
			v.Unknown, v.Said = d.Pins.Why, "dane" // by dane.missing
		case len(d.Pins.Value.Records) == 0:
			v.Broken = one(Warn, fmt.Sprintf("%s has no TLSA record, and %s has: mail that goes there goes without DANE%s", clip(d.Host), clip(have[0].Host), have[0].doubt))
		}
		l = append(l, v)
	}
	if left := unpinned(f); left > 0 {
		l = append(l, Verdict{Subject: f.Domain, Unknown: fmt.Sprintf("only the first %s are looked at for TLSA records, and there are %d more", count(len(f.DANE), "MX host"), left)})
	}
	return l
}

// unpinned counts the MX hosts that DANE could be for and that were not looked at.
func unpinned(f *facts.Facts) int {
	seen := map[string]bool{".": true}
	for _, d := range f.DANE {
		seen[d.Host] = true
	}
	n := 0
	for _, h := range f.MX.Value.Hosts {
		_, err := netip.ParseAddr(h.Host)
		if !seen[h.Host] && err != nil && !(h.Addresses.Known() && len(h.Addresses.Value.Addresses) == 0) {
			n++
		}
		seen[h.Host] = true
	}
	return n
}

// daneTalk is a host with TLSA records and what it was seen to do.
type daneTalk struct {
	pins
	talk facts.Probe
}

// daneTalks are the hosts of which it is known whether they speak TLS: of the others dane.mismatch says that it is not.
func daneTalks(f *facts.Facts) []subject[daneTalk] {
	var l []subject[daneTalk]
	for _, p := range pinsOf(f) {
		talk := talkWith(f, p.Host)
		if talk.Known() && (bare(talk.Value) || talk.Value.TLS == "starttls") {
			l = append(l, subject[daneTalk]{name: p.Host, of: facts.Know(daneTalk{p, talk.Value})})
		} else {
			l = append(l, subject[daneTalk]{name: p.Host, said: "dane", of: facts.Cannot[daneTalk](cmp.Or(talk.Why, talk.Value.Why))})
		}
	}
	for _, d := range unlooked(f) {
		l = append(l, subject[daneTalk]{name: d.Host, said: "dane", of: facts.Cannot[daneTalk](d.Pins.Why)})
	}
	return l
}

func daneSTARTTLS(_ *facts.Facts, d daneTalk) []Violation {
	if !bare(d.talk) {
		return nil
	}
	how := "offers no STARTTLS"
	if d.talk.TLSFault != "" {
		how = "its STARTTLS fails: " + clip(d.talk.TLSFault)
	}
	return one(Warn, fmt.Sprintf("%s has TLSA records and %s; senders that use DANE do not deliver to it%s", clip(d.Host), how, d.doubt))
}

func daneMatching(_ *facts.Facts, p pins) []Violation {
	var l []Violation
	for _, r := range p.usable {
		if r.Matching == tlsa.Full {
			l = append(l, Violation{Status: Info, Message: fmt.Sprintf("TLSA %s is %d octets long, where a SHA-256 has 32", brief(r), len(r.Data))})
		}
	}
	return l
}
