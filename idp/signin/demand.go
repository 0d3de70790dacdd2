package signin

import (
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// demand is what a sign-in must prove, and the one rule that asks for most.
type demand struct {
	level  Level
	reason string
	// twoStep is the person's; missing names a method that it lacks.
	twoStep bool
	missing string
	// fresh asks for proofs within Limits.Sudo: credentials change next. No
	// factor is ever bound on the strength of an old session (C-33, T-40).
	fresh bool
}

// demandOf unites what the person, the client and the request ask for.
func demandOf(f *Facts) demand {
	d := demand{level: LevelPassword, twoStep: f.Person.TwoStep, fresh: f.Request.Sudo}
	second := LevelTrustedDevice
	if f.Rules.NoTrustedDevices {
		second = LevelTwoStep
	}
	if enforced(f.Rules, f.Now) {
		d.raise(second, ReasonEnforced)
	}
	if d.twoStep {
		d.raise(second, ReasonOwn)
	}
	d.raise(minimum(f.Rules), ReasonMinACR)
	switch {
	case f.Request.Essential:
		d.raise(f.Request.Want, ReasonEssential)
	case d.twoStep || !d.enrol() && !putOff(f):
		// A set-up that is demanded anyway is not made one that can be put off.
		d.raise(min(f.Request.Want, reachable), ReasonVoluntary)
	}
	if d.twoStep && d.fresh {
		d.raise(LevelTwoStep, ReasonFresh)
	}
	if d.twoStep && !f.Request.Sudo {
		d.missing = missing(f.Person)
	}
	if d.missing != "" {
		d.raise(LevelTwoStep, d.missing)
	}
	d.fresh = d.fresh || d.missing != "" || d.enrol()
	return d
}

// raise lifts the demand to level; the first rule that asks for most is kept.
func (d *demand) raise(level Level, reason string) {
	if level > d.level {
		d.level, d.reason = level, reason
	}
}

// enrol reports whether a second step is demanded of a person who has none.
func (d demand) enrol() bool { return !d.twoStep && d.level >= LevelTrustedDevice }

// enforced reports whether the client's date has come (S-109).
func enforced(r clients.Rules, now time.Time) bool {
	return !r.EnforceFrom.IsZero() && !now.Before(r.EnforceFrom)
}

// minimum is the client's least level. A word that is not an acr asks for more
// than anybody can prove: a mistake must not open a door.
func minimum(r clients.Rules) Level {
	if r.MinACR == "" {
		return LevelNone
	}
	level, ok := ParseACR(r.MinACR, nil)
	if !ok {
		return LevelHardware
	}
	return level
}

// missing names the method without which two-step verification may not go on (S-123).
func missing(p Person) string {
	switch {
	case !p.Primary:
		return ReasonNoMethod
	case !p.Backup:
		return ReasonNoBackup
	}
	return ""
}
