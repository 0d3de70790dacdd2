package resource_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients/resource"
)

func TestMadeUpKeyIDsCannotMakeItCallTheProvider(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	for i := range 20 {
		raw := sign(t, stranger(t, fmt.Sprint("made up ", i)), atJWT(), iss.claims())
		if _, err := v.Verify(t.Context(), raw); !errors.Is(err, resource.ErrToken) {
			t.Fatalf("Verify with a made-up key = %v, want ErrToken", err)
		}
	}
	if n := iss.fetches.Load(); n != 1 {
		t.Errorf("keys were fetched %d times, want once in 30 s", n)
	}
}

func TestRotatedKeyIsFound(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	if _, err := v.Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); err != nil {
		t.Fatal(err)
	}
	next := stranger(t, "next")
	iss.publish(iss.ec, next)
	iss.advance(31 * time.Second)
	if _, err := v.Verify(t.Context(), sign(t, next, atJWT(), iss.claims())); err != nil {
		t.Errorf("token of the new key: %v", err)
	}
}

func TestRetiredKeyIsForgotten(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	if _, err := v.Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); err != nil {
		t.Fatal(err)
	}
	iss.publish(iss.rs)
	iss.advance(time.Hour)
	if _, err := v.Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); !errors.Is(err, resource.ErrToken) {
		t.Errorf("token of a key that is no longer published: %v, want ErrToken", err)
	}
}

func TestOutageOfTheProviderIsBridgedForADay(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	if _, err := v.Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); err != nil {
		t.Fatal(err)
	}
	iss.down.Store(true)
	iss.advance(23 * time.Hour)
	if _, err := v.Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); err != nil {
		t.Errorf("after 23 hours: %v", err)
	}
	iss.advance(time.Hour)
	if _, err := v.Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); !errors.Is(err, resource.ErrKeys) {
		t.Errorf("after a day: %v, want ErrKeys", err)
	}
}

func TestHangingUpCannotSpoilTheFetch(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(gone, sign(t, iss.ec, atJWT(), iss.claims())); err != nil {
		t.Errorf("Verify for a caller that hung up: %v", err)
	}
}

//
func TestDiscoveryOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	iss.named = "https://id.example.com"
	if _, err := iss.verifier(t).Verify(t.Context(), sign(t, iss.ec, atJWT(), iss.claims())); !errors.Is(err, resource.ErrKeys) {
		t.Errorf("Verify = %v, want ErrKeys", err)
	}
}
