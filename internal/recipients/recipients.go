package recipients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

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
	Suggestion string // the address that was probably meant, where the one that stands there is not known to take mail
	Doubtful   bool   // kept, and a person has to look
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
	Unseen     int  `json:"unseen"`   // rows that could not be remembered, so that no duplicate of them was found
	Complete   bool `json:"complete"` // false: interrupted, or the list could not be read to its end
}

// Bounds on memory.
const (
	window  = 8192     // rows that wait for DNS
	waiting = 64 << 20 // octets of them: a row may have 1 MiB
	maxSeen = 3000000  // mailboxes and domains that are remembered, in 64 MiB
)

// judge is one run.
type judge struct {
	domains *domains
	bounced Bounced
	seen    *seen // mailboxes, and domains with a NUL in front, which no local part begins with
	sum     Summary
}

// pending is a row that waits for its domain.
type pending struct {
	r       Result
	address Address
	place   func() place // nil: all is said
	notes   []string     // what its text tells
	err     error
	crash   any // what reading panicked with: it goes to whoever waits for the row

	syntax, duplicate, bounced, disposable, domain, unseen bool // what it counts as; domain: the first of its domain
}

// Run judges every row and gives it to write, in order. A failure of DNS drops nobody.
func Run(ctx context.Context, in *Reader, dns dnsx.Resolver, bounced Bounced, write func(Result) error) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &judge{domains: newDomains(ctx, dns), bounced: bounced, seen: newSeen(maxSeen)}
	queue := make(chan pending, window)
	rows := room{left: waiting, freed: make(chan struct{}, 1)}
	go func() {
		send := func(p pending) bool {
			if !rows.take(ctx, p.r.size()) {
				return false
			}
			select {
			case queue <- p:
				return p.err == nil
			case <-ctx.Done():
				return false
			}
		}
		defer func() {
			if crash := recover(); crash != nil {
				send(pending{crash: crash})
			}
		}()
		for more := true; more; {
			row, err := in.Next()
			p := pending{err: err}
			if err == nil {
				p = j.read(row)
			}
			more = send(p)
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
		case p.crash != nil:
			panic(p.crash)
		case errors.Is(p.err, io.EOF):
			j.sum.Complete = true
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
		j.count(&p)
		if err := write(p.r); err != nil {
			return j.sum, err
		}
		rows.give(p.r.size())
	}
}

// room is what may be taken at once; one goroutine takes, and one gives back.
type room struct {
	mu    sync.Mutex
	left  int
	freed chan struct{}
}

// take waits for n, and says whether ctx lasted.
func (r *room) take(ctx context.Context, n int) bool {
	for {
		r.mu.Lock()
		fits := r.left >= n
		if fits {
			r.left -= n
		}
		r.mu.Unlock()
		if fits {
			return true
		}
		select {
		case <-r.freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (r *room) give(n int) {
	r.mu.Lock()
	r.left += n
	r.mu.Unlock()
	select {
	case r.freed <- struct{}{}:
	default: // it has not been looked at since
	}
}

// size is what a row takes of memory, about; its address is one of the cells.
func (r Row) size() int {
	const header = 16 // of a string
	n := 0
	for _, c := range r.Cells {
		n += header + len(c)
	}
	return n
}

// read says what the address itself tells, and begins to look up its domain. One that can be told although it is written
// wrongly is looked at as if it were not.
func (j *judge) read(row Row) pending {
	p := pending{r: Result{Row: row, Action: Keep}}
	bare := trimmed(row.Address)
	a, err := Parse(bare)
	switch {
	case err != nil:
		p.syntax = true
		p.notes = append(p.notes, "syntax: "+err.Error())
		s := repaired(bare)
		if s == "" {
			return p.drop()
		}
		a, _ = Parse(s) // repaired gives no other
		p.r.Action, p.r.Suggestion = Fix, s
	case bare != row.Address:
		p.r.Action, p.r.Suggestion = Fix, bare
	}
	box := a.mailbox()
	line, full := j.seen.add(box, row.Line)
	if p.unseen = full; line > 0 {
		p.duplicate = true
		return p.drop(fmt.Sprintf("duplicate of line %d", line))
	}
	if code, yes := j.bounced[box]; yes {
		p.bounced = true
		return p.drop("bounced before: " + code)
	}
	p.address = a
	p.place = func() place { return place{state: Takes} }
	if a.Domain != "" {
		first, full := j.seen.add("\x00"+a.Domain, row.Line)
		p.domain = first == 0 && !full
		p.place = j.domains.place(a.Domain)
	}
	return p
}

// drop ends a row with what was said and one thing more.
func (p pending) drop(why ...string) pending {
	p.r.Action, p.r.Suggestion = Drop, ""
	p.r.Reason = strings.Join(append(p.notes, why...), "; ")
	return p
}

// settle says what the domain tells.
func (j *judge) settle(p *pending) {
	at := p.place()
	suggest := func(domain string) string { return p.address.Local + "@" + domain }
	r := &p.r
	fix := func(why, domain string) {
		j.sum.Typo++
		r.Action, r.Suggestion = Fix, suggest(domain)
		r.Reason = strings.Join(append(p.notes, why), "; ")
	}
	switch at.state {
	case Gone, NullMX, NoHost:
		j.state(at.state)
		if at.meant != "" {
			fix(fmt.Sprintf("typo: %s; %s was probably meant", at.why, at.meant), at.meant)
			return
		}
		*p = p.drop(at.why)
		return
	}
	switch {
	case at.disposable && at.slips == 1:
		fix(fmt.Sprintf("typo: disposable, and one sign away from %s", at.meant), at.meant)
		return
	case at.disposable:
		p.disposable = true
		*p = p.drop("disposable: " + p.address.Domain + " gives mailboxes that are thrown away")
		return
	}
	if r.Action == Fix && !p.syntax {
		p.notes = append(p.notes, "signs that are no part of the address stand around it")
	}
	if at.state == Unknown {
		j.sum.Unknown++
		p.notes = append(p.notes, "unknown: "+at.why)
	}
	// A domain that takes mail may be what was meant, or that of somebody who waits for such slips: a person has to look.
	if at.meant != "" && at.slips == 1 && r.Action == Keep {
		j.sum.Typo++
		p.notes = append(p.notes, fmt.Sprintf("one sign away from %s", at.meant))
		r.Doubtful = true
		if at.state != Takes { // who takes mail there must not get it from nobody, and a stranger must not get it instead
			r.Suggestion = suggest(at.meant)
		}
	}
	if isRole(p.address.Local) {
		j.sum.Role++
		p.notes = append(p.notes, "role account")
	}
	if at.free {
		j.sum.Free++
		p.notes = append(p.notes, "free mailbox")
	}
	r.Reason = strings.Join(p.notes, "; ")
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

// count counts a row by its action, and by what was said of it before its domain was asked.
func (j *judge) count(p *pending) {
	j.sum.Rows++
	switch p.r.Action {
	case Keep:
		j.sum.Keep++
	case Fix:
		j.sum.Fix++
	case Drop:
		j.sum.Drop++
	}
	for _, c := range []struct {
		is bool
		n  *int
	}{{p.syntax, &j.sum.Syntax}, {p.duplicate, &j.sum.Duplicate}, {p.bounced, &j.sum.Bounced}, {p.disposable, &j.sum.Disposable},
		{p.domain, &j.sum.Domains}, {p.unseen, &j.sum.Unseen}} {
		if c.is {
			*c.n++
		}
	}
}
