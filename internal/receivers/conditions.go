package receivers

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// The conditions of the books. Each is true where something is broken.

// failing says that a lookup fails at the sender's own servers, so that a receiver gets no answer either.
func failing[T any](c Case, f facts.Fact[T]) Truth {
	switch {
	case f.State == facts.Unknown && c.theirs(f.Why):
		return yes
	case f.State == facts.Unknown:
		return cannot(f.Why)
	}
	return no
}

// theirs says that the fault of a lookup is with the servers that were to answer it: the resolver that answers other questions
// says so, or waited for them in vain. That no zone was given, or that the time was over, is no fault of theirs.
func (c Case) theirs(why string) bool {
	return c.Answers && (strings.Contains(why, "SERVFAIL") || strings.Contains(why, "did not answer"))
}

// The address.

func noPTR(c Case) Truth {
	return is(c.PTR, func(p facts.PTR) bool { return len(p.Names) == 0 })
}

// noName is noPTR for software that takes nothing for a reverse name that it finds to be no host name.
func noName(isName func(string) bool) func(Case) Truth {
	return func(c Case) Truth {
		return is(c.PTR, func(p facts.PTR) bool {
			return !slices.ContainsFunc(p.Names, func(n facts.PTRName) bool { return isName(n.Name) })
		})
	}
}

// unconfirmed says that no reverse name leads back to the address, or that there is none.
func unconfirmed(c Case) Truth {
	if c.PTR.Known() && c.PTR.Value.Confirm == "unknown" {
		return cannot(c.PTR.Value.Why)
	}
	return is(c.PTR, func(p facts.PTR) bool { return p.Confirm != "pass" })
}

// misled says that there is a reverse name, and that none leads back.
func misled(c Case) Truth { return all(not(noPTR(c)), unconfirmed(c)) }

// unconfirmedFirst is unconfirmed for software that looks at one of several reverse names alone, if it is a host name.
func unconfirmedFirst(isName func(string) bool) func(Case) Truth {
	return func(c Case) Truth {
		t := unconfirmed(c)
		if !t.Known() || t.Value {
			return t
		}
		bad := 0
		for _, n := range c.PTR.Value.Names {
			if !isName(n.Name) || !slices.Contains(n.Addresses.Value.Addresses, c.IP) {
				bad++
			}
		}
		if bad > 0 && bad < len(c.PTR.Value.Names) {
			return cannot("it hangs on which of the reverse names a receiver gets first")
		}
		return truth(bad > 0)
	}
}

// unconfirmedNames is unconfirmed for software that looks at all reverse names that are host names.
func unconfirmedNames(isName func(string) bool) func(Case) Truth {
	return func(c Case) Truth {
		t := unconfirmed(c)
		if !t.Known() || t.Value {
			return t
		}
		return truth(!slices.ContainsFunc(c.PTR.Value.Names, func(n facts.PTRName) bool {
			return isName(n.Name) && slices.Contains(n.Addresses.Value.Addresses, c.IP)
		}))
	}
}

// forwardFails says that it cannot be found out whether a reverse name leads back, since the sender's servers do not answer.
func forwardFails(c Case) Truth {
	if c.PTR.Known() && c.PTR.Value.Confirm == "unknown" {
		return failing(c, facts.Cannot[bool](c.PTR.Value.Why))
	}
	return failing(c, c.PTR)
}

func generic(c Case) Truth { return truth(c.Generic != "") }

func six(c Case) Truth { return truth(c.IP.IsValid() && c.IP.Unmap().Is6()) }

// listed says that a list has the address, or a domain of the mail, with one of some codes. A list that did not answer decides
// nothing unless the user wants it to (--require-dnsbl).
func listed(zone string, about func(Case, facts.Listing) bool, code func(string) bool) func(Case) Truth {
	return func(c Case) Truth {
		out := unseen
		for _, l := range c.Listings {
			if !ofZone(l.Zone, zone) || !about(c, l) {
				continue
			}
			switch {
			case l.Status == facts.Listed && slices.ContainsFunc(l.Codes, code):
				return yes
			case l.Status == facts.Clean, l.Status == facts.Listed:
				if out.State != facts.Unknown {
					out = no
				}
			case c.Lists:
				out = cannot(l.Zone + ": " + l.Why)
			}
		}
		return out
	}
}

