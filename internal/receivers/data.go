package receivers

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mailaudit/internal/checks"
)

// A file of books changes what the program knows of receivers, without a release: what it does not say stays. Its format is
// that in which Format writes the books (docs/receivers-data.md).

// The bounds of a file. The library reads what is nested, and a mapping, in time that grows with the square of the depth and of the keys.
const (
	maxData    = 160 << 10 // octets
	MaxDepth   = 32        // of brackets, and of what is indented
	maxText    = 1000      // octets of one text
	maxEntries = 200       // of one book

	maxMistakes = 1000 // that are told
)

// fileBook is one receiver in a file.
type fileBook struct {
	Receiver     string     `yaml:"receiver"`
	Bulk         *string    `yaml:"bulk"`
	Unseen       *string    `yaml:"unseen"`
	Sources      []ast.Node `yaml:"sources"`
	Requirements []ast.Node `yaml:"requirements"`
}

type fileSource struct {
	ID    string  `yaml:"id"`
	Title *string `yaml:"title,omitempty"`
	Where *string `yaml:"where,omitempty"`
	Date  *string `yaml:"date,omitempty"`
	Basis *string `yaml:"basis,omitempty"`
}

type fileRequirement struct {
	ID      string   `yaml:"id"`
	Off     bool     `yaml:"off,omitempty"`
	What    *string  `yaml:"what,omitempty"`
	When    *string  `yaml:"when,omitempty"`
	For     *string  `yaml:"for,omitempty"`
	Volume  *int     `yaml:"volume,omitempty"`
	Outcome *string  `yaml:"outcome,omitempty"`
	Stage   *string  `yaml:"stage,omitempty"`
	Reply   *string  `yaml:"reply,omitempty"`
	Rules   []string `yaml:"rules,omitempty"`
	Since   *string  `yaml:"since,omitempty"`
	Source  *string  `yaml:"source,omitempty"`
	Basis   *string  `yaml:"basis,omitempty"`
	Note    *string  `yaml:"note,omitempty"`
}

// Whom a requirement is for, as a file says it.
const (
	forAll  = "all"
	forBulk = "bulk"
)

// Read gives the books as a file changes them. The error has every mistake, each with name and line.
func Read(name string, text []byte) ([]Book, error) {
	r := reader{file: name, books: slices.Clone(Books)}
	nodes, err := r.nodes(text)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, n := range nodes {
		var b fileBook
		if !r.decode(n, &b) {
			continue
		}
		i := slices.IndexFunc(r.books, func(x Book) bool { return x.Receiver == b.Receiver })
		switch {
		case i < 0:
			r.wrong(n, "%q is no receiver: one of %s", b.Receiver, strings.Join(Names(), ", "))
		case seen[b.Receiver]:
			r.wrong(n, "%s stands here twice", b.Receiver)
		default:
			r.book(n, &r.books[i], b)
		}
		seen[b.Receiver] = true
	}
	if len(r.mistakes) > 0 {
		return nil, errors.Join(r.mistakes...)
	}
	return r.books, nil
}

type reader struct {
	file     string
	books    []Book
	mistakes []error
}

func (r *reader) wrong(n ast.Node, format string, args ...any) {
	if len(r.mistakes) < maxMistakes {
		r.mistakes = append(r.mistakes, fmt.Errorf("%s:%d: %s", r.file, line(n), fmt.Sprintf(format, args...)))
	}
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// nodes are the books of a file. What would cost more to read than its size tells is refused.
func (r *reader) nodes(text []byte) ([]ast.Node, error) {
	switch {
	case len(text) > maxData:
		return nil, fmt.Errorf("%s: larger than %d KiB", r.file, maxData>>10)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%s: not UTF-8", r.file)
	}
	if n := TooDeep(string(text)); n > 0 {
		return nil, fmt.Errorf("%s:%d: nested deeper than %d", r.file, n, MaxDepth)
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, r.yaml(err)
	}
	for _, d := range f.Docs {
		if n := reference(d); n != nil {
			return nil, fmt.Errorf("%s:%d: anchors, aliases and tags are not read", r.file, line(n))
		}
	}
	var nodes []ast.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return nil, r.yaml(err)
	}
	return nodes, nil
}

func (r *reader) yaml(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("%s:%d: %s", r.file, at.GetToken().Position.Line, at.GetMessage())
	}
	return fmt.Errorf("%s: %w", r.file, err)
}

var leads = regexp.MustCompile(`^[ \t?:-]*`)

