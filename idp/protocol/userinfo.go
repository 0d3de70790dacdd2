package protocol

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/dpop"
	"github.com/sekisho-id/sekisho/idp"
)

// userClaims is the answer of the userinfo endpoint (OIDC Core §5.3.2).
type userClaims struct {
	Subject string `json:"sub"`
	acting
	personal
}

// userInfo tells a relying party about the person whose access token it shows.
func (ep *endpoints) userInfo(c echo.Context) error {
	shown, fault := readToken(c)
	if fault != nil {
		return ep.challenge(c, shown.scheme, fault)
	}
	claims, err := ep.openAccessToken(shown.token)
	if err != nil {
		return ep.challenge(c, shown.scheme, errToken)
	}
	if fault := ep.confirmed(c, shown, claims.Confirm); fault != nil {
		return ep.challenge(c, shown.scheme, fault)
	}
	// T-55: a client's own token has no grant; it is genuine and not enough.
	if claims.Grant == "" || !claims.has("openid") {
		return ep.challenge(c, shown.scheme, errTokenScope)
	}
	client, ok := ep.lookup(claims.ClientID)
	if !ok || !slices.Contains(claims.Audience, ep.issuer) {
		return ep.challenge(c, shown.scheme, errToken)
	}
	ctx := c.Request().Context()
	user, err := ep.idp.Bearer(ctx, claims.Grant, claims.ID, claims.From...)
	switch {
	case errors.Is(err, idp.ErrRevoked), err == nil && !client.Pairwise() && user.ID != claims.Subject:
		return ep.challenge(c, shown.scheme, errToken)
	case err != nil:
		return answer(c, ep.refused(ctx, err))
	}
	out := userClaims{Subject: claims.Subject}
	if may := claims.told(); may.has("account_id") || may.has("account_role") {
		by, err := ep.idp.ActingBy(ctx, claims.Grant)
		switch {
		case errors.Is(err, idp.ErrRevoked):
			return ep.challenge(c, shown.scheme, errToken)
		case err != nil:
			return answer(c, ep.refused(ctx, err))
		}
		out.acting = may.actingAs(by)
	}
	if out.personal, err = ep.describe(ctx, user, claims.told()); err != nil {
		return answer(c, ep.refused(ctx, err))
	}
	return c.JSON(http.StatusOK, out)
}

// shownToken is an access token and how it was shown: as a Bearer token, in the
// header or in a form, or by the DPoP scheme.
type shownToken struct {
	token, scheme string
}

// readToken finds the access token: in the Authorization header or in the form
// of a POST, never in the URL, and not in two places (RFC 6750 §2). A scheme it
// does not know is no token at all.
func readToken(c echo.Context) (shownToken, *oidc.Error) {
	r := c.Request()
	if r.URL.Query().Has("access_token") {
		return shownToken{}, errInQuery
	}
	headers := r.Header.Values(echo.HeaderAuthorization)
	if len(headers) > 1 {
		return shownToken{}, errTwice
	}
	var posted string
	if r.Method == http.MethodPost && isForm(r) {
		p, fault := readForm(c.Response(), r)
		if fault != nil {
			return shownToken{}, fault
		}
		posted = p.get("access_token")
	}
	if len(headers) == 0 {
		if posted == "" {
			return shownToken{}, errTokenMissing
		}
		return shownToken{posted, oidc.BearerToken}, nil
	}
	if posted != "" {
		return shownToken{}, errTwice
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	for _, known := range []string{oidc.BearerToken, dpop.Scheme} {
		if token = strings.TrimSpace(token); strings.EqualFold(scheme, known) && token != "" {
			return shownToken{token, known}, nil
		}
	}
	return shownToken{}, errTokenMissing
}

// confirmed checks that whoever shows a token has the key it is bound to, and
// shows it in the way that proves it (RFC 9449 §7.1, RFC 8705 §3).
func (ep *endpoints) confirmed(c echo.Context, shown shownToken, cnf *confirmation) *oidc.Error {
	if shown.scheme != cnf.tokenType() {
		return errToken // a bound token without a proof, or a proof for one that is not bound
	}
	if cnf != nil && cnf.X5T != "" {
		chain := ep.certificates.chain(c.Request())
		if len(chain) == 0 || clients.CertificateThumbprint(chain[0]) != cnf.X5T {
			return errToken
		}
	}
	if cnf == nil || cnf.JKT == "" {
		return nil
	}
	key, once, fault := ep.proof(c, shown.token)
	switch {
	case fault != nil:
		return fault
	case key != cnf.JKT:
		return errProof
	}
	return ep.spend(c.Request().Context(), []idp.Once{once})
}

// challenge answers with an error and the header that RFC 6750 §3 and RFC 9449
// §7.1 demand; a request without any token is told no error code, and both ways.
func (ep *endpoints) challenge(c echo.Context, scheme string, e *oidc.Error) error {
	if status(e) >= http.StatusInternalServerError {
		return answer(c, e)
	}
	var params string
	if e != errTokenMissing {
		params = fmt.Sprintf(", error=%q, error_description=%q", e.ErrorType, e.Description)
	}
	if e == errTokenScope {
		params += `, scope="openid"`
	}
	h := c.Response().Header()
	if scheme != dpop.Scheme {
		h.Add(echo.HeaderWWWAuthenticate, fmt.Sprintf("Bearer realm=%q", ep.issuer)+params)
	}
	if scheme != oidc.BearerToken {
		h.Add(echo.HeaderWWWAuthenticate, fmt.Sprintf("DPoP realm=%q, algs=%q", ep.issuer, strings.Join(dpop.Algorithms(), " "))+params)
	}
	status := status(e)
	if status == http.StatusBadRequest && (e == errProof || e == errNonce) {
		status = http.StatusUnauthorized // toward a resource server (§7.1, §9)
	}
	return c.JSON(status, e)
}
