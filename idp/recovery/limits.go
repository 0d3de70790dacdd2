package recovery

import "time"

// Limits are the numbers of recovery by review.
type Limits struct {
	// Draft is how long a request may be written, Open how long it waits for the
	// next act before it expires.
	Draft time.Duration `yaml:"draft"`
	Open  time.Duration `yaml:"open"`
	// Wait and WaitLong are the waiting time after two approvals (C-41).
	Wait     time.Duration `yaml:"wait"`
	WaitLong time.Duration `yaml:"wait_long"`
	// Reminder is how long before its end the owner is mailed once more; 0 for not at all.
	Reminder time.Duration `yaml:"reminder"`
	// Lately is how far back a change of password or address prolongs the waiting time.
	Lately time.Duration `yaml:"lately"`
	// Finish is how long the link works that sets a new password in the end.
	Finish time.Duration `yaml:"finish_link"`
	// Evidence is how long evidence is kept after the decision (C-44), Record how
	// long the request itself.
	Evidence time.Duration `yaml:"evidence"`
	Record   time.Duration `yaml:"record"`
	// PerDay and PerMonth are requests about one account (C-42); PerNetwork and
	// PerBrowser those that one network or browser begins on a day (T-42).
	PerDay     int `yaml:"account_day"`
	PerMonth   int `yaml:"account_30days"`
	PerNetwork int `yaml:"network_day"`
	PerBrowser int `yaml:"browser_day"`
	// Files is how many pieces of evidence there may be, FileKiB how large each,
	// Megapixels how large a picture (T-05).
	Files      int `yaml:"files"`
	FileKiB    int `yaml:"file_kib"`
	Megapixels int `yaml:"megapixels"`
}

const day = 24 * time.Hour

// DefaultLimits are C-41, C-42, C-44 and what goes with them.
func DefaultLimits() Limits {
	return Limits{
		Draft: time.Hour, Open: 7 * day, Wait: day, WaitLong: 3 * day, Reminder: 12 * time.Hour, Lately: 30 * day, Finish: day,
		Evidence: 7 * day, Record: 180 * day,
		PerDay: 2, PerMonth: 10, PerNetwork: 20, PerBrowser: 5,
		Files: 4, FileKiB: 8 << 10, Megapixels: 50,
	}
}