// ofZone says whether a zone is a list's, or that of its registered users, which begins with their key.
func ofZone(zone, list string) bool {
	short, _ := strings.CutSuffix(list, ".spamhaus.org")
	return zone == list || strings.HasSuffix(zone, "."+short+".dq.spamhaus.net")
}

func anyCode(string) bool { return true }

// between takes codes by their last octet.
func between(net string, first, last int) func(string) bool {
	return func(code string) bool {
		a, err := netip.ParseAddr(code)
		if err != nil || !a.Is4() || !strings.HasPrefix(code, net+".") {
			return false
		}
		n := int(a.As4()[3])
		return first <= n && n <= last
	}
}

var (
	zen       = listed("zen.spamhaus.org", address, between("127.0.0", 2, 11))
	xbl       = listed("zen.spamhaus.org", address, between("127.0.0", 4, 7))
	dbl       = listed("dbl.spamhaus.org", anyDomain, between("127.0.1", 2, 99))
	dblSender = listed("dbl.spamhaus.org", senderDomain, between("127.0.1", 2, 99))
	dblHELO   = listed("dbl.spamhaus.org", heloName, between("127.0.1", 2, 99))
)

func address(_ Case, l facts.Listing) bool   { return l.Kind == "ip" }
func anyDomain(_ Case, l facts.Listing) bool { return l.Kind == "domain" && !l.HELO }

func senderDomain(c Case, l facts.Listing) bool {
	_, domain, _ := strings.Cut(c.MailFrom, "@")
	return l.Kind == "domain" && l.Target == domain && !c.Bounce
}

func heloName(c Case, l facts.Listing) bool {
	return l.Kind == "domain" && strings.EqualFold(l.Target, c.HELO)
}

// EHLO.

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// hostName says whether a name is one that Postfix and the resolver of C take for a host's: labels of letters, digits,
// hyphens and underscores, and not all of them numbers.
func hostName(name string) bool {
	labels := strings.Split(name, ".")
	bad := slices.ContainsFunc(labels, func(l string) bool { return !hostLabel.MatchString(l) })
	return !bad && len(name) <= 255 && strings.Trim(name, "0123456789.") != ""
}

var (
	innerLabel = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$`)
	wordLabel  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9/_-]*[A-Za-z0-9_])?$`)
)

// resolverName says whether a name is one that the resolver of C takes for a host's (res_hnok), which OpenSMTPD goes by: a
// label may end in a hyphen.
func resolverName(name string) bool {
	return ofLabels(name, innerLabel) && strings.Trim(name, "0123456789.") != ""
}

// eximName says whether a name is one that Exim asks DNS for (dns_check_names_pattern).
func eximName(name string) bool { return ofLabels(name, wordLabel) }

func ofLabels(name string, label *regexp.Regexp) bool {
	return !slices.ContainsFunc(strings.Split(name, "."), func(l string) bool { return !label.MatchString(l) })
}

// literal says whether a name in EHLO is an address literal (RFC 5321 4.1.3).
func literal(helo string) bool {
	if len(helo) < 2 || helo[0] != '[' || helo[len(helo)-1] != ']' {
		return false
	}
	_, err := netip.ParseAddr(bare(helo))
	return err == nil
}

// bare is an address literal without brackets and tag.
func bare(helo string) string {
	if tagged(helo) {
		helo = helo[len(tag6):]
	}
	return strings.Trim(helo, "[]")
}

const tag6 = "[IPv6:"

// tagged says whether an address literal begins with the tag of IPv6.
func tagged(helo string) bool {
	return len(helo) > len(tag6) && strings.EqualFold(helo[:len(tag6)], tag6)
}

// said makes a condition of one on the name in EHLO.
func said(bad func(helo string) bool) func(Case) Truth {
	return func(c Case) Truth {
		if c.HELO == "" {
			return cannot(noHELO)
		}
		return truth(bad(strings.TrimSuffix(c.HELO, ".")))
	}
}

