package idp

import (
	"context"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// holder is a signed-in person in a transaction.
type holder struct {
	user    User
	session Session
	factors []mfa.Factor
	// passkeys are those that may be used.
	passkeys []mfa.Passkey
}

// proofs are what the session has shown.
func (h *holder) proofs() signin.Proofs { return proofs(h.session, h.passkeys) }

// holder finds who is signed in here; ErrSignedOut when nobody is.
func (p *Provider) holder(tx *store.Tx, b *Browser) (*holder, error) {
	s, err := p.session(tx, b)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, ErrSignedOut
	}
	u, err := tx.User(s.UserID)
	if err != nil {
		return nil, err
	}
	if !u.DisabledAt.IsZero() || !p.alive(tx, *s, u) {
		return nil, ErrSignedOut
	}
	h := &holder{user: u, session: *s}
	if h.factors, err = tx.Factors(u.ID); err != nil {
		return nil, err
	}
	if h.passkeys, err = p.passkeys(tx, u.ID); err != nil {
		return nil, err
	}
	if h.proofs().AuthTime().IsZero() { // the passkey it was opened with is gone
		return nil, ErrSignedOut
	}
	return h, nil
}

// alive asks the decision itself whether the session still opens our pages, so
// that idle times hold here as they do for relying parties (C-30).
func (p *Provider) alive(tx *store.Tx, s Session, u User) bool {
	l := p.lifetimes(u)
	if !s.CodeAt.IsZero() || !s.PasskeyAt.IsZero() {
		return tx.Now.Sub(s.SeenAt) <= l.Idle2
	}
	return tx.Now.Sub(s.SeenAt) <= l.Idle1
}

// withHolder runs f in an update for the signed-in person.
func (p *Provider) withHolder(ctx context.Context, b *Browser, f func(*work, *holder) error) error {
	return p.update(ctx, b, func(w *work) error {
		h, err := p.holder(w.Tx, b)
		if err != nil {
			return err
		}
		w.as(h.user.ID)
		return f(w, h)
	})
}

// withSudo is withHolder with fresh proofs; ErrSudo when they are not.
func (p *Provider) withSudo(ctx context.Context, b *Browser, f func(*work, *holder) error) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		if !p.sudoFresh(h, w.Now) {
			return ErrSudo
		}
		return f(w, h)
	})
}

// sudoFresh reports whether a session's proofs are fresh enough to change
// credentials: the decision of a sign-in that asks for just that says so
// (C-33, A-7.5.1). A trusted device never counts.
func (p *Provider) sudoFresh(h *holder, now time.Time) bool {
	return p.satisfies(h, now, signin.Request{Sudo: true})
}

// satisfies reports whether a session would be asked for nothing by a request
// of our own pages.
func (p *Provider) satisfies(h *holder, now time.Time, r signin.Request) bool {
	return signin.Decide(signin.Facts{
		Now: now, Request: r, Rules: clients.Rules{FirstParty: true}, Limits: p.lifetimes(h.user),
		Person: person(h.user, h.factors, h.passkeys), Proofs: h.proofs(),
	}).Page == signin.PageDone
}

// Account is what the account pages show of the signed-in person.
func (p *Provider) Account(ctx context.Context, b *Browser) (Account, error) {
	var a Account
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		devices, err := tx.Devices(h.user.ID)
		if err != nil {
			return err
		}
		a = Account{
			User: h.user, Session: h.session, Sudo: p.sudoFresh(h, tx.Now),
			State: twoStepState(h.user, h.factors), Level: level(h.proofs()), AuthTime: h.proofs().AuthTime(),
		}
		if a.Passkeys, err = tx.Passkeys(h.user.ID); err != nil {
			return err
		}
		if a.RecoveryCodes, err = tx.RecoveryCodes(h.user.ID); err != nil {
			return err
		}
		a.Methods = slices.DeleteFunc(slices.Clone(h.factors), func(f mfa.Factor) bool { return f.Draft && a.State != StateSetup })
		for _, d := range devices {
			if d.Epoch == h.user.Epoch && tx.Now.Before(d.ExpiresAt) {
				a.Devices = append(a.Devices, d.TrustedDevice)
			}
		}
		a.ThisDevice = thisDevice(b, devices)
		mine, err := tx.UserShops(h.user.ID)
		if err != nil {
			return err
		}
		a.Shops = len(mine)
		if a.Soon, err = p.soon(tx, h.user); err != nil {
			return err
		}
		for _, c := range p.cfg.Clients.All() {
			if !c.Disabled && enforced(c, tx.Now) {
				a.Required = append(a.Required, c)
			}
		}
		return nil
	})
	if err == nil {
		p.seen(ctx, b, a.Session)
	}
	return a, err
}

func level(s signin.Proofs) signin.Level {
	switch {
	case !s.Passkey.At.IsZero():
		return signin.LevelPhishingResistant
	case !s.CodeAt.IsZero():
		return signin.LevelTwoStep
	case !s.DeviceAt.IsZero():
		return signin.LevelTrustedDevice
	default:
		return signin.LevelPassword
	}
}

func twoStepState(u User, factors []mfa.Factor) TwoStepState {
	switch {
	case !u.TwoStepAt.IsZero():
		return StateOn
	case slices.ContainsFunc(factors, func(f mfa.Factor) bool { return f.Draft }):
		return StateSetup
	case len(factors) > 0:
		return StateOff
	default:
		return StateNone
	}
}

// History is a person's own audit log, newest first: events of these names, at
// most limit, older than the event with an id unless that is empty. It goes
// back as far as the limits say (ux 6.11).
func (p *Provider) History(ctx context.Context, b *Browser, names []string, older string, limit int) ([]Event, error) {
	var events []Event
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		events, err = tx.Events(store.EventFilter{
			UserID: h.user.ID, Names: names, Older: older, Since: tx.Now.Add(-p.cfg.Limits.Account.History), Limit: limit,
		})
		return err
	})
	return events, err
}
