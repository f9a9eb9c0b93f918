package receivers

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

var (
	ip4 = netip.MustParseAddr("11.22.33.44")
	ip6 = netip.MustParseAddr("2a0f::44")
)

func at(ips ...netip.Addr) facts.Fact[facts.Hosts] {
	return facts.Know(facts.Hosts{Addresses: ips})
}

func policy(text string) facts.Fact[facts.DMARC] {
	rec := dmarc.Parse(text)
	return facts.Know(facts.DMARC{Status: facts.DMARCFound, Texts: []string{text}, Record: &rec, Policy: rec.Effective()})
}

func result(r string) facts.Fact[SPF] {
	return facts.Know(SPF{Domain: "d.example", Result: r, Why: lost, Libspf2: facts.Know(r), Rspamd: facts.Know(r)})
}

func signature(state string) facts.Fact[[]Signature] {
	return facts.Know([]Signature{{Domain: "d.example", State: state, Why: lost, Relaxed: yes, Mode: yes}})
}

// healthyCase is mail with which no receiver finds fault.
func healthyCase() Case {
	return Case{Domain: "d.example", Stream: "default", IP: ip4, HELO: "mail.d.example", MailFrom: "news@d.example", Answers: true,
		PTR:       facts.Know(facts.PTR{Confirm: "pass", Names: []facts.PTRName{{Name: "mail.d.example", Addresses: at(ip4)}}}),
		HELOHosts: at(ip4), Exists: yes,
		MX:  facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{{Host: "mx.d.example", Addresses: at(netip.MustParseAddr("11.22.33.25"))}}}),
		SPF: result(pass), HELOSPF: result(pass), DKIM: signature(Verifies), DMARC: policy("v=DMARC1; p=reject"), SPFOrg: yes, SPFMode: yes,
		Listings: []facts.Listing{
			{Zone: "zen.spamhaus.org", Kind: "ip", Target: ip4.String(), Status: facts.Clean}, {Zone: "bl.spamcop.net", Kind: "ip", Target: ip4.String(), Status: facts.Clean},
			{Zone: "b.barracudacentral.org", Kind: "ip", Target: ip4.String(), Status: facts.Clean}, {Zone: "dbl.spamhaus.org", Kind: "domain", Target: "d.example", Status: facts.Clean}},
		Callout: facts.Know(Said{Code: 250, Text: "2.1.5 ok"}), NullCallout: facts.Know(Said{Code: 250, Text: "2.1.5 ok"})}
}

const lost = "SERVFAIL from 192.0.2.53"