var (
	heloMalformed = said(func(h string) bool {
		_, err := netip.ParseAddr(h)
		return !literal(h) && !hostName(h) && err != nil
	})
	// heloBadLiteral is what begins as an address literal and is none to Postfix, which wants the tag of RFC 5321 4.1.3.
	heloBadLiteral = said(func(h string) bool {
		ip, err := netip.ParseAddr(bare(h))
		return strings.HasPrefix(h, "[") && (!literal(h) || err != nil || ip.Is6() != tagged(h))
	})
	heloShort = said(func(h string) bool { return !literal(h) && (!hostName(h) || !strings.Contains(h, ".")) })
	// heloForeign is what Exim's own syntax check refuses (helo_allow_chars is empty unless set): it wants no tag, and after one IPv6.
	heloForeign = said(func(h string) bool {
		ip, _ := netip.ParseAddr(bare(h))
		return !(literal(h) && (ip.Is6() || !tagged(h))) && strings.Trim(strings.ToLower(h), "abcdefghijklmnopqrstuvwxyz0123456789.-") != ""
	})
)

// heloNotFound is heloUnknown for Postfix, which asks for a name with a dot at its end and finds none.
func heloNotFound(c Case) Truth {
	return some(truth(strings.HasSuffix(c.HELO, ".") && !literal(c.HELO)), heloUnknown(c))
}

// heloUnknown says that the name in EHLO has no address and no MX record. Addresses and what is no name are not looked up.
func heloUnknown(c Case) Truth {
	if c.HELO == "" {
		return cannot(noHELO)
	}
	if literal(c.HELO) || c.HELOHosts.State == facts.Unasked {
		return no
	}
	none := is(c.HELOHosts, func(h facts.Hosts) bool { return len(h.Addresses) == 0 })
	if !none.Known() || !none.Value {
		return none
	}
	return not(c.HELOMX)
}

func heloFails(c Case) Truth {
	if c.HELO == "" {
		return cannot(noHELO)
	}
	return some(failing(c, c.HELOHosts), failing(c, c.HELOMX))
}

// heloRefused is what OpenSMTPD takes for no argument of EHLO (valid_domainpart).
func heloRefused(c Case) Truth {
	if c.HELO == "" {
		return cannot(noHELO)
	}
	if strings.HasPrefix(c.HELO, "[") {
		return truth(!literal(c.HELO))
	}
	return truth(!ofLabels(c.HELO, innerLabel))
}

// heloUnaskable says that the name in EHLO is one that cannot be asked for in DNS: a label of it is empty or too long
// (RFC 1035 2.3.4). Mail::SPF ends with an error then, and Postfix with it.
func heloUnaskable(c Case) Truth {
	if c.HELO == "" {
		return cannot(noHELO)
	}
	return truth(slices.ContainsFunc(strings.Split(strings.TrimSuffix(c.HELO, "."), "."), func(l string) bool { return l == "" || len(l) > 63 }))
}

// heloElsewhere says that the name in EHLO is neither the reverse name nor leads to the address. A lookup that fails leads
// nowhere.
func heloElsewhere(c Case) Truth {
	if c.HELO == "" {
		return cannot(noHELO)
	}
	if literal(c.HELO) {
		ip, _ := netip.ParseAddr(bare(c.HELO))
		return truth(ip.Unmap() != c.IP.Unmap())
	}
	for _, n := range c.PTR.Value.Names {
		if strings.EqualFold(n.Name, strings.TrimSuffix(c.HELO, ".")) && slices.Contains(n.Addresses.Value.Addresses, c.IP) {
			return no
		}
	}
	if c.HELOHosts.State == facts.Unknown && !c.theirs(c.HELOHosts.Why) {
		return cannot(c.HELOHosts.Why)
	}
	return truth(!slices.Contains(c.HELOHosts.Value.Addresses, c.IP))
}

// MAIL FROM.

func senderGone(c Case) Truth { return not(c.Exists) }

// four is the case as who has IPv4 alone sees it: MX hosts have no other addresses, and a mapped one is IPv6, too.
func (c Case) four() Case {
	hosts := slices.Clone(c.MX.Value.Hosts)
	for i, h := range hosts {
		hosts[i].Addresses.Value.Addresses = slices.DeleteFunc(slices.Clone(h.Addresses.Value.Addresses), func(a netip.Addr) bool { return !a.Is4() })
	}
	c.MX.Value.Hosts = hosts
	return c
}

func nullMX(c Case) Truth {
	return is(c.MX, func(m facts.MX) bool { return m.Status == facts.MXNull })
}

