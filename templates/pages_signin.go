package templates

import "time"

// Rules of this file: as in pages_account.go, a struct holds what its template
// shows and no more. Before the second step that is little (ux 2.6): two digits
// of a number, never a name.

// SignInPage is /signin.
type SignInPage struct {
	// Email is what was typed, or the relying party's hint.
	Email string
	// Note is a key: the password was just changed, or the session has ended.
	Note string
	// The faults: of a field left empty, or of both together.
	EmailError, PasswordError, Error string
	// SignUp is the path of the sign-up page.
	SignUp string
	// Passkey is what the browser is asked for a passkey; empty where none is of use.
	Passkey PasskeyAsk
}

// PasskeyAsk is what a browser is asked to do with a passkey.
type PasskeyAsk struct {
	// Options is JSON for the browser.
	Options string
	// Fault is what was wrong with the last answer.
	Fault string
	// Unknown is the id of a passkey that is not registered, for the browser to forget; Site is whose.
	Unknown, Site string
}

// ConfirmPage is /signin/confirm: the person is known and proves it again.
type ConfirmPage struct {
	Email string
	// Sudo is set before a change of one's own settings.
	Sudo    bool
	Note    string
	Error   string
	Passkey PasskeyAsk
}

// PasskeyPage is /signin/passkey.
type PasskeyPage struct {
	Passkey PasskeyAsk
	// Sudo is set before a change of one's own settings, Staff where a page of ours demands a passkey.
	Sudo, Staff bool
	// Others is the path of the other ways; empty where there is none. Later is
	// set where the sign-in goes on without a passkey; Lost is where people go who can use none.
	Others, Lost string
	Later        bool
}

// NewPasskeyPage makes a passkey: where one is offered or demanded in a
// sign-in, and on the account pages.
type NewPasskeyPage struct {
	Passkey PasskeyAsk
	// Own is set on the account pages, Offered where it may be put off.
	Own, Offered bool
	// Full is set when no more may be added; Most is how many may.
	Full bool
	Most int
}

// CodePage asks for a code: at sign-in, at step-up and for a password reset.
type CodePage struct {
	// Action is the path the form posts to, Help that of the other ways, Lost
	// where people go who can use none.
	Action, Help, Lost string
	// Channel is "sms", "voice" or "app"; Tail the last two digits of the number,
	// App what the person calls the app.
	Channel, Tail, App string
	Sent               time.Time
	// Digits is how long a code is, Minutes how long it counts.
	Digits, Minutes int
	// Resent is set when the code replaced an earlier one.
	Resent bool
	// StepUp is set for a person who is signed in already, Sudo if that is for a
	// change of their own settings.
	StepUp, Sudo bool
	// Firm is set where methods that were added lately don't count.
	Firm bool
	// TrustUntil is zero when trusting this device is not offered.
	TrustUntil time.Time
	// Trouble tells what went wrong with the code on its way; Instead is the way
	// to get one that is offered then, by a form to the path Ways.
	Trouble string
	Instead *MethodChoice
	Ways    string
	// PausedUntil, when not zero, takes the place of the form.
	PausedUntil time.Time
	// AllPaused is set when no other way of getting a code is any help (C-08).
	AllPaused bool
	// Error is about the code; Away says that another code or way is the only way on.
	Error string
	Away  bool
}

// MethodsPage lists the ways to get a code.
type MethodsPage struct {
	// Lost is where people go who can use none of these.
	Action, Back, Lost string
	Methods            []MethodChoice
	// Passkey and RecoveryCode are the paths of their pages; empty where they are of no use.
	Passkey, RecoveryCode string
	Error                 string
}

// MethodChoice is a button: one way to get a code.
type MethodChoice struct {
	// Value names it in the form; Icon and Channel draw it.
	Value, Channel string
	// Tail are two digits of a number, Name is an app's.
	Tail, Name string
	// Current is the way the running code came by.
	Current, Backup, Unverified bool
	// Wait is the seconds until it may be sent again; 0 for now.
	Wait int
}

// SelectPage is the account chooser.
type SelectPage struct{ Name, Email string }

// NoticePage announces an enforcement date.
type NoticePage struct {
	From time.Time
	// Days are those left; 0 on the last.
	Days int
}

// EnrolPage leads to the wizard. Later is set when it may be put off; Shop
// names the shop that demands it, empty where that is not the reason.
type EnrolPage struct {
	Later bool
	Shop  string
}

// ConsentPage asks whether a relying party may have what it asks for.
type ConsentPage struct {
	Owner, Domain, Email string
	Scopes               []ScopeRow
}

// ScopeRow is one thing asked for: a key of words, and the value in question.
type ScopeRow struct {
	Icon, Key, Scope, Value string
	// New marks what was not allowed before.
	New bool
}

// FormPostPage posts an answer on to a relying party at Action.
type FormPostPage struct {
	Action string
	Fields []FormField
}

// FormField is one hidden field.
type FormField struct{ Name, Value string }

// SignOutPage asks before signing out.
type SignOutPage struct {
	// Request is the relying party's, sealed; empty when the person came by themselves.
	Request string
	// Trusted is set when this browser skips codes.
	Trusted bool
	// Stay is where "stay signed in" leads.
	Stay string
}
