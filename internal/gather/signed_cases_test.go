package gather

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// signedCase is a message with a signature, the keys, and what RFC 6376, 8301 and 8463 say of it. A build with the tag lab has
// real verifiers look at the same.
type signedCase struct {
	name  string
	text  string
	keys  map[string]string // by name; "" is NXDOMAIN
	want  string            // the result; of several signatures, each
	valid bool              // verifiers that follow the standards to the letter take one of the signatures
}

// The keys in testdata/dkim were made for these tests, and by the RFC 8463 for its example.
type testKey struct {
	n, d    *big.Int // of an RSA key; Go makes no signature with a short one
	ed      ed25519.PrivateKey
	public  string // p=
	keyType string
}

var testKeys = func() map[string]testKey {
	keys := map[string]testKey{}
	for _, name := range []string{"rsa2048", "rsa1024", "rsa768", "rsa512"} {
		b, err := os.ReadFile("testdata/dkim/" + name + ".pem")
		if err != nil {
			panic(err)
		}
		block, _ := pem.Decode(b)
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			panic(err)
		}
		keys[name] = testKey{key.N, key.D, nil, base64.StdEncoding.EncodeToString(der), "rsa"}
	}
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	keys["ed"] = testKey{ed: private, public: base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey)), keyType: "ed25519"}
	return keys
}()

func (k testKey) record() string { return "v=DKIM1; k=" + k.keyType + "; p=" + k.public }

// digestInfo stands before the hash in a signature by RSA (RFC 8017 9.2).
var digestInfo = map[crypto.Hash]string{crypto.SHA1: "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"}

func (k testKey) sign(hash crypto.Hash, sum []byte) []byte {
	if k.ed != nil {
		return ed25519.Sign(k.ed, sum)
	}
	size := (k.n.BitLen() + 7) / 8
	info := digestInfo[hash] + string(sum)
	padded := "\x00\x01" + strings.Repeat("\xff", size-3-len(info)) + "\x00" + info
	return new(big.Int).Exp(new(big.Int).SetBytes([]byte(padded)), k.d, k.n).FillBytes(make([]byte, size))
}

// forgery says how a signature is made. Tags take the place of the usual ones by name; one without a value leaves its tag out.
type forgery struct {
	key    string
	tags   []string
	folded bool // b= and h= over several lines
}

const usualTags = "v=1|a=rsa-sha256|c=relaxed/relaxed|d=shop.example|s=sel|t=1700000000|h=From:To:Subject:Date:Message-ID"

// sign puts a signature on top of a message.
func (x forgery) sign(text string) string {
	key := testKeys[or(x.key, "rsa2048")]
	tags := strings.Split(usualTags, "|")
	for _, t := range x.tags {
		name, _, has := strings.Cut(t, "=")
		i := slices.IndexFunc(tags, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		switch {
		case i >= 0 && has:
			tags[i] = t
		case i >= 0:
			tags = slices.Delete(tags, i, i+1)
		default:
			tags = append(tags, t)
		}
	}
	value := func(name string) string {
		for _, t := range tags {
			if v, ok := strings.CutPrefix(t, name+"="); ok {
				return v
			}
		}
		return ""
	}
	hash, sum := crypto.SHA256, func(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }
	if strings.HasSuffix(value("a"), "sha1") {
		hash, sum = crypto.SHA1, func(s string) []byte { h := sha1.Sum([]byte(s)); return h[:] }
	}
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	header, bodies, _ := strings.Cut(value("c"), "/")
	body = bodyForm(body, bodies == "relaxed")
	if n, err := strconv.ParseUint(value("l"), 10, 31); err == nil {
		body = body[:min(int(n), len(body))]
	}
	if value("bh") == "" {
		tags = append(tags, "bh="+base64.StdEncoding.EncodeToString(sum(body)))
	}
	fields := regexp.MustCompile(`\r\n([^ \t])`).Split(head, -1)
	for i, m := range regexp.MustCompile(`\r\n([^ \t])`).FindAllStringSubmatch(head, -1) {
		fields[i+1] = m[1] + fields[i+1]
	}
	covered := ""
	for _, name := range strings.Split(value("h"), ":") {
		for i := len(fields) - 1; i >= 0; i-- {
			if n, _, _ := strings.Cut(fields[i], ":"); strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(name)) {
				covered += fieldForm(fields[i], header == "relaxed") + "\r\n"
				fields = slices.Delete(fields, i, i+1)
				break
			}
		}
	}
	between := "; "
	if x.folded {
		between = ";\r\n\t"
	}
	field := "DKIM-Signature: " + strings.Join(tags, between) + between + "b="
	if x.folded {
		field = strings.Replace(field, ":To:", ":\r\n To :\r\n ", 1)
	}
	b := base64.StdEncoding.EncodeToString(key.sign(hash, sum(covered+fieldForm(field, header == "relaxed"))))
	if x.folded {
		b = b[:30] + "\r\n\t " + b[30:60] + "\r\n  " + b[60:]
	}
	return field + b + "\r\n" + text
}

