package web

import (
	"net/http"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// shownEvents is how long the history on the page is.
const shownEvents = 50

// events tells the part of an audit log that is for people.
func (r reader) events(list []idp.Event) []templates.EventRow {
	var rows []templates.EventRow
	for _, e := range list {
		t, ok := tell(e)
		if !ok || len(rows) == shownEvents {
			continue
		}
		row := templates.EventRow{Icon: t.icon, Text: r.text(t.key), Blocked: t.blocked, IP: e.Actor.IP, At: r.at(e.At)}
		if e.Actor.UserAgent != "" {
			_, row.Device = r.browser(e.Actor.UserAgent)
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *server) activity(v *visit) error {
	ctx := v.Request().Context()
	sessions, err := s.provider.Sessions(ctx, v.b)
	if err != nil {
		return err
	}
	events, err := s.provider.History(ctx, v.b, historyLength)
	if err != nil {
		return err
	}
	page := templates.ActivityPage{Others: len(sessions) > 1, Events: v.events(events), Done: v.done("ended", "others")}
	for _, session := range sessions {
		row := templates.BrowserRow{
			ID: session.SID, IP: session.IP, This: session.SID == v.account.Session.SID,
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
