package eml

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

// forged is plain with a signature of the tags that are given, in canonical form already.
func (s signer) forged(t testing.TB, tags string) string {
	t.Helper()
	hash, body := crypto.SHA256, "hello\r\n"
	if strings.Contains(tags, "sha1") {
		hash = crypto.SHA1
	}
	if strings.Contains(tags, "l=2;") {
		body = "he"
	}
	sum := func(text string) []byte {
		h := hash.New()
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	field := "DKIM-Signature: v=1; " + tags + " d=shop.example; s=s1; c=relaxed/simple; bh=" + base64.StdEncoding.EncodeToString(sum(body)) + "; b="
	covered := ""
	if strings.Contains(tags, "h=from") {
		covered = "from:Ann <ann@shop.example>\r\n"
	}
	sig, err := s.Sign(rand.Reader, sum(covered+"subject:hi\r\n"+"dkim-signature:"+strings.TrimPrefix(field, "DKIM-Signature: ")), hash)
	if err != nil {
		t.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\r\n" + plain
}

// TestHolds: what some receivers take although Verify does not.
func TestHolds(t *testing.T) {
	key, other, ed := newSigner(t, 2048), newSigner(t, 2048), newSigner(t, 0)
	relaxed := dkim.SignOptions{HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed"}
	good := key.sign(t, plain, relaxed)
	pkcs1 := "p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(key.Public().(*rsa.PublicKey)))
	for _, tt := range []struct {
		name, text, record string
		want               bool
	}{
		{"simple", key.sign(t, plain, dkim.SignOptions{}), key.record, true},
		{"relaxed", good, key.record, true},
		{"refolded, with blanks", strings.NewReplacer("Subject: hi", "subject:   hi\r\n ", "hello", "hello \t").Replace(good), key.record, true},
		{"line ends of Unix", strings.ReplaceAll(good, "\r\n", "\n"), key.record, true},
		{"ed25519", ed.sign(t, plain, relaxed), ed.record, true},
		{"no body", key.sign(t, "From: a@shop.example\r\n\r\n", relaxed), key.record, true},
		{"no body, simple", key.sign(t, "From: a@shop.example\r\n\r\n", dkim.SignOptions{}), key.record, true},
		{"expired", key.forged(t, "a=rsa-sha256; x=1000; h=from:subject;"), key.record, true},
		{"SHA-1", key.forged(t, "a=rsa-sha1; h=from:subject;"), key.record, true},
		{"without From", key.forged(t, "a=rsa-sha256; h=subject;"), key.record, true},
		{"a part of the body", strings.Replace(key.forged(t, "a=rsa-sha256; l=2; h=from:subject;"), "hello", "hex", 1), key.record, true},
		{"another part", strings.Replace(key.forged(t, "a=rsa-sha256; l=2; h=from:subject;"), "hello", "hullo", 1), key.record, false},
		{"a void record", good, strings.Replace(key.record, "v=DKIM1; ", `v=DKIM1\; k=rsa\; `, 1), true},
		{"a key in its other form", good, pkcs1, true},
		{"two keys", good, other.record + "; " + strings.TrimPrefix(key.record, "v=DKIM1; "), true},
		{"more of the body than there is", key.forged(t, "a=rsa-sha256; l=200; h=from:subject;"), key.record, false},
		{"a length that is none", key.forged(t, "a=rsa-sha256; l=-1; h=from:subject;"), key.record, false},
		{"no-break spaces, which are text", key.sign(t, strings.Replace(plain, "hi", "hi\u00a0", 1), relaxed), key.record, true},
		{"a form feed, likewise", key.sign(t, strings.Replace(plain, "hi", "hi\f", 1), relaxed), key.record, true},
		{"another key", good, other.record, false},
		{"a key of another type", good, ed.record, false},
		{"no key", good, "v=DKIM1; k=rsa", false},
		{"no base64", good, "p=***", false},
		{"a changed body", strings.Replace(good, "hello", "hullo", 1), key.record, false},
		{"a changed field", strings.Replace(good, "Subject: hi", "Subject: ho", 1), key.record, false},
		{"no signature", "DKIM-Signature: v=1; a=rsa-sha256; bh=x; b=***\r\n" + plain, key.record, false},
		{"a hash that there is not", strings.Replace(good, "rsa-sha256", "rsa-md5", 1), key.record, false},
	} {
		m := parse(t, tt.text)
		l, _ := m.Signatures()
		if got := m.Holds(l[0], tt.record); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestVerifyCopied: z= holds words that end in "b=", and the library takes what follows for the signature.
func TestVerifyCopied(t *testing.T) {
	key := newSigner(t, 2048)
	good := key.forged(t, "a=rsa-sha256; h=from:subject; z=Subject:the=20web=20page;")
	for _, tt := range []struct{ name, text, want string }{
		{"as it was signed", good, "pass"},
		{"changed", strings.Replace(good, "Subject: hi", "Subject: ho", 1), "fail"},
		{"of a part of the body", key.forged(t, "a=rsa-sha256; l=2; h=from:subject;"), "pass"},
	} {
		m := parse(t, tt.text)
		l, _ := m.Signatures()
		if result, why := m.Verify(l[0], key.record); result != tt.want {
			t.Errorf("%s: %s %s", tt.name, result, why)
		}
	}
}

// FuzzHolds: whatever the library signs and takes, in each canonicalization, verifies here and fits; and with another key it does
// not. The library has code of its own.
func FuzzHolds(f *testing.F) {
	key, other := newSigner(f, 0), newSigner(f, 0)
	for _, body := range []string{"", "\r\n", "\r\n\r\n", " \t\r\n \r\n", "a", "a \t b\t\r\n\r\n", "a\n\nb\n", "\u00a0\r\n", "\v\f\r\n"} {
		f.Add("X: a  b\t\r\n c \r\nx : d\r\n", body, "from:x:x:x:y")
	}
	f.Fuzz(func(t *testing.T, header, body, names string) {
		// A CR by itself is no line end (RFC 5322 2.3), and the library takes it for one.
		alone := strings.Contains(strings.ReplaceAll(header+"\r\n"+body, "\r\n", ""), "\r")
		beyond := strings.ContainsFunc(names, func(r rune) bool { return r < ' ' || r > '~' }) // no tag list, which the library does not mind
		if alone || beyond || strings.ContainsAny(names, ";=") || len(header)+len(body) > 64<<10 {
			return
		}
		for _, c := range []dkim.Canonicalization{"simple", "relaxed"} {
			var b bytes.Buffer
			o := dkim.SignOptions{Domain: "shop.example", Selector: "s1", Signer: key, HeaderCanonicalization: c, BodyCanonicalization: c, HeaderKeys: strings.Split(names, ":")}
			if err := dkim.Sign(&b, strings.NewReader("From: a@shop.example\r\n"+header+"\r\n"+body), &o); err != nil {
				continue
			}
			taken, _ := dkim.VerifyWithOptions(bytes.NewReader(b.Bytes()), &dkim.VerifyOptions{MaxVerifications: 1,
				LookupTXT: func(string) ([]string, error) { return []string{key.record}, nil }})
			m, err := Parse(&b)
			if err != nil {
				continue
			}
			l, _ := m.Signatures()
			none := slices.ContainsFunc(m.Fields, func(f Field) bool { return f.Name == "" }) // a line without a colon is a field to the library
			if len(l) == 0 || none {
				continue
			}
			if result, why := m.Verify(l[0], key.record); len(taken) == 1 && taken[0].Err == nil && (result != "pass" || !m.Holds(l[0], key.record)) {
				t.Errorf("%s: the library takes it, and here it is %s %s", c, result, why)
			}
			if m.Holds(l[0], other.record) {
				t.Errorf("%s: it holds with any key", c)
			}
		}
	})
}

// TestCanonicalBodyBounded: a body of empty lines takes no more memory than any other.
func TestCanonicalBodyBounded(t *testing.T) {
	body := strings.Repeat("\n", 4<<20)
	for _, relaxed := range []bool{false, true} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := canonicalBody(body, relaxed)
		runtime.ReadMemStats(&after)
		if want := map[bool]string{false: "\r\n"}[relaxed]; got != want {
			t.Errorf("relaxed %v: %q", relaxed, got)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*uint64(len(body)) {
			t.Errorf("relaxed %v: %d octets of memory for %d of body", relaxed, took, len(body))
		}
	}
}

// TestHoldsBounded: a key that would take seconds is not tried.
func TestHoldsBounded(t *testing.T) {
	der := append([]byte{0x30, 0x82, 0x10, 0x0a, 0x02, 0x82, 0x10, 0x01, 0x00, 0x80}, []byte(strings.Repeat("\x01", 4095))...)
	der = append(der, 0x02, 0x03, 1, 0, 1)
	if rsaKey(der) != nil {
		t.Error("a key of 32768 bits is taken")
	}
}

func TestAuthors(t *testing.T) {
	for from, want := range map[string]int{"From: a@d.example\r\n": 1, "From: a@d.example, b@d.example\r\n": 2, "From: a@d.example\r\nFrom: b@d.example\r\n": 2, "From: group:;\r\n": 0, "To: x\r\n": 0} {
		if got := parse(t, from+"\r\nx\r\n").Authors(); got != want {
			t.Errorf("%q: %d", from, got)
		}
	}
}
