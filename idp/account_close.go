package idp

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Closing an account takes a while: everything ends at once, but nothing is
// erased before the waiting time is over, and signing in takes it back. So a
// thief who closes an account destroys nothing.

// CloseView is what the page before closing shows.
type CloseView struct {
	// DueAt is when the account would be erased.
	DueAt time.Time
	// Apps are the relying parties that lose access.
	Apps []App
	// Shops are the seller accounts that nobody else owns, Roles the duties on
	// staff: while there is one, the account cannot be closed.
	Shops []string
	Roles []Role
}

// CloseView is what the page before closing shows. It needs fresh proofs.
func (p *Provider) CloseView(ctx context.Context, b *Browser) (CloseView, error) {
	var v CloseView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		if !p.sudoFresh(h, tx.Now) {
			return ErrSudo
		}
		if v, err = p.needed(tx, h.user); err != nil {
			return err
		}
		v.DueAt = tx.Now.Add(p.cfg.Limits.Account.CloseWait)
		v.Apps, err = p.apps(tx, h.user.ID)
		return err
	})
	return v, err
}

// needed tells for what somebody cannot go: seller accounts without another
// owner, and duties on staff.
func (p *Provider) needed(tx *store.Tx, u User) (CloseView, error) {
	v := CloseView{Roles: RolesOf(u)}
	mine, err := tx.Memberships(u.ID)
	if err != nil {
		return v, err
	}
	for _, m := range mine {
		if m.Role != clients.RoleOwner {
			continue
		}
		shop, err := tx.Shop(m.ShopID)
		if err != nil {
			return v, err
		}
		all, err := tx.Members(m.ShopID)
		if err != nil {
			return v, err
		}
		others := 0
		for _, o := range all {
			if o.Role == clients.RoleOwner && o.UserID != u.ID {
				others++
			}
		}
		if others == 0 && shop.ClosedAt.IsZero() {
			v.Shops = append(v.Shops, shop.Name)
		}
	}
	return v, nil
}

// CloseAccount ends every session, grant and trusted device of a person and
// begins the waiting time, after which the account is erased; it answers with
// that moment. It needs fresh proofs. ErrNeeded while somebody depends on it.
func (p *Provider) CloseAccount(ctx context.Context, b *Browser) (time.Time, error) {
	var due time.Time
	err := p.withSudo(ctx, b, func(w *work, h *holder) error {
		v, err := p.needed(w.Tx, h.user)
		if err != nil {
			return err
		}
		if len(v.Shops)+len(v.Roles) > 0 {
			return ErrNeeded
		}
		due = w.Now.Add(p.cfg.Limits.Account.CloseWait)
		if err := w.InsertClosure(store.Closure{UserID: h.user.ID, AskedAt: w.Now, DueAt: due}); err != nil {
			return ignore(err, store.ErrExists) // two tabs
		}
		if _, err := p.endEverything(w, &h.user); err != nil {
			return err
		}
		b.Session = ""
		if err := w.UpdateUser(h.user); err != nil {
			return err
		}
		if err := p.mail(w, h.user, "mail.close", "until", due.Format(time.RFC3339)); err != nil {
			return err
		}
		return w.record("user.closing", h.user.ID, "", "due", due.Format(time.RFC3339))
	})
	return due, err
}

// keepOpen takes a closure back because its owner signed in.
func (p *Provider) keepOpen(w *work, u User) error {
	gone, err := w.DeleteClosure(u.ID)
	if err != nil || !gone {
		return err
	}
	if err := p.mail(w, u, "mail.close_off"); err != nil {
		return err
	}
	return w.record("user.kept", u.ID, "")
}

// reopen is the undo of a mail about closing.
func (p *Provider) reopen(w *work, u *User, _ string) error {
	gone, err := w.DeleteClosure(u.ID)
	if err != nil || !gone {
		return err
	}
	return w.record("user.kept", u.ID, "", "by", "report")
}

// Close reminds people whose accounts will be erased soon and erases those
// whose time has come. A suspended account stays until it is looked into, and
// one that became needed in the meantime until it no longer is.
func (p *Provider) Close(ctx context.Context) error {
	_, err := oneByOne(ctx, p, jobClose, func(tx *store.Tx) ([]store.Closure, error) {
		return tx.ClosuresUntil(tx.Now.Add(p.cfg.Limits.Account.CloseReminder), 0)
	}, func(w *work, c store.Closure) error { return p.closeOne(w, c.UserID) })
	return err
}

func (p *Provider) closeOne(w *work, userID string) error {
	c, err := w.Closure(userID)
	if err != nil {
		return ignore(err, store.ErrNotFound)
	}
	u, err := w.User(userID)
	if err != nil || !u.DisabledAt.IsZero() {
		return ignore(err, store.ErrNotFound)
	}
	v, err := p.needed(w.Tx, u)
	switch {
	case err != nil:
		return err
	case !w.Now.Before(c.DueAt) && len(v.Shops)+len(v.Roles) == 0:
		return p.erase(w, u)
	case c.RemindedAt.IsZero():
		if err := w.RemindClosure(userID); err != nil {
			return err
		}
		return p.mail(w, u, "mail.close_soon", "until", c.DueAt.Format(time.RFC3339))
	}
	return nil
}

// erase removes a person and tells them for the last time. Only the address
// itself is kept, sealed, until that mail has gone.
func (p *Provider) erase(w *work, u User) error {
	to, err := p.noticeAddresses(w.Tx, u)
	if err != nil {
		return err
	}
	if _, err := p.endEverything(w, &u); err != nil {
		return err
	}
	if err := w.EraseUser(u.ID); err != nil {
		return err
	}
	for _, address := range to {
		if err := p.mailTo(w, address, User{Name: u.Name, Lang: u.Lang, Zone: u.Zone}, "mail.closed"); err != nil {
			return err
		}
	}
	return w.record("user.erased", u.ID, "")
}

// EraseUser erases a person at once, on their request by another way (or a
// court's). ErrNotFound; ErrNeeded while somebody depends on the account.
func (p *Provider) EraseUser(ctx context.Context, actor Actor, id string) error {
	return p.changeUser(ctx, actor, id, func(w *work, u User) error {
		v, err := p.needed(w.Tx, u)
		if err != nil {
			return err
		}
		if len(v.Shops)+len(v.Roles) > 0 {
			return ErrNeeded
		}
		return p.erase(w, u)
	})
}
