package store

import (
	"errors"
	"time"
)

// grantFields are a Grant; the two convert into one another.
type grantFields struct {
	ID         string `gorm:"primaryKey"`
	ClientID   string
	UserID     string
	SID        string `gorm:"column:sid"`
	Subject    string
	ShopID     string
	ACR        string    `gorm:"column:acr"`
	AMR        []string  `gorm:"column:amr;serializer:json"`
	Scopes     []string  `gorm:"serializer:json"`
	Resources  []string  `gorm:"serializer:json"`
	AuthTime   time.Time `gorm:"serializer:moment"`
	CreatedAt  time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	RevokedAt  time.Time `gorm:"serializer:moment"`
	LastUsedAt time.Time `gorm:"serializer:moment"`
	JKT        string    `gorm:"column:jkt"`
	X5T        string    `gorm:"column:x5t"`
	Claims     Claims    `gorm:"serializer:json"`
}

type grantRow struct {
	Grant grantFields `gorm:"embedded"`
	// KeepUntil is when the last token that points at the grant has expired for certain.
	KeepUntil time.Time `gorm:"serializer:moment"`
}

func (grantRow) TableName() string { return "grants" }

// GrantFilter selects grants: those that match every field that is set.
type GrantFilter struct {
	UserID, ClientID, ShopID string
	// Except spares one grant, by its ID, or one session's grants, by their SID.
	Except string
}

// keepGrant is how long a grant is kept when no refresh token asks for more.
// Codes and access tokens live far shorter.
const keepGrant = 30 * 24 * time.Hour

// InsertGrant adds a grant that needs no code.
func (tx *Tx) InsertGrant(g Grant) error { return tx.InsertGrantWithCode(g, Code{}) }

// InsertGrantWithCode adds a grant and its code.
func (tx *Tx) InsertGrantWithCode(g Grant, c Code) error {
	g.CreatedAt = tx.created(g.CreatedAt)
	return tx.must("insert grants", ErrExists, `INSERT INTO grants
		(id, client_id, user_id, sid, acr, amr, scopes, resources, auth_time, created_at, revoked_at, last_used_at, keep_until, shop_id, jkt, x5t, claims, subject,
		code_hash, code_redirect_uri, code_nonce, code_challenge, code_jkt, code_expires_at, code_used_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25) ON CONFLICT DO NOTHING`,
		g.ID, g.ClientID, g.UserID, g.SID, g.ACR, listJSON(g.AMR), listJSON(g.Scopes), listJSON(g.Resources),
		unix(g.AuthTime), unix(g.CreatedAt), unix(g.RevokedAt), unix(g.LastUsedAt), unix(g.CreatedAt.Add(keepGrant)), g.ShopID, g.JKT, g.X5T,
		claimsJSON{&g.Claims}.value(), g.Subject,
		c.Hash, c.RedirectURI, c.Nonce, c.Challenge, c.JKT, unix(c.ExpiresAt), unix(c.UsedAt))
}

const grantColumns = "id, client_id, user_id, sid, subject, shop_id, jkt, x5t, acr, amr, scopes, resources, auth_time, created_at, revoked_at, last_used_at, claims"

func (g *Grant) columns() []any {
	return []any{
		&g.ID, &g.ClientID, &g.UserID, &g.SID, &g.Subject, &g.ShopID, &g.JKT, &g.X5T, &g.ACR,
		stringsJSON{&g.AMR},
		stringsJSON{&g.Scopes},
		stringsJSON{&g.Resources},
		seconds{&g.AuthTime},
		seconds{&g.CreatedAt},
		seconds{&g.RevokedAt},
		seconds{&g.LastUsedAt},
		claimsJSON{&g.Claims},
	}
}

// Grant returns one grant, revoked ones included, or ErrNotFound. Every
// refresh and introspection reads one: this is SQL because it costs a third.
func (tx *Tx) Grant(id string) (g Grant, err error) {
	err = tx.scan("read grants", ErrNotFound, g.columns(), "SELECT "+grantColumns+" FROM grants WHERE id = ?1"+tx.locked(), id)
	return g, err
}

