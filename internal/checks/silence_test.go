package checks

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"mailaudit/internal/facts"
)

const lostWhy = "it was lost"

// lose makes one piece of evidence one that could not be found out; false where the value is no such piece. A piece that was
// asked together with others is lost alone.
func lose(v reflect.Value) bool {
	if state := v.FieldByName("State"); state.IsValid() && state.Type() == reflect.TypeFor[facts.State]() {
		if state.Interface() != facts.Known {
			return false
		}
		v.SetZero()
		state.Set(reflect.ValueOf(facts.Unknown))
		v.FieldByName("Why").SetString(lostWhy)
		return true
	}
	switch x := v.Addr().Interface().(type) {
	case *facts.SPFNode:
		*x = facts.SPFNode{Domain: x.Domain, Status: facts.SPFUnknown, Why: lostWhy}
	case *facts.SPFTerm:
		child := x.Child
		*x = facts.SPFTerm{Term: x.Term, Lookup: x.Lookup, Target: x.Target, Why: lostWhy}
		if child != nil {
			x.Child = &facts.SPFNode{Domain: child.Domain, Status: facts.SPFUnknown, Why: lostWhy}
		}
	case *facts.SPFResult:
		x.Result, x.Why = "temperror", lostWhy
	case *facts.Key:
		*x = facts.Key{Selector: x.Selector, Name: x.Name, Origin: x.Origin, Status: facts.KeyUnknown, Why: lostWhy}
	case *facts.Listing:
		*x = facts.Listing{Zone: x.Zone, Target: x.Target, Kind: x.Kind, Declared: x.Declared, Host: x.Host, HELO: x.HELO, Status: facts.NoClue, Why: lostWhy}
	case *facts.Hosts:
		x.Lost = lostWhy
		x.Addresses = x.Addresses[:min(1, len(x.Addresses))]
	case *facts.Probe:
		*x = facts.Probe{Status: x.Status, Addr: x.Addr, Banner: x.Banner, TLS: "none", Why: lostWhy}
	case *facts.ServerTalk:
		x.UDP, x.TCP = facts.Heard{State: facts.HeardQuiet, Why: lostWhy}, facts.Heard{State: facts.HeardQuiet, Why: lostWhy}
	default:
		return false
	}
	return true
}

// isPiece says whether lose knows a type.
func isPiece(t reflect.Type) bool {
	if state, ok := t.FieldByName("State"); ok && state.Type == reflect.TypeFor[facts.State]() {
		return true
	}
	return slices.Contains([]reflect.Type{reflect.TypeFor[facts.SPFNode](), reflect.TypeFor[facts.SPFTerm](), reflect.TypeFor[facts.SPFResult](),
		reflect.TypeFor[facts.Key](), reflect.TypeFor[facts.Listing](), reflect.TypeFor[facts.Hosts](), reflect.TypeFor[facts.Probe](),
		reflect.TypeFor[facts.ServerTalk]()}, t)
}

// pieces are the pieces of evidence within a value, by where they are.
func pieces(v reflect.Value, at string, see func(at string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			pieces(v.Elem(), at, see)
		}
	case reflect.Slice:
		for i := range v.Len() {
			pieces(v.Index(i), fmt.Sprintf("%s[%d]", at, i), see)
		}
	case reflect.Struct:
		if isPiece(v.Type()) {
			see(at, v)
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				pieces(v.Field(i), at+"."+f.Name, see)
			}
		}
	}
}

// piecesOf are those of whole facts.
func piecesOf(f *facts.Facts) map[string]any {
	all := map[string]any{}
	pieces(reflect.ValueOf(f), "", func(at string, v reflect.Value) { all[at] = v.Interface() })
	return all
}

// differing are the places of the pieces in which an edit makes the facts differ from those that were.
func differing(was map[string]any, edit func(*facts.Facts)) []string {
	f := healthy()
	edit(f)
	var l []string
	pieces(reflect.ValueOf(f), "", func(at string, v reflect.Value) {
		if old, ok := was[at]; !ok || !reflect.DeepEqual(old, v.Interface()) {
			l = append(l, at)
		}
	})
	return l
}

// withLoss are the facts after an edit with the piece at one place lost; nil where it cannot be.
func withLoss(edit func(*facts.Facts), place string) *facts.Facts {
	f := healthy()
	edit(f)
	done := false
	pieces(reflect.ValueOf(f), "", func(at string, v reflect.Value) {
		if at == place && !done {
			done = lose(v)
		}
	})
	if !done {
		return nil
	}
	for i := range f.Sources { // as gathering would say
		p := &f.Sources[i].PTR.Value
		if p.Confirm == "fail" && slices.ContainsFunc(p.Names, func(n facts.PTRName) bool { return n.Addresses.State == facts.Unknown }) {
			p.Confirm, p.Why = "unknown", lostWhy
		}
	}
	return f
}

