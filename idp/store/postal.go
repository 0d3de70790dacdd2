package store

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Address returns where a user lives; the zero Address when they have not said so.
func (tx *Tx) Address(userID string) (Address, error) {
	var sealed string
	var a Address
	err := tx.scan("read address", ErrNotFound, []any{&sealed}, "SELECT address FROM addresses WHERE user_id = ?1", userID)
	if errors.Is(err, ErrNotFound) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	plain, err := tx.store.sealer.open("address of "+userID, sealed)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(plain), &a)
}

// PutAddress stores where a user lives in place of what was there; the zero
// Address forgets it.
func (tx *Tx) PutAddress(userID string, a Address) error {
	if a == (Address{}) {
		_, err := tx.exec("delete address", "DELETE FROM addresses WHERE user_id = ?1", userID)
		return err
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write address: %w", err)
	}
	_, err = tx.exec("write address", `INSERT INTO addresses (user_id, address) VALUES (?1, ?2)
		ON CONFLICT (user_id) DO UPDATE SET address = excluded.address`, userID, tx.store.sealer.seal("address of "+userID, string(plain)))
	return err
}
