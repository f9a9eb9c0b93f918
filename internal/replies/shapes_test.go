package replies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestShapes: each form of bounce is read, whoever made it; its name says which reasons and recipients are in it.
func TestShapes(t *testing.T) {
	a := txtar.Parse([]byte(file(t, "testdata/shapes.txtar")))
	if len(a.Files) < 80 {
		t.Fatalf("%d messages", len(a.Files))
	}
	for _, f := range a.Files {
		name, want, _ := strings.Cut(f.Name, ": ")
		var got []string
		for _, e := range readAll(t, string(f.Data)) {
			got = append(got, strings.TrimSpace(e.Sisimai+" "+e.Recipient))
		}
		if l := strings.Join(got, ";"); l != want {
			t.Errorf("%s: %s, and not %s", name, l, want)
		}
	}
}

// TestLogLines: a line "= class recipient sender address outcome" says what the line before it tells; "-" stands for nothing, and "= nothing"
// for a line that tells of no failure.
func TestLogLines(t *testing.T) {
	line, n := "", 0
	for next := range strings.Lines(file(t, "testdata/logs.txt")) {
		want, is := strings.CutPrefix(strings.TrimSpace(next), "= ")
		if !is {
			line = strings.TrimRight(next, "\n")
			continue
		}
		n++
		got := "nothing"
		if r, is, failed := fromLog(line); failed {
			e := Explain(r)
			outcome := map[bool]string{true: "permanent", false: "temporary"}[e.Permanent]
			f := []string{string(e.Class), e.Recipient, e.Sender, e.IP, outcome}
			for i, s := range f {
				if s == "" {
					f[i] = "-"
				}
			}
			got = strings.Join(f, " ")
			if strings.Contains(e.Text, "T=") || strings.Contains(e.When, ",") {
				t.Errorf("%q is said at %q", e.Text, e.When)
			}
		} else if !is {
			got = "no log"
		}
		if got != want {
			t.Errorf("%s, and not %s: %s", got, want, line)
		}
	}
	if n < 40 {
		t.Errorf("%d lines", n)
	}
}

var (
	oneAddress = regexp.MustCompile(`[A-Za-z0-9.]+@[a-z.]+`)
	twoCodes   = regexp.MustCompile(`\b([245]\d\d)([ -])[245]\.\d{1,3}\.\d{1,3} `)
	firstCode  = regexp.MustCompile(`^([245]\d\d) (.*)`)
)

// wrapped is a text in lines that are about so long.
func wrapped(s string, n int) []string {
	var l []string
	for _, w := range strings.Fields(s) {
		if k := len(l) - 1; k >= 0 && len(l[k])+len(w) < n {
			l[k] += " " + w
		} else {
			l = append(l, w)
		}
	}
	return l
}

// eachCoded is a reply with its code on each of its lines (RFC 5321 4.2.1).
func eachCoded(s string) string {
	m := firstCode.FindStringSubmatch(s)
	if m == nil || strings.Contains(s, m[1]+"-") {
		return s
	}
	l := wrapped(m[2], 30)
	for i := range l[:len(l)-1] {
		l[i] = m[1] + "-" + l[i]
	}
	l[len(l)-1] = m[1] + " " + l[len(l)-1]
	return strings.Join(l, "\r\n")
}

