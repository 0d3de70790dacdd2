package protocol

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/idp"
)

// pushedResponse is the answer to a pushed request (RFC 9126 §2.2).
type pushedResponse struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// push is POST /oauth2/par: the client, authenticated as at the token endpoint,
// sends its authorization request ahead of the browser. Everything is checked
// here, where the client hears of it, and once more when the browser comes: the
// client's registration may have changed.
func (ep *endpoints) push(c echo.Context) error {
	from, fault := ep.admit(c)
	if fault != nil {
		return answer(c, fault)
	}
	p, fault := ep.pushed(c.Request().Context(), from)
	why := refusal("")
	if fault == nil {
		fault, why = ep.sector(c.Request().Context(), from.client)
	}
	if fault != nil {
		ep.told(c.Request().Context(), from.client, fault, why)
		return answer(c, fault)
	}
	ctx := c.Request().Context()
	uri, err := ep.idp.Push(ctx, idp.BrowserFrom(ctx), from.client, url.Values(p).Encode(), true)
	if err != nil {
		return answer(c, ep.refused(ctx, err))
	}
	life := ep.idp.Config().Limits.Tokens.PushedRequest
	return c.JSON(http.StatusCreated, pushedResponse{RequestURI: uri, ExpiresIn: int64(life / time.Second)})
}

// pushed are the parameters of a request that may be kept.
func (ep *endpoints) pushed(ctx context.Context, from *caller) (params, *oidc.Error) {
	p := from.params
	for _, name := range credentials {
		delete(p, name)
	}
	if p.get("request_uri") != "" { // RFC 9126 §2.1
		return nil, errPushedURI
	}
	p["client_id"] = []string{from.client.ID}
	r := reading{reader: ep.reader(), p: p, client: from.client}
	if r.unwrap(ctx); r.fault != nil {
		return nil, r.fault
	}
	if r.target() != nil {
		return nil, errRedirectURI
	}
	if key := from.bound.JKT; key != "" { // RFC 9449 §10.1: the proof binds the code as dpop_jkt does
		if given := r.p.get("dpop_jkt"); given != "" && given != key {
			return nil, errOtherKey
		}
		r.p["dpop_jkt"] = []string{key}
	}
	_, fault := r.read()
	return r.p, fault
}
