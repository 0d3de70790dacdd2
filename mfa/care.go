package mfa

import "time"

// CareLimits are the numbers of a person's own methods after set-up: passkeys,
// and the time in which what is new gives no power over what is old.
type CareLimits struct {
	Passkeys int           `yaml:"passkeys"` // per account
	Hold     time.Duration `yaml:"hold"`     // C-40, so long a method that was added or replaced helps to remove no other; 0 switches it off
}

// DefaultCareLimits are the numbers of requirements.md section 4.
func DefaultCareLimits() CareLimits {
	return CareLimits{Passkeys: 10, Hold: 24 * time.Hour}
}
