package store

import (
	"crypto/rand"
	"time"
)

// eventFields are an Event; the two convert into one another.
type eventFields struct {
	ID       string
	At       time.Time `gorm:"serializer:moment"`
	Actor    Actor     `gorm:"embedded;embeddedPrefix:actor_"`
	UserID   string
	ClientID string
	Name     string
	Details  map[string]string `gorm:"serializer:json"`
}

type eventRow struct {
	// Seq is the order of recording, which At, in seconds, does not give.
	Seq   int64       `gorm:"primaryKey"`
	Event eventFields `gorm:"embedded"`
}

func (eventRow) TableName() string { return "events" }

// EventFilter selects events: those that match every field that is set.
type EventFilter struct {
	UserID, ClientID, Name string
	// Names selects several names; empty means all.
	Names []string
	// Since is inclusive, Before exclusive; zero means no bound.
	Since, Before time.Time
	// Older is an event's id: only those recorded before it. Empty means all.
	Older string
	// Limit bounds how many are returned; 0 means all.
	Limit int
}

// Record adds a line to the audit log. ID, At and Actor are the transaction's, whatever e says.
func (tx *Tx) Record(e Event) error {
	e.ID, e.At, e.Actor = rand.Text(), tx.Now, tx.Actor
	return insert(tx, eventRow{Event: eventFields(e)})
}

// Events returns the events that f selects, the newest first.
func (tx *Tx) Events(f EventFilter) ([]Event, error) {
	where, args := "1 = 1", []any{}
	for column, v := range map[string]string{"user_id": f.UserID, "client_id": f.ClientID, "name": f.Name} {
		if v != "" {
			where, args = where+" AND "+column+" = ?", append(args, v)
		}
	}
	if len(f.Names) > 0 {
		where, args = where+" AND name IN ?", append(args, f.Names)
	}
	if !f.Since.IsZero() {
		where, args = where+" AND at >= ?", append(args, f.Since.Unix())
	}
	if !f.Before.IsZero() {
		where, args = where+" AND at < ?", append(args, f.Before.Unix())
	}
	if f.Older != "" {
		where, args = where+" AND seq < (SELECT e.seq FROM events e WHERE e.id = ?)", append(args, f.Older)
	}
	rows, err := list[eventRow](tx, "seq DESC", f.Limit, where, args...)
	return each(rows, func(r eventRow) Event { return Event(r.Event) }), err
}
