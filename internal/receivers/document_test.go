package receivers

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/receivers.md anew")

// byHand begins the part of docs/receivers.md that is written by hand.
const byHand = "## Volume, and new addresses\n"

const head = `# Receivers

The books behind the forecast, written by a test from internal/receivers; do not edit, but for the last part.

A book lists what a receiver asks of a sender, in the order in which the forecast looks, and what it does otherwise: reject
(5xx), defer (4xx), spam (accepted, and filed as spam or held), or unsaid: asked for, and nobody says what happens otherwise,
so that the forecast is unknown. What is asked of bulk senders alone is marked. Where the basis is documented, the words are
those of the receiver's own pages or of real replies; measured, those of the software itself in the lab; inferred, it rests on
secondary sources or follows from others, and the forecast says so. Nothing rests on memory. The stage is where the refusal
was seen; of receivers whose pages do not say it, the first at which they can know.

In a reply {ip} is the sending address, {d} the domain of From, {from} the address in MAIL FROM and {s} its domain, {helo} the
name in EHLO, {rcpt} the recipient, {said} what the sender's own MX said.

`

// TestDocument holds docs/receivers.md to the books; -update writes it, but for its last part.
func TestDocument(t *testing.T) {
	const path = "../../docs/receivers.md"
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, own, ok := strings.Cut(string(have), byHand)
	if !ok {
		t.Fatalf("%s has no part %q", path, byHand)
	}
	want := head + document(Books, Lab) + byHand + own
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(have) {
		t.Errorf("%s is stale: go test ./internal/receivers -run TestDocument -update writes it anew\n%s", path,
			diff.Diff(strings.Split(string(have), "\n"), strings.Split(want, "\n")))
	}
}

func document(books, lab []Book) string {
	var b strings.Builder
	for _, x := range books {
		fmt.Fprintf(&b, "## %s\n\n%s", x.Receiver, escape(x.Title))
		if len(x.Brands) > 0 {
			fmt.Fprintf(&b, ": %s", escape(strings.Join(x.Brands, ", ")))
		}
		fmt.Fprint(&b, "\n\n")
		for _, l := range [][2]string{{"Set up", x.Policy}, {"Bulk", x.Bulk}, {"Not seen", x.Unseen}} {
			if l[1] != "" {
				fmt.Fprintf(&b, "- %s: %s\n", l[0], escape(l[1]))
			}
		}
		for _, s := range x.Sources {
			where := ""
			if s.Where != "" {
				where = ", " + s.Where
			}
			fmt.Fprintf(&b, "- Source %s (%s): %s%s (%s)\n", s.ID, s.Basis, escape(s.Title), escape(where), s.Date)
		}
		fmt.Fprint(&b, "\n", requirements(x), "\n")
	}
	fmt.Fprint(&b, "## The lab's set-ups\n\n| set-up | receiver | policy | requirements |\n| --- | --- | --- | --- |\n")
	for _, x := range lab {
		var ids []string
		for _, r := range x.Requirements {
			ids = append(ids, r.ID)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", x.Setup, x.Receiver, escape(x.Policy), strings.Join(ids, ", "))
	}
	fmt.Fprint(&b, "\n", onlyInLab(books, lab), "\n")
	return b.String()
}

// requirements are a table and, below it, the replies.
func requirements(x Book) string {
	if len(x.Requirements) == 0 {
		return "It asks for nothing that the forecast knows.\n"
	}
	var b strings.Builder
	fmt.Fprint(&b, "| requirement | asks that | otherwise | at | since | basis | source | rules |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range x.Requirements {
		what := r.What
		if r.Bulk {
			what += " (bulk senders)"
		}
		otherwise := string(r.Outcome)
		if r.Later {
			otherwise += ", unless it refuses further on"
		}
		const most = 4
		rules := r.Rules
		if len(rules) > most {
			rules = append(slices.Clone(rules[:most]), fmt.Sprintf("%d more", len(rules)-most))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", r.ID, escape(what), otherwise, r.Stage, cmp.Or(r.Since, "-"), x.basis(r), r.Source, strings.Join(rules, ", "))
	}
	for _, r := range x.Requirements {
		if r.Note != "" {
			fmt.Fprintf(&b, "\n%s: %s.\n", r.ID, escape(r.Note))
		}
	}
	var replies []string
	for _, r := range x.Requirements {
		if r.Reply != "" && !slices.Contains(replies, r.Reply) {
			replies = append(replies, r.Reply)
		}
	}
	if len(replies) > 0 {
		fmt.Fprintf(&b, "\n```text\n%s\n```\n", strings.Join(replies, "\n"))
	}
	return b.String()
}

// onlyInLab are the requirements that none of the receivers has.
func onlyInLab(books, lab []Book) string {
	seen := map[string]bool{}
	for _, x := range books {
		for _, r := range x.Requirements {
			seen[r.ID] = true
		}
	}
	rest := Book{Sources: []Source{measured, manual}}
	for _, x := range lab {
		for _, r := range x.Requirements {
			if !seen[r.ID] {
				seen[r.ID] = true
				rest.Requirements = append(rest.Requirements, r)
			}
		}
	}
	return requirements(rest)
}

var markup = strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "_", "\\_", "*", "\\*")

func escape(s string) string { return markup.Replace(s) }