// The ways in which a case breaks.
var (
	withoutPTR = func(c *Case) { c.PTR = facts.Know(facts.PTR{Confirm: "fail"}) }
	unforward  = func(c *Case) {
		c.PTR = facts.Know(facts.PTR{Confirm: "fail", Names: []facts.PTRName{{Name: "mail.d.example", Addresses: at()}}})
	}
	ptrLost = func(c *Case) { c.PTR = facts.Cannot[facts.PTR](lost) }
	poolPTR = func(c *Case) { c.Generic = "the reverse name looks generated" }
	listing = func(zone string, codes ...string) func(*Case) {
		return func(c *Case) {
			for i, l := range c.Listings {
				if l.Zone == zone {
					c.Listings[i].Status, c.Listings[i].Codes = facts.Listed, codes
				}
			}
		}
	}
	onZEN  = listing("zen.spamhaus.org", "127.0.0.2")
	onDBL  = listing("dbl.spamhaus.org", "127.0.1.2")
	greets = func(name string) func(*Case) {
		return func(c *Case) { c.HELO, c.HELOHosts, c.HELOSPF = name, facts.Fact[facts.Hosts]{}, facts.Fact[SPF]{} }
	}
	heloNowhere = func(c *Case) {
		c.HELO, c.HELOHosts, c.HELOMX = "nx.d.example", facts.Know(facts.Hosts{Missing: true}), no
	}
	gone     = func(c *Case) { c.Exists, c.MX = no, facts.Know(facts.MX{Status: facts.MXNone}) }
	mxStatus = func(status string) func(*Case) { return func(c *Case) { c.MX = facts.Know(facts.MX{Status: status}) } }
	mxAt     = func(ips ...netip.Addr) func(*Case) {
		return func(c *Case) {
			c.MX = facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{{Host: "mx.d.example", Addresses: at(ips...)}}})
		}
	}
	mxLost = func(c *Case) {
		c.MX = facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{{Host: "mx.d.example", Addresses: facts.Cannot[facts.Hosts](lost)}}})
	}
	senderLost = func(c *Case) { c.Exists, c.MX = cannot(lost), facts.Cannot[facts.MX](lost) }
	says       = func(code int) func(*Case) {
		return func(c *Case) {
			c.Callout, c.NullCallout = facts.Know(Said{Code: code, Text: "5.1.1 no such user"}), facts.Know(Said{Code: code, Text: "no such user"})
		}
	}
	spfGives  = func(r string) func(*Case) { return func(c *Case) { c.SPF = result(r) } }
	heloGives = func(r string) func(*Case) { return func(c *Case) { c.HELOSPF = result(r) } }
	signs     = func(state string) func(*Case) { return func(c *Case) { c.DKIM = signature(state) } }
	asking    = func(p string) func(*Case) { return func(c *Case) { c.DMARC = policy("v=DMARC1; p=" + p) } }
	noRecord  = func(c *Case) { c.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone}) }
	foreign   = func(c *Case) {
		c.SPFOrg, c.SPFMode = no, no
		c.DKIM = facts.Know([]Signature{{Domain: "esp.example", State: Verifies, Relaxed: no, Mode: no}})
	}
	bulk = func(c *Case) { c.Bulk = true }
	over = func(c *Case) { c.IP = ip6 }
)

func both(l ...func(*Case)) func(*Case) {
	return func(c *Case) {
		for _, edit := range l {
			edit(c)
		}
	}
}

var nothing = both(spfGives(fail), signs(Missing))

