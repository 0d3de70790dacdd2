package web

import (
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

func (s *server) passwordForm(v *visit) error {
	if !v.account.Sudo {
		return idp.ErrSudo
	}
	return s.render(v, http.StatusOK, s.passwordPage(v, nil, true))
}

func (s *server) passwordPage(v *visit, faults templates.Faults, endOthers bool) templates.Page {
	return s.own(v, "security", "account-password", "sec.pw_t", templates.ChangePasswordPage{
		Email: v.account.User.Email, MinLength: s.minPassword(v.account), Faults: faults, EndOthers: endOthers,
	})
}

// minPassword is how long a password must be: longer where it stands alone (N-07).
func (s *server) minPassword(a idp.Account) int {
	l := s.provider.Config().Limits.Password
	if a.State == idp.StateOn {
		return l.MinWithTwoStep
	}
	return l.MinAlone
}

func (s *server) changePassword(v *visit) error {
	endOthers := field(v, "others") != ""
	err := s.provider.ChangePassword(v.Request().Context(), v.b, field(v, "current-password"), field(v, "new-password"), endOthers)
	switch {
	case err == nil:
		return see(v, pathSecurity+"?done=password")
	case errors.Is(err, idp.ErrBadCredentials):
		return s.again(v, s.passwordPage(v, templates.Faults{{Field: "current-password", Text: v.text("sec.pw_e")}}, endOthers))
	}
	text := s.newPasswordWords(v, field(v, "new-password"), err)
	if text == "" {
		if text, _ = v.waitFault(err); text == "" {
			return err
		}
	}
	return s.again(v, s.passwordPage(v, templates.Faults{{Field: "new-password", Text: text}}, endOthers))
}
