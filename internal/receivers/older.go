package receivers

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
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
		texts, inherited := published(c, e)
		if len(texts) > 1 && !e.first {
			return no
		}
		out := no
		for i, text := range texts {
			t := disownedBy(c, e, e.policy(text), inherited, policies)
			if i > 0 && (t.State != out.State || t.Value != out.Value) {
				return cannot(whichRecord)
			}
			out = t
		}
		return out
	}
}

// disownedBy is what one record makes of a mail.
func disownedBy(c Case, e engine, r reading, inherited bool, policies []string) Truth {
	p := r.p
	if inherited && r.sp != "" {
		p = r.sp
	}
	if r.void || !slices.Contains(policies, p) || r.percent == 0 {
		return no
	}
	drawn := yes
	if r.percent < 100 {
		drawn = cannot(fmt.Sprintf("it hangs on chance: pct=%d", r.percent))
	}
	_, sender, _ := strings.Cut(c.MailFrom, "@")
	spf := all(spfPasses(c, e), truth(e.near(r.aspf == "s", c.Domain, sender)))
	dkim := signed(c, e, func(s Signature) Truth { return truth(e.near(r.adkim == "s", c.Domain, s.Domain)) })
	return all(drawn, not(some(spf, dkim)))
}

// published are the records at the domain of From, else those at its organizational domain. Who takes the first text for the
// record looks at whatever stands there, others at what they can read.
func published(c Case, e engine) (texts []string, inherited bool) {
	d := c.DMARC.Value
	for i, name := range []string{c.Domain, listedOrg(c.Domain)} {
		for _, step := range d.Walk {
			if step.Name != "_dmarc."+name {
				continue
			}
			texts := slices.Concat(step.Records, step.Near)
			if name == c.Domain {
				texts = append(texts, d.Others...)
			}
			if !e.first {
				texts = slices.DeleteFunc(texts, func(t string) bool { return e.policy(t).foreign })
			}
			if len(texts) > 0 {
				return texts, i > 0 && name != c.Domain
			}
		}
	}
	if len(d.Walk) == 0 && d.Record != nil {
		return []string{d.Record.Text}, d.Inherited
	}
	return nil, false
}

// reading is a DMARC record as such software reads it: of tags that stand twice the last counts.
type reading struct {
	void               bool // it asks for nothing
	foreign            bool // it is no such record at all
	p, sp, aspf, adkim string
	percent            int
}

// openDMARCPolicy is opendmarc_policy_parse_dmarc: v= may stand anywhere; a value that is none makes the record
// void, and the beginning of one will do.
func openDMARCPolicy(text string) reading {
	r, versioned := reading{percent: 100}, false
	set := func(to *string, value string, known ...string) {
		i := slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(k, strings.ToLower(value)) })
		if i < 0 {
			r.void = true
			return
		}
		*to = known[i]
	}
	for _, element := range strings.Split(text, ";") {
		name, value, _ := strings.Cut(element, "=")
		name, value = strings.Trim(name, blank), strings.Trim(value, blank)
		if value == "" {
			continue
		}
		versioned = versioned || name == "v"
		switch strings.ToLower(name) {
		case "v":
			r.void = r.void || value != "DMARC1"
		case "p":
			set(&r.p, value, "reject", "none", "quarantine")
		case "sp":
			set(&r.sp, value, "reject", "none", "quarantine")
		case "aspf":
			set(&r.aspf, value, "strict", "relaxed")
		case "adkim":
			set(&r.adkim, value, "strict", "relaxed")
		case "pct":
			n, err := strconv.Atoi(value)
			r.void = r.void || err != nil || n < 0 || n > 100
			r.percent = n
		}
	}
	r.aspf, r.adkim = r.aspf[:min(1, len(r.aspf))], r.adkim[:min(1, len(r.adkim))]
	r.void = r.void || r.p == "" || !versioned
	return r
}

var (
	rspamdVersion = regexp.MustCompile(`^v\s*=\s*DMARC1(?:[\\;]\s*|\s+)`)
	rspamdPair    = regexp.MustCompile(`^([A-Za-z]+)\s*=\s*([^\s\\;]+)(?:[\\;]\s*|\s+)?`)
)

// rspamdPolicy is the grammar of Rspamd's dmarc.lua: blanks and backslashes part tags as semicolons do, and what is no tag
// ends the record.
func rspamdPolicy(text string) reading {
	r := reading{percent: 100}
	version := rspamdVersion.FindString(text)
	if version == "" {
		return reading{void: true, foreign: true}
	}
	tags := map[string]string{}
	for rest := text[len(version):]; ; {
		m := rspamdPair.FindStringSubmatch(rest)
		if m == nil {
			break
		}
		tags[strings.ToLower(m[1])], rest = strings.ToLower(m[2]), rest[len(m[0]):]
	}
	r.p, r.sp, r.aspf, r.adkim = cmp.Or(tags["p"], "none"), tags["sp"], tags["aspf"], tags["adkim"]
	r.void = !slices.Contains([]string{"none", "quarantine", "reject"}, r.p) || !slices.Contains([]string{"", "r", "s"}, r.aspf) || !slices.Contains([]string{"", "r", "s"}, r.adkim)
	if n, err := strconv.Atoi(tags["pct"]); err == nil {
		r.percent = n
	}
	return r
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
