package signin

import (
	"slices"
	"time"
)

// The reasons: one stable word for each rule, for logs, tests and
// `sekisho explain`. The first rule that applies wins, in this order.
const (
	ReasonExpired      = "expired"       // the request outlived its time (C-32)
	ReasonCancelled    = "cancelled"     // the person went back to the relying party
	ReasonUnreachable  = "unreachable"   // a binding acr that nobody can reach here (O-23)
	ReasonCreate       = "prompt_create" // nobody is signed in and an account is wanted
	ReasonSignedOut    = "signed_out"    // nobody is signed in
	ReasonSelect       = "prompt_select_account"
	ReasonOtherSubject = "other_subject" // not the subject of id_token_hint (O-24, O-27)
	ReasonLogin        = "prompt_login"  // O-21, and max_age=0
	ReasonMaxAge       = "max_age"       // O-20
	ReasonAbsolute     = "absolute"      // the password is too old (C-31)
	ReasonIdle         = "idle"          // nothing was done for too long (C-30, N-54)
	ReasonFresh        = "fresh"         // credentials are about to change (C-33, T-40)
	ReasonDisabled     = "disabled"      // the account is
	ReasonOwn          = "own_two_step"  // the person has switched two-step verification on
	ReasonEnforced     = "enforced"      // the client's date has come (S-109)
	ReasonShopDate     = "shop_enforced" // that of the shop they act for has come (S-091)
	ReasonMinACR       = "min_acr"       // the client's least acr
	ReasonEssential    = "acr_essential" // claims.id_token.acr (O-23)
	ReasonVoluntary    = "acr_voluntary" // acr_values
	ReasonNoMethod     = "no_main"       // two-step verification is on without a main method
	ReasonNoBackup     = "no_backup"     // or without a backup (S-053)
	ReasonShop         = "shop"          // they act for one of several
	ReasonReset        = "reset"         // two-step verification was reset by recovery (S-133)
	ReasonNotice       = "notice"        // the client's date comes near (S-111)
	ReasonOffer        = "passkey_offer" // after a full sign-in, once
	ReasonDevice       = "device"        // a device is to be connected (RFC 8628)
	ReasonConsent      = "prompt_consent"
	ReasonScopes       = "new_scopes" // scopes that were never allowed
	ReasonDone         = "done"
)

// noticeAgain is when a notice that was put off is shown again.
const noticeAgain = 24 * time.Hour

// The OAuth errors of a [Step].
const (
	errDenied      = "access_denied"
	errLogin       = "login_required"
	errInteraction = "interaction_required"
	errConsent     = "consent_required"
	errSelection   = "account_selection_required"
	errUnmet       = "unmet_authentication_requirements"
)

// Decide chooses the page that f calls for: the first rule that applies wins.
// It is total: every Facts has its Step, and a Step that is not [PageDone]
// carries the error that prompt=none or a refusal answers with. Under
// prompt=none what may be put off counts as put off, because nobody is there
// to be asked.
func Decide(f Facts) Step { return decide(&f, nil) }

// decide tells t, unless that is nil, how it came to its step.
func decide(f *Facts, t *Explanation) Step {
	d, stale, level := measure(f, t)
	s := next(f, d, stale, level)
	s.Need, s.Have = d.level, level
	s.Error = errorOf(f, s)
	return s
}

// Have is the level that the proofs reach for this request now. It is always
// computed, never stored (T-13, T-14).
func Have(f Facts) Level {
	_, _, level := measure(&f, nil)
	return level
}

// next is the order of the rules: whether the request lives, who it is, the
// password, the account, the second step, what is to be told, what is to be shared.
func next(f *Facts, d demand, stale string, level Level) Step {
	r := &f.Request
	switch {
	case d.asks(ReasonExpired, !r.ExpiresAt.IsZero() && !f.Now.Before(r.ExpiresAt)):
		return Step{Page: PageRefuse, Reason: ReasonExpired}
	case d.asks(ReasonCancelled, r.Cancelled):
		return Step{Page: PageRefuse, Reason: ReasonCancelled}
	case d.asks(ReasonUnreachable, d.level > reachable):
		return Step{Page: PageRefuse, Reason: ReasonUnreachable}
	case d.asks(ReasonCreate, !signedIn(f) && r.Create):
		return Step{Page: PageSignUp, Reason: ReasonCreate}
	case d.asks(ReasonSignedOut, !signedIn(f)):
		return Step{Page: PagePassword, Reason: ReasonSignedOut}
	case d.asks(ReasonSelect, r.Select && !f.Proofs.Selected):
		return Step{Page: PageSelect, Reason: ReasonSelect}
	case d.asks(ReasonOtherSubject, r.HintSubject != "" && r.HintSubject != f.Person.ID):
		return Step{Page: PagePassword, Reason: ReasonOtherSubject}
	case d.asks(RuleStale, stale != ""):
		return Step{Page: PagePassword, Reason: stale}
	case d.asks(ReasonDisabled, f.Person.Disabled):
		return Step{Page: PageRefuse, Reason: ReasonDisabled}
	case d.asks(RuleSecondStep, level < d.level || d.enrols(f, level)):
		return secondStep(f, d, level)
	case d.asks(RuleMissing, d.missing != ""):
		return Step{Page: PageEnrol, Reason: d.missing}
	case d.asks(ReasonShop, f.Shop.Choose):
		// Names of shops are shown to nobody who has not proved it fully; what the
		// chosen one demands is asked for then.
		return Step{Page: PageShop, Reason: ReasonShop}
	case d.asks(ReasonReset, wasReset(f, d)):
		return Step{Page: PageEnrol, Reason: ReasonReset, PutOff: true}
	case d.asks(ReasonNotice, noticed(f)):
		return Step{Page: PageNotice, Reason: ReasonNotice, PutOff: true}
	case d.asks(ReasonOffer, offered(f, d)):
		return Step{Page: PageOffer, Reason: ReasonOffer, PutOff: true}
	case d.asks(ReasonDevice, r.Device && !f.Proofs.Consented):
		// RFC 8628 §5.4: no client is trusted so far that nobody has to look at the device.
		return Step{Page: PageDevice, Reason: ReasonDevice}
	case d.asks(ReasonConsent, r.Consent && !f.Proofs.Consented):
		// OIDC Core §3.1.2.1 names no exception: a first party that sends
		// prompt=consent gets the page too.
		return Step{Page: PageConsent, Reason: ReasonConsent}
	case d.asks(ReasonScopes, !f.Rules.FirstParty && !f.Proofs.Consented && !granted(f)):
		return Step{Page: PageConsent, Reason: ReasonScopes}
	}
	return Step{Page: PageDone, Reason: ReasonDone}
}

