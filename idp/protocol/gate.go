package protocol

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
)

// grantTypes are the grants served; password is not among them (O-10, S-108).
var grantTypes = []clients.GrantType{clients.GrantCode, clients.GrantRefresh, clients.GrantClientCredentials}

// token is POST /oauth2/token.
func (ep *endpoints) token(c echo.Context) error {
	return ep.pass(c, func(client *clients.Client, p params) *oidc.Error {
		grant := clients.GrantType(p.get("grant_type"))
		switch {
		case grant == "":
			return errGrantTypeMissing
		case !slices.Contains(grantTypes, grant):
			return errGrantType
		case !client.Allows(grant):
			return errNotAllowed
		}
		return nil
	})
}

// revoke is POST /oauth2/revoke (RFC 7009).
func (ep *endpoints) revoke(c echo.Context) error {
	return ep.pass(c, func(_ *clients.Client, p params) *oidc.Error {
		delete(p, "grant_type") // the library would take it for a token request
		return nil
	})
}

// pass is the gate: it reads the body once and strictly, authenticates the
// client, and lets the library dispatch what is left. The client's secret stops
// here: the library sees the client's id alone and trusts the one in the context.
func (ep *endpoints) pass(c echo.Context, check func(*clients.Client, params) *oidc.Error) error {
	r := c.Request()
	p, fault := readForm(c.Response(), r)
	if fault != nil {
		return answer(c, fault)
	}
	client, fault := ep.authenticate(r.Header, p)
	if fault == errClient {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf("Basic realm=%q", ep.issuer))
	}
	if fault == nil {
		fault = check(client, p)
	}
	if fault != nil {
		return answer(c, fault)
	}
	p["client_id"] = []string{client.ID}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(p, name)
	}
	r = r.WithContext(context.WithValue(r.Context(), clientKey{}, client))
	r.Header.Del(echo.HeaderAuthorization)
	r.Form, r.PostForm = url.Values(p), url.Values(p)
	ep.machine.ServeHTTP(c.Response(), r)
	return nil
}

// clientKey is where the gate leaves the authenticated client.
type clientKey struct{}

func clientFrom(ctx context.Context) *clients.Client {
	client, _ := ctx.Value(clientKey{}).(*clients.Client)
	return client
}

// authenticate proves who the client is: by the one method it is registered
// with, and by no second one in the same request (RFC 6749 §2.3).
func (ep *endpoints) authenticate(h http.Header, p params) (*clients.Client, *oidc.Error) {
	id, secret, method := p.get("client_id"), p.get("client_secret"), clients.AuthNone
	if secret != "" {
		method = clients.AuthPost
	}
	if p.get("client_assertion") != "" || p.get("client_assertion_type") != "" {
		return nil, errClient // private_key_jwt is not served
	}
	if headers := h.Values(echo.HeaderAuthorization); len(headers) > 0 {
		if method == clients.AuthPost || len(headers) > 1 {
			return nil, errTwoMethods
		}
		user, password, ok := parseBasic(headers[0])
		if !ok || id != "" && id != user {
			return nil, errClient // H-09: never a panic, always 401
		}
		id, secret, method = user, password, clients.AuthBasic
	}
	client, ok := ep.lookup(id)
	if !ok {
		clients.Client{}.VerifySecret(secret) // as much work as for a client that exists
		return nil, errClient
	}
	if method != client.AuthMethod() {
		return nil, errClient
	}
	if method != clients.AuthNone && !client.VerifySecret(secret) {
		return nil, errClient
	}
	return client, nil
}

// parseBasic reads client id and secret from an Authorization header. Both are
// form-encoded inside (RFC 6749 §2.3.1).
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return "", "", false
	}
	user, password, found := strings.Cut(string(raw), ":")
	if !found {
		return "", "", false
	}
	id, err = url.QueryUnescape(user)
	if err != nil || id == "" {
		return "", "", false
	}
	secret, err = url.QueryUnescape(password)
	if err != nil || secret == "" {
		return "", "", false
	}
	return id, secret, true
}
