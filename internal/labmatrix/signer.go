//go:build lab

package labmatrix

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // of signatures that nobody should make
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// keySizes are the RSA keys that senders may sign with, by the name of their public half in records; rsa2048b is another.
var keySizes = map[string]int{"rsa512": 512, "rsa768": 768, "rsa1024": 1024, "rsa2048": 2048, "rsa4096": 4096, "rsa2048b": 2048}

// makeKeys makes the senders' keys, and their public halves as DKIM has them (RFC 6376 3.6.1, RFC 8463 4).
func (m *Matrix) makeKeys() error {
	m.keys, m.public = map[string]crypto.Signer{}, map[string]string{}
	for name, bits := range keySizes {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
		if err != nil {
			return err
		}
		m.keys[name], m.public[name] = k, base64.StdEncoding.EncodeToString(der)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	m.keys["ed25519"], m.public["ed25519"] = private, base64.StdEncoding.EncodeToString(public)
	return nil
}

// withKeys puts public keys into a text.
func (m *Matrix) withKeys(text string) string {
	for name, key := range m.public {
		text = strings.ReplaceAll(text, "{"+name+"}", key)
	}
	return text
}

// messages writes the sample message of each sender.
func (m *Matrix) messages() error {
	for i := range senders {
		text, err := m.message(&senders[i])
		if err != nil {
			return fmt.Errorf("message of %s: %w", senders[i].Name, err)
		}
		if err := m.Write(sample(&senders[i]), text); err != nil {
			return err
		}
	}
	return nil
}

func sample(s *sender) string { return "messages/" + s.Name + ".eml" }

// message is plain text without anything to sell, since filters score content, too.
func (m *Matrix) message(s *sender) ([]byte, error) {
	now := time.Now()
	head := []string{
		"From: News <" + s.From + ">", "To: " + recipient, "Subject: Lab message " + s.Name, "Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + s.Name + ".1@" + s.domain() + ">", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"}
	text := []byte(strings.Join(append(edited(head, s), "",
		"Hello, this is a plain monthly note from the lab.", "It has two lines and nothing to sell.", ""), "\r\n"))
	for _, x := range s.Signed {
		if x.Tags != nil {
			var err error
			if text, err = m.forge(text, s, x); err != nil {
				return nil, err
			}
			continue
		}
		o := &dkim.SignOptions{Domain: s.fill(or(x.Domain, "{d}")), Selector: or(x.Selector, "s1"), Signer: m.keys[or(x.Key, "rsa2048")],
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
			HeaderKeys: []string{"From", "To", "Subject", "Date", "Message-ID"}}
		if x.Expired {
			o.Expiration = now.Add(-time.Hour)
		}
		var b bytes.Buffer
		if err := dkim.Sign(&b, bytes.NewReader(text), o); err != nil {
			return nil, err
		}
		text = b.Bytes()
	}
	if s.MailFrom == null {
		text = append([]byte("Return-Path: <>\r\n"), text...)
	}
	if s.Tampered {
		text = bytes.Replace(text, []byte("nothing to sell"), []byte("something to sell"), 1)
	}
	for i := 0; i < len(s.After); i += 2 {
		text = bytes.Replace(text, []byte(s.After[i]), []byte(s.After[i+1]), 1)
	}
	return text, nil
}

// edited is a header with a sender's edits: new fields of a name stand where the old one did, or at the end.
func edited(head []string, s *sender) []string {
	name := func(field string) string {
		n, _, _ := strings.Cut(field, ":")
		return strings.ToLower(strings.TrimPrefix(n, "-"))
	}
	for i, e := range s.Head {
		at := slices.IndexFunc(head, func(f string) bool { return name(f) == name(e) })
		again := slices.ContainsFunc(s.Head[:i], func(f string) bool { return name(f) == name(e) })
		if at >= 0 && !again {
			head = slices.Delete(slices.Clone(head), at, at+1)
		} else {
			at = len(head)
		}
		if !strings.HasPrefix(e, "-") {
			head = slices.Insert(slices.Clone(head), at, s.fill(e))
		}
	}
	return head
}

// forge makes a signature that the library would not (RFC 6376 3.5, 3.7). The message is in canonical form already, but for
// the names of fields.
func (m *Matrix) forge(text []byte, s *sender, x signature) ([]byte, error) {
	tags := []string{"v=1", "a=rsa-sha256", "c=relaxed/relaxed", s.fill("d=" + or(x.Domain, "{d}")), "s=" + or(x.Selector, "s1"), "h=from:to:subject:date:message-id"}
	value := func(name string) string {
		for _, t := range tags {
			if v, ok := strings.CutPrefix(t, name+"="); ok {
				return v
			}
		}
		return ""
	}
	for _, t := range x.Tags {
		name, _, _ := strings.Cut(t, "=")
		tags = append(slices.DeleteFunc(tags, func(o string) bool { return strings.HasPrefix(o, name+"=") }), s.fill(t))
	}
	hash := crypto.SHA256
	if strings.HasSuffix(value("a"), "sha1") {
		hash = crypto.SHA1
	}
	sum := func(text string) []byte {
		h := hash.New()
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	head, body, _ := strings.Cut(string(text), "\r\n\r\n")
	if n, err := strconv.Atoi(value("l")); err == nil {
		body = body[:n]
	}
	canonical := func(field string) string {
		if strings.HasPrefix(value("c"), "simple") {
			return field
		}
		n, v, _ := strings.Cut(field, ":")
		return strings.ToLower(n) + ":" + strings.TrimSpace(v)
	}
	covered := ""
	left := strings.Split(head, "\r\n")
	for _, name := range strings.Split(value("h"), ":") {
		for i := len(left) - 1; i >= 0; i-- { // from the bottom (5.4.2)
			if n, _, _ := strings.Cut(left[i], ":"); strings.EqualFold(n, name) {
				covered += canonical(left[i]) + "\r\n"
				left = slices.Delete(left, i, i+1)
				break
			}
		}
	}
	field := "DKIM-Signature: " + strings.Join(tags, "; ") + "; bh=" + base64.StdEncoding.EncodeToString(sum(body)) + "; b="
	b, err := m.keys[or(x.Key, "rsa2048")].Sign(rand.Reader, sum(covered+canonical(field)), hash)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(field+base64.StdEncoding.EncodeToString(b)+"\r\n"), text), nil
}
