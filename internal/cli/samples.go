package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/special"
)

// Bounds on the messages of an mbox file or a Maildir.
const (
	maxSamples     = 10000    // messages that are read
	maxSampleBytes = 1 << 30  // octets of all of them
	maxKeptBytes   = 64 << 20 // octets of those that are kept, one for each way, to verify their signatures
	maxWays        = 1000     // ways that are told apart
	maxWayIPs      = 256      // addresses of each
	maxStreams     = 16       // that are audited
	maxNamed       = 5        // of a kind that are named in a note
)

// samples are the messages of --message, where there are several. All of its methods do nothing without one.
type samples struct {
	file   string
	public func(netip.Addr) bool

	read    int // messages
	size    int64
	kept    int
	ways    map[wayKey]*wayOf
	authors map[string]int // messages by author domain
	broken  int            // that are no messages, or too large
	why     string         // the first of them
	nobody  int            // without one author domain
	beyond  int            // beyond the bounds
	folders []string       // subfolders of a Maildir
	known   []*wayOf       // the streams of the domain
	notes   []string
}

// wayKey is what tells messages apart that were sent in different ways.
type wayKey struct{ from, helo, mailFrom, signer string }

// wayOf are the messages that were sent in one way.
type wayOf struct {
	wayKey
	config   streamConfig
	messages int
	sample   *sample // the smallest; nil where that is still too large
	more     int     // addresses beyond the bound
}

// readSamples reads a file, a Maildir or standard input. A single message is given, too.
func (o *checkOptions) readSamples(w World) (*samples, *eml.Message, error) {
	t, err := o.target()
	if err != nil {
		return nil, nil, err
	}
	l := &samples{file: o.message, public: func(a netip.Addr) bool { return special.Public(a, t.AssumePublic) },
		ways: map[wayKey]*wayOf{}, authors: map[string]int{}}
	var first *eml.Message
	var alone error // why the only message is none
	n := 0
	err = l.each(w, func(m *eml.Message, err error) bool {
		n++
		if n == 1 {
			first, alone = m, err
		}
		l.take(m, err)
		return l.read < maxSamples && l.size < maxSampleBytes
	})
	switch {
	case err != nil:
		return nil, nil, err
	case n == 0:
		return nil, nil, errors.New(strings.Join(append([]string{"no message is in it"}, l.unread()...), ": "))
	case n == 1 && alone != nil:
		return nil, nil, alone
	case n == 1:
		return l, first, nil
	}
	return l, nil, nil
}

// unread says which subfolders of a Maildir are not read, if it has any.
func (l *samples) unread() []string {
	if len(l.folders) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s left out: %s", number(len(l.folders), "subfolder"), some(l.folders))}
}

// each gives every message, until give has had enough; what is left of an mbox then is not counted, since that would be to read it.
func (l *samples) each(w World, give func(*eml.Message, error) bool) error {
	if l.file == "-" {
		return l.box(w.Stdin, give)
	}
	info, err := os.Stat(l.file)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		f, err := os.Open(l.file)
		if err != nil {
			return err
		}
		defer f.Close()
		return l.box(f, give)
	}
	folder := os.DirFS(l.file)
	files, folders, err := eml.Maildir(folder)
	if err != nil {
		return err
	}
	l.folders = folders
	for i, name := range files {
		f, err := folder.Open(name)
		if err != nil {
			give(nil, err)
			continue
		}
		m, err := eml.Parse(io.LimitReader(f, eml.MaxMember+1))
		f.Close()
		if err == nil && len(m.Text) > eml.MaxMember {
			err = fmt.Errorf("larger than %d MiB", eml.MaxMember>>20)
		}
		if !give(m, err) {
			l.beyond = len(files) - i - 1
			return nil
		}
	}
	return nil
}

func (l *samples) box(in io.Reader, give func(*eml.Message, error) bool) error {
	box := eml.NewMbox(in)
	for {
		m, err := box.Next()
		var bad *eml.MessageError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = bad.Unwrap()
		case err != nil:
			return err
		}
		if !give(m, err) {
			if _, err := box.Next(); !errors.Is(err, io.EOF) {
				l.beyond = -1
			}
			return nil
		}
	}
}

// take notes how one message was sent.
func (l *samples) take(m *eml.Message, err error) {
	l.read++
	if err != nil {
		if l.broken++; l.broken == 1 {
			l.why = err.Error()
		}
		return
	}
	l.size += int64(len(m.Text))
	from, err := m.From()
	if err != nil {
		l.nobody++
		return
	}
	l.authors[from]++
	s := &sample{gather.Sample{From: from, Message: m, Trace: m.Trace(l.public)}, l.file}
	var c streamConfig
	s.fill(&c)
	_, mailFrom, _ := strings.Cut(c.MailFrom, "@")
	k := wayKey{from, strings.ToLower(c.HELO), mailFrom, c.DKIMDomain}
	way := l.ways[k]
	if way == nil {
		if len(l.ways) >= maxWays {
			return // authors has it, so that it is missed in the end
		}
		way = &wayOf{wayKey: k}
		l.ways[k] = way
	}
	way.messages++
	way.join(c)
	size := len(m.Text)
	if way.sample != nil {
		size -= len(way.sample.Message.Text)
	}
	if (way.sample == nil || size < 0) && l.kept+size <= maxKeptBytes {
		way.sample, l.kept = s, l.kept+size
	}
}

