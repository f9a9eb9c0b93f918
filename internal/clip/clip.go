// Package clip bounds text from outside that goes into a message.
package clip

import "unicode/utf8"

// Text is no longer than most octets, and "..." where something is missing. It is not cut inside a character; octets that are no
// UTF-8 stay as they are: writers escape them.
func Text(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for n := most; n >= 0 && n > most-utf8.UTFMax; n-- {
		if utf8.RuneStart(s[n]) {
			return s[:n] + "..."
		}
	}
	return s[:most] + "..."
}
