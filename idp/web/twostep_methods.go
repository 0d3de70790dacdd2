package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// ownMethod is the person's method that the path names.
func (v *visit) ownMethod() (mfa.Factor, error) {
	i := slices.IndexFunc(v.account.Methods, func(f mfa.Factor) bool { return f.ID == v.Param("id") && !f.Draft })
	if i < 0 {
		return mfa.Factor{}, idp.ErrNotFound
	}
	return v.account.Methods[i], nil
}

func (s *server) removeMethodPage(v *visit) error {
	f, err := v.ownMethod()
	if err != nil {
		return err
	}
	if !v.account.Sudo {
		return idp.ErrSudo
	}
	if v.account.Session.FactorID != f.ID { // a held one removes itself only
		if err := s.provider.MayChangeMethods(v.Request().Context(), v.b); err != nil {
			return err
		}
	}
	return s.render(v, http.StatusOK, s.removePage(v, f, removable(v.account.Methods, f, v.account.State)))
}

func (s *server) removePage(v *visit, f mfa.Factor, may bool) templates.Page {
	row := v.method(f)
	row.Removable = may
	data := templates.RemoveMethodPage{Method: row, On: v.account.State == idp.StateOn}
	if v.account.State == idp.StateOn {
		data.Heir = v.methodPtr(heir(v.account.Methods, f))
	}
	p := s.own(v, "security", "twostep-remove", "m.rm_t", data)
	p.TitleArgs = []any{"name", row.Words}
	return p
}

func (s *server) removeMethod(v *visit) error {
	f, err := v.ownMethod()
	if err != nil {
		return err
	}
	err = s.provider.RemoveMethod(v.Request().Context(), v.b, f.ID, field(v, "others") != "")
	if errors.Is(err, mfa.ErrLastMethod) {
		return s.again(v, s.removePage(v, f, false))
	}
	if err != nil {
		return err
	}
	return see(v, pathTwoStep+"?done=removed")
}

func (s *server) nameMethodPage(v *visit) error {
	f, err := v.ownApp()
	if err != nil {
		return err
	}
	if !v.account.Sudo {
		return idp.ErrSudo
	}
	return s.render(v, http.StatusOK, s.namePage(v, f, ""))
}

func (s *server) namePage(v *visit, f mfa.Factor, fault string) templates.Page {
	return s.own(v, "security", "twostep-name", "m.app_name", templates.RenameMethodPage{Method: v.method(f), Error: fault})
}

// ownApp is the person's authenticator app that the path names.
func (v *visit) ownApp() (mfa.Factor, error) {
	f, err := v.ownMethod()
	if err == nil && f.Channel != mfa.App {
		err = idp.ErrNotFound
	}
	return f, err
}

func (s *server) nameMethod(v *visit) error {
	f, err := v.ownApp()
	if err != nil {
		return err
	}
	err = s.provider.RenameMethod(v.Request().Context(), v.b, f.ID, field(v, "name"))
	if errors.Is(err, idp.ErrName) {
		return s.again(v, s.namePage(v, f, v.text("m.app_e")))
	}
	if err != nil {
		return err
	}
	return see(v, pathTwoStep+"?done=named")
}
