//go:build lab

package labmatrix

import (
	"fmt"
	"slices"
	"strings"
)

// sender is one way to send, right in all but its cause. In its strings {d} is its domain, {ip} its address, {n} the last
// number of that, {r} the name of its PTR record, and {rsa2048} and the like a public key of signer.go.
type sender struct {
	Name  string // of its domain
	Under string // what that stands beneath: example, which software that goes by the list of public suffixes takes for none, or com
	Cause string // why somebody may refuse it
	DNS   remedy
	// Order says that the order in which a resolver gives records decides: a forecast that says so is right.
	Order bool

	HELO     string      // mail.{d}
	MailFrom string      // news@{d}; null for the null sender
	From     string      // news@{d}
	Head     []string    // edits of the header: a field takes the place of those of its name, "-Name" removes them
	Edits    []string    // of the healthy records
	Signed   []signature // nil: by {d} with its key at the selector s1
	Tampered bool        // the body was changed after it was signed
	After    []string    // old and new: other changes after it was signed
	Lists    []string    // "ZONE CODE" of blocklists, with the address, or "ZONE CODE DOMAIN"
	At       place       // who has the zone
	Unshown  bool        // mailaudit refuses the sample, and is told of the selector
	Slow     bool        // a server that does not answer is waited for

	Rcpt, Null string // what its MX says to RCPT, and to MAIL FROM:<>; 250 otherwise
	Greeting   string // of its MX
	Deaf       bool   // its MX takes no connection
}

// remedy says whether a change of the sender's own zone would put right what is wrong, and who finds it out.
type remedy int

const (
	// elsewhere: it hangs on the provider of the address, on servers of others, on a private key, on how the mail is sent, or on a
	// policy that its owner asked for.
	elsewhere remedy = iota
	// proposed: what `mailaudit fix` publishes must turn each refusal into 250.
	proposed
	// owed: all that is needed could be found out, and `mailaudit fix` does not propose it, or cannot prove it. What is left is
	// counted. Such a row becomes proposed once nothing is.
	owed
)

// signature is one DKIM-Signature of the sample message.
type signature struct {
	Key, Domain, Selector string // rsa2048, {d}, s1
	Expired               bool
	Tags                  []string // name=value, in place of those that the library would write
}

// place is who has a zone.
type place int

const (
	served place = iota
	nowhere
	refusing // a server that says REFUSED
	quiet    // a server that does not answer
)

// healthy are the records of a sender with which nothing is wrong.
var healthy = []string{
	`{d}. A {ip}`,
	`{d}. MX 10 mail.{d}.`,
	`{d}. TXT "lab-domain"`,
	`{d}. TXT "v=spf1 ip4:{ip} -all"`,
	`mail.{d}. A {ip}`,
	`_dmarc.{d}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{d}"`,
	`s1._domainkey.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`,
	`{r}. PTR mail.{d}.`,
}

// An edit that begins with a hyphen removes all records of a name and type; any other replaces them, together with the other
// edits of that name and type.

func spf(records ...string) []string {
	l := []string{`{d}. TXT "lab-domain"`}
	for _, r := range records {
		l = append(l, fmt.Sprintf(`{d}. TXT "%s"`, r))
	}
	return l
}

func dmarc(records ...string) []string {
	l := []string{"-_dmarc.{d}. TXT"}
	for _, r := range records {
		l = append(l, fmt.Sprintf(`_dmarc.{d}. TXT "%s"`, r))
	}
	return l
}

func key(records ...string) []string {
	l := []string{"-s1._domainkey.{d}. TXT"}
	for _, r := range records {
		l = append(l, fmt.Sprintf(`s1._domainkey.{d}. TXT "%s"`, r))
	}
	return l
}

// elevenIncludes are of records that do not let the sender pass.
func elevenIncludes() (terms string, records []string) {
	for i := range 11 {
		terms += fmt.Sprintf("include:i%d.{d} ", i)
		records = append(records, fmt.Sprintf(`i%d.{d}. TXT "v=spf1 ip4:192.0.2.%d ?all"`, i, i))
	}
	return terms, records
}

// manyMX are more MX hosts than an evaluation may look up (RFC 7208 4.6.4).
func manyMX() []string {
	var l []string
	for i := range 11 {
		l = append(l, fmt.Sprintf("many.{d}. MX %d m%d.{d}.", i, i), fmt.Sprintf("m%d.{d}. A 192.0.2.%d", i, i+10))
	}
	return l
}

var (
	elevenTerms, elevenRecords = elevenIncludes()

	unsigned = []signature{}
	with     = slices.Concat[[]string]
)

// esp is an envelope of somebody else, who lets the sender pass: SPF passes and is not aligned. DMARC hangs on DKIM then.
const esp = "bounce@esp.example"

// nobody is an address from which nothing comes; other has nothing to do with the sender; espMX is where esp takes mail.
const (
	nobody = "198.51.100.9"
	other  = "198.51.100.250"
	espMX  = "198.51.100.251"
)

// notOurs is SPF that has another address.
const notOurs = "v=spf1 ip4:" + other

