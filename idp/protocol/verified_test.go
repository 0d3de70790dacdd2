package protocol_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// That revocation takes effect at once is in TestRevocation.
func TestTokenSeenBeforeStillDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens(t, "web").str("access_token")
	for range 2 {
		if r := w.userInfo(t, token); r.status != http.StatusOK {
			t.Fatalf("alive: got %d %s", r.status, r.body)
		}
	}
	wantError(t, w.userInfo(t, token+"A"), 401, "invalid_token")
	wantError(t, w.userInfo(t, token[:len(token)-4]), 401, "invalid_token")
	if err := w.Provider.RotateKeys(t.Context(), idp.Actor{Kind: "operator", ID: "test"}); err != nil {
		t.Fatal(err)
	}
	if r := w.userInfo(t, token); r.status != http.StatusOK {
		t.Errorf("after a rotation: got %d %s, want 200", r.status, r.body)
	}
	w.Clock.Advance(5 * time.Minute)
	wantError(t, w.userInfo(t, token), 401, "invalid_token")
}

func TestRememberedTokensAreBounded(t *testing.T) {
	t.Parallel()
	first, last, size := protocol.Remember(20_000)
	if first || !last || size > 10_000 {
		t.Errorf("after 20,000 tokens: the first known %t, the last known %t, %d kept; want false, true and 10,000 at most", first, last, size)
	}
}
