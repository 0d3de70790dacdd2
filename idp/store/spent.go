package store

import "time"

// Spend marks something as used until it expires by itself; ErrConflict when
// it was used before, by this node or another (H-13). The hash names it.
func (tx *Tx) Spend(hash []byte, until time.Time) error {
	return tx.must("spend", ErrConflict, "INSERT INTO spent (hash, expires_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING", hash, unix(until))
}
