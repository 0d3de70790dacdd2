package templates

import "time"

// DataPage is /account/data. Error says why there is no file now.
type DataPage struct{ Error string }

// ClosePage is /account/close.
type ClosePage struct {
	Email string
	// Due is when the account would be erased, Days how long that is.
	Due  time.Time
	Days int
	// Apps lose access.
	Apps []string
	// Shops are those that nobody else owns, Staff a duty on staff: while there
	// is one the account cannot be closed.
	Shops []string
	Staff bool
}

// ClosedPage is /account/closed.
type ClosedPage struct{ Days int }
