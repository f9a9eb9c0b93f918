package blocklist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a file. Each list costs every audited address a question, so their number is bounded too.
const (
	MaxSize  = 1 << 20 // octets
	MaxLists = 500
	maxCodes = 256 // in one list, refusals included

	maxProblems = 1000 // what has more is no file of lists
)

// maxZone leaves room for the 32 labels of an IPv6 address.
const maxZone = maxName - 64

// Problem is a mistake in a file and its place.
type Problem struct {
	File string
	Line int
	What string
}

func (p *Problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What) }

// Parse reads a file of lists, whose form blocklists.txt describes in its first lines. The error joins a *Problem
// for every mistake in the file, in the order of the lines; after 1000 of them it reads no further.
func Parse(name string, r io.Reader) (File, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	p := &parser{name: name, lists: map[string]int{}, dead: map[string]int{}}
	if len(text) > MaxSize {
		p.line = 1 + bytes.Count(text[:MaxSize], []byte("\n"))
		p.fail("the file is larger than %d octets", MaxSize)
		return File{}, p.err()
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors put a byte order mark in front
	for line := range strings.Lines(string(text)) {
		p.line++
		p.read(strings.TrimRight(line, "\r\n"))
		if len(p.lists) > MaxLists {
			p.fail("more than %d lists", MaxLists)
			return File{}, p.err()
		}
		if len(p.problems) >= maxProblems {
			p.fail("%d mistakes: the rest is not read", len(p.problems))
			return File{}, p.err()
		}
	}
	p.finish()
	if err := p.err(); err != nil {
		return File{}, err
	}
	return p.file, nil
}

// parser reads a file line by line and goes on after a mistake.
type parser struct {
	name     string
	line     int
	file     File
	open     *stanza
	lists    map[string]int // the line of each zone
	dead     map[string]int
	problems []*Problem
}

// stanza is the list whose lines are being read.
type stanza struct {
	List
	line    int
	at      map[string]int // the line of each key, of those that may repeat the last
	codes   []int          // the line of each of Codes
	refused []int          // and of Refused
	marks   []mark         // compromised and net64, as they stand
}

// mark is a line that says more of answers which have a code.
type mark struct {
	line int
	key  string
	Match
}

func (p *parser) fail(format string, args ...any) { p.failAt(p.line, format, args...) }

func (p *parser) failAt(line int, format string, args ...any) {
	p.problems = append(p.problems, &Problem{p.name, line, fmt.Sprintf(format, args...)})
}

// err joins the problems in the order of their lines: what is missing from a stanza is found at its end.
func (p *parser) err() error {
	slices.SortStableFunc(p.problems, func(a, b *Problem) int { return a.Line - b.Line })
	errs := make([]error, len(p.problems))
	for i, x := range p.problems {
		errs[i] = x
	}
	return errors.Join(errs...)
}

// read takes one line.
func (p *parser) read(line string) {
	if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		p.fail("not plain text in UTF-8")
		return
	}
	line = strings.TrimSpace(line)
	if line == "" {
		p.close()
		return
	}
	if line[0] == '#' {
		return
	}
	key, value, found := strings.Cut(line, ":")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	switch {
	case !found:
		p.fail("%q is no line of the form KEY: VALUE", line)
	case value == "":
		p.fail("%q has no value", key)
	case key == "zone":
		p.begin(value)
	case key == "dead" || key == "doubtful":
		p.bury(key, value)
	case p.open == nil:
		p.fail("%q stands in no list: a list begins with zone: and ends at an empty line", key)
	default:
		p.set(key, value)
	}
}

// begin opens a stanza.
func (p *parser) begin(value string) {
	if p.open != nil {
		p.fail("zone within the list that begins on line %d: put an empty line between them", p.open.line)
		p.close()
	}
	p.open = &stanza{line: p.line, at: map[string]int{}}
	zone, err := zoneName(value)
	if err != nil {
		p.fail("%v", err)
	} else if line, ok := p.lists[zone]; ok {
		p.fail("zone %s stands on line %d already", zone, line)
	} else {
		p.lists[zone] = p.line
	}
	p.open.Zone, p.open.Operator = zone, zone
}

// bury takes a line about a zone that is not to be asked.
func (p *parser) bury(key, value string) {
	if p.open != nil {
		p.fail("%s within the list that begins on line %d: put an empty line between them", key, p.open.line)
	}
	name, reason := word(value)
	zone, err := zoneName(name)
	switch line, ok := p.dead[zone]; {
	case err != nil:
		p.fail("%v", err)
	case ok:
		p.fail("zone %s stands on line %d already", zone, line)
	case reason == "":
		p.fail("%s %s without a reason", key, zone)
	default:
		p.dead[zone] = p.line
		p.file.Dead = append(p.file.Dead, Dead{zone, reason, key == "doubtful"})
	}
}

