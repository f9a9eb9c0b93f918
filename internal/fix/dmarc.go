package fix

import (
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
	"mailaudit/internal/record/taglist"
)

// dmarc proposes a record that only watches where there is none, and repairs the one at the domain's own name.
func (p *proposer) dmarc() {
	d := p.facts.DMARC.Value
	if len(d.CNAME) > 0 {
		return // no other record may stand beside a CNAME (RFC 1034 3.6.2)
	}
	if d.FoundAt == "_dmarc."+p.facts.Domain && len(d.Texts) > 0 {
		p.repairDMARC(d)
	}
	p.amend(d)
	clears := p.take(func(f checks.Finding) bool { return f.Check.ID == "dmarc.missing" })
	if len(clears) == 0 {
		return
	}
	n := Proposal{Kind: DNS, Text: "Publish a DMARC record that only watches; add rua=mailto: with a mailbox of yours to get reports",
		Changes: []Change{{Op: "add", Name: "_dmarc." + p.facts.Domain, Type: "TXT", TTL: ttl, Data: quote("v=DMARC1; p=none")}}}
	if p.facts.Profile.Name == facts.Parked { // parked.incomplete asks for p=reject: the same record, when it is certain
		n.Text = "Publish a DMARC record that only watches, and set p=reject in it once it is certain that nothing sends"
	}
	// Whose mailbox the reports should go to only the owner knows.
	if rua, ok := checks.Find("dmarc.rua-missing"); ok && p.facts.Profile.Name != facts.Parked {
		n.raises = []checks.Finding{{Check: rua, Status: checks.Warn, Subject: clears[0].Subject}}
	}
	p.add(n, clears)
}

// voided are the rules whose violation leaves the owner's policy out of force.
var voided = []string{"dmarc.multiple", "dmarc.version", "dmarc.duplicate-tag", "dmarc.p-missing", "dmarc.p-invalid", "dmarc.sp-np-invalid"}

// repairDMARC makes one valid record out of what receivers ignore. It begins with p=none, whatever was meant: no policy is
// in force today, and another one would refuse mail that is accepted.
func (p *proposer) repairDMARC(d facts.DMARC) {
	clears := p.take(func(f checks.Finding) bool {
		return slices.Contains(voided, f.Check.ID) && (f.At.Name == "" || f.At.Name == d.FoundAt)
	})
	if len(clears) == 0 {
		return
	}
	clears = append(clears, p.take(func(f checks.Finding) bool { return f.Check.ID == "dmarc.missing" || f.Check.ID == "dmarc.rua-invalid" })...)
	text, meant := watching(d.Texts)
	n := Proposal{Kind: DNS, Text: "Replace what stands at " + d.FoundAt + " by one valid record that only watches", Changes: merged(d.FoundAt, d.Texts, text)}
	if rua, ok := checks.Find("dmarc.rua-missing"); ok && !strings.Contains(text, "rua=") && p.facts.Profile.Name != facts.Parked {
		n.raises = []checks.Finding{{Check: rua, Status: checks.Warn, Subject: clears[0].Subject}}
	}
	if meant != "" {
		p.later("Set "+meant+" in the DMARC record, as published, once the reports show that all mail of the domain passes",
			"mail that does not pass DMARC, which is accepted today, would be refused or put into the spam folder")
	}
	p.add(n, clears)
}

// watching is a valid record with p=none and the tags of others, each once, and the policy that the first of them meant.
func watching(texts []string) (text, meant string) {
	tags := []taglist.Tag{{Name: "v", Value: "DMARC1"}, {Name: "p", Value: "none"}}
	at := func(name string) int {
		return slices.IndexFunc(tags, func(t taglist.Tag) bool { return strings.EqualFold(t.Name, name) })
	}
	var rua []string
	for _, published := range texts {
		all, _ := taglist.Parse(parted(published))
		for _, t := range all {
			name := strings.ToLower(t.Name)
			if name == "sp" || name == "np" {
				t.Value = "none"
			}
			switch {
			case name == "p" && meant == "" && slices.Contains([]string{"quarantine", "reject"}, strings.ToLower(t.Value)):
				meant = "p=" + strings.ToLower(t.Value)
			case name == "rua":
				for uri := range strings.SplitSeq(t.Value, ",") {
					if uri = strings.TrimSpace(uri); !slices.Contains(rua, uri) {
						rua = append(rua, uri)
					}
				}
				if at("rua") < 0 {
					tags = append(tags, taglist.Tag{Name: "rua"})
				}
			case at(name) < 0:
				tags = append(tags, t)
			}
		}
	}
	if i := at("rua"); i >= 0 {
		tags[i].Value = strings.Join(repaired(rua), ",")
		if tags[i].Value == "" {
			tags = slices.Delete(tags, i, i+1)
		}
	}
	return taglist.Format(tags), meant
}

