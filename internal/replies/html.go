package replies

import (
	"regexp"
	"strings"
)

var (
	hidden   = regexp.MustCompile(`(?is)<(?:style|script|head)\b[^>]*>.*?</(?:style|script|head)>`)
	breaks   = regexp.MustCompile(`(?i)<(?:br|/p|/div|/td|/tr|/li|/h\d)\b[^>]*>`)
	tags     = regexp.MustCompile(`<[/!a-zA-Z][^<>@]*>`)
	entities = strings.NewReplacer("&nbsp;", " ", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'", "&amp;", "&")
)

// plainOf is the text of a part in HTML.
func plainOf(html string) string {
	s := hidden.ReplaceAllString(html, " ")
	s = breaks.ReplaceAllString(s, "\n")
	return entities.Replace(tags.ReplaceAllString(s, " "))
}
