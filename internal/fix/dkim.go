package fix

import (
	"slices"

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
