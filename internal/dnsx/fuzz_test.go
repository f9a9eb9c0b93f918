package dnsx

import (
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// FuzzMessage reads any octets as the answer to a question: nothing panics, what is taken for an answer is one, and it is bounded.
func FuzzMessage(f *testing.F) {
	q := Q("a.example", TXT)
	query, err := newQuery(q, false)
	if err != nil {
		f.Fatal(err)
	}
	asked := new(dns.Msg)
	if err := asked.Unpack(query); err != nil {
		f.Fatal(err)
	}
	for _, records := range [][]string{nil, {`a.example. 300 IN TXT "v=spf1 -all" "x\000\255"`}, {"a.example. 300 IN CNAME b.example.", "b.example. 300 IN CNAME a.example."},
		{"a.example. 300 IN MX 10 .", "a.example. 300 IN TLSA 3 1 1 00", "a.example. 300 IN CAA 0 issue x", "a.example. 300 IN SRV 0 0 0 ."}} {
		m := new(dns.Msg).SetReply(asked)
		for _, r := range records {
			rr, err := dns.NewRR(r)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer, m.Ns = append(m.Answer, rr), append(m.Ns, rr)
		}
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[2:])
	}
	f.Fuzz(func(t *testing.T, rest []byte) {
		message := slices.Concat(query[:2], rest) // from a forger who has the ID
		x := &exchange{q: q}
		m, k := x.parse(message, query)
		if (m != nil) != (k == fitting) {
			t.Fatalf("%v of kind %d", m, k)
		}
		if m == nil {
			return
		}
		x.refusal(m)
		lifetime(m, q.Type)
		cnames, owned := sections(m, q.Type)
		for name := range cnames {
			(&Answer{Question: q}).step(name)
		}
		for _, rrs := range owned {
			a := Answer{Question: q}
			if a.found(rrs); len(a.Records) > maxRecords || a.Status == Found && len(a.Records) != len(rrs) {
				t.Errorf("%d records of %d", len(a.Records), len(rrs))
			}
			for _, r := range a.Records {
				if len(r.Text) > len(message) {
					t.Errorf("%d octets of text in a message of %d", len(r.Text), len(message))
				}
			}
			weigh(a)
		}
	})
}
