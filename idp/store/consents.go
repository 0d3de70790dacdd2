package store

import "time"

// consentRow is a Consent; the two convert into one another.
type consentRow struct {
	UserID    string    `gorm:"primaryKey"`
	ClientID  string    `gorm:"primaryKey"`
	Scopes    []string  `gorm:"serializer:json"`
	GrantedAt time.Time `gorm:"serializer:moment"`
}

func (consentRow) TableName() string { return "consents" }

// Consent returns what the user allowed the client, or ErrNotFound.
func (tx *Tx) Consent(userID, clientID string) (Consent, error) {
	row, err := take[consentRow](tx, "user_id = ? AND client_id = ?", userID, clientID)
	return Consent(row), err
}

// PutConsent stores a consent in place of what was there.
func (tx *Tx) PutConsent(c Consent) error {
	if err := tx.DeleteConsent(c.UserID, c.ClientID); err != nil {
		return err
	}
	c.GrantedAt = tx.created(c.GrantedAt)
	return insert(tx, consentRow(c))
}

// DeleteConsent takes a consent back, if there is one.
func (tx *Tx) DeleteConsent(userID, clientID string) error {
	_, err := tx.exec("delete consent", "DELETE FROM consents WHERE user_id = ?1 AND client_id = ?2", userID, clientID)
	return err
}

// Consents returns a user's consents, the newest first.
func (tx *Tx) Consents(userID string) ([]Consent, error) {
	rows, err := list[consentRow](tx, "granted_at DESC, client_id", 0, "user_id = ?", userID)
	return each(rows, func(r consentRow) Consent { return Consent(r) }), err
}
