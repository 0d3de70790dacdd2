package store

import "time"

// InsertPushed adds a pushed request; KeepUntil is at least its ExpiresAt.
func (tx *Tx) InsertPushed(r PushedRequest) error {
	r.CreatedAt = tx.created(r.CreatedAt)
	sealed := tx.store.sealer.seal("pushed request of "+r.ClientID, r.Params)
	return tx.must("insert pushed request", ErrExists, `INSERT INTO pushed_requests
		(hash, client_id, params, by_client, created_at, expires_at, keep_until)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING`,
		r.Hash, r.ClientID, sealed, r.ByClient, unix(r.CreatedAt), unix(r.ExpiresAt))
}

// Pushed returns the pushed request with this hash, expired ones included, or
// ErrNotFound, also when it was answered.
func (tx *Tx) Pushed(hash []byte) (r PushedRequest, err error) {
	var sealed string
	err = tx.scan("read pushed request", ErrNotFound, []any{
		&r.Hash, &r.ClientID, &sealed, &r.ByClient, seconds{&r.CreatedAt}, seconds{&r.ExpiresAt},
	}, `SELECT hash, client_id, params, by_client, created_at, expires_at FROM pushed_requests WHERE hash = ?1`, hash)
	if err == nil {
		r.Params, err = tx.store.sealer.open("pushed request of "+r.ClientID, sealed)
	}
	return r, err
}

// KeepPushed lets a sign-in that began with the request answer it until the
// given moment; ErrConflict when it was answered.
func (tx *Tx) KeepPushed(hash []byte, until time.Time) error {
	return tx.must("keep pushed request", ErrConflict,
		"UPDATE pushed_requests SET keep_until = ?1 WHERE hash = ?2", until.Unix(), hash)
}

// UsePushed forgets a request that is being answered; ErrConflict when it was
// answered before (RFC 9126 §4: once).
func (tx *Tx) UsePushed(hash []byte) error {
	return tx.must("use pushed request", ErrConflict, "DELETE FROM pushed_requests WHERE hash = ?1", hash)
}
