package clip

import "testing"

func TestText(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc..."},
		{"aé", 3, "aé"},
		{"abé", 3, "ab..."},
		{"a€x", 3, "a..."},
		{"€x", 3, "€..."},
		{"\U0001F4E7x", 3, "..."},
		{"\U0001F4E7xy", 5, "\U0001F4E7x..."},
		{"a\x80\x80\x80\x80\x80\x80", 5, "a\x80\x80\x80\x80..."}, // no character begins near the end
		{"é", 0, "..."},
	} {
		if got := Text(c.in, c.most); got != c.want {
			t.Errorf("%q, %d: %q, want %q", c.in, c.most, got, c.want)
		}
	}
}
