package store

import (
	"errors"
	"time"
)

// keyRow is a Key with Private sealed.
type keyRow struct {
	ID        string `gorm:"primaryKey"`
	Alg       string
	Private   []byte
	CreatedAt time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ActiveAt  time.Time `gorm:"serializer:moment"`
	RetireAt  time.Time `gorm:"serializer:moment"`
	RevokedAt time.Time `gorm:"serializer:moment"`
}

func (keyRow) TableName() string { return "keys" }

func (tx *Tx) newKeyRow(k Key) keyRow {
	row := keyRow(k)
	row.Private = []byte(tx.store.sealer.seal("signing key "+k.ID, string(k.Private)))
	return row
}

func (tx *Tx) openKey(row keyRow) (Key, error) {
	plain, err := tx.store.sealer.open("signing key "+row.ID, string(row.Private))
	row.Private = []byte(plain)
	return Key(row), err
}

// Keys returns all signing keys, the oldest first.
func (tx *Tx) Keys() ([]Key, error) {
	rows, err := list[keyRow](tx, "created_at, id", 0, "")
	if err != nil {
		return nil, err
	}
	return tryEach(rows, tx.openKey)
}

// KeyDates returns what Keys does without the keys themselves. It is asked every
// second, and so is SQL.
func (tx *Tx) KeyDates() ([]Key, error) {
	var keys []Key
	err := tx.scanAll("list dates of keys", func() []any {
		keys = append(keys, Key{})
		k := &keys[len(keys)-1]
		return []any{
			&k.ID, &k.Alg,
			seconds{&k.CreatedAt},
			seconds{&k.ActiveAt},
			seconds{&k.RetireAt},
			seconds{&k.RevokedAt},
		}
	}, "SELECT id, alg, created_at, active_at, retire_at, revoked_at FROM keys ORDER BY created_at, id")
	return keys, err
}

// InsertKey adds a signing key; ErrExists when the id is taken.
func (tx *Tx) InsertKey(k Key) error {
	k.CreatedAt = tx.created(k.CreatedAt)
	return insert(tx, tx.newKeyRow(k))
}

// UpdateKey writes every field and so seals the key anew; it refuses one without
// its private half, as KeyDates returns it.
func (tx *Tx) UpdateKey(k Key) error {
	if len(k.Private) == 0 {
		return errors.New("update keys: without the key itself")
	}
	return update(tx, tx.newKeyRow(k))
}
