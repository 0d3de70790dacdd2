package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// ErrFileClient: the client stands in the configuration file and is changed there.
var ErrFileClient = errors.New("client is declared in the configuration file")

// ReloadClients takes up the stored clients as they are now.
func (p *Provider) ReloadClients(ctx context.Context) error {
	var list []clients.Client
	var version int64
	err := p.st.View(ctx, func(tx *store.Tx) error {
		list = list[:0]
		rows, err := tx.Clients()
		if err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.Client)
		}
		version, err = tx.ClientsVersion()
		return err
	})
	if err != nil {
		return err
	}
	p.cfg.Clients.SetStored(list)
	p.clientsVersion.Store(version)
	return nil
}

// ListClients are all clients, of the file and stored, disabled ones too.
func (p *Provider) ListClients(context.Context) ([]clients.Client, error) {
	return p.cfg.Clients.All(), nil
}

// AddClient stores a client. A confidential one gets a secret, shown here and
// never again (C-52). Its audiences must be registered. store.ErrExists when the id is taken.
func (p *Provider) AddClient(ctx context.Context, actor Actor, c clients.Client) (string, error) {
	secret := ""
	if c.UsesSecret() && len(c.SecretHashes) == 0 {
		s, hash := clients.NewSecret()
		secret, c.SecretHashes = s, []string{hash}
	}
	if err := errors.Join(c.Validate(), p.cfg.Resources.Judge(c, p.cfg.Issuer)); err != nil {
		return "", err
	}
	if _, ok := p.cfg.Clients.Find(c.ID); ok {
		return "", store.ErrExists
	}
	err := p.updateAs(ctx, actor, nil, func(w *work) error {
		if err := w.InsertClient(store.Client{Client: c, CreatedAt: w.Now, UpdatedAt: w.Now}); err != nil {
			return err
		}
		if !c.Rules.EnforceFrom.IsZero() {
			if err := w.recordDate(c.ID, time.Time{}, c.Rules.EnforceFrom); err != nil {
				return err
			}
		}
		return w.record("client.added", "", c.ID)
	})
	if err != nil {
		return "", err
	}
	return secret, p.ReloadClients(ctx)
}

// RotateClientSecret adds a secret beside the newest one before; a third ends
// the oldest (C-52).
func (p *Provider) RotateClientSecret(ctx context.Context, actor Actor, id string) (string, error) {
	secret, hash := clients.NewSecret()
	err := p.changeClient(ctx, actor, id, "client.secret_rotated", func(c *clients.Client) error {
		if !c.UsesSecret() {
			return errors.New("this client has no secret")
		}
		keep := c.SecretHashes[max(len(c.SecretHashes)-1, 0):]
		c.SecretHashes = append(slices.Clone(keep), hash)
		return nil
	})
	return secret, err
}

// SetClientDisabled refuses, or serves again, everything a client asks. Its
// grants end when it is disabled.
func (p *Provider) SetClientDisabled(ctx context.Context, actor Actor, id string, disabled bool) error {
	name := "client.enabled"
	if disabled {
		name = "client.disabled"
	}
	return p.changeClient(ctx, actor, id, name, func(c *clients.Client) error {
		c.Disabled = disabled
		return nil
	})
}

func (p *Provider) changeClient(ctx context.Context, actor Actor, id, event string, f func(*clients.Client) error) error {
	return p.changeClientIn(ctx, actor, id, func(w *work, c *clients.Client) error {
		if err := f(c); err != nil {
			return err
		}
		return w.record(event, "", id)
	})
}

// changeClientIn changes a stored client by an f that records what it does.
func (p *Provider) changeClientIn(ctx context.Context, actor Actor, id string, f func(*work, *clients.Client) error) error {
	if err := p.updateAs(ctx, actor, nil, func(w *work) error { return p.alterClient(w, id, f) }); err != nil {
		return err
	}
	return p.ReloadClients(ctx)
}

// alterClient is changeClientIn within an update; [Provider.ReloadClients] follows it.
func (p *Provider) alterClient(w *work, id string, f func(*work, *clients.Client) error) error {
	row, err := w.Client(id)
	if errors.Is(err, store.ErrNotFound) {
		if _, ok := p.cfg.Clients.Find(id); ok {
			return ErrFileClient
		}
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	if err := f(w, &row.Client); err != nil {
		return err
	}
	row.UpdatedAt = w.Now
	if err := w.UpdateClient(row); err != nil {
		return err
	}
	if row.Disabled {
		_, err = w.RevokeGrants(store.GrantFilter{ClientID: id})
	}
	return err
}

// RotateKeys makes the keys published ahead sign from now on.
func (p *Provider) RotateKeys(ctx context.Context, actor Actor) error {
	return p.keys.Rotate(ctx, actor)
}

// RevokeKeys takes signing keys away at once; see [Keyring.Revoke].
func (p *Provider) RevokeKeys(ctx context.Context, actor Actor, ids ...string) error {
	return p.keys.Revoke(ctx, actor, ids...)
}

// KeyList describes the published signing keys.
func (p *Provider) KeyList(context.Context) ([]KeyInfo, error) { return p.keys.List(), nil }