// broken has for each requirement a case that breaks it, and nothing that comes before.
var broken = unitedInternetToo(map[string]func(*Case){
	"gmail.ptr": withoutPTR, "gmail.ptr-confirmed": unforward, "gmail.helo": greets("-x-"), "gmail.dmarc": both(nothing, asking("quarantine")),
	"gmail.spf-hard-fail": both(nothing, asking("none")), "gmail.authenticated": both(spfGives(none), signs(Wrong), asking("none")),
	"gmail.bulk-spf": both(bulk, spfGives(none)), "gmail.bulk-dkim": both(bulk, signs(Short)), "gmail.spf-hard-fail-signed": spfGives(fail),
	"gmail.dmarc-lookup": both(foreign, func(c *Case) { c.DMARC = facts.Cannot[facts.DMARC](lost) }), "gmail.bulk-aligned": both(bulk, foreign, asking("none")), "gmail.bulk-dmarc": both(bulk, noRecord),

	"yahoo.spamhaus-xbl": listing("zen.spamhaus.org", "127.0.0.4"), "yahoo.spamhaus": onZEN, "yahoo.ptr": withoutPTR, "yahoo.ptr-confirmed": unforward,
	"yahoo.ptr-generic": poolPTR, "yahoo.sender-exists": gone, "yahoo.sender-null-mx": mxStatus(facts.MXNull), "yahoo.sender-lookup": senderLost,
	"yahoo.dmarc": nothing, "yahoo.authenticated": both(nothing, asking("none")), "yahoo.bulk-dmarc-record": both(bulk, noRecord),
	"yahoo.bulk-dmarc": both(bulk, foreign, asking("none")), "yahoo.bulk-dkim": both(bulk, signs(Revoked)), "yahoo.bulk-spf": both(bulk, spfGives(neutral)),
	"yahoo.spam-quarantine": both(foreign, asking("quarantine")),

	"outlook.spamhaus": onZEN, "outlook.ptr": withoutPTR, "outlook.dynamic": poolPTR,
	"outlook.spf-locked": func(c *Case) {
		c.SPF = result(fail)
		c.SPF.Value.Alone = true
	},
	"outlook.bulk-spf": both(bulk, spfGives(softfail)), "outlook.bulk-dkim": both(bulk, signs(Unusable)), "outlook.bulk-dmarc": both(bulk, noRecord),
	"outlook.bulk-aligned": both(bulk, foreign, asking("none")), "outlook.dmarc": nothing, "outlook.authenticated": both(nothing, asking("none")),
	"outlook.spam-quarantine": both(foreign, asking("quarantine")),

	"microsoft365.ptr6": both(over, withoutPTR), "microsoft365.spamhaus": onZEN, "microsoft365.helo": greets("a b"), "microsoft365.auth6": both(over, nothing, asking("none")),
	"microsoft365.dmarc": nothing, "microsoft365.spf-hard-fail": spfGives(fail), "microsoft365.authenticated": both(spfGives(none), signs(Missing), asking("none")),
	"microsoft365.spam-quarantine": both(foreign, asking("quarantine")),

	"icloud.spamhaus": onZEN, "icloud.ptr": withoutPTR, "icloud.ptr-confirmed": unforward, "icloud.sender-exists": gone, "icloud.dbl": onDBL,
	"icloud.authenticated": nothing, "icloud.dmarc": foreign, "icloud.bulk-spf": both(bulk, spfGives(permerror)), "icloud.bulk-dkim": both(bulk, signs(Missing)),
	"icloud.bulk-dmarc": both(bulk, noRecord), "icloud.spam-quarantine": both(foreign, asking("quarantine")),

	"tonline.ptr": withoutPTR, "tonline.ptr-confirmed": unforward, "tonline.dynamic": poolPTR,
	"tonline.dkim": func(c *Case) { c.DKIM.Value[0].Domain = "mail.d.example" },
	"tonline.dmarc": func(c *Case) { // a signature cannot be aligned by its domain and not in any mode: what is left is a void one
		c.SPFMode, c.DKIM.Value[0].Mode = no, no
	},

	"orange.ptr": withoutPTR, "orange.ptr-confirmed": unforward, "orange.spamhaus": onZEN, "orange.helo": greets("mailhost"), "orange.sender-exists": gone,
	"orange.dmarc": noRecord, "orange.spf": spfGives(fail), "orange.dkim": signs(Missing),

	"laposte.spamhaus": onZEN, "laposte.ptr": withoutPTR, "laposte.dmarc": nothing, "laposte.aligned": both(foreign, asking("none")),
	"mailru.dmarc": nothing, "mailru.authenticated": both(nothing, asking("none")),
	"comcast.spamhaus": onZEN, "comcast.ptr": withoutPTR, "comcast.ptr-confirmed": unforward, "comcast.dmarc": nothing,
	"cox.spamhaus": onZEN, "cox.ptr": withoutPTR, "cox.dmarc": nothing,
	"spectrum.ptr": withoutPTR, "spectrum.ptr-confirmed": unforward, "spectrum.dmarc": nothing,

	"mimecast.spf": spfGives(fail), "mimecast.dkim": signs(Wrong), "mimecast.dmarc": both(foreign, asking("quarantine")),
	"proofpoint.ptr": withoutPTR, "proofpoint.ptr-confirmed": unforward, "proofpoint.ptr-generic": poolPTR, "proofpoint.authenticated": both(nothing, asking("none")),
	"proofpoint.dmarc": foreign, "barracuda.listed": listing("b.barracudacentral.org", "127.0.0.2"), "barracuda.dmarc": nothing,

	"postfix.client": unforward, "postfix.client-lookup": ptrLost, "postfix.reverse": withoutPTR, "postfix.reverse-lookup": ptrLost,
	"postfix.helo-literal": greets("[2001:db8::25]"), "postfix.helo-invalid": greets("-x-.d.example"), "postfix.helo-short": greets("localhost"), "postfix.helo-unknown": heloNowhere,
	"postfix.helo-lookup":    func(c *Case) { c.HELOHosts = facts.Cannot[facts.Hosts](lost) },
	"postfix.sender-null-mx": mxStatus(facts.MXNull), "postfix.sender": gone, "postfix.sender-lookup": senderLost,
	"postfix.sender-mx-loopback": mxAt(netip.MustParseAddr("127.0.0.1")), "postfix.sender-mx-private": mxAt(netip.MustParseAddr("10.1.2.3")),
	"postfix.zen": onZEN, "postfix.spamcop": listing("bl.spamcop.net", "127.0.0.2"), "postfix.dbl": onDBL,
	"postfix.dbl-helo": func(c *Case) {
		c.Listings = append(c.Listings, facts.Listing{Zone: "dbl.spamhaus.org", Kind: "domain", Target: "mail.d.example", HELO: true, Status: facts.Listed, Codes: []string{"127.0.1.2"}})
	},
	"policyd-spf-perl.helo-invalid": greets("mail..d.example"), "opensmtpd.helo": greets("[mail.d.example]"),
	"opensmtpd.sender": func(c *Case) { c.MailFrom = `"a b"@d.example` }, "exim.callout-unreached": mxAt(netip.MustParseAddr("169.254.1.1")),
	"postfix.callout-refused": says(550), "postfix.callout-unroutable": mxAt(), "postfix.callout-deferred": says(450), "postfix.callout-lookup": mxLost, "postfix.callout-loop": mxAt(netip.MustParseAddr("127.0.0.1")), "postfix.callout-private": mxAt(netip.MustParseAddr("10.1.2.3")), "postscreen.zen": onZEN,
	"policyd-spf.helo": heloGives(fail), "policyd-spf.mail-from": spfGives(fail), "policyd-spf.helo-permerror": heloGives(permerror),
	"policyd-spf.helo-temperror": heloGives(temperror), "policyd-spf.softfail": spfGives(softfail), "policyd-spf.permerror": spfGives(permerror),
	"policyd-spf.temperror": spfGives(temperror), "policyd-spf-perl.helo": heloGives(fail), "policyd-spf-perl.helo-temperror": heloGives(temperror),
	"policyd-spf-perl.mail-from": spfGives(fail), "policyd-spf-perl.temperror": spfGives(temperror),
	"opendkim.missing": signs(Missing), "opendkim.revoked": signs(Revoked), "opendkim.bad": signs(Wrong),
	"opendmarc.reject": nothing, "opendmarc.quarantine": both(nothing, asking("quarantine")),
	"rspamd.reject": nothing, "rspamd.quarantine": both(nothing, asking("quarantine")),
	"exim.address": func(c *Case) { c.MailFrom = "news@my_bounce.d.example" },
	"exim.helo":    greets("mail_1.d.example"), "exim.sender": gone, "exim.sender-lookup": senderLost, "exim.spf-fail": spfGives(fail), "exim.spf-permerror": spfGives(permerror),
	"exim.spf-temperror": spfGives(temperror), "exim.callout-refused": says(550), "exim.callout-deferred": says(450), "exim.reverse": withoutPTR,
	"exim.reverse-lookup": ptrLost, "exim.zen": onZEN, "exim.dbl": onDBL, "exim.helo-elsewhere": func(c *Case) { c.HELO, c.HELOHosts = "other.example", at(ip6) },
	"exim.dkim-invalid": signs(Missing), "exim.dkim-fail": signs(Wrong), "opensmtpd.rdns": withoutPTR, "opensmtpd.fcrdns": unforward,
})

