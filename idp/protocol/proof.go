package protocol

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients/dpop"
	"github.com/sekisho-id/sekisho/idp"
)

// confirmation is the cnf claim of a bound token (RFC 7800): the thumbprints of
// the DPoP key (RFC 9449 §6) and of the certificate (RFC 8705 §3.1) it is worth
// nothing without.
type confirmation struct {
	JKT string `json:"jkt,omitempty"`
	X5T string `json:"x5t#S256,omitempty"`
}

// confirm is the cnf claim of a binding; nil for none.
func confirm(b idp.Binding) *confirmation {
	if b == (idp.Binding{}) {
		return nil
	}
	return &confirmation{JKT: b.JKT, X5T: b.X5T}
}

// tokenType is how a token with this confirmation is shown (RFC 9449 §5).
func (c *confirmation) tokenType() string {
	if c != nil && c.JKT != "" {
		return dpop.Scheme
	}
	return oidc.BearerToken
}

// proof reads the DPoP proof of a request; token is the access token it comes
// with, if any. The answer names the key and what must be spent. Without a
// proof it is the zero Once and no key.
func (ep *endpoints) proof(c echo.Context, token string) (key string, once idp.Once, fault *oidc.Error) {
	r, now := c.Request(), ep.now()
	fields := r.Header.Values(dpop.Header)
	if len(fields) == 0 {
		return "", once, nil
	}
	if ep.nonces != nil {
		c.Response().Header().Set(dpop.NonceHeader, ep.nonces.At(now)) // §8.2: always the newest
	}
	p, err := dpop.Read(fields, dpop.Want{Method: r.Method, URLs: ep.urls(r), Now: now, Token: token})
	if err != nil {
		ep.log.InfoContext(r.Context(), "DPoP proof refused",
			slog.String("request_id", idp.BrowserFrom(r.Context()).RequestID), slog.Any("error", err))
		return "", once, errProof
	}
	if ep.nonces != nil && !ep.nonces.Good(p.Nonce, now) {
		return "", once, errNonce
	}
	return p.Thumbprint, idp.Once{Kind: onceProof, By: p.Thumbprint, ID: p.ID, Until: p.Until}, nil
}

// urls are the names by which a request's address is known.
func (ep *endpoints) urls(r *http.Request) []string {
	urls := []string{ep.issuer + r.URL.Path}
	if at := ep.certificates.URL; at != "" {
		urls = append(urls, at+r.URL.Path)
	}
	return urls
}

// The kinds of what is used once.
const (
	onceAssertion = "assertion"
	onceProof     = "proof"
)

// spend uses up what a request was proved with, in one write (H-13).
func (ep *endpoints) spend(ctx context.Context, once []idp.Once) *oidc.Error {
	err := ep.idp.Spend(ctx, once...)
	if used, ok := errors.AsType[*idp.ReplayError](err); ok {
		ep.log.WarnContext(ctx, "replay refused", slog.String("request_id", idp.BrowserFrom(ctx).RequestID),
			slog.String("kind", used.Kind), slog.String("by", used.By))
		if used.Kind == onceProof {
			return errProof
		}
		return errClient
	}
	if err != nil {
		return ep.refused(ctx, err)
	}
	return nil
}
