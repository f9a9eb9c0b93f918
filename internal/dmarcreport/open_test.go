package dmarcreport

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

func gzipped(t testing.TB, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mailed is a report as it comes by mail (RFC 9990 3.2.1).
func mailed(name, content string) string {
	text := base64.StdEncoding.EncodeToString([]byte(content))
	var lines []string
	for len(text) > 76 {
		lines, text = append(lines, text[:76]), text[76:]
	}
	return "From: dmarc@receiver.example\nTo: reports@shop.example\nSubject: Report Domain: shop.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\n<https://receiver.example/> sends this.\n--b\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n" +
		"Content-Disposition: attachment; filename=\"" + name + "\"\n\n" + strings.Join(append(lines, text), "\n") + "\n--b--\n"
}

func read(t *testing.T, name, text string) *Reader {
	t.Helper()
	r := NewReader()
	r.File(name, strings.NewReader(text))
	return r
}

// TestContainers: one report in everything that it comes in, whatever that is called.
func TestContainers(t *testing.T) {
	xml := file(t, "rfc7489.xml")
	packed := string(gzipped(t, xml))
	archive := string(zipped(t, map[string]string{"a.xml": xml, "__MACOSX/._a.xml": "junk", "sub/": ""}))
	inner := mailed("a.xml.gz", packed)
	for name, text := range map[string]string{
		"gzip twice":              string(gzipped(t, packed)),
		"xml":                     xml,
		"gzip":                    packed,
		"zip":                     archive,
		"message":                 inner,
		"mbox":                    "From a Sun Nov 22 10:00:00 2026\n" + inner,
		"forwarded":               "From: a@shop.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n" + inner + "--x--\n",
		"the body":                "From: a@shop.example\nContent-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(archive)) + "\n",
		"in clear":                "From: a@shop.example\nContent-Type: text/xml\n\n" + xml,
		"a type that is misspelt": strings.Replace(inner, "Content-Type: application/gzip", "ContentType: application/gzip", 1),
		"quoted-printable":        "From: a@shop.example\nContent-Type: text/xml\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.ReplaceAll(xml, "=", "=3D"),
	} {
		r := read(t, "f", text)
		if r.Reports != 1 || len(r.Problems) != 0 || r.None != 0 || r.usage.domains["shop.example"] != 1043 {
			t.Errorf("%s: %d reports, %v, %d", name, r.Reports, r.Problems, r.usage.domains["shop.example"])
		}
	}
}

// TestJoined: reports that stand behind each other in one file count each, and one that is cut into members of a gzip file once.
func TestJoined(t *testing.T) {
	xml := file(t, "rfc7489.xml")
	second := strings.Replace(xml, "9391651994964116463", "2", 1)
	_, bare, _ := strings.Cut(second, "?>")
	half := len(xml) / 2
	for name, c := range map[string]struct {
		text           string
		reports, twice int
	}{
		"two members":               {string(gzipped(t, xml)) + string(gzipped(t, second)), 2, 0},
		"one twice":                 {string(gzipped(t, xml)) + string(gzipped(t, xml)), 1, 1},
		"members by mail":           {mailed("a.xml.gz", string(gzipped(t, xml))+string(gzipped(t, second))), 2, 0},
		"members packed once more":  {string(gzipped(t, string(gzipped(t, xml))+string(gzipped(t, second)))), 2, 0},
		"a report in two members":   {string(gzipped(t, xml[:half])) + string(gzipped(t, xml[half:])), 1, 0},
		"an empty member between":   {string(gzipped(t, xml)) + string(gzipped(t, "")) + string(gzipped(t, second)), 2, 0},
		"rubbish behind a member":   {string(gzipped(t, xml)) + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1, 0},
		"a member of something":     {string(gzipped(t, xml)) + string(gzipped(t, "<html>")), 1, 0},
		"XML":                       {xml + second, 2, 0},
		"with a mark of byte order": {xml + "\r\n\ufeff" + second, 2, 0},
		"without a declaration":     {xml + bare, 2, 0},
		"with a prefix":             {xml + prefixed(strings.TrimSpace(bare)), 2, 0},
		"a comment between":         {xml + "<!-- November --- <feedback> -->\n" + second, 2, 0},
		"instructions between":      {xml + "<?xml-stylesheet href='a.xsl'??>\n<?a?><!---->" + second, 2, 0},
		"a comment and no report":   {xml + "<!-- the end -->\n", 1, 0},
		"a comment and rubbish":     {xml + "<!-- the end --><html>", 1, 0},
		"zip":                       {string(zipped(t, map[string]string{"all.xml": xml + second})), 2, 0},
	} {
		r := read(t, "f", c.text)
		if r.Reports != c.reports || r.Twice != c.twice || len(r.Problems) != 0 || r.usage.domains["shop.example"] != 1043*int64(c.reports) {
			t.Errorf("%s: %d reports, %d twice, %v, %d", name, r.Reports, r.Twice, r.Problems, r.usage.domains["shop.example"])
		}
	}
	r := read(t, "f.gz", string(gzipped(t, xml))+string(gzipped(t, second[:half]))+string(gzipped(t, xml)))
	if r.Reports != 1 || len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].String(), "f.gz, report 2: line ") {
		t.Errorf("%d reports, %v", r.Reports, r.Problems)
	}
	// Behind what cannot be read over nobody looks for a report, and that is told.
	for behind, want := range map[string]string{
		"<!-- ->" + second: `f, report 2: not looked for: what begins there with "<!-- -><?xml version" has no end`,
		"<?a ?" + bare:     "has no end",
		"<!DOCTYPE feedback SYSTEM 'x'>\n" + bare: "a document type, which no report has",
	} {
		r := read(t, "f", xml+behind)
		if r.Reports != 1 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].String(), want) {
			t.Errorf("%.20q: %d reports, %v", behind, r.Reports, r.Problems)
		}
	}
	r = read(t, "f", string(gzipped(t, xml+"<!--"+strings.Repeat(" ", 2*freely))))
	if r.Reports != 1 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].String(), "f, report 2: it unpacks to more than 200 times its size") {
		t.Errorf("%d reports, %v", r.Reports, r.Problems)
	}
}

