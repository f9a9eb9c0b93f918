package receivers

import (
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
)

// OpenDKIM 2.11, Exim 4.96 and Rspamd 3.4 read key records and signatures each in a way of its own, as the lab measured:
//
//	fault                       OpenDKIM     Exim       rspamd
//	v=DKIM1 is not the first    takes it     takes it   takes it
//	blanks around a value       takes it     refuses    takes it
//	v=, h=, s= or k= rule out   not signed   by h= s=   takes it
//	this use of the key                      v=
//	no tag list, but a p=       not signed   refuses    takes it
//	x= is past                  not signed   takes it   not signed
//	t= is to come               not signed   takes it   not signed
//	i= is of another domain     not signed   takes it   takes it
//	From is not covered         not signed   takes it   not signed
//	rsa-sha1, l=                takes it     takes it   takes it
//	v= is not 1                 not signed   refuses    not signed
//	a= or c= that there is not  not signed   as c=      not signed
//	a= in capitals              takes it     takes it   not signed

// state is how a signature verifies for an engine.
func (e engine) state(s Signature) string {
	if !e.own || s.Key == nil || s.State == Several || s.Key.Status == facts.KeyUnknown {
		return s.State
	}
	switch state := e.read(*s.Key); {
	case state != Verifies:
		return state
	case slices.ContainsFunc(s.Faults, func(f string) bool { return slices.Contains(e.breaks, f) }):
		return Unusable
	case slices.ContainsFunc(s.Faults, func(f string) bool { return slices.Contains(e.minds, f) }):
		return Faulty
	case s.Holds:
		return Verifies
	case s.Key.Record != nil && s.Key.Record.Testing:
		return Excused
	}
	return Wrong
}

// readByOpenDKIM is the state of a key for OpenDKIM: by RFC 6376, but that v= may stand anywhere, and that of tags that stand
// twice the last counts, and that any text is a key to it, if not one that can be used.
func readByOpenDKIM(k facts.Key) string {
	state, _ := keyState(k)
	if state == Missing && len(k.Texts) > 0 && !k.Dangling {
		return Unusable // other text stands there
	}
	if state != Misused && state != Unusable || k.Record == nil {
		return state
	}
	bad := func(p dkim.Problem) bool {
		return p.Kind != dkim.DuplicateTag && (p.Kind != dkim.Version || tag(k.Record, "v") != "DKIM1")
	}
	if slices.ContainsFunc(k.Record.Problems, bad) {
		return state
	}
	return Verifies
}

// readByRspamd is that for Rspamd, which looks at p= alone.
func readByRspamd(k facts.Key) string {
	state, _ := keyState(k)
	if state == Misused || state == Untyped || state == Unusable && isRSA(tagAnyhow(k)) {
		return Verifies
	}
	return state
}

// readByExim is that for Exim (pdkim_parse_pubkey_record): tags are told by their first letter, and blanks in front of a value
// are a part of it. A key type it takes from the signature. A record that begins with another version than DKIM's is none to
// it.
func readByExim(k facts.Key) string {
	state, _ := keyState(k)
	switch state {
	case Missing, Revoked, Short, Lost:
		return state
	}
	if len(k.Texts) != 1 {
		return state
	}
	values := map[byte]string{}
	for _, element := range strings.Split(strings.ReplaceAll(k.Texts[0], ";;", twice), ";") {
		element = strings.ReplaceAll(element, twice, ";")
		if name, value, ok := strings.Cut(strings.Trim(element, blank), "="); ok && name != "" {
			values[name[0]] = value
		}
	}
	version, versioned := values['v']
	service, limited := values['s']
	hashes, hashed := values['h']
	switch {
	case versioned && version != "DKIM1", limited && service != "*" && service != "email":
		return Unusable
	case hashed && !slices.ContainsFunc(strings.Split(hashes, ":"), func(h string) bool { return strings.Trim(h, blank) == "sha256" }):
		return Unusable
	case state == Verifies, state == Untyped, isRSA(values['p']):
		return Verifies
	}
	return Unusable
}

// twice stands for two semicolons in a row, which Exim's lists take for one that parts nothing.
const twice = "\x00"

const blank = " \t\r\n"

// tag is the value of the first tag of a name.
func tag(r *dkim.Record, name string) string {
	for _, t := range r.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}

// tagAnyhow is what stands behind p= in the one text at a selector, whether that is a tag list or not.
func tagAnyhow(k facts.Key) string {
	if len(k.Texts) != 1 || !strings.Contains(k.Texts[0], "p=") {
		return ""
	}
	text := k.Texts[0]
	p, _, _ := strings.Cut(text[strings.LastIndex(text, "p=")+len("p="):], ";")
	return p
}

// isRSA says whether a value of p= holds an RSA key that may be used.
func isRSA(value string) bool { return dkim.Parse("p=" + value).Usable() }
