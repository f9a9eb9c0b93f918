package receivers

import "slices"

// The rules of the catalogue that stand behind requirements. Which of them it is in a case, its findings tell.
var (
	// By these SPF passes for no address, or not for this one.
	spfRules = []string{
		"spf.missing", "spf.multiple", "spf.version", "spf.syntax", "spf.ip4-invalid", "spf.ip6-invalid", "spf.macro-invalid",
		"spf.redirect-multiple", "spf.string-too-long", "spf.lookup-limit", "spf.void-limit", "spf.mx-limit", "spf.known-dead-include",
		"spf.include-missing", "spf.include-permerror", "spf.include-loop", "spf.redirect-missing", "spf.ip-not-covered",
	}
	// By these no signature verifies.
	dkimRules = []string{
		"dkim.none-found", "dkim.selector-missing", "dkim.doubled-name", "dkim.cname-dangling", "dkim.revoked", "dkim.p-missing", "dkim.p-invalid",
		"dkim.key-short", "dkim.k-unknown", "dkim.v-wrong", "dkim.h-sha1", "dkim.s-tag", "dkim.duplicate-tag",
	}
	// By these there is no DMARC record.
	dmarcRules = []string{
		"dmarc.missing", "dmarc.wrong-location", "dmarc.cname", "dmarc.multiple", "dmarc.version", "dmarc.duplicate-tag", "dmarc.p-missing",
	}

	unmatchedRules = []string{"ptr.no-forward", "ptr.forward-mismatch", "ptr.ip-literal"}
	ptrRules       = []string{"ptr.missing", "ptr.ipv6-missing"}
	noNameRules    = slices.Concat(ptrRules, []string{"ptr.ip-literal"})
	// Nothing passes SPF in the name of a domain that is not there (RFC 7208 4.3).
	authRules        = slices.Concat(spfRules, dkimRules, goneRules)
	disownedRules    = slices.Concat([]string{"dmarc.unaligned"}, authRules)
	spamhausRules    = []string{"dnsbl.listed-major", "dnsbl.listed-policy"}
	goneRules        = []string{"domain.nxdomain"}
	noReturnRules    = []string{"domain.nxdomain", "domain.unresolvable"}
	lostReturnRules  = slices.Concat(noReturnRules, []string{"mx.null"}) // where nothing is known of the MX records, that says so
	shortHELORules   = []string{"helo.not-fqdn", "helo.ip-literal"}
	unknownHELORules = []string{"helo.unresolvable", "helo.not-fqdn"}
	nullMXRules      = []string{"mx.null", "parked.but-sends"}
	unroutableRules  = []string{"mx.unresolvable", "mx.ip-literal", "mx.localhost"}
)
