package recipients

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"mailaudit/internal/dnsx"
)

// Action is what is to be done with a recipient.
type Action string

// The actions. What could not be found out is kept.
const (
	Keep Action = "keep"
	Fix  Action = "fix" // there is a suggestion
	Drop Action = "drop"
)

// Result is a row and what is to be done with it.
type Result struct {
	Row
	Action     Action
	Reason     string // "" where there is nothing to say
	Suggestion string // the address that was probably meant
}

// Summary counts rows. A row is counted once among its actions, and once for each thing that is said of it.
type Summary struct {
	Rows       int  `json:"rows"`
	Keep       int  `json:"keep"`
	Fix        int  `json:"fix"`
	Drop       int  `json:"drop"`
	Syntax     int  `json:"syntax"`
	Duplicate  int  `json:"duplicate"`
	Bounced    int  `json:"bounced"`
	Disposable int  `json:"disposable"`
	NoDomain   int  `json:"no_domain"`
	NullMX     int  `json:"null_mx"`
	NoMailHost int  `json:"no_mail_host"`
	Typo       int  `json:"typo"`
	Role       int  `json:"role"`
	Free       int  `json:"free"`
	Unknown    int  `json:"unknown"`  // the domain could not be looked up
	Domains    int  `json:"domains"`  // that were seen
	Complete   bool `json:"complete"` // false: interrupted, or the list could not be read to its end
}

// window bounds the rows that wait for DNS.
const window = 8192

// judge is one run.
type judge struct {
	domains *domains
	bounced Bounced
	seeds   [2]maphash.Seed
	seen    map[[2]uint64]int32 // the line of each mailbox
	sum     Summary
}

// pending is a row that waits for its domain.
type pending struct {
	r       Result
	address Address
	place   func() place // nil: all is said
	trimmed string       // the address, where signs had to be taken away around it
	err     error
}

// Run judges every row and gives it to write, in order. A failure of DNS drops nobody.
func Run(ctx context.Context, in *Reader, dns dnsx.Resolver, bounced Bounced, write func(Result) error) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &judge{domains: newDomains(ctx, dns), bounced: bounced, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, seen: map[[2]uint64]int32{}}
	queue := make(chan pending, window)
	go func() {
		defer close(queue)
		for {
			row, err := in.Next()
			p := pending{err: err}
			if err == nil {
				p = j.read(row)
			}
			select {
			case queue <- p:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		var p pending
		select {
		case p = <-queue:
		case <-ctx.Done():
			return j.sum, ctx.Err()
		}
		switch {
		case errors.Is(p.err, io.EOF):
			j.sum.Domains, j.sum.Complete = len(j.domains.places), true
			return j.sum, nil
		case p.err != nil:
			return j.sum, p.err
		}
		if p.place != nil {
			j.settle(&p)
			if ctx.Err() != nil { // what was found out meanwhile is no failure of DNS
				return j.sum, ctx.Err()
			}
		}
		j.count(p.r)
		if err := write(p.r); err != nil {
			return j.sum, err
		}
	}
}

// read says what the address itself tells, and begins to look up its domain.
func (j *judge) read(row Row) pending {
	p := pending{r: Result{Row: row, Action: Keep}}
	bare := trimmed(row.Address)
	a, err := Parse(bare)
	if err != nil {
		p.r.Action, p.r.Reason = Drop, "syntax: "+err.Error()
		if s := repaired(bare); s != "" {
			p.r.Action, p.r.Suggestion = Fix, s
		}
		return p
	}
	if bare != row.Address {
		p.trimmed = bare
	}
	box := a.mailbox()
	key := [2]uint64{maphash.String(j.seeds[0], box), maphash.String(j.seeds[1], box)}
	if line, again := j.seen[key]; again {
		p.r.Action, p.r.Reason = Drop, fmt.Sprintf("duplicate of line %d", line)
		return p
	}
	j.seen[key] = int32(row.Line)
	if code, yes := j.bounced[box]; yes {
		p.r.Action, p.r.Reason = Drop, "bounced before: "+code
		return p
	}
	p.address = a
	p.place = func() place { return place{state: Takes} }
	if a.Domain != "" {
		p.place = j.domains.place(a.Domain)
	}
	return p
}

// settle says what the domain tells.
func (j *judge) settle(p *pending) {
	at := p.place()
	suggest := func(domain string) string { return p.address.Local + "@" + domain }
	r := &p.r
	switch at.state {
	case Gone, NullMX, NoHost:
		r.Action, r.Reason = Drop, at.why
		if at.meant != "" {
			r.Action, r.Reason, r.Suggestion = Fix, fmt.Sprintf("typo: %s; %s was probably meant", at.why, at.meant), suggest(at.meant)
		}
		j.state(at.state)
		if at.meant != "" {
			j.sum.Typo++
		}
		return
	}
	if at.disposable && at.slips == 1 {
		r.Action, r.Reason, r.Suggestion = Fix, fmt.Sprintf("typo: disposable, and one sign away from %s", at.meant), suggest(at.meant)
		j.sum.Typo++
		return
	}
	if at.disposable {
		r.Action, r.Reason = Drop, "disposable: "+p.address.Domain+" gives mailboxes that are thrown away"
		return
	}
	var notes []string
	if p.trimmed != "" {
		r.Action, r.Suggestion = Fix, p.trimmed
		notes = append(notes, "signs that are no part of the address stand around it")
	}
	if at.state == Unknown {
		j.sum.Unknown++
		notes = append(notes, "unknown: "+at.why)
	}
	// A domain that takes mail may be what was meant, or that of somebody who waits for such slips: a person has to look.
	if at.meant != "" && at.slips == 1 && r.Action == Keep {
		j.sum.Typo++
		notes = append(notes, fmt.Sprintf("one sign away from %s", at.meant))
		r.Suggestion = suggest(at.meant)
	}
	if isRole(p.address.Local) {
		j.sum.Role++
		notes = append(notes, "role account")
	}
	if at.free {
		j.sum.Free++
		notes = append(notes, "free mailbox")
	}
	r.Reason = strings.Join(notes, "; ")
}

func (j *judge) state(s State) {
	switch s {
	case Gone:
		j.sum.NoDomain++
	case NullMX:
		j.sum.NullMX++
	case NoHost:
		j.sum.NoMailHost++
	}
}

// count counts a row by its action, and by the word that its reason begins with.
func (j *judge) count(r Result) {
	j.sum.Rows++
	switch r.Action {
	case Keep:
		j.sum.Keep++
	case Fix:
		j.sum.Fix++
	case Drop:
		j.sum.Drop++
	}
	word, _, _ := strings.Cut(r.Reason, " ")
	switch word {
	case "syntax:":
		j.sum.Syntax++
	case "duplicate":
		j.sum.Duplicate++
	case "bounced":
		j.sum.Bounced++
	case "disposable:":
		j.sum.Disposable++
	}
}
