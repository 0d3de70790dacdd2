package idp

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Clients may register themselves (RFC 7591) where the configuration says so,
// and whom an operator gave an initial access token. They are what
// clients.Registration lets them be, and no more when they change themselves
// (RFC 7592).

// RegistrationToken is an initial access token.
type RegistrationToken = store.RegistrationToken

// Registered is what a client that registered itself is told.
type Registered struct {
	Client clients.Client
	// Secret is the client's, where one was made; it is not shown again.
	Secret string
	// Token opens the registration from now on (RFC 7592).
	Token     string
	CreatedAt time.Time
}

// AddRegistrationToken makes an initial access token for so many clients. The
// secret is shown here and never again. ErrName for a name that says nothing.
func (p *Provider) AddRegistrationToken(ctx context.Context, actor Actor, name string, uses int, life time.Duration) (RegistrationToken, string, error) {
	name = strings.TrimSpace(clip(name, 100))
	if name == "" {
		return RegistrationToken{}, "", ErrName
	}
	secret := newToken()
	var t RegistrationToken
	err := p.updateAs(ctx, actor, nil, func(w *work) error {
		t = RegistrationToken{ID: newID(), Hash: store.Hash(secret), Name: name, Uses: uses, CreatedAt: w.Now, ExpiresAt: w.Now.Add(life)}
		return errors.Join(w.InsertRegistrationToken(t), w.record("registration_token.made", "", "", "token", t.ID, "name", name))
	})
	return t, secret, err
}

// RegistrationTokens are all initial access tokens, spent ones too.
func (p *Provider) RegistrationTokens(ctx context.Context) ([]RegistrationToken, error) {
	var all []RegistrationToken
	err := p.st.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.RegistrationTokens()
		return err
	})
	return all, err
}

// RevokeRegistrationToken ends an initial access token. Clients that it let in stay.
func (p *Provider) RevokeRegistrationToken(ctx context.Context, actor Actor, id string) error {
	return p.updateAs(ctx, actor, nil, func(w *work) error {
		if err := w.RevokeRegistrationToken(id); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return ErrNotFound
			}
			return err
		}
		return w.record("registration_token.revoked", "", "", "token", id)
	})
}

// MayRegister reports whether an initial access token lets a client in now;
// ErrBadToken. It uses nothing up.
func (p *Provider) MayRegister(ctx context.Context, token string) error {
	return p.st.View(ctx, func(tx *store.Tx) error {
		t, err := tx.RegistrationToken(store.Hash(token))
		if errors.Is(err, store.ErrNotFound) || err == nil && (!t.RevokedAt.IsZero() || t.Used >= t.Uses || !tx.Now.Before(t.ExpiresAt)) {
			return ErrBadToken
		}
		return err
	})
}

// admit makes what a client asks to be into what it may be. The error holds
// every fault; each is a [*clients.Fault].
func (p *Provider) admit(c *clients.Client) error {
	fault := p.cfg.Registration.Admit(c)
	return errors.Join(fault, c.Validate(), p.cfg.Resources.Judge(*c, p.cfg.Issuer))
}

// Register takes up a client that comes with an initial access token: its id is
// made here, and a secret where it proves itself by one. ErrBadToken,
// ErrRegistrations, or the faults of its metadata.
func (p *Provider) Register(ctx context.Context, b *Browser, token string, c clients.Client) (Registered, error) {
	out := Registered{Token: newToken()}
	c.ID = clients.NewRegisteredID()
	out.Secret = renewSecret(&c)
	if err := p.admit(&c); err != nil {
		return Registered{}, err
	}
	err := p.updateAs(ctx, clientActor(b, &c), b, func(w *work) error {
		t, err := w.RegistrationToken(store.Hash(token))
		if err == nil {
			err = w.UseRegistrationToken(t.ID)
		}
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
			return ErrBadToken
		}
		if err != nil {
			return err
		}
		if n, err := w.CountRegistrations(); err != nil || n >= p.cfg.Registration.Most {
			return errors.Join(err, ErrRegistrations)
		}
		out.Client, out.CreatedAt = c, w.Now
		return errors.Join(
			w.InsertClient(store.Client{Client: c, CreatedAt: w.Now, UpdatedAt: w.Now}),
			w.keepSector(&c), // whose document the endpoint has read
			w.InsertRegistration(store.Registration{ClientID: c.ID, Hash: store.Hash(out.Token), TokenID: t.ID, CreatedAt: w.Now}),
			w.record("client.registered", "", c.ID, "token", t.ID, "name", c.Name))
	})
	if err != nil {
		return Registered{}, err
	}
	return out, p.ReloadClients(ctx)
}