// glued is a tag of RFC 9989 4.7, or of RFC 7489 6.3, that something else than a semicolon stands before.
var glued = regexp.MustCompile(`(?i)([^;\s,])[\s,]+((?:v|p|sp|np|psd|t|adkim|aspf|fo|rua|ruf|pct|rf|ri)[ \t]*=)`)

// parted is a void record with its tags parted by semicolons, where blanks or commas part them, or a backslash is written before
// each, or quotation marks around all: what its owner wrote is not to be lost.
func parted(text string) string {
	text = strings.Trim(strings.ReplaceAll(text, `\;`, ";"), ` "'`)
	return glued.ReplaceAllString(text, "$1; $2")
}

// amend puts right what is wrong with single tags of a record that is in force, in one change: one record cannot be replaced
// twice.
func (p *proposer) amend(d facts.DMARC) {
	at, ok := strings.CutPrefix(d.FoundAt, "_dmarc.")
	if !ok || !p.own(at) || d.Record == nil || len(d.Texts) != 1 {
		return
	}
	text := d.Record.Text
	text, relaxed, words := p.relax(d, text)
	text, directed, more := p.repairRUA(d, text)
	words = append(words, more...)
	if clears := slices.Concat(directed, relaxed); len(clears) > 0 {
		p.add(Proposal{Kind: DNS, Authenticates: len(relaxed) > 0, Text: strings.Join(words, "; "),
			Changes: []Change{{Op: "replace", Name: d.FoundAt, Type: "TXT", TTL: ttl, Data: quote(text), Was: quote(d.Record.Text)}}}, clears)
	}
}

// repairRUA puts right the destinations of reports that can be, and leaves out the others beside one that is valid. text is the
// record with its tags where they are published.
func (p *proposer) repairRUA(d facts.DMARC, text string) (amended string, clears []checks.Finding, words []string) {
	t, ok := tag(d, "rua")
	if !ok || d.FoundAt != "_dmarc."+p.facts.Domain {
		return text, nil, nil
	}
	l := repaired(strings.Split(t.Value, ","))
	if len(l) == 0 {
		return text, nil, nil
	}
	clears = p.take(func(f checks.Finding) bool { return f.Check.ID == "dmarc.rua-invalid" && f.At.Name == d.FoundAt })
	if len(clears) == 0 {
		return text, nil, nil
	}
	at := t.Offset + strings.IndexByte(text[t.Offset:], '=')
	return text[:at] + strings.Replace(text[at:], t.Value, strings.Join(l, ","), 1), clears, []string{"Put right where the reports of " + d.FoundAt + " are to go"}
}

// relax takes adkim=s and aspf=s out of a record where they cost the owner's own mail its alignment: in relaxed mode, which
// is the default, subdomains count (RFC 9989 4.4). Whatever is aligned stays so, here and for all that inherits the record.
// Each tag of text stays as long as it was.
func (p *proposer) relax(d facts.DMARC, text string) (amended string, clears []checks.Finding, words []string) {
	var rules []string
	for _, name := range []string{"adkim", "aspf"} {
		t, ok := tag(d, name)
		rule := "dmarc." + name + "-strict"
		if !ok || !slices.ContainsFunc(p.open, func(f checks.Finding) bool { return f.Check.ID == rule }) {
			continue
		}
		at := t.Offset + strings.IndexByte(text[t.Offset:], '=')
		text = text[:at] + strings.Replace(text[at:], t.Value, "r", 1)
		rules = append(rules, rule)
	}
	if len(rules) == 0 || text == d.Record.Text {
		return text, nil, nil
	}
	saved := func(i checks.Identity) bool { return i.Passes == "pass" && i.Relaxed == "pass" && i.Mode == "strict" }
	for _, a := range checks.Alignments(p.facts) {
		if a.DMARC == "fail" && (saved(a.DKIM) || saved(a.SPF)) {
			rules = append(rules, "dmarc.unaligned")
		}
	}
	clears = p.take(func(f checks.Finding) bool { return slices.Contains(rules, f.Check.ID) })
	return text, clears, []string{"Let subdomains count for alignment in " + d.FoundAt + ", or have the service use the very domain of From"}
}

func tag(d facts.DMARC, name string) (taglist.Tag, bool) {
	if d.Record == nil {
		return taglist.Tag{}, false
	}
	i := slices.IndexFunc(d.Record.Tags, func(t taglist.Tag) bool { return t.Name == name })
	if i < 0 || d.Record.Tags[i].Offset > len(d.Record.Text) {
		return taglist.Tag{}, false
	}
	return d.Record.Tags[i], true
}

// repaired are the destinations that are valid, or are with mailto: before them.
func repaired(uris []string) []string {
	valid := func(uri string) bool {
		r := dmarc.Parse("v=DMARC1; p=none; rua=" + uri)
		return len(r.Problems) == 0 && len(r.RUA) == 1
	}
	var l []string
	for _, uri := range uris {
		uri = strings.TrimSpace(uri)
		switch {
		case valid(uri):
			l = append(l, uri)
		case valid("mailto:" + uri):
			l = append(l, "mailto:"+uri)
		}
	}
	return l
}
