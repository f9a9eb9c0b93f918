package gather

import (
	"fmt"
	"testing"

	"mailaudit/internal/facts"
)

// permerror says why the walk holds that an evaluation of the record could end in permerror, "" where none could.
func permerror(s facts.SPF) string {
	if s.Root.Status == facts.SPFMultiple {
		return "several records"
	}
	if why := broken(&s.Root); why != "" {
		return why
	}
	switch {
	case s.Lookups > 10:
		return fmt.Sprintf("%d lookups", s.Lookups)
	case s.Void > 2:
		return fmt.Sprintf("%d void lookups", s.Void)
	}
	return ""
}

// broken is the first fault in the tree that an evaluation could come to.
func broken(n *facts.SPFNode) string {
	if n.Record != nil && len(n.Record.Problems) > 0 {
		return "syntax"
	}
	for _, t := range n.Terms {
		if t.Hosts > 10 {
			return fmt.Sprintf("%d MX hosts", t.Hosts)
		}
		if t.Child == nil {
			continue
		}
		switch t.Child.Status {
		case facts.SPFNone, facts.SPFMultiple, facts.SPFLoop:
			return t.Term.Name + " of " + t.Child.Status
		}
		if why := broken(t.Child); why != "" {
			return why
		}
	}
	return ""
}

// The sentences of RFC 7208 that let the walk and an evaluation differ.
const (
	// The walk looks at all terms, an evaluation at none behind the one that decides.
	earlyMatch = "4.6.2: If it matches, processing ends and the qualifier value is returned as the result of that record."
	earlyError = "4.6.2: If it returns an exception, mechanism processing ends and the exception value is returned."
	// The walk calls an address lookup void where neither family has an address.
	oneFamily = "5.3: An address lookup is done on the <target-name> using the type of lookup (A or AAAA) appropriate for the connection type (IPv4 or IPv6)."
	// The walk knows no message.
	message = "4.8: The <domain-spec> string is subject to macro expansion (see Section 7)."
	// The walk knows no sender, so whose reverse name is looked up it cannot tell.
	sender = `5.5: Perform a DNS reverse-mapping for <ip>: Look up the corresponding PTR record in "in-addr.arpa." if the address is an IPv4 address and in "ip6.arpa." if it is an IPv6 address.`
)

// differences are the cases for which walk and evaluation rightly differ. Those of openspf come first.
var differences = map[string]string{
	"include-at-limit": earlyMatch,

	"early-match-dead-include": earlyMatch,
	"early-match-loop":         earlyMatch,
	"early-match-void":         earlyMatch,
	"mapped-address":           earlyMatch,
	"temperror-first":          earlyError,
	"void-for-ip6":             oneFamily,
	"void-for-ip4":             oneFamily,
	"macro-include-missing":    message,
	"macro-void":               message,
	"ptr-void":                 sender,
}

// TestAgreement: over the suite the walk holds a permerror possible where, and only where, the evaluation gives one, but for
// the differences above.
func TestAgreement(t *testing.T) {
	met := map[string]bool{}
	eachCase(t, func(t *testing.T, name string, c suiteCase, g *gatherer) {
		r := c.judge(t, g)
		s := g.walk(facts.SPF{Domain: r.Domain})
		met[name] = true
		why := permerror(s)
		differ := (why != "") != (r.Result == "permerror")
		reason, listed := differences[name]
		switch {
		case differ && !listed:
			t.Errorf("%q from %s: the walk finds %q, the evaluation %s (%s)", s.Root.Texts, c.Host, why, r.Result, r.Why)
		case listed && !differ:
			t.Errorf("%q from %s: walk (%q) and evaluation (%s) agree, and are said to differ by %s", s.Root.Texts, c.Host, why, r.Result, reason)
		}
	})
	for name := range differences {
		if !met[name] {
			t.Errorf("there is no case %s", name)
		}
	}
}
