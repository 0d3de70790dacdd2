package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// twoStep is the advanced security settings: the state decides what is shown,
// and nothing else does (S-065).
func (s *server) twoStep(v *visit) error {
	a := v.account
	data := templates.TwoStepPage{
		State: string(a.State), Since: v.at(a.User.TwoStepAt), Required: v.required(),
		NeedsBackup: !hasRole(a.Methods, mfa.Backup), Methods: s.ownMethods(v),
		Risk:    !slices.ContainsFunc(a.Methods, func(f mfa.Factor) bool { return f.Channel == mfa.App && f.Usable() }) && len(a.Passkeys) == 0,
		Devices: len(a.Devices), Codes: s.codesNote(v), Passkeys: len(a.Passkeys), CanEnable: canEnable(a),
		Check: s.check(v), MayAdd: s.mayAdd(a),
		Done: v.done("on", "off", "removed", "named", "discarded", "ready", "codes", "added", "changed", "renewed", "verified", "main"),
	}
	data.Pair = a.State == idp.StateOn && !slices.ContainsFunc(data.Methods, func(m templates.MethodRow) bool { return m.Removable })
	return s.render(v, http.StatusOK, s.own(v, "security", "twostep-home", "two.title", data))
}

func hasRole(methods []mfa.Factor, role mfa.Role) bool {
	return slices.ContainsFunc(methods, func(f mfa.Factor) bool { return f.Role == role && f.DisabledAt.IsZero() })
}

// canEnable reports whether the methods kept suffice to switch on again (S-093, S-053).
func canEnable(a idp.Account) bool {
	return a.State == idp.StateOff && hasRole(a.Methods, mfa.Primary) && hasRole(a.Methods, mfa.Backup)
}

// mayAdd reports whether another method may be added (C-15).
func (s *server) mayAdd(a idp.Account) bool {
	limits := s.provider.Config().Limits.MFA
	phone := mfa.CheckAdd(a.Methods, nil, mfa.SMS, "", limits)
	return !errors.Is(phone, mfa.ErrTooManyFactors) || mfa.CheckAdd(a.Methods, nil, mfa.App, "", limits) == nil
}