// join adds what another message of the same way told.
func (w *wayOf) join(c streamConfig) {
	d := &w.config
	d.HELO, d.MailFrom, d.DKIMDomain = cmp.Or(d.HELO, c.HELO), cmp.Or(d.MailFrom, c.MailFrom), cmp.Or(d.DKIMDomain, c.DKIMDomain)
	for _, ip := range c.IPs {
		switch {
		case slices.Contains(d.IPs, ip):
		case len(d.IPs) >= maxWayIPs:
			w.more++
		default:
			d.IPs = append(d.IPs, ip)
		}
	}
	for _, list := range []struct{ to, from *[]string }{{&d.Selectors, &c.Selectors}, {&d.Learned, &c.Learned}} {
		for _, s := range *list.from {
			if !slices.Contains(*list.to, s) && len(*list.to) < maxWayIPs {
				*list.to = append(*list.to, s)
			}
		}
	}
}

// from is the author domain of most messages.
func (l *samples) from() string {
	best := ""
	for d, n := range l.authors {
		if best == "" || n > l.authors[best] || n == l.authors[best] && d < best {
			best = d
		}
	}
	return best
}

// of takes the messages of a domain, and of those that share its registrable domain, and makes streams of them.
func (l *samples) of(domains ...string) error {
	if l == nil || len(domains) == 0 {
		return nil
	}
	own := func(d string) bool {
		return !slices.ContainsFunc(domains, func(x string) bool { return d != x && registrable(d) != registrable(x) })
	}
	var ways []*wayOf
	for k, w := range l.ways {
		if own(k.from) {
			slices.Sort(w.config.Selectors)
			slices.SortFunc(w.config.IPs, compareIPs)
			ways = append(ways, w)
		}
	}
	if len(ways) == 0 {
		most := l.from()
		if most == "" {
			return usageError{fmt.Sprintf("%s: none of %s has one author domain", l.file, number(l.read, "message")), "save messages with their whole header"}
		}
		return usageError{fmt.Sprintf("%s holds no message from %s, but from %s", l.file, domains[0], most), fmt.Sprintf("mailaudit check %s --message %s", most, fileWord(l.file))}
	}
	l.merge(ways)
	l.note(own)
	return nil
}

// merge joins a way of which less is known to the first that it does not contradict: a message without a trace is no stream. That
// one is not signed is known where it was delivered; a copy may have been signed later.
func (l *samples) merge(ways []*wayOf) {
	const unsigned = "-" // no domain
	parts := func(w *wayOf) [3]string {
		if w.signer == "" && len(w.config.IPs) > 0 {
			return [3]string{w.helo, w.mailFrom, unsigned}
		}
		return [3]string{w.helo, w.mailFrom, w.signer}
	}
	known := func(w *wayOf) int {
		n := min(len(w.config.IPs), 1)
		for _, s := range parts(w) {
			n += min(len(s), 1)
		}
		return n
	}
	slices.SortFunc(ways, func(a, b *wayOf) int {
		return cmp.Or(cmp.Compare(known(b), known(a)), cmp.Compare(b.messages, a.messages), cmp.Compare(a.name(), b.name()), cmp.Compare(a.from, b.from))
	})
	for _, w := range ways {
		i := slices.IndexFunc(l.known, func(x *wayOf) bool {
			for i, s := range parts(w) {
				if s != "" && s != parts(x)[i] {
					return false
				}
			}
			return true
		})
		if i < 0 {
			l.known = append(l.known, w)
			continue
		}
		x := l.known[i]
		x.messages += w.messages
		x.join(w.config)
		if x.sample == nil {
			x.sample = w.sample
		}
	}
	slices.SortStableFunc(l.known, func(a, b *wayOf) int { return cmp.Compare(b.messages, a.messages) })
}

func compareIPs(a, b string) int {
	x, _ := netip.ParseAddr(a) // they were written by us
	y, _ := netip.ParseAddr(b)
	return x.Compare(y)
}

// name says how the mail of a way is sent.
func (k wayKey) name() string {
	var l []string
	for _, x := range []struct{ what, is string }{{"HELO ", k.helo}, {"MAIL FROM ", k.mailFrom}, {"d=", k.signer}} {
		if x.is != "" {
			l = append(l, x.what+x.is)
		}
	}
	if len(l) == 0 {
		return "no trace"
	}
	return strings.Join(l, ", ")
}

