package store

import (
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// Send is what became of one code sent to a phone.
type Send struct {
	// ID is the message's in the outbox.
	ID, ChallengeID, UserID string
	// FactorID is the factor's or the enrolment's.
	FactorID string
	Channel  mfa.Channel
	Country  string
	// Gateway took the message; empty before.
	Gateway string
	State   mfa.Delivery
	// Reason is the gateway's code for why it failed.
	Reason string
	// EnteredAt is when the code was entered, and was right.
	SentAt, EnteredAt time.Time
}

type sendRow struct {
	ID, ChallengeID, UserID, FactorID string
	Channel                           mfa.Channel
	Country, Gateway                  string
	State                             mfa.Delivery
	Reason                            string
	SentAt                            time.Time `gorm:"serializer:moment"`
	EnteredAt                         time.Time `gorm:"serializer:moment"`
}

func (sendRow) TableName() string { return "sends" }

// InsertSend adds a send.
func (tx *Tx) InsertSend(s Send) error { return insert(tx, sendRow(s)) }

// Send returns one send; ErrNotFound.
func (tx *Tx) Send(id string) (Send, error) {
	row, err := take[sendRow](tx, "id = ?", id)
	return Send(row), err
}

// SendOf returns the send of a challenge, the zero Send if there is none.
func (tx *Tx) SendOf(challengeID string) (Send, error) {
	row, err := take[sendRow](tx, "challenge_id = ?", challengeID)
	if errors.Is(err, ErrNotFound) {
		return Send{}, nil
	}
	return Send(row), err
}

// LastSend returns the newest send to a factor, the zero Send if there is none.
func (tx *Tx) LastSend(factorID string) (Send, error) {
	rows, err := list[sendRow](tx, "sent_at DESC, id", 1, "factor_id = ?", factorID)
	if err != nil || len(rows) == 0 {
		return Send{}, err
	}
	return Send(rows[0]), nil
}

// SendsTo returns what was sent to a user, the newest first.
func (tx *Tx) SendsTo(userID string) ([]Send, error) {
	rows, err := list[sendRow](tx, "sent_at DESC, id", 0, "user_id = ?", userID)
	return each(rows, func(r sendRow) Send { return Send(r) }), err
}

// UpdateSend writes a send.
func (tx *Tx) UpdateSend(s Send) error {
	return update(tx, sendRow(s), "challenge_id", "user_id", "factor_id", "channel", "country", "sent_at")
}

// Conversion counts the newest sends to a country, limit at most, between two
// moments, and those of them whose code was entered (C-17).
func (tx *Tx) Conversion(country string, from, to time.Time, limit int) (sent, entered int, err error) {
	err = tx.scan("count conversion", ErrNotFound, []any{&sent, &entered}, `SELECT COUNT(*), COUNT(entered_at) FROM (
		SELECT entered_at FROM sends WHERE country = ?1 AND sent_at > ?2 AND sent_at <= ?3 ORDER BY sent_at DESC LIMIT ?4) AS newest`,
		country, from.Unix(), to.Unix(), limit)
	return sent, entered, err
}
