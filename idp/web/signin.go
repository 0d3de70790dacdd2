package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// stepPath is the path of the page that is due, the one place that knows it.
// The empty path means that the sign-in can only be refused.
func stepPath(v idp.SignInView) string {
	switch v.Step.Page {
	case signin.PagePassword:
		if v.User != nil {
			return "/signin/confirm"
		}
		return "/signin"
	case signin.PageCode:
		return "/signin/code"
	case signin.PageSelect, signin.PageDone:
		// Done without a POST: another tab signed in. A press of a button goes on,
		// because a GET changes nothing.
		return "/signin/select"
	case signin.PageSignUp:
		return "/signup"
	case signin.PageNotice:
		return "/signin/notice"
	case signin.PagePasskey:
		return "/signin/passkey"
	case signin.PageNewPasskey, signin.PageOffer:
		return "/signin/passkey/new"
	case signin.PageEnrol:
		return "/signin/enroll"
	case signin.PageDevice:
		return pathDeviceConfirm
	case signin.PageShop:
		return pathChooseShop
	case signin.PageConsent:
		return "/consent"
	case signin.PageRefuse:
	}
	return ""
}

// due shows the page at path if it is the one that is due, and else leads
// there: Back and late links end up on what is true now (ux 2.1).
func (s *server) due(c echo.Context, path string, show func(idp.SignInView) error) error {
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	switch now := stepPath(v); now {
	case path:
		return show(v)
	case "":
		if v.Step.Reason != signin.ReasonDisabled {
			return idp.ErrStale
		}
		return idp.ErrSuspended
	default:
		return see(c, withFlow(now, v.ID))
	}
}

// signIn is the password page and the dispatcher. Without a sign-in it begins
// one that ends at the account.
func (s *server) signIn(c echo.Context) error {
	if flowID(c) != "" {
		return s.due(c, "/signin", func(v idp.SignInView) error {
			data := templates.SignInPage{Email: v.Email, Note: endedNote(v), Passkey: passkeyAsk(v)}
			if c.QueryParam("note") == "pwchanged" {
				data.Note = "signin.pwchanged"
			}
			return s.showSignIn(c, http.StatusOK, v, data)
		})
	}
	next, err := s.provider.AccountSignIn(c.Request().Context(), browser(c), "/account", false)
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// endedNote says why somebody who was signed in has to do it again.
func endedNote(v idp.SignInView) string {
	if v.Step.Reason == signin.ReasonIdle || v.Step.Reason == signin.ReasonAbsolute {
		return "signin.ended"
	}
	return ""
}

func (s *server) showSignIn(c echo.Context, status int, v idp.SignInView, data templates.SignInPage) error {
	data.SignUp = withFlow("/signup", v.ID)
	p := s.page(c, "signin", "signin.title", data)
	p.Err = status != http.StatusOK
	return s.render(c, status, p)
}

func (s *server) submitPassword(c echo.Context) error {
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	say := s.speaker(c)
	data := templates.SignInPage{Email: field(c, "identifier"), Passkey: passkeyAsk(v)}
	switch {
	case data.Email == "":
		data.EmailError = say("signin.e.id_empty")
	case field(c, "password") == "":
		data.PasswordError = say("signin.e.pw_empty")
	default:
		next, err := s.provider.SubmitPassword(c.Request().Context(), browser(c), v.ID, data.Email, field(c, "password"))
		if err == nil {
			return s.redirect(c, next)
		}
		text, ok := s.passwordFault(c, err)
		if !ok {
			return err
		}
		data.Error = text
	}
	return s.showSignIn(c, http.StatusUnprocessableEntity, v, data)
}

// passwordFault is what the person is told of a password that was not accepted;
// false for an error that is no fault of theirs.
func (s *server) passwordFault(c echo.Context, err error) (string, bool) {
	if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
		return s.speaker(c)("signin.e.slow", "time", s.clock(soon.At)), true
	}
	if errors.Is(err, idp.ErrMustChange) {
		return s.speaker(c)("signin.e.must_change"), true
	}
	return s.speaker(c)("signin.e.bad"), errors.Is(err, idp.ErrBadCredentials)
}

// confirm asks a known person for the password again: before a change of
// settings, or because a relying party wants it fresh (ux 4.6).
func (s *server) confirm(c echo.Context) error {
	return s.due(c, "/signin/confirm", func(v idp.SignInView) error {
		return s.showConfirm(c, http.StatusOK, v, "", passkeyAsk(v))
	})
}

func (s *server) showConfirm(c echo.Context, status int, v idp.SignInView, fault string, ask templates.PasskeyAsk) error {
	p := s.page(c, "confirm", "reauth.title", templates.ConfirmPage{
		Email: v.Email, Sudo: v.Sudo, Note: endedNote(v), Error: fault, Passkey: ask,
	})
	p.Err = status != http.StatusOK
	return s.render(c, status, p)
}

func (s *server) submitConfirm(c echo.Context) error {
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	if v.User == nil {
		return see(c, withFlow("/signin", v.ID)) // signed out meanwhile: the address is needed again
	}
	fault := s.speaker(c)("signin.e.pw_empty")
	if pw := field(c, "password"); pw != "" {
		next, err := s.provider.SubmitPassword(c.Request().Context(), browser(c), v.ID, v.Email, pw)
		if err == nil {
			return s.redirect(c, next)
		}
		var ok bool
		if fault, ok = s.passwordFault(c, err); !ok {
			return err
		}
		if errors.Is(err, idp.ErrBadCredentials) {
			fault = s.speaker(c)("reauth.e.bad") // the address is not in question here
		}
	}
	return s.showConfirm(c, http.StatusUnprocessableEntity, v, fault, passkeyAsk(v))
}
