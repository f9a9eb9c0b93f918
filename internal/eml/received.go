package eml

import (
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Received is what one Received field says (RFC 5321 4.4). The server that took the message wrote it, and each product
// writes the name in HELO, the reverse name and the address of the client in its own way:
//
//	from HELO (NAME [IP]) by HOST        Postfix, Sendmail, Gmail and most others; NAME may be "unknown" or missing
//	from NAME ([IP] helo=HELO) by HOST   Exim; without helo= both names are the same
//	from [IP] (helo=HELO) by HOST        Exim, where the address has no name
//	from HELO (IP) by HOST               Exchange
//	from NAME (HELO HELO) (IP) by HOST   qmail; "HELO HELO" is missing where both names are the same
type Received struct {
	Number int // from the top of the message, from 1
	Text   string
	Client bool // it has a from clause: the message came over a connection
	HELO   string
	RDNS   string     // the reverse name; "" where there is none or the field does not say
	IP     netip.Addr // not valid where none is named
	By     string
	With   string    // the protocol
	TLS    string    // the version, as "TLS 1.3"; "TLS" where it is not told; "none" where the protocol says so; "" where nothing does
	Time   time.Time // when By took the message; zero where it cannot be read

	auth  bool // an authenticated user handed the message in
	loose bool // RDNS does not lead back to the address, as Sendmail says: it is the client's own word
	plain bool // the address stands without brackets, as Exchange writes it: there is no place for a reverse name
	field int  // its place in Fields
}

// maxName bounds what is taken for a name (RFC 5321 4.5.3.1.2).
const maxName = 255

// Received are the Received fields, from the top.
func (m *Message) Received() []Received {
	var l []Received
	for i, f := range m.Fields {
		if f.Is("Received") {
			r := received(f.Value)
			r.Number, r.field = len(l)+1, i
			l = append(l, r)
		}
	}
	return l
}

// token is one word or one comment, without its parentheses.
type token struct {
	text    string
	comment bool
}

// tokens cuts a structured field up to its first semicolon, such as that in front of a date, and gives what stands behind.
// Comments nest (RFC 5322 3.2.2).
func tokens(s string) (l []token, rest string, more bool) {
	depth, start, quoted := 0, -1, false
	end := func(i int) {
		if start >= 0 && depth == 0 {
			l, start = append(l, token{text: s[start:i]}), -1
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			if start < 0 {
				start = i
			}
			i++
		case quoted:
			quoted = c != '"'
		case c == '(':
			if depth == 0 {
				end(i)
				start = i + 1
			}
			depth++
		case c == ')' && depth > 0:
			if depth--; depth == 0 {
				l, start = append(l, token{s[start:i], true}), -1
			}
		case depth > 0:
		case c == ';':
			end(i)
			return l, s[i+1:], true
		case c == ' ' || c == '\t':
			end(i)
		default:
			if start < 0 {
				start = i
			}
			quoted = c == '"'
		}
	}
	if depth > 0 { // a comment that nobody ends
		return append(l, token{s[start:], true}), "", false
	}
	end(len(s))
	return l, "", false
}

// received reads the value of a Received field.
func received(value string) Received {
	r := Received{Text: value}
	l, date, _ := tokens(value)
	if t, err := mail.ParseDate(strings.TrimSpace(date)); err == nil {
		r.Time = t.UTC()
	}
	by := slices.IndexFunc(l, func(t token) bool { return !t.comment && strings.EqualFold(t.text, "by") })
	if by >= 0 {
		r.By = name(wordAfter(l[by:], "by"))
		r.With = strings.ToUpper(name(wordAfter(l[by:], "with")))
		if r.With == "" {
			r.With = strings.ToUpper(name(wordAfter(l[by:], "via")))
		}
	} else {
		by = len(l)
	}
	r.TLS = encryption(r.With, strings.TrimSuffix(value, date))
	if len(l) < 2 || l[0].comment || !strings.EqualFold(l[0].text, "from") {
		return r
	}
	r.Client = true
	exim := slices.ContainsFunc(l[by:], func(t token) bool { return t.comment && strings.HasPrefix(t.text, "Exim") })
	r.client(l[1:max(by, 1)], exim)
	return r
}

// tlsVersion is a version of TLS as products write it: TLSv1.3, TLS1_3, TLS1.3.
var tlsVersion = regexp.MustCompile(`(?i)\bTLS ?v?1[._]([0-3])\b`)

// encryption is what a field says of TLS: the protocols whose names end in S or SA are those over it (RFC 3848).
func encryption(with, text string) string {
	protocol := strings.TrimSuffix(strings.TrimPrefix(with, "UTF8"), "A")
	switch m := tlsVersion.FindStringSubmatch(text); {
	case m != nil:
		return "TLS 1." + m[1]
	case strings.Contains(with, "TLS"), protocol == "ESMTPS" || protocol == "SMTPS" || protocol == "LMTPS" || protocol == "HTTPS":
		return "TLS"
	case protocol == "SMTP" || protocol == "ESMTP" || protocol == "LMTP":
		return "none"
	}
	return ""
}

// wordAfter is the word behind another one, "" where there is none.
func wordAfter(l []token, word string) string {
	for i, t := range l[:max(len(l)-1, 0)] {
		if !t.comment && strings.EqualFold(t.text, word) && !l[i+1].comment {
			return l[i+1].text
		}
	}
	return ""
}

// client reads the from clause without its first word.
func (r *Received) client(l []token, exim bool) {
	first, helo, rdns, told := "", "", "", false
	for i, t := range l {
		if !t.comment {
			if i == 0 {
				first = t.text
			}
			if a, bracketed := literal(t.text); a.IsValid() && i > 0 && bracketed && !r.IP.IsValid() {
				r.IP = a
			}
			continue
		}
		r.loose = r.loose || strings.HasSuffix(t.text, "(may be forged)")
		words := apart(strings.Fields(uncommented(t.text)))
		for j, w := range words {
			key, value, is := strings.Cut(w, "=")
			switch {
			case is && strings.EqualFold(key, "helo"):
				helo, told = value, true
			case (strings.EqualFold(w, "HELO") || strings.EqualFold(w, "EHLO")) && j+1 < len(words):
				helo, told = words[j+1], true
			case strings.EqualFold(w, "authenticated"):
				r.auth = true
			}
		}
		for j, w := range words {
			a, bracketed := literal(w)
			if !a.IsValid() || r.IP.IsValid() {
				continue
			}
			r.IP, r.plain = a, !bracketed
			if j > 0 {
				rdns = words[0]
			}
		}
	}
	if a, _ := literal(first); a.IsValid() && !r.IP.IsValid() {
		r.IP, first = a, ""
	}
	switch {
	case told:
		rdns = first
	case exim:
		helo, rdns = first, first
	default:
		helo = first
	}
	if a, _ := literal(rdns); a.IsValid() {
		rdns = ""
	}
	r.RDNS = known(strings.TrimSuffix(name(rdns[strings.LastIndexByte(rdns, '@')+1:]), ".")) // ident@ may stand in front
	r.HELO = known(name(helo))
}

// apart parts a name from the address that some write right behind it, as in "mail.example.com[192.0.2.1]".
func apart(words []string) []string {
	var l []string
	for _, w := range words {
		if i := strings.IndexByte(w, '['); i > 0 && !strings.ContainsRune("=@", rune(w[i-1])) {
			l = append(l, w[:i])
			w = w[i:]
		}
		l = append(l, w)
	}
	return l
}

// known is a name, "" for the word that says that there is none.
func known(s string) string {
	if strings.EqualFold(s, "unknown") {
		return ""
	}
	return s
}

// name is what can be one.
func name(s string) string {
	if len(s) > maxName || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return s
}

// uncommented is a text without the comments in it.
func uncommented(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	l, _, _ := tokens(s)
	for _, t := range l {
		if !t.comment {
			b.WriteString(t.text + " ")
		}
	}
	return b.String()
}

// literal is an address, in brackets (RFC 5321 4.1.3) or without, with a port behind it as Exim writes it, or with a user in
// front as qmail does.
func literal(s string) (a netip.Addr, bracketed bool) {
	if len(s) > maxName {
		return a, false
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	if rest, ok := strings.CutPrefix(s, "["); ok {
		s, _, bracketed = strings.Cut(rest, "]")
		if !bracketed {
			return a, false
		}
	}
	if len(s) > 5 && strings.EqualFold(s[:5], "IPv6:") {
		s = s[5:]
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap(), bracketed
}
