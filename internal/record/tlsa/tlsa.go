// Package tlsa reads TLSA records (RFC 6698) and compares them with the certificates that an SMTP server presents, by the
// rules for opportunistic DANE (RFC 7671, RFC 7672). It looks nothing up.
//
// A record is three numbers and octets, "3 1 1 0D6FCE...":
//
//	usage     what the record is about: 0 and 1 restrict which public authorities count, 2 is an authority of the domain's
//	          own (DANE-TA), 3 the server's certificate itself (DANE-EE)
//	selector  what is compared: 0 the whole certificate, 1 its SubjectPublicKeyInfo
//	matching  how: 0 octet by octet, 1 by SHA-256, 2 by SHA-512
//
// With usage 3 the record takes the place of all else: names and dates of the certificate do not count (RFC 7672 3.1.1).
// With usage 2 the server has to send the authority's certificate too, and name and dates count (RFC 7672 3.1.2, 3.2.2).
// Usages 0 and 1 are of no use between mail servers (RFC 7672 3.1.3). Senders ignore a record that they cannot use
// (RFC 6698 4.1).
package tlsa

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The usages (RFC 6698 2.1.1, names by RFC 7218).
const (
	PKIXTA = 0
	PKIXEE = 1
	DANETA = 2
	DANEEE = 3
)

// The selectors (RFC 6698 2.1.2).
const (
	Cert = 0
	SPKI = 1
)

// The matching types (RFC 6698 2.1.3).
const (
	Full   = 0
	SHA256 = 1
	SHA512 = 2
)

// maxData is how many octets of data a record can hold: RDLENGTH has 16 bits, and three octets are the numbers'.
const maxData = 1<<16 - 1 - 3

// Record is one TLSA record.
type Record struct {
	Usage    uint8  `json:"usage"`
	Selector uint8  `json:"selector"`
	Matching uint8  `json:"matching"`
	Data     []byte `json:"data"`
}

// Parse reads a record's data as a zone file has it (RFC 6698 2.2). Whatever the text, it gives what could be read; with
// problems, which are in words, no sender can use the record.
func Parse(text string) (r Record, problems []string) {
	if len(text) > 4*maxData { // room for the white space between the digits
		return r, []string{fmt.Sprintf("%d octets of text are more than a record can hold", len(text))}
	}
	fields := strings.Fields(text)
	if len(fields) < 3 {
		return r, []string{"it does not begin with three numbers: usage, selector and matching type"}
	}
	for i, n := range []*uint8{&r.Usage, &r.Selector, &r.Matching} {
		v, err := strconv.ParseUint(fields[i], 10, 8)
		if err != nil {
			return r, []string{fmt.Sprintf("%+.20q is no number from 0 to 255", fields[i])}
		}
		*n = uint8(v)
	}
	data, err := hex.DecodeString(strings.Join(fields[3:], ""))
	if err != nil {
		return r, []string{"its data is not hexadecimal"}
	}
	r.Data = data
	return r, r.problems()
}

// problems are why no sender can use a record, beside its usage being 0 or 1, which PKIX tells.
func (r Record) problems() []string {
	var l []string
	if r.Usage > DANEEE {
		l = append(l, fmt.Sprintf("usage %d means nothing: 3 and 2 are those of mail servers", r.Usage))
	}
	if r.Selector > SPKI {
		l = append(l, fmt.Sprintf("selector %d means nothing: there are 0 and 1", r.Selector))
	}
	switch n := len(r.Data); {
	case n > maxData:
		l = append(l, fmt.Sprintf("%d octets of data are more than a record can hold", n))
	case r.Matching > SHA512:
		l = append(l, fmt.Sprintf("matching type %d means nothing: there are 0, 1 and 2", r.Matching))
	case r.Matching == SHA256 && n != sha256.Size:
		l = append(l, fmt.Sprintf("its data is %d octets long, and SHA-256 has %d", n, sha256.Size))
	case r.Matching == SHA512 && n != sha512.Size:
		l = append(l, fmt.Sprintf("its data is %d octets long, and SHA-512 has %d", n, sha512.Size))
	case r.Matching == Full && r.Selector <= SPKI && !sequence(r.Data):
		l = append(l, "its data is no certificate or key in DER, which matching type 0 asks for")
	}
	return l
}

// sequence reports whether b is one ASN.1 SEQUENCE in DER, as certificates and keys are.
func sequence(b []byte) bool {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(b, &v)
	return err == nil && len(rest) == 0 && v.Class == asn1.ClassUniversal && v.Tag == asn1.TagSequence && v.IsCompound
}

// PKIX says whether a record's usage is 0 or 1, of which senders of mail make no use (RFC 7672 3.1.3).
func (r Record) PKIX() bool { return r.Usage <= PKIXEE }

// Usable says whether senders of mail can authenticate a server by a record.
func (r Record) Usable() bool { return !r.PKIX() && len(r.problems()) == 0 }

// Equal says whether two records are the same.
func (r Record) Equal(other Record) bool {
	return r.Kind() == other.Kind() && bytes.Equal(r.Data, other.Data)
}

// Kind is the three numbers, "3 1 1".
func (r Record) Kind() string { return fmt.Sprintf("%d %d %d", r.Usage, r.Selector, r.Matching) }

// String is the record's data as a zone file has it.
func (r Record) String() string { return r.Kind() + " " + hex.EncodeToString(r.Data) }

// Strongest are the records that senders go by: of those with one usage and selector only the ones with the strongest
// digest, and all that hold no digest (RFC 7671 9, RFC 7672 5).
func Strongest(l []Record) []Record {
	return slices.DeleteFunc(slices.Clone(l), func(r Record) bool {
		return r.Matching == SHA256 && slices.ContainsFunc(l, func(o Record) bool {
			return o.Matching == SHA512 && o.Usage == r.Usage && o.Selector == r.Selector
		})
	})
}
