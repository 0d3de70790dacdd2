package signin_test

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// TestMain lets garbage pile up: millions of decisions leave a little each.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	m.Run()
}

// everyCombination calls check with all combinations of facts, until it finds
// a fault; under the race detector with a part of them, as nothing is shared.
func everyCombination(t *testing.T, check func(f *signin.Facts) (fault string)) {
	t.Helper()
	for name, dims := range spaces() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			combine(t, dims, check)
		})
	}
}

func combine(t *testing.T, dims [][]change, check func(f *signin.Facts) (fault string)) {
	t.Helper()
	for _, first := range dims[0] {
		t.Run(first.name, func(t *testing.T) {
			t.Parallel()
			facts, chosen, n := make([]signin.Facts, len(dims)), make([]string, len(dims)), 0
			facts[0], chosen[0] = plain(), first.name
			first.do(&facts[0])
			var walk func(depth int)
			walk = func(depth int) {
				f := &facts[depth-1]
				if depth == len(dims)/2 {
					if n++; n%stride != 0 {
						return
					}
				}
				if depth < len(dims) {
					for _, c := range dims[depth] {
						facts[depth], chosen[depth] = *f, c.name
						c.do(&facts[depth])
						walk(depth + 1)
					}
					return
				}
				if fault := check(f); fault != "" {
					t.Fatalf("facts: %s\n%s", strings.Join(slices.DeleteFunc(chosen, func(s string) bool { return s == "" }), ", "), fault)
				}
			}
			walk(1)
		})
	}
}

// invariant is what must hold of every decision, said without the rules.
type invariant struct {
	name string
	// broken reports whether the step breaks it.
	broken func(f *signin.Facts, s *signin.Step) bool
}

