package store

import "time"

// tokenRow is a Token with the values of Data sealed.
type tokenRow struct {
	ID        string `gorm:"primaryKey"`
	Hash      []byte
	Purpose   string
	UserID    string
	Browser   []byte
	Data      map[string]string `gorm:"serializer:json"`
	Attempts  int
	CreatedAt time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ExpiresAt time.Time `gorm:"serializer:moment"`
	UsedAt    time.Time `gorm:"serializer:moment"`
}

func (tokenRow) TableName() string { return "tokens" }

func (tx *Tx) newTokenRow(t Token) tokenRow {
	row := tokenRow(t)
	row.Data = tx.store.sealer.sealMap("token "+t.ID, t.Data)
	return row
}

func (tx *Tx) openToken(row tokenRow, err error) (Token, error) {
	if err != nil {
		return Token{}, err
	}
	row.Data, err = tx.store.sealer.openMap("token "+row.ID, row.Data)
	return Token(row), err
}

// InsertToken adds a token; ErrExists when the id is taken.
func (tx *Tx) InsertToken(t Token) error {
	t.CreatedAt = tx.created(t.CreatedAt)
	return insert(tx, tx.newTokenRow(t))
}

// Token returns one token, used and expired ones included, or ErrNotFound.
func (tx *Tx) Token(id string) (Token, error) {
	return tx.openToken(take[tokenRow](tx, "id = ?", id))
}

// TokenByHash returns the token of this purpose and hash, used and expired ones included, or ErrNotFound.
func (tx *Tx) TokenByHash(purpose string, hash []byte) (Token, error) {
	return tx.openToken(take[tokenRow](tx, "hash = ? AND purpose = ?", hash, purpose))
}

// UpdateToken writes Hash, Data and ExpiresAt.
func (tx *Tx) UpdateToken(t Token) error {
	return update(tx, tx.newTokenRow(t), "purpose", "user_id", "browser", "attempts", "created_at", "used_at")
}

// CountTokenAttempt counts one try before what was typed is compared, and
// returns how many there were; ErrConflict when limit tries are spent or it was
// used (T-26). Whoever refuses the try must do so with [Keep].
func (tx *Tx) CountTokenAttempt(id string, limit int) (int, error) {
	var n int
	err := tx.returning("count token attempt", ErrConflict, []any{&n},
		"UPDATE tokens SET attempts = attempts + 1 WHERE id = ?1 AND attempts < ?2 AND used_at IS NULL RETURNING attempts", id, limit)
	return n, err
}

// UseToken marks a token as used; ErrConflict when it was used before.
func (tx *Tx) UseToken(id string) error {
	return tx.must("use token", ErrConflict, "UPDATE tokens SET used_at = ?1 WHERE id = ?2 AND used_at IS NULL", tx.Now.Unix(), id)
}

// DeleteTokens removes a user's tokens of a purpose: a new one makes the old ones void.
func (tx *Tx) DeleteTokens(userID, purpose string) error {
	_, err := tx.exec("delete tokens", "DELETE FROM tokens WHERE user_id = ?1 AND purpose = ?2", userID, purpose)
	return err
}
