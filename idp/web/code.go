package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// asking is a running challenge as the code pages see it. The sign-in and the
// password reset ask with the same two pages, the code and the other ways.
type asking struct {
	// page and ways are their paths, within the sign-in if there is one; codes is
	// that of the page for recovery codes, empty for who has none.
	page, ways, codes string
	code              *idp.CodeView
	methods           []idp.MethodView
	view              idp.SignInView // zero for a reset
}

// askingNow is the challenge of the sign-in that the request names.
func askingNow(v idp.SignInView) asking {
	a := asking{
		page: withFlow("/signin/code", v.ID), ways: withFlow("/signin/methods", v.ID),
		code: v.Code, methods: v.Methods, view: v,
	}
	if v.RecoveryCode {
		a.codes = withFlow(pathRecoveryCode, v.ID)
	}
	return a
}

// appName is what the person calls the app that shows the code. The address,
// which is the account's name in the app, is not shown yet (ux 2.6).
func (a asking) appName() string {
	for _, m := range a.methods {
		if m.Current {
			return m.Factor.Name
		}
	}
	return ""
}

func (s *server) code(c echo.Context) error {
	return s.due(c, "/signin/code", func(v idp.SignInView) error { return s.showCode(c, askingNow(v), nil) })
}

func (s *server) submitCode(c echo.Context) error {
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	next, err := s.provider.SubmitCode(c.Request().Context(), browser(c), v.ID, field(c, "code"), field(c, "trust") != "")
	if err == nil {
		return s.redirect(c, next)
	}
	return s.due(c, "/signin/code", func(v idp.SignInView) error { return s.showCode(c, askingNow(v), err) })
}

// showCode shows the code page, again if a code was refused. Errors that are
// not about the code are returned.
func (s *server) showCode(c echo.Context, a asking, refused error) error {
	soon, paused := errors.AsType[*mfa.TooSoonError](refused)
	if a.code == nil && !paused {
		if refused != nil && codeFault(refused) == "" {
			return refused
		}
		return see(c, a.ways) // nothing was sent yet, or nothing can be
	}
	data := templates.CodePage{
		Action: pathOf(a.page), Help: a.ways, Lost: s.lost(a.view), StepUp: s.stepUp(c, a.view), Sudo: a.view.Sudo, Firm: a.view.Firm, TrustUntil: s.local(a.view.TrustUntil),
		Minutes: minutes(s.provider.Config().Limits.MFA.CodeLifetime),
	}
	if code := a.code; code != nil {
		data.Channel, data.Tail, data.App, data.Digits = string(code.Channel), tail(code.Number), a.appName(), s.digits(code.Channel)
		data.Sent, data.Resent = s.local(code.SentAt), code.Sends > 1
		data.Trouble, data.Instead, data.Ways = s.speaker(c)(troubleKey(*code)), s.instead(a), pathOf(a.ways)
		data.PausedUntil, data.Away = s.local(code.PausedUntil), code.Dead
	}
	status := http.StatusOK
	if refused != nil {
		status = http.StatusUnprocessableEntity
	}
	switch {
	case paused:
		data.PausedUntil = s.local(later(soon.At, data.PausedUntil))
	case refused != nil:
		if data.Error = s.codeWords(c, a.code, refused); data.Error == "" {
			return refused
		}
		data.Away = data.Away || errors.Is(refused, mfa.ErrExpiredCode) || errors.Is(refused, mfa.ErrFactorDisabled)
	case data.Away:
		data.Error = s.speaker(c)(deadKey(*a.code))
	}
	data.AllPaused = s.allPaused(data.PausedUntil, refused) && a.codes == "" && a.view.Passkey == nil
	title := "code.title"
	if data.StepUp {
		title = "reauth.title"
	}
	p := s.page(c, "code", title, data)
	p.Err = refused != nil
	return s.render(c, status, p)
}

// codeWords tell what was wrong with a code; empty for an error that is not
// about it.
func (s *server) codeWords(c echo.Context, code *idp.CodeView, refused error) string {
	say, digits := s.speaker(c), s.digits(code.Channel)
	switch {
	case code.Dead && (errors.Is(refused, mfa.ErrWrongCode) || errors.Is(refused, mfa.ErrNoChallenge)):
		return say(deadKey(*code))
	case !errors.Is(refused, mfa.ErrWrongCode):
		if key := codeFault(refused); key != "" {
			return say(key, "sent", templates.Clock(s.local(code.SentAt)), "n", digits)
		}
		return ""
	}
	key := "code.e.wrong"
	if code.Channel == mfa.App {
		key = "code.e.wrong_app"
	}
	return say(key, "entered", typedCode(field(c, "code"), digits), "n", code.TriesLeft)
}

// deadKey tells why a code can no longer be used: all tries are spent, or its time is.
func deadKey(code idp.CodeView) string {
	if code.TriesLeft == 0 {
		return "code.e.dead"
	}
	return "code.e.expired"
}

// stepUp reports whether somebody signed in already is asked for a code.
func (s *server) stepUp(c echo.Context, v idp.SignInView) bool {
	return v.Sudo || (browser(c).Session != "" && v.Step.Reason != signin.ReasonOwn)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func minutes(d time.Duration) int { return int(d.Minutes()) }

// days is a longer lifetime as words say it.
func days(d time.Duration) int { return int(d.Hours() / 24) }

// tail is what may be shown of a number before the second step (ux 2.6).
func tail(number string) string { return number[max(0, len(number)-2):] }

// pathOf is a path without its query: forms carry the sign-in in a field.
func pathOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}
