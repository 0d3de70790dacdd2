package idp_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

func client(t *testing.T, s *idptest.Server, id string) *clients.Client {
	t.Helper()
	c, ok := s.Provider.Config().Clients.Lookup(id)
	if !ok {
		t.Fatalf("no client %s", id)
	}
	return c
}

// T-17, A-10.4.2: of parallel redemptions one wins, and then its tokens are revoked.
func TestCodeRedeemedInParallelIsRevoked(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "sakura@example.jp")
	issues := make(chan idp.Issue, 32)
	if got := parallel(32, func() error {
		i, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: n.Reply.Params.Get("code"), RedirectURI: back, Verifier: verifier})
		if err == nil {
			issues <- i
		}
		return err
	}); got != 1 {
		t.Fatalf("%d redemptions succeeded, want 1", got)
	}
	won := <-issues
	_, err := s.Provider.Bearer(t.Context(), won.Grant.ID, "any")
	wantErr(t, err, idp.ErrRevoked)
	_, err = s.Provider.Refresh(t.Context(), st.b, client(t, s, "buyer"), idp.Renewal{Token: won.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// T-16, O-03, O-04, C-35: a code is bound to client, redirect URI and verifier, for a minute.
func TestStolenCodeIsWorthless(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	for name, try := range map[string]func(code string) error{
		"other client": func(code string) error {
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "vault"), idp.Redemption{Code: code, RedirectURI: back, Verifier: verifier})
			return err
		},
		"other redirect URI": func(code string) error {
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: code, RedirectURI: back + "/", Verifier: verifier})
			return err
		},
		"no verifier": func(code string) error {
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: code, RedirectURI: back, Verifier: ""})
			return err
		},
		"wrong verifier": func(code string) error {
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: code, RedirectURI: back, Verifier: verifier + "x"})
			return err
		},
		"another secret after the grant's id": func(code string) error {
			last := "A"
			if strings.HasSuffix(code, last) {
				last = "B"
			}
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: code[:len(code)-1] + last, RedirectURI: back, Verifier: verifier})
			return err
		},
		"nothing but the grant's id": func(code string) error {
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: code[:len(code)-52], RedirectURI: back, Verifier: verifier})
			return err
		},
		"a minute later": func(code string) error {
			s.Clock.Advance(time.Minute)
			_, err := s.Provider.RedeemCode(t.Context(), browser(), client(t, s, "buyer"), idp.Redemption{Code: code, RedirectURI: back, Verifier: verifier})
			return err
		},
	} {
		st := story{t, s, browser()}
		n := st.password(st.authorize("buyer"), "sakura@example.jp")
		if err := try(n.Reply.Params.Get("code")); !errors.Is(err, idp.ErrInvalidGrant) {
			t.Errorf("%s: %v", name, err)
		}
		s.Clock.Advance(2 * time.Minute)
	}
}

// T-51: rotation, an idempotent grace for two tabs, then reuse revokes the family.
func TestStolenRefreshTokenRevokesTheFamily(t *testing.T) {
	t.Parallel()
	st, _, first := bought(t)
	s := st.s
	c := client(t, s, "buyer")
	one, err := s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: first.RefreshToken})
	fatal(t, err)
	two, err := s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: first.RefreshToken})
	fatal(t, err)
	if one.RefreshToken != two.RefreshToken {
		t.Error("two tabs within the grace got different successors")
	}
	s.Clock.Advance(11 * time.Second)
	_, err = s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: first.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	_, err = s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: one.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// T-51: a used successor ends the grace at once.
func TestGraceEndsWithTheSuccessorsUse(t *testing.T) {
	t.Parallel()
	st, _, first := bought(t)
	s := st.s
	c := client(t, s, "buyer")
	second, err := s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: first.RefreshToken})
	fatal(t, err)
	_, err = s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: second.RefreshToken})
	fatal(t, err)
	_, err = s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: first.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// C-37: idle and absolute ends.