// fieldForm and bodyForm are canonical forms by the words of RFC 6376 3.4, written apart from those of package eml.
func fieldForm(f string, relaxed bool) string {
	if !relaxed {
		return f
	}
	name, value, _ := strings.Cut(f, ":")
	value = regexp.MustCompile(`[ \t]+`).ReplaceAllString(strings.ReplaceAll(value, "\r\n", ""), " ")
	return strings.ToLower(strings.Trim(name, " \t")) + ":" + strings.Trim(value, " ")
}

func bodyForm(b string, relaxed bool) string {
	if relaxed {
		b = regexp.MustCompile(`[ \t]+`).ReplaceAllString(b, " ")
		b = strings.ReplaceAll(b, " \r\n", "\r\n")
		b = strings.TrimSuffix(b, " ")
	}
	for strings.HasSuffix(b, "\r\n") {
		b = strings.TrimSuffix(b, "\r\n")
	}
	if b == "" && relaxed {
		return ""
	}
	return b + "\r\n"
}

const (
	plainHead = "From: Ann <ann@shop.example>\r\nTo: bob@rcpt.example\r\nSubject: hello\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n"
	plainText = plainHead + "\r\nHello,\r\n\r\nthis is  a test \t of lines.\r\n"
)

// letters are messages to sign, each with something that canonicalization may stumble over.
var letters = []struct{ name, text string }{
	{"plain", plainText},
	{"no body", plainHead + "\r\n"},
	{"a body of empty lines", plainHead + "\r\n\r\n\r\n\r\n"},
	{"empty lines at the end", plainText + "\r\n\r\n\r\n"},
	{"blank lines at the end", plainText + " \r\n\t\r\n"},
	{"blanks at the ends of lines", plainHead + "\r\nHello, \t\r\n  indented\t\r\n"},
	{"a last line without its end", plainHead + "\r\nHello,\r\nthe end"},
	{"8-bit text", plainHead + "\r\nGr\u00fc\u00dfe \xff\xfe\u00a0\r\n"},
	{"8-bit header", strings.Replace(plainText, "hello", "Gr\u00fc\u00dfe\u00a0 \xe4", 1)},
	{"a long folded field", strings.Replace(plainText, "hello", "hello"+strings.Repeat("\r\n\t and  more of it,\r\n  again", 60), 1)},
	{"a field folded right after its name", strings.Replace(plainText, "Subject: hello", "Subject:\r\n hello", 1)},
	{"blanks around the colon", strings.Replace(plainText, "Subject: hello", "SUBJECT \t:hello \t", 1)},
	{"an empty field", strings.Replace(plainText, "Subject: hello", "Subject:", 1)},
	{"a long line", plainHead + "\r\n" + strings.Repeat("word ", 600) + "\r\n"},
	{"dots", plainHead + "\r\n.\r\n..\r\n.a\r\n"},
	{"several parts", strings.Replace(plainHead, "Subject", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"b1\"\r\nSubject", 1) +
		"\r\npreamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b1\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n\r\n--b1--\r\n\r\n"},
	{"fields in front", "Received: by a.example; x\r\nReceived: by b.example; x\r\nReturn-Path: <ann@shop.example>\r\n" + plainText},
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

const selName = "sel._domainkey.shop.example"

// signedCases are all there is.
func signedCases(t testing.TB) []signedCase {
	t.Helper()
	rsaKeys := map[string]string{selName: testKeys["rsa2048"].record()}
	edKeys := map[string]string{selName: testKeys["ed"].record()}
	var l []signedCase
	add := func(name, text string, keys map[string]string, want string, valid bool) {
		l = append(l, signedCase{name, text, keys, want, valid})
	}
	for _, m := range letters {
		for _, c := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"} {
			add(m.name+", "+c, forgery{tags: []string{"c=" + c}}.sign(m.text), rsaKeys, "pass", true)
			add(m.name+", ed25519, "+c, forgery{key: "ed", tags: []string{"a=ed25519-sha256", "c=" + c}, folded: m.name == "plain"}.sign(m.text), edKeys, "pass", true)
		}
	}
	for _, x := range []struct {
		name  string
		s     forgery
		want  string
		valid bool
	}{
		{"folded", forgery{folded: true}, "pass", true},
		{"folded, simple", forgery{folded: true, tags: []string{"c=simple/simple"}}, "pass", true},
		{"c= left out", forgery{tags: []string{"c"}}, "pass", true},
		{"c=relaxed", forgery{tags: []string{"c=relaxed"}}, "pass", true},
		{"c= of something else", forgery{tags: []string{"c=nowsp/simple"}}, "permerror", false},
		{"l= of all", forgery{tags: []string{"l=36"}}, "policy", true},
		{"l= of a part", forgery{tags: []string{"l=5"}}, "policy", true},
		{"l=0", forgery{tags: []string{"l=0"}}, "policy", true},
		{"l= of more than there is", forgery{tags: []string{"l=4300"}}, "permerror", false},
		{"l= that is no number", forgery{tags: []string{"l=-1"}}, "permerror", false},
		{"x= to come", forgery{tags: []string{"x=4000000000"}}, "pass", true},
		{"x= past", forgery{tags: []string{"x=1700000001"}}, "policy", false},
		{"x= that is no time", forgery{tags: []string{"x=soon"}}, "permerror", false},
		{"t= left out", forgery{tags: []string{"t"}}, "pass", true},
		{"t= that is no time", forgery{tags: []string{"t=now"}}, "permerror", false},
		{"i= of the domain", forgery{tags: []string{"i=ann@shop.example"}}, "pass", true},
		{"i= without a local part", forgery{tags: []string{"i=@shop.example"}}, "pass", true},
		{"i= beneath the domain", forgery{tags: []string{"i=@news.shop.example"}}, "pass", true},
		{"i= in capitals", forgery{tags: []string{"i=Ann@SHOP.example"}}, "pass", true},
		{"i= in quoted-printable", forgery{tags: []string{"i=a=3Db@shop.example"}}, "pass", true},
		{"i= in UTF-8", forgery{tags: []string{"i=gr\u00fc\u00dfe@shop.example"}}, "pass", true},
		{"i= of another domain", forgery{tags: []string{"i=@bank.example"}}, "permerror", false},
		{"i= that ends alike", forgery{tags: []string{"i=@workshop.example"}}, "permerror", false},
		{"i= of the domain above", forgery{tags: []string{"i=@example"}}, "permerror", false},
		{"i= without @", forgery{tags: []string{"i=shop.example"}}, "permerror", false},
		{"d= in capitals", forgery{tags: []string{"d=SHOP.Example"}}, "pass", true},
		{"s= in capitals", forgery{tags: []string{"s=SEL"}}, "pass", true},
		{"z=", forgery{tags: []string{"z=From:Ann=20<ann@shop.example>|Subject:the=20web=20b=20a"}}, "pass", true},
		{"a tag that nobody knows", forgery{tags: []string{"xyz=1"}}, "pass", true},
		{"q=dns/txt", forgery{tags: []string{"q=dns/txt"}}, "pass", true},
		{"q= with another way first", forgery{tags: []string{"q=http/x : dns/txt"}}, "pass", true},
		{"q= with no way that is known", forgery{tags: []string{"q=http/x"}}, "permerror", false},
		{"h= oversigned", forgery{tags: []string{"h=From:From:Subject:Subject:To:To:Reply-To"}}, "pass", true},
		{"h= in small letters, with blanks", forgery{tags: []string{"h=from : to : subject"}}, "pass", true},
		{"h= of From alone", forgery{tags: []string{"h=From"}}, "pass", true},
		{"h= without From", forgery{tags: []string{"h=To:Subject"}}, "permerror", false},
		{"h= left out", forgery{tags: []string{"h"}}, "permerror", false},
		{"h= of signatures, of which there is none", forgery{tags: []string{"h=From:DKIM-Signature"}}, "fail", false},
		{"v=2", forgery{tags: []string{"v=2"}}, "permerror", false},
		{"v=0.5", forgery{tags: []string{"v=0.5"}}, "permerror", false},
		{"v= left out", forgery{tags: []string{"v"}}, "permerror", false},
		{"v= at the end", forgery{tags: []string{"v", "v=1"}}, "pass", true},
		{"d= left out", forgery{tags: []string{"d"}}, "permerror", false},
		{"s= left out", forgery{tags: []string{"s"}}, "permerror", false},
		{"a= left out", forgery{tags: []string{"a"}}, "permerror", false},
		{"a= of something else", forgery{tags: []string{"a=rsa-md5"}}, "permerror", false},
		{"a= in capitals", forgery{tags: []string{"a=RSA-SHA256"}}, "permerror", false},
		{"rsa-sha1", forgery{tags: []string{"a=rsa-sha1"}}, "permerror", false},
		{"bh= of another body", forgery{tags: []string{"bh=" + base64.StdEncoding.EncodeToString(make([]byte, 32))}}, "fail", false},
		{"bh= that is no base64", forgery{tags: []string{"bh=***"}}, "permerror", false},
		{"a tag twice", forgery{tags: []string{"xyz=1", "n=1; xyz=2"}}, "permerror", false},
		{"t= to come", forgery{tags: []string{"t=4000000000"}}, "pass", true},
	} {
		add(x.name, x.s.sign(plainText), rsaKeys, x.want, x.valid)
	}
	l = append(l, damagedCases(rsaKeys)...)
	return append(l, keyCases()...)
}

