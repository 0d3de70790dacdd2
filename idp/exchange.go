package idp

import (
	"context"
	"errors"
	"strings"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Exchange is asked before a person's access token is exchanged (RFC 8693): the
// grant behind it must live, and the rules of the client that it was granted
// to, and of the one that exchanges, are judged anew as at a refresh (S-120).
// ErrInvalidGrant says in its text why not; it is for the log.
func (p *Provider) Exchange(ctx context.Context, b *Browser, c *clients.Client, grantID, jti string, aud []string) error {
	return p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		if _, err := w.Bearer(grantID, jti); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return invalidGrant("the token, its grant or its person is no more")
			}
			return err
		}
		g, u, err := p.live(w.Tx, grantID)
		if errors.Is(err, ErrRevoked) {
			return invalidGrant("the grant has ended")
		}
		if err != nil {
			return err
		}
		origin, ok := p.cfg.Clients.Lookup(g.ClientID)
		if !ok {
			return invalidGrant("the client of the grant is served no more")
		}
		for _, one := range []*clients.Client{origin, c} {
			allowed, err := p.stillAllowed(w.Tx, one, g, u)
			if err != nil {
				return err
			}
			if !allowed {
				return invalidGrant("client " + one.ID + " demands more than this sign-in proved")
			}
		}
		return w.record("token.exchanged", u.ID, c.ID, "grant", g.ID, "for", g.ClientID, "resources", strings.Join(aud, " "))
	})
}
