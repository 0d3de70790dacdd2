package store

import "time"

// DeviceCode is a device without a browser that waits for a person to connect
// it (RFC 8628). Hash is of the code that it polls with.
type DeviceCode struct {
	Hash []byte
	// UserCode is what the person types, as it is shown on the device; sealed at
	// rest, and found by its MAC: it is too short for a hash to hide it.
	UserCode          string
	ClientID          string
	Scopes, Resources []string
	// IP and UserAgent are the device's.
	IP, UserAgent string
	// Pace is the seconds that must lie between two polls.
	Pace     int
	PolledAt time.Time
	// AnsweredAt is when a person said yes or no; GrantID is empty after a no.
	AnsweredAt time.Time
	GrantID    string
	// UsedAt is when the device was given its tokens.
	UsedAt               time.Time
	CreatedAt, ExpiresAt time.Time
}

// deviceColumns are what DeviceCode reads.
const deviceColumns = `hash, user_code, client_id, scopes, resources, ip, user_agent, pace,
	polled_at, answered_at, grant_id, used_at, created_at, expires_at`

func (tx *Tx) userCodeMAC(code string) []byte { return tx.store.MAC("user code", code) }

// InsertDeviceCode adds a device that waits; ErrExists when one of its codes is
// taken.
func (tx *Tx) InsertDeviceCode(d DeviceCode) error {
	d.CreatedAt = tx.created(d.CreatedAt)
	sealed := tx.store.sealer.seal("user code of "+d.ClientID, d.UserCode)
	return tx.must("insert device code", ErrExists, `INSERT INTO device_codes
		(hash, user_mac, user_code, client_id, scopes, resources, ip, user_agent, pace, grant_id, created_at, expires_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', ?10, ?11) ON CONFLICT DO NOTHING`,
		d.Hash, tx.userCodeMAC(d.UserCode), sealed, d.ClientID, listJSON(d.Scopes), listJSON(d.Resources), d.IP, d.UserAgent,
		d.Pace, unix(d.CreatedAt), unix(d.ExpiresAt))
}

// DeviceCode returns the device whose code has this hash, answered, used and
// expired ones included, or ErrNotFound.
func (tx *Tx) DeviceCode(hash []byte) (DeviceCode, error) { return tx.deviceCode("hash", hash) }

// DeviceByUserCode returns the device that shows this code, answered, used and
// expired ones included, or ErrNotFound.
func (tx *Tx) DeviceByUserCode(code string) (DeviceCode, error) {
	return tx.deviceCode("user_mac", tx.userCodeMAC(code))
}

func (tx *Tx) deviceCode(column string, key []byte) (d DeviceCode, err error) {
	var sealed string
	err = tx.scan("read device code", ErrNotFound, []any{
		&d.Hash, &sealed, &d.ClientID,
		stringsJSON{&d.Scopes},
		stringsJSON{&d.Resources},
		&d.IP, &d.UserAgent, &d.Pace,
		seconds{&d.PolledAt},
		seconds{&d.AnsweredAt},
		&d.GrantID,
		seconds{&d.UsedAt},
		seconds{&d.CreatedAt},
		seconds{&d.ExpiresAt},
	}, "SELECT "+deviceColumns+" FROM device_codes WHERE "+column+" = ?1"+tx.locked(), key)
	if err == nil {
		d.UserCode, err = tx.store.sealer.open("user code of "+d.ClientID, sealed)
	}
	return d, err
}

// PollDeviceCode notes a poll, and the pace that is asked for from then on.
func (tx *Tx) PollDeviceCode(hash []byte, pace int) error {
	return tx.must("poll device code", ErrNotFound, "UPDATE device_codes SET polled_at = ?1, pace = ?2 WHERE hash = ?3", tx.Now.Unix(), pace, hash)
}

// AnswerDeviceCode connects a device to a grant, or refuses it with the empty
// grantID; ErrConflict when it was answered before or has expired.
func (tx *Tx) AnswerDeviceCode(hash []byte, grantID string) error {
	return tx.must("answer device code", ErrConflict,
		"UPDATE device_codes SET answered_at = ?1, grant_id = ?2 WHERE hash = ?3 AND answered_at IS NULL AND expires_at > ?1",
		tx.Now.Unix(), grantID, hash)
}

// UseDeviceCode marks a code as used; ErrConflict when it was used before.
func (tx *Tx) UseDeviceCode(hash []byte) error {
	return tx.must("use device code", ErrConflict,
		"UPDATE device_codes SET used_at = ?1 WHERE hash = ?2 AND used_at IS NULL", tx.Now.Unix(), hash)
}
