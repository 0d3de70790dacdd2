package store

import (
	"cmp"
	"crypto/hmac"
	"fmt"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// passkeyFields are a mfa.Passkey; the two convert into one another.
type passkeyFields struct {
	ID                    string `gorm:"primaryKey"`
	UserID                string
	Name                  string
	Credential, PublicKey []byte
	SignCount             uint32
	AAGUID                string   `gorm:"column:aaguid"`
	Transports            []string `gorm:"serializer:json"`
	Synced, BackedUp      bool
	HeldUntil             time.Time `gorm:"serializer:moment"`
	CreatedAt             time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	LastUsedAt            time.Time `gorm:"serializer:moment"`
	DisabledAt            time.Time `gorm:"serializer:moment"`
}

type passkeyRow struct {
	Passkey passkeyFields `gorm:"embedded"`
	MAC     []byte        `gorm:"column:mac"`
}

func (passkeyRow) TableName() string { return "passkeys" }

// passkeyMAC binds a public key to its owner: who can write to the database but
// does not have the keys cannot give anybody a passkey.
func (s *Store) passkeyMAC(k mfa.Passkey) []byte {
	synced := "device"
	if k.Synced {
		synced = "synced"
	}
	return s.MAC("passkey", k.UserID, string(k.Credential), string(k.PublicKey), synced)
}

func (tx *Tx) newPasskeyRow(k mfa.Passkey) passkeyRow {
	return passkeyRow{Passkey: passkeyFields(k), MAC: tx.store.passkeyMAC(k)}
}

func (tx *Tx) openPasskey(row passkeyRow) (mfa.Passkey, error) {
	k := mfa.Passkey(row.Passkey)
	if !hmac.Equal(row.MAC, tx.store.passkeyMAC(k)) {
		return mfa.Passkey{}, fmt.Errorf("passkey %s: %w", k.ID, ErrSealed)
	}
	return k, nil
}

// Passkeys returns a user's passkeys, the oldest first, disabled ones included.
// Every sign-in reads them: this is SQL.
func (tx *Tx) Passkeys(userID string) ([]mfa.Passkey, error) {
	var rows []passkeyRow
	err := tx.scanAll("list passkeys", func() []any {
		rows = append(rows, passkeyRow{})
		row := &rows[len(rows)-1]
		k := &row.Passkey
		return []any{
			&k.ID, &k.UserID, &k.Name, &k.Credential, &k.PublicKey, &k.SignCount, &k.AAGUID,
			stringsJSON{&k.Transports},
			&k.Synced, &k.BackedUp,
			seconds{&k.HeldUntil},
			seconds{&k.CreatedAt},
			seconds{&k.LastUsedAt},
			seconds{&k.DisabledAt},
			&row.MAC,
		}
	}, `SELECT id, user_id, name, credential, public_key, sign_count, aaguid, transports, synced, backed_up,
		held_until, created_at, last_used_at, disabled_at, mac FROM passkeys WHERE user_id = ?1`, userID)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b passkeyRow) int { // as for factors
		return cmp.Or(a.Passkey.CreatedAt.Compare(b.Passkey.CreatedAt), cmp.Compare(a.Passkey.ID, b.Passkey.ID))
	})
	return tryEach(rows, tx.openPasskey)
}

// PasskeyByCredential returns the passkey with an authenticator's id, or ErrNotFound.
func (tx *Tx) PasskeyByCredential(id []byte) (mfa.Passkey, error) {
	row, err := take[passkeyRow](tx, "credential = ?", id)
	if err != nil {
		return mfa.Passkey{}, err
	}
	return tx.openPasskey(row)
}

// InsertPasskey adds a passkey; ErrExists when its credential is registered already.
func (tx *Tx) InsertPasskey(k mfa.Passkey) error {
	k.CreatedAt = tx.created(k.CreatedAt)
	return insert(tx, tx.newPasskeyRow(k))
}

// UpdatePasskey writes every field but SignCount, which CountPasskey alone changes.
func (tx *Tx) UpdatePasskey(k mfa.Passkey) error {
	return update(tx, tx.newPasskeyRow(k), "sign_count")
}

// CountPasskey moves the signature counter on; ErrConflict unless it was at from.
func (tx *Tx) CountPasskey(id string, from, to uint32) error {
	return tx.must("count passkey", ErrConflict, "UPDATE passkeys SET sign_count = ?1 WHERE id = ?2 AND sign_count = ?3", to, id, from)
}

// DeletePasskey removes a passkey, or returns ErrNotFound.
func (tx *Tx) DeletePasskey(id string) error {
	return tx.must("delete passkey", ErrNotFound, "DELETE FROM passkeys WHERE id = ?1", id)
}

// SpendSignInChallenge makes the passkey challenge of a sign-in void and the
// next one good; ErrConflict when n was not the one that is good, or the sign-in is over.
func (tx *Tx) SpendSignInChallenge(id string, n int) error {
	return tx.must("spend challenge of sign-in", ErrConflict,
		"UPDATE sign_ins SET ceremony = ceremony + 1 WHERE id = ?1 AND ceremony = ?2 AND done_at IS NULL AND ended_at IS NULL", id, n)
}

// SpendSessionChallenge is SpendSignInChallenge for a session.
func (tx *Tx) SpendSessionChallenge(sid string, n int) error {
	return tx.must("spend challenge of session", ErrConflict,
		"UPDATE sessions SET ceremony = ceremony + 1 WHERE sid = ?1 AND ceremony = ?2 AND ended_at IS NULL", sid, n)
}
