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

// HelpPage is /help. TrustDays is how long a device may skip codes; 0 for never.
type HelpPage struct{ TrustDays int }

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
