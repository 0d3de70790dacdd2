package signin

import (
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/mfa"
)

// Facts are all that [Decide] looks at.
type Facts struct {
	Now     time.Time
	Request Request
	Rules   clients.Rules
	Person  Person
	Proofs  Proofs
	// Shop is zero where the client does not ask for one.
	Shop Shop
	// Granted are the scopes the person has allowed this client before.
	Granted []string
	Limits  Limits
}

// Request is what was asked for; it is fixed when the sign-in starts and never
// read from a later URL (T-11).
type Request struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Cancelled bool      `json:"cancelled,omitempty"`
	// None, Login, Consent, Select and Create are the values of prompt (OIDC Core §3.1.2.1).
	None    bool `json:"none,omitempty"`
	Login   bool `json:"login,omitempty"`
	Consent bool `json:"consent,omitempty"`
	Select  bool `json:"select,omitempty"`
	Create  bool `json:"create,omitempty"`
	// MaxAge is nil when max_age was not sent; 0 means login (O-20).
	MaxAge *time.Duration `json:"max_age,omitempty"`
	// Want is the strongest level of acr_values that is reachable; Essential
	// makes it binding (claims.id_token.acr, O-23).
	Want      Level `json:"want,omitempty"`
	Essential bool  `json:"essential,omitempty"`
	// HintSubject is the subject of a valid id_token_hint.
	HintSubject string `json:"hint_subject,omitempty"`
	// Scopes that need consent; openid is not among them.
	Scopes []string `json:"scopes,omitempty"`
	// Sudo asks for password and, where two-step verification is on, a live code
	// within Limits.Sudo: before factors and credentials change.
	Sudo bool `json:"sudo,omitempty"`
	// Staff is set for the pages under /admin: two-step verification must be on
	// beside the passkey that Want asks for (T-43).
	Staff bool `json:"staff,omitempty"`
	// Device connects a device that has no browser of its own (RFC 8628): proofs
	// as fresh as for Sudo, and the person confirms the device every time.
	Device bool `json:"device,omitempty"`
}

// Person is who is signing in. The zero Person means: not known yet.
type Person struct {
	ID       string
	Disabled bool
	// TwoStep is whether two-step verification is on; Primary and Backup whether
	// a usable main and a usable backup method exist.
	TwoStep, Primary, Backup bool
	// Passkey is whether a passkey exists that may be used.
	Passkey bool
	// Offered is whether a passkey was offered before: it is done once.
	Offered bool
	// Reset is set from a recovery by review on, until two-step verification is
	// set up again (S-133).
	Reset bool
	// Staff is whether they have a role: who has a passkey then changes
	// credentials with it only, or a code that was phished would replace it (T-43).
	Staff bool
	// ExtendedUntil is until when this person may use the client without two-step
	// verification although its date has come; the zero time for everybody else.
	ExtendedUntil time.Time
	// NoticedAt is when they last put the notice of this client's date off.
	NoticedAt time.Time
}

// Shop is whom a person acts for, at a client that asks for that (S-091).
type Shop struct {
	// Choose is set while they have to choose among several.
	Choose bool
	// From is from when the chosen one demands two-step verification of their
	// role; the zero time means never.
	From time.Time
}

// Proofs are what this browser has shown, from its session and from this
// sign-in together. A zero time means: not shown.
type Proofs struct {
	// Subject is whom the proofs are about.
	Subject    string
	PasswordAt time.Time
	CodeAt     time.Time
	// Channel is how the code came.
	Channel mfa.Channel
	// DeviceAt is when a trusted device stood in for the code.
	DeviceAt time.Time
	Passkey  Passkey
	// Session is set when Subject has a live session here; SeenAt is its last use.
	Session bool
	SeenAt  time.Time
	// Selected, Consented and PutOff are answers given within this sign-in.
	Selected, Consented, PutOff bool
	// Able is set when this browser says that it can make passkeys.
	Able bool
}

