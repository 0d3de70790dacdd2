package store

import (
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// challengeRow is a mfa.Challenge; the two convert into one another.
type challengeRow struct {
	ID       string `gorm:"primaryKey"`
	UserID   string
	FactorID string
	Binding  string
	Purpose  mfa.Purpose
	Channel  mfa.Channel
	MAC      []byte `gorm:"column:mac"`
	Sends    int
	Attempts int

	SentAt       time.Time `gorm:"serializer:moment"`
	ExpiresAt    time.Time `gorm:"serializer:moment"`
	UsedAt       time.Time `gorm:"serializer:moment"`
	SupersededAt time.Time `gorm:"serializer:moment"`
}

func (challengeRow) TableName() string { return "challenges" }

// InsertChallenge adds a challenge.
func (tx *Tx) InsertChallenge(c mfa.Challenge) error { return insert(tx, challengeRow(c)) }

// Challenge returns one challenge; ErrNotFound.
func (tx *Tx) Challenge(id string) (mfa.Challenge, error) {
	row, err := take[challengeRow](tx, "id = ?", id)
	return mfa.Challenge(row), err
}

// Challenges returns all challenges of a binding and purpose, the newest first.
func (tx *Tx) Challenges(binding string, purpose mfa.Purpose) ([]mfa.Challenge, error) {
	rows, err := list[challengeRow](tx, "sent_at DESC, sends DESC, id", 0, "binding = ? AND purpose = ?", binding, purpose)
	return each(rows, func(r challengeRow) mfa.Challenge { return mfa.Challenge(r) }), err
}

// CountAttempt counts one try of a challenge before the code is compared, and
// returns how many there were. It returns ErrConflict when limit tries are
// spent or the challenge was used or superseded (T-26, C-06). Whoever refuses
// the code must do so with [Keep].
func (tx *Tx) CountAttempt(id string, limit int) (int, error) {
	var n int
	err := tx.returning("count attempt", ErrConflict, []any{&n}, `UPDATE challenges SET attempts = attempts + 1
		WHERE id = ?1 AND attempts < ?2 AND used_at IS NULL AND superseded_at IS NULL RETURNING attempts`, id, limit)
	return n, err
}

// UseChallenge marks a challenge as used; ErrConflict when it was used or superseded before (T-26).
func (tx *Tx) UseChallenge(id string) error {
	return tx.must("use challenge", ErrConflict,
		"UPDATE challenges SET used_at = ?1 WHERE id = ?2 AND used_at IS NULL AND superseded_at IS NULL", tx.Now.Unix(), id)
}

// SupersedeChallenges makes the open challenges of a binding and purpose old, before a new one is sent.
func (tx *Tx) SupersedeChallenges(binding string, purpose mfa.Purpose) error {
	_, err := tx.exec("supersede challenges", `UPDATE challenges SET superseded_at = ?1
		WHERE binding = ?2 AND purpose = ?3 AND used_at IS NULL AND superseded_at IS NULL`, tx.Now.Unix(), binding, purpose)
	return err
}