// unreachable says that the domain in MAIL FROM has neither MX records nor an address.
func unreachable(c Case) Truth {
	return some(senderGone(c), is(c.MX, func(m facts.MX) bool { return m.Status == facts.MXNone }))
}

func senderFails(c Case) Truth { return some(failing(c, c.Exists), failing(c, c.MX)) }

// nullMXToo is nullMX for software that heeds one among others, too.
func nullMXToo(c Case) Truth {
	return is(c.MX, func(m facts.MX) bool { return m.Status == facts.MXNull || m.Null })
}

// lostMX says that an MX host of the domain in MAIL FROM cannot be looked up, by the fault of its own servers.
func lostMX(c Case) Truth {
	return is(c.MX, func(m facts.MX) bool {
		_, lost := exchangers(m)
		return lost != "" && c.theirs(lost)
	})
}

// onlyLostMX says that this is so, and that no other has an address.
func onlyLostMX(c Case) Truth {
	return all(lostMX(c), is(c.MX, func(m facts.MX) bool {
		l, _ := exchangers(m)
		return len(l) == 0
	}))
}

// literalMX says that an MX record holds an address where a name belongs, to which Postfix connects all the same.
func literalMX(c Case) Truth {
	return is(c.MX, func(m facts.MX) bool {
		return slices.ContainsFunc(m.Hosts, func(h facts.MXHost) bool {
			_, err := netip.ParseAddr(h.Host)
			return err == nil
		})
	})
}

// unroutable says that no MX host of the domain in MAIL FROM has an address beyond those of the receiver's own networks.
func unroutable(own ...netip.Prefix) func(Case) Truth {
	return func(c Case) Truth {
		return some(unreachable(c), all(not(nullMX(c)), not(lostMX(c)), every(c, func(a netip.Addr) bool { return within(a, own) }, true)))
	}
}

// namesNothing is unroutable for Postfix.
func namesNothing(c Case) Truth { return all(not(literalMX(c)), unroutable()(c)) }

// loops says that an MX host of the domain in MAIL FROM has an address in one of some networks.
func loops(l ...netip.Prefix) func(Case) Truth {
	return func(c Case) Truth {
		t := not(every(c, func(a netip.Addr) bool { return !within(a, l) }, true))
		if lost := lostMX(c); !t.Known() && lost.Value {
			return no // who cannot look it up lets it pass
		}
		return t
	}
}

// foremost is the case with its most preferred MX hosts alone, of those that a receiver finds an address of, or may.
func foremost(c Case) Case {
	hosts := slices.DeleteFunc(slices.Clone(c.MX.Value.Hosts), func(h facts.MXHost) bool {
		return h.Addresses.Known() && len(h.Addresses.Value.Addresses) == 0 || h.Addresses.State == facts.Unknown && c.theirs(h.Addresses.Why)
	})
	c.MX.Value.Hosts = slices.DeleteFunc(slices.Clone(hosts), func(h facts.MXHost) bool { return h.Preference > hosts[0].Preference })
	return c
}

// loopsBack says that the most preferred MX hosts of the domain in MAIL FROM are the receiver itself.
func loopsBack(c Case) Truth {
	return every(foremost(c), func(a netip.Addr) bool { return within(a, []netip.Prefix{loopback}) }, false)
}

// unreached says that they are where no stranger can connect to. Of several addresses Postfix tries any first, and waits.
func unreached(c Case) Truth {
	c = foremost(c)
	t := every(c, c.unreachable, false)
	if none := every(c, func(a netip.Addr) bool { return !c.unreachable(a) }, true); t == no && none == no {
		return cannot("it hangs on which of the addresses of its MX hosts a receiver tries first")
	}
	return t
}

// unreachedBeyond says that all MX hosts are there, but for those in networks of the receiver's own, which it passes over.
func unreachedBeyond(own ...netip.Prefix) func(Case) Truth {
	return func(c Case) Truth {
		hosts := slices.Clone(c.MX.Value.Hosts)
		for i, h := range hosts {
			hosts[i].Addresses.Value.Addresses = slices.DeleteFunc(slices.Clone(h.Addresses.Value.Addresses), func(a netip.Addr) bool { return within(a, own) })
		}
		c.MX.Value.Hosts = hosts
		return every(c, c.unreachable, false)
	}
}

