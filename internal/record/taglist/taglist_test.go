package taglist

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTags(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Tag
	}{
		{"one tag", "v=DKIM1", []Tag{{"v", "DKIM1", 0}}},
		{"two tags and the last semicolon", "v=DKIM1; p=abc;", []Tag{{"v", "DKIM1", 0}, {"p", "abc", 9}}},
		{"white space after the last semicolon", "v=1; ", []Tag{{"v", "1", 0}}},
		{"white space around everything", " v \t= \tx ;\tp= y", []Tag{{"v", "x", 1}, {"p", "y", 11}}},
		{"white space inside a value is kept", "p=ab  cd\tef", []Tag{{"p", "ab  cd\tef", 0}}},
		{"folding white space", "v=1;\r\n p=a\r\n\tb", []Tag{{"v", "1", 0}, {"p", "a\r\n\tb", 7}}},
		{"empty value", "p=", []Tag{{"p", "", 0}}},
		{"equals signs in a value", "p=ab==; k=rsa", []Tag{{"p", "ab==", 0}, {"k", "rsa", 8}}},
		{"names keep their case", "P=1; p=2", []Tag{{"P", "1", 0}, {"p", "2", 5}}},
		{"digits and underscores in a name", "a_1=x", []Tag{{"a_1", "x", 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := Parse(tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if len(problems) > 0 {
				t.Errorf("problems: %+v", problems)
			}
		})
	}
}

func TestParseProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Problem
		tags       int // how many are left
	}{
		{"empty text", "", []Problem{{"", 0, "nothing stands where a tag belongs", false}}, 0},
		{"semicolon alone", ";", []Problem{{"", 0, "nothing stands where a tag belongs", false}}, 0},
		{"empty piece", "a=1;;b=2", []Problem{{"", 4, "nothing stands where a tag belongs", false}}, 2},
		{"blank piece before the end", "a=1; ;", []Problem{{"", 5, "nothing stands where a tag belongs", false}}, 1},
		{"no equals sign", "a=1; mailto:x ", []Problem{{"mailto:x", 5, `"mailto:x" is no tag: it has no "="`, false}}, 1},
		{"name with a space", "a b=1", []Problem{{"a b=1", 0, `"a b" is no tag name`, false}}, 0},
		{"name with a quote", `"v=DKIM1`, []Problem{{`"v=DKIM1`, 0, `"\"v" is no tag name`, false}}, 0},
		{"name that begins with a digit", "1a=1", []Problem{{"1a=1", 0, `"1a" is no tag name`, false}}, 0},
		{"name that is empty", "=1", []Problem{{"=1", 0, `"" is no tag name`, false}}, 0},
		{"octet of UTF-8 in a value", "a=1; n=caf\u00e9", []Problem{{"n", 5, "n= holds the octet 0xc3", false}}, 2},
		{"line break that does not fold", "a=1\n", []Problem{{"a", 0, "a= holds the octet 0x0a", false}}, 1},
		{"CRLF that does not fold", "a=1\r\n", []Problem{{"a", 0, "a= holds the octet 0x0d", false}}, 1},
		{"tag twice", "a=1; b=2; a=3", []Problem{{"a", 10, "a= stands more than once, which makes the whole list invalid", true}}, 3},
		{"quoted text is clipped", strings.Repeat("x", 100), []Problem{{strings.Repeat("x", 100), 0, `"` + strings.Repeat("x", 40) + `" is no tag: it has no "="`, false}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tags, got := Parse(tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if len(tags) != tt.tags {
				t.Errorf("tags: %+v, want %d", tags, tt.tags)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	tags, _ := Parse(" v =DKIM1;k= rsa ;p=a b;")
	if got, want := Format(tags), "v=DKIM1; k=rsa; p=a b"; got != want {
		t.Errorf("Format = %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=DKIM1; p=abc;", " v \t=x\r\n y;;a=1;a=2", "=;x;\xff=1", ";"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags, problems := Parse(text)
		for _, tag := range tags {
			if !strings.HasPrefix(text[tag.Offset:], tag.Name) {
				t.Errorf("%q does not stand at %d", tag.Name, tag.Offset)
			}
			if !strings.Contains(text[tag.Offset:], tag.Value) {
				t.Errorf("%q does not follow %d", tag.Value, tag.Offset)
			}
		}
		for _, p := range problems {
			if p.Message == "" || !strings.HasPrefix(text[p.Offset:], p.Tag) {
				t.Errorf("%+v: the tag does not stand there", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		again, problems := Parse(Format(tags))
		for i := range again {
			again[i].Offset = tags[i].Offset
		}
		if diff := cmp.Diff(tags, again); diff != "" || len(problems) > 0 {
			t.Errorf("Format does not parse to the same tags: %v\n%s", problems, diff)
		}
	})
}
