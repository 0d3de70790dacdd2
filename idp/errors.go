package idp

import (
	"errors"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Errors a page, an endpoint or a command may test for, beside those of
// mfa, idp/password and idp/store.
var (
	// ErrStale: the sign-in is over, expired or finished in another tab.
	ErrStale = errors.New("sign-in is over")
	// ErrOtherBrowser: the sign-in was started by another browser (T-08).
	ErrOtherBrowser = errors.New("sign-in belongs to another browser")
	// ErrNoCookie: the browser sent no binding cookie at all.
	ErrNoCookie = errors.New("cookies are needed")
	// ErrSignedOut: there is no live session.
	ErrSignedOut = errors.New("signed out")
	// ErrSudo: the change needs fresh proofs; start AccountSignIn with sudo.
	ErrSudo = errors.New("prove it again")
	// ErrStaffSignIn: the pages of staff need a stronger or fresher sign-in; start StaffSignIn.
	ErrStaffSignIn = errors.New("staff sign in anew")
	// ErrNoDate: the client has no enforcement date.
	ErrNoDate = errors.New("client has no enforcement date")
	// ErrExtended: the person had an extension at this client before.
	ErrExtended = errors.New("extended before")
	// ErrUntil: an extension ends too early or too late.
	ErrUntil = errors.New("extension ends too early or too late")
	// ErrForbidden: the person has no role that allows it.
	ErrForbidden = errors.New("not allowed")
	// ErrReason: staff must say why.
	ErrReason = errors.New("a reason is needed")
	// ErrBadCredentials: unknown address or wrong password; never said which (T-02).
	ErrBadCredentials = errors.New("wrong address or password")
	// ErrMustChange: the right password, which others know: it opens nothing, and a
	// link to choose another was mailed (N-10).
	ErrMustChange = errors.New("password must be changed")
	// ErrSuspended: the account is disabled.
	ErrSuspended = errors.New("account is suspended")
	// ErrPasskey: a passkey that is not registered here, or is another person's.
	ErrPasskey = errors.New("passkey is not known")
	// ErrStep: the step was not asked for now; show the step that is true.
	ErrStep = errors.New("another step is due")
	// ErrState: two-step verification is not in the state the change needs.
	ErrState = errors.New("not in this state")
	// ErrNotFound: no such thing, or not this person's.
	ErrNotFound = errors.New("not found")
	// ErrCodeNeeded: the password was accepted; a code must follow (N-50).
	ErrCodeNeeded = errors.New("a code is needed")
	// ErrLink: a mailed link or code that is spent, expired or wrong.
	ErrLink = errors.New("link is spent or expired")
	// ErrPasswordTooShortAlone: two-step verification cannot go off with a password
	// shorter than a single factor needs; change it first (N-07).
	ErrPasswordTooShortAlone = errors.New("password is too short to stand alone")
	// ErrRequired: policy forbids it for this person.
	ErrRequired = errors.New("required by policy")
	// ErrEmail: not a mail address.
	ErrEmail = errors.New("not a mail address")
	// ErrName: the name is empty or too long.
	ErrName = errors.New("name is empty or too long")
	// ErrUserCode: no device shows this code.
	ErrUserCode = errors.New("no device shows this code")
	// ErrDeviceOver: the device's code has expired, or was answered before.
	ErrDeviceOver = errors.New("device code is over")
	// ErrAddressYours: the address is the person's already.
	ErrAddressYours = errors.New("address is yours already")
	// ErrNeeded: others depend on the account: nobody else owns a shop, or it has a duty on staff.
	ErrNeeded = errors.New("account is needed")
	// ErrTooMany: there may be no more of these.
	ErrTooMany = errors.New("too many")
	// ErrShopRight: the person's role in the shop does not allow it.
	ErrShopRight = errors.New("role in the shop does not allow it")
	// ErrShopTwoStep: the shop demands two-step verification of the person's role.
	ErrShopTwoStep = errors.New("shop demands two-step verification")
	// ErrLastOwner: a shop keeps one owner at least.
	ErrLastOwner = errors.New("shop needs an owner")
	// ErrShopName: the name is empty, too long, or reads like an address.
	ErrShopName = errors.New("not a name for a shop")
	// ErrMember: the person is a member of the shop already.
	ErrMember = errors.New("is a member already")
	// ErrInvited: the address has an open invitation to the shop already.
	ErrInvited = errors.New("is invited already")
	// ErrInvitedOther: the invitation is for another address than the person's.
	ErrInvitedOther = errors.New("invitation is for another address")
	// ErrAddress: a part of an address is too long.
	ErrAddress = errors.New("a part of the address is longer than 100 characters")
	// ErrAgree: the terms were not agreed to.
	ErrAgree = errors.New("terms not agreed")
	// ErrEmailTaken: commands only; pages never say so (T-02).
	ErrEmailTaken = errors.New("address is taken")

	// ErrInvalidGrant, ErrInvalidScope and ErrInvalidTarget are the token endpoint's (RFC 6749 §5.2, RFC 8707).
	ErrInvalidGrant  = errors.New("invalid grant")
	ErrInvalidScope  = errors.New("invalid scope")
	ErrInvalidTarget = errors.New("invalid target")
	// ErrRegistrations: as many clients have registered themselves as may.
	ErrRegistrations = errors.New("no more clients may register themselves")
	// ErrPending, ErrSlowDown, ErrDenied and ErrDeviceExpired are for a device that polls (RFC 8628 §3.5).
	ErrPending       = errors.New("nobody has answered yet")
	ErrSlowDown      = errors.New("polled too soon")
	ErrDenied        = errors.New("refused by the person")
	ErrDeviceExpired = errors.New("device code has expired")
	// ErrRevoked: the token's grant, session or jti was revoked.
	ErrRevoked = errors.New("revoked")
	// ErrUnavailable: another program holds the database; nothing was changed.
	ErrUnavailable = store.ErrLocked
	// ErrReadOnly: the database takes no writes; nothing was changed.
	ErrReadOnly = store.ErrReadOnly
	// ErrUndeliverable ends the retries of what is delivered.
	ErrUndeliverable = mfa.ErrUndeliverable
	// ErrBadToken: not a token of ours, or expired, or of another type (T-48, T-49).
	ErrBadToken = errors.New("bad token")
)

// TooSoonError says when there may be more of something.
type TooSoonError = mfa.TooSoonError

// StaleError is [ErrStale] of a sign-in that this browser began and that is
// known still.
type StaleError struct {
	// ClientID is the relying party it was for; empty for the account pages.
	ClientID string
}

// Error is the text of ErrStale.
func (*StaleError) Error() string { return ErrStale.Error() }

// Unwrap is ErrStale.
func (*StaleError) Unwrap() error { return ErrStale }
