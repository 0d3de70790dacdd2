package templates

import "time"

// Rules of this file: as those of pages_account.go; and staff are shown no
// secret, no code and no whole number (T-43).

// Desk is a member of staff on duty.
type Desk struct {
	Name            string
	Admin, Reviewer bool
	// Idle is after how many minutes they sign in again.
	Idle int
}

// StaffHomePage is /admin.
type StaffHomePage struct{}

// FindPage is /admin/people.
type FindPage struct{ Who, Error string }

// PersonPage is what staff see of somebody.
type PersonPage struct {
	ID, Name, Email, Lang, Zone string
	// State is "none", "setup", "on" or "off"; Since is when it went on.
	State string
	Since time.Time
	// Suspended is the zero time for an active account.
	Suspended                time.Time
	Roles                    []string
	Made, Verified, Password time.Time
	Methods                  []MethodRow
	Devices                  int
	Sessions                 []BrowserRow
	Events                   []AuditRow
	Extend                   ExtendForm
	// Self is set on the member's own account, where nothing can be done.
	Self bool
	// Done is the act just done, or empty; Reason is what was typed.
	Done, Reason, Error string
}

// AuditRow is a line of the audit log as it is kept.
type AuditRow struct {
	At time.Time
	// Name is the event's stable word; Actor is who did it, in words.
	Name, Actor, IP string
	// UserID is whom it is about, Client the relying party; Details are "name: value".
	UserID, Client string
	Details        []string
}

// AuditPage is /admin/audit.
type AuditPage struct {
	// Who, Name, Client and Before are what was asked for.
	Who, Name, Client, Before string
	Faults                    Faults
	Events                    []AuditRow
	// Older is the path of the next page; empty on the last.
	Older string
}