func TestRefreshTokenHasAnAbsoluteEnd(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	token := st.buy().RefreshToken
	c := client(t, s, "buyer")
	for range 2 {
		s.Clock.Advance(13 * 24 * time.Hour)
		next, err := s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: token})
		fatal(t, err)
		token = next.RefreshToken
	}
	s.Clock.Advance(5 * 24 * time.Hour)
	_, err := s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: token})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// S-120: switching two-step verification off ends what an enforcing client holds.
func TestDisableEndsSellersRefreshTokens(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	st := story{t, s, browser()}
	issue := st.redeem(st.sms(st.password(st.authorize("seller"), "kenji@example.jp"), mobile, false), "seller")
	s.Clock.Advance(time.Minute)
	fatal(t, s.Provider.SendTwoStepCode(t.Context(), st.b, mfa.ForDisable, "", ""))
	fatal(t, s.Provider.Disable(t.Context(), st.b, s.Code(t, mobile), false))
	_, err := s.Provider.Refresh(t.Context(), st.b, client(t, s, "seller"), idp.Renewal{Token: issue.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// O-53: sign-out ends refresh tokens without offline access, and keeps those with it.
func TestSignOutEndsGrantsOfTheSession(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	online := st.buy()
	r := request("buyer")
	r.Scopes = []string{"openid", "offline_access"}
	offline := st.redeem(st.ask(r), "buyer")
	fatal(t, s.Provider.SignOut(t.Context(), st.b, false))
	_, err := s.Provider.Refresh(t.Context(), st.b, client(t, s, "buyer"), idp.Renewal{Token: online.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	_, err = s.Provider.Refresh(t.Context(), st.b, client(t, s, "buyer"), idp.Renewal{Token: offline.RefreshToken})
	fatal(t, err)
}

// T-48, T-49, T-50: types are not confused, foreign keys count nothing, and a
// rotation keeps what was signed before.
func TestTokensOfAnotherTypeOrKeyAreRefused(t *testing.T) {
	t.Parallel()
	s, other := serve(t), serve(t)
	k := s.Provider.Keys()
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		token, err := k.Sign(alg, "at+jwt", map[string]string{"sub": "x"})
		fatal(t, err)
		payload, err := k.Verify(token, "at+jwt")
		fatal(t, err)
		var claims map[string]string
		fatal(t, json.Unmarshal(payload, &claims))
		if claims["sub"] != "x" {
			t.Errorf("%s: payload %s", alg, payload)
		}
		for name, typ := range map[string]string{"id token": "JWT", "logout token": "logout+jwt", "none": ""} {
			if _, err := k.Verify(token, typ); !errors.Is(err, idp.ErrBadToken) {
				t.Errorf("%s access token passes as %s", alg, name)
			}
		}
		if _, err := other.Provider.Keys().Verify(token, "at+jwt"); !errors.Is(err, idp.ErrBadToken) {
			t.Errorf("%s token of another issuer passes", alg)
		}
		parts := strings.Split(token, ".")
		forged := "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + parts[1] + "."
		if _, err := k.Verify(forged, "at+jwt"); !errors.Is(err, idp.ErrBadToken) {
			t.Errorf("alg none passes")
		}
		fatal(t, s.Provider.RotateKeys(t.Context(), idptest.Operator()))
		if _, err := k.Verify(token, "at+jwt"); err != nil {
			t.Errorf("%s token from before the rotation: %v", alg, err)
		}
	}
}

// C-53: keys are published before they sign.
func TestKeysArePublishedAheadOfUse(t *testing.T) {
	t.Parallel()
	s := serve(t)
	published := map[string]bool{}
	for _, key := range s.Provider.Keys().JWKS().Keys {
		published[key.KeyID] = true
	}
	if len(published) != 8 {
		t.Errorf("%d keys published, want one in use and one ahead of four algorithms", len(published))
	}
	fatal(t, s.Provider.RotateKeys(t.Context(), idptest.Operator()))
	list, err := s.Provider.KeyList(t.Context())
	fatal(t, err)
	for _, key := range list {
		if key.Signs && !published[key.ID] {
			t.Errorf("%s key %s signs without having been published ahead", key.Alg, key.ID)
		}
	}
}
