package gather

import (
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

// returns finds where the bounces of mail go whose MAIL FROM is not of the audited domain: receivers ask before they take it.
func (g *gatherer) returns() []facts.Return {
	var l []facts.Return
	for _, s := range g.t.Streams {
		_, domain, _ := strings.Cut(s.MailFrom, "@")
		if domain != g.t.Domain && !slices.ContainsFunc(l, func(r facts.Return) bool { return r.Domain == domain }) {
			l = append(l, facts.Return{Domain: domain})
		}
	}
	return every(l, func(r facts.Return) facts.Return {
		r.Exists, r.MX = g.existence(r.Domain), g.exchangers(r.Domain, true)
		return r
	})
}
