package idp

import (
	"context"
	"errors"
	"strings"

	"github.com/sekisho-id/sekisho/clients"
)

// Subject is a person's access token that is exchanged: its grant, and its jti
// after those of the tokens that it was exchanged from itself.
type Subject struct {
	Grant string
	IDs   []string
}

// Exchange is asked before a person's access token is exchanged (RFC 8693): it,
// what it comes from and its grant must live, and the rules of the client that
// it was granted to, and of the one that exchanges, are judged anew as at a
// refresh (S-120).
// ErrInvalidGrant says in its text why not; it is for the log.
func (p *Provider) Exchange(ctx context.Context, b *Browser, c *clients.Client, s Subject, aud []string) error {
	return p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		for _, jti := range s.IDs {
			revoked, err := w.JTIRevoked(jti)
			if err != nil {
				return err
			}
			if revoked {
				return invalidGrant("the token, or one that it was exchanged from, was revoked")
			}
		}
		issue, err := p.live(w.Tx, s.Grant)
		if errors.Is(err, ErrRevoked) {
			return invalidGrant("the grant has ended, or its person is no more")
		}
		if err != nil {
			return err
		}
		g, u := issue.Grant, issue.User
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
