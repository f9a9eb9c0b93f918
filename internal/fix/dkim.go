package fix

import (
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/taglist"
)

// dkim repairs key records whose key is good and whose other tags make verifiers ignore it, and takes away what stands
// beside a key and is none.
func (p *proposer) dkim() {
	for _, d := range p.facts.DKIM {
		for _, k := range d.Keys {
			if !p.own(k.Name) || len(k.CNAME) > 0 {
				continue // it is published by whoever runs the service
			}
			p.repairKey(k)
			p.keyAlone(k)
			p.keyInUse(d.Domain, k)
		}
	}
}

// repairKey leaves out the tags that are at fault: each is optional, and without it the key is for everything that it can
// do (RFC 6376 3.6.1).
func (p *proposer) repairKey(k facts.Key) {
	faults := map[string]string{"dkim.v-wrong": "v", "dkim.h-sha1": "h", "dkim.s-tag": "s", "dkim.k-unknown": "k"}
	if k.Record == nil || len(k.Texts) != 1 {
		return
	}
	tags := slices.DeleteFunc(slices.Clone(k.Record.Tags), func(t taglist.Tag) bool {
		return slices.ContainsFunc(p.open, func(f checks.Finding) bool { return f.At.Name == k.Name && faults[f.Check.ID] == t.Name })
	})
	if len(tags) == len(k.Record.Tags) {
		return
	}
	if tags[0].Name != "v" { // where it stands, it stands first
		tags = slices.Concat([]taglist.Tag{{Name: "v", Value: "DKIM1"}}, tags)
	}
	text := taglist.Format(tags)
	if r := dkim.Parse(text); len(r.Problems) > 0 || r.Revoked {
		return
	}
	clears := p.take(func(f checks.Finding) bool { return f.At.Name == k.Name && faults[f.Check.ID] != "" })
	p.add(Proposal{Kind: DNS, Authenticates: true, Text: "Publish the key of selector " + k.Selector + " without the tags that make verifiers ignore it",
		Changes: []Change{{Op: "replace", Name: k.Name, Type: "TXT", TTL: ttl, Data: quote(text), Was: quote(k.Record.Text)}}}, clears)
}

// keyAlone takes away text that is no key from beside one: which of several records a verifier takes is undefined (RFC
// 6376 3.6.2.2).
func (p *proposer) keyAlone(k facts.Key) {
	var changes []Change
	keys := 0
	for _, text := range k.Texts {
		if dkim.IsKey(text) {
			keys++
			continue
		}
		changes = append(changes, Change{Op: "remove", Name: k.Name, Type: "TXT", TTL: ttl, Was: quote(text)})
	}
	if keys != 1 || len(changes) == 0 {
		return
	}
	if clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "dkim.not-dkim-txt" && f.At.Name == k.Name }); len(clears) > 0 {
		p.add(Proposal{Kind: DNS, Text: "Remove what stands beside the key of selector " + k.Selector + " and is none", Changes: changes}, clears)
	}
}

// keyInUse takes away the keys beside the one that a message was signed with. Which that is nobody can see without one.
func (p *proposer) keyInUse(domain string, k facts.Key) {
	var keys []string
	for _, text := range k.Texts {
		if dkim.IsKey(text) {
			keys = append(keys, text)
		}
	}
	if len(keys) < 2 {
		return
	}
	clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "dkim.multiple" && f.At.Name == k.Name })
	if len(clears) == 0 {
		return
	}
	if kept := oneKey(keys); kept != "" {
		n := Proposal{Kind: DNS, Authenticates: true, Text: "Remove from " + k.Name + " what holds the same key once more"}
		n.Changes = merged(k.Name, keys, kept)
		p.add(n, clears)
		return
	}
	inUse, others := p.signedWith(domain, k)
	if inUse == "" {
		n := Proposal{Kind: DNS, Doubt: "which of these keys is in use only a signed message tells: give one with --message",
			Text: "Keep the one of " + k.Name + " that the server signs with, which a message of it tells (--message), and remove the others:"}
		for i, text := range keys[:min(len(keys), most)] {
			if i > 0 {
				n.Text += " or"
			}
			if end := ending(text); end != "" {
				n.Text += " that whose p= ends in " + end
			} else {
				n.Text += " that without a key"
			}
		}
		p.add(n, clears)
		return
	}
	n := Proposal{Kind: DNS, Authenticates: true, Text: "Remove from " + k.Name + " what the message was not signed with; a server that signs with that needs a selector of its own first"}
	n.Changes = merged(k.Name, keys, inUse)
	if others != "" {
		n.Doubt = "stream " + others + " names this selector, too, and no message of it shows that it signs with the same key"
	}
	p.add(n, clears)
}

// oneKey is the record to keep where all hold one key that verifiers take, so that it does not matter which of them one comes to: the
// first that does not ask for more (t=s, RFC 6376 3.6.1). "" where they differ in more than that.
func oneKey(texts []string) string {
	kept := ""
	for _, text := range texts {
		r := dkim.Parse(text)
		if !r.Usable() || keyData(r) != keyData(dkim.Parse(texts[0])) {
			return ""
		}
		if kept == "" || dkim.Parse(kept).Strict && !r.Strict {
			kept = text
		}
	}
	return kept
}

// signedWith is the key record that the messages of all streams were signed with whose selector it is, "" where none tells, or
// they do not agree. others is a stream of which no message tells.
func (p *proposer) signedWith(domain string, k facts.Key) (text, others string) {
	told := map[string]bool{} // by stream
	for _, m := range p.facts.Messages {
		for _, s := range m.Signatures {
			if s.Domain != domain || s.Selector != k.Selector || s.Key == "" {
				continue
			}
			if text != "" && text != s.Key {
				return "", ""
			}
			text, told[m.Stream] = s.Key, true
		}
	}
	for _, s := range p.facts.Streams {
		if s.DKIMDomain == domain && slices.Contains(s.Selectors, k.Selector) && !told[s.Name] {
			others = s.Name
		}
	}
	return text, others
}

// ending are the last characters of a key: they tell it from another one, whose first ones are the same for all of a size.
func ending(text string) string {
	const shown = 16 // those of RSA all end alike, in six of them
	v := keyData(dkim.Parse(text))
	return v[max(0, len(v)-shown):]
}

// keyData is the value of p= without its white space.
func keyData(r dkim.Record) string {
	for _, t := range r.Tags {
		if t.Name == "p" {
			return strings.Join(strings.Fields(t.Value), "")
		}
	}
	return ""
}
