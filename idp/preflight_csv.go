package idp

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
)

// PreflightColumns are those of the file that [PreflightCSV] writes; docs/operate.md describes them.
var PreflightColumns = []string{
	"id", "email", "name", "language", "outcome", "cohort", "marks", "two_step", "main", "backup", "passkeys", "last_seen", "extended_until", "pages", "reason",
}

// PreflightCSV writes people as a table (RFC 4180), the columns' names first.
// What begins like a formula is preceded by an apostrophe: names are what people
// typed, and the file is opened by staff.
type PreflightCSV struct{ w *csv.Writer }

// NewPreflightCSV begins a table.
func NewPreflightCSV(to io.Writer) (*PreflightCSV, error) {
	t := &PreflightCSV{csv.NewWriter(to)}
	return t, t.w.Write(PreflightColumns)
}

// Write adds a person.
func (t *PreflightCSV) Write(p PreflightPerson) error {
	marks := make([]string, 0, len(p.Marks))
	for _, m := range p.Marks {
		marks = append(marks, string(m))
	}
	pages := make([]string, 0, len(p.Steps))
	for _, s := range p.Steps {
		pages = append(pages, string(s.Page))
	}
	two := "off"
	if !p.User.TwoStepAt.IsZero() {
		two = "on"
	}
	return t.w.Write([]string{
		p.User.ID, harmless(p.User.Email), harmless(p.User.Name), p.User.Lang, string(p.Outcome), string(p.Cohort), strings.Join(marks, " "),
		two, string(p.Main), string(p.Backup), strconv.Itoa(p.Passkeys), stamp(p.LastAt), stamp(p.ExtendedUntil), strings.Join(pages, " "), p.Reason,
	})
}

// Close writes what is left.
func (t *PreflightCSV) Close() error {
	t.w.Flush()
	return t.w.Error()
}

// harmless is s as a spreadsheet takes it for text.
func harmless(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r\n|") {
		return "'" + s
	}
	return s
}

// stamp is a moment for machines; empty for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
