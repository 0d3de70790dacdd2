package store

import (
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// Use is what somebody has to do with a relying party beside their grants:
// whether they use it, and what they were told of its enforcement date.
type Use struct {
	UserID, ClientID string
	// FirstAt is the zero time for who never signed in there; LastAt is true to the day.
	FirstAt, LastAt time.Time
	// PutOffAt is when the notice of the date was last put off.
	PutOffAt time.Time
	// RemindedFrom is the date that the last mail was about, RemindedDays how many
	// days before it that mail belongs to.
	RemindedFrom time.Time
	RemindedDays int
	// ExtendedUntil is until when the date does not count for this person; it is
	// given once, at ExtendedAt.
	ExtendedUntil, ExtendedAt time.Time
}

// useRow is a Use; the two convert into one another.
type useRow struct {
	UserID        string    `gorm:"primaryKey"`
	ClientID      string    `gorm:"primaryKey"`
	FirstAt       time.Time `gorm:"serializer:moment"`
	LastAt        time.Time `gorm:"serializer:moment"`
	PutOffAt      time.Time `gorm:"serializer:moment"`
	RemindedFrom  time.Time `gorm:"serializer:moment"`
	RemindedDays  int
	ExtendedUntil time.Time `gorm:"serializer:moment"`
	ExtendedAt    time.Time `gorm:"serializer:moment"`
}

func (useRow) TableName() string { return "uses" }

// Use returns what there is between a user and a client; without anything, a
// Use that holds their ids alone.
func (tx *Tx) Use(userID, clientID string) (Use, error) {
	u := Use{UserID: userID, ClientID: clientID}
	err := tx.scan("read uses", ErrNotFound, []any{
		seconds{&u.FirstAt},
		seconds{&u.LastAt},
		seconds{&u.PutOffAt},
		seconds{&u.RemindedFrom},
		&u.RemindedDays,
		seconds{&u.ExtendedUntil},
		seconds{&u.ExtendedAt},
	}, `SELECT first_at, last_at, put_off_at, reminded_from, reminded_days, extended_until, extended_at
		FROM uses WHERE user_id = ?1 AND client_id = ?2`+tx.locked(), userID, clientID)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return u, err
}

// Uses returns all of a user, by client.
func (tx *Tx) Uses(userID string) ([]Use, error) {
	rows, err := list[useRow](tx, "client_id", 0, "user_id = ?", userID)
	return each(rows, func(r useRow) Use { return Use(r) }), err
}

// Used notes that a user signed in to a client. It writes once a day at most.
func (tx *Tx) Used(userID, clientID string) error {
	_, err := tx.exec("note use", `INSERT INTO uses (user_id, client_id, first_at, last_at, reminded_days) VALUES (?1, ?2, ?3, ?3, 0)
		ON CONFLICT (user_id, client_id) DO UPDATE SET first_at = COALESCE(uses.first_at, excluded.first_at), last_at = excluded.last_at
		WHERE uses.last_at IS NULL OR uses.last_at <= ?4`, userID, clientID, tx.Now.Unix(), tx.Now.Add(-24*time.Hour).Unix())
	return err
}

// PutOffNotice notes that a user put the notice of a client's date off.
func (tx *Tx) PutOffNotice(userID, clientID string) error {
	_, err := tx.exec("put notice off", `INSERT INTO uses (user_id, client_id, put_off_at, reminded_days) VALUES (?1, ?2, ?3, 0)
		ON CONFLICT (user_id, client_id) DO UPDATE SET put_off_at = excluded.put_off_at`, userID, clientID, tx.Now.Unix())
	return err
}

// Remind notes that a user is told of a client's date, so many days before it.
// ErrConflict when they were told of this date as late as that, or never
// signed in there.
func (tx *Tx) Remind(userID, clientID string, from time.Time, days int) error {
	return tx.must("remind of date", ErrConflict, `UPDATE uses SET reminded_from = ?1, reminded_days = ?2
		WHERE user_id = ?3 AND client_id = ?4 AND first_at IS NOT NULL
		AND (reminded_from IS NULL OR reminded_from <> ?1 OR reminded_days > ?2)`, from.Unix(), days, userID, clientID)
}

// Extend lets a user use a client until a moment although its date has come;
// ErrConflict when that was done before, for whatever date it was.
func (tx *Tx) Extend(userID, clientID string, until time.Time) error {
	return tx.must("extend", ErrConflict, `INSERT INTO uses (user_id, client_id, extended_until, extended_at, reminded_days) VALUES (?1, ?2, ?3, ?4, 0)
		ON CONFLICT (user_id, client_id) DO UPDATE SET extended_until = excluded.extended_until, extended_at = excluded.extended_at
		WHERE uses.extended_at IS NULL`, userID, clientID, until.Unix(), tx.Now.Unix())
}

// ClientUser is a person in front of a client. The methods hold neither number nor secret.
type ClientUser struct {
	User     User
	Use      Use
	Factors  []mfa.Factor
	Passkeys []mfa.Passkey
}

// ClientUsers returns at most limit people whose id sorts after the given one:
// those who use a client or, if everybody is set, all there are. last is the id
// to go on after; it is empty at the end.
func (tx *Tx) ClientUsers(clientID string, everybody bool, after string, limit int) (people []ClientUser, last string, err error) {
	var users []userRow
	if everybody {
		users, err = list[userRow](tx, "id", limit, "id > ?", after)
	} else {
		users, err = list[userRow](tx, "id", limit, `id IN (SELECT user_id FROM uses
			WHERE client_id = ? AND first_at IS NOT NULL AND user_id > ? ORDER BY user_id LIMIT ?)`, clientID, after, limit)
	}
	if err != nil || len(users) == 0 {
		return nil, "", err
	}
	ids := each(users, func(u userRow) string { return u.ID })
	uses, err := list[useRow](tx, "user_id", 0, "client_id = ? AND user_id IN ?", clientID, ids)
	if err != nil {
		return nil, "", err
	}
	factors, err := list[factorRow](tx, "created_at, id", 0, "user_id IN ?", ids)
	if err != nil {
		return nil, "", err
	}
	passkeys, err := list[passkeyRow](tx, "created_at, id", 0, "user_id IN ?", ids)
	if err != nil {
		return nil, "", err
	}
	people, err = tx.crowd(users, uses, factors, passkeys)
	if len(users) == limit {
		last = ids[limit-1]
	}
	return people, last, err
}

// crowd puts together what belongs to each.
func (tx *Tx) crowd(users []userRow, uses []useRow, factors []factorRow, passkeys []passkeyRow) ([]ClientUser, error) {
	at := make(map[string]*ClientUser, len(users))
	people := make([]ClientUser, len(users))
	for i, u := range users {
		people[i].User = User(u)
		at[u.ID] = &people[i]
	}
	for _, u := range uses {
		at[u.UserID].Use = Use(u)
	}
	for _, r := range factors {
		r.Factor.Number, r.Factor.Secret = "", nil // sealed, and of no use here
		at[r.Factor.UserID].Factors = append(at[r.Factor.UserID].Factors, mfa.Factor(r.Factor))
	}
	for _, r := range passkeys {
		k, err := tx.openPasskey(r)
		if err != nil {
			return nil, err
		}
		at[k.UserID].Passkeys = append(at[k.UserID].Passkeys, k)
	}
	return people, nil
}
