package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// usualNames is how many reverse names one address may have without anybody wondering.
const usualNames = 3

var ptrNameChecks = []*Check{
	{
		ID: "ptr.ipv6-missing", Title: "every sending IPv6 address has a PTR record", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 1912 2.1", "RFC 8501 4"},
		Replies: []string{
			noPTR,
			"550 5.7.1 ...does not meet IPv6 sending guidelines regarding PTR records and authentication",
			"550 5.7.1 Client host rejected: cannot find your reverse hostname, [{ip}]",
		},
		// Those of ptr.missing, and Microsoft 365, which asks it of IPv6 alone (550 5.7.25).
		Refused: []Refusal{{Receiver: "gmail"}, {Receiver: "microsoft365"}, {Receiver: "icloud"}, {Receiver: "gmx"},
			{Receiver: "webde"}, {Receiver: "comcast"}, {Receiver: "cox"}, {Receiver: "spectrum"}, {Receiver: "postfix-strict"}},
		Needs: facts.Reverse,
		Help: "Hosters give a machine IPv6 and leave its reverse zone empty, and the mail server prefers IPv6 where a receiver has " +
			"it. Receivers are stricter there than with IPv4: Gmail and Microsoft 365 refuse IPv6 without a PTR record.",
		Fix: "Set the PTR record of the IPv6 address to the name of the mail server, or send by IPv4 alone (Postfix: " +
			"inet_protocols = ipv4) until it is there",
		Example: Example{Zone: `example.com. TXT "v=spf1 ip6:2001:db8::25 -all"`, Flags: "--ip 2001:db8::25"},
		Judge:   each(func(f *facts.Facts) []subject[source] { return ofFamily(sources(f), true) }, ptrMissing),
	},
	{
		ID: "ptr.ip-literal", Title: "the reverse name is a host name", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 1035 3.3.12", "RFC 1912 2.1"},
		Replies:    unconfirmedReplies,
		Refused:    unconfirmedRefused,
		Needs:      facts.Reverse,
		Help: "A PTR record holds a domain name. An address in its place, or a name that means something on one network only, " +
			"can have no address that leads back, and receivers take the host for one without a reverse name. So does Postfix where a label " +
			"begins or ends with a hyphen, although the name leads back (measured).",
		Fix:     "Set the PTR record to a full host name such as mail.DOMAIN, and give that name the address",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR 192.0.2.25."},
		Judge:   each(pointing, ptrLiteral),
	},
	{
		ID: "ptr.multiple", Title: "an address has one reverse name, or few", Area: "ptr", Worst: Warn, Impact: Spam,
		References: []string{"RFC 2181 10.2", "RFC 7208 4.6.4"},
		Needs:      facts.Reverse,
		Help: "Several PTR records are allowed, and their order is anybody's guess. A receiver that looks at the first one sees " +
			"another name each time, and tests of the name pass one day and fail the next.",
		Fix: "Keep one PTR record, that of the name that the host gives in HELO",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR mail.example.com.\n25.2.0.192.in-addr.arpa. PTR www.example.com.\n" +
			"25.2.0.192.in-addr.arpa. PTR ftp.example.com.\n25.2.0.192.in-addr.arpa. PTR shop.example.com."},
		Judge: each(pointing, ptrMultiple),
	},
	{
		ID: "ptr.underscore", Title: "the reverse name holds no underscore", Area: "ptr", Worst: Warn, Impact: Reject,
		References: []string{"RFC 1123 2.1", "RFC 1912 2.1"},
		Needs:      facts.Reverse,
		Help: "The names of hosts are made of letters, digits and hyphens. DNS carries an underscore all the same, so that it " +
			"works until a receiver with a strict test takes the name for none.",
		Fix:     "Rename the host without the underscore, in its PTR record, its address record and its HELO",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR mail_1.example.com.\nmail_1.example.com. A 192.0.2.25"},
		Judge:   each(pointing, ptrUnderscore),
	},
	{
		ID: "helo.underscore", Title: "the HELO name holds no underscore", Area: "ptr", Worst: Warn, Impact: Reject,
		References: []string{"RFC 5321 4.1.2", "RFC 1123 2.1"},
		Replies:    []string{"501 5.5.4 HELO/EHLO argument is invalid"},
		Help: "SMTP allows letters, digits and hyphens in the name that a client gives. One with an underscore is a malformed " +
			"greeting, which a receiver may answer with a 501 to every message.",
		Fix:     "Rename the host without the underscore, in its HELO, its address record and its PTR record",
		Example: Example{Zone: "mail_1.example.com. A 192.0.2.25", Flags: "--helo mail_1.example.com"},
		Judge:   each(greetingNames, heloUnderscore),
	},
	{
		ID: "ptr.other-domain", Title: "the reverse name is within the sender's domain", Area: "ptr", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 8501 4", "postmaster.web.de: requirements and recommendations"},
		Needs:      facts.Reverse,
		Help: "WEB.DE asks for a reverse name within a domain of the sender's, Yahoo for one that reflects it. One of the hoster " +
			"or of a sending service is usual, and shares that one's reputation.",
		Fix:     "Where the machine is your own, set the PTR record to a name within your domain, and give that name the address",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR mail.example.net.\nmail.example.net. A 192.0.2.25", Flags: "--helo="},
		Judge:   each(pointing, ptrOtherDomain),
	},
	{
		ID: "ptr.ipv6-slaac", Title: "the IPv6 addresses that send were assigned on purpose", Area: "ptr", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 4862 5.5.3", "RFC 4291 2.5.1"},
		Help: "The middle of this address says ff:fe: the host made it up from the hardware address of its network card. It " +
			"changes with the card, or with a move to another machine, and PTR and SPF then name an address that nobody has.",
		Fix: "Give the mail server a static IPv6 address and let it send from that one (Postfix: smtp_bind_address6)",
		Example: Example{Zone: "example.com. TXT \"v=spf1 ip6:2001:db8::5054:ff:fe12:3456 -all\"\n" +
			"6.5.4.3.2.1.e.f.f.f.0.0.4.5.0.5.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.com.\n" +
			"mail.example.com. AAAA 2001:db8::5054:ff:fe12:3456", Flags: "--ip 2001:db8::5054:ff:fe12:3456"},
		Judge: each(declared6, ptrSLAAC),
	},
	{
		ID: "helo.recipient-name", Title: "the HELO name is the sender's own", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 4.1.1.1", "RFC 5321 2.3.5"},
		Needs:      facts.Greeting | facts.Reverse,
		Help: "The name in HELO is that of the client. One of a large provider, said by an address that is not that provider's, " +
			"is the mark of malware. Sites refuse hosts that come under their own name; Microsoft 365 answers a bad HELO with 550 5.7.506.",
		Fix:     "Set the server's name (Postfix: myhostname) to its own host name such as mail.DOMAIN",
		Example: Example{Zone: "gmail.com. A 203.0.113.27", Flags: "--helo gmail.com"},
		Judge:   each(claims, heloRecipientName),
	},
}

