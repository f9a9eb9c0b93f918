package rdapx

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
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

// object is what a registry sent. Each member may be of any form, since registries do not all keep to RFC 9083: what is of
// another than it should be is left out.
type object map[string]any

func (o object) text(name string) string {
	switch v := o[name].(type) {
	case string:
		return v
	case float64: // a name or a date that is none is told as it is
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (o object) texts(name string) []string {
	list, _ := o[name].([]any)
	var l []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			l = append(l, s)
		}
	}
	return l
}

func (o object) objects(name string) []object {
	list, _ := o[name].([]any)
	var l []object
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			l = append(l, m)
		}
	}
	return l
}

// read takes what is looked at from an answer (RFC 9083 5.3).
func read(text []byte, q Query) (Answer, error) {
	if len(text) == 0 {
		return Answer{}, errors.New("it answers with nothing")
	}
	var d object
	if err := json.Unmarshal(text, &d); err != nil {
		return Answer{}, fmt.Errorf("its answer cannot be read: %s", clip(err.Error()))
	}
	name := d.text("ldhName")
	switch {
	case d.text("objectClassName") != "domain":
		return Answer{}, errors.New("its answer is not about a domain")
	case name != "" && !strings.EqualFold(strings.TrimSuffix(name, "."), q.Domain):
		return Answer{}, fmt.Errorf("its answer is about %s, not %s", clip(name), q.Domain)
	}
	events, statuses := d.objects("events"), d.texts("status")
	a := Answer{Status: Found, Statuses: []string{}, Registered: date(events, "registration"), Expires: date(events, "expiration")}
	for _, s := range statuses[:min(len(statuses), maxStatuses)] {
		a.Statuses = append(a.Statuses, clip(s))
	}
	if a.Registered.Time.After(q.Now.Add(24 * time.Hour)) { // a clock and a time zone may differ
		a.Registered = Date{Why: fmt.Sprintf("the registration is said to be of %s, which is yet to come", a.Registered.Time.Format(time.DateOnly))}
	}
	entities := d.objects("entities")
	if i := slices.IndexFunc(entities, func(e object) bool { return slices.Contains(e.texts("roles"), "registrar") }); i >= 0 {
		a.Registrar = clip(formatted(entities[i]))
	}
	return a, nil
}

// formatted is the formatted name (fn) of an entity's jCard, "" where it has none: ["vcard", [[name, parameters, type, value], ...]]
// (RFC 7095 3.3).
func formatted(entity object) string {
	card, _ := entity["vcardArray"].([]any)
	if len(card) != 2 {
		return ""
	}
	properties, _ := card[1].([]any)
	for _, v := range properties {
		if p, _ := v.([]any); len(p) >= 4 && p[0] == "fn" {
			name, _ := p[3].(string)
			return name
		}
	}
	return ""
}

// date is that of the first event of a kind.
func date(events []object, action string) Date {
	i := slices.IndexFunc(events, func(e object) bool { return strings.EqualFold(e.text("eventAction"), action) })
	if i < 0 {
		return Date{}
	}
	text := events[i].text("eventDate")
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
