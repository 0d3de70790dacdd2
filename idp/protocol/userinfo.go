package protocol

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/idp"
)

// userClaims is the answer of the userinfo endpoint (OIDC Core §5.1).
type userClaims struct {
	Subject       string `json:"sub"`
	Name          string `json:"name,omitempty"`
	Locale        string `json:"locale,omitempty"`
	ZoneInfo      string `json:"zoneinfo,omitempty"`
	UpdatedAt     int64  `json:"updated_at,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Phone         string `json:"phone_number,omitempty"`
	PhoneVerified *bool  `json:"phone_number_verified,omitempty"`
}

// userInfo tells a relying party about the person whose access token it shows.
func (ep *endpoints) userInfo(c echo.Context) error {
	token, fault := bearer(c)
	if fault != nil {
		return ep.challenge(c, fault)
	}
	claims, err := ep.openAccessToken(token)
	if err != nil {
		return ep.challenge(c, errToken)
	}
	// T-55: a client's own token has no grant; it is genuine and not enough.
	if claims.Grant == "" || !claims.has("openid") {
		return ep.challenge(c, errTokenScope)
	}
	if _, ok := ep.lookup(claims.ClientID); !ok || !slices.Contains(claims.Audience, ep.issuer) {
		return ep.challenge(c, errToken)
	}
	ctx := c.Request().Context()
	user, err := ep.idp.Bearer(ctx, claims.Grant, claims.ID)
	switch {
	case errors.Is(err, idp.ErrRevoked), err == nil && user.ID != claims.Subject:
		return ep.challenge(c, errToken)
	case err != nil:
		return answer(c, ep.refused(ctx, err))
	}
	out := describe(user, claims)
	if claims.has("phone") {
		number, err := ep.idp.PhoneNumber(ctx, user.ID)
		if err != nil {
			return answer(c, ep.refused(ctx, err))
		}
		if number != "" {
			verified := true
			out.Phone, out.PhoneVerified = number, &verified
		}
	}
	return c.JSON(http.StatusOK, out)
}

// describe gives the claims of the person's row that the token's scopes allow.
func describe(u idp.User, token accessClaims) userClaims {
	out := userClaims{Subject: u.ID}
	if token.has("profile") {
		out.Name, out.Locale, out.ZoneInfo = u.Name, u.Lang, u.Zone
		if !u.UpdatedAt.IsZero() {
			out.UpdatedAt = u.UpdatedAt.Unix()
		}
	}
	if token.has("email") {
		verified := !u.EmailVerifiedAt.IsZero()
		out.Email, out.EmailVerified = u.Email, &verified
	}
	return out
}

// bearer finds the access token: in the Authorization header or in the form of
// a POST, never in the URL, and not in two places (RFC 6750 §2).
func bearer(c echo.Context) (string, *oidc.Error) {
	r := c.Request()
	if r.URL.Query().Has("access_token") {
		return "", errInQuery
	}
	headers := r.Header.Values(echo.HeaderAuthorization)
	if len(headers) > 1 {
		return "", errTwice
	}
	var posted string
	if r.Method == http.MethodPost && isForm(r) {
		p, fault := readForm(c.Response(), r)
		if fault != nil {
			return "", fault
		}
		posted = p.get("access_token")
	}
	if len(headers) == 0 {
		if posted == "" {
			return "", errTokenMissing
		}
		return posted, nil
	}
	if posted != "" {
		return "", errTwice
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errTokenMissing
	}
	return token, nil
}

// challenge answers with an error and the header that RFC 6750 §3 demands; a
// request without any token is told no error code.
func (ep *endpoints) challenge(c echo.Context, e *oidc.Error) error {
	value := fmt.Sprintf("Bearer realm=%q", ep.issuer)
	if e != errTokenMissing {
		value += fmt.Sprintf(", error=%q, error_description=%q", e.ErrorType, e.Description)
	}
	if e == errTokenScope {
		value += `, scope="openid"`
	}
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, value)
	return answer(c, e)
}
