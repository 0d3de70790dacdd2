package templates

import "time"

// AppsPage is /account/apps.
type AppsPage struct {
	Apps []AppRow
	// Removed is set after one was disconnected.
	Removed bool
}

// AppRow is a relying party that has something of the person's.
type AppRow struct {
	ID, Name, Owner string
	// Open is where it is entered; empty when that is not known.
	Open string
	// FirstParty marks those of the marketplace itself.
	FirstParty  bool
	Scopes      []ScopeRow
	Since, Used time.Time
}

// Initial is the letter of its icon.
func (r AppRow) Initial() string { return ClientRef{Name: r.Name}.Initial() }

// SecurePage is /account/secure: the steps to take after something that was
// not recognised, with how things stand.
type SecurePage struct {
	PasswordAt time.Time
	// Others are sessions beside this one, Devices those that skip codes.
	Others, Devices, Methods, Apps int
}
