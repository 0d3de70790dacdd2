package templates

import "time"

// Rules of this file: as those of pages_staff.go.

// DateRow is a relying party and its enforcement date.
type DateRow struct {
	ID, Name string
	// From is the zero time for none; Past is set once it has come.
	From time.Time
	Past bool
	// File is set for one of the configuration file.
	File    bool
	History []DateChangeRow
}

// DateChangeRow is a line of a date's history.
type DateChangeRow struct {
	At    time.Time
	Actor string
	// Old and New are the zero time for none.
	Old, New time.Time
	Reason   string
	File     bool
}

// DatesPage is /admin/dates.
type DatesPage struct{ Clients []DateRow }

// DatePage is /admin/dates/{client}.
type DatePage struct {
	DateRow
	// On and All are what is counted, Date and Reason what was typed to change.
	On           string
	All          bool
	Date, Reason string
	Faults       Faults
	// Counted is set when the report below was asked for; At is its moment.
	Counted  bool
	People   int
	At       time.Time
	Outcomes []OutcomeRow
	// Done is "set" after a change.
	Done string
}

// OutcomeRow is a part of a preflight.
type OutcomeRow struct {
	Text string
	N    int
	// Stops marks the part that counts.
	Stops          bool
	Cohorts, Marks []CountRow
}

// CountRow is how many people something is said of.
type CountRow struct {
	Text string
	N    int
}

// ChoiceRow is an entry of a list to choose from.
type ChoiceRow struct{ Value, Text string }

// ExplainPage is /admin/explain.
type ExplainPage struct {
	// Who, Client, At, Last and With are what was asked; With has a line for each fact.
	Who, Client, At string
	Last            bool
	With            string
	Faults          Faults
	Clients         []ChoiceRow
	// Facts are those that can be changed, with what values they take.
	Facts []FactRow
	// Answer is nil before anything was asked.
	Answer *AnswerView
}

// AnswerView is why a sign-in goes as it does.
type AnswerView struct {
	Name, ID string
	// Client is empty for the account pages.
	Client string
	At     time.Time
	// Page and Reason are the decision's words, Why is what the reason means.
	Page, Reason, Why, Error string
	Need, Have               string
	// Rewound and Changed name facts that are not those of now.
	Rewound, Changed string
	Facts            []FactRow
	Demands, Rules   []RuleRow
	Way              []WayRow
	Events           []AuditRow
}

// FactRow is a fact.
type FactRow struct{ Name, Value string }

// RuleRow is a rule that was looked at, or a demand.
type RuleRow struct {
	Word, Text, Level string
	Applies           bool
}

// WayRow is a page of the way to the end.
type WayRow struct {
	Page, Text string
	// Later is set when it may be put off.
	Later bool
}

// ExtendForm is the form of a person's page that gives more time.
type ExtendForm struct {
	// Dates are those of the relying parties the person uses.
	Dates []PersonDate
	// Choices are the relying parties that have a date; empty hides the form.
	Choices []ChoiceRow
	// Days is how far behind the date it may end.
	Days int
	// Client, Until and Reason are what was typed.
	Client, Until, Reason string
	Faults                Faults
}

// PersonDate is what a relying party's date means for one person.
type PersonDate struct {
	Name string
	From time.Time
	// Extended is set when an extension was given; Used is the zero time for who
	// never signed in there.
	Extended bool
	Used     time.Time
}
