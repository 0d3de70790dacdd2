package templates

import "time"

// CodesNote is what account pages say of recovery codes.
type CodesNote struct {
	// Left is how many may still be used. None is set when none were ever made,
	// Few when new ones should be, Used when this browser signed in with one.
	Left            int
	None, Few, Used bool
}

// CodesPage is /account/security/two-step/recovery-codes.
type CodesPage struct {
	// New are codes to be saved, shown this one time; empty when there are none.
	New []string
	// Account and NewAt head them, File is the path that brings them as a text file.
	Account, File string
	NewAt         time.Time
	// Left is how many of those made before may still be used; MadeAt is zero when there are none.
	Left   int
	MadeAt time.Time
	Few    bool
	// Count is how many are made at a time.
	Count int
	// Error is about the box that was not ticked.
	Error string
}

// RecoveryCodePage asks for a recovery code: at sign-in, at step-up and for a
// password reset.
type RecoveryCodePage struct {
	// Action is the path the form posts to, Others that of the other ways.
	Action, Others string
	// StepUp is set for a person who is signed in already.
	StepUp bool
	Error  string
}
