package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// The paths at which a recovery code stands in for a security code.
const (
	pathRecoveryCode      = "/signin/recovery-code"
	pathResetRecoveryCode = "/password/reset/recovery-code"
)

// recoveryCode is another way on the code page.
func (s *server) recoveryCode(c echo.Context) error {
	return s.due(c, "/signin/code", func(v idp.SignInView) error { return s.showRecoveryCode(c, askingNow(v), nil) })
}

func (s *server) submitRecoveryCode(c echo.Context) error {
	next, err := s.provider.SubmitRecoveryCode(c.Request().Context(), browser(c), flowID(c), field(c, "code"))
	if err == nil {
		return s.redirect(c, next)
	}
	return s.due(c, "/signin/code", func(v idp.SignInView) error { return s.showRecoveryCode(c, askingNow(v), err) })
}

func (s *server) resetRecoveryCode(c echo.Context) error {
	return s.inReset(c, nil, s.showRecoveryCode)
}

func (s *server) submitResetRecoveryCode(c echo.Context) error {
	err := s.provider.ResetRecoveryCode(c.Request().Context(), browser(c), s.mailedToken(c, resetCookie), field(c, "code"))
	if err == nil {
		return s.resetDone(c)
	}
	return s.inReset(c, err, s.showRecoveryCode)
}

// showRecoveryCode shows the page, again if a code was refused. Who has no
// codes is shown the other ways.
func (s *server) showRecoveryCode(c echo.Context, a asking, refused error) error {
	action := pathRecoveryCode
	if a.view.ID == "" {
		action = pathResetRecoveryCode
	}
	data := templates.RecoveryCodePage{Action: action, Others: a.ways, StepUp: s.stepUp(c, a.view)}
	if refused == nil && a.codes == "" {
		return see(c, a.ways)
	}
	p := s.page(c, "recovery-code", "rcode.title", data)
	if refused == nil {
		return s.render(c, http.StatusOK, p)
	}
	if data.Error = s.recoveryWords(c, refused); data.Error == "" {
		return refused
	}
	p.Data = data
	return s.again(c, p)
}

// recoveryWords tell what was wrong with a recovery code; empty for an error
// that is not about it.
func (s *server) recoveryWords(c echo.Context, refused error) string {
	say := s.speaker(c)
	if soon, ok := errors.AsType[*mfa.TooSoonError](refused); ok {
		return say("rcode.e.paused", "time", s.clock(soon.At))
	}
	switch {
	case errors.Is(refused, mfa.ErrCodeEmpty):
		return say("rcode.e.empty")
	case errors.Is(refused, mfa.ErrCodeShort), errors.Is(refused, mfa.ErrCodeLong), errors.Is(refused, mfa.ErrCodeChars):
		return say("rcode.e.shape")
	case errors.Is(refused, mfa.ErrWrongCode):
		return say("rcode.e.wrong")
	}
	return ""
}