// set takes a line of the open list.
func (p *parser) set(key, value string) {
	s := p.open
	if line, ok := s.at[key]; ok && !slices.Contains([]string{"code", "refused", "compromised", "net64"}, key) {
		p.fail("%s stands on line %d already", key, line)
		return
	}
	s.at[key] = p.line
	var err error
	switch key {
	case "operator":
		s.Operator = value
	case "about":
		s.About = value
	case "used-by":
		s.UsedBy = value
	case "no-removal":
		s.NoRemoval = value
	case "note":
		s.Note = value
	case "listed":
		s.Listed = value
	case "not-listed":
		s.NotListed = value
	case "kind":
		s.Kind, err = oneOf(key, value, KindIP, KindDomain)
	case "scope":
		s.Scope, err = oneOf(key, value, ScopeAddress, ScopeNet, ScopeASN, ScopeDomain)
	case "terms":
		s.Terms, err = oneOf(key, value, TermsFree, TermsNonCommercial, TermsRegistration, TermsKey)
	case "default":
		value, err = oneOf(key, value, "on", "off", "key")
		s.Default, s.WithKey = value == "on", value == "key"
	case "key":
		s.Key, err = variable(value)
	case "replaces":
		s.Replaces, err = zoneName(value)
	case "rate":
		s.Rate, err = pace(value)
	case "families":
		for f := range strings.FieldsSeq(value) {
			if f, err = oneOf("family", f, "ip4", "ip6"); err != nil {
				break
			}
			s.IP4, s.IP6 = s.IP4 || f == "ip4", s.IP6 || f == "ip6"
		}
	case "weight":
		s.Weight, err = strconv.Atoi(value)
		if err != nil || s.Weight < 0 || s.Weight > 100 {
			err = fmt.Errorf("weight %q is no number from 0 to 100", value)
		}
	case "removal":
		s.Removal, err = page(value)
	case "code":
		err = p.code(value)
	case "refused":
		err = p.refusal(value)
	case "compromised", "net64":
		m := mark{line: p.line, key: key}
		if m.Match, err = match(value); err == nil {
			s.marks = append(s.marks, m)
		}
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	if err != nil {
		p.fail("%v", err)
	}
}

// code takes "127.0.0.2 major what it means".
func (p *parser) code(value string) error {
	s := p.open
	answers, rest := word(value)
	class, meaning := word(rest)
	c := Code{Meaning: meaning}
	var err error
	if c.Match, err = match(answers); err != nil {
		return err
	}
	if c.Class, err = oneOf("class", class, ClassMajor, ClassDomain, ClassPBL, ClassAbused, ClassMinor, ClassPolicy, ClassInfo, ClassNone, ClassAllow); err != nil {
		return fmt.Errorf("code %s: %w", answers, err)
	}
	switch {
	case c.Meaning == "":
		return fmt.Errorf("code %s has no meaning", answers)
	case c.Match.clashes(Match{Net: [3]byte{127, 255, 255}, Last: 255}):
		return fmt.Errorf("code %s lies in 127.255.255.0/24, with which every list refuses", answers)
	case len(s.Codes)+len(s.Refused) == maxCodes:
		return fmt.Errorf("more than %d codes", maxCodes)
	}
	for i, d := range s.Codes {
		if c.Match.clashes(d.Match) {
			return fmt.Errorf("code %s and %s on line %d are about the same answer", answers, d.Match, s.codes[i])
		}
	}
	s.Codes, s.codes = append(s.Codes, c), append(s.codes, p.line)
	return nil
}

// refusal takes "127.0.1.255 why the list refuses". It may take single answers away from a bit mask.
func (p *parser) refusal(value string) error {
	s := p.open
	answers, meaning := word(value)
	c := Code{Meaning: meaning}
	var err error
	if c.Match, err = match(answers); err != nil {
		return err
	}
	switch {
	case c.Meaning == "":
		return fmt.Errorf("refusal %s has no reason", answers)
	case len(s.Codes)+len(s.Refused) == maxCodes:
		return fmt.Errorf("more than %d codes", maxCodes)
	}
	s.Refused, s.refused = append(s.Refused, c), append(s.refused, p.line)
	return nil
}

// close ends the open list and looks at it as a whole.
func (p *parser) close() {
	s := p.open
	if s == nil {
		return
	}
	p.open = nil
	for i, r := range s.Refused {
		for j, c := range s.Codes {
			if (r.Match.Bit != 0) == (c.Match.Bit != 0) && r.Match.clashes(c.Match) {
				p.failAt(s.refused[i], "refusal %s and code %s on line %d are about the same answer", r.Match, c.Match, s.codes[j])
			}
		}
	}
	for _, key := range []string{"code", "kind", "default"} {
		if s.at[key] == 0 {
			p.failAt(s.line, "the list has no %s", key)
		}
	}
	if s.at["terms"] == 0 {
		s.Terms = TermsFree
		if s.Key != "" {
			s.Terms = TermsKey
		}
	}
	p.closeKey(s)
	p.closeMarks(s)
	if s.at["removal"] != 0 && s.at["no-removal"] != 0 {
		p.failAt(s.at["no-removal"], "no-removal beside the removal on line %d", s.at["removal"])
	}
	switch s.Kind {
	case KindIP:
		p.closeIP(s)
	case KindDomain:
		p.closeDomain(s)
	}
	if s.Zone != "" && s.Kind != "" {
		p.closeTest(s)
	}
	p.file.Lists = append(p.file.Lists, s.List)
}

// closeKey looks at what a key needs, and what needs a key.
func (p *parser) closeKey(s *stanza) {
	hole := strings.Contains(s.Zone, Placeholder)
	switch {
	case s.Zone == "" || s.at["key"] != 0 && s.Key == "": // said already
	case s.Key == "" && hole:
		p.failAt(s.line, "%s stands in the zone, and the list has no key", Placeholder)
	case s.Key == "" && s.WithKey:
		p.failAt(s.at["default"], "default key, and the list has no key")
	case s.Key != "" && !hole:
		p.failAt(s.at["key"], "a key, and no %s in the zone", Placeholder)
	case s.Key != "" && s.Default:
		p.failAt(s.at["default"], "on, and without its key it cannot be: default key")
	}
}

// closeMarks sorts the answers of which more is said. Each of them has a code.
func (p *parser) closeMarks(s *stanza) {
	for _, m := range s.marks {
		if !slices.ContainsFunc(s.Codes, func(c Code) bool { return c.Match.clashes(m.Match) }) {
			p.failAt(m.line, "%s %s: the list has no such code", m.key, m.Match)
		}
		if m.key == "net64" {
			s.Net64 = append(s.Net64, m.Match)
		} else {
			s.Compromised = append(s.Compromised, m.Match)
		}
	}
}

func (p *parser) closeIP(s *stanza) {
	if s.at["families"] == 0 {
		p.failAt(s.line, "the list has no families")
	}
	if s.at["scope"] == 0 {
		s.Scope = ScopeAddress
	} else if s.Scope == ScopeDomain {
		p.failAt(s.at["scope"], "scope domain on a list of addresses")
	}
	p.classes(s, "addresses", ClassDomain, ClassAbused)
}

func (p *parser) closeDomain(s *stanza) {
	if line := s.at["families"]; line != 0 {
		p.failAt(line, "families on a list of domains")
	}
	if s.at["scope"] == 0 {
		s.Scope = ScopeDomain
	} else if s.Scope != ScopeDomain && s.Scope != "" {
		p.failAt(s.at["scope"], "scope %s on a list of domains", s.Scope)
	}
	p.classes(s, "domains", ClassMajor, ClassPBL, ClassPolicy)
}

// classes refuses the classes that make no sense for a kind.
func (p *parser) classes(s *stanza, kind string, not ...Class) {
	for i, c := range s.Codes {
		if slices.Contains(not, c.Class) {
			p.failAt(s.codes[i], "class %s on a list of %s", c.Class, kind)
		}
	}
}

// closeTest looks at the test points (RFC 5782 5).
func (p *parser) closeTest(s *stanza) {
	listed, notListed := s.at["listed"], s.at["not-listed"]
	switch {
	case listed == 0 && notListed == 0:
		if s.Default || s.WithKey {
			p.failAt(s.at["default"], "on without test points (listed, not-listed): silence cannot be told from death")
		}
		return
	case notListed == 0:
		p.failAt(listed, "listed without not-listed")
		return
	case listed == 0:
		p.failAt(notListed, "not-listed without listed")
		return
	}
	yes, err := s.Name(s.Listed)
	if err != nil {
		p.failAt(listed, "test point: %v", err)
	}
	no, errNo := s.Name(s.NotListed)
	if errNo != nil {
		p.failAt(notListed, "test point: %v", errNo)
	}
	if err == nil && yes == no {
		p.failAt(notListed, "%s is the listed test point too", s.NotListed)
	}
}

// finish looks at the file as a whole.
func (p *parser) finish() {
	p.close()
	if len(p.file.Lists) == 0 {
		p.line = max(p.line, 1)
		p.fail("no list: a list begins with zone:")
	}
	for zone, line := range p.lists {
		if d, ok := p.file.DeadZone(zone); ok && !d.Doubtful {
			p.failAt(line, "zone %s is not to be asked (line %d): %s", zone, p.dead[d.Zone], d.Reason)
		}
	}
	for _, l := range p.file.Lists {
		if _, ok := p.lists[l.Replaces]; l.Replaces != "" && (!ok || l.Replaces == l.Zone) {
			p.failAt(p.lists[l.Zone], "it replaces %s, which is no other list of this file", l.Replaces)
		}
	}
}

// word takes the first word off a value.
func word(s string) (first, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// oneOf reads one of the words that a key takes.
func oneOf[T ~string](key, value string, words ...T) (T, error) {
	if w := T(value); slices.Contains(words, w) {
		return w, nil
	}
	known := make([]string, len(words))
	for i, w := range words {
		known[i] = string(w)
	}
	return "", fmt.Errorf("%s %q is none of %s", key, value, strings.Join(known, ", "))
}

// zoneName reads the name of a zone.
func zoneName(s string) (string, error) {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(s, ".")), ".")
	whole := slices.Clone(labels)
	if i := slices.Index(whole, Placeholder); i >= 0 {
		whole[i] = strings.Repeat("k", maxLabel)
	}
	zone, err := domain(strings.Join(whole, "."))
	switch {
	case err != nil:
		return "", fmt.Errorf("zone %q is no domain: %w", s, err)
	case !strings.Contains(zone, "."):
		return "", fmt.Errorf("zone %q is a single label", s)
	case len(zone) > maxZone:
		return "", fmt.Errorf("zone %q has %d octets, more than %d", s, len(zone), maxZone)
	}
	return strings.Join(labels, "."), nil
}

