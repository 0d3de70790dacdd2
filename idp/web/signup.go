package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// softFlow is flowOf for pages that also stand alone: they need no sign-in, and
// one that is over is not in their way.
func (s *server) softFlow(c echo.Context) {
	if flowID(c) == "" {
		return
	}
	if _, err := s.flowOf(c); err != nil {
		c.Set(flowKey, nil)
	}
}

func (s *server) signUp(c echo.Context) error {
	s.softFlow(c)
	return s.showSignUp(c, http.StatusOK, templates.SignUpPage{})
}

func (s *server) showSignUp(c echo.Context, status int, data templates.SignUpPage) error {
	p := s.page(c, "signup", "signup.title", nil)
	data.MinLength, data.SignIn = s.provider.Config().Limits.Password.MinAlone, withFlow("/signin", p.Flow)
	p.Data, p.Err = data, len(data.Faults) > 0
	return s.render(c, status, p)
}

func (s *server) submitSignUp(c echo.Context) error {
	s.softFlow(c)
	in := idp.SignUpInput{
		Name: field(c, "name"), Email: field(c, "email"), Password: field(c, "new-password"), Agree: field(c, "agree") != "",
	}
	v, _ := c.Get(flowKey).(idp.SignInView)
	ref, err := s.provider.SignUp(c.Request().Context(), browser(c), v.ID, in)
	if err == nil {
		return see(c, verifyPath(ref, v.ID))
	}
	faults := s.signUpFaults(c, in, err)
	if len(faults) == 0 {
		return err
	}
	return s.showSignUp(c, http.StatusUnprocessableEntity, templates.SignUpPage{
		Name: in.Name, Email: in.Email, Agreed: in.Agree, Faults: faults,
	})
}

func verifyPath(ref, flow string) string {
	q := url.Values{"ref": {ref}}
	if flow != "" {
		q.Set("flow", flow)
	}
	return "/signup/verify?" + q.Encode()
}

// signUpFaults are all faults of the form, in its order; none for an error that
// is no fault of the person's.
func (s *server) signUpFaults(c echo.Context, in idp.SignUpInput, err error) templates.Faults {
	say := s.speaker(c)
	var faults templates.Faults
	if errors.Is(err, idp.ErrName) {
		faults = append(faults, templates.Fault{Field: "name", Text: say("signup.e.name")})
	}
	if errors.Is(err, idp.ErrEmail) {
		faults = append(faults, templates.Fault{Field: "email", Text: say("signup.e.email")})
	}
	if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
		faults = append(faults, templates.Fault{Field: "email", Text: say("reset.e.soon", "time", s.clock(soon.At))})
	}
	if text := s.newPasswordWords(c, in.Password, err); text != "" {
		faults = append(faults, templates.Fault{Field: "new-password", Text: text})
	}
	if errors.Is(err, idp.ErrAgree) {
		faults = append(faults, templates.Fault{Field: "agree", Text: say("signup.e.agree")})
	}
	return faults
}

// newPasswordWords tell what is wrong with a chosen password (N-09); empty when
// err is not about it.
func (s *server) newPasswordWords(c echo.Context, typed string, err error) string {
	say := s.speaker(c)
	if short, ok := errors.AsType[*password.ShortError](err); ok {
		if typed == "" {
			return say("signup.e.pw_empty")
		}
		return say("signup.e.pw_short", "n", short.Min)
	}
	switch {
	case errors.Is(err, password.ErrLong):
		return say("signup.e.pw_long", "n", s.provider.Config().Limits.Password.Max)
	case errors.Is(err, password.ErrCommon):
		return say("signup.e.pw_leaked")
	case errors.Is(err, password.ErrSelf):
		return say("signup.e.pw_self")
	}
	return ""
}

func (s *server) mailCode(c echo.Context) error {
	s.softFlow(c)
	return s.showMailCode(c, http.StatusOK, c.QueryParam("ref"), "")
}

func (s *server) showMailCode(c echo.Context, status int, ref, fault string) error {
	email, err := s.provider.SignUpPending(c.Request().Context(), browser(c), ref)
	if err != nil {
		return err
	}
	p := s.page(c, "signup-verify", "signup.sent_t", templates.VerifyPage{
		Ref: ref, Email: email, Digits: s.digits(""), Resent: c.QueryParam("again") != "", Error: fault,
	})
	p.Path, p.Err = verifyPath(ref, p.Flow), fault != ""
	return s.render(c, status, p)
}

func (s *server) submitMailCode(c echo.Context) error {
	s.softFlow(c)
	ctx, b, ref := c.Request().Context(), browser(c), field(c, "ref")
	if field(c, "do") == "resend" {
		err := s.provider.SignUpResend(ctx, b, ref)
		if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
			return s.showMailCode(c, http.StatusUnprocessableEntity, ref, s.speaker(c)("reset.e.soon", "time", s.clock(soon.At)))
		}
		if err != nil {
			return err
		}
		return see(c, verifyPath(ref, flowID(c))+"&again=1")
	}
	next, err := s.provider.SignUpVerify(ctx, b, ref, field(c, "code"))
	if err == nil {
		return s.redirect(c, next)
	}
	key := codeFault(err)
	if errors.Is(err, mfa.ErrWrongCode) {
		key = "signup.e.code"
	}
	if key == "" {
		return err
	}
	return s.showMailCode(c, http.StatusUnprocessableEntity, ref, s.speaker(c)(key, "n", s.digits("")))
}
