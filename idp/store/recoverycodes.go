package store

import "time"

// RecoveryCodes sums up the recovery codes of a person. The codes themselves
// are nowhere: the database holds their MACs (N-14, T-52).
type RecoveryCodes struct {
	// Left is how many were not used yet.
	Left int
	// MadeAt is when all of them were made; zero when there are none.
	MadeAt time.Time
}

func (tx *Tx) recoveryMAC(userID, code string) []byte {
	return tx.store.MAC("recovery code", userID, code)
}

// RecoveryCodes counts a person's codes.
func (tx *Tx) RecoveryCodes(userID string) (c RecoveryCodes, err error) {
	err = tx.scan("count recovery codes", ErrNotFound, []any{&c.Left, seconds{&c.MadeAt}},
		"SELECT COUNT(*) - COUNT(used_at), MAX(created_at) FROM recovery_codes WHERE user_id = ?1", userID)
	return c, err
}

// PutRecoveryCodes gives a person these codes in place of all they had.
func (tx *Tx) PutRecoveryCodes(userID string, codes []string) error {
	if err := tx.DeleteRecoveryCodes(userID); err != nil {
		return err
	}
	for _, code := range codes {
		_, err := tx.exec("insert recovery code", "INSERT INTO recovery_codes (user_id, mac, created_at) VALUES (?1, ?2, ?3)",
			userID, tx.recoveryMAC(userID, code), tx.Now.Unix())
		if err != nil {
			return err
		}
	}
	return nil
}

// UseRecoveryCode spends a code; ErrConflict when it is none of this person's
// or was used before (T-26).
func (tx *Tx) UseRecoveryCode(userID, code string) error {
	return tx.must("use recovery code", ErrConflict,
		"UPDATE recovery_codes SET used_at = ?1 WHERE user_id = ?2 AND mac = ?3 AND used_at IS NULL", tx.Now.Unix(), userID, tx.recoveryMAC(userID, code))
}

// DeleteRecoveryCodes takes all codes of a person away, if there are any.
func (tx *Tx) DeleteRecoveryCodes(userID string) error {
	_, err := tx.exec("delete recovery codes", "DELETE FROM recovery_codes WHERE user_id = ?1", userID)
	return err
}