// damagedCases are a good message, and what may happen to it on its way.
func damagedCases(keys map[string]string) []signedCase {
	var l []signedCase
	over := forgery{tags: []string{"h=From:From:To:Subject:Subject:Date:DKIM-Signature"}}
	for _, x := range []struct {
		name     string
		s        forgery
		old, now string
		want     string
		valid    bool
	}{
		{"an octet of the body", forgery{}, "test", "tesT", "fail", false},
		{"more body", forgery{}, "lines.\r\n", "lines.\r\nmore\r\n", "fail", false},
		{"more body, beyond l=", forgery{tags: []string{"l=36"}}, "lines.\r\n", "lines.\r\nmore\r\n", "policy", true},
		{"an octet of the body within l=", forgery{tags: []string{"l=36"}}, "Hello", "hello", "fail", false},
		{"empty lines at the end of the body", forgery{}, "lines.\r\n", "lines.\r\n\r\n\r\n", "pass", true},
		{"blanks in the body, relaxed", forgery{}, "is  a", "is \t a", "pass", true},
		{"blanks in the body, simple", forgery{tags: []string{"c=relaxed/simple"}}, "is  a", "is \t a", "fail", false},
		{"blanks that are gone, relaxed", forgery{}, "is  a", "isa", "fail", false},
		{"an octet of the header", forgery{}, "hello", "Hello", "fail", false},
		{"a refolded field, relaxed", forgery{}, "Subject: hello", "subject:\r\n\thello  ", "pass", true},
		{"a refolded field, simple", forgery{tags: []string{"c=simple/simple"}}, "Subject: hello", "Subject:  hello", "fail", false},
		{"the name of a field, simple", forgery{tags: []string{"c=simple/simple"}}, "Subject: hello", "subject: hello", "fail", false},
		{"a field that is gone", forgery{}, "Subject: hello\r\n", "", "fail", false},
		{"a field that nobody signed", forgery{}, "Subject: hello", "X-Spam: no\r\nSubject: hello", "pass", true},
		{"a second Subject above", forgery{}, "From: Ann", "Subject: buy\r\nFrom: Ann", "pass", true},
		{"a second Subject beneath", forgery{}, "Date: Sun", "Subject: buy\r\nDate: Sun", "fail", false},
		{"a second Subject above, oversigned", over, "From: Ann", "Subject: buy\r\nFrom: Ann", "fail", false},
		{"a Received field above", forgery{}, "DKIM-Signature:", "Received: by mx.rcpt.example; x\r\nDKIM-Signature:", "pass", true},
		{"other order of fields", forgery{}, "From: Ann <ann@shop.example>\r\nTo: bob@rcpt.example\r\n", "To: bob@rcpt.example\r\nFrom: Ann <ann@shop.example>\r\n", "pass", true},
		{"b= of another message", forgery{}, "", "", "fail", false},
		{"b= cut short", forgery{}, "==\r\n", "=\r\n", "permerror", false},
		{"a tag of the signature", forgery{}, "t=1700000000", "t=1700000001", "fail", false},
		{"a blank in the signature, relaxed", forgery{}, "; d=", ";  d=", "pass", true},
		{"a blank in the signature, simple", forgery{tags: []string{"c=simple/simple"}}, "; d=", ";  d=", "fail", false},
	} {
		text := x.s.sign(plainText)
		now := strings.Replace(text, x.old, x.now, 1)
		if x.name == "b= of another message" {
			other := forgery{}.sign(strings.Replace(plainText, "hello", "other", 1))
			b := regexp.MustCompile(`b=[A-Za-z0-9+/=]{100,}`)
			now = b.ReplaceAllLiteralString(text, b.FindString(other))
		}
		if now == text {
			panic(x.name + ": nothing is changed")
		}
		l = append(l, signedCase{"damaged: " + x.name, now, keys, x.want, x.valid})
	}
	good := forgery{}.sign(plainText)
	l = append(l,
		signedCase{"bare LF in the file", strings.ReplaceAll(good, "\r\n", "\n"), keys, "pass", true},
		signedCase{"bare LF in the file, simple", strings.ReplaceAll(forgery{tags: []string{"c=simple/simple"}, folded: true}.sign(plainText), "\r\n", "\n"), keys, "pass", true},
		signedCase{"two signatures", forgery{tags: []string{"t=1700000009"}}.sign(good), keys, "pass pass", true},
		signedCase{"two signatures, the upper covers the lower", forgery{tags: []string{"h=From:DKIM-Signature"}}.sign(good), keys, "pass pass", true},
		signedCase{"two signatures, the lower is void", forgery{tags: []string{"h=From"}}.sign(strings.Replace(good, "hello", "Hello", 1)), keys, "pass fail", true},
		signedCase{"two signatures, the upper is void", strings.Replace(forgery{tags: []string{"t=1700000009"}}.sign(good), "t=1700000009", "t=1700000008", 1), keys, "fail pass", true},
		signedCase{"a signature that is none above", "DKIM-Signature: none\r\n" + good, keys, "permerror pass", true},
		signedCase{"no signature", plainText, keys, "", false},
		signedCase{"a signature above one that is oversigned", forgery{}.sign(over.sign(plainText)), keys, "pass fail", true},
	)
	return l
}