// renewSecret makes a secret for a client that needs one and has none.
func renewSecret(c *clients.Client) string {
	if !c.UsesSecret() {
		c.SecretHashes = nil
		return ""
	}
	if len(c.SecretHashes) > 0 {
		return ""
	}
	secret, hash := clients.NewSecret()
	c.SecretHashes = []string{hash}
	return secret
}

// Registration is what a client has registered; ErrBadToken unless token is its
// registration access token.
func (p *Provider) Registration(ctx context.Context, id, token string) (Registered, error) {
	var out Registered
	err := p.st.View(ctx, func(tx *store.Tx) error {
		row, r, err := p.registration(tx, id, token)
		out = Registered{Client: row.Client, Token: token, CreatedAt: r.CreatedAt}
		return err
	})
	return out, err
}

// registration loads a client by its registration access token. One that an
// operator disabled has nothing to say any more.
func (p *Provider) registration(tx *store.Tx, id, token string) (store.Client, store.Registration, error) {
	r, err := tx.Registration(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && subtle.ConstantTimeCompare(r.Hash, store.Hash(token)) != 1 {
		return store.Client{}, r, ErrBadToken
	}
	if err != nil {
		return store.Client{}, r, err
	}
	row, err := tx.Client(id)
	if err == nil && row.Disabled || !p.cfg.Registration.Enabled {
		return row, r, ErrBadToken
	}
	return row, r, err
}

// Reregister replaces all that a client has registered, and its registration
// access token (RFC 7592 §2.2). secret is the client's, as it says; empty when
// it says none. What is a matter of the deployment stays.
func (p *Provider) Reregister(ctx context.Context, b *Browser, id, token, secret string, c clients.Client) (Registered, error) {
	var out Registered
	err := p.updateAs(ctx, Actor{Kind: "client", ID: id, IP: b.IP, Request: b.RequestID}, b, func(w *work) error {
		row, r, err := p.registration(w.Tx, id, token)
		if err != nil {
			return err
		}
		if secret != "" && !row.VerifySecret(secret) {
			return &clients.Fault{Field: "secret_hashes", Text: "is not the secret of the client"}
		}
		next := c
		next.ID, next.SecretHashes = id, row.SecretHashes
		out = Registered{Token: newToken(), Secret: renewSecret(&next), CreatedAt: r.CreatedAt}
		if err := p.admit(&next); err != nil {
			return err
		}
		next.Rules = row.Rules // an operator may have made them stricter
		row.Client, out.Client = next, next
		if err := w.RotateRegistration(id, r.Hash, store.Hash(out.Token)); err != nil {
			return ignoreAs(err, store.ErrConflict, ErrBadToken)
		}
		return errors.Join(w.UpdateClient(row), w.keepSector(&next), w.record("client.reregistered", "", id))
	})
	if err != nil {
		return Registered{}, err
	}
	return out, p.ReloadClients(ctx)
}

// ignoreAs is err, or instead where it is the one that means that.
func ignoreAs(err, this, instead error) error {
	if errors.Is(err, this) {
		return instead
	}
	return err
}

// Unregister takes a client back, with everything it was granted (RFC 7592 §2.3).
func (p *Provider) Unregister(ctx context.Context, b *Browser, id, token string) error {
	err := p.updateAs(ctx, Actor{Kind: "client", ID: id, IP: b.IP, Request: b.RequestID}, b, func(w *work) error {
		if _, _, err := p.registration(w.Tx, id, token); err != nil {
			return err
		}
		if _, err := w.RevokeGrants(store.GrantFilter{ClientID: id}); err != nil {
			return err
		}
		return errors.Join(w.DeleteClient(id), w.DeleteMeta(sectorKey(id)), w.record("client.unregistered", "", id))
	})
	if err != nil {
		return err
	}
	return p.ReloadClients(ctx)
}
