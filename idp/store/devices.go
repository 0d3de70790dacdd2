package store

import (
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// deviceFields are a mfa.TrustedDevice; the two convert into one another.
type deviceFields struct {
	ID            string `gorm:"primaryKey"`
	UserID        string
	Epoch         int
	UserAgent, IP string
	CreatedAt     time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	LastUsedAt    time.Time `gorm:"serializer:moment"`
	ExpiresAt     time.Time `gorm:"serializer:moment"`
}

type deviceRow struct {
	Device         deviceFields `gorm:"embedded"`
	Hash, Previous []byte
	RotatedAt      time.Time `gorm:"serializer:moment"`
}

func (deviceRow) TableName() string { return "devices" }

func (r deviceRow) device() Device {
	return Device{TrustedDevice: mfa.TrustedDevice(r.Device), Hash: r.Hash, Previous: r.Previous, RotatedAt: r.RotatedAt}
}

// InsertDevice adds a trusted device.
func (tx *Tx) InsertDevice(d Device) error {
	d.CreatedAt = tx.created(d.CreatedAt)
	return insert(tx, deviceRow{Device: deviceFields(d.TrustedDevice), Hash: d.Hash, Previous: d.Previous, RotatedAt: d.RotatedAt})
}

// DeviceByHash returns the device whose cookie, or the one before it, hashes
// to hash; expired ones included; or ErrNotFound.
func (tx *Tx) DeviceByHash(hash []byte) (Device, error) {
	row, err := take[deviceRow](tx, "hash = ? OR previous = ?", hash, hash)
	return row.device(), err
}

// Devices returns a user's devices, the newest first; expired ones included.
func (tx *Tx) Devices(userID string) ([]Device, error) {
	rows, err := list[deviceRow](tx, "created_at DESC, id", 0, "user_id = ?", userID)
	return each(rows, deviceRow.device), err
}

// RotateDevice exchanges the cookie's hash and keeps the old one as Previous.
// ErrConflict unless from is the present one: of two requests at once one rotates.
func (tx *Tx) RotateDevice(id string, from, to []byte) error {
	return tx.must("rotate device", ErrConflict, `UPDATE devices SET hash = ?1, previous = ?2, rotated_at = ?3, last_used_at = ?3
		WHERE id = ?4 AND hash = ?2`, to, from, tx.Now.Unix(), id)
}

// DeleteDevice forgets a device, or returns ErrNotFound.
func (tx *Tx) DeleteDevice(id string) error {
	return tx.must("delete device", ErrNotFound, "DELETE FROM devices WHERE id = ?1", id)
}

// DeleteDevices forgets all devices of a user and returns how many there were.
func (tx *Tx) DeleteDevices(userID string) (int, error) {
	n, err := tx.exec("delete devices", "DELETE FROM devices WHERE user_id = ?1", userID)
	return int(n), err
}
