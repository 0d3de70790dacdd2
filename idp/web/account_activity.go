package web

import (
	"net/http"
	"net/url"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// historyPage is how many events a page of the history is made of.
const historyPage = 50

// events tells a part of an audit log. What happened again and again in one
// browser, as guessing does, is one line with a count.
func (s *server) events(v *visit, list []idp.Event) []templates.EventRow {
	var rows []templates.EventRow
	for _, e := range list {
		t, ok := tell(e)
		if !ok {
			continue
		}
		row := templates.EventRow{Icon: t.icon, Blocked: t.blocked, Times: 1, At: v.at(e.At)}
		name := ""
		if e.ClientID != "" {
			name = s.clientName(e.ClientID, v.lang)
		}
		row.Text = v.text(t.key, "client", name, "name", e.Details["name"])
		if t.signIn {
			row.Client = name
		}
		switch {
		case ofStaff(e.Actor):
			row.Device = v.text("act.by_staff") // where they sit is nobody's business
		case e.Actor.UserAgent != "":
			_, row.Device = v.browser(e.Actor.UserAgent)
			row.Place = v.place(e.Actor.IP)
		}
		if n := len(rows) - 1; n >= 0 && rows[n].Same(row) {
			rows[n].Times++
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// ofStaff reports whether somebody else than the person or a machine did it.
func ofStaff(a idp.Actor) bool {
	switch a.Kind {
	case "user", "anonymous", "client", "job":
		return false
	}
	return true
}

func (s *server) clientName(id, lang string) string {
	if c, ok := s.provider.Config().Clients.Find(id); ok {
		return c.DisplayName(lang)
	}
	return id
}

func (s *server) activity(v *visit) error {
	ctx, older := v.Request().Context(), v.QueryParam("older")
	sessions, err := s.provider.Sessions(ctx, v.b)
	if err != nil {
		return err
	}
	events, err := s.provider.History(ctx, v.b, toldNames(), older, historyPage+1)
	if err != nil {
		return err
	}
	page := templates.ActivityPage{
		Others: len(sessions) > 1, Done: v.done("ended", "others"), Paged: older != "",
		Days: days(s.provider.Config().Limits.Account.History), Approximate: s.provider.Config().Place != nil,
	}
	if len(events) > historyPage {
		events = events[:historyPage]
		page.Older = pathActivity + "?" + url.Values{"older": {events[historyPage-1].ID}}.Encode() + "#history"
	}
	page.Events = s.events(v, events)
	for _, session := range sessions {
		row := templates.BrowserRow{
			ID: session.SID, Place: v.place(session.IP), This: session.SID == v.account.Session.SID,
			Added: v.at(session.CreatedAt), Last: v.at(session.SeenAt),
		}
		row.Icon, row.Name = v.browser(session.UserAgent)
		page.Sessions = append(page.Sessions, row)
	}
	return s.render(v, http.StatusOK, s.own(v, "activity", "account-activity", "act.title", page))
}

func (s *server) endSessions(v *visit) error {
	ctx, sid := v.Request().Context(), field(v, "end")
	if sid == "others" {
		if err := s.provider.EndOtherSessions(ctx, v.b); err != nil {
			return err
		}
		return see(v, pathActivity+"?done=others")
	}
	if err := s.provider.EndSession(ctx, v.b, sid); err != nil {
		return err
	}
	return see(v, pathActivity+"?done=ended")
}

// secure is the checklist for somebody who saw what they don't recognise (ux 6.11).
func (s *server) secure(v *visit) error {
	ctx := v.Request().Context()
	sessions, err := s.provider.Sessions(ctx, v.b)
	if err != nil {
		return err
	}
	apps, err := s.provider.Apps(ctx, v.b)
	if err != nil {
		return err
	}
	a := v.account
	return s.render(v, http.StatusOK, s.own(v, "activity", "account-secure", "act.sec_t", templates.SecurePage{
		PasswordAt: v.at(a.User.PasswordAt), Others: len(sessions) - 1, Devices: len(a.Devices), Methods: len(a.Methods), Apps: len(apps),
	}))
}
