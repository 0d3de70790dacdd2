package store

// Codes are read and written in SQL, as refresh tokens are.

// InsertCode adds an authorization code.
func (tx *Tx) InsertCode(c Code) error {
	c.CreatedAt = tx.created(c.CreatedAt)
	return tx.must("insert codes", ErrExists, `INSERT INTO codes (hash, grant_id, client_id, redirect_uri, nonce, challenge, jkt, created_at, expires_at, used_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING`,
		c.Hash, c.GrantID, c.ClientID, c.RedirectURI, c.Nonce, c.Challenge, c.JKT, unix(c.CreatedAt), unix(c.ExpiresAt), unix(c.UsedAt))
}

const codeColumns = "hash, grant_id, client_id, redirect_uri, nonce, challenge, jkt, created_at, expires_at, used_at"

func (c *Code) columns() []any {
	return []any{
		&c.Hash, &c.GrantID, &c.ClientID, &c.RedirectURI, &c.Nonce, &c.Challenge, &c.JKT,
		seconds{&c.CreatedAt},
		seconds{&c.ExpiresAt},
		seconds{&c.UsedAt},
	}
}

// Code returns the code with this hash, used and expired ones included, or ErrNotFound.
func (tx *Tx) Code(hash []byte) (c Code, err error) {
	err = tx.scan("read codes", ErrNotFound, c.columns(), "SELECT "+codeColumns+" FROM codes WHERE hash = ?1"+tx.locked(), hash)
	return c, err
}

// UseCode marks a client's code as used and returns it; ErrConflict when it was
// used before, is another client's, or there is none (T-17, RFC 6749 §4.1.2).
func (tx *Tx) UseCode(hash []byte, clientID string) (c Code, err error) {
	err = tx.must("use code", ErrConflict,
		"UPDATE codes SET used_at = ?1 WHERE hash = ?2 AND client_id = ?3 AND used_at IS NULL", tx.Now.Unix(), hash, clientID)
	if err != nil {
		return c, err
	}
	return tx.Code(hash)
}
