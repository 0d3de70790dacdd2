package web

import (
	"errors"
	"html/template"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// Rules of the wizard's files: the provider knows which page is true, and every
// page leads there when it is another's turn; the role a form is about comes
// from its path, never from a field (T-58). It runs inside a sign-in when the
// request names one, and else on the account pages.

// wizardPages are the paths of the three pages, and their titles.
var wizardPages = map[int]struct{ path, title string }{
	1: {pathPrimary, "w1.title"},
	2: {pathBackup, "w2.title"},
	3: {pathFinish, "w3.title"},

	idp.SetupMail: {pathSetupMail, "setupmail.title"},
}

// wizard is one request to the wizard.
type wizard struct {
	echo.Context
	reader
	flow string
	view idp.SetupView
}

// role is the place of what the page that is true adds.
func (w *wizard) role() mfa.Role {
	if w.view.Page == 1 {
		return mfa.Primary
	}
	return mfa.Backup
}

// wizard reads the set-up's state. nil means that the answer was given: it led elsewhere.
func (s *server) wizard(c echo.Context, n int) (*wizard, error) {
	w := &wizard{Context: c, flow: flowID(c)}
	if w.flow != "" {
		if _, err := s.flowOf(c); err != nil {
			return nil, err
		}
		// A client may have opened the sign-in in a pop-up, which must keep its opener (ux 2.1).
		c.Response().Header().Del("Cross-Origin-Opener-Policy")
	}
	var err error
	w.view, err = s.provider.Setup(c.Request().Context(), browser(c), w.flow)
	switch {
	case errors.Is(err, idp.ErrState) && w.flow == "":
		return nil, see(c, pathTwoStep) // it is on already
	case errors.Is(err, idp.ErrState):
		return nil, see(c, withFlow("/signin", w.flow))
	case err != nil:
		return nil, err
	case w.view.Page == 0 && w.flow == "":
		return nil, see(c, pathTwoStep)
	case w.view.Page == 0:
		return nil, see(c, withFlow("/signin", w.flow))
	case w.view.Page != n:
		return nil, see(c, withFlow(wizardPages[w.view.Page].path, w.flow))
	}
	s.prefer(c, w.view.User.Lang)
	w.reader = s.reader(c, w.view.User)
	return w, nil
}

func (s *server) setupPage(n int) echo.HandlerFunc {
	return func(c echo.Context) error {
		w, err := s.wizard(c, n)
		if w == nil {
			return err
		}
		p, err := s.wizardPage(w)
		if err != nil {
			return err
		}
		return s.render(c, http.StatusOK, p)
	}
}

// wizardPage is the page that is true, as it is now.
func (s *server) wizardPage(w *wizard) (templates.Page, error) {
	if w.view.Page == 3 {
		return s.frame(w, "setup-finish", templates.SetupFinishPage{
			Main: w.method(*w.view.Primary), Backup: w.method(*w.view.Backup),
			Email: w.view.User.Email, TrustUntil: w.at(w.view.TrustUntil),
		}), nil
	}
	data, err := s.methodPanels(w)
	return s.frame(w, "setup-method", data), err
}

// frame puts a wizard page into the layout of where it runs.
func (s *server) frame(w *wizard, name string, data any) templates.Page {
	p := s.page(w, name, wizardPages[w.view.Page].title, data)
	if w.flow == "" {
		p.Layout, p.Nav = "account", "security"
	}
	p.Path = withFlow(w.Request().URL.Path, w.flow)
	return p
}

// methodPanels are the two panels of pages 1 and 2.
func (s *server) methodPanels(w *wizard) (templates.SetupPage, error) {
	limits := s.provider.Config().Limits.MFA
	data := templates.SetupPage{
		N: w.view.Page, Kind: "phone", Main: w.methodPtr(w.view.Primary),
		Channel: string(mfa.SMS), Countries: countryRows(w.lang, mfa.Countries(limits)),
		AllowUnverified: w.view.AllowUnverified,
	}
	data.Example = example(data)
	if w.view.Page == 1 || w.view.Primary.Channel.Phone() { // S-050: no app behind an app
		app, err := appKey(w.view)
		if err != nil {
			return data, err
		}
		data.App = app
		if w.view.Page == 2 || w.QueryParam("kind") == "app" {
			data.Kind = "app"
		}
	}
	if code := w.view.Code; code != nil {
		data.Kind = "phone"
		if w.QueryParam("edit") != "" {
			// S-042: the number again, to be corrected. Sending to another one ends the
			// code that is out; until then nothing was changed, and Back undoes it.
			data.Channel, data.Number = string(code.Channel), mfa.National(code.Number)
			data.Country = countryOf(code.Number, mfa.Countries(limits))
			data.Example = example(data)
			return data, nil
		}
		data.Sent = w.sent(*code, true)
		if data.CodeError = w.text(troubleKey(*code)); data.CodeError == "" && code.Dead {
			data.CodeError = w.text("w1.e.gone")
		}
	}
	return data, nil
}

// appKey is the key of this page's enrolment as a picture, a link and a text (S-048, S-052).
func appKey(v idp.SetupView) (*templates.AppKey, error) {
	if len(v.Secret) == 0 {
		return &templates.AppKey{}, nil
	}
	path, size, err := mfa.QR(v.AppURI)
	if err != nil {
		return nil, err
	}
	const quiet = 4 // modules, ISO/IEC 18004
	edge := strconv.Itoa(size + 2*quiet)
	return &templates.AppKey{
		Path: path, ViewBox: "-4 -4 " + edge + " " + edge, Key: mfa.KeyText(v.Secret),
		URI: template.URL(v.AppURI), //nolint:gosec // G203: made by mfa.KeyURI, every part escaped
	}, nil
}
