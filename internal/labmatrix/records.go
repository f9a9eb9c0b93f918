//go:build lab

package labmatrix

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"mailaudit/internal/netlab"
)

// The addresses of the world beside those of the senders.
const (
	nsd = "198.51.100.2" // ns.nic.example: every zone
	rbl = "198.51.100.3" // ns.rbl.example: the blocklists; refuses everything else

	listsNS = "ns.rbl.example"
	allNS   = "ns.nic.example"
	quietNS = "ns.silent.example"
)

// record is one of a zone file, by a name with a dot at its end.
type record struct{ Name, Type, Data string }

func (r record) String() string { return r.Name + " " + r.Type + " " + split(r.Data) }

// parse reads records, one a line: NAME TYPE DATA, with or without TTL and class.
func parse(text string) []record {
	var l []record
	for _, line := range strings.Split(text, "\n") {
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(f) < 3 || strings.HasPrefix(line, ";") {
			continue
		}
		name, rest := strings.ToLower(f[0]), f[1:]
		if strings.Trim(rest[0], "0123456789") == "" {
			rest = strings.SplitN(rest[1], " ", 2)
		}
		if rest[0] == "IN" {
			rest = strings.SplitN(rest[1], " ", 2)
		}
		l = append(l, record{name, rest[0], rest[1]})
	}
	return l
}

// split cuts a single character-string that is longer than one may be (RFC 1035 3.3).
func split(data string) string {
	const most = 200
	text, ok := strings.CutPrefix(data, `"`)
	if !ok || len(data) < most || strings.Contains(data, `" "`) {
		return data
	}
	text = strings.TrimSuffix(text, `"`)
	var b strings.Builder
	for len(text) > most {
		fmt.Fprintf(&b, "%q ", text[:most])
		text = text[most:]
	}
	fmt.Fprintf(&b, "%q", text)
	return b.String()
}

// without are the records of no name and type that others have.
func without(l, others []record) []record {
	return slices.DeleteFunc(slices.Clone(l), func(r record) bool {
		return slices.ContainsFunc(others, func(o record) bool { return o.Name == r.Name && o.Type == r.Type })
	})
}

// within says whether a name is a zone's.
func within(name, zone string) bool {
	return name == zone+"." || strings.HasSuffix(name, "."+zone+".")
}

// publish writes every zone: one for each sender that has one, one for all reverse names, example, com, and the root. fixed are
// records that take the place of those of their name and type.
func (m *Matrix) publish(serial int, fixed []record) error {
	gone, fixed := removals(fixed)
	var all []record
	for _, s := range senders {
		all = append(all, s.records()...)
	}
	all = append(without(all, slices.Concat(fixed, gone)), fixed...)
	for i := range all {
		all[i].Data = m.withKeys(all[i].Data)
	}
	take := func(zone string) string {
		var b strings.Builder
		all = slices.DeleteFunc(all, func(r record) bool {
			if within(r.Name, zone) {
				fmt.Fprintln(&b, r)
				return true
			}
			return false
		})
		return b.String()
	}
	example := fmt.Sprintf("%s. A %s\n%s. A %s\n%s. A %s\n", allNS, nsd, listsNS, rbl, marker(serial), nsd)
	for _, r := range parse(strings.Join(neighbours, "\n")) {
		r.Data = m.withKeys(r.Data)
		example += r.String() + "\n"
	}
	com := ""
	for _, s := range senders {
		parent := &example
		if s.Under == "com" {
			parent = &com
		}
		switch s.At {
		case served:
			if err := m.zone(s.domain(), serial, take(s.domain())); err != nil {
				return err
			}
			*parent += fmt.Sprintf("%s. NS %s.\n", s.domain(), allNS)
		case refusing:
			*parent += fmt.Sprintf("%s. NS %s.\n", s.domain(), listsNS)
		case quiet:
			*parent += fmt.Sprintf("%s. NS %s.\n", s.domain(), quietNS)
		}
	}
	if err := m.zone("com", serial, com); err != nil {
		return err
	}
	reverse := ""
	for _, n := range networks {
		if err := m.zone(n.reverse, serial, take(n.reverse)); err != nil {
			return err
		}
		reverse += fmt.Sprintf("%s. NS %s.\n", n.reverse, allNS)
	}
	example += "rx.example. MX 10 mx.rx.example.\nmx.rx.example. A " + receiverTable[0].Addr + "\n"
	if err := m.zone("example", serial, example+take("example")); err != nil {
		return err
	}
	if len(all) > 0 {
		return fmt.Errorf("nobody has the zone of %v", all)
	}
	root := fmt.Sprintf("%[1]s. A %[2]s\n%[3]s. A %[4]s\nexample. NS %[1]s.\ncom. NS %[1]s.\n", allNS, nsd, listsNS, rbl) + reverse
	for _, l := range blocklists {
		root += fmt.Sprintf("%s. NS %s.\n", l.zone, listsNS)
	}
	return m.zone("", serial, root)
}

