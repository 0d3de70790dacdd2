package templates

import "time"

// Fault is what is wrong with one field of a form, in words.
type Fault struct{ Field, Text string }

// Faults are those of a form; nil is a form without any.
type Faults []Fault

// On is the fault of a field, empty when there is none.
func (f Faults) On(field string) string {
	for _, fault := range f {
		if fault.Field == field {
			return fault.Text
		}
	}
	return ""
}

// HelpPage is a page of the help. It answers with the numbers and names of this
// deployment.
type HelpPage struct {
	// TrustDays is how long a device may skip codes; 0 for never.
	TrustDays int
	// Digits and Minutes are the length and the life of a code.
	Digits, Minutes int
	// Unverified says that a backup phone may be added unverified, VoIP that IP phones may.
	Unverified, VoIP bool
	// Dates are the relying parties that demand two-step verification.
	Dates []HelpDate
	// Countries are those whose numbers get codes, in words; empty for the home country alone.
	Countries string
	// Recovery and Shops are paths; empty where there are no such pages.
	Recovery, Shops string
}

// HelpDate is a relying party that demands two-step verification: from a
// moment, or always when From is zero.
type HelpDate struct {
	Client string
	From   time.Time
	Past   bool
}

// ErrorPage is what cannot be mended by typing something else.
type ErrorPage struct {
	// Body is a key. Param is the parameter it may name; Until a time it may name.
	Body, Param string
	Until       time.Time
	// Reference is the request's id; At is when it happened.
	Reference string
	At        time.Time
	// Details are for developers; empty when they have no part in it.
	Details string
	// Back is the relying party to return to; nil leads to the account.
	Back *ClientRef
}
