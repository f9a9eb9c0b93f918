package eml

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// Bounds on the parts of a message.
const (
	maxParts = 100
	maxDepth = 8
	MaxPart  = 256 << 10 // octets of a part that are looked at
)

// Part is one leaf of a message (RFC 2046).
type Part struct {
	Kind string // its media type, in lower case
	Name string // of the file, as Content-Disposition (RFC 2183 2.3) or Content-Type has it
	Text string // decoded
}

// Parts are the parts of a message in order. What programs break is read as they meant it: a boundary that is not declared, a part
// without a header.
func (m *Message) Parts() []Part {
	var l []Part
	walk(Header(m.Fields), m.Body, 0, &l)
	return l
}

// Header finds the value of a field, "" where it is not there.
func Header(fields []Field) func(name string) string {
	return func(name string) string {
		for _, f := range fields {
			if f.Is(name) {
				return f.Value
			}
		}
		return ""
	}
}

var (
	boundaryParam = regexp.MustCompile(`(?i)\bboundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))`)
	charsetParam  = regexp.MustCompile(`(?i)\bcharset\s*=\s*"?([^\s;"]+)`)
	firstPart     = regexp.MustCompile(`(?mi)^--(\S[^\r\n]*)\r?\ncontent-`)
)

func walk(get func(string) string, body string, depth int, l *[]Part) {
	if len(*l) >= maxParts {
		return
	}
	declared := get("Content-Type")
	kind, _, _ := strings.Cut(strings.ToLower(declared), ";")
	kind = strings.TrimSpace(kind)
	boundary := ""
	if m := boundaryParam.FindStringSubmatch(declared); m != nil {
		boundary = m[1] + m[2]
	}
	if boundary == "" || !strings.Contains(body, "--"+boundary) {
		boundary = ""
		// The first line that can be one.
		if kind == "" && depth == 0 && get("MIME-Version") != "" || strings.HasPrefix(kind, "multipart/") {
			if m := firstPart.FindStringSubmatch(body[:min(len(body), MaxPart)]); m != nil && strings.Contains(strings.ToLower(body), "\ncontent-type:") {
				boundary = strings.TrimRight(m[1], " \t\r")
			}
		}
	}
	if boundary != "" && depth < maxDepth && kind != "message/rfc822" {
		for i, section := range sections(body, boundary) {
			switch {
			case i == 0:
				if s := strings.TrimSpace(section); s != "" && !strings.Contains(s, "MIME") {
					*l = append(*l, Part{Kind: "text/plain", Text: clipPart(section)})
				}
			case strings.HasPrefix(section, "\n") || strings.HasPrefix(section, "\r\n"):
				walk(Header(nil), section, depth+1, l)
			default:
				m, err := Parse(strings.NewReader(section))
				if err != nil || !strings.Contains(strings.ToLower(section[:min(len(section), 2000)]), "content-") {
					walk(Header(nil), section, depth+1, l)
					continue
				}
				walk(Header(m.Fields), m.Body, depth+1, l)
			}
		}
		return
	}
	if kind == "" || strings.HasPrefix(kind, "multipart/") {
		kind = "text/plain"
	}
	*l = append(*l, Part{kind, fileName(get), decoded(clipPart(body), get("Content-Transfer-Encoding"), declared)})
}

// fileName is the name that a part gives its file.
func fileName(get func(string) string) string {
	for _, f := range [][2]string{{"Content-Disposition", "filename"}, {"Content-Type", "name"}} {
		// What breaks the grammar names no file.
		if _, params, err := mime.ParseMediaType(get(f[0])); err == nil && params[f[1]] != "" {
			name := params[f[1]]
			if words, err := new(mime.WordDecoder).DecodeHeader(name); err == nil { // not allowed there, and usual (RFC 2047 5)
				name = words
			}
			return name
		}
	}
	return ""
}

func clipPart(s string) string { return s[:min(len(s), MaxPart)] }

// sections are what stands between the lines of a boundary (RFC 2046 5.1.1), what stands before them first.
func sections(body, boundary string) (l []string) {
	mark := "--" + boundary
	start := 0
	for at := 0; at < len(body) && len(l) < maxParts; {
		end := strings.IndexByte(body[at:], '\n')
		if end < 0 {
			end = len(body) - at - 1
		}
		line := body[at : at+end+1]
		if strings.HasPrefix(line, mark) {
			if rest := strings.TrimRight(line[len(mark):], " \t\r\n"); rest == "" || rest == "--" {
				l = append(l, body[start:at])
				start = at + len(line)
				if rest == "--" {
					return l
				}
			}
		}
		at += len(line)
	}
	return append(l, body[start:])
}

// decoded takes the transfer encoding off (RFC 2045 6). What cannot be decoded stays as it is.
func decoded(s, encoding, declared string) string {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		if b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(s))); err == nil || len(b) > 0 {
			s = string(b)
		}
	case "base64":
		clean := strings.Map(func(r rune) rune {
			if r <= ' ' {
				return -1
			}
			return r
		}, s)
		if len(s) == MaxPart { // it was cut off
			clean = clean[:len(clean)/4*4]
		}
		if b, err := base64.StdEncoding.DecodeString(clean); err == nil {
			s = string(b)
		}
	}
	// UTF-8 that is called something else is mostly UTF-8; but ISO-2022-JP is 7-bit, and so always looks like it.
	if m := charsetParam.FindStringSubmatch(declared); m != nil && (!utf8.ValidString(s) || strings.HasPrefix(strings.ToLower(m[1]), "iso-2022-")) {
		if r, err := inUTF8(m[1], strings.NewReader(s)); err == nil {
			if b, err := io.ReadAll(r); err == nil {
				s = string(b)
			}
		}
	}
	return s
}

// charsets are those that are read, by their names (RFC 2978): those of one octet, and the Japanese ones, in which bounces are written that
// have no other text. The tables of the Chinese and Korean ones are 0.6 MB of program.
var charsets = sync.OnceValue(func() map[string]encoding.Encoding {
	all := map[string]encoding.Encoding{"iso-2022-jp": japanese.ISO2022JP, "shift_jis": japanese.ShiftJIS, "x-sjis": japanese.ShiftJIS, "windows-31j": japanese.ShiftJIS, "cp932": japanese.ShiftJIS, "euc-jp": japanese.EUCJP}
	for _, e := range charmap.All {
		if c, ok := e.(*charmap.Charmap); ok {
			all[strings.ToLower(strings.ReplaceAll(c.String(), " ", "-"))] = c
		}
	}
	return all
})

// inUTF8 reads a character set. One that is not known is an error: its octets say more than nothing.
func inUTF8(charset string, r io.Reader) (io.Reader, error) {
	e := charsets()[strings.ToLower(charset)]
	if e == nil {
		return nil, fmt.Errorf("%q is not read", charset)
	}
	return e.NewDecoder().Reader(r), nil
}

// Words is the value of a field with its encoded words (RFC 2047) as text; as it stands where one of them is broken or in a character
// set that nobody reads.
func Words(value string) string {
	if s, err := (&mime.WordDecoder{CharsetReader: inUTF8}).DecodeHeader(value); err == nil {
		return s
	}
	return value
}
