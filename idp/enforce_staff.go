package idp

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// What an admin sees and does about enforcement dates. Every view and every act
// is in the audit log (T-43).

// ClientDates is a client and the history of its date.
type ClientDates struct {
	Client clients.Client
	// File is set for a client of the configuration file, whose date is changed there.
	File    bool
	History []DateChange
}

// StaffDates are the clients that sign people in, with their dates.
func (p *Provider) StaffDates(ctx context.Context, b *Browser) ([]ClientDates, error) {
	var list []ClientDates
	err := p.staff(ctx, b, &look{roles: []Role{Admin}, page: "dates", list: true}, func(w *work, _ Duty) error {
		list = nil
		for _, c := range p.cfg.Clients.All() {
			if !c.Allows(clients.GrantCode) {
				continue
			}
			history, err := p.dates(w.Tx, c.ID, time.Time{})
			if err != nil {
				return err
			}
			list = append(list, ClientDates{Client: c, File: p.cfg.Clients.InFile(c.ID), History: history})
		}
		return nil
	})
	return list, err
}

// StaffPreflight is [Provider.Preflight] for an admin. With each it says in the
// audit log that people were exported.
func (p *Provider) StaffPreflight(ctx context.Context, b *Browser, q Preflight, each func(PreflightPerson) error) (PreflightReport, error) {
	if _, err := p.findClient(q.ClientID); err != nil {
		return PreflightReport{}, err
	}
	l := look{roles: []Role{Admin}, page: "preflight", details: []string{"client", q.ClientID, "on", dateText(q.On)}}
	if each != nil {
		l.page = ""
	}
	err := p.staff(ctx, b, &l, func(w *work, _ Duty) error {
		if each == nil {
			return nil
		}
		return w.record("staff.exported", "", q.ClientID, "what", "preflight", "on", dateText(q.On))
	})
	if err != nil {
		return PreflightReport{}, err
	}
	return p.Preflight(ctx, q, each)
}

// StaffSetDate is [Provider.SetEnforceFrom] for an admin.
func (p *Provider) StaffSetDate(ctx context.Context, b *Browser, id string, from time.Time, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	err = p.staff(ctx, b, &look{roles: []Role{Admin}}, func(w *work, _ Duty) error {
		w.Actor.Reason = reason
		return p.alterClient(w, id, setDate(id, from))
	})
	if err != nil {
		return err
	}
	return p.ReloadClients(ctx)
}

// StaffExtend is [Provider.Extend] for an admin. Nobody extends their own time (ErrForbidden).
func (p *Provider) StaffExtend(ctx context.Context, b *Browser, userID string, e Extension) error {
	reason, err := cleanReason(e.Reason)
	if err != nil {
		return err
	}
	return p.staff(ctx, b, &look{roles: []Role{Admin}}, func(w *work, d Duty) error {
		if d.User.ID == userID {
			return ErrForbidden
		}
		u, err := p.findUser(w.Tx, userID)
		if err != nil {
			return err
		}
		w.Actor.Reason = reason
		return p.extend(w, u, e)
	})
}

// StaffExplain is [Provider.Explain] for an admin.
func (p *Provider) StaffExplain(ctx context.Context, b *Browser, q Question) (Answer, error) {
	var a Answer
	l := look{roles: []Role{Admin}, page: "explain", details: []string{"client", q.ClientID}}
	err := p.staff(ctx, b, &l, func(w *work, _ Duty) error {
		var err error
		a, err = p.explain(w.Tx, q)
		l.about = a.User.ID
		return err
	})
	return a, err
}