// TooDeep is the line of a YAML text from which on something is nested too deep, 0 where nothing is. Brackets in texts count, too, but those
// come in pairs.
func TooDeep(text string) int {
	depth, number := 0, 0
	for l := range strings.Lines(text) {
		number++
		lead := leads.FindString(l)
		if strings.HasPrefix(strings.TrimSpace(l), "#") {
			continue
		}
		for _, c := range l {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(0, depth-1)
			}
			if depth > MaxDepth {
				return number
			}
		}
		if len(lead) > 2*MaxDepth || strings.Count(l, "!") > MaxDepth {
			return number
		}
	}
	return 0
}

// references finds anchors and aliases, by which a small file stands for a large one, and tags, of which the library knows some
// that it cannot read.
type references struct{ found ast.Node }

func (v *references) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		if v.found == nil {
			v.found = n
		}
		return nil
	}
	return v
}

func reference(d *ast.DocumentNode) ast.Node {
	if d.Body == nil {
		return nil
	}
	v := &references{}
	ast.Walk(v, d.Body)
	return v.found
}

// decode reads one entry, and knows all of its keys.
func (r *reader) decode(n ast.Node, to any) bool {
	if n == nil || n.Type() == ast.NullType {
		r.mistakes = append(r.mistakes, fmt.Errorf("%s: an entry is empty", r.file))
		return false
	}
	if err := yaml.NodeToValue(n, to, yaml.Strict()); err != nil {
		r.mistakes = append(r.mistakes, r.yaml(err))
		return false
	}
	return true
}

func (r *reader) book(n ast.Node, b *Book, f fileBook) {
	b.Sources, b.Requirements = slices.Clone(b.Sources), slices.Clone(b.Requirements)
	set(&b.Bulk, f.Bulk)
	set(&b.Unseen, f.Unseen)
	r.texts(n, b.Bulk, b.Unseen)
	seen := map[string]bool{}
	for _, n := range f.Sources {
		var s fileSource
		if r.decode(n, &s) {
			r.twice(n, seen, "source "+s.ID)
			r.source(n, b, s)
		}
	}
	for _, n := range f.Requirements {
		var q fileRequirement
		if r.decode(n, &q) {
			r.twice(n, seen, q.ID)
			r.requirement(n, b, q)
		}
	}
	if len(b.Requirements) > maxEntries || len(b.Sources) > maxEntries {
		r.wrong(n, "%s: more than %d entries", b.Receiver, maxEntries)
	}
}

func (r *reader) twice(n ast.Node, seen map[string]bool, what string) {
	if seen[what] {
		r.wrong(n, "%s stands here twice", what)
	}
	seen[what] = true
}

func (r *reader) source(n ast.Node, b *Book, f fileSource) {
	i := slices.IndexFunc(b.Sources, func(s Source) bool { return s.ID == f.ID })
	if i < 0 {
		i, b.Sources = len(b.Sources), append(b.Sources, Source{ID: f.ID})
	}
	s := &b.Sources[i]
	set(&s.Title, f.Title)
	set(&s.Where, f.Where)
	set(&s.Date, f.Date)
	set((*string)(&s.Basis), f.Basis)
	r.texts(n, s.Title, s.Where, s.Date)
	switch {
	case !identifier.MatchString(s.ID):
		r.wrong(n, "source %q: an id of small letters, digits and hyphens is needed", s.ID)
	case s.Title == "" || s.Date == "":
		r.wrong(n, "source %s: title and date are needed", s.ID)
	case s.Basis == "":
		r.wrong(n, "source %s: its basis is needed: %s", s.ID, words(bases))
	default:
		r.basis(n, "source "+s.ID, s.Basis)
	}
}

var (
	bases      = []Basis{Documented, Measured, Inferred}
	outcomes   = []Outcome{Reject, Defer, Spam, Unsaid}
	identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	day        = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)
	gap        = regexp.MustCompile(`\{[^}]*\}`)
	gaps       = []string{"{ip}", "{d}", "{from}", "{s}", "{helo}", "{rcpt}", "{said}"}
)

// basis checks what an entry rests on. What somebody remembers decides nothing.
func (r *reader) basis(n ast.Node, what string, b Basis) {
	switch {
	case b == "memory":
		r.wrong(n, "%s: what rests on memory decides nothing: find who says so, or leave it out", what)
	case !slices.Contains(bases, b):
		r.wrong(n, "%s: basis %q is none of %s", what, b, words(bases))
	}
}

