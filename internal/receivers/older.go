package receivers

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/record/dmarc"
)

// OpenDMARC 1.4 and Rspamd 3.4 are older than RFC 9989. They go by the list of public suffixes and not by a tree walk, obey pct=
// (RFC 7489 6.6.4), and know neither np= nor t=. A name beneath a suffix that is not listed is a domain of its own to them.

const whichRecord = "it hangs on which of the DMARC records a receiver gets first"

// disownedOlder is disowned for such software.
func disownedOlder(e engine, policies ...string) func(Case) Truth {
	return func(c Case) Truth {
		if !c.DMARC.Known() {
			return Truth{State: c.DMARC.State, Why: c.DMARC.Why}
		}
		texts, inherited := published(c)
		if len(texts) > 1 && !e.first {
			return no
		}
		out := no
		for i, text := range texts {
			t := disownedBy(c, e, dmarc.Parse(text), inherited, policies)
			if i > 0 && (t.State != out.State || t.Value != out.Value) {
				return cannot(whichRecord)
			}
			out = t
		}
		return out
	}
}

// disownedBy is what one record makes of a mail.
func disownedBy(c Case, e engine, r dmarc.Record, inherited bool, policies []string) Truth {
	p := r.Policy
	if inherited && r.SP != "" {
		p = r.SP
	}
	if r.Void || !slices.Contains(policies, p) || r.Percent != nil && *r.Percent == 0 {
		return no
	}
	drawn := yes
	if r.Percent != nil && *r.Percent < 100 {
		drawn = cannot(fmt.Sprintf("it hangs on chance: pct=%d", *r.Percent))
	}
	_, sender, _ := strings.Cut(c.MailFrom, "@")
	spf := all(spfPasses(c, e), truth(e.near(r.ASPF == "s", c.Domain, sender)))
	dkim := signed(c, e, func(s Signature) Truth { return truth(e.near(r.ADKIM == "s", c.Domain, s.Domain)) })
	return all(drawn, not(some(spf, dkim)))
}

// published are the records at the domain of From, else those at its organizational domain.
func published(c Case) (texts []string, inherited bool) {
	d := c.DMARC.Value
	for i, name := range []string{c.Domain, listedOrg(c.Domain)} {
		for _, step := range d.Walk {
			if step.Name == "_dmarc."+name && len(step.Records) > 0 {
				return step.Records, i > 0 && name != c.Domain
			}
		}
	}
	if len(d.Walk) == 0 && d.Record != nil {
		return []string{d.Record.Text}, d.Inherited
	}
	return nil, false
}

// listedOrg is the organizational domain by the list of public suffixes (RFC 7489 3.2), but for names that it has no suffix of.
func listedOrg(name string) string {
	suffix, icann := publicsuffix.PublicSuffix(name)
	if !icann && !strings.Contains(suffix, ".") {
		return name
	}
	if org, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return org
	}
	return name
}

// nearRspamd says whether a domain is aligned with that of From as Rspamd has it.
func nearRspamd(strict bool, from, other string) bool {
	return from == other || !strict && listedOrg(from) == listedOrg(other)
}

// nearOpenDMARC is that of OpenDMARC, which takes an organizational domain for what is beneath it, whatever is asked.
func nearOpenDMARC(strict bool, from, other string) bool {
	return from == other || from == listedOrg(other) || !strict && (strings.HasSuffix(other, "."+from) || listedOrg(from) == listedOrg(other))
}
