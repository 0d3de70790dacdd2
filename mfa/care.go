package mfa

import "time"

// CareLimits are the numbers of a person's own methods after set-up: passkeys,
// recovery codes, and the time in which what is new gives no power over what is old.
type CareLimits struct {
	Passkeys int           `yaml:"passkeys"` // per account
	Hold     time.Duration `yaml:"hold"`     // C-40, so long a method that was added or replaced helps to remove no other; 0 switches it off

	RecoveryCodes   int           `yaml:"recovery_codes"`    // C-45, made at a time
	RecoveryWarning int           `yaml:"recovery_warning"`  // so few left are too few
	RecoveryTries   int           `yaml:"recovery_tries"`    // N-15, wrong ones from one network
	RecoveryTriesOf int           `yaml:"recovery_tries_of"` // N-15, wrong ones of one account, from everywhere
	RecoveryPause   time.Duration `yaml:"recovery_pause"`    // in which they are counted
}

// DefaultCareLimits are the numbers of requirements.md section 4.
func DefaultCareLimits() CareLimits {
	return CareLimits{
		Passkeys: 10, Hold: 24 * time.Hour,
		RecoveryCodes: 10, RecoveryWarning: 3, RecoveryTries: 5, RecoveryTriesOf: 50, RecoveryPause: 15 * time.Minute,
	}
}
