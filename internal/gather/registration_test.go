package gather

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/facts"
	"mailaudit/internal/rdapx"
	"mailaudit/internal/testnet"
)

// registry is a run over the zone in which the RDAP server stands at every address on port 443.
func registry(t *testing.T, zone string, target Target, replies map[string]testnet.RDAPReply) (*gatherer, *testnet.RDAP, *switchboard) {
	t.Helper()
	ca := authority(t)
	s, err := testnet.ServeRDAP(ca, replies)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	lines := &switchboard{lines: map[string]netip.AddrPort{s.Addr().String(): s.Addr()}}
	for _, a := range []string{"11.0.0.1:443", "11.0.0.2:443", "[2a0f::2]:443", "10.0.0.1:443"} {
		lines.lines[a] = s.Addr()
	}
	g := over(t.Context(), serve(t, zone, nil), target)
	g.env.Fetch, g.env.RDAP, g.env.Roots = Fetched(lines.dial), rdapx.NewClient(), ca.Pool()
	return g, s, lines
}

const registryZone = "data.iana.org. A 11.0.0.1\nrdap.nic.example. A 11.0.0.2\nrdap.nic.example. AAAA 2a0f::2\n"

func nic(r testnet.RDAPReply) map[string]testnet.RDAPReply {
	return map[string]testnet.RDAPReply{
		"data.iana.org/rdap/dns.json":       {Body: `{"services": [[["example", "io", "uk"], ["https://rdap.nic.example/"]]]}`},
		"rdap.nic.example/domain/d.example": r,
	}
}

func TestRegistration(t *testing.T) {
	registered := time.Date(2019, 3, 31, 10, 0, 0, 0, time.UTC)
	found := testnet.RDAPReply{Body: testnet.RDAPDomain("d.example", "Registrar Inc.", registered, time.Time{}, "client hold")}
	g, _, lines := registry(t, registryZone, Target{Domain: "www.d.example"}, nic(found))
	r := g.registration()
	v := r.Value
	if !r.Known() || v.Domain != "d.example" || v.Server != "rdap.nic.example" || v.Missing || !slices.Equal(v.Statuses, []string{"client hold"}) ||
		v.Registrar != "Registrar Inc." || v.Registered != facts.Know(registered) || v.Expires.State != facts.Unasked {
		t.Errorf("%+v", r)
	}
	if l := lines.called(); len(l) != 2 || !slices.Contains(l, "11.0.0.1:443") {
		t.Errorf("dialled %q", l)
	}

	garbage := testnet.RDAPReply{Body: `{"objectClassName": "domain", "events": [{"eventAction": "registration", "eventDate": "once"}]}`}
	g, _, _ = registry(t, registryZone, Target{Domain: "d.example"}, nic(garbage))
	if r := g.registration(); !r.Known() || r.Value.Registered.State != facts.Unknown || r.Value.Registered.Why == "" {
		t.Errorf("a date that is none: %+v", r)
	}
	g, _, _ = registry(t, registryZone, Target{Domain: "free.example"}, nic(found))
	if r := g.registration(); !r.Known() || !r.Value.Missing || r.Value.Domain != "free.example" {
		t.Errorf("not registered: %+v", r)
	}
}

