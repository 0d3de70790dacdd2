package store

import (
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// sessionRow is a Session; the two convert into one another.
type sessionRow struct {
	SID        string `gorm:"column:sid;primaryKey"`
	Hash       []byte
	UserID     string
	PasswordAt time.Time `gorm:"serializer:moment"`
	CodeAt     time.Time `gorm:"serializer:moment"`
	DeviceAt   time.Time `gorm:"serializer:moment"`
	Channel    mfa.Channel
	FactorID   string
	PasskeyAt  time.Time `gorm:"serializer:moment"`
	PasskeyID  string

	PasskeyVerified, PasskeySynced bool

	UserAgent, IP string
	CreatedAt     time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	SeenAt        time.Time `gorm:"serializer:moment"`
	EndedAt       time.Time `gorm:"serializer:moment"`
	ExpiresAt     time.Time `gorm:"serializer:moment"`
	Ceremony      int
}

func (sessionRow) TableName() string { return "sessions" }

// InsertSession adds a session.
func (tx *Tx) InsertSession(s Session) error {
	s.CreatedAt = tx.created(s.CreatedAt)
	return insert(tx, sessionRow(s))
}

// SessionByHash returns the session whose cookie hashes to hash, ended and
// expired ones included, or ErrNotFound. Every page reads one: this is SQL.
func (tx *Tx) SessionByHash(hash []byte) (s Session, err error) {
	err = tx.scan("read sessions", ErrNotFound, []any{
		&s.SID, &s.Hash, &s.UserID,
		seconds{&s.PasswordAt},
		seconds{&s.CodeAt},
		seconds{&s.DeviceAt},
		&s.Channel, &s.FactorID,
		seconds{&s.PasskeyAt},
		&s.PasskeyID, &s.PasskeyVerified, &s.PasskeySynced, &s.UserAgent, &s.IP,
		seconds{&s.CreatedAt},
		seconds{&s.SeenAt},
		seconds{&s.EndedAt},
		seconds{&s.ExpiresAt},
		&s.Ceremony,
	}, `SELECT sid, hash, user_id, password_at, code_at, device_at, channel, factor_id, passkey_at, passkey_id, passkey_verified,
		passkey_synced, user_agent, ip, created_at, seen_at, ended_at, expires_at, ceremony
		FROM sessions WHERE hash = ?1`+tx.locked(), hash)
	return s, err
}

// Session returns one session, ended and expired ones included, or ErrNotFound.
func (tx *Tx) Session(sid string) (Session, error) {
	row, err := take[sessionRow](tx, "sid = ?", sid)
	return Session(row), err
}

// UpdateSession writes every field but EndedAt, which EndSession sets, and Ceremony, which SpendSessionChallenge
// counts; ErrNotFound when there is none.
func (tx *Tx) UpdateSession(s Session) error {
	return update(tx, sessionRow(s), "ended_at", "ceremony")
}

// Sessions returns the user's sessions that are neither ended nor expired, the newest first.
func (tx *Tx) Sessions(userID string) ([]Session, error) {
	rows, err := list[sessionRow](tx, "created_at DESC, sid", 0,
		"user_id = ? AND ended_at IS NULL AND expires_at > ?", userID, tx.Now.Unix())
	return each(rows, func(r sessionRow) Session { return Session(r) }), err
}

// EndSession ends a session; one that has ended stays as it is.
func (tx *Tx) EndSession(sid string) error {
	_, err := tx.exec("end session", "UPDATE sessions SET ended_at = ?1 WHERE sid = ?2 AND ended_at IS NULL", tx.Now.Unix(), sid)
	return err
}

// EndSessions ends the user's sessions except one, which may be "", and
// returns the SIDs of those that were live.
func (tx *Tx) EndSessions(userID, exceptSID string) ([]string, error) {
	if err := tx.writable(); err != nil {
		return nil, err
	}
	var sids []string
	err := tx.db.Raw(`UPDATE sessions SET ended_at = ? WHERE user_id = ? AND sid <> ? AND ended_at IS NULL AND expires_at > ?
		RETURNING sid`, tx.Now.Unix(), userID, exceptSID, tx.Now.Unix()).Scan(&sids).Error
	return sids, tx.noting("end sessions", err)
}