// unitedInternetToo adds the cases of the books that are alike.
func unitedInternetToo(m map[string]func(*Case)) map[string]func(*Case) {
	for _, r := range []string{"gmx", "webde"} {
		for id, edit := range map[string]func(*Case){"blocklist": onZEN, "ptr": withoutPTR, "ptr-generic": poolPTR, "ptr-confirmed": unforward, "helo": greets("mailhost"),
			"sender-mx": mxStatus(facts.MXNone), "dkim": signs(Missing), "dmarc": func(c *Case) { c.SPF, c.DKIM.Value[0].Mode = result(fail), no }} {
			m[r+"."+id] = edit
		}
	}
	return m
}

// TestRequirements breaks each requirement by itself.
func TestRequirements(t *testing.T) {
	brace := regexp.MustCompile(`\{[a-z]+\}`)
	decided, seen := map[string]bool{}, map[string]bool{}
	for _, b := range slices.Concat(Books, Lab) {
		for _, r := range b.Requirements {
			edit, ok := broken[r.ID]
			if !ok {
				t.Errorf("%s: no case breaks it", r.ID)
				continue
			}
			seen[r.ID] = true
			c := healthyCase()
			edit(&c)
			if got := r.Broken(c); !got.Known() || !got.Value {
				t.Errorf("%s is not broken by its case: %+v", r.ID, got)
			}
			e := b.Answer(c)
			if e.Requirement != r.ID {
				continue // another set-up looks at something else first
			}
			decided[r.ID] = true
			want := map[Outcome]Verdict{Reject: Rejects, Defer: Defers, Spam: Files, Unsaid: Undecided}[r.Outcome]
			if e.Verdict != want || e.Basis == "" || e.Source == "" || len(e.Rules) == 0 || e.Reason == "" {
				t.Errorf("%s: %+v", r.ID, e)
			}
			if refused := want == Rejects || want == Defers; refused != (e.Reply != "") || refused != (e.Stage != "") || brace.MatchString(e.Reply) {
				t.Errorf("%s: at %q the reply %q", r.ID, e.Stage, e.Reply)
			}
		}
	}
	for id := range broken {
		if !seen[id] {
			t.Errorf("a case breaks %s, which no book has", id)
		} else if !decided[id] {
			t.Errorf("%s decides nowhere", id)
		}
	}
}

