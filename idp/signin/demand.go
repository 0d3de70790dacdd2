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
	// enforced is set once the client's date has come, and for staff: two-step
	// verification must be on, and no passkey is enough without it (S-109, S-110).
	enforced bool
	// fresh asks for proofs within Limits.Sudo: credentials change next. No
	// factor is ever bound on the strength of an old session (C-33, T-40).
	fresh bool
	// trace is told of every demand; nil for nobody.
	trace *Explanation
}

// measure finds what is demanded, which rule says that the person must sign in
// again, and what the proofs reach. Where the next page binds a factor, fresh
// proofs are demanded and everything is measured by that.
func measure(f *Facts, t *Explanation) (d demand, stale string, level Level) {
	d = demandOf(f, t)
	stale = staleSignIn(f, d)
	level = have(f, d, stale)
	if !d.fresh && d.binds(f, level) {
		d.fresh = true
		stale = staleSignIn(f, d)
		level = have(f, d, stale)
	}
	return d, stale, level
}

// demandOf unites what the person, the client and the request ask for.
func demandOf(f *Facts, t *Explanation) demand {
	d := demand{level: LevelPassword, twoStep: f.Person.TwoStep, fresh: f.Request.Sudo || f.Request.Device, enforced: f.Request.Staff || enforced(f), trace: t}
	second := LevelTrustedDevice
	if f.Rules.NoTrustedDevices {
		second = LevelTwoStep
	}
	if d.enforced {
		d.raise(second, ReasonEnforced)
	}
	if from := f.Shop.From; !from.IsZero() && !f.Now.Before(from) {
		d.enforced = true
		d.raise(second, ReasonShopDate)
	}
	if d.twoStep {
		d.raise(second, ReasonOwn)
	}
	d.raise(minimum(f.Rules), ReasonMinACR)
	switch {
	case f.Request.Essential:
		d.raise(f.Request.Want, ReasonEssential)
	case d.twoStep || d.level < LevelTrustedDevice && !putOff(f):
		// A set-up that is demanded anyway is not made one that can be put off.
		d.raise(wish(f), ReasonVoluntary)
	}
	if d.fresh && (d.twoStep || f.Person.Passkey) { // N-46: the strongest there is
		d.raise(LevelTwoStep, ReasonFresh)
	}
	if d.fresh && f.Person.Staff && f.Person.Passkey {
		d.raise(LevelPhishingResistant, ReasonFresh)
	}
	if d.twoStep && !f.Request.Sudo {
		d.missing = missing(f.Person)
	}
	if d.missing != "" {
		d.raise(LevelTwoStep, d.missing)
	}
	return d
}

// wish is what acr_values asks for of somebody who can prove it: a passkey is
// asked of those who have one, and may be put off for a code.
func wish(f *Facts) Level {
	if f.Person.Passkey && !putOff(f) {
		return min(f.Request.Want, reachable)
	}
	return min(f.Request.Want, LevelTwoStep)
}

// raise lifts the demand to level; the first rule that asks for most is kept.
func (d *demand) raise(level Level, reason string) {
	d.trace.demanded(level, reason, level > d.level)
	if level > d.level {
		d.level, d.reason = level, reason
	}
}

// binds reports whether a factor is to be bound next, with proofs of level.
func (d demand) binds(f *Facts, level Level) bool {
	return d.missing != "" || d.enrols(f, level) || d.newPasskey(f)
}

// enrols reports whether two-step verification is to be set up: the client's
// date has come, or a second step is demanded of a person who has none at all.
func (d demand) enrols(f *Facts, level Level) bool {
	second := d.level >= LevelTrustedDevice && d.level <= LevelTwoStep
	return !d.twoStep && (d.enforced || second && level < d.level && !f.Person.Passkey)
}

// newPasskey reports whether a passkey is demanded of a person who has none.
func (d demand) newPasskey(f *Facts) bool { return d.level > LevelTwoStep && !f.Person.Passkey }

// EnforcedFrom is the moment from which a person cannot use a client without
// two-step verification: the client's date (S-109), or the end of an extension
// of theirs, if that is later. The zero time means never.
func EnforcedFrom(r clients.Rules, extendedUntil time.Time) time.Time {
	if !r.EnforceFrom.IsZero() && extendedUntil.After(r.EnforceFrom) {
		return extendedUntil
	}
	return r.EnforceFrom
}

// enforced reports whether that moment has come.
func enforced(f *Facts) bool {
	from := EnforcedFrom(f.Rules, f.Person.ExtendedUntil)
	return !from.IsZero() && !f.Now.Before(from)
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
