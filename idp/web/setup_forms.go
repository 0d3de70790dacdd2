package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// readyToSetUp is where a proof of identity comes back to: the settings page,
// which says that set-up can start now.
func (s *server) readyToSetUp(v *visit) error { return see(v, pathTwoStep+"?done=ready") }

// startSetup begins the wizard (S-020); the page that is true follows.
func (s *server) startSetup(c echo.Context) error {
	flow := flowID(c)
	err := s.provider.SetupStart(c.Request().Context(), browser(c), flow)
	if errors.Is(err, idp.ErrState) && flow == "" {
		return see(c, pathTwoStep)
	}
	if err != nil {
		return err
	}
	return see(c, withFlow(pathPrimary, flow))
}

func (s *server) discardSetup(c echo.Context) error {
	flow := flowID(c)
	if err := s.provider.SetupDiscard(c.Request().Context(), browser(c), flow); err != nil {
		return err
	}
	if flow != "" {
		return see(c, withFlow("/signin", flow))
	}
	return see(c, pathTwoStep+"?done=discarded")
}

// setupMethod takes the forms of pages 1 and 2.
func (s *server) setupMethod(n int) echo.HandlerFunc {
	return func(c echo.Context) error {
		w, err := s.wizard(c, n)
		if w == nil {
			return err
		}
		ctx, b := c.Request().Context(), browser(c)
		switch field(c, "do") {
		case "send":
			return s.answerPhone(w, s.typed(w))
		case "resend":
			return s.answerPhone(w, s.sentTo(w))
		case "verify":
			return s.verify(w)
		case "app":
			err = s.provider.SetupStart(ctx, b, w.flow)
		case "redo":
			err = s.provider.SetupRedo(ctx, b, w.flow, mfa.Primary)
		}
		if err != nil {
			return err
		}
		return s.onward(w)
	}
}

// onward leads to the page that is true; the first one knows the way.
func (s *server) onward(w *wizard) error { return see(w, withFlow(pathPrimary, w.flow)) }

// typed is the phone panel as it was filled in.
func (s *server) typed(w *wizard) idp.PhoneInput {
	return idp.PhoneInput{
		Role: w.role(), Channel: mfa.Channel(field(w, "channel")), Country: field(w, "cc"),
		Number: field(w, "tel"), Unverified: field(w, "unverified") != "",
	}
}

// sentTo is the phone panel as it was when the running code was sent.
func (s *server) sentTo(w *wizard) idp.PhoneInput {
	in := idp.PhoneInput{Role: w.role()}
	if code := w.view.Code; code != nil {
		in.Channel, in.Number = code.Channel, code.Number
		in.Country = countryOf(code.Number, mfa.Countries(s.provider.Config().Limits.MFA))
	}
	return in
}

// answerPhone sends a code, or adds a backup without one (S-060).
func (s *server) answerPhone(w *wizard, in idp.PhoneInput) error {
	err := s.provider.SetupPhone(w.Request().Context(), browser(w), w.flow, in)
	if err == nil || errors.Is(err, idp.ErrStep) {
		return s.onward(w)
	}
	data, faultErr := s.methodPanels(w)
	if faultErr != nil {
		return faultErr
	}
	data.Kind = "phone"
	data.Channel, data.Country, data.Number, data.Unverified = string(in.Channel), in.Country, in.Number, in.Unverified
	data.Example = example(data)
	if errors.Is(err, mfa.ErrMustVerify) {
		return s.refuse(w, data)
	}
	text, ok := w.numberFault(err, in.Country)
	if !ok {
		return err
	}
	data.NumberError, data.Same = text, errors.Is(err, mfa.ErrNumberSame)
	if data.Sent != nil {
		data.CodeError = text
	}
	return s.again(w, s.frame(w, "setup-method", data))
}

// refuse answers a form that no page of ours sends: adding without a code is
// for backup phones alone (S-061).
func (s *server) refuse(w *wizard, data templates.SetupPage) error {
	return s.render(w, http.StatusBadRequest, s.frame(w, "setup-method", data))
}

// verify takes a code of the panel it was typed in.
func (s *server) verify(w *wizard) error {
	ch, code := mfa.SMS, field(w, "code")
	if field(w, "kind") == "app" {
		ch = mfa.App
	}
	if field(w, "unverified") != "" {
		data, err := s.methodPanels(w)
		if err != nil {
			return err
		}
		return s.refuse(w, data)
	}
	err := s.provider.SetupVerify(w.Request().Context(), browser(w), w.flow, w.role(), ch, code)
	if err == nil || errors.Is(err, idp.ErrStep) {
		return s.onward(w)
	}
	data, faultErr := s.methodPanels(w)
	if faultErr != nil {
		return faultErr
	}
	var sent *templates.SentCode
	if ch != mfa.App {
		sent = data.Sent
	}
	text, ok := w.codeFault(err, code, sent)
	if !ok {
		return err
	}
	if ch == mfa.App {
		data.Kind, data.AppError = "app", text
	} else {
		data.Kind, data.CodeError = "phone", text
	}
	return s.again(w, s.frame(w, "setup-method", data))
}

// finishSetup is page 3: "change" drops a method, so that its page is true
// again; the button switches two-step verification on (S-130).
func (s *server) finishSetup(c echo.Context) error {
	w, err := s.wizard(c, 3)
	if w == nil {
		return err
	}
	ctx, b := c.Request().Context(), browser(c)
	switch role := mfa.Role(field(c, "do")); role {
	case mfa.Primary, mfa.Backup:
		if err := s.provider.SetupRedo(ctx, b, w.flow, role); err != nil {
			return err
		}
		return s.onward(w)
	}
	next, err := s.provider.SetupFinish(ctx, b, w.flow, field(c, "trust") != "")
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// setupDone is shown on the account pages; inside a sign-in the client follows at once (S-112).
func (s *server) setupDone(v *visit) error {
	if v.account.State != idp.StateOn {
		return see(v, pathTwoStep)
	}
	return s.render(v, http.StatusOK, s.own(v, "security", "setup-done", "w3.done_t", nil))
}
