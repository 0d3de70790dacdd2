package idp

import (
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// budget is how many messages may leave under a key in a window that begins
// with the first of them.
type budget struct {
	// name is a stable word for metrics.
	name, key string
	limit     int
	per       time.Duration
}

const day = 24 * time.Hour

// spendSend draws on every budget that a message counts against, so that
// nobody's enrolments, numbers or addresses use up what others need (T-31).
func (p *Provider) spendSend(w *work, t target) error {
	country := p.meters.country(t.number)
	if stopped, until, err := p.pumped(w, t, country); err != nil || stopped {
		p.meters.codesRefused.Inc("conversion", country)
		return errors.Join(err, &mfa.TooSoonError{What: "sends", At: until})
	}
	for _, b := range p.budgets(t, country, w.b.IP) {
		ok, until, err := w.Hit(b.key, b.limit, b.per)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		p.meters.codesRefused.Inc(b.name, country)
		switch b.name {
		case budgetCountry:
			w.alarm(alarmBudget, country)
		case budgetDay, budgetEnrol:
			w.alarm(alarmBudget, "")
		}
		return &mfa.TooSoonError{What: "sends", At: until}
	}
	return nil
}

// The budgets whose end is an alarm: what is spent is the operator's money.
const (
	budgetDay     = "day"
	budgetEnrol   = "day_enrolment"
	budgetCountry = "country"
)

// budgets are those of one message, the narrowest first.
func (p *Provider) budgets(t target, country, ip string) []budget {
	l := p.cfg.Limits.MFA
	number, prefix := t.number, mfa.Prefix(t.number)
	all := []budget{
		{"account_10min", "send.10m|" + t.user.ID, l.SendsTenMinutes, 10 * time.Minute}, // C-11
		{"account_hour", "send.hour|" + t.user.ID, l.SendsHour, time.Hour},              // C-11
		{"account_day", "send.day|" + t.user.ID, l.SendsDay, day},                       // C-11
	}
	if !t.verified {
		// What an enrolment or an unverified backup uses is not the number's owner's.
		number, prefix = number+"|unverified", prefix+"|unverified"
		if t.purpose != mfa.ForEnrol {
			all = append(all,
				budget{"unverified_day", "send.unverified.day|" + t.factorID, l.UnverifiedSendsDay, day},       // C-14
				budget{"unverified_total", "send.unverified|" + t.factorID, l.UnverifiedSends, 10 * 365 * day}) // C-14
		}
	}
	all = append(all,
		budget{"number_hour", "send.number.hour|" + number, l.NumberSendsHour, time.Hour}, // C-12
		budget{"number_day", "send.number.day|" + number, l.NumberSendsDay, day},          // C-12
		budget{"prefix", "send.prefix|" + prefix, l.PrefixSendsHour, time.Hour},           // C-17
		budget{"address", "send.ip|" + network(ip), l.IPSends, 5 * time.Minute},           // C-13
	)
	if country != l.Home() {
		all = append(all, budget{budgetCountry, "send.country|" + country, share(l.SendsPerDayGlobal, l.CountryPercent), day}) // C-21
	}
	if !t.verified { // who only enrols leaves enough for those who sign in
		all = append(all, budget{budgetEnrol, "send.enrol", share(l.SendsPerDayGlobal, l.EnrolPercent), day})
	}
	return append(all, budget{budgetDay, "send.all", l.SendsPerDayGlobal, day}) // C-21
}

// share is a part of a budget, one at least.
func share(n, percent int) int { return max(1, n*percent/100) }