// marker is a name that shows which serial a name server has.
func marker(serial int) string { return fmt.Sprintf("serial%d.example", serial) }

// removals tells records that are to be removed, which have no data, from the others.
func removals(l []record) (gone, stay []record) {
	for _, r := range l {
		if r.Data == "" {
			gone = append(gone, r)
		} else {
			stay = append(stay, r)
		}
	}
	return gone, stay
}

func (m *Matrix) zone(name string, serial int, records string) error {
	m.zones[name] = true
	return m.Configure(zoneFile(name), "zone.tmpl", map[string]any{"Name": name, "Serial": serial, "NS": []string{allNS}, "Records": records})
}

func zoneFile(name string) string { return "zones/" + name + ".zone" }

// nameServers starts the name server and the blocklists.
func (m *Matrix) nameServers() error {
	type served struct{ Name, File string }
	data := struct {
		Dir       string
		Addresses []string
		Zones     []served
	}{Dir: m.Path("nsd"), Addresses: []string{nsd}}
	for name := range m.zones {
		data.Zones = append(data.Zones, served{name + ".", m.Path(zoneFile(name))})
	}
	if err := os.Mkdir(data.Dir, 0o755); err != nil {
		return err
	}
	if err := m.Configure("nsd.conf", "nsd.conf.tmpl", data); err != nil {
		return err
	}
	if err := m.Start(m.World, "nsd", nil, "nsd", "-d", "-c", m.Path("nsd.conf")); err != nil {
		return err
	}
	args := []string{"rbldnsd", "-n", "-u", "rbldns", "-c", "0", "-w", m.Path("rbl"), "-b", rbl + "/53"}
	for _, l := range blocklists {
		text := l.test + "\n"
		for _, s := range senders {
			for _, entry := range s.Lists {
				if f := strings.Fields(s.fill(entry)); f[0] == l.zone {
					text += fmt.Sprintf("%s :%s:https://www.spamhaus.org/query/$\n", append(f, s.addr())[2], f[1])
				}
			}
		}
		if err := m.Write("rbl/"+l.zone, []byte(text)); err != nil {
			return err
		}
		args = append(args, l.zone+":"+l.set+":"+l.zone)
	}
	return m.Start(m.World, "rbldnsd", nil, args...)
}

// blocklists are the lists that receivers here ask, with the point that each has for tests of itself.
var blocklists = []struct{ zone, set, test string }{
	{"zen.spamhaus.org", "ip4set", "127.0.0.2 :127.0.0.2:test"},
	{"dbl.spamhaus.org", "dnset", "dbltest.com :127.0.1.2:test"},
	{"bl.spamcop.net", "ip4set", "127.0.0.2 :127.0.0.2:test"},
	{"b.barracudacentral.org", "ip4set", "127.0.0.2 :127.0.0.2:test"},
}

// resolver starts the resolver of the receivers and of mailaudit.
func (m *Matrix) resolver() error {
	return m.Start(m.Auditor, "unbound", nil, "unbound", "-d", "-c", m.Path("unbound.conf"))
}

func (m *Matrix) configureResolver() error {
	hints := fmt.Sprintf(". 3600 NS %[1]s.\n%[1]s. 3600 A %[2]s\n", allNS, nsd)
	if err := m.Write("hints", []byte(hints)); err != nil {
		return err
	}
	var reverse []string
	for _, n := range networks {
		reverse = append(reverse, n.reverse)
	}
	return m.Configure("unbound.conf", "unbound.conf.tmpl", map[string]any{"Name": "unbound", "Address": netlab.AuditorEnd, "Dir": m.Dir,
		"Validate": false, "Anchor": "", "Hints": m.Path("hints"), "Reverse": reverse, "Rewrite": []string{}, "MadeUp": ""})
}

// parseFix reads what `mailaudit fix --format zone` prints: whole record sets, and in comments those of which nothing stays.
func parseFix(text string) []record {
	l := parse(text)
	for _, line := range strings.Split(text, "\n") {
		if typ, ok := strings.CutPrefix(line, "; no record of type "); ok {
			typ, name, _ := strings.Cut(typ, " stays at ")
			l = append(l, record{Name: name, Type: typ})
		}
	}
	return l
}
