package eml

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" // of signatures that nobody should make any more
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
)

// Holds says whether a signature fits the message and the key in p= of a record, whatever else the two say: past its x=, with
// a t= that is still to come, an i= of another domain, without From, by SHA-1, over a part of the body alone (l=), with a key
// record that RFC 6376 calls void. Verify, and the library behind it, refuse these before they look; some receivers do not
// mind one or another. The result by RFC 6376 is Verify's; forecasts of such receivers ask here. It is false where p= holds
// no key of the kind that a= names.
func (m *Message) Holds(s Signature, record string) bool {
	key, err := base64.StdEncoding.DecodeString(blanks.ReplaceAllString(keyData(record), ""))
	if err != nil {
		return false
	}
	kind, name, _ := strings.Cut(strings.ToLower(s.Tag("a")), "-")
	hash, ok := hashes[name]
	if !ok {
		return false
	}
	header, body, _ := strings.Cut(strings.ToLower(s.Tag("c")), "/")
	text := canonicalBody(m.Body, body == "relaxed")
	if s.Has("l") { // digits alone, and no more than there is (RFC 6376 3.5)
		n, err := strconv.ParseUint(strings.TrimSpace(s.Tag("l")), 10, 64)
		if err != nil || n > uint64(len(text)) {
			return false
		}
		text = text[:n]
	}
	if base64.StdEncoding.EncodeToString(digest(hash, text)) != blanks.ReplaceAllString(s.Tag("bh"), "") {
		return false
	}
	sum := digest(hash, m.covered(s, header == "relaxed"))
	sig, err := base64.StdEncoding.DecodeString(blanks.ReplaceAllString(s.Tag("b"), ""))
	if err != nil {
		return false
	}
	switch kind {
	case "rsa":
		pub := rsaKey(key)
		return pub != nil && rsa.VerifyPKCS1v15(pub, hash, sum, sig) == nil
	case "ed25519": // RFC 8463 3
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, sum, sig)
	}
	return false
}

var (
	hashes = map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256}
	blanks = regexp.MustCompile(`[ \t\r\n]+`) // of a field, which may be folded
	runs   = regexp.MustCompile(`[ \t]+`)     // WSP of a line (RFC 6376 2.8); what else Unicode has for blanks is text
	keyTag = regexp.MustCompile(`(?:^|[;\\\s])p[ \t]*=([^;]*)`)
)

// keyData is the value of the last p= in a key record, however the rest is written.
func keyData(record string) string {
	found := keyTag.FindAllStringSubmatch(record, -1)
	if found == nil {
		return ""
	}
	return found[len(found)-1][1]
}

func digest(h crypto.Hash, text string) []byte {
	sum := h.New()
	sum.Write([]byte(text))
	return sum.Sum(nil)
}

// maxBits is the size of the longest RSA key that is tried: a longer one takes seconds.
const maxBits = 16 << 10

// rsaKey reads either form that keys are published in, nil where it is none.
func rsaKey(der []byte) *rsa.PublicKey {
	pub, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		key, _ := x509.ParsePKIXPublicKey(der)
		pub, _ = key.(*rsa.PublicKey)
	}
	if pub == nil || pub.N.BitLen() > maxBits {
		return nil
	}
	return pub
}

// canonicalBody is the body as RFC 6376 3.4.3 and 3.4.4 have it. It takes no more memory than the body, whatever that is.
func canonicalBody(body string, relaxed bool) string {
	var b strings.Builder
	b.Grow(len(body) + len("\r\n"))
	empty := 0 // lines, which do not count at the end
	for line := range strings.Lines(body) {
		if l, ended := strings.CutSuffix(line, "\n"); ended {
			line = strings.TrimSuffix(l, "\r")
		}
		if relaxed && strings.ContainsAny(line, " \t") {
			line = strings.TrimRight(runs.ReplaceAllString(line, " "), " ")
		}
		if line == "" {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			b.WriteString("\r\n")
		}
		b.WriteString(line + "\r\n")
	}
	if b.Len() == 0 && !relaxed {
		return "\r\n"
	}
	return b.String()
}

// covered is what the signature is made over (RFC 6376 3.7): the fields of h=, from the bottom of the message, and its own
// without the value of b=.
func (m *Message) covered(s Signature, relaxed bool) string {
	var b strings.Builder
	left := map[string][]string{} // by name, from the top; a stranger may write many names, and many fields
	for _, f := range m.Fields {
		name := strings.ToLower(f.Name)
		left[name] = append(left[name], f.Raw)
	}
	for _, name := range strings.Split(s.Tag("h"), ":") {
		name = strings.ToLower(strings.TrimSpace(name))
		if l := left[name]; name != "" && len(l) > 0 {
			b.WriteString(canonicalField(l[len(l)-1], relaxed) + "\r\n")
			left[name] = l[:len(l)-1]
		}
	}
	own := strings.Split(m.Fields[s.field].Raw, ";")
	for i, tag := range own {
		_, rest, _ := strings.Cut(tag, ":")
		if i > 0 {
			rest = tag
		}
		name, _, _ := strings.Cut(rest, "=")
		if strings.TrimSpace(name) == "b" {
			own[i] = tag[:strings.IndexByte(tag, '=')+1]
		}
	}
	return b.String() + canonicalField(strings.Join(own, ";"), relaxed)
}

// canonicalField is a field without its line end (RFC 6376 3.4.1, 3.4.2).
func canonicalField(raw string, relaxed bool) string {
	raw = strings.TrimRight(raw, "\r\n")
	if !relaxed {
		return strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n")
	}
	name, value, _ := strings.Cut(raw, ":")
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.Trim(blanks.ReplaceAllString(value, " "), " ")
}
