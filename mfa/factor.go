package mfa

import "time"

// Channel says how a factor brings its code to the person.
type Channel string

// The channels. Voice and SMS reach a phone number; App is an authenticator
// app (RFC 6238); RecoveryCode is a saved look-up secret (NIST §3.1.2).
const (
	SMS          Channel = "sms"
	Voice        Channel = "voice"
	App          Channel = "app"
	RecoveryCode Channel = "recovery"
)

// Phone reports whether codes of this channel go to a phone number.
func (c Channel) Phone() bool { return c == SMS || c == Voice }

// Role is a factor's place: one primary at most, any number of backups (S-025, S-053).
type Role string

// The roles.
const (
	Primary Role = "primary"
	Backup  Role = "backup"
)

// Factor is one registered way to receive or compute security codes.
// Number and Secret are in clear here; at rest they are sealed.
type Factor struct {
	ID      string
	UserID  string
	Channel Channel
	Role    Role
	// Name is what the person calls an app; empty for phones.
	Name string
	// Number is E.164; empty for an app.
	Number string
	// Secret is the TOTP key; nil for phones.
	Secret []byte
	// LastStep is the last TOTP time step that was accepted: no code of this
	// or an earlier step is accepted again (RFC 6238 §5.2, N-30).
	LastStep int64
	// Drift is the learned clock drift in steps, −1 to 1 (C-03).
	Drift int
	// Failures counts consecutive wrong codes, across challenges (N-20, N-40).
	Failures int
	// Draft is set until the wizard's third page turns two-step verification on (S-062).
	Draft bool
	// Binding is the sign-in or the session in which a draft was made: no other
	// may build on it. Empty once it is no draft.
	Binding string
	// The zero time in these means: it has not happened.
	CreatedAt, VerifiedAt, DisabledAt, LastUsedAt time.Time
	// HeldUntil is the end of the time in which it gives no power over other
	// methods (C-40). DormantAt is when two-step verification went off and left it
	// behind (S-127), NoticedAt when its owner was last written to about its state.
	HeldUntil, DormantAt, NoticedAt time.Time
}

// Usable reports whether the factor may be asked for at sign-in.
func (f Factor) Usable() bool { return f.DisabledAt.IsZero() && !f.Draft }

// Verified reports whether a code was ever received or computed with it.
func (f Factor) Verified() bool { return !f.VerifiedAt.IsZero() }

// Enrolment is a factor being added: chosen, not yet proved. A person has at
// most one; a new choice replaces it.
type Enrolment struct {
	ID     string
	UserID string
	// Binding is the sign-in or the session it belongs to; no other may continue it (T-10, T-58).
	Binding string
	// Replaces is the factor whose place it takes; empty when it is one more.
	Replaces string
	Role     Role
	Channel  Channel
	// Number is E.164; empty for an app.
	Number string
	// Secret is the TOTP key offered as QR code and as text; it survives reloads (ux 6.4).
	Secret               []byte
	CreatedAt, ExpiresAt time.Time
}

// TrustedDevice is a browser whose owner asked not to be asked for codes there.
type TrustedDevice struct {
	ID     string
	UserID string
	// Epoch is the person's security epoch when it was trusted: any credential
	// change raises the person's and so ends every device at once (S-126).
	Epoch                            int
	UserAgent, IP                    string
	CreatedAt, LastUsedAt, ExpiresAt time.Time
}