func TestMbox(t *testing.T) {
	xml := file(t, "rfc7489.xml")
	second := strings.Replace(xml, "9391651994964116463", "2", 1)
	const from = "From a Sun Nov 22 10:00:00 2026\n"
	r := read(t, "reports.mbox", from+mailed("a.xml.gz", string(gzipped(t, xml)))+"\n"+from+mailed("b.xml", second)+"\n"+
		from+mailed("again.xml", xml)+"\n"+from+"From: a@b.example\nSubject: hi\n\nhello\n\n"+from+mailed("bad.xml", "<feedback>")+"\n"+from+"\nno header\n")
	if r.Reports != 2 || r.Twice != 1 || r.None != 1 {
		t.Errorf("%+v", r)
	}
	if got := fmt.Sprint(r.Problems); got != "[reports.mbox, message 5, bad.xml: line 1: no XML: unexpected EOF reports.mbox, message 6: no message: nothing in it is a header field]" {
		t.Error(got)
	}
}

// TestFaulty: what cannot be read is told, with its place.
func TestFaulty(t *testing.T) {
	xml := file(t, "rfc7489.xml")
	packed := string(gzipped(t, xml))
	archive := string(zipped(t, map[string]string{"a.xml": xml}))
	bomb := string(zipped(t, map[string]string{"a.xml": "<feedback>" + strings.Repeat(" ", 8<<20)}))
	at := strings.Index(bomb, "PK\x01\x02") // compressed size: 20 octets behind
	many := map[string]string{}
	for i := range maxZip + 1 {
		many[fmt.Sprint(i)] = xml
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":                       {"", "f: nothing is in it"},
		"text":                        {"hello\n", "f: neither an aggregate report nor gzip, zip, or a message with one"},
		"gzip, cut off":               {packed[:len(packed)/2], "unexpected EOF"},
		"gzip, spoilt":                {packed[:5], "f: unexpected EOF"},
		"gzip of something":           {string(gzipped(t, "unused")), `f: no aggregate report: it begins with "unused"`},
		"gzip of nothing":             {string(gzipped(t, "")), "no aggregate report"},
		"gzip thrice":                 {string(gzipped(t, string(gzipped(t, packed)))), "f: an archive within an archive"},
		"zip, cut off":                {string(zipped(t, map[string]string{"a.xml": xml}))[:200], "f: zip: not a valid zip file"},
		"zip of zip":                  {string(zipped(t, map[string]string{"a.zip": archive})), "f!a.zip: an archive within an archive"},
		"zip of nothing":              {string(zipped(t, nil)), "f: an archive without a file"},
		"zip of many":                 {string(zipped(t, many)), "f: an archive of more than 100 files"},
		"large":                       {"<feedback>" + strings.Repeat(" ", maxFile), "f: larger than 32 MiB"},
		"a bomb in a bomb":            {string(gzipped(t, string(gzipped(t, "<feedback>"+strings.Repeat(" ", 64<<20))))), "a bomb"},
		"a bomb":                      {string(gzipped(t, "<feedback>"+strings.Repeat(" ", 8<<20))), "it unpacks to more than 200 times its size: a bomb"},
		"a bomb whose directory lies": {strings.Replace(bomb, bomb[at+20:at+24], "\xff\xff\xff\x7f", 2), "a bomb"},
		"a bomb in an archive":        {string(zipped(t, map[string]string{"a.xml": "<feedback>" + strings.Repeat("<x/>", 2<<20)})), "f!a.xml: line 1: it unpacks to more than 200 times"},
	} {
		r := read(t, "f", c.text)
		if r.Reports != 0 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].String(), c.says) {
			t.Errorf("%s: %d reports, %v; want %q", name, r.Reports, r.Problems, c.says)
		}
	}
}

