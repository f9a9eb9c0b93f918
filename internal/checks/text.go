package checks

import (
	"fmt"
	"strings"
)

// maxRunes is how much of one text from outside a message shows, maxItems how many things it lists.
const (
	maxRunes = 120
	maxItems = 5
)

// clip shortens text from outside, which may be as long as DNS allows. Writers escape it; its octets stay as they are.
func clip(s string) string {
	n := 0
	for i := range s {
		if n == maxRunes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// count is a number with its noun: "1 record", "2 records".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// some lists the first few items and says how many more there are.
func some(items []string) string {
	if more := len(items) - maxItems; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:maxItems], ", "), more)
	}
	return strings.Join(items, ", ")
}
