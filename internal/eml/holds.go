package eml

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" // of signatures that nobody should make any more
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Holds says whether a signature fits the message and the key in p= of a record, whatever else the two say: past its x=, with
// a t= that is still to come, an i= of another domain, without From, by SHA-1, over a part of the body alone (l=), with a key
// record that RFC 6376 calls void. Verify, and the library behind it, refuse these before they look; some receivers do not
// mind one or another. It is false where p= holds no key of the kind that a= names.
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
	if n, err := strconv.Atoi(strings.TrimSpace(s.Tag("l"))); err == nil && n >= 0 && n <= len(text) {
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
	blanks = regexp.MustCompile(`[ \t\r\n]+`)
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

// canonicalBody is the body as RFC 6376 3.4.3 and 3.4.4 have it.
func canonicalBody(body string, relaxed bool) string {
	lines := strings.Split(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
	if relaxed {
		for i, l := range lines {
			lines[i] = strings.TrimRight(blanks.ReplaceAllString(l, " "), " ")
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 && relaxed {
		return ""
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// covered is what the signature is made over (RFC 6376 3.7): the fields of h=, from the bottom of the message, and its own
// without the value of b=.
func (m *Message) covered(s Signature, relaxed bool) string {
	var b strings.Builder
	left := slices.Clone(m.Fields)
	for _, name := range strings.Split(s.Tag("h"), ":") {
		for i := len(left) - 1; i >= 0; i-- {
			if left[i].Is(strings.TrimSpace(name)) {
				b.WriteString(canonicalField(left[i].Raw, relaxed) + "\r\n")
				left = slices.Delete(left, i, i+1)
				break
			}
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
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.TrimSpace(blanks.ReplaceAllString(value, " "))
}
