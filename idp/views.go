package idp

import (
	"net/url"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// AuthorizeRequest is a validated authorization request: the client exists, the
// redirect URI is registered, scopes and PKCE are in order.
type AuthorizeRequest struct {
	signin.Request
	ClientID      string   `json:"client_id,omitempty"`
	RedirectURI   string   `json:"redirect_uri,omitempty"`
	Scopes        []string `json:"all_scopes,omitempty"`
	Resources     []string `json:"resources,omitempty"`
	State         string   `json:"state,omitempty"`
	Nonce         string   `json:"nonce,omitempty"`
	CodeChallenge string   `json:"code_challenge,omitempty"`
	LoginHint     string   `json:"login_hint,omitempty"`
	// DPoPKey is the thumbprint of the key that must redeem the code (RFC 9449 §10).
	DPoPKey string `json:"dpop_jkt,omitempty"`
	// UILocales holds the first supported language of ui_locales, or nothing.
	UILocales string `json:"ui_locales,omitempty"`
	// Mode is how the answer travels; empty means query.
	Mode clients.ResponseMode `json:"response_mode,omitempty"`
	// Claims are those asked for one by one, of scopes the client may have.
	Claims Claims `json:"claims,omitzero"`
	// ACRs are the names under which levels were asked for.
	ACRs []string `json:"acrs,omitempty"`
	// Firm asks our own pages' proofs of methods that are not held (C-40).
	Firm bool `json:"firm,omitempty"`
	// Pushed is the hash of the request_uri that is used up by the answer; nil
	// when the request came as it is.
	Pushed []byte `json:"pushed,omitempty"`
	// DeviceCode is the hash of the code of the device that is connected by the
	// answer; nil when a browser asked.
	DeviceCode []byte `json:"device_code,omitempty"`
}

// Next is where the browser goes after a verb: out with Reply, or else to
// /signin?flow=SignInID, whose page Step names.
type Next struct {
	SignInID string
	Step     signin.Step
	Reply    *Reply
}

// Reply leaves the sign-in: to a relying party, or to a path of our own pages.
type Reply struct {
	// To is the redirect URI or a local path; Params are added to its query.
	To     string
	Params url.Values
	// Post sends Params as a form instead of in the query (form_post).
	Post bool
	// ClientID is the relying party's; empty for our own pages.
	ClientID string
}

// Location is the URL to redirect to, where Post is not set.
func (r Reply) Location() string { return clients.WithQuery(r.To, r.Params) }

// SignInView is everything a page of a sign-in may show. Before the second
// step it holds little (ux 2.6): User has only ID and Lang, and Email is what was typed.
type SignInView struct {
	ID   string
	Step signin.Step
	// Client is nil on our own pages (account sign-in).
	Client  *clients.Client
	Request AuthorizeRequest
	// Email is the known or hinted address; User is nil until the password was right.
	Email string
	User  *User
	// Sudo is set when a signed-in person proves it again (/signin/confirm).
	Sudo bool
	// Firm is set when methods that were added lately do not prove it (C-40).
	Firm bool
	// Code is the running challenge; nil when none.
	Code *CodeView
	// Methods are the ways to get a code, the running one first (ux 4.3).
	Methods []MethodView
	// Passkey is what a browser is asked to use a passkey, as JSON; nil where none is of use.
	Passkey []byte
	// RecoveryCode is set where a recovery code may be given instead.
	RecoveryCode bool
	// TrustUntil is when a device trusted now would end; zero when not offered.
	TrustUntil time.Time
	// AskedScopes are those that need consent, of claims asked for one by one
	// too; NewScopes those of them that were not allowed before.
	AskedScopes, NewScopes []string
	// Shops are those to choose from; Shop is the one that is acted for, zero for none.
	Shops []ShopRow
	Shop  ShopRow
	// EnforceFrom is the date a notice speaks of.
	EnforceFrom time.Time
	// Device is what is to be connected; nil on every page but the one that asks.
	Device *DeviceView
}

// CodeView describes a running challenge.
type CodeView struct {
	FactorID string
	Channel  mfa.Channel
	// Number is E.164 in clear; pages before the second step show two digits of it.
	Number string
	// Account is the name in the authenticator app.
	Account string
	// Sends is 1 for the first code.
	Sends             int
	SentAt, ExpiresAt time.Time
	ResendAt          time.Time
	TriesLeft         int
	// Dead is set when all tries are spent: a new code or another way is needed.
	Dead bool
	// PausedUntil is not zero while the method is paused (C-07).
	PausedUntil time.Time
	// Delivery is how far the message came; Late is set when no gateway takes it.
	Delivery mfa.Delivery
	Late     bool
}

// MethodView is one way to get a code.
type MethodView struct {
	Factor mfa.Factor
	// Channel may differ from the factor's: a mobile number may always be called.
	Channel mfa.Channel
	// Current marks the method the running code came by.
	Current bool
	// WaitUntil is not zero when a send must wait.
	WaitUntil time.Time
}

// TwoStepState is one of the four states of the advanced security page (ux 6.3).
type TwoStepState string

// The states.
const (
	StateNone  TwoStepState = "none"  // never set up
	StateSetup TwoStepState = "setup" // main method proved, no backup yet, or not switched on
	StateOn    TwoStepState = "on"
	StateOff   TwoStepState = "off" // switched off, methods kept (S-093)
)

// Account is everything the account pages may show.
type Account struct {
	User    User
	Session Session
	Level   signin.Level
	// AuthTime is when the person last gave the password here, or a passkey in its place.
	AuthTime time.Time
	// Sudo is set while proofs are fresh enough to change credentials.
	Sudo    bool
	State   TwoStepState
	Methods []mfa.Factor
	// Passkeys are all there are, the oldest first.
	Passkeys []mfa.Passkey
	Devices  []mfa.TrustedDevice
	// RecoveryCodes are those that may stand in for a code.
	RecoveryCodes RecoveryCodes
	// ThisDevice is the ID among Devices of this browser; empty when not trusted.
	ThisDevice string
	// Shops is how many the person is a member of.
	Shops int
	// Required names the clients whose enforcement date has passed.
	Required []clients.Client
	// Soon are the dates that come for this person at clients they use, the next
	// one first; nil for who has two-step verification on.
	Soon []UserDate
}

// SetupView is the wizard's state (ux 6.4 to 6.6).
type SetupView struct {
	// Page is the page that is true now: 1, 2 or 3, or before them SetupMail; 0 when
	// no set-up is running.
	Page int
	// Mail is what SetupMail asks for; nil before a code was sent.
	Mail *MailProof
	// Client is set when the wizard runs inside a sign-in.
	Client *clients.Client
	User   User
	// Primary and Backup are the proved (or unverified) drafts; nil when missing.
	Primary, Backup *mfa.Factor
	// Secret is the app key offered on this page; AppURI its otpauth URI.
	Secret []byte
	AppURI string
	// Code is the running phone challenge; nil before sending.
	Code *CodeView
	// AllowUnverified says whether the box "add without verifying" is offered (S-060).
	AllowUnverified bool
	// TrustUntil is when a device trusted on page 3 would end; zero when not offered (S-131).
	TrustUntil time.Time
}

// PhoneInput is the phone panel of the wizard.
type PhoneInput struct {
	Role    mfa.Role
	Channel mfa.Channel
	// Country is an ISO code; Number as typed.
	Country, Number string
	// Unverified is the box "add without verifying"; backup phones only (S-060, S-061).
	Unverified bool
}
