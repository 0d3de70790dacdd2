package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// resetCookie holds the token of a mailed link while the page is in use, so
// that the token stays in no URL, history or log (T-36).
const resetCookie = "reset"

func (s *server) forgot(c echo.Context) error {
	return s.render(c, http.StatusOK, s.page(c, "forgot", "forgot.title", templates.ForgotPage{}))
}

// submitForgot says the same whether or not the address has an account (T-02).
func (s *server) submitForgot(c echo.Context) error {
	data := templates.ForgotPage{Email: field(c, "email")}
	err := s.provider.Forgot(c.Request().Context(), browser(c), data.Email)
	if errors.Is(err, idp.ErrEmail) {
		data.Error = s.speaker(c)("signup.e.email")
		return s.again(c, s.page(c, "forgot", "forgot.title", data))
	}
	if err != nil {
		return err
	}
	return see(c, "/password/forgot/sent")
}

func (s *server) forgotSent(c echo.Context) error {
	return s.render(c, http.StatusOK, s.page(c, "forgot-sent", "forgot.sent_t", templates.ForgotSentPage{
		Minutes: minutes(s.provider.Config().Limits.SignIn.Reset),
	}))
}

// reset is where the mailed link leads. The token moves into a cookie at once.
func (s *server) reset(c echo.Context) error {
	ctx, b := c.Request().Context(), browser(c)
	if token := c.QueryParam("token"); token != "" {
		if err := s.provider.ResetCheck(ctx, b, token); err != nil {
			return err
		}
		c.SetCookie(s.cookies.cookie(resetCookie, token, s.provider.Config().Limits.SignIn.Reset))
		return see(c, "/password/reset")
	}
	if err := s.provider.ResetCheck(ctx, b, s.mailedToken(c, resetCookie)); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, s.resetPage(c, "", true))
}

// mailedToken is the token that a cookie holds, empty if there is none.
func (s *server) mailedToken(c echo.Context, name string) string {
	cookie, err := c.Cookie(s.cookies.prefix + name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (s *server) resetPage(c echo.Context, fault string, endOthers bool) templates.Page {
	return s.page(c, "reset", "reset.title", templates.ResetPage{
		MinLength: s.provider.Config().Limits.Password.MinAlone, Error: fault, EndOthers: endOthers,
	})
}

func (s *server) submitReset(c echo.Context) error {
	pw, endOthers := field(c, "new-password"), field(c, "others") != ""
	err := s.provider.ResetPassword(c.Request().Context(), browser(c), s.mailedToken(c, resetCookie), pw, endOthers)
	if errors.Is(err, idp.ErrCodeNeeded) {
		return see(c, "/password/reset/code")
	}
	if err == nil {
		return s.resetDone(c)
	}
	fault := s.newPasswordWords(c, pw, err)
	if fault == "" {
		return err
	}
	return s.again(c, s.resetPage(c, fault, endOthers))
}

// resetDone leads to a sign-in: a link in a mail never signs in by itself.
func (s *server) resetDone(c echo.Context) error {
	c.SetCookie(s.cookies.cookie(resetCookie, "", 0))
	next, err := s.provider.AccountSignIn(c.Request().Context(), browser(c), "/account", false)
	if err != nil {
		return err
	}
	if next.Reply != nil {
		return s.redirect(c, next)
	}
	return see(c, withFlow("/signin", next.SignInID)+"&note=pwchanged")
}

// askingReset is the challenge of a reset: with two-step verification on, a
// mailed link does not do alone (N-50).
func (s *server) askingReset(c echo.Context) (asking, error) {
	v, err := s.provider.ResetCodeView(c.Request().Context(), browser(c), s.mailedToken(c, resetCookie))
	a := asking{page: "/password/reset/code", ways: "/password/reset/methods", code: v.Code, methods: v.Methods}
	if v.RecoveryCode {
		a.codes = pathResetRecoveryCode
	}
	return a, err
}

// inReset shows a page of the reset's second step.
func (s *server) inReset(c echo.Context, refused error, show func(echo.Context, asking, error) error) error {
	a, err := s.askingReset(c)
	if errors.Is(err, idp.ErrStep) {
		return see(c, "/password/reset")
	}
	if err != nil {
		return err
	}
	return show(c, a, refused)
}

func (s *server) resetCode(c echo.Context) error { return s.inReset(c, nil, s.showCode) }

func (s *server) submitResetCode(c echo.Context) error {
	err := s.provider.ResetCode(c.Request().Context(), browser(c), s.mailedToken(c, resetCookie), field(c, "code"))
	if err == nil {
		return s.resetDone(c)
	}
	return s.inReset(c, err, s.showCode)
}

func (s *server) resetMethods(c echo.Context) error { return s.inReset(c, nil, s.showMethods) }

func (s *server) sendResetCode(c echo.Context) error {
	factor, channel := chosenMethod(c)
	err := s.provider.SendResetCode(c.Request().Context(), browser(c), s.mailedToken(c, resetCookie), factor, channel)
	if err == nil {
		return see(c, "/password/reset/code")
	}
	return s.inReset(c, err, s.showMethods)
}
