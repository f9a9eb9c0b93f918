package eml

import "strings"

// Bounds on what is kept of a receiver's results.
const (
	maxResults = 50
	maxResult  = 500 // octets of each
)

// AuthResults is what a receiver wrote of a message (RFC 8601): evidence, and no more than its word.
type AuthResults struct {
	Server  string   // the authserv-id
	Results []string // such as "dkim=pass header.d=example.com header.s=s1", without comments
}

// AuthResults are those of the topmost Authentication-Results field, and of the fields by the same server that stand between it
// and the next Received field: filters of one server write one each. nil where there is none. The library's parser is of no
// use here: it leaves header.s out, cuts comments at their semicolons, and gives up at the first result that it cannot read.
func (m *Message) AuthResults() *AuthResults {
	var out *AuthResults
	for _, f := range m.Fields {
		if out != nil && f.Is("Received") {
			break
		}
		if !f.Is("Authentication-Results") {
			continue
		}
		parts := resinfo(f.Value)
		server, _, _ := strings.Cut(parts[0], " ") // a version may follow
		if out == nil {
			out = &AuthResults{Server: clip(strings.Trim(server, `"`)), Results: []string{}}
		}
		if clip(strings.Trim(server, `"`)) != out.Server {
			continue
		}
		for _, p := range parts[1:] {
			if p != "" && p != "none" && len(out.Results) < maxResults {
				out.Results = append(out.Results, clip(p))
			}
		}
	}
	return out
}

// resinfo cuts a field at its semicolons and leaves the comments out.
func resinfo(value string) []string {
	var l []string
	for more := true; more && len(l) <= maxResults; {
		var found []token
		var words []string
		found, value, more = tokens(value)
		for _, t := range found {
			if !t.comment {
				words = append(words, t.text)
			}
		}
		l = append(l, strings.Join(words, " "))
	}
	return l
}

func clip(s string) string { return s[:min(len(s), maxResult)] }
