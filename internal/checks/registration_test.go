package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/facts"
)

// goodRegistration is one with which no rule finds fault.
func goodRegistration() facts.Registration {
	return facts.Registration{Domain: "healthy.example", Server: "rdap.nic.example", Statuses: []string{"active", "client transfer prohibited"},
		Registered: facts.Know(now.AddDate(-5, 0, 0)), Expires: facts.Know(now.AddDate(0, 0, 200)), Registrar: "Registrar Inc."}
}

// atRegistry is the healthy domain with one edit of its registration.
func atRegistry(edit func(*facts.Registration)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		r := goodRegistration()
		edit(&r)
		f.Registration = facts.Know(r)
	}
}

func statuses(l ...string) func(*facts.Facts) {
	return atRegistry(func(r *facts.Registration) { r.Statuses = l })
}

func expires(in time.Duration) func(*facts.Facts) {
	return atRegistry(func(r *facts.Registration) { r.Expires = facts.Know(now.Add(in)) })
}

func aged(age time.Duration) func(*facts.Facts) {
	return atRegistry(func(r *facts.Registration) { r.Registered = facts.Know(now.Add(-age)) })
}

func noRegistration(f *facts.Facts) {
	f.Registration = facts.Fact[facts.Registration]{State: facts.Unknown, Why: "rdap.nic.example answers 503", Value: facts.Registration{Domain: "healthy.example"}}
}

const aDay = 24 * time.Hour

var registrationCases = []ruleCase{
	{rule: "domain.hold", want: Fail, says: "healthy.example is client hold, says its registry", edit: statuses("client hold")},
	{rule: "domain.hold", name: "by the registry", want: Fail, says: "server hold", edit: statuses("active", "server hold")},
	{rule: "domain.hold", name: "deleted", want: Fail, says: "redemption period, pending delete", edit: statuses("redemption period", "pending delete")},
	{rule: "domain.hold", name: "as EPP writes it", want: Fail, says: "clientHold", edit: statuses("clientHold")},
	{rule: "domain.hold", name: "whether the name is still found or not", want: Fail, edit: func(f *facts.Facts) {
		statuses("client hold")(f)
		f.Exists = facts.Know(false)
	}},
	{rule: "domain.hold", name: "sends nothing", want: Warn, edit: profile(facts.Parked, statuses("server hold"))},
	{rule: "domain.hold", name: "locked is not held", want: Pass, edit: statuses("client transfer prohibited", "server delete prohibited", "pending transfer", "auto renew period")},
	{rule: "domain.hold", name: "no status", want: Pass, edit: statuses()},
	{rule: "domain.hold", name: "not found out", want: Unknown, says: "answers 503", edit: noRegistration},
	{rule: "domain.hold", name: "not asked", want: "", edit: func(f *facts.Facts) { f.Registration = facts.Fact[facts.Registration]{} }},
	{rule: "domain.hold", name: "not registered", want: "", edit: atRegistry(func(r *facts.Registration) { *r = facts.Registration{Domain: r.Domain, Missing: true} })},

	{rule: "domain.expiring", want: Warn, says: "ends on 2026-12-22, in 29 days, less than 30", edit: expires(30*aDay - time.Second)},
	{rule: "domain.expiring", name: "tomorrow", want: Warn, says: "in 1 day,", edit: expires(aDay)},
	{rule: "domain.expiring", name: "today", want: Warn, says: "in 0 days", edit: expires(time.Minute)},
	{rule: "domain.expiring", name: "over", want: Warn, says: "ended on 2026-11-19, 3 days ago", edit: expires(-3 * aDay)},
	{rule: "domain.expiring", name: "30 days", want: Pass, edit: expires(30 * aDay)},
	{rule: "domain.expiring", name: "year 9999", want: Pass, edit: atRegistry(func(r *facts.Registration) {
		r.Expires = facts.Know(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
	})},
	{rule: "domain.expiring", name: "the registry does not tell", want: "", edit: atRegistry(func(r *facts.Registration) { r.Expires = facts.Fact[time.Time]{} })},
	{rule: "domain.expiring", name: "no date", want: Unknown, says: "soon", edit: atRegistry(func(r *facts.Registration) { r.Expires = facts.Cannot[time.Time]("soon") })},
	{rule: "domain.expiring", name: "not found out", want: "", edit: noRegistration},

	{rule: "domain.young", want: Warn, says: "registered on 2026-10-23, 29 days ago, less than 30", edit: aged(30*aDay - time.Second)},
	{rule: "domain.young", name: "today", want: Warn, says: "0 days ago", edit: aged(0)},
	{rule: "domain.young", name: "by a clock that is ahead", want: Warn, says: "0 days ago", edit: aged(-aDay)},
	{rule: "domain.young", name: "30 days", want: Info, says: "30 days ago, less than 90", edit: aged(30 * aDay)},
	{rule: "domain.young", name: "89 days", want: Info, edit: aged(90*aDay - time.Second)},
	{rule: "domain.young", name: "90 days", want: Pass, edit: aged(90 * aDay)},
	{rule: "domain.young", name: "sends nothing", want: Pass, edit: profile(facts.Parked, aged(aDay))},
	{rule: "domain.young", name: "the registry does not tell", want: "", edit: atRegistry(func(r *facts.Registration) { r.Registered = facts.Fact[time.Time]{} })},
	{rule: "domain.young", name: "no date", want: Unknown, says: "long ago", edit: atRegistry(func(r *facts.Registration) { r.Registered = facts.Cannot[time.Time]("long ago") })},
	{rule: "domain.young", name: "not found out", want: "", edit: noRegistration},
}

// TestRegistrationDecidesNothing: the registry is asked on request, and what it does not tell changes no verdict.
func TestRegistrationDecidesNothing(t *testing.T) {
	f := healthy()
	noRegistration(f)
	var unknown []string
	for _, x := range Run(f, everything).Findings {
		if x.Status == Unknown {
			unknown = append(unknown, x.Check.ID+" "+x.Subject)
		}
		if x.Deciding {
			t.Errorf("%s decides", x.Check.ID)
		}
	}
	if !slices.Equal(unknown, []string{"domain.hold healthy.example"}) {
		t.Errorf("unknown: %s", strings.Join(unknown, ", "))
	}
}
