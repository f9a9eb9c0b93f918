package fix_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mailaudit/internal/audit"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
)

// defects are kinds of faults, of which one each of a group goes into a broken domain. "" is none. Records of one name are parted
// by a line.
var defects = map[string][]string{
	"spf": {
		"", "none", "v=spf1 +all", "v=spf1 ip4:192.0.2.25 ?all", "v=spf1 ip4:192.0.2.25", "v=spf1 include:_spf.esp.example -all",
		"v=spf1 ip4:192.0.2.256 ip4:192.0.2.25 -all", "v=spf1 ipv4:192.0.2.25 a:mail.healthy.example -all", "v=spf1 exists:%{x}.healthy.example ip4:192.0.2.25 -all",
		"v=spf1 include:gone.esp.example ip4:192.0.2.25 -all", "v=spf1 ip4:192.0.2.25 redirect=gone.esp.example", "v=spf1 a:v1.healthy.example a:v2.healthy.example a:v3.healthy.example -all",
		"v=spf1 ip4:192.0.2.25 a:v1.healthy.example -all", "v=spf1 -all ip4:192.0.2.25", "v=spf1 ip4:192.0.2.25 -all redirect=_spf.esp.example", "v=spf10 ip4:192.0.2.25 -all",
		"v=spf1" + elevenHosts + " -all", "v=spf1 include:_spf.esp.example include:_spf.esp.example ip4:192.0.2.25 -all", "v=spf1 include:healthy.example -all",
		"v=spf1 ip4:192.0.2.25 -all\nv=spf1 include:_spf.esp.example ~all", "v=spf1 mx:many.healthy.example ip4:192.0.2.25 -all",
		"v=spf1 include:_bad.esp.example ip4:192.0.2.25 -all", "v=spf1 redirect=_spf.esp.example redirect=_spf2.esp.example", "v=spf1 ip4:192.0.2.25 exists:v1.healthy.example ?all",
		"v=spf1 ip6:2001:db8::/129 ip4:192.0.2.25 ~all", "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ?all -ip4:203.0.113.9",
	},
	"dmarc": {
		"", "none", "v=DMARC1; p=reject; p=none; rua=mailto:a@healthy.example", "v=dmarc1; p=reject; rua=mailto:a@healthy.example", "v=DMARC1; p=block; rua=mailto:a@healthy.example",
		"v=DMARC1; p=reject; sp=block; rua=mailto:a@healthy.example", "v=DMARC1; rua=mailto:a@healthy.example", "v=DMARC1; p=quarantine; rua=a@healthy.example",
		"v=DMARC1; p=reject; rua=mailto:a@healthy.example\nv=DMARC1; p=none; rua=mailto:b@healthy.example", "v=DMARC1; p=reject", "v=DMARC1; p=reject; np=block; rua=mailto:a@healthy.example, nowhere",
		"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:a@healthy.example",
	},
	"mx": {
		"", "0 .", "10 alias.healthy.example.", "10 mx1.healthy.example.\n0 .", "none", "10 gone.healthy.example.\n20 mx1.healthy.example.",
		"10 192.0.2.25.", "10 lan.healthy.example.\n20 mx1.healthy.example.", "10 alias.healthy.example.\n20 mx1.healthy.example.",
	},
	"key": {
		"", "none", "v=DKIM2; k=rsa; ", "v=DKIM1; h=sha1; k=rsa; ", "v=DKIM1; s=tlsrpt; ", "k=dsa; ", "v=DKIM1; k=rsa; \nnot a key at all", "h=sha1; s=other; k=gost; ",
	},
	"ptr":  {"", "none", "out.healthy.example.", "mx1.healthy.example.", "out.healthy.example.\nmx1.healthy.example."},
	"helo": {"", "new.healthy.example"},
	"from": {"", "news.healthy.example", "bare.healthy.example"}, // MAIL FROM, strict alignment of which fails
}

// groups is their order, which a random choice must not change.
var groups = []string{"spf", "dmarc", "mx", "key", "ptr", "helo", "from"}