// Passkey is a proof by a passkey. Its zero value means: none was used.
type Passkey struct {
	At time.Time
	// Verified is set when the authenticator verified the person (by PIN, finger
	// or face): then the passkey stands for both steps. Without, it is a second
	// step after the password.
	Verified bool
	// Synced is set when the key may be copied to other devices by its provider.
	Synced bool
}

// AuthTime is when the person last signed in actively: with the password, or
// with a passkey that verified them (O-25). A second step does not move it.
func (p Proofs) AuthTime() time.Time {
	if p.Passkey.Verified && p.Passkey.At.After(p.PasswordAt) {
		return p.Passkey.At
	}
	return p.PasswordAt
}

// Limits are the lifetimes the decision needs; see requirements.md section 4.
type Limits struct {
	// Idle2 is the idle time after which a session at 2sv must give the password again (C-30).
	Idle2 time.Duration `yaml:"idle_2sv"`
	// Idle1 is the idle time after which a weaker session ends (C-30).
	Idle1 time.Duration `yaml:"idle"`
	// Absolute2 is how long a code counts (C-31), Absolute1 how long a password counts.
	Absolute2 time.Duration `yaml:"absolute_2sv"`
	Absolute1 time.Duration `yaml:"absolute"`
	// Sudo is how fresh proofs must be for changes of credentials (C-33).
	Sudo time.Duration `yaml:"sudo"`
	// Notice is how long before an enforcement date its notice is shown (C-24).
	Notice time.Duration `yaml:"notice"`
	// NoticeDaily is how long before it the notice is shown at every sign-in
	// instead of once a day (ux 2.5).
	NoticeDaily time.Duration `yaml:"notice_daily"`
}

// DefaultLimits are the numbers of requirements.md section 4.
func DefaultLimits() Limits {
	return Limits{
		Idle2: time.Hour, Idle1: 14 * 24 * time.Hour,
		Absolute2: 24 * time.Hour, Absolute1: 12 * time.Hour,
		Sudo: 10 * time.Minute, Notice: 30 * 24 * time.Hour, NoticeDaily: 7 * 24 * time.Hour,
	}
}

// Level is how much was proved. Levels are ordered: a higher one includes the lower.
type Level int

// The levels, weakest first (requirements.md 2.C.2).
const (
	LevelNone Level = iota
	LevelPassword
	LevelTrustedDevice
	LevelTwoStep
	LevelPhishingResistant
	LevelHardware
)

// Page is where the person is sent next.
type Page string

// The pages of a sign-in, named after their paths in ux.md section 3.
const (
	PagePassword   Page = "password"    // /signin
	PageSelect     Page = "select"      // /signin/select
	PageSignUp     Page = "signup"      // /signup
	PageCode       Page = "code"        // /signin/code
	PagePasskey    Page = "passkey"     // /signin/passkey
	PageNewPasskey Page = "new_passkey" // /signin/passkey/new, where a passkey is demanded
	PageOffer      Page = "offer"       // the same path, where one is offered
	PageEnrol      Page = "enrol"       // /signin/enroll
	PageNotice     Page = "notice"      // /signin/notice
	PageDevice     Page = "device"      // /device/confirm
	PageShop       Page = "shop"        // /signin/shop
	PageConsent    Page = "consent"     // /consent
	PageRefuse     Page = "refuse"      // an error, to the relying party or on a page
	PageDone       Page = "done"
)

// Step is the decision: the page, the one rule that chose it, and what
// prompt=none or a refusal says instead.
type Step struct {
	Page Page
	// Reason names the rule: a stable word for logs, tests and `sekisho explain`.
	Reason string
	// Error is the OAuth error for prompt=none and for PageRefuse; empty only for PageDone.
	Error string
	// PutOff is set when the page may be answered with "later".
	PutOff bool
	// TrustOffered is set on PageCode when "don't ask on this device" may be offered.
	TrustOffered bool
	// Need and Have are the levels compared.
	Need, Have Level
}