// variable reads the name of the variable that holds a key. Files of lists come from anywhere: what they name goes out
// to their zone, so they may name keys that were set for this purpose and nothing else of the environment.
func variable(s string) (string, error) {
	middle, ours := strings.CutPrefix(s, "MAILAUDIT_")
	middle, isKey := strings.CutSuffix(middle, "_KEY")
	if !ours || !isKey || middle == "" || strings.Trim(middle, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return "", fmt.Errorf("key %q is no variable of the form MAILAUDIT_..._KEY", s)
	}
	return s, nil
}

// pace reads "10/s".
func pace(s string) (float64, error) {
	n, perSecond := strings.CutSuffix(s, "/s")
	r, err := strconv.ParseFloat(n, 64)
	if err != nil || !perSecond || !(r >= 0.01 && r <= 1000) {
		return 0, fmt.Errorf("rate %q is none from 0.01/s to 1000/s", s)
	}
	return r, nil
}

// page reads the address of a web page.
func page(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.ContainsAny(s, " \t") {
		return "", fmt.Errorf("removal %q is no web address", s)
	}
	return s, nil
}

// match reads 127.0.0.2, 127.0.0.10-12 or 127.0.0.&64.
func match(s string) (Match, error) {
	bad := fmt.Errorf("%q is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64", s)
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return Match{}, bad
	}
	var m Match
	var ok bool
	third, last, several := strings.Cut(parts[2], "-")
	if several {
		if m.Third, ok = octet(last); !ok {
			return Match{}, bad
		}
		parts[2] = third
	}
	for i := range m.Net {
		if m.Net[i], ok = octet(parts[i]); !ok {
			return Match{}, bad
		}
	}
	if bit, isBit := strings.CutPrefix(parts[3], "&"); isBit {
		m.Bit, ok = octet(bit)
		if m.Bit == 0 || m.Bit&(m.Bit-1) != 0 {
			return Match{}, fmt.Errorf("%q: %s is none of the bits 1, 2, 4, 8, 16, 32, 64 and 128", s, bit)
		}
	} else {
		first, last, isRange := strings.Cut(parts[3], "-")
		if m.First, ok = octet(first); ok {
			m.Last = m.First
			if isRange {
				m.Last, ok = octet(last)
			}
		}
		if ok && m.First > m.Last {
			return Match{}, fmt.Errorf("%q runs backwards", s)
		}
	}
	switch {
	case !ok:
		return Match{}, bad
	case several && m.Third <= m.Net[2]:
		return Match{}, fmt.Errorf("%q runs backwards", s)
	case m.Net[0] != 127:
		return Match{}, fmt.Errorf("%s is outside 127.0.0.0/8", s)
	}
	return m, nil
}

// octet reads 0 to 255 in its one form.
func octet(s string) (byte, bool) {
	n, err := strconv.ParseUint(s, 10, 8)
	return byte(n), err == nil && strconv.FormatUint(n, 10) == s
}
