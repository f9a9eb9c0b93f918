package eml

import (
	"strings"
	"sync"

	"github.com/emersion/go-msgauth/dkim"

	"mailaudit/internal/names"
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
		s := Signature{field: i}
		s.Tags, s.Problems = taglist.Parse(f.Value)
		s.Domain, s.Selector = host(s.Tag("d")), host(s.Tag("s"))
		l = append(l, s)
	}
	return l, all
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

// host is a name as DNS knows it, "" where it is none. White space may fold it.
func host(s string) string {
	h, err := names.Host(strings.ToLower(strings.Join(strings.Fields(s), "")))
	if err != nil {
		return ""
	}
	return h
}

// verification is one signature and the key record that it is verified with.
type verification struct {
	field  int
	record string
}

type verdict struct{ result, why string }

// Verify verifies a signature of the message with a key record: pass, fail or permerror (RFC 8601 2.7.1), and why. It does so
// once, however often it is asked: an audit that is made again with other records asks again. The library decides, but for one thing: what Holds is no
// signature that does not fit.
func (m *Message) Verify(s Signature, record string) (result, why string) {
	k := verification{s.field, record}
	m.mu.Lock()
	f, ok := m.verified[k]
	if !ok {
		f = sync.OnceValue(func() verdict { return m.verify(s, k) })
		m.verified[k] = f
	}
	m.mu.Unlock()
	v := f()
	return v.result, v.why
}

// one bounds the memory of what is under way: a verification holds its message several times.
var one sync.Mutex

// verify hands the library the message with that signature as the first. Those above it were added later, so that it cannot
// cover them; of several it would copy the body through pipes in pieces, which takes time without bound for a body of
// empty lines.
func (m *Message) verify(s Signature, k verification) verdict {
	one.Lock()
	defer one.Unlock()
	var b strings.Builder
	b.Grow(maxHeader + len(m.Body))
	for i, f := range m.Fields {
		if i >= k.field || !f.Is("DKIM-Signature") {
			b.WriteString(f.Raw)
		}
	}
	text := b.String()
	if !strings.HasSuffix(text, "\n") {
		text += "\r\n"
	}
	l, err := dkim.VerifyWithOptions(strings.NewReader(text+"\r\n"+m.Body), &dkim.VerifyOptions{
		LookupTXT: func(string) ([]string, error) { return []string{record(k.record)}, nil }, MaxVerifications: 1})
	if len(l) != 1 {
		return verdict{"permerror", "it cannot be read: " + strings.TrimPrefix(err.Error(), "dkim: ")}
	}
	switch err = l[0].Err; {
	case err == nil:
		return verdict{result: "pass"}
	case dkim.IsPermFail(err):
		return verdict{"permerror", strings.TrimPrefix(err.Error(), "dkim: ")}
	case !s.Has("l") && m.Holds(s, record(k.record)):
		// It takes the value of any "b=" away, such as that of a word in z= that ends in b and a blank (=20), and not that of the
		// tag alone (RFC 6376 3.7). No signature fits by chance.
		return verdict{result: "pass"}
	}
	for what, words := range failures {
		if strings.Contains(err.Error(), what) {
			return verdict{"fail", words}
		}
	}
	return verdict{"fail", strings.TrimPrefix(err.Error(), "dkim: ")}
}

// failures are the library's words for what receivers call a failure, and ours.
var failures = map[string]string{
	"body hash did not verify": "the body was changed after it was signed: its hash is not that of bh=",
	"signature did not verify": "the signature does not fit the signed header fields and the published key",
}

// record is a key record as the library reads it: it knows k= in lower case alone, though the ABNF has strings without case
// (RFC 5234 2.3), and white space in p= only as spaces.
func record(text string) string {
	tags, problems := taglist.Parse(text)
	if len(problems) > 0 {
		return text
	}
	for i, t := range tags {
		switch t.Name {
		case "k", "h", "s":
			tags[i].Value = strings.ToLower(t.Value)
		case "p":
			tags[i].Value = strings.Join(strings.Fields(t.Value), "")
		}
	}
	return taglist.Format(tags)
}