func invariants() []invariant {
	done := func(s *signin.Step) bool { return s.Page == signin.PageDone }
	recent := func(at time.Time, d time.Duration) bool { return !at.IsZero() && !at.Before(ago(d)) }
	passed := func(f *signin.Facts) bool {
		from := f.Rules.EnforceFrom
		return !from.IsZero() && !now.Before(from) && !now.Before(f.Person.ExtendedUntil)
	}
	// first is the password, or a passkey that stands in its place; key is any passkey that a person still has.
	first := func(f *signin.Facts) time.Time {
		p := f.Proofs
		if f.Person.Passkey && p.Passkey.Verified && p.Passkey.At.After(p.PasswordAt) {
			return p.Passkey.At
		}
		return p.PasswordAt
	}
	key := func(f *signin.Facts) time.Time {
		if !f.Person.Passkey {
			return time.Time{}
		}
		return f.Proofs.Passkey.At
	}
	// second is the newer of code and passkey.
	second := func(f *signin.Facts) time.Time {
		at := key(f)
		if c := f.Proofs.CodeAt; f.Person.TwoStep && c.After(at) {
			at = c
		}
		return at
	}
	return append(shopInvariants(), []invariant{
		{"every step has a reason, and an error unless it is done", func(_ *signin.Facts, s *signin.Step) bool {
			return s.Reason == "" || (s.Error == "") != done(s)
		}},
		{"done is never below need (T-13)", func(_ *signin.Facts, s *signin.Step) bool {
			return done(s) && (s.Have < s.Need || s.Need < signin.LevelPassword)
		}},
		{"done is about the person who proved it, and the one who was hinted at (O-24, O-27)", func(f *signin.Facts, s *signin.Step) bool {
			hint := f.Request.HintSubject
			return done(s) && (f.Proofs.Subject != f.Person.ID || hint != "" && hint != f.Person.ID)
		}},
		{"two-step verification that is on is never passed with the password alone (S-004)", func(f *signin.Facts, s *signin.Step) bool {
			return done(s) && f.Person.TwoStep && second(f).IsZero() && f.Proofs.DeviceAt.IsZero()
		}},
		{"after the date nobody passes without two-step verification (S-109, S-110)", func(f *signin.Facts, s *signin.Step) bool {
			return done(s) && passed(f) && (!f.Person.TwoStep || s.Have < signin.LevelTrustedDevice)
		}},
		{"a trusted device never satisfies step-up, sudo, min_acr 2sv or a client without trusted devices (T-11, S-101, N-56)", func(f *signin.Facts, s *signin.Step) bool {
			r := f.Request
			asked := f.Rules.MinACR != "" || r.Want >= signin.LevelTwoStep && (r.Essential || f.Person.TwoStep) ||
				f.Person.TwoStep && (r.Sudo || r.Device || f.Rules.NoTrustedDevices)
			return done(s) && asked && !recent(second(f), 24*time.Hour)
		}},
		{"have is truthful", func(f *signin.Facts, s *signin.Step) bool {
			p := f.Proofs
			return s.Have >= signin.LevelPassword && (first(f).IsZero() || p.Subject != f.Person.ID) ||
				s.Have == signin.LevelTrustedDevice && (p.DeviceAt.IsZero() || f.Rules.NoTrustedDevices || !f.Person.TwoStep) ||
				s.Have == signin.LevelTwoStep && (!recent(p.CodeAt, 24*time.Hour) || !f.Person.TwoStep || p.PasswordAt.IsZero()) ||
				s.Have == signin.LevelPhishingResistant && !recent(key(f), 24*time.Hour) || s.Have > signin.LevelPhishingResistant
		}},
		{"a key that was only touched is never more than a second step", func(f *signin.Facts, s *signin.Step) bool {
			return s.Have >= signin.LevelPassword && !f.Proofs.Passkey.Verified && f.Proofs.PasswordAt.IsZero()
		}},
		{"phr is never reached without a passkey (N-43)", func(f *signin.Facts, s *signin.Step) bool {
			r := f.Request
			asked := f.Rules.MinACR == "phr" || r.Essential && r.Want == signin.LevelPhishingResistant
			return done(s) && asked && (s.Have < signin.LevelPhishingResistant || key(f).IsZero())
		}},
		{"amr is truthful (2.C.2)", func(f *signin.Facts, s *signin.Step) bool {
			amr := signin.AMR(f.Proofs, s.Have, true)
			return slices.Contains(amr, "otp") != (s.Have == signin.LevelTwoStep) ||
				slices.Contains(amr, "hwk") != (s.Have == signin.LevelPhishingResistant) ||
				slices.Contains(amr, "pwd") != (s.Have >= signin.LevelPassword && !f.Proofs.PasswordAt.IsZero()) ||
				(len(amr) == 0) != (s.Have == signin.LevelNone)
		}},
		{"a recovery code is a code like any other, told as no text message and no call (2.C.2)", func(f *signin.Facts, s *signin.Step) bool {
			if f.Proofs.Channel != mfa.RecoveryCode {
				return false
			}
			other := *f
			other.Proofs.Channel = mfa.App
			amr := signin.AMR(f.Proofs, s.Have, true)
			return signin.Decide(other) != *s || slices.Contains(amr, "sms") || slices.Contains(amr, "tel")
		}},
		{"two-step verification without its pair is not done, whatever code was given (S-053, S-123)", func(f *signin.Facts, s *signin.Step) bool {
			return done(s) && f.Person.TwoStep && !f.Request.Sudo && (!f.Person.Primary || !f.Person.Backup)
		}},
		{"prompt=login and max_age=0 take no proof from before the request (O-20, O-21)", func(f *signin.Facts, s *signin.Step) bool {
			r, p := f.Request, f.Proofs
			if !done(s) || !r.Login && (r.MaxAge == nil || *r.MaxAge > 0) {
				return false
			}
			return first(f).Before(created) || s.Have == signin.LevelTwoStep && p.CodeAt.Before(created) ||
				s.Have == signin.LevelPhishingResistant && p.Passkey.At.Before(created)
		}},
		{"max_age is kept by the password, and by the code of a step-up (O-20, O-26)", func(f *signin.Facts, s *signin.Step) bool {
			if !done(s) || f.Request.MaxAge == nil || *f.Request.MaxAge == 0 {
				return false
			}
			since := ago(7 * time.Minute)
			return first(f).Before(since) || s.Need >= signin.LevelTwoStep && second(f).Before(since)
		}},
		{"credentials change, devices connect and methods are bound with fresh proofs only (C-33, T-40, RFC 8628)", func(f *signin.Facts, s *signin.Step) bool {
			binds := s.Page == signin.PageEnrol || s.Page == signin.PageNewPasskey || s.Page == signin.PageOffer
			if !binds && (!done(s) || !f.Request.Sudo && !f.Request.Device) {
				return false
			}
			guarded := f.Person.TwoStep || f.Person.Passkey
			return !recent(first(f), 10*time.Minute) || guarded && !recent(second(f), 10*time.Minute)
		}},
		{"a passkey is made by the strongest proof there is, and only by who has none (N-46)", func(f *signin.Facts, s *signin.Step) bool {
			makes := s.Page == signin.PageNewPasskey || s.Page == signin.PageOffer
			return makes && (f.Person.Passkey || f.Person.TwoStep && s.Have < signin.LevelTwoStep)
		}},
		{"pages of staff open with a passkey and two-step verification only (T-43)", func(f *signin.Facts, s *signin.Step) bool {
			return done(s) && f.Request.Staff && (s.Have < signin.LevelPhishingResistant || !f.Person.TwoStep)
		}},
		{"staff make their first passkey by a code, and change credentials by the passkey they have (T-43)", func(f *signin.Facts, s *signin.Step) bool {
			makes := s.Page == signin.PageNewPasskey && f.Request.Staff && (!f.Person.TwoStep || s.Have < signin.LevelTwoStep)
			return makes || done(s) && f.Request.Sudo && f.Person.Staff && f.Person.Passkey && !recent(key(f), 10*time.Minute)
		}},
		{"a passkey is offered once, never in vain, and never to be seen by nobody", func(f *signin.Facts, s *signin.Step) bool {
			return s.Page == signin.PageOffer && (f.Person.Offered || !f.Proofs.Able || f.Request.None || f.Proofs.PutOff)
		}},
		{"a passkey is asked of nobody who has none", func(f *signin.Facts, s *signin.Step) bool {
			return s.Page == signin.PagePasskey && !f.Person.Passkey
		}},
		{"nothing passes after its lifetime or idle time (C-30, C-31)", func(f *signin.Facts, s *signin.Step) bool {
			p := f.Proofs
			idle := s.Have >= signin.LevelTwoStep && !recent(p.SeenAt, time.Hour) && !recent(first(f), time.Hour)
			return done(s) && (idle || !recent(first(f), 24*time.Hour))
		}},
		{"an enforced enrolment cannot be put off (S-111)", func(f *signin.Facts, s *signin.Step) bool {
			forced := f.Rules.MinACR != "" || f.Request.Essential || passed(f) || f.Person.TwoStep
			if s.Page != signin.PageEnrol || !forced {
				return false
			}
			later := *f
			later.Proofs.PutOff = true
			return s.PutOff || signin.Decide(later).Page != signin.PageEnrol
		}},
		{"only the notice, an offer, set-up after a recovery and what acr_values asks for can be put off, and nothing under prompt=none", func(f *signin.Facts, s *signin.Step) bool {
			may := s.Page == signin.PageNotice || s.Page == signin.PageOffer ||
				(s.Page == signin.PageEnrol || s.Page == signin.PagePasskey) && s.Reason == signin.ReasonVoluntary ||
				s.Page == signin.PageEnrol && s.Reason == signin.ReasonReset
			return s.PutOff != may || s.PutOff && f.Request.None
		}},
		{"the notice never comes late, nor twice on a day before the last week (S-111)", func(f *signin.Facts, s *signin.Step) bool {
			week := f.Rules.EnforceFrom.Add(-7 * 24 * time.Hour)
			return s.Page == signin.PageNotice && (passed(f) || f.Person.TwoStep ||
				now.Before(week) && !f.Person.ExtendedUntil.After(f.Rules.EnforceFrom) && recent(f.Person.NoticedAt, 24*time.Hour-1))
		}},
		{"trusting is offered with a code that a trusted device could have replaced", func(f *signin.Facts, s *signin.Step) bool {
			return s.TrustOffered && (s.Page != signin.PageCode || f.Request.Sudo || f.Request.Device && f.Person.TwoStep || f.Rules.NoTrustedDevices ||
				f.Rules.MinACR != "" || s.Need > signin.LevelTrustedDevice)
		}},
		{"every page after the password needs the password (S-027, T-12)", func(_ *signin.Facts, s *signin.Step) bool {
			after := s.Page == signin.PageCode || s.Page == signin.PagePasskey || s.Page == signin.PageNewPasskey || s.Page == signin.PageOffer ||
				s.Page == signin.PageEnrol || s.Page == signin.PageNotice || s.Page == signin.PageConsent || s.Page == signin.PageDevice
			return after && s.Have < signin.LevelPassword
		}},
		{"a disabled person gets nowhere", func(f *signin.Facts, s *signin.Step) bool {
			before := s.Page == signin.PagePassword || s.Page == signin.PageSignUp || s.Page == signin.PageSelect || s.Page == signin.PageRefuse
			return f.Person.Disabled && !before
		}},
		{"two-step verification is never set up with a password by who has more (T-40, N-46)", func(f *signin.Facts, s *signin.Step) bool {
			return s.Page == signin.PageEnrol && (f.Person.TwoStep || f.Person.Passkey) && s.Have < signin.LevelTwoStep
		}},
		{"scopes are never given without consent", func(f *signin.Facts, s *signin.Step) bool {
			asked := f.Request.Consent || !f.Rules.FirstParty && len(f.Request.Scopes) > 0
			return done(s) && asked && !f.Proofs.Consented
		}},
		{"no device is connected that nobody looked at (RFC 8628 §5.4)", func(f *signin.Facts, s *signin.Step) bool {
			return f.Request.Device && !f.Proofs.Consented && (done(s) || s.Page == signin.PageConsent)
		}},
		{"an acr that nobody can reach is never promised (O-23)", func(f *signin.Facts, s *signin.Step) bool {
			return f.Request.Essential && f.Request.Want > signin.LevelPhishingResistant && s.Error != "unmet_authentication_requirements"
		}},
	}...)
}