// styles are ways of writing a record that change nothing of what it says.
var styles = []string{"", "capitals", "blanks", "cut", "long"}

// Whatever is not about a fault has to stay: these are put into each record.
var (
	keptTerms = "ip4:198.51.100.77 a:kept.healthy.example x-keep=%{d}"
	keptTags  = "; fo=1; xkeep=y; ri=7200"
	keptKey   = "n=kept; t=s; "
	keptMX    = "50 backup.healthy.example."
)

// faulty are the terms of the records above that may go, or be written in another way: each of them is a fault.
var faulty = regexp.MustCompile(`(?i)^(v=spf10?|[-+~?]?all|redirect=.*|.*\bgone\..*|.*:v[123]\..*|.*%\{x\}.*|ip4:192\.0\.2\.256|ipv4:.*|ip6:.*/129|include:healthy\.example|include:_bad\..*|mx:many\..*|a:h1[01]\..*|a:kept\..*|-ip4:203.*)$`)

// styled writes a text in a style, as the data of a TXT record.
func styled(text, style string) string {
	switch style {
	case "capitals":
		text = regexp.MustCompile(`\b(ip4|include|a|exists):`).ReplaceAllStringFunc(text, strings.ToUpper)
	case "blanks":
		text += "  "
	case "long":
		var more strings.Builder
		for i := range 20 {
			fmt.Fprintf(&more, " ip4:198.51.100.%d", 100+i)
		}
		text = strings.Replace(text, " ip4:198.51.100.77", " ip4:198.51.100.77"+more.String(), 1)
	}
	most := 255
	if style == "cut" {
		most = 11 // within terms, too
	}
	var l []string
	for len(text) > most {
		l, text = append(l, text[:most]), text[most:]
	}
	return `"` + strings.Join(append(l, text), `" "`) + `"`
}

// planted is a published text with what has to stay.
func planted(group, text string) string {
	switch group {
	case "spf":
		version, rest, _ := strings.Cut(text, " ")
		return version + " " + keptTerms + " " + rest
	case "dmarc":
		return text + keptTags
	}
	return text
}

// broken is a domain with some of the defects.
func broken(t rapid.TB, pick map[string]string) (edits []string, g gather.Target) {
	g = target(t, "192.0.2.25")
	g.Profile = "sender"
	if name := pick["helo"]; name != "" {
		g.Streams[0].HELO = name
	}
	if from := pick["from"]; from != "" {
		g.Streams[0].MailFrom = "bounce@" + from
	}
	edits = append(slices.Clone(manyMX), "alias.healthy.example. CNAME mx1.healthy.example.", "kept.healthy.example. A 203.0.113.40", "backup.healthy.example. A 203.0.113.41",
		"lan.healthy.example. A 10.0.0.25", `_bad.esp.example. TXT "v=spf1 foo -all"`, `_spf2.esp.example. TXT "v=spf1 ip4:203.0.113.77 -all"`,
		`news.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`, "news.healthy.example. MX 10 mx1.healthy.example.", "bare.healthy.example. A 203.0.113.42")
	for _, set := range []struct{ group, name, kind string }{
		{"spf", domain, "TXT"}, {"dmarc", "_dmarc." + domain, "TXT"}, {"mx", domain, "MX"}, {"key", "s2._domainkey." + domain, "TXT"}, {"ptr", "25.2.0.192.in-addr.arpa", "PTR"},
	} {
		data := pick[set.group]
		if data == "" {
			continue
		}
		edits = append(edits, "-"+set.name+". "+set.kind)
		owner := set.name + ". 4321 IN " + set.kind + " " // a TTL that nobody would propose
		if set.group == "spf" {
			edits = append(edits, owner+`"some-site-verification=4f1d2c"`, owner+`"MS=ms1" "23456 ; \"quoted\" \\ \195\164"`)
		}
		if data == "none" {
			continue
		}
		for l := range strings.SplitSeq(data, "\n") {
			switch {
			case set.group == "key" && strings.Contains(l, "="):
				edits = append(edits, owner+keyOf(l+keptKey))
			case set.kind == "TXT":
				edits = append(edits, owner+styled(planted(set.group, l), pick["style"]))
			default:
				edits = append(edits, owner+l)
			}
		}
		if set.group == "mx" && data != "0 ." {
			edits = append(edits, owner+keptMX)
		}
	}
	return edits, g
}

