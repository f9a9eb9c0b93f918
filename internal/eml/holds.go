package eml

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" // of signatures that nobody should make any more
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Holds says whether a signature fits the message and the key in p= of a record, whatever else the two say: past its x=, with
// a t= that is still to come, an i= of another domain, without From, by SHA-1, with a key record that RFC 6376 calls void.
// Verify refuses most of these before it looks; some receivers do not mind one or another. The result by RFC 6376 is Verify's;
// forecasts of such receivers ask here. It is false where p= holds no key of the kind that a= names.
func (m *Message) Holds(s Signature, record string) bool {
	sum, ok := m.bodySum(s)
	return ok && len(sum) > 0 && slices.Equal(sum, s.data("bh")) && made(s, m.covered(s), record)
}

// hash is that of a=, as the name of a key type stands before it; 0 where there is none.
func (s Signature) hash() (kind string, hash crypto.Hash) {
	kind, name, _ := strings.Cut(strings.ToLower(s.Tag("a")), "-")
	return kind, hashes[name]
}

// canonical says which canonicalizations are relaxed, by c= (RFC 6376 3.5).
func (s Signature) canonical() (header, body bool) {
	h, b, _ := strings.Cut(strings.ToLower(s.Tag("c")), "/")
	return h == "relaxed", b == "relaxed"
}

// one bounds the memory of what is under way: the canonical form of a body is a copy of it.
var one sync.Mutex

// summed is what the hash of a body depends on.
type summed struct {
	hash    crypto.Hash
	relaxed bool
	length  string
}

// bodySum is the hash of the body as a signature has it; not ok where l= is none, or of more than there is. The bodies of large
// messages take seconds, so each is hashed once in each way.
func (m *Message) bodySum(s Signature) (sum []byte, ok bool) {
	_, hash := s.hash()
	if hash == 0 {
		return nil, false
	}
	_, relaxed := s.canonical()
	k := summed{hash, relaxed, s.Tag("l")}
	one.Lock()
	defer one.Unlock()
	if sum, ok = m.sums[k]; ok {
		return sum, true
	}
	text := canonicalBody(m.Body, relaxed)
	if s.Has("l") { // digits alone (RFC 6376 3.5)
		n, err := strconv.ParseUint(s.Tag("l"), 10, 64)
		if err != nil || n > uint64(len(text)) {
			return nil, false
		}
		text = text[:n]
	}
	sum = digest(hash, text)
	m.sums[k] = sum
	return sum, true
}

// made says whether b= is made over a text, with the private half of the key in p= of a record (RFC 6376 3.3, RFC 8463 3).
func made(s Signature, text, record string) bool {
	kind, hash := s.hash()
	key, err := base64.StdEncoding.DecodeString(blanks.ReplaceAllString(keyData(record), ""))
	if err != nil || hash == 0 {
		return false
	}
	sum := digest(hash, text)
	switch kind {
	case "rsa":
		pub := rsaKey(key)
		return pub != nil && (rsa.VerifyPKCS1v15(pub, hash, sum, s.data("b")) == nil || short(pub, hash, sum, s.data("b")))
	case "ed25519":
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, sum, s.data("b"))
	}
	return false
}

// goBits is the size of the smallest RSA key that Go verifies with.
const goBits = 1024

// digestInfos stand before the hash in a signature by RSA (RFC 8017 9.2).
var digestInfos = map[crypto.Hash]string{
	crypto.SHA1:   "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
}

// short verifies with a key that is too short for Go and for RFC 8301 3.2, and not for every receiver (RFC 8017 8.2.2).
func short(pub *rsa.PublicKey, hash crypto.Hash, sum, sig []byte) bool {
	info := digestInfos[hash] + string(sum)
	size := pub.Size()
	if pub.N.BitLen() >= goBits || len(sig) != size || size < len(info)+11 {
		return false
	}
	text := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, size))
	return string(text) == "\x00\x01"+strings.Repeat("\xff", size-3-len(info))+"\x00"+info
}

var (
	hashes = map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256}
	blanks = regexp.MustCompile(`[ \t\r\n]+`) // of a field, which may be folded
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
			line = squeezed(line)
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

// squeezed is a line with one blank for each run of them, and none at its end. What else Unicode has for blanks is text (RFC
// 6376 2.8). A body may have millions of lines, and a regular expression takes a microsecond for each.
func squeezed(line string) string {
	b := make([]byte, 0, len(line))
	blank := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == ' ' || c == '\t':
			blank = true
		case blank:
			b, blank = append(b, ' ', c), false
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// covered is what the signature is made over (RFC 6376 3.7): the fields of h=, from the bottom of the message, and its own
// without the value of b=. Where h= names its own kind, which it must not unless another stands there (3.5), verifiers come to
// itself, and so do we.
func (m *Message) covered(s Signature) string {
	relaxed, _ := s.canonical()
	var b strings.Builder
	left := map[string][]string{} // by name, from the top; a stranger may write many names, and many fields
	for _, f := range m.Fields {
		name := strings.ToLower(f.Name)
		left[name] = append(left[name], f.Raw)
	}
	for _, name := range s.Covers() {
		if l := left[name]; name != "" && len(l) > 0 {
			b.WriteString(canonicalField(l[len(l)-1], relaxed) + "\r\n")
			left[name] = l[:len(l)-1]
		}
	}
	return b.String() + canonicalField(unsigned(m.Fields[s.field].Raw), relaxed)
}

// unsigned is a field without the value of b=.
func unsigned(raw string) string {
	own := strings.Split(raw, ";")
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
	return strings.Join(own, ";")
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
