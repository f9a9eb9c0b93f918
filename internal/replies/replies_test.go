package replies

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/checks"
	"mailaudit/internal/receivers"
)

// readAll gives the replies of a text.
func readAll(t *testing.T, text string) (l []Explanation) {
	t.Helper()
	if err := Read(strings.NewReader(text), func(r Reply) error { l = append(l, Explain(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestClasses(t *testing.T) {
	for i, a := range Classes {
		if a.Sisimai == "" || a.Side == "" || a.Retry == "" || a.Meaning == "" || a.Action == "" {
			t.Errorf("%s is not told in full", a.Class)
		}
		if slices.IndexFunc(Classes, func(b About) bool { return b.Class == a.Class }) != i {
			t.Errorf("%s stands twice", a.Class)
		}
		for _, r := range a.Rules {
			if _, ok := checks.Find(r); !ok {
				t.Errorf("%s: %s is no rule", a.Class, r)
			}
		}
	}
	if Of("nothing such").Class != Unknown {
		t.Error("a class that there is not is not unknown")
	}
}

var unknownName = regexp.MustCompile(`\{[a-z]+\}`)

func TestPatterns(t *testing.T) {
	who := map[string]bool{microsoft: true}
	for _, s := range signs {
		who[s.who] = true
	}
	for _, b := range receivers.Books {
		if b.Policy == "" && !who[b.Receiver] {
			t.Errorf("nothing says how %s is known", b.Receiver)
		}
	}
	for _, f := range slices.Concat(families, guesses) {
		if Of(f.class).Class != f.class || len(f.words) == 0 {
			t.Errorf("%q has no class: %s", f.words, f.class)
		}
		for _, w := range f.words {
			if left := unknownName.FindString(vocabulary.Replace(w)); left != "" {
				t.Errorf("%q: the vocabulary has no %s", w, left)
			}
		}
	}
	for _, l := range [][]pattern{ours, codesOf, reported, registered} {
		for _, p := range l {
			if Of(p.class).Class != p.class {
				t.Errorf("%q has no class: %s", p.words, p.class)
			}
			if p.who != "" && !who[p.who] {
				t.Errorf("%q: nothing says how %s is known", p.words, p.who)
			}
			if p.words != strings.ToLower(p.words) && !strings.ContainsAny(p.words, `\`) {
				t.Errorf("%q can never match a text in lower case", p.words)
			}
		}
	}
}

// The books of the receivers and the explanation of their replies have to agree.
func TestBooks(t *testing.T) {
	fill := strings.NewReplacer("{ip}", "192.0.2.25", "{d}", "example.com", "{s}", "example.com", "{from}", "a@example.com", "{helo}", "mail.example.com", "{rcpt}", "b@example.net", "{said}", "no")
	for _, b := range receivers.Books {
		if b.Policy != "" {
			continue
		}
		for _, q := range b.Requirements {
			if len(q.Reply) < 20 {
				continue
			}
			r := New(fill.Replace(q.Reply))
			for _, s := range signs {
				if s.who == b.Receiver {
					r.Host = "mx." + s.hosts[0]
				}
			}
			e := Explain(r)
			if !e.Recognised() || e.Who != b.Receiver {
				t.Errorf("%s: %q is %s of %q", q.ID, r.Text, e.Class, e.Who)
			}
			if e.Class != Policy && !slices.ContainsFunc(q.Rules, func(x string) bool { return slices.Contains(e.Rules, x) }) {
				t.Errorf("%s: %q is %s by %v, and not by %v", q.ID, r.Text, e.Class, e.Rules, q.Rules)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		reply     string
		class     Class
		who       string
		permanent bool
		rule      string
	}{
		// The same code, and what it means where (T28).
		{"host gmail-smtp-in.l.google.com[192.0.2.1] said: 550 5.7.27 blocked", SPF, "gmail", true, "spf.missing"},
		{"host mx.example.net[192.0.2.1] said: 550 5.7.27 blocked by rule 7", Blocked, "example.net", true, ""},
		{"550 5.7.27 (no words)", Unknown, "", true, ""},
		{"550 5.7.30 (no words)", Unknown, "", true, ""},
		{"550 5.7.30 Basic authentication is not supported for Client Submission", Login, "", true, ""},
		{"550 5.7.515 Access denied, sending domain x.example doesn't meet the required authentication level. Spf= fail , Dkim= none , DMARC= none", Unauthenticated, "", true, "spf.missing"},
		{"550 5.7.30 Basic authentication is not supported for Client Submission. [X.prod.outlook.com]", Login, "microsoft365", true, "submission.no-auth"},
		{"421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass for this message. gsmtp", DKIM, "gmail", false, "dkim.none-found"},
		{"559 5.1.9 (DKIM reject DKIMr) Missing, invalid or non-matching DKIM signature (250) t-online.de", DKIM, "tonline", true, "dkim.strict-receivers"},
		{"550 5.1.9 (no words)", Unknown, "", true, ""},
		// Lines of one reply, with the code on each, and words that go on.
		{"550-5.7.26 Unauthenticated email from example.com is not accepted due to\n550-5.7.26 domain's DMARC policy. Please contact the administrator\n550 5.7.26 of it - gsmtp", DMARC, "gmail", true, "dmarc.unaligned"},
		{"554-gmx.net (mxgmx104) Nemesis ESMTP Service not available\r\n554-No SMTP service\r\n554-Bad DNS PTR resource record.\r\n554 For explanation visit http://postmaster.gmx.com/x", PTR, "gmx", true, "ptr.missing"},
		{"554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org", Listed, "", true, "dnsbl.listed-major"},
		{"554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using dnsbl.sorbs.net", ListError, "", true, "dnsbl.dead-zone"},
		{"554 5.7.1 blocked using zen.spamhaus.org; 127.255.255.254 open resolver", ListError, "", true, ""},
		{"host mx.example.net[192.0.2.1] refused to talk to me: 554 your domain is rejected as sender", Blocked, "example.net", true, ""},
		{"host mx.example.net[192.0.2.1] refused to talk to me: 554 unknown user", Blocked, "example.net", true, ""},
		{"530 5.7.0 Must issue a STARTTLS command first", StartTLS, "", true, ""},
		{"550 5.7.1 Your account has been blocked from sending", Compromised, "", true, ""},
		{"535 5.7.0 your account is locked because of suspicious logins", Compromised, "", true, ""},
		{"504 5.5.2 <mailhost>: Helo command rejected: need fully-qualified hostname", HELO, "", true, "helo.not-fqdn"},
		{"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.25]", PTR, "", false, "ptr.missing"},
		{"550 5.7.1 relaying denied", Relaying, "", true, "submission.no-auth"},
		{"530 5.7.0 Authentication is required", Login, "", true, "submission.closed"},
		{"550 5.1.8 Access denied, bad outbound sender [X.prod.outlook.com]", Compromised, "microsoft365", true, ""},
		{"550 5.1.1 <nobody@example.net>: Recipient address rejected: User unknown in virtual mailbox table", NoUser, "example.net", true, ""},
		{"552 5.3.4 Message size exceeds fixed limit", TooBig, "", true, "mx.size"},
		{"450 4.2.0 <a@example.net>: Recipient address rejected: Greylisted, see http://postgrey", Greylisted, "example.net", false, ""},
		// What is said of the sender, its host or its name is said of no recipient.
		{"450 4.7.1 <mail.gone.example>: Helo command rejected: Host not found", HELO, "", false, "helo.unresolvable"},
		{"450 4.1.8 <x@gone.example>: Sender address rejected: Domain not found", SenderDomain, "", false, "domain.nxdomain"},
		{"host mx01.mail.icloud.com[192.0.2.1] said: 450 4.1.8 <x@gone.example>: Sender address rejected: Domain not found", SenderDomain, "icloud", false, "domain.nxdomain"},
		{"550 5.7.1 Mail from IP 192.0.2.25 was rejected due to listing in Spamhaus SBL/XBL/PBL. For details please see http://www.spamhaus.org/query/bl?ip=192.0.2.25", Listed, "", true, "dnsbl.listed-major"},
		{"421-4.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or DKIM organizational domain. gsmtp", DMARC, "gmail", false, "dmarc.unaligned"},
		{"host gmail-smtp-in.l.google.com[192.0.2.1] said: 550 5.7.32 (no words)", DMARC, "gmail", true, "dmarc.unaligned"},
		{"host mta5.am0.yahoodns.net[192.0.2.1] said: 554 5.7.9 Message not accepted for policy reasons", Policy, "yahoo", true, "dmarc.unaligned"},
		{"554 5.7.9 Message not accepted for policy reasons. See https://senders.yahooinc.com/error-codes", Policy, "yahoo", true, "dmarc.unaligned"},
		// The command that is answered.
		{"host mx.example.net[192.0.2.1] said: 550 5.0.0 No (in reply to MAIL FROM command)", SenderRefused, "example.net", true, ""},
		{"host mx.example.net[192.0.2.1] said: 554 5.0.0 no such user (in reply to MAIL FROM command)", SenderRefused, "example.net", true, ""},
		{"host mx.example.net[192.0.2.1] refused to talk to me: 554 5.0.0 you look like spam", Blocked, "example.net", true, ""},
		{"host mx.example.net[192.0.2.1] said: 552 5.0.0 sorry (in reply to end of DATA command)", TooBig, "example.net", true, ""},
		{"host mx.example.net[192.0.2.1] said: 552 5.0.0 sorry (in reply to RCPT TO command)", Full, "example.net", true, ""},
		// An address or a fragment is no cause.
		{"550 <mailbox.full@example.net> 5.1.1 no such user. See https://example.net/#blocked", NoUser, "example.net", true, ""},
		{"\x1b[31m550 5.1.1 no such user\x1b]0;x\x07", NoUser, "", true, ""},
		{"nothing of the kind", Unknown, "", false, ""},
		{"", Unknown, "", false, ""},
	} {
		e := Explain(New(c.reply))
		if e.Class != c.class || e.Who != c.who || e.Permanent != c.permanent || c.rule != "" && !slices.Contains(e.Rules, c.rule) {
			t.Errorf("%q is %s (%s) of %q, permanent %v, rules %v", c.reply, e.Class, e.Basis, e.Who, e.Permanent, e.Rules)
		}
		if strings.ContainsAny(e.Text, "\x1b\r\n\x07") {
			t.Errorf("%q has controls in it", e.Text)
		}
	}
}

func TestParts(t *testing.T) {
	e := Explain(New("host gmail-smtp-in.l.google.com[203.0.113.1] said: 550-5.7.1 [192.0.2.25] Our system has detected that this 550-5.7.1 message is likely unsolicited mail. 550 5.7.1 x - gsmtp (in reply to end of DATA command)"))
	if e.Code != 550 || e.Enhanced != "5.7.1" || e.Host != "gmail-smtp-in.l.google.com" || e.HostIP != "203.0.113.1" || e.IP != "192.0.2.25" {
		t.Errorf("%+v", e.Reply)
	}
	if want := "message is likely unsolicited mail. x - gsmtp"; !strings.Contains(e.Text, want) {
		t.Errorf("%q has no %q", e.Text, want)
	}
	if e.Retry != AfterFix {
		t.Errorf("a permanent refusal is tried again %s", e.Retry)
	}
	if e := Explain(New("452 4.2.2 mailbox full")); e.Retry != Later || e.Permanent || e.Hard {
		t.Errorf("%+v", e)
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Class
		recipient  string // of the first
	}{
		{"postfix", "Nov 22 10:00:00 mx postfix/smtp[12]: 4Xy: to=<a@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 <a@example.net>: Recipient address rejected: User unknown (in reply to RCPT TO command))\n" +
			"Nov 22 10:00:01 mx postfix/qmgr[9]: 4Xy: removed\n" +
			"Nov 22 10:00:01 mx postfix/smtp[9]: 4Xz: to=<b@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n" +
			"Nov 22 10:00:02 mx postfix/smtp[9]: 4Xa: to=<c@example.net>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to mx.example.net[192.0.2.1]:25: Connection timed out)\n" +
			"Nov 22 10:00:03 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.9]; from=<x@example.org> to=<y@example.net> proto=ESMTP helo=<h>\n",
			[]Class{NoUser, Expired, PTR}, "a@example.net"},
		{"exim", "2026-11-22 10:00:00 1pAbCd-0001aB-2C <= x@example.org H=h [192.0.2.9] P=esmtps S=1\n" +
			"2026-11-22 10:00:01 1pAbCd-0001aB-2C ** a@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@example.net>: 552 5.2.2 mailbox full\n" +
			"2026-11-22 10:00:02 1pAbCd-0001aB-2C == b@example.net R=dnslookup T=remote_smtp defer (-46): SMTP error from remote mail server after RCPT TO:<b@example.net>: 450 4.2.0 Greylisted\n" +
			"2026-11-22 10:00:03 1pAbCd-0001aB-2C => c@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.1] C=\"250 ok\"\n",
			[]Class{Full, Greylisted}, "a@example.net"},
		{"sendmail", "Nov 22 10:00:00 mx sendmail[12]: 2AM: to=<a@example.net>, delay=00:00:01, mailer=esmtp, relay=mx.example.net. [192.0.2.1], dsn=5.1.2, stat=Host unknown (Name server: mx.example.net.: host not found)\n" +
			"Nov 22 10:00:00 mx sendmail[12]: 2AN: to=<b@example.net>, relay=mx.example.net. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)\n", []Class{NoHost}, "a@example.net"},
		{"exchange", "2026-11-22T10:00:00.000Z,Internet,08D,12,10.0.0.1:25,192.0.2.1:25,>,RCPT TO:<a@example.net>,\n" +
			"2026-11-22T10:00:00.000Z,Internet,08D,13,10.0.0.1:25,192.0.2.1:25,<,550 5.1.1 User unknown,\n" +
			"2026-11-22T10:00:00.000Z,Internet,08D,14,10.0.0.1:25,192.0.2.1:25,<,250 ok,\n", []Class{NoUser}, ""},
		{"pasted", "My mail came back:\n550-5.7.1 relaying\n550 5.7.1 denied\n\n421 4.7.0 too many connections from you\n", []Class{Relaying, Connections}, ""},
		{"one each line", "host a.example[192.0.2.1] said: 550 5.1.1 user unknown\nhost b.example[192.0.2.2] said: 552 5.2.2 mailbox full\n", []Class{NoUser, Full}, ""},
		{"the enhanced code alone", "550 relaying denied\n\n5.1.1 unknown user\n\n5.2.2 mailbox full\n", []Class{Relaying, NoUser, Full}, ""},
		{"the enhanced code in the next line", "550\n5.1.1 unknown user\n", []Class{NoUser}, ""},
		{"no code", "Sorry, no mailbox here by that name", []Class{NoUser}, ""},
		{"mbox", "From MAILER-DAEMON Sun Nov 22 10:00:00 2026\nFrom: MAILER-DAEMON@example.org\nTo: x@example.org\nSubject: failure notice\n\nHi. This is the qmail-send program at example.org.\n\n<a@example.net>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\n\n--- Below this line is a copy of the message.\n\nFrom: x@example.org\n\n" +
			"From x@example.org Sun Nov 22 10:00:00 2026\nFrom: x@example.org\nTo: y@example.org\nSubject: dinner\n\nthe user unknown came to dinner\n\n" +
			"From MAILER-DAEMON Sun Nov 22 10:00:01 2026\nFrom: MAILER-DAEMON@example.org\nTo: x@example.org\nSubject: Undelivered Mail\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.org\n\nFinal-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 mailbox\n full\n\nFinal-Recipient: rfc822; c@example.net\nAction: delivered\nStatus: 2.0.0\n--b--\n",
			[]Class{NoUser, Full, Delivered}, "a@example.net"},
		{"a message that is none", "From: x@example.org\nTo: y@example.org\nSubject: dinner\n\nCome at seven\n", []Class{Unknown}, ""},
		{"nothing", "", nil, ""},
	} {
		l := readAll(t, c.text)
		var got []Class
		for _, e := range l {
			got = append(got, e.Class)
		}
		if !slices.Equal(got, c.want) || c.recipient != "" && l[0].Recipient != c.recipient {
			t.Errorf("%s: %v (%+v)", c.name, got, l)
		}
	}
}

// TestLarge: a bounce with what it returns is read as far as the bound, and those behind it are read, too.
func TestLarge(t *testing.T) {
	one := "From MAILER-DAEMON Sun Nov 22 10:00:00 2026\nFrom: MAILER-DAEMON@example.org\nSubject: failure notice\n\n<a@example.net>:\n550 no such user\n\n"
	padding := strings.Repeat(strings.Repeat("x", 76)+"\n", maxMessage/70)
	for name, text := range map[string]string{"an mbox": one + padding + "\n" + one, "a message": strings.SplitN(one, "\n", 2)[1] + padding} {
		want := 1 + strings.Count(text, "\n\nFrom ")
		if l := readAll(t, text); len(l) != want || l[0].Class != NoUser {
			t.Errorf("%s: %d replies", name, len(l))
		}
	}
}

func TestSender(t *testing.T) {
	l := readAll(t, "From: MAILER-DAEMON@mx.example\nTo: x@shop.example\nSubject: Undelivered\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 5.7.1\nRemote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550 5.7.1 [192.0.2.25] has no PTR record\n--b\nContent-Type: message/rfc822\n\nFrom: Shop <news@shop.example>\nSubject: x\n\nhi\n--b--\n")
	if len(l) != 1 || l[0].Sender != "shop.example" || l[0].IP != "192.0.2.25" || l[0].Host != "mx.example.net" {
		t.Fatalf("%+v", l)
	}
	c := l[0].Contact("")
	if c != nil {
		t.Errorf("nobody at the receiver can set a PTR record: %+v", c)
	}
	e := Explain(New("554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org"))
	if c := e.Contact("https://check.example/"); c == nil || c.To != "https://check.example/" || !strings.Contains(c.Text, e.Text) || !strings.Contains(c.Text, "192.0.2.25") {
		t.Errorf("%+v", c)
	}
	e = Explain(New("554 IP=192.0.2.25 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)"))
	if c := e.Contact(""); c == nil || c.To != "tosa@rx.t-online.de" {
		t.Errorf("%+v", c)
	}
}

// Whose an address is, and whom to write to, says where it stands.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ reply, recipient, sender, to string }{
		{"554 5.7.1 <x@shop.example>: Sender address rejected: Access denied", "", "shop.example", "postmaster@[the recipient's domain]"},
		{"host mx.example.net[192.0.2.1] said: 550 5.7.1 <support@shop.example> is blocked here (in reply to MAIL FROM command)", "", "", "postmaster@[the recipient's domain]"},
		{"550 5.7.1 <support@shop.example>: Sender address rejected: blocked", "", "shop.example", "postmaster@[the recipient's domain]"},
		{"550 5.7.1 <support@example.net>: Recipient address rejected: blocked by policy", "support@example.net", "", "postmaster@example.net"},
		{"550 5.7.1 <kuro-help@example.net>... message blocked", "kuro-help@example.net", "", "postmaster@example.net"},
		{"550 5.7.1 your IP is blocked, write to postmaster@example.net", "", "", "postmaster@example.net"},
		{"550 5.7.1 your IP is blocked, write to mail-postmaster@example.net", "mail-postmaster@example.net", "", "postmaster@example.net"},
		{"550 5.1.1 <admin@example.net>: Recipient address rejected: User unknown", "admin@example.net", "", ""},
		{"no user by the name of böb@example.net here", "", "", ""}, // b@example.net is another
		{"550 5.1.1 宛先bob@example.net", "bob@example.net", "", ""},
	} {
		e := Explain(New(c.reply))
		to := ""
		if w := e.Contact(""); w != nil {
			to = w.To
		}
		if e.Recipient != c.recipient || e.Sender != c.sender || to != c.to {
			t.Errorf("%q: %s to %q of %q, write to %q", c.reply, e.Class, e.Recipient, e.Sender, to)
		}
	}
}

// TestAlive: what a reply says of a sender, of a client or of its domain tells of no recipient that it does not exist: its address would be dropped.
func TestAlive(t *testing.T) {
	for reply, want := range map[string]Class{
		"550 5.1.0 sender address does not exist":                                                        SenderRefused,
		"550 5.1.7 <bounce@shop.example>: originator address does not exist":                             SenderRefused,
		"550 5.7.1 Return-Path address does not exist":                                                   SenderRefused,
		"550 MAIL FROM address nonexistent":                                                              SenderRefused,
		"550 Bounce address unverifiable":                                                                SenderRefused,
		"550 From: address not found":                                                                    SenderRefused,
		"550 5.7.1 Sending user not found":                                                               SenderRefused,
		"550 The user you are sending as does not exist":                                                 SenderRefused,
		"550 your domain does not exist in our whitelist":                                                SenderDomain,
		"550 Return address domain does not exist":                                                       SenderDomain,
		"550 5.7.1 the MX record of your domain points to a nonexistent host":                            SenderDomain,
		"550 5.7.1 <shop.example>: Sender address rejected: unknown domain":                              SenderDomain,
		"550 5.7.1 your server is not listed in our directory of trusted senders":                        Blocked,
		"554 5.7.1 Client host rejected: unknown host":                                                   Blocked,
		"550 Too many invalid recipients, closing connection":                                            Blocked,
		"550 5.7.1 address of client not found in DNS":                                                   PTR,
		"550 Invalid recipient count":                                                                    Connections,
		"550 5.1.1 address verification in progress":                                                     Temporary,
		"550 5.3.0 mailbox store is not available":                                                       System,
		"550 5.0.0 user's filter rejected the message":                                                   Refuses,
		"550 5.7.1 <bob@rcpt.example>: Recipient address rejected: only internal senders allowed":        Refuses,
		"550 5.7.1 <bob@rcpt.example>: Recipient address rejected: Mail from shop.example is not wanted": Refuses,
		"550 relay host not found":                                                                       Network,
		"550 5.7.0 Message rejected per recipient's domain policy":                                       Policy,
		"host mx.example.net[192.0.2.1] refused to talk to me: 554 no such user":                         Blocked,
		"host mx.example.net[192.0.2.1] said: 550 user unknown (in reply to MAIL FROM command)":          SenderRefused,
	} {
		if e := Explain(New(reply)); e.Class != want || e.Hard {
			t.Errorf("%q is %s, hard: %v", reply, e.Class, e.Hard)
		}
	}
	for _, reply := range []string{"550 mail from us to you: recipient address does not exist", "550 5.1.1 unknown user at your domain", "550 5.1.1 the recipient's domain does not exist"} {
		if e := Explain(New(reply)); !e.Hard {
			t.Errorf("%q is %s", reply, e.Class)
		}
	}
}

// The recipient of a report may be in letters of all languages, as they are or by number (RFC 6533 3).
func TestInternational(t *testing.T) {
	for value, want := range map[string]string{
		"utf-8; böb@example.net":           "böb@example.net",
		"utf-8; b\\x{F6}b@example.net":     "böb@example.net",
		"utf-8; b\\x{202E}b@example.net":   "b\\x{202E}b@example.net",
		"utf-8; b\\x{FFFFFF}b@example.net": "b\\x{FFFFFF}b@example.net",
		"rfc822;bob@example.net":           "bob@example.net",
		"utf-8; bob@b\\x{FC}cher.example ": "bob@bücher.example",
	} {
		l := readAll(t, "From: MAILER-DAEMON@example.org\nSubject: x\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/global-delivery-status\n\n"+
			"Reporting-MTA: dns; example.org\n\nFinal-Recipient: "+value+"\nAction: failed\nStatus: 5.1.1\n--b--\n")
		if len(l) != 1 || l[0].Recipient != want {
			t.Errorf("%s: %+v", value, l)
		}
	}
}

func TestLines(t *testing.T) {
	var got []string
	err := Lines(strings.NewReader("550 5.1.1 user unknown\n\n550-5.7.1 relaying\nno code\n552 "+strings.Repeat("x", 2*maxLine)+"\nlast"), func(r Reply) error {
		got = append(got, fmt.Sprint(r.Code))
		return nil
	})
	if want := "550 0 550 0 552 0"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v, %v", got, err)
	}
	stop := errors.New("stop")
	if err := Lines(strings.NewReader("a\nb\n"), func(Reply) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := Read(io.MultiReader(strings.NewReader("550 x\n"), broken{}), func(Reply) error { return nil }); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// bounceCase is a bounce message and what sisimai says of it.
type bounceCase struct {
	ID, File string
	Reason   string `json:"expect_reason"`
	Hard     bool   `json:"hardbounce"`
}

// Where sisimai and this package differ, and why. Reasons that sisimai derives from how it keeps its lists (filtered, onhold,
// undefined) are not compared.
var differ = map[string]string{
	"lhost-dragonfly-18.eml#1": "policy violation, says the text",
	"lhost-ezweb-02.eml#1":     "user unknown, says the reply",
	"lhost-postfix-43.eml#1":   "temporary failure, and no more",
	"lhost-postfix-74.eml#1":   "the reply is that of opensmtpd-13, which sisimai calls bad reputation",
	"lhost-powermta-03.eml#1":  "user unknown, says the reply",
	"lhost-qmail-25.eml#1":     "the first recipient is the one whose mailbox is full",
	"rfc3464-35.eml#1":         "not a registered user",
	"rfc3464-52.eml#1":         "a null MX holds for good",
	"rhost-gsuite-03.eml#1":    "a null MX holds for good",
}

func TestSisimai(t *testing.T) {
	files := map[string][]Explanation{}
	n := 0
	for line := range strings.Lines(file(t, "testdata/sisimai/cases.jsonl")) {
		var c bounceCase
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		if slices.Contains([]string{"filtered", "onhold", "undefined"}, c.Reason) {
			continue
		}
		n++
		l, read := files[c.File]
		if !read {
			l = readAll(t, file(t, filepath.Join("testdata/sisimai", c.File)))
			files[c.File] = l
		}
		k := 0
		_, nth, _ := strings.Cut(c.ID, "#")
		fmt.Sscan(nth, &k)
		why := differ[c.ID]
		switch same := k >= 1 && k <= len(l) && l[k-1].Sisimai == c.Reason && l[k-1].Hard == c.Hard; {
		case same && why != "":
			t.Errorf("%s agrees", c.ID)
		case !same && why == "" && k <= len(l):
			t.Errorf("%s is %s (%s), hard %v, and not %s, hard %v: %q", c.ID, l[k-1].Sisimai, l[k-1].Basis, l[k-1].Hard, c.Reason, c.Hard, l[k-1].Text)
		case !same && why == "":
			t.Errorf("%s: %d replies", c.ID, len(l))
		}
	}
	if n < 80 {
		t.Errorf("%d cases", n)
	}
}

// The fragments stand in replies as the receivers' hosts give them.
func TestProviders(t *testing.T) {
	hosts := map[string]string{"google": "gmail-smtp-in.l.google.com", "microsoft": "example-com.mail.protection.outlook.com", "yahooinc": "mta5.am0.yahoodns.net", "apple": "mx01.mail.icloud.com",
		"cox": "cxr.mx.a.cloudfilter.net", "tencent": "mx3.qq.com", "godaddy": "mailstore1.secureserver.net", "nttdocomo": "mfsmax.docomo.ne.jp", "franceptt": "smtp-in.orange.fr"}
	for line := range strings.Lines(file(t, "testdata/providers/cases.jsonl")) {
		var c struct {
			Provider, Code, DSN, Substring string
			Reason                         string `json:"expect_reason"`
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		code := c.Code
		if code == "" && strings.HasPrefix(c.DSN, "4") {
			code = "450"
		} else if code == "" {
			code = "550"
		}
		if strings.HasSuffix(c.DSN, ".") {
			c.DSN += "1"
		}
		e := Explain(New(fmt.Sprintf("host %s[192.0.2.1] said: %s %s %s (in reply to end of DATA command)", hosts[c.Provider], code, c.DSN, c.Substring)))
		// One text stands in sisimai's table with two reasons.
		if e.Sisimai != c.Reason && c.Substring != "client was not authenticated" {
			t.Errorf("%s %s %s %q is %s (%s), and not %s", c.Provider, code, c.DSN, c.Substring, e.Sisimai, e.Basis, c.Reason)
		}
		if !e.Known {
			t.Errorf("%s is not known", c.Provider)
		}
	}
}

// What mail systems say of themselves, each wording once.
func TestWordings(t *testing.T) {
	n := 0
	for line := range strings.Lines(file(t, "testdata/wordings.tsv")) {
		reasons, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		n++
		if e := Explain(New(text)); !slices.Contains(strings.Split(reasons, ","), e.Sisimai) {
			t.Errorf("%q is %s, %s (%s), and not %s", text, e.Class, e.Sisimai, e.Basis, reasons)
		}
	}
	if n < 100 {
		t.Errorf("%d wordings", n)
	}
}

// docs/explain.md has the table of the classes.
func TestDocumented(t *testing.T) {
	page := file(t, "../../docs/explain.md")
	for _, a := range Classes {
		hard := ""
		if a.Hard {
			hard = "yes"
		}
		if line := fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", a.Class, a.Meaning, a.Side, a.Retry, hard, a.Sisimai); !strings.Contains(page, line) {
			t.Errorf("docs/explain.md has no line\n%s", line)
		}
	}
}

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func FuzzRead(f *testing.F) {
	n := 0
	for line := range strings.Lines(file(f, "testdata/sisimai/cases.jsonl")) {
		var c bounceCase
		if n++; n%8 == 0 && json.Unmarshal([]byte(line), &c) == nil {
			f.Add(file(f, filepath.Join("testdata/sisimai", c.File)))
		}
	}
	f.Add("Nov 22 10:00:00 mx postfix/smtp[12]: 4Xy: to=<a@example.net>, relay=none, dsn=5.1.1, status=bounced (x)\n")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		check := func(r Reply) error {
			e := Explain(r)
			n++
			if len(e.Text) > maxText || strings.ContainsAny(e.Text, "\r\n\x1b") || e.Who != strings.TrimSpace(e.Who) {
				t.Errorf("%q of %q", e.Text, e.Who)
			}
			if Of(e.Class).Class != e.Class {
				t.Errorf("%s is no class", e.Class)
			}
			if c := e.Contact(""); c != nil && (c.To == "" || c.Text == "") {
				t.Errorf("%+v", c)
			}
			return nil
		}
		if err := Read(strings.NewReader(text), check); err != nil {
			t.Error(err)
		}
		n = 0
		if err := Lines(strings.NewReader(text), check); err != nil || n > strings.Count(text, "\n")+1 {
			t.Errorf("%d replies of %d lines, %v", n, strings.Count(text, "\n")+1, err)
		}
	})
}

// BenchmarkLog is the explanation of a log, of which each tenth line is a failure; BenchmarkRaw is its reading alone.
func BenchmarkLog(b *testing.B) {
	log := logOf(10000)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := Read(bytes.NewReader(log), func(r Reply) error { n++; Explain(r); return nil }); err != nil || n != 1000 {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkRaw(b *testing.B) {
	log := logOf(10000)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		s := bufio.NewScanner(bytes.NewReader(log))
		for s.Scan() {
		}
	}
}

func logOf(lines int) []byte {
	var b bytes.Buffer
	for i := range lines {
		if i%10 == 0 {
			fmt.Fprintf(&b, "Nov 22 10:00:00 mx postfix/smtp[12]: 4Xy%d: to=<a%d@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 <a%d@example.net>: Recipient address rejected: User unknown (in reply to RCPT TO command))\n", i, i, i)
		} else {
			fmt.Fprintf(&b, "Nov 22 10:00:00 mx postfix/qmgr[9]: 4Xy%d: from=<x@example.org>, size=1234, nrcpt=1 (queue active)\n", i)
		}
	}
	return b.Bytes()
}

// What strangers send is bounded, whatever they repeat.
// TestLongLine: of a line longer than what is looked at, the beginning is.
func TestLongLine(t *testing.T) {
	const reply = "550 5.1.1 user unknown "
	for name, text := range map[string]string{
		"a line":   reply + strings.Repeat("x", 2*maxText),
		"no code":  "user unknown " + strings.Repeat("x", 2*maxText),
		"a bounce": "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n" + reply + strings.Repeat("x ", maxText),
		"a block":  "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n<a@example.net>:\n" + reply + strings.Repeat("x ", maxText),
	} {
		if l := readAll(t, text); len(l) != 1 || l[0].Class != NoUser {
			t.Errorf("%s: %d replies, %+v", name, len(l), l)
		}
	}
}

func TestBounds(t *testing.T) {
	head := "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n"
	for name, text := range map[string]string{
		"a line":       strings.Repeat("550 user a@example.net ", 20000),
		"lines":        strings.Repeat("550-a\n", 20000),
		"a recipient":  head + "\n" + strings.Repeat("<a@example.net>:\nno\n", 10000),
		"recipients":   head + "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" + strings.Repeat("Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.0.0\n\n", 10000),
		"parts":        head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n", 10000),
		"tags":         head + "Content-Type: text/html\n\n" + strings.Repeat("<style><a", 10000),
		"dashes":       head + "\n" + strings.Repeat("-", 200000),
		"a report":     "From: x\nSubject: x\nContent-Type: text/plain\n\n" + strings.Repeat("\nContent-Type: multipart/report;\n", 10000),
		"no text ends": strings.Repeat("no code here\n", 20000),
	} {
		n := 0
		err := Read(strings.NewReader(text), func(r Reply) error {
			n++
			if e := Explain(r); len(e.Text) > maxText || len(e.More) > 4 {
				t.Errorf("%s: %d octets and %d texts more", name, len(e.Text), len(e.More))
			}
			return nil
		})
		if err != nil || n == 0 || n > maxRecipients {
			t.Errorf("%s: %d replies, %v", name, n, err)
		}
	}
}
