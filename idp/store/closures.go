package store

import "time"

// Closure is a person's wish to close their account.
type Closure struct {
	UserID string
	// RemindedAt is zero until they were told that the end is near.
	AskedAt, DueAt, RemindedAt time.Time
}

// closureRow is a Closure; the two convert into one another.
type closureRow struct {
	UserID     string    `gorm:"primaryKey"`
	AskedAt    time.Time `gorm:"serializer:moment"`
	DueAt      time.Time `gorm:"serializer:moment"`
	RemindedAt time.Time `gorm:"serializer:moment"`
}

func (closureRow) TableName() string { return "closures" }

// InsertClosure notes that a user asked to close their account; ErrExists when they had before.
func (tx *Tx) InsertClosure(c Closure) error { return insert(tx, closureRow(c)) }

// Closure returns what a user asked for, or ErrNotFound.
func (tx *Tx) Closure(userID string) (Closure, error) {
	row, err := take[closureRow](tx, "user_id = ?", userID)
	return Closure(row), err
}

// ClosuresUntil returns at most limit closures that are due at a moment, the earliest first.
func (tx *Tx) ClosuresUntil(at time.Time, limit int) ([]Closure, error) {
	rows, err := list[closureRow](tx, "due_at, user_id", limit, "due_at <= ?", at.Unix())
	return each(rows, func(r closureRow) Closure { return Closure(r) }), err
}

// RemindClosure notes that the user was reminded; ErrConflict when they were before.
func (tx *Tx) RemindClosure(userID string) error {
	return tx.must("remind of closure", ErrConflict,
		"UPDATE closures SET reminded_at = ?1 WHERE user_id = ?2 AND reminded_at IS NULL", tx.Now.Unix(), userID)
}

// DeleteClosure takes a closure back; gone says whether there was one.
func (tx *Tx) DeleteClosure(userID string) (gone bool, err error) {
	n, err := tx.exec("delete closure", "DELETE FROM closures WHERE user_id = ?1", userID)
	return n > 0, err
}