// TestAllTogether breaks domains, by each defect alone and by several at random, and applies all proven fixes at once: what
// they clear is gone, the score is not lower, and whatever nobody complained of still stands.
func TestAllTogether(t *testing.T) {
	proven, kinds := map[string]bool{}, 0
	for _, group := range groups {
		for _, d := range defects[group] {
			pick := map[string]string{group: d}
			if group == "from" && d == "news.healthy.example" {
				pick["dmarc"], pick["key"] = "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:a@healthy.example", "none"
			}
			rules := repair(t, pick)
			if len(rules) > 0 {
				kinds++
			}
			for _, rule := range rules {
				proven[rule] = true
			}
		}
	}
	if kinds < 50 {
		t.Errorf("fixes of %d kinds of faults are proven", kinds)
	}
	for _, rule := range strings.Fields(`spf.missing spf.all-plus spf.all-neutral spf.all-missing spf.ip-not-covered spf.ip4-invalid spf.ip6-invalid spf.syntax spf.macro-invalid spf.include-missing
		spf.include-permerror spf.redirect-missing spf.redirect-multiple spf.void-limit spf.void spf.mx-limit spf.all-not-last spf.redirect-with-all spf.version spf.lookup-limit spf.include-duplicate
		spf.include-loop spf.multiple dmarc.missing dmarc.duplicate-tag dmarc.version dmarc.p-invalid dmarc.sp-np-invalid dmarc.p-missing dmarc.rua-invalid dmarc.multiple dmarc.aspf-strict
		dkim.v-wrong dkim.h-sha1 dkim.s-tag dkim.k-unknown dkim.not-dkim-txt mx.null mx.cname mx.null-plus-others mx.unresolvable mx.ip-literal mx.private-ip ptr.no-forward helo.unresolvable`) {
		if !proven[rule] {
			t.Errorf("no fix of %s was proven", rule)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		pick := map[string]string{"style": rapid.SampledFrom(styles).Draw(rt, "style")}
		for _, group := range groups {
			pick[group] = rapid.SampledFrom(defects[group]).Draw(rt, group)
		}
		repair(rt, pick)
	})
}

// repair applies all proven fixes of a broken domain, and gives the rules that they answer.
func repair(t rapid.TB, pick map[string]string) (proven []string) {
	edits, target := broken(t, pick)
	o := audit.Options{Wanted: everything, Timeout: time.Minute}
	world := publish(t, edits...)
	before, after, sets := audit.Repair(context.Background(), gather.Env{DNS: world, Now: time.Now}, target, o)
	if after == nil {
		return nil
	}
	if before.Score != nil && (after.Score == nil || *after.Score < *before.Score) {
		t.Errorf("%q: the score falls from %v to %v", pick, deref(before.Score), deref(after.Score))
	}
	for _, f := range before.Fixes {
		if f.Proven {
			proven = append(proven, f.Rules...)
		}
	}
	// What is printed is all that is needed.
	var printed strings.Builder
	var gone []dnsx.Question
	for _, s := range sets {
		kind, _ := dnsx.ParseType(s.Type)
		if len(s.Data) == 0 {
			gone = append(gone, dnsx.Q(s.Name, kind))
		}
		for _, data := range s.Data {
			fmt.Fprintf(&printed, "%s. %d IN %s %s\n", s.Name, s.TTL, s.Type, data)
		}
	}
	again := run(dnsx.NewOverlay(parse(t, printed.String()), gone, world), target, everything)
	if deref(again.Score) != deref(after.Score) {
		t.Errorf("%q: the score was to be %v, and is %v", pick, deref(after.Score), deref(again.Score))
	}
	for _, f := range again.Findings {
		if f.Status == "fail" && slices.Contains(proven, f.Rule) {
			t.Errorf("%q: %s is still found at %s: %s", pick, f.Rule, f.Subject, f.Message)
		}
	}
	for _, r := range again.Forecast {
		for _, was := range before.Forecast {
			if was.Receiver == r.Receiver && was.Verdict == "accept" && r.Verdict != "accept" && r.Verdict != "spam" {
				t.Errorf("%q: %s accepted, and now: %s, %s", pick, r.Receiver, r.Verdict, r.Reason)
			}
		}
	}
	for _, s := range sets {
		kept(t, pick, world, s)
	}
	return proven
}

