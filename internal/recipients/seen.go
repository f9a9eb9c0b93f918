package recipients

import "hash/maphash"

// seen remembers texts by 96 bits of a keyed digest, which nobody can make two of by design, and the line of each. It is a table
// of its own because a map of the same takes four times as much.
type seen struct {
	seeds [2]maphash.Seed
	slots []slot // a power of two; at most three quarters are taken
	n     int
	most  int
}

// slot is empty where its line is 0.
type slot struct {
	a       uint64
	b, line uint32
}

func newSeen(most int) *seen {
	return &seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, slots: make([]slot, 1024), most: most}
}

// add gives the line at which a text was seen first, 0 for none. full says that there is no room to remember it.
func (s *seen) add(text string, line int) (first int, full bool) {
	x := slot{maphash.String(s.seeds[0], text), uint32(maphash.String(s.seeds[1], text)), uint32(max(line, 1))}
	at := s.place(x)
	switch {
	case at.line != 0:
		return int(at.line), false
	case s.n >= s.most:
		return 0, true
	}
	*at = x
	if s.n++; 4*s.n > 3*len(s.slots) {
		old := s.slots
		s.slots = make([]slot, 2*len(old))
		for _, x := range old {
			if x.line != 0 {
				*s.place(x) = x
			}
		}
	}
	return 0, false
}

// place is the slot of a digest, or the one that is free for it.
func (s *seen) place(x slot) *slot {
	for i := x.a; ; i++ {
		at := &s.slots[i%uint64(len(s.slots))]
		if at.line == 0 || at.a == x.a && at.b == x.b {
			return at
		}
	}
}
