package web

import (
	"net/http"
	"time"

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
	pathSecure   = "/account/secure"
	pathPasskeys = "/account/security/passkeys"
	pathTwoStep  = "/account/security/two-step"
	pathMethods  = pathTwoStep + "/methods/:id"
	pathDevices  = pathTwoStep + "/devices"
	pathOff      = pathTwoStep + "/off"
	pathOn       = pathTwoStep + "/on"

	pathOnePasskey = pathPasskeys + "/:id"

	pathSetup     = pathTwoStep + "/setup"
	pathPrimary   = pathSetup + "/primary"
	pathBackup    = pathSetup + "/backup"
	pathFinish    = pathSetup + "/finish"
	pathSetupDone = pathSetup + "/done"
)

// recentSignIns is how many the home page shows.
const recentSignIns = 3

// alarmFor is how long the home page speaks of a sign-in that was blocked,
// unless the password was changed since.
const alarmFor = 7 * 24 * time.Hour

func (s *server) home(v *visit) error {
	ctx := v.Request().Context()
	signIns, err := s.provider.History(ctx, v.b, []string{eventSignIn}, "", 2*recentSignIns)
	if err != nil {
		return err
	}
	blocked, err := s.provider.History(ctx, v.b, []string{"signin.blocked", "signin.stopped"}, "", 1)
	if err != nil {
		return err
	}
	u := v.account.User
	data := templates.HomePage{
		Name: u.Name, Email: u.Email, State: string(v.account.State), Required: v.required(), PasswordAt: v.at(u.PasswordAt),
		Passkeys: len(v.account.Passkeys), Codes: s.codesNote(v), Check: s.check(v),
	}
	for _, d := range v.account.Soon {
		data.Soon = append(data.Soon, templates.ClientDate{Client: s.clientName(d.ClientID, v.lang), From: v.at(d.From)})
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
	data.Recent = s.events(v, signIns)
	data.Recent = data.Recent[:min(len(data.Recent), recentSignIns)]
	if len(blocked) > 0 && s.now().Sub(blocked[0].At) < alarmFor && u.PasswordAt.Before(blocked[0].At) {
		data.BlockedAt = v.at(blocked[0].At)
	}
	return s.render(v, http.StatusOK, s.own(v, "home", "account-home", "nav.home", data))
}

func (s *server) security(v *visit) error {
	more, err := s.provider.Addresses(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	u := v.account.User
	return s.render(v, http.StatusOK, s.own(v, "security", "account-security", "sec.title", templates.SecurityPage{
		Email: u.Email, Addresses: len(more) + 1, State: string(v.account.State), PasswordAt: v.at(u.PasswordAt), Passkeys: len(v.account.Passkeys), Done: v.done("password", "email"),
	}))
}