// TestDecisionHoldsItsInvariants proves the list above over all combinations.
func TestDecisionHoldsItsInvariants(t *testing.T) {
	t.Parallel()
	all := invariants()
	everyCombination(t, func(f *signin.Facts) string {
		s := signin.Decide(*f)
		for _, i := range all {
			if i.broken(f, &s) {
				return fmt.Sprintf("broken: %s\nstep: %+v", i.name, s)
			}
		}
		return ""
	})
}

// TestWillingPersonReachesTheEnd walks every combination to its end: whoever
// answers each page is done after five at most, or two more where a passkey has
// to be made and tried on the way.
func TestWillingPersonReachesTheEnd(t *testing.T) {
	t.Parallel()
	everyCombination(t, func(f *signin.Facts) string {
		lost := f.Person.TwoStep && !f.Person.Primary && !f.Person.Backup
		if f.Request.None || lost || f.Person.Disabled {
			return ""
		}
		way, most := make([]signin.Page, 0, 8), 5
		for s := signin.Decide(*f); s.Page != signin.PageDone; s = signin.Decide(*f) {
			if s.Reason == signin.ReasonUnreachable {
				return ""
			}
			way = append(way, s.Page)
			switch s.Page {
			case signin.PageNewPasskey:
				most += 2
			case signin.PageShop:
				most++
			default:
			}
			if len(way) > most {
				return fmt.Sprintf("no end: %v", way)
			}
			signin.Answer(f, s)
		}
		return ""
	})
}
