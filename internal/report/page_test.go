package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    string
		width int
		want  []string
	}{
		{"nothing", "  ", 10, nil},
		{"at words", "one two three", 7, []string{"one two", "three"}},
		{"exactly", "one two", 7, []string{"one two"}},
		{"a url after a slash rather than a dot", "https://a.example/list?ip=192.0.2.1", 20, []string{"https://a.example/", "list?ip=192.0.2.1"}},
		{"a name after a dot", "spf.protection.outlook.example", 20, []string{"spf.protection.", "outlook.example"}},
		{"a label after a hyphen", "some-very-long-label-of-a-host", 16, []string{"some-very-long-", "label-of-a-host"}},
		{"anywhere", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"no stub for the sake of an early dot", "a.bcdefghijklmnop", 12, []string{"a.bcdefghijk", "lmnop"}},
		{"a long word between short ones", "x abcdefgh y", 4, []string{"x", "abcd", "efgh", "y"}},
		{"wide runes count twice", "例例例例", 4, []string{"例例", "例例"}},
		{"what is not visible counts as it is shown", "\x1b\x1b", 4, []string{`\x1b`, `\x1b`}},
		{"a line feed is no space", "a\nb", 10, []string{`a\x0ab`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wrap(c.in, c.width)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add(hostile, 20)
	f.Add("https://a.example/list 例え", 3)
	f.Fuzz(func(t *testing.T, s string, w int) {
		w = 2 + abs(w)%200
		lines := wrap(s, w)
		for _, l := range lines {
			if width(l) > w {
				t.Errorf("%q is wider than %d", l, w)
			}
		}
		text := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := text(strings.Join(lines, "")); got != text(Visible(s)) {
			t.Errorf("%q lost something: %q", s, got)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells [][]string
		total int
		want  []int
	}{
		{"enough room", [][]string{{"abc", "de"}}, 20, []int{3, 4}},
		{"the widest gives way", [][]string{{"abcd", strings.Repeat("x", 50)}}, 20, []int{4, 16}},
		{"until both are equal", [][]string{{strings.Repeat("x", 50), strings.Repeat("x", 60)}}, 21, []int{11, 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, fit([]string{"A", "HEAD"}, c.cells, c.total)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestItems(t *testing.T) {
	p := newPage(Options{Width: 40})
	p.items("shop.example", "", "sender (no --daily given)", "2 addresses", strings.Repeat("long ", 9))
	want := "shop.example   sender (no --daily given)\n  2 addresses\n  long long long long long long long\n    long long\n"
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