// ofFamily are the addresses of IPv6, or those of IPv4.
func ofFamily(l []subject[source], six bool) []subject[source] {
	return slices.DeleteFunc(l, func(s subject[source]) bool { return s.source.Unmap().Is6() != six })
}

// pointing are the sending addresses that point to something, as it stands.
func pointing(f *facts.Facts) []subject[source] {
	return slices.DeleteFunc(sources(f), func(s subject[source]) bool { return s.of.Known() && len(s.of.Value.Names) == 0 })
}

// nameless reports whether nothing that an address points to is a host name: then ptr.ip-literal fails, and alone.
func nameless(s source) bool {
	return s.Confirm == "fail" && len(s.Names) > 0 &&
		!slices.ContainsFunc(s.Names, func(n facts.PTRName) bool { return unqualified(n.Name) == "" })
}

func ptrLiteral(_ *facts.Facts, s source) []Violation {
	odd := unqualified
	if s.Confirm == "pass" {
		odd = malformed // what leads back is a name, and some software looks at how it is made
	}
	var whys []string
	for _, n := range s.Names {
		why := odd(n.Name)
		if why == "" {
			return nil // one proper name is enough
		}
		whys = append(whys, fmt.Sprintf("%q %s", clip(n.Name), why))
	}
	switch s.Confirm {
	case "pass":
		return one(Warn, fmt.Sprintf("%s points to what is made as no host name is, although it leads back: %s", s.IP, some(whys)))
	case "unknown":
		return one(Unknown, s.PTR.Why)
	}
	return one(Fail, fmt.Sprintf("%s points to no host name: %s", s.IP, some(whys)))
}

func ptrMultiple(_ *facts.Facts, s source) []Violation {
	if len(s.Names) <= usualNames {
		return nil
	}
	var names []string
	for _, n := range s.Names {
		names = append(names, clip(n.Name))
	}
	if len(s.Names) > maxNames { // and no more were looked at than tell that
		return one(Warn, fmt.Sprintf("%s has more than %d PTR records: %s and others", s.IP, maxNames, strings.Join(names[:maxItems], ", ")))
	}
	return one(Warn, fmt.Sprintf("%s has %d PTR records, more than %d: %s", s.IP, len(s.Names), usualNames, some(names)))
}

func ptrUnderscore(_ *facts.Facts, s source) []Violation {
	var names []string
	for _, n := range s.Names {
		if !strings.Contains(n.Name, "_") {
			return nil // one proper name is enough
		}
		names = append(names, clip(n.Name))
	}
	return one(Warn, fmt.Sprintf("%s points to %s: no host name holds an underscore", s.IP, some(names)))
}