// unreachable says that an address is of a special purpose, and not for loopback.
func (c Case) unreachable(a netip.Addr) bool { return !a.IsLoopback() && !special.Public(a, c.Public) }

// every says whether something holds for all addresses of the MX hosts; none is what is said where there are none.
func every(c Case, holds func(netip.Addr) bool, none bool) Truth {
	if !c.MX.Known() {
		return Truth{State: c.MX.State, Why: c.MX.Why}
	}
	l, lost := exchangers(c.MX.Value)
	switch {
	case slices.ContainsFunc(l, func(a netip.Addr) bool { return !holds(a) }):
		return no
	case lost != "":
		return cannot(lost)
	case len(l) == 0:
		return truth(none)
	}
	return yes
}

func within(a netip.Addr, l []netip.Prefix) bool {
	return slices.ContainsFunc(l, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// answered makes a condition of one on the reply to a callout.
func answered(f func(Case) facts.Fact[Said], holds func(Said) bool) func(Case) Truth {
	return func(c Case) Truth { return is(f(c), holds) }
}

func fromAnybody(c Case) facts.Fact[Said] { return c.Callout }
func fromNobody(c Case) facts.Fact[Said]  { return c.NullCallout }
func refusing(s Said) bool                { return s.Code/100 == 5 }
func waiting(s Said) bool                 { return s.Code/100 == 4 || s.Code == 0 }

// Postfix tries again where it was turned away by the greeting (smtp_skip_5xx_greeting).
func refusingLater(s Said) bool { return refusing(s) && !s.Greeting }
func waitingLonger(s Said) bool { return waiting(s) || s.Greeting && s.Code/100 != 2 }

var atoms = regexp.MustCompile("^[A-Za-z0-9!#$%&'*/?^`{|}~+=_-]+(\\.[A-Za-z0-9!#$%&'*/?^`{|}~+=_-]+)*$")

// quotedSender says that the local part of MAIL FROM is not made of atoms, with which OpenSMTPD deals alone.
func quotedSender(c Case) Truth {
	i := strings.LastIndexByte(c.MailFrom, '@')
	return truth(!c.Bounce && i > 0 && !atoms.MatchString(c.MailFrom[:i]))
}

// foreignSender says that the domain in MAIL FROM is not made of letters, digits, hyphens and dots, which Exim takes for no
// address.
func foreignSender(c Case) Truth {
	_, domain, _ := strings.Cut(c.MailFrom, "@")
	return truth(!c.Bounce && strings.Trim(strings.ToLower(domain), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "")
}

// SPF.

// spfIs says that an engine gives one of some results. An evaluation that a failing lookup ended is a temperror for a
// receiver, too, where the sender's own servers are at fault.
func spfIs(engine engine, results ...string) func(Case) Truth {
	return func(c Case) Truth { return resultIs(c, c.SPF, engine, results) }
}

// heloSPFIs is spfIs for the name in EHLO, of which nobody asks where it is not known or no host name.
func heloSPFIs(results ...string) func(Case) Truth {
	return func(c Case) Truth {
		if c.HELOSPF.State == facts.Unasked {
			return no
		}
		return resultIs(c, c.HELOSPF, rfc, results)
	}
}

func resultIs(c Case, f facts.Fact[SPF], engine engine, results []string) Truth {
	if !f.Known() {
		return Truth{State: f.State, Why: f.Why}
	}
	if f.Value.Result == temperror && !c.theirs(f.Value.Why) {
		return cannot(f.Value.Why)
	}
	return is(engine.spf(f.Value), func(r string) bool { return slices.Contains(results, r) })
}

// engine is a set of libraries that judge authentication.
type engine struct {
	spf  func(SPF) facts.Fact[string]
	keys []string // states of a signature that count as verified
	// read is the state of a key record that it reads in a way of its own, "" where it does not; minds are the faults for which it
	// passes over a signature that holds. With own it goes by them, and else by RFC 6376.
	own   bool
	read  func(facts.Key) string
	minds []string
	// breaks are the faults that make a signature invalid to it.
	breaks []string
	// policy reads a DMARC record.
	policy func(text string) reading
	// Of DMARC: what cannot be looked up does not pass; of several records the first counts; how close a domain must be.
	lostFails, first bool
	near             func(strict bool, from, other string) bool
}

var (
	rfc     = engine{spf: func(s SPF) facts.Fact[string] { return facts.Know(s.Result) }, keys: []string{Verifies}}
	libspf2 = engine{spf: func(s SPF) facts.Fact[string] { return s.Libspf2 }, keys: []string{Verifies}}
	rspamd  = engine{spf: func(s SPF) facts.Fact[string] { return s.Rspamd }, keys: []string{Verifies, Short}, near: nearRspamd, policy: rspamdPolicy,
		own: true, read: readByRspamd, minds: []string{facts.FaultExpired, facts.FaultFuture, facts.FaultUncovered, facts.FaultVersion, facts.FaultUnknown, facts.FaultCapitals}}
	// opendmarc judges SPF by libspf2, and DKIM by OpenDKIM.
	opendmarc = engine{spf: SPF.openDMARC, keys: libspf2.keys, lostFails: true, first: true, near: nearOpenDMARC, policy: openDMARCPolicy,
		own: true, read: readByOpenDKIM, minds: []string{facts.FaultExpired, facts.FaultFuture, facts.FaultUncovered, facts.FaultAgent, facts.FaultVersion, facts.FaultUnknown}}
	eximDKIM = engine{keys: []string{Verifies}, own: true, read: readByExim, breaks: []string{facts.FaultVersion}}
)

// spfPasses says whether MAIL FROM passes.
func spfPasses(c Case, e engine) Truth {
	if c.SPF.Known() && c.SPF.Value.Result == temperror {
		if e.lostFails && c.theirs(c.SPF.Value.Why) {
			return no
		}
		return cannot(c.SPF.Value.Why)
	}
	if !c.SPF.Known() {
		return Truth{State: c.SPF.State, Why: c.SPF.Why}
	}
	return is(e.spf(c.SPF.Value), func(r string) bool { return r == pass })
}

func spfFails(c Case) Truth { return not(spfPasses(c, rfc)) }

// hardFail says that the record says fail of the address.
func hardFail(c Case) Truth {
	if c.SPF.Known() && c.SPF.Value.Result == temperror {
		return cannot(c.SPF.Value.Why)
	}
	return is(c.SPF, func(s SPF) bool { return s.Result == fail })
}

// locked says that the SPF record is -all alone.
func locked(c Case) Truth { return is(c.SPF, func(s SPF) bool { return s.Alone }) }

// DKIM.

const whichKey = "it hangs on which key a receiver gets first of those at one selector of "

// signed says whether a signature counts for which something else holds, too.
func signed(c Case, e engine, also func(Signature) Truth) Truth {
	if !c.DKIM.Known() {
		if c.NoKey {
			return no
		}
		return Truth{State: c.DKIM.State, Why: c.DKIM.Why}
	}
	out := no
	for _, s := range c.DKIM.Value {
		state := e.state(s)
		t := truth(slices.Contains(e.keys, state))
		switch {
		case state == Several:
			t = cannot(whichKey + s.Domain)
		case state == Lost && !(e.lostFails && c.theirs(s.Why)):
			t = cannot(s.Why)
		}
		out = some(out, all(t, also(s)))
	}
	return out
}

func dkimPasses(c Case, e engine) Truth {
	return signed(c, e, func(Signature) Truth { return yes })
}

func dkimFails(c Case) Truth { return not(dkimPasses(c, rfc)) }

// dkimUnaligned says that no signature verifies whose domain has the organizational domain of From.
func dkimUnaligned(c Case) Truth {
	return not(signed(c, rfc, func(s Signature) Truth { return s.Relaxed }))
}

// dkimOther says that no signature verifies whose domain is that of From itself.
func dkimOther(c Case) Truth {
	return not(signed(c, rfc, func(s Signature) Truth { return truth(s.Domain == c.Domain) }))
}

// signatureIs says that there is a signature in one of some states, by RFC 6376.
func signatureIs(states ...string) func(Case) Truth { return rfc.signatureIs(states...) }

// signatureIs says that there is a signature in one of some states, as the engine sees it.
func (e engine) signatureIs(states ...string) func(Case) Truth {
	return func(c Case) Truth {
		if !c.DKIM.Known() {
			return Truth{State: c.DKIM.State, Why: c.DKIM.Why}
		}
		out := no
		for _, s := range c.DKIM.Value {
			state := e.state(s)
			switch {
			case state == Lost && !c.theirs(s.Why):
				out = cannot(s.Why)
			case slices.Contains(states, state):
				return yes
			case state == Several:
				out = cannot(whichKey + s.Domain)
			}
		}
		return out
	}
}

// unlessSigned is a condition of software that asks only for one signature that verifies.
func unlessSigned(e engine, broken func(Case) Truth) func(Case) Truth {
	return func(c Case) Truth { return all(broken(c), not(dkimPasses(c, e))) }
}

// unauthenticated says that neither SPF nor DKIM passes, for whatever domain.
func unauthenticated(c Case) Truth { return all(spfFails(c), dkimFails(c)) }

// unaligned says that what passes, if anything, has not the organizational domain of From.
func unaligned(c Case) Truth {
	return all(not(all(spfPasses(c, rfc), c.SPFOrg)), dkimUnaligned(c))
}

// misaligned says that neither domain is that of From by its organizational domain, whatever passes.
func misaligned(c Case) Truth {
	l := []Truth{not(c.SPFOrg)}
	if !c.DKIM.Known() {
		return all(append(l, Truth{State: c.DKIM.State, Why: c.DKIM.Why})...)
	}
	for _, s := range c.DKIM.Value {
		l = append(l, not(s.Relaxed))
	}
	return all(l...)
}

// DMARC.

// dmarcPasses says whether something passes that is aligned as the record asks (RFC 9989 4.4).
func dmarcPasses(c Case, e engine) Truth {
	return some(all(spfPasses(c, e), c.SPFMode), signed(c, e, func(s Signature) Truth { return s.Mode }))
}

func noDMARC(c Case) Truth {
	return is(c.DMARC, func(d facts.DMARC) bool { return d.Status != facts.DMARCFound })
}

// asksFor says whether the policy in force is one of some.
func asksFor(c Case, policies ...string) Truth {
	if d := c.DMARC.Value; c.DMARC.Known() && d.Status == facts.DMARCFound && d.Policy == "" {
		return cannot("which policy of " + d.FoundAt + " holds hangs on whether the domain exists, and that was not found out")
	}
	return is(c.DMARC, func(d facts.DMARC) bool { return d.Status == facts.DMARCFound && slices.Contains(policies, d.Policy) })
}

// disowned makes a condition of DMARC that fails where the owner asks for one of some policies.
func disowned(e engine, policies ...string) func(Case) Truth {
	return func(c Case) Truth { return all(asksFor(c, policies...), not(dmarcPasses(c, e))) }
}

// policyLost says that what decides about mail that is not certain to pass DMARC cannot be looked up at the sender's servers.
func policyLost(c Case) Truth {
	lost := signatureIs(Lost)
	asked := all(asksFor(c, "quarantine", "reject"), some(spfIs(rfc, temperror)(c), lost(c)))
	passes := dmarcPasses(c, rfc)
	return all(some(failing(c, c.DMARC), asked), truth(!passes.Known() || !passes.Value))
}

// dmarcFails says that DMARC fails, or that there is none.
func dmarcFails(c Case) Truth { return some(noDMARC(c), not(dmarcPasses(c, rfc))) }

// unlessLost is a condition of software that lets mail pass where the lookups that DMARC needs fail.
func unlessLost(broken func(Case) Truth) func(Case) Truth {
	lost := signatureIs(Lost)
	return func(c Case) Truth {
		t := some(failing(c, c.DMARC), spfIs(rfc, temperror)(c), lost(c))
		if t.Known() && t.Value {
			return no
		}
		return broken(c)
	}
}

// unlessNoPolicy is unlessLost for software that does so where the policy cannot be looked up alone.
func unlessNoPolicy(broken func(Case) Truth) func(Case) Truth {
	return func(c Case) Truth {
		if lost := failing(c, c.DMARC); lost.Known() && lost.Value {
			return no
		}
		return broken(c)
	}
}

// unlessSeveral is a condition of software that asks for no DMARC record where From names several authors.
func unlessSeveral(broken func(Case) Truth) func(Case) Truth {
	return func(c Case) Truth {
		if c.Authors > 1 {
			return no
		}
		return broken(c)
	}
}
