package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// pathSetupMail is the page that asks for the code sent to the person's mail
// address before a method is bound (S-122).
const pathSetupMail = pathSetup + "/email"

func (s *server) setupMail(c echo.Context) error {
	w, err := s.wizard(c, idp.SetupMail)
	if w == nil {
		return err
	}
	return s.render(c, http.StatusOK, s.setupMailPage(w, ""))
}

func (s *server) setupMailPage(w *wizard, fault string) templates.Page {
	data := templates.SetupMailPage{Digits: s.digits(""), Resent: w.QueryParam("again") != "" && fault == "", Error: fault}
	if m := w.view.Mail; m != nil {
		data.Email, data.SentAt = m.To, w.at(m.SentAt)
	}
	return s.frame(w, "setup-mail", data)
}

func (s *server) submitSetupMail(c echo.Context) error {
	w, err := s.wizard(c, idp.SetupMail)
	if w == nil {
		return err
	}
	ctx, b := c.Request().Context(), browser(c)
	if field(c, "do") == "resend" {
		err := s.provider.SetupSendMail(ctx, b, w.flow)
		if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
			return s.again(w, s.setupMailPage(w, w.text("reset.e.soon", "time", s.clock(soon.At))))
		}
		if err != nil {
			return err
		}
		sep := "?"
		if w.flow != "" {
			sep = "&"
		}
		return see(c, withFlow(pathSetupMail, w.flow)+sep+"again=1")
	}
	err = s.provider.SetupProveMail(ctx, b, w.flow, field(c, "code"))
	if err == nil || errors.Is(err, idp.ErrStep) {
		return s.onward(w)
	}
	key := codeFault(err)
	switch {
	case errors.Is(err, mfa.ErrWrongCode):
		key = "setupmail.e.wrong"
	case errors.Is(err, mfa.ErrNoChallenge):
		key = "setupmail.e.gone"
	}
	if key == "" {
		return err
	}
	return s.again(w, s.setupMailPage(w, w.text(key, "n", s.digits(""))))
}