func TestHealthyIsAccepted(t *testing.T) {
	for _, b := range slices.Concat(Books, Lab) {
		for _, c := range []Case{healthyCase(), func() Case { c := healthyCase(); c.Bulk = true; return c }()} {
			if e := b.Answer(c); e.Verdict != Accepts || e.Bulk != nil || e.Reply != "" || e.Source == "" || e.Basis == "" || e.Rules == nil {
				t.Errorf("%s %s: %+v", b.Receiver, b.Setup, e)
			}
		}
	}
}

// TestNothingKnown holds that nobody refuses what is not known.
func TestNothingKnown(t *testing.T) {
	blind := Case{Domain: "d.example", MailFrom: "news@d.example", PTR: facts.Cannot[facts.PTR](lost), HELOHosts: facts.Cannot[facts.Hosts](lost), Exists: cannot(lost),
		MX: facts.Cannot[facts.MX](lost), SPF: facts.Cannot[SPF](lost), HELOSPF: facts.Cannot[SPF](lost), DKIM: facts.Cannot[[]Signature](lost),
		DMARC: facts.Cannot[facts.DMARC](lost), SPFOrg: cannot(lost), SPFMode: cannot(lost)}
	dead := blind // as an audit has it whose resolver is dead
	dead.HELO, dead.SPF, dead.HELOSPF, dead.DKIM = "mail.d.example", result(temperror), result(temperror), facts.Know([]Signature{{Domain: "d.example", State: Lost, Why: lost, Relaxed: yes, Mode: cannot(lost)}})
	for _, c := range []Case{blind, dead} {
		for _, b := range slices.Concat(Books, Lab) {
			switch e := b.Answer(c); {
			case e.Verdict == Accepts && slices.ContainsFunc(b.Requirements, decides):
				t.Errorf("%s %s takes what is not known", b.Receiver, b.Setup)
			case e.Verdict != Accepts && (e.Verdict != Undecided || e.Reason == ""):
				t.Errorf("%s %s: %+v", b.Receiver, b.Setup, e)
			}
		}
	}
}

