package gather

import (
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

// caa finds out who may issue the certificate of the MTA-STS host, where there is to be one: the nearest CAA record set at
// its name or above counts (RFC 8659 3). What stands above the registered domain is not looked at.
func (g *gatherer) caa() facts.Fact[facts.CAA] {
	sts := g.ask("_mta-sts."+g.t.Domain, dnsx.TXT)
	if !slices.ContainsFunc(sts.Records, func(r dnsx.Record) bool { return strings.HasPrefix(r.Text, "v=STSv1") }) {
		return facts.Fact[facts.CAA]{}
	}
	host := "mta-sts." + g.t.Domain
	names, _ := zoneNames(host)
	c := facts.CAA{Host: host, Issue: []string{}}
	for i, a := range g.askAll(names, dnsx.CAA) {
		switch a.Status {
		case dnsx.Failed:
			return facts.Cannot[facts.CAA](a.Cause)
		case dnsx.Found:
			c.At, c.Issue = names[i], issuers(a.Records)
			return facts.Know(c)
		}
	}
	if len(names) == maxApex && names[maxApex-1] != registrable(g.t.Domain) {
		return facts.Cannot[facts.CAA]("no CAA record at the " + strconv.Itoa(maxApex) + " names that are looked at, from " + host + " upwards")
	}
	return facts.Know(c)
}

// issuers are the values of issue properties: flags, tag and a quoted value (RFC 8659 4.1.1). Tags know no case.
func issuers(l []dnsx.Record) []string {
	values := []string{}
	for _, r := range l[:min(len(l), maxHosts)] {
		f := strings.SplitN(r.Data, " ", 3)
		if len(f) == 3 && strings.EqualFold(f[1], "issue") {
			values = append(values, strings.TrimSuffix(strings.TrimPrefix(f[2], `"`), `"`))
		}
	}
	return values
}
