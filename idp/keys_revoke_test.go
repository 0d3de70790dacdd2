package idp_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
)

// keysOf are the published keys of an algorithm: the one that signs, and the others.
func keysOf(t *testing.T, s *idptest.Server, alg string) (signs idp.KeyInfo, others []idp.KeyInfo) {
	t.Helper()
	list, err := s.Provider.KeyList(t.Context())
	fatal(t, err)
	for _, k := range list {
		switch {
		case k.Alg != alg:
		case k.Signs:
			signs = k
		default:
			others = append(others, k)
		}
	}
	return signs, others
}

func published(s *idptest.Server, id string) bool {
	set := s.Provider.Keys().JWKS()
	return len(set.Key(id)) > 0
}

func signed(t *testing.T, s *idptest.Server, alg string) string {
	t.Helper()
	token, err := s.Provider.Keys().Sign(alg, "at+jwt", map[string]string{"iss": s.URL})
	fatal(t, err)
	return token
}

func accepts(s *idptest.Server, token string) bool {
	_, err := s.Provider.Keys().Verify(token, "at+jwt")
	return err == nil
}

// T-50: a key that somebody else may have is gone at once, with all it signed;
// the key published ahead, which relying parties know, signs in its place.
func TestRevokedKeyIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	old, others := keysOf(t, s, "ES256")
	token, other := signed(t, s, "ES256"), signed(t, s, "RS256")
	version := s.Provider.Keys().Version()
	actor := idptest.Operator()
	actor.Reason = "a backup was stolen"
	fatal(t, s.Provider.RevokeKeys(t.Context(), actor, old.ID))
	if published(s, old.ID) || accepts(s, token) {
		t.Error("the key is published still, or its token accepted")
	}
	if !accepts(s, other) {
		t.Error("a token of another algorithm is refused")
	}
	if s.Provider.Keys().Version() == version {
		t.Error("the version is the same: what was verified before is believed still")
	}
	now, ahead := keysOf(t, s, "ES256")
	if now.ID != others[0].ID || len(ahead) != 1 || ahead[0].ID == others[0].ID {
		t.Errorf("signs %s, want the one published ahead, %s; beside it %v, want a new one", now.ID, others[0].ID, ahead)
	}
	if !accepts(s, signed(t, s, "ES256")) {
		t.Error("the new key's token is refused")
	}
	var events []store.Event
	fatal(t, s.Store.View(t.Context(), func(tx *store.Tx) error {
		var err error
		events, err = tx.Events(store.EventFilter{Name: "key.revoked"})
		return err
	}))
	if len(events) != 1 || events[0].Details["key"] != old.ID || events[0].Details["reason"] != actor.Reason || events[0].Actor.Kind != "operator" {
		t.Errorf("audit: %+v", events)
	}
	if err := s.Provider.RevokeKeys(t.Context(), actor, old.ID); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("again: %v, want ErrNotFound", err)
	}
}

// One unknown id, and none is revoked.
func TestRevokingAnUnknownKeyRevokesNone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	old, _ := keysOf(t, s, "ES256")
	if err := s.Provider.RevokeKeys(t.Context(), idptest.Operator(), old.ID, "nonsense"); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if now, _ := keysOf(t, s, "ES256"); now.ID != old.ID {
		t.Error("the key that exists was revoked")
	}
}

// A node that did not revoke the key itself refuses it with its next look.
func TestKeyRevocationReachesEveryNode(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	one, two := idptest.New(t, idptest.DSN(dsn)), idptest.New(t, idptest.DSN(dsn))
	token := signed(t, one, "ES256")
	if !accepts(two, token) {
		t.Fatal("the nodes share no keys")
	}
	fatal(t, one.Provider.RevokeKeys(t.Context(), idptest.Operator()))
	fatal(t, two.Provider.Keys().Reload(t.Context()))
	if accepts(two, token) {
		t.Error("the other node accepts the token still")
	}
	if !accepts(two, signed(t, one, "ES256")) {
		t.Error("the other node does not know the new key")
	}
}

// Whatever is rotated and revoked, in whatever order: one key signs, the next is
// published ahead, and what was revoked never comes back.
func TestKeysSurviveEveryOrderOfRotationAndRevocation(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.DSN(database(t)), idptest.Vault(&hsm{}))
	gone := map[string]bool{}
	for step := range 30 {
		list, err := s.Provider.KeyList(t.Context())
		fatal(t, err)
		switch rand.IntN(4) {
		case 0:
			fatal(t, s.Provider.RotateKeys(t.Context(), idptest.Operator()))
		case 1:
			s.Clock.Advance(time.Duration(rand.IntN(100)) * 24 * time.Hour)
			fatal(t, s.Provider.TurnKeys(t.Context()))
		case 2:
			k := list[rand.IntN(len(list))]
			gone[k.ID] = true
			fatal(t, s.Provider.RevokeKeys(t.Context(), idptest.Operator(), k.ID))
		case 3:
			for _, k := range list {
				gone[k.ID] = true
			}
			fatal(t, s.Provider.RevokeKeys(t.Context(), idptest.Operator()))
		}
		for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
			signs, others := keysOf(t, s, alg)
			if signs.ID == "" || !signs.RetireAt.IsZero() {
				t.Fatalf("step %d: %s is signed by %+v", step, alg, signs)
			}
			if !slices.ContainsFunc(others, func(k idp.KeyInfo) bool { return k.ActiveAt.After(s.Clock.Now()) }) {
				t.Fatalf("step %d: no key of %s is published ahead: %+v %+v", step, alg, signs, others)
			}
			for _, k := range append(others, signs) {
				if gone[k.ID] {
					t.Fatalf("step %d: %s is back", step, k.ID)
				}
			}
		}
	}
}
