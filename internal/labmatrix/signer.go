//go:build lab

package labmatrix

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// keySizes are the RSA keys that senders may sign with, by the name of their public half in records; rsa2048b is another.
var keySizes = map[string]int{"rsa512": 512, "rsa768": 768, "rsa1024": 1024, "rsa2048": 2048, "rsa2048b": 2048}

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
	text := []byte(strings.Join([]string{
		"From: News <" + s.From + ">", "To: " + recipient, "Subject: Lab message " + s.Name, "Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + s.Name + ".1@" + s.domain() + ">", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "",
		"Hello, this is a plain monthly note from the lab.", "It has two lines and nothing to sell.", ""}, "\r\n"))
	for _, x := range s.Signed {
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
	if s.Tampered {
		text = bytes.Replace(text, []byte("nothing to sell"), []byte("something to sell"), 1)
	}
	return text, nil
}
