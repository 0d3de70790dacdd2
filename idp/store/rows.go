package store

import (
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/mfa"
)

// Times are UTC and whole seconds; the zero time is stored as NULL and means
// "it has not happened". IDs are rand.Text() of at least 128 bits,
// those of grants after a [Stamp].

// User is one identity. Two-step verification belongs to it, not to an app or
// a shop (S-091, S-096).
type User struct {
	ID string
	// Email is the login key: unique, lower case, NFKC (S-128).
	Email string
	Name  string
	// Lang is "ja" or "en"; Zone an IANA name, empty for the deployment's.
	Lang, Zone string
	// Password is a PHC string; empty means none can be used until a reset.
	Password string
	// PasswordLen is the length in code points when it was set, or 0 when unknown:
	// switching two-step verification off demands 15 (N-07).
	PasswordLen int
	// PasswordFailures counts consecutive wrong passwords (C-26, C-27).
	PasswordFailures int
	MustChange       bool
	// Roles are the person's staff roles, sorted, with a space between; empty
	// for everybody else (T-43).
	Roles string
	// Epoch rises with every credential change and so ends trusted devices (S-126).
	Epoch int
	// The zero time means: no.
	EmailVerifiedAt, PasswordAt, PasswordFailedAt, TwoStepAt, DisabledAt, CreatedAt, UpdatedAt time.Time
	// PasskeyOfferedAt is when a passkey was offered after a sign-in.
	PasskeyOfferedAt time.Time
}

// Address is where somebody lives, in the parts of OIDC Core §5.1.1. Sealed at
// rest. The zero Address means: not told.
type Address struct {
	PostalCode string `json:"postal_code,omitempty"`
	Region     string `json:"region,omitempty"`   // prefecture, state
	Locality   string `json:"locality,omitempty"` // city
	Street     string `json:"street_address,omitempty"`
	Country    string `json:"country,omitempty"`
}

// Session is one signed-in browser. Its cookie is stored as a hash and changes
// at every proof (T-06, A-7.2.4); SID, which relying parties see, stays.
type Session struct {
	SID    string
	Hash   []byte
	UserID string
	// The proofs; see signin.Proofs. FactorID and PasskeyID are what they came by.
	PasswordAt, CodeAt, DeviceAt   time.Time
	Channel                        mfa.Channel
	FactorID                       string
	PasskeyAt                      time.Time
	PasskeyID                      string
	PasskeyVerified, PasskeySynced bool
	UserAgent, IP                  string
	CreatedAt, SeenAt, EndedAt     time.Time
	ExpiresAt                      time.Time
	// Ceremony counts the passkey challenges that are spent; see SpendSessionChallenge.
	Ceremony int
}

// SignIn is one attempt to satisfy one request. ID stands in URLs and is
// useless without the browser whose cookie hashes to Browser (T-08, H-01).
type SignIn struct {
	ID      string
	Browser []byte
	// ClientID is empty for the provider's own pages; ReturnTo is then a path of ours.
	ClientID, ReturnTo string
	// Request is what was asked for, as JSON: signin.Request and the parameters
	// the answer needs. Fixed at creation (T-11).
	Request []byte
	UserID  string
	// ShopID is the shop that was chosen in this sign-in; empty before.
	ShopID string
	// The proofs given in this sign-in, as in Session.
	PasswordAt, CodeAt, DeviceAt   time.Time
	Channel                        mfa.Channel
	FactorID                       string
	PasskeyAt                      time.Time
	PasskeyID                      string
	PasskeyVerified, PasskeySynced bool
	// Able is set when the browser said that it can make passkeys.
	Able bool
	// Ceremony counts the passkey challenges that are spent; see SpendSignInChallenge.
	Ceremony int
	// Trust is set when the person asked not to be asked on this device.
	Trust                                 bool
	SelectedAt, ConsentedAt, PutOffAt     time.Time
	CreatedAt, ExpiresAt, DoneAt, EndedAt time.Time
	// IP and UserAgent are where the password came from; empty before.
	IP, UserAgent string
}

// Grant is what a person or a client was granted at one sign-in. Codes and
// refresh tokens point at it; revoking it ends them all.
type Grant struct {
	ID, ClientID, UserID, SID string
	// Subject is who the person is to the client; empty for UserID.
	Subject string
	// ShopID is the shop that the person acts for; empty for none.
	ShopID                 string
	ACR                    string
	AMR, Scopes, Resources []string
	AuthTime               time.Time
	CreatedAt, RevokedAt   time.Time
	LastUsedAt             time.Time
	// JKT and X5T are the thumbprints of the DPoP key and of the certificate that
	// must be shown with its refresh tokens; empty means none.
	JKT, X5T string
	// Claims are those asked for one by one.
	Claims Claims
}

// Sub is who the person is in tokens of the grant.
func (g Grant) Sub() string {
	if g.Subject != "" {
		return g.Subject
	}
	return g.UserID
}

// Claims are those that a relying party asks for one by one (OIDC Core §5.5),
// by where they are to be told.
type Claims struct {
	UserInfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
	// ACR is the name under which the level was asked for; empty means its own.
	ACR string `json:"acr,omitempty"`
}

// PushedRequest is an authorization request that waits to be opened: one that
// its client pushed, or one that is too long for a URL. It is answered once.
type PushedRequest struct {
	Hash     []byte
	ClientID string
	// Params are its parameters, form-encoded; sealed at rest.
	Params string
	// ByClient is set when the client pushed it, authenticated.
	ByClient             bool
	CreatedAt, ExpiresAt time.Time
}

