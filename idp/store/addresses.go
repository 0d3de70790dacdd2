package store

import "time"

// NoticeAddress is a further address that learns of every security event (N-51).
type NoticeAddress struct {
	ID, UserID string
	// Email is in clear here, sealed at rest.
	Email     string
	CreatedAt time.Time
}

// FormerEmail is an address that a person signed in with before. Until it
// expires it can be given back to them, and nobody else may have it (T-64).
type FormerEmail struct {
	ID, UserID string
	// Email is in clear here, sealed at rest.
	Email                string
	CreatedAt, ExpiresAt time.Time
}

// noticeRow is a NoticeAddress with Email sealed.
type noticeRow struct {
	ID        string `gorm:"primaryKey"`
	UserID    string
	Email     string
	CreatedAt time.Time `gorm:"serializer:moment;autoCreateTime:false"`
}

func (noticeRow) TableName() string { return "notice_addresses" }

func noticePurpose(id, userID string) string { return "notice address " + id + " of " + userID }

func (tx *Tx) openNotice(row noticeRow) (NoticeAddress, error) {
	var err error
	row.Email, err = tx.store.sealer.open(noticePurpose(row.ID, row.UserID), row.Email)
	return NoticeAddress(row), err
}

// InsertNoticeAddress adds an address that was proved; ErrExists when the id is taken.
func (tx *Tx) InsertNoticeAddress(a NoticeAddress) error {
	a.CreatedAt = tx.created(a.CreatedAt)
	row := noticeRow(a)
	row.Email = tx.store.sealer.seal(noticePurpose(a.ID, a.UserID), a.Email)
	return insert(tx, row)
}

// NoticeAddresses returns a user's further addresses, the oldest first.
func (tx *Tx) NoticeAddresses(userID string) ([]NoticeAddress, error) {
	rows, err := list[noticeRow](tx, "created_at, id", 0, "user_id = ?", userID)
	if err != nil {
		return nil, err
	}
	return tryEach(rows, tx.openNotice)
}

// DeleteNoticeAddress removes an address, or returns ErrNotFound.
func (tx *Tx) DeleteNoticeAddress(id string) error {
	return tx.must("delete notice address", ErrNotFound, "DELETE FROM notice_addresses WHERE id = ?1", id)
}

// formerRow is a FormerEmail with Email sealed.
type formerRow struct {
	ID, UserID, Email string
	EmailMAC          []byte    `gorm:"column:email_mac"`
	CreatedAt         time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ExpiresAt         time.Time `gorm:"serializer:moment"`
}

func (formerRow) TableName() string { return "former_emails" }

func formerPurpose(id, userID string) string { return "former address " + id + " of " + userID }

func (tx *Tx) formerMAC(email string) []byte { return tx.store.MAC("former address", email) }

// InsertFormerEmail keeps an address that its owner has just left.
func (tx *Tx) InsertFormerEmail(f FormerEmail) error {
	return insert(tx, formerRow{
		ID: f.ID, UserID: f.UserID, Email: tx.store.sealer.seal(formerPurpose(f.ID, f.UserID), f.Email),
		EmailMAC: tx.formerMAC(f.Email), CreatedAt: tx.created(f.CreatedAt), ExpiresAt: f.ExpiresAt,
	})
}

// FormerEmail returns one, expired ones included, or ErrNotFound.
func (tx *Tx) FormerEmail(id string) (f FormerEmail, err error) {
	row, err := take[formerRow](tx, "id = ?", id)
	if err != nil {
		return f, err
	}
	f = FormerEmail{ID: row.ID, UserID: row.UserID, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
	f.Email, err = tx.store.sealer.open(formerPurpose(row.ID, row.UserID), row.Email)
	return f, err
}

// FormerEmails returns those of a user that have not expired, the newest first.
func (tx *Tx) FormerEmails(userID string) ([]FormerEmail, error) {
	rows, err := list[formerRow](tx, "created_at DESC, id", 0, "user_id = ? AND expires_at > ?", userID, tx.Now.Unix())
	if err != nil {
		return nil, err
	}
	return tryEach(rows, func(r formerRow) (FormerEmail, error) {
		email, err := tx.store.sealer.open(formerPurpose(r.ID, r.UserID), r.Email)
		return FormerEmail{ID: r.ID, UserID: r.UserID, Email: email, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt}, err
	})
}

// EmailHeld is until when an address is kept for somebody other than userID;
// the zero time when it is not.
func (tx *Tx) EmailHeld(email, userID string) (time.Time, error) {
	var until time.Time
	err := tx.scan("read former_emails", ErrNotFound, []any{seconds{&until}},
		"SELECT MAX(expires_at) FROM former_emails WHERE email_mac = ?1 AND user_id <> ?2 AND expires_at > ?3",
		tx.formerMAC(email), userID, tx.Now.Unix())
	return until, err
}

// DeleteFormerEmails forgets the addresses that a user had before.
func (tx *Tx) DeleteFormerEmails(userID string) error {
	_, err := tx.exec("delete former addresses", "DELETE FROM former_emails WHERE user_id = ?1", userID)
	return err
}
