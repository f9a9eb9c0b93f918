package gather

import (
	"fmt"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
)

// arc verifies the ARC chain of a message (RFC 8617 5.2): the newest ARC-Message-Signature and every seal, so that no more than
// 51 keys are asked for. The chain is broken by one that does not verify, whatever could not be found out of the others.
func (g *gatherer) arc(m *eml.Message) *facts.ARC {
	a := m.ARC()
	if a == nil {
		return nil
	}
	f := &facts.ARC{Sets: a.Sets, CV: cut(a.CV), Problems: a.Problems, Result: facts.ARCPass}
	switch {
	case len(a.Problems) > 0:
		f.Result, f.Why = facts.ARCFail, a.Problems[0]
	case a.CV == "fail":
		f.Result, f.Why = facts.ARCFail, "the newest seal says cv=fail (RFC 8617 5.2)"
	}
	keys := every(a.Chain, func(l eml.Link) facts.Key { return g.signingKey(l.Signature) })
	for i, l := range a.Chain {
		s := facts.ARCSignature{Field: l.Field, Instance: l.Instance, Domain: l.Signature.Domain, Selector: l.Signature.Selector}
		s.Result, s.Why = g.link(m, a, l, keys[i])
		f.Signatures = append(f.Signatures, s)
		why := fmt.Sprintf("%s %d, d=%s s=%s: %s", s.Field, s.Instance, s.Domain, s.Selector, s.Why)
		switch {
		case s.Result == facts.SignaturePass || f.Result == facts.ARCFail:
		case s.Result != facts.SignatureTempError:
			f.Result, f.Why = facts.ARCFail, why
		case f.Result == facts.ARCPass:
			f.Result, f.Why = facts.ARCUnknown, why
		}
	}
	return f
}

// link verifies one signature of the chain with the key that is published now.
func (g *gatherer) link(m *eml.Message, a *eml.ARC, l eml.Link, k facts.Key) (result, why string) {
	if result, why = unreadable(l.Signature); result != "" {
		return result, why
	}
	if result, why = unusable(k); result != "" {
		return result, why
	}
	if g.ctx.Err() != nil {
		return facts.SignatureTempError, overdue
	}
	return m.VerifyLink(a, l, keyTexts(k)[0])
}

// signingKey is the key that a signature names, as it is published now.
func (g *gatherer) signingKey(x eml.Signature) facts.Key {
	if x.Domain == "" || x.Selector == "" {
		return facts.Key{}
	}
	return g.key(x.Domain, x.Selector, "message")
}
