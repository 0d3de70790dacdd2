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

// caller is a machine's request past the gate.
type caller struct {
	client *clients.Client
	params params
}

// admit is the gate: it reads the body once and strictly, and authenticates
// the client.
func (ep *endpoints) admit(c echo.Context) (*caller, *oidc.Error) {
	r := c.Request()
	p, fault := readForm(c.Response(), r)
	if fault != nil {
		return nil, fault
	}
	client, fault := ep.authenticate(r, p)
	if fault == errClient {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf("Basic realm=%q", ep.issuer))
	}
	if fault != nil {
		return nil, fault
	}
	return &caller{client: client, params: p}, nil
}

// pass lets the library dispatch what the gate admitted. The client's secret
// stops here: the library sees the client's id alone and trusts the caller in
// the context.
func (ep *endpoints) pass(c echo.Context, check func(*clients.Client, params) *oidc.Error) error {
	from, fault := ep.admit(c)
	if fault == nil {
		fault = check(from.client, from.params)
	}
	if fault != nil {
		return answer(c, fault)
	}
	p := from.params
	p["client_id"] = []string{from.client.ID}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(p, name)
	}
	r := c.Request()
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, from))
	r.Header.Del(echo.HeaderAuthorization)
	r.Form, r.PostForm = url.Values(p), url.Values(p)
	ep.machine.ServeHTTP(c.Response(), r)
	return nil
}

// callerKey is where the gate leaves the caller.
type callerKey struct{}

func clientFrom(ctx context.Context) *clients.Client {
	if from, ok := ctx.Value(callerKey{}).(*caller); ok {
		return from.client
	}
	return nil
}

// authenticate proves who the client is: by the one method it is registered
// with, and by no second one in the same request (RFC 6749 §2.3).
func (ep *endpoints) authenticate(r *http.Request, p params) (*clients.Client, *oidc.Error) {
	headers, posted, signed := r.Header.Values(echo.HeaderAuthorization), p.get("client_secret"), p.get("client_assertion")
	if len(headers) > 1 || len(headers) == 1 && (posted != "" || signed != "") || posted != "" && signed != "" {
		return nil, errTwoMethods
	}
	id, secret, method := p.get("client_id"), posted, clients.AuthNone
	switch {
	case signed != "" || p.get("client_assertion_type") != "":
		return ep.assertion(r.Context(), p)
	case posted != "":
		method = clients.AuthPost
	case len(headers) == 1:
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
	if method != client.AuthMethod() || method != clients.AuthNone && !client.VerifySecret(secret) {
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
