package templates

import "time"

// ReportPage is /report, behind the link "this wasn't me" of a security mail.
type ReportPage struct {
	// Subject is the mail's, At when it was written.
	Subject string
	At      time.Time
	// Undone says that the change itself is taken back too.
	Undone bool
}
