package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// auditRows are lines of the audit log as staff read them.
func (r reader) auditRows(list []idp.Event) []templates.AuditRow {
	rows := make([]templates.AuditRow, 0, len(list))
	for _, e := range list {
		row := templates.AuditRow{At: r.at(e.At), Name: e.Name, Actor: r.actor(e.Actor), IP: e.Actor.IP, UserID: e.UserID, Client: e.ClientID}
		for _, k := range slices.Sorted(maps.Keys(e.Details)) {
			row.Details = append(row.Details, k+": "+e.Details[k])
		}
		rows = append(rows, row)
	}
	return rows
}

// actors are the words for who did something, by kind.
var actors = map[string]string{
	"user": "adm.by.user", "admin": "adm.by.admin", "reviewer": "adm.by.reviewer", "operator": "adm.by.operator",
	"client": "adm.by.client", "job": "adm.by.job", "anonymous": "adm.by.anonymous",
}

func (r reader) actor(a idp.Actor) string {
	if key, ok := actors[a.Kind]; ok {
		return r.text(key, "id", a.ID)
	}
	return a.Kind + " " + a.ID
}

// auditLog is a page of the log. What is asked for stands in the URL, but for
// the person, of whom only the id does.
func (s *server) auditLog(d *duty) error {
	data := templates.AuditPage{Who: d.QueryParam("who"), Name: d.QueryParam("name"), Client: d.QueryParam("client"), Before: d.QueryParam("before")}
	f, faults := s.auditFilter(d, data)
	f.Older = d.QueryParam("older")
	data.Faults = faults
	if faults != nil {
		return s.again(d, s.onDesk(d, "audit", "admin-audit", "adm.audit", data))
	}
	events, more, err := s.provider.StaffAudit(d.Request().Context(), d.b, f)
	if errors.Is(err, idp.ErrNotFound) {
		data.Faults = templates.Faults{{Field: "who", Text: d.text("adm.find_e")}}
		return s.again(d, s.onDesk(d, "audit", "admin-audit", "adm.audit", data))
	}
	if err != nil {
		return err
	}
	data.Events = d.auditRows(events)
	if more {
		q := auditQuery(data)
		q.Set("older", events[len(events)-1].ID)
		data.Older = pathAudit + "?" + q.Encode()
	}
	return s.render(d, http.StatusOK, s.onDesk(d, "audit", "admin-audit", "adm.audit", data))
}

// auditFilter reads what was typed.
func (s *server) auditFilter(d *duty, data templates.AuditPage) (idp.AuditFilter, templates.Faults) {
	f := idp.AuditFilter{Who: data.Who, ClientID: data.Client, Name: data.Name}
	if data.Before == "" {
		return f, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, data.Before, d.zone)
	if err != nil {
		return f, templates.Faults{{Field: "before", Text: d.text("adm.e.date")}}
	}
	f.Before = day
	return f, nil
}

func auditQuery(data templates.AuditPage) url.Values {
	q := url.Values{}
	for k, v := range map[string]string{"who": data.Who, "name": data.Name, "client": data.Client, "before": data.Before} {
		if v != "" {
			q.Set(k, v)
		}
	}
	return q
}

// askAudit answers the form: with a page of its own, or with a file.
func (s *server) askAudit(d *duty) error {
	data := templates.AuditPage{Who: field(d, "who"), Name: field(d, "name"), Client: field(d, "client"), Before: field(d, "before")}
	f, faults := s.auditFilter(d, data)
	if data.Who != "" && faults == nil { // an address belongs into no URL
		id, err := s.provider.StaffFind(d.Request().Context(), d.b, data.Who)
		switch {
		case errors.Is(err, idp.ErrNotFound):
			faults = templates.Faults{{Field: "who", Text: d.text("adm.find_e")}}
		case err != nil:
			return err
		}
		f.Who = id
	}
	if faults != nil {
		data.Faults = faults
		return s.again(d, s.onDesk(d, "audit", "admin-audit", "adm.audit", data))
	}
	if field(d, "do") == "export" {
		return s.exportAudit(d, f)
	}
	data.Who = f.Who
	return see(d, pathAudit+"?"+auditQuery(data).Encode())
}

// exportAudit answers with lines of JSON.
func (s *server) exportAudit(d *duty, f idp.AuditFilter) error {
	events, err := s.provider.StaffAuditExport(d.Request().Context(), d.b, f)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	out := json.NewEncoder(&buf)
	for _, e := range events {
		if err := out.Encode(idp.LineOf(e)); err != nil {
			return err
		}
	}
	return attach(d, "audit.jsonl", "application/x-ndjson", buf.Bytes())
}

// attach answers with a file that the browser saves and never shows.
func attach(c echo.Context, name, kind string, body []byte) error {
	attachment(c, name)
	return c.Blob(http.StatusOK, kind, body)
}

// attachment says that what follows is a file to save.
func attachment(c echo.Context, name string) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	h.Set("Content-Security-Policy", contentPolicy("")+"; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
