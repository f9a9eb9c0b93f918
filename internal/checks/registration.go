package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/facts"
)

// Limits in days.
const (
	soonExpired = 30
	freshDays   = 30
	youngDays   = 90
)

// held are the statuses of a domain that the registry keeps out of the DNS, or takes out of it (RFC 8056 2), without spaces
// and in lower case: some registries write them as EPP does.
var held = []string{"clienthold", "serverhold", "redemptionperiod", "pendingdelete"}

// The rules about the registration. Nothing is known of it without --rdap.
var registrationChecks = []*Check{
	{
		ID: "domain.hold", Title: "the registration is not on hold", Area: "domain", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5731 2.3", "RFC 8056 2", "RFC 3915 3.1"},
		Needs:      facts.Registry,
		Help: "A registry publishes no delegation of a domain that is on hold, and a deleted one comes back only if it is restored in time. " +
			"Receivers find no such sender domain, and refuse its mail. Registrars set a hold for a bill not paid, for contact data that were " +
			"not confirmed, and for abuse.",
		Fix:   "Renew the domain, or ask its registrar what the hold is for and have it lifted",
		Judge: each(theRegistration, domainHold),
	},
	{
		ID: "domain.expiring", Title: "the registration does not end within 30 days", Area: "domain", Worst: Warn, Impact: Reject,
		References: []string{"RFC 9083 4.5", "RFC 5731 2.5"},
		Needs:      facts.Registry,
		Help: "Once a registration has ended the registrar may take the domain out of the DNS, and all its mail is refused. Before that nothing " +
			"is, so this is a warning however near the day. Some registries renew by themselves, and tell of no date or of one that comes and goes.",
		Fix:   "Renew the domain now, and have the registrar renew it by itself from then on",
		Judge: each(theDate(func(r facts.Registration) facts.Fact[time.Time] { return r.Expires }), domainExpiring),
	},
	{
		ID: "domain.young", Title: "the domain has been registered for 90 days or more", Area: "domain", Worst: Warn, Impact: Spam,
		References: []string{"RFC 9083 4.5", "docs.spamhaus.com"},
		Needs:      facts.Registry,
		Help: "Much spam comes from domains that are days old, so receivers trust no name that they have not known for a while, and some lists " +
			"hold every new one: Spamhaus ZRD for a day from when it is first seen, fresh15 of Spam Eating Monkey for 15.",
		Fix:   "Begin with little mail to people who expect it, and send nothing in bulk in the first weeks",
		Judge: each(theDate(func(r facts.Registration) facts.Fact[time.Time] { return r.Registered }), domainYoung),
	},
}

// theRegistration is what the registry says, where it knows the domain.
func theRegistration(f *facts.Facts) []subject[facts.Registration] {
	if f.Registration.Known() && f.Registration.Value.Missing {
		return nil
	}
	return []subject[facts.Registration]{{name: f.Registration.Value.Domain, of: f.Registration}}
}

// dated is a day of a registration.
type dated struct {
	domain string
	day    time.Time
}

// theDate is one date of the registration. Where nothing is known of that, domain.hold says why.
func theDate(of func(facts.Registration) facts.Fact[time.Time]) func(*facts.Facts) []subject[dated] {
	return func(f *facts.Facts) []subject[dated] {
		if !f.Registration.Known() {
			return nil
		}
		r := f.Registration.Value
		d := of(r)
		return []subject[dated]{{name: r.Domain, of: facts.Fact[dated]{State: d.State, Why: d.Why, Value: dated{r.Domain, d.Value}}}}
	}
}

func domainHold(f *facts.Facts, r facts.Registration) []Violation {
	l := slices.DeleteFunc(slices.Clone(r.Statuses), func(s string) bool {
		return !slices.Contains(held, strings.ToLower(strings.ReplaceAll(s, " ", "")))
	})
	if len(l) == 0 {
		return nil
	}
	status := Fail
	if f.Profile.Name == facts.Parked { // it sends nothing that could be refused
		status = Warn
	}
	return one(status, fmt.Sprintf("%s is %s, says its registry: such a domain is kept out of the DNS", clip(r.Domain), some(l)))
}

func domainExpiring(f *facts.Facts, d dated) []Violation {
	left := days(d.day.Sub(f.Started))
	on := d.day.Format(time.DateOnly)
	switch {
	case d.day.Before(f.Started):
		return one(Warn, fmt.Sprintf("the registration of %s ended on %s, %s ago", clip(d.domain), on, count(days(f.Started.Sub(d.day)), "day")))
	case left < soonExpired:
		return one(Warn, fmt.Sprintf("the registration of %s ends on %s, in %s, less than %d", clip(d.domain), on, count(left, "day"), soonExpired))
	}
	return nil
}

func domainYoung(f *facts.Facts, d dated) []Violation {
	age, limit, status := days(f.Started.Sub(d.day)), youngDays, Info
	if age < freshDays {
		limit, status = freshDays, Warn
	}
	if age >= limit || f.Profile.Name == facts.Parked {
		return nil
	}
	return one(status, fmt.Sprintf("%s was registered on %s, %s ago, less than %d", clip(d.domain), d.day.Format(time.DateOnly), count(max(age, 0), "day"), limit))
}

// days are the whole days in a time.
func days(d time.Duration) int { return int(d / (24 * time.Hour)) }
