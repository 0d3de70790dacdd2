package mfa

import "time"

// Passkey is a WebAuthn credential of a person: a key pair on their device, in
// their password manager or on a security key, of which the public half is here.
type Passkey struct {
	ID     string
	UserID string
	// Name is what the person calls it.
	Name string
	// Credential is the authenticator's id for it, PublicKey a COSE key.
	Credential, PublicKey []byte
	// SignCount is the last counter that was seen; 0 where the authenticator has none.
	SignCount uint32
	// AAGUID names the make of the authenticator, when it says.
	AAGUID string
	// Transports are how a browser reaches it.
	Transports []string
	// Synced is set when its provider may copy it to other devices; it never
	// changes. BackedUp tells whether that has happened.
	Synced, BackedUp bool
	// HeldUntil is the end of the time in which it cannot help to remove others (C-40).
	HeldUntil time.Time
	// The zero time in these means: it has not happened. DisabledAt is set when
	// its counter went backwards, as that of a copy does.
	CreatedAt, LastUsedAt, DisabledAt time.Time
}

// Usable reports whether it may be asked for.
func (k Passkey) Usable() bool { return k.DisabledAt.IsZero() }
