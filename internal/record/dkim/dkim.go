// Package dkim reads DKIM key records: the TXT record at <selector>._domainkey.<domain> that holds the public key of a
// signer (RFC 6376 3.6.1). It looks nothing up.
//
// A record is a tag list. p= is the key and the one tag that must be there; empty, it says that the key is revoked. v= may
// be left out, k= says rsa (the default) or ed25519 (RFC 8463), h= and s= restrict the hashes and services that the key is
// for, t= holds the flags y (testing) and s (the domain of i= must be that of d=). Verifiers ignore tags that they do not
// know, and ignore the key altogether when the record breaks the format (RFC 6376 6.1.2), when it is an RSA key of fewer
// than 1024 bits or when only SHA-1 is allowed for it (RFC 8301). Each of these is a problem here.
package dkim

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/record/taglist"
)

// minBits is the size of the smallest RSA key that verifiers may accept (RFC 8301 3.2).
const minBits = 1024

// otherVersions are the beginnings of v= in records of other kinds, which wildcards put at selectors. DMARC's has a p= too.
var otherVersions = []string{"spf", "dmarc", "stsv", "tlsrptv", "bimi"}

// IsKey tells whether text is or was meant to be a key record, so that a broken key can be told from a text that has
// nothing to do with DKIM: it has v=DKIM1 (or nearly so), or a p= tag, or it is a tag list with another tag of key records.
func IsKey(text string) bool {
	tags, problems := taglist.Parse(text)
	known := false
	for i, t := range tags {
		switch t.Name {
		case "v":
			value := strings.ToLower(t.Value)
			if strings.HasPrefix(value, "dkim") {
				return true
			}
			if i == 0 && slices.ContainsFunc(otherVersions, func(s string) bool { return strings.HasPrefix(value, s) }) {
				return false
			}
		case "p":
			return true
		case "g", "h", "k", "n", "s", "t":
			known = true
		}
	}
	return known && len(problems) == 0
}

// Parse reads a key record. Where a tag stands twice the first one is read.
func Parse(text string) Record {
	tags, faults := taglist.Parse(text)
	r := Record{Text: text, Tags: tags, KeyType: "rsa"}
	for _, f := range faults {
		kind := Syntax
		if f.Duplicate {
			kind = DuplicateTag
		}
		r.Problems = append(r.Problems, Problem{Kind: kind, Tag: f.Tag, Offset: f.Offset, Message: f.Message})
	}
	var key taglist.Tag
	seen := map[string]bool{}
	for i, t := range tags {
		if seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		switch t.Name {
		case "v":
			if t.Value != "DKIM1" {
				r.fault(Version, t, "v= is %+.40q, not \"DKIM1\"", t.Value)
			} else if i > 0 {
				r.fault(Version, t, "v=DKIM1 is not the first tag")
			}
		case "k":
			// The names of key types, hashes, services and flags are strings of the ABNF: without case (RFC 5234 2.3).
			r.KeyType = strings.ToLower(t.Value)
			if r.KeyType != "rsa" && r.KeyType != "ed25519" {
				r.fault(KeyType, t, "k=%+.40q is no key type that verifiers know (rsa, ed25519)", t.Value)
			}
		case "h":
			r.Hashes = list(t.Value)
			if !slices.Contains(r.Hashes, "sha256") { // RFC 8301 3.1: SHA-1 must not be used
				r.fault(Hash, t, "h=%+.40q does not allow sha256", t.Value)
			}
		case "s":
			r.Services = list(t.Value)
			if !slices.Contains(r.Services, "*") && !slices.Contains(r.Services, "email") {
				r.fault(Service, t, "s=%+.40q does not allow email", t.Value)
			}
		case "t":
			flags := list(t.Value)
			r.Testing, r.Strict = slices.Contains(flags, "y"), slices.Contains(flags, "s")
		case "p":
			key = t
		}
	}
	switch {
	case !seen["p"]:
		r.fault(NoKey, taglist.Tag{Name: "p"}, "there is no p= tag")
	case key.Value == "":
		r.Revoked = true
	case r.KeyType == "rsa" || r.KeyType == "ed25519":
		r.key(key)
	}
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return cmp.Compare(a.Offset, b.Offset) })
	return r
}

// Usable tells whether verifiers take the key for signatures of mail.
func (r Record) Usable() bool { return len(r.Problems) == 0 && !r.Revoked }

func (r *Record) fault(kind Kind, t taglist.Tag, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Kind: kind, Tag: t.Name, Offset: t.Offset, Message: fmt.Sprintf(format, args...)})
}

// list takes a colon-separated value apart, in lower case.
func list(value string) []string {
	l := strings.Split(strings.ToLower(value), ":")
	for i := range l {
		l[i] = strings.TrimSpace(l[i])
	}
	return l
}

// key checks the value of p=.
func (r *Record) key(t taglist.Tag) {
	data, err := decode(t.Value)
	if err == nil {
		if r.KeyType == "ed25519" {
			r.Bits, err = ed25519Bits(data)
		} else {
			err = r.rsa(data)
		}
	}
	if err != nil {
		r.fault(BadKey, t, "%v", err)
	} else if r.KeyType == "rsa" && r.Bits < minBits {
		r.fault(ShortKey, t, "the RSA key has %d bits, and verifiers must not accept fewer than %d (RFC 8301 3.2)", r.Bits, minBits)
	}
}

// decode reads base64 with white space in it (RFC 6376 2.10). Padding must be there: the grammar wants it, and verifiers in
// Go and Python refuse a value without it.
func decode(value string) ([]byte, error) {
	text := strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\r\n", c) {
			return -1
		}
		return c
	}, value)
	data, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		return data, nil
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	if good := len(text) - len(strings.TrimLeft(text, alphabet)); good < len(text) {
		return nil, fmt.Errorf("p= is no base64: %+q at octet %d of %d", text[good:good+1], good+1, len(text))
	}
	return nil, fmt.Errorf("p= is no base64: its %d octets are cut short or wrongly padded", len(text))
}

// rsa reads an RSA key: the bare RSAPublicKey that RFC 6376 3.6.1 names, or the SubjectPublicKeyInfo that its appendix C
// makes and signers publish. Verifiers take both.
func (r *Record) rsa(der []byte) error {
	if len(der) == ed25519.PublicKeySize {
		return fmt.Errorf("p= holds %d octets, which is an ed25519 key, and k= says rsa", len(der))
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		spki, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return fmt.Errorf("the %d octets in p= are no RSA public key in DER", len(der))
		}
		var ok bool
		if key, ok = spki.(*rsa.PublicKey); !ok {
			return errors.New("p= holds a key that is not the RSA key that k= promises")
		}
	}
	r.Bits, r.Exponent, r.ROCA = key.N.BitLen(), key.E, roca(key.N)
	return nil
}

// ed25519Bits checks an ed25519 key: the bare 32 octets, with no ASN.1 around them (RFC 8463 4.2).
func ed25519Bits(data []byte) (int, error) {
	if len(data) == ed25519.PublicKeySize {
		return len(data) * 8, nil
	}
	if key, err := x509.ParsePKIXPublicKey(data); err == nil {
		if _, ok := key.(ed25519.PublicKey); ok {
			return 0, errors.New("p= holds the ed25519 key as a SubjectPublicKeyInfo and not as its bare 32 octets (RFC 8463 4.2)")
		}
		return 0, errors.New("p= holds a key that is not the ed25519 key that k= promises")
	}
	return 0, fmt.Errorf("p= holds %d octets, and an ed25519 key has 32 (RFC 8463 4.2)", len(data))
}
