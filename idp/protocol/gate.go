package protocol

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// grantTypes are the grants served; password is not among them (O-10, S-108).
var grantTypes = []clients.GrantType{clients.GrantCode, clients.GrantRefresh, clients.GrantClientCredentials, clients.GrantDevice, clients.GrantExchange}

// grants reports whether a grant is served here.
func (ep *endpoints) grants(g clients.GrantType) bool {
	return slices.Contains(grantTypes, g) && (g != clients.GrantExchange || ep.idp.Config().TokenExchange)
}

// token is POST /oauth2/token.
func (ep *endpoints) token(c echo.Context) error {
	var grant clients.GrantType
	defer func() { ep.tally.count(grant, c.Response().Status) }()
	return ep.pass(c, func(from *caller) *oidc.Error {
		client := from.client
		grant = clients.GrantType(from.params.get("grant_type"))
		switch {
		case grant == "":
			return errGrantTypeMissing
		case !ep.grants(grant):
			return errGrantType
		case !client.Allows(grant):
			return errNotAllowed
		case client.CertificateBound && from.bound.X5T == "":
			return errCertificate
		case client.DPoPBound && from.bound.JKT == "", client.BoundTokensRequired() && from.bound == idp.Binding{}:
			return errProofMissing
		}
		return nil
	})
}

// revoke is POST /oauth2/revoke (RFC 7009).
func (ep *endpoints) revoke(c echo.Context) error {
	return ep.pass(c, func(from *caller) *oidc.Error {
		delete(from.params, "grant_type") // the library would take it for a token request
		return nil
	})
}

// caller is a machine's request past the gate.
type caller struct {
	client *clients.Client
	params params
	// bound are the keys that the request was made with.
	bound idp.Binding
	// chain is the certificate it was made with, and those sent with it.
	chain []*x509.Certificate
	// once is what proves the caller and may not do so again.
	once []idp.Once
}

// credentials are the parameters that stop at the gate.
var credentials = []string{"client_secret", "client_assertion", "client_assertion_type"}

// admit is the gate: it reads the body once and strictly, authenticates the
// client, and reads its DPoP proof if it sends one.
func (ep *endpoints) admit(c echo.Context) (*caller, *oidc.Error) {
	r := c.Request()
	p, fault := readForm(c.Response(), r)
	if fault != nil {
		return nil, fault
	}
	named := claimed(r, p)
	if fault := ep.slowed(c, named); fault != nil {
		return nil, fault
	}
	from := &caller{params: p, chain: ep.certificates.chain(r)}
	if from.client, fault = ep.authenticate(r, from); fault == nil {
		fault = ep.prove(c, from)
	}
	if fault == errClient {
		ep.failedFrom(r.Context(), named)
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf("Basic realm=%q", ep.issuer))
	}
	if fault != nil && fault != errClient { // of that the log says more
		ep.told(r.Context(), from.client, fault, "")
	}
	if fault != nil {
		return nil, fault
	}
	return from, nil
}

// prove reads what the caller's tokens are to be bound to, and uses up all that
// it proved itself with.
func (ep *endpoints) prove(c echo.Context, from *caller) *oidc.Error {
	if len(from.chain) > 0 && from.client.CertificateBound {
		from.bound.X5T = clients.CertificateThumbprint(from.chain[0])
	}
	key, once, fault := ep.proof(c, "")
	if fault != nil {
		return fault
	}
	if key != "" {
		from.bound.JKT, from.once = key, append(from.once, once)
	}
	return ep.spend(c.Request().Context(), from.once)
}

// pass lets the library dispatch what the gate admitted. The client's secret
// stops here: the library sees the client's id alone and trusts the caller in
// the context.
func (ep *endpoints) pass(c echo.Context, check func(*caller) *oidc.Error) error {
	from, fault := ep.admit(c)
	if fault != nil {
		return answer(c, fault)
	}
	if fault = check(from); fault != nil {
		ep.told(c.Request().Context(), from.client, fault, "")
		return answer(c, fault)
	}
	p := from.params
	p["client_id"] = []string{from.client.ID}
	for _, name := range credentials {
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

// callerFrom is whom the gate admitted; nil where no gate was passed.
func callerFrom(ctx context.Context) *caller {
	from, _ := ctx.Value(callerKey{}).(*caller)
	return from
}

// authenticate proves who the client is: by the one method it is registered
// with, and by no second one in the same request (RFC 6749 §2.3).
func (ep *endpoints) authenticate(r *http.Request, from *caller) (*clients.Client, *oidc.Error) {
	p := from.params
	headers, posted, signed := r.Header.Values(echo.HeaderAuthorization), p.get("client_secret"), p.get("client_assertion")
	if len(headers) > 1 || len(headers) == 1 && (posted != "" || signed != "") || posted != "" && signed != "" {
		return nil, errTwoMethods
	}
	id, secret, method := p.get("client_id"), posted, clients.AuthNone
	switch {
	case signed != "" || p.get("client_assertion_type") != "":
		return ep.assertion(r.Context(), from)
	case posted != "":
		method = clients.AuthPost
	case len(headers) == 1:
		user, password, ok := parseBasic(headers[0])
		if !ok || id != "" && id != user {
			return ep.stranger(r.Context(), nil, "the Authorization header is malformed, or names another client") // H-09: never a panic, always 401
		}
		id, secret, method = user, password, clients.AuthBasic
	}
	client, ok := ep.lookup(id)
	if !ok {
		clients.Client{}.VerifySecret(secret) // as much work as for a client that exists
		return ep.stranger(r.Context(), nil, "no client that is served has this id")
	}
	if method == clients.AuthNone && (client.AuthMethod() == clients.AuthTLS || client.AuthMethod() == clients.AuthSelfSigned) {
		if !ep.certified(r.Context(), client, from.chain) {
			return ep.stranger(r.Context(), client, "the certificate is missing, not valid now, or not the registered one")
		}
		return client, nil
	}
	if method != client.AuthMethod() {
		return ep.stranger(r.Context(), client, refusal("registered for "+client.AuthMethod()+", came with "+method))
	}
	if method != clients.AuthNone && !client.VerifySecret(secret) {
		return ep.stranger(r.Context(), client, "wrong secret")
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
