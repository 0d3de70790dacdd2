package store

import (
	"cmp"
	"crypto/rand"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// outgoingFields are an Outgoing with To and the values of Params sealed.
type outgoingFields struct {
	ID          string
	Kind        mfa.Kind
	To          string `gorm:"column:recipient"`
	Lang        string
	UserID      string
	Name        string
	Params      map[string]string `gorm:"serializer:json"`
	ChallengeID string
	Attempts    int
	CreatedAt   time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	NextAt      time.Time `gorm:"serializer:moment"`
	ExpiresAt   time.Time `gorm:"serializer:moment"`
	SentAt      time.Time `gorm:"serializer:moment"`
	FailedAt    time.Time `gorm:"serializer:moment"`
	LastError   string
}

type outgoingRow struct {
	// Seq is the order of queueing.
	Seq      int64          `gorm:"primaryKey"`
	Outgoing outgoingFields `gorm:"embedded"`
}

func (outgoingRow) TableName() string { return "outbox" }

// Enqueue queues a message and returns its ID. ID and CreatedAt are filled in,
// and NextAt when it is zero. A zero ExpiresAt means never.
func (tx *Tx) Enqueue(o Outgoing) (string, error) {
	o.ID, o.CreatedAt, o.NextAt = rand.Text(), tx.Now, tx.created(o.NextAt)
	row := outgoingRow{Outgoing: outgoingFields(o)}
	row.Outgoing.To = tx.store.sealer.seal("recipient of "+o.ID, o.To)
	row.Outgoing.Params = tx.store.sealer.sealMap("message "+o.ID, o.Params)
	return o.ID, insert(tx, row)
}

func (tx *Tx) openOutgoing(row outgoingRow) (o Outgoing, err error) {
	o = Outgoing(row.Outgoing)
	if o.To, err = tx.store.sealer.open("recipient of "+o.ID, o.To); err != nil {
		return o, err
	}
	o.Params, err = tx.store.sealer.openMap("message "+o.ID, o.Params)
	return o, err
}

// ClaimOutgoing returns at most limit messages that are due, in the order of
// queueing, and counts the attempt. Nobody else gets them until lease has passed.
// Those that have expired, or that no key opens, fail instead.
func (tx *Tx) ClaimOutgoing(limit int, lease time.Duration) ([]Outgoing, error) {
	now := tx.Now.Unix()
	_, err := tx.exec("expire messages", `UPDATE outbox SET failed_at = ?1, last_error = 'expired', params = NULL
		WHERE sent_at IS NULL AND failed_at IS NULL AND expires_at <= ?1`, now)
	if err != nil {
		return nil, err
	}
	due := "SELECT seq FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_at <= ? ORDER BY next_at, seq LIMIT ?"
	if tx.store.engine.dialect() == dialectPostgres {
		due += " FOR UPDATE SKIP LOCKED"
	}
	var rows []outgoingRow
	err = tx.db.Raw("WITH due AS MATERIALIZED ("+due+`)
		UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE seq IN (SELECT seq FROM due) RETURNING *`,
		now, limit, tx.Now.Add(lease).Unix()).Scan(&rows).Error
	if err != nil {
		return nil, tx.noting("claim messages", err)
	}
	slices.SortFunc(rows, func(a, b outgoingRow) int { return cmp.Compare(a.Seq, b.Seq) })
	claimed := make([]Outgoing, 0, len(rows))
	for _, row := range rows {
		o, err := tx.openOutgoing(row)
		if err == nil {
			claimed = append(claimed, o)
			continue
		}
		if err := tx.FailedOutgoing(o.ID, err.Error(), time.Time{}); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// SentOutgoing marks a message as sent and erases its parameters; those of a
// call stay until it expires, for [Tx.Call].
func (tx *Tx) SentOutgoing(id string) error {
	return tx.must("mark message sent", ErrNotFound,
		"UPDATE outbox SET sent_at = ?1, params = CASE WHEN kind = 'voice' THEN params END, last_error = '' WHERE id = ?2", tx.Now.Unix(), id)
}

// FailedOutgoing notes why a message was not sent and when to try again. A
// zero next gives it up and erases its parameters.
func (tx *Tx) FailedOutgoing(id, reason string, next time.Time) error {
	if next.IsZero() {
		return tx.must("give message up", ErrNotFound,
			"UPDATE outbox SET failed_at = ?1, params = NULL, last_error = ?2 WHERE id = ?3", tx.Now.Unix(), reason, id)
	}
	return tx.must("put message off", ErrNotFound, "UPDATE outbox SET next_at = ?1, last_error = ?2 WHERE id = ?3", next.Unix(), reason, id)
}

// Outbox returns at most limit messages in any state, the newest first.
func (tx *Tx) Outbox(limit int) ([]Outgoing, error) {
	rows, err := list[outgoingRow](tx, "seq DESC", limit, "")
	if err != nil {
		return nil, err
	}
	return tryEach(rows, tx.openOutgoing)
}

// OutboxOf returns a user's messages in any state, the newest first, without their parameters.
func (tx *Tx) OutboxOf(userID string) ([]Outgoing, error) {
	rows, err := list[outgoingRow](tx, "seq DESC", 0, "user_id = ?", userID)
	if err != nil {
		return nil, err
	}
	return tryEach(rows, func(row outgoingRow) (Outgoing, error) {
		row.Outgoing.Params = nil
		return tx.openOutgoing(row)
	})
}

// NothingDue reports whether ClaimOutgoing would return nothing; it only reads.
func (tx *Tx) NothingDue() (bool, error) {
	rows, err := list[outgoingRow](tx, "next_at", 1, "sent_at IS NULL AND failed_at IS NULL AND next_at <= ?", tx.Now.Unix())
	return len(rows) == 0, err
}

// Queue is what waits in the outbox of one kind.
type Queue struct {
	Kind    mfa.Kind
	Waiting int
	// Oldest is when the one that waits longest was queued.
	Oldest time.Time
}

// Queues are the kinds of which messages wait to be sent.
func (tx *Tx) Queues() ([]Queue, error) {
	var out []Queue
	err := tx.scanAll("count messages", func() []any {
		out = append(out, Queue{})
		q := &out[len(out)-1]
		return []any{&q.Kind, &q.Waiting, seconds{&q.Oldest}}
	}, "SELECT kind, COUNT(*), MIN(created_at) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL GROUP BY kind")
	return out, err
}
