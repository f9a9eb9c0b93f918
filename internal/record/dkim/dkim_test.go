package dkim

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/record/taglist"
)

// rsaKey makes up a public key whose modulus has so many bits. It verifies nothing, and nobody tries.
func rsaKey(bits uint) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
}

func spki(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func pkcs1(bits uint) string {
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(rsaKey(bits)))
}

// A real 512-bit RSA key, and the ed25519 key of RFC 8463 appendix A.2.
const (
	rsa512  = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKox8p+rXKe8JdVcN/0igCWQq3an9jRw0/FCN2pAUIRp9S3NEdeTaVDB2UNx5kjvhd3y+69JI3DtIYzTKL17wG0CAwEAAQ=="
	edKey32 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)

func TestParse(t *testing.T) {
	rsa2048 := spki(t, rsaKey(2048))
	tests := []struct {
		name, text string
		want       Record // without Text, Tags and Problems
	}{
		{"usual", "v=DKIM1; k=rsa; p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537}},
		{"p= alone", "p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537}},
		{"no v=", "k=rsa; p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537}},
		{"1024 bits", "p=" + spki(t, rsaKey(1024)), Record{KeyType: "rsa", Bits: 1024, Exponent: 65537}},
		{"4096 bits", "p=" + spki(t, rsaKey(4096)), Record{KeyType: "rsa", Bits: 4096, Exponent: 65537}},
		{"RSAPublicKey", "p=" + pkcs1(2048), Record{KeyType: "rsa", Bits: 2048, Exponent: 65537}},
		{"white space in p=", "p=" + rsa2048[:60] + " \t" + rsa2048[60:120] + "\r\n " + rsa2048[120:], Record{KeyType: "rsa", Bits: 2048, Exponent: 65537}},
		{"ed25519", "v=DKIM1; k=ed25519; p=" + edKey32, Record{KeyType: "ed25519", Bits: 256}},
		{"key type in upper case", "k=ED25519; p=" + edKey32, Record{KeyType: "ed25519", Bits: 256}},
		{"hashes, services and flags", "h=SHA1 : sha256; s=email:tlsrpt; t=y : s : x; p=" + rsa2048, Record{
			KeyType: "rsa", Bits: 2048, Exponent: 65537, Hashes: []string{"sha1", "sha256"}, Services: []string{"email", "tlsrpt"}, Testing: true, Strict: true}},
		{"any service", "s=*; p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537, Services: []string{"*"}}},
		{"testing alone", "t=y; p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537, Testing: true}},
		{"strict alone", "t=s; p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537, Strict: true}},
		{"unknown tags", "v=DKIM1; n=a note; g=; x=y; p=" + rsa2048, Record{KeyType: "rsa", Bits: 2048, Exponent: 65537}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Parse(tt.text)
			if !got.Usable() {
				t.Errorf("not usable: %+v", got.Problems)
			}
			if got.Text != tt.text || !IsKey(tt.text) {
				t.Errorf("Text = %q, IsKey = %v", got.Text, IsKey(tt.text))
			}
			got.Text, got.Tags = "", nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRevoked(t *testing.T) {
	for _, text := range []string{"v=DKIM1; p=", "v=DKIM1; p= ;", "k=ed25519; p="} {
		if r := Parse(text); !r.Revoked || r.Usable() || len(r.Problems) > 0 {
			t.Errorf("Parse(%q) = %+v, want it revoked and without problems", text, r)
		}
	}
}

func TestParseProblems(t *testing.T) {
	rsa2048 := spki(t, rsaKey(2048))
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edKey, err := base64.StdEncoding.DecodeString(edKey32)
	if err != nil {
		t.Fatal(err)
	}
	edSPKI := spki(t, ed25519.PublicKey(edKey))
	tests := []struct {
		name, text string
		want       []Problem
	}{
		{"version", "v=DKIM2; p=" + rsa2048, []Problem{{Version, "v", 0, `v= is "DKIM2", not "DKIM1"`}}},
		{"version in lower case", "v=dkim1; p=" + rsa2048, []Problem{{Version, "v", 0, `v= is "dkim1", not "DKIM1"`}}},
		{"version not first", "k=rsa; v=DKIM1; p=" + rsa2048, []Problem{{Version, "v", 7, "v=DKIM1 is not the first tag"}}},
		{"tag twice", "k=rsa; p=" + rsa512 + "; p=" + rsa2048, []Problem{
			{ShortKey, "p", 7, "the RSA key has 512 bits, and verifiers must not accept fewer than 1024 (RFC 8301 3.2)"},
			{DuplicateTag, "p", 139, "p= stands more than once, which makes the whole list invalid"},
		}},
		{"a piece that is no tag", "v=DKIM1; rsa; p=" + rsa2048, []Problem{{Syntax, "rsa", 9, `"rsa" is no tag: it has no "="`}}},
		{"no p=", "v=DKIM1; h=sha256; k=rsa; ", []Problem{{NoKey, "p", 0, "there is no p= tag"}}},
		{"P= in upper case is no p=", "v=DKIM1; P=" + rsa2048, []Problem{{NoKey, "p", 0, "there is no p= tag"}}},
		{"key type", "v=DKIM1; k=dsa; p=" + rsa2048, []Problem{{KeyType, "k", 9, `k="dsa" is no key type that verifiers know (rsa, ed25519)`}}},
		{"sha1 only", "v=DKIM1; h=sha1; p=" + rsa2048, []Problem{{Hash, "h", 9, `h="sha1" does not allow sha256`}}},
		{"no hash", "v=DKIM1; h=; p=" + rsa2048, []Problem{{Hash, "h", 9, `h="" does not allow sha256`}}},
		{"service", "v=DKIM1; s=tlsrpt; p=" + rsa2048, []Problem{{Service, "s", 9, `s="tlsrpt" does not allow email`}}},
		{"512 bits", "p=" + rsa512, []Problem{{ShortKey, "p", 0, "the RSA key has 512 bits, and verifiers must not accept fewer than 1024 (RFC 8301 3.2)"}}},
		{"1023 bits", "p=" + pkcs1(1023), []Problem{{ShortKey, "p", 0, "the RSA key has 1023 bits, and verifiers must not accept fewer than 1024 (RFC 8301 3.2)"}}},
		{"quotes in the data", `p="` + rsa512 + `"`, []Problem{{BadKey, "p", 0, `p= is no base64: "\"" at octet 1 of 130`}}},
		{"quotes at a seam", "p=" + rsa512[:64] + `""` + rsa512[64:], []Problem{{BadKey, "p", 0, `p= is no base64: "\"" at octet 65 of 130`}}},
		{"escaped semicolons", `v=DKIM1\; k=rsa\; p=` + rsa512, []Problem{
			{Version, "v", 0, `v= is "DKIM1\\", not "DKIM1"`},
			{KeyType, "k", 10, `k="rsa\\" is no key type that verifiers know (rsa, ed25519)`},
		}},
		{"cut short", "p=" + rsa2048[:81], []Problem{{BadKey, "p", 0, "p= is no base64: its 81 octets are cut short or wrongly padded"}}},
		{"no padding", "p=" + strings.TrimRight(rsa512, "="), []Problem{{BadKey, "p", 0, "p= is no base64: its 126 octets are cut short or wrongly padded"}}},
		{"padding inside", "p=" + rsa512 + rsa512, []Problem{{BadKey, "p", 0, "p= is no base64: its 256 octets are cut short or wrongly padded"}}},
		{"base64 of half a key", "p=" + rsa2048[:80], []Problem{{BadKey, "p", 0, "the 60 octets in p= are no RSA public key in DER"}}},
		{"ECDSA key under rsa", "p=" + spki(t, &ecdsaKey.PublicKey), []Problem{{BadKey, "p", 0, "p= holds a key that is not the RSA key that k= promises"}}},
		{"ed25519 key under rsa", "p=" + edKey32, []Problem{{BadKey, "p", 0, "p= holds 32 octets, which is an ed25519 key, and k= says rsa"}}},
		{"ed25519 as SPKI", "k=ed25519; p=" + edSPKI, []Problem{{BadKey, "p", 11, "p= holds the ed25519 key as a SubjectPublicKeyInfo and not as its bare 32 octets (RFC 8463 4.2)"}}},
		{"RSA key under ed25519", "k=ed25519; p=" + rsa2048, []Problem{{BadKey, "p", 11, "p= holds a key that is not the ed25519 key that k= promises"}}},
		{"ed25519 of 31 octets", "k=ed25519; p=" + edKey32[:40] + "AA==", []Problem{{BadKey, "p", 11, "p= holds 31 octets, and an ed25519 key has 32 (RFC 8463 4.2)"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Parse(tt.text)
			if diff := cmp.Diff(tt.want, r.Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if r.Usable() {
				t.Error("usable")
			}
			if !IsKey(tt.text) {
				t.Error("not recognised as a key record")
			}
		})
	}
}

// TestBitsOfShortKey holds that the size of a key that is too short is told.
func TestBitsOfShortKey(t *testing.T) {
	if r := Parse("p=" + rsa512); r.Bits != 512 {
		t.Errorf("Bits = %d, want 512", r.Bits)
	}
}

func TestIsKey(t *testing.T) {
	for text, want := range map[string]bool{
		"v=DKIM1":                   true,
		"v=dkim1;k=rsa":             true,
		"v=DKIM1; o=~":              true,
		`v=DKIM1\; k=rsa\; p=abc`:   true,
		`"v=DKIM1; k=rsa; p=abc"`:   true,
		"p=":                        true,
		"junk; p=abc":               true,
		"k=rsa":                     true,
		"t=y":                       true,
		"":                          false,
		"v=spf1 -all":               false,
		"v=DMARC1; p=reject":        false,
		"v=TLSRPTv1; rua=mailto:a":  false,
		"o=~":                       false,
		"google-site-verification=": false,
		"t=y; words":                false,
	} {
		if got := IsKey(text); got != want {
			t.Errorf("IsKey(%q) = %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=DKIM1; k=rsa; p=" + rsa512, "k=ed25519; p=" + edKey32, "v=DKIM1; p=", "p=" + pkcs1(1024), "p=" + spki(f, rsaKey(1024)),
		"h=sha1:sha256; s=*; t=y:s; n=\xff;;p=a b", `v=DKIM1\; p="=`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		IsKey(text)
		r := Parse(text)
		for _, p := range r.Problems {
			if p.Message == "" || p.Kind != NoKey && !strings.HasPrefix(text[p.Offset:], p.Tag) {
				t.Errorf("%+v: the tag does not stand there", p)
			}
		}
		if !r.Usable() {
			return
		}
		if r.Bits == 0 || !IsKey(text) {
			t.Errorf("usable and no key: %+v", r)
		}
		again := Parse(taglist.Format(r.Tags))
		for i := range again.Tags {
			again.Tags[i].Offset = r.Tags[i].Offset
		}
		again.Text = r.Text
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("its tags do not parse to the same record:\n%s", diff)
		}
	})
}