// secondStep asks for what is missing beside the password. Before any factor is
// bound, the strongest proof that the person has comes first (N-46).
func secondStep(f *Facts, d demand, level Level) Step {
	later := d.reason == ReasonVoluntary
	switch {
	case d.newPasskey(f) && d.enforced && !d.twoStep: // the pair first, then the passkey by its code
		return Step{Page: PageEnrol, Reason: d.reason}
	case d.newPasskey(f) && d.twoStep && level < LevelTwoStep:
		return Step{Page: PageCode, Reason: d.reason}
	case d.newPasskey(f):
		return Step{Page: PageNewPasskey, Reason: d.reason}
	case d.level > LevelTwoStep && level < d.level, !d.twoStep && f.Person.Passkey && level < LevelTwoStep:
		return Step{Page: PagePasskey, Reason: d.reason, PutOff: later}
	case !d.twoStep:
		return Step{Page: PageEnrol, Reason: d.reason, PutOff: later}
	}
	// "Don't ask on this device" never stands in a step-up (S-101, T-11).
	return Step{Page: PageCode, Reason: d.reason, TrustOffered: d.level <= LevelTrustedDevice}
}

// errorOf is what prompt=none or a refusal says instead of s.
func errorOf(f *Facts, s Step) string {
	switch s.Page {
	case PageDone:
		return ""
	case PageRefuse:
		if s.Reason == ReasonUnreachable {
			return errUnmet
		}
		return errDenied
	case PagePassword, PageSignUp:
		return errLogin
	case PageSelect, PageShop:
		return errSelection
	case PageConsent:
		return errConsent
	case PageCode, PagePasskey, PageNewPasskey, PageEnrol:
		if f.Request.Essential && s.Have < f.Request.Want {
			return errUnmet // O-23
		}
	case PageNotice, PageOffer, PageDevice:
	}
	return errInteraction
}

// signedIn reports whether the proofs are about the person and anything was
// ever shown.
func signedIn(f *Facts) bool {
	p := &f.Proofs
	return p.Subject != "" && p.Subject == f.Person.ID && (p.Session || !p.AuthTime().IsZero())
}

// offered reports whether a passkey is to be offered: once, to somebody who has
// none, in a browser that can make one, and only after a full sign-in with every
// factor there is, or the thief of a password would be the first to have one.
func offered(f *Facts, d demand) bool {
	d.fresh = true // a factor would be bound
	return f.Proofs.Able && !f.Person.Passkey && !f.Person.Offered && !f.Request.Sudo && !f.Request.Device && !putOff(f) &&
		staleSignIn(f, d) == "" && (!d.twoStep || codeCounts(f, d))
}

// wasReset reports whether set-up is due because the methods were lost. A client
// that demands it does so by its own rule; elsewhere it may be put off, for who
// has just lost a phone may have to get one first. It is asked right after the
// password only: a method is never bound on the strength of an old session (T-40).
func wasReset(f *Facts, d demand) bool {
	d.fresh = true // a factor would be bound
	return f.Person.Reset && !f.Person.TwoStep && !f.Person.Passkey && !f.Request.Sudo && !putOff(f) && staleSignIn(f, d) == ""
}

// noticed reports whether the client's enforcement date is to be announced
// (S-111). The page may be put off, so a silent request never fails for it.
func noticed(f *Facts) bool {
	from := EnforcedFrom(f.Rules, f.Person.ExtendedUntil)
	return !from.IsZero() && !f.Person.TwoStep && !f.Request.Sudo && !putOff(f) &&
		f.Now.Before(from) && !f.Now.Before(from.Add(-f.Limits.Notice)) && !seenToday(f, from)
}

// seenToday reports whether the notice was put off within a day and the date is
// not near enough to say it at every sign-in (ux 2.5).
func seenToday(f *Facts, from time.Time) bool {
	return f.Now.Before(from.Add(-f.Limits.NoticeDaily)) && f.Now.Before(f.Person.NoticedAt.Add(noticeAgain))
}

// granted reports whether every scope was allowed before.
func granted(f *Facts) bool {
	return !slices.ContainsFunc(f.Request.Scopes, func(s string) bool { return !slices.Contains(f.Granted, s) })
}

// putOff reports whether "later" was answered, or nobody can be asked.
func putOff(f *Facts) bool { return f.Proofs.PutOff || f.Request.None }

// earlier is the earlier of two moments.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