// note says what was left out, and where messages contradict each other.
func (l *samples) note(own func(string) bool) {
	say := func(format string, args ...any) { l.notes = append(l.notes, fmt.Sprintf(format, args...)) }
	l.notes = append(l.notes, l.unread()...)
	switch {
	case l.beyond > 0:
		say("%s beyond the first %d or %d MiB were not read", number(l.beyond, "message"), maxSamples, maxSampleBytes>>20)
	case l.beyond < 0:
		say("what stands behind the first %s was not read: the bound is %d messages or %d MiB", number(l.read, "message"), maxSamples, maxSampleBytes>>20)
	}
	if l.broken > 0 {
		say("%s could not be read, the first: %s", number(l.broken, "message"), l.why)
	}
	if l.nobody > 0 {
		say("%s without one author domain left out", number(l.nobody, "message"))
	}
	total, sorted := 0, 0
	var others []string
	for d, n := range l.authors {
		if total += n; !own(d) {
			others = append(others, d)
		}
	}
	for _, w := range l.ways {
		sorted += w.messages
	}
	if len(others) > 0 {
		slices.SortFunc(others, func(a, b string) int { return cmp.Or(cmp.Compare(l.authors[b], l.authors[a]), cmp.Compare(a, b)) })
		n, rest := 0, ""
		for _, d := range others {
			n += l.authors[d]
		}
		if more := len(others) - maxNamed; more > 0 {
			others, rest = others[:maxNamed], fmt.Sprintf(" and %d more", more)
		}
		say("%s from other domains left out: %s%s", number(n, "message"), strings.Join(others, ", "), rest)
	}
	if lost := total - sorted; lost > 0 {
		say("%s sent in more than %d ways left out", number(lost, "message"), maxWays)
	}
	if len(l.known) > maxStreams {
		n := 0
		for _, w := range l.known[maxStreams:] {
			n += w.messages
		}
		say("%s with %s left out: only the %d largest are audited", number(len(l.known)-maxStreams, "stream"), number(n, "message"), maxStreams)
		l.known = l.known[:maxStreams]
	}
	helos := map[string][]string{}
	for _, w := range l.known {
		if w.more > 0 {
			say("stream %s: only its first %d addresses are audited", w.name(), maxWayIPs)
		}
		for _, ip := range w.config.IPs {
			if w.helo != "" && !slices.Contains(helos[ip], w.helo) {
				helos[ip] = append(helos[ip], w.helo)
			}
		}
	}
	var at []string
	for ip, l := range helos {
		if len(l) > 1 {
			at = append(at, ip)
		}
	}
	slices.SortFunc(at, compareIPs)
	for _, ip := range at[:min(len(at), maxNamed)] {
		slices.Sort(helos[ip])
		say("contradiction: %s says HELO %s", ip, strings.Join(helos[ip], " in some messages and ")+" in others")
	}
	if more := len(at) - maxNamed; more > 0 {
		say("contradiction: %d more addresses say several names in HELO", more)
	}
}

// streams are those of the messages behind what the flags say, if they say anything. One stream alone is filled field by
// field, as from a single message.
func (l *samples) streams(own streamConfig, typed bool) []streamConfig {
	if l == nil {
		return []streamConfig{own}
	}
	if len(l.known) == 1 {
		l.known[0].fillInto(&own)
		l.known[0].config.Name = own.Name
		return []streamConfig{own}
	}
	var out []streamConfig
	if typed {
		out = append(out, own)
	}
	for _, w := range l.known {
		w.config.Name = w.name()
		out = append(out, w.config)
	}
	return out
}

// fillInto puts what the messages tell into every field that the user left open.
func (w *wayOf) fillInto(c *streamConfig) {
	d := w.config
	if len(c.IPs) == 0 && len(d.IPs) > 0 {
		c.IPs, c.Learned = d.IPs, append(c.Learned, facts.LearnedIPs)
	}
	if c.HELO == "" && d.HELO != "" {
		c.HELO, c.Learned = d.HELO, append(c.Learned, facts.LearnedHELO)
	}
	if c.MailFrom == "" && d.MailFrom != "" {
		c.MailFrom, c.Learned = d.MailFrom, append(c.Learned, facts.LearnedMailFrom)
	}
	if c.DKIMDomain == "" && d.DKIMDomain != "" {
		c.DKIMDomain, c.Learned = d.DKIMDomain, append(c.Learned, facts.LearnedDKIMDomain)
	}
	if len(c.Selectors) == 0 && c.DKIMDomain == d.DKIMDomain && len(d.Selectors) > 0 {
		c.Selectors, c.Learned = d.Selectors, append(c.Learned, facts.LearnedSelectors)
	}
}

// into adds the messages that are kept to what is audited, and says what was left out.
func (l *samples) into(t *gather.Target) {
	if l == nil {
		return
	}
	t.Samples = &facts.Samples{Messages: l.read, Streams: []facts.SampleStream{}, Notes: l.notes}
	for _, w := range l.known {
		t.Samples.Streams = append(t.Samples.Streams, facts.SampleStream{Stream: w.config.Name, Messages: w.messages})
		if w.sample != nil {
			w.sample.Stream = w.config.Name
			t.Messages = append(t.Messages, w.sample.Sample)
		}
	}
}
