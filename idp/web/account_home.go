package web

import (
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// The paths of the account pages (ux 3).
const (
	pathHome     = "/account"
	pathProfile  = "/account/profile"
	pathSecurity = "/account/security"
	pathPassword = "/account/security/password"
	pathActivity = "/account/activity"
	pathTwoStep  = "/account/security/two-step"
	pathMethods  = pathTwoStep + "/methods/:id"
	pathDevices  = pathTwoStep + "/devices"
	pathOff      = pathTwoStep + "/off"
	pathOn       = pathTwoStep + "/on"

	pathSetup     = pathTwoStep + "/setup"
	pathPrimary   = pathSetup + "/primary"
	pathBackup    = pathSetup + "/backup"
	pathFinish    = pathSetup + "/finish"
	pathSetupDone = pathSetup + "/done"
)

// recentSignIns is how many the home page shows; historyLength how many events
// are read for it and for the history.
const (
	recentSignIns = 3
	historyLength = 200
)

func (s *server) home(v *visit) error {
	events, err := s.provider.History(v.Request().Context(), v.b, historyLength)
	if err != nil {
		return err
	}
	u := v.account.User
	data := templates.HomePage{
		Name: u.Name, Email: u.Email, State: string(v.account.State), Required: v.required(), PasswordAt: v.at(u.PasswordAt),
	}
	for _, f := range v.account.Methods {
		row := v.method(f)
		switch {
		case f.Role == mfa.Primary:
			data.Main = &row
		case data.Backup == nil:
			data.Backup = &row
		}
	}
	signIns := v.events(slices.DeleteFunc(events, func(e idp.Event) bool { return e.Name != eventSignIn }))
	data.Recent = signIns[:min(len(signIns), recentSignIns)]
	return s.render(v, http.StatusOK, s.own(v, "home", "account-home", "nav.home", data))
}

func (s *server) security(v *visit) error {
	more, err := s.provider.Addresses(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	u := v.account.User
	return s.render(v, http.StatusOK, s.own(v, "security", "account-security", "sec.title", templates.SecurityPage{
		Email: u.Email, Addresses: len(more) + 1, State: string(v.account.State), PasswordAt: v.at(u.PasswordAt), Done: v.done("password", "email"),
	}))
}
