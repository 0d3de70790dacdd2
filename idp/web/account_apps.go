package web

import (
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

const (
	pathApps      = "/account/apps"
	pathAppRemove = pathApps + "/:id/remove"
)

func (s *server) appRoutes() []route {
	return []route{
		get(pathApps, s.mine(s.apps)),
		get(pathAppRemove, s.mine(s.removeAppPage)), post(pathAppRemove, s.mine(s.removeApp)),
	}
}

func (s *server) app(v *visit, a idp.App) templates.AppRow {
	row := templates.AppRow{
		Open: a.Client.Entrance(s.provider.Config().Issuer),
		ID:   a.Client.ID, Name: a.Client.DisplayName(v.lang), Owner: a.Client.Owner, FirstParty: a.Client.Rules.FirstParty,
		Since: v.at(a.Since), Used: v.at(a.Used),
	}
	for _, scope := range a.Scopes {
		row.Scopes = append(row.Scopes, scopeRow(scope))
	}
	return row
}

func (s *server) apps(v *visit) error {
	list, err := s.provider.Apps(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	page := templates.AppsPage{Removed: v.done("removed") != ""}
	for _, a := range list {
		page.Apps = append(page.Apps, s.app(v, a))
	}
	return s.render(v, http.StatusOK, s.own(v, "apps", "account-apps", "apps.title", page))
}

// removeAppPage asks before an app is disconnected.
func (s *server) removeAppPage(v *visit) error {
	list, err := s.provider.Apps(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(a idp.App) bool { return a.Client.ID == v.Param("id") })
	if i < 0 {
		return idp.ErrNotFound
	}
	row := s.app(v, list[i])
	p := s.own(v, "apps", "account-app-remove", "apps.rm_t", row)
	p.TitleArgs = []any{"client", row.Name}
	return s.render(v, http.StatusOK, p)
}

func (s *server) removeApp(v *visit) error {
	if err := s.provider.DisconnectApp(v.Request().Context(), v.b, v.Param("id")); err != nil {
		return err
	}
	return see(v, pathApps+"?done=removed")
}
