package dmarcreport

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"path"
	"regexp"
	"strings"

	"mailaudit/internal/eml"
)

// Bounds on files.
const (
	MaxFiles = 20000    // of one run: a year of reports by some fifty receivers
	MaxTotal = 1 << 30  // octets of XML of one run
	maxFile  = 32 << 20 // octets of a report as it was sent; RFC 9990 3.2.1 knows of a common limit of ten megabytes
	maxRatio = 200      // octets of XML for one of the archive; DEFLATE gives up to 1032, reports some twenty
	freely   = 1 << 20  // octets of XML whose ratio does not matter
	maxZip   = 100      // files in one archive
	maxParts = 100      // parts of one message
	maxNest  = 4        // messages and multiparts within each other
	maxKept  = 20       // problems that are told one by one
	maxTold  = 100000   // reports of one run
	maxNamed = 1000     // reporters that are told apart
)

// Problem is something that could not be read, and where.
type Problem struct {
	File string // with the member or the part behind it
	Why  string
}

func (p Problem) String() string { return p.File + ": " + p.Why }

// Reader reads files, one after the other. Reports that it has seen before count once.
type Reader struct {
	Files     int // that were opened
	Reports   int
	Twice     int // reports that came again
	None      int // messages that carry no report
	Problems  []Problem
	More      int            // problems beyond those that are kept
	Unread    int            // files beyond the bound on them
	Reporters map[string]int // reports by who sent them

	seen  map[[sha256.Size]byte]bool
	total int64
	usage usage
}

// NewReader makes a Reader that has read nothing.
func NewReader() *Reader {
	return &Reader{Reporters: map[string]int{}, seen: map[[sha256.Size]byte]bool{}, usage: newUsage()}
}

// Dir reads every regular file beneath a folder, in the order of their names.
func (r *Reader) Dir(fsys fs.FS, name string) {
	err := fs.WalkDir(fsys, ".", func(file string, e fs.DirEntry, err error) error {
		at := path.Join(name, file)
		switch {
		case err != nil:
			r.problem(at, err)
			return nil
		case e.IsDir() || strings.HasPrefix(path.Base(file), "."):
			return nil
		case r.Files >= MaxFiles:
			r.Unread++
			return nil
		}
		info, err := fs.Stat(fsys, file) // of what a link leads to
		switch {
		case err != nil:
			r.problem(at, err)
			return nil
		case !info.Mode().IsRegular(): // a pipe would never end
			return nil
		}
		f, err := fsys.Open(file)
		if err != nil {
			r.problem(at, err)
			return nil
		}
		defer f.Close()
		r.File(at, f)
		return nil
	})
	if err != nil {
		r.problem(name, err)
	}
}

// File reads one file: a report, or an archive, a message or an mbox with reports.
func (r *Reader) File(name string, in io.Reader) {
	r.Files++
	b := bufio.NewReaderSize(in, 64<<10)
	begin, err := b.Peek(512)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		r.problem(name, err)
	case len(begin) == 0:
		r.problem(name, errors.New("nothing is in it"))
	case looksLike(begin) != "":
		r.report(name, b)
	default:
		r.mailbox(name, b)
	}
}

// looksLike tells what holds a report by its first octets, since names and media types of attachments are often wrong: xml,
// gzip or zip, "" for anything else.
func looksLike(begin []byte) string {
	s := strings.TrimPrefix(string(begin), "\xef\xbb\xbf")
	switch {
	case strings.HasPrefix(s, "\x1f\x8b"):
		return "gzip"
	case strings.HasPrefix(s, "PK\x03\x04"), strings.HasPrefix(s, "PK\x05\x06"):
		return "zip"
	case strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "<"), strings.HasPrefix(s, "\xff\xfe<"), strings.HasPrefix(s, "\xfe\xff\x00<"), strings.HasPrefix(s, "\x00<"):
		return "xml"
	}
	return ""
}

func (r *Reader) problem(name string, err error) {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if len(r.Problems) == maxKept {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{name, err.Error()})
}

// report reads what is known to be a report, packed or not.
func (r *Reader) report(name string, in io.Reader) {
	packed, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(packed) > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	if err != nil {
		r.problem(name, err)
		return
	}
	switch looksLike(packed[:min(len(packed), 512)]) {
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			r.problem(name, err)
			return
		}
		r.xml(name, z, len(packed), false)
	case "zip":
		r.zip(name, packed)
	default:
		r.xml(name, bytes.NewReader(packed), len(packed), false)
	}
}

