package idp

import (
	"context"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// ClientBearer says whether a client's own access token lives: nil, or
// ErrRevoked when it was revoked by its jti, on whatever node that was, as for
// [Provider.Bearer]. Whether the client may still act is the caller's to see.
func (p *Provider) ClientBearer(ctx context.Context, jti string) error {
	_, err := p.standing.ask(of{jti: jti}, func() (User, error) {
		var revoked bool
		err := p.st.Glance(ctx, func(tx *store.Tx) error {
			var err error
			revoked, err = tx.JTIRevoked(jti)
			return err
		})
		if err == nil && revoked {
			err = ErrRevoked
		}
		return User{}, err
	})
	return err
}

// RefreshStatus is what is known of a refresh token that lives.
type RefreshStatus struct {
	Grant     Grant
	CreatedAt time.Time
	ExpiresAt time.Time
}

// RefreshStatus looks a client's refresh token up as [Provider.Refresh] would,
// without using it. ErrRevoked when a refresh would fail: it is unknown,
// another client's, used, expired, or its grant, its person or what the client
// demands of a sign-in has changed.
func (p *Provider) RefreshStatus(ctx context.Context, c *clients.Client, token string) (RefreshStatus, error) {
	var out RefreshStatus
	err := p.st.View(ctx, func(tx *store.Tx) error {
		row, err := tx.RefreshToken(store.StampedHash(token))
		if errors.Is(err, store.ErrNotFound) {
			return ErrRevoked
		}
		if err != nil {
			return err
		}
		issue, err := p.live(tx, row.GrantID)
		if err != nil {
			return err
		}
		g := issue.Grant
		out = RefreshStatus{Grant: g, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
		if g.ClientID != c.ID || !row.UsedAt.IsZero() || !tx.Now.Before(row.ExpiresAt) {
			return ErrRevoked
		}
		allowed, err := p.stillAllowed(tx, c, g, issue.User)
		if err == nil && !allowed {
			err = ErrRevoked
		}
		return err
	})
	if err != nil {
		return RefreshStatus{}, err
	}
	return out, nil
}
