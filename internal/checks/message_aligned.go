package checks

import (
	"fmt"
	"slices"

	"mailaudit/internal/facts"
)

// mailing is a message before it is sent, and whether it would pass DMARC.
type mailing struct {
	facts.Message
	Alignment
}

// unsigned says that no signature could be seen; of those that were not looked at nothing is known.
func (m mailing) unsigned() bool { return len(m.Signatures) == 0 && m.Unread == 0 }

// mailings are the messages from the audited domain. What From is otherwise, msg.from-missing and msg.from-freemail judge.
func mailings(f *facts.Facts) []subject[mailing] {
	var l []subject[mailing]
	for _, s := range contents(f) {
		m := s.of.Value
		if m.Content.Author != f.Domain || slices.Contains(freemail, f.Domain) {
			continue
		}
		for _, a := range Alignments(f) {
			if a.Stream == m.Stream {
				x := subject[mailing]{name: f.Domain, of: facts.Know(mailing{m, a})}
				switch {
				case x.of.Value.unsigned() && a.SPF.Passes == "fail":
					x.said = "spf"
				case or(a.SPF.Aligned, a.DKIM.Aligned) == "fail":
					x.said = "dmarc" // dmarc.unaligned
				}
				l = append(l, x)
			}
		}
	}
	return l
}

// signedMailings are those with a signature.
func signedMailings(f *facts.Facts) []subject[mailing] {
	return slices.DeleteFunc(mailings(f), func(s subject[mailing]) bool { return s.of.Value.unsigned() })
}

// unsignedMailings are those without one: they have SPF alone. Where no address is known that will send, SPF is nobody's to judge,
// unless MAIL FROM cannot help whatever it says.
func unsignedMailings(f *facts.Facts) []subject[mailing] {
	return slices.DeleteFunc(mailings(f), func(s subject[mailing]) bool {
		m := s.of.Value
		return !m.unsigned() || m.SPF.Result == "unknown" && !sentFrom(f, m.Message.Stream)
	})
}

// sentFrom says whether an address of a stream is known.
func sentFrom(f *facts.Facts, stream string) bool {
	return slices.ContainsFunc(f.Results, func(r facts.SPFResult) bool { return r.Stream == stream && r.Identity == "mailfrom" })
}

func msgDKIMNotAligned(f *facts.Facts, m mailing) []Violation {
	if m.DKIM.Aligned == "pass" {
		return nil
	}
	switch {
	case m.DKIM.Aligned == "unknown" && m.Unread > 0:
		return one(Unknown, count(m.Unread, "signature")+" more not looked at")
	case m.DKIM.Aligned == "unknown":
		return one(Unknown, lostOrg(f))
	}
	what := fmt.Sprintf("no DKIM signature is aligned with From (%s): d=%s", clip(f.Domain), clip(m.DKIM.Domain))
	if m.SPF.Result == "pass" {
		return one(Warn, what+"; DMARC rests on SPF alone, and forwarded mail fails")
	}
	return restsOnSPF(f, m, what)
}

func msgSPFNotAligned(f *facts.Facts, m mailing) []Violation {
	if m.SPF.Result == "pass" {
		return nil
	}
	const what = "the message has no DKIM signature"
	if m.SPF.Passes == "fail" {
		return one(Fail, fmt.Sprintf(what+", and SPF does not pass for %s: nothing says that the sender may use the domain", clip(m.SPF.Domain)))
	}
	return restsOnSPF(f, m, what)
}

// restsOnSPF weighs a message that nothing but SPF can help, and that does not: by what the owner of the domain asks for.
func restsOnSPF(f *facts.Facts, m mailing, what string) []Violation {
	d, policy := f.DMARC.Value, lostPolicyOf(f)
	if !f.DMARC.Known() {
		policy = f.DMARC.Why
	}
	switch {
	case m.SPF.Aligned == "fail":
		what += fmt.Sprintf("; MAIL FROM (%s) is not aligned with From", clip(m.SPF.Domain))
	case m.SPF.Passes == "fail":
		what += fmt.Sprintf("; SPF does not pass for %s", clip(m.SPF.Domain))
	case m.SPF.Aligned == "unknown":
		return one(Unknown, what+"; "+lostOrg(f))
	case sentFrom(f, m.Message.Stream):
		return one(Unknown, what+"; whether SPF passes: "+lostSPF(f, m.Message.Stream))
	default:
		return one(Warn, what+"; DMARC rests on SPF, which --ip would tell")
	}
	switch {
	case f.Profile.Name == facts.Bulk:
		return one(Fail, what+": DMARC fails, and large receivers refuse bulk mail for that")
	case policy != "":
		return one(Unknown, what+": the DMARC policy: "+policy)
	case d.Status == facts.DMARCFound && strict(d.Policy):
		return one(Fail, fmt.Sprintf("%s: DMARC fails, and the policy is %s%s", what, d.Policy, above(d)))
	}
	return one(Warn, what+": DMARC fails, and no policy asks to refuse the message")
}

// lostSPF is why the result of a stream is not known.
func lostSPF(f *facts.Facts, stream string) string {
	for _, r := range f.Results {
		if r.Stream == stream && r.Identity == "mailfrom" && r.Result == "temperror" {
			return fmt.Sprintf("%s: %s", r.IP, r.Why)
		}
	}
	return "it was not evaluated"
}
