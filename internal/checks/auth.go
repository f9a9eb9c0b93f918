package checks

import "mailaudit/internal/facts"

// Auth says whether anything at all could authenticate the domain's mail.
type Auth struct {
	None      bool // neither SPF nor DKIM can pass
	MaybeNone bool // that, if every question that got no answer were answered with the worst
}

// Authenticates reads it from the facts. Where a mechanism cannot be judged at all, such as DKIM without a
// selector, it counts as one that could pass: nothing is held against what cannot be known.
func Authenticates(f *facts.Facts) Auth {
	spf, maybeSPF := spfCould(f)
	dkim, maybeDKIM := dkimCould(f)
	return Auth{None: !spf && !dkim, MaybeNone: !maybeSPF && !maybeDKIM}
}

// spfCould says whether MAIL FROM could pass, and whether it does even at the worst.
func spfCould(f *facts.Facts) (could, atWorst bool) {
	results := 0
	for _, r := range f.Results {
		if r.Identity != "mailfrom" {
			continue
		}
		results++
		switch r.Result {
		case "pass":
			return true, true
		case "temperror":
			could = true
		}
	}
	if results > 0 {
		return could, false
	}
	for _, s := range f.SPF {
		if len(s.MailFrom) == 0 {
			continue
		}
		switch s.Root.Status {
		case facts.SPFFound:
			if len(s.Root.Record.Problems) == 0 {
				return true, true
			}
		case facts.SPFUnknown:
			could = true
		}
	}
	return could, false
}

// dkimCould says whether a signature could verify, and whether one does even at the worst. Of a stream with a sample message
// the signatures are known.
func dkimCould(f *facts.Facts) (could, atWorst bool) {
	sampled := 0
	for _, s := range f.Streams {
		signatures, is := signaturesOf(f, s.Name)
		if is {
			sampled++
		}
		for _, x := range signatures {
			switch verified(x) {
			case "pass":
				return true, true
			case "unknown":
				could = true
			}
		}
	}
	if sampled > 0 && sampled == len(f.Streams) {
		return could, false
	}
	for _, d := range f.DKIM {
		if !d.Named {
			if !d.Subtree.Known() || d.Subtree.Value != facts.SubtreeAbsent {
				return true, true
			}
			continue
		}
		for _, k := range d.Keys {
			switch k.Status {
			case facts.KeyValid:
				return true, true
			case facts.KeyUnknown:
				could = true
			}
		}
	}
	return could, false
}
