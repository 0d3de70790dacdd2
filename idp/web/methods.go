package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// methods is the one page for "it did not come": send again, or another way (ux 4.3).
func (s *server) methods(c echo.Context) error {
	return s.due(c, "/signin/code", func(v idp.SignInView) error { return s.showMethods(c, askingNow(v), nil) })
}

func (s *server) sendCode(c echo.Context) error {
	v, err := s.flowOf(c)
	if err != nil {
		return err
	}
	factor, channel := chosenMethod(c)
	next, err := s.provider.SendCode(c.Request().Context(), browser(c), v.ID, factor, channel)
	if err == nil {
		return s.redirect(c, next)
	}
	return s.due(c, "/signin/code", func(v idp.SignInView) error { return s.showMethods(c, askingNow(v), err) })
}

// chosenMethod is the pressed button: a factor and a channel.
func chosenMethod(c echo.Context) (string, mfa.Channel) {
	factor, channel, _ := strings.Cut(field(c, "method"), " ")
	return factor, mfa.Channel(channel)
}

// showMethods shows the list, again if a send was refused.
func (s *server) showMethods(c echo.Context, a asking, refused error) error {
	data := templates.MethodsPage{Action: pathOf(a.ways), Back: a.page, Lost: s.lost(a.view)}
	if a.view.Passkey != nil {
		data.Passkey = withFlow(pathPasskey, a.view.ID)
	}
	data.RecoveryCode = a.codes
	for _, m := range a.methods {
		data.Methods = append(data.Methods, s.methodChoice(m))
	}
	status := http.StatusOK
	if refused != nil {
		status = http.StatusUnprocessableEntity
		if data.Error = s.sendWords(c, refused); data.Error == "" {
			return refused
		}
	}
	p := s.page(c, "methods", "methods.title", data)
	p.Err = refused != nil
	return s.render(c, status, p)
}

func (s *server) methodChoice(m idp.MethodView) templates.MethodChoice {
	choice := templates.MethodChoice{
		Value: m.Factor.ID + " " + string(m.Channel), Channel: string(m.Channel), Name: m.Factor.Name,
		Current: m.Current, Backup: m.Factor.Role == mfa.Backup, Unverified: !m.Factor.Verified(),
		Wait: s.secondsUntil(m.WaitUntil),
	}
	if m.Channel.Phone() {
		choice.Tail = tail(m.Factor.Number)
	}
	return choice
}

// secondsUntil is how long until t, in whole seconds, rounded up; 0 when it is past.
func (s *server) secondsUntil(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return int(max(0, t.Sub(s.now())+time.Second-1) / time.Second)
}

// sendWords tell why no code was sent; empty for an error that is not about sending.
func (s *server) sendWords(c echo.Context, refused error) string {
	say := s.speaker(c)
	if errors.Is(refused, mfa.ErrFactorDisabled) {
		return say("code.e.stopped")
	}
	soon, ok := errors.AsType[*mfa.TooSoonError](refused)
	if !ok {
		return ""
	}
	if soon.What == "resend" {
		return say("methods.e.wait", "n", s.secondsUntil(soon.At))
	}
	return say("methods.e.limit", "time", s.clock(soon.At))
}