// decides says whether a requirement rests on more than lists and callouts, which decide nothing while they are not known.
func decides(r Requirement) bool {
	seen := slices.ContainsFunc(r.Rules, func(id string) bool { return strings.HasPrefix(id, "dnsbl.") || strings.HasPrefix(id, "mx.sender") })
	return !seen && (r.Outcome == Reject || r.Outcome == Defer)
}

// TestLists holds that a list that does not answer decides only where the user wants it to.
func TestLists(t *testing.T) {
	c := healthyCase()
	c.Listings[0].Status, c.Listings[0].Why = facts.Refused, "127.255.255.254"
	e := yahoo.Answer(c)
	if e.Verdict != Accepts || !strings.Contains(e.Reason, "zen.spamhaus.org did not answer") {
		t.Errorf("%+v", e)
	}
	if e := mailru.Answer(c); e.Reason != "" {
		t.Errorf("mailru uses no list: %+v", e)
	}
	c.Lists = true
	if e := yahoo.Answer(c); e.Verdict != Undecided || !strings.Contains(e.Reason, "127.255.255.254") {
		t.Errorf("with --require-dnsbl: %+v", e)
	}
	registered := healthyCase()
	registered.Listings[0].Zone = "key.zen.dq.spamhaus.net"
	onZEN(&registered) // finds no such zone
	registered.Listings[0].Status, registered.Listings[0].Codes = facts.Listed, []string{"127.0.0.2"}
	if e := yahoo.Answer(registered); e.Verdict != Rejects {
		t.Errorf("the zone of a registered user: %+v", e)
	}
}

// TestBulk holds that a sender that is none learns what it would be as a bulk sender.
func TestBulk(t *testing.T) {
	c := healthyCase()
	noRecord(&c)
	e := outlook.Answer(c)
	if e.Verdict != Accepts || e.Bulk == nil || e.Bulk.Verdict != Rejects || e.Bulk.Requirement != "outlook.bulk-dmarc" {
		t.Errorf("%+v", e)
	}
	c.Bulk = true
	if e := outlook.Answer(c); e.Verdict != Rejects || e.Bulk != nil {
		t.Errorf("%+v", e)
	}
}

// TestTheirs holds that a receiver is taken to get no answer only where the fault is with the sender's servers.
func TestTheirs(t *testing.T) {
	for why, want := range map[string]Verdict{
		"192.0.2.53:53 answered SERVFAIL": Defers, "192.0.2.53:53 did not answer within 4.5 s": Defers,
		"no zone given covers _dmarc.example": Undecided, "the audit's time limit of 30s": Undecided, "not in the recording": Undecided,
	} {
		c := healthyCase()
		c.DMARC = facts.Cannot[facts.DMARC](why)
		if e := gmail.Answer(c); e.Verdict != Accepts {
			t.Errorf("%s, and the mail passes whatever the record says: %+v", why, e)
		}
		foreign(&c)
		if e := gmail.Answer(c); e.Verdict != want {
			t.Errorf("%s: %+v", why, e)
		}
		c.Answers = false
		if e := gmail.Answer(c); e.Verdict != Undecided {
			t.Errorf("%s, as everything else: %+v", why, e)
		}
	}
}

