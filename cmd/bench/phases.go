package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/oauth2"
)

// phase is one thing relying parties and people do all day.
type phase struct {
	name string
	// limit is the CPU time of the work the phase cannot do without; goal how
	// many times that it may cost.
	limit func(l limits) time.Duration
	goal  float64
	op    func(t *target) operation
	// commits is set where operations commit: as many do so at once as for the limit.
	commits bool
}

// phases are measured in this order.
var phases = []phase{
	{"discovery", func(l limits) time.Duration { return l.document.cpu() }, 1.2, func(t *target) operation {
		return func(ctx context.Context, _ int) error {
			return t.client.expect(ctx, t.issuer+"/.well-known/openid-configuration", `"issuer"`)
		}
	}, false},
	{"jwks", func(l limits) time.Duration { return l.document.cpu() }, 1.2, func(t *target) operation {
		return func(ctx context.Context, _ int) error { return t.client.expect(ctx, t.meta.JWKS, `"keys"`) }
	}, false},
	{"client_credentials", func(l limits) time.Duration { return l.posted.cpu() + l.es256.cpu() }, 1.5, func(t *target) operation {
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {"stock"}}
		return func(ctx context.Context, _ int) error {
			_, err := t.client.token(ctx, t.meta.Token, "machine", t.secret, form)
			return err
		}
	}, false},
	{"userinfo", func(l limits) time.Duration { return l.bare.cpu() }, 2.5, func(t *target) operation {
		return func(ctx context.Context, w int) error {
			return t.client.expect(ctx, t.meta.UserInfo, `"sub"`, "Authorization", "Bearer "+t.tokens[w].Access)
		}
	}, false},
	{"introspection", func(l limits) time.Duration { return l.posted.cpu() }, 2.5, func(t *target) operation {
		return func(ctx context.Context, w int) error {
			return t.client.active(ctx, t.meta.Status, "web", t.secret, t.tokens[w].Access)
		}
	}, false},
	{"introspection of a client's token", func(l limits) time.Duration { return l.posted.cpu() }, 2.5, func(t *target) operation {
		form := url.Values{"grant_type": {"client_credentials"}}
		own := make([]string, len(t.tokens)) // one per worker
		return func(ctx context.Context, w int) error {
			if own[w] == "" {
				got, err := t.client.token(ctx, t.meta.Token, "machine", t.secret, form)
				if err != nil {
					return err
				}
				own[w] = got.Access
			}
			return t.client.active(ctx, t.meta.Status, "api", t.secret, own[w])
		}
	}, false},
	{"refresh", func(l limits) time.Duration { return l.posted.cpu() + 2*l.es256.cpu() + l.group.cpu() }, 2, func(t *target) operation {
		return func(ctx context.Context, w int) error {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.tokens[w].Refresh}}
			got, err := t.client.token(ctx, t.meta.Token, "web", t.secret, form)
			if err == nil {
				t.tokens[w] = got // each worker has a chain of its own
			}
			return err
		}
	}, true},
	{"code flow with a session", func(l limits) time.Duration {
		return l.bare.cpu() + l.posted.cpu() + 2*l.es256.cpu() + 2*l.group.cpu()
	}, 2, func(t *target) operation {
		return func(ctx context.Context, w int) error {
			_, err := t.codeFlow(ctx, t.browsers[w], "none", nil)
			return err
		}
	}, true},
	{"sign-in with password and code", func(l limits) time.Duration { return l.hash.cpu() }, 1.1, func(t *target) operation {
		return func(ctx context.Context, _ int) error {
			_, _, err := t.signIn(ctx)
			return err
		}
	}, false},
}

// signIn takes the next person and a fresh browser all the way to tokens.
func (t *target) signIn(ctx context.Context) (*browser, tokens, error) {
	i := int(t.next.Add(1)-1) % t.people
	code, err := totp.GenerateCode(theAppKey, time.Now())
	if err != nil {
		return nil, tokens{}, fmt.Errorf("code: %w", err)
	}
	b := &browser{client: t.client, cookies: map[string]string{}}
	got, err := t.codeFlow(ctx, b, "", map[string]string{"identifier": address(i), "password": thePassword, "code": code})
	return b, got, err
}

// codeFlow asks for a code, fills the provider's pages with what they want, and
// redeems the code.
func (t *target) codeFlow(ctx context.Context, b *browser, prompt string, person map[string]string) (tokens, error) {
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	q := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {redirectURI}, "scope": {"openid offline_access"},
		"state": {state}, "nonce": {rand.Text()}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	back, err := t.walk(ctx, b, t.meta.Authorize+"?"+q.Encode(), person)
	if err != nil {
		return tokens{}, err
	}
	if back.Get("code") == "" || back.Get("state") != state {
		return tokens{}, fmt.Errorf("authorize: %s %s", back.Get("error"), back.Get("error_description"))
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
	return t.client.token(ctx, t.meta.Token, "web", t.secret, form)
}

// walk goes from page to page until the provider sends the browser back to the
// client, and returns what it says there.
func (t *target) walk(ctx context.Context, b *browser, at string, person map[string]string) (url.Values, error) {
	method, form := http.MethodGet, url.Values(nil)
	for range 12 {
		got, err := b.request(ctx, method, at, form)
		if err != nil {
			return nil, err
		}
		base, err := url.Parse(at)
		if err != nil {
			return nil, err //nolint:wrapcheck // names the URL
		}
		next := got.location
		method, form = http.MethodGet, nil
		if next == "" {
			var ok bool
			if next, form, ok = fill(got.body, person); !ok {
				return nil, fmt.Errorf("no form to fill at %s: status %d %.300s", at, got.status, got.body)
			}
			method = http.MethodPost
		}
		to, err := base.Parse(next)
		if err != nil {
			return nil, err //nolint:wrapcheck // names the URL
		}
		if at = to.String(); strings.HasPrefix(at, redirectURI) {
			return to.Query(), nil
		}
	}
	return nil, errors.New("too many pages")
}

// json gets a document and decodes it.
func (c client) json(ctx context.Context, at string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return err //nolint:wrapcheck // a fault of this program
	}
	got, err := c.do(req)
	if err != nil {
		return err
	}
	return json.Unmarshal(got.body, into) //nolint:wrapcheck // says enough
}
