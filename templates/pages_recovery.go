package templates

import "time"

// Rules of this file: as those of pages_account.go; the pages of a request show
// nothing of the account, for their reader may be a stranger (T-02).

// RecoveryStartPage is /recovery.
type RecoveryStartPage struct {
	// Hours is the shorter waiting time.
	Hours int
	// New is the path of the form; SignIn leads to a shorter way, or is empty.
	New, SignIn string
}

// RecoveryNewPage is the form of a request.
type RecoveryNewPage struct {
	// Known is set within a sign-in: the account is not asked for.
	Known                 bool
	Email, Contact, Story string
	Causes                []CauseRow
	// Error is about the request as a whole.
	Error  string
	Faults Faults
}

// CauseRow is something that may have happened, in words.
type CauseRow struct {
	Value, Label string
	Chosen       bool
}

// RecoveryConfirmPage asks for the code of the contact address.
type RecoveryConfirmPage struct {
	Contact         string
	Digits, Minutes int
	Resent          bool
	Error           string
}

// RecoveryEvidencePage adds evidence and sends the request.
type RecoveryEvidencePage struct {
	Files []EvidenceRow
	// MB is how large a file may be, Most how many there may be, Days how long they are kept.
	MB, Most, Days int
	// Again is set when a reviewer asked for Wanted.
	Again  bool
	Wanted string
	More   string
	// FileError is about the file, SendError about the request.
	FileError, SendError string
}

// EvidenceRow is a file that was added.
type EvidenceRow struct {
	ID, Name, Size string
	// Image is set when a browser can draw it.
	Image bool
	At    time.Time
}

// RecoveryStatusPage shows how a request is going.
type RecoveryStatusPage struct {
	Ref, State      string
	Sent, Due, Over time.Time
	// Hours is the waiting time after an approval.
	Hours int
	// Owner is set for a link that went to an address of the account; Password
	// when the applicant knew it.
	Owner, Password bool
	Wanted          string
	// Denied is set when the reader just said that it was not them.
	Denied bool
}

// RecoveryRow is a request in a list of the desk.
type RecoveryRow struct {
	ID, Ref, Email, State string
	Sent, Due, Closed     time.Time
}

// RecoveryDeskPage is /admin/recovery.
type RecoveryDeskPage struct{ Review, Waiting, Closed []RecoveryRow }

// SignalRow is what speaks for a request or against it.
type SignalRow struct {
	Label, Value string
	Good         bool
}

// RecoveryCasePage is one request at the desk.
type RecoveryCasePage struct {
	ID, Ref, State, StateWords    string
	Name, Email, UserID           string
	Cause, Contact, Story, Wanted string
	Browser, IP                   string
	Sent, Due, Over               time.Time
	Signals                       []SignalRow
	Methods                       []MethodRow
	Files                         []EvidenceRow
	History                       []AuditRow
	// Decide is set while a reviewer may decide, Stop while they may only decline.
	Decide, Stop bool
	// Half is set after a first approval, Mine when it is the reader's own.
	Half, Mine bool
	Hours      int
	// What was typed, and what is wrong with it.
	Ticket, Reason, Ask string
	Checks              []CauseRow
	Error               string
	Faults              Faults
	Done                string
}