// zip reads the files of an archive. One entry of its directory takes more memory than its 46 octets, so they are counted
// by their mark before it is read.
func (r *Reader) zip(name string, packed []byte) {
	if n := bytes.Count(packed, []byte("PK\x01\x02")); n > maxZip {
		r.problem(name, fmt.Errorf("an archive of more than %d files", maxZip))
		return
	}
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		r.problem(name, err)
		return
	}
	found := false
	for _, f := range z.File {
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		found = true
		at := name + "!" + f.Name
		in, err := f.Open()
		if err != nil {
			r.problem(at, err)
			continue
		}
		r.xml(at, in, int(min(f.CompressedSize64, uint64(len(packed)))), false)
		in.Close()
	}
	if !found {
		r.problem(name, errors.New("an archive without a file"))
	}
}

// xml reads a report that takes so many octets where it is packed; again: what packs it was packed itself.
func (r *Reader) xml(name string, in io.Reader, packed int, again bool) {
	b := bufio.NewReaderSize(&measured{in: in, packed: int64(packed), left: &r.total}, 4<<10)
	begin, err := b.Peek(512)
	switch kind := looksLike(begin); {
	case err != nil && !errors.Is(err, io.EOF):
		r.problem(name, err)
		return
	case kind == "gzip" && !again:
		// Some reports were packed once more on their way.
		z, err := gzip.NewReader(b)
		if err != nil {
			r.problem(name, err)
			return
		}
		r.xml(name, z, packed, true)
		return
	case kind == "gzip" || kind == "zip":
		r.problem(name, errors.New("an archive within an archive"))
		return
	case kind == "":
		r.problem(name, fmt.Errorf("no aggregate report: it begins with %.20q", begin))
		return
	}
	text := bufio.NewReader(newText(b))
	at := name
	for n := 2; ; n++ {
		report, err := parse(text)
		if err != nil {
			r.problem(at, err)
			return
		}
		r.take(at, report)
		at = fmt.Sprintf("%s, report %d", name, n)
		more, err := follows(text)
		if err != nil {
			r.problem(at, err)
		}
		if !more {
			return
		}
	}
}

// follows says whether another report stands behind one: people join files, and so do the members of a gzip file (RFC 1952 2.2).
// Comments and processing instructions may stand between them (XML 1.0 2.8); of one without an end the error tells.
func follows(text *bufio.Reader) (bool, error) {
	for {
		c, _, err := text.ReadRune()
		if err != nil { // what cannot be unpacked behind a whole report is rubbish
			return false, nil
		}
		if strings.ContainsRune(" \t\r\n\ufeff", c) {
			continue
		}
		_ = text.UnreadRune() // one was read
		begin, _ := text.Peek(maxElement)
		switch {
		case beginning.Match(begin):
			return true, nil
		case bytes.HasPrefix(begin, []byte("<!--")):
			_, _ = text.Discard(len("<!--")) // they were seen
			err = skip(text, "-->")
		case bytes.HasPrefix(begin, []byte("<?")):
			_, _ = text.Discard(len("<?"))
			err = skip(text, "?>")
		default:
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("not looked for: what begins there with %.20q has no end", begin)
		}
		if err != nil {
			return false, err
		}
	}
}

// beginning is how a report begins. A document type is for parse to refuse.
var beginning = regexp.MustCompile(`^<(?:\?xml\s|(?:!DOCTYPE\s+)?(?:[\w.-]+:)?feedback[\s>])`)

// skip reads up to an end and over it, however far that is. An end is one sign, as often as it stands there, and ">".
func skip(text *bufio.Reader, end string) error {
	for seen := 0; seen < len(end); {
		c, err := text.ReadByte()
		switch {
		case err != nil:
			return err
		case c == end[seen]:
			seen++
		case c != end[0]: // one more of the sign changes nothing
			seen = 0
		}
	}
	return nil
}