func (r *reader) requirement(n ast.Node, b *Book, f fileRequirement) {
	i := slices.IndexFunc(b.Requirements, func(q Requirement) bool { return q.ID == f.ID })
	switch {
	case f.Off && i < 0:
		r.wrong(n, "%q is no requirement of %s, so that it cannot be off", f.ID, b.Receiver)
		return
	case f.Off:
		b.Requirements = slices.Delete(b.Requirements, i, i+1)
		return
	}
	q := Requirement{ID: f.ID}
	if i >= 0 {
		q = b.Requirements[i]
	}
	if f.When != nil && (i < 0 || *f.When != when(q)) {
		broken, ok := conditionOf(*f.When)
		if !ok {
			r.wrong(n, "%s: when %q is no condition: mailaudit receivers lists them", f.ID, *f.When)
		}
		q.Broken, q.When = broken, *f.When
	}
	if f.For != nil {
		if *f.For != forAll && *f.For != forBulk {
			r.wrong(n, "%s: for %q is neither %s nor %s", f.ID, *f.For, forAll, forBulk)
		}
		q.Bulk = *f.For == forBulk
	}
	set(&q.Volume, f.Volume)
	set(&q.What, f.What)
	set((*string)(&q.Outcome), f.Outcome)
	set((*string)(&q.Stage), f.Stage)
	set(&q.Reply, f.Reply)
	set(&q.Since, f.Since)
	set(&q.Source, f.Source)
	set((*string)(&q.Basis), f.Basis)
	set(&q.Note, f.Note)
	if f.Rules != nil {
		q.Rules = f.Rules
	}
	r.check(n, *b, q, i < 0)
	if i >= 0 {
		b.Requirements[i] = q
		return
	}
	b.Requirements = slices.Insert(b.Requirements, place(b.Requirements, q), q)
}

// place is where a new requirement belongs: behind all that is looked at at its stage or before.
func place(l []Requirement, q Requirement) int {
	at := func(s Stage) int { return slices.Index(Stages, s) }
	for i := len(l); i > 0; i-- {
		if at(l[i-1].Stage) <= at(q.Stage) {
			return i
		}
	}
	return 0
}

// check says what is wrong with a requirement as it is to be.
func (r *reader) check(n ast.Node, b Book, q Requirement, isNew bool) {
	what, ok := strings.CutPrefix(q.ID, b.Receiver+".")
	if isNew && (!ok || !identifier.MatchString(what)) {
		r.wrong(n, "%q: a new requirement of %s is %s.name, of small letters, digits and hyphens", q.ID, b.Receiver, b.Receiver)
	}
	if isNew && q.Broken == nil {
		r.wrong(n, "%s: when is needed, a condition of those that mailaudit receivers lists", q.ID)
	}
	if strings.TrimSpace(q.What) == "" {
		r.wrong(n, "%s: what is needed, the good state in words", q.ID)
	}
	if !slices.Contains(outcomes, q.Outcome) {
		r.wrong(n, "%s: outcome %q is none of %s", q.ID, q.Outcome, words(outcomes))
	}
	if !slices.Contains(Stages, q.Stage) {
		r.wrong(n, "%s: stage %q is none of %s", q.ID, q.Stage, words(Stages))
	}
	if q.Volume < 0 || q.Volume > 0 && !q.Bulk {
		r.wrong(n, "%s: volume %d: a number of messages a day from which on somebody counts as bulk, beside for: bulk", q.ID, q.Volume)
	}
	if q.Since != "" && !day.MatchString(q.Since) {
		r.wrong(n, "%s: since %q: a day such as 2027-03-31, a month or a year is needed", q.ID, q.Since)
	}
	if !slices.ContainsFunc(b.Sources, func(s Source) bool { return s.ID == q.Source }) {
		r.wrong(n, "%s: source %q is none of those of %s", q.ID, q.Source, b.Receiver)
	}
	if q.Basis != "" {
		r.basis(n, q.ID, q.Basis)
	}
	for _, rule := range q.Rules {
		if _, ok := checks.Find(rule); !ok {
			r.wrong(n, "%s: rule %q is no rule", q.ID, rule)
		}
	}
	for _, g := range gap.FindAllString(q.Reply+" "+q.Note, -1) {
		if !slices.Contains(gaps, g) {
			r.wrong(n, "%s: %s is none of %s", q.ID, g, strings.Join(gaps, " "))
		}
	}
	r.texts(n, q.What, q.Reply, q.Note)
}

