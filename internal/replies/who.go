package replies

import (
	"regexp"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/receivers"
)

// sign is how a receiver is known: by the names of its hosts, never by the recipient's domain, or by words of its own.
type sign struct {
	who   string
	hosts []string // suffixes
	words string   // a pattern over the lower-cased text
}

var signs = []sign{
	{"outlook", []string{"olc.protection.outlook.com", "hotmail.com"}, `olc\.protection\.outlook\.com|olcsupport\.office\.com|mail\.live\.com|\((?:rp|sc|dy|ou)-00\d\)|\b(?:rp|sc|dy|ou)-00\d\b|\(s3(?:140|150)\)`},
	{"microsoft365", []string{"mail.protection.outlook.com", "mx.microsoft", "protection.outlook.com"},
		`prod\.(?:protection\.)?outlook\.com|sender\.office\.com|\bas16012\d{3}\b|delist@m|resolver\.(?:rst|adr|grp)\.|storedrv\.|smtpsend\.|tenantattribution`},
	{"gmail", []string{"google.com", "googlemail.com", "gmail.com"}, `gsmtp\b|groups\.google\.com|support\.google\.com|gmail requires`},
	{"yahoo", []string{"yahoodns.net", "yahoo.com", "aol.com", "yahoo.co.jp"}, `(?:postmaster|senders)\.yahooinc\.com|help\.yahoo\.com|postmaster\.aol\.com|\[tss\d\d\]|\[(?:bl2\d|ph01)\]`},
	{"icloud", []string{"mail.icloud.com", "icloud.com", "me.com"}, `support\.apple\.com|\[(?:hme1|cs0\d|hm08)\]`},
	{"webde", []string{"web.de"}, `postmaster\.web\.de`},
	{"gmx", []string{"gmx.net", "gmx.com", "kundenserver.de", "ionos.com", "ionos.de"}, `postmaster\.gmx\.|nemesis esmtp`},
	{"tonline", []string{"t-online.de"}, `t-online\.de|\((?:nowl|diag)\)`},
	{"orange", []string{"orange.fr", "wanadoo.fr"}, `\bofr_?\d{3}|\bofr\d{3}_\d{3}`},
	{"laposte", []string{"laposte.net"}, `\blpn(?:aaa|\d{3})_\d{3}`},
	{"mailru", []string{"mail.ru"}, `help\.mail\.ru`},
	{"comcast", []string{"comcast.net"}, `comcast`},
	{"cox", []string{"cox.net", "cloudfilter.net"}, `\bipbl[01]{4}\b|\bcx(?:dns|bl|sndr|mxrt|mtaudit)|\bcdrbl\b|\burlbl[01]{3}\b`},
	{"spectrum", []string{"charter.net", "rr.com", "spectrum.net"}, `\baup#`},
	{"mimecast", []string{"mimecast.com"}, `mimecast|envelope (?:rejected|blocked)`},
	{"proofpoint", []string{"pphosted.com", "ppe-hosted.com"}, `support\.proofpoint\.com|ipcheck\.proofpoint`},
	{"barracuda", []string{"barracudanetworks.com"}, `barracuda`},
	{"tencent", []string{"qq.com", "exmail.qq.com"}, `mail\.qq\.com`},
	{"netease", []string{"163.com", "netease.com", "126.com"}, `mail\.163\.com`},
	{"godaddy", []string{"secureserver.net"}, `\bib[1-7]\d\d\b`},
	{"au", []string{"ezweb.ne.jp", "au.com"}, ``},
	{"docomo", []string{"docomo.ne.jp"}, ``},
	{"ironport", []string{"iphmx.com"}, `ironport`},
	{"zoho", []string{"zoho.com", "zoho.eu"}, ``},
	{"yandex", []string{"yandex.net", "yandex.ru"}, `ya\.cc/|yandex`},
	{"facebook", []string{"facebook.com"}, `postmaster\.facebook\.com`},
	{"free", []string{"free.fr"}, ``},
	{"sfr", []string{"sfr.fr"}, ``},
	{"amazonses", []string{"amazonaws.com"}, ``},
}

var signWords = sync.OnceValue(func() []*matcher {
	l := make([]*matcher, len(signs))
	for i, s := range signs {
		if s.words != "" {
			l[i] = newMatcher(s.words)
		}
	}
	return l
})

// receiver is who replied: by its host, by its words, else the domain of the host, else that of the recipient. known is false
// for the latter two.
func receiver(r Reply, text string) (who string, known bool) {
	for _, s := range signs {
		for _, h := range s.hosts {
			if r.Host == h || strings.HasSuffix(r.Host, "."+h) {
				return s.who, true
			}
		}
	}
	words := signWords()
	for i, s := range signs {
		if words[i] != nil && words[i].MatchString(text) {
			return s.who, true
		}
	}
	if r.Host != "" {
		return registrable(r.Host), false
	}
	if i := strings.LastIndexByte(r.Recipient, '@'); i >= 0 {
		return hostName(r.Recipient[i+1:]), false
	}
	return "", false
}

func registrable(host string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return d
	}
	return host
}

// told is a receiver's reply as its book has it.
type told struct {
	who    string
	text   *matcher
	size   int // octets of it that are fixed
	first  int // digit of its code, 0 without one
	rules  []string
	source receivers.Source
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// books are the reply texts that the receivers' books know, and the rules that stand behind them.
var books = sync.OnceValue(func() (l []told) {
	for _, b := range receivers.Books {
		for _, q := range b.Requirements {
			text := joined(oneLine(strings.TrimPrefix(q.Reply, ".. ")), bookCode(q.Reply))
			text = lowered(strings.TrimLeft(text, "0123456789. "))
			text, _, _ = strings.Cut(text, ". see http") // pages move
			size, exact := 0, ""
			for i, part := range placeholder.Split(text, -1) {
				if i > 0 {
					exact += `\S+`
				}
				exact += regexp.QuoteMeta(part)
				size += len(part)
			}
			if size < 7 || len(q.Rules) == 0 {
				continue
			}
			// Gmail's page says "email" where the wire says "mail".
			exact = strings.ReplaceAll(exact, "email", "e?mail")
			t := told{who: b.Receiver, text: newMatcher(exact), size: size, first: bookCode(q.Reply) / 100, rules: q.Rules}
			for _, s := range b.Sources {
				if s.ID == q.Source {
					t.source = s
				}
			}
			l = append(l, t)
		}
	}
	return l
})

func bookCode(s string) int { n, _ := codes(s); return n }

// inBooks are the rules behind a text that a book knows: of the receiver that said it with a code of that kind, or, where a text is long enough to be
// nobody else's, of any. The longest text counts; where several requirements have the same, the rules of all do.
func inBooks(who string, code int, text string) (rules []string, source receivers.Source) {
	longest := 0
	for _, t := range books() {
		if t.who != who && t.size < 40 || t.first > 0 && code > 0 && t.first != code/100 || t.size < longest || !t.text.MatchString(text) {
			continue
		}
		if t.size > longest {
			longest, rules, source = t.size, nil, t.source
		}
		for _, r := range t.rules {
			rules = appendNew(rules, r)
		}
	}
	return rules, source
}

func appendNew(l []string, s string) []string {
	for _, x := range l {
		if x == s {
			return l
		}
	}
	return append(l, s)
}