// take counts a report once: copies lie about in folders, and reporters send some again (RFC 9990 3.2.1 has the Report-ID for that).
func (r *Reader) take(name string, x *Report) {
	key := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d", x.Reporter, x.ID, x.Domain, x.Begin.Unix(), x.End.Unix()))
	switch {
	case r.seen[key]:
		r.Twice++
		return
	case r.Reports >= maxTold:
		r.problem(name, fmt.Errorf("not counted: %d reports were read before", maxTold))
		return
	}
	r.seen[key] = true
	r.Reports++
	if r.Reporters[x.Reporter] > 0 || len(r.Reporters) < maxNamed {
		r.Reporters[x.Reporter]++
	}
	if x.Left > 0 {
		r.problem(name, fmt.Errorf("%d of %d records are left out, the first at %s", x.Left, x.Left+len(x.Rows), x.Why))
	}
	r.usage.add(x)
}

// measured ends a report that unpacks to too much.
type measured struct {
	in     io.Reader
	packed int64
	n      int64
	left   *int64 // octets of all reports so far
}

func (m *measured) Read(b []byte) (int, error) {
	n, err := m.in.Read(b)
	m.n += int64(n)
	*m.left += int64(n)
	switch {
	case m.n > maxXML:
		return 0, fmt.Errorf("more than %d MiB of XML", maxXML>>20)
	case m.n > freely && m.n > maxRatio*m.packed:
		return 0, fmt.Errorf("it unpacks to more than %d times its size: a bomb", maxRatio)
	case *m.left > MaxTotal:
		return 0, fmt.Errorf("not read: %d MiB of XML were read before", MaxTotal>>20)
	}
	return n, err
}

// mailbox reads the reports that one message, or each of an mbox file, carries.
func (r *Reader) mailbox(name string, in io.Reader) {
	box, n := eml.NewMbox(in), 0
	for {
		m, err := box.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		n++
		at := name
		if n > 1 || box.Several() {
			at = fmt.Sprintf("%s, message %d", name, n)
		}
		var bad *eml.MessageError
		switch {
		case errors.As(err, &bad):
			if n == 1 {
				err = errors.New("neither an aggregate report nor gzip, zip, or a message with one")
			}
			r.problem(at, err)
		case err != nil:
			r.problem(at, err)
			return
		default:
			p := parts{r: r, name: at}
			p.walk(field(m.Fields), strings.NewReader(m.Body), 0)
			if !p.found {
				r.None++
			}
		}
	}
}

// parts looks for reports in one message.
type parts struct {
	r     *Reader
	name  string
	n     int
	found bool
}

func field(l []eml.Field) func(string) string {
	return func(name string) string {
		for _, f := range l {
			if f.Is(name) {
				return f.Value
			}
		}
		return ""
	}
}

// walk goes through the parts (RFC 2046 5.1). A report is told by what it is, wherever it stands and whatever it is called.
func (p *parts) walk(get func(string) string, body io.Reader, depth int) {
	if p.n++; p.n > maxParts || depth > maxNest {
		return
	}
	kind, param, _ := mime.ParseMediaType(get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") && param["boundary"] != "" {
		l := multipart.NewReader(body, param["boundary"])
		for p.n <= maxParts {
			part, err := l.NextRawPart()
			if err != nil {
				return // what is cut off here is missing in its part, too
			}
			p.walk(part.Header.Get, part, depth+1)
		}
		return
	}
	switch strings.ToLower(strings.TrimSpace(get("Content-Transfer-Encoding"))) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	b := bufio.NewReader(body)
	begin, _ := b.Peek(512)
	switch {
	case kind == "message/rfc822":
		if m, err := eml.Parse(b); err == nil {
			p.walk(field(m.Fields), strings.NewReader(m.Body), depth+1)
		}
	case looksLike(begin) == "" || isText(kind, string(begin)):
	default:
		name := p.name
		if file := fileName(get); file != "" {
			name += ", " + file
		}
		p.found = true
		p.r.report(name, b)
	}
}

// isText says whether a part that begins with a "<" is there to be read by people.
func isText(kind, begin string) bool {
	return (kind == "text/plain" || kind == "text/html" || kind == "") && looksLike([]byte(begin)) == "xml" &&
		!strings.Contains(begin, "<?xml") && !strings.Contains(begin, "<feedback")
}

// fileName is what an attachment is called.
func fileName(get func(string) string) string {
	if _, p, err := mime.ParseMediaType(get("Content-Disposition")); err == nil && p["filename"] != "" {
		return p["filename"]
	}
	_, p, _ := mime.ParseMediaType(get("Content-Type"))
	return p["name"]
}