// texts refuses what no reply of a server is: texts without bound, and signs that a terminal obeys.
func (r *reader) texts(n ast.Node, l ...string) {
	for _, t := range l {
		if len(t) > maxText {
			r.wrong(n, "a text of %d octets: %d are allowed", len(t), maxText)
		}
		if strings.ContainsFunc(t, func(c rune) bool { return !unicode.IsPrint(c) }) {
			r.wrong(n, "%.40q: texts are of one line, without control characters", t)
		}
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func words[T ~string](l []T) string {
	var s []string
	for _, x := range l {
		s = append(s, string(x))
	}
	return strings.Join(s, ", ")
}

const preamble = `# What receivers ask of senders. --receivers-file FILE takes a file of this form; what it does not say stays as the program
# has it. mailaudit receivers --check FILE checks one.
#
#   receiver      one of the names of --receivers, once
#     bulk        who counts as bulk there, in words
#     unseen      what it also goes by that nobody outside can see
#     sources     by id: title, where (a URL), date, basis (documented, measured, inferred)
#     requirements, by id: an id that is there is changed, one that is new is added behind what is looked at before
#       off       true: it is asked no more
#       what      the good state, in words
#       when      the condition that breaks it, see below
#       for       all, or bulk: of bulk senders alone
#       volume    beside for: bulk: of those alone that send so many messages a day (--daily)
#       outcome   reject, defer, spam, or unsaid: nobody says what comes of it
#       stage     connect, helo, mail, rcpt, data
#       reply     the receiver's words: {ip} {d} {from} {s} {helo} {rcpt} {said} stand for what the sender has
#       rules     of mailaudit rules that are behind it
#       since     a day, month or year
#       source    the id of a source of this receiver; needed, as is what it rests on
#       basis     where it differs from that of the source; what rests on memory is refused
#       note      what else its sources say
#
# The conditions for when:
`

// Format writes books as a file that Read takes, with what a file may say in front.
func Format(books []Book) ([]byte, error) {
	var b strings.Builder
	b.WriteString(preamble)
	for _, c := range Vocabulary {
		fmt.Fprintf(&b, "#   %-27s %s\n", c.Name, c.Words)
	}
	b.WriteString("# or the id of a requirement of the books that the program brings: the condition of that one.\n\n")
	type book struct {
		Receiver     string            `yaml:"receiver"`
		Bulk         string            `yaml:"bulk,omitempty"`
		Unseen       string            `yaml:"unseen,omitempty"`
		Sources      []fileSource      `yaml:"sources"`
		Requirements []fileRequirement `yaml:"requirements,omitempty"`
	}
	l := make([]book, len(books))
	for i, x := range books {
		l[i] = book{Receiver: x.Receiver, Bulk: x.Bulk, Unseen: x.Unseen}
		for _, s := range x.Sources {
			basis := string(s.Basis)
			l[i].Sources = append(l[i].Sources, fileSource{s.ID, given(s.Title), given(s.Where), given(s.Date), given(basis)})
		}
		for _, q := range x.Requirements {
			l[i].Requirements = append(l[i].Requirements, written(q))
		}
	}
	text, err := yaml.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("books of receivers: %w", err)
	}
	b.Write(text)
	return []byte(b.String()), nil
}

func written(q Requirement) fileRequirement {
	f := fileRequirement{ID: q.ID, What: &q.What, When: given(when(q)), Outcome: given(string(q.Outcome)), Stage: given(string(q.Stage)), Reply: given(q.Reply),
		Rules: q.Rules, Since: given(q.Since), Source: given(q.Source), Basis: given(string(q.Basis)), Note: given(q.Note)}
	if q.Bulk {
		f.For = given(forBulk)
	}
	if q.Volume > 0 {
		f.Volume = &q.Volume
	}
	return f
}

// given is a text that a file has, nil where there is none.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Changes says how many requirements of the program's books others have changed, added, and turned off.
func Changes(books []Book) (changed, added, off int) {
	for i, b := range books {
		was := map[string]Requirement{}
		for _, q := range Books[i].Requirements {
			was[q.ID] = q
		}
		for _, q := range b.Requirements {
			old, known := was[q.ID]
			delete(was, q.ID)
			switch {
			case !known:
				added++
			case !reflect.DeepEqual(written(old), written(q)):
				changed++
			}
		}
		off += len(was)
	}
	return changed, added, off
}
