package idp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// PersonView is what staff see of somebody: no hash, no key, no whole number (T-43).
type PersonView struct {
	User     User
	State    TwoStepState
	Methods  []mfa.Factor
	Devices  int
	Sessions []Session
	// Dates are those of the clients they use.
	Dates []UserDate
	// Events are the newest of their audit log.
	Events []Event
}

// personEvents is how many events the page of a person shows.
const personEvents = 30

// StaffFind finds a person by their whole address or id: staff cannot browse
// people. ErrNotFound.
func (p *Provider) StaffFind(ctx context.Context, b *Browser, who string) (string, error) {
	var id string
	err := p.staff(ctx, b, &look{roles: []Role{Admin}}, func(w *work, d Duty) error {
		u, err := p.findUser(w.Tx, who)
		found := "yes"
		if err != nil {
			if !errors.Is(err, ErrNotFound) {
				return err
			}
			found = "no"
		}
		id = u.ID
		if err := w.record("staff.searched", u.ID, "", "found", found); err != nil {
			return err
		}
		if found == "no" {
			return store.Keep(ErrNotFound)
		}
		return nil
	})
	return id, err
}

// StaffPerson shows a person to an admin.
func (p *Provider) StaffPerson(ctx context.Context, b *Browser, id string) (PersonView, error) {
	var v PersonView
	err := p.staff(ctx, b, &look{roles: []Role{Admin}, page: "person", about: id}, func(w *work, _ Duty) error {
		var err error
		v, err = p.personView(w.Tx, id)
		return err
	})
	return v, err
}

func (p *Provider) personView(tx *store.Tx, id string) (PersonView, error) {
	u, err := p.findUser(tx, id)
	if err != nil {
		return PersonView{}, err
	}
	factors, err := tx.Factors(u.ID)
	if err != nil {
		return PersonView{}, err
	}
	v := PersonView{State: twoStepState(u, factors), User: u}
	v.User.Password = ""
	for _, f := range factors {
		v.Methods = append(v.Methods, masked(f))
	}
	devices, err := tx.Devices(u.ID)
	if err != nil {
		return v, err
	}
	v.Devices = len(slices.DeleteFunc(devices, func(d store.Device) bool {
		return d.Epoch != u.Epoch || !tx.Now.Before(d.ExpiresAt)
	}))
	if v.Sessions, err = tx.Sessions(u.ID); err != nil {
		return v, err
	}
	if v.Dates, err = p.userDates(tx, u.ID); err != nil {
		return v, err
	}
	v.Events, err = tx.Events(store.EventFilter{UserID: u.ID, Limit: personEvents})
	return v, err
}

// masked is a factor without its secrets.
func masked(f mfa.Factor) mfa.Factor {
	f.Secret, f.LastStep = nil, 0
	if f.Number != "" {
		f.Number = mfa.Masked(f.Number)
	}
	return f
}

// Act is what an admin does to somebody's account.
type Act string

// The acts. None of them sets a password or signs anybody in.
const (
	ActEnd       Act = "end"     // sessions, grants and trusted devices
	ActSuspend   Act = "suspend" // the account
	ActRestore   Act = "restore"
	ActSendReset Act = "send-reset" // a link to set a new password
)

// leastReason is how many characters a reason has at least.
const leastReason = 5

// cleanReason is a reason worth keeping, or ErrReason.
func cleanReason(s string) (string, error) {
	s = strings.TrimSpace(clip(s, maxReason))
	if utf8.RuneCountInString(s) < leastReason {
		return "", ErrReason
	}
	return s, nil
}

// StaffAct carries out an act for a reason. Nobody acts on their own account
// (ErrForbidden). ErrReason, ErrNotFound.
func (p *Provider) StaffAct(ctx context.Context, b *Browser, id string, act Act, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return p.staff(ctx, b, &look{roles: []Role{Admin}}, func(w *work, d Duty) error {
		if d.User.ID == id {
			return ErrForbidden
		}
		u, err := p.findUser(w.Tx, id)
		if err != nil {
			return err
		}
		w.Actor.Reason = reason
		switch act {
		case ActEnd:
			_, err = p.endUser(w, u)
		case ActSuspend, ActRestore:
			if u.DisabledAt.IsZero() != (act == ActSuspend) {
				return ErrState
			}
			err = p.setDisabled(w, u, act == ActSuspend)
		case ActSendReset:
			err = p.sendReset(w, u)
		default:
			err = ErrNotFound
		}
		return err
	})
}