func heloUnderscore(f *facts.Facts, h facts.HELO) []Violation {
	if !strings.Contains(h.Name, "_") {
		return nil
	}
	// Mostly it is one name, and one defect.
	same := slices.ContainsFunc(f.Sources, func(x facts.Source) bool {
		l := x.PTR.Value.Names
		return slices.ContainsFunc(l, func(n facts.PTRName) bool { return strings.EqualFold(n.Name, h.Name) }) &&
			len(ptrUnderscore(f, source{Source: x, PTR: x.PTR.Value})) > 0
	})
	return []Violation{{Status: Warn, Implied: same, Message: "the HELO name holds an underscore, which no host name does"}}
}

func ptrOtherDomain(f *facts.Facts, s source) []Violation {
	if nameless(s) {
		return nil // ptr.ip-literal
	}
	own := []string{registered(f.Domain)}
	for _, h := range greetingNames(f) {
		if h.of.Value.Stream == s.Stream {
			own = append(own, registered(strings.ToLower(h.name)))
		}
	}
	var names []string
	for _, n := range s.Names {
		switch of := ofService(n.Name); {
		case slices.Contains(own, registered(strings.ToLower(n.Name))) || of && s.Confirm == "pass":
			return nil
		case of && s.Confirm == "unknown":
			return one(Unknown, s.PTR.Why)
		}
		names = append(names, clip(n.Name))
	}
	return one(Info, fmt.Sprintf("%s points to %s, which is not of %s", s.IP, some(names), clip(strings.Join(slices.Compact(own), " or "))))
}

// declared6 are the declared addresses of IPv6; ip.private says what there is to say of one that is not public.
func declared6(f *facts.Facts) []subject[netip.Addr] {
	return slices.DeleteFunc(declared(f), func(s subject[netip.Addr]) bool {
		return !s.source.Unmap().Is6() || !special.Public(s.source, f.Public)
	})
}

// ptrSLAAC knows an interface identifier by the ff:fe of modified EUI-64 (RFC 4291 2.5.1). That one is random, as those
// of RFC 8981 are, cannot be seen from outside.
func ptrSLAAC(_ *facts.Facts, ip netip.Addr) []Violation {
	if a := ip.As16(); a[11] != 0xff || a[12] != 0xfe {
		return nil
	}
	return one(Info, fmt.Sprintf("%s was made from the hardware address of a network card (ff:fe)", ip))
}

// mailboxProviders are the domains under which large providers run their own hosts. Those under which they also name the
// lines of their customers are left out.
var mailboxProviders = []string{
	"gmail.com", "google.com", "googlemail.com", "hotmail.com", "icloud.com", "live.com", "me.com", "msn.com", "mx.microsoft",
	"outlook.com", "yahoo.com", "yahoodns.net", "gmx.net", "web.de", "mail.ru", "yandex.net", "yandex.ru", "qq.com", "163.com",
}

// provider is that under which a name stands, "" for none.
func provider(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, p := range mailboxProviders {
		if name == p || strings.HasSuffix(name, "."+p) {
			return p
		}
	}
	return ""
}

// claim is a HELO name of a large provider, and who says it.
type claim struct {
	provider string
	ips      []string
	own      bool // the host is the provider's
}

// claims are the HELO names of large providers that the domain is not of, where it is known which addresses say them. A
// provider's own host may send for a domain: then its address or its reverse name is the provider's.
func claims(f *facts.Facts) []subject[claim] {
	var l []subject[claim]
	for _, h := range greetingNames(f) {
		c := claim{provider: provider(h.name)}
		if c.provider == "" || c.provider == provider(f.Domain) {
			continue
		}
		leads := h.of.Value.Addresses
		lost := cmp.Or(leads.Why, leads.Value.Lost)
		for _, s := range f.Sources {
			if s.Stream != h.of.Value.Stream || !s.Declared || s.PTR.State == facts.Unasked {
				continue
			}
			c.ips = append(c.ips, s.IP.String())
			c.own = c.own || slices.Contains(leads.Value.Addresses, s.IP) || ofProvider(s.PTR.Value)
			lost = cmp.Or(lost, s.PTR.Why, s.PTR.Value.Why)
		}
		if len(c.ips) == 0 {
			continue
		}
		s := subject[claim]{name: h.name, of: facts.Know(c)}
		if !c.own && lost != "" {
			s.of = facts.Cannot[claim](lost)
		}
		l = append(l, s)
	}
	return l
}

// ofProvider reports whether a reverse name that leads back is of a large provider.
func ofProvider(p facts.PTR) bool {
	return p.Confirm == "pass" && slices.ContainsFunc(p.Names, func(n facts.PTRName) bool { return provider(n.Name) != "" })
}

func heloRecipientName(_ *facts.Facts, c claim) []Violation {
	if c.own {
		return nil
	}
	return one(Fail, fmt.Sprintf("the host calls itself by a name of %s, and that name and its own address do not belong together: %s",
		c.provider, some(c.ips)))
}
