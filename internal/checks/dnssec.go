package checks

import (
	"fmt"
	"slices"

	"mailaudit/internal/facts"
)

// aKey is a public key for examples: its octets mean nothing.
const aKey = "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="

// The rules about DNSSEC. Only dnssec.bogus says that it is not known.
var dnssecChecks = []*Check{
	{
		ID: "dnssec.bogus", Title: "no break in the chain of DNSSEC signatures is seen", Area: "dnssec", Worst: Fail, Impact: Defer,
		References: []string{"RFC 4035 5.5", "RFC 4035 2.4"},
		Needs:      facts.Signing,
		Help: "A receiver whose resolver validates gets SERVFAIL for every name of a zone that is signed wrongly: to it there is no MX, no SPF, no " +
			"key and no policy, and it puts the mail off until it gives up.",
		Fix:     "Sign the zone anew, or have the registrar remove the DS records until it is signed",
		Example: Example{Zone: "example.com. DS 12345 13 2 3490A6806D47F17A34C29E2CE80E8A999FFBE4BE3E0B8D8C1C6E3F5B5C5D5E5F"},
		Judge:   each(theSigning, dnssecBogus),
	},
	{
		ID: "dnssec.missing", Title: "the zone is signed", Area: "dnssec", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 4033 3", "RFC 4035 4.3"},
		Needs:      facts.Signing,
		Help: "Without signatures an answer can be forged on its way, and with it where the domain's mail goes and who may send it. DANE for " +
			"the domain's own mail servers needs a signed zone.",
		Fix:     "Turn DNSSEC on at the DNS provider, then publish the DS record that it shows at the registrar",
		Example: Example{Zone: "example.com. DNSKEY 257 3 13 " + aKey},
		Judge:   each(onlyKnown(theSigning), dnssecMissing),
	},
	{
		ID: "dnssec.weak-alg", Title: "the zone is signed by algorithms that are not outdated", Area: "dnssec", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 8624 3.1", "RFC 8624 3.3"},
		Needs:      facts.Signing,
		Help: "Resolvers drop old algorithms one by one. To one that no longer knows any that a zone is signed by, the zone is unsigned, and DANE " +
			"of its mail servers is void; SHA-1 has been broken in practice.",
		Fix:     "Roll the keys over to algorithm 13 (ECDSAP256SHA256), and publish a DS record with digest type 2 (SHA-256)",
		Example: Example{Zone: "example.com. DS 2363 5 1 0123456789ABCDEF0123456789ABCDEF01234567\nexample.com. DNSKEY 257 3 5 " + aKey},
		Judge:   each(onlyKnown(theSigning), dnssecWeak),
	},
}

// theSigning is how the zone is signed.
func theSigning(f *facts.Facts) []subject[facts.DNSSEC] {
	if gone(f) {
		return nil
	}
	name := f.DNSSEC.Value.Apex
	if name == "" {
		name = f.Domain
	}
	return []subject[facts.DNSSEC]{{name: name, of: f.DNSSEC}}
}

func dnssecBogus(_ *facts.Facts, d facts.DNSSEC) []Violation {
	if d.Status != facts.Bogus {
		return nil
	}
	return one(Fail, "the zone does not validate: "+clip(d.Why))
}

func dnssecMissing(_ *facts.Facts, d facts.DNSSEC) []Violation {
	switch {
	case d.Status != facts.Unsigned:
		return nil
	case len(d.Keys) > 0:
		return one(Info, fmt.Sprintf("the zone has %s, and the zone above has no DS record for it: nobody checks its signatures", count(len(d.Keys), "DNSKEY record")))
	}
	return one(Info, "the zone is not signed: no DS record leads to it")
}

// outdated are the algorithms that must not or should not sign (RFC 8624 3.1).
var outdated = map[uint8]string{1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1", 12: "ECC-GOST"}

// dnssecWeak judges the DS records: validators come to the keys by them. One that is up to date keeps the zone signed for
// all.
func dnssecWeak(_ *facts.Facts, d facts.DNSSEC) []Violation {
	const sha1 = 1
	if d.Status != facts.Signed {
		return nil
	}
	var names []string
	digests := 0
	for _, s := range d.DS {
		if old, is := outdated[s.Algorithm]; is {
			names = append(names, fmt.Sprintf("%d (%s)", s.Algorithm, old))
		}
		if s.Digest == sha1 {
			digests++
		}
	}
	slices.Sort(names)
	switch {
	case len(names) == len(d.DS):
		return one(Warn, "the zone is signed by outdated algorithms alone: "+some(slices.Compact(names)))
	case digests == len(d.DS):
		return one(Warn, "every DS record is a SHA-1 digest (type 1)")
	case len(names) > 0:
		return one(Info, "the zone is signed by an outdated algorithm beside a current one: "+some(slices.Compact(names)))
	}
	return nil
}