// TestPolicyInDoubt: where nobody knows whether np= holds, nobody knows either whether the owner asks to refuse what fails DMARC.
func TestPolicyInDoubt(t *testing.T) {
	i := slices.IndexFunc(Books, func(b Book) bool { return b.Receiver == "yahoo" })
	c := healthyCase()
	nothing(&c)
	c.DMARC = policy("v=DMARC1; p=none; np=reject")
	c.DMARC.Value.Policy, c.DMARC.Value.FoundAt = "", "_dmarc.example"
	if got := disowned(rfc, "reject")(c); got.Known() || !strings.Contains(got.Why, "whether the domain exists") {
		t.Errorf("%+v", got)
	}
	if e := Books[i].Answer(c); e.Verdict == Accepts {
		t.Errorf("%+v", e)
	}
	healthy := healthyCase()
	healthy.DMARC = c.DMARC
	if e := Books[i].Answer(healthy); e.Verdict != Accepts {
		t.Errorf("what passes DMARC passes whatever the policy is: %+v", e)
	}
}

// TestOrder holds that what is certain counts more than what is not known before it, and that Postfix goes on after a lookup
// that failed.
func TestOrder(t *testing.T) {
	c := healthyCase()
	both(ptrLost, nothing)(&c)
	if e := gmail.Answer(c); e.Verdict != Rejects || e.Requirement != "gmail.dmarc" {
		t.Errorf("gmail: %+v", e)
	}
	i := slices.IndexFunc(Books, func(b Book) bool { return b.Receiver == "postfix-strict" })
	c = healthyCase()
	both(senderLost, onZEN)(&c)
	if e := Books[i].Answer(c); e.Requirement != "postfix.zen" {
		t.Errorf("postfix goes on after a sender lookup that failed: %+v", e)
	}
	c = healthyCase()
	both(ptrLost, onZEN)(&c)
	if e := Books[i].Answer(c); e.Requirement != "postfix.client-lookup" {
		t.Errorf("postfix ends at a client lookup that failed: %+v", e)
	}
}

// TestBooks holds what is asked of every book.
func TestBooks(t *testing.T) {
	want := strings.Fields("gmail yahoo outlook microsoft365 icloud gmx webde tonline orange laposte mailru comcast cox spectrum postfix postfix-strict postscreen exim " +
		"opensmtpd policyd-spf opendkim opendmarc rspamd mimecast proofpoint barracuda")
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("the receivers are %v", got)
	}
	setups := map[string]bool{}
	for _, b := range Lab {
		if setups[b.Setup] || !slices.Contains(want, b.Receiver) {
			t.Errorf("lab: %s stands twice, or %s is no receiver", b.Setup, b.Receiver)
		}
		setups[b.Setup] = true
	}
	if len(Lab) != 19 {
		t.Errorf("%d set-ups of the lab", len(Lab))
	}
	year := regexp.MustCompile(`20\d\d`)
	for _, b := range slices.Concat(Books, Lab) {
		if b.Title == "" || len(b.Sources) == 0 || b.Unseen == "" && b.Setup == "" || b.Policy == "" && len(b.Brands) == 0 {
			t.Errorf("%s: title, sources, brands or what cannot be seen is missing", b.Receiver)
		}
		for _, s := range b.Sources {
			if s.Title == "" || !year.MatchString(s.Date) || !slices.Contains([]Basis{Documented, Measured, Inferred}, s.Basis) {
				t.Errorf("%s: source %+v", b.Receiver, s)
			}
		}
		bulk := false
		ids := map[string]bool{}
		for _, r := range b.Requirements {
			bulk = bulk || r.Bulk
			switch {
			case ids[r.ID]:
				t.Errorf("%s stands twice in %s %s", r.ID, b.Receiver, b.Setup)
			case b.source(r).ID == "":
				t.Errorf("%s: no source %q", r.ID, r.Source)
			case r.What == "" || strings.HasSuffix(r.What, "."):
				t.Errorf("%s: what is asked: %q", r.ID, r.What)
			case !slices.Contains(Stages, r.Stage):
				t.Errorf("%s: no stage %q", r.ID, r.Stage)
			case (r.Outcome == Reject || r.Outcome == Defer) != (r.Reply != ""):
				t.Errorf("%s: %s with the reply %q", r.ID, r.Outcome, r.Reply)
			case len(r.Rules) == 0:
				t.Errorf("%s: no rule stands behind it", r.ID)
			case b.Policy == "" && r.Reply != "" && r.Outcome == Defer && r.Reply[0] != '4' && r.Reply[0] != '5':
				t.Errorf("%s: defers with %q", r.ID, r.Reply)
			}
			ids[r.ID] = true
			for _, id := range r.Rules {
				if _, ok := checks.Find(id); !ok {
					t.Errorf("%s: no rule %q", r.ID, id)
				}
			}
		}
		if bulk != (b.Bulk != "") && b.Receiver != "gmx" && b.Receiver != "webde" {
			t.Errorf("%s: who counts as bulk: %q", b.Receiver, b.Bulk)
		}
	}
}

