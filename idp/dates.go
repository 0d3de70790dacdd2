package idp

import (
	"context"
	"fmt"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// eventDate is the event of a client's enforcement date that changed. Together
// these events are the date's history (S-121).
const eventDate = "client.date_changed"

// DateChange is one line of the history of a client's enforcement date.
type DateChange struct {
	At    time.Time
	Actor Actor
	// Old and New are the dates; the zero time means none.
	Old, New time.Time
	Reason   string
	// File is set when the configuration file was changed.
	File bool
}

// SetEnforceFrom changes the enforcement date of a stored client for a reason;
// the zero time takes it away. ErrNotFound, [ErrFileClient], ErrReason, and
// ErrState when it is that date already.
func (p *Provider) SetEnforceFrom(ctx context.Context, actor Actor, id string, from time.Time, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	actor.Reason = reason
	return p.changeClientIn(ctx, actor, id, setDate(id, from))
}

// setDate is the change itself.
func setDate(id string, from time.Time) func(*work, *clients.Client) error {
	return func(w *work, c *clients.Client) error {
		old := c.Rules.EnforceFrom
		if old.Equal(from) {
			return ErrState
		}
		c.Rules.EnforceFrom = from
		return w.recordDate(id, old, from)
	}
}

func (w *work) recordDate(id string, from, to time.Time, details ...string) error {
	return w.record(eventDate, "", id, append([]string{"old", dateText(from), "new", dateText(to)}, details...)...)
}

// dateText is a date in an event.
func dateText(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}

func dateOf(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// NoteDates records the enforcement dates of the configuration file that are
// not those of the last start, with the dates of before. Call it when the
// provider starts to serve.
func (p *Provider) NoteDates(ctx context.Context, actor Actor) error {
	return p.updateAs(ctx, actor, nil, func(w *work) error {
		for _, c := range p.cfg.Clients.All() {
			if !p.cfg.Clients.InFile(c.ID) {
				continue
			}
			key := "enforce_from of " + c.ID
			text, err := w.Meta(key)
			if err != nil {
				return err
			}
			old := dateOf(text)
			if old.Equal(c.Rules.EnforceFrom) {
				continue
			}
			if err := w.PutMeta(key, dateText(c.Rules.EnforceFrom)); err != nil {
				return err
			}
			if err := w.recordDate(c.ID, old, c.Rules.EnforceFrom, "in", "file"); err != nil {
				return err
			}
		}
		return nil
	})
}

// DateHistory is who changed a client's enforcement date and when, the newest
// change first. ErrNotFound.
func (p *Provider) DateHistory(ctx context.Context, id string) ([]DateChange, error) {
	if _, err := p.findClient(id); err != nil {
		return nil, err
	}
	var list []DateChange
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		list, err = p.dates(tx, id, time.Time{})
		return err
	})
	return list, err
}

// dates are the changes since a moment, the newest first.
func (p *Provider) dates(tx *store.Tx, id string, since time.Time) ([]DateChange, error) {
	events, err := tx.Events(store.EventFilter{ClientID: id, Name: eventDate, Since: since})
	list := make([]DateChange, 0, len(events))
	for _, e := range events {
		list = append(list, DateChange{
			At: e.At, Actor: e.Actor, Old: dateOf(e.Details["old"]), New: dateOf(e.Details["new"]),
			Reason: e.Details["reason"], File: e.Details["in"] == "file",
		})
	}
	return list, err
}

// findClient is a client that exists, disabled or not; ErrNotFound.
func (p *Provider) findClient(id string) (*clients.Client, error) {
	c, ok := p.cfg.Clients.Find(id)
	if !ok {
		return nil, fmt.Errorf("client %q: %w", id, ErrNotFound)
	}
	return c, nil
}