// TestSameCause: the cause of a reply does not hang on what is another in each bounce: the address, the host and its address, where lines
// break, letters' case, quotes, a page that is named, the code beside the words, and who tells of it.
func TestSameCause(t *testing.T) {
	const to, host = "spam.blocked_user-unknown@mailbox-full.example", "mx.spam-relay.mailbox.example"
	others := []struct {
		name string
		make func(string) string
	}{
		{"capitals", strings.ToUpper},
		{"small letters", strings.ToLower},
		{"address", func(s string) string { return oneAddress.ReplaceAllString(s, to) }},
		{"IPv4", func(s string) string { return strings.ReplaceAll(s, "192.0.2.1", "203.0.113.250") }},
		{"IPv6", func(s string) string { return strings.ReplaceAll(s, "192.0.2.1", "2001:db8::25") }},
		{"narrow", func(s string) string { return strings.Join(wrapped(s, 20), "\n    ") }},
		{"wide", func(s string) string { return strings.Join(wrapped(s, 50), "\r\n\t") }},
		{"each coded", eachCoded},
		{"one code", func(s string) string { return twoCodes.ReplaceAllString(s, "$1$2") }},
		{"Postfix", func(s string) string {
			return "host " + host + "[203.0.113.7] said: " + s + " (in reply to RCPT TO command)"
		}},
		{"Exim", func(s string) string {
			return "SMTP error from remote mail server after RCPT TO:<" + to + ">: host " + host + " [203.0.113.7]: " + s
		}},
		{"Sendmail", func(s string) string { return "<" + to + ">... " + s }},
		{"quotes", func(s string) string { return `"` + s + `"` }},
		{"typesetting", strings.NewReplacer("'", "\u2019", " ", "\u00a0").Replace},
		{"queue", func(s string) string { return s + " 4XyZ12abcdz9-q" }},
		{"page", func(s string) string { return s + " https://help.example/errors/spam-blocked-full-user-unknown" }},
	}
	n := 0
	for line := range strings.Lines(file(t, "testdata/wordings.tsv")) {
		_, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || strings.Contains(text, "in reply to") {
			continue
		}
		want := Explain(New(text)).Class
		n++
		for i, o := range others {
			if (i+n)%4 != 0 { // each way of saying it is tried on a quarter of them
				continue
			}
			if e := Explain(New(o.make(text))); e.Class != want {
				t.Errorf("%s: %s, and not %s: %q", o.name, e.Class, want, o.make(text))
			}
		}
	}
}

// TestPages: a bounce in HTML says the same as its text.
func TestPages(t *testing.T) {
	for _, text := range []string{"550 5.1.1 User unknown", "552 5.2.2 mailbox full", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"} {
		page := fmt.Sprintf("From: MAILER-DAEMON@mx.example\nSubject: Undeliverable\nContent-Type: text/html\n\n<html><head><style>spam{}</style></head><body><p>Your message to <b>a@example.net</b> was not delivered:</p><td>%s</td></body></html>\n",
			strings.ReplaceAll(text, " ", "&nbsp;"))
		l := readAll(t, page)
		if want := Explain(New(text)); len(l) != 1 || l[0].Class != want.Class || l[0].Recipient != "a@example.net" {
			t.Errorf("%s: %+v", text, l)
		}
	}
}

// TestForwarded: a bounce is found in what it was forwarded in, as deep as the bound.
func TestForwarded(t *testing.T) {
	text := "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n<a@example.net>:\n550 no such user\n"
	for depth := range maxForwards + 2 {
		l := readAll(t, text)
		if got := len(l) == 1 && l[0].Class == NoUser; got != (depth <= maxForwards) {
			t.Errorf("%d deep: %+v", depth, l)
		}
		text = fmt.Sprintf("From: x@example.org\nSubject: look\nContent-Type: multipart/mixed; boundary=b%d\n\n--b%[1]d\n\nsee below\n--b%[1]d\nContent-Type: message/rfc822\n\n%s\n--b%[1]d--\n", depth, text)
	}
}

// TestNotAboutCodes: codes that receivers reuse decide nothing where the words say something else (T28).
func TestNotAboutCodes(t *testing.T) {
	for _, c := range []struct {
		reply string
		class Class
	}{
		{"550 5.7.60 SMTP; Client does not have permissions to send as this sender [X.prod.outlook.com]", SenderRefused},
		{"550 5.7.606 Access denied, banned sending IP [192.0.2.1] [X.prod.outlook.com]", Blocked},
		{"550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus [X.prod.outlook.com]", Listed},
		{"550 5.7.1 Unauthenticated email from example.org is not accepted due to domain's DMARC policy [X.prod.outlook.com]", DMARC},
	} {
		if e := Explain(New(c.reply)); e.Class != c.class {
			t.Errorf("%q is %s (%s)", c.reply, e.Class, e.Basis)
		}
	}
	if !slices.ContainsFunc(codesOf, func(p pattern) bool { return p.code == "5.7.60*" }) {
		t.Error("nothing is left to be told from 5.7.60")
	}
}