// together are the requirements of the big four that no single rule breaks, and why: the catalogue does not say of these rules
// that they refuse, and the score knows of the whole (checks.Authenticates, dmarc.unaligned).
var together = map[string]string{
	"gmail.dmarc": "the owner's policy, and neither mechanism", "gmail.spf-hard-fail": "SPF, and DKIM beside it", "gmail.authenticated": "SPF and DKIM both",
	"yahoo.dmarc": "the owner's policy, and neither mechanism", "yahoo.authenticated": "SPF and DKIM both", "yahoo.bulk-dmarc": "neither mechanism",
	"outlook.dmarc": "the owner's policy, and neither mechanism", "microsoft365.dmarc": "the owner's policy, and neither mechanism",
	"microsoft365.auth6":   "SPF and DKIM both, and IPv6 alone",
	"yahoo.sender-null-mx": "of what parked.but-sends finds the null MX alone, and not -all",
	"yahoo.spamhaus-xbl":   "of the major lists Spamhaus alone: the violation says so, and not the rule",
	"yahoo.spamhaus":       "of the major lists Spamhaus alone: the violation says so, and not the rule",
	"outlook.spamhaus":     "of the major lists Spamhaus alone: the violation says so, and not the rule",
}

// TestRefused holds the books of the four whose refusal limits the score to what the rules say of them, both ways.
func TestRefused(t *testing.T) {
	used := map[string]bool{}
	for _, name := range []string{"gmail", "yahoo", "outlook", "microsoft365"} {
		b := Books[slices.Index(Names(), name)]
		// says reports whether a rule refuses there, of all senders or of bulk senders at least.
		says := func(id string, bulk bool) bool {
			c, _ := checks.Find(id)
			return slices.ContainsFunc(c.Refused, func(x checks.Refusal) bool { return x.Receiver == name && (!x.Bulk || bulk) })
		}
		for _, r := range b.Requirements {
			for _, id := range r.Rules {
				if r.Outcome != Reject || says(id, r.Bulk) {
					continue
				}
				used[r.ID] = true
				if together[r.ID] == "" {
					t.Errorf("%s refuses for %s, and the rule does not say so", r.ID, id)
				}
			}
		}
		for _, c := range checks.All {
			for _, x := range c.Refused {
				refuses := slices.ContainsFunc(b.Requirements, func(r Requirement) bool {
					return r.Outcome == Reject && slices.Contains(r.Rules, c.ID) && (x.Bulk || !r.Bulk)
				})
				if x.Receiver == name && !refuses {
					t.Errorf("%s says that %s refuses, and its book does not", c.ID, name)
				}
			}
		}
	}
	for id := range together {
		if !used[id] {
			t.Errorf("%s needs no exception", id)
		}
	}
}
