package demo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// logoutEvent is what makes a token a logout token (Back-Channel Logout 1.0 §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backchannel signs a person out because the provider says so: its session has
// ended, here or elsewhere. Nobody's browser is involved, so the token alone
// must prove it.
func (a *App) backchannel(c echo.Context) error {
	claims, err := a.logoutToken(c.Request().Context(), c.FormValue("logout_token"))
	if err != nil {
		a.cfg.Log.WarnContext(c.Request().Context(), "logout token refused", "error", err)
		return c.JSON(http.StatusBadRequest, map[string]string{"error": "invalid_request"})
	}
	a.visits.end(claims.Subject, claims.SessionID)
	return c.NoContent(http.StatusOK)
}

// logoutToken checks a token as an ID token is checked and then what sets it
// apart: its type, its event, and that it has no nonce (§2.6).
func (a *App) logoutToken(ctx context.Context, token string) (*oidc.IDTokenClaims, error) {
	party, err := a.provider(ctx)
	if err != nil {
		return nil, err
	}
	v := *party.IDTokenVerifier()
	v.Nonce = nil
	claims, err := rp.VerifyIDToken[*oidc.IDTokenClaims](ctx, token, &v)
	if err != nil {
		return nil, err
	}
	var header struct{ Typ string }
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		err = json.Unmarshal(raw, &header)
	}
	if err != nil || !strings.EqualFold(header.Typ, "logout+jwt") {
		return nil, fmt.Errorf("%w: typ %.32q", errAnswer, header.Typ)
	}
	events, _ := claims.Claims["events"].(map[string]any)
	if _, ok := events[logoutEvent]; !ok || claims.Nonce != "" {
		return nil, fmt.Errorf("%w: not about a logout", errAnswer)
	}
	return claims, nil
}
