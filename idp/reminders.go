package idp

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Before a client's date, and on it, those who use the client and have
// two-step verification off are mailed: so many days before as the limits say,
// each mail once for each date (C-24).

// remindBatch is how many people are read, and written to, at once.
const remindBatch = 50

// remindAfter is how long behind a date its mail is still sent: a provider that
// begins with a date of long ago writes to nobody.
const remindAfter = 3 * 24 * time.Hour

// Remind mails those to whom a date comes near. It may be called as often as one
// likes.
func (p *Provider) Remind(ctx context.Context) error {
	for _, c := range p.cfg.Clients.All() {
		if c.Disabled || !p.mayRemind(c, p.now()) {
			continue
		}
		if err := p.remindOf(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// mayRemind reports whether anybody can have to be told of a client's date now;
// extensions move it for some.
func (p *Provider) mayRemind(c clients.Client, now time.Time) bool {
	from := c.Rules.EnforceFrom
	first := 0
	for _, d := range p.cfg.Limits.Account.ReminderDays {
		first = max(first, d)
	}
	return !from.IsZero() && !now.Before(from.AddDate(0, 0, -first)) && now.Before(from.Add(p.cfg.Limits.Account.Extension+remindAfter))
}

// mark is which mail is due about a date now: how many days before the date it
// belongs to, 0 for that of the day itself.
func (p *Provider) mark(from, now time.Time) (days int, due bool) {
	switch {
	case !now.Before(from.Add(remindAfter)):
		return 0, false
	case !now.Before(from):
		return 0, true
	}
	for _, d := range p.cfg.Limits.Account.ReminderDays {
		if !now.Before(from.Add(-time.Duration(d)*24*time.Hour)) && (!due || d < days) {
			days, due = d, true
		}
	}
	return days, due
}

func (p *Provider) remindOf(ctx context.Context, c clients.Client) error {
	for after := ""; ; {
		var people []store.ClientUser
		err := p.st.View(ctx, func(tx *store.Tx) error {
			var err error
			people, after, err = tx.ClientUsers(c.ID, false, after, remindBatch)
			return err
		})
		if err != nil {
			return err
		}
		var due []string
		for _, u := range people {
			if p.tells(u.User, u.Use, c, p.now()) {
				due = append(due, u.User.ID)
			}
		}
		if len(due) > 0 {
			if err := p.remindAll(ctx, c, due); err != nil {
				return err
			}
		}
		if after == "" {
			return nil
		}
	}
}

// tells reports whether somebody is to be told of a date now.
func (p *Provider) tells(u User, use store.Use, c clients.Client, now time.Time) bool {
	from := signin.EnforcedFrom(c.Rules, use.ExtendedUntil)
	days, due := p.mark(from, now)
	return due && u.TwoStepAt.IsZero() && u.DisabledAt.IsZero() && (!use.RemindedFrom.Equal(from) || use.RemindedDays > days)
}

// remindAll tells people in one update, which looks at each anew.
func (p *Provider) remindAll(ctx context.Context, c clients.Client, ids []string) error {
	return p.updateAs(ctx, Actor{Kind: "job", ID: jobRemind}, nil, func(w *work) error {
		for _, id := range ids {
			u, err := w.User(id)
			if err == nil {
				err = p.remind(w, u, c)
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

func (p *Provider) remind(w *work, u User, c clients.Client) error {
	use, err := w.Use(u.ID, c.ID)
	if err != nil || !p.tells(u, use, c, w.Now) {
		return err
	}
	from := signin.EnforcedFrom(c.Rules, use.ExtendedUntil)
	mark, _ := p.mark(from, w.Now)
	if err := w.Remind(u.ID, c.ID, from, mark); err != nil {
		return ignore(err, store.ErrConflict) // another node was faster
	}
	name, event := "mail.due", "date.reminded"
	if mark == 0 {
		name, event = "mail.due_now", "date.reached"
	}
	params := []string{"client", c.DisplayName(p.lang(u.Lang)), "until", from.Format(time.RFC3339), "days", strconv.Itoa(daysLeft(from, w.Now))}
	if err := p.mail(w, u, name, params...); err != nil {
		return err
	}
	return w.record(event, u.ID, c.ID, "from", dateText(from), "days", strconv.Itoa(mark))
}

// daysLeft is how many days there are until a date, a part of one counted whole.
func daysLeft(from, now time.Time) int {
	return max(int((from.Sub(now)+24*time.Hour-1)/(24*time.Hour)), 0)
}
