package store

import "time"

// userRow is a User; the two convert into one another.
type userRow struct {
	ID               string `gorm:"primaryKey"`
	Email, Name      string
	Lang, Zone       string
	Password         string
	PasswordLen      int
	PasswordFailures int
	MustChange       bool
	Roles            string
	Epoch            int

	EmailVerifiedAt  time.Time `gorm:"serializer:moment"`
	PasswordAt       time.Time `gorm:"serializer:moment"`
	PasswordFailedAt time.Time `gorm:"serializer:moment"`
	TwoStepAt        time.Time `gorm:"serializer:moment"`
	DisabledAt       time.Time `gorm:"serializer:moment"`
	CreatedAt        time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	UpdatedAt        time.Time `gorm:"serializer:moment;autoUpdateTime:false"`

	PasskeyOfferedAt time.Time `gorm:"serializer:moment"`
}

func (userRow) TableName() string { return "users" }

// InsertUser adds a user; ErrExists when the address or the id is taken.
func (tx *Tx) InsertUser(u User) error {
	u.CreatedAt = tx.created(u.CreatedAt)
	u.UpdatedAt = tx.created(u.UpdatedAt)
	return insert(tx, userRow(u))
}

// readUser reads a user in SQL: every token that is issued or shown reads one.
func (tx *Tx) readUser(where string, args ...any) (u User, err error) {
	err = tx.scan("read users", ErrNotFound, []any{
		&u.ID, &u.Email, &u.Name, &u.Lang, &u.Zone, &u.Password, &u.PasswordLen, &u.PasswordFailures, &u.MustChange, &u.Roles, &u.Epoch,
		seconds{&u.EmailVerifiedAt},
		seconds{&u.PasswordAt},
		seconds{&u.PasswordFailedAt},
		seconds{&u.TwoStepAt},
		seconds{&u.DisabledAt},
		seconds{&u.CreatedAt},
		seconds{&u.UpdatedAt},
		seconds{&u.PasskeyOfferedAt},
	}, `SELECT id, email, name, lang, zone, password, password_len, password_failures, must_change, roles, epoch, email_verified_at,
		password_at, password_failed_at, two_step_at, disabled_at, created_at, updated_at, passkey_offered_at FROM users WHERE `+where, args...)
	return u, err
}

// User returns one user, or ErrNotFound.
func (tx *Tx) User(id string) (User, error) {
	return tx.readUser("id = ?1"+tx.locked(), id)
}

// UserByEmail returns the user with this address (see [User]), or ErrNotFound.
func (tx *Tx) UserByEmail(email string) (User, error) {
	return tx.readUser("email = ?1"+tx.locked(), email)
}

// Bearer returns the user whom an access token of this grant speaks of;
// ErrNotFound when the grant or the token was revoked or the user disabled.
func (tx *Tx) Bearer(grantID, jti string) (User, error) {
	// No join: SQLite would plan a join anew for each value of its parameters, at four times the cost.
	return tx.readUser(`id = (SELECT user_id FROM grants WHERE id = ?1 AND revoked_at IS NULL)
		AND disabled_at IS NULL AND NOT EXISTS (SELECT 1 FROM jtis WHERE jti = ?2)`, grantID, jti)
}

// UpdateUser writes every field; UpdatedAt becomes tx.Now. After ErrExists,
// which means that the address is taken, the transaction cannot go on.
func (tx *Tx) UpdateUser(u User) error {
	u.UpdatedAt, tx.ends = tx.Now, true
	return update(tx, userRow(u))
}

// Users returns at most limit users whose id sorts after the given one, by id.
func (tx *Tx) Users(after string, limit int) ([]User, error) {
	rows, err := list[userRow](tx, "id", limit, "id > ?", after)
	return each(rows, func(r userRow) User { return User(r) }), err
}

// Staff returns everybody who has a role, by address.
func (tx *Tx) Staff() ([]User, error) {
	rows, err := list[userRow](tx, "email", 0, "roles <> ''")
	return each(rows, func(r userRow) User { return User(r) }), err
}
