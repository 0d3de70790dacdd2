package store

import "time"

// RegistrationToken is an initial access token: it lets clients register
// themselves (RFC 7591 §3). Its secret is a hash.
type RegistrationToken struct {
	ID   string
	Hash []byte
	// Name is for people: whom it was given to.
	Name string
	// Uses is how many clients it may register, Used how many it has.
	Uses, Used                      int
	CreatedAt, ExpiresAt, RevokedAt time.Time
}

// Registration is what a client that registered itself has beside others.
type Registration struct {
	ClientID string
	// Hash is of its registration access token (RFC 7592).
	Hash []byte
	// TokenID is the initial access token that let it in.
	TokenID   string
	CreatedAt time.Time
}

const registrationTokenColumns = "id, hash, name, uses, used, created_at, expires_at, revoked_at"

func (t *RegistrationToken) fields() []any {
	return []any{&t.ID, &t.Hash, &t.Name, &t.Uses, &t.Used, seconds{&t.CreatedAt}, seconds{&t.ExpiresAt}, seconds{&t.RevokedAt}}
}

// InsertRegistrationToken adds an initial access token; ErrExists when the id is taken.
func (tx *Tx) InsertRegistrationToken(t RegistrationToken) error {
	return tx.must("insert registration token", ErrExists, `INSERT INTO registration_tokens (`+registrationTokenColumns+`)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING`,
		t.ID, t.Hash, t.Name, t.Uses, t.Used, unix(tx.created(t.CreatedAt)), unix(t.ExpiresAt), unix(t.RevokedAt))
}

// RegistrationToken returns the initial access token with this hash, spent,
// revoked and expired ones included, or ErrNotFound.
func (tx *Tx) RegistrationToken(hash []byte) (t RegistrationToken, err error) {
	err = tx.scan("read registration token", ErrNotFound, t.fields(),
		"SELECT "+registrationTokenColumns+" FROM registration_tokens WHERE hash = ?1"+tx.locked(), hash)
	return t, err
}

// RegistrationTokens returns all there are, the oldest first.
func (tx *Tx) RegistrationTokens() ([]RegistrationToken, error) {
	var all []RegistrationToken
	err := tx.scanAll("list registration tokens", func() []any {
		all = append(all, RegistrationToken{})
		return all[len(all)-1].fields()
	}, "SELECT "+registrationTokenColumns+" FROM registration_tokens ORDER BY created_at, id")
	return all, err
}

// UseRegistrationToken counts one use; ErrConflict when it is spent, revoked or expired.
func (tx *Tx) UseRegistrationToken(id string) error {
	return tx.must("use registration token", ErrConflict,
		"UPDATE registration_tokens SET used = used + 1 WHERE id = ?1 AND used < uses AND revoked_at IS NULL AND expires_at > ?2",
		id, tx.Now.Unix())
}

// RevokeRegistrationToken ends a token; ErrNotFound when there is none that lives.
func (tx *Tx) RevokeRegistrationToken(id string) error {
	return tx.must("revoke registration token", ErrNotFound,
		"UPDATE registration_tokens SET revoked_at = ?1 WHERE id = ?2 AND revoked_at IS NULL", tx.Now.Unix(), id)
}

// InsertRegistration adds a client's registration; the client is there already.
func (tx *Tx) InsertRegistration(r Registration) error {
	return tx.must("insert registration", ErrExists, `INSERT INTO registrations (client_id, hash, token_id, created_at)
		VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`, r.ClientID, r.Hash, r.TokenID, unix(tx.created(r.CreatedAt)))
}

// Registration returns a client's registration, or ErrNotFound when it did not register itself.
func (tx *Tx) Registration(clientID string) (r Registration, err error) {
	err = tx.scan("read registration", ErrNotFound, []any{&r.ClientID, &r.Hash, &r.TokenID, seconds{&r.CreatedAt}},
		"SELECT client_id, hash, token_id, created_at FROM registrations WHERE client_id = ?1"+tx.locked(), clientID)
	return r, err
}

// RotateRegistration replaces a registration access token; ErrConflict when the
// old one is not it any more.
func (tx *Tx) RotateRegistration(clientID string, from, to []byte) error {
	return tx.must("rotate registration", ErrConflict,
		"UPDATE registrations SET hash = ?1 WHERE client_id = ?2 AND hash = ?3", to, clientID, from)
}

// CountRegistrations is how many clients have registered themselves.
func (tx *Tx) CountRegistrations() (n int, err error) {
	err = tx.scan("count registrations", ErrNotFound, []any{&n}, "SELECT COUNT(*) FROM registrations")
	return n, err
}

// DeleteClient forgets a client of the database; ErrNotFound when there is none.
func (tx *Tx) DeleteClient(id string) error {
	if err := tx.must("delete client", ErrNotFound, "DELETE FROM clients WHERE id = ?1", id); err != nil {
		return err
	}
	return tx.raiseClientsVersion()
}