// Code is the authorization code of a grant: a hash, once, 60 seconds (C-35). The zero Code means that the grant
// came without one.
type Code struct {
	// Hash is of the whole code, which begins with the grant's ID.
	Hash                          []byte
	RedirectURI, Nonce, Challenge string
	// JKT is the DPoP key that must redeem it (RFC 9449 §10); empty means any.
	JKT               string
	ExpiresAt, UsedAt time.Time
}

// RefreshToken is one link in a rotating chain (T-51). Next holds the sealed
// successor for the short idempotent grace after rotation.
type RefreshToken struct {
	Hash      []byte
	GrantID   string
	Next      string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// Device is a trusted device row; Hash is of its cookie, Previous of the one before.
type Device struct {
	mfa.TrustedDevice
	Hash, Previous []byte
	RotatedAt      time.Time
}

// Consent is what a person allowed a client.
type Consent struct {
	UserID, ClientID string
	Scopes           []string
	GrantedAt        time.Time
}

// Client is a relying party added by command, beside those of the file.
type Client struct {
	clients.Client
	CreatedAt, UpdatedAt time.Time
}

// Key is a signing key. Private is PKCS #8 in clear here, sealed at rest.
type Key struct {
	ID, Alg string
	Private []byte
	// It is published from CreatedAt, signs from ActiveAt, and leaves the JWKS at RetireAt.
	CreatedAt, ActiveAt, RetireAt, RevokedAt time.Time
}

// Event is one line of the audit log; never changed, never deleted before its time.
type Event struct {
	ID     string
	At     time.Time
	Actor  Actor
	UserID string
	// ClientID is empty when no relying party is involved.
	ClientID string
	// Name is a stable word such as "signin.password.wrong".
	Name string
	// Details hold no secret and no full number.
	Details map[string]string
}

// Actor is who did it.
type Actor struct {
	// Kind is user, admin, reviewer, operator, client, job or anonymous.
	Kind, ID string
	// IP, UserAgent and Request are empty where there is no request.
	IP, UserAgent, Request string
	// Reason is why staff or an operator does it. It goes into the details of
	// what they do and is no column of its own.
	Reason string `gorm:"-"`
}

// Outgoing is one queued message. Params are sealed at rest.
type Outgoing struct {
	ID     string
	Kind   mfa.Kind
	To     string
	Lang   string
	UserID string
	// Name is the message's key in the catalogue, such as "mail.2sv_on".
	Name   string
	Params map[string]string
	// ChallengeID ties a code's delivery to its challenge; empty otherwise.
	ChallengeID                  string
	Attempts                     int
	CreatedAt, NextAt, ExpiresAt time.Time
	SentAt, FailedAt             time.Time
	LastError                    string
}

// Token is a used-once secret sent by mail: a sign-up's code, a password reset's link.
type Token struct {
	ID      string
	Hash    []byte
	Purpose string
	UserID  string
	// Browser binds it to the browser that asked, where that matters; nil otherwise.
	Browser []byte
	// Data is what it carries, sealed at rest.
	Data                         map[string]string
	Attempts                     int
	CreatedAt, ExpiresAt, UsedAt time.Time
}

// Shop is a seller account.
type Shop struct {
	ID, Name             string
	CreatedAt, UpdatedAt time.Time
	// SuspendedAt is since when its tools stand still, because no owner has two-step verification.
	SuspendedAt time.Time
	ClosedAt    time.Time
}

// Member is a user's place in a shop.
type Member struct {
	ShopID, UserID, Role string
	JoinedAt             time.Time
}

// Invitation is an open invitation to a shop: bound to an address, used once.
type Invitation struct {
	ID, ShopID string
	// Hash is of the link that was mailed last.
	Hash []byte
	// Email is in clear here, sealed at rest.
	Email, Role, InvitedBy       string
	CreatedAt, SentAt, ExpiresAt time.Time
}

// Tool is the credential of a shop's external tool; ID is its client id.
type Tool struct {
	ID, ShopID, Name string
	Auth             clients.AuthMethod
	// Secrets are the active ones, the oldest first; two at most (C-52).
	Secrets []ToolSecret
	// JWKS are public keys, for private_key_jwt.
	JWKS              string
	Scopes, Resources []string
	// CreatedBy is a user's id.
	CreatedBy                                   string
	CreatedAt, ExpiresAt, RevokedAt, LastUsedAt time.Time
	// RemindedDays is how many days before its end the last reminder was sent; 0 for none.
	RemindedDays int
}

// ToolSecret is an active secret of a tool.
type ToolSecret struct {
	Hash      string    `json:"hash"`
	CreatedAt time.Time `json:"created_at"`
}

// Recovery is a request to recover an account by review; its states are those
// of package recovery.
type Recovery struct {
	ID string
	// UserID is empty until it is sent, and for a request about nobody's account.
	UserID, State string
	// Password says that the applicant knew it, Changed that it or the address
	// had been changed lately, Known that the browser had signed in before.
	Password, Changed, Known bool
	// Lang is the applicant's; Cause a word of the form.
	Lang, Cause string
	// Email, Contact, Story and Wanted are in clear here, sealed at rest.
	Email, Contact, Story, Wanted string
	IP, UserAgent                 string
	// First and Second are the ids of the reviewers who approved.
	First, Second, Ticket string
	// The zero time means: not yet. DueAt is when the state ends by itself,
	// ClearAt when evidence and words are deleted, KeepUntil when the row is.
	CreatedAt, ConfirmedAt, SentAt, DueAt, DecidedAt, ClosedAt, ClearAt, KeepUntil time.Time
}

// RecoveryFile is a piece of evidence. Its content comes in pieces, sealed at rest.
type RecoveryFile struct {
	ID, RecoveryID string
	// Name is what its sender called it, in clear here, sealed at rest.
	Name string
	// Kind is the media type found in its content.
	Kind string
	Size int64
	// DoneAt is zero while it is being sent.
	CreatedAt, DoneAt time.Time
}
