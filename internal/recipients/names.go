package recipients

import (
	_ "embed"
	"path"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"
)

// The lists; lists/README.md says whence they are.
var (
	//go:embed lists/disposable.txt
	disposableText string
	//go:embed lists/free.txt
	freeText string
	//go:embed lists/role.txt
	roleText string
	//go:embed lists/providers.txt
	providerText string

	disposables = sync.OnceValue(func() nameList { return newNameList(disposableText) })
	frees       = sync.OnceValue(func() nameList { return newNameList(freeText) })
	roles       = sync.OnceValue(func() nameList { return newNameList(roleText) })
	providers   = sync.OnceValue(func() nameList { return newNameList(providerText) })
)

// nameList is a list of names, some of which are patterns.
type nameList struct {
	names    map[string]bool
	patterns []string
}

func newNameList(text string) nameList {
	l := nameList{names: map[string]bool{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.Contains(line, "*"):
			l.patterns = append(l.patterns, line)
		default:
			l.names[line] = true
		}
	}
	return l
}

func (l nameList) has(name string) bool {
	if l.names[name] {
		return true
	}
	for _, p := range l.patterns {
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}

// isDisposable says whether a domain, or one that it is beneath, gives mailboxes that are thrown away.
func isDisposable(domain string) bool {
	for {
		if disposables().has(domain) {
			return true
		}
		_, above, ok := strings.Cut(domain, ".")
		if !ok || !strings.Contains(above, ".") {
			return false
		}
		domain = above
	}
}

// isFree says whether a domain gives free mailboxes.
func isFree(domain string) bool { return frees().has(domain) || providers().has(domain) }

// isRole says whether a local part is that of a role, with or without a detail behind "+".
func isRole(local string) bool {
	name, _, _ := strings.Cut(strings.ToLower(local), "+")
	return roles().has(name)
}

// A name so short has too many others one slip away.
const minSlip = 9

// provider is the large provider whose domain was probably meant, "" where there is none, and how many slips away it is.
func provider(domain string) (meant string, slips int) {
	if isFree(domain) {
		return "", 0
	}
	const most = 2
	slips = most + 1
	for p := range providers().names {
		if len(p) < minSlip {
			continue
		}
		// Of several that are equally far the first by name, so that each run says the same.
		if n := distance(domain, p, most); n < slips || n == slips && n <= most && p < meant {
			meant, slips = p, n
		}
	}
	if meant == "" {
		return "", 0
	}
	return meant, slips
}

// Top-level domains that are mistyped.
var suffixes = []string{"com", "net", "org", "edu", "gov", "info"}

// suffix is the domain under the top-level domain that was probably meant, "" where the domain's own exists. It takes a name
// with one label in front, as people type it.
func suffix(domain string) string {
	name, top, _ := strings.Cut(domain, ".")
	if name == "" || strings.Contains(top, ".") {
		return ""
	}
	if _, listed := publicsuffix.PublicSuffix(top); listed {
		return ""
	}
	for _, s := range suffixes {
		if distance(top, s, 1) <= 1 {
			return name + "." + s
		}
	}
	return ""
}

// distance is how many slips of a typist lead from a to b: a sign too many, one missing, a wrong one, two exchanged. Beyond
// most it is most+1.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return most + 1
		}
		before, last = last, row
	}
	return min(last[len(b)], most+1)
}
