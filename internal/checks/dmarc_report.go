package checks

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// What is said of where reports go.

func dmarcRUAMissing(f *facts.Facts, d facts.DMARC) []Violation {
	if len(d.Record.RUA) > 0 {
		return nil
	}
	message := "no rua= tag, so receivers send no aggregate reports" + above(d)
	if f.Profile.Name == facts.Parked {
		return here(wholeAt(d.FoundAt, d.Record.Text), Info, message) // of a domain without mail they tell of nobody's mistakes
	}
	return here(wholeAt(d.FoundAt, d.Record.Text), Warn, message)
}

func dmarcRUAInvalid(_ *facts.Facts, d facts.DMARC) []Violation {
	var l []dmarc.URI
	for _, u := range d.Record.RUA {
		if u.Fault != "" {
			l = append(l, u)
		}
	}
	if len(l) == 0 {
		return nil
	}
	message := fmt.Sprintf("rua= %+.80q: %s", l[0].Text, l[0].Fault)
	if len(l) > 1 {
		message += fmt.Sprintf(" (and %d more that are wrong)", len(l)-1)
	}
	return here(uriAt(d, l[0]), Warn, message+above(d))
}

// dmarcIDN is about domains outside of ASCII, raw or percent-encoded. dmarc.rua-invalid carries the points.
func dmarcIDN(_ *facts.Facts, d facts.DMARC) []Violation {
	var l []Violation
	for _, u := range slices.Concat(d.Record.RUA, d.Record.RUF) {
		domain := u.Text[strings.LastIndexByte(u.Text, '@')+1:]
		if u.Domain == "" && len(l) < maxFaults && !ascii(domain) {
			l = append(l, Violation{Status: Warn, Implied: true, At: uriAt(d, u),
				Message: fmt.Sprintf("the domain of %s is not in ASCII, and receivers ignore the address%s", clip(u.Text), above(d))})
		}
	}
	return l
}

// ascii says whether a part of a URI has no octet above 0x7f, nor one in percent-encoding.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] > '~' || s[i] == '%' && i+1 < len(s) && strings.IndexByte("89abcdefABCDEF", s[i+1]) >= 0 {
			return false
		}
	}
	return true
}

func dmarcRUAExternal(f *facts.Facts, t reportTarget) []Violation {
	if t.ok {
		return nil
	}
	return here(reportsTo(f, func(u dmarc.URI) bool { return u.Text == t.URI }), Warn,
		fmt.Sprintf("no reports reach %s: %s does not agree to take them with v=DMARC1 at %s", clip(t.URI), t.Domain, t.Name))
}

// reportsTo is the place of the first destination that a record names and that is meant.
func reportsTo(f *facts.Facts, meant func(dmarc.URI) bool) Place {
	if d := f.DMARC.Value; d.Record != nil {
		for _, u := range slices.Concat(d.Record.RUA, d.Record.RUF) {
			if meant(u) {
				return uriAt(d, u)
			}
		}
	}
	return Place{}
}

func dmarcRUAUndeliverable(f *facts.Facts, m mailbox) []Violation {
	var why string
	switch m.mx {
	case facts.MXNull:
		why = "takes no mail (its MX is null)"
	case facts.MXNone:
		why = "has neither MX nor address"
	default:
		return nil
	}
	// Of a domain that sends, the mx and domain rules say so.
	return []Violation{{Status: Warn, Implied: m.domain == f.Domain && f.Profile.Name != facts.Parked,
		At:      reportsTo(f, func(u dmarc.URI) bool { return u.Domain == m.domain }),
		Message: fmt.Sprintf("no reports reach %s, which %s", m.domain, why)}}
}

func dmarcRUASize(_ *facts.Facts, d facts.DMARC) []Violation {
	var l []Violation
	for _, u := range slices.Concat(d.Record.RUA, d.Record.RUF) {
		if u.Size != "" && len(l) < maxFaults {
			l = append(l, here(uriAt(d, u), Info, fmt.Sprintf("%s ends with a size limit, %s, which RFC 9989 removed", clip(u.Text), u.Size))...)
		}
	}
	return l
}

// maxURIs is how many destinations a reporter must serve (RFC 7489 6.2).
const maxURIs = 2

func dmarcRUAMany(_ *facts.Facts, d facts.DMARC) []Violation {
	n := len(d.Record.RUA)
	if n <= maxURIs {
		return nil
	}
	return here(policyTag(d, "rua"), Info, fmt.Sprintf("rua= names %d addresses, and reporters need to serve no more than %d", n, maxURIs))
}

func dmarcRUF(_ *facts.Facts, d facts.DMARC) []Violation {
	if len(d.Record.RUF) == 0 {
		return nil
	}
	for _, u := range d.Record.RUF {
		if u.Fault != "" {
			return here(uriAt(d, u), Info, fmt.Sprintf("ruf= %+.80q: %s", u.Text, u.Fault))
		}
	}
	return here(policyTag(d, "ruf"), Info, "ruf= asks for reports on single messages, which few receivers send")
}

func dmarcFO(_ *facts.Facts, d facts.DMARC) []Violation {
	t, ok := tagOf(d, "fo")
	if !ok {
		return nil
	}
	for _, p := range policyProblems(d, dmarc.ValueInvalid) {
		if isFO(p) {
			return here(policyAt(d, p.Offset), Info, clip(p.Message))
		}
	}
	if len(d.Record.RUF) == 0 {
		return here(policyAt(d, t.Offset), Info, fmt.Sprintf("fo=%s has no effect without ruf=", clip(t.Value)))
	}
	return nil
}
