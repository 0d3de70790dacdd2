package idp

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// App is a relying party that has something of a person's.
type App struct {
	// Client is what is registered; only its ID is set when it no longer is.
	Client clients.Client
	// Scopes are those allowed, without openid.
	Scopes []string
	// Since is when it was first allowed, as far as is known; Used when it last
	// signed in or refreshed.
	Since, Used time.Time
}

// Apps are the relying parties a person allowed something, or signed in to
// lately, the last used first.
func (p *Provider) Apps(ctx context.Context, b *Browser) ([]App, error) {
	var apps []App
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		apps, err = p.apps(tx, h.user.ID)
		return err
	})
	return apps, err
}

func (p *Provider) apps(tx *store.Tx, userID string) ([]App, error) {
	byID := map[string]*App{}
	at := func(id string) *App {
		if byID[id] == nil {
			byID[id] = &App{Client: clients.Client{ID: id, Name: id}}
			if c, ok := p.cfg.Clients.Find(id); ok {
				byID[id].Client = *c
			}
		}
		return byID[id]
	}
	consents, err := tx.Consents(userID)
	if err != nil {
		return nil, err
	}
	for _, c := range consents {
		a := at(c.ClientID)
		a.Scopes, a.Since, a.Used = c.Scopes, c.GrantedAt, c.GrantedAt
	}
	grants, err := tx.Grants(userID)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		a := at(g.ClientID)
		a.Scopes = append(a.Scopes, g.Scopes...)
		a.Used = later(a.Used, g.LastUsedAt)
		if a.Since.IsZero() || g.CreatedAt.Before(a.Since) {
			a.Since = g.CreatedAt
		}
	}
	apps := make([]App, 0, len(byID))
	for _, a := range byID {
		slices.Sort(a.Scopes)
		a.Scopes = slices.DeleteFunc(slices.Compact(a.Scopes), func(s string) bool { return s == "openid" })
		apps = append(apps, *a)
	}
	slices.SortFunc(apps, func(a, b App) int { return cmp.Or(b.Used.Compare(a.Used), cmp.Compare(a.Client.ID, b.Client.ID)) })
	return apps, nil
}

// DisconnectApp takes back what a person allowed a relying party: consent,
// grants and every token of theirs. ErrNotFound when there was nothing.
func (p *Provider) DisconnectApp(ctx context.Context, b *Browser, clientID string) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		apps, err := p.apps(w.Tx, h.user.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(apps, func(a App) bool { return a.Client.ID == clientID }) {
			return ErrNotFound
		}
		return p.disconnect(w, &h.user, clientID)
	})
}

// disconnect is also the undo of a mail about an app that was connected.
func (p *Provider) disconnect(w *work, u *User, clientID string) error {
	if _, err := w.RevokeGrants(store.GrantFilter{UserID: u.ID, ClientID: clientID}); err != nil {
		return err
	}
	if err := w.DeleteConsent(u.ID, clientID); err != nil {
		return err
	}
	return w.record("app.disconnected", u.ID, clientID)
}
