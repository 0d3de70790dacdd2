package store

import (
	"encoding/hex"
	"time"
)

// Refresh tokens are read and written in SQL: nothing happens more often.

// nextPurpose binds a sealed successor to the token that it succeeds.
func nextPurpose(hash []byte) string { return "refresh token after " + hex.EncodeToString(hash) }

// InsertRefreshToken adds a refresh token. Its grant has to be kept as long; see UseGrant.
func (tx *Tx) InsertRefreshToken(t RefreshToken) error {
	t.CreatedAt = tx.created(t.CreatedAt)
	next := ""
	if t.Next != "" {
		next = tx.store.sealer.seal(nextPurpose(t.Hash), t.Next)
	}
	return tx.must("insert refresh_tokens", ErrExists, `INSERT INTO refresh_tokens (hash, grant_id, next, created_at, expires_at, used_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING`,
		t.Hash, t.GrantID, next, unix(t.CreatedAt), unix(t.ExpiresAt), unix(t.UsedAt))
}

// ExtendRefreshToken lets an unused token live on, for clients whose
// tokens do not rotate; ErrConflict when it was used.
func (tx *Tx) ExtendRefreshToken(hash []byte, until time.Time) error {
	return tx.must("extend refresh_tokens", ErrConflict,
		"UPDATE refresh_tokens SET expires_at = ?1 WHERE hash = ?2 AND used_at IS NULL", until.Unix(), hash)
}

// RefreshToken returns the token with this hash, used and expired ones included, or ErrNotFound.
func (tx *Tx) RefreshToken(hash []byte) (t RefreshToken, err error) {
	err = tx.scan("read refresh_tokens", ErrNotFound,
		[]any{&t.Hash, &t.GrantID, &t.Next, seconds{&t.CreatedAt}, seconds{&t.ExpiresAt}, seconds{&t.UsedAt}},
		"SELECT hash, grant_id, next, created_at, expires_at, used_at FROM refresh_tokens WHERE hash = ?1"+tx.locked(), hash)
	if err == nil && t.Next != "" {
		t.Next, err = tx.store.sealer.open(nextPurpose(t.Hash), t.Next)
	}
	return t, err
}

// UseRefreshToken marks a token as used and keeps its successor, sealed.
// ErrConflict when it was used before (T-51).
func (tx *Tx) UseRefreshToken(hash []byte, next string) error {
	return tx.must("use refresh token", ErrConflict,
		"UPDATE refresh_tokens SET used_at = ?1, next = ?2 WHERE hash = ?3 AND used_at IS NULL",
		tx.Now.Unix(), tx.store.sealer.seal(nextPurpose(hash), next), hash)
}

// RevokeJTI refuses one access token until it expires by itself.
func (tx *Tx) RevokeJTI(jti string, until time.Time) error {
	tx.ends = true
	_, err := tx.exec("revoke jti", `INSERT INTO jtis (jti, expires_at) VALUES (?1, ?2)
		ON CONFLICT (jti) DO UPDATE SET expires_at = excluded.expires_at`, jti, unix(until))
	return err
}

// JTIRevoked tells whether the access token was revoked. What has expired may be forgotten.
func (tx *Tx) JTIRevoked(jti string) (bool, error) {
	var n int
	err := tx.scan("read jti", ErrNotFound, []any{&n}, "SELECT COUNT(*) FROM jtis WHERE jti = ?1", jti)
	return n > 0, err
}