// TestRegistrationUnknown: whoever kept the registry from being asked, or from answering, is named with what was to be asked.
func TestRegistrationUnknown(t *testing.T) {
	found := nic(testnet.RDAPReply{Body: testnet.RDAPDomain("d.example", "R", time.Now(), time.Now())})
	inside := "data.iana.org. A 11.0.0.1\nrdap.nic.example. A 10.0.0.1\n"
	for _, c := range []struct {
		name, zone string
		target     Target
		replies    map[string]testnet.RDAPReply
		says       string // "": known
	}{
		{"too many questions", registryZone, Target{}, nic(testnet.RDAPReply{Status: 429}), "answers 429"},
		{"an address inside", inside, Target{}, found, "10.0.0.1, which is no public address"},
		{"--allow-private", inside, Target{AllowPrivate: true}, found, ""},
		{"--assume-public", inside, Target{AssumePublic: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, found, ""},
		{"no address", "data.iana.org. A 11.0.0.1\nrdap.nic.example. MX 10 x.example.\n", Target{}, found, "rdap.nic.example has no address"},
		{"no address of the family", "data.iana.org. A 11.0.0.1\nrdap.nic.example. AAAA 2a0f::2\n", Target{Family: 4}, found, "no IPv4 address"},
		{"led to an address inside", registryZone, Target{}, nic(testnet.RDAPReply{Status: 301, Location: "https://10.0.0.1/"}), "no public address"},
		{"led to no host", registryZone, Target{}, nic(testnet.RDAPReply{Status: 301, Location: "https://a..b/"}), "is no host name"},
	} {
		c.target.Domain = "d.example"
		g, _, lines := registry(t, c.zone, c.target, c.replies)
		r := g.registration()
		if r.Known() != (c.says == "") || !strings.Contains(r.Why, c.says) || r.Value.Domain != "d.example" {
			t.Errorf("%s: %+v", c.name, r)
		}
		if c.says != "" && slices.Contains(lines.called(), "10.0.0.1:443") {
			t.Errorf("%s: dialled %q", c.name, lines.called())
		}
	}
	g, _, _ := registry(t, registryZone, Target{Domain: "d.example"}, found)
	g.env.Fetch = nil
	if r := g.registration(); r.State != facts.Unknown || r.Why != "offline: nothing is dialled" {
		t.Errorf("offline: %+v", r)
	}
	g = asker(t, registryZone, lost("data.iana.org"))
	g.env.Fetch, g.env.RDAP = Fetched((&switchboard{}).dial), rdapx.NewClient()
	if r := g.registration(); r.State != facts.Unknown || !strings.Contains(r.Why, "SERVFAIL") {
		t.Errorf("without DNS: %+v", r)
	}
}

// TestRegistrationTyped: the server that the user typed is asked at whatever address it has, and IANA is not.
func TestRegistrationTyped(t *testing.T) {
	g, s, _ := registry(t, "", Target{Domain: "d.example"}, map[string]testnet.RDAPReply{
		"127.0.0.1/domain/d.example": {Body: testnet.RDAPDomain("d.example", "R", time.Now(), time.Now())}})
	g.t.RDAPServer = &url.URL{Scheme: "https", Host: s.Addr().String()}
	if r := g.registration(); !r.Known() || r.Value.Server != "127.0.0.1" {
		t.Errorf("%+v", r)
	}
	if l := s.Asked(); !slices.Equal(l, []string{"127.0.0.1/domain/d.example"}) {
		t.Errorf("asked %q", l)
	}
}

// TestRegistrationWanted: nobody asks a registry without --rdap.
func TestRegistrationWanted(t *testing.T) {
	for _, asked := range []bool{false, true} {
		target := Target{Domain: "d.example", Streams: []facts.Stream{stream()}, RDAP: asked}
		g, s, _ := registry(t, registryZone, target, nic(testnet.RDAPReply{Status: 404}))
		f := Gather(t.Context(), g.env, target, facts.Registry)
		if f.Registration.Known() != asked || (len(s.Asked()) > 0) != asked {
			t.Errorf("asked %v: %+v, requests %q", asked, f.Registration, s.Asked())
		}
	}
}

func TestRegisteredName(t *testing.T) {
	for domain, want := range map[string]string{
		"d.example": "d.example", "a.b.d.example": "d.example", "shop.co.uk": "shop.co.uk", "www.shop.co.uk": "shop.co.uk",
		"user.github.io": "github.io", "github.io": "github.io", "bucket.s3.amazonaws.com": "amazonaws.com",
		"co.uk": "", "com": "", "example": "",
	} {
		if got := registeredName(domain); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
	g := asker(t, "", nil)
	g.t.Domain = "co.uk"
	if r := g.registration(); r.State != facts.Unasked {
		t.Errorf("a registry's own name: %+v", r)
	}
}
