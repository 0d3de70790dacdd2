package protocol_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/web"
)

// from is the address that a request comes from, as a proxy tells it.
func from(ip string) []string { return []string{"X-Forwarded-For", ip} }

// behindProxy lets tests come from any address.
func behindProxy() idptest.Option {
	return idptest.Web(func(c *web.Config) { c.TrustedProxies = thisMachine })
}

// Guesses of a client's credential are slowed down, at all endpoints together and
// however they are made; the client itself elsewhere, and others, are not.
func TestGuessingAClientsSecretIsSlowedDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, behindProxy(), idptest.Limits(func(l *idp.Limits) { l.Tokens.ClientFailures = 6 }),
		idptest.Clients(keyed("key", func(*clients.Client) {})))
	m := w.machine(t)
	const attacker = "203.0.113.7"
	guess := func(path, client, ip string) reply {
		return m.post(path, form("token", "x", "grant_type", "client_credentials"), append(from(ip), "Authorization", basicOf(client, "guess"))...)
	}
	for range 2 {
		for _, path := range []string{protocol.PathToken, protocol.PathStatus, protocol.PathRevoke} {
			wantError(t, guess(path, "machine", attacker), 401, "invalid_client")
		}
	}
	for _, path := range []string{protocol.PathToken, protocol.PathStatus, protocol.PathRevoke, protocol.PathPush} {
		r := guess(path, "machine", attacker)
		wantError(t, r, http.StatusTooManyRequests, "temporarily_unavailable")
		if got := r.header.Get("Retry-After"); got != "60" {
			t.Errorf("%s: Retry-After %q, want 60", path, got)
		}
	}
	right := func(client, ip string) reply {
		return m.post(protocol.PathStatus, form("token", "x"), append(from(ip), "Authorization", basic(client))...)
	}
	// A right guess among many does not tell itself apart.
	wantError(t, right("machine", attacker), http.StatusTooManyRequests, "temporarily_unavailable")
	wantInactive(t, "the client elsewhere", right("machine", "198.51.100.1"))
	wantInactive(t, "another client there", right("web", attacker))
	// An assertion and a form name the client as well as a header does.
	for range 6 {
		wantError(t, m.post(protocol.PathToken, form("client_id", "post", "client_secret", "guess"), from(attacker)...), 401, "invalid_client")
		claims := w.assertionOf("key")
		claims["aud"] = "https://elsewhere.example"
		wantError(t, m.post(protocol.PathToken, form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
			"client_assertion", partySigners()["ES256"].sign(t, claims, nil)), from(attacker)...), 401, "invalid_client")
	}
	wantError(t, m.post(protocol.PathToken, form("client_id", "post", "client_secret", secret), from(attacker)...), 429, "temporarily_unavailable")
	wantError(t, m.post(protocol.PathToken, form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"client_assertion", partySigners()["ES256"].sign(t, w.assertionOf("key"), nil)), from(attacker)...), 429, "temporarily_unavailable")

	w.Clock.Advance(time.Minute)
	wantInactive(t, "a minute later", right("machine", attacker))
	if strings.Contains(w.Log.String(), "guess") {
		t.Error("what was sent is in the log")
	}
}

// One address has one budget for all, names that no client has among them; and
// what is slowed down does not tell which names some client has.
func TestTryingManyClientsIsSlowedDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, behindProxy(), idptest.Limits(func(l *idp.Limits) { l.Tokens.ClientFailures = 4 }))
	m := w.machine(t)
	try := func(client, ip string) reply {
		return m.post(protocol.PathToken, form(), append(from(ip), "Authorization", basicOf(client, "guess"))...)
	}
	for _, client := range []string{"web", "nobody"} {
		for range 4 {
			wantError(t, try(client, "2001:db8::1"), 401, "invalid_client")
		}
		wantError(t, try(client, "2001:db8::2"), 429, "temporarily_unavailable") // the same /64
	}
	for i := range 12 {
		wantError(t, try(fmt.Sprint("nobody", i), "2001:db8::1"), 401, "invalid_client")
	}
	for _, client := range []string{"machine", "somebody", strings.Repeat("x", 5000)} {
		wantError(t, try(client, "2001:db8::1"), 429, "temporarily_unavailable")
	}
	wantError(t, try("machine", "2001:db8:0:1::1"), 401, "invalid_client")
}

// What is remembered of strangers is bounded.
func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	now := idptest.Start
	size, waits := protocol.Fail(20000, func() time.Time { return now })
	if size > 8192 || !waits {
		t.Errorf("%d are remembered, want 8192 at most; the last one must wait: %v", size, waits)
	}
}
