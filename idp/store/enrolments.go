package store

import (
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// enrolmentRow is a mfa.Enrolment with Number and Secret sealed.
type enrolmentRow struct {
	ID        string
	UserID    string `gorm:"primaryKey"`
	Binding   string
	Replaces  string
	Role      mfa.Role
	Channel   mfa.Channel
	Number    string
	Secret    []byte
	CreatedAt time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ExpiresAt time.Time `gorm:"serializer:moment"`
}

func (enrolmentRow) TableName() string { return "enrolments" }

// Enrolment returns what the user is adding, or ErrNotFound. It may have expired.
func (tx *Tx) Enrolment(userID string) (mfa.Enrolment, error) {
	row, err := take[enrolmentRow](tx, "user_id = ?", userID)
	if err != nil {
		return mfa.Enrolment{}, err
	}
	row.Number, row.Secret, err = tx.store.sealer.openFactor(row.UserID, row.Number, row.Secret)
	return mfa.Enrolment(row), err
}

// PutEnrolment stores what the user is adding in place of what was there.
func (tx *Tx) PutEnrolment(e mfa.Enrolment) error {
	if err := tx.DeleteEnrolment(e.UserID); err != nil {
		return err
	}
	e.CreatedAt = tx.created(e.CreatedAt)
	row := enrolmentRow(e)
	row.Number, row.Secret = tx.store.sealer.sealFactor(e.UserID, e.Number, e.Secret)
	return insert(tx, row)
}

// TakeEnrolment removes an enrolment that is complete; ErrConflict when it was
// completed or given up before, so that it adds one method once (T-26).
func (tx *Tx) TakeEnrolment(id string) error {
	return tx.must("take enrolment", ErrConflict, "DELETE FROM enrolments WHERE id = ?1", id)
}

// DeleteEnrolment removes what the user is adding, if anything.
func (tx *Tx) DeleteEnrolment(userID string) error {
	_, err := tx.exec("delete enrolment", "DELETE FROM enrolments WHERE user_id = ?1", userID)
	return err
}