// texts are what the TXT records of a set say.
func texts(t rapid.TB, s audit.RRset) (l []string) {
	for _, data := range s.Data {
		a := dnsx.NewOffline(parse(t, "t.example. TXT "+data+"\n")).Lookup(context.Background(), dnsx.Q("t.example", dnsx.TXT))
		l = append(l, a.Records[0].Text)
	}
	return l
}

// kept holds a set that is to be published against what is: whatever is no fault is in it.
func kept(t rapid.TB, pick map[string]string, world dnsx.Resolver, s audit.RRset) {
	kind, _ := dnsx.ParseType(s.Type)
	published := world.Lookup(context.Background(), dnsx.Q(s.Name, kind)).Records
	for _, r := range published {
		if int(r.TTL) != s.TTL {
			t.Errorf("%q: the TTL of %s was %d, and is to be %d", pick, s.Name, r.TTL, s.TTL)
		}
	}
	lost := func(what string) { t.Errorf("%q: %s loses %s: %q", pick, s.Name, what, s.Data) }
	if s.Type == "MX" {
		for _, r := range published {
			if r.Data == keptMX && !slices.Contains(s.Data, keptMX) {
				lost(keptMX)
			}
		}
	}
	if s.Type != "TXT" {
		return
	}
	now := texts(t, s)
	for _, r := range published {
		switch text := strings.ToLower(r.Text); {
		case strings.HasPrefix(text, "v=spf1"):
			terms := strings.Fields(strings.Join(now, " "))
			for term := range strings.FieldsSeq(r.Text) {
				if !slices.Contains(terms, term) && !faulty.MatchString(term) {
					lost(term)
				}
			}
			if pick["spf"] != "v=spf1"+elevenHosts+" -all" && s.Name == domain && !strings.Contains(strings.ToLower(strings.Join(terms, " ")), "a:kept.healthy.example") {
				lost("a:kept.healthy.example")
			}
		case strings.HasPrefix(text, "v=dmarc1"):
			all := strings.Join(now, "; ")
			for tag := range strings.SplitSeq(r.Text, ";") {
				tag = strings.TrimSpace(tag)
				name, value, _ := strings.Cut(tag, "=")
				switch {
				case slices.Contains([]string{"v", "p", "sp", "np", "adkim", "aspf"}, strings.TrimSpace(name)):
				case name == "rua":
					for uri := range strings.SplitSeq(value, ",") {
						if uri = strings.TrimSpace(uri); strings.Contains(uri, "@") && !strings.Contains(all, uri) {
							lost(uri)
						}
					}
				case !strings.Contains(all, tag):
					lost(tag)
				}
			}
		case strings.Contains(text, "p=mii"):
			all := strings.Join(now, "; ")
			for tag := range strings.SplitSeq(r.Text, ";") {
				name, _, _ := strings.Cut(strings.TrimSpace(tag), "=")
				if !slices.Contains([]string{"v", "h", "s", "k"}, name) && !strings.Contains(all, strings.TrimSpace(tag)) {
					lost(tag)
				}
			}
		case strings.HasPrefix(text, "not a key"):
		case !slices.Contains(now, r.Text):
			lost(r.Text)
		}
	}
}
