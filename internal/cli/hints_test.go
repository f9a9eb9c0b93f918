package cli

import (
	"os/exec"
	"testing"
)

// TestFileWord: a shell makes of the word the file that it was, and only what needs quotes has them.
func TestFileWord(t *testing.T) {
	for in, want := range map[string]string{
		"list.csv":               "list.csv",
		"-":                      "-",
		"/tmp/A_1+2,3:4@5=6%":    "/tmp/A_1+2,3:4@5=6%",
		"":                       "''",
		"a b;rm -rf x":           "'a b;rm -rf x'",
		"it's":                   `'it'\''s'`,
		"'":                      `''\'''`,
		"$(id)`id`$HOME!!":       "'$(id)`id`$HOME!!'",
		"~root":                  "'~root'",
		`a\b"c`:                  `'a\b"c'`,
		"*?[a]{b,c}#":            "'*?[a]{b,c}#'",
		"a&b|c>d<e(f)":           "'a&b|c>d<e(f)'",
		"a\nb\tc":                "'a\nb\tc'",
		"\u00fc\u00a0\u3000\xff": "'\u00fc\u00a0\u3000\xff'",
	} {
		got := fileWord(in)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+got).CombinedOutput()
		if got != want || string(out) != in || err != nil {
			t.Errorf("%q: %s, want %s; a shell makes %q of it, %v", in, got, want, out, err)
		}
	}
	if got := fileWord("-o=x y"); got != "'./-o=x y'" {
		t.Error(got)
	}
}