// ruled are what a single rule finds.
func ruled(c *Check, f *facts.Facts, wanted func(Area) bool) []Status {
	r := Result{Shares: map[Area]Share{}}
	r.judge(c, f, wanted)
	var l []Status
	for _, x := range r.Findings {
		l = append(l, x.Status)
	}
	return l
}

// TestLostEvidence: where what shows a fault could not be found out, the rule does not pass.
func TestLostEvidence(t *testing.T) {
	was := piecesOf(healthy())
	for _, c := range cases() {
		rule, ok := Find(c.rule)
		if !ok || c.want == "" || c.want == Pass || c.want == Unknown {
			continue
		}
		for _, at := range differing(was, c.edit) {
			f := withLoss(c.edit, at)
			if f != nil && slices.Contains(ruled(rule, f, everything), Pass) {
				t.Errorf("%s %s: it passes although %s is lost", c.rule, c.name, at)
			}
		}
	}
}

// TestLossIsTold: that what shows a fault could not be found out is told by some rule, whatever areas are judged beside that of the
// rule: none relies on one that is left out.
func TestLossIsTold(t *testing.T) {
	was := piecesOf(healthy())
	for _, c := range cases() {
		rule, ok := Find(c.rule)
		if !ok || c.want != Fail && c.want != Warn {
			continue
		}
		for _, at := range differing(was, c.edit) {
			f := withLoss(c.edit, at)
			if f == nil || !slices.Contains(ruled(rule, healthy(), everything), Pass) || len(ruled(rule, f, everything)) > 0 {
				continue
			}
			for name, wanted := range map[string]func(Area) bool{"all": everything, "its own": func(a Area) bool { return a == rule.Area }} {
				if !slices.ContainsFunc(Run(f, wanted).Findings, func(x Finding) bool { return x.Status != Pass && x.Status != Info }) {
					t.Errorf("%s %s: with %s areas judged nobody tells that %s is lost", c.rule, c.name, name, at)
				}
			}
		}
	}
}

// idle are rules with nothing to judge while something else is wrong, and not silent for the sake of another rule's word.
var idle = map[string]string{
	"mtasts.missing":        "no mail comes to a domain without MX hosts",
	"mtasts.mx-mismatch":    "there are none that could match",
	"mtasts.wildcard":       "there are none that could match",
	"dmarc.reject-spf-only": "it is about SPF that passes",
	"dmarc.spf-only":        "it is about SPF that passes",
	"dmarc.sp-weaker":       "the record is another domain's",
	"dkim.ed25519-only":     "it is about keys that verify",
	"spf.ip6-not-covered":   "the name in HELO is no host's, or MAIL FROM has no record",
	"ip.private":            "there is no address",
}

// TestSilencedIsTold: a fault for whose sake the rules of another area are silent is told where that area alone is judged.
func TestSilencedIsTold(t *testing.T) {
	sound := map[Area]map[string]bool{}
	for _, x := range Run(healthy(), everything).Findings {
		if sound[x.Check.Area] == nil {
			sound[x.Check.Area] = map[string]bool{}
		}
		sound[x.Check.Area][x.Check.ID] = true
	}
	for _, c := range cases() {
		rule, ok := Find(c.rule)
		if !ok || c.want != Fail && c.want != Warn || rule.Area == "domain" {
			continue // that there is no domain is told by the areas that want records of it: TestAlone
		}
		f := healthy()
		c.edit(f)
		if f.Profile != healthy().Profile || rule.Area == "message" && f.Results == nil {
			continue // what a domain is for is no fault, and not to know yet who will send a message
		}
		left := map[Area]map[string]bool{}
		for area, rules := range sound {
			left[area] = maps.Clone(rules)
			maps.DeleteFunc(left[area], func(rule string, _ bool) bool { return idle[rule] != "" })
		}
		for _, x := range Run(f, everything).Findings {
			delete(left[x.Check.Area], x.Check.ID)
		}
		for area, rules := range left {
			if len(rules) == 0 || area == rule.Area {
				continue
			}
			alone := Run(f, func(a Area) bool { return a == area }).Findings
			if !slices.ContainsFunc(alone, func(x Finding) bool { return x.Status != Pass }) {
				t.Errorf("%s %s: %v are silent, and with %s alone nothing is told", c.rule, c.name, slices.Sorted(maps.Keys(rules)), area)
			}
		}
	}
}

