package signin

import "time"

// PasswordLimits are the numbers of requirements.md section 4 that guard the
// password. Counting is the caller's; these are the limits it counts against.
type PasswordLimits struct {
	PerAccountIPMinute int `yaml:"per_account_ip_minute"` // C-25
	PerAccountIPHour   int `yaml:"per_account_ip_hour"`   // C-25
	FailuresMax        int `yaml:"failures_max"`          // C-27, consecutive; then the password is disabled until a reset; at most 100 (N-40)
	PerIPMinute        int `yaml:"per_ip_minute"`         // C-28
	FreeFailures       int `yaml:"free_failures"`         // C-26, wrong passwords before waits begin
	MinAlone           int `yaml:"min_alone"`             // C-29, code points while two-step verification is off (N-07)
	MinWithTwoStep     int `yaml:"min_with_2sv"`          // C-29, code points while it is on
	Max                int `yaml:"max"`                   // C-29, at most 256 code points
}

// DefaultPasswordLimits are the numbers of requirements.md section 4.
func DefaultPasswordLimits() PasswordLimits {
	return PasswordLimits{
		PerAccountIPMinute: 5, PerAccountIPHour: 20, FailuresMax: 100, PerIPMinute: 20, FreeFailures: 3,
		MinAlone: 15, MinWithTwoStep: 8, Max: 256,
	}
}

// Delay is how long an account waits after its nth consecutive wrong password
// (C-26, N-41): nothing up to FreeFailures, then one second doubling to a
// quarter of an hour, and an hour from the forty-seventh after that on.
func (l PasswordLimits) Delay(failures int) time.Duration {
	const long, most = 47, 15 * time.Minute
	n := failures - l.FreeFailures
	switch {
	case n <= 0:
		return 0
	case n >= long:
		return time.Hour
	case n > 10: // 2¹⁰ seconds are more than the most
		return most
	}
	return time.Second << (n - 1)
}

// StaffLimits bound what one member of staff can see and do (T-43).
type StaffLimits struct {
	Idle      time.Duration `yaml:"idle"`       // after which a member proves it again, wherever they are signed in
	LooksHour int           `yaml:"looks_hour"` // people, requests and files opened
	ActsDay   int           `yaml:"acts_day"`   // changes to people
}

// DefaultStaffLimits are for a small support team.
func DefaultStaffLimits() StaffLimits {
	return StaffLimits{Idle: 15 * time.Minute, LooksHour: 60, ActsDay: 50}
}
