package idp

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// AuditFilter selects lines of the audit log; see [store.EventFilter].
type AuditFilter struct {
	// Who is a person's whole address or id; empty for everybody.
	Who, ClientID, Name string
	Before              time.Time
	// Older is an event's id: only lines before it.
	Older string
}

// auditPage is how many lines a page has, auditExport how many a file has at most.
const (
	auditPage   = 50
	auditExport = 10_000
)

// StaffAudit reads a page of the audit log, the newest first, for an admin.
// ErrNotFound when nobody is Who. more says whether there are older lines.
func (p *Provider) StaffAudit(ctx context.Context, b *Browser, f AuditFilter) (list []Event, more bool, err error) {
	l := look{roles: []Role{Admin}, page: "audit", details: f.details(), list: f.Who == ""}
	err = p.staff(ctx, b, &l, func(w *work, _ Duty) error {
		var err error
		list, l.about, err = p.audit(w.Tx, f, auditPage+1)
		return err
	})
	if len(list) > auditPage {
		list, more = list[:auditPage], true
	}
	return list, more, err
}

// StaffAuditExport is [Provider.StaffAudit] for a file, which says so in the log itself.
func (p *Provider) StaffAuditExport(ctx context.Context, b *Browser, f AuditFilter) ([]Event, error) {
	var list []Event
	err := p.staff(ctx, b, &look{roles: []Role{Admin}}, func(w *work, _ Duty) error {
		events, about, err := p.audit(w.Tx, f, auditExport)
		if err != nil {
			return err
		}
		list = events
		return w.record("staff.exported", about, f.ClientID, append([]string{"what", "audit"}, f.details()...)...)
	})
	return list, err
}

// audit reads the log and names the person it was asked about.
func (p *Provider) audit(tx *store.Tx, f AuditFilter, limit int) (list []Event, about string, err error) {
	q := store.EventFilter{ClientID: f.ClientID, Name: f.Name, Before: f.Before, Older: f.Older, Limit: limit}
	if f.Who != "" {
		u, err := p.findUser(tx, f.Who)
		if err != nil {
			return nil, "", err
		}
		q.UserID = u.ID
	}
	list, err = tx.Events(q)
	return list, q.UserID, err
}

// details are what was asked for, but for the address of a person.
func (f AuditFilter) details() []string {
	var out []string
	for _, d := range [][2]string{{"name", f.Name}, {"client", f.ClientID}} {
		if d[1] != "" {
			out = append(out, d[0], d[1])
		}
	}
	return out
}

// AuditLine is an event as it leaves the program: one line of JSON.
type AuditLine struct {
	At      time.Time         `json:"at"`
	Name    string            `json:"name"`
	Actor   AuditActor        `json:"actor"`
	User    string            `json:"user,omitempty"`
	Client  string            `json:"client,omitempty"`
	Details map[string]string `json:"details,omitempty"`
	ID      string            `json:"id"`
}

// AuditActor is who did it.
type AuditActor struct {
	Kind      string `json:"kind"`
	ID        string `json:"id,omitempty"`
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Request   string `json:"request,omitempty"`
}

// LineOf is an event as a line.
func LineOf(e Event) AuditLine {
	return AuditLine{e.At, e.Name, AuditActor{e.Actor.Kind, e.Actor.ID, e.Actor.IP, e.Actor.UserAgent, e.Actor.Request}, e.UserID, e.ClientID, e.Details, e.ID}
}
