package signin

import "time"

// Gather unites what the browser's session proves with what was shown in this
// sign-in. Proofs about another subject than the one who has proved something
// here are left out (O-27), and so are all proofs of the session when the
// person must sign in again: moments are whole seconds, and a session that
// began in the second of the request would otherwise pass for newer. A passkey
// that verified the person is a sign-in of its own: what was proved before it,
// and would be weaker, is no part of it. Signing in also answers prompt=select_account.
func Gather(r Request, session, here Proofs) Proofs {
	p := session
	if relogin(&r) {
		p.forget()
	}
	if here.Subject != "" && here.Subject != session.Subject {
		p = Proofs{Subject: here.Subject}
	}
	if here.Passkey.Verified && here.PasswordAt.IsZero() {
		p.forget()
	}
	if !here.PasswordAt.IsZero() && !here.PasswordAt.Before(p.PasswordAt) {
		// Every password asks the trusted device anew.
		p.PasswordAt, p.DeviceAt = here.PasswordAt, here.DeviceAt
	}
	if !here.DeviceAt.IsZero() {
		p.DeviceAt = here.DeviceAt
	}
	if !here.CodeAt.IsZero() {
		p.CodeAt, p.Channel = here.CodeAt, here.Channel
	}
	if !here.Passkey.At.IsZero() {
		p.Passkey = here.Passkey
	}
	p.Selected = here.Selected || !here.AuthTime().IsZero()
	p.Consented, p.PutOff, p.Able = here.Consented, here.PutOff, here.Able
	return p
}

// forget drops every proof; who it is about stays.
func (p *Proofs) forget() {
	p.PasswordAt, p.CodeAt, p.DeviceAt, p.Channel, p.Passkey = time.Time{}, time.Time{}, time.Time{}, "", Passkey{}
}

// have is [Have] for a demand and a verdict on the password that are known already.
func have(f *Facts, d demand, stale string) Level {
	switch {
	case !signedIn(f) || stale != "":
		return LevelNone
	case passkeyCounts(f, d):
		return LevelPhishingResistant
	case codeCounts(f, d):
		return LevelTwoStep
	case deviceCounts(f):
		return LevelTrustedDevice
	}
	return LevelPassword
}

// staleSignIn names the rule by which the person must sign in again; it is
// empty when the password, or the passkey in its place, counts. What was never
// given is older than all.
func staleSignIn(f *Facts, d demand) string {
	at, r, l := f.Proofs.PasswordAt, &f.Request, &f.Limits
	if f.Person.Passkey {
		at = f.Proofs.AuthTime()
	}
	lifetime, idle := l.Absolute1, l.Idle1
	if codeLives(f) || passkeyLives(f) {
		lifetime, idle = l.Absolute2, l.Idle2 // N-53, N-54
	}
	used := at
	if f.Proofs.SeenAt.After(at) {
		used = f.Proofs.SeenAt
	}
	switch {
	case relogin(r) && at.Before(r.CreatedAt):
		return ReasonLogin
	case r.MaxAge != nil && at.Before(maxAge(f)):
		return ReasonMaxAge
	case at.Before(f.Now.Add(-lifetime)):
		return ReasonAbsolute
	case used.Before(f.Now.Add(-idle)):
		return ReasonIdle
	case d.fresh && at.Before(f.Now.Add(-l.Sudo)):
		return ReasonFresh
	}
	return ""
}

// codeLives reports whether a code was given that a sign-in may still build
// on; it says nothing once two-step verification is off.
func codeLives(f *Facts) bool {
	at := f.Proofs.CodeAt
	return f.Person.TwoStep && !at.IsZero() && !at.Before(f.Now.Add(-f.Limits.Absolute2))
}

// codeCounts reports whether the code serves this demand.
func codeCounts(f *Facts, d demand) bool { return codeLives(f) && recent(f, d, f.Proofs.CodeAt) }

// recent reports whether a second step given at that moment is young enough.
// Step-up together with max_age, and any change of credentials, ask for that.
func recent(f *Facts, d demand, at time.Time) bool {
	r := &f.Request
	switch {
	case relogin(r) && at.Before(r.CreatedAt):
		return false
	case r.MaxAge != nil && d.level >= LevelTwoStep && at.Before(maxAge(f)):
		return false
	}
	return !d.fresh || !at.Before(f.Now.Add(-f.Limits.Sudo))
}

// passkeyLives reports whether a passkey was used that a sign-in may still
// build on; it says nothing once the person has none.
func passkeyLives(f *Facts) bool {
	at := f.Proofs.Passkey.At
	return f.Person.Passkey && !at.IsZero() && !at.Before(f.Now.Add(-f.Limits.Absolute2))
}

// passkeyCounts is codeCounts for a passkey.
func passkeyCounts(f *Facts, d demand) bool {
	return passkeyLives(f) && recent(f, d, f.Proofs.Passkey.At)
}

// deviceCounts reports whether a trusted device stands in for the code. It
// does so together with the password it was asked after, no longer.
func deviceCounts(f *Facts) bool {
	at := f.Proofs.DeviceAt
	return f.Person.TwoStep && !f.Rules.NoTrustedDevices && !at.IsZero() &&
		!at.Before(f.Proofs.PasswordAt) && !at.Before(f.Now.Add(-f.Limits.Absolute1))
}

// relogin reports whether the person must sign in anew: prompt=login, or
// max_age=0, which is the same (O-20).
func relogin(r *Request) bool { return r.Login || r.MaxAge != nil && *r.MaxAge <= 0 }

// maxAge is the moment from which proofs satisfy max_age. What was shown after
// the request was made satisfies it however slow the person is, so that a
// resumed sign-in never loops.
func maxAge(f *Facts) time.Time {
	return earlier(f.Request.CreatedAt, f.Now.Add(-*f.Request.MaxAge))
}
