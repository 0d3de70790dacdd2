package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients/resource"
)

// retryPause is how soon after a step-up the same challenge means a loop.
const retryPause = time.Minute

// payout changes the payout account. When the API wants a stronger or more
// recent sign-in, the person is sent to the provider with exactly that demand.
func (a *App) payout(c echo.Context) error {
	v := a.visits.of(c)
	if v.session == nil {
		return c.Redirect(http.StatusSeeOther, "/")
	}
	_, challenge, err := a.callAPI(c, &v, http.MethodPost)
	if err != nil {
		return err
	}
	if v.session == nil {
		return c.Redirect(http.StatusSeeOther, "/")
	}
	s := *v.session
	if challenge == nil {
		s.notice, s.asked = "ds.pay_done", resource.Challenge{}
		a.visits.keep(c, visit{session: &s})
		return c.Redirect(http.StatusSeeOther, "/")
	}
	again := s.asked.ACRValues == challenge.ACRValues && s.asked.MaxAge == challenge.MaxAge
	if again && a.cfg.Now().Sub(s.askedAt) < retryPause { // O-33
		return errLoop
	}
	return a.depart(c, v, challenge)
}

// callAPI calls the payout API for the visit's person. A challenge tells what
// sign-in it wants first. The session is gone from v, and the person signed
// out, when the provider has ended it.
func (a *App) callAPI(c echo.Context, v *visit, method string) (Account, *resource.Challenge, error) {
	ctx := c.Request().Context()
	if err := a.renew(c, v); err != nil || v.session == nil {
		return Account{}, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.cfg.API+accountPath, http.NoBody)
	if err != nil {
		return Account{}, nil, fmt.Errorf("%w: %w", errAPI, err)
	}
	req.Header.Set("Authorization", "Bearer "+v.session.access)
	resp, err := a.client.Do(req)
	if err != nil {
		return Account{}, nil, fmt.Errorf("%w: %w", errAPI, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch challenge, _ := resource.ParseChallenge(resp.Header.Get("WWW-Authenticate")); {
	case resp.StatusCode == http.StatusOK:
		var got Account
		if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&got); err != nil {
			return Account{}, nil, fmt.Errorf("%w: %w", errAPI, err)
		}
		return got, nil, nil
	case challenge.Error == resource.CodeInsufficientAuth:
		return Account{}, &challenge, nil
	case challenge.Error == resource.CodeInvalidToken: // revoked since it was issued
		a.visits.drop(c)
		v.session = nil
		return Account{}, nil, nil
	default:
		return Account{}, nil, fmt.Errorf("%w: status %d, %s", errAPI, resp.StatusCode, challenge.Error)
	}
}

// renew refreshes an access token that is about to end. The new one is no
// stronger and no more recent than the sign-in was (O-32).
func (a *App) renew(c echo.Context, v *visit) error {
	s := *v.session
	if a.cfg.Now().Add(10 * time.Second).Before(s.accessEnds) {
		return nil
	}
	ended := func() error { // sign in again
		a.visits.drop(c)
		v.session = nil
		return nil
	}
	if s.refresh == "" {
		return ended()
	}
	ctx := c.Request().Context()
	party, err := a.provider(ctx)
	if err != nil {
		return err
	}
	tokens, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, party, s.refresh, "", "")
	if refusal, ok := errors.AsType[*oidc.Error](err); ok && refusal.ErrorType == oidc.InvalidGrant {
		return ended()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errProvider, err)
	}
	s.access, s.accessEnds = tokens.AccessToken, tokens.Expiry
	if tokens.RefreshToken != "" {
		s.refresh = tokens.RefreshToken
	}
	v.session = &s
	a.visits.keep(c, *v)
	return nil
}