// keyCases are a good message and keys.
func keyCases() []signedCase {
	good, ed := forgery{}.sign(plainText), forgery{key: "ed", tags: []string{"a=ed25519-sha256"}}.sign(plainText)
	rsaPub, edPub := testKeys["rsa2048"].public, testKeys["ed"].public
	der, err := base64.StdEncoding.DecodeString(rsaPub)
	if err != nil {
		panic(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		panic(err)
	}
	bare := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(key.(*rsa.PublicKey)))
	spki, err := x509.MarshalPKIXPublicKey(testKeys["ed"].ed.Public())
	if err != nil {
		panic(err)
	}
	news := forgery{tags: []string{"i=@news.shop.example"}}.sign(plainText)
	var l []signedCase
	for _, x := range []struct {
		name, text, record, want string
		valid                    bool
	}{
		{"missing", good, "", "permerror", false},
		{"revoked", good, "v=DKIM1; k=rsa; p=", "permerror", false},
		{"p= alone", good, "p=" + rsaPub, "pass", true},
		{"no p=", good, "v=DKIM1; k=rsa", "permerror", false},
		{"blanks", good, " v = DKIM1 ; k = rsa ;\tp = " + rsaPub[:50] + " " + rsaPub[50:] + " ; ", "pass", true},
		{"a bare RSAPublicKey", good, "v=DKIM1; p=" + bare, "pass", true},
		{"v= of another version", good, "v=DKIM2; p=" + rsaPub, "permerror", false},
		{"v= that is not first", good, "k=rsa; v=DKIM1; p=" + rsaPub, "permerror", false},
		{"k= of another type", good, "v=DKIM1; k=dsa; p=" + rsaPub, "permerror", false},
		{"k=ed25519 for a signature by RSA", good, "v=DKIM1; k=ed25519; p=" + edPub, "permerror", false},
		{"k=rsa for one by ed25519", ed, "v=DKIM1; k=rsa; p=" + rsaPub, "permerror", false},
		{"ed25519 in an SPKI", ed, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(spki), "permerror", false},
		{"h=sha256", good, "v=DKIM1; h=sha256; p=" + rsaPub, "pass", true},
		{"h=sha1:sha256", good, "v=DKIM1; h=sha1:sha256; p=" + rsaPub, "pass", true},
		{"h=sha1", good, "v=DKIM1; h=sha1; p=" + rsaPub, "permerror", false},
		{"s=email", good, "v=DKIM1; s=email; p=" + rsaPub, "pass", true},
		{"s=*", good, "v=DKIM1; s=*; p=" + rsaPub, "pass", true},
		{"s=tlsrpt", good, "v=DKIM1; s=tlsrpt; p=" + rsaPub, "permerror", false},
		{"t=y", good, "v=DKIM1; t=y; p=" + rsaPub, "pass", true},
		{"t=y, and the signature is void", strings.Replace(good, "hello", "Hello", 1), "v=DKIM1; t=y; p=" + rsaPub, "fail", false},
		{"t=s", good, "v=DKIM1; t=s; p=" + rsaPub, "pass", true},
		{"t=s, and i= beneath d=", news, "v=DKIM1; t=s; p=" + rsaPub, "permerror", false},
		{"t=s, and i= in capitals", forgery{tags: []string{"i=@SHOP.example"}}.sign(plainText), "v=DKIM1; t=s; p=" + rsaPub, "pass", true},
		{"n= and tags that nobody knows", good, "v=DKIM1; n=note; xyz=1; p=" + rsaPub, "pass", true},
		{"g= of RFC 4871", good, "v=DKIM1; g=; p=" + rsaPub, "pass", true},
		{"of another pair", good, testKeys["rsa1024"].record(), "fail", false},
		{"no base64", good, "v=DKIM1; p=***", "permerror", false},
		{"cut short", good, "v=DKIM1; p=" + rsaPub[:100], "permerror", false},
		{"of 1024 bits", forgery{key: "rsa1024"}.sign(plainText), testKeys["rsa1024"].record(), "pass", true},
		{"of 768 bits", forgery{key: "rsa768"}.sign(plainText), testKeys["rsa768"].record(), "permerror", false},
		{"of 512 bits", forgery{key: "rsa512"}.sign(plainText), testKeys["rsa512"].record(), "permerror", false},
	} {
		l = append(l, signedCase{"key: " + x.name, x.text, map[string]string{selName: x.record}, x.want, x.valid})
	}
	number := forgery{tags: []string{"s=20230601"}}.sign(plainText)
	return append(l, signedCase{"key: at a selector that is a number", number, map[string]string{"20230601._domainkey.shop.example": testKeys["rsa2048"].record()}, "pass", true})
}

