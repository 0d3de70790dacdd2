package templates

import "time"

// DevicePage asks for the code that a device without a browser shows.
type DevicePage struct{ Code, Error string }

// DeviceConfirmPage asks whether that device is to be connected.
type DeviceConfirmPage struct {
	Owner, Email string
	// Code is to be compared with the one on the device.
	Code   string
	Scopes []ScopeRow
	// At is when the device asked, Place where it is in words; without one, IP is
	// what may be shown of its address.
	At        time.Time
	Place, IP string
}
