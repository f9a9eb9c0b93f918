package blocklist_test

import (
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/blocklist"
)

func TestCheckKey(t *testing.T) {
	for _, good := range []string{"k", "canary0123", "CanaRy_0-9", strings.Repeat("k", 63)} {
		if err := blocklist.CheckKey(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"canary.canary", "canary canary", "canary\n", "-canary", "canary-", strings.Repeat("canary", 11), "canary\u00e9", "<canary>", "canary\x00", "canary\\"} {
		if err := blocklist.CheckKey(bad); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if blocklist.CheckKey("") == nil {
		t.Error("nothing is no key")
	}
}

// TestOff holds which lists are asked with which keys, and why the others are not.
func TestOff(t *testing.T) {
	f := shipped(t)
	with := func(names ...string) func(string) bool {
		return func(v string) bool { return slices.Contains(names, v) }
	}
	const dqs, abusix = "MAILAUDIT_DQS_KEY", "MAILAUDIT_ABUSIX_KEY"
	for _, c := range []struct {
		has  func(string) bool
		zone string
		want string
	}{
		{nil, "zen.spamhaus.org", ""},
		{nil, "<key>.zen.dq.spamhaus.net", "needs a key: set MAILAUDIT_DQS_KEY"},
		{nil, "<key>.combined.mail.abusix.zone", "needs a key: set MAILAUDIT_ABUSIX_KEY"},
		{nil, "<key>.zrd.dq.spamhaus.net", "off by default"},
		{nil, "dnsbl-2.uceprotect.net", "off by default"},
		{with(dqs), "zen.spamhaus.org", "<key>.zen.dq.spamhaus.net takes its place"},
		{with(dqs), "dbl.spamhaus.org", "<key>.dbl.dq.spamhaus.net takes its place"},
		{with(dqs), "<key>.zen.dq.spamhaus.net", ""},
		{with(dqs), "<key>.dbl.dq.spamhaus.net", ""},
		{with(dqs), "<key>.authbl.dq.spamhaus.net", ""},
		{with(dqs), "<key>.zrd.dq.spamhaus.net", "off by default"}, // it has no test points
		{with(dqs), "<key>.combined.mail.abusix.zone", "needs a key: set MAILAUDIT_ABUSIX_KEY"},
		{with(abusix), "<key>.combined.mail.abusix.zone", ""},
		{with(abusix), "zen.spamhaus.org", ""},
		{with(dqs, abusix), "bl.spamcop.net", ""},
	} {
		if got := f.Off(list(t, f, c.zone), c.has); got != c.want {
			t.Errorf("%s: %q, want %q", c.zone, got, c.want)
		}
		on := slices.ContainsFunc(f.On(c.has), func(l blocklist.List) bool { return l.Zone == c.zone })
		if on != (c.want == "") {
			t.Errorf("%s is among those that are on: %v", c.zone, on)
		}
	}
}

// TestOffDead: a dead list is never asked, takes nobody's place, and stays among those that are on, to be told.
func TestOffDead(t *testing.T) {
	f := shipped(t)
	for i, l := range f.Lists {
		if l.Zone == "<key>.zen.dq.spamhaus.net" || l.Zone == "psbl.surriel.com" {
			f.Lists[i].Dead = "closed"
		}
	}
	all := func(string) bool { return true }
	if got := f.Off(list(t, f, "psbl.surriel.com"), all); got != "not to be asked: closed" {
		t.Errorf("%q", got)
	}
	if got := f.Off(list(t, f, "zen.spamhaus.org"), all); got != "" {
		t.Errorf("zen.spamhaus.org: %q", got)
	}
	if !slices.ContainsFunc(f.On(nil), func(l blocklist.List) bool { return l.Zone == "psbl.surriel.com" && l.Dead != "" }) {
		t.Error("nobody would hear that psbl.surriel.com is dead")
	}
}

// TestNameWithKey: there is room for the longest key.
func TestNameWithKey(t *testing.T) {
	l := list(t, shipped(t), "<key>.dbl.dq.spamhaus.net")
	if got, err := l.Name("d.example"); got != "d.example.<key>.dbl.dq.spamhaus.net" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	const suffix = 1 + 63 + len(".dbl.dq.spamhaus.net")
	long := strings.Repeat("abcdefg.", 20) + "example"
	long = strings.Repeat("a", 253-suffix-len(long)-1) + "." + long
	if _, err := l.Name(long); err != nil {
		t.Errorf("a name with just enough room for the key: %v", err)
	}
	if _, err := l.Name("a" + long); err == nil {
		t.Error("a name that leaves no room for the key")
	}
}
