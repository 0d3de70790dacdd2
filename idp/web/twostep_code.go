package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

func (s *server) turnOffPage(v *visit) error {
	if v.account.State != idp.StateOn {
		return see(v, pathTwoStep)
	}
	return s.switchPage(v, mfa.ForDisable)
}

func (s *server) turnOnPage(v *visit) error {
	if !canEnable(v.account) {
		return see(v, pathTwoStep)
	}
	return s.switchPage(v, mfa.ForEnable)
}

// switchPage asks for the code that switching takes. The password, or a passkey in its place,
// must be fresh before any code is sent.
func (s *server) switchPage(v *visit, purpose mfa.Purpose) error {
	if s.now().Sub(v.account.AuthTime) > s.provider.Config().Limits.Session.Sudo {
		return idp.ErrSudo
	}
	p, _, err := s.codePage(v, purpose)
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, p)
}

// codePage is the page as it is now, and the running challenge.
func (s *server) codePage(v *visit, purpose mfa.Purpose) (templates.Page, idp.CodeView, error) {
	running, methods, err := s.provider.TwoStepCode(v.Request().Context(), v.b, purpose)
	if err != nil {
		return templates.Page{}, running, err
	}
	limits := s.provider.Config().Limits.Password
	length := v.account.User.PasswordLen
	data := templates.TwoStepCodePage{
		Off: purpose == mfa.ForDisable, Required: v.required(), Clear: field(v, "clear") == "1",
		MinLength: limits.MinAlone,
	}
	data.TooShort = data.Off && length > 0 && length < limits.MinAlone
	for _, m := range methods {
		pick := templates.CodePick{MethodRow: v.method(m.Factor), Via: string(m.Channel)}
		pick.Icon = iconOf(m.Channel)
		data.Picks = append(data.Picks, pick)
	}
	if running.FactorID != "" && v.QueryParam("code") != "" {
		data.Sent = v.sent(running, false)
	}
	title := "on.title"
	if data.Off {
		title = "off.title"
	}
	return s.own(v, "security", "twostep-code", title, data), running, nil
}

func (s *server) turnOff(v *visit) error {
	return s.switchWith(v, mfa.ForDisable, func(code string) error {
		return s.provider.Disable(v.Request().Context(), v.b, code, field(v, "clear") == "1")
	})
}

func (s *server) turnOn(v *visit) error {
	return s.switchWith(v, mfa.ForEnable, func(code string) error {
		return s.provider.Enable(v.Request().Context(), v.b, code)
	})
}

// switchWith sends a code or takes one.
func (s *server) switchWith(v *visit, purpose mfa.Purpose, verify func(code string) error) error {
	asked, there := pathOn+"?code=1", pathTwoStep+"?done=on"
	if purpose == mfa.ForDisable {
		asked, there = pathOff+"?code=1", pathTwoStep+"?done=off"
	}
	p, running, err := s.codePage(v, purpose)
	if errors.Is(err, idp.ErrState) {
		return see(v, pathTwoStep) // another tab was faster
	}
	if err != nil {
		return err
	}
	ctx := v.Request().Context()
	switch field(v, "do") {
	case "send":
		id, via, _ := strings.Cut(field(v, "method"), ":")
		err = s.provider.SendTwoStepCode(ctx, v.b, purpose, id, mfa.Channel(via))
	case "resend":
		err = s.provider.SendTwoStepCode(ctx, v.b, purpose, running.FactorID, running.Channel)
	default:
		asked, err = there, verify(field(v, "code"))
	}
	if err == nil {
		return see(v, asked)
	}
	data, _ := p.Data.(templates.TwoStepCodePage)
	if running.FactorID != "" {
		data.Sent = v.sent(running, false)
	}
	text, ok := v.codeFault(err, field(v, "code"), data.Sent)
	switch {
	case errors.Is(err, idp.ErrPasswordTooShortAlone):
		data.TooShort = true
	case !ok:
		return err
	}
	data.Error = text
	p.Data = data
	return s.again(v, p)
}