// keyZone is a zone with these keys.
func keyZone(keys map[string]string) string {
	zone := "shop.example. SOA a. b. 1 1 1 1 1\n"
	for name, record := range keys {
		if record == "" {
			continue
		}
		var pieces []string
		for p := range slices.Chunk([]byte(record), 200) {
			pieces = append(pieces, string(p))
		}
		zone += txt(name, pieces...)
	}
	return zone
}

// results are those of the signatures of a message.
func results(t testing.TB, c signedCase) (l []string, why string) {
	t.Helper()
	for _, s := range over(t.Context(), serve(t, keyZone(c.keys), nil), Target{Domain: "shop.example", Messages: []Sample{sampleOf(t, c.text)}}).messages()[0].Signatures {
		l = append(l, s.Result)
		why += fmt.Sprintf("%s %s; ", s.Result, s.Why)
	}
	return l, why
}

// TestSigned: what RFC 6376 6.1 says of every kind of signature, of damage and of key.
func TestSigned(t *testing.T) {
	for _, c := range signedCases(t) {
		t.Run(c.name, func(t *testing.T) {
			if l, why := results(t, c); strings.Join(l, " ") != c.want {
				t.Errorf("%s, want %s", why, c.want)
			}
		})
	}
}

// TestExpiredLongAgo: x=0 is a time as any other (RFC 6376 3.5).
func TestExpiredLongAgo(t *testing.T) {
	c := signedCase{text: forgery{tags: []string{"x=0"}}.sign(plainText), keys: map[string]string{selName: testKeys["rsa2048"].record()}}
	if l, why := results(t, c); len(l) != 1 || l[0] != "policy" {
		t.Error(why)
	}
}

