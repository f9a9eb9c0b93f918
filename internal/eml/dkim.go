package eml

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"mailaudit/internal/names"
	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/taglist"
)

// MaxSignatures bounds the signatures of one message that are looked at.
const MaxSignatures = 20

// Signature is one DKIM-Signature field (RFC 6376 3.5).
type Signature struct {
	Domain   string // d=, an A-label name; "" where it is none
	Selector string // s=, likewise
	Tags     []taglist.Tag
	Problems []taglist.Problem

	field int // its place in Fields
}

// Signatures are the first ones of a message, from the top, and how many there are in all.
func (m *Message) Signatures() (l []Signature, all int) {
	for i, f := range m.Fields {
		if !f.Is("DKIM-Signature") {
			continue
		}
		if all++; all > MaxSignatures {
			continue
		}
		l = append(l, m.signature(i))
	}
	return l, all
}

// signature reads a field that is made as DKIM-Signature is.
func (m *Message) signature(field int) Signature {
	s := Signature{field: field}
	value := m.Fields[field].Value
	s.Tags, s.Problems = taglist.Parse(value)
	if len(s.Problems) > 0 && utf8.ValidString(value) { // names and local parts may be in UTF-8 (RFC 8616 4)
		_, s.Problems = taglist.Parse(strings.Map(func(r rune) rune {
			if r >= utf8.RuneSelf {
				return 'x'
			}
			return r
		}, value))
	}
	s.Domain, s.Selector = named(names.Host, s.Tag("d")), named(names.Selector, s.Tag("s"))
	return s
}

// Tag is the value of a tag, "" where it is not there.
func (s Signature) Tag(name string) string {
	for _, t := range s.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}

// Has says whether a tag is there.
func (s Signature) Has(name string) bool {
	for _, t := range s.Tags {
		if t.Name == name {
			return true
		}
	}
	return false
}

// named is a name as DNS knows it, "" where it is none. White space may fold it.
func named(read func(string) (string, error), s string) string {
	n, err := read(strings.ToLower(strings.Join(strings.Fields(s), "")))
	if err != nil {
		return ""
	}
	return n
}

// Agent is the domain of i=, which may stand in quoted-printable and is that of d= where it is left out (RFC 6376 3.5); "" where
// it is none.
func (s Signature) Agent() string {
	if !s.Has("i") {
		return s.Domain
	}
	agent := hexOctet.ReplaceAllStringFunc(s.Tag("i"), func(hex string) string {
		n, _ := strconv.ParseUint(hex[1:], 16, 8)
		return string([]byte{byte(n)})
	})
	i := strings.LastIndexByte(agent, '@')
	if i < 0 {
		return ""
	}
	return named(names.Host, agent[i+1:])
}

var hexOctet = regexp.MustCompile(`=[0-9A-F]{2}`) // RFC 6376 2.11

// data is the value of b= or bh= (RFC 6376 3.5), nil where it is no base64.
func (s Signature) data(tag string) []byte {
	b, err := base64.StdEncoding.DecodeString(blanks.ReplaceAllString(s.Tag(tag), ""))
	if err != nil {
		return nil
	}
	return b
}

// Foreign says whether i= is of a domain that is neither that of d= nor beneath it.
func (s Signature) Foreign() bool {
	agent := s.Agent()
	return agent != s.Domain && !strings.HasSuffix(agent, "."+s.Domain)
}

// Covers are the names in h=, in lower case.
func (s Signature) Covers() []string {
	l := strings.Split(strings.ToLower(s.Tag("h")), ":")
	for i := range l {
		l[i] = strings.TrimSpace(l[i])
	}
	return l
}

// verification is one signature and the key record that it is verified with.
type verification struct {
	field  int
	record string
}

type verdict struct{ result, why string }

var passes = verdict{result: "pass"}

func permanent(format string, args ...any) verdict {
	return verdict{"permerror", fmt.Sprintf(format, args...)}
}

// Verify verifies a signature of the message with a key record (RFC 6376 6.1): pass, fail or permerror (RFC 8601 2.7.1), and
// why. What x= and t= say of the time is left to whoever has a clock, and what l= leaves out to who minds. It does so once,
// however often it is asked: an audit that is made again with other records asks again.
func (m *Message) Verify(s Signature, record string) (result, why string) {
	v := m.once(verification{s.field, record}, func() verdict {
		if v := defect(s); v != passes {
			return v
		}
		return m.verify(s, record)
	})
	return v.result, v.why
}

// once remembers verdicts.
func (m *Message) once(k verification, find func() verdict) verdict {
	m.mu.Lock()
	f, ok := m.verified[k]
	if !ok {
		f = sync.OnceValue(find)
		m.verified[k] = f
	}
	m.mu.Unlock()
	return f()
}

