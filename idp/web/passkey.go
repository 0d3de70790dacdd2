package web

import (
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
	"github.com/sekisho-id/sekisho/templates"
)

// The paths at which a sign-in uses and makes passkeys.
const (
	pathPasskey    = "/signin/passkey"
	pathNewPasskey = "/signin/passkey/new"
)

// passkeyAsk is what the browser is asked on the page that is due.
func passkeyAsk(v idp.SignInView) templates.PasskeyAsk {
	return templates.PasskeyAsk{Options: string(v.Passkey)}
}

// passkey is the second step by passkey: where one is demanded, and as another
// way on the code page.
func (s *server) passkey(c echo.Context) error {
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	if path := stepPath(v); path != pathPasskey && path != "/signin/code" || v.Passkey == nil {
		return s.due(c, pathPasskey, func(idp.SignInView) error { return see(c, withFlow("/signin", v.ID)) })
	}
	return s.showPasskey(c, http.StatusOK, v, passkeyAsk(v))
}

func (s *server) showPasskey(c echo.Context, status int, v idp.SignInView, ask templates.PasskeyAsk) error {
	data := templates.PasskeyPage{
		Passkey: ask, Sudo: v.Sudo, Staff: v.Client == nil && v.Request.Essential, Later: v.Step.PutOff, Lost: s.lost(v),
	}
	if v.Step.Page == signin.PageCode {
		data.Others = withFlow("/signin/methods", v.ID)
	}
	p := s.page(c, "passkey", "pk.title", data)
	p.Err = status != http.StatusOK
	return s.render(c, status, p)
}

// submitPasskey takes the browser's answer, from whichever page asked for it.
func (s *server) submitPasskey(c echo.Context) error {
	ctx, b, flow := c.Request().Context(), browser(c), flowID(c)
	var next idp.Next
	var err error
	if field(c, "do") == "later" {
		next, err = s.provider.PutOff(ctx, b, flow)
	} else {
		next, err = s.provider.SubmitPasskey(ctx, b, flow, []byte(field(c, "credential")))
	}
	if err == nil {
		return s.redirect(c, next)
	}
	v, viewErr := s.flowOf(c) // with the next challenge
	if viewErr != nil {
		return viewErr
	}
	ask, ok := s.passkeyFault(c, v, err)
	if !ok {
		return err
	}
	switch stepPath(v) {
	case "/signin":
		return s.showSignIn(c, http.StatusUnprocessableEntity, v, templates.SignInPage{Email: v.Email, Passkey: ask})
	case "/signin/confirm":
		return s.showConfirm(c, http.StatusUnprocessableEntity, v, "", ask)
	case pathPasskey, "/signin/code":
		return s.showPasskey(c, http.StatusUnprocessableEntity, v, ask)
	}
	return see(c, withFlow("/signin", flow))
}

// passkeyFault asks again, with words for what was wrong; false for an error
// that is no fault of the person's or their device's.
func (s *server) passkeyFault(c echo.Context, v idp.SignInView, err error) (templates.PasskeyAsk, bool) {
	ask := passkeyAsk(v)
	key := passkeyWords(err)
	if errors.Is(err, idp.ErrPasskey) {
		if v.User != nil {
			key = "pk.e.unknown_step"
		} else if a, err := passkey.Read([]byte(field(c, "credential"))); err == nil {
			ask.Unknown, ask.Site = base64.RawURLEncoding.EncodeToString(a.Credential), s.issuer.Hostname()
		}
	}
	if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
		ask.Fault = s.speaker(c)("pk.e.slow", "time", s.clock(soon.At))
		return ask, true
	}
	if key == "" {
		return ask, false
	}
	ask.Fault = s.speaker(c)(key)
	return ask, true
}

// passkeyWords are the keys for what can be wrong with a passkey; empty for
// other errors.
func passkeyWords(err error) string {
	for _, f := range []struct {
		err error
		key string
	}{
		{idp.ErrPasskey, "pk.e.unknown"},
		{passkey.ErrAnswer, "pk.e.refused"},
		{passkey.ErrRefused, "pk.e.refused"},
		{passkey.ErrUnverified, "pk.e.unverified"},
		{passkey.ErrCloned, "pk.e.copied"},
	} {
		if errors.Is(err, f.err) {
			return f.key
		}
	}
	return ""
}

// newPasskey makes a passkey within a sign-in: where one is demanded, or offered.
func (s *server) newPasskey(c echo.Context) error {
	return s.due(c, pathNewPasskey, func(v idp.SignInView) error { return s.showNewPasskey(c, v, nil) })
}

func (s *server) showNewPasskey(c echo.Context, v idp.SignInView, refused error) error {
	made, err := s.provider.PasskeyCreation(c.Request().Context(), browser(c), v.ID)
	if err != nil {
		return err
	}
	data := templates.NewPasskeyPage{Passkey: templates.PasskeyAsk{Options: string(made.Options)}, Offered: made.Offered}
	title := "pkn.must_t"
	if data.Offered {
		title = "pkn.title"
	}
	if refused == nil {
		return s.render(c, http.StatusOK, s.page(c, "passkey-new", title, data))
	}
	key := passkeyWords(refused)
	if key == "" {
		return refused
	}
	data.Passkey.Fault = s.speaker(c)(key)
	return s.again(c, s.page(c, "passkey-new", title, data))
}

func (s *server) submitNewPasskey(c echo.Context) error {
	ctx, b, flow := c.Request().Context(), browser(c), flowID(c)
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	var next idp.Next
	if field(c, "do") == "later" {
		next, err = s.provider.PutOff(ctx, b, flow)
	} else {
		r := s.reader(c, idp.User{})
		next, err = s.provider.AddPasskey(ctx, b, flow, []byte(field(c, "credential")), r.passkeyName(b.UserAgent, s.local(s.now())))
	}
	if err != nil {
		return s.due(c, pathNewPasskey, func(idp.SignInView) error { return s.showNewPasskey(c, v, err) })
	}
	return s.redirect(c, next)
}