// neighbours are records that several senders refer to.
var neighbours = []string{
	`esp.example. TXT "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 ip4:192.0.2.128/25 -all"`, `esp.example. MX 10 mx.esp.example.`, `mx.esp.example. A ` + espMX, `_dmarc.esp.example. TXT "v=DMARC1; p=none"`,
	`s1._domainkey.esp.example. TXT "v=DKIM1; k=rsa; p={rsa2048b}"`, `key._domainkey.esp.example. TXT "v=DKIM1; k=rsa; p={rsa2048}"`,
	`hub.esp.example. A ` + other,
	`servfail.example. NS ns.rbl.example.`,
	`silent.example. NS ns.silent.example.`, `ns.silent.example. A ` + nobody,
	`two._spf.example. TXT "v=spf1 ip4:192.0.2.1 -all"`, `two._spf.example. TXT "v=spf1 ip4:192.0.2.2 -all"`,
	`deep._spf.example. TXT "v=spf1 include:two._spf.example -all"`,
}

// senders is the table. A row is a sender.
var senders = slices.Concat(tuned, unseen)

// tuned are those by which the books were written.
var tuned = []sender{
	{Name: "good", Cause: "none"},
	{Name: "spfslow", Slow: true, Cause: "SPF temperror: an include of which nobody answers", Edits: spf("v=spf1 include:spf.silent.example -all")},

	// SPF. DKIM and DMARC are well.
	{Name: "nospf", Cause: "no SPF record", Edits: spf()},
	{Name: "spfneutral", Cause: "SPF is neutral", Edits: spf(notOurs + " ?all")},
	{Name: "spfsoft", Cause: "SPF softfails", DNS: proposed, Edits: spf(notOurs + " ~all")},
	{Name: "spffail", Cause: "SPF fails", DNS: proposed, Edits: spf(notOurs + " -all")},
	{Name: "spf11", Cause: "SPF permerror: 11 lookups", DNS: proposed, Edits: with(elevenRecords, spf("v=spf1 "+elevenTerms+"ip4:{ip} -all"))},
	{Name: "spftwo", Cause: "SPF permerror: two records", DNS: proposed, Edits: spf("v=spf1 ip4:{ip} -all", "v=spf1 mx -all")},
	{Name: "spftemp", Cause: "SPF temperror: an include that cannot be looked up", Edits: spf("v=spf1 include:spf.servfail.example -all")},
	{Name: "spfchain", Cause: "SPF permerror two includes away", DNS: proposed, Edits: spf("v=spf1 include:deep._spf.example ip4:{ip} -all")},
	{Name: "spfnoinclude", Cause: "SPF permerror: an include of nothing", DNS: proposed, Edits: spf("v=spf1 include:gone.{d} ip4:{ip} -all")},
	{Name: "spfloop", Cause: "SPF permerror: an include of itself", DNS: proposed, Edits: spf("v=spf1 include:{d} ip4:{ip} -all")},
	{Name: "spfvoid", Cause: "SPF permerror: three void lookups", DNS: proposed, Edits: spf("v=spf1 a:v1.{d} a:v2.{d} a:v3.{d} ip4:{ip} -all")},
	{Name: "spfsyntax", Cause: "SPF permerror: a mechanism that there is not", DNS: proposed, Edits: spf("v=spf1 ip4:{ip} ipv4:{ip} -all")},
	{Name: "spf999", Cause: "SPF permerror: an address that there is not", DNS: proposed, Edits: spf("v=spf1 ip4:198.51.100.999 ip4:{ip} -all")},
	// No rule judges the result for the name in EHLO, so that nothing is proposed.
	{Name: "spfhelo", Cause: "SPF fails for the name in EHLO", DNS: proposed, Edits: []string{`mail.{d}. TXT "v=spf1 -all"`}},
	{Name: "spfhelosoft", Cause: "SPF softfails for the name in EHLO", Edits: []string{`mail.{d}. TXT "v=spf1 ~all"`}},
	{Name: "spfredirect", Cause: "none: SPF by redirect=", Edits: with(spf("v=spf1 redirect=_spf.{d}"), []string{`_spf.{d}. TXT "v=spf1 ip4:{ip} -all"`})},
	{Name: "spfmacro", Cause: "none: SPF by a macro", Edits: with(spf("v=spf1 exists:%{i}._ip.{d} -all"), []string{`{ip}._ip.{d}. A 127.0.0.2`})},
	{Name: "spfptr", Cause: "none: SPF by ptr", Edits: spf("v=spf1 ptr -all")},
	{Name: "spfhosts", Cause: "none: SPF by a and mx", Edits: spf("V=SPF1 A:mail.{d} MX -ALL")},
	{Name: "spfnoredirect", Cause: "SPF permerror: redirect= to nothing", DNS: proposed, Edits: spf("v=spf1 ip4:192.0.2.1 redirect=gone.{d}")},
	{Name: "spfmx", Cause: "SPF fails: mx leads elsewhere", DNS: proposed, Edits: spf("v=spf1 mx:esp.example a:hub.esp.example -all")},
	{Name: "spfplus", Cause: "none: SPF lets everybody pass", Edits: spf("v=spf1 +all")},
	{Name: "spfcase", Cause: "none: v=spf10 is no SPF record", Edits: spf("v=spf10 -all")},
	{Name: "spfcut", Cause: "none: SPF in two strings", Edits: []string{`{d}. TXT "v=spf1 ip4:198.51." "100.{n} -all"`}},
	// SPF alone.
	{Name: "onlyfail", Cause: "SPF fails, unsigned, p=reject", DNS: proposed, Edits: spf(notOurs + " -all"), Signed: unsigned},
	{Name: "onlysoft", Cause: "SPF softfails, unsigned, p=reject", DNS: proposed, Edits: spf(notOurs + " ~all"), Signed: unsigned},
	{Name: "onlynone", Cause: "no SPF record, unsigned, p=reject", DNS: proposed, Edits: spf(), Signed: unsigned},
	{Name: "only11", Cause: "SPF permerror, unsigned, p=reject", DNS: proposed, Edits: with(elevenRecords, spf("v=spf1 "+elevenTerms+"ip4:{ip} -all")), Signed: unsigned},
	{Name: "onlyvoid", Cause: "SPF permerror by void lookups, unsigned, p=reject", DNS: proposed,
		Edits: spf("v=spf1 a:v1.{d} a:v2.{d} a:v3.{d} ip4:{ip} -all"), Signed: unsigned},

	{Name: "onlytwo", Cause: "two SPF records, unsigned, p=reject", DNS: proposed, Edits: spf("v=spf1 ip4:{ip} -all", "v=spf1 mx -all"), Signed: unsigned},
	{Name: "onlytemp", Cause: "SPF temperror, unsigned, p=reject", Edits: spf("v=spf1 include:spf.servfail.example -all"), Signed: unsigned},
	{Name: "onlysyntax", Cause: "SPF with a mechanism that there is not, unsigned, p=reject", DNS: proposed, Edits: spf("v=spf1 ip4:{ip} ipv4:{ip} -all"), Signed: unsigned},
	{Name: "onlychain", Cause: "SPF permerror two includes away, unsigned, p=reject", DNS: proposed, Edits: spf("v=spf1 include:deep._spf.example ip4:{ip} -all"), Signed: unsigned},
	{Name: "onlynoinclude", Cause: "an include of nothing, unsigned, p=reject", DNS: proposed, Edits: spf("v=spf1 include:gone.{d} ip4:{ip} -all"), Signed: unsigned},
	{Name: "onlyloop", Cause: "an include of itself, unsigned, p=reject", DNS: proposed, Edits: spf("v=spf1 include:{d} ip4:{ip} -all"), Signed: unsigned},
	{Name: "onlymacro", Cause: "none: SPF by a macro, unsigned, p=reject", Edits: with(spf("v=spf1 exists:%{i}._ip.{d} -all"), []string{`{ip}._ip.{d}. A 127.0.0.2`}), Signed: unsigned},
	{Name: "onlyptr", Cause: "none: SPF by ptr, unsigned, p=reject", Edits: spf("v=spf1 ptr -all"), Signed: unsigned},

	// DMARC.
	{Name: "nodmarc", Cause: "no DMARC record", Edits: dmarc()},
	{Name: "dmarcreject", Cause: "p=reject, SPF not aligned, unsigned", MailFrom: esp, Signed: unsigned},
	{Name: "dmarcnone", Cause: "p=none, SPF not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=none")},
	{Name: "dmarcquarantine", Cause: "p=quarantine, SPF not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=quarantine")},
	{Name: "dmarcbad", Cause: "DMARC without p=, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; rua=mailto:x@{d}")},
	{Name: "dmarctight", Cause: "p=reject without blanks, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1;p=reject")},
	{Name: "dmarcpct", Cause: "p=reject with pct=0, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=reject; pct=0")},
	{Name: "dmarctesting", Cause: "p=reject with t=y, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=reject; t=y")},
	{Name: "dmarcshout", Cause: "p=REJECT, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=REJECT")},
	{Name: "dmarcblanks", Cause: "p = reject, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p = reject ;")},
	{Name: "dmarclate", Cause: "p=reject behind other tags, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; rua=mailto:x@{d}; p=reject")},
	{Name: "dmarcword", Cause: "p=rejected, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=rejected")},
	{Name: "dmarclower", Cause: "v=dmarc1, not aligned, unsigned", MailFrom: esp, Signed: unsigned, Edits: dmarc("v=dmarc1; p=reject")},
	{Name: "dmarclost", Cause: "DMARC that cannot be looked up", MailFrom: esp, Signed: unsigned, Edits: with(dmarc(), []string{`_dmarc.{d}. CNAME _dmarc.servfail.example.`})},
	{Name: "dmarctwo", Cause: "two DMARC records that differ", Order: true, MailFrom: esp, Signed: unsigned, Edits: dmarc("v=DMARC1; p=reject", "v=DMARC1; p=none")},
	{Name: "dmarctwins", Cause: "two DMARC records with p=reject", DNS: proposed, MailFrom: esp, Signed: unsigned,
		Edits: dmarc("v=DMARC1; p=reject", "v=DMARC1; p=reject; rua=mailto:x@{d}")},

	// Subdomains, and what DMARC asks of them.
	{Name: "subaligned", Under: "com", Cause: "none: a subdomain, SPF aligned by its organizational domain", From: "news@shop.{d}", Signed: unsigned,
		Edits: []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`}},
	{Name: "subenvelope", Under: "com", Cause: "none: the envelope of a subdomain", MailFrom: "news@bounce.{d}", Signed: unsigned,
		Edits: []string{`bounce.{d}. MX 10 mail.{d}.`, `bounce.{d}. TXT "v=spf1 ip4:{ip} -all"`}},
	{Name: "subsigned", Under: "com", Cause: "none: signed by a subdomain", MailFrom: esp, Signed: []signature{{Domain: "mail.{d}"}},
		Edits: []string{`s1._domainkey.mail.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`}},
	{Name: "subenvelopestrict", Under: "com", Cause: "the envelope of a subdomain, aspf=s, unsigned", DNS: proposed, MailFrom: "news@bounce.{d}", Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=reject; aspf=s"), []string{`bounce.{d}. MX 10 mail.{d}.`, `bounce.{d}. TXT "v=spf1 ip4:{ip} -all"`})},
	{Name: "subsignedstrict", Under: "com", Cause: "signed by a subdomain, adkim=s", DNS: proposed, MailFrom: esp, Signed: []signature{{Domain: "mail.{d}"}},
		Edits: with(dmarc("v=DMARC1; p=reject; adkim=s"), []string{`s1._domainkey.mail.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`})},
	{Name: "substrict", Under: "com", Cause: "a subdomain, adkim=s and aspf=s", DNS: proposed, From: "news@shop.{d}",
		Edits: with(dmarc("v=DMARC1; p=reject; adkim=s; aspf=s"), []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`})},
	{Name: "subreject", Under: "com", Cause: "a subdomain whose SPF fails, unsigned, sp=reject", DNS: proposed, From: "news@shop.{d}", MailFrom: "news@shop.{d}", Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=none; sp=reject"), []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`, `shop.{d}. TXT "` + notOurs + ` -all"`,
			`s1._domainkey.shop.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`})},
	{Name: "subnone", Under: "com", Cause: "none: a subdomain, sp=none beside p=reject", From: "news@shop.{d}", MailFrom: esp, Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=reject; sp=none"), []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`})},
	{Name: "subown", Under: "com", Cause: "a subdomain with p=reject of its own, not aligned, unsigned", From: "news@shop.{d}", MailFrom: esp, Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=none"), []string{`shop.{d}. A {ip}`, `_dmarc.shop.{d}. TXT "v=DMARC1; p=reject"`})},
	{Name: "subghost", Under: "com", Cause: "a subdomain that does not exist, np=reject beside sp=none", From: "news@ghost.{d}", MailFrom: esp, Signed: unsigned,
		Edits: dmarc("v=DMARC1; p=none; sp=none; np=reject")},
	{Name: "subalignedx", Cause: "none: a subdomain, SPF aligned by its organizational domain", From: "news@shop.{d}", Signed: unsigned,
		Edits: []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`}},
	{Name: "subenvelopex", Cause: "none: the envelope of a subdomain", MailFrom: "news@bounce.{d}", Signed: unsigned,
		Edits: []string{`bounce.{d}. MX 10 mail.{d}.`, `bounce.{d}. TXT "v=spf1 ip4:{ip} -all"`}},
	{Name: "subsignedx", Cause: "none: signed by a subdomain", MailFrom: esp, Signed: []signature{{Domain: "mail.{d}"}},
		Edits: []string{`s1._domainkey.mail.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`}},
	{Name: "subenvelopestrictx", Cause: "the envelope of a subdomain, aspf=s, unsigned", MailFrom: "news@bounce.{d}", Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=reject; aspf=s"), []string{`bounce.{d}. MX 10 mail.{d}.`, `bounce.{d}. TXT "v=spf1 ip4:{ip} -all"`})},
	{Name: "subsignedstrictx", Cause: "signed by a subdomain, adkim=s", MailFrom: esp, Signed: []signature{{Domain: "mail.{d}"}},
		Edits: with(dmarc("v=DMARC1; p=reject; adkim=s"), []string{`s1._domainkey.mail.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`})},
	{Name: "substrictx", Cause: "a subdomain, adkim=s and aspf=s", From: "news@shop.{d}",
		Edits: with(dmarc("v=DMARC1; p=reject; adkim=s; aspf=s"), []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`})},
	{Name: "subrejectx", Cause: "a subdomain whose SPF fails, unsigned, sp=reject", DNS: proposed, From: "news@shop.{d}", MailFrom: "news@shop.{d}", Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=none; sp=reject"), []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`, `shop.{d}. TXT "` + notOurs + ` -all"`,
			`s1._domainkey.shop.{d}. TXT "v=DKIM1; k=rsa; p={rsa2048}"`})},
	{Name: "subnonex", Cause: "none: a subdomain, sp=none beside p=reject", From: "news@shop.{d}", MailFrom: esp, Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=reject; sp=none"), []string{`shop.{d}. A {ip}`, `shop.{d}. MX 10 mail.{d}.`})},
	{Name: "subownx", Cause: "a subdomain with p=reject of its own, not aligned, unsigned", From: "news@shop.{d}", MailFrom: esp, Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=none"), []string{`shop.{d}. A {ip}`, `_dmarc.shop.{d}. TXT "v=DMARC1; p=reject"`})},
	{Name: "subghostx", Cause: "a subdomain that does not exist, np=reject beside sp=none", From: "news@ghost.{d}", MailFrom: esp, Signed: unsigned,
		Edits: dmarc("v=DMARC1; p=none; sp=none; np=reject")},

	// DKIM.
	{Name: "dkimok", Cause: "none: DKIM alone is aligned", MailFrom: esp},
	{Name: "dkimnokey", Cause: "no key", MailFrom: esp, Edits: key()},
	{Name: "dkimrevoked", Cause: "a revoked key", MailFrom: esp, Edits: key("v=DKIM1; k=rsa; p=")},
	{Name: "dkim512", Cause: "a key of 512 bits", MailFrom: esp, Signed: []signature{{Key: "rsa512"}}, Edits: key("v=DKIM1; k=rsa; p={rsa512}")},
	{Name: "dkim768", Cause: "a key of 768 bits", MailFrom: esp, Signed: []signature{{Key: "rsa768"}}, Edits: key("v=DKIM1; k=rsa; p={rsa768}")},
	{Name: "dkim1024", Cause: "none: a key of 1024 bits", MailFrom: esp, Signed: []signature{{Key: "rsa1024"}}, Edits: key("v=DKIM1; k=rsa; p={rsa1024}")},
	{Name: "dkimother", Cause: "the key of another pair", MailFrom: esp, Edits: key("v=DKIM1; k=rsa; p={rsa2048b}")},
	{Name: "unsigned", Cause: "none: unsigned, SPF aligned", Signed: unsigned},
	{Name: "dkimed25519", Cause: "none: an Ed25519 key alone", MailFrom: esp, Signed: []signature{{Key: "ed25519"}}, Edits: key("v=DKIM1; k=ed25519; p={ed25519}")},
	{Name: "dkimboth", Cause: "none: signed with RSA and Ed25519", MailFrom: esp, Signed: []signature{{}, {Key: "ed25519", Selector: "s2"}},
		Edits: []string{`s2._domainkey.{d}. TXT "v=DKIM1; k=ed25519; p={ed25519}"`}},
	{Name: "dkimtampered", Cause: "the body was changed", Tampered: true},
	{Name: "tamperedesp", Cause: "the body was changed, SPF not aligned", MailFrom: esp, Tampered: true},
	{Name: "dkimexpired", Cause: "the signature has expired (x=)", MailFrom: esp, Signed: []signature{{Expired: true}}},
	{Name: "dkimforeign", Cause: "signed by somebody else alone", MailFrom: esp, Signed: []signature{{Key: "rsa2048b", Domain: "esp.example"}}},
	{Name: "dkimtwokeys", Cause: "two keys at one selector", DNS: proposed, Order: true, MailFrom: esp, Edits: key("v=DKIM1; k=rsa; p={rsa2048}", "v=DKIM1; k=rsa; p={rsa2048b}")},
	{Name: "dkimsha1", Cause: "a key for SHA-1 alone (h=)", DNS: proposed, MailFrom: esp, Edits: key("v=DKIM1; h=sha1; k=rsa; p={rsa2048}")},
	{Name: "dkimservice", Cause: "a key that is not for mail (s=)", DNS: proposed, MailFrom: esp, Edits: key("v=DKIM1; s=tlsrpt; k=rsa; p={rsa2048}")},
	{Name: "dkimplain", Cause: "none: a key without v=", MailFrom: esp, Edits: key("p={rsa2048}")},
	{Name: "dkimcname", Cause: "none: a key by CNAME", MailFrom: esp, Edits: with(key(), []string{`s1._domainkey.{d}. CNAME key._domainkey.esp.example.`})},
	{Name: "dkimlost", Cause: "a key that cannot be looked up", MailFrom: esp, Edits: with(key(), []string{`s1._domainkey.{d}. CNAME key._domainkey.servfail.example.`})},

	{Name: "dkimslow", Slow: true, Cause: "a key of which nobody answers", MailFrom: esp, Edits: with(key(), []string{`s1._domainkey.{d}. CNAME key._domainkey.silent.example.`})},
	{Name: "dkimtesting", Cause: "the body was changed, the key is a test (t=y)", MailFrom: esp, Tampered: true, Edits: key("v=DKIM1; t=y; k=rsa; p={rsa2048}")},
	{Name: "dkimversion", Cause: "a key with v=DKIM2", DNS: proposed, MailFrom: esp, Edits: key("v=DKIM2; k=rsa; p={rsa2048}")},
	{Name: "dkimtype", Cause: "a key of a type that there is not", DNS: proposed, MailFrom: esp, Edits: key("v=DKIM1; k=dsa; p={rsa2048}")},
	{Name: "dkimgarbage", Cause: "a key that is none", MailFrom: esp, Edits: key("v=DKIM1; k=rsa; p=QUJDREVGRw==")},
	{Name: "dkimspaces", Cause: "none: a key with blanks in it", MailFrom: esp, Edits: key(" v = DKIM1 ; k = rsa ; p = {rsa2048} ")},
	{Name: "dkimonegood", Cause: "one of two signatures has no key", MailFrom: esp, Signed: []signature{{}, {Selector: "s2"}}},

	// The address.
	{Name: "noptr", Cause: "no PTR record", Edits: []string{"-{r}. PTR"}},
	{Name: "ptrelsewhere", Cause: "a reverse name that leads elsewhere", Edits: []string{`{r}. PTR hub.esp.example.`}},
	{Name: "ptrnoaddress", Cause: "a reverse name without an address", DNS: proposed, Edits: []string{`{r}. PTR out.{d}.`}},
	{Name: "ptrgeneric", Cause: "none: a reverse name out of a range", Edits: []string{`{r}. PTR 198-51-100-{n}.dyn.isp.example.`, `198-51-100-{n}.dyn.isp.example. A {ip}`}},
	{Name: "ptrtwo", Cause: "one of two reverse names leads elsewhere", Order: true, Edits: []string{`{r}. PTR mail.{d}.`, `{r}. PTR hub.esp.example.`}},
	{Name: "ptrboth", Cause: "none: two reverse names that lead back", Edits: []string{`{r}. PTR mail.{d}.`, `{r}. PTR {d}.`}},
	{Name: "ptrlost", Cause: "a reverse name that cannot be looked up", Edits: []string{`{r}. PTR mail.servfail.example.`}},
	{Name: "ptrcname", Cause: "none: PTR by CNAME (RFC 2317)", Edits: []string{"-{r}. PTR", `{r}. CNAME {n}.ptr.{d}.`, `{n}.ptr.{d}. PTR mail.{d}.`}},
	{Name: "zensbl", Cause: "on ZEN as SBL", Lists: []string{"zen.spamhaus.org 127.0.0.2"}},
	{Name: "zencss", Cause: "on ZEN as CSS", Lists: []string{"zen.spamhaus.org 127.0.0.3"}},
	{Name: "zenxbl", Cause: "on ZEN as XBL", Lists: []string{"zen.spamhaus.org 127.0.0.4"}},
	{Name: "zenpbl", Cause: "on ZEN as PBL", Lists: []string{"zen.spamhaus.org 127.0.0.10"}},
	{Name: "spamcop", Cause: "on SpamCop", Lists: []string{"bl.spamcop.net 127.0.0.2"}},
	{Name: "dbl", Cause: "the domain on the DBL", Lists: []string{"dbl.spamhaus.org 127.0.1.2 {d}"}},
	{Name: "dblabused", Cause: "the domain on the DBL as abused", Lists: []string{"dbl.spamhaus.org 127.0.1.102 {d}"}},
	{Name: "dblhelo", Cause: "the name in EHLO on the DBL", HELO: "mail.{d}", Lists: []string{"dbl.spamhaus.org 127.0.1.2 mail.{d}"}},

	// EHLO.
	{Name: "helolocal", Cause: "EHLO localhost", HELO: "localhost"},
	{Name: "heloshort", Cause: "EHLO with one label", HELO: "mailserver"},
	{Name: "heloip", Cause: "EHLO with a bare address", HELO: "{ip}"},
	{Name: "heloliteral", Cause: "none: EHLO with an address literal", HELO: "[{ip}]"},
	{Name: "helonx", Cause: "a name in EHLO that does not exist", DNS: proposed, HELO: "nx.{d}"},
	{Name: "heloother", Cause: "a name in EHLO of another host", HELO: "hub.esp.example"},
	{Name: "helounder", Cause: "an underscore in EHLO", HELO: "mail_1.{d}", Edits: []string{`mail_1.{d}. A {ip}`}},
	{Name: "helolost", Cause: "a name in EHLO that cannot be looked up", HELO: "mail.servfail.example"},
	{Name: "helodomain", Cause: "none: EHLO with the domain itself", HELO: "{d}"},

	// The domain in MAIL FROM.
	{Name: "nomx", Cause: "neither MX nor address", DNS: proposed, Edits: []string{"-{d}. MX", "-{d}. A"}},
	{Name: "nomxbuta", Cause: "none: no MX, but an address", Edits: []string{"-{d}. MX"}},
	{Name: "nullmx", Cause: "a null MX", DNS: proposed, Edits: []string{`{d}. MX 0 .`}},
	{Name: "mxloopback", Cause: "an MX host on loopback", DNS: proposed, Edits: []string{`{d}. MX 10 lo.{d}.`, `lo.{d}. A 127.0.0.1`}},
	{Name: "mxprivate", Cause: "an MX host on a private address", DNS: proposed, Edits: []string{`{d}. MX 10 lan.{d}.`, `lan.{d}. A 10.0.0.25`}},
	{Name: "mxdead", Cause: "an MX host without an address", DNS: proposed, Edits: []string{`{d}. MX 10 gone.{d}.`}},
	{Name: "mxcname", Cause: "none: an MX host that is an alias", Edits: []string{`{d}. MX 10 mx.{d}.`, `mx.{d}. CNAME mail.{d}.`}},
	{Name: "nxdomain", Cause: "a domain that does not exist", At: nowhere, HELO: "nxdomain.infra.example",
		Edits: []string{`{r}. PTR nxdomain.infra.example.`, `nxdomain.infra.example. A {ip}`}},
	{Name: "lame", Cause: "a domain that cannot be looked up", At: refusing, Signed: unsigned},
	{Name: "envgone", Cause: "an envelope domain that does not exist", MailFrom: "news@gone.{d}"},

	// Callouts.
	{Name: "unknownuser", Cause: "its MX does not know the address", Rcpt: "550 5.1.1 no such user here"},
	{Name: "greylisting", Cause: "its MX says to come back later", Rcpt: "450 4.7.1 greylisted, come back later"},
	{Name: "nonull", Cause: "its MX refuses the null sender", Null: "550 5.7.1 null sender refused"},
	{Name: "deaf", Cause: "its MX takes no connection", Deaf: true},
	{Name: "mxfirstdead", Cause: "the first of two MX hosts has no address", Edits: []string{`{d}. MX 10 gone.{d}.`, `{d}. MX 20 mail.{d}.`}},
	{Name: "mxfirstprivate", Cause: "the first of two MX hosts is on a private address", DNS: proposed, Edits: []string{`{d}. MX 10 lan.{d}.`, `{d}. MX 20 mail.{d}.`, `lan.{d}. A 10.0.0.25`}},
	{Name: "mxdangling", Cause: "an MX host that is an alias of nothing", DNS: proposed, Edits: []string{`{d}. MX 10 mx.{d}.`, `mx.{d}. CNAME gone.{d}.`}},
	{Name: "mxliteral", Cause: "an MX record with an address in it", DNS: proposed, Edits: []string{`{d}. MX 10 {ip}.`}},
	{Name: "mxlost", Cause: "an MX host that cannot be looked up", Edits: []string{`{d}. MX 10 mail.servfail.example.`}},
	{Name: "mxplusnull", Cause: "a null MX beside another", DNS: proposed, Edits: []string{`{d}. MX 0 .`, `{d}. MX 10 mail.{d}.`}},

	// Several causes at once.
	{Name: "ptrhelo", Cause: "no PTR record, and a name in EHLO that does not exist", HELO: "nx.{d}", Edits: []string{"-{r}. PTR"}},
	{Name: "ptrzen", Cause: "no PTR record, and on ZEN", Edits: []string{"-{r}. PTR"}, Lists: []string{"zen.spamhaus.org 127.0.0.2"}},
	{Name: "ptrunder", Cause: "no PTR record, and an underscore in EHLO", HELO: "mail_1.{d}", Edits: []string{`mail_1.{d}. A {ip}`, "-{r}. PTR"}},
	{Name: "ptrspf", Cause: "no PTR record, and SPF fails", Edits: append(spf(notOurs+" -all"), "-{r}. PTR")},
	{Name: "dbluser", Cause: "on the DBL, and its MX does not know the address", Lists: []string{"dbl.spamhaus.org 127.0.1.2 {d}"}, Rcpt: "550 5.1.1 no such user here"},
	{Name: "zenspf", Cause: "on ZEN, and SPF fails", Edits: spf(notOurs + " -all"), Lists: []string{"zen.spamhaus.org 127.0.0.4"}},
	{Name: "nullspf", Cause: "a null MX, and SPF fails", DNS: proposed, Edits: with(spf(notOurs+" -all"), []string{`{d}. MX 0 .`})},
	{Name: "nomxspf", Cause: "neither MX nor address, and SPF fails", DNS: proposed, Edits: with(spf(notOurs+" -all"), []string{"-{d}. MX", "-{d}. A"})},
	{Name: "heloptr", Cause: "EHLO localhost, and a reverse name that leads elsewhere", HELO: "localhost", Edits: []string{`{r}. PTR hub.esp.example.`}},
	{Name: "greyspf", Cause: "its MX says to come back later, and SPF fails", Rcpt: "450 4.7.1 greylisted", Edits: spf(notOurs + " -all")},
	{Name: "greydmarc", Cause: "its MX says to come back later, p=reject and unsigned, SPF softfails", Rcpt: "450 4.7.1 greylisted", Signed: unsigned, Edits: spf(notOurs + " ~all")},
	{Name: "lostreject", Cause: "SPF temperror, and the body was changed", Tampered: true, Edits: spf("v=spf1 include:spf.servfail.example -all")},
	{Name: "helolosthelo", Cause: "a name in EHLO that cannot be looked up, and no PTR record", HELO: "mail.servfail.example", Edits: []string{"-{r}. PTR"}},
	{Name: "heloliteralother", Cause: "EHLO with the literal of another address", HELO: "[" + other + "]"},
	{Name: "helodot", Cause: "a dot at the end of the name in EHLO", HELO: "mail.{d}."},
	{Name: "helonumber", Cause: "EHLO with a number", HELO: "12345"},
	{Name: "helospace", Cause: "EHLO with a name that ends in a hyphen", HELO: "mail-.{d}"},
	{Name: "helomx", Cause: "a name in EHLO with an MX record alone", DNS: proposed, HELO: "in.{d}", Edits: []string{`in.{d}. MX 10 mail.{d}.`}},
	{Name: "helocname", Cause: "none: a name in EHLO that is an alias", HELO: "out.{d}", Edits: []string{`out.{d}. CNAME mail.{d}.`}},
	{Name: "ptrnumber", Cause: "a reverse name that is an address", Edits: []string{`{r}. PTR {ip}.`}},
	{Name: "ptrunderscore", Cause: "none: an underscore in the reverse name", Edits: []string{`{r}. PTR mail_1.{d}.`, `mail_1.{d}. A {ip}`}},
	{Name: "ptralias", Cause: "none: a reverse name that is an alias", Edits: []string{`{r}. PTR out.{d}.`, `out.{d}. CNAME mail.{d}.`}},
	{Name: "ptrservfail", Cause: "a PTR record that cannot be looked up", Edits: []string{"-{r}. PTR", `{r}. CNAME {n}.servfail.example.`}},
	{Name: "spfcidr", Cause: "none: SPF by a with a prefix length", Edits: spf("v=spf1 a:hub.esp.example/24 -all"), Signed: unsigned},
	{Name: "spfmx11", Cause: "SPF with an mx of 11 hosts", DNS: proposed, Signed: unsigned, Edits: with(spf("v=spf1 mx:many.{d} ip4:{ip} -all"), manyMX())},
	{Name: "spfearly", Cause: "none: SPF passes before the term that is at fault", Signed: unsigned, Edits: spf("v=spf1 ip4:{ip} include:gone.{d} -all")},
	{Name: "spfrange", Cause: "none: SPF by a range", Signed: unsigned, Edits: spf("v=spf1 ip4:198.51.100.0/24 -all")},
	{Name: "spfsplit", Cause: "SPF with a space inside an address", DNS: proposed, Signed: unsigned, Edits: spf("v=spf1 ip4: {ip} -all")},
	{Name: "spfempty", Cause: "SPF that says nothing", DNS: proposed, Signed: unsigned, Edits: spf("v=spf1")},
	{Name: "spfvoid2", Cause: "none: two void lookups", Signed: unsigned, Edits: spf("v=spf1 a:v1.{d} a:v2.{d} ip4:{ip} -all")},
	{Name: "spfredirectall", Cause: "none: all and redirect=", Signed: unsigned, Edits: spf("v=spf1 ip4:{ip} -all redirect=gone.{d}")},
	{Name: "dmarcspq", Cause: "a subdomain, sp=quarantine", Under: "com", From: "news@shop.{d}", MailFrom: esp, Signed: unsigned,
		Edits: with(dmarc("v=DMARC1; p=reject; sp=quarantine"), []string{`shop.{d}. A {ip}`})},
	{Name: "dkimdangling", Cause: "a key by a CNAME to nothing", MailFrom: esp, Edits: with(key(), []string{`s1._domainkey.{d}. CNAME gone._domainkey.esp.example.`})},
	{Name: "dkimedrevoked", Cause: "a revoked key beside one that is well", MailFrom: esp, Signed: []signature{{}, {Key: "ed25519", Selector: "s2"}},
		Edits: []string{`s2._domainkey.{d}. TXT "v=DKIM1; k=ed25519; p="`}},
	{Name: "dkimhash", Cause: "none: a key for SHA-256 and mail alone", MailFrom: esp, Edits: key("v=DKIM1; h=sha256; s=email; k=rsa; p={rsa2048}")},
	{Name: "dkimnote", Cause: "none: a key with a note and a flag", MailFrom: esp, Edits: key("v=DKIM1; k=rsa; t=s; n=key of the lab; p={rsa2048}")},
	{Name: "dkimtxt", Cause: "none: other text beside the key", DNS: proposed, Order: true, MailFrom: esp, Edits: key("some other text", "v=DKIM1; k=rsa; p={rsa2048}")},
	{Name: "dkimnop", Cause: "a key record without p=", MailFrom: esp, Edits: key("v=DKIM1; k=rsa")},
	{Name: "dkimtrunc", Cause: "a key that was cut", MailFrom: esp, Edits: key("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA")},
	{Name: "dkimsignedtwice", Cause: "none: signed by itself and by another", Signed: []signature{{}, {Key: "rsa2048b", Domain: "esp.example"}}},
}

// networks are those of the senders' addresses: the first sender has the first number of the first.
var networks = []struct {
	net, reverse string
	first, last  int
}{
	{"198.51.100.", "100.51.198.in-addr.arpa", 10, 248},
	{"203.0.113.", "113.0.203.in-addr.arpa", 60, 254},
	{"192.0.2.", "2.0.192.in-addr.arpa", 130, 250}, // the wire's own has room, too
}

// null is MAIL FROM of a bounce.
const null = "<>"

func init() {
	for i := range senders {
		s := &senders[i]
		s.HELO, s.MailFrom, s.From = s.fill(or(s.HELO, "mail.{d}")), s.fill(or(s.MailFrom, "news@{d}")), s.fill(or(s.From, "news@{d}"))
		if s.Signed == nil {
			s.Signed = []signature{{}}
		}
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *sender) domain() string { return s.Name + "." + or(s.Under, "example") }

// audited is the domain that recipients see, of which the forecast is.
func (s *sender) audited() string {
	_, d, _ := strings.Cut(s.From, "@")
	return d
}

// place is the sender's address: the network, its reverse zone, and the last number.
func (s *sender) place() (net, reverse string, number int) {
	i := slices.IndexFunc(senders, func(x sender) bool { return x.Name == s.Name })
	for _, n := range networks {
		if number = n.first + i; number <= n.last {
			return n.net, n.reverse, number
		}
		i = number - n.last - 1
	}
	panic("more senders than addresses")
}

func (s *sender) addr() string {
	net, _, n := s.place()
	return fmt.Sprint(net, n)
}

// fill puts the sender's names and addresses into a text. Keys are put in later.
func (s *sender) fill(text string) string {
	_, reverse, n := s.place()
	return strings.NewReplacer("{d}", s.domain(), "{ip}", s.addr(), "{n}", fmt.Sprint(n), "{r}", fmt.Sprint(n, ".", reverse)).Replace(text)
}

// records are those that the sender publishes, wherever.
func (s *sender) records() []record {
	var l, edits []record
	if s.At == served {
		l = parse(s.fill(strings.Join(healthy, "\n")))
	} else {
		l = parse(s.fill(healthy[len(healthy)-1]))
	}
	var gone []record
	for _, e := range s.Edits {
		if removed, ok := strings.CutPrefix(s.fill(e), "-"); ok {
			gone = append(gone, parse(removed+" -")...)
		} else {
			edits = append(edits, parse(s.fill(e))...)
		}
	}
	return append(without(l, slices.Concat(edits, gone)), edits...)
}