// algorithms are those of RFC 8301 3.1 and RFC 8463 3, with the kind of key that each takes.
var algorithms = map[string]string{"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}

// defect is what a signature itself lacks (RFC 6376 6.1.1).
func defect(s Signature) verdict {
	if v := missing(s, "v", "a", "b", "bh", "d", "h", "s"); v != passes {
		return v
	}
	switch {
	case s.Tag("v") != "1":
		return permanent("its version is v=%.20q, and not 1 (RFC 6376 3.5)", s.Tag("v"))
	case s.Foreign():
		return permanent("i=%.80s is not of the domain in d= (RFC 6376 6.1.1)", s.Tag("i"))
	case !slices.Contains(s.Covers(), "from"):
		return permanent("h= does not name From (RFC 6376 6.1.1)")
	}
	return method(s)
}

// missing is the tag that should be there.
func missing(s Signature, tags ...string) verdict {
	if len(s.Problems) > 0 {
		return permanent("it is no tag list: %s", s.Problems[0].Message)
	}
	for _, tag := range tags {
		if !s.Has(tag) {
			return permanent("it has no %s=", tag)
		}
	}
	return passes
}

// canonicalization is the value of c= (RFC 6376 3.5).
var canonicalization = regexp.MustCompile(`^(?:simple|relaxed)(?:/(?:simple|relaxed))?$`)

// moment is the value of t= and x=: at most 12 digits need be read.
var moment = regexp.MustCompile(`^[0-9]{1,12}$`)

// method is what verifiers cannot follow in the tags of a signature that say how it was made.
func method(s Signature) verdict {
	a := s.Tag("a")
	queries := blanks.ReplaceAllString(s.Tag("q"), "")
	switch {
	case a == "rsa-sha1":
		return permanent("a=rsa-sha1 must not be used to verify (RFC 8301 3.1)")
	case algorithms[a] == "":
		return permanent("a=%.40q is no algorithm that verifiers know (RFC 6376 3.3, RFC 8463 3)", a)
	case s.Has("c") && !canonicalization.MatchString(s.Tag("c")):
		return permanent("c=%.40q is no canonicalization that verifiers know (RFC 6376 3.4)", s.Tag("c"))
	case s.Has("q") && !slices.Contains(strings.Split(queries, ":"), "dns/txt"):
		return permanent("q=%.40q names no way to the key that verifiers know (RFC 6376 3.5)", s.Tag("q"))
	case s.Has("t") && !moment.MatchString(s.Tag("t")):
		return permanent("t=%.40q is no time (RFC 6376 3.5)", s.Tag("t"))
	case s.Has("x") && !moment.MatchString(s.Tag("x")):
		return permanent("x=%.40q is no time (RFC 6376 3.5)", s.Tag("x"))
	}
	for _, tag := range []string{"b", "bh"} {
		if s.Has(tag) && len(s.data(tag)) == 0 {
			return permanent("%s= is no base64", tag)
		}
	}
	return passes
}

// unfit is why a key record is none for a signature (RFC 6376 6.1.2).
func unfit(s Signature, record string) verdict {
	r := dkim.Parse(record)
	switch {
	case r.Revoked:
		return permanent("the key is revoked: its p= is empty")
	case len(r.Problems) > 0:
		return permanent("the key: %s", r.Problems[0].Message)
	case r.KeyType != algorithms[s.Tag("a")]:
		return permanent("a=%s is not for the key, which is of the type %s", s.Tag("a"), r.KeyType)
	}
	return passes
}

// verify verifies what is signed: body and header.
func (m *Message) verify(s Signature, record string) verdict {
	if v := unfit(s, record); v != passes {
		return v
	}
	if dkim.Parse(record).Strict && s.Agent() != s.Domain {
		return permanent("the key has t=s, and i=%.80s is of another domain than d= (RFC 6376 3.6.1)", s.Tag("i"))
	}
	return m.fits(s, record)
}

// fits verifies the body and the header that a signature covers.
func (m *Message) fits(s Signature, record string) verdict {
	sum, ok := m.bodySum(s)
	switch {
	case !ok:
		return permanent("l=%.20q is no length within the body (RFC 6376 3.5)", s.Tag("l"))
	case !slices.Equal(sum, s.data("bh")):
		return verdict{"fail", "the body was changed after it was signed: its hash is not that of bh="}
	case !made(s, m.covered(s), record):
		return verdict{"fail", "the signature does not fit the signed header fields and the published key"}
	}
	return passes
}
