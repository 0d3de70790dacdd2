package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// methodState is a method with what may be done with it now, and what is in doubt.
func (s *server) methodState(r reader, f mfa.Factor) templates.MethodRow {
	row, now := r.method(f), s.now()
	row.Doubtful = !row.Disabled && s.provider.Config().Limits.Care.Doubtful(f, now)
	if now.Before(f.HeldUntil) && !row.Disabled {
		row.Held = r.at(f.HeldUntil)
	}
	return row
}

// ownMethods are the rows of the settings page.
func (s *server) ownMethods(v *visit) []templates.MethodRow {
	all, on := v.account.Methods, v.account.State == idp.StateOn
	rows := make([]templates.MethodRow, 0, len(all))
	for _, f := range all {
		row := s.methodState(v.reader, f)
		row.Removable = removable(all, f, v.account.State)
		row.MayChange = on && !f.Draft
		row.MayVerify = on && f.Channel.Phone() && !row.Disabled && (!row.Verified || row.Doubtful)
		row.MayLead = s.mayLead(v, f)
		rows = append(rows, row)
	}
	return rows
}

// mayLead reports whether a backup may become the main method.
func (s *server) mayLead(v *visit, f mfa.Factor) bool {
	_, err := mfa.Led(v.account.Methods, f.ID)
	return err == nil && v.account.State == idp.StateOn && s.provider.Config().Limits.Care.Sure(f, s.now())
}

// check reports whether a number of theirs needs proving.
func (s *server) check(v *visit) bool {
	return v.account.State == idp.StateOn && slices.ContainsFunc(v.account.Methods, func(f mfa.Factor) bool {
		return f.Usable() && f.Channel.Phone() && !s.provider.Config().Limits.Care.Sure(f, s.now())
	})
}

func (s *server) verifyMethodPage(v *visit) error {
	p, err := s.verifyForm(v, "")
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, p)
}

// verifyForm is the page as it is now.
func (s *server) verifyForm(v *visit, fault string) (templates.Page, error) {
	f, code, err := s.provider.MethodCode(v.Request().Context(), v.b, v.Param("id"))
	data := templates.VerifyMethodPage{Error: fault, Stopped: errors.Is(err, mfa.ErrFactorDisabled)}
	if data.Stopped {
		f, err = v.ownMethod()
	}
	if err != nil {
		return templates.Page{}, err
	}
	data.Method, data.Text = s.methodState(v.reader, f), f.Channel == mfa.SMS
	if code != nil {
		data.Sent = v.sent(*code, false)
		if trouble := v.text(troubleKey(*code)); fault == "" && trouble != "" {
			data.Error = trouble
		}
	}
	return s.own(v, "security", "twostep-verify", "m.ver_t", data), nil
}

func (s *server) verifyMethod(v *visit) error {
	ctx, id, code := v.Request().Context(), v.Param("id"), field(v, "code")
	there, err := v.Request().URL.Path, error(nil)
	switch do := field(v, "do"); do {
	case "sms", "voice":
		err = s.provider.SendMethodCode(ctx, v.b, id, mfa.Channel(do))
	case "resend":
		_, running, viewErr := s.provider.MethodCode(ctx, v.b, id)
		if viewErr != nil {
			return viewErr
		}
		ch := mfa.Channel("")
		if running != nil {
			ch = running.Channel
		}
		err = s.provider.SendMethodCode(ctx, v.b, id, ch)
	default:
		there, err = pathTwoStep+"?done=verified", s.provider.VerifyMethod(ctx, v.b, id, code)
	}
	if err == nil {
		return see(v, there)
	}
	p, formErr := s.verifyForm(v, "")
	if formErr != nil {
		return formErr
	}
	data, _ := p.Data.(templates.VerifyMethodPage)
	text, ok := v.codeFault(err, code, data.Sent)
	if !ok {
		return err
	}
	data.Error = text
	p.Data = data
	return s.again(v, p)
}

func (s *server) mainMethodPage(v *visit) error {
	f, err := v.ownMethod()
	if err != nil {
		return err
	}
	if v.account.State != idp.StateOn || f.Role == mfa.Primary {
		return see(v, pathTwoStep)
	}
	if err := s.provider.MayChangeMethods(v.Request().Context(), v.b); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, s.mainPage(v, f))
}

func (s *server) mainPage(v *visit, f mfa.Factor) templates.Page {
	row := s.methodState(v.reader, f)
	row.MayLead = s.mayLead(v, f)
	data := templates.MainMethodPage{Method: row, Unverified: !s.provider.Config().Limits.Care.Sure(f, s.now())}
	for _, o := range v.account.Methods {
		if o.Role == mfa.Primary {
			data.Main = v.methodPtr(&o)
		}
	}
	p := s.own(v, "security", "twostep-main", "m.main_t", data)
	p.TitleArgs = []any{"name", row.Words}
	return p
}

func (s *server) makeMain(v *visit) error {
	f, err := v.ownMethod()
	if err != nil {
		return err
	}
	err = s.provider.MakeMain(v.Request().Context(), v.b, f.ID)
	switch {
	case err == nil:
		return see(v, pathTwoStep+"?done=main")
	case errors.Is(err, idp.ErrState), errors.Is(err, mfa.ErrChoice):
		return see(v, pathTwoStep) // another tab was faster
	case errors.Is(err, mfa.ErrMustVerify), errors.Is(err, mfa.ErrAppTwice), errors.Is(err, mfa.ErrLastMethod):
		return s.again(v, s.mainPage(v, f))
	}
	return err
}
