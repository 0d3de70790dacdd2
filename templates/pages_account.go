package templates

import (
	"html/template"
	"time"
)

// Rules of this file: a page's struct holds what its template shows, ready to
// be shown: times in the reader's zone, numbers masked, words in the page's
// language. No page gets more than it shows (ux 2.6).

// MethodRow is a registered way to get codes.
type MethodRow struct {
	ID string
	// Icon is "sms", "call" or "app"; App is set for the last.
	Icon string
	App  bool
	// Label is a number in its national form, masked, or the name of an app;
	// Words is the label with the channel before it.
	Label, Words string
	// Disabled is set after too many wrong codes: it must be added anew.
	Primary, Verified, Disabled bool
	// Removable says whether the matrix allows to remove it now (S-123).
	Removable bool
	// Doubtful is a number that was not proved for long; Held, when not zero, is
	// until when the method changes no other (C-40).
	Doubtful bool
	Held     time.Time
	// What may be done with it now.
	MayVerify, MayLead, MayChange bool
	Added, Used                   time.Time
}

// PasskeyRow is a passkey.
type PasskeyRow struct {
	ID, Name string
	// Synced is set when it is on more than one device, Stopped when it may not be used.
	Synced, Stopped bool
	// Used is zero when it was never used.
	Added, Used time.Time
}

// PasskeysPage is /account/security/passkeys.
type PasskeysPage struct {
	Passkeys []PasskeyRow
	// Signal tells the browser which passkeys there are, as JSON.
	Signal string
	// Done is "added", "removed", "named" or empty.
	Done string
}

// RenamePasskeyPage names a passkey.
type RenamePasskeyPage struct {
	Passkey PasskeyRow
	Error   string
}

// RemovePasskeyPage asks before a passkey is removed.
type RemovePasskeyPage struct {
	Passkey PasskeyRow
	// Last is set when no other one is left, On while two-step verification is on,
	// Here when this browser signed in with it.
	Last, On, Here bool
}

// BrowserRow is a browser that is signed in, or one that skips codes.
type BrowserRow struct {
	// ID names it in a form.
	ID string
	// Icon is "laptop" or "phone"; Name is like "Mac, Safari".
	Icon, Name string
	// Place is where, for the person; IP the whole address, for staff.
	Place, IP string
	// This marks the browser that asks.
	This bool
	// Until is zero for a session.
	Added, Last, Until time.Time
}

// EventRow is a line of the history, in words.
type EventRow struct {
	Icon, Text, Device, Place string
	// Client is the app signed in to; empty for our own pages.
	Client string
	// Blocked marks what was stopped.
	Blocked bool
	// Times is how often it happened in a row, last At.
	Times int
	At    time.Time
}

// Same reports whether two rows tell the same but for the time.
func (r EventRow) Same(o EventRow) bool {
	o.Times, o.At = r.Times, r.At
	return r == o
}

// HomePage is /account.
type HomePage struct {
	Name, Email string
	// State is "none", "setup", "on" or "off".
	State string
	// Main and Backup are nil when missing.
	Main, Backup *MethodRow
	// Required names the relying parties that demand two-step verification.
	Required string
	// Soon are those that will, the next one first.
	Soon       []ClientDate
	PasswordAt time.Time
	// Passkeys is how many there are.
	Passkeys int
	Codes    CodesNote
	Recent   []EventRow
	// Check tells of a number that needs proving.
	Check bool
	// BlockedAt is when a sign-in with the right password was stopped lately; zero for never.
	BlockedAt time.Time
}

// ClientDate is a relying party's name and the date from which it demands
// two-step verification of the reader.
type ClientDate struct {
	Client string
	From   time.Time
}

// ProfilePage is /account/profile.
type ProfilePage struct {
	Name, Email, Lang, Zone string
	Zones                   []ZoneRow
	Address                 []PostalRow
	NameError, AddressError string
	Saved                   bool
}

// PostalRow is one part of an address: a field with its label, its autocomplete
// token and its value.
type PostalRow struct{ Name, Label, Token, Value string }

// ZoneRow is a time zone one may choose.
type ZoneRow struct{ Name, Label string }

// SecurityPage is /account/security.
type SecurityPage struct {
	Email, State string
	// Addresses is how many are told of what happens.
	Addresses  int
	PasswordAt time.Time
	// Passkeys is how many there are.
	Passkeys int
	// Done is what was changed: "password", "email" or empty.
	Done string
}

// ChangePasswordPage is /account/security/password.
type ChangePasswordPage struct {
	Email string
	// MinLength is what the password needs at least (N-07).
	MinLength int
	Faults    Faults
	EndOthers bool
}

// TwoStepPage is the advanced security settings in their four states (S-065).
type TwoStepPage struct {
	// State is "none", "setup", "on" or "off".
	State string
	Since time.Time
	// Required names the relying parties that demand two-step verification.
	Required string
	// NeedsBackup tells the two kinds of unfinished set-up apart.
	NeedsBackup bool
	Methods     []MethodRow
	// Pair is set when the methods are the last pair and none may go (S-123).
	Pair bool
	// MayAdd offers to add one, Check tells of a number that needs proving.
	MayAdd, Check bool
	// Risk shows the note on phones while no app is registered (N-23).
	Risk    bool
	Devices int
	Codes   CodesNote
	// Passkeys is how many there are.
	Passkeys int
	// CanEnable is set when the methods kept suffice to switch on again.
	CanEnable bool
	// Done is the change just made: "off", "on", "removed", "renamed" or empty.
	Done string
}

