package recipients

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"mailaudit/internal/dnsx"
)

// State is what is known of a domain as a place for mail (RFC 5321 5.1).
type State string

// The states of a domain. Unknown is none of them: DNS did not say.
const (
	Takes   State = "takes"    // a host takes its mail, as far as DNS says
	Gone    State = "nxdomain" // it does not exist
	NullMX  State = "null-mx"  // it says that it takes none (RFC 7505)
	NoHost  State = "no-host"  // it has neither MX nor address, or no MX host has an address
	Unknown State = "unknown"  // a lookup failed
)

// place is a domain's state, and its cause in words.
type place struct {
	state State
	why   string

	disposable, free bool
	meant            string // the provider, or the domain, that was probably meant
	slips            int    // how far it is from that
}

// Bounds on what is asked.
const (
	maxHosts  = 10     // MX hosts of one domain; with more it is taken to have one that works
	maxAtOnce = 256    // domains that are looked up at once
	maxPlaces = 200000 // domains, and hosts, whose verdict is remembered; of more, some are looked up again
	// hopeless is after how many failed lookups nothing more is asked, if none succeeded: each takes seconds.
	hopeless = 500
)

// domains looks up each domain once, and each MX host.
type domains struct {
	ctx context.Context
	dns dnsx.Resolver

	mu     sync.Mutex
	places map[string]func() place
	hosts  map[string]func() place
	slots  chan struct{}

	answered atomic.Bool
	failures atomic.Int64
}

func newDomains(ctx context.Context, dns dnsx.Resolver) *domains {
	return &domains{ctx: ctx, dns: dns, places: map[string]func() place{}, hosts: map[string]func() place{}, slots: make(chan struct{}, maxAtOnce)}
}

// place starts looking a domain up, if nobody did, and gives what waits for it.
func (d *domains) place(name string) func() place {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.places[name]; ok {
		return f
	}
	f := sync.OnceValue(func() place {
		meant, slips := provider(name)
		if isDisposable(name) { // nobody need be asked
			return place{disposable: true, meant: meant, slips: slips}
		}
		d.slots <- struct{}{}
		defer func() { <-d.slots }()
		p := d.look(name)
		p.free = isFree(name)
		if p.meant, p.slips = meant, slips; meant == "" && p.state == Gone {
			p.meant, p.slips = d.other(name), 1
		}
		return p
	})
	forget(d.places)
	d.places[name] = f
	go func() {
		defer func() { _ = recover() }() // whoever waits for it panics with the same
		f()
	}()
	return f
}

// forget makes room for one more. Whoever waits for what is forgotten has it in hand.
func forget(m map[string]func() place) {
	if len(m) < maxPlaces {
		return
	}
	for name := range m {
		delete(m, name)
		return
	}
}

func (d *domains) ask(name string, t dnsx.Type) dnsx.Answer {
	if !d.answered.Load() && d.failures.Load() >= hopeless {
		return dnsx.Answer{Status: dnsx.Failed, Cause: fmt.Sprintf("not asked: none of the first %d questions was answered", hopeless)}
	}
	a := d.dns.Lookup(d.ctx, dnsx.Q(name, t))
	if a.Status == dnsx.Failed {
		d.failures.Add(1)
	} else {
		d.answered.Store(true)
	}
	return a
}

// look says where the mail of a domain goes (RFC 5321 5.1, RFC 7505).
func (d *domains) look(name string) place {
	a := d.ask(name, dnsx.MX)
	switch a.Status {
	case dnsx.Failed:
		return place{state: Unknown, why: fmt.Sprintf("the MX of %s could not be looked up: %s", name, a.Cause)}
	case dnsx.NXDomain:
		return place{state: Gone, why: fmt.Sprintf("the domain %s does not exist", name)}
	case dnsx.NoData:
		p := d.host(name) // that of another, too
		if p.state == NoHost {
			p.why = fmt.Sprintf("%s has neither an MX nor an address", name)
		}
		return p
	}
	if len(a.Records) == 1 && a.Records[0].Target == "." {
		return place{state: NullMX, why: fmt.Sprintf("%s takes no mail: it has a null MX", name)}
	}
	if len(a.Records) > maxHosts {
		return place{state: Takes}
	}
	var open place
	for _, r := range a.Records {
		if r.Target == "." {
			continue
		}
		switch p := d.host(r.Target); p.state {
		case Takes:
			return p
		case Unknown:
			open = p
		}
	}
	if open.state != "" {
		return open
	}
	return place{state: NoHost, why: fmt.Sprintf("no MX host of %s has an address", name)}
}

// other is the domain under another top-level domain that was probably meant, if it may take mail.
func (d *domains) other(name string) string {
	s := suffix(name)
	if s == "" {
		return ""
	}
	if p := d.look(s); p.state != Takes && p.state != Unknown {
		return ""
	}
	return s
}

// host says whether an MX host has an address. Many domains share one.
func (d *domains) host(name string) place {
	d.mu.Lock()
	f, ok := d.hosts[name]
	if !ok {
		f = sync.OnceValue(func() place { return d.address(name) })
		forget(d.hosts)
		d.hosts[name] = f
	}
	d.mu.Unlock()
	return f()
}

func (d *domains) address(name string) place {
	p := place{state: NoHost}
	for _, t := range []dnsx.Type{dnsx.A, dnsx.AAAA} {
		switch a := d.ask(name, t); a.Status {
		case dnsx.Found:
			return place{state: Takes}
		case dnsx.NXDomain:
			return p
		case dnsx.Failed:
			p = place{state: Unknown, why: fmt.Sprintf("the address of %s could not be looked up: %s", name, a.Cause)}
		}
	}
	return p
}
