package demo

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/clients/resource"
)

// What a page says when something went wrong; see fail.
var (
	errProvider  = errors.New("provider is out of reach")
	errAnswer    = errors.New("answer of the provider is not acceptable")
	errCancelled = errors.New("sign-in was cancelled or refused")
	errPerson    = errors.New("somebody else signed in")
	errLoop      = errors.New("stronger sign-in did not help")
	errAPI       = errors.New("payout API is out of order")
)

func (a *App) login(c echo.Context) error {
	return a.depart(c, visit{}, nil)
}

// depart sends the browser to the provider. A challenge, when there is one,
// says what the sign-in must reach; the session stays meanwhile.
func (a *App) depart(c echo.Context, v visit, stepUp *resource.Challenge) error {
	party, err := a.provider(c.Request().Context())
	if err != nil {
		return err
	}
	v.login = &login{state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), stepUp: stepUp}
	a.visits.begin(c, v)
	opts := []rp.AuthURLOpt{
		rp.WithCodeChallenge(oauth2.S256ChallengeFromVerifier(v.login.verifier)),
		rp.AuthURLOpt(rp.WithURLParam("nonce", v.login.nonce)),
		rp.AuthURLOpt(rp.WithURLParam("ui_locales", a.pages.lang(c))),
	}
	if stepUp != nil {
		if stepUp.ACRValues != "" {
			opts = append(opts, rp.AuthURLOpt(rp.WithURLParam("acr_values", stepUp.ACRValues)))
		}
		if stepUp.MaxAge > 0 {
			opts = append(opts, rp.AuthURLOpt(rp.WithURLParam("max_age", strconv.Itoa(int(stepUp.MaxAge/time.Second)))))
		}
	}
	return c.Redirect(http.StatusSeeOther, rp.AuthURL(v.login.state, party, opts...))
}

// callback ends a sign-in. What came is believed only when this browser asked
// for it (state), the provider meant answered (iss) and the ID token is of this
// sign-in (nonce), checked in that order.
func (a *App) callback(c echo.Context) error {
	v := a.visits.of(c)
	trip := v.login
	if trip == nil || subtle.ConstantTimeCompare([]byte(trip.state), []byte(c.QueryParam("state"))) != 1 {
		return fmt.Errorf("%w: state", errAnswer)
	}
	v.login = nil // a state is good for one answer
	a.visits.keep(c, v)
	if c.QueryParam("iss") != a.cfg.Issuer { // RFC 9207 §2.4
		return fmt.Errorf("%w: iss %q", errAnswer, c.QueryParam("iss"))
	}
	if code := c.QueryParam("error"); code != "" {
		return a.refused(c, v, trip, code)
	}
	s, err := a.exchange(c.Request().Context(), c.QueryParam("code"), trip)
	if err != nil {
		return err
	}
	if trip.stepUp != nil && v.session != nil {
		if s.id.Subject != v.session.id.Subject { // O-27
			a.visits.drop(c)
			return errPerson
		}
		s.name, s.asked, s.askedAt = v.session.name, *trip.stepUp, a.cfg.Now()
		s.notice = "ds.pay_need"
		if s.id.meets(*trip.stepUp, s.askedAt) {
			s.notice = "ds.pay_ok"
		}
	}
	a.visits.begin(c, visit{session: s})
	return c.Redirect(http.StatusSeeOther, "/")
}

// refused is an answer without a code. A step-up that failed leaves the person
// signed in as before.
func (a *App) refused(c echo.Context, v visit, trip *login, code string) error {
	if trip.stepUp != nil && v.session != nil {
		s := *v.session
		s.notice = "ds.pay_need"
		a.visits.keep(c, visit{session: &s})
		return c.Redirect(http.StatusSeeOther, "/")
	}
	return fmt.Errorf("%w: %.64q", errCancelled, code)
}

// exchange redeems the code and checks the ID token.
func (a *App) exchange(ctx context.Context, code string, trip *login) (*session, error) {
	party, err := a.provider(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](context.WithValue(ctx, nonceKey{}, trip.nonce), code, party, rp.WithCodeVerifier(trip.verifier))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	s := &session{idToken: tokens.IDToken, access: tokens.AccessToken, refresh: tokens.RefreshToken, accessEnds: tokens.Expiry}
	s.id, err = identityOf(tokens)
	if err != nil || a.cfg.Kind == Seller { // the seller's access token is for the payout API
		return s, err
	}
	person, err := rp.Userinfo[*oidc.UserInfo](ctx, tokens.AccessToken, tokens.TokenType, s.id.Subject, party)
	if err != nil {
		return nil, fmt.Errorf("%w: userinfo: %w", errAnswer, err)
	}
	s.name = person.Name
	return s, nil
}

// identityOf reads a verified ID token.
func identityOf(tokens *oidc.Tokens[*oidc.IDTokenClaims]) (identity, error) {
	parts := strings.Split(tokens.IDToken, ".")
	if len(parts) != 3 {
		return identity{}, fmt.Errorf("%w: ID token in %d parts", errAnswer, len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return identity{}, fmt.Errorf("%w: %w", errAnswer, err)
	}
	claims := tokens.IDTokenClaims
	id := identity{Subject: claims.Subject, SID: claims.SessionID, ACR: claims.AuthenticationContextClassReference, AMR: claims.AuthenticationMethodsReferences, Claims: raw}
	if claims.AuthTime != 0 {
		id.AuthTime = claims.AuthTime.AsTime()
	}
	return id, nil
}

// meets tells whether the sign-in is as strong and as recent as was asked.
// What a provider was asked for is not always what it did.
func (i identity) meets(c resource.Challenge, now time.Time) bool {
	strong := c.ACRValues == "" || slices.Contains(strings.Fields(c.ACRValues), i.ACR)
	recent := c.MaxAge == 0 || !i.AuthTime.IsZero() && now.Sub(i.AuthTime) <= c.MaxAge
	return strong && recent
}

// logout signs out of the app and sends the browser to be signed out of the
// provider, with the ID token as the hint that spares the question.
func (a *App) logout(c echo.Context) error {
	s := a.visits.of(c).session
	a.visits.drop(c)
	party, err := a.provider(c.Request().Context())
	if err != nil {
		return err
	}
	if s == nil || party.GetEndSessionEndpoint() == "" {
		return c.Redirect(http.StatusSeeOther, "/")
	}
	q := url.Values{
		"id_token_hint":            {s.idToken},
		"client_id":                {a.cfg.ClientID},
		"post_logout_redirect_uri": {a.cfg.URL + "/"},
		"ui_locales":               {a.pages.lang(c)},
	}
	return c.Redirect(http.StatusSeeOther, party.GetEndSessionEndpoint()+"?"+q.Encode())
}