// SentCode says where a code went.
type SentCode struct {
	// Channel is "sms", "voice" or "app"; Icon draws it.
	Channel, Icon string
	// Label is the number, or the account's name in the app.
	Label string
	At    time.Time
	// ResendAt is when another may be sent; Again marks a code that replaced one.
	ResendAt time.Time
	Again    bool
	// Digits is how long the code is, Minutes how long it counts.
	Digits, Minutes int
}

// CodePick is one way to be asked for a code.
type CodePick struct {
	MethodRow
	// Via is the channel, which may differ from the registered one: "sms", "voice" or "app".
	Via string
}

// TwoStepCodePage turns two-step verification off or on: both take a code
// (S-099, S-093). Sent is nil until a way was chosen.
type TwoStepCodePage struct {
	// Off is set for turning off.
	Off   bool
	Sent  *SentCode
	Picks []CodePick
	// Error is about the code, or about sending one.
	Error string
	// Clear is the choice to remove the methods too (S-125).
	Clear bool
	// TooShort is set when the password may not stand alone (N-07); MinLength is what it needs.
	TooShort  bool
	MinLength int
	Required  string
}

// RemoveMethodPage asks before a method is removed.
type RemoveMethodPage struct {
	Method MethodRow
	// Heir becomes the main method; nil when the main one stays.
	Heir *MethodRow
	// On is set while two-step verification is on.
	On bool
}

// RenameMethodPage names an app.
type RenameMethodPage struct {
	Method MethodRow
	Error  string
}

// DevicesPage lists the browsers that skip codes.
type DevicesPage struct {
	Devices []BrowserRow
	// Done is "removed", "reset" or empty.
	Done string
}

// ActivityPage lists sessions and the history.
type ActivityPage struct {
	Sessions []BrowserRow
	// Others is set when there are sessions beside this one.
	Others bool
	Events []EventRow
	// Older is the next page of the history; empty on the last. Paged is set on all but the first.
	Older string
	Paged bool
	// Days is how far back it goes; Approximate says that places are guessed from addresses.
	Days        int
	Approximate bool
	// Done is "ended", "others" or empty.
	Done string
}

// SetupPage is page 1 or 2 of the wizard (ux 6.4, 6.5).
type SetupPage struct {
	// N is 1 for the main method, 2 for the backup.
	N int
	// Kind is the open panel, "phone" or "app".
	Kind string
	// Main is the main method on page 2.
	Main *MethodRow
	// Channel, Country and Number are what was typed.
	Channel, Country, Number string
	// Example is a number of the chosen country (S-039).
	Example   string
	Countries []CountryRow
	// Sent is nil before a code was sent.
	Sent *SentCode
	// AllowUnverified offers the box "add without verifying" (S-060); Unverified is its state.
	AllowUnverified, Unverified bool
	// App is nil when an app cannot be chosen (app + app, S-050); an empty Key
	// means that the key is made when it is asked for.
	App *AppKey
	// The faults, in words. Same adds the way out of the same number (S-092).
	NumberError, CodeError, AppError string
	Same                             bool
}

// CountryRow is a country codes are sent to.
type CountryRow struct{ ISO, Name, Prefix, Example string }

// AppKey is what an authenticator app needs, three times over: to scan, to open, to type.
type AppKey struct {
	// Path and ViewBox draw the QR code with its quiet zone.
	Path, ViewBox string
	URI           template.URL
	// Key is in groups of four.
	Key string
}

// SetupMailPage asks for the code that was sent by mail before the wizard's pages.
type SetupMailPage struct {
	// Email is the address with most of it hidden; empty before a code was sent.
	Email  string
	SentAt time.Time
	Digits int
	Resent bool
	Error  string
}

// SetupFinishPage is page 3 of the wizard.
type SetupFinishPage struct {
	Main, Backup MethodRow
	Email        string
	// TrustUntil is zero when trusting this device is not offered (S-131).
	TrustUntil time.Time
}

// InboxPage is the development inbox.
type InboxPage struct {
	// Filter is "sms", "voice", "mail" or empty.
	Filter   string
	Messages []InboxMessage
	Apps     []AppCode
	// Key is a set-up key that was pasted, KeyCode its code now; KeyError says
	// that it is none.
	Key, KeyCode, KeyError string
	// Left is the seconds that all codes have left.
	Left int
}

// InboxMessage is a message as it would have left.
type InboxMessage struct {
	ID string
	// Kind is "sms", "voice" or "mail"; Icon draws it.
	Kind, Icon, To, Lang string
	At                   time.Time
	Subject, Body, HTML  string
	// Segments and Letters measure a text message (T-31).
	Segments, Letters int
	// Script is nil unless it is a call.
	Script *CallScript
}

// CallScript is a call: what is said at once, and after which key.
type CallScript struct {
	Before, One []string
	Nine        string
}

// AppCode is the code that a person's authenticator app shows now.
type AppCode struct{ Name, Account, Code string }
