package idp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// PushedRequest is an authorization request that waits to be opened.
type PushedRequest = store.PushedRequest

// ErrPushed: a request_uri that nobody pushed, that is another client's, that
// has expired, or that was answered before (RFC 9126 §4).
var ErrPushed = errors.New("request_uri is unknown, expired or used")

// pushedPrefix begins every request_uri of ours (RFC 9126 §2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// IsPushed reports whether a request_uri names something pushed here, rather
// than a document to be fetched.
func IsPushed(uri string) bool { return strings.HasPrefix(uri, pushedPrefix) }

// Push keeps the parameters of a client's authorization request for
// Limits.Tokens.PushedRequest and returns the request_uri that opens them.
// byClient says that the client itself sent them, authenticated; otherwise it is
// a browser's request that is too long for a URL.
func (p *Provider) Push(ctx context.Context, b *Browser, c *clients.Client, params string, byClient bool) (string, error) {
	token := newToken()
	err := p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		return w.InsertPushed(PushedRequest{
			Hash: store.Hash(token), ClientID: c.ID, Params: params, ByClient: byClient,
			ExpiresAt: w.Now.Add(p.cfg.Limits.Tokens.PushedRequest),
		})
	})
	return pushedPrefix + token, err
}

// Pushed opens a client's own request; ErrPushed. Opening does not use it up,
// so that a page may be reloaded: that is done by the answer, once.
func (p *Provider) Pushed(ctx context.Context, c *clients.Client, uri string) (PushedRequest, error) {
	var r PushedRequest
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		r, err = tx.Pushed(store.Hash(strings.TrimPrefix(uri, pushedPrefix)))
		if errors.Is(err, store.ErrNotFound) || err == nil && (r.ClientID != c.ID || !tx.Now.Before(r.ExpiresAt)) {
			return ErrPushed
		}
		return err
	})
	return r, err
}

// keepPushed lets a sign-in that begins now answer its pushed request later.
func (w *work) keepPushed(r AuthorizeRequest) error {
	if r.Pushed == nil {
		return nil
	}
	return pushedFault(w.KeepPushed(r.Pushed, r.ExpiresAt.Add(keepSignIn)))
}

// keepSignIn is for how much longer a sign-in may live than it was given: a
// right password extends it (C-32).
const keepSignIn = 24 * time.Hour

// usePushed uses a pushed request up, as its answer leaves.
func (w *work) usePushed(r AuthorizeRequest) error {
	if r.Pushed == nil {
		return nil
	}
	return pushedFault(w.UsePushed(r.Pushed))
}

func pushedFault(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return ErrPushed
	}
	return err
}