// TestFitsShort: whether a signature fits is told of a key that is too short, too: some receivers mind that less.
func TestFitsShort(t *testing.T) {
	for _, c := range keyCases() {
		if c.name != "key: of 768 bits" && c.name != "key: of 512 bits" {
			continue
		}
		for text, want := range map[string]bool{c.text: true, strings.Replace(c.text, "hello", "Hello", 1): false} {
			g := over(t.Context(), serve(t, keyZone(c.keys), nil), Target{Domain: "shop.example", Messages: []Sample{sampleOf(t, text)}})
			if s := g.messages()[0].Signatures[0]; s.Holds != want || s.Result != "permerror" {
				t.Errorf("%s: %+v, want it to fit: %v", c.name, s, want)
			}
		}
	}
}

// wantOf is the result of what a signer makes: OpenDKIM's opendkim-testmsg knows SHA-1 alone.
func wantOf(file string) string {
	if strings.Contains(file, "-sha1") {
		return "permerror"
	}
	return "pass"
}

// TestSignedByOthers: what real programs signed (testdata/dkim/README.md).
func TestSignedByOthers(t *testing.T) {
	files, err := filepath.Glob("testdata/dkim/signed/dkim-*.eml")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for text, holds := range map[string]bool{string(b): true, string(b) + "more\r\n": false, strings.Replace(string(b), "From: Ann", "From: Bob", 1): false} {
			g := over(t.Context(), serve(t, keyZone(sealedKeys), nil), Target{Domain: "shop.example", Messages: []Sample{sampleOf(t, text)}})
			s := g.messages()[0].Signatures[0]
			if s.Holds != holds || holds && s.Result != wantOf(name) || !holds && s.Result == "pass" {
				t.Errorf("%s: %s %s, and fits: %v, want %v", name, s.Result, s.Why, s.Holds, holds)
			}
		}
	}
}
