package mfa

import "time"

// CareLimits are the numbers of a person's own methods after set-up: passkeys,
// recovery codes, the time in which what is new gives no power over what is old, and when a
// method that nobody uses is asked about or deleted.
type CareLimits struct {
	Passkeys       int           `yaml:"passkeys"`        // per account
	Hold           time.Duration `yaml:"hold"`            // C-40, so long a method that was added or replaced helps to change no other; 0 switches it off
	Recheck        time.Duration `yaml:"recheck"`         // C-23, a number that was not proved for so long must be proved again; 0 switches it off
	RecheckNotice  time.Duration `yaml:"recheck_notice"`  // how long before that its owner is asked
	Unverified     time.Duration `yaml:"unverified"`      // an unverified backup so old is reminded of; 0 switches both reminders off
	UnverifiedLast time.Duration `yaml:"unverified_last"` // and once more
	Purge          time.Duration `yaml:"purge"`           // C-23, a method left behind or stopped for so long is deleted; 0 switches it off
	PurgeNotice    time.Duration `yaml:"purge_notice"`    // how long before that its owner is told

	RecoveryCodes   int           `yaml:"recovery_codes"`    // C-45, made at a time
	RecoveryWarning int           `yaml:"recovery_warning"`  // so few left are too few
	RecoveryTries   int           `yaml:"recovery_tries"`    // N-15, wrong ones from one network
	RecoveryTriesOf int           `yaml:"recovery_tries_of"` // N-15, wrong ones of one account, from everywhere
	RecoveryPause   time.Duration `yaml:"recovery_pause"`    // in which they are counted
}

// DefaultCareLimits are the numbers of requirements.md section 4.
func DefaultCareLimits() CareLimits {
	const day = 24 * time.Hour
	return CareLimits{
		Passkeys: 10, Hold: day, Recheck: 365 * day, RecheckNotice: 30 * day,
		Unverified: 7 * day, UnverifiedLast: 28 * day, Purge: 180 * day, PurgeNotice: 14 * day,
		RecoveryCodes: 10, RecoveryWarning: 3, RecoveryTries: 5, RecoveryTriesOf: 50, RecoveryPause: 15 * time.Minute,
	}
}

// ProvedAt is when a code was last received or computed with the factor.
func (f Factor) ProvedAt() time.Time {
	if f.LastUsedAt.After(f.VerifiedAt) {
		return f.LastUsedAt
	}
	return f.VerifiedAt
}

// Doubtful reports whether a number was not proved for so long that it may be
// somebody else's by now (T-34): it counts as unverified until it is proved again.
func (l CareLimits) Doubtful(f Factor, now time.Time) bool {
	return l.Recheck > 0 && f.Channel.Phone() && f.Verified() && now.Sub(f.ProvedAt()) > l.Recheck
}

// Sure reports whether the factor is verified and not doubtful.
func (l CareLimits) Sure(f Factor, now time.Time) bool { return f.Verified() && !l.Doubtful(f, now) }

// Held reports whether a proof given at a moment by the factor gives no power
// over other methods (C-40). What it proved before it was added or verified
// anew is not held.
func (f Factor) Held(proof, now time.Time) bool {
	return now.Before(f.HeldUntil) && !proof.Before(f.VerifiedAt)
}

// Duty is what is to be done about a method that is not used.
type Duty string

// The duties. A method that is to be deleted may be needed: that is for the
// caller to see.
const (
	DutyNone    Duty = ""
	DutyConfirm Duty = "confirm" // remind of an unverified backup
	DutyRecheck Duty = "recheck" // ask whether the number is still the person's
	DutyExpire  Duty = "expire"  // tell that it will be deleted
	DutyPurge   Duty = "purge"   // delete it: its owner was told in time
)

// Due is what is to be done about a factor now, and when it gets serious: when
// a number counts as unverified, or a method is deleted.
func (l CareLimits) Due(f Factor, now time.Time) (Duty, time.Time) {
	idle := f.DormantAt
	if idle.IsZero() {
		idle = f.DisabledAt
	}
	switch {
	case f.Draft:
		return DutyNone, time.Time{}
	case !idle.IsZero():
		return l.purge(f, idle, now)
	case !f.Channel.Phone():
		return DutyNone, time.Time{}
	case !f.Verified():
		return l.confirm(f, now), time.Time{}
	}
	end := f.ProvedAt().Add(l.Recheck)
	if l.Recheck > 0 && !f.NoticedAt.After(f.ProvedAt()) && !now.Before(end.Add(-l.RecheckNotice)) {
		return DutyRecheck, end
	}
	return DutyNone, time.Time{}
}

func (l CareLimits) purge(f Factor, idle, now time.Time) (Duty, time.Time) {
	told := !f.NoticedAt.Before(idle)
	end := idle.Add(l.Purge)
	switch {
	case l.Purge <= 0:
	case !told && !now.Before(end.Add(-l.PurgeNotice)):
		if promised := now.Add(l.PurgeNotice); promised.After(end) { // nobody was there to tell earlier
			end = promised
		}
		return DutyExpire, end
	case told && !now.Before(end) && !now.Before(f.NoticedAt.Add(l.PurgeNotice)):
		return DutyPurge, end
	}
	return DutyNone, time.Time{}
}

func (l CareLimits) confirm(f Factor, now time.Time) Duty {
	first, last := f.CreatedAt.Add(l.Unverified), f.CreatedAt.Add(l.UnverifiedLast)
	switch {
	case l.Unverified <= 0:
	case f.NoticedAt.IsZero() && !now.Before(first), f.NoticedAt.Before(last) && !now.Before(last):
		return DutyConfirm
	}
	return DutyNone
}
