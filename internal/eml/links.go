package eml

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"mailaudit/internal/names"
)

// Bounds on the links of a message.
const (
	maxLinks   = 10000 // URLs that are looked at
	maxTargets = 1000  // hosts that are kept
)

// written finds web addresses in text (RFC 3986 appendix C).
var written = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"'\x60]+`)

// Links are the hosts that the text and HTML parts of the message lead to, A-label names, each once and in order. Addresses in
// place of names are left out.
func (m *Message) Links() []string {
	l := []string{}
	n := 0
	add := func(address string) {
		if n++; n > maxLinks || len(l) == maxTargets {
			return
		}
		if h := linked(address); h != "" && !slices.Contains(l, h) {
			l = append(l, h)
		}
	}
	for _, p := range m.Parts() {
		switch p.Kind {
		case "text/html":
			attributes(p.Text, add)
		case "text/plain":
			for _, u := range written.FindAllString(p.Text, maxLinks) {
				add(strings.TrimRight(u, ".,;:!?)]}"))
			}
		}
	}
	return l
}

// leading are the attributes of HTML that hold an address (HTML 4.01, "index of attributes", and what replaced it).
var leading = []string{"href", "src", "action", "background", "formaction", "poster"}

// attributes gives each address in a page.
func attributes(page string, add func(string)) {
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			for more := true; more; {
				var key, value []byte
				if key, value, more = z.TagAttr(); slices.Contains(leading, string(key)) {
					add(strings.TrimSpace(string(value)))
				}
			}
		}
	}
}

// linked is the host of a web address, "" where it is none.
func linked(address string) string {
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	}
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return ""
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ""
	}
	h, err := names.Domain(u.Hostname())
	if err != nil {
		return ""
	}
	return h
}

// Attachments are the names of the files in the message, in order.
func (m *Message) Attachments() []string {
	l := []string{}
	for _, p := range m.Parts() {
		if p.Name != "" {
			l = append(l, p.Name)
		}
	}
	return l
}
