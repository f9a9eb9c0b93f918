package cli

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/names"
	"mailaudit/internal/report"
	"mailaudit/internal/special"
)

// sample is the message of --message. All of its methods do nothing without one.
type sample struct {
	gather.Sample
	file string
}

// readSample reads the message that --message names, or several, before anything is asked.
func (o *checkOptions) readSample(ctx context.Context, w World) error {
	switch {
	case o.message == "":
		return nil
	case o.domains != "":
		return usagef("--message is of one sender: leave --domains out")
	}
	type found struct {
		several *samples
		one     *eml.Message
	}
	l, err := waitFor(ctx, w, o.message, func() (found, error) {
		several, one, err := o.readSamples(w)
		return found{several, one}, err
	})
	if err != nil || l.one == nil {
		o.samples = l.several
		return err
	}
	tell(w, o.message, l.several.unread())
	from, err := l.one.From()
	if err != nil {
		hint := "save the message with its whole header, as .eml"
		if len(l.one.Values("From")) > 0 { // it is there, and nobody can be audited by it
			hint = "mailaudit message " + fileWord(o.message)
		}
		return usageError{fmt.Sprintf("%s: %v", o.message, err), hint}
	}
	o.sample = &sample{gather.Sample{Stream: defaultStream, From: from, Message: l.one}, o.message}
	return nil
}

// learnedFrom is the domain that messages or reports are about, where none was given.
func (o *checkOptions) learnedFrom() (string, error) {
	switch {
	case o.sample != nil:
		return o.sample.From, nil
	case o.samples != nil:
		return o.samples.from(), nil
	}
	return o.reports.about()
}

// learnedOf refuses to audit a domain with the mail of another.
func (o *checkOptions) learnedOf(w World, domains ...string) error {
	if err := o.sample.of(domains...); err != nil {
		return err
	}
	if err := o.samples.of(domains...); err != nil {
		return err
	}
	if o.samples != nil {
		tell(w, o.message, o.samples.notes)
	}
	return o.reports.of(domains...)
}

// tell says on stderr what was left out of a file.
func tell(w World, file string, notes []string) {
	for _, n := range notes {
		fmt.Fprintf(w.Stderr, "mailaudit: %s: %s\n", report.Visible(file), report.Visible(n))
	}
}

// of refuses to audit a domain with the mail of another. One that shares its registrable domain is the same sender's.
func (s *sample) of(domains ...string) error {
	if s == nil {
		return nil
	}
	for _, d := range domains {
		if d != s.From && registrable(d) != registrable(s.From) {
			return usageError{fmt.Sprintf("%s is from %s, and not from %s", s.file, s.From, d), fmt.Sprintf("mailaudit check %s --message %s", s.From, fileWord(s.file))}
		}
	}
	return nil
}

// registrable is the registrable domain of a name; the name itself where it is a public suffix.
func registrable(domain string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return d
	}
	return domain
}

// trace finds the way that the message came, which hangs on what counts as public, and adds it to what is audited.
func (s *sample) trace(t *gather.Target) {
	if s == nil {
		return
	}
	s.Trace = s.Message.Trace(func(a netip.Addr) bool { return special.Public(a, t.AssumePublic) })
	t.Messages = []gather.Sample{s.Sample}
}

// fill puts what the message tells into every field of its stream that the user left open.
func (s *sample) fill(c *streamConfig) {
	if s == nil {
		return
	}
	learn := func(field string, open bool, values ...string) []string {
		if !open || len(values) == 0 || values[0] == "" {
			return nil
		}
		c.Learned = append(c.Learned, field)
		return values
	}
	if b := s.Trace.Border; b != nil {
		c.IPs = append(c.IPs, learn(facts.LearnedIPs, len(c.IPs) == 0, b.IP.String())...)
		for _, helo := range learn(facts.LearnedHELO, c.HELO == "", b.HELO) {
			c.HELO = helo
		}
	}
	for _, sender := range learn(facts.LearnedMailFrom, c.MailFrom == "", s.sender(c.HELO)) {
		c.MailFrom = sender
	}
	domain, selectors := s.signer(c.DKIMDomain)
	for _, d := range learn(facts.LearnedDKIMDomain, c.DKIMDomain == "", domain) {
		c.DKIMDomain = d
	}
	c.Selectors = append(c.Selectors, learn(facts.LearnedSelectors, len(c.Selectors) == 0, selectors...)...)
}

// sender is the envelope sender, "" where it is not known or cannot be used. The null sender is judged as postmaster of the
// name in HELO (RFC 7208 2.4).
func (s *sample) sender(helo string) string {
	text := s.Trace.Sender
	if s.Trace.Null {
		if name, err := names.Domain(helo); err == nil {
			text = "postmaster@" + name
		}
	}
	address, err := mailFrom(text)
	if err != nil {
		return ""
	}
	return address
}

// signer is the signing domain and its selectors: the domain that was named, else that of From if it signs, else one of the
// same registrable domain, else the first.
func (s *sample) signer(named string) (domain string, selectors []string) {
	l, _ := s.Message.Signatures()
	near := func(d string) int {
		switch {
		case d == s.From:
			return 2
		case registrable(d) == registrable(s.From):
			return 1
		}
		return 0
	}
	if named != "" {
		domain, _ = domainOf(named) // what is wrong with it, streamsOf says
	}
	for _, x := range l {
		if named == "" && x.Domain != "" && x.Selector != "" && strings.Contains(x.Domain, ".") && (domain == "" || near(x.Domain) > near(domain)) {
			domain = x.Domain
		}
	}
	for _, x := range l {
		if domain != "" && x.Domain == domain && x.Selector != "" {
			selectors = append(selectors, x.Selector)
		}
	}
	return domain, selectors
}
