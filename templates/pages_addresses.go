package templates

import "time"

// ChangeEmailPage is /account/security/email.
type ChangeEmailPage struct {
	// Email is the address now, New what was typed.
	Email, New string
	Error      string
	// Days is how long the change can be taken back.
	Days int
}

// AddressesPage is /account/security/addresses.
type AddressesPage struct {
	// Email is the one that signs in.
	Email     string
	Addresses []NoticeRow
	// More says that there may be another.
	More         bool
	Typed, Error string
	// Done is "added", "removed" or empty.
	Done string
}

// NoticeRow is an address for notices.
type NoticeRow struct {
	ID, Email string
	Added     time.Time
}

// AddressCodePage asks for the code that went to an address.
type AddressCodePage struct {
	Ref, Email string
	// SignIn says that the address shall sign in.
	SignIn bool
	Digits int
	Resent bool
	Error  string
}