// nested is a message within messages without an end.
func nested(n int) string {
	return strings.Repeat("Content-Type: message/rfc822\n\n", n)
}

// TestBounds: what has no end is not followed to it.
func TestBounds(t *testing.T) {
	xml := file(t, "rfc7489.xml")
	if r := read(t, "f", nested(maxNest+2)+"Content-Type: text/xml\n\n"+xml); r.Reports != 0 || r.None != 1 {
		t.Errorf("nested: %+v", r)
	}
	if r := read(t, "f", nested(maxNest-1)+"Content-Type: text/xml\n\n"+xml); r.Reports != 1 {
		t.Errorf("forwarded: %+v", r)
	}
	if r := read(t, "f", "Content-Type: multipart/mixed; boundary=b\n\n"+strings.Repeat("--b\n\nx\n", 100000)+"--b\nContent-Type: text/xml\n\n"+xml+"--b--\n"); r.Reports != 0 || r.None != 1 {
		t.Errorf("parts: %+v", r)
	}
	r := NewReader()
	r.total = MaxTotal
	r.File("f", strings.NewReader(xml))
	if r.Reports != 0 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Why, "not read: 1024 MiB of XML were read before") {
		t.Errorf("total: %+v", r.Problems)
	}
	r = NewReader()
	r.Reports = maxTold
	for i := range maxNamed {
		r.Reporters[fmt.Sprint(i)] = 1
	}
	r.File("f", strings.NewReader(xml))
	if len(r.Problems) != 1 || r.Problems[0].Why != "not counted: 100000 reports were read before" {
		t.Errorf("reports: %+v", r.Problems)
	}
	r.Reports = 0
	if r.File("f", strings.NewReader(xml)); r.Reports != 1 || len(r.Reporters) != maxNamed {
		t.Errorf("%d reports by %d", r.Reports, len(r.Reporters))
	}
	r = NewReader()
	for range 2 * maxKept {
		r.File("f", strings.NewReader("x"))
	}
	if len(r.Problems) != maxKept || r.More != maxKept {
		t.Errorf("%d problems, %d more", len(r.Problems), r.More)
	}
}

// TestMeasured: what a small report unpacks to may be many times its size, what a large one does may not, and no report is endless.
func TestMeasured(t *testing.T) {
	xml := file(t, "rfc7489.xml")
	if r := read(t, "f", string(gzipped(t, strings.Replace(xml, "<feedback>", "<feedback>"+strings.Repeat(" ", freely-len(xml)-1), 1)))); r.Reports != 1 {
		t.Errorf("%v", r.Problems)
	}
	m := &measured{in: strings.NewReader("x"), packed: maxXML, n: maxXML, left: new(int64)}
	if _, err := m.Read(make([]byte, 1)); err == nil || err.Error() != "more than 64 MiB of XML" {
		t.Error(err)
	}
}

func TestDir(t *testing.T) {
	xml := []byte(file(t, "rfc7489.xml"))
	fsys := fstest.MapFS{"b/report.xml": {Data: xml}, "a.xml": {Data: []byte("<feedback>\n<x>")}, ".hidden": {Data: []byte("x")}, "copy.xml": {Data: xml}}
	r := NewReader()
	r.Dir(fsys, "reports")
	if r.Reports != 1 || r.Twice != 1 || r.Files != 3 || len(r.Problems) != 1 || r.Problems[0].String() != "reports/a.xml: line 2: no XML: unexpected EOF" {
		t.Errorf("%+v", r)
	}
	r = NewReader()
	r.Files = MaxFiles
	r.Dir(fsys, "reports")
	if r.Reports != 0 || r.Unread != 3 {
		t.Errorf("%+v", r)
	}
}