// TestAlone: what one rule leaves to those of another area it tells itself where that area is left out, and only there.
func TestAlone(t *testing.T) {
	nobody := func(f *facts.Facts) {
		unpublished()(f)
		f.Exists, f.SPF[0].Exists = facts.Know(false), false
		f.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone})
		f.DKIM[0].Exists, f.DKIM[0].Keys[0].Status = false, facts.KeyMissing
	}
	lostPolicy := func(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC](lostWhy) }
	near := func(edit func(*facts.Facts)) func(*facts.Facts) {
		return func(f *facts.Facts) {
			f.Nearby = []facts.Listing{{Zone: "zen.spamhaus.org", Kind: "ip", Target: sender.String(), Status: facts.Listed, Class: "major", Host: "mx1.healthy.example"}}
			edit(f)
		}
	}
	for _, c := range []struct {
		name string
		edit func(*facts.Facts)
		area Area
		rule string
		want Status
		of   Area // whose rules say it
	}{
		{"no domain, SPF alone", nobody, "spf", "spf.missing", Fail, "domain"},
		{"no domain, DKIM alone", nobody, "dkim", "dkim.selector-missing", Fail, "domain"},
		{"no domain, DMARC alone", nobody, "dmarc", "dmarc.missing", Warn, "domain"},
		{"no MAIL FROM domain", noMailFrom, "spf", "spf.missing", Fail, "domain"},
		{"a null MX, and it sends", func(f *facts.Facts) {
			nullMX(f)
			f.Profile = facts.Profile{Name: facts.Parked, Reason: "a null MX"}
		}, "mx", "mx.null", Fail, "parked"},
		{"no host for HELO", func(f *facts.Facts) {
			helloRecord(facts.SPFNone)(f)
			f.SPF[1].Exists = false
		}, "spf", "spf.helo-missing", Info, "ptr"},
		{"no record of SPF known, no address", func(f *facts.Facts) {
			f.Sources = nil
			lostRoot(f)
		}, "ptr", "ip.no-source", Unknown, "spf"},
		{"DMARC lost, SPF alone", lostPolicy, "spf", "spf.all-hard", Unknown, "dmarc"},
		{"DMARC lost, BIMI alone", lostPolicy, "bimi", "bimi.missing", Unknown, "dmarc"},
		{"nobody knows whether np= holds, SPF alone", npInDoubt("p=none"), "spf", "spf.all-hard", Unknown, "dmarc"},
		{"nobody knows whether np= holds, BIMI alone", inTurn(npInDoubt("p=none"), withoutLogo), "bimi", "bimi.missing", Unknown, "dmarc"},
		{"a message that nothing authenticates", carries(far, far), "message", "msg.dkim-not-aligned", Fail, "dmarc"},
		{"a message without a signature", inTurn(carries("", bounces), gets("softfail")), "message", "msg.spf-not-aligned", Fail, "spf"},
		{"MTA-STS lost", func(f *facts.Facts) { f.MTASTS, f.DANE = facts.Cannot[facts.MTASTS](lostWhy), nil }, "tlsrpt", "tlsrpt.missing", Unknown, "mtasts"},
		{"MX lost", func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX](lostWhy) }, "mtasts", "mtasts.mx-mismatch", Unknown, "mx"},
		{"an MX host that sends is listed", near(func(*facts.Facts) {}), "mx", "mx.on-dnsbl", Warn, "dnsbl"},
		{"a list that refuses", near(func(f *facts.Facts) {
			f.Lists[0].State = facts.ListRefused
			f.Nearby[0].Target, f.Nearby[0].Status, f.Nearby[0].Why = "11.22.33.25", facts.Refused, lostWhy
		}), "mx", "mx.on-dnsbl", Unknown, "dnsbl"},
		{"signed by another domain", sendsAs("healthy.example", "esp.example"), "dkim", "dkim.strict-receivers", Info, "dmarc"},
		{"a TTL that is lost", func(f *facts.Facts) {
			f.Zone = facts.Know(facts.Zone{TTLs: []facts.TTL{{What: "MX", Name: f.Domain, Seconds: facts.Cannot[uint32](lostWhy)}}})
		}, "domain", "ttl.long", Unknown, "mx"},
	} {
		f := healthy()
		c.edit(f)
		told := func(areas ...Area) bool {
			return slices.ContainsFunc(Run(f, func(a Area) bool { return slices.Contains(areas, a) }).Findings, func(x Finding) bool {
				return x.Check.ID == c.rule && x.Status == c.want
			})
		}
		if !told(c.area) {
			t.Errorf("%s: with %s alone %s is not %s", c.name, c.area, c.rule, c.want)
		}
		if c.of != "" && told(c.area, c.of) {
			t.Errorf("%s: with %s and %s %s says again what is said", c.name, c.area, c.of, c.rule)
		}
	}
}
