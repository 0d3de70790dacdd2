package store

import "time"

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

// InsertKey adds a signing key; ErrExists when the id is taken.
func (tx *Tx) InsertKey(k Key) error {
	k.CreatedAt = tx.created(k.CreatedAt)
	return insert(tx, tx.newKeyRow(k))
}

// UpdateKey writes every field and so seals the key anew.
func (tx *Tx) UpdateKey(k Key) error { return update(tx, tx.newKeyRow(k)) }
