package rdapx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openrdap/rdap"
)

// Bounds on what is kept of an answer.
const (
	maxText     = 100 // runes of one text
	maxStatuses = 40  // more than RFC 8056 2 has
)

// What is taken for a date: the DNS has had registrars since 1985, and JSON knows no year of five digits.
const (
	minYear = 1985
	maxYear = 9999
)

// read takes what is looked at from a decoded answer.
func read(object any, q Query) (Answer, error) {
	d, ok := object.(*rdap.Domain)
	switch {
	case !ok:
		return Answer{}, errors.New("its answer is not about a domain")
	case d.LDHName != "" && !strings.EqualFold(strings.TrimSuffix(d.LDHName, "."), q.Domain):
		return Answer{}, fmt.Errorf("its answer is about %s, not %s", clip(d.LDHName), q.Domain)
	}
	a := Answer{Status: Found, Statuses: []string{}, Registered: date(d.Events, "registration"), Expires: date(d.Events, "expiration")}
	for _, s := range d.Status[:min(len(d.Status), maxStatuses)] {
		a.Statuses = append(a.Statuses, clip(s))
	}
	if a.Registered.Time.After(q.Now.Add(24 * time.Hour)) { // a clock and a time zone may differ
		a.Registered = Date{Why: fmt.Sprintf("the registration is said to be of %s, which is yet to come", a.Registered.Time.Format(time.DateOnly))}
	}
	if i := slices.IndexFunc(d.Entities, func(e rdap.Entity) bool { return slices.Contains(e.Roles, "registrar") }); i >= 0 {
		if card := d.Entities[i].VCard; card != nil {
			a.Registrar = clip(card.Name())
		}
	}
	return a, nil
}

// date is that of the first event of a kind.
func date(events []rdap.Event, action string) Date {
	i := slices.IndexFunc(events, func(e rdap.Event) bool { return strings.EqualFold(e.Action, action) })
	if i < 0 {
		return Date{}
	}
	text := events[i].Date
	t, err := time.Parse(time.RFC3339, text)
	t = t.UTC()
	if err != nil || t.Year() < minYear || t.Year() > maxYear {
		return Date{Why: fmt.Sprintf("the date of the %s is %q", action, clip(text))}
	}
	return Date{Time: t}
}

// clip bounds text from outside.
func clip(s string) string {
	n := 0
	for i := range s {
		if n == maxText {
			return s[:i] + "..."
		}
		n++
	}
	return s
}
