package store

import (
	"errors"
	"time"
)

// Lease takes or extends the right to do a job and tells whether holder has
// it. It ends after ttl, so that a holder that died does not keep it.
func (tx *Tx) Lease(name, holder string, ttl time.Duration) (bool, error) {
	n, err := tx.exec("take lease", `INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.until <= ?4 OR leases.holder = excluded.holder`,
		name, holder, tx.Now.Add(ttl+time.Second-1).Unix(), tx.Now.Unix())
	return n == 1, err
}

// Meta returns a value that PutMeta stored; "" means none.
func (tx *Tx) Meta(key string) (string, error) {
	var v string
	err := tx.scan("read meta", ErrNotFound, []any{&v}, "SELECT value FROM meta WHERE name = ?1", key)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return v, err
}

// PutMeta stores a value of the whole deployment. It is not sealed.
func (tx *Tx) PutMeta(key, value string) error {
	_, err := tx.exec("write meta", `INSERT INTO meta (name, value) VALUES (?1, ?2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

// DeleteMeta forgets a value; one that is not there is no error.
func (tx *Tx) DeleteMeta(key string) error {
	_, err := tx.exec("delete meta", "DELETE FROM meta WHERE name = ?1", key)
	return err
}