// GrantWithCode returns a grant and its code, revoked, used and expired ones
// included; ErrNotFound when there is no such grant, or it came without a code.
func (tx *Tx) GrantWithCode(id string) (g Grant, c Code, err error) {
	err = tx.scan("read codes", ErrNotFound, append(g.columns(), &c.Hash, &c.RedirectURI, &c.Nonce, &c.Challenge, &c.JKT,
		seconds{&c.ExpiresAt},
		seconds{&c.UsedAt},
	), "SELECT "+grantColumns+`, code_hash, code_redirect_uri, code_nonce, code_challenge, code_jkt, code_expires_at, code_used_at
		FROM grants WHERE id = ?1 AND code_hash IS NOT NULL`+tx.locked(), id)
	return g, c, err
}

// UseCode marks the code of a grant as used; ErrConflict when it was used
// before, or there is none (T-17, RFC 6749 §4.1.2).
func (tx *Tx) UseCode(grantID string) error {
	return tx.must("use code", ErrConflict,
		"UPDATE grants SET code_used_at = ?1 WHERE id = ?2 AND code_hash IS NOT NULL AND code_used_at IS NULL", tx.Now.Unix(), grantID)
}

// UseGrant notes that a grant is in use, to the minute, and lets it be kept until
// its tokens end. Mostly neither changes, and nothing is written.
func (tx *Tx) UseGrant(g Grant, until time.Time) error {
	if until.After(g.CreatedAt.Add(keepGrant)) {
		if _, err := tx.exec("keep grant", "UPDATE grants SET keep_until = ?1 WHERE id = ?2 AND keep_until < ?1", until.Unix(), g.ID); err != nil {
			return err
		}
	}
	if tx.Now.Sub(g.LastUsedAt) < time.Minute {
		return nil
	}
	_, err := tx.exec("use grant", "UPDATE grants SET last_used_at = ?1 WHERE id = ?2", tx.Now.Unix(), g.ID)
	return err
}

// BindGrant ties a grant's refresh tokens to the keys with these thumbprints.
func (tx *Tx) BindGrant(id, jkt, x5t string) error {
	return tx.must("bind grant", ErrNotFound, "UPDATE grants SET jkt = ?1, x5t = ?2 WHERE id = ?3", jkt, x5t, id)
}

// RevokeGrant ends a grant and with it every code and token that points at it;
// one that was revoked stays as it is.
func (tx *Tx) RevokeGrant(id string) error {
	tx.ends = true
	_, err := tx.exec("revoke grant", "UPDATE grants SET revoked_at = ?1 WHERE id = ?2 AND revoked_at IS NULL", tx.Now.Unix(), id)
	return err
}

// RevokeGrants ends the grants that f selects and returns those that were
// live. A filter that selects all is refused.
func (tx *Tx) RevokeGrants(f GrantFilter) ([]Grant, error) {
	if f.UserID == "" && f.ClientID == "" && f.ShopID == "" {
		return nil, errors.New("revoke grants: the filter selects all")
	}
	if err := tx.writable(); err != nil {
		return nil, err
	}
	tx.ends = true
	where, args := "revoked_at IS NULL AND id <> ? AND sid <> ?", []any{f.Except, f.Except}
	for column, v := range map[string]string{"user_id": f.UserID, "client_id": f.ClientID, "shop_id": f.ShopID} {
		if v != "" {
			where, args = where+" AND "+column+" = ?", append(args, v)
		}
	}
	var rows []grantRow
	err := tx.db.Raw("UPDATE grants SET revoked_at = ? WHERE "+where+" RETURNING *", append([]any{tx.Now.Unix()}, args...)...).Scan(&rows).Error
	return each(rows, func(r grantRow) Grant { return Grant(r.Grant) }), tx.noting("revoke grants", err)
}

// Grants returns a user's grants that are not revoked, the newest first.
func (tx *Tx) Grants(userID string) ([]Grant, error) {
	rows, err := list[grantRow](tx, "created_at DESC, id", 0, "user_id = ? AND revoked_at IS NULL", userID)
	return each(rows, func(r grantRow) Grant { return Grant(r.Grant) }), err
}

// SessionClients returns the IDs of the clients that were granted something in
// a person's session, revoked grants included.
func (tx *Tx) SessionClients(userID, sid string) ([]string, error) {
	var ids []string
	err := tx.scanAll("list clients of session", func() []any {
		ids = append(ids, "")
		return []any{&ids[len(ids)-1]}
	}, "SELECT DISTINCT client_id FROM grants WHERE user_id = ?1 AND sid = ?2 ORDER BY client_id", userID, sid)
	return ids, err
}
