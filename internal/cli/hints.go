package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/checks"
)

// flagHint is a flag as it is typed that is meant by one that does not exist, or that lacks its value; "" where none comes near.
func flagHint(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	switch {
	case errors.As(err, &empty):
		return typedFlag(empty.GetFlag())
	case errors.As(err, &unknown):
		name := strings.ReplaceAll(cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName()), "_", "-")
		if f := nearestFlag(cmd, name); f != nil {
			return typedFlag(f)
		}
	}
	return ""
}

// nearestFlag is that of the flags in the help which is written nearly as name is. A name of one letter is near to none.
func nearestFlag(cmd *cobra.Command, name string) (nearest *pflag.Flag) {
	slips := min(len(name)/2, 2)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(name, f.Name); !f.Hidden && d <= slips && len(name) > 1 {
			nearest, slips = f, d-1 // only what is nearer takes its place
		}
	})
	return nearest
}

// typedFlag is a flag and the word that its help has for its value.
func typedFlag(f *pflag.Flag) string {
	value, _ := pflag.UnquoteUsage(f)
	return strings.TrimSpace("--" + f.Name + " " + value)
}

// readers are the commands for files that people give in place of a domain, by the end of the name. None of these is a top-level
// domain.
var readers = map[string]string{
	".csv": "mailaudit check --domains %s", ".txt": "mailaudit check --domains %s", ".eml": "mailaudit check --message %s",
	".json": "mailaudit convert %s --format html", ".ndjson": "mailaudit convert %s --format html",
	".yaml": "mailaudit check example.com --config %s", ".yml": "mailaudit check example.com --config %s",
}

// shellWord is a value from outside as one word of a command that people paste into a POSIX shell. Single quotes keep every sign in
// them as it is (POSIX.1-2024, Shell Command Language 2.2.2); what is not ASCII may be a blank in some locale.
func shellWord(s string) string {
	special := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("%+,-./:=@_", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// fileWord is the name of a file as such a word. One that begins with a hyphen is no flag; "-" is standard input.
func fileWord(name string) string {
	if len(name) > 1 && name[0] == '-' {
		name = "./" + name
	}
	return shellWord(name)
}

// misplaced is what is wrong with a word in the place of a domain that is a rule, a file or standard input; nil where it is none
// of them. A rule whose id ends in a top-level domain may be somebody's name.
func misplaced(word string) error {
	if word == "-" {
		return usageError{`"-" is standard input, not a domain name`, "mailaudit check --domains -"}
	}
	if _, ok := checks.Find(word); ok {
		if _, onInternet := publicsuffix.PublicSuffix(word); !onInternet {
			return usageError{fmt.Sprintf("%q is a rule, not a domain name", word), "mailaudit rules " + word}
		}
	}
	if reader := readers[strings.ToLower(filepath.Ext(word))]; reader != "" && isFile(word) {
		return usageError{fmt.Sprintf("%q is a file, not a domain name", word), fmt.Sprintf(reader, fileWord(word))}
	}
	return nil
}

// unknownRule says that there is no such rule, and which is meant.
func unknownRule(id string) error {
	meant := strings.ToLower(id)
	for _, a := range areaNames() {
		if a == meant {
			return usageError{fmt.Sprintf("%q is an area, not a rule", id), "mailaudit rules | grep " + a}
		}
	}
	try, slips := "mailaudit rules", 3
	for _, c := range checks.All {
		d := distance(meant, c.ID)
		if strings.HasSuffix(c.ID, "."+meant) {
			d = 1
		}
		if d < slips {
			try, slips = "mailaudit rules "+c.ID, d
		}
	}
	return usageError{fmt.Sprintf("%q is no rule", id), try}
}

// one is for a command that takes one argument: what it takes, and what to type.
func one(what, try string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{cmd.Name() + " takes one " + what, try}
		}
		return nil
	}
}
